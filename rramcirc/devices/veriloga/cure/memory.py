"""What a module keeps in variables from one time step to the next: states, clocks, and what sets them up."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from rramcirc.devices.veriloga.cure.places import Places
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.states import constant, defaults_of, hidden_variables, is_clock
from rramcirc.devices.veriloga.lint.tree import Node, walk

_TIMES = frozenset({"$abstime", "$realtime"})
_STEP_NAME = re.compile(r"(dt|ts|h|step|t_?step|time_?step|step_?time|delta_?t|d_?time)", re.IGNORECASE)
_FIRST = 1e-9  # [s]; a time compared with less than this is that of the first evaluation


@dataclass
class Memory:
    """What a module remembers.

    Attributes
    ----------
    states
        Variables that have to become nodes.
    clocks
        Variables that hold the time of the last step.
    steps
        Parameters, and variables that are never assigned, that stand for the time step.
    setups
        Statements that are meant to run once: ``@(initial_step)``, ``if ($abstime == 0)``, ``if (!started)``.
    """

    states: tuple[str, ...]
    clocks: tuple[str, ...]
    steps: tuple[str, ...]
    setups: list[Node] = field(default_factory=list)


def memory_of(module: LintModule, places: Places) -> Memory:
    """Return what a module remembers in variables.

    Parameters
    ----------
    module
        The module.
    places
        Of its file.
    """
    hidden = hidden_variables(module)
    clocks = tuple(n for n in hidden if is_clock(n, module))
    statements = [n for block in module.analog for n in _top(block)]
    setups = [n for n in statements if places.is_own(n.at) and _is_setup(n, hidden, module)]
    flags = {n for n in hidden for s in setups if _is_flag(n, s, module)}
    states = tuple(n for n in hidden if n not in clocks and n not in flags)
    kept = states or any(v.array for v in module.variables.values())
    steps = step_parameters(module) if kept and not clocks else ()
    return Memory(states, clocks, steps, setups)


def times_of(module: LintModule) -> set[str]:
    """Return the names that are the present time: ``$abstime`` and variables that only hold it."""
    given: dict[str, set[str]] = {}
    for node in (n for b in module.analog for n in walk(b) if n.kind == "assign"):
        given.setdefault(node.text, set()).add(node.parts[1].text)
    hidden = set(hidden_variables(module))
    return {*_TIMES} | {n for n, values in given.items() if values <= _TIMES and n not in hidden}


def size_of(state: str, memory: Memory, module: LintModule) -> float:
    """Return the power of ten by which a state is larger than 1, from its start and what it is compared with."""
    values = defaults_of(module)
    seen = [constant(v.start, values) for n, v in module.variables.items() if n == state]
    copies = {state}
    for node in (n for b in module.analog for n in walk(b) if n.kind == "assign"):
        if node.parts[1].text == state or (node.text == state and node.parts[1].kind == "name"):
            copies |= {node.text, node.parts[1].text} & module.variables.keys()
    for node in (n for b in module.analog for n in walk(b)):
        if node.kind == "assign" and node.text in copies:
            seen.append(constant(node.parts[1], values))
        if node.kind == "binary" and node.text in ("<", ">", "<=", ">="):
            left, right = node.parts
            seen += [constant(b, values) for a, b in ((left, right), (right, left)) if a.text in copies]
    largest = max((abs(x) for x in seen if x is not None and math.isfinite(x)), default=0.0)
    return 1.0 if largest == 0.0 or 1e-2 <= largest <= 1e2 else 10.0 ** math.floor(math.log10(largest))


def _top(node: Node) -> Iterator[Node]:
    """Yield the statements that run at every evaluation, and those of set-ups."""
    if node.kind == "block":
        for part in node.parts:
            yield from _top(part)
        return
    yield node
    if node.kind == "event" and node.text == "initial_step":
        yield from _top(node.parts[-1])


def _is_setup(node: Node, hidden: tuple[str, ...], module: LintModule) -> bool:
    """Return whether a statement is meant to run once, at the first evaluation."""
    if node.kind == "event":
        return node.text == "initial_step"
    if node.kind != "if":
        return False
    assigned = {n.text for n in walk(node.parts[1]) if n.kind == "assign"}
    if not assigned & set(hidden):
        return False
    condition = node.parts[0]
    if condition.kind == "call" and condition.text == "analysis":
        return True
    times = times_of(module) | {n for n in hidden if is_clock(n, module)}
    if condition.kind == "binary" and condition.text in ("==", "<=", "<"):
        for one, other in (condition.parts, condition.parts[::-1]):
            limit = constant(other, defaults_of(module))
            if one.text in times and limit is not None and abs(limit) <= _FIRST:
                return True
    return any(_is_flag(n.text, node, module) for n in walk(condition) if n.text in module.variables)


def _is_flag(name: str, setup: Node, module: LintModule) -> bool:
    """Return whether a variable only says that a statement has run: ``if (!started) begin started = 1; ... end``."""
    if setup.kind != "if":
        return False
    condition = setup.parts[0]
    asked = [n.text for n in walk(condition) if n.kind == "name"]
    values = [n.parts[1] for b in module.analog for n in walk(b) if n.kind == "assign" and n.text == name]
    inside = any(n.kind == "assign" and n.text == name for n in walk(setup.parts[1]))
    numbers = {constant(v, {}) for v in values}
    return asked == [name] and inside and None not in numbers and len(numbers) == 1 and 0.0 not in numbers


def step_parameters(module: LintModule) -> tuple[str, ...]:
    """Return the names that stand for the time step: parameters asked of ``$bound_step`` or a timer, or called so, and
    variables called so that only have their initial value.
    """
    assigned = {n.text for b in module.analog for n in walk(b) if n.kind == "assign"}
    constants = [n for n, v in module.variables.items() if v.start is not None and n not in assigned]
    read = {n.text for b in module.analog for n in walk(b) if n.kind == "name"}
    bound = {
        a.text for b in module.analog for n in walk(b) if n.kind == "call" and n.text == "$bound_step"
        for a in n.parts
    }  # fmt: skip
    timers = (e for b in module.analog for n in walk(b) if n.kind == "event" for e in n.parts if e.text == "timer")
    bound |= {a.text for e in timers for a in e.parts[1:2]}
    names = [*module.parameters, *(n for n in constants if _STEP_NAME.fullmatch(n))]
    return tuple(p for p in names if p in read and (p in bound or _STEP_NAME.fullmatch(p)))
