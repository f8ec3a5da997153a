"""Schematics of the cell, the array, and the synapse between two neurons."""

from __future__ import annotations

from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.array.line import Line
from rramcirc.circuits.sheet import PORT, QUIET, SMALL, Point, Sheet


def draw_cell(sheet: Sheet, cell: Cell) -> None:
    """Draw a 1T1R or 1R cell with its ports."""
    sheet.port((0, 0), "bl", side="top")
    with sheet.net("bl"):
        sheet.wire((0, -0.09), (0, -0.7))
    sheet.text((-0.2, -0.5), "TE", size=SMALL, align="right")
    with sheet.part("cell", "others", area=True):
        sheet.rram((0, -0.7), (0, -2.5), f"RRAM\n{cell.rram.name}")
    if cell.selector is None:
        sheet.text((-0.2, -2.7), "BE", size=SMALL, align="right")
        with sheet.net("wl"):
            sheet.wire((0, -2.5), (0, -3.1))
        sheet.port((0, -3.2), "wl", side="bottom")
        sheet.arrow((-1.0, -0.9), (-1.0, -2.3), color=QUIET)
        sheet.text((-1.2, -1.6), "current", size=SMALL, color=QUIET, align="right")
        return
    sheet.dot((0, -2.8))
    with sheet.net("be"):
        sheet.wire((0, -2.5), (0, -3.1))
    sheet.text((-0.2, -2.8), "BE", size=SMALL, align="right")
    ends = sheet.transistor("n", (0, -3.1))
    sheet.text((0.2, -3.3), f"selector\n{cell.selector.name}", size=SMALL, align="left")
    with sheet.net("wl"):
        sheet.wire(ends["gate"], (-1.7, ends["gate"][1]))
    sheet.port((-1.79, ends["gate"][1]), "wl")
    with sheet.net("sl"):
        sheet.wire(ends["source"], (0, -5.2))
    sheet.port((0, -5.29), "sl", side="bottom")
    sheet.wire((-0.42, -3.9), (1.2, -3.9))
    sheet.port((1.29, -3.9), "bulk", side="right")
    sheet.arrow((-1.0, -0.9), (-1.0, -2.3), color=QUIET)
    sheet.text((-1.2, -1.6), "current [A]", size=SMALL, color=QUIET, align="right")


PITCH = (5.0, 5.0)  # of the cells of an array
SL_SHIFT = 3.0  # of a source line beside the cells of its column


def draw_crossbar(sheet: Sheet, array: Crossbar) -> None:
    """Draw a corner of an array with its wires and drivers, and dots for the rest."""
    rows, columns = min(sheet.most, array.rows), min(sheet.most, array.columns)
    bottom, right = -(rows - 1) * PITCH[1] - 4.2, (columns - 1) * PITCH[0] + 4.6
    for j in range(columns):
        x = j * PITCH[0]
        sheet.port((x, 2.0), f"bl{j}", side="top")
        for i in range(rows):
            top = 1.9 if i == 0 else -(i - 1) * PITCH[1]
            with sheet.net(f"bl{j}"):
                _wire(sheet, array.bl, (x, top), (x, -i * PITCH[1]), 1.6)
            with sheet.part(f"cell [{i},{j}]", f"*[{i},{j}]*", area=True):
                _crossing(sheet, array, i, j)
        with sheet.net(f"bl{j}"):
            _rest(sheet, array.rows > rows, (x, -(rows - 1) * PITCH[1]), (x, bottom), (0, -0.25))
    for i in range(rows):
        y = -i * PITCH[1] - 2.95
        sheet.port((-2.7, y), f"wl{i}")
        with sheet.net(f"wl{i}"):
            _wire(sheet, array.wl, (-2.6, y), (0.35, y), 1.6)
            sheet.wire((0.35, y), (right - 0.9, y))
        if array.columns > columns:
            sheet.dots((right - 0.6, y), (0.25, 0))
    if array.cell.selector:
        _source_lines(sheet, array, rows, columns, bottom, right)
    wires = f"wires [ohm per segment]: bl {array.bl.resistance:g}, wl {array.wl.resistance:g}"
    wires += f", sl {array.sl.resistance:g}" if array.cell.selector else ""
    text = f"{array.rows} rows x {array.columns} columns of {array.cell.kind} cells; {wires}"
    sheet.text(((columns - 1) * PITCH[0] / 2, bottom - 2.0), text, size=SMALL, color=QUIET)


def _source_lines(sheet: Sheet, array: Crossbar, rows: int, columns: int, bottom: float, right: float) -> None:
    """Draw the source lines: along the columns, beside the cells, or along the rows, below them."""
    if array.source_line == "column":
        for j in range(columns):
            x = j * PITCH[0] + SL_SHIFT
            with sheet.net(f"sl{j}"):
                sheet.wire((x, -3.6), (x, -(rows - 1) * PITCH[1] - 3.6))
                _wire(sheet, array.sl, (x, -(rows - 1) * PITCH[1] - 3.6), (x, bottom - 1.0), 1.4)
            sheet.port((x, bottom - 1.1), f"sl{j}", side="bottom")
        return
    for i in range(rows):
        y = -i * PITCH[1] - 3.6
        with sheet.net(f"sl{i}"):
            sheet.wire((1.0, y), (right - 0.9, y))
            _wire(sheet, array.sl, (right - 0.9, y), (right + 0.9, y), 1.4)
        sheet.port((right + 1.0, y), f"sl{i}", side="right")


def _rest(sheet: Sheet, more: bool, start: Point, end: Point, step: Point) -> None:
    """Draw the end of a line that goes on."""
    if more:
        sheet.wire(start, (end[0], end[1] + 0.4))
        sheet.dots(end, step)


def _wire(sheet: Sheet, line: Line, start: tuple[float, float], end: tuple[float, float], length: float) -> None:
    """Draw a segment of wire: with a resistor at its beginning if it has resistance."""
    if line.has_resistance or line.driver_resistance > 0:
        share = length / (abs(end[0] - start[0]) + abs(end[1] - start[1]))
        middle = (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
        sheet.two_terminal("Resistor", start, middle)
        sheet.wire(middle, end)
    else:
        sheet.wire(start, end)


def _crossing(sheet: Sheet, array: Crossbar, i: int, j: int) -> None:
    """Draw one cell, its TE on the bit line."""
    x, y = j * PITCH[0], -i * PITCH[1]
    sheet.dot((x, y))
    sheet.wire((x, y), (x + 1.0, y), (x + 1.0, y - 0.2))
    sheet.rram((x + 1.0, y - 0.2), (x + 1.0, y - 1.6))
    sheet.text((x + 1.4, y - 0.9), f"xcell_{i}_{j}", size=SMALL, align="left", color=QUIET)
    if array.cell.selector is None:
        sheet.wire((x + 1.0, y - 1.6), (x + 1.0, y - 2.95))
        sheet.dot((x + 1.0, y - 2.95))
        return
    ends = sheet.transistor("n", (x + 1.0, y - 1.6), reach=0.65)
    sheet.wire(ends["gate"], (x + 0.35, y - 2.95))
    sheet.dot((x + 0.35, y - 2.95))
    if array.source_line == "column":
        sheet.wire(ends["source"], (x + 1.0, y - 3.6), (x + SL_SHIFT, y - 3.6))
        sheet.dot((x + SL_SHIFT, y - 3.6))
    else:
        sheet.wire(ends["source"], (x + 1.0, y - 3.6))
        sheet.dot((x + 1.0, y - 3.6))


def draw_synapse(sheet: Sheet, cell: Cell) -> None:
    """Draw the 1T1R synapse between a PRE and a POST neuron."""
    sheet.box((-7.0, -4.4), 2.2, 1.4, "PRE\nneuron")
    sheet.pulse((-4.3, -3.25), (0, 1, 1, 0), "gate")
    with sheet.net("wl"):
        sheet.wire((-4.8, -3.9), (-1.0, -3.9))
    sheet.text((-2.4, -3.6), "wl [V]", color=PORT)
    with sheet.net("bl"):
        sheet.wire((0, 0.6), (0, -0.7))
    with sheet.part("cell", "others", area=True):
        sheet.rram((0, -0.7), (0, -2.5), f"RRAM\n{cell.rram.name}")
    with sheet.net("be"):
        sheet.wire((0, -2.5), (0, -3.1))
    sheet.text((-0.2, -0.55), "TE", size=SMALL, align="right")
    sheet.text((-0.2, -2.75), "BE", size=SMALL, align="right")
    sheet.transistor("n", (0, -3.1), label=cell.selector.name if cell.selector else "")
    with sheet.net("sl"):
        sheet.wire((0, -4.7), (0, -6.0), (4.2, -6.0))
    sheet.text((1.9, -5.7), "sl [V] = V_cm, current [A]", size=SMALL, color=PORT)
    sheet.box((4.2, -6.7), 2.2, 1.4, "POST\nneuron")
    with sheet.net("bl"):
        sheet.wire((5.3, -5.3), (5.3, 0.6), (0, 0.6))
    sheet.text((2.6, 0.9), "bl [V]", color=PORT)
    sheet.pulse((2.6, 0.1), (0, 1, 0, 0, -1, 0))
    sheet.text((3.5, -0.6), "te, against V_cm", size=SMALL, color=PORT)
