"""What a testbench asks of a circuit's record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from rramcirc.devices.cards.model_card import ModelCard


@runtime_checkable
class Design(Protocol):
    """A circuit that a testbench can drive: a frozen dataclass of its geometry, cards and initial states.

    A record that inherits from this class need only say `lines` and `description`; the rest has defaults. One that does
    not inherit says all of it.
    """

    @property
    def lines(self) -> tuple[str, ...]:
        """Names of the lines that a testbench may drive."""
        ...

    @property
    def description(self) -> str:
        """What the design is, in one line."""
        ...

    @property
    def line_kinds(self) -> tuple[str, ...]:
        """Names that mean all lines of one kind, for example ``bl`` for ``bl0``, ``bl1``..."""
        return ()

    @property
    def required_lines(self) -> tuple[str, ...]:
        """Lines that do nothing useful at 0 V and must therefore have a stimulus."""
        return ()

    @property
    def taken_lines(self) -> Mapping[str, str]:
        """Lines of its parts that cannot be driven, with the reason."""
        return {}

    @property
    def output_nodes(self) -> tuple[str, ...]:
        """Names of the nodes besides the lines at which a noise analysis may look."""
        return ()

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """Cards of all its devices, each once."""
        return ()
