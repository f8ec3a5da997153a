"""Uncertainties where slopes do not hold: growth of the cost, and residuals that are like their neighbours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rramcirc.devices.cards.card import load_card
from rramcirc.studies.fit.data import Measurement
from rramcirc.studies.fit.model import Protocol, make_protocol, predict
from rramcirc.studies.fit.problem import Problem, free_parameters
from rramcirc.studies.fit.profiled import _crossed, profiled_covariance
from rramcirc.studies.fit.search import _repeated, alike, covariance
from rramcirc.studies.fit.settings import Settings

CARD = load_card("hp_tio2_drift")


def measured(kind: str, **columns: np.ndarray) -> Protocol:
    count = len(next(iter(columns.values())))
    return make_protocol(Measurement(Path("a.csv"), "0" * 64, kind, columns, np.arange(count) + 2), Settings())


def test_a_parabola_is_crossed_at_one_and_what_ends_early_at_its_end() -> None:
    """Roots of the growth: straight, flat behind 1, and never there."""
    assert _crossed([0.0, 1.0, 2.0], [0.0, 1.0, 2.0], 1.0) == pytest.approx(1.0)
    assert _crossed([0.0, 1.0, 4.0], [0.0, 0.5, 1.5], 1.0) == pytest.approx(2.5)
    assert _crossed([0.0, 1.0, 2.0], [0.0, 0.1, 0.2], 1.0) == 2.0


def test_neighbours_that_are_alike_count_as_fewer() -> None:
    voltage = np.linspace(0.1, 1.0, 400)
    protocol = measured("sweep", voltage=voltage, current=1e-4 * voltage, ramp=np.ones(400))
    noise = np.random.default_rng(1).normal(size=400)
    assert _repeated(protocol, noise) == 1.0
    drift = 0.05 * np.sin(np.linspace(0.0, 9.0, 400)) + 1e-3 * noise
    assert alike(protocol, drift) > 0.9
    assert _repeated(protocol, drift) > 20.0
    drift[7] = 1.0  # an outlier alone hides nothing
    assert alike(protocol, drift) > 0.9


def test_a_device_that_is_nearly_full_bounds_its_mobility_from_below_only() -> None:
    """R of 0.1 to 0.2 kohm with large errors: a larger mobility fills the device, and more than full it cannot be."""
    card = CARD.with_values({"mobility": 1.08 * CARD.number("mobility")})
    columns = {"amplitude": np.ones(6), "width": np.full(6, 0.08), "before": np.full(6, 5e3), "after": np.full(6, 1e3)}
    exact = measured("pulses", **columns)
    found = predict(card, exact, exact.start, Settings()).current
    columns["after"] = 0.1 / found * np.exp(1.2 * np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0]))
    problem = Problem(card, free_parameters(card, ["mobility"]), [measured("pulses", **columns)], Settings())
    matrix = np.atleast_2d(covariance(problem, problem.start))
    wide, said = profiled_covariance(problem, problem.start, matrix)
    assert wide[0, 0] > 4.0 * matrix[0, 0]
    assert said[0].startswith("mobility (")
    sure = profiled_covariance(problem, problem.start, 1e-6 * matrix)
    assert sure[0][0, 0] == pytest.approx(1e-6 * matrix[0, 0])  # a thousandth of it is a straight line
