"""A first look: the I-V loop of a 1T1R cell, then an array in which one cell is written and all are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rramcirc.analysis.measurements import clip, integral, reset_voltage, set_voltage
from rramcirc.basics.arrays import FloatArray
from rramcirc.bench.analyses import Transient
from rramcirc.bench.stimuli import PiecewiseLinear, pulse_sequence
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.bench import butterfly
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.array.line import Line
from rramcirc.circuits.request import RRAM_CARD, SELECTOR_CARD
from rramcirc.devices.cards.card import load_card
from rramcirc.engines.simulation import simulate
from rramcirc.waveforms.waveforms import Waveforms

READ_VOLTAGE = 0.2  # [V]; above it, HRS cells begin to move
HRS = {"diameter": 0.8, "gap": 1.2}  # [nm]: full RESET of the filament card
STORED = {"LRS": {"diameter": 3.0, "gap": 0.0}, "HRS": HRS}


@dataclass(frozen=True)
class Loop:
    """Figures of an I-V loop; the waveforms they come from."""

    set_voltage: float = field(metadata={"desc": "BL-SL voltage of the steepest rise of the current", "units": "V"})
    compliance: float = field(metadata={"desc": "largest SET current, limited by the gate", "units": "A"})
    lrs: float = field(metadata={"desc": "resistance after SET at the read voltage", "units": "ohm"})
    hrs: float = field(metadata={"desc": "resistance before SET at the read voltage", "units": "ohm"})
    reset_voltage: float = field(metadata={"desc": "BL-SL voltage of the largest RESET current", "units": "V"})
    waveforms: Waveforms


def measure_loop(gate_voltage: float = 1.1, engine: str = "ngspice") -> Loop:
    """Simulate SET and RESET of a 1T1R cell at 1 V/s from HRS and return its figures.

    Parameters
    ----------
    gate_voltage
        WL level during SET [V]; it limits the current.
    engine
        Engine that simulates.
    """
    bench = butterfly(
        Cell(load_card(RRAM_CARD), load_card(SELECTOR_CARD), initial_state=HRS), gate_voltage=gate_voltage
    )
    waves = simulate(bench, engine)
    voltage, current = waves["v(bl)"] - waves["v(sl)"], waves["current"]
    turn = int(np.argmax(voltage))
    down = slice(turn, int(np.argmax(voltage[turn:] <= 0)) + turn)
    rising = slice(1, turn)
    return Loop(
        set_voltage=set_voltage(voltage, current),
        compliance=float(current.max()),
        lrs=_resistance_at(voltage[down][::-1], current[down][::-1]),
        hrs=_resistance_at(voltage[rising], current[rising]),
        reset_voltage=reset_voltage(voltage, current),
        waveforms=waves,
    )


def _resistance_at(voltage: FloatArray, current: FloatArray) -> float:
    """Resistance [ohm] at the read voltage on a branch with ascending voltage."""
    return READ_VOLTAGE / float(np.interp(READ_VOLTAGE, voltage, current))


@dataclass(frozen=True)
class ArrayWrite:
    """One cell written, all read before and after; resistances are (rows, columns) arrays [ohm]."""

    row: int
    column: int
    before: FloatArray
    after: FloatArray
    write_energy: float = field(metadata={"desc": "energy that all drivers deliver during the write", "units": "J"})
    waveforms: Waveforms

    @property
    def disturb(self) -> FloatArray:
        """Relative change of every cell's resistance; that of the written cell is NaN."""
        change = self.after / self.before - 1
        change[self.row, self.column] = np.nan
        return change


def write_one_cell(
    rows: int = 4,
    columns: int = 4,
    *,
    row: int = 1,
    column: int = 2,
    wire_resistance: float = 2.5,
    write_width: float = 1e-6,
    engine: str = "ngspice",
) -> ArrayWrite:
    """Read an array row by row, SET one cell, read again, all in one transient.

    A checkerboard of LRS and HRS is stored at the start; the cell that is written is in HRS. A read puts 0.2 V on all
    BL and opens one WL; the resistance is what the drivers see, wires and selector included.

    Parameters
    ----------
    rows, columns
        Size of the array.
    row, column
        The cell that is written.
    wire_resistance
        Of one segment of BL, WL and SL [ohm].
    write_width
        Width of the SET pulse [s].
    """
    array, bench, reads, write = _write_bench(rows, columns, row, column, wire_resistance, write_width)
    waves = simulate(bench, engine)
    measured = [_read_back(waves, window, array.columns) for window in reads]
    power = sum(waves[f"v({line})"] * waves[f"i({line})"] for line in array.lines if line != "bulk")
    values, time = clip(power, waves.time, *write)
    return ArrayWrite(
        row, column, np.array(measured[:rows]), np.array(measured[rows:]), float(integral(values, time)), waves
    )


def _write_bench(
    rows: int, columns: int, row: int, column: int, ohm: float, width: float
) -> tuple[Crossbar, Testbench, list[tuple[float, float]], tuple[float, float]]:
    """Return (array, testbench, read windows before and after row by row, write window)."""
    edge, read = 2e-9, 50e-9
    slot = read + 10 * edge
    write_slot = width + 20 * edge
    starts = np.concatenate([np.arange(rows) * slot, rows * slot + write_slot + np.arange(rows) * slot]) + edge
    write_start = rows * slot + 4 * edge
    hrs = (np.add.outer(np.arange(rows), np.arange(columns)) + row + column) % 2 == 0
    state = {name: np.where(hrs, STORED["HRS"][name], STORED["LRS"][name]) for name in HRS}
    array = Crossbar(
        Cell(load_card(RRAM_CARD), load_card(SELECTOR_CARD)),
        rows,
        columns,
        bl=Line(ohm),
        wl=Line(ohm),
        sl=Line(ohm, end="last"),
        initial_state=state,
    )
    stimuli = {}
    for j in range(columns):
        own = [(t + 2 * edge, read, READ_VOLTAGE) for t in starts]
        if j == column:
            own.insert(rows, (write_start, width, 2.0))
        stimuli[f"bl{j}"] = _sequence(own, edge)
    for i in range(rows):
        own = [(starts[i], read + 4 * edge, 3.0), (starts[rows + i], read + 4 * edge, 3.0)]
        if i == row:
            own.insert(1, (write_start - 2 * edge, width + 4 * edge, 1.2))
        stimuli[f"wl{i}"] = _sequence(own, edge)
    stop = float(starts[-1] + slot)
    windows = [(t + 2 * edge + 0.5 * read, t + 2 * edge + 0.9 * read) for t in starts]
    bench = Testbench(array, Transient(stop, max_step=5e-9), stimuli, name="write one cell, read all before and after")
    return array, bench, windows, (write_start - 3 * edge, write_start + width + 5 * edge)


def _sequence(pulses: Sequence[tuple[float, float, float]], edge: float) -> PiecewiseLinear:
    starts, widths, amplitudes = zip(*pulses, strict=True)
    return pulse_sequence(starts, widths, amplitudes, edge=edge)


def _read_back(waves: Waveforms, window: tuple[float, float], columns: int) -> list[float]:
    """Resistance [ohm] that each BL driver sees in a read window."""
    row = []
    for j in range(columns):
        current, time = clip(waves[f"i(bl{j})"], waves.time, *window)
        voltage, _ = clip(waves[f"v(bl{j})"], waves.time, *window)
        row.append(float(integral(voltage, time) / integral(current, time)))
    return row


__all__ = ["ArrayWrite", "Loop", "measure_loop", "write_one_cell"]
