"""Running a spiking network: phases, snapshots of the synapses, and recall repeated many times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arguments import check_kind
from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.basics.errors import ParameterError, unknown_name
from rramcirc.basics.units import positive_number, whole_number
from rramcirc.bench.spike_trains import Seed, poisson_trains, stream_key
from rramcirc.engines.network.network import (
    Phase,
    SpikingNetwork,
    Synapses,
    check_phases,
    draw_synapses,
    given_train,
    slopes,
    states,
)

TIME_STEP = 0.5e-3  # [s]
WINDOW = 50e-3  # [s]
_PART = 4000  # steps between looks at the clock of snapshots; bounds the spike buffer
Engine = Literal["fixed", "events"]


@dataclass(frozen=True)
class NetworkRun:
    """What a network did.

    Attributes
    ----------
    times, neurons : (n_spikes,) arrays
        Output spikes [s] and who fired.
    input_times, input_neurons : (n_inputs,) arrays
        External spikes [s] and for whom.
    snapshot_times : (K,) array
        When the synapses were looked at [s].
    excitatory, inhibitory : (K, N, N) arrays
        States, 0 in HRS and 1 in LRS, [gate row, column].
    synapses
        The chip at the end.
    duration
        [s].
    """

    times: FloatArray
    neurons: IntArray
    input_times: FloatArray
    input_neurons: IntArray
    snapshot_times: FloatArray
    excitatory: FloatArray
    inhibitory: FloatArray
    synapses: Synapses
    duration: float

    def rate(self, members: ArrayLike, start: float, stop: float) -> float:
        """Return the mean firing rate [Hz] of some neurons between two times [s]."""
        members = np.atleast_1d(np.asarray(members))
        inside = (self.times >= start) & (self.times < stop) & np.isin(self.neurons, members)
        return float(inside.sum() / members.size / (stop - start))


def external_train(phases: Sequence[Phase], seed: Seed) -> tuple[FloatArray, IntArray]:
    """Return the external spikes of all phases, one stream per phase, on a common clock: (times [s], neurons)."""
    words = tuple(seed) if isinstance(seed, (tuple, list)) else (seed,)
    parts, start = [], 0.0
    for k, phase in enumerate(phases):
        parts.append(poisson_trains(phase.rates, phase.duration, (*words, k), start=start))
        start += phase.duration
    return np.concatenate([times for times, _ in parts]), np.concatenate([neurons for _, neurons in parts])


def run_network(
    network: SpikingNetwork,
    phases: Iterable[Phase],
    *,
    seed: Seed = 1,
    synapses: Synapses | None = None,
    train: tuple[ArrayLike, ArrayLike] | None = None,
    snapshots: ArrayLike = (),
    time_step: float = TIME_STEP,
    engine: Engine = "fixed",
) -> NetworkRun:
    """Run a network through its phases.

    Parameters
    ----------
    network, phases
        What is simulated.
    seed
        Of the external spikes, and of the chip if none is given.
    synapses
        The chip; it is not changed. Default: one drawn anew, in the initial state.
    train
        External spikes (times [s], neurons) instead of drawn ones; rates of the phases are then ignored.
    snapshots
        Times at which to keep the states of the synapses [s].
    time_step
        Of the fixed-step kernel [s]; pulse widths are rounded to whole steps. ``engine="events"`` has none.
    engine
        ``"fixed"``: fixed step. ``"events"``: exact, from event to event.

    Raises
    ------
    ParameterError
        If a record does not fit, or a pulse is shorter than half a step.

    Examples
    --------
    >>> from rramcirc.engines.network.network import MembraneNeuron, ResistiveSynapse, SoftBounded
    >>> rule = SoftBounded(0.06)
    >>> net = SpikingNetwork(4, MembraneNeuron(120e-9, 30e-3), ResistiveSynapse(100e-6, 5e-6, rule, rule))
    >>> run = run_network(net, [Phase(1.0, [200, 200, 200, 0], charge=54e-9, learning=True)])
    >>> sorted(set(run.neurons.tolist()))
    [0, 1, 2]
    """
    check_kind(network, SpikingNetwork, "run_network", "a SpikingNetwork")
    phases = check_phases(network, phases)
    if engine not in ("fixed", "events"):
        raise ParameterError(unknown_name("engine", engine, ("fixed", "events")))
    if synapses is None:
        words = seed if isinstance(seed, (tuple, list)) else (seed,)
        synapses = draw_synapses(network, stream_key(words) >> 1)
    if synapses.up_dose.shape != (network.neurons,) * 2:
        raise ParameterError(f"synapses: of {len(synapses.up_dose)} neurons, the network has {network.neurons}.")
    synapses = replace(synapses, up_dose=synapses.up_dose.copy(), down_dose=synapses.down_dose.copy())
    train = external_train(phases, seed) if train is None else given_train(network, train)
    wanted = np.sort(np.asarray(snapshots, np.float64))
    duration = sum(phase.duration for phase in phases)
    if wanted.size and not 0 <= wanted[0] <= wanted[-1] <= duration:
        raise ParameterError(f"snapshots: {wanted.tolist()} must be from 0 to the end of the run, {duration:g} s.")
    if engine == "events":
        from rramcirc.engines.network.events import run_events

        found = run_events(network, phases, train, wanted, synapses)
    else:
        found = _run_fixed(network, phases, train, wanted, synapses, positive_number(time_step, "time_step", "s"))
    times, neurons, kept = found
    up, down = ([pair[k] for pair in kept] for k in (0, 1))
    shape = (0, network.neurons, network.neurons)
    return NetworkRun(
        times, neurons, *train, wanted, np.reshape(up, (-1, *shape[1:])), np.reshape(down, (-1, *shape[1:])),
        synapses, duration,
    )  # fmt: skip


def whole_steps(network: SpikingNetwork, time_step: float) -> tuple[int, int, int]:
    """Return gate, refractory and top-electrode times in steps."""
    pulses = network.pulses
    widths = {"gate_width": pulses.gate_width, "refractory": network.neuron.refractory, "te_width": pulses.te_width}
    for name, width in widths.items():
        if round(width / time_step) < 1:
            raise ParameterError(f"time_step: {time_step:g} s is too long for {name} = {width:g} s.")
    gate, refractory, electrode = (round(width / time_step) for width in widths.values())
    return gate, refractory, electrode


def membrane(network: SpikingNetwork, time_step: float) -> tuple[float, float, float, float]:
    """Return (decay, gain [s], minimum [V], threshold [V]) of a membrane in one step."""
    decay = float(np.exp(-time_step / network.neuron.time_constant))
    return decay, (1.0 - decay) * network.neuron.time_constant, network.neuron.minimum, network.neuron.threshold


def _run_fixed(
    network: SpikingNetwork,
    phases: tuple[Phase, ...],
    train: tuple[FloatArray, IntArray],
    wanted: FloatArray,
    synapses: Synapses,
    dt: float,
) -> tuple[FloatArray, IntArray, list[tuple[FloatArray, FloatArray]]]:
    """Run the fixed-step kernel; returns spike times, neurons and the states at the snapshots."""
    from rramcirc.engines.network import kernel
    from rramcirc.engines.network.plastic import at_rest, plastic

    timing, motion = whole_steps(network, dt), membrane(network, dt)
    cells, rule = plastic(network, synapses)
    in_step = np.ceil(train[0] / dt - 1e-9).astype(np.int64)
    resting, ring = at_rest(network, timing)
    looks = np.rint(wanted / dt).astype(np.int64)
    steps, neurons, kept, begin = [], [], [], 0
    for phase in phases:
        end = begin + round(phase.duration / dt)
        if phase.reset:
            resting, ring = at_rest(network, timing)
        ring.marks[kernel.ELECTRODES] = ring.marks[kernel.HEAD]
        stops = np.unique([*np.arange(begin, end, _PART), end, *looks[(looks > begin) & (looks < end)]])
        kept += [states(network, synapses)] * int((looks == begin).sum())
        room = network.neurons * (int(np.diff(stops).max()) // timing[1] + 2)
        out_step, out_neuron = np.empty(room, np.int64), np.empty(room, np.int64)
        for first, last in pairwise(stops):
            part = slice(*np.searchsorted(in_step, (first, last)))
            count = kernel.advance(
                first, last, in_step[part], train[1][part], phase.charge / network.neuron.capacitance, phase.learning,
                timing, motion, resting, ring, cells, rule, out_step, out_neuron,
            )  # fmt: skip
            steps.append(out_step[:count].copy())
            neurons.append(out_neuron[:count].copy())
            if last < end:
                kept += [states(network, synapses)] * int((looks == last).sum())
        begin = end
    kept += [states(network, synapses)] * int((looks >= begin).sum())
    return np.concatenate(steps).astype(np.float64) * dt, np.concatenate(neurons), kept


@dataclass(frozen=True)
class Recall:
    """Recalls repeated with other cues and other external spikes: (runs,) arrays.

    Attributes
    ----------
    winner
        Pattern that was recalled first; -1 if none was.
    time
        When [s]; NaN if none was.
    """

    winner: IntArray
    time: FloatArray

    @property
    def fraction(self) -> float:
        """Part of the runs that recalled a pattern."""
        return float((self.winner >= 0).mean())

    @property
    def mean_time(self) -> float:
        """Mean time of the runs that recalled [s]; biased low where `fraction` is below 1."""
        return float(self.time[self.winner >= 0].mean()) if self.fraction else float("nan")


def recall(
    network: SpikingNetwork,
    chips: Sequence[Synapses],
    patterns: Sequence[ArrayLike],
    counts: Sequence[int],
    *,
    rate: float,
    charge: float,
    runs: int = 1000,
    seed: Seed = 1,
    limit: float = 2.0,
    window: float = WINDOW,
    needed: int | None = None,
    time_step: float = TIME_STEP,
) -> Recall:
    """Cue patterns at random members with Poisson spikes and see which is recalled first, many times.

    A pattern is recalled when at least `needed` of its neurons fired within the last `window`. Cues are drawn anew in
    every run; if several patterns are recalled in one step, a random draw decides. Runs are spread over the chips.

    Parameters
    ----------
    network
        The synapses do not learn.
    chips
        One or several chips with stored patterns.
    patterns : (P, M)
        Neurons [1] of each pattern.
    counts : (P,)
        Number of cued neurons in each pattern.
    rate, charge
        Of the external spikes of one cue [Hz], [C].
    runs
        Number of repetitions.
    seed
        Word or words; run r has the stream (seed, counts, r) for itself.
    limit
        A run that recalled nothing by then is over [s].
    window
        [s]
    needed
        Default: all members.
    time_step
        [s].

    Examples
    --------
    >>> from rramcirc.engines.network.network import *
    >>> rule = SoftBounded(0.06)
    >>> net = SpikingNetwork(16, MembraneNeuron(300e-9, 50e-3), ResistiveSynapse(100e-6, 5e-6, rule, rule))
    >>> chip = with_patterns(draw_synapses(net), [range(8), range(8, 16)])
    >>> recall(net, [chip], [range(8), range(8, 16)], [8, 0], rate=150.0, charge=90e-9, runs=10).winner.tolist()
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    """
    from rramcirc.engines.network import kernel

    check_kind(network, SpikingNetwork, "recall", "a SpikingNetwork")
    members = np.array([np.sort(np.asarray(pattern, np.int64)) for pattern in patterns])
    cued = np.array([whole_number(count, "recall: counts", 0) for count in counts])
    if members.ndim != 2 or cued.shape != members.shape[:1] or (cued > members.shape[1]).any():
        raise ParameterError(f"recall: counts {cued.tolist()} do not fit patterns of shape {members.shape}.")
    if members.min() < 0 or members.max() >= network.neurons:
        raise ParameterError(f"recall: patterns hold neurons outside 0 to {network.neurons - 1}.")
    positive_number(rate, "recall: rate", "Hz")
    whole_number(runs, "recall: runs", 1)
    words = tuple(seed) if isinstance(seed, (tuple, list)) else (seed,)
    key = np.uint64(stream_key((*words, *cued.tolist())))
    winner, step = np.empty(runs, np.int64), np.empty(runs, np.int64)
    for k, part in enumerate(np.array_split(np.arange(runs), len(chips))):
        if not part.size:
            continue
        where = slice(part[0], part[-1] + 1)
        kernel.recall_runs(
            slopes(network, chips[k]), members, cued, key, int(part[0]), part.size, 1.0 / rate,
            charge / network.neuron.capacitance, whole_steps(network, time_step), membrane(network, time_step),
            time_step, round(window / time_step), needed or members.shape[1], round(limit / time_step),
            winner[where], step[where],
        )  # fmt: skip
    return Recall(winner, np.where(step < 0, np.nan, step * time_step))


def recall_train(
    members: Sequence[ArrayLike], counts: Sequence[int], rate: float, duration: float, seed: Seed, run: int, count: int
) -> tuple[IntArray, FloatArray, IntArray]:
    """Return the cues and the external spikes of run `run` of `recall`: (cued neurons, times [s], neurons).

    Parameters
    ----------
    members, counts, rate, seed
        As given to `recall`.
    duration
        [s]
    run
        Which run, from 0.
    count
        Number of neurons of the network.
    """
    words = tuple(seed) if isinstance(seed, (tuple, list)) else (seed,)
    stream = (*words, *(int(c) for c in counts), run)
    from rramcirc.bench.spike_trains import uniforms

    numbers = uniforms(stream_key((*stream, 1)), 0, int(sum(counts)) or 1)
    cues: list[int] = []
    for pattern, wanted in zip(members, counts, strict=True):
        pool = np.sort(np.asarray(pattern, np.int64))
        for k in range(wanted):
            pick = k + int(numbers[len(cues)] * (pool.size - k))
            pool[k], pool[pick] = pool[pick], pool[k]
            cues.append(int(pool[k]))
    rates = np.zeros(count)
    rates[cues] = rate
    return np.sort(np.array(cues, np.int64)), *poisson_trains(rates, duration, (*stream, 2))
