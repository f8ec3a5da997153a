"""Verilog-A text as words for the lint: includes and macros expanded, nothing refused.

Unlike `tokens.tokenize` this reads what is wrong too: missing files and unknown macros become problems, a file that is
no UTF-8 stays what it is byte for byte, and every word knows where it stands, so that it can be replaced.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rramcirc.basics.arguments import file_name
from rramcirc.basics.errors import ModelCompileError
from rramcirc.devices.veriloga.tokens import STANDARD_INCLUDES, STANDARD_MACROS, strip_comments

_WORD = re.compile(
    r"""(?P<space>[ \t\r\f\v]+|\\\r?\n)|(?P<newline>\n)
    |(?P<string>"(?:\\.|[^"\\\n])*")
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+|[TGMKkmunpfa](?![A-Za-z0-9_]))?)
    |(?P<directive>`[A-Za-z_]\w*)
    |(?P<name>[A-Za-z_$][\w$]*)
    |(?P<symbol>\(\*(?!\))|\*\)|\*\*|<\+|<<|>>|[<>=!]=|&&|\|\||'\{|.)""",
    re.VERBOSE | re.DOTALL,
)
# What openvaf-r defines by itself (tried).
_PREDEFINED = ("__OPENVAF__", "__VAMS__", "__VAMS_COMPACT_MODELING__")
_CONDITIONS = frozenset({"ifdef", "ifndef", "elsif", "else", "endif"})
# Directives of Verilog that openvaf-r takes for unknown macros.
FOREIGN_DIRECTIVES = frozenset(
    {"timescale", "default_discipline", "default_transition", "default_nodetype", "resetall", "begin_keywords",
     "end_keywords", "line", "pragma", "celldefine", "endcelldefine", "nounconnected_drive", "unconnected_drive"}
)  # fmt: skip
_MOST_WORDS = 500_000  # made by macros; models of transistors have up to 150,000
_MOST_PROBLEMS = 1000
_DEEPEST = 64


@dataclass(frozen=True, slots=True)
class Word:
    """One word: `kind` is string, number, name, symbol or directive; `start` its offset in the file.

    A word that a macro made has the line of the call, ``start`` -1, and the offset of the call as `origin`.
    """

    kind: str
    text: str
    path: Path
    line: int
    start: int = -1
    origin: int = -1


@dataclass(frozen=True)
class Problem:
    """Something the preprocessor could not do: `kind` is include, macro, directive, circle or size."""

    kind: str
    word: Word


@dataclass
class Source:
    """A Verilog-A file and what it includes: `texts` by file, `words` of all, `problems` on the way."""

    root: Path
    texts: dict[Path, str] = field(default_factory=dict)
    words: list[Word] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Text of the root file."""
        return self.texts[self.root]


def read_source(path: Path | str, text: str | None = None) -> Source:
    """Read a Verilog-A file with everything it includes; `text` takes the place of what the file holds.

    Raises
    ------
    ModelCompileError
        If the file itself cannot be read.
    """
    root = file_name(path, "lint")
    source = Source(root)
    source.texts[root] = _text(root) if text is None else text
    _Expander(source).file(root, 0)
    return source


def encode(text: str) -> bytes:
    """Return the bytes of a text that `read_source` gave, also if it is no UTF-8."""
    return text.encode("utf-8", "surrogateescape")


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise ModelCompileError(f"cannot read the Verilog-A file {path} ({error.strerror}).") from error


@dataclass(frozen=True)
class _Macro:
    """A macro: its parameters (``None`` if it takes none) and its words, not yet expanded."""

    parameters: tuple[str, ...] | None
    body: tuple[Word, ...]


class _Expander:
    """Walks through files; `macros` and the open conditions go on from file to file."""

    def __init__(self, source: Source):
        self.source, self.made = source, 0
        self.macros: dict[str, _Macro] = {
            name: _Macro(None, (Word("number", value, source.root, 0),)) for name, value in STANDARD_MACROS.items()
        } | {name: _Macro(None, (Word("number", "1", source.root, 0),)) for name in _PREDEFINED}

    def problem(self, kind: str, word: Word) -> None:
        if len(self.source.problems) < _MOST_PROBLEMS:
            self.source.problems.append(Problem(kind, word))

    def file(self, path: Path, depth: int) -> None:
        """Append the words of a file."""
        words = list(_split(self.source.texts[path], path))
        open_conditions: list[tuple[bool, bool]] = []  # (this branch is read, one was read)
        at = 0
        while at < len(words):
            word = words[at]
            active = all(now for now, _ in open_conditions)
            at += 1
            if word.kind == "newline":
                continue
            if word.kind != "directive":
                if active:
                    self.source.words.append(word)
                continue
            name = word.text[1:]
            if name in _CONDITIONS:
                wanted = words[at].text if name not in ("else", "endif") and at < len(words) else ""
                at += bool(wanted.strip())
                _switch(name, wanted, open_conditions, self.macros)
            elif not active:
                if name == "define":
                    _, at = _line(words, at)
            else:
                at = self.directive(word, words, at, depth)

    def directive(self, word: Word, words: list[Word], at: int, depth: int) -> int:
        """Do what an active directive says; return where to go on."""
        name = word.text[1:]
        if name == "include":
            line, end = _line(words, at)
            closed = next((k for k, w in enumerate(line) if w.kind == "string" or w.text == ">"), len(line) - 1)
            self.include(word, line[: closed + 1], depth)
            return min(at + closed + 1, end)
        if name in ("define", "undef") or name in FOREIGN_DIRECTIVES:
            line, at = _line(words, at)
            if name == "define" and line:
                self.define(line)
            elif name == "undef" and line:
                self.macros.pop(line[0].text, None)
            elif name in FOREIGN_DIRECTIVES:
                self.problem("directive", word)
            return at
        made, at = self.call(word, words, at, word, 0)
        self.source.words.extend(made)
        return at

    def include(self, word: Word, line: list[Word], depth: int) -> None:
        given = "".join(w.text for w in line).strip().strip('"<>')
        file = word.path.parent / given
        if depth >= _DEEPEST // 2:
            self.problem("circle", word)
        elif given and file.is_file():
            if file not in self.source.texts:
                self.source.texts[file] = _text(file)
            self.file(file, depth + 1)
        elif Path(given).name not in STANDARD_INCLUDES:
            self.problem("include", line[0] if line else word)

    def define(self, line: list[Word]) -> None:
        name, rest = line[0], line[1:]
        parameters = None
        if rest and rest[0].text == "(" and rest[0].start == name.start + len(name.text):
            close = next((k for k, w in enumerate(rest) if w.text == ")"), len(rest) - 1)
            parameters = tuple(w.text for w in rest[1:close] if w.kind == "name")
            rest = rest[close + 1 :]
        self.macros[name.text] = _Macro(parameters, tuple(rest))

    def call(self, word: Word, words: Sequence[Word], at: int, place: Word, depth: int) -> tuple[list[Word], int]:
        """Return the words of a macro call, and where the text goes on."""
        macro = self.macros.get(word.text[1:])
        if macro is None:
            self.problem("macro", place)
            return [Word("directive", word.text, place.path, place.line)], at
        arguments: list[list[Word]] = []
        if macro.parameters is not None:
            arguments, at = _arguments(words, at)
        if depth > _DEEPEST or self.made > _MOST_WORDS:
            self.problem("size", place)
            return [], at
        given = dict(zip(macro.parameters or (), arguments, strict=False))
        filled: list[Word] = []
        for part in macro.body:
            filled.extend(given[part.text] if part.kind == "name" and part.text in given else (part,))
        return self.expanded(filled, place, depth + 1), at

    def expanded(self, words: list[Word], place: Word, depth: int) -> list[Word]:
        """Return words with all macro calls among them done, standing at `place`."""
        made: list[Word] = []
        at = 0
        while at < len(words):
            word = words[at]
            at += 1
            if word.kind == "directive":
                inner, at = self.call(word, words, at, place, depth)
                made.extend(inner)
            elif word.kind != "newline":
                made.append(Word(word.kind, word.text, place.path, place.line, -1, place.start))
                self.made += 1
        return made


def _split(text: str, path: Path):
    """Yield the words of a text without its comments; newlines count as words."""
    line = 1
    for match in _WORD.finditer(strip_comments(text)):
        kind = str(match.lastgroup)
        if kind != "space":
            yield Word(kind, match[0], path, line, match.start())
        line += match[0].count("\n")


def _line(words: list[Word], at: int) -> tuple[list[Word], int]:
    """Return the words up to the end of the line, and where the next line starts."""
    end = at
    while end < len(words) and words[end].kind != "newline":
        end += 1
    return words[at:end], end


def _arguments(words: Sequence[Word], at: int) -> tuple[list[list[Word]], int]:
    """Return the arguments ``(a, b)`` of a macro call that start at `at`, and where the text goes on."""
    first = at
    while first < len(words) and words[first].kind == "newline":
        first += 1
    if first >= len(words) or words[first].text != "(":
        return [], at
    depth, arguments, here = 1, [[]], first + 1
    while here < len(words) and depth:
        word = words[here]
        depth += (word.text in ("(", "[", "{", "'{")) - (word.text in (")", "]", "}"))
        if depth == 1 and word.text == ",":
            arguments.append([])
        elif depth and word.kind != "newline":
            arguments[-1].append(word)
        here += 1
    return arguments, here


def _switch(name: str, wanted: str, conditions: list[tuple[bool, bool]], macros: dict[str, _Macro]) -> None:
    """Open, turn or close a conditional part of the text that depends on the macro `wanted`."""
    known = wanted in macros
    if name in ("ifdef", "ifndef"):
        reads = known == (name == "ifdef")
        conditions.append((reads, reads))
    elif conditions and name == "endif":
        conditions.pop()
    elif conditions:
        _, done = conditions[-1]
        reads = not done and (name == "else" or known)
        conditions[-1] = (reads, done or reads)
