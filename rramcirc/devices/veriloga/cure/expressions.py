"""Expressions of a Verilog-A module as they are written, made into functions without arguments."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from rramcirc.devices.veriloga.cure.arithmetic import FUNCTIONS, OPERATORS
from rramcirc.devices.veriloga.cure.network import Network, NotFollowed
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.states import constant
from rramcirc.devices.veriloga.lint.tree import Node, walk

Value = Callable[[], Any]
Action = Callable[[], None]
_DEEPEST = 8
_TEMPERATURE = 300.15  # [K], that of ngspice
_VT = 1.3806503e-23 / 1.602176462e-19  # [V/K]


class Expressions:
    """What a module reads while it is evaluated.

    Parameters
    ----------
    module
        As it is written, before any repair.
    network
        Its nets and branches between the terminals that are driven.
    steps
        Names that stand for the time step; they get that of the evaluation.
    """

    def __init__(self, module: LintModule, network: Network, steps: Sequence[str]):
        self.module, self.network, self.steps = module, network, tuple(steps)
        self.names: dict[str, Any] = {}
        self.scopes: list[dict[str, Any]] = [self.names]
        self.time = self.dt = 0.0
        self.first, self.inside = True, 0
        self.begun: list[Action] = []  # what happens when a step begins,
        self.settled: list[Action] = []  # and when it is done

    def statement(self, node: Node) -> Action:
        """Return what runs a statement; functions of the module have some."""
        raise NotFollowed(f"line {node.at.line}: {node.kind} {node.text} is not followed")

    def value(self, node: Node) -> Value:
        """Return what evaluates an expression: one function of Python, whatever is inside."""
        known: dict[str, Any] = {"divided": OPERATORS["/"], "me": self, "names": self.names, "nan": math.nan}
        known |= {"inf": math.inf}
        text = self._text(node, known)
        try:
            found: Value = eval(f"lambda: {text}", known)  # what the file says stands in it as literals of Python only
        except (SyntaxError, MemoryError) as problem:
            raise NotFollowed(f"line {node.at.line}: too many parentheses in one another") from problem
        return found

    def _text(self, node: Node, known: dict[str, Any]) -> str:
        """Return an expression in Python; what it calls is put into `known`."""
        if node.kind == "number":
            return repr(int(node.text) if node.text.isdecimal() else constant(node, {}))
        if node.kind == "string":
            return repr(node.text.strip('"'))
        if node.kind == "name":
            return self._name(node.text, known)
        if node.kind == "index":
            return f"names[{node.text!r}].get(int({self._text(node.parts[1], known)}), 0.0)"
        if node.kind == "call":
            return self._call(node, known)
        parts = [self._text(p, known) for p in node.parts]
        if node.kind == "ternary":
            condition, one, other = parts
            return f"({one} if {condition} else {other})"
        if node.kind == "unary":
            return {"-": f"(-{parts[0]})", "!": f"int(not {parts[0]})"}.get(node.text, parts[0])
        if node.kind != "binary":
            raise NotFollowed(f"line {node.at.line}: {node.text} was not understood")
        left, right = parts
        if node.text in ("+", "-", "*"):
            return f"({left} {node.text} {right})"
        if node.text in ("<", "<=", ">", ">=", "==", "!="):
            return f"int({left} {node.text} {right})"
        if node.text in ("&&", "||"):
            return f"int(bool({left}) {'and' if node.text == '&&' else 'or'} bool({right}))"
        if node.text == "/":
            return f"divided({left}, {right})"
        return f"{self._put(known, OPERATORS[node.text])}({left}, {right})"

    @staticmethod
    def _put(known: dict[str, Any], called: Callable[..., Any]) -> str:
        """Return the name under which an expression calls something."""
        name = f"f{len(known)}"
        known[name] = called
        return name

    def _name(self, name: str, known: dict[str, Any]) -> str:
        if name in ("$abstime", "$realtime", "$time"):
            return "me.time"
        if name == "$temperature":
            return repr(_TEMPERATURE)
        if name == "$vt":
            return repr(_VT * _TEMPERATURE)
        if name in ("$random", "$arandom"):
            return "0"
        if name in self.steps:
            return "me.dt"
        if self.inside:
            scopes = self.scopes
            return self._put(known, lambda: next((s[name] for s in reversed(scopes) if name in s), 0.0)) + "()"
        self.names.setdefault(name, 0.0)
        return f"names[{name!r}]"

    def _call(self, node: Node, known: dict[str, Any]) -> str:
        name = node.text
        if self.module.is_access(node):
            return self._access(node, known)
        if name == "analysis":
            kinds = {p.text.strip('"') for p in node.parts}
            at_rest = "me.first" if kinds & {"static", "ic", "dc", "op"} else "0"
            return "1" if "tran" in kinds else f"int({at_rest})"
        if name in ("idt", "ddt"):
            return self._put(known, self._integral(node) if name == "idt" else self._derivative(node)) + "()"
        if name in ("$random", "$arandom", "white_noise", "flicker_noise"):
            return "0"
        if name in ("$simparam", "$limit") and len(node.parts) > 1:
            return self._text(node.parts[1 if name == "$simparam" else 0], known)
        if name in ("$rdist_normal", "$dist_normal") and len(node.parts) == 3:
            return self._text(node.parts[1], known)
        arguments = [self._text(p, known) for p in node.parts]
        if name in ("$rdist_uniform", "$dist_uniform") and len(node.parts) == 3:
            return f"(0.5 * ({arguments[1]} + {arguments[2]}))"
        if name == "$vt" and node.parts:
            return f"({_VT!r} * {arguments[0]})"
        if name in self.module.functions:
            return f"{self._put(known, self._own_function(name))}({', '.join(arguments)})"
        if name not in FUNCTIONS:
            raise NotFollowed(f"line {node.at.line}: {name} is not followed")
        return f"{self._put(known, FUNCTIONS[name])}({', '.join(arguments)})"

    def _access(self, node: Node, known: dict[str, Any]) -> str:
        nets = self.module.nets_of(node)
        if node.text in self.module.flows:
            return self._put(known, self.network.current(nets, node)) + "()"
        known["at"] = self.network.potentials
        first, second = self.network.named(nets)
        return f"(at.get({first!r}, 0.0) - at.get({second!r}, 0.0))"

    def _integral(self, node: Node) -> Value:
        rate, state = self.value(node.parts[0]), {"x": math.nan, "rate": 0.0}
        start = self.value(node.parts[1]) if len(node.parts) > 1 else lambda: 0.0

        def integral() -> float:
            if self.first:
                state["x"] = float(start())
            return state["x"]

        def settle() -> None:  # with what the variables are when the step is done
            state["rate"] = float(rate())

        self.settled.append(settle)
        self.begun.append(lambda: state.update(x=state["x"] + self.dt * state["rate"]))
        return integral

    def _derivative(self, node: Node) -> Value:
        inner, held = self.value(node.parts[0]), {"now": 0.0, "before": 0.0}

        def derivative() -> float:
            held["now"] = float(inner())
            return 0.0 if self.first or self.dt == 0.0 else (held["now"] - held["before"]) / self.dt

        self.settled.append(lambda: held.update(before=held["now"]))
        return derivative

    def _own_function(self, name: str) -> Callable[..., Any]:
        function = self.module.functions[name]
        if self.inside >= _DEEPEST:
            raise NotFollowed(f"the function {name} calls itself")
        self.inside += 1
        body = [self.statement(s) for s in function.body]
        self.inside -= 1
        own = [p.text for s in function.body for n in walk(s) if n.kind == "declare" for p in n.parts]

        def called(*arguments: Any) -> Any:
            frame: dict[str, Any] = dict.fromkeys(own, 0.0)
            frame |= dict(zip(function.arguments, arguments, strict=False))
            frame[name] = 0.0
            self.scopes.append(frame)
            try:
                for action in body:
                    action()
                return self.scopes[-1][name]
            finally:
                self.scopes.pop()

        return called
