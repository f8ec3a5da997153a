"""Pulse tables from the 1T1R cell: which state a pulse leaves, over state, amplitude, width and gate voltage."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, shown, unknown_name
from rramcirc.basics.fields import Kept, number, other, record, whole
from rramcirc.basics.files import parse_toml
from rramcirc.basics.paths import cache_folder, models_folder
from rramcirc.basics.units import parse_number
from rramcirc.basics.version import __version__
from rramcirc.devices.cards.checks import as_card
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.pulses.table import FORMAT, PulseTable, load_table
from rramcirc.devices.veriloga.compile import compile_module
from rramcirc.studies.pulse_pool import ENGINES, QUANTILES, Pool, States, draw_pool, quantiles, states_at, trajectory

_STATES = (
    0.0, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7,
    0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0,
)  # fmt: skip
_AMPLITUDES = tuple(k / 20 for k in (*range(-18, -11), *range(18, 23)))  # 0.05 V apart: switching is steep in voltage
_WIDTHS = tuple(float(f"{w:.4g}") for w in np.logspace(-5, -1.5, 22))


@record
class PulseGrid:
    """What `characterise` measures: the axes of the table, and the pool."""

    amplitudes: Kept[tuple[float, ...], Sequence[float]] = other(
        "TE against SL; positive is SET", "V", default=_AMPLITUDES
    )
    widths: Kept[tuple[float, ...], Sequence[float]] = other("overlap of gate and TE pulse", "s", default=_WIDTHS)
    gates: Kept[tuple[float, ...], Sequence[float]] = other("gate against bulk", "V", default=(3.0, 3.1, 3.2))
    states: Kept[tuple[float, ...], Sequence[float]] = other(
        "state before the pulse; 0 is HRS, 1 LRS", "1", default=_STATES
    )
    common_mode: float = number("level of the source line against the bulk", "V", default=1.6, low=0.0)
    conductance: Kept[tuple[float, ...], Sequence[float]] = other(
        "of state 0 and of state 1; none: those of the card", "S", default=()
    )
    devices: int = whole("devices of the pool", default=32, low=1)
    cycles: int = whole("cycles of each device", default=3, low=1)
    seed: int = whole("seed of the pool", default=1)

    def _check(self) -> None:
        for name in ("amplitudes", "widths", "gates", "states"):
            values = getattr(self, name)
            try:
                values = tuple(sorted({float(v) for v in values}))
            except (TypeError, ValueError):
                raise ParameterError(f"PulseGrid.{name}: {shown(values)} is no list of numbers.") from None
            if not values or not np.isfinite(values).all():
                raise ParameterError(f"PulseGrid.{name}: {shown(values)} is empty or not finite.")
            object.__setattr__(self, name, values)
        given = self.conductance
        numbers = isinstance(given, (list, tuple)) and all(isinstance(g, (int, float)) for g in given)
        if not numbers or (given and not (len(given) == 2 and 0 < given[0] < given[1])):
            raise ParameterError(
                f"PulseGrid.conductance: {shown(given)} is not the conductance of HRS and a larger one of LRS."
            )
        object.__setattr__(self, "conductance", tuple(float(g) for g in given))
        if 0.0 in self.amplitudes:
            raise ParameterError("PulseGrid.amplitudes: 0 V is no pulse.")
        if -min(self.amplitudes) > self.common_mode:
            raise ParameterError(
                f"PulseGrid.amplitudes: {min(self.amplitudes):g} V below a common mode of {self.common_mode:g} V pulls "
                "the top electrode under the bulk; raise common_mode."
            )
        if self.widths[0] <= 0:
            raise ParameterError(f"PulseGrid.widths: {self.widths[0]:g} s is not positive.")
        if self.states[0] < 0 or len(self.states) < 2:
            raise ParameterError("PulseGrid.states: give at least two, from 0 (HRS) up.")


def load_grid(path: Path | str) -> PulseGrid:
    """Read a grid from a TOML file, for example ``amplitudes = [-0.7, 1.0]``, ``widths = ["10u", "1m"]``.

    Raises
    ------
    ParameterError
        If it cannot be read, or a name or value is unknown; names it.
    """
    try:
        given = parse_toml(Path(path).read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ParameterError(f"{path}: cannot be read as TOML ({error}).") from None
    known = {f.name: f for f in fields(PulseGrid)}
    for name in given:
        if name not in known:
            raise ParameterError(f"{path}: {unknown_name('value', name, known)}")

    def number(name: str, value: Any) -> Any:
        if isinstance(value, list):
            return tuple(number(name, v) for v in value)
        unit = known[name].metadata["units"].replace("1", "")
        return parse_number(value, unit, f"{path}: {name}") if isinstance(value, str) else value

    return PulseGrid(**{name: number(name, value) for name, value in given.items()})


def characterise(
    card: ModelCard | str,
    grid: PulseGrid | None = None,
    *,
    selector: ModelCard | str | None = "nmos_select",
    engine: str = "numpy",
) -> PulseTable:
    """Measure a pulse table on 1T1R cells.

    Parameters
    ----------
    card
        RRAM card, a name or a file.
    grid
        Axes and pool; default `PulseGrid`.
    selector
        Card of the select transistor; None is a 1R cell, whose gate axis means nothing.
    engine
        ``"numpy"`` (the compiled model in bulk) or ``"ngspice"``.

    Returns
    -------
    PulseTable
        Its `error` says what interpolation costs, at points halfway between those of the grid: ``mean`` and
        ``mean_rms``, largest and root-mean-square error of the mean between states and widths;
        ``between_amplitudes`` and ``between_gates``, the largest ones there; ``distribution``, largest mean error of
        the quantiles between states and widths; ``sampling``, largest standard error of the mean because the pool is
        finite; ``sequence``, largest error of the mean after 1 to 10 equal pulses (of the width of the grid next to
        1 ms) that are looked up one after the other.
    """
    card, selector = _card(card), None if selector is None else _card(selector)
    grid = grid or PulseGrid()
    if engine not in ENGINES:
        raise ParameterError(unknown_name("engine", str(engine), ENGINES, "A table comes from numpy or ngspice."))
    rest = grid.common_mode if selector is not None else 0.0
    pool = draw_pool(card, selector, rest, grid.devices, grid.cycles, grid.seed, grid.conductance)
    paths = _paths(pool, grid)
    shape = (len(grid.states), len(grid.amplitudes), len(grid.widths), len(grid.gates))
    after = np.empty((*shape, pool.samples))
    for k, amplitude in enumerate(grid.amplitudes):
        starts = states_at(pool, paths[amplitude > 0], grid.states)
        for m, gate in enumerate(grid.gates):
            held = ENGINES[engine](pool, starts, amplitude, gate, grid.widths)
            after[:, k, :, m] = np.moveaxis(held, 1, 2)
    table = _summary(pool, grid, after, provenance(card, selector, grid, engine))
    from dataclasses import replace

    from rramcirc.studies.table_errors import table_errors

    return replace(table, error=table_errors(table, pool, paths, ENGINES[engine]))


def _paths(pool: Pool, grid: PulseGrid) -> dict[bool, States]:
    """Return the trajectory of SET (True) and of RESET, at the strongest pulses, which reach furthest."""
    found = {}
    for rises, amplitude in ((True, grid.amplitudes[-1]), (False, grid.amplitudes[0])):
        if (amplitude > 0) == rises:
            found[rises] = trajectory(pool, amplitude, grid.gates[-1])
    return found


def _summary(pool: Pool, grid: PulseGrid, after: FloatArray, record: dict[str, object]) -> PulseTable:
    """Return the table of (x, a, w, g, sample) states after the pulses."""
    by_device = after.reshape(*after.shape[:-1], pool.devices, pool.cycles)
    between = by_device.mean(axis=-1).std(axis=-1)
    within = np.sqrt(by_device.var(axis=-1).mean(axis=-1))
    total = float(np.sum(between**2) + np.sum(within**2))
    return PulseTable(
        np.array(grid.states), np.array(grid.amplitudes), np.array(grid.widths), np.array(grid.gates), QUANTILES,
        quantiles(after, np.array(grid.amplitudes)), after.mean(axis=-1), between, within,
        _time_shifts(after.mean(axis=-1), np.array(grid.amplitudes), np.log(grid.widths)),
        g_hrs=_nominal(pool, "hrs"), g_lrs=_nominal(pool, "lrs"),
        hrs_spread=float(np.log(pool.g_hrs).std()), lrs_spread=float(np.log(pool.g_lrs).std()),
        device_share=float(np.sum(between**2) / total) if total > 0 else 1.0, error={}, provenance=record,
    )  # fmt: skip


def _time_shifts(mean: FloatArray, amplitudes: FloatArray, log_widths: FloatArray) -> FloatArray:
    """Return by how much longer (logarithm) each amplitude needs than its upper neighbour, (a - 1, g).

    The shift of the logarithm of the width at which the means of both agree best, where their widths overlap.
    """
    found = np.zeros((amplitudes.size - 1, mean.shape[3]))
    span = log_widths[-1] - log_widths[0]
    shifts = np.linspace(-0.7 * span, 0.7 * span, 281)
    for k in np.flatnonzero(amplitudes[1:] * amplitudes[:-1] > 0):
        for gate in range(mean.shape[3]):
            lower, upper = mean[:, k, :, gate], mean[:, k + 1, :, gate]
            misfits = []
            for shift in shifts:
                at = log_widths + shift
                both = (at >= log_widths[0]) & (at <= log_widths[-1])
                moved = np.array([np.interp(at[both], log_widths, row) for row in lower])
                misfits.append(np.mean((moved - upper[:, both]) ** 2))
            found[k, gate] = shifts[int(np.argmin(misfits))]
    return found


def _nominal(pool: Pool, end: str) -> float:
    from rramcirc.devices.compiled.conductance import READ_VOLTAGE
    from rramcirc.devices.compiled.reading import read_current

    return float(read_current(pool.card, getattr(pool, end), READ_VOLTAGE) / READ_VOLTAGE)


def _card(card: ModelCard | str) -> ModelCard:
    if card is None:
        raise ParameterError("characterise: the card, name or file of an RRAM device is needed.")
    return as_card("characterise", card)


def provenance(card: ModelCard, selector: ModelCard | None, grid: PulseGrid, engine: str) -> dict[str, object]:
    """Return what a table depends on; `key` is the hash of all of it."""
    used = [c for c in (card, selector) if c is not None]
    models = {c.module: compile_module(c.declaration.path) for c in used if c.module and c.declaration}
    record: dict[str, object] = {
        "card": card.name,
        "selector": selector.name if selector else None,
        "cards_sha256": {c.name: _card_digest(c) for c in used},
        "models_sha256": {name: _digest(Path(m.source).read_bytes()) for name, m in models.items()},
        "compiler": sorted({m.compiler for m in models.values()}),
        "engine": engine,
        "format": FORMAT,
        "grid": asdict(grid),
    }
    record["key"] = _digest(json.dumps(record, sort_keys=True).encode())
    return record | {"rramcirc": __version__}


def _card_digest(card: ModelCard) -> str:
    """Return a hash of all that a card says about its device."""
    values = {name: repr(v.value) for name, v in card.parameters.items()}
    spread = [repr(asdict(s)) for s in card.variability]
    said = [card.module, card.spice, values, spread, [dict(p) for p in card.conductance_path]]
    return _digest(json.dumps(said, sort_keys=True, default=repr).encode())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def table_path(card: ModelCard, key: str) -> Path:
    """Return where a table is kept: beside a card of the user's, in the cache folder for one of the library."""
    if card.path.resolve().is_relative_to(models_folder().resolve()):
        return cache_folder() / "pulse_tables" / f"{card.name}-{key[:16]}.npz"
    return card.path.with_suffix(".pulses.npz")


def stored_table(
    card: ModelCard | str,
    grid: PulseGrid | None = None,
    *,
    selector: ModelCard | str | None = "nmos_select",
    engine: str = "numpy",
    path: Path | str | None = None,
) -> tuple[PulseTable, Path, bool]:
    """Return the table of a card, its file, and whether it was measured now.

    It is measured if the file is missing or belongs to other numbers: card, model, compiler, pulses, pool or engine.
    """
    card, selector = _card(card), None if selector is None else _card(selector)
    grid = grid or PulseGrid()
    key = str(provenance(card, selector, grid, engine)["key"])
    path = table_path(card, key) if path is None else Path(path)
    if path.suffix != ".npz":
        raise ParameterError(f"{path}: a pulse table is a .npz file.")
    if path.is_file():
        try:
            table = load_table(path)
            if table.provenance.get("key") == key:
                return table, path, False
        except ParameterError:
            pass
    table = characterise(card, grid, selector=selector, engine=engine)
    return table, table.save(path), True
