"""Designs with the states that a run left: cells, arrays and networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import overload

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.checks import check_mapping
from rramcirc.basics.errors import ParameterError, shown, unknown_name
from rramcirc.circuits.array import states as array_states
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.cell_netlist import declared
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.network.netlist import synapse_pairs, synapse_values
from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron, synapse_matrices
from rramcirc.circuits.recurrent.recurrent import RecurrentNetwork
from rramcirc.circuits.synapse.matrix import synapse_array
from rramcirc.devices.cards.model_card import ModelCard

# a family of states, for example gap_exc -> (state, array of its values before)
Families = dict[str, tuple[str, FloatArray]]


@overload
def with_state(design: Cell, state: Mapping[str, object]) -> Cell: ...
@overload
def with_state(design: Crossbar, state: Mapping[str, object]) -> Crossbar: ...
@overload
def with_state(design: HopfieldNetwork, state: Mapping[str, object]) -> HopfieldNetwork: ...
@overload
def with_state(design: Perceptron, state: Mapping[str, object]) -> Perceptron: ...
@overload
def with_state(design: RecurrentNetwork, state: Mapping[str, object]) -> RecurrentNetwork: ...
def with_state(
    design: Cell | Crossbar | HopfieldNetwork | Perceptron | RecurrentNetwork, state: Mapping[str, object]
) -> Cell | Crossbar | HopfieldNetwork | Perceptron | RecurrentNetwork:
    """Return the same design with other initial states, for example the final states of a run.

    Parameters
    ----------
    design
        Cell, crossbar or network.
    state
        State name -> value (cell) or array (crossbar: ``gap``; network: ``gap_exc``, ``gap_inh``), in the unit of the
        state. Or what :meth:`rramcirc.Waveforms.final` returns: ``gap[1,2]`` or ``gap_exc[1,2]`` is the state of one
        cell, signals that are no states are left out. A value that a run left up to 0.01 outside its range is put on
        the bound.

    Raises
    ------
    ParameterError
        If a name is unknown, a value is out of range, or the state of some cells is missing: in an array always, in a
        network if the values are those of a run, with other signals among them. States that are set one by one leave
        the other synapses of a network as they are.
    """
    if isinstance(design, Cell):
        return array_states.with_state(design, state)
    if isinstance(design, Crossbar):
        return array_states.with_state(design, state)
    if not isinstance(design, (HopfieldNetwork, Perceptron, RecurrentNetwork)):
        raise ParameterError(f"with_state: design: {shown(design)} is no Cell, Crossbar or network.")
    check_mapping("with_state: state", state)
    if isinstance(design, RecurrentNetwork):
        found = _new_states(design.synapse, {"w": ("w", np.array(design.weights))}, design.pairs, state)
        return replace(design, weights=found["w"])
    return _network_with_state(design, state)


def _network_with_state(
    network: HopfieldNetwork | Perceptron, state: Mapping[str, object]
) -> HopfieldNetwork | Perceptron:
    card, families = network.cell.rram, Families()
    for matrix in synapse_matrices(network):
        values = synapse_values(network, matrix)
        families |= {f"{name}{matrix.suffix}": (name, np.array(values[f"{name}_ini"])) for name in card.states}
    found = _new_states(card, families, synapse_pairs(network), state)
    of = {
        matrix.name: {name: found[f"{name}{matrix.suffix}"] for name in card.states}
        for matrix in synapse_matrices(network)
    }
    cell = replace(network.cell, initial_conductance=None)
    if isinstance(network, Perceptron):
        return replace(network, cell=cell, state=of["exc"], conductance=None)
    return replace(
        network, cell=cell, excitatory_state=of["exc"], inhibitory_state=of["inh"], excitatory_conductance=None,
        inhibitory_conductance=None,
    )  # fmt: skip


def _new_states(
    card: ModelCard, families: Families, pairs: list[tuple[int, int]], given: Mapping[str, object]
) -> dict[str, FloatArray]:
    """Return the arrays of all families with what is given put in."""
    found = {name: array for name, (_, array) in families.items()}
    missing = {name: set(pairs) for name in families}
    others = False
    for key, value in given.items():
        name, bracket, index = str(key).replace(" ", "").partition("[")
        if name not in families:
            others = others or _is_signal(card, name)
            if not _is_signal(card, name):
                raise ParameterError(f"with_state: state: {unknown_name('state', str(key), families)}")
            continue
        where = f"with_state: state: {key}"
        inside = array_states.put_inside(card, families[name][0], value)
        if bracket:
            place = _place(where, index.removesuffix("]"), pairs)
            found[name][place] = synapse_array(where, inside, (1, 1))[0, 0]
            missing[name].discard(place)
        else:
            found[name] = synapse_array(where, inside, found[name].shape)
            missing[name].clear()
    if others and any(missing.values()):
        lacking = [f"{name}[{i},{j}]" for name, places in missing.items() for i, j in sorted(places)]
        raise ParameterError(
            f"with_state: state: {', '.join(lacking[:3])}{', ...' if len(lacking) > 3 else ''} missing among the "
            f"values of a run, {len(lacking)} in all; record the states of all synapses."
        )
    return found


def _is_signal(card: ModelCard, name: str) -> bool:
    """Whether a name is one of a run's signals that are no states."""
    plain = name.removesuffix("_exc").removesuffix("_inh")
    return "(" in name or (plain in declared(card).op_variables and plain not in card.states)


def _place(where: str, index: str, pairs: list[tuple[int, int]]) -> tuple[int, int]:
    """Return [PRE, POST] of a synapse that is there."""
    try:
        row, column = (int(part) for part in index.split(","))
    except ValueError:
        raise ParameterError(f"{where}: {shown(index)} is no pair of numbers; write for example [0,1].") from None
    if (row, column) not in pairs:
        raise ParameterError(f"{where}: the network has no synapse [{row},{column}].")
    return row, column
