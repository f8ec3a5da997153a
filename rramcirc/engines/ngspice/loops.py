"""Loops of a control block that have no end of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rramcirc.engines.ngspice.lines import Line, words

_BLOCKS = ("while", "dowhile", "foreach", "repeat", "if")
# commands that change no vector and no variable but, some, the one that they name
_INERT = words("echo print plot asciiplot write wrdata hardcopy display show showmod listing status rusage version")
_NAMING = words("let set setcs compose strcmp strslice strstr fread")
_NAME = re.compile(r"[A-Za-z_][\w.]*+")


@dataclass
class _Block:
    """A block: what opens it, what to say of it (empty if it ends), and what can end it.

    `waits` is whether it stands for a condition to change; `names` are those of the condition; `leaves` is whether
    something leaves it, or may change the condition.
    """

    head: str
    what: str
    waits: bool
    names: frozenset[str]
    leaves: bool = False


def endless_loop(commands: Sequence[Line]) -> str:
    """Return the first loop that nothing but a time limit ends for certain, empty if there is none.

    That is a ``goto`` to a label above it, a ``repeat`` without a number, and a ``while`` or ``dowhile`` in which
    nothing changes a name of the condition; the latter two only if no ``break``, ``goto`` or ``quit`` leaves them. A
    loop that changes its condition is taken for one that ends.
    """
    labels: set[str] = set()
    blocks: list[_Block] = []
    for line in commands:
        named = line.words[1:]
        if line.head == "label":
            labels.update(named)
        elif line.head == "goto" and labels.intersection(named):
            return f"{line.where}: goes back to the label {named[0]}"
        if line.head in _BLOCKS:
            blocks.append(_opened(line, named))
        elif line.head == "end" and blocks:
            block = blocks.pop()
            if block.what and not block.leaves:
                return block.what
        elif line.head == "break":
            loop = next((block for block in reversed(blocks) if block.head != "if"), None)
            if loop is not None:
                loop.leaves = True
        else:
            for block in blocks:
                block.leaves = block.leaves or _ends(line, named, block)
    return ""


def _opened(line: Line, named: Sequence[str]) -> _Block:
    if line.head == "repeat" and not named:
        return _Block(line.head, f"{line.where}: repeats without a number", False, frozenset())
    if line.head not in ("while", "dowhile"):
        return _Block(line.head, "", False, frozenset())
    condition = " ".join(named)
    what = f"{line.where}: nothing changes its condition {condition!r}"
    return _Block(line.head, what, True, frozenset(_NAME.findall(condition.lower())))


def _ends(line: Line, named: Sequence[str], block: _Block) -> bool:
    """Whether a command leaves a block, or may change its condition."""
    if line.head in ("goto", "quit", "exit"):  # these leave every block
        return True
    if not block.waits or not block.names or line.head in (*_INERT, "else", "label", "continue"):
        return False
    if line.head in _NAMING:
        return not block.names.isdisjoint(_NAME.findall(" ".join(named).partition("=")[0].lower()))
    return True  # an analysis, say: it makes new vectors
