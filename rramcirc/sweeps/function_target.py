"""A function as what a sweep runs at each point."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from rramcirc.basics.errors import EnvironmentProblem, ParameterError, RramcircError, shown
from rramcirc.sweeps.draws import Value
from rramcirc.sweeps.plan import Point
from rramcirc.sweeps.targets import BAD_INPUT, DIGEST, FAILED, HEAD, LONGEST_REASON, MACHINE, OK, TAIL, Finished

Function = Callable[[Mapping[str, Value], int], Mapping[str, float | tuple[float, str]]]


class UnknownMeasurement(ParameterError):
    """A function was asked for a number that it does not give: no other run will have it either."""


@runtime_checkable
class Described(Protocol):
    """A function that tells more of itself."""

    def check(self, values: Mapping[str, Value]) -> None:
        """Raise ParameterError if it cannot be called with these values."""

    def about(self) -> dict[str, object]:
        """Return what its numbers depend on."""

    def unit_of(self, path: str) -> str:
        """Return the unit of a value; empty if it has none."""


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

    def check(self, first: Point, last: Point) -> None:
        """Raise ParameterError if a function that knows its values takes neither those of the first nor the last."""
        if isinstance(self.function, Described):
            try:
                self.function.check(first.values)
            except ParameterError as error:
                try:
                    self.function.check(last.values)
                except ParameterError:
                    raise error from None

    def run(self, point: Point, folder: Path) -> Finished:
        """Call the function.

        Raises
        ------
        EnvironmentProblem
            If the machine lacks something: no fault of this run.
        UnknownMeasurement
            If no run will have what is asked for.
        """
        began = time.perf_counter()
        status, reason, found, units = OK, "", dict[str, float](), dict[str, str]()
        try:
            answer = self.function(dict(point.values), point.seed)
            pairs = {str(name): value if isinstance(value, tuple) else (value, "") for name, value in answer.items()}
            found = {name: float(value) for name, (value, _) in pairs.items()}
            units = {name: unit for name, (_, unit) in pairs.items() if unit}
            if taken := {*HEAD, *TAIL, DIGEST, *MACHINE, *point.values} & set(found):
                raise ParameterError(f"the function returns {', '.join(sorted(taken))}, a column that the table has.")
        except (EnvironmentProblem, UnknownMeasurement):
            raise
        except ParameterError as error:
            status, reason = BAD_INPUT, str(error)
        except RramcircError as error:
            status, reason = FAILED, str(error)
        except Exception as error:
            status, reason = FAILED, f"{type(error).__name__}: {error}"
        return Finished(status, reason[:LONGEST_REASON], found, units, "", time.perf_counter() - began)

    def parameters(self, point: Point) -> dict[str, Value]:
        """Return the values of a point."""
        return dict(point.values)

    def own_values(self, paths: Iterable[str]) -> dict[str, Value]:
        """Return nothing: a function does not tell its own values."""
        return {}

    def units(self, paths: Iterable[str]) -> dict[str, str]:
        """Return the units that a function tells."""
        tell = self.function
        return {path: unit for path in paths if (unit := tell.unit_of(path))} if isinstance(tell, Described) else {}

    def describe(self) -> dict[str, object]:
        """Return the function's name and version of the package."""
        from rramcirc.basics.version import __version__

        if isinstance(self.function, Described):
            return self.function.about() | {"rramcirc": __version__}
        name = getattr(self.function, "__qualname__", shown(self.function))
        return {"function": f"{getattr(self.function, '__module__', '')}.{name}", "rramcirc": __version__}
