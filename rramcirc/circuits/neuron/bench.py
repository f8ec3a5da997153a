"""The default testbench of a neuron: a step of current."""

from __future__ import annotations

from dataclasses import replace

from rramcirc.bench.analyses import Transient
from rramcirc.bench.stimuli import PiecewiseLinear
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.neuron.netlist import step_control
from rramcirc.circuits.neuron.neuron import READ_ONLY, LifNeuron
from rramcirc.circuits.request import Request


def neuron_bench(neuron: LifNeuron | None = None, current: float = 10e-9, duration: float = 0.1) -> Testbench:
    """Return a neuron alone that gets a step of current.

    Parameters
    ----------
    neuron
        Default: one with te and ti pulses.
    current
        Membrane current after the step [A].
    duration
        [s]
    """
    neuron = neuron or LifNeuron(pulses=replace(READ_ONLY, set_voltage=0.93, inhibitory_voltage=0.75))
    begin = 0.05 * duration
    step = PiecewiseLinear([0.0, begin, begin + 1e-6], [0.0, 0.0, current], "A")
    longest = min(0.01 * duration, neuron.refractory / 10)
    return Testbench(neuron, Transient(duration, max_step=longest), {"ext": step}, options=step_control(neuron))


def default_neuron(request: Request) -> Testbench:
    """Return the neuron that was asked for under a step of current."""
    request.refuse("lif", rows=request.rows, columns=request.columns, card=request.rram, selector=request.selector)
    return request.seeded(neuron_bench())
