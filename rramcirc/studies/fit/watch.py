"""How far a long search is: how many parameter sets were tried, and how long the rest may take."""

from __future__ import annotations

import time
from collections.abc import Callable

_EVERY = 5.0  # [s] between two lines


class Watch:
    """Count parameter sets and say now and then how far a search is.

    Parameters
    ----------
    say
        Called with a line of text.
    clock
        Seconds since some time.
    """

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self.say, self.clock = say, clock
        self.what, self.most, self.done = "search", 0, 0
        self.since = self.last = clock()

    def begin(self, what: str, most: int) -> None:
        """Begin a search of at most so many parameter sets."""
        self.what, self.most, self.done, self.since = what, most, 0, self.clock()
        self.last = self.since

    def count(self) -> None:
        """Count one; say a line if the last one is long ago."""
        self.done += 1
        now = self.clock()
        if now - self.last < _EVERY or self.done > self.most:  # what comes behind a search is short
            return
        self.last = now
        left = max(self.most - self.done, 0) * (now - self.since) / self.done
        self.say(f"  {self.what}: {self.done} of at most {self.most} parameter sets, at most {left:.0f} s left")


__all__ = ["Watch"]
