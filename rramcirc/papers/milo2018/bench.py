"""The Hopfield network of Milo 2018 as a testbench, which every engine runs: ngspice, numpy and network.

Device, pulses and neurons are those of set D of the network level (`sets`), so that all levels can be given the same
external spikes. Membrane capacitance and external charge are smaller by the ratio of the neuron's input mirror; nothing
else differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rramcirc.analysis.spikes import matched_spikes
from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.bench.analyses import Transient
from rramcirc.bench.phases import RunPhase
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.network.networks import HopfieldNetwork, spike_currents
from rramcirc.circuits.neuron.netlist import step_control
from rramcirc.circuits.neuron.neuron import LifNeuron
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.compiled.conductance import states_for_conductance
from rramcirc.engines.network.network import Phase
from rramcirc.figures.networks import synapse_waves
from rramcirc.papers.milo2018.device import PulseProtocol, cell_rule, cell_weights, prepared_states
from rramcirc.papers.milo2018.sets import NEURONS, MiloSet, load_set, milo_network, pulses_of
from rramcirc.waveforms.spikes import Spikes
from rramcirc.waveforms.waveforms import Waveforms

MATRICES = ("exc", "inh")
Train = tuple[FloatArray, IntArray]
Pair = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class CircuitSettings:
    """What only the circuit has."""

    mirror_ratio: float = field(default=1e-3, metadata={"desc": "membrane current over column current", "units": "1"})
    spike_width: float = field(default=100e-6, metadata={"desc": "triangle around an external spike", "units": "s"})
    accuracy: float = field(default=1e-2, metadata={"desc": "membrane error per step over V_th", "units": "1"})
    max_step: float = field(default=1e-3, metadata={"desc": "largest time step", "units": "s"})
    read_points: int = field(default=400, metadata={"desc": "times at which weights are looked at"})


SETTINGS = CircuitSettings()


def default_set() -> MiloSet:
    """Return the set that all levels share: D, derived from the simulated cell."""
    return load_set("D")


def milo_design(
    chosen: MiloSet, neurons: int, weights: tuple[ArrayLike, ArrayLike] | None = None,
    settings: CircuitSettings = SETTINGS,
) -> HopfieldNetwork:  # fmt: skip
    """Return the network: excitatory synapses erased (HRS) and inhibitory ones set (LRS), as before training.

    Parameters
    ----------
    chosen, neurons
        Parameter set, made of the simulated cell, and number of neurons; all but 4 have the neuron of 64.
    weights
        Excitatory and inhibitory conductances [S] instead, transistor included, (neurons, neurons).
    """
    protocol = pulses_of(chosen)
    capacitance = milo_network(chosen, 4 if neurons == 4 else NEURONS).neuron.capacitance * settings.mirror_ratio
    neuron = LifNeuron(
        capacitance=capacitance, leak_time=chosen.time_constant, threshold=chosen.threshold,
        refractory=chosen.refractory, input_gain=settings.mirror_ratio, pulses=protocol.pulses,
    )  # fmt: skip
    if weights is None:
        start = [{k: np.array(max(0.0, v)) for k, v in state.items()} for state in prepared_states(protocol)]
    else:
        start = [states_of_weights(one, protocol) for one in weights]
    return HopfieldNetwork(
        Cell(load_card(protocol.card), load_card(protocol.selector)), neurons, neuron,
        excitatory_state=start[0], inhibitory_state=start[1],
    )  # fmt: skip


def milo_bench(
    design: HopfieldNetwork, parts: Sequence[tuple[Phase, Train]], settings: CircuitSettings = SETTINGS, *,
    weights: bool = True, record_from: float = 0.0,
) -> Testbench:  # fmt: skip
    """Return the testbench of a run.

    Parameters
    ----------
    design
        See `milo_design`.
    parts
        Phases and their external spikes (times since the phase began [s], neurons), whose charge is that of the
        network level.
    weights
        Whether the states of all synapses are recorded.
    record_from
        From when on signals are recorded [s].
    """
    phases = []
    for phase, (times, who) in parts:
        at = np.maximum(0.0, np.asarray(times) - 0.5 * settings.spike_width)  # the triangle's middle is the spike
        charge = phase.charge * settings.mirror_ratio
        stimuli = spike_currents(at, who, charge, settings.spike_width) if len(at) else {}
        phases.append(RunPhase(phase.duration, stimuli, phase.learning, phase.reset))
    probes = ["v(mem*)"]
    if weights:
        probes += [f"{name}_{matrix}[*,*]" for matrix in MATRICES for name in design.cell.states]
    return Testbench(
        design, Transient(sum(phase.duration for phase in phases), settings.max_step, record_from), phases=phases,
        probes=tuple(probes), options=step_control(design.neuron, settings.accuracy),
        name=f"Milo 2018, {design.description}",
    )  # fmt: skip


def for_engine(bench: Testbench, engine: str) -> Testbench:
    """Return the testbench for an engine: those of events and of fixed steps need no largest step but for recording."""
    stop = bench.analysis.last_time
    if engine == "ngspice" or stop is None:
        return bench
    return replace(bench, analysis=Transient(stop, stop / SETTINGS.read_points))


def weights_of(chosen: MiloSet, waves: Waveforms, looks: ArrayLike) -> Pair:
    """Return excitatory and inhibitory conductances, transistor included, at some times [S], (times, N, N) each."""
    names, protocol = load_card(pulses_of(chosen).card).states, pulses_of(chosen)
    found = []
    for matrix in MATRICES:
        states = {k: synapse_waves(waves, f"{k}_{matrix}", looks) for k in names}
        none = np.isnan(next(iter(states.values())))
        weights = cell_weights({k: np.where(none, 0.0, v) for k, v in states.items()}, protocol)
        found.append(np.where(none, np.nan, weights))
    return found[0], found[1]


def states_of(chosen: MiloSet, waves: Waveforms, looks: ArrayLike) -> Pair:
    """Return the states of the synapses at some times, 0 at the end of depression (HRS), 1 in LRS, (times, N, N)."""
    up, down = weights_of(chosen, waves, looks)
    return (up - chosen.hrs) / (chosen.lrs - chosen.hrs), (down - chosen.depressed) / (chosen.lrs - chosen.depressed)


def spikes_of(waves: Waveforms) -> Spikes:
    """Return the output spikes of a run."""
    assert waves.spikes is not None  # every engine tells those of a network
    return waves.spikes


def states_of_weights(weights: ArrayLike, protocol: PulseProtocol | None = None) -> dict[str, FloatArray]:
    """Return device states that give cells of these conductances, transistor included [S]; any shape.

    The transistor is taken as the resistor that it is in the nominal LRS cell at the read voltage; below the LRS that
    is off by less than 0.5 % of the conductance. Conductances below the reach of the nominal device, as the spread of
    the network level draws for a few cells in HRS, are raised to it.
    """
    protocol = protocol or PulseProtocol()
    weights = np.maximum(np.asarray(weights, np.float64), least_weight(protocol))
    device = 1.0 / (1.0 / weights - selector_resistance(protocol))
    return {k: np.asarray(v) for k, v in states_for_conductance(load_card(protocol.card), device, {}).items()}


@cache
def least_weight(protocol: PulseProtocol) -> float:
    """Return the smallest conductance that the nominal cell reaches [S]: thinnest filament, widest gap."""
    card = load_card(protocol.card)
    states = {"diameter": np.array([card.value("diameter_min")]), "gap": np.array([card.value("gap_max")])}
    return 1.0005 * float(cell_weights(states, protocol)[0])


@cache
def selector_resistance(protocol: PulseProtocol) -> float:
    """Return the resistance of the select transistor while an LRS cell is read [ohm]."""
    lrs = cell_rule(protocol).lrs
    low, high = 1e2, 0.9 / lrs
    for _ in range(40):  # the state that has this conductance with the transistor tells what the transistor adds
        middle = 0.5 * (low + high)
        state = states_for_conductance(load_card(protocol.card), np.array([1.0 / (1.0 / lrs - middle)]), {})
        low, high = (middle, high) if cell_weights(state, protocol)[0] < lrs else (low, middle)
    return 0.5 * (low + high)


def matched(ours: Spikes, theirs: Spikes, within: float) -> float:
    """Return the share of all spikes of both that have a partner of the same neuron in the other, one to one.

    Parameters
    ----------
    ours, theirs
        Of two runs.
    within
        Largest distance of partners [s].

    Examples
    --------
    >>> matched(Spikes([0.1, 0.2], [0, 0]), Spikes([0.1004], [0]), 1e-3)
    0.6666666666666666
    """
    total = len(ours) + len(theirs)
    neurons = np.union1d(ours.neurons, theirs.neurons)
    pairs = sum(matched_spikes(ours.of(j), theirs.of(j), within) for j in neurons)
    return 2 * pairs / total if total else 1.0
