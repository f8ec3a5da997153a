"""Expressions over signals: values, units, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rramcirc.analysis.expressions import MAX_LENGTH, evaluate, resolve, split_arguments
from rramcirc.basics.errors import ParameterError, RramcircError, WaveformError
from rramcirc.waveforms.waveforms import Waveforms

V, AMPERES, G = np.array([1.0, 2.0, 4.0]), np.array([1e-3, 1e-3, 2e-3]), np.array([0.5, 0.7, 1.1])
WF = Waveforms(
    "time",
    "s",
    [0.0, 1e-6, 2e-6],
    {"v(bl0)": V, "v(sl0)": V / 2, "i(bl0)": AMPERES, "gap[2,3]": G, "gap[2,4]": 2 * G, "@n.x1[phi]": G, "v(n.x#s)": V},
    {"v(bl0)": "V", "v(sl0)": "V", "i(bl0)": "A", "gap[2,3]": "nm", "gap[2,4]": "nm"},
)


@pytest.mark.parametrize(
    ("text", "values", "unit"),
    [
        ("v(bl0)", V, "V"),
        ("V(BL0)", V, "V"),
        ("gap[2,3]", G, "nm"),
        ("gap[2, 3] + 1", G + 1, "nm"),
        ("v(bl0)*i(bl0)", V * AMPERES, "W"),
        ("v(bl0)/i(bl0)", V / AMPERES, "ohm"),
        ("i(bl0)/v(bl0)", AMPERES / V, "S"),
        ("v(bl0,sl0)", V / 2, "V"),
        ("v(bl0, 0)", V, "V"),
        ("v(bl0)-v(sl0)", V / 2, "V"),
        ("(v(bl0)-v(sl0))/i(bl0)", V / 2 / AMPERES, "ohm"),
        ("-v(bl0)", -V, "V"),
        ("+v(bl0)", V, "V"),
        ("abs(-i(bl0))", AMPERES, "A"),
        ("log10(i(bl0))", np.log10(AMPERES), ""),
        ("sqrt(v(bl0)**2)", V, "V"),
        ("v(bl0)**2/(v(bl0)/i(bl0))", V * AMPERES, "W"),
        ("exp(v(bl0)/25m)", np.exp(V / 25e-3), "V"),
        ("v(bl0)*time", V * np.arange(3) * 1e-6, "V s"),
        ("2*v(bl0)", 2 * V, "V"),
        ("1meg + 0*gap[2,3]", np.full(3, 1e6), "nm"),
        ("50u", np.full(3, 50e-6), ""),
        ("1e-3 * 2.5", np.full(3, 2.5e-3), ""),
        ("@n.x1[phi]*2", 2 * G, ""),
        ("v(n.x#s)", V, ""),
        ("v(bl0)\n * 2 ", 2 * V, "V"),
        ("v(bl0)/v(sl0)", np.full(3, 2.0), ""),
        ("1/v(bl0)", 1 / V, ""),
        ("v(bl0)**1", V, "V"),
        ("v(bl0)**2", V**2, "V^2"),
        ("i(bl0)**2", AMPERES**2, "A^2"),
        ("v(bl0)**3", V**3, ""),
        ("time**2", (np.arange(3) * 1e-6) ** 2, ""),
    ],
)
def test_value_and_unit(text, values, unit):
    if text.startswith("exp"):
        unit = ""
    got, got_unit = evaluate(text, WF)
    np.testing.assert_allclose(got, values, rtol=1e-14)
    assert (got.shape, got_unit) == ((3,), unit)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("v(bl9)*2", WaveformError, r"expression 'v\(bl9\)\*2'.*'v\(bl9\)'.*Nearest: v\(bl0\)"),
        ("gap[2,9]", WaveformError, r"Nearest: gap\[2,4\], gap\[2,3\]"),
        ("v(bl0,zz)", WaveformError, r"v\(zz\)"),
        ("v(bl0) + i(bl0)", ParameterError, "adds or subtracts V and A"),
        ("v(bl0) +", ParameterError, "cannot be read at its end"),
        ("v(bl0) * ) 2", ParameterError, r"cannot be read near '\) 2'"),
        ("v(bl0", ParameterError, "no closing bracket"),
        ("v(bl0)^2", ParameterError, r"Write \*\*"),
        ("sqr(v(bl0))", ParameterError, "no function 'sqr'. Nearest: sqrt"),
        ("12xy * v(bl0)", ParameterError, "suffix 'xy'"),
        ("abs(v(bl0), 2)", ParameterError, "one argument"),
        ("abs()", ParameterError, "one argument"),
        ("time(2)", RramcircError, "time"),
        ("v(bl0) if time else 1", RramcircError, "expression"),
        ("", ParameterError, "is expected"),
        ("   ", ParameterError, "is expected"),
        ("__import__('os')", RramcircError, "expression"),
        ("v(bl0).real", RramcircError, "expression"),
        ("[1]", ParameterError, "not allowed"),
        ("1; 2", ParameterError, "not allowed"),
        ("v(bl0) // 2", ParameterError, "only"),
        ("lambda: 1", RramcircError, "expression"),
        ("(" * 500 + "1" + ")" * 500, ParameterError, "expression"),
        ("1" * 3000, ParameterError, "is expected"),
    ],
)
def test_what_is_refused_is_named(text, error, message):
    with pytest.raises(error, match=message):
        evaluate(text, WF)


@pytest.mark.parametrize("nonsense", [None, 3, object(), b"v(bl0)"])
def test_nonsense_is_refused(nonsense):
    with pytest.raises(ParameterError):
        evaluate(nonsense, WF)


def test_division_by_zero_shows_in_the_result_without_a_warning():
    values, _ = evaluate("v(bl0)/time", WF)
    assert np.isinf(values[0])
    assert np.isnan(evaluate("sqrt(-v(bl0))", WF)[0]).all()


def test_result_is_independent_of_the_saved_signal():
    values, _ = evaluate("v(bl0)", WF)
    values[0] = 99.0
    assert WF["v(bl0)"][0] == 1.0


def test_complex_signals_are_evaluated():
    wf = Waveforms("frequency", "Hz", [1.0, 2.0], {"v(o)": np.array([1j, 3 + 4j])}, {"v(o)": "V"})
    np.testing.assert_allclose(evaluate("abs(v(o))", wf)[0], [1.0, 5.0])
    np.testing.assert_allclose(evaluate("20*log10(abs(v(o)))", wf)[0], [0.0, 20 * np.log10(5)])


def test_swept_axis_with_a_dash_is_one_name():
    wf = Waveforms("v-sweep", "V", [0.0, 1.0], {"i(d)": [0.0, 2.0]}, {"i(d)": "A"})
    values, unit = evaluate("i(d)*v-sweep", wf)
    np.testing.assert_array_equal(values, [0.0, 2.0])
    assert unit == "W"


def test_names_patterns_and_expressions_resolve_in_order():
    rows = resolve(["gap[2,*]", "v(bl0)*i(bl0)", "V(BL0)", "time"], WF)
    assert [(label, unit) for label, _, unit in rows] == [
        ("gap[2,3]", "nm"),
        ("gap[2,4]", "nm"),
        ("v(bl0)*i(bl0)", "W"),
        ("v(bl0)", "V"),
        ("time", "s"),
    ]
    assert len(resolve(["*"], WF)) == len(WF.names)
    with pytest.raises(WaveformError, match=r"i\(wl\*\)"):
        resolve(["i(wl*)"], WF)


def test_arguments_split_at_outer_commas_only():
    assert split_arguments("v(a,b), gap[2,3] ,50u") == ["v(a,b)", "gap[2,3]", "50u"]
    assert split_arguments("") == [""]


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="vi(bl0)gap[2,3]+-*/. 1e5umabs@#^_'\n", max_size=30))
def test_any_text_gives_a_value_or_our_error(text):
    try:
        values, unit = evaluate(text, WF)
    except RramcircError:
        return
    assert values.shape == (3,)
    assert isinstance(unit, str)


def test_an_expression_nested_beyond_what_python_reads_is_refused():
    with pytest.raises(ParameterError, match="nested too deeply"):
        evaluate("-" * (MAX_LENGTH - 6) + "v(bl0)", WF)
