"""Numbers with SI suffixes: against exact decimal arithmetic and against ngspice."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rramcirc as rc
from rramcirc.basics.units import (
    SUFFIXES,
    UNIT_SPELLINGS,
    format_number,
    number_from_zero,
    parse_number,
    positive_number,
    real_number,
    whole_number,
)

EXPONENTS = {"t": 12, "g": 9, "meg": 6, "k": 3, "": 0, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18}


def spellings(suffix):
    return st.sampled_from(sorted({suffix, suffix.upper(), suffix.capitalize()}))


@st.composite
def numbers_with_suffix(draw):
    """(number, suffix in random case, exact value)."""
    number = repr(draw(st.floats(-1e30, 1e30)))
    suffix = draw(st.sampled_from(sorted(EXPONENTS)))
    return number, draw(spellings(suffix)), Decimal(number).scaleb(EXPONENTS[suffix])


def test_the_table_of_suffixes_is_complete():
    assert {name.lower(): round(math.log10(scale)) for name, scale in SUFFIXES.items()} == EXPONENTS


@given(numbers_with_suffix())
def test_suffix_gives_the_double_nearest_to_the_decimal(case):
    number, suffix, exact = case
    assert parse_number(number + suffix) == float(exact)


@given(numbers_with_suffix(), st.sampled_from(["V", "s", "ohm", "Hz", "S", "W", "J", "eV"]), st.sampled_from(["", " "]))
def test_unit_after_the_suffix_changes_nothing(case, unit, blank):
    number, suffix, exact = case
    assert parse_number(number + blank + suffix + unit, unit) == float(exact)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_plain_number_passes_through(number):
    assert parse_number(number) == number
    assert parse_number(repr(number)) == number
    assert parse_number(np.float64(number), "V") == number


@given(st.text(max_size=12))
def test_any_text_is_a_finite_number_or_an_error_that_names_it(text):
    try:
        value = parse_number(text, "V", name="thing")
    except rc.ParameterError as error:
        said = str(error)
    else:
        said = ""
        assert math.isfinite(value)
    assert said.startswith("thing: ") or not said


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1A", "A", 1.0),
        ("1a", "A", 1e-18),
        ("1aA", "A", 1e-18),
        ("300K", "K", 300.0),
        ("300k", "K", 300e3),
        ("1MEG", "ohm", 1e6),
        ("1M", "ohm", 1e-3),
        ("1Mohm", "ohm", 1e-3),
        ("2.5", "ohm", 2.5),
        ("1fF", "F", 1e-15),
        ("1f", "F", 1e-15),
        ("3µs", "s", 3e-6),
        ("3μs", "s", 3e-6),
        ("4.7 kΩ", "ohm", 4.7e3),
        (" 10 n ", "s", 1e-8),
        ("-1.5meV", "eV", -1.5e-3),
        ("10meg", "", 1e7),
        (5, "s", 5.0),
    ],
)
def test_spellings_with_units(text, unit, value):
    assert parse_number(text, unit) == value


@pytest.mark.parametrize(
    ("text", "unit", "said"),
    [
        ("", "s", "is not a number in s"),
        ("n", "s", "is not a number in s"),
        ("1..2", "", "is not a number"),
        ("1x", "s", "has the suffix 'x'"),
        ("1mil", "", "has the suffix 'mil'"),
        ("1s", "V", "is in s, but a number in V is expected"),
        ("1V", "", "is in V, but no unit is expected"),
        ("1F", "F", "ambiguous"),
        ("1A", "V", "is in A"),
        ("1F", "s", "is in F"),
        ("1 2", "s", "is not a number in s"),
        ("1e400", "V", "is no finite number"),
        ("1e99999999", "V", "is not a number in V"),
        ("nan", "V", "is not a number in V"),
        (True, "V", "is not a number"),
        (None, "V", "is not a number in V"),
        (object(), "V", "is not a number in V"),
        ([1.0], "V", "is not a number in V"),
        (b"1", "V", "is not a number in V"),
        (1j, "V", "is not a number in V"),
        (math.nan, "V", "is no finite number"),
        (math.inf, "V", "is no finite number"),
        (10**400, "V", "is no finite number"),
    ],
)
def test_what_is_no_number_of_the_unit_is_refused_by_name(text, unit, said):
    with pytest.raises(rc.ParameterError, match=r"^start: ") as error:
        parse_number(text, unit, name="start")
    assert said in str(error.value)


NGSPICE_READS = [
    "1", "1.", ".5", "0.5", "1e3", "1E-3", "2.5e+2", "+3k", "-3k", "1t", "1T", "1g", "1G", "1meg", "1MEG", "1Meg",
    "1k", "1K", "1m", "1M", "1u", "1U", "1n", "1N", "1p", "1P", "1f", "1F", "1a", "1A", "100n", "4.7k", "3.3meg",
    "0.1f", "33p", "7g", "12.5m", "1e3k", "1e-3meg",
]  # fmt: skip
NGSPICE_READS_WITH_UNIT = [("10kohm", "ohm"), ("2.2uF", "F"), ("1kHz", "Hz"), ("3mV", "V"), ("10MEGohm", "ohm")]


def test_ngspice_reads_the_same_numbers(tmp_path):
    cases = [(text, "") for text in NGSPICE_READS] + NGSPICE_READS_WITH_UNIT
    # each number is a current through 1 ohm
    lines = [f"i{k} 0 n{k} {text}\nr{k} n{k} 0 1" for k, (text, _) in enumerate(cases)]
    deck = tmp_path / "numbers.cir"
    deck.write_text("\n".join(["numbers", *lines, ".op", ".save all", ".end", ""]))
    read = rc.simulate_netlist(deck).final()
    for k, (text, unit) in enumerate(cases):
        # ngspice multiplies by the power of ten, which rounds once more than reading the decimal
        assert read[f"v(n{k})"] == pytest.approx(parse_number(text, unit), rel=1e-15, abs=0), text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1.25e-5, "A", "12.5 uA"),
        (0.0, "V", "0 V"),
        (-0.0, "V", "0 V"),
        (-2.5e-3, "V", "-2.5 mV"),
        (1e6, "ohm", "1 Mohm"),
        (999.96, "ohm", "1 kohm"),
        (999.94, "ohm", "999.9 ohm"),
        (1e15, "Hz", "1000 THz"),
        (1e-18, "F", "1 aF"),
        (1e-21, "F", "1e-21 F"),
        (1.2, "nm", "1.2 nm"),
        (300.15, "K", "300.1 K"),
        (1234.5, "", "1234"),
        (1e-5, "1", "1e-05"),
        (math.nan, "V", "nan V"),
        (math.inf, "", "inf"),
    ],
)
def test_format_number_examples(value, unit, text):
    assert format_number(value, unit) == text


@given(st.floats(1e-17, 1e14), st.sampled_from(["V", "s", "ohm", "Hz", "S", "W", "J"]), st.booleans())
def test_formatted_number_reads_back_to_its_digits(value, unit, negative):
    value = -value if negative else value
    text = format_number(value, unit, digits=6)
    # M is mega in output, milli in SPICE's input
    assert parse_number(text.replace("M", "meg"), unit) == pytest.approx(value, rel=0.51e-5, abs=0)


def test_every_spelling_of_a_unit_is_read():
    for spelling, unit in UNIT_SPELLINGS.items():
        if spelling not in ("A", "F", "K", "m"):  # these are suffixes too
            assert parse_number(f"2{spelling}", unit) == 2.0
        if unit != "m":
            assert parse_number(f"2k{spelling}", unit) == 2000.0


@pytest.mark.parametrize("nonsense", [object(), None, True, np.True_, "1", [1.0], np.ones(1), 1j, math.nan, math.inf])
def test_checks_of_plain_numbers_refuse_nonsense_by_name(nonsense):
    for check in (real_number, positive_number, number_from_zero, lambda value, name: whole_number(value, name, 0)):
        with pytest.raises(rc.ParameterError, match=r"^thing: "):
            check(nonsense, "thing")


def test_checks_of_plain_numbers_know_their_bounds():
    assert (real_number(-1, "x"), positive_number(1e-300, "x"), number_from_zero(0, "x")) == (-1.0, 1e-300, 0.0)
    assert whole_number(np.int8(3), "x", 3) == 3
    for check, value in ((positive_number, 0.0), (number_from_zero, -1e-300)):
        with pytest.raises(rc.ParameterError, match=f"^x: {value}"):
            check(value, "x")
    for value in (2, 3.0, 2.5):
        with pytest.raises(rc.ParameterError, match="whole number of at least 3"):
            whole_number(value, "x", 3)
