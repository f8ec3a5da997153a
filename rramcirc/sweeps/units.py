"""Units and own values of the fields that a sweep sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from rramcirc.basics.errors import ParameterError
from rramcirc.bench.file.values import declared_unit
from rramcirc.devices.cards.model_card import ModelCard

if TYPE_CHECKING:
    from rramcirc.bench.testbench import Testbench

_OWNERS = {"rram_parameters": ("rram", False), "selector_parameters": ("selector", False),
           "initial_state": ("rram", True)}  # fmt: skip


def unit_at(bench: Testbench, path: str) -> str:
    """Return the unit of a field; empty if it has none, or is of no number.

    Examples
    --------
    >>> from rramcirc.circuits.table import default_bench
    >>> bench = default_bench("cell")
    >>> [unit_at(bench, path) for path in ("temperature", "analysis.stop", "design.rram.values.ea", "name")]
    ['K', 's', 'eV', '']
    """
    thing: Any = bench
    keys = path.split(".")
    for k, key in enumerate(keys):
        rest = keys[k + 1 :]
        if isinstance(thing, ModelCard):
            return _plain(thing.parameters[rest[0]].unit) if rest and rest[0] in thing.parameters else ""
        if key in _OWNERS and len(rest) == 1:
            name, state = _OWNERS[key]
            return _declared(_card(thing, name), rest[0], state)
        if is_dataclass(thing) and not rest:
            units = {field.name: str(field.metadata.get("units", "")) for field in fields(thing)}
            unit = units.get(key, "")
            return _plain(str(getattr(thing, "unit", "V")) if unit == "V or A" else unit)
        thing = thing.get(key) if isinstance(thing, Mapping) else getattr(thing, key, None)
    return ""


def value_at(bench: Testbench, path: str) -> float | int | str | None:
    """Return the value of a field, if it is one number, text or card.

    Examples
    --------
    >>> from rramcirc.circuits.table import default_bench
    >>> [value_at(default_bench("cell"), path) for path in ("temperature", "design.rram", "design.rram.values.ea")]
    [300.15, 'hfo2_filament', 1.2]
    """
    thing: Any = bench
    keys = [key for key in path.split(".") if key]
    for k, key in enumerate(keys):
        if isinstance(thing, ModelCard):
            rest = keys[k + 1 :]
            thing = thing.parameters[rest[0]].value if rest and rest[0] in thing.parameters else None
            break
        owner = thing
        thing = thing.get(key) if isinstance(thing, Mapping) else getattr(thing, key, None)
        if key in _OWNERS and keys[k + 1 :] and keys[k + 1] not in (thing or {}):
            name, state = _OWNERS[key]
            card, own = _card(owner, name), f"{keys[k + 1]}_ini" if state else keys[k + 1]
            thing = card.parameters[own].value if card and own in card.parameters else None
            break
    if isinstance(thing, ModelCard):
        return thing.name
    return thing if isinstance(thing, (float, int, str)) else None


def _card(design: object, name: str) -> ModelCard | None:
    """Return a card of a cell, or of the cell of an array."""
    found: ModelCard | None = getattr(design, name, None) or getattr(getattr(design, "cell", None), name, None)
    return found


def _declared(card: ModelCard | None, name: str, state: bool) -> str:
    try:
        return "" if card is None else _plain(declared_unit(card, name, state))
    except ParameterError:
        return ""


def _plain(unit: str) -> str:
    return "" if unit == "1" else unit
