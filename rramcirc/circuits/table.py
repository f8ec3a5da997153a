"""The circuits that rramcirc knows, said once: record, netlist, schematic, default testbench of each.

A circuit that is not in the table is a record of the user's own that has a method ``circuit(bench)`` and, to be drawn,
``draw(sheet)``; see `OwnDesign`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from html import escape
from typing import Any, Protocol, runtime_checkable

from rramcirc.basics.errors import ParameterError, a_kind, unknown_name
from rramcirc.bench.design import Design
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.bench import cell_bench, crossbar_bench, synapse_cell
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.cell_netlist import cell_circuit
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.array.crossbar_netlist import crossbar_circuit
from rramcirc.circuits.array.schematic import draw_cell, draw_crossbar, draw_synapse
from rramcirc.circuits.elements import Circuit
from rramcirc.circuits.network.bench import default_hopfield, default_perceptron
from rramcirc.circuits.network.netlist import hopfield_circuit, perceptron_circuit
from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron
from rramcirc.circuits.network.schematic import draw_hopfield, draw_perceptron
from rramcirc.circuits.neuron.bench import default_neuron
from rramcirc.circuits.neuron.cores import NEURONS
from rramcirc.circuits.neuron.netlist import neuron_circuit
from rramcirc.circuits.neuron.neuron import LifNeuron
from rramcirc.circuits.neuron.schematic import draw_neuron
from rramcirc.circuits.readout.bench import default_readout, single_channel
from rramcirc.circuits.readout.netlist import readout_array_circuit, readout_circuit
from rramcirc.circuits.readout.readout import Readout, ReadoutArray, ReadoutKind
from rramcirc.circuits.readout.schematic import draw_readout, draw_readout_array
from rramcirc.circuits.recurrent.bench import default_recurrent
from rramcirc.circuits.recurrent.netlist import recurrent_circuit
from rramcirc.circuits.recurrent.recurrent import RecurrentNetwork
from rramcirc.circuits.recurrent.schematic import draw_recurrent
from rramcirc.circuits.request import Request
from rramcirc.circuits.sheet import Sheet, checked_path
from rramcirc.circuits.synapse.bench import default_synapse


@runtime_checkable
class OwnDesign(Design, Protocol):
    """What a record outside the table says besides `Design`: its elements; ``draw(sheet)`` if it can be drawn."""

    def circuit(self, bench: Testbench) -> Circuit:
        """Return the circuit of a testbench of this record as groups of elements."""
        ...


@dataclass(frozen=True)
class Kind:
    """One circuit of the table.

    Attributes
    ----------
    name
        Its name on the command line.
    record
        Class of its design.
    netlist
        Function of a testbench that returns its elements.
    schematic
        Function of (sheet, design) that draws it.
    bench
        Function of a `Request` that returns its default testbench; without one the command line has no such circuit.
    summary
        What ``build-netlist`` makes of it, one line.
    page
        What netlists/README.md says of that netlist.
    variants
        More netlists of that page.
    drawn
        Function of a `Request` that returns the design that ``rramcirc draw`` shows; default that of the testbench.
    """

    name: str
    record: type[Design]
    netlist: Callable[[Testbench], Circuit]
    schematic: Callable[[Sheet, Any], None]
    bench: Callable[[Request], Testbench] | None
    summary: str
    page: str
    variants: Mapping[str, Variant] = field(default_factory=dict)
    drawn: Callable[[Request], Design] | None = None


@dataclass(frozen=True)
class Variant:
    """Another netlist of a circuit's page: what is set in the default one, or a testbench of its own."""

    page: str
    settings: Mapping[str, str] = field(default_factory=dict)
    bench: Callable[[], Testbench] | None = None


CHANNELS: dict[ReadoutKind, str] = {
    "tia": "transfer of one transimpedance amplifier: input current swept",
    "virtual_ground": "the same of a virtual ground with a copy of its current",
    "mirror": "the same of a current mirror of transistors",
}
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "cell", Cell, cell_circuit, draw_cell, cell_bench,
            "one 1T1R (or 1R) cell: SET and RESET butterfly at 1 V/s",
            "I-V loop of one 1T1R cell: SET, then RESET, at 1 V/s",
        ),
        Kind(
            "crossbar", Crossbar, crossbar_circuit, draw_crossbar, crossbar_bench,
            "an array with wires: 100 ns read pulse on all lines",
            "read of a 4 x 4 array with wires: 100 ns pulse on all bit lines, all gates on",
        ),
        Kind(
            "readout", ReadoutArray, readout_array_circuit, draw_readout_array, default_readout,
            "an array with amplifiers, sample and hold and ADC: one product",
            "product of a vector and a 4 x 4 array: pulses on the rows, pairs of TIAs, sample and hold, 6 bit ADC",
            drawn=lambda request: Readout(),
        ),
        Kind(
            "channel", Readout, readout_circuit, draw_readout, None, "", "",
            {
                f"readout_{kind}": Variant(page, bench=partial(single_channel, kind))
                for kind, page in CHANNELS.items()
            },
        ),
        Kind(
            "synapse", Cell, cell_circuit, draw_synapse, default_synapse,
            "a 1T1R cell between two neurons: PRE gate pulse, bipolar POST pulse on the TE",
            "1T1R synapse between two neurons: read, PRE gate pulse, POST pulses on the TE 5 ms later, read",
        ),
        Kind(
            "lif", LifNeuron, neuron_circuit, draw_neuron, default_neuron,
            "a leaky integrate-and-fire neuron that gets a step of current",
            "ideal neuron of switches and sources under a step of current: spikes, gate, te and ti pulses",
            {name: Variant(page, settings) for name, (settings, page) in NEURONS.items()},
        ),
        Kind(
            "perceptron", Perceptron, perceptron_circuit, draw_perceptron, default_perceptron,
            "PRE lines (--rows), POST neurons (--columns), 1T1R synapses that learn",
            "4 PRE lines, 1 POST neuron, 1T1R synapses: two of the lines fire before POST and are potentiated",
            drawn=lambda request: Perceptron(synapse_cell(request), 4, 2),
        ),
        Kind(
            "hopfield", HopfieldNetwork, hopfield_circuit, draw_hopfield, default_hopfield,
            "neurons, excitatory and inhibitory 1T1R synapses that learn; --rows is the number of neurons",
            "4 neurons, excitatory and inhibitory 1T1R synapses: three neurons get Poisson spikes and learn "
            "[Milo2018, Fig. 2]",
            drawn=lambda request: HopfieldNetwork(synapse_cell(request), 4),
        ),
        Kind(
            "recurrent", RecurrentNetwork, recurrent_circuit, draw_recurrent, default_recurrent,
            "analog neurons and plastic synapses that learn by backpropagation; --rows is the number of neurons",
            "4 analog neurons and their side network: weights follow recurrent backpropagation [Zoppo2019]",
        ),
    )
}  # fmt: skip
# the circuits of the command line
CIRCUITS: dict[str, Kind] = {name: kind for name, kind in KINDS.items() if kind.bench is not None}
# what a testbench file may name as the type of its design
RECORDS: tuple[type[Design], ...] = tuple(dict.fromkeys(kind.record for kind in KINDS.values()))


def kind_of(design: Design) -> Kind | None:
    """Return the row of a design's record, the first if there are several; None for a record of the user's own."""
    return next((kind for kind in KINDS.values() if type(design) is kind.record), None)


def default_bench(circuit: str, request: Request | None = None) -> Testbench:
    """Return the default testbench of a circuit, what ``rramcirc build-netlist CIRCUIT`` writes.

    Parameters
    ----------
    circuit
        A name of the table: cell, crossbar, readout, synapse, lif, perceptron, hopfield or recurrent.
    request
        Cards, size, wires, spread; default the circuit's own.

    Raises
    ------
    ParameterError
        If the circuit is unknown; names the nearest.
    """
    kind = CIRCUITS.get(circuit) if isinstance(circuit, str) else None
    if kind is None or kind.bench is None:
        raise ParameterError(
            unknown_name("circuit", circuit, CIRCUITS, "`rramcirc build-netlist --help` describes them.")
        )
    return kind.bench(request or Request())


WITHOUT_CELLS = (LifNeuron, Readout, RecurrentNetwork)


def build_circuit(bench: Testbench) -> Circuit:
    """Return the circuit of a testbench as groups of elements, in no simulator's syntax."""
    if not isinstance(bench, Testbench):
        raise ParameterError(f"build_circuit: {needs_bench(bench)}")
    kind = kind_of(bench.design)
    if kind is not None:
        if bench.cycle_noise is not None and isinstance(bench.design, WITHOUT_CELLS):
            raise ParameterError(
                f"Testbench.cycle_noise: {a_kind(bench.design)} has no cells with a noise terminal; leave it out."
            )
        return kind.netlist(bench)
    if isinstance(bench.design, OwnDesign):
        return bench.design.circuit(bench)
    raise ParameterError(
        f"build_circuit: a {type(bench.design).__name__} has no method circuit(bench) that returns its elements, and "
        "is none of the circuits of rramcirc."
    )


def needs_bench(given: object) -> str:
    """Say that something is no testbench, and how to put one around it."""
    if isinstance(given, Design):
        return (
            f"{a_kind(given)} needs a Testbench around it: what drives it and what to compute, for example "
            f"rramcirc.Testbench(design, rramcirc.Transient(stop=1e-6), {{{given.lines[0]!r}: rramcirc.Pulse(1.0, "
            "100e-9)})."
        )
    return f"needs a Testbench, not {a_kind(given)}."


def draw(design: Design, path: str | os.PathLike[str], *, circuit: str = "") -> None:
    """Write the schematic of a design as SVG.

    Parameters
    ----------
    design
        Record of a cell, array, neuron, readout or network, or one of the user's own with a method ``draw(sheet)``.
    path
        File that ends in .svg.
    circuit
        ``"synapse"`` draws a cell between two neurons.

    Raises
    ------
    ParameterError
        If there is no schematic of such a design, or the file cannot be written.
    """
    target = checked_path(path)
    drawn_sheet(design, circuit).save(target)


def drawn_sheet(design: Design, circuit: str = "", most: int = 2, zoom: float = 1.0) -> Sheet:
    """Return the sheet on which a design is drawn; as `draw`, with up to `most` rows and columns; `zoom` of letters."""
    named = KINDS.get(circuit)
    kind = named if named and type(design) is named.record else kind_of(design)
    sheet = Sheet(most, zoom)
    own: object = getattr(design, "draw", None)
    if kind is not None:
        kind.schematic(sheet, design)
    elif callable(own):
        own(sheet)
    else:
        known = ", ".join(record.__name__ for record in RECORDS)
        raise ParameterError(
            f"draw: there is no schematic of {a_kind(design)}; there is one of {known}, and of every record "
            "with a method draw(sheet)."
        )
    return sheet


def _picture(design: Design) -> str:
    """Return what a notebook shows of a design: what it is, and its schematic."""
    return f"<p>{escape(design.description)}</p>{drawn_sheet(design).svg()}"


# a record stands before this table and cannot know its schematic; here, where both are known, it learns to show it
for _record in RECORDS:
    type.__setattr__(_record, "_repr_html_", _picture)


def drawn_design(circuit: str, request: Request, choices: Mapping[str, str]) -> Design:
    """Return the design that ``rramcirc draw CIRCUIT`` shows.

    Parameters
    ----------
    circuit, request
        As in `default_bench`.
    choices
        Fields to set where the record has them, for example the detail of a neuron.
    """
    if circuit not in CIRCUITS:
        raise ParameterError(unknown_name("circuit", circuit, CIRCUITS, "`rramcirc draw --help` lists them."))
    shown = CIRCUITS[circuit].drawn
    design: Any = shown(request) if shown else default_bench(circuit, request).design
    known = {field.name for field in fields(design)}
    drawn: Design = replace(design, **{name: value for name, value in choices.items() if name in known})
    return drawn
