"""Mechanical repairs of a Verilog-A file: what can be rewritten without knowing what the model means.

Every repair replaces text at the place of a word of the file itself; words that a macro made and included files stay.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from rramcirc.devices.veriloga.lexer import Word
from rramcirc.devices.veriloga.lint.currents import carrying_branch
from rramcirc.devices.veriloga.lint.finding import Finding
from rramcirc.devices.veriloga.lint.lint import Lint, lint
from rramcirc.devices.veriloga.lint.records import LintModule, Oddity
from rramcirc.devices.veriloga.lint.tree import Node, walk
from rramcirc.devices.veriloga.lint.words import (
    RESERVED,
    TAKEN_NAMES,
    bodies,
    free_name,
    free_variable,
    is_removable,
)
from rramcirc.devices.veriloga.text import INCLUDE, strip_comments

_MOST_PASSES = 20

_PARAMETER = re.compile(r"\b(?:local)?parameter(?:[ \t]++(?:real|integer|string)\b)?")
_BRANCH = re.compile(r"\bbranch\s*+\(\s*+\w++(\s*+,\s*+([\w$]++))\s*+\)")


@dataclass(frozen=True)
class Repair:
    """One repair: the text between two offsets becomes another; `what` says why, `line` where."""

    start: int
    end: int
    text: str
    line: int
    what: str


def repair(path: Path | str, target: Path | None = None) -> tuple[str, tuple[Repair, ...]]:
    """Return the text of a Verilog-A file with all mechanical repairs done, and what they were.

    Parameters
    ----------
    path
        The .va file; it is not changed.
    target
        Where the text will be written; relative includes are rewritten to it.

    Raises
    ------
    ModelCompileError
        If the file cannot be read.
    """
    text, done = repair_text(path, lint(path).source.text)
    if target is not None:
        text = move_includes(text, Path(path).parent, target.parent)
    return text, tuple(done)


def repair_text(path: Path | str, text: str, but: Sequence[str] = ()) -> tuple[str, list[Repair]]:
    """Return a text with all mechanical repairs done, and what they were.

    Parameters
    ----------
    path
        The .va file that it is the text of.
    text
        The text, which need not be what the disk holds.
    but
        Rules whose findings are left as they are.
    """
    done: list[Repair] = []
    for _ in range(_MOST_PASSES):  # a repair inside the text of another one is made in the next pass
        found = lint(path, text)
        repairs = _without_overlap(sorted(set(_repairs(found, but)), key=lambda r: (r.start, r.end)))
        for one in reversed(repairs):
            text = text[: one.start] + one.text + text[one.end :]
        done += repairs
        if not repairs:
            break
    return text, done


def move_includes(text: str, old: Path, new: Path) -> str:
    """Return a text whose includes of files beside it are still found from another folder."""

    def moved(match: re.Match[str]) -> str:
        file = old / match[1]
        if not os.path.isfile(file) or old.resolve() == new.resolve():
            return match[0]
        start, end = match.start(1) - match.start(), match.end(1) - match.start()
        name = Path(os.path.relpath(file.resolve(), new.resolve())).as_posix()
        return f"{match[0][:start]}{name}{match[0][end:]}"

    return INCLUDE.sub(moved, text)


def _without_overlap(repairs: list[Repair]) -> list[Repair]:
    """Drop repairs inside the text of another one."""
    kept: list[Repair] = []
    for one in repairs:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def _repairs(found: Lint, but: Sequence[str]) -> Iterator[Repair]:
    places = {
        (f.rule, f.offset) for f in found.findings if f.fixable and f.path == found.source.root and f.rule not in but
    }
    own = _Own(found)
    modules = [m for m in found.modules if own.is_own(m.at)]
    grounds = [r for m in modules for r in own.grounds(m)]
    if grounds:  # in a pass of their own: no other repair may cover a place where a ground net stands
        yield from grounds
        return
    for module in modules:
        yield from own.declarations(module, found.findings)
        for block in bodies(module):
            for node in walk(block):
                if node.at.start >= 0 and node.at.path == found.source.root:
                    yield from own.node(node, module, places)
    yield from own.directives()
    yield from own.numbers(places)


def unused_net_repairs(found: Lint) -> list[Repair]:
    """Return the repair that leaves out the first net that nothing reads or drives, none if there is no more.

    Parameters
    ----------
    found
        The lint of the file.
    """
    own = _Own(found)
    unused = {f.offset for f in found.findings if f.rule == "unused-net"}
    for name, word in ((n, w) for m in found.modules for n, (_, w) in m.nets.items()):
        if word.start in unused and own.is_own(word):
            return list(own.without_net(word, f"net {name} left out: nothing reads or drives it"))
    return []


class _Own:
    """Makes repairs in the text of the root file."""

    def __init__(self, found: Lint):
        self.found, self.text = found, found.source.text
        self.clean = strip_comments(self.text)
        self.branches: dict[str, list[re.Match[str]]] = {}
        for match in _BRANCH.finditer(self.clean):
            self.branches.setdefault(match[2], []).append(match)

    def replace(self, word: Word, text: str, what: str) -> Repair:
        return Repair(word.start, word.start + len(word.text), text, word.line, what)

    def insert(self, at: int, line: int, text: str, what: str) -> Repair:
        return Repair(at, at, text, line, what)

    # declarations

    def declarations(self, module: LintModule, findings: tuple[Finding, ...]) -> Iterator[Repair]:
        if module.name.lower() in TAKEN_NAMES:
            name = free_name(module.name)
            yield self.replace(module.at, name, f"module {module.name} is now {name}")
        for oddity in module.oddities:
            if oddity.kind == "range" and self.is_own(oddity.at):
                yield self.replace(oddity.at, ":", "colon in a range")
            elif oddity.kind == "attribute" and oddity.at.path == self.found.source.root:
                yield from self.moved_attribute(oddity)
        yield from self.keywords(module)
        head = module.header_end
        if self.is_own(head):
            missing = [p for p in module.ports if p not in module.directions]
            bare = [p for p in module.ports if p not in module.nets]
            text = f" inout {', '.join(missing)};" if missing else ""
            text += f" electrical {', '.join(bare)};" if bare else ""
            if text:
                yield self.insert(head.start + 1, head.line, text, "directions and disciplines of ports")
            yield from self.undeclared(module, head)
        yield from self.initializers(module, findings)

    def moved_attribute(self, oddity: Oddity) -> Iterator[Repair]:
        """Put an attribute in front of the declaration of its parameter, which gets a declaration of its own.

        Parameters
        ----------
        oddity
            Where it stands.
        """
        start, end = self.attribute(oddity.at)
        heads = list(_PARAMETER.finditer(self.clean, 0, start))
        if not heads or end <= start:
            return
        head, text = heads[-1], self.text[start:end]
        what = f"attribute of {oddity.detail} moved in front of its parameter"
        before = _top_commas(self.clean, head.end(), start)
        after = re.compile(r"\s*+,").match(self.clean, end)
        first, last = before[-1] if before else head.start(), after.end() if after else end
        own = self.text[first + 1 : start] if before else self.text[first:start]
        new = f"; {text} {head[0]}{own}" if before else f"{text} {own}"
        tail = f"; {head[0]}" if after else ""
        yield Repair(first, last, f"{new.rstrip()}{tail}", oddity.at.line, what)

    def keywords(self, module: LintModule) -> Iterator[Repair]:
        """Give variables that are called like a keyword another name."""
        for name in module.variables.keys() & RESERVED:
            new = free_variable(f"{name}_value", module)
            for word, following in pairwise(self.found.source.words):
                if word.text == name and word.kind == "name" and self.is_own(word) and following.text != "(":
                    yield self.replace(word, new, f"variable {name} is now {new}: {name} is a keyword")

    def grounds(self, module: LintModule) -> Iterator[Repair]:
        """Leave out ground nets: their declarations, and their names in branches and accesses."""
        for name, keyword in module.grounds.items():
            if not self.is_own(keyword) or not is_removable(name, module):
                continue
            what = f"ground net {name} left out"
            yield Repair(keyword.start, _behind(self.clean, ";", keyword.start), "", keyword.line, what)
            if name in module.nets and self.is_own(module.nets[name][1]):
                yield from self.without_net(module.nets[name][1], what)
            for match in self.branches.pop(name, ()):  # of all modules, so once
                yield Repair(*match.span(1), "", self.clean.count("\n", 0, match.start()) + 1, what)
            for node in (n for block in bodies(module) for n in walk(block) if module.is_access(n)):
                nets = [p.text for p in node.parts]
                if len(nets) != 2 or name not in nets or not self.is_own(node.at):
                    continue
                first, second = (p.at for p in node.parts)
                if nets[1] == name:
                    yield Repair(first.start + len(first.text), second.start + len(name), "", node.at.line, what)
                else:
                    text = f"(-{node.text}({nets[1]}))"
                    yield Repair(node.at.start, self.close_of(node.at.start), text, node.at.line, what)

    def without_net(self, word: Word, what: str) -> Iterator[Repair]:
        """Take one net out of the list that declares it."""
        start, end = word.start, word.start + len(word.text)
        before = self.clean[:start].rstrip()
        after = re.compile(r"\s*+,\s*+").match(self.clean, end)
        if before.endswith(","):
            yield Repair(len(before) - 1, end, "", word.line, what)
        elif after:
            yield Repair(start, after.end(), "", word.line, what)
        elif len(before) < start and (keyword := re.match(r"\w+", before[::-1])):
            yield Repair(len(before) - keyword.end(), _behind(self.clean, ";", end), "", word.line, what)

    def undeclared(self, module: LintModule, head: Word) -> Iterator[Repair]:
        """Declare variables that are assigned and declared nowhere."""
        known = module.variables.keys() | module.parameters.keys() | module.nets.keys()
        local = {p.text for b in module.analog for n in walk(b) if n.kind == "declare" for p in n.parts}
        names = dict.fromkeys(
            n.text for b in module.analog for n in walk(b)
            if n.kind == "assign" and n.parts[0].kind == "name" and n.text not in known | local
        )  # fmt: skip
        if names:
            text = f" real {', '.join(names)};"
            yield self.insert(head.start + 1, head.line, text, f"declaration of {', '.join(names)}")

    def initializers(self, module: LintModule, findings: tuple[Finding, ...]) -> Iterator[Repair]:
        """``real b = a;`` with a variable a becomes a declaration and an assignment."""
        lines = {f.line for f in findings if f.rule == "initializer" and f.fixable}
        blocks = [b for b in module.analog if b.kind == "block" and self.is_own(b.at)]
        moved = []
        for variable in module.variables.values():
            if variable.at.line not in lines or variable.start is None or not blocks or not self.is_own(variable.at):
                continue
            if not any(n.text in module.variables for n in walk(variable.start)):
                continue
            start = variable.at.start + len(variable.at.text)
            end = _end_of_value(self.clean, start)
            value = self.text[start:end].lstrip(" \t=").rstrip()
            moved.append(f" {variable.name} = {value};")
            yield Repair(
                start, end, "", variable.at.line, f"initial value of {variable.name} moved to the analog block"
            )
        if moved:
            begin = blocks[0].at
            label = re.compile(r"begin(\s*:\s*\w+)?").match(self.clean, begin.start)
            end = label.end() if label else begin.start + len("begin")
            yield self.insert(end, begin.line, "".join(moved), "assignments in place of initial values")

    # statements

    def node(self, node: Node, module: LintModule, places: set[tuple[str, int]]) -> Iterator[Repair]:
        here = node.at.start
        if node.kind == "event" and ("event", here) in places:
            close = self.close_of(node.at.start)
            yield Repair(node.at.start, close, "@(initial_step)", node.at.line, "one event")
        if node.text == "$realtime" and ("operator", here) in places:
            yield self.replace(node.at, "$abstime", "$abstime for $realtime, which openvaf-r does not know")
        if node.kind != "call" or node.text in module.functions:
            return
        close = self.close_of(node.at.start)
        if node.text in ("I", "flow") and ("current", here) in places:
            right = carrying_branch(node, module)
            text = f"({right})" if right.startswith("-") else right
            yield Repair(here, close, text, node.at.line, f"{right}: what was read is always 0")
            return
        inner = self.text[_behind(self.clean, "(", node.at.start) : close - 1]
        if node.text in ("exp", "sinh", "cosh") and ("exponential", here) in places:
            yield Repair(node.at.start, close, _limited(node.text, inner), node.at.line, f"{node.text} with limexp")
        elif node.text == "analysis" and ("analysis", here) in places and len(node.parts) == 1:
            yield Repair(node.at.start, close, "($abstime <= 0.0)", node.at.line, "analysis by $abstime")
        elif node.text == "idt" and ("idt", here) in places and len(node.parts) == 2:
            comma = _last_comma(self.clean[node.at.start : close])
            call = self.text[node.at.start : close]
            text = f"({call[comma + 1 : -1].strip()} + {call[:comma]}, 0.0))"
            yield Repair(node.at.start, close, text, node.at.line, "initial condition outside of idt")

    def directives(self) -> Iterator[Repair]:
        for problem in self.found.source.problems:
            if problem.kind == "directive" and self.is_own(problem.word):
                yield self.insert(problem.word.start, problem.word.line, "// ", f"{problem.word.text} left out")

    def numbers(self, places: set[tuple[str, int]]) -> Iterator[Repair]:
        words = self.found.source.words
        for k, word in enumerate(words):
            if word.kind != "number" or not self.is_own(word) or ("number", word.start) not in places:
                continue
            end = word.start + len(word.text)
            if word.text.startswith("."):
                yield self.replace(word, f"0{word.text}", "digit in front of the point")
            elif re.match(r"\d+\.[eE]", word.text):
                yield self.replace(word, word.text.replace(".", ".0", 1), "digit behind the point")
            elif k + 1 < len(words) and words[k + 1].start == end and words[k + 1].text.lower() == "meg":
                yield self.replace(words[k + 1], "M", "M for meg")

    def attribute(self, word: Word) -> tuple[int, int]:
        """Return where an attribute stands: ``(* ... *)``, or the macro call that makes it."""
        if word.start >= 0:
            end = self.clean.find("*)", word.start)
            return word.start, end + 2 if end >= 0 else word.start
        call = re.compile(r"`\w+[ \t]*(\()?").match(self.clean, word.origin)
        if call is None:
            return 0, 0
        return word.origin, self.close_of(word.origin) if call[1] else call.end()

    def is_own(self, word: Word) -> bool:
        return word.start >= 0 and word.path == self.found.source.root

    def close_of(self, start: int) -> int:
        """Return the offset behind the bracket that closes the first one after `start`."""
        depth = 0
        for k in range(_behind(self.clean, "(", start) - 1, len(self.clean)):
            depth += (self.clean[k] == "(") - (self.clean[k] == ")")
            if depth == 0:
                return k + 1
        return len(self.clean)


def _top_commas(text: str, start: int, end: int) -> list[int]:
    """Return the commas between two offsets that stand outside of brackets."""
    depth, found = 0, []
    for k in range(start, end):
        depth += (text[k] in "([{") - (text[k] in ")]}")
        if depth == 0 and text[k] == ",":
            found.append(k)
    return found


def _behind(text: str, letter: str, start: int) -> int:
    """Return the offset behind the next such letter, the end of the text if there is none."""
    at = text.find(letter, start)
    return at + 1 if at >= 0 else len(text)


def _limited(function: str, argument: str) -> str:
    if function == "exp":
        return f"limexp({argument})"
    sign = "-" if function == "sinh" else "+"
    return f"(0.5*(limexp({argument}) {sign} limexp(-({argument}))))"


def _last_comma(call: str) -> int:
    """Return the offset of the comma between two arguments of a call."""
    depth = 0
    for k, letter in enumerate(call):
        depth += (letter in "([{") - (letter in ")]}")
        if depth == 1 and letter == ",":
            return k
    return len(call)


def _end_of_value(text: str, start: int) -> int:
    """Return where an initial value ends: at a comma or semicolon outside of brackets."""
    depth = 0
    for k in range(start, len(text)):
        depth += (text[k] in "([{") - (text[k] in ")]}")
        if depth == 0 and text[k] in ",;":
            return k
    return len(text)
