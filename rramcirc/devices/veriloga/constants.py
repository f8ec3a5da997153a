"""Constant expressions of Verilog-A: their value, and how they are written."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

# Verilog-A scale factors: M is mega here, unlike in SPICE.
from rramcirc.basics.units import PREFIXES
from rramcirc.devices.veriloga.lexer import Word, matches

_SCALES = PREFIXES | {"K": PREFIXES["k"]}


def expression_text(words: Sequence[Word]) -> str:
    """Write an expression as Verilog-A text without superfluous space."""
    text = " ".join(w.text for w in words)
    return re.sub(
        r"(?<!\s)\s*+([()\[\]*/,:]|\*\*)\s*+", r"\1", re.sub(r"^([+-]) |(?<=[(\[:,]) ?([+-]) ", r"\1\2", text)
    )


def _of_arrays(name: str, plain: Callable[[float], float]) -> Callable[[Any], Any]:
    """Return a function of a number or of an array; numpy comes with the array."""

    def of(value: Any) -> Any:
        if not hasattr(value, "shape"):
            return plain(value)
        import numpy as np

        return getattr(np, name)(value)

    return of


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": _of_arrays("exp", math.exp), "ln": _of_arrays("log", math.log), "log": _of_arrays("log10", math.log10),
    "sqrt": _of_arrays("sqrt", math.sqrt), "pow": math.pow, "abs": abs, "min": min,
    "max": max, "floor": math.floor, "ceil": math.ceil, "limexp": math.exp, "sin": math.sin, "cos": math.cos,
    "tanh": math.tanh,
}  # fmt: skip
_OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.Mod: math.fmod, ast.UAdd: operator.pos, ast.USub: operator.neg,
}  # fmt: skip


@lru_cache(maxsize=4096)
def _parsed(text: str) -> ast.expr:
    words = [_python_word(m) for m in matches(text)]
    return ast.parse(" ".join(words).strip(), mode="eval").body


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
    try:
        return _value(_parsed(text), names)
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
