"""Arrays to be read: cells, size, wires, levels, stored bits, and the currents of their bit lines.

Operating points are solved with the compiled device models, states frozen (`points`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.errors import ParameterError, a_kind
from rramcirc.basics.fields import choice, number, other, record, whole
from rramcirc.bench.analyses import OperatingPoint
from rramcirc.bench.stimuli import Constant, Stimulus
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.array.line import Line
from rramcirc.circuits.array.states import with_state
from rramcirc.circuits.request import SELECTOR_CARD
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.studies.array.points import bit_line_currents

Array = NDArray[np.float64]


@record
class ReadArray:
    """An array to be read: cells, size, wires, levels. Every wire has the same segments."""

    card: ModelCard | str = other("RRAM card, its name or its file", default="hfo2_filament")
    rows: int = whole("number of word lines", default=64, low=1)
    columns: int = whole("number of bit lines", default=64, low=1)
    wire_resistance: float = number("of one segment", "ohm", default=2.5, low=0.0)
    driver_resistance: float = number("between source and line", "ohm", default=0.0, low=0.0)
    read_voltage: float = number("on the bit lines", "V", default=0.2)
    gate_voltage: float = number("on a selected word line of a 1T1R array", "V", default=2.0)
    selector: str | None = other("card of the transistor; none is a 1R array, None the card's own habit", default=None)
    source_line: Literal["column", "row"] = choice("SL parallel to BL (column) or WL (row)", default="column")

    def _check(self) -> None:
        if self.read_voltage == 0:
            raise ParameterError("ReadArray.read_voltage: 0 V reads nothing.")
        window = self.rram.validity.get("cell_voltage")
        if window is not None and not window.minimum <= self.read_voltage <= window.maximum:
            raise ParameterError(
                f"ReadArray.read_voltage: {self.read_voltage:g} V is beyond what card {self.rram.name} is valid for, "
                f"{window.minimum:g} to {window.maximum:g} V."
            )

    @property
    def rram(self) -> ModelCard:
        """The RRAM card."""
        return self.card if isinstance(self.card, ModelCard) else load_card(self.card)

    @property
    def cell(self) -> Cell:
        """The cell at every crossing."""
        name = self.rram.butterfly.selector if self.selector is None else self.selector
        return Cell(self.rram, None if name == "none" else load_card(name or SELECTOR_CARD))

    def array(self, states: dict[str, Array], spread: dict[str, Array] | None = None) -> Crossbar:
        """Return the array with given states, (rows, columns) each."""
        wire = Line(self.wire_resistance, driver_resistance=self.driver_resistance)
        return Crossbar(
            self.cell,
            self.rows,
            self.columns,
            source_line=self.source_line,
            bl=wire,
            wl=wire,
            sl=replace(wire, end="last"),
            initial_state=states,
            rram_parameters=spread or {},
        )

    def bench(self, array: Crossbar, stimuli: dict[str, Stimulus] | None = None) -> Testbench:
        """Return the read of all cells at once, or with other stimuli."""
        if stimuli is None:
            stimuli = {"bl": Constant(self.read_voltage)}
            if array.cell.selector is not None:
                stimuli["wl"] = Constant(self.gate_voltage)
        return Testbench(array, OperatingPoint(), stimuli)


def checked_array(study: str, array: object, size: int) -> ReadArray:
    """Return what a study is asked about; None is a square array of the default cells."""
    if array is None:
        return ReadArray(rows=size, columns=size)
    if not isinstance(array, ReadArray):
        raise ParameterError(
            f"{study}: give an array, for example ReadArray(rows={size}, columns={size}, wire_resistance=2.5), not "
            f"{a_kind(array)}."
        )
    return array


def window_states(card: ModelCard | str) -> dict[str, dict[str, float]]:
    """Return the states that a card's I-V loop ends its SET and RESET branches in.

    Returns
    -------
    dict
        ``"LRS"`` and ``"HRS"`` -> state name -> value in its unit; of the steady loop.
    """
    from rramcirc.studies.device import default_cell, iv

    loop, cell = iv(card), default_cell(card)
    top = loop.iloc[int(np.argmax(loop["voltage"].to_numpy() * (loop["current"] > 0).to_numpy()))]
    ends = {"LRS": top, "HRS": loop.iloc[-1]}
    return {k: dict(with_state(cell, {n: float(end[n]) for n in cell.states}).initial_state) for k, end in ends.items()}


def states_of_bits(card: ModelCard | str, bits: NDArray[np.bool_]) -> dict[str, Array]:
    """Return states for an array of bits, 1 for LRS."""
    window = window_states(card)
    return {name: np.where(bits, window["LRS"][name], window["HRS"][name]) for name in window["LRS"]}


def random_bits(setup: ReadArray, seed: int) -> NDArray[np.bool_]:
    """Return (rows, columns) random bits."""
    return np.random.default_rng([seed, 1]).random((setup.rows, setup.columns)) < 0.5


def products(setup: ReadArray, states: dict[str, Array], inputs: NDArray[np.bool_]) -> Array:
    """Return the bit-line currents for binary patterns of the rows.

    Parameters
    ----------
    states
        Of the cells, (rows, columns) each.
    inputs : (count, rows) array
        Patterns.

    Returns
    -------
    (count, columns) array
        Current from the array into the bit line's end [A], positive for positive inputs.
    """
    array = setup.array(states)
    if setup.cell.selector is not None:
        bench = setup.bench(array, {"bl": Constant(setup.read_voltage)})
        on = setup.gate_voltage
    else:
        bench = setup.bench(array, {"bl": Constant(0.0)})
        on = -setup.read_voltage
    return bit_line_currents(bench, array, on * inputs.astype(float))


def row_reads(setup: ReadArray, states: dict[str, Array], spread: dict[str, Array] | None = None) -> Array:
    """Return the bit-line currents of every row read alone [A], (rows, columns)."""
    array = setup.array(states, spread)
    if setup.cell.selector is not None:
        bench, on = setup.bench(array, {"bl": Constant(setup.read_voltage)}), setup.gate_voltage
    else:
        bench, on = setup.bench(array, {"bl": Constant(0.0)}), -setup.read_voltage
    return bit_line_currents(bench, array, on * np.eye(setup.rows))
