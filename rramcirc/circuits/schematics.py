"""Schematics of the circuits, as SVG."""

from __future__ import annotations

import os

from rramcirc.basics.errors import ParameterError
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron
from rramcirc.circuits.neuron.neuron import LifNeuron
from rramcirc.circuits.readout.readout import Readout, ReadoutArray
from rramcirc.circuits.recurrent.recurrent import RecurrentNetwork


def draw(design: object, path: str | os.PathLike[str], *, circuit: str = "") -> None:
    """Write the schematic of a design.

    Parameters
    ----------
    design
        Record of a cell, array, neuron, readout or network.
    path
        File that ends in .svg.
    circuit
        ``"synapse"`` draws a cell between two neurons.

    Raises
    ------
    ParameterError
        If there is no schematic of such a design, or the file cannot be written.
    """
    from rramcirc.circuits.array.schematic import draw_cell, draw_crossbar, draw_synapse
    from rramcirc.circuits.network.schematic import draw_hopfield, draw_perceptron
    from rramcirc.circuits.neuron.schematic import draw_neuron
    from rramcirc.circuits.readout.schematic import draw_readout, draw_readout_array
    from rramcirc.circuits.recurrent.schematic import draw_recurrent
    from rramcirc.circuits.sheet import Sheet, checked_path

    target = checked_path(path)
    table = {
        Cell: draw_synapse if circuit == "synapse" else draw_cell,
        Crossbar: draw_crossbar,
        LifNeuron: draw_neuron,
        Readout: draw_readout,
        ReadoutArray: draw_readout_array,
        Perceptron: draw_perceptron,
        HopfieldNetwork: draw_hopfield,
        RecurrentNetwork: draw_recurrent,
    }
    if type(design) not in table:
        known = ", ".join(kind.__name__ for kind in table)
        raise ParameterError(f"draw: there is no schematic of {design!r}; there is one of {known}.")
    sheet = Sheet()
    table[type(design)](sheet, design)
    sheet.save(target)


__all__ = ["draw"]
