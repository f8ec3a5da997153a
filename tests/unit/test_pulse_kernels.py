"""Compiled parts of the integration of single devices: what their small equations give is what NumPy gives."""

from __future__ import annotations

import numpy as np
import pytest

from rramcirc.devices.pulses import kernels


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_factors_of_a_small_matrix_solve_its_equations(size: int) -> None:
    rng = np.random.default_rng(size)
    for _ in range(20):
        matrix, right = rng.normal(size=(size, size)), rng.normal(size=size)
        matrix[0, 0] *= 1e-9  # rows must be exchanged
        factors, order, found = matrix.copy(), np.empty(size, np.int64), right.copy()
        assert kernels._factor(factors, order)
        kernels._solve(factors, order, found)
        expected = np.linalg.solve(matrix, right)
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9 * np.abs(expected).max())


def test_a_singular_matrix_is_told() -> None:
    matrix = np.array([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0], [0.0, 0.0, 1.0]])
    assert not kernels._factor(matrix, np.empty(3, np.int64))
