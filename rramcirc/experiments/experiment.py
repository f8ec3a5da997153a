"""What an experiment is: parameters, one function, what the paper says; and how it is reproduced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rramcirc.errors import ParameterError, unknown_name

if TYPE_CHECKING:
    import pandas as pd

# name -> module in this package
EXPERIMENTS = {
    "fouda2020-curves": "fouda2020_curves",
    "fouda2020-variation": "fouda2020_variation",
    "milo2018-circuit-learning": "milo2018_circuit_learning",
    "milo2018-circuit-patterns": "milo2018_circuit_patterns",
    "milo2018-circuit-recall": "milo2018_circuit_recall",
    "milo2018-completion": "milo2018_completion",
    "milo2018-iv": "milo2018_iv",
    "milo2018-learning": "milo2018_learning",
    "milo2018-patterns": "milo2018_patterns",
    "milo2018-probability": "milo2018_probability",
    "milo2018-recall-time": "milo2018_times",
    "milo2018-scan": "milo2018_scan",
    "pedretti2018-distributions": "pedretti2018_distributions",
    "pedretti2018-iv": "pedretti2018_iv",
}
# the same result of a paper at another level
TWINS = {
    "milo2018-learning": {"circuit": "milo2018-circuit-learning"},
    "milo2018-patterns": {"circuit": "milo2018-circuit-patterns"},
    "milo2018-completion": {"circuit": "milo2018-circuit-recall"},
}
LEVELS = ("circuit", "network")
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
    """

    quantity: str
    measure: Callable[[pd.DataFrame], float]
    unit: str
    low: float | None
    high: float | None
    said: str
    status: Status
    where: str

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
    """

    name: str
    paper: str
    figure: str
    claim: str
    parameters: object
    quick: object
    run: Callable[..., pd.DataFrame]
    plot: Callable[[pd.DataFrame, Path], None]
    expected: tuple[Expected, ...]
    engines: tuple[str, ...] = ("ngspice", "vacask")
    settings: Callable[[object], pd.DataFrame] | None = None
    remarks: Callable[[pd.DataFrame], list[str]] | None = None

    @property
    def level(self) -> str:
        """``"circuit"`` if a circuit simulator runs it, ``"network"`` if rates, tables or closed forms do."""
        return "circuit" if {"ngspice", "vacask", "numpy"} & set(self.engines) else "network"


@dataclass(frozen=True)
class Reproduction:
    """An experiment that was run: its result, and the comparison with the paper."""

    experiment: Experiment
    result: pd.DataFrame
    table: pd.DataFrame
    settings: pd.DataFrame | None = None

    @property
    def confirmed(self) -> bool:
        """Whether every expectation holds."""
        return bool((self.table["verdict"] == "yes").all())


def experiment_names() -> list[str]:
    """Return the names of all experiments."""
    return sorted(EXPERIMENTS)


def load_experiment(name: str) -> Experiment:
    """Return an experiment by name.

    Raises
    ------
    ParameterError
        If there is none of that name; names the nearest.
    """
    if name not in EXPERIMENTS:
        raise ParameterError(unknown_name("experiment", name, EXPERIMENTS, "`rramcirc reproduce` lists all."))
    return import_module(f"rramcirc.experiments.{EXPERIMENTS[name]}").EXPERIMENT


def at_level(name: str, level: str | None) -> str:
    """Return the name of the experiment that reproduces the same result at a level; None is its own.

    Raises
    ------
    ParameterError
        If there is none; names the level that it has.
    """
    if level is None or load_experiment(name).level == level:
        return name
    if level not in LEVELS:
        raise ParameterError(unknown_name("level", level, LEVELS))
    twin = TWINS.get(name, {}).get(level)
    if twin is None:
        raise ParameterError(f"level {level}: {name} exists at the {load_experiment(name).level} level only.")
    return twin


def reproduce(
    name: str,
    *,
    level: str | None = None,
    engine: str | None = None,
    quick: bool = False,
    seed: int | None = None,
    output: Path | str | None = None,
) -> Reproduction:
    """Run an experiment and compare it with its paper.

    Parameters
    ----------
    name
        For example ``"milo2018-iv"``.
    level
        ``"circuit"`` or ``"network"``, for results that exist at both; default the experiment's own.
    engine
        Engine that simulates; default the first that can.
    quick
        Run the short form.
    seed
        Seed of experiments that draw devices or spikes; default the record's.
    output
        Folder for figure, result and table.

    Returns
    -------
    Reproduction
        `result` is the experiment's table; `table` has one row per expectation.
    """
    import pandas as pd

    name = at_level(name, level)
    experiment = load_experiment(name)
    engine = engine or experiment.engines[0]
    if engine not in experiment.engines:
        raise ParameterError(unknown_name(f"engine for {name}", engine, experiment.engines))
    parameters = experiment.quick if quick else experiment.parameters
    if seed is not None:
        if not hasattr(parameters, "seed"):
            raise ParameterError(f"seed {seed}: {name} draws nothing at random.")
        parameters = replace(parameters, seed=seed)
    result = experiment.run(parameters, engine)
    rows = []
    for expected in experiment.expected:
        value = float(expected.measure(result))
        verdict = "yes" if expected.holds(value) else "no"
        rows.append((expected.quantity, expected.said, value, expected.unit, expected.status, expected.where, verdict))
    columns = ["quantity", "paper", "ours", "unit", "status", "where", "verdict"]
    settings = experiment.settings(parameters) if experiment.settings else None
    found = Reproduction(experiment, result, pd.DataFrame(rows, columns=columns), settings)
    if output is not None:
        _save(found, Path(output))
    return found


def _save(found: Reproduction, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = found.experiment.name
    units = found.result.attrs.get("units", {})
    titled = found.result.rename(columns={c: f"{c} [{units[c]}]" for c in found.result.columns if units.get(c)})
    titled.to_csv(folder / f"{name}.csv", index=False)
    found.table.to_csv(folder / f"{name}-against-paper.csv", index=False)
    if found.settings is not None:
        found.settings.to_csv(folder / f"{name}-parameters.csv", index=False)
    found.experiment.plot(found.result, folder / f"{name}.png")
