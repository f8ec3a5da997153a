"""What the network level makes of a testbench: intervals in steps, inputs in order of time, synapses as currents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

import numpy as np

from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.basics.errors import ParameterError, a_kind
from rramcirc.bench.cycle_deviates import synapse_keys
from rramcirc.bench.spike_trains import check_train
from rramcirc.bench.stimuli import Driven, Floating
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.network.netlist import synapse_pairs, synapse_values
from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron, acting_neuron, synapse_matrices
from rramcirc.circuits.neuron.netlist import _Times, check_analysis
from rramcirc.circuits.neuron.neuron import LifNeuron
from rramcirc.engines.network.level_cells import PulseTrack, pulse_track, read_currents
from rramcirc.engines.network.level_kernel import (
    LONG_AGO,
    Cells,
    Curves,
    Inputs,
    Membrane,
    Neurons,
    Rows,
    Scale,
    Times,
)
from rramcirc.engines.network.spike_rules import SpikeRule
from rramcirc.waveforms.spikes import Spikes

STEPS_PER_PULSE = 50
TURN = 500.0  # full overlaps after which a cell counts as switched, where pulses of the other sign begin
SIGNS = {"exc": 1.0, "inh": -1.0}  # of the read voltage


@dataclass(frozen=True)
class Level:
    """A network testbench as the network level runs it.

    `tracks` are the measured curves, one for each of `curves`; `start` holds the initial states of each matrix.
    """

    network: HopfieldNetwork | Perceptron
    neuron: LifNeuron
    step: float
    times: Times
    membrane: Membrane
    cells: Cells
    curves: Curves
    tracks: tuple[PulseTrack, ...]
    inputs: Inputs
    scale: Scale
    start: tuple[dict[str, FloatArray], ...]
    remarks: tuple[str, ...]

    @property
    def driven(self) -> bool:
        """Whether gates are driven from outside, not by neurons."""
        return isinstance(self.network, Perceptron)

    def rest(self) -> tuple[Neurons, Rows]:
        """Return neurons and gate lines at rest."""
        rows = self.network.shape[0]
        count = self.network.shape[1]
        ago = [np.full(n, LONG_AGO, np.int64) for n in (count, count, count, rows, rows)]
        return Neurons(np.zeros(count), *ago[:3]), Rows(np.zeros(rows, np.bool_), *ago[3:])


def check_level(bench: Testbench) -> HopfieldNetwork | Perceptron:
    """Return the network of a testbench; refuse by name what the network level cannot do.

    Raises
    ------
    ParameterError
        For other circuits, neurons of op-amps or transistors, devices that differ, and cycle noise.
    """
    network = bench.design
    if not isinstance(network, (HopfieldNetwork, Perceptron)):
        raise ParameterError(
            f"engine network: it cannot do {a_kind(network)}, only a HopfieldNetwork, a Perceptron or a "
            "RecurrentNetwork; ngspice runs it."
        )
    check_analysis(bench, network.neuron)
    if bench.analysis.kind != "tran":
        raise ParameterError(f"engine network: it cannot do {type(bench.analysis).__name__}, only Transient.")
    if network.neuron.detail != "ideal":
        raise ParameterError(
            f"engine network: LifNeuron.detail: a {network.neuron.detail} neuron runs in ngspice only; use 'ideal'."
        )
    if any(matrix.parameters for matrix in synapse_matrices(network)):
        raise ParameterError(
            "engine network: its curves are those of one cell, so synapses cannot differ in their parameters; the "
            "engines numpy and ngspice take them."
        )
    if bench.cycle_noise is not None:
        raise ParameterError("engine network: Testbench.cycle_noise: the engines numpy and ngspice take it.")
    return network


def network_level(bench: Testbench, rule: SpikeRule | None = None, spikes: Spikes | None = None) -> Level:
    """Return the plan of a network testbench; measures the curves of its cell if it learns without a rule.

    With `spikes` neurons fire then, and only then.
    """
    network = check_level(bench)
    spans = bench.spans
    neuron = acting_neuron(network, any(span.learning for span in spans) and rule is None)
    pulses = neuron.pulses
    shortest = min(pulses.gate_width, neuron.refractory, pulses.te_width if pulses.writing_time else pulses.gate_width)
    step = min(shortest / STEPS_PER_PULSE, bench.analysis.largest_step or shortest)
    remarks: list[str] = []
    cells, curves, tracks = _cells(network, neuron, bench.temperature, rule, remarks)
    if rule is None:
        scale = Scale(step, 0.0, 1.0)
    else:
        read = network.neuron.pulses.read_voltage
        scale = Scale(step, read * rule.low, read * rule.high)
    return Level(
        network, neuron, step, _steps(neuron, step), _membrane(neuron, step), cells, curves, tracks,
        _inputs(bench, network, neuron, step, spikes), scale,
        tuple(synapse_values(network, matrix) for matrix in synapse_matrices(network)), tuple(remarks),
    )  # fmt: skip


def _steps(neuron: LifNeuron, step: float) -> Times:
    gate, refractory = round(neuron.pulses.gate_width / step), round(neuron.refractory / step)
    if not neuron.pulses.writing_time:
        return Times(gate, refractory, 0, 0, 0)
    te = round(neuron.pulses.te_width / step)
    if not neuron.pulses.reset_voltage:
        return Times(gate, refractory, te, 0, 0)
    return Times(
        gate, refractory, te, round((neuron.pulses.reset_delay) / step), round(neuron.pulses.writing_time / step)
    )


def _membrane(neuron: LifNeuron, step: float) -> Membrane:
    decay = exp(-step / neuron.leak_time)
    gain = (1.0 - decay) * neuron.leak_resistance * neuron.input_gain
    residue = neuron.threshold * exp(-neuron.refractory / _Times(neuron).reset)
    return Membrane(decay, gain, neuron.clamp, neuron.threshold, residue)


def _cells(
    network: HopfieldNetwork | Perceptron, neuron: LifNeuron, temperature: float, rule: SpikeRule | None,
    remarks: list[str],
) -> tuple[Cells, Curves, tuple[PulseTrack, ...]]:  # fmt: skip
    matrices = synapse_matrices(network)
    shape = (len(matrices), *network.shape)
    joined = np.zeros(network.shape, np.bool_)
    joined[tuple(np.array(synapse_pairs(network)).T)] = True
    current, of = np.zeros(shape), np.full((len(matrices), 2), -1)
    tracks: list[PulseTrack] = []
    for m, matrix in enumerate(matrices):
        values = synapse_values(network, matrix)
        states = {name: values[f"{name}_ini"] for name in network.cell.states}
        sign = SIGNS[matrix.name]
        current[m] = read_currents(network, states, sign, temperature)
        if rule is None:
            here = np.where(joined, np.abs(current[m]), np.nan)
            found = _tracks(network, neuron, matrix.electrode, states, here, sign, temperature)
            of[m, : len(found)] = np.arange(len(found)) + len(tracks)
            tracks += found
    weight = np.zeros(shape)
    if rule is not None:
        read = network.neuron.pulses.read_voltage
        weight[0] = (current[0] / read - rule.low) / (rule.high - rule.low)
        outside = int(np.sum(joined & ((weight[0] < -1e-6) | (weight[0] > 1 + 1e-6))))
        if outside:
            remarks.append(f"{outside} synapses begin outside the conductances of the rule and are put on its bounds")
        weight[0] = np.clip(weight[0], 0.0, 1.0)
        current[0] = read * (rule.low + weight[0] * (rule.high - rule.low))
    keys = synapse_keys(rule.seed if rule else 0, "exc", network.shape)
    cells = Cells(current, np.full(shape, -1), np.zeros(shape), weight, keys, joined)
    points = tracks[0].dose.size if tracks else 1
    doses = np.array([t.dose for t in tracks]) if tracks else np.zeros((1, points))
    currents = np.array([t.current for t in tracks]) if tracks else np.zeros((1, points))
    return cells, Curves(doses, currents, of), tuple(tracks)


def _tracks(
    network: HopfieldNetwork | Perceptron, neuron: LifNeuron, electrode: str, states: dict[str, FloatArray],
    current: FloatArray, sign: float, temperature: float,
) -> list[PulseTrack]:  # fmt: skip
    """Return the curves of the pulses that an electrode gives; one of both signs goes to and fro between its ends."""
    first = neuron.pulses.set_voltage if electrode == "te" else -neuron.pulses.inhibitory_voltage
    if not first:
        return []
    start = _start(states, current, first)
    track = pulse_track(network, start, first, neuron.pulses.te_width, sign, temperature)
    if electrode == "ti" or not neuron.pulses.reset_voltage:
        return [track]
    farthest, end = _start(states, current, -neuron.pulses.reset_voltage), abs(float(track.current[-1]))
    reached = float(np.nanmin(current) if neuron.pulses.reset_voltage > 0 else np.nanmax(current))
    # half of what the first pulses lead to counts as switched: then the network begins where the second ones do
    begun = reached < 2.0 * end if neuron.pulses.reset_voltage > 0 else reached > 0.5 * end
    turned = farthest if begun else track.at(TURN)
    back = pulse_track(network, turned, -neuron.pulses.reset_voltage, neuron.pulses.te_width, sign, temperature)
    if abs(back.current[-1] - track.current[-1]) > abs(track.current[0] - track.current[-1]):
        track = pulse_track(network, back.at(TURN), first, neuron.pulses.te_width, sign, temperature)
    return [track, back]


def _start(states: dict[str, FloatArray], conductance: FloatArray, amplitude: float) -> dict[str, FloatArray]:
    """Return the states of the synapse that is farthest from where pulses of an amplitude lead: HRS for SET."""
    flat = conductance.ravel()
    k = int(np.nanargmin(flat) if amplitude > 0 else np.nanargmax(flat))
    return {name: np.array([values.ravel()[k]]) for name, values in states.items()}


def _inputs(
    bench: Testbench, network: HopfieldNetwork | Perceptron, neuron: LifNeuron, step: float, spikes: Spikes | None
) -> Inputs:  # fmt: skip
    last = int(np.ceil((bench.analysis.last_time or 0.0) / step)) + 1
    ext: list[tuple[IntArray, IntArray, FloatArray]] = []
    gates: list[tuple[IntArray, IntArray, FloatArray]] = []
    for line in network.lines:
        stimulus = bench.given(line)
        if stimulus is None or isinstance(stimulus, Floating):
            continue
        kind = line.rstrip("0123456789")
        number = int(line[len(kind) :])
        wanted = "V" if kind == "pre" else "A"
        if stimulus.unit != wanted:
            raise ParameterError(f"stimuli[{line!r}]: this line takes a stimulus in {wanted}, not {stimulus.unit}.")
        if kind == "ext":
            at, mean = _means(stimulus, step, last)
            ext.append((at, np.full(at.size, number), mean / neuron.input_gain))
        else:
            at, on = _switchings(line, stimulus, neuron, step)
            gates.append((at, np.full(at.size, number), on))
    step_of, neuron_of, current = _ordered(ext)
    gate_step, gate_row, on = _ordered(gates)
    replay = Spikes() if spikes is None else spikes
    times, who = check_train(replay.times, replay.neurons, network.shape[1])
    forced = np.ceil(times / step - 1e-9).astype(np.int64)
    return Inputs(
        step_of, neuron_of, current, gate_step, gate_row, on > 0, forced, who.astype(np.int64), spikes is None
    )


def _ordered(parts: Sequence[tuple[IntArray, IntArray, FloatArray]]) -> tuple[IntArray, IntArray, FloatArray]:
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    at, which, value = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.argsort(at, kind="stable")
    return at[order].astype(np.int64), which[order].astype(np.int64), value[order].astype(float)


def _means(stimulus: Driven, step: float, last: int) -> tuple[IntArray, FloatArray]:
    """Return the steps in which a current flows, and its mean in each [A]."""
    times, levels = stimulus.corners()
    times, levels = np.append(times, max(times[-1], last * step) + step), np.append(levels, levels[-1])
    on = np.flatnonzero((levels[:-1] != 0) | (levels[1:] != 0))
    parts = [np.arange(int(times[k] / step), min(last, int(np.ceil(times[k + 1] / step)))) for k in on]
    if times[0] > 0 and levels[0] != 0:
        parts.append(np.arange(0, int(np.ceil(times[0] / step))))
    at = np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)
    charge = np.concatenate([[0.0], np.cumsum(0.5 * np.diff(times) * (levels[1:] + levels[:-1]))])

    def until(t: FloatArray) -> FloatArray:
        k = np.clip(np.searchsorted(times, t, side="right") - 1, 0, times.size - 2)
        slope = (levels[k + 1] - levels[k]) / (times[k + 1] - times[k])
        ahead = t - times[k]
        found: FloatArray = charge[k] + ahead * (levels[k] + 0.5 * slope * np.maximum(ahead, 0.0))
        return found

    edges = np.stack([at, at + 1]).astype(float) * step
    mean: FloatArray = (until(edges[1]) - until(edges[0])) / step
    return at, mean


def _switchings(line: str, stimulus: Driven, neuron: LifNeuron, step: float) -> tuple[IntArray, FloatArray]:
    """Return the steps in which a gate line opens (1) and closes (0): where it passes half of its pulse."""
    times, levels = stimulus.corners()
    high, half = neuron.pulses.gate_voltage, 0.5 * neuron.pulses.gate_voltage
    top = levels[levels > half]
    if np.any(np.abs(top - high) > 0.01 * high):
        raise ParameterError(
            f"engine network: stimuli[{line!r}]: a gate level of {top[np.argmax(np.abs(top - high))]:g} V is not the "
            f"gate_voltage of the neurons, {high:g} V, at which the cell is measured; ngspice runs it."
        )
    k = np.flatnonzero((levels[1:] > half) != (levels[:-1] > half))
    share = (half - levels[k]) / (levels[k + 1] - levels[k])
    at = np.rint((times[k] + share * (times[k + 1] - times[k])) / step).astype(np.int64)
    on = (levels[k + 1] > half).astype(float)
    if levels[0] > half:
        at, on = np.append(0, at), np.append(1.0, on)
    return at, on
