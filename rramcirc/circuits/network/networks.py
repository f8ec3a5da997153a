"""Networks of neurons and 1T1R synapses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.checks import check_only_one
from rramcirc.basics.errors import ParameterError
from rramcirc.basics.fields import Kept, flag, other, part, record, table, whole
from rramcirc.basics.memory import check_memory
from rramcirc.basics.units import positive_number
from rramcirc.bench.design import Design
from rramcirc.bench.stimuli import PiecewiseLinear, number_list
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.neuron.neuron import LifNeuron
from rramcirc.circuits.synapse.matrix import synapse_array
from rramcirc.devices.cards.checks import check_spread, check_states
from rramcirc.devices.cards.model_card import ModelCard

_STATES = "state name -> (neurons, neurons) array [PRE, POST], in the unit of the state; the diagonal is not used"
_PARAMETERS = "instance parameter of the RRAM -> (neurons, neurons) array [PRE, POST]: device-to-device spread"
_CONDUCTANCES = "(neurons, neurons) conductances at 0.1 V [PRE, POST] that fix the initial states"


def _check_synapses(
    owner: str, record: HopfieldNetwork | Perceptron, names: Mapping[str, str], shape: tuple[int, int], square: bool
) -> None:
    """Check and freeze the (state, conductance) fields of synapse matrices; `names` maps one to the other."""
    for state_name, conductance_name in names.items():
        states, conductance = getattr(record, state_name), getattr(record, conductance_name)
        arrays = {k: synapse_array(f"{owner}.{state_name}.{k}", v, shape, square) for k, v in states.items()}
        object.__setattr__(record, state_name, arrays)
        check_states(record.cell.rram, arrays, f"{owner}.{state_name}")
        if conductance is not None:
            conductance = synapse_array(f"{owner}.{conductance_name}", conductance, shape, square)
            if not np.all(conductance > 0):
                raise ParameterError(f"{owner}.{conductance_name}: holds values that are not positive.")
            object.__setattr__(record, conductance_name, conductance)
        check_only_one(f"{owner} ({state_name})", arrays, conductance)


def _check_parameters(
    owner: str, record: HopfieldNetwork | Perceptron, name: str, shape: tuple[int, int], square: bool
) -> None:
    """Check and freeze the instance parameters of a matrix of synapses."""
    given = getattr(record, name)
    arrays = {k: synapse_array(f"{owner}.{name}.{k}", v, shape, square) for k, v in given.items()}
    check_spread(f"{owner}.{name}", record.cell.rram, arrays)
    object.__setattr__(record, name, arrays)


def _check_gate(owner: str, cell: Cell) -> None:
    if cell.selector is None:
        raise ParameterError(f"{owner}.cell: the {cell.description} has no selector; a PRE neuron drives its gate.")


@record
class HopfieldNetwork(Design):
    """`neurons` LIF neurons, all joined to all by an excitatory and an inhibitory matrix of 1T1R synapses.

    Row i holds the gates that neuron i drives (PRE), column j the synapses whose current neuron j integrates (POST):
    their top electrodes are on lines ``te{j}`` (excitatory, +read voltage) and ``ti{j}`` (inhibitory, -read voltage)
    of neuron j, their sources on its virtual ground ``in{j}`` at the common mode. No neuron has a synapse to itself.
    With `learning`, the neurons fire their te and ti pulses; without, these lines stay at the read voltages.

    References
    ----------
    [Milo2018], Fig. 2.
    """

    cell: Cell = part("the synapse")
    neurons: int = whole("number of neurons", low=2)
    neuron: LifNeuron = part("every neuron", default=LifNeuron())
    learning: bool = flag("whether the neurons fire te and ti pulses", default=False)
    excitatory_state: Kept[Mapping[str, FloatArray], Mapping[str, ArrayLike]] = table(_STATES, default_factory=dict)
    inhibitory_state: Kept[Mapping[str, FloatArray], Mapping[str, ArrayLike]] = table(_STATES, default_factory=dict)
    excitatory_conductance: Kept[FloatArray | None, ArrayLike | None] = other(_CONDUCTANCES, "S", default=None)
    inhibitory_conductance: Kept[FloatArray | None, ArrayLike | None] = other(_CONDUCTANCES, "S", default=None)
    excitatory_parameters: Kept[Mapping[str, FloatArray], Mapping[str, ArrayLike]] = table(
        _PARAMETERS, default_factory=dict
    )
    inhibitory_parameters: Kept[Mapping[str, FloatArray], Mapping[str, ArrayLike]] = table(
        _PARAMETERS, default_factory=dict
    )

    def _check(self) -> None:
        check_memory(f"a Hopfield network of {self.neurons} neurons", float(self.neurons) ** 2, 50.0)
        _check_gate("HopfieldNetwork", self.cell)
        names = {f"{kind}_state": f"{kind}_conductance" for kind in ("excitatory", "inhibitory")}
        _check_synapses("HopfieldNetwork", self, names, self.shape, square=True)
        for name in ("excitatory_parameters", "inhibitory_parameters"):
            _check_parameters("HopfieldNetwork", self, name, self.shape, square=True)

    @property
    def shape(self) -> tuple[int, int]:
        """(neurons, neurons): [PRE, POST]."""
        return (int(self.neurons), int(self.neurons))

    @property
    def synapse_matrices(self) -> tuple[str, ...]:
        """Names of its matrices of synapses: excitatory, inhibitory."""
        return ("exc", "inh")

    @property
    def synapses(self) -> int:
        """Number of 1T1R synapses."""
        return 2 * self.neurons * (self.neurons - 1)

    @property
    def lines(self) -> tuple[str, ...]:
        """Names of the lines that a testbench may drive, with currents: the external inputs."""
        return tuple(f"ext{j}" for j in range(self.neurons))

    @property
    def line_kinds(self) -> tuple[str, ...]:
        """Names that mean all lines of one kind."""
        return ("ext",)

    @property
    def description(self) -> str:
        """What the design is, in one line."""
        return (
            f"Hopfield network of {self.neurons} {self.neuron.detail} neurons and {self.synapses} {self.cell.kind} "
            f"synapses, {self.cell.card_names}, learning {'on' if self.learning else 'off'}"
        )

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """Cards of all its devices, each once."""
        return tuple(dict.fromkeys((*self.cell.cards, *self.neuron.cards)))


@record
class Perceptron(Design):
    """`inputs` PRE gate lines and `outputs` POST neurons, joined by one matrix of 1T1R synapses [PRE, POST].

    A testbench drives the gate lines ``pre{i}`` with voltages, and may teach with currents into ``ext{j}``. Columns are
    as those of a `HopfieldNetwork`, without inhibitory synapses.
    """

    cell: Cell = part("the synapse")
    inputs: int = whole("number of PRE lines", low=1)
    outputs: int = whole("number of POST neurons", default=1, low=1)
    neuron: LifNeuron = part("every POST neuron", default=LifNeuron())
    learning: bool = flag("whether the neurons fire te pulses", default=False)
    state: Kept[Mapping[str, FloatArray], Mapping[str, ArrayLike]] = table(
        "state name -> (inputs, outputs) array, in the unit of the state", default_factory=dict
    )
    conductance: Kept[FloatArray | None, ArrayLike | None] = other(
        "(inputs, outputs) conductances at 0.1 V that fix the initial states", "S", default=None
    )
    rram_parameters: Kept[Mapping[str, FloatArray], Mapping[str, ArrayLike]] = table(
        "instance parameter -> (inputs, outputs) array: device-to-device spread", default_factory=dict
    )

    def _check(self) -> None:
        check_memory(
            f"a perceptron of {self.inputs} x {self.outputs} synapses", float(self.inputs) * self.outputs, 50.0
        )
        _check_gate("Perceptron", self.cell)
        _check_synapses("Perceptron", self, {"state": "conductance"}, self.shape, square=False)
        _check_parameters("Perceptron", self, "rram_parameters", self.shape, square=False)

    @property
    def shape(self) -> tuple[int, int]:
        """(inputs, outputs): [PRE, POST]."""
        return (int(self.inputs), int(self.outputs))

    @property
    def synapse_matrices(self) -> tuple[str, ...]:
        """Name of its matrix of synapses."""
        return ("exc",)

    @property
    def lines(self) -> tuple[str, ...]:
        """Names of the lines that a testbench may drive: gates with voltages, external inputs with currents."""
        return (*(f"pre{i}" for i in range(self.inputs)), *(f"ext{j}" for j in range(self.outputs)))

    @property
    def line_kinds(self) -> tuple[str, ...]:
        """Names that mean all lines of one kind."""
        return ("pre", "ext")

    @property
    def description(self) -> str:
        """What the design is, in one line."""
        return (
            f"perceptron of {self.inputs} x {self.outputs} {self.cell.kind} synapses and {self.outputs} "
            f"{self.neuron.detail} neurons, {self.cell.card_names}, learning {'on' if self.learning else 'off'}"
        )

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """Cards of all its devices, each once."""
        return tuple(dict.fromkeys((*self.cell.cards, *self.neuron.cards)))


@dataclass(frozen=True)
class SynapseMatrix:
    """What the record of a network says of one matrix of synapses.

    Attributes
    ----------
    name
        ``"exc"`` or ``"inh"``.
    suffix
        Behind the names of its signals: ``_exc``, ``_inh``; empty where there is only one matrix.
    electrode
        Line of the top electrodes of its columns: ``"te"`` or ``"ti"``.
    states, parameters
        State or instance parameter of the RRAM -> (PRE, POST) array; what is not named is as in the cell or card.
    conductance : (PRE, POST) array or None
        That fixes the initial states [S].
    """

    name: str
    suffix: str
    electrode: str
    states: Mapping[str, FloatArray]
    conductance: FloatArray | None
    parameters: Mapping[str, FloatArray]


def synapse_matrices(network: HopfieldNetwork | Perceptron) -> tuple[SynapseMatrix, ...]:
    """Return the matrices of synapses of a network."""
    if isinstance(network, Perceptron):
        return (SynapseMatrix("exc", "", "te", network.state, network.conductance, network.rram_parameters),)
    return (
        SynapseMatrix(
            "exc", "_exc", "te", network.excitatory_state, network.excitatory_conductance,
            network.excitatory_parameters,
        ),
        SynapseMatrix(
            "inh", "_inh", "ti", network.inhibitory_state, network.inhibitory_conductance,
            network.inhibitory_parameters,
        ),
    )  # fmt: skip


def acting_neuron(network: HopfieldNetwork | Perceptron, learning: bool) -> LifNeuron:
    """Return the neuron that the network's circuit has: without te and ti pulses unless it learns."""
    if learning:
        return network.neuron
    return replace(network.neuron, pulses=network.neuron.pulses.reading)


def spike_currents(
    times: ArrayLike, neurons: ArrayLike, charge: float, width: float = 100e-6
) -> dict[str, PiecewiseLinear]:
    """Return the stimuli of external spikes: a triangle of current per spike, on the line ``ext{j}`` of its neuron.

    Triangles that overlap add up, so every spike brings its charge.

    Parameters
    ----------
    times, neurons
        Time of each spike [s] and number of the neuron that it goes to; equally many.
    charge
        Charge of one spike [C].
    width
        Length of the triangle [s]; it begins at the time of the spike.

    Examples
    --------
    >>> spike_currents([1e-3, 2e-3], [0, 3], charge=1e-12)["ext3"].corners()[0]
    array([0.     , 0.002  , 0.00205, 0.0021 ])
    """
    times, numbers = number_list("spike_currents: times", times), number_list("spike_currents: neurons", neurons)
    positive_number(charge, "spike_currents: charge", "C")
    positive_number(width, "spike_currents: width", "s")
    if times.size != numbers.size or np.any(times < 0) or np.any(numbers < 0) or np.any(numbers % 1):
        raise ParameterError(
            f"spike_currents: {times.size} times and {numbers.size} neurons; give equally many, none negative, "
            "and neurons as whole numbers."
        )
    found = {}
    for number in np.unique(numbers):
        starts = np.sort(times[numbers == number])
        corners = np.unique(np.concatenate([[0.0], (starts[:, None] + np.array([0.0, 0.5, 1.0]) * width).ravel()]))
        corners = corners[np.concatenate([[True], np.diff(corners) > 1e-3 * width])]
        levels = _triangles(corners, starts, width) * 2.0 * charge / width
        found[f"ext{int(number)}"] = PiecewiseLinear(corners, levels, "A")
    return found


def _triangles(corners: FloatArray, starts: FloatArray, width: float) -> FloatArray:
    """Return the sum of triangles of height 1 that begin at `starts`, at the corners."""
    levels = np.zeros_like(corners)
    for start in starts:
        first, last = np.searchsorted(corners, (start, start + width))
        inside = corners[first : last + 1]
        levels[first : last + 1] += np.maximum(0.0, 1.0 - np.abs(2.0 * (inside - start) / width - 1.0))
    return np.round(levels, 12)  # no dust of 1e-17 where a triangle ends
