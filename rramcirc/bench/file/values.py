"""What single values of a testbench file mean: numbers, arrays, texts, and what to say of those that mean nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from pathlib import Path
from typing import Any, get_origin

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, unknown_name
from rramcirc.basics.field_texts import meaning
from rramcirc.basics.units import UNIT_SPELLINGS, parse_number
from rramcirc.bench.file.write import alternatives, is_required, record_types
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.cards.values import read_quantity

BROKEN: Any = object()  # stands for a value that has mistakes
STATE_FIELDS = ("initial_state", "excitatory_state", "inhibitory_state", "state")
SIDES = (("rows", "columns"), ("neurons", "neurons"), ("inputs", "outputs"))  # fields that give the shape of arrays


@dataclass(frozen=True)
class About:
    """What a value is understood from: unit (None if a mistake elsewhere hides it), and what it belongs to.

    `shape` is that of the crossbar; empty if that is not known, None if the record is no crossbar. `declared` says that
    the unit is that of a Verilog-A parameter, `choice` that the record has a `unit` of its own.
    """

    unit: str | None = ""
    declared: bool = False
    choice: bool = False
    card: ModelCard | None = None
    states: bool = False
    shape: tuple[int, ...] | None = None


def about_field(
    field: Field[Any], known: Mapping[str, Field[Any]], table: Mapping[str, Any], values: Mapping[str, Any]
) -> About:
    """Return what the field, and the fields of the record before it, say about a value."""
    unit, choice = field.metadata.get("units", ""), False
    if " or " in unit:  # the record's own `unit` decides
        own, choice = table.get("unit", known["unit"].default), True
        unit = own if own in unit.split(" or ") else None
    shape: tuple[int, ...] | None = None
    for sides in SIDES:
        if set(sides) <= set(known):
            sizes = tuple(values.get(side, 0) for side in sides)
            shape = sizes if min(sizes) > 0 else ()
    states = field.name in STATE_FIELDS
    if not states and not field.name.endswith("_parameters"):
        return About(unit, choice=choice, shape=shape)
    role = "selector" if field.name == "selector_parameters" else "rram"
    card = values.get(role, getattr(values.get("cell"), role, None))
    return About(unit if card else None, card=card, states=states, shape=shape)


def declared_unit(card: ModelCard, name: str, state: bool) -> str:
    """Return the unit of a state or instance parameter of a card's device."""
    if state and name not in card.states:
        raise ParameterError(f"card {card.name}: {unknown_name('state', name, card.states)}")
    if card.declaration is None:
        return card.parameters[name].unit if name in card.parameters else ""
    known = card.declaration.parameters
    own = f"{name}_ini" if state else name
    if own not in known:
        listed = [p.name for p in known.values() if p.instance]
        raise ParameterError(f"card {card.name}: {unknown_name('instance parameter', name, listed)}")
    return known[own].unit


def find_blame(record: type, values: Mapping[str, Any], message: str) -> tuple[tuple[str, ...], str]:
    """Return the place inside a record that its message is about, and the message without that place."""
    place: tuple[str, ...] = ()
    start = re.match(rf"{record.__name__}((?:\.\w+)*)(?:\[[^\]]*\])?:? ", message)
    text = message
    if start:
        place, text = tuple(start[1].split(".")[1:]), message[start.end() :]
    if len(place) > 1:
        return place, text
    # which entry of a table is it about? The one named first
    searched = re.sub(r"^card \S+: ", "", message)
    named = []
    for field, table in values.items():
        for entry in table if isinstance(table, dict) and place in ((), (field,)) else ():
            found = re.search(rf"(?<!\w){re.escape(entry)}(?:_ini)?(?!\w)", searched)
            named += [(found.start(), (field, entry))] if found else []
    return (min(named)[1] if named else place), text


def stand_in(field: Field[Any], hint: Any, kinds: Sequence[type]) -> Any:
    """Return what a field with a mistake may hold while other mistakes are looked for, or BROKEN."""
    kind = alternatives(hint)[0]
    if not is_required(field):
        # the default of a number or a table of them says nothing wrong about other fields; that of a card might
        plain = kind in (float, int, str, np.ndarray) or get_origin(kind) in (np.ndarray, Mapping, tuple)
        default = field.default if field.default_factory is MISSING else field.default_factory()
        return default if plain else BROKEN
    records = record_types(hint, kinds)
    without_fields = [record for record in records.values() if not fields(record)]
    return without_fields[0]() if without_fields else BROKEN


def needed(field: Field[Any], hint: Any, kinds: Sequence[type]) -> str:
    """Say what a missing field would be, with its unit, or the types of its table."""
    text = meaning(field.metadata)
    records = record_types(hint, kinds)
    return f"{text}, a table with type = {' or '.join(shown(r) for r in records)}" if len(records) > 1 else text


def shown(value: Any) -> str:
    """Write a value as the file has it, shortened."""
    text = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def quoted(message: str, value: Any) -> str:
    return message.replace(repr(value), shown(value)) if isinstance(value, str) else message


def as_table(given: Any, place: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise ParameterError(f"{shown(given)} is no table; write [{'.'.join(place)}].")
    return given


def text_value(given: Any) -> str:
    if not isinstance(given, str):
        raise ParameterError(f"{shown(given)} is no text.")
    return given


def one_of_values(allowed: tuple[Any, ...], given: Any) -> Any:
    if isinstance(given, bool) or not isinstance(given, (str, int)) or given not in allowed:
        raise ParameterError(f"{shown(given)} is not one of {', '.join(map(str, allowed))}.")
    return given


def number_value(given: Any, about: About) -> float | int:
    """Return a finite number in the unit of the field."""
    if isinstance(given, bool) or not isinstance(given, (int, float, str)):
        raise ParameterError(f"{shown(given)} is no number{f' in {about.unit}' if about.unit else ''}.")
    plain = "" if about.unit == "1" else about.unit or ""
    try:
        if isinstance(given, str) and plain != "A" and re.search(r"\d\s*A\s*$", given):  # no 1e-18 as in SPICE
            wanted = f"a number in {plain}" if plain else "no unit"
            raise ParameterError(f"{shown(given)} is in A, but {wanted} is expected.")
        if about.declared or (plain and plain not in UNIT_SPELLINGS.values()):
            value = read_quantity(given, plain, "value")
        else:
            value = given if isinstance(given, int) else parse_number(given, plain, "value")
    except ParameterError as error:
        hint = f' The unit of the table is {plain}; unit = "V" or "A" sets it.' if about.choice else ""
        raise ParameterError(quoted(str(error).removeprefix("value: "), given) + hint) from None
    if not math.isfinite(value):
        raise ParameterError(f"{shown(given)} is no finite number.")
    return value


def truth_value(given: Any) -> bool:
    if not isinstance(given, bool):
        raise ParameterError(f"{shown(given)} is neither true nor false.")
    return given


def whole_value(given: Any, about: About) -> int:
    value = number_value(given, about)
    if value % 1:
        raise ParameterError(f"{shown(given)} is no whole number.")
    return int(value)


def array_value(given: Sequence[Any], about: About) -> FloatArray:
    """Return an array from nested lists; the first element that is no number is named."""

    def numbers(item: Any, index: tuple[int, ...]) -> Any:
        if isinstance(item, (list, tuple)):
            return [numbers(inner, (*index, k)) for k, inner in enumerate(item)]
        try:
            return number_value(item, about)
        except ParameterError as error:
            raise ParameterError(f"[{','.join(map(str, index))}]: {error}") from None

    try:
        return np.array(numbers(given, ()), dtype=float)
    except ParameterError:
        raise
    except ValueError:
        raise ParameterError("the rows of the array are not equally long.") from None


def read_npy(folder: Path, given: Mapping[str, Any]) -> FloatArray:
    """Return the numbers of an ``.npy`` file."""
    name = given["file"]
    if len(given) != 1 or not isinstance(name, str):
        raise ParameterError('write {file = "name.npy"}.')
    try:
        with open(folder / name, "rb") as file:
            array = np.lib.format.read_array(file, allow_pickle=False)
    except OSError as error:
        raise ParameterError(f"cannot read {folder / name} ({error.strerror}).") from error
    except (ValueError, EOFError) as error:
        raise ParameterError(f"{folder / name} is no .npy file of numbers.") from error
    if array.dtype.kind not in "iuf":
        raise ParameterError(f"{folder / name} holds {array.dtype}, not numbers.")
    return array.astype(float)
