"""Readers and damaged input: no traceback, no long time, no large memory; and what was found so, by name."""

from __future__ import annotations

import time

import numpy as np
import pytest
from fuzz_readers import fuzz

import rramcirc as rc
from rramcirc.analysis.measure import _PATTERN, measure
from rramcirc.basics.errors import ParameterError
from rramcirc.basics.files import load_array
from rramcirc.basics.mistakes import _HEADER
from rramcirc.bench.spike_sources import read_train
from rramcirc.devices.veriloga.constants import evaluate
from rramcirc.devices.veriloga.lexer import matches
from rramcirc.devices.veriloga.lint.numbers import _THERMAL
from rramcirc.devices.veriloga.preprocessor import read_source
from rramcirc.devices.veriloga.text import strip_comments
from rramcirc.engines.ngspice.deck import read_foreign
from rramcirc.engines.ngspice.log import read_log, reference_value
from rramcirc.engines.ngspice.measured import read_measured
from rramcirc.waveforms.steps import step_starts

N = 100_000
DECK = "t\nv1 a 0 1\nr1 a 0 1\n{}\n.op\n.end\n"


def test_damaged_input_comes_back_as_an_error_of_ours_in_time_and_in_little_memory():
    """A twentieth of `make fuzz-readers`."""
    counts, faults = fuzz(1000, seed=5)
    assert not faults, "\n".join(f"{fault.reader}: {fault.what}: {fault.given[:200]!r}" for fault in faults)
    assert counts.total() >= 1000
    assert min(counts.values()) >= 10


def least_seconds(call):
    """Return the least processor time of three calls: a collection of garbage may fall into one of them."""
    spent = []
    for _ in range(3):
        started = time.process_time()
        call()
        spent.append(time.process_time() - started)
    return min(spent)


@pytest.mark.parametrize(
    "text",
    ['"\\' * (N // 2), "/*" * (N // 2), '"' * N, '"\\"' * (N // 3), "/*/" * (N // 3), '//"' * (N // 3), "a" * N],
    ids=["escaped quotes", "comments", "quotes", "mixed", "overlapping", "remarks", "word"],
)
def test_veriloga_without_ends_is_taken_apart_in_linear_time(text):
    started = time.process_time()
    assert "".join(match[0] for match in matches(strip_comments(text))) == strip_comments(text)
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize("piece", ["`include ", "`include <", "`ifdef a ", "`a(", "`define a(", "`undef ", "`else "])
def test_directives_on_one_line_are_read_in_linear_time(tmp_path, piece):
    (tmp_path / "m.va").write_text(piece * (N // len(piece)))
    assert least_seconds(lambda: read_source(tmp_path / "m.va")) < 1.0


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ('a "b // c" d // e', 'a "b // c" d     '),
        ('a "b\\" /* c" /* d\ne */ f', 'a "b\\" /* c"     \n     f'),
        ("a /* b", "a /* b"),
        ('a "b // c', 'a "b     '),
        ("/*/ a */ b", "         b"),
        ("a /* b */ /* c", "a         /* c"),
    ],
)
def test_comments_are_blanked_and_strings_stay(text, clean):
    assert strip_comments(text) == clean


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (_PATTERN, "a(" + "*" * N), (_PATTERN, "a[" + "?" * N), (_THERMAL, "therm" * (N // 5) + "$"),
        (_HEADER, "[" + " " * N + "x"), (_HEADER, "[" + " x" * (N // 2)),
    ],
)  # fmt: skip
def test_patterns_need_linear_time(pattern, text):
    started = time.process_time()
    assert pattern.fullmatch(text) is None
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize(
    "line",
    [
        "x1 a 0 s" + " " * N + "y", ".subckt s a b " + "p" * N, ".print op " + "@" * N, ".print op @" + "[a" * (N // 2),
        ".subckt s a b p" + " " * N + "1",
    ],
    ids=["blanks", "word", "at signs", "brackets", "blanks behind a name"],
)  # fmt: skip
def test_lines_of_netlists_are_read_in_linear_time(tmp_path, line):
    path = tmp_path / "long.cir"
    path.write_text(DECK.format(f"{line}\n.ends" if line.startswith(".subckt") else line))
    started = time.process_time()
    read_foreign(path)
    assert time.process_time() - started < 2.0


def test_device_parameters_that_are_printed_are_saved(tmp_path):
    path = tmp_path / "print.cir"
    path.write_text(DECK.format(".print op v(a) @r1[i] (@m.x1.m2[id]) a@b"))
    assert b".save all @r1[i] @m.x1.m2[id]\n" in read_foreign(path).content


@pytest.mark.parametrize("line", ["meas x y" + "a" * N, "meas x y" + " " * N + "z", "x" * N + "=", "m = 1" + " 1" * N])
def test_logs_of_measurements_are_read_in_linear_time(line):
    started = time.process_time()
    assert not read_measured(line, {}).values
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize("number", ["27..000000", "27.000e", "9.9.9", "1e", "+", "e5", "-"])
def test_a_log_may_hold_anything_in_place_of_numbers(number):
    """A netlist can print what it likes."""
    assert read_log(f"Doing analysis at TEMP = {number} and TNOM\n").celsius in ((), (27.0,), (9.9,), (1.0,))
    assert not read_measured(f"m                   =  {number} at=  {number}\n", {"m": False}).values
    assert reference_value(f" Reference value :  {number}\r".encode()) is None


def test_a_failed_measurement_is_still_told():
    found = read_measured(" meas tran rise when v(b)=2   failed!\n", {"rise": True})
    assert found.failed == ("measurement rise failed: meas tran rise when v(b)=2",)


@pytest.fixture
def waves():
    names = ("i(bl0)", "i(bl1)", "v(bl0)")
    return rc.Waveforms("time", "s", [0.0, 1.0], {n: [0.0, 1.0] for n in names}, {n: n[0] for n in names})


@pytest.mark.parametrize("text", ["max(i(" + "*" * N + "))", "max(" * N, "1 + " * N])
def test_a_measurement_that_is_too_long_is_refused(text, waves):
    with pytest.raises(ParameterError, match="characters; must be at most 2000"):
        measure(text, waves)


def test_a_pattern_that_is_longer_than_any_name_is_refused(waves):
    with pytest.raises(rc.WaveformError, match="a pattern of 100001 characters"):
        waves.select("i" + "*/" * (N // 2))


def test_many_signs_of_a_pattern_need_little_time(waves):
    started = time.process_time()
    assert len(measure("max(i(" + "*" * 30 + "))", waves)) == 2
    assert time.process_time() - started < 1.0


def test_a_header_that_is_no_python_is_told(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.ones((2, 2)))
    path.write_bytes(path.read_bytes().replace(b"}", b"("))
    with pytest.raises(ValueError, match="header cannot be right"):
        load_array(path)


@pytest.mark.parametrize("neuron", [1e300, np.inf, np.nan, 2.0**63, 0.5])
def test_a_neuron_that_is_no_whole_number_is_told(tmp_path, neuron):
    np.save(tmp_path / "a.npy", [[1e-3, neuron]])
    with pytest.raises(ParameterError, match="whole numbers"):
        read_train(tmp_path / "a.npy", 4)


@pytest.mark.parametrize(
    ("axis", "starts"),
    [
        ([-1e308, 1e308, -1e307], [0, 2]), ([0.0, 1e308, -1e308, 1e308], [0, 2]), ([np.inf, np.inf, -np.inf], [0, 1]),
        ([3.0, 2.0, 1.0, 2.5, 2.0], [0, 3]), ([0.0, np.nan, 1.0], [0]), ([1.0, 2.0, 1.0, 2.0], [0, 2]),
    ],
)  # fmt: skip
def test_steps_begin_where_the_axis_turns_back_whatever_its_numbers(axis, starts):
    assert step_starts(np.array(axis)) == starts


def test_constants_with_words_between_operators_keep_their_value():
    assert evaluate("( 2 + 3 ) * 4", {}) == 20
