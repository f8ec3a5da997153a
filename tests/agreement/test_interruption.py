"""Long simulations that are interrupted, timed out or killed: the child goes, what was computed stays."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from interruptions import interrupt

import rramcirc as rc
from rramcirc.basics.errors import SimulationError
from rramcirc.waveforms.raw import read_raw

LONG = "* long\nv1 1 0 sin(0 1 1meg)\nr1 1 2 1k\nc1 2 0 1n\n.tran 1n 1 0 1n\n.end\n"
ENOUGH = 200_000  # bytes in the raw file after which a run counts as well under way


def children(parent: int) -> list[int]:
    """Return the ngspice processes of a process."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = entry.read_text().rpartition(")")
        except OSError:
            continue
        state, father = rest.split()[:2]
        if int(father) == parent and state != "Z" and "ngspice" in name:
            found.append(int(entry.parent.name))
    return found


def gone(number: int) -> bool:
    end = time.monotonic() + 20.0
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


def wait_until_under_way(raw: Path) -> None:
    end = time.monotonic() + 30.0
    while not (raw.exists() and raw.stat().st_size > ENOUGH):
        assert time.monotonic() < end, f"{raw} does not grow"
        time.sleep(0.02)


def start(folder: Path) -> subprocess.Popen[str]:
    (folder / "long.cir").write_text(LONG)
    command = [sys.executable, "-m", "rramcirc", "simulate", "long.cir", "-o", "run"]
    return subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)


def record(folder: Path) -> dict:
    return json.loads((folder / "run" / "run.json").read_text())


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
def test_interrupted_command_leaves_no_child_and_keeps_what_was_computed(tmp_path, number, status):
    command = start(tmp_path)
    try:
        wait_until_under_way(tmp_path / "run" / "waves.raw")
        (child,) = children(command.pid)
        command.send_signal(number)
        assert gone(child)
        said = command.communicate(timeout=20)[1]
        assert command.returncode == status
    finally:
        command.kill()
        command.wait()
    assert "Traceback" not in said
    assert record(tmp_path)["status"] == "interrupted"
    assert record(tmp_path)["points"] > 1000
    waves = rc.load_run(tmp_path / "run")
    assert not waves.complete
    assert waves.n_points == record(tmp_path)["points"]
    assert np.all(np.abs(waves["v(2)"]) < 1)


def test_killed_command_leaves_no_child(tmp_path):
    command = start(tmp_path)
    try:
        wait_until_under_way(tmp_path / "run" / "waves.raw")
        (child,) = children(command.pid)
        command.kill()
        assert gone(child)
    finally:
        command.wait()
        command.stderr.close()
    assert record(tmp_path)["status"] == "running"
    assert not rc.load_run(tmp_path / "run").complete


def test_child_killed_from_outside_is_told(tmp_path):
    command = start(tmp_path)
    try:
        wait_until_under_way(tmp_path / "run" / "waves.raw")
        (child,) = children(command.pid)
        os.kill(child, signal.SIGKILL)
        said = command.communicate(timeout=20)[1]
        assert command.returncode == 1
    finally:
        command.kill()
        command.wait()
    assert "ngspice was killed from outside by signal 9 (SIGKILL)" in said
    assert "rramcirc inspect run" in said
    assert record(tmp_path)["status"] == "killed"
    assert not rc.load_run(tmp_path / "run").complete


def test_time_limit_is_told_and_what_was_computed_is_kept(tmp_path):
    (tmp_path / "long.cir").write_text(LONG)
    with pytest.raises(SimulationError, match=r"stopped after the time limit of 1\.5 s.*rramcirc inspect"):
        rc.simulate_netlist(tmp_path / "long.cir", output=tmp_path / "run", timeout=1.5)
    assert record(tmp_path)["status"] == "timeout"
    waves = rc.load_run(tmp_path / "run")
    assert not waves.complete
    assert waves.n_points > 1000


def test_progress_is_reported_in_simulated_time(tmp_path):
    (tmp_path / "long.cir").write_text(LONG)
    times: list[float] = []

    def listen(time: float) -> None:
        times.append(time)
        if len(times) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rc.simulate_netlist(tmp_path / "long.cir", output=tmp_path / "run", timeout=60, progress=listen)
    assert 0 < times[0] < times[1] < times[2]
    assert times[2] <= rc.load_run(tmp_path / "run").time[-1] * 1.01


def test_time_limit_of_the_command_ends_with_status_1(tmp_path):
    (tmp_path / "long.cir").write_text(LONG)
    command = [sys.executable, "-m", "rramcirc", "simulate", "long.cir", "-o", "run", "--timeout", "1.5"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "stopped after the time limit of 1.5 s" in done.stderr
    assert (read_raw(tmp_path / "run" / "waves.raw")[0]).complete is False


def test_interrupted_call_names_the_folder_that_it_leaves(tmp_path):
    (tmp_path / "long.cir").write_text(LONG)
    script = (
        "import os, signal, rramcirc as rc\n"
        "def under_way(time):\n    os.kill(os.getpid(), signal.SIGINT)\n"
        "try:\n    rc.simulate_netlist('long.cir', progress=under_way)\n"
        "except KeyboardInterrupt as error:\n    print(error)\n"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=30,
        check=False,
    )  # fmt: skip
    assert done.stdout.startswith("interrupted; what was computed is in ")
    folder = Path(done.stdout.split()[-1])
    assert not rc.load_run(folder).complete


def array_file(folder: Path) -> Path:
    """A testbench that keeps the engine numpy busy for much longer than a test waits."""
    array = rc.Crossbar(rc.Cell("hfo2_filament", "nmos_select"), 4, 4)
    pulses = rc.PulseTrain(1.5, 1e-7, 2e-7, 10_000, rise=1e-8, fall=1e-8)
    bench = rc.Testbench(
        array, rc.Transient(2e-3), {"bl1": pulses, "wl1": rc.Constant(1.4)}, probes=("i(bl1)", "gap[*,*]")
    )
    rc.save_bench(bench, folder / "array.toml")
    return folder / "array.toml"


def read_until(terminal: int, pattern: bytes | None) -> bytes:
    """Return what a program wrote to its terminal until it showed a pattern, or until it ended."""
    said = b""
    while pattern is None or not re.search(pattern, said):
        try:
            more = os.read(terminal, 4096)
        except OSError:  # the program has ended
            break
        if not more:
            break
        said += more
    return said


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
def test_interrupted_run_of_the_engine_numpy_keeps_what_was_computed(tmp_path, number, status):
    array_file(tmp_path)
    command = [sys.executable, "-m", "rramcirc", "simulate", "array.toml", "--engine", "numpy", "-o", "run"]
    ours, terminal = pty.openpty()  # it shows how far it is on a terminal only
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    running = subprocess.Popen(command, cwd=tmp_path, stderr=terminal, env=environment)
    os.close(terminal)
    try:
        said = read_until(ours, rb"\d{2,}(\.\d+)? us of 2 ms")
        running.send_signal(number)
        said += read_until(ours, None)
        running.wait(timeout=20)
    finally:
        os.close(ours)
        running.kill()
        running.wait()
    assert running.returncode == status, said
    assert b"Traceback" not in said
    assert record(tmp_path)["status"] == "interrupted"
    waves = rc.load_run(tmp_path / "run")
    assert not waves.complete
    assert waves.n_points == record(tmp_path)["points"] > 100
    assert 0 < waves.time[-1] < 2e-3
    assert np.all(np.diff(waves.time) > 0)


def test_time_limit_of_the_engine_numpy_keeps_what_was_computed(tmp_path):
    bench = rc.load_bench(array_file(tmp_path))
    rc.simulate(replace(bench, analysis=rc.Transient(1e-9)), "numpy")  # what is loaded once counts in no time limit
    with pytest.raises(SimulationError, match=r"stopped after the time limit of 2 s.*rramcirc inspect"):
        rc.simulate(bench, "numpy", output=tmp_path / "run", timeout=2.0)
    assert record(tmp_path)["status"] == "timeout"
    assert not rc.load_run(tmp_path / "run").complete
    assert rc.load_run(tmp_path / "run").n_points > 10


def test_exception_in_the_engine_numpy_is_raised_and_keeps_what_was_computed(tmp_path):
    bench = rc.load_bench(array_file(tmp_path))

    def listen(reached: float) -> None:
        if reached > 1e-7:
            raise ZeroDivisionError("of the listener")

    with pytest.raises(ZeroDivisionError, match="of the listener"):
        rc.simulate(bench, "numpy", output=tmp_path / "run", progress=listen)
    assert record(tmp_path)["status"] == "failed"
    assert record(tmp_path)["problems"] == ["ZeroDivisionError: of the listener"]
    assert rc.load_run(tmp_path / "run").time[-1] > 1e-7


def test_transient_without_a_solution_keeps_what_was_computed(tmp_path, monkeypatch):
    from rramcirc.engines.array.newton import ArrayState

    bench, follow = rc.load_bench(array_file(tmp_path)), ArrayState.follow
    calls: list[float] = []

    def lost(*given: object) -> bool:
        calls.append(0.0)
        return len(calls) < 30 and follow(*given)

    monkeypatch.setattr(ArrayState, "follow", lost)
    with pytest.raises(SimulationError, match=r"numpy failed: no solution behind t = .*rramcirc inspect"):
        rc.simulate(bench, "numpy", output=tmp_path / "run")
    assert record(tmp_path)["status"] == "failed"
    assert 10 < rc.load_run(tmp_path / "run").n_points < 30


def test_runs_interrupted_at_random_touch_nothing_and_leave_readable_folders():
    """A hundredth of `make fuzz-interruptions`."""
    counts, faults = interrupt(0, 10, seed=2)
    assert not faults, "\n".join(faults)
    assert counts.total() == 10
