"""How a run of the behavioural engine ends: by itself, in a failure, at its time limit, or by Ctrl-C and SIGTERM."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rramcirc.basics.errors import ParameterError, SimulationError
from rramcirc.basics.signals import Told, raise_if_asked, told_by_signals


@dataclass
class Ending:
    """How a run ended.

    Attributes
    ----------
    status
        ``"done"``, ``"failed"``, ``"timeout"`` or ``"interrupted"``.
    problems
        Why it did not end well, in words.
    signal
        The signal that interrupted it (SIGINT for Ctrl-C), else 0.
    cause
        The exception that ended it, else None.
    """

    status: str = "done"
    problems: tuple[str, ...] = ()
    signal: int = 0
    cause: BaseException | None = None

    def _note(self, status: str, problem: str, cause: BaseException, number: int = 0) -> None:
        self.status, self.problems, self.signal, self.cause = status, (problem,), number, cause


@contextmanager
def noted(ending: Ending) -> Iterator[None]:
    """Note in `ending` what ends the body early, instead of raising it; what cannot be meant is raised."""
    try:
        with told_by_signals():
            yield
    except KeyboardInterrupt as error:
        ending._note("interrupted", "interrupted by the user", error, signal.SIGINT)
    except Told as told:
        ending._note("interrupted", f"ended by {signal.Signals(told.number).name}", told, told.number)
    except TimeoutError as error:
        ending._note("timeout", str(error), error)
    except ParameterError:
        raise
    except SimulationError as error:
        ending._note("failed", str(error).removeprefix("numpy failed: "), error)
    except Exception as error:
        ending._note("failed", f"{type(error).__name__}: {error}", error)


def limited(progress: Callable[[float], None] | None, timeout: float | None) -> Callable[[float], None]:
    """Return a listener that passes progress on and raises TimeoutError once `timeout` [s] have gone.

    It raises KeyboardInterrupt if Ctrl-C was pressed and its exception got lost.
    """
    started = time.monotonic()

    def listen(reached: float) -> None:
        raise_if_asked()
        if progress is not None:
            progress(reached)
        if timeout is not None and time.monotonic() - started > timeout:
            raise TimeoutError(f"stopped after the time limit of {timeout:g} s")

    return listen
