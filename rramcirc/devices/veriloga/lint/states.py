"""Hidden states: variables that would have to keep their value from one time step to the next.

OpenVAF computes every evaluation from the voltages alone; a variable that is read before it is assigned is 0 (or its
initial value) then. In Spectre or HSPICE it would be what it was at the last step, and many published models of
resistive switches integrate their state that way: they compile, they run, and they never switch.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from rramcirc.devices.veriloga.constants import evaluate
from rramcirc.devices.veriloga.lexer import Word
from rramcirc.devices.veriloga.lint.depends import sources_of
from rramcirc.devices.veriloga.lint.finding import STATE_FORM, Finding, found
from rramcirc.devices.veriloga.lint.flow import Context, Flow, Read, trace
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.tree import Node, walk

_TRIES = 400


def state_findings(module: LintModule) -> Iterator[Finding]:
    """Yield the hidden states of a module, and variables that are read before they have a value."""
    flow = trace(module)
    for name, read, kind in _judged(module, flow):
        if kind == "unassigned":
            yield _unassigned(name, read, flow, module)
        else:
            yield _hidden(name, read, flow, module, on_some_path=kind == "partial")


def hidden_variables(module: LintModule) -> tuple[str, ...]:
    """Return the variables that are written as if they kept their value; locals of named blocks are left out."""
    judged = _judged(module, trace(module))
    return tuple(dict.fromkeys(name for name, _, kind in judged if kind != "unassigned" and "@" not in name))


def early_reads(module: LintModule) -> dict[str, Word]:
    """Return the variables that are read before they are assigned, and keep nothing, with the place of that."""
    return {name: read.at for name, read, kind in _judged(module, trace(module)) if kind == "unassigned"}


def _judged(module: LintModule, flow: Flow) -> Iterator[tuple[str, Read, str]]:
    """Yield variables that are read before they have a value: kept ("hidden", "partial"), or "unassigned"."""
    nodes = [n for block in module.analog for n in walk(block)]
    limited = any(n.text == "$limit" for n in nodes)
    whole = all(n.kind != "lost" for n in nodes)  # what could not be read may assign anything
    told: set[str] = set()
    for name, read in flow.early.items():
        if _is_meant_to_last(name, flow, module, limited):
            told.add(name)
            yield name, read, "hidden"
        elif whole and name not in flow.setup and "@" not in name and module.variables[name].start is None:
            yield name, read, "unassigned"
    free = _free_names(module)
    for name, reads in _by_name(flow.partial).items() if whole else ():
        if name in told or (name not in flow.setup and _starts_at_number(name, module)):
            continue
        if any(_keeps_value(read, flow, module, free) for read in reads[:4]):
            yield name, reads[0], "partial"


def _is_meant_to_last(name: str, flow: Flow, module: LintModule, limited: bool) -> bool:
    """Return whether a variable is written as if it kept its value: initialised once, a clock, or fed back.

    In a model of SPICE with ``$limit`` old values steer the limiting only.
    """
    if name not in flow.assigned or name not in flow.biased:
        return False
    old = _followed(name, module)
    initialised = name in flow.setup or is_clock(name, module)
    # what is computed from it may be read at the next step only
    later = (other for other in old.old - {name} if other in flow.early and other in flow.assigned)
    contributes = old.contributes or any(_followed(other, module).contributes for other in later)
    return contributes and (initialised or (old.feeds_back and not limited))


def _followed(name: str, module: LintModule) -> _OldValue:
    """Return what depends on the old value of a variable."""
    old = _OldValue(name, module)
    for block in module.analog:
        old.statement(block, False)
    return old


def _steers(name: str, flow: Flow, module: LintModule) -> bool:
    """Return whether a contribution depends on what a variable is before it is assigned."""
    limited = any(n.text == "$limit" for block in module.analog for n in walk(block))
    if name not in flow.biased or limited:
        return False
    return _followed(name, module).contributes


def _starts_at_number(name: str, module: LintModule) -> bool:
    variable = module.variables.get(name)
    return variable is not None and variable.start is not None and constant(variable.start, {}) is not None


def _unassigned(name: str, read: Read, flow: Flow, module: LintModule) -> Finding:
    if name not in flow.assigned:
        return found(
            "unassigned", read.at, f"{name} is read and never assigned: it is 0", f"{name} = ...; before this line",
            severity="warning",
        )  # fmt: skip
    return found(
        "unassigned", read.at,
        f"{name} is read before it is assigned (line {flow.assigned[name].line}): it is 0 here with OpenVAF, and the "
        "value of the last evaluation in other simulators",
        f"{name} = ...; before this line", severity="error" if _steers(name, flow, module) else "note",
    )  # fmt: skip


def defaults_of(module: LintModule) -> dict[str, float]:
    """Return the default values of the parameters that are numbers."""
    values: dict[str, float] = {}
    for name, parameter in module.parameters.items():
        value = constant(parameter.start, values)
        if value is not None:
            values[name] = value
    return values


def constant(node: Node | None, values: dict[str, float]) -> float | None:
    """Return the value of an expression of numbers and parameters, ``None`` if it is not constant."""
    if node is None:
        return None
    value = evaluate(_text(node), values)
    return float(value) if isinstance(value, (int, float)) else None


def _text(node: Node) -> str:
    parts = [_text(p) for p in node.parts]
    if node.kind == "call":
        return f"{node.text}({','.join(parts)})"
    if node.kind == "unary":
        return f"({node.text}{parts[0]})"
    if node.kind == "binary":
        return f"({parts[0]}{node.text}{parts[1]})"
    return node.text if node.kind in ("number", "name") else "$no"


def _by_name(reads: list[Read]) -> dict[str, list[Read]]:
    named: dict[str, list[Read]] = {}
    for read in reads:
        named.setdefault(read.name, []).append(read)
    return named


def _hidden(name: str, read: Read, flow: Flow, module: LintModule, *, on_some_path: bool = False) -> Finding:
    plain = name.split("@")[0]
    variable = module.variables.get(plain)
    start = "its initial value" if variable and variable.start is not None else "0"
    set_up = f", and @(initial_step) (line {flow.setup[name].line}) runs at every one" if name in flow.setup else ""
    where = "on some path " if on_some_path else ""
    text = (
        f"hidden state: {plain} is read here {where}before it is assigned (line {flow.assigned[name].line}), to keep "
        f"its value from the last time step. OpenVAF forgets it: every evaluation starts from {start}{set_up}"
    )
    if _is_integrated(read, module):
        instead = (
            f"the integral in a node, at the end, when {plain} is known: {STATE_FORM.replace('= rate', f'= {plain}')}"
        )
    elif is_clock(name, module):
        instead = f"no {plain} and no time step: a state integrates itself, I(s) <+ ddt(V(s));  I(s) <+ -rate;"
    else:
        instead = f"{plain} in a node: {STATE_FORM}"
    return found("hidden-state", read.at, text, instead)


def _is_integrated(read: Read, module: LintModule) -> bool:
    """Return whether a variable is read inside idt(...)."""
    calls = (n for b in module.analog for n in walk(b) if n.kind == "call" and n.text in ("idt", "idtmod"))
    return any(n.at is read.at for call in calls for n in walk(call))


def is_clock(name: str, module: LintModule) -> bool:
    """Return whether a variable only remembers a time."""
    values = [n.parts[1] for b in module.analog for n in walk(b) if n.kind == "assign" and n.text == name]
    times = {"$abstime", "$realtime"}
    for block in module.analog:
        times |= {
            n.text for n in walk(block) if n.kind == "assign" and n.parts[1].text in ("$abstime", "$realtime")
        }  # fmt: skip
    return any(v.text in times for v in values) and all(v.text in times or v.kind == "number" for v in values)


def _keeps_value(read: Read, flow: Flow, module: LintModule, free: set[str]) -> bool:
    """Return whether voltages exist for which a variable is read without a value although others give it one.

    Values are tried, so that conditions which exclude one another or cover everything are told apart. A variable that
    only parameters leave without a value is not meant to keep anything. `free` are the names whose values are free to
    choose; conditions on others may exclude one another in ways that are not seen here.
    """
    keys = {key for context in (read.context, *read.assigned) for key, _ in context}
    names, unset = set(), set()  # unset: read in a condition before anything is assigned to them
    for node, numbers in (flow.conditions[key] for key in keys):
        here = {n.text for n in walk(node) if n.kind == "name"}
        unset |= {n for n in here if n in flow.early and n in flow.assigned and not numbers.get(n)}
        names |= here
    moving = flow.biased | unset
    if not (names & moving or any("$bias" in sources_of(flow.conditions[key][0], module) for key in keys)):
        return False
    if not names <= free | unset:
        return False
    generator = random.Random(0)
    defaults = defaults_of(module)
    pool = _pool([flow.conditions[key][0] for key in keys], defaults)
    fixed = {key for key in keys if not _is_biased(flow.conditions[key][0], flow, module)}
    for _ in range(_TRIES):
        trial = _Trial(flow, module, defaults, pool, generator)
        if not trial.holds(read.context) or any(trial.holds(c) for c in read.assigned):
            continue
        # the parameters as they are here must let some voltage give it a value
        if any(all(trial.truth(key) == truth for key, truth in c if key in fixed) for c in read.assigned):
            return True
    return False


def _free_names(module: LintModule) -> set[str]:
    """Return parameters, nets, and variables that are nothing but a voltage, a current or the time."""
    values: dict[str, list[Node]] = {}
    for node in (n for b in module.analog for n in walk(b) if n.kind == "assign"):
        values.setdefault(node.text, []).append(node.parts[1])
    clocks = ("$abstime", "$realtime")
    lone = {name: given[0] for name, given in values.items() if len(given) == 1}
    probes = {name for name, value in lone.items() if module.is_access(value) or value.text in clocks}
    named = module.parameters.keys() | module.nets.keys() | module.branches.keys()
    return {*probes, *clocks, *module.ports} | named


class _OldValue:
    """Follows what depends on the old value of one variable: its new value, and a contribution?"""

    def __init__(self, name: str, module: LintModule):
        self.name, self.module = name, module
        self.old: set[str] = {name}
        self.feeds_back = self.contributes = False

    def depends(self, node: Node) -> bool:
        return any(n.kind == "name" and n.text in self.old for n in walk(node))

    def statement(self, node: Node, control: bool) -> None:
        """Follow one statement; `control` says that it runs or not because of the old value."""
        if node.kind in ("assign", "contribute"):
            tainted = control or self.depends(node.parts[1])
            if node.kind == "contribute":
                self.contributes |= tainted
                return
            self.feeds_back |= tainted and node.text == self.name
            (self.old.add if tainted else self.old.discard)(node.text)
        elif node.kind in ("if", "case"):
            control = control or self.depends(node.parts[0])
            before, after = set(self.old), set()
            for part in node.parts[1:]:
                self.old = set(before)
                self.statement(part, control)
                after |= self.old
            self.old = after if len(node.parts) > 2 else after | before
        elif node.kind != "event" or "initial" not in node.text:
            if node.kind in ("while", "repeat", "for"):
                control = control or self.depends(node.parts[1 if node.kind == "for" else 0])
            for part in node.parts:
                self.statement(part, control)


def _is_biased(node: Node, flow: Flow, module: LintModule) -> bool:
    return bool(sources_of(node, module) & (flow.biased | flow.early.keys() | {"$bias"}))


def _pool(conditions: list[Node], defaults: dict[str, float]) -> list[float]:
    """Return values worth trying: those of the conditions and their neighbours."""
    values = {0.0, 1.0, -1.0, 10.0, -10.0, 0.1, -0.1, 1e-9, -1e-9}
    for node in (n for c in conditions for n in walk(c)):
        value = constant(node, defaults) if node.kind in ("number", "name", "unary", "binary") else None
        if value is not None:
            values |= {value, value * 1.01 + 1e-12, value * 0.99 - 1e-12, -value}
    return sorted(values)


class _Trial:
    """One choice of values: of every voltage, of every variable at every assignment, of all else."""

    def __init__(
        self, flow: Flow, module: LintModule, defaults: dict[str, float], pool: list[float], generator: random.Random
    ):
        self.flow, self.module, self.defaults, self.pool, self.generator = flow, module, defaults, pool, generator
        self.values: dict[str, float] = {}

    def holds(self, context: Context) -> bool:
        return all(self.truth(key) == truth for key, truth in context)

    def truth(self, key: str) -> bool:
        node, numbers = self.flow.conditions[key]
        if key.endswith("@"):
            return self.value_of(key) > 0
        return bool(self.value(node, numbers))

    def value_of(self, name: str) -> float:
        if name not in self.values:
            self.values[name] = self.generator.choice(self.pool)
        return self.values[name]

    def value(self, node: Node, numbers: dict[str, int]) -> float:
        if node.kind == "number":
            return constant(node, {}) or 0.0
        if node.kind == "name":
            if node.text in self.module.parameters:
                return self.defaults.get(node.text, self.value_of(node.text))
            return self.value_of(f"{node.text}#{numbers.get(node.text, 0)}")
        parts = [self.value(p, numbers) for p in node.parts] if node.kind in ("unary", "binary") else []
        if node.kind == "unary":
            return {"-": -parts[0], "+": parts[0], "!": float(not parts[0])}.get(node.text, parts[0])
        if node.kind == "binary" and node.text in _OPERATIONS:
            try:
                return float(_OPERATIONS[node.text](*parts))
            except (ArithmeticError, ValueError):
                return 0.0
        if node.kind == "call" and node.text == "abs" and len(node.parts) == 1:
            return abs(self.value(node.parts[0], numbers))
        names = [n.text for n in walk(node) if n.kind == "name"]
        return self.value_of(_text(node) + str([(n, numbers.get(n, 0)) for n in names]) + node.text)


_OPERATIONS = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b,
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "&&": lambda a, b: a and b, "||": lambda a, b: a or b,
}  # fmt: skip
