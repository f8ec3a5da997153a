"""Matrix-vector products in the orientations of the array, against ngspice on the testbench of each product.

Output currents agree to 1e-6 of the largest, as all line currents do; measured 1e-11 and below.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from array_data import CELL_1R, CELL_1T1R, REFEREE, crossbar

import rramcirc as rc
from rramcirc.basics.errors import ParameterError
from rramcirc.engines.array.passive import solve_passive

TOLERANCE = 1e-6
ORIENTATIONS = [
    (CELL_1T1R, "gates"),
    (CELL_1T1R, "rows"),
    (CELL_1T1R, "columns"),
    (CELL_1R, "rows"),
    (CELL_1R, "columns"),
]
DEFECTS = rc.Defects(shorted=[[1, 0]], missing=[[0, 2]], open_segments={"bl2": 1})


def make_array(cell: rc.Cell, shape: tuple[int, int], **changes) -> rc.Crossbar:
    """Spread, rows unlike columns, a broken line, a short and a hole."""
    fields = {"bl": rc.Line(3.0, driver_resistance=20.0), "wl": rc.Line(9.0), "sl": rc.Line(6.0, end="both")}
    return crossbar(cell, *shape, source_line="row", defects=DEFECTS, **(fields | changes))


def make_vectors(shape: tuple[int, int], drive: str, count: int) -> np.ndarray:
    rng = np.random.default_rng(11)
    inputs = shape[1] if drive == "columns" else shape[0]
    return rng.integers(0, 2, (count, inputs)) if drive == "gates" else rng.uniform(-0.1, 0.2, (count, inputs))


def by_ngspice(array: rc.Crossbar, vectors: np.ndarray, drive: str, **levels) -> np.ndarray:
    found = []
    for vector in vectors:
        bench = replace(rc.product_bench(array, vector, drive=drive, **levels), options=REFEREE)
        waves = rc.simulate(bench, "ngspice", timeout=100.0)
        found.append([waves[name][0] for name in waves.names])
    return np.array(found) * (1.0 if drive == "gates" else -1.0)


@pytest.mark.parametrize(("cell", "drive"), ORIENTATIONS)
@pytest.mark.parametrize("shape", [(2, 3), (8, 8), (32, 32)])
def test_products_agree_with_ngspice(cell, drive, shape):
    check_products(cell, drive, shape, 2 if shape[0] == 32 else 3)


@pytest.mark.long
@pytest.mark.parametrize(("cell", "drive"), ORIENTATIONS)
def test_products_of_64_x_64_agree_with_ngspice(cell, drive):
    check_products(cell, drive, (64, 64), 2)


def check_products(cell: rc.Cell, drive: str, shape: tuple[int, int], count: int) -> None:
    array, vectors = make_array(cell, shape), make_vectors(shape, drive, count)
    found = rc.multiply(array, vectors, drive=drive)
    expected = by_ngspice(array, vectors, drive)
    assert found.currents.shape == expected.shape == (count, shape[0] if drive == "columns" else shape[1])
    np.testing.assert_allclose(found.currents, expected, rtol=0, atol=TOLERANCE * np.max(np.abs(expected)))
    assert found.residual < 1e-9


@pytest.mark.parametrize(("cell", "drive"), ORIENTATIONS)
def test_without_wires_a_product_is_the_sum_over_the_cells(cell, drive):
    wires = {kind: rc.Line(0.0) for kind in ("bl", "wl", "sl")}
    array = crossbar(cell, 3, 4, wires=False, source_line="row", **wires)
    vectors = make_vectors((3, 4), drive, 5)
    found = rc.multiply(array, vectors, drive=drive).currents
    for vector, currents in zip(vectors, found, strict=True):
        bench = rc.product_bench(array, vector, drive=drive)
        waves = rc.simulate(replace(bench, probes=("current[*,*]",)), "numpy")
        cells = np.array([[waves[f"current[{i},{j}]"][0] for j in range(4)] for i in range(3)])
        total = cells.sum(axis=1) if drive == "columns" else cells.sum(axis=0)
        flows_out_of_te = drive == "rows"
        np.testing.assert_allclose(currents, -total if flows_out_of_te else total, rtol=1e-7)


def test_a_vector_does_not_depend_on_those_before_it():
    array = make_array(CELL_1T1R, (24, 20))
    for drive in ("gates", "rows", "columns"):
        vectors = make_vectors((24, 20), drive, 6)
        together = rc.multiply(array, vectors, drive=drive).currents
        alone = rc.multiply(array, vectors[-1], drive=drive).currents[0]
        np.testing.assert_allclose(together[-1], alone, rtol=0, atol=1e-9 * np.max(np.abs(alone)))


def test_rows_and_columns_of_a_linear_array_are_transposed():
    wires = {"bl": rc.Line(5.0), "sl": rc.Line(9.0)}
    array = crossbar(CELL_1T1R, 6, 5, source_line="row", **wires)
    down, across = (rc.linear_matrix(array, drive=drive, voltage=1e-3) for drive in ("rows", "columns"))
    np.testing.assert_allclose(down, across.T, rtol=2e-3, atol=1e-3 * np.max(down))


@pytest.mark.parametrize(("cell", "drive"), [(CELL_1T1R, "rows"), (CELL_1T1R, "columns"), (CELL_1R, "rows")])
def test_the_linear_method_is_exact_at_small_voltages_and_knows_its_error(cell, drive):
    array, vectors = make_array(cell, (24, 20)), make_vectors((24, 20), drive, 12)
    for scale, worst in ((1e-3, 3e-4), (1.0, 0.3)):
        exact = rc.multiply(array, scale * vectors, drive=drive)
        linear = rc.multiply(array, scale * vectors, drive=drive, method="linear")
        error = np.max(np.abs(linear.currents - exact.currents)) / np.max(np.abs(exact.currents))
        assert linear.method == "linear"
        assert error < worst
        assert 0.3 * error <= linear.error <= 3.0 * error
        assert "estimated" in linear.summary


def test_auto_is_linear_only_where_that_is_good_enough():
    array, vectors = make_array(CELL_1T1R, (8, 8)), make_vectors((8, 8), "rows", 5)
    exact = rc.multiply(array, vectors)
    strict, loose = (rc.multiply(array, vectors, method="auto", tolerance=t) for t in (1e-6, 0.5))
    assert (strict.method, loose.method) == ("exact", "linear")
    np.testing.assert_allclose(strict.currents, exact.currents, rtol=1e-9)


def test_the_linear_matrix_of_a_1r_array_is_that_of_the_passive_solver():
    array = crossbar(CELL_1R, 4, 5, bl=rc.Line(5.0), wl=rc.Line(2.0), initial_state={}, rram_parameters={})
    array = replace(array, initial_conductance=np.full((4, 5), 2e-5))
    matrix = rc.linear_matrix(array, voltage=-0.1)
    vector = np.array([0.1, 0.0, 0.05, 0.02])
    passive = solve_passive(
        np.full((4, 5), 2e-5), vector, row_resistance=2.0, column_resistance=5.0, column_end="first"
    ).column_currents
    np.testing.assert_allclose(vector @ matrix, passive[0], rtol=1e-6)


def test_differences_of_two_arrays_and_of_neighbouring_outputs():
    plus, vectors = make_array(CELL_1T1R, (6, 4)), make_vectors((6, 4), "rows", 3)
    states = {name: values[::-1].copy() for name, values in plus.initial_state.items()}
    minus = replace(plus, initial_state=states)
    first, second = (rc.multiply(array, vectors) for array in (plus, minus))
    both = rc.multiply(plus, vectors, minus=minus)
    np.testing.assert_allclose(both.currents, first.currents - second.currents, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(first.pairs(), first.currents[:, [0, 2]] - first.currents[:, [1, 3]])
    zero = rc.multiply(plus, vectors, minus=plus)
    np.testing.assert_allclose(zero.currents, 0.0, atol=1e-15)


def test_a_difference_is_taken_at_the_gate_voltage_that_is_given():
    plus = crossbar(CELL_1T1R, 2, 2, source_line="row")
    minus = crossbar(CELL_1T1R, 2, 2, source_line="row", initial_state={}, initial_conductance=2e-5)
    vectors = [[0.1, 0.05]]
    parts = [rc.multiply(one, vectors, drive="rows", gate_voltage=1.0).currents for one in (plus, minus)]
    whole = rc.multiply(plus, vectors, minus=minus, drive="rows", gate_voltage=1.0).currents
    assert whole == pytest.approx(parts[0] - parts[1], rel=1e-9, abs=0.0)
    open_wider = rc.multiply(plus, vectors, minus=minus, drive="rows", gate_voltage=2.0).currents
    assert np.all(np.abs(open_wider - whole) > 1e-3 * np.abs(whole))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda a: rc.multiply(a, np.ones(3)), ["vectors", "(3,)", "(2,)"]),
        (lambda a: rc.multiply(a, [[0.1, np.nan]]), ["vectors", "[0, 1]", "nan"]),
        (lambda a: rc.multiply(a, "x"), ["vectors"]),
        (lambda a: rc.multiply(a, [0.1, 0.1], drive="row"), ["drive", "row", "rows"]),
        (lambda a: rc.multiply(a, [0.1, 0.1], drive=3), ["drive"]),
        (lambda a: rc.multiply(a, [0.5, 1.0], drive="gates"), ["gates", "0", "1"]),
        (lambda a: rc.multiply(a, [0.1, 0.1], method="fast"), ["method", "fast"]),
        (lambda a: rc.multiply(a, [1.0, 1.0], drive="gates", method="linear"), ["linear", "gates"]),
        (lambda a: rc.multiply(a, [0.1, 0.1], tolerance=-1.0), ["tolerance", "-1"]),
        (lambda a: rc.multiply(a, [0.1, 0.1], gate_voltage=np.nan), ["gate_voltage"]),
        (lambda a: rc.multiply(a, [0.1, 0.1], gate_voltage=9.0), ["gate_voltage", "nmos_select", "3.6"]),
        (lambda a: rc.multiply(a, [0.1, 2.0]), ["vectors", "-2 V", "hfo2_filament", "-1.6"]),
        (lambda a: rc.multiply(a, [0.1, 0.1, 5.0], drive="columns"), ["vectors", "5 V", "hfo2_filament", "2.5"]),
        (lambda a: rc.multiply(a, [1, 1], drive="gates", read_voltage=3.0), ["read_voltage", "3 V", "2.5"]),
        (lambda a: rc.multiply(a, [0.1, 0.1], temperature=900.0), ["temperature", "900"]),
        (
            lambda a: rc.multiply(a, [0.1, 0.1], minus=replace(a, rows=2, columns=3)) and rc.multiply(a, 1, minus=3),
            ["vectors"],
        ),
        (lambda a: rc.multiply(replace(a, source_line="column"), [0.1, 0.1]), ["source_line", "gates"]),
        (lambda a: rc.multiply(rc.Crossbar(CELL_1R, 2, 3), [1, 1], drive="gates"), ["gates", "1R"]),
        (lambda a: rc.multiply(a.cell, [0.1]), ["Crossbar"]),
        (lambda a: rc.linear_matrix(a, voltage=0.0), ["voltage", "0"]),
        (lambda a: rc.linear_matrix(a, drive="gates"), ["gates"]),
        (lambda a: rc.product_bench(a, [[0.1, 0.1], [0.2, 0.2]]), ["2 vectors"]),
        (lambda a: rc.multiply(a, [0.1, 0.1]).pairs(), ["pairs", "3 outputs"]),
    ],
)
def test_bad_input_is_refused_by_name(call, words):
    with pytest.raises(ParameterError) as refused:
        call(rc.Crossbar(CELL_1T1R, 2, 3, source_line="row"))
    for word in words:
        assert word in str(refused.value)
