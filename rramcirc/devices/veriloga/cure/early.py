"""A variable that is read before it is assigned, but follows from voltages and parameters, is assigned before that.

In simulators that keep variables such a read sees the last evaluation; what it was then follows from the states.
"""

from __future__ import annotations

from collections.abc import Iterator

from rramcirc.devices.veriloga.cure.places import Places
from rramcirc.devices.veriloga.lint.fix import Repair
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.states import early_reads
from rramcirc.devices.veriloga.lint.tree import Node, walk

_KEEPING = frozenset({"idt", "idtmod", "ddt", "I", "flow"})
_MOST_DEEP = 8


def early_repairs(places: Places, module: LintModule) -> list[Repair]:
    """Return the repairs that assign variables before their first read, with the clamps that follow them.

    Parameters
    ----------
    places
        Of its file.
    module
        The module; variables that depend on what is computed in between are left.
    """
    made = []
    statements = [s for b in module.analog if b.kind == "block" for s in _flat(b) if places.is_own(s.at)]
    for name, word in early_reads(module).items():
        reading = [s for s in statements if any(n.at is word for n in walk(s))]
        if not reading or not places.is_own(word):
            continue
        here = _start(reading[0])
        wanted = _recipe(name, here, statements, module, 0)
        if wanted:
            once = dict.fromkeys(places.text[_start(s) : places.end(s)] for s in wanted)
            line = places.line(_start(wanted[-1]))
            what = f"{name} is read before its line {line}: assigned here too"
            made.append(places.insert(here, f"{' '.join(' '.join(t.split()) for t in once)} ", what))
    return made


def _flat(node: Node) -> Iterator[Node]:
    """Yield the statements that run at every evaluation, in their order."""
    if node.kind == "block":
        for part in node.parts:
            yield from _flat(part)
    else:
        yield node


def _start(node: Node) -> int:
    return min(n.at.start for n in walk(node) if n.at.start >= 0)


def _recipe(name: str, here: int, statements: list[Node], module: LintModule, depth: int) -> list[Node]:
    """Return the statements that give a variable its value at an offset, none if that is not possible there."""
    assigned = [s for s in statements if any(n.kind == "assign" and n.text == name for n in walk(s))]
    if not assigned or depth > _MOST_DEEP:
        return []
    first = assigned[0]
    if _start(first) < here:
        return [] if depth == 0 else [first]
    if first.kind != "assign" or any(n.text in _KEEPING for n in walk(first.parts[1]) if n.kind == "call"):
        return []
    wanted: list[Node] = []
    for other in dict.fromkeys(n.text for n in walk(first.parts[1]) if n.kind == "name"):
        if other not in module.variables:
            continue
        before = _recipe(other, here, statements, module, depth + 1)
        if not before:
            return []
        wanted += [s for s in before if _start(s) >= here]
    return [*wanted, first, *_clamps(name, assigned[1:], module)]


def _clamps(name: str, later: list[Node], module: LintModule) -> list[Node]:
    """Return the conditions that bound a variable by parameters, up to the first other assignment of it."""
    clamps: list[Node] = []
    for node in later:
        written = {n.text for n in walk(node) if n.kind == "assign"}
        read = {n.text for n in walk(node) if n.kind == "name"} - {name}
        if node.kind != "if" or written != {name} or not read <= module.parameters.keys():
            break
        clamps.append(node)
    return clamps


__all__ = ["early_repairs"]
