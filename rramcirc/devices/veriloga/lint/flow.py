"""Which variables a Verilog-A module reads before it assigns them, and under which conditions.

A walk through the analog blocks that keeps, for every variable, the conditions under which it has a value. Conditions
are literals ``(key, truth)``; the key of a condition names its variables with the number of their last assignment, so
that the same words mean the same value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from rramcirc.devices.veriloga.lexer import Word
from rramcirc.devices.veriloga.lint.depends import SETUP_EVENTS, biased_variables
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.tree import Node, walk

Literal = tuple[str, bool]
Context = frozenset[Literal]
# System functions that write to their first argument: a seed is no state of the device.
_SEEDED = ("$random", "$arandom", "$rdist_", "$dist_")


@dataclass(frozen=True)
class Read:
    """A variable read where it may have no value: in which context, and the contexts in which it has one."""

    name: str
    at: Word
    context: Context
    assigned: tuple[Context, ...]


@dataclass
class Flow:
    """What the walk found.

    Attributes
    ----------
    early
        First read of a variable that no assignment can reach.
    partial
        Reads that an assignment may reach or not.
    assigned
        First assignment of a variable outside of @(initial_step).
    setup
        Variables assigned in @(initial_step) or an initial block.
    biased
        Variables that depend on voltages, currents or time.
    conditions
        Conditions by key, with the number of the last assignment of each variable in them.
    """

    early: dict[str, Read] = field(default_factory=dict)
    partial: list[Read] = field(default_factory=list)
    assigned: dict[str, Word] = field(default_factory=dict)
    setup: dict[str, Word] = field(default_factory=dict)
    biased: set[str] = field(default_factory=set)
    conditions: dict[str, tuple[Node, dict[str, int]]] = field(default_factory=dict)


def trace(module: LintModule) -> Flow:
    """Return which variables of a module are read before they have a value."""
    flow = Flow(biased=biased_variables(module))
    walker = _Walker(module, flow)
    for block in module.setup:
        walker.setup(block)
    for block in module.analog:
        walker.statement(block, frozenset())
    return flow


class _Walker:
    """Walks through statements in their order."""

    def __init__(self, module: LintModule, flow: Flow):
        self.module, self.flow = module, flow
        self.values: dict[str, list[Context]] = {}  # contexts in which a variable has a value
        self.number: dict[str, int] = {}  # of assignments, by variable
        self.local: list[dict[str, str]] = []
        self.locals_seen = 0

    # names

    def key(self, name: str) -> str:
        """Return the variable a name stands for ("" if it is none); locals of named blocks get a name of their own."""
        for scope in reversed(self.local):
            if name in scope:
                return scope[name]
        variable = self.module.variables.get(name)
        return name if variable is not None and not variable.array else ""

    def has_value(self, name: str, context: Context) -> bool:
        return any(c <= context for c in self.values.get(name, ()))

    def read(self, node: Node, context: Context) -> None:
        """Note the variables that an expression reads without a value."""
        if node.kind == "ternary":
            self.read(node.parts[0], context)
            self.read(node.parts[1], context | self.literals(node.parts[0], True))
            self.read(node.parts[2], context | self.literals(node.parts[0], False))
        elif node.kind == "call":
            self.call(node, context)
        elif node.kind == "name":
            self.name(node, context)
        else:
            for part in node.parts:
                self.read(part, context)

    def call(self, node: Node, context: Context) -> None:
        if self.module.is_access(node):
            return
        function = self.module.functions.get(node.text)
        seeded = node.text.startswith(_SEEDED)
        for place, part in enumerate(node.parts):
            writes = function is not None and place in function.written
            if not (writes and part.kind == "name") and not (seeded and place == 0):
                self.read(part, context)
        if function is not None:
            for place in function.written:
                if place < len(node.parts) and node.parts[place].kind == "name":
                    self.assign(node.parts[place], context)

    def name(self, node: Node, context: Context) -> None:
        name = self.key(node.text)
        if not name or self.has_value(name, context):
            return
        contexts = tuple(self.values.get(name, ()))
        read = Read(name, node.at, context, contexts)
        if not contexts:
            self.flow.early.setdefault(name, read)
        else:
            self.flow.partial.append(read)

    def assign(self, target: Node, context: Context) -> None:
        name = self.key(target.text)
        if not name:
            return
        self.flow.assigned.setdefault(name, target.at)
        self.number[name] = self.number.get(name, 0) + 1
        contexts = self.values.setdefault(name, [])
        if context not in contexts:
            contexts.append(context)

    def literals(self, condition: Node, truth: bool) -> Context:
        """Return what a condition of that truth says, with the parts of && and || that follow from it."""
        if condition.kind == "unary" and condition.text == "!":
            return self.literals(condition.parts[0], not truth)
        found = {(self.condition(condition), truth)}
        if condition.kind == "binary" and condition.text == ("&&" if truth else "||"):
            for part in condition.parts:
                found |= self.literals(part, truth)
        return frozenset(found)

    def condition(self, node: Node) -> str:
        numbers = {n.text: self.number.get(self.key(n.text), 0) for n in walk(node) if n.kind == "name"}
        key = _numbered(node, numbers)
        self.flow.conditions.setdefault(key, (node, numbers))
        return key

    # statements

    def statement(self, node: Node, context: Context) -> None:
        """Walk through one statement in a context."""
        method = getattr(self, f"_{node.kind}", None)
        if method is not None:
            method(node, context)
        elif node.kind not in ("null", "lost"):
            for part in node.parts:
                self.read(part, context)

    def setup(self, node: Node) -> None:
        """Note what @(initial_step) assigns: meant to happen once."""
        for part in walk(node):
            if part.kind == "assign" and (name := self.key(part.text)):
                self.flow.setup.setdefault(name, part.at)

    def _assign(self, node: Node, context: Context) -> None:
        target, value = node.parts
        self.read(value, context)
        if target.kind == "index":
            for part in target.parts[1:]:
                self.read(part, context)
        self.assign(target, context)

    def _contribute(self, node: Node, context: Context) -> None:
        self.read(node.parts[1], context)

    _indirect = _contribute

    def _block(self, node: Node, context: Context) -> None:
        self.local.append({})
        for part in node.parts:
            self.statement(part, context)
        self.local.pop()

    def _declare(self, node: Node, context: Context) -> None:
        if node.text in ("real", "integer", "string") and self.local:
            self.locals_seen += 1
            for part in node.parts:
                self.local[-1][part.text] = f"{part.text}@{self.locals_seen}"

    def _if(self, node: Node, context: Context) -> None:
        condition = node.parts[0]
        self.read(condition, context)
        branches = [context | self.literals(condition, truth) for truth in (True, False)]
        self.branches(list(zip(branches, [node.parts[1:2], node.parts[2:3]], strict=True)), context)

    def _case(self, node: Node, context: Context) -> None:
        """As a chain of ``if (selector == label)``."""
        selector = node.parts[0]
        self.read(selector, context)
        branches: list[tuple[Context, Iterable[Node]]] = []
        others: set[Literal] = set()
        for item in node.parts[1:]:
            labels = [Node("binary", "==", (selector, label), item.at) for label in item.parts[:-1]]
            own = {(self.condition(label), True) for label in labels} if len(labels) == 1 else set()
            branches.append((context | own | (others if not labels else set()), item.parts[-1:]))
            others |= {(self.condition(label), False) for label in labels}
        if all(len(item.parts) > 1 for item in node.parts[1:]):
            branches.append((context | others, ()))
        self.branches(branches, context)

    def branches(self, branches: list[tuple[Context, Iterable[Node]]], context: Context) -> None:
        """Walk through alternatives; what all of them assign has a value behind them."""
        before = {name: len(contexts) for name, contexts in self.values.items()}
        for inner, statements in branches:
            for statement in statements:
                self.statement(statement, inner)
        for name, contexts in self.values.items():
            if len(contexts) != before.get(name, 0) and all(self.has_value(name, c) for c, _ in branches):
                contexts.append(context)

    def _for(self, node: Node, context: Context) -> None:
        first, condition, step, body = node.parts
        self._assign(first, context)
        self.read(condition, context)
        self.statement(body, context)
        self._assign(step, context)

    def _while(self, node: Node, context: Context) -> None:
        self.read(node.parts[0], context)
        self.statement(node.parts[1], context)

    _repeat = _while

    def _event(self, node: Node, context: Context) -> None:
        if set(node.text.split(" or ")) <= SETUP_EVENTS:
            self.setup(node.parts[-1])
        else:
            self.flow.conditions.setdefault(node.text + "@", (node.parts[0], {}))
            self.statement(node.parts[-1], context | {(node.text + "@", True)})


def _numbered(node: Node, numbers: dict[str, int]) -> str:
    """Write a condition with the number of the last assignment behind every variable."""
    if node.kind == "name":
        return f"{node.text}#{numbers.get(node.text, 0)}"
    inner = ",".join(_numbered(p, numbers) for p in node.parts)
    return f"{node.text}({inner})" if inner else node.text
