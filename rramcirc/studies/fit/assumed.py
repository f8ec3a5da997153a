"""What fitted values owe to a ramp rate that no file says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.studies.fit.model import Protocol
from rramcirc.studies.fit.problem import Problem
from rramcirc.studies.fit.search import inverse_of

_FASTER = np.log(2.0)  # logarithm of the factor of the rate that is told
_STEP = 0.05  # of the difference [1, logarithm of the rate]


def without_times(protocol: Protocol) -> bool:
    """Return whether a file is a sweep that says neither times nor a ramp rate."""
    return protocol.data.kind == "sweep" and not {"time", "ramp"} & set(protocol.data.columns)


def moves_with_rate(problem: Problem, x: FloatArray) -> FloatArray:
    """Return how much each value moves if sweeps without times were twice as fast [its unit].

    Linear in the logarithm of the rate, within the bounds; zero where every sweep says its rate.
    """
    n = len(problem.free)
    if not any(map(without_times, problem.protocols)):
        return np.zeros(n)
    ends = [_at_rate(problem, np.exp(step)).residuals(x)[: problem.n_data] for step in (_STEP, -_STEP)]
    slope = (ends[0] - ends[1]) / (2.0 * _STEP)
    jacobian = problem.jacobian(x)[: problem.n_data]
    place = np.clip(x - _FASTER * inverse_of(jacobian) @ (jacobian.T @ slope), problem.low, problem.high)
    pairs = zip(problem.free, x[:n], place[:n], strict=True)
    moved: FloatArray = np.array([f.value(there) - f.value(here) for f, here, there in pairs])
    return moved


def _at_rate(problem: Problem, factor: float) -> Problem:
    """Return the problem with sweeps that have no times so much faster."""
    other = problem.with_free(problem.free)
    other.protocols = tuple(replace(p, times=p.times / factor) if without_times(p) else p for p in problem.protocols)
    return other


__all__ = ["moves_with_rate", "without_times"]
