"""Default testbenches of cell and array: the I-V loop, the read."""

from __future__ import annotations

from dataclasses import replace

from rramcirc.basics.errors import ParameterError
from rramcirc.bench.analyses import Transient
from rramcirc.bench.stimuli import Constant, PiecewiseLinear, Pulse, Stimulus, triangle
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.array.line import Line
from rramcirc.circuits.request import SELECTOR_CARD, Request
from rramcirc.devices.cards.card import load_card


def butterfly(
    cell: Cell,
    *,
    set_voltage: float | None = None,
    reset_voltage: float | None = None,
    gate_voltage: float = 1.1,
    reset_gate_voltage: float = 3.0,
    ramp_rate: float | None = None,
) -> Testbench:
    """Return the I-V loop of a cell: SET, then RESET.

    In a 1T1R cell SET is a ramp of the BL with the current limited by the gate, and RESET a ramp of the SL with the BL
    at 0 V, so that no junction conducts. In a 1R cell the BL does both.

    Parameters
    ----------
    set_voltage, reset_voltage
        Peaks of the ramps, both positive [V]; default the card's.
    gate_voltage, reset_gate_voltage
        WL level during SET and RESET [V].
    ramp_rate
        Slope of both ramps [V/s]; default the card's.
    """
    sweep = cell.rram.butterfly
    v_set = sweep.set_voltage if set_voltage is None else set_voltage
    v_reset = sweep.reset_voltage if reset_voltage is None else reset_voltage
    rate = sweep.ramp_rate if ramp_rate is None else ramp_rate
    t_set, t_reset = v_set / rate, v_reset / rate
    stop = 2 * (t_set + t_reset)
    if cell.selector is None:
        stimuli = {"bl": triangle(v_set, -v_reset, ramp_rate=rate)}
    else:
        turn = [0.0, 2 * t_set, 2 * t_set + 1e-3 * stop]
        stimuli = {
            "bl": triangle(v_set, ramp_rate=rate),
            "sl": PiecewiseLinear([0.0, 2 * t_set, 2 * t_set + t_reset, stop], [0.0, 0.0, v_reset, 0.0]),
            "wl": PiecewiseLinear(turn, [gate_voltage, gate_voltage, reset_gate_voltage]),
        }
    return Testbench(cell, Transient(stop, max_step=stop / 400), stimuli)


def array_read(array: Crossbar, *, read_voltage: float = 0.2, gate_voltage: float = 2.0) -> Testbench:
    """Return a 100 ns read of a whole array: all WL on, an 80 ns pulse on all BL.

    Parameters
    ----------
    read_voltage
        Amplitude on the bit lines [V].
    gate_voltage
        Level of the word lines of a 1T1R array [V].
    """
    stimuli: dict[str, Stimulus] = {"bl": Pulse(read_voltage, 80e-9, delay=5e-9, rise=1e-9, fall=1e-9)}
    if array.cell.selector is not None:
        stimuli["wl"] = Constant(gate_voltage)
    return Testbench(array, Transient(100e-9, max_step=5e-9), stimuli)


def cell_bench(request: Request) -> Testbench:
    """Return the I-V loop of the cell that was asked for."""
    for name, value in (("--rows", request.rows), ("--columns", request.columns)):
        if value not in (None, 1):
            raise ParameterError(f"{name} {value}: a cell has one row and one column. For an array use crossbar.")
    if request.wire_resistance:
        raise ParameterError("--wire-resistance: a cell has no wires. For an array use crossbar.")
    return request.seeded(butterfly(one_cell(request)))


def cell_write(request: Request) -> Testbench:
    """Return one SET pulse of 1 us on the cell that was asked for, from the card's own state: what a sweep varies.

    The BL goes to the card's SET voltage; the WL of a 1T1R cell holds the gate at 1.1 V, as in `butterfly`.
    """
    bench = cell_bench(request)
    cell = bench.design
    assert isinstance(cell, Cell)
    edge, width = 10e-9, 1e-6
    stimuli: dict[str, Stimulus] = {"bl": Pulse(cell.rram.butterfly.set_voltage, width, edge, edge, edge)}
    if cell.selector is not None:
        stimuli["wl"] = Constant(1.1)
    return replace(bench, analysis=Transient(width + 10 * edge, max_step=width / 50), stimuli=stimuli)


def one_cell(request: Request) -> Cell:
    """Return a cell with its draw of the spread."""
    rram, selector = request.cards()
    spread = {name: float(values[0, 0]) for name, values in request.drawn((1, 1)).items()}
    return Cell(rram, selector, rram_parameters=spread)


def synapse_cell(request: Request) -> Cell:
    """Return the 1T1R cell of a network; its selector is the card's, or else the library's."""
    rram, selector = request.cards()
    return Cell(rram, load_card(SELECTOR_CARD) if selector is None and request.selector is None else selector)


def crossbar_bench(request: Request) -> Testbench:
    """Return the read of an array with wires."""
    rows = 4 if request.rows is None else request.rows
    columns = rows if request.columns is None else request.columns
    ohm = 2.5 if request.wire_resistance is None else request.wire_resistance
    array = Crossbar(
        Cell(*request.cards()), rows, columns, bl=Line(ohm), wl=Line(ohm), sl=Line(ohm, end="last"),
        rram_parameters=request.drawn((rows, columns)),
    )  # fmt: skip
    return request.seeded(array_read(array))
