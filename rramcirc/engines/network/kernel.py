"""Compiled loops of the network level at a fixed time step.

One step n covers the time from n dt to (n + 1) dt. At its beginning gates close and refractory times end, external
charge arrives, and every neuron at or above threshold fires; then all membranes are integrated with the currents of
the open gates, exactly, because these are constant within the step. A spike is therefore late by less than one step.

All spikes wait in one `Ring`, because gate pulse, top-electrode pulse and refractory time
have the same length for every neuron: what was opened first closes first. `marks` holds the positions in the ring:
head, gates, refractory, electrodes, open gates. No fastmath: a number that is not finite must stay visible.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from rramcirc.basics.arrays import FloatArray, IntArray, LoopCompiler

compiled: LoopCompiler = numba.njit(cache=True, nogil=True)
HEAD, GATES, REFRACTORY, ELECTRODES, OPEN = range(5)
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class Neurons(NamedTuple):
    """State of the neurons: voltage [V], slope of the open gates [V/s], 0 in the refractory time, end of the gate."""

    v: FloatArray
    drive: FloatArray
    active: FloatArray
    gate_end: IntArray


class Ring(NamedTuple):
    """Spikes whose pulses may still be on: step and neuron, and the positions in them."""

    step: IntArray
    neuron: IntArray
    marks: IntArray


class Cells(NamedTuple):
    """Synapses, (N, N) each: slope of a membrane [V/s], and what `network.Synapses` holds."""

    weights: FloatArray
    up_dose: FloatArray
    up_rate: FloatArray
    up_start: FloatArray
    up_span: FloatArray
    down_dose: FloatArray
    down_rate: FloatArray
    down_start: FloatArray
    down_span: FloatArray


class Rule(NamedTuple):
    """Curves of both kinds of cells, see `network.rule_table`; slope [V/s] per S; inhibitory over excitatory read."""

    tables: FloatArray
    scales: FloatArray
    unit: float
    inhibition: float


@compiled
def uniform(key: np.uint64, number: int) -> float:
    """Return number `number` of the stream `key`, as `rramcirc.bench.spike_trains.uniforms`."""
    z = key + np.uint64(number + 1) * _GAMMA
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    return np.float64((z ^ (z >> np.uint64(31))) >> np.uint64(11)) * 2.0**-53


@compiled
def mixed(key: np.uint64, word: int) -> np.uint64:
    """Return the key of a stream with one more word in its seed, as `rramcirc.bench.spike_trains.stream_key`."""
    z = (key ^ np.uint64(word)) + _GAMMA
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    return z ^ (z >> np.uint64(31))


@compiled
def progress(table: FloatArray, scale: FloatArray, dose: float) -> float:
    """Return how far a synapse has switched after `dose` overlaps; see `network.rule_table`."""
    position = np.log1p(dose * scale[0]) * scale[1]
    k = int(position)
    if k >= table.size - 1:
        return float(table[table.size - 1])
    return float(table[k] + (position - k) * (table[k + 1] - table[k]))


@compiled
def switch(cells: Cells, rule: Rule, i: int, j: int, part: float) -> float:
    """Move a pair of synapses by a part of an overlap: excitatory up, inhibitory down; return its new weight."""
    cells.up_dose[i, j] += part * cells.up_rate[i, j]
    cells.down_dose[i, j] += part * cells.down_rate[i, j]
    up = progress(rule.tables[0], rule.scales[0], cells.up_dose[i, j])
    down = progress(rule.tables[1], rule.scales[1], cells.down_dose[i, j])
    excitatory = cells.up_start[i, j] + cells.up_span[i, j] * up
    inhibitory = cells.down_start[i, j] + cells.down_span[i, j] * down
    return float((excitatory - rule.inhibition * inhibitory) * rule.unit)


@compiled
def integrate(neurons: Neurons, decay: float, gain: float, minimum: float, threshold: float) -> int:
    """Integrate all membranes over one step; return how many are at or above threshold."""
    v, drive, active, ready = neurons.v, neurons.drive, neurons.active, 0
    for j in range(v.size):
        x = (v[j] * decay + drive[j] * gain) * active[j]
        x = x if x > minimum else minimum
        v[j] = x
        ready += x >= threshold
    return ready


@compiled
def expire(n: int, weights: FloatArray, neurons: Neurons, gate_steps: int, rest_steps: int, ring: Ring) -> None:
    """Close the gates and end the refractory times that are over at step n."""
    drive, ring_step, ring_neuron, marks = neurons.drive, ring.step, ring.neuron, ring.marks
    size = ring_step.size
    while marks[GATES] < marks[HEAD] and ring_step[marks[GATES] % size] + gate_steps <= n:
        i = ring_neuron[marks[GATES] % size]
        marks[GATES] += 1
        if neurons.gate_end[i] == n:
            marks[OPEN] -= 1
            if marks[OPEN] == 0:
                drive[:] = 0.0  # no rounding error stays behind
            else:
                drive -= weights[i]
    while marks[REFRACTORY] < marks[HEAD] and ring_step[marks[REFRACTORY] % size] + rest_steps <= n:
        neurons.active[ring_neuron[marks[REFRACTORY] % size]] = 1.0
        marks[REFRACTORY] += 1


@compiled
def fire(n: int, j: int, weights: FloatArray, neurons: Neurons, gate_steps: int, ring: Ring) -> None:
    """Let neuron j fire at step n: reset, refractory time, gate pulse (which restarts if it is still on)."""
    drive, marks = neurons.drive, ring.marks
    neurons.v[j] = 0.0
    neurons.active[j] = 0.0
    if neurons.gate_end[j] <= n:
        drive += weights[j]
        marks[OPEN] += 1
    neurons.gate_end[j] = n + gate_steps
    place = marks[HEAD] % ring.step.size
    ring.step[place] = n
    ring.neuron[place] = j
    marks[HEAD] += 1


@compiled
def overlap(n: int, te_steps: int, neurons: Neurons, ring: Ring, cells: Cells, rule: Rule) -> None:
    """Switch the synapses whose gate and top-electrode pulses, of `te_steps`, are both on in step n."""
    ring_step, ring_neuron, marks, share = ring.step, ring.neuron, ring.marks, 1.0 / te_steps
    size = ring_step.size
    while marks[ELECTRODES] < marks[HEAD] and ring_step[marks[ELECTRODES] % size] + te_steps <= n:
        marks[ELECTRODES] += 1
    for place in range(marks[ELECTRODES], marks[HEAD]):
        j = ring_neuron[place % size]
        again = False  # a pulse that was restarted counts once
        for later in range(place + 1, marks[HEAD]):
            again = again or ring_neuron[later % size] == j
        if again:
            continue
        for i in range(neurons.gate_end.size):
            if neurons.gate_end[i] > n and i != j:
                weight = switch(cells, rule, i, j, share)
                neurons.drive[j] += weight - cells.weights[i, j]
                cells.weights[i, j] = weight


@compiled
def advance(
    first: int, last: int, in_step: IntArray, in_neuron: IntArray, charge: float, learning: bool,
    timing: tuple[int, int, int], membrane: tuple[float, float, float, float], neurons: Neurons, ring: Ring,
    cells: Cells, rule: Rule, out_step: IntArray, out_neuron: IntArray,
) -> int:  # fmt: skip
    """Run steps first ... last - 1; return the number of spikes written to `out_step` and `out_neuron`.

    `timing` is (gate, refractory, top-electrode) pulse in steps, `membrane` (decay, gain, minimum, threshold);
    `charge` the step of the membrane per external spike [V].
    """
    gate_steps, rest_steps, te_steps = timing
    decay, gain, minimum, threshold = membrane
    v, active, weights = neurons.v, neurons.active, cells.weights
    spikes, pending, ready = 0, 0, 0
    for j in range(v.size):
        ready += v[j] >= threshold
    for n in range(first, last):
        expire(n, weights, neurons, gate_steps, rest_steps, ring)
        while pending < in_step.size and in_step[pending] <= n:
            j = in_neuron[pending]
            pending += 1
            if active[j] > 0.0:
                v[j] += charge
                ready += v[j] >= threshold
        if ready:
            for j in range(v.size):
                if v[j] >= threshold:
                    fire(n, j, weights, neurons, gate_steps, ring)
                    out_step[spikes] = n
                    out_neuron[spikes] = j
                    spikes += 1
        if learning:
            overlap(n, te_steps, neurons, ring, cells, rule)
        ready = integrate(neurons, decay, gain, minimum, threshold)
    return spikes


@compiled
def choose_cues(key: np.uint64, number: int, members: IntArray, count: int, pool: IntArray, cues: IntArray) -> None:
    """Write `count` of `members`, drawn at random, to the front of `cues`."""
    pool[: members.size] = members
    for k in range(count):
        pick = k + int(uniform(key, number + k) * (members.size - k))
        pool[k], pool[pick] = pool[pick], pool[k]
        cues[k] = pool[k]


@compiled
def recall_runs(
    weights: FloatArray, patterns: IntArray, counts: IntArray, key: np.uint64, first_run: int, runs: int,
    mean_gap: float, charge: float, timing: tuple[int, int, int], membrane: tuple[float, float, float, float],
    dt: float, window: int, needed: int, limit: int, winner: IntArray, step: IntArray,
) -> None:  # fmt: skip
    """Recall from random cues, many times, each run with a stream of its own; weights stay as they are.

    Parameters
    ----------
    weights : (N, N) array
        Membrane slope [V/s] of column j while gate i is on.
    patterns : (P, M) array of int
        Neurons of every stored pattern.
    counts : (P,) array of int
        Number of neurons of each pattern that get external spikes.
    key
        Key of the streams; run r uses `mixed(key, r)`.
    mean_gap
        Mean time between the external spikes of one cue [s].
    window, needed, limit
        A pattern is recalled when at least `needed` members fired within the last `window` steps, before step `limit`.
    winner, step : (runs,) arrays of int
        Result: pattern that was recalled first (a draw decides between several in one step) and when; -1 if none.
    """
    gate_steps, rest_steps, _ = timing
    decay, gain, minimum, threshold = membrane
    count = weights.shape[0]
    v, drive, active = np.zeros(count), np.zeros(count), np.ones(count)
    gate_end, last_spike = np.zeros(count, np.int64), np.zeros(count, np.int64)
    size = count * (max(gate_steps, rest_steps) // rest_steps + 2)
    marks = np.zeros(5, np.int64)
    neurons, ring = Neurons(v, drive, active, gate_end), Ring(np.zeros(size, np.int64), np.zeros(size, np.int64), marks)
    pool, cues = np.zeros(patterns.shape[1], np.int64), np.zeros(max(1, counts.sum()), np.int64)
    done = np.zeros(patterns.shape[0], np.int64)
    for r in range(runs):
        stream = mixed(key, first_run + r)
        v[:], drive[:], active[:], gate_end[:], marks[:] = 0.0, 0.0, 1.0, 0, 0
        last_spike[:] = -(1 << 40)
        total, chooser = 0, mixed(stream, 1)
        for p in range(patterns.shape[0]):
            choose_cues(chooser, total, patterns[p], counts[p], pool, cues[total:])
            total += counts[p]
        cues[:total].sort()
        spikes = mixed(stream, 2)
        drawn, arrival = 0, np.inf
        if total:
            arrival = -np.log1p(-uniform(spikes, 0)) * mean_gap / total
        winner[r], step[r] = -1, -1
        ready = 0
        for n in range(limit):
            if marks[GATES] < marks[HEAD]:
                expire(n, weights, neurons, gate_steps, rest_steps, ring)
            while arrival <= n * dt:
                j = cues[int(uniform(spikes, 2 * drawn + 1) * total)]
                drawn += 1
                arrival += -np.log1p(-uniform(spikes, 2 * drawn)) * mean_gap / total
                if active[j] > 0.0:
                    v[j] += charge
                    ready += v[j] >= threshold
            if ready:
                for j in range(count):
                    if v[j] >= threshold:
                        fire(n, j, weights, neurons, gate_steps, ring)
                        last_spike[j] = n
                reached = 0
                for p in range(patterns.shape[0]):
                    fired = 0
                    for m in range(patterns.shape[1]):
                        fired += last_spike[patterns[p, m]] > n - window
                    if fired >= needed:
                        done[reached] = p
                        reached += 1
                if reached:
                    winner[r] = done[int(uniform(mixed(stream, 3), 0) * reached)]
                    step[r] = n
                    break
            ready = integrate(neurons, decay, gain, minimum, threshold)
