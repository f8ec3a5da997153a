"""`rramcirc characterise`: the pulse table of a card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rramcirc.cli import completion

if TYPE_CHECKING:
    from rramcirc.devices.pulses.table import PulseTable

EXAMPLE = """\b
PULSES.toml says what is measured; every line may be left out:
  amplitudes = [-0.9, -0.7, 0.9, 1.1]      # TE against SL [V], positive is SET
  widths = ["20u", "200u", "2m"]           # overlap of gate and TE pulse [s]
  gates = [3.0, 3.1]                       # gate against bulk [V]
  states = [0, 0.01, 0.1, 0.5, 1.0]        # 0 is HRS, 1 is LRS
  common_mode = 1.6                        # SL against bulk [V]
  conductance = ["5u", "100u"]             # of states 0 and 1 [S]; default those of the card
  devices = 32                             # of the pool, cycles = 3, seed = 1

\b
Example:
  rramcirc characterise hfo2_filament --quick -o pulses.npz
"""


@click.command(epilog=EXAMPLE)
@click.argument("card", shell_complete=completion.cards)
@click.option("--pulses", "pulses_file", metavar="FILE.toml", help="Amplitudes, widths, gate voltages, states, pool.")
@click.option("--selector", default="nmos_select", show_default=True, help="Transistor's card; none is a 1R cell.")
@click.option("--engine", default="numpy", show_default=True, help="numpy (compiled model in bulk) or ngspice.")
@click.option("--quick", is_flag=True, help="Two amplitudes, one gate voltage, few devices.")
@click.option("--json", "as_json", is_flag=True, help="Print for machines.")
@click.option(
    "-o", "--output", metavar="TABLE.npz", help="Default: beside the card; the cache, for one of the library."
)
def characterise(
    card: str, pulses_file: str | None, selector: str, engine: str, quick: bool, as_json: bool, output: str | None
) -> None:
    """Measure which state a pulse leaves a 1T1R cell in: state x amplitude x width x gate voltage, mean and spread.

    The table is measured again only if card, models, compiler or pulses changed.
    """
    from dataclasses import replace

    from rramcirc.studies.characterise import PulseGrid, load_grid, stored_table

    grid = load_grid(pulses_file) if pulses_file else PulseGrid()
    if quick:
        ends = (grid.amplitudes[0], grid.amplitudes[-1])
        grid = replace(
            grid, amplitudes=ends, gates=grid.gates[-1:], states=grid.states[::3], widths=grid.widths[::3],
            devices=min(grid.devices, 12), cycles=min(grid.cycles, 2),
        )  # fmt: skip
    chosen = None if selector == "none" else selector
    path = None if output is None else Path(output)
    table, path, measured = stored_table(card, grid, selector=chosen, engine=engine, path=path)
    if as_json:
        click.echo(json.dumps({"table": str(path), "measured": measured, "error": dict(table.error),
                               "provenance": dict(table.provenance)}, indent=2))  # fmt: skip
        return
    click.echo(f"{'measured' if measured else 'unchanged'}: {path}", err=True)
    _print(table)


def _print(table: PulseTable) -> None:
    """Print what the table holds, what its strongest pulses do, and its errors."""
    from rramcirc.basics.units import format_number

    for name, unit in (("amplitude", "V"), ("width", "s"), ("gate", "V"), ("state", "")):
        axis = getattr(table, name)
        click.echo(f"{name:<9} {axis.size:3d} from {format_number(axis[0], unit)} to {format_number(axis[-1], unit)}")
    click.echo(f"conductance from {format_number(table.g_hrs, 'S')} (state 0) to {format_number(table.g_lrs, 'S')} (1)")
    gate, width = table.gate[-1], table.width[table.width.size // 2]
    click.echo(f"state after one pulse of {format_number(width, 's')}, gate {format_number(gate, 'V')}:")
    for amplitude in table.amplitude:
        start = 0.0 if amplitude > 0 else 1.0
        mean = float(table.apply(start, amplitude, width, gate))
        device, cycle = (float(spread) for spread in table.spread(start, amplitude, width, gate))
        spreads = f"spread between devices {device:.3f}, from cycle to cycle {cycle:.3f}"
        click.echo(f"  {format_number(amplitude, 'V'):>8} from {start:g}: {mean:6.3f}, {spreads}")
    texts = {
        "mean": "mean, between states and widths, largest", "mean_rms": "the same, root mean square",
        "distribution": "distribution, largest", "between_amplitudes": "mean, between amplitudes, largest",
        "between_gates": "mean, between gate voltages, largest", "sampling": "standard error of the pool, largest",
        "sequence": "mean after up to 10 pulses, largest",
    }  # fmt: skip
    click.echo("error of the table [state]")
    for name, value in table.error.items():
        click.echo(f"  {texts.get(name, name):<42} {value:.4f}")
