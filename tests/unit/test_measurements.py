"""Measurements against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rramcirc.analysis import measurements as m
from rramcirc.analysis import timing as t
from rramcirc.analysis.measure import MEASUREMENTS, measure
from rramcirc.basics.errors import ParameterError, RramcircError, WaveformError
from rramcirc.waveforms.waveforms import Waveforms

T = np.linspace(0.0, 10e-6, 4001)
TAU = 1e-6
STEP = 1 - np.exp(-T / TAU)
PULSE_T = np.array([0.0, 1.0, 1.1, 3.0, 3.2, 5.0])
PULSE = np.array([0.0, 0.0, 2.0, 2.0, 0.0, 0.0])


def test_crossing_of_an_exponential_is_where_the_formula_says():
    np.testing.assert_allclose(m.crossings(STEP, T, 0.5), [TAU * math.log(2)], rtol=1e-5)  # step 2.5 ns: (h/tau)^2/8


def test_edges_of_a_pulse():
    np.testing.assert_allclose(m.crossings(PULSE, PULSE_T, 1.0), [1.05, 3.1])
    np.testing.assert_allclose(m.crossings(PULSE, PULSE_T, 1.0, "rise"), [1.05])
    np.testing.assert_allclose(m.crossings(PULSE, PULSE_T, 1.0, "fall"), [3.1])
    assert m.crossings(PULSE, PULSE_T, 5.0).size == 0


def test_crossings_work_on_a_sweep_forth_and_back():
    np.testing.assert_allclose(m.crossings([0.0, 2.0, 4.0, 1.0], [0.0, 1.0, 0.0, -1.0], 1.0, "rise"), [0.5])


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30), st.floats(-1e3, 1e3))
def test_rises_and_falls_alternate_and_stay_on_the_axis(values, level):
    axis = np.arange(len(values), dtype=float)
    rise, fall = (m.crossings(values, axis, level, edge) for edge in ("rise", "fall"))
    both = m.crossings(values, axis, level)
    assert len(both) == len(rise) + len(fall)
    assert abs(len(rise) - len(fall)) <= 1
    assert np.all((both >= 0) & (both <= axis[-1]))


def test_extremes_and_last_value():
    assert (m.minimum(PULSE), m.maximum(PULSE), m.final(PULSE)) == (0.0, 2.0, 0.0)


def test_mean_weighs_by_time():
    assert m.mean([0.0, 0.0, 1.0, 1.0], [0.0, 9.0, 9.0, 10.0]) == pytest.approx(0.1)
    assert m.mean([3.0], [1.0]) == 3.0


def test_rms_of_a_ramp_is_exact():
    assert m.rms([0.0, 3.0], [0.0, 1.0]) == pytest.approx(math.sqrt(3), rel=1e-15)
    assert m.rms([0.0, 0.3], [0.0, 1.0]) == pytest.approx(math.sqrt(0.03), rel=1e-15)
    assert m.rms([-3.0], [0.0]) == 3.0


def test_energy_into_a_resistor_is_exact_for_ramps():
    assert m.energy([0.0, 2.0], [0.0, 1.0], [0.0, 3.0]) == pytest.approx(2.0)
    assert m.integral([0.0, 2.0], [0.0, 3.0]) == 3.0


def test_loop_area_of_a_sweep():
    assert m.integral([0.0, 1.0, 2.0, 0.0], [0.0, 1.0, 1.0, 0.0]) == pytest.approx(0.5 - 1.0)


def test_value_between_points():
    assert m.value_at(PULSE, PULSE_T, 1.05) == pytest.approx(1.0)
    with pytest.raises(ParameterError, match="outside the axis, which is 0 to 5"):
        m.value_at(PULSE, PULSE_T, 6.0)


def test_rise_and_fall_time_of_exponential_and_pulse():
    assert t.rise_time(STEP, T) == pytest.approx(TAU * math.log(9), rel=1e-3)
    assert t.rise_time(PULSE, PULSE_T) == pytest.approx(0.08)
    assert t.fall_time(PULSE, PULSE_T) == pytest.approx(0.16)
    assert math.isnan(t.fall_time([0.0, 1.0], [0.0, 1.0]))


def test_pulse_width_at_half_height():
    assert t.pulse_width(PULSE, PULSE_T) == pytest.approx(2.05)
    assert t.pulse_width(PULSE, PULSE_T, 0.2) == pytest.approx(3.18 - 1.01)
    assert math.isnan(t.pulse_width([0.0, 1.0], [0.0, 1.0]))


def test_settling_time_of_an_exponential():
    assert t.settling_time(STEP, T, 0.01) == pytest.approx(TAU * (math.log(100) - math.log(2)), rel=5e-3)
    assert math.isnan(t.settling_time([1.0, 1.0], [0.0, 1.0]))
    assert m.time_to_final(STEP, T, 0.01) == pytest.approx(TAU * math.log(100), rel=2e-3)
    assert m.time_to_final([1.0, 1.0], [0.0, 1.0]) == 0.0


def test_resistance_in_a_read_window():
    current = PULSE / 25e3
    assert m.resistance(PULSE, current, PULSE_T, 1.5, 2.5) == pytest.approx(25e3)
    assert m.resistance(PULSE, 0 * PULSE, PULSE_T, 1.5, 2.5) == math.inf


def test_clip_interpolates_its_ends():
    values, axis = m.clip(PULSE, PULSE_T, 1.05, 3.1)
    np.testing.assert_allclose(axis, [1.05, 1.1, 3.0, 3.1])
    np.testing.assert_allclose(values, [1.0, 2.0, 2.0, 1.0])


@pytest.mark.parametrize("function", [m.mean, m.rms, t.rise_time, t.pulse_width, t.settling_time])
def test_axis_that_goes_back_is_refused(function):
    with pytest.raises(WaveformError, match="rising axis"):
        function([0.0, 1.0, 0.0], [0.0, 1.0, 0.0])


@pytest.mark.parametrize("nonsense", [object(), None, "abc", [], [[1.0]], [1.0, 2.0, 3.0]])
@pytest.mark.parametrize(
    "function",
    [
        m.mean,
        m.rms,
        m.integral,
        t.rise_time,
        t.fall_time,
        t.pulse_width,
        t.settling_time,
        lambda v, t: m.energy(v, [1.0, 2.0], t),
        lambda v, t: m.value_at(v, t, 0.5),
        lambda v, t: m.crossings(v, t, 0.5),
    ],
)
def test_nonsense_is_refused(function, nonsense):
    with pytest.raises(RramcircError):
        function(nonsense, [0.0, 1.0])


def test_bad_parameters_are_refused():
    for call in (
        lambda: m.crossings(PULSE, PULSE_T, math.nan),
        lambda: m.crossings(PULSE, PULSE_T, 1.0, "up"),
        lambda: t.rise_time(PULSE, PULSE_T, 0.9, 0.1),
        lambda: t.settling_time(PULSE, PULSE_T, 0),
        lambda: m.value_at(PULSE, PULSE_T, "x"),
        lambda: m.clip(PULSE, PULSE_T, 2.0, 1.0),
        *(lambda f=f: f(1j * PULSE, PULSE_T) for f in (t.rise_time, t.fall_time, t.slew_rate, t.overshoot, t.period)),
        lambda: m.crossings(1j * PULSE, PULSE_T, 1.0),
    ):
        with pytest.raises(ParameterError):
            call()


WF = Waveforms(
    "time",
    "s",
    PULSE_T,
    {"v(bl0)": PULSE, "i(bl3)": PULSE * 50e-6, "gap[0,0]": 1.7 - PULSE},
    {"v(bl0)": "V", "i(bl3)": "A", "gap[0,0]": "nm"},
)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("crossing(i(bl3), 50u, rise)", 1.05, "s"),
        ("crossing(i(bl3), 50uA, fall)", 3.1, "s"),
        ("max(v(bl0))", 2.0, "V"),
        ("MIN(gap[0,0])", -0.3, "nm"),
        ("mean(v(bl0))", 2 * 2.05 / 5, "V"),
        ("integral(v(bl0))", 4.1, "V s"),
        ("integral(i(bl3))", 4.1 * 50e-6, "C"),
        ("energy(v(bl0), i(bl3))", 200e-6 * (1.9 + 0.1), "J"),
        ("at(gap[0,0], 2)", -0.3, "nm"),
        ("at(v(bl0)/i(bl3), 2s)", 20e3, "ohm"),
        ("final(v(bl0))", 0.0, "V"),
        ("rise_time(v(bl0))", 0.08, "s"),
        ("rise_time(v(bl0), 0.2, 0.8)", 0.06, "s"),
        ("fall_time(v(bl0))", 0.16, "s"),
        ("pulse_width(v(bl0))", 2.05, "s"),
        ("pulse_width(v(bl0), 200m)", 2.17, "s"),
        ("settling_time(v(bl0))", 0.049, "s"),
        ("time_to_final(v(bl0))", 3.198, "s"),
        ("resistance(v(bl0), i(bl3), 1.5, 2.5)", 20e3, "ohm"),
        ("rms(i(bl3)*0 + 3)", 3.0, "A"),
    ],
)
def test_measurement_from_text(text, value, unit):
    ((label, got, got_unit),) = measure(text, WF)
    assert (label, got_unit) == (text, unit)
    assert got == pytest.approx(value)


def test_each_crossing_is_a_row():
    rows = measure("crossing(i(bl3), 50u)", WF)
    assert [label for label, _, _ in rows] == ["crossing(i(bl3), 50u)[0]", "crossing(i(bl3), 50u)[1]"]
    ((_, value, _),) = measure("crossing(i(bl3), 1)", WF)
    assert math.isnan(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("maximum(v(bl0))", "unknown measurement 'maximum'"),
        ("v(bl0)", "unknown measurement 'v'"),
        ("max", "unknown measurement 'max'"),
        ("crossing(v(bl0))", r"write crossing\(EXPRESSION, LEVEL, rise\|fall\|both\)"),
        ("max()", r"write max\(EXPRESSION\)"),
        ("max(v(bl0), 2)", r"write max"),
        ("crossing(v(bl0), 1uA)", "is in A"),
        ("crossing(v(bl0), 1, up)", "unknown edge 'up'"),
        ("max(v(bl7))", r"v\(bl7\)"),
        (None, "unknown measurement"),
    ],
)
def test_bad_measurement_says_how_to_write_it(text, message):
    with pytest.raises(RramcircError, match=message):
        measure(text, WF)


def test_every_measurement_is_listed_with_its_usage():
    for name, (usage, fewest, _) in MEASUREMENTS.items():
        assert usage.startswith(f"{name}(")
        assert fewest <= usage.count(",") + 1


def test_a_loop_of_three_rising_points_has_its_set_voltage_and_one_of_two_has_none() -> None:
    assert m.set_voltage([0.0, 0.5, 1.0, 0.0, -1.0, 0.0], [0.0, 1e-6, 1e-3, 0.0, -1e-3, 0.0]) == 0.5
    with pytest.raises(WaveformError, match="does not rise"):
        m.set_voltage([0.0, 1.0, 0.0, -1.0, 0.0], [0.0, 1e-3, 0.0, -1e-3, 0.0])
