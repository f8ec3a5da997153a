"""Verilog-A text as words; each knows where it stands, so that a message can name it and a repair replace it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from rramcirc.devices.veriloga.text import strip_comments

#: One word, or the space between two; the name of the group is the kind of the word.
WORD = re.compile(
    r"""(?P<space>[ \t\r\f\v]+|\\\r?\n)|(?P<newline>\n)
    |(?P<string>"(?:\\.|[^"\\\n])*")
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+|[TGMKkmunpfa](?![A-Za-z0-9_]))?)
    |(?P<directive>`[A-Za-z_]\w*)
    |(?P<name>[A-Za-z_$][\w$]*)
    |(?P<symbol>\(\*(?!\))|\*\)|\*\*|<\+|<<|>>|[<>=!]=|&&|\|\||'\{|.)""",
    re.VERBOSE | re.DOTALL,
)


class Word(NamedTuple):
    """One word: `kind` is string, number, name, symbol, directive or newline; `start` its offset in the file.

    A word that a macro made has the line of the call, ``start`` -1, and the offset of the call as `origin`.
    """

    kind: str
    text: str
    path: Path
    line: int
    start: int = -1
    origin: int = -1


def split(text: str, path: Path) -> list[Word]:
    """Return the words of a text without its comments; newlines count as words.

    Examples
    --------
    >>> [word.text for word in split("I(s) <+ ddt(x); // a state", Path("x.va"))]
    ['I', '(', 's', ')', '<+', 'ddt', '(', 'x', ')', ';']
    """
    words: list[Word] = []
    line = 1
    for match in WORD.finditer(strip_comments(text)):
        kind, word = match.lastgroup, match[0]
        if kind != "space":
            words.append(Word(kind or "symbol", word, path, line, match.start()))
        line += word.count("\n")
    return words
