"""What a sweep runs: a testbench in an engine, or a function; each turns a point into a finished run."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rramcirc.basics.errors import EnvironmentProblem, ParameterError, RramcircError, SimulationError, shown
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
HEAD, TAIL, DIGEST, MACHINE = ("run", "corner"), ("seed", "status", "reason"), "digest", ("seconds", "machine")
_LONGEST_REASON = 1000


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
    """

    status: str
    reason: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""
    seconds: float = 0.0
    parameters: Mapping[str, Value] | None = None


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
    """

    mapping: Mapping[str, Any]
    engine: str
    measure: tuple[str, ...]
    timeout: float | None = None
    keep: str = "none"
    kept: Path | None = None

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
        """Raise ParameterError if a path is unknown, or neither the first nor the last point makes a testbench."""
        self._mapping_at(first)
        try:
            self.bench(first)
        except ParameterError as error:
            try:
                self.bench(last)
            except ParameterError:
                raise error from None

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
            "engine": self.engine, "measure": list(self.measure), "models": _contents(self._base),
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
        try:
            bench = self.bench(point)
            digest = self.digest(bench, point)
            status, reason, rows = self._simulated(bench, folder)
        except EnvironmentProblem:
            raise
        except RramcircError as error:
            status, reason, rows = BAD_INPUT, str(error), []
        finally:
            self._tidy(folder, point, "status" in locals() and status == OK)
        return Finished(
            status, reason[:_LONGEST_REASON], {label: float(value) for label, value, _ in rows},
            {label: unit for label, _, unit in rows}, digest, time.perf_counter() - began,
        )  # fmt: skip

    def _simulated(self, bench: Testbench, folder: Path) -> tuple[str, str, list[tuple[str, float, str]]]:
        """Return status, reason and measured rows."""
        from rramcirc.engines.simulation import simulate
        from rramcirc.waveforms.folder import read_record

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
            return known.get(str(record.get("status")), FAILED), told.replace(str(folder), "RUN"), []
        return OK, "", self._measured(waves)

    def _measured(self, waves: Waveforms) -> list[tuple[str, float, str]]:
        from rramcirc.analysis.measure import measure

        return [row for text in self.measure for row in measure(text, waves)]

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
        what = [self._mapping_at(point), self.engine, _contents(bench)]
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


@lru_cache(maxsize=256)
def _sha256(path: Path, modified: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _contents(bench: Testbench) -> dict[str, str]:
    """Return the hashes of the files of cards and models of a testbench, by name."""
    from rramcirc.engines.spelling import model_sources

    files = {*(card.path for card in bench.design.cards), *model_sources(bench.design.cards)}
    return {path.name: _sha256(path, path.stat().st_mtime_ns) for path in sorted(files)}


Function = Callable[[Mapping[str, Value], int], Mapping[str, float]]


@dataclass(frozen=True)
class FunctionTarget:
    """A function of (values by name, seed) that returns numbers by name.

    Attributes
    ----------
    function
        What is called for each run; for worker processes it stands in a module of its own.
    timeout
        Limit of one run [s].
    """

    function: Function
    timeout: float | None = None
    first_grace: float = 2.0

    def prepare(self) -> None:
        """Do nothing."""

    def run(self, point: Point, folder: Path) -> Finished:
        """Call the function.

        Raises
        ------
        EnvironmentProblem
            If the machine lacks something: no fault of this run.
        """
        began = time.perf_counter()
        status, reason, found = OK, "", {}
        try:
            answer = self.function(dict(point.values), point.seed)
            found = {str(name): float(value) for name, value in answer.items()}
            if taken := {*HEAD, *TAIL, DIGEST, *MACHINE, *point.values} & set(found):
                raise ParameterError(f"the function returns {', '.join(sorted(taken))}, a column that the table has.")
        except EnvironmentProblem:
            raise
        except ParameterError as error:
            status, reason = BAD_INPUT, str(error)
        except RramcircError as error:
            status, reason = FAILED, str(error)
        except Exception as error:
            status, reason = FAILED, f"{type(error).__name__}: {error}"
        return Finished(status, reason[:_LONGEST_REASON], found, {}, "", time.perf_counter() - began)

    def parameters(self, point: Point) -> dict[str, Value]:
        """Return the values of a point."""
        return dict(point.values)

    def own_values(self, paths: Iterable[str]) -> dict[str, Value]:
        """Return nothing: a function does not tell its own values."""
        return {}

    def units(self, paths: Iterable[str]) -> dict[str, str]:
        """Return nothing: a function does not tell its units."""
        return {}

    def describe(self) -> dict[str, object]:
        """Return the function's name and version of the package."""
        from rramcirc.basics.version import __version__

        name = getattr(self.function, "__qualname__", shown(self.function))
        return {"function": f"{getattr(self.function, '__module__', '')}.{name}", "rramcirc": __version__}
