"""The parameters of a fit and its residuals: a card against all measured data at once."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.basics.errors import ParameterError, RramcircError, unknown_name
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.compiled.reading import read_current
from rramcirc.devices.veriloga.constants import evaluate
from rramcirc.studies.fit.model import FAILED, Prediction, Protocol, predict, predict_all
from rramcirc.studies.fit.settings import Settings
from rramcirc.studies.fit.watch import Watch

# what a fit leaves alone unless it is asked for: numerical aids, and what is not seen in nominal data
_NOT_FITTED = re.compile(
    r"sigma_c2c$|window_width|smoothing|bend_width|rate_max|temperature_rise_max|^noise_|retention|^relaxation$|^capacitance$"
)
# how far from the start value a fit looks: factor by unit, where the declared range does not bind earlier
_REACH = {
    "eV": 2.0, "eV/V": 4.0, "V": 5.0, "nm": 5.0, "1": 8.0, "1/V": 8.0, "nm/s": 1e4, "m/s": 1e4, "1/s": 1e4, "Hz": 1e4,
    "m^2/(V s)": 1e4,
}  # fmt: skip
_OTHER_REACH = 30.0
OUTLYING = 5.0  # standard deviations beyond which a reading is an outlier
_STEEP = 3.0  # ln(after) against ln(before) of a pulse that ends in the middle of a runaway
_EDGE = 0.2  # change of ln(conductance) from reading to reading that makes a sweep's edge
_CLIFF = 100.0  # ln(conductance) against ln(voltage) in the middle of a runaway; activated rates give up to 50
_NUDGE = 1e-3  # of the voltages, for that; more than what `_STEP` of any parameter does
_STEP = 1e-4  # of the central differences [1, logarithm]


@dataclass(frozen=True)
class FreeParameter:
    """A parameter that is fitted: its logarithm where it cannot change its sign, else its value over `scale`."""

    name: str
    unit: str
    start: float
    low: float
    high: float

    @property
    def logarithmic(self) -> bool:
        """Whether the search runs in the logarithm of the magnitude."""
        return self.low * self.high > 0.0

    def value(self, x: float) -> float:
        """Return the value [`unit`] at a place of the search."""
        if self.logarithmic:
            return math.copysign(math.exp(x), self.start)
        return x * self._scale

    def place(self, value: float) -> float:
        """Return the place of a value."""
        return math.log(abs(value)) if self.logarithmic else value / self._scale

    @property
    def _scale(self) -> float:
        return abs(self.start) or 1.0

    def sigma(self, value: float, sigma: float) -> float:
        """Return the standard deviation of the value [`unit`] for one of the place."""
        return abs(value) * sigma if self.logarithmic else sigma * self._scale


def free_parameters(card: ModelCard, free: Iterable[str] = (), fix: Iterable[str] = ()) -> tuple[FreeParameter, ...]:
    """Return the parameters to be fitted, with start value and bounds.

    Parameters
    ----------
    free
        Names; none means all real parameters of the model that are neither numerical aids nor zero.
    fix
        Names that are not fitted.
    """
    assert card.declaration is not None
    declared, free, fix = card.declaration.parameters, list(free), set(fix)
    for name in (*free, *fix):
        if name not in declared:
            raise ParameterError(f"card {card.name}: {unknown_name('parameter', name, declared, card._listing())}")
    for name in free:
        if declared[name].kind != "real" or name.removesuffix("_ini") in card.states:
            raise ParameterError(f"--free {name}: only real parameters that are no initial states can be fitted.")
    chosen = free or [name for name in declared if _is_fitted(card, name)]
    found = tuple(_free(card, name) for name in chosen if name not in fix)
    if not found:
        raise ParameterError("no parameter is left to fit; see --free and --fix.")
    return found


def _is_fitted(card: ModelCard, name: str) -> bool:
    assert card.declaration is not None
    parameter, value = card.declaration.parameters[name], card.value(name)
    if parameter.instance or parameter.kind != "real" or _NOT_FITTED.search(name) or not value:
        return False
    return not (name in card.parameters and card.parameters[name].source.startswith("numerical"))


def _free(card: ModelCard, name: str) -> FreeParameter:
    """Return one parameter with bounds: its declared range, and not too far from the start value."""
    assert card.declaration is not None
    parameter, start = card.declaration.parameters[name], card.number(name)
    known = {n: card.value(n) for n in card.declaration.parameters}
    low, high = -math.inf, math.inf
    for interval in (r for r in parameter.ranges if not r.exclude):
        bounds = (evaluate(interval.low, known), evaluate(interval.high, known))
        low, high = (given if given is not None else old for given, old in zip(bounds, (low, high), strict=True))
    reach = _REACH.get(parameter.unit, _OTHER_REACH)
    around = sorted((start / reach, start * reach)) if start else (-1.0, 1.0)
    # a bound that is another fitted parameter moves with it; the check of the card holds it
    fixed = all(not re.search(r"[A-Za-z_]\w*_", r.low + r.high) for r in parameter.ranges)
    low, high = (max(low, around[0]), min(high, around[1])) if fixed else around
    return FreeParameter(name, parameter.unit, start, low, high)


class Problem:
    """Residuals of a card against data, as a function of the parameters and of the states at the start of sweeps."""

    def __init__(
        self, card: ModelCard, free: Sequence[FreeParameter], protocols: Sequence[Protocol], settings: Settings,
        watch: Watch | None = None,
    ) -> None:  # fmt: skip
        self.watch = watch
        self.card, self.free, self.protocols, self.settings = card, tuple(free), tuple(protocols), settings
        self.weights = [np.ones(len(p)) for p in protocols]
        self.evaluations, self.tolerance = 0, 1e-5
        self.one_sided = False  # derivatives from one side: half of the work
        unknown = [0 if p.start_known else len(p.start) for p in protocols]
        self.first_start = np.cumsum([len(self.free), *unknown])  # places of the start conductances in x
        self.n_data = sum(map(len, protocols))
        bounds = [sorted((f.place(f.low), f.place(f.high))) for f in self.free]
        wide = np.full(self.first_start[-1] - len(self.free), 5.0)
        self.low = np.r_[[b[0] for b in bounds], -wide]
        self.high = np.r_[[b[1] for b in bounds], wide]
        self.start = np.r_[[f.place(f.start) for f in self.free], 0.0 * wide]

    def candidate(self, x: FloatArray) -> ModelCard:
        """Return the card of a place; ParameterError if the model does not allow it."""
        return self.card.with_values({f.name: f.value(v) for f, v in zip(self.free, x, strict=False)})

    def starts(self, x: FloatArray) -> list[FloatArray]:
        """Return the conductances at the first corner for every protocol [S]."""
        pieces = np.split(x, self.first_start)[1:]
        return [
            p.start if p.start_known else p.start * np.exp(moved)
            for p, moved in zip(self.protocols, pieces, strict=False)
        ]

    def predictions(self, x: FloatArray, follow: Sequence[Prediction] | None = None) -> list[Prediction]:
        """Return the prediction for every protocol; with the time steps of earlier ones if they are given."""
        return predict_all(self.candidate(x), self.protocols, self.starts(x), self.settings, self.tolerance, follow)

    def residuals(self, x: FloatArray) -> FloatArray:
        """Return weighted logarithms of model over data, then the unreachable parts of the starts.

        A place that the model does not allow is far from everything.
        """
        found = self.residuals_if_allowed(x)
        return np.full(self.n_data + sum(len(p.start) for p in self.protocols), FAILED) if found is None else found

    def residuals_if_allowed(self, x: FloatArray, follow: Sequence[Prediction] | None = None) -> FloatArray | None:
        """Return the residuals; None at a place that the model does not allow."""
        self.evaluations += 1
        if self.watch is not None:
            self.watch.count()
        try:
            found = self.predictions(x, follow)
        except RramcircError:
            return None
        logs = [log_ratio(f.current, p.current) for f, p in zip(found, self.protocols, strict=True)]
        scaled = [w * r for w, r in zip(self.weights, logs, strict=True)]
        return np.concatenate([*scaled, *(w.max() * f.missed for w, f in zip(self.weights, found, strict=True))])

    def jacobian(self, x: FloatArray) -> FloatArray:
        """Return the derivatives of the residuals by central differences; starts of all devices at once.

        At a bound of the model they are one-sided, and everywhere if `one_sided`.
        """
        from concurrent.futures import ThreadPoolExecutor

        n = len(self.free)
        moves = [np.eye(len(x))[k] for k in range(n)]
        if len(x) > n:
            moves.append(np.r_[np.zeros(n), np.ones(len(x) - n)])
        base = self.predictions(x)

        def pair(move: FloatArray) -> tuple[FloatArray | None, FloatArray | None]:
            up = self.residuals_if_allowed(x + _STEP * move, base)
            return up, None if self.one_sided and up is not None else self.residuals_if_allowed(x - _STEP * move, base)

        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(pair, moves))
        here, slopes = self.residuals_if_allowed(x, base), []
        for up, down in found:
            sides = (up is not None) + (down is not None)
            high, low = (here if side is None else side for side in (up, down))
            assert high is not None  # the model allows x, for which there are predictions
            assert low is not None
            slopes.append((high - low) / (max(sides, 1) * _STEP))
        result = np.zeros((len(slopes[0]), len(x)))
        if n:
            result[:, :n] = np.stack(slopes[:n], 1)
        if len(x) > n:
            owner = self._owner()
            rows = np.flatnonzero(owner >= 0)
            result[rows, owner[rows]] = slopes[n][rows]
        return result

    def _owner(self) -> IntArray:
        """Return for every residual the place in x of the start it depends on, or -1."""
        read, missed = [], []
        for p, first in zip(self.protocols, self.first_start, strict=False):
            read.append(np.full(len(p), -1) if p.start_known else first + p.device)
            missed.append(np.full(len(p.start), -1) if p.start_known else first + np.arange(len(p.start)))
        return np.concatenate([*read, *missed])

    def weigh(self, x: FloatArray) -> None:
        """Weigh every reading by one over its expected scatter; the best file has about its own number of readings.

        The scatter of a reading is that of its file, larger where the result depends on the start (the error of the
        measured start counts as well) and on the steep edges of a sweep (which a step of the voltage misses).
        """
        base = self.predictions(x)
        self.weights = [self._reliability(k, x, f) for k, f in enumerate(base)]
        rms = [max(value, 1e-4) for value in self._bulk_rms(base)]
        self.weights = [w * min(rms) / value for w, value in zip(self.weights, rms, strict=True)]

    def _bulk_rms(self, found: Sequence[Prediction]) -> list[float]:
        """Return the root mean square of ln(model / data) of every file, which guides the search and is not shown.

        Unreliable readings count less, and those beyond `OUTLYING` standard deviations are left out.
        """
        shares = [w / w.max() for w in self.weights]
        logs = [log_ratio(f.current, p.current) for f, p in zip(found, self.protocols, strict=True)]
        kept = [np.abs(s * r) <= OUTLYING * typical(s * r) for s, r in zip(shares, logs, strict=True)]
        return [
            float(np.sqrt(np.sum((s * r)[k] ** 2) / np.sum(s[k] ** 2)))
            for s, r, k in zip(shares, logs, kept, strict=True)
        ]

    def weighed_rms(self, x: FloatArray) -> float:
        """Return the root mean square of ln(model / data) with readings as reliable as they are at `x` [1].

        A few readings in the middle of a runaway do not decide which of two places is better.
        """
        base = self.predictions(x)
        shares = np.concatenate([self._reliability(k, x, f) for k, f in enumerate(base)])
        logs = np.concatenate([log_ratio(f.current, p.current) for f, p in zip(base, self.protocols, strict=True)])
        return float(np.sqrt(np.sum((shares * logs) ** 2) / np.sum(shares**2)))

    def _reliability(self, k: int, x: FloatArray, base: Prediction) -> FloatArray:
        """Return the expected scatter of a plain reading over that of each reading of a file."""
        protocol = self.protocols[k]
        linear = self._on_cliffs(k, x, base)
        if not protocol.start_known:
            if protocol.data.kind != "sweep" or len(protocol) < 3:
                return linear
            # on an edge the error is that of a step of the voltage
            return linear / (1.0 + (self._edges(protocol, x, base) / _EDGE) ** 2)
        card = self.candidate(x)
        ends = [
            predict(card, protocol, protocol.start * np.exp(s * _STEP), self.settings, self.tolerance, base).current
            for s in (1.0, -1.0)
        ]
        with np.errstate(invalid="ignore", divide="ignore"):
            slope = np.log(ends[0] / ends[1]) / (2 * _STEP)
        slope = np.nan_to_num(slope, nan=1e3, posinf=1e3, neginf=1e3)
        # beyond _STEEP the result is not even linear in the errors
        return linear / np.hypot(1.0, slope) / np.hypot(1.0, slope / _STEEP)

    def _edges(self, protocol: Protocol, x: FloatArray, base: Prediction) -> FloatArray:
        """Return how much ln(conductance) changes from reading to reading of a sweep where the state moves, (n,) [1].

        The change that was measured; what the law of conduction makes of the voltage alone is no edge, if taking it off
        leaves less. A transistor in series hides it.
        """
        volts = protocol.voltages[protocol.device, protocol.corner]
        change = np.gradient(np.log(protocol.current / np.abs(volts)))
        measured: FloatArray = np.nan_to_num(change, posinf=0.0, neginf=0.0)
        size: FloatArray = np.abs(measured)
        if protocol.series is not None:
            return size
        held = {name: values[protocol.device, protocol.corner] for name, values in base.response.states.items()}
        sides = [volts[np.clip(np.arange(len(volts)) + step, 0, len(volts) - 1)] for step in (1, -1)]
        card, temperature = self.candidate(x), self.settings.temperature
        try:
            ends = [read_current(card, held, side, temperature=temperature) / side for side in sides]
        except RramcircError:
            return size
        with np.errstate(invalid="ignore", divide="ignore"):
            law = np.log(ends[0] / ends[1])
        law[1:-1] *= 0.5  # of two steps
        least: FloatArray = np.minimum(size, np.abs(measured - np.nan_to_num(law, posinf=0.0, neginf=0.0)))
        return least

    def _on_cliffs(self, k: int, x: FloatArray, base: Prediction) -> FloatArray:
        """Return the reliability of readings in the middle of a runaway of the model, where nothing is linear.

        Without this one such reading holds a search where it happens to be, and its slope feigns certainty.
        """
        protocol, start, card = self.protocols[k], self.starts(x)[k], self.candidate(x)
        moved = [replace(protocol, voltages=protocol.voltages * (1.0 + s * _NUDGE)) for s in (1.0, -1.0)]
        ends = [predict(card, p, start, self.settings, self.tolerance, base).current for p in moved]
        if not all(np.isfinite(end).all() for end in ends):  # the steps of the base are too long where a current bends
            ends = [predict(card, p, start, self.settings, self.tolerance).current for p in moved]
        with np.errstate(invalid="ignore", divide="ignore"):
            slope = np.abs(np.log(ends[0] / ends[1]) / (2 * _NUDGE) - 1.0)
        return 1.0 / (1.0 + (np.nan_to_num(slope, nan=1e6, posinf=1e6) / _CLIFF) ** 2)

    def reduced(self, rng: np.random.Generator, most: int) -> Problem:
        """Return the problem with at most `most` pulses of every file."""
        protocols = []
        for p in self.protocols:
            few = p.start_known and len(p.start) > most
            protocols.append(p.subset(np.sort(rng.permutation(len(p.start))[:most])) if few else p)
        return Problem(self.card, self.free, protocols, self.settings, self.watch)

    def held(self, values: Mapping[str, float]) -> Problem:
        """Return the problem with parameters that are not fitted, at values [their units], in its card as well."""
        free = [f for f in self.free if f.name not in values]
        other = self.with_free(free)
        moved = {name: value for name, value in values.items() if value != self.card.number(name)}
        other.card = self.card.with_values(moved) if moved else self.card
        return other

    def allowed(self, x: FloatArray) -> bool:
        """Return whether the model allows a place: its card, its path of states and all its currents."""
        return self.residuals_if_allowed(x) is not None

    def with_free(self, free: Sequence[FreeParameter]) -> Problem:
        """Return the problem with other free parameters."""
        other = Problem(self.card, free, self.protocols, self.settings, self.watch)
        other.weights, other.evaluations, other.tolerance = self.weights, self.evaluations, self.tolerance
        other.one_sided = self.one_sided
        return other


def typical(residuals: FloatArray) -> float:
    """Return the standard deviation of the bulk of residuals, from the median of their magnitudes."""
    return 1.4826 * float(np.median(np.abs(residuals))) + 1e-12


def log_ratio(model: FloatArray, data: FloatArray) -> FloatArray:
    """Return ln(|model| / data), at most `FAILED`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.abs(model) / data)
    found: FloatArray = np.nan_to_num(logs, nan=FAILED, posinf=FAILED, neginf=-FAILED)
    return np.clip(found, -FAILED, FAILED)
