"""Signals that ask us to end: Ctrl-C, SIGTERM and SIGHUP, raised or kept, but never lost."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

PATIENCE = 1.0  # [s] in which a second Ctrl-C is taken for the first
_AGAIN = 0.01  # [s] after which an exception that went astray is raised anew


class Told(BaseException):
    """A signal that asks us to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Interruption:
    """The handler of Ctrl-C for a program: raises KeyboardInterrupt once, and remembers that it was asked to.

    Python drops an exception that a handler raises inside a finaliser or a callback ("Exception ignored in"), and some
    extension modules drop it without a word. The first kind is raised anew a moment later; for the second,
    `raise_if_asked` stands where long work begins and goes on.
    """

    def __init__(self) -> None:
        self.asked = False
        self._last = -PATIENCE
        self._astray: BaseException | None = None

    def install(self) -> None:
        """Handle Ctrl-C from now on, unless somebody does already."""
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self)
            signal.signal(signal.SIGALRM, self._raise_again)
            sys.unraisablehook = self._went_astray

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Interrupt; impatient signals behind the first do not cut off the writing of what is kept."""
        if time.monotonic() - self._last >= PATIENCE:
            self._last, self.asked = time.monotonic(), True
            raise KeyboardInterrupt

    def _went_astray(self, what: UnraisableHookArgs) -> None:
        if isinstance(what.exc_value, (KeyboardInterrupt, Told)):
            self._astray = what.exc_value
            signal.setitimer(signal.ITIMER_REAL, _AGAIN)
        else:
            sys.__unraisablehook__(what)

    def _raise_again(self, number: int, frame: FrameType | None) -> None:
        astray, self._astray = self._astray, None
        if astray is not None:
            raise astray


def raise_if_asked() -> None:
    """Raise KeyboardInterrupt if Ctrl-C was pressed, even if the exception that it raised was dropped."""
    handler = signal.getsignal(signal.SIGINT)
    if isinstance(handler, Interruption) and handler.asked:
        raise KeyboardInterrupt


class Kept:
    """Signals that came, in their order.

    Attributes
    ----------
    numbers
        Their numbers.
    descriptor
        A file descriptor that becomes readable with the first.
    """

    def __init__(self, descriptor: int, writer: int) -> None:
        self.numbers: list[int] = []
        self.descriptor = descriptor
        self._writer = writer
        self._raised = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.numbers.append(number)
        with contextlib.suppress(BlockingIOError):
            os.write(self._writer, b"x")
        if self._raised:
            self._raised = False
            raise KeyboardInterrupt if number == signal.SIGINT else Told(number)

    @contextmanager
    def raised(self) -> Iterator[None]:
        """Raise the next one in the body, too: code of others, which might never come back."""
        self._raised = True
        try:
            yield
        finally:
            self._raised = False


@contextmanager
def kept_signals() -> Iterator[Kept]:
    """Keep SIGINT, SIGTERM and SIGHUP for the body to look at, where nobody handles them; raise none."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    kept = Kept(reader, writer)
    before = {number: signal.getsignal(number) for number in _ours()}
    try:
        for number in before:
            signal.signal(number, kept)
        yield kept
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reader)
        os.close(writer)


@contextmanager
def told_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise `Told`, unless somebody handles them already."""

    def tell(number: int, frame: FrameType | None) -> None:
        raise Told(number)

    numbers = [number for number in _ours() if number != signal.SIGINT]
    for number in numbers:
        signal.signal(number, tell)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def _ours() -> list[signal.Signals]:
    """Return the signals that only Python or we handle; none outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        return []
    interrupt = signal.getsignal(signal.SIGINT)
    known = interrupt is signal.default_int_handler or isinstance(interrupt, Interruption)
    others = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) is signal.SIG_DFL]
    return [*([signal.SIGINT] if known else []), *others]
