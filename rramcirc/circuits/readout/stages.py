"""The block at one line of a readout: transimpedance amplifier, virtual ground, current mirror."""

from __future__ import annotations

import numpy as np

from rramcirc.circuits.elements import (
    GROUND,
    Behavioural,
    Capacitors,
    Controlled,
    Devices,
    Group,
    Resistors,
    Subcircuit,
)
from rramcirc.circuits.readout.readout import Readout

BOLTZMANN = 1.380649e-23  # [J/K]
POLE_OHM = 1e6  # of the amplifier's one pole; its own noise is 129 nV/sqrt(Hz) behind the gain
CLAMP = 100.0  # the clamp of the pole at the supply, in units of the amplifier's transconductance


def stage_subcircuits(readout: Readout, temperature: float) -> tuple[Subcircuit, ...]:
    """Return the blocks that may be at a line; their ports are ``in out ref vdd``.

    There are two for a differential mirror, whose minus lines need a copy that draws its current.

    Parameters
    ----------
    readout
        What it is.
    temperature
        At which the resistor that stands for the amplifier's noise has that noise [K].
    """
    if readout.kind == "tia":
        blocks = {"tia": ("transimpedance amplifier: out = ref - Rf * current into in", _tia(readout, temperature))}
    elif readout.kind == "virtual_ground":
        comment = "virtual ground: in is held at ref, out = ref + Rf * current into in"
        blocks = {"virtual_ground": (comment, _virtual_ground(readout, temperature))}
    else:
        blocks = {"mirror": ("current mirror: out gives the current that flows into in", _mirror(readout, False))}
        if readout.pairing == "differential":
            blocks["mirror_minus"] = (
                "current mirror: out draws the current that flows into in",
                _mirror(readout, True),
            )
    return tuple(
        Subcircuit(f"readout_{name}", ("in", "out", "ref", "vdd"), {"offset": readout.offset}, body, comment)
        for name, (comment, body) in blocks.items()
    )


def _amplifier(readout: Readout, temperature: float, output: str) -> list[Group]:
    """Return an amplifier with one pole between ref (plus) and in (minus), which stops at its supply."""
    transconductance = readout.gain / POLE_OHM
    farad = readout.gain / (2 * np.pi * readout.gain_bandwidth * POLE_OHM)
    groups: list[Group] = [Behavioural(("offset",), "plus", "ref", "{offset}", comment="offset")]
    plus = "plus"
    if readout.noise_density > 0:
        plus = "noisy"
        ohm = readout.noise_density**2 / (4 * BOLTZMANN * temperature)
        groups.append(Resistors(("noise",), "plus", plus, ohm, "carries no current: only its thermal noise"))
    clamp = f"{CLAMP * transconductance!r} * (uramp(v(pole) - v(vdd)) - uramp(-v(pole)))"
    return [
        *groups,
        Controlled(("gm",), "vccs", GROUND, "pole", plus, transconductance, "in", "amplifier: gain, pole, supply"),
        Controlled(("level",), "vcvs", "level", GROUND, "ref", 1.0, comment="so that ref need not charge the pole"),
        Resistors(("pole",), "pole", "level", POLE_OHM),
        Capacitors(("pole",), "pole", "level", farad),
        Behavioural(("clamp",), "pole", GROUND, clamp, "A"),
        Controlled(("buffer",), "vcvs", output, GROUND, "pole", 1.0),
        *([Capacitors(("in",), "in", GROUND, readout.input_capacitance)] if readout.input_capacitance else []),
    ]


def _tia(readout: Readout, temperature: float) -> tuple[Group, ...]:
    farad = readout.feedback_capacitance
    drawn = f"{readout.supply_current!r} + uramp(v(out) - v(in)) / {readout.feedback_resistance!r}"
    return (
        *_amplifier(readout, temperature, "out"),
        Resistors(("feedback",), "out", "in", readout.feedback_resistance),
        *([Capacitors(("feedback",), "out", "in", farad)] if farad else []),
        Behavioural(("supply",), "vdd", GROUND, drawn, "A", "current from the supply"),
    )


def _virtual_ground(readout: Readout, temperature: float) -> tuple[Group, ...]:
    ohm, farad = readout.sense_resistance, readout.feedback_capacitance
    limit = f"{CLAMP / readout.feedback_resistance!r} * (uramp(v(out) - v(vdd)) - uramp(-v(out)))"
    drawn = f"{readout.supply_current!r} + abs(v(in) - v(drive)) / {ohm!r}"
    return (
        *_amplifier(readout, temperature, "drive"),
        Resistors(("sense",), "in", "drive", ohm, "the current into in, and its copy"),
        Controlled(("copy",), "vccs", GROUND, "out", "in", 1.0 / ohm, "drive"),
        Resistors(("feedback",), "out", "ref", readout.feedback_resistance),
        *([Capacitors(("feedback",), "out", "ref", farad)] if farad else []),
        Behavioural(("limit",), "out", GROUND, limit, "A"),
        Behavioural(("supply",), "vdd", GROUND, drawn, "A", "current from the supply"),
    )


def _mirror(readout: Readout, minus: bool) -> tuple[Group, ...]:
    n = {"w": readout.mirror_width, "l": readout.mirror_length}
    p = {"w": 3 * readout.mirror_width, "l": readout.mirror_length}
    copy = "out" if minus else "turn"
    groups: list[Group] = [
        Devices(("in",), ("in", "in", GROUND, GROUND), readout.nmos, n, "the offset is one of threshold voltages"),
        Devices(("copy",), (copy, "in", GROUND, GROUND), readout.nmos, n | {"vto_delta": "{offset}"}),
    ]
    if not minus:
        turned = (("turn", "out"), "turn", "vdd", "vdd")
        groups.append(Devices(("turn", "out"), turned, readout.pmos, p, "the same from the supply"))
    if readout.input_capacitance:
        groups.append(Capacitors(("in",), "in", GROUND, readout.input_capacitance))
    return tuple(groups)
