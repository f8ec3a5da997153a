"""Threads that share the cells of an array; what they find does not depend on how many they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.errors import ParameterError, shown
from rramcirc.bench.testbench import Testbench

Numbers = NDArray[np.int64]
MOST = 64  # threads
LEAST_CELLS = 2048  # that are worth a thread: 0.2 ms
T = TypeVar("T")
R = TypeVar("R")


def threads_of(bench: Testbench) -> int:
    """Return the simulator option ``threads`` of a testbench, 1 if it is not given.

    Raises
    ------
    ParameterError
        If it is no whole number from 1 to 64.
    """
    given = next((value for name, value in bench.options.items() if str(name).lower() == "threads"), 1)
    try:
        found = int(given)
        whole = found == float(given) and 1 <= found <= MOST
    except ValueError:
        whole = False
    if not whole:
        raise ParameterError(f"engine numpy: option threads={shown(given)}: allowed are 1 to {MOST}.")
    return found


class Team:
    """Some threads, the calling one waits for them; a single one is the caller itself.

    Their work are compiled loops that let go of Python's lock, and write to the rows of different cells.
    """

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads
        self._pool: ThreadPoolExecutor | None = None

    def share(self, work: Callable[[int, T], R], pieces: Sequence[T]) -> list[R]:
        """Return ``work(member, piece)`` of all pieces; a member does one piece after the other."""
        if self.threads == 1 or len(pieces) < 2:
            return [work(0, piece) for piece in pieces]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads, "rramcirc-cells")

        def part(member: int) -> list[R]:
            return [work(member, piece) for piece in pieces[member :: self.threads]]

        parts = list(self._pool.map(part, range(self.threads)))
        return [parts[k % self.threads][k // self.threads] for k in range(len(pieces))]

    def split(self, work: Callable[[Numbers], R], which: Numbers, cells: int = 1) -> list[R]:
        """Return what `work` gives for parts of `which`, each number of which stands for some `cells`."""
        count = min(self.threads, max(1, len(which) * cells // LEAST_CELLS))
        return self.share(lambda _, part: work(part), np.array_split(which, count) if count > 1 else [which])
