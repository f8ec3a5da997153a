"""Indiveri's integrate-and-fire core: netlist and schematic.

References
----------
[Indiveri2003] G. Indiveri, "A low-power adaptive integrate-and-fire neuron circuit", Proc. ISCAS 2003.
"""

from __future__ import annotations

from rramcirc.circuits.elements import GROUND, Capacitors, Group
from rramcirc.circuits.neuron.membrane import core_membrane
from rramcirc.circuits.neuron.neuron import LifNeuron
from rramcirc.circuits.neuron.sizing import solve
from rramcirc.circuits.neuron.transistors import (
    INPUT_BIAS_SHARE,
    LONG,
    NARROWEST,
    SHORT,
    UNIT,
    Core,
    Transistors,
    mirror_bias,
)
from rramcirc.circuits.sheet import SMALL, Point, Sheet

FOLLOWER_FARAD = 0.2e-12  # load of the Indiveri neuron's source follower, for its bias
REFRACTORY_FARAD = 2e-12
MIRROR_WIDTH = 8e-6  # of m3; m6 feeds a small share of its current back [m]
STARVED = 40e-6  # channel length that keeps the current of the Indiveri neuron's first inverter small [m]


def _indiveri(neuron: LifNeuron, make: Transistors) -> list[Group]:
    """Return Indiveri's circuit: source follower, inverter with positive feedback, slow inverter, reset transistor.

    Ours: two inverters (m13, m14 and s1, s2) square the first one's output up before it drives the slow inverter (m8 to
    m10), which at nanoampere would follow the first one's half-way levels; and m7s, which lifts the membrane by a tenth
    of the threshold while m8 charges the refractory capacitor, so that every spike reaches the rails.
    """
    supply, threshold = neuron.supply, neuron.threshold
    follower = FOLLOWER_FARAD * threshold * 20 / neuron.refractory
    shifted = solve(
        lambda level: make.current("n", supply, threshold, level, 20 * UNIT, SHORT) - follower,
        0.0, threshold, "LifNeuron.threshold: the source follower of the Indiveri neuron",
    )  # fmt: skip
    lift = 0.7 * _reset_current(neuron)
    charge = REFRACTORY_FARAD * supply / (0.1 * neuron.capacitance * threshold / lift)
    slew = REFRACTORY_FARAD * (supply - _reset_off(neuron, make)) / neuron.refractory
    return [
        Capacitors(("mem",), "mem", GROUND, neuron.capacitance, "membrane"),
        make("m1", "n", "vdd mem vin", 20 * UNIT, SHORT),
        make("m2", "n", f"vin vsf {GROUND}", UNIT, UNIT),
        *mirror_bias(make, "m2_b", "vsf", follower, UNIT, UNIT),
        make("m3", "p", "fb fb vdd", MIRROR_WIDTH, UNIT),
        make("m4", "p", "vo1 vin fb", NARROWEST, STARVED),
        make("m5", "n", f"vo1 vin {GROUND}", *_inverter_size(neuron, make, shifted)),
        make("m6", "p", "fb2 fb vdd", NARROWEST, UNIT),
        make("m7", "p", "mem vo1 fb2", UNIT, SHORT),
        make("m7s", "p", "mem spike_n vdd", *make.size("p", threshold, 0.0, supply, lift)),
        make("m8", "p", "vo2 spike_n vdd", *make.size("p", supply / 2, 0.0, supply, charge)),
        make("m9", "n", "vo2 spike_n vr", UNIT, SHORT),
        make("m10", "n", f"vr vrfr {GROUND}", UNIT, LONG),
        *mirror_bias(make, "m10_b", "vrfr", slew, UNIT, LONG),
        Capacitors(("m11",), "vo2", GROUND, REFRACTORY_FARAD, "refractory capacitor"),
        make("m12", "n", f"mem vo2 {GROUND}", *_reset_size(neuron, make)),
        make("m13", "p", "spike vo1 vdd", 2 * UNIT, SHORT),
        make("m14", "n", f"spike vo1 {GROUND}", UNIT, SHORT),
        make("s1", "p", "spike_n spike vdd", 2 * UNIT, SHORT),
        make("s2", "n", f"spike_n spike {GROUND}", UNIT, SHORT),
    ]


def _inverter_size(neuron: LifNeuron, make: Transistors, level: float) -> tuple[float, float]:
    """Return width and length of m5 at which the neuron runs away: m6 feeds back what the leak takes at the threshold.

    The inverter itself switches a little above, when the current of m5 reaches what m4 can deliver.
    """
    wanted = neuron.rheobase * MIRROR_WIDTH / NARROWEST
    width = UNIT * wanted / make.current("n", make.supply / 2, level, 0.0, UNIT, SHORT)
    return (width, SHORT) if width >= NARROWEST else (NARROWEST, SHORT * NARROWEST / width)


def _reset_current(neuron: LifNeuron) -> float:
    """Return the full current of the reset transistor [A]: it empties the membrane in 1/400 of the refractory time."""
    return 400 * neuron.capacitance * neuron.threshold / neuron.refractory


def _reset_size(neuron: LifNeuron, make: Transistors) -> tuple[float, float]:
    """Return width and length of the reset transistor m12 [m]."""
    return make.size("n", neuron.threshold / 2, neuron.supply, 0.0, _reset_current(neuron))


def _reset_off(neuron: LifNeuron, make: Transistors) -> float:
    """Return the gate voltage below which the membrane rises against the reset transistor [V].

    Near 0 V the membrane gets, besides ten times the rheobase, the bias of the input stage, which is cut off there.
    """
    width, length = _reset_size(neuron, make)
    current = (10.0 + INPUT_BIAS_SHARE) * neuron.rheobase

    def difference(gate: float) -> float:
        return make.current("n", 0.05 * neuron.threshold, gate, 0.0, width, length) - current

    return solve(difference, 0.0, neuron.supply, "LifNeuron.refractory: the reset transistor of the Indiveri neuron")


def _draw(sheet: Sheet, neuron: LifNeuron, x: float) -> Point:
    core_membrane(sheet, neuron, x + 1.0)
    sheet.wire((x, 1.6), (x + 8.2, 1.6))
    reset = sheet.transistor("n", (x + 5.0, 1.0), gate="right", label="m12")
    sheet.wire((x + 5.0, 1.6), (x + 5.0, 1.0))
    sheet.dot((x + 5.0, 1.6))
    sheet.ground(reset["source"])
    follower = sheet.transistor("n", (x + 9.2, 2.4), label="m1")
    sheet.supply(follower["drain"])
    sheet.wire((x + 8.2, 1.6), follower["gate"])
    bias = sheet.transistor("n", (x + 9.2, 0.2), label="m2")
    sheet.wire(follower["source"], bias["drain"])
    sheet.ground(bias["source"])
    sheet.wire(bias["gate"], (x + 8.0, bias["gate"][1]))
    sheet.text((x + 7.9, bias["gate"][1]), "V_sf", size=SMALL, align="right")
    sheet.dot((x + 9.2, 0.5))
    sheet.wire((x + 9.2, 0.5), (x + 10.4, 0.5))
    upper = sheet.transistor("p", (x + 11.4, 0.9), label="m4")
    lower = sheet.transistor("n", (x + 11.4, 0.1), label="m5")
    sheet.wire(upper["gate"], (x + 10.4, 0.5), lower["gate"])
    sheet.dot((x + 10.4, 0.5))
    sheet.wire(upper["drain"], lower["drain"])
    sheet.ground(lower["source"])
    diode = sheet.transistor("p", (x + 11.4, 2.9), label="m3")
    sheet.wire(upper["source"], diode["drain"])
    sheet.supply(diode["source"])
    sheet.wire(diode["gate"], (x + 10.4, 2.7), (x + 11.4, 2.7))
    sheet.dot((x + 11.4, 2.7))
    mirror = sheet.transistor("p", (x + 6.6, 3.7), gate="right", label="m6")
    sheet.supply(mirror["source"])
    sheet.wire(mirror["gate"], (x + 10.4, mirror["gate"][1]), diode["gate"])
    feed = sheet.transistor("p", (x + 6.6, 2.0), gate="right", label="m7")
    sheet.wire(mirror["drain"], feed["source"])
    sheet.wire(feed["drain"], (x + 6.6, 1.6))
    sheet.dot((x + 6.6, 1.6))
    sheet.text((feed["gate"][0] + 0.1, feed["gate"][1]), "v_o1", size=SMALL, align="left")
    sheet.dot((x + 11.4, 0.5))
    sheet.wire((x + 11.4, 0.5), (x + 13.0, 0.5))
    sheet.text((x + 12.3, 0.8), "v_o1", size=SMALL)
    first = sheet.inverter((x + 13.0, 0.5))
    sheet.wire(first, (x + 14.4, 0.5))
    second = sheet.inverter((x + 14.4, 0.5))
    sheet.dot((x + 14.15, 0.5))
    sheet.wire((x + 14.15, 0.5), (x + 14.15, 4.6), (x + 18.8, 4.6), (x + 18.8, 1.6))
    slow_p = sheet.transistor("p", (x + 16.8, 0.9), label="m8")
    slow_n = sheet.transistor("n", (x + 16.8, 0.1), label="m9")
    sheet.wire(second, (x + 15.8, 0.5))
    sheet.wire(slow_p["gate"], slow_n["gate"])
    sheet.supply(slow_p["source"])
    sheet.wire(slow_p["drain"], slow_n["drain"])
    sheet.ground(slow_n["source"])
    sheet.text((x + 16.8, -2.4), "m10: I_rfr", size=SMALL)
    sheet.dot((x + 16.8, 0.5))
    sheet.wire(
        (x + 16.8, 0.5), (x + 18.2, 0.5), (x + 18.2, -3.0), (x + 6.4, -3.0), (x + 6.4, reset["gate"][1]), reset["gate"]
    )
    sheet.dot((x + 18.2, -0.3))
    sheet.two_terminal("Capacitor", (x + 18.2, -0.3), (x + 19.6, -0.3), "C_r", "top")
    sheet.ground((x + 19.6, -0.3))
    end = (x + 20.0, 1.6)
    sheet.wire((x + 18.8, 1.6), end)
    return end


INDIVERI = Core(
    "indiveri", "integrate-and-fire neuron (Indiveri 2003)", _indiveri, _draw,
    "the same of transistors, Indiveri's integrate-and-fire core [Indiveri2003]",
)  # fmt: skip
