"""Uncertainties from places that are drawn: densities with a known spread."""

from __future__ import annotations

import numpy as np
import pytest

from rramcirc.basics.arrays import FloatArray
from rramcirc.studies.fit.drawn import _cooled, _middle

SPREAD = np.array([[1.0, -0.95], [-0.95, 1.0]])
BOX = np.array([20.0, 20.0])


def test_places_drawn_fill_a_narrow_valley() -> None:
    """Six stages of 64 places, neighbours alike: 20 % of a standard deviation, here within 40 %."""
    inverse = np.linalg.inv(SPREAD)
    places, _ = _cooled(lambda x: 0.5 * float(x @ inverse @ x), -BOX, BOX)
    found = places.T @ places / len(places)
    assert np.sqrt(np.diag(found)) == pytest.approx([1.0, 1.0], rel=0.4)
    assert found[0, 1] / np.sqrt(found[0, 0] * found[1, 1]) == pytest.approx(-0.95, abs=0.04)


def test_places_drawn_reach_both_ends_of_a_bent_valley() -> None:
    """The search ended at one end of y = x^2, -1 < x < 1, 0.02 wide: the middle of the places is that of the valley."""

    def badness(move: FloatArray) -> float:
        x, y = move + 1.0
        return 0.5 * ((y - x**2) / 0.02) ** 2 if abs(x) < 1.0 else np.inf

    places, bad = _cooled(badness, -2.0 * np.ones(2), 2.0 * np.ones(2))
    x = places[:, 0] + 1.0
    assert x.std() == pytest.approx(3**-0.5, rel=0.3)
    middle = _middle(places, bad, badness(np.zeros(2)))
    assert abs(middle[0] + 1.0) < 0.75  # nearest to the mean, which lies beside the valley
    assert badness(middle) < 2.0


def test_places_drawn_stay_between_walls() -> None:
    """Any place within one is as good: a standard deviation of 1 / sqrt(3)."""

    def badness(x: FloatArray) -> float:
        return 0.0 if np.all(np.abs(x) < 1.0) else np.inf

    places, _ = _cooled(badness, -0.2 * BOX, 0.2 * BOX)
    assert places.std(0) == pytest.approx([3**-0.5] * 2, rel=0.3)
