"""A network in both engines: what is compared, up to where, and what is told of the referee."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.basics.errors import SimulationError
from rramcirc.bench.analyses import Transient
from rramcirc.circuits.network.bench import hopfield_bench
from rramcirc.engines.network_both import (
    SETTLED_SPIKES,
    SETTLED_STATES,
    StateDifference,
    check_network,
    compare_network,
    spike_difference,
    state_difference,
)
from rramcirc.waveforms.folder import load_run, read_record
from rramcirc.waveforms.spikes import Spikes

CELL = rc.Cell("hfo2_filament", "nmos_select")


def test_free_runs_are_compared_up_to_the_first_spike_that_differs():
    ours = Spikes([1e-3, 2e-3, 3e-3, 4e-3], [0, 1, 0, 1])
    same = spike_difference(ours, Spikes(ours.times + np.array([1e-6, -3e-6, 2e-6, 0.0]), ours.neurons))
    assert (same.same, same.time) == (4, None)
    assert same.largest == pytest.approx(3e-6, abs=1e-12)
    later = spike_difference(ours, Spikes([1e-3, 2e-3, 3.1e-3, 4e-3], [0, 1, 0, 1]))
    assert (later.same, later.neuron, later.run) == (2, 0, 0)  # neuron 0 at 3 ms, in the first run only
    assert later.time == 3e-3
    missing = spike_difference(Spikes([1e-3], [0]), Spikes([1e-3, 1.5e-3], [0, 2]))
    assert (missing.same, missing.time, missing.neuron, missing.run) == (1, 1.5e-3, 2, 1)


def test_ties_in_another_order_are_the_same():
    assert spike_difference(Spikes([1e-3, 1e-3 + 1e-6], [0, 1]), Spikes([1e-3, 1e-3 + 1e-6], [1, 0])).same == 2


def test_a_network_in_both_engines_is_compared_free_and_in_replay(tmp_path):
    bench = hopfield_bench(CELL, 3, 0.04)
    found = compare_network(replace(bench, analysis=Transient(0.04, 1e-3)), tmp_path / "run")
    assert found.free.time is None
    assert found.free.same == found.spikes["numpy"] == found.spikes["ngspice"] > 3
    assert found.referee.largest < SETTLED_SPIKES
    assert found.referee_states.moved < SETTLED_STATES
    assert found.replayed.count >= 2
    assert found.replayed.moved < 2e-3
    check_network(found)
    with pytest.raises(SimulationError, match=r"the engines differ: states in replay by .* more than 1e-09"):
        check_network(found, 1e-9)
    assert "its own error: spikes" in found.text()
    assert "replayed spikes of ngspice" in found.text()
    assert read_record(tmp_path / "run")["comparison"] == found.text().splitlines()
    assert (tmp_path / "run" / "rasters.png").stat().st_size > 5000
    replayed = load_run(tmp_path / "run" / "replay")
    finest = sorted((tmp_path / "run").glob("ngspice-*"))[-1]
    assert state_difference(bench, replayed, load_run(finest)) == found.replayed
    again = rc.simulate(bench, "numpy", spikes=finest)  # a run folder will do
    assert again.spikes.times.tolist() == load_run(finest).spikes.times.tolist()


def test_the_distance_to_the_threshold_of_the_first_difference_is_told():
    from rramcirc.engines.network_both import _distance

    bench = hopfield_bench(CELL, 3, 0.05)
    one = rc.simulate(bench, "numpy")
    # a run in which the third spike is left out: its neuron reached the threshold and did not fire
    kept = [k for k in range(len(one.spikes)) if k != 2]
    other = rc.simulate(bench, "numpy", spikes=(one.spikes.times[kept], one.spikes.neurons[kept]))
    parted = spike_difference(one.spikes, other.spikes)
    assert (parted.same, parted.run) == (2, 0)
    assert parted.time == one.spikes.times[2]
    assert abs(_distance(bench, parted, (one, other))) < 0.05


def test_states_of_unequal_runs_are_told_by_name_and_time():
    bench = replace(hopfield_bench(CELL, 3, 0.05), probes=("gap_exc[*,*]",))
    one = rc.simulate(bench, "numpy")
    silent = rc.simulate(bench, "numpy", spikes=([], []))
    found = state_difference(bench, silent, one)
    assert isinstance(found, StateDifference)
    assert found.moved > 0.02
    assert found.name.startswith("gap_exc[")
    assert 0.0 < found.at <= 0.05
