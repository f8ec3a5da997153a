"""The passive crossbar against an independent nodal matrix, and its methods against one another.

Tolerance 1e-12: three different factorisations of the same equations differ by rounding times the condition of the
array; measured up to 4e-13 at these sizes. The reference is assembled here, node by node, and solved densely.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from rramcirc.basics.errors import ParameterError
from rramcirc.engines.array.passive import OUTPUTS, effective_matrix, solve_passive

TOLERANCE = 1e-12
ENDS = ("first", "last", "both")


def per_segment(resistance, shape, end, along):
    """Return one resistance for every segment of all lines."""
    extra = end == "both"
    full = (shape[0], shape[1] + extra) if along == 1 else (shape[0] + extra, shape[1])
    return np.broadcast_to(resistance, full)


def reference(g, row_voltages, column_voltages, row_resistance, column_resistance, row_end, column_end, drivers=(0, 0)):
    """Solve for all nodes with one equation per node, terminal and source; wires must be above 0 ohm."""
    rows, columns = g.shape
    u = np.arange(rows * columns).reshape(rows, columns)
    v = u + rows * columns
    terminals = 2 * rows * columns + np.arange(rows + columns)
    total = terminals[-1] + 1
    matrix, right = np.zeros((total, total)), np.zeros(total)

    def join(a, b, conductance):
        matrix[[a, b], [a, b]] += conductance
        matrix[[a, b], [b, a]] -= conductance

    for i, j in np.ndindex(rows, columns):
        join(u[i, j], v[i, j], g[i, j])
    for nodes, ends, ohm, end in (
        (u, terminals[:rows], per_segment(row_resistance, g.shape, row_end, 1), row_end),
        (v.T, terminals[rows:], per_segment(column_resistance, g.shape, column_end, 0).T, column_end),
    ):
        for line, terminal, r in zip(nodes, ends, ohm, strict=True):
            chain = [terminal] * (end != "last") + list(line) + [terminal] * (end != "first")
            for k, (a, b) in enumerate(pairwise(chain)):
                join(a, b, 1.0 / r[k])
    for k, (terminal, volts) in enumerate(zip(terminals, [*row_voltages, *column_voltages], strict=True)):
        driver = drivers[0] if k < rows else drivers[1]
        if driver:
            matrix[terminal, terminal] += 1.0 / driver
            right[terminal] = volts / driver
        else:
            matrix[terminal] = 0.0
            matrix[terminal, terminal], right[terminal] = 1.0, volts
    found = np.linalg.solve(matrix, right)
    u_nodes, v_nodes = found[u], found[v]
    current = g * (u_nodes - v_nodes)
    return current.sum(axis=1), current.sum(axis=0), current, u_nodes, v_nodes


def assert_equal(found, expected, tolerance=TOLERANCE, names=OUTPUTS):
    for name, values in zip(OUTPUTS, expected, strict=True):
        if name in names:
            error = np.max(np.abs(getattr(found, name)[0] - values)) / np.max(np.abs(values))
            assert error < tolerance, f"{name}: {error:.1e}"


def random_case(shape, seed=0, low=-6, high=-3):
    rng = np.random.default_rng(seed)
    return 10 ** rng.uniform(low, high, shape), rng.uniform(-0.5, 0.5, shape[0]), rng.uniform(-0.5, 0.5, shape[1])


@pytest.mark.parametrize("row_end", ENDS)
@pytest.mark.parametrize("column_end", ENDS)
@pytest.mark.parametrize("drivers", [(0.0, 0.0), (15.0, 40.0), (0.0, 300.0)])
@pytest.mark.parametrize("method", ["iterative", "direct", "merge"])
def test_every_method_solves_the_nodal_equations(row_end, column_end, drivers, method):
    g, at_rows, at_columns = random_case((11, 18))
    rng = np.random.default_rng(1)
    ohms = rng.uniform(0.5, 3.0, (11, 18 + (row_end == "both"))), 2.0
    found = solve_passive(
        g, at_rows, at_columns, row_resistance=ohms[0], column_resistance=ohms[1], row_end=row_end,
        column_end=column_end, row_driver_resistance=drivers[0], column_driver_resistance=drivers[1], method=method,
        outputs=OUTPUTS if method != "merge" else OUTPUTS[:2], tolerance=1e-14,
    )  # fmt: skip
    expected = reference(g, at_rows, at_columns, *ohms, row_end, column_end, drivers)
    assert_equal(found, expected, names=OUTPUTS if method != "merge" else OUTPUTS[:2])
    assert found.method == method


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (5, 3), (40, 70)])
@pytest.mark.parametrize("method", ["iterative", "merge"])
def test_any_shape_is_solved(shape, method):
    g, at_rows, at_columns = random_case(shape)
    found = solve_passive(
        g, at_rows, at_columns, row_resistance=1.0, column_resistance=2.0, method=method, tolerance=1e-14
    )
    expected = reference(g, at_rows, at_columns, 1.0, 2.0, "first", "last")
    assert_equal(found, expected, names=OUTPUTS[:2])


def test_rows_columns_and_signs_of_an_asymmetric_array():
    g = np.array([[1e-4, 2e-4, 3e-4], [4e-4, 5e-4, 6e-4]])
    volts = np.array([0.1, 0.2])
    found = solve_passive(g, volts, outputs=OUTPUTS)
    np.testing.assert_allclose(found.column_currents[0], g.T @ volts, rtol=1e-14)
    np.testing.assert_allclose(found.row_currents[0], g.sum(axis=1) * volts, rtol=1e-14)
    np.testing.assert_allclose(found.device_currents[0], g * volts[:, None], rtol=1e-14)
    wired = solve_passive(g, volts, row_resistance=50.0, column_resistance=50.0, outputs=OUTPUTS)
    assert np.all(np.diff(wired.row_nodes[0], axis=1) < 0), "row voltages fall away from the first end"
    assert np.all(np.diff(wired.column_nodes[0], axis=0) < 0), "column voltages fall towards the last end"


@pytest.mark.parametrize("zero", ["row", "column", "both"])
@pytest.mark.parametrize("ends", [("first", "last"), ("both", "both")])
def test_a_wire_without_resistance_is_the_limit_of_a_small_one(zero, ends):
    g, at_rows, at_columns = random_case((12, 7))
    ohms = {"row_resistance": 0.0 if zero != "column" else 3.0, "column_resistance": 0.0 if zero != "row" else 3.0}
    common = {"row_end": ends[0], "column_end": ends[1], "row_driver_resistance": 20.0, "column_driver_resistance": 5.0}
    exact = solve_passive(g, at_rows, at_columns, **ohms, **common, outputs=OUTPUTS, tolerance=1e-14)
    direct = solve_passive(g, at_rows, at_columns, **ohms, **common, outputs=OUTPUTS, method="direct")
    small = {name: ohm or 1e-9 for name, ohm in ohms.items()}
    near = solve_passive(g, at_rows, at_columns, **small, **common, outputs=OUTPUTS, tolerance=1e-14)
    assert_equal(exact, [getattr(direct, name)[0] for name in OUTPUTS])
    assert_equal(exact, [getattr(near, name)[0] for name in OUTPUTS], tolerance=1e-10)  # 12 segments of 1e-9 ohm, 1 mS


def test_single_segments_may_be_shorts_or_breaks():
    g, at_rows, _ = random_case((9, 8))
    row, column = np.full((9, 8), 2.0), np.full((9, 8), 1.0)
    row[3, 4], row[5, :], column[2:4, 6] = 0.0, 0.0, 0.0
    shorted = [
        solve_passive(g, at_rows, row_resistance=row, column_resistance=column, method=m, tolerance=1e-14)
        for m in ("iterative", "direct")
    ]
    assert_equal(shorted[0], [getattr(shorted[1], name)[0] for name in OUTPUTS[:2]] + [None] * 3, names=OUTPUTS[:2])
    row[:] = 2.0
    row[6, 5] = np.inf
    broken = solve_passive(g, at_rows, row_resistance=row, column_resistance=1.0, outputs=OUTPUTS, tolerance=1e-14)
    fed, cut = broken.device_currents[0, 6, :5].sum(), broken.device_currents[0, 6, 5:].sum()
    assert abs(cut) < 1e-12 * abs(fed), "what is behind a break gets no net current"


def test_floating_lines_carry_no_current():
    g, at_rows, _ = random_case((10, 10))
    driver = np.zeros(10)
    driver[4] = np.inf
    found = solve_passive(
        g, at_rows, row_resistance=1.0, column_resistance=1.0, row_driver_resistance=driver,
        column_driver_resistance=driver, tolerance=1e-14,
    )  # fmt: skip
    assert abs(found.row_currents[0, 4]) < TOLERANCE * np.abs(found.row_currents).max()
    assert abs(found.column_currents[0, 4]) < TOLERANCE * np.abs(found.column_currents).max()


@pytest.mark.parametrize("method", ["iterative", "merge"])
def test_effective_matrix_multiplies_like_the_array(method):
    g, _, _ = random_case((24, 17))
    ohms = {"row_resistance": 2.0, "column_resistance": 3.0}
    volts = np.random.default_rng(3).uniform(-1, 1, (5, 24))
    found = solve_passive(g, volts, **ohms, method=method, tolerance=1e-14)
    np.testing.assert_allclose(volts @ effective_matrix(g, **ohms), found.column_currents, rtol=0, atol=1e-15)


def test_many_inputs_are_merged_and_agree_with_single_ones():
    g, _, _ = random_case((20, 30))
    volts = np.random.default_rng(3).uniform(0, 0.2, (150, 20))
    many = solve_passive(g, volts, row_resistance=1.0, column_resistance=1.0)
    one = solve_passive(g, volts[77], row_resistance=1.0, column_resistance=1.0, tolerance=1e-14)
    assert (many.method, one.method) == ("merge", "iterative")
    np.testing.assert_allclose(many.column_currents[77], one.column_currents[0], rtol=1e-11)


def hard_cases():
    rng = np.random.default_rng(5)
    n = 96
    yield "all in the low state, 10 ohm", np.full((n, n), 1e-4), 10.0
    stripes = np.full((n, n), 1e-7)
    stripes[::2] = 1e-3
    yield "row stripes", stripes, 5.0
    yield "column stripes", stripes.T.copy(), 5.0
    yield "nine decades", 10 ** rng.uniform(-12, -3, (n, n)), 20.0
    blocks = np.kron(rng.choice([1e-3, 1e-4, 1e-7], (6, 6)), np.ones((16, 16)))
    yield "blocks", blocks, 5.0
    missing = np.where(rng.random((n, n)) < 0.5, 0.0, 1e-4)
    yield "half of the devices missing", missing, 5.0


@pytest.mark.parametrize(("g", "ohm"), [case[1:] for case in hard_cases()], ids=[case[0] for case in hard_cases()])
def test_hard_cases_converge_to_the_direct_solution(g, ohm):
    volts = np.random.default_rng(1).uniform(0, 0.2, len(g))
    ohms = {"row_resistance": ohm, "column_resistance": ohm}
    found = solve_passive(g, volts, **ohms, tolerance=1e-13)
    exact = solve_passive(g, volts, **ohms, method="direct")
    assert found.method == "iterative"
    assert found.iterations[0] <= 60
    assert_equal(found, [getattr(exact, name)[0] for name in OUTPUTS[:2]] + [None] * 3, 1e-11, OUTPUTS[:2])


def test_current_is_conserved():
    g, at_rows, at_columns = random_case((64, 50))
    found = solve_passive(g, at_rows, at_columns, row_resistance=1.0, column_resistance=1.0)
    assert abs(found.row_currents.sum() - found.column_currents.sum()) < 1e-15


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"conductance": np.ones(3)}, ["conductance", "shape"]),
        ({"conductance": [[1e-4, np.nan]]}, ["conductance", "[0, 1]", "nan"]),
        ({"conductance": [[1e-4, -1e-4]]}, ["conductance", "-0.0001"]),
        ({"conductance": object()}, ["conductance"]),
        ({"row_voltages": [0.1, 0.2, 0.3]}, ["row_voltages", "(3,)"]),
        ({"row_voltages": [0.1, np.inf]}, ["row_voltages", "inf"]),
        ({"row_voltages": "high"}, ["row_voltages"]),
        ({"column_voltages": np.zeros((7, 3)), "row_voltages": np.zeros((4, 2))}, ["column_voltages", "7", "4"]),
        ({"row_resistance": -1.0}, ["row_resistance", "-1"]),
        ({"row_resistance": np.ones((3, 3))}, ["row_resistance", "(3, 3)", "(2, 3)"]),
        ({"column_resistance": np.nan}, ["column_resistance", "nan"]),
        ({"column_end": "top"}, ["column_end", "top", "first"]),
        ({"row_driver_resistance": [1.0]}, ["row_driver_resistance", "(1,)"]),
        ({"outputs": ["currents"]}, ["outputs", "currents", "row_currents"]),
        ({"method": "fast"}, ["method", "fast"]),
        ({"method": "merge"}, ["merge", "0 ohm"]),
        ({"tolerance": 0.0}, ["tolerance"]),
    ],
)
def test_bad_input_is_refused_by_name(changes, words):
    arguments = {"conductance": np.full((2, 3), 1e-4), "row_voltages": [0.1, 0.2]} | changes
    with pytest.raises(ParameterError) as refused:
        solve_passive(**arguments)
    for word in words:
        assert word in str(refused.value)
