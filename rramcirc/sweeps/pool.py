"""Worker processes that may hang or die: each has one run at a time, and is ended and replaced alone."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType

from rramcirc.basics.child import dying_with_us
from rramcirc.basics.errors import EnvironmentProblem, ParameterError
from rramcirc.basics.signals import raise_if_asked
from rramcirc.sweeps.plan import Point
from rramcirc.sweeps.targets import KILLED, TIMEOUT, Finished, Target
from rramcirc.sweeps.worker import READY, STOP

MOST_DEATHS = 2  # workers that a run may take with it
GRACE = 2.0  # [s] that a worker may take beyond the time limit before it is ended
_PATIENCE = 1.0  # [s] between two looks at the clock
_MOST_STARTS = 3  # workers in a row that die before they are ready
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class _Worker:
    """One process, and what it is doing."""

    def __init__(self, target: bytes, folder: Path, number: int) -> None:
        ours, theirs = socket.socketpair()
        self.log = folder / f"worker{number}.log"
        environment = {**os.environ, **dict.fromkeys(_ONE_THREAD, "1")}
        command = [*dying_with_us(), sys.executable, "-m", "rramcirc.sweeps.worker", str(theirs.fileno())]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], env=environment, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        theirs.close()
        self.connection = Connection(ours.detach())
        self.ready, self.fresh = False, True
        self.point: Point | None = None
        self.began = 0.0
        with suppress(ConnectionError):  # it died at once
            self.connection.send(sys.path)
            self.connection.send_bytes(target)

    def give(self, point: Point, folder: Path) -> None:
        """Let it run a point."""
        self.point, self.began = point, time.monotonic()
        with suppress(ConnectionError):  # it died between two runs, which is seen when it is listened to
            self.connection.send((point, str(folder)))

    def end(self) -> int:
        """End the process, whatever it does; return its exit status."""
        self.connection.close()
        if self.process.poll() is None:
            self.process.kill()
        return self.process.wait()

    def last_words(self) -> str:
        """Return the last line that it printed."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""


class Pool:
    """Runs points in worker processes.

    Parameters
    ----------
    target
        What runs them; it is pickled.
    jobs
        Number of processes.
    folder
        Where run folders are made.

    Raises
    ------
    ParameterError
        If the target cannot be sent to a process.
    """

    def __init__(self, target: Target, jobs: int, folder: Path) -> None:
        self.target, self.jobs, self.folder = target, jobs, folder
        self._sent = _pickled(target)
        self._workers: list[_Worker] = []
        self._started, self._failures, self._runs = 0, 0, 0

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def run(self, points: Iterable[Point]) -> Iterator[tuple[Point, Finished]]:
        """Yield each point with how it ended, in the order in which they end.

        Raises
        ------
        EnvironmentProblem
            If the machine lacks something, or workers die as they start.
        """
        queue, deaths = deque(points), dict[int, int]()
        while True:
            self._fill(queue)
            if not queue and all(worker.point is None for worker in self._workers):
                return
            for worker in self._heard():
                found = self._listen(worker)
                point, worker.point = worker.point, None
                if found == READY or point is None:
                    continue
                if isinstance(found, Finished) and found.status != KILLED:
                    worker.fresh = False
                    self._fill(queue)  # before the other side writes down what it gets
                    yield point, found
                    continue
                deaths[point.index] = deaths.get(point.index, 0) + 1
                if deaths[point.index] < MOST_DEATHS:
                    queue.appendleft(point)
                else:
                    yield point, killed(found)
            for worker in self._late():
                late, seconds = worker.point, time.monotonic() - worker.began
                self._drop(worker)
                assert late is not None
                yield late, Finished(TIMEOUT, "did not end in its time; its process was ended", seconds=seconds)

    def _fill(self, queue: deque[Point]) -> None:
        """Give every worker that waits a point, and start workers while there are points for them."""
        for worker in self._workers:
            if queue and worker.ready and worker.point is None:
                self._runs += 1
                worker.give(queue.popleft(), self.folder / f"run{self._runs}")
        running = sum(worker.point is not None for worker in self._workers)
        while len(self._workers) < min(self.jobs, running + len(queue)):
            self._workers.append(_Worker(self._sent, self.folder, self._started))
            self._started += 1

    def _heard(self) -> list[_Worker]:
        """Wait until a worker says something or dies, or it is time to look at the clock."""
        raise_if_asked()
        by_connection = {worker.connection: worker for worker in self._workers}
        return [by_connection[c] for c in wait(list(by_connection), _PATIENCE) if isinstance(c, Connection)]

    def _listen(self, worker: _Worker) -> Finished | str:
        """Return what a worker says: how a run ended, that it is ready, or the text of how it died."""
        try:
            kind, content = worker.connection.recv()
        except (EOFError, ConnectionError, pickle.UnpicklingError):
            return self._died(worker)
        if kind == STOP:
            raise content
        if kind == READY:
            worker.ready, self._failures = True, 0
            return READY
        assert isinstance(content, Finished)
        return content

    def _died(self, worker: _Worker) -> str:
        """Take a dead worker out; return how it died."""
        ready = worker.ready
        code = self._drop(worker)
        self._failures += not ready
        if self._failures >= _MOST_STARTS:
            raise EnvironmentProblem(
                f"{self._failures} worker processes of the sweep died as they started ({ended(code)}): "
                f"{worker.last_words() or 'without a word'}."
            )
        return ended(code)

    def _drop(self, worker: _Worker) -> int:
        self._workers.remove(worker)
        return worker.end()

    def _late(self) -> list[_Worker]:
        """Return the workers whose run has had its time, and some grace."""
        if self.target.timeout is None:
            return []
        now = time.monotonic()
        return [
            worker for worker in self._workers if worker.point is not None
            and now - worker.began > self.target.timeout + (self.target.first_grace if worker.fresh else GRACE)
        ]  # fmt: skip


def killed(found: Finished | str) -> Finished:
    """Return the end of a run that was killed as often as a run may be."""
    if isinstance(found, Finished):
        return Finished(KILLED, f"{found.reason} ({MOST_DEATHS} times)", digest=found.digest, seconds=found.seconds)
    return Finished(KILLED, f"its process {found} ({MOST_DEATHS} times)")


def ended(code: int) -> str:
    """Return how a process ended, in words.

    Examples
    --------
    >>> ended(-9), ended(1)
    ('was killed by SIGKILL', 'ended with exit status 1')
    """
    if code >= 0:
        return f"ended with exit status {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def _pickled(target: Target) -> bytes:
    function = getattr(target, "function", None)
    if getattr(function, "__module__", "") == "__main__":
        raise ParameterError(
            f"sweep: the function {getattr(function, '__name__', '')} stands in the script itself, where worker "
            "processes do not find it. Put it into a module of its own, or run in this process with jobs=0."
        )
    try:
        return pickle.dumps(target)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ParameterError(
            f"sweep: what is to be run cannot be sent to a process ({error}). Use a function of a module, or jobs=0."
        ) from None


def usable_cores() -> int:
    """Return on how many cores this process may run."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def work_folder(folder: Path | None) -> Path:
    """Return a new folder for run folders: in `folder`, else where temporary files are."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="work-", dir=folder))
