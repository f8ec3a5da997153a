"""The analog recurrent network that learns by recurrent backpropagation."""

from __future__ import annotations

from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.basics.fields import Kept, flag, number, other, record, whole
from rramcirc.bench.design import Design
from rramcirc.circuits.synapse.matrix import synapse_array
from rramcirc.devices.cards.checks import as_card
from rramcirc.devices.cards.model_card import ModelCard

PLASTIC_PORTS = ("te", "be", "x", "y")


@record
class RecurrentNetwork(Design):
    """`neurons` analog neurons, joined all to all by plastic synapses, and the side network that sends errors back.

    The voltages v of the neurons and y of the side network, the inputs I (lines ``in{i}``) and targets T
    (``target{i}``) follow, in units of 1 V and of the time constant tau = `capacitance` x `resistance`::

        tau dv_i/dt = -v_i + tanh(sum_j w_ij v_j + I_i)                             (18)
        tau dy_k/dt = -y_k + (1 - tanh^2(...)) (sum_i w_ik y_i + T_k - v_k)         (19)
            dw_ij/dt = learning rate x y_i v_j                                      (20)

    The side network needs the transposed weights: every synapse has a twin that gets the same two factors of the
    learning rule, so that both keep the same weight. Without `learning` the factors are grounded.

    Two more lines take part if a testbench drives them (`presentation_stimuli` makes both). While ``restart`` is at
    1 V, v and y are held at `restart_level`. The voltage of ``window`` multiplies the right side of (20): the weights
    move while it is at 1 V; a window that is not driven is always open.

    References
    ----------
    [Zoppo2019], Eqs. (18)-(20), Fig. 1.
    """

    synapse: Kept[ModelCard, ModelCard | str] = other("card of a plastic synapse: terminals te, be, x, y, state w")
    neurons: int = whole("number of neurons", low=2)
    weights: Kept[FloatArray, ArrayLike] = other("(neurons, neurons) weights at the start [to, from]", "1", default=0.0)
    learning: bool = flag("whether the weights move", default=True)
    self_connections: bool = flag("whether a neuron has a synapse to itself", default=False)
    symmetric: bool = flag("both weights of a pair move by the mean of their two products", default=False)
    restart_level: float = number("of v and y while the line restart is at 1 V", "V", default=0.5)
    capacitance: float = number("of every neuron", "F", default=1.0, above=0.0)
    resistance: float = number("of every neuron", "ohm", default=1.0, above=0.0)

    def _check(self) -> None:
        object.__setattr__(self, "synapse", as_card("RecurrentNetwork.synapse", self.synapse))
        card = self.synapse
        if card is None or card.declaration is None or tuple(card.declaration.ports) != PLASTIC_PORTS:
            raise ParameterError(
                "RecurrentNetwork.synapse: needs the card of a plastic synapse with the terminals te, be, x, y, "
                "for example plastic_zoppo2019."
            )
        weights = synapse_array("RecurrentNetwork.weights", self.weights, self.shape)
        object.__setattr__(self, "weights", weights)

    @property
    def shape(self) -> tuple[int, int]:
        """(neurons, neurons): [to, from]."""
        return (int(self.neurons), int(self.neurons))

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """(to, from) of every synapse."""
        count = range(self.neurons)
        return [(i, j) for i in count for j in count if self.self_connections or i != j]

    @property
    def lines(self) -> tuple[str, ...]:
        """Names of the lines that a testbench may drive with voltages: inputs and targets, restart and window."""
        return (
            *(f"in{i}" for i in range(self.neurons)), *(f"target{i}" for i in range(self.neurons)), "restart", "window",
        )  # fmt: skip

    @property
    def line_kinds(self) -> tuple[str, ...]:
        """Names that mean all lines of one kind."""
        return ("in", "target")

    @property
    def description(self) -> str:
        """What the design is, in one line."""
        state = "on" if self.learning else "off"
        count = len(self.pairs)
        return f"recurrent network of {self.neurons} neurons, {count} {self.synapse.name} synapses, learning {state}"

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """Cards of all its devices, each once."""
        return (self.synapse,)
