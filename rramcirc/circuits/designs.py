"""Designs: the circuits that rramcirc knows, as frozen records of geometry, cards and initial states.

A design says which lines a testbench may drive (`lines`), which names mean all lines of one kind (`line_kinds`), and
what it is in one line (`description`).
"""

from __future__ import annotations

from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.array.defects import Defects
from rramcirc.circuits.array.line import Line
from rramcirc.circuits.array.states import OVERSHOOT, with_state
from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron
from rramcirc.circuits.neuron.neuron import LifNeuron
from rramcirc.circuits.readout.readout import Readout, ReadoutArray
from rramcirc.circuits.recurrent.recurrent import RecurrentNetwork
from rramcirc.devices.cards.checks import check_states

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
