"""The models of a netlist's cards: ``.model`` lines, of design kits those that the transistors need."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from rramcirc.basics.errors import NetlistError, ParameterError
from rramcirc.devices.cards.kit import needed_lines, read_kit
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.engines.ngspice.allowed import MODEL_TYPES
from rramcirc.engines.ngspice.words import number, wrap


def model_lines(card: ModelCard) -> Iterator[str]:
    """Return the .model (or .lib) lines of a card; of a design kit's the models that its transistors need."""
    if card.library is not None:
        yield f"* card {card.name}: {' '.join(card.title.split())}"
        yield from library_lines(card)
        return
    kind = card.module or card.spice
    own = [f"{k}={number(v.value)}" for k, v in card.parameters.items() if not v.instance]
    yield f"* card {card.name}: {' '.join(card.title.split())}"
    yield from wrap([".model", card.name, str(kind), *own])


def library_lines(card: ModelCard) -> list[str]:
    """Return the models of a design kit that a card's transistors need, or the line that reads its file.

    Raises
    ------
    NetlistError
        If the kit has no model for their size.
    """
    kit = card.library
    assert kit is not None
    if kit.verilog_a is None:
        models = [model for bins in read_kit(kit.path, kit.section).models.values() for model in bins]
        _check_types(card, {model.kind.lower() for model in models})
    w, length = card.parameters.get("w"), card.parameters.get("l")
    if kit.prefix == "M" and w is not None and length is not None:
        try:
            found = needed_lines(kit.path, kit.section, kit.device, float(w.value), float(length.value))
        except ParameterError as error:
            raise NetlistError(f"card {card.name}: {error}") from None
        if found:
            section = f", section {kit.section}" if kit.section else ""
            return [f"* of {kit.path.name}{section}, for w and l as here", *found]
    return [f'.lib "{kit.path}" {kit.section}' if kit.section else f'.include "{kit.path}"']


def _check_types(card: ModelCard, kinds: Collection[str]) -> None:
    """Raise NetlistError if a kit has models of types only that ngspice does not have."""
    if kinds and MODEL_TYPES.isdisjoint(kinds):
        raise NetlistError(
            f"card {card.name}: the models are of the type {', '.join(sorted(kinds)[:3])}, which ngspice does not have "
            'itself: name its Verilog-A file in a card, library = {path = ..., verilog_a = "FILE.va"}.'
        )
