"""The studies of the synapse: rramcirc study stdp, srdp, potentiation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from rramcirc.cli.study.common import (
    CommandFunction,
    card_option,
    engine_option,
    output_option,
    print_quantities,
    quick_option,
    say_where,
    write_table,
)

if TYPE_CHECKING:
    import pandas as pd

    from rramcirc.circuits.array.cell import Cell
    from rramcirc.circuits.synapse.pulses import SynapsePulses
    from rramcirc.devices.pulses.table import PulseTable

NOISE = 1e-12  # changes below this are rounding errors of the simulator, printed as 0 [S]
selector_option = click.option("--selector", default="nmos_select", show_default=True, help="Transistor's card.")
seed_option = click.option("--seed", default=1, show_default=True, help="Seed of devices, cycles and spikes.")


class PulseOptions(TypedDict):
    """The values of `_pulse_options`, as they were typed."""

    set_voltage: str | None
    reset_voltage: str | None
    gate_voltage: str | None
    common_mode: str | None


def _pulse_options(command: CommandFunction) -> CommandFunction:
    """Add the options that say what the neurons' pulses are."""
    for name, text in (
        ("--set-voltage", "Positive TE pulse against V_cm."),
        ("--reset-voltage", "Depth of the negative TE pulse."),
        ("--gate-voltage", "PRE pulse on the gate against the bulk."),
        ("--common-mode", "V_cm against the bulk."),
    ):
        command = click.option(name, metavar="V", help=text)(command)
    return command


def _pulses(default: SynapsePulses, given: PulseOptions) -> SynapsePulses:
    from rramcirc.basics.units import parse_number

    typed = {name: text for name, text in given.items() if isinstance(text, str)}
    volts = {name: parse_number(text, "V", f"--{name.replace('_', '-')}") for name, text in typed.items()}
    return replace(default, **volts)


def _cell(card: str, selector: str) -> Cell:
    from rramcirc.circuits.array.cell import Cell
    from rramcirc.devices.cards.checks import as_card

    return Cell(as_card("Cell.rram", card), as_card("Cell.selector", selector))


def _table(card: str, selector: str, pulses: SynapsePulses, quick: bool) -> PulseTable:
    """Return the pulse table for the amplitudes and the gate voltage of the pulses, measured if there is none yet."""
    from rramcirc.studies.characterise import PulseGrid, stored_table

    amplitudes = tuple(v for v in (-pulses.reset_voltage, pulses.set_voltage) if v)
    grid = PulseGrid(
        amplitudes=amplitudes, gates=(pulses.gate_voltage,), common_mode=pulses.common_mode, devices=24 if quick else 64
    )
    table, path, measured = stored_table(card, grid, selector=selector)
    click.echo(f"pulse table: {path}{' (measured now)' if measured else ''}", err=True)
    return table


@click.command(
    epilog="""\b
Example:
  rramcirc study stdp --quick -o study
"""
)
@card_option
@selector_option
@click.option("--repeats", type=click.IntRange(1), help="Devices at every delay (default 20).")
@_pulse_options
@click.option("--table/--no-table", "with_table", default=True, help="Compare with the pulse table.")
@seed_option
@engine_option()
@quick_option
@output_option
def stdp(
    card: str, selector: str, repeats: int | None, with_table: bool, seed: int, engine: str, quick: bool,
    output: Path | None, **given: Unpack[PulseOptions],
) -> None:  # fmt: skip
    """Change of conductance against the delay between PRE and POST spike, from HRS and from LRS.

    All synapses are independent cells of one transient. Devices and cycles differ by the card's spread.
    """
    from rramcirc.circuits.synapse.pulses import SynapsePulses
    from rramcirc.studies.synapse import DELAYS, stdp_from_table
    from rramcirc.studies.synapse import stdp as measure
    from rramcirc.studies.synapse_figures import plot_stdp

    pulses = _pulses(SynapsePulses(), given)
    delays = DELAYS[::4] if quick else DELAYS
    measured = measure(
        _cell(card, selector), pulses, delays, repeats=repeats or (4 if quick else 20), seed=seed, engine=engine
    )
    compared = table = None
    if with_table:
        table = _table(card, selector, pulses, quick)
        compared = stdp_from_table(table, pulses, measured)
    _print_stdp(measured, compared)
    _print_fits(measured)
    if output:
        write_table(measured, output / "stdp.csv")
        g_range = (4.7e-6, 1e-4) if table is None else (table.g_hrs, table.g_lrs)
        plot_stdp(measured, compared, output / "stdp.png", g_range)
        if compared is not None:
            write_table(compared, output / "stdp_table.csv")
    say_where(output)


def _print_fits(measured: pd.DataFrame) -> None:
    """Print rectangle and exponential of both branches: potentiation from HRS, depression from LRS."""
    from rramcirc.analysis.spikes import fit_stdp_window

    rows = []
    for start, later in (("HRS", True), ("LRS", False)):
        part = measured[(measured["start"] == start) & ((measured["delay"] > 0) if later else (measured["delay"] < 0))]
        for shape, what in (("rectangular", "width"), ("exponential", "time constant")):
            if part.empty:
                continue
            fit = fit_stdp_window(part["delay"], part["change"], shape)
            head = f"from {start}, {shape}: "
            rows.append((f"{head}change", fit.potentiation if later else fit.depression, "S"))
            rows.append((f"{head}{what}", fit.potentiation_time if later else fit.depression_time, "s"))
            rows.append((f"{head}residual", fit.residual, "S"))
    print_quantities(rows)


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
@card_option
@selector_option
@click.option("--count", type=click.IntRange(1), help="Pulses of each sign (default 30).")
@_pulse_options
@seed_option
@engine_option()
@quick_option
@output_option
def potentiation(
    card: str, selector: str, count: int | None, seed: int, engine: str, quick: bool, output: Path | None,
    **given: Unpack[PulseOptions],
) -> None:  # fmt: skip
    """Conductance after 1 ... N potentiating and N depressing spike pairs, by default with gradual pulses."""
    from rramcirc.basics.units import format_number
    from rramcirc.studies.milo_pulses import gradual_pulses
    from rramcirc.studies.synapse import potentiation as measure
    from rramcirc.studies.synapse import potentiation_from_table
    from rramcirc.studies.synapse_figures import plot_potentiation

    pulses = _pulses(gradual_pulses(), given)
    count = count or (5 if quick else 30)
    measured = measure(_cell(card, selector), pulses, count, repeats=5 if quick else 20, seed=seed, engine=engine)
    said = potentiation_from_table(_table(card, selector, pulses, quick), pulses, count)
    click.echo(f"{'pulse':>5} {'circuit':>10} {'spread':>10} {'table':>10}")
    for pulse, part in measured.groupby("pulse")["conductance"]:
        values = (part.mean(), part.std(ddof=0), said[pulse].mean())
        click.echo(f"{pulse:5d} " + " ".join(f"{format_number(v, 'S'):>10}" for v in values))
    if output:
        write_table(measured, output / "potentiation.csv")
        plot_potentiation(measured, said, output / "potentiation.png")
    say_where(output)


@click.command(
    epilog="""\b
Example:
  rramcirc study srdp --quick -o study
"""
)
@card_option
@selector_option
@_pulse_options
@click.option("--duration", default="1", show_default=True, metavar="S", help="How long the spikes go on.")
@seed_option
@engine_option()
@quick_option
@output_option
def srdp(
    card: str, selector: str, duration: str, seed: int, engine: str, quick: bool, output: Path | None,
    **given: Unpack[PulseOptions],
) -> None:  # fmt: skip
    """Conductance after uncorrelated PRE and POST spikes against their rate, by default with gradual pulses."""
    from rramcirc.basics.units import format_number, parse_number, positive_number
    from rramcirc.studies.milo_pulses import gradual_pulses
    from rramcirc.studies.synapse_figures import plot_srdp
    from rramcirc.studies.synapse_rate import RATES
    from rramcirc.studies.synapse_rate import srdp as measure

    pulses = _pulses(gradual_pulses(), given)
    rates = (10.0, 60.0) if quick else RATES
    seconds = positive_number(parse_number(duration, "s", "--duration"), "--duration", "s") * (0.3 if quick else 1.0)
    measured = measure(_cell(card, selector), pulses, rates, duration=seconds, repeats=3 if quick else 10, seed=seed,
                       engine=engine)  # fmt: skip
    click.echo(f"{'rate':>6} {'start':>5} {'before':>10} {'after':>10} {'spread':>10}")
    for (rate, start), part in measured.groupby(["rate", "start"]):
        values = (part["before"].mean(), part["after"].mean(), part["after"].std(ddof=0))
        click.echo(
            f"{format_number(rate, 'Hz'):>6} {start:>5} " + " ".join(f"{format_number(v, 'S'):>10}" for v in values)
        )
    if output:
        write_table(measured, output / "srdp.csv")
        plot_srdp(measured, output / "srdp.png")
    say_where(output)
