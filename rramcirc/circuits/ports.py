"""Are all ports of all subcircuits connected?"""

from __future__ import annotations

from collections.abc import Iterable

from rramcirc.basics.errors import NetlistError, unknown_name
from rramcirc.circuits.elements import Circuit, Group, Instances, Subcircuit


def check_ports(circuit: Circuit) -> None:
    """Raise NetlistError if an instance leaves a port of its subcircuit open or has a node too many; names it.

    ngspice would say no more than that the numbers of nodes differ.
    """
    known = {block.name: block for block in circuit.subcircuits}
    for groups in (circuit.groups, *(block.body for block in circuit.subcircuits)):
        _check(groups, known)


def _check(groups: Iterable[Group], known: dict[str, Subcircuit]) -> None:
    for group in groups:
        if not isinstance(group, Instances):
            continue
        if group.subcircuit not in known:
            raise NetlistError(f"x{group.names[0]}: {unknown_name('subcircuit', group.subcircuit, known)}")
        ports = known[group.subcircuit].ports
        empty = [port for port, node in zip(ports, group.nodes, strict=False) if not len(node)]
        empty += ports[len(group.nodes) :]
        if empty:
            raise NetlistError(f"x{group.names[0]}: port {', '.join(empty)} of {group.subcircuit} is not connected.")
        if len(group.nodes) > len(ports):
            raise NetlistError(
                f"x{group.names[0]}: {len(group.nodes)} nodes for the {len(ports)} ports of {group.subcircuit}, "
                f"{', '.join(ports)}."
            )
