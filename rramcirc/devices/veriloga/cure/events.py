"""Events that openvaf-r refuses become conditions: ``@(cross(x, +1))`` is ``if (x > 0.0)``; bounds of steps go."""

from __future__ import annotations

from collections.abc import Iterator

from rramcirc.devices.veriloga.cure.places import Places
from rramcirc.devices.veriloga.lint.fix import Repair
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.states import hidden_variables
from rramcirc.devices.veriloga.lint.tree import Node, walk

_KNOWN = frozenset({"cross", "above", "timer", "initial_step", "final_step"})


def event_repairs(places: Places, module: LintModule) -> Iterator[Repair]:
    """Yield the repairs that turn the events of a module into conditions; `initial_step` alone is left.

    Parameters
    ----------
    places
        Of its file.
    module
        The module.
    """
    for block in module.analog:
        for node in (n for n in walk(block) if n.kind == "event" and places.is_own(n.at)):
            names = set(node.text.split(" or "))
            if names <= {"initial_step"} or not names <= _KNOWN:
                continue
            end = places.close(node.at.start) if places.clean[node.at.start + 1 :].lstrip()[:1] == "(" else 0
            if not end:
                continue
            old = " ".join(places.text[node.at.start : end].split())
            if names == {"final_step"}:
                yield places.replace(node.at.start, end, "if (1 < 0)", f"{old} is never: reports at the end only")
                continue
            text = _condition(node, places)
            if text:
                what = f"{old} holds as long as its condition does"
            elif node.parts[-1].kind == "null":
                what = f"{old} left out: the simulator finds its time points by itself"
            else:
                what = f"{old} left out: its statement holds at every time"
            yield places.replace(node.at.start, end, text, what)


def integrates(module: LintModule) -> bool:
    """Return whether a module keeps states in variables or integrals, which the cure gives to the simulator."""
    nodes = (n for b in module.analog for n in walk(b))
    return bool(hidden_variables(module)) or any(n.kind == "call" and n.text == "idt" for n in nodes)


def bound_repairs(places: Places, module: LintModule) -> list[Repair]:
    """Return the repairs that leave out ``$bound_step(...)``: it bounds the steps of an integration that is no more.

    Parameters
    ----------
    places
        Of its file.
    module
        The module.
    """
    blocks = [n for b in module.analog for n in walk(b) if n.kind == "block"]
    bounds = [p for n in blocks for p in n.parts if p.kind == "task" and p.text == "$bound_step"]
    what = "$bound_step left out: the simulator integrates the states, with steps of its own"
    return [places.replace(b.at.start, places.end(b), "", what) for b in bounds if places.is_own(b.at)]


def _condition(node: Node, places: Places) -> str:
    """Return ``if (...)`` for an event, nothing if it is to hold always."""
    conditions = []
    for event in node.parts[:-1]:
        if event.text in ("timer", "initial_step"):
            return ""
        if event.text == "final_step":
            continue
        arguments = places.arguments(event)
        direction = arguments[1].replace(" ", "").lstrip("+") if len(arguments) > 1 else ""
        if event.text == "above":
            conditions.append(f"({arguments[0]}) >= 0.0")
        elif direction in ("1", "1.0"):
            conditions.append(f"({arguments[0]}) > 0.0")
        elif direction in ("-1", "-1.0"):
            conditions.append(f"({arguments[0]}) < 0.0")
        else:
            return ""
    return f"if ({' || '.join(conditions)})"
