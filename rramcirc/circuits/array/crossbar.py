"""The array of cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.checks import check_only_one
from rramcirc.basics.errors import ParameterError, shown
from rramcirc.basics.fields import Kept, choice, other, part, record, table, whole
from rramcirc.basics.memory import check_memory
from rramcirc.bench.design import Design
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.defects import Defects, check_defects, joined, undriven_pieces
from rramcirc.circuits.array.line import Line
from rramcirc.devices.cards.checks import check_spread, check_states
from rramcirc.devices.cards.model_card import ModelCard

RECORD_BYTES = 50.0  # a cell: a few arrays of states, conductances, spread


@record
class Crossbar(Design):
    """An array of `rows` x `columns` cells; arrays are indexed ``[row, column]``.

    BL run along the columns, WL along the rows, SL along the columns (``source_line="column"``, parallel to BL) or
    the rows (``"row"``, parallel to WL). Without selector the cells sit between BL (TE) and WL (BE) and there is no SL.
    """

    cell: Cell = part("the cell at every crossing")
    rows: int = whole("number of word lines", low=1)
    columns: int = whole("number of bit lines", low=1)
    source_line: Literal["column", "row"] = choice("SL parallel to BL (column) or WL (row)", default="column")
    bl: Line = part("bit-line wires", default=Line())
    wl: Line = part("word-line wires", default=Line())
    sl: Line = part("source-line wires", default=Line(end="last"))
    initial_state: Kept[Mapping[str, FloatArray], Mapping[str, ArrayLike]] = table(
        "state name -> (rows, columns) array, in the unit of the state", default_factory=dict
    )
    initial_conductance: Kept[FloatArray | None, ArrayLike | None] = other(
        "(rows, columns) conductances at 0.1 V that fix the initial states", "S", default=None
    )
    rram_parameters: Kept[Mapping[str, FloatArray], Mapping[str, ArrayLike]] = table(
        "instance parameter -> (rows, columns) array: device-to-device spread", default_factory=dict
    )
    defects: Defects = part("missing cells, shorted cells, broken segments of lines", default=Defects())

    def _check(self) -> None:
        check_memory(f"a {self.rows} x {self.columns} crossbar", float(self.rows) * self.columns, RECORD_BYTES)
        for name in ("bl", "wl", "sl"):
            self._check_segments(name)
        if self.defects:
            along = {name: self.line_of(name) for name in self.lines if name != "bulk"}
            check_defects(self.defects, self.shape, along)
        if self.cell.initial_conductance is not None and (self.initial_state or self.initial_conductance is not None):
            raise ParameterError("Crossbar: give the initial conductance in the cell or in the crossbar, not in both.")
        arrays = {k: self._array(f"initial_state.{k}", v) for k, v in self.initial_state.items()}
        object.__setattr__(self, "initial_state", arrays)
        check_states(self.cell.rram, arrays, "Crossbar.initial_state")
        spread = {k: self._array(f"rram_parameters.{k}", v) for k, v in self.rram_parameters.items()}
        object.__setattr__(self, "rram_parameters", spread)
        check_spread("Crossbar.rram_parameters", self.cell.rram, spread)
        if self.initial_conductance is not None:
            conductance = self._array("initial_conductance", self.initial_conductance)
            if not np.all(conductance > 0):
                raise ParameterError("Crossbar.initial_conductance: holds values that are not positive.")
            object.__setattr__(self, "initial_conductance", conductance)
        check_only_one("Crossbar", {**self.cell.initial_state, **self.initial_state}, self.initial_conductance)

    def _check_segments(self, kind: str) -> None:
        line = getattr(self, kind)
        if line.segments is None:
            return
        rows, columns = self.shape
        extra = int(line.end == "both")
        wanted = (rows, columns + extra) if self.along_rows(kind) else (rows + extra, columns)
        if line.segments.shape != wanted:
            raise ParameterError(
                f"Crossbar.{kind}.segments has shape {line.segments.shape}; needed is {wanted}: {rows} word lines x "
                f"{columns} bit lines"
                + (f" and one segment more along the {kind.upper()}, driven at both ends." if extra else ".")
            )

    def _array(self, name: str, values: object) -> FloatArray:
        try:
            array = np.array(values)
        except (TypeError, ValueError):
            array = np.array(None)
        if array.dtype.kind not in "iuf":
            raise ParameterError(f"Crossbar.{name}: {shown(values)} is not an array of numbers.")
        array = array.astype(float)
        if array.ndim == 0:
            array = np.full(self.shape, float(array))
        if array.shape != self.shape:
            raise ParameterError(
                f"Crossbar.{name} has shape {array.shape}; "
                f"the crossbar is {self.rows} word lines x {self.columns} bit lines."
            )
        if not np.all(np.isfinite(array)):
            raise ParameterError(f"Crossbar.{name}: holds values that are not finite.")
        array.setflags(write=False)
        return array

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return (int(self.rows), int(self.columns))

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the RRAM's states."""
        return self.cell.states

    @property
    def lines(self) -> tuple[str, ...]:
        """Names of the lines that a testbench may drive."""
        names = [f"wl{i}" for i in range(self.rows)] + [f"bl{j}" for j in range(self.columns)]
        if self.cell.selector:
            count = self.columns if self.source_line == "column" else self.rows
            names += [f"sl{k}" for k in range(count)] + ["bulk"]
        return tuple(names)

    def along_rows(self, kind: str) -> bool:
        """Whether a line of this kind (bl, wl or sl) serves a row of cells."""
        return kind == "wl" or (kind == "sl" and self.source_line == "row")

    def line_of(self, name: str) -> tuple[Line, int]:
        """Return the wires of a line, and how many cells it has."""
        kind = name.rstrip("0123456789")
        return getattr(self, kind), self.columns if self.along_rows(kind) else self.rows

    def opened(self, kind: str) -> dict[int, tuple[int, ...]]:
        """Return the broken segments of the lines of one kind, by number of the line."""
        lines = self.defects.open_segments.items()
        return {int(name[len(kind) :]): parts for name, parts in lines if name.rstrip("0123456789") == kind}

    @property
    def joined_lines(self) -> tuple[tuple[str, ...], ...]:
        """Groups of lines between which current can flow through cells and unbroken wires."""
        if not self.defects:
            return (self.lines,)
        kinds = ("bl", "sl") if self.cell.selector else ("bl", "wl")
        places = {kind: self._pieces(kind) for kind in kinds}
        missing = set(self.defects.missing)
        pairs = [(name, name) for name in self.lines if name.rstrip("0123456789") in kinds]
        for cell in np.ndindex(self.shape):
            if cell not in missing:
                one, other_end = (places[kind][cell] for kind in kinds)
                pairs += [(one, other_end)] + ([(one, "bulk")] if self.cell.selector else [])
        groups = joined(dict.fromkeys(pairs))
        return tuple(tuple(name for name in self.lines if name in group) for group in groups)

    def _pieces(self, kind: str) -> dict[tuple[int, ...], str]:
        """Return the line, or the piece of it that no driver reaches, at every cell."""
        along = self.along_rows(kind)
        found = {cell: f"{kind}{cell[0] if along else cell[1]}" for cell in np.ndindex(self.shape)}
        line, length = self.line_of(kind)
        for k, piece in undriven_pieces(line, length, self.opened(kind)):
            found |= {(k, n) if along else (n, k): f"{kind}{k} from {piece[0]}" for n in piece}
        return found

    @property
    def line_kinds(self) -> tuple[str, ...]:
        """Names that mean all lines of one kind."""
        return ("bl", "wl", "sl") if self.cell.selector else ("bl", "wl")

    @property
    def description(self) -> str:
        """What the design is, in one line."""
        return f"{self.rows} x {self.columns} {self.cell.kind} crossbar, {self.cell.card_names}"

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """Cards of all its devices, each once."""
        return self.cell.cards
