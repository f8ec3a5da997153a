"""Verilog-A text as tokens: comments, includes and macros done, file and line kept."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rramcirc.basics.errors import ModelCompileError
from rramcirc.basics.units import PREFIXES

# Files that the compiler brings along; `include of these is no dependence on a file of the user.
STANDARD_INCLUDES = frozenset(
    {"disciplines.vams", "constants.vams", "disciplines.h", "constants.h", "discipline.h", "driver_access.vams",
     "disciplines.va", "constants.va", "std.va"}
)  # fmt: skip

# What the compiler's constants.vams defines (values as openvaf-r expands them).
STANDARD_MACROS = {
    "M_PI": "3.14159265358979323846", "M_TWO_PI": "6.28318530717958647693", "M_E": "2.7182818284590452354",
    "M_LN2": "0.69314718055994530942", "M_LN10": "2.30258509299404568402", "M_SQRT2": "1.41421356237309504880",
    "P_Q": "1.602176462e-19", "P_C": "2.99792458e8", "P_K": "1.3806503e-23", "P_H": "6.62606876e-34",
    "P_EPS0": "8.854187817e-12", "P_CELSIUS0": "273.15",
}  # fmt: skip

# Verilog-A scale factors: M is mega here, unlike in SPICE.
_SCALES = PREFIXES | {"K": PREFIXES["k"]}
_INCLUDE = re.compile(r'^[ \t]*`include[ \t]+["<]([^">\n]+)[">]', re.MULTILINE)
_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\f]+|\\\n)|(?P<newline>\n)
    |(?P<string>"(?:\\.|[^"\\\n])*")
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+|[TGMKkmunpfa](?![A-Za-z0-9_]))?)
    |(?P<directive>`[A-Za-z_]\w*)
    |(?P<name>[A-Za-z_$][\w$]*)
    |(?P<symbol>\(\*|\*\)|\*\*|<\+|[<>=!]=|&&|\|\||'\{|.)""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a Verilog-A file: `kind` is string, number, name, macro or symbol."""

    kind: str
    text: str
    path: Path
    line: int


def read_text(path: Path) -> str:
    """Return the text of a Verilog-A file.

    Raises
    ------
    ModelCompileError
        If it is missing, a folder, unreadable or not text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ModelCompileError(f"cannot read the Verilog-A file {path} ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise ModelCompileError(f"{path} is not a Verilog-A file (no UTF-8 text at byte {error.start}).") from error


def source_files(path: Path) -> tuple[tuple[Path, str], ...]:
    """Return path and text of a Verilog-A file and of every file it includes that is not a standard one.

    Parameters
    ----------
    path
        The root file; includes resolve against the folder of the file that names them. One that is missing is left out:
        whether it is needed turns out in `tokenize`.

    Raises
    ------
    ModelCompileError
        If a file cannot be read.
    """
    found: dict[Path, str] = {}
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        found[file] = text = read_text(file)
        names = _INCLUDE.findall(strip_comments(text)) if "`include" in text else ()
        waiting += [file.parent / name for name in names if (file.parent / name).is_file()]
    return tuple(found.items())


def strip_comments(text: str) -> str:
    """Blank out comments; strings and line numbers stay."""

    def blank(match: re.Match[str]) -> str:
        return match[0] if match[0][0] == '"' else re.sub(r"[^\n]", " ", match[0])

    return _COMMENT.sub(blank, text)


def tokenize(root: Path, files: Mapping[Path, str]) -> list[Token]:
    """Return the tokens of a Verilog-A file, with includes and constant macros expanded.

    Parameters
    ----------
    root
        The file to start with.
    files
        Text of the file and of those it includes, as from `source_files`.

    Raises
    ------
    ModelCompileError
        If an included file is missing, or files include one another in a circle.
    """
    macros: dict[str, list[Token] | None] = {
        name: [Token("number", value, root, 0)] for name, value in STANDARD_MACROS.items()
    }
    return _tokens_of(root, root, files, macros, depth=0)


def _tokens_of(
    file: Path, root: Path, files: Mapping[Path, str], macros: dict[str, list[Token] | None], depth: int
) -> list[Token]:
    """Tokenize one file; `macros` grows with its `define directives (None: one with arguments)."""
    if depth > 32:
        raise ModelCompileError(f"{file}: files include one another in a circle.")
    text = strip_comments(files[file])
    tokens: list[Token] = []
    switches: list[bool] = []  # one per open `ifdef: is this branch read?
    line, position = 1, 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        assert match is not None
        kind, word, position = str(match.lastgroup), match[0], match.end()
        line += word.count("\n")
        if kind in ("space", "newline"):
            continue
        if kind != "directive":
            if all(switches):
                tokens.append(Token(kind, word, file, line))
            continue
        name = word[1:]
        if name in macros and all(switches):
            tokens.extend(macros[name] or [Token("macro", word, file, line)])
        elif name in _LINE_DIRECTIVES:
            rest, position, used = _rest_of_line(text, position)
            if name == "include" and all(switches):
                wanted = file.parent / rest.strip().strip('"<>')
                if wanted in files:
                    tokens.extend(_tokens_of(wanted, root, files, macros, depth + 1))
                elif wanted.name not in STANDARD_INCLUDES:
                    raise ModelCompileError(f"{file}:{line}: there is no file {wanted} to include.")
            elif name == "define" and all(switches):
                _define(rest, macros, file, line)
            else:
                _switch(name, rest.split(None, 1)[0] if rest.split() else "", macros, switches)
            line += used
        elif all(switches):
            tokens.append(Token("macro", word, file, line))
    return tokens


_LINE_DIRECTIVES = frozenset(
    {"include", "define", "undef", "ifdef", "ifndef", "elsif", "else", "endif", "timescale", "default_discipline",
     "begin_keywords", "end_keywords", "resetall", "line", "pragma"}
)  # fmt: skip


def _rest_of_line(text: str, position: int) -> tuple[str, int, int]:
    """Return the rest of a (continued) line, where it ends, and how many newlines it holds."""
    match = re.compile(r"(?:\\\r?\n|[^\n])*").match(text, position)
    assert match is not None
    used = match[0].count("\n")
    return re.sub(r"\\\r?\n", " ", match[0]), match.end(), used


def _define(rest: str, macros: dict[str, list[Token] | None], file: Path, line: int) -> None:
    match = re.match(r"\s*([A-Za-z_]\w*)(\()?", rest)
    if match is None:
        return
    if match[2]:
        macros[match[1]] = None
        return
    body: list[Token] = []
    for part in _TOKEN.finditer(rest, match.end()):
        kind, word = str(part.lastgroup), part[0]
        if kind == "directive":
            body.extend(macros.get(word[1:]) or [Token("macro", word, file, line)])
        elif kind not in ("space", "newline"):
            body.append(Token(kind, word, file, line))
    macros[match[1]] = body


def _switch(name: str, word: str, macros: dict[str, list[Token] | None], switches: list[bool]) -> None:
    if name in ("ifdef", "ifndef"):
        switches.append((word in macros) == (name == "ifdef"))
    elif name == "endif" and switches:
        switches.pop()
    elif name in ("else", "elsif") and switches:
        switches[-1] = not switches[-1] and (name == "else" or word in macros)
    elif name == "undef" and all(switches):
        macros.pop(word, None)


def expression_text(tokens: list[Token]) -> str:
    """Write an expression as Verilog-A text without superfluous space."""
    text = " ".join(t.text for t in tokens)
    return re.sub(r"\s*([()\[\]*/,:]|\*\*)\s*", r"\1", re.sub(r"^([+-]) |(?<=[(\[:,]) ?([+-]) ", r"\1\2", text))


_FUNCTIONS = {
    "exp": math.exp, "ln": math.log, "log": math.log10, "sqrt": math.sqrt, "pow": math.pow, "abs": abs, "min": min,
    "max": max, "floor": math.floor, "ceil": math.ceil, "limexp": math.exp, "sin": math.sin, "cos": math.cos,
    "tanh": math.tanh,
}  # fmt: skip
_OPERATORS: dict[type, Any] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.Mod: math.fmod, ast.UAdd: operator.pos, ast.USub: operator.neg,
}  # fmt: skip


def evaluate(text: str, names: Mapping[str, Any]) -> Any:
    """Return the value of a constant Verilog-A expression, or ``None`` if it is not constant.

    Parameters
    ----------
    text
        The expression, for example ``2*phi_max`` or ``1n``.
    names
        Values of the names it may use; NumPy arrays are allowed.

    Examples
    --------
    >>> evaluate("2*r0/1n", {"r0": 3.0})
    6000000000.0
    >>> evaluate("$temperature + 1", {}) is None
    True
    """
    words = [_python_word(m) for m in _TOKEN.finditer(text)]
    try:
        return _value(ast.parse(" ".join(words).strip(), mode="eval").body, names)
    except (SyntaxError, KeyError, TypeError, ValueError, ArithmeticError, RecursionError, MemoryError):
        return None


def _python_word(match: re.Match[str]) -> str:
    if match.lastgroup == "number" and match[0][-1] in _SCALES:
        return f"{match[0][:-1].rstrip('.')}e{_SCALES[match[0][-1]]}"
    return match[0]


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    if isinstance(node, ast.Name):
        return math.inf if node.id == "inf" and "inf" not in names else names[node.id]
    if isinstance(node, ast.UnaryOp):
        return _OPERATORS[type(node.op)](_value(node.operand, names))
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_value(node.left, names), _value(node.right, names))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return _FUNCTIONS[node.func.id](*(_value(a, names) for a in node.args))
    raise ValueError("not constant")
