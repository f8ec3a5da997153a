"""The studies of reading arrays: rramcirc study ir-drop, read-margin, mvm-error, max-size, yield."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

import click

from rramcirc.cli.study.common import (
    CommandFunction,
    card_option,
    output_option,
    print_quantities,
    quick_option,
    say_where,
    write_table,
)

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


def array_options(size: int) -> Callable[[CommandFunction], CommandFunction]:
    """Return the options that say which array."""

    def add(command: CommandFunction) -> CommandFunction:
        for option in reversed((
            card_option,
            click.option("--selector", metavar="CARD", help="Transistor's card; none is a 1R array."),
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
        return command

    return add


def read_array(options: ArrayOptions) -> ReadArray:
    """Return the array that the options describe."""
    from rramcirc.basics.units import parse_number
    from rramcirc.studies.array.setup import ReadArray

    return ReadArray(
        options["card"],
        options["rows"],
        options["rows"] if options["columns"] is None else options["columns"],
        wire_resistance=parse_number(options["wire_resistance"], "ohm", "--wire-resistance"),
        driver_resistance=parse_number(options["driver_resistance"], "ohm", "--driver-resistance"),
        read_voltage=parse_number(options["read_voltage"], "V", "--read-voltage"),
        gate_voltage=parse_number(options["gate_voltage"], "V", "--gate-voltage"),
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
@array_options(64)
@click.option("--seed", default=0, show_default=True, help="Seed of the stored bits.")
@output_option
def ir_drop(bench: str | None, seed: int, output: Path | None, **options: Unpack[ArrayOptions]) -> None:
    """Voltage that is left at every cell when the whole array is read; random bits are stored.

    With BENCH.toml: its crossbar, at the levels that its stimuli have at time 0.
    """
    from rramcirc.circuits.bench_file import load_bench
    from rramcirc.figures.maps import plot_maps
    from rramcirc.studies.array.reading import ir_drop
    from rramcirc.studies.array.setup import random_bits, states_of_bits

    if bench is None:
        setup = read_array(options)
        testbench = setup.bench(setup.array(states_of_bits(setup.card, random_bits(setup, seed))))
    else:
        testbench = load_bench(bench)
    table = ir_drop(testbench)
    worst = table.loc[table["loss"].abs().idxmax()]
    print_quantities([
        ("ideal cell voltage", float(table["ideal"].iloc[0]), "V"),
        ("mean cell voltage", float(table["cell_voltage"].mean()), "V"),
        ("worst cell voltage", float(worst["cell_voltage"]), "V"),
        ("mean loss", float(table["loss"].mean()), "1"),
        ("worst loss", float(worst["loss"]), "1"),
        ("KCL residual", float(table.attrs["kcl_residual"]), "1"),
    ])  # fmt: skip
    click.echo(f"worst cell: row {int(worst['row'])}, column {int(worst['column'])}")
    if output:
        write_table(table, output / "ir-drop.csv")
        shape = table.attrs["shape"]
        maps = {"cell, BL to SL": table["cell_voltage"], "RRAM, TE to BE": table["device_voltage"]}
        plot_maps({k: v.to_numpy().reshape(shape) for k, v in maps.items()}, output / "ir-drop.png",
                  quantity="voltage", unit="V")  # fmt: skip
    say_where(output)


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
    from rramcirc.figures.tables import plot_curves
    from rramcirc.studies.array.reading import read_margin

    setup = read_array(options)
    sizes = sorted({max(1, setup.rows // k) for k in (16, 8, 4, 2, 1)})
    table = read_margin(setup, sizes)
    click.echo(f"{'size':>5} {'scheme':<9} {'others':<13} {'LRS':>10} {'HRS':>10} {'sneak':>7} {'margin':>7}")
    for row in table.itertuples():
        currents = " ".join(f"{format_number(i, 'A', 3):>10}" for i in (row.i_lrs, row.i_hrs))
        sneak = round(row.sneak, 3) + 0.0  # no minus before zero
        click.echo(f"{row.size:>5} {row.scheme:<9} {row.pattern:<13} {currents} {sneak:>7.3f} {row.margin:>7.3f}")
    if output:
        write_table(table, output / "read-margin.csv")
        curves = {s: (part["size"], part["margin"]) for s, part in table.groupby("scheme", sort=False)}
        plot_curves(curves, output / "read-margin.png", x="rows and columns", y="read margin (LRS - HRS) / LRS")
    say_where(output)


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
    from rramcirc.figures.maps import plot_maps
    from rramcirc.studies.array.product import error_figures, mvm_error

    table = mvm_error(read_array(options), patterns=patterns, seed=seed)
    print_quantities([(quantity, value, unit) for quantity, (value, unit) in error_figures(table).items()])
    if output:
        write_table(table, output / "mvm-error.csv")
        error = table["error"].to_numpy().reshape(patterns, -1)
        most = float(abs(error).max()) or 1.0
        plot_maps({"error relative to the largest current": error}, output / "mvm-error.png", quantity="error",
                  limits=(-most, most), colours="RdBu", row_label="input pattern")  # fmt: skip
    say_where(output)


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
    from rramcirc.figures.tables import plot_curves
    from rramcirc.studies.array.product import max_size

    limit = parse_number(error, "", "--error")
    table = max_size(read_array(options), limit, largest=largest)
    for row in table.itertuples():
        click.echo(f"{row.size:>5} x {row.size:<5} error {row.error:.4f}")
    found = table.attrs["max_size"]
    more = " (the largest that was tried)" if found == largest else ""
    click.echo(f"largest array within {limit:g}: {found} x {found}{more}")
    if output:
        write_table(table, output / "max-size.csv")
        plot_curves({"worst column": (table["size"], table["error"])}, output / "max-size.png",
                    x="rows and columns", y="error of the worst column", log=True)  # fmt: skip
    say_where(output)


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
    from rramcirc.figures.tables import plot_probability
    from rramcirc.studies.array.reading import read_yield

    table = read_yield(read_array(options), arrays=min(arrays, 4) if quick else arrays, seed=seed)
    print_quantities([
        ("arrays without an error", float((table["wrong"] == 0).mean()), "1"),
        ("bits read wrong", float(table["wrong"].sum() / table["bits"].sum()), "1"),
        ("threshold", float(table.attrs["threshold"]), "A"),
        ("least LRS current", float(table["least_lrs"].min()), "A"),
        ("greatest HRS current", float(table["greatest_hrs"].max()), "A"),
    ])  # fmt: skip
    if output:
        write_table(table, output / "yield.csv")
        plot_probability(table.attrs["currents"], output / "yield.png", quantity="bit-line current", unit="A")
    say_where(output)
