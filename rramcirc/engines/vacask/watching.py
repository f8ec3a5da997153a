"""States against bounds and devices against cards in runs of VACASK, as in those of ngspice.

What is compared is saved besides the signals, one name each; VACASK has no way to save all of a kind, so in large
circuits it is left out, and the run says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rramcirc.bench.testbench import Testbench
from rramcirc.engines.netlist import Netlist
from rramcirc.engines.states import WatchedState, states_outside
from rramcirc.engines.validity import WatchedDevices, outside_validity, vectors_of
from rramcirc.waveforms.raw import RawPlot

MOST = 2000  # names that are saved for the checks
_VARIABLE = re.compile(r"@(?:n\.)?([^\[]+)\[(\w+)\]")


def own_name(vector: str) -> str:
    """Return what VACASK calls a vector of ngspice.

    Examples
    --------
    >>> own_name("@n.xcell_0_1.nrram[gap]"), own_name("v(xcell_0_1.be)"), own_name("v(bl0)")
    ('xcell_0_1:nrram.gap', 'xcell_0_1:be', 'bl0')
    """
    found = _VARIABLE.fullmatch(vector)
    if found:
        return f"{found[1].replace('.', ':')}.{found[2]}"
    return vector.removeprefix("v(").removesuffix(")").replace(".", ":")


def watched_vectors(states: Sequence[WatchedState], devices: Sequence[WatchedDevices]) -> tuple[str, ...]:
    """Return the vectors of ngspice that the checks need; none if they are too many."""
    names = [variable for state in states for variable in state.variables]
    found = tuple(dict.fromkeys([*names, *vectors_of(devices)]))
    return found if len(found) <= MOST else ()


def judged(plot: RawPlot, netlist: Netlist, bench: Testbench | None) -> tuple[list[str], list[str]]:
    """Return (problems, remarks) of a plot with VACASK's own names."""
    vectors = watched_vectors(netlist.states, netlist.devices)
    if not vectors and (netlist.states or netlist.devices):
        return [], [f"states and operating conditions were not compared with bounds and cards: more than {MOST} names"]
    place = {name: k for k, name in enumerate(plot.names)}
    known = [vector for vector in vectors if own_name(vector) in place]
    axis = [0] if plot.names[:1] == ("time",) else []
    columns = axis + [place[own_name(vector)] for vector in known]
    drivers = [name for name in plot.names if name.endswith(":flow(br)")]
    known += [f"i({name.removesuffix(':flow(br)')})" for name in drivers]
    columns += [place[name] for name in drivers]
    theirs = replace(
        plot, names=tuple(["time"] * len(axis) + known), kinds=tuple(["time"] * len(axis) + ["notype"] * len(known)),
        data=np.asarray(plot.data)[:, columns],
    )  # fmt: skip
    problems = states_outside(netlist.states, theirs)
    if bench is None:
        return problems, []
    more, remarks = outside_validity(bench, netlist.devices, theirs)
    return problems + more, remarks
