"""Arrays of variables become single variables, and the loops over them are written out."""

from __future__ import annotations

import re

from rramcirc.devices.veriloga.cure.places import Places
from rramcirc.devices.veriloga.lint.fix import Repair
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.states import constant, defaults_of
from rramcirc.devices.veriloga.lint.tree import Node, walk

_MOST = 64  # turns of a loop, elements of an array
_BOUNDS = re.compile(r"\s*+\[([^:\]]++):([^\]]++)\]")


def loop_repairs(places: Places, module: LintModule) -> list[Repair]:
    """Return the repair that writes out the first loop over an array, none if there is no more.

    Parameters
    ----------
    places
        Of the file.
    module
        The module; the bounds of the loop are numbers and parameters at their defaults.
    """
    for node in (n for b in module.analog for n in walk(b) if n.kind == "for" and places.is_own(n.at)):
        counter, turns = _turns(node, module)
        if not turns or not any(_is_element(n, module) for n in walk(node)):
            continue
        begin, end = node.parts[-1].at.start, places.end(node)
        if node.parts[-1].kind == "assign":
            begin = node.parts[-1].parts[0].at.start
        body, margin = places.text[begin:end], places.indent(node.at.start)
        word = re.compile(rf"\b{re.escape(counter)}\b")
        text = f"\n{margin}".join(word.sub(str(turn), body) for turn in turns)

        what = f"loop over {counter} written out {len(turns)} times"
        return [places.replace(node.at.start, end, f"begin\n{margin}{text}\n{margin}end", what)]
    return []


def element_repairs(places: Places, module: LintModule) -> list[Repair]:
    """Return the repairs that give every element of an array a variable of its own.

    Parameters
    ----------
    places
        Of the file.
    module
        The module; arrays with an index that is no constant are left.
    """
    made: list[Repair] = []
    values = defaults_of(module)
    for name, variable in module.variables.items():
        bounds = _BOUNDS.match(places.clean, variable.at.start + len(name)) if places.is_own(variable.at) else None
        if not variable.array or bounds is None or variable.start is not None:
            continue
        ends = [constant_text(bounds[k], values) for k in (1, 2)]
        elements = [n for b in module.analog for n in walk(b) if n.kind == "index" and n.text == name]
        indices = [constant(n.parts[1], values) for n in elements]
        if None in (*ends, *indices) or not all(places.is_own(n.at) for n in elements):
            continue
        low, high = sorted(int(e) for e in ends if e is not None)
        if high - low >= _MOST or not all(low <= int(k) <= high for k in indices if k is not None):
            continue
        names = ", ".join(f"{name}_{k}" for k in range(low, high + 1))
        made.append(places.replace(variable.at.start, bounds.end(), names, f"array {name} as single variables"))
        for node, index in zip(elements, indices, strict=True):
            close = places.clean.find("]", node.at.start) + 1
            made.append(places.replace(node.at.start, close, f"{name}_{int(index or 0)}", f"an element of {name}"))
    return made


def constant_text(text: str, values: dict[str, float]) -> float | None:
    """Return the number that a text is, or the parameter of that name."""
    try:
        return float(text)
    except ValueError:
        return values.get(text.strip())


def _turns(node: Node, module: LintModule) -> tuple[str, list[int]]:
    """Return the counter of a loop and its values, none if they are not known or too many."""
    first, condition, step, _ = node.parts
    counter, values = first.text, defaults_of(module)
    start = constant(first.parts[1], values)
    if start is None or condition.kind != "binary" or condition.text not in ("<", "<=", ">", ">="):
        return counter, []
    limit = constant(condition.parts[1], values)
    by = constant(step.parts[1], values | {counter: 0.0})
    if limit is None or not by or condition.parts[0].text != counter or step.text != counter:
        return counter, []
    holds = {"<": lambda k: k < limit, "<=": lambda k: k <= limit, ">": lambda k: k > limit, ">=": lambda k: k >= limit}
    turns: list[int] = []
    value = int(start)
    while holds[condition.text](value) and len(turns) <= _MOST:
        turns.append(value)
        value += int(by)
    return counter, turns if len(turns) <= _MOST else []


def _is_element(node: Node, module: LintModule) -> bool:
    variable = module.variables.get(node.text)
    return node.kind == "index" and variable is not None and variable.array
