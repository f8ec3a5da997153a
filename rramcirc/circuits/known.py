"""What was simulated, as far as a run folder tells: its schematic, or why there is none."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from rramcirc.basics.errors import ParameterError, RramcircError
from rramcirc.bench.design import Design
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.array.line import Line
from rramcirc.circuits.bench_file import load_bench
from rramcirc.circuits.deck import MOST_ELEMENTS, MOST_NETS, draw_deck, read_elements
from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron
from rramcirc.circuits.sheet import Sheet
from rramcirc.circuits.table import drawn_sheet
from rramcirc.devices.cards.card import load_card
from rramcirc.waveforms.signals import header_fields

#: Rows and columns of an array, and of a network, that a schematic beside a page shows whole.
MOST_CELLS, MOST_NEURONS = 8, 4
_LONGEST = 1_000_000  # bytes of a netlist that is read for its schematic
_CARDS = r"(?P<rram>\w+)(?: \+ (?P<selector>\w+))?"
_ARRAY = re.compile(rf"(?:(?P<rows>\d+) x (?P<columns>\d+) )?1(?:T1)?R (?:cell|crossbar), {_CARDS}$")
_NETWORK = re.compile(
    rf"(?:perceptron of (?P<rows>\d+) x (?P<columns>\d+)|Hopfield network of (?P<neurons>\d+)) [^,]*, {_CARDS}, "
)
_WIRE = r"^r{0}_\d+_\d+ \S+ \S+ (\S+)$"


class NoSchematicError(ParameterError):
    """There is no schematic of a run; the text says why."""


def schematic_of(circuit: Design | Path) -> Sheet:
    """Return the schematic of a design, or of what a run folder holds, with all its cells.

    Parameters
    ----------
    circuit
        A design, or a run folder: its testbench is drawn if it has one, else a netlist of ours as what it says it is,
        else any netlist as it stands.

    Raises
    ------
    NoSchematicError
        If it is too large to be drawn, or not known.
    """
    if not isinstance(circuit, Path):
        return _drawn(circuit)
    if (circuit / "bench.toml").is_file():
        try:
            return _drawn(load_bench(circuit / "bench.toml").design)
        except NoSchematicError:
            raise
        except RramcircError:  # written by another version, or a card is gone: the netlist is left
            pass
    netlist = circuit / "netlist.cir"
    if not netlist.is_file() or netlist.stat().st_size > _LONGEST:
        raise NoSchematicError("no schematic: there is no netlist, or it is too long to be drawn")
    text = netlist.read_text(errors="replace")
    design = _design_of(text)
    return _drawn(design) if design is not None else _drawn_deck(text)


def _drawn(design: Design) -> Sheet:
    rows, columns, most = _size(design)
    if max(rows, columns) > most:
        raise NoSchematicError(
            f"no schematic: {rows} x {columns} do not fit. The array map (View) is the schematic: click a cell there"
        )
    return drawn_sheet(design, most=most, zoom=1.3 if max(rows, columns) > 2 else 1.0)


def _size(design: Design) -> tuple[int, int, int]:
    """Return rows and columns of what is drawn cell by cell, and how many of them may be."""
    if isinstance(design, Crossbar):
        return design.rows, design.columns, MOST_CELLS
    if isinstance(design, Perceptron):
        return design.inputs, design.outputs, MOST_CELLS
    if isinstance(design, HopfieldNetwork):
        return design.neurons, design.neurons, MOST_NEURONS
    return 1, 1, 2


def _drawn_deck(text: str) -> Sheet:
    elements = read_elements(text)
    nets = {net for element in elements for net in element.nets}
    if len(elements) > MOST_ELEMENTS or len(nets) > MOST_NETS:
        raise NoSchematicError(
            f"no schematic: {len(elements)} elements on {len(nets)} nets do not fit; {MOST_ELEMENTS} on {MOST_NETS} do"
        )
    if not elements:
        raise NoSchematicError("no schematic: the netlist has no elements of its own")
    sheet = Sheet()
    draw_deck(sheet, elements)
    return sheet


def _design_of(text: str) -> Design | None:
    """Return the design of a netlist of ours whose schematic needs no more than its text tells; None for others."""
    circuit = header_fields(islice(text.splitlines(), 20)).get("circuit", "")
    found = _ARRAY.match(circuit) or _NETWORK.match(circuit)
    if found is None:
        return None
    told = found.groupdict()
    try:
        cell = Cell(load_card(told["rram"]), load_card(told["selector"]) if told["selector"] else None)
        if told.get("neurons"):
            return HopfieldNetwork(cell, int(told["neurons"]))
        if told["rows"] is None:
            return cell
        size = int(told["rows"]), int(told["columns"])
        return _crossbar(cell, *size, text) if "crossbar" in circuit else Perceptron(cell, *size)
    except RramcircError:
        return None


def _crossbar(cell: Cell, rows: int, columns: int, text: str) -> Crossbar:
    along: Literal["row", "column"] = "row" if re.search(r"^rsl_\d+_\d+ (sl_\d+_)\d+ \1", text, re.M) else "column"
    if cell.selector and re.search(r"^xcell_1_0 \S+ \S+ sl1 ", text, re.M):
        along = "row"
    lines = {kind: re.search(_WIRE.format(kind), text, re.M) for kind in ("bl", "wl", "sl")}
    wires: dict[str, Any] = {kind: Line(resistance=float(found[1])) for kind, found in lines.items() if found}
    return Crossbar(cell, rows, columns, source_line=along, **wires)
