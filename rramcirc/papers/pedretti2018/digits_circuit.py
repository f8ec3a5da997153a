"""A perceptron of 1T1R cells that learns and answers digits: its testbenches, for ngspice and the device level alike.

Learning is forced by a teacher. A current into ``ext{j}`` fires the POST of the label; while its te pulse is positive,
the gates of the active PREs open (SET), while it is negative, those of the inactive ones (RESET). Currents out of
``ext`` keep the other POSTs at rest meanwhile. A correction has two such lessons: SET of the active PREs at the POST of
the label, RESET of the active PREs at the POST that answered wrongly.

An answer is the POST that fires first after all membranes were put to rest, with the active gates open and learning
off. Constant currents into ``ext`` may correct for the conductance of a column; they are computed by software.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rramcirc.basics.arrays import BoolArray, FloatArray, IntArray
from rramcirc.bench.analyses import Transient
from rramcirc.bench.phases import RunPhase
from rramcirc.bench.stimuli import Constant, PiecewiseLinear, Stimulus, pulse_sequence
from rramcirc.bench.synapse_pulses import SynapsePulses
from rramcirc.bench.testbench import CycleNoise, Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.network.networks import Perceptron
from rramcirc.circuits.neuron.netlist import step_control
from rramcirc.circuits.neuron.neuron import LifNeuron
from rramcirc.devices.cards.card import load_card
from rramcirc.waveforms.spikes import Spikes
from rramcirc.waveforms.waveforms import Waveforms

# a gate opens before a te pulse and closes behind it, so that the pulse is the te line's; times [s]
TRIANGLE = 100e-6  # length of the teacher's current
LEAD = 10e-6 + TRIANGLE * (1.0 - 6.0**-0.5)  # from the start of a lesson to the spike: two thirds of the charge
GAP = 120e-6  # between both te pulses
ROOM = 40e-6  # between the edge of a gate and that of a te pulse

States = Mapping[str, FloatArray]


def _value(default: float, units: str, status: str, desc: str) -> Any:
    return field(default=default, metadata={"units": units, "status": status, "desc": desc})


@dataclass(frozen=True)
class Circuit:
    """Neurons, pulses and times of the perceptron."""

    card: str = "hfo2_filament"
    selector: str = "nmos_select"
    set_voltage: float = _value(0.88, "V", "fitted", "positive te pulse, of five pairs on validation images")
    reset_voltage: float = _value(-0.80, "V", "fitted", "negative te pulse, likewise")
    set_width: float = _value(1e-3, "s", "assumed", "positive te pulse, forced lesson")
    reset_width: float = _value(1e-3, "s", "assumed", "negative te pulse, forced lesson")
    correct_set: float = _value(0.1e-3, "s", "fitted", "positive te pulse, correction, on validation images")
    correct_reset: float = _value(0.1e-3, "s", "fitted", "negative te pulse, correction, likewise")
    common_mode: float = _value(1.6, "V", "assumed", "above the negative te pulse")
    gate: float = _value(3.0, "V", "assumed", "open gate")
    start: float = _value(54e-6, "S", "assumed", "all cells before learning")
    capacitance: float = _value(60e-12, "F", "assumed", "membrane")
    read_voltage: float = _value(0.1, "V", "assumed", "te at rest")
    gain: float = _value(1e-3, "1", "assumed", "membrane current over column current")
    shown: float = _value(10e-3, "s", "assumed", "an image is answered")
    edge: float = _value(10e-6, "s", "assumed", "of gates and te pulses")

    @property
    def cell(self) -> Cell:
        """The synapse."""
        return Cell(load_card(self.card), load_card(self.selector))

    @property
    def lesson(self) -> float:
        """Time between two lessons [s]."""
        return float(LEAD + self.set_width + GAP + self.reset_width + 0.3e-3)

    @property
    def neuron(self) -> LifNeuron:
        """Every POST; leaks with 1 s, so hardly."""
        return LifNeuron(
            capacitance=self.capacitance,
            leak_time=1.0,
            refractory=0.5e-3,
            input_gain=self.gain,
            pulses=self.pulses,
        )

    @property
    def pulses(self) -> SynapsePulses:
        """What a spike of a POST does."""
        second = self.set_width + GAP
        return SynapsePulses(
            self.common_mode, self.gate, self.set_voltage, -self.reset_voltage, second + self.reset_width,
            self.set_width, second, self.edge, self.read_voltage, self.reset_width,
        )  # fmt: skip

    @property
    def correcting(self) -> Circuit:
        """The same circuit with the pulses of corrections."""
        return replace(self, set_width=self.correct_set, reset_width=self.correct_reset)

    @property
    def charge(self) -> float:
        """Threshold charge of a membrane [C]."""
        return self.capacitance * self.neuron.threshold


@dataclass(frozen=True)
class Lessons:
    """What is taught, one lesson after the other.

    Attributes
    ----------
    posts : (n,) array
        Who fires.
    set_rows, reset_rows : (n, rows) arrays of bool
        Gates that open in its positive and in its negative te pulse.
    """

    posts: IntArray
    set_rows: BoolArray
    reset_rows: BoolArray


def forced_lessons(images: BoolArray, labels: IntArray) -> Lessons:
    """Return the lessons of images: active PREs are SET, inactive ones RESET, at the label's POST."""
    return Lessons(labels, images, ~images)


def correcting_lessons(images: BoolArray, labels: IntArray, rivals: IntArray) -> Lessons:
    """Return two lessons for each image: active PREs are SET at the label's POST, RESET at the rival's."""
    posts = np.stack([labels, rivals], axis=1).ravel()
    none = np.zeros_like(images)
    first, second = (np.stack(pair, axis=1).reshape(-1, images.shape[1]) for pair in ((images, none), (none, images)))
    return Lessons(posts, first, second)


def network_of(
    circuit: Circuit, shape: tuple[int, int], states: States, spread: States, learning: bool
) -> Perceptron:  # fmt: skip
    """Return the perceptron with its states; without states all cells have the conductance of the start."""
    fresh = None if states else np.full(shape, circuit.start)
    return Perceptron(
        circuit.cell, *shape, circuit.neuron, learning, state=dict(states), conductance=fresh,
        rram_parameters=dict(spread),
    )  # fmt: skip


def lesson_bench(
    circuit: Circuit, shape: tuple[int, int], states: States, spread: States, lessons: Lessons,
    noise: int | None = None,
) -> Testbench:  # fmt: skip
    """Return the testbench of lessons; with `noise`, a seed, every cell draws a new deviate for each lesson."""
    count, starts = lessons.posts.size, circuit.lesson * np.arange(lessons.posts.size, dtype=np.float64)
    second = LEAD + circuit.set_width + GAP
    stimuli: dict[str, Stimulus] = {}
    for i in range(shape[0]):
        own = (
            (LEAD, lessons.set_rows[:, i], circuit.set_width),
            (second, lessons.reset_rows[:, i], circuit.reset_width),
        )
        begins = np.concatenate([starts[rows] + begin - ROOM for begin, rows, _ in own])
        widths = np.concatenate([np.full(rows.sum(), width + 2 * ROOM) for _, rows, width in own])
        order = np.argsort(begins)
        if begins.size:
            stimuli[f"pre{i}"] = pulse_sequence(
                begins[order], widths[order] - circuit.edge, circuit.gate, edge=circuit.edge
            )
    hold = -shape[0] * 1.5e-4 * circuit.read_voltage * circuit.gain  # more than all cells in LRS bring
    for j in range(shape[1]):
        stimuli[f"ext{j}"] = _teacher(circuit, starts, lessons.posts == j, hold)
    return Testbench(
        network_of(circuit, shape, states, spread, learning=True), Transient(count * circuit.lesson, circuit.lesson),
        stimuli, probes=("v(mem0)", *(f"{name}[*,*]" for name in circuit.cell.states)),
        options=step_control(circuit.neuron, 1e-2),
        cycle_noise=None if noise is None else CycleNoise(seed=noise, slot=circuit.lesson),
    )  # fmt: skip


def _teacher(circuit: Circuit, starts: FloatArray, own: BoolArray, hold: float) -> PiecewiseLinear:
    """Return the current into a POST: a triangle of 1.5 threshold charges where it is taught, else out of it."""
    edge, top = circuit.edge, 2 * 1.5 * circuit.charge / TRIANGLE
    times, levels = [0.0], [0.0]
    for start, teaches in zip(starts, own, strict=True):
        if teaches:
            times += [start + edge, start + edge + 0.5 * TRIANGLE, start + edge + TRIANGLE]
            levels += [0.0, top, 0.0]
        else:
            end = start + circuit.lesson - 2 * edge
            times += [start + edge, start + 2 * edge, end - edge, end]
            levels += [0.0, hold, hold, 0.0]
    return PiecewiseLinear(times, levels, "A")


def answer_bench(
    circuit: Circuit, shape: tuple[int, int], states: States, spread: States, images: BoolArray, bias: FloatArray
) -> Testbench:
    """Return the testbench that shows images one after the other, with constant currents `bias` [A] into the POSTs."""
    starts = circuit.shown * np.arange(len(images)) + 0.1e-3
    stimuli: dict[str, Stimulus] = {
        f"pre{i}": pulse_sequence(starts[images[:, i]], circuit.shown - 0.3e-3, circuit.gate, edge=circuit.edge)
        for i in range(shape[0]) if images[:, i].any()
    }  # fmt: skip
    stimuli |= {f"ext{j}": Constant(float(bias[j]), "A") for j in range(shape[1]) if bias[j]}
    return Testbench(
        network_of(circuit, shape, states, spread, learning=False),
        Transient(len(images) * circuit.shown, circuit.shown), stimuli, probes=("v(mem0)",),
        options=step_control(circuit.neuron, 1e-2),
        phases=[RunPhase(circuit.shown, learning=False, reset=k > 0) for k in range(len(images))],
    )  # fmt: skip


def final_states(circuit: Circuit, shape: tuple[int, int], waves: Waveforms) -> dict[str, FloatArray]:
    """Return the states at the end of lessons, (rows, columns) each, on their bounds if a run left them slightly."""
    ranges = circuit.cell.rram.state_ranges()
    found = {}
    for name in circuit.cell.states:
        values = np.array([[waves[f"{name}[{i},{j}]"][-1] for j in range(shape[1])] for i in range(shape[0])])
        bounds = ranges[name]
        assert bounds is not None  # the states of this model have bounds
        found[name] = np.clip(values, np.min(bounds[0]), np.max(bounds[1]))
    return found


def answers(circuit: Circuit, spikes: Spikes, count: int, posts: int) -> tuple[FloatArray, IntArray]:
    """Return the time from the opening of the gates to the first spike [s], inf without, and the number of spikes.

    Both are (count, posts).
    """
    first, numbers = np.full((count, posts), np.inf), np.zeros((count, posts), np.int64)
    image = np.minimum((spikes.times / circuit.shown).astype(np.int64), count - 1)
    np.add.at(numbers, (image, spikes.neurons), 1)
    np.minimum.at(first, (image, spikes.neurons), spikes.times - image * circuit.shown - 0.1e-3)
    return first, numbers
