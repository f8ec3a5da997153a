"""The network level without time steps: from event to event, each exact. The referee of the fixed-step kernel.

Between events the open gates, hence all currents, are constant, so a membrane follows one exponential and its threshold
crossing has a closed form. With learning this holds as long as the top-electrode pulse is not longer than the
refractory time: the only synapses that then change feed a membrane that rests at 0 V.

With `grid` > 0 every event waits for the next multiple of it: the model of the fixed-step kernel, by another algorithm.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from rramcirc.basics.arrays import FloatArray, IntArray, LoopCompiler
from rramcirc.basics.errors import ParameterError
from rramcirc.engines.network.kernel import Cells, Rule, switch
from rramcirc.engines.network.network import Phase, SpikingNetwork, Synapses, states
from rramcirc.engines.network.plastic import plastic

compiled: LoopCompiler = numba.njit(cache=True, nogil=True)
NEVER = 1e300  # [s]; finite, so that no NaN can arise from it
EDGE = 1e-9  # part of a grid step within which a time counts as on the grid


class Clocks(NamedTuple):
    """State of the neurons, (N,) each: voltage [V], its time, slope of the open gates [V/s], and ends of pulses [s]."""

    v: FloatArray
    since: FloatArray
    drive: FloatArray
    busy: FloatArray
    gate_end: FloatArray
    te_end: FloatArray
    crossing: FloatArray


@compiled
def snapped(t: float, grid: float) -> float:
    """Return the next multiple of the grid; the time itself without grid."""
    return t if grid <= 0.0 or t >= NEVER else np.ceil(t / grid - EDGE) * grid


@compiled
def move(j: int, t: float, neurons: Clocks, tau: float, minimum: float) -> None:
    """Bring membrane j, which may fall to the clamp but is below threshold, to time t."""
    v, since, rest = neurons.v, neurons.since, neurons.drive[j] * tau
    x = rest + (v[j] - rest) * np.exp(-(t - since[j]) / tau)
    v[j] = max(x, minimum)
    since[j] = t


@compiled
def predict(j: int, neurons: Clocks, tau: float, threshold: float, grid: float) -> None:
    """Store when membrane j crosses the threshold if nothing happens."""
    v, since, crossing, rest = neurons.v, neurons.since, neurons.crossing, neurons.drive[j] * tau
    crossing[j] = NEVER
    if neurons.busy[j] > since[j]:
        return
    if v[j] >= threshold:
        crossing[j] = since[j]
    elif rest > threshold:
        crossing[j] = snapped(since[j] + tau * np.log((rest - v[j]) / (rest - threshold)), grid)


@compiled
def add_overlap(start: float, stop: float, te_width: float, neurons: Clocks, cells: Cells, rule: Rule) -> None:
    """Switch all synapses whose gate and top-electrode pulses were both on from `start` to `stop`."""
    part, gate_end, te_end = (stop - start) / te_width, neurons.gate_end, neurons.te_end
    for j in range(gate_end.size):
        if te_end[j] <= start:
            continue
        for i in range(gate_end.size):
            if gate_end[i] > start and i != j:
                cells.weights[i, j] = switch(cells, rule, i, j, part)


@compiled
def run_until(
    now: float, stop: float, at: FloatArray, which: IntArray, charge: float, learning: bool,
    widths: tuple[float, float, float], grid: float, membrane: tuple[float, float, float], neurons: Clocks,
    cells: Cells, rule: Rule, out_time: FloatArray, out_neuron: IntArray,
) -> int:  # fmt: skip
    """Go from event to event until `stop`, events at `stop` excluded; return the number of output spikes."""
    gate_width, refractory, te_width = widths
    tau, minimum, threshold = membrane
    v, since, drive, busy = neurons.v, neurons.since, neurons.drive, neurons.busy
    gate_end, te_end, crossing, weights = neurons.gate_end, neurons.te_end, neurons.crossing, cells.weights
    count, spikes, pending = v.size, 0, 0
    closing = np.zeros(count, np.bool_)
    while True:
        t = stop
        if pending < at.size:
            t = min(t, snapped(at[pending], grid))
        for j in range(count):
            t = min(t, crossing[j])
            if gate_end[j] > now:
                t = min(t, gate_end[j])
            if busy[j] > now:
                t = min(t, busy[j])
            if te_end[j] > now:
                t = min(t, te_end[j])
        if learning and t > now:
            add_overlap(now, t, te_width, neurons, cells, rule)
        if t >= stop:
            return spikes
        fired_now = t
        changed = False
        for j in range(count):  # all membranes to t with the old currents
            if busy[j] > now:
                v[j], since[j] = 0.0, t
            else:
                move(j, t, neurons, tau, minimum)
                if crossing[j] <= t:
                    v[j] = max(v[j], threshold)
            closing[j] = gate_end[j] > now and gate_end[j] <= t
            changed = changed or closing[j]
        while pending < at.size and snapped(at[pending], grid) <= t:
            j = which[pending]
            pending += 1
            if busy[j] <= t:
                v[j] += charge
        for j in range(count):
            if busy[j] <= t and v[j] >= threshold:
                v[j] = 0.0
                busy[j] = snapped(t + refractory, grid)
                gate_end[j] = snapped(t + gate_width, grid)
                if learning:
                    te_end[j] = snapped(t + te_width, grid)
                out_time[spikes], out_neuron[spikes] = fired_now, j
                spikes += 1
                changed = True
        if changed or learning:
            drive[:] = 0.0
            for i in range(count):
                if gate_end[i] > t:
                    drive += weights[i]
        now = t
        for j in range(count):
            predict(j, neurons, tau, threshold, grid)


def run_events(
    network: SpikingNetwork,
    phases: tuple[Phase, ...],
    train: tuple[FloatArray, IntArray],
    snapshots: FloatArray,
    synapses: Synapses,
    grid: float = 0.0,
) -> tuple[FloatArray, IntArray, list[tuple[FloatArray, FloatArray]]]:
    """Run a network without time steps; the doses of `synapses` are changed in place.

    Parameters
    ----------
    network, phases, train, snapshots, synapses
        As in `run_network`, checked.
    grid
        Wait with every event for the next multiple of this [s]; 0 does not wait.

    Returns
    -------
    tuple
        Spike times [s], neurons, states at the snapshots.

    Raises
    ------
    ParameterError
        If synapses learn and the top-electrode pulse is longer than the refractory time: the currents would not be
        constant between events.
    """
    if any(phase.learning for phase in phases) and network.pulses.te_width > network.neuron.refractory * (1 + 1e-12):
        raise ParameterError(
            f"engine 'events': te_width = {network.pulses.te_width:g} s is longer than refractory = "
            f"{network.neuron.refractory:g} s; learning is then not exact between events. Use engine 'fixed'."
        )
    n, neuron = network.neurons, network.neuron
    cells, rule = plastic(network, synapses)
    neurons_now = Clocks(*(np.zeros(n) for _ in range(7)))
    neurons_now.crossing[:] = NEVER
    times, neurons, kept, begin = [], [], [], 0.0
    for phase in phases:
        end = begin + phase.duration
        neurons_now.te_end[:] = 0.0
        if phase.reset:
            for values in neurons_now:
                values[:] = 0.0
            neurons_now.crossing[:], neurons_now.since[:] = NEVER, begin
        inside = snapshots[(snapshots > begin) & (snapshots < end)]
        kept += [states(network, synapses)] * int((snapshots == begin).sum())
        now = begin
        for stop in np.unique([*np.arange(begin, end, 2.0), *inside, end])[1:]:
            part = slice(*np.searchsorted(train[0], (now, stop)))
            room = n * (int((stop - now) / neuron.refractory) + 3)
            out_time, out_neuron = np.empty(room), np.empty(room, np.int64)
            count = run_until(
                now, stop, train[0][part], train[1][part], phase.charge / neuron.capacitance, phase.learning,
                (network.pulses.gate_width, neuron.refractory, network.pulses.te_width), grid,
                (neuron.time_constant, neuron.minimum, neuron.threshold), neurons_now, cells, rule, out_time,
                out_neuron,
            )  # fmt: skip
            times.append(out_time[:count].copy())
            neurons.append(out_neuron[:count].copy())
            if stop < end:
                kept += [states(network, synapses)] * int((inside == stop).sum())
            now = stop
        begin = end
    kept += [states(network, synapses)] * int((snapshots >= begin).sum())
    return np.concatenate(times), np.concatenate(neurons), kept
