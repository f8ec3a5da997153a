"""The recurrent network of Zoppo 2019 in ngspice against its differential equations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.bench.stimuli import Constant, sample
from rramcirc.circuits.recurrent.bench import recurrent_bench
from rramcirc.circuits.recurrent.recurrent import RecurrentNetwork

RATE = 0.01  # learning rate of the card


def equations(bench, time, start):
    """Integrate Eqs. (18)-(20) of the paper; (v, y, w) against time."""
    from scipy.integrate import solve_ivp

    network, n = bench.design, bench.design.neurons
    inputs, targets = (
        np.array([sample(bench.stimulus(f"{kind}{k}"), 0.0) for k in range(n)]) for kind in ("in", "target")
    )
    there = np.zeros(network.shape)
    there[tuple(np.array(network.pairs).T)] = 1.0

    def slope(_, state):
        v, y, w = state[:n], state[n : 2 * n], state[2 * n :].reshape(n, n)
        level = np.tanh(w @ v + inputs)
        change = RATE * np.outer(y, v) * there * network.learning
        side = (1 - level**2) * (w.T @ y + targets - v)
        return np.concatenate([level - v, side - y, change.ravel()])

    first = np.concatenate([start[0], start[1], (network.weights * there).ravel()])
    found = solve_ivp(slope, (0.0, time[-1]), first, t_eval=time, rtol=1e-9, atol=1e-10).y
    return found[:n], found[n : 2 * n], found[2 * n :].reshape(n, n, -1)


@pytest.mark.parametrize("learning", [True, False])
@pytest.mark.parametrize("self_connections", [True, False])
def test_the_circuit_follows_the_equations_of_the_paper(learning, self_connections):
    bench = recurrent_bench("plastic_zoppo2019", 3, duration=60.0)
    network = replace(bench.design, learning=learning, self_connections=self_connections)
    bench = replace(bench, design=network, probes=("v(v*)", "v(y*)", "w[*,*]"), options={"reltol": 1e-6})
    waves = rc.simulate(bench)
    v, y = (np.array([waves[f"v({name}{k})"] for k in range(3)]) for name in "vy")
    exact = equations(bench, waves.time, (v[:, 0], y[:, 0]))
    assert v == pytest.approx(exact[0], abs=2e-4)
    assert y == pytest.approx(exact[1], abs=2e-4)
    for i, j in network.pairs:
        assert waves[f"w[{i},{j}]"] == pytest.approx(exact[2][i, j], abs=2e-4)


def test_it_learns_the_targets():
    bench = recurrent_bench("plastic_zoppo2019", 4, duration=400.0)
    waves = rc.simulate(bench)
    targets = np.array([0.9, -0.9, 0.9, -0.9])
    first, last = (np.array([waves[f"v(v{k})"][at] for k in range(4)]) for at in (0, -1))
    assert np.sum((targets - last) ** 2) < 0.1 * np.sum((targets - first) ** 2)


def test_a_card_without_the_four_terminals_and_a_current_on_an_input_are_refused():
    with pytest.raises(rc.ParameterError, match="needs the card of a plastic synapse with the terminals te, be, x, y"):
        RecurrentNetwork("hfo2_filament", 3)
    bench = recurrent_bench("plastic_zoppo2019", 3)
    with pytest.raises(rc.ParameterError, match=r"stimuli\['in0'\]: this line takes a voltage"):
        rc.build_netlist(replace(bench, stimuli={"in": Constant(1.0, "A")}))
