"""Spike generators and drivers: pulses of the record, trains of the seed, the same spikes for circuit and network."""

from __future__ import annotations

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.analysis.spikes import firing_rate, interval_statistics, overlap_time, spike_times
from rramcirc.basics.errors import ParameterError, RramcircError
from rramcirc.bench import spike_pulses as sp
from rramcirc.bench import spike_sources as ss
from rramcirc.bench.stimuli import Constant, sample

POST = sp.BipolarPulse(1.1, 1e-3, -0.9, 2e-3, gap=9e-3, common_mode=1.6, edge=10e-6)


def test_gate_pulses_have_their_width_at_half_level():
    stimulus = sp.GatePulse(3.0, 10e-3, edge=10e-6).stimulus([5e-3, 30e-3])
    time, values = stimulus.corners()
    assert overlap_time(values, np.ones(time.size), time, 1.5, 0.5) == pytest.approx(20e-3, rel=1e-9)
    assert sample(stimulus, [10e-3, 20e-3, 35e-3]).tolist() == [3.0, 0.0, 3.0]


def test_a_spike_during_a_gate_pulse_makes_it_longer():
    stimulus = sp.GatePulse(3.0, 10e-3, edge=10e-6).stimulus([0.0, 6e-3, 12e-3])
    time, values = stimulus.corners()
    assert spike_times(np.append(values, 0.0), np.append(time, 1.0), 1.5).size == 1
    assert overlap_time(values, np.ones(time.size), time, 1.5, 0.5) == pytest.approx(22e-3, rel=1e-9)


def test_the_line_te_of_a_neuron_rests_at_its_read_voltage():
    pulses = rc.SynapsePulses(common_mode=1.6, read_voltage=0.1)
    neuron = rc.LifNeuron(pulses=pulses)
    stimulus = neuron.te_pulse.stimulus([1e-3])
    assert sample(stimulus, [0.0, 1.0]) == pytest.approx([1.7, 1.7])


def test_bipolar_pulse_has_levels_widths_and_gap():
    stimulus = POST.stimulus([1e-3])
    assert sample(stimulus, [0.0, 1.5e-3, 6e-3, 12e-3, 20e-3]) == pytest.approx([1.6, 2.7, 1.6, 0.7, 1.6])
    time, values = stimulus.corners()
    always = np.ones(time.size)
    assert overlap_time(values - 1.6, always, time, 0.55, 0.5) == pytest.approx(1e-3, rel=1e-9)
    assert overlap_time(1.6 - values, always, time, 0.45, 0.5) == pytest.approx(2e-3, rel=1e-9)
    assert time[-1] == pytest.approx(1e-3 + POST.duration, rel=1e-12)


def test_pulses_that_outlast_the_period_are_refused_with_both_times():
    with pytest.raises(ParameterError, match=r"take 0.01201 s, longer than the 0.005 s between"):
        POST.stimulus([0.0, 5e-3])


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: sp.GatePulse(3.0, 1e-6, edge=2e-6), "GatePulse.width"),
        (lambda: sp.GatePulse(3.0, -1e-6), "GatePulse.width"),
        (lambda: sp.GatePulse(float("nan"), 1e-6), "GatePulse.amplitude"),
        (lambda: sp.BipolarPulse(1.0, 0.0), "BipolarPulse.width"),
        (lambda: sp.BipolarPulse(1.0, 1e-3, -1.0, 1e-3, gap=-1.0, common_mode=1.6), "BipolarPulse.gap"),
        (lambda: sp.BipolarPulse(1.0, 1e-3, -1.0, 1e-3, common_mode=1.6), "gap: 0 s is shorter than the edge"),
        (
            lambda: sp.BipolarPulse(1.0, 1e-3, -1.7, 1e-3, gap=1e-3, common_mode=1.6),
            "second: takes the line 0.1 V below",
        ),
        (lambda: sp.GatePulse(3.0, 1e-3).stimulus([1.0, 0.5]), "ascending"),
        (lambda: sp.GatePulse(3.0, 1e-3).stimulus(["a"]), "times"),
        (lambda: sp.train_stimuli([0.0], [0], 3.0, ["wl0"]), "pulse"),
        (lambda: sp.train_stimuli([0.0], [4], sp.GatePulse(3.0, 1e-3), ["wl0"]), "neurons"),
        (lambda: ss.regular_train([-1.0], 1.0), "rates"),
        (lambda: ss.regular_train([1.0], 1.0, phases=1.0), "phases"),
        (lambda: ss.pattern_train([[0, 2]], 1e-3), "patterns"),
        (lambda: ss.seeded_train([10.0], 1.0, 1, dead_time=-1.0), "dead_time"),
    ],
)
def test_bad_input_is_refused_by_name(make, named):
    with pytest.raises(RramcircError, match=named):
        make()


def test_no_spikes_leave_the_line_at_rest():
    assert sp.GatePulse(3.0, 1e-3).stimulus([]) == Constant(0.0)
    assert POST.stimulus([]) == Constant(1.6)


def test_regular_trains_have_their_rates_and_phases():
    at, which = ss.regular_train([10.0, 0.0, 5.0], 1.0, phases=[0.5, 0.0, 0.0])
    trains = ss.split_train(at, which, 3)
    assert trains[0] == pytest.approx(0.05 + 0.1 * np.arange(10))
    assert trains[1].size == 0
    assert trains[2] == pytest.approx(0.2 * np.arange(5))
    assert np.all(np.diff(at) >= 0)


def test_patterns_become_simultaneous_spikes():
    at, which = ss.pattern_train([[1, 0, 1], [0, 0, 0], [0, 1, 0]], 10e-3)
    assert at == pytest.approx([0.0, 0.0, 20e-3])
    assert which.tolist() == [0, 2, 1]


def test_dead_time_keeps_spikes_apart_and_costs_the_rate_it_says():
    at, which = ss.seeded_train([40.0, 80.0], 200.0, seed=3, dead_time=10e-3)
    for train, rate in zip(ss.split_train(at, which, 2), (40.0, 80.0), strict=True):
        assert np.diff(train).min() >= 10e-3
        assert firing_rate(train, 0.0, 200.0) == pytest.approx(rate / (1 + rate * 10e-3), rel=0.04)


def test_same_seed_gives_the_same_train_and_poisson_intervals():
    one, two = ss.poisson_trains([50.0], 400.0, seed=7), ss.poisson_trains([50.0], 400.0, seed=7)
    assert np.array_equal(one[0], two[0])
    assert interval_statistics(one[0]).variation == pytest.approx(1.0, abs=0.02)  # standard error 0.005


@pytest.mark.parametrize("name", ["train.npy", "train.csv"])
def test_a_train_survives_its_file(tmp_path, name):
    at, which = ss.poisson_trains([50.0, 20.0], 2.0, seed=1)
    ss.write_train(tmp_path / name, at, which)
    again = ss.read_train(tmp_path / name, 2)
    assert np.array_equal(again[0], at)
    assert np.array_equal(again[1], which)


def test_text_trains_may_have_comments_and_blanks(tmp_path):
    (tmp_path / "t.txt").write_text("# a train\n0.2 1\n0.1 0\n\n")
    assert ss.read_train(tmp_path / "t.txt", 2)[0].tolist() == [0.1, 0.2]


@pytest.mark.parametrize("text", ["0.1 0.5\n", "0.1 7\n", "0.1\n", "x y\n1 2 3\n", "-1.0 0\n"])
def test_bad_train_files_are_refused(tmp_path, text):
    (tmp_path / "t.txt").write_text(text)
    with pytest.raises(RramcircError):
        ss.read_train(tmp_path / "t.txt", 2)


def test_every_spike_of_a_train_is_an_edge_of_its_line():
    at, which = ss.seeded_train([40.0, 40.0], 5.0, seed=2, dead_time=POST.duration)
    stimuli = sp.train_stimuli(at, which, POST, ["bl0", "bl1"])
    for line, train in zip(stimuli, ss.split_train(at, which, 2), strict=True):
        time, values = stimuli[line].corners()
        assert spike_times(values, time, 1.6 + 0.55) == pytest.approx(train + 5e-6, abs=1e-9)
