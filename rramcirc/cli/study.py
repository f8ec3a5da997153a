"""rramcirc study."""

from __future__ import annotations

from pathlib import Path

import click

STUDIES = {
    "iv": "I-V loop of a card's cell: SET and RESET voltage, LRS, HRS, currents",
    "pulse": "resistance after single SET and RESET pulses against amplitude and width",
}
EXAMPLE = """\b
Example:
  rramcirc study
  rramcirc study iv --card stanford_gap_v1 -o study
  rramcirc study pulse --card hfo2_filament --quick -o study
"""


@click.command(epilog=EXAMPLE)
@click.argument("name", required=False)
@click.option("--card", default="hfo2_filament", show_default=True, help="RRAM card, a name or a file.")
@click.option("--engine", default="ngspice", show_default=True, help="Engine that simulates.")
@click.option("--quick", is_flag=True, help="Fewer points.")
@click.option("-o", "--output", metavar="DIR", help="Folder for table and picture.")
def study(name: str | None, card: str, engine: str, quick: bool, output: str | None) -> None:
    """Answer a question about a device or circuit with a table and a picture; without NAME list the questions."""
    from rramcirc.errors import ParameterError, unknown_name
    from rramcirc.simulation import ENGINES

    if name is None:
        for known, text in STUDIES.items():
            click.echo(f"{known:<8} {text}")
        return
    if name not in STUDIES:
        raise ParameterError(unknown_name("study", name, STUDIES, "`rramcirc study` lists all."))
    if engine not in ENGINES:
        raise ParameterError(unknown_name("engine", engine, ENGINES))
    folder = Path(output) if output else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    {"iv": _iv, "pulse": _pulse}[name](card, engine, quick, folder)
    if folder:
        click.echo(f"table and picture: {folder}", err=True)


def _iv(card: str, engine: str, quick: bool, folder: Path | None) -> None:
    from rramcirc.plotting import plot_butterfly
    from rramcirc.studies.device import iv, iv_figures
    from rramcirc.units import format_number

    table = iv(card, cycles=1 if quick else 2, engine=engine)
    for quantity, (value, unit) in iv_figures(table).items():
        click.echo(f"{quantity:<22} {format_number(value, unit)}")
    if folder:
        _csv(table, folder / "iv.csv")
        plot_butterfly(table["voltage"].to_numpy(), table["current"].to_numpy(), folder / "iv.png", title=card)


def _pulse(card: str, engine: str, quick: bool, folder: Path | None) -> None:
    from rramcirc.studies.device import plot_pulse, pulse
    from rramcirc.units import format_number

    table = pulse(card, points=4 if quick else 8, engine=engine)
    click.echo(f"{'':<6} {'width':>8} {'amplitude':>10} {'before':>12} {'after':>12}")
    for row in table.itertuples():
        cells = [(row.width, "s", 8), (row.amplitude, "V", 10), (row.before, "ohm", 12), (row.after, "ohm", 12)]
        click.echo(f"{row.polarity:<6} " + " ".join(f"{format_number(v, u):>{w}}" for v, u, w in cells))
    if folder:
        _csv(table, folder / "pulse.csv")
        plot_pulse(table, folder / "pulse.png")


def _csv(table, path: Path) -> None:
    units = table.attrs["units"]
    table.rename(columns={c: f"{c} [{units[c]}]" for c in table.columns if units.get(c)}).to_csv(path, index=False)
