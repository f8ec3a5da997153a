"""Is a netlist from somewhere else safe to run? A netlist is a program; ngspice executes its control blocks.

The scan holds it against closed lists (:mod:`rramcirc.engines.ngspice.allowed`): statements, commands, redirections,
variables and files are let through because they are known to be harmless, never because they are not known to be
harmful; what cannot be read with certainty is refused, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from rramcirc.basics.errors import NetlistError
from rramcirc.basics.mistakes import some_of
from rramcirc.devices.veriloga.compile import is_known_osdi
from rramcirc.engines.ngspice.cards import check_card
from rramcirc.engines.ngspice.commands import check_command
from rramcirc.engines.ngspice.lexing import assignments, split_words
from rramcirc.engines.ngspice.lines import Line, as_text, check_nesting, include_name, included, read_lines, short
from rramcirc.engines.ngspice.reach import Reach
from rramcirc.engines.ngspice.variables import Variables


def check_foreign(netlist: Path, allow_read: Sequence[Path | str] = ()) -> list[Line]:
    """Raise NetlistError if a netlist, or a file it includes, does more than simulate.

    Parameters
    ----------
    netlist
        The netlist.
    allow_read
        Folders beside its own that it may read, such as that of a design kit.

    Returns
    -------
    list of Line
        Its lines and those of the files it includes, each file at its place.

    Raises
    ------
    NetlistError
        Lists every line that reaches outside, with file and line number, and says how to run it anyway. Also if a file
        that it includes is missing.
    """
    scan = _Scan(netlist, Reach.of(netlist, allow_read))
    findings = list(dict.fromkeys(scan.findings()))
    if findings:
        kit = " (or, if it only reads a design kit, with --allow-read FOLDER)" if scan.reads_outside else ""
        raise NetlistError(
            f"{netlist} does more than simulate, so it was not run: {some_of(findings, 8)}. "
            f"If you trust it, run it with --trust{kit}."
        )
    return scan.lines


class _Scan:
    """The scan of one netlist: what it may reach, and its lines with those of the files that it includes."""

    def __init__(self, netlist: Path, reach: Reach) -> None:
        self.netlist = netlist
        self.files = count()
        self.reach = reach
        self.folders = [netlist.parent]
        self.lines: list[Line] = []
        self.others: list[Line] = []  # of files that ngspice might take in place of those that we think it takes
        self.early: list[str] = []
        self.reads_outside = False
        self._read(netlist, True, frozenset((netlist.resolve(),)), self.lines)

    def _read(self, path: Path, main: bool, seen: frozenset[Path], lines: list[Line]) -> None:
        """Read a file and what it includes; of several files that an include may mean, the first comes to `lines`."""
        check_nesting(self.netlist, len(seen), next(self.files))
        reading = read_lines(path, main)
        self.early += [f"{path.name} line {number}: {reason}" for number, reason in reading.oddities]
        for line in reading.lines:
            lines.append(line)
            if line.kind != "include":
                continue
            name = include_name(line)
            targets = included(line, self.folders)
            reason = self.reach.not_to_read(name, path.parent, included=True)
            if not targets and not reason:
                raise NetlistError(f"{path}: line {line.number} includes {short(name)}, which is not in {path.parent}.")
            for target in targets:
                reason = reason or self.reach.not_inside(target)
            if reason:
                self.reads_outside = self.reads_outside or "outside" in reason
                self.early.append(f"{line.where}: reads {name}, {reason}")
                continue
            for k, target in enumerate(targets):
                if target.resolve() not in seen:
                    self.folders += [] if target.parent in self.folders else [target.parent]
                    self._read(target, False, seen | {target.resolve()}, lines if k == 0 else self.others)

    def findings(self) -> Iterator[str]:
        """Yield one sentence for every line that does more than simulate."""
        yield from self.early
        found = [*self.lines, *self.others]
        commands = [parts for line in found if line.kind == "command" if (parts := split_words(line.text))]
        several = any(line.head.startswith(".title") for line in found)
        title = None if several else next((line.text for line in found if line.kind == "title"), "")
        options = [split_words(line.text)[1:] for line in found if line.head.startswith(".opt")]
        variables = Variables(commands, title, [pair for parts in options for pair in assignments(parts)])
        has_osdi = any(line.kind == "command" and line.head == "osdi" for line in found)
        for line in found:
            if line.kind == "command":
                told = (*check_command(line, variables), *(self._osdi(line) if line.head == "osdi" else ()))
            elif line.kind == "card":
                told = (*check_card(line, self.reach, self.folders[0], has_osdi),)
            else:
                told = ()
            for reason in told:
                self.reads_outside = self.reads_outside or reason.endswith("outside the netlist's folder")
                yield f"{line.where}: {reason}"

    def _osdi(self, line: Line) -> Iterator[str]:
        for name in line.words[1:]:
            bare = as_text(name.strip("\"'"))
            file = self.folders[0] / bare
            if reason := self.reach.not_to_read(bare, self.folders[0]):
                yield f"loads the library {name}, {reason}"
            elif file.exists() and not is_known_osdi(file):
                yield f"loads the library {name}, which rramcirc did not compile"
