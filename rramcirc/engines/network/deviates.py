"""Cycle-to-cycle deviates for compiled loops: the numbers of `rramcirc.bench.cycle_deviates`."""

from __future__ import annotations

import numpy as np

from rramcirc.engines.network.kernel import compiled, uniform


@compiled
def cycle_deviate(key: np.uint64, slot: int) -> float:
    """Return the standard normal deviate of a synapse in one slot of time.

    Parameters
    ----------
    key
        Of the synapse, from `rramcirc.bench.cycle_deviates.synapse_keys`.
    slot
        floor(t / slot).
    """
    first, second = uniform(key, 2 * slot), uniform(key, 2 * slot + 1)
    return float(np.sqrt(-2.0 * np.log1p(-first)) * np.cos(2.0 * np.pi * second))
