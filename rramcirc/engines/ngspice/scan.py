"""Is a netlist from somewhere else safe to run? A netlist is a program; ngspice executes its control blocks.

The scan allows what analyses need and refuses whatever reads, writes, loads or starts something outside the netlist's
own folder. Commands, shell variables and file names are let through because they are known to be harmless, never
because they are not known to be harmful; what cannot be read with certainty is refused, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rramcirc.basics.errors import NetlistError
from rramcirc.basics.mistakes import some_of
from rramcirc.devices.veriloga.compile import is_known_osdi
from rramcirc.engines.ngspice.lines import Line, include_name, included, read_lines, words

# All of these are built into ngspice or aliases of its own: a name that is not would be looked up as a script file.
SAFE_COMMANDS = words(
    """
    ac alter altermod alterparam asciiplot begin break check_ifparm compose continue cross dc define deftype delete
    destroy display disto dowhile echo else end enddowhile endforeach endif endrepeat endwhile eprint eprvcd esave
    exit fft foreach fourier goto if iplot label let linearize listing mc_source meas noise op option optran osdi
    plot print psd pz quit remcirc removecirc remzerovec repeat reset reshape resume run rusage save sens set
    setcirc setplot setscale setseed settype shift show showmod sp spec state status step stop strcmp strstr sysinfo
    tf trace tran transpose undefine unlet unset version where while wrdata write wrnodev wrs2p
    """
)
FILE_COMMANDS = frozenset(("run", "write", "wrdata", "wrs2p", "wrnodev"))
COMPARING = frozenset(("if", "let", "stop", "define"))  # here > and < compare
LOOPS = frozenset(("while", "dowhile"))  # here, too, at the beginning of a line
# Variables that ngspice takes for files, programs and the meaning of other lines.
UNSAFE_VARIABLES = words(
    """
    display editor gnuplot_terminal hcopydev hcopydevtype helppath histsubst inputdir interactive lprplot5 lprps
    measoutfile modelcard modelline ngbehavior program pyplot_python rawfile remote_shell rhost rprogram shell
    sourcepath spicepath subend subinvoke substart unixcom xfont
    """
)
KNOWN_VALUES = frozenset(("sim_status", "plots", "curplot"))
# These have values from elsewhere before the netlist sets them: a title may hold what separates commands.
FOREIGN_VALUES = words("curplotdate curplotname curplottitle inputdir program prompt sourcepath")
UNSAFE_CARDS = (".libsave", ".sndprint", ".sndparam")
_PLAIN_FILE = re.compile(r"(?:\./)?[A-Za-z0-9_][\w.+-]*", re.ASCII)
_PROGRAM = re.compile(r"\b(?:d_process|d_cosim|process_file|process_params|simulation|sim_args|lib_args)\b", re.I)
# In a model, blanks, commas and parentheses serve as well as an equals sign.
_FILE_PARAMETER = re.compile(r"file\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s)]*)", re.I)
_FILE_OF_MODEL = re.compile(r"file[\s=,()]+(\"[^\"]*\"|'[^']*'|[^\s)]+)", re.I)
_MODEL = re.compile(r"\.model[ \t]+\S+[ \t]+[a-z_]\w*(?:[\s(]|$)", re.I | re.ASCII)
_DOLLAR = re.compile(r"\$[?#]?(&?)(\w*)", re.ASCII)
_REDIRECTION = re.compile(r">[>&\s]*([^\s;<>&]*)")


def check_foreign(netlist: Path) -> list[Line]:
    """Raise NetlistError if a netlist, or a file it includes, does more than simulate.

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
    scan = _Scan(netlist)
    findings = list(dict.fromkeys(scan.findings()))
    if findings:
        raise NetlistError(
            f"{netlist} does more than simulate, so it was not run: {some_of(findings, 8)}. "
            "If you trust it, run it with --trust."
        )
    return scan.lines


class _Scan:
    """The scan of one netlist: its home folder, the files read and the shell variables that it sets itself."""

    def __init__(self, netlist: Path) -> None:
        self.home = netlist.resolve().parent
        self.folders = [netlist.parent]
        self.lines: list[Line] = []
        self.early: list[str] = []
        self._read(netlist, True, frozenset((netlist.resolve(),)))
        self.own_variables = {_sets(line) for line in self.lines if line.kind == "command"} - FOREIGN_VALUES

    def _read(self, path: Path, main: bool, seen: frozenset[Path]) -> None:
        reading = read_lines(path, main)
        self.early += [f"{path.name} line {number}: {reason}" for number, reason in reading.oddities]
        for line in reading.lines:
            self.lines.append(line)
            if line.kind != "include":
                continue
            name = include_name(line)
            target = included(line, self.folders)
            if target is None and self._inside(name, path.parent):
                raise NetlistError(f"{path}: line {line.number} includes {name}, which is not in {path.parent}.")
            if target is None or not self._inside(name, path.parent) or not self._inside_home(target):
                self.early.append(f"{line.where}: reads {name}, outside the netlist's folder")
            elif target.resolve() not in seen:
                self.folders.append(target.parent)
                self._read(target, False, seen | {target.resolve()})

    def findings(self) -> Iterator[str]:
        """Yield one sentence for every line that does more than simulate."""
        yield from self.early
        for line in self.lines:
            told = self._command(line) if line.kind == "command" else self._card(line) if line.kind == "card" else ()
            for reason in told:
                yield f"{line.where}: {reason}"

    def _card(self, line: Line) -> Iterator[str]:
        text, head = line.text, line.head
        if head.startswith(UNSAFE_CARDS):
            yield f"{head} writes a file"
        if "`" in text:
            yield f"backticks run a program ({_short(text)})"
        if _PROGRAM.search(text):
            yield f"a device that starts a program or loads a library ({_short(text)})"
        if head.startswith(".opt"):
            yield from (f"the option {name}" for name in _names(text) if name.lower() in UNSAFE_VARIABLES)
            if re.search(r"[;<>&]", text):
                yield f"an option with a character that commands are made of ({_short(text)})"
        if head == ".model" and not _MODEL.match(text):
            yield f"a model whose type is not a plain word ({_short(text)})"
        if head.startswith(".lib") and len(line.words) == 2 and not re.fullmatch(r"['\"]?[\w.-]+['\"]?", line.words[1]):
            yield f"reads {line.words[1]}"
        for value in (_FILE_OF_MODEL if head == ".model" else _FILE_PARAMETER).findall(text):
            if not self._inside(value.strip("\"'"), line.file.parent):
                yield f"uses the file {value}, outside the netlist's folder"

    def _command(self, line: Line) -> Iterator[str]:
        if "`" in line.text:
            yield f"backticks run a program ({_short(line.text)})"
        for amp, name in _DOLLAR.findall(line.text):
            if not name or not (amp or name.lower() in self.own_variables | KNOWN_VALUES):
                yield f"the variable ${name}, which the netlist does not set ({_short(line.text)})"
        for k, statement in enumerate(line.text.split(";")):
            parts = [word for word in re.split(r"[ \t]+", statement) if word]
            if parts:
                yield from self._statement(parts, statement, first=k == 0)

    def _statement(self, parts: list[str], statement: str, first: bool) -> Iterator[str]:
        command = parts[0].lower().removeprefix("pre_")
        if command not in SAFE_COMMANDS:
            yield f"the command {parts[0]!r} ({_short(statement)})"
            return
        if command in ("set", "unset", "option"):
            yield from (f"sets {name}" for name in _names(statement) if name.lower() in UNSAFE_VARIABLES)
            if re.search(r"\$[^=\s]*[ \t]*=", statement) or (len(parts) > 1 and parts[1].startswith("$")):
                yield f"sets a variable whose name is made up ({_short(statement)})"
        if command == "osdi":
            yield from self._osdi(parts[1:])
        if command in FILE_COMMANDS and len(parts) > 1 and not _plain(parts[1]):
            yield f"writes {parts[1]}, which is not a file of the run folder"
        if parts[0] not in COMPARING and not (first and parts[0] in LOOPS):
            for name in _REDIRECTION.findall(statement):
                if not _plain(name):
                    yield f"writes {name or 'a file'}, which is not a file of the run folder"
            if "<" in statement:
                yield f"reads a file ({_short(statement)})"

    def _osdi(self, names: list[str]) -> Iterator[str]:
        for name in names:
            file = self.folders[0] / name.strip("\"'")
            if not self._inside(name.strip("\"'"), self.folders[0]):
                yield f"loads the library {name}, outside the netlist's folder"
            elif file.exists() and not is_known_osdi(file):
                yield f"loads the library {name}, which rramcirc did not compile"

    def _inside(self, name: str, folder: Path) -> bool:
        """Whether a file name, seen from `folder`, is plain and stays in the netlist's folder."""
        if not name or name.startswith(("/", "~", "-")) or re.search(r"[$\\{}`;<>&|\"'*?]", name):
            return False
        return self._inside_home(folder / name)

    def _inside_home(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self.home)


def _plain(word: str) -> bool:
    """Whether a word names a file in the run folder itself, and none that is loaded as a library."""
    name = word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'" else word
    return bool(_PLAIN_FILE.fullmatch(name)) and not re.search(r"\.(?:osdi|so|cm|dll)\b", name, re.I)


def _names(text: str) -> list[str]:
    """Return the names that a ``set`` or ``.options`` line gives a value, rather one too many than too few."""
    plain = re.sub(r"^\S+", "", text.strip()).replace('"', "").replace("'", "")
    return re.findall(r"([A-Za-z_]\w*)(?:[ \t]*=[ \t]*(?:\([ \t][^)]*\)|[^\s]+))?", plain, re.ASCII)


def _sets(line: Line) -> str:
    """Return the name of the variable that a command gives a value, '' if it gives none."""
    if line.head not in ("set", "foreach", "strcmp", "strstr"):
        return ""
    name = re.match(r"\S+[ \t]+([A-Za-z_]\w*)", line.text, re.ASCII)
    return name[1].lower() if name else ""


def _short(text: str) -> str:
    text = " ".join(text.encode("latin-1", "replace").decode(errors="replace").split())
    return text if len(text) <= 60 else text[:57] + "..."
