"""Schematics of the readout of one line, and of an array with readouts."""

from __future__ import annotations

from rramcirc.basics.units import format_number
from rramcirc.circuits.readout.readout import Readout, ReadoutArray
from rramcirc.circuits.sheet import PORT, QUIET, SMALL, Point, Sheet


def draw_readout(sheet: Sheet, readout: Readout) -> None:
    """Draw one channel: the stage at the line, and what follows it."""
    draw = {"tia": _tia, "mirror": _mirror, "virtual_ground": _virtual_ground}[readout.kind]
    end = draw(sheet, readout)
    if readout.pairing != "single":
        what = "G-" if readout.pairing == "differential" else "mean of the\nreference lines"
        sheet.box((end[0] + 0.6, end[1] - 0.7), 2.2, 1.4, "subtracts\n" + what)
        sheet.wire(end, (end[0] + 0.6, end[1]))
        end = (end[0] + 2.8, end[1])
    out = (end[0] + 0.9, end[1])
    sheet.wire(end, out)
    sheet.dot(out)
    sheet.wire(out, (out[0], out[1] + 1.2))
    sheet.port((out[0], out[1] + 1.29), "out", side="top")
    _behind(sheet, readout, out)


def _behind(sheet: Sheet, readout: Readout, at: Point) -> None:
    """Draw sample and hold, ADC and sense amplifier behind the output."""
    x, y = at
    held = (x, y)
    if readout.hold_capacitance:
        sheet.two_terminal("Switch", (x, y), (x + 1.8, y), "sample", "top")
        sheet.dot((x + 1.8, y))
        sheet.two_terminal("Capacitor", (x + 1.8, y), (x + 1.8, y - 1.6), format_number(readout.hold_capacitance, "F"))
        sheet.ground((x + 1.8, y - 1.6))
        held = (x + 2.6, y)
        sheet.wire((x + 1.8, y), held)
    if readout.bits:
        sheet.wire(held, (held[0] + 0.8, y))
        sheet.box((held[0] + 0.8, y - 0.7), 2.0, 1.4, f"ADC\n{readout.bits} bit")
        sheet.wire((held[0] + 2.8, y), (held[0] + 3.5, y))
        sheet.port((held[0] + 3.59, y), "code", "1", side="right")
    if readout.sense_threshold is not None:
        sheet.wire((x, y), (x, y - 3.2), (x + 0.9, y - 3.2))
        ends = sheet.op_amp((x + 2.6, y - 3.7), plus="top")
        sheet.wire(ends["minus"], (ends["minus"][0] - 0.4, ends["minus"][1]))
        sheet.text((ends["minus"][0] - 0.5, ends["minus"][1] - 0.35), "threshold", size=SMALL, align="right")
        sheet.wire(ends["out"], (x + 3.4, y - 3.7))
        sheet.port((x + 3.49, y - 3.7), "bit", side="right")


def _line(sheet: Sheet, readout: Readout) -> None:
    """Draw the line and its capacitance."""
    sheet.port((0, 0), "line", "A")
    sheet.wire((0.09, 0), (3.0, 0))
    sheet.dot((1.2, 0))
    sheet.two_terminal("Capacitor", (1.2, 0), (1.2, -1.7), format_number(readout.input_capacitance, "F"), "left")
    sheet.ground((1.2, -1.7))


def _amplifier(sheet: Sheet, readout: Readout) -> dict[str, Point]:
    """Draw the amplifier that holds the line at the common mode."""
    _line(sheet, readout)
    ends = sheet.op_amp((4.7, -0.5))
    sheet.wire(ends["plus"], (2.6, ends["plus"][1]), (2.6, -1.9))
    sheet.port((2.6, -2.0), "ref", side="bottom")
    text = f"A {readout.gain:g}, GBW {format_number(readout.gain_bandwidth, 'Hz')}"
    sheet.text((3.4, -1.9), text, size=SMALL, color=QUIET, align="left")
    return ends


def _tia(sheet: Sheet, readout: Readout) -> Point:
    ends = _amplifier(sheet, readout)
    sheet.dot((2.4, 0))
    sheet.wire((2.4, 0), (2.4, 2.5))
    sheet.two_terminal(
        "Resistor", (2.4, 1.2), (5.2, 1.2), f"Rf {format_number(readout.feedback_resistance, 'ohm')}", "top"
    )
    sheet.dot((2.4, 1.2))
    sheet.dot((5.2, 1.2))
    label = f"Cf {format_number(readout.feedback_capacitance, 'F')}"
    sheet.two_terminal("Capacitor", (2.4, 2.5), (5.2, 2.5), label, "top")
    sheet.wire((5.2, 2.5), (5.2, -0.5))
    sheet.dot((5.2, -0.5))
    sheet.wire(ends["out"], (6.0, -0.5))
    return (6.0, -0.5)


def _virtual_ground(sheet: Sheet, readout: Readout) -> Point:
    ends = _amplifier(sheet, readout)
    sheet.dot((2.4, 0))
    sheet.wire((2.4, 0), (2.4, 1.4), (5.2, 1.4), (5.2, -0.5))
    sheet.text((3.8, 1.7), "current I", size=SMALL)
    sheet.wire(ends["out"], (5.2, -0.5))
    sheet.dot((5.2, -0.5))
    sheet.wire((5.2, -0.5), (6.2, -0.5))
    sheet.box((6.2, -1.3), 2.6, 1.6, f"copy of I x Rf\n{format_number(readout.feedback_resistance, 'ohm')}")
    return (8.8, -0.5)


def _mirror(sheet: Sheet, readout: Readout) -> Point:
    _line(sheet, readout)
    diode = sheet.transistor("n", (3.0, -0.4), gate="right")
    sheet.wire((3.0, 0), (3.0, -0.4))
    sheet.ground(diode["source"])
    sheet.dot((3.0, 0))
    sheet.wire((3.0, 0), (4.0, 0), diode["gate"])
    copy = sheet.transistor("n", (5.6, -0.4))
    sheet.ground(copy["source"])
    sheet.wire(diode["gate"], copy["gate"])
    sheet.wire((5.6, -0.4), (5.6, 1.0))
    upper = sheet.transistor("p", (5.6, 1.0), gate="right")
    sheet.supply(upper["source"])
    sheet.wire((5.6, 0.7), (6.6, 0.7), upper["gate"])
    sheet.dot((5.6, 0.7))
    out = sheet.transistor("p", (8.2, 1.0))
    sheet.supply(out["source"])
    sheet.wire(upper["gate"], out["gate"])
    sheet.wire((8.2, 1.0), (8.2, 0.0))
    sheet.dot((8.2, 0.3))
    sheet.two_terminal(
        "Resistor", (8.2, 0.0), (8.2, -1.8), f"Rf {format_number(readout.feedback_resistance, 'ohm')}", "left"
    )
    sheet.port((8.2, -1.9), "ref", side="bottom")
    return (8.2, 0.3)


def draw_readout_array(sheet: Sheet, design: ReadoutArray) -> None:
    """Draw an array as a block with a readout at each of its lines; of the lines the first two of each kind."""
    array, readout = design.array, design.readout
    counts = {kind: sum(name.startswith(kind) for name in array.lines) for kind in ("wl", "sl", "bl")}
    kinds = [kind for kind, count in counts.items() if count and kind != design.line]
    top = 2.7 * len(kinds) - 2.7
    label = f"{array.rows} x {array.columns}\n{array.cell.kind} cells\n{array.cell.rram.name}"
    sheet.box((0, -1.2), 6.0, top + 2.7, label)
    for number, kind in enumerate(kinds):
        y = top - 2.7 * number + 0.9
        for k in range(min(2, counts[kind])):
            sheet.wire((-0.9, y - 0.8 * k), (0, y - 0.8 * k))
            sheet.port((-0.99, y - 0.8 * k), f"{kind}{k}")
        if counts[kind] > 2:
            sheet.dots((-0.5, y - 1.2), (0, -0.2))
    pair = readout.pairing == "differential"
    shown = design.output_numbers[: 1 if pair else 2]
    for place, number in enumerate(shown):
        members = (2 * number, 2 * number + 1) if pair else (number,)
        _channel(sheet, design, [1.2 + 3.6 * (place + k) for k in range(len(members))], members, number)
    if len(design.output_numbers) > len(shown):
        sheet.dots((6.4, -2.6), (0.25, 0))


def _channel(sheet: Sheet, design: ReadoutArray, places: list[float], members: tuple[int, ...], number: int) -> None:
    """Draw the stages of one output's lines, and below them what follows: difference, hold, ADC, sense amplifier."""
    readout = design.readout
    text = {"tia": "TIA", "mirror": "current\nmirror", "virtual_ground": "virtual\nground"}[readout.kind]
    for x, k in zip(places, members, strict=True):
        sheet.wire((x, -1.2), (x, -2.0))
        sheet.text((x + 0.15, -1.6), f"{design.line}{k}", size=SMALL, align="left", color=PORT)
        sheet.box((x - 0.8, -3.2), 1.6, 1.2, text)
    x, y = sum(places) / len(places), -3.2
    if readout.pairing != "single":
        for place in places:
            sheet.wire((place, y), (place, y - 0.4), (x, y - 0.4))
        pair = f"{design.line}{members[0]} \u2212 {design.line}{members[-1]}"
        what = pair if readout.pairing == "differential" else "\u2212 mean of\nreference"
        y = _block(sheet, (x, y - 0.4), what, 0.5)
    y = _tap(sheet, (x, y), f"out{number}")
    if readout.sample_hold:
        y = _tap(sheet, (x, _block(sheet, (x, y), "sample\nand hold", 0.4)), f"held{number}")
    last = {f"code{number}": "1"} if readout.bits else {}
    labels = [f"ADC, {readout.bits} bit"] if readout.bits else []
    if readout.sense_threshold is not None:
        last[f"bit{number}"] = "V"
        labels.append("sense amplifier" if not labels else "sense amp.")
    if last:
        y = _block(sheet, (x, y), "\n".join(labels), 0.4)
        for k, (name, unit) in enumerate(last.items()):
            at = y + 0.85 - 0.6 * k
            sheet.wire((x + 1.0, at), (x + 1.2, at))
            sheet.port((x + 1.29, at), name, unit, side="right")


def _tap(sheet: Sheet, at: Point, name: str) -> float:
    """Draw a port to the right below a point, and return where the line goes on."""
    x, y = at
    sheet.wire((x, y), (x, y - 0.4), (x + 1.2, y - 0.4))
    sheet.port((x + 1.29, y - 0.4), name, side="right")
    return y - 0.4


def _block(sheet: Sheet, at: Point, label: str, gap: float) -> float:
    """Draw a block below a point, and return where it ends."""
    x, y = at
    sheet.wire((x, y), (x, y - gap))
    sheet.box((x - 1.0, y - gap - 1.1), 2.0, 1.1, label)
    return y - gap - 1.1
