"""What wires, sneak paths and spread do to the current of single cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.errors import ParameterError, unknown_name
from rramcirc.basics.units import whole_number
from rramcirc.bench.stimuli import Constant, Floating, Stimulus
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.devices.cards.variability import sample_devices
from rramcirc.studies.array.points import read_point
from rramcirc.studies.array.setup import ReadArray, products, random_bits, row_reads, states_of_bits, window_states

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
SCHEMES = {"1T1R": ("selected",), "1R": ("floating", "grounded", "V/2")}
PATTERNS = ("LRS", "HRS", "checkerboard")


def ir_drop(bench: Testbench) -> pd.DataFrame:
    """Return what is left of the drivers' voltage at every cell.

    Parameters
    ----------
    bench
        A crossbar with its read levels (those of time 0).

    Returns
    -------
    DataFrame
        row, column, ideal [V] (difference of the drivers), cell_voltage [V] (BL against SL, or WL of a 1R array, at the
        cell), loss [1] (what is missing, relative to `ideal`), device_voltage [V], current [A].
    """
    import pandas as pd

    array = crossbar_of(bench)
    point = read_point(bench, array)
    ideal = np.broadcast_to(ideal_voltage(bench), array.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        loss = np.where(ideal == 0.0, np.nan, 1.0 - point.cell_voltage / ideal)
    i, j = np.indices(array.shape)
    columns = {
        "row": i, "column": j, "ideal": ideal, "cell_voltage": point.cell_voltage, "loss": loss,
        "device_voltage": point.device_voltage, "current": point.current,
    }  # fmt: skip
    table = pd.DataFrame({name: values.ravel() for name, values in columns.items()})
    table.attrs["units"] = {"ideal": "V", "cell_voltage": "V", "loss": "1", "device_voltage": "V", "current": "A"}
    table.attrs["shape"] = array.shape
    table.attrs["kcl_residual"] = point.residual
    return table


def ideal_voltage(bench: Testbench) -> Array:
    """Return BL driver against SL (1R: WL) driver of every cell [V]; not a number where one floats."""
    array = crossbar_of(bench)

    def levels(kind: str, count: int) -> Array:
        found = [bench.stimulus(f"{kind}{k}") for k in range(count)]
        return np.array([np.nan if isinstance(s, Floating) else float(s.corners()[1][0]) for s in found])

    along_rows = array.cell.selector is None or array.source_line == "row"
    kind = "wl" if array.cell.selector is None else "sl"
    below = levels(kind, array.rows if along_rows else array.columns)
    return levels("bl", array.columns)[None, :] - (below[:, None] if along_rows else below[None, :])


def crossbar_of(bench: Testbench) -> Crossbar:
    if not isinstance(bench, Testbench) or not isinstance(bench.design, Crossbar):
        raise ParameterError("give the testbench of a crossbar.")
    return bench.design


def read_margin(setup: ReadArray, sizes: Sequence[int], schemes: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the currents with which the farthest cell of arrays of several sizes reads as LRS and as HRS.

    The cell is the one farthest from all drivers; the others hold a pattern. The margin compares the worst patterns:
    ``(least LRS current - greatest HRS current) / least LRS current``.

    Parameters
    ----------
    setup
        Array; its rows and columns are replaced by `sizes`.
    sizes
        Numbers of rows and columns.
    schemes
        What unselected lines do. 1R: ``"floating"``, ``"grounded"``, ``"V/2"``; 1T1R: ``"selected"`` (gates of other
        rows and bit lines of other columns at 0 V). Default all.

    Returns
    -------
    DataFrame
        size, scheme, pattern, i_lrs, i_hrs [A] (sensed at the bit line of a 1T1R, at the word line of a 1R array),
        sneak [1] (share of the sensed HRS current that does not flow through the cell), margin [1] (of the size).
    """
    import pandas as pd

    kind = setup.cell.kind
    for scheme in schemes or ():
        if scheme not in SCHEMES[kind]:
            raise ParameterError(f"read_margin: {unknown_name(f'{kind} scheme', str(scheme), SCHEMES[kind])}")
    window = window_states(setup.card)
    rows = []
    for size in sizes:
        here = replace(setup, rows=int(size), columns=int(size))
        for scheme in schemes or SCHEMES[kind]:
            found = [(pattern, *_far_cell(here, scheme, pattern, window)) for pattern in PATTERNS]
            low, high = min(f[1] for f in found), max(f[2] for f in found)
            rows += [(int(size), scheme, *one, (low - high) / low) for one in found]
    table = pd.DataFrame(rows, columns=["size", "scheme", "pattern", "i_lrs", "i_hrs", "sneak", "margin"])
    table.attrs["units"] = {"i_lrs": "A", "i_hrs": "A", "sneak": "1", "margin": "1"}
    return table


def _far_cell(
    setup: ReadArray, scheme: str, pattern: str, window: dict[str, dict[str, float]]
) -> tuple[float, float, float]:
    """Return LRS current, HRS current [A] and sneak share of the cell farthest from all drivers."""
    i, j = setup.rows - 1, setup.columns - 1
    if setup.cell.selector is not None and setup.source_line == "column":
        i = setup.rows // 2  # BL from the top, SL from the bottom: the path is equally long everywhere
    bits = np.indices((setup.rows, setup.columns)).sum(axis=0) % 2 == 0
    bits = bits if pattern == "checkerboard" else np.full(bits.shape, pattern == "LRS")
    currents, through = [], 0.0
    for bit in (True, False):
        bits[i, j] = bit
        states = {name: np.where(bits, window["LRS"][name], window["HRS"][name]) for name in window["LRS"]}
        array = setup.array(states)
        point = read_point(setup.bench(array, read_stimuli(setup, i, j, scheme)), array)
        sensed = point.line_currents["bl"][j] if setup.cell.selector is not None else point.line_currents["wl"][i]
        currents.append(abs(float(sensed)))
        through = abs(float(point.current[i, j]))
    lrs, hrs = currents
    return lrs, hrs, 1.0 - through / hrs


def read_stimuli(setup: ReadArray, row: int, column: int, scheme: str) -> dict[str, Stimulus]:
    """Return the stimuli that read one cell."""
    volts = setup.read_voltage
    if scheme == "selected":
        return {f"bl{column}": Constant(volts), f"wl{row}": Constant(setup.gate_voltage)}
    levels: dict[str, Stimulus] = {"floating": Floating(), "grounded": Constant(0.0), "V/2": Constant(volts / 2)}
    others = levels[scheme]
    unread: Stimulus = Constant(volts / 2) if scheme == "V/2" else others
    return {"bl": unread, "wl": others, f"bl{column}": Constant(volts), f"wl{row}": Constant(0.0)}


def read_yield(setup: ReadArray, *, arrays: int = 20, seed: int = 0) -> pd.DataFrame:
    """Return how many bits of arrays with device-to-device spread are read wrong.

    Every row is read alone; a bit is 1 if its bit-line current is above the geometric mean of the currents of nominal
    LRS and HRS cells without wires.

    Parameters
    ----------
    setup
        Array; the spread is that of its card.
    arrays, seed
        How many arrays are drawn, and from what.

    Returns
    -------
    DataFrame
        array, wrong (bits), bits, least_lrs [A], greatest_hrs [A]; ``attrs["threshold"]`` [A], and
        ``attrs["currents"]``: ``"LRS"`` and ``"HRS"`` -> the currents of all such cells [A].
    """
    import pandas as pd

    whole_number(arrays, "read_yield: arrays", 1)
    whole_number(seed, "read_yield: seed", 0)
    if not setup.rram.variability:
        raise ParameterError(f"read_yield: card {setup.rram.name} has no [variability] table; its devices are alike.")
    one = replace(setup, rows=1, columns=2, wire_resistance=0.0, driver_resistance=0.0)
    pair = products(one, states_of_bits(setup.card, np.array([[True, False]])), np.ones((1, 1), bool))[0]
    threshold = float(np.sqrt(abs(pair[0] * pair[1])))
    rows = []
    cells: dict[str, list[Array]] = {"LRS": [], "HRS": []}
    for k in range(arrays):
        bits = random_bits(setup, seed + 1000 * k)
        spread = sample_devices(setup.rram, (setup.rows, setup.columns), np.random.default_rng([seed, 3, k]))
        currents = np.abs(row_reads(setup, states_of_bits(setup.card, bits), spread))
        wrong = (currents > threshold) != bits
        low, high = currents[bits].min(initial=np.inf), currents[~bits].max(initial=0.0)
        rows.append((k, int(wrong.sum()), bits.size, float(low), float(high)))
        for name, part in (("LRS", currents[bits]), ("HRS", currents[~bits])):
            cells[name].append(part)
    table = pd.DataFrame(rows, columns=["array", "wrong", "bits", "least_lrs", "greatest_hrs"])
    table.attrs["units"] = {"least_lrs": "A", "greatest_hrs": "A"}
    table.attrs["threshold"] = threshold
    table.attrs["currents"] = {name: np.concatenate(parts) for name, parts in cells.items()}
    return table
