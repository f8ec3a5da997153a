"""Uncertainties where slopes at the solution do not hold over a standard deviation: places drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rramcirc.basics.arrays import BoolArray, FloatArray, IntArray
from rramcirc.studies.fit.problem import Problem
from rramcirc.studies.fit.search import COARSE, inverse_of
from rramcirc.studies.fit.variances import variances

_PART = 0.3  # of a standard deviation, over which residuals are compared with their slopes
_LESS = 0.5  # of the square of what the slopes say, below which the slopes feign certainty
_SHARE = 0.3  # of a variance, that makes a parameter one of those drawn
_REACH = 1.5  # half of the box [logarithm, or start value]; a standard deviation of 0.3 is none already
_PLACES, _KEPT = 64, 0.5  # places of a stage; share of them that still counts in the next
_ROUNDS, _LAST = 2, 6  # of moves in a stage; stages that count
_STRETCH = 2.0  # of a move, at most
_AS_GOOD = 2.0  # badness above that of the solution: such a place is as good
_SEED = 1

Badness = Callable[[FloatArray], float]


@dataclass(frozen=True)
class Drawn:
    """A place and its covariance.

    Attributes
    ----------
    place, matrix
        The solution, or the place in the middle of those drawn; its covariance.
    names
        Parameters that were drawn.
    remarks
        The same in words.
    """

    place: FloatArray
    matrix: FloatArray
    names: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def drawn_covariance(problem: Problem, x: FloatArray, matrix: FloatArray) -> Drawn:
    """Return the covariance of the places, from places drawn where slopes do not hold, and the middle of those.

    The covariance of the slopes is right where the residuals are linear. On the edge of a sweep they are not: between
    two readings any place of a runaway is as good, while the slope at a reading near it may be steep. So the residuals
    at plus and minus a part of a standard deviation along each principal direction are compared with their slopes. The
    parameters of directions along which they change much less are drawn, each place as probable as its residuals are,
    while the others follow as far as that is linear. The search ends anywhere in such a valley, so the middle of the
    places drawn that are as good is taken. The result is nowhere narrower than that of the slopes.

    Parameters
    ----------
    matrix : (len(x), len(x)) array
        Covariance from the slopes.
    """
    n = len(problem.free)
    jacobian = problem.jacobian(x)[: problem.n_data]
    along = np.eye(len(x), n)  # the starts of cycles follow
    if len(x) > n:
        along[n:] = -inverse_of(jacobian[:, n:]) @ (jacobian[:, n:].T @ jacobian[:, :n])
    variance = variances(problem, x, jacobian)
    own = matrix[:n, :n]
    values, vectors = np.linalg.eigh(own)
    moves = vectors * np.sqrt(np.maximum(values, 0.0))
    flat = np.array([_feigns(problem, x, along @ move, jacobian, variance) for move in moves.T])
    share = np.sum(moves[:, flat] ** 2, 1) / np.maximum(np.diag(own), 1e-300)
    chosen = np.flatnonzero(share > _SHARE)
    if not len(chosen):
        return Drawn(x, matrix)
    part = own[np.ix_(chosen, chosen)]
    follow = own[:, chosen] @ np.linalg.inv(part)
    badness = _badness(problem, x, along @ follow, variance, chosen)
    low, high = (np.clip(b - x, -_REACH, _REACH)[chosen] for b in (problem.low, problem.high))
    places, bad = _cooled(badness, low, high)
    middle = _middle(places, bad, float(badness(np.zeros(len(chosen)))))
    off = places - middle
    wide = np.array(matrix)
    wide[:n, :n] = own + follow @ (_at_least(off.T @ off / len(off), part) - part) @ follow.T
    names = tuple(problem.free[k].name for k in chosen)
    said = (
        f"{' and '.join(names)}: the data hardly change over a standard deviation of the slopes, as on an edge between "
        "two readings: value and sigma are those of places drawn (a finer step or a second ramp rate tells more)"
    )
    place = np.clip(x + along @ follow @ middle, problem.low, problem.high)
    return Drawn(place, wide, names, (said,))


def _middle(places: FloatArray, bad: FloatArray, here: float) -> FloatArray:
    """Return the place nearest to the mean, in standard deviations, of those that are as good as the solution."""
    mean, spread = places.mean(0), np.maximum(places.std(0), 1e-12)
    far = np.sum(((places - mean) / spread) ** 2, 1)
    far[bad > min(here, float(np.median(bad))) + _AS_GOOD] = np.inf
    found: FloatArray = places[np.argmin(far)]
    return found if np.isfinite(far.min()) else np.zeros_like(mean)


def _at_least(found: FloatArray, least: FloatArray) -> FloatArray:
    """Return a covariance that is nowhere narrower than another one."""
    root = np.linalg.cholesky(least + 1e-12 * np.diag(np.diag(least) + 1e-18))
    back = np.linalg.inv(root)
    ratios, turned = np.linalg.eigh(back @ found @ back.T)
    directions = root @ turned
    wider: FloatArray = (directions * np.maximum(ratios, 1.0)) @ directions.T
    return wider


def _feigns(problem: Problem, x: FloatArray, move: FloatArray, jacobian: FloatArray, variance: FloatArray) -> bool:
    """Return whether residuals over a part of a move change much less than their slopes say."""
    high, low = (np.clip(x + sign * _PART * move, problem.low, problem.high) for sign in (1.0, -1.0))
    if not problem.allowed(high) or not problem.allowed(low):
        return False
    change = problem.residuals(high)[: problem.n_data] - problem.residuals(low)[: problem.n_data]
    expected = jacobian @ (high - low)
    return bool(np.sum(change**2 / variance) < _LESS * np.sum(expected**2 / variance))


def _badness(problem: Problem, x: FloatArray, along: FloatArray, variance: FloatArray, chosen: IntArray) -> Badness:
    """Return half the weighed sum of squares as a function of a move of the parameters drawn.

    These stay within their bounds; what follows them ends at its own.
    """
    coarse = problem.with_free(problem.free)
    coarse.tolerance = max(problem.tolerance, COARSE)
    drawn: BoolArray = np.isin(np.arange(len(x)), chosen)

    def badness(move: FloatArray) -> float:
        place = np.where(drawn, x + along @ move, np.clip(x + along @ move, problem.low, problem.high))
        if np.any(place < problem.low) or np.any(place > problem.high):
            return np.inf
        found = coarse.residuals_if_allowed(place)
        return np.inf if found is None else 0.5 * float(np.sum(found[: problem.n_data] ** 2 / variance))

    return badness


def _cooled(badness: Badness, low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (n, d) places drawn as probable as they are good, and their badness, from a box that is cooled.

    A box of places is narrowed in stages, each with the badness counted a little more: the good of a stage are doubled,
    the bad dropped, and all walk, stretching towards each other (Goodman and Weare 2010). So a valley is found in its
    whole length wherever the search ended in it, as long as it is in the box.

    Parameters
    ----------
    low, high : (d,) arrays
        The box; the place 0 is in it.
    """
    from concurrent.futures import ThreadPoolExecutor

    d = len(low)
    count = max(_PLACES, 16 * d)
    rng = np.random.default_rng(_SEED)
    places = low + rng.random((count, d)) * (high - low)
    places[0] = 0.0
    kept: list[tuple[FloatArray, FloatArray]] = []
    with ThreadPoolExecutor(2) as pool:
        costs = np.array(list(pool.map(badness, places)))
        weight, last = 0.0, 0
        while last < _LAST:
            more = _next_weight(costs, weight)
            share = np.exp(-(more - weight) * (costs - costs.min()))
            at = (rng.random() + np.arange(count)) / count
            chosen = rng.permutation(np.searchsorted(np.cumsum(share) / share.sum(), at).clip(0, count - 1))
            places, costs, weight = places[chosen], costs[chosen], more
            for _ in range(_ROUNDS):
                for own in (slice(0, None, 2), slice(1, None, 2)):
                    size = len(costs[own])
                    others = places[1 - (own.start or 0) :: 2][rng.integers(count // 2, size=size)]
                    stretch = (1.0 + (_STRETCH - 1.0) * rng.random(size)) ** 2 / _STRETCH
                    tried = others + stretch[:, None] * (places[own] - others)
                    inside = np.all((tried >= low) & (tried <= high), 1)
                    found = np.array(list(pool.map(badness, tried)))
                    found[~inside] = np.inf
                    gain = (d - 1) * np.log(stretch) + weight * (costs[own] - found)
                    taken = np.log(rng.random(size)) < gain
                    places[own][taken], costs[own][taken] = tried[taken], found[taken]
            if weight >= 1.0:
                kept.append((places.copy(), costs.copy()))
                last += 1
    return np.concatenate([p for p, _ in kept]), np.concatenate([c for _, c in kept])


def _next_weight(costs: FloatArray, weight: float) -> float:
    """Return the next weight of the badness, at most 1, at which half of the places still count."""
    above = costs - costs.min()

    def left(more: float) -> float:
        share = np.exp(-(more - weight) * above)
        return float(share.sum() ** 2 / np.sum(share**2))

    low, high = weight, 1.0
    if left(high) >= _KEPT * len(costs):
        return high
    for _ in range(60):
        middle = low + 0.5 * (high - low)
        low, high = (middle, high) if left(middle) >= _KEPT * len(costs) else (low, middle)
    return max(low, weight + 1e-12)


__all__ = ["Drawn", "drawn_covariance"]
