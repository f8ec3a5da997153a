"""Whether the states of a module have an equation at rest: at 0 V and t = 0, where every operating point begins.

A rate that vanishes there leaves the voltage of its node free. The matrix is singular, and with the solver KLU ngspice
finds no operating point; SPARSE runs, from whatever its search for one leaves in the state.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.devices.veriloga.lint.finding import STATE_FORM, Finding
from rramcirc.devices.veriloga.lint.numbers import state_nodes
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.tree import Node, walk
from rramcirc.studies.check.charges import devices_of_defaults

_SINGULAR = 1e-12  # smallest singular value over the largest, of rows of size 1
_INVOLVED = 0.1  # part of the null vector


def rest_findings(path: Path, module: LintModule) -> Iterator[Finding]:
    """Yield the finding for states without an equation at rest.

    Parameters
    ----------
    path
        The Verilog-A file.
    module
        What it says; without a state there is no finding.
    """
    states = state_nodes(module)
    devices = devices_of_defaults(path, module.name) if states else None
    if devices is None:
        return
    jacobian = devices.evaluate(np.zeros((1, len(devices.nodes))), 0.0, reactive=False).resistive_jacobian
    assert jacobian is not None
    inner = [k for k, node in enumerate(devices.nodes) if node not in module.ports]
    free = {devices.nodes[inner[k]] for k in _free_columns(jacobian[0][np.ix_(inner, inner)])}
    named = [s for s in states if s in free]
    if not named:
        return
    at = _place(named[0], module)
    yield Finding(
        "no-equation", "error", at.at.path, at.at.line,
        f"nothing determines the state {', '.join(named)} at rest (0 V, t = 0): its rate is 0 there, so the matrix of "
        "the operating point is singular. With the solver KLU ngspice stops; with sparse it runs, from whatever its "
        "search leaves in the state, which rramcirc does not take",
        f"a value at rest for every state: {STATE_FORM}",
    )  # fmt: skip


def _free_columns(matrix: FloatArray) -> list[int]:
    """Return the unknowns that a matrix leaves free, none if it is regular."""
    if not matrix.size or not np.all(np.isfinite(matrix)):
        return []
    largest = np.max(np.abs(matrix), axis=1, keepdims=True)
    rows = matrix / np.where(largest > 0, largest, 1.0)
    _, sizes, right = np.linalg.svd(rows)
    free = sizes <= _SINGULAR * max(sizes[0], 1e-300)
    return sorted({int(k) for vector in right[free] for k in np.nonzero(np.abs(vector) > _INVOLVED)[0]})


def _place(state: str, module: LintModule) -> Node:
    """Return the contribution that holds the derivative of a state, else the first one to its node."""
    own = [
        n for b in module.analog for n in walk(b)
        if n.kind == "contribute" and state in module.nets_of(n.parts[0])
    ]  # fmt: skip
    held = [n for n in own if any(p.kind == "call" and p.text == "ddt" for p in walk(n.parts[1]))]
    return (held or own)[0]
