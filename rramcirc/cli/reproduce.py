"""rramcirc reproduce."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from rramcirc.cli import completion
from rramcirc.cli.figure_options import figure_options

if TYPE_CHECKING:
    from rramcirc.papers.reproduction import Reproduction

EXAMPLE = """\b
Example:
  rramcirc reproduce
  rramcirc reproduce pedretti2018-iv --quick -o pedretti-iv
  rramcirc reproduce milo2018-learning --level all --quick -o milo-levels
  rramcirc reproduce fouda2020-curves --sensitivity -o fouda-curves
"""


@click.command(epilog=EXAMPLE)
@click.argument("name", required=False, shell_complete=completion.experiments)
@click.option("--level", help="circuit, device, network, or all side by side, for results that exist at several.")
@click.option("--engine", help="Engine that simulates (default: the first that can).")
@click.option("--quick", is_flag=True, help="The short form, seconds; says what it changes.")
@click.option("--seed", type=int, help="Seed of experiments that draw at random.")
@click.option("--mnist", metavar="DIR", help="Folder with the IDX files of MNIST (default: mnist in the cache folder).")
@click.option(
    "--sensitivity",
    is_flag=True,
    help="Change every searched parameter by 20 % up and down, alone, and show all rows; NAME may be a paper. Goes on "
    "where it was stopped, with the same -o.",
)
@click.option("-o", "--output", metavar="DIR", help="Folder for figure, result and comparison.")
@figure_options
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def reproduce(
    name: str | None,
    level: str | None,
    engine: str | None,
    quick: bool,
    seed: int | None,
    mnist: str | None,
    sensitivity: bool,
    output: str | None,
    as_json: bool,
) -> None:
    """Run an experiment of a paper and compare it with what the paper says; without NAME list all.

    Rates stand with their trials and the interval of 95 %. A row holds if its interval does; if the trials are too
    few to tell, it is open. Every row says whose its bound is, and what its "yes" is worth as evidence.

    Exit status 1 if an expectation does not hold.
    """
    from rramcirc.papers.reproduction import experiment_names, load_experiment
    from rramcirc.papers.reproduction import reproduce as run

    if name is None:
        width = max(map(len, experiment_names()))
        for known in experiment_names():
            experiment = load_experiment(known)
            where = f"{experiment.paper}, {experiment.figure}"
            click.echo(f"{known:<{width}}  {experiment.level:<7}  {where}: {experiment.claim}")
        return
    if sensitivity:
        _sensitivity(name, level, engine, seed, mnist, quick, output, as_json)
        return
    found = run(name, level=level, engine=engine, quick=quick, seed=seed, mnist=mnist, output=output)
    if as_json:
        click.echo(found.table.to_json(orient="records", indent=1))
    else:
        _print(found, quick)
    if output:
        click.echo(f"figure and tables: {output}", err=True)
    if found.refuted:
        sys.exit(1)


def _sensitivity(
    name: str,
    level: str | None,
    engine: str | None,
    seed: int | None,
    mnist: str | None,
    quick: bool,
    output: str | None,
    as_json: bool,
) -> None:
    from rramcirc.papers.sensitivity import UNCHANGED
    from rramcirc.papers.sensitivity import sensitivity as run

    given = {"--level": level, "--engine": engine, "--seed": seed, "--mnist": mnist}
    for option, value in given.items():
        if value is not None:
            raise click.UsageError(f"{option} {value}: not with --sensitivity, which takes each experiment's own.")
    found = run(name, quick=quick, output=output)
    if as_json:
        click.echo(found.table.to_json(orient="records", indent=1))
        return
    moved = found.moved()
    runs = len(found.table.drop_duplicates(["experiment", "parameter", "factor"]))
    click.echo(f"{name}: {runs} runs; {len(moved)} of {len(found.table)} rows change their verdict")
    for row in moved[moved["parameter"] != UNCHANGED].itertuples():
        trials = "" if row.trials is None or row.trials != row.trials else f" of {row.trials:.0f}"
        value = row.failure or f"{row.ours:.3g}{trials}"
        change = f"{row.parameter} {100 * (row.factor - 1):+.0f} %"
        click.echo(f"  {change:<24}  {row.experiment}, {row.quantity}: {row.verdict} ({value})")
    if output:
        click.echo(f"table and picture: {output}", err=True)


def _print(found: Reproduction, quick: bool) -> None:
    from rramcirc.papers.reproduction import HEADS

    experiment = found.experiment
    click.echo(f"{experiment.name}: {experiment.claim}   [{experiment.paper}, {experiment.figure}]")
    if quick:
        click.echo(f"  quick: {experiment.quick_changes()}")
    reasons = list(dict.fromkeys(found.table["because"]))
    rows: list[tuple[str, ...]] = [HEADS]
    for row, because in zip(found.rows(), found.table["because"], strict=True):
        rows.append((*row[:5], f"{row[5]} [{reasons.index(because) + 1}]", row[6]))
    widths = [max(len(row[k]) for row in rows) for k in range(len(HEADS))]
    for row in rows:
        click.echo("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    for k, because in enumerate(reasons):
        click.echo(f"  [{k + 1}] {because}")
    for row in found.table[found.table["deviation"] != ""].itertuples():
        click.echo(f"  deviation, {row.quantity}: {row.deviation}")
    for line in experiment.remarks(found.result) if experiment.remarks else []:
        click.echo(f"  {line}")
    click.echo(f"  {_legend(found)}")


def _legend(found: Reproduction) -> str:
    """Return what the words of the table mean."""
    from rramcirc.papers.experiment import EVIDENCE

    used = [f"{name}: {meaning}" for name, meaning in EVIDENCE.items() if name in set(found.table["evidence"])]
    bounds = "bound published: number or relation in the paper's text; assumed: read off a figure or chosen here"
    return f"{bounds}. {'. '.join(used)}."
