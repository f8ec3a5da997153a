"""rramcirc demo."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

EXAMPLE = """\b
Example:
  rramcirc demo -o demo-output
"""


@click.command(epilog=EXAMPLE)
@click.option("-o", "--output", default="demo-output", show_default=True, metavar="DIR", help="Where the pictures go.")
def demo(output: str) -> None:
    """Simulate the I-V loop of a 1T1R cell and the write of one cell in a 4 x 4 array; print and draw both."""
    from rramcirc.basics.errors import ParameterError

    folder = Path(output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ParameterError(f"-o {output}: cannot make the folder ({error.strerror}).") from error
    _loop(folder)
    _array(folder)


def _loop(folder: Path) -> None:
    from rramcirc.basics.units import format_number
    from rramcirc.figures.waveforms import plot_butterfly
    from rramcirc.studies.first_look import measure_loop

    click.echo("1T1R cell (hfo2_filament + nmos_select), 1 V/s, from HRS, in ngspice")
    click.echo(f"  {'V_gate':>7} {'V_SET':>8} {'I_C':>10} {'R_LRS':>12} {'R_LRS I_C':>10} {'R_HRS':>12} {'V_RESET':>9}")
    started = time.perf_counter()
    loops = {gate: measure_loop(gate) for gate in (1.0, 1.1, 1.2)}
    seconds = time.perf_counter() - started
    for gate, loop in loops.items():
        cells = [(gate, "V", 7), (loop.set_voltage, "V", 8), (loop.compliance, "A", 10), (loop.lrs, "ohm", 12)]
        cells += [(loop.lrs * loop.compliance, "V", 10), (loop.hrs, "ohm", 12), (loop.reset_voltage, "V", 9)]
        click.echo("  " + " ".join(f"{format_number(value, unit, 3):>{width}}" for value, unit, width in cells))
    waves = loops[1.1].waveforms
    picture = folder / "butterfly.png"
    plot_butterfly(
        waves["v(bl)"] - waves["v(sl)"],
        waves["current"],
        picture,
        title="1T1R cell, gate 1.1 V in SET, 3 V in RESET, 1 V/s",
    )
    waves.save(folder / "butterfly.raw")
    click.echo(f"  three loops in {seconds:.2f} s; picture: {picture}\n")


def _array(folder: Path) -> None:
    import numpy as np

    from rramcirc.basics.units import format_number
    from rramcirc.figures.waveforms import plot_waveforms
    from rramcirc.studies.first_look import write_one_cell

    started = time.perf_counter()
    result = write_one_cell()
    seconds = time.perf_counter() - started
    rows, columns = result.before.shape
    i, j = result.row, result.column
    click.echo(f"{rows} x {columns} array, 2.5 ohm wire segments: SET of cell [{i},{j}] with 2 V, 1 us, gate 1.2 V")
    click.echo("  resistance seen by the drivers at 0.2 V [kohm], before -> after")
    click.echo("       " + "".join(f"{f'bl{c}':^20}" for c in range(columns)))
    for r in range(rows):
        cells = [f"{result.before[r, c] / 1e3:8.3f} -> {result.after[r, c] / 1e3:8.3f}" for c in range(columns)]
        click.echo(f"  wl{r}  " + "".join(f"{text:^20}" for text in cells))
    disturb = result.disturb
    worst = np.unravel_index(np.nanargmax(np.abs(disturb)), disturb.shape)
    same_row, same_column = np.delete(disturb[i], j), np.delete(disturb[:, j], i)
    click.echo(f"  written cell: {_kohm(result.before[i, j])} -> {_kohm(result.after[i, j])}")
    click.echo(
        f"  half-select disturb: same row {_percent(same_row)}, same column {_percent(same_column)}; "
        f"worst cell [{worst[0]},{worst[1]}] {_percent(disturb[worst])}"
    )
    click.echo(f"  energy of the write: {format_number(result.write_energy, 'J')} (all drivers)")
    picture = folder / "array.png"
    lines = [f"v(wl{i})", f"v(bl{j})", "v(bl0)", f"i(bl{j})", "i(bl0)", f"gap[{i},{j}]", f"diameter[{i},{j}]"]
    plot_waveforms(result.waveforms, lines, picture, title=f"SET of cell [{i},{j}] between two reads of the array")
    result.waveforms.save(folder / "array.raw")
    points = result.waveforms.n_points
    click.echo(f"  {points} time points in {seconds:.2f} s; picture: {picture}, waveforms: {folder / 'array.raw'}")
    click.echo(f"\nNext: rramcirc inspect {folder / 'array.raw'} 'gap[1,*]'   and   rramcirc build-netlist --help")


def _kohm(value: float) -> str:
    return f"{value / 1e3:.3f} kohm"


def _percent(values: ArrayLike) -> str:
    import numpy as np

    largest = float(np.ravel(values)[np.argmax(np.abs(values))])
    return f"{100 * largest:+.3g} %"
