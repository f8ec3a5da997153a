"""The Hopfield network of Milo 2018 as a circuit in ngspice: every synapse a 1T1R cell, every neuron its circuit.

Device, pulses and neurons are those of set D of the network level (`milo2018_sets`), so that both levels can be given
the same external spikes. Membrane capacitance and external charge are smaller by the ratio of the neuron's input
mirror; nothing else differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rramcirc.analysis.spikes import matched_spikes
from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.bench.analyses import Transient
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.network.networks import HopfieldNetwork, spike_currents
from rramcirc.circuits.neuron.netlist import TIMER_VOLTS, step_control
from rramcirc.circuits.neuron.neuron import LifNeuron
from rramcirc.engines.simulation import simulate
from rramcirc.papers.milo2018.device import PulseProtocol, cell_rule, prepared_states, pulse_train
from rramcirc.papers.milo2018.sets import NEURONS, MiloSet, load_set, milo_network
from rramcirc.waveforms.waveforms import Waveforms

SPIKE_LEVEL = 0.15 * TIMER_VOLTS  # a timer that falls through this has been started by a spike
MATRICES = ("exc", "inh")
States = Mapping[str, FloatArray]


@dataclass(frozen=True)
class CircuitSettings:
    """What only the circuit has."""

    mirror_ratio: float = field(default=1e-3, metadata={"desc": "membrane current over column current", "units": "1"})
    spike_width: float = field(default=100e-6, metadata={"desc": "triangle around an external spike", "units": "s"})
    accuracy: float = field(default=1e-2, metadata={"desc": "membrane error per step over V_th", "units": "1"})
    max_step: float = field(default=1e-3, metadata={"desc": "largest time step", "units": "s"})
    read_points: int = field(default=400, metadata={"desc": "times at which weights are looked at"})


PROTOCOL, SETTINGS = PulseProtocol(), CircuitSettings()


@dataclass(frozen=True)
class CircuitRun:
    """What a network did in ngspice.

    Attributes
    ----------
    times, neurons : (n_spikes,) arrays
        Output spikes [s] and who fired.
    weight_times : (K,) array
        [s]
    excitatory, inhibitory : (K, N, N) arrays
        Conductance of the cells at the read voltage, transistor included [S]; empty if they were not recorded.
    final : matrix -> state name -> (N, N) array
        States of the devices at the end.
    cpu_seconds, points
        Of the simulation.
    membranes : (n_neurons, n_points) array, time : (n_points,) array
        [V], [s]
    """

    times: NDArray[np.float64]
    neurons: NDArray[np.int64]
    weight_times: NDArray[np.float64]
    excitatory: NDArray[np.float64]
    inhibitory: NDArray[np.float64]
    final: dict[str, dict[str, NDArray[np.float64]]]
    cpu_seconds: float
    points: int
    time: NDArray[np.float64]
    membranes: NDArray[np.float64]

    def rate(self, members: ArrayLike, start: float, stop: float) -> float:
        """Return the mean firing rate [Hz] of some neurons between two times [s]."""
        members = np.atleast_1d(np.asarray(members))
        inside = (self.times >= start) & (self.times < stop) & np.isin(self.neurons, members)
        return float(inside.sum() / members.size / (stop - start))

    def first(self, neuron: int) -> float:
        """Return the time of a neuron's first spike [s]; NaN if it never fired."""
        own = self.times[self.neurons == neuron]
        return float(own[0]) if own.size else float("nan")


def circuit_neuron(
    chosen: MiloSet,
    neurons: int,
    protocol: PulseProtocol = PROTOCOL,
    settings: CircuitSettings = SETTINGS,
) -> LifNeuron:
    """Return the neuron of the circuit of a parameter set; all networks but that of 4 have that of 64 neurons."""
    capacitance = milo_network(chosen, 4 if neurons == 4 else NEURONS).neuron.capacitance * settings.mirror_ratio
    return LifNeuron(
        capacitance=capacitance, leak_time=chosen.time_constant, threshold=chosen.threshold,
        refractory=chosen.refractory, input_gain=settings.mirror_ratio, pulses=protocol.pulses,
    )  # fmt: skip


def fresh_states(protocol: PulseProtocol = PROTOCOL) -> dict[str, States]:
    """Return the states before training: excitatory synapses erased (HRS), inhibitory ones set (LRS)."""
    erased, written = prepared_states(protocol)
    return {
        "exc": {k: np.array(max(0.0, v)) for k, v in erased.items()},
        "inh": {k: np.array(max(0.0, v)) for k, v in written.items()},
    }


def states_of_weights(weights: ArrayLike, protocol: PulseProtocol = PROTOCOL) -> dict[str, FloatArray]:
    """Return device states that give cells of these conductances, transistor included [S]; any shape.

    The transistor is taken as the resistor that it is in the nominal LRS cell at the read voltage; below the LRS that
    is off by less than 0.5 % of the conductance. Conductances below the reach of the nominal device, as the spread of
    the network level draws for a few cells in HRS, are raised to it.
    """
    from rramcirc.devices.cards.card import load_card
    from rramcirc.devices.compiled.conductance import states_for_conductance

    weights = np.maximum(np.asarray(weights, np.float64), least_weight(protocol))
    device = 1.0 / (1.0 / weights - selector_resistance(protocol))
    return {k: np.asarray(v) for k, v in states_for_conductance(load_card(protocol.card), device, {}).items()}


@cache
def least_weight(protocol: PulseProtocol = PROTOCOL) -> float:
    """Return the smallest conductance that the nominal cell reaches [S]: thinnest filament, widest gap."""
    from rramcirc.devices.cards.card import load_card

    card = load_card(protocol.card)
    states = {"diameter": np.array([card.value("diameter_min")]), "gap": np.array([card.value("gap_max")])}
    return 1.0005 * float(cell_weights(states, protocol)[0])


@cache
def selector_resistance(protocol: PulseProtocol = PROTOCOL) -> float:
    """Return the resistance of the select transistor while an LRS cell is read [ohm]."""
    from rramcirc.devices.cards.card import load_card
    from rramcirc.devices.compiled.conductance import states_for_conductance

    lrs = cell_rule(protocol).lrs
    low, high = 1e2, 0.9 / lrs
    for _ in range(40):  # the state that has this conductance with the transistor tells what the transistor adds
        middle = 0.5 * (low + high)
        state = states_for_conductance(load_card(protocol.card), np.array([1.0 / (1.0 / lrs - middle)]), {})
        low, high = (middle, high) if cell_weights(state, protocol)[0] < lrs else (low, middle)
    return 0.5 * (low + high)


def cell_weights(states: States, protocol: PulseProtocol = PROTOCOL) -> NDArray[np.float64]:
    """Return the conductance at the read voltage, transistor included [S], of cells in given states; any shape."""
    shape = np.broadcast_shapes(*(np.shape(v) for v in states.values()))
    flat = {k: np.maximum(0.0, np.broadcast_to(v, shape).astype(float).ravel()) for k, v in states.items()}
    once = replace(protocol, count=1)
    return pulse_train(once, flat, protocol.pulses.read_voltage)[0][:, 0].reshape(shape)


def run_circuit(
    chosen: MiloSet,
    neurons: int,
    states: Mapping[str, States],
    train: tuple[ArrayLike, ArrayLike],
    charge: float,
    duration: float,
    *,
    learning: bool = False,
    protocol: PulseProtocol = PROTOCOL,
    settings: CircuitSettings = SETTINGS,
    record_weights: bool = True,
    output: Path | str | None = None,
    progress: Callable[[float], None] | None = None,
    timeout: float | None = None,
) -> CircuitRun:
    """Simulate the network in ngspice.

    Parameters
    ----------
    chosen
        Parameter set; its device, circuit and neurons.
    states
        ``"exc"`` and ``"inh"`` -> state name -> (neurons, neurons) array or one value for all.
    train, charge
        External spikes (times [s], neurons), and their charge at the network level [C].
    duration
        [s]
    record_weights
        Whether the states of all synapses are recorded.
    output
        Run folder; it holds what was computed even if the run is stopped.
    progress
        Called with the simulated time [s].

    Raises
    ------
    SimulationError
        If ngspice failed or was stopped.
    """
    bench = circuit_bench(
        chosen, neurons, states, train, charge, duration, learning=learning, protocol=protocol, settings=settings,
        record_weights=record_weights,
    )  # fmt: skip
    waves = simulate(bench, output=output, progress=progress, timeout=timeout)
    return read_run(waves, neurons, protocol, settings, record_weights)


def circuit_bench(
    chosen: MiloSet, neurons: int, states: Mapping[str, States], train: tuple[ArrayLike, ArrayLike], charge: float,
    duration: float, *, learning: bool, protocol: PulseProtocol = PROTOCOL,
    settings: CircuitSettings = SETTINGS, record_weights: bool = True, record_from: float = 0.0,
) -> Testbench:  # fmt: skip
    """Return the testbench of a run; see `run_circuit`."""
    from rramcirc.devices.cards.card import load_card

    neuron = circuit_neuron(chosen, neurons, protocol, settings)
    network = HopfieldNetwork(
        Cell(load_card(protocol.card), load_card(protocol.selector)), neurons, neuron, learning,
        excitatory_state=dict(states["exc"]), inhibitory_state=dict(states["inh"]),
    )  # fmt: skip
    probes = ["v(mem*)", "v(timer*)"]
    if record_weights:
        probes += [f"{name}_{matrix}[*,*]" for matrix in MATRICES for name in network.cell.states]
    times = np.maximum(0.0, np.asarray(train[0]) - 0.5 * settings.spike_width)  # the triangle's middle is the spike
    charge *= settings.mirror_ratio
    stimuli = spike_currents(times, train[1], charge, settings.spike_width) if len(times) else {}
    return Testbench(
        network, Transient(duration, settings.max_step, record_from), stimuli, probes=tuple(probes),
        options=step_control(neuron, settings.accuracy), name=f"Milo 2018, {network.description}",
    )  # fmt: skip


def read_run(
    waves: Waveforms,
    neurons: int,
    protocol: PulseProtocol = PROTOCOL,
    settings: CircuitSettings = SETTINGS,
    record_weights: bool = True,
) -> CircuitRun:
    """Return spikes and weights of a simulated network, also of a part that a stopped run left."""
    times, who = circuit_spikes(waves, neurons)
    looks, weights, final = np.empty(0), {m: np.empty((0, neurons, neurons)) for m in MATRICES}, {}
    if record_weights:
        count = min(settings.read_points, len(waves.time))
        looks = np.linspace(waves.time[0], waves.time[-1], count)
        from rramcirc.devices.cards.card import load_card

        names = load_card(protocol.card).states
        for matrix in MATRICES:
            moved = {k: _synapse_waves(waves, f"{k}_{matrix}", neurons, looks) for k in names}
            weights[matrix] = cell_weights(moved, protocol)
            final[matrix] = {k: values[-1] for k, values in moved.items()}
            for k in range(neurons):
                weights[matrix][:, k, k] = np.nan
    record = waves.provenance
    membranes = np.array([waves[f"v(mem{j})"] for j in range(neurons)])
    return CircuitRun(
        times, who, looks, weights["exc"], weights["inh"], final, float(record.get("cpu_seconds", np.nan)),
        len(waves.time), np.array(waves.time), membranes,
    )  # fmt: skip


def circuit_spikes(waves: Waveforms, neurons: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return output spikes (times [s], neurons), ordered in time: where a neuron's timer falls to 0 V."""
    found = []
    for j in range(neurons):
        timer = waves[f"v(timer{j})"]
        fell = np.flatnonzero((timer[1:] < SPIKE_LEVEL) & (timer[:-1] >= SPIKE_LEVEL)) + 1
        found.append(np.stack([waves.time[fell], np.full(fell.size, j)], axis=1))
    spikes = np.concatenate(found)
    spikes = spikes[np.argsort(spikes[:, 0], kind="stable")]
    return spikes[:, 0], spikes[:, 1].astype(np.int64)


def _synapse_waves(waves: Waveforms, name: str, neurons: int, looks: FloatArray) -> NDArray[np.float64]:
    """Return a state of all synapses at given times, (times, neurons, neurons); the diagonal repeats a neighbour."""
    values = np.empty((looks.size, neurons, neurons))
    for i in range(neurons):
        for j in range(neurons):
            pair = (i, j) if i != j else (i, (j + 1) % neurons)
            values[:, i, j] = np.interp(looks, waves.time, waves[f"{name}[{pair[0]},{pair[1]}]"])
    return values


def matched(ours: tuple[FloatArray, IntArray], theirs: tuple[FloatArray, IntArray], within: float) -> float:
    """Return the share of all spikes of both that have a partner of the same neuron in the other, one to one.

    Parameters
    ----------
    ours, theirs
        (times [s], neurons)
    within
        Largest distance of partners [s].

    Examples
    --------
    >>> matched((np.array([0.1, 0.2]), np.array([0, 0])), (np.array([0.1004]), np.array([0])), 1e-3)
    0.6666666666666666
    """
    total, pairs = ours[0].size + theirs[0].size, 0
    for neuron in np.unique(np.concatenate([ours[1], theirs[1]])):
        a, b = (np.sort(times[who == neuron]) for times, who in (ours, theirs))
        pairs += matched_spikes(a, b, within)
    return 2 * pairs / total if total else 1.0


def default_set() -> MiloSet:
    """Return the set that the circuit and the network level share: D, derived from the simulated cell."""
    return load_set("D")
