"""All-to-all network of LIF neurons with delta synapses and pair-based STDP, by fixed steps: a peer for Brian2.

The common test network of spiking simulators: membranes decay exactly, every synapse has exponential traces of its PRE
and POST neuron, weights are clipped. All synapses of a neuron share its trace, so traces belong to neurons and are
brought up to date only when needed. It is no network of RRAM and no part of the package; it shows what compiled loops
like those of the network level cost.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numba
import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.arrays import FloatArray, IntArray, LoopCompiler
from rramcirc.bench.spike_trains import Seed, poisson_trains

compiled: LoopCompiler = numba.njit(cache=True, nogil=True)


def _number(desc: str, units: str, default: float) -> float:
    return field(default=default, metadata={"desc": desc, "units": units})


@dataclass(frozen=True)
class PairStdpNetwork:
    """Threshold 1, reset 0; input and synapses add to the membrane at once, not while the neuron is refractory."""

    neurons: int = field(default=64, metadata={"desc": "number of neurons", "units": "1"})
    time_constant: float = _number("leak of the membrane", "s", 20e-3)
    refractory: float = _number("time without input after a spike", "s", 2e-3)
    input_rate: float = _number("Poisson input of each neuron", "Hz", 100.0)
    input_step: float = _number("membrane step per input spike, over the threshold", "1", 0.3)
    weight_step: float = _number("membrane step per spike and weight 1", "1", 0.1)
    trace_constant: float = _number("decay of both traces", "s", 20e-3)
    pre_step: float = _number("potentiation by PRE before POST", "1", 0.01)
    post_step: float = _number("depression by POST before PRE, negative", "1", -0.0105)
    largest_weight: float = _number("upper bound; lower bound and start are 0 ... this", "1", 0.3)


@compiled
def _advance(
    steps: int, in_step: IntArray, in_neuron: IntArray, weights: FloatArray, decay: float, trace_decay: float,
    rest: int, input_step: float, weight_step: float, pre_step: float, post_step: float, largest: float,
    out_step: IntArray, out_neuron: IntArray,
) -> int:  # fmt: skip
    count = weights.shape[0]
    v, free = np.zeros(count), np.zeros(count, np.int64)
    pre, post, seen = np.zeros(count), np.zeros(count), np.zeros(count, np.int64)
    fired = np.zeros(count, np.int64)
    spikes, pending = 0, 0
    for n in range(steps):
        for j in range(count):
            v[j] *= decay
        while pending < in_step.size and in_step[pending] <= n:
            j = in_neuron[pending]
            pending += 1
            if free[j] <= n:
                v[j] += input_step
        now = 0
        for j in range(count):
            if v[j] > 1.0:
                fired[now] = j
                now += 1
        if now == 0:
            continue
        for j in range(count):  # traces to this step
            fade = trace_decay ** (n - seen[j])
            pre[j] *= fade
            post[j] *= fade
            seen[j] = n
        for k in range(now):
            i = fired[k]
            free[i] = n + rest
            out_step[spikes], out_neuron[spikes] = n, i
            spikes += 1
        for k in range(now):  # as PRE
            i = fired[k]
            pre[i] += pre_step
            own = weights[i, i]
            for j in range(count):
                if free[j] <= n:
                    v[j] += weight_step * weights[i, j]
                changed = weights[i, j] + post[j]
                weights[i, j] = 0.0 if changed < 0.0 else changed
            weights[i, i] = own
        for k in range(now):  # as POST
            j = fired[k]
            post[j] += post_step
            own = weights[j, j]
            for i in range(count):
                changed = weights[i, j] + pre[i]
                weights[i, j] = largest if changed > largest else changed
            weights[j, j] = own
        for k in range(now):
            v[fired[k]] = 0.0
    return spikes


def run_pair_stdp(
    network: PairStdpNetwork, duration: float, *, seed: Seed = 1, time_step: float = 1e-4
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Run the network from random weights.

    Parameters
    ----------
    network
        What is simulated.
    duration
        [s]
    seed
        Of weights and input.
    time_step
        [s]

    Returns
    -------
    times : (n_spikes,) array
        [s]
    neurons : (n_spikes,) array of int
    weights : (N, N) array
        At the end, [PRE, POST]; the diagonal is 0.
    """
    steps, rest = round(duration / time_step), round(network.refractory / time_step)
    words = tuple(seed) if isinstance(seed, (tuple, list)) else (seed,)
    times, inputs = poisson_trains(np.full(network.neurons, network.input_rate), duration, (*words, 0))
    rng = np.random.default_rng([*words, 1])
    weights = rng.uniform(0.0, network.largest_weight, (network.neurons, network.neurons))
    np.fill_diagonal(weights, 0.0)
    room = network.neurons * (steps // rest + 2)
    out_step, out_neuron = np.empty(room, np.int64), np.empty(room, np.int64)
    count = _advance(
        steps, (times / time_step).astype(np.int64), inputs, weights, np.exp(-time_step / network.time_constant),
        np.exp(-time_step / network.trace_constant), rest, network.input_step, network.weight_step, network.pre_step,
        network.post_step, network.largest_weight, out_step, out_neuron,
    )  # fmt: skip
    return out_step[:count].astype(np.float64) * time_step, out_neuron[:count].copy(), weights
