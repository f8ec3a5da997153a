"""Currents that are read of a branch which carries none: openvaf-r makes them 0.

A named branch, the branch between two nets, and the branch from a net to ground are three branches to Verilog-A, and
the current through a port is a fourth thing. Where a current is read of the branch that has the contribution, or the
voltage source, openvaf-r gives the right one, at the cost of a hidden unknown.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from rramcirc.devices.veriloga.lint.finding import Finding, found
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.tree import Node, walk, written


def current_findings(module: LintModule) -> Iterator[Finding]:
    """Yield the currents that are read where nothing flows."""
    for node in zero_currents(module):
        right = carrying_branch(node, module)
        port = node.parts[0].kind == "port"
        name = f"I(<{node.parts[0].text}>)" if port else written(node)
        why = "is the current of a port" if port else "is read of a branch that nothing contributes to"
        yield found(
            "current", node.at,
            f"{name} {why}: openvaf-r makes it 0, and the file compiles",
            f"{right}, which has the contribution" if right else "V(a, x) <+ 0; in series, and I(a, x)",
            fixable=bool(right),
        )  # fmt: skip


def zero_currents(module: LintModule) -> list[Node]:
    """Return the reads of currents of branches that nothing contributes to."""
    targets = [n.parts[0] for b in module.analog for n in walk(b) if n.kind == "contribute"]
    carrying, own = {_branch(t, module) for t in targets}, {id(t) for t in targets}
    reads = [n for b in module.analog for n in walk(b) if module.is_access(n) and n.text in ("I", "flow")]
    return [
        n for n in reads
        if id(n) not in own and n.parts and (n.parts[0].kind == "port" or _branch(n, module) not in carrying)
    ]  # fmt: skip


def carrying_branch(node: Node, module: LintModule) -> str:
    """Return the read of the one branch that is meant instead, nothing if there is none or more than one.

    Parameters
    ----------
    node
        The current that is read.
    module
        Its module.
    """
    wanted = _nets(node, module)
    targets = [n.parts[0] for b in module.analog for n in walk(b) if n.kind == "contribute"]
    through = len(wanted) == 1  # a port, or what leaves a net
    meant = {
        _branch(t, module): t for t in targets
        if (set(wanted) <= set(_nets(t, module)) if through else set(wanted) == set(_nets(t, module)))
    }  # fmt: skip
    if len(meant) != 1:
        return ""
    (target,) = meant.values()
    same = _nets(target, module)[0] == wanted[0]
    return f"{'' if same else '-'}{node.text}({', '.join(p.text for p in target.parts)})"


def _branch(access: Node, module: LintModule) -> Hashable:
    """Return what names a branch: its own name, or its nets in any order."""
    names = [p.text for p in access.parts]
    return names[0] if len(names) == 1 and names[0] in module.branches else frozenset(_nets(access, module))


def _nets(access: Node, module: LintModule) -> list[str]:
    return [n for n in module.nets_of(access) if n not in module.grounds]
