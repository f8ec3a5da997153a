"""Specifications: what a measurement must be, held against the runs of a sweep, corner by corner."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.analysis.counts import Count
from rramcirc.basics.arguments import check_kind
from rramcirc.basics.errors import ParameterError, unknown_name
from rramcirc.sweeps.targets import OK

if TYPE_CHECKING:
    import pandas as pd

    from rramcirc.sweeps.result import SweepResult

COLUMNS = ("corner", "measurement", "limit", "runs", "lowest", "median", "highest", "unit", "within", "pass")


@dataclass(frozen=True)
class Spec:
    """Bounds of a measurement.

    Attributes
    ----------
    measure
        The measurement, as text.
    low, high
        What it must at least and at most be [unit of the measurement]; None is no bound.

    Examples
    --------
    >>> Spec("final(gap)", high=0.3).limit
    '<= 0.3'
    """

    measure: str
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        """Refuse what holds nothing to anything."""
        if not isinstance(self.measure, str) or not self.measure:
            raise ParameterError("spec: measure is missing, for example 'final(gap)'.")
        if self.low is None and self.high is None:
            raise ParameterError(f"spec of {self.measure}: give min, max or both.")
        if self.low is not None and self.high is not None and not self.low <= self.high:
            raise ParameterError(f"spec of {self.measure}: min {self.low:g} is above max {self.high:g}.")

    @property
    def limit(self) -> str:
        """The bounds in words."""
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        return f">= {self.low:g}" if self.low is not None else f"<= {self.high:g}"

    def holds(self, value: float) -> bool:
        """Return whether a value lies within the bounds; NaN does not."""
        above = -math.inf if self.low is None else self.low
        below = math.inf if self.high is None else self.high
        return above <= value <= below


def spec_table(result: SweepResult, specs: tuple[Spec, ...] | list[Spec]) -> pd.DataFrame:
    """Hold the runs of a sweep against specifications.

    Parameters
    ----------
    result
        A sweep, finished or not.
    specs
        What each run must fulfil.

    Returns
    -------
    DataFrame
        A row a corner and specification: runs, lowest, median and highest value with unit, how many runs are within
        the limit (with the interval of Clopper and Pearson if there are several), and whether all are. A run that is
        not ok is not within.

    Raises
    ------
    ParameterError
        If a measurement is none of the sweep's.
    """
    import pandas as pd

    from rramcirc.sweeps.result import SweepResult

    check_kind(result, SweepResult, "spec_table", "the result of a sweep")
    check_kind(specs, tuple | list, "spec_table", "a list of specifications")
    for spec in specs:
        check_kind(spec, Spec, "spec_table", "a list of specifications")
    table = result.table
    corners = table["corner"] if "corner" in table else pd.Series("", index=table.index)
    rows = []
    for corner in dict.fromkeys(corners):
        here = table[corners == corner]
        for spec in specs:
            if spec.measure not in {*result.measured, *result.about["target"].get("measure", ())}:
                raise ParameterError(f"spec: {unknown_name('measurement', spec.measure, result.measured)}")
            rows.append(
                (
                    corner,
                    *_row(spec, here),
                )
            )
    found = pd.DataFrame(rows, columns=list(COLUMNS))
    return found if "corner" in table else found.drop(columns="corner")


def _row(spec: Spec, runs: pd.DataFrame) -> tuple[object, ...]:
    seen = runs.get(spec.measure, np.nan)  # nothing, if no run has ended well
    values = np.where(runs["status"] == OK, seen, np.nan).astype(float)
    count = Count(sum(spec.holds(value) for value in values), len(values))
    finite = values[np.isfinite(values)]
    lowest, median, highest = (finite.min(), np.median(finite), finite.max()) if finite.size else (np.nan,) * 3
    within = str(count) if count.trials > 1 else f"{count.hits} of 1"
    unit = runs.attrs.get("units", {}).get(spec.measure, "")
    return (
        spec.measure, spec.limit, len(values), lowest, median, highest, unit, within, count.hits == count.trials,
    )  # fmt: skip
