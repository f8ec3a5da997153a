"""What a sweep runs: a testbench in an engine, or a function; each turns a point into a finished run."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rramcirc.basics.errors import EnvironmentProblem, ParameterError, RramcircError, SimulationError
from rramcirc.sweeps.cache import file_hashes, run_cache, runs_folder, simulation_key, size_limit
from rramcirc.sweeps.draws import CARD, Value, sigmas
from rramcirc.sweeps.plan import Point

if TYPE_CHECKING:
    from rramcirc.bench.testbench import Testbench
    from rramcirc.devices.cards.model_card import ModelCard
    from rramcirc.waveforms.waveforms import Waveforms

OK, FAILED, TIMEOUT, KILLED, BAD_INPUT = "ok", "failed", "timeout", "killed", "bad input"
STATUSES = (OK, FAILED, TIMEOUT, KILLED, BAD_INPUT)
KEPT = ("none", "failed", "all")
# columns of the table that are no parameter and no measurement
HEAD, TAIL, DIGEST = ("run", "corner"), ("seed", "status", "reason"), "digest"
MACHINE = ("seconds", "cached", "machine")
LONGEST_REASON = 1000


@dataclass(frozen=True)
class Finished:
    """How a run ended.

    Attributes
    ----------
    status
        One of `STATUSES`.
    reason
        Why it is not ok; empty if it is.
    values, units
        Measurement -> value, unit.
    digest
        Hash of what was simulated.
    seconds
        Time that the run took [s].
    parameters
        Values of the point as the table shows them, where the run has found them already.
    cached
        Whether the simulation had been run before, and was found in the run cache.
    """

    status: str
    reason: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""
    seconds: float = 0.0
    parameters: Mapping[str, Value] | None = None
    cached: bool = False


class Target(Protocol):
    """What a sweep can run; it is sent to worker processes."""

    @property
    def timeout(self) -> float | None:
        """Limit of one run [s]."""

    @property
    def first_grace(self) -> float:
        """Time beyond the limit that the first run in a process may take [s]."""

    def prepare(self) -> None:
        """Do once in a process what would otherwise count as time of its first run."""

    def run(self, point: Point, folder: Path) -> Finished:
        """Run one point, in a folder that is not there yet."""

    def parameters(self, point: Point) -> dict[str, Value]:
        """Return the values of a point as the table shows them."""

    def describe(self) -> dict[str, object]:
        """Return everything that the results depend on besides the plan."""

    def own_values(self, paths: Iterable[str]) -> dict[str, Value]:
        """Return the values that fields have where no corner sets them."""

    def units(self, paths: Iterable[str]) -> dict[str, str]:
        """Return the units of fields that have one."""


@dataclass(frozen=True)
class BenchTarget:
    """A testbench whose fields are set, simulated and measured.

    Attributes
    ----------
    mapping
        The testbench as plain tables, with its arrays.
    engine
        Where it is simulated.
    measure
        Measurements, as texts.
    timeout
        Limit of one run [s]; None is none.
    keep
        Whose run folders are kept: ``"none"``, ``"failed"`` or ``"all"``.
    kept
        Where they are kept.
    again
        Whether what the run cache holds is simulated all the same. It is if all folders are kept.
    """

    mapping: Mapping[str, Any]
    engine: str
    measure: tuple[str, ...]
    timeout: float | None = None
    keep: str = "none"
    kept: Path | None = None
    again: bool = False

    @property
    def first_grace(self) -> float:
        """Time beyond the limit that the first run in a process may take [s]: loops of numba are compiled in it."""
        return 2.0 if self.engine in ("ngspice", "vacask") else 60.0

    def prepare(self) -> None:
        """Import what simulates, and compile the models."""
        from rramcirc.devices.veriloga.compile import compile_module
        from rramcirc.engines.simulation import simulate
        from rramcirc.engines.spelling import model_sources

        assert simulate is not None
        for source in model_sources(self._base.design.cards):
            compile_module(source)

    def check(self, first: Point, last: Point) -> None:
        """Raise ParameterError if a path is unknown, or neither first nor last point can be run and measured."""
        self._mapping_at(first)
        try:
            self._check_measurements(self.bench(first))
        except ParameterError as error:
            try:
                self._check_measurements(self.bench(last))
            except ParameterError:
                raise error from None

    def _check_measurements(self, bench: Testbench) -> None:
        """Refuse measurements of signals that the runs of a testbench will not have."""
        from rramcirc.analysis.measure import check_measurement
        from rramcirc.engines.build import build_netlist

        try:  # engines of our own record the same signals
            netlist = build_netlist(bench, "vacask" if self.engine == "vacask" else "ngspice")
        except RramcircError:
            return  # the simulation says why, or the engine does what ngspice cannot
        axis = bench.analysis.axis
        name, unit = ("point", "") if axis is None else (axis.name, axis.unit)
        for text in self.measure:
            check_measurement(text, {signal.name: signal.unit for signal in netlist.signals}, name, unit)

    def bench(self, point: Point) -> Testbench:
        """Return the testbench of a point."""
        from rramcirc.circuits.bench_file import bench_from_mapping

        return bench_from_mapping(self._mapping_at(point))

    def parameters(self, point: Point) -> dict[str, Value]:
        """Return the values of a point as the table shows them: drawn numbers of a cell by name."""
        try:
            return plain_values(self.resolved(point))
        except (RramcircError, AttributeError):
            return dict(point.values)

    def describe(self) -> dict[str, object]:
        """Return testbench, engine, measurements, cards, models and version."""
        from rramcirc.basics.version import __version__

        return {
            "bench": hashlib.sha256(json.dumps(self.mapping, sort_keys=True, default=str).encode()).hexdigest(),
            "engine": self.engine, "measure": list(self.measure), "models": file_hashes(self._base),
            "rramcirc": __version__,
        }  # fmt: skip

    def own_values(self, paths: Iterable[str]) -> dict[str, Value]:
        """Return the values that fields have where no corner sets them, as far as they are one number or text."""
        from rramcirc.sweeps.units import value_at

        found = {path: value_at(self._base, path) for path in paths}
        return {path: value for path, value in found.items() if value is not None}

    def units(self, paths: Iterable[str]) -> dict[str, str]:
        """Return the units of fields that have one; of drawn parameters of a card, too."""
        from rramcirc.sweeps.units import unit_at

        names = [spread.parameter for card in self._base.design.cards for spread in card.variability]
        every = [*paths, *(f"{path}.{name}" for path in paths for name in names)]
        return {path: unit for path in every if (unit := unit_at(self._base, path))}

    def run(self, point: Point, folder: Path) -> Finished:
        """Simulate and measure one point.

        Raises
        ------
        EnvironmentProblem
            If the machine lacks something: no fault of this run.
        """
        began = time.perf_counter()
        digest = ""
        found = Finished(FAILED)
        try:
            bench = self.bench(point)
            digest = self.digest(bench, point)
            found = self._simulated(bench, folder)
        except EnvironmentProblem:
            raise
        except RramcircError as error:
            found = Finished(BAD_INPUT, str(error))
        finally:
            self._tidy(folder, point, found.status == OK)
        reason, seconds = found.reason[:LONGEST_REASON], time.perf_counter() - began
        return replace(found, reason=reason, digest=digest, seconds=seconds)

    def _simulated(self, bench: Testbench, folder: Path) -> Finished:
        """Return how a testbench ended, and what was measured; its waveforms may come from the run cache."""
        from rramcirc.engines.simulation import simulate
        from rramcirc.waveforms.folder import load_run, read_record

        limit = size_limit()
        cache = run_cache(limit, runs_folder()) if limit else None
        key = simulation_key(bench, self.engine) if cache else ""
        if cache and not self.again and self.keep != "all" and cache.take(key, folder):
            return self._measured(load_run(folder), True)
        try:
            waves = simulate(bench, self.engine, output=folder, timeout=self.timeout)
        except EnvironmentProblem:
            raise
        except SimulationError as error:
            record = read_record(folder)
            if record.get("status") == "interrupted":
                raise KeyboardInterrupt from error
            told = "; ".join(record.get("problems", ())) or str(error)
            known = {"timeout": TIMEOUT, "killed": KILLED}
            return Finished(known.get(str(record.get("status")), FAILED), told.replace(str(folder), "RUN"))
        if cache:
            cache.put(key, folder)
        return self._measured(waves, False)

    def _measured(self, waves: Waveforms, cached: bool) -> Finished:
        from rramcirc.analysis.measure import measure

        rows = [row for text in self.measure for row in measure(text, waves)]
        values = {label: float(value) for label, value, _ in rows}
        return Finished(OK, "", values, {label: unit for label, _, unit in rows}, cached=cached)

    def _tidy(self, folder: Path, point: Point, fine: bool) -> None:
        """Keep the run's folder if that is asked for, else remove it."""
        if not folder.exists():
            return
        if self.kept is not None and (self.keep == "all" or (self.keep == "failed" and not fine)):
            place = self.kept / f"{point.index:06d}"
            shutil.rmtree(place, ignore_errors=True)
            shutil.move(folder, place)
        else:
            shutil.rmtree(folder, ignore_errors=True)

    def digest(self, bench: Testbench, point: Point) -> str:
        """Return the hash of what is simulated: testbench, cards and models, engine."""
        what = [self._mapping_at(point), self.engine, file_hashes(bench)]
        return hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()[:16]

    @cached_property
    def _text(self) -> str:
        return json.dumps(self.mapping, default=str)

    @cached_property
    def _base(self) -> Testbench:
        from rramcirc.circuits.bench_file import bench_from_mapping

        return bench_from_mapping(self.mapping)

    def _mapping_at(self, point: Point) -> dict[str, Any]:
        from rramcirc.circuits.bench_file import set_values

        return set_values(self.mapping, [f"{path}={spelled(value)}" for path, value in self.resolved(point).items()])

    def resolved(self, point: Point) -> dict[str, Any]:
        """Return the values of a point, the card's spread and standard deviations as numbers."""
        plain = {path: value for path, value in point.values.items() if not _of_card(value)}
        found: dict[str, Any] = {}
        for path, value in point.values.items():
            if not _of_card(value):
                found[path] = value
            elif value == CARD:
                card, shape = self._spread_of(path, plain)
                found |= {f"{path}.{name}": drawn for name, drawn in _drawn_card(card, shape, point.seed).items()}
            else:
                owner, _, name = path.rpartition(".")
                card, _ = self._spread_of(owner, plain)
                found[path] = _deviated(card, name, sigmas(value) or 0.0, path)
        return found

    def _spread_of(self, path: str, plain: Mapping[str, Value]) -> tuple[ModelCard, tuple[int, ...]]:
        """Return the card whose spread a field `rram_parameters` takes, and the shape of its values."""
        keys = path.split(".")
        settings = tuple(f"{where}={spelled(v)}" for where, v in plain.items() if where.startswith("design."))
        design: Any = _bench_with(self._text, settings)
        for key in keys[:-1]:
            design = getattr(design, key, None)
        if keys[-1] != "rram_parameters" or not hasattr(design, "rram_parameters"):
            raise ParameterError(
                f"{path}: the card's spread is that of a field rram_parameters of a cell or array; for example "
                "design.rram_parameters=card, or design.rram_parameters.ea_delta=sigma(3)."
            )
        if hasattr(design, "rram"):
            return design.rram, ()
        return design.cell.rram, (design.rows, design.columns)


def plain_values(resolved: Mapping[str, Any]) -> dict[str, Value]:
    """Return those values that are one number or text."""
    return {path: value for path, value in resolved.items() if not isinstance(value, list)}


@lru_cache(maxsize=64)
def _bench_with(mapping: str, settings: tuple[str, ...]) -> Testbench:
    from rramcirc.circuits.bench_file import bench_from_mapping, set_values

    return bench_from_mapping(set_values(json.loads(mapping), settings))


def _of_card(value: object) -> bool:
    return value == CARD or sigmas(value) is not None


def _drawn_card(card: ModelCard, shape: tuple[int, ...], seed: int) -> dict[str, Any]:
    """Return the card's spread, drawn with a seed: plain numbers or nested lists."""
    from rramcirc.devices.cards.variability import sample_devices

    if not card.variability:
        raise ParameterError(f"card {card.name} has no [variability] table; draw values by name, as normal(0, 0.01).")
    drawn = sample_devices(card, shape, np.random.default_rng(seed))
    return {name: values.item() if values.ndim == 0 else values.tolist() for name, values in drawn.items()}


def _deviated(card: ModelCard, name: str, k: float, path: str) -> float:
    """Return a parameter k standard deviations of the card's spread from its nominal value [its unit]."""
    one = next((spread for spread in card.variability if spread.parameter == name), None)
    if one is None:
        known = ", ".join(spread.parameter for spread in card.variability) or "none"
        raise ParameterError(f"{path}: card {card.name} has no spread of {name!r}; it has: {known}.")
    nominal = card.number(name)
    if one.distribution == "lognormal":
        return float(nominal * math.exp(k * one.sigma_d2d))
    return float(nominal + k * one.sigma_d2d * abs(card.number(one.of)))


def spelled(value: object) -> str:
    """Return a value as a setting of a testbench file writes it.

    Examples
    --------
    >>> spelled(1e-7), spelled(True), spelled("hfo2_filament"), spelled([[1.0, 2.0]])
    ('1e-07', 'true', 'hfo2_filament', '[[1.0, 2.0]]')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)
