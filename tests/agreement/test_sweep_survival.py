"""Sweeps of real ngspice runs, some of which hang or crash, interrupted again and again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.basics.paths import models_folder, verilog_a_folder
from rramcirc.sweeps.targets import MACHINE

# a run needs 0.1 s of processor time; one that needs thirty times as long on a busy machine would be taken for hung
LIMIT = 3.0  # [s]
MISHAP = """    (* type="instance", desc="0: none, 1: ngspice hangs, 2: it crashes", units="1" *)
    parameter integer mishap = 0 from [0:2];
"""
# an endless loop; and a division of whole numbers by zero, at which the processor raises SIGFPE
CAUSE = """        v = V(te, be);
        turns = 0;
        if ($abstime > 0.0) begin
            while (mishap == 1)
                turns = turns + 1;
            turns = turns + mishap / (mishap - 2);
        end
"""
SWEEP = """
bench = "write.toml"
timeout = {limit}
seed = 7
measure = ["final(gap)", "final(diameter)", "max(i(bl))"]
[rows]
"design.rram_parameters.mishap" = {mishaps}
[draws]
"design.rram_parameters" = "card"
"""


@dataclass(frozen=True)
class MonteCarlo:
    """A sweep in a folder: how many runs, and which of them hang or crash ngspice."""

    folder: Path
    mishaps: tuple[int, ...]

    def start(self, output: str, *words: str) -> subprocess.Popen[bytes]:
        """Start the command in the background."""
        command = [sys.executable, "-m", "rramcirc", "sweep", "mc.toml", "-o", output, *words]
        return subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, output: str, *words: str) -> rc.SweepResult:
        """Run to the end; some runs are not ok, and the status says so."""
        process = self.start(output, *words)
        said, _ = process.communicate(timeout=3600)
        assert process.returncode == 1, said.decode()
        return rc.load_sweep(self.folder / output)

    def finished(self, output: str) -> int:
        """Return how many runs have ended, read while the sweep goes on."""
        record = self.folder / output / "runs.jsonl"
        return record.read_bytes().count(b"\n") - 1 if record.is_file() else 0


def monte_carlo(folder: Path, runs: int, share: float) -> MonteCarlo:
    """Write model, card, testbench and sweep of a SET of 1T1R cells; a share hangs, as many crash."""
    model = (verilog_a_folder() / "rram_filament.va").read_text()
    for old, new in (
        ("module rram_filament(", "module rram_mishap("),
        ("    // conduction\n", MISHAP + "    // conduction\n"),
        ("        v = V(te, be);\n", CAUSE),
        ("    real rate,", "    integer turns;\n    real rate,"),
        ("current = conductance * v;", "current = conductance * v + 1.0e-30 * turns;"),
    ):
        assert model.count(old) >= 1
        model = model.replace(old, new, 1)
    (folder / "rram_mishap.va").write_text(model)
    card = (models_folder() / "hfo2_filament.toml").read_text()
    card = card.replace('name = "hfo2_filament"', 'name = "mishap"')
    (folder / "mishap.toml").write_text(card.replace('"rram_filament"', '"rram_mishap.va"'))
    bench = rc.Testbench(
        rc.Cell(str(folder / "mishap.toml"), "nmos_select"),
        rc.Transient(1.1e-6),
        stimuli={"bl": rc.Pulse(1.3, 1e-6, 1e-8), "wl": rc.Constant(1.1)},
        probes=("gap", "diameter", "i(bl)"),
    )
    rc.save_bench(bench, folder / "write.toml")
    few = round(share * runs)
    mishaps = np.zeros(runs, int)
    places = np.random.default_rng(20).permutation(runs)
    mishaps[places[:few]], mishaps[places[few : 2 * few]] = 1, 2
    (folder / "mc.toml").write_text(SWEEP.format(limit=LIMIT, mishaps=mishaps.tolist()))
    return MonteCarlo(folder, tuple(mishaps.tolist()))


def bare(found: rc.SweepResult) -> list[dict[str, object]]:
    """Return the rows of a table without time and machine."""
    return found.table.drop(columns=list(MACHINE)).fillna(-1.0).to_dict("records")


def workers_of(process: int) -> list[int]:
    """Return the processes that a process started."""
    return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def simulators() -> set[str]:
    """Return the folders in which processes of ngspice run."""
    found = set()
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if (place / "comm").read_text().startswith("ngspice"):
                found.add(os.readlink(place / "cwd"))
        except OSError:
            continue
    return found


def wait_for(done: object, process: subprocess.Popen[bytes]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + 300
    while not done():
        assert process.poll() is None, process.stdout.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def interrupted(sweep: MonteCarlo, output: str, jobs: int) -> rc.SweepResult:
    """Run a sweep with kill -9: of the main process, of a worker and the main process, of the main process."""
    runs, seen = len(sweep.mishaps), set()
    for turn in range(3):
        began = sweep.finished(output)
        process = sweep.start(output, "--jobs", str(jobs), *(["--resume"] if turn else []))
        wait_for(lambda began=began: sweep.finished(output) >= began + runs // 8, process)
        if turn == 1:
            victim = workers_of(process.pid)[0]
            os.kill(victim, signal.SIGKILL)
            wait_for(lambda pid=process.pid, victim=victim: victim not in workers_of(pid), process)  # it is replaced
            before = sweep.finished(output)
            wait_for(lambda before=before: sweep.finished(output) > before, process)
        process.kill()
        process.communicate()
        time.sleep(0.5)
        assert not [place for place in simulators() if str(sweep.folder) in place], "a simulator outlived the sweep"
        cut = rc.load_sweep(sweep.folder / output)
        ended = set(cut.table["run"])
        assert seen < ended, "something that had ended was lost"
        assert len(cut.table) < runs
        seen = ended
    kept = {row["run"]: row for row in bare(rc.load_sweep(sweep.folder / output))}
    seconds = dict(zip(*(cut.table[name] for name in ("run", "seconds")), strict=True))
    found = sweep.run(output, "--jobs", str(jobs), "--resume")
    rows = {row["run"]: row for row in bare(found)}
    assert all(rows[run] == row for run, row in kept.items())
    after = dict(zip(found.table["run"], found.table["seconds"], strict=True))
    assert all(after[run] == taken for run, taken in seconds.items()), "what had ended was run again"
    return found


def check_ends(sweep: MonteCarlo, found: rc.SweepResult) -> None:
    """Hold each row against what was made to happen in it."""
    assert list(found.table["run"]) == list(range(len(sweep.mishaps)))
    expected = [("ok", "timeout", "killed")[mishap] for mishap in sweep.mishaps]
    assert list(found.table["status"]) == expected
    for status, reason in zip(found.table["status"], found.table["reason"], strict=True):
        if status == "timeout":
            assert reason.startswith(f"stopped after the time limit of {LIMIT:g} s")
        if status == "killed":
            assert "signal 8 (SIGFPE)" in reason
    good = found.table[found.table["status"] == "ok"]
    assert good[["final(gap)", "final(diameter)", "max(i(bl))"]].notna().all(axis=None)
    assert good["final(gap)"].nunique() == len(good), "devices that differ end in states that differ"


def test_a_monte_carlo_with_hangs_and_crashes_survives_kill_9(tmp_path: Path) -> None:
    """20 runs; the long form has 1,000, and a Dask cluster besides."""
    sweep = monte_carlo(tmp_path, 20, 0.051)
    found = interrupted(sweep, "cut", 2)
    check_ends(sweep, found)
    assert bare(found) == bare(sweep.run("whole", "--jobs", "4"))


@pytest.mark.long
def test_a_monte_carlo_of_1000_runs_with_hangs_and_crashes_survives_kill_9(tmp_path: Path) -> None:
    """2 % hang, 2 % crash; the same table with 1, 2 and 4 workers, and in a cluster of 2 processes."""
    sweep = monte_carlo(tmp_path, 1000, 0.02)
    found = interrupted(sweep, "cut", 2)
    check_ends(sweep, found)
    assert found.counts == {"ok": 960, "timeout": 20, "killed": 20}
    for jobs in ("1", "2", "4"):
        assert bare(found) == bare(sweep.run(f"whole{jobs}", "--jobs", jobs))
    assert bare(found) == bare(sweep.run("dask", "--dask", "local", "--jobs", "2"))


def test_a_sweep_measures_what_one_run_measures(tmp_path: Path) -> None:
    """Row by row the numbers of `simulate`, to the last bit: it is the same run."""
    bench = rc.Testbench(
        rc.Cell("hfo2_filament", "nmos_select"),
        rc.Transient(1.1e-6),
        stimuli={"bl": rc.Pulse(1.3, 1e-6, 1e-8), "wl": rc.Constant(1.1)},
    )
    draws = {"design.rram_parameters.ea_delta": "normal(0, 0.01)"}
    grid = {"stimuli.bl.amplitude": [1.2, 1.4], "design.rram": ["hfo2_filament", "hfox_gap_jiang2016"]}
    found = rc.sweep(bench, grid=grid, measure=["final(gap)"], jobs=1, timeout=100, output=tmp_path / "s", keep="all")
    assert list(found.table["status"]) == ["ok"] * 4
    for row in found.table.to_dict("records"):
        settings = [f"{path}={row[path]}" for path in grid]
        waves = rc.simulate(rc.with_settings(bench, settings))
        assert row["final(gap)"] == waves["gap"][-1]
        assert rc.load_run(tmp_path / "s" / "runs" / f"{row['run']:06d}")["gap"][-1] == waves["gap"][-1]
    assert found.table.attrs["units"]["final(gap)"] == "nm"
    drawn = rc.sweep(bench, draws=draws, count=2, measure=["final(gap)"], jobs=0)
    for row in drawn.table.to_dict("records"):
        path = "design.rram_parameters.ea_delta"
        assert row["final(gap)"] == rc.simulate(rc.with_settings(bench, [f"{path}={row[path]!r}"]))["gap"][-1]


def test_values_that_cannot_be_are_bad_input_and_stop_no_other() -> None:
    bench = rc.Testbench(rc.Cell("hfo2_filament", "nmos_select"), rc.OperatingPoint(), {"bl": rc.Constant(0.1)})
    found = rc.sweep(bench, grid={"temperature": [300, -5, 350]}, measure=["final(i(bl))"], jobs=1)
    assert list(found.table["status"]) == ["ok", "bad input", "ok"]
    assert "temperature" in found.table["reason"].iloc[1]
    with pytest.raises(rc.ParameterError, match=r"design\.rrm.*rram"):
        rc.sweep(bench, grid={"design.rrm": ["a"]}, measure=["final(i(bl))"], jobs=1)
    with pytest.raises(rc.ParameterError, match="temperature"):
        rc.sweep(bench, grid={"temperature": [-1, -2]}, measure=["final(i(bl))"], jobs=1)


def test_sigmas_are_those_of_the_card() -> None:
    bench = rc.Testbench(rc.Cell("hfo2_filament", "nmos_select"), rc.OperatingPoint(), {"bl": rc.Constant(0.1)})
    ea, rho = "design.rram_parameters.ea_delta", "design.rram_parameters.rho_factor"
    found = rc.sweep(
        bench, corners={"slow": {ea: "sigma(3)", rho: "sigma(2)"}, "nominal": {"temperature": 300}},
        measure=["final(i(bl))"], jobs=0,
    )  # fmt: skip
    slow = found.table[found.table["corner"] == "slow"].iloc[0]
    assert slow[ea] == pytest.approx(3 * 0.01 * 1.2, rel=1e-12)  # sigma_d2d of ea, whose value is 1.2 eV
    assert slow[rho] == pytest.approx(np.exp(2 * 0.05), rel=1e-12)
    nominal = found.table[found.table["corner"] == "nominal"].iloc[0]
    assert (nominal[ea], nominal[rho]) == (0.0, 1.0)  # what a corner does not set is as it is
    assert found.table["temperature"].tolist() == [300.15, 300.0]
    assert found.units[ea] == "eV"
