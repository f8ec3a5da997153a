"""Statements of a Verilog-A module as they are written, made into functions without arguments."""

from __future__ import annotations

import math
from collections.abc import Callable

from rramcirc.devices.veriloga.cure.expressions import Action, Expressions, Value
from rramcirc.devices.veriloga.cure.network import NotFollowed
from rramcirc.devices.veriloga.lint.tree import Node

_MOST_TURNS = 10_000
_QUIET = frozenset(
    {"$strobe", "$display", "$write", "$monitor", "$debug", "$warning", "$info", "$bound_step", "$discontinuity",
     "$fopen", "$fclose", "$fstrobe", "$fdisplay", "$fwrite", "$finish", "$stop"}
)  # fmt: skip


class Statements(Expressions):
    """What a module does when it is evaluated."""

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
        nets, network = self.module.nets_of(target), self.network
        if target.text in self.module.flows and (own := network.state_of(nets)):
            return self._state(own, value)
        right = self.value(value)  # before it counts: a current that is read in it is not known yet
        return network.contribute(nets, target.text in self.module.flows, right)

    def _state(self, net: str, value: Node) -> Action:
        """Return what adds to the rate of an inner node; its own derivative counts as 0 there."""
        plain = self.value(_without(value, lambda n: self.network.is_own_derivative(n, net)))
        rates = self.network.rates

        def add() -> None:
            rates[net] = rates.get(net, 0.0) - plain()

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


def _without(node: Node, wrong: Callable[[Node], bool]) -> Node:
    """Return an expression with 0 in place of some parts."""
    if wrong(node):
        return Node("number", "0.0", (), node.at)
    return Node(node.kind, node.text, tuple(_without(p, wrong) for p in node.parts), node.at)
