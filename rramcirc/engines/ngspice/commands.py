"""The scan of control blocks: commands, redirections and variables of a foreign netlist, against the closed lists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rramcirc.engines.ngspice.allowed import (
    ALIASES,
    DRAWING_DEVICES,
    FILE_COMMANDS,
    NOT_REDIRECTED,
    OWN_RULES,
    PLAIN_COMMANDS,
    STRUCTURE,
    UNSAFE_VARIABLES,
)
from rramcirc.engines.ngspice.lexing import assignments, split_words, statements, unquoted, without_braces
from rramcirc.engines.ngspice.lines import Line, short
from rramcirc.engines.ngspice.reach import leads_out, not_to_write
from rramcirc.engines.ngspice.variables import Variables

_WITH_VALUES = frozenset(("rawfile", "sourcepath", "hcopydevtype"))
_COMMANDS = PLAIN_COMMANDS | FILE_COMMANDS | OWN_RULES


def check_command(line: Line, variables: Variables) -> Iterator[str]:
    """Yield what a line of a control block does beyond simulating; all but loading compiled models."""
    parts = split_words(line.text)
    if "`" in line.text:
        yield f"backticks run a program ({short(line.text)})"
    for part in parts:
        if name := variables.objection(part):
            yield f"the variable {name}, which the netlist does not set ({short(line.text)})"
    if not parts:
        return
    first = parts[0].lower().removeprefix("pre_")
    if first in STRUCTURE:
        yield from _braces(first, parts, line.text)
        if first == "foreach":
            yield from _counted(parts[1:2])
        return
    for k, found in enumerate(statements(parts)):
        yield from _statement(found, variables, begins=k == 0 and parts[0] != ";")


def _statement(parts: list[str], variables: Variables, begins: bool) -> Iterator[str]:
    shown = short(" ".join(parts))
    command = parts[0].lower()
    if begins:
        command = command.removeprefix("pre_")
    if command not in _COMMANDS and not (command in ALIASES and (begins or parts[0] == command)):
        yield f"the command {parts[0]!r} ({shown})"
        return
    if command == "osdi" and not begins:
        yield f"loads a library behind another command ({shown})"
    yield from _braces(command, parts, shown)
    if parts[0] not in NOT_REDIRECTED:
        yield from _redirections(parts, variables, shown)
    yield from _own_rules(command, parts[1:], variables, shown)


def _braces(command: str, parts: Sequence[str], shown: str) -> Iterator[str]:
    """Yield a word whose braces make several of it, any of which might separate commands."""
    for part in parts[1:]:
        if without_braces(part) is None and not (command == "echo" and part.startswith('"')):
            yield f"braces that make several words ({shown})"
            return


def _redirections(parts: Sequence[str], variables: Variables, shown: str) -> Iterator[str]:
    if "<" in parts:
        yield f"reads a file ({shown})"
    if ">" not in parts:
        return
    rest = list(parts[parts.index(">") + 1 :])
    while rest and (rest[0] == ">" or rest[0].startswith("&")):
        rest.pop(0)
    yield from _written(rest, variables, shown)


def _written(rest: Sequence[str], variables: Variables, shown: str) -> Iterator[str]:
    """Yield why the first word must not be the name of a written file, nor the second if the first vanishes."""
    if not rest:
        return
    if reason := not_to_write(_names(rest[0], variables), "$" in rest[0]):
        yield f"writes {rest[0]}, {reason}" if rest[0] != ">" else f"writes a file ({shown})"
    for word in rest[1:]:
        names = _names(word, variables)
        if leads_out(word) or any(leads_out(name) for name in names or ()):
            yield f"names {word}, which is not a file of the run folder ({shown})"


def _names(word: str, variables: Variables) -> set[str] | None:
    """Return the names that a word may be."""
    values = variables.values(word)
    if values is None:
        return None
    bare = [without_braces(unquoted(value)) for value in values]
    return None if None in bare else {name for name in bare if name is not None}


def _own_rules(command: str, rest: list[str], variables: Variables, shown: str) -> Iterator[str]:
    if command in ("set", "setcs", "option", "options", "unset"):
        yield from check_settings(assignments(rest), variables)
    elif command == "fopen":
        yield from _written(rest[1:], variables, shown)
        yield from _counted(rest[:1])
    elif command in FILE_COMMANDS:
        yield from _written(rest, variables, shown)
    elif command in ("alter", "altermod", "alterparam"):
        yield from _altered(rest, variables, shown)
    elif command == "cd":
        if not rest or not_to_write(_names(rest[0], variables), False):
            yield f"the command 'cd' ({shown})"
        yield from _written(rest, variables, shown)
    elif command in ("strcmp", "strstr", "strslice", "fread"):
        yield from _counted([*rest[:1], *rest[2:3]] if command == "fread" else rest[:1])


def _counted(names: Sequence[str]) -> Iterator[str]:
    """Yield which of these variables must not be set by a command that is not `set`."""
    for name in names:
        known = name.lower().strip("\"'")
        if known in UNSAFE_VARIABLES | _WITH_VALUES:
            yield f"sets {known}"
        elif "$" in name or "{" in name:
            yield f"sets a variable whose name is made up ({name})"


def _altered(rest: Sequence[str], variables: Variables, shown: str) -> Iterator[str]:
    """Yield what these commands would read: `file`, also if variables make that word, and texts that name files."""
    for word in rest:
        names = _names(word, variables)
        pieces = [piece for name in names or () for piece in re.split(r"[=,()\[\]]", name)]
        if names is None or any(piece.lower().startswith("file") for piece in pieces):
            yield f"reads a file ({shown})"
            return
        if '"' in word or re.search(r"_file\b", word, re.I) or any(leads_out(piece) for piece in pieces):
            yield f"names a file ({shown})"
            return


def check_settings(given: Sequence[tuple[str, Sequence[str]]], variables: Variables | None) -> Iterator[str]:
    """Yield which of these settings would change files, programs or the meaning of other lines.

    Parameters
    ----------
    given
        (name, values) of each variable.
    variables
        Those of the netlist; None for options, which have none.
    """
    for name, values in given:
        known = name.lower().strip("\"'")
        if known in UNSAFE_VARIABLES:
            yield f"sets {known}"
        elif "$" in name or "{" in name:
            yield f"sets a variable whose name is made up ({name})"
        elif known == "hcopydevtype" and not set(values) <= DRAWING_DEVICES:
            yield f"sets hcopydevtype to {' '.join(values)}, which is none of {', '.join(sorted(DRAWING_DEVICES))}"
        elif known in ("rawfile", "sourcepath"):
            for value in values:
                names = {value} if variables is None else _names(value, variables)
                if reason := not_to_write(names, known == "rawfile"):
                    yield f"sets {known} to {' '.join(values)}, {reason}"
