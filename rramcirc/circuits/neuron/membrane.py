"""Membrane capacitor and leak, as the schematics of the neurons share them."""

from __future__ import annotations

from rramcirc.basics.units import format_number
from rramcirc.circuits.neuron.neuron import LifNeuron
from rramcirc.circuits.sheet import Point, Sheet


def membrane(sheet: Sheet, neuron: LifNeuron, at: Point) -> None:
    """Draw capacitor and leak from a point of the membrane line to ground, and the port mem above it."""
    x, y = at
    for k, (kind, text) in enumerate(
        (
            ("Capacitor", f"C\n{format_number(neuron.capacitance, 'F')}"),
            ("Resistor", f"leak\n{format_number(neuron.leak_resistance, 'ohm')}"),
        )
    ):
        sheet.dot((x + 1.9 * k, y))
        sheet.two_terminal(kind, (x + 1.9 * k, y), (x + 1.9 * k, y - 1.8), text)
        sheet.ground((x + 1.9 * k, y - 1.8))


def core_membrane(sheet: Sheet, neuron: LifNeuron, x: float) -> None:
    """Draw membrane capacitor and leak below the line at 1.6, and the port mem above it."""
    membrane(sheet, neuron, (x, 1.6))
    sheet.wire((x - 0.8, 1.6), (x - 0.8, 6.6))
    sheet.dot((x - 0.8, 1.6))
    sheet.port((x - 0.8, 6.7), "mem", side="top")
