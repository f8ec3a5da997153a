"""How an array multiplies: which lines carry inputs, which give outputs, and the testbench of one product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rramcirc.basics.errors import ParameterError, shown, unknown_name
from rramcirc.basics.units import real_number
from rramcirc.bench.analyses import OperatingPoint
from rramcirc.bench.stimuli import Constant, Stimulus
from rramcirc.bench.testbench import ROOM_TEMPERATURE, Testbench
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.engines.array.wires import checked_array

Array = NDArray[np.float64]
_ACROSS = ("cell_voltage", "device_voltage", "voltage")  # names of the validity of a voltage across an RRAM
DRIVES = ("gates", "rows", "columns")
_LARGEST = np.finfo(float).max


@dataclass(frozen=True)
class ProductLines:
    """Kinds of lines of the inputs (`source`) and outputs (`sink`), how many there are, and the sign of the output.

    `sign` is that of the product relative to the current from the driver into the line.
    """

    source: str
    sink: str
    inputs: int
    outputs: int
    sign: float


def product_lines(array: Crossbar, drive: str) -> ProductLines:
    """Return what carries inputs and outputs.

    Raises
    ------
    ParameterError
        If there is no such orientation, or the array does not have it.
    """
    if not isinstance(array, Crossbar):
        raise ParameterError(f"multiply: {array!r:.60} is no Crossbar.")
    if not isinstance(drive, str) or drive not in DRIVES:
        raise ParameterError(f"multiply: {unknown_name('drive', str(drive), DRIVES)}")
    rows, columns = array.shape
    if array.cell.selector is None:
        if drive == "gates":
            raise ParameterError("multiply: drive='gates': 1R cells have no gates; use 'rows' or 'columns'.")
        if drive == "rows":
            return ProductLines("wl", "bl", rows, columns, -1.0)
        return ProductLines("bl", "wl", columns, rows, -1.0)
    if drive == "gates":
        return ProductLines("wl", "bl", rows, columns, 1.0)
    if array.source_line != "row":
        raise ParameterError(
            f"multiply: drive={shown(drive)} needs source lines parallel to the word lines; this array has "
            "source_line='column'. Use source_line='row', or drive='gates'."
        )
    if drive == "rows":
        return ProductLines("sl", "bl", rows, columns, -1.0)
    return ProductLines("bl", "sl", columns, rows, -1.0)


def checked_vectors(array: Crossbar, vectors: ArrayLike, drive: str, **levels: float) -> Array:
    """Return (count, inputs) vectors of an array, checked with the levels of the other lines.

    Parameters
    ----------
    array, vectors, drive
        As for `multiply`.
    levels
        ``gate_voltage``, ``read_voltage`` [V] and ``temperature`` [K].

    Raises
    ------
    ParameterError
        For wrong shapes, values that are no numbers, and what is beyond the validity of the cards; names it.
    """
    lines = product_lines(array, drive)
    shape = np.shape(vectors) if isinstance(vectors, (np.ndarray, list, tuple)) else ()
    many = (shape[0] if len(shape) == 2 and shape[0] else 1, lines.inputs)
    given = checked_array("multiply: vectors", vectors, ((lines.inputs,), many), least=-_LARGEST, top=_LARGEST)
    for name, value in levels.items():
        real_number(value, f"multiply: {name}")
    rram, selector = array.cell.rram, array.cell.selector
    for card in (rram, selector) if selector is not None else (rram,):
        _check_range(card, ("temperature",), "temperature", np.array(levels["temperature"]))
    if selector is not None:
        _check_range(selector, ("gate_voltage",), "gate_voltage", np.array(levels["gate_voltage"]))
    if drive == "gates":
        if not np.all((given == 0.0) | (given == 1.0)):
            raise ParameterError("multiply: vectors: drive='gates' takes patterns of 0 (word line off) and 1 (on).")
        _check_range(rram, _ACROSS, "read_voltage", np.array(levels["read_voltage"]))
    else:
        across = "vectors (TE to BE of the cells: the opposite sign)" if drive == "rows" else "vectors"
        _check_range(rram, _ACROSS, across, -given if drive == "rows" else given)
    return np.atleast_2d(given)


def _check_range(card: ModelCard, names: tuple[str, ...], what: str, values: Array) -> None:
    """Refuse values outside the validity of a card, of which the first of `names` that it has counts."""
    window = next((card.validity[name] for name in names if name in card.validity), None)
    if window is None or np.all((values >= window.minimum) & (values <= window.maximum)):
        return
    worst = values.min() if values.min() < window.minimum else values.max()
    raise ParameterError(
        f"multiply: {what}: {worst:g} {window.unit} is beyond what card {card.name} is valid for, "
        f"{window.minimum:g} to {window.maximum:g} {window.unit}."
    )


def product_bench(
    array: Crossbar,
    vector: ArrayLike,
    *,
    drive: str = "rows",
    gate_voltage: float = 2.0,
    read_voltage: float = 0.1,
    temperature: float = ROOM_TEMPERATURE,
) -> Testbench:
    """Return the testbench of one product, for any engine.

    The outputs are the currents ``i(bl*)``, ``i(sl*)`` or ``i(wl*)`` of the output lines, with the opposite sign unless
    `drive` is ``"gates"``.

    Parameters
    ----------
    array, drive
        As for `multiply`.
    vector : (inputs,) array
        Input voltages [V]; for ``"gates"`` 0 or 1, the word lines that are on.
    gate_voltage
        Of word lines of 1T1R arrays that are on [V].
    read_voltage
        Of the bit lines for ``"gates"`` [V].
    temperature
        [K].

    Raises
    ------
    ParameterError
        If an argument is wrong; names it.
    """
    lines = product_lines(array, drive)
    given = checked_vectors(
        array, vector, drive, gate_voltage=gate_voltage, read_voltage=read_voltage, temperature=temperature
    )
    if len(given) != 1:
        raise ParameterError(f"product_bench: vector holds {len(given)} vectors; a testbench is one product.")
    stimuli: dict[str, Stimulus] = {}
    if drive == "gates":
        given = given * gate_voltage
        stimuli["bl"] = Constant(float(read_voltage))
    elif array.cell.selector is not None:
        stimuli["wl"] = Constant(float(gate_voltage))
    stimuli |= {f"{lines.source}{k}": Constant(float(volts)) for k, volts in enumerate(given[0])}
    return Testbench(array, OperatingPoint(), stimuli, temperature=temperature, probes=(f"i({lines.sink}*)",))
