"""Operating points of arrays that are read: compiled transistors in the engine numpy, built-in ones in ngspice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rramcirc.bench.analyses import OperatingPoint, VectorSweep
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.engines.array.array_point import ArrayPoint, array_point, array_points
from rramcirc.engines.simulation import simulate

Array = NDArray[np.float64]


def engine_of(cell: Cell) -> str:
    """Return ngspice for a cell whose selector only a SPICE simulator has, else numpy."""
    return "numpy" if cell.selector is None or cell.selector.module else "ngspice"


def read_point(bench: Testbench, array: Crossbar, engine: str | None = None) -> ArrayPoint:
    """Return the operating point of an array at the levels of time 0.

    Parameters
    ----------
    bench, array
        The testbench and its array.
    engine
        ``"numpy"``, or ``"ngspice"`` for a 1T1R array, whose residual is that of the bit lines; default by the cell.
    """
    if (engine or engine_of(array.cell)) == "numpy":
        return array_point(bench)
    indices = [f"{i},{j}" for i in range(array.rows) for j in range(array.columns)]
    voltages = [f"v({line}[{cell}])" for line in ("bl", "sl", "be") for cell in indices]
    lines = {"bl": array.columns, "wl": array.rows}
    lines["sl"] = array.rows if array.source_line == "row" else array.columns
    currents = [f"i({kind}{k})" for kind, count in lines.items() for k in range(count)]
    wanted = (*voltages, *(f"current[{cell}]" for cell in indices), *currents)
    waves = simulate(replace(bench, analysis=OperatingPoint(), probes=wanted), "ngspice")

    def cells(pattern: str) -> Array:
        return np.array([waves[pattern.format(cell)][0] for cell in indices]).reshape(array.shape)

    bl, sl, be = (cells(f"v({line}[{{}}])") for line in ("bl", "sl", "be"))
    by_line = {kind: np.array([waves[f"i({kind}{k})"][0] for k in range(n)]) for kind, n in lines.items()}
    current = cells("current[{}]")
    residual = float(np.abs(by_line["bl"] - current.sum(axis=0)).max() / np.abs(by_line["bl"]).max())
    return ArrayPoint(bl - sl, bl - be, current, by_line, residual, 0)


def bit_line_currents(bench: Testbench, array: Crossbar, word_lines: Array, engine: str | None = None) -> Array:
    """Return the currents from the drivers into all bit lines [A], (count, columns), for levels of the word lines.

    Parameters
    ----------
    bench, array
        The testbench and its array.
    word_lines : (count, rows) array
        Levels of all word lines [V].
    engine
        As in `read_point`.
    """
    if (engine or engine_of(array.cell)) == "numpy":
        levels = ({"wl": row} for row in word_lines)
        return np.array([point.line_currents["bl"] for point in array_points(bench, levels)])
    names = tuple(f"i(bl{j})" for j in range(array.columns))
    waves = simulate(replace(bench, analysis=VectorSweep({"wl": word_lines}), probes=names), "ngspice")
    return np.array([waves[name] for name in names]).T
