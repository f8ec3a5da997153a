"""States against their bounds: every state of a run is followed, recorded or not.

A state outside its bounds is a wrong run, whatever the currents look like; none of them is recorded by default in a
large array. A transient in ngspice therefore saves the nodes of all states besides, they are compared here, and what
nobody asked for leaves the raw file again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rramcirc.basics.arrays import FloatArray, IndexArray
from rramcirc.circuits.elements import Circuit, Devices, Instances, Subcircuit
from rramcirc.waveforms.raw import RawPlot

TOLERANCE = 0.01  # of the range: integration at reltol 1e-4 overshoots a bound by up to 0.003 of it
FEW = 300  # states that ngspice is told to save one by one; it compares every name with every node
LARGEST_FILE = 2e9  # [bytes] that saving all nodes may cost on disk while it runs
MOST_COMPARISONS = 4e9  # of names, some 30 s; above it states of long runs of large circuits are not followed
CHEAP = 2e7  # of them: up to 45 x 45 cells with wires; a read of 32 x 32 takes a fifth longer with all currents
_POINTS_OF_A_BLOCK = 256
_NODES_PER_STATE = 4  # of an array with wires on three lines


@dataclass(frozen=True)
class WatchedState:
    """One state of many like devices.

    Attributes
    ----------
    state, unit
        Its name and unit.
    places
        Name of every device, as the netlist has it.
    vectors
        Voltage of the state's node of every device; the state is `start` plus this.
    variables
        Op-variable that is the state itself, of every device.
    start, lower, upper : (devices,) arrays
        Value at t = 0 and bounds [unit].
    """

    state: str
    unit: str
    places: tuple[str, ...]
    vectors: tuple[str, ...]
    variables: tuple[str, ...]
    start: FloatArray
    lower: FloatArray
    upper: FloatArray


def watched_states(circuit: Circuit) -> tuple[WatchedState, ...]:
    """Return the states of a circuit whose models declare bounds."""
    blocks = {block.name: block for block in circuit.subcircuits}
    found: list[WatchedState] = []
    for group in circuit.block:
        if isinstance(group, Devices):
            found += _of_devices(group, {}, tuple(f"n{name}" for name in group.names))
        elif isinstance(group, Instances) and group.subcircuit in blocks:
            block = blocks[group.subcircuit]
            for inner in block.body:
                if isinstance(inner, Devices):
                    paths = tuple(f"n.x{name}.n{device}" for name in group.names for device in inner.names)
                    values = _resolved(inner, block, group)
                    if len(inner.names) == 1:
                        found += _of_devices(inner, values, paths)
    return tuple(found)


def _resolved(devices: Devices, block: Subcircuit, group: Instances) -> dict[str, Any]:
    """Return the parameters of a block's device in all instances: numbers, or one for each."""
    values: dict[str, Any] = {}
    for name, value in devices.parameters.items():
        if isinstance(value, str):
            own = value.strip("{}")
            given = group.parameters.get(own, block.parameters.get(own))
            values[name] = np.asarray(given, float) if isinstance(given, Sequence) else given
        else:
            values[name] = value
    return values


def _of_devices(group: Devices, resolved: Mapping[str, Any], paths: tuple[str, ...]) -> Iterator[WatchedState]:
    module = group.card.declaration
    if module is None:
        return
    values = {k: v for k, v in {**group.parameters, **resolved}.items() if not isinstance(v, str) and v is not None}
    arrays = {k: np.asarray(v, float) for k, v in values.items()}
    for state, bounds in group.card.state_bounds(arrays).items():
        start = arrays.get(f"{state}_ini", group.card.number(f"{state}_ini"))
        if bounds is None or f"{state}_s" not in module.internal_nodes or not np.all(np.isfinite(bounds[1])):
            continue
        low, high, first = (np.broadcast_to(np.asarray(v, float), len(paths)) for v in (*bounds, start))
        vectors = tuple(f"v({path}#{state}_s)" for path in paths)
        places = tuple(path.split(".")[1] if "." in path else path for path in paths)
        variables = tuple(f"@{path}[{state}]" for path in paths)
        yield WatchedState(state, module.op_variables[state].unit, places, vectors, variables, first, low, high)


def vectors_to_save(
    watched: Sequence[WatchedState], others: Sequence[str], recorded: Sequence[str], points: float
) -> tuple[str, ...]:
    """Return what to save besides the signals: states and others one by one, or ``all`` where that is cheaper.

    ``all`` means the nodes; op-variables among the others stand behind it, where they are cheap.

    Where neither is cheap, in long runs of large circuits, the others are left out, and in the largest all.

    Parameters
    ----------
    others
        What else should be saved.
    recorded
        Vectors that are saved anyway.
    points
        Of the run, about.
    """
    known = set(recorded)
    names = tuple(
        vector
        for state in watched
        for vector, variable in zip(state.vectors, state.variables, strict=True)
        if variable not in known
    )
    more = tuple(vector for vector in dict.fromkeys(others) if vector not in known)
    if len(names) + len(more) <= FEW:
        return names + more
    nodes = _NODES_PER_STATE * sum(len(state.vectors) for state in watched)
    if nodes * points * 8 < LARGEST_FILE:
        no_nodes = tuple(vector for vector in more if vector.startswith("@"))  # "all" does not mean them
        return ("all", *(no_nodes if len(no_nodes) * nodes < CHEAP else ()))
    return names if len(names) * nodes < MOST_COMPARISONS else ()


def states_outside(watched: Sequence[WatchedState], plot: RawPlot) -> list[str]:
    """Return one sentence per state that left its bounds by more than 1 % of its range: where, when, how far."""
    place = {name: k for k, name in enumerate(plot.names)}
    problems = []
    for state in watched:
        nodes = np.array([place.get(vector, -1) for vector in state.vectors])
        itself = np.array([place.get(v, place.get(f"v({v})", -1)) for v in state.variables])
        columns = np.where(itself >= 0, itself, nodes)
        there = np.flatnonzero(columns >= 0)
        if there.size:
            offset = np.where(itself >= 0, 0.0, state.start)
            problems += _outside(state, plot, there, columns[there], offset[there])
    return problems


def not_followed(watched: Sequence[WatchedState], plot: RawPlot) -> str:
    """Say which states could not be compared with their bounds, because nothing of them was saved; empty if none."""
    there = set(plot.names)
    missing = [s.state for s in watched if there.isdisjoint((*s.vectors, *s.variables))]
    missing = [
        state for state in missing
        if not any(f"v({name})" in there for s in watched if s.state == state for name in s.variables)
    ]  # fmt: skip
    if not missing:
        return ""
    return (
        f"{', '.join(missing)} was not compared with bounds: so many states in so long a run would cost ngspice more "
        "than the run; record some by probes, or use the engine numpy, which follows all"
    )


def _outside(
    state: WatchedState, plot: RawPlot, there: IndexArray, columns: IndexArray, offset: FloatArray
) -> list[str]:
    low, high, start = state.lower[there], state.upper[there], state.start[there]
    margin = TOLERANCE * (high - low)
    # a state may start outside and return; what counts is that it goes further out
    low, high = np.minimum(low, start) - margin, np.maximum(high, start) + margin
    worst, when = np.zeros(there.size), np.zeros(there.size, int)
    for first in range(0, plot.n_points, _POINTS_OF_A_BLOCK):
        block = np.asarray(plot.data[first : first + _POINTS_OF_A_BLOCK][:, columns], float) + offset
        away = np.maximum(low - block, block - high)
        farthest = away.argmax(axis=0)
        value = away[farthest, np.arange(there.size)]
        new = value > worst
        worst[new], when[new] = value[new], first + farthest[new]
    bad = np.flatnonzero(worst > 0)
    if not bad.size:
        return []
    k = int(bad[np.argmax(worst[bad])])
    value = float(plot.data[when[k], columns[k]]) + float(offset[k])
    bounds = float(state.lower[there[k]]), float(state.upper[there[k]])
    time = float(plot.data[when[k], 0])
    return [left_bounds(state.state, state.unit, state.places[there[k]], bounds, value, time, bad.size)]


def left_bounds(
    state: str, unit: str, place: str, bounds: tuple[float, float], value: float, time: float, devices: int
) -> str:
    """Say which device's state left its bounds, where to, when, and how many did."""
    more = f" (and {devices - 1} devices more)" if devices > 1 else ""
    return (
        f"{state} of {place} left its bounds {bounds[0]:g} ... {bounds[1]:g} {unit}: {value:.4g} {unit} at {time:.4g} s"
        f"{more}"
    )


def without_extra(plot: RawPlot, wanted: Sequence[str]) -> RawPlot | None:
    """Return a plot with its axis and the wanted vectors only; None if it has no others."""
    kept = sorted({0, *(k for k in map(plot.find, wanted) if k is not None)})
    if len(kept) == len(plot.names):
        return None
    columns = [np.array(plot.data[:, k]) for k in kept]
    return RawPlot.from_columns(
        [plot.names[k] for k in kept], [plot.kinds[k] for k in kept], columns, title=plot.title,
        plotname=plot.plotname, complete=plot.complete, problem=plot.problem,
    )  # fmt: skip
