"""Phases of a network's run in ngspice, spread of its synapses, and cycle noise in slots."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.bench.cycle_deviates import cycle_deviates, synapse_keys
from rramcirc.bench.phases import joined_stimulus
from rramcirc.bench.spike_trains import stream_key, uniforms
from rramcirc.bench.stimuli import sample
from rramcirc.circuits.network.bench import NETWORK_NEURON
from rramcirc.circuits.network.networks import spike_currents
from rramcirc.circuits.neuron.netlist import step_control

CELL = rc.Cell("hfo2_filament", "nmos_select")
CHARGE = 2.5 * NETWORK_NEURON.capacitance * NETWORK_NEURON.threshold
# neuron 0 and 4 ms later neuron 1: gate 0 overlaps with te1 and ti1; twice
SPIKES = spike_currents([5e-3, 9e-3, 45e-3, 49e-3], [0, 1, 0, 1], CHARGE)
STOP, CUT = 0.07, 9.4e-3  # the cut lies in the te pulse of neuron 1, in gate pulse 0 and both refractory times
PROBES = ("gap_*[*,*]", "diameter_*[*,*]", "v(mem*)", "v(te1)", "v(gate0)", "v(timer*)")


def network(learning=True, **more):
    return rc.HopfieldNetwork(
        CELL, 3, NETWORK_NEURON, learning, excitatory_conductance=5e-6, inhibitory_conductance=6e-5, **more
    )


def bench(phases, stimuli=SPIKES, design=None, **more):
    return rc.Testbench(
        design or network(), rc.Transient(STOP, 1e-4), stimuli, phases=phases, probes=PROBES,
        options=step_control(NETWORK_NEURON, 1e-3), **more,
    )  # fmt: skip


def at(waves, name, *times):
    return np.interp(times, waves.time, waves[name])


def parts(stimuli, cut, stop):
    """Return the stimuli of a run as those of two phases, cut where they may be on."""
    found = []
    for start, end in ((0.0, cut), (cut, stop)):
        part = {}
        for line, stimulus in stimuli.items():
            corners = stimulus.corners()[0]
            inside = np.concatenate([[start], corners[(corners > start) & (corners < end)], [end]])
            part[line] = rc.PiecewiseLinear(inside - start, sample(stimulus, inside), stimulus.unit)
        found.append(part)
    return found


@pytest.mark.parametrize("cut", [CUT, 9.03e-3])  # in the pulses; in the external spike that leads to them
def test_two_phases_are_one_run_also_inside_a_pulse(cut):
    one = rc.simulate(bench(()))
    first, second = parts(SPIKES, cut, STOP)
    two = rc.simulate(bench([rc.RunPhase(cut, first), rc.RunPhase(STOP - cut, second)], {}))
    times = np.linspace(0.0, STOP, 400)[1:-1]
    # the cut is a corner of the stimuli, so the steps differ: what is left is their error
    for name in one.select("gap_*[*,*]"):
        assert at(two, name, *times) == pytest.approx(at(one, name, *times), abs=1e-3)
    assert at(two, "v(te1)", 9.3e-3, 9.9e-3, 12e-3) == pytest.approx([2.53, 2.53, 1.7], abs=1e-3)
    assert at(two, "v(gate0)", 9.9e-3, 12e-3) == pytest.approx([3.0, 3.0], abs=1e-3)


def test_a_phase_without_learning_lets_running_pulses_end_and_starts_none():
    waves = rc.simulate(bench([rc.RunPhase(CUT), rc.RunPhase(STOP - CUT, learning=False)]))
    always = rc.simulate(bench(()))
    assert at(waves, "v(te1)", 9.9e-3, 12e-3, 49.5e-3) == pytest.approx([2.53, 1.7, 1.7], abs=1e-3)
    assert at(waves, "v(gate0)", 12e-3, 47e-3) == pytest.approx([3.0, 3.0], abs=1e-3)
    name = "gap_exc[0,1]"
    assert at(waves, name, 12e-3) == pytest.approx(at(always, name, 12e-3), abs=1e-3)
    assert at(waves, name, 0.069) == pytest.approx(at(waves, name, 12e-3), abs=1e-6)
    assert at(always, name, 0.069) < at(always, name, 12e-3) - 0.03


def test_learning_that_begins_while_a_gate_pulse_runs_starts_no_pulse_of_its_own():
    waves = rc.simulate(bench([rc.RunPhase(CUT, learning=False), rc.RunPhase(STOP - CUT)]))
    assert at(waves, "v(te1)", 9.3e-3, 9.5e-3, 9.9e-3) == pytest.approx([1.7] * 3, abs=1e-3)
    assert at(waves, "v(te1)", 49.5e-3) == pytest.approx([2.53], abs=1e-3)


def test_a_reset_is_the_start_of_a_run():
    second = parts(SPIKES, CUT, STOP)[1]
    waves = rc.simulate(bench([rc.RunPhase(CUT), rc.RunPhase(STOP - CUT, reset=True)]))
    assert at(waves, "v(te1)", 9.39e-3, 9.41e-3) == pytest.approx([2.53, 1.7], abs=1e-3)
    assert at(waves, "v(gate0)", 9.39e-3, 9.41e-3) == pytest.approx([3.0, 0.0], abs=1e-3)
    assert at(waves, "v(mem1)", 9.41e-3) == pytest.approx([0.0], abs=1e-3)
    left = {name: at(waves, name, CUT) for name in waves.select("gap_*[*,*]", "diameter_*[*,*]")}
    # the same states in a run of their own; the membrane is held for 1.5 us at the start of either
    states = {m: {state: matrix(left, f"{state}_{m}") for state in ("gap", "diameter")} for m in ("exc", "inh")}
    design = rc.HopfieldNetwork(
        CELL, 3, NETWORK_NEURON, True, excitatory_state=states["exc"], inhibitory_state=states["inh"]
    )
    fresh = rc.simulate(replace(bench((), second, design), analysis=rc.Transient(STOP - CUT, 1e-4)))
    for name in ("gap_exc[0,1]", "gap_inh[0,1]"):
        moved = at(waves, name, 0.069) - left[name]
        assert at(fresh, name, 0.069 - CUT) - left[name] == pytest.approx(moved, abs=1e-3)


def matrix(values, name):
    found = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            found[i, j] = values[f"{name}[{i},{j if i != j else (j + 1) % 3}]"][0]
    return found


def test_levels_that_jump_between_phases_take_an_edge():
    phases = [rc.RunPhase(1.0, {"ext0": rc.Constant(1e-9, "A")}), rc.RunPhase(2.0), rc.RunPhase(1.0)]
    joined = joined_stimulus(phases, "ext0")
    assert sample(joined, [0.5, 1.0, 1.0 + 1e-9, 3.0]).tolist() == [1e-9, 1e-9, 0.0, 0.0]
    assert joined_stimulus(phases, "ext1") is None


def test_both_records_give_spread_to_their_netlists():
    spread = np.full((3, 3), 0.01)
    spread[0, 1] = 0.02
    text = rc.build_netlist(bench((), design=network(excitatory_parameters={"ea_delta": spread}))).text
    lines = {line.split()[0]: line for line in text.splitlines() if line.startswith(("xexc", "xinh"))}
    assert "ea_delta=0.02" in lines["xexc_0_1"]
    assert "ea_delta=0.01" in lines["xexc_1_0"]
    assert "ea_delta" not in lines["xinh_1_0"]


def test_cycle_deviates_are_a_function_of_seed_matrix_place_and_slot():
    keys = synapse_keys(7, "inh", (3, 4))
    found = cycle_deviates(keys[..., None], np.arange(50))
    first, second = uniforms(stream_key((7, 1, 2, 3)), 0, 100).reshape(50, 2).T
    assert found[2, 3] == pytest.approx(np.sqrt(-2 * np.log1p(-first)) * np.cos(2 * np.pi * second), abs=1e-14)
    many = cycle_deviates(synapse_keys(7, "exc", (30, 30))[..., None], np.arange(100))
    # 90,000 numbers: mean and variance of a standard normal within four standard errors
    assert abs(many.mean()) < 4 / 300
    assert abs(many.var() - 1) < 4 * np.sqrt(2) / 300
    assert abs(np.corrcoef(many[:, :, :-1].ravel(), many[:, :, 1:].ravel())[0, 1]) < 4 / 300


def test_cycle_noise_of_a_network_reaches_its_synapses_slot_by_slot():
    noise = rc.CycleNoise(slot=20e-3, seed=5)
    noisy = bench((), cycle_noise=noise)
    text = rc.build_netlist(noisy).text
    line = next(line for line in text.splitlines() if line.startswith("vnz_exc_0_1 "))
    deviates = cycle_deviates(synapse_keys(5, "exc", (3, 3)), 0)
    assert f"{deviates[0, 1]:.6g}"[:6] in line
    waves, quiet = rc.simulate(noisy), rc.simulate(bench(()))
    moved, still = ((w["gap_exc[0,1]"][-1] - w["gap_exc[0,1]"][0]) for w in (waves, quiet))
    assert abs(moved - still) > 0.01 * abs(still)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"phases": [rc.RunPhase(0.05)]}, "they last 0.05 s, but the analysis stops at 0.07 s"),
        ({"phases": [rc.RunPhase(STOP, {"ext7": rc.Constant(0.0, "A")})]}, "phases: phase 0: 'ext7' is no single line"),
        ({"phases": [rc.RunPhase(STOP, {"ext": rc.Constant(0.0, "A")})]}, "drives 'ext', and so does"),
        ({"phases": [1.0]}, "is not a list of RunPhase"),
        ({"cycle_noise": rc.CycleNoise([0.0], 1)}, "a HopfieldNetwork needs CycleNoise with a slot"),
        ({"design": CELL, "stimuli": {}, "phases": [rc.RunPhase(STOP)]}, "a Cell has none"),
        ({"design": CELL, "stimuli": {}, "cycle_noise": rc.CycleNoise(slot=1.0)}, "a Cell needs CycleNoise with times"),
    ],
)
def test_what_does_not_fit_a_network_is_refused_by_name(change, said):
    with pytest.raises(rc.ParameterError, match=said):
        replace(replace(bench(()), probes=()), **change)


def test_too_many_slots_for_a_netlist_are_refused_with_their_number():
    noisy = bench((), cycle_noise=rc.CycleNoise(slot=1e-7, edge=1e-9))
    with pytest.raises(rc.ParameterError, match="700000 slots in each of 12 synapses"):
        rc.build_netlist(noisy)


def test_neurons_of_transistors_refuse_to_change_between_learning_and_not():
    design = replace(network(), neuron=replace(NETWORK_NEURON, detail="mixed"))
    phased = bench([rc.RunPhase(CUT), rc.RunPhase(STOP - CUT, learning=False)], design=design)
    with pytest.raises(rc.ParameterError, match="a mixed neuron cannot change between learning and not"):
        rc.build_netlist(replace(phased, probes=()))


def test_a_file_keeps_phases_spread_and_slots(tmp_path):
    spread = {"ea_delta": 0.01 * np.array([[1.0, 1.1, 1.2], [1.3, 1.0, 1.1], [1.2, 1.3, 1.0]])}
    phases = [rc.RunPhase(CUT, {"ext0": SPIKES["ext0"]}, learning=True), rc.RunPhase(STOP - CUT, reset=True)]
    before = bench(
        phases, {}, network(inhibitory_parameters=spread), cycle_noise=rc.CycleNoise(slot=1e-3, seed=2)
    )  # fmt: skip
    rc.save_bench(before, tmp_path / "net.toml")
    again = rc.load_bench(tmp_path / "net.toml")
    assert rc.build_netlist(again).text == rc.build_netlist(before).text
    assert "[[phases]]" in (tmp_path / "net.toml").read_text()


def test_spikes_are_told_by_every_run_and_read_back_from_its_folder(tmp_path):
    recorded = rc.simulate(replace(bench(()), probes=("v(timer*)", "v(mem0)")))
    waves = rc.simulate(replace(bench(()), probes=("v(mem0)",)), output=tmp_path / "run")
    assert waves.names == ("v(mem0)",)
    assert waves.spikes.neurons.tolist() == [0, 1, 0, 1]
    # the triangle of 100 us brings 2.5 times the threshold's charge; its integral passes 0.4 after sqrt(0.4 / 2) of it
    wanted = np.array([5e-3, 9e-3, 45e-3, 49e-3]) + np.sqrt(0.2) * 1e-4
    assert waves.spikes.times == pytest.approx(wanted, abs=2e-6)
    assert recorded.spikes.times == pytest.approx(waves.spikes.times, abs=1e-9)
    again = rc.load_run(tmp_path / "run")
    assert again.spikes.times.tolist() == waves.spikes.times.tolist()
    assert waves.between(0.0, 0.03).spikes.neurons.tolist() == [0, 1]


@pytest.mark.parametrize("detail", ["mixed", "transistor"])
def test_neurons_of_op_amps_and_transistors_tell_their_spikes(detail):
    design = replace(network(), neuron=replace(NETWORK_NEURON, detail=detail))
    steps = rc.Transient(0.02, NETWORK_NEURON.refractory / 20)
    waves = rc.simulate(replace(bench((), design=design), analysis=steps, probes=("v(gate0)", "v(gate1)")))
    assert waves.spikes.neurons.tolist() == [0, 1]
    for neuron, time in enumerate(waves.spikes.times):
        assert at(waves, f"v(gate{neuron})", time - 50e-6, time + 100e-6) == pytest.approx([0.0, 3.0], abs=0.1)
