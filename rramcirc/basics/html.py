"""HTML that notebooks show in place of a `repr`: tables of names, values and units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from html import escape
from typing import Any

from rramcirc.basics.errors import a_kind, shown
from rramcirc.basics.units import format_number

MOST_ROWS = 12
LONGEST = 90  # text of a field that is a record


def html_table(heads: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """Return a table; every text is escaped.

    Examples
    --------
    >>> html_table(["a"], [["1 < 2"]])
    '<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>1 &lt; 2</td></tr></tbody></table>'
    """
    top = f"<caption>{escape(caption)}</caption>" if caption else ""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    return f"<table>{top}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def quantity_table(quantities: Mapping[str, tuple[float, str]], caption: str = "") -> str:
    """Return a table of quantity -> (value, unit)."""
    rows = [(name, format_number(value, "" if unit == "1" else unit)) for name, (value, unit) in quantities.items()]
    return html_table(("quantity", "value"), rows, caption)


def fields_table(record: object) -> str:
    """Return a table of the fields of a record: name, value, unit and what it is."""
    if not is_dataclass(record):
        return f"<code>{escape(shown(record))}</code>"
    rows = [
        (f.name, field_text(getattr(record, f.name)), f.metadata.get("units", ""), f.metadata.get("desc", ""))
        for f in fields(record)
        if f.repr
    ]
    return html_table(("field", "value", "unit", "meaning"), rows, type(record).__name__)


def field_text(value: Any) -> str:
    """Return the value of a field in a few words.

    Examples
    --------
    >>> field_text(2.5e-9), field_text("last"), field_text(None)
    ('2.5e-09', 'last', 'none')
    """
    if value is None:
        return "none"
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int | float):
        return f"{value:g}"
    if isinstance(getattr(value, "shape", None), tuple) and hasattr(value, "dtype"):
        return f"array {value.shape}" if value.size > 1 else f"{value.item():g}"
    if isinstance(value, Mapping):
        names = [str(name) for name in value]
        return ", ".join(names[:6]) + (", ..." if len(names) > 6 else "") if names else "none"
    if is_dataclass(value) and not isinstance(value, type):
        text = repr(value)
        return text if len(text) <= LONGEST else a_kind(value)
    return shown(value)
