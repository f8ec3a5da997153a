"""Spread of devices and cycles from a population: found again where it is known, and told where it is not so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import rramcirc as rc
from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.cli.fit import fit as command
from rramcirc.devices.cards.model_card import ModelCard, Spread
from rramcirc.devices.cards.variability import sample_devices
from rramcirc.devices.compiled.conductance import states_for_conductance
from rramcirc.devices.pulses.response import pulse_response
from rramcirc.studies.fit.comparison import compare
from rramcirc.studies.fit.data import read_measurement
from rramcirc.studies.fit.population import fit_population, spread_parameters
from rramcirc.studies.fit.population_report import population_report, write_population
from rramcirc.studies.fit.runs import gather
from rramcirc.studies.fit.settings import Settings

DEVICES, PULSES = 24, 25
TRUTH = (
    Spread("alpha_p_factor", 0.35, "alpha_p_factor", "lognormal"),
    Spread("alpha_d_factor", 0.25, "alpha_d_factor", "lognormal", correlation={"alpha_p_factor": 0.7}),
    Spread("g_max_factor", 0.06, "g_max_factor", "normal"),
)


def pulsed(path: Path, card: ModelCard, spread: tuple[Spread, ...], seed: int) -> dict[str, FloatArray]:
    """Write pulses on a population of devices, 1 % noise on every reading; return the parameters of the devices."""
    rng = np.random.default_rng(seed)
    own = sample_devices(card, DEVICES, rng, spread)
    device = np.repeat(np.arange(DEVICES), PULSES)
    each = {name: values[device] for name, values in own.items()}
    count = len(device)
    up = rng.random(count) < 0.5
    volts = np.where(up, 3.0, -3.0)
    width = np.where(up, 10 ** rng.uniform(-5.5, -3.7, count), 10 ** rng.uniform(-6.5, -5.3, count))
    before = np.exp(rng.uniform(np.log(6e-8), np.log(5e-7), count))
    states = states_for_conductance(card, before, each)
    times = np.stack([np.zeros(count), width, width], 1)
    corners = np.stack([volts, volts, np.full(count, 0.1)], 1)
    current = pulse_response(
        card, times, corners, states, parameters=each, noise=rng.standard_normal(count)
    ).current[:, 2]  # fmt: skip
    read = [r * np.exp(0.01 * rng.standard_normal(count)) for r in (1.0 / before, 0.1 / current)]
    lines = ["device,amplitude [V],width [s],R before [ohm],R after [ohm]"]
    rows = zip(device, volts, width, *read, strict=True)
    lines += [f"cell {k:02d},{v},{w:.6g},{a:.8g},{b:.8g}" for k, v, w, a, b in rows]
    path.write_text("\n".join(lines) + "\n")
    return own


@pytest.fixture(scope="module")
def population(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, FloatArray]]:
    path = tmp_path_factory.mktemp("population") / "many.csv"
    return path, pulsed(path, rc.load_card("tiox_fouda2020"), TRUTH, 8)


def test_spreads_and_devices_of_pulses_are_found_again(
    population: tuple[Path, dict[str, FloatArray]], tmp_path: Path
) -> None:
    path, own = population
    found = fit_population(path, "tiox_fouda2020", spread=[one.parameter for one in TRUTH])
    assert found.runs.devices == DEVICES
    assert len(found.runs) == DEVICES * PULSES
    for k, estimate in enumerate(found.spreads):
        values = own[estimate.parameter]
        true = np.std(np.log(values) if k < 2 else values, ddof=1)
        assert abs(estimate.sigma - true) < 3.0 * estimate.error, estimate
        assert np.corrcoef(values, found.values[:, k])[0, 1] > 0.8, estimate
    (cycle,) = found.cycle_spreads
    assert cycle.parameter == "alpha_sigma_c2c"
    assert abs(cycle.sigma - 0.25) < 4.0 * cycle.error
    assert found.correlation[1, 0] == pytest.approx(
        np.corrcoef(np.log(own["alpha_p_factor"]), np.log(own["alpha_d_factor"]))[0, 1], abs=0.25
    )
    assert not any(c.different for c in found.comparisons)
    card, picture = write_population(found, tmp_path / "devices.toml")
    assert picture.stat().st_size > 10_000
    assert rc.load_card(card).variability == found.card.variability
    text = population_report(found)
    assert "device to device" not in text.splitlines()[1]
    assert "Kolmogorov-Smirnov" in text


def test_a_card_with_another_spread_is_told_apart(population: tuple[Path, dict[str, FloatArray]]) -> None:
    path, _ = population
    card, runs = rc.load_card("tiox_fouda2020"), gather([rc.read_measurement(path)], Settings(negative_line="sl"))
    alone = card.with_values({"alpha_sigma_c2c": 0.0})
    assert card.variability != ()
    equal = ModelCard(**{**vars(alone), "variability": ()})
    (found,) = compare(equal, runs, np.random.default_rng(1), lambda text: None)
    assert found.different
    assert found.distance > 0.1


def test_named_devices_keep_their_order(population: tuple[Path, dict[str, FloatArray]]) -> None:
    measured = rc.read_measurement(population[0])
    assert list(np.unique(measured.columns["device"])) == list(range(DEVICES))
    assert measured.columns["device"][0] == 0
    assert "24 devices" in " ".join(measured.remarks)


def test_what_is_no_population_is_refused(population: tuple[Path, dict[str, FloatArray]], tmp_path: Path) -> None:
    lines = population[0].read_text().splitlines()
    few, one = tmp_path / "few.csv", tmp_path / "one.csv"
    few.write_text("\n".join(lines[: 1 + 5 * PULSES]))
    one.write_text("\n".join(line.split(",", 1)[1] for line in lines))
    with pytest.raises(ParameterError, match="5 devices; a spread from device to device needs at least 8"):
        fit_population(few, "tiox_fouda2020")
    with pytest.raises(ParameterError, match=r"one device.*column 'device'"):
        fit_population(one, "tiox_fouda2020")
    with pytest.raises(ParameterError, match=r"--spread alpha_factor.*alpha_p_factor"):
        spread_parameters("tiox_fouda2020", ["alpha_factor"])
    with pytest.raises(ParameterError, match="no instance parameter of rram_plastic"):
        spread_parameters("plastic_zoppo2019")


def test_the_command_prints_distances_and_writes_the_card(
    population: tuple[Path, dict[str, FloatArray]], tmp_path: Path
) -> None:
    output = tmp_path / "spread.toml"
    run = CliRunner().invoke(command, [
        str(population[0]), "--model", "rram_tiox", "--card", "tiox_fouda2020", "--population", "--spread",
        "alpha_p_factor,alpha_d_factor,g_max_factor", "-o", str(output),
    ])  # fmt: skip
    assert run.exit_code == 0, run.output
    assert "ln R after" in run.output
    assert [one.parameter for one in rc.load_card(output).variability] == [one.parameter for one in TRUTH]
    refused = CliRunner().invoke(command, [str(population[0]), "--model", "rram_tiox", "--spread", "alpha_p_factor"])
    assert isinstance(refused.exception, ParameterError)


def test_an_example_of_a_population_is_one(tmp_path: Path) -> None:
    file, words = tmp_path / "many.csv", ["--population", "--model", "rram_filament"]
    done = CliRunner().invoke(command, ["--example", str(file), *words], catch_exceptions=False)
    assert done.exit_code == 0
    assert "20 devices spread as hfo2_filament" in done.stdout
    runs = gather([read_measurement(file)], Settings())
    assert (runs.devices, len(runs)) == (20, 400)
    with pytest.raises(ParameterError, match="no spread of devices"):
        CliRunner().invoke(
            command, ["--example", str(file), "--population", "--model", "rram_drift"], catch_exceptions=False
        )
