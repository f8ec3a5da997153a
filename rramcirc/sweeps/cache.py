"""Simulations that sweeps have run before: their run folders, found again by what makes their numbers.

An entry is one file, named by the key of its simulation: the checksum of what follows, then the files of the run as a
tar archive. It appears by renaming, complete or not at all, so that any number of processes may write at once; a
damaged one counts as none and is removed. Only runs that ended well are kept: a failure may be the machine's.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import tarfile
import tempfile
import time
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from rramcirc.basics.errors import ParameterError
from rramcirc.basics.paths import cache_folder
from rramcirc.basics.version import __version__
from rramcirc.waveforms.folder import NETLIST, RAW, RECORD
from rramcirc.waveforms.spikes import FILE as SPIKES

if TYPE_CHECKING:
    from rramcirc.bench.testbench import Testbench

LIMIT_NAME, LIMIT = "RRAMCIRC_RUN_CACHE_MB", 1000.0  # [MB] of 1e6 bytes
_FILES = (RECORD, NETLIST, RAW, SPIKES)  # what waveforms are read from
_SUFFIX = ".run"
_DIGITS = 64  # of a checksum, hexadecimal
_LARGEST = 1 / 20  # share of the limit that one entry may take
_SHARE = 1 / 64  # of the limit that a process writes before it looks at the size of all entries
_TRIMMED = 0.8  # share of the limit that is left then: ten processes stay below the limit together
_ABANDONED = 3600.0  # [s] after which a file that never got its name goes


def runs_folder() -> Path:
    """Return the folder of the entries, which need not be there."""
    return cache_folder() / "runs"


def size_limit() -> int:
    """Return how much the entries may take together [bytes], 0 for no cache: RRAMCIRC_RUN_CACHE_MB, else 1000 MB.

    Raises
    ------
    ParameterError
        If the variable holds no such number.
    """
    text = os.environ.get(LIMIT_NAME) or str(LIMIT)
    try:
        limit = float(text)
        if not 0 <= limit < 1e12:
            raise ValueError(text)
    except ValueError:
        raise ParameterError(
            f"{LIMIT_NAME} is {text!r}: give a number of MB, for example 2000, or 0 for no run cache."
        ) from None
    return int(limit * 1e6)


def simulation_key(bench: Testbench, engine: str) -> str:
    """Return the hash of everything that makes the waveforms of a testbench in an engine.

    For a simulator: the text of the netlist, the compiled models, the files of the cards, whose bounds a run is held
    to, simulator and package. For engines of our own: the testbench in place of the netlist.

    Raises
    ------
    RramcircError
        If there is no such simulation.
    """
    from rramcirc.circuits.bench_file import plain_tables
    from rramcirc.devices.veriloga.compile import compile_module
    from rramcirc.engines.build import build_netlist
    from rramcirc.engines.spelling import model_sources

    if engine in ("ngspice", "vacask"):
        text = build_netlist(bench, engine).text
    else:
        text = json.dumps(plain_tables(bench), sort_keys=True, default=str)
    models = {source.name: compile_module(source).sha256 for source in model_sources(bench.design.cards)}
    what = [engine, _program(engine), text, models, file_hashes(bench), __version__, _package(), platform.machine()]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def file_hashes(bench: Testbench) -> dict[str, str]:
    """Return the hashes of the files of cards and models of a testbench, by name."""
    from rramcirc.engines.spelling import model_sources

    files = {*(card.path for card in bench.design.cards), *model_sources(bench.design.cards)}
    return {path.name: _sha256(path, path.stat().st_mtime_ns) for path in sorted(files)}


class RunCache:
    """The entries in the cache folder of this machine.

    Parameters
    ----------
    limit
        How much they may take together [bytes].
    folder
        Where they are.
    """

    def __init__(self, limit: int, folder: Path) -> None:
        self.limit, self.folder = limit, folder
        self._unseen = limit  # bytes written since all entries were looked at: the first one looks

    def take(self, key: str, folder: Path) -> bool:
        """Put the files of a run into a folder; return whether there are any."""
        place = self._place(key)
        try:
            content = place.read_bytes()
        except OSError:
            return False
        checksum, archive = content[:_DIGITS], content[_DIGITS:]
        if hashlib.sha256(archive).hexdigest().encode() != checksum:
            with suppress(OSError):
                place.unlink()
            return False
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            for name in files.getnames():
                stream = files.extractfile(name)
                assert stream is not None
                (folder / Path(name).name).write_bytes(stream.read())
        with suppress(OSError):
            os.utime(place)  # what was used last goes last
        return True

    def put(self, key: str, folder: Path) -> bool:
        """Keep the files of a run; return whether they are kept: not if they are large, or the disk is full."""
        present = [folder / name for name in _FILES if (folder / name).is_file()]
        if sum(path.stat().st_size for path in present) > self.limit * _LARGEST:
            return False
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as files:
            for path in present:
                files.add(path, path.name)
        archive = stream.getvalue()
        try:
            self._write(self._place(key), hashlib.sha256(archive).hexdigest().encode() + archive)
        except OSError:
            return False
        self._unseen += len(archive)
        if self._unseen > self.limit * _SHARE:
            self._unseen = 0
            self.trim()
        return True

    def entries(self) -> list[tuple[Path, os.stat_result]]:
        """Return the files of all entries with size and time, the one that was used last at the end."""
        found = []
        for path in self.folder.glob(f"*/*{_SUFFIX}"):
            with suppress(OSError):  # another process removed it
                found.append((path, path.stat()))
        return sorted(found, key=lambda item: item[1].st_mtime_ns)

    def trim(self) -> None:
        """Remove what was not used for longest if all entries take more than the limit leaves, and what was cut off."""
        entries = self.entries()
        size = sum(info.st_size for _, info in entries)
        for path, info in entries:
            if size <= self.limit * _TRIMMED:
                break
            with suppress(OSError):
                path.unlink()
            size -= info.st_size
        for path in self.folder.glob("*/.new-*"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > _ABANDONED:
                    path.unlink()

    def _place(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}{_SUFFIX}"

    @staticmethod
    def _write(place: Path, content: bytes) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, private = tempfile.mkstemp(prefix=".new-", dir=place.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            os.replace(private, place)
        except OSError:
            Path(private).unlink(missing_ok=True)
            raise


@lru_cache(maxsize=4)
def run_cache(limit: int, folder: Path) -> RunCache:
    """Return the cache of this process for a limit [bytes] and a folder."""
    return RunCache(limit, folder)


@lru_cache(maxsize=256)
def _sha256(path: Path, modified: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _program(engine: str) -> list[str | int]:
    """Return what changes when the simulator does."""
    if engine == "ngspice":
        from rramcirc.engines.ngspice.run import find_ngspice, ngspice_version

        program = find_ngspice()
        info = program.stat()
        return [ngspice_version(program, info.st_mtime), info.st_mtime_ns, info.st_size]
    if engine == "vacask":
        from rramcirc.engines.vacask.run import find_vacask

        program = find_vacask()
        return [str(program), program.stat().st_mtime_ns, program.stat().st_size]
    import llvmlite.binding as llvm

    return [*(f"{name} {version(name)}" for name in ("numpy", "numba", "scipy")), str(llvm.get_host_cpu_name())]


@lru_cache(maxsize=1)
def _package() -> str:
    """Return a hash of times and sizes of the package's files: in a checkout they change without the version."""
    root = Path(__file__).resolve().parents[1]
    found = [(str(path.relative_to(root)), path.stat().st_mtime_ns, path.stat().st_size) for path in root.rglob("*.py")]
    return hashlib.sha256(repr(sorted(found)).encode()).hexdigest()
