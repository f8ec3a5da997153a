"""The preprocessor of Verilog-A: words of a file with its includes, conditions and macros done, nothing refused.

What is wrong becomes a problem and reading goes on, because the lint has to see the rest too; who needs a text without
fault looks at the problems. No file is read here: `source_files` has found them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rramcirc.basics.arguments import file_name
from rramcirc.devices.veriloga.lexer import Word, split
from rramcirc.devices.veriloga.text import source_files

# Files that the compiler brings along; `include of these is no dependence on a file of the user.
STANDARD_INCLUDES = frozenset(
    {"disciplines.vams", "constants.vams", "disciplines.h", "constants.h", "discipline.h", "driver_access.vams",
     "disciplines.va", "constants.va", "std.va"}
)  # fmt: skip

# What the compiler's constants.vams defines (values as openvaf-r expands them).
STANDARD_MACROS = {
    "M_PI": "3.14159265358979323846", "M_TWO_PI": "6.28318530717958647693", "M_E": "2.7182818284590452354",
    "M_LN2": "0.69314718055994530942", "M_LN10": "2.30258509299404568402", "M_SQRT2": "1.41421356237309504880",
    "P_Q": "1.602176462e-19", "P_C": "2.99792458e8", "P_K": "1.3806503e-23", "P_H": "6.62606876e-34",
    "P_EPS0": "8.854187817e-12", "P_CELSIUS0": "273.15",
}  # fmt: skip
# What openvaf-r defines by itself (tried).
_PREDEFINED = ("__OPENVAF__", "__VAMS__", "__VAMS_COMPACT_MODELING__")
_CONDITIONS = frozenset({"ifdef", "ifndef", "elsif", "else", "endif"})
# Directives of Verilog that openvaf-r takes for unknown macros.
FOREIGN_DIRECTIVES = frozenset(
    {"timescale", "default_discipline", "default_transition", "default_nodetype", "resetall", "begin_keywords",
     "end_keywords", "line", "pragma", "celldefine", "endcelldefine", "nounconnected_drive", "unconnected_drive"}
)  # fmt: skip
_MOST_WORDS = 300_000  # made by macros; models of transistors have up to 150,000
_MOST_PROBLEMS = 1000
_DEEPEST_MACRO, _DEEPEST_FILE = 64, 32


class Problem(NamedTuple):
    """Something the preprocessor could not do: `kind` is include, macro, directive, circle or size.

    `file` is the one that an include names; ``None`` for the other kinds.
    """

    kind: str
    word: Word
    file: Path | None = None


class Source(NamedTuple):
    """A Verilog-A file and what it may include: `texts` by file, `words` of all, `problems` on the way."""

    root: Path
    texts: dict[Path, str]
    words: list[Word]
    problems: list[Problem]

    @property
    def text(self) -> str:
        """Text of the root file."""
        return self.texts[self.root]


def read_source(path: Path | str, text: str | None = None) -> Source:
    """Read a Verilog-A file exactly as it is, with everything it includes; for the lint.

    Parameters
    ----------
    path
        The file.
    text
        What stands in it, if that is not what the disk holds.

    Raises
    ------
    ModelCompileError
        If a file cannot be read.
    """
    return preprocess(source_files(file_name(path, "lint"), text, exact=True))


def preprocess(files: Sequence[tuple[Path, str]]) -> Source:
    """Return the words of a Verilog-A file.

    Parameters
    ----------
    files
        Path and text of the file, and behind it those of the files that it may include, as from `source_files`.
    """
    source = Source(files[0][0], dict(files), [], [])
    _Expander(source).file(source.root, 0)
    return source


class _Macro(NamedTuple):
    """A macro: its parameters (``None`` if it takes none) and its words, not yet expanded."""

    parameters: tuple[str, ...] | None
    body: tuple[Word, ...]


class _Expander:
    """Walks through files; `macros` and the open conditions go on from file to file."""

    def __init__(self, source: Source):
        self.source, self.made, self.too_deep = source, 0, 0
        self.macros: dict[str, _Macro] = {
            name: _Macro(None, (Word("number", value, source.root, 0),)) for name, value in STANDARD_MACROS.items()
        } | {name: _Macro(None, (Word("number", "1", source.root, 0),)) for name in _PREDEFINED}

    def problem(self, kind: str, word: Word, file: Path | None = None) -> None:
        if len(self.source.problems) < _MOST_PROBLEMS:
            self.source.problems.append(Problem(kind, word, file))

    def is_too_deep(self, depth: int, deepest: int) -> bool:
        """Return whether to go no deeper; what calls itself twice would reach the bottom 2**deepest times."""
        self.too_deep += depth > deepest
        return depth > deepest or self.too_deep > _MOST_PROBLEMS

    def file(self, path: Path, depth: int) -> None:
        """Append the words of a file."""
        words = split(self.source.texts[path], path)
        open_conditions: list[tuple[bool, bool]] = []  # (this branch is read, one was read)
        active = True
        at = 0
        while at < len(words):
            word = words[at]
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
                active = all(now for now, _ in open_conditions)
            elif not active:
                if name == "define":
                    _, at = _line(words, at)
            else:
                at = self.directive(word, words, at, depth)

    def directive(self, word: Word, words: list[Word], at: int, depth: int) -> int:
        """Do what an active directive says; return where to go on."""
        name = word.text[1:]
        if name == "include":
            named = _file_name(words, at)
            self.include(word, named, depth)
            return at + len(named)
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
        if self.is_too_deep(depth + 1, _DEEPEST_FILE):
            self.problem("circle", word, file)
        elif file in self.source.texts:
            self.file(file, depth + 1)
        elif file.name not in STANDARD_INCLUDES:
            self.problem("include", line[0] if line else word, file)

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
        if self.is_too_deep(depth, _DEEPEST_MACRO) or self.made > _MOST_WORDS:
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


def _file_name(words: list[Word], at: int) -> list[Word]:
    """Return the words that name the file of an include: a string, or all up to ``>`` or the next directive."""
    end = at
    while end < len(words) and words[end].kind != "newline" and (end == at or words[end].kind != "directive"):
        end += 1
        if words[end - 1].kind == "string" or words[end - 1].text == ">":
            break
    return words[at:end]


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
    arguments: list[list[Word]] = [[]]
    depth, here = 1, first + 1
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
