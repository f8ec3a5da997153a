"""Reads statements and expressions of Verilog-A into a tree, for the lint.

What cannot be understood becomes a node of kind ``lost`` and reading goes on behind the next semicolon.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rramcirc.devices.veriloga.lexer import Word
from rramcirc.devices.veriloga.lint.tree import STRENGTH, Node

_DEEPEST = 400  # of brackets and statements inside one another, and of operators in a row
_ENDS = frozenset({"end", "endcase", "endmodule", "endfunction", "endgenerate", "module", "macromodule", "analog"})
_CASES = frozenset({"case", "casex", "casez"})
_KINDS = frozenset({"real", "integer", "string", "genvar", "parameter", "localparam", "reg", "wire"})


class Lost(Exception):
    """The words do not make sense at the present place."""


class Reader:
    """Walks over words; subclasses and callers use `peek`, `take` and the parsers below."""

    def __init__(self, words: list[Word], root: Path):
        self.words, self.at, self.depth = words, 0, 0
        self.end = Word("end", "", words[-1].path if words else root, words[-1].line if words else 1)

    def word(self, ahead: int = 0) -> Word:
        """Return a word ahead, or the end."""
        where = self.at + ahead
        return self.words[where] if where < len(self.words) else self.end

    def peek(self, ahead: int = 0) -> str:
        """Return the text of a word ahead."""
        return self.word(ahead).text

    def take(self, expected: str = "") -> Word:
        """Take the next word."""
        word = self.word()
        if word is self.end or (expected and word.text != expected):
            raise Lost
        self.at += 1
        return word

    def take_name(self) -> Word:
        """Take a name."""
        if self.word().kind != "name":
            raise Lost
        return self.take()

    def skip_to(self, *ends: str) -> list[Word]:
        """Take words up to one of `ends` outside brackets; the end stays."""
        taken, depth = [], 0
        while (word := self.word()) is not self.end and (depth > 0 or word.text not in ends):
            if word.text in ("endmodule", "endfunction") and word.kind == "name":
                break
            depth += (word.text in ("(", "[", "{", "'{")) - (word.text in (")", "]", "}"))
            taken.append(self.take())
        return taken

    def skip_attributes(self) -> None:
        """Skip ``(* ... *)``."""
        while self.peek() == "(*":
            while self.word() is not self.end and self.take().text != "*)":
                pass

    def _deeper(self, parse: Callable[[], Node]) -> Node:
        if self.depth >= _DEEPEST:
            raise Lost
        self.depth += 1
        try:
            return parse()
        finally:
            self.depth -= 1

    # expressions

    def expression(self, strength: int = 0) -> Node:
        """Read an expression of operators that bind at least as strongly as `strength`."""
        return self._deeper(lambda: self._expression(strength))

    def _expression(self, strength: int) -> Node:
        left = self._unary()
        length = 0
        while (power := STRENGTH.get(self.peek(), 0)) > strength and self.word().kind == "symbol":
            word = self.take()
            length += 1
            if length > _DEEPEST:
                raise Lost
            left = Node("binary", word.text, (left, self.expression(power)), word)
        if strength == 0 and self.peek() == "?":
            word = self.take()
            first = self.expression()
            self.take(":")
            left = Node("ternary", "?", (left, first, self.expression()), word)
        return left

    def _unary(self) -> Node:
        word = self.word()
        if word.kind == "symbol" and word.text in ("+", "-", "!", "~"):
            self.take()
            return Node("unary", word.text, (self.expression(11),), word)
        return self._primary()

    def _primary(self) -> Node:
        word = self.take()
        if word.text == "(":
            inner = self.expression()
            self.take(")")
            return inner
        if word.text in ("{", "'{"):
            return Node("list", word.text, tuple(self._arguments("}")), word)
        if word.text == "<" and self.word().kind == "name" and self.peek(1) == ">":  # I(<port>)
            port = self.take()
            self.take(">")
            return Node("port", port.text, (), port)
        if word.kind in ("number", "string"):
            return Node(word.kind, word.text, (), word)
        if word.kind not in ("name", "directive") or word.text in _ENDS:
            raise Lost
        node = Node("name", word.text, (), word)
        while self.peek() in ("(", "[", "."):
            if self.peek() == "(":
                self.take()
                node = Node("call", node.text, tuple(self._arguments(")")), word)
            elif self.peek() == "[":
                self.take()
                node = Node("index", node.text, (node, *self._index()), word)
            else:
                self.take()
                node = Node("name", f"{node.text}.{self.take_name().text}", (), word)
        return node

    def _arguments(self, close: str) -> list[Node]:
        found: list[Node] = []
        while self.peek() != close:
            if self.peek() == ",":  # an argument left out
                self.take()
                continue
            found.append(self.expression())
            if self.peek() not in (",", close):
                raise Lost
        self.take(close)
        return found

    def _index(self) -> list[Node]:
        found = [self.expression()]
        if self.peek() == ":":
            self.take()
            found.append(self.expression())
        self.take("]")
        return found

    # statements

    def statement(self) -> Node:
        """Read one statement; never raises, and takes at least one word unless the block ends here."""
        self.skip_attributes()
        start = self.at
        word = self.word()
        depth = self.depth
        try:
            return self._deeper(self._statement)
        except Lost:
            self.depth = depth
            self.skip_to(";", *_ENDS)
            if self.peek() == ";" or (self.at == start and self.word() is not self.end):
                self.take()
            return Node("lost", word.text, (), word)

    def _statement(self) -> Node:
        word = self.word()
        text = word.text
        if text == ";":
            return Node("null", "", (), self.take())
        if word.kind == "name":
            if text == "begin":
                return self._block()
            branching = {"if": self._if, "while": self._while, "repeat": self._repeat, "for": self._for}
            if text in branching:
                return branching[text]()
            if text in _CASES:
                return self._case()
            if text in _KINDS:
                return self._declaration()
            if text in _ENDS or text == "else":
                raise Lost
        if text == "@":
            return self._event()
        return self._simple()

    def _block(self) -> Node:
        word = self.take("begin")
        label = ""
        if self.peek() == ":":
            self.take()
            label = self.take_name().text
        parts = []
        while self.peek() != "end":
            if self.word() is self.end or self.peek() in ("endmodule", "endfunction"):
                break
            parts.append(self.statement())
        else:
            self.take()
        return Node("block", label, tuple(parts), word)

    def _condition(self) -> Node:
        self.take("(")
        found = self.expression()
        self.take(")")
        return found

    def _if(self) -> Node:
        word = self.take()
        parts = [self._condition(), self.statement()]
        if self.peek() == "else":
            self.take()
            parts.append(self.statement())
        return Node("if", "if", tuple(parts), word)

    def _while(self) -> Node:
        word = self.take()
        return Node("while", "while", (self._condition(), self.statement()), word)

    def _repeat(self) -> Node:
        word = self.take()
        return Node("repeat", "repeat", (self._condition(), self.statement()), word)

    def _for(self) -> Node:
        word = self.take()
        self.take("(")
        first = self._assignment()
        self.take(";")
        condition = self.expression()
        self.take(";")
        step = self._assignment()
        self.take(")")
        return Node("for", "for", (first, condition, step, self.statement()), word)

    def _case(self) -> Node:
        word = self.take()
        parts = [self._condition()]
        while self.peek() != "endcase":
            at = self.word()
            if at is self.end or at.text in ("end", "endmodule", "endfunction"):
                raise Lost
            labels = []
            if self.peek() == "default":
                self.take()
                if self.peek() == ":":
                    self.take()
            else:
                labels.append(self.expression())
                while self.peek() == ",":
                    self.take()
                    labels.append(self.expression())
                self.take(":")
            parts.append(Node("item", "", (*labels, self.statement()), at))
        self.take()
        return Node("case", "case", tuple(parts), word)

    def _event(self) -> Node:
        """``@(initial_step) ...``; `text` has the names of the events, joined by "or"."""
        word = self.take("@")
        events: list[Node] = []
        if self.peek() == "(":
            self.take()
            while self.peek() != ")":
                events.append(self.expression())
                if self.peek() in ("or", ","):
                    self.take()
            self.take(")")
        else:
            events.append(self.expression())
        names = " or ".join(e.text for e in events)
        return Node("event", names, (*events, self.statement()), word)

    def _declaration(self) -> Node:
        word = self.take()
        if word.text in ("parameter", "localparam") and self.peek() in ("real", "integer", "string"):
            self.take()
        names = []
        while self.peek() != ";":
            name = self.take_name()
            names.append(Node("name", name.text, (), name))
            if self.peek() == "=":
                self.take()
                names[-1] = Node("start", name.text, (self.expression(),), name)
            self.skip_to(",", ";")
            if self.peek() == ",":
                self.take()
        self.take(";")
        return Node("declare", word.text, tuple(names), word)

    def _assignment(self) -> Node:
        target = self._primary()
        word = self.take("=")
        return Node("assign", target.text, (target, self.expression()), word)

    def _simple(self) -> Node:
        """An assignment, a contribution, an indirect contribution or a call."""
        target = self._primary()
        word = self.word()
        kinds = {"=": "assign", "<+": "contribute", ":": "indirect"}
        if word.text in kinds and word.kind == "symbol":
            self.take()
            node = Node(kinds[word.text], target.text, (target, self.expression()), target.at)
        elif target.kind == "call" or target.text.startswith("$"):
            node = Node("task", target.text, (target,), target.at)
        else:
            raise Lost
        if self.peek() == ";":
            self.take()
        elif self.peek() not in ("end", "else"):
            raise Lost
        return node
