"""Hand damaged input to every reader: `python tests/unit/fuzz_readers.py [NUMBER [SEED [READER]]]`.

Nothing but a RramcircError may come out; no input may take more than 1 s of processor time per 100 kB (or part of it),
nor more memory than ten times its size and `CONSTANT`. Ends with 1 and the inputs, in a folder, if one did.
"""

from __future__ import annotations

import gc
import random
import re
import signal
import sys
import tempfile
import time
import traceback
import tracemalloc
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from readers import Reader, readers

from rramcirc.basics.errors import RramcircError

SECONDS, PER_BYTES = 1.0, 100_000  # of processor time
TIMES, CONSTANT = 10, 8 << 20  # of the size of the input, and what a reader may take besides [bytes]
TOKENS = (
    *(b"[", b"]", b"{", b"}", b"(", b")", b'"', b"'", b"`", b"\\", b"\0", b"\r", b"\n", b"\t", b" ", b",", b";", b"="),
    *(b"*", b"?", b"#", b"//", b"/*", b"*/", b"$", b"@", b"|", b"<", b">", b"+", b"-", b".", b"1", b"e", b"a", b"\xff"),
    *(b"\xc3\xa9", b"nan", b"inf", b"-1", b"1e400", b"1e-400", b"9" * 5000, b"99999999999999999999", b"0x7f", b"1_0"),
    *(b"true", b"null", b"begin ", b"end ", b"if (", b"else ", b'`include "', b"`define a a\n", b"`a ", b".include "),
    *(b"Binary:\n", b"Values:\n", b"No. Points: ", b"Flags: complex\n", b"[[", b"'''", b'"""', b" [", b"a (", b"1e"),
)


class TooLong(BaseException):
    """The time is over."""


@dataclass
class Fault:
    """What an input did to a reader, with its text if it is short, and what was damaged."""

    reader: str
    what: str
    given: bytes


def mutant(source: random.Random, inputs: tuple[bytes, ...]) -> bytes:
    """Return a damaged input; one in twelve is made long, so that what grows with the square of the length is seen."""
    data = source.choice(inputs)
    for _ in range(source.choice((1, 1, 2, 3, 6))):
        data = _damaged(data, source, inputs)
    return _pumped(data, source) if source.randrange(12) == 0 else data


def _damaged(data: bytes, source: random.Random, inputs: tuple[bytes, ...]) -> bytes:
    at = source.randrange(len(data) + 1)
    length = source.choice((1, 1, 2, 8, 60))
    kind = source.randrange(10)
    if kind == 0:
        return data[:at] + source.choice(TOKENS) + data[at:]
    if kind == 1:
        return data[:at] + data[at + length :]
    if kind == 2:
        return data[:at] + source.choice(TOKENS) * source.choice((2, 30, 1000)) + data[at:]
    if kind == 3 and data:
        k = min(at, len(data) - 1)
        return data[:k] + bytes([data[k] ^ (1 << source.randrange(8))]) + data[k + 1 :]
    if kind == 4:
        return data[:at]
    if kind == 5:
        other = source.choice(inputs)
        return data[:at] + other[source.randrange(len(other)) :]
    if kind == 6:
        numbers = [m.span() for m in re.finditer(rb"\d+\.?\d*(?:e[-+]?\d+)?", data)]
        begin, end = source.choice(numbers) if numbers else (at, at)
        return data[:begin] + source.choice((b"-1", b"0", b"1e400", b"nan", b"9" * 25, b"x", b"", b"[1]")) + data[end:]
    if kind == 7:
        return data[:at] + data[at : at + length] * source.choice((2, 30)) + data[at + length :]
    lines = data.split(b"\n")
    if kind == 8:
        source.shuffle(lines)
    else:
        k = source.randrange(len(lines))
        lines[k : k + source.choice((1, 2))] = [lines[source.randrange(len(lines))]] * source.choice((0, 1, 3))
    return b"\n".join(lines)


def _pumped(data: bytes, source: random.Random) -> bytes:
    """Repeat a piece, a token or the whole of it until it has 20 to 100 kB."""
    size = source.choice((20_000, 50_000, 100_000))
    at = source.randrange(len(data) + 1)
    piece = data[at : at + source.choice((1, 1, 3, 20, len(data)))] or b"a"
    if source.randrange(2):
        piece = source.choice(TOKENS)
    return data[:at] + piece * max(1, size // len(piece)) + data[at:]


def inputs_of(reader: Reader, number: int, seed: int) -> Iterator[bytes]:
    """Yield whole inputs first, then damaged ones, the same for the same seed."""
    yield from reader.inputs[:number]
    source = random.Random(f"{seed}/{reader.name}")
    for _ in range(number - len(reader.inputs)):
        yield mutant(source, reader.inputs)


def try_one(reader: Reader, path: Path, given: bytes) -> str:
    """Read it and return what is wrong, '' if nothing is."""
    path.write_bytes(given)
    limit = SECONDS * max(1.0, len(given) / PER_BYTES)
    told = _read(reader, path, limit)
    if not told.startswith("took"):
        return told
    tracemalloc.stop()  # it costs time itself; without it the time counts
    gc.collect()
    told = _read(reader, path, limit)
    tracemalloc.start()
    return told


def _read(reader: Reader, path: Path, limit: float) -> str:
    traced = tracemalloc.is_tracing()
    if traced:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
    signal.setitimer(signal.ITIMER_VIRTUAL, 5 * limit)
    started = time.process_time()
    try:
        reader.read(path)
    except RramcircError:
        pass
    except TooLong:
        return f"took more than {5 * limit:.0f} s"
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:200]}\n{''.join(traceback.format_tb(error.__traceback__)[-3:])}"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    used = time.process_time() - started
    if used > limit:
        return f"took {used:.1f} s"
    if traced:
        taken, size = tracemalloc.get_traced_memory()[1] - before, path.stat().st_size
        if taken > TIMES * size + CONSTANT:
            return f"took {taken / 1e6:.0f} MB of memory"
    return ""


def fuzz(
    number: int, seed: int, only: str = "", tell: Callable[[Fault], None] = lambda fault: None
) -> tuple[Counter[str], list[Fault]]:
    """Try `number` inputs in all; return how many each reader had, and the faults, which `tell` hears at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLong

    counts: Counter[str] = Counter()
    faults: list[Fault] = []
    before = signal.signal(signal.SIGVTALRM, stop)
    tracemalloc.start()
    try:
        with tempfile.TemporaryDirectory(prefix="fuzz-readers-") as folder, warnings.catch_warnings():
            warnings.simplefilter("error")
            found = [reader for reader in readers(Path(folder)) if only in reader.name]
            total = sum(reader.share for reader in found)
            for reader in found:
                for k, given in enumerate(inputs_of(reader, -(-number * reader.share // total), seed)):
                    path = Path(folder) / f"{k % 50}-{len(counts)}{reader.ending}"
                    if told := try_one(reader, path, given):
                        faults.append(Fault(reader.name, told, given))
                        tell(faults[-1])
                    counts[reader.name] += 1
    finally:
        tracemalloc.stop()
        signal.signal(signal.SIGVTALRM, before)
    return counts, faults


def main(words: list[str]) -> int:
    """Run what the command line asks for; say how many inputs there were, and every fault."""
    number, seed = (int(word) for word in [*words[:2], *("20000", "1")[len(words[:2]) :]])
    begun = time.monotonic()
    kept = Path(tempfile.mkdtemp(prefix="fuzz-readers-faults-"))
    alike: Counter[tuple[str, str]] = Counter()

    def tell(fault: Fault) -> None:
        file = kept / f"{alike.total()}"
        file.write_bytes(fault.given)
        kind = fault.reader, fault.what.rpartition("  File")[2] or fault.what[:12]
        alike[kind] += 1
        if alike[kind] <= 2:
            print(f"{fault.reader}: {fault.what} ({len(fault.given)} bytes, {file})", flush=True)

    counts, faults = fuzz(number, seed, words[2] if len(words) > 2 else "", tell)
    print(f"{counts.total()} inputs for {len(counts)} readers, seed {seed}, {time.monotonic() - begun:.0f} s")
    print(f"{len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
