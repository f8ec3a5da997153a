"""What the $variables of a netlist's control block may hold, as far as that is certain before it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rramcirc.engines.ngspice.allowed import KNOWN_VALUES
from rramcirc.engines.ngspice.lexing import assignments, references, unquoted, without_braces

MANY = 400  # values of one word that are looked at
_DEEP = 6  # variables in variables
_SEPARATES = frozenset((";", "<", ">", "&"))


class Variables:
    """The variables that the commands of a netlist set, with every text that they may get.

    Parameters
    ----------
    commands
        The words of each command.
    title
        Title of the netlist, the value of ``$curplottitle``; None if it may be another.
    options
        What its ``.options`` lines set, (name, values).
    """

    def __init__(
        self,
        commands: Sequence[Sequence[str]],
        title: str | None,
        options: Sequence[tuple[str, Sequence[str]]] = (),
    ) -> None:
        self.texts: dict[str, set[str] | None] = {name: {text} for name, text in KNOWN_VALUES.items()}
        self.texts["curplottitle"] = None if title is None else {title}
        self.texts["inputdir"] = {"."}
        self.texts |= {"sourcepath": {"."}, "curplotname": None, "curplotdate": None}
        self._told: dict[str, bool] = {}
        self.cut: set[str] = set()  # holds pieces of its texts
        for name, values in options:
            self.texts.setdefault(name.lower(), set(values) or {"TRUE"})
        for parts in commands:
            for name, texts in _given(parts):
                known = self.texts.setdefault(name.lower(), set())
                if texts is None or known is None:
                    self.texts[name.lower()] = None
                else:
                    known.update(texts)
            if parts[0].lower() == "strslice" and len(parts) > 2:
                self.cut.add(parts[1].lower())

    def objection(self, word: str) -> str:
        """Return the first variable of a word that must not stand in a command, '' if there is none."""
        for start, end in references(word):
            name = word[start + 1 : end]
            if name not in self._told:
                self._told[name] = self._may_stand(name, False, 0)
            if not self._told[name]:
                return f"${name}"
        return ""

    def values(self, word: str) -> set[str] | None:
        """Return what a word may be when it runs, None if that is not certain."""
        return self._values(word, 0)

    def _may_stand(self, name: str, cut: bool, depth: int) -> bool:
        kind = _kind(name)
        if kind in ("number", "sign"):
            return True
        own, _, index = name.partition("[")
        texts = self.texts.get(own.lower())
        if kind == "never" or texts is None or depth > _DEEP:
            return False
        if any(not self._may_stand(index[a + 1 : b].rstrip("]"), False, depth + 1) for a, b in references(index)):
            return False
        return all(self._harmless(text, cut or own.lower() in self.cut, depth) for text in texts)

    def _harmless(self, text: str, cut: bool, depth: int) -> bool:
        if "`" in text or without_braces(text) is None:
            return False
        if text in _SEPARATES or (cut and _SEPARATES & set(text)):
            return False
        return all(self._may_stand(text[a + 1 : b], cut, depth + 1) for a, b in references(text))

    def _values(self, word: str, depth: int) -> set[str] | None:
        places = references(word)
        if not places:
            return {word}
        if depth > _DEEP:
            return None
        found = {word[: places[0][0]]}
        for k, (start, end) in enumerate(places):
            following = word[end : places[k + 1][0]] if k + 1 < len(places) else word[end:]
            choices = self._choices(word[start + 1 : end], depth)
            if choices is None or len(found) * len(choices) > MANY:
                return None
            found = {before + choice + following for before in found for choice in choices}
        return found

    def _choices(self, name: str, depth: int) -> set[str] | None:
        kind = _kind(name)
        if kind == "number":
            return {"1", ""}
        own = name.partition("[")[0].lower()
        texts = self.texts.get(own)
        if kind != "own" or texts is None or own in self.cut:
            return None
        found = set() if own == "inputdir" else {""}
        for text in texts:
            inner = self._values(text, depth + 1)
            if inner is None:
                return None
            found |= inner
        return found


def _kind(name: str) -> str:
    if not name:
        return "sign"  # a dollar sign that stays one
    if name == "$" or (name[0] in "?#&" and "$" not in name[1:].partition("[")[0]):
        return "number"
    return "never" if name[0] in "<@0123456789" else "own"


def _given(parts: Sequence[str]) -> Iterator[tuple[str, set[str] | None]]:
    """Yield the names that a command gives a value, and the texts; None if they come from somewhere else."""
    command = parts[0].lower().removeprefix("pre_")
    if command in ("set", "setcs", "option", "options"):
        for name, values in assignments(list(parts[1:])):
            yield name, set(values) if values else {"TRUE"}
    elif command == "foreach" and len(parts) > 1:
        yield parts[1], {unquoted(part) for part in parts[2:]} | set(parts[2:])
    elif command in ("strcmp", "strstr", "fopen") and len(parts) > 1:
        yield parts[1], {"1"}
    elif command == "strslice" and len(parts) > 2:
        yield parts[1], {unquoted(parts[2])}
    elif command == "fread":
        for name in (*parts[1:2], *parts[3:4]):
            yield unquoted(name), None
