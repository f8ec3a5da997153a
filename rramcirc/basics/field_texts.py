"""Texts about the fields of records: bounds in words, help of a class, short text of a record."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin

import numpy as np

from rramcirc.basics.errors import shown

LONGEST_TEXT = 120  # of a record's repr


def bounds_text(about: Mapping[str, Any]) -> str:
    """Return the bounds of a field in words; empty if it has none.

    Examples
    --------
    >>> bounds_text({"low": 0.0, "low_open": True, "high": 1.0})
    'above 0 and at most 1'
    """
    low, high = about.get("low"), about.get("high")
    words = [] if low is None else [f"{'above' if about.get('low_open') else 'at least'} {low:g}"]
    words += [] if high is None else [f"{'below' if about.get('high_open') else 'at most'} {high:g}"]
    return " and ".join(words)


def field_text(about: Mapping[str, Any]) -> str:
    """Return what a field is in one line: meaning, unit, bounds, where its default comes from.

    Examples
    --------
    >>> field_text({"desc": "supply voltage", "units": "V", "low": 0.0, "low_open": True})
    'supply voltage [V], above 0'
    """
    return ", ".join(words for words in (meaning(about), bounds_text(about), about.get("status")) if words)


def meaning(about: Mapping[str, Any]) -> str:
    """Return what a field is, with its unit."""
    desc, unit = about.get("desc", ""), about.get("units", "1")
    return f"{desc} [{unit}]" if unit != "1" else f"{desc}"


def is_default(of: Field[Any], value: object) -> bool:
    """Return whether a field of a record has its default; an array never counts as one."""
    if isinstance(value, np.ndarray) or (of.default is MISSING and of.default_factory is MISSING):
        return False
    default = of.default if of.default_factory is MISSING else of.default_factory()
    return value is default or bool(value == default)


def short_text(self: Any) -> str:
    """Return the class and the fields that differ from their defaults, arrays by their shape, cards by their name."""
    values = [(of, getattr(self, of.name)) for of in fields(self)]
    texts = {of.name: _brief(value) for of, value in values if not is_default(of, value)}
    # a card may be given by its name
    told = [f"{of.name}={texts[of.name]}" for of, _ in values if texts.get(of.name, "") not in ("", _brief(of.default))]
    while len(text := f"{type(self).__name__}({', '.join(told)})") > LONGEST_TEXT and len(told) > 1:
        told[-2:] = ["..."]
    return text


def _brief(value: Any) -> str:
    """Return a value as the text of a record shows it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        return f"<{' x '.join(map(str, value.shape))} array>" if value.ndim else _brief(value.item())
    if isinstance(value, Mapping):
        return _few([f"{key!r}: {_brief(item)}" for key, item in _first(value.items())], len(value), "{}")
    if isinstance(value, (tuple, list)):
        return _few([_brief(item) for item in _first(value)], len(value), "()")
    if is_dataclass(value) and not hasattr(value, "__field_checks__"):
        name = getattr(value, "name", None)
        return repr(name) if isinstance(name, str) else f"{type(value).__name__}(...)"
    if is_dataclass(value) and len(repr(value)) > LONGEST_TEXT // 2:
        return f"{type(value).__name__}(...)"
    return repr(value) if is_dataclass(value) else shown(value)


def _first(values: Iterable[Any], count: int = 4) -> list[Any]:
    return [value for value, _ in zip(values, range(count), strict=False)]


def _few(texts: list[str], count: int, brackets: str) -> str:
    """Return a short list in brackets, of a long one only how many there are."""
    inner = ", ".join(texts) + ("," if count == 1 and brackets == "()" else "")
    if count > len(texts) or len(inner) > LONGEST_TEXT // 2:
        inner = f"{count} values"
    return f"{brackets[0]}{inner}{brackets[1]}"


def text_with_fields(doc: str, record: Any, notes: Mapping[str, Any]) -> str:
    """Return the text of a class with a list of its fields, before its references and examples."""
    lines = []
    for of in fields(record):
        about = field_text(of.metadata)
        lines += [_type_text(of, notes.get(of.name)), *_indented(f"{about[:1].upper()}{about[1:]}.")]
    if not lines:
        return doc
    section = "\n".join(["Parameters", "----------", *lines])
    at = re.search(r"^(?:References|Examples|Notes)\n-+$", doc, re.MULTILINE)
    return f"{doc}\n\n{section}" if at is None else f"{doc[: at.start()]}{section}\n\n{doc[at.start() :]}"


def _indented(text: str) -> list[str]:
    if len(text) <= 108:
        return [f"    {text}"]
    return textwrap.wrap(text, 112, initial_indent="    ", subsequent_indent="    ")


def _type_text(of: Field[Any], note: Any) -> str:
    """Return name, type and default of a field as the list of fields has them."""
    members = get_args(note) if get_origin(note) in (Union, UnionType) else (note,)
    names = {"number": "float", "whole": "int", "flag": "bool", "text": "str"}
    said = names.get(of.metadata.get("kind", ""))
    if of.metadata.get("kind") == "choice":
        said = f"{{{', '.join(map(repr, get_args(note)))}}}"
    if said is None:
        said = _given_type(of.type).replace(" | ", " or ")
    elif type(None) in members:
        said += " or None"
    default = of.default if of.default_factory is MISSING else of.default_factory()
    return f"{of.name} : {said}" + ("" if default is MISSING else f", default {_brief(default)}")


def _given_type(note: Any) -> str:
    """Return what may be given for a field of a type as its record writes it; for ``Kept[A, B]`` that is B."""
    text = note if isinstance(note, str) else getattr(note, "__name__", str(note))
    if text.startswith("Kept["):
        parsed: Any = ast.parse(text, mode="eval").body
        return ast.unparse(parsed.slice.elts[1])
    return f"{text}"
