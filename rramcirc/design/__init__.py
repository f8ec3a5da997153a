"""Designs: the circuits that rramcirc knows, as frozen records of geometry, cards and initial states.

A design says which lines a testbench may drive (`lines`), which names mean all lines of one kind (`line_kinds`), and
what it is in one line (`description`).
"""

from __future__ import annotations

from rramcirc.design.cell import Cell
from rramcirc.design.checks import check_states
from rramcirc.design.crossbar import Crossbar
from rramcirc.design.defects import Defects
from rramcirc.design.line import Line
from rramcirc.design.networks import HopfieldNetwork, Perceptron
from rramcirc.design.neuron import LifNeuron
from rramcirc.design.readout import Readout, ReadoutArray
from rramcirc.design.recurrent import RecurrentNetwork
from rramcirc.design.states import OVERSHOOT, with_state

Design = Cell | Crossbar | LifNeuron | HopfieldNetwork | Perceptron | RecurrentNetwork | Readout | ReadoutArray

__all__ = [
    "OVERSHOOT",
    "Cell",
    "Crossbar",
    "Defects",
    "Design",
    "HopfieldNetwork",
    "LifNeuron",
    "Line",
    "Perceptron",
    "Readout",
    "ReadoutArray",
    "RecurrentNetwork",
    "check_states",
    "with_state",
]
