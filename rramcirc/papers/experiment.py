"""What an experiment is: parameters, one function, what the paper says."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from rramcirc.analysis.counts import Count
from rramcirc.basics.errors import ParameterError, shown, unknown_name

if TYPE_CHECKING:
    import pandas as pd
    from _typeshed import DataclassInstance

Bound = Literal["published", "assumed"]
Evidence = Literal["independent", "searched", "cannot fail", "own levels"]
Verdict = Literal["yes", "no", "open"]
EVIDENCE: dict[Evidence, str] = {
    "independent": "nothing was tuned on it, and it could have failed",
    "searched": "parameters were searched on it: it shows that they exist, it confirms nothing",
    "cannot fail": "follows from symmetry or from a definition: it checks the program",
    "own levels": "compares two of our own levels: it says nothing about the paper",
}


@dataclass(frozen=True)
class Expected:
    """One number that a paper states, or that is assumed of its figure, and how it is measured here.

    Attributes
    ----------
    quantity
        What it is.
    measure
        Function of the result table that returns the number, or the count of a rate.
    unit
        Its unit.
    low, high
        The result is confirmed within these bounds; None is no bound.
    said
        What the paper says, in a few words.
    bound
        Of the bounds: ``"published"`` if the paper's text gives number or relation, ``"assumed"`` if they were read off
        a figure or chosen here.
    where
        Place in the paper.
    evidence
        What a "yes" is worth, one of `EVIDENCE`.
    because
        What was searched on it, why it cannot fail, or what could have made it fail.
    deviation
        If it is known not to hold: why, and what that changes.
    full_only
        Whether the short form is too short to judge it; the verdict is then open.
    """

    quantity: str
    measure: Callable[[pd.DataFrame], float | Count]
    unit: str
    low: float | None
    high: float | None
    said: str
    bound: Bound
    where: str
    evidence: Evidence
    because: str
    deviation: str = ""
    full_only: bool = False

    def verdict(self, value: float | Count) -> Verdict:
        """Return whether a measured value is within the bounds.

        A count is within them if its whole interval of 95 % is, and outside if its whole interval is; else the trials
        are too few to tell, and the verdict is open.
        """
        low, high = value.interval() if isinstance(value, Count) else (value, value)
        least = -math.inf if self.low is None else self.low
        most = math.inf if self.high is None else self.high
        if least <= low and high <= most:
            return "yes"
        return "open" if low <= most and high >= least else "no"

    @property
    def allowed(self) -> str:
        """The bounds in words."""
        from rramcirc.basics.units import format_number

        low, high = (None if b is None else format_number(b, self.unit, 3) for b in (self.low, self.high))
        if low == high:
            return str(low)
        return f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}"


@dataclass(frozen=True)
class Experiment:
    """One result of a paper.

    Attributes
    ----------
    name, paper, figure, claim
        What is reproduced; `paper` is a key of models/CITATIONS.bib.
    parameters, quick
        Frozen parameter records: the full experiment, and one that takes seconds.
    quick_note
        What the short form changes besides fewer runs.
    run
        Function of (parameters, engine) that returns a table; units are in its ``attrs["units"]``.
    plot
        Function of (table, path) that draws the paper's figure.
    expected
        What the paper says.
    engines
        Engines that can run it.
    settings
        Function of the parameters that returns a table of all values used, with their status; saved beside the result.
    remarks
        Function of the table that returns what was measured and has no bound, or falls short of another aim than the
        paper's: lines that are printed below the comparison.
    resumable
        Whether `run` takes a `sweeps.record.RunRecord` besides, in which it stores what is finished.
    fitted
        Parameters that were searched: fields of the parameter record, or names that its ``factors`` may multiply.
    at
        Its level, where the engines do not tell: ``"device"``, or ``"all"`` for levels side by side.
    """

    name: str
    paper: str
    figure: str
    claim: str
    parameters: DataclassInstance
    quick: DataclassInstance
    run: Callable[..., pd.DataFrame]
    plot: Callable[[pd.DataFrame, Path], None]
    expected: tuple[Expected, ...]
    engines: tuple[str, ...] = ("ngspice", "vacask")
    settings: Callable[..., pd.DataFrame] | None = None
    remarks: Callable[[pd.DataFrame], list[str]] | None = None
    resumable: bool = False
    fitted: tuple[str, ...] = ()
    quick_note: str = ""
    at: str = ""

    def quick_changes(self) -> str:
        """Return what the short form changes, in words."""
        changed = [
            f"{f.name} {_words(getattr(self.quick, f.name))} in place of {_words(getattr(self.parameters, f.name))}"
            for f in fields(self.parameters)
            if getattr(self.quick, f.name) != getattr(self.parameters, f.name)
        ]
        return "; ".join([*changed, *([self.quick_note] if self.quick_note else [])]) or "nothing"

    def stated(self, quantity: str) -> str:
        """Return paper, place and words of a row whose number the paper states, to stand in a picture.

        Raises
        ------
        ParameterError
            If there is no such row, or its bounds are assumed: what was read off a figure is not the paper's word.
        """
        row = next((one for one in self.expected if one.quantity == quantity), None)
        if row is None:
            raise ParameterError(
                unknown_name(f"quantity of {self.name}", quantity, [e.quantity for e in self.expected])
            )
        if row.bound != "published":
            raise ParameterError(f"{self.name}: {quantity}: its bounds are assumed, so no picture shows them.")
        return f"{self.paper}, {row.where}: {row.said}"

    @property
    def level(self) -> str:
        """``"circuit"`` if a circuit simulator runs it, ``"network"`` if rates, tables or closed forms do, or `at`."""
        return self.at or ("circuit" if {"ngspice", "vacask", "numpy"} & set(self.engines) else "network")


def _words(value: object) -> str:
    """Return a parameter's value in a few words."""
    if isinstance(value, tuple):
        return ", ".join(map(_words, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


Record = TypeVar("Record", bound="DataclassInstance")


def varied(parameters: Record, name: str, factor: float) -> Record:
    """Return a parameter record with one fitted parameter multiplied.

    Parameters
    ----------
    parameters
        It has a field of that name, or ``factors``: pairs of name and factor.
    name, factor
        What is multiplied by how much [1].

    Raises
    ------
    ParameterError
        If the record has neither.
    """
    if hasattr(parameters, name):
        value = getattr(parameters, name)
        many = tuple(v * factor for v in value) if isinstance(value, tuple) else None
        return replace(parameters, **{name: many or type(value)(round(value * factor, 12))})
    if not hasattr(parameters, "factors"):
        raise ParameterError(f"{name}: {type(parameters).__name__} has no such parameter.")
    return replace(parameters, factors=(*parameters.factors, (name, factor)))


def changed(parameters: Record, values: Mapping[str, object], name: str) -> Record:
    """Return a parameter record with some fields set.

    Parameters
    ----------
    parameters
        The record.
    values
        Field -> value; ``inner.field`` is a field of a record in it. Whole numbers are made of the kind of the field.
    name
        Of the experiment, for messages.

    Raises
    ------
    ParameterError
        If there is no such field, or it holds another kind of value.
    """
    for path, value in values.items():
        head, _, rest = path.partition(".")
        known = [one.name for one in fields(parameters)]
        if head not in known:
            raise ParameterError(f"{name}: {unknown_name('parameter', head, known)}")
        old = getattr(parameters, head)
        if rest:
            if not is_dataclass(old) or isinstance(old, type):
                raise ParameterError(f"{name}: {head} has no fields; set {head} itself.")
            value = changed(old, {rest: value}, f"{name}: {head}")
        elif isinstance(old, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        elif old is not None and type(value) is not type(old):
            raise ParameterError(f"{name}: {head}: {shown(value)} is no {type(old).__name__}, as {shown(old)} is.")
        parameters = replace(parameters, **{head: value})
    return parameters
