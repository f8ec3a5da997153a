"""The scan of statements: which of them, and which of their words that name files, a foreign netlist may hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from rramcirc.engines.ngspice.allowed import (
    CARD_BEGINNINGS,
    CARDS,
    FILE_MODELS,
    MODEL_TYPES,
    NUMERICAL_MODELS,
    PROGRAM_MODELS,
)
from rramcirc.engines.ngspice.commands import check_settings
from rramcirc.engines.ngspice.lexing import assignments, split_words
from rramcirc.engines.ngspice.lines import Line, as_text, short, words
from rramcirc.engines.ngspice.reach import LOOKS_LIKE_PATH, Reach

_QUOTED = re.compile(r'"([^"]*)"')
_WORD = re.compile(r'"[^"]*"?|[^\s=,()\[\];"]+')
_BRACES = re.compile(r"\{[^{}]*\}")
_SINGLE = re.compile(r"'([^']*)'")
_VALUE_PATH = re.compile(r"=[ \t]*['\"]?(?=/|~[\w.-]*/|\.\.?/)([^\s)'\"]+)")
_PROGRAM = re.compile(r"\b(?:d_process|d_cosim|process_file|process_params|sim_args|lib_args)\b", re.I)
_PROSE = words(".title .print .plot .save .probe .width")  # their words are never files
_REACHING = words(".sndprint .sndparam .incpslt")
_WITH_FILES = frozenset("dqmv")  # elements that may have `ic.file` (CIDER) or `file` (sound)


def check_card(line: Line, reach: Reach, home: Path, has_osdi: bool) -> Iterator[str]:
    """Yield what a statement does beyond describing a circuit.

    Parameters
    ----------
    line
        The statement.
    reach
        What may be read.
    home
        The netlist's folder as its name says, from which ngspice sees data files.
    has_osdi
        Whether the netlist loads compiled models, whose types have names that nobody else knows.
    """
    text, head = line.text, line.head
    if head.startswith(".") and head not in CARDS and not head.startswith(CARD_BEGINNINGS):
        yield f"the statement {head!r}, which {'reaches outside' if head in _REACHING else 'ngspice does not know'}"
        return
    if head.startswith(".libsave"):
        yield f"{head} writes a file"
    if "`" in text:
        yield f"backticks run a program ({short(text)})"
    if _PROGRAM.search(text):
        yield f"a device that starts a program or loads a library ({short(text)})"
    if head in _PROSE:
        return
    if head.startswith(".opt"):
        yield from _options(text)
    if head.startswith(".lib") and len(line.words) == 2 and not re.fullmatch(r"['\"]?[\w.-]+['\"]?", line.words[1]):
        yield f"reads {line.words[1]}"
    if head == ".model":
        yield from _model(line, reach, home, has_osdi)
    elif head[:1] in _WITH_FILES:
        found = _WORD.findall(text)[1:]
        yield from _files(found, ("file",), reach, home)
        if any(word.lower().startswith("ic.f") for word in found):
            yield f"reads a raw file, which may hold commands ({short(text)})"
    for value in (*_QUOTED.findall(text), *_VALUE_PATH.findall(text)):
        if LOOKS_LIKE_PATH.match(value) and (reason := reach.not_to_read(as_text(value), home)):
            yield f"uses the file {value}, {reason}"


def _options(text: str) -> Iterator[str]:
    parts = split_words(text)[1:]
    if re.search(r"[;<>&]", text):
        yield f"an option with a character that commands are made of ({short(text)})"
    yield from (reason.replace("sets ", "the option ", 1) for reason in check_settings(assignments(parts), None))


def _model(line: Line, reach: Reach, home: Path, has_osdi: bool) -> Iterator[str]:
    found = _WORD.findall(line.text)[2:]
    if found and found[0].lower().startswith("ako:"):
        found = found[1:]
    kind = found[0].lower() if found else ""
    if not re.fullmatch(r"[a-z_]\w*", kind, re.ASCII):
        yield f"a model whose type is not a plain word ({short(line.text)})"
        return
    if kind in PROGRAM_MODELS:
        yield f"a model {kind}, which starts a program or calls another machine"
    elif kind in FILE_MODELS:
        yield from _files(found[1:], FILE_MODELS[kind], reach, home)
    elif kind in NUMERICAL_MODELS:
        if any(word.lower().startswith("ic.") for word in found):
            yield f"reads a raw file, which may hold commands ({short(line.text)})"
    elif kind not in MODEL_TYPES:
        texts = _QUOTED.findall(line.text)
        if any(not has_osdi or not re.fullmatch(r"\w*", text) for text in texts):
            yield f"a text in a model of the type {kind!r}, which is not one of ngspice ({short(line.text)})"
    bare = _SINGLE.sub(lambda m: m[0] if LOOKS_LIKE_PATH.match(m[1]) else " ", _BRACES.sub(" ", line.text))
    for word in _WORD.findall(bare)[3:]:
        name = word.strip("\"'")
        if not LOOKS_LIKE_PATH.match(name):
            continue
        if kind in NUMERICAL_MODELS:  # `output` writes it, `doping` reads it
            yield f"uses the file {name}, which is not a file of the run folder"
        elif reason := reach.not_to_read(as_text(name), home):
            yield f"uses the file {name}, {reason}"


def _files(found: list[str], parameters: tuple[str, ...], reach: Reach, home: Path) -> Iterator[str]:
    for name, value in pairwise(found):
        if name.lower() in parameters:
            bare = as_text(value.strip("\"'"))
            if reason := reach.not_to_read(bare, home):
                yield f"uses the file {bare}, {reason}"
