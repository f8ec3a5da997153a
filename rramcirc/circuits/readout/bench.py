"""Testbenches of readout: input vectors on an array, the same array alone, a single channel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.basics.memory import check_memory
from rramcirc.basics.units import real_number
from rramcirc.bench.analyses import Transient, VectorSweep
from rramcirc.bench.stimuli import Constant, Pulse, Stimulus
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.array.line import Line
from rramcirc.circuits.readout.readout import Readout, ReadoutArray, ReadoutKind
from rramcirc.circuits.request import Request
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.compiled.conductance import path_points
from rramcirc.devices.compiled.reading import read_current

PULSE_START, PULSE_WIDTH = 10e-9, 100e-9  # [s] of `read_pulse_bench`


def input_kind(design: ReadoutArray) -> str:
    """Return the kind of lines that carry the inputs: the other electrode of the cells."""
    if design.array.cell.selector is None:
        return "wl" if design.line == "bl" else "bl"
    return "sl" if design.line == "bl" else "bl"


def vector_bench(design: ReadoutArray, vectors: ArrayLike, *, gate_voltage: float = 3.3) -> Testbench:
    """Return the read of many input vectors in one run.

    Parameters
    ----------
    design
        An array with readout.
    vectors : (vectors, input lines) array
        Read voltages against the common mode [V].
    gate_voltage
        Level of all word lines of a 1T1R array [V].

    Raises
    ------
    ParameterError
        If the vectors do not fit the array.
    """
    kind = input_kind(design)
    count = sum(line.rstrip("0123456789") == kind for line in design.lines)
    try:
        array = np.array(vectors, dtype=float)
    except (TypeError, ValueError):
        array = np.array(np.nan)
    if array.ndim != 2 or array.shape[1] != count:
        raise ParameterError(
            f"vector_bench: vectors: shape {array.shape}; give (vectors, {count}), one per {kind} line."
        )
    sweep = VectorSweep({kind: design.readout.common_mode + array})
    return Testbench(design, sweep, bias(design, gate_voltage, [kind]))


def bias(design: ReadoutArray, gate_voltage: float, taken: list[str]) -> dict[str, Stimulus]:
    """Return what the lines need that carry no input: gates on, the sampling switch closed."""
    stimuli: dict[str, Stimulus] = {}
    if design.array.cell.selector is not None and "wl" not in taken:
        stimuli["wl"] = Constant(real_number(gate_voltage, "gate_voltage"))
    if design.readout.sample_hold:
        stimuli["sample"] = Constant(design.readout.supply)
    return stimuli


def array_bench(bench: Testbench) -> Testbench:
    """Return the same read of the array alone, every read line held at the common mode: what perfect readouts see.

    Its ``i(bl3)`` is the current *into* the line, the negative of what flows into the readout. Runs in every engine.
    """
    design = bench.design
    if not isinstance(design, ReadoutArray):
        raise ParameterError(f"array_bench: the design is a {type(design).__name__}, not a ReadoutArray.")
    stimuli = {line: s for line, s in bench.stimuli.items() if line not in design.readout.required_lines}
    stimuli[design.line] = Constant(design.readout.common_mode)
    probes = tuple(f"i({line})" for line in design.read_lines)
    return replace(bench, design=design.array, stimuli=stimuli, probes=probes)


def outputs_of_currents(design: ReadoutArray, currents: ArrayLike) -> FloatArray:
    """Return what perfect readouts make of currents, without the limits of the supply.

    Parameters
    ----------
    design
        An array with readout.
    currents : (vectors, read lines) array
        Current from every line into its readout [A].

    Returns
    -------
    (vectors, outputs) array
        [V].
    """
    readout, read = design.readout, np.asarray(currents, dtype=np.float64)
    if readout.pairing == "differential":
        read = read[:, 0::2] - read[:, 1::2]
    elif readout.pairing == "reference":
        mean = read[:, list(readout.reference_columns)].mean(axis=1, keepdims=True)
        read = (read - mean)[:, list(design.output_numbers)]
    return readout.common_mode + readout.sign * readout.feedback_resistance * read


def products(design: ReadoutArray, conductance: ArrayLike, vectors: ArrayLike) -> FloatArray:
    """Return the ideal product as currents into the readouts [A]: ``X G`` read at BL, ``X G^T`` read at SL.

    Parameters
    ----------
    design
        An array with readout.
    conductance : (rows, columns) array
        [S].
    vectors : (vectors, input lines) array
        Read voltages against the common mode [V].
    """
    matrix, inputs = np.asarray(conductance, dtype=np.float64), np.asarray(vectors, dtype=np.float64)
    along_rows = design.line == "wl" or (design.line == "sl" and design.array.source_line == "row")
    currents: FloatArray = inputs @ (matrix.T if along_rows else matrix)
    return currents


def differential_array(
    weights: ArrayLike,
    cell: Cell,
    *,
    low: float = 5e-6,
    high: float = 50e-6,
    wire_resistance: float = 1.0,
) -> tuple[Crossbar, FloatArray]:
    """Return a crossbar that holds signed weights in pairs of columns G+ and G-, and its conductances.

    Parameters
    ----------
    weights : (rows, outputs) array
        Between -1 and 1.
    cell
        The cell at every crossing.
    low, high
        Conductance of weight 0 and of magnitude 1 [S].
    wire_resistance
        Of one segment of BL, WL and SL [ohm].

    Returns
    -------
    (crossbar, conductance)
        The crossbar has 2 * outputs columns; ``G+ - G- = (high - low) weights`` [S].

    Raises
    ------
    ParameterError
        If a weight is outside -1 ... 1.
    """
    w = np.asarray(weights, dtype=float)
    if w.ndim != 2 or not np.all(np.abs(w) <= 1):
        raise ParameterError("differential_array: weights must be a matrix of numbers between -1 and 1.")
    conductance = np.full((w.shape[0], 2 * w.shape[1]), low)
    conductance[:, 0::2] += (high - low) * np.maximum(w, 0)
    conductance[:, 1::2] += (high - low) * np.maximum(-w, 0)
    line = Line(wire_resistance)
    rows, columns = conductance.shape
    array = Crossbar(cell, rows, columns, source_line="row", bl=line, wl=line, sl=line, initial_conductance=conductance)
    return array, conductance


def conductance_window(card: ModelCard) -> tuple[float, float]:
    """Return a low and a high conductance that a card's device reaches: 5 and 50 uS, or as near as it comes [S]."""
    ends = {state: points[[-1, 0]] for state, points in path_points(card).items()}
    least, most = read_current(card, ends, 0.1) / 0.1
    high = min(max(5e-5, 10.5 * float(least)), 0.95 * float(most))
    return max(0.1 * high, 1.05 * float(least)), high


def read_pulse_bench(design: ReadoutArray, vector: ArrayLike, *, gate_voltage: float = 3.3) -> Testbench:
    """Return a transient read of one input vector: 100 ns pulses on the inputs, sampled at their end.

    Parameters
    ----------
    design
        An array with readout.
    vector : (input lines,) array
        Read voltages against the common mode [V].
    gate_voltage
        Level of all word lines of a 1T1R array [V].
    """
    kind, level = input_kind(design), design.readout.common_mode
    stimuli = bias(design, gate_voltage, [kind])
    for k, volts in enumerate(np.asarray(vector, dtype=float)):
        stimuli[f"{kind}{k}"] = Pulse(level + float(volts), PULSE_WIDTH, delay=PULSE_START, base=level)
    if design.readout.sample_hold:
        stimuli["sample"] = Pulse(design.readout.supply, 0.6 * PULSE_WIDTH, delay=PULSE_START + 0.3 * PULSE_WIDTH)
    return Testbench(design, Transient(PULSE_START + 1.4 * PULSE_WIDTH, max_step=2e-9), stimuli)


def channel_bench(readout: Readout, currents: ArrayLike) -> Testbench:
    """Return the static transfer of one channel: its first input swept over about these currents [A]."""
    drops = np.asarray(currents, dtype=float) * readout.source_resistance
    stimuli: dict[str, Stimulus] = {line: Constant(readout.common_mode) for line in readout.inputs[1:]}
    if readout.sample_hold:
        stimuli["sample"] = Constant(readout.supply)
    return Testbench(readout, VectorSweep({readout.inputs[0]: readout.common_mode + drops}), stimuli)


def default_readout(request: Request) -> Testbench:
    """Return the product of a vector and an array with pairs of columns and amplifiers."""
    rram, selector = request.cards()
    rows = 4 if request.rows is None else request.rows
    columns = rows if request.columns is None else request.columns
    if columns % 2:
        raise ParameterError(f"--columns {columns}: pairs of columns G+ and G- need an even number.")
    check_memory(f"a {rows} x {columns} array with readout", float(rows) * columns, 100.0)
    weights = np.linspace(-1.0, 1.0, rows * columns // 2).reshape(rows, columns // 2)
    ohm = 2.5 if request.wire_resistance is None else request.wire_resistance
    low, high = conductance_window(rram)
    array, _ = differential_array(weights, Cell(rram, selector), low=low, high=high, wire_resistance=ohm)
    array = replace(array, rram_parameters=request.drawn(array.shape))
    fits = float(f"{1.0 / (0.1 * rows * high):.1e}")  # 1 V at the largest current of a line
    readout = Readout(feedback_resistance=fits, pairing="differential", hold_capacitance=1e-12, bits=6)
    vector = np.linspace(0.1, 0.05, rows)
    return request.seeded(read_pulse_bench(ReadoutArray(array, readout), vector))


def single_channel(kind: ReadoutKind) -> Testbench:
    """Return the transfer of one channel of a kind, 0 to 100 uA."""
    return channel_bench(Readout(kind), np.linspace(0.0, 100e-6, 11))
