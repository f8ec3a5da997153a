"""Update rules: how many pulses a device gets for a wanted change of its conductance. In NumPy; the reference.

A rule is a function of (wanted change, conductance, device) that returns pulse numbers before rounding, positive to
potentiate; any function of that form will do. The compiled loops know those of this file.

References
----------
[Fouda2020]_ Sections II to IV.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np

from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.basics.errors import ParameterError, shown
from rramcirc.basics.fields import choice, other, record, whole
from rramcirc.engines.network.layer_devices import LEAST_FACTOR, DevicePool, PulsedDevice

PulseRule = Callable[[FloatArray, FloatArray, PulsedDevice], FloatArray]
_TINY = 1e-12


def proportional(wanted: FloatArray, conductance: FloatArray, device: PulsedDevice) -> FloatArray:
    """Return N/(1 - K) times the wanted change: pulses of a linear device, Eq. 7."""
    return wanted * (device.levels / device.window)


def cancelled(wanted: FloatArray, conductance: FloatArray, device: PulsedDevice) -> FloatArray:
    """Return the pulses that cancel the nonlinearity of the nominal device, Eqs. 11 and 12; at most N.

    They need the conductance, so a read of every device.
    """
    if device.law == "curve":
        return _curve_pulses(wanted, conductance, device)
    up, down = _share(wanted, conductance, device)
    pulses = np.where(wanted > 0, -np.log1p(-up) / device.alpha_p, np.log1p(-down) / device.alpha_d)
    return np.clip(pulses, -device.levels, device.levels)


def linearised(wanted: FloatArray, conductance: FloatArray, device: PulsedDevice) -> FloatArray:
    """Return the pulses of Eqs. 13a and 13b, `cancelled` to first order; at most N. They need a read, too."""
    up, down = _share(wanted, conductance, device)
    pulses = np.where(wanted > 0, up / device.alpha_p, -down / device.alpha_d)
    return np.clip(pulses, -device.levels, device.levels)


def ternary(wanted: FloatArray, conductance: FloatArray, device: PulsedDevice) -> FloatArray:
    """Return the wanted change itself, Eq. 14: rounded stochastically it is a pulse up, none, or one down."""
    return np.array(wanted, np.float64)


def _share(wanted: FloatArray, conductance: FloatArray, device: PulsedDevice) -> tuple[FloatArray, FloatArray]:
    """Return the change over what is left to the upper and to the lower bound, below 1."""
    size = np.abs(wanted)
    up = size / np.maximum(1.0 - conductance, _TINY)
    down = size / np.maximum(conductance - device.ratio, _TINY)
    return np.minimum(up, 1 - _TINY), np.minimum(down, 1 - _TINY)


def _curve_pulses(wanted: FloatArray, conductance: FloatArray, device: PulsedDevice) -> FloatArray:
    """Return how far apart two conductances are on the curve."""
    goal = conductance + wanted
    up, down = np.arange(device.up.size, dtype=float), np.arange(device.down.size, dtype=float)
    rise = np.interp(goal, device.up, up) - np.interp(conductance, device.up, up)
    fall = np.interp(-conductance, -device.down, down) - np.interp(-goal, -device.down, down)
    return np.asarray(np.where(wanted > 0, rise, fall), np.float64)


@record
class UpdateRule:
    """Pulses of a wanted change, their rounding, scaling and, if asked for, verification.

    With `verify`, the change is rounded to the levels of the linear device, and the device read and pulsed until it is
    within half a pulse of the goal or `verify` trains were given: up by half the number that `pulses` says, so that
    the goal is reached from below, down by all of it.
    """

    pulses: PulseRule = other("function of (wanted change, conductance, device)")
    gamma_p: int = whole("pulses for each potentiating one, Eq. 14", default=1, low=1)
    gamma_d: int = whole("pulses for each depressing one, Eq. 14", default=1, low=1)
    rounding: Literal["stochastic", "nearest"] = choice("of the pulse number", default="stochastic")
    verify: int = whole("most trains of pulses of one write; 0 is without reading back", default=0)

    def _check(self) -> None:
        if not callable(self.pulses):
            raise ParameterError(
                f"UpdateRule.pulses: {shown(self.pulses)} is no function of (wanted, conductance, device)."
            )
        if self.verify and (self.gamma_p, self.gamma_d) != (1, 1):
            raise ParameterError("UpdateRule: write-verify reaches its goal by itself; leave the gammas at 1.")


def rounded_pairs(plus: FloatArray, minus: FloatArray, draw: FloatArray, rounding: str) -> tuple[IntArray, IntArray]:
    """Round the pulse numbers of both devices of a pair.

    Stochastic rounding takes the next whole number away from zero with the probability of the fraction, for each device
    on its own: one uniform draw decides among both, plus only, minus only and none.
    """
    if rounding == "nearest":
        return _signed(plus, np.floor(np.abs(plus) + 0.5)), _signed(minus, np.floor(np.abs(minus) + 0.5))
    whole_p, whole_m = np.floor(np.abs(plus)), np.floor(np.abs(minus))
    part_p, part_m = np.abs(plus) - whole_p, np.abs(minus) - whole_m
    both = draw < part_p * part_m
    more_p = draw < part_p
    more_m = both | (~more_p & (draw < part_p + part_m - part_p * part_m))
    return _signed(plus, whole_p + more_p), _signed(minus, whole_m + more_m)


def _signed(like: FloatArray, magnitude: FloatArray) -> IntArray:
    return np.where(like < 0, -magnitude, magnitude).astype(np.int64)


def moved(device: PulsedDevice, pool: DevicePool, pulses: IntArray, factor: FloatArray | float = 1.0) -> FloatArray:
    """Return the conductances after pulses; `factor` scales the exponents of this write."""
    g, n = pool.conductance.astype(np.float64), np.asarray(pulses, np.float64)
    top, bottom, alpha_p, alpha_d = pool.own.T.astype(np.float64)
    if device.law == "linear":
        faster = np.where(n > 0, alpha_p / device.alpha_p, alpha_d / device.alpha_d) * factor
        step = n * faster * (device.window / device.levels)
        after = np.clip(g + step, np.minimum(bottom, g), np.maximum(top, g))
    elif device.law == "exponential":
        rise = -np.expm1(-alpha_p * factor * np.maximum(n, 0.0))
        fall = -np.expm1(-alpha_d * factor * np.maximum(-n, 0.0))
        after = np.where(n > 0, g + (top - g) * rise, g - (g - bottom) * fall)
    else:
        up, down = np.arange(device.up.size, dtype=float), np.arange(device.down.size, dtype=float)
        rise = np.interp(np.interp(g, device.up, up) + n * (alpha_p / device.alpha_p) * factor, up, device.up)
        way = np.interp(-g, -device.down, down) - n * (alpha_d / device.alpha_d) * factor
        after = np.where(n > 0, np.maximum(rise, g), np.minimum(np.interp(way, down, device.down), g))
    return np.where(n == 0, g, after)


#: name -> rule as the paper has it; gammas by `scaled`
RULES = {
    "linear": UpdateRule(proportional), "naive": UpdateRule(proportional), "cancelled": UpdateRule(cancelled),
    "linearised": UpdateRule(linearised), "ternary": UpdateRule(ternary),
    "nearest": UpdateRule(proportional, rounding="nearest"), "verify": UpdateRule(cancelled, verify=20),
}  # fmt: skip


def scaled(gamma_p: int, gamma_d: int) -> UpdateRule:
    """Return the ternary rule with scaling factors, Eq. 14."""
    return replace(RULES["ternary"], gamma_p=gamma_p, gamma_d=gamma_d)


def limited_factor(values: FloatArray, cycle: float) -> FloatArray:
    """Return factors of the exponents of one write from standard normal deviates."""
    return np.maximum(1.0 + cycle * values, LEAST_FACTOR)
