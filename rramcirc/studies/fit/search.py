"""The searches of a fit, and the judgement which parameters the data determine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.studies.fit.problem import OUTLYING, FreeParameter, Problem, typical
from rramcirc.studies.fit.variances import variances

MOVE, SAME_RMS = 0.2, 0.01  # a degeneracy: a move of a fifth changes the rms by less than a hundredth of itself
_ANY = " (any value fits)"
UNDETERMINED = 0.3  # a standard deviation above it, of the logarithm or relative to the start value, is none
_BOXES = 0.03, 0.1, 0.3, 1.0  # part of the bounds around the start card
_DRAWS = 2, 6  # 2^(that + number of parameters) places in each box, at most 2^this
_LOCAL_STARTS, _FEW, _MOST, _CAREFUL, _MOVED_STEPS = 4, 12, 25, 60, 4  # local searches; steps of each
MANY, LAST_STEPS = 2000, 2  # readings from which a search of all has few steps: it starts at the solution of a part
COARSE = 1e-4  # error of a step of the integration where many places are tried
_SAME = 0.05  # two local searches whose costs differ by less found the same place
_TETHER = 0.02  # residual for one e-fold from the start card, so that undetermined parameters stay near it
_SMALLEST_SCATTER = 1e-3  # no measurement is better: 0.1 %
_ALIKE = 3.0  # standard deviations within this factor: the start card's word decides which value stays
_TRUST = {"published": 0, "assumed": 1, "fitted": 2}


@dataclass(frozen=True)
class Undetermined:
    """A parameter that the data do not determine, and why.

    Attributes
    ----------
    moved
        By how much of itself the rms grows where the parameter is moved by 20 % and the others are fitted again [1].
    """

    name: str
    reason: str
    moved: float = np.nan

    def __str__(self) -> str:
        if np.isnan(self.moved):
            return self.reason
        shown = f"moved by 20 %, the rms grows by {100 * max(self.moved, 0.0):.2g} % of itself"
        if self.moved < SAME_RMS:
            return f"{self.reason}; {shown}"
        return f"{self.reason.replace(_ANY, '')}; no degeneracy was shown: {shown}"


def search_globally(problem: Problem, seed: int) -> FloatArray:
    """Return the best of several local searches that start from the best places of a Sobol sequence.

    Parameters
    ----------
    problem
        A part of the data, for speed.
    seed
        Of the sequence.
    """
    from concurrent.futures import ThreadPoolExecutor

    from scipy.stats import qmc

    n = len(problem.free)
    unit = qmc.Sobol(n, seed=np.random.default_rng(seed)).random_base2(min(_DRAWS[0] + n, _DRAWS[1]))
    places = [problem.start]
    for part in _BOXES:
        low = problem.start[:n] + part * (problem.low[:n] - problem.start[:n])
        high = problem.start[:n] + part * (problem.high[:n] - problem.start[:n])
        places += [np.r_[low + u * (high - low), problem.start[n:]] for u in unit]
    if problem.watch is not None:
        problem.watch.begin("places", len(places))
    with ThreadPoolExecutor(2) as pool:
        costs = list(pool.map(lambda x: _cost(problem.residuals(x)), places))
    best: FloatArray = places[0]
    least = np.inf
    for k in np.argsort(costs, kind="stable")[:_LOCAL_STARTS]:
        found = search_locally(problem, places[k], steps=_FEW, careful=True)
        cost = _cost(problem.residuals(found))
        again = abs(cost - least) < _SAME * least
        if cost < least:
            best, least = found, cost
        if again:  # two searches end in the same place
            break
    return best


def _cost(residuals: FloatArray) -> float:
    """Return a sum of squares in which far points count little."""
    return float(np.sum(np.log1p((residuals / 0.3) ** 2)))


def search_locally(problem: Problem, x: FloatArray, *, steps: int | None = None, careful: bool = False) -> FloatArray:
    """Return the least-squares solution near `x`.

    Parameters
    ----------
    careful
        Tether the parameters to the start card, weakly, and let points that are far off count less.
    """
    from scipy.optimize import least_squares

    n = len(problem.free)
    tether = _TETHER * np.eye(n, len(x)) if careful else np.zeros((0, len(x)))

    def residuals(x: FloatArray) -> FloatArray:
        both: FloatArray = np.r_[problem.residuals(x), tether @ (x - problem.start)]
        return both

    def jacobian(x: FloatArray) -> FloatArray:
        return np.vstack([problem.jacobian(x), tether])

    margin = 1e-6 * (problem.high - problem.low)
    start = np.clip(x, problem.low + margin, problem.high - margin)
    loss, most, close, wide = "soft_l1", _CAREFUL, 1e-4, 0.3
    if not careful:  # readings within the noise count in full, those far off linearly
        noise = typical(problem.residuals(start)[: problem.n_data])
        loss, most, close, wide = "huber", _MOST, 1e-6, max(OUTLYING * noise, 0.01)
    if problem.watch is not None:  # a step is one set, and a Jacobian two for each parameter and one more
        problem.watch.begin("search", (steps or most) * (2 * (n + (len(x) > n)) + 2))
    place: FloatArray = least_squares(
        residuals, start, jacobian, bounds=(problem.low, problem.high), x_scale="jac", ftol=close, xtol=1e-5,
        gtol=1e-10, max_nfev=steps or most, loss=loss, f_scale=wide,
    ).x  # fmt: skip
    return place


def scatter(problem: Problem, x: FloatArray) -> float:
    """Return the standard deviation of the weighted residuals, all of them."""
    r = problem.residuals(x)[: problem.n_data]
    return float(np.sqrt(np.sum(r**2) / max(len(r) - len(x), 1)))


def covariance(problem: Problem, x: FloatArray) -> FloatArray:
    """Return the covariance of the places, from the Jacobian and the scatter of the residuals.

    The weights are a guess of how reliable a reading is, so the residuals say how large the scatter is at each weight:
    (J^T J)^-1 J^T v J (J^T J)^-1 with v the variance of the weighted residuals.
    """
    jacobian = problem.jacobian(x)[: problem.n_data]
    variance = variances(problem, x, jacobian)
    inverse = inverse_of(jacobian)
    covariance: FloatArray = inverse @ (jacobian.T * variance) @ jacobian @ inverse
    return covariance


def inverse_of(jacobian: FloatArray, limit: float = 1e-6) -> FloatArray:
    """Return (J^T J)^-1 through the singular values; directions without any weight get a very large one."""
    scale = np.maximum(np.linalg.norm(jacobian, axis=0), limit)
    _, values, rows = np.linalg.svd(jacobian / scale, full_matrices=False)
    values = np.maximum(values, 1e-7 * max(float(values[0]), 1.0))  # 1: that of a column with any weight
    inverse: FloatArray = (rows.T / values**2) @ rows / np.outer(scale, scale)
    return inverse


def dependence(
    problem: Problem, x: FloatArray, unknown: Sequence[FreeParameter], share: float = 1.0, searched: Sequence[str] = ()
) -> tuple[FloatArray, FloatArray]:
    """Return how the solution moves with parameters that were left where they are, and how far off these may be.

    How far off they are is what the data say, together with the assumption that the start card knows them to a factor e
    (or, if they can change sign, to their own size). Nobody knows those that are where a search ended: they may be
    anywhere within its bounds.

    Parameters
    ----------
    unknown
        The parameters left.
    share
        Part of the data that the problem holds.
    searched
        Parameters left where a search ended.

    Returns
    -------
    slopes : (len(x), len(unknown)) array
        Derivatives of the solution.
    moments : (len(unknown), len(unknown)) array
        Mean products of the deviations of the parameters left.
    """
    n, m = len(problem.free), len(unknown)
    whole = problem.with_free((*problem.free, *unknown))
    place = np.r_[x[:n], [p.place(p.start) for p in unknown], x[n:]]
    jacobian = whole.jacobian(place)[: problem.n_data]
    solved, left = np.delete(jacobian, np.s_[n : n + m], 1), jacobian[:, n : n + m]
    slopes = -inverse_of(solved) @ (solved.T @ left)
    seen = left + solved @ slopes  # what the others cannot make up for
    variance = share * max(scatter(problem, x), _SMALLEST_SCATTER) ** 2
    residuals = problem.residuals(x)[: problem.n_data]
    width = [max(0.5 * abs(p.place(p.high) - p.place(p.low)), 1.0) if p.name in searched else 1.0 for p in unknown]
    spread = np.linalg.inv(seen.T @ seen / variance + np.diag(1.0 / np.square(width)))
    off = -spread @ (seen.T @ residuals) / variance
    return slopes, spread + np.outer(off, off)


def determine(problem: Problem, x: FloatArray, share: float = 1.0) -> list[Undetermined]:
    """Return the parameters that the data do not determine, worst first.

    They are taken away one by one: the one with the largest standard deviation; among about equal ones, that of which
    the start card is surest.

    Parameters
    ----------
    share
        Part of the data that the problem holds; the standard deviations are those of all data.
    """
    jacobian, n = problem.jacobian(x)[: problem.n_data], len(problem.free)
    noise = max(scatter(problem, x), _SMALLEST_SCATTER) * np.sqrt(share)
    kept, found = list(range(len(x))), []
    while sum(k < n for k in kept) > 1:
        matrix = noise**2 * inverse_of(jacobian[:, kept])
        sigma = np.sqrt(np.diag(matrix))
        free = [j for j, k in enumerate(kept) if k < n]
        worst = max(sigma[j] for j in free)
        if worst < UNDETERMINED:
            break
        alike = [j for j in free if sigma[j] > max(worst / _ALIKE, UNDETERMINED)]
        chosen = min(alike, key=lambda j: (_trust(problem, kept[j]), -sigma[j]))
        alone = noise / max(float(np.linalg.norm(jacobian[:, kept[chosen]])), 1e-9)
        others = [j for j in free if j != chosen and abs(matrix[j, chosen]) > 0.9 * sigma[j] * sigma[chosen]]
        names = [problem.free[kept[j]].name for j in others]
        found.append(Undetermined(problem.free[kept[chosen]].name, _reason(alone, sigma[chosen], names)))
        kept.pop(chosen)
    return found


def _trust(problem: Problem, k: int) -> int:
    name = problem.free[k].name
    return _TRUST[problem.card.parameters[name].status] if name in problem.card.parameters else 0


def _reason(alone: float, sigma: float, others: Sequence[str]) -> str:
    if alone > UNDETERMINED:
        return "the data hardly depend on it"
    size = _ANY if sigma > 5.0 else f" (one sigma {100 * sigma:.0f} %)"
    together = f"together with {', '.join(others)}" if others else "together with the other parameters"
    return f"only {together}: the data see a combination{size}"


def freeze(problem: Problem, x: FloatArray, names: Sequence[str]) -> tuple[Problem, FloatArray]:
    """Return the problem without some parameters, which go back to the start card, and the place that is best then.

    A parameter with which the data are fitted worse at the start card, although they do not tell its value, stays at
    its place: the card of the problem has that value then.
    """
    at_place = _weighed_rms(problem, x)
    other, place = _at_card(problem, x, names)
    if _weighed_rms(other, place) <= (1.0 + SAME_RMS) * at_place:
        return other, place
    for name in names if len(names) > 1 else ():
        other, place = _at_card(problem, x, [name], _FEW)
        if _weighed_rms(other, place) <= (1.0 + SAME_RMS) * at_place:
            rest = [n for n in names if n != name]
            return freeze(other, place, rest)
    kept = [k for k in range(len(x)) if k >= len(problem.free) or problem.free[k].name not in names]
    return problem.held({f.name: f.value(v) for f, v in zip(problem.free, x, strict=False) if f.name in names}), x[kept]


def _at_card(
    problem: Problem, x: FloatArray, names: Sequence[str], steps: int | None = None
) -> tuple[Problem, FloatArray]:
    """Return the problem with some parameters at the start card, and the place of the others that is best then.

    The search begins where the predictions stay, as far as that is linear.
    """
    n = len(problem.free)
    back = [k for k in range(n) if problem.free[k].name in names]
    kept = [k for k in range(len(x)) if k not in back]
    other = problem.with_free([f for f in problem.free if f.name not in names])
    jacobian = problem.jacobian(x)[: problem.n_data]
    change = jacobian[:, back] @ (problem.start[back] - x[back])
    move = -np.linalg.lstsq(jacobian[:, kept], change, rcond=1e-6)[0]
    starts = [np.clip(x[kept] + part * move, other.low, other.high) for part in (1.0, 0.5, 0.25, 0.0)]
    starts.append(np.r_[other.start[: len(other.free)], x[n:]])
    best = min(starts, key=lambda y: _cost(other.residuals(y)))
    return other, search_locally(other, best, steps=steps)


def _weighed_rms(problem: Problem, x: FloatArray) -> float:
    """Return the root mean square of the residuals as the search weighs them, but for outliers."""
    r = np.abs(problem.residuals(x)[: problem.n_data])
    return float(np.sqrt(np.mean(np.minimum(r, OUTLYING * typical(r)) ** 2)))


def moved_rms(problem: Problem, x: FloatArray, parameter: FreeParameter) -> float:
    """Return by how much of itself the rms of the search grows if a parameter left out is moved by 20 %.

    The others are fitted again unless it grows by less than a hundredth without that; the first of the two directions
    with so little counts, or else the smaller growth [1].
    """
    at_place = _weighed_rms(problem, x)
    least = np.inf
    for move in (1.0 + MOVE, 1.0 / (1.0 + MOVE)):
        moved = move * problem.card.number(parameter.name)
        other = problem.held({parameter.name: moved})
        place = x
        for step in range(3):  # where the others are, where they should be as far as that is linear, and searched
            if other.allowed(place):
                least = min(least, _weighed_rms(other, place) / at_place - 1.0)
            if least < SAME_RMS:
                return float(least)
            if step == 0:
                place = _made_up(problem, x, parameter, parameter.place(moved) - parameter.place(parameter.start))
            elif other.allowed(place):
                place = search_locally(other, place, steps=_MOVED_STEPS)
    return float(least)


def _made_up(problem: Problem, x: FloatArray, parameter: FreeParameter, moved: float) -> FloatArray:
    """Return where the others make up for a move of one that is left out, as far as that is linear."""
    n = len(problem.free)
    whole = problem.with_free((*problem.free, parameter))
    jacobian = whole.jacobian(np.insert(x, n, parameter.place(parameter.start)))[: problem.n_data]
    change = jacobian[:, n] * moved
    place: FloatArray = x - np.linalg.lstsq(np.delete(jacobian, n, 1), change, rcond=1e-6)[0]
    return np.clip(place, problem.low, problem.high)


__all__ = [
    "COARSE", "LAST_STEPS", "MANY", "Undetermined", "covariance", "dependence", "determine", "freeze",
    "inverse_of", "moved_rms", "search_globally", "search_locally",
]  # fmt: skip
