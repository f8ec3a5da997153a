"""Which terminals of an unknown Verilog-A model are its electrodes, inputs and outputs."""

from __future__ import annotations

from collections.abc import Sequence

from rramcirc.basics.errors import ParameterError, unknown_name
from rramcirc.devices.veriloga.lint.numbers import state_nodes
from rramcirc.devices.veriloga.lint.records import LintModule
from rramcirc.devices.veriloga.lint.tree import Node, walk
from rramcirc.studies.check.sweep import Cell

_TOP = ("te", "top", "t", "tp", "nt", "ae", "p", "plus", "pos", "positive", "vp", "anode", "a", "u", "up", "t1", "e1",
        "n1", "node1", "terminal1", "in", "bl", "fl")  # fmt: skip
_BOTTOM = ("be", "bottom", "bot", "b", "bp", "nb", "oe", "n", "minus", "neg", "negative", "vn", "cathode", "c", "k",
           "d", "down", "t2", "e2", "n2", "node2", "terminal2", "out", "sl", "pl")  # fmt: skip
_ELECTRICAL = frozenset({"electrical", "voltage", "current", ""})


def guess_cell(terminals: Sequence[str], module: LintModule | None) -> tuple[str, Cell | None]:
    """Return what a module is, ``"cell"`` or ``"device"``, and how to drive it.

    A cell has two terminals that carry current; terminals that only report something are left open, those that are
    only read are grounded. Anything else is a device: its first two terminals are driven, the others grounded.

    Parameters
    ----------
    terminals
        In the order of the compiled model.
    module
        What the source says about it.
    """
    if len(terminals) < 2:
        return "device", None
    if module is None:
        return "device", _cell(terminals, list(terminals[:2]), ())
    outputs = tuple(t for t in terminals if _is_output(t, terminals, module))
    inner = [t for t in terminals if t not in outputs]
    carrying = [t for t in inner if t in _carrying(module)]
    if len(carrying) == 2:
        return "cell", _cell(terminals, carrying, outputs)
    if len(inner) == 2:
        return ("cell" if carrying else "device"), _cell(terminals, inner, outputs)
    named = [t for t in inner if t.lower() in ("te", "be")]
    if len(named) == 2:
        return "cell", _cell(terminals, named, outputs)
    first = (carrying + [t for t in inner if t not in carrying] + list(outputs))[:2]
    return "device", _cell(terminals, first, tuple(t for t in outputs if t not in first))


def _cell(terminals: Sequence[str], pair: list[str], outputs: tuple[str, ...]) -> Cell:
    first, second = (t.lower() for t in pair)
    turned = first in _BOTTOM and second in _TOP and not (first in _TOP and second in _BOTTOM)
    top, bottom = reversed(pair) if turned else pair
    rest = tuple(t for t in terminals if t not in pair and t not in outputs)
    return Cell(tuple(terminals), top, bottom, rest, outputs)


def _contributions(module: LintModule) -> list[Node]:
    return [n for b in module.analog for n in walk(b) if n.kind == "contribute"]


def _carrying(module: LintModule) -> set[str]:
    """Return the nets that a contribution sends current through or puts a voltage on."""
    return {net for c in _contributions(module) for net in module.nets_of(c.parts[0])}


def _is_output(terminal: str, terminals: Sequence[str], module: LintModule) -> bool:
    """Return whether a terminal reports something: declared so, of another discipline, or holding a state."""
    if len(terminals) < 3:
        return False
    if module.nets.get(terminal, ("", None))[0] not in _ELECTRICAL:
        return True
    own = [c for c in _contributions(module) if terminal in module.nets_of(c.parts[0])]
    if not own:
        return False
    imposed = all(len(module.nets_of(c.parts[0])) == 1 and c.parts[0].text in ("V", "potential") for c in own)
    return imposed or module.directions.get(terminal) == "output" or terminal in state_nodes(module)


def chosen_cell(terminals: Sequence[str], electrodes: Sequence[str], guessed: Cell | None) -> Cell:
    """Return the cell between two named terminals; the others stay as guessed, or are grounded."""
    named = {t.lower(): t for t in terminals}
    pair = []
    for name in electrodes:
        if name.lower() not in named:
            raise ParameterError(unknown_name("terminal", name, terminals))
        pair.append(named[name.lower()])
    if len(set(pair)) != 2:
        raise ParameterError(f"--electrodes {','.join(electrodes)}: give two terminals, as in --electrodes te,be.")
    outputs = tuple(t for t in (guessed.outputs if guessed else ()) if t not in pair)
    rest = tuple(t for t in terminals if t not in pair and t not in outputs)
    return Cell(tuple(terminals), pair[0], pair[1], rest, outputs)
