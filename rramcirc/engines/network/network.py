"""Spiking networks of LIF neurons and pairs of 1T1R synapses, for simulation without circuit nodes: the records.

What a spike does stands in `SynapsePulses`: neuron i drives the gates of row i for `gate_width` when it fires, and,
while learning, the top electrodes of column i for `te_width`. While gate i is on, the pair (i, j) feeds neuron j with
`read_voltage` times the difference of its excitatory and inhibitory conductance. While gate and top-electrode pulses
overlap, the excitatory synapse is potentiated and the inhibitory one depressed; no pulse does the opposite, so the
state of a synapse is one number: the time of overlap it has seen, in units of a full top-electrode pulse, and its
conductance a curve over it.

References
----------
[Milo2018]_ Section II; the circuit is its Fig. 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.basics.errors import ParameterError, shown
from rramcirc.basics.fields import Kept, flag, number, other, part, record, whole
from rramcirc.basics.units import whole_number
from rramcirc.bench.spike_trains import check_train
from rramcirc.bench.stimuli import number_list
from rramcirc.bench.synapse_pulses import SynapsePulses
from rramcirc.engines.network.rules import LearningRule, PulseCurve, SoftBounded, rule_table

__all__ = [
    "LearningRule", "MembraneNeuron", "Phase", "PulseCurve", "ResistiveSynapse", "SoftBounded", "SpikingNetwork",
    "Synapses", "check_phases", "conductances", "draw_synapses", "given_train", "rule_table", "slopes", "states",
    "with_patterns",
]  # fmt: skip


@record
class MembraneNeuron:
    """A leaky integrate-and-fire neuron: C dV/dt = -C V / tau + I, fires at the threshold, then rests at 0 V."""

    capacitance: float = number("membrane capacitance", "F", above=0.0)
    time_constant: float = number("leak time constant tau", "s", above=0.0)
    threshold: float = number("firing threshold V_th", "V", default=1.0, above=0.0)
    refractory: float = number("time at 0 V after a spike; input is lost", "s", default=3e-3, above=0.0)
    minimum: float = number("lowest membrane voltage (clamp), not above 0", "V", default=0.0, high=0.0)


@record
class ResistiveSynapse:
    """An excitatory and an inhibitory 1T1R cell; medians over the array, with log-normal spread from cell to cell."""

    lrs: float = number("conductance of the LRS", "S", above=0.0)
    hrs: float = number("conductance of the HRS", "S", above=0.0)
    potentiation: LearningRule = part("excitatory synapse, from HRS to LRS, against overlaps")
    depression: LearningRule = part("inhibitory synapse, from LRS to HRS, against overlaps")
    depressed: float | None = number(
        "where depression ends, if it is not the HRS of the start", "S", default=None, above=0.0
    )
    lrs_spread: float = number("standard deviation of ln G_LRS", default=0.05, low=0.0)
    hrs_spread: float = number("standard deviation of ln G_HRS", default=0.3, low=0.0)
    rate_spread: float = number("standard deviation of ln of the switching rate", default=0.3, low=0.0)

    def _check(self) -> None:
        if self.hrs >= self.lrs:
            raise ParameterError(f"ResistiveSynapse: hrs = {self.hrs:g} S is not below lrs = {self.lrs:g} S.")
        if self.depressed is not None and self.depressed >= self.lrs:
            raise ParameterError(f"ResistiveSynapse.depressed: {self.depressed:g} S is not below lrs.")


@record
class SpikingNetwork:
    """All-to-all network without self-connections."""

    neurons: int = whole("number of neurons", low=1)
    neuron: MembraneNeuron = part("every neuron")
    synapse: ResistiveSynapse = part("every pair of synapses")
    pulses: SynapsePulses = part("what a spike does: widths and read voltage count here", default=SynapsePulses())
    inhibition: float = number("inhibitory over excitatory read voltage", default=1.0, low=0.0)

    def _check(self) -> None:
        pulses = self.pulses
        if pulses.te_width > pulses.gate_width:
            raise ParameterError(
                f"SpikingNetwork.pulses: te_width = {pulses.te_width:g} s is longer than gate_width = "
                f"{pulses.gate_width:g} s."
            )

    @property
    def gain(self) -> float:
        """Part of the threshold that one LRS synapse gives in one gate pulse, without leak (k of the formulas)."""
        return self.pulses.read_voltage * self.synapse.lrs * self.pulses.gate_width / self.threshold_charge

    @property
    def threshold_charge(self) -> float:
        """C V_th [C]."""
        return self.neuron.capacitance * self.neuron.threshold


@record
class Phase:
    """A part of a run: who gets external spikes, and whether synapses learn."""

    duration: float = number("length", "s", above=0.0)
    rates: Kept[FloatArray, ArrayLike] = other("(n_neurons,) mean rates of the external Poisson spikes", "Hz")
    charge: float = number("charge of one external spike", "C", low=0.0)
    learning: bool = flag("whether spikes drive the top electrodes", default=False)
    reset: bool = flag("clear membranes, gates and refractory times at the start", default=False)

    def _check(self) -> None:
        number_list("Phase.rates", self.rates)
        object.__setattr__(self, "rates", np.asarray(self.rates, np.float64))


@record
class Synapses:
    """The cells of one chip: (N, N) arrays [gate row i, column j]; the diagonal is empty.

    Conductance is start + span * progress(dose); dose is the overlap seen so far times the cell's rate.
    """

    up_start: FloatArray = other("excitatory, before learning", "S")
    up_span: FloatArray = other("excitatory, range", "S")
    up_rate: FloatArray = other("excitatory, switching rate over the median's", "1")
    up_dose: FloatArray = other("excitatory, overlaps times rate", "1")
    down_start: FloatArray = other("inhibitory, before learning", "S")
    down_span: FloatArray = other("inhibitory, range (negative)", "S")
    down_rate: FloatArray = other("inhibitory, switching rate over the median's", "1")
    down_dose: FloatArray = other("inhibitory, overlaps times rate", "1")


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
    unit = network.pulses.read_voltage / network.neuron.capacitance
    return np.ascontiguousarray((up - network.inhibition * down) * unit)


def check_phases(network: SpikingNetwork, phases: Iterable[Phase]) -> tuple[Phase, ...]:
    """Return the phases; raise ParameterError if there is none or one has the wrong number of rates."""
    phases = tuple(phases)
    if not phases:
        raise ParameterError("phases: give at least one Phase.")
    for k, phase in enumerate(phases):
        if not isinstance(phase, Phase):
            raise ParameterError(f"phases: {shown(phase)} is not a Phase.")
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
