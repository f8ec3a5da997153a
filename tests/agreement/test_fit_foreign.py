"""Fits to devices that are far from the card one starts from, measured in circuits that the file does not name.

The device is integrated by the test itself (`vteam_device`). Values within 5 % are what a user may expect of data
without noise; the bends of the compiled model at thresholds and bounds cost less than 1 %.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import vteam_device
from click.testing import CliRunner
from device_data import CASES, sweep

import rramcirc as rc
from rramcirc.basics.errors import ParameterError
from rramcirc.cli.fit import fit as fit_command
from rramcirc.studies.fit.check import check_with_ngspice
from rramcirc.studies.fit.circuit import limited
from rramcirc.studies.fit.data import Measurement, read_measurement
from rramcirc.studies.fit.fit import FitResult, fit
from rramcirc.studies.fit.model import make_protocol
from rramcirc.studies.fit.observe import direction, exchanged, switching
from rramcirc.studies.fit.settings import Settings
from rramcirc.studies.fit.starts import quiet_branches, steps_of
from rramcirc.studies.fit.verdict import null_residuals, rms

FREE = ["r_on", "r_off", "v_on", "v_off", "k_on", "k_off", "alpha_on", "alpha_off"]


def measured(rows: np.ndarray, name: str = "sweep.csv") -> Measurement:
    """Return a sweep as if it had been read."""
    columns = {"voltage": rows[:, 0], "current": rows[:, 1], "time": rows[:, 2]}
    return Measurement(Path(name), "0" * 64, "sweep", columns, np.arange(len(rows)) + 2)


def off(result: FitResult, names: list[str]) -> float:
    """Return the largest deviation from the truth [1]."""
    return max(abs(result.card.number(n) / vteam_device.TRUTH[n] - 1.0) for n in names)


def test_a_sweep_of_exchanged_electrodes_is_fitted_from_a_far_card() -> None:
    """The library card has a hundredth of the resistances and ten orders of magnitude more speed."""
    result = fit(measured(vteam_device.sweep(step=0.05, sign=-1)), "vteam_kvatinsky2015", free=FREE)
    assert off(result, ["r_on", "r_off", "v_on", "v_off", "alpha_on", "alpha_off"]) < 0.05
    assert result.rms[0] < 0.01
    assert result.skill.value > 0.99
    assert not result.skill.held_out
    assert "exchanged" in result.protocols[0].data.remarks[-1]
    assert "starts read off the data" in result.remarks[0]


@pytest.mark.long
def test_readings_at_the_compliance_are_the_limiters() -> None:
    result = fit(measured(vteam_device.sweep(limit=1e-4)), "vteam_kvatinsky2015", free=FREE)
    assert off(result, ["v_on", "alpha_on"]) < 0.05
    (line,) = check_with_ngspice(result)
    assert "differ" not in line


def test_a_plateau_of_the_current_is_taken_as_compliance_and_said() -> None:
    rows = vteam_device.sweep(limit=1e-4)
    data, series, at_limit = limited(measured(rows), Settings())
    assert series is not None
    assert series.number("positive_limit") == pytest.approx(1e-4, rel=1e-9)
    np.testing.assert_array_equal(at_limit, rows[:, 1] > 0.98e-4)
    assert "0.0001 A" in data.remarks[-1]
    assert limited(measured(rows), Settings(voltage_measured=True))[1] is None
    free = measured(vteam_device.sweep())
    assert limited(free, Settings())[1] is None  # no plateau
    flat = Measurement(free.path, "", "sweep", free.columns | {"current": np.full(len(free), 1e-6)}, free.lines)
    assert limited(flat, Settings())[1] is None  # a current that never changes


def test_a_noisy_plateau_is_a_compliance_and_a_flat_way_out_is_none() -> None:
    """A linear drift model is reset at one current: it is flat on the way out, and falls on the way back."""
    rows = vteam_device.sweep(limit=1e-4)
    free = vteam_device.sweep()
    for noise in (0.005, 0.01, 0.015):
        scale = 1.0 + noise * np.random.default_rng(1).normal(size=len(rows))
        data, series, _ = limited(measured(np.c_[rows[:, 0], scale * rows[:, 1], rows[:, 2]]), Settings())
        assert series is not None
        assert series.number("positive_limit") == pytest.approx(1e-4, rel=0.01)
        assert "taken as the compliance" in data.remarks[-1]
        assert limited(measured(np.c_[free[:, 0], scale * free[:, 1], free[:, 2]]), Settings())[1] is None
        drift = next(c for c in CASES if c.card == "hp_tio2_drift")
        assert limited(sweep(drift, drift.sweeps[1], 1, noise), Settings())[1] is None


def test_the_direction_of_switching_is_read_off() -> None:
    for sign in (1, -1):
        data = measured(vteam_device.sweep(sign=sign))
        assert direction(data) == sign
        assert direction(exchanged(data)) == -sign
    quiet = vteam_device.sweep()
    quiet[:, 1] = quiet[:, 0] / 1e4
    assert direction(measured(quiet)) == 0.0


def pulses(after: np.ndarray, before: np.ndarray, amplitude: np.ndarray) -> Measurement:
    """Return single pulses of 100 ns."""
    columns = {"amplitude": amplitude, "width": np.full(len(after), 1e-7), "before": before, "after": after}
    return Measurement(Path("pulses.csv"), "0" * 64, "pulses", columns, np.arange(len(after)) + 2)


def noisy_pulses(seed: int) -> Measurement:
    """Return 200 SET pulses of 1 ms from near HRS on a VTEAM device (2 kohm, 200 kohm, -1 V, exponent 3), 3 % noise."""
    rng = np.random.default_rng(seed)
    amplitude, w = rng.uniform(0.4, 1.3, 200), rng.uniform(0.9, 1.0, 200)
    moved = np.clip(w - 33.0 * np.maximum(amplitude - 1.0, 0.0) ** 3, 0.0, 1.0)
    before, after = (2e3 + 1.98e5 * x for x in (w, moved))
    before, after = (r * np.exp(0.03 * rng.normal(size=200)) for r in (before, after))
    columns = {"amplitude": amplitude, "width": np.full(200, 1e-3), "before": before, "after": after}
    return Measurement(Path("pulses.csv"), "0" * 64, "pulses", columns, np.arange(200) + 2)


def test_the_ends_of_the_resistance_are_read_off_through_the_noise() -> None:
    """HRS is that of many readings, not of the largest; LRS that of the only one that is so low."""
    data = noisy_pulses(4)
    (_, most), (_, least) = quiet_branches([make_protocol(data, Settings())])
    assert 0.1 / least[0] == pytest.approx(1.9e5, rel=0.03)
    assert data.columns["after"].max() > 2.05e5
    assert 0.1 / most[0] == pytest.approx(data.columns["after"].min(), rel=1e-9)
    steps = steps_of([make_protocol(data, Settings())])
    np.testing.assert_allclose(steps.noise, 0.03 * np.sqrt(2.0), rtol=0.3)


@pytest.mark.long
def test_noisy_pulses_of_one_polarity_are_fitted_from_a_far_card() -> None:
    """The rate of the card is 1e6 times that of the data; threshold and exponent are correlated to 0.99."""
    result = fit(noisy_pulses(4), "vteam_kvatinsky2015")
    v_on = next(f for f in result.fitted if f.name == "v_on")
    assert abs(v_on.value + 1.0) < 2.5 * v_on.sigma < 0.3
    assert result.skill.value > 0.5


def test_a_model_that_two_terminals_do_not_move_is_refused() -> None:
    with pytest.raises(ParameterError, match="follows x, y, held at 0 V"):
        fit(measured(vteam_device.sweep(step=0.1)), "plastic_zoppo2019")


def test_noise_is_no_switching() -> None:
    """Of 200 sets of noise at most 2 may look like switching, where 0.2 are expected of a chance of 1e-3."""
    rng = np.random.default_rng(5)
    found = 0
    for _ in range(200):
        before = np.exp(rng.uniform(np.log(4e3), np.log(8e3), 60))
        data = pulses(before * np.exp(0.02 * rng.normal(size=60)), before, rng.uniform(0.1, 1.0, 60))
        found += switching(make_protocol(data, Settings()))
    assert found <= 2
    amplitude = np.linspace(0.1, 1.0, 60)
    moved = pulses(before * np.exp(0.02 * rng.normal(size=60) - 0.06 * (amplitude > 0.5)), before, amplitude)
    assert switching(make_protocol(moved, Settings()))
    assert rms(null_residuals(make_protocol(data, Settings()))) == pytest.approx(0.02, rel=0.3)


@pytest.mark.parametrize(
    ("rows", "words", "said"),
    [
        (["0.002,0.003"] * 2 + ["0.004,0.005"] * 2 + ["0.001,0.002"] * 2, [], "6 usable readings for 13 unknowns"),
        (["0.002,0.003"] * 3, ["--free", "rho,ea"], "3 usable readings for 3 unknowns"),
        ([f"{0.01 * k},{1e-5 * k}" for k in range(1, 90)], ["--free", "rho,ea"], "contain no switching"),
        ([f"{0.01 * k},{1e-5 * k}" for k in range(1, 90)], ["--selector", "nmos_select"], "--gate 1.2V"),
    ],
)
def test_data_that_cannot_be_used_are_refused_in_words(
    tmp_path: Path, rows: list[str], words: list[str], said: str
) -> None:
    file = tmp_path / "few.csv"
    file.write_text("V [V],I [A]\n" + "\n".join(rows) + "\n")
    with pytest.raises(ParameterError) as error:
        CliRunner().invoke(fit_command, [str(file), "--model", "rram_filament", *words], catch_exceptions=False)
    assert said in str(error.value)
    assert error.value.exit_code == 2


def test_a_card_that_does_not_describe_the_data_is_written_only_with_keep(tmp_path: Path) -> None:
    """The thresholds of the card are too high, and only a resistance may be fitted."""
    rows, file, card = vteam_device.sweep(step=0.04), tmp_path / "sweep.csv", tmp_path / "card.toml"
    np.savetxt(file, rows, delimiter=",", header="V [V],I [A],t [s]", comments="")
    words = [str(file), "--model", "rram_vteam", "--free", "w_off", "-o", str(card)]
    runner = CliRunner()
    refused = runner.invoke(fit_command, words)
    assert refused.exit_code == 1
    assert not card.exists()
    assert "does not describe the data: skill" in refused.stderr
    assert "--keep" in refused.stderr
    assert "readings beyond 5 sigma" in refused.stdout
    assert runner.invoke(fit_command, [*words, "--keep"]).exit_code == 1
    assert "this card does not describe the data" in card.read_text()
    assert rc.load_card(card).value("w_off") > 0


def test_rms_is_that_of_all_readings(tmp_path: Path) -> None:
    """The figure shown is that of the table of residuals, recomputed here from the file."""
    file, card = tmp_path / "pulses.csv", tmp_path / "mine.toml"
    runner, words = CliRunner(), ["--model", "rram_filament"]
    runner.invoke(fit_command, ["--example", str(file), *words], catch_exceptions=False)
    result = fit(read_measurement(file), "hfo2_filament", free=["rho"])
    rc.write_fit(result, card)
    table = np.genfromtxt(tmp_path / "mine_residuals.csv", delimiter=",", names=True, usecols=(2, 3))
    logs = np.log(table["model_A"] / table["measured_A"])
    assert len(logs) == 200
    assert result.rms[0] == pytest.approx(np.sqrt(np.mean(logs**2)), rel=1e-3)
    assert result.skill.held_out
    assert result.skill.readings == 40
    assert result.skill.value > 0.9
    assert "1T1R" not in card.read_text()
