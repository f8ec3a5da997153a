"""Exponentials without a bound, and divisions by zero at rest."""

from __future__ import annotations

from collections.abc import Iterator

from rramcirc.devices.veriloga.lint.depends import sources_of
from rramcirc.devices.veriloga.lint.finding import Finding, found
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.tree import Node, walk, written

_GROWING = frozenset({"exp", "sinh", "cosh"})
_ZERO_AT_ZERO = frozenset({"sin", "tan", "sinh", "tanh", "abs", "sqrt", "asin", "atan"})


def exponential_findings(module: LintModule, biased: set[str]) -> Iterator[Finding]:
    """Yield the exponentials of a module that a trial voltage can overflow, and its poles at rest.

    Parameters
    ----------
    module
        The module.
    biased
        Its variables that depend on voltages.
    """
    exponentials = _Exponentials(module, biased)
    for block in module.analog:
        exponentials.statement(block, guarded=False, free=True)
    yield from exponentials.findings


class _Exponentials:
    """Follows where variables can go with the voltage between the terminals: to plus or minus infinity, or nowhere."""

    def __init__(self, module: LintModule, biased: set[str]):
        self.module, self.biased = module, biased
        self.unbounded: dict[str, set[int]] = {}
        self.findings: list[Finding] = []

    def ways(self, node: Node) -> set[int]:
        """Return the signs of the infinities an expression can reach; parameters are taken for positive."""
        if node.kind == "name":
            return self.unbounded.get(node.text, set())
        if node.kind == "call":
            return self._ways_of_call(node)
        if node.kind == "unary" and node.text in "+-":
            return {(-w if node.text == "-" else w) for w in self.ways(node.parts[0])}
        if node.kind != "binary":
            return set()
        left, right = (self.ways(p) for p in node.parts)
        if node.text == "/":
            return set() if any(self.ways(n) for n in walk(node.parts[1])) else left
        if node.text in "+-":
            return left | {(-w if node.text == "-" else w) for w in right}
        if node.text == "*" and written(_positive(node.parts[0])) == written(_positive(node.parts[1])):
            same = _positive(node.parts[0]) is node.parts[0]
            return ({1} if same == (_positive(node.parts[1]) is node.parts[1]) else {-1}) if left else set()
        if node.text == "*":
            return {a * b for a in left for b in right} or left | right
        return set()

    def _ways_of_call(self, node: Node) -> set[int]:
        if self.module.is_access(node):
            nets = self.module.nets_of(node)
            terminals = node.text in ("V", "potential") and len(nets) == 2 and set(nets) <= set(self.module.ports)
            return {1, -1} if terminals else set()
        if node.text not in ("abs", "sqrt", "pow") or not node.parts:
            return set()
        inner = self.ways(node.parts[0])
        return (
            inner if node.text == "pow" and node.parts[-1].text not in ("2", "4", "2.0") else ({1} if inner else inner)
        )

    def expression(self, node: Node, guarded: bool, free: bool) -> None:
        """Note the exponentials in an expression; inside a condition (`guarded`) they are taken for bounded."""
        for part in walk(node):
            if part.kind == "ternary":
                return
            if part.kind == "binary" and part.text == "/" and not guarded and self.is_zero(part.parts[1]):
                self.pole(part)
            if part.kind != "call" or part.text not in _GROWING or not part.parts or guarded:
                continue
            if self.ways(part.parts[0]) - ({-1} if part.text == "exp" else set()):
                self.tell(part, free)

    def is_zero(self, node: Node) -> bool:
        """Return whether an expression is 0 as soon as the voltage is that it reads."""
        if node.kind == "call" and node.text in _ZERO_AT_ZERO and len(node.parts) == 1:
            return self.is_zero(node.parts[0])
        return self.module.is_access(node) and node.text not in ("I", "flow")

    def pole(self, node: Node) -> None:
        self.findings.append(
            found(
                "pole", node.at,
                f"divides by {written(node.parts[1])}, which is 0 where every simulation starts",
                "a formula without the pole, or x / (x * x + small) for 1 / x; a state as x_ini + V(s)",
                severity="warning",
            )
        )  # fmt: skip

    def tell(self, node: Node, free: bool) -> None:
        argument = written(node.parts[0])
        limited = {
            "exp": f"limexp({argument})",
            "sinh": "0.5 * (limexp(z) - limexp(-z))",
            "cosh": "0.5 * (limexp(z) + limexp(-z))",
        }[node.text]
        self.findings.append(
            found(
                "exponential", node.at,
                f"{node.text}({argument}) has no bound; trial voltages of Newton's method overflow it, and the "
                "simulation ends with 'Timestep too small'",
                f"{limited}, or bound the argument smoothly: z = 20.0 * z / sqrt(400.0 + z * z);",
                severity="warning", fixable=free,
            )
        )  # fmt: skip

    def statement(self, node: Node, guarded: bool, free: bool) -> None:
        """Follow a statement; `free` says that analog operators such as limexp are allowed here."""
        if node.kind in ("assign", "contribute"):
            self.expression(node.parts[1], guarded, free)
            if node.kind == "assign":
                self.unbounded[node.text] = set() if guarded else self.ways(node.parts[1])
        elif node.kind in ("if", "case"):
            self.expression(node.parts[0], guarded, free)
            inner = bool(sources_of(node.parts[0], self.module) & (self.biased | {"$bias"}))
            for part in node.parts[1:]:
                self.statement(part, guarded or inner, free and not inner)
        elif node.kind in ("for", "while", "repeat", "event"):
            self.statement(node.parts[-1], True, False)
        elif node.kind in ("block", "item"):
            for part in node.parts:
                self.statement(part, guarded, free)


def _positive(node: Node) -> Node:
    """Return an expression without its leading minus."""
    return node.parts[0] if node.kind == "unary" and node.text == "-" else node
