"""Behavioural blocks of neurons: op-amp, comparator, and the timers and drivers that shape the pulses.

All outputs stay between 0 V and the supply, and what a driver delivers is drawn from the supply, so that its current
gives the energy of a spike. Timers are capacitors that a spike charges to the supply and a resistor discharges: the
time since the spike is :math:`t = RC \\ln(V_{dd}/v)`, read off with switches.
"""

from __future__ import annotations

from math import exp, pi

from rramcirc.bench.stimuli import Constant, PiecewiseLinear
from rramcirc.circuits.elements import GROUND, Behavioural, Capacitors, Controlled, Group, Resistors, Source, Switches
from rramcirc.circuits.neuron.neuron import LifNeuron

TIMER_FARAD = 1e-12  # a usual size on a chip (assumed); each spike takes C V_dd^2 from the supply for every timer
SWITCH_OHM = 1e3
DRIVER_OHM = 100.0  # output resistance of gate, te and ti
LARGEST_SHARE = 0.2  # of the shortest pulse that the trigger may take

# The op-amp: a usual two-stage amplifier (assumed).
OUTPUT_OHM = 100.0
COMPENSATION_FARAD = 10e-12
SLEW_RATE = 1e6  # [V/s] for 1 MHz of gain bandwidth, in proportion for others
QUIESCENT_AMPERE = 1e-6


def op_amp(name: str, plus: str, minus: str, output: str, gain: float, bandwidth: float) -> list[Group]:
    """Return an op-amp between 0 V and ``vdd``: one pole, limited slew rate and output.

    Parameters
    ----------
    name
        Prefix of its elements and nodes.
    plus, minus, output
        Nodes.
    gain
        At low frequency [V/V].
    bandwidth
        Gain-bandwidth product [Hz].

    Notes
    -----
    The input stage delivers :math:`I = I_m u / \\sqrt{1 + u^2}`, :math:`u = g_m (v_+ - v_-) / I_m`, into the
    compensation capacitor C with :math:`g_m = 2 \\pi C f_{GBW}`, :math:`R = A_0 / g_m` and :math:`I_m = C` x slew rate.
    """
    transconductance = 2 * pi * COMPENSATION_FARAD * bandwidth
    limit = COMPENSATION_FARAD * SLEW_RATE * bandwidth / 1e6
    drive = f"{transconductance / limit:.9g}*(v({plus})-v({minus}))"
    stage = f"{limit:.9g}*({drive})/sqrt(1+({drive})^2)"
    inner, behind = f"{name}_x", f"{name}_y"
    rails = f"{100 * transconductance:.9g}*(uramp(v({inner})-v(vdd))-uramp(-v({inner})))"
    return [
        Behavioural((f"{name}_in",), GROUND, inner, stage, "A", f"op-amp {name}: gain {gain:g}, {bandwidth:g} Hz"),
        Capacitors((f"{name}_pole",), inner, GROUND, COMPENSATION_FARAD),
        Resistors((f"{name}_gain",), inner, GROUND, gain / transconductance),
        Behavioural((f"{name}_rail",), inner, GROUND, rails, "A"),
        Controlled((f"{name}_buf",), "vcvs", behind, GROUND, inner, 1.0),
        *_loaded(name, behind, output, OUTPUT_OHM, QUIESCENT_AMPERE),
    ]


def comparator(neuron: LifNeuron, hysteresis: float, trigger: float) -> list[Group]:
    """Return the comparator: ``fire`` goes to ``vdd`` when ``mem`` reaches the threshold, and stays up for `trigger`.

    Parameters
    ----------
    hysteresis
        It is ready again when the membrane is this far below the threshold [V].
    trigger
        Time for which ``fire`` stays above half the supply after the membrane has fallen [s].
    """
    half, decay = 0.5 * hysteresis, trigger / 0.6931471805599453
    return [
        Switches(
            ("compare",), ("vdd",), ("fire",), ("mem",), "sw_compare", neuron.threshold - half, half, SWITCH_OHM, 1e12,
            comment="comparator with hysteresis, and the trigger that it makes",
        ),
        Resistors(("fire",), "fire", GROUND, 1e3 * SWITCH_OHM),
        Capacitors(("fire",), "fire", GROUND, decay / (1e3 * SWITCH_OHM)),
    ]  # fmt: skip


def start_up(neuron: LifNeuron, a: str, b: str, on: float, trigger: float) -> list[Group]:
    """Return a switch between the ends of the membrane's capacitor that is closed at t = 0 and opens soon after.

    A driven neuron has no stable operating point, so every run begins with the membrane at rest.
    """
    opens = PiecewiseLinear([0.0, 0.05 * trigger, 0.1 * trigger], [neuron.supply, neuron.supply, 0.0])
    return [
        Source("start", "start", opens),
        Switches(
            ("start",), (a,), (b,), ("start",), "sw_start", 0.5 * neuron.supply, 0.0, on, 1e15,
            comment="rest at t = 0",
        ),
    ]  # fmt: skip


def trigger_time(neuron: LifNeuron) -> float:
    """Return how long the trigger of the timers takes [s]: an edge, but a small share of the shortest pulse."""
    pulses = neuron.pulses
    return min(pulses.edge, LARGEST_SHARE * min(neuron.refractory, pulses.gate_width, pulses.te_width))


def timer(name: str, time_constant: float, trigger: float) -> list[Group]:
    """Return a one-shot: node `name` is at ``vdd`` while ``fire`` is up, and decays afterwards.

    Parameters
    ----------
    name
        Node and prefix.
    time_constant
        Of the decay [s].
    trigger
        See :func:`comparator` [s]; it is charged within a twentieth of it.
    """
    charge = trigger / 20 / TIMER_FARAD
    return [
        Switches((f"{name}_set",), ("vdd",), (name,), ("fire",), f"sw_{name}", 1.0, 0.0, charge, 1e16),
        Resistors((name,), name, GROUND, time_constant / TIMER_FARAD),
        Capacitors((name,), name, GROUND, TIMER_FARAD),
    ]


class _Clock:
    """The levels of one timer that stand for times after the spike."""

    def __init__(self, neuron: LifNeuron, time_constant: float, trigger: float) -> None:
        self.supply, self.time_constant, self.trigger = neuron.supply, time_constant, trigger

    def level(self, time: float) -> float:
        """Return the timer's voltage at a time after the spike [V]; it begins to fall after the trigger."""
        return self.supply * exp(-max(time - self.trigger, 1e-3 * time) / self.time_constant)


def refractory_hold(neuron: LifNeuron, trigger: float) -> tuple[list[Group], float]:
    """Return the timer ``tr`` of the refractory time and the voltage above which it holds the membrane [V]."""
    return timer("tr", neuron.refractory, trigger), _Clock(neuron, neuron.refractory, trigger).level(neuron.refractory)


def pulse_drivers(neuron: LifNeuron, trigger: float) -> list[Group]:
    """Return timers and drivers of ``gate``, ``te`` and ``ti``, and the logic node ``own``.

    ``own`` is at ``vdd`` during the neuron's own second te pulse, when the membrane ignores the array.
    """
    pulses = neuron.pulses
    clock = _Clock(neuron, pulses.gate_width, trigger)
    groups: list[Group] = list(timer("tg", pulses.gate_width, trigger))
    groups += [
        Source("gate_on", "gate_on", Constant(pulses.gate_voltage)),
        *_pull("gate", "gate_on", after=None, until=("tg", clock.level(pulses.gate_width))),
        *_pull("gate", GROUND, after=("tg", clock.level(pulses.gate_width)), until=None, tag="rest"),
        *_driver("gate", pulses.edge),
    ]
    duration = max(pulses.writing_time, pulses.te_width)
    clock = _Clock(neuron, duration, trigger)
    groups += timer("tt", duration, trigger)
    ends = [clock.level(pulses.te_width)]
    if pulses.reset_voltage:
        ends += [clock.level(pulses.reset_delay), clock.level(duration)]
    groups += _electrode(neuron, "te", pulses.read_voltage, pulses.set_voltage, ends)
    groups += _electrode(neuron, "ti", -pulses.read_voltage, -pulses.inhibitory_voltage, ends[:1])
    return [*groups, *_own_pulse(ends)]


def _electrode(neuron: LifNeuron, line: str, rest: float, first: float, ends: list[float]) -> list[Group]:
    """Return the driver of te or ti: rest, first pulse, rest, second pulse (if there are three `ends`), rest."""
    groups: list[Group] = [Source(f"{line}_rest", f"{line}_rest", Constant(rest), minus="cm")]
    last = ends[0] if first else None
    if first:
        groups.append(Source(f"{line}_first", f"{line}_first", Constant(first), minus="cm"))
        groups += _pull(line, f"{line}_first", after=None, until=("tt", ends[0]))
    if len(ends) == 3:
        gap, last = ends[1], ends[2]
        groups.append(Source(f"{line}_second", f"{line}_second", Constant(-neuron.pulses.reset_voltage), minus="cm"))
        groups += _pull(line, f"{line}_second", after=("tt", gap), until=("tt", last), tag="second")
        if gap < ends[0]:
            groups += _pull(line, f"{line}_rest", after=("tt", ends[0]), until=("tt", gap), tag="gap")
    if last is None:
        groups.append(Resistors((f"{line}_pull",), f"{line}_rest", f"{line}_d", SWITCH_OHM))
    else:
        groups += _pull(line, f"{line}_rest", after=("tt", last), until=None, tag="rest")
    return groups + _driver(line, neuron.pulses.edge)


def _pull(
    line: str, level: str, *, after: tuple[str, float] | None, until: tuple[str, float] | None, tag: str = "on"
) -> list[Group]:
    """Return what connects a level to the driver of a line while a timer is between two voltages.

    A timer falls: `after` is the voltage below which, `until` the one above which it connects.
    """
    groups: list[Group] = []
    name, begin = f"{line}_{tag}", level
    if after is not None and until is not None:
        begin = f"{name}_m"
    if after is not None:
        end = begin if until is not None else f"{line}_d"
        groups.append(_switch(f"{name}_a", level, end, GROUND, after[0], -after[1]))
    if until is not None:
        groups.append(_switch(f"{name}_u", begin, f"{line}_d", until[0], GROUND, until[1]))
    return groups


def _switch(name: str, a: str, b: str, control: str, minus: str, threshold: float) -> Switches:
    return Switches((name,), (a,), (b,), (control,), f"sw_{name}", threshold, 0.0, SWITCH_OHM, 1e12, (minus,))


def _own_pulse(ends: list[float]) -> list[Group]:
    """Return the node ``own``: high during the second te pulse."""
    pull_down = Resistors(("own",), "own", GROUND, 1e3 * SWITCH_OHM)
    if len(ends) < 3:
        return [pull_down]
    return [
        _switch("own_a", "vdd", "own_m", GROUND, "tt", -ends[1]),
        _switch("own_u", "own_m", "own", "tt", GROUND, ends[2]),
        pull_down,
    ]


def _driver(line: str, edge: float) -> list[Group]:
    """Return edge shaping (10 % to 90 % in `edge`) and output buffer of a line, limited to the supply."""
    shaped, behind = f"{line}_d", f"{line}_b"
    return [
        Capacitors((f"{line}_d",), shaped, GROUND, edge / 2.2 / SWITCH_OHM),
        Behavioural((f"{line}_buf",), behind, GROUND, f"min(max(v({shaped}),0),v(vdd))"),
        *_loaded(line, behind, line, DRIVER_OHM, 0.0),
    ]


def _loaded(name: str, behind: str, output: str, ohm: float, quiescent: float) -> list[Group]:
    """Return an output resistance, and the supply current of the stage: what it delivers, and its quiescent current."""
    drawn = f"{quiescent:.9g}+uramp(v({behind})-v({output}))/{ohm:.9g}"
    return [
        Resistors((f"{name}_out",), behind, output, ohm),
        Behavioural((f"{name}_vdd",), "vdd", GROUND, drawn, "A"),
    ]
