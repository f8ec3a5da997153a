"""The leaky integrate-and-fire neuron between an array's electrodes."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

from rramcirc.basics.errors import ParameterError
from rramcirc.basics.fields import choice, number, part, record
from rramcirc.basics.units import format_number, real_number
from rramcirc.bench.design import Design
from rramcirc.bench.spike_pulses import BipolarPulse, GatePulse
from rramcirc.bench.synapse_pulses import SynapsePulses
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.cards.model_card import ModelCard

Detail = Literal["ideal", "mixed", "transistor"]
CoreName = Literal["indiveri", "axon-hillock"]
DETAILS: tuple[str, ...] = get_args(Detail)
CORES: tuple[str, ...] = get_args(CoreName)
PORTS = ("in", "ext", "gate", "te", "ti", "mem", "vdd", "cm")
NO_CLAMP = -100.0  # [V]

TRANSISTORS = ("nmos_select", "pmos_select")  # cards of the detail transistor


#: a neuron that writes nothing: gate pulses only (assumed)
READ_ONLY = SynapsePulses(common_mode=1.4, gate_voltage=3.0, set_voltage=0.0, reset_voltage=0.0)


@record
class LifNeuron(Design):
    """A leaky integrate-and-fire neuron: integrates the array's current and fires shaped pulses back.

    It holds ``in`` (the bottom electrodes of its column) at the common mode and integrates `input_gain` times the
    current that flows in, and the current of ``ext``, on `capacitance`, against the leak. At `threshold` it fires: the
    membrane is held at 0 V for `refractory`, and the pulses begin, all at once::

        gate   0 V ___|‾‾‾‾‾‾‾‾‾‾ gate_voltage ‾‾‾‾‾‾‾‾‾‾|____     gate_width; fires again: begins again
        te    read ___|‾ set_voltage ‾|_______________      ___     te_width
                      |                               |_____|       reset_delay, -reset_voltage for reset_width
        ti    read ‾‾‾|_ -inhibitory_ |‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾     te_width

    `pulses`, a `SynapsePulses`, says all of them. ``te`` and ``ti`` drive the top electrodes of the excitatory and
    inhibitory synapses of the neuron's column and rest at +`read_voltage` and -`read_voltage`; their levels are against
    the common mode, that of the gate against 0 V. A pulse of 0 V is left out: the line stays at its read voltage. What
    flows in during the neuron's own ``te`` and ``ti`` pulses is not integrated.

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
    pulses: SynapsePulses = part(
        "what a spike does to gate, te and ti, and the levels at rest; edges of the detail ideal are one time step",
        default=READ_ONLY,
    )
    supply: float = number("supply voltage vdd", "V", default=3.3, above=0.0)
    amplifier_gain: float = number("gain of the op-amp that holds `in` (detail mixed)", "V/V", default=1e5, above=0.0)
    gain_bandwidth: float = number("gain-bandwidth product of that op-amp (detail mixed)", "Hz", default=1e6, above=0.0)
    core: CoreName = choice("published spike generator (detail transistor)", default="indiveri")

    def _check(self) -> None:
        self._check_levels()
        self._check_times()

    def _check_levels(self) -> None:
        """Every level of every port lies between 0 V (bulk of the transistors) and the supply."""
        pulses = self.pulses
        levels = {
            "threshold": self.threshold,
            "pulses.gate_voltage": pulses.gate_voltage,
            "pulses.common_mode": pulses.common_mode,
            "pulses.read_voltage": pulses.common_mode + pulses.read_voltage,
            "pulses.set_voltage": pulses.common_mode + pulses.set_voltage,
        }
        for name, level in levels.items():
            if level > self.supply * (1 + 1e-12):
                what = " with the common mode" if name in ("pulses.read_voltage", "pulses.set_voltage") else ""
                raise ParameterError(
                    f"LifNeuron.{name}: {level:g} V{what} is above the supply of {self.supply:g} V; "
                    "lower it or raise supply."
                )
        if pulses.common_mode < pulses.read_voltage:
            raise ParameterError(
                f"LifNeuron.pulses.read_voltage: {pulses.read_voltage:g} V is above the common mode of "
                f"{pulses.common_mode:g} V, so ti would be below 0 V; raise common_mode."
            )
        if pulses.reset_voltage and not pulses.set_voltage:
            raise ParameterError(
                f"LifNeuron.pulses.reset_voltage: {pulses.reset_voltage:g} V needs a positive te pulse before it, but "
                "set_voltage is 0 V."
            )

    def _check_times(self) -> None:
        pulses = self.pulses
        te, refractory, edge = (format_number(time, "s") for time in (pulses.te_width, self.refractory, pulses.edge))
        if pulses.writing_time > self.refractory * (1 + 1e-12) and not pulses.reset_voltage:
            raise ParameterError(
                f"LifNeuron.pulses.te_width: a pulse of {te} is longer than the shortest period between spikes, "
                f"the refractory time of {refractory}; shorten it or lengthen refractory."
            )
        if pulses.reset_voltage and pulses.writing_time > pulses.gate_width + self.refractory:
            raise ParameterError(
                f"LifNeuron.pulses.reset_delay: the te pulses take {format_number(pulses.writing_time, 's')}, more "
                f"than gate_width + refractory = {format_number(pulses.gate_width + self.refractory, 's')}; shorten it."
            )
        if 2 * pulses.edge >= self.refractory:
            raise ParameterError(
                f"LifNeuron.pulses.edge: two edges of {edge} do not fit into the refractory time, {refractory}."
            )

    @property
    def leak_resistance(self) -> float:
        """Resistance of the leak [ohm]."""
        return self.leak_time / self.capacitance

    @property
    def gate_pulse(self) -> GatePulse:
        """What a spike does to the gate line; a spike during the pulse, edges included, prolongs it."""
        return self.pulses.gate_pulse

    @property
    def te_pulse(self) -> BipolarPulse:
        """What a spike does to the line te, which rests at the read voltage."""
        return replace(self.pulses.te_pulse, rest=self.pulses.read_voltage)

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
    pulses = neuron.pulses
    start = max(pulses.reset_delay, neuron.refractory)
    if pulses.reset_voltage and pulses.writing_time > start and period > start:
        reached = drive * (1.0 - exp(-(start - neuron.refractory) / tau))
        left = reached * exp(-(pulses.writing_time - start) / tau)
        period = pulses.writing_time + tau * log((drive - left) / (drive - neuron.threshold))
    return 1.0 / period
