"""The studies of the synapse: rramcirc study stdp, srdp, potentiation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from rramcirc.cli import completion
from rramcirc.cli.study.common import (
    CommandFunction,
    card_option,
    engine_option,
    output_option,
    print_quantities,
    quick_option,
    save,
)
from rramcirc.cli.study.values import bench_argument, synapse_of, with_fields

if TYPE_CHECKING:
    import pandas as pd

    from rramcirc.bench.synapse_pulses import SynapsePulses
    from rramcirc.circuits.array.cell import Cell
    from rramcirc.studies.doors.result import StudyResult

NOISE = 1e-12  # changes below this are rounding errors of the simulator, printed as 0 [S]
selector_option = click.option(
    "--selector",
    default="nmos_select",
    show_default=True,
    help="Transistor's card.",
    shell_complete=completion.selectors,
)
seed_option = click.option("--seed", default=1, show_default=True, help="Seed of devices, cycles and spikes.")


class PulseOptions(TypedDict):
    """The values of `_pulse_options`, as they were typed."""

    set_voltage: str | None
    reset_voltage: str | None
    gate_voltage: str | None
    common_mode: str | None
    settings: tuple[str, ...]


def _pulse_options(command: CommandFunction) -> CommandFunction:
    """Add the options that say what the neurons' pulses are."""
    for name, text in (
        ("--set-voltage", "Positive TE pulse against V_cm."),
        ("--reset-voltage", "Depth of the negative TE pulse."),
        ("--gate-voltage", "PRE pulse on the gate against the bulk."),
        ("--common-mode", "V_cm against the bulk."),
    ):
        command = click.option(name, metavar="V", help=text)(command)
    return click.option(
        "--set", "settings", multiple=True, metavar="FIELD=VALUE",
        help="Field of SynapsePulses: gate_width, te_width, reset_delay, reset_width, edge, ...",
    )(command)  # fmt: skip


def _pulses(default: SynapsePulses, given: PulseOptions) -> SynapsePulses:
    from rramcirc.basics.units import parse_number

    typed = {name: text for name, text in given.items() if isinstance(text, str)}
    volts = {name: parse_number(text, "V", f"--{name.replace('_', '-')}") for name, text in typed.items()}
    return with_fields(replace(default, **volts), given["settings"])


def _synapse(
    bench: str | None, card: str, selector: str, default: SynapsePulses, given: PulseOptions
) -> tuple[Cell, SynapsePulses]:  # fmt: skip
    """Return the cell and the pulses that a testbench file or the options say."""
    from rramcirc.circuits.array.cell import Cell
    from rramcirc.devices.cards.checks import as_card

    if bench is None:
        return Cell(as_card("Cell.rram", card), as_card("Cell.selector", selector)), _pulses(default, given)
    cell, pulses = synapse_of(bench)
    return cell, _pulses(pulses or default, given)


def _delays(text: str) -> list[float]:
    from rramcirc.basics.units import parse_number

    return [parse_number(part.strip(), "s", "--delays") for part in text.split(",")]


def _say_table(answer: StudyResult) -> None:
    """Tell which pulse table was asked."""
    now = " (measured now)" if answer.details["table measured now"] else ""
    click.echo(f"pulse table: {answer.details['table file']}{now}", err=True)


@click.command(
    epilog="""\b
Example:
  rramcirc study stdp --quick -o study
  rramcirc study stdp --quick --no-table --repeats 1 --set gate_width=5m --set te_width=0.5m --delays=-4m,4m
"""
)
@bench_argument
@card_option
@selector_option
@click.option("--repeats", type=click.IntRange(1), help="Devices at every delay (default 20).")
@click.option("--delays", metavar="S,S,...", help="POST minus PRE, e.g. -5m,0,5m (default -20 to 20 ms).")
@_pulse_options
@click.option("--table/--no-table", "with_table", default=True, help="Compare with the pulse table.")
@seed_option
@engine_option()
@quick_option
@output_option
def stdp(
    bench: str | None, card: str, selector: str, repeats: int | None, delays: str | None, with_table: bool, seed: int,
    engine: str, quick: bool, output: Path | None, **given: Unpack[PulseOptions],
) -> None:  # fmt: skip
    """Change of conductance against the delay between PRE and POST spike, from HRS and from LRS.

    All synapses are independent cells of one transient. Devices and cycles differ by the card's spread.
    With BENCH.toml: its cell, and the pulses of its neurons if it has any.
    """
    from rramcirc.bench.synapse_pulses import SynapsePulses
    from rramcirc.studies.doors.synapse import stdp

    cell, pulses = _synapse(bench, card, selector, SynapsePulses(), given)
    times = None if delays is None else _delays(delays)
    answer = stdp(
        cell, pulses, times, repeats=repeats, seed=seed, engine=engine, compare=with_table, quick=quick
    )  # fmt: skip
    if with_table:
        _say_table(answer)
    _print_stdp(answer.table, answer.details["compared"])
    print_quantities(answer.quantities)
    save(answer, output)


def _print_stdp(measured: pd.DataFrame, compared: pd.DataFrame | None) -> None:
    """Print mean and spread of the change at every delay, and the state after it on the circuit and in the table."""
    from rramcirc.basics.units import format_number

    head = f"{'delay':>7} {'start':>5} {'change':>10} {'spread':>10}"
    click.echo(head + (f" {'circuit':>8} {'table':>7} {'allowed':>8}" if compared is not None else ""))
    said = None if compared is None else compared.set_index(["start", "delay"])
    for (start, delay), part in measured.groupby(["start", "delay"])["change"]:
        mean, spread = (v if abs(v) >= NOISE else 0.0 for v in (part.mean(), part.std(ddof=0)))
        line = f"{format_number(delay, 's'):>7} {start:>5} {format_number(mean, 'S'):>10} "
        line += f"{format_number(spread, 'S'):>10}"
        if said is not None:
            row = said.loc[(start, delay)]
            line += f" {row['circuit']:8.3f} {row['table']:7.3f} {row['allowed']:8.3f}"
        click.echo(line)
    if said is not None:
        inside = int((said["difference"].abs() <= said["allowed"]).sum())
        click.echo(f"pulse table within its stated error: {inside} of {len(said)} points")


@click.command(
    epilog="""\b
Example:
  rramcirc study potentiation --quick -o study
"""
)
@bench_argument
@card_option
@selector_option
@click.option("--count", type=click.IntRange(1), help="Pulses of each sign (default 30).")
@_pulse_options
@seed_option
@engine_option()
@quick_option
@output_option
def potentiation(
    bench: str | None, card: str, selector: str, count: int | None, seed: int, engine: str, quick: bool,
    output: Path | None, **given: Unpack[PulseOptions],
) -> None:  # fmt: skip
    """Conductance after 1 ... N potentiating and N depressing spike pairs, by default with gradual pulses."""
    from rramcirc.basics.units import format_number
    from rramcirc.studies.doors.synapse import potentiation
    from rramcirc.studies.milo_pulses import gradual_pulses

    cell, pulses = _synapse(bench, card, selector, gradual_pulses(), given)
    answer = potentiation(cell, pulses, count, seed=seed, engine=engine, quick=quick)
    _say_table(answer)
    click.echo(f"{'pulse':>5} {'circuit':>10} {'spread':>10} {'table':>10}")
    for pulse, part in answer.table.groupby("pulse")["conductance"]:
        values = (part.mean(), part.std(ddof=0), answer.details["said"][pulse].mean())
        click.echo(f"{pulse:5d} " + " ".join(f"{format_number(v, 'S'):>10}" for v in values))
    save(answer, output)


@click.command(
    epilog="""\b
Example:
  rramcirc study srdp --quick -o study
"""
)
@bench_argument
@card_option
@selector_option
@_pulse_options
@click.option("--duration", default="1", show_default=True, metavar="S", help="How long the spikes go on.")
@seed_option
@engine_option()
@quick_option
@output_option
def srdp(
    bench: str | None, card: str, selector: str, duration: str, seed: int, engine: str, quick: bool,
    output: Path | None, **given: Unpack[PulseOptions],
) -> None:  # fmt: skip
    """Conductance after uncorrelated PRE and POST spikes against their rate, by default with gradual pulses."""
    from rramcirc.basics.units import format_number, parse_number, positive_number
    from rramcirc.studies.doors.synapse import srdp
    from rramcirc.studies.milo_pulses import gradual_pulses

    cell, pulses = _synapse(bench, card, selector, gradual_pulses(), given)
    seconds = positive_number(parse_number(duration, "s", "--duration"), "--duration", "s")
    answer = srdp(cell, pulses, duration=seconds, seed=seed, engine=engine, quick=quick)
    click.echo(f"{'rate':>6} {'start':>5} {'before':>10} {'after':>10} {'spread':>10}")
    for (rate, start), part in answer.table.groupby(["rate", "start"]):
        values = (part["before"].mean(), part["after"].mean(), part["after"].std(ddof=0))
        click.echo(
            f"{format_number(rate, 'Hz'):>6} {start:>5} " + " ".join(f"{format_number(v, 'S'):>10}" for v in values)
        )
    save(answer, output)
