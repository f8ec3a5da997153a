"""`rramcirc sweep`: from the command line to table, picture and exit status, with real runs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from command import call

import rramcirc as rc
from rramcirc.cli.sweep import sweep as sweep_command

ROOT = Path(__file__).resolve().parents[2]
SWEEP = """
circuit = "cell"
measure = ["final(gap)"]
[set]
"analysis.stop" = 1e-6
[grid]
"stimuli.bl.amplitude" = [1.0, 1.6]
"""


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    return call("sweep", *words, cwd=folder)


def test_corners_of_a_write_are_one_command_one_picture_and_one_table(tmp_path: Path) -> None:
    done = command(tmp_path, str(ROOT / "docs" / "corners.toml"), "-o", "corners")
    assert done.returncode == 1, "the slow corner does not close the gap"
    assert done.stderr.rstrip().endswith("corner slow: final(gap) <= 0.05 is not met.")
    specs = pd.read_csv(tmp_path / "corners" / "specs.csv")
    assert len(specs) == 4 * 3
    assert specs[~specs["pass"]][["corner", "measurement"]].to_numpy().tolist() == [["slow", "final(gap)"]]
    assert (tmp_path / "corners" / "figure.png").stat().st_size > 10_000
    table = rc.load_sweep(tmp_path / "corners").table
    assert list(table["corner"]) == ["nominal", "slow", "fast", "hot_slow"]
    gaps = dict(zip(table["corner"], table["final(gap)"], strict=True))
    assert gaps["fast"] < gaps["nominal"] < gaps["hot_slow"] < gaps["slow"]


def test_a_file_and_words_make_the_same_sweep(tmp_path: Path) -> None:
    (tmp_path / "two.toml").write_text(SWEEP)
    by_file = command(tmp_path, "two.toml", "--json")
    words = ("--set", "stimuli.bl.amplitude=1,1.6", "--set", "analysis.stop=1u", "--measure", "final(gap)")
    by_words = command(tmp_path, "cell", *words, "--json")
    assert by_file.returncode == by_words.returncode == 0, by_file.stderr + by_words.stderr
    one, other = (json.loads(done.stdout) for done in (by_file, by_words))
    assert [row["final(gap)"] for row in one] == [row["final(gap)"] for row in other]
    assert len(one) == 2
    waves = rc.simulate(rc.load_bench(tmp_path / "two.sweep" / "bench.toml", ["stimuli.bl.amplitude=1.6"]))
    assert one[1]["final(gap)"] == waves["gap"][-1]
    assert command(tmp_path, "two.sweep", "--json").stdout == by_file.stdout


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('circuit = "cel"\nmeasure = ["final(gap)"]', "line 1, circuit: unknown circuit 'cel'. Nearest: cell"),
        ('circuit = "cell"', "measure: is missing"),
        ('bench = "no.toml"\nmeasure = ["max(x)"]', "cannot read the testbench"),
        ('measure = ["max(x)"]', "one of them"),
        (SWEEP + '"stimuli.bl.width" = "1:2"\n', "line 8, grid.stimuli.bl.width"),
        (SWEEP.replace("[grid]", "[gird]"), "line 6, gird: unknown key 'gird'. Nearest: grid"),
        (SWEEP.replace('"stimuli.bl.amplitude"', "stimuli.bl.amplitude"), "a path with dots stands in quotes"),
        (SWEEP + "[[specs]]\nmeasure = 'max(i(bl))'\n", "give min, max or both"),
        ("engine = 'spice'\n" + SWEEP, "line 1, engine: unknown engine 'spice'"),
        ("count = 2.5\n" + SWEEP, "line 1, count: 2.5 is no whole number"),
        ("timeout = '1V'\n" + SWEEP, "line 1, timeout"),
        ("method = 'sobel'\n" + SWEEP, "Nearest: sobol"),
        ("circuit = [", "no TOML"),
        ('study = "iv"\ncircuit = "cell"', "line 1, study: give circuit"),
        ('study = "iv"\nbatch = true', "line 2, batch: is for a testbench, not for a study"),
        ("quick = true\n" + SWEEP, "line 1, quick: is for a study or an experiment"),
    ],
)
def test_mistakes_of_a_sweep_file_are_told_with_their_line(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(text)
    with pytest.raises(rc.ParameterError) as error:
        rc.read_sweep(tmp_path / "s.toml")
    assert told in str(error.value)


def test_a_spec_is_not_met_where_no_run_has_ended_well() -> None:
    bench = rc.read_sweep(ROOT / "docs" / "corners.toml").bench
    found = rc.sweep(bench, measure=["at(gap, 1)"], rows={"temperature": [300]}, jobs=0)
    assert found.counts == {"bad input": 1}, "the run ends before 1 s"
    specs = rc.spec_table(found, [rc.Spec("at(gap, 1)", high=1.0)])
    assert specs["within"].tolist() == ["0 of 1"]
    assert not specs["pass"].any()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("cel", "--measure", "final(gap)"), "Nearest: cell"),
        (("cell",), "measure what?"),
        (("cell", "--set", "stimuli.bl.amplitud=1,2", "--measure", "final(gap)"), "Nearest: amplitude"),
        (("cell", "--set", "amplitude", "--measure", "final(gap)"), "write PATH="),
        (("cell", "--draw", "temperature=norml(1,2)", "--measure", "final(gap)"), "Nearest: normal"),
        (("cell", "--draw", "design.rram=card", "--measure", "final(gap)"), "rram_parameters=card"),
        (("no.toml",), "cannot read the sweep no.toml"),
        (("cell", "--resume", "--measure", "final(gap)"), "no sweep that could go on"),
        (("cell", "--measure", "final(gab)"), "no signal 'gab'. Nearest: gap"),
        (("cell", "--measure", "finl(gap)"), "unknown measurement 'finl'. Nearest: final"),
        (("cell", "--measure", "max(v(bl) + i(bl))"), "adds or subtracts V and A"),
        (("cell", "--engine", "numpy", "--measure", "max(i(bk))"), "no signal 'i(bk)'. Nearest: "),
        (("iw", "--study"), "unknown study 'iw'. Nearest: iv"),
        (("iv", "--study", "--set", "crad=a,b"), "unknown argument 'crad'. Nearest: card"),
        (("ir-drop", "--study", "--set", "array.row=8,16"), "Nearest: rows"),
        (("ir-drop", "--study", "--set", "seed.x=8,16"), "seed has no fields"),
        (("milo2018-iw", "--experiment"), "Nearest: milo2018-iv"),
        (("cell", "--quick", "--measure", "final(gap)"), "--quick is for a study"),
        (("iv", "--study", "--batch"), "--batch is for a testbench"),
    ],
)
def test_bad_words_end_with_2_and_say_what_to_do(
    words: tuple[str, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(sweep_command, words)
    ours = isinstance(done.exception, rc.RramcircError)
    status, text = (done.exception.exit_code, str(done.exception)) if ours else (done.exit_code, done.stderr)
    assert (status, told in text) == (2, True), text


# studies and experiments


def test_a_study_is_swept_over_its_arguments(tmp_path: Path) -> None:
    """Arguments, fields of the record that one of them takes, quantities and columns of the table; its own numbers."""
    axes = ("--set", "array.rows=4,8", "--set", "array.wire_resistance=10", "--set", "array.columns=8")
    asked = ("--measure", "max(loss)", "--measure", "largest loss")
    done = command(tmp_path, "ir-drop", "--study", *axes, *asked, "--jobs", "2", "--json", "-o", "drop")
    assert done.returncode == 2
    assert "unknown quantity 'largest loss'. Nearest: " in done.stderr
    assert not (tmp_path / "drop").exists(), "what no run can measure ends the sweep, and leaves nothing"
    done = command(tmp_path, "ir-drop", "--study", *axes, *asked[:2], "--jobs", "0", "--json", "-o", "drop")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [row["array.rows"] for row in rows] == [4, 8]
    for row in rows:
        array = rc.study.ReadArray(rows=row["array.rows"], columns=8, wire_resistance=10.0)
        assert row["max(loss)"] == rc.study.ir_drop(array).table["loss"].max()
    (tmp_path / "drop.toml").write_text(
        'study = "ir-drop"\n[set]\n"array.wire_resistance" = 10\n"array.columns" = 8\n[grid]\n"array.rows" = [4, 8]\n'
        '[[specs]]\nmeasure = "max(loss)"\nmax = 1e-9\n'
    )
    by_file = command(tmp_path, "drop.toml", "--jobs", "0", "--json", "-o", "by_file")
    assert by_file.returncode == 1, "no array with wires loses nothing"
    assert [row["max(loss)"] for row in json.loads(by_file.stdout)] == [row["max(loss)"] for row in rows]
    assert rc.load_sweep(tmp_path / "by_file").units["seconds"] == "s"


def test_without_measurements_all_quantities_of_a_study_are_taken(tmp_path: Path) -> None:
    every = command(tmp_path, "ir-drop", "--study", "--set", "array.rows=4", "--jobs", "0", "--json", "-o", "every")
    quantities = rc.study.ir_drop(rc.study.ReadArray(rows=4)).quantities
    assert {name: json.loads(every.stdout)[0][name] for name in quantities} == {
        name: value for name, (value, _) in quantities.items()
    }


def test_an_experiment_is_swept_over_its_parameters(tmp_path: Path) -> None:
    """Quantities of the comparison with the paper, with the numbers of `reproduce`; a wrong parameter is told first."""
    (tmp_path / "iv.toml").write_text('experiment = "fouda2020-curves"\nquick = true\n[grid]\namplitude = [3, 2.5]\n')
    done = command(tmp_path, "iv.toml", "--jobs", "0", "--json", "-o", "curves")
    assert done.returncode == 0, done.stderr
    for row in json.loads(done.stdout):
        table = rc.reproduce("fouda2020-curves", quick=True, values={"amplitude": row["amplitude"]}).table
        for quantity, ours in zip(table["quantity"], table["ours"], strict=True):
            assert row[quantity] == ours
    wrong = command(tmp_path, "iv.toml", "--measure", "speed", "-o", "wrong")
    assert (wrong.returncode, "unknown quantity 'speed'" in wrong.stderr) == (2, True)
    with pytest.raises(rc.ParameterError, match=r"unknown parameter 'pulse'. Nearest: pulses"):
        rc.reproduce("fouda2020-curves", quick=True, values={"pulse": 1})
    with pytest.raises(rc.ParameterError, match=r"pulses: 'a' is no int, as 94 is"):
        rc.reproduce("fouda2020-curves", quick=True, values={"pulses": "a"})


# pictures


def square(values: dict[str, object], seed: int) -> dict[str, float]:
    """Return two numbers; the second fails where x is 3."""
    if values["x"] == 3:
        raise rc.SimulationError("it did not converge")
    noise = float(np.random.default_rng(seed).normal())
    return {"square": float(values["x"]) ** 2 + noise, "decades": 10.0 ** float(values.get("y", 1.0)) * (1 + noise**2)}


@pytest.mark.parametrize(
    ("arguments", "axes"),
    [
        ({"grid": {"x": "1:5:5", "y": [1.0, 2.0]}}, ["x"]),
        ({"grid": {"x": "1:5:5", "y": [1.0, 2.0, 4.0]}}, ["x", "y"]),
        ({"grid": {"x": "1:5:5"}, "draws": {"y": "normal(0, 1)"}, "count": 5}, ["x"]),
        ({"rows": {"x": [2]}, "draws": {"y": "normal(0, 1)"}, "count": 40}, ["square", "runs up to here [%]"]),
        ({"corners": {"slow": {"x": 1}, "broken": {"x": 3}, "fast": {"x": 5}}}, ["square"]),
    ],
)
def test_what_was_varied_says_which_picture_is_drawn(
    arguments: dict[str, object], axes: list[str], tmp_path: Path
) -> None:
    found = rc.sweep(square, jobs=0, **arguments)
    specs = [rc.Spec("square", low=1.0, high=16.0)]
    figure = rc.plot_sweep(found, tmp_path / "figure.png", specs)
    labels = [text for ax in figure.axes for text in (ax.get_xlabel(), ax.get_ylabel())]
    assert set(axes) <= set(labels)
    assert (tmp_path / "figure.png").stat().st_size > 5_000
    if "count" in arguments and "rows" in arguments:
        good = found.table["square"].between(1.0, 16.0)
        assert figure.axes[0].get_title() == f"within the specification: {rc.counted(good)}"
    if "corners" in arguments:
        drawn = [line for line in figure.axes[0].get_lines() if len(line.get_xdata()) and line.get_marker() == "o"]
        assert [line.get_ydata()[0] for line in drawn] == [
            value for value in found.table["square"] if 1.0 <= value <= 16.0
        ]


def test_a_sweep_without_a_value_has_no_picture() -> None:
    with pytest.raises(rc.ParameterError, match="nothing to draw"):
        rc.plot_sweep(rc.sweep(square, grid={"x": [3]}, jobs=0))
