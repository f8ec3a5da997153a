"""Where statements and calls of a Verilog-A file begin and end, so that a cure can replace them."""

from __future__ import annotations

import re
from bisect import bisect_left

from rramcirc.devices.veriloga.lexer import Word
from rramcirc.devices.veriloga.lint.fix import Repair
from rramcirc.devices.veriloga.lint.lint import Lint
from rramcirc.devices.veriloga.lint.tree import Node
from rramcirc.devices.veriloga.text import strip_comments

_LABEL = re.compile(r"begin\b(?:\s*+:\s*+\w++)?")


class Places:
    """Extents of nodes in the root file of a lint."""

    def __init__(self, found: Lint):
        self.found, self.text = found, found.source.text
        self.clean = strip_comments(self.text)
        self.words = [w for w in found.source.words if w.start >= 0 and w.path == found.source.root]
        self.starts = [w.start for w in self.words]

    def is_own(self, word: Word) -> bool:
        """Return whether a word stands in the root file itself."""
        return word.start >= 0 and word.path == self.found.source.root

    def close(self, start: int) -> int:
        """Return the offset behind the bracket that closes the first one after `start`."""
        depth = 0
        for k in range(max(self.clean.find("(", start), 0), len(self.clean)):
            depth += (self.clean[k] == "(") - (self.clean[k] == ")")
            if depth == 0:
                return k + 1
        return len(self.clean)

    def end(self, node: Node) -> int:
        """Return the offset behind a statement."""
        if node.kind == "block":
            return self._end_of_block(node.at.start)
        if node.kind in ("if", "while", "for", "repeat", "event"):
            return self.end(node.parts[-1])
        if node.kind == "case":
            at = bisect_left(self.starts, node.at.start)
            while at < len(self.words) and self.words[at].text != "endcase":
                at += 1
            return self.words[min(at, len(self.words) - 1)].start + len("endcase")
        semicolon = self.clean.find(";", node.at.start)
        return semicolon + 1 if semicolon >= 0 else len(self.clean)

    def _end_of_block(self, start: int) -> int:
        depth = 0
        for word in self.words[bisect_left(self.starts, start) :]:
            depth += (word.text in ("begin", "case", "casex", "casez")) - (word.text in ("end", "endcase"))
            if depth == 0:
                return word.start + len(word.text)
        return len(self.clean)

    def inside(self, block: Node) -> tuple[int, int]:
        """Return where the statements of a block begin, and where its ``end`` stands."""
        label = _LABEL.match(self.clean, block.at.start)
        return (label.end() if label else block.at.start + len("begin")), self.end(block) - len("end")

    def arguments(self, call: Node) -> list[str]:
        """Return the arguments of a call as they are written."""
        open_ = self.clean.find("(", call.at.start)
        close = self.close(call.at.start)
        depth, begin, found = 0, open_ + 1, []
        for k in range(open_, close):
            depth += (self.clean[k] in "([{") - (self.clean[k] in ")]}")
            if (depth == 1 and self.clean[k] == ",") or (depth == 0):
                found.append(self.text[begin:k].strip())
                begin = k + 1
        return found

    def insert(self, at: int, text: str, what: str) -> Repair:
        """Return the repair that puts a text at an offset."""
        return Repair(at, at, text, self.line(at), what)

    def replace(self, start: int, end: int, text: str, what: str) -> Repair:
        """Return the repair that puts a text in place of another."""
        return Repair(start, end, text, self.line(start), what)

    def lines_before(self, at: int, lines: list[str], what: str, *, inner: bool = True) -> Repair:
        """Return the repair that puts lines of their own before an offset.

        Parameters
        ----------
        at
            Of the ``end`` of a block, or of a word that begins a line.
        lines
            What to put there.
        what
            Why.
        inner
            Whether they belong into the block.
        """
        margin = self.indent(at)
        begin = self.clean.rfind("\n", 0, at) + 1
        alone = not self.clean[begin:at].strip()
        text = "".join(f"{margin}{'    ' if inner else ''}{line}\n" for line in lines)
        return self.insert(begin if alone else at, text if alone else f"\n{text}{margin}", what)

    def line(self, at: int) -> int:
        """Return the line of an offset."""
        return self.clean.count("\n", 0, at) + 1

    def indent(self, at: int) -> str:
        """Return the white space before the first word of the line of an offset."""
        begin = self.clean.rfind("\n", 0, at) + 1
        space = re.compile(r"[ \t]*").match(self.text, begin)
        return space[0] if space else ""


def apply(text: str, repairs: list[Repair]) -> str:
    """Return a text with repairs made; those at one offset keep their order."""
    for one in sorted(enumerate(repairs), key=lambda item: (item[1].start, item[1].end, item[0]), reverse=True):
        text = text[: one[1].start] + one[1].text + text[one[1].end :]
    return text
