"""Designs: the circuits that rramcirc knows, as frozen records of geometry, cards and initial states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rramcirc.devices.card import ModelCard, check_instance, load_card
from rramcirc.errors import ParameterError, unknown_name


def _as_card(owner: str, card: ModelCard | str | None) -> ModelCard | None:
    if card is None or isinstance(card, ModelCard):
        return card
    if isinstance(card, str):
        return load_card(card)
    raise ParameterError(f"{owner}: {card!r} is neither a ModelCard nor the name of one.")


@dataclass(frozen=True)
class Line:
    """Wires of one kind (BL, WL or SL): what one segment between two cells has, and where the driver sits."""

    resistance: float = field(
        default=0.0, metadata={"desc": "resistance of one segment; 0 is a perfect wire", "units": "ohm"}
    )
    capacitance: float = field(default=0.0, metadata={"desc": "capacitance of one segment to ground", "units": "F"})
    driver_resistance: float = field(
        default=0.0, metadata={"desc": "resistance between source and line", "units": "ohm"}
    )
    end: Literal["first", "last", "both"] = field(
        default="first", metadata={"desc": "end at which the driver sits: at row/column 0, at the last one, or both"}
    )

    def __post_init__(self) -> None:
        for name in ("resistance", "capacitance", "driver_resistance"):
            value = getattr(self, name)
            if not isinstance(value, (int, float, np.floating)) or not np.isfinite(value) or value < 0:
                raise ParameterError(f"Line.{name}: {value!r} is not a number of at least 0.")
        if self.end not in ("first", "last", "both"):
            raise ParameterError(f"Line.end: {self.end!r} is not one of first, last, both.")


@dataclass(frozen=True)
class Cell:
    """A 1T1R cell, or a 1R cell without selector.

    ::

        BL --- TE [RRAM] BE --- drain [selector] source --- SL
                                      gate --- WL, bulk

    Without selector the bottom electrode is the row line WL itself. SET is positive V(TE, BE).
    """

    rram: ModelCard = field(metadata={"desc": "card of the RRAM device"})
    selector: ModelCard | None = field(
        default=None, metadata={"desc": "card of the select transistor; none is a 1R cell"}
    )
    initial_state: Mapping[str, float] = field(
        default_factory=dict, metadata={"desc": "state name -> value, in the unit of the state"}
    )
    initial_conductance: float | None = field(
        default=None, metadata={"desc": "conductance at 0.1 V that fixes the initial state", "units": "S"}
    )
    rram_parameters: Mapping[str, float] = field(
        default_factory=dict, metadata={"desc": "instance parameters of the RRAM"}
    )
    selector_parameters: Mapping[str, float] = field(
        default_factory=dict, metadata={"desc": "instance parameters of the selector, for example w and l"}
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "rram", _as_card("Cell.rram", self.rram))
        object.__setattr__(self, "selector", _as_card("Cell.selector", self.selector))
        if self.rram is None or self.rram.module is None:
            raise ParameterError(
                "Cell.rram: the RRAM needs a card with a Verilog-A module; `rramcirc cards` lists them."
            )
        check_states(self.rram, self.initial_state, "Cell.initial_state")
        check_instance(self.rram, dict(self.rram_parameters))
        if self.selector is not None:
            check_instance(self.selector, dict(self.selector_parameters))
        elif self.selector_parameters:
            raise ParameterError("Cell.selector_parameters: given, but the cell has no selector.")
        _check_only_one("Cell", self.initial_state, self.initial_conductance)

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the RRAM's states."""
        return self.rram.states

    @property
    def lines(self) -> tuple[str, ...]:
        """Names of the lines that a testbench may drive."""
        return ("bl", "wl", "sl", "bulk", "nz") if self.selector else ("bl", "wl", "nz")


@dataclass(frozen=True)
class Crossbar:
    """An array of `rows` x `columns` cells; arrays are indexed ``[row, column]``.

    BL run along the columns, WL along the rows, SL along the columns (``source_line="column"``, parallel to BL) or
    the rows (``"row"``, parallel to WL). Without selector the cells sit between BL (TE) and WL (BE) and there is no SL.
    """

    cell: Cell = field(metadata={"desc": "the cell at every crossing"})
    rows: int = field(metadata={"desc": "number of word lines", "units": "1"})
    columns: int = field(metadata={"desc": "number of bit lines", "units": "1"})
    source_line: Literal["column", "row"] = field(
        default="column", metadata={"desc": "SL parallel to BL (column) or WL (row)"}
    )
    bl: Line = field(default=Line(), metadata={"desc": "bit-line wires"})
    wl: Line = field(default=Line(), metadata={"desc": "word-line wires"})
    sl: Line = field(default=Line(end="last"), metadata={"desc": "source-line wires"})
    initial_state: Mapping[str, NDArray] = field(
        default_factory=dict, metadata={"desc": "state name -> (rows, columns) array, in the unit of the state"}
    )
    initial_conductance: NDArray | None = field(
        default=None,
        metadata={"desc": "(rows, columns) conductances at 0.1 V that fix the initial states", "units": "S"},
    )
    rram_parameters: Mapping[str, NDArray] = field(
        default_factory=dict, metadata={"desc": "instance parameter -> (rows, columns) array: device-to-device spread"}
    )

    def __post_init__(self) -> None:
        for name in ("rows", "columns"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
                raise ParameterError(f"Crossbar.{name}: {value!r} is not a whole number of at least 1.")
        if self.source_line not in ("column", "row"):
            raise ParameterError(f"Crossbar.source_line: {self.source_line!r} is not one of column, row.")
        if self.cell.initial_conductance is not None and (self.initial_state or self.initial_conductance is not None):
            raise ParameterError("Crossbar: give the initial conductance in the cell or in the crossbar, not in both.")
        arrays = {k: self._array(f"initial_state.{k}", v) for k, v in self.initial_state.items()}
        object.__setattr__(self, "initial_state", arrays)
        check_states(self.cell.rram, arrays, "Crossbar.initial_state")
        spread = {k: self._array(f"rram_parameters.{k}", v) for k, v in self.rram_parameters.items()}
        object.__setattr__(self, "rram_parameters", spread)
        check_instance(self.cell.rram, spread)
        if self.initial_conductance is not None:
            object.__setattr__(
                self, "initial_conductance", self._array("initial_conductance", self.initial_conductance)
            )
        _check_only_one("Crossbar", self.initial_state, self.initial_conductance)

    def _array(self, name: str, values: object) -> NDArray:
        try:
            array = np.array(values, dtype=float)
        except (TypeError, ValueError):
            raise ParameterError(f"Crossbar.{name}: {values!r} is not an array of numbers.") from None
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


Design = Cell | Crossbar


def check_states(card: ModelCard, states: Mapping[str, object], where: str) -> None:
    """Raise ParameterError unless every name is a state of the card's model and every value is in its range."""
    known = card.states
    for name in states:
        if name not in known:
            raise ParameterError(f"{where}: {unknown_name('state', name, known)}")
    check_instance(card, {f"{name}_ini": value for name, value in states.items()})


def with_state(design: Design, state: Mapping[str, object]) -> Design:
    """Return the same design with other initial states, for example the final states of a run.

    Parameters
    ----------
    design
        Cell or crossbar.
    state
        State name -> value (cell) or (rows, columns) array (crossbar), in the unit of the state.
    """
    if isinstance(design, Cell):
        return replace(design, initial_state=dict(state), initial_conductance=None)
    cell = replace(design.cell, initial_conductance=None)
    return replace(design, cell=cell, initial_state=dict(state), initial_conductance=None)


def _check_only_one(owner: str, state: Mapping, conductance: object) -> None:
    if state and conductance is not None:
        raise ParameterError(f"{owner}: give initial_state or initial_conductance, not both.")
