"""Writing single cells of arrays: pulses on lines, half-selected cells, energy and current of every line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.errors import ParameterError, shown, unknown_name
from rramcirc.basics.fields import number, record, text
from rramcirc.basics.units import whole_number
from rramcirc.bench.analyses import Transient
from rramcirc.bench.stimuli import Constant, Floating, PiecewiseLinear, Stimulus, pulse_sequence
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.array.crossbar_netlist import cell_values
from rramcirc.circuits.array.half_select import half_select
from rramcirc.circuits.array.states import with_state
from rramcirc.devices.compiled.reading import read_current
from rramcirc.engines.simulation import simulate
from rramcirc.studies.array.setup import ReadArray, states_of_bits
from rramcirc.waveforms.waveforms import Waveforms

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
READ_VOLTAGE = 0.1  # [V] at which the conductance of a cell is quoted
EDGE_SHARE = 0.02  # of the width: rise and fall of write pulses
SMALL_CHANGES = {"reltol": 1e-5}  # half-selected cells move by 1e-4, of which 1e-4 leaves 1 % open


@record
class WritePulse:
    """One write pulse."""

    kind: str = text("SET or RESET", default="SET")
    amplitude: float = number("between the lines of the selected cell, positive", "V", default=2.0, above=0.0)
    width: float = number("time at full amplitude", "s", default=1e-6, above=0.0)
    gate_voltage: float = number("of the selected word line, 1T1R only", "V", default=1.1, above=0.0)
    scheme: str = text("what half-selected lines of a 1R array do: V/2 or V/3", default="V/2")

    def _check(self) -> None:
        if self.kind not in ("SET", "RESET"):
            raise ParameterError(f"WritePulse.kind: {unknown_name('pulse', self.kind, ('SET', 'RESET'))}")


def default_pulses(setup: ReadArray) -> dict[str, WritePulse]:
    """Return SET and RESET pulses with the amplitudes of the card's I-V loop, 1 us wide, at full gate for RESET."""
    sweep = setup.rram.butterfly
    return {
        "SET": WritePulse("SET", sweep.set_voltage, 1e-6, 1.1),
        "RESET": WritePulse("RESET", 1.2 * sweep.reset_voltage, 1e-6, 3.3),
    }


def write_stimuli(array: Crossbar, row: int, column: int, pulse: WritePulse, count: int = 1) -> dict[str, Stimulus]:
    """Return the stimuli that write one cell, `count` times.

    1T1R: SET raises the bit line, RESET the source line, never a line below 0 V; lines that would be half selected with
    their gate on are held at the level of their partner. 1R: half selection by V/2 or V/3.
    """
    edge = EDGE_SHARE * pulse.width
    starts = edge + (pulse.width + 4 * edge) * np.arange(count)
    shape = pulse_sequence(starts, pulse.width, pulse.amplitude, edge=edge)
    if array.cell.selector is None:
        signed = shape if pulse.kind == "SET" else PiecewiseLinear(shape.times, -shape.values)
        return half_select(array, row, column, signed, pulse.scheme)
    gate: dict[str, Stimulus] = {f"wl{row}": Constant(pulse.gate_voltage)}
    if pulse.kind == "SET":
        return gate | {f"bl{column}": shape}
    if array.source_line == "column":
        return gate | {f"sl{column}": shape}
    return gate | {"bl": shape, f"bl{column}": Constant(0.0), f"sl{row}": shape}


def write(
    array: Crossbar,
    stimuli: Mapping[str, Stimulus],
    *,
    engine: str = "numpy",
    probes: tuple[str, ...] = (),
    options: Mapping[str, float | str] | None = None,
) -> tuple[Crossbar, Waveforms]:
    """Run write pulses and return the array with the states they leave, and the waveforms.

    Parameters
    ----------
    stimuli
        Line -> stimulus; the run ends with the last corner.
    probes
        Signals that are recorded besides the states.
    options
        Simulator options, for example ``{"reltol": 1e-6}``.
    """
    driven = [s.corners()[0] for s in stimuli.values() if not isinstance(s, Floating)]
    ends = [times for times in driven if len(times) > 1]
    stop = max(float(times[-1]) for times in ends)
    probes = (*(f"{name}[*,*]" for name in array.states), *probes)
    shortest = min(float(np.diff(times)[np.diff(times) > 0].max()) for times in ends)
    bench = Testbench(
        array, Transient(stop, max_step=shortest / 10), dict(stimuli), options=options or {}, probes=probes
    )
    waves = simulate(bench, engine)
    return with_state(array, waves.final()), waves


def conductances(array: Crossbar) -> Array:
    """Return the conductance of every RRAM at 0.1 V across it, without lines and selectors [S]."""
    values = cell_values(array)
    states = {name: values.pop(f"{name}_ini") for name in array.states}
    parameters = {name: np.full(array.shape, v) for name, v in array.cell.rram_parameters.items()} | values
    return read_current(array.cell.rram, states, READ_VOLTAGE, parameters) / READ_VOLTAGE


def write_energy(
    setup: ReadArray,
    pulses: Mapping[str, WritePulse] | None = None,
    *,
    cells: Sequence[tuple[int, int]] | None = None,
    engine: str = "numpy",
    seed: int = 0,
    options: Mapping[str, float | str] | None = None,
) -> pd.DataFrame:
    """Return energy and currents of writing the nearest, a middle and the farthest cell of an array of random bits.

    Parameters
    ----------
    setup
        Array.
    pulses
        ``"SET"`` and ``"RESET"`` pulse; default `default_pulses`. SET starts from HRS, RESET from LRS.
    cells
        (row, column) of the cells that are written, each on its own; default the nearest, a middle and the farthest.
    engine
        ``"numpy"``, or ``"ngspice"`` for small arrays.
    seed
        Of the stored bits.
    options
        Simulator options.

    Returns
    -------
    DataFrame
        kind, row, column, before [ohm], after [ohm] (of the RRAM at 0.1 V), energy [J] (from all drivers, pulse
        included), device_energy [J] (in the RRAM), i_bl, i_sl, i_wl [A] (largest magnitude in a line of the kind).
    """
    import pandas as pd

    from rramcirc.studies.array.setup import random_bits

    pulses = pulses or default_pulses(setup)
    bits, rows = random_bits(setup, seed), []
    default = [(0, 0), (setup.rows // 2, setup.columns // 2), (setup.rows - 1, setup.columns - 1)]
    places = dict.fromkeys(default if cells is None else [checked_place(setup, "write_energy", c) for c in cells])
    for kind, pulse in pulses.items():
        for i, j in places:
            start = bits.copy()
            start[i, j] = kind == "RESET"
            array = setup.array(states_of_bits(setup.card, start))
            probes = _energy_probes(array, i, j)
            after, waves = write(array, write_stimuli(array, i, j, pulse), engine=engine, probes=probes,
                                 options=options)  # fmt: skip
            before = conductances(array)[i, j], conductances(after)[i, j]
            rows.append((kind, i, j, 1 / before[0], 1 / before[1], *_energies(array, waves, i, j), *_peaks(waves)))
    names = ["kind", "row", "column", "before", "after", "energy", "device_energy", "i_bl", "i_sl", "i_wl"]
    table = pd.DataFrame(rows, columns=names)
    units = {"before": "ohm", "after": "ohm", "energy": "J", "device_energy": "J"}
    table.attrs["units"] = units | dict.fromkeys(("i_bl", "i_sl", "i_wl"), "A")
    return table


def _energies(array: Crossbar, waves: Waveforms, i: int, j: int) -> tuple[float, float]:
    """Return what all drivers deliver and what the RRAM of cell [i, j] takes [J]."""
    lines = [line for line in array.lines if f"i({line})" in waves]
    power = sum(waves[f"v({line})"] * waves[f"i({line})"] for line in lines)
    # the source drives behind the driver resistance: add what that takes
    ohm = {kind: getattr(array, kind).driver_resistance for kind in ("bl", "wl", "sl")}
    power = power + sum(ohm[line.rstrip("0123456789")] * waves[f"i({line})"] ** 2 for line in lines)
    top, bottom, current = (waves[name] for name in _energy_probes(array, i, j)[-3:])
    return float(np.trapezoid(power, waves.time)), float(np.trapezoid((top - bottom) * current, waves.time))


def _energy_probes(array: Crossbar, i: int, j: int) -> tuple[str, ...]:
    """Return all lines, then TE, BE and current of cell [i, j]."""
    kinds = ("bl", "wl") if array.cell.selector is None else ("bl", "wl", "sl")
    bottom = "wl" if array.cell.selector is None else "be"
    lines = (f"{quantity}({kind}*)" for kind in kinds for quantity in "vi")
    return (*lines, f"v(bl[{i},{j}])", f"v({bottom}[{i},{j}])", f"current[{i},{j}]")


def _peaks(waves: Waveforms) -> list[float]:
    found = []
    for kind in ("bl", "sl", "wl"):
        names = [name for name in waves.names if name.startswith(f"i({kind}")]
        found.append(max((float(np.abs(waves[name]).max()) for name in names), default=0.0))
    return found


def checked_place(setup: ReadArray, study: str, cell: object) -> tuple[int, int]:
    """Return row and column of a cell; raise ParameterError if it is none of the array."""
    size = setup.rows, setup.columns
    if isinstance(cell, Sequence) and len(cell) == 2:
        i, j = (whole_number(value, f"{study}: cell", 0) for value in cell)
        if i < size[0] and j < size[1]:
            return i, j
    raise ParameterError(
        f"{study}: cell: {shown(cell)} is no (row, column) of an array of {size[0]} x {size[1]} cells, counted from 0."
    )


def disturb(
    setup: ReadArray, pulse: WritePulse | None = None, *, pulses: int = 20, cell: tuple[int, int] | None = None,
    engine: str = "numpy",
) -> pd.DataFrame:  # fmt: skip
    """Return how far write pulses on one cell move the others, which hold a checkerboard of LRS and HRS.

    Parameters
    ----------
    setup
        Array.
    pulse
        The write pulse; default the SET pulse of `default_pulses`.
    pulses
        How many of them, in one transient.
    cell
        (row, column) of the cell that is written; default the middle one.

    Returns
    -------
    DataFrame
        pulses (ascending), group (``"same row"``, ``"same column"``, ``"neither"``), state (``"LRS"``, ``"HRS"``),
        change [1]: the largest relative change of conductance at 0.1 V in the group. ``attrs["map"]``: (rows, columns)
        signed change after all pulses, not a number at the written cell.
    """
    import pandas as pd

    whole_number(pulses, "disturb: pulses", 1)
    pulse = pulse or default_pulses(setup)["SET"]
    i, j = (setup.rows // 2, setup.columns // 2) if cell is None else checked_place(setup, "disturb", cell)
    bits = np.indices((setup.rows, setup.columns)).sum(axis=0) % 2 == 0
    array = setup.array(states_of_bits(setup.card, bits))
    first = conductances(array)
    counts = sorted({1, *(int(n) for n in np.geomspace(1, pulses, 8).round())})
    rows, done, change = [], 0, np.zeros(first.shape)
    near_row, near_column = np.zeros(first.shape, bool), np.zeros(first.shape, bool)
    near_row[i], near_column[:, j] = True, True
    groups = {"same row": near_row & ~near_column, "same column": near_column & ~near_row,
              "neither": ~near_row & ~near_column}  # fmt: skip
    for count in counts:
        stimuli = write_stimuli(array, i, j, pulse, count - done)
        array, _ = write(array, stimuli, engine=engine, options=SMALL_CHANGES)
        done = count
        change = conductances(array) / first - 1.0
        for group, inside in groups.items():
            for state, kept in (("LRS", bits), ("HRS", ~bits)):
                if np.any(inside & kept):
                    rows.append((count, group, state, float(np.abs(change[inside & kept]).max())))
    table = pd.DataFrame(rows, columns=["pulses", "group", "state", "change"])
    table.attrs["units"] = {"change": "1"}
    change[i, j] = np.nan
    table.attrs["map"] = change
    return table
