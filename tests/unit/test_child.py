"""Programs that are run end in time, whatever happens to them or to us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from rramcirc.basics.child import run_child
from rramcirc.basics.errors import EnvironmentProblem


def alive(number: int) -> bool:
    """Whether a process runs (a dead one that nobody waited for does not)."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone_within(number: int, seconds: float = 20.0) -> bool:
    """Whether a process ends, on a busy machine, too; the programs here would sleep for a minute."""
    end = time.monotonic() + seconds
    while alive(number):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def wait_for(file: Path, seconds: float = 20.0) -> str:
    end = time.monotonic() + seconds
    while not (file.exists() and file.read_text().strip()):
        assert time.monotonic() < end, f"{file} was not written"
        time.sleep(0.01)
    return file.read_text().strip()


def test_program_that_ends_well(tmp_path):
    seen = []
    child = run_child(["sh", "-c", "echo one; echo two >&2"], tmp_path, on_output=seen.append)
    assert (child.exit_code, child.ended_by, child.signal) == (0, "", 0)
    assert child.output == "one\ntwo\n"
    assert b"".join(seen) == b"one\ntwo\n"
    assert child.wall_seconds > 0
    assert child.ending("sh", None) == []


def test_processor_time_is_that_of_the_program(tmp_path):
    child = run_child(["sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"], tmp_path)
    assert 0.01 < child.cpu_seconds <= child.wall_seconds + 0.05


def test_it_runs_in_its_folder_with_its_environment(tmp_path):
    child = run_child(["sh", "-c", "pwd; echo $WORD"], tmp_path, environment={"WORD": "hello", "PATH": os.defpath})
    assert child.output.split() == [str(tmp_path.resolve()), "hello"]


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("exit 3", 3, "sh ended with exit status 3"),
        ("kill -9 $$", -9, r"sh was killed from outside by signal 9 (SIGKILL)"),
        ("kill -15 $$", -15, r"sh was killed from outside by signal 15 (SIGTERM)"),
    ],
)
def test_bad_ending_is_told(tmp_path, script, code, said):
    child = run_child(["sh", "-c", script], tmp_path)
    assert child.exit_code == code
    assert child.ending("sh", None) == [said]


def test_program_that_is_missing_is_told(tmp_path):
    with pytest.raises(EnvironmentProblem, match="cannot start no-such-program: No such file"):
        run_child(["no-such-program"], tmp_path)
    with pytest.raises(EnvironmentProblem, match="cannot start"):
        run_child(["true"], tmp_path / "nope")


def test_it_runs_where_the_kernel_cannot_be_asked(tmp_path, monkeypatch):
    monkeypatch.setattr("rramcirc.basics.child.dying_with_us", lambda: ())
    monkeypatch.delattr("os.pidfd_open", raising=False)
    assert run_child(["echo", "x"], tmp_path).output == "x\n"
    assert run_child(["sleep", "60"], tmp_path, timeout=0.1).ended_by == "timeout"
    with pytest.raises(EnvironmentProblem, match="cannot start no-such-program: No such file"):
        run_child(["no-such-program"], tmp_path)


@pytest.mark.parametrize("script", ["sleep 60", "trap '' TERM; sleep 60 & wait; sleep 60"])
def test_time_limit_ends_it_and_all_it_started(tmp_path, script, monkeypatch):
    monkeypatch.setattr("rramcirc.basics.child.GRACE", 0.2)
    started = time.monotonic()
    child = run_child(["sh", "-c", f"echo $$ > pid; {script}"], tmp_path, timeout=0.2)
    assert time.monotonic() - started < 30.0  # of the minute
    assert child.ended_by == "timeout"
    assert child.ending("sh", 0.2) == ["stopped after the time limit of 0.2 s"]
    assert gone_within(int((tmp_path / "pid").read_text()))


def test_program_left_behind_with_the_pipe_is_not_waited_for(tmp_path):
    started = time.monotonic()
    child = run_child(["sh", "-c", "sleep 60 & echo $!"], tmp_path)
    assert time.monotonic() - started < 30.0
    os.kill(int(child.output), signal.SIGKILL)


def test_of_very_long_output_the_beginning_and_the_end_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("rramcirc.basics.child.KEPT_OUTPUT", 100_000)
    child = run_child(["sh", "-c", "echo first; yes | head -c 1000000; echo last"], tmp_path)
    assert child.output.startswith("first\ny\n")
    assert child.output.endswith("y\nlast\n")
    assert "bytes left out" in child.output
    assert len(child.output) < 400_000


def test_waiting_is_reported_while_nothing_is_printed(tmp_path):
    ticks = []
    run_child(["sleep", "1"], tmp_path, on_wait=lambda: ticks.append(1), poll=0.05)
    assert len(ticks) >= 3


def test_exception_of_the_listener_ends_it(tmp_path):
    def listen(chunk: bytes) -> None:
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        run_child(["sh", "-c", "echo $$ > pid; echo x; sleep 60"], tmp_path, on_output=listen)
    assert gone_within(int((tmp_path / "pid").read_text()))


def test_it_runs_beside_threads(tmp_path):
    found = []
    worker = threading.Thread(target=lambda: found.append(run_child(["echo", "x"], tmp_path)))
    worker.start()
    worker.join(timeout=20)
    assert found[0].output == "x\n"


def test_handlers_of_others_are_left_alone(tmp_path):
    def handler(number: int, frame: object) -> None:
        pass

    before = signal.signal(signal.SIGTERM, handler)
    try:
        run_child(["true"], tmp_path)
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, before)
    run_child(["true"], tmp_path)
    assert signal.getsignal(signal.SIGTERM) is before


PARENT = """
import sys
from pathlib import Path
from rramcirc.basics.child import run_child
command = ["sh", "-c", "echo $$ > pid; echo started; sleep 60"]
child = run_child(command, Path("."), on_output=lambda chunk: Path("read").write_bytes(chunk))
Path("end").write_text(f"{child.ended_by} {child.signal} {child.output.strip()}")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_when_we_are_ended(tmp_path, number):
    heard = partial(signal.signal, signal.SIGHUP, signal.SIG_DFL)  # under nohup it would be ignored, by the tests too
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=tmp_path, preexec_fn=heard)
    try:
        wait_for(tmp_path / "read")  # what was printed has come
        child = int(wait_for(tmp_path / "pid"))
        parent.send_signal(number)
        assert gone_within(child)
        parent.wait(timeout=20)
    finally:
        parent.kill()
        parent.wait()
    if number != signal.SIGKILL:
        assert (tmp_path / "end").read_text() == f"interrupted {number.value} started"


ASTRAY = """
import os, signal, sys, time
from pathlib import Path
from rramcirc.basics.child import run_child
from rramcirc.basics.signals import Interruption
Interruption().install()
class Ends:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)  # its exception leaves this method for nowhere
gone = Ends()
del gone
"""


def test_an_interruption_that_python_drops_is_raised_anew(tmp_path):
    script = ASTRAY + "try:\n    time.sleep(20)\nexcept KeyboardInterrupt:\n    print('heard')\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=15, check=False)
    assert (done.stdout, done.stderr) == ("heard\n", "")


def test_no_program_is_started_after_an_interruption_that_got_lost(tmp_path):
    script = ASTRAY + (
        "signal.setitimer(signal.ITIMER_REAL, 0)\n"  # as where nobody is told of it
        "try:\n    run_child(['touch', 'begun'], Path('.'))\nexcept KeyboardInterrupt:\n    print('heard')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=15, check=False
    )
    assert (done.stdout, done.stderr) == ("heard\n", "")
    assert not (tmp_path / "begun").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_a_program_is_being_started_ends_it(tmp_path, number, monkeypatch):
    import rramcirc.basics.child as module

    start = module._start

    def told_at_once(*given):
        os.kill(os.getpid(), number)
        return start(*given)

    monkeypatch.setattr(module, "_start", told_at_once)
    child = run_child(["sh", "-c", "echo $$ > pid; sleep 60"], tmp_path)
    assert (child.ended_by, child.signal) == ("interrupted", number)


def test_a_signal_in_a_listener_that_hangs_ends_it(tmp_path):
    def listen(chunk: bytes) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(20)

    started = time.monotonic()
    child = run_child(["sh", "-c", "echo x; sleep 60"], tmp_path, on_output=listen)
    assert time.monotonic() - started < 10
    assert (child.ended_by, child.signal) == ("interrupted", signal.SIGTERM)
