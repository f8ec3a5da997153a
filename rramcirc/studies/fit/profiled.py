"""Uncertainties where the cost of a fit is no parabola over a standard deviation: refits with one parameter held."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.studies.fit.problem import OUTLYING, Problem, typical
from rramcirc.studies.fit.search import inverse_of, search_locally

_LESS, _MORE = 0.75, 2.0  # growth of the cost over that of the parabola, between which slopes hold
_TWO, _NEAR = 2.0, 0.8  # standard deviations that are looked for, and share of them from which the place is told
_HELD, _STEPS = 4, 4  # places at which a parameter is held on each side, at most; steps of each search
_SLOWEST, _FASTEST = 1.3, 2.0  # of one place to the next
_SURE = 1e-3  # standard deviation [logarithm, or start value] over which a valley is straight
_WIDER = 1.1  # standard deviations: less is not told


def profiled_covariance(
    problem: Problem, x: FloatArray, matrix: FloatArray, known: tuple[str, ...] = ()
) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the covariance of the places with standard deviations of a profile where slopes do not hold.

    The cost one and two standard deviations to both sides of the solution, the others as far as that is linear, is
    compared with the parabola of the slopes. Where it differs, the parameter is held farther and farther from its
    solution and the others are fitted again, until the cost has grown as much as the slopes say of one standard
    deviation, or half of the way to four times as much: the wider side counts. The result is nowhere narrower than
    that of the slopes.

    Parameters
    ----------
    matrix : (len(x), len(x)) array
        Covariance from the slopes.
    known
        Parameters whose standard deviation was found otherwise.

    Returns
    -------
    matrix : (len(x), len(x)) array
        With rows and columns scaled.
    remarks
        What was widened, in words.
    """
    cost = _Cost(problem, x)
    curvature = 1.0 / np.maximum(np.diag(inverse_of(cost.jacobian)), 1e-300)
    scale, told = np.ones(len(x)), []
    for k, f in enumerate(problem.free):
        sigma = float(np.sqrt(matrix[k, k]))
        if f.name in known or not sigma > _SURE:
            continue
        along = matrix[:, k] / sigma
        curved = cost.curved(along)
        wanted = float(curvature[k]) * sigma**2
        reach = max((_reach(cost, k, sign * along, wanted) for sign in curved), default=1.0)
        scale[k] = max(reach, 1.0)
        if scale[k] > _WIDER:
            told.append(f"{f.name} ({scale[k]:.2g} times that of the slopes)")
    if not told:
        return matrix, ()
    said = (
        f"{', '.join(told)}: residuals are no straight line over a standard deviation; sigma is that of refits "
        "with the parameter held, on the wider side"
    )
    return matrix * np.outer(scale, scale), (said,)


@dataclass
class _Cost:
    """What the search of a fit makes least, over its value at the solution."""

    problem: Problem
    x: FloatArray

    def __post_init__(self) -> None:
        here = self.problem.residuals(self.x)
        self.wide = max(OUTLYING * typical(here[: self.problem.n_data]), 0.01)
        self.jacobian = self.problem.jacobian(self.x)
        self.least = self.of(here)

    def of(self, residuals: FloatArray) -> float:
        """Return the sum of squares; residuals that are far off count linearly."""
        size = np.abs(residuals) / self.wide
        return self.wide**2 * float(np.sum(np.where(size > 1.0, 2.0 * size - 1.0, size**2)))

    def curved(self, along: FloatArray) -> list[float]:
        """Return the signs of a move along which the cost is not the parabola of the slopes, over it and its double."""
        signs = (1.0, -1.0)
        ends = [
            np.clip(self.x + s * w * along, self.problem.low, self.problem.high) for s in signs for w in (1.0, _TWO)
        ]
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(self.problem.residuals, ends))
        grown = [self.of(residuals) - self.least for residuals in found]
        expected = [float(np.sum((self.jacobian @ (end - self.x)) ** 2)) for end in ends]
        flat = [g < _LESS * e for g, e in zip(grown, expected, strict=True)]
        steep = [grown[k] > _MORE * expected[k] for k in (0, 2)]
        return [s for k, s in enumerate(signs) if flat[2 * k] or flat[2 * k + 1] or steep[k]]


def _reach(cost: _Cost, k: int, along: FloatArray, wanted: float) -> float:
    """Return how far from its solution a parameter is where the cost has grown by `wanted`, in moves `along`.

    Or half of how far it is where the cost has grown by four times as much, if that is more.
    """
    problem, x = cost.problem, cost.x
    f, others, at = problem.free[k], np.delete(x, k), 1.0
    start, ways, roots = others + np.delete(along, k), [0.0], [0.0]
    for _ in range(_HELD):
        place = float(np.clip(x[k] + at * along[k], problem.low[k], problem.high[k]))
        at = (place - x[k]) / along[k]
        held = problem.with_free([other for other in problem.free if other is not f])
        start = np.clip(start, held.low, held.high)
        whole = np.insert(start, k, place)
        if not at > ways[-1] or not problem.allowed(whole):
            break
        held.card = problem.candidate(whole)
        found = search_locally(held, start, steps=_STEPS) if len(start) else start
        ways.append(at)
        roots.append(float(np.sqrt(max((cost.of(held.residuals(found)) - cost.least) / wanted, 0.0))))
        if roots[-1] > _NEAR * _TWO:
            break
        farther = at * min(_FASTEST, max(1.05 * _TWO / max(roots[-1], 0.1), _SLOWEST))
        start, at = others + (found - others) * farther / at, farther
    return max(_crossed(ways, roots, 1.0), _crossed(ways, roots, _TWO) / _TWO)


def _crossed(ways: list[float], roots: list[float], level: float) -> float:
    """Return the first way at which the root of the cost comes to a level, going on as it ends; or the last way."""
    for k in range(1, len(ways)):
        rise = roots[k] - roots[k - 1]
        if roots[k] >= level or (k == len(ways) - 1 and roots[k] > _NEAR * level):
            share = (level - roots[k - 1]) / rise if rise > 0.0 else 1.0
            return ways[k - 1] + min(share, 1.0 / _NEAR) * (ways[k] - ways[k - 1])
    return ways[-1]


__all__ = ["profiled_covariance"]
