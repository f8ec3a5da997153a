"""What a run of the behavioural engine returns."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rramcirc.circuits.elements import Probe
from rramcirc.engines.ending import Ending

Array = NDArray[np.float64]


@dataclass(frozen=True)
class EngineRun:
    """Outcome of one run.

    Attributes
    ----------
    probes
        What was recorded.
    values : (n_points, n_probes) array
        Their values, in their units.
    axis : (n_points,) array
        Voltage of the swept line [V], or time [s]; one 0 for an operating point.
    steps, residual
        Newton steps of all points; largest error of Kirchhoff's current law, relative to the largest current.
    wall_seconds, cpu_seconds
        Time of the run [s].
    remarks
        What the user should know about it, in words.
    problems
        Why the run must not be trusted, though it came to its end.
    ending
        How it ended; `values` are what was computed until then.
    """

    probes: tuple[Probe, ...]
    values: Array
    axis: Array
    steps: int
    residual: float
    wall_seconds: float
    cpu_seconds: float
    remarks: tuple[str, ...] = ()
    ending: Ending = field(default_factory=Ending)
    problems: tuple[str, ...] = ()
