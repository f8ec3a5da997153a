"""Measurements on edges and pulses: closed forms, and what noise, ringing, shifts and scales must not change."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import rramcirc as rc
from rramcirc.analysis import timing as t
from rramcirc.analysis.levels import state_levels, transitions
from rramcirc.basics.errors import ParameterError

DECKS = Path(__file__).parents[1] / "data" / "decks"
TIME = np.linspace(0.0, 10.0, 2001)


def ringing(time: np.ndarray, damping: float, start: float = 1.0) -> np.ndarray:
    """Return the step of a resonance at 1 Hz; its overshoot is 100 exp(-2 pi damping / 2) %."""
    after, omega = np.clip(time - start, 0.0, None), 2 * np.pi
    return np.where(time < start, 0.0, 1 - np.exp(-damping * omega * after) * np.cos(omega * after))


def ringing_deck(time: np.ndarray) -> np.ndarray:
    """Return v(b) of rise_time_ringing.cir by partial fractions: a ramp of 10 ns at 1 us into R, L, and C beside R."""
    ohm, henry, farad, load, ramp = 20.0, 1e-6, 1e-9, 1e3, 10e-9
    a, b, c = henry * farad, ohm * farad + henry / load, 1 + ohm / load
    poles = np.roots([a, b, c])

    def response(after: np.ndarray) -> np.ndarray:  # to a ramp of 1 V/s
        after = np.clip(after, 0.0, None)
        parts = [np.exp(p * after) / (p**2 * a * (p - q)) for p, q in (poles, poles[::-1])]
        return after / c - b / c**2 + np.real(sum(parts))

    return (response(time - 1e-6) - response(time - 1e-6 - ramp)) / ramp


def test_rise_time_of_a_ringing_step_is_between_its_state_levels(tmp_path):
    time = np.append(np.linspace(0.0, 3e-6, 30001), 20e-6)
    exact = t.rise_time(ringing_deck(time), time)  # levels 0 and 1/1.02 V are passed at 19.6467 and 62.4980 ns
    assert exact == pytest.approx(62.4980e-9 - 19.6467e-9, rel=1e-4, abs=0)  # ideal step: 42.57 ns
    waves = rc.simulate_netlist(DECKS / "rise_time_ringing.cir", output=tmp_path / "run").between(0.0, 20e-6)
    values = waves["v(b)"]
    assert np.abs(values - ringing_deck(waves.time)).max() < 5e-3  # steps of 2 ns, trapezoidal
    assert state_levels(values, waves.time) == pytest.approx((0.0, 1000 / 1020), abs=1e-4)
    assert t.rise_time(values, waves.time) == pytest.approx(exact, abs=0.1e-9)
    assert t.rise_time(values, waves.time, base=0.0, top=float(values.max())) == pytest.approx(60.9e-9, abs=0.1e-9)


@pytest.mark.parametrize("damping", [0.02, 0.05, 0.2])
def test_levels_and_overshoot_of_a_resonance(damping):
    time = np.linspace(0.0, 60.0, 20001)
    values = ringing(time, damping)
    assert state_levels(values, time) == pytest.approx((0.0, 1.0), abs=1e-3)
    assert t.overshoot(values, time) == pytest.approx(100 * math.exp(-math.pi * damping), rel=0.03)
    assert t.overshoot(-values, time) == pytest.approx(t.overshoot(values, time))


def test_levels_of_sine_triangle_and_constant():
    assert state_levels(np.sin(2 * np.pi * TIME + 0.3), TIME) == pytest.approx((-1.0, 1.0), abs=1e-3)
    assert state_levels(np.abs((TIME % 2) - 1), TIME) == (0.0, 1.0)
    assert state_levels(np.full(3, 2.5), [0.0, 1.0, 2.0]) == (2.5, 2.5)
    assert all(map(math.isnan, state_levels([0.0, math.nan], [0.0, 1.0])))
    sine = np.sin(2 * np.pi * TIME + 0.3)
    assert t.rise_time(sine, TIME) == pytest.approx(math.asin(0.8) / math.pi, rel=1e-3)
    assert t.period(sine, TIME) == pytest.approx(1.0, rel=1e-5)
    assert t.duty_cycle(sine, TIME) == pytest.approx(50.0, rel=1e-4)


edges = st.tuples(*[st.floats(0.1, 1.0)] * 4, st.floats(0.0, 0.8))


def trapezoid(widths: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return corners of a pulse: low for a, rise in b / 10, a peak of `over`, high for c, fall in d / 10, low for 1."""
    a, b, c, d, over = widths
    corners = np.cumsum([0.0, a, b / 10, 0.02, 0.02, c, d / 10, 1.0])
    return corners, np.array([0.0, 0.0, 1.0, 1.0 + over, 1.0, 1.0, 0.0, 0.0])


@settings(max_examples=60, deadline=None)
@given(widths=edges, points=st.lists(st.floats(0.0, 1.0), max_size=40))
def test_edges_of_a_pulse_are_found_whatever_the_points_between(widths, points):
    corners, levels = trapezoid(widths)
    assume(min(widths[:4]) >= 0.1)
    time = np.unique(np.concatenate([corners, np.array(points) * corners[-1]]))
    values = np.interp(time, corners, levels)
    _, b, c, d, over = widths
    assert state_levels(values, time) == pytest.approx((0.0, 1.0), abs=0.01)
    assert t.rise_time(values, time) == pytest.approx(0.08 * b, rel=0.03)
    assert t.fall_time(values, time) == pytest.approx(0.08 * d, rel=0.03)
    assert t.fall_time(values, time, 0.2, 0.6) == pytest.approx(0.04 * d, rel=0.06)
    assert t.pulse_width(values, time) == pytest.approx(c + 0.04 + b / 20 + d / 20, rel=0.01)
    assert t.slew_rate(values, time) == pytest.approx(10 / b, rel=0.03)
    assert t.overshoot(values, time) == pytest.approx(100 * over, abs=1.5)


@settings(max_examples=40, deadline=None)
@given(
    widths=edges,
    shift=st.floats(-1e3, 1e3),
    stretch=st.floats(1e-9, 1e3),
    offset=st.floats(-10.0, 10.0),
    factor=st.floats(1e-6, 1e3),
    seed=st.integers(0, 99),
)
def test_shift_and_scale_do_not_matter_but_as_they_should(widths, shift, stretch, offset, factor, seed):
    corners, levels = trapezoid(widths)
    time = np.unique(np.concatenate([corners, np.linspace(0.0, corners[-1], 200)]))
    values = np.interp(time, corners, levels) + 0.003 * np.random.default_rng(seed).standard_normal(len(time))
    first = [f(values, time) for f in (t.rise_time, t.fall_time, t.pulse_width)]
    moved, scaled = (time + shift / 1e3) * stretch, (values + offset / 10) * factor
    again = [f(scaled, moved) for f in (t.rise_time, t.fall_time, t.pulse_width)]
    assert np.array(again) / stretch == pytest.approx(first, rel=1e-3, nan_ok=True)
    low, high = state_levels(values, time)
    assert state_levels(scaled, moved) == pytest.approx(
        ((low + offset / 10) * factor, (high + offset / 10) * factor), rel=1e-4, abs=1e-4 * factor
    )
    assert t.fall_time(-values, time) == pytest.approx(t.rise_time(values, time), rel=1e-6, nan_ok=True)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), noise=st.floats(0.0, 0.01))
def test_noise_on_plateaus_moves_levels_by_less_than_itself(seed, noise):
    rng = np.random.default_rng(seed)
    values = np.interp(TIME, [0, 3, 3.5, 7, 8, 10], [0.0, 0, 1, 1, 0, 0]) + noise * rng.standard_normal(len(TIME))
    assert state_levels(values, TIME) == pytest.approx((0.0, 1.0), abs=0.3 * noise + 1e-3)
    assert t.rise_time(values, TIME) == pytest.approx(0.4, abs=3.5 * noise + 1e-3)
    assert t.pulse_width(values, TIME) == pytest.approx(4.25, abs=5 * noise + 1e-3)
    assert len(transitions(values, TIME, 0.0, 1.0).places) == 2


def test_dense_points_do_not_count_more():
    time = np.concatenate([np.linspace(0, 1, 3), np.linspace(1, 1.1, 5000), np.linspace(1.1, 4, 4)])
    values = np.interp(time, [0, 1, 1.02, 1.1, 4], [0, 0, 1.4, 1, 1])
    assert state_levels(values, time) == pytest.approx((0.0, 1.0), abs=1e-3)


def test_settling_is_counted_from_the_transition_and_ends_before_the_next():
    time = np.linspace(0.0, 40.0, 40001)
    values = ringing(time, 0.1) * (time < 30)
    expected = next(  # the last place outside the band, from the formula
        x for x in np.arange(20.0, 1.0, -1e-4) if abs(math.exp(-0.2 * np.pi * (x - 1)) * math.cos(2 * np.pi * x)) > 0.05
    )
    middle = t.settling_time(values, time, 0.05)
    up = transitions(values, time, 0.0, 1.0).places[0]
    assert middle == pytest.approx(expected - up, abs=0.003)
    assert math.isnan(t.settling_time(values[time < 2.3], time[time < 2.3], 0.01, 0.0, 1.0))  # it has not settled
    assert math.isnan(t.settling_time(np.ones(5), np.arange(5.0)))


def test_delay_between_waveforms():
    first, second = (np.interp(TIME, [a, a + 0.2, a + 3, a + 3.2], [0, 1, 1, 0]) for a in (1.0, 2.5))
    assert t.delay(first, 2 * second, TIME) == pytest.approx(1.5)
    assert t.delay(first, second, TIME, "fall", "rise") != t.delay(first, second, TIME, "rise", "fall")
    assert t.delay(first, -second, TIME, "fall", "rise") == pytest.approx(1.5)
    assert math.isnan(t.delay(second, first, TIME, "fall"))
    with pytest.raises(ParameterError, match="unknown edge"):
        t.delay(first, second, TIME, "up")


def test_period_frequency_and_duty_cycle_of_pulses():
    corners = np.concatenate([[k, k + 0.1, k + 0.3, k + 0.4] for k in range(1, 9)])
    values = np.interp(TIME, corners, np.tile([0.0, 1, 1, 0], 8))
    assert t.period(values, TIME) == pytest.approx(1.0)
    assert t.frequency(values, TIME) == pytest.approx(1.0)
    assert t.duty_cycle(values, TIME) == pytest.approx(30.0)
    assert math.isnan(t.period(values[:300], TIME[:300]))
    assert math.isnan(t.duty_cycle(values[:300], TIME[:300]))


def test_spikes_are_counted_once_each():
    corners = np.concatenate([[k, k + 0.02, k + 0.04, k + 0.06, k + 0.1] for k in (1.0, 3.0, 4.0, 8.0)])
    values = np.interp(TIME, corners, np.tile([0.0, 0.9, 0.8, 1.0, 0.0], 4))  # with ripple on top
    assert t.spike_count(values, TIME) == 4
    assert t.spike_count(values, TIME, 0.85) == 4
    assert t.spike_count(values, TIME, 1.5) == 0
    assert t.inter_spike_interval(values, TIME) == pytest.approx(7 / 3, rel=1e-3)
    assert t.spike_count(np.zeros(3), [0.0, 1.0, 2.0]) == 0
    assert math.isnan(t.inter_spike_interval(np.zeros(3), [0.0, 1.0, 2.0]))


def test_levels_can_be_given():
    values = np.interp(TIME, [0, 1, 2, 10], [0.0, 0, 1, 1])
    assert t.rise_time(values, TIME, base=0.0, top=2.0) != t.rise_time(values, TIME)
    assert t.rise_time(values, TIME, 0.1, 0.45, 0.0, 2.0) == pytest.approx(0.7)
    assert t.rise_time(values, TIME, 0.6, 0.9) == pytest.approx(0.3)
    assert t.overshoot(values, TIME, 0.0, 0.8) == pytest.approx(25.0)
    assert t.settling_time(values, TIME, 0.1, 0.0, 1.0) == pytest.approx(0.4)
    for wrong in (lambda: t.rise_time(values, TIME, base=1.0, top=0.0), lambda: t.settling_time(values, TIME, 0.7)):
        with pytest.raises(ParameterError):
            wrong()


def test_nothing_is_found_where_nothing_moves():
    for function in (t.rise_time, t.fall_time, t.slew_rate, t.overshoot, t.settling_time, t.pulse_width, t.period):
        assert math.isnan(function(np.ones(4), np.arange(4.0)))
        assert math.isnan(function([1.0], [0.0]))


@pytest.mark.parametrize(
    ("values", "places", "rises"),
    [
        ([0.0, 0.59, 0.0], [], []),  # not 10 % of the amplitude above the middle
        ([0.0, 0.6, 0.0], [0.5 / 0.6, 2.0 - 0.5 / 0.6], [1, 0]),
        ([1.0, 0.41, 1.0], [], []),
        ([1.0, 0.4, 1.0], [0.5 / 0.6, 2.0 - 0.5 / 0.6], [0, 1]),
        ([0.0, 0.55, 0.45, 1.0, 1.0], [0.5 / 0.55], [1]),  # where it first passes the middle
        ([0.45, 1.0, 0.0], [1.5], [0]),  # it began in neither state
        ([0.0, 0.5, 1.0], [1.0], [1]),
    ],
)
def test_a_transition_goes_past_a_tenth_on_both_sides_of_the_middle(values, places, rises):
    found = transitions(values, np.arange(len(values), dtype=float), 0.0, 1.0)
    assert found.places == pytest.approx(places)
    assert found.rises.tolist() == rises


def test_transitions_follow_levels_and_axis():
    values = 3.0 + 2.0 * np.array([0.0, 1.0, 1.0, 0.0])
    found = transitions(values, [0.0, 10.0, 30.0, 34.0], 3.0, 5.0)
    assert found.places == pytest.approx([5.0, 32.0])
    assert transitions(values, [0.0, 10.0, 30.0, 34.0], 5.0, 5.0).places.size == 0
    assert transitions(values, [0.0, 10.0, 30.0, 34.0], 5.0, 3.0).places.size == 0


@pytest.mark.parametrize(
    ("share", "top"),
    [(0.05, 1.0), (0.2, 0.9)],
)
def test_a_level_is_where_enough_of_a_half_is_spent(share, top):
    """A ramp to 1 that rests at 0.9: below 12 % of the time of the upper half the outermost value is the level."""
    ramp = np.linspace(0.0, 1.0, 101)
    rest = 0.5 * share / (1.0 - share)
    values = np.concatenate([[0.0, 0.0], ramp[1:91], ramp[90:]])
    time = np.concatenate([[0.0, 1.0], 1.0 + ramp[1:91], 1.0 + ramp[90:] + rest])
    low, high = state_levels(values, time)
    assert low == 0.0
    assert high == pytest.approx(top, abs=0.003)


def test_levels_within_a_quarter_of_the_range_are_one_state():
    """At 0.45 and 0.55, with short visits of 0 and 1: the middle of the range divides one state."""
    values = [0.45, 0.45, 0.55, 0.55, 0.0, 1.0, 0.5]
    time = [0.0, 10.0, 10.1, 20.0, 20.1, 20.2, 20.3]
    low, high = state_levels(values, time)
    assert high - low >= 0.25
