"""A perceptron of cells learns digits and answers them, lesson by lesson, in ngspice or at device level.

What software does: it gives the labels, it says which lesson follows which answer, and it computes the constant
currents into the POSTs from readouts of training images. Everything else is simulated: conductances, spikes, pulses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rramcirc.analysis.counts import Count
from rramcirc.basics.arrays import BoolArray, FloatArray, IntArray
from rramcirc.basics.errors import SimulationError
from rramcirc.devices.cards.variability import sample_devices
from rramcirc.engines.simulation import simulate
from rramcirc.papers.pedretti2018.digits_circuit import (
    Circuit,
    Lessons,
    States,
    answer_bench,
    answers,
    correcting_lessons,
    final_states,
    forced_lessons,
    lesson_bench,
)

if TYPE_CHECKING:
    from rramcirc.sweeps.record import RunRecord

TOGETHER = 250  # images in a run that answers
CLASSES = 10  # POST j stands for digit j modulo this
ROUNDS = 300  # of the search for biases


@dataclass(frozen=True)
class Answers:
    """What POSTs did with images.

    Attributes
    ----------
    latency : (images, posts) array
        Time to the first spike [s]; inf without.
    spikes : (images, posts) array
        Number of spikes.
    """

    latency: FloatArray
    spikes: IntArray

    @property
    def first(self) -> IntArray:
        """The POST that fired first; -1 where none fired."""
        return np.where(np.isfinite(self.latency).any(axis=1), self.latency.argmin(axis=1), -1)

    def correct(self, labels: IntArray) -> Count:
        """Return how often a POST of the label fired first."""
        return Count(int(((self.first >= 0) & (self.first % CLASSES == labels)).sum()), len(labels))

    def most(self, labels: IntArray) -> Count:
        """Return how often a POST of the label fired most; a tie with another digit's is wrong."""
        own, rival = own_and_rival(self.spikes.astype(np.float64), labels)
        rows = np.arange(len(labels))
        return Count(int((self.spikes[rows, own] > self.spikes[rows, rival]).sum()), len(labels))


@dataclass
class Array:
    """A perceptron that learns; `states` change.

    Attributes
    ----------
    circuit, shape, spread
        What it is made of: PREs, POSTs, and how devices differ.
    states
        State -> (PREs, POSTs) array; empty before the first lesson.
    noise
        Seed of the spread from cycle to cycle in the next lessons; counts up with every run of them. None is without.
    """

    circuit: Circuit
    shape: tuple[int, int]
    spread: States
    states: dict[str, FloatArray] = field(default_factory=dict)
    noise: int | None = None

    @classmethod
    def drawn(cls, circuit: Circuit, shape: tuple[int, int], seed: int, cycles: bool = False) -> Array:
        """Return a fresh array whose devices are drawn with the spread of their card, and cycles if asked for."""
        spread = sample_devices(circuit.cell.rram, shape, np.random.default_rng(seed))
        return cls(circuit, shape, spread, noise=1_000_000 * seed if cycles else None)

    def teach(self, lessons: Lessons, circuit: Circuit, engine: str, spikes: Any = None) -> dict[str, Any]:
        """Give lessons; return states, spikes and processor time [s].

        Raises
        ------
        SimulationError
            If another POST than the taught one fired.
        """
        bench = lesson_bench(circuit, self.shape, self.states, self.spread, lessons, self.noise)
        waves = simulate(bench, engine, spikes=spikes)
        assert waves.spikes is not None
        if waves.spikes.neurons.tolist() != lessons.posts.tolist():
            raise SimulationError(
                f"lessons: POSTs {waves.spikes.neurons.tolist()} fired, not those taught: {lessons.posts.tolist()}."
            )
        self.states = final_states(circuit, self.shape, waves)
        self.noise = None if self.noise is None else self.noise + 1
        told = {"times": waves.spikes.times, "neurons": waves.spikes.neurons}
        return {**self.states, **told, "cpu": float(waves.provenance["cpu_seconds"])}

    def ask(self, images: BoolArray, bias: FloatArray, engine: str = "numpy") -> Answers:
        """Show images with constant currents [A] into the POSTs; nothing is learnt."""
        parts = []
        for k in range(0, len(images), TOGETHER):
            some = images[k : k + TOGETHER]
            waves = simulate(answer_bench(self.circuit, self.shape, self.states, self.spread, some, bias), engine)
            assert waves.spikes is not None
            parts.append(answers(self.circuit, waves.spikes, len(some), self.shape[1]))
        return Answers(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def currents(self, images: BoolArray) -> FloatArray:
        """Return the mean membrane currents of images until the first spike [A], (images, posts), 0 without one."""
        return self.circuit.charge / self.ask(images, np.zeros(self.shape[1])).latency


def teach_forced(
    array: Array, images: BoolArray, labels: IntArray, together: int, engine: str, record: RunRecord, name: str
) -> float:
    """Give one forced lesson for each image, or take it from the record; return the processor time [s]."""
    total = 0.0
    for k in range(0, len(images), together):
        part = slice(k, k + together)

        def run(part: slice = part) -> dict[str, Any]:
            return array.teach(forced_lessons(images[part], labels[part]), array.circuit, engine)

        piece = record.piece(f"{name}, lessons from {k}", run)
        array.states = {state: np.asarray(piece[state]) for state in array.circuit.cell.states}
        total += piece["cpu"]
    return total


def own_and_rival(currents: FloatArray, labels: IntArray) -> tuple[IntArray, IntArray]:
    """Return the POST of the label and that of another digit with the largest currents (images, POSTs), for each."""
    own = np.arange(currents.shape[1])[None, :] % CLASSES == labels[:, None]
    best: IntArray = np.where(own, currents, -np.inf).argmax(axis=1)
    rival: IntArray = np.where(own, -np.inf, currents).argmax(axis=1)
    return best, rival


def teach_corrections(array: Array, images: BoolArray, labels: IntArray, together: int, lead: float) -> int:
    """Ask images, `together` at a time, and correct where the label's POST did not lead; returns how many.

    The currents into the POSTs are those fitted before the pass.

    Parameters
    ----------
    lead
        By which its current must exceed that of every other POST [1].
    """
    corrected, bias = 0, fitted_bias(array.currents(images), labels)
    for k in range(0, len(images), together):
        some, own = images[k : k + together], labels[k : k + together]
        corrected += correct(array, some, own, bias, lead)
    return corrected


def correct(array: Array, images: BoolArray, labels: IntArray, bias: FloatArray, lead: float) -> int:
    """Ask images and correct where no POST of the label led, see `teach_corrections`; returns how many."""
    rows = np.arange(len(images))
    currents = array.circuit.charge / array.ask(images, bias).latency
    own, rival = own_and_rival(currents, labels)
    wrong = currents[rows, own] <= (1.0 + lead) * currents[rows, rival]
    if wrong.any():
        lessons = correcting_lessons(images[wrong], own[wrong], rival[wrong])
        array.teach(lessons, array.circuit.correcting, "numpy")
    return int(wrong.sum())


def level_bias(array: Array) -> FloatArray:
    """Return the currents [A] that take half of a column's total conductance, above the mean column's, away from it."""
    everything = array.currents(np.ones((1, array.shape[0]), bool))[0]
    found: FloatArray = -0.5 * (everything - everything.mean())
    return found


def fitted_bias(currents: FloatArray, labels: IntArray) -> FloatArray:
    """Return the bias [A] of each POST with which it leads as often as its label occurs among training images."""
    posts = currents.shape[1]
    bias, step = np.zeros(posts), float(np.median(currents))
    wanted = np.bincount(labels, minlength=posts)
    for k in range(ROUNDS):
        led = np.bincount((currents + bias).argmax(axis=1), minlength=posts)
        bias -= step * (led - wanted) / len(labels) * (1.0 - k / ROUNDS)
    found: FloatArray = bias - bias.mean()
    return found


def ideal_templates(images: BoolArray, labels: IntArray, posts: int) -> FloatArray:
    """Return (inputs, posts) shares of a class's images in which an input spikes [1]."""
    own = np.eye(posts)[labels]
    found: FloatArray = images.T.astype(np.float64) @ own / np.maximum(own.sum(axis=0), 1.0)
    return found


def nearest(train: BoolArray, labels: IntArray, images: BoolArray) -> IntArray:
    """Return the label of the training image of least Hamming distance."""
    own, other = train.astype(np.float32), images.astype(np.float32)
    distance = own.sum(axis=1)[None, :] - 2.0 * other @ own.T
    found: IntArray = labels[distance.argmin(axis=1)]
    return found
