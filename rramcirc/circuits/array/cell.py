"""The 1T1R or 1R cell."""

from __future__ import annotations

from collections.abc import Mapping

from rramcirc.basics.checks import check_only_one, check_scalars
from rramcirc.basics.errors import ParameterError
from rramcirc.basics.fields import Kept, number, other, record, table
from rramcirc.bench.design import Design
from rramcirc.devices.cards.checks import as_card, check_instance_values, check_spread, check_states
from rramcirc.devices.cards.model_card import ModelCard


@record
class Cell(Design):
    """A 1T1R cell, or a 1R cell without selector.

    ::

        BL --- TE [RRAM] BE --- drain [selector] source --- SL
                                      gate --- WL, bulk

    Without selector the bottom electrode is the row line WL itself. SET is positive V(TE, BE).
    """

    rram: Kept[ModelCard, ModelCard | str] = other("card of the RRAM device")
    selector: Kept[ModelCard | None, ModelCard | str | None] = other(
        "card of the select transistor; none is a 1R cell", default=None
    )
    initial_state: Mapping[str, float] = table("state name -> value, in the unit of the state", default_factory=dict)
    initial_conductance: float | None = number(
        "conductance at 0.1 V that fixes the initial state", "S", default=None, above=0.0, unit_told=False
    )
    rram_parameters: Mapping[str, float] = table("instance parameters of the RRAM", default_factory=dict)
    selector_parameters: Mapping[str, float] = table(
        "instance parameters of the selector, for example w and l", default_factory=dict
    )

    def _check(self) -> None:
        object.__setattr__(self, "rram", as_card("Cell.rram", self.rram))
        object.__setattr__(self, "selector", as_card("Cell.selector", self.selector))
        if self.rram is None or self.rram.module is None:
            raise ParameterError(
                "Cell.rram: the RRAM needs a card with a Verilog-A module; `rramcirc cards` lists them."
            )
        for name in ("initial_state", "rram_parameters", "selector_parameters"):
            check_scalars(f"Cell.{name}", getattr(self, name))
        states = check_states(self.rram, self.initial_state, "Cell.initial_state")
        object.__setattr__(self, "initial_state", {name: value.item() for name, value in states.items()})
        spread = check_spread("Cell.rram_parameters", self.rram, self.rram_parameters)
        object.__setattr__(self, "rram_parameters", {name: value.item() for name, value in spread.items()})
        self._check_selector()
        check_only_one("Cell", self.initial_state, self.initial_conductance)

    def _check_selector(self) -> None:
        card = self.selector
        if card is None:
            if self.selector_parameters:
                raise ParameterError("Cell.selector_parameters: given, but the cell has no selector.")
            return
        if (card.declaration and len(card.declaration.ports) != 4) or card.spice not in (None, "nmos", "pmos"):
            raise ParameterError(f"Cell.selector: card {card.name} is no transistor with drain, gate, source and bulk.")
        values = check_instance_values("Cell.selector_parameters", card, self.selector_parameters)
        object.__setattr__(self, "selector_parameters", {name: value.item() for name, value in values.items()})

    @property
    def states(self) -> tuple[str, ...]:
        """Names of the RRAM's states."""
        return self.rram.states

    @property
    def lines(self) -> tuple[str, ...]:
        """Names of the lines that a testbench may drive."""
        return ("bl", "wl", "sl", "bulk", "nz") if self.selector else ("bl", "wl", "nz")

    @property
    def electrodes(self) -> tuple[str, ...]:
        """Lines between which the RRAM lies, with the selector in series."""
        return ("bl", "sl") if self.selector else ("bl", "wl")

    @property
    def joined_lines(self) -> tuple[tuple[str, ...], ...]:
        """Groups of lines between which current can flow."""
        return ((*self.electrodes, "bulk") if self.selector else self.electrodes,)

    @property
    def line_kinds(self) -> tuple[str, ...]:
        """Names that mean all lines of one kind: none, a cell has one of each."""
        return ()

    @property
    def description(self) -> str:
        """What the design is, in one line."""
        return f"{self.kind} cell, {self.card_names}"

    @property
    def kind(self) -> str:
        """``"1T1R"`` or ``"1R"``."""
        return "1T1R" if self.selector else "1R"

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """Cards of all its devices, each once."""
        return (self.rram,) if self.selector is None else (self.rram, self.selector)

    @property
    def card_names(self) -> str:
        """Names of its cards."""
        return self.rram.name + (f" + {self.selector.name}" if self.selector else "")
