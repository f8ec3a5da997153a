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

from rramcirc.basics.errors import ParameterError
from rramcirc.bench.stimuli import Constant
from rramcirc.circuits.elements import GROUND, Capacitors, Devices, Group, Resistors, Source, Subcircuit, Switches
from rramcirc.circuits.neuron.blocks import pulse_drivers, start_up, trigger_time
from rramcirc.circuits.neuron.neuron import PORTS, LifNeuron
from rramcirc.circuits.neuron.sizing import drain_current, solve
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.cards.model_card import ModelCard

UNIT = 1e-6  # width of a small transistor [m]
SHORT, LONG = 0.35e-6, 10e-6  # channel lengths of logic and of mirrors [m]
NARROWEST, WIDEST = 0.22e-6, 400e-6  # widths that are drawn [m]
LONGEST = 2e-3
INPUT_BIAS_SHARE = 10.0  # bias of the input stage over the rheobase, both counted at `in`
COMPENSATION_FARAD = 2e-12
FOLLOWER_FARAD = 0.2e-12  # load of the Indiveri neuron's source follower, for its bias
REFRACTORY_FARAD = 2e-12
MIRROR_WIDTH = 8e-6  # of m3; m6 feeds a small share of its current back [m]
STARVED = 40e-6  # channel length that keeps the current of the Indiveri neuron's first inverter small [m]


class _Transistors:
    """The transistors of one neuron: cards, and devices by name."""

    def __init__(self, supply: float) -> None:
        self.supply = supply
        self.cards: dict[str, ModelCard] = {"n": load_card("nmos_select"), "p": load_card("pmos_select")}

    def __call__(self, name: str, kind: str, nodes: str, width: float, length: float) -> Devices:
        """Return a transistor; `nodes` are drain, gate and source, the bulk goes to its rail."""
        if not NARROWEST * 0.999 <= width <= WIDEST * 1.001:
            raise ParameterError(
                f"LifNeuron: transistor {name} would be {width * 1e6:.3g} um wide; {NARROWEST * 1e6:g} to "
                f"{WIDEST * 1e6:g} um can be drawn. Bring threshold, refractory or input_gain nearer to their defaults."
            )
        bulk = GROUND if kind == "n" else "vdd"
        size = {"w": _rounded(width), "l": _rounded(length)}
        return Devices((name,), (*nodes.split(), bulk), self.cards[kind], size)

    def current(self, kind: str, drain: float, gate: float, source: float, width: float, length: float) -> float:
        """Return the channel current at node voltages [A], positive."""
        bulk = 0.0 if kind == "n" else self.supply
        return abs(drain_current(self.cards[kind], drain, gate, source, bulk, width, length))

    def size(self, kind: str, drain: float, gate: float, source: float, wanted: float) -> tuple[float, float]:
        """Return width and length with which a transistor carries a current at node voltages [m]."""
        unit = self.current(kind, drain, gate, source, UNIT, LONG)
        width = UNIT * wanted / unit
        length = LONG if width >= NARROWEST else LONG * NARROWEST / width
        if length > LONGEST:
            raise ParameterError(
                f"LifNeuron: a transistor for {wanted:.3g} A would be {length * 1e6:.3g} um long; {LONGEST * 1e6:g} um "
                "can be drawn. Take a larger capacitance or a shorter refractory."
            )
        return max(width, NARROWEST), length


def _rounded(value: float) -> float:
    """Return a value with five digits, as it is drawn."""
    return float(f"{value:.5g}")


def transistor_neuron(neuron: LifNeuron, name: str = "lif") -> Subcircuit:
    """Return the subcircuit of a neuron of transistors with the published core that the record names.

    Simulate it with time steps of at most a tenth of the refractory time: with longer ones ngspice has stepped over
    the end of an Axon-Hillock pulse.

    Raises
    ------
    ParameterError
        If a threshold or time needs a transistor that cannot be drawn; says which.
    """
    make = _Transistors(neuron.supply)
    trigger = trigger_time(neuron)
    core = _axon_hillock if neuron.core == "axon-hillock" else _indiveri
    body = (
        *_input_stage(neuron, make),
        Resistors(("leak",), "mem", GROUND, neuron.leak_resistance, "leak, a pseudo-resistor"),
        *core(neuron, make),
        *start_up(neuron, "mem", GROUND, 1e-3 * trigger / neuron.capacitance, trigger),
        *_trigger(neuron, trigger),
        *pulse_drivers(neuron, trigger),
    )
    titles = {
        "axon-hillock": "Axon-Hillock neuron (Mead 1989)",
        "indiveri": "integrate-and-fire neuron (Indiveri 2003)",
    }
    return Subcircuit(name, PORTS, {}, body, titles[neuron.core])


def _mirror_bias(make: _Transistors, name: str, gate: str, ampere: float, width: float, length: float) -> list[Group]:
    """Return a bias current into a diode-connected n transistor, whose gate others share."""
    return [
        Source(name, gate, Constant(_rounded(ampere), "A"), minus="vdd"),
        make(f"{name}_d", "n", f"{gate} {gate} {GROUND}", width, length),
    ]


def _input_stage(neuron: LifNeuron, make: _Transistors) -> list[Group]:
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
    replica = [
        Source("bias_r", "rg", Constant(bias, "A"), minus="vdd"),
        make("r_in", "n", f"rg rg {GROUND}", width * ratio, LONG),
        make("r_copy", "n", f"rp rg {GROUND}", width, LONG),
        make("r_pd", "p", "rp rp vdd", 2 * width * ratio, LONG),
        make("r_po", "p", "rn rp vdd", 2 * width, LONG),
        make("r_nd", "n", f"rn rn {GROUND}", width, LONG),
        make("r_no", "n", f"syn rn {GROUND}", width, LONG),
    ]
    gate = [
        make("tg_n", "n", "syn use mem", UNIT, SHORT),
        make("tg_p", "p", "syn use_n mem", UNIT, SHORT),
        make("use_p", "p", "use use_n vdd", UNIT, SHORT),
        make("use_n", "n", f"use use_n {GROUND}", UNIT, SHORT),
        Resistors(("ext",), "ext", "syn", 1e3),
    ]
    return [*groups, *replica, *gate]


def _axon_hillock(neuron: LifNeuron, make: _Transistors) -> list[Group]:
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
        *_mirror_bias(make, "pulse_b", "pulse", reset, UNIT, LONG),
    ]


def _indiveri(neuron: LifNeuron, make: _Transistors) -> list[Group]:
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
        *_mirror_bias(make, "m2_b", "vsf", follower, UNIT, UNIT),
        make("m3", "p", "fb fb vdd", MIRROR_WIDTH, UNIT),
        make("m4", "p", "vo1 vin fb", NARROWEST, STARVED),
        make("m5", "n", f"vo1 vin {GROUND}", *_inverter_size(neuron, make, shifted)),
        make("m6", "p", "fb2 fb vdd", NARROWEST, UNIT),
        make("m7", "p", "mem vo1 fb2", UNIT, SHORT),
        make("m7s", "p", "mem spike_n vdd", *make.size("p", threshold, 0.0, supply, lift)),
        make("m8", "p", "vo2 spike_n vdd", *make.size("p", supply / 2, 0.0, supply, charge)),
        make("m9", "n", "vo2 spike_n vr", UNIT, SHORT),
        make("m10", "n", f"vr vrfr {GROUND}", UNIT, LONG),
        *_mirror_bias(make, "m10_b", "vrfr", slew, UNIT, LONG),
        Capacitors(("m11",), "vo2", GROUND, REFRACTORY_FARAD, "refractory capacitor"),
        make("m12", "n", f"mem vo2 {GROUND}", *_reset_size(neuron, make)),
        make("m13", "p", "spike vo1 vdd", 2 * UNIT, SHORT),
        make("m14", "n", f"spike vo1 {GROUND}", UNIT, SHORT),
        make("s1", "p", "spike_n spike vdd", 2 * UNIT, SHORT),
        make("s2", "n", f"spike_n spike {GROUND}", UNIT, SHORT),
    ]


def _inverter_size(neuron: LifNeuron, make: _Transistors, level: float) -> tuple[float, float]:
    """Return width and length of m5 at which the neuron runs away: m6 feeds back what the leak takes at the threshold.

    The inverter itself switches a little above, when the current of m5 reaches what m4 can deliver.
    """
    wanted = neuron.rheobase * MIRROR_WIDTH / NARROWEST
    width = UNIT * wanted / make.current("n", make.supply / 2, level, 0.0, UNIT, SHORT)
    return (width, SHORT) if width >= NARROWEST else (NARROWEST, SHORT * NARROWEST / width)


def _reset_current(neuron: LifNeuron) -> float:
    """Return the full current of the reset transistor [A]: it empties the membrane in 1/400 of the refractory time."""
    return 400 * neuron.capacitance * neuron.threshold / neuron.refractory


def _reset_size(neuron: LifNeuron, make: _Transistors) -> tuple[float, float]:
    """Return width and length of the reset transistor m12 [m]."""
    return make.size("n", neuron.threshold / 2, neuron.supply, 0.0, _reset_current(neuron))


def _reset_off(neuron: LifNeuron, make: _Transistors) -> float:
    """Return the gate voltage below which the membrane rises against the reset transistor [V].

    Near 0 V the membrane gets, besides ten times the rheobase, the bias of the input stage, which is cut off there.
    """
    width, length = _reset_size(neuron, make)
    current = (10.0 + INPUT_BIAS_SHARE) * neuron.rheobase

    def difference(gate: float) -> float:
        return make.current("n", 0.05 * neuron.threshold, gate, 0.0, width, length) - current

    return solve(difference, 0.0, neuron.supply, "LifNeuron.refractory: the reset transistor of the Indiveri neuron")


def _trigger(neuron: LifNeuron, trigger: float) -> list[Group]:
    """Return what makes ``fire`` of a spike, and the logic that cuts the membrane off: ``use_n`` is high then.

    The pulse of the Axon-Hillock core lasts for the refractory time, so only its beginning may start the timers:
    ``fire`` closes its own supply through ``fired``, which stays up until the spike is over.
    """
    half = 0.5 * neuron.supply
    blocked = ("spike", "own") if neuron.core == "axon-hillock" else ("own",)
    short = neuron.core == "axon-hillock"
    supply = "fire_s" if short else "vdd"
    return [
        Switches(("fire",), supply, "fire", "spike", "sw_fire", half, 0.2 * half, 1e3, 1e13, comment="trigger"),
        *(_once(half, trigger) if short else []),
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
