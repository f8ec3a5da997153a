"""Verilog-A text as words; each knows where it stands, so that a message can name it and a repair replace it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rramcirc.devices.veriloga.text import INSIDE_STRING, strip_comments

_PATTERN = r"""(?P<space>[ \t\r\f\v]+|\\\r?\n)|(?P<newline>\n)
    |(?P<string>"(?:\\.|[^"\\\n])*+")
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+|[TGMKkmunpfa](?![A-Za-z0-9_]))?)
    |(?P<directive>`[A-Za-z_]\w*)
    |(?P<name>[A-Za-z_$][\w$]*)
    |(?P<symbol>\(\*(?!\))|\*\)|\*\*|<\+|<<|>>|[<>=!]=|&&|\|\||'\{|.)"""
_WORD = re.compile(_PATTERN, re.VERBOSE | re.DOTALL)
_WITHOUT_STRINGS = re.compile(_PATTERN.replace("<string>", "<string>(?!)"), re.VERBOSE | re.DOTALL)


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


def matches(text: str) -> Iterator[re.Match[str]]:
    """Yield every word and the space between two; the name of the group is the kind of the word.

    A quote that has no end on its line is a symbol, and so are those behind it, which are looked at only once.
    """
    position, unclosed = 0, 0
    while position < len(text):
        pattern = _WITHOUT_STRINGS if position < unclosed else _WORD
        for match in pattern.finditer(text, position):
            yield match
            position = match.end()
            if position < unclosed:
                continue
            if match[0] == '"' and (rest := INSIDE_STRING.match(text, match.start())):
                unclosed = rest.end()
            if unclosed and pattern is (_WORD if position < unclosed else _WITHOUT_STRINGS):
                break  # go on with the other one


def split(text: str, path: Path) -> list[Word]:
    """Return the words of a text without its comments; newlines count as words.

    Examples
    --------
    >>> [word.text for word in split("I(s) <+ ddt(x); // a state", Path("x.va"))]
    ['I', '(', 's', ')', '<+', 'ddt', '(', 'x', ')', ';']
    """
    words: list[Word] = []
    line = 1
    for match in matches(strip_comments(text)):
        kind, word = match.lastgroup, match[0]
        if kind != "space":
            words.append(Word(kind or "symbol", word, path, line, match.start()))
        line += word.count("\n")
    return words
