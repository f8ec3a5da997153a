"""Pairs of devices as a matrix of weights: how a wanted change is written into them, compiled or in NumPy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.arrays import BoolArray, FloatArray, IntArray
from rramcirc.basics.errors import ParameterError
from rramcirc.engines.network import layer_kernels as kernels
from rramcirc.engines.network.layer_devices import LAWS, DevicePool, DeviceSpread, Float32Array, PulsedDevice
from rramcirc.engines.network.layer_rules import (
    PulseRule,
    UpdateRule,
    cancelled,
    limited_factor,
    linearised,
    moved,
    proportional,
    rounded_pairs,
    ternary,
)  # fmt: skip

Engine = Literal["compiled", "numpy"]
KNOWN: dict[PulseRule, int] = {
    proportional: kernels.PROPORTIONAL, cancelled: kernels.CANCELLED, linearised: kernels.LINEARISED,
    ternary: kernels.TERNARY,
}  # fmt: skip
_EMPTY = np.zeros((2, 2))


@dataclass
class Pairs:
    """G+ and G- of a matrix of weights, flat, with what they are made of.

    Attributes
    ----------
    plus, minus
        Devices; conductances are in units of the nominal largest.
    weights : (count,) array
        G+ - G-, each times its gain.
    gain_plus, gain_minus : (count,) arrays
        What wires leave of a device's current; 1 without wires.
    tally : (4,) array
        Pulses up, pulses down, sum of conductance times pulses, devices read for writing, since it was cleared.
    """

    device: PulsedDevice
    spread: DeviceSpread
    plus: DevicePool
    minus: DevicePool
    gain_plus: Float32Array
    gain_minus: Float32Array
    weights: Float32Array
    tally: FloatArray = field(default_factory=lambda: np.zeros(4))

    @classmethod
    def of_pools(cls, device: PulsedDevice, spread: DeviceSpread, plus: DevicePool, minus: DevicePool) -> Pairs:
        """Return pairs without wires."""
        ones = np.broadcast_to(np.float32(1.0), plus.conductance.shape)  # one number: it stays in the cache
        return cls(device, spread, plus, minus, ones, ones, plus.conductance - minus.conductance)

    def refresh(self) -> None:
        """Set the weights from conductances and gains."""
        self.weights[:] = self.gain_plus * self.plus.conductance - self.gain_minus * self.minus.conductance

    def write(self, wanted: Float32Array, rule: UpdateRule | None, key: int, engine: Engine = "compiled") -> None:
        """Change G+ as wanted and G- against it; without a rule exactly and without bounds (no devices).

        Parameters
        ----------
        wanted : (count,) array
            Change of G+ in units of the largest conductance.
        key
            32-bit number of the write; the draws follow from it.
        engine
            ``"compiled"`` or ``"numpy"``; rules of a user's own are done in NumPy.
        """
        if rule is None:
            self.plus.conductance += wanted
            self.minus.conductance -= wanted
            self.refresh()
            return
        if self.device.law == "curve" and rule.pulses is linearised:
            raise ParameterError("linearised: a device of curves has no exponents; use cancelled.")
        if rule.pulses in (cancelled, linearised) and not rule.verify:
            self.tally[kernels.READS] += 2 * wanted.size
        if engine == "compiled" and rule.pulses in KNOWN:
            self._compiled(wanted, rule, key)
        elif rule.verify:
            self._verified(wanted, rule, key)
        else:
            self._plain(wanted, rule, key)

    def _compiled(self, wanted: Float32Array, rule: UpdateRule, key: int) -> None:
        device, spread, count = self.device, self.spread, wanted.size
        kind, number = KNOWN[rule.pulses], np.uint32(key)
        numbers = np.array([
            device.ratio, device.levels, device.window, device.alpha_p, device.alpha_d, spread.cycle, spread.read,
        ])  # fmt: skip
        marked = np.ones(-(-count // 8) * 8, np.uint8)
        quick = rule.rounding == "stochastic" and (
            kind in (kernels.TERNARY, kernels.PROPORTIONAL) or (device.law != "curve" and not spread.read)
        )
        if quick or rule.verify:
            bound = kernels.PROPORTIONAL if rule.verify else kind
            if rule.rounding == "stochastic":
                kernels.mark(
                    bound, wanted, self.plus.conductance, self.minus.conductance, numbers, number, marked[:count]
                )
        marked[count:] = 0
        how = (rule.gamma_p, rule.gamma_d, int(rule.rounding == "nearest"), rule.verify)
        kernels.write(
            kind, LAWS.index(device.law), how, wanted, self.plus.conductance, self.plus.own, self.plus.left,
            self.minus.conductance, self.minus.own, self.minus.left, self.gain_plus, self.gain_minus, self.weights,
            numbers, _curve(device.up), _curve(device.down), number, marked, marked.view(np.uint64), self.tally,
        )  # fmt: skip

    def _plain(self, wanted: Float32Array, rule: UpdateRule, key: int) -> None:
        change, draw = wanted.astype(np.float64), uniforms32(key, wanted.size)
        first, second = self.plus.conductance.astype(np.float64), self.minus.conductance.astype(np.float64)
        if self.spread.read > 0:
            first *= 1 + self.spread.read * normals32(key, wanted.size, 1)
            second *= 1 + self.spread.read * normals32(key, wanted.size, 2)
        pulses = rounded_pairs(
            rule.pulses(change, first, self.device), rule.pulses(-change, second, self.device), draw, rule.rounding
        )
        for k, (pool, count) in enumerate(zip((self.plus, self.minus), pulses, strict=True)):
            self._pulse(pool, count * np.where(count > 0, rule.gamma_p, rule.gamma_d), 3 + k, key)
        self.refresh()

    def _pulse(self, pool: DevicePool, pulses: IntArray, stream: int, key: int) -> None:
        """Give pulses to devices, as many as they still take."""
        size = np.abs(pulses)
        self.tally[kernels.UP] += size[pulses > 0].sum()
        self.tally[kernels.DOWN] += size[pulses < 0].sum()
        given = np.minimum(size, pool.left) if pool.left.size else size
        factor: FloatArray | float = 1.0
        if self.spread.cycle > 0:
            factor = limited_factor(normals32(key, given.size, stream), self.spread.cycle)
        before = pool.conductance.astype(np.float64)
        pool.conductance[:] = moved(self.device, pool, np.sign(pulses) * given, factor)
        if pool.left.size:
            pool.left -= given.astype(np.int32)
        self.tally[kernels.CHARGE] += (given * 0.5 * (before + pool.conductance)).sum()

    def _verified(self, wanted: Float32Array, rule: UpdateRule, key: int) -> None:
        device, count = self.device, wanted.size
        step = device.window / device.levels
        levels = proportional(wanted.astype(np.float64), np.zeros(1), device)
        pairs = rounded_pairs(levels, -levels, uniforms32(key, count), rule.rounding)
        for pool, number, stream in zip((self.plus, self.minus), pairs, (1000, 2000), strict=True):
            busy: BoolArray = number != 0
            goal = np.zeros(count)
            for train in range(rule.verify):
                noise = self.spread.read * normals32(key, count, stream + 2 * train) if self.spread.read > 0 else 0.0
                read = pool.conductance.astype(np.float64) * (1.0 + noise)
                self.tally[kernels.READS] += busy.sum()
                if train == 0:
                    goal = np.clip(read + number * step, device.ratio, 1.0)
                error = goal - read
                if train > 0:
                    busy = busy & (np.abs(error) > _tolerance(device, goal))
                size = np.abs(rule.pulses(error, read, device))
                size = np.floor(np.where(error > 0, 0.5 * size, size + 0.5))  # up to the goal from below
                given = np.where(error > 0, 1, -1) * np.clip(size, 1, device.levels).astype(np.int64)
                self._pulse(pool, np.where(busy, given, 0), stream + 2 * train + 1, key)
        self.refresh()


def _tolerance(device: PulsedDevice, goal: FloatArray) -> FloatArray:
    """Return half a potentiating pulse of the nominal device at a conductance, or half a level if that is more."""
    own = np.tile(np.array([1.0, device.ratio, device.alpha_p, device.alpha_d], np.float32), (goal.size, 1))
    pool = DevicePool(goal, own, np.zeros(0, np.int32))  # type: ignore[arg-type]  # one row a device
    pulse = moved(device, pool, np.ones(goal.size, np.int64)) - goal
    return np.asarray(0.5 * np.maximum(device.window / device.levels, pulse))


def _curve(values: FloatArray) -> FloatArray:
    """Return (pulse number, conductance) as rows; empty curves are not read."""
    return np.array([np.arange(values.size, dtype=float), values]) if values.size else _EMPTY


def _hashed(numbers: NDArray[np.uint32], key: NDArray[np.uint32] | np.uint32) -> NDArray[np.uint32]:
    x = (numbers * np.uint32(0x9E3779B1)) ^ key
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return np.asarray(x ^ (x >> np.uint32(16)))


def uniforms32(key: int, count: int) -> FloatArray:
    """Return the uniform numbers of [0, 1) that the compiled loops draw under a 32-bit key."""
    drawn = _hashed(np.arange(count, dtype=np.uint32), np.uint32(key)) >> np.uint32(8)
    return np.asarray(drawn * 2.0**-24, np.float64)


def normals32(key: int, count: int, stream: int) -> FloatArray:
    """Return the standard normal deviates that the compiled loops draw under a 32-bit key and stream."""
    turned = np.uint32(key) ^ np.uint32(0x5851F42D)
    one, two = (_hashed(np.array([2 * stream + k], np.uint32), turned) for k in (1, 2))
    numbers = np.arange(count, dtype=np.uint32)
    u, v = (_hashed(numbers, one) + 0.5) * 2.0**-32, _hashed(numbers, two) * 2.0**-32
    return np.asarray(np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * np.pi * v))
