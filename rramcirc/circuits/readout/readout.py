"""Readout: what turns the currents of lines into voltages, codes and bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, shown
from rramcirc.basics.fields import Kept, choice, number, other, part, record, whole
from rramcirc.basics.units import whole_number
from rramcirc.bench.design import Design
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.devices.cards.checks import as_card
from rramcirc.devices.cards.model_card import ModelCard

ReadoutKind = Literal["tia", "mirror", "virtual_ground"]
MOST_BITS = 16


@record
class Readout(Design):
    """One channel of readout; on its own it is a design with its input behind `source_resistance`.

    ::

        tia             line --+--[ Rf ]--+-- out = common_mode - Rf I
                               +--|-\\     |
                        common_mode|+/----+

        virtual_ground  an amplifier holds the line; a copy of its current makes common_mode + Rf I
        mirror          transistors: diode-connected nmos at the line, copied by a pmos mirror into Rf; the line is
                        not held at common_mode but at the gate voltage of the nmos, and only positive I is read

    I is the current from the line into the readout. ``pairing="differential"`` reads two neighbouring lines, G+ and
    G-, as common_mode + Rf (I+ - I-); ``"reference"`` subtracts the mean of `reference_columns` from every other line.

    The amplifier has one pole (`gain_bandwidth` / `gain`), stops at its supply, and has no slew limit. Behind the
    output there may be a sample and hold (it tracks while line ``sample`` is above half the supply), an ADC of `bits`
    (0 to `supply`, ``floor``), and a sense amplifier.
    """

    kind: ReadoutKind = choice("circuit at the line", default="tia")
    feedback_resistance: float = number("volts per ampere", "ohm", default=10e3, above=0.0)
    feedback_capacitance: float = number(
        "across the feedback resistance; limits the bandwidth", "F", default=50e-15, low=0.0
    )
    gain: float = number("open-loop gain of the amplifier at DC", default=1e4, above=0.0)
    gain_bandwidth: float = number("frequency at which the amplifier's gain is 1", "Hz", default=500e6, above=0.0)
    offset: float = number("input-referred offset of the amplifier", "V", default=0.0)
    noise_density: float = number("input-referred white noise of the amplifier", "V/sqrt(Hz)", default=5e-9, low=0.0)
    input_capacitance: float = number("of the readout at the line", "F", default=50e-15, low=0.0)
    supply: float = number("supply voltage", "V", default=3.3, above=0.0)
    supply_current: float = number("of an idle amplifier", "A", default=50e-6, low=0.0)
    common_mode: float = number("level at which the line is held, and of the output at zero", "V", default=1.2)
    sense_resistance: float = number(
        "virtual_ground: output resistance of the copied stage", "ohm", default=1e3, above=0.0
    )
    pairing: Literal["single", "differential", "reference"] = choice(
        "one line, neighbouring lines G+ and G-, or lines against references", default="single"
    )
    reference_columns: Kept[tuple[int, ...], Sequence[int]] = other(
        "pairing reference: numbers of the reference lines", default=()
    )
    hold_capacitance: float = number("holds the output while line sample is low; 0 has none", "F", default=0.0, low=0.0)
    switch_resistance: float = number("of the closed sampling switch", "ohm", default=1e3, above=0.0)
    bits: int = whole("of the ADC; 0 is none", default=0, high=MOST_BITS)
    sense_threshold: float | None = number(
        "sense amplifier: 1 above this current (difference); none has none", "A", default=None
    )
    sense_gain: float = number("of the sense amplifier", default=1e4, above=0.0)
    nmos: Kept[ModelCard, ModelCard | str] = other("mirror: card of the n-channel transistors", default="nmos_select")
    pmos: Kept[ModelCard, ModelCard | str] = other("mirror: card of the p-channel transistors", default="pmos_select")
    mirror_width: float = number("of the n-channel; p-channel 3 times", "m", default=20e-6, above=0.0)
    mirror_length: float = number("of all mirror transistors", "m", default=1e-6, above=0.0)
    source_resistance: float = number("used alone: between line in and the readout", "ohm", default=10e3, above=0.0)

    def _check(self) -> None:
        if not 0 < self.common_mode < self.supply:
            raise ParameterError(
                f"Readout.common_mode: {self.common_mode:g} V is not between 0 and the supply of {self.supply:g} V."
            )
        if not 0 < self.common_mode + self.offset < self.supply:
            raise ParameterError(
                f"Readout.offset: {self.offset:g} V puts the line at {self.common_mode + self.offset:g} V, beyond the "
                f"supply of 0 to {self.supply:g} V."
            )
        self._check_reference()
        for name in ("nmos", "pmos"):
            object.__setattr__(self, name, as_card(f"Readout.{name}", getattr(self, name)))
            self._check_transistor(name)

    def _check_reference(self) -> None:
        given = self.reference_columns
        if isinstance(given, (str, bytes)) or not isinstance(given, (list, tuple)):
            raise ParameterError(f"Readout.reference_columns: {shown(given)} is no list of line numbers.")
        columns = tuple(whole_number(k, "Readout.reference_columns", 0) for k in given)
        object.__setattr__(self, "reference_columns", columns)
        if len(set(columns)) < len(columns):
            raise ParameterError(f"Readout.reference_columns: {shown(given)} names a line twice.")
        if columns and self.pairing != "reference":
            raise ParameterError(f'Readout.reference_columns: they need pairing "reference", not {self.pairing!r}.')
        if self.pairing == "reference" and self.kind == "mirror":
            raise ParameterError('Readout.pairing: a mirror reads "single" or "differential", not "reference".')

    def _check_transistor(self, name: str) -> None:
        card = getattr(self, name)
        if card is None or card.module != f"{name}_ekv":
            raise ParameterError(f"Readout.{name}: needs a card of the module {name}_ekv, not {card and card.name!r}.")

    @property
    def sample_hold(self) -> bool:
        """Whether there is a sample and hold, and with it the line ``sample``."""
        return self.hold_capacitance > 0

    @property
    def sign(self) -> int:
        """Of the output against the current into the readout: -1 for one line at a TIA, else 1."""
        return -1 if self.kind == "tia" and self.pairing == "single" else 1

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """Cards of its transistors."""
        return (self.nmos, self.pmos) if self.kind == "mirror" else ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of its inputs, used alone."""
        two = {"differential": ("in_plus", "in_minus"), "reference": ("in", "in_reference")}
        return two.get(self.pairing, ("in",))

    @property
    def lines(self) -> tuple[str, ...]:
        """Names of the lines that a testbench may drive."""
        return (*self.inputs, *self.required_lines)

    @property
    def required_lines(self) -> tuple[str, ...]:
        """Lines that do nothing useful at 0 V and must therefore have a stimulus."""
        return ("sample",) if self.sample_hold else ()

    @property
    def line_kinds(self) -> tuple[str, ...]:
        """Names that mean all lines of one kind: none."""
        return ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the output nodes."""
        return ("out",)

    @property
    def output_nodes(self) -> tuple[str, ...]:
        """Names of the nodes at which a noise analysis may look: outputs, and what is held of them."""
        return (*self.outputs, "held") if self.sample_hold else self.outputs

    @property
    def description(self) -> str:
        """What the design is, in one line."""
        names = {"tia": "transimpedance amplifier", "mirror": "current mirror", "virtual_ground": "virtual ground"}
        return f"{self.pairing} readout, {names[self.kind]}" + (f", {self.bits} bit" if self.bits else "")


@record
class ReadoutArray(Design):
    """A crossbar whose lines of one kind end in a readout each.

    These lines have no driver. The others have the names and drivers of the crossbar; their levels are absolute, so
    inputs stand around `Readout.common_mode`. Outputs are ``v(out0)``..., ``code0``..., ``v(bit0)``...
    """

    array: Crossbar = part("the cells and wires")
    readout: Readout = part("the readout of every line", default=Readout())
    line: Literal["bl", "sl", "wl"] = choice("kind of the lines that are read", default="bl")
    offsets: Kept[FloatArray | None, ArrayLike | None] = other(
        "offset of each line's amplifier; none is that of the readout", "V", default=None
    )

    def _check(self) -> None:
        choices = ("bl", "sl") if self.array.cell.selector else ("bl", "wl")
        if self.line not in choices:
            why = "gates carry no current" if self.line == "wl" else "a 1R crossbar has no SL"
            raise ParameterError(f"ReadoutArray.line: {self.line!r} is not one of {', '.join(choices)}; {why}.")
        self._check_pairing()
        if self.offsets is not None:
            self._check_offsets()

    def _check_pairing(self) -> None:
        readout, count = self.readout, len(self.read_lines)
        if readout.pairing == "differential" and count % 2:
            raise ParameterError(
                f"ReadoutArray: line {self.read_lines[-1]} is unconnected: pairs G+ and G- need an even number of "
                f"{self.line} lines, not {count}."
            )
        if readout.pairing == "reference":
            outside = [k for k in readout.reference_columns if k >= count]
            if outside or not 0 < len(readout.reference_columns) < count:
                what = f"line {outside[0]} is outside 0 ... {count - 1}" if outside else "give some lines, not all"
                raise ParameterError(f"ReadoutArray: readout.reference_columns = {readout.reference_columns}: {what}.")

    def _check_offsets(self) -> None:
        count = len(self.read_lines)
        try:
            offsets = np.array(self.offsets, dtype=float)
        except (TypeError, ValueError):
            offsets = np.array(np.nan)
        if offsets.shape != (count,) or not np.all(np.isfinite(offsets)):
            raise ParameterError(f"ReadoutArray.offsets: is no list of {count} offsets [V], one per {self.line} line.")
        levels = self.readout.common_mode + offsets
        if levels.min() <= 0 or levels.max() >= self.readout.supply:
            raise ParameterError(
                f"ReadoutArray.offsets: they put lines at {levels.min():g} ... {levels.max():g} V, beyond the supply "
                f"of 0 to {self.readout.supply:g} V."
            )
        offsets.setflags(write=False)
        object.__setattr__(self, "offsets", offsets)

    @property
    def cell(self) -> Cell:
        """The cell at every crossing."""
        return self.array.cell

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of the array."""
        return self.array.shape

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the RRAM's states."""
        return self.array.states

    @property
    def read_lines(self) -> tuple[str, ...]:
        """Lines of the crossbar that end in the readout."""
        return tuple(line for line in self.array.lines if line.rstrip("0123456789") == self.line)

    @property
    def lines(self) -> tuple[str, ...]:
        """Names of the lines that a testbench may drive."""
        taken = set(self.read_lines)
        return (*(line for line in self.array.lines if line not in taken), *self.required_lines)

    @property
    def required_lines(self) -> tuple[str, ...]:
        """Lines that do nothing useful at 0 V and must therefore have a stimulus."""
        return self.readout.required_lines

    @property
    def taken_lines(self) -> dict[str, str]:
        """Line -> why a testbench cannot drive it."""
        lines = (*self.read_lines, self.line)
        return {line: f"{line} ends in the readout, which holds it; it has no driver" for line in lines}

    @property
    def line_kinds(self) -> tuple[str, ...]:
        """Names that mean all lines of one kind."""
        return tuple(kind for kind in self.array.line_kinds if kind != self.line)

    @property
    def output_numbers(self) -> tuple[int, ...]:
        """Number of every output: of its pair, or of its line."""
        count = len(self.read_lines)
        if self.readout.pairing == "differential":
            return tuple(range(count // 2))
        return tuple(k for k in range(count) if k not in self.readout.reference_columns)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the output nodes."""
        return tuple(f"out{k}" for k in self.output_numbers)

    @property
    def output_nodes(self) -> tuple[str, ...]:
        """Names of the nodes at which a noise analysis may look: outputs, and what is held of them."""
        held = tuple(f"held{k}" for k in self.output_numbers) if self.readout.sample_hold else ()
        return (*self.outputs, *held)

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """Cards of cells and readout, each once."""
        return _each_once((*self.array.cards, *self.readout.cards))

    @property
    def description(self) -> str:
        """What the design is, in one line."""
        return f"{self.array.description}, {self.line} in {self.readout.description}"


def _each_once(cards: Sequence[ModelCard]) -> tuple[ModelCard, ...]:
    """Return the cards, each once; two different ones must not have one name."""
    found: dict[str, ModelCard] = {}
    for card in cards:
        other = found.setdefault(card.name, card)
        if other is not card and {k: v.value for k, v in other.parameters.items()} != {
            k: v.value for k, v in card.parameters.items()
        }:
            raise ParameterError(
                f"cells and readout use different cards of the name {card.name}; give one another name."
            )
    return tuple(found.values())
