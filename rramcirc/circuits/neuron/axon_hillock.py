"""The Axon-Hillock core: netlist and schematic.

References
----------
[Mead1989] C. Mead, Analog VLSI and Neural Systems, Addison-Wesley 1989: the Axon-Hillock circuit.
"""

from __future__ import annotations

from rramcirc.basics.errors import ParameterError
from rramcirc.basics.units import format_number
from rramcirc.circuits.elements import GROUND, Capacitors, Group
from rramcirc.circuits.neuron.membrane import core_membrane
from rramcirc.circuits.neuron.neuron import LifNeuron
from rramcirc.circuits.neuron.transistors import LONG, NARROWEST, SHORT, UNIT, Core, Transistors, mirror_bias
from rramcirc.circuits.sheet import SMALL, Point, Sheet


def _axon_hillock(neuron: LifNeuron, make: Transistors) -> list[Group]:
    """Return Mead's circuit: two inverters with capacitive feedback, and a reset current for the pulse's length.

    The feedback lifts the membrane by C_fb V_dd / C, and takes it down by as much at the end of the pulse, so that it
    falls from the threshold to rest if C_fb = C V_th / V_dd. The reset current takes this charge off during the pulse,
    which therefore lasts C_fb V_dd / I_r.
    """
    supply, threshold = neuron.supply, neuron.threshold
    feedback = neuron.capacitance * threshold / supply
    reset = feedback * supply / neuron.refractory - 1.5 * neuron.rheobase  # the leak does the rest
    if 2 * threshold > supply:
        raise ParameterError(
            f"LifNeuron.threshold: {threshold:g} V; the pulse of the Axon-Hillock neuron lifts the membrane to twice "
            f"the threshold, above the supply of {supply:g} V. Use at most {supply / 2:g} V."
        )
    i_n = make.current("n", supply / 2, threshold, 0.0, UNIT, LONG)
    i_p = make.current("p", supply / 2, threshold, supply, UNIT, LONG)
    width = max(NARROWEST, NARROWEST * i_p / i_n)
    return [
        Capacitors(("mem", "feedback"), "mem", (GROUND, "spike"), [neuron.capacitance - feedback, feedback]),
        make("i1p", "p", "spike_n mem vdd", width * i_n / i_p, LONG),
        make("i1n", "n", f"spike_n mem {GROUND}", width, LONG),
        make("i2p", "p", "spike spike_n vdd", 8 * UNIT, SHORT),
        make("i2n", "n", f"spike spike_n {GROUND}", 4 * UNIT, SHORT),
        make("reset", "n", "mem spike rm", 2 * UNIT, SHORT),
        make("pulse", "n", f"rm pulse {GROUND}", UNIT, LONG),
        *mirror_bias(make, "pulse_b", "pulse", reset, UNIT, LONG),
    ]


def _draw(sheet: Sheet, neuron: LifNeuron, x: float) -> Point:
    core_membrane(sheet, neuron, x + 1.0)
    sheet.wire((x, 1.6), (x + 6.4, 1.6))
    reset = sheet.transistor("n", (x + 5.0, 1.0), gate="right", label="")
    sheet.wire((x + 5.0, 1.6), (x + 5.0, 1.0))
    sheet.dot((x + 5.0, 1.6))
    pulse = sheet.transistor("n", (x + 5.0, -0.9), label="I_r")
    sheet.wire(reset["source"], pulse["drain"])
    sheet.ground(pulse["source"])
    sheet.wire(pulse["gate"], (x + 3.9, pulse["gate"][1]))
    sheet.text((x + 3.8, pulse["gate"][1]), "V_pw", size=SMALL, align="right")
    first = sheet.inverter((x + 6.4, 1.6))
    sheet.wire(first, (x + 7.8, 1.6))
    out = sheet.inverter((x + 7.8, 1.6))
    end = (x + 9.6, 1.6)
    sheet.wire(out, end)
    sheet.dot((x + 9.2, 1.6))
    sheet.wire((x + 9.2, 1.6), (x + 9.2, reset["gate"][1]), reset["gate"])
    sheet.dot((x + 6.0, 1.6))
    sheet.wire((x + 6.0, 1.6), (x + 6.0, 3.6))
    farad = neuron.capacitance * neuron.threshold / neuron.supply
    sheet.two_terminal("Capacitor", (x + 6.0, 3.6), (x + 9.2, 3.6), f"C_fb {format_number(farad, 'F')}", "top")
    sheet.wire((x + 9.2, 3.6), (x + 9.2, 1.6))
    return end


AXON_HILLOCK = Core(
    "axon-hillock", "Axon-Hillock neuron (Mead 1989)", _axon_hillock, _draw,
    "the same of transistors, Axon-Hillock core [Mead1989]", long_spike=True,
)  # fmt: skip
