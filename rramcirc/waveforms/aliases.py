"""Vectors that QSPICE does not store but describes by a formula: ``.alias I(R1) (0.001mho*V(in,out))``."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rramcirc.basics.arrays import AnyArray
from rramcirc.basics.errors import ParameterError
from rramcirc.basics.units import parse_number

_ATOM = re.compile(
    r"[A-Za-z_]\w*\s*\([^()]*\)|\d+\.?\d*(?:e[+-]?\d+)?[a-zµ]*|\.\d+(?:e[+-]?\d+)?[a-zµ]*|[A-Za-z_]\w*", re.I
)
_UNIT = re.compile(r"(mho|ohm|[VASF])$")
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


def alias_values(formula: str, vectors: Mapping[str, AnyArray], parameters: Mapping[str, str]) -> AnyArray | None:
    """Return the values of a formula over stored vectors; None if it holds what is not known here.

    Parameters
    ----------
    formula
        Numbers with suffix and unit (``0.001mho``), vectors, ``V(a,b)`` = V(a) - V(b), parameters, ``+ - * / **``.
    vectors
        By name, in any case of letters.
    parameters
        Values of ``.param`` lines as they are written.

    Examples
    --------
    >>> alias_values("(0.001mho*V(in,0))", {"V(in)": np.array([1.0, 2.0])}, {})
    array([0.001, 0.002])
    """
    known = {_plain(name): values for name, values in vectors.items()}
    atoms: dict[str, Any] = {"_zero": np.zeros(len(next(iter(vectors.values()), np.empty(0))))}

    def replaced(match: re.Match[str]) -> str:
        atoms[f"_{len(atoms)}"] = _atom(match[0], known, parameters)
        return f"_{len(atoms) - 1}"

    try:
        tree = ast.parse(_ATOM.sub(replaced, formula).strip(), mode="eval")
        with np.errstate(all="ignore"):
            values: AnyArray = np.asarray(_value(tree.body, atoms)) + atoms["_zero"]
        return values
    except (KeyError, SyntaxError, ParameterError, RecursionError):
        return None


def _plain(name: str) -> str:
    return "".join(name.split()).lower()


def _atom(text: str, vectors: Mapping[str, AnyArray], parameters: Mapping[str, str]) -> Any:
    """Return a vector, a difference of two, a parameter or a number; KeyError if there is no such thing."""
    name = _plain(text)
    if name in vectors:
        return vectors[name]
    if pair := re.fullmatch(r"v\(([^,]+),([^,]+)\)", name):
        plus, minus = (0.0 if node == "0" else vectors[f"v({node})"] for node in pair.groups())
        return plus - minus
    written = {key.lower(): value for key, value in parameters.items()}
    if name[0].isdigit() or name[0] == ".":
        return parse_number(_UNIT.sub("", text), name="alias")
    return np.pi if name == "pi" else parse_number(written[name], name="alias")


def _value(node: ast.AST, atoms: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return atoms[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = _value(node.operand, atoms)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left, atoms), _value(node.right, atoms))
    raise KeyError(ast.dump(node))
