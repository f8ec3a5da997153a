"""The network with pair-based STDP: closed forms of the rule, against a plain loop, bounds, bad input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rramcirc.basics.errors import ParameterError
from rramcirc.bench.spike_trains import poisson_trains
from rramcirc.engines.network.stdp_network import PairStdpNetwork, run_pair_stdp

NETWORK = PairStdpNetwork(neurons=8, weight_step=1.0)


def plain(network: PairStdpNetwork, duration: float, seed: int, dt: float):
    """The same network written down step by step, with a trace for every synapse."""
    n = network.neurons
    times, inputs = poisson_trains(np.full(n, network.input_rate), duration, (seed, 0))
    at = (times / dt).astype(int)
    w = np.random.default_rng([seed, 1]).uniform(0, network.largest_weight, (n, n))
    np.fill_diagonal(w, 0.0)
    off = ~np.eye(n, dtype=bool)
    v, free, pre, post = np.zeros(n), np.zeros(n, int), np.zeros((n, n)), np.zeros((n, n))
    spikes = []
    for step in range(round(duration / dt)):
        v *= np.exp(-dt / network.time_constant)
        pre *= np.exp(-dt / network.trace_constant)
        post *= np.exp(-dt / network.trace_constant)
        for j in inputs[at == step]:
            if free[j] <= step:
                v[j] += network.input_step
        fired = np.flatnonzero(v > 1)
        free[fired] = step + round(network.refractory / dt)
        for i in fired:
            pre[i] += network.pre_step
            for j in range(n):
                if i != j:
                    if free[j] <= step:
                        v[j] += network.weight_step * w[i, j]
                    w[i, j] = max(0.0, w[i, j] + post[i, j])
        for j in fired:
            post[:, j] += network.post_step
            w[:, j] = np.where(off[:, j], np.minimum(network.largest_weight, w[:, j] + pre[:, j]), 0.0)
        v[fired] = 0.0
        spikes += [(step, int(i)) for i in fired]
    return spikes, w


def test_kernel_is_the_same_as_a_plain_loop_over_synapses() -> None:
    for seed in (1, 2):
        times, neurons, weights = run_pair_stdp(NETWORK, 2.0, seed=seed)
        spikes, expected = plain(NETWORK, 2.0, seed, 1e-4)
        assert list(zip(np.rint(times / 1e-4).astype(int).tolist(), neurons.tolist(), strict=True)) == spikes
        assert len(spikes) > 100
        np.testing.assert_allclose(weights, expected, rtol=0, atol=1e-12)


def test_weights_stay_within_their_bounds_and_the_diagonal_empty() -> None:
    _, _, weights = run_pair_stdp(replace(NETWORK, pre_step=0.2, post_step=-0.1), 5.0)
    assert 0.0 <= weights.min() <= weights.max() <= NETWORK.largest_weight
    assert not np.diag(weights).any()
    assert (weights == NETWORK.largest_weight).any()


def test_rate_and_weights_are_those_of_other_simulators() -> None:
    # Brian2 2.9.0 on the same network: 20.0 to 20.1 Hz, mean weight 0.1244 to 0.1245 (two runs of 10 s)
    times, _, weights = run_pair_stdp(PairStdpNetwork(), 10.0, seed=1)
    assert times.size / 64 / 10 == pytest.approx(20.0, abs=0.8)
    assert weights.sum() / 64 / 63 == pytest.approx(0.1245, abs=0.003)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: PairStdpNetwork(neurons=0), "neurons"),
        (lambda: PairStdpNetwork(post_step=0.01), "post_step"),
        (lambda: PairStdpNetwork(time_constant=-1.0), "time_constant"),
        (lambda: run_pair_stdp(NETWORK, 0.0), "duration"),
        (lambda: run_pair_stdp(NETWORK, 1.0, time_step=0.1), "time_step"),
        (lambda: run_pair_stdp("net", 1.0), "PairStdpNetwork"),
    ],
)
def test_nonsense_is_refused_by_name(make, name: str) -> None:
    with pytest.raises(ParameterError, match=name):
        make()
