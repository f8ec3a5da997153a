"""Mutate netlists and run those that pass the scan: `python tests/agreement/fuzz_decks.py [NUMBER [SEED]]`.

Each one that passes runs in ngspice without the kernel's confinement; each one that does not, with it and without the
scan. In both cases nothing may be opened or changed outside the netlist's folder and the run folder. Ends with 1 and
the netlist if something was.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from attack_decks import attacks
from attack_place import Place

from rramcirc.basics.errors import NetlistError
from rramcirc.engines.ngspice.confinement import confined, why_not
from rramcirc.engines.ngspice.run import find_ngspice
from rramcirc.engines.ngspice.scan import check_foreign

SIGNS = [
    *";<>&$`'\"{}()[]\\ \t,.~/|!*#@+=:-\r\n",
    *("\n+ ", "\\\\\n", " ; ", "\n*# ", "$f", "{$f}", "../", "> "),
]
WORDS = ("shell", "echo", "set", "let", "write", ".control", ".endc", ".end", "file", "pre_", "if", "end", "load", "cd")
PLAIN = (
    "* plain\nv1 1 0 1\nr1 1 2 1k\nr2 2 0 1k\n.op\n.control\nop\nset f = out\nwrite $f.raw v(2)\nprint v(2) > {f}.txt\n"
    "let a = v(2) > 0.3\nif a > 0\n  echo large\nend\nforeach c tt ss\n  echo $c >> out_{$c}.txt\nend\n.endc\n.end\n",
    "* plain\nv1 1 0 1\nx1 1 0 s\n.subckt s a b\nr1 a b 1k\n.ends\n.tran 1n 10n\n.meas tran m max v(1)\n"
    "*# run\n*# wrdata out.txt v(1)\n*# hardcopy x.ps v(1)\n.end\n",
)


def mutants(number: int, seed: int) -> Iterator[str]:
    """Yield mutated netlists, the same for the same seed."""
    source = random.Random(seed)
    # a mutated `rm` might hit what the mutation made of its path
    parents = [text.replace("rm {abs}/notes.txt", "touch {abs}/new.txt") for text in attacks().values()]
    parents += [text.replace("{", "{{").replace("}", "}}") for text in PLAIN] * 150
    for _ in range(number):
        text = source.choice(parents)
        for _ in range(source.randint(1, 6)):
            text = _mutated(text, source, parents)
        yield text


def _mutated(text: str, source: random.Random, parents: list[str]) -> str:
    place = source.randrange(len(text) + 1)
    kind = source.randrange(8)
    lines = text.split("\n")
    k = source.randrange(len(lines))
    if kind == 0:
        return text[:place] + source.choice(SIGNS) + text[place:]
    if kind == 1:
        return text[:place] + text[place + source.randint(1, 4) :]
    if kind == 2:
        return text[:place] + source.choice(WORDS) + source.choice((" ", "")) + text[place:]
    if kind == 3:
        other = source.choice(parents).split("\n")
        lines[k:k] = [source.choice(other)]
    elif kind == 4:
        lines[k] = lines[k].swapcase()
    elif kind == 5:
        around = source.choice(("'%s'", '"%s"', "*# %s", "+ %s", "pre_%s", "%s ;%s", "(%s", "{%s}"))
        lines[k] = around.replace("%s", lines[k])
    elif kind == 6:
        del lines[k]
    else:
        parts = lines[k].split(" ")
        source.shuffle(parts)
        lines[k] = " ".join(parts)
    return "\n".join(lines)


def try_one(place: Place, text: str) -> tuple[str, list[str]]:
    """Return what stood between the netlist and the victim, and what it did nevertheless."""
    program = find_ngspice()
    path = place.deck(text)
    for old in (*place.folder.rglob("*"), *place.home.rglob("*")):
        if old != path and old.is_file():
            old.unlink()
    command = [str(program), "-n", "-b", "netlist.cir"]
    try:
        check_foreign(path)
        layer = "scan"
    except NetlistError:
        if why_not(program):
            return "refused", []
        layer, command = "kernel", [*confined(program, place.folder, (place.home,)), *command]
    (place.folder / "netlist.cir").write_bytes(path.read_bytes())
    opened = place.traced(command, program)
    return layer, [*opened, *place.harm()]


def fuzz(number: int, seed: int, kernel_every: int = 1) -> tuple[dict[str, int], list[str]]:
    """Try mutants; return how many met which layer, and what the first that came through did, with its text."""
    root = Path(tempfile.mkdtemp(prefix="fuzz-decks-"))
    found = {"scan": 0, "kernel": 0, "refused": 0}
    try:
        place = Place(root)
        for k, text in enumerate(mutants(number, seed)):
            if k % kernel_every and _refused(place.deck(text)):
                found["refused"] += 1
                continue
            layer, harm = try_one(place, text)
            found[layer] += 1
            if harm:
                return found, [layer, *harm, text]
    finally:
        shutil.rmtree(root)
    return found, []


def _refused(path: Path) -> bool:
    try:
        check_foreign(path)
    except NetlistError:
        return True
    return False


if __name__ == "__main__":
    amount, chosen = (int(word) for word in [*sys.argv[1:], *("5000", "1")[len(sys.argv) - 1 :]])
    begun = time.monotonic()
    counts, broken = fuzz(amount, chosen)
    print(f"{amount} netlists, seed {chosen}, {time.monotonic() - begun:.0f} s: {counts}")
    if broken:
        print("\n".join(broken))
        sys.exit(1)
