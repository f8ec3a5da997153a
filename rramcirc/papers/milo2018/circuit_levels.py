"""Circuit and network level of Milo 2018 side by side: one run at both, the states, the rule on the spikes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.engines.network.network import SpikingNetwork
from rramcirc.engines.network.run import NetworkRun
from rramcirc.papers.milo2018.circuit import CircuitRun
from rramcirc.papers.milo2018.sets import MiloSet, milo_network


@dataclass(frozen=True)
class Both:
    """One phase at both levels."""

    circuit: CircuitRun
    network: NetworkRun
    external: tuple[FloatArray, IntArray]


@dataclass(frozen=True)
class RecallPair:
    """One recall at both levels."""

    cues: tuple[int, ...]
    seed: int
    members: tuple[int, ...]
    circuit: CircuitRun
    network: NetworkRun
    external: tuple[FloatArray, IntArray]


def nominal_network(chosen: MiloSet, neurons: int) -> SpikingNetwork:
    """Return the network level without spread of the devices."""
    network = milo_network(chosen, neurons)
    same = replace(network.synapse, lrs_spread=0.0, hrs_spread=0.0, rate_spread=0.0)
    return replace(network, synapse=same)


def circuit_states(chosen: MiloSet, run: CircuitRun) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the states of a circuit's synapses over time, 0 at the end of depression (HRS), 1 in LRS, (K, N, N)."""
    up = (run.excitatory - chosen.hrs) / (chosen.lrs - chosen.hrs)
    return up, (run.inhibitory - chosen.depressed) / (chosen.lrs - chosen.depressed)


def rule_on_spikes(
    chosen: MiloSet, times: FloatArray, neurons: IntArray, until: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (excitatory, inhibitory) states that the network level's rule gives for spikes, at time `until` [s]."""
    network, count = nominal_network(chosen, 4), 4
    overlaps = np.zeros((count, count))
    for i in range(count):
        own = times[(neurons == i) & (times < until)]
        ends = np.minimum(own + chosen.pulses.gate_width, np.append(own[1:], np.inf))
        for j in range(count):
            starts = times[(neurons == j) & (times < until)]
            stops = np.minimum(starts + chosen.pulses.te_width, until)
            shared = np.minimum(stops[:, None], ends) - np.maximum(starts[:, None], own)
            overlaps[i, j] = np.maximum(0.0, shared).sum() / chosen.pulses.te_width if i != j else 0.0
    rules = network.synapse
    return rules.potentiation.progress(overlaps), 1.0 - rules.depression.progress(overlaps)
