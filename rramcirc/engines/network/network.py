"""Spiking networks of LIF neurons and pairs of 1T1R synapses, for simulation without circuit nodes: the records.

Neuron i drives the gates of row i for `gate_width` when it fires, and, while learning, the top electrodes of column i
for `te_width`. While gate i is on, the pair (i, j) feeds neuron j with `read_voltage` times the difference of its
excitatory and inhibitory conductance. While gate and top-electrode pulses overlap, the excitatory synapse is
potentiated and the inhibitory one depressed; no pulse does the opposite, so the state of a synapse is one number: the
time of overlap it has seen, in units of a full top-electrode pulse, and its conductance a curve over it.

References
----------
[Milo2018]_ Section II; the circuit is its Fig. 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.basics.errors import ParameterError
from rramcirc.basics.units import number_from_zero, positive_number, real_number, whole_number
from rramcirc.bench.spike_trains import check_train
from rramcirc.engines.network.rules import LearningRule, PulseCurve, SoftBounded, rule_table

__all__ = [
    "LearningRule", "MembraneNeuron", "Phase", "PulseCurve", "ResistiveSynapse", "SoftBounded", "SpikingNetwork",
    "Synapses", "check_phases", "conductances", "draw_synapses", "given_train", "rule_table", "slopes", "states",
    "with_patterns",
]  # fmt: skip


def _number(desc: str, units: str, default: float) -> float:
    return field(default=default, metadata={"desc": desc, "units": units})


@dataclass(frozen=True)
class MembraneNeuron:
    """A leaky integrate-and-fire neuron: C dV/dt = -C V / tau + I, fires at the threshold, then rests at 0 V."""

    capacitance: float = field(metadata={"desc": "membrane capacitance", "units": "F"})
    time_constant: float = field(metadata={"desc": "leak time constant tau", "units": "s"})
    threshold: float = _number("firing threshold V_th", "V", default=1.0)
    refractory: float = _number("time at 0 V after a spike; input is lost", "s", default=3e-3)
    minimum: float = _number("lowest membrane voltage (clamp), not above 0", "V", default=0.0)

    def __post_init__(self) -> None:
        for name in ("capacitance", "time_constant", "threshold", "refractory"):
            positive_number(getattr(self, name), f"MembraneNeuron.{name}")
        if real_number(self.minimum, "MembraneNeuron.minimum") > 0:
            raise ParameterError(f"MembraneNeuron.minimum: {self.minimum:g} V is above 0, the level after a spike.")


@dataclass(frozen=True)
class ResistiveSynapse:
    """An excitatory and an inhibitory 1T1R cell; medians over the array, with log-normal spread from cell to cell."""

    lrs: float = field(metadata={"desc": "conductance of the LRS", "units": "S"})
    hrs: float = field(metadata={"desc": "conductance of the HRS", "units": "S"})
    potentiation: LearningRule = field(metadata={"desc": "excitatory synapse, from HRS to LRS, against overlaps"})
    depression: LearningRule = field(metadata={"desc": "inhibitory synapse, from LRS to HRS, against overlaps"})
    depressed: float | None = field(
        default=None, metadata={"desc": "where depression ends, if it is not the HRS of the start", "units": "S"}
    )
    read_voltage: float = _number("TE to BE while only the gate is on; inhibitory: minus", "V", default=0.1)
    lrs_spread: float = _number("standard deviation of ln G_LRS", "1", default=0.05)
    hrs_spread: float = _number("standard deviation of ln G_HRS", "1", default=0.3)
    rate_spread: float = _number("standard deviation of ln of the switching rate", "1", default=0.3)

    def __post_init__(self) -> None:
        for name in ("lrs", "hrs", "read_voltage"):
            positive_number(getattr(self, name), f"ResistiveSynapse.{name}")
        for name in ("lrs_spread", "hrs_spread", "rate_spread"):
            number_from_zero(getattr(self, name), f"ResistiveSynapse.{name}")
        if self.hrs >= self.lrs:
            raise ParameterError(f"ResistiveSynapse: hrs = {self.hrs:g} S is not below lrs = {self.lrs:g} S.")
        if self.depressed is not None and not 0 < positive_number(self.depressed, "depressed", "S") < self.lrs:
            raise ParameterError(f"ResistiveSynapse.depressed: {self.depressed:g} S is not below lrs.")
        for name in ("potentiation", "depression"):
            if not isinstance(getattr(self, name), LearningRule):
                raise ParameterError(
                    f"ResistiveSynapse.{name}: {getattr(self, name)!r} is no SoftBounded or PulseCurve."
                )


@dataclass(frozen=True)
class SpikingNetwork:
    """All-to-all network without self-connections."""

    neurons: int = field(metadata={"desc": "number of neurons", "units": "1"})
    neuron: MembraneNeuron = field(metadata={"desc": "every neuron"})
    synapse: ResistiveSynapse = field(metadata={"desc": "every pair of synapses"})
    gate_width: float = _number("gate pulse of a spike", "s", default=10e-3)
    te_width: float = _number("top-electrode pulse of a spike", "s", default=1e-3)
    inhibition: float = _number("inhibitory over excitatory read voltage", "1", default=1.0)

    def __post_init__(self) -> None:
        whole_number(self.neurons, "SpikingNetwork.neurons", 1)
        for name in ("gate_width", "te_width"):
            positive_number(getattr(self, name), f"SpikingNetwork.{name}")
        number_from_zero(self.inhibition, "SpikingNetwork.inhibition")
        if self.te_width > self.gate_width:
            raise ParameterError(
                f"SpikingNetwork: te_width = {self.te_width:g} s is longer than gate_width = {self.gate_width:g} s."
            )

    @property
    def gain(self) -> float:
        """Part of the threshold that one LRS synapse gives in one gate pulse, without leak (k of the formulas)."""
        return self.synapse.read_voltage * self.synapse.lrs * self.gate_width / self.threshold_charge

    @property
    def threshold_charge(self) -> float:
        """C V_th [C]."""
        return self.neuron.capacitance * self.neuron.threshold


@dataclass(frozen=True)
class Phase:
    """A part of a run: who gets external spikes, and whether synapses learn."""

    duration: float = field(metadata={"desc": "length", "units": "s"})
    rates: FloatArray = field(
        metadata={"desc": "(n_neurons,) mean rates of the external Poisson spikes", "units": "Hz"}
    )
    charge: float = field(metadata={"desc": "charge of one external spike", "units": "C"})
    learning: bool = field(default=False, metadata={"desc": "whether spikes drive the top electrodes"})
    reset: bool = field(default=False, metadata={"desc": "clear membranes, gates and refractory times at the start"})

    def __post_init__(self) -> None:
        positive_number(self.duration, "Phase.duration")
        number_from_zero(self.charge, "Phase.charge")
        object.__setattr__(self, "rates", np.asarray(self.rates, np.float64))


@dataclass(frozen=True)
class Synapses:
    """The cells of one chip: (N, N) arrays [gate row i, column j]; the diagonal is empty.

    Conductance is start + span * progress(dose); dose is the overlap seen so far times the cell's rate.
    """

    up_start: FloatArray = field(metadata={"desc": "excitatory, before learning", "units": "S"})
    up_span: FloatArray = field(metadata={"desc": "excitatory, range", "units": "S"})
    up_rate: FloatArray = field(metadata={"desc": "excitatory, switching rate over the median's", "units": "1"})
    up_dose: FloatArray = field(metadata={"desc": "excitatory, overlaps times rate", "units": "1"})
    down_start: FloatArray = field(metadata={"desc": "inhibitory, before learning", "units": "S"})
    down_span: FloatArray = field(metadata={"desc": "inhibitory, range (negative)", "units": "S"})
    down_rate: FloatArray = field(metadata={"desc": "inhibitory, switching rate over the median's", "units": "1"})
    down_dose: FloatArray = field(metadata={"desc": "inhibitory, overlaps times rate", "units": "1"})


def draw_synapses(network: SpikingNetwork, seed: int = 1) -> Synapses:
    """Return a chip in the paper's initial state: excitatory synapses in HRS, inhibitory ones in LRS.

    Parameters
    ----------
    network
        Gives size and spreads.
    seed
        Which chip.
    """
    rng, synapse = np.random.default_rng([whole_number(seed, "draw_synapses: seed", 0), 7]), network.synapse
    shape, off = (network.neurons, network.neurons), 1.0 - np.eye(network.neurons)

    def drawn(median: float, spread: float) -> FloatArray:
        return median * np.exp(spread * rng.standard_normal(shape)) * off

    lrs, hrs = drawn(synapse.lrs, synapse.lrs_spread), drawn(synapse.hrs, synapse.hrs_spread)
    depressed = synapse.hrs if synapse.depressed is None else synapse.depressed
    other_lrs, other_hrs = drawn(synapse.lrs, synapse.lrs_spread), drawn(depressed, synapse.hrs_spread)
    up_rate, down_rate = drawn(1.0, synapse.rate_spread), drawn(1.0, synapse.rate_spread)
    return Synapses(
        hrs, lrs - hrs, up_rate, np.zeros(shape), other_lrs, other_hrs - other_lrs, down_rate, np.zeros(shape)
    )


def with_patterns(synapses: Synapses, patterns: Iterable[ArrayLike]) -> Synapses:
    """Return the same chip with patterns stored completely: all pairs within a pattern fully switched.

    Parameters
    ----------
    patterns
        Neurons of each pattern.
    """
    dose = np.zeros_like(synapses.up_dose)
    for members in patterns:
        members = np.asarray(members, np.int64)
        if members.size and not 0 <= members.min() <= members.max() < dose.shape[0]:
            raise ParameterError(f"with_patterns: {members.tolist()} holds neurons beyond {dose.shape[0] - 1}.")
        dose[np.ix_(members, members)] = np.finfo(float).max
    np.fill_diagonal(dose, 0.0)
    return replace(synapses, up_dose=dose, down_dose=dose.copy())


def states(network: SpikingNetwork, synapses: Synapses) -> tuple[FloatArray, FloatArray]:
    """Return (excitatory, inhibitory) states, 0 in HRS and 1 in LRS, (N, N)."""
    up = network.synapse.potentiation.progress(synapses.up_dose)
    down = network.synapse.depression.progress(synapses.down_dose)
    return up, np.where(np.eye(network.neurons, dtype=bool), 0.0, 1.0 - down)


def conductances(network: SpikingNetwork, synapses: Synapses) -> tuple[FloatArray, FloatArray]:
    """Return (excitatory, inhibitory) conductances [S], (N, N)."""
    up = network.synapse.potentiation.progress(synapses.up_dose)
    down = network.synapse.depression.progress(synapses.down_dose)
    return synapses.up_start + synapses.up_span * up, synapses.down_start + synapses.down_span * down


def slopes(network: SpikingNetwork, synapses: Synapses) -> FloatArray:
    """Return the slope [V/s] that column j's membrane gets while gate i is on, (N, N)."""
    up, down = conductances(network, synapses)
    unit = network.synapse.read_voltage / network.neuron.capacitance
    return np.ascontiguousarray((up - network.inhibition * down) * unit)


def check_phases(network: SpikingNetwork, phases: Iterable[Phase]) -> tuple[Phase, ...]:
    """Return the phases; raise ParameterError if there is none or one has the wrong number of rates."""
    phases = tuple(phases)
    if not phases:
        raise ParameterError("phases: give at least one Phase.")
    for k, phase in enumerate(phases):
        if not isinstance(phase, Phase):
            raise ParameterError(f"phases: {phase!r} is not a Phase.")
        if phase.rates.shape != (network.neurons,):
            raise ParameterError(
                f"phase {k}: rates have shape {phase.rates.shape}; the network has {network.neurons} neurons."
            )
    return phases


def given_train(network: SpikingNetwork, train: tuple[ArrayLike, ArrayLike]) -> tuple[FloatArray, IntArray]:
    """Return an external spike train (times [s], neurons) checked against the network."""
    if not isinstance(train, tuple) or len(train) != 2:
        raise ParameterError("train: give a pair of arrays (times [s], neurons).")
    return check_train(*train, network.neurons)
