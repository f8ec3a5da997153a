"""Which mutants are drawn, by room and seed, and which tests can see each."""

from __future__ import annotations

import json
import random
import re
import sqlite3
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from operators import Mutant, python_mutants, verilog_mutants

QUOTA = {"devices": 60, "verilog-a": 60, "circuits": 50, "engines": 60, "kernels": 60, "analysis": 40}
_DRAWINGS = ("schematic.py", "sheet.py")  # what they draw is looked at
_SLOW_CLOCK = ("tests/unit/test_child.py", "tests/agreement/test_interruption.py")  # they wait for other processes
_BY_TEXT = "table_for_milo_belongs_to_the_card"  # compares the sum of a .va file: any change of a byte would count
_OF_DEVICES = re.compile(r"test_(model|transistor|compiled|cell|cycle)")
_COMPILED = re.compile(r"^(?=@(?:compiled|inlined|_njit|_compiled|kernels\._compiled)\b)", re.MULTILINE)


@dataclass(frozen=True)
class Drawn:
    """One mutant of the sample."""

    name: str
    room: str
    file: str
    mutant: Mutant


def rooms(tree: Path) -> dict[str, list[str]]:
    """Return the files of every room, relative to the tree; files with numba functions are the kernels."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(tree.glob("rramcirc/*/**/*.py")):
        room = path.relative_to(tree).parts[1]
        kernel = room in ("devices", "engines", "analysis") and _COMPILED.search(path.read_text(encoding="utf-8"))
        room = "kernels" if kernel else room
        if room in QUOTA and path.name not in _DRAWINGS:
            found[room].append(str(path.relative_to(tree)))
    found["verilog-a"] = [str(path.relative_to(tree)) for path in sorted(tree.glob("verilog-a/*.va"))]
    return found


def draw(tree: Path, seed: int) -> list[Drawn]:
    """Return the sample in an order of which every beginning is a sample of each room, too; kernels last."""
    rng = random.Random(seed)
    found = []
    for room, files in rooms(tree).items():
        every = []
        for file in files:
            source = (tree / file).read_bytes()
            every += [(file, m) for m in (verilog_mutants if file.endswith(".va") else python_mutants)(source)]
        for k, (file, mutant) in enumerate(rng.sample(every, QUOTA[room])):
            found.append(Drawn(f"{room}-{k}", room, file, mutant))
    rng.shuffle(found)
    return sorted(found, key=lambda one: one.room == "kernels")  # they cost three times as much


def importing(file: str) -> str:
    """Return the regular expression of a line that imports a module."""
    module = file[:-3].replace("/", ".").removesuffix(".__init__")
    room, _, name = module.rpartition(".")
    return rf"\b(?:from|import) {re.escape(module)}(?![\w.])|\bfrom {re.escape(room)} import [^\n]*\b{name}\b"


class TestMap:
    """Which tests reach which line, from the files that the plugin trace.py wrote."""

    def __init__(self, tree: Path, folder: Path) -> None:
        self.tree = tree
        self.texts = {str(p.relative_to(tree)): p.read_text(encoding="utf-8") for p in tree.glob("rramcirc/**/*.py")}
        told = [pair for file in folder.glob("tests.*.json") for pair in json.loads(file.read_text()).items()]
        self.cpu = {  # what is skipped, or fails without a fault, is not used
            name: float(what.get("cpu", 0.0)) for name, what in told
            if what.get("outcome") == "passed" and not name.startswith(_SLOW_CLOCK) and _BY_TEXT not in name
        }  # fmt: skip
        self._lines: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        for file in folder.glob("lines.*"):
            self._read(file)

    def _read(self, file: Path) -> None:
        query = (
            "select path, context, numbits from line_bits join file on file.id = file_id "
            "join context on context.id = context_id where context != ''"
        )
        for path, context, bits in sqlite3.connect(file).execute(query):
            if context in self.cpu and path.startswith(f"{self.tree}/"):
                lines = self._lines[path[len(str(self.tree)) + 1 :]]
                for k, byte in enumerate(bits):
                    for bit in range(8):
                        if byte >> bit & 1:
                            lines[8 * k + bit].add(context)

    def near(self, drawn: Drawn) -> set[str]:
        """Return the tests that execute the mutated statement, or that call the mutated kernel, or name the module."""
        if drawn.room == "verilog-a":
            return self._naming(Path(drawn.file).stem)
        if not drawn.mutant.function:
            return self.of_file(drawn.file)
        lines = self._lines[drawn.file]
        found = set().union(*(lines.get(n, set()) for n in range(drawn.mutant.first, drawn.mutant.line + 1)))
        if drawn.room == "kernels":  # compiled code is not seen, whoever calls it
            called = re.compile(importing(drawn.file))
            found |= {name for name in self.cpu if called.search(self._test_text(name.split("::")[0]))}
            found |= self._calling(drawn.file, drawn.mutant.function)
        return found or self.of_file(drawn.file)

    def of_file(self, file: str) -> set[str]:
        """Return the tests that execute anything in a file; of a file that is seen by none, in those that import it."""
        found = set().union(*self._lines[file].values())
        if found:
            return found
        seen, new = {file}, {file}
        while new and not found:  # compiled code is not seen: what imports it, or what imports that
            wanted = re.compile("|".join(map(importing, sorted(new))))
            new = {f for f, text in self.texts.items() if f not in seen and wanted.search(text)}
            seen |= new
            found = set().union(*(set().union(*self._lines[f].values()) for f in new))
        return found

    def _users(self, file: str) -> set[str]:
        """Return a module and those that import it."""
        wanted = re.compile(importing(file))
        return {file} | {f for f, text in self.texts.items() if f.endswith(".py") and wanted.search(text)}

    def _calling(self, file: str, kernel: str) -> set[str]:
        """Return the tests that execute a line, outside compiled code, which names a kernel or one that calls it."""
        bodies = {}
        for place, text in self.texts.items():
            for part in _COMPILED.split(text)[1:]:
                body = re.split(r"^(?=[^\s)])", part.split("\ndef ", 1)[-1], flags=re.MULTILINE)[0]
                bodies[place, body.split("(")[0]] = body
        found: set[str] = set()
        seen, new = set(), {(file, kernel)}
        while new:
            seen |= new
            callers = set()
            for place, name in new:
                users, pattern = self._users(place), re.compile(rf"\b{re.escape(name)}\b")
                callers |= {key for key, body in bodies.items() if key[0] in users and pattern.search(body)}
                for user in users:
                    for number, line in enumerate(self.texts[user].splitlines(), 1):
                        if pattern.search(line):
                            found |= self._lines[user].get(number, set())
            new = callers - seen
        return found

    def _naming(self, module: str) -> set[str]:
        """Return the tests of files that name a Verilog-A module or one of its cards."""
        cards = [c.stem for c in self.tree.glob("models/*.toml") if f'module = "{module}"' in c.read_text()]
        words = [module, *cards]
        found = set()
        for name in self.cpu:
            text = self._test_text(name.split("::")[0])
            if any(word in name or word in text for word in words):
                found.add(name)
        return found

    def _test_text(self, file: str) -> str:
        if file not in self.texts:
            self.texts[file] = (self.tree / file).read_text(encoding="utf-8")
        return self.texts[file]

    def order(self, tests: set[str], kills: Counter[str], word: str) -> list[str]:
        """Return the tests, short ones that often find faults first, one of each function before its others."""
        seen: Counter[str] = Counter()
        cost = {}
        for name in sorted(tests, key=lambda n: self.cpu[n]):
            function = name.split("[")[0]
            file = function.split("::")[0]
            worth = 1.0 + kills[function] + 0.2 * kills[file] + 2.0 * (word in name)
            worth += 5.0 * bool(word.startswith(("rram_", "nmos_", "pmos_")) and _OF_DEVICES.search(file))
            cost[name] = (self.cpu[name] + 0.05) * (1.0 + seen[function]) / worth
            seen[function] += 1
        return sorted(cost, key=lambda name: cost[name])
