"""An array with readouts: its outputs against perfect readouts, the ideal product, and what a product costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.basics.arrays import AnyArray, FloatArray
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.readout.bench import (
    PULSE_START,
    PULSE_WIDTH,
    array_bench,
    conductance_window,
    differential_array,
    outputs_of_currents,
    products,
    read_pulse_bench,
    vector_bench,
)
from rramcirc.circuits.readout.readout import Readout, ReadoutArray
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.cards.checks import as_card
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.engines.simulation import simulate
from rramcirc.waveforms.waveforms import Waveforms

if TYPE_CHECKING:
    import pandas as pd

DIFFERENTIAL = Readout(pairing="differential", bits=8)
FINE = {"reltol": "1e-6"}


@dataclass(frozen=True)
class ArrayRead:
    """Input vectors read on an array: outputs of the circuit, of perfect readouts, and of the ideal product.

    The three are (vectors, outputs) arrays [V]. Errors in `figures` are relative to the span of the ideal outputs.
    """

    design: ReadoutArray
    outputs: FloatArray
    perfect: FloatArray
    ideal: FloatArray
    figures: Mapping[str, tuple[float, str]]


def array_read(
    card: ModelCard | str = "hfo2_filament",
    *,
    size: int = 32,
    vectors: int = 16,
    readout: Readout = DIFFERENTIAL,
    fit_resistance: bool = True,
    read_voltage: float = 0.1,
    wire_resistance: float = 1.0,
    seed: int = 0,
) -> ArrayRead:
    """Return input vectors read on a differential array of random weights, in one DC sweep over their number.

    Compared are the outputs of ngspice with those of perfect readouts on the same array (operating points of the array
    engine) and with the ideal product of weights and inputs.

    Parameters
    ----------
    card
        RRAM card; its conductances are drawn between 5 and 50 uS, or as near as it comes.
    size
        Rows and columns of the array; half as many outputs.
    vectors
        Number of input vectors, drawn between 0 and `read_voltage`.
    readout
        The readout; a differential one.
    fit_resistance
        Take the feedback resistance with which no line's output leaves the supply, instead of the readout's own.
    read_voltage
        Largest input against the common mode [V].
    wire_resistance
        Of a segment of BL, WL and SL [ohm].
    seed
        Of weights and inputs.
    """
    rng = np.random.default_rng(seed)
    weights = rng.uniform(-1, 1, (size, size // 2))
    inputs = rng.uniform(0, read_voltage, (vectors, size))
    # wide transistors: their resistance is in series with the cells
    cell = Cell(as_card("Cell.rram", card), load_card("nmos_select"), selector_parameters={"w": 5e-6})
    low, high = conductance_window(cell.rram)
    array, conductance = differential_array(weights, cell, low=low, high=high, wire_resistance=wire_resistance)
    chosen = replace(readout, feedback_resistance=_fitting(array, read_voltage)) if fit_resistance else readout
    design = ReadoutArray(array, chosen)
    bench = replace(vector_bench(design, inputs), probes=_recorded(design), options=FINE)
    waves = simulate(bench)
    alone = simulate(array_bench(bench), "numpy")
    currents = -np.array([alone[f"i({line})"] for line in design.read_lines]).T
    perfect = outputs_of_currents(design, currents)
    ideal = outputs_of_currents(design, products(design, conductance, inputs))
    outputs = np.array([waves[f"v({node})"] for node in design.outputs]).T
    figures = _errors(outputs, perfect, ideal, chosen.common_mode) | _code_error(design, waves, perfect)
    energy = _energy(simulate(read_pulse_bench(design, inputs[0])), design)
    figures |= {
        "energy per product": (energy, "J"),
        "energy per multiplication": (energy / (size * (size // 2)), "J"),
        "processor time of ngspice": (float(waves.provenance["cpu_seconds"]), "s"),
    }
    return ArrayRead(design, outputs, perfect, ideal, figures)


def array_table(read: ArrayRead) -> pd.DataFrame:
    """Return every output of every vector: vector, output, ngspice [V], array_engine [V], ideal [V]."""
    import pandas as pd

    numbers = np.indices(read.outputs.shape)
    columns: dict[str, AnyArray] = {"vector": numbers[0], "output": numbers[1]}
    columns |= {"ngspice": read.outputs, "array_engine": read.perfect, "ideal": read.ideal}
    table = pd.DataFrame({name: values.ravel() for name, values in columns.items()})
    table.attrs["units"] = dict.fromkeys(("ngspice", "array_engine", "ideal"), "V")
    return table


def _fitting(array: Crossbar, read_voltage: float) -> float:
    """Return a feedback resistance with which no line's output leaves the supply [ohm], two digits."""
    assert array.initial_conductance is not None
    largest = read_voltage * float(np.max(array.initial_conductance.sum(axis=0)))
    return float(f"{0.9 * Readout().common_mode / largest:.1e}")


def _recorded(design: ReadoutArray) -> tuple[str, ...]:
    codes = tuple(f"code{k}" for k in design.output_numbers) if design.readout.bits else ()
    return (*(f"v({node})" for node in design.outputs), *codes)


def _errors(outputs: FloatArray, perfect: FloatArray, ideal: FloatArray, level: float) -> dict[str, tuple[float, str]]:
    """Return the errors relative to the span of the ideal outputs, before and after one gain for all outputs."""
    span = float(np.ptp(ideal))
    gain = float(np.vdot(ideal - level, outputs - level) / np.vdot(ideal - level, ideal - level))
    left = outputs - level - gain * (ideal - level)
    rms = float(np.sqrt(np.mean(left**2))) / span
    return {
        "span": (span, "V"),
        "largest error against the array engine": (float(np.abs(outputs - perfect).max()) / span, "1"),
        "rms error against the ideal product": (float(np.sqrt(np.mean((outputs - ideal) ** 2))) / span, "1"),
        "largest error against the ideal product": (float(np.abs(outputs - ideal).max()) / span, "1"),
        "gain": (gain, "1"),
        "rms error after this gain": (rms, "1"),
        "equivalent bits after this gain": (float(np.log2(1 / (rms * np.sqrt(12)))), "1"),
    }


def _code_error(design: ReadoutArray, waves: Waveforms, perfect: FloatArray) -> dict[str, tuple[float, str]]:
    """Return how far the codes are from those of perfect readouts [least significant bits]."""
    bits = design.readout.bits
    if not bits:
        return {}
    codes = np.array([waves[f"code{k}"] for k in design.output_numbers]).T
    wanted = np.clip(np.floor(perfect * 2**bits / design.readout.supply), 0, 2**bits - 1)
    return {"largest code error": (float(np.abs(codes - wanted).max()), "LSB")}


def _energy(waves: Waveforms, design: ReadoutArray) -> float:
    """Return the energy that all sources deliver while the input pulse is on [J]."""
    readout = design.readout
    given = np.maximum(waves["i(ref)"], 0.0)  # what flows into the reference is turned into heat there
    power = readout.supply * waves["i(vdd)"] + readout.common_mode * given
    for line in design.lines:
        if f"i({line})" in waves and f"v({line})" in waves:
            power = power + waves[f"v({line})"] * waves[f"i({line})"]
    inside = (waves.time >= PULSE_START) & (waves.time <= PULSE_START + PULSE_WIDTH)
    return float(np.trapezoid(power[inside], waves.time[inside]))
