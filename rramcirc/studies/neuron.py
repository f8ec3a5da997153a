"""A neuron on its own: rate against current, threshold, refractory time, leak, supply energy of a spike."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.analysis.measurements import energy
from rramcirc.analysis.spikes import spike_times
from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, SimulationError, shown
from rramcirc.bench.analyses import Transient
from rramcirc.bench.stimuli import Constant, PiecewiseLinear
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.neuron.neuron import LifNeuron, firing_rate
from rramcirc.engines.simulation import simulate

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from rramcirc.waveforms.waveforms import Waveforms

DRIVES = (0.8, 1.05, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0)  # currents of the curve over the rheobase
QUICK_DRIVES = (0.8, 1.5, 5.0, 20.0)
STRONG = 10.0  # drive at which threshold and refractory time are measured, over the rheobase
SPIKES = 5  # intervals per current
DETECT, REARM = 0.9, 0.5  # spike detection on the membrane, shares of the threshold
RUNAWAY = 4.0  # the membrane rises this many times faster than the current alone could make it: a spike has begun
RELEASED = 0.02  # share of the threshold that the membrane must have risen after the refractory time


def f_i(neuron: LifNeuron, drives: ArrayLike = DRIVES) -> pd.DataFrame:
    """Return the rate of a neuron against its membrane current, from ngspice, beside the closed form.

    The current flows into ``in``, as that of an array does, and is I / input_gain there.

    Parameters
    ----------
    neuron
        Any detail.
    drives
        Currents over the rheobase V_th / R [1], each positive.

    Returns
    -------
    DataFrame
        current [A, membrane], rate [Hz], closed_form [Hz], error (relative; NaN where both are silent), spikes,
        spike_energy [J, of the supply over one interval], power [W, of the supply]; both NaN for the ideal detail,
        which takes nothing from the supply.

    Notes
    -----
    The closed form is that of the record (`circuits.neuron.neuron.firing_rate`). The run lasts until five
    intervals of the closed form are over; a drive at which it is silent gets ten leak times.
    """
    import pandas as pd

    rows = []
    for drive in _drives(drives):
        current = drive * neuron.rheobase
        expected = firing_rate(neuron, current)
        length = (SPIKES + 0.9) / expected if expected else 10 * neuron.leak_time
        waves = _run(neuron, Constant(current / neuron.input_gain, "A"), length)
        times = _spikes(neuron, waves)
        rate = 1.0 / float(np.mean(np.diff(times))) if times.size > 1 else 0.0
        joule, watt = _supply(neuron, waves, times)
        error = rate / expected - 1.0 if expected else (float("nan") if rate == 0.0 else float("inf"))
        rows.append((current, rate, expected, error, times.size, joule, watt))
    table = pd.DataFrame(rows, columns=["current", "rate", "closed_form", "error", "spikes", "spike_energy", "power"])
    table.attrs["units"] = {"current": "A", "rate": "Hz", "closed_form": "Hz", "spike_energy": "J", "power": "W"}
    return table


@dataclass(frozen=True)
class NeuronFigures:
    """What was measured on a neuron's waveforms."""

    threshold: float = field(metadata={"desc": "membrane voltage at which it fires", "units": "V"})
    refractory: float = field(metadata={"desc": "time for which the membrane stays down after a spike", "units": "s"})
    leak_time: float = field(metadata={"desc": "time constant of the membrane's decay without input", "units": "s"})
    resting_power: float = field(metadata={"desc": "supply power without input; NaN for ideal", "units": "W"})
    spike_energy: float = field(
        metadata={
            "desc": "supply energy per spike above the resting power, at ten times the rheobase; NaN for ideal",
            "units": "J",
        }
    )


def neuron_figures(neuron: LifNeuron) -> NeuronFigures:
    """Return threshold, refractory time, leak time constant and energy of a neuron, measured in ngspice.

    Threshold: the last membrane voltage before a spike that current and leak alone explain, at ten times the rheobase.
    Refractory time: from there until the membrane has risen by 2 % of the threshold, less the time this rise takes.
    Leak: decay from 60 % of the threshold. Energy: what the supply delivers between spikes, above the resting power.

    Raises
    ------
    SimulationError
        If the neuron does not fire at ten times its rheobase.
    """
    current = STRONG * neuron.rheobase
    expected = firing_rate(neuron, current)
    waves = _run(neuron, Constant(current / neuron.input_gain, "A"), (SPIKES + 0.9) / expected)
    times = _spikes(neuron, waves)
    if times.size < 2:
        raise SimulationError(
            f"f-i: the {neuron.description} fired {times.size} times in {(SPIKES + 0.9) / expected:g} s at ten times "
            "its rheobase; the circuit of this record does not work. Look at v(mem) of a testbench of it."
        )
    fired = [_runaway(neuron, waves, float(t), current) for t in times]
    rest = _run(neuron, Constant(0.0, "A"), neuron.leak_time)
    resting = _supply(neuron, rest, np.empty(0))[1]
    joule, _ = _supply(neuron, waves, times)
    period = float(np.mean(np.diff(times)))
    return NeuronFigures(
        threshold=float(np.mean([level for _, level in fired])),
        refractory=_refractory(neuron, waves, [start for start, _ in fired], current),
        leak_time=_leak_time(neuron),
        resting_power=resting,
        spike_energy=joule - resting * period,
    )


def plot_f_i(neuron: LifNeuron, tables: dict[str, pd.DataFrame], path: str | os.PathLike[str] | None = None) -> Figure:
    """Draw rate against membrane current: the closed form as a line, each simulated table as markers.

    Parameters
    ----------
    neuron
        The record of the closed form.
    tables
        Label -> table of :func:`f_i`.
    path
        Figure to write: .png, .pdf or .svg; None writes nothing.
    """
    from rramcirc.figures.style import drawn, line_style, plain, si_scale

    with drawn(path, 3.4) as figure:
        ax = figure.subplots()
        scale, prefix = si_scale(np.concatenate([table["current"] for table in tables.values()]), "A")
        highest = max(float(table["current"].max()) for table in tables.values())
        currents = np.union1d(np.linspace(0.0, highest, 400), neuron.rheobase * (1 + np.geomspace(1e-6, 1.0, 100)))
        rates = [firing_rate(neuron, float(current)) for current in currents]
        ax.plot(currents / scale, rates, color="0.35", label="closed form")
        for k, (label, table) in enumerate(tables.items()):
            colour, _ = line_style(k, len(tables))
            ax.plot(
                table["current"] / scale, table["rate"], color=colour, linestyle="none", marker="os^D"[k % 4],
                fillstyle="none", markersize=5, label=plain(label),
            )  # fmt: skip
        ax.set_xlabel(f"membrane current [{prefix}A]")
        ax.set_ylabel("rate [Hz]")
        ax.set_ylim(bottom=0)
        ax.legend(loc="lower right")
    return figure


def _drives(drives: ArrayLike) -> FloatArray:
    array = np.atleast_1d(np.asarray(drives))
    if array.dtype.kind not in "iuf" or array.ndim != 1 or not array.size or not np.all(array > 0):
        raise ParameterError(f"f_i: drives: {shown(drives)} is no list of positive currents over the rheobase.")
    return array.astype(float)


def _run(neuron: LifNeuron, stimulus: Constant | PiecewiseLinear, length: float) -> Waveforms:
    """Return the waveforms of a neuron with a current into ``in``; the step is short against all its times."""
    step = min(length / 100, neuron.refractory / 10, neuron.leak_time / 50)
    return simulate(Testbench(neuron, Transient(length, max_step=step), {"in": stimulus}))


def _spikes(neuron: LifNeuron, waves: Waveforms) -> FloatArray:
    high, low = DETECT * neuron.threshold, REARM * neuron.threshold
    return spike_times(waves["v(mem)"], waves.time, high, high - low)


def _supply(neuron: LifNeuron, waves: Waveforms, times: FloatArray) -> tuple[float, float]:
    """Return the supply's energy per interval between spikes [J] and its mean power [W].

    Both are NaN for the ideal neuron, the energy also without an interval.
    """
    if neuron.detail == "ideal":
        return float("nan"), float("nan")
    time, current = waves.time, waves["i(vdd)"]
    watt = energy(np.full(time.size, neuron.supply), current, time) / float(time[-1] - time[0])
    if times.size < 2:
        return float("nan"), watt
    inside = (time >= times[0]) & (time <= times[-1])
    joule = energy(np.full(int(inside.sum()), neuron.supply), current[inside], time[inside])
    return joule / (times.size - 1), watt


def _runaway(neuron: LifNeuron, waves: Waveforms, time: float, current: float) -> tuple[float, float]:
    """Return time [s] and membrane voltage [V] at which a spike begins."""
    t, mem = waves.time, waves["v(mem)"]
    k = int(np.searchsorted(t, time)) - 1
    while k > 0 and mem[k] > REARM * neuron.threshold:
        k -= 1
    fastest = RUNAWAY * current / neuron.capacitance
    while k + 1 < t.size and 0 <= mem[k + 1] - mem[k] <= fastest * (t[k + 1] - t[k]):
        k += 1
    return float(t[k]), float(mem[k])


def _refractory(neuron: LifNeuron, waves: Waveforms, starts: list[float], current: float) -> float:
    """Return the mean time between a spike and the rise of the membrane that follows [s]."""
    t, mem = waves.time, waves["v(mem)"]
    step = RELEASED * neuron.threshold
    lag = -neuron.leak_time * np.log1p(-step / (current * neuron.leak_resistance))
    held = []
    for start, end in pairwise(starts):
        part = (t > start) & (t < end)
        low = float(mem[part].min())
        down = t[part][np.flatnonzero(mem[part] < low + step)[-1]]
        above = t[part][t[part] > down][0]
        v0, v1 = np.interp([down, above], t, mem)
        held.append(down + (low + step - v0) / (v1 - v0) * (above - down) - start - lag)
    return float(np.mean(held))


def _leak_time(neuron: LifNeuron) -> float:
    """Return the time constant of the decay [s] from three equally spaced points, whatever voltage it decays to."""
    charge = 0.6 * neuron.leak_time / 5
    level = STRONG / 2 * neuron.rheobase / neuron.input_gain
    edge = charge / 100
    pulse = PiecewiseLinear(np.array([0.0, edge, charge, charge + edge]), np.array([0.0, level, level, 0.0]), "A")
    waves = _run(neuron, pulse, charge + 1.3 * neuron.leak_time)
    begin, step = charge + 0.05 * neuron.leak_time, 0.6 * neuron.leak_time
    first, second, third = np.interp([begin, begin + step, begin + 2 * step], waves.time, waves["v(mem)"])
    ratio = (second - third) / (first - second)
    return float(-step / np.log(ratio)) if 0 < ratio < 1 else float("nan")
