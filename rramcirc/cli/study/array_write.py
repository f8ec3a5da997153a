"""The studies of writing arrays: rramcirc study write-energy, disturb, program."""

from __future__ import annotations

import sys
from collections.abc import Callable
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
    save,
    seed_option,
)

if TYPE_CHECKING:
    from rramcirc.studies.array.setup import ReadArray
    from rramcirc.studies.array.writing import WritePulse


def pulse_options(command: CommandFunction) -> CommandFunction:
    """Return the options of a write pulse."""
    for option in reversed((
        click.option("--kind", type=click.Choice(["SET", "RESET"]), default="SET", show_default=True, help="Polarity."),
        click.option("--amplitude", metavar="V", help="Between the lines of the cell; default from the card."),
        click.option("--pulse-width", "width", metavar="S", default="1u", show_default=True,
                     help="Time at full amplitude."),
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

    pulse = replace(default_pulses(setup)[kind], width=parse_number(width, "s", "--pulse-width"), scheme=scheme)
    if amplitude is not None:
        pulse = replace(pulse, amplitude=parse_number(amplitude, "V", f"amplitude of the {kind} pulse"))
    return pulse if write_gate is None else replace(pulse, gate_voltage=parse_number(write_gate, "V", "--write-gate"))


def cell_option(multiple: bool = False) -> Callable[[CommandFunction], CommandFunction]:
    """Return the option that says which cells are written."""
    text = "Cell that is written, counted from 0" + (
        "; may be given several times." if multiple else "; default middle."
    )
    return click.option("--cell", "cells" if multiple else "cell", multiple=multiple, metavar="ROW,COLUMN", help=text)


def _place(text: str) -> tuple[int, int]:
    """Return row and column as they were typed."""
    from rramcirc.basics.errors import ParameterError

    row, _, column = text.partition(",")
    if not (row.strip().isdecimal() and column.strip().isdecimal()):
        raise ParameterError(f"--cell {text}: write ROW,COLUMN, counted from 0, as in --cell 2,3.")
    return int(row), int(column)


@click.command(
    epilog="""\b
Example:
  rramcirc study write-energy --rows 4 -o study
  rramcirc study write-energy --rows 3 --cell 1,2 --set-amplitude 1.8 --reset-amplitude 1.4
"""
)
@array_options(16)
@engine_option(None)
@cell_option(multiple=True)
@click.option("--set-amplitude", metavar="V", help="Of the SET pulse; default from the card.")
@click.option("--reset-amplitude", metavar="V", help="Of the RESET pulse; default from the card.")
@click.option("--pulse-width", "width", metavar="S", default="1u", show_default=True, help="Of the write pulses.")
@seed_option
@output_option
def write_energy(
    engine: str | None, cells: tuple[str, ...], set_amplitude: str | None, reset_amplitude: str | None, width: str,
    seed: int, output: Path | None, **options: Unpack[ArrayOptions],
) -> None:  # fmt: skip
    """Energy and line currents of writing single cells, SET and RESET; by default the nearest, a middle, the farthest.

    With BENCH.toml: cells, size, wires and drivers of its crossbar.
    """
    from rramcirc.basics.units import format_number
    from rramcirc.studies.doors.writing import write_energy

    setup = read_array(options)
    given = {"SET": set_amplitude, "RESET": reset_amplitude}
    pulses = {kind: write_pulse(setup, kind, volts, width, None, "V/2") for kind, volts in given.items()}
    places = [_place(text) for text in cells] or None
    answer = write_energy(setup, pulses, cells=places, engine=engine, seed=seed)
    heads = ("before", "after", "energy", "in the RRAM", "BL", "SL", "WL")
    click.echo(f"{'':<6} {'row':>4} {'column':>6} " + " ".join(f"{head:>11}" for head in heads))
    units = answer.table.attrs["units"]
    for row in answer.table.to_dict("records"):
        shown = [format_number(row[name], units[name], 4) for name in list(row)[3:]]
        click.echo(f"{row['kind']:<6} {row['row']:>4} {row['column']:>6} " + " ".join(f"{c:>11}" for c in shown))
    save(answer, output)


@click.command(
    epilog="""\b
Example:
  rramcirc study disturb --selector none --rows 4 --pulses 3 -o study
  rramcirc study disturb --rows 3 --cell 0,2 --amplitude 1.8 --pulses 2
"""
)
@array_options(16)
@pulse_options
@click.option("--pulses", default=20, show_default=True, type=click.IntRange(1), help="Write pulses on the cell.")
@cell_option()
@engine_option(None)
@output_option
def disturb(
    kind: str, amplitude: str | None, width: str, write_gate: str | None, scheme: str, pulses: int, cell: str | None,
    engine: str | None, output: Path | None, **options: Unpack[ArrayOptions],
) -> None:  # fmt: skip
    """What write pulses on one cell do to half-selected and unselected cells (checkerboard of LRS and HRS).

    With BENCH.toml: cells, size, wires and drivers of its crossbar.
    """
    from rramcirc.studies.doors.writing import disturb

    setup = read_array(options)
    pulse = write_pulse(setup, kind, amplitude, width, write_gate, scheme)
    answer = disturb(setup, pulse, pulses=pulses, cell=None if cell is None else _place(cell), engine=engine)
    click.echo(
        f"{pulse.kind} {pulse.amplitude:g} V, {pulse.width:g} s; largest change of conductance at 0.1 V, relative"
    )
    click.echo(f"{'pulses':>6} {'cells':<12} {'state':<5} {'change [1]':>10}")
    for row in answer.table.itertuples():
        click.echo(f"{row.pulses:>6} {row.group:<12} {row.state:<5} {row.change:>10.3g}")
    save(answer, output)


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
@engine_option(None)
@seed_option
@quick_option
@output_option
def program(
    target: str | None, lowest: str, highest: str, tolerance: str, engine: str | None, seed: int, quick: bool,
    output: Path | None, **options: Unpack[ArrayOptions],
) -> None:  # fmt: skip
    """Program and verify conductances with incremental pulses.

    Exit status 1 if a cell stays outside the tolerance; with --quick, whose steps are too coarse for most targets,
    such cells are printed and the status is 0.
    """
    from rramcirc.basics.errors import ParameterError
    from rramcirc.basics.files import load_array
    from rramcirc.basics.units import parse_number
    from rramcirc.studies.doors.writing import program

    setup = read_array(options)
    wanted = None
    if target is not None:
        try:
            wanted = load_array(target)
        except (OSError, ValueError) as error:
            raise ParameterError(f"--target {target}: is no .npy file of numbers ({error}).") from error
    show = (lambda share: click.echo(f"\r{100 * share:3.0f} %", nl=False, err=True)) if sys.stderr.isatty() else None
    answer = program(
        setup, wanted, lowest=parse_number(lowest, "S", "--lowest"), highest=parse_number(highest, "S", "--highest"),
        tolerance=parse_number(tolerance, "", "--tolerance"), engine=engine, seed=seed, quick=quick, progress=show,
    )  # fmt: skip
    print_quantities(answer.quantities)
    failed = answer.table[answer.table["failed"]]
    for cell in failed.head(10).itertuples():
        reached, asked = 1e6 * cell.conductance, 1e6 * cell.target
        click.echo(f"failed: cell {cell.row},{cell.column}: {reached:.4g} uS instead of {asked:.4g} uS")
    save(answer, output, "conductances and picture")
    if len(failed) and not quick:
        sys.exit(1)
