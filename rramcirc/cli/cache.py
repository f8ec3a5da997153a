"""rramcirc cache."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import click

EXAMPLE = """\b
runs          simulations of sweeps; RRAMCIRC_RUN_CACHE_MB is their limit (default 1000, 0: none)
models        compiled Verilog-A
loops         machine code of numba
pulse-tables  of characterise
All are made again when they are needed. RRAMCIRC_CACHE is the folder.

\b
Example:
  rramcirc cache
  rramcirc cache --clear runs
"""


@click.command(epilog=EXAMPLE)
@click.option("--clear", "parts", multiple=True, metavar="runs|models|loops|pulse-tables|all",
              help="Remove these files; several may be given.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the table for machines.")
def cache(parts: tuple[str, ...], as_json: bool) -> None:
    """Show what is kept to save time, with number and size of the files; --clear removes it.

    Whatever runs meanwhile goes on: it makes again what it misses.
    """
    from rramcirc.basics.errors import ParameterError, unknown_name
    from rramcirc.sweeps.cache import runs_folder, size_limit

    places = _places(runs_folder())
    for part in parts:
        if part not in (*places, "all"):
            raise ParameterError(f"--clear: {unknown_name('part', part, (*places, 'all'))}")
    for name in places if "all" in parts else dict.fromkeys(parts):
        freed = _remove(_files(places[name]))
        print(f"{name}: {freed[0]} files removed, {freed[1] / 1e6:.1f} MB", file=sys.stderr)
    rows = []
    for name, folders in places.items():
        sizes = [_size(file) for file in _files(folders)]
        limit = size_limit() / 1e6 if name == "runs" else None
        rows.append((name, len(sizes), sum(sizes) / 1e6, limit, str(folders[0][0])))
    if as_json:
        names = ("part", "files", "size_MB", "limit_MB", "folder")
        print(json.dumps([dict(zip(names, row, strict=True)) for row in rows]))
        return
    print(f"{'part':14}{'files':>8}{'size [MB]':>12}{'limit [MB]':>12}  folder")
    for name, count, size, limit, folder in rows:
        print(f"{name:14}{count:8}{size:12.1f}{'none' if limit is None else f'{limit:g}':>12}  {folder}")


def _places(runs: Path) -> dict[str, list[tuple[Path, str]]]:
    """Return the folders of each part, with a pattern of its files."""
    from rramcirc.basics.paths import cache_folder

    package = Path(__file__).resolve().parents[1]
    return {
        "runs": [(runs, "*/*")],
        "models": [(cache_folder() / "osdi", "*")],
        "loops": [(cache_folder() / "numba", "**/*"), (package, "**/__pycache__/*.nb[ci]")],
        "pulse-tables": [(cache_folder() / "pulse_tables", "*")],
    }


def _files(places: Iterable[tuple[Path, str]]) -> list[Path]:
    return [file for folder, pattern in places for file in sorted(folder.glob(pattern)) if file.is_file()]


def _size(file: Path) -> int:
    with suppress(OSError):  # another process removed it
        return file.stat().st_size
    return 0


def _remove(files: Iterable[Path]) -> tuple[int, int]:
    """Remove files; return how many went, and their size [bytes]."""
    count, freed = 0, 0
    for file in files:
        size = _size(file)
        with suppress(OSError):
            file.unlink()
            count, freed = count + 1, freed + size
    return count, freed
