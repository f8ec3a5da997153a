"""Compile a Verilog-A file for the lint: all messages of openvaf-r with file and line, and the compiled file."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rramcirc.basics.child import run_child
from rramcirc.basics.errors import ModelCompileError
from rramcirc.devices.veriloga import compile as compiling
from rramcirc.devices.veriloga.osdi import NO_OFFSET, OsdiModule, raw_descriptors, read_osdi

_HEAD = re.compile(r"^(?P<severity>error|warning)(?:\[\w+\])?: (?P<text>.+)$")
_PLACE = re.compile(r"^\s*(?:-->|┌─) (?P<file>.+?):(?P<line>\d+):\d+\s*$")
_SECONDS, _WORDS_PER_SECOND = 30.0, 1000.0  # of openvaf-r; transistor models take 1/20 of that on an idle core
_SUMMARY = re.compile(r"could not compile|generated \d+ warning|`[^`]+` generated")


@dataclass(frozen=True)
class Message:
    """One message of openvaf-r: ``error`` or ``warning``, where (line 0 if it does not say), and its words."""

    severity: str
    path: Path
    line: int
    text: str


@dataclass(frozen=True)
class Compilation:
    """What openvaf-r made of a file: the compiled file (``None`` if there is none), its modules, its messages."""

    osdi: Path | None
    modules: tuple[OsdiModule, ...]
    messages: tuple[Message, ...]
    compiler: str

    def unread_nodes(self, module: OsdiModule) -> tuple[str, ...]:
        """Return inner nodes of a module whose voltage nothing depends on: an empty column of the matrix."""
        if self.osdi is None:
            return ()
        raw = raw_descriptors(self.osdi)[self.modules.index(module)]
        read = {raw.jacobian_entries[k].nodes.node_2 for k in range(raw.num_jacobian_entries)}
        pairs = [raw.collapsible[k] for k in range(raw.num_collapsible)]
        joined = {n for pair in pairs for n in (pair.node_1, pair.node_2) if n != NO_OFFSET}
        inner = range(raw.num_terminals, raw.num_nodes)
        return tuple(module.nodes[k] for k in inner if k not in read | joined)


def compile_for_lint(source: Path, folder: Path, words: int = 0) -> Compilation:
    """Compile a file into a folder, also if it declares things that rramcirc does not understand.

    Parameters
    ----------
    source
        The .va file.
    folder
        Where the compiled file goes.
    words
        Length of the model; openvaf-r can hang on broken text, and a long model takes its time.

    Raises
    ------
    EnvironmentProblem
        If openvaf-r or the linker is missing.
    """
    stem = re.sub(r"[^A-Za-z0-9_]", "_", source.stem)
    handle, name = tempfile.mkstemp(prefix=f"{stem}_", suffix=".osdi", dir=folder)  # loaded files must differ in name
    os.close(handle)
    output = Path(name)
    output.unlink()
    limit = _SECONDS + words / _WORDS_PER_SECOND
    command = [str(compiling.compiler_path()), str(source.resolve()), "-o", str(output.resolve())]
    command += ["--target_cpu", compiling.TARGET_CPU]
    child = run_child(
        command, source.resolve().parent, timeout=limit, environment=os.environ | {"TMPDIR": str(folder.resolve())}
    )
    if child.ended_by == "interrupted":
        raise KeyboardInterrupt
    if child.ended_by:
        message = Message("error", source, 0, f"openvaf-r did not finish within {limit:.0f} s")
        return Compilation(None, (), (message,), compiling.compiler_version())
    said = re.sub(r"\x1b\[[0-9;]*m", "", child.output)
    messages = _messages(said, source)
    modules: tuple[OsdiModule, ...] = ()
    found = output if output.is_file() and output.stat().st_size else None
    if found is not None:
        modules = read_osdi(found).modules
    elif not any(m.severity == "error" for m in messages):
        problem = compiling._failure(source, said, folder)
        if not isinstance(problem, ModelCompileError):
            raise problem
        crashed = "has crashed" in said or "panicked" in said
        text = "the compiler itself crashed on this file" if crashed else " ".join(said.split())[:300] or "no message"
        messages = (*messages, Message("error", source, 0, text))
    return Compilation(found, modules, messages, compiling.compiler_version())


def _messages(said: str, source: Path) -> tuple[Message, ...]:
    """Return the messages in a text of openvaf-r; each has a head line and, further down, a place."""
    found: list[Message] = []
    open_head: tuple[str, str] | None = None
    for line in said.splitlines():
        head, place = _HEAD.match(line), _PLACE.match(line)
        if head:
            if open_head:
                found.append(Message(open_head[0], source, 0, open_head[1]))
            open_head = None if _SUMMARY.search(head["text"]) else (head["severity"], head["text"])
        elif place and open_head:
            found.append(Message(open_head[0], Path(place["file"]), int(place["line"]), open_head[1]))
            open_head = None
    if open_head:
        found.append(Message(open_head[0], source, 0, open_head[1]))
    return tuple(dict.fromkeys(found))
