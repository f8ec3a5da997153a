"""Recurrent back-propagation at the level of equations: gradient, fixed points, training, recall."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.bench.presentations import Presentation, presentation_stimuli
from rramcirc.bench.stimuli import sample
from rramcirc.engines.network.backprop import RecurrentTraining, fixed_points, gradient, random_weights, resting, train
from rramcirc.engines.network.continuous import show
from rramcirc.papers.zoppo2019.glyphs import glyph_patterns

RNG = np.random.default_rng(3)
WEIGHTS = RNG.uniform(-0.25, 0.25, (12, 12))  # not symmetric
INPUTS, TARGETS = RNG.uniform(-1, 1, 12), np.sign(RNG.standard_normal(12))


def error(weights):
    return 0.5 * np.sum((TARGETS - resting(weights, INPUTS, TARGETS)[0]) ** 2)


def test_the_side_network_computes_the_gradient_of_the_error():
    found, step = gradient(WEIGHTS, INPUTS, TARGETS), 1e-6
    for i in range(12):
        for j in range(12):
            moved = np.zeros_like(WEIGHTS)
            moved[i, j] = step
            slope = (error(WEIGHTS - moved) - error(WEIGHTS + moved)) / (2 * step)
            assert found[i, j] == pytest.approx(slope, abs=1e-6)


def test_fixed_points_of_the_side_network_are_those_of_the_inverse():
    v, y = resting(WEIGHTS, INPUTS, TARGETS)
    slope = 1 - np.tanh(WEIGHTS @ v + INPUTS) ** 2
    system = np.eye(12) - slope[:, None] * WEIGHTS  # L of the paper
    assert v == pytest.approx(np.tanh(WEIGHTS @ v + INPUTS), abs=1e-12)
    assert y == pytest.approx(slope * np.linalg.solve(system.T, TARGETS - v), abs=1e-10)  # Eq. (13)


def test_the_paper_takes_a_matrix_for_symmetric_that_is_not_and_the_side_network_is_right_all_the_same():
    """Eq. (14) uses L = L^T "for construction"; Eqs. (16), (17) hold without it, with the transposed weights."""
    weights = 0.5 * (WEIGHTS + WEIGHTS.T)
    v, y = resting(weights, INPUTS, TARGETS)
    slope = 1 - np.tanh(weights @ v + INPUTS) ** 2
    system = np.eye(12) - slope[:, None] * weights
    assert np.abs(system - system.T).max() > 0.05
    literal = slope * np.linalg.solve(system, TARGETS - v)  # Eq. (14) taken at its word
    assert np.linalg.norm(literal - y) / np.linalg.norm(y) > 0.02
    assert y == pytest.approx(slope * np.linalg.solve(system.T, TARGETS - v), abs=1e-10)


def test_recall_in_single_precision_is_that_of_double_and_does_not_depend_on_threads():
    learnt = train(np.sign(RNG.standard_normal((3, 36))), RecurrentTraining(epochs=30), random_weights(36, 1))
    inputs = RNG.uniform(-1, 1, (1200, 36))
    found = fixed_points(learnt, inputs, tolerance=1e-6)
    slow = np.array([resting(learnt, row, row)[0] for row in inputs[:40]])
    assert found[:40] == pytest.approx(slow, abs=2e-5)
    assert np.array_equal(found, fixed_points(learnt, inputs, tolerance=1e-6, threads=2))


@pytest.mark.parametrize("cut", [0, 1, 5, 11])
def test_cutting_diagonals_leaves_as_many_synapses_as_the_paper_says(cut):
    assert RecurrentTraining(cut=cut, self_connections=True).mask(12).sum() == 12**2 - cut * (cut + 1)
    learnt = train(np.sign(RNG.standard_normal((2, 12))), RecurrentTraining(cut=cut, epochs=3), random_weights(12, 1))
    assert np.count_nonzero(learnt) == 12**2 - cut * (cut + 1) - 12


@pytest.mark.parametrize(("symmetry", "symmetric"), [("mean", True), ("sum", True), ("free", False)])
def test_updates_keep_weights_symmetric_unless_they_are_free(symmetry, symmetric):
    patterns = np.sign(np.random.default_rng(1).standard_normal((3, 16)))
    learnt = train(patterns, RecurrentTraining(epochs=20, symmetry=symmetry), random_weights(16, 1))
    assert bool(np.abs(learnt - learnt.T).max() < 1e-12) is symmetric
    assert np.array_equal(np.sign(fixed_points(learnt, patterns)), patterns)


def test_staged_training_agrees_with_one_system_in_time():
    """The window moves the weights while v and y follow, so the two differ by less than a per cent, not by nothing."""
    patterns = np.sign(np.random.default_rng(2).standard_normal((3, 16)))
    start = random_weights(16, 1)
    staged = train(patterns, RecurrentTraining(epochs=10, symmetry="free", tolerance=1e-9), start)
    shown = np.tile(patterns, (10, 1))
    joint = show(start, shown, shown, Presentation(), learning_rate=0.01)
    difference = np.abs(joint.weights[-1] - staged).max() / np.abs(staged).max()
    assert 1e-5 < difference < 0.02


def test_halving_the_step_of_the_integration_changes_nothing_that_counts():
    patterns = np.sign(np.random.default_rng(2).standard_normal((2, 9)))
    weights = RNG.uniform(-0.1, 0.1, (9, 9))
    runs = [show(weights, patterns, patterns, Presentation(), learning_rate=0.1, step=h) for h in (0.05, 0.025)]
    assert runs[0].weights == pytest.approx(runs[1].weights, abs=1e-7)


def test_weights_that_grow_without_bound_are_an_error_that_says_so():
    patterns = glyph_patterns("dots", 12)
    with pytest.raises(rc.ParameterError, match=r"grow without bound at eta x span = 0.03 with 144"):
        train(patterns, RecurrentTraining(epochs=30, symmetry="free"), random_weights(144, 1))
    with pytest.raises(rc.ParameterError, match="cut fewer"):
        train(patterns, RecurrentTraining(cut=144), random_weights(144, 1))
    with pytest.raises(rc.ParameterError, match="do not fit patterns"):
        train(patterns, RecurrentTraining(), random_weights(9, 1))


def test_presentations_hold_restart_and_window_apart():
    presentation = Presentation(restart=1, relax=10, window=2, guard=0.5)
    inputs = np.array([[1.0, -1.0], [-1.0, -1.0], [1.0, 1.0]])
    lines = presentation_stimuli(presentation, inputs, inputs, [True, True, False], tau=1e-6)
    times = np.linspace(0, 3 * presentation.duration, 4001) * 1e-6
    inside = (times * 1e6) % presentation.duration
    clear = np.min(np.abs(inside[:, None] - np.array([0, 1, 11, 13, 13.5])), axis=1) > 0.02
    restart, window = sample(lines["restart"], times)[clear], sample(lines["window"], times)[clear]
    number = (times * 1e6 // presentation.duration)[clear]
    assert np.array_equal(restart > 0.5, inside[clear] < 1)
    assert np.array_equal(window > 0.5, (inside[clear] > 11) & (inside[clear] < 13) & (number < 2))
    assert sample(lines["in0"], 1.5 * presentation.duration * 1e-6) == -1.0
    always = presentation_stimuli(replace(presentation, always=True), inputs, inputs)
    open_now = sample(always["window"], times * 1e6)[clear] > 0.5
    assert np.array_equal(open_now, (inside[clear] > 1) & (inside[clear] < 13))
