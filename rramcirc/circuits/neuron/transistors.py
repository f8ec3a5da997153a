"""What the neurons of transistors share: devices by name, their sizes, and what a core is.

Sizes and biases follow from the record through the compiled model: they are ours, the topologies are the papers'; so
are the names of the transistors (m1 ...), which need not be those of a paper's figure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rramcirc.basics.errors import ParameterError
from rramcirc.bench.stimuli import Constant
from rramcirc.circuits.elements import GROUND, Devices, Group, Source
from rramcirc.circuits.neuron.neuron import LifNeuron
from rramcirc.circuits.neuron.sizing import drain_current
from rramcirc.circuits.sheet import Point, Sheet
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.cards.model_card import ModelCard

UNIT = 1e-6  # width of a small transistor [m]
SHORT, LONG = 0.35e-6, 10e-6  # channel lengths of logic and of mirrors [m]
NARROWEST, WIDEST = 0.22e-6, 400e-6  # widths that are drawn [m]
LONGEST = 2e-3
INPUT_BIAS_SHARE = 10.0  # bias of the input stage over the rheobase, both counted at `in`


class Transistors:
    """The transistors of one neuron: cards, and devices by name."""

    def __init__(self, supply: float) -> None:
        self.supply = supply
        self.cards: dict[str, ModelCard] = {"n": load_card("nmos_select"), "p": load_card("pmos_select")}

    def __call__(self, name: str, kind: str, nodes: str, width: float, length: float) -> Devices:
        """Return a transistor; `nodes` are drain, gate and source, the bulk goes to its rail."""
        if not NARROWEST * 0.999 <= width <= WIDEST * 1.001:
            raise ParameterError(
                f"LifNeuron: transistor {name} would be {width * 1e6:.3g} um wide; {NARROWEST * 1e6:g} to "
                f"{WIDEST * 1e6:g} um can be drawn. Bring threshold, refractory or input_gain nearer to their defaults."
            )
        bulk = GROUND if kind == "n" else "vdd"
        size = {"w": rounded(width), "l": rounded(length)}
        return Devices((name,), (*nodes.split(), bulk), self.cards[kind], size)

    def current(self, kind: str, drain: float, gate: float, source: float, width: float, length: float) -> float:
        """Return the channel current at node voltages [A], positive."""
        bulk = 0.0 if kind == "n" else self.supply
        return abs(drain_current(self.cards[kind], drain, gate, source, bulk, width, length))

    def size(self, kind: str, drain: float, gate: float, source: float, wanted: float) -> tuple[float, float]:
        """Return width and length with which a transistor carries a current at node voltages [m]."""
        unit = self.current(kind, drain, gate, source, UNIT, LONG)
        width = UNIT * wanted / unit
        length = LONG if width >= NARROWEST else LONG * NARROWEST / width
        if length > LONGEST:
            raise ParameterError(
                f"LifNeuron: a transistor for {wanted:.3g} A would be {length * 1e6:.3g} um long; {LONGEST * 1e6:g} um "
                "can be drawn. Take a larger capacitance or a shorter refractory."
            )
        return max(width, NARROWEST), length


def rounded(value: float) -> float:
    """Return a value with five digits, as it is drawn."""
    return float(f"{value:.5g}")


def mirror_bias(make: Transistors, name: str, gate: str, ampere: float, width: float, length: float) -> list[Group]:
    """Return a bias current into a diode-connected n transistor, whose gate others share."""
    return [
        Source(name, gate, Constant(rounded(ampere), "A"), minus="vdd"),
        make(f"{name}_d", "n", f"{gate} {gate} {GROUND}", width, length),
    ]


@dataclass(frozen=True)
class Core:
    """A published spike generator of transistors, between the membrane ``mem`` and the node ``spike``.

    Attributes
    ----------
    name
        As `LifNeuron.core` has it.
    title
        Name and source, for netlist and schematic.
    netlist
        Function of (neuron, its transistors) that returns the elements.
    schematic
        Function of (sheet, neuron, x) that draws it from the line at (x, 1.6) on and returns where ``spike`` is.
    page
        What netlists/README.md says of it, with the source.
    long_spike
        Whether the spike lasts for the refractory time, so that only its beginning may start the timers.
    """

    name: str
    title: str
    netlist: Callable[[LifNeuron, Transistors], list[Group]]
    schematic: Callable[[Sheet, LifNeuron, float], Point]
    page: str
    long_spike: bool = False
