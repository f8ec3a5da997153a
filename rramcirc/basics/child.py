"""Run another program: follow its output, end it in time, and never leave it behind."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING

from rramcirc.basics.errors import EnvironmentProblem
from rramcirc.basics.signals import Kept, Told, kept_signals, raise_if_asked

if TYPE_CHECKING:
    from resource import struct_rusage

GRACE = 2.0  # [s] between asking a program to end and killing it
KEPT_OUTPUT = 1 << 24  # [bytes] of the beginning and of the end that are kept, if a program prints more than both


@dataclass(frozen=True)
class ChildRun:
    """How a program ended.

    Attributes
    ----------
    exit_code
        Its exit status; negative if a signal ended it.
    ended_by
        ``"timeout"`` or ``"interrupted"`` if we ended it, else empty.
    signal
        The signal that interrupted us (SIGINT for Ctrl-C), else 0.
    output
        What it printed; of very long output the beginning and the end.
    wall_seconds, cpu_seconds
        Time from start to end, and its processor time [s].
    """

    exit_code: int
    ended_by: str
    signal: int
    output: str
    wall_seconds: float
    cpu_seconds: float

    def ending(self, program: str, timeout: float | None) -> list[str]:
        """Return why it did not end by itself and well, as a list of no or one sentence."""
        if self.ended_by == "timeout":
            return [f"stopped after the time limit of {timeout:g} s"]
        if self.ended_by:
            return ["interrupted by the user" if self.signal == signal.SIGINT else f"ended by {_name(self.signal)}"]
        if self.exit_code < 0:
            return [f"{program} was killed from outside by signal {-self.exit_code} ({_name(-self.exit_code)})"]
        return [f"{program} ended with exit status {self.exit_code}"] if self.exit_code else []


class _Output:
    """What a program printed; the middle is dropped if it is too long."""

    def __init__(self) -> None:
        self.first: list[bytes] = []
        self.last: deque[bytes] = deque()
        self.sizes = [0, 0]
        self.dropped = 0

    def append(self, chunk: bytes) -> None:
        part = int(self.sizes[0] >= KEPT_OUTPUT)
        (self.last if part else self.first).append(chunk)
        self.sizes[part] += len(chunk)
        while self.sizes[1] > KEPT_OUTPUT and len(self.last) > 1:
            gone = len(self.last.popleft())
            self.sizes[1] -= gone
            self.dropped += gone

    def text(self) -> str:
        gap = [f"\n[{self.dropped} bytes left out]\n".encode()] if self.dropped else []
        return b"".join([*self.first, *gap, *self.last]).decode(errors="replace")


def run_child(
    command: Sequence[str],
    folder: Path,
    *,
    timeout: float | None = None,
    on_output: Callable[[bytes], None] | None = None,
    on_wait: Callable[[], None] | None = None,
    poll: float = 0.5,
    environment: Mapping[str, str] | None = None,
) -> ChildRun:
    """Run a program in a folder until it ends, the time is over, or we are asked to end.

    It has a session of its own, so Ctrl-C reaches only us; if we are killed, the kernel kills it (Linux). Ctrl-C,
    SIGTERM and SIGHUP do not raise here: they are kept, end the program and are reported, whenever they come. Any other
    exception ends it, too.

    Parameters
    ----------
    command, folder, environment
        What to run and where.
    timeout
        Wall-clock limit [s].
    on_output
        Called with every piece of output as it comes.
    on_wait
        Called every `poll` seconds [s] without output.

    Raises
    ------
    EnvironmentProblem
        If the program cannot be started.
    KeyboardInterrupt
        If Ctrl-C was pressed before.
    """
    raise_if_asked()
    chunks = _Output()
    started = time.perf_counter()
    ended_by = ""
    child: subprocess.Popen[bytes] | None = None
    exit_code, cpu = 0, 0.0
    with kept_signals() as kept:
        try:
            child = _start([*dying_with_us(), *command], folder, environment)
            deadline = float("inf") if timeout is None else time.monotonic() + timeout
            ended_by = _follow(child, chunks, deadline, on_output, on_wait, poll, kept)
        except (KeyboardInterrupt, Told):
            ended_by = "interrupted"
        except BaseException:
            ended_by = "interrupted"
            raise
        finally:
            if child is not None:
                exit_code, cpu = _end(child) if ended_by else _reap(child)
                _output_of(child).close()
    if kept.numbers and not ended_by:  # one that came with its end
        ended_by = "interrupted"
    number = kept.numbers[0] if kept.numbers else signal.SIGINT if ended_by == "interrupted" else 0
    output = chunks.text()
    if exit_code in (126, 127) and output.startswith("setpriv: failed to execute"):
        raise EnvironmentProblem(f"cannot start {command[0]}: {output.rpartition(': ')[2].strip()}.")
    return ChildRun(exit_code, ended_by, number, output, time.perf_counter() - started, cpu)


def _start(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command, cwd=folder, env=environment, bufsize=0, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except OSError as error:
        raise EnvironmentProblem(f"cannot start {command[0]}: {error.strerror}.") from error


def _output_of(child: subprocess.Popen[bytes]) -> IO[bytes]:
    """Return the pipe with what a program prints; `_start` gives every one such a pipe."""
    assert child.stdout is not None
    return child.stdout


@lru_cache(maxsize=1)
def dying_with_us() -> tuple[str, ...]:
    """Return the words before a command with which the kernel kills it when we die; none if that is not possible.

    They cost 1 ms. Setting it between fork and exec, from Python, takes 4 ms and is not safe beside threads.
    """
    program = shutil.which("setpriv")
    if program is None:
        return ()
    words = (program, "--pdeathsig", "KILL")
    try:
        tried = subprocess.run([*words, program], capture_output=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return () if b"pdeathsig" in tried.stderr else words


def _follow(
    child: subprocess.Popen[bytes],
    chunks: _Output,
    deadline: float,
    on_output: Callable[[bytes], None] | None,
    on_wait: Callable[[], None] | None,
    poll: float,
    kept: Kept,
) -> str:
    """Collect output until the program ends, even if one that it started keeps the pipe open; say what ended it."""
    output = _output_of(child)
    with selectors.DefaultSelector() as selector, _exit_of(child) as exited:
        selector.register(output, selectors.EVENT_READ)
        selector.register(kept.descriptor, selectors.EVENT_READ)
        if exited is not None:
            selector.register(exited, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            limit = min(left, poll) if on_wait else None if left == float("inf") else left
            ready = [key.fileobj for key, _ in selector.select(limit)]
            if kept.numbers:
                return "interrupted"
            if output in ready:
                chunk = os.read(output.fileno(), 65536)
                if chunk:
                    chunks.append(chunk)
                    if on_output:
                        with kept.raised():
                            on_output(chunk)
                elif exited is None:
                    return ""
                else:
                    selector.unregister(output)
            elif ready:
                return ""
            elif on_wait:
                with kept.raised():
                    on_wait()
    return "timeout"


@contextmanager
def _exit_of(child: subprocess.Popen[bytes]) -> Iterator[int | None]:
    """Yield a descriptor that becomes readable when the program ends; None where there is no such thing."""
    try:
        descriptor = os.pidfd_open(child.pid)
    except (AttributeError, OSError):
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _reap(child: subprocess.Popen[bytes]) -> tuple[int, float]:
    """Wait for the program; return (exit status, processor time [s])."""
    _, status, usage = os.wait4(child.pid, 0)
    return _noted(child, status, usage)


def _noted(child: subprocess.Popen[bytes], status: int, usage: struct_rusage) -> tuple[int, float]:
    """Tell the program's object that it ended; return (exit status, processor time [s])."""
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage.ru_utime + usage.ru_stime


def _end(child: subprocess.Popen[bytes]) -> tuple[int, float]:
    """Ask the program and all it started to end, kill them if they do not, and wait."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
        except ProcessLookupError:
            break
        deadline = time.monotonic() + GRACE
        while time.monotonic() < deadline:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                return _noted(child, status, usage)
            time.sleep(0.002)
    return _reap(child)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
