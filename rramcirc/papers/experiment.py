"""What an experiment is: parameters, one function, what the paper says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd
    from _typeshed import DataclassInstance

Status = Literal["published", "assumed"]


@dataclass(frozen=True)
class Expected:
    """One number that a paper states, or that is assumed of its figure, and how it is measured here.

    Attributes
    ----------
    quantity
        What it is.
    measure
        Function of the result table that returns the number.
    unit
        Its unit.
    low, high
        The result is confirmed within these bounds; None is no bound.
    said
        What the paper says, in a few words.
    status
        ``"published"`` if the paper gives the number, ``"assumed"`` if it was read off a figure or chosen.
    where
        Place in the paper.
    full_only
        Whether the short form is too short to judge it; the verdict is then open.
    """

    quantity: str
    measure: Callable[[pd.DataFrame], float]
    unit: str
    low: float | None
    high: float | None
    said: str
    status: Status
    where: str
    full_only: bool = False

    def holds(self, value: float) -> bool:
        """Whether a measured value is within the bounds."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True)
class Experiment:
    """One result of a paper.

    Attributes
    ----------
    name, paper, figure, claim
        What is reproduced; `paper` is a key of models/CITATIONS.bib.
    parameters, quick
        Frozen parameter records: the full experiment, and one that takes seconds.
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

    @property
    def level(self) -> str:
        """``"circuit"`` if a circuit simulator runs it, ``"network"`` if rates, tables or closed forms do."""
        return "circuit" if {"ngspice", "vacask", "numpy"} & set(self.engines) else "network"
