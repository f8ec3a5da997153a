"""The neuron's circuit: the ideal one of switches and sources, its stand-alone bench, the door to the other details.

One timer per neuron makes all pulses. Its voltage u is pulled to 0 V by a spike and then rises to `TIMER_VOLTS` with a
time constant of the longest interval, so that "u is below a threshold" means "less than that since the last spike"; a
new spike begins all intervals again. Everything that fires hangs on switches controlled by u: no breakpoints, no
stiff feedback, a handful of time points per spike. The pull is far shorter than any time step, so that u never passes
through the thresholds on its way down. The gate driver has 1 kohm: edges in no time at all, in steps of picoseconds,
are displacement currents that Newton's method does not find its way through (seen with a membrane that grazes the
threshold). ngspice steps towards a switch's threshold until it is within 50 mV (its own rule), which at `TIMER_VOLTS`
is 0.3 % of the longest interval and, behind `MEMBRANE_GAIN`, 5 mV of membrane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log

from rramcirc.basics.errors import ParameterError
from rramcirc.basics.units import format_number
from rramcirc.bench.stimuli import Constant, Floating, PiecewiseLinear
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.elements import (
    GROUND,
    Capacitors,
    Circuit,
    Controlled,
    Group,
    Instances,
    Probe,
    Resistors,
    Source,
    SpikeSignals,
    Subcircuit,
    Switches,
)
from rramcirc.circuits.neuron.mixed import mixed_neuron
from rramcirc.circuits.neuron.neuron import NO_CLAMP, LifNeuron
from rramcirc.circuits.neuron.transistor import transistor_neuron

PORTS = ("in", "ext", "gate", "te", "ti", "mem", "vdd", "cm")
TIMER_VOLTS = 40.0
TIMER_CAPACITANCE = 1e-20  # [F]; its charge is so small that the time-step control does not follow its jumps
MEMBRANE_GAIN = 10.0
RESET_SHARE = 0.2  # time constant of the reset, as a share of the shortest interval
REARM_LEVEL = 0.2  # of the threshold: the spike is over when the membrane has fallen to it
START = 1e-6  # [s]
REST = "at rest at t = 0, whatever drives it: an oscillator has no operating point"
SWITCH_ON, SWITCH_OFF = 1e3, 1e16  # [ohm]
DRIVER_ON = 1.0  # [ohm]; carries the read current of a whole column
TIMER_OFF = 1e22  # [ohm]


LEARN, CLEAR = "learn", "clear"  # ports of control levels, 0 V or 1 V


def neuron_subcircuit(neuron: LifNeuron, name: str = "lif", controls: tuple[str, ...] = ()) -> Subcircuit:
    """Return the subcircuit of a neuron; its ports are `PORTS` at every level of detail, and then its controls.

    Parameters
    ----------
    controls
        Levels of 0 V or 1 V from outside that change what it does: `LEARN` (at 1 V spikes start te and ti pulses) and
        `CLEAR` (at 1 V it is put to rest).

    Raises
    ------
    ParameterError
        If the record asks for what its detail cannot do.
    """
    if neuron.detail == "ideal":
        return _ideal(neuron, name, controls)
    if controls:
        raise ParameterError(
            f"LifNeuron.detail: a {neuron.detail} neuron cannot change between learning and not, nor be put to rest "
            "by a phase; use detail = 'ideal', or one run for each phase."
        )
    return {"mixed": mixed_neuron, "transistor": transistor_neuron}[neuron.detail](neuron, name)


def control_level(times: Sequence[float], levels: Sequence[float]) -> Constant | PiecewiseLinear:
    """Return a control that goes to each of `levels` [V] at its time [s], the first at 0 s, within `START` / 10."""
    corners, values = [0.0], [levels[0]]
    for time, level in zip(times[1:], levels[1:], strict=True):
        if level != values[-1]:
            corners += [time, time + 0.1 * START]
            values += [values[-1], level]
    return Constant(levels[0]) if len(corners) == 1 else PiecewiseLinear(corners, values)


def step_control(neuron: LifNeuron, accuracy: float = 1e-3, reltol: float = 1e-4) -> dict[str, float]:
    """Return simulator options that bound the error of a membrane per step to `accuracy` of its threshold.

    SPICE judges a capacitor's step by reltol x trtol x max(charge, chgtol), trtol = 7. Without this option it follows
    every membrane and every edge to a fraction of a femtocoulomb, in half as many points more.
    """
    return {"chgtol": neuron.capacitance * neuron.threshold * accuracy / (7.0 * reltol)}


def _ideal(neuron: LifNeuron, name: str, controls: tuple[str, ...] = ()) -> Subcircuit:
    times = _Times(neuron)
    pulses = replace(times, node="w") if LEARN in controls else times
    refractory = [(0.0, neuron.refractory)]
    body: list[Group] = [
        Source("vg", "in", Constant(0.0), minus="cm"),
        Controlled(("in",), "cccs", GROUND, "sum", "vg", neuron.input_gain, comment="virtual ground, current mirror"),
        Resistors(("ext",), ("ext",), ("sum",), SWITCH_ON),
        *_integration(neuron, times, pulses),
        Capacitors(("mem",), ("mem",), (GROUND,), neuron.capacitance, "membrane"),
        Resistors(("leak",), ("mem",), (GROUND,), neuron.leak_resistance),
        *times.windows("reset", "mem", GROUND, refractory, times.reset / neuron.capacitance, "reset"),
        Source("start", "start", PiecewiseLinear([0.0, START, 2 * START], [1.0, 1.0, 0.0])),
        Switches(("start",), ("sum",), (GROUND,), ("start",), "sw_start", 0.5, 0, SWITCH_ON, SWITCH_OFF, comment=REST),
        *_clamp(neuron),
        *times.circuit(),
        *(pulses.second_circuit() if pulses is not times else []),
        *(_cleared(neuron, times, pulses) if CLEAR in controls else []),
        *_gate(neuron, times),
        *_electrode(neuron, pulses, "te", 1.0),
        *_electrode(neuron, pulses, "ti", -1.0),
        Resistors(("vdd",), ("vdd",), (GROUND,), 1e9, "nothing here needs the supply"),
    ]
    return Subcircuit(name, (*PORTS, *controls), {}, tuple(body), "ideal leaky integrate-and-fire neuron")


def _integration(neuron: LifNeuron, times: _Times, pulses: _Times) -> list[Group]:
    """Return what lets the current reach the membrane: not in the refractory time, nor during the neuron's pulses."""
    own = [(0.0, neuron.pulses.te_width)] if neuron.pulses.writing_time else []
    if neuron.pulses.reset_voltage:
        own.append((neuron.pulses.reset_delay, neuron.pulses.writing_time))
    if pulses is times:
        own = [(0.0, max(neuron.refractory, own[0][1] if own else 0.0)), *own[1:]]
        return [
            *times.windows("use", "sum", "mem", complement(own), SWITCH_ON, "integrated, not in refractory time"),
            *times.windows("drop", "sum", GROUND, joined(own), SWITCH_ON, "nor during its own pulses"),
        ]
    refractory = [(0.0, neuron.refractory)]
    return [
        *times.windows("use", "sum", "use", complement(refractory), SWITCH_ON, "integrated, not in refractory time"),
        *pulses.windows("own", "use", "mem", complement(own), DRIVER_ON, "nor during its own pulses"),
        *times.windows("drop", "sum", GROUND, refractory, SWITCH_ON),
        *pulses.windows("none", "sum", GROUND, joined(own), SWITCH_ON),
    ]


def _cleared(neuron: LifNeuron, times: _Times, pulses: _Times) -> list[Group]:
    """Return switches that put the neuron to rest: membrane at 0 V, timers as long after a spike."""
    switch = Switches(
        ("clear",), ("mem",), (GROUND,), (CLEAR,), "sw_clear", 0.5, 0.0, 0.05 * START / neuron.capacitance, SWITCH_OFF,
        comment="a phase puts it to rest",
    )  # fmt: skip
    timers = dict.fromkeys((times.node, pulses.node))
    return [
        switch,
        *(
            Switches((f"clear_{u}",), ("clock",), (u,), (CLEAR,), f"sw_clear_{u}", 0.5, 0.0, SWITCH_ON, TIMER_OFF)
            for u in timers
        ),
    ]


@dataclass(frozen=True)
class _Times:
    """A timer of a neuron, the voltage of `node`: its thresholds for intervals since the last spike.

    A neuron that can change between learning and not has a second one, which only spikes while learning start and on
    which its te and ti pulses hang.
    """

    neuron: LifNeuron
    node: str = "u"

    @property
    def constant(self) -> float:
        """Time constant [s]."""
        return max(self.neuron.pulses.gate_width, self.neuron.refractory, self.neuron.pulses.writing_time)

    @property
    def reset(self) -> float:
        """Time constant of the membrane's reset [s]."""
        pulses = self.neuron.pulses
        shortest = [pulses.gate_width, self.neuron.refractory] + ([pulses.te_width] if pulses.writing_time else [])
        return RESET_SHARE * min(shortest)

    @property
    def delay(self) -> float:
        """Time from the spike until the timer starts [s]."""
        return self.reset * log(1.0 / REARM_LEVEL)

    def threshold(self, time: float) -> float:
        """Return the timer's voltage [V] at `time` after the spike."""
        return TIMER_VOLTS * (1.0 - exp(-(time - self.delay) / self.constant))

    def circuit(self) -> list[Group]:
        """Return the timer and what starts it."""
        return [
            Controlled(("mem",), "vcvs", "mem_x", GROUND, "mem", MEMBRANE_GAIN, comment="threshold, starts the timer"),
            self._pull("spike", GROUND),
            Source("clock", "clock", Constant(TIMER_VOLTS)),
            *self._rise(),
        ]  # fmt: skip

    def second_circuit(self) -> list[Group]:
        """Return the timer that spikes start only while the network learns."""
        return [
            replace(self._pull("spike_w", "w_m"), comment="a timer that spikes start only while learning"),
            Switches(("learn",), ("w_m",), (GROUND,), (LEARN,), "sw_learn", 0.5, 0.0, DRIVER_ON, TIMER_OFF),
            *self._rise(),
        ]

    def _pull(self, name: str, to: str) -> Switches:
        """Return the switch that a spike closes until the membrane has fallen."""
        high = MEMBRANE_GAIN * self.neuron.threshold
        low = high * REARM_LEVEL
        middle, half = (high + low) / 2, (high - low) / 2
        return Switches(
            (name,), (self.node,), (to,), ("mem_x",), f"sw_{name}", middle, half, on=DRIVER_ON, off=TIMER_OFF
        )

    def _rise(self) -> list[Group]:
        u = self.node
        return [
            Resistors((u,), ("clock",), (u,), self.constant / TIMER_CAPACITANCE),
            Capacitors((u,), (u,), (GROUND,), TIMER_CAPACITANCE),
        ]

    def windows(
        self, name: str, a: str, b: str, windows: list[tuple[float, float]], on: float, comment: str = ""
    ) -> list[Group]:
        """Return switches that join `a` and `b` in the given windows of time since the last spike [s].

        A window that begins at 0 s needs no lower bound, one that lasts forever no upper.
        """
        groups: list[Switches | Resistors] = []
        for k, (start, end) in enumerate(windows):
            tag = f"{name}{k}" if k else name
            early, late = start <= 0.0, end == float("inf")
            middle = b if early or late else f"{tag}_m"
            if not early:
                groups.append(self._switch(f"{tag}_a", a, middle if not late else b, start, True, on))
            if not late:
                groups.append(self._switch(f"{tag}_b", a if early else middle, b, end, False, on))
            if early and late:
                groups.append(Resistors((tag,), (a,), (b,), on))
        return [replace(groups[0], comment=comment), *groups[1:]]

    def _switch(self, name: str, a: str, b: str, time: float, after: bool, on: float) -> Switches:
        level = self.threshold(time)
        control = (self.node, GROUND, level) if after else (GROUND, self.node, -level)
        plus, minus, volts = control
        return Switches((name,), (a,), (b,), (plus,), f"sw_{name}", volts, 0.0, on, SWITCH_OFF, (minus,))


def complement(windows: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the rest of all times from 0, as windows, of windows that begin at 0."""
    edges = [edge for window in joined(windows) for edge in window][1:] if windows else [0.0]
    edges.append(float("inf"))
    return [(edges[k], edges[k + 1]) for k in range(0, len(edges), 2)]


def joined(windows: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return windows in order, those that touch or overlap as one."""
    found: list[tuple[float, float]] = []
    for start, end in sorted(windows):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _clamp(neuron: LifNeuron) -> list[Group]:
    if neuron.clamp < NO_CLAMP:
        return []
    on = 1e-4 * neuron.refractory / neuron.capacitance
    nodes, sources = (GROUND, []) if neuron.clamp == 0 else ("low", [Source("low", "low", Constant(neuron.clamp))])
    switch = Switches(("clamp",), ("mem",), (nodes,), (nodes,), "sw_clamp", 0.0, 0.0, on, SWITCH_OFF, ("mem",), "clamp")
    return [*sources, switch]


def _gate(neuron: LifNeuron, times: _Times) -> list[Group]:
    pulse = [(0.0, neuron.pulses.gate_width)]
    return [
        Source("gate_high", "gate_high", Constant(neuron.pulses.gate_voltage)),
        *times.windows("gate", "gate", "gate_high", pulse, SWITCH_ON, "gate pulse"),
        *times.windows("gate_off", "gate", GROUND, complement(pulse), SWITCH_ON),
    ]


def _electrode(neuron: LifNeuron, times: _Times, port: str, sign: float) -> list[Group]:
    """Return the driver of a top-electrode line: read voltage, and its pulses."""
    given = neuron.pulses
    pulses = [window[1:] for window in given.te_windows]
    if port == "ti":
        pulses = [(-given.inhibitory_voltage, 0.0, given.te_width)] if given.inhibitory_voltage else []
    comment = f"{port}: read voltage and pulses"
    read = Source(f"{port}_read", f"{port}_read", Constant(sign * given.read_voltage), minus="cm")
    idle = complement([(start, end) for _, start, end in pulses]) if pulses else [(0.0, float("inf"))]
    groups: list[Group] = [read, *times.windows(f"{port}_idle", port, f"{port}_read", idle, DRIVER_ON, comment)]
    for k, (amplitude, start, end) in enumerate(pulses):
        name = f"{port}_pulse{k}"
        groups.append(Source(name, name, Constant(amplitude), minus="cm"))
        groups += times.windows(f"{port}_on{k}", port, name, [(start, end)], DRIVER_ON)
    return groups


def spike_signals(neuron: LifNeuron, instances: Sequence[str]) -> SpikeSignals:
    """Return what tells when each of some neurons fires: its timer, which falls to 0 V, or else its trigger."""
    ideal = neuron.detail == "ideal"
    node, level = ("u", 0.5 * _Times(neuron).threshold(neuron.refractory)) if ideal else ("fire", 0.5 * neuron.supply)
    probes = tuple(Probe(f"spike{k}", "V", "voltage", node, (name,)) for k, name in enumerate(instances))
    return SpikeSignals(probes, level, falling=ideal)


def check_analysis(bench: Testbench, neuron: LifNeuron) -> None:
    """Raise ParameterError if an analysis would not see spikes: no transient, or its steps are longer than a spike.

    Parameters
    ----------
    bench
        With one or more of these neurons.
    neuron
        Only a detail of transistors bounds the steps.
    """
    analysis = bench.analysis
    if analysis.small_signal or analysis.swept_line or analysis.line_levels:
        raise ParameterError(
            f"Testbench.analysis: {type(analysis).__name__} of a neuron, which is an oscillator and takes currents, "
            "would say nothing. Use Transient."
        )
    step, most = analysis.largest_step, neuron.refractory / 10
    if neuron.detail == "transistor" and step is not None and step > most * (1 + 1e-9):
        raise ParameterError(
            f"analysis.max_step: {format_number(step, 's')} is too long for a neuron of transistors, whose spikes can "
            f"then be stepped over; use at most a tenth of the refractory time, {format_number(most, 's')}."
        )


def neuron_circuit(bench: Testbench) -> Circuit:
    """Return the circuit of a neuron alone: currents into ``ext`` and ``in``, levels from its record."""
    neuron = bench.design
    assert isinstance(neuron, LifNeuron)  # by the table of circuits
    check_analysis(bench, neuron)
    block = neuron_subcircuit(neuron)
    drivers: list[Group] = [
        Source("vdd", "vdd", Constant(neuron.supply)),
        Source("cm", "cm", Constant(neuron.pulses.common_mode)),
        Resistors(("load_gate", "load_te", "load_ti"), ("gate", "te", "ti"), GROUND, 1e9, "loads"),
    ]
    for line in neuron.lines:
        stimulus = bench.stimuli.get(line)
        if stimulus is None or isinstance(stimulus, Floating):
            continue
        if stimulus.unit != "A":
            raise ParameterError(f"stimuli[{line!r}]: {stimulus!r} is a voltage; a neuron takes currents (unit A).")
        drivers.append(Source(f"drive_{line}", line, stimulus))
    probes = [
        Probe("v(mem)", "V", "voltage", "mem", (), "membrane voltage"),
        Probe("v(gate)", "V", "voltage", "gate", (), "gate line"),
        Probe("v(te)", "V", "voltage", "te", (), "top-electrode line, excitatory"),
        Probe("v(ti)", "V", "voltage", "ti", (), "top-electrode line, inhibitory"),
        Probe("i(vdd)", "A", "current", "vdd", (), "supply current"),
    ]
    lines = tuple(port for port in PORTS if port in ("in", "ext", "gate", "te", "ti"))
    instance = Instances(("neuron",), PORTS, block.name, {})
    return Circuit(neuron.description, (block,), (instance,), tuple(drivers), lines, tuple(probes), cards=neuron.cards)
