"""Schematics of the neurons."""

from __future__ import annotations

from rramcirc.basics.units import format_number
from rramcirc.circuits.neuron.cores import CORES
from rramcirc.circuits.neuron.membrane import membrane
from rramcirc.circuits.neuron.neuron import LifNeuron
from rramcirc.circuits.sheet import QUIET, SMALL, Point, Sheet


def draw_neuron(sheet: Sheet, neuron: LifNeuron) -> None:
    """Draw a neuron of any detail."""
    details = {"ideal": _draw_ideal, "mixed": _draw_mixed, "transistor": _draw_transistor}
    details[neuron.detail](sheet, neuron)


def _pulse_block(sheet: Sheet, neuron: LifNeuron, corner: Point, entry: Point) -> None:
    """Draw timers and drivers with the ports gate, te and ti; `entry` is where the spike comes in."""
    x, y = corner
    sheet.wire(entry, (x, entry[1]))
    sheet.box(corner, 2.8, 4.4, "timers\nand\nline\ndrivers")
    pulses = neuron.pulses
    first, second, third = (bool(v) for v in (pulses.set_voltage, pulses.reset_voltage, pulses.inhibitory_voltage))
    shapes = {"gate": (0, 1, 1, 1, 0, 0), "te": (0, first, 0, 0, -second, 0), "ti": (0, -third, 0, 0, 0, 0)}
    sheet.wire((x + 1.4, y + 4.4), (x + 1.4, y + 5.0))
    sheet.port((x + 1.4, y + 5.09), "vdd", side="top")
    for k, (name, shape) in enumerate(shapes.items()):
        at = y + 3.7 - 1.5 * k
        sheet.wire((x + 2.8, at), (x + 3.6, at))
        sheet.port((x + 3.69, at), name, side="right")
        sheet.pulse((x + 5.6, at - 0.05), shape)
    levels = f"gate {format_number(pulses.gate_voltage, 'V')}, {format_number(pulses.gate_width, 's')}"
    sheet.text((x + 1.4, y - 0.4), levels, size=SMALL, color=QUIET)


def _draw_ideal(sheet: Sheet, neuron: LifNeuron) -> None:
    sheet.port((0, 0), "in", "A")
    sheet.wire((0.09, 0), (1.2, 0), (1.2, -0.4))
    sheet.two_terminal("SourceV", (1.2, -2.2), (1.2, -0.4), "0 V: virtual\nground", "left")
    sheet.wire((1.2, -2.2), (1.2, -2.9))
    sheet.port((1.2, -3.0), "cm", side="bottom")
    sheet.two_terminal("SourceControlledI", (3.4, -1.9), (3.4, 0.0), f"gain x i(in)\n{neuron.input_gain:g}")
    sheet.ground((3.4, -1.9))
    sheet.wire((3.4, 0), (3.4, 1.2), (5.3, 1.2))
    sheet.port((4.4, 2.4), "ext", "A", side="top")
    sheet.wire((4.4, 2.31), (4.4, 1.2))
    sheet.dot((4.4, 1.2))
    sheet.two_terminal("Switch", (5.3, 1.2), (7.0, 1.2), "not in own pulses", "top")
    sheet.wire((7.0, 1.2), (14.6, 1.2))
    membrane(sheet, neuron, (7.6, 1.2))
    sheet.dot((11.8, 1.2))
    sheet.two_terminal("Switch", (11.8, 1.2), (11.8, -0.6), f"reset\n{format_number(neuron.refractory, 's')}")
    sheet.ground((11.8, -0.6))
    sheet.dot((13.2, 1.2))
    sheet.wire((13.2, 1.2), (13.2, 2.3))
    sheet.port((13.2, 2.4), "mem", side="top")
    sheet.box((14.6, 0.4), 2.2, 1.6, f"fires at\n{format_number(neuron.threshold, 'V')}")
    _pulse_block(sheet, neuron, (18.0, -1.4), (16.8, 1.2))
    sheet.text((9.0, -3.2), "ideal: switches and sources", size=SMALL, color=QUIET)


def _draw_mixed(sheet: Sheet, neuron: LifNeuron) -> None:
    sheet.port((0, 0), "in", "A")
    sheet.wire((0.09, 0), (3.4, 0))
    sheet.port((0, -2.6), "ext", "A")
    sheet.box((0.6, -3.2), 1.9, 1.2, f"x {1 / neuron.input_gain:g}")
    sheet.wire((0.09, -2.6), (0.6, -2.6))
    sheet.wire((1.55, -2.0), (1.55, 0.0))
    sheet.dot((1.55, 0.0))
    sheet.dot((2.6, 0))
    ends = sheet.op_amp((5.3, -0.5))
    sheet.wire((3.4, 0), ends["minus"])
    sheet.wire(ends["plus"], (3.2, ends["plus"][1]), (3.2, -1.9))
    sheet.port((3.2, -2.0), "cm", side="bottom")
    gain = f"A {neuron.amplifier_gain:g}\nGBW {format_number(neuron.gain_bandwidth, 'Hz')}"
    sheet.text((4.6, -1.9), gain, size=SMALL, color=QUIET, align="left")
    farad = neuron.capacitance / neuron.input_gain
    ohm = neuron.leak_resistance * neuron.input_gain
    elements = (
        ("Capacitor", f"C / gain, {format_number(farad, 'F')}", 1.2),
        ("Resistor", f"leak, {format_number(ohm, 'ohm')}", 2.5),
        ("Switch", f"reset, {format_number(neuron.refractory, 's')}", 3.9),
    )
    sheet.wire((2.6, 0), (2.6, 5.4))
    for kind, text, y in elements:
        sheet.dot((2.6, y))
        sheet.two_terminal(kind, (2.6, y), (5.0, y), text, "top")
        sheet.dot((5.0, y)) if y < 3.9 else None
    sheet.wire((5.0, 3.9), (5.0, 1.2))
    sheet.wire((5.0, 2.5), (5.4, 2.5))
    sheet.dot((5.0, 2.5))
    sheet.two_terminal("Switch", (5.4, 2.5), (6.6, 2.5), "hold", "top")
    sheet.two_terminal("Switch", (2.6, 5.4), (5.0, 5.4), "closed in the second te pulse", "top")
    sheet.wire((5.0, 5.4), (6.6, 5.4), (6.6, -0.5))
    sheet.dot((6.6, 2.5))
    sheet.wire((5.3, -0.5), (8.0, -0.5))
    sheet.dot((6.6, -0.5))
    sheet.box((8.0, -1.2), 2.2, 1.4, "V across\nC / gain")
    sheet.wire((10.2, -0.5), (12.0, -0.5))
    sheet.dot((11.1, -0.5))
    sheet.wire((11.1, -0.5), (11.1, 0.8))
    sheet.port((11.1, 0.9), "mem", side="top")
    ends = sheet.op_amp((13.7, -1.0), plus="top")
    sheet.text((12.85, -2.3), f"comparator with\nhysteresis, {format_number(neuron.threshold, 'V')}", size=SMALL)
    sheet.wire(ends["minus"], (11.5, ends["minus"][1]))
    sheet.text((11.4, ends["minus"][1]), "V_th", size=SMALL, align="right")
    _pulse_block(sheet, neuron, (15.2, -3.2), (13.7, -1.0))
    sheet.text(
        (8.0, -4.2), "mixed: op-amp integrator, comparator, one-shots; all outputs within vdd", size=SMALL, color=QUIET
    )


def _draw_transistor(sheet: Sheet, neuron: LifNeuron) -> None:
    _input_stage(sheet)
    start, core = 13.6, CORES[neuron.core]
    end = core.schematic(sheet, neuron, start)
    sheet.box((start - 0.6, -3.6), end[0] - start + 0.9, 9.6, core.title, dashed=True)
    _pulse_block(sheet, neuron, (end[0] + 1.4, end[1] - 2.6), end)


def _input_stage(sheet: Sheet) -> None:
    """Draw the regulated mirror with its replica, and the transmission gate."""
    sheet.box((-2.0, -3.6), 14.1, 9.6, "input stage: holds in at cm, passes gain x i(in) on, either way", dashed=True)
    sheet.port((-2.6, 1.6), "in", "A")
    sheet.wire((-2.51, 1.6), (2.6, 1.6))
    sheet.two_terminal("SourceI", (2.6, 4.4), (2.6, 2.6), "bias")
    sheet.supply((2.6, 4.4))
    sheet.wire((2.6, 2.6), (2.6, 0.6))
    sheet.dot((2.6, 1.6))
    sink = sheet.transistor("n", (2.6, 0.6), label="")
    sheet.ground(sink["source"])
    amp = sheet.op_amp((1.0, sink["gate"][1] - 0.0), plus="top", label="")
    sheet.wire(amp["out"], sink["gate"])
    sheet.wire(amp["plus"], (-1.2, amp["plus"][1]), (-1.2, 1.6))
    sheet.dot((-1.2, 1.6))
    sheet.wire(amp["minus"], (-2.51, amp["minus"][1]))
    sheet.port((-2.6, amp["minus"][1]), "cm")
    copy = sheet.transistor("n", (4.8, 0.6), label="")
    sheet.wire(sink["gate"], (1.45, sink["gate"][1]), (1.45, -1.6), (3.8, -1.6), copy["gate"])
    sheet.dot((1.45, sink["gate"][1]))
    sheet.ground(copy["source"])
    sheet.wire((4.8, 0.6), (4.8, 2.4))
    diode = sheet.transistor("p", (4.8, 2.4), gate="right", label="")
    sheet.supply(diode["source"])
    sheet.wire((4.8, 2.0), (5.8, 2.0), diode["gate"])
    sheet.dot((4.8, 2.0))
    out = sheet.transistor("p", (7.8, 2.4), label="")
    sheet.supply(out["source"])
    sheet.wire(diode["gate"], out["gate"])
    sheet.wire((7.8, 2.4), (7.8, 0.6))
    subtract = sheet.transistor("n", (7.8, 0.6), gate="left", label="")
    sheet.ground(subtract["source"])
    sheet.wire(subtract["gate"], (6.5, subtract["gate"][1]))
    sheet.text((6.4, subtract["gate"][1] - 0.1), "bias,\nreplica", size=SMALL, align="right")
    sheet.dot((7.8, 1.6))
    sheet.wire((7.8, 1.6), (9.6, 1.6))
    sheet.port((8.8, 3.4), "ext", "A", side="top")
    sheet.wire((8.8, 3.31), (8.8, 1.6))
    sheet.dot((8.8, 1.6))
    sheet.two_terminal("Switch", (9.6, 1.6), (11.4, 1.6), "transmission\ngate", "bottom")
    sheet.wire((11.4, 1.6), (13.6, 1.6))
