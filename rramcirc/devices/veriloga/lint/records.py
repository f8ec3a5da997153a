"""Records of what a Verilog-A module declares and does, as the lint sees it; `modules` fills them."""

from __future__ import annotations

from dataclasses import dataclass, field

from rramcirc.devices.veriloga.lexer import Word
from rramcirc.devices.veriloga.lint.tree import Node

# Natures of the standard disciplines, by access function.
STANDARD_ACCESSES = frozenset(
    {"V", "I", "potential", "flow", "Temp", "Pwr", "MMF", "Phi", "Flux", "Pos", "F", "Vel", "Acc", "Theta", "Omega",
     "Alpha", "Tau", "Q", "Imp"}
)  # fmt: skip

#: Those that read what flows; the others read a potential.
STANDARD_FLOWS = frozenset({"I", "flow", "Pwr", "Phi", "F", "Tau"})


@dataclass(frozen=True)
class Variable:
    """A variable: its initial value (``None`` without one), whether it is an array, ``"real"`` or ``"integer"``."""

    name: str
    start: Node | None
    array: bool
    at: Word
    kind: str = "real"


@dataclass(frozen=True)
class LintParameter:
    """A parameter with its default; `start` is ``None`` if it could not be read."""

    name: str
    kind: str
    start: Node | None
    at: Word


@dataclass(frozen=True)
class Function:
    """An analog function: its arguments, those that it writes, by place, and its body."""

    name: str
    written: frozenset[int]
    body: tuple[Node, ...]
    at: Word
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Oddity:
    """A declaration that openvaf-r refuses: vector array genvar instance digital range header attribute."""

    kind: str
    at: Word
    detail: str = ""


@dataclass
class LintModule:
    """Declarations and statements of one module."""

    name: str
    at: Word
    header_end: Word
    ports: list[str] = field(default_factory=list)
    directions: dict[str, str] = field(default_factory=dict)
    nets: dict[str, tuple[str, Word]] = field(default_factory=dict)
    grounds: dict[str, Word] = field(default_factory=dict)
    branches: dict[str, tuple[str, ...]] = field(default_factory=dict)
    parameters: dict[str, LintParameter] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    analog: list[Node] = field(default_factory=list)
    setup: list[Node] = field(default_factory=list)
    oddities: list[Oddity] = field(default_factory=list)
    accesses: frozenset[str] = STANDARD_ACCESSES
    flows: frozenset[str] = STANDARD_FLOWS

    def is_access(self, node: Node) -> bool:
        """Return whether a call reads a voltage, current or another quantity of a branch."""
        return node.kind == "call" and node.text in self.accesses and node.text not in self.functions

    def nets_of(self, access: Node) -> tuple[str, ...]:
        """Return the nets that ``V(a, b)`` or ``V(branch)`` names."""
        names = tuple(p.text for p in access.parts)
        return self.branches.get(names[0], names) if len(names) == 1 else names
