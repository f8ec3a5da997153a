"""One device under test: its I-V loop, and what single pulses do to it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.analysis.measurements import reset_voltage, set_voltage
from rramcirc.basics.errors import ParameterError, a_kind
from rramcirc.bench.analyses import Transient
from rramcirc.bench.stimuli import Constant, Stimulus, pulse_sequence
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.bench import butterfly
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.states import with_state
from rramcirc.circuits.request import Request
from rramcirc.circuits.table import default_bench
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.engines.simulation import simulate

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

READ_VOLTAGE = 0.1  # [V] across the cell


def default_cell(card: ModelCard | str | Cell) -> Cell:
    """Return the cell that a card's own butterfly is drawn with, 1R or 1T1R with its selector; a cell as it is."""
    if isinstance(card, Cell):
        return card
    if isinstance(card, ModelCard):
        selector = card.butterfly.selector
        return Cell(card, None if selector == "none" else load_card(selector))
    if not isinstance(card, str):
        raise ParameterError(f"the name or file of a model card, or a Cell, is needed, not {a_kind(card)}.")
    cell = default_bench("cell", Request(rram=card)).design
    assert isinstance(cell, Cell)
    return cell


def iv(card: ModelCard | str | Cell, *, cycles: int = 2, engine: str = "ngspice") -> pd.DataFrame:
    """Return the I-V loop of a cell, a card's default one, in its steady cycle.

    Parameters
    ----------
    card
        Name or file of an RRAM card, or a cell.
    cycles
        Loops; the last one is returned.

    Returns
    -------
    DataFrame
        time [s], voltage across the cell [V], current TE to BE [A], and the states.
    """
    import pandas as pd

    cell = default_cell(card)
    for _ in range(cycles):
        waves = simulate(butterfly(cell), engine)
        final = waves.final()
        cell = with_state(cell, {name: final[name] for name in cell.states})
    below = waves["v(sl)"] if cell.selector else waves["v(wl)"]
    columns = {"time": waves.time, "voltage": waves["v(bl)"] - below, "current": waves["current"]}
    table = pd.DataFrame(columns | {name: waves[name] for name in cell.states})
    table.attrs["units"] = {"time": "s", "voltage": "V", "current": "A"} | {n: waves.unit(n) for n in cell.states}
    gate = f"gate {waves['v(wl)'].min():g} to {waves['v(wl)'].max():g} V" if cell.selector else ""
    table.attrs["made"] = ", ".join(filter(None, (cell.description, gate, engine)))  # for the title of a picture
    return table


def iv_figures(table: pd.DataFrame) -> dict[str, tuple[float, str]]:
    """Return what an I-V loop says: quantity -> (value, unit).

    SET voltage: steepest rise of the current. RESET voltage: largest RESET current. LRS and HRS are read at a tenth of
    the SET peak on the two branches.
    """
    voltage, current = table["voltage"].to_numpy(), table["current"].to_numpy()
    top = int(voltage.argmax())
    read = 0.1 * voltage[top]
    up, down = slice(1, top + 1), slice(top, int(np.argmax(voltage[top:] <= 0)) + top)
    hrs = read / np.interp(read, voltage[up], current[up])
    lrs = read / np.interp(read, voltage[down][::-1], current[down][::-1])
    return {
        "SET voltage": (set_voltage(voltage, current), "V"),
        "RESET voltage": (reset_voltage(voltage, current), "V"),
        "largest SET current": (float(current.max()), "A"),
        "largest RESET current": (float(-current.min()), "A"),
        "LRS": (float(lrs), "ohm"),
        "HRS": (float(hrs), "ohm"),
        "window HRS / LRS": (float(hrs / lrs), "1"),
    }


def pulse(
    card: ModelCard | str | Cell,
    *,
    widths: tuple[float, ...] = (1e-3, 1e-6, 1e-8),
    points: int = 8,
    engine: str = "ngspice",
) -> pd.DataFrame:
    """Return the resistance after single SET and RESET pulses of rising amplitude.

    SET pulses start from the state that the I-V loop ends in, RESET pulses from the one at its SET peak.

    Parameters
    ----------
    card
        Name or file of an RRAM card, or a cell.
    widths
        Pulse widths [s].
    points
        Amplitudes per polarity, from 30 % to 150 % of the card's sweep.

    Returns
    -------
    DataFrame
        polarity, width [s], amplitude [V, positive], before [ohm], after [ohm] at 0.1 V.
    """
    import pandas as pd

    loop = iv(card, engine=engine)
    cell = default_cell(card)
    at_top = loop.iloc[int(np.argmax(loop["voltage"].to_numpy() * (loop["current"] > 0).to_numpy()))]
    starts = {"SET": loop.iloc[-1], "RESET": at_top}
    sweep = cell.rram.butterfly
    peaks = {"SET": sweep.set_voltage, "RESET": sweep.reset_voltage}
    rows = []
    for polarity, start in starts.items():
        ready = with_state(cell, {name: float(start[name]) for name in cell.states})
        for width in widths:
            for amplitude in np.linspace(0.3, 1.5, points) * peaks[polarity]:
                before, after = _one_pulse(ready, polarity, width, float(amplitude), engine)
                rows.append((polarity, width, float(amplitude), before, after))
    table = pd.DataFrame(rows, columns=["polarity", "width", "amplitude", "before", "after"])
    table.attrs["units"] = {"width": "s", "amplitude": "V", "before": "ohm", "after": "ohm"}
    return table


def _one_pulse(cell: Cell, polarity: str, width: float, amplitude: float, engine: str) -> tuple[float, float]:
    """Return the RRAM's resistance [ohm] read before and after one pulse."""
    edge = width / 50
    read = (READ_VOLTAGE, width / 4)
    at = np.array([2 * edge, width / 4 + 6 * edge, 1.25 * width + 10 * edge])
    read_only = pulse_sequence(at[[0, 2]], read[1], read[0], edge=edge)
    signed = amplitude if polarity == "SET" else -amplitude
    shaped = pulse_sequence(at, [read[1], width, read[1]], [read[0], signed, read[0]], edge=edge)
    stimuli: dict[str, Stimulus] = {"bl": shaped}
    if cell.selector is not None:
        lifted = pulse_sequence(at[[1]], width, amplitude, edge=edge)
        stimuli = {"bl": shaped, "wl": Constant(1.1 if polarity == "SET" else 3.0)}
        if polarity == "RESET":
            stimuli |= {"bl": read_only, "sl": lifted}
    stop = at[2] + read[1] + 4 * edge
    bench = Testbench(cell, Transient(float(stop), max_step=width / 20), stimuli, probes=("conductance",))
    waves = simulate(bench, engine)
    middle = at[[0, 2]] + edge + 0.6 * read[1]
    before, after = 1 / np.interp(middle, waves.time, waves["conductance"])
    return float(before), float(after)


def plot_pulse(table: pd.DataFrame, path: str | os.PathLike[str] | None = None) -> Figure:
    """Draw resistance after the pulse against amplitude, one line per width."""
    from rramcirc.basics.units import format_number
    from rramcirc.figures.tables import plot_curves

    curves = {}
    for (polarity, width), part in table.groupby(["polarity", "width"], sort=False):
        sign = 1 if polarity == "SET" else -1
        curves[f"{polarity}, {format_number(width, 's')}"] = (
            sign * part["amplitude"].to_numpy(),
            part["after"].to_numpy(),
        )
    return plot_curves(curves, path, x="pulse amplitude [V]", y="resistance after the pulse [ohm]", log=True)
