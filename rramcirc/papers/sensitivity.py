"""How the rows of a comparison move with every parameter that was searched: each is changed by some percent, alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rramcirc.basics.errors import ParameterError, SimulationError, unknown_name
from rramcirc.basics.units import format_number
from rramcirc.basics.version import __version__
from rramcirc.papers.experiment import Experiment, varied
from rramcirc.papers.reproduction import compare_rows
from rramcirc.papers.table import EXPERIMENTS
from rramcirc.sweeps.record import RunRecord

if TYPE_CHECKING:
    import pandas as pd
    from _typeshed import DataclassInstance

STEP = 0.2
UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Sensitivity:
    """The rows of one or several experiments, with every searched parameter changed.

    Attributes
    ----------
    name
        Experiment or paper.
    table
        One row per experiment, parameter, factor and expectation: experiment, parameter, factor, quantity, ours, unit,
        hits, trials, allowed, evidence, verdict, failure (why nothing could be computed).
    """

    name: str
    table: pd.DataFrame

    def moved(self) -> pd.DataFrame:
        """Return the rows whose verdict differs from that without a change."""
        plain = self.table[self.table["parameter"] == UNCHANGED].set_index(["experiment", "quantity"])["verdict"]
        keys = list(zip(self.table["experiment"], self.table["quantity"], strict=True))
        return self.table[self.table["verdict"].to_numpy() != plain.loc[keys].to_numpy()]


def with_fitted_parameters(name: str) -> list[Experiment]:
    """Return an experiment, or all of a paper, that have searched parameters.

    Raises
    ------
    ParameterError
        If there is none of that name, or nothing was searched for it.
    """
    papers = {known.split("-")[0] for known in EXPERIMENTS}
    found = [e for known, e in EXPERIMENTS.items() if name in (known, known.split("-")[0])]
    if not found:
        raise ParameterError(unknown_name("experiment or paper", name, (*EXPERIMENTS, *sorted(papers))))
    found = [experiment for experiment in found if experiment.fitted]
    if not found:
        raise ParameterError(f"{name}: no parameter was searched for it, so there is none to change.")
    return found


def sensitivity(name: str, *, step: float = STEP, quick: bool = False, output: Path | str | None = None) -> Sensitivity:
    """Run experiments with every searched parameter multiplied by 1 - step and 1 + step, one at a time.

    Parameters
    ----------
    name
        An experiment, or a paper: all its experiments.
    step
        Relative change, above 0 and below 1 [1].
    quick
        The short forms.
    output
        Folder for table and picture. Finished runs are stored there; called again, it goes on.

    Raises
    ------
    ParameterError
        If the name is unknown, nothing was searched, or the step is not between 0 and 1.
    """
    import pandas as pd

    if not 0.0 < step < 1.0:
        raise ParameterError(f"sensitivity: step = {step:g} is not between 0 and 1.")
    rows: list[dict[str, Any]] = []
    folder = None if output is None else Path(output)
    for experiment in with_fitted_parameters(name):
        rows += _all_rows(experiment, quick, step, folder)
    found = Sensitivity(name, pd.DataFrame(rows))
    if folder is not None:
        found.table.to_csv(folder / f"{name}-sensitivity.csv", index=False)
        draw_sensitivity(found, folder / f"{name}-sensitivity.png")
    return found


def _all_rows(experiment: Experiment, quick: bool, step: float, folder: Path | None) -> list[dict[str, Any]]:
    """Return the rows of one experiment, unchanged and with every change; each run is a piece of the record."""
    parameters = _first_set_only(experiment.quick if quick else experiment.parameters)
    run = {"experiment": experiment.name, "version": __version__, "rows": [e.quantity for e in experiment.expected]}
    if experiment.settings:
        run["settings"] = experiment.settings(parameters).to_dict("records")
    path = None if folder is None else folder / f"{experiment.name}-sensitivity.pieces"
    rows = []
    with RunRecord(path, run | asdict(parameters)) as record:
        changes = [(UNCHANGED, 1.0), *((p, 1.0 + s) for p in experiment.fitted for s in (-step, step))]
        for parameter, factor in changes:
            key = f"{parameter} {factor:g}"
            piece = record.get(key) or _rows(experiment, parameters, parameter, factor, quick)
            if key not in record and not any(row["failure"] for row in piece["rows"]):
                record.add(key, piece)  # what failed is tried again
            place = {"experiment": experiment.name, "parameter": parameter, "factor": factor}
            rows += [place | row for row in piece["rows"]]
    return rows


def _first_set_only(parameters: DataclassInstance) -> DataclassInstance:
    """Return parameters of an experiment that leave out the sets that stand beside."""
    sets = getattr(parameters, "parameter_sets", ())
    return replace(parameters, parameter_sets=sets[:1]) if sets else parameters


def _rows(
    experiment: Experiment, parameters: DataclassInstance, parameter: str, factor: float, quick: bool
) -> dict[str, Any]:
    """Return the comparison with one parameter changed; if that cannot be run, every row says no, and why.

    An error without a change is raised: it is none of the parameter's.
    """
    import pandas as pd

    chosen = parameters if parameter == UNCHANGED else varied(parameters, parameter, factor)
    failure = ""
    try:
        table = compare_rows(experiment, experiment.run(chosen, experiment.engines[0]), quick=quick, changed=True)
    except (ParameterError, SimulationError) as error:
        if parameter == UNCHANGED:
            raise
        failure = str(error)
    rows = []
    for k, expected in enumerate(experiment.expected):
        row: dict[str, Any] = {
            "quantity": expected.quantity,
            "allowed": expected.allowed,
            "evidence": expected.evidence,
        }
        if failure:
            row |= {"ours": None, "unit": expected.unit, "hits": None, "trials": None, "verdict": "no"}
        else:
            one = table.iloc[k]
            row |= {"ours": float(one["ours"]), "unit": one["unit"], "verdict": one["verdict"]}
            row |= {n: None if pd.isna(one[n]) else int(one[n]) for n in ("hits", "trials")}
        rows.append(row | {"failure": failure})
    return {"rows": rows}


def draw_sensitivity(found: Sensitivity, path: Path) -> None:
    """Draw one picture: rows against changed parameters, coloured by verdict, with the values.

    Parameters
    ----------
    found
        What was computed.
    path
        Of the picture.
    """
    import pandas as pd

    from rramcirc.figures.verdicts import draw_verdicts

    table = found.table
    changes = list(dict.fromkeys(zip(table["parameter"], table["factor"], strict=True)))
    names = list(dict.fromkeys(zip(table["experiment"], table["quantity"], strict=True)))
    at = {(e, q, p, f): k for k, (e, q, p, f) in enumerate(
        zip(table["experiment"], table["quantity"], table["parameter"], table["factor"], strict=True)
    )}  # fmt: skip
    cells: dict[tuple[int, int], tuple[str, str]] = {}
    for i, name in enumerate(names):
        for j, change in enumerate(changes):
            k = at.get((*name, *change))
            if k is not None:
                one = table.iloc[k]
                text = "-" if pd.isna(one["ours"]) else format_number(one["ours"], one["unit"], 3)
                cells[i, j] = (one["verdict"], text)
    heads = [p if p == UNCHANGED else f"{p} {100 * (f - 1):+.0f} %" for p, f in changes]
    draw_verdicts(
        [f"{e}: {q}" for e, q in names], heads, cells, path, title=f"{found.name}: one parameter changed at a time"
    )
