"""Let the kernel hold an untrusted ngspice back (Landlock, Linux 5.13 or newer).

It reads its libraries and the netlist's folders, writes the run folder and nothing else, and starts no program.

A fresh process takes the rules upon itself and becomes ngspice (:mod:`rramcirc.engines.ngspice.launcher`).
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from rramcirc.engines.ngspice import launcher

_LIBRARIES = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store", "/etc/ld.so.cache",
    "/etc/ld.so.preload",
)  # fmt: skip
_DATA = (
    "/usr/share/ngspice", "/usr/local/share/ngspice", "/usr/share/locale", "/usr/share/zoneinfo", "/etc/localtime",
    "/usr/share/terminfo", "/etc/terminfo", "/proc/meminfo", "/proc/cpuinfo", "/proc/version", "/proc/self/statm",
    "/sys/devices/system/cpu", "/dev/urandom", "/dev/random",
)  # fmt: skip
_KEPT = ("PATH", "HOME", "LANG", "TZ", "TERM", "LD_LIBRARY_PATH")
_KEPT_BEGINNINGS = ("LC_", "OMP_", "SPICE_")


@lru_cache(maxsize=1)
def landlock_version() -> int:
    """Return the version of Landlock that this kernel has, 0 if none."""
    return launcher.version() if sys.platform == "linux" else 0


def why_not(program: Path) -> str:
    """Return why this program cannot be confined here, '' if it can."""
    if not landlock_version():
        return "this kernel has no Landlock"
    if not sys.executable:
        return "there is no Python program to start it with"
    return "" if _loader(program) is not None else f"{program} is no program file of this machine"


def confined(program: Path, folder: Path, reads: Sequence[Path]) -> list[str]:
    """Return the words before a command that confine it.

    Parameters
    ----------
    program
        The program file.
    folder
        The run folder, which it may write.
    reads
        Folders that it may read.
    """
    real = program.resolve()
    prefix = real.parent.parent
    own = [prefix / "lib", prefix / "lib64", prefix / "share" / "ngspice"] if prefix != Path("/") else []
    named = [os.environ.get(name, "") for name in ("SPICE_LIB_DIR", "SPICE_SCRIPTS")]
    named += os.environ.get("LD_LIBRARY_PATH", "").split(":")
    rules = [("x", str(real)), ("x", _loader(program) or ""), ("w", str(folder.resolve())), ("d", "/dev/null")]
    rules += [("r", str(path)) for path in (*_LIBRARIES, *_DATA, *own, *named, *reads)]
    return [sys.executable, "-I", "-S", "-E", launcher.__file__, *(kind + path for kind, path in rules if path), "--"]


def kept_environment() -> dict[str, str]:
    """Return what an untrusted program may know of our environment."""
    return {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_BEGINNINGS)}


def failed(exit_code: int, output: str) -> str:
    """Return why the launcher did not start the program, '' if it did."""
    beginning, told, reason = output.lstrip().partition("launcher: ")
    return reason.strip() if exit_code == launcher.NOT_CONFINED and told and not beginning else ""


def _loader(program: Path) -> str | None:
    """Return the loader that a program file (ELF) names, '' if it needs none, None if it is no such file."""
    try:
        with program.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return None
    if head[:4] != b"\x7fELF" or len(head) < 64:
        return None
    wide, order = head[4] == 2, "<" if head[5] == 1 else ">"
    start = struct.unpack_from(order + ("Q" if wide else "I"), head, 32 if wide else 28)[0]
    size, count = struct.unpack_from(order + "HH", head, 54 if wide else 42)
    for k in range(start, start + size * count, max(size, 1)):
        if k + size > len(head):
            return None
        if struct.unpack_from(order + "I", head, k)[0] == 3:  # PT_INTERP
            offset = struct.unpack_from(order + ("Q" if wide else "I"), head, k + (8 if wide else 4))[0]
            return head[offset:].split(b"\0")[0].decode(errors="replace") or None
    return ""
