"""Recall of a stored pattern from part of it by the 64-neuron network: helpers of Figs. 5 and 6.

The network is trained on X and C as in Fig. 4; its synapses are then frozen. A pattern counts as recalled when all 12
neurons fired within the last 50 ms; cued neurons are drawn anew in every run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from rramcirc.engines.network.network import SpikingNetwork, Synapses
from rramcirc.engines.network.run import Recall, recall
from rramcirc.papers.milo2018.patterns import train_patterns
from rramcirc.papers.milo2018.sets import NEURONS, PATTERNS, VERDICT_SEED, Factors, MiloSet, load_set, milo_network

CHIPS = 5  # trained chips that the runs are spread over


@cache
def trained_chips(name: str, count: int = CHIPS, factors: Factors = ()) -> tuple[Synapses, ...]:
    """Return chips of a set, with `factors`, that learnt X and C; their seeds are those that no search has seen."""
    chosen = load_set(name, factors)
    return tuple(
        train_patterns(chosen, seed, reset=chosen.reset_at_switch, snapshot=5.0).synapses
        for seed in range(VERDICT_SEED, VERDICT_SEED + count)
    )


def recall_patterns(
    chosen: MiloSet,
    counts: Sequence[int],
    *,
    runs: int,
    seed: Sequence[int],
    chips: Sequence[Synapses],
    network: SpikingNetwork | None = None,
    limit: float = 2.0,
) -> Recall:
    """Return recalls with (X cues, C cues); `network` replaces the set's, for example with another leak."""
    network = network or milo_network(chosen, NEURONS)
    return recall(
        network, chips, list(PATTERNS.values()), counts, rate=chosen.recall_rate,
        charge=chosen.recall_charge * network.threshold_charge, runs=runs, seed=seed, limit=limit,
    )  # fmt: skip


def scaled_leak(chosen: MiloSet, time_constant: float) -> SpikingNetwork:
    """Return the 64-neuron network with another leak time constant [s], all else the same."""
    network = milo_network(chosen, NEURONS)
    return replace(network, neuron=replace(network.neuron, time_constant=time_constant))
