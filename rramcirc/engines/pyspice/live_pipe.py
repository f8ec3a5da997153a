"""The parent's side of a live run: start the child, answer its frames, keep what it sends."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from rramcirc.basics.errors import ParameterError, shown
from rramcirc.waveforms.raw import normalise_vector
from rramcirc.waveforms.waveforms import Signal

OnPoint = Callable[[float, dict[str, float]], object]
Condition = Callable[[float, dict[str, float]], bool]
Drive = Callable[[float], float]

CHILD = Path(__file__).with_name("live_child.py")
_HEADER = struct.Struct("<cI")


@dataclass
class Listener:
    """What is done with the frames of the child, and what is kept of them; no watched signals means all vectors."""

    watched: Sequence[Signal]
    on_point: OnPoint | None
    stop_when: Condition | None
    drive: Mapping[str, Drive]
    vectors: list[str] = field(default_factory=list)
    rows: list[bytes] = field(default_factory=list)
    stopped: bool = False
    requests: int = 0
    reason: str = ""
    _live: list[tuple[str, int, int]] = field(default_factory=list)
    _unpack: struct.Struct = field(default_factory=lambda: struct.Struct(""))

    def begin(self, names: list[str]) -> None:
        """Take the names of the vectors."""
        self.vectors = [_vector_name(name) for name in names]
        self._unpack = struct.Struct(f"<{len(names)}d")
        place = {name: k for k, name in enumerate(self.vectors)}
        watched = self.watched or [Signal(name, "", name) for name in self.vectors if name != "time"]
        found = [(signal, place.get(normalise_vector(signal.vector))) for signal in watched]
        self._live = [(signal.name, k, signal.sign) for signal, k in found if k is not None]

    def point(self, row: bytes) -> None:
        """Keep an accepted point and show it to the caller's functions."""
        self.rows.append(row)
        if self.on_point is None and self.stop_when is None:
            return
        numbers = self._unpack.unpack(row)
        values = {name: sign * numbers[k] for name, k, sign in self._live}
        moment = numbers[self.vectors.index("time")]
        if self.on_point is not None:
            self.on_point(moment, values)
        if self.stop_when is not None:
            self.stopped = bool(self.stop_when(moment, values))

    def levels(self, moment: float) -> list[float]:
        """Return what the caller's functions drive at a time [s], in the order of `drive`."""
        self.requests += 1
        found = []
        for line, function in self.drive.items():
            value = function(moment)
            try:
                found.append(float(value))
            except (TypeError, ValueError):
                found.append(np.nan)
            if not np.isfinite(found[-1]):
                raise ParameterError(
                    f"drive[{line!r}]: the function gave {shown(value)} at {moment:g} s, no finite number."
                )
        return found

    def converse(self, frames: BinaryIO, answers: int) -> None:
        """Read and answer frames until the child has said its last."""
        for letter, content in _frames(frames):
            reply: Sequence[float] = ()
            if letter == b"P":
                self.point(content)
                reply = (self.stopped,) if self.stop_when is not None else ()
            elif letter == b"D":
                reply = self.levels(*struct.unpack("<d", content))
            elif letter == b"N":
                self.begin(content.decode().split("\n"))
            else:
                self.reason = content.decode()
            if not reply:
                continue
            try:
                os.write(answers, struct.pack(f"<{len(reply)}d", *reply))
            except BrokenPipeError:
                return  # the child died while it waited; its exit status tells


@dataclass(frozen=True)
class Ended:
    """How the child ended: exit status (negative: a signal), killed at the time limit, and all that was printed."""

    exit_code: int
    timed_out: bool
    log: str


def run_child(folder: Path, order: Mapping[str, object], log: Path, listener: Listener, timeout: float | None) -> Ended:
    """Run the child process in a folder; `listener` has what it sent.

    Parameters
    ----------
    folder, log
        Where it runs, and the file for what it prints.
    order
        Library, commands, deck and driven sources, for the child.
    timeout
        Wall-clock limit [s].
    """
    frames_in, frames_out = os.pipe()
    answers_in, answers_out = os.pipe()
    order = dict(order) | {"frames": frames_out, "answers": answers_in, "wait": listener.stop_when is not None}
    # -P: the child's neighbours are no top-level modules; -W: the warnings of PySpice are not the user's
    command = [sys.executable, "-P", "-W", "ignore", str(CHILD), json.dumps(order)]
    with open(log, "wb") as output:
        child = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            pass_fds=(frames_out, answers_in), start_new_session=True,
        )  # fmt: skip
    os.close(frames_out)
    os.close(answers_in)
    late = threading.Event()

    def stop() -> None:
        late.set()
        _kill(child)

    timer = threading.Timer(timeout or 0.0, stop)
    try:
        if timeout is not None:
            timer.start()
        with os.fdopen(frames_in, "rb") as frames:
            listener.converse(frames, answers_out)
        child.wait()
    finally:
        timer.cancel()
        _kill(child)
        child.wait()
        os.close(answers_out)
    timed_out = late.is_set() and child.returncode == -signal.SIGKILL
    return Ended(child.returncode, timed_out, log.read_text(errors="replace"))


def _frames(stream: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    while len(head := stream.read(_HEADER.size)) == _HEADER.size:
        letter, length = _HEADER.unpack(head)
        content = stream.read(length)
        if len(content) < length:
            return
        yield letter, content


def _kill(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def _vector_name(name: str) -> str:
    """Return the spelling of `normalise_vector` for a vector of the library, where a node has its bare name."""
    name = normalise_vector(name)
    return name if name == "time" or "(" in name or name.startswith("@") else f"v({name})"
