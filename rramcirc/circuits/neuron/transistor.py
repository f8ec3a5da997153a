"""Neurons of transistors: an input stage that holds the array's electrodes, and two published spike generators.

The input stage is a regulated current mirror: an amplifier of five transistors sets the gate of a wide transistor so
that ``in`` stays at the common mode whatever current the array delivers; two mirrors pass `input_gain` of it on to the
membrane. It works around a bias current, so that current may flow either way; a replica takes the bias off again. A
transmission gate cuts the membrane off during the neuron's own pulses. The spike starts the timers and drivers of
:mod:`rramcirc.circuits.neuron.blocks`, which are behavioural here too.

Sizes and biases follow from the record through the compiled model: they are ours, the topologies are the papers'; so
are the names of the transistors (m1 ...), which need not be those of a paper's figure. Bias
currents are ideal sources into diode-connected transistors. The leak is a resistor, which stands for a pseudo-resistor,
so that the neuron has the record's time constant; both papers have a transistor of constant current, or none.

References
----------
[Mead1989] C. Mead, Analog VLSI and Neural Systems, Addison-Wesley 1989: the Axon-Hillock circuit.
[Indiveri2003] G. Indiveri, "A low-power adaptive integrate-and-fire neuron circuit", Proc. ISCAS 2003.
[Indiveri2011] G. Indiveri et al., "Neuromorphic silicon neuron circuits", Front. Neurosci. 5:73 (2011): a review with
both circuits.
"""

from __future__ import annotations

from rramcirc.bench.stimuli import Constant
from rramcirc.circuits.elements import GROUND, Capacitors, Group, Resistors, Source, Subcircuit, Switches
from rramcirc.circuits.neuron.blocks import pulse_drivers, start_up, trigger_time
from rramcirc.circuits.neuron.cores import CORES
from rramcirc.circuits.neuron.neuron import PORTS, LifNeuron
from rramcirc.circuits.neuron.transistors import INPUT_BIAS_SHARE, LONG, SHORT, UNIT, Transistors

COMPENSATION_FARAD = 2e-12


def transistor_neuron(neuron: LifNeuron, name: str = "lif") -> Subcircuit:
    """Return the subcircuit of a neuron of transistors with the published core that the record names.

    Simulate it with time steps of at most a tenth of the refractory time: with longer ones ngspice has stepped over
    the end of an Axon-Hillock pulse.

    Raises
    ------
    ParameterError
        If a threshold or time needs a transistor that cannot be drawn; says which.
    """
    make = Transistors(neuron.supply)
    trigger = trigger_time(neuron)
    core = CORES[neuron.core]
    body = (
        *_input_stage(neuron, make),
        Resistors(("leak",), "mem", GROUND, neuron.leak_resistance, "leak, a pseudo-resistor"),
        *core.netlist(neuron, make),
        *start_up(neuron, "mem", GROUND, 1e-3 * trigger / neuron.capacitance, trigger),
        *_trigger(neuron, trigger, core.long_spike),
        *pulse_drivers(neuron, trigger),
    )
    return Subcircuit(name, PORTS, {}, body, core.title)


def _input_stage(neuron: LifNeuron, make: Transistors) -> list[Group]:
    """Return the virtual ground and the two mirrors: node ``syn`` carries the membrane current."""
    ratio = neuron.input_gain**-0.5
    width = UNIT * max(1.0, 1.0 / ratio)
    bias = INPUT_BIAS_SHARE * neuron.rheobase / neuron.input_gain
    tail = bias / 10
    groups: list[Group] = [
        Source("bias_in", "in", Constant(bias, "A"), minus="vdd"),
        make("in", "n", f"in reg {GROUND}", width * ratio, LONG),
        make("copy", "n", f"pg reg {GROUND}", width, LONG),
        make("pd", "p", "pg pg vdd", 2 * width * ratio, LONG),
        make("po", "p", "syn pg vdd", 2 * width, LONG),
        Source("bias_tail", "tail", Constant(tail, "A"), minus="vdd"),
        make("a1", "p", "reg cm tail", 8 * UNIT, UNIT),
        make("a2", "p", "am in tail", 8 * UNIT, UNIT),
        make("a3", "n", f"am am {GROUND}", 2 * UNIT, 2 * UNIT),
        make("a4", "n", f"reg am {GROUND}", 2 * UNIT, 2 * UNIT),
        Capacitors(("reg",), "in", "reg_z", COMPENSATION_FARAD),
        Resistors(("reg",), "reg_z", "reg", 20e3),
    ]
    replica: list[Group] = [
        Source("bias_r", "rg", Constant(bias, "A"), minus="vdd"),
        make("r_in", "n", f"rg rg {GROUND}", width * ratio, LONG),
        make("r_copy", "n", f"rp rg {GROUND}", width, LONG),
        make("r_pd", "p", "rp rp vdd", 2 * width * ratio, LONG),
        make("r_po", "p", "rn rp vdd", 2 * width, LONG),
        make("r_nd", "n", f"rn rn {GROUND}", width, LONG),
        make("r_no", "n", f"syn rn {GROUND}", width, LONG),
    ]
    gate: list[Group] = [
        make("tg_n", "n", "syn use mem", UNIT, SHORT),
        make("tg_p", "p", "syn use_n mem", UNIT, SHORT),
        make("use_p", "p", "use use_n vdd", UNIT, SHORT),
        make("use_n", "n", f"use use_n {GROUND}", UNIT, SHORT),
        Resistors(("ext",), "ext", "syn", 1e3),
    ]
    return [*groups, *replica, *gate]


def _trigger(neuron: LifNeuron, trigger: float, long_spike: bool) -> list[Group]:
    """Return what makes ``fire`` of a spike, and the logic that cuts the membrane off: ``use_n`` is high then.

    Of a `long_spike`, which lasts for the refractory time, only the beginning may start the timers: ``fire`` closes its
    own supply through ``fired``, which stays up until the spike is over.
    """
    half = 0.5 * neuron.supply
    blocked = ("spike", "own") if long_spike else ("own",)
    supply = "fire_s" if long_spike else "vdd"
    return [
        Switches(("fire",), supply, "fire", "spike", "sw_fire", half, 0.2 * half, 1e3, 1e13, comment="trigger"),
        *(_once(half, trigger) if long_spike else []),
        Resistors(("fire",), "fire", GROUND, 1e6),
        Capacitors(("fire",), "fire", GROUND, trigger / 0.6931471805599453 / 1e6),
        Switches(
            tuple(f"use_{name}" for name in blocked), "vdd", "use_n", blocked, "sw_use", half, 0.2 * half, 1e4, 1e13
        ),
        Resistors(("use",), "use_n", GROUND, 1e7),
    ]


def _once(half: float, trigger: float) -> list[Group]:
    """Return the node ``fired``, and the switch that takes ``fire`` off the supply while ``fired`` is up."""
    farad = 1e-12
    return [
        Switches(("once",), "vdd", "fire_s", GROUND, "sw_once", -half, 0.2 * half, 1e3, 1e13, "fired"),
        Switches(("fired",), "vdd", "fired", "fire", "sw_fired", half, 0.2 * half, 0.1 * trigger / farad, 1e15),
        Switches(("off",), "fired", GROUND, GROUND, "sw_off", -half, 0.2 * half, trigger / farad, 1e15, "spike"),
        Capacitors(("fired",), "fired", GROUND, farad),
    ]
