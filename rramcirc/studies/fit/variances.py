"""The variance of the readings behind a fit, from its residuals."""

from __future__ import annotations

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.studies.fit.model import Protocol
from rramcirc.studies.fit.problem import Problem, typical

_REWEIGHTED = 4  # fits of the scatter of the residuals
_LIKE, _LIKEST, _FAR_OFF = 3.0, 0.98, 3.0  # standard errors from which neighbours are alike; their largest correlation


def variances(problem: Problem, x: FloatArray, jacobian: FloatArray | None = None) -> FloatArray:
    """Return the variance of every weighted residual, with what the fitted values took off it.

    That of a file is a + b weight^2, both at least zero: the second term is a scatter that is the same for all
    readings, the first one that which the weights expect. A fit comes near to readings that decide alone about a
    parameter, so squares are compared with what is left of such variances behind the fit, reading by reading.

    Residuals of a sweep or train that are like their neighbours count as fewer: (1 - r) / (1 + r) of their number, r
    the correlation of neighbours. They come from what the model cannot describe, not from noise.

    Parameters
    ----------
    jacobian : (n, len(x)) array
        Of the residuals at `x`, if it is known.
    """
    residuals = problem.residuals(x)[: problem.n_data]
    known = problem.jacobian(x)[: problem.n_data] if jacobian is None else jacobian
    sizes = [len(w) for w in problem.weights]
    file = np.repeat(np.arange(len(sizes)), sizes)
    weights = np.concatenate(problem.weights)
    own = (file[:, None] == np.arange(len(sizes))).astype(float)
    found = _variance(np.hstack([own, own * weights[:, None] ** 2]), residuals, known, own)
    pieces = np.split(residuals, np.cumsum(sizes)[:-1])
    repeated = [_repeated(p, r) for p, r in zip(problem.protocols, pieces, strict=True)]
    each: FloatArray = found * np.repeat(repeated, sizes)
    return each


def _repeated(protocol: Protocol, residuals: FloatArray) -> float:
    """Return how many residuals of a file say what one alone would say."""
    r = alike(protocol, residuals)
    return (1.0 + r) / (1.0 - r) if r * np.sqrt(len(residuals)) > _LIKE else 1.0


def alike(protocol: Protocol, residuals: FloatArray) -> float:
    """Return the correlation of neighbours of a sweep or train [1]; 0 of single pulses, which have none.

    Residuals that are far off count as three standard deviations of the bulk.
    """
    if protocol.data.kind == "pulses":
        return 0.0
    far = _FAR_OFF * typical(residuals)
    residuals = np.clip(residuals, -far, far)
    same = np.diff(protocol.device) == 0
    products = residuals[1:][same] * residuals[:-1][same]
    return float(np.clip(np.sum(products) / max(float(np.sum(residuals**2)), 1e-300), 0.0, _LIKEST))


def _variance(terms: FloatArray, residuals: FloatArray, jacobian: FloatArray, own: FloatArray) -> FloatArray:
    """Return the variance of the weighted residuals as a sum of terms whose factors are at least zero.

    Parameters
    ----------
    terms : (n, m) array
        Of the variance of each reading.
    own : (n, files) array
        One where a reading is of a file.
    """
    from scipy.optimize import nnls

    squares = residuals**2
    mean = own @ (squares @ own / own.sum(0))
    left = _left(terms, jacobian)
    expected = np.maximum(mean, 1e-16)
    for _ in range(_REWEIGHTED):  # the scatter of a square is in proportion to its mean
        found, _ = nnls(left / expected[:, None], squares / expected)
        expected = np.maximum(left @ found, 1e-3 * mean + 1e-16)
    variance: FloatArray = np.maximum(terms @ found, 1e-3 * mean + 1e-16)
    return variance


def _left(terms: FloatArray, jacobian: FloatArray) -> FloatArray:
    """Return what a fit leaves of variances: the diagonal of (1 - H) diag(term) (1 - H), H the projection on slopes."""
    q, values, _ = np.linalg.svd(jacobian / np.maximum(np.linalg.norm(jacobian, axis=0), 1e-6), full_matrices=False)
    q = q[:, values > 1e-7]
    taken = np.sum(q**2, 1)
    left = [t * (1.0 - 2.0 * taken) + np.sum((q @ (q.T * t @ q)) * q, 1) for t in terms.T]
    found: FloatArray = np.maximum(np.stack(left, 1), 0.0)
    return found


__all__ = ["alike", "variances"]
