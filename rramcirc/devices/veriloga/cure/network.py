"""Nets and branches of a Verilog-A module between its driven terminals, and what has to be solved for in them.

Known at every evaluation are the driven terminals, nets that ``V(n) <+ value`` holds, and states
``I(s) <+ ddt(V(s)) ...``, which move from step to step. Unknown are the voltages of all other inner nets, the currents
of voltage sources, and currents that are read before they are contributed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rramcirc.basics.errors import RramcircError
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.tree import Node, walk

Branch = tuple[str, str]
_GROUND = ""
_OPEN = 1e-12  # [S] from every unknown net to ground, as ngspice's gmin


class NotFollowed(RramcircError):
    """The module has something that cannot be evaluated here."""


class Network:
    """The branches of one module.

    Parameters
    ----------
    module
        As it is written, before any repair.
    top, bottom
        The terminals that carry current; the bottom one is ground.
    grounded
        Other terminals, which are at 0 V.
    implicit
        Whether inner nodes with a derivative are solved for like all others, in steps of backward Euler.

    Raises
    ------
    NotFollowed
        If a branch is a current in one case and a voltage in another, or a current is read that nothing contributes.
    """

    def __init__(self, module: LintModule, top: str, bottom: str, grounded: Sequence[str] = (), implicit: bool = False):
        self.module, self.top = module, top
        self.zero = {*module.grounds, bottom, *grounded}
        self.potentials: dict[str, float] = {}
        self.rates: dict[str, float] = {}  # of the states [1/s]
        self.flows: dict[Branch, float] = {}  # contributed in this evaluation
        self.volts: dict[Branch, float] = {}
        self.given: dict[Branch, float] = {}  # currents that are solved for
        self.read_early: list[Branch] = []
        self._seen: dict[Branch, int] = {}
        contributions = [n for b in module.analog for n in walk(b) if n.kind == "contribute"]
        self.states = set() if implicit else self._states(contributions)
        plain = [c for c in contributions if c.parts[0].text not in module.flows or not self.state_of(self._nets(c))]
        self.wanted: dict[Branch, int] = {}
        sources: dict[Branch, Node] = {}
        for node in plain:
            branch, _ = self.branch(self._nets(node))
            if node.parts[0].text in self.module.flows:
                self.wanted[branch] = self.wanted.get(branch, 0) + 1
            else:
                sources[branch] = node
        for branch in sources.keys() & self.wanted.keys():
            line = sources[branch].at.line
            raise NotFollowed(f"line {line}: a branch is a voltage in one case and a current in another")
        fixed = {top, _GROUND}
        self.held = {max(b) for b in sources if _GROUND in b and not fixed >= {*b}}
        self.sources = [b for b in sources if _GROUND not in b or fixed >= {*b}]
        nets = dict.fromkeys(n for b in (*self.wanted, *self.sources) for n in b)
        self.inner = [n for n in nets if n not in fixed | self.held | self.states]

    def _nets(self, contribution: Node) -> tuple[str, ...]:
        return self.module.nets_of(contribution.parts[0])

    def _states(self, contributions: list[Node]) -> set[str]:
        """Return the inner nodes that hold their own derivative."""
        held: set[str] = set()
        for node in (c for c in contributions if c.parts[0].text in self.module.flows):
            pair = [n for n in self.named(self._nets(node)) if n]
            if len(pair) == 1 and pair[0] not in self.module.ports:
                held |= {pair[0] for n in walk(node.parts[1]) if self.is_own_derivative(n, pair[0])}
        return held

    # names

    def named(self, nets: Sequence[str]) -> Branch:
        """Return two nets, with one name for all that are ground."""
        first, second = (*nets, _GROUND)[:2]
        return (_GROUND if first in self.zero else first), (_GROUND if second in self.zero else second)

    def branch(self, nets: Sequence[str]) -> tuple[Branch, float]:
        """Return the name of a branch, the same in both directions, and 1 or -1 for the direction."""
        first, second = self.named(nets)
        return ((first, second), 1.0) if first <= second else ((second, first), -1.0)

    def state_of(self, nets: Sequence[str]) -> str:
        """Return the state that a current flows into, nothing if it is none."""
        return next((n for n in self.named(nets) if n in self.states), "")

    def is_own_derivative(self, node: Node, net: str) -> bool:
        """Return whether a call is the derivative of the voltage of a net, and of nothing else."""
        if node.kind != "call" or node.text != "ddt":
            return False
        inner = node.parts[0]
        if not self.module.is_access(inner) or inner.text in self.module.flows:
            return False
        return self.named(self.module.nets_of(inner)) == (net, _GROUND)

    # while the module is read

    def contribute(self, nets: Sequence[str], flow: bool, right: Callable[[], Any]) -> Callable[[], None]:
        """Return what adds a value to a branch."""
        branch, sign = self.branch(nets)
        flows, volts, potentials = self.flows, self.volts, self.potentials
        if flow:
            self._seen[branch] = self._seen.get(branch, 0) + 1

            def conduct() -> None:
                flows[branch] = flows.get(branch, 0.0) + sign * right()

            return conduct
        if branch in self.sources:

            def drive() -> None:
                volts[branch] = volts.get(branch, 0.0) + sign * right()

            return drive
        net, upward = max(branch), -sign

        def hold() -> None:
            volts[branch] = volts.get(branch, 0.0) + upward * right()
            potentials[net] = volts[branch]

        return hold

    def current(self, nets: Sequence[str], node: Node) -> Callable[[], float]:
        """Return what reads the current of a branch: what was contributed before, else what is solved for."""
        branch, sign = self.branch(nets)
        if node.parts[0].kind == "port" or branch not in {*self.wanted, *self.sources}:
            branch, sign = self._through(nets, node)
        if branch in self.sources:
            given = self.given
            return lambda: sign * given[branch]
        if self._seen.get(branch, 0) == self.wanted[branch]:
            flows = self.flows
            return lambda: sign * flows.get(branch, 0.0)
        if branch not in self.read_early:
            self.read_early.append(branch)
        given = self.given
        return lambda: sign * given[branch]

    def _through(self, nets: Sequence[str], node: Node) -> tuple[Branch, float]:
        """Return the one branch at a port, or between the nets that are meant, whose current is read."""
        first, second = self.named(nets)
        touching = [b for b in (*self.wanted, *self.sources) if first in b and (second in b or len(nets) == 1)]
        if len(touching) != 1 or not first:
            raise NotFollowed(f"line {node.at.line}: the current is read of a branch that nothing contributes to")
        return touching[0], 1.0 if touching[0][0] == first else -1.0

    # while it is evaluated

    @property
    def unknowns(self) -> int:
        """How many values have to be solved for."""
        return len(self.inner) + len(self.sources) + len(self.read_early)

    def guess(self) -> list[float]:
        """Return the unknowns as they are: voltages [V], then currents [A]."""
        voltages = [self.potentials.get(n, 0.0) for n in self.inner]
        return [*voltages, *(self.given.get(b, 0.0) for b in (*self.sources, *self.read_early))]

    def put(self, unknowns: Sequence[float]) -> None:
        """Set the unknowns, and forget what was contributed."""
        if unknowns:
            self.potentials.update(zip(self.inner, unknowns, strict=False))
            self.given.update(zip((*self.sources, *self.read_early), unknowns[len(self.inner) :], strict=True))
        self.flows.clear()
        self.volts.clear()
        self.rates.clear()

    def residuals(self) -> list[float]:
        """Return by how much the equations are missed, of nets [A], sources [V] and read currents [A]."""
        at = self.potentials
        nets = [self.into(n) + _OPEN * at.get(n, 0.0) for n in self.inner]
        sources = [at.get(b[0], 0.0) - at.get(b[1], 0.0) - self.volts.get(b, 0.0) for b in self.sources]
        return [*nets, *sources, *(self.given[b] - self.flows.get(b, 0.0) for b in self.read_early)]

    def into(self, net: str) -> float:
        """Return the current [A] that leaves a net through its branches."""
        total = 0.0
        for branch, current in (*self.flows.items(), *((b, self.given.get(b, 0.0)) for b in self.sources)):
            if net in branch:
                total += current if branch[0] == net else -current
        return total
