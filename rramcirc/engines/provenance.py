"""Where a result comes from: what run.json says of it, the same for every engine and for netlists of ours."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.basics.errors import EnvironmentProblem
from rramcirc.basics.version import __version__
from rramcirc.devices.veriloga.compile import CompiledModel, compile_module, source_of
from rramcirc.engines.netlist import Netlist
from rramcirc.waveforms.signals import header_fields

if TYPE_CHECKING:
    from rramcirc.bench.testbench import Testbench

Model = Mapping[str, str | None]


@dataclass(frozen=True)
class Origin:
    """What was simulated; None is what nobody knows.

    Attributes
    ----------
    circuit
        What it is, in words.
    models
        Name of the Verilog-A file -> SHA-256 of it (None if it is not there) and of the .osdi, and the compiler.
    cards
        Names of the model cards.
    seed
        Seed of the spread.
    temperature
        Ambient temperature [K].
    options
        Simulator options that were set.
    netlist, netlist_sha256
        Name of the netlist file that was given; SHA-256 of the text that ran.
    """

    circuit: str | None
    models: Mapping[str, Model]
    cards: tuple[str, ...] | None = None
    seed: int | None = None
    temperature: float | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    netlist: str | None = None
    netlist_sha256: str | None = None


def bench_origin(bench: Testbench, netlist: Netlist | None = None) -> Origin:
    """Return what a testbench says of its result; `netlist` is what ran, if there was one."""
    from rramcirc.engines.spelling import model_sources

    compiled = netlist.compiled if netlist else map(compile_module, model_sources(bench.design.cards))
    return Origin(
        circuit=netlist.title if netlist else bench.design.description,
        models=_compiled_models(compiled),
        cards=tuple(card.name for card in bench.design.cards),
        seed=bench.seed,
        temperature=float(bench.temperature),
        options={str(name): str(value) for name, value in bench.options.items()},
        netlist_sha256=netlist.content_hash if netlist else None,
    )


def netlist_origin(netlist: Netlist) -> Origin:
    """Return what a netlist says of its result in its header."""
    models, text = _compiled_models(netlist.compiled), netlist.text.splitlines()
    return _header_origin(header_fields(text), netlist.title, models, netlist_sha256=netlist.content_hash)


def file_origin(
    path: Path,
    sha256: str,
    osdi_files: Sequence[Path],
    options: Mapping[str, str],
    temperature: float | None,
    ours: bool,
) -> Origin:
    """Return what a netlist file says of its result in its header.

    Parameters
    ----------
    path, sha256
        The file; SHA-256 of the text that ran.
    osdi_files
        Compiled models that it loads.
    options, temperature
        What was set for this run and wins over the netlist; temperature [K].
    ours
        Whether rramcirc wrote it; else its comments mean nothing.
    """
    with path.open(errors="replace") as lines:
        told = header_fields(lines)
    models = {f"{file.stem}.va": _model_of(file) for file in osdi_files}
    if not ours:
        told = {key: value for key, value in told.items() if key in ("circuit", "seed")}
    return _header_origin(told, told.get("circuit"), models, options, temperature, str(path), sha256)


def provenance(origin: Origin) -> dict[str, object]:
    """Return what run.json says of where a result comes from: circuit, models, cards, versions, machine."""
    known = {
        "netlist": origin.netlist,
        "netlist_sha256": origin.netlist_sha256,
        "cards": None if origin.cards is None else list(origin.cards),
        "temperature_K": origin.temperature,
    }
    return {
        "circuit": origin.circuit,
        "models": {name: dict(model) for name, model in origin.models.items()},
        "seed": origin.seed,
        "options": dict(origin.options),
        **{key: value for key, value in known.items() if value is not None},
        "rramcirc": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "platform": f"{platform.system()} {platform.release()}",
        "cpus": os.cpu_count(),
    }


def _header_origin(
    told: Mapping[str, str],
    circuit: str | None,
    models: Mapping[str, Model],
    options: Mapping[str, str] | None = None,
    temperature: float | None = None,
    netlist: str | None = None,
    netlist_sha256: str | None = None,
) -> Origin:
    """Return the origin that the header fields of a netlist tell, `options` and `temperature` [K] set besides."""
    pairs = (word.partition("=") for word in _words(told.get("options", "")))
    return Origin(
        circuit=circuit,
        models=models,
        cards=tuple(_words(told["cards"])) if "cards" in told else None,
        seed=int(told["seed"]) if told.get("seed", "").isdigit() else None,
        temperature=_kelvin(told.get("temperature", "")) if temperature is None else float(temperature),
        options={name: value for name, _, value in pairs} | {k: str(v) for k, v in (options or {}).items()},
        netlist=netlist,
        netlist_sha256=netlist_sha256,
    )


def _words(text: str) -> list[str]:
    return [] if text == "none" else text.split()


def _kelvin(text: str) -> float | None:
    try:
        return float(text.removesuffix("K"))
    except ValueError:
        return None


def _compiled_models(compiled: Iterable[CompiledModel]) -> dict[str, Model]:
    return {
        model.source.name: {
            "sha256": _sha256(model.source, model.source.stat().st_mtime_ns),
            "osdi_sha256": model.sha256,
            "compiler": model.compiler,
        }
        for model in compiled
    }


def _model_of(osdi: Path) -> Model:
    """Return what is known of a compiled model of which only the .osdi file is there."""
    digest = _sha256(osdi, osdi.stat().st_mtime_ns)
    try:
        source, compiler = source_of(digest, f"{osdi.stem}.va")
    except EnvironmentProblem:
        source, compiler = None, None
    return {"sha256": source, "osdi_sha256": digest, "compiler": compiler}


@lru_cache(maxsize=64)
def _sha256(file: Path, mtime_ns: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
