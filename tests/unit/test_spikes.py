"""Measurements on spikes against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rramcirc.analysis import spikes as sp
from rramcirc.basics.errors import ParameterError, RramcircError

NONSENSE = ["x", None, [[1.0]], [float("nan")], {"a": 1}]


# Spike times ----------------------------------------------------------------------------------------------------------


def test_spike_times_of_a_sine_are_its_rising_crossings():
    time = np.linspace(0.0, 5.0, 200_001)
    found = sp.spike_times(np.sin(2 * np.pi * time), time, 0.5, 0.1)
    assert found == pytest.approx(np.arange(5) + 1 / 12, abs=1e-8)


def test_ripple_within_the_hysteresis_is_one_spike_and_beyond_it_two():
    time = np.arange(6.0)
    values = [0.0, 1.0, 0.6, 1.0, 0.0, 0.0]
    assert sp.spike_times(values, time, 0.8, 0.3).tolist() == [0.8]
    assert len(sp.spike_times(values, time, 0.8, 0.1)) == 2


def test_a_waveform_that_starts_above_the_threshold_has_not_crossed_it():
    assert sp.spike_times([2.0, 2.0, 0.0, 2.0], [0.0, 1.0, 2.0, 3.0], 1.0).tolist() == [2.5]


def test_a_waveform_that_starts_inside_the_hysteresis_is_ready_to_fire():
    assert sp.spike_times([0.9, 1.1], [0.0, 1.0], 1.0, 0.5) == pytest.approx([0.5])


def test_a_jump_of_zero_duration_counts_at_its_time():
    assert sp.spike_times([0.0, 0.0, 2.0, 2.0], [0.0, 1.0, 1.0, 2.0], 1.0).tolist() == [1.0]


@given(st.lists(st.floats(0.01, 1.0), min_size=1, max_size=20), st.floats(0.0, 0.4))
def test_every_trapezoid_is_one_spike_at_half_its_edge(gaps, hysteresis):
    starts = np.cumsum(np.array(gaps) + 1.0)
    time = (starts[:, None] + [0.0, 0.1, 0.5, 0.6]).ravel()
    values = np.tile([0.0, 1.0, 1.0, 0.0], starts.size)
    assert sp.spike_times(values, time, 0.5, hysteresis) == pytest.approx(starts + 0.05, rel=1e-12)


# Rates and intervals --------------------------------------------------------------------------------------------------


def test_rate_counts_from_start_to_just_before_stop():
    assert sp.firing_rate([0.0, 0.5, 1.0], 0.0, 1.0) == 2.0


def test_rate_curve_integrates_to_the_number_of_spikes():
    times, edges = np.random.default_rng(1).uniform(0, 2, 500), np.linspace(0, 2, 13)
    assert np.sum(sp.rate_curve(times, edges) * np.diff(edges)) == pytest.approx(500, rel=1e-12)


def test_regular_spikes_have_no_variation():
    found = sp.interval_statistics(np.arange(10) * 0.1)
    assert found.count == 9
    assert found.mean == pytest.approx(0.1, rel=1e-12)
    assert found.variation == pytest.approx(0.0, abs=1e-12)
    assert found.local_variation == pytest.approx(0.0, abs=1e-20)


def test_poisson_spikes_have_variation_and_local_variation_of_one():
    times = np.cumsum(np.random.default_rng(2).exponential(0.01, 40_000))
    found = sp.interval_statistics(times)
    assert found.variation == pytest.approx(1.0, abs=0.02)  # standard error 0.005
    assert found.local_variation == pytest.approx(1.0, abs=0.02)


def test_two_spikes_have_one_interval_and_no_deviation():
    found = sp.interval_statistics([1.0, 3.0])
    assert (found.count, found.mean, found.shortest) == (1, 2.0, 2.0)
    assert np.isnan(found.deviation)


# Overlaps -------------------------------------------------------------------------------------------------------------


def test_overlap_of_two_trapezoids_at_half_level():
    time = np.linspace(0.0, 10.0, 1001)
    first = np.interp(time, [1, 2, 5, 6], [0, 1, 1, 0])
    second = np.interp(time, [3, 4, 8, 9], [0, 1, 1, 0])
    assert sp.overlap_time(first, second, time, 0.5, 0.5) == pytest.approx(5.5 - 3.5, rel=1e-9)


def test_overlap_of_coarse_points_is_exact_between_them():
    assert sp.overlap_time([0.0, 1.0], [1.0, 0.0], [0.0, 1.0], 0.25, 0.25) == pytest.approx(0.5, rel=1e-12)


def test_interval_overlap_agrees_with_the_overlap_of_the_waveforms():
    rng = np.random.default_rng(3)
    a, b = np.sort(rng.uniform(0, 100, 20)), np.sort(rng.uniform(0, 100, 15))
    a, b = a[np.append(True, np.diff(a) > 1.1)], b[np.append(True, np.diff(b) > 2.1)]
    time = np.linspace(0, 103, 2_060_001)
    one, two = (sum(((time >= t) & (time < t + w)).astype(float) for t in s) for s, w in ((a, 1.0), (b, 2.0)))
    expected = sp.overlap_time(one, two, time, 0.5, 0.5)
    assert sp.interval_overlap(a, 1.0, b, np.full(b.size, 2.0)) == pytest.approx(expected, abs=5e-3)


def test_matched_spikes_pairs_each_spike_once():
    assert sp.matched_spikes([1.0, 1.2, 5.0], [1.1, 3.0, 5.05], 0.2) == 2
    assert sp.matched_spikes([], [1.0], 0.1) == 0


# STDP windows ---------------------------------------------------------------------------------------------------------


def test_exponential_window_is_found_again():
    delay = np.concatenate([-np.linspace(1e-3, 80e-3, 20), np.linspace(1e-3, 80e-3, 20)])
    true = sp.StdpWindow("exponential", 3e-5, 17e-3, -2e-5, 34e-3, 0.0)
    found = sp.fit_stdp_window(delay, true(delay))
    for name in ("potentiation", "potentiation_time", "depression", "depression_time"):
        assert getattr(found, name) == pytest.approx(getattr(true, name), rel=1e-6, abs=0)
    assert found.residual < 1e-10


def test_noise_leaves_the_residual_of_the_noise():
    delay = np.linspace(-50e-3, 50e-3, 2001)
    noise = np.random.default_rng(4).normal(0, 0.05, delay.size)
    true = sp.StdpWindow("exponential", 1.0, 10e-3, -0.5, 20e-3, 0.0)
    assert sp.fit_stdp_window(delay, true(delay) + noise).residual == pytest.approx(0.05, rel=0.05)


def test_rectangular_window_is_found_to_half_a_step():
    delay = np.arange(-20, 21) * 1e-3
    change = np.where((delay > 0) & (delay <= 10e-3), 2e-5, np.where((delay < 0) & (delay >= -7e-3), -1e-5, 0.0))
    found = sp.fit_stdp_window(delay, change, "rectangular")
    assert (found.potentiation, found.depression) == pytest.approx((2e-5, -1e-5), rel=1e-12, abs=0)
    assert found.potentiation_time == pytest.approx(10.5e-3, rel=1e-9)
    assert found.depression_time == pytest.approx(7.5e-3, rel=1e-9)
    assert found.residual == 0.0


def test_a_branch_without_data_is_nan():
    found = sp.fit_stdp_window([1e-3, 2e-3], [1.0, 0.5])
    assert np.isnan(found.depression)
    assert np.isnan(found.depression_time)


# Recall and classes ---------------------------------------------------------------------------------------------------


def test_recall_overlap_is_one_for_the_pattern_and_minus_one_for_its_complement():
    pattern = np.array([1, 0, 1, 1, 0])
    assert sp.recall_overlap(pattern, pattern) == 1.0
    assert sp.recall_overlap(pattern, 1 - pattern) == -1.0
    assert sp.recall_overlap(pattern, np.array([1, 0, 1, 0, 0])) == pytest.approx(0.6)
    with pytest.raises(ParameterError, match="5 and 1 neurons; give equally many"):
        sp.recall_overlap(pattern, pattern[:1])


def test_confusion_table_counts_and_accuracy():
    table = sp.confusion_table([0, 0, 1, 2, 2], [0, 1, 1, -1, 2], 3)
    assert table.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1]]
    assert sp.accuracy(table) == 0.6


@pytest.mark.parametrize("value", NONSENSE, ids=repr)
@pytest.mark.parametrize(
    "call",
    [
        lambda v: sp.spike_times(v, [0.0], 0.5),
        lambda v: sp.spike_times([0.0], v, 0.5),
        lambda v: sp.spike_times([0.0], [0.0], v),
        lambda v: sp.firing_rate(v, 0.0, 1.0),
        lambda v: sp.firing_rate([0.0], 0.0, v),
        lambda v: sp.rate_curve([0.0], v),
        lambda v: sp.interval_statistics(v),
        lambda v: sp.overlap_time(v, [0.0, 1.0], [0.0, 1.0], 0.5, 0.5),
        lambda v: sp.interval_overlap(v, 1.0, [0.0], 1.0),
        lambda v: sp.matched_spikes(v, [0.0], 1.0),
        lambda v: sp.fit_stdp_window(v, [1.0]),
        lambda v: sp.fit_stdp_window([1.0], [1.0], v),
        lambda v: sp.recall_overlap(v, [1]),
        lambda v: sp.confusion_table([0], [0], v),
    ],
)
def test_nonsense_is_refused_by_name(call, value):
    with pytest.raises(RramcircError):
        call(value)


@pytest.mark.parametrize("table", ["x", None, [1.0], [[0, 0]], [[1], [2]], {"a": 1}], ids=repr)
def test_accuracy_of_no_table_is_refused(table):
    with pytest.raises(ParameterError, match="confusion_table"):
        sp.accuracy(table)


def test_times_that_go_back_are_refused():
    with pytest.raises(RramcircError, match="ascending"):
        sp.interval_statistics([1.0, 0.5])


def test_a_class_outside_the_table_is_refused():
    with pytest.raises(ParameterError, match="predicted"):
        sp.confusion_table([0, 1], [0, 5], 3)


def test_the_ends_of_what_is_allowed():
    assert sp.confusion_table([0, 2], [-1, 2], 3)[0, 3] == 1
    for true, predicted, word in (
        ([0], [-2], "predicted"),
        ([0], [3], "predicted"),
        ([-1], [0], "true"),
        ([3], [0], "true"),
    ):
        with pytest.raises(
            ParameterError, match=rf"{word}: must be whole numbers from {-1 if word == 'predicted' else 0} to 2"
        ):
            sp.confusion_table(true, predicted, 3)
    assert sp.confusion_table(np.array([], int), np.array([], int), 1).tolist() == [[0, 0]]
    with pytest.raises(ParameterError, match="give two equal lists"):
        sp.confusion_table([0], [0, 1], 3)
    assert sp.accuracy([[3, 1], [0, 4]]) == 0.875
    with pytest.raises(ParameterError, match="a table of confusion_table"):
        sp.accuracy([[1, 0], [0, 1], [1, 1]])
    assert sp.matched_spikes([1.0, 3.0], [1.5, 2.5], 0.5) == 2
    assert sp.matched_spikes([1.0, 3.0], [1.5, 2.5], 0.49) == 0
    assert sp.matched_spikes([1.0, 3.0], [1.0, 3.5], 0.0) == 1
    assert sp.interval_overlap([0.0, 2.0], [1.0, 0.0], [0.5, 2.0], 1.0) == 0.5
    with pytest.raises(ParameterError, match="at least 0 s"):
        sp.interval_overlap([0.0], -1e-12, [0.0], 1.0)
    assert sp.spike_times([0.0, 1.0, 0.0], [0.0, 1.0, 2.0], 0.5).tolist() == [0.5]


def test_few_spikes_have_few_statistics():
    assert np.isnan(sp.interval_statistics([]).mean)
    one = sp.interval_statistics([1.0, 1.5])
    assert (one.count, one.mean, one.shortest) == (1, 0.5, 0.5)
    assert np.isnan([one.deviation, one.variation, one.local_variation]).all()
    two = sp.interval_statistics([0.0, 1.0, 4.0])  # intervals 1 and 3
    assert two.deviation == pytest.approx(np.sqrt(2.0))
    assert two.variation == pytest.approx(np.sqrt(2.0) / 2.0)
    assert two.local_variation == pytest.approx(3.0 * 0.25)
    three = sp.interval_statistics([0.0, 1.0, 4.0, 5.0])
    assert three.local_variation == pytest.approx(3.0 / 2.0 * (0.25 + 0.25))


def test_overlap_counts_straight_pieces_above_both_levels():
    first, second, time = [0.0, 2.0, 2.0, 0.0], [1.0, 1.0, -1.0, -1.0], [0.0, 1.0, 2.0, 3.0]
    assert sp.overlap_time(first, second, time, 1.0, 0.0) == pytest.approx(1.0)  # from 0.5 to 1.5
    assert sp.overlap_time(first, second, time, 1.0, -2.0) == pytest.approx(2.0)  # from 0.5 to 2.5
    assert sp.overlap_time(first, second, time, 2.0, 0.0) == 0.0
    with pytest.raises(ParameterError, match="second: 2 values, 4 times"):
        sp.overlap_time(first, [0.0, 1.0], time, 1.0, 0.0)


def test_a_rectangular_window_ends_half_way_and_holds_its_edge():
    delay = np.array([-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0])
    window = sp.fit_stdp_window(delay, [0.0, -1.5, -2.5, 9.0, 2.0, 4.0, 0.0, 0.0], "rectangular")
    assert (window.potentiation, window.potentiation_time) == (3.0, 2.5)
    assert (window.depression, window.depression_time) == (-2.0, 2.5)
    assert window.residual == pytest.approx(np.sqrt(2.5 / 7.0))  # the delay of 0 does not count
    assert window([-2.5, -2.51, 0.0, 2.5, 2.51]).tolist() == [-2.0, 0.0, 0.0, 3.0, 0.0]
    later = sp.fit_stdp_window([1.0, 2.0], [1.0, 1.0], "rectangular")
    assert later.potentiation_time == 2.0  # nothing tells where it ends: the last delay
    assert np.isnan([later.depression, later.depression_time]).all()


def test_an_exponential_window_is_fitted_on_each_side():
    delay = np.array([-4.0, -2.0, -1.0, 1.0, 2.0, 4.0, 8.0]) * 1e-3
    change = np.where(delay > 0, 2e-6 * np.exp(-delay / 3e-3), -1e-6 * np.exp(delay / 5e-3))
    window = sp.fit_stdp_window(delay, change)
    assert (window.potentiation, window.potentiation_time) == pytest.approx((2e-6, 3e-3), rel=1e-5)
    assert (window.depression, window.depression_time) == pytest.approx((-1e-6, 5e-3), rel=1e-5)
    assert window.residual < 1e-11
    assert window(delay) == pytest.approx(change, rel=1e-5)
