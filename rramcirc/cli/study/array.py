"""The studies of reading arrays: rramcirc study ir-drop, read-margin, mvm-error, max-size, yield."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict, Unpack

import click

from rramcirc.cli import completion
from rramcirc.cli.study.common import (
    CommandFunction,
    card_option,
    output_option,
    print_quantities,
    quick_option,
    save,
)
from rramcirc.cli.study.values import array_of_bench

if TYPE_CHECKING:
    from rramcirc.studies.array.setup import ReadArray


class ArrayOptions(TypedDict):
    """The values of `array_options`, as they were typed."""

    card: str
    selector: str | None
    rows: int
    columns: int | None
    wire_resistance: str
    driver_resistance: str
    read_voltage: str
    gate_voltage: str
    source_line: Literal["column", "row"]
    array_of: NotRequired[str | None]


def array_options(size: int, bench: bool = True) -> Callable[[CommandFunction], CommandFunction]:
    """Return the options that say which array; with `bench` also the argument of a testbench file."""

    def add(command: CommandFunction) -> CommandFunction:
        for option in reversed((
            card_option,
            click.option("--selector", metavar="CARD", help="Transistor's card; none is a 1R array.",
                         shell_complete=completion.selectors),
            click.option("--rows", default=size, show_default=True, type=click.IntRange(1), help="Word lines."),
            click.option("--columns", type=click.IntRange(1), help="Bit lines; default as many as rows."),
            click.option("--wire-resistance", metavar="OHM", default="2.5", show_default=True, help="Of a segment."),
            click.option("--driver-resistance", metavar="OHM", default="0", show_default=True, help="Of a driver."),
            click.option("--read-voltage", metavar="V", default="0.2", show_default=True, help="On the bit lines."),
            click.option("--gate-voltage", metavar="V", default="2.0", show_default=True, help="On selected rows."),
            click.option("--source-line", type=click.Choice(["column", "row"]), default="column", show_default=True,
                         help="SL parallel to BL (column) or WL (row)."),
        )):  # fmt: skip
            command = option(command)
        return click.argument("array_of", required=False, metavar="[BENCH.toml]")(command) if bench else command

    return add


def read_array(options: ArrayOptions) -> ReadArray:
    """Return the array that the options describe, or with the levels of the options that of a testbench file."""
    from rramcirc.basics.units import parse_number
    from rramcirc.studies.array.setup import ReadArray

    read = {
        "read_voltage": parse_number(options["read_voltage"], "V", "--read-voltage"),
        "gate_voltage": parse_number(options["gate_voltage"], "V", "--gate-voltage"),
    }
    path = options.get("array_of")
    if path is not None:
        return array_of_bench(path, read)
    return ReadArray(
        options["card"],
        options["rows"],
        options["rows"] if options["columns"] is None else options["columns"],
        wire_resistance=parse_number(options["wire_resistance"], "ohm", "--wire-resistance"),
        driver_resistance=parse_number(options["driver_resistance"], "ohm", "--driver-resistance"),
        **read,
        selector=options["selector"],
        source_line=options["source_line"],
    )


@click.command(
    epilog="""\b
Example:
  rramcirc study ir-drop --rows 64 --wire-resistance 2.5 -o study
"""
)
@click.argument("bench", required=False, metavar="[BENCH.toml]")
@array_options(64, bench=False)
@click.option("--seed", default=0, show_default=True, help="Seed of the stored bits.")
@output_option
def ir_drop(bench: str | None, seed: int, output: Path | None, **options: Unpack[ArrayOptions]) -> None:
    """Voltage that is left at every cell when the whole array is read; random bits are stored.

    With BENCH.toml: its crossbar, at the levels that its stimuli have at time 0.
    """
    from rramcirc.circuits.bench_file import load_bench
    from rramcirc.studies.doors.reading import ir_drop

    answer = ir_drop(read_array(options) if bench is None else load_bench(bench), seed=seed)
    print_quantities(answer.quantities)
    row, column = answer.details["worst cell"]
    click.echo(f"worst cell: row {row}, column {column}")
    save(answer, output)


@click.command(
    epilog="""\b
Example:
  rramcirc study read-margin --selector none --card stanford_gap_v1 --rows 32 -o study
"""
)
@array_options(64)
@output_option
def read_margin(output: Path | None, **options: Unpack[ArrayOptions]) -> None:
    """LRS against HRS current of the farthest cell, with sneak paths, for arrays up to the given size."""
    from rramcirc.basics.units import format_number
    from rramcirc.studies.doors.reading import read_margin

    answer = read_margin(read_array(options))
    click.echo(f"{'size':>5} {'scheme':<9} {'others':<13} {'LRS':>10} {'HRS':>10} {'sneak':>7} {'margin':>7}")
    for row in answer.table.itertuples():
        currents = " ".join(f"{format_number(i, 'A', 3):>10}" for i in (row.i_lrs, row.i_hrs))
        sneak = round(row.sneak, 3) + 0.0  # no minus before zero
        click.echo(f"{row.size:>5} {row.scheme:<9} {row.pattern:<13} {currents} {sneak:>7.3f} {row.margin:>7.3f}")
    save(answer, output)


@click.command(
    epilog="""\b
Example:
  rramcirc study mvm-error --rows 64 --wire-resistance 1 -o study
"""
)
@array_options(64)
@click.option("--patterns", default=16, show_default=True, type=click.IntRange(1), help="Random input patterns.")
@click.option("--seed", default=0, show_default=True, help="Seed of stored bits and patterns.")
@output_option
def mvm_error(patterns: int, seed: int, output: Path | None, **options: Unpack[ArrayOptions]) -> None:
    """Matrix-vector products against those of the same cells without wires: per column, per pattern, RMS, worst."""
    from rramcirc.studies.doors.reading import mvm_error

    answer = mvm_error(read_array(options), patterns=patterns, seed=seed)
    print_quantities(answer.quantities)
    save(answer, output)


@click.command(
    epilog="""\b
Example:
  rramcirc study max-size --error 0.05 --wire-resistance 1 -o study
"""
)
@array_options(64)
@click.option("--error", default="0.05", show_default=True, help="Largest error of the worst column.")
@click.option("--largest", default=256, show_default=True, type=click.IntRange(1), help="No larger array is tried.")
@output_option
def max_size(error: str, largest: int, output: Path | None, **options: Unpack[ArrayOptions]) -> None:
    """Largest square array whose worst product (all cells LRS, all rows on) keeps within an error."""
    from rramcirc.basics.units import parse_number
    from rramcirc.studies.doors.reading import max_size

    limit = parse_number(error, "", "--error")
    answer = max_size(read_array(options), limit, largest=largest)
    for row in answer.table.itertuples():
        click.echo(f"{row.size:>5} x {row.size:<5} error {row.error:.4f}")
    found = answer.table.attrs["max_size"]
    more = " (the largest that was tried)" if found == largest else ""
    click.echo(f"largest array within {limit:g}: {found} x {found}{more}")
    save(answer, output)


@click.command(
    name="yield",
    epilog="""\b
Example:
  rramcirc study yield --rows 16 --quick -o study
""",
)
@array_options(32)
@click.option("--arrays", default=20, show_default=True, type=click.IntRange(1), help="Arrays that are drawn.")
@click.option("--seed", default=0, show_default=True, help="Seed of devices and stored bits.")
@quick_option
@output_option
def yield_(arrays: int, seed: int, quick: bool, output: Path | None, **options: Unpack[ArrayOptions]) -> None:
    """Bits that arrays with the card's device-to-device spread read wrong, row by row."""
    from rramcirc.studies.doors.reading import yield_

    answer = yield_(read_array(options), arrays=arrays, seed=seed, quick=quick)
    print_quantities(answer.quantities)
    save(answer, output)
