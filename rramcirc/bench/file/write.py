"""Testbenches as plain tables: written as TOML, and single values set by path; `read` reads them."""

from __future__ import annotations

import copy
import re
import tomllib
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

from rramcirc.basics import paths
from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, a_kind, cannot_write, unknown_name
from rramcirc.basics.field_texts import is_default
from rramcirc.basics.files import parse_toml
from rramcirc.bench.design import Design
from rramcirc.bench.testbench import Testbench
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.cards.model_card import ModelCard

LONGEST_LIST = 100  # arrays with more values go to a file of their own


@lru_cache(maxsize=64)
def field_types(record: type[Any]) -> dict[str, Any]:
    """Return the types of a record's fields, names resolved."""
    return get_type_hints(record)


def alternatives(hint: Any) -> tuple[Any, ...]:
    """Return the members of a union, without None; of any other type itself."""
    members = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    return tuple(m for m in members if m is not types.NoneType)


def record_types(hint: Any, kinds: Sequence[type] = ()) -> dict[str, type]:
    """Return the records that a field may hold, by the ``type`` a file gives: the class name in snake_case.

    Parameters
    ----------
    hint
        Type of the field.
    kinds
        Records of the circuits that a testbench may have, for the field of type `Design`.

    Examples
    --------
    >>> from rramcirc.bench.analyses import DcSweep, Transient
    >>> list(record_types(DcSweep | Transient))
    ['dc_sweep', 'transient']
    """
    found = kinds if hint is Design else alternatives(hint)
    return {type_name(m): m for m in found if isinstance(m, type) and is_dataclass(m) and m is not ModelCard}


def type_name(record: type) -> str:
    """Return what a file gives as the ``type`` of a record: its class name in snake_case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", record.__name__).lower()


def is_required(field: Field[Any]) -> bool:
    """Return whether a record cannot be made without this field."""
    return field.default is MISSING and field.default_factory is MISSING


def save_bench(bench: Testbench, path: str | Path) -> None:
    """Write a testbench as a TOML file; arrays of more than 100 values become ``.npy`` files beside it.

    Parameters
    ----------
    bench
        What to write. Fields at their default are left out; all numbers are in SI units, states in their own.
    path
        The TOML file; the names of the array files begin with its stem.

    Raises
    ------
    ParameterError
        If a file cannot be written, or a card differs from its file in more than its values.
    """
    import tomli_w

    if not isinstance(path, (str, Path)):
        raise ParameterError(f"save_bench: {a_kind(path)} is no path of a file.")
    path, arrays = Path(path), dict[str, FloatArray]()
    mapping = bench_to_mapping(bench, arrays, path.parent, prefix=f"{path.stem}-")
    text = re.sub(r"\[\n(?: +[-+.\de]+,\n)+ *\]", _one_line, tomli_w.dumps(mapping))
    try:
        for name, array in arrays.items():
            np.save(path.parent / name, array, allow_pickle=False)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise cannot_write(error.filename or path, error) from error


def _one_line(numbers: re.Match[str]) -> str:
    return "[" + ", ".join(re.findall(r"[^][\s,]+", numbers[0])) + "]"


def bench_to_mapping(
    bench: Testbench, arrays: dict[str, FloatArray], folder: Path | None = None, prefix: str = ""
) -> dict[str, Any]:
    """Return a testbench as tables of plain values, as its TOML file holds them.

    Parameters
    ----------
    bench
        What to describe.
    arrays
        Gets the arrays of more than 100 values, by file name; the tables refer to them as ``{file = name}``.
    folder
        Cards in files of this folder are named relative to it; without it, by their whole path.
    prefix
        Beginning of the file names.

    Raises
    ------
    ParameterError
        If a card differs from its file in more than its values.
    """
    if not isinstance(bench, Testbench):
        raise ParameterError(f"{a_kind(bench)} is no Testbench.")
    table = _Writer(arrays, folder, prefix).table(bench, ())
    return {**({"name": table["name"]} if "name" in table else {}), **table}


class _Writer:
    """Turns records into tables; large arrays are put aside."""

    def __init__(self, arrays: dict[str, FloatArray], folder: Path | None, prefix: str):
        self.arrays, self.folder, self.prefix = arrays, folder, prefix

    def table(self, record: Any, place: tuple[str, ...]) -> dict[str, Any]:
        hints = field_types(record.__class__)
        return {
            field.name: self.value(getattr(record, field.name), hints[field.name], (*place, field.name))
            for field in fields(record)
            if field.init and not is_default(field, getattr(record, field.name))
        }

    def value(self, value: Any, hint: Any, place: tuple[str, ...]) -> Any:
        if isinstance(value, ModelCard):
            return self.card(value)
        if is_dataclass(value):
            kind = {"type": type_name(type(value))} if hint is Design or len(record_types(hint)) > 1 else {}
            return {**kind, **self.table(value, place)}
        if isinstance(value, Mapping):
            inner = get_args(alternatives(hint)[0])[1]
            return {str(key): self.value(item, inner, (*place, str(key))) for key, item in value.items()}
        if isinstance(value, np.ndarray) and value.ndim:
            return self.array(value, place)
        if isinstance(value, (list, tuple)):
            inner = get_args(alternatives(hint)[0])[0]
            return [self.value(item, inner, (*place, str(k))) for k, item in enumerate(value)]
        return value.item() if isinstance(value, (np.generic, np.ndarray)) else value

    def array(self, array: FloatArray, place: tuple[str, ...]) -> Any:
        if array.ndim > 1 and np.all(array == array.flat[0]):
            return array.flat[0].item()  # one number for all cells
        if array.size <= LONGEST_LIST:
            return array.tolist()
        name = f"{self.prefix}{'-'.join(place[1:] if place[0] == 'design' else place)}.npy"
        self.arrays[name] = array
        return {"file": name}

    def card(self, card: ModelCard) -> str | dict[str, Any]:
        path = card.path.resolve()
        name = str(path)
        if path.parent == paths.models_folder().resolve():
            name = path.stem
        elif self.folder is not None and path.is_relative_to(self.folder.resolve()):
            name = str(path.relative_to(self.folder.resolve()))
        original = load_card(path if name != path.stem else name)
        now, then = ({n: v.value for n, v in c.parameters.items()} for c in (card, original))
        changed = {n: value for n, value in now.items() if n not in then or then[n] != value}
        if not changed and now == then:
            return name
        if {n: v.value for n, v in original.with_values(changed).parameters.items()} != now:
            raise ParameterError(
                f"card {card.name} lacks values of its file {card.path}, which a testbench file cannot say. "
                "Write a card file of its own."
            )
        return {"card": name, "values": {n: v.item() if isinstance(v, np.generic) else v for n, v in changed.items()}}


def set_values(mapping: Mapping[str, Any], settings: Sequence[str], kinds: Sequence[type] = ()) -> dict[str, Any]:
    """Return the tables of a testbench with some values set, as ``--set path=value`` does.

    Parameters
    ----------
    mapping
        The tables, as from `tomllib`; they stay as they are.
    settings
        ``path=value`` each; the value is a TOML literal if it can be read as one, else text. A new ``type`` of a table
        drops the keys that it does not know. Types are set first, whatever the order.

    kinds
        Records of the circuits that a testbench may have.

    Raises
    ------
    ParameterError
        If there is no such path; with the nearest names.

    Examples
    --------
    >>> set_values({"analysis": {"type": "transient", "stop": 1e-6}}, ["analysis.stop=2u"])
    {'analysis': {'type': 'transient', 'stop': '2u'}}
    """
    if not isinstance(mapping, Mapping) or isinstance(settings, str) or not isinstance(settings, Sequence):
        raise ParameterError("set_values: give the tables of a testbench and a list of path=value.")
    result, parsed = copy.deepcopy(dict(mapping)), []
    for setting in settings:
        path, equals, text = str(setting).partition("=")
        keys = [key.strip() for key in path.split(".")]
        if not equals or not all(keys):
            raise ParameterError(f"--set {setting}: write path=value, for example design.bl.resistance=2.5.")
        parsed.append((keys, text.strip()))
    for keys, text in sorted(parsed, key=lambda p: p[0][-1] != "type"):
        try:
            _put(result, Testbench, keys, text, kinds)
        except ParameterError as error:
            raise ParameterError(f"--set {'.'.join(keys)}: {error}") from None
    return result


def _literal(text: str, hint: Any) -> Any:
    try:
        found = parse_toml(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    value = found["value"] if len(found) == 1 else text
    return text if alternatives(hint) == (str,) and not isinstance(value, str) else value


def _put(table: dict[str, Any], hint: Any, keys: list[str], text: str, kinds: Sequence[type]) -> None:
    """Set one value; tables on the way that are not there yet are made."""
    key, *rest = keys
    inner = _type_of_key(table, hint, key, kinds)
    if not rest:
        table[key] = _literal(text, inner)
        if key == "type" and (record := record_types(hint, kinds).get(str(table[key]))):
            for other in set(table) - set(field_types(record)) - {"type"}:
                del table[other]
        return
    child = table.get(key)
    if not isinstance(child, dict):
        if not _holds_keys(inner, kinds):
            raise ParameterError(f"{key!r} is a single value, it has no {rest[0]!r}.")
        child = {"card": child} if ModelCard in alternatives(inner) and isinstance(child, str) else {}
        table[key] = child
    _put(child, inner, rest, text, kinds)


def _holds_keys(hint: Any, kinds: Sequence[type]) -> bool:
    """Return whether a value of this type may be a table."""
    kind = alternatives(hint)[0]
    return (
        kind in (Any, ModelCard, np.ndarray)
        or get_origin(kind) in (Mapping, np.ndarray)
        or bool(record_types(hint, kinds))
    )


def _type_of_key(table: Mapping[str, Any], hint: Any, key: str, kinds_of_design: Sequence[type]) -> Any:
    """Return what a key of a table may hold.

    Raises
    ------
    ParameterError
        If the table cannot have that key.
    """
    kinds = record_types(hint, kinds_of_design)
    if kinds:
        chosen = kinds.get(str(table.get("type")))
        known = {n: t for kind in ([chosen] if chosen else kinds.values()) for n, t in field_types(kind).items()}
        known |= {"type": str} if len(kinds) > 1 else {}
    elif ModelCard in alternatives(hint):
        known = {"card": str, "values": Mapping[str, Any]}
    else:
        arguments = get_args(alternatives(hint)[0])
        return arguments[1] if get_origin(alternatives(hint)[0]) is Mapping and len(arguments) == 2 else Any
    if key not in known:
        raise ParameterError(unknown_name("key", key, known))
    return known[key]
