"""What every dialect needs to spell a circuit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import overload

from rramcirc.circuits.elements import PerElement, Values
from rramcirc.devices.cards.model_card import ModelCard


def model_sources(cards: Iterable[ModelCard]) -> tuple[Path, ...]:
    """Return the Verilog-A files of the cards, each once."""
    paths = [Path(card.declaration.path) for card in cards if card.declaration is not None]
    return tuple(dict.fromkeys(paths))


@overload
def each(column: PerElement, count: int) -> Sequence[str]: ...
@overload
def each(column: Values | str, count: int) -> Sequence[float | str]: ...
def each(column: PerElement | Values, count: int) -> Sequence[float | str]:
    """Return one entry per element of a column that may hold one for all."""
    return [column] * count if isinstance(column, (str, float, int)) else column
