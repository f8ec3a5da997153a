"""A design with the states that a run left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from rramcirc.basics.checks import check_mapping
from rramcirc.basics.errors import ParameterError, shown
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.cell_netlist import declared
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.veriloga.constants import evaluate

# A run may leave a state this far outside its range [unit of the state, which is of order 1]: error of the time steps.
OVERSHOOT = 0.01
CellOrCrossbar = TypeVar("CellOrCrossbar", Cell, Crossbar)


def with_state(design: CellOrCrossbar, state: Mapping[str, object]) -> CellOrCrossbar:
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
        raise ParameterError(f"with_state: design: {shown(design)} is neither a Cell nor a Crossbar.")
    check_mapping("with_state: state", state)
    cell = design if isinstance(design, Cell) else design.cell
    found = _only_states(design, cell.rram, state)
    states: dict[str, Any] = {name: put_inside(cell.rram, name, value) for name, value in found.items()}
    if isinstance(design, Cell):
        return replace(design, initial_state=states, initial_conductance=None)
    cell = replace(cell, initial_conductance=None)
    return replace(design, cell=cell, initial_state=states, initial_conductance=None)


def _only_states(design: Cell | Crossbar, card: ModelCard, values: Mapping[str, object]) -> dict[str, object]:
    """Return the states among the final values of a run, those of single cells gathered to arrays."""
    states: dict[str, object] = {}
    of_cells: dict[str, dict[str, object]] = {}
    for key, value in values.items():
        name, bracket, index = str(key).partition("[")
        if name not in card.states and ("(" in name or name in declared(card).op_variables):
            continue
        if bracket and isinstance(design, Crossbar):
            of_cells.setdefault(name, {})[index.removesuffix("]")] = value
        else:
            states[str(key)] = value
    for name, found in of_cells.items():
        assert isinstance(design, Crossbar)
        wanted = [f"{i},{j}" for i in range(design.rows) for j in range(design.columns)]
        if set(wanted) != set(found):
            odd = ", ".join([f"{name}[{k}]" for k in [*wanted, *found] if (k in wanted) != (k in found)][:3])
            raise ParameterError(f"with_state: state: {odd} missing or outside {design.rows} x {design.columns} cells.")
        states[name] = np.array([found[k] for k in wanted]).reshape(design.shape)
    return states


def put_inside(card: ModelCard, name: str, value: object) -> object:
    """Return a state; what is at most `OVERSHOOT` outside a closed bound of its range is put on the bound."""
    array = np.asarray(value)
    if name not in card.states or array.dtype.kind not in "iuf":
        return value
    module = declared(card)
    for interval in module.parameters[f"{name}_ini"].ranges:
        low, high = (evaluate(bound, module.defaults) for bound in (interval.low, interval.high))
        if interval.low_closed and low is not None:
            array = np.where((array < low) & (array >= low - OVERSHOOT), low, array)
        if interval.high_closed and high is not None:
            array = np.where((array > high) & (array <= high + OVERSHOOT), high, array)
    return array if array.ndim else array.item()
