"""Compiled loops of the learning of layers: Adam, rounding, pulses. The NumPy form is in `layer_writing`.

Writing has two passes: a quick one over all pairs finds those that may get a pulse, by an upper bound of the
probability, and marks them; a slow one does what the rule says to the marked. Numbers are drawn by a counter: a hash
of (number of the write, index of the pair). No fastmath: a number that is not finite must stay visible.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

from rramcirc.basics.arrays import FloatArray, LoopCompiler
from rramcirc.engines.network.layer_devices import (
    ALPHA_D_OWN,
    ALPHA_P_OWN,
    BOTTOM,
    LEAST_FACTOR,
    TOP,
    Float32Array,
)  # fmt: skip

compiled: LoopCompiler = numba.njit(cache=True, nogil=True, error_model="numpy")
PROPORTIONAL, CANCELLED, LINEARISED, TERNARY = range(4)
LINEAR, EXPONENTIAL, CURVE = range(3)
RATIO, LEVELS, WINDOW, ALPHA_P, ALPHA_D, CYCLE, READ = range(7)  # entries of `numbers`
GAMMA_P, GAMMA_D, NEAREST, VERIFY = range(4)  # entries of `how`
UP, DOWN, CHARGE, READS = range(4)  # entries of `tally`: pulses, and sum of conductance times pulses
SAFE = np.float32(1.00001)  # of the bound in single precision
_TINY = 1e-12
_SMALL = np.float32(1e-20)  # smaller moments are 0: denormal numbers are slow


@compiled
def adam(
    gradient: Float32Array, first: Float32Array, second: Float32Array, decay1: float, decay2: float, rate: float,
    correction: float, wanted: Float32Array,
) -> None:  # fmt: skip
    """Set the wanted change of G+ by a step of Adam; `rate` and `correction` hold the bias corrections."""
    b1, b2, a, c = np.float32(decay1), np.float32(decay2), np.float32(rate), np.float32(correction)
    q1, q2, eps = np.float32(1.0) - b1, np.float32(1.0) - b2, np.float32(1e-8)
    for i in range(gradient.size):
        g = gradient[i]
        m = b1 * first[i] + q1 * g
        m = m if abs(m) > _SMALL else np.float32(0.0)
        v = b2 * second[i] + q2 * (g * g)
        v = v if v > _SMALL else np.float32(0.0)
        first[i] = m
        second[i] = v
        wanted[i] = -a * m / (np.sqrt(v * c) + eps)


@compiled
def hashed(i: int, key: np.uint32) -> np.uint32:
    """Return the hash of a number under a key: the finaliser of MurmurHash3."""
    x = np.uint32(np.uint32(i) * np.uint32(0x9E3779B1)) ^ key
    x = np.uint32(x ^ (x >> np.uint32(16)))
    x = np.uint32(x * np.uint32(0x85EBCA6B))
    x = np.uint32(x ^ (x >> np.uint32(13)))
    x = np.uint32(x * np.uint32(0xC2B2AE35))
    return np.uint32(x ^ (x >> np.uint32(16)))


@compiled
def uniform(i: int, key: np.uint32) -> np.float32:
    """Return a number of [0, 1) with 24 bits."""
    return np.float32(np.int32(hashed(i, key) >> np.uint32(8))) * np.float32(2.0**-24)


@compiled
def normal(i: int, key: np.uint32, stream: int) -> float:
    """Return a standard normal deviate of a stream of its own."""
    one = hashed(2 * stream + 1, np.uint32(key ^ np.uint32(0x5851F42D)))
    two = hashed(2 * stream + 2, np.uint32(key ^ np.uint32(0x5851F42D)))
    u = (np.float64(hashed(i, one)) + 0.5) * 2.0**-32
    v = np.float64(hashed(i, two)) * 2.0**-32
    return math.sqrt(-2.0 * math.log(u)) * math.cos(2.0 * math.pi * v)


@compiled
def mark(
    kind: int, wanted: Float32Array, plus: Float32Array, minus: Float32Array, numbers: FloatArray, key: np.uint32,
    marked: Any,
) -> None:  # fmt: skip
    """Mark the pairs of which a device may get a pulse under stochastic rounding."""
    one, none = np.float32(1.0), np.float32(0.0)
    low, tiny = np.float32(numbers[RATIO]), np.float32(1e-6)
    if kind in (TERNARY, PROPORTIONAL):
        scale = np.float32(2.0) * SAFE
        if kind == PROPORTIONAL:
            scale = np.float32(scale * numbers[LEVELS] / numbers[WINDOW])
        for i in range(wanted.size):
            marked[i] = uniform(i, key) < abs(wanted[i]) * scale
        return
    up, down = SAFE / np.float32(numbers[ALPHA_P]), SAFE / np.float32(numbers[ALPHA_D])
    for i in range(wanted.size):
        d = wanted[i]
        size = abs(d)
        rising = plus[i] if d > none else minus[i]
        falling = minus[i] if d > none else plus[i]
        x, y = one - rising, falling - low
        if kind == CANCELLED:  # -ln(1 - s) <= s / (1 - s)
            x, y = x - size, y - size
        x, y = (x if x > tiny else tiny), (y if y > tiny else tiny)
        marked[i] = uniform(i, key) < size / x * up + size / y * down


@compiled
def between(value: float, across: FloatArray, along: FloatArray, sign: float) -> float:
    """Interpolate; `across` times `sign` rises; beyond the ends it is the end."""
    last = across.size - 1
    if not sign * value > sign * across[0]:
        return float(along[0])
    if sign * value >= sign * across[last]:
        return float(along[last])
    low, high = 0, last
    while high - low > 1:
        middle = (low + high) // 2
        if sign * across[middle] <= sign * value:
            low = middle
        else:
            high = middle
    share = (value - across[low]) / (across[high] - across[low])
    return float(along[low] + share * (along[high] - along[low]))


@compiled
def pulses_of(kind: int, law: int, wanted: float, g: float, numbers: FloatArray, up: Any, down: Any) -> float:
    """Return the pulse number of a rule before rounding; see `layer_rules`."""
    if kind == TERNARY:
        return wanted
    if kind == PROPORTIONAL:
        return float(wanted * (numbers[LEVELS] / numbers[WINDOW]))
    most = numbers[LEVELS]
    if law == CURVE and kind == CANCELLED:
        goal = g + wanted
        if wanted > 0:
            found = between(goal, up[1], up[0], 1.0) - between(g, up[1], up[0], 1.0)
        else:
            found = between(g, down[1], down[0], -1.0) - between(goal, down[1], down[0], -1.0)
        return found
    size = abs(wanted)
    room = 1.0 - g if wanted > 0 else g - numbers[RATIO]
    share = min(size / max(room, _TINY), 1 - _TINY)
    value = -math.log1p(-share) if kind == CANCELLED else share
    value = float(min(value / (numbers[ALPHA_P] if wanted > 0 else numbers[ALPHA_D]), most))
    return value if wanted > 0 else -value


@compiled
def after(
    law: int, g: float, n: float, top: float, bottom: float, faster: float, numbers: FloatArray, up: Any, down: Any
) -> float:
    """Return a conductance after n pulses; `faster` scales the exponent."""
    if n == 0:
        return g
    if law == LINEAR:
        moved = g + n * faster * (numbers[WINDOW] / numbers[LEVELS])
        return float(min(max(moved, min(bottom, g)), max(top, g)))
    if law == EXPONENTIAL:
        if n > 0:
            return float(g + (top - g) * -math.expm1(-numbers[ALPHA_P] * faster * n))
        return float(g - (g - bottom) * -math.expm1(numbers[ALPHA_D] * faster * n))
    if n > 0:
        return max(g, between(between(g, up[1], up[0], 1.0) + n * faster, up[0], up[1], 1.0))
    return min(g, between(between(g, down[1], down[0], -1.0) - n * faster, down[0], down[1], 1.0))


@compiled
def rounded(plus: float, minus: float, draw: float, nearest: bool) -> tuple[int, int]:
    """Round the pulse numbers of a pair; see `layer_rules.rounded_pairs`."""
    p, m = abs(plus), abs(minus)
    if nearest:
        a, b = math.floor(p + 0.5), math.floor(m + 0.5)
    else:
        a, b = math.floor(p), math.floor(m)
        p, m = p - a, m - b
        if draw < p:
            a += 1
            b += draw < p * m
        elif draw < p + m - p * m:
            b += 1
    return (-a if plus < 0 else a), (-b if minus < 0 else b)


@compiled
def pulse(
    law: int, i: int, n: int, stream: int, key: np.uint32, conductance: Float32Array, own: Any, left: Any,
    numbers: FloatArray, up: Any, down: Any, tally: FloatArray,
) -> None:  # fmt: skip
    """Give pulses to a device, as many as it still takes."""
    given = min(abs(n), left[i]) if left.size else abs(n)
    tally[UP if n > 0 else DOWN] += abs(n)  # the driver gives them all
    if given == 0:
        return
    n = given if n > 0 else -given
    if left.size:
        left[i] -= given
    faster = own[i, ALPHA_P_OWN] / numbers[ALPHA_P] if n > 0 else own[i, ALPHA_D_OWN] / numbers[ALPHA_D]
    if numbers[CYCLE] > 0:
        faster *= max(1.0 + numbers[CYCLE] * normal(i, key, stream), LEAST_FACTOR)
    before = conductance[i]
    conductance[i] = after(law, before, n, own[i, TOP], own[i, BOTTOM], faster, numbers, up, down)
    tally[CHARGE] += given * 0.5 * (before + conductance[i])


@compiled
def verified(
    kind: int, law: int, i: int, n: int, most: int, stream: int, key: np.uint32, conductance: Float32Array,
    own: Any, left: Any, numbers: FloatArray, up: Any, down: Any, tally: FloatArray,
) -> None:  # fmt: skip
    """Write a device n levels of the linear device further, reading it back."""
    step = numbers[WINDOW] / numbers[LEVELS]
    goal = 0.0
    for train in range(most):
        noise = numbers[READ] * normal(i, key, stream + 2 * train) if numbers[READ] > 0 else 0.0
        read = conductance[i] * (1.0 + noise)
        tally[READS] += 1
        if train == 0:
            goal = min(max(read + n * step, numbers[RATIO]), 1.0)
        within = 0.5 * max(step, after(law, goal, 1.0, 1.0, numbers[RATIO], 1.0, numbers, up, down) - goal)
        error = goal - read
        if abs(error) <= within and train > 0:
            return
        wanted = abs(pulses_of(kind, law, error, read, numbers, up, down))
        count = math.floor(0.5 * wanted if error > 0 else wanted + 0.5)  # up to the goal from below
        count = min(max(count, 1), int(numbers[LEVELS]))
        pulse(
            law, i, count if error > 0 else -count, stream + 2 * train + 1, key, conductance, own, left, numbers, up,
            down, tally,
        )  # fmt: skip


@compiled
def write(
    kind: int, law: int, how: Any, wanted: Float32Array, plus: Float32Array, plus_own: Any, plus_left: Any,
    minus: Float32Array, minus_own: Any, minus_left: Any, gain_plus: Any, gain_minus: Any,
    weights: Float32Array, numbers: FloatArray, up: Any, down: Any, key: np.uint32, marked: Any, words: Any,
    tally: FloatArray,
) -> None:  # fmt: skip
    """Write the wanted changes, of G+ and with the other sign of G-, into the marked pairs.

    `words` are the marks, eight in a number.
    """
    verify = how[VERIFY]
    for w in range(words.size):
        if words[w] == 0:
            continue
        for i in range(8 * w, min(8 * w + 8, wanted.size)):
            if not marked[i] or wanted[i] == 0:
                continue
            d = np.float64(wanted[i])
            draw = np.float64(uniform(i, key))
            if verify:
                levels = d * (numbers[LEVELS] / numbers[WINDOW])
                a, b = rounded(levels, -levels, draw, how[NEAREST])
                if a != 0:
                    verified(
                        kind, law, i, a, verify, 1000, key, plus, plus_own, plus_left, numbers, up, down, tally
                    )  # fmt: skip
                if b != 0:
                    verified(
                        kind, law, i, b, verify, 2000, key, minus, minus_own, minus_left, numbers, up, down, tally
                    )  # fmt: skip
            else:
                first, second = np.float64(plus[i]), np.float64(minus[i])
                if numbers[READ] > 0:
                    first *= 1.0 + numbers[READ] * normal(i, key, 1)
                    second *= 1.0 + numbers[READ] * normal(i, key, 2)
                a, b = rounded(
                    pulses_of(kind, law, d, first, numbers, up, down),
                    pulses_of(kind, law, -d, second, numbers, up, down), draw, how[NEAREST],
                )  # fmt: skip
                if a != 0:
                    a *= how[GAMMA_P] if a > 0 else how[GAMMA_D]
                    pulse(law, i, a, 3, key, plus, plus_own, plus_left, numbers, up, down, tally)
                if b != 0:
                    b *= how[GAMMA_P] if b > 0 else how[GAMMA_D]
                    pulse(law, i, b, 4, key, minus, minus_own, minus_left, numbers, up, down, tally)
            weights[i] = gain_plus[i] * plus[i] - gain_minus[i] * minus[i]
