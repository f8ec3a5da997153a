"""Spike generators: regular trains, patterns, Poisson trains with a dead time, trains from files.

A train is a pair of arrays (time, neuron), ordered in time, as in `bench.spike_trains`. The network level takes it as
it is; `bench.spike_pulses` turns the same train into one stimulus per line of a netlist.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arguments import file_name, real_array
from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.basics.errors import ParameterError, cannot_write, shown
from rramcirc.basics.files import load_array
from rramcirc.basics.units import number_from_zero, positive_number, whole_number
from rramcirc.bench.spike_trains import Seed, check_train, poisson_trains

__all__ = ["pattern_train", "read_train", "regular_train", "seeded_train", "split_train", "write_train"]

Train = tuple[FloatArray, IntArray]


def regular_train(rates: ArrayLike, duration: float, *, phases: ArrayLike = 0.0, start: float = 0.0) -> Train:
    """Return evenly spaced spikes of several neurons, merged and ordered in time.

    Parameters
    ----------
    rates : (n_neurons,) array
        Rate of each neuron [Hz]; 0 is silent.
    duration
        Length [s].
    phases
        First spike of each neuron, as a share of its period [1] from 0 to below 1; one number holds for all.
    start
        Time of the beginning [s].

    Returns
    -------
    times : (n_spikes,) array
        Ascending [s].
    neurons : (n_spikes,) array of int
        Which neuron each spike is of.

    Raises
    ------
    ParameterError
        If a rate, phase or time is out of its range.

    Examples
    --------
    >>> times, neurons = regular_train([200.0, 100.0], 0.02, phases=[0.0, 0.5])
    >>> times, neurons
    (array([0.   , 0.005, 0.005, 0.01 , 0.015, 0.015]), array([0, 0, 1, 0, 0, 1]))
    """
    rates, length = _rates(rates), positive_number(duration, "regular_train: duration", "s")
    begin = number_from_zero(start, "regular_train: start", "s")
    try:
        phases = np.broadcast_to(np.asarray(phases, dtype=float), rates.shape)
    except (TypeError, ValueError):
        raise ParameterError(f"regular_train: phases: {shown(phases)}; give one number, or one per neuron.") from None
    if not np.all((phases >= 0) & (phases < 1)):
        raise ParameterError(f"regular_train: phases: {shown(phases)} must lie from 0 to below 1.")
    found = []
    for rate, phase in zip(rates, phases, strict=True):
        count = int(np.ceil(rate * length - phase - 1e-9)) if rate else 0
        found.append(begin + (np.arange(max(count, 0)) + phase) / (rate or 1.0))
    return _merged(found)


def pattern_train(patterns: ArrayLike, epoch: float, *, start: float = 0.0) -> Train:
    """Return the train of binary patterns shown one after the other: a spike of every member at each epoch's start.

    Parameters
    ----------
    patterns : (n_epochs, n_neurons) array of 0/1 or bool
        Row k says which neurons spike in epoch k [1].
    epoch
        Length of an epoch [s].
    start
        Time of the beginning [s].

    Returns
    -------
    times : (n_spikes,) array
        Ascending [s].
    neurons : (n_spikes,) array of int
        Which neuron each spike is of.

    Raises
    ------
    ParameterError
        If the patterns hold other values than 0 and 1, or the epoch is not positive.

    Examples
    --------
    >>> pattern_train([[1, 0, 1], [0, 1, 0]], 10e-3)
    (array([0.  , 0.  , 0.01]), array([0, 2, 1]))
    """
    epochs = np.asarray(patterns)
    if epochs.ndim != 2 or epochs.dtype.kind not in "biuf" or not np.all((epochs == 0) | (epochs == 1)):
        raise ParameterError(
            "pattern_train: patterns: give a table of 0 and 1, one row per epoch, one column per neuron."
        )
    length = positive_number(epoch, "pattern_train: epoch", "s")
    at, neurons = np.nonzero(epochs)
    times: FloatArray = number_from_zero(start, "pattern_train: start", "s") + at.astype(np.float64) * length
    return times, neurons.astype(np.int64)


def read_train(path: str | os.PathLike[str], count: int) -> Train:
    """Return the train of a file.

    Parameters
    ----------
    path
        ``.npy`` holding an (n_spikes, 2) array, or text with two columns, time [s] and neuron, separated by commas or
        blanks; lines that begin with ``#`` or a letter are left out.
    count
        Number of neurons.

    Returns
    -------
    times : (n_spikes,) array
        Ascending [s].
    neurons : (n_spikes,) array of int
        Which neuron each spike is of.

    Raises
    ------
    ParameterError
        If the file cannot be read, or its times or neurons are none.
    """
    path = file_name(path, "read_train")
    try:
        if path.suffix == ".npy":
            table = load_array(path)
        else:
            lines = (line.replace(",", " ") for line in path.read_text().splitlines())
            rows = [line.split() for line in lines if line.strip() and not line.lstrip()[0].isalpha()]
            table = np.array([row for row in rows if not row[0].startswith("#")], dtype=float)
    except (OSError, ValueError) as error:
        raise ParameterError(f"read_train: {path}: {error}.") from error
    if table.size and (table.ndim != 2 or table.shape[1] != 2):
        raise ParameterError(
            f"read_train: {path} has shape {table.shape}; two columns are needed, time [s] and neuron."
        )
    table = table.reshape(-1, 2).astype(float)
    if not np.all((np.abs(table[:, 1]) < 2.0**53) & (table[:, 1] == np.round(table[:, 1]))):
        raise ParameterError(f"read_train: {path}: the second column must hold whole numbers, the neurons.")
    return check_train(table[:, 0], table[:, 1].astype(np.int64), whole_number(count, "read_train: count", 1))


def write_train(path: str | os.PathLike[str], times: ArrayLike, neurons: ArrayLike) -> None:
    """Write a train as `read_train` reads it.

    Parameters
    ----------
    path
        File; ``.npy`` is NumPy's format, any other suffix text with all digits.
    times, neurons : (n_spikes,) arrays
        Train: time [s] and neuron [1] of each spike.

    Raises
    ------
    ParameterError
        If it is no train, or the file cannot be written.
    """
    path = file_name(path, "write_train")
    most = np.max(real_array(neurons, "write_train: neurons"), initial=0)
    at, which = check_train(times, neurons, 1 + int(most))
    try:
        if path.suffix == ".npy":
            np.save(path, np.column_stack([at, which]))
        else:
            rows = (f"{t!r},{k}" for t, k in zip(at.tolist(), which.tolist(), strict=True))
            path.write_text("\n".join(["time [s],neuron", *rows, ""]))
    except OSError as error:
        raise cannot_write(path, error) from error


def split_train(times: ArrayLike, neurons: ArrayLike, count: int) -> list[FloatArray]:
    """Return the spike times of each neuron.

    Parameters
    ----------
    times, neurons : (n_spikes,) arrays
        Train: time [s] and neuron of each spike.
    count
        Number of neurons.

    Returns
    -------
    list of arrays
        Ascending times of neuron 0, 1, ... [s].

    Examples
    --------
    >>> split_train([0.0, 1e-3, 2e-3], [1, 0, 1], 2)
    [array([0.001]), array([0.   , 0.002])]
    """
    at, which = check_train(times, neurons, whole_number(count, "split_train: count", 1))
    order = np.argsort(which, kind="stable")
    return np.split(at[order], np.searchsorted(which[order], np.arange(1, count)))


def seeded_train(rates: ArrayLike, duration: float, seed: Seed, *, dead_time: float = 0.0) -> Train:
    """Return Poisson trains without spikes that follow another of the same neuron within a dead time.

    Parameters
    ----------
    rates : (n_neurons,) array
        Mean rates before spikes are dropped [Hz]; after it, r / (1 + r x dead_time).
    duration
        Length [s].
    seed
        A whole number or several.
    dead_time
        For example the duration of a `BipolarPulse` [s].

    Returns
    -------
    times : (n_spikes,) array
        Ascending [s].
    neurons : (n_spikes,) array of int
        Which neuron each spike is of.
    """
    at, which = poisson_trains(rates, duration, seed)
    dead = number_from_zero(dead_time, "seeded_train: dead_time", "s")
    kept = [_thinned(train, dead) for train in split_train(at, which, len(np.atleast_1d(rates)))]
    return _merged(kept)


def _thinned(times: FloatArray, dead: float) -> FloatArray:
    kept: list[float] = []
    for t in times.tolist():
        if not kept or t - kept[-1] >= dead:
            kept.append(t)
    return np.array(kept)


def _merged(trains: Sequence[FloatArray]) -> Train:
    at = np.concatenate(trains) if trains else np.empty(0)
    which = np.repeat(np.arange(len(trains)), [len(train) for train in trains])
    order = np.argsort(at, kind="stable")
    return at[order], which[order].astype(np.int64)


def _rates(rates: ArrayLike) -> FloatArray:
    array = np.asarray(rates)
    if (
        array.ndim != 1
        or array.dtype.kind not in "iuf"
        or not array.size
        or not np.all((array >= 0) & (array < np.inf))
    ):
        raise ParameterError(f"regular_train: rates: {shown(rates)} is no list of rates of at least 0 Hz.")
    return array.astype(float)
