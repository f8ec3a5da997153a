"""Spike trains drawn at random: the same train for a netlist and for the network level, from one seed.

A train is a pair of arrays (time, neuron), ordered in time. Random numbers come from a counter: number n of a stream
is SplitMix64(key + n), the key a hash of all words of the seed. So run 7 of 1000 has a stream of its own that does not
overlap with run 8, can be drawn again alone, and compiled loops draw the same numbers as NumPy.

References
----------
Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014 (SplitMix64).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.basics.errors import ParameterError, shown
from rramcirc.basics.units import positive_number, whole_number

GAMMA = 0x9E3779B97F4A7C15
MULTIPLIERS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
MASK = (1 << 64) - 1
_BLOCK = 4096
MOST_SPIKES = 100_000_000

Seed = int | Sequence[int]


def stream_key(seed: Seed) -> int:
    """Return the 64-bit key of a seed of one or several words; different words give unrelated keys.

    Parameters
    ----------
    seed
        A whole number, or several: for example (seed of the experiment, cues, run).

    Examples
    --------
    >>> stream_key((1, 2)) != stream_key((2, 1))
    True
    """
    words = seed if isinstance(seed, (tuple, list)) else (seed,)
    key = 0
    for word in words:
        key = _mix((key ^ whole_number(word, "seed", 0) & MASK) + GAMMA)
    return key


def _mix(z: int) -> int:
    z &= MASK
    z = (z ^ (z >> 30)) * MULTIPLIERS[0] & MASK
    z = (z ^ (z >> 27)) * MULTIPLIERS[1] & MASK
    return z ^ (z >> 31)


def uniforms(key: int, first: int, count: int) -> FloatArray:
    """Return numbers first ... first + count - 1 of a stream, uniform in [0, 1)."""
    z = np.uint64(key) + np.arange(first + 1, first + count + 1, dtype=np.uint64) * np.uint64(GAMMA)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(MULTIPLIERS[0])
    z = (z ^ (z >> np.uint64(27))) * np.uint64(MULTIPLIERS[1])
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def poisson_trains(rates: ArrayLike, duration: float, seed: Seed, *, start: float = 0.0) -> tuple[FloatArray, IntArray]:
    """Return independent Poisson spike trains, merged and ordered in time.

    Parameters
    ----------
    rates : (n_neurons,) array
        Mean rate of each neuron's train [Hz]; 0 is silent.
    duration
        Length [s].
    seed
        A whole number or several.
    start
        Time of the beginning [s].

    Returns
    -------
    times : (n_spikes,) array
        [s], from `start` to below `start + duration`.
    neurons : (n_spikes,) array of int
        Which neuron each spike is for.

    Raises
    ------
    ParameterError
        If a rate is negative or not finite, or the duration not positive.

    Examples
    --------
    >>> times, neurons = poisson_trains([200.0, 0.0, 200.0], 1.0, seed=1)
    >>> sorted(set(neurons.tolist()))
    [0, 2]
    """
    rates = _rates(rates)
    positive_number(duration, "poisson_trains: duration", "s")
    total = float(rates.sum())
    if total * duration > MOST_SPIKES:
        raise ParameterError(
            f"poisson_trains: {total:g} Hz for {duration:g} s are more than {MOST_SPIKES:g} spikes; draw shorter parts."
        )
    key = stream_key(seed)
    times, targets, now, drawn = [], [], 0.0, 0
    while total > 0 and now < duration:
        gap, which = uniforms(key, 2 * drawn, 2 * _BLOCK).reshape(_BLOCK, 2).T
        at = now + np.cumsum(-np.log1p(-gap) / total)
        times.append(at)
        targets.append(_targets(rates, which))
        now, drawn = at[-1], drawn + _BLOCK
    if not times:
        return np.empty(0), np.empty(0, np.int64)
    at = np.concatenate(times)
    keep = at < duration
    return start + at[keep], np.concatenate(targets)[keep]


def _targets(rates: FloatArray, which: FloatArray) -> IntArray:
    """Return the neuron that each uniform number stands for."""
    driven = np.flatnonzero(rates)
    if np.all(rates[driven] == rates[driven[0]]):
        return driven[(which * driven.size).astype(np.int64)]
    edges = np.cumsum(rates[driven]) / rates.sum()
    return driven[np.minimum(np.searchsorted(edges, which, side="right"), driven.size - 1)]


def _rates(values: ArrayLike) -> FloatArray:
    array = np.asarray(values)
    if array.dtype.kind not in "iuf" or array.ndim != 1 or not array.size:
        raise ParameterError(f"poisson_trains: rates: {shown(values)} is no list of rates [Hz].")
    if not np.isfinite(array).all() or (array < 0).any():
        raise ParameterError(
            f"poisson_trains: rates: {shown(values)} holds rates that are negative or not finite [Hz]."
        )
    return array.astype(np.float64)


def check_train(times: ArrayLike, neurons: ArrayLike, count: int) -> tuple[FloatArray, IntArray]:
    """Return a train of somebody else as arrays, ordered in time.

    Parameters
    ----------
    times, neurons : (n_spikes,) arrays
        Time [s] and index of the neuron of each spike.
    count
        Number of neurons.

    Raises
    ------
    ParameterError
        If the lengths differ, a time is negative or a neuron unknown.
    """
    at, which = np.asarray(times), np.asarray(neurons)
    if at.ndim != 1 or at.shape != which.shape or (at.size and at.dtype.kind not in "iuf"):
        raise ParameterError(
            f"spike train: {at.shape} times and {which.shape} neurons; give two lists of equal length."
        )
    if not at.size:
        return np.empty(0), np.empty(0, np.int64)
    if not np.isfinite(at).all() or at.min() < 0:
        raise ParameterError("spike train: times must be finite and not negative [s].")
    if which.dtype.kind not in "iu" or which.min() < 0 or which.max() >= count:
        raise ParameterError(f"spike train: neurons are whole numbers from 0 to {count - 1}.")
    order = np.argsort(at, kind="stable")
    return at[order].astype(np.float64), which[order].astype(np.int64)
