"""The equations of a Verilog-A module as they are written, evaluated in small explicit steps, as a simulator would that
keeps variables from one step to the next.

This is the witness for a cure: it shares nothing with it but the reading of the file. It knows modules with two
terminals that carry current, whose states are variables, integrals, or inner nodes ``I(s) <+ ddt(V(s)) ...``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import RramcircError
from rramcirc.devices.veriloga.cure.arithmetic import FUNCTIONS, OPERATORS
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.states import constant
from rramcirc.devices.veriloga.lint.tree import Node, walk

Value = Callable[[], Any]
Action = Callable[[], None]
_MOST_TURNS, _DEEPEST = 10_000, 8
_TEMPERATURE = 300.15  # [K], that of ngspice
_VT = 1.3806503e-23 / 1.602176462e-19  # [V/K]
_QUIET = frozenset(
    {"$strobe", "$display", "$write", "$monitor", "$debug", "$warning", "$info", "$bound_step", "$discontinuity",
     "$fopen", "$fclose", "$fstrobe", "$fdisplay", "$fwrite", "$finish", "$stop"}
)  # fmt: skip


class NotFollowed(RramcircError):
    """The module has something that cannot be evaluated here."""


class Original:
    """One device of a module, driven by a voltage.

    Parameters
    ----------
    module
        As it is written, before any repair.
    top, bottom
        The terminals that carry current.
    values
        Parameters that have other values than their defaults.
    steps
        Parameters that stand for the time step; they get that of the evaluation.
    """

    def __init__(
        self, module: LintModule, top: str, bottom: str, values: Mapping[str, float], steps: Sequence[str] = ()
    ):
        self.module, self.top, self.bottom, self.steps = module, top, bottom, tuple(steps)
        self.names: dict[str, Any] = {}
        self.scopes: list[dict[str, Any]] = [self.names]
        self.potentials: dict[str, float] = {}
        self.time = self.dt = self.current = 0.0
        self.first, self.inside = True, 0
        self.begun: list[Action] = []  # what happens when a step begins,
        self.settled: list[Action] = []  # and when it is done
        self.rates: dict[str, float] = {}  # of the inner nodes
        self._parameters(values)
        self._variables()
        self.state_nodes = self._state_nodes()
        self.actions = [self.statement(block) for block in (*module.setup, *module.analog)]

    def _parameters(self, values: Mapping[str, float]) -> None:
        given = {name.lower(): value for name, value in values.items()}
        for name, parameter in self.module.parameters.items():
            if parameter.start is None:
                raise NotFollowed(f"the default of the parameter {name} was not understood")
            if parameter.start.kind == "string":
                self.names[name] = parameter.start.text.strip('"')
                continue
            value = given.get(name.lower())
            self.names[name] = self.value(parameter.start)() if value is None else value

    def _variables(self) -> None:
        for name, variable in self.module.variables.items():
            start = self.value(variable.start)() if variable.start is not None and not variable.array else 0.0
            self.names[name] = {} if variable.array else (round(start) if variable.kind == "integer" else start)

    def _state_nodes(self) -> set[str]:
        """Return the inner nodes that hold their own derivative; other inner nodes must be given a voltage."""
        held = set()
        for node in (n for b in self.module.analog for n in walk(b) if n.kind == "contribute"):
            nets = self.nets(node.parts[0])
            calls = [n for n in walk(node.parts[1]) if n.kind == "call" and n.text == "ddt"]
            inner = len(nets) == 1 and nets[0] not in self.module.ports
            if inner and node.text in ("I", "flow") and any(self._is_own(c, nets[0]) for c in calls):
                held.add(nets[0])
        return held

    def _is_own(self, call: Node, net: str) -> bool:
        inner = call.parts[0]
        return self.module.is_access(inner) and self.nets(inner) == [net] and inner.text in ("V", "potential")

    def nets(self, access: Node) -> list[str]:
        """Return the nets of an access without ground."""
        return [n for n in self.module.nets_of(access) if n not in self.module.grounds]

    # expressions

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
        nets, potentials = self.nets(node), self.potentials
        if node.text in ("I", "flow"):
            raise NotFollowed(f"line {node.at.line}: a current is read")
        if len(nets) == 1:
            sign = 1.0 if self.module.nets_of(node)[0] == nets[0] else -1.0
            return lambda: sign * potentials.get(nets[0], 0.0)
        first, second = nets
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

    # statements

    def statement(self, node: Node) -> Action:
        """Return what runs a statement."""
        method = getattr(self, f"_do_{node.kind}", None)
        if method is None:
            raise NotFollowed(f"line {node.at.line}: {node.kind} {node.text} is not followed")
        action: Action = method(node)
        return action

    def _do_null(self, node: Node) -> Action:
        return lambda: None

    def _do_block(self, node: Node) -> Action:
        actions = [self.statement(p) for p in node.parts]

        def run() -> None:
            for action in actions:
                action()

        return run

    def _do_declare(self, node: Node) -> Action:
        for part in node.parts:
            self.names.setdefault(part.text, self.value(part.parts[0])() if part.parts else 0.0)
        return lambda: None

    def _do_task(self, node: Node) -> Action:
        if node.text not in _QUIET:
            raise NotFollowed(f"line {node.at.line}: {node.text} is not followed")
        return lambda: None

    def _do_assign(self, node: Node) -> Action:
        target, value = node.parts[0], self.value(node.parts[1])
        if target.kind == "index":
            index = self.value(target.parts[1])

            def put() -> None:
                self.names[target.text][int(index())] = value()

            return put
        name = target.text
        variable = self.module.variables.get(name)
        whole = variable is not None and variable.kind == "integer"
        scopes, names, inside = self.scopes, self.names, self.inside

        def assign() -> None:
            result = value()
            scope = next((s for s in reversed(scopes) if name in s), names) if inside else names
            scope[name] = math.floor(result + 0.5) if whole and math.isfinite(result) else result

        return assign

    def _do_contribute(self, node: Node) -> Action:
        target, value = node.parts
        nets, kind = self.nets(target), node.text
        own = next((n for n in nets if n in self.state_nodes), "")
        if kind in ("I", "flow") and len(nets) == 1 and own:
            return self._state(own, value)
        right = self.value(value)
        carried = self._carried(self.module.nets_of(target))
        if kind in ("I", "flow") and carried:

            def conduct() -> None:
                self.current += carried * right()

            return conduct
        if kind in ("V", "potential") and len(nets) == 1 and nets[0] not in (self.top, self.bottom):

            def hold() -> None:
                self.potentials[nets[0]] = right()

            return hold
        raise NotFollowed(f"line {node.at.line}: the branch {', '.join(nets)} needs a system of equations")

    def _carried(self, nets: Sequence[str]) -> float:
        """Return 1 or -1 for a current between the terminals, 0 for another."""
        pair = [n for n in nets if n not in self.module.grounds]
        if pair == [self.top, self.bottom] or (pair == [self.top] and nets[0] == self.top):
            return 1.0
        if pair == [self.bottom, self.top]:
            return -1.0
        return 0.0

    def _state(self, net: str, value: Node) -> Action:
        """Return what adds to the rate of an inner node; its own derivative counts as 0 there."""
        plain = self.value(_without(value, lambda n: n.kind == "call" and n.text == "ddt" and self._is_own(n, net)))

        def add() -> None:
            self.rates[net] = self.rates.get(net, 0.0) - plain()

        return add

    def _do_if(self, node: Node) -> Action:
        condition, then = self.value(node.parts[0]), self.statement(node.parts[1])
        otherwise = self.statement(node.parts[2]) if len(node.parts) > 2 else lambda: None
        return lambda: then() if condition() else otherwise()

    def _do_case(self, node: Node) -> Action:
        selector = self.value(node.parts[0])
        items = [([self.value(p) for p in i.parts[:-1]], self.statement(i.parts[-1])) for i in node.parts[1:]]

        def choose() -> None:
            chosen = selector()
            for labels, action in items:
                if any(label() == chosen for label in labels):
                    return action()
            for labels, action in items:
                if not labels:
                    return action()
            return None

        return choose

    def _do_for(self, node: Node) -> Action:
        first, condition, step, body = node.parts
        start, test = self._do_assign(first), self.value(condition)
        go, action = self._do_assign(step), self.statement(body)

        def loop() -> None:
            start()
            for _ in range(_MOST_TURNS):
                if not test():
                    return
                action()
                go()

        return loop

    def _do_while(self, node: Node) -> Action:
        test, action = self.value(node.parts[0]), self.statement(node.parts[1])

        def loop() -> None:
            for _ in range(_MOST_TURNS):
                if not test():
                    return
                action()

        return loop

    def _do_event(self, node: Node) -> Action:
        tests = [self._event(e) for e in node.parts[:-1]]
        action = self.statement(node.parts[-1])

        def react() -> None:
            happened = [test() for test in tests]  # each remembers its value
            if any(happened):
                action()

        return react

    def _event(self, node: Node) -> Value:
        if node.text == "initial_step":
            return lambda: self.first
        if node.text == "final_step":
            return lambda: False
        if node.text == "timer":
            return lambda: True  # its period is the time step
        if node.text not in ("cross", "above"):
            raise NotFollowed(f"line {node.at.line}: @({node.text}) is not followed")
        watched, held = self.value(node.parts[0]), {"before": 0.0, "now": 0.0}
        way = 1.0 * (node.text != "cross")
        if len(node.parts) > 1 and node.text == "cross":
            way = self.value(node.parts[1])()

        def crossed() -> bool:
            held["now"] = float(watched())
            up = held["before"] <= 0.0 < held["now"]
            down = held["before"] >= 0.0 > held["now"]
            return not self.first and ((up and way >= 0) or (down and way <= 0))

        self.settled.append(lambda: held.update(before=held["now"]))
        return crossed

    # runs

    def run(self, times: FloatArray, voltages: FloatArray) -> FloatArray:
        """Return the current [A] into the top terminal at times.

        Parameters
        ----------
        times : (n,) array
            Times [s], from 0.
        voltages : (n,) array
            Of the top terminal against the bottom one [V].

        Raises
        ------
        NotFollowed
            If a value is not finite.
        """
        currents = np.empty(len(times))
        for k in range(len(times)):
            self.dt = float(times[k] - self.time)
            self.time, self.first = float(times[k]), k == 0
            for action in self.begun:
                action()
            for net, rate in self.rates.items():
                self.potentials[net] = self.potentials.get(net, 0.0) + self.dt * rate
            self.rates = {}
            self.potentials[self.top], self.current = float(voltages[k]), 0.0
            for action in self.actions:
                action()
            for action in self.settled:
                action()
            currents[k] = self.current
        if not np.all(np.isfinite(currents)):
            raise NotFollowed(f"the current is not finite at {times[~np.isfinite(currents)][0]:.3g} s")
        return currents


def _without(node: Node, wrong: Callable[[Node], bool]) -> Node:
    """Return an expression with 0 in place of some parts."""
    if wrong(node):
        return Node("number", "0.0", (), node.at)
    return Node(node.kind, node.text, tuple(_without(p, wrong) for p in node.parts), node.at)
