"""What a run of the array engine returns, and the points that come in meanwhile."""

from __future__ import annotations

import tempfile
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.errors import cannot_write
from rramcirc.circuits.elements import Probe
from rramcirc.engines.ending import Ending

Array = NDArray[np.float64]
MOST_HELD = 1 << 26  # [bytes] of points that are held in memory


@dataclass(frozen=True)
class EngineRun:
    """Outcome of one run.

    Attributes
    ----------
    probes
        What was recorded.
    table : (n_points, 1 + n_probes) array
        `axis` and `values`; of a long run mapped from a file without a name.
    steps, residual
        Newton steps of all points; largest error of Kirchhoff's current law, relative to the largest current.
    wall_seconds, cpu_seconds
        Time of the run [s].
    remarks
        What the user should know about it, in words.
    problems
        Why the run must not be trusted, though it came to its end.
    ending
        How it ended; the points are what was computed until then.
    """

    probes: tuple[Probe, ...]
    table: Array
    steps: int
    residual: float
    wall_seconds: float
    cpu_seconds: float
    remarks: tuple[str, ...] = ()
    ending: Ending = field(default_factory=Ending)
    problems: tuple[str, ...] = ()

    @property
    def axis(self) -> Array:
        """Voltage of the swept line [V], or time [s]; one 0 for an operating point: (n_points,) array."""
        return self.table[:, 0]

    @property
    def values(self) -> Array:
        """What the probes recorded, in their units: (n_points, n_probes) array."""
        return self.table[:, 1:]


class Points:
    """Points of a run as they come; what `MOST_HELD` does not hold goes to a file, so that memory stays what it is.

    Parameters
    ----------
    probes
        Number of values at every point.
    folder
        Where the file is, which has no name; the system's folder for temporary files if it is None.
    """

    def __init__(self, probes: int, folder: Path | None = None) -> None:
        self._width, self._folder = 1 + probes, folder
        self._rows: list[Array] = []
        self._file: IO[bytes] | None = None
        self._written = 0

    def __len__(self) -> int:
        return self._written + len(self._rows)

    def add(self, place: float, values: Array) -> None:
        """Add a point at a `place` of the axis."""
        if 8 * self._width * len(self._rows) > MOST_HELD:
            self._write()
        self._rows.append(np.concatenate([[place], values]))

    def take_back(self) -> None:
        """Forget the last point; once after each that was added."""
        del self._rows[-1]

    def _write(self) -> None:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 # gone when nobody maps it any more
                weakref.finalize(self, self._file.close)
            self._file.seek(8 * self._width * self._written)
            self._file.write(np.array(self._rows).data)
            self._file.flush()
        except OSError as error:
            raise cannot_write(self._folder or Path(tempfile.gettempdir()), error) from error
        self._written, self._rows = self._written + len(self._rows), []  # at once: a run can be interrupted anywhere

    def table(self) -> Array:
        """Return all points, (n, 1 + probes)."""
        if self._file is None:
            return np.array(self._rows).reshape(len(self._rows), self._width)
        if self._rows:
            self._write()
        table: Array = np.memmap(self._file, np.float64, "r", shape=(self._written, self._width))
        return table
