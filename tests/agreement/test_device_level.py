"""Networks at device level: the compiled 1T1R in every synapse, against ngspice with steps finer than the tolerance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.basics.errors import ParameterError
from rramcirc.bench.analyses import Transient
from rramcirc.circuits.network.bench import hopfield_bench, perceptron_bench
from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron
from rramcirc.engines.network.device_engine import run_bench

CELL = rc.Cell("hfo2_filament", "nmos_select")
# ngspice's own error at these: spikes 2 us, states 1.5e-3 of the range against steps of 2 us
REFEREE = {"reltol": 1e-5}
STEP = 5e-6
SPIKES_WITHIN = 20e-6  # [s]
STATES_WITHIN = 2e-3  # of the range of a state


def fired(waves):
    """Return (times [s], neurons) of the output spikes."""
    return waves.spikes.times, waves.spikes.neurons


def small_bench(duration=0.1):
    bench = hopfield_bench(CELL, 4, duration)
    return replace(
        bench, probes=("v(mem*)", "v(timer*)", "v(te*)", "v(ti*)", "v(gate*)", "gap_*[*,*]", "diameter_*[*,*]")
    )


def refined(bench):
    analysis = replace(bench.analysis, max_step=STEP)
    return rc.simulate(replace(bench, analysis=analysis, options={**bench.options, **REFEREE}))


@pytest.fixture(scope="module")
def hopfield():
    bench = small_bench()
    return bench, refined(bench), rc.simulate(bench, "numpy")


def ranges():
    return {name: high - low for name, (low, high) in CELL.rram.state_ranges().items()}


def states_off(waves, other, names):
    """Largest difference of states at the points of `waves`, of their range, over cells; and how many moved by 2 %."""
    worst, moved = 0.0, 0
    for name in names:
        span = ranges()[name.split("_")[0].split("[")[0]]
        theirs = np.interp(waves.time, other.time, other[name])
        worst = max(worst, float(np.abs(waves[name] - theirs).max()) / span)
        moved += bool(np.ptp(other[name]) > 0.02 * span)
    return worst, moved


def test_a_free_run_fires_as_ngspice_does(hopfield):
    _, circuit, device = hopfield
    (times, who), (ours, mine) = fired(circuit), fired(device)
    assert who.size > 10
    assert mine.tolist() == who.tolist()
    assert np.abs(ours - times).max() < SPIKES_WITHIN


def test_the_spikes_of_ngspice_replayed_move_the_states_as_there(hopfield):
    bench, circuit, _ = hopfield
    spikes = fired(circuit)
    replayed = rc.simulate(bench, "numpy", spikes=spikes)
    assert fired(replayed)[1].tolist() == spikes[1].tolist()
    names = [name for name in replayed.names if "[" in name]
    worst, moved = states_off(replayed, circuit, names)
    assert moved >= 6
    assert worst < STATES_WITHIN


def test_both_engines_have_the_same_signals_and_lines(hopfield):
    _, circuit, device = hopfield
    assert set(device.names) == set(circuit.names)
    assert {name: device.units[name] for name in device.names} == dict(circuit.units)
    spikes, grid = fired(circuit)[0], np.arange(1, 100) * 1e-3
    grid = grid[np.abs(grid[:, None] - spikes).min(axis=1) > 4 * STEP]
    for name, most in (("v(gate1)", 1e-3), ("v(te1)", 5e-3), ("v(ti1)", 5e-3), ("v(mem1)", 2e-3)):  # drop of the driver
        off = np.abs(np.interp(grid, device.time, device[name]) - np.interp(grid, circuit.time, circuit[name]))
        assert off.max() < most, name


def test_a_perceptron_learns_as_in_ngspice():
    bench = replace(perceptron_bench(CELL, 4, 2), probes=("v(mem*)", "v(timer*)", "gap[*,*]", "conductance[*,*]"))
    device, circuit = rc.simulate(bench, "numpy"), refined(bench)
    (times, who), (ours, mine) = fired(circuit), fired(device)
    assert sorted(zip(mine, ours.round(4), strict=True)) == sorted(zip(who, times.round(4), strict=True))
    worst, moved = states_off(device, circuit, [name for name in device.names if name.startswith("gap")])
    assert moved == 4
    assert worst < STATES_WITHIN
    for row in (0, 3):
        name = f"conductance[{row},1]"
        assert device[name][[0, -1]] == pytest.approx(circuit[name][[0, -1]], rel=3e-3, abs=0)


def test_spread_noise_and_phases_move_the_states_as_in_ngspice():
    bench = small_bench()
    rng, off = np.random.default_rng(4), (4, 4)
    spread = {"ea_delta": 0.01 * rng.standard_normal(off), "rho_factor": np.exp(0.05 * rng.standard_normal(off))}
    design = replace(
        bench.design, excitatory_parameters=spread, inhibitory_parameters={"ea_delta": spread["ea_delta"].T}
    )
    late = {
        line: rc.PiecewiseLinear(np.maximum(0.0, stimulus.times - 0.04)[k:], stimulus.values[k:], "A")
        for line, stimulus in bench.stimuli.items()
        for k in [max(0, int(np.searchsorted(stimulus.times, 0.04)) - 1)]
    }
    phases = [
        rc.RunPhase(0.06, bench.stimuli),
        rc.RunPhase(0.03, late, learning=False),
        rc.RunPhase(0.02, late, reset=True),
    ]
    bench = replace(
        bench, design=design, stimuli={}, phases=phases, cycle_noise=rc.CycleNoise(seed=3, slot=4e-3),
        analysis=Transient(0.11, 1e-3),
    )  # fmt: skip
    circuit, device = refined(bench), rc.simulate(bench, "numpy")
    assert device.spikes.neurons.tolist() == circuit.spikes.neurons.tolist()
    assert np.abs(device.spikes.times - circuit.spikes.times).max() < SPIKES_WITHIN
    assert np.ptp(np.searchsorted([0.06, 0.09], device.spikes.times)) == 2  # in all phases
    replayed = rc.simulate(bench, "numpy", spikes=circuit)
    worst, moved = states_off(replayed, circuit, [name for name in replayed.names if "[" in name])
    assert moved >= 6
    assert worst < STATES_WITHIN


def test_threads_change_no_bit(tmp_path):
    bench = replace(hopfield_bench(CELL, 16, 0.03), probes=("v(mem*)", "gap_*[*,*]"))
    runs = []
    for threads in (1, 2, 3):
        (tmp_path / str(threads)).mkdir()
        outcome = run_bench(bench, tmp_path / str(threads), threads=threads)
        assert outcome.figures["cells_switched"] > 30
        runs.append((tmp_path / str(threads) / "waves.raw").read_bytes().partition(b"Binary:")[2])
    assert runs[0] == runs[1] == runs[2]


@pytest.mark.parametrize(
    ("bench", "said"),
    [
        (
            replace(hopfield_bench(CELL), design=HopfieldNetwork(CELL, 4, rc.LifNeuron(detail="mixed"))),
            "LifNeuron.detail = 'mixed'.*detail = 'ideal'",
        ),
        (
            rc.Testbench(
                Perceptron(CELL, 2), Transient(0.01), {"pre0": rc.PiecewiseLinear([0, 1e-3, 2e-3], [0, 3, 2])}
            ),
            r"stimuli\['pre0'\]: a level of 2 V besides 3 V",
        ),
        (
            rc.Testbench(
                Perceptron(CELL, 2), Transient(0.01), {"pre0": rc.PiecewiseLinear([0, 1e-3, 2e-3], [0, 3, 3])}
            ),
            r"stimuli\['pre0'\]: an edge of 1 ms",
        ),
    ],
)
def test_what_the_device_level_cannot_do_is_refused_by_name(bench, said):
    with pytest.raises(ParameterError, match=said):
        rc.simulate(bench, "numpy")
