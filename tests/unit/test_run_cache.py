"""The run cache: identical simulations of sweeps are found again; nothing that differs, nothing that is damaged."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import rramcirc as rc
from rramcirc.basics.paths import verilog_a_folder
from rramcirc.cli.main import rramcirc as command
from rramcirc.sweeps.cache import RunCache, simulation_key

BENCH = rc.Testbench(
    rc.Cell("hfo2_filament", "nmos_select"),
    rc.Transient(1.1e-6),
    stimuli={"bl": rc.Pulse(1.3, 1e-6, 1e-8), "wl": rc.Constant(1.1)},
    probes=("gap", "i(bl)"),
)
AMPLITUDES = {"stimuli.bl.amplitude": [1.2, 1.3]}
# writes the same keys as its brothers, again and again, and takes what it finds; argument: folder, limit, its number
WRITER = """
import sys
from pathlib import Path
from rramcirc.sweeps.cache import RunCache
folder, limit, own = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
cache, source = RunCache(limit, folder / "runs"), folder / f"from{own}"
source.mkdir()
found = 0
for turn in range(120):
    name = f"{turn % 12:02d}" * 32
    (source / "run.json").write_text(f"{name} {own} " + "x" * 20000)
    cache.put(name, source)
    target = folder / f"to{own}-{turn}"
    if cache.take(name, target):
        text = (target / "run.json").read_text()
        assert text.startswith(name + " ") and len(text) == len(f"{name} {own} ") + 20000, text[:100]
        found += 1
print(found)
"""


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of its own, with the compiled models and loops of the usual one."""
    usual = rc.compile_module(verilog_a_folder() / "rram_filament.va").path.parents[1]
    for part in ("osdi", "numba"):
        shutil.copytree(usual / part, tmp_path / "cache" / part, ignore=shutil.ignore_patterns(".*"))
    monkeypatch.setenv("RRAMCIRC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RRAMCIRC_RUN_CACHE_MB", "100")
    return tmp_path / "cache" / "runs"


def sweep(*measure: str, bench: rc.Testbench = BENCH, **arguments: object) -> rc.SweepResult:
    """Return a sweep of two runs, in this process."""
    return rc.sweep(bench, measure=measure or ("final(gap)",), grid=AMPLITUDES, jobs=0, **arguments)


def found(result: rc.SweepResult) -> int:
    """Return how many runs were found in the cache."""
    assert (result.table["status"] == "ok").all()
    return int(result.table["cached"].sum())


@pytest.mark.parametrize("engine", ["ngspice", "numpy", "vacask"])
def test_an_identical_simulation_is_not_run_twice(engine: str, cached: Path, tmp_path: Path) -> None:
    """The numbers are the same to the last bit, also of a measurement that nobody had asked for before."""
    first = sweep(engine=engine)
    assert found(first) == 0
    second = sweep("final(gap)", "max(i(bl))", engine=engine)
    assert found(second) == 2
    assert list(first.table["final(gap)"]) == list(second.table["final(gap)"])
    again = sweep("final(gap)", "max(i(bl))", engine=engine, again=True)
    assert found(again) == 0
    for name in again.measured:
        assert list(again.table[name]) == list(second.table[name])
    assert again.units == second.units
    kept = sweep(engine=engine, output=tmp_path / "kept", keep="all")
    assert found(kept) == 0, "folders that are kept are those of runs"


def test_what_differs_is_run(cached: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Engine, options, temperature, a value of the card, its file, the simulator, the package: each counts."""
    card = tmp_path / "own.toml"
    text = rc.load_card("hfo2_filament").path.read_text()
    card.write_text(text)
    own = rc.with_settings(BENCH, [f"design.rram={card}"])
    keys = {
        simulation_key(BENCH, "ngspice"), simulation_key(BENCH, "numpy"),
        simulation_key(rc.with_settings(BENCH, ["options.reltol=1e-5"]), "ngspice"),
        simulation_key(rc.with_settings(BENCH, ["temperature=310"]), "ngspice"),
        simulation_key(rc.with_settings(BENCH, ["design.rram.values.ea=1.21"]), "ngspice"),
        simulation_key(own, "ngspice"),
    }  # fmt: skip
    assert len(keys) == 6
    assert simulation_key(BENCH, "ngspice") in keys
    card.write_text(f"{text}\n# bounds that runs are held to stand here, not in the netlist\n")
    keys.add(simulation_key(rc.with_settings(BENCH, [f"design.rram={card}"]), "ngspice"))
    assert len(keys) == 7
    monkeypatch.setattr("rramcirc.sweeps.cache._program", lambda engine: ["ngspice-47"])
    keys.add(simulation_key(BENCH, "ngspice"))
    monkeypatch.undo()
    monkeypatch.setattr("rramcirc.sweeps.cache._package", lambda: "changed")
    keys.add(simulation_key(BENCH, "ngspice"))
    assert len(keys) == 9


def test_a_failed_run_is_run_again(cached: Path) -> None:
    """A failure may be the machine's: here the time limit is too short."""
    for _ in range(2):
        table = rc.sweep(BENCH, measure=["final(gap)"], timeout=1e-3, jobs=0).table
        assert table["status"].iloc[0] == "timeout"
        assert not table["cached"].iloc[0]
    assert not list(cached.glob("*/*"))


def test_a_damaged_entry_counts_as_none(cached: Path) -> None:
    """Each byte counts: one is changed at its start, in the middle, at its end; then half of it is cut off."""
    clean = sweep()
    for place in (3, 2000, -1, None):
        for file in cached.glob("*/*.run"):
            content = bytearray(file.read_bytes())
            if place is None:
                del content[len(content) // 2 :]
            else:
                content[place] ^= 1
            file.write_bytes(content)
        mended = sweep()
        assert found(mended) == 0
        assert list(mended.table["final(gap)"]) == list(clean.table["final(gap)"])
        assert found(sweep()) == 2


def test_the_limit_holds_and_what_was_used_last_stays(tmp_path: Path) -> None:
    cache, source = RunCache(1_000_000, tmp_path / "runs"), tmp_path / "from"
    source.mkdir()
    (source / "run.json").write_text("x" * 20_000)
    first = "00" * 32
    for turn in range(200):
        assert cache.put(f"{turn:02x}" * 32, source)
        os.utime(cache.entries()[-1][0], (turn, turn))  # clocks of file systems are coarse
        if turn % 10 == 0:
            assert cache.take(first, tmp_path / "to")
            used = next(path for path, _ in cache.entries() if path.name.startswith(first))
            os.utime(used, (turn + 0.5, turn + 0.5))
        assert sum(info.st_size for _, info in cache.entries()) <= 1_000_000
    names = [path.name for path, _ in cache.entries()]
    assert f"{first}.run" in names
    assert f"{'c7' * 32}.run" in names
    assert 20 < len(names) < 50
    (source / "run.json").write_text("x" * 60_000)
    assert not cache.put("ff" * 32, source), "one entry takes at most a twentieth"


def test_writers_at_once_leave_whole_entries_below_the_limit(tmp_path: Path) -> None:
    """Four processes write the same twelve entries, each its own content, where eight have room."""
    limit = 8 * 60_000
    words = [sys.executable, "-c", WRITER, str(tmp_path), str(limit)]
    writers = [subprocess.Popen([*words, str(k)], stdout=subprocess.PIPE, text=True) for k in range(4)]
    taken = [int(writer.communicate(timeout=300)[0]) for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4
    assert min(taken) > 30
    cache = RunCache(limit, tmp_path / "runs")
    assert sum(info.st_size for _, info in cache.entries()) <= limit
    assert not list((tmp_path / "runs").glob("*/.new-*"))
    for path, _ in cache.entries():
        assert cache.take(path.stem, tmp_path / "whole")


def test_a_limit_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("a lot", "-1", "nan"):
        monkeypatch.setenv("RRAMCIRC_RUN_CACHE_MB", text)
        with pytest.raises(rc.ParameterError, match=r"RRAMCIRC_RUN_CACHE_MB.*2000, or 0"):
            sweep()


def test_the_command_shows_and_clears_each_part(cached: Path) -> None:
    sweep()
    run = CliRunner().invoke
    shown = run(command, ["cache"]).stdout.splitlines()
    assert shown[0].split() == ["part", "files", "size", "[MB]", "limit", "[MB]", "folder"]
    assert shown[1].split()[:2] == ["runs", "2"]
    assert shown[1].split()[3] == "100"
    told = run(command, ["cache", "--clear", "runs"])
    assert "runs: 2 files removed, 0." in told.stderr
    assert not list(cached.glob("*/*.run"))
    models = cached.parent / "osdi"
    assert list(models.glob("*.osdi")), "the others stay"
    assert found(sweep()) == 0
    assert run(command, ["cache", "--clear", "models"]).exit_code == 0
    assert not list(models.glob("*.osdi"))
    assert found(sweep()) == 2, "the same source compiles to the same model, byte for byte"
    assert list(models.glob("*.osdi"))
    with pytest.raises(rc.ParameterError, match=r"'run'. Nearest: runs"):
        run(command, ["cache", "--clear", "run"], catch_exceptions=False)
