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
import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from types import UnionType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Union, dataclass_transform, get_args, get_origin

import numpy as np

from rramcirc.basics.checks import check_choice, check_mapping
from rramcirc.basics.errors import ParameterError, shown, unknown_name
from rramcirc.basics.field_texts import bounds_text, field_text, short_text, text_with_fields
from rramcirc.basics.html import fields_table
from rramcirc.basics.units import number_from_zero, positive_number, real_number, whole_number

Check = Callable[[object], object]
_Record = TypeVar("_Record")
_LARGEST = sys.float_info.max


_Kept = TypeVar("_Kept", covariant=True)
_Given = TypeVar("_Given", contravariant=True)

if TYPE_CHECKING:

    class Kept(Generic[_Kept, _Given]):
        """Type of a field that is kept as the first type and may be given as the second: ``Kept[Array, ArrayLike]``."""

        def __get__(self, owner: object, kind: object = None) -> _Kept: ...
        def __set__(self, owner: object, given: _Given) -> None: ...

else:

    class Kept:
        """Type of a field that is kept as the first type and may be given as the second: ``Kept[Array, ArrayLike]``."""

        def __class_getitem__(cls, types: tuple[Any, Any]) -> Any:
            return types[0]


class WrongFields(ParameterError, TypeError):
    """A record was given a field that it does not have, or lacks one that it needs."""


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
    own_doc, own_repr = kind.__doc__, vars(cls).get("__repr__", short_text)
    own = vars(cls).get("__annotations__", {})
    checks: dict[str, Check] = dict(getattr(kind, "__field_checks__", {}))
    kind.__post_init__ = None  # so that the initialiser calls the one below
    dataclass(frozen=True, repr=False)(kind)
    notes = {of.name: _type_of(cls, of) for of in fields(kind) if of.name in own}
    for of in fields(kind):
        check = _checker(f"{cls.__name__}.{of.name}", of, notes[of.name]) if of.name in own else None
        if check is not None:
            checks[of.name] = check
            if of.default is not MISSING:
                check(of.default)
    kind.__field_checks__, kind.__post_init__ = checks, _checks_of(kind, checks)
    kind.__init__, kind.__repr__ = _named_fields(kind), own_repr
    if not hasattr(kind, "_repr_html_"):
        kind._repr_html_ = fields_table
    if own_doc:
        kind.__doc__ = text_with_fields(inspect.cleandoc(own_doc), kind, notes)
    return cls


def _type_of(record: type, of: Field[Any]) -> Any:
    """Return the type of a field, as its record's source says it; that of plain fields is not needed and left out."""
    if isinstance(of.type, str) and (of.metadata.get("kind") in ("choice", "part") or "None" in of.type):
        return eval(of.type, vars(sys.modules[record.__module__]))
    return of.type


def _checks_of(kind: Any, checks: Mapping[str, Check]) -> Callable[[Any], None]:
    """Return what a new record of this class does first; defaults have been checked."""
    defaults = {of.name: of.default for of in fields(kind)}
    listed = tuple((name, defaults[name], check) for name, check in checks.items())
    own = hasattr(kind, "_check")

    def __post_init__(self: Any) -> None:
        values = self.__dict__
        for name, default, check in listed:
            value = values[name]
            if value is not default:
                check(value)
        if own:
            self._check()

    return __post_init__


def _named_fields(kind: Any) -> Callable[..., None]:
    """Return an initialiser that says which field is unknown or missing; Python's own error is no ParameterError."""
    initialise = kind.__init__

    @functools.wraps(initialise)
    def __init__(self: Any, *given: Any, **named: Any) -> None:
        try:
            initialise(self, *given, **named)
        except TypeError as error:
            raise _wrong_fields(kind, given, named) or error from None

    return __init__


def _wrong_fields(kind: Any, given: tuple[Any, ...], named: Mapping[str, Any]) -> WrongFields | None:
    """Return the error of fields that a record does not have or lacks; None if that is all right."""
    known = {f.name: f for f in fields(kind) if f.init}
    for name in named:
        if name not in known:
            what = unknown_name("field", name, known)
            for field_name, of in known.items():
                inner = of.default_factory() if of.default_factory is not MISSING else of.default
                if is_dataclass(inner) and name in {f.name for f in fields(inner)}:
                    hint = f"{field_name}={type(inner).__name__}({name}=...)"
                    return WrongFields(f"unknown field {name!r} of {kind.__name__}; it stands in {field_name}: {hint}.")
            return WrongFields(what.replace(f"{name!r}", f"{name!r} of {kind.__name__}", 1))
    for name, of in list(known.items())[len(given) :]:
        if name not in named and of.default is MISSING and of.default_factory is MISSING:
            return WrongFields(f"{kind.__name__}.{name} is missing: {field_text(of.metadata)}.")
    return None


# Checks --------------------------------------------------------------------------------------------------------------


def _checker(where: str, of: Field[Any], note: Any) -> Check | None:
    """Return what a value of a field must pass, None if anything may stand there."""
    about, kind, types, optional = of.metadata, of.metadata.get("kind"), _members(note), _may_be_none(note)
    if kind == "number":
        return _number_check(where, about, optional)
    if kind == "whole":
        return _whole_check(where, about["low"], about.get("high"), optional)
    if kind == "choice":
        return _choice_check(where, get_args(types[0]), optional)
    if kind == "flag":
        return _type_check(where, (bool, np.bool_), "is neither True nor False", optional)
    if kind == "text":
        return _type_check(where, (str,), "is not a text", optional)
    if kind == "table":
        return functools.partial(check_mapping, where)
    if kind == "part":
        names = [t.__name__ for t in types]
        wrong = f"is not a {names[0]}" if len(names) == 1 else f"is none of {', '.join(names)}"
        return _type_check(where, types, wrong, optional)
    return None


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


def _whole_check(where: str, low: int, high: int | None, optional: bool) -> Check:
    def check(value: object) -> None:
        if type(value) is int and value >= low and (high is None or value <= high):
            return
        if value is None and optional:
            return
        found = whole_number(value, where, low)
        if high is not None and found > high:
            raise ParameterError(f"{where}: {found} is outside {low} ... {high}.")

    return check


def _choice_check(where: str, choices: tuple[str, ...], optional: bool) -> Check:
    def check(value: object) -> None:
        if not (value is None and optional):
            check_choice(where, value, choices)

    return check


def _type_check(where: str, types: tuple[type, ...], wrong: str, optional: bool) -> Check:
    allowed = (*types, type(None)) if optional else types

    def check(value: object) -> None:
        if not isinstance(value, allowed):
            raise ParameterError(f"{where}: {shown(value)} {wrong}.")

    return check


def _members(note: Any) -> tuple[Any, ...]:
    """Return the types of a union without None, of any other type itself."""
    members = get_args(note) if get_origin(note) in (Union, UnionType) else (note,)
    return tuple(t for t in members if t is not type(None))


def _may_be_none(note: Any) -> bool:
    return get_origin(note) in (Union, UnionType) and type(None) in get_args(note)
