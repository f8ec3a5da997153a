"""Pedretti 2018: rate equations, Monte Carlo, circuits and digits that learn by spike-timing-dependent plasticity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.bench.images import drawn_digits
from rramcirc.papers.pedretti2018.circuit import SynapseCircuit, draw_epochs
from rramcirc.papers.pedretti2018.circuit_learning import against_ngspice, read_drift
from rramcirc.papers.pedretti2018.device_map import DeviceMapParameters, best_noise, device_map, grid
from rramcirc.papers.pedretti2018.digit_images import Tally, boxes, small_images
from rramcirc.papers.pedretti2018.digits_circuit import Circuit, correcting_lessons, forced_lessons
from rramcirc.papers.pedretti2018.digits_groups import GroupParameters, group_bias
from rramcirc.papers.pedretti2018.digits_groups import Learning as GroupLearning
from rramcirc.papers.pedretti2018.digits_learning import Answers, Array, fitted_bias, own_and_rival
from rramcirc.papers.pedretti2018.mnist_learning import (
    classify,
    efficiency,
    learnt_weights,
    template_weights,
    third_layer,
    winners,
)
from rramcirc.papers.pedretti2018.monte_carlo import run_trials
from rramcirc.papers.pedretti2018.optimum import optimal_noise
from rramcirc.papers.pedretti2018.rate_equations import RateConstants, evolve, slopes
from rramcirc.papers.pedretti2018.sequences import TABLE, run_sequences
from rramcirc.papers.pedretti2018.setup import Learning
from rramcirc.papers.pedretti2018.timed import (
    CANCELLED,
    FIRES,
    DevicePulses,
    room,
    run_timed,
    timed_run,
    timed_trials,
)
from rramcirc.sweeps.record import RunRecord


def test_rate_equations_are_integrated_as_a_solver_with_error_control_does():
    from scipy.integrate import solve_ivp

    constants = RateConstants()

    def both(time, weights):
        return slopes(constants, np.array(0.25), np.array(0.03), np.array(0.5), *weights)

    solved = solve_ivp(both, (0.0, 10.0), [constants.start] * 2, rtol=1e-9, atol=1e-15, dense_output=True)
    run = evolve(0.25, 0.03, history=True)
    assert run.pattern_history[::100] == pytest.approx(solved.sol(run.times[::100])[0], rel=1e-4)
    assert run.background_history[::100] == pytest.approx(solved.sol(run.times[::100])[1], rel=1e-4)
    assert float(run.learnt) == pytest.approx(2.865, abs=0.005)


def test_rate_equations_are_the_published_ones_term_by_term():
    p, n, r, up, down = 0.25, 0.03, 0.4, 7e-5, 3e-5
    found = slopes(RateConstants(), *map(np.array, (p, n, r, up, down)))
    pattern = 10 * n * 0.6 * (11e-5 - 2 * up) + r * 30e5 * (1e-4 - up) * (up - 60 * n * 1e-5) * (p - n) * r
    background = 0.5 * n * 0.6 * (11e-5 - 2 * down)
    background += r * 35e6 * (0.69e-4 - down) * (down - 1e-5) * (n - p) * 0.6 * r * n * (1 - p)
    assert found == pytest.approx((pattern, background), rel=1e-12)


def test_weights_that_would_leave_the_window_are_held_and_told():
    run = evolve(0.25, [0.03, 0.1])  # at 10 % noise, alpha N G_min is above the pattern's first weight
    assert run.clipped.tolist() == [False, True]
    assert run.pattern[1] == 1e-5
    assert np.isnan(evolve(0.0625, 0.03).learnt)  # never: no number, not the end of the run


def test_the_best_noise_is_that_of_the_largest_window_and_an_unknown_criterion_is_refused():
    noise = float(optimal_noise([0.25])[0])
    assert 0.015 <= noise <= 0.03
    window = [float(run.pattern - run.background) for run in (evolve(0.25, noise * f) for f in (0.7, 1.0, 1.4))]
    assert window[1] == max(window)
    with pytest.raises(rc.ParameterError, match="speed"):
        optimal_noise([0.25], "sped")


def test_a_trial_follows_the_rule_epoch_by_epoch():
    """The rule once more, in plain words, on one synapse of the pattern and one of the background without spread."""
    setting = replace(Learning(), inputs=2, active=1, noise=0.5, lrs_spread=0.0, hrs_spread=0.0, epochs=300)
    trials = run_trials(setting, 20, seed=3)
    charge, seen = setting.voltage * setting.epoch, 0
    for kinds, fired, up, down in zip(trials.kinds, trials.fired, trials.pattern, trials.background, strict=True):
        shown = np.flatnonzero(kinds == 1)
        assert not np.isin(shown + 1, shown).any()  # the epoch after is silent
        for e in np.flatnonzero((kinds == 1) & fired):
            assert up[e] == pytest.approx(1e-4)
        after = shown[np.isin(shown - 1, np.flatnonzero(fired))]
        for e in after[~fired[after]]:
            assert up[e] == pytest.approx(1e-5)  # depressed: it spiked in the epoch behind a fire
        seen += after.size
        assert set(np.round([*up, *down], 7)) <= {1e-4, 1e-5}
    assert seen > 100
    assert charge * 1e-4 > setting.threshold  # one LRS synapse fires it at once


def test_learning_needs_more_pattern_than_noise_and_is_sure_if_they_alternate():
    usual = run_trials(Learning(), 200, seed=1)
    assert usual.true_fires.share == pytest.approx(0.93, abs=0.02)
    assert usual.false_fires.interval()[1] < 0.01
    near = run_trials(replace(Learning(), active=1), 200, seed=1)
    assert near.true_fires.interval()[1] < 0.6
    strict = run_trials(replace(Learning(), strict=True), 200, seed=1)
    assert strict.true_fires.interval()[0] > 0.99


def test_a_trial_does_not_depend_on_how_many_there_are():
    few, many = (run_trials(replace(Learning(), epochs=50), n, seed=4) for n in (2, 5))
    assert np.array_equal(few.pattern, many.pattern[:2])


def test_every_sequence_of_inputs_moves_the_synapses_that_the_paper_says_in_both_engines():
    found = run_sequences(Learning(), SynapseCircuit())
    assert len(found) == 2 * len(TABLE)
    assert all(row["as_said"] for row in found), found


def test_the_device_level_replays_what_ngspice_did_and_reads_move_nothing():
    setting = replace(Learning(), epochs=40, noise=0.1)
    found = against_ngspice(setting, SynapseCircuit(), seed=2)
    assert found["moved"] >= 4
    assert found["replayed"] < 0.01
    assert found["same"] >= 10
    assert read_drift(replace(setting, epochs=10), SynapseCircuit()) < 0.05


def test_the_rule_with_times_knows_cancelled_and_cut_pulses():
    """Two synapses without spread, whose times can be reckoned by hand."""
    epoch, doses, pulses = 10e-3, np.array([0.0, 1e-3, 2e-3]), np.array([1.0, 500.0])
    down, up = (np.tile(np.log(v), (2, 1)) for v in (np.array([1e-4, 1e-5, 1e-6]), np.array([1e-4, 1.001e-4])))
    # an LRS synapse alone fires 4 ms behind the opening of the gate; both together after 2 ms
    numbers = np.array([epoch, 0.2e-3, 9.2e-3, 0.6e-3, 0.5e-3, 9.3e-3, 1e-3, 1.0, 4e-3 * 1e-4])

    def run(active):
        fires, traces, counts = np.zeros(40), np.zeros((len(active), 2)), np.zeros(4)
        g = np.full(2, 1e-4)
        run_timed(np.array(active, bool), down, up, doses, pulses, g, numbers, fires, traces, counts)
        return fires[: int(counts[FIRES])], traces, counts

    fires, traces, counts = run([[1, 0], [0, 0], [0, 0]])
    assert fires == pytest.approx([4.2e-3, 8.8e-3], abs=2e-5)  # 0.6 ms refractory between, then 4 ms again
    assert counts[CANCELLED] == 1  # the second fire takes the first one's negative pulse
    fires, traces, counts = run([[1, 0], [0, 1], [0, 0]])
    # the pulse of the second fire would come at 18.1 ms; the other synapse fires at 13.8 ms before it
    assert fires[2] == pytest.approx(10.2e-3 + 4e-3, abs=0.2e-3)
    assert counts[CANCELLED] >= 2
    assert traces[1, 1] > 0.99e-4  # so it is not depressed


def test_noise_of_large_images_has_its_density_and_each_post_learns_its_own_image():
    images = drawn_digits(60, 10, 10).train
    setting = replace(Learning(), epochs=400)
    weights = learnt_weights(setting, images, np.full(60, 0.03), seed=1)
    right, of = efficiency(setting, weights, images)
    assert right / of > 0.9
    before = learnt_weights(setting, images, np.full(60, 0.03), seed=1, epochs=0)
    right, of = efficiency(setting, before, images)
    assert right / of == pytest.approx(0.5, abs=0.02)
    alone = learnt_weights(setting, images[:1], np.full(1, 0.03), seed=1)
    assert np.array_equal(alone[0], weights[0])  # a POST does not know of the others


def test_copies_win_for_their_own_images_and_neurons_fire_for_their_digit():
    images = drawn_digits(200, 200, 10)
    weights = template_weights(Learning(), images.train)
    assert np.mean([k in row for k, row in enumerate(winners(weights, images.train))]) > 0.98
    fired = winners(weights, images.validation)
    layer = third_layer(fired, images.validation_labels, 200, images.train_labels)
    assert layer.sum(axis=1) == pytest.approx(np.ones(200))
    found = classify(layer, (fired, images.validation_labels), (fired, images.validation_labels))
    assert found.right > 150
    assert np.trace(found.fires) > 0.7 * found.images.sum()


def test_boxes_spike_if_two_of_their_pixels_do():
    image = np.zeros((1, 28, 28), bool)
    image[0, 4, 4:6] = image[0, 23, 23] = True
    found = boxes(image.reshape(1, -1)).reshape(10, 10)
    assert found[0, 0]
    assert found.sum() == 1


def test_lessons_move_the_taught_post_only_and_alike_in_ngspice_and_at_device_level():
    images = small_images("drawn", Tally(3, 0, 8), False).train
    shape = (images.shape[1], 4)
    ours, theirs, other = (Array.drawn(Circuit(), shape, seed=3) for _ in range(3))
    posts = np.zeros(3, np.int64)
    ours.teach(forced_lessons(images, posts), ours.circuit, "numpy")
    told = theirs.teach(forced_lessons(images, posts), theirs.circuit, "ngspice")
    other.teach(forced_lessons(images, posts + 1), other.circuit, "numpy")
    assert told["neurons"].tolist() == [0, 0, 0]
    gap, untaught = ours.states["gap"], other.states["gap"][:, 0]
    always, never = images.all(axis=0), ~images.any(axis=0)
    assert gap[never, 0].mean() > untaught[never].mean() + 0.02  # RESET; nm
    assert gap[always, 0].mean() < gap[never, 0].mean()
    assert np.abs(gap[:, 2:] - other.states["gap"][:, 2:]).max() < 1e-6  # read only
    assert np.abs(gap - theirs.states["gap"]).max() < 0.01 * 1.2  # of the range of 1.2 nm


def test_a_correction_is_set_at_the_label_and_reset_at_the_rival():
    images = np.array([[True, True, False]])
    lessons = correcting_lessons(images, np.array([0]), np.array([1]))
    assert lessons.posts.tolist() == [0, 1]
    assert lessons.set_rows.tolist() == [[True, True, False], [False] * 3]
    assert lessons.reset_rows.tolist() == [[False] * 3, [True, True, False]]
    array = Array.drawn(Circuit(), (3, 2), seed=3)
    array.teach(forced_lessons(images, np.array([1])), array.circuit, "numpy")
    before = {name: values.copy() for name, values in array.states.items()}
    array.teach(correcting_lessons(images, np.array([0]), np.array([1])), array.circuit.correcting, "numpy")
    assert (array.states["gap"][:2, 1] > before["gap"][:2, 1]).all()
    assert array.states["gap"][2] == pytest.approx(before["gap"][2], abs=1e-6)


def test_answers_are_the_first_spikes_and_currents_into_posts_change_them():
    array = Array.drawn(Circuit(), (30, 2), seed=3)
    images = np.ones((3, 30), bool)
    plain = array.ask(images, np.zeros(2))
    assert np.isfinite(plain.latency).all()
    assert plain.latency == pytest.approx(np.tile(plain.latency[0], (3, 1)), rel=1e-9)  # at rest before each image
    loser = 1 - plain.first[0]
    bias = np.where(np.arange(2) == loser, 1e-7, 0.0)
    assert (array.ask(images, bias).first == loser).all()
    assert plain.correct(np.full(3, plain.first[0])).hits == 3


def test_ngspice_answers_as_the_device_level():
    array = Array.drawn(Circuit(), (30, 2), seed=3)
    images = np.random.default_rng(1).random((2, 30)) < 0.6
    ours, theirs = (array.ask(images, np.zeros(2), engine) for engine in ("numpy", "ngspice"))
    assert theirs.latency == pytest.approx(ours.latency, rel=1e-2)


def test_fitted_currents_let_every_post_answer_as_often_as_its_digit():
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 3, 600)
    currents = 1e-7 * (1.0 + 0.3 * rng.random((600, 3)) + 0.2 * np.eye(3)[labels] + np.array([0.0, 0.3, 0.6]))
    led = (currents + fitted_bias(currents, labels)).argmax(axis=1)
    assert np.bincount(led, minlength=3) == pytest.approx(np.bincount(labels), abs=12)
    assert (led == labels).mean() > (currents.argmax(axis=1) == labels).mean() + 0.1


def test_groups_answer_by_any_post_of_the_digit_and_silence_is_wrong():
    latency = np.full((3, 20), np.inf)
    latency[0, [3, 13]] = 2e-3, 1e-3
    latency[1, 9] = 1e-3
    spikes = np.zeros((3, 20), np.int64)
    spikes[0, [3, 13, 4]] = 1, 5, 4
    spikes[1, [9, 8]] = 2
    answers = Answers(latency, spikes)
    assert answers.correct(np.array([3, 9, 9])).hits == 2  # no POST fired for the third
    assert answers.most(np.array([3, 9, 9])).hits == 1  # a tie, and silence
    own, rival = own_and_rival(spikes.astype(float), np.array([3, 9, 9]))
    assert own[:2].tolist() == [13, 9]
    assert rival[:2].tolist() == [4, 8]


def test_currents_of_groups_let_the_right_digit_lead_where_start_does_not():
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 10, 500)
    own = np.arange(20)[None, :] == (labels + 10 * rng.integers(0, 2, 500))[:, None]
    offset = 0.5 * rng.random(20)
    currents = 1e-7 * (1.0 + 0.2 * rng.random((500, 20)) + 0.3 * own + offset)
    bias = group_bias(currents, labels, np.zeros(20))
    right = [((currents + b).argmax(axis=1) % 10 == labels).mean() for b in (np.zeros(20), bias)]
    assert right[0] < 0.7
    assert right[1] > 0.95
    assert bias.sum() == pytest.approx(0.0, abs=1e-12)


def test_cells_draw_a_deviate_for_each_lesson_if_asked_for():
    lesson = forced_lessons(np.array([[True, False, False]]), np.array([1]))
    gaps = []
    for cycles in (False, True, True):
        array = Array.drawn(Circuit(), (3, 2), seed=3, cycles=cycles)
        if len(gaps) == 2:
            array.noise += 1  # as in the next run of lessons
        array.teach(lesson, array.circuit, "numpy")
        gaps.append(array.states["gap"][1:, 1])  # nm, of the cells that are RESET
    assert np.abs(gaps[1] - gaps[0]).min() > 1e-4
    assert np.abs(gaps[2] - gaps[1]).min() > 1e-4


def test_groups_share_lessons_and_go_on_from_a_record(tmp_path):
    parameters = GroupParameters(group=2, train=20, fitted=20, test=10, together=10, handicap=1.0, mnist="drawn")
    images = small_images("drawn", Tally(20, 0, 10), False)

    def learn(record: RunRecord) -> GroupLearning:
        learning = GroupLearning(parameters, images, 3, record)
        learning.forced()
        return learning

    with RunRecord(tmp_path / "pieces", {"name": "groups"}) as record:
        whole = learn(record)
    posts = np.concatenate(whole.taught)
    assert (posts % 10 == images.train_labels).all()
    given = np.bincount(posts, minlength=20)
    assert np.abs(given[:10] - given[10:]).max() <= 2
    lines = (tmp_path / "pieces").read_bytes().splitlines(keepends=True)
    (tmp_path / "pieces").write_bytes(b"".join(lines[:2]))  # stopped after the first of two batches
    with RunRecord(tmp_path / "pieces", {"name": "groups"}) as record:
        again = learn(record)
    assert (again.array.states["gap"] == whole.array.states["gap"]).all()


@pytest.fixture(scope="module")
def pulses() -> DevicePulses:
    return DevicePulses.drawn(SynapseCircuit(), 60, seed=1)


def test_the_rule_with_times_learns_at_other_sizes_and_errs_as_the_circuit_does(pulses):
    trials = timed_trials(replace(Learning(), inputs=36, active=9), SynapseCircuit(), pulses, 20, seed=1)
    # ngspice, 16 synapses: 4.9 % of noise epochs fire in mid-epoch, 0.5 % by the plain rule
    assert 0.02 < trials.false_fires.share < 0.09
    assert trials.true_fires.interval()[0] > 0.7
    assert np.isfinite(trials.learnt).mean() >= 0.5
    none = timed_trials(replace(Learning(), inputs=36, active=9, noise=0.0, epochs=200), SynapseCircuit(), pulses, 5, 1)
    assert none.false_fires.hits == 0
    assert np.isnan(none.learnt).all()  # without noise nothing is depressed but what was in LRS beside the pattern


def test_a_trial_with_times_does_not_depend_on_how_many_there_are_nor_on_how_often_the_post_fires(pulses):
    few, many = (timed_trials(replace(Learning(), epochs=40), SynapseCircuit(), pulses, n, seed=4) for n in (2, 4))
    assert np.array_equal(few.pattern, many.pattern[:2])
    # a pattern of one pixel among 64, much noise: more than four fires an epoch
    dense = replace(Learning(), inputs=64, active=1, noise=0.5, epochs=40)
    active = draw_epochs(dense, 1)[1]
    start = np.full((64, 1), 47e-6)
    run = timed_run(dense, SynapseCircuit(), active, {}, start)
    assert 4 * len(active) < run.fires.size <= room(SynapseCircuit(), active)[0].size
    assert np.diff(run.fires).min() >= SynapseCircuit().refractory


def test_the_map_of_the_device_knows_its_levels_and_is_empty_where_noise_is_as_dense_as_the_pattern():
    parameters = DeviceMapParameters(active=(5, 40), noises=(0.03, 0.2), devices=60, trials=4)
    table = device_map(parameters, "network")
    assert grid(table, "time").shape == (2, 2)
    assert np.isnan(table[(table["density"] == 0.05) & (table["noise"] == 0.2)]["time"]).all()
    assert table[(table["density"] == 0.4) & (table["noise"] == 0.03)]["time"].item() < 10.0
    assert best_noise(table, "window")[1] == 0.03
    lrs, hrs, *_ = table.attrs["levels"]
    assert 5 < lrs / hrs < 10
