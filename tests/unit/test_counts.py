"""Counts and their intervals: known values, the coverage they promise, refusals by name."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

import rramcirc as rc
from rramcirc.analysis.counts import Count, counted


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(12, 12, 0.73535, 1.0), (97, 100, 0.91482, 0.99377), (0, 20, 0.0, 0.16843), (1827, 2000, 0.9003, 0.9254)],
)
def test_interval_is_that_of_the_binomial_tails(hits, trials, low, high):
    # the definition: at the bounds, a count so large or so small has the probability 2.5 %
    found = Count(hits, trials).interval()
    assert found == pytest.approx((low, high), abs=1e-4)
    if hits:
        assert binom.sf(hits - 1, trials, found[0]) == pytest.approx(0.025, rel=1e-6)
    if hits < trials:
        assert binom.cdf(hits, trials, found[1]) == pytest.approx(0.025, rel=1e-6)


def test_interval_covers_the_probability_as_often_as_it_says():
    hits = np.arange(51)
    low, high = np.array([Count(int(k), 50).interval(0.9) for k in hits]).T
    for probability in (0.02, 0.3, 0.5, 0.91):
        covered = binom.pmf(hits[(low <= probability) & (probability <= high)], 50, probability).sum()
        assert 0.9 <= covered < 0.99


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (Count(0, 5), "0 of 5 (0 %; 95 %: 0 to 52.2 %)"),
        (Count(99_999, 100_000), "99999 of 100000 (99.999 %; 95 %: 99.994 to 99.999 %)"),
        (Count(3, 1000), "3 of 1000 (0.3 %; 95 %: 0.0619 to 0.874 %)"),
    ],
)
def test_text_never_rounds_up_to_certainty(count, text):
    assert str(count) == text


def test_counted_takes_lists_and_arrays_of_true_and_false():
    assert counted([True, False]) == counted(np.array([1.0, 0.0])) == counted([1, 0]) == Count(1, 2)


@pytest.mark.parametrize("wrong", [[], [0.5], [[True]], ["yes"], [float("nan")]])
def test_counted_refuses_what_is_no_trial(wrong):
    with pytest.raises(rc.ParameterError, match="counted"):
        counted(wrong)


@pytest.mark.parametrize("pair", [(1, 0), (-1, 3), (4, 3), (1.5, 3), ("1", 3)])
def test_impossible_counts_are_refused_by_name(pair):
    with pytest.raises(rc.ParameterError, match="Count"):
        Count(*pair)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95, "0.95", True])
def test_a_confidence_is_between_0_and_1(confidence):
    with pytest.raises(rc.ParameterError, match="confidence"):
        Count(1, 2).interval(confidence)
