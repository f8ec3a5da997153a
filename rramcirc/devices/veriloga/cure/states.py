"""States that a model keeps in variables become voltages of inner nodes.

Such a model is a map from the old value of a state to the new one, over one time step. The cured model runs the same
statements with a step `h` of its own, and its state follows the map: dx/dt = (new - old) / h. With
``x = x + rate * dt`` that is the rate itself; with a clamp it is a rate that vanishes at the bound and pushes back from
outside within `h`; a value that is set under a condition is reached within `h`.

Nodes hold the charge 1 + V: ngspice takes the error of a step relative to the charge, and would find no step short
enough for a rate that jumps while the charge is 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rramcirc.devices.veriloga.cure.memory import Memory, memory_of, size_of, times_of
from rramcirc.devices.veriloga.cure.places import Places
from rramcirc.devices.veriloga.lint.fix import Repair
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.states import constant, defaults_of
from rramcirc.devices.veriloga.lint.tree import Node, walk
from rramcirc.devices.veriloga.lint.words import free_variable

STEP = "1.0e-9"  # [s] default of h


class StateCure:
    """Makes the repairs of one module."""

    def __init__(self, places: Places, module: LintModule):
        self.places, self.module = places, module
        self.memory: Memory = memory_of(module, places)
        self.blocks = [b for b in module.analog if b.kind == "block" and places.is_own(b.at)]
        self.h = free_variable("h_step", module)
        self.sizes = {state: size_of(state, self.memory, module) for state in self.memory.states}
        self.names = {
            state: {part: free_variable(f"{state}_{part}", module) for part in ("node", "old", "rate", "added", "ini")}
            for state in self.memory.states
        }
        self.added: set[str] = set()
        self.parameters: list[str] = []

    def repairs(self) -> list[Repair]:
        """Return the repairs; none if there is nothing to do or no block of the file to do it in."""
        if not self.memory.states or not self.blocks:
            return []
        if not all(self.places.is_own(self.module.variables[s].at) for s in self.memory.states):
            return []
        made = [*self.clocks(), *self.steps(), *self.increments()]
        for setup in self.memory.setups:
            made += self.unwrapped(setup)
        made += [*self.starts(), *self.recalls()]
        return [*made, self.tail(), self.declarations()]

    # time

    def clocks(self) -> Iterator[Repair]:
        """Yield ``$abstime - last`` as `h`; a clock that is read elsewhere is set."""
        times, covered = times_of(self.module), set()
        for node in self.nodes("binary"):
            left, right = node.parts
            if node.text == "-" and right.text in self.memory.clocks and left.text in times:
                end = right.at.start + len(right.text)
                covered.add(right.at.start)
                what = f"{left.text} - {right.text} is the time step of the original: {self.h} takes its place"
                yield self.places.replace(left.at.start, end, self.h, what)
        for clock in self.memory.clocks:
            reads = [n for n in self.nodes("name") if n.text == clock and n.at.start not in covered]
            written = {n.parts[0].at.start for n in self.nodes("assign") if n.text == clock}
            if any(n.at.start not in written for n in reads):
                at, what = self.behind_setup(clock), f"{clock} is {self.h} ago"
                yield self.places.insert(at, f" {clock} = $abstime - {self.h};", what)

    def steps(self) -> Iterator[Repair]:
        """Yield `h` for a parameter that stands for the time step."""
        asking = [c for c in self.nodes("call") if c.text in ("$bound_step", "timer")]
        bounds = {n.at.start for c in asking for a in c.parts for n in walk(a)}
        for node in self.nodes("name"):
            if node.text in self.memory.steps and node.at.start not in bounds:
                end = node.at.start + len(node.text)
                what = f"{node.text} is the time step of the original: {self.h} takes its place"
                yield self.places.replace(node.at.start, end, self.h, what)

    # states

    def increments(self) -> Iterator[Repair]:
        """Yield ``added = rate * h;  x = x + added;``: what is added is kept, free of the rounding of a sum."""
        copies = {(n.parts[1].text, n.text) for n in self.nodes("assign")}
        inside = {id(n) for s in self.memory.setups for n in walk(s.parts[1] if s.kind == "if" else s)}
        for node in self.nodes("assign"):
            value = node.parts[1]
            state = _first(value)
            if id(node) in inside or state not in self.memory.states or value.kind != "binary":
                continue
            if node.text != state and (node.text, state) not in copies:
                continue
            equals = self.places.clean.find("=", node.at.start) + 1
            end = self.places.clean.find(";", equals)
            match = re.compile(rf"\s*+{re.escape(state)}\s*+([-+])").match(self.places.clean, equals, end)
            if match is None:
                continue
            name = self.names[state]["added"]
            self.added.add(state)
            yield self.places.insert(node.at.start, f"begin {name} = ", f"what {state} grows by, kept by itself")
            yield self.places.replace(node.at.start, match.start(1), "", f"what {state} grows by, kept by itself")
            sign = "-" if match[1] == "-" else ""
            yield self.places.replace(match.start(1), match.end(1), sign, f"what {state} grows by")
            text = f"; {node.text} = {state} + {name}; end"
            yield self.places.replace(end, end + 1, text, f"what {state} grows by")

    def unwrapped(self, setup: Node) -> Iterator[Repair]:
        """Take the condition from a statement that is meant to run once: it sets the start at every evaluation."""
        start, end = setup.at.start, self.places.close(setup.at.start)
        bare = re.compile(r"@\s*+\w++").match(self.places.clean, start)
        if bare:
            end = bare.end()
        old = " ".join(self.places.text[start:end].split())
        what = f"{old} left out: what it sets is the start, behind it the state moves"
        yield self.places.replace(start, end, "", what)
        if setup.kind == "if" and len(setup.parts) > 2:
            otherwise = re.compile(r"\s*+else\b").match(self.places.clean, self.places.end(setup.parts[1]))
            if otherwise:
                yield self.places.replace(otherwise.end() - 4, otherwise.end(), "", f"else of {old} left out")

    def starts(self) -> Iterator[Repair]:
        """Give every state a parameter for its start, where that is a number or made of parameters."""
        for state in self.memory.states:
            given = self.start_assignments(state)
            values = defaults_of(self.module)
            if len(given) != 1 or constant(given[0].parts[1], values) is None or given[0].parts[1].kind == "name":
                continue
            equals = self.places.clean.find("=", given[0].at.start) + 1
            end = self.places.clean.find(";", equals)
            name, text = self.names[state]["ini"], self.places.text[equals:end].strip()
            self.parameters.append(self.start_parameter(state, text))
            yield self.places.replace(equals, end, f" {name}", f"start of {state} is the parameter {name}")

    def start_parameter(self, state: str, text: str) -> str:
        name = self.names[state]["ini"]
        return f'(* type="instance", desc="start of {state}" *) parameter real {name} = {text};'

    def recalls(self) -> Iterator[Repair]:
        """Yield ``x = start + V(node);`` behind what sets the start."""
        for state in self.memory.states:
            names, size = self.names[state], _size(self.sizes[state])
            start = state if self.start_assignments(state) else self.initial(state)
            text = f" {names['old']} = {start} + {size}V({names['node']}); {state} = {names['old']};"
            text += f" {names['added']} = 0.0;" if state in self.added else ""
            unit = f", in units of {self.sizes[state]:g}" if self.sizes[state] != 1.0 else ""
            what = f"hidden state: {state} is its start and the voltage of the node {names['node']}{unit}"
            yield self.places.insert(self.behind_setup(state), text, what)

    def initial(self, state: str) -> str:
        """Return the parameter that holds the initial value of a variable, 0 without one."""
        variable = self.module.variables[state]
        end = self.places.clean.find(";", variable.at.start)
        after = re.compile(r"\s*+=\s*+").match(self.places.clean, variable.at.start + len(state))
        if variable.start is None or after is None:
            text = "0.0"
        else:
            text = re.split(r"[,;]", self.places.clean[after.end() : end + 1])[0].strip()
        self.parameters.append(self.start_parameter(state, text))
        return self.names[state]["ini"]

    def tail(self) -> Repair:
        """Return the equations of the states, at the end of the last block."""
        _, end = self.places.inside(self.blocks[-1])
        lines = []
        for state in self.memory.states:
            n, size = self.names[state], _size(self.sizes[state])
            moved = f"{state} - {n['old']}"
            if state in self.added:
                moved = f"{state} == {n['old']} + {n['added']} ? {n['added']} : {moved}"
            lines += [
                f"{n['rate']} = ({moved}) / ({size}{self.h});",
                f"if ($abstime <= 0.0) {n['rate']} = -V({n['node']});",
                f"I({n['node']}) <+ ddt(1.0 + V({n['node']}));",
                f"I({n['node']}) <+ -{n['rate']};",
            ]
        return self.places.lines_before(end, lines, f"rates of {', '.join(self.memory.states)} into their nodes")

    def declarations(self) -> Repair:
        """Return what the cure needs, in front of the analog block."""
        at = self.places.clean.rfind("analog", 0, self.blocks[0].at.start)
        wanted = [
            part for s in self.memory.states for key, part in self.names[s].items()
            if key in ("old", "rate") or (key == "added" and s in self.added)
        ]  # fmt: skip
        lines = [
            f"electrical {', '.join(self.names[s]['node'] for s in self.memory.states)};",
            f"real {', '.join(wanted)};",
            f'(* desc="time in which clamps and settings act, short against every pulse", units="s" *) '
            f"parameter real {self.h} = {STEP} from (0:inf);",
            *dict.fromkeys(self.parameters),
        ]
        return self.places.lines_before(at, lines, "what the states need", inner=False)

    # places

    def nodes(self, kind: str) -> list[Node]:
        """Return the nodes of a kind in the analog blocks that stand in the file itself."""
        found = [n for b in self.module.analog for n in walk(b) if n.kind == kind]
        return [n for n in found if self.places.is_own(n.parts[0].at if kind == "assign" else n.at)]

    def start_assignments(self, state: str) -> list[Node]:
        """Return the assignments that set the start of a state."""
        bodies = [s.parts[1] if s.kind == "if" else s.parts[-1] for s in self.memory.setups]
        found = {id(n): n for b in bodies for n in walk(b) if n.kind == "assign" and n.text == state}
        return list(found.values())

    def behind_setup(self, name: str) -> int:
        """Return the offset behind the last statement that sets the start of a variable, else where blocks begin."""
        ends = []
        for setup in self.memory.setups:
            body = setup.parts[1] if setup.kind == "if" else setup.parts[-1]
            if any(n.kind == "assign" and n.text == name for n in walk(body)):
                ends.append(self.places.end(body))
        return max(ends) if ends else self.places.inside(self.blocks[0])[0]


def _first(node: Node) -> str:
    """Return the name that a sum begins with."""
    while node.kind == "binary" and node.text in "+-":
        node = node.parts[0]
    return node.text if node.kind == "name" else ""


def _size(size: float) -> str:
    return "" if size == 1.0 else f"{size:.1e} * "
