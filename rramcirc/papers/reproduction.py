"""How a result of a paper is reproduced: run, compared row by row, saved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rramcirc.analysis.counts import Count
from rramcirc.basics.arguments import check_kind
from rramcirc.basics.errors import ParameterError, unknown_name
from rramcirc.basics.html import html_table
from rramcirc.basics.units import format_number
from rramcirc.basics.version import __version__
from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.experiment import changed as with_values
from rramcirc.papers.table import EXPERIMENTS, LEVELS, TWINS
from rramcirc.sweeps.record import RunRecord

if TYPE_CHECKING:
    from typing import Any

    import pandas as pd
    from _typeshed import DataclassInstance

HEADS = ("quantity", "paper", "allowed", "ours", "bound", "evidence", "holds")


@dataclass(frozen=True)
class Reproduction:
    """An experiment that was run: its result, and the comparison with the paper.

    Attributes
    ----------
    experiment
        What was run.
    result
        The experiment's table.
    table
        One row per expectation: quantity, paper (what it says), allowed, ours, unit, hits, trials, interval_low,
        interval_high (95 %, of rates), bound (whose the bounds are), where, evidence, because, verdict, deviation,
        form (full or quick).
    settings
        All values used, with their status.
    """

    experiment: Experiment
    result: pd.DataFrame
    table: pd.DataFrame
    settings: pd.DataFrame | None = None

    @property
    def confirmed(self) -> bool:
        """Whether every expectation holds."""
        return bool((self.table["verdict"] == "yes").all())

    @property
    def refuted(self) -> bool:
        """Whether an expectation does not hold; one that is open, for want of trials, does not count."""
        return bool((self.table["verdict"] == "no").any())

    def rows(self) -> list[tuple[str, ...]]:
        """Return the comparison as text: quantity, paper, allowed, ours, bound, evidence, holds."""
        return [
            (row.quantity, row.paper, row.allowed, _ours(row), row.bound, row.evidence, row.verdict)
            for row in self.table.itertuples()
        ]

    def __repr__(self) -> str:
        held = int((self.table["verdict"] == "yes").sum())
        return f"<Reproduction {self.experiment.name}: {held} of {len(self.table)} expectations hold>"

    def _repr_html_(self) -> str:
        claim = f"{self.experiment.name}: {self.experiment.claim} [{self.experiment.paper}, {self.experiment.figure}]"
        return html_table(HEADS, self.rows(), claim)


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
    if not isinstance(name, str) or name not in EXPERIMENTS:
        raise ParameterError(unknown_name("experiment", name, EXPERIMENTS, "`rramcirc reproduce` lists all."))
    return EXPERIMENTS[name]


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
    mnist: Path | str | None = None,
    values: Mapping[str, object] | None = None,
    output: Path | str | None = None,
) -> Reproduction:
    """Run an experiment and compare it with its paper.

    Parameters
    ----------
    name
        For example ``"milo2018-iv"``.
    level
        ``"circuit"``, ``"device"``, ``"network"`` or ``"all"``, all side by side, for results that exist at several;
        default the experiment's own.
    engine
        Engine that simulates; default the first that can.
    quick
        Run the short form.
    seed
        Seed of experiments that draw devices or spikes; default the record's.
    mnist
        Folder with the IDX files of MNIST, for experiments that learn images; default ``mnist`` in the cache folder.
        Without MNIST the short form learns digits that are drawn, and the full one is refused.
    values
        Fields of the experiment's parameters to set, by name.
    output
        Folder for figure, result and table. Long runs store finished pieces there; called again, they go on.

    Returns
    -------
    Reproduction
        `result` is the experiment's table; `table` has one row per expectation.
    """
    check_kind(values, Mapping | None, "reproduce: values", "a dict of names and values")
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
    if mnist is not None:
        if not hasattr(parameters, "mnist"):
            raise ParameterError(f"mnist {mnist}: {name} learns no images.")
        parameters = replace(parameters, mnist=str(mnist))
    parameters = with_values(parameters, {} if values is None else values, name)
    result = _run(experiment, parameters, engine, None if output is None else Path(output))
    table = compare_rows(experiment, result, quick=quick, changed=bool(values))
    table = table.assign(form="quick" if quick else "full")
    settings = experiment.settings(parameters) if experiment.settings else None
    found = Reproduction(experiment, result, table, settings)
    if output is not None:
        _save(found, Path(output))
    return found


def _run(experiment: Experiment, parameters: DataclassInstance, engine: str, folder: Path | None) -> pd.DataFrame:
    """Run an experiment; one that takes long keeps what is finished in its folder and goes on from there."""
    if not experiment.resumable:
        return experiment.run(parameters, engine)
    path = None if folder is None else folder / f"{experiment.name}.pieces"
    run = {"experiment": experiment.name, "version": __version__, "engine": engine} | asdict(parameters)
    with RunRecord(path, run) as record:
        return experiment.run(parameters, engine, record)


def compare_rows(
    experiment: Experiment, result: pd.DataFrame, *, quick: bool, changed: bool = False
) -> pd.DataFrame:  # fmt: skip
    """Return one row per expectation of an experiment; see `Reproduction`. The short form leaves some open.

    So do parameters that were `changed` such that a quantity is not measured, say a time that is not shown.
    """
    import pandas as pd

    rows = []
    for expected in experiment.expected:
        measured, lacking = _measured(expected, result) if changed else (expected.measure(result), "")
        row: dict[str, Any] = {"quantity": expected.quantity, "paper": expected.said, "allowed": expected.allowed}
        if isinstance(measured, Count):
            low, high = measured.interval()
            row |= {"ours": measured.share, "unit": "1", "hits": measured.hits, "trials": measured.trials}
            row |= {"interval_low": low, "interval_high": high}
        else:
            row |= {"ours": float(measured), "unit": expected.unit, "hits": None, "trials": None}
            row |= {"interval_low": None, "interval_high": None}
        row |= {"bound": expected.bound, "where": expected.where, "evidence": expected.evidence}
        verdict = "open" if lacking or (quick and expected.full_only) else expected.verdict(measured)
        row |= {"because": lacking or expected.because, "verdict": verdict, "deviation": expected.deviation}
        rows.append(row)
    whole = {"hits": "Int64", "trials": "Int64"}
    return pd.DataFrame(rows).astype(whole)


def _measured(expected: Expected, result: pd.DataFrame) -> tuple[float | Count, str]:
    """Return what is measured, or nan and why the result has nothing to measure it on."""
    try:
        return expected.measure(result), ""
    except (LookupError, ValueError) as error:
        return math.nan, f"not measured with these values ({error})"


def _ours(row: Any) -> str:
    """Return what was measured in words: a number with its unit, or a count with its interval."""
    import pandas as pd

    if not pd.isna(row.trials):
        return str(Count(int(row.hits), int(row.trials)))
    return "none" if math.isnan(row.ours) else format_number(row.ours, row.unit, 3)


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
