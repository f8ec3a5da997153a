r"""The spread of a population from figures of its devices: a nonlinear model with random effects.

Figures of run r of device k: :math:`y_r = f_r(u_k) + h_r z_r + e_r`. The places :math:`u_k` of the devices are normal
with mean :math:`\mu` and covariance :math:`\Sigma`; the deviate :math:`z_r` of the cycle is standard normal and moves
all figures together by :math:`h_r = G_r s`, s the spreads of the card's parameters from cycle to cycle; :math:`e_r` is
the noise of the readings and what the model does not explain. f is linear around the present mean of each device, and
expectation-maximisation finds :math:`\mu, \Sigma, s` and the size of e, as the maximum of the likelihood.
[Lindstrom and Bates, Biometrics 46, 673 (1990); Dempster et al., J. R. Stat. Soc. B 39, 1 (1977)]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rramcirc.basics.arrays import BoolArray, FloatArray, IntArray

_STILL = 1e-5  # relative change of the spread at which expectation-maximisation ends
_MOST = 4000  # steps of it
_FLOOR = 1e-6  # smallest variance of what is not explained [unit of the figures squared]


@dataclass
class Linear:
    """Figures around the present places of the devices.

    Attributes
    ----------
    device : (N,) array
        Device of each run.
    rest : (N, F) array
        Measured minus predicted figures at `places`; zero where `there` is not.
    there : (N, F) array
        Which figures both have.
    slopes : (N, F, P) array
        Derivatives by the places.
    cycles : (N, F, J) array
        Derivatives by the deviate of a cycle, for a spread of one of each parameter.
    noise : (N, F) array
        Variance of the readings.
    places : (K, P) array
        Where the devices are.
    """

    device: IntArray
    rest: FloatArray
    there: BoolArray
    slopes: FloatArray
    cycles: FloatArray
    noise: FloatArray
    places: FloatArray

    def weights(self, extra: FloatArray, sigma: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the inverse covariance of the figures of each run, (N, F, F), and its logarithmic determinant, (N,).

        Parameters
        ----------
        extra : (F,) array
            Variance of what is not explained.
        sigma : (J,) array
            Spreads from cycle to cycle.
        """
        diagonal = np.where(self.there, self.noise + extra, 1.0)
        h = np.where(self.there, self.cycles @ sigma, 0.0)
        scaled = h / diagonal
        size = 1.0 + np.sum(h * scaled, 1)
        inverse = -scaled[:, :, None] * scaled[:, None, :] / size[:, None, None]
        inverse[:, np.arange(h.shape[1]), np.arange(h.shape[1])] += 1.0 / diagonal
        return inverse * (self.there[:, :, None] & self.there[:, None, :]), np.sum(np.log(diagonal), 1) + np.log(size)

    def information(self, inverse: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what the runs of each device say of its place: matrices (K, P, P) and vectors (K, P)."""
        count, p = len(self.places), self.slopes.shape[2]
        weighed = np.einsum("nfg,ngp->nfp", inverse, self.slopes)
        each = np.einsum("nfp,nfq->npq", self.slopes, weighed)
        towards = np.einsum("nfp,nf->np", weighed, self.rest)
        matrix, vector = np.zeros((count, p, p)), np.zeros((count, p))
        np.add.at(matrix, self.device, each)
        np.add.at(vector, self.device, towards)
        return matrix, vector + np.einsum("kpq,kq->kp", matrix, self.places)


@dataclass(frozen=True)
class Spreads:
    """A normal distribution of places, and where each device is in it.

    Attributes
    ----------
    mean, covariance : (P,), (P, P) arrays
        Of the population.
    places, errors : (K, P), (K, P, P) arrays
        Mean of each device and its covariance.
    """

    mean: FloatArray
    covariance: FloatArray
    places: FloatArray
    errors: FloatArray


def maximise(matrix: FloatArray, vector: FloatArray, start: FloatArray, mean: FloatArray) -> Spreads:
    """Return the distribution of places that makes what the devices say most likely.

    Parameters
    ----------
    matrix, vector : (K, P, P), (K, P) arrays
        From :meth:`Linear.information`.
    start, mean : (P, P), (P,) arrays
        Where to begin.
    """
    covariance, count = start.copy(), len(vector)
    for _ in range(_MOST):
        prior = np.linalg.inv(covariance)
        errors = np.linalg.inv(matrix + prior)
        places = np.einsum("kpq,kq->kp", errors, vector + prior @ mean)
        mean = places.mean(0)
        off = places - mean
        found = (errors.sum(0) + off.T @ off) / count
        found += 1e-12 * np.eye(len(mean))
        still = np.max(np.abs(found - covariance) / np.sqrt(np.outer(np.diag(found), np.diag(found)))) < _STILL
        covariance = found
        if still:
            break
    corrected = covariance * count / (count - 1.0)  # the mean was found from the same devices
    return Spreads(mean, corrected, places, errors)


def explain(
    linear: Linear, spreads: Spreads, extra: FloatArray, sigma: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the variances of what is not explained, the spreads of cycles, and their standard errors.

    The maximum of the expected likelihood, where the places are known as well as `spreads` says.
    """
    from scipy.optimize import minimize

    moved = (spreads.places - linear.places)[linear.device]
    rest = np.where(linear.there, linear.rest - np.einsum("nfp,np->nf", linear.slopes, moved), 0.0)
    errors = spreads.errors[linear.device]
    second = rest[:, :, None] * rest[:, None, :] + np.einsum(
        "nfp,npq,ngq->nfg", linear.slopes, errors, linear.slopes, optimize=True
    )
    n_extra = len(extra)

    def cost(x: FloatArray) -> float:
        inverse, determinant = linear.weights(np.exp(x[:n_extra]), np.exp(x[n_extra:]))
        return 0.5 * float(np.sum(determinant) + np.einsum("nfg,nfg->", inverse, second))

    start = np.log(np.r_[np.maximum(extra, 10 * _FLOOR), np.maximum(sigma, 1e-6)])
    bounds = [(np.log(_FLOOR), None)] * n_extra + [(s - 8.0, s + 8.0) for s in start[n_extra:]]
    found = minimize(cost, start, method="L-BFGS-B", bounds=bounds, options={"maxiter": 60}).x
    deviations = _errors(cost, found)[n_extra:]
    ends: FloatArray = np.exp(found[n_extra:])
    return np.exp(found[:n_extra]), ends, deviations * ends


def _errors(cost: Callable[[FloatArray], float], x: FloatArray, step: float = 0.02) -> FloatArray:
    """Return one standard error of every logarithm, from the curvature of the likelihood; infinite where it is flat."""
    moves = step * np.eye(len(x))
    curvature = np.array([
        [(cost(x + a + b) - cost(x + a - b) - cost(x - a + b) + cost(x - a - b)) / (4.0 * step**2) for b in moves]
        for a in moves
    ])  # fmt: skip
    flat = np.diag(curvature) < 1e-9 * np.max(np.abs(curvature))
    curvature[flat, flat] += 1e-12
    variance = np.diag(np.linalg.pinv(curvature))
    found: FloatArray = np.where(flat | (variance <= 0.0), np.inf, np.sqrt(np.abs(variance)))
    return found


__all__ = ["Linear", "Spreads", "explain", "maximise"]
