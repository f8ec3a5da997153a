"""Reads the declarations of a Verilog-A file; what a module computes is skipped."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from rramcirc.basics.arguments import file_name
from rramcirc.basics.errors import ModelCompileError
from rramcirc.devices.veriloga.constants import evaluate, expression_text
from rramcirc.devices.veriloga.declarations import Interval, Module, OpVariable, Parameter
from rramcirc.devices.veriloga.lexer import Word
from rramcirc.devices.veriloga.preprocessor import Problem, preprocess
from rramcirc.devices.veriloga.text import source_files


def read_modules(path: Path | str) -> tuple[Module, ...]:
    """Read the declarations of every module in a Verilog-A file.

    Parameters
    ----------
    path
        The .va file.

    Returns
    -------
    tuple of Module
        In the order of the file.

    Raises
    ------
    ModelCompileError
        If the file cannot be read, holds no module, or a declaration cannot be understood; with file and line.
    """
    path = file_name(path, "read_modules")
    return _parse(source_files(path))


@lru_cache(maxsize=256)
def _parse(files: tuple[tuple[Path, str], ...]) -> tuple[Module, ...]:
    root, text = files[0]
    source = preprocess(files)
    for problem in source.problems:
        _refuse(problem)
    modules = tuple(
        m if m.description else replace(m, description=_headline(text, m.name))
        for m in _Reader(source.words, root).modules()
    )
    if not modules:
        last = text.count("\n") + (not text.endswith("\n"))
        raise ModelCompileError(
            f"{root}:{last}: the file ends and no module was declared. Expected 'module name(...);'."
        )
    return modules


def _refuse(problem: Problem) -> None:
    """Raise where words are missing: a declaration may stand among them. Unknown macros and directives are no harm."""
    place = f"{problem.word.path}:{problem.word.line}"
    if problem.kind == "include":
        raise ModelCompileError(f"{place}: there is no file {problem.file} to include.")
    if problem.kind == "circle":
        raise ModelCompileError(f"{problem.file}: files include one another in a circle.")
    if problem.kind == "size":
        raise ModelCompileError(f"{place}: macros call one another without end, or make too many words.")


def _headline(text: str, name: str) -> str:
    """Return the text of a comment line ``// name: text``; empty if there is none."""
    match = re.search(rf"^//\s*{re.escape(name)}\s*:\s*(.+)$", text, re.MULTILINE)
    return match[1].strip() if match else ""


class _Reader:
    """Walks over words; everything it does not know inside a module is skipped to the next semicolon."""

    def __init__(self, words: list[Word], root: Path):
        self.words, self.root, self.at = words, root, 0

    def peek(self, ahead: int = 0) -> str:
        where = self.at + ahead
        return self.words[where].text if where < len(self.words) else ""

    def take(self, expected: str = "") -> Word:
        if self.at >= len(self.words):
            last = self.words[-1] if self.words else Word("symbol", "", self.root, 1)
            raise ModelCompileError(f"{last.path}:{last.line}: the file ends inside a declaration.")
        word = self.words[self.at]
        if expected and word.text != expected:
            raise ModelCompileError(f"{word.path}:{word.line}: expected {expected!r}, found {word.text!r}.")
        self.at += 1
        return word

    def take_name(self) -> Word:
        word = self.take()
        if word.kind != "name":
            raise ModelCompileError(f"{word.path}:{word.line}: expected a name, found {word.text!r}.")
        return word

    def take_until(self, *ends: str) -> list[Word]:
        """Take words up to one of `ends` outside brackets; the end stays."""
        depth, taken = 0, []
        while depth or self.peek() not in ends:
            word = self.take()
            depth += (word.text in ("(", "[", "{", "'{")) - (word.text in (")", "]", "}"))
            taken.append(word)
        return taken

    def attributes(self) -> dict[str, str]:
        """Take all ``(* name = value, ... *)`` that stand here."""
        found: dict[str, str] = {}
        while self.peek() == "(*":
            self.take()
            while self.peek() != "*)":
                name = self.take().text
                found[name] = ""
                if self.peek() == "=":
                    self.take()
                    found[name] = "".join(_unquote(w.text) for w in self.take_until(",", "*)"))
                if self.peek() == ",":
                    self.take()
            self.take("*)")
        return found

    def modules(self) -> tuple[Module, ...]:
        modules = []
        while self.at < len(self.words):
            attributes = self.attributes()
            if self.peek() in ("module", "macromodule"):
                modules.append(self.module(attributes))
            elif self.at < len(self.words):
                self.take()
        return tuple(modules)

    def module(self, attributes: dict[str, str]) -> Module:
        start = self.take()
        name = self.take_name().text
        body = _Body(self)
        if self.peek() == "(":
            body.port_list()
        self.take(";")
        while self.peek() != "endmodule":
            if self.at >= len(self.words):
                raise ModelCompileError(f"{start.path}:{start.line}: module {name} has no endmodule.")
            body.item(self.attributes())
        self.take("endmodule")
        nodes = tuple(n for n in body.nodes if n not in body.ports and n not in body.grounds)
        return Module(
            name, self.root, tuple(body.ports), nodes, body.parameters, body.op_variables,
            attributes.get("desc", ""), start.line,
        )  # fmt: skip


def _unquote(text: str) -> str:
    if len(text) < 2 or text[0] != '"':
        return text
    return text[1:-1].replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")


def _number(value: Any, kind: str) -> float | int | None:
    """Return the value of a constant expression as a parameter of its kind has it: integers are rounded."""
    if value is None or kind == "real":
        return None if value is None else float(value)
    return math.floor(value + 0.5) if math.isfinite(value) else None


_DIRECTIONS = ("inout", "input", "output")
_NOT_NODES = frozenset({"branch", "genvar", "event", "aliasparam", "defparam", "generate", "initial", "analog"})


class _Body:
    """Collects the declarations of one module."""

    def __init__(self, reader: _Reader):
        self.reader = reader
        self.ports: list[str] = []
        self.nodes: list[str] = []
        self.grounds: set[str] = set()
        self.parameters: dict[str, Parameter] = {}
        self.op_variables: dict[str, OpVariable] = {}

    def port_list(self) -> None:
        """Take ``(a, b)`` or ``(inout electrical a, b)``."""
        reader = self.reader
        reader.take("(")
        while reader.peek() != ")":
            reader.attributes()
            words = [w.text for w in reader.take_until(",", ")") if w.kind == "name"]
            if words:
                self.ports.append(words[-1])
            if reader.peek() == ",":
                reader.take()
        reader.take(")")

    def item(self, attributes: dict[str, str]) -> None:
        reader, word = self.reader, self.reader.peek()
        if word in ("parameter", "localparam"):
            self.parameter(attributes)
        elif word in ("real", "integer", "string"):
            self.variables(attributes)
        elif word == "analog":
            self.analog()
        elif word in _DIRECTIONS:
            reader.take_until(";")
            reader.take(";")
        elif word and word not in _NOT_NODES and reader.peek(1).isidentifier() and reader.peek(2) in (",", ";"):
            reader.take()  # the discipline, or ground
            names = [w.text for w in reader.take_until(";") if w.kind == "name"]
            reader.take(";")
            (self.grounds.update if word == "ground" else self.nodes.extend)(names)
        else:
            reader.take_until(";", "endmodule")
            if reader.peek() == ";":
                reader.take()

    def variables(self, attributes: dict[str, str]) -> None:
        reader = self.reader
        reader.take()
        while reader.peek() != ";":
            name = reader.take_name().text
            reader.take_until(",", ";")
            if reader.peek() == ",":
                reader.take()
            if "desc" in attributes or "units" in attributes:
                known = (attributes.get(key, "") for key in ("units", "desc", "lower", "upper"))
                self.op_variables[name] = OpVariable(name, *known)
        reader.take(";")

    def parameter(self, attributes: dict[str, str]) -> None:
        reader = self.reader
        local = reader.take().text == "localparam"
        kind = "real"
        if reader.peek() in ("real", "integer", "string"):
            kind = reader.take().text
        while reader.peek() != ";":
            name = reader.take_name()
            reader.take("=")
            default = reader.take_until("from", "exclude", ",", ";")
            ranges, choices = self.ranges()
            if not local:
                self.parameters[name.text] = self.made(name, kind, default, ranges, choices, attributes)
            if reader.peek() == ",":
                reader.take()
        reader.take(";")

    def made(
        self, name: Word, kind: str, default: list[Word], ranges: list[Interval], choices: list[str],
        attributes: dict[str, str],
    ) -> Parameter:  # fmt: skip
        text = expression_text(default)
        earlier = {k: p.default for k, p in self.parameters.items()}
        value = _unquote(text) if kind == "string" else _number(evaluate(text, earlier), kind)
        return Parameter(
            name.text, kind, value, attributes.get("units", ""), attributes.get("desc", ""),
            attributes.get("type") == "instance", tuple(ranges), name.line, text, tuple(choices),
        )  # fmt: skip

    def ranges(self) -> tuple[list[Interval], list[str]]:
        reader, ranges, choices = self.reader, [], []
        while reader.peek() in ("from", "exclude"):
            exclude = reader.take().text == "exclude"
            if reader.peek() == "'{":
                reader.take()
                choices += [_unquote(w.text) for w in reader.take_until("}") if w.kind == "string"]
                reader.take("}")
            elif reader.peek() in ("[", "("):
                low_closed = reader.take().text == "["
                low = expression_text(reader.take_until(":"))
                reader.take(":")
                high = expression_text(reader.take_until("]", ")"))
                ranges.append(Interval(low, high, low_closed, reader.take().text == "]", exclude))
            else:
                point = expression_text(reader.take_until("from", "exclude", ",", ";"))
                ranges.append(Interval(point, point, True, True, exclude))
        return ranges, choices

    def analog(self) -> None:
        """Skip ``analog ...``: a function, a block, or one statement with its ``else``."""
        reader = self.reader
        reader.take("analog")
        if reader.peek() == "function":
            while reader.take().text != "endfunction":
                pass
            return
        depth = 0
        while True:
            word = reader.take().text
            depth += (word in ("begin", "case", "casex", "casez")) - (word in ("end", "endcase"))
            if word in ("endmodule",):
                reader.at -= 1
                return
            if depth == 0 and word in (";", "end", "endcase") and reader.peek() != "else":
                return
