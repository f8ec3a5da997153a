"""Functions and operators of Verilog-A on Python numbers; what has no value is nan, what is too large infinite."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

_LARGEST = 80.0  # argument of exp; limexp goes on as a straight line


def _exp(x: float) -> float:
    return math.exp(x) if x < _LARGEST * 8 else math.inf


def _limexp(x: float) -> float:
    return math.exp(x) if x < _LARGEST else math.exp(_LARGEST) * (1.0 + x - _LARGEST)


def _divided(a: Any, b: Any) -> Any:
    if isinstance(a, int) and isinstance(b, int):
        return int(a / b) if b else 0
    if b == 0:
        return math.nan if a == 0 else math.copysign(math.inf, a)
    return a / b


def _power(a: float, b: float) -> float:
    try:
        value = float(a) ** float(b)
        return math.nan if isinstance(value, complex) else value
    except (OverflowError, ZeroDivisionError):
        return math.inf


def _safe(function: Callable[..., float]) -> Callable[..., float]:
    def called(*arguments: float) -> float:
        try:
            return function(*arguments)
        except (ValueError, OverflowError):
            return math.nan

    return called


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": _exp, "limexp": _limexp, "ln": _safe(math.log), "log": _safe(math.log10), "pow": _power,
    "sqrt": _safe(math.sqrt), "sin": math.sin, "cos": math.cos, "tan": math.tan, "asin": _safe(math.asin),
    "acos": _safe(math.acos), "atan": math.atan, "atan2": math.atan2, "hypot": math.hypot, "sinh": _safe(math.sinh),
    "cosh": _safe(math.cosh), "tanh": math.tanh, "asinh": math.asinh, "acosh": _safe(math.acosh),
    "atanh": _safe(math.atanh), "abs": abs, "min": min, "max": max, "floor": lambda x: float(math.floor(x)),
    "ceil": lambda x: float(math.ceil(x)),
}  # fmt: skip
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": _divided, "**": _power,
    "%": lambda a, b: math.fmod(a, b) if b else math.nan,
    "<": lambda a, b: int(a < b), "<=": lambda a, b: int(a <= b), ">": lambda a, b: int(a > b),
    ">=": lambda a, b: int(a >= b), "==": lambda a, b: int(a == b), "!=": lambda a, b: int(a != b),
    "&": lambda a, b: int(a) & int(b), "|": lambda a, b: int(a) | int(b), "^": lambda a, b: int(a) ^ int(b),
    "<<": lambda a, b: int(a) << int(b), ">>": lambda a, b: int(a) >> int(b),
}  # fmt: skip
