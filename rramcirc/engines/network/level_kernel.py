"""The loop of the network level: ideal neurons at a fixed time step, synapses as currents that pulses or a rule move.

Step n covers the time from n to n + 1 steps. At its beginning gates close and open and every neuron at or above
threshold fires, all of them together; then synapses whose gate and top electrode are both pulsed move along their
curve; then all membranes are integrated, exactly for currents that are constant within the step. A spike is late by
less than one step. Sums run in the order of rows and matrices, so that nothing depends on what happened before.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.engines.network.deviates import cycle_deviate
from rramcirc.engines.network.kernel import compiled

LONG_AGO = -(1 << 40)  # [steps]
PRE, POST = 0, 1
BoolArray = NDArray[np.bool_]


class Times(NamedTuple):
    """Intervals after a spike, in steps; without a second pulse `second` and `end` are 0."""

    gate: int
    refractory: int
    te: int
    second: int
    end: int


class Membrane(NamedTuple):
    """Of one step: decay, gain [V/A] of a current, lowest voltage, threshold, and what a reset leaves [V]."""

    decay: float
    gain: float
    clamp: float
    threshold: float
    residue: float


class Neurons(NamedTuple):
    """State of the neurons: voltage [V], step of the last two spikes, step of the last spike while learning."""

    v: FloatArray
    last: IntArray
    before: IntArray
    own: IntArray


class Rows(NamedTuple):
    """State of the gate lines: whether they are open; step of their last two spikes."""

    opened: BoolArray
    last: IntArray
    before: IntArray


class Cells(NamedTuple):
    """Synapses, (matrices, rows, columns): current at the read voltage [A], curve and place [pulses] on it; weight.

    `keys` are those of the noise that a rule sees; `joined` (rows, columns) says where a synapse is.
    """

    current: FloatArray
    curve: IntArray
    dose: FloatArray
    weight: FloatArray
    keys: NDArray[np.uint64]
    joined: BoolArray


class Curves(NamedTuple):
    """Curves of the pulses: (K, n) pulses and current [A]; `of` (matrices, 2) the one of each pulse, -1 for none."""

    dose: FloatArray
    current: FloatArray
    of: IntArray


class Inputs(NamedTuple):
    """External currents (step, neuron, mean in the step [A]) and switching of PRE gates (step, row, on), in order.

    `forced_step` and `forced_neuron` are the spikes of a replay; they count if the neurons are not `free` to fire.
    """

    step: IntArray
    neuron: IntArray
    current: FloatArray
    gate_step: IntArray
    gate_row: IntArray
    gate_on: BoolArray
    forced_step: IntArray
    forced_neuron: IntArray
    free: bool


class Seen(NamedTuple):
    """What a rule sees of spikes: time since the last and the one before, of PRE and POST [s]; inf if there was none.

    Of the neuron that fires now it is the time since its spike before this one.
    """

    pre: float
    pre_before: float
    post: float
    post_before: float


class Scale(NamedTuple):
    """Of a rule: time step [s], current of weight 0 and of weight 1 [A]."""

    step: float
    low: float
    high: float


@compiled
def at_place(x: float, xs: FloatArray, ys: FloatArray) -> float:
    """Interpolate between points of ascending x, constant beyond."""
    last = xs.size - 1
    if x <= xs[0]:
        return float(ys[0])
    if x >= xs[last]:
        return float(ys[last])
    k = np.searchsorted(xs, x, side="right") - 1
    return float(ys[k] + (x - xs[k]) / (xs[k + 1] - xs[k]) * (ys[k + 1] - ys[k]))


@compiled
def place_of(current: float, currents: FloatArray, dose: FloatArray) -> float:
    """Return where on a curve a current lies; its ends if it lies beyond."""
    if currents[currents.size - 1] > currents[0]:
        return at_place(current, currents, dose)
    return at_place(-current, -currents, dose)


@compiled
def move_cell(m: int, i: int, j: int, k: int, part: float, cells: Cells, curves: Curves) -> None:
    """Move a synapse by a part of a pulse along curve k."""
    if cells.curve[m, i, j] != k:
        cells.curve[m, i, j] = k
        cells.dose[m, i, j] = place_of(cells.current[m, i, j], curves.current[k], curves.dose[k])
    before = cells.dose[m, i, j]
    after = min(before + part, curves.dose[k, curves.dose.shape[1] - 1])
    if after > before:
        cells.dose[m, i, j] = after
        # a current that the curve does not reach moves as the end of the curve does
        now = at_place(after, curves.dose[k], curves.current[k])
        then = at_place(before, curves.dose[k], curves.current[k])
        cells.current[m, i, j] += now - then


@compiled
def since(n: int, then: int, step: float) -> float:
    """Return the time [s] since a step; inf if it never was."""
    return (n - then) * step if then > LONG_AGO else np.inf


@compiled
def learn(
    n: int, rule: Any, parameters: FloatArray, scale: Scale, pres: BoolArray, posts: BoolArray, rows: Rows,
    neurons: Neurons, cells: Cells,
) -> None:  # fmt: skip
    """Apply a rule to all synapses whose PRE or POST fires in step n."""
    for i in range(pres.size):
        for j in range(posts.size):
            if not cells.joined[i, j] or not (pres[i] or posts[j]):
                continue
            seen = Seen(
                since(n, rows.last[i], scale.step), since(n, rows.before[i], scale.step),
                since(n, neurons.last[j], scale.step), since(n, neurons.before[j], scale.step),
            )  # fmt: skip
            weight = cells.weight[0, i, j]
            for spike in range(2):
                if pres[i] if spike == PRE else posts[j]:
                    noise = cycle_deviate(cells.keys[i, j], 2 * n + spike)
                    weight = rule(weight, spike, seen, noise, parameters)
            cells.weight[0, i, j] = weight
            cells.current[0, i, j] = scale.low + weight * (scale.high - scale.low)


@compiled
def sum_rows(rows: Rows, cells: Cells, drive: FloatArray) -> None:
    """Set the current of every column: the open rows, in order."""
    drive[:] = 0.0
    for m in range(cells.current.shape[0]):
        for i in range(rows.opened.size):
            if rows.opened[i]:
                for j in range(drive.size):
                    if cells.joined[i, j]:
                        drive[j] += cells.current[m, i, j]


@compiled
def pulse_cells(n: int, times: Times, rows: Rows, neurons: Neurons, cells: Cells, curves: Curves) -> bool:
    """Move the synapses whose gate and top electrode are pulsed in step n; return whether there are any."""
    moved = False
    for j in range(neurons.own.size):
        age = n - neurons.own[j]
        pulse = 0 if age < times.te else 1 if times.second <= age < times.end else -1
        if pulse < 0:
            continue
        for m in range(curves.of.shape[0]):
            k = curves.of[m, pulse]
            if k >= 0:
                for i in range(rows.opened.size):
                    if rows.opened[i] and cells.joined[i, j]:
                        move_cell(m, i, j, k, 1.0 / times.te, cells, curves)
                        moved = True
    return moved


@compiled
def integrate(
    n: int, times: Times, membrane: Membrane, neurons: Neurons, drive: FloatArray, external: FloatArray
) -> None:
    """Bring all membranes to the end of step n: held in the refractory time, only leaking during own pulses."""
    for j in range(neurons.v.size):
        age, own = n - neurons.last[j], n - neurons.own[j]
        if age < times.refractory:
            neurons.v[j] = membrane.residue if age == times.refractory - 1 else 0.0
        elif own < times.te or times.second <= own < times.end:
            neurons.v[j] *= membrane.decay
        else:
            x = neurons.v[j] * membrane.decay + (drive[j] + external[j]) * membrane.gain
            neurons.v[j] = max(x, membrane.clamp)


@compiled
def switch_gates(
    n: int, driven: bool, times: Times, rows: Rows, inputs: Inputs, cursor: IntArray, pres: BoolArray
) -> bool:
    """Close and open gate lines at the beginning of step n; a driven line that opens has a PRE spike."""
    changed = False
    pres[:] = False
    if not driven:
        for i in range(rows.opened.size):
            if rows.opened[i] and n >= rows.last[i] + times.gate:
                rows.opened[i] = False
                changed = True
        return changed
    while cursor[1] < inputs.gate_step.size and inputs.gate_step[cursor[1]] <= n:
        i, on = inputs.gate_row[cursor[1]], inputs.gate_on[cursor[1]]
        cursor[1] += 1
        pres[i] = on and not rows.opened[i]
        rows.opened[i] = on
        changed = True
    return changed


@compiled
def begin_step(
    n: int, driven: bool, times: Times, membrane: Membrane, neurons: Neurons, rows: Rows, inputs: Inputs,
    cursor: IntArray, pres: BoolArray, posts: BoolArray,
) -> bool:  # fmt: skip
    """Switch gates and find who fires in step n; return whether a gate has switched."""
    changed = switch_gates(n, driven, times, rows, inputs, cursor, pres)
    if inputs.free:
        for j in range(posts.size):
            posts[j] = neurons.v[j] >= membrane.threshold and n >= neurons.last[j] + times.refractory
    else:
        posts[:] = False
        while cursor[4] < inputs.forced_step.size and inputs.forced_step[cursor[4]] <= n:
            posts[inputs.forced_neuron[cursor[4]]] = True
            cursor[4] += 1
    if not driven:
        pres[:] = posts
    return changed


@compiled
def fire(
    n: int, learning: bool, neurons: Neurons, rows: Rows, pres: BoolArray, posts: BoolArray, spikes: int,
    out_step: IntArray, out_neuron: IntArray,
) -> int:  # fmt: skip
    """Let all that fire in step n do so, together; return the number of spikes that are noted then."""
    for i in range(pres.size):
        if pres[i]:
            rows.before[i], rows.last[i], rows.opened[i] = rows.last[i], n, True
    for j in range(posts.size):
        if posts[j]:
            neurons.before[j], neurons.last[j] = neurons.last[j], n
            neurons.v[j] = 0.0
            if learning:
                neurons.own[j] = n
            out_step[spikes], out_neuron[spikes] = n, j
            spikes += 1
    return spikes


@compiled
def advance(
    first: int, last: int, driven: bool, learning: bool, by_rule: bool, times: Times, membrane: Membrane,
    neurons: Neurons, rows: Rows, cells: Cells, curves: Curves, inputs: Inputs, cursor: IntArray, pres: BoolArray,
    posts: BoolArray, out_step: IntArray, out_neuron: IntArray,
) -> int:  # fmt: skip
    """Run steps first ... last - 1; return how many spikes were written to `out_step` and `out_neuron`.

    `driven` says that the gates are driven from outside. `cursor` holds how many currents and gates of the inputs have
    been used, the step that comes next, the one that waits for a rule, and how many forced spikes have been used. With
    `by_rule` the step that comes next may be before `last`: `pres` and `posts` fire in it, the caller applies the rule
    and goes on from there.
    """
    drive, external = np.zeros(posts.size), np.zeros(posts.size)
    spikes = 0
    sum_rows(rows, cells, drive)
    for n in range(first, last):
        changed = True
        if cursor[3] != n:  # else the rule has been applied and the step is to be finished
            changed = begin_step(n, driven, times, membrane, neurons, rows, inputs, cursor, pres, posts)
            if by_rule and learning and (pres.any() or posts.any()):
                cursor[2], cursor[3] = n, n
                return spikes
        if pres.any() or posts.any():
            spikes = fire(n, learning, neurons, rows, pres, posts, spikes, out_step, out_neuron)
            changed = True
        changed = pulse_cells(n, times, rows, neurons, cells, curves) or changed
        if changed:
            sum_rows(rows, cells, drive)
        external[:] = 0.0
        while cursor[0] < inputs.step.size and inputs.step[cursor[0]] <= n:
            external[inputs.neuron[cursor[0]]] += inputs.current[cursor[0]]
            cursor[0] += 1
        integrate(n, times, membrane, neurons, drive, external)
    cursor[2] = last
    return spikes
