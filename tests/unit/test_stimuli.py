"""Stimuli: their samples against ngspice, their corners, and nonsense in every argument."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rramcirc as rc
from rramcirc.bench.stimuli import breakpoints, pulse_sequence

US = 1e-6
STOP = 10 * US
STIMULI = {
    "constant": rc.Constant(0.3),
    "negative constant": rc.Constant(-0.7),
    "pulse": rc.Pulse(2.0, US, delay=US, rise=0.1 * US, fall=0.3 * US),
    "pulse at once": rc.Pulse(-1.0, US, rise=0.05 * US, fall=0.05 * US, base=0.4),
    "pulse beyond the end": rc.Pulse(1.0, 20 * US, delay=3 * US, rise=0.1 * US),
    "short pulse": rc.Pulse(1.0, 1e-9, delay=5 * US, rise=1e-10, fall=1e-10),
    "train": rc.PulseTrain(1.5, 0.4 * US, 1.3 * US, 5, delay=0.2 * US, rise=0.1 * US, fall=0.2 * US, base=-0.1),
    "train without pauses": rc.PulseTrain(1.0, 0.2 * US, 0.4 * US, 20, rise=0.1 * US, fall=0.1 * US),
    "spikes": rc.SpikeTrain(np.array([0.5, 1.0, 4.0, 7.7]) * US, 0.9, 0.1 * US, rise=0.01 * US, fall=0.02 * US),
    "no spikes": rc.SpikeTrain([], 1.0, 0.1 * US, base=0.2),
    "piecewise": rc.PiecewiseLinear(np.array([0, 1, 2, 5, 9]) * US, [0, 1, -1, 0.5, 0]),
    "piecewise, late": rc.PiecewiseLinear(np.array([2, 5]) * US, [0.5, -0.5]),
    "piecewise, one corner": rc.PiecewiseLinear([3 * US], [0.25]),
    "triangle": rc.triangle(1.5, -1.0, ramp_rate=1e6),
    "sequence": pulse_sequence(
        np.array([0.5, 3, 6]) * US, np.array([1, 0.5, 2]) * US, [1.0, -1.0, 0.3], edge=0.05 * US
    ),
}
HIGH_RESISTANCE = {"diameter": 0.8, "gap": 1.2}


@pytest.fixture(scope="module")
def run():
    """One run with every stimulus on a bit line of its own, as a voltage."""
    array = rc.Crossbar(rc.Cell("hfo2_filament", initial_state=HIGH_RESISTANCE), 1, len(STIMULI))
    drive = {f"bl{k}": stimulus for k, stimulus in enumerate(STIMULI.values())}
    return rc.simulate(rc.Testbench(array, rc.Transient(STOP), drive, probes=("v(bl*)",)))


@pytest.mark.parametrize("name", STIMULI)
def test_samples_are_what_ngspice_puts_on_the_line(run, name):
    voltage = run[f"v(bl{list(STIMULI).index(name)})"]
    # times are doubles: an edge of 0.1 ns at 5 us is uncertain by 1e-11 of its height
    np.testing.assert_allclose(voltage, rc.sample(STIMULI[name], run.time), rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", STIMULI)
def test_no_corner_is_stepped_over(run, name):
    corners = breakpoints(STIMULI[name])
    inside = corners[corners <= STOP]
    distance = np.abs(run.time[:, None] - inside).min(axis=0, initial=np.inf)
    assert np.all(distance < 1e-18)


def test_current_stimulus_is_the_current_into_the_line():
    card = rc.load_card("hfo2_filament").with_values({"capacitance": 0.0})
    cell = rc.Cell(card, initial_state={"diameter": 4.0, "gap": 0.0})
    stimulus = rc.Pulse(10e-6, US, delay=US, rise=0.1 * US, fall=0.1 * US, base=-2e-6, unit="A")
    options = {"reltol": 1e-6, "vntol": 1e-9}  # 10 mV on the cell: vntol = 1 uV would leave the current 1e-4 of freedom
    waves = rc.simulate(rc.Testbench(cell, rc.Transient(3 * US), {"bl": stimulus}, options=options))
    np.testing.assert_allclose(waves["current"], rc.sample(stimulus, waves.time), rtol=1e-6, atol=1e-12)  # reltol
    assert "i(bl)" not in waves


def test_pulses_far_from_zero_time_do_not_lose_their_corners():
    train = rc.PulseTrain(0.1, 1e-8, 1.2e-8, 5, delay=10.0, rise=1e-9, fall=1e-9)  # no pauses; doubles at 10 s: 1.8e-15
    cell = rc.Cell("hfo2_filament", initial_state=HIGH_RESISTANCE)
    waves = rc.simulate(rc.Testbench(cell, rc.Transient(10.0 + 1e-7), {"bl": train}))
    np.testing.assert_allclose(waves["v(bl)"], rc.sample(train, waves.time), atol=1e-6)


def test_a_pulse_is_a_trapezoid_whose_width_is_the_time_at_the_top():
    pulse = rc.Pulse(2.0, 3.0, delay=1.0, rise=0.5, fall=1.0, base=-1.0)
    np.testing.assert_allclose(pulse.corners()[0], [0.0, 1.0, 1.5, 4.5, 5.5])
    np.testing.assert_allclose(pulse.corners()[1], [-1.0, -1.0, 2.0, 2.0, -1.0])
    np.testing.assert_allclose(rc.sample(pulse, [0.9, 1.25, 3.0, 5.0, 9.0]), [-1.0, 0.5, 2.0, 0.5, -1.0])


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20), st.floats(0.01, 1.0), st.floats(-3, 3), st.floats(-1, 1))
def test_spike_train_is_the_sum_of_its_pulses(gaps, width, amplitude, base):
    edge = 0.1 * width
    starts = np.cumsum(np.array(gaps) + width + 2.01 * edge)
    train = rc.SpikeTrain(starts, amplitude, width, rise=edge, fall=edge, base=base)
    time = np.linspace(0.0, starts[-1] + 2 * width, 500)
    pulses = [rc.Pulse(amplitude, width, delay=start, rise=edge, fall=edge, base=base) for start in starts.tolist()]
    expected = base + sum(rc.sample(pulse, time) - base for pulse in pulses)
    np.testing.assert_allclose(rc.sample(train, time), expected, atol=1e-9)


@given(st.integers(1, 30), st.floats(0.1, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 2.0))
def test_pulse_train_is_a_spike_train_with_equal_distances(count, width, pause, delay):
    period = width + 0.2 + pause
    train = rc.PulseTrain(1.0, width, period * (1 + 1e-15), count, delay=delay, rise=0.1, fall=0.1)
    spikes = rc.SpikeTrain(delay + train.period * np.arange(count), 1.0, width, rise=0.1, fall=0.1)
    time = np.linspace(0.0, delay + count * period, 300)
    np.testing.assert_array_equal(rc.sample(train, time), rc.sample(spikes, time))


@given(st.lists(st.floats(-3, 3).filter(lambda v: abs(v) > 1e-3), min_size=1, max_size=6), st.floats(1e-3, 1e9))
def test_triangle_goes_through_its_peaks_at_one_rate(peaks, ramp_rate):
    if np.any(np.abs(np.diff([0.0, *peaks, 0.0])) < 1e-9):
        return  # equal peaks are refused, and corners that a simulator cannot tell apart
    sweep = rc.triangle(*peaks, ramp_rate=ramp_rate)
    np.testing.assert_array_equal(sweep.values, [0.0, *peaks, 0.0])
    np.testing.assert_allclose(np.abs(np.diff(sweep.values)) / np.diff(sweep.times), ramp_rate, rtol=1e-6)


def test_a_period_that_just_fits_is_taken():
    train = rc.PulseTrain(1.0, 1e-9, 1.2e-9, 3, rise=1e-10, fall=1e-10)  # the sum is 1.2000000000000002e-9
    assert np.all(np.diff(train.corners()[0]) > 0)


def test_records_keep_a_copy_of_what_they_were_given():
    times = np.array([0.0, 1.0])
    stimulus = rc.PiecewiseLinear(times, [0.0, 1.0])
    times[1] = 5.0
    assert stimulus.times[1] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        stimulus.times[1] = 5.0


def test_sample_keeps_the_shape_of_the_times():
    assert rc.sample(rc.Constant(1.0), 0.5).shape == ()
    assert rc.sample(rc.Constant(1.0), np.zeros((2, 3))).shape == (2, 3)


# nonsense -------------------------------------------------------------------------------------------------------------

PULSE = {"amplitude": 1.0, "width": 1e-6, "rise": 1e-9, "fall": 1e-9, "base": 0.0, "unit": "V"}
MAKERS = {
    "Constant": (rc.Constant, {"value": 1.0, "unit": "V"}),
    "Pulse": (rc.Pulse, PULSE | {"delay": 0.0}),
    "PulseTrain": (rc.PulseTrain, PULSE | {"period": 1e-5, "count": 3, "delay": 0.0}),
    "SpikeTrain": (rc.SpikeTrain, PULSE | {"times": [0.0, 1e-3]}),
    "PiecewiseLinear": (rc.PiecewiseLinear, {"times": [0.0, 1.0], "values": [0.0, 1.0], "unit": "V"}),
    "triangle": (lambda peaks, **rest: rc.triangle(peaks, **rest), {"peaks": 1.0, "ramp_rate": 1.0, "unit": "V"}),
    "pulse_sequence": (
        pulse_sequence,
        {"starts": [0.0, 1.0], "widths": 0.1, "amplitudes": 1.0, "edge": 1e-3, "base": 0.0, "unit": "V"},
    ),
    "sample": (rc.sample, {"stimulus": rc.Constant(1.0), "time": [0.0]}),
    "breakpoints": (breakpoints, {"stimulus": rc.Constant(1.0)}),
}
NONSENSE = {
    "object": object(),
    "NaN": math.nan,
    "infinity": math.inf,
    "bool": True,
    "NumPy bool": np.True_,
    "text": "nonsense",
    "None": None,
    "complex": 1j,
    "dict": {"x": 1.0},
    "texts": ["a", "b"],
    "NaN in a list": [0.0, math.nan],
    "bools": [True, False],
    "ragged": [[0.0], [1.0, 2.0]],
    "objects": np.array([object()]),
    "three dimensions": np.zeros((2, 2, 2)),
    "huge": 10**400,
}
TAKES_ANY_SHAPE = {("sample", "time", "three dimensions")}
ARGUMENTS = [(maker, argument) for maker, (_, good) in MAKERS.items() for argument in good]


def refusal(make, arguments):
    """Return what the error says, or that there was none."""
    try:
        make(**arguments)
    except rc.ParameterError as error:
        return str(error)
    return "accepted"


@pytest.mark.parametrize(("maker", "argument"), ARGUMENTS)
def test_nonsense_is_refused_by_name(maker, argument):
    make, good = MAKERS[maker]
    said = {
        name: refusal(make, good | {argument: value})
        for name, value in NONSENSE.items()
        if (maker, argument, name) not in TAKES_ANY_SHAPE and (argument, name) != ("count", "huge")
    }
    assert not {name: text for name, text in said.items() if maker not in text or argument not in text}


TIMES = {"width", "rise", "fall", "period", "delay", "edge"}


@pytest.mark.parametrize(("maker", "argument"), [(m, a) for m, a in ARGUMENTS if a in TIMES])
def test_negative_times_are_refused_by_name(maker, argument):
    make, good = MAKERS[maker]
    with pytest.raises(rc.ParameterError, match=rf"{maker}.*{argument}.*-1e-06"):
        make(**(good | {argument: -1e-6}))


@pytest.mark.parametrize(
    ("maker", "change", "said"),
    [
        ("Pulse", {"width": 0.0}, "width: 0.0 s is not positive"),
        ("Pulse", {"rise": 0.0}, "rise: 0.0 s is not positive"),
        ("Pulse", {"unit": "mV"}, "unit: 'mV' is not one of V, A"),
        ("PulseTrain", {"count": 0}, "count: 0 is not a whole number of at least 1"),
        ("PulseTrain", {"count": 2.0}, "count: 2.0 is not a whole number"),
        ("PulseTrain", {"period": 1e-6}, "do not fit into a period"),
        ("SpikeTrain", {"times": [-1.0, 0.0]}, "times: the first time -1 s is negative"),
        ("SpikeTrain", {"times": [1.0, 0.0]}, "spikes 0 and 1 at 1 s and 0 s overlap or are out of order"),
        ("SpikeTrain", {"times": [0.0, 1e-7]}, "overlap"),
        ("SpikeTrain", {"times": 0.5}, "times: has 0 dimensions"),
        ("PiecewiseLinear", {"times": [0.0, 0.0]}, "times: must be ascending"),
        ("PiecewiseLinear", {"times": [-1.0, 0.0]}, "not negative"),
        ("PiecewiseLinear", {"values": [1.0]}, "2 times and 1 values"),
        ("PiecewiseLinear", {"times": [], "values": []}, "at least one"),
        ("triangle", {"ramp_rate": 0.0}, "ramp_rate: 0.0 is not a positive number"),
        ("triangle", {"ramp_rate": -1.0}, "ramp_rate: -1.0 is not a positive number"),
        ("triangle", {"peaks": 0.0}, "must differ from their neighbours"),
        ("sample", {"stimulus": rc.Floating()}, "leaves its line open"),
        ("pulse_sequence", {"starts": [0.0, 0.05]}, "must not overlap"),
        ("pulse_sequence", {"starts": []}, "at least one"),
        ("pulse_sequence", {"starts": [-1.0, 0.0]}, "at 0 s or later"),
        ("pulse_sequence", {"widths": [0.1, 0.2, 0.3]}, "widths: has shape (3,)"),
        ("pulse_sequence", {"widths": -0.0001}, "widths holds negative values"),
    ],
)
def test_what_makes_no_waveform_is_refused_with_its_reason(maker, change, said):
    make, good = MAKERS[maker]
    with pytest.raises(rc.ParameterError) as error:
        make(**(good | change))
    assert maker in str(error.value)
    assert said in str(error.value)


def test_triangle_needs_a_peak():
    with pytest.raises(rc.ParameterError, match="triangle: peaks"):
        rc.triangle(ramp_rate=1.0)
