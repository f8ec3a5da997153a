"""Arithmetic on signals, as users write it: ``(v(bl0) - v(sl0)) / i(bl0)``."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Sequence

import numpy as np

from rramcirc.basics.arguments import check_kind
from rramcirc.basics.arrays import AnyArray
from rramcirc.basics.errors import ParameterError, WaveformError, nearest, shown
from rramcirc.basics.units import parse_number
from rramcirc.waveforms.waveforms import Waveforms

FUNCTIONS: dict[str, Callable[[AnyArray], AnyArray]] = {
    "abs": np.abs,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "exp": np.exp,
}
_OPERATORS: dict[type[ast.operator], Callable[[AnyArray, AnyArray], AnyArray]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
PRODUCTS = {
    ("A", "V"): "W",
    ("A", "ohm"): "V",
    ("S", "V"): "A",
    ("W", "s"): "J",
    ("A", "s"): "C",
    ("Hz", "s"): "",
    ("F", "V"): "C",
    ("V", "s"): "V s",
    ("S", "ohm"): "",
    ("V", "V"): "V^2",
    ("A", "A"): "A^2",
    ("A^2", "ohm"): "W",
    ("S", "V^2"): "W",
}
QUOTIENTS = {
    ("V", "A"): "ohm",
    ("A", "V"): "S",
    ("V", "ohm"): "A",
    ("A", "S"): "V",
    ("W", "V"): "A",
    ("W", "A"): "V",
    ("V^2", "ohm"): "W",
    ("W", "V^2"): "S",
    ("C", "V"): "F",
    ("C", "s"): "A",
    ("J", "s"): "W",
    ("V^2", "V"): "V",
    ("", "s"): "Hz",
    ("", "Hz"): "s",
    ("", "ohm"): "S",
    ("", "S"): "ohm",
}
_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+(?![A-Za-z\d]))?[A-Za-zµμ]*")
_WORD = re.compile(r"@?[A-Za-z_][\w.#:]*")
MAX_LENGTH = 2000

Quantity = tuple[AnyArray, str]


def evaluate(text: str, waveforms: Waveforms) -> Quantity:
    """Return the value of an expression over the signals of `waveforms`.

    Parameters
    ----------
    text
        Signals as they are saved (``v(bl3)``, ``i(bl3)``, ``gap[2,3]``, ``time``), differences ``v(a,b)`` =
        v(a) - v(b), numbers with SI suffixes (``50u``, ``1meg``), ``+ - * / **``, parentheses and the functions
        abs, log10, sqrt, exp.
    waveforms
        Where the signals are.

    Returns
    -------
    (n_points,) array and str
        Values, and their unit where it is obvious (V/A is ohm), else ``""``.

    Raises
    ------
    WaveformError
        If a signal is unknown.
    ParameterError
        If the expression cannot be read, or adds quantities of different units.

    Examples
    --------
    >>> wf = Waveforms("time", "s", [0, 1], {"v(a)": [1.0, 2.0], "i(a)": [1e-3, 1e-3]}, {"v(a)": "V", "i(a)": "A"})
    >>> evaluate("v(a) / i(a)", wf)
    (array([1000., 2000.]), 'ohm')
    """
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_LENGTH:
        raise ParameterError(f"an expression such as 'v(bl3)*i(bl3)' is expected, not {str(text)[:40]!r}.")
    check_kind(waveforms, Waveforms, "evaluate", "the waveforms of a run")
    source, atoms, origin = _replace_atoms(text, waveforms)
    try:
        tree = ast.parse(source, mode="eval")
        with np.errstate(all="ignore"):  # the result shows what became inf or nan
            values, unit = _evaluate(tree.body, atoms, text)
    except SyntaxError as error:
        at = _original_position(origin, error.offset - 1, text) if error.offset else len(text)
        part = text[at:].strip()[:20]
        where = f"near {part!r}" if part else "at its end"
        raise ParameterError(f"expression {shown(text)} cannot be read {where}.") from None
    except (RecursionError, MemoryError):
        raise ParameterError(f"expression {text[:40]!r}... is nested too deeply.") from None
    return np.array(np.broadcast_to(values, waveforms.axis.shape)), unit


def resolve(texts: Sequence[str], waveforms: Waveforms) -> list[tuple[str, AnyArray, str]]:
    """Return label, values and unit for each signal name, glob pattern or expression in `texts`.

    Parameters
    ----------
    texts
        ``i(bl3)``, ``i(bl*)``, ``gap[2,*]``, ``v(bl0)*i(bl0)``.
    waveforms
        Where the signals are.

    Returns
    -------
    list of (str, (n_points,) array, str)
        In the order of `texts`, a pattern giving every signal that fits.

    Raises
    ------
    WaveformError, ParameterError
        As :func:`evaluate` and :meth:`Waveforms.select`.
    """
    rows: dict[str, Quantity] = {}
    for text in texts:
        found = waveforms.find(text) if isinstance(text, str) else None
        if found is not None:
            rows[found] = waveforms[found], waveforms.unit(found)
            continue
        try:
            rows[str(text).strip()] = evaluate(text, waveforms)
        except (ParameterError, WaveformError):
            hits = _fitting(text, waveforms)
            if not hits:
                raise
            rows |= {name: (waveforms[name], waveforms.unit(name)) for name in hits}
    return [(label, values, unit) for label, (values, unit) in rows.items()]


def _fitting(text: str, waveforms: Waveforms) -> list[str]:
    """Return the signals that fit `text` as a glob pattern, if it is one."""
    if not isinstance(text, str) or not set(text) & set("*?"):
        return []
    try:
        return waveforms.select(text)
    except WaveformError:
        return []


def split_arguments(text: str) -> list[str]:
    """Split at the commas that are outside of all brackets.

    Examples
    --------
    >>> split_arguments("v(a,b)*gap[2,3], 50u")
    ['v(a,b)*gap[2,3]', '50u']
    """
    parts, depth, start = [], 0, 0
    for i, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return [part.strip() for part in [*parts, text[start:]]]


def _replace_atoms(text: str, waveforms: Waveforms) -> tuple[str, dict[str, Quantity], list[tuple[int, int]]]:
    """Return Python source with numbers and signals as names, what they stand for, and where they were."""
    atoms: dict[str, Quantity] = {}
    pieces: list[str] = []
    origin: list[tuple[int, int]] = []
    position = length = 0
    while position < len(text):
        atom, is_call = _atom_at(text, position, waveforms)
        piece = atom or text[position]
        origin.append((length, position))
        position += len(piece)
        if is_call:
            piece = piece.lower()
        elif atom:
            name = f"_{len(atoms)}"
            atoms[name] = _number(atom, text) if _NUMBER.match(atom) else _signal(atom, text, waveforms)
            piece = f" {name} "
        elif piece.isspace():
            piece = " "
        elif piece not in "+-*/(),":
            hint = " Write ** for a power." if piece == "^" else ""
            raise ParameterError(f"expression {shown(text)}: {piece!r} is not allowed.{hint}")
        if pieces or piece.strip():
            piece = piece if pieces else piece.lstrip()
            pieces.append(piece)
            length += len(piece)
    return "".join(pieces), atoms, origin


def _atom_at(text: str, position: int, waveforms: Waveforms) -> tuple[str, bool]:
    """Return the number, signal or function name that starts here ('' if none), and whether it is a function."""
    if number := _NUMBER.match(text, position):
        return number[0], False
    axis = waveforms.axis_name
    if re.compile(re.escape(axis) + r"(?![\w.#:\[(])", re.IGNORECASE).match(text, position):
        return text[position : position + len(axis)], False  # 'v-sweep' is one name
    word = _WORD.match(text, position)
    if word is None:
        return "", False
    end = word.end()
    opening = re.compile(r"\s*([(\[])").match(text, end)
    if opening is None:
        return word[0], False
    if opening[1] == "(" and word[0].lower() in FUNCTIONS:
        return word[0], True
    depth = 0
    for end in range(opening.start(1), len(text)):
        depth += (text[end] in "([") - (text[end] in ")]")
        if depth == 0:
            return text[position : end + 1], False
    raise ParameterError(f"expression {shown(text)}: {text[position:]!r} has no closing bracket.")


def _number(atom: str, text: str) -> Quantity:
    return np.asarray(parse_number(atom, name=f"expression {shown(text)}")), ""


def _signal(atom: str, text: str, waveforms: Waveforms) -> Quantity:
    """Return a signal, or v(a,b) as v(a) - v(b)."""
    found = waveforms.find(atom)
    if found is not None:
        return waveforms[found], waveforms.unit(found)
    head, _, rest = atom.partition("(")
    nodes = split_arguments(rest[:-1]) if atom.endswith(")") else []
    try:
        if head.strip().lower() == "v" and len(nodes) == 2:
            plus, minus = (0.0 if n.lower() in ("0", "gnd") else waveforms[f"v({n})"] for n in nodes)
            return np.asarray(plus - minus), "V"
        if close := nearest(head, FUNCTIONS, 1) if nodes and head.strip().lower() not in ("v", "i") else []:
            raise ParameterError(f"expression {shown(text)}: no function {head!r}. Nearest: {close[0]}.")
        return waveforms[atom], ""
    except WaveformError as error:
        raise type(error)(f"expression {shown(text)}: {error}") from None


def _evaluate(node: ast.AST, atoms: dict[str, Quantity], text: str) -> Quantity:
    if isinstance(node, ast.Name) and node.id in atoms:
        return atoms[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value, unit = _evaluate(node.operand, atoms, text)
        return (-value if isinstance(node.op, ast.USub) else value), unit
    function = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
    if isinstance(node, ast.Call) and function in FUNCTIONS and len(node.args) == 1:
        value, unit = _evaluate(node.args[0], atoms, text)
        kept = {"abs": unit, "sqrt": unit.removesuffix("^2") if unit.endswith("^2") else ""}
        return FUNCTIONS[function](value), kept.get(function, "")
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        (left, a), (right, b) = _evaluate(node.left, atoms, text), _evaluate(node.right, atoms, text)
        return _OPERATORS[type(node.op)](left, right), _unit(node.op, a, b, right, text)
    raise ParameterError(
        f"expression {shown(text)}: only + - * / **, numbers, signals and the functions "
        f"{', '.join(FUNCTIONS)} with one argument are allowed."
    )


def _unit(op: ast.operator, a: str, b: str, right: AnyArray, text: str) -> str:
    """Return the unit of `a op b`, '' if it is not obvious."""
    if isinstance(op, (ast.Add, ast.Sub)):
        if a and b and a != b:
            raise ParameterError(f"expression {shown(text)} adds or subtracts {a} and {b}.")
        return a or b
    if isinstance(op, ast.Mult):
        return PRODUCTS.get((min(a, b), max(a, b)), "") if a and b else a or b
    if isinstance(op, ast.Div):
        return "" if a == b else QUOTIENTS.get((a, b), "" if b else a)
    exponent = float(right) if np.ndim(right) == 0 and not np.iscomplexobj(right) else 0.0
    return {1.0: a, 2.0: f"{a}^2" if a in ("V", "A") else ""}.get(exponent, "")


def _original_position(origin: list[tuple[int, int]], position: int, text: str) -> int:
    """Return the place in `text` that became place `position` of the Python source."""
    return next((there for here, there in reversed(origin) if here <= position), len(text))
