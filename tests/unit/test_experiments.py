"""Experiments: every one runs in its quick form and holds what the paper says."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from command import call

from rramcirc.analysis.counts import Count
from rramcirc.basics.errors import ParameterError
from rramcirc.papers.experiment import EVIDENCE, Expected, varied
from rramcirc.papers.reproduction import at_level, experiment_names, load_experiment, reproduce
from rramcirc.papers.sensitivity import sensitivity
from rramcirc.papers.table import EXPERIMENTS, TWINS

BIBLIOGRAPHY = (Path(__file__).resolve().parents[2] / "models" / "CITATIONS.bib").read_text()


# tests of their own run them with less: test_recall_of_a_pattern_in_ngspice..., test_levels_side_by_side...,
# test_a_circuit_learns_what_the_equations_say
RULE = load_experiment("pedretti2018-circuit").parameters.learning
SHORT = {"training": 0.06, "recall": 0.03, "silence": 0.02, "shown": (0.06,)}
SMALLER: dict[str, dict[str, object]] = {  # whose short form takes more than some 5 s; that is run with `-m long`
    "fouda2020-devices": {"train": 1000, "held": 200, "epochs": 2},
    "fouda2020-rules": {"train": 1000, "held": 200, "epochs": 2},
    "fouda2020-ternary": {"train": 1000, "held": 200, "epochs": 2},
    "fouda2020-wires": {
        "seeds": 1, "train": 1000, "held": 200, "epochs": 1, "arrays": (32,), "solved_size": 32, "aware_epochs": 1
    },
    "milo2018-circuit-learning": SHORT,
    "milo2018-circuit-patterns": {"members": 3, "presentation": 0.1},
    "milo2018-device-learning": SHORT,
    "milo2018-levels": SHORT,
    "milo2018-patterns": {"seeds": 6, "other_seeds": 1},
    "milo2018-probability": {"runs": 200, "chips": 2},
    "milo2018-robustness": {"seeds": 6},
    "milo2018-scan": {"draws": 16, "runs": 40},
    "pedretti2018-circuit": {"learning": replace(RULE, epochs=40, counted=20), "seeds": 1, "spice": 20},
    "pedretti2018-digits": {"train": 20, "test": 60},
    "pedretti2018-digits-groups": {"train": 12, "fitted": 20, "test": 20},
    "pedretti2018-digits-circuit": {"train": 3, "test": 20, "answered": 1, "together": 2},
    "pedretti2018-distributions": {"cycles": 20},
    "zoppo2019-circuit": {"epochs": 2, "every": 1, "flips": 1},
    "zoppo2019-locality": {"count": 3, "cuts": 3},
    "zoppo2019-pulsed": {"epochs": 6, "cards": ("tiox_fouda2020",)},
}  # fmt: skip
LONG = [*SMALLER, "milo2018-circuit-recall"]


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.long if n in LONG else []) for n in experiment_names()]
)
def test_quick_experiment_holds_what_the_paper_says_but_for_deviations_that_are_told(name: str, tmp_path: Path) -> None:
    found = reproduce(name, quick=True, output=tmp_path)
    refuted, told = found.table["verdict"] == "no", found.table["deviation"] != ""
    gone = told & (found.table["verdict"] == "yes")
    assert not (refuted & ~told | gone).any(), found.table[refuted & ~told | gone].to_string()
    assert (tmp_path / f"{name}.png").stat().st_size > 10_000
    assert (tmp_path / f"{name}.csv").read_text().splitlines()[0].count("[") == len(found.result.attrs["units"])
    named = found.table["quantity"].str.match(r"(chips|runs|seeds|chosen seeds|P\()")
    assert found.table[named]["trials"].notna().all()  # a rate without its trials has no interval
    rates = found.table[found.table["trials"].notna()]
    assert ((rates["interval_low"] <= rates["ours"]) & (rates["ours"] <= rates["interval_high"])).all()


@pytest.mark.parametrize("name", SMALLER)
def test_a_dear_experiment_runs_draws_and_is_kept_with_less(name: str, tmp_path: Path) -> None:
    """The verdicts of so short a form say nothing, but for those between two of our own levels."""
    found = reproduce(name, quick=True, values=SMALLER[name], output=tmp_path)
    assert list(found.table["quantity"]) == [row.quantity for row in load_experiment(name).expected]
    own = found.table[
        (found.table["evidence"] == "own levels") & found.table["quantity"].str.contains("off|error|differ")
    ]
    assert not (own["verdict"] == "no").any(), own.to_string()
    unmeasured = found.table["because"].str.startswith("not measured with these values")  # nan alone: never reached
    assert (found.table[unmeasured]["verdict"] == "open").all()
    assert (found.table["ours"].isna() & (found.table["verdict"] == "open") <= unmeasured).all()
    assert (tmp_path / f"{name}.png").stat().st_size > 10_000
    assert (tmp_path / f"{name}.csv").read_text().splitlines()[0].count("[") == len(found.result.attrs["units"])


@pytest.mark.parametrize("name", experiment_names())
def test_experiment_names_its_paper_and_every_row_says_what_its_yes_is_worth(name: str) -> None:
    experiment = load_experiment(name)
    assert experiment.name == name
    assert re.search(rf"\{{{experiment.paper},", BIBLIOGRAPHY), f"{experiment.paper} is not in CITATIONS.bib"
    for expected in experiment.expected:
        assert expected.bound in ("published", "assumed")
        assert expected.evidence in EVIDENCE
        assert len(expected.because) > 10
        assert expected.where
        assert not (expected.low is None and expected.high is None)


@pytest.mark.parametrize("name", experiment_names())
def test_every_searched_parameter_can_be_varied_and_stands_in_the_table_of_values(name: str) -> None:
    experiment = load_experiment(name)
    for parameter in experiment.fitted:
        changed = varied(experiment.parameters, parameter, 1.2)
        assert changed != experiment.parameters
        if experiment.settings:
            values = [
                experiment.settings(p).set_index(["set", "parameter"])["value"]
                for p in (experiment.parameters, changed)
            ]
            first = values[0].index[0][0]
            assert values[1][first, parameter] == pytest.approx(1.2 * values[0][first, parameter])


ROW = Expected("share", lambda t: 0.0, "1", 0.9, None, "all", "published", "Fig. 1", "independent", "could have failed")


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (Count(12, 12), "open"),  # 73.5 to 100 %
        (Count(1000, 1000), "yes"),
        (Count(12, 20), "no"),  # 36 to 81 %
        (Count(17, 20), "open"),
        (0.9, "yes"),
        (0.89, "no"),
        (float("nan"), "no"),
    ],
)
def test_a_row_holds_only_if_its_whole_interval_does(measured: float | Count, verdict: str) -> None:
    assert ROW.verdict(measured) == verdict
    if isinstance(measured, Count):
        missed = Count(measured.trials - measured.hits, measured.trials)
        assert replace(ROW, low=None, high=0.1).verdict(missed) == verdict


def test_quick_says_what_it_changes(tmp_path: Path) -> None:
    experiment = load_experiment("milo2018-patterns")
    assert "seeds 30 in place of 1000" in experiment.quick_changes()
    done = call("reproduce", "fouda2020-variation", "--quick", cwd=tmp_path)
    assert done.returncode == 1  # its deviation
    assert "quick: devices 400 in place of 1000" in done.stdout
    assert "[1] the bounds are drawn with this spread" in done.stdout
    assert "deviation, spread of the conductance after N = 94 up pulses:" in done.stdout
    assert "cannot fail: follows from symmetry" in done.stdout


def test_sensitivity_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    first = sensitivity("fouda2020-curves", output=tmp_path)
    file = tmp_path / "fouda2020-curves-sensitivity.pieces"
    whole = file.read_bytes()
    lines = whole.splitlines(keepends=True)
    assert len(lines) == 1 + 3  # what run it is; unchanged, and N less and more
    file.write_bytes(b"".join(lines[:3]) + lines[3][:40])  # stopped in the middle of a line
    again = sensitivity("fouda2020-curves", output=tmp_path)
    assert again.table.equals(first.table)
    assert file.read_bytes() == whole
    panl = first.table[first.table["quantity"] == "PANL"].set_index("factor")
    assert panl["verdict"].to_dict() == {1.0: "yes", 0.8: "no", 1.2: "no"}
    assert set(first.moved()["quantity"]) == {"PANL", "ANL"}  # N hardly enters DANL
    assert (tmp_path / "fouda2020-curves-sensitivity.png").stat().st_size > 10_000


def test_a_change_that_cannot_be_run_says_why_and_an_error_without_a_change_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = load_experiment("fouda2020-curves")
    monkeypatch.setitem(EXPERIMENTS, known.name, replace(known, parameters=replace(known.parameters, pulses=1)))
    found = sensitivity(known.name, output=tmp_path).table  # 0.8 pulses are none
    less = found[found["factor"] == 0.8]
    assert (less["verdict"] == "no").all()
    assert less["failure"].str.contains("pulses|count").all(), less["failure"].iloc[0]
    monkeypatch.setitem(EXPERIMENTS, known.name, replace(known, parameters=replace(known.parameters, card="none")))
    with pytest.raises(ParameterError, match="none"):
        sensitivity(known.name)


def test_sensitivity_refuses_by_name() -> None:
    with pytest.raises(ParameterError, match="milo2018-scan: no parameter was searched"):
        sensitivity("milo2018-scan")
    with pytest.raises(ParameterError, match="milo2018"):
        sensitivity("milo2019")
    with pytest.raises(ParameterError, match="step"):
        sensitivity("fouda2020-curves", step=1.0)


def test_no_verdict_depends_on_the_speed_of_the_machine() -> None:
    for name in experiment_names():
        for expected in load_experiment(name).expected:
            assert not re.search(r"\b(CPU|processor|wall)\b", expected.quantity), f"{name}: {expected.quantity}"


def test_unknown_experiment_and_engine_are_named_with_the_nearest() -> None:
    with pytest.raises(ParameterError, match="milo2018-iv"):
        reproduce("milo2018-vi")
    with pytest.raises(ParameterError, match="ngspice"):
        reproduce("milo2018-iv", engine="ngspise")
    with pytest.raises(ParameterError, match="seed"):
        reproduce("milo2018-iv", seed=3)


def test_level_chooses_the_twin_of_a_result() -> None:
    assert at_level("milo2018-learning", "circuit") == "milo2018-circuit-learning"
    assert at_level("milo2018-learning", "network") == at_level("milo2018-learning", None) == "milo2018-learning"
    for name, twins in TWINS.items():
        for level, twin in twins.items():
            assert load_experiment(twin).level == level != load_experiment(name).level
    with pytest.raises(ParameterError, match="network level only"):
        reproduce("milo2018-probability", level="circuit")
    with pytest.raises(ParameterError, match="circuit"):
        reproduce("milo2018-patterns", level="circus")


def test_command_prints_the_comparison(tmp_path: Path) -> None:
    done = call("reproduce", "pedretti2018-iv", "--quick", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [row["verdict"] for row in json.loads(done.stdout)] == ["yes"] * 3
