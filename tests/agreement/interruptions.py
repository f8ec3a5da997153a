"""Rerun and interrupt simulations at random: `python tests/agreement/interruptions.py [NUMBER [SEED [LOG]]]`.

Ctrl-C once, twice or three times, SIGTERM, SIGHUP, kill -9, a second run into the same folder, and reruns beside files
of the user's own, each at a random moment of a run of `python -m rramcirc simulate`. Afterwards no file that is not the
run's may differ, no process may be left, run.json must be readable, and the next run into the folder must be accepted.
With a LOG, which has a line for every draw, a run that was cut off goes on behind the last one. Ends with 1 if there
was a fault.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rramcirc.basics.errors import WaveformError
from rramcirc.waveforms.folder import load_run, read_record

DECK = "* sine\nv1 a 0 sin(0 1 1meg)\nr1 a b 1k\nc1 b 0 1n\n.tran 10n {stop} 0 10n\n.end\n"
LONGEST = 30.0  # [s] after which a run hangs; an uninterrupted one takes less than 2 s on an idle core
TOGETHER = 20  # draws into the same folder, one after another
STATUSES = {"running", "done", "failed", "interrupted", "killed", "timeout"}
KINDS = {
    "to the end": (), "Ctrl-C": (signal.SIGINT,), "Ctrl-C twice": (signal.SIGINT,) * 2,
    "Ctrl-C three times": (signal.SIGINT,) * 3, "SIGTERM": (signal.SIGTERM,), "SIGHUP": (signal.SIGHUP,),
    "Ctrl-C and SIGTERM": (signal.SIGINT, signal.SIGTERM), "kill -9": (signal.SIGKILL,), "second run": (),
}  # fmt: skip
EXPECTED = {0, 130, 128 + signal.SIGTERM, 128 + signal.SIGHUP} | {
    -number for numbers in KINDS.values() for number in numbers
}


@dataclass
class Draw:
    """What is done to one run: in words, netlist, moment [s], and the gaps between signals [s]."""

    kind: str
    netlist: str
    moment: float
    gaps: tuple[float, ...]
    own_file: str


def draw(number: int, seed: int) -> Draw:
    """Return draw `number`, the same for the same seed."""
    source = random.Random(f"{seed}/{number}")
    own = source.choice(["", "", "", "plot.png", "out.csv", "more/waves.raw", "more/run.json", "netlist2.cir", "link"])
    gaps = tuple(source.choice([0.0, 0.02, 0.3]) * source.random() for _ in range(3))
    netlist = source.choice(["deck.cir"] * 3 + ["short.cir"])
    return Draw(source.choice(list(KINDS)), netlist, source.uniform(0.0, 1.0), gaps, own)


class Place:
    """Netlists, a run folder, and files of the user's own in it and beside it."""

    def __init__(self, root: Path, seconds: float) -> None:
        self.root, self.run, self.seconds = root, root / "x.run", seconds
        (root / "deck.cir").write_text(DECK.format(stop="3m"))
        (root / "short.cir").write_text(DECK.format(stop="10u"))
        (root / "notes.txt").write_text("mine")
        self.own = {root / name: (root / name).read_bytes() for name in ("deck.cir", "short.cir", "notes.txt")}

    def put(self, name: str) -> None:
        """Put a file of the user's own into the run folder, once there is one."""
        path = self.run / name
        if not name or path in self.own or not (self.run / "run.json").exists():
            return
        if name == "link":
            path.symlink_to(self.root / "notes.txt")
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"mine: {name}")
        self.own[path] = path.read_bytes()

    def start(self, netlist: str) -> subprocess.Popen[str]:
        """Begin a run."""
        command = [sys.executable, "-m", "rramcirc", "simulate", netlist, "-o", "x.run"]
        return subprocess.Popen(
            command, cwd=self.root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def try_one(self, what: Draw) -> list[str]:
        """Do it and return the faults."""
        self.put(what.own_file)
        first = self.start(what.netlist)
        time.sleep(what.moment * self.seconds)
        second = self.start("short.cir") if what.kind == "second run" else None
        for number, gap in zip(KINDS[what.kind], what.gaps, strict=False):
            first.send_signal(number)
            time.sleep(gap)
        faults = [*_ending(first, what.kind), *(_ending(second, "to the end") if second else [])]
        return [*faults, *self.left_behind(), *self.unreadable(), *self.touched()]

    def left_behind(self) -> list[str]:
        """Return the processes that still run in the folder, and end them."""
        end = time.monotonic() + 3.0
        while (found := _processes_in(self.run)) and time.monotonic() < end:
            time.sleep(0.01)
        for number in found:
            os.kill(number, signal.SIGKILL)
        return [f"process {number} is left" for number in found]

    def unreadable(self) -> list[str]:
        """Return why the run folder cannot be read."""
        if not self.run.exists() or not any(self.run.iterdir()):
            return []  # it had not begun
        if {path.name for path in self.run.iterdir()} == {"run.json.rramcirc"}:
            return []  # nor here
        try:
            status = read_record(self.run).get("status")
        except WaveformError as error:
            return [str(error)]
        try:
            load_run(self.run)
        except WaveformError as error:
            if status == "done":
                return [str(error)]
        return [] if status in STATUSES else [f"the status is {status!r}"]

    def touched(self) -> list[str]:
        """Return the user's files that are not as they were."""
        return [str(path) for path, text in self.own.items() if not path.exists() or path.read_bytes() != text]


def _ending(running: subprocess.Popen[str], kind: str) -> list[str]:
    """Return what is wrong with the end of a run."""
    try:
        told = running.communicate(timeout=LONGEST)[1]
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        return [f"did not end: {running.communicate()[1]}"]
    status, faults = running.returncode, []
    begun = ", in main\n" in told or "Traceback" not in told  # before, Python itself is interrupted, and says so
    if "Traceback" in told and begun:
        faults.append(told)
    refused = status == 2 and "another run is writing into this folder" in told
    if kind == "to the end" and status != 0 and not refused:
        faults.append(f"ended with {status}: {told}")
    if status not in EXPECTED and not refused and begun:
        faults.append(f"ended with {status}: {told}")
    return faults


def _processes_in(folder: Path) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").resolve() == folder and (entry / "stat").read_text().rpartition(")")[2].split()[
                0
            ] != "Z":
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def usual_time(root: Path) -> float:
    """Return how long an uninterrupted run takes here [s]."""
    place = Place(root, 0.0)
    started = time.monotonic()
    assert not _ending(place.start("deck.cir"), "to the end")
    return time.monotonic() - started


def interrupt(first: int, last: int, seed: int, log: Path | None = None) -> tuple[Counter[str], list[str]]:
    """Try draws `first` to `last`; return how many of each kind, and the faults."""
    counts: Counter[str] = Counter()
    faults: list[str] = []
    top = Path(tempfile.mkdtemp(prefix="interruptions-"))
    try:
        (top / "usual").mkdir()
        seconds = usual_time(top / "usual")
        place = None
        for k in range(first, last):
            if place is None or k % TOGETHER == 0 or faults:
                folder = top / str(k)
                folder.mkdir()
                place = Place(folder, seconds)
            what = draw(k, seed)
            found = [f"draw {k}, {what}: {fault}" for fault in place.try_one(what)]
            counts[what.kind] += 1
            faults += found
            if log is not None:
                with log.open("a") as file:
                    file.write(f"{k}\t{what.kind}\t{' | '.join(found).encode('unicode_escape').decode()}\n")
    finally:
        shutil.rmtree(top)
    return counts, faults


def main(words: list[str]) -> int:
    """Run what the command line asks for; say how many of each kind, and every fault."""
    number, seed = (int(word) for word in [*words[:2], *("1000", "1")[len(words[:2]) :]])
    log = Path(words[2]) if len(words) > 2 else None
    done = [line.split("\t") for line in log.read_text().splitlines()] if log is not None and log.exists() else []
    counts, faults = interrupt(len(done), number, seed, log)
    counts += Counter(row[1] for row in done)
    faults = [row[2] for row in done if row[2]] + faults
    print(f"{counts.total()} runs, seed {seed}: {dict(counts)}")
    print("\n".join([*faults, f"{len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
