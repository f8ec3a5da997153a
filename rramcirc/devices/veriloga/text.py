"""Verilog-A text: a file and all that it includes, read from the disk, and text without its comments."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from rramcirc.basics.errors import ModelCompileError

#: An include of a file; the group is the name of the file.
INCLUDE = re.compile(r'`include[ \t]*["<]([^"<>\n]+)[">]')
_OPENING = re.compile(r'"|//|/\*')
#: A string without its closing quote; it ends there or at the end of its line.
INSIDE_STRING = re.compile(r'"(?:\\.|[^"\\\n])*+', re.DOTALL)
_NOT_NEWLINE = re.compile(r"[^\n]")


def read_text(path: Path, *, exact: bool = False) -> str:
    """Return the text of a Verilog-A file.

    Parameters
    ----------
    path
        The file.
    exact
        Keep line ends, and bytes that are no UTF-8, so that `encode` gives back the file byte for byte: for the lint,
        which reads what is broken too and writes it again. Otherwise lines end in a newline and such bytes are refused.

    Raises
    ------
    ModelCompileError
        If it is missing, a folder, unreadable or not text.
    """
    try:
        if exact:
            return path.read_bytes().decode("utf-8", "surrogateescape")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ModelCompileError(f"cannot read the Verilog-A file {path} ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise ModelCompileError(f"{path} is not a Verilog-A file (no UTF-8 text at byte {error.start}).") from error


def encode(text: str) -> bytes:
    """Return the bytes of a text that `read_text` gave, also if it is no UTF-8."""
    return text.encode("utf-8", "surrogateescape")


def source_files(path: Path, text: str | None = None, *, exact: bool = False) -> tuple[tuple[Path, str], ...]:
    """Return path and text of a Verilog-A file and of every file of the user that it may include.

    These are all files whose text can reach the compiler: an include counts also where a condition leaves it out.

    Parameters
    ----------
    path
        The root file; includes resolve against the folder of the file that names them. One that is missing is left out,
        as are the compiler's own: whether it is needed turns out in `preprocess`.
    text
        What stands in the root file, if that is not what the disk holds.
    exact
        As in `read_text`.

    Raises
    ------
    ModelCompileError
        If a file cannot be read.
    """
    found: dict[Path, str] = {}
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        here = read_text(file, exact=exact) if text is None or file != path else text
        found[file] = here
        names = INCLUDE.findall(strip_comments(here)) if "`include" in here else ()
        waiting += [file.parent / name for name in names if os.path.isfile(file.parent / name)]
    return tuple(found.items())


def strip_comments(text: str) -> str:
    """Blank out comments; strings and line numbers stay."""
    pieces, done = [], 0
    for start, end in _comments(text):
        pieces += [text[done:start], _NOT_NEWLINE.sub(" ", text[start:end])]
        done = end
    return "".join([*pieces, text[done:]])


def _comments(text: str) -> Iterator[tuple[int, int]]:
    """Yield begin and end of every comment, in linear time: what has no end is looked for once."""
    position, unclosed, can_close = 0, 0, True
    while found := _OPENING.search(text, position):
        start = found.start()
        position = start + 1
        if found[0] == '"':
            string = INSIDE_STRING.match(text, start) if start >= unclosed else None
            if string and text[string.end() : string.end() + 1] == '"':
                position = string.end() + 1
            elif string:  # none of the quotes up to there, behind backslashes, has an end either
                unclosed = string.end()
            continue
        end = -1
        if found[0] == "//":
            end = text.find("\n", start)
            end = len(text) if end < 0 else end
        elif can_close:
            end = text.find("*/", start + 2) + 2
            can_close = end > 1
        if end > 1:
            yield start, end
            position = end
