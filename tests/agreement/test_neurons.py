"""The neurons in ngspice: against the closed form, against their record, and against one another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.analysis.spikes import overlap_time, spike_times
from rramcirc.basics.errors import ParameterError
from rramcirc.bench.analyses import Transient
from rramcirc.bench.stimuli import Constant, PiecewiseLinear
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.neuron.netlist import neuron_subcircuit
from rramcirc.circuits.neuron.neuron import CORES, DETAILS, PORTS, READ_ONLY, LifNeuron, firing_rate
from rramcirc.circuits.table import build_circuit
from rramcirc.engines.build import build_netlist
from rramcirc.engines.ngspice.spelling import spice_netlist
from rramcirc.studies.neuron import f_i, neuron_figures, plot_f_i

PULSES = {"pulses": replace(READ_ONLY, set_voltage=1.0, reset_voltage=1.0, reset_delay=5e-3, inhibitory_voltage=0.5)}
FAST = {"refractory": 30e-6, "pulses": replace(READ_ONLY, gate_width=100e-6, te_width=10e-6, edge=0.5e-6)}
FAST |= {"leak_time": 500e-6, "gain_bandwidth": 50e6}


def driven(neuron: LifNeuron, current: float, length: float, port: str = "in") -> rc.Waveforms:
    """Waveforms of a neuron under a constant membrane current [A]."""
    step = min(length / 100, neuron.refractory / 10)
    gain = neuron.input_gain if port == "in" else 1.0
    return rc.simulate(Testbench(neuron, Transient(length, max_step=step), {port: Constant(current / gain, "A")}))


def fired(neuron: LifNeuron, waves: rc.Waveforms) -> np.ndarray:
    return spike_times(waves["v(mem)"], waves.time, 0.9 * neuron.threshold, 0.4 * neuron.threshold)


def te_spike(neuron: LifNeuron, waves: rc.Waveforms) -> float:
    """Time at which the first te pulse begins [s]."""
    above = neuron.pulses.common_mode + (neuron.pulses.read_voltage + neuron.pulses.set_voltage) / 2
    return float(spike_times(waves["v(te)"], waves.time, above)[0])


# The record -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"capacitance": -1e-12}, "capacitance"),
        ({"capacitance": 0.0}, "capacitance"),
        ({"threshold": 4.0}, "threshold: 4 V is above the supply of 3.3 V"),
        ({"gate_voltage": 5.0}, r"pulses.gate_voltage: 5 V is above the supply"),
        ({"set_voltage": 2.5}, r"pulses.set_voltage: 3.9 V with the common mode"),
        ({"reset_voltage": 2.0}, "reset_voltage.*below the bulk"),
        ({"inhibitory_voltage": 2.0}, "inhibitory_voltage.*below the bulk"),
        ({"reset_voltage": 0.5}, "needs a positive te pulse"),
        ({"te_width": 20e-3, "set_voltage": 1.0}, "te_width: a pulse of 20 ms is longer than the shortest period"),
        ({"reset_voltage": 0.5, "set_voltage": 0.5, "reset_delay": 13e-3}, "reset_delay: the te pulses take 14 ms"),
        ({"leak_time": -1.0}, "leak_time"),
        ({"refractory": 0.0}, "refractory"),
        ({"detail": "perfect"}, "detail"),
        ({"core": "hodgkin"}, "core"),
        ({"gain_bandwidth": 0.0}, "gain_bandwidth"),
        ({"amplifier_gain": -1.0}, "amplifier_gain"),
        ({"edge": 2e-3}, "edge"),
    ],
)
def test_bad_records_are_refused_by_name(changes, named):
    pulses = {name: value for name, value in changes.items() if hasattr(READ_ONLY, name)}
    own = {name: value for name, value in changes.items() if name not in pulses}
    with pytest.raises(ParameterError, match=named):
        replace(LifNeuron(), pulses=replace(READ_ONLY, **pulses), **own)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"detail": "mixed", "threshold": 1.5}, "threshold: 1.5 V is above the common mode of 1.4 V"),
        ({"detail": "transistor", "core": "axon-hillock", "threshold": 1.8}, "threshold: 1.8 V; the pulse of the Axon"),
        ({"detail": "transistor", "capacitance": 1e-15}, "can be drawn|has no solution"),
    ],
)
def test_what_a_detail_cannot_do_is_refused_before_ngspice_starts(changes, named):
    with pytest.raises(ParameterError, match=named):
        build_netlist(Testbench(replace(LifNeuron(), **changes), Transient(1e-3)))


def test_a_voltage_on_a_current_input_is_refused():
    with pytest.raises(ParameterError, match="neuron takes currents"):
        build_netlist(Testbench(LifNeuron(), Transient(1e-3), {"in": Constant(1.0)}))


@pytest.mark.parametrize("detail", DETAILS)
def test_all_details_have_the_same_ports_and_each_is_connected(detail):
    block = neuron_subcircuit(replace(LifNeuron(), detail=detail))
    assert block.ports == PORTS
    text = build_netlist(Testbench(replace(LifNeuron(), detail=detail), Transient(1e-3))).text
    inside = text.split(".subckt lif")[1].split(".ends lif")[0].split("\n", 1)[1].replace("(", " ").replace(")", " ")
    words = inside.split()
    assert not [port for port in PORTS if port not in words]


def test_the_closed_form_of_the_rate_by_integration():
    neuron = replace(LifNeuron(), **PULSES)
    for drive in (1.1, 3.0, 10.0, 30.0):
        step, v, t = 1e-6, 0.0, neuron.refractory
        while v < neuron.threshold:
            ignored = neuron.pulses.reset_delay <= t < neuron.pulses.writing_time
            current = 0.0 if ignored else drive * neuron.rheobase
            v += step * (current - v / neuron.leak_resistance) / neuron.capacitance
            t += step
        assert firing_rate(neuron, drive * neuron.rheobase) == pytest.approx(1 / t, rel=1e-3)  # Euler's error


# Rate against current -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("detail", "tolerance"), [("ideal", 0.01), ("mixed", 0.03)])
@pytest.mark.parametrize("changes", [{}, PULSES, FAST], ids=["no te pulses", "te pulses", "fast"])
def test_rate_follows_the_closed_form(detail, tolerance, changes):
    """Asked for: 1 % (ideal) and 3 % (mixed); the time-step control of ngspice explains 0.5 % of the ideal one."""
    table = f_i(replace(LifNeuron(), detail=detail, **changes), (0.8, 1.1, 1.5, 5.0, 20.0))
    assert table["rate"][0] == 0.0
    assert np.abs(table["error"][1:]).max() < tolerance


@pytest.mark.parametrize("core", CORES)
def test_transistor_neuron_is_monotone_with_the_record_threshold_and_refractory_time(core):
    neuron = replace(LifNeuron(), detail="transistor", core=core)
    table = f_i(neuron, (0.8, 1.2, 3.0, 10.0, 30.0))
    assert table["rate"][0] == 0.0
    assert np.all(np.diff(table["rate"]) > 0)
    found = neuron_figures(neuron)
    assert found.threshold == pytest.approx(neuron.threshold, rel=0.1)
    assert found.refractory == pytest.approx(neuron.refractory, rel=0.1)
    assert found.leak_time == pytest.approx(neuron.leak_time, rel=0.1)
    assert found.spike_energy > 0.5 * neuron.capacitance * neuron.threshold**2  # it charged the membrane at least
    assert found.resting_power > 0


@pytest.mark.parametrize("detail", ["ideal", "mixed"])
def test_measured_figures_are_those_of_the_record(detail):
    neuron = replace(LifNeuron(), detail=detail)
    found = neuron_figures(neuron)
    assert found.threshold == pytest.approx(neuron.threshold, rel=0.01)
    assert found.refractory == pytest.approx(neuron.refractory, rel=0.02)
    assert found.leak_time == pytest.approx(neuron.leak_time, rel=0.01)
    assert np.isnan(found.spike_energy) == (detail == "ideal")


@pytest.mark.parametrize("detail", DETAILS)
def test_current_into_ext_acts_as_current_into_in_times_the_gain(detail):
    neuron = replace(LifNeuron(), detail=detail)
    current = 5 * neuron.rheobase
    rates = []
    for port in ("in", "ext"):
        times = fired(neuron, driven(neuron, current, 4.5 / firing_rate(neuron, current), port))
        rates.append(1 / np.mean(np.diff(times)))
    assert rates[0] == pytest.approx(rates[1], rel=0.02)  # the mirrors of the transistor neuron


# Virtual ground and pulses --------------------------------------------------------------------------------------------


def array_column(neuron: LifNeuron, volts: float, ohm: float, length: float) -> rc.Waveforms:
    """A column of the array, `ohm` from a level of V_cm + `volts`, on the neuron's input; saves v(in)."""
    from rramcirc.circuits.elements import Probe, Resistors, Source
    from rramcirc.circuits.neuron.netlist import neuron_circuit
    from rramcirc.engines.ngspice.spelling import spice_netlist

    bench = Testbench(neuron, Transient(length, max_step=min(length / 100, neuron.refractory / 10)))
    circuit = neuron_circuit(bench)
    rest = neuron.pulses.common_mode
    level = PiecewiseLinear([0.0, length / 50, length / 40], [rest, rest, rest + volts])
    drivers = (*circuit.drivers, Source("col", "col", level), Resistors(("col",), "col", "in", ohm))
    probes = (*circuit.probes, Probe("v(in)", "V", "voltage", "in"))
    return rc.simulate(spice_netlist(replace(circuit, drivers=drivers, probes=probes), bench))


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_bottom_electrodes_stay_at_the_common_mode_for_either_sign(detail, sign):
    neuron = replace(LifNeuron(), detail=detail)
    waves = array_column(neuron, sign * 0.1, 20e3, 20e-3)  # 5 uA, two and a half times the rheobase
    settled = waves.time > 1e-3
    assert np.abs(waves["v(in)"][settled] - neuron.pulses.common_mode).max() < 5e-3
    if sign < 0:
        assert fired(neuron, waves).size == 0
        assert waves["v(mem)"][settled].min() > -0.05  # the clamp at 0 V


@pytest.mark.parametrize(
    ("detail", "core"), [*((detail, "indiveri") for detail in DETAILS), ("transistor", "axon-hillock")]
)
def test_pulses_have_the_levels_widths_and_gap_of_the_record(detail, core):
    neuron = replace(LifNeuron(), detail=detail, core=core, **PULSES)
    current = 1.5 * neuron.rheobase  # slow: all pulses end before the next spike
    waves = driven(neuron, current, 1.6 / firing_rate(neuron, current))
    time, spike = waves.time, te_spike(neuron, waves)
    one = (time >= spike - 1e-3) & (time < spike + 0.025)
    t, gate, te, ti = time[one], waves["v(gate)"][one], waves["v(te)"][one], waves["v(ti)"][one]
    cm, rest = neuron.pulses.common_mode, neuron.pulses.read_voltage
    assert gate.max() == pytest.approx(neuron.pulses.gate_voltage, rel=0.01)
    assert te.max() - cm == pytest.approx(neuron.pulses.set_voltage, rel=0.01)
    assert te.min() - cm == pytest.approx(-neuron.pulses.reset_voltage, rel=0.01)
    assert ti.min() - cm == pytest.approx(-neuron.pulses.inhibitory_voltage, rel=0.01)
    assert te[-1] - cm == pytest.approx(rest, rel=0.01)
    always, above = np.ones(t.size), (rest + neuron.pulses.set_voltage) / 2
    assert overlap_time(gate, always, t, gate.max() / 2, 0.5) == pytest.approx(neuron.pulses.gate_width, rel=0.03)
    assert overlap_time(te - cm, always, t, above, 0.5) == pytest.approx(neuron.pulses.te_width, rel=0.1)
    second = overlap_time(cm - te, always, t, 0.5, 0.5)
    assert second == pytest.approx(neuron.pulses.second_width, rel=0.1)
    rises, falls = spike_times(te - cm, t, above), spike_times(cm - te, t, 0.5)
    assert falls[0] - rises[0] == pytest.approx(neuron.pulses.reset_delay, rel=0.05)


def test_the_ideal_neuron_states_no_energy_and_the_mixed_one_that_of_its_capacitors():
    """Every spike charges three timers of C V_dd^2 and shapes edges; a placeholder's current is not an energy."""
    from rramcirc.circuits.neuron.blocks import TIMER_FARAD

    assert np.all(np.isnan(f_i(LifNeuron(), (5.0,))[["spike_energy", "power"]]))
    neuron = replace(LifNeuron(), detail="mixed")
    timers = 3 * TIMER_FARAD * neuron.supply**2
    assert timers / 2 < neuron_figures(neuron).spike_energy < 1e-9


def test_steps_that_could_pass_over_a_spike_of_transistors_are_refused():
    neuron = replace(LifNeuron(), detail="transistor", core="axon-hillock")
    for step in (1e-3, None):
        with pytest.raises(ParameterError, match=r"analysis.max_step: .* ms is too long .* at most .*300 us"):
            build_netlist(Testbench(neuron, Transient(0.1, max_step=step)))


def test_analyses_without_spikes_are_refused():
    small_signal = Testbench(LifNeuron(), rc.Ac("ext", 1.0, 1e3))
    cell = rc.Cell("hfo2_filament", "nmos_select")
    for bench in (small_signal, Testbench(rc.Perceptron(cell, 2, 1), rc.Ac("pre0", 1.0, 1e3))):
        with pytest.raises(ParameterError, match="Ac of a neuron, which is an oscillator"):
            build_netlist(bench)
    circuit = build_circuit(Testbench(LifNeuron(), Transient(0.1)))
    with pytest.raises(rc.RramcircError, match="switches, which ngspice takes as open"):
        spice_netlist(circuit, small_signal)


@pytest.mark.parametrize("detail", DETAILS)
def test_membrane_ignores_the_array_during_its_own_second_pulse(detail):
    neuron = replace(LifNeuron(), detail=detail, **PULSES)
    current = 1.5 * neuron.rheobase
    waves = driven(neuron, current, 1.6 / firing_rate(neuron, current))
    spike = te_spike(neuron, waves)
    begin, end = spike + neuron.pulses.reset_delay + 0.2e-3, spike + neuron.pulses.writing_time - 0.2e-3
    before, after = np.interp([begin, end], waves.time, waves["v(mem)"])
    assert before > 0.03  # it had begun to integrate
    assert after < before  # and only leaks while the pulse lasts
    assert np.interp(end + 2e-3, waves.time, waves["v(mem)"]) > before


def test_axon_hillock_pulse_lasts_as_mead_says():
    """t = C_fb V_dd / I_r, by the charge on C_fb, with the reset current that the record's refractory time asks for."""
    neuron = replace(LifNeuron(), detail="transistor", core="axon-hillock")
    times, pulses = {}, replace(neuron.pulses, te_width=0.5e-3)
    for refractory in (2e-3, 6e-3):
        times[refractory] = neuron_figures(replace(neuron, refractory=refractory, pulses=pulses)).refractory
    assert times[6e-3] / times[2e-3] == pytest.approx(3.0, rel=0.05)


def test_figure_of_the_curve_is_drawn(tmp_path):
    neuron = LifNeuron()
    plot_f_i(neuron, {"ideal": f_i(neuron, (0.5, 5.0))}, tmp_path / "f_i.png")
    assert (tmp_path / "f_i.png").stat().st_size > 10_000


def test_neurons_are_interchangeable_in_a_hopfield_network():
    """The same 4-neuron network with neurons of each detail: as many gate pulses, one more or less for transistors."""
    from rramcirc.circuits.network.bench import hopfield_bench

    bench = hopfield_bench(rc.Cell("hfo2_filament", "nmos_select"), 4, seed=1)
    counts = {}
    for detail in DETAILS:
        neuron = replace(bench.design.neuron, detail=detail)
        analysis = Transient(0.06, max_step=neuron.refractory / 10)
        waves = rc.simulate(replace(bench, design=replace(bench.design, neuron=neuron), analysis=analysis))
        counts[detail] = [spike_times(waves[f"v(gate{k})"], waves.time, 1.5, 1.0).size for k in range(4)]
    assert sum(counts["ideal"]) >= 4
    assert counts["mixed"] == counts["ideal"]
    assert np.abs(np.subtract(counts["transistor"], counts["ideal"])).max() <= 1
