"""Where netlists are tried that may want to reach outside: folders, a victim, and what says that it was touched."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

from attack_decks import written

SECRET = "canary7391"
_SYSTEM = (
    "/usr/",
    "/lib",
    "/etc/ld.so",
    "/etc/localtime",
    "/etc/terminfo",
    "/proc/",
    "/sys/devices/",
    "/dev/",
    "/nix/",
)
_OPENED = re.compile(r'^(?:\d+ +)?(?:openat|open|creat)\((?:AT_FDCWD, )?"([^"]*)", ([A-Z_|]+)[^)]*\) += (-?\d+)', re.M)
_STARTED = re.compile(r'execve\("([^"]*)".*\) += 0$', re.M)
STRACE = shutil.which("strace")


class Place:
    """A netlist's folder, a run folder, and a victim whose files must stay as they are and unread."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home, self.folder, self.victim = root / "home", root / "runs" / "x.run", root / "victim"
        for folder in (self.home, self.folder, self.victim, root / "runs" / "d"):
            folder.mkdir(parents=True)
        (self.victim / "notes.txt").write_text("keep me\n")
        (root / "runs" / "d" / "data.txt").write_text("keep me\n")
        (self.victim / "secret.inc").write_text(f"* {SECRET}\n.model dd d(is=7.391284e-9)\nr{SECRET} 1 0 1k\n")
        (self.victim / "secret.lib").write_text(f".lib tt\nr{SECRET} 1 0 1k\n.endl\n")
        (self.victim / "run.sh").write_text(f"#!/bin/sh\ntouch {self.victim}/new.txt\n")
        (self.victim / "run.sh").chmod(0o755)
        self.before = self._outside()

    def deck(self, text: str) -> Path:
        """Write a netlist of `attack_decks` into its folder."""
        path = self.home / "deck.cir"
        path.write_bytes(written(text, str(self.victim)).encode(errors="surrogateescape"))
        return path

    def harm(self) -> list[str]:
        """Return what happened outside the two folders, or came into the run folder from the secret."""
        after = self._outside()
        found = [str(path) for path in set(after) ^ set(self.before)]
        found += [str(path) for path, text in self.before.items() if after.get(path, text) != text]
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name != "netlist.cir":
                text = path.read_bytes()
                if SECRET.encode() in text or b"7.39128" in text:
                    found.append(f"{path.name} holds the secret")
        return found

    def traced(self, command: list[str], program: Path) -> list[str]:
        """Run a command in the run folder and return what its program opened or started elsewhere.

        Nothing where nothing traces.
        """
        log = self.root / "trace.txt"
        words = [STRACE, "-f", "-qq", "-e", "trace=open,openat,creat,execve", "-o", str(log)] if STRACE else []
        known = {"HOME": str(self.victim), "RRAMCIRC_VICTIM": str(self.victim), "RRAMCIRC_SECRET": SECRET}
        with (self.folder / "said.txt").open("wb") as said:
            running = subprocess.Popen(
                [*words, *command], cwd=self.folder, env=os.environ | known, stdin=subprocess.DEVNULL, stdout=said,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(timeout=10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)  # what is traced outlives its tracer
            running.wait()
        text = log.read_text(errors="replace") if log.exists() else ""
        log.unlink(missing_ok=True)
        text = text[max(0, text.rfind(f'execve("{program}"')) :]  # what started it is not its doing
        return self._opened_elsewhere(text) + _STARTED.findall(text)[1:]

    def _opened_elsewhere(self, text: str) -> list[str]:
        found = []
        for name, flags, result in _OPENED.findall(text):
            if result == "-1" or name.startswith(_SYSTEM) or "O_TMPFILE" in flags:
                continue
            full = Path(os.path.realpath(self.folder / name.encode().decode("unicode_escape")))
            if not any(full.is_relative_to(folder) for folder in (self.home, self.folder)):
                found.append(name)
        return found

    def _outside(self) -> dict[Path, bytes]:
        inside = (self.home, self.folder)
        files = (p for p in self.root.rglob("*") if p.is_file() and not any(p.is_relative_to(f) for f in inside))
        return {path: path.read_bytes() for path in files}
