"""What every dialect needs to spell a circuit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rramcirc.devices.cards.model_card import ModelCard


def model_sources(cards: Iterable[ModelCard]) -> tuple[Path, ...]:
    """Return the Verilog-A files of the cards, each once."""
    paths = [Path(card.declaration.path) for card in cards if card.module]
    return tuple(dict.fromkeys(paths))


def each(column: str | float | Sequence, count: int) -> Sequence:
    """Return one entry per element of a column that may hold one for all."""
    return [column] * count if isinstance(column, (str, float, int)) else column
