"""The leaky integrate-and-fire neuron between an array's electrodes."""

from __future__ import annotations

from typing import Literal, get_args

from rramcirc.basics.errors import ParameterError
from rramcirc.basics.fields import choice, number, record
from rramcirc.basics.units import format_number, real_number
from rramcirc.bench.design import Design
from rramcirc.bench.spike_pulses import BipolarPulse, GatePulse
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.cards.model_card import ModelCard

Detail = Literal["ideal", "mixed", "transistor"]
CoreName = Literal["indiveri", "axon-hillock"]
DETAILS: tuple[str, ...] = get_args(Detail)
CORES: tuple[str, ...] = get_args(CoreName)
PORTS = ("in", "ext", "gate", "te", "ti", "mem", "vdd", "cm")
NO_CLAMP = -100.0  # [V]

TRANSISTORS = ("nmos_select", "pmos_select")  # cards of the detail transistor


@record
class LifNeuron(Design):
    """A leaky integrate-and-fire neuron: integrates the array's current and fires shaped pulses back.

    It holds ``in`` (the bottom electrodes of its column) at the common mode and integrates `input_gain` times the
    current that flows in, and the current of ``ext``, on `capacitance`, against the leak. At `threshold` it fires: the
    membrane is held at 0 V for `refractory`, and the pulses begin, all at once::

        gate   0 V ___|‾‾‾‾‾‾‾‾‾ gate_amplitude ‾‾‾‾‾‾‾‾‾|____     gate_width; fires again: begins again
        te    read ___|‾ te_amplitude ‾|___ te_gap ___      ___     te_width
                                                      |_____|       te_second_width at te_second
        ti    read ‾‾‾|_ ti_amplitude _|‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾     te_width

    ``te`` and ``ti`` drive the top electrodes of the excitatory and inhibitory synapses of the neuron's column and rest
    at +`read_voltage` and -`read_voltage`; their levels are against the common mode, that of the gate against 0 V. A
    pulse of 0 V is left out: the line stays at its read voltage. What flows in during the neuron's own ``te`` and
    ``ti`` pulses is not integrated.

    All details have the same ports: ``in``, ``ext``, ``gate``, ``te``, ``ti``, ``mem`` (membrane voltage), ``vdd`` and
    ``cm``.
    """

    detail: Detail = choice(
        "switches and sources (ideal), behavioural blocks with limits (mixed), or transistors", default="ideal"
    )
    capacitance: float = number("membrane capacitance", "F", default=100e-12, above=0.0)
    leak_time: float = number("time constant of the leak, leak resistance x capacitance", "s", default=50e-3, above=0.0)
    threshold: float = number("membrane voltage at which it fires; 0 V is rest", "V", default=1.0, above=0.0)
    clamp: float = number("lowest membrane voltage, at most 0; below -100 V it is left out", "V", default=0.0, high=0.0)
    refractory: float = number("time after a spike in which the membrane is held at 0 V", "s", default=3e-3, above=0.0)
    input_gain: float = number("mirror ratio: membrane current over current into `in`", default=1e-3, above=0.0)
    read_voltage: float = number("te above and ti below the common mode at rest", "V", default=0.1, low=0.0)
    gate_amplitude: float = number("gate pulse", "V", default=3.0, above=0.0)
    gate_width: float = number("width of the gate pulse", "s", default=10e-3, above=0.0)
    te_amplitude: float = number("te pulse against the common mode; 0 is no pulse", "V", default=0.0)
    te_width: float = number("width of the te and ti pulses", "s", default=1e-3, above=0.0)
    te_gap: float = number("rest between the te pulse and the second one", "s", default=0.0, low=0.0)
    te_second: float = number(
        "second te pulse against the common mode, of opposite sign; 0 is no pulse", "V", default=0.0
    )
    te_second_width: float = number("width of the second te pulse", "s", default=1e-3, above=0.0)
    ti_amplitude: float = number("ti pulse against the common mode; 0 is no pulse", "V", default=0.0)
    edge: float = number(
        "edges of the pulses (details mixed and transistor; ideal: one time step)",
        "s",
        default=10e-6,
        above=0.0,
    )
    common_mode: float = number("level V_cm of the bottom electrodes", "V", default=1.4, low=0.0)
    supply: float = number("supply voltage vdd", "V", default=3.3, above=0.0)
    amplifier_gain: float = number("gain of the op-amp that holds `in` (detail mixed)", "V/V", default=1e5, above=0.0)
    gain_bandwidth: float = number("gain-bandwidth product of that op-amp (detail mixed)", "Hz", default=1e6, above=0.0)
    core: CoreName = choice("published spike generator (detail transistor)", default="indiveri")

    def _check(self) -> None:
        self._check_levels()
        self._check_times()

    def _check_levels(self) -> None:
        """Every level of every port lies between 0 V (bulk of the transistors) and the supply."""
        levels = {
            "threshold": self.threshold,
            "gate_amplitude": self.gate_amplitude,
            "common_mode": self.common_mode,
            "read_voltage": self.common_mode + self.read_voltage,
            "te_amplitude": self.common_mode + self.te_amplitude,
            "te_second": self.common_mode + self.te_second,
            "ti_amplitude": self.common_mode + self.ti_amplitude,
        }
        for name, level in levels.items():
            if level > self.supply * (1 + 1e-12):
                what = "" if level == getattr(self, name) else " with the common mode"
                raise ParameterError(
                    f"LifNeuron.{name}: {level:g} V{what} is above the supply of {self.supply:g} V; "
                    "lower it or raise supply."
                )
            if level < -1e-12:
                raise ParameterError(
                    f"LifNeuron.{name}: the line would go to {level:g} V, below the bulk at 0 V, where the select "
                    "transistors conduct with the gate off and unselected cells are written; raise common_mode "
                    f"({self.common_mode:g} V)."
                )
        if self.common_mode < self.read_voltage:
            raise ParameterError(
                f"LifNeuron.read_voltage: {self.read_voltage:g} V is above the common mode of {self.common_mode:g} V, "
                "so ti would be below 0 V; raise common_mode."
            )
        if self.te_second and self.te_amplitude * self.te_second >= 0:
            raise ParameterError(
                f"LifNeuron.te_second: {self.te_second:g} V needs a te pulse of opposite sign before it, "
                f"but te_amplitude is {self.te_amplitude:g} V."
            )

    def _check_times(self) -> None:
        te, refractory, edge = (format_number(time, "s") for time in (self.te_width, self.refractory, self.edge))
        if self.te_duration > self.refractory * (1 + 1e-12) and not self.te_second:
            raise ParameterError(
                f"LifNeuron.te_width: a pulse of {te} is longer than the shortest period between spikes, "
                f"the refractory time of {refractory}; shorten it or lengthen refractory."
            )
        if self.te_second and self.te_duration > self.gate_width + self.refractory:
            raise ParameterError(
                f"LifNeuron.te_gap: the te pulses take {format_number(self.te_duration, 's')}, more than gate_width + "
                f"refractory = {format_number(self.gate_width + self.refractory, 's')}; shorten te_gap."
            )
        shortest = min(self.gate_width, self.te_width, self.refractory)
        if 2 * self.edge >= shortest:
            raise ParameterError(
                f"LifNeuron.edge: two edges of {edge} do not fit into the shortest of gate_width, te_width and "
                f"refractory, {format_number(shortest, 's')}."
            )

    @property
    def leak_resistance(self) -> float:
        """Resistance of the leak [ohm]."""
        return self.leak_time / self.capacitance

    @property
    def te_duration(self) -> float:
        """Time from the spike to the end of the last te or ti pulse [s]; 0 without pulses."""
        if self.te_second:
            return self.te_width + self.te_gap + self.te_second_width
        return self.te_width if self.te_amplitude or self.ti_amplitude else 0.0

    @property
    def gate_pulse(self) -> GatePulse:
        """What a spike does to the gate line; a spike during the pulse, edges included, prolongs it."""
        return GatePulse(self.gate_amplitude, self.gate_width, self.edge)

    @property
    def te_pulse(self) -> BipolarPulse:
        """What a spike does to the line te."""
        return BipolarPulse(
            self.te_amplitude, self.te_width, self.te_second, self.te_second_width, max(self.te_gap, self.edge),
            self.common_mode, self.read_voltage, self.edge,
        )  # fmt: skip

    @property
    def rheobase(self) -> float:
        """Largest constant membrane current that never makes it fire [A]."""
        return self.threshold / self.leak_resistance

    @property
    def lines(self) -> tuple[str, ...]:
        """Names of the lines that a testbench may drive, both with currents; vdd and cm have their level from here."""
        return ("in", "ext")

    @property
    def line_kinds(self) -> tuple[str, ...]:
        """Names that mean all lines of one kind: none, a neuron has one of each."""
        return ()

    @property
    def description(self) -> str:
        """What the design is, in one line."""
        core = f", {self.core}" if self.detail == "transistor" else ""
        return f"{self.detail} leaky integrate-and-fire neuron{core}"

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """Cards of all its devices, each once."""
        return tuple(load_card(name) for name in TRANSISTORS) if self.detail == "transistor" else ()


def firing_rate(neuron: LifNeuron, current: float) -> float:
    """Return the rate [Hz] at which a neuron fires under a constant membrane current [A], in closed form.

    f = 1 / (t_ref + tau ln(I R / (I R - V_th))), and 0 at or below the rheobase V_th / R. If the second te pulse begins
    after the refractory time and before the next spike, the membrane only leaks while it lasts.
    """
    from math import exp, log

    tau, drive = neuron.leak_time, real_number(current, "firing_rate: current") * neuron.leak_resistance
    if drive <= neuron.threshold:
        return 0.0
    period = neuron.refractory + tau * log(drive / (drive - neuron.threshold))
    start = max(neuron.te_width + neuron.te_gap, neuron.refractory)
    if neuron.te_second and neuron.te_duration > start and period > start:
        reached = drive * (1.0 - exp(-(start - neuron.refractory) / tau))
        left = reached * exp(-(neuron.te_duration - start) / tau)
        period = neuron.te_duration + tau * log((drive - left) / (drive - neuron.threshold))
    return 1.0 / period
