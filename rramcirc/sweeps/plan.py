"""The runs of a sweep: grid, rows, corners and draws make points, numbered in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import product
from typing import Any

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, shown, unknown_name
from rramcirc.basics.units import whole_number
from rramcirc.sweeps.draws import CARD, METHODS, SALTELLI, SEED, Draw, Value, parse_draw, parse_values

MOST_RUNS = 10_000_000
_SMALLEST = 2.0**-54  # a uniform deviate of 0 would be an infinite normal one


@dataclass(frozen=True)
class Point:
    """One run of a sweep.

    Attributes
    ----------
    index
        Its number, from 0.
    corner
        Name of its corner; empty if there are none.
    values
        Path of a field -> its value; ``"card"`` where the card's spread is to be drawn, ``"sigma(K)"`` where its
        standard deviation counts.
    seed
        Seed of what is drawn in this run: a function of the sweep's seed and the index.
    """

    index: int
    corner: str
    values: Mapping[str, Value]
    seed: int


@dataclass(frozen=True)
class Plan:
    """What a sweep varies.

    Attributes
    ----------
    grid
        Path -> values; all combinations are run, the last path changes fastest.
    rows
        Path -> values; equally many for each path, they go together.
    corners
        Name -> values by path.
    draws
        Path -> what is drawn for each run.
    count
        Draws at each combination of corner, row and grid.
    method
        ``"random"``, or how quasi-random draws are spread: ``"sobol"``, ``"halton"``, ``"latin"``; ``"saltelli"`` makes
        count * (number of draws + 2) runs for sensitivity indices.
    seed
        Of all draws.
    """

    grid: Mapping[str, Sequence[Value]] = field(default_factory=dict)
    rows: Mapping[str, Sequence[Value]] = field(default_factory=dict)
    corners: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    draws: Mapping[str, Draw] = field(default_factory=dict)
    count: int = 1
    method: str = "random"
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what makes no runs, or sets a field twice."""
        whole_number(self.count, "sweep: count", 1)
        whole_number(self.seed, "sweep: seed", 0)
        if self.method not in METHODS:
            raise ParameterError(f"sweep: {unknown_name('method', self.method, METHODS)}")
        if self.method == SALTELLI:
            self._check_saltelli()
        if self.count > 1 and not self.draws:
            raise ParameterError(f"sweep: count = {self.count} draws, but nothing is drawn. Say what, in draws.")
        lengths = {path: len(values) for path, values in self.rows.items()}
        if len(set(lengths.values())) > 1:
            raise ParameterError(f"sweep: rows go together and must be equally long; they have {lengths}.")
        in_corners = dict.fromkeys(path for corner in self.corners.values() for path in corner)
        everywhere = [*self.grid, *self.rows, *in_corners, *self.draws]
        twice = sorted({path for path in everywhere if everywhere.count(path) > 1})
        if twice:
            raise ParameterError(f"sweep: {', '.join(twice)}: stands in two of grid, rows, corners and draws.")
        if len(self) > MOST_RUNS:
            raise ParameterError(f"sweep: {len(self)} runs; at most {MOST_RUNS}.")

    def _check_saltelli(self) -> None:
        """Refuse what makes no design for the indices of Sobol."""
        if not self.draws or any(draw.kind in (CARD, SEED) for draw in self.draws.values()):
            raise ParameterError(
                "sweep: method saltelli draws numbers: normal, lognormal or uniform; name the parameters of a card."
            )
        if self.count & (self.count - 1):
            raise ParameterError(f"sweep: method saltelli: count = {self.count} is no power of two, as 64 or 128.")
        if self.corners or self._rows > 1 or any(len(values) > 1 for values in self.grid.values()):
            raise ParameterError("sweep: method saltelli: grid, rows and corners must be one point.")

    @property
    def _drawn_runs(self) -> int:
        """Draws at each combination of the others."""
        return self.count * (len(self.draws) + 2) if self.method == SALTELLI else self.count

    def __len__(self) -> int:
        combinations = max(1, len(self.corners)) * self._rows
        for values in self.grid.values():
            combinations *= len(values)
        return combinations * self._drawn_runs

    @property
    def _rows(self) -> int:
        return len(next(iter(self.rows.values()))) if self.rows else 1

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of all fields that change, in the order of the table's columns."""
        in_corners = dict.fromkeys(path for corner in self.corners.values() for path in corner)
        return (*in_corners, *self.rows, *self.grid, *self.draws)

    def describe(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        found = asdict(self)
        found["draws"] = {path: [draw.kind, *draw.numbers] for path, draw in self.draws.items()}
        return found

    def points(self) -> Iterator[Point]:
        """Yield the runs: corner by corner, row by row, grid, draws."""
        quasi = self._quasi_random()
        grids = [[(path, value) for value in values] for path, values in self.grid.items()]
        index = 0
        for corner, values in (self.corners or {"": {}}).items():
            for row in range(self._rows):
                along = {path: listed[row] for path, listed in self.rows.items()}
                for chosen in product(*grids):
                    for _ in range(self._drawn_runs):
                        seed = int(np.random.SeedSequence([self.seed, index]).generate_state(1)[0])
                        drawn = {path: self._drawn(index, seed, k, quasi) for k, path in enumerate(self.draws)}
                        yield Point(index, corner, {**values, **along, **dict(chosen), **drawn}, seed)
                        index += 1

    def _quasi_random(self) -> FloatArray | None:
        if self.method == "random" or not self.draws:
            return None
        from rramcirc.sweeps.draws import spread_points

        return spread_points(self.method, len(self), len(self.draws), self.seed)

    def _drawn(self, index: int, seed: int, k: int, quasi: FloatArray | None) -> Value:
        path, draw = list(self.draws.items())[k]
        if draw.kind == SEED:
            return seed
        if draw.numbers == (0.0, 0.0) and draw.kind not in ("normal", "lognormal", "uniform"):
            return draw.kind  # the card's spread: drawn with the run's seed where the card is known
        if quasi is None:
            u = np.random.default_rng([self.seed, index, *path.encode()]).random()
        else:
            u = float(quasi[index, k])
        return draw.value(min(max(u, _SMALLEST), 1.0 - 2.0**-53))


def make_plan(
    grid: Mapping[str, object] | None = None,
    rows: Mapping[str, object] | None = None,
    corners: Mapping[str, Mapping[str, object]] | None = None,
    draws: Mapping[str, object] | None = None,
    count: int = 1,
    method: str = "random",
    seed: int = 0,
) -> Plan:
    """Return the plan that texts, lists and numbers describe, see `Plan`.

    Raises
    ------
    ParameterError
        If a part is no dict, or a value cannot be read.
    """
    given = {"grid": grid, "rows": rows, "corners": corners, "draws": draws}
    for name, part in given.items():
        if part is not None and not (isinstance(part, Mapping) and all(isinstance(key, str) for key in part)):
            raise ParameterError(f"sweep: {name}: {shown(part)} is no dict of paths and values.")
    for name, corner in (corners or {}).items():
        if not isinstance(corner, Mapping) or not corner:
            raise ParameterError(f"sweep: corner {name}: {shown(corner)} is no dict of paths and values.")
    return Plan(
        {path: parse_values(values, path) for path, values in (grid or {}).items()},
        {path: parse_values(values, path) for path, values in (rows or {}).items()},
        {
            name: {path: _single(value, f"corner {name}: {path}") for path, value in corner.items()}
            for name, corner in (corners or {}).items()
        },
        {path: parse_draw(text, path) for path, text in (draws or {}).items()},
        count, method, seed,
    )  # fmt: skip


def _single(value: object, name: str) -> Value:
    values = parse_values([value] if isinstance(value, str) else value, name)
    if len(values) != 1:
        raise ParameterError(f"sweep: {name}: {shown(value)} is not one value.")
    return values[0]
