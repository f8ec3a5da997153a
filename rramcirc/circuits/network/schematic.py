"""Schematics of the networks: synapses between row gates and column electrodes, neurons below."""

from __future__ import annotations

from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron
from rramcirc.circuits.sheet import PORT, QUIET, SMALL, Point, Sheet

PITCH_X, PITCH_Y = 6.4, 4.3
ROW, SOURCE = 2.6, 3.3  # below the top of a synapse: gate line and source


def draw_perceptron(sheet: Sheet, network: Perceptron) -> None:
    """Draw a corner of a perceptron's synapses, its PRE gate lines and POST neurons."""
    rows, columns = min(sheet.most, network.inputs), min(sheet.most, network.outputs)
    for i in range(rows):
        y = -i * PITCH_Y - ROW
        sheet.port((-2.0, y), f"pre{i}")
        with sheet.net(f"pre{i}"):
            sheet.wire((-1.91, y), (columns * PITCH_X - 2.2, y))
    for j in range(columns):
        for i in range(rows):
            with sheet.part(f"synapse [{i},{j}]", f"*[{i},{j}]*", area=True):
                _synapse(sheet, (j * PITCH_X, -i * PITCH_Y), 3.2)
        _column(sheet, j, rows, ("te",), 0)
    _dots(sheet, network.inputs > rows, network.outputs > columns, rows, columns)
    text = f"{network.inputs} PRE lines x {network.outputs} POST neurons, {network.cell.card_names}"
    sheet.text(((columns - 1) * PITCH_X / 2, -rows * PITCH_Y - 5.2), text, size=SMALL, color=QUIET)


def draw_hopfield(sheet: Sheet, network: HopfieldNetwork) -> None:
    """Draw neurons of a Hopfield network with an excitatory and an inhibitory synapse from row to column."""
    count = min(sheet.most, network.neurons)
    for i in range(count):
        y = -i * PITCH_Y - ROW
        with sheet.net(f"gate{i}"):
            sheet.wire((-1.6, y), (count * PITCH_X - 2.2, y))
        sheet.text((-1.7, y), f"gate of neuron {i}\nrow {i} [V]", size=SMALL, align="right", color=PORT)
    for j in range(count):
        for i in range(count):
            at = (j * PITCH_X, -i * PITCH_Y)
            if i == j:
                _missing(sheet, at)
            else:
                with sheet.part(f"excitatory synapse [{i},{j}]", f"*_exc[{i},{j}]*", area=True):
                    _synapse(sheet, at, 3.4)
                with sheet.part(f"inhibitory synapse [{i},{j}]", f"*_inh[{i},{j}]*", area=True):
                    _synapse(sheet, (at[0] + 1.7, at[1]), 1.7)
        _column(sheet, j, count, ("te", "ti"), 1 if j == 0 else 0)
    _dots(sheet, network.neurons > count, network.neurons > count, count, count)
    text = f"{network.neurons} neurons, {network.synapses} synapses, {network.cell.card_names}; te at V_cm + V_read, "
    text += "ti at V_cm \u2212 V_read [Milo 2018, Fig. 2]"
    sheet.text(((count - 1) * PITCH_X / 2, -count * PITCH_Y - 5.2), text, size=SMALL, color=QUIET)


def _synapse(sheet: Sheet, at: Point, to_in: float) -> None:
    """Draw a 1T1R synapse: TE on the vertical line at `at`, gate on the row below, source `to_in` to the right."""
    x, y = at
    sheet.dot((x, y))
    sheet.wire((x, y), (x + 0.9, y))
    sheet.rram((x + 0.9, y), (x + 0.9, y - 1.4))
    ends = sheet.transistor("n", (x + 0.9, y - 1.4), reach=0.62)
    sheet.wire(ends["gate"], (x + 0.28, y - ROW))
    sheet.dot((x + 0.28, y - ROW))
    sheet.wire(ends["source"], (x + 0.9, y - SOURCE), (x + to_in, y - SOURCE))
    sheet.dot((x + to_in, y - SOURCE))


def _missing(sheet: Sheet, at: Point) -> None:
    """Mark where a neuron would have a synapse to itself."""
    sheet.text((at[0] + 2.55, at[1] - 1.3), "none to\nitself", size=SMALL, color=QUIET)


def _column(sheet: Sheet, j: int, rows: int, electrodes: tuple[str, ...], first: int) -> None:
    """Draw electrode lines, the virtual-ground line from row `first` down, and the neuron of a column."""
    x, bottom = j * PITCH_X, -rows * PITCH_Y - 1.6
    right = x + (3.4 if len(electrodes) > 1 else 3.2)
    for k, name in enumerate(electrodes):
        at = x + 1.7 * k
        with sheet.net(f"{name}{j}"):
            sheet.wire((at, 0.6), (at, bottom))
        sheet.text((at, 0.9), f"{name}{j} [V]", size=SMALL, color=PORT)
    sheet.wire((right, -first * PITCH_Y - SOURCE), (right, bottom))
    sheet.text((right + 0.15, bottom + 0.6), f"in{j} [A]", size=SMALL, color=PORT, align="left")
    own = [f"v({name}{j})" for name in ("mem", "gate", *electrodes)]
    with sheet.part(f"neuron {j}", *own, area=True):
        sheet.box((x - 0.5, bottom - 1.5), right - x + 1.0, 1.5, f"LIF neuron {j}")
    sheet.wire((right + 0.5, bottom - 0.75), (right + 1.1, bottom - 0.75))
    sheet.port((right + 1.19, bottom - 1.35), f"ext{j}", "A", side="bottom")
    sheet.wire((right + 1.1, bottom - 0.75), (right + 1.19, bottom - 0.75), (right + 1.19, bottom - 1.26))


def _dots(sheet: Sheet, more_rows: bool, more_columns: bool, rows: int, columns: int) -> None:
    if more_columns:
        for i in range(rows):
            sheet.dots((columns * PITCH_X - 1.9, -i * PITCH_Y - ROW), (0.25, 0))
    if more_rows:
        sheet.dots((-1.6, -rows * PITCH_Y - 0.4), (0, -0.3))
