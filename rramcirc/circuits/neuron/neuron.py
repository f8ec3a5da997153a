"""The leaky integrate-and-fire neuron between an array's electrodes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from rramcirc.basics.checks import check_choice
from rramcirc.basics.errors import ParameterError
from rramcirc.basics.units import format_number, number_from_zero, positive_number, real_number
from rramcirc.bench.design import Design
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.cards.model_card import ModelCard

Detail = Literal["ideal", "mixed", "transistor"]
CoreName = Literal["indiveri", "axon-hillock"]
DETAILS: tuple[str, ...] = get_args(Detail)
CORES: tuple[str, ...] = get_args(CoreName)
PORTS = ("in", "ext", "gate", "te", "ti", "mem", "vdd", "cm")
NO_CLAMP = -100.0  # [V]

TRANSISTORS = ("nmos_select", "pmos_select")  # cards of the detail transistor


def _volts(desc: str, default: float):
    return field(default=default, metadata={"desc": desc, "units": "V"})


def _seconds(desc: str, default: float):
    return field(default=default, metadata={"desc": desc, "units": "s"})


@dataclass(frozen=True)
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

    detail: Detail = field(
        default="ideal",
        metadata={"desc": "switches and sources (ideal), behavioural blocks with limits (mixed), or transistors"},
    )
    capacitance: float = field(default=100e-12, metadata={"desc": "membrane capacitance", "units": "F"})
    leak_time: float = _seconds("time constant of the leak, leak resistance x capacitance", 50e-3)
    threshold: float = _volts("membrane voltage at which it fires; 0 V is rest", 1.0)
    clamp: float = _volts("lowest membrane voltage, at most 0; below -100 V it is left out", 0.0)
    refractory: float = _seconds("time after a spike in which the membrane is held at 0 V", 3e-3)
    input_gain: float = field(
        default=1e-3, metadata={"desc": "mirror ratio: membrane current over current into `in`", "units": "1"}
    )
    read_voltage: float = _volts("te above and ti below the common mode at rest", 0.1)
    gate_amplitude: float = _volts("gate pulse", 3.0)
    gate_width: float = _seconds("width of the gate pulse", 10e-3)
    te_amplitude: float = _volts("te pulse against the common mode; 0 is no pulse", 0.0)
    te_width: float = _seconds("width of the te and ti pulses", 1e-3)
    te_gap: float = _seconds("rest between the te pulse and the second one", 0.0)
    te_second: float = _volts("second te pulse against the common mode, of opposite sign; 0 is no pulse", 0.0)
    te_second_width: float = _seconds("width of the second te pulse", 1e-3)
    ti_amplitude: float = _volts("ti pulse against the common mode; 0 is no pulse", 0.0)
    edge: float = _seconds("edges of the pulses (details mixed and transistor; ideal: one time step)", 10e-6)
    common_mode: float = _volts("level V_cm of the bottom electrodes", 1.4)
    supply: float = _volts("supply voltage vdd", 3.3)
    amplifier_gain: float = field(
        default=1e5, metadata={"desc": "gain of the op-amp that holds `in` (detail mixed)", "units": "V/V"}
    )
    gain_bandwidth: float = field(
        default=1e6, metadata={"desc": "gain-bandwidth product of that op-amp (detail mixed)", "units": "Hz"}
    )
    core: CoreName = field(default="indiveri", metadata={"desc": "published spike generator (detail transistor)"})

    def __post_init__(self) -> None:
        check_choice("LifNeuron.detail", self.detail, DETAILS)
        check_choice("LifNeuron.core", self.core, CORES)
        for name, unit in (("capacitance", "F"), ("leak_time", "s"), ("threshold", "V"), ("refractory", "s")):
            positive_number(getattr(self, name), f"LifNeuron.{name}", unit)
        for name, unit in (("input_gain", ""), ("gate_amplitude", "V"), ("gate_width", "s"), ("te_width", "s")):
            positive_number(getattr(self, name), f"LifNeuron.{name}", unit)
        for name, unit in (("te_second_width", "s"), ("edge", "s"), ("supply", "V"), ("gain_bandwidth", "Hz")):
            positive_number(getattr(self, name), f"LifNeuron.{name}", unit)
        positive_number(self.amplifier_gain, "LifNeuron.amplifier_gain")
        for name, unit in (("read_voltage", "V"), ("te_gap", "s"), ("common_mode", "V")):
            number_from_zero(getattr(self, name), f"LifNeuron.{name}", unit)
        for name in ("te_amplitude", "te_second", "ti_amplitude"):
            real_number(getattr(self, name), f"LifNeuron.{name}")
        if real_number(self.clamp, "LifNeuron.clamp") > 0:
            raise ParameterError(f"LifNeuron.clamp: {self.clamp:g} V is above the resting level of 0 V.")
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
        ms = {name: format_number(value, "s") for name, value in vars(self).items() if isinstance(value, float)}
        if self.te_duration > self.refractory * (1 + 1e-12) and not self.te_second:
            raise ParameterError(
                f"LifNeuron.te_width: a pulse of {ms['te_width']} is longer than the shortest period between spikes, "
                f"the refractory time of {ms['refractory']}; shorten it or lengthen refractory."
            )
        if self.te_second and self.te_duration > self.gate_width + self.refractory:
            raise ParameterError(
                f"LifNeuron.te_gap: the te pulses take {format_number(self.te_duration, 's')}, more than gate_width + "
                f"refractory = {format_number(self.gate_width + self.refractory, 's')}; shorten te_gap."
            )
        shortest = min(self.gate_width, self.te_width, self.refractory)
        if 2 * self.edge >= shortest:
            raise ParameterError(
                f"LifNeuron.edge: two edges of {ms['edge']} do not fit into the shortest of gate_width, te_width and "
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
