"""Backward differentiation with variable steps and order: weights, step control, and the points it remembers.

The derivative at the new point is that of the polynomial through it and the last k points (order k), written with the
true times, so that no step has to be repeated when the step size changes. The error of a step is taken from the
difference to the polynomial that predicted it (Milne's device), as in SPICE and IDA.

Behind a corner of what drives them, lines with wires settle as heat spreads: over many decades of time, and smooth in
its logarithm. So there is a second kind of polynomial, in the logarithm of the time since the corner (`Formula.bent`),
which follows that with half the steps; whichever goes farther is taken, at every step.

References
----------
K. Brenan, S. Campbell, L. Petzold, Numerical Solution of Initial-Value Problems in Differential-Algebraic Equations,
SIAM 1996, chapter 5. C. W. Gear, Numerical Initial Value Problems in Ordinary Differential Equations, 1971.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rramcirc.engines.array.history_kernels import POINTS, combine, derivative_weights, largest_errors, value_weights
from rramcirc.engines.array.team import Team

Array = NDArray[np.float64]
HIGHEST_ORDER = POINTS - 1
GROWTH, FIRST_GROWTH, SHRINKAGE = 2.0, 5.0, 0.1  # limits of the step size relative to the last one


class Formula(NamedTuple):
    """A polynomial: its order, and whether it is one in the logarithm of the time since the last corner."""

    order: int
    bent: bool


@dataclass
class History:
    """The last points of a run: times, voltages and charges of all cells.

    Attributes
    ----------
    values, charges : (points, cells, nodes) arrays
        Rings; slot `slots[0]` holds the last point, `slots[1]` the one before, ...
    times
        Times of the points that count, the last one first [s].
    which : (m,) int64 array
        Cells that all this is about, ascending; those that sleep are left out.
    start, first
        Time of the last corner, and size of the first step behind it [s].
    team
        Threads that share the cells.
    """

    values: Array
    charges: Array
    which: NDArray[np.int64]
    slots: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    start: float = 0.0
    first: float = 0.0
    team: Team = field(default_factory=Team)

    @classmethod
    def of(cls, count: int, nodes: int, team: Team | None = None) -> History:
        """Return an empty history for `count` cells, which a `team` shares."""
        shape, slots = (POINTS, count, nodes), list(range(POINTS))
        return cls(np.zeros(shape), np.zeros(shape), np.arange(count), slots, team=team or Team())

    def push(self, time: float) -> int:
        """Make room for a new point; return its slot."""
        self.slots = [self.slots[-1], *self.slots[:-1]]
        self.times = [time, *self.times[: len(self.slots) - 1]]
        return self.slots[0]

    def forget(self) -> float:
        """Take the last point away; return its time [s]."""
        self.slots = [*self.slots[1:], self.slots[0]]
        return self.times.pop(0)

    def restart(self) -> None:
        """Forget all points but the last one: what drives the circuit has a corner there."""
        del self.times[1:]
        self.start = self.times[0]

    def spread(self, weights: Array) -> Array:
        """Return weights of the last points, ordered as the slots of the rings."""
        found = np.zeros(len(self.slots))
        found[self.slots[: len(weights)]] = weights
        return found

    def places(self, time: float, count: int, bent: bool) -> Array:
        """Return where a time and the last `count` points are for a polynomial: (1 + count,) array [s or 1]."""
        times = np.array([time, *self.times[:count]])
        return np.log1p((times - self.start) / self.first) if bent else times

    def derivative(self, time: float, formula: Formula, past: Array) -> float:
        """Write what the last points add to the derivative of the charges at `time`; return the weight of the next."""
        weights = derivative_weights(self.places(time, formula.order, formula.bent))
        if formula.bent:
            weights /= self.since(time)
        self._combine(weights[1:], self.charges, past)
        return float(weights[0])

    def since(self, time: float) -> float:
        """Return what the logarithm is taken of: the time since the last corner and the first step behind it [s]."""
        return time - self.start + self.first

    def predict(self, time: float, formula: Formula, out: Array) -> None:
        """Write the values that the polynomial through the last order + 1 points has at `time`."""
        places = self.places(time, formula.order + 1, formula.bent)
        self._combine(value_weights(places[1:], places[0]), self.values, out)

    def _combine(self, weights: Array, values: Array, out: Array) -> None:
        """Write the sum of weights times the last points of `values` or `charges`."""
        spread = self.spread(weights)
        self.team.split(lambda part: combine(part, spread, values, out), self.which)

    def errors(
        self, time: float, values: Array, formulas: list[Formula], scales: Array, of_charges: bool = False
    ) -> Array:
        """Return the largest error of a step to `time` for several formulas, in units of what is tolerated.

        `values` are voltages or, with `of_charges`, charges; `scales` (nodes,) or (formulas, nodes) one over what is
        tolerated.
        """
        weights, factors = [], []
        for order, bent in formulas:
            places = self.places(time, order + 1, bent)
            weights.append(self.spread(value_weights(places[1:], places[0])))
            factors.append((places[0] - places[1]) / (places[0] - places[-1]))
        past, by_formula = self.charges if of_charges else self.values, np.array(weights)
        each = np.ascontiguousarray(np.broadcast_to(scales, (len(formulas), values.shape[1])))

        def find(part: NDArray[np.int64]) -> Array:
            found = np.empty(len(formulas))
            largest_errors(part, values, by_formula, past, each, found)
            return found

        relative: Array = np.max(self.team.split(find, self.which), axis=0) * np.array(factors)
        return relative


def next_step(step: float, formulas: list[Formula], errors: Array, since: float = np.inf) -> tuple[float, Formula]:
    """Return the step size and formula that go farthest with the errors that a step has shown.

    Parameters
    ----------
    step
        Its size [s].
    formulas, errors
        Those that are allowed, and what they would have been wrong by, in units of what is tolerated.
    since
        What the logarithm of bent ones is taken of at the end of the step [s].

    Examples
    --------
    >>> next_step(1e-9, [Formula(1, False), Formula(2, False)], np.array([1.0, 0.01]))[1]
    Formula(order=2, bent=False)
    """
    most = FIRST_GROWTH if max(formulas).order == 1 else GROWTH
    sizes = []
    for (order, bent), error in zip(formulas, errors, strict=True):
        factor = min(max((2.0 * error + 1e-6) ** (-1.0 / (order + 1)), SHRINKAGE), most)
        sizes.append(since * np.expm1(-factor * np.log1p(-step / since)) if bent else factor * step)
    best = int(np.argmax(sizes))
    return float(sizes[best]), formulas[best]
