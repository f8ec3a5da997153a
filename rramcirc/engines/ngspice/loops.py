"""Loops of a control block that have no end of their own."""

from __future__ import annotations

from collections.abc import Sequence

from rramcirc.engines.ngspice.lines import Line

_BLOCKS = ("while", "dowhile", "foreach", "repeat", "if")


def endless_loop(commands: Sequence[Line]) -> str:
    """Return the first loop that nothing but a time limit ends for certain, empty if there is none.

    That is a ``goto`` to a label above it, a ``repeat`` without a number, and a ``while`` or ``dowhile`` whose
    condition holds no vector or variable; the latter two only if no ``break`` or ``goto`` leaves them.
    """
    labels: set[str] = set()
    open_blocks: list[tuple[str, bool]] = []  # what to say of it, empty if it ends; if something leaves it
    for line in commands:
        words = line.words[1:]
        if line.head == "label":
            labels.update(words)
        elif line.head == "goto" and labels.intersection(words):
            return f"{line.where}: goes back to the label {words[0]}"
        if line.head in ("break", "goto"):
            open_blocks = [(what, True) for what, _ in open_blocks]
        elif line.head in _BLOCKS:
            open_blocks.append((_unbounded(line, words), False))
        elif line.head == "end" and open_blocks:
            what, leaves = open_blocks.pop()
            if what and not leaves:
                return what
    return ""


def _unbounded(line: Line, words: list[str]) -> str:
    if line.head == "repeat" and not words:
        return f"{line.where}: repeats without a number"
    if line.head in ("while", "dowhile") and not any(c.isalpha() or c in "$@" for word in words for c in word):
        return f"{line.where}: its condition {' '.join(words)!r} never changes"
    return ""
