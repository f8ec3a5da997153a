"""The output spikes of a network's run: which neuron fired when, the same from every engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.basics.errors import WaveformError, cannot_write, shown

FILE = "spikes.npy"  # in the run folder
_TYPE = np.dtype([("time", "<f8"), ("neuron", "<i8")])


class Spikes:
    """Output spikes in order of time.

    Every engine gives them: an engine of events as they are, ngspice from the timers of the neurons.

    Attributes
    ----------
    times : (n_spikes,) array
        [s]
    neurons : (n_spikes,) array of int
        Who fired.

    Examples
    --------
    >>> spikes = Spikes([0.2, 0.1], [3, 5])
    >>> spikes.times.tolist(), spikes.neurons.tolist(), len(spikes)
    ([0.1, 0.2], [5, 3], 2)
    """

    times: FloatArray
    neurons: IntArray

    def __init__(self, times: ArrayLike = (), neurons: ArrayLike = ()) -> None:
        try:
            at, who = np.array(times, np.float64), np.array(neurons, np.int64)
        except (TypeError, ValueError):
            raise WaveformError(f"spikes: {shown(times)}, {shown(neurons)} are no times and neurons.") from None
        if at.ndim != 1 or at.shape != who.shape or not np.isfinite(at).all():
            raise WaveformError(f"spikes: {at.shape} times and {who.shape} neurons; give equally many of both.")
        order = np.lexsort((who, at))
        self.times, self.neurons = at[order], who[order]
        self.times.setflags(write=False)
        self.neurons.setflags(write=False)

    def __len__(self) -> int:
        return len(self.times)

    def __repr__(self) -> str:
        return f"<Spikes: {len(self)} of {len(set(self.neurons.tolist()))} neurons>"

    def of(self, neuron: int) -> FloatArray:
        """Return the times of one neuron's spikes [s]."""
        found: FloatArray = self.times[self.neurons == neuron]
        return found

    def between(self, start: float, stop: float) -> Spikes:
        """Return the spikes from `start` to `stop` [s]."""
        inside = (self.times >= start) & (self.times <= stop)
        return Spikes(self.times[inside], self.neurons[inside])

    def rate(self, members: ArrayLike, start: float, stop: float) -> float:
        """Return the mean firing rate [Hz] of some neurons from `start` to before `stop` [s]."""
        which = np.atleast_1d(np.asarray(members))
        inside = (self.times >= start) & (self.times < stop) & np.isin(self.neurons, which)
        return float(inside.sum() / which.size / (stop - start))

    def first(self, neuron: int) -> float:
        """Return the time of a neuron's first spike [s]; infinite if it never fired."""
        own = self.of(neuron)
        return float(own[0]) if own.size else float("inf")

    def save(self, folder: Path) -> None:
        """Write them into a run folder."""
        table = np.empty(len(self), _TYPE)
        table["time"], table["neuron"] = self.times, self.neurons
        try:
            np.save(folder / FILE, table, allow_pickle=False)
        except OSError as error:
            raise cannot_write(folder / FILE, error) from error


def load_spikes(folder: Path) -> Spikes | None:
    """Return the spikes of a run folder; None if it is none of a network.

    Raises
    ------
    WaveformError
        If the file holds something else.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        with open(path, "rb") as file:
            table = np.lib.format.read_array(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise WaveformError(f"{path} cannot be read: {error}.") from error
    if table.dtype != _TYPE:
        raise WaveformError(f"{path} holds {table.dtype}, not times and neurons.")
    return Spikes(table["time"], table["neuron"])
