"""Loops of a control block that have no end of their own."""

from __future__ import annotations

from collections.abc import Sequence

from rramcirc.engines.ngspice.lines import Line

_BLOCKS = ("while", "dowhile", "foreach", "repeat", "if")


def endless_loop(commands: Sequence[Line]) -> str:
    """Return the first loop that nothing but a time limit ends for certain, empty if there is none.

    That is a ``goto`` to a label above it, a ``repeat`` without a number, and a ``while`` or ``dowhile`` whose
    condition holds no vector or variable; the latter two only if no ``break``, ``goto`` or ``quit`` leaves them.
    """
    labels: set[str] = set()
    blocks: list[
        tuple[str, str, bool]
    ] = []  # what opens it; what to say of it, empty if it ends; if something leaves it
    for line in commands:
        words = line.words[1:]
        if line.head == "label":
            labels.update(words)
        elif line.head == "goto" and labels.intersection(words):
            return f"{line.where}: goes back to the label {words[0]}"
        if line.head in ("goto", "quit", "exit"):  # these leave every block, a break its loop only
            blocks = [(head, what, True) for head, what, _ in blocks]
        elif line.head == "break":
            loop = next((k for k in reversed(range(len(blocks))) if blocks[k][0] != "if"), None)
            if loop is not None:
                blocks[loop] = (*blocks[loop][:2], True)
        elif line.head in _BLOCKS:
            blocks.append((line.head, _unbounded(line, words), False))
        elif line.head == "end" and blocks:
            _, what, leaves = blocks.pop()
            if what and not leaves:
                return what
    return ""


def _unbounded(line: Line, words: list[str]) -> str:
    if line.head == "repeat" and not words:
        return f"{line.where}: repeats without a number"
    if line.head in ("while", "dowhile") and not any(c.isalpha() or c in "$@" for word in words for c in word):
        return f"{line.where}: its condition {' '.join(words)!r} never changes"
    return ""
