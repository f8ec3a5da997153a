"""The engine network against ngspice, its phases, rules of the user's own, what it refuses, and pictures of a run."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from command import call

import rramcirc as rc
from rramcirc.circuits.network.bench import NETWORK_NEURON, NETWORK_PULSES, hopfield_bench, perceptron_bench
from rramcirc.circuits.network.networks import spike_currents
from rramcirc.engines.network.spike_rules import PRE

CELL = rc.Cell("hfo2_filament", "nmos_select")
CHARGE = 2.5 * NETWORK_NEURON.capacitance * NETWORK_NEURON.threshold
SPIKES = spike_currents([5e-3, 9e-3, 45e-3, 49e-3], [0, 1, 0, 1], CHARGE)
STEP = 20e-6  # of the engine here: a fiftieth of a te pulse


def three(stimuli=SPIKES, phases=(), stop=0.07, **more):
    network = rc.HopfieldNetwork(
        CELL, 3, NETWORK_NEURON, True, excitatory_conductance=5e-6, inhibitory_conductance=6e-5
    )
    return rc.Testbench(network, rc.Transient(stop, 1e-4), stimuli, phases=phases, **more)


@pytest.mark.parametrize("make", [hopfield_bench, perceptron_bench])
def test_a_network_learns_as_in_ngspice_along_the_curves_of_its_own_cell(make):
    bench = make(CELL)
    bench = replace(bench, analysis=rc.Transient(0.1, 5e-5))
    ours, theirs = rc.simulate(bench, "network"), rc.simulate(bench)
    assert set(ours.names) == set(theirs.names)
    assert ours.units == theirs.units
    assert ours.spikes.neurons.tolist() == theirs.spikes.neurons.tolist()
    # a spike is late by less than a step; ngspice's own steps are of 50 us
    assert ours.spikes.times == pytest.approx(theirs.spikes.times, abs=2 * STEP)
    moved = 0
    for name in (n for n in ours.names if n.startswith(("gap", "diameter"))):
        change = theirs[name][-1] - theirs[name][0]
        # overlaps are cut to whole steps at both ends: 2 of 50 a pulse
        assert ours[name][-1] - ours[name][0] == pytest.approx(change, rel=0.04, abs=1e-4)
        moved += abs(change) > 0.02
    assert moved >= 2


def test_a_second_pulse_of_the_other_sign_moves_synapses_back():
    # POST 6 ms before PRE: the gate opens in the second te pulse, at -0.75 V
    pulses = replace(NETWORK_PULSES, reset_voltage=0.75, reset_delay=6e-3, inhibitory_voltage=0.0)
    neuron = replace(NETWORK_NEURON, pulses=pulses)
    low = rc.Perceptron(CELL, 1, 1, neuron, True, conductance=6e-5)
    gate = rc.SpikeTrain(11e-3 + 40e-3 * np.arange(3), 3.0, 10e-3, 1e-6, 1e-6)
    stimuli = {"pre0": gate, **spike_currents(5e-3 + 40e-3 * np.arange(3), [0, 0, 0], CHARGE)}
    bench = rc.Testbench(low, rc.Transient(0.12, 1e-4), stimuli)
    ours, theirs = rc.simulate(bench, "network"), rc.simulate(bench)
    assert ours.spikes.neurons.size == theirs.spikes.neurons.size == 3
    change = theirs["gap[0,0]"][-1] - theirs["gap[0,0]"][0]
    assert change > 0.02
    assert ours["gap[0,0]"][-1] - ours["gap[0,0]"][0] == pytest.approx(change, rel=0.1)


@pytest.mark.parametrize("cut", [9.4e-3, 9.04e-3])  # inside pulses; inside the external spike
def test_two_phases_are_one_run_to_the_last_bit(cut):
    one = rc.simulate(three(), "network")
    two = rc.simulate(three(phases=[rc.RunPhase(cut), rc.RunPhase(0.07 - cut)]), "network")
    assert two.spikes.times.tolist() == one.spikes.times.tolist()
    for name in one.names:
        np.testing.assert_array_equal(two[name][-1], one[name][-1], err_msg=name)


def test_phases_learn_and_rest_as_in_ngspice():
    phases = [rc.RunPhase(9.4e-3), rc.RunPhase(0.0306, learning=False), rc.RunPhase(0.03, reset=True)]
    ours, theirs = (rc.simulate(three(phases=phases), engine) for engine in ("network", "ngspice"))
    assert ours.spikes.times == pytest.approx(theirs.spikes.times, abs=2 * STEP)
    for name in ("v(te1)", "v(gate0)", "v(ti1)"):
        looks = [9.3e-3, 9.6e-3, 12e-3, 39e-3, 46e-3, 49.6e-3]
        assert np.interp(looks, ours.time, ours[name]) == pytest.approx(
            np.interp(looks, theirs.time, theirs[name]), abs=2e-3
        )


def test_final_states_of_the_network_level_start_the_next_engine():
    waves = rc.simulate(three(), "network")
    design = rc.with_state(three().design, waves.final())
    next_run = rc.simulate(replace(three({}), design=design, analysis=rc.Transient(1e-3)))
    assert next_run["gap_exc[0,1]"][0] == pytest.approx(waves["gap_exc[0,1]"][-1], abs=1e-6)


# Rules ----------------------------------------------------------------------------------------------------------------


def test_published_windows_have_their_numbers():
    assert rc.window_of(rc.song(), [-20e-3, 10e-3]) == pytest.approx([-0.00525 * math.exp(-1), 0.005 * math.exp(-0.5)])
    assert rc.window_of(rc.bi_poo(), [16.8e-3, -33.7e-3]) * 60 == pytest.approx(np.array([0.777, -0.273]) / math.e)


def test_a_rule_moves_weights_by_the_spikes_of_both_sides():
    rule = rc.pair_rule(0.1, 10e-3, 0.05, 20e-3, low=2e-6, high=80e-6)
    waves = rc.simulate(three(), "network", rule=rule)
    spikes = {n: waves.spikes.of(n) for n in range(3)}
    for i, j in ((0, 1), (1, 0)):
        weight = (waves[f"conductance_exc[{i},{j}]"][0] - 2e-6) / 78e-6
        events = sorted([(t, "pre") for t in spikes[i]] + [(t, "post") for t in spikes[j]])
        last = {"pre": -np.inf, "post": -np.inf}
        for time, side in events:
            if side == "post":
                weight += 0.1 * math.exp(-(time - last["pre"]) / 10e-3)
            else:
                weight -= 0.05 * math.exp(-(time - last["post"]) / 20e-3)
            weight = min(1.0, max(0.0, weight))
            last[side] = time
        assert waves[f"conductance_exc[{i},{j}]"][-1] == pytest.approx(2e-6 + 78e-6 * weight, rel=1e-9)
    assert waves["conductance_exc[0,1]"][-1] > waves["conductance_exc[0,1]"][0]


def plain(rule, waves, i, j):
    """Return the last weight [1] of a synapse by a slow walk over the spikes of both sides, formulas written again."""
    spikes = {"pre": waves.spikes.of(i), "post": waves.spikes.of(j)}
    weight = (waves[f"conductance_exc[{i},{j}]"][0] - rule.low) / (rule.high - rule.low)
    for time, side in sorted((t, side) for side, times in spikes.items() for t in times):
        past = {name: times[times < time - 1e-9][::-1] for name, times in spikes.items()}
        gap = {name: [time - t for t in [*times[:2], -np.inf, -np.inf][:2]] for name, times in past.items()}
        weight = min(1.0, max(0.0, weight + CHANGES[rule.update.__name__](side, gap, rule.parameters)))
    return weight


def triplet_change(side, gap, p):
    if side == "post":
        return math.exp(-gap["pre"][0] / p[1]) * (p[0] + p[4] * math.exp(-gap["post"][0] / p[5]))
    return -math.exp(-gap["post"][0] / p[3]) * (p[2] + p[6] * math.exp(-gap["pre"][0] / p[7]))


def tanh_change(side, gap, p):
    delay = gap["pre" if side == "post" else "post"][0]
    if math.isinf(delay):
        return 0.0
    return (p[0] if side == "post" else -p[1]) * math.tanh(delay / p[2]) * math.exp(-delay / p[3])


def rate_change(side, gap, p):
    last, before = gap["post"]
    if side == "post" or math.isinf(before):
        return 0.0
    r = min(1.0 / (before - last) / p[1], p[2])
    return p[0] * r * (r - 1.0)


CHANGES = {"triplet_update": triplet_change, "tanh_update": tanh_change, "rate_update": rate_change}


@pytest.mark.parametrize(
    "rule",
    [
        rc.pfister(), rc.triplet_rule(0.02, 16e-3, 0.03, 30e-3, 0.05, 40e-3, 0.02, 0.1),
        rc.tanh_rule(0.08, 0.05, 5e-3, 20e-3), rc.rate_rule(0.02, 40.0),
    ],
)  # fmt: skip
def test_packaged_rules_are_what_a_slow_walk_over_the_spikes_gives(rule):
    rng = np.random.default_rng(5)
    step = NETWORK_NEURON.refractory / 50  # of the engine with a rule: it has no te pulses
    steps = np.sort(rng.choice(np.arange(20, 1140), 40, replace=False))  # replayed as they are
    who = rng.integers(0, 3, steps.size)
    waves = rc.simulate(three({}), "network", rule=rule, spikes=(steps * step, who))
    assert waves.spikes.times == pytest.approx(steps * step, abs=1e-9)
    moved = 0
    for i, j in ((0, 1), (1, 0), (2, 0), (1, 2)):
        name = f"conductance_exc[{i},{j}]"
        wanted = rule.low + (rule.high - rule.low) * plain(rule, waves, i, j)
        assert waves[name][-1] == pytest.approx(wanted, rel=1e-9)
        moved += abs(waves[name][-1] / waves[name][0] - 1.0) > 1e-3
    assert moved >= 2


def test_a_teacher_makes_its_neuron_fire_and_the_rule_writes_the_inputs_that_were_active():
    neuron = replace(NETWORK_NEURON, pulses=NETWORK_PULSES)
    network = rc.Perceptron(CELL, 2, 2, neuron, True, conductance=2e-5)
    at = 5e-3 + 40e-3 * np.arange(3)
    gates = {f"pre{i}": rc.SpikeTrain(at + shift, 3.0, 10e-3, 1e-6, 1e-6) for i, shift in ((0, 0.0), (1, 12e-3))}
    teacher = spike_currents(at + 4e-3, np.zeros(3), CHARGE)
    bench = rc.Testbench(network, rc.Transient(0.125, 1e-4), {**gates, **teacher})
    waves = rc.simulate(bench, "network", rule=rc.pair_rule(0.1, 10e-3, 0.1, 10e-3))
    assert waves.spikes.of(0)[:3] == pytest.approx(at[0] + np.array([4e-3, 44e-3, 84e-3]), abs=0.1e-3)
    change = {(i, j): np.ptp(waves[f"conductance[{i},{j}]"]) for i in range(2) for j in range(2)}
    assert waves["conductance[0,0]"][-1] > waves["conductance[0,0]"][0]  # PRE before POST
    assert waves["conductance[1,0]"][-1] < waves["conductance[1,0]"][0]  # PRE after it
    assert change[0, 1] == change[1, 1] == 0.0 or not len(waves.spikes.of(1))


def test_spikes_replayed_at_network_level_are_the_spikes_and_move_the_states_as_there():
    free = rc.simulate(three(), "network")
    again = rc.simulate(three({}), "network", spikes=free)  # without what made them fire
    assert again.spikes.times == pytest.approx(free.spikes.times, abs=1e-12)
    names = [name for name in free.names if name.startswith("gap")]
    assert all(np.array_equal(free[name], again[name]) for name in names)
    assert max(np.ptp(free[name]) for name in names) > 0.02


def triplet(weight, spike, seen, noise, parameters):
    """PRE after POST depresses; POST potentiates by PRE and by the POST before; noise on both."""
    if spike == PRE:
        change = -parameters[0] * math.exp(-seen.post / 30e-3)
    else:
        change = parameters[1] * math.exp(-seen.pre / 20e-3) * (1.0 + math.exp(-seen.post / 0.1))
    return min(1.0, max(0.0, weight + change * (1.0 + 0.3 * noise)))


def test_a_rule_of_the_users_own_sees_earlier_spikes_and_noise_of_a_seed():
    def last(seed):
        rule = rc.SpikeRule(triplet, (0.05, 0.1), seed=seed)
        return rc.simulate(three(), "network", rule=rule)["conductance_exc[0,1]"][-1]

    assert last(1) == last(1) != last(2)


# Refused --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bench", "said"),
    [
        (rc.default_bench("cell"), "it cannot do a Cell, only a HopfieldNetwork, a Perceptron or a RecurrentNetwork"),
        (replace(three(), cycle_noise=rc.CycleNoise(slot=1e-3)), "cycle_noise: the engines numpy and ngspice take it"),
        (replace(three(), probes=("current_exc[0,1]",)), r"it has no current_exc\[0,1\]; of synapses it has diameter"),
        (
            replace(three(), design=replace(three().design, neuron=replace(NETWORK_NEURON, detail="mixed"))),
            "a mixed neuron runs in ngspice only",
        ),
        (
            replace(three(), design=replace(three().design, excitatory_parameters={"ea_delta": 0.01})),
            "synapses cannot differ in their parameters",
        ),
        (
            replace(perceptron_bench(CELL), stimuli={"pre0": rc.Constant(2.0)}),
            "a gate level of 2 V is not the gate_voltage of the neurons, 3 V",
        ),
    ],
)
def test_what_the_network_level_cannot_do_is_refused_with_what_can(bench, said):
    with pytest.raises(rc.ParameterError, match=said):
        rc.simulate(bench, "network")


def test_vacask_refuses_a_network_and_says_what_runs_it():
    with pytest.raises(rc.NetlistError, match=r"no spelling for Controlled elements.*engines numpy and network"):
        rc.simulate(three(), "vacask")


def test_other_engines_refuse_a_rule():
    with pytest.raises(rc.ParameterError, match="rule: only the engine network takes one"):
        rc.simulate(three(), "ngspice", rule=rc.song())


def test_the_command_line_runs_a_network_file_and_reads_it_back(tmp_path):
    rc.save_bench(three(), tmp_path / "net.toml")
    words = ["simulate", str(tmp_path / "net.toml"), "--engine", "network", "-o", str(tmp_path / "run")]
    told = call(*words)
    assert told.returncode == 0, told.stderr
    waves = rc.load_run(tmp_path / "run")
    assert waves.spikes.neurons.tolist() == [0, 1, 0, 1]
    assert waves.unit("gap_exc[0,1]") == "nm"


# Pictures -------------------------------------------------------------------------------------------------------------


def test_pictures_of_a_run_show_its_spikes_and_synapses(tmp_path):
    waves = rc.simulate(three(), "network")
    raster = rc.plot_raster({"network": waves, "again": waves}, tmp_path / "raster.png")
    drawn = [len(group.get_segments()) for group in raster.axes[0].collections]
    assert drawn == [4, 4]
    curves = rc.plot_learning(waves, ["gap_exc", "gap_inh"], tmp_path / "learning.png")
    assert [len(ax.lines) for ax in curves.axes] == [7, 7]
    maps = rc.plot_weights(waves, "gap_exc", [0.0, 0.069], tmp_path / "maps.png")
    assert maps.axes[1].images[0].get_array()[0, 1] < maps.axes[0].images[0].get_array()[0, 1]
    assert np.isnan(rc.synapse_waves(waves, "gap_exc", [0.0])[0, 1, 1])
    with pytest.raises(rc.WaveformError, match="Nearest: gap_exc"):
        rc.plot_weights(waves, "gap_ex", [0.0])
