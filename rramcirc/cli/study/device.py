"""rramcirc study iv, rramcirc study pulse."""

from __future__ import annotations

from pathlib import Path

import click

from rramcirc.cli.study.common import (
    card_option,
    engine_option,
    output_option,
    print_quantities,
    quick_option,
    save,
)
from rramcirc.cli.study.values import bench_argument, cell_of

IV_EXAMPLE = """\b
Example:
  rramcirc study iv --card stanford_gap_v1 -o study
"""
PULSE_EXAMPLE = """\b
Example:
  rramcirc study pulse --card hfo2_filament --quick -o study
"""


@click.command(epilog=IV_EXAMPLE)
@bench_argument
@card_option
@engine_option()
@quick_option
@output_option
def iv(bench: str | None, card: str, engine: str, quick: bool, output: Path | None) -> None:
    """I-V loop of a card's cell: SET and RESET voltage, LRS, HRS, currents.

    With BENCH.toml: its cell, in its initial state; the voltages are those of its RRAM's card.
    """
    from rramcirc.studies.doors.device import iv

    answer = iv(card if bench is None else cell_of(bench), engine=engine, quick=quick)
    print_quantities(answer.quantities)
    save(answer, output)


@click.command(epilog=PULSE_EXAMPLE)
@bench_argument
@card_option
@engine_option()
@quick_option
@output_option
def pulse(bench: str | None, card: str, engine: str, quick: bool, output: Path | None) -> None:
    """Resistance after single SET and RESET pulses against amplitude and width.

    With BENCH.toml: its cell; the voltages are those of its RRAM's card.
    """
    from rramcirc.basics.units import format_number
    from rramcirc.studies.doors.device import pulse

    answer = pulse(card if bench is None else cell_of(bench), engine=engine, quick=quick)
    click.echo(f"{'':<6} {'width':>8} {'amplitude':>10} {'before':>12} {'after':>12}")
    for row in answer.table.itertuples():
        cells = [(row.width, "s", 8), (row.amplitude, "V", 10), (row.before, "ohm", 12), (row.after, "ohm", 12)]
        click.echo(f"{row.polarity:<6} " + " ".join(f"{format_number(v, u):>{w}}" for v, u, w in cells))
    save(answer, output)
