"""Whether the compiled file keeps the charges that the source gives to its states.

openvaf-r can replace one ``ddt()`` by another without a word, depending on the wording of the file; a state then
follows the charge of a capacitor, or stands still.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.basics.errors import RramcircError
from rramcirc.devices.cards.card import card_of_defaults
from rramcirc.devices.veriloga.declaration_reader import read_modules
from rramcirc.devices.veriloga.lint.finding import Finding
from rramcirc.devices.veriloga.lint.numbers import state_nodes
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.states import constant, defaults_of
from rramcirc.devices.veriloga.lint.tree import Node, walk

if TYPE_CHECKING:
    from rramcirc.devices.compiled.devices import CompiledDevices

_LARGEST = 0.2  # [V] of the random voltages at which the charges are looked at
_EQUAL = 1e-6  # relative
_TIME = 1e-9  # [s], in a transient


def charge_findings(path: Path, module: LintModule) -> Iterator[Finding]:
    """Yield the states whose derivative of the charge is not what ``I(s) <+ ddt(V(s))`` says.

    States with another charge than a constant times their own voltage are left out, and so are modules with hidden
    unknowns and those that cannot be evaluated with their defaults.

    Parameters
    ----------
    path
        The Verilog-A file.
    """
    expected = own_charges(module)
    if not expected:
        return
    try:
        nodes, jacobian = _compiled_charges(path, module.name)
    except RramcircError:
        return
    if any(node.startswith("implicit_equation") for node in nodes):  # the charges may stand there
        return
    for name, (charge, at) in expected.items():
        if name not in nodes:
            continue
        wanted = np.where(np.arange(len(nodes)) == nodes.index(name), charge, 0.0)
        if np.max(np.abs(jacobian[nodes.index(name)] - wanted)) <= _EQUAL * abs(charge):
            continue
        row = {other: value for other, value in zip(nodes, jacobian[nodes.index(name)], strict=True) if value}
        said = " ".join(f"{value:+.3g} V({other})" for other, value in row.items()) or "nothing"
        text = (
            f"the compiled charge of the state {name} is {said}, not {charge:+g} V({name}) as written here: openvaf-r "
            "has put another ddt() in its place, without a word; the state does not move as it should"
        )
        instead = (
            f"another order: I({name}) <+ ddt(V({name})); and I({name}) <+ -f; before all other contributions; then "
            "check again"
        )
        yield Finding("charge", "error", at.at.path, at.at.line, text, instead)


def own_charges(module: LintModule) -> dict[str, tuple[float, Node]]:
    """Return the states that hold a constant times their own voltage as charge: factor [F], and where it stands."""
    values = defaults_of(module)
    found: dict[str, list[tuple[float | None, Node]]] = {}
    for block in module.analog:
        for node in (n for n in walk(block) if n.kind == "contribute"):
            nets = [n for n in module.nets_of(node.parts[0]) if n not in module.grounds]
            calls = [n for n in walk(node.parts[1]) if n.kind == "call" and n.text == "ddt"]
            if len(nets) == 1 and calls:
                plain = len(calls) == 1 and _is_term(node.parts[1], calls[0])
                factor = _factor(calls[0].parts[0], nets[0], module, values) if plain else None
                found.setdefault(nets[0], []).append((factor, node))
    states = set(state_nodes(module))
    lone = {n: f[0] for n, f in found.items() if n in states and len(f) == 1}
    return {n: (factor, node) for n, (factor, node) in lone.items() if factor}


def _is_term(node: Node, call: Node) -> bool:
    """Return whether a call is a term of a sum, with the factor 1."""
    if node.kind == "binary" and node.text in "+-":
        return any(_is_term(part, call) for part in node.parts[: 1 if node.text == "-" else 2])
    return node is call


def _factor(node: Node, net: str, module: LintModule, values: dict[str, float]) -> float | None:
    """Return c if an expression is c V(net), 0 or None if it is anything else."""
    if module.is_access(node) and node.text in ("V", "potential"):
        nets = [n for n in module.nets_of(node) if n not in module.grounds]
        return 1.0 if nets == [net] else None
    if node.kind == "binary" and node.text == "*":
        for one, other in (node.parts, node.parts[::-1]):
            factor, inner = constant(one, values), _factor(other, net, module, values)
            if factor is not None and inner is not None:
                return factor * inner
    return None


def devices_of_defaults(path: Path, name: str) -> CompiledDevices | None:
    """Return one device of a module with its default values; ``None`` if it cannot be evaluated.

    Parameters
    ----------
    path, name
        The Verilog-A file, the module in it.
    """
    from rramcirc.devices.compiled.devices import CompiledDevices

    try:
        declared = next((m for m in read_modules(path) if m.name == name), None)
        return CompiledDevices(card_of_defaults(declared), 1) if declared is not None else None
    except RramcircError:
        return None


def _compiled_charges(path: Path, name: str) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the nodes of a module and the derivatives of their charges in a transient [F]."""
    devices = devices_of_defaults(path, name)
    if devices is None:
        return (), np.empty((0, 0))
    voltages = np.random.default_rng(1).uniform(-_LARGEST, _LARGEST, (1, len(devices.nodes)))
    found = devices.evaluate(voltages, _TIME)
    assert found.reactive_jacobian is not None
    return devices.nodes, found.reactive_jacobian[0]


__all__ = ["charge_findings", "devices_of_defaults", "own_charges"]
