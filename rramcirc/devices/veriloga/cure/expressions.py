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
        """Return what evaluates an expression."""
        if node.kind == "number":
            number: Any = constant(node, {})
            if node.text.isdecimal():
                number = int(node.text)
            return lambda: number
        if node.kind == "string":
            text = node.text.strip('"')
            return lambda: text
        if node.kind == "name":
            return self._name(node.text)
        if node.kind == "index":
            names, index = self.names, self.value(node.parts[1])
            return lambda: names[node.text].get(int(index()), 0.0)
        if node.kind == "ternary":
            condition, one, other = (self.value(p) for p in node.parts)
            return lambda: one() if condition() else other()
        if node.kind == "unary":
            inner = self.value(node.parts[0])
            return {"-": lambda: -inner(), "+": inner, "!": lambda: int(not inner())}.get(node.text, inner)
        if node.kind == "binary":
            left, right = (self.value(p) for p in node.parts)
            if node.text == "&&":
                return lambda: int(bool(left()) and bool(right()))
            if node.text == "||":
                return lambda: int(bool(left()) or bool(right()))
            operator = OPERATORS[node.text]
            return lambda: operator(left(), right())
        if node.kind == "call":
            return self._call(node)
        raise NotFollowed(f"line {node.at.line}: {node.text} was not understood")

    def _name(self, name: str) -> Value:
        if name in ("$abstime", "$realtime", "$time"):
            return lambda: self.time
        if name == "$temperature":
            return lambda: _TEMPERATURE
        if name == "$vt":
            return lambda: _VT * _TEMPERATURE
        if name in ("$random", "$arandom"):
            return lambda: 0
        if name in self.steps:
            return lambda: self.dt
        scopes, names = self.scopes, self.names
        if self.inside:
            return lambda: next((s[name] for s in reversed(scopes) if name in s), 0.0)
        names.setdefault(name, 0.0)
        return lambda: names[name]

    def _call(self, node: Node) -> Value:
        name = node.text
        if self.module.is_access(node):
            return self._access(node)
        if name == "analysis":
            kinds = {p.text.strip('"') for p in node.parts}
            return lambda: int("tran" in kinds or (self.first and bool(kinds & {"static", "ic", "dc", "op"})))
        if name in ("idt", "ddt"):
            return self._integral(node) if name == "idt" else self._derivative(node)
        if name in ("$rdist_normal", "$dist_normal") and len(node.parts) == 3:
            return self.value(node.parts[1])
        if name in ("$rdist_uniform", "$dist_uniform") and len(node.parts) == 3:
            low, high = self.value(node.parts[1]), self.value(node.parts[2])
            return lambda: 0.5 * (low() + high())
        if name in ("$random", "$arandom", "white_noise", "flicker_noise"):
            return lambda: 0
        if name == "$vt" and node.parts:
            kelvin = self.value(node.parts[0])
            return lambda: _VT * kelvin()
        if name in ("$simparam", "$limit") and len(node.parts) > 1:
            return self.value(node.parts[1 if name == "$simparam" else 0])
        arguments = [self.value(p) for p in node.parts]
        if name in self.module.functions:
            return self._own_function(name, arguments)
        if name not in FUNCTIONS:
            raise NotFollowed(f"line {node.at.line}: {name} is not followed")
        function = FUNCTIONS[name]
        if len(arguments) == 1:
            only = arguments[0]
            return lambda: function(only())
        return lambda: function(*(a() for a in arguments))

    def _access(self, node: Node) -> Value:
        network, nets = self.network, self.module.nets_of(node)
        if node.text in self.module.flows:
            return network.current(nets, node)
        potentials = network.potentials
        first, second = network.named(nets)
        return lambda: potentials.get(first, 0.0) - potentials.get(second, 0.0)

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

    def _own_function(self, name: str, arguments: list[Value]) -> Value:
        function = self.module.functions[name]
        if self.inside >= _DEEPEST:
            raise NotFollowed(f"the function {name} calls itself")
        self.inside += 1
        body = [self.statement(s) for s in function.body]
        self.inside -= 1
        own = [p.text for s in function.body for n in walk(s) if n.kind == "declare" for p in n.parts]

        def called() -> Any:
            frame: dict[str, Any] = dict.fromkeys(own, 0.0)
            frame |= {n: a() for n, a in zip(function.arguments, arguments, strict=False)}
            frame[name] = 0.0
            self.scopes.append(frame)
            try:
                for action in body:
                    action()
                return self.scopes[-1][name]
            finally:
                self.scopes.pop()

        return called
