"""The local nodes of a cell: lines, electrodes and what its modules have inside, with their names and units."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.errors import ParameterError, SimulationError
from rramcirc.circuits.array.cell_netlist import rram_nodes
from rramcirc.devices.compiled.devices import CompiledDevices
from rramcirc.devices.compiled.units import node_units

Array = NDArray[np.float64]


def local_nodes(
    rram: CompiledDevices, selector: CompiledDevices | None, held: set[int]
) -> tuple[tuple[str, ...], tuple[str, ...], NDArray[np.int64], NDArray[np.int64]]:
    """Return ports, all local nodes, and which of these every node of the RRAM and of the selector is.

    Parameters
    ----------
    rram, selector
        The devices of a cell.
    held
        Nodes of the RRAM whose voltage is held at 0 V: they are no local nodes, and stand as -1.
    """
    assert rram.card.declaration is not None  # CompiledDevices have one
    outside = {"bl": "bl", "be": "be" if selector else "wl", "nz": "nz"}
    terminals = [outside[node] for node in rram_nodes(rram.card.declaration, "nz")]
    ports: tuple[str, ...] = ("bl", "wl", "sl", "bulk", "nz") if selector else ("bl", "wl", "nz")
    inner: list[str] = ["be"] if selector else []
    own = [_inner_names(rram, "rram", held, inner), []]
    if selector is not None:
        own[1] = _inner_names(selector, "sel", set(), inner)
    names = (*ports, *inner)
    rram_place = _places(names, rram, [*terminals, *own[0]])
    selector_place = np.empty(0, np.int64)
    if selector is not None:
        selector_place = _places(names, selector, ["be", "wl", "sl", "bulk", *own[1]])
    return ports, names, rram_place, selector_place


def hold_ports(
    held: Collection[str], ports: tuple[str, ...], names: tuple[str, ...], *places: NDArray[np.int64]
) -> tuple[tuple[str, ...], tuple[str, ...], list[NDArray[np.int64]]]:
    """Take the ports whose voltage alone counts out of the local nodes: their places come behind those of all others.

    Parameters
    ----------
    held
        These ports, in the order that they get.
    ports, names, places
        As from `local_nodes`.
    """
    left = tuple(name for name in names if name not in held)
    ordered = [*left, *held]
    numbers = np.array([*(ordered.index(name) for name in names), -1], np.int64)
    return tuple(port for port in ports if port not in held), left, [numbers[place] for place in places]


def local_units(names: tuple[str, ...], rram: CompiledDevices) -> Array:
    """Return the unit of every local node: 1, but for inner nodes of the RRAM in whose module it is another one."""
    own = {f"rram.{node}": unit for node, unit in zip(rram.nodes, node_units(rram), strict=True)}
    return np.array([own.get(name, 1.0) for name in names])


def refuse_undetermined(worst: int, names: tuple[str, ...], rram: CompiledDevices) -> None:
    """Refuse an inner node that no equation determines: `worst` is the largest that `eliminate_pivoting` said of cells.

    Raises
    ------
    ParameterError
        If an equation inside the module holds its terminals, as an ideal voltage source between them.
    SimulationError
        If the equations inside contradict one another.
    """
    if worst < 0:
        return
    node = names[worst % len(names)]
    owner, _, inner = node.partition(".")
    what = f"card {rram.card.name}: module {rram.card.module}: {inner or node}" if owner == "rram" else f"node {node}"
    if worst >= len(names):
        raise ParameterError(
            f"{what} is left without an equation, and an equation is left that holds the terminals, as that of an "
            "ideal voltage source between them: the engine numpy cannot hold lines together from inside a cell. Give "
            "that branch a resistance (V(a, b) <+ ... + 1m * I(a, b)), or use ngspice and drivers with a resistance."
        )
    raise SimulationError(f"numpy failed: {what}: no equation determines it (the matrix of a cell is singular).")


def _places(names: tuple[str, ...], devices: CompiledDevices, nodes: list[str]) -> NDArray[np.int64]:
    """Return the local node of every node of a device; -1 if it is held."""
    places = [names.index(name) if name else -1 for name in nodes]
    merged = [*places, -1]
    return np.array([merged[devices.node_of[k]] for k in range(len(places))], np.int64)


def _inner_names(devices: CompiledDevices, label: str, held: set[int], inner: list[str]) -> list[str]:
    """Name the internal nodes of a device; append those with a voltage of their own to `inner`."""
    names = []
    for k in range(len(devices.terminals), len(devices.nodes)):
        own = k not in held and devices.node_of[k] == k
        names.append(f"{label}.{devices.nodes[k]}" if own else "")
        if own:
            inner.append(names[-1])
    return names
