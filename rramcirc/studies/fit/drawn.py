"""Uncertainties where slopes at the solution do not hold over a standard deviation: places drawn by walkers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rramcirc.basics.arrays import BoolArray, FloatArray, IntArray
from rramcirc.studies.fit.problem import Problem
from rramcirc.studies.fit.search import inverse_of, variances

_PART = 0.3  # of a standard deviation, over which residuals are compared with their slopes
_LESS = 0.5  # of the square of what the slopes say, below which the slopes feign certainty
_SHARE = 0.3  # of a variance, that makes a parameter one of those drawn
_WALKERS = 16
_LEAST, _MOST, _SAMPLES = 400, 1000, 400_000  # places drawn; so many over the number of readings
_BURN, _STRETCH = 0.4, 2.0  # part that is not counted; of a step
_SEED = 1

Badness = Callable[[FloatArray], float]


def drawn_covariance(problem: Problem, x: FloatArray, matrix: FloatArray) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the covariance of the places, from places drawn where slopes do not hold, and in words what was drawn.

    The covariance of the slopes is right where the residuals are linear. On the edge of a sweep they are not: between
    two readings any place of a runaway is as good, while the slope at a reading near it may be steep. So the residuals
    at plus and minus a part of a standard deviation along each principal direction are compared with their slopes. The
    parameters of directions along which they change much less are drawn, each place as probable as its residuals are,
    while the others follow as far as that is linear. The result is nowhere narrower than that of the slopes.

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
    variance = variances(problem, x)
    own = matrix[:n, :n]
    values, vectors = np.linalg.eigh(own)
    moves = vectors * np.sqrt(np.maximum(values, 0.0))
    flat = np.array([_feigns(problem, x, along @ move, jacobian, variance) for move in moves.T])
    share = np.sum(moves[:, flat] ** 2, 1) / np.maximum(np.diag(own), 1e-300)
    chosen = np.flatnonzero(share > _SHARE)
    if not len(chosen):
        return matrix, ()
    part = own[np.ix_(chosen, chosen)]
    follow = own[:, chosen] @ np.linalg.inv(part)
    found = _walked(_badness(problem, x, along @ follow, variance, chosen), part, problem.n_data)
    wide = np.array(matrix)
    wide[:n, :n] = own + follow @ (_at_least(found, part) - part) @ follow.T
    names = " and ".join(problem.free[k].name for k in chosen)
    said = (
        f"{names}: the data hardly change over a standard deviation of the slopes, as on an edge between two readings: "
        "sigma is that of places drawn, and may still be too small (a finer step or a second ramp rate tells more)"
    )
    return wide, (said,)


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
    drawn: BoolArray = np.isin(np.arange(len(x)), chosen)

    def badness(move: FloatArray) -> float:
        place = np.where(drawn, x + along @ move, np.clip(x + along @ move, problem.low, problem.high))
        if np.any(place < problem.low) or np.any(place > problem.high) or not problem.allowed(place):
            return np.inf
        return 0.5 * float(np.sum(problem.residuals(place)[: problem.n_data] ** 2 / variance))

    return badness


def _walked(badness: Badness, matrix: FloatArray, count: int) -> FloatArray:
    """Return the covariance of places drawn by walkers that stretch towards each other.

    Those of Goodman and Weare (2010) find their way along valleys of any direction and width.

    Parameters
    ----------
    matrix : (n, n) array
        Covariance from which they begin.
    count
        Readings.
    """
    from concurrent.futures import ThreadPoolExecutor

    n = len(matrix)
    half = max(_WALKERS, 4 * n) // 2
    rounds = max(_LEAST, min(_MOST, _SAMPLES // count)) // (2 * half)
    rng = np.random.default_rng(_SEED)
    root = _PART * np.linalg.cholesky(matrix + 1e-12 * np.diag(np.diag(matrix) + 1e-18))
    walkers = (root @ rng.normal(size=(2, half, n, 1)))[..., 0]
    kept = []
    with ThreadPoolExecutor(2) as pool:
        costs = np.array([list(pool.map(badness, group)) for group in walkers])
        walkers[~np.isfinite(costs)], costs[~np.isfinite(costs)] = 0.0, badness(np.zeros(n))
        for k in range(rounds):
            for own in (0, 1):
                others = walkers[1 - own][rng.integers(half, size=half)]
                stretch = (1.0 + (_STRETCH - 1.0) * rng.random(half)) ** 2 / _STRETCH
                tried = others + stretch[:, None] * (walkers[own] - others)
                found = np.array(list(pool.map(badness, tried)))
                taken = np.log(rng.random(half)) < (n - 1) * np.log(stretch) + costs[own] - found
                walkers[own][taken], costs[own][taken] = tried[taken], found[taken]
            if k >= _BURN * rounds:
                kept.append(walkers.reshape(-1, n).copy())
    places = np.concatenate(kept)
    covariance: FloatArray = places.T @ places / len(places)  # around the solution, not their own mean
    return covariance


__all__ = ["drawn_covariance"]
