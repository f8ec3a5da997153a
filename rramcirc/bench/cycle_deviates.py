"""Cycle-to-cycle deviates of the synapses of networks: a function of (seed, matrix, row, column, slot).

When a network's pulses will overlap is not known in advance, so its cycles are slots of time: cycle k lasts from k to
k + 1 slots. The deviate of a synapse in a cycle is drawn by a counter, as spike trains are, so that every engine gets
the same number whenever it asks. `rramcirc.engines.network.deviates` has the same for compiled loops.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rramcirc.basics.arrays import FloatArray
from rramcirc.bench.spike_trains import GAMMA, MULTIPLIERS, stream_key

Keys = NDArray[np.uint64]
MATRICES = ("exc", "inh")  # their numbers are words of the seed


def synapse_keys(seed: int, matrix: str, shape: tuple[int, int]) -> Keys:
    """Return the (PRE, POST) keys of the streams of a matrix of synapses: ``stream_key((seed, matrix, i, j))``."""
    start = np.uint64(stream_key((seed, MATRICES.index(matrix))))
    rows = _mixed(start ^ np.arange(shape[0], dtype=np.uint64))
    return _mixed(rows[:, None] ^ np.arange(shape[1], dtype=np.uint64)[None, :])


def _mixed(z: Keys) -> Keys:
    z = z + np.uint64(GAMMA)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(MULTIPLIERS[0])
    z = (z ^ (z >> np.uint64(27))) * np.uint64(MULTIPLIERS[1])
    return z ^ (z >> np.uint64(31))


def cycle_deviates(keys: Keys, slots: ArrayLike) -> FloatArray:
    """Return standard normal deviates of streams in some slots, by the method of Box and Muller.

    Parameters
    ----------
    keys
        From `synapse_keys`.
    slots
        Numbers of the slots from 0; a shape that fits that of the keys.

    Examples
    --------
    >>> deviates = cycle_deviates(synapse_keys(7, "exc", (3, 3))[..., None], np.arange(1000))
    >>> deviates.shape, bool(abs(deviates.std() - 1) < 0.05)
    ((3, 3, 1000), True)
    """
    first, second = (_uniform(keys, 2 * np.asarray(slots, np.uint64) + np.uint64(k)) for k in (0, 1))
    found: FloatArray = np.sqrt(-2.0 * np.log1p(-first)) * np.cos(2.0 * np.pi * second)
    return found


def _uniform(keys: Keys, number: Keys) -> FloatArray:
    """Return number `number` of each stream, as `rramcirc.bench.spike_trains.uniforms`."""
    z = _mixed(keys + number * np.uint64(GAMMA))
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53
