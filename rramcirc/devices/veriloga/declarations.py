"""Records of what a Verilog-A file declares: modules, ports, parameters with unit and range, op-variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rramcirc.devices.veriloga.constants import evaluate


@dataclass(frozen=True)
class Interval:
    """One ``from`` or ``exclude`` of a parameter.

    A bound is Verilog-A text, because it may name another parameter. ``exclude 3`` is the closed interval [3:3].
    """

    low: str
    high: str
    low_closed: bool
    high_closed: bool
    exclude: bool = False

    def contains(self, value: Any, values: Mapping[str, Any]) -> Any:
        """Return whether `value` (number or array) is inside; a bound that is not known does not bind."""
        low, high = evaluate(self.low, values), evaluate(self.high, values)
        above = True if low is None else (value >= low if self.low_closed else value > low)
        below = True if high is None else (value <= high if self.high_closed else value < high)
        return above & below

    @property
    def text(self) -> str:
        """The interval as Verilog-A writes it, ``[0:6)``."""
        if self.low == self.high and self.low_closed:
            return self.low
        return f"{'[' if self.low_closed else '('}{self.low}:{self.high}{']' if self.high_closed else ')'}"


@dataclass(frozen=True)
class Parameter:
    """One parameter of a Verilog-A module.

    `kind` is ``real``, ``integer`` or ``string``. `default` is ``None`` if it is no constant (`default_text` has it).
    `instance` says that every device may have its own value. `choices` are the allowed strings.
    """

    name: str
    kind: str
    default: float | int | str | None
    unit: str
    description: str
    instance: bool
    ranges: tuple[Interval, ...]
    line: int
    default_text: str = ""
    choices: tuple[str, ...] = ()

    def allows(self, value: Any, values: Mapping[str, Any] | None = None) -> Any:
        """Return whether a value is of the right kind and inside the declared range.

        Parameters
        ----------
        value
            A number [`unit`], a string, or an array of numbers.
        values
            Values of the other parameters, for bounds that name one; without it such a bound does not bind.

        Returns
        -------
        bool, or array of bool for an array
        """
        if self.kind == "string":
            return isinstance(value, str) and (not self.choices or value in self.choices)
        if isinstance(value, (str, bool)) or value is None:
            return False
        known = values or {}
        within = [r.contains(value, known) for r in self.ranges if not r.exclude]
        good = value == value  # not NaN
        if within:
            inside = within[0]
            for other in within[1:]:
                inside = inside | other
            good = good & inside
        for hole in (r for r in self.ranges if r.exclude):
            good = good & (hole.contains(value, known) ^ True)
        if self.kind == "integer":
            good = good & (value % 1 == 0)
        return good if hasattr(good, "shape") and good.shape else bool(good)

    @property
    def range_text(self) -> str:
        """The declared range, ``[0.2:1.7]``, ``(0:inf) without 3``, ``a | b``; empty if there is none."""
        if self.choices:
            return " | ".join(self.choices)
        within = " or ".join(r.text for r in self.ranges if not r.exclude)
        holes = ", ".join(r.text for r in self.ranges if r.exclude)
        return f"{within or '(-inf:inf)'} without {holes}" if holes else within


@dataclass(frozen=True)
class OpVariable:
    """A quantity the module reports at every solution.

    `lower` and `upper` are the bounds of a state as Verilog-A expressions of the parameters, empty if the file says
    none (attributes ``lower="gap_min", upper="gap_max"`` of the variable).
    """

    name: str
    unit: str
    description: str
    lower: str = ""
    upper: str = ""


@dataclass(frozen=True)
class Module:
    """The declarations of one Verilog-A module."""

    name: str
    path: Path
    ports: tuple[str, ...]
    internal_nodes: tuple[str, ...]
    parameters: dict[str, Parameter] = field(hash=False)
    op_variables: dict[str, OpVariable] = field(hash=False)
    description: str
    line: int

    @property
    def states(self) -> tuple[str, ...]:
        """Names x with an instance parameter ``x_ini`` and an op-variable ``x``, in the order of declaration."""
        return tuple(
            name.removesuffix("_ini")
            for name, parameter in self.parameters.items()
            if parameter.instance and name.endswith("_ini") and name.removesuffix("_ini") in self.op_variables
        )

    def bounds(self, state: str, values: Mapping[str, Any]) -> tuple[Any, Any] | None:
        """Return the lower and upper bound of a state for values of the parameters (numbers or arrays).

        None if the file does not say them, or they cannot be computed from these values.
        """
        variable = self.op_variables[state]
        low, high = evaluate(variable.lower, values), evaluate(variable.upper, values)
        return None if low is None or high is None else (low, high)

    @property
    def defaults(self) -> dict[str, float | int | str | None]:
        """The default of every parameter [its unit]."""
        return {name: p.default for name, p in self.parameters.items()}
