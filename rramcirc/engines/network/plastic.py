"""Networks whose synapses move along curves, as the compiled loops take them."""

from __future__ import annotations

import numpy as np

from rramcirc.engines.network.kernel import Cells, Neurons, Ring, Rule
from rramcirc.engines.network.network import SpikingNetwork, Synapses, rule_table, slopes


def at_rest(network: SpikingNetwork, timing: tuple[int, int, int]) -> tuple[Neurons, Ring]:
    """Return neurons at rest and no spikes; `timing` is (gate, refractory, top-electrode) pulse in steps."""
    n = network.neurons
    size = n * (max(timing) // timing[1] + 2)
    neurons = Neurons(np.zeros(n), np.zeros(n), np.ones(n), np.zeros(n, np.int64))
    return neurons, Ring(np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(5, np.int64))


def plastic(network: SpikingNetwork, synapses: Synapses) -> tuple[Cells, Rule]:
    """Return the synapses and their learning rule as the compiled loops take them; doses change in place."""
    rules = [rule_table(rule) for rule in (network.synapse.potentiation, network.synapse.depression)]
    rule = Rule(
        np.array([table for table, _ in rules]), np.array([scale for _, scale in rules]),
        network.pulses.read_voltage / network.neuron.capacitance, network.inhibition,
    )  # fmt: skip
    up = (synapses.up_dose, synapses.up_rate, synapses.up_start, synapses.up_span)
    down = (synapses.down_dose, synapses.down_rate, synapses.down_start, synapses.down_span)
    return Cells(slopes(network, synapses), *up, *down), rule
