"""Fields of records: meaning, unit and bounds of each are said once; the check, the help and the texts are made of it.

A record is a frozen dataclass whose fields are declared by what they hold, `number`, `whole`, `choice`..., and whose
method ``_check`` looks at several fields together::

    @record
    class Line:
        resistance: float = number("of one segment; 0 is a perfect wire", "ohm", default=0.0, low=0.0)
        end: Literal["first", "last", "both"] = choice("end at which the driver sits", default="first")
"""

from __future__ import annotations

import functools
import inspect
import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from types import UnionType
from typing import Any, TypeVar, dataclass_transform, get_args, get_origin

import numpy as np

from rramcirc.basics.checks import check_choice, check_mapping
from rramcirc.basics.errors import ParameterError, shown, unknown_name
from rramcirc.basics.units import number_from_zero, positive_number, real_number, whole_number

Check = Callable[[object], object]
_Record = TypeVar("_Record")
_LARGEST = sys.float_info.max
LONGEST_TEXT = 120  # of a record's repr


class UnknownField(ParameterError, TypeError):
    """A record was given a field that it does not have."""


# What fields hold ----------------------------------------------------------------------------------------------------


def _declared(
    kind: str, desc: str, units: str, default: object, factory: Callable[[], object] | None = None, **more: object
) -> Any:
    about: dict[str, object] = {"desc": desc, "kind": kind, **({"units": units} if units else {})}
    about |= {name: value for name, value in more.items() if value is not None and value is not False and value != ""}
    if factory is not None:
        return field(default_factory=factory, metadata=about)
    return field(default=default, metadata=about)


def number(
    desc: str,
    units: str = "1",
    *,
    default: object = MISSING,
    low: float | None = None,
    above: float | None = None,
    high: float | None = None,
    below: float | None = None,
    status: str = "",
    unit_told: bool = True,
) -> Any:
    """Declare a finite number.

    Parameters
    ----------
    desc
        What it is.
    units
        Its unit; ``"1"`` is none.
    default
        Without one the field must be given.
    low, above, high, below
        Bounds; `low` and `high` themselves are allowed, `above` and `below` are not.
    status
        Where the default comes from: published, fitted or assumed.
    unit_told
        Whether the error of a number that is too small names the unit.
    """
    return _declared(
        "number", desc, units, default, status=status, unit_kept=not unit_told,
        low=low if above is None else above, low_open=above is not None,
        high=high if below is None else below, high_open=below is not None,
    )  # fmt: skip


def whole(desc: str, units: str = "1", *, default: object = MISSING, low: int = 0, high: int | None = None) -> Any:
    """Declare a whole number from `low` to `high`."""
    return _declared("whole", desc, units, default, low=low, high=high)


def choice(desc: str, *, default: object = MISSING) -> Any:
    """Declare one of the texts of the field's ``Literal``."""
    return _declared("choice", desc, "", default)


def flag(desc: str, *, default: object = MISSING) -> Any:
    """Declare a truth value."""
    return _declared("flag", desc, "", default)


def text(desc: str, *, default: object = MISSING) -> Any:
    """Declare a text."""
    return _declared("text", desc, "", default)


def part(desc: str, *, default: object = MISSING) -> Any:
    """Declare another record, of the field's type."""
    return _declared("part", desc, "", default)


def table(desc: str, units: str = "", *, default_factory: Callable[[], object] | None = None) -> Any:
    """Declare a dict of names and values; the record checks the values."""
    return _declared("table", desc, units, MISSING, default_factory)


def other(desc: str, units: str = "", *, default: object = MISSING) -> Any:
    """Declare what the record itself checks: arrays, lists, cards."""
    return _declared("other", desc, units, default)


# Records -------------------------------------------------------------------------------------------------------------


@dataclass_transform(
    frozen_default=True, field_specifiers=(field, number, whole, choice, flag, text, part, table, other)
)
def record(cls: type[_Record]) -> type[_Record]:
    """Make a frozen dataclass that checks its fields by their bounds, then by its method ``_check`` if it has one."""
    kind: Any = cls
    own_doc, own_repr = kind.__doc__, vars(cls).get("__repr__", _short)
    module = vars(sys.modules[cls.__module__])
    notes = {name: _evaluated(note, module) for name, note in vars(cls).get("__annotations__", {}).items()}
    checks: dict[str, Check] = dict(getattr(kind, "__field_checks__", {}))
    kind.__post_init__ = _check_fields
    dataclass(frozen=True, repr=False)(kind)
    for of in fields(kind):
        check = _checker(f"{cls.__name__}.{of.name}", of, notes[of.name]) if of.name in notes else None
        if check is not None:
            checks[of.name] = check
    kind.__field_checks__, kind.__init__, kind.__repr__ = checks, _named_fields(kind), own_repr
    if own_doc:
        kind.__doc__ = _with_fields(inspect.cleandoc(own_doc), kind, notes)
    return cls


def _evaluated(note: object, module: dict[str, Any]) -> Any:
    """Return the type that a text in a record's source means."""
    return eval(note, module) if isinstance(note, str) else note


def _check_fields(self: Any) -> None:
    values = self.__dict__
    for name, check in self.__field_checks__.items():
        check(values[name])
    own = getattr(self, "_check", None)
    if own is not None:
        own()


def _named_fields(made: Any) -> Callable[..., None]:
    """Return an initialiser that answers a field the record does not have with the nearest names."""
    initialise = made.__init__

    @functools.wraps(initialise)
    def __init__(self: Any, *given: Any, **named: Any) -> None:
        try:
            initialise(self, *given, **named)
        except TypeError:
            known = [f.name for f in fields(self) if f.init]
            unknown = [name for name in named if name not in known]
            if not unknown:
                raise
            what = unknown_name("field", unknown[0], known).rstrip(".")
            owner = type(self).__name__
            raise UnknownField(what.replace(f"{unknown[0]!r}", f"{unknown[0]!r} of {owner}", 1) + ".") from None

    return __init__


# Checks --------------------------------------------------------------------------------------------------------------


def _checker(where: str, of: Field[Any], note: Any) -> Check | None:
    """Return what a value of a field must pass, None if anything may stand there."""
    kind, optional, types = of.metadata.get("kind"), _may_be_none(note), _members(note)
    check: Check | None = None
    if kind == "number":
        return _number_check(where, of.metadata, optional)
    if kind == "whole":
        check = functools.partial(_check_whole, where, of.metadata["low"], of.metadata.get("high"))
    elif kind == "choice":
        choices = get_args(types[0])

        def check(value: object) -> None:
            check_choice(where, value, choices)

    elif kind == "flag":
        check = functools.partial(_check_type, where, (bool, np.bool_), "is neither True nor False")
    elif kind == "text":
        check = functools.partial(_check_type, where, (str,), "is not a text")
    elif kind == "part":
        names = [t.__name__ for t in types]
        wrong = f"is not a {names[0]}" if len(names) == 1 else f"is none of {', '.join(names)}"
        check = functools.partial(_check_type, where, types, wrong)
    elif kind == "table":
        check = functools.partial(check_mapping, where)
    if check is None or not optional:
        return check
    given: Check = check
    return lambda value: None if value is None else given(value)


def _number_check(where: str, about: Mapping[str, Any], optional: bool) -> Check:
    low, high = about.get("low", -_LARGEST), about.get("high", _LARGEST)
    lowest = math.nextafter(low, math.inf) if about.get("low_open") else low
    highest = math.nextafter(high, -math.inf) if about.get("high_open") else high

    def check(value: object) -> None:
        if type(value) is float and lowest <= value <= highest:
            return
        if value is None and optional:
            return
        found = real_number(value, where)
        if not lowest <= found <= highest:
            _refuse(value, found, where, about)

    return check


def _refuse(value: object, found: float, where: str, about: Mapping[str, Any]) -> None:
    """Raise the error of a number outside its bounds."""
    unit = about.get("units", "1")
    told = "" if unit == "1" else unit
    if about.get("low") == 0 and found <= 0:
        smallest = positive_number if about.get("low_open") else number_from_zero
        smallest(value, where, "" if about.get("unit_kept") else told)
    raise ParameterError(f"{where}: {f'{found:g} {told}'.rstrip()} is not {bounds_text(about)}.")


def _check_whole(where: str, low: int, high: int | None, value: object) -> None:
    found = whole_number(value, where, low)
    if high is not None and found > high:
        raise ParameterError(f"{where}: {found} is outside {low} ... {high}.")


def _check_type(where: str, types: tuple[type, ...], wrong: str, value: object) -> None:
    if not isinstance(value, types):
        raise ParameterError(f"{where}: {shown(value)} {wrong}.")


def _members(note: Any) -> tuple[Any, ...]:
    """Return the types of a union without None, of any other type itself."""
    if isinstance(note, UnionType):
        return tuple(t for t in get_args(note) if t is not type(None))
    return (note,)


def _may_be_none(note: Any) -> bool:
    return isinstance(note, UnionType) and type(None) in get_args(note)


# Texts ---------------------------------------------------------------------------------------------------------------


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
    unit, bounds, status = about.get("units", "1"), bounds_text(about), about.get("status")
    text = about.get("desc", "") + (f" [{unit}]" if unit != "1" else "")
    return ", ".join(words for words in (text, bounds, status) if words)


def is_default(of: Field[Any], value: object) -> bool:
    """Return whether a field of a record has its default; an array never counts as one."""
    if isinstance(value, np.ndarray) or (of.default is MISSING and of.default_factory is MISSING):
        return False
    default = of.default if of.default_factory is MISSING else of.default_factory()
    return value is default or bool(value == default)


def _short(self: Any) -> str:
    """Return the class and the fields that differ from their defaults, arrays by their shape, cards by their name."""
    told: list[str] = []
    left = LONGEST_TEXT - len(type(self).__name__) - 7
    for of in fields(self):
        value = getattr(self, of.name)
        if of.repr and not is_default(of, value):
            told.append(f"{of.name}={_brief(value)}")
            left -= len(told[-1]) + 2
            if left < 0:
                told[-1] = "..."
                break
    return f"{type(self).__name__}({', '.join(told)})"


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


def _with_fields(doc: str, made: Any, notes: Mapping[str, Any]) -> str:
    """Return the text of a class with a list of its fields, before its references and examples."""
    lines = []
    for of in fields(made):
        about = field_text(of.metadata)
        lines += [_type_text(of, notes.get(of.name)), f"    {about[:1].upper()}{about[1:]}."]
    if not lines:
        return doc
    section = "\n".join(["Parameters", "----------", *lines])
    at = re.search(r"^(?:References|Examples|Notes)\n-+$", doc, re.MULTILINE)
    return f"{doc}\n\n{section}" if at is None else f"{doc[: at.start()]}{section}\n\n{doc[at.start() :]}"


def _type_text(of: Field[Any], note: Any) -> str:
    """Return name, type and default of a field as the list of fields has them."""
    names = {"number": "float", "whole": "int", "flag": "bool", "text": "str"}
    said = names.get(of.metadata.get("kind", ""))
    if said is None and get_origin(note) is not None and of.metadata.get("kind") == "choice":
        said = f"{{{', '.join(map(repr, get_args(note)))}}}"
    if said is None:
        said = str(of.type).removesuffix(" | None")
    said += " or None" if _may_be_none(note) else ""
    default = of.default if of.default_factory is MISSING else of.default_factory()
    return f"{of.name} : {said}" + ("" if default is MISSING else f", default {_brief(default)}")
