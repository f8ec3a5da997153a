"""Schematic of the recurrent network: one synapse and its twin, between the neurons they join."""

from __future__ import annotations

from rramcirc.circuits.recurrent.recurrent import RecurrentNetwork
from rramcirc.circuits.sheet import PORT, QUIET, SMALL, Point, Sheet

LOWER = -6.6  # of the side network below the neurons


def draw_recurrent(sheet: Sheet, network: RecurrentNetwork) -> None:
    """Draw the way from neuron j to neuron i, and the way of the error back from i to j."""
    _way(sheet, 0.0, ("v", "j", "i"), "w[i,j]", "in", "tanh( )")
    _way(sheet, LOWER, ("y", "i", "j"), "twin of\nw[i,j]", "target", "(1 \u2212 tanh\u00b2)( \u2212 v)")
    state = "on: x = y[i], y = v[j]" if network.learning else "off: x and y grounded"
    text = f"{network.neurons} neurons, {len(network.pairs)} synapses {network.synapse.name} and their twins; "
    sheet.text((8.0, LOWER - 3.4), text + f"learning {state} [Zoppo 2019]", size=SMALL, color=QUIET)


def _way(sheet: Sheet, y: float, names: tuple[str, str, str], synapse: str, line: str, function: str) -> None:
    """Draw buffer, synapse, virtual ground that sums, nonlinear source, and the neuron's R and C."""
    letter, source, target = names
    sheet.port((0, y), f"{letter}[{source}]")
    sheet.wire((0.09, y), (0.9, y))
    _buffer(sheet, (0.9, y))
    sheet.wire((2.1, y), (3.2, y))
    sheet.box((3.2, y - 0.8), 2.4, 1.6, synapse)
    sheet.text((2.95, y + 0.3), "te", size=SMALL)
    sheet.text((5.85, y + 0.3), "be", size=SMALL)
    for k, name in enumerate(("x", "y")):
        x = 3.8 + 1.2 * k
        sheet.wire((x, y - 0.8), (x, y - 1.3))
        sheet.text((x, y - 1.6), name, size=SMALL, color=PORT)
    sheet.wire((5.6, y), (7.4, y))
    sheet.dot((6.6, y))
    sheet.wire((6.6, y), (6.6, y + 1.0))
    sheet.text((6.6, y + 1.3), "other synapses", size=SMALL, color=QUIET)
    sheet.box((7.4, y - 0.8), 2.0, 1.6, "0 V:\nsum of\ncurrents")
    sheet.wire((9.4, y), (10.6, y))
    sheet.box((10.6, y - 0.8), 2.8, 1.6, function)
    sheet.port((12.0, y + 1.9), f"{line}[{target}]", side="top")
    sheet.wire((12.0, y + 1.81), (12.0, y + 0.8))
    sheet.wire((13.4, y), (18.0, y))
    for k, kind in enumerate(("Resistor", "Capacitor")):
        x = 14.4 + 1.7 * k
        sheet.dot((x, y))
        sheet.two_terminal(kind, (x, y), (x, y - 1.8), "RC"[k])
        sheet.ground((x, y - 1.8))
    sheet.port((18.09, y), f"{letter}[{target}]", side="right")


def _buffer(sheet: Sheet, at: Point) -> None:
    x, y = at
    sheet.wire((x, y + 0.6), (x + 1.2, y), (x, y - 0.6), (x, y + 0.6))
    sheet.text((x + 0.4, y), "1", size=SMALL)
