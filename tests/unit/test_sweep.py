"""Sweeps: their points, their workers, their record and their table."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from sweep_functions import counted, dies_once, square, trouble

import rramcirc as rc
from rramcirc.sweeps.plan import make_plan
from rramcirc.sweeps.targets import MACHINE

HERE = Path(__file__).parent


def same(one: rc.SweepResult, other: rc.SweepResult) -> bool:
    """Whether two tables are equal but for the columns that tell of the machine."""
    a, b = (found.table.drop(columns=list(MACHINE)) for found in (one, other))
    return a.equals(b) and list(a.columns) == list(b.columns)


# points


def test_points_are_the_corners_rows_grid_and_draws_in_this_order() -> None:
    plan = make_plan(
        grid={"a": "1:3:3", "b": [True, False]}, rows={"c": [1.5, 2.5], "d": ["x", "y"]},
        corners={"slow": {"t": 250}, "fast": {"t": 350}}, draws={"e": "uniform(0, 1)"}, count=2,
    )  # fmt: skip
    points = list(plan.points())
    assert len(points) == len(plan) == 2 * 2 * 6 * 2
    assert [point.index for point in points] == list(range(48))
    assert [point.corner for point in points] == ["slow"] * 24 + ["fast"] * 24
    first = [{k: v for k, v in point.values.items() if k != "e"} for point in points[:6]]
    assert first[0] == first[1] == {"t": 250, "c": 1.5, "d": "x", "a": 1, "b": True}
    assert first[2] == {"t": 250, "c": 1.5, "d": "x", "a": 1, "b": False}
    assert first[4] == {"t": 250, "c": 1.5, "d": "x", "a": 2, "b": True}
    assert points[12].values["d"] == "y"
    assert plan.paths == ("t", "c", "d", "a", "b", "e")


@pytest.mark.parametrize(
    ("text", "distribution"),
    [
        ("normal(2, 0.5)", stats.norm(2, 0.5)),
        ("lognormal(2, 0.5)", stats.lognorm(0.5, scale=2)),
        ("uniform(-1, 3)", stats.uniform(-1, 4)),
    ],
)
@pytest.mark.parametrize("method", ["random", "sobol", "halton", "latin"])
def test_draws_follow_their_distribution(text: str, distribution: object, method: str) -> None:
    """Kolmogorov and Smirnov; seed 1 was taken as it is. 0.001: one in a thousand right programs would fail."""
    plan = make_plan(draws={"x": text, "y": text}, count=400, method=method, seed=1)
    drawn = np.array([[point.values["x"], point.values["y"]] for point in plan.points()])
    for column in drawn.T:
        assert stats.kstest(column, distribution.cdf).pvalue > 1e-3
    # two fields are drawn independently: |r| of 400 independent pairs exceeds 0.2 once in 20,000
    assert abs(np.corrcoef(stats.rankdata(drawn[:, 0]), stats.rankdata(drawn[:, 1]))[0, 1]) < 0.2


def test_quasi_random_draws_fill_their_space_more_evenly_than_random_ones() -> None:
    def discrepancy(method: str) -> float:
        plan = make_plan(draws={"x": "uniform(0, 1)", "y": "uniform(0, 1)"}, count=256, method=method)
        return stats.qmc.discrepancy([[p.values["x"], p.values["y"]] for p in plan.points()])

    assert discrepancy("sobol") < 0.2 * discrepancy("random")


def test_a_draw_and_a_seed_depend_on_the_run_alone() -> None:
    few, many = (list(make_plan(draws={"x": "normal(0, 1)"}, count=n, seed=3).points()) for n in (3, 50))
    assert few == many[:3]
    assert len({point.seed for point in many}) == 50
    other = list(make_plan(draws={"x": "normal(0, 1)"}, count=3, seed=4).points())
    assert [point.values for point in other] != [point.values for point in few]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"grid": {"x": "1:2:0"}}, "no number of values"),
        ({"grid": {"x": "1:2:3:lin"}}, "FROM:TO:N:log"),
        ({"grid": {"x": "-1:2:3:log"}}, "equal ratios"),
        ({"grid": {"x": []}}, "holds no value"),
        ({"grid": {"x": [None]}}, "neither a number nor a text"),
        ({"grid": [1]}, "no dict"),
        ({"rows": {"x": [1, 2], "y": [1]}}, "equally long"),
        ({"grid": {"x": [1]}, "draws": {"x": "uniform(0,1)"}}, "stands in two"),
        ({"draws": {"x": "normal(0)"}}, "normal\\(MEAN, SIGMA\\)"),
        ({"draws": {"x": "norml(0, 1)"}}, "Nearest: normal"),
        ({"draws": {"x": "normal(0, -1)"}}, "at least 0"),
        ({"draws": {"x": "uniform(1, 0)"}}, "below HIGH"),
        ({"draws": {"x": "lognormal(0, 1)"}}, "above 0"),
        ({"count": 3}, "nothing is drawn"),
        ({"count": 0}, "count"),
        ({"method": "sobl"}, "Nearest: sobol"),
        ({"corners": {"a": 3}}, "corner a"),
    ],
)
def test_what_makes_no_plan_is_refused(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(rc.ParameterError, match=told):
        make_plan(**arguments)


# workers


@pytest.mark.parametrize("jobs", [0, 1, 3])
def test_the_table_does_not_depend_on_the_workers(jobs: int, tmp_path: Path) -> None:
    there = rc.sweep(square, grid={"x": "0:9:10"}, jobs=2, output=tmp_path / "a")
    here = rc.sweep(square, grid={"x": "0:9:10"}, jobs=jobs)
    assert same(there, here)
    assert list(here.table["square"]) == [float(x * x) for x in range(10)]
    assert list(here.table["drawn"]) == list(here.table["seed"])


def test_any_executor_gives_the_same_table() -> None:
    here = rc.sweep(square, grid={"x": "0:9:10"}, jobs=0)
    with ThreadPoolExecutor(3) as threads:
        assert same(here, rc.sweep(square, grid={"x": "0:9:10"}, executor=threads))


def test_an_executor_whose_process_died_gives_up_in_words(tmp_path: Path) -> None:
    with ProcessPoolExecutor(1) as pool, pytest.raises(rc.EnvironmentProblem, match=r"cannot be rebuilt here.*resume"):
        rc.sweep(trouble, grid={"does": ["die", "no"]}, executor=pool, output=tmp_path / "s")


def test_every_run_has_its_end_and_its_reason(tmp_path: Path) -> None:
    does = ["no", "hang", "fail", "die", "refuse", "leave", "bug", "no", "hang", "no"]
    began = time.monotonic()
    found = rc.sweep(trouble, rows={"does": does}, jobs=2, timeout=0.5, output=tmp_path / "s")
    assert time.monotonic() - began < 60
    ends = dict(zip(does, found.table["status"], strict=True))
    assert ends == {
        "no": "ok", "hang": "timeout", "fail": "failed", "die": "killed", "refuse": "bad input", "leave": "killed",
        "bug": "failed",
    }  # fmt: skip
    reasons = dict(zip(does, found.table["reason"], strict=True))
    assert reasons["die"] == "its process was killed by SIGKILL (2 times)"
    assert reasons["leave"] == "its process ended with exit status 3 (2 times)"
    assert reasons["fail"] == "it did not converge"
    assert reasons["bug"] == "ZeroDivisionError: division by zero"
    assert reasons["no"] == ""
    assert found.counts == {"ok": 3, "failed": 2, "timeout": 2, "killed": 2, "bad input": 1}
    assert same(found, rc.load_sweep(tmp_path / "s"))


def test_a_run_whose_worker_was_killed_once_is_repeated(tmp_path: Path) -> None:
    found = rc.sweep(dies_once, grid={"x": "1:4:4"}, rows={"folder": [str(tmp_path)]}, jobs=2)
    assert list(found.table["status"]) == ["ok"] * 4
    assert list(found.table["y"]) == [1, 2, 3, 4]


def test_a_function_must_not_return_what_the_table_has_already() -> None:
    found = rc.sweep(lambda values, seed: {"x": 1.0, "seed": 2.0}, grid={"x": [1]}, jobs=0)
    assert found.table["reason"].iloc[0] == "the function returns seed, x, a column that the table has."
    assert found.counts == {"bad input": 1}


def test_what_the_machine_lacks_ends_the_sweep_and_is_no_run_of_it(tmp_path: Path) -> None:
    with pytest.raises(rc.EnvironmentProblem, match="ngspice is not there"):
        rc.sweep(trouble, rows={"does": ["no", "missing"]}, jobs=1, output=tmp_path / "s")
    assert rc.load_sweep(tmp_path / "s").counts == {"ok": 1}


def test_a_sweep_that_is_killed_goes_on_without_loss_or_double(tmp_path: Path) -> None:
    """The main process is killed by SIGKILL as soon as something has ended; its workers go with it."""
    arguments = f"grid={{'x': '0:39:40'}}, rows={{'folder': [{str(tmp_path)!r}]}}, jobs=2"
    code = (
        f"import sys; sys.path.insert(0, {str(HERE)!r})\n"
        "import rramcirc as rc, sweep_functions\n"
        f"rc.sweep(sweep_functions.counted, {arguments}, output={str(tmp_path / 's')!r}, resume=RESUME)\n"
    )
    for resume in (False, True):
        before = len(rc.load_sweep(tmp_path / "s").table) if resume else 0
        process = subprocess.Popen([sys.executable, "-c", code.replace("RESUME", str(resume))])
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            record = tmp_path / "s" / "runs.jsonl"
            if record.is_file() and record.read_bytes().count(b"\n") > before + 3:
                break
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        cut = rc.load_sweep(tmp_path / "s")
        assert before + 2 < len(cut.table) < 40
    calls = (tmp_path / "calls").read_text().split()
    time.sleep(0.3)
    assert (tmp_path / "calls").read_text().split() == calls, "workers outlived the main process"
    done = set(rc.load_sweep(tmp_path / "s").table["run"])
    found = rc.sweep(
        counted, grid={"x": "0:39:40"}, rows={"folder": [str(tmp_path)]}, jobs=2, output=tmp_path / "s", resume=True
    )
    assert list(found.table["run"]) == list(range(40))
    again = (tmp_path / "calls").read_text().split()[len(calls) :]
    assert sorted(map(int, again)) == sorted(set(range(40)) - done), "what had ended was run again, or something missed"


# folders


def test_a_folder_with_results_is_not_written_over(tmp_path: Path) -> None:
    rc.sweep(square, grid={"x": [1, 2]}, jobs=0, output=tmp_path / "s")
    with pytest.raises(rc.ParameterError, match=r"holds 2 of 2 runs: 2 ok.*--resume"):
        rc.sweep(square, grid={"x": [1, 2]}, jobs=0, output=tmp_path / "s")
    with pytest.raises(rc.ParameterError, match=r"another run.*plan"):
        rc.sweep(square, grid={"x": [1, 3]}, jobs=0, output=tmp_path / "s", resume=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with pytest.raises(rc.ParameterError, match="left alone"):
        rc.sweep(square, grid={"x": [1]}, jobs=0, output=tmp_path / "mine")
    with pytest.raises(rc.ParameterError, match="no sweep that could go on"):
        rc.sweep(square, grid={"x": [1]}, jobs=0, output=tmp_path / "new", resume=True)
    with pytest.raises(rc.ParameterError, match="no folder of a sweep"):
        rc.load_sweep(tmp_path / "mine")


def test_the_table_is_written_with_units_and_read_back(tmp_path: Path) -> None:
    import pandas as pd

    found = rc.sweep(square, grid={"x": [1, 2, 3]}, jobs=0, output=tmp_path / "s")
    written = pd.read_csv(tmp_path / "s" / "table.csv", keep_default_na=False)
    assert list(written["square"]) == [1.0, 4.0, 9.0]
    assert "seconds [s]" in written
    assert set(found.table.columns) >= {"run", "x", "seed", "status", "reason", "digest", "seconds", "machine"}


def test_an_axis_of_numbers_and_texts_is_written_as_parquet(tmp_path: Path) -> None:
    import pandas as pd

    found = rc.sweep(first_letter, grid={"x": [1, "a", 2.5, True]}, jobs=0, output=tmp_path / "s")
    assert list(found.table["x"]) == [1, "a", 2.5, True]
    read = pd.read_parquet(tmp_path / "s" / "table.parquet")
    assert list(read["x"]) == ["1", "a", "2.5", "True"]
    assert list(read["code"]) == list(found.table["code"]) == [49.0, 97.0, 50.0, 84.0]


def first_letter(values: dict[str, object], seed: int) -> dict[str, float]:
    """Return the code of the first letter of x."""
    return {"code": float(ord(str(values["x"])[0]))}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"jobs": -1}, "jobs"),
        ({"executor": 3}, "no concurrent.futures.Executor"),
        ({"engine": "spice"}, "unknown engine"),
        ({"timeout": -1.0}, "timeout"),
        ({"keep": "some"}, "none, failed, all"),
        ({"keep": "all"}, "output folder"),
        ({"measure": ["max(x)"]}, "returns its numbers itself"),
        ({"measure": "max(x)"}, "list of texts"),
        ({"resume": True}, "resume needs the output folder"),
    ],
)
def test_nonsense_is_refused_before_anything_runs(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(rc.ParameterError, match=told):
        rc.sweep(trouble, grid={"does": ["die"]}, **{"jobs": None, **arguments})


def test_a_function_that_no_process_can_find_is_refused() -> None:
    with pytest.raises(rc.ParameterError, match="jobs=0"):
        rc.sweep(lambda values, seed: {"x": 1.0}, grid={"x": [1]}, jobs=1)
    with pytest.raises(rc.ParameterError, match="neither a Testbench nor a function"):
        rc.sweep(3, grid={"x": [1]})


# specifications


def test_specs_are_counted_corner_by_corner() -> None:
    found = rc.sweep(square, corners={"low": {"y": 1}, "high": {"y": 2}}, grid={"x": [1, 2, 3]}, jobs=0)
    specs = rc.spec_table(found, [rc.Spec("square", high=5.0), rc.Spec("square", low=1.0, high=9.0)])
    assert list(specs["corner"]) == ["low", "low", "high", "high"]
    assert list(specs["pass"]) == [False, True, False, True]
    assert specs["within"].iloc[0].startswith("2 of 3 (66.7 %; 95 %: 9.4")
    assert list(specs["highest"]) == [9.0] * 4
    with pytest.raises(rc.ParameterError, match="Nearest: square"):
        rc.spec_table(found, [rc.Spec("squar", high=5.0)])


def test_a_run_that_is_not_ok_is_not_within_a_spec() -> None:
    found = rc.sweep(trouble, rows={"does": ["no", "fail"]}, jobs=0)
    specs = rc.spec_table(found, [rc.Spec("one", low=0.0)])
    assert not specs["pass"].iloc[0]
    assert specs["within"].iloc[0].startswith("1 of 2")


@pytest.mark.parametrize("arguments", [{"measure": ""}, {"measure": "x"}, {"measure": "x", "low": 2.0, "high": 1.0}])
def test_a_spec_without_sense_is_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(rc.ParameterError, match="spec"):
        rc.Spec(**arguments)
