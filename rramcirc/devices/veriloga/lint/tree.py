"""Statements and expressions of Verilog-A as a tree, for the lint; `parser` makes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rramcirc.devices.veriloga.lexer import Word

#: Binary operators by binding strength.
STRENGTH = {
    "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, "<=": 7, ">": 7, ">=": 7, "<<": 8, ">>": 8,
    "+": 9, "-": 9, "*": 10, "/": 10, "%": 10, "**": 11,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Node:
    """A part of the tree.

    Kinds of expressions: number string name port call index unary binary ternary list. Kinds of statements: block if
    case item for while repeat assign contribute indirect event task declare null lost; a declare has names, and starts
    (names with an initial value). `text` is the name, operator or event.
    """

    kind: str
    text: str
    parts: tuple[Node, ...]
    at: Word


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything below it, from left to right."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        yield here
        waiting.extend(reversed(here.parts))


def written(node: Node) -> str:
    """Write an expression as text with as few brackets as it needs; equal expressions give equal text."""
    parts = [written(p) for p in node.parts]
    if node.kind == "call":
        return f"{node.text}({', '.join(parts)})"
    if node.kind == "index":
        return f"{parts[0]}[{':'.join(parts[1:])}]"
    if node.kind == "unary":
        return f"{node.text}{_bracketed(node.parts[0], parts[0], 12)}"
    if node.kind == "binary":
        power = STRENGTH[node.text]
        left = _bracketed(node.parts[0], parts[0], power)
        right = _bracketed(node.parts[1], parts[1], power + 1)
        return f"{left} {node.text} {right}" if power < 10 else f"{left}{node.text}{right}"
    if node.kind == "ternary":
        return f"{_bracketed(node.parts[0], parts[0], 1)} ? {parts[1]} : {parts[2]}"
    if node.kind == "list":
        return f"{{{', '.join(parts)}}}"
    return node.text


def _bracketed(node: Node, text: str, least: int) -> str:
    """Put brackets around an operand that binds less strongly than `least`."""
    powers = {"binary": STRENGTH.get(node.text, 0), "ternary": 0, "unary": 11}
    return f"({text})" if powers.get(node.kind, 99) < least else text
