"""Testbench files with the circuits of the table: the public door to `bench.file`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rramcirc.basics.arguments import check_kind
from rramcirc.basics.errors import ParameterError
from rramcirc.bench.file import read, write
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.table import RECORDS


def load_bench(path: str | Path, settings: Sequence[str] = (), *, records: Sequence[type] = ()) -> Testbench:
    """Read a testbench from a TOML file.

    Parameters
    ----------
    path
        The file; cards and arrays in files are looked up relative to its folder.
    settings
        Values to set first, ``path=value`` each.
    records
        Records of your own that the file may name as the type of its design, in snake_case.

    Raises
    ------
    ParameterError
        Every mistake of the file, each with line and place.
    """
    return read.load_bench(path, (*RECORDS, *records), settings)


def bench_from_mapping(mapping: Mapping[str, Any], folder: Path = Path(".")) -> Testbench:
    """Return the testbench that the tables of a TOML file describe; see `rramcirc.load_bench`."""
    return read.bench_from_mapping(mapping, RECORDS, folder)


def set_values(mapping: Mapping[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Return the tables of a testbench with some values set, ``path=value`` each."""
    return write.set_values(mapping, settings, RECORDS)


def with_settings(bench: Testbench, settings: Sequence[str]) -> Testbench:
    """Return a testbench with some values set, ``path=value`` each, as ``--set`` does.

    Raises
    ------
    ParameterError
        If a path or value cannot be; names the nearest.
    """
    check_kind(bench, Testbench, "with_settings", "a Testbench")
    if not isinstance(settings, list | tuple) or not all(isinstance(setting, str) for setting in settings):
        raise ParameterError("with_settings: give a list of texts, as in ['analysis.stop=1u'].")
    if not settings:
        return bench
    return bench_from_mapping(set_values(plain_tables(bench), settings))


def plain_tables(bench: Testbench) -> dict[str, Any]:
    """Return a testbench as tables of plain values, its arrays as lists in them."""
    arrays: dict[str, Any] = {}
    tables: dict[str, Any] = _inline(write.bench_to_mapping(bench, arrays), arrays)
    return tables


def _inline(value: Any, arrays: Mapping[str, Any]) -> Any:
    """Put arrays that would go to files back into the mapping."""
    if isinstance(value, dict):
        if set(value) == {"file"} and value["file"] in arrays:
            return arrays[value["file"]].tolist()
        return {k: _inline(v, arrays) for k, v in value.items()}
    return value
