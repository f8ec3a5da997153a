"""The neuron of op-amps: a leaky integrator that holds the array's electrodes, comparator, one-shots, drivers.

::

            +----------- own ----------+          own: closed during the neuron's second te pulse
            +--- C / gain ---+-- hold -+          hold: open then, so that the capacitor keeps its charge
            +--- R x gain ---+         |
            +--- reset ------+         |          reset: closed for the refractory time
     in ----+------|-                  |
                   |  op-amp >---------+          v(mem) = v(in) - v(right end of C)
     cm -----------|+
"""

from __future__ import annotations

from rramcirc.basics.errors import ParameterError
from rramcirc.circuits.elements import (
    GROUND,
    Behavioural,
    Capacitors,
    Controlled,
    Group,
    Resistors,
    Subcircuit,
    Switches,
)
from rramcirc.circuits.neuron.blocks import comparator, op_amp, pulse_drivers, refractory_hold, start_up, trigger_time
from rramcirc.circuits.neuron.neuron import PORTS, LifNeuron

HYSTERESIS = 0.1  # of the comparator, share of the threshold
EXT_OHM = 1e3  # across which the current into `ext` is measured
RESET_SHARE = 1e-3  # of the refractory time in which the membrane is discharged
CLAMP_SHARE = 1e-2  # of the leak's resistance, once the membrane is below its bound


def mixed_neuron(neuron: LifNeuron, name: str = "lif") -> Subcircuit:
    """Return the subcircuit of a neuron of op-amp, comparator and one-shots.

    The op-amp integrates the current of the array itself, on C / input_gain; the current of ``ext``, which is a
    membrane current, is brought to the same scale.

    Raises
    ------
    ParameterError
        If the threshold is above the common mode: the op-amp's output, V_cm - v(mem), would have to go below 0 V.
    """
    if neuron.threshold > neuron.pulses.common_mode:
        raise ParameterError(
            f"LifNeuron.threshold: {neuron.threshold:g} V is above the common mode of {neuron.pulses.common_mode:g} V; "
            "the "
            "integrator of the mixed neuron, which falls from the common mode, would have to go below 0 V. Lower the "
            "threshold or raise common_mode."
        )
    trigger = trigger_time(neuron)
    hold, level = refractory_hold(neuron, trigger)
    body = (
        *_integrator(neuron, level, trigger),
        *comparator(neuron, HYSTERESIS * neuron.threshold, trigger),
        *hold,
        *pulse_drivers(neuron, trigger),
    )
    text = "LIF neuron of op-amp integrator, comparator and one-shots"
    return Subcircuit(name, PORTS, {}, body, text)


def _integrator(neuron: LifNeuron, held_above: float, trigger: float) -> list[Group]:
    farad = neuron.capacitance / neuron.input_gain
    leak = neuron.leak_resistance * neuron.input_gain
    short = RESET_SHARE * neuron.refractory / farad
    half = 0.5 * neuron.supply
    groups: list[Group] = [
        *op_amp("amp", "cm", "in", "out", neuron.amplifier_gain, neuron.gain_bandwidth),
        Capacitors(("mem",), "in", "right", farad, "membrane: capacitor and leak between in and the op-amp's output"),
        Resistors(("leak",), "in", "right", leak),
        Switches(("reset",), ("in",), ("right",), ("tr",), "sw_reset", held_above, 0.0, short, 1e5 * leak),
        Switches(("hold",), ("right",), ("out",), GROUND, "sw_hold", -half, 0.0, short, 1e5 * leak, ("own",)),
        Switches(("own",), ("in",), ("out",), ("own",), "sw_own", half, 0.0, short, 1e5 * leak),
        *start_up(neuron, "in", "right", short, trigger),
        Controlled(("mem",), "vcvs", "mem", GROUND, "in", 1.0, "right"),
        Resistors(("ext",), "ext", "cm", EXT_OHM, "ext: its current, brought to the scale of the array's"),
        Controlled(("ext",), "vccs", "cm", "in", "ext", 1.0 / (EXT_OHM * neuron.input_gain), "cm"),
    ]
    if neuron.clamp is not None:
        current = f"uramp({neuron.clamp:.9g}-v(in)+v(right))/{CLAMP_SHARE * leak:.9g}"
        groups.append(Behavioural(("clamp",), "right", "in", current, "A", "lowest membrane voltage"))
    return groups
