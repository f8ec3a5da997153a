"""Where the devices of a population are: parameters of each of them, and their spread, round by round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from rramcirc.basics.arrays import BoolArray, FloatArray, IntArray
from rramcirc.basics.errors import ParameterError
from rramcirc.devices.cards.model_card import ModelCard, Spread
from rramcirc.studies.fit.mixed import Linear, Spreads, explain, maximise
from rramcirc.studies.fit.runs import Runs

_ROUNDS, _INNER = 8, 40  # linearisations, and exchanges between spread and noise in each
_SETTLED = 0.02  # relative change of the noise at which these end
_STILL = 0.2  # statistical errors of the spreads, by which these change at most in the last round
_WIDE = {"lognormal": 0.5, "normal": 0.05}  # spread to begin with, in the measure of `Places`
_STEP = 0.5  # of the differences, in spreads
_LARGEST = 2.0  # spreads that a device moves at once
_MISSED = 0.5  # of the runs without a figure: the card does not do what was measured
_RESAMPLED = 200  # populations drawn again from the devices, for the errors
_OUTLYING = 5.0  # standard deviations beyond which a run counts as one so far off


class Places:
    """Devices at places: ln(value / nominal) of log-normal parameters, shifts relative to `of` of normal ones."""

    def __init__(self, card: ModelCard, spreads: Sequence[Spread], runs: Runs) -> None:
        self.card, self.all_spreads, self.runs = card, tuple(spreads), runs
        assert card.declaration is not None
        names = [n for n in card.declaration.parameters if n.endswith("_sigma_c2c") and card.number(n) > 0.0]
        self.cycle_names = names if "nz" in card.declaration.ports else []

    def value(self, k: int, place: FloatArray) -> FloatArray:
        """Return values of parameter `k` at places [its unit]."""
        one = self.all_spreads[k]
        if one.distribution == "lognormal":
            return np.asarray(self.card.number(one.parameter) * np.exp(place))
        return np.asarray(self.card.number(one.parameter) + abs(self.card.number(one.of)) * place)

    def figures(self, places: FloatArray, deviate: float = 0.0, card: ModelCard | None = None) -> FloatArray:
        """Return the figures of all runs, (N, F), for the devices at places (K, P)."""
        own = places[self.runs.device]
        values = {one.parameter: self.value(k, own[:, k]) for k, one in enumerate(self.all_spreads)}
        return self.runs.predict(card or self.card, values, np.full(len(own), deviate))

    def linear(self, places: FloatArray, wide: FloatArray) -> Linear:
        """Return the figures around the places of the devices, with slopes over half a spread, (P,), on either side.

        A threshold is read off a loop with a resolution of about a step of its voltage, which a small step misses.
        """
        middle = self.figures(places)
        slopes = []
        for k, step in enumerate(_STEP * wide):
            move = step * np.eye(len(wide))[k]
            slopes.append((self.figures(places + move) - self.figures(places - move)) / (2 * step))
        cycles = [np.zeros((*middle.shape, 0))]
        for name in self.cycle_names:
            only = self.card.with_values({n: (self.card.number(n) if n == name else 0.0) for n in self.cycle_names})
            ends = [self.figures(places, sign, only) for sign in (1.0, -1.0)]
            cycles.append(((ends[0] - ends[1]) / (2.0 * self.card.number(name)))[:, :, None])
        rest, slope, cycle = self.runs.values - middle, np.stack(slopes, 2), np.concatenate(cycles, 2)
        there = np.isfinite(rest) & np.isfinite(slope).all(2) & np.isfinite(cycle).all(2)
        self._check(there)
        keep = there[:, :, None]
        return Linear(
            self.runs.device, np.where(there, rest, 0.0), there, np.where(keep, slope, 0.0),
            np.where(keep, cycle, 0.0), self.runs.noise, places,
        )  # fmt: skip

    def _check(self, there: BoolArray) -> None:
        """Raise if the card does not have a figure in most runs that have it."""
        for f, name in enumerate(self.runs.names):
            measured = np.isfinite(self.runs.values[:, f])
            missed = int(np.sum(measured & ~there[:, f]))
            if measured.any() and missed > _MISSED * measured.sum():
                raise ParameterError(
                    f"card {self.card.name} has no {name} in {missed} of {int(measured.sum())} runs that have one: "
                    "it does not describe the median device. Fit it first: rramcirc fit, or another --card."
                )

    def spreads(self, say: Callable[[str], None]) -> tuple[Spreads, Linear, FloatArray, tuple[FloatArray, FloatArray]]:
        """Return the spread of devices, the figures around them, what is not explained, and the spread of cycles."""
        count, p = self.runs.devices, len(self.all_spreads)
        wide = np.array([_WIDE[one.distribution] for one in self.all_spreads])
        found = Spreads(np.zeros(p), np.diag(wide**2), np.zeros((count, p)), np.zeros((count, p, p)))
        sigma = np.array([self.card.number(n) for n in self.cycle_names])
        errors, extra, last = np.zeros(len(sigma)), np.zeros(len(self.runs.names)), wide
        for k in range(_ROUNDS):
            linear = self.linear(found.places, np.sqrt(np.diag(found.covariance)) + 1e-4)
            if not k:
                extra = np.array([_within(linear, f) ** 2 for f in range(len(extra))])
            linear.rest = _drawn_in(linear, extra, sigma)
            for _ in range(_INNER):
                before = np.r_[extra, sigma]
                matrix, vector = linear.information(linear.weights(extra, sigma)[0])
                found = maximise(matrix, vector, found.covariance, found.mean)
                extra, sigma, errors = explain(linear, found, extra, sigma)
                if np.max(np.abs(np.r_[extra, sigma] - before) / before) < _SETTLED:
                    break
            reach = _LARGEST * np.maximum(np.sqrt(np.diag(found.covariance)), wide)
            moved = np.clip(found.places - linear.places, -reach, reach)
            found = replace(found, places=linear.places + moved)
            sizes = ", ".join(
                f"{one.parameter} {np.sqrt(v):.3g}"
                for one, v in zip(self.all_spreads, np.diag(found.covariance), strict=True)
            )
            say(f"  round {k + 1} of at most {_ROUNDS}: {sizes}")
            size = np.sqrt(np.diag(found.covariance))
            if k and np.max(np.abs(size / last - 1.0)) < _STILL / np.sqrt(2.0 * count):
                break
            last = size
        return found, linear, extra, (sigma, errors)


def _within(linear: Linear, f: int) -> float:
    """Return a robust standard deviation of a figure within the devices."""
    rest = np.where(linear.there[:, f], linear.rest[:, f], np.nan)
    middle = np.array([np.nanmedian(r) if np.isfinite(r).any() else 0.0 for r in _by_device(rest, linear.device)])
    rest = rest - middle[linear.device]
    return _scatter(rest[np.isfinite(rest)])


def _by_device(values: FloatArray, device: IntArray) -> list[FloatArray]:
    return [values[device == k] for k in range(int(device.max()) + 1)]


def _scatter(values: FloatArray) -> float:
    """Return a robust standard deviation."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values)))) + 1e-3 if len(values) else 1.0


def _drawn_in(linear: Linear, extra: FloatArray, sigma: FloatArray) -> FloatArray:
    """Return the residuals, those far beyond everything the spreads explain drawn in to 5 standard deviations."""
    size = np.array([_scatter(r[t]) for r, t in zip(linear.rest.T, linear.there.T, strict=True)])
    expected = np.sqrt(linear.noise + extra + (linear.cycles @ sigma) ** 2 + size**2)
    return np.clip(linear.rest, -_OUTLYING * expected, _OUTLYING * expected)


def errors_of(
    linear: Linear, found: Spreads, extra: FloatArray, sigma: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return standard errors of the spreads (P,), correlations and their errors (P, P), by drawing devices again."""
    matrix, vector = linear.information(linear.weights(extra, sigma)[0])
    deviations, correlations = [], []
    for _ in range(_RESAMPLED):
        chosen = rng.integers(0, len(vector), len(vector))
        again = maximise(matrix[chosen], vector[chosen], found.covariance, found.mean)
        size = np.sqrt(np.diag(again.covariance))
        deviations.append(size)
        correlations.append(again.covariance / np.outer(size, size))
    size = np.sqrt(np.diag(found.covariance))
    return np.std(deviations, 0), found.covariance / np.outer(size, size), np.std(correlations, 0)


__all__ = ["Places", "errors_of"]
