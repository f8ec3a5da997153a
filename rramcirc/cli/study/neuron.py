"""rramcirc study f-i."""

from __future__ import annotations

from pathlib import Path

import click

from rramcirc.cli.study.common import output_option, print_quantities, quick_option, save
from rramcirc.cli.study.values import bench_argument, neuron_of, with_fields

F_I_EXAMPLE = """\b
Example:
  rramcirc study f-i --quick
  rramcirc study f-i --detail mixed --quick -o study
  rramcirc study f-i --quick --set capacitance=10p --set leak_time=20m --set threshold=0.8 --set refractory=1m
"""


@click.command(name="f-i", epilog=F_I_EXAMPLE)
@bench_argument
@click.option("--detail", help="ideal (default), mixed or transistor.")
@click.option("--core", help="indiveri (default) or axon-hillock (detail transistor).")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE",
              help="Field of LifNeuron: capacitance, leak_time, threshold, refractory, ...")  # fmt: skip
@quick_option
@output_option
def f_i(
    bench: str | None, detail: str | None, core: str | None, settings: tuple[str, ...], quick: bool,
    output: Path | None,
) -> None:  # fmt: skip
    """Rate of a neuron against current; threshold, refractory time, leak, supply energy of a spike.

    With BENCH.toml: its neuron, or that of its network.
    """
    from rramcirc.basics.units import format_number
    from rramcirc.circuits.neuron.neuron import LifNeuron
    from rramcirc.studies.doors.neuron import f_i

    words = [f"{name}={word}" for name, word in (("detail", detail), ("core", core)) if word is not None]
    start = LifNeuron() if bench is None else neuron_of(bench)
    neuron = with_fields(start, [*words, *settings])
    answer = f_i(neuron, quick=quick)
    supplied = neuron.detail != "ideal"
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
