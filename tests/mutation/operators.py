"""Single small faults in Python and Verilog-A text: where they can be, and what each one changes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

SWAPS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.Pow: ("**", "*"),
    ast.FloorDiv: ("//", "*"), ast.Mod: ("%", "*"), ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"), ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
}  # fmt: skip
_VA_SWAPS = {"+": "-", "-": "+", "*": "/", "/": "*", "<": "<=", ">": ">=", "<=": "<", ">=": ">", "==": "!=", "!=": "=="}
_VA_TOKEN = re.compile(r"(?<=\s)(<=|>=|==|!=|[-+*/<>])(?=\s)|(?<![\w.])(\d+\.\d*(?:e[-+]?\d+)?|\d+)(?![\w.])")
_VA_PAIR = re.compile(r"\b(V|I)\((\w+), (\w+)\)")
_VA_IF = re.compile(r"if \((.*)\)\s*(?:begin)?\s*$")


@dataclass(frozen=True)
class Mutant:
    """Bytes `start` to `end` of a file become `new`; `first` to `line` are the lines whose execution reaches it.

    `function` is empty for what runs when the file is imported.
    """

    kind: str
    function: str
    first: int
    line: int
    start: int
    end: int
    new: str


def python_mutants(source: bytes) -> list[Mutant]:
    """Return all mutants of a module; texts, annotations, raised errors and numba's decorators stay."""
    tree = ast.parse(source)
    starts = [0]
    for text in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(text))

    def place(line: int, column: int) -> int:
        return starts[line - 1] + column

    found: list[Mutant] = []

    def visit(node: ast.AST, function: str, statement: ast.stmt | None) -> None:
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            return
        if isinstance(node, ast.stmt):
            statement = node
        if statement is not None and hasattr(node, "end_lineno"):
            for kind, first, last, new in _edits(node, source, place):
                line = node.lineno if isinstance(node, ast.stmt) else node.end_lineno
                found.append(Mutant(kind, function, statement.lineno, line, first, last, new))
        if isinstance(node, ast.Raise):
            return
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns"):
                continue
            inside = function
            if isinstance(node, ast.FunctionDef | ast.ClassDef):  # all but the body of a function runs at the import
                inside = node.name if isinstance(node, ast.FunctionDef) and name == "body" else ""
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not (name == "decorator_list" and "jit" in ast.unparse(child)):
                    visit(child, inside, statement)

    visit(tree, "", None)
    return found


def _edits(node: ast.AST, source: bytes, place: object) -> Iterator[tuple[str, int, int, str]]:
    """Yield kind, start, end and new text of every mutant of one node (not of those in it)."""

    def span(one: ast.AST) -> tuple[int, int]:
        return place(one.lineno, one.col_offset), place(one.end_lineno, one.end_col_offset)

    def text(one: ast.AST) -> str:
        return source[slice(*span(one))].decode()

    def between(left: ast.AST, right: ast.AST, operator: ast.AST) -> Iterator[tuple[str, int, int, str]]:
        old, new = SWAPS.get(type(operator), ("", ""))
        at = source.find(old.encode(), span(left)[1], span(right)[0]) if old else -1
        if at >= 0:
            yield f"{old} to {new}", at, at + len(old), new

    first, last = span(node)
    match node:
        case ast.BinOp():
            if not any(isinstance(n, ast.Constant | ast.JoinedStr) and not _number(n) for n in (node.left, node.right)):
                yield from between(node.left, node.right, node.op)
        case ast.Compare():
            for left, operator, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
                yield from between(left, right, operator)
        case ast.BoolOp():
            yield from between(node.values[0], node.values[1], node.op)
        case ast.UnaryOp(op=ast.USub() | ast.Not()):
            yield "sign or not dropped", first, last, f"({text(node.operand)})"
        case ast.Constant() if _number(node):
            yield "constant", first, last, _other(node.value)
        case ast.Expr(value=ast.Call()) | ast.Raise() | ast.Continue() | ast.Break() | ast.AugAssign():
            yield "statement removed", first, last, "pass"
        case ast.Call():
            plain = [a for a in node.args if not isinstance(a, ast.Starred | ast.GeneratorExp)]
            if len(plain) >= 2 and plain == node.args and text(plain[0]) != text(plain[1]):
                (a, b), (c, d) = span(plain[0]), span(plain[1])
                new = f"{text(plain[1])}{source[b:c].decode()}{text(plain[0])}"
                yield "arguments swapped", a, d, new
            parts = sorted([*node.args, *node.keywords], key=lambda n: (n.lineno, n.col_offset))
            for k, part in enumerate(parts):
                if isinstance(part, ast.keyword) and part.arg and len(parts) > 1:
                    a, b = (span(parts[k - 1])[1], span(part)[1]) if k else (span(part)[0], span(parts[1])[0])
                    if source.count(b"(", a, b) == source.count(b")", a, b):
                        yield f"keyword {part.arg} dropped", a, b, ""
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        a, b = span(node.test)
        yield "condition negated", a, b, f"(not ({text(node.test)}))"


def _number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float)


def _other(value: float) -> str:
    """Return the constant that stands instead: the other truth value, one more, or twice as much."""
    if isinstance(value, bool):
        return str(not value)
    if isinstance(value, int):
        return str(value + 1)
    return repr(2.0 * value) if value else "1.0"


def verilog_mutants(source: bytes) -> list[Mutant]:
    """Return all mutants of the equations and of the defaults of parameters."""
    found: list[Mutant] = []
    offset, analog = 0, False
    for number, raw in enumerate(source.splitlines(keepends=True), 1):
        text = raw.decode("latin-1")
        code = text.split("//")[0]
        analog = analog or bool(re.match(r"\s*analog\b", code))
        if "parameter real" in code:
            code = code.split(" from ")[0]
        if (analog or "parameter real" in code) and "(*" not in code:
            for kind, start, end, new in _verilog_edits(code):
                found.append(Mutant(kind, "", number, number, offset + start, offset + end, new))
        offset += len(raw)
    return found


def _verilog_edits(code: str) -> Iterator[tuple[str, int, int, str]]:
    for token in _VA_TOKEN.finditer(code):
        old, number = token.groups()
        if old:
            yield f"{old} to {_VA_SWAPS[old]}", token.start(), token.end(), _VA_SWAPS[old]
        else:
            yield "constant", token.start(), token.end(), repr(2.0 * float(number)) if float(number) else "1.0"
    for pair in _VA_PAIR.finditer(code):
        yield "nodes swapped", pair.start(), pair.end(), f"{pair[1]}({pair[3]}, {pair[2]})"
    if "<+" in code:
        yield "contribution removed", 0, len(code.rstrip()), ""
    if condition := _VA_IF.search(code):
        yield "condition negated", condition.start(1), condition.end(1), f"!({condition[1]})"
