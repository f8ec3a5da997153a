"""Exact membranes against tiny steps: crossings inside a stretch, entry into the clamp and the way out of it."""

from __future__ import annotations

import numpy as np
import pytest

from rramcirc.engines.network.membrane import fall_time, membrane_at, move_membrane, rise_time

TAU, C = 50e-3, 100e-12
R = TAU / C
UNIT = C / 1e-3  # current that moves the membrane by 1 V in 1 ms


def stepped(v, i, s, d, clamp, threshold=1.0, steps=200_000):
    """(voltage at the end or at the crossing, time of the crossing or -1) by the midpoint rule."""
    h = d / steps
    for k in range(steps):
        slope = (i + s * k * h - v / R) / C
        middle = max(clamp, v + 0.5 * h * slope)
        slope = (i + s * (k + 0.5) * h - middle / R) / C
        v = max(clamp, v + h * slope)
        if v >= threshold:
            return v, (k + 1) * h
    return v, -1.0


CASES = {
    "rises to the threshold": (0.2, 1.5 * UNIT, 0.0, 1e-3),
    "crosses inside, both ends below": (0.9, 1.0 * UNIT, -2e3 * UNIT, 1e-3),
    "turns before the threshold": (0.5, 1.0 * UNIT, -2e3 * UNIT, 1e-3),
    "falls into the clamp": (0.3, -1.0 * UNIT, 0.0, 1e-3),
    "clamped, let go, and fires": (0.2, -1.0 * UNIT, 4e3 * UNIT, 1.4e-3),
    "held from the start, let go": (0.0, -0.5 * UNIT, 1e3 * UNIT, 1e-3),
    "would rise from below the clamp": (0.1, -1.0 * UNIT, 2.3e3 * UNIT, 1e-3),
    "rises, turns, and falls into the clamp": (0.1, 0.6 * UNIT, -3e3 * UNIT, 1.5e-3),
    "leaves the clamp at once and fires": (0.0, 1.5 * UNIT, 0.0, 1e-3),
    "leaves the clamp at once and falls back": (0.0, 0.3 * UNIT, -1e3 * UNIT, 1e-3),
    "leaks": (0.8, 0.0, 0.0, 30e-3),
}


@pytest.mark.parametrize("case", CASES)
def test_a_stretch_ends_where_tiny_steps_end(case):
    v, i, s, d = CASES[case]
    end, crossed = move_membrane(v, i, s, d, TAU, R, 1.0, 0.0)
    expected, when = stepped(v, i, s, d, 0.0)
    assert crossed == pytest.approx(when, abs=2e-8)
    assert (crossed >= 0.0) == (case in list(CASES)[:2] or "fires" in case)
    if crossed < 0.0:
        assert end == pytest.approx(expected, abs=1e-5)


def test_random_stretches_end_where_tiny_steps_end():
    rng = np.random.default_rng(3)
    fired = held = 0
    for _ in range(40):
        v, d = rng.uniform(-0.2, 0.99), rng.uniform(0.2e-3, 3e-3)
        i, s = rng.normal() * UNIT, rng.normal() * 2e3 * UNIT
        end, crossed = move_membrane(v, i, s, d, TAU, R, 1.0, -0.2)
        expected, when = stepped(v, i, s, d, -0.2, steps=20_000)
        assert crossed == pytest.approx(when, abs=3e-7)
        assert crossed >= 0.0 or end == pytest.approx(expected, abs=1e-4)
        fired, held = fired + (crossed >= 0.0), held + (end == -0.2)
    assert fired > 4
    assert held > 2


def test_crossing_times_are_exact():
    v, i, s, d = CASES["crosses inside, both ends below"]
    at = rise_time(v, i, s, d, TAU, R, 1.0)
    assert membrane_at(v, i, s, at, TAU, R) == pytest.approx(1.0, abs=1e-14)
    assert membrane_at(v, i, s, d, TAU, R) < 1.0
    at = fall_time(0.3, -UNIT, 0.0, 1e-3, TAU, R, 0.0)
    assert membrane_at(0.3, -UNIT, 0.0, at, TAU, R) == pytest.approx(0.0, abs=1e-14)


def test_without_a_clamp_nothing_holds_the_membrane():
    end, crossed = move_membrane(0.3, -UNIT, 0.0, 1e-3, TAU, R, 1.0, -101.0)
    assert crossed == -1.0
    assert end == pytest.approx(membrane_at(0.3, -UNIT, 0.0, 1e-3, TAU, R), abs=1e-15)
    assert end < -0.6


def test_at_the_threshold_it_fires_at_once():
    assert move_membrane(1.0, -UNIT, 0.0, 1e-3, TAU, R, 1.0, 0.0) == (1.0, 0.0)


def test_two_halves_are_one_stretch():
    v, i, s, d = CASES["turns before the threshold"]
    middle, _ = move_membrane(v, i, s, d / 2, TAU, R, 1.0, 0.0)
    end, _ = move_membrane(middle, i + s * d / 2, s, d / 2, TAU, R, 1.0, 0.0)
    assert end == pytest.approx(move_membrane(v, i, s, d, TAU, R, 1.0, 0.0)[0], abs=1e-13)
