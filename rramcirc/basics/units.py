"""Numbers with SI suffixes, as SPICE and its users write them."""

from __future__ import annotations

import math
import re
import unicodedata
from numbers import Integral, Real

from rramcirc.basics.errors import ParameterError, shown

# The SI prefixes and their powers of ten, largest first: the only table of the package.
PREFIXES = {"T": 12, "G": 9, "M": 6, "k": 3, "": 0, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18}
# As SPICE spells them, in any case: M is milli, MEG is mega.
SUFFIXES = {"MEG" if prefix == "M" else prefix.upper(): float(f"1e{power}") for prefix, power in PREFIXES.items()}

# Every spelling of a unit that may follow a number, and the unit it means.
UNIT_SPELLINGS = {
    "V": "V",
    "volt": "V",
    "volts": "V",
    "A": "A",
    "amp": "A",
    "ampere": "A",
    "amperes": "A",
    "s": "s",
    "sec": "s",
    "second": "s",
    "seconds": "s",
    "ohm": "ohm",
    "ohms": "ohm",
    "Ω": "ohm",
    "Ohm": "ohm",
    "F": "F",
    "farad": "F",
    "H": "H",
    "Hz": "Hz",
    "hz": "Hz",
    "S": "S",
    "siemens": "S",
    "K": "K",
    "W": "W",
    "J": "J",
    "m": "m",
    "eV": "eV",
    "C": "C",
}

# Possessive quantifiers: a text that is no number is refused in linear time.
_NUMBER = re.compile(r"^\s*+(?P<number>[+-]?(?:\d++\.?\d*+|\.\d++)(?:[eE][+-]?\d{1,5})?)\s*+(?P<rest>[^\s\d.]*+)\s*+$")
_SPICE = re.compile(r"([-+]?(?:\d++\.?\d*+|\.\d++)(?:e[-+]?\d++)?)(meg|mil|[tgkmunpfa])?[a-z]*", re.IGNORECASE)
_MIL = 25.4e-6  # [m] a thousandth of an inch


def parse_number(text: str | float | int, unit: str = "", name: str = "value") -> float:
    """Read a number with an optional SI suffix and unit, for example ``100n``, ``1meg``, ``2.5ohm``.

    Suffixes are SPICE's and case-insensitive: t g meg k m u n p f a; ``M`` is milli, ``meg`` is mega.

    Parameters
    ----------
    text
        What the user wrote; a plain number passes through.
    unit
        The unit that is expected [SI name such as ``s``, ``V``, ``ohm``]; ``""`` accepts no unit.
    name
        What the number is for; used in the error.

    Returns
    -------
    float
        The value in SI units.

    Raises
    ------
    ParameterError
        If the text is no number, the suffix is unknown or the unit is another one.

    Examples
    --------
    >>> parse_number("100n", "s")
    1e-07
    >>> parse_number("1meg", "ohm")
    1000000.0
    >>> parse_number("20uA", "A")
    2e-05
    """
    if isinstance(text, bool):
        raise ParameterError(f"{name}: {shown(text)} is not a number.")
    if isinstance(text, Real):
        return real_number(text, name)
    wanted = f"a number in {unit}" if unit else "a number"
    example = f"100n{unit}" if unit else "100n"
    match = _NUMBER.match(text) if isinstance(text, str) else None
    if match is None:
        raise ParameterError(f"{name}: {shown(text)} is not {wanted}. Write for example {example} or 1e-7.")
    rest = match["rest"]
    if rest == "F" and unit == "F":
        raise ParameterError(f"{name}: {shown(text)} is ambiguous (SPICE reads F as femto). Write 1f, 1fF or 1e-15.")
    if rest in ("A", "F") and unit not in ("", rest):
        raise ParameterError(f"{name}: {shown(text)} is in {rest}, but {wanted} is expected.")
    scale, found = _split_suffix(rest, unit)
    if scale is None:
        raise ParameterError(
            f"{name}: {shown(text)} has the suffix {rest!r}, which is not {wanted}. "
            f"SI suffixes are t g meg k m u n p f a, as in {example}."
        )
    if found and found != unit:
        raise ParameterError(f"{name}: {shown(text)} is in {found}, but {wanted if unit else 'no unit'} is expected.")
    # the exponent is moved in decimal, so that "100n" is the double nearest to 1e-7
    digits, _, exponent = match["number"].lower().partition("e")
    return real_number(float(f"{digits}e{int(exponent or 0) + round(math.log10(scale))}"), f"{name}: {shown(text)}")


def _split_suffix(rest: str, unit: str) -> tuple[float | None, str]:
    """Split what follows the digits into (scale, unit); scale is None if it cannot be read."""
    if rest == "":
        return 1.0, ""
    # micro sign and Greek mu, ohm sign and Greek omega
    rest = unicodedata.normalize("NFKC", rest).replace("μ", "u")
    if rest == unit and unit in ("A", "K"):  # 1A is an ampere, 300K are kelvin; 1a is atto, 300k is kilo
        return 1.0, unit
    for length in range(min(3, len(rest)), -1, -1):
        prefix, tail = rest[:length], rest[length:]
        if length == 2 or prefix.upper() not in SUFFIXES:
            continue
        if tail == "":
            return SUFFIXES[prefix.upper()], ""
        if tail in UNIT_SPELLINGS:
            return SUFFIXES[prefix.upper()], UNIT_SPELLINGS[tail]
    return None, ""


def spice_number(text: str) -> float | None:
    """Return the value of a number in a netlist as ngspice reads it, None if it is none.

    Case does not count: ``m`` and ``M`` are milli, ``meg`` is mega, ``mil`` is a thousandth of an inch, ``f`` and ``F``
    are femto. Letters behind the suffix, or behind a number without one, are a unit that ngspice does not look at.

    Examples
    --------
    >>> [spice_number(word) for word in ("10us", "1meg", "1M", "{stop}")]
    [9.999999999999999e-06, 1000000.0, 0.001, None]
    """
    match = _SPICE.fullmatch(text)
    if match is None:
        return None
    suffix = (match[2] or "").upper()
    return float(match[1]) * (_MIL if suffix == "MIL" else SUFFIXES[suffix])


def real_number(value: object, name: str) -> float:
    """Return a finite real number as a float; a truth value is none.

    Raises
    ------
    ParameterError
        If it is anything else; the error starts with `name`.
    """
    if isinstance(value, Real) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    raise ParameterError(f"{name}: {shown(value)} is no finite number.")


def positive_number(value: object, name: str, unit: str = "") -> float:
    """Return a finite real number above zero as a float; see :func:`real_number`."""
    number = real_number(value, name)
    if number <= 0:
        given = f"{shown(value)} {unit} is not positive" if unit else f"{shown(value)} is not a positive number"
        raise ParameterError(f"{name}: {given}.")
    return number


def number_from_zero(value: object, name: str, unit: str = "") -> float:
    """Return a finite real number of at least zero as a float; see :func:`real_number`."""
    number = real_number(value, name)
    if number < 0:
        raise ParameterError(f"{name}: {shown(value)}{unit and f' {unit}'} is negative.")
    return number


def whole_number(value: object, name: str, least: int) -> int:
    """Return a whole number of at least `least`; a truth value is none.

    Raises
    ------
    ParameterError
        If it is anything else; the error starts with `name`.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ParameterError(f"{name}: {shown(value)} is not a whole number of at least {least}.")
    return int(value)


# Units that take a prefix in output; the others (nm, K, eV) are written as they are.
PREFIXED_UNITS = frozenset(("V", "A", "s", "ohm", "F", "H", "Hz", "S", "W", "J", "C"))


def format_number(value: float, unit: str = "", digits: int = 4) -> str:
    """Write a value with an SI prefix and its unit, for example ``12.5 kohm``.

    Examples
    --------
    >>> format_number(1.25e-5, "A")
    '12.5 uA'
    >>> format_number(0.0, "V")
    '0 V'
    >>> format_number(0.0, "1")
    '0'
    """
    tail = "" if unit in ("", "1") else f" {unit}"
    if not math.isfinite(value):
        return f"{value}{tail}"
    if value == 0.0:
        return f"0{tail}"
    magnitude = abs(value)
    if unit in ("", "1"):
        return f"{value:.{digits}g}"
    if unit.split()[0] not in PREFIXED_UNITS:
        return f"{value:.{digits}g} {unit}"
    for prefix, power in PREFIXES.items():
        scale = float(f"1e{power}")
        # 0.99995 rounds up into the next prefix at four digits
        if magnitude >= scale * (1 - 0.5 * 10.0**-digits):
            return f"{value / scale:.{digits}g} {prefix}{unit}"
    return f"{value:.{digits}g}{tail}"
