"""What the modules of a Verilog-A file declare and do, for the lint."""

from __future__ import annotations

from rramcirc.devices.veriloga.lexer import Word
from rramcirc.devices.veriloga.lint.parser import Lost, Reader
from rramcirc.devices.veriloga.lint.records import (
    STANDARD_ACCESSES,
    STANDARD_FLOWS,
    Function,
    LintModule,
    LintParameter,
    Oddity,
    Variable,
)
from rramcirc.devices.veriloga.lint.tree import Node
from rramcirc.devices.veriloga.preprocessor import Source

_DIRECTIONS = ("inout", "input", "output")
_TYPES = ("real", "integer", "string", "time", "realtime")
_DIGITAL = frozenset({"always", "initial", "assign", "reg", "logic", "wreal", "always_comb", "always_ff", "task"})


def read_lint_modules(source: Source) -> list[LintModule]:
    """Return the modules of a source, as far as they can be understood."""
    return _Modules(source).modules()


class _Modules(Reader):
    def __init__(self, source: Source):
        super().__init__(source.words, source.root)
        self.accesses: dict[str, str] = {}  # of natures
        self.flows: set[str] = set()  # natures of flows

    def modules(self) -> list[LintModule]:
        found = []
        while self.word() is not self.end:
            self.skip_attributes()
            if self.peek() == "nature":
                self.nature()
            elif self.peek() == "discipline":
                self.discipline()
            elif self.peek() in ("module", "macromodule") and self.word(1).kind == "name":
                found.append(self.module())
            elif self.word() is not self.end:
                self.take()
        return found

    def nature(self) -> None:
        self.take()
        name = self.peek()
        while self.word() is not self.end and self.peek() != "endnature":
            if self.take().text == "access" and self.peek() == "=":
                self.take()
                self.accesses[name] = self.peek()

    def discipline(self) -> None:
        while self.word() is not self.end and self.peek() not in ("enddiscipline", "module", "macromodule"):
            if self.take().text == "flow":
                self.flows.add(self.peek())

    def module(self) -> LintModule:
        self.take()
        name = self.take_name()
        accesses = STANDARD_ACCESSES.union(self.accesses.values())
        flows = STANDARD_FLOWS | {access for nature, access in self.accesses.items() if nature in self.flows}
        module = LintModule(name.text, name, name, accesses=accesses, flows=flows)
        items = _Items(self, module)
        items.header()
        while self.word() is not self.end and self.peek() not in ("endmodule", "module", "macromodule"):
            items.item()
        return module


class _Items:
    """Reads the items of one module."""

    def __init__(self, reader: _Modules, module: LintModule):
        self.reader, self.module = reader, module

    def odd(self, kind: str, at: Word, detail: str = "") -> None:
        self.module.oddities.append(Oddity(kind, at, detail))

    def header(self) -> None:
        """Take ``(a, b);`` or ``(inout electrical a, b);``, also after ``#(...)``."""
        reader, module = self.reader, self.module
        if reader.peek() == "#":
            self.odd("header", reader.take())
            reader.skip_to("(", ";")
            reader.skip_to(";") if reader.peek(1) == "parameter" else None
        if reader.peek() == "(":
            reader.take()
            direction = discipline = ""
            while reader.word() is not reader.end and reader.peek() not in (")", ";", "endmodule"):
                reader.skip_attributes()
                words = reader.skip_to(",", ")")
                names = [w for w in words if w.kind == "name"]
                if any(w.text == "[" for w in words):
                    self.odd("vector", words[0], names[-1].text if names else "")
                if len(names) > 1:
                    direction = names[0].text if names[0].text in _DIRECTIONS else direction
                    discipline = next((n.text for n in names[:-1] if n.text not in _DIRECTIONS), discipline)
                if names:
                    self.port(names[-1], direction, discipline)
                if reader.peek() != ",":
                    break
                reader.take()
            reader.skip_to(";")
        module.header_end = reader.word()
        if reader.peek() == ";":
            reader.take()

    def port(self, name: Word, direction: str, discipline: str) -> None:
        self.module.ports.append(name.text)
        if direction:
            self.module.directions[name.text] = direction
        if discipline:
            self.module.nets[name.text] = (discipline, name)

    def item(self) -> None:
        """Take one item; always takes at least one word."""
        reader = self.reader
        reader.skip_attributes()
        start, word = reader.at, reader.word()
        try:
            self.known(word)
        except Lost:
            reader.skip_to(";")
        if reader.at == start and reader.word() is not reader.end and reader.peek() != "endmodule":
            reader.take()

    def known(self, word: Word) -> None:
        reader, text = self.reader, word.text
        if text == ";":
            reader.take()
        elif text in ("parameter", "localparam"):
            self.parameters()
        elif text in _TYPES:
            self.variables()
        elif text == "analog":
            self.analog()
        elif text == "branch":
            self.branch()
        elif text in _DIRECTIONS:
            self.directions()
        elif text in ("genvar", "generate"):
            self.odd("genvar", word, text)
            reader.take()
            if text == "genvar":
                reader.skip_to(";")
        elif text in _DIGITAL:
            self.odd("digital", word, text)
            reader.skip_to(";")
        elif word.kind == "name":
            self.nets()
        else:
            raise Lost

    def directions(self) -> None:
        reader = self.reader
        direction = reader.take().text
        discipline = ""
        words = reader.skip_to(";")
        if any(w.text == "[" for w in words):
            self.odd("vector", words[0], "".join(w.text for w in words))
        if len(words) > 1 and words[0].kind == "name" and words[1].kind == "name":
            discipline = words[0].text
            words = words[1:]
        for word in words:
            if word.kind == "name":
                self.module.directions[word.text] = direction
                if discipline:
                    self.module.nets[word.text] = (discipline, word)

    def nets(self) -> None:
        """``electrical a, b;``, ``ground gnd;``, or an instance of another module."""
        reader, module = self.reader, self.module
        first = reader.take()
        if reader.peek() == "#" or (reader.word().kind == "name" and reader.peek(1) == "("):
            self.odd("instance", first, first.text)
            reader.skip_to(";")
            return
        if reader.word().kind != "name" and reader.peek() != "[":
            raise Lost
        words = reader.skip_to(";")
        if any(w.text == "[" for w in words):
            self.odd("vector", first, "".join(w.text for w in words))
            last = max(k for k, w in enumerate(words) if w.text in "[]")
            words = [w for k, w in enumerate(words) if k > last or words[0].text != "["]
        for k, word in enumerate(words):
            if word.kind != "name" or (k and words[k - 1].text != ","):
                continue
            if first.text == "ground":
                module.grounds[word.text] = first
            else:
                module.nets[word.text] = (first.text, word)

    def branch(self) -> None:
        reader = self.reader
        reader.take("branch")
        nets: list[str] = []
        while reader.peek() != ";":
            if reader.peek() == "(":
                nets = [w.text for w in reader.skip_to(",", ";") if w.kind == "name"]
                count = 0
                for name in nets:  # branch (a, b) x, y: the names behind the bracket are branches
                    count += name in self.module.ports or name in self.module.nets or name in self.module.grounds
                self.module.branches.update(dict.fromkeys(nets[max(1, count) :], tuple(nets[: max(1, count)])))
                nets = nets[: max(1, count)]
            elif reader.word().kind == "name":
                self.module.branches[reader.take().text] = tuple(nets)
            else:
                reader.take()
        reader.take(";")

    def variables(self) -> None:
        reader = self.reader
        kind = reader.take().text
        if reader.peek() == "[":
            self.odd("array", reader.word(), "".join(w.text for w in reader.skip_to("]")))
            reader.take()
        while reader.peek() != ";":
            name = reader.take_name()
            array = reader.peek() == "["
            if array:
                self.odd("array", name, name.text)
                reader.skip_to("=", ",", ";")
            start = None
            if reader.peek() == "=":
                reader.take()
                start = reader.expression()
            self.module.variables[name.text] = Variable(name.text, start, array, name, kind)
            if reader.peek() != ";":
                reader.take(",")
        reader.take(";")

    def parameters(self) -> None:
        reader = self.reader
        reader.take()
        kind = reader.take().text if reader.peek() in _TYPES else "real"
        if reader.peek() == "[":
            self.odd("array", reader.word(), "a parameter")
            reader.skip_to("]")
            reader.take()
        while reader.peek() != ";":
            name = reader.take_name()
            if reader.peek() == "[":
                self.odd("array", name, name.text)
                reader.skip_to("=", ",", ";")
            start = None
            if reader.peek() == "=":
                reader.take()
                start = reader.expression()
            self.module.parameters[name.text] = LintParameter(name.text, kind, start, name)
            while reader.peek() in ("from", "exclude", "(*"):
                if reader.peek() == "(*":
                    self.odd("attribute", reader.word(), name.text)
                    reader.skip_attributes()
                else:
                    self.range()
            if reader.peek() != ";":
                reader.take(",")
        reader.take(";")

    def range(self) -> None:
        """``from [a:b]``; a comma in place of the colon is noted."""
        reader = self.reader
        reader.take()
        if reader.peek() not in ("[", "("):
            reader.skip_to("from", "exclude", ",", ";")
            return
        reader.take()
        words, depth = [], 1
        while reader.word() is not reader.end and depth and reader.peek() != ";":
            word = reader.take()
            depth += (word.text in ("(", "[", "{")) - (word.text in (")", "]", "}"))
            if depth == 1:
                words.append(word)
        commas = [w for w in words if w.text == ","]
        if len(commas) == 1 and not any(w.text == ":" for w in words):
            self.odd("range", commas[0])

    def analog(self) -> None:
        """``analog function``, ``analog initial`` or an analog block."""
        reader, module = self.reader, self.module
        reader.take("analog")
        if reader.peek() == "function":
            self.function()
        elif reader.peek() == "initial":
            reader.take()
            module.setup.append(reader.statement())
        else:
            module.analog.append(reader.statement())

    def function(self) -> None:
        reader = self.reader
        reader.take()
        if reader.peek() in _TYPES:
            reader.take()
        name = reader.take_name()
        reader.skip_to(";")
        body: list[Node] = []
        arguments: list[tuple[str, str]] = []
        while reader.word() is not reader.end and reader.peek() not in ("endfunction", "endmodule"):
            if reader.peek() in _DIRECTIONS:
                direction = reader.take().text
                arguments += [(w.text, direction) for w in reader.skip_to(";") if w.kind == "name"]
            else:
                body.append(reader.statement())
        if reader.peek() == "endfunction":
            reader.take()
        written = frozenset(k for k, (_, direction) in enumerate(arguments) if direction != "input")
        self.module.functions[name.text] = Function(
            name.text, written, tuple(body), name, tuple(n for n, _ in arguments)
        )
