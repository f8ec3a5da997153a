"""The event loop of the device level: pulses cut by gates, intervals of the neuron, ties, snapshots, spread, noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.bench.analyses import Transient
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.network.bench import NETWORK_NEURON, NETWORK_PULSES, perceptron_bench
from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron, spike_currents
from rramcirc.devices.cards.model_card import Validity
from rramcirc.devices.pulses.response import pulse_response
from rramcirc.engines.network.column_kernel import Noise
from rramcirc.engines.network.deviates import cycle_deviate
from rramcirc.engines.network.device_cells import CellBank
from rramcirc.engines.network.device_plan import device_plan
from rramcirc.engines.network.device_run import DeviceRun
from rramcirc.engines.network.event_kernel import Gates

CELL = rc.Cell("hfo2_filament", "nmos_select")
STATES = {"diameter": 2.5, "gap": 0.6}
LEVEL, SET, RESET = 1.6, 0.93, -0.75


def bank(shape=(2, 3, 3), spread=None, noise=None, threads=1):
    states = {name: np.full(shape, value) for name, value in STATES.items()}
    return CellBank(
        CELL, shape, states, spread or {}, level=LEVEL, read=0.1, on_level=np.full(shape[1], 3.0), no_self=True,
        noise=noise or Noise(np.zeros(1, np.uint64), 0.0), amplitudes=(SET, RESET)[: shape[0]], threads=threads,
    )  # fmt: skip


def gates(*rows):
    """Corners of the rows as (time, level) pairs."""
    size = max(map(len, rows))
    time, level = np.zeros(size * len(rows)), np.zeros(size * len(rows))
    for k, row in enumerate(rows):
        time[k * size : k * size + len(row)], level[k * size : k * size + len(row)] = np.array(row).T
    counts = np.array([len(row) for row in rows])
    return Gates(time, level, np.arange(len(rows)) * size, counts, size, 1.0)


def overlap(duration, amplitude, parameters=None, noise=0.0):
    """States after a pulse of that length on an open cell, and its current at the end; without a driver's drop."""
    times, volts = np.array([[0.0, duration]]), np.full((1, 2), amplitude)
    found = pulse_response(
        CELL.rram, times, volts, STATES, selector=CELL.selector, gate_voltages=3.0, source_line=LEVEL,
        parameters=parameters, noise=noise,
    )  # fmt: skip
    return [found.states[name][0, -1] for name in STATES], found.current[0, -1]


OPEN = [(0.0, 3.0)]
SHUT = [(0.0, 0.0)]


@pytest.mark.parametrize(
    ("row", "duration"),
    [
        (OPEN, 1e-3),
        ([(0.0, 0.0), (5.4e-3, 0.0), (5.4e-3, 3.0)], 0.6e-3),  # opens inside the pulse
        ([(0.0, 3.0), (5.3e-3, 3.0), (5.3e-3, 0.0)], 0.3e-3),  # closes inside
        ([(0.0, 3.0), (5.2e-3, 3.0), (5.2e-3, 0.0), (5.7e-3, 0.0), (5.7e-3, 3.0)], 0.5e-3),  # closes and opens again
        (SHUT, 0.0),
        ([(0.0, 3.0), (5e-3, 3.0), (5e-3, 0.0)], 0.0),  # closes where the pulse begins
    ],
)
@pytest.mark.parametrize(("matrix", "amplitude"), [(0, SET), (1, RESET)])
def test_a_pulse_acts_while_the_gate_is_open(row, duration, matrix, amplitude):
    cells = bank()
    cells.integrate(np.array([[2, matrix, 5e-3, 6e-3, amplitude, 0.0]]), gates(row, SHUT, OPEN))
    place = matrix * 9 + 2  # [0, 2]
    expected = overlap(duration, amplitude)[0] if duration else list(STATES.values())
    assert cells.nodes[place] + cells.first == pytest.approx(expected, abs=2e-6)
    others = np.delete(np.arange(18), place)
    assert np.all(cells.nodes[others] + cells.first == list(STATES.values()))  # none of its own, none of other columns


def test_the_driver_of_a_column_lowers_the_pulse_by_the_current_of_its_cells():
    cells, ohm = bank((1, 3, 3)), 200.0
    cells.integrate(np.array([[2, 0, 0.0, 1e-3, SET, ohm]]), gates(OPEN, OPEN, SHUT))
    state = cells.nodes[2] + cells.first
    low, high = 0.0, 0.05
    for _ in range(3):  # a constant drop between those at both ends gives states on both sides
        assert overlap(1e-3, SET - high)[0][1] > state[1] > overlap(1e-3, SET - low)[0][1]
        first = overlap(1e-9, SET - low)[1]
        last = overlap(1e-3, SET - low)[1]
        low, high = 0.99 * 2 * ohm * first / (1 + 2 * ohm * first / SET), 1.01 * 2 * ohm * last
    assert state == pytest.approx(cells.nodes[5] + cells.first, abs=0)  # both rows see the same


def test_spread_moves_a_cell_as_its_own_model_does():
    shape = (1, 3, 3)
    spread = {"ea_delta": np.zeros(shape), "rho_factor": np.ones(shape)}
    spread["ea_delta"][0, 1, 2], spread["rho_factor"][0, 1, 2] = -0.02, 1.1
    cells = bank(shape, spread)
    cells.integrate(np.array([[2, 0, 0.0, 1e-3, SET, 0.0]]), gates(OPEN, OPEN, SHUT))
    nominal, own = overlap(1e-3, SET)[0], overlap(1e-3, SET, {"ea_delta": -0.02, "rho_factor": 1.1})[0]
    assert cells.nodes[2] + cells.first == pytest.approx(nominal, abs=2e-6)
    assert cells.nodes[5] + cells.first == pytest.approx(own, abs=2e-6)
    assert abs(own[1] - nominal[1]) > 0.01
    assert cells.kept[0, 1, 2] != cells.kept[0, 0, 2]


def test_a_pulse_across_the_edge_of_a_slot_sees_both_deviates():
    keys = np.arange(9, dtype=np.uint64) + np.uint64(5)
    cells = bank((1, 3, 3), noise=Noise(keys, 1e-3))
    cells.integrate(np.array([[2, 0, 3.4e-3, 4.4e-3, SET, 0.0]]), gates(OPEN, SHUT, SHUT))
    times = np.array([[0.0, 0.6e-3]])
    volts = np.full((1, 2), SET)
    first = pulse_response(
        CELL.rram, times, volts, STATES, selector=CELL.selector, gate_voltages=3.0, source_line=LEVEL,
        noise=cycle_deviate(keys[2], 3),
    )  # fmt: skip
    second = pulse_response(
        CELL.rram, times * 2 / 3, volts, {name: values[0, -1] for name, values in first.states.items()},
        selector=CELL.selector, gate_voltages=3.0, source_line=LEVEL, noise=cycle_deviate(keys[2], 4),
    )  # fmt: skip
    expected = [second.states[name][0, -1] for name in STATES]
    assert cells.nodes[2] + cells.first == pytest.approx(expected, abs=3e-6)
    assert cycle_deviate(keys[2], 3) != cycle_deviate(keys[2], 4)


# Neurons ------------------------------------------------------------------------------------------------------------


def hopfield(neuron=NETWORK_NEURON, neurons=3, stop=0.05, stimuli=None, learning=True):
    net = HopfieldNetwork(CELL, neurons, neuron, learning, excitatory_conductance=5e-6, inhibitory_conductance=6e-5)
    return Testbench(net, Transient(stop, 1e-3), stimuli or {}, probes=("v(mem*)", "v(gate*)", "v(te*)", "v(timer*)"))


def falls(waves, name, level):
    above = waves[name] > level
    return waves.time[1:][above[:-1] & ~above[1:]]


def test_a_spike_during_the_gate_pulse_lengthens_it_and_the_line_does_not_fall_between():
    waves = rc.simulate(hopfield(), "numpy", spikes=([5e-3, 11e-3], [0, 0]))
    early = 10e-3 - (falls(waves, "v(gate0)", 1.5)[0] - 11e-3)
    assert falls(waves, "v(gate0)", 1.5).size == 1
    assert 0.0 < early < 5e-6  # the leak helps the reset that the timer waits for
    assert falls(waves, "v(te0)", 2.0) == pytest.approx([6e-3, 12e-3], abs=5e-6)


def test_a_new_spike_cancels_the_second_te_pulse_that_waits():
    neuron = replace(NETWORK_NEURON, pulses=replace(NETWORK_PULSES, reset_voltage=0.75, reset_delay=7e-3))
    waves = rc.simulate(hopfield(neuron), "numpy", spikes=([5e-3, 10e-3, 30e-3], [0, 0, 0]))
    low = waves["v(te0)"] < 1.6 - 0.7
    begins = waves.time[1:][low[1:] & ~low[:-1]]
    assert begins == pytest.approx([17e-3, 37e-3], abs=5e-6)
    inside = rc.simulate(hopfield(neuron), "numpy", spikes=([5e-3, 12.5e-3], [0, 0]))  # inside the second pulse
    at = np.interp([12.4e-3, 12.6e-3], inside.time, inside["v(te0)"])
    assert at == pytest.approx([1.6 - 0.75, 1.6 + 0.93], abs=1e-6)


def test_what_is_left_of_the_reset_is_where_the_membrane_begins():
    neuron = replace(NETWORK_NEURON, refractory=3e-3)
    waves = rc.simulate(hopfield(neuron, learning=False, stop=0.02), "numpy", spikes=([5e-3], [0]))
    after = np.searchsorted(waves.time, 8e-3)
    left = waves["v(mem0)"][after]
    rate = 1.0 / (0.2 * 3e-3) + 1.0 / neuron.leak_time
    assert left == pytest.approx(np.exp(-3e-3 * rate), rel=0.02, abs=0)


def test_neurons_that_cross_at_the_same_time_fire_together():
    charge = 1.5 * NETWORK_NEURON.capacitance * NETWORK_NEURON.threshold
    stimuli = spike_currents(np.full(3, 5e-3), np.arange(3), charge)
    plan = device_plan(hopfield(stimuli=stimuli, stop=7e-3))
    run = DeviceRun(plan, np.array([0.0]))
    run.advance(plan.stop, learning=True)
    found = run.finish()
    assert found.neurons.tolist() == [0, 1, 2]
    assert len(set(found.times.tolist())) == 1


def test_what_flows_in_during_the_own_te_pulse_is_lost():
    neuron = replace(
        NETWORK_NEURON, refractory=1.5e-3,
        pulses=replace(NETWORK_PULSES, reset_voltage=0.75, reset_delay=2e-3, reset_width=3e-3),
    )  # fmt: skip
    charge = 0.5 * neuron.capacitance * neuron.threshold
    stimuli = spike_currents([7.3e-3, 11e-3], [0, 0], charge)  # in the second pulse (7 to 10 ms), and after it
    waves = rc.simulate(hopfield(neuron, stimuli=stimuli, stop=0.02), "numpy", spikes=([5e-3], [0]))
    assert abs(np.interp(9.9e-3, waves.time, waves["v(mem0)"])) < 0.01
    assert np.interp(12e-3, waves.time, waves["v(mem0)"]) == pytest.approx(0.5, abs=0.02)


# Snapshots ----------------------------------------------------------------------------------------------------------


def test_a_state_recorded_inside_a_pulse_is_that_of_a_run_that_ends_there():
    bench = replace(hopfield(), probes=("gap_exc[*,*]",))
    spikes = ([5e-3, 9e-3], [0, 1])  # gate 0 open, te1 from 9 to 10 ms
    inside = 9.4e-3
    fine = replace(bench, analysis=Transient(0.02, 0.1e-3))
    whole = rc.simulate(fine, "numpy", spikes=spikes)
    short = rc.simulate(replace(bench, analysis=Transient(inside)), "numpy", spikes=spikes)
    found = whole["gap_exc[0,1]"][np.searchsorted(whole.time, inside - 1e-12)]
    assert found == pytest.approx(short["gap_exc[0,1]"][-1], abs=1e-9)
    assert abs(found - whole["gap_exc[0,1]"][0]) > 1e-3
    assert abs(found - whole["gap_exc[0,1]"][-1]) > 1e-3
    coarse = rc.simulate(bench, "numpy", spikes=spikes)
    assert coarse["gap_exc[0,1]"][-1] == whole["gap_exc[0,1]"][-1]  # looking changes nothing


def test_edges_of_a_gate_carry_the_integral_of_the_current_while_it_rises():
    neuron = replace(NETWORK_NEURON, leak_time=10.0)
    net = Perceptron(CELL, 1, 1, neuron, learning=False, conductance=8e-6)
    rises, charges = [], []
    for edge in (1e-6, 90e-6):
        gate = rc.SpikeTrain([1e-3], 3.0, 0.1e-3, edge, edge)
        bench = Testbench(net, Transient(2e-3, 1e-4), {"pre0": gate}, probes=("v(mem0)",))
        membrane = rc.simulate(bench, "numpy", spikes=([], []))["v(mem0)"]
        rises.append(membrane[-1] - membrane[0])
        corners, levels = gate.corners()
        times = np.unique(np.linspace(corners[:-1], corners[1:], 100))
        read = pulse_response(
            CELL.rram, times[None], np.full((1, times.size), neuron.pulses.read_voltage), _first_states(net),
            selector=CELL.selector, gate_voltages=np.interp(times, corners, levels)[None],
            source_line=neuron.pulses.common_mode,
        )  # fmt: skip
        charges.append(np.trapezoid(read.current[0], times))
    assert charges[1] > 1.2 * charges[0]
    # 1 % of what edges carry: straight lines between the 17 states of the table
    assert neuron.capacitance / neuron.input_gain * np.diff(rises) == pytest.approx(np.diff(charges), rel=0.01, abs=0.0)


def test_the_timer_of_a_neuron_is_the_same_at_both_levels():
    bench = replace(hopfield(stop=0.03), probes=("v(timer0)",))
    at = np.arange(4e-3, 30e-3, 2e-3)  # a spike at 5 ms
    one, two = (rc.simulate(bench, engine, spikes=([5e-3], [0])) for engine in ("numpy", "network"))
    one, two = (np.interp(at, waves.time, waves["v(timer0)"]) for waves in (one, two))
    assert one[0] > one[-1] > one[1] + 30.0  # it starts anew, and rises by tens of volts
    assert two == pytest.approx(one, abs=5e-3)  # a step of the network level is 20 us


# Sleep --------------------------------------------------------------------------------------------------------------


def test_reads_that_move_a_state_are_followed_in_time():
    bench = perceptron_bench(CELL, 2, 1)
    neuron = replace(bench.design.neuron, pulses=replace(NETWORK_PULSES, read_voltage=0.8))
    net = Perceptron(CELL, 2, 1, neuron, learning=False, conductance=2e-5)
    waves = rc.simulate(replace(bench, design=net, probes=("gap[*,*]",)), "numpy", spikes=([], []))
    gate = bench.stimuli["pre0"]
    times, levels = gate.corners()
    volts = np.where(times >= 0.0, 0.8, 0.8)
    start = _first_states(net)
    expected = pulse_response(
        CELL.rram, times[None], volts[None], start, selector=CELL.selector, gate_voltages=levels[None],
        source_line=neuron.pulses.common_mode,
    ).states["gap"][0, -1]  # fmt: skip
    assert waves["gap[0,0]"][0] - expected > 0.3
    assert waves["gap[0,0]"][-1] == pytest.approx(expected, abs=2e-3 * 1.2)
    assert waves["gap[1,0]"][-1] == waves["gap[1,0]"][0]


def _first_states(net):
    plan = device_plan(Testbench(net, Transient(1e-3)))
    return {name: float(values[0, 0, 0]) for name, values in plan.states.items()}


def test_what_sleep_neglects_is_bounded_and_told():
    waves = rc.simulate(hopfield(), "numpy", spikes=([5e-3, 9e-3], [0, 1]))
    about = waves.provenance
    assert 0.0 < about["neglected_reads"] < 1e-6
    assert 0.0 <= about["neglected_half_selected"] < 1e-9
    assert 0.0 < about["gate_charge"] < 1e-6
    assert f"{about['neglected_reads']:.1e} of its range" in about["notes"][0]


# Phases -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [9.4e-3, 5e-3, 12e-3, 20e-3])
def test_two_phases_that_say_the_same_are_one_run_also_inside_a_pulse(at):
    charge = 1.5 * NETWORK_NEURON.capacitance * NETWORK_NEURON.threshold
    stimuli = spike_currents([4.9e-3, 8.9e-3, 25e-3], [0, 1, 2], charge)
    bench = replace(hopfield(stop=0.04), probes=("gap_exc[*,*]", "v(mem*)"))
    one = rc.simulate(replace(bench, stimuli=stimuli), "numpy")
    phases = [rc.RunPhase(at, stimuli), rc.RunPhase(0.04 - at, spike_currents([25e-3 - at], [2], charge))]
    if at < 8.9e-3:
        phases[1] = rc.RunPhase(0.04 - at, spike_currents([8.9e-3 - at, 25e-3 - at], [1, 2], charge))
    two = rc.simulate(replace(bench, phases=phases), "numpy")
    assert two.spikes.neurons.tolist() == one.spikes.neurons.tolist() == [0, 1, 2]
    assert two.spikes.times == pytest.approx(one.spikes.times, abs=1e-9)
    for name in ("gap_exc[0,1]", "gap_exc[0,2]", "v(mem2)"):
        assert two[name][-1] == pytest.approx(one[name][-1], abs=1e-9)
    assert one["gap_exc[0,1]"][0] - one["gap_exc[0,1]"][-1] > 1e-3


def test_a_phase_that_resets_puts_the_network_to_rest():
    charge = 1.5 * NETWORK_NEURON.capacitance * NETWORK_NEURON.threshold
    stimuli = spike_currents([4.9e-3], [0], charge)
    phases = [rc.RunPhase(6.5e-3, stimuli), rc.RunPhase(0.01, reset=True)]
    bench = Testbench(hopfield().design, Transient(16.5e-3, 1e-4), phases=phases, probes=("v(gate0)", "v(te0)"))
    waves = rc.simulate(bench, "numpy")
    assert falls(waves, "v(gate0)", 1.5) == pytest.approx([6.5e-3], abs=0.11e-3)


def test_energies_of_a_network_are_the_integrals_of_its_currents(tmp_path):
    charge = 2.5 * NETWORK_NEURON.capacitance * NETWORK_NEURON.threshold
    first = spike_currents([2e-3, 5e-3], [0, 1], charge)
    phases = [rc.RunPhase(0.02, first, learning=True), rc.RunPhase(0.02, first, learning=False)]
    design = replace(hopfield().design, excitatory_conductance=5e-6, inhibitory_conductance=6e-5)
    probes = ("current_*[*,*]", "v(te*)", "v(ti*)")
    bench = Testbench(design, Transient(0.04, 2e-5), phases=phases, probes=probes)
    waves = rc.simulate(bench, "numpy")
    table = rc.network_energies(waves)
    level = design.neuron.pulses.common_mode
    for matrix, line in (("exc", "te"), ("inh", "ti")):
        heat = delivered = 0.0
        for name in waves.names:
            if name.startswith(f"current_{matrix}["):
                volts, current = waves[f"v({line}{name[:-1].split(',')[1]})"], waves[name]
                heat += np.trapezoid((volts - level) * current, waves.time)
                delivered += np.trapezoid(volts * current, waves.time)
        rows = table[table["matrix"] == matrix]
        # currents inside pulses are recorded every 20 us
        assert rows["cells"].sum() == pytest.approx(heat, rel=0.01, abs=0.0)
        assert rows["drivers"].sum() == pytest.approx(delivered, rel=0.01, abs=0.0)
        assert (rows["drivers"] + rows["grounds"]).to_numpy() == pytest.approx(rows["cells"].to_numpy())
    assert (table.query("phase == 1 and kind != 'read'")["cells"] == 0.0).all()  # nothing is written in the second
    assert table.query("kind == 'set' and matrix == 'exc'")["cells"].sum() > 0.0
    assert table.query("kind == 'reset' and matrix == 'inh'")["drivers"].sum() < 0.0  # current flows into the driver
    rc.plot_energy(waves, tmp_path / "energy.png", names=["learnt", "read"])
    with pytest.raises(rc.ParameterError, match="one for each of 2 phases"):
        rc.plot_energy(waves, names=["one"])
    with pytest.raises(rc.WaveformError, match="the engine numpy does"):
        rc.network_energies(rc.simulate(bench_without_currents(bench), "network"))


def bench_without_currents(bench):
    return replace(bench, probes=("v(mem*)",))


def test_a_network_outside_its_cards_says_so_and_a_current_that_no_device_survives_fails():
    charge = 2.5 * NETWORK_NEURON.capacitance * NETWORK_NEURON.threshold
    pair = spike_currents([2e-3, 5e-3], [0, 1], charge)
    calm = Testbench(hopfield().design, Transient(0.012, 1e-3), pair, probes=("v(mem0)",))
    calm = replace(calm, design=replace(calm.design, learning=True))
    assert not rc.simulate(calm, "numpy").provenance["remarks"]
    remarks = rc.simulate(replace(calm, temperature=420.0), "numpy").provenance["remarks"]
    assert any("temperature is 420 K" in one for one in remarks)
    card = calm.design.cell.rram

    def with_limit(name, limit):
        narrow = replace(card, validity={**card.validity, name: Validity(-limit, limit, card.validity["current"].unit)})
        return replace(calm, design=replace(calm.design, cell=replace(calm.design.cell, rram=narrow)))

    remarks = rc.simulate(with_limit("current", 1e-9), "numpy").provenance["remarks"]
    assert any("current of" in one and "the card does not hold there" in one for one in remarks)
    volts = replace(card, validity={**card.validity, "cell_voltage": Validity(-0.2, 0.2, "V")})
    narrow = replace(calm, design=replace(calm.design, cell=replace(calm.design.cell, rram=volts)))
    told = [one for one in rc.simulate(narrow, "numpy").provenance["remarks"] if "cell_voltage of" in one]
    assert len(told) == 1
    assert "exc[0,1]" in told[0] or "inh[0,1]" in told[0]  # the only pair that a pulse reached
    with pytest.raises(rc.SimulationError, match="no device carries that"):
        rc.simulate(with_limit("survived_current", 1e-9), "numpy")


def test_spikes_of_something_else_are_refused():
    with pytest.raises(rc.ParameterError, match="is no run of a network"):
        rc.simulate(hopfield(), "numpy", spikes=3)
    with pytest.raises(rc.ParameterError, match="replayed by the engines numpy and network"):
        rc.simulate(hopfield(), "ngspice", spikes=([], []))


def test_a_run_that_is_stopped_keeps_what_was_computed(tmp_path):
    charge = 1.5 * NETWORK_NEURON.capacitance * NETWORK_NEURON.threshold
    bench = hopfield(stop=2.0, stimuli=spike_currents(np.arange(1, 190) * 10e-3, np.tile([0, 1, 2], 63), charge))
    with pytest.raises(rc.SimulationError, match="numpy failed: stopped after the time limit"):
        rc.simulate(bench, "numpy", output=tmp_path / "run", timeout=1e-6)
    waves = rc.load_run(tmp_path / "run")
    assert waves.provenance["status"] == "timeout"
    assert 0.0 < waves.time[-1] < 2.0
    assert len(waves.spikes) > 3
