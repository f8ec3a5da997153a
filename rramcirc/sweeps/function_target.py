"""A function as what a sweep runs at each point."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rramcirc.basics.errors import EnvironmentProblem, ParameterError, RramcircError, shown
from rramcirc.sweeps.draws import Value
from rramcirc.sweeps.plan import Point
from rramcirc.sweeps.targets import (
    BAD_INPUT,
    DIGEST,
    FAILED,
    HEAD,
    LONGEST_REASON,
    MACHINE,
    OK,
    TAIL,
    Finished,
)  # fmt: skip

Function = Callable[[Mapping[str, Value], int], Mapping[str, float]]


@dataclass(frozen=True)
class FunctionTarget:
    """A function of (values by name, seed) that returns numbers by name.

    Attributes
    ----------
    function
        What is called for each run; for worker processes it stands in a module of its own.
    timeout
        Limit of one run [s].
    """

    function: Function
    timeout: float | None = None
    first_grace: float = 2.0

    def prepare(self) -> None:
        """Do nothing."""

    def run(self, point: Point, folder: Path) -> Finished:
        """Call the function.

        Raises
        ------
        EnvironmentProblem
            If the machine lacks something: no fault of this run.
        """
        began = time.perf_counter()
        status, reason, found = OK, "", {}
        try:
            answer = self.function(dict(point.values), point.seed)
            found = {str(name): float(value) for name, value in answer.items()}
            if taken := {*HEAD, *TAIL, DIGEST, *MACHINE, *point.values} & set(found):
                raise ParameterError(f"the function returns {', '.join(sorted(taken))}, a column that the table has.")
        except EnvironmentProblem:
            raise
        except ParameterError as error:
            status, reason = BAD_INPUT, str(error)
        except RramcircError as error:
            status, reason = FAILED, str(error)
        except Exception as error:
            status, reason = FAILED, f"{type(error).__name__}: {error}"
        return Finished(status, reason[:LONGEST_REASON], found, {}, "", time.perf_counter() - began)

    def parameters(self, point: Point) -> dict[str, Value]:
        """Return the values of a point."""
        return dict(point.values)

    def own_values(self, paths: Iterable[str]) -> dict[str, Value]:
        """Return nothing: a function does not tell its own values."""
        return {}

    def units(self, paths: Iterable[str]) -> dict[str, str]:
        """Return nothing: a function does not tell its units."""
        return {}

    def describe(self) -> dict[str, object]:
        """Return the function's name and version of the package."""
        from rramcirc.basics.version import __version__

        name = getattr(self.function, "__qualname__", shown(self.function))
        return {"function": f"{getattr(self.function, '__module__', '')}.{name}", "rramcirc": __version__}
