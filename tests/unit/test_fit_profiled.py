"""Uncertainties where slopes do not hold: growth of the cost, and residuals that are like their neighbours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rramcirc.devices.cards.card import load_card
from rramcirc.studies.fit.assumed import moves_with_rate
from rramcirc.studies.fit.choose import _noise_is_left
from rramcirc.studies.fit.data import Measurement
from rramcirc.studies.fit.fit import FittedParameter
from rramcirc.studies.fit.model import Protocol, make_protocol, predict
from rramcirc.studies.fit.problem import Problem, free_parameters
from rramcirc.studies.fit.profiled import _crossed, profiled_covariance
from rramcirc.studies.fit.report import _rated
from rramcirc.studies.fit.search import covariance, inverse_of, search_locally
from rramcirc.studies.fit.settings import Settings
from rramcirc.studies.fit.variances import _repeated, _variance, alike

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


def test_readings_that_a_fit_comes_near_to_still_have_their_scatter() -> None:
    """Two readings of full weight decide about the second of two values, forty of a tenth about the first.

    The scatter of 300 fits is known to 4 %. From bare squares it is a seventh of that.
    """
    rng = np.random.default_rng(5)
    weights = np.r_[np.ones(2), np.full(40, 0.1)]
    slopes = weights[:, None] * np.stack([np.ones(42), np.r_[1.0, -1.0, np.zeros(40)]], 1)
    own, inverse = np.ones((42, 1)), inverse_of(slopes)
    found, told = [], []
    for _ in range(300):
        noise = 0.02 * weights * rng.normal(size=42)
        found.append(inverse @ slopes.T @ noise)
        rest = noise - slopes @ found[-1]
        variance = _variance(np.stack([np.ones(42), weights**2], 1), rest, slopes, own)
        told.append(np.diag(inverse @ (slopes.T * variance) @ slopes @ inverse))
    assert np.sqrt(np.mean(told, 0)) == pytest.approx(np.std(found, 0), rel=0.25)


def test_a_steep_law_of_conduction_is_no_edge() -> None:
    """A sweep of 0.4 V steps: the current grows tenfold a step while the state rests, and counts as in a finer one."""
    card = load_card("stanford_gap_v1")
    voltage = np.r_[np.linspace(0.0, 1.2, 4), np.linspace(0.8, 0.0, 3)]
    exact = measured("sweep", voltage=voltage, current=np.ones(7), ramp=np.full(7, 1e9))
    current = np.full(7, 1e-15)
    current[exact.row] = predict(card, exact, np.array([1e-5]), Settings()).current
    file = measured("sweep", voltage=voltage, current=current, ramp=np.full(7, 1e9))
    problem = Problem(card, free_parameters(card, ["ea"]), [file], Settings())
    assert np.ptp(np.log(current[exact.row])) > 3.0
    problem.weigh(problem.start)
    assert problem.weights[0].min() > 0.9 * problem.weights[0].max()


def test_a_rate_stands_on_the_ramp_rate_that_no_file_says() -> None:
    """Twice as fast a sweep makes the mobility of a linear drift twice as large, and moves no resistance."""
    voltage = np.interp(np.linspace(0.0, 4.0, 81), np.arange(5), [0.0, 2.0, 0.0, -2.0, 0.0])
    names = ["mobility", "r_off"]
    for rate in ({}, {"ramp": np.ones(81)}):
        exact = measured("sweep", voltage=voltage, current=np.ones(81), **rate)
        current = np.full(81, 1e-15)
        current[exact.row] = predict(CARD, exact, np.array([1e-4]), Settings()).current
        file = measured("sweep", voltage=voltage, current=current, **rate)
        problem = Problem(CARD, free_parameters(CARD, names), [file], Settings())
        moved = moves_with_rate(problem, search_locally(problem, problem.start, steps=3))
        assert moved / [CARD.number(name) for name in names] == pytest.approx([0.0 if rate else 1.0, 0.0], abs=0.01)


def test_a_place_without_a_path_of_states_is_not_allowed() -> None:
    """The card itself is allowed there, and a profile that went on from it ended a whole fit."""
    card = load_card("hfo2_filament")
    columns = {"amplitude": np.ones(4), "width": np.full(4, 1e-6), "before": np.full(4, 2e4), "after": np.full(4, 2e4)}
    problem = Problem(card, free_parameters(card, ["diameter_min"]), [measured("pulses", **columns)], Settings())
    assert problem.allowed(problem.start)
    there = np.array([problem.free[0].place(2.5)])  # wider than a point of the path behind it
    problem.candidate(there)
    assert not problem.allowed(there)


def test_two_searches_that_noise_cannot_tell_apart_end_the_search_for_starts() -> None:
    """Errors of 10.5 and 10.7 % of 40 readings with 10 % of noise; not 10.5 and 13 %, nor with a few far off."""
    rng = np.random.default_rng(3)
    columns = {"amplitude": np.full(40, 0.05), "width": np.full(40, 1e-6), "before": np.full(40, 5e3)}
    noisy = columns | {"after": 5e3 * np.exp(0.1 * rng.normal(size=40))}
    problem = Problem(CARD, free_parameters(CARD, ["mobility"]), [measured("pulses", **noisy)], Settings())
    tried = [(error, problem, problem.start) for error in (0.107, 0.105)]
    assert _noise_is_left(problem, tried)
    assert not _noise_is_left(problem, [*tried[1:], (0.13, problem, problem.start)])
    assert not _noise_is_left(problem, [(3.0 * error, *rest) for error, *rest in tried])


def test_the_report_says_what_stands_on_the_ramp_rate() -> None:
    value = FittedParameter("ea", "eV", 1.2, 1.15, 0.001, False, (), 0.001, with_rate=-0.023)
    assert (
        _rated(value) == "stands on the ramp rate, which no file says: -0.023 (-2 %) with twice of it, not in one sigma"
    )
    assert _rated(replace(value, with_rate=0.00005)) == ""
