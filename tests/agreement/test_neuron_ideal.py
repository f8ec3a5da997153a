"""The ideal neuron in ngspice: rate, threshold, leak, refractory time and pulses are those of its record."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.bench.analyses import Transient
from rramcirc.bench.stimuli import Constant, PiecewiseLinear, pulse_sequence
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.neuron.netlist import complement, joined, step_control
from rramcirc.circuits.neuron.neuron import READ_ONLY, LifNeuron, firing_rate

PULSES = replace(READ_ONLY, set_voltage=0.9, inhibitory_voltage=0.8)
NEURON = LifNeuron(capacitance=100e-12, leak_time=50e-3, pulses=PULSES)
TIMING = 0.06e-3  # [s]; ngspice comes within 50 mV of a switch's threshold, 40 us on the timer's slope


def run(neuron=NEURON, duration=0.2, accuracy=1e-3, max_step=1e-3, port="ext", **stimuli):
    bench = Testbench(
        neuron, Transient(duration, max_step=max_step), stimuli, options=step_control(neuron, accuracy),
        probes=("v(mem)", "v(gate)", "v(te)", "v(ti)"),
    )  # fmt: skip
    return rc.simulate(bench)


def edges(waves, line, level):
    """Times at which a line rises, and falls, through a level [s]."""
    above = waves[line] > level
    return waves.time[1:][~above[:-1] & above[1:]], waves.time[1:][above[:-1] & ~above[1:]]


def spikes(waves):
    return edges(waves, "v(te)", 1.9)[0]


@pytest.mark.parametrize("current", [2.05e-9, 2.5e-9, 4e-9, 10e-9, 30e-9, 100e-9])
def test_rate_follows_the_closed_form_within_one_percent(current):
    times = spikes(run(duration=0.5, ext=Constant(current, "A")))
    assert (times.size - 1) / (times[-1] - times[0]) == pytest.approx(firing_rate(NEURON, current), rel=0.01, abs=0)


@pytest.mark.parametrize("max_step", [0.25e-3, 4e-3])
@pytest.mark.parametrize("accuracy", [1e-3, 1e-2])
def test_rate_hangs_neither_on_steps_nor_on_accuracy(accuracy, max_step):
    times = spikes(run(duration=0.5, accuracy=accuracy, max_step=max_step, ext=Constant(10e-9, "A")))
    assert (times.size - 1) / (times[-1] - times[0]) == pytest.approx(firing_rate(NEURON, 10e-9), rel=0.01, abs=0)


def test_at_the_rheobase_it_never_fires_and_the_membrane_follows_the_leak():
    current = 0.98 * NEURON.rheobase
    waves = run(duration=0.3, ext=Constant(current, "A"))
    assert spikes(waves).size == 0
    exact = current * NEURON.leak_resistance * -np.expm1(-waves.time / NEURON.leak_time)
    assert np.max(np.abs(waves["v(mem)"] - exact)) < 2e-3 * NEURON.threshold


def test_current_into_the_virtual_ground_counts_with_the_input_gain():
    by_array = spikes(run(**{"in": Constant(10e-9 / NEURON.input_gain, "A")}))
    by_ext = spikes(run(ext=Constant(10e-9, "A")))
    assert by_array == pytest.approx(by_ext, rel=0.01, abs=0)


def test_pulses_have_the_levels_and_widths_of_the_record():
    neuron = replace(
        NEURON, pulses=replace(PULSES, reset_voltage=0.7, reset_delay=5e-3, reset_width=2e-3), refractory=5e-3
    )
    charge = 1.5 * neuron.capacitance * neuron.threshold
    waves = run(neuron, 0.03, ext=pulse_sequence([1e-3], 1e-4, charge / 1e-4, edge=1e-6, unit="A"))
    begin = spikes(waves)
    assert begin.size == 1
    cm, read = neuron.pulses.common_mode, neuron.pulses.read_voltage
    windows = {
        "v(gate)": [(0.0, neuron.pulses.gate_width, neuron.pulses.gate_voltage, 0.0)],
        "v(te)": [(0.0, 1e-3, cm + 0.9, cm + read), (5e-3, 7e-3, cm - 0.7, cm + read)],
        "v(ti)": [(0.0, 1e-3, cm - 0.8, cm - read)],
    }
    for line, pulses in windows.items():
        for start, end, level, rest in pulses:
            out, back = edges(waves, line, (level + rest) / 2)
            if level < rest:
                out, back = back, out
            assert out - begin == pytest.approx([start], abs=TIMING)
            assert back - begin == pytest.approx([end], abs=TIMING)
            inside = (waves.time > begin[0] + start + TIMING) & (waves.time < begin[0] + end - TIMING)
            assert waves[line][inside] == pytest.approx(np.full(inside.sum(), level), abs=1e-5)  # 1 kohm into 1 Gohm


def test_a_spike_during_the_gate_pulse_begins_it_again():
    charge = 1.5 * NEURON.capacitance * NEURON.threshold
    waves = run(duration=0.04, ext=pulse_sequence([1e-3, 7e-3], 1e-4, charge / 1e-4, edge=1e-6, unit="A"))
    begin = spikes(waves)
    assert begin.size == 2
    up, down = edges(waves, "v(gate)", 1.5)
    assert up.size == down.size == 1
    assert down[0] - begin[1] == pytest.approx(NEURON.pulses.gate_width, abs=TIMING)


def test_in_refractory_time_input_is_lost_and_the_membrane_stays_at_rest():
    charge = 1.5 * NEURON.capacitance * NEURON.threshold
    starts = [1e-3, 2.5e-3]
    waves = run(duration=0.01, ext=pulse_sequence(starts, 1e-4, charge / 1e-4, edge=1e-6, unit="A"))
    begin = spikes(waves)
    assert begin.size == 1
    late = waves.time > begin[0] + 1.5e-3
    assert np.max(np.abs(waves["v(mem)"][late])) < 1e-3 * NEURON.threshold


def test_the_current_of_its_own_second_te_pulse_is_not_integrated():
    neuron = replace(NEURON, pulses=replace(PULSES, reset_voltage=0.7, reset_delay=7e-3, reset_width=2e-3))
    charge = 1.5 * neuron.capacitance * neuron.threshold
    ext = pulse_sequence([1e-3], 1e-4, charge / 1e-4, edge=1e-6, unit="A")
    own = PiecewiseLinear([0.0, 8.3e-3, 8.31e-3, 9.7e-3, 9.71e-3], np.array([0, 0, 1, 1, 0]) * -50e-6, "A")
    quiet, loud = run(neuron, 0.02, ext=ext), run(neuron, 0.02, ext=ext, **{"in": own})
    assert spikes(loud).size == 1
    assert np.interp(0.012, loud.time, loud["v(mem)"]) == pytest.approx(
        np.interp(0.012, quiet.time, quiet["v(mem)"]), abs=1e-3
    )


@pytest.mark.parametrize(("clamp", "lowest"), [(0.0, 0.0), (-0.25, -0.25), (-1e6, -0.4)])
def test_the_membrane_does_not_fall_below_its_clamp(clamp, lowest):
    neuron = replace(NEURON, clamp=clamp, leak_time=10.0)
    waves = run(neuron, 0.02, ext=PiecewiseLinear([0.0, 1e-3, 1.001e-3], [0.0, 0.0, -2.105e-9], "A"))
    assert waves["v(mem)"].min() == pytest.approx(lowest, abs=5e-3)


def test_windows_are_joined_and_complemented():
    assert joined([(3.0, 4.0), (0.0, 1.0), (0.5, 2.0)]) == [(0.0, 2.0), (3.0, 4.0)]
    assert complement([(0.0, 2.0), (3.0, 4.0)]) == [(2.0, 3.0), (4.0, float("inf"))]


def test_a_voltage_on_a_current_input_is_refused():
    with pytest.raises(rc.ParameterError, match=r"stimuli\['ext'\].*is a voltage"):
        rc.build_netlist(Testbench(NEURON, Transient(1e-3), {"ext": Constant(1.0)}))
