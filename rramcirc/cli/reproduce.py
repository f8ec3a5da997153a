"""rramcirc reproduce."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rramcirc.papers.reproduction import Reproduction

EXAMPLE = """\b
Example:
  rramcirc reproduce
  rramcirc reproduce milo2018-iv --quick -o milo-iv
  rramcirc reproduce milo2018-learning --level network --quick -o milo-learning
  rramcirc reproduce fouda2020-baseline --quick -o fouda-baseline
"""


@click.command(epilog=EXAMPLE)
@click.argument("name", required=False)
@click.option("--level", help="circuit or network, for results that exist at both.")
@click.option("--engine", help="Engine that simulates (default: the first that can).")
@click.option("--quick", is_flag=True, help="The short form, seconds.")
@click.option("--seed", type=int, help="Seed of experiments that draw at random.")
@click.option("--mnist", metavar="DIR", help="Folder with the IDX files of MNIST (default: mnist in the cache folder).")
@click.option("-o", "--output", metavar="DIR", help="Folder for figure, result and comparison.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def reproduce(
    name: str | None,
    level: str | None,
    engine: str | None,
    quick: bool,
    seed: int | None,
    mnist: str | None,
    output: str | None,
    as_json: bool,
) -> None:
    """Run an experiment of a paper and compare it with what the paper says; without NAME list all.

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
    found = run(name, level=level, engine=engine, quick=quick, seed=seed, mnist=mnist, output=output)
    if as_json:
        click.echo(found.table.to_json(orient="records", indent=1))
    else:
        _print(found)
    if output:
        click.echo(f"figure and tables: {output}", err=True)
    if not found.confirmed:
        sys.exit(1)


def _print(found: Reproduction) -> None:
    from rramcirc.basics.units import format_number

    experiment = found.experiment
    click.echo(f"{experiment.name}: {experiment.claim}   [{experiment.paper}, {experiment.figure}]")
    rows = [("quantity", "paper", "ours", "status", "holds")]
    for row in found.table.itertuples():
        rows.append((row.quantity, row.paper, format_number(row.ours, row.unit, 3), row.status, row.verdict))
    widths = [max(len(row[k]) for row in rows) for k in range(5)]
    for row in rows:
        click.echo("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    for line in experiment.remarks(found.result) if experiment.remarks else []:
        click.echo(f"  {line}")
