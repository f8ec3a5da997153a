"""How a synapse of a spiking network switches with the number of overlaps of gate and top-electrode pulse.

A synapse of such a network sees pulses of one polarity only, so its rule is a curve: part of the conductance range
covered against number of full overlaps. A cell that switches faster runs along the same curve faster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, shown
from rramcirc.basics.fields import Kept, number, other, record
from rramcirc.basics.units import whole_number
from rramcirc.bench.stimuli import number_list

if TYPE_CHECKING:
    from rramcirc.devices.pulses.table import PulseTable

TABLE_POINTS = 2049
DONE = 1e-9  # what is left of the range where a soft-bounded curve counts as complete


@record
class SoftBounded:
    """The abstract rule: each full overlap covers the same part of what is left of the range, 1 - exp(-step)."""

    step: float = number("exponent per full overlap", above=0.0)

    def progress(self, overlaps: ArrayLike) -> FloatArray:
        """Return the part of the conductance range that is covered after some overlaps, 0 to 1."""
        return -np.expm1(-self.step * np.asarray(overlaps, np.float64))

    def reach(self) -> tuple[float, float]:
        """Return the number of overlaps that completes the curve, and the scale on which it begins."""
        return float(-np.log(DONE) / self.step), 0.2 * self.step


@record
class PulseCurve:
    """The rule of a measured or simulated cell: part of the conductance range covered against number of full pulses.

    Between the points it is a straight line, beyond the last it stays.
    """

    overlaps: Kept[FloatArray, ArrayLike] = other("number of full overlaps, rising from 0", "1")
    covered: Kept[FloatArray, ArrayLike] = other("part of the range, from 0, not falling, to 1", "1")

    def _check(self) -> None:
        number_list("PulseCurve.overlaps", self.overlaps)
        number_list("PulseCurve.covered", self.covered)
        overlaps, covered = (np.asarray(values, np.float64) for values in (self.overlaps, self.covered))
        if overlaps.shape != covered.shape or overlaps.size < 2:
            raise ParameterError(
                f"PulseCurve: {overlaps.shape} overlaps and {covered.shape} values; give equally many."
            )
        if overlaps[0] != 0 or not np.all(np.diff(overlaps) > 0) or not np.isfinite(overlaps).all():
            raise ParameterError("PulseCurve.overlaps: must rise from 0.")
        if covered[0] != 0 or abs(covered[-1] - 1) > 1e-9 or not np.all(np.diff(covered) >= 0):
            raise ParameterError("PulseCurve.covered: must go from 0 to 1 without falling; scale it by its last value.")
        object.__setattr__(self, "overlaps", overlaps)
        object.__setattr__(self, "covered", covered)

    @classmethod
    def of_update(cls, before: ArrayLike, after: ArrayLike, most: int = 100_000) -> PulseCurve:
        """Return the curve of an update rule: `after` one full overlap, for a grid of states `before` from 0 to 1.

        The rule is applied to its own result, from 0 until it stands still (below 1e-6 of the range in 1 overlap).
        """
        before, after = np.asarray(before, np.float64), np.asarray(after, np.float64)
        if before.ndim != 1 or before.shape != after.shape or not np.all(np.diff(before) > 0):
            raise ParameterError("PulseCurve.of_update: before must rise and have as many values as after.")
        states = [0.0]
        while len(states) <= most:
            state = float(np.interp(states[-1], before, after))
            if state - states[-1] < 1e-6:
                break
            states.append(state)
        if len(states) < 2:
            raise ParameterError("PulseCurve.of_update: the first overlap does not move the state.")
        return cls(np.arange(len(states), dtype=np.float64), np.array(states) / states[-1])

    def progress(self, overlaps: ArrayLike) -> FloatArray:
        """Return the part of the conductance range that is covered after some overlaps, 0 to 1."""
        covered: FloatArray = np.interp(np.asarray(overlaps, np.float64), self.overlaps, self.covered)
        return covered

    def reach(self) -> tuple[float, float]:
        """Return the number of overlaps that completes the curve, and the scale on which it begins."""
        return float(self.overlaps[-1]), float(1.0 / self.overlaps[1])


LearningRule = SoftBounded | PulseCurve


def rule_table(rule: LearningRule) -> tuple[FloatArray, FloatArray]:
    """Return a learning rule for the kernels: values at equal steps of log(1 + overlaps scale[0]), and scales."""
    if not isinstance(rule, LearningRule):
        raise ParameterError(f"learning rule: {shown(rule)} is neither SoftBounded nor PulseCurve.")
    last, scale = rule.reach()
    top = np.log1p(last * scale)
    overlaps = np.expm1(np.linspace(0.0, top, TABLE_POINTS)) / scale
    return np.ascontiguousarray(rule.progress(overlaps)), np.array([scale, (TABLE_POINTS - 1) / top])


def curve_of_table(
    table: PulseTable,
    amplitude: float,
    width: float,
    gate: float,
    *,
    start: float | None = None,
    pulses: int = 150,
    deviate: float = 0.0,
) -> tuple[PulseCurve, FloatArray]:
    """Return the curve of a cell under equal pulses, looked up in its pulse table.

    Parameters
    ----------
    table
        Of the cell, see `rramcirc characterise`.
    amplitude, width, gate
        Of the pulses: TE against SL [V], overlap [s], gate against bulk [V].
    start
        State before the first pulse; default 0 for SET and 1 for RESET pulses.
    pulses
        Length of the curve, after which the range counts as covered.
    deviate
        How many standard deviations faster than the median the cell is.

    Returns
    -------
    curve : PulseCurve
    conductance : (pulses + 1,) array
        Of the nominal cell, before and after each pulse [S].
    """
    whole_number(pulses, "curve_of_table: pulses", 1)
    state = [(0.0 if amplitude > 0 else 1.0) if start is None else float(start)]
    for _ in range(pulses):
        state.append(
            float(table.apply(state[-1], amplitude, width, gate, device=deviate / np.sqrt(table.device_share)))
        )
    conductance = table.conductance(np.array(state))
    if conductance[-1] == conductance[0]:
        raise ParameterError(f"curve_of_table: {pulses} pulses of {amplitude:g} V do not move the state.")
    covered = (conductance - conductance[0]) / (conductance[-1] - conductance[0])
    return PulseCurve(
        np.arange(pulses + 1, dtype=np.float64), np.maximum.accumulate(np.clip(covered, 0.0, 1.0))
    ), conductance
