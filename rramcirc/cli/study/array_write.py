"""The studies of writing arrays: rramcirc study write-energy, disturb, program."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from rramcirc.cli.study.array import ArrayOptions, array_options, read_array
from rramcirc.cli.study.common import (
    CommandFunction,
    engine_option,
    output_option,
    print_quantities,
    quick_option,
    say_where,
    seed_option,
    write_table,
)

if TYPE_CHECKING:
    from rramcirc.studies.array.setup import ReadArray
    from rramcirc.studies.array.writing import WritePulse


def pulse_options(command: CommandFunction) -> CommandFunction:
    """Return the options of a write pulse."""
    for option in reversed((
        click.option("--kind", type=click.Choice(["SET", "RESET"]), default="SET", show_default=True, help="Polarity."),
        click.option("--amplitude", metavar="V", help="Between the lines of the cell; default from the card."),
        click.option("--width", metavar="S", default="1u", show_default=True, help="Time at full amplitude."),
        click.option("--write-gate", metavar="V", help="Gate voltage; default 1.1 (SET) or 3.3 (RESET)."),
        click.option("--scheme", type=click.Choice(["V/2", "V/3"]), default="V/2", show_default=True,
                     help="Half-selected lines of a 1R array."),
    )):  # fmt: skip
        command = option(command)
    return command


def write_pulse(
    setup: ReadArray, kind: str, amplitude: str | None, width: str, write_gate: str | None, scheme: str
) -> WritePulse:
    """Return the write pulse that the options describe."""
    from dataclasses import replace

    from rramcirc.basics.units import parse_number
    from rramcirc.studies.array.writing import default_pulses

    pulse = replace(default_pulses(setup)[kind], width=parse_number(width, "s", "--width"), scheme=scheme)
    if amplitude is not None:
        pulse = replace(pulse, amplitude=parse_number(amplitude, "V", "--amplitude"))
    return pulse if write_gate is None else replace(pulse, gate_voltage=parse_number(write_gate, "V", "--write-gate"))


@click.command(
    epilog="""\b
Example:
  rramcirc study write-energy --rows 8 -o study
"""
)
@array_options(16)
@engine_option("numpy")
@click.option("--width", metavar="S", default="1u", show_default=True, help="Of the write pulses.")
@seed_option
@output_option
def write_energy(engine: str, width: str, seed: int, output: Path | None, **options: Unpack[ArrayOptions]) -> None:
    """Energy and line currents of writing the nearest, a middle and the farthest cell, SET and RESET."""
    from dataclasses import replace

    from rramcirc.basics.units import format_number, parse_number
    from rramcirc.figures.tables import plot_curves
    from rramcirc.studies.array.writing import default_pulses, write_energy

    setup, seconds = read_array(options), parse_number(width, "s", "--width")
    pulses = {kind: replace(pulse, width=seconds) for kind, pulse in default_pulses(setup).items()}
    table = write_energy(setup, pulses, engine=engine, seed=seed)
    heads = ("before", "after", "energy", "in the RRAM", "BL", "SL", "WL")
    click.echo(f"{'':<6} {'row':>4} {'column':>6} " + " ".join(f"{head:>11}" for head in heads))
    units = table.attrs["units"]
    for row in table.to_dict("records"):
        cells = [format_number(row[name], units[name], 4) for name in list(row)[3:]]
        click.echo(f"{row['kind']:<6} {row['row']:>4} {row['column']:>6} " + " ".join(f"{c:>11}" for c in cells))
    if output:
        write_table(table, output / "write-energy.csv")
        curves = {k: (part["row"], part["energy"] * 1e12) for k, part in table.groupby("kind", sort=False)}
        plot_curves(
            curves, output / "write-energy.png", x="row (and column) of the cell", y="energy of all drivers [pJ]"
        )
    say_where(output)


@click.command(
    epilog="""\b
Example:
  rramcirc study disturb --selector none --rows 6 --pulses 5 -o study
"""
)
@array_options(16)
@pulse_options
@click.option("--pulses", default=20, show_default=True, type=click.IntRange(1), help="Write pulses on the cell.")
@engine_option("numpy")
@output_option
def disturb(
    kind: str, amplitude: str | None, width: str, write_gate: str | None, scheme: str, pulses: int, engine: str,
    output: Path | None, **options: Unpack[ArrayOptions],
) -> None:  # fmt: skip
    """What write pulses on the middle cell do to half-selected and unselected cells (checkerboard of LRS and HRS)."""
    import numpy as np

    from rramcirc.figures.maps import plot_maps
    from rramcirc.studies.array.writing import disturb

    setup = read_array(options)
    pulse = write_pulse(setup, kind, amplitude, width, write_gate, scheme)
    table = disturb(setup, pulse, pulses=pulses, engine=engine)
    click.echo(f"{pulse.kind} {pulse.amplitude:g} V, {pulse.width:g} s; largest change of conductance at 0.1 V")
    click.echo(f"{'pulses':>6} {'cells':<12} {'state':<5} {'change':>10}")
    for row in table.itertuples():
        click.echo(f"{row.pulses:>6} {row.group:<12} {row.state:<5} {row.change:>10.3g}")
    if output:
        write_table(table, output / "disturb.csv")
        change = table.attrs["map"]
        most = float(np.nanmax(np.abs(change))) or 1.0
        plot_maps({f"after {pulses} pulses": change}, output / "disturb.png", quantity="relative change of conductance",
                  limits=(-most, most), colours="RdBu")  # fmt: skip
    say_where(output)


@click.command(
    epilog="""\b
Example:
  rramcirc study program --rows 2 --quick -o study
"""
)
@array_options(8)
@click.option("--target", metavar="FILE.npy", help="Conductances [S], rows x columns; default drawn log-uniformly.")
@click.option("--lowest", metavar="S", default="30u", show_default=True, help="Least conductance that is drawn.")
@click.option("--highest", metavar="S", default="120u", show_default=True, help="Greatest conductance that is drawn.")
@click.option("--tolerance", default="0.05", show_default=True, help="Of the conductance, relative.")
@engine_option("numpy")
@seed_option
@quick_option
@output_option
def program(
    target: str | None, lowest: str, highest: str, tolerance: str, engine: str, seed: int, quick: bool,
    output: Path | None, **options: Unpack[ArrayOptions],
) -> None:  # fmt: skip
    """Program and verify conductances with incremental pulses.

    Exit status 1 if a cell stays outside the tolerance; with --quick, whose steps are too coarse for most targets,
    such cells are printed and the status is 0.
    """
    import numpy as np

    from rramcirc.basics.errors import ParameterError
    from rramcirc.basics.units import parse_number
    from rramcirc.figures.maps import plot_maps
    from rramcirc.studies.array.programming import ProgramScheme, program
    from rramcirc.studies.array.setup import states_of_bits

    setup = read_array(options)
    array = setup.array(states_of_bits(setup.card, np.zeros((setup.rows, setup.columns), bool)))
    if target is None:
        ends = np.log([parse_number(lowest, "S", "--lowest"), parse_number(highest, "S", "--highest")])
        wanted = np.exp(np.random.default_rng(seed).uniform(ends[0], ends[1], (setup.rows, setup.columns)))
    else:
        try:
            wanted = np.load(target, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise ParameterError(f"--target {target}: is no .npy file of numbers ({error}).") from error
    step = 0.1 if quick else 0.025
    scheme = ProgramScheme(gate_step=step, reset_step=step, tolerance=parse_number(tolerance, "", "--tolerance"),
                           rounds=2 if quick else 4)  # fmt: skip
    show = (lambda share: click.echo(f"\r{100 * share:3.0f} %", nl=False, err=True)) if sys.stderr.isatty() else None
    found = program(array, wanted, scheme, engine=engine, progress=show)
    failed = int(found.failed.sum())
    print_quantities([
        ("cells", float(found.failed.size), "1"),
        ("outside the tolerance", float(failed), "1"),
        ("RMS error", float(np.sqrt(np.mean(found.error**2))), "1"),
        ("worst error", float(np.abs(found.error).max()), "1"),
        ("pulses per cell, mean", float(found.pulses.mean()), "1"),
        ("pulses per cell, most", float(found.pulses.max()), "1"),
        ("energy per cell, mean", float(found.energy.sum() / found.failed.size), "J"),
    ])  # fmt: skip
    for i, j in np.argwhere(found.failed)[:10]:
        click.echo(
            f"failed: cell {i},{j}: {1e6 * found.conductance[i, j]:.4g} uS instead of {1e6 * wanted[i, j]:.4g} uS"
        )
    if output:
        np.save(output / "program-conductance.npy", found.conductance)
        maps = {"target": wanted, "reached": found.conductance}
        plot_maps(maps, output / "program.png", quantity="conductance", unit="S")
        click.echo(f"conductances and picture: {output}", err=True)
    if failed and not quick:
        sys.exit(1)
