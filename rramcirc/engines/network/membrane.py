"""Exact membranes: a leaky integrator under a current that is a straight line, between a threshold and a clamp.

C dV/dt = -V / R + i + s t has one exponential and at most one extremum, so a crossing inside a stretch whose ends are
both below the threshold is found, and so are entry into the clamp and the way out of it.
"""

from __future__ import annotations

import numba
import numpy as np

from rramcirc.basics.arrays import LoopCompiler

compiled: LoopCompiler = numba.njit(cache=True, nogil=True)
_ITERATIONS = 200  # of Newton's method inside a bracket; bisection alone would need 60
NO_CLAMP = -100.0  # [V], as the neuron's record has it


@compiled
def membrane_at(v: float, i: float, s: float, d: float, tau: float, r: float) -> float:
    """Return the voltage [V] after `d` seconds, from `v` [V] under the current i + s t [A], without bounds."""
    a = r * (i - s * tau)
    return float(v - (a - v) * np.expm1(-d / tau) + r * s * d)


@compiled
def extremum(v: float, i: float, s: float, d: float, tau: float, r: float) -> float:
    """Return when the voltage has its only extremum [s], within 0 ... d."""
    b = r * s * tau
    ratio = (v - r * i + b) / b
    return min(max(tau * np.log(ratio), 0.0), d) if ratio > 0.0 else 0.0


@compiled
def rise_time(v: float, i: float, s: float, d: float, tau: float, r: float, level: float) -> float:
    """Return when the voltage first rises to `level` within 0 ... d [s], or -1; it begins at the level or below."""
    if v > level:
        return 0.0
    end = membrane_at(v, i, s, d, tau, r)
    rising, rising_end = r * i - v > 0.0, r * (i + s * d) - end > 0.0
    low, high = 0.0, d
    if rising and not rising_end:  # a maximum inside
        top = extremum(v, i, s, d, tau, r)
        if membrane_at(v, i, s, top, tau, r) < level:
            return -1.0
        high = top
    elif end < level or not rising_end:
        return -1.0
    elif not rising:  # a minimum inside
        low = extremum(v, i, s, d, tau, r)
    if rising and v == level:
        return 0.0
    at = high
    for _ in range(_ITERATIONS):  # between low and high the voltage only rises
        value = membrane_at(v, i, s, at, tau, r)
        if value >= level:
            high = at
        else:
            low = at
        slope = (r * (i + s * at) - value) / tau
        step = at - (value - level) / slope if slope > 0.0 else low
        if abs(step - at) <= 1e-15 * d:
            return at
        if not low < step < high:
            step = 0.5 * (low + high)
            if step <= low or step >= high:
                return high
        at = step
    return high


@compiled
def fall_time(v: float, i: float, s: float, d: float, tau: float, r: float, level: float) -> float:
    """Return when the voltage first falls to `level` within 0 ... d [s], or -1; it begins at the level or above."""
    return rise_time(-v, -i, -s, d, tau, r, -level)


@compiled
def move_membrane(
    v: float, i: float, s: float, d: float, tau: float, r: float, threshold: float, clamp: float
) -> tuple[float, float]:
    """Return the voltage [V] after `d` seconds and when it first reached the threshold [s], or -1.

    Parameters
    ----------
    v
        Voltage at the start [V].
    i, s
        Current at the start [A] and its slope [A/s].
    d
        Length of the stretch [s].
    tau, r
        Leak: time constant [s] and resistance [ohm].
    threshold, clamp
        [V]; at the clamp the voltage stays while the current pulls it further down.
    """
    if v >= threshold:
        return v, 0.0
    if clamp <= NO_CLAMP:
        return membrane_at(v, i, s, d, tau, r), rise_time(v, i, s, d, tau, r, threshold)
    begun = 0.0
    v = max(v, clamp)
    for _ in range(3):  # free, held, free: the current is a straight line
        left = d - begun
        if v <= clamp and r * i - clamp <= 0.0:  # held
            away = (clamp / r - i) / s if s > 0.0 else left
            if away >= left:
                return clamp, -1.0
            begun += away
            i, v = clamp / r, clamp
            left = d - begun
            crossed = rise_time(v, i, s, left, tau, r, threshold)
            return max(clamp, membrane_at(v, i, s, left, tau, r)), begun + crossed if crossed >= 0.0 else -1.0
        crossed = rise_time(v, i, s, left, tau, r, threshold)
        caught = fall_time(v, i, s, left, tau, r, clamp)
        if crossed >= 0.0 and not 0.0 <= caught < crossed:
            return membrane_at(v, i, s, left, tau, r), begun + crossed
        if caught < 0.0:
            return max(clamp, membrane_at(v, i, s, left, tau, r)), -1.0
        begun += caught
        i, v = i + s * caught, clamp
    return v, -1.0
