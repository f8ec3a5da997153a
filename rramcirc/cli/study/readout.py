"""The study of readout circuits: rramcirc study readout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rramcirc.cli.study.common import (
    card_option,
    output_option,
    print_quantities,
    quick_option,
    save,
    seed_option,
)
from rramcirc.cli.study.values import bench_argument, readout_of

if TYPE_CHECKING:
    from rramcirc.devices.cards.model_card import ModelCard


@click.command(
    epilog="""\b
Example:
  rramcirc study readout --quick -o study
"""
)
@bench_argument
@card_option
@click.option("--size", type=click.IntRange(2), help="Rows and columns of the array, even (default 32; quick 8).")
@click.option("--vectors", default=16, show_default=True, type=click.IntRange(2), help="Input vectors.")
@click.option("--feedback-resistance", metavar="OHM", default="10k", show_default=True, help="Of the single channels.")
@click.option("--gain", default="10k", show_default=True, help="Open-loop gain of the amplifiers.")
@click.option("--gain-bandwidth", metavar="HZ", default="500meg", show_default=True, help="Of the amplifiers.")
@click.option("--offset", metavar="V", default="0", show_default=True, help="Input-referred offset.")
@seed_option
@quick_option
@output_option
def readout(bench: str | None, card: str, size: int | None, vectors: int, feedback_resistance: str, gain: str,
            gain_bandwidth: str, offset: str, seed: int, quick: bool, output: Path | None) -> None:  # fmt: skip
    """Linearity, bandwidth, settling, offset, noise and energy of readouts, and an array's errors with them.

    First one channel each of a transimpedance amplifier, a virtual ground and a current mirror, then a differential
    array of random weights with transimpedance amplifiers, all input vectors in one sweep. Runs in ngspice.

    With BENCH.toml of a readout: its RRAM card and channels in place of the options, and its rows without --size.
    """
    from rramcirc.basics.errors import ParameterError
    from rramcirc.basics.units import format_number, parse_number
    from rramcirc.circuits.readout.readout import Readout
    from rramcirc.studies.doors.readout import readout as run

    if size is not None and size % 2:
        raise ParameterError(f"--size {size}: pairs of columns G+ and G- need an even number.")
    circuit = Readout(
        "tia", parse_number(feedback_resistance, "ohm", "--feedback-resistance"), gain=parse_number(gain, "", "--gain"),
        gain_bandwidth=parse_number(gain_bandwidth, "Hz", "--gain-bandwidth"),
        offset=parse_number(offset, "V", "--offset"),
    )  # fmt: skip
    chosen: str | ModelCard = card
    if bench is not None:
        array, circuit = readout_of(bench)
        chosen, size = array.cell.rram, array.rows if size is None else size
    answer = run(chosen, circuit, size=size, vectors=vectors, seed=seed, quick=quick)
    table = answer.table
    click.echo(f"{'one channel':<20}" + "".join(f"{kind:>22}" for kind in table["kind"]))
    longer = {"settling time": "settling to 0.1 %", "noise": "noise, all of it", "energy": "energy, 100 ns read"}
    for name, unit in table.attrs["units"].items():
        click.echo(
            f"{longer.get(name, name):<20}" + "".join(f"{format_number(value, unit):>22}" for value in table[name])
        )
    count = answer.details["array"].design.array.rows
    click.echo(f"\ndifferential array, {count} x {count}, {vectors} input vectors in one sweep")
    print_quantities(answer.quantities)
    save(answer, output)
