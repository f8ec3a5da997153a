"""Uncertainties from places that are drawn: densities with a known spread."""

from __future__ import annotations

import numpy as np
import pytest

from rramcirc.basics.arrays import FloatArray
from rramcirc.studies.fit.drawn import _walked

SPREAD = np.array([[1.0, -0.95], [-0.95, 1.0]])
START = 0.01 * np.eye(2)  # ten times too narrow, and round


def test_walkers_find_a_narrow_valley() -> None:
    """A thousand places of which about 60 are independent: 20 % of a standard deviation, here within 40 %."""
    inverse = np.linalg.inv(SPREAD)
    found = _walked(lambda x: 0.5 * float(x @ inverse @ x), START, 100)
    assert np.sqrt(np.diag(found)) == pytest.approx([1.0, 1.0], rel=0.4)
    assert found[0, 1] / np.sqrt(found[0, 0] * found[1, 1]) == pytest.approx(-0.95, abs=0.04)


def test_walkers_stay_between_walls() -> None:
    """Any place within one is as good: a standard deviation of 1 / sqrt(3)."""

    def badness(x: FloatArray) -> float:
        return 0.0 if np.all(np.abs(x) < 1.0) else np.inf

    found = _walked(badness, START, 100)
    assert np.sqrt(np.diag(found)) == pytest.approx([3**-0.5] * 2, rel=0.3)
