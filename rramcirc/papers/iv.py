"""The I-V loop of a 1T1R synapse, shared by the papers that measured one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rramcirc.analysis import measurements
from rramcirc.circuits.array.bench import butterfly
from rramcirc.circuits.array.cell import Cell
from rramcirc.devices.cards.card import load_card
from rramcirc.engines.simulation import simulate

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class IvParameters:
    """One quasi-static loop of a 1T1R cell."""

    card: str = "hfo2_filament"
    selector: str = "nmos_select"
    gate_voltage: float = field(default=1.05, metadata={"units": "V", "desc": "WL level in SET; sets the current"})
    reset_gate_voltage: float = field(default=3.0, metadata={"units": "V", "desc": "WL level in RESET"})
    set_voltage: float = field(default=2.0, metadata={"units": "V", "desc": "peak of the SET ramp"})
    reset_voltage: float = field(default=1.0, metadata={"units": "V", "desc": "peak of the RESET ramp (stop voltage)"})
    ramp_rate: float = field(default=1.0, metadata={"units": "V/s", "desc": "slope of the ramps"})
    cycles: int = field(default=2, metadata={"desc": "loops; the last one is the result"})


def iv_loop(parameters: IvParameters, engine: str) -> pd.DataFrame:
    """Return one closed loop: time [s], voltage (BL - SL) [V], current [A], in the steady cycle."""
    import pandas as pd

    from rramcirc.circuits.array.states import with_state

    cell = Cell(load_card(parameters.card), load_card(parameters.selector))
    for _ in range(parameters.cycles):
        bench = butterfly(
            cell, set_voltage=parameters.set_voltage, reset_voltage=parameters.reset_voltage,
            gate_voltage=parameters.gate_voltage, reset_gate_voltage=parameters.reset_gate_voltage,
            ramp_rate=parameters.ramp_rate,
        )  # fmt: skip
        waves = simulate(bench, engine)
        final = waves.final()
        cell = with_state(cell, {name: final[name] for name in cell.states})
    table = pd.DataFrame({"time": waves.time, "voltage": waves["v(bl)"] - waves["v(sl)"], "current": waves["current"]})
    table.attrs["units"] = {"time": "s", "voltage": "V", "current": "A"}
    return table


def resistance_at(table: pd.DataFrame, voltage: float, branch: str) -> float:
    """Return the resistance [ohm] at a positive voltage before (``"up"``) or after (``"down"``) the SET."""
    import numpy as np

    turn = int(table["voltage"].to_numpy().argmax())
    part = table.iloc[: turn + 1] if branch == "up" else table.iloc[turn:]
    part = part[part["voltage"] > 0].sort_values("voltage")
    return voltage / float(np.interp(voltage, part["voltage"], part["current"]))


def set_voltage(table: pd.DataFrame) -> float:
    """Return the SET voltage [V] of a loop."""
    return measurements.set_voltage(table["voltage"], table["current"])


def reset_voltage(table: pd.DataFrame) -> float:
    """Return the RESET voltage [V] of a loop."""
    return measurements.reset_voltage(table["voltage"], table["current"])


def plot_loop(table: pd.DataFrame, path: Path | None) -> Figure:
    """Draw the loop on a logarithmic and a linear axis; None writes nothing."""
    from rramcirc.figures.waveforms import plot_butterfly

    return plot_butterfly(table["voltage"].to_numpy(), table["current"].to_numpy(), path, title="1T1R I-V")
