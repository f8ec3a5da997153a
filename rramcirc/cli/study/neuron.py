"""rramcirc study f-i."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import click

from rramcirc.cli.study.common import output_option, print_quantities, quick_option, save

F_I_EXAMPLE = """\b
Example:
  rramcirc study f-i --quick
  rramcirc study f-i --detail mixed --quick -o study
"""


@click.command(name="f-i", epilog=F_I_EXAMPLE)
@click.option("--detail", default="ideal", show_default=True, help="ideal, mixed or transistor.")
@click.option("--core", default="indiveri", show_default=True, help="indiveri or axon-hillock (detail transistor).")
@quick_option
@output_option
def f_i(
    detail: Literal["ideal", "mixed", "transistor"],  # LifNeuron refuses other words
    core: Literal["indiveri", "axon-hillock"],
    quick: bool,
    output: Path | None,
) -> None:
    """Rate of a neuron against current; threshold, refractory time, leak, supply energy of a spike."""
    from rramcirc.basics.units import format_number
    from rramcirc.circuits.neuron.neuron import LifNeuron
    from rramcirc.studies.doors.neuron import f_i

    answer = f_i(replace(LifNeuron(), detail=detail, core=core), quick=quick)
    supplied = detail != "ideal"
    head = f"{'current':>10} {'rate':>10} {'closed form':>12} {'error':>8}"
    click.echo(head + (f" {'energy/interval':>15} {'power':>10}" if supplied else ""))
    for row in answer.table.itertuples():
        error = "" if row.error != row.error else f"{100 * row.error:+.2f} %"
        cells = [(row.current, "A", 10), (row.rate, "Hz", 10), (row.closed_form, "Hz", 12)]
        line = " ".join(f"{format_number(value, unit):>{width}}" for value, unit, width in cells)
        joule = "" if row.spike_energy != row.spike_energy else format_number(row.spike_energy, "J")
        click.echo(f"{line} {error:>8}" + (f" {joule:>15} {format_number(row.power, 'W'):>10}" if supplied else ""))
    if not supplied:
        click.echo("energy: not modelled, ideal switches and sources take nothing from the supply", err=True)
    print_quantities(answer.quantities)
    save(answer, output)
