"""Which files a netlist from somewhere else may name: those of its folder and of folders that are allowed to be read,
and, to be written, those of the run folder; never a file whose name begins with a dot.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rramcirc.engines.ngspice.allowed import ALIASES, STRUCTURE
from rramcirc.engines.ngspice.lines import words

_UNCERTAIN = re.compile(r"[$\\{}`;<>&|\"'*?\x00-\x1f\x7f]")
_UNCERTAIN_INCLUDED = re.compile(r"[${}`;<>&|\"'*?\x00-\x1f\x7f]")  # there, a backslash is one
_CODE = re.compile(r"\.(?:osdi|so|cm|dll|dylib)(?:\W|$)", re.I)
_OF_THE_RUN = words(
    "netlist.cir netlist.sim run.json run.json.rramcirc bench.toml ngspice.log vacask.log spinit tclspinit"
)
# a name from which a variable vanished; nothing that starts by itself is called so
_ONLY_AN_ENDING = re.compile(r"\.(?:raw|txt|dat|data|csv|out|log|svg|ps|eps|png|vcd|s2p|table|snap|allv)", re.I)
LOOKS_LIKE_PATH = re.compile(r"/[^/\s\d(+-]|~[^\s(]*/|~\w*$|\.\.?/|\.[A-Za-z_]|[^\\]*\\|(?:[^/]|/(?!\.))*/\.")


@dataclass(frozen=True)
class Reach:
    """The folders that a netlist may read.

    Attributes
    ----------
    home
        The netlist's own.
    allowed
        Others, with `--allow-read`.
    """

    home: Path
    allowed: tuple[Path, ...] = ()

    @staticmethod
    def of(netlist: Path, allow_read: Sequence[Path | str] = ()) -> Reach:
        """Return the reach of a netlist."""
        return Reach(netlist.resolve().parent, tuple(Path(folder).resolve() for folder in allow_read))

    def not_to_read(self, name: str, folder: Path, included: bool = False) -> str:
        """Return why a file must not be read under this name, seen from `folder`; '' if it may."""
        uncertain = _UNCERTAIN_INCLUDED if included else _UNCERTAIN
        if not name or name.startswith(("~", "-")) or uncertain.search(name):
            return "a name that is certain only when it runs"
        if _hidden(name):
            return "a file whose name begins with a dot"
        return self.not_inside(folder / name)

    def not_inside(self, path: Path) -> str:
        """Return why this file must not be read, wherever its links lead; '' if it may."""
        try:
            target = path.resolve()
        except (OSError, RuntimeError, ValueError):
            return "which leads nowhere"
        if re.search(r'["\x00-\x1f\x7f]', str(target)):
            return "whose full name has characters that a netlist cannot hold"
        for root in (self.home, *self.allowed):
            if target.is_relative_to(root):
                return "a file whose name begins with a dot" if _hidden(str(target.relative_to(root))) else ""
        return "outside the netlist's folder"


def not_to_write(values: set[str] | None, made_up: bool) -> str:
    """Return why none of these may be the name of a file that a netlist writes, '' if all may.

    Parameters
    ----------
    values
        What the name may be when the netlist runs, None if that is not certain.
    made_up
        Whether variables make it, of which one may vanish.
    """
    if values is None:
        return "a name that is certain only when it runs"
    endings = {value for value in values if made_up and _ONLY_AN_ENDING.fullmatch(value)}
    return next((reason for value in sorted(values - endings) if (reason := _not_to_write(value))), "")


def _not_to_write(name: str) -> str:
    name = name.removeprefix("./")
    if not name:
        return ""
    if name.startswith(("/", "~")) or ".." in name.split("/") or re.search(r"[\\`$\x00-\x1f\x7f]", name):
        return "which is not a file of the run folder"
    if _hidden(name):
        return "a file whose name begins with a dot"
    if _CODE.search(name):
        return "a library that could be loaded"
    last = name.lower().rsplit("/", 1)[-1]
    if last in _OF_THE_RUN:
        return "a file of the run itself"
    return "a name that ngspice could take for a script" if last in ALIASES | STRUCTURE else ""


def leads_out(word: str) -> bool:
    """Whether a word would be a file outside the run folder if ngspice took it for the name of one."""
    bare = word.strip("\"'")
    return bool(LOOKS_LIKE_PATH.match(bare)) and not _ONLY_AN_ENDING.fullmatch(bare)


def may_be_copied(name: str) -> bool:
    """Whether a file that a netlist reads may stand in the run folder under this name."""
    parts = Path(name).parts
    plain = not Path(name).is_absolute() and ".." not in parts and not _hidden(name)
    return (plain and bool(parts) and not _not_to_write(name)) or (plain and bool(_CODE.search(name)))


def _hidden(name: str) -> bool:
    return any(part.startswith(".") and part not in (".", "..") for part in re.split(r"[/\\]", name))
