"""Is a netlist from somewhere else safe to run? A netlist is a program; ngspice executes its .control blocks.

The scan allows what analyses need and refuses whatever reads, writes, loads or starts something outside the netlist's
own folder. It knows commands by name and lets no unknown one pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rramcirc.devices.compile import is_known_osdi
from rramcirc.errors import NetlistError

SAFE_COMMANDS = frozenset(
    [
        "run",
        "op",
        "dc",
        "ac",
        "tran",
        "noise",
        "disto",
        "pz",
        "sens",
        "tf",
        "pss",
        "sp",
        "let",
        "unlet",
        "print",
        "echo",
        "set",
        "unset",
        "save",
        "alter",
        "altermod",
        "alterparam",
        "meas",
        "measure",
        "quit",
        "exit",
        "reset",
        "listing",
        "display",
        "linearize",
        "fft",
        "psd",
        "fourier",
        "spec",
        "if",
        "else",
        "elseif",
        "end",
        "while",
        "dowhile",
        "repeat",
        "foreach",
        "break",
        "continue",
        "label",
        "goto",
        "setplot",
        "destroy",
        "show",
        "showmod",
        "status",
        "stop",
        "step",
        "resume",
        "rusage",
        "option",
        "options",
        "define",
        "undef",
        "deftype",
        "compose",
        "cross",
        "strcmp",
        "strstr",
        "strslice",
        "setseed",
        "remzerovec",
        "reshape",
        "resetplot",
        "transpose",
        "delete",
        "iplot",
        "trace",
        "version",
        "where",
        "write",
        "wrdata",
        "pre_osdi",
        "osdi",
        "pre_set",
        "pre_unset",
        "remcirc",
        "setscale",
        "state",
        "settype",
    ]
)
FILE_COMMANDS = frozenset(("write", "wrdata"))
MODEL_LOADERS = frozenset(("pre_osdi", "osdi"))
UNSAFE_VARIABLES = frozenset(("shell", "sourcepath", "editor", "lprplot5", "lprps", "xfont", "hcopydevtype", "program"))
UNSAFE_DEVICES = re.compile(r"\b(d_process|d_cosim|process_file|simulation\s*=|sim_args|lib_args)\b", re.IGNORECASE)
FILE_PARAMETER = re.compile(r"\b(?:file|input_file|state_file|pwlfile)\s*=\s*[\"']?([^\s\"')]+)", re.IGNORECASE)


def check_foreign(netlist: Path) -> None:
    """Raise NetlistError if a netlist, or a file it includes, does more than simulate.

    Raises
    ------
    NetlistError
        Lists every line that reaches outside, with file and line number, and says how to run it anyway.
    """
    findings = list(_scan(netlist, netlist.resolve().parent, set()))
    if findings:
        raise NetlistError(
            f"{netlist} does more than simulate, so it was not run: "
            + "; ".join(findings[:8])
            + (f"; and {len(findings) - 8} more" if len(findings) > 8 else "")
            + ". If you trust it, run it with --trust."
        )


def logical_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line number, text) with ``+`` continuations joined and comment lines left out."""
    number, joined = 0, ""
    for k, line in enumerate(path.read_text(errors="replace").splitlines(), start=1):
        text = line.strip()
        if text.startswith("*"):
            continue
        if text.startswith("+"):
            joined += " " + text[1:].strip()
            continue
        if joined:
            yield number, joined
        number, joined = k, text
    if joined:
        yield number, joined


def _scan(path: Path, home: Path, seen: set[Path]) -> Iterator[str]:
    if path.resolve() in seen:
        return
    seen.add(path.resolve())
    in_control = False
    for number, line in logical_lines(path):
        where = f"{path.name} line {number}"
        word = line.split(None, 1)[0].lower() if line else ""
        if "`" in line:
            yield f"{where}: backticks run a shell command ({_short(line)})"
        if word == ".control":
            in_control = True
        elif word == ".endc":
            in_control = False
        elif in_control:
            yield from _scan_command(line, where, home)
        else:
            yield from _scan_card(line, word, where, path, home, seen)


def _scan_card(line: str, word: str, where: str, path: Path, home: Path, seen: set[Path]) -> Iterator[str]:
    if word in (".include", ".inc", ".lib", ".incl") and len(line.split()) > 1:
        name = line.split(None, 1)[1].strip()
        name = name[1:].split(name[0])[0] if name[0] in "\"'" else name.split()[0]
        target = path.parent / name
        if word == ".lib" and len(line.split()) == 2 and not target.exists():
            return  # the start of a library section, not a file
        if not _inside(name, home, path.parent):
            yield f"{where}: reads {name}, outside the netlist's folder"
        elif target.exists():
            yield from _scan(target, home, seen)
    elif UNSAFE_DEVICES.search(line):
        yield f"{where}: a device that starts a program or loads a library ({_short(line)})"
    else:
        for name in FILE_PARAMETER.findall(line):
            if not _inside(name, home, path.parent):
                yield f"{where}: uses the file {name}, outside the netlist's folder"


def _scan_command(line: str, where: str, home: Path) -> Iterator[str]:
    for statement in line.split(";"):
        words = statement.split()
        if not words:
            continue
        command = words[0].lower()
        if command not in SAFE_COMMANDS and not re.match(r"^[*$#]", command):
            yield f"{where}: the command {words[0]!r} ({_short(statement)})"
            continue
        if command in ("set", "pre_set") and len(words) > 1 and words[1].split("=")[0].lower() in UNSAFE_VARIABLES:
            yield f"{where}: sets {words[1].split('=')[0]}"
        if command in MODEL_LOADERS:
            yield from _scan_osdi(words[1:], where, home)
        files = words[1:2] if command in FILE_COMMANDS or command == "run" else []
        files += [words[k + 1] for k, w in enumerate(words[:-1]) if w in (">", ">>", ">&", ">>&")]
        files += [w.lstrip(">&") for w in words[1:] if w.startswith(">") and w.lstrip(">&")]
        for name in files:
            if "$" in name or not _inside(name, home, home):
                yield f"{where}: writes {name}, outside the run folder"


def _scan_osdi(names: list[str], where: str, home: Path) -> Iterator[str]:
    for name in names:
        if "$" in name or not _inside(name, home, home):
            yield f"{where}: loads the library {name}, outside the netlist's folder"
        elif (home / name.strip("\"'")).exists() and not is_known_osdi(home / name.strip("\"'")):
            yield f"{where}: loads the library {name}, which rramcirc did not compile"


def _inside(name: str, home: Path, folder: Path) -> bool:
    """Whether a file name, seen from `folder`, stays in `home`."""
    name = name.strip("\"'")
    if name.startswith(("/", "~")) or "$" in name or "\\" in name:
        return False
    return (folder / name).resolve().is_relative_to(home)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."
