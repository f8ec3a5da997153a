"""Final states of a run start the next one: networks, in Python and in files."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.circuits.network.bench import hopfield_bench, perceptron_bench

CELL = rc.Cell("hfo2_filament", "nmos_select")
NETWORK = rc.HopfieldNetwork(CELL, 3, excitatory_conductance=5e-6)


@pytest.mark.parametrize("make", [lambda: hopfield_bench(CELL, 3, 0.03), lambda: perceptron_bench(CELL, 3, 2, 0.03)])
def test_final_states_of_a_run_start_the_next_in_python_and_in_files(make, tmp_path):
    bench = make()
    waves = rc.simulate(bench)
    states = {name: value for name, value in waves.final().items() if name.startswith(("gap", "diameter"))}
    after = replace(bench, design=rc.with_state(bench.design, waves.final()), stimuli={}, analysis=rc.Transient(1e-3))
    rc.save_bench(after, tmp_path / "next.toml")
    assert len(states) in (12 * 2, 6 * 2)
    for again in (after, rc.load_bench(tmp_path / "next.toml")):
        first = rc.simulate(again)
        for name, value in states.items():
            assert first[name][0] == pytest.approx(value, abs=0.01)  # a state up to 0.01 outside is put on its bound
    text = (tmp_path / "next.toml").read_text()
    assert "conductance" not in text.split("[analysis]")[0].split("[design]")[1]


def test_one_state_by_hand_leaves_the_other_synapses_as_they_are():
    changed = rc.with_state(NETWORK, {"gap_exc[0,1]": 0.1})
    before = rc.with_state(NETWORK, {})
    assert changed.excitatory_state["gap"][0, 1] == 0.1
    rest = [(0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]
    for place in rest:
        assert changed.excitatory_state["gap"][place] == before.excitatory_state["gap"][place] > 0.2
    np.testing.assert_array_equal(changed.inhibitory_state["gap"], before.inhibitory_state["gap"])


def test_weights_of_a_recurrent_network_start_the_next_run():
    network = rc.RecurrentNetwork("plastic_zoppo2019", 2)
    assert rc.with_state(network, {"w[0,1]": 0.5, "w[1,0]": -0.25, "v(v0)": 1.0}).weights.tolist()[0][1] == 0.5


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"gap_exc[0,1]": 0.1, "v(mem0)": 0.0}, r"diameter_exc\[0,1\], .* missing among the values of a run, 23 in"),
        ({"gap": 0.1}, "unknown state 'gap'. Nearest: gap_"),
        ({"gap_exc[0,0]": 0.1}, r"gap_exc\[0,0\]: the network has no synapse \[0,0\]"),
        ({"gap_exc[0]": 0.1}, "is no pair of numbers"),
        ({"gap_exc": np.zeros((2, 2))}, r"gap_exc: has shape \(2, 2\)"),
        ({"gap_exc[0,1]": "x"}, "is not an array of numbers"),
        ({"gap_exc[0,1]": -3.0}, "excitatory_state"),
    ],
)
def test_states_that_do_not_fit_a_network_are_refused_by_name(state, said):
    with pytest.raises(rc.ParameterError, match=said):
        rc.with_state(NETWORK, state)


def test_what_has_no_states_is_refused():
    with pytest.raises(rc.ParameterError, match="is no Cell, Crossbar or network"):
        rc.with_state(rc.LifNeuron(), {})
