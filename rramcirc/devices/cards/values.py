"""Single values of a model card: units, strings with SI suffixes, the check against a declaration."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from rramcirc.basics.errors import ParameterError, shown, unknown_name
from rramcirc.basics.units import PREFIXES, UNIT_SPELLINGS, parse_number
from rramcirc.devices.veriloga.declarations import Module, Parameter

# ngspice's built-in model types that a card may name.
SPICE_TYPES = (
    "nmos", "pmos", "d", "npn", "pnp", "njf", "pjf", "nmf", "pmf", "vdmos", "nsoi", "psoi", "sw", "csw", "r", "c", "l",
)  # fmt: skip

_POWERS = PREFIXES | {"µ": PREFIXES["u"]}
_NUMBER_AND_REST = re.compile(r"\s*+([+-]?(?:\d++\.?\d*+|\.\d++)(?:[eE][+-]?\d++)?)(.*)")


def same_unit(one: str, other: str) -> bool:
    """Return whether two spellings mean the same unit; ``""`` and ``1`` both mean none.

    Examples
    --------
    >>> same_unit("Ohm", "ohm"), same_unit("", "1"), same_unit("nm", "m")
    (True, True, False)
    """
    return _plain(one) == _plain(other)


def _plain(unit: str) -> str:
    unit = unit.strip()
    return "" if unit == "1" else " ".join(UNIT_SPELLINGS.get(unit, unit).split())


def read_quantity(value: Any, unit: str, name: str) -> float:
    """Return a number in `unit` from a number or a text such as ``1.2 eV``, ``800 meV``, ``40k``.

    Parameters
    ----------
    value
        A plain number is in `unit`; so is a text without a suffix.
    unit
        The unit of the result, for example ``nm``; a suffix in the text counts from the unit without its prefix
        (``0.5n`` for nm is 0.5).
    name
        What the number is for; used in the error.

    Raises
    ------
    ParameterError
        If it is no number or has another unit.

    Examples
    --------
    >>> read_quantity("1200 pm", "nm", "gap_ini"), read_quantity("800 meV", "eV", "ea"), read_quantity(1.5, "nm", "gap")
    (1.2, 0.8, 1.5)
    """
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    if not isinstance(value, str):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ParameterError(f"{name}: {shown(value)} is no number{f' in {unit}' if _plain(unit) else ''}.")
        return float(value)
    match = _NUMBER_AND_REST.fullmatch(value)
    rest = "" if match is None else match[2].strip()
    if match is not None and rest != "1" and (not rest or same_unit(rest, unit)):
        return float(match[1])
    base = unit[1:]
    if len(unit) > 1 and unit[0] in _POWERS and base in UNIT_SPELLINGS.values() and unit not in UNIT_SPELLINGS:
        scaled = parse_number(value, base, name)
        return float(f"{scaled / 10.0 ** _POWERS[unit[0]]:.15g}")
    if _plain(unit) in ("", *UNIT_SPELLINGS.values()):
        return parse_number(value, _plain(unit), name)
    try:
        return parse_number(value, "", name)
    except ParameterError:
        raise ParameterError(f"{name}: {shown(value)} is no number in {unit}.") from None


def with_unit(value: Any, unit: str) -> str:
    """Write a value as messages and tables do, ``1.9 nm``."""
    text = shortest(value) if isinstance(value, (int, float)) else repr(value)
    return f"{text} {unit}" if _plain(unit) else text


def shortest(value: float) -> str:
    """Write a number as short as it can be read back.

    Examples
    --------
    >>> shortest(1e9), shortest(300.15), shortest(1 / 3)
    ('1e+09', '300.15', '0.3333333333333333')
    """
    text = f"{value:g}"
    return text if float(text) == value else repr(value)


def outside(name: str, value: Any, parameter: Parameter, label: str) -> str:
    """Return the sentence that says a value is not allowed (without the final stop)."""
    if parameter.kind == "string" or isinstance(value, str):
        allowed = f"one of {parameter.range_text}" if parameter.choices else f"a {parameter.kind}"
        return f"{name} = {shown(value)} is not {allowed} ({label})"
    if isinstance(value, float) and math.isnan(value):
        return f"{name} is not a number (NaN); allowed is {parameter.range_text} ({label})"
    if parameter.kind == "integer" and value % 1 != 0:
        return f"{name} = {with_unit(value, parameter.unit)} is no integer ({label})"
    unit = f" {parameter.unit}" if _plain(parameter.unit) else ""
    return f"{name} = {with_unit(value, parameter.unit)} is outside {parameter.range_text}{unit} ({label})"


def declared(module: Module, name: str, listing: str) -> Parameter:
    """Return the declaration of a parameter.

    Raises
    ------
    ParameterError
        If the module has none of that name; with the nearest names.
    """
    if name in module.parameters:
        return module.parameters[name]
    raise ParameterError(unknown_name("parameter", str(name), module.parameters, listing))


def converted(name: str, value: Any, parameter: Parameter) -> float | int | str:
    """Return a value in the kind and unit of its declaration; not yet checked against the range.

    Raises
    ------
    ParameterError
        If it is no such thing.
    """
    if parameter.kind == "string":
        if not isinstance(value, str):
            raise ParameterError(f"{name}: {shown(value)} is no text.")
        return value
    number = read_quantity(value, parameter.unit, name)
    return int(number) if parameter.kind == "integer" and math.isfinite(number) and number % 1 == 0 else number


def known_values(module: Module, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that ranges may refer to: the defaults, overridden by `values`."""
    return {**module.defaults, **values}
