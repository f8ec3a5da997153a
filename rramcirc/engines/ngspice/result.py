"""What a run of ngspice must leave behind, and whether it did."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rramcirc.basics.arrays import AnyArray, FloatArray
from rramcirc.basics.errors import WaveformError
from rramcirc.bench.analyses import ANALYSES
from rramcirc.engines.ngspice.log import LogReport
from rramcirc.waveforms.raw import RawPlot, normalise_vector, read_raw

RAW_FILE = "waves.raw"
LARGEST_VALUE = 1e12  # [V] or [A]; nothing in our circuits, and little in others, comes near it
NONSENSE = 1e30  # beyond any quantity that a node of somebody else's netlist may stand for
FULL_DISK = 1 << 20  # [bytes] left on a disk that counts as full
SAME_TEMPERATURE = 2e-6  # [K]; ngspice prints six decimals
# what the plots of raw files are called, in small letters, by analysis; then those of foreign netlists
_PLOTS = {record.kind: record.plot_name.lower() for record in ANALYSES} | {
    "disto": "distortion",
    "pz": "pole-zero",
    "sens": "sensitivity",
    "tf": "transfer function",
    "sp": "sp analysis",
}


@dataclass(frozen=True)
class Expected:
    """What must come out of a run.

    Attributes
    ----------
    vectors
        Vectors that must be in the raw file, in one of its plots.
    stop
        Time that every transient must reach [s]; None if it is not known.
    analyses
        Kinds of analysis (``op``, ``tran``...) that must have left points.
    celsius
        Temperature at which every analysis must have run [C]; None if the netlist decides.
    files
        Names of raw files that the netlist writes itself; the last one serves if there is no waves.raw.
    own_stepping
        The netlist itself asks for the pseudo-transient search of the operating point.
    ours
        The netlist is one of rramcirc, whose voltages and currents are those of a circuit.
    foreign
        The netlist is somebody else's: what ngspice leaves out of a model is his affair, and told.
    backward
        Names of sources whose waveform goes back in time.
    measurements
        Results of ``.meas`` that must be in the log: name, and whether it must be there.
    allow_failed
        A measurement that failed is a remark.
    remarks
        What the user should know about the netlist itself.
    """

    vectors: tuple[str, ...] = ()
    stop: float | None = None
    analyses: tuple[str, ...] = ()
    celsius: float | None = None
    files: tuple[str, ...] = ()
    own_stepping: bool = False
    ours: bool = False
    foreign: bool = False
    backward: tuple[str, ...] = ()
    measurements: Mapping[str, bool] = field(default_factory=dict)
    allow_failed: bool = False
    remarks: tuple[str, ...] = ()


def read_result(folder: Path, expected: Expected) -> tuple[list[RawPlot], list[str], list[str]]:
    """Read the raw file of a run.

    Returns
    -------
    (plots, problems, remarks)
        What is there, why it cannot be trusted, and what the user should know.
    """
    raw = folder / RAW_FILE
    _take_other_file(raw, expected.files)
    if not raw.exists():
        names = ", ".join(expected.vectors[:5])
        saved = f", or one of the saved vectors does not exist ({names})" if names and not expected.ours else ""
        return [], [f"no raw file was written: no analysis left points{saved}"], []
    try:
        plots = read_raw(raw)
    except WaveformError as error:
        points = "the raw file holds no points" if "without values" in str(error) else str(error).rstrip(".")
        return [], [points], []
    if all(plot.n_points == 0 for plot in plots):
        return plots, ["the raw file holds no points"], []
    problems = [f"{plot.plotname}: {plot.problem}" for plot in plots if not plot.complete]
    problems += _too_short(plots, expected)
    missing = [name for name in expected.vectors if not any(_holds(plot, name) for plot in plots)]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        problems.append(f"the raw file lacks {', '.join(missing[:5])}{more}")
    remarks: list[str] = []
    for plot in plots:
        _judge_values(plot, expected.ours, problems, remarks)
    return plots, problems, remarks


def judge_temperature(report: LogReport, expected: Expected) -> list[str]:
    """Return a sentence if an analysis did not run at the temperature that was asked for."""
    wanted = expected.celsius
    if wanted is None:
        return []
    wrong = [t for t in report.celsius if abs(t - wanted) > SAME_TEMPERATURE]
    return [f"an analysis ran at {wrong[0] + 273.15:g} K instead of {wanted + 273.15:g} K"] if wrong else []


def disk_is_full(folder: Path) -> bool:
    """Return whether there is no room left where a run is kept."""
    return shutil.disk_usage(folder).free < FULL_DISK


def _take_other_file(raw: Path, files: Sequence[str]) -> None:
    """Give the last raw file that the netlist wrote the name waves.raw, too."""
    written = [raw.parent / name for name in files if Path(name).name == name and (raw.parent / name).is_file()]
    if raw.exists() or not written:
        return
    newest = max(written, key=lambda file: file.stat().st_mtime_ns)
    try:
        os.link(newest, raw)
    except OSError:
        shutil.copyfile(newest, raw)


def _too_short(plots: Sequence[RawPlot], expected: Expected) -> list[str]:
    problems = []
    for kind in expected.analyses:
        name = _PLOTS.get(kind)
        if name and not any(plot.plotname.lower().startswith(name) and plot.n_points for plot in plots):
            problems.append(f"there is no result of the analysis .{kind}")
    for plot in plots:
        if expected.stop is not None and plot.plotname.lower().startswith(_PLOTS["tran"]) and plot.n_points:
            end = float(plot.data[-1, 0].real)
            if end < expected.stop * (1 - 1e-9):
                problems.append(f"the simulation ended at {end:.6g} s of {expected.stop:.6g} s")
    return problems


def _holds(plot: RawPlot, name: str) -> bool:
    return plot.find(name) is not None or plot.find(f"i({normalise_vector(name)})") is not None


def _judge_values(plot: RawPlot, ours: bool, problems: list[str], remarks: list[str]) -> None:
    """Add a sentence for each vector that is not finite, and for each voltage or current beyond all circuits."""
    if not plot.n_points:
        return
    real = plot.plotname.lower().startswith((_PLOTS["op"], _PLOTS["dc"], _PLOTS["tran"]))
    largest = _largest(plot.data)
    for k in np.flatnonzero(~(largest <= LARGEST_VALUE)):
        name, value = plot.names[k], largest[k]
        if not np.isfinite(value):
            problems.append(f"{name} has values that are not finite")
        elif real and plot.kinds[k] in ("voltage", "current") and "@" not in name:
            worse = problems if ours or value > NONSENSE else remarks
            worse.append(f"{name} reaches {value:.3g}, which no circuit does")


def _largest(data: AnyArray) -> FloatArray:
    """Return the largest absolute value of every column, nan or inf if it is not finite; read block by block."""
    rows = max(1, (1 << 19) // max(1, data.shape[1]))
    blocks: list[FloatArray] = [np.abs(data[k : k + rows]).max(axis=0) for k in range(0, len(data), rows)]
    largest: FloatArray = blocks[0] if len(blocks) == 1 else np.max(blocks, axis=0)
    return largest
