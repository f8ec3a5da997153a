"""Designs: the circuits that rramcirc knows, as frozen records of geometry, cards and initial states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rramcirc.devices.card import ModelCard, check_instance, load_card
from rramcirc.devices.tokens import evaluate
from rramcirc.errors import ParameterError, unknown_name
from rramcirc.units import number_from_zero, positive_number, whole_number

# A run may leave a state this far outside its range [unit of the state, which is of order 1]: error of the time steps.
OVERSHOOT = 0.01


def _as_card(owner: str, card: ModelCard | str | None) -> ModelCard | None:
    if card is None or isinstance(card, ModelCard):
        return card
    if isinstance(card, str):
        try:
            return load_card(card)
        except ParameterError as error:
            raise ParameterError(f"{owner}: {error}") from None
    raise ParameterError(f"{owner}: {card!r} is neither a ModelCard nor the name of one.")


def _check_choice(where: str, value: object, choices: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in choices:
        raise ParameterError(f"{where}: {value!r} is not one of {', '.join(choices)}.")


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
            number_from_zero(getattr(self, name), f"Line.{name}")
        _check_choice("Line.end", self.end, ("first", "last", "both"))


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
        for name in ("initial_state", "rram_parameters", "selector_parameters"):
            _check_mapping(f"Cell.{name}", getattr(self, name))
            _check_scalars(f"Cell.{name}", getattr(self, name))
        states = check_states(self.rram, self.initial_state, "Cell.initial_state")
        object.__setattr__(self, "initial_state", {name: value.item() for name, value in states.items()})
        spread = _check_spread("Cell.rram_parameters", self.rram, self.rram_parameters)
        object.__setattr__(self, "rram_parameters", {name: value.item() for name, value in spread.items()})
        self._check_selector()
        if self.initial_conductance is not None:
            positive_number(self.initial_conductance, "Cell.initial_conductance")
        _check_only_one("Cell", self.initial_state, self.initial_conductance)

    def _check_selector(self) -> None:
        card = self.selector
        if card is None:
            if self.selector_parameters:
                raise ParameterError("Cell.selector_parameters: given, but the cell has no selector.")
            return
        if (card.declaration and len(card.declaration.ports) != 4) or card.spice not in (None, "nmos", "pmos"):
            raise ParameterError(f"Cell.selector: card {card.name} is no transistor with drain, gate, source and bulk.")
        values = _check_instance("Cell.selector_parameters", card, self.selector_parameters)
        object.__setattr__(self, "selector_parameters", {name: value.item() for name, value in values.items()})

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
        if not isinstance(self.cell, Cell):
            raise ParameterError(f"Crossbar.cell: {self.cell!r} is not a Cell.")
        for name in ("rows", "columns"):
            whole_number(getattr(self, name), f"Crossbar.{name}", 1)
        _check_choice("Crossbar.source_line", self.source_line, ("column", "row"))
        for name in ("bl", "wl", "sl"):
            if not isinstance(getattr(self, name), Line):
                raise ParameterError(f"Crossbar.{name}: {getattr(self, name)!r} is not a Line.")
        for name in ("initial_state", "rram_parameters"):
            _check_mapping(f"Crossbar.{name}", getattr(self, name))
        if self.cell.initial_conductance is not None and (self.initial_state or self.initial_conductance is not None):
            raise ParameterError("Crossbar: give the initial conductance in the cell or in the crossbar, not in both.")
        arrays = {k: self._array(f"initial_state.{k}", v) for k, v in self.initial_state.items()}
        object.__setattr__(self, "initial_state", arrays)
        check_states(self.cell.rram, arrays, "Crossbar.initial_state")
        spread = {k: self._array(f"rram_parameters.{k}", v) for k, v in self.rram_parameters.items()}
        object.__setattr__(self, "rram_parameters", spread)
        _check_spread("Crossbar.rram_parameters", self.cell.rram, spread)
        if self.initial_conductance is not None:
            conductance = self._array("initial_conductance", self.initial_conductance)
            if not np.all(conductance > 0):
                raise ParameterError("Crossbar.initial_conductance: holds values that are not positive.")
            object.__setattr__(self, "initial_conductance", conductance)
        _check_only_one("Crossbar", {**self.cell.initial_state, **self.initial_state}, self.initial_conductance)

    def _array(self, name: str, values: object) -> NDArray:
        try:
            array = np.array(values)
        except (TypeError, ValueError):
            array = np.array(None)
        if array.dtype.kind not in "iuf":
            raise ParameterError(f"Crossbar.{name}: {values!r} is not an array of numbers.")
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


Design = Cell | Crossbar


def check_states(card: ModelCard, states: Mapping[str, object], where: str) -> dict[str, NDArray]:
    """Return the states as arrays of floats; raise ParameterError if a name is no state or a value out of range."""
    for name in states:
        if name not in card.states:
            raise ParameterError(f"{where}: {unknown_name('state', str(name), card.states)}")
    checked = _check_instance(where, card, {f"{name}_ini": value for name, value in states.items()})
    return {name.removesuffix("_ini"): value for name, value in checked.items()}


def with_state(design: Design, state: Mapping[str, object]) -> Design:
    """Return the same design with other initial states, for example the final states of a run.

    Parameters
    ----------
    design
        Cell or crossbar.
    state
        State name -> value (cell) or (rows, columns) array (crossbar), in the unit of the state. Or what
        :meth:`rramcirc.Waveforms.final` returns: ``gap[1,2]`` is the state of one cell, signals that are no states
        are left out. A value that a run left up to `OVERSHOOT` outside its range is put on the bound.

    Raises
    ------
    ParameterError
        If a name is unknown, a value is out of range, or the state of some cells is missing.
    """
    if not isinstance(design, (Cell, Crossbar)):
        raise ParameterError(f"with_state: design: {design!r} is neither a Cell nor a Crossbar.")
    _check_mapping("with_state: state", state)
    cell = design if isinstance(design, Cell) else design.cell
    found = _only_states(design, cell.rram, state)
    states = {name: _put_inside(cell.rram, name, value) for name, value in found.items()}
    if isinstance(design, Cell):
        return replace(design, initial_state=states, initial_conductance=None)
    cell = replace(cell, initial_conductance=None)
    return replace(design, cell=cell, initial_state=states, initial_conductance=None)


def _only_states(design: Design, card: ModelCard, values: Mapping[str, object]) -> dict[str, object]:
    """Return the states among the final values of a run, those of single cells gathered to arrays."""
    states: dict[str, object] = {}
    of_cells: dict[str, dict[str, object]] = {}
    for key, value in values.items():
        name, bracket, index = str(key).partition("[")
        if name not in card.states and ("(" in name or name in card.declaration.op_variables):
            continue
        if bracket and isinstance(design, Crossbar):
            of_cells.setdefault(name, {})[index.removesuffix("]")] = value
        else:
            states[str(key)] = value
    for name, found in of_cells.items():
        wanted = [f"{i},{j}" for i in range(design.rows) for j in range(design.columns)]
        if set(wanted) != set(found):
            odd = ", ".join([f"{name}[{k}]" for k in [*wanted, *found] if (k in wanted) != (k in found)][:3])
            raise ParameterError(f"with_state: state: {odd} missing or outside {design.rows} x {design.columns} cells.")
        states[name] = np.reshape([found[k] for k in wanted], design.shape)
    return states


def _put_inside(card: ModelCard, name: str, value: object) -> object:
    """Return a state; what is at most `OVERSHOOT` outside a closed bound of its range is put on the bound."""
    array = np.asarray(value)
    if name not in card.states or array.dtype.kind not in "iuf":
        return value
    for interval in card.declaration.parameters[f"{name}_ini"].ranges:
        low, high = (evaluate(bound, card.declaration.defaults) for bound in (interval.low, interval.high))
        if interval.low_closed and low is not None:
            array = np.where((array < low) & (array >= low - OVERSHOOT), low, array)
        if interval.high_closed and high is not None:
            array = np.where((array > high) & (array <= high + OVERSHOOT), high, array)
    return array if array.ndim else array.item()


def _check_mapping(where: str, values: object) -> None:
    if not isinstance(values, Mapping):
        raise ParameterError(f"{where}: {values!r} is not a dict of names and values.")


def _check_scalars(where: str, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        if isinstance(value, (list, tuple, np.ndarray)):
            raise ParameterError(f"{where}.{name}: {value!r} is not one number; a cell has one value.")


def _check_spread(where: str, card: ModelCard, values: Mapping[str, object]) -> dict[str, NDArray]:
    for state in card.states:
        if f"{state}_ini" in values:
            raise ParameterError(f"{where}: {state}_ini is an initial state; give {state} in initial_state.")
    return _check_instance(where, card, values)


def _check_instance(where: str, card: ModelCard, values: Mapping[str, object]) -> dict[str, NDArray]:
    try:
        return check_instance(card, dict(values))
    except ParameterError as error:
        raise ParameterError(f"{where}: {error}") from None


def _check_only_one(owner: str, state: Mapping, conductance: object) -> None:
    if state and conductance is not None:
        raise ParameterError(f"{owner}: give initial_state or initial_conductance, not both.")
