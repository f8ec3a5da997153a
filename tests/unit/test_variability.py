"""Variability: distributions, correlations, seeds; the same devices and cycles in every engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.circuits.request import Request
from rramcirc.devices.cards.card_file import Spread
from rramcirc.devices.cards.variability import correlation_matrix, random_telegraph, read_noise, sample_devices

CARD = rc.load_card("hfo2_filament")


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_same_seed_draws_the_same_devices() -> None:
    first, second, other = (sample_devices(CARD, (3, 4), rng(seed)) for seed in (1, 1, 2))
    assert set(first) == {spread.parameter for spread in CARD.variability}
    for name, values in first.items():
        assert values.shape == (3, 4)
        assert np.array_equal(values, second[name])
        assert not np.array_equal(values, other[name])


def test_normal_spread_is_a_fraction_of_its_reference() -> None:
    spread = Spread("ea_delta", 0.02, "ea", truncate=10)
    values = sample_devices(CARD, 100_000, rng(), [spread])["ea_delta"]
    assert values.mean() == pytest.approx(0.0, abs=4 * 0.024 / np.sqrt(1e5))  # 4 standard errors
    assert values.std() == pytest.approx(0.02 * 1.2, rel=0.02)


def test_lognormal_spread_has_the_nominal_value_as_median() -> None:
    spread = Spread("rho_factor", 0.3, "rho_factor", "lognormal", truncate=10)
    values = sample_devices(CARD, 100_000, rng(), [spread])["rho_factor"]
    assert np.median(values) == pytest.approx(1.0, rel=0.01)
    assert np.log(values).std() == pytest.approx(0.3, rel=0.02)
    assert values.min() > 0


def test_draws_stay_within_their_truncation() -> None:
    spread = Spread("ea_delta", 0.02, "ea", truncate=1.5)
    values = sample_devices(CARD, 10_000, rng(), [spread])["ea_delta"]
    assert np.abs(values).max() <= 1.5 * 0.024
    assert np.abs(values).max() > 1.4 * 0.024


def test_correlation_is_that_of_the_card() -> None:
    spread = [Spread("ea_delta", 0.02, "ea", truncate=10, correlation={"rho_factor": 0.7}),
              Spread("rho_factor", 0.05, "rho_factor", "lognormal", truncate=10)]  # fmt: skip
    drawn = sample_devices(CARD, 50_000, rng(), spread)
    found = np.corrcoef(drawn["ea_delta"], np.log(drawn["rho_factor"]))[0, 1]
    assert found == pytest.approx(0.7, abs=0.01)


@pytest.mark.parametrize(
    ("correlations", "word"),
    [
        ([{"rho_facto": 0.5}, {}, {}], "rho_facto"),
        ([{"rho_factor": 0.5}, {"ea_delta": 0.4}, {}], "two different"),
        ([{"rho_factor": 0.9, "gap_resistance_factor": -0.9}, {"gap_resistance_factor": 0.9}, {}], "contradict"),
    ],
)
def test_impossible_correlations_are_refused(correlations: list[dict], word: str) -> None:
    names = ["ea_delta", "rho_factor", "gap_resistance_factor"]
    spread = [Spread(n, 0.1, "ea", correlation=c) for n, c in zip(names, correlations, strict=True)]
    with pytest.raises(rc.ParameterError, match=word):
        correlation_matrix(spread)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("ea_dleta = {sigma_d2d = 0.1, status = 'assumed', source = 'x'}", "ea_delta"),
        ("ea_delta = {sigma = 0.1, status = 'assumed', source = 'x'}", "sigma_d2d"),
        ("ea_delta = {sigma_d2d = -0.1, status = 'assumed', source = 'x'}", "-0.1"),
        ("ea_delta = {sigma_d2d = 0.1, distribution = 'gauss', status = 'assumed', source = 'x'}", "gauss"),
        ("ea_delta = {sigma_d2d = 0.1}", "source"),
    ],
)
def test_mistakes_in_a_variability_table_are_told_with_their_line(line: str, word: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f"name = 'mine'\nmodule = 'rram_filament'\ntitle = 't'\n[parameters]\n[variability]\n{line}\n")
    with pytest.raises(rc.ParameterError, match=word) as refused:
        rc.load_card(file)
    assert "line 6" in str(refused.value)


def test_read_noise_has_its_relative_width() -> None:
    noisy = read_noise(np.full(100_000, 2e-6), 0.01, rng())
    assert noisy.mean() == pytest.approx(2e-6, rel=1e-4)
    assert noisy.std() == pytest.approx(2e-8, rel=0.02)
    with pytest.raises(rc.ParameterError, match="sigma"):
        read_noise([1.0], -1.0, rng())


def test_random_telegraph_noise_has_its_duty_and_dwell_times() -> None:
    time = np.linspace(0.0, 400.0, 400_001)
    signal = random_telegraph(time, amplitude=0.2, tau_high=0.1, tau_low=0.3, rng=rng())
    assert set(np.unique(signal)) == {0.0, 0.2}
    assert signal.mean() / 0.2 == pytest.approx(0.25, abs=0.03)  # 4 standard errors of 1000 dwell times
    flips = np.count_nonzero(np.diff(signal))
    assert 400 / flips == pytest.approx(0.2, rel=0.1)
    with pytest.raises(rc.ParameterError, match="tau_low"):
        random_telegraph(time, amplitude=1, tau_high=1.0, tau_low=0.0, rng=rng())


def test_cycles_begin_between_pulses_and_at_zero_crossings() -> None:
    train = rc.PulseTrain(1.0, 1e-6, 4e-6, 3, delay=1e-6, rise=1e-7, fall=1e-7)
    starts = rc.cycle_starts(train)
    assert len(starts) == 3
    assert np.all(rc.sample(train, starts[1:]) == 0.0)
    assert rc.cycle_starts(rc.triangle(2.0, -1.0, 2.0, ramp_rate=1.0)).tolist() == [0.0, 4.0, 6.0]


SET_RESET = {
    "bl": rc.PulseTrain(2.0, 1e-6, 4e-6, 3, delay=1e-7, rise=1e-8, fall=1e-8),
    "sl": rc.PulseTrain(1.0, 1e-6, 4e-6, 3, delay=2e-6, rise=1e-8, fall=1e-8),
    "wl": rc.PulseTrain(1.2, 1.2e-6, 4e-6, 3, rise=1e-8, fall=1e-8, base=3.0),
}


def test_cycle_to_cycle_noise_gives_every_cell_and_cycle_its_own_deviate() -> None:
    cell = rc.Cell("hfo2_filament", "nmos_select", initial_state={"diameter": 0.8, "gap": 1.2})
    noise = rc.CycleNoise(rc.cycle_starts(SET_RESET["bl"]), seed=3)
    array = rc.Crossbar(cell, 1, 2)
    bench = rc.Testbench(array, rc.Transient(12e-6), SET_RESET, cycle_noise=noise, probes=("gap[*,*]",))
    waves = rc.simulate(bench)
    ends = np.array(
        [[np.interp(t, waves.time, waves[f"gap[0,{j}]"]) for t in (3.9e-6, 7.9e-6, 11.9e-6)] for j in (0, 1)]
    )
    assert np.unique(ends.round(6)).size == 6  # six RESETs, six depths
    quiet = rc.simulate(rc.Testbench(array, rc.Transient(12e-6), SET_RESET, probes=("gap[*,*]",)))
    assert np.array_equal(quiet["gap[0,0]"], quiet["gap[0,1]"])
    again = rc.simulate(bench)
    assert np.array_equal(again["gap[0,1]"], waves["gap[0,1]"])


def test_both_engines_see_the_same_cycles() -> None:
    cell = rc.Cell("hfo2_filament", "nmos_select", initial_state={"diameter": 0.8, "gap": 1.2})
    noise = rc.CycleNoise(rc.cycle_starts(SET_RESET["bl"]), seed=3)
    bench = rc.Testbench(
        rc.Crossbar(cell, 2, 2), rc.Transient(4e-6), SET_RESET, cycle_noise=noise, probes=("gap[*,*]",),
        options={"reltol": 1e-6},
    )  # fmt: skip
    spice, vacask = (rc.simulate(bench, engine).final() for engine in ("ngspice", "vacask"))
    spread = np.ptp(list(spice.values()))
    assert spread > 0.05
    for name, value in spice.items():
        # both integrate to 1e-6 per step; the states differ by far less than from cell to cell
        assert vacask[name] == pytest.approx(value, abs=2e-3)


@pytest.mark.parametrize(
    "arguments", [([], 1), ([-1.0], 1), ([0.0, 1e-9], 1), ([0.0, np.nan], 1), ([0.0], -1), ([0.0], 1.5)]
)
def test_nonsense_noise_is_refused(arguments: tuple) -> None:
    with pytest.raises(rc.ParameterError, match="CycleNoise"):
        rc.CycleNoise(*arguments)


@pytest.mark.parametrize("name", ["lif", "recurrent"])
def test_cycle_noise_that_would_reach_no_cell_is_refused(name) -> None:
    bench = replace(rc.default_bench(name), cycle_noise=rc.CycleNoise([0.0], seed=1))
    with pytest.raises(rc.ParameterError, match=r"cycle_noise: a .* has no cells with a noise terminal"):
        rc.build_netlist(bench)


def test_a_named_spread_is_drawn_alone_and_that_of_the_card_as_a_whole() -> None:
    named = Request(seed=3, spread=(("ea_delta", 0.01),)).drawn((2, 3))
    assert {name: values.shape for name, values in named.items()} == {"ea_delta": (2, 3)}
    whole = Request(seed=3, card_spread=True).drawn((2, 3))
    assert set(whole) == {spread.parameter for spread in CARD.variability}
    assert set(Request(seed=3, card_spread=True, spread=(("rho_factor", 0.1),)).drawn((2, 3))) == set(whole)
    assert Request(seed=3).drawn((2, 3)) == {}


def test_draws_are_the_formula_of_their_deviates() -> None:
    deviates = rng(5).standard_normal((1, 6)).ravel()
    assert np.abs(deviates).max() < 10.0
    normal = sample_devices(CARD, (2, 3), rng(5), [Spread("ea_delta", 0.02, "ea", truncate=10)])["ea_delta"]
    assert normal.ravel() == pytest.approx(0.02 * CARD.number("ea") * deviates, rel=1e-12)
    factor = Spread("rho_factor", 0.3, "rho_factor", "lognormal", truncate=10)
    assert sample_devices(CARD, 6, rng(5), [factor])["rho_factor"] == pytest.approx(np.exp(0.3 * deviates), rel=1e-12)
    assert sample_devices(CARD, 6, rng(5), []) == {}


def test_only_devices_outside_a_truncation_are_drawn_again() -> None:
    deviates = rng(5).standard_normal((1, 50)).ravel()
    spread = Spread("ea_delta", 0.02, "ea", truncate=1.5)
    values = sample_devices(CARD, 50, rng(5), [spread])["ea_delta"] / (0.02 * CARD.number("ea"))
    inside = np.abs(deviates) <= 1.5
    assert 0 < inside.sum() < 50
    assert values[inside] == pytest.approx(deviates[inside], rel=1e-12)
    assert np.abs(values).max() <= 1.5


def test_truncations_that_nothing_fits_end_with_their_number_of_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rramcirc.devices.cards.variability.MOST_REDRAWS", 1)
    with pytest.raises(rc.ParameterError, match=r"within the truncations \[0\.5\].* found in 1 tries"):
        sample_devices(CARD, 1000, rng(), [Spread("ea_delta", 0.02, "ea", truncate=0.5)])


def test_correlation_matrix_is_symmetric_with_ones() -> None:
    names = ["ea_delta", "rho_factor", "gap_resistance_factor"]
    given = [{"rho_factor": 0.5}, {"ea_delta": 0.5}, {"ea_delta": -0.25}]
    found = correlation_matrix([Spread(n, 0.1, "ea", correlation=c) for n, c in zip(names, given, strict=True)])
    assert found.tolist() == [[1.0, 0.5, -0.25], [0.5, 1.0, 0.0], [-0.25, 0.0, 1.0]]
    given = [{"rho_factor": 0.6, "gap_resistance_factor": 0.8}, {}, {}]
    singular = [Spread(n, 0.1, "ea", correlation=c) for n, c in zip(names, given, strict=True)]
    with pytest.raises(rc.ParameterError, match="contradict"):
        correlation_matrix(singular)
    with pytest.raises(rc.ParameterError, match="correlation with 'ea_delta', which has no spread"):
        correlation_matrix([Spread("ea_delta", 0.1, "ea", correlation={"ea_delta": 0.5})])


def test_a_noisy_read_is_one_plus_sigma_times_its_deviate() -> None:
    current = np.array([1e-6, -2e-6, 3e-6])
    found = read_noise(current, 0.05, rng(4))
    assert found == pytest.approx(current * (1.0 + 0.05 * rng(4).standard_normal(3)), rel=1e-12)
    assert read_noise(current, 0, rng(4)) == pytest.approx(current, rel=0)
    for wrong in (-1e-9, np.inf, "0.1", None):
        with pytest.raises(rc.ParameterError, match="sigma"):
            read_noise(current, wrong, rng())


def test_telegraph_noise_begins_in_both_levels_and_does_not_know_the_clock() -> None:
    time = np.array([0.0, 0.0, 0.05, 0.4, 0.4, 2.0])
    given = {"amplitude": 0.2, "tau_high": 0.1, "tau_low": 0.3}
    first = [random_telegraph([3.0], **given, rng=rng(seed))[0] for seed in range(2000)]
    assert np.mean(np.array(first) > 0) == pytest.approx(0.25, abs=0.04)  # 4 standard errors
    for seed in range(20):
        found = random_telegraph(time, **given, rng=rng(seed))
        assert np.array_equal(found, random_telegraph(time + 64.0, **given, rng=rng(seed)))
        assert found[0] == found[1]
        assert found[3] == found[4]
    draws = rng(3)
    high = bool(draws.random() < 0.25)
    ends = np.cumsum([draws.exponential(0.1 if high ^ bool(k % 2) else 0.3) for k in range(20)])
    level = [0.2 * (high ^ bool(np.searchsorted(ends, t, side="right") % 2)) for t in time]
    assert random_telegraph(time, **given, rng=rng(3)).tolist() == level
    for wrong in ([], [[0.0, 1.0]], [1.0, 0.5]):
        with pytest.raises(rc.ParameterError, match="ascending list"):
            random_telegraph(wrong, **given, rng=rng())
