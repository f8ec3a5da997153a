"""Measurements as text: arithmetic, glob patterns, levels by formula, and partial data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rramcirc.analysis.measure import MEASUREMENTS, measure
from rramcirc.basics.errors import ParameterError, RramcircError, WaveformError
from rramcirc.waveforms.waveforms import Waveforms

TIME = np.array([0.0, 1.0, 1.1, 3.0, 3.2, 5.0])
PULSE = np.array([0.0, 0.0, 2.0, 2.0, 0.0, 0.0])
SIGNALS = {
    "v(bl0)": PULSE,
    "v(bl1)": 2 * PULSE,
    "i(bl0)": 1e-3 * PULSE,
    "i(bl1)": 3e-3 * PULSE,
    "gap[0,1]": 1.0 + PULSE,
}
UNITS = {"v(bl0)": "V", "v(bl1)": "V", "i(bl0)": "A", "i(bl1)": "A", "gap[0,1]": "nm"}
WAVES = Waveforms("time", "s", TIME, SIGNALS, UNITS)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("max(v(bl1)) - max(v(bl0))", 2.0, "V"),
        ("max(v(bl1))/max(i(bl1))", 4.0 / 6e-3, "ohm"),
        ("-min(v(bl0)) + 3", 3.0, "V"),
        ("abs(min(-v(bl0)*2))", 4.0, "V"),
        ("crossing(v(bl0), 1)[1] - crossing(v(bl0), 1)[0]", 2.05, "s"),
        ("crossing(v(bl0), 0.5*max(v(bl0)), rise)", 1.05, "s"),
        ("at(v(bl0), crossing(v(bl0), 1, rise))", 1.0, "V"),
        ("2 * (max(v(bl0)) + final(v(bl1)))**2", 8.0, "V^2"),
        ("slew_rate(v(bl0))", 20.0, "V/s"),
        ("overshoot(v(bl0), 0, 1.6)", 25.0, "%"),
        ("rise_time(v(bl0), 0.1, 0.9, 0V, 2V)", 0.08, "s"),
        ("rise_time(v(bl0), 0.1, 0.9, low_level(v(bl0)), high_level(v(bl0)))", 0.08, "s"),
        ("delay(v(bl0), v(bl1), rise, fall)", 2.05, "s"),
        ("spike_count(v(bl0), 1V)", 1.0, ""),
        ("fall_time(v(bl0)) / rise_time(v(bl0))", 2.0, ""),
    ],
)
def test_arithmetic_and_further_measurements(text, value, unit):
    ((label, found, found_unit),) = measure(text, WAVES)
    assert (label, found_unit) == (text, unit)
    assert found == pytest.approx(value)


CYCLES = np.linspace(0.0, 5.0, 2001)
WAVE = Waveforms("time", "s", CYCLES, {"v(a)": 1.0 - np.cos(2 * np.pi * CYCLES)}, {"v(a)": "V"})
OF_A_SINE = {  # of 1 V around 1 V at 1 Hz, for 5 s, from its lowest point
    "mean": (1.0, "V"),
    "rms": (np.sqrt(1.5), "V"),
    "max": (2.0, "V"),
    "min": (0.0, "V"),
    "final": (0.0, "V"),
    "integral": (5.0, "V s"),
    "period": (1.0, "s"),
    "frequency": (1.0, "Hz"),
    "duty_cycle": (50.0, "%"),
    "spike_count": (5.0, ""),
    "inter_spike_interval": (1.0, "s"),
}


def test_measurements_of_a_sine_by_name():
    assert set(OF_A_SINE) <= set(MEASUREMENTS), set(OF_A_SINE) - set(MEASUREMENTS)
    for name, (value, unit) in OF_A_SINE.items():
        ((label, found, found_unit),) = measure(f"{name}(v(a))", WAVE)
        assert (label, found_unit) == (f"{name}(v(a))", unit)
        assert found == pytest.approx(value, rel=2e-3, abs=2e-3), name


def test_a_pattern_gives_a_row_for_every_signal():
    assert [(label, unit) for label, _, unit in measure("max(v(bl*))", WAVES)] == [
        ("max(v(bl0))", "V"),
        ("max(v(bl1))", "V"),
    ]
    assert [value for _, value, _ in measure("max(gap[?,*])", WAVES)] == [3.0]
    rows = measure("resistance(v(bl*), i(bl*), 1.5, 2.5)", WAVES)
    assert [row[1] for row in rows] == pytest.approx([1000.0, 4000 / 6])
    assert len(measure("crossing(v(bl*), 1)", WAVES)) == 4
    assert len(measure("max(abs(i(bl?)))/2", WAVES)) == 2


def test_a_product_is_no_pattern():
    ((label, value, unit),) = measure("max(v(bl0)*i(bl0))", WAVES)
    assert (label, unit) == ("max(v(bl0)*i(bl0))", "W")
    assert value == pytest.approx(4e-3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max(v(bl0)) + max(i(bl0))", "adds or subtracts"),
        ("max(v(bl0)) + v(bl0)", "around measurements only"),
        ("crossing(v(bl0), 1) - 1", "choose one"),
        ("crossing(v(bl0), 1)[7] - 1", r"there is no \[7\]"),
        ("max(v(nn*))", "nn"),
        ("max(v(bl0)", "closing bracket"),
        ("2 + 3", "unknown measurement"),
        ("nope(v(bl0)) - max(v(bl0))", "around measurements only"),
        ("crossing(v(bl0), max(i(bl0)))", "is in A, not in V"),
        ("delay(v(bl0), v(bl1), up)", "unknown edge"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(text, message):
    with pytest.raises(RramcircError, match=message):
        measure(text, WAVES)


def test_partial_waveforms_are_measured_only_if_asked():
    part = replace(WAVES, complete=False, stopped="stops after time = 5 s.")
    with pytest.raises(WaveformError, match=r"max\(v\(bl0\)\).*partial.*stops after time = 5 s.*--partial"):
        measure("max(v(bl0))", part)
    assert measure("max(v(bl*))", part, partial=True)[1][1] == 4.0
    with pytest.raises(ParameterError):
        measure("max()", part, partial=True)
