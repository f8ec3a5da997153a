"""Networks of layers that learn locally: gradient, update rules, pulses; compiled loops against NumPy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rramcirc.basics.errors import ParameterError
from rramcirc.bench.images import drawn_digits
from rramcirc.devices.pulses.exponential import PulseExponential
from rramcirc.devices.pulses.table import PulseTable
from rramcirc.engines.network import layer_kernels as kernels
from rramcirc.engines.network.layer_devices import DeviceSpread, PulsedDevice, draw_pool
from rramcirc.engines.network.layer_rules import (
    RULES,
    UpdateRule,
    cancelled,
    linearised,
    moved,
    proportional,
    rounded_pairs,
    scaled,
    ternary,
)  # fmt: skip
from rramcirc.engines.network.layer_training import Training, adam_numpy, train_layers
from rramcirc.engines.network.layer_writing import Pairs, normals32, uniforms32
from rramcirc.engines.network.layers import LayerNetwork, class_error, draw_layers, local_gradient

EXPONENTIAL, LINEAR = PulsedDevice(), PulsedDevice("linear")
UP = np.array([0.1, 0.3, 0.5, 0.8, 1.0])
CURVE = PulsedDevice("curve", ratio=0.1, levels=4, up=UP, down=np.array([1.0, 0.6, 0.4, 0.15, 0.1]))
ALL_SPREAD = DeviceSpread(
    alpha=0.25, top=0.01, bottom=0.05, cycle=0.2, read=0.03, stuck=0.05, endurance=3.0, endurance_spread=0.5
)


def pairs(device: PulsedDevice, count: int = 4000, spread: DeviceSpread | None = None, seed: int = 3) -> Pairs:
    rng = np.random.default_rng(seed)
    starts = rng.uniform(device.ratio, 1.0, (2, count))
    spread = spread or DeviceSpread()
    return Pairs.of_pools(device, spread, *(draw_pool(device, spread, start, rng) for start in starts))


def change(count: int, size: float, seed: int = 4) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal(count) * size).astype(np.float32)


def test_pulses_follow_the_closed_form_of_the_device() -> None:
    rule = PulseExponential()
    device = PulsedDevice.of_rule(rule)
    both = pairs(device, 50)
    g = both.plus.conductance.astype(float) * rule.g_max
    n = np.arange(50) - 25
    wanted = np.where(n > 0, rule.potentiation_change(g, np.maximum(n, 0)),
                      rule.depression_change(g, np.maximum(-n, 0)))  # fmt: skip
    assert moved(device, both.plus, n) * rule.g_max == pytest.approx(g + wanted, rel=1e-6)


@pytest.mark.parametrize("device", [EXPONENTIAL, CURVE], ids=["exponential", "curve"])
def test_cancelled_pulses_make_the_wanted_change(device: PulsedDevice) -> None:
    rng = np.random.default_rng(1)
    g = rng.uniform(device.ratio + 0.02, 0.98, 300)
    goal = np.clip(g + rng.uniform(-0.3, 0.3, 300), device.ratio + 0.02, 0.98)  # less than N pulses away
    n = cancelled(goal - g, g, device)
    pool = pairs(device, 300).plus
    pool.conductance = g
    assert moved(device, pool, n) == pytest.approx(goal, abs=1e-6)


def test_linear_pulses_make_the_wanted_change_until_the_bound() -> None:
    pool = pairs(LINEAR, 300).plus
    wanted = np.linspace(-1, 1, 300)
    n = proportional(wanted, pool.conductance, LINEAR)
    ends = np.clip(pool.conductance + wanted, LINEAR.ratio, 1.0)
    assert moved(LINEAR, pool, n) == pytest.approx(ends, abs=1e-6)


def test_linearised_pulses_are_the_cancelled_ones_to_first_order() -> None:
    g = np.linspace(0.2, 0.8, 50)
    for small in (1e-3, -1e-3):
        exact, first = cancelled(np.full(50, small), g, EXPONENTIAL), linearised(np.full(50, small), g, EXPONENTIAL)
        assert first == pytest.approx(exact, rel=5e-3)
        assert np.all(np.abs(first) < np.abs(exact))


def test_rounding_is_unbiased_and_independent_between_the_devices_of_a_pair() -> None:
    count = 400_000
    draw = uniforms32(12345, count)
    a, b = rounded_pairs(np.full(count, 1.3), np.full(count, -0.2), draw, "stochastic")
    assert a.mean() == pytest.approx(1.3, abs=5 * np.sqrt(0.21 / count))
    assert b.mean() == pytest.approx(-0.2, abs=5 * np.sqrt(0.16 / count))
    together = np.mean((a == 2) & (b == -1))
    assert together == pytest.approx(0.3 * 0.2, abs=5 * np.sqrt(0.06 * 0.94 / count))


def test_rounding_to_nearest_drops_small_changes() -> None:
    a, b = rounded_pairs(np.array([0.49, 1.6, -0.5]), np.zeros(3), np.zeros(3), "nearest")
    assert a.tolist() == [0, 2, -1]
    assert b.tolist() == [0, 0, 0]


def test_draws_of_following_writes_are_unrelated_and_uniform() -> None:
    draws = np.array([uniforms32(key, 20_000) for key in range(40)])
    assert draws.mean() == pytest.approx(0.5, abs=5 / np.sqrt(12 * draws.size))
    assert np.mean(draws < 1e-3) == pytest.approx(1e-3, abs=5 * np.sqrt(1e-3 / draws.size))
    between = np.corrcoef(draws)[~np.eye(40, dtype=bool)]
    assert np.abs(between).max() < 6 / np.sqrt(20_000)
    deviates = normals32(7, 100_000, 3)
    assert (deviates.mean(), deviates.std()) == (pytest.approx(0, abs=0.02), pytest.approx(1, abs=0.02))


RULE_CASES = {
    "linear": (LINEAR, RULES["linear"], 0.004), "naive": (EXPONENTIAL, RULES["naive"], 0.004),
    "cancelled": (EXPONENTIAL, RULES["cancelled"], 0.01), "linearised": (EXPONENTIAL, RULES["linearised"], 0.01),
    "ternary (3,1)": (EXPONENTIAL, scaled(3, 1), 0.1), "nearest": (LINEAR, RULES["nearest"], 0.02),
    "verify": (EXPONENTIAL, RULES["verify"], 0.004), "curve": (CURVE, UpdateRule(cancelled), 0.05),
    "large steps": (EXPONENTIAL, RULES["naive"], 0.05), "ternary (1,5)": (CURVE, scaled(1, 5), 0.2),
}  # fmt: skip


@pytest.mark.parametrize("spread", [DeviceSpread(), ALL_SPREAD], ids=["nominal", "spread"])
@pytest.mark.parametrize("name", RULE_CASES)
def test_compiled_writing_gives_the_pulses_of_numpy(name: str, spread: DeviceSpread) -> None:
    device, rule, size = RULE_CASES[name]
    one, two = pairs(device, spread=spread), pairs(device, spread=spread)
    for key in range(5):
        wanted = change(one.weights.size, size, key)
        one.write(wanted, rule, 1000 + key, "compiled")
        two.write(wanted, rule, 1000 + key, "numpy")
    assert one.tally[[kernels.UP, kernels.DOWN, kernels.READS]].tolist() == two.tally[[0, 1, 3]].tolist()
    assert one.tally[kernels.UP] > 0
    assert one.tally[kernels.CHARGE] == pytest.approx(two.tally[kernels.CHARGE], rel=1e-5)
    for a, b in ((one.plus, two.plus), (one.minus, two.minus)):
        assert a.conductance == pytest.approx(b.conductance, abs=1e-6)
        assert a.left.tolist() == b.left.tolist()
    assert one.weights == pytest.approx(two.weights, abs=1e-6)


def test_marking_overlooks_no_pulse() -> None:
    """Without the quick pass every pair is looked at: read noise of next to nothing switches it off."""
    for name in ("cancelled", "linearised"):
        device, rule, size = RULE_CASES[name]
        one = pairs(device, 40_000)
        two = pairs(device, 40_000, DeviceSpread(read=1e-12))
        for key in range(3):
            for both in (one, two):
                both.write(change(40_000, size, key), rule, key)
        assert one.tally.tolist() == pytest.approx(two.tally.tolist(), rel=1e-9)


def test_adam_is_the_same_in_both_forms_and_follows_the_sign_of_the_gradient() -> None:
    rng = np.random.default_rng(0)
    states = [[np.zeros(1000, np.float32) for _ in range(3)] for _ in range(2)]
    for k in range(4):
        gradient = (rng.standard_normal(1000) * 1e-3).astype(np.float32)
        for step, arrays in zip((kernels.adam, adam_numpy), states, strict=True):
            step(gradient, arrays[0], arrays[1], 0.9, 0.999, 1e-3 / (1 - 0.9 ** (k + 1)), 1 / (1 - 0.999 ** (k + 1)),
                 arrays[2])  # fmt: skip
        if k == 0:  # the first step is the rate, against the sign
            assert states[0][2] == pytest.approx(-1e-3 * np.sign(gradient), rel=2e-2)
    for a, b in zip(*states, strict=True):
        assert a == pytest.approx(b, rel=1e-6, abs=1e-12)


def test_gradient_is_that_of_a_network_whose_step_is_replaced_by_the_box() -> None:
    """With Theta' = 1 in the box, dL/dW = S^T (J err inside): by finite differences of the linear part."""
    network = LayerNetwork(12, (7,), classes=3)
    layer = draw_layers(network, LINEAR, DeviceSpread(), 1)[0]
    rng = np.random.default_rng(2)
    spikes, labels = (rng.random((9, 12)) < 0.5).astype(np.float32), rng.integers(0, 3, 9)
    gradient, fired, inside = local_gradient(network, layer, spikes, labels)
    potentials = layer.potentials(spikes)
    box = np.abs(potentials) < network.box * np.sqrt(layer.square)
    assert inside == box.mean()
    assert fired.tolist() == (potentials > 0).tolist()

    def loss(scores: np.ndarray) -> float:
        return float(np.mean(np.log(np.exp(scores).sum(1)) - scores[np.arange(9), labels]))

    for i, j in ((0, 0), (3, 5), (11, 6)):
        step = 1e-3
        nudged = [fired + sign * step * box * spikes[:, [i]] * (np.arange(7) == j) for sign in (1, -1)]
        slope = (loss(nudged[0] @ layer.classifier) - loss(nudged[1] @ layer.classifier)) / (2 * step)
        assert gradient[i, j] == pytest.approx(slope, rel=1e-2, abs=1e-4)


def test_mean_square_error_is_score_less_label() -> None:
    network = LayerNetwork(2, (2,), classes=2, loss="mean-square")
    error = class_error(network, np.array([[0.3, 0.9]], np.float32), np.array([1]))
    assert error == pytest.approx(np.array([[0.3, -0.1]]))


def test_training_is_the_same_compiled_and_in_numpy() -> None:
    images = drawn_digits(600, 100, 100)
    network = LayerNetwork(196, (40, 30))
    for device, rule in ((LINEAR, RULES["linear"]), (EXPONENTIAL, scaled(3, 1)), (EXPONENTIAL, RULES["cancelled"])):
        rate = 0.02 if rule.pulses is ternary else 2e-3
        runs = [
            train_layers(network, device, rule, images, Training(2, rate=rate), engine=engine)  # type: ignore[arg-type]
            for engine in ("compiled", "numpy")
        ]
        first, second = (run.history[-1] for run in runs)
        assert (first.up, first.down, first.validation) == (second.up, second.down, second.validation)
        assert sum(first.up) > 100


def test_network_learns_from_drawn_digits_and_not_with_rounding_to_nearest() -> None:
    images = drawn_digits(3000, 500, 500)
    network = LayerNetwork(196, (100, 60))
    training = Training(3, rate=2e-3)
    learnt = train_layers(network, LINEAR, RULES["linear"], images, training, look_at_test=True).history[-1]
    nearest = train_layers(network, LINEAR, RULES["nearest"], images, training).history[-1]
    assert min(learnt.test) > 0.85
    assert max(nearest.validation) < 0.35
    assert sum(nearest.up) == 0


def test_stuck_devices_do_not_move_and_worn_ones_stop() -> None:
    spread = DeviceSpread(stuck=0.3, stuck_at="high", endurance=4.0, endurance_spread=0.0)
    both = pairs(EXPONENTIAL, 5000, spread)
    stuck = both.plus.left == 0
    assert stuck.mean() == pytest.approx(0.3, abs=0.03)
    assert (both.plus.conductance[stuck] == both.plus.own[stuck, 0]).all()
    before = both.plus.conductance.copy()
    for key in range(60):
        both.write(np.full(5000, 0.5, np.float32), RULES["ternary"], key)
    assert (both.plus.conductance[stuck] == before[stuck]).all()
    assert (both.plus.left == 0).all()
    four = before[~stuck] + (1 - before[~stuck]) * -np.expm1(-4 * EXPONENTIAL.alpha_p)
    assert both.plus.conductance[~stuck] == pytest.approx(four, rel=1e-5)


def test_write_verify_reaches_its_goal_with_devices_that_differ() -> None:
    both = pairs(EXPONENTIAL, 3000, DeviceSpread(alpha=0.25))
    start = both.plus.conductance.copy()
    level = EXPONENTIAL.window / EXPONENTIAL.levels
    both.write(np.full(3000, 10 * level, np.float32), RULES["verify"], 5)
    goal = np.clip(start + 10 * level, EXPONENTIAL.ratio, 1.0)
    within = 0.5 * np.maximum(level, (1 - goal) * -np.expm1(-EXPONENTIAL.alpha_p))
    assert np.mean(np.abs(both.plus.conductance - goal) <= 1.001 * within) > 0.98


def test_read_noise_is_that_of_devices_read_one_by_one() -> None:
    network = LayerNetwork(30, (5,))
    layer = draw_layers(network, LINEAR, DeviceSpread(read=0.1), 1)[0]
    spikes = np.tile((np.arange(30) % 2).astype(np.float32), (20_000, 1))
    noisy = layer.potentials(spikes, np.random.default_rng(1))
    plus, minus = layer.conductances()
    sigma = 0.1 * np.sqrt((plus[1::2] ** 2 + minus[1::2] ** 2).sum(axis=0))
    assert noisy.std(axis=0) == pytest.approx(sigma, rel=0.03)
    assert noisy.mean(axis=0) == pytest.approx(layer.potentials(spikes[:1])[0], abs=5 * float(sigma.max()) / 140)


def test_what_does_not_fit_is_refused_by_name() -> None:
    images = drawn_digits(200, 10, 10)
    with pytest.raises(ParameterError, match="196 pixels"):
        train_layers(LayerNetwork(784), LINEAR, None, images, Training(1))
    with pytest.raises(ParameterError, match="batch of 300"):
        train_layers(LayerNetwork(196), LINEAR, None, images, Training(1, batch=300))
    with pytest.raises(ParameterError, match="no function"):
        UpdateRule("ternary")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="gammas"):
        replace(RULES["verify"], gamma_p=2)
    with pytest.raises(ParameterError, match=r"PulsedDevice\.up"):
        PulsedDevice("curve", ratio=0.1, up=np.array([0.1, 0.1, 1.0]), down=np.array([1.0, 0.1]))
    with pytest.raises(ParameterError, match="no exponents"):
        pairs(CURVE, 10).write(change(10, 0.1), RULES["linearised"], 1)
    with pytest.raises(ParameterError, match=r"sizes"):
        LayerNetwork(4, ())


def test_device_of_a_pulse_table_moves_as_the_table_and_learns() -> None:
    state, amplitude, deviate = np.linspace(0, 1, 11), np.array([-1.0, 1.0]), np.array([-1.0, 0.0, 1.0])
    x = state[:, None, None, None]
    mean = np.concatenate([0.8 * x, x + 0.05 * (1 - x)], axis=1)
    table = PulseTable(
        state, amplitude, np.array([1e-5]), np.array([3.0]), deviate, np.repeat(mean[..., None], 3, axis=-1), mean,
        0 * mean, 0 * mean, np.zeros((1, 1)), g_hrs=5e-6, g_lrs=1e-4, hrs_spread=0.0, lrs_spread=0.0, device_share=0.8,
        error={}, provenance={},
    )  # fmt: skip
    device = PulsedDevice.of_table(table, potentiation=1.0, depression=-1.0, width=1e-5, gate=3.0, pulses=150)
    assert (device.ratio, device.g_max) == (pytest.approx(0.05), pytest.approx(1e-4))
    pool = draw_pool(device, DeviceSpread(), np.array([0.3, 0.5, 0.9]), np.random.default_rng(0))
    up, down = (moved(device, pool, np.full(3, n)) for n in (3, -2))
    assert up == pytest.approx(1 - (1 - pool.conductance) * 0.95**3, abs=1e-3)
    assert down == pytest.approx(0.05 + (pool.conductance - 0.05) * 0.64, abs=1e-3)
    network, images = LayerNetwork(196, (100, 60)), drawn_digits(2000, 300, 100)
    learnt = train_layers(network, device, scaled(1, 1), images, Training(3, rate=0.04, batch=20)).history[-1]
    assert min(learnt.validation) > 0.8
