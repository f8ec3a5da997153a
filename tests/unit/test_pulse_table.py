"""Pulse tables: lookups, spreads, files."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rramcirc.basics.errors import ParameterError
from rramcirc.devices.pulses.table import PulseTable, load_table

X, A = np.array([0.0, 0.5, 1.0]), np.array([-1.0, 0.8, 1.2])
W, G, Z = np.array([1e-4, 1e-3, 1e-2]), np.array([3.0, 3.2]), np.array([-2.0, 0.0, 2.0])


def moved(x, a, w, g):
    """Return a state that is linear in x, amplitude (of one sign), log width and gate."""
    return x + np.sign(a) * (0.1 * np.abs(a) + 0.02 * np.log10(w / 1e-5) + 0.05 * (g - 3.0))


@pytest.fixture(scope="module")
def table() -> PulseTable:
    x, a, w, g = np.meshgrid(X, A, W, G, indexing="ij")
    mean = moved(x, a, w, g)
    spread = np.full(mean.shape, 0.03)
    new = mean[..., None] + np.sign(a)[..., None] * 0.05 * Z  # faster devices move further
    return PulseTable(
        X, A, W, G, Z, new, mean, spread, 0.5 * spread, np.zeros((2, 2)), g_hrs=5e-6, g_lrs=1e-4, hrs_spread=0.3,
        lrs_spread=0.05, device_share=0.8, error={"mean": 0.01}, provenance={"card": "made up"},
    )  # fmt: skip


def test_points_of_the_grid_are_returned_exactly(table):
    x, a, w, g = np.meshgrid(X, A, W, G, indexing="ij")
    assert np.array_equal(table.apply(x, a, w, g), table.mean)
    device, cycle = table.spread(x, a, w, g)
    assert np.array_equal(device, table.device_spread)
    assert np.array_equal(cycle, table.cycle_spread)
    for k, z in enumerate(Z):
        assert table.apply(x, a, w, g, device=z / np.sqrt(0.8)) == pytest.approx(table.new_state[..., k], rel=1e-12)


def test_between_the_points_the_state_is_linear_in_x_amplitude_gate_and_logarithm_of_the_width(table):
    rng = np.random.default_rng(1)
    x, g = rng.uniform(0, 1, 200), rng.uniform(3, 3.2, 200)
    a, w = rng.uniform(0.8, 1.2, 200), 10 ** rng.uniform(-4, -2, 200)
    assert table.apply(x, a, w, g) == pytest.approx(moved(x, a, w, g), rel=1e-12)


def test_no_overlap_leaves_every_state_alone_and_a_short_one_acts_in_proportion(table):
    x = np.array([0.0, 0.3, 1.0, 1.7])
    assert np.array_equal(table.apply(x, 1.0, 0.0, 3.1), x)
    x = x[:3]
    whole = table.apply(x, 1.0, 1e-4, 3.1) - x
    assert table.apply(x, 1.0, 2.5e-5, 3.1) - x == pytest.approx(0.25 * whole, rel=1e-12)


def test_faster_synapses_move_further_up_in_set_and_further_down_in_reset(table):
    device = np.array([-2.0, 0.0, 2.0])
    assert np.all(np.diff(table.apply(0.5, 1.0, 1e-3, 3.1, device=device)) > 0)
    assert np.all(np.diff(table.apply(0.5, -1.0, 1e-3, 3.1, device=device)) < 0)


def test_drawn_states_have_the_distribution_of_the_table(table):
    rng = np.random.default_rng(3)
    drawn = table.apply(np.full(40_000, 0.5), 1.0, 1e-3, 3.1, rng)
    # the deviate is linear with 0.05 per unit, cut at two standard deviations: 0.05 * 0.9594 [truncation to the end]
    assert drawn.mean() == pytest.approx(moved(0.5, 1.0, 1e-3, 3.1), abs=4 * 0.05 / 200)
    z = np.clip(np.random.default_rng(4).standard_normal(40_000), -2, 2)
    assert drawn.std() == pytest.approx(0.05 * z.std(), rel=0.02)


def test_a_kept_device_leaves_only_the_spread_of_the_cycles(table):
    rng = np.random.default_rng(5)
    drawn = table.apply(np.full(20_000, 0.5), 1.0, 1e-3, 3.1, rng, device=0.0)
    assert drawn.std() == pytest.approx(0.05 * np.sqrt(0.2), rel=0.03)


def test_the_same_seed_gives_the_same_states(table):
    found = [table.apply(np.full(10, 0.5), 1.0, 1e-3, 3.1, np.random.default_rng(7)) for _ in range(2)]
    assert np.array_equal(*found)


def test_shapes_fit_together(table):
    assert table.apply(np.zeros((4, 1)), 1.0, np.full(3, 1e-3), 3.1).shape == (4, 3)
    assert table.apply(0.5, 1.0, 1e-3, 3.1).shape == ()
    assert table.apply(np.zeros(0), 1.0, 1e-3, 3.1).shape == (0,)


def test_a_section_is_the_distribution_at_one_amplitude_and_gate(table):
    assert np.array_equal(table.section(0.8, 3.2), table.new_state[:, 1, :, 1, :])
    with pytest.raises(ParameterError, match=r"amplitude 0\.9 V is none"):
        table.section(0.9, 3.2)


def test_conductance_and_state_are_each_others_inverse(table):
    x = np.array([0.0, 0.4, 1.3])
    assert table.conductance([0.0, 1.0]) == pytest.approx([5e-6, 1e-4], abs=0)
    assert table.state_of(table.conductance(x)) == pytest.approx(x, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0.5, 1.3, 1e-3, 3.1), "amplitude 1.3 V is outside"),
        ((0.5, -1.1, 1e-3, 3.1), "amplitude -1.1 V is outside"),
        ((0.5, 0.2, 1e-3, 3.1), "between the SET and the RESET"),
        ((0.5, 1.0, 2e-2, 3.1), "width 0.02 s is outside"),
        ((0.5, 1.0, -1e-3, 3.1), "width: holds negative"),
        ((0.5, 1.0, 1e-3, 2.9), "gate 2.9 V is outside"),
        ((0.5, 1.0, 1e-3, [0.1 * G[0] + 0.9 * G[-1], 2.9]), "gate 2.9 V is outside"),  # the first is inside
        ((0.5, 1.0, 1e-3, [0.1 * G[0] + 0.9 * G[-1], 9.9]), "gate 9.9 V is outside"),
        ((float("nan"), 1.0, 1e-3, 3.1), "state"),
        (("low", 1.0, 1e-3, 3.1), "state: 'low'"),
    ],
)
def test_what_is_not_in_the_table_is_refused_by_name(table, arguments, words):
    with pytest.raises(ParameterError, match=words):
        table.apply(*arguments)


def test_a_file_gives_the_same_table(table, tmp_path):
    again = load_table(table.save(tmp_path / "deeper" / "still" / "pulses.npz"))
    for name in ("state", "amplitude", "width", "gate", "deviate", "new_state", "mean", "cycle_spread"):
        assert np.array_equal(getattr(again, name), getattr(table, name))
    assert (again.g_hrs, again.device_share, again.error, again.provenance) == (
        table.g_hrs, table.device_share, table.error, table.provenance,
    )  # fmt: skip


def test_the_same_table_makes_the_same_file(table, tmp_path):
    assert table.save(tmp_path / "a.npz").read_bytes() == table.save(tmp_path / "b.npz").read_bytes()


def test_what_is_no_table_is_refused(table, tmp_path):
    with pytest.raises(ParameterError, match=r"is a \.npz file"):
        table.save(tmp_path / "pulses.csv")
    wrong = tmp_path / "wrong.npz"
    wrong.write_text("no table")
    other = tmp_path / "other.npz"
    np.savez(other, numbers=np.zeros(3))
    for path in (wrong, other, tmp_path / "missing.npz"):
        with pytest.raises(ParameterError, match="no pulse table"):
            load_table(path)


def test_between_amplitudes_times_are_scaled_not_states_mixed():
    """Ten times faster per 0.4 V: the same step in the logarithm of the width, shifted by the amplitude."""
    widths = np.logspace(-5, -1, 41)
    step = lambda w, a: 1 / (1 + (1e-3 * 10 ** (-(a - 0.8) / 0.4) / w) ** 4)  # noqa: E731
    gates = np.array([3.0, 3.2])  # which both do the same
    x, a, w, _ = np.meshgrid([0.0, 1.0], [0.8, 1.2], widths, gates, indexing="ij")
    mean = np.where(x > 0, 1.0, step(w, a))
    made = PulseTable(
        np.array([0.0, 1.0]), np.array([0.8, 1.2]), widths, gates, np.array([0.0]), mean[..., None], mean,
        0 * mean, 0 * mean, np.full((1, 2), np.log(10)), g_hrs=5e-6, g_lrs=1e-4, hrs_spread=0.0, lrs_spread=0.0,
        device_share=1.0, error={}, provenance={},
    )  # fmt: skip
    asked = np.logspace(-4, -2.5, 7)
    # between the widths of the grid the step is drawn with straight lines
    for gate in (3.0, 3.05, 3.1, 3.2):
        assert made.apply(0.0, 1.0, asked, gate) == pytest.approx(step(asked, 1.0), abs=0.02)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state": X[::-1]}, "PulseTable.state"),
        ({"width": np.array([0.0, 1e-3, 1e-2])}, "PulseTable.width"),
        ({"gate": np.array([3.0])}, "has shape"),
        ({"mean": np.full((3, 3, 3, 2), np.nan)}, "PulseTable.mean"),
        ({"deviate": np.array([0.0])}, "new_state has shape"),
        ({"time_shift": np.zeros((3, 2))}, "time_shift has shape"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(table, change, words):
    with pytest.raises(ParameterError, match=words):
        replace(table, **change)


def test_a_damaged_file_is_refused_or_says_the_same(table, tmp_path):
    """Whatever bit is wrong: a reader that measures again then heals the file."""
    path = table.save(tmp_path / "t.npz")
    content = path.read_bytes()
    rng = np.random.default_rng(6)
    refused = 0
    for _ in range(200):
        damaged = bytearray(content)
        damaged[int(rng.integers(len(damaged)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(damaged))
        try:
            again = load_table(path)
        except ParameterError:
            refused += 1
            continue
        assert np.array_equal(again.new_state, table.new_state)
        assert (again.g_hrs, again.provenance) == (table.g_hrs, table.provenance)
    assert refused > 100
