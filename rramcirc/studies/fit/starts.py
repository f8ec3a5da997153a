"""Where a fit may start, read off the data: what conducts in LRS and HRS, at which voltages, and how fast, it moves.

A card far from the device cannot be improved step by step: all its pulses switch, or none. So its currents are fitted
first, on the branches on which a sweep goes back to zero and nothing moves. They give the state at every reading, and
the logarithms of the rates between readings are fitted next, which is smooth however far off a rate is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import RramcircError
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.studies.fit.model import Protocol
from rramcirc.studies.fit.path import PathOfStates
from rramcirc.studies.fit.problem import FreeParameter
from rramcirc.studies.fit.settings import Settings

_BACK = 0.6  # of the largest voltage: below it nothing moves on the way back to zero
_OUT = 0.25  # the same on the way out
_PINS = ((0.0, 1.0), (0.0, None), (None, None), (0.5, None), (0.75, None), (0.9, None))  # LRS, HRS on the path
_MOST = 240  # steps between readings that the rates are fitted to
_STILL = 0.002  # of the path: a state that moves less than this between readings stands still
_QUIET, _QUIET_IS = 0.2, 0.2533  # this quantile of |changes| is that many standard deviations of noise
_NOISY = 0.1  # no noise of ln(current) is larger
_SEEN = 3.0  # standard deviations of noise that a state must move
_CLUSTER, _SHARE = 6.0, 0.1  # readings within so many deviations of the extreme, if that share, are its noise
_INSIDE = 0.01  # of the path, from its ends, where a state tells a rate
_TETHER = 0.003  # residual for one e-fold from the card
_HOPELESS, _SMALL = 10.0, 1e-3  # times the least mean square, and that much, is what currents may be off
_NFEV, _NFEV_SHIFTED = 40, 15  # of a search for currents, and from a shifted bend
_NO_START = (RramcircError, np.linalg.LinAlgError, ValueError)
_SHIFTS = (-3.0, -1.5, 1.5, 3.0)  # e-folds by which what bends a current is tried
_IDLE_WEIGHT = 0.3  # of a reading that says only how slow a state is
_NONE = 1e-8  # of a rate: the model's is in the other direction, or none
_SPEED = re.compile(r"(^|[^V])/s$|^Hz$|\^2/\(V s\)$")  # units of parameters that scale a rate
_RANGE = 12.0  # e-folds that a speed may be off after it was read off the data
_CHANGE = 1e-3  # of a parameter, to see what it does


@dataclass(frozen=True)
class Steps:
    """Pairs of readings between which a voltage acted.

    Attributes
    ----------
    first_voltage, first_current, last_voltage, last_current : (n,) arrays
        The readings [V, A].
    voltage, duration : (n,) arrays
        What acted in between [V], for how long [s].
    noise : (n,) array
        Standard deviation of ln(last current / first current) of a device at rest [1].
    """

    first_voltage: FloatArray
    first_current: FloatArray
    last_voltage: FloatArray
    last_current: FloatArray
    voltage: FloatArray
    duration: FloatArray
    noise: FloatArray

    def __len__(self) -> int:
        return len(self.voltage)


def steps_of(protocols: Sequence[Protocol]) -> Steps:
    """Return the steps between readings of all files without a transistor."""
    found = [_steps(p) for p in protocols if p.series is None or p.data.kind == "sweep"]
    joined = np.concatenate(found, 1) if found else np.zeros((7, 0))
    good = (joined[5] > 0) & np.isfinite(joined).all(0)
    joined = joined[:, good]
    if joined.shape[1] > _MOST:  # large changes and a sample of the others
        change = np.abs(np.log(np.abs(joined[3] / joined[2] * joined[0] / joined[1])))
        order = np.argsort(-change, kind="stable")
        rest = order[_MOST // 2 :]
        chosen = np.sort(np.r_[order[: _MOST // 2], rest[:: max(len(rest) // (_MOST // 2), 1)]])
        joined = joined[:, chosen]
    return Steps(*joined)


def _steps(p: Protocol) -> FloatArray:
    if p.data.kind == "pulses":
        read = p.voltages[p.device, p.corner]
        columns = p.data.columns
        first = read * p.start[p.device]
        noise = np.full(len(p), _noise(np.log(p.current / first)))
        return np.stack([read, first, read, p.current, columns["amplitude"][p.row], columns["width"][p.row], noise])
    gap = 3 if p.data.kind == "train" else 1
    near = np.flatnonzero((np.diff(p.device) == 0) & (np.diff(p.corner) == gap))
    a, b = near, near + 1
    volts, times = p.voltages[p.device, p.corner], p.times[p.device, p.corner]
    acted = 0.5 * (volts[a] + volts[b]) if gap == 1 else p.voltages[p.device[b], p.corner[b] - 1]
    if gap == 1:
        same = volts[a] * volts[b] > 0
        a, b, acted = a[same], b[same], acted[same]
    noise = np.zeros(len(a)) if gap == 1 else np.full(len(a), _noise(np.log(p.current[b] / p.current[a])))
    return np.stack([volts[a], p.current[a], volts[b], p.current[b], acted, times[b] - times[a], noise])


def _noise(changes: FloatArray) -> float:
    """Return the standard deviation of the smallest changes, which are those of devices at rest if there are any."""
    return min(float(np.quantile(np.abs(changes), _QUIET)) / _QUIET_IS, _NOISY) if len(changes) else 0.0


def _end(conductance: FloatArray, noise: float, sign: float) -> int:
    """Return which reading stands for the largest (`sign` 1) or smallest conductance, free of the noise of many."""
    logs = sign * np.log(conductance)
    near = np.flatnonzero(logs > logs.max() - _CLUSTER * noise)
    if len(near) < max(_SHARE * len(logs), 3):
        return int(np.argmax(logs))
    return int(near[np.argsort(logs[near])[len(near) // 2]])


def quiet_branches(protocols: Sequence[Protocol]) -> list[tuple[FloatArray, FloatArray]]:
    """Return voltages [V] and currents [A] of branches in which the state stands still."""
    found = []
    for p in protocols:
        volts = p.voltages[p.device, p.corner]
        if p.data.kind != "sweep":
            steps = _steps(p)
            noise = float(steps[6].max(initial=0.0)) / np.sqrt(2.0)
            ends = [_end(p.current / np.abs(volts), noise, sign) for sign in (1.0, -1.0)]
            found += [(np.abs(volts[[k]]), p.current[[k]]) for k in ends]
            continue
        runs = np.split(np.arange(len(p)), 1 + np.flatnonzero(np.diff(p.device * 2 + (volts > 0))))
        tops = [run[np.argmax(np.abs(volts[run]))] for run in runs]
        for k, (run, top) in enumerate(zip(runs, tops, strict=True)):
            back = run[(run > top) & (np.abs(volts[run]) < _BACK * np.abs(volts[top]))]
            if len(back) < 3:
                continue
            if k + 1 < len(runs) and p.device[runs[k + 1][0]] == p.device[top]:  # and on beyond zero
                on = runs[k + 1]
                back = np.r_[back, on[(on < tops[k + 1]) & (np.abs(volts[on]) < _OUT * np.abs(volts[tops[k + 1]]))]]
            found.append((volts[back], p.current[back]))
    return found[:12]


class Start:
    """The search for one start: currents first, then rates."""

    def __init__(self, card: ModelCard, free: Sequence[FreeParameter], protocols: Sequence[Protocol],
                 settings: Settings) -> None:  # fmt: skip
        self.card, self.free, self.settings = card, list(free), settings
        self.branches = quiet_branches(protocols)
        self.steps = steps_of(protocols)
        self.path = path = PathOfStates(card, settings.temperature)
        self.ends_stay = True  # the path's points are those of the card, whatever is fitted to the currents
        self.conducting = [f for f in self.free if self._conducts(path, f)]
        self.moving = [f for f in self.free if f not in self.conducting]

    def _conducts(self, path: PathOfStates, f: FreeParameter) -> bool:
        """Return whether the current at given places of the path depends on a parameter."""
        places = np.repeat([0.0, 0.25, 0.5, 0.75, 1.0], 4)
        volts = np.tile([-0.5, -0.1, 0.1, 0.5], 5)
        try:
            moved = path.with_card(self.card.with_values({f.name: f.start * (1.0 + _CHANGE) or _CHANGE}))
        except RramcircError:
            return False
        ratio = moved.current(places, volts) / path.current(places, volts)
        if any(not np.allclose(moved.points[n], points, rtol=1e-12) for n, points in path.points.items()):
            self.ends_stay = False
            return True
        return bool(np.nanmax(np.abs(np.log(np.abs(ratio)))) > 1e-9)

    def cards(self) -> list[ModelCard]:
        """Return cards to start from, the one that fits currents and rates best first."""
        tried: list[tuple[float, ModelCard]] = []
        curved = self._curved()
        for pins in _PINS:
            try:
                error, card = self._currents(pins, curved)
            except _NO_START:
                continue
            if not any(_alike(card, other, self.conducting) for _, other in tried):
                tried.append((error, card))
        most = _HOPELESS * min((error for error, _ in tried), default=0.0) + _SMALL
        found: list[tuple[float, ModelCard]] = []
        for error, card in tried:
            if error > most:  # no rates make up for currents that are so much worse
                continue
            try:
                cost, card = self._rates(card)
            except _NO_START:
                continue
            found.append((cost + error, card))
        return [card for _, card in sorted(found, key=lambda pair: pair[0])]

    def _curved(self) -> FloatArray:
        """Return places of the conducting parameters with that bend of the current against the voltage that fits.

        Far from the right one the bend is no slope to follow, so some are tried.
        """
        best = np.array([self._place(f) for f in self.conducting])
        least, card = self._currents((None, None), best)
        for k, f in enumerate(self.conducting):
            if "V" not in f.unit:
                continue
            tried = best.copy()
            for shift in _SHIFTS:
                error, found = self._currents((None, None), tried + shift * np.eye(len(best))[k], _NFEV_SHIFTED)
                if error < 0.9 * least:
                    least, card = error, found
        values = [card.number(f.name) for f in self.conducting]
        return np.array([math.log(abs(v)) if f.logarithmic and v else 0.0 for f, v in zip(self.conducting, values,
                                                                                         strict=True)])  # fmt: skip

    def _currents(
        self, pins: tuple[float | None, float | None], base: FloatArray, most: int = _NFEV
    ) -> tuple[float, ModelCard]:
        """Fit the parameters that conduct to the quiet branches; states of LRS and HRS may be pinned."""
        from scipy.optimize import least_squares

        typical = np.array([np.median(i / np.abs(v)) for v, i in self.branches])
        order = np.argsort(-typical)
        fixed = {int(order[0]): pins[0], int(order[-1]): pins[1]} if len(order) > 1 else {}
        if len(order) > 1 and pins[0] is not None:  # what conducts as well as the best is in the same state
            fixed |= {int(k): pins[0] for k in order if typical[k] > 0.97 * typical[order[0]]}
        loose = [k for k in range(len(self.branches)) if fixed.get(k) is None]
        n = len(self.conducting)
        volts = np.concatenate([v for v, _ in self.branches])
        data = np.log(np.concatenate([i for _, i in self.branches]))
        owner = np.repeat(np.arange(len(self.branches)), [len(v) for v, _ in self.branches])
        weight = 1.0 / np.sqrt(np.bincount(owner)[owner])

        def card_of(x: FloatArray) -> ModelCard:
            return self.card.with_values({f.name: self._value(f, v) for f, v in zip(self.conducting, x, strict=False)})

        def residuals(x: FloatArray) -> FloatArray:
            places = np.array([fixed.get(k) or 0.0 for k in range(len(self.branches))])
            places[loose] = x[n:]
            tether = _TETHER * (x[:n] - base)
            try:
                path = self.path.with_card(card_of(x), same=self.ends_stay)
                model = np.abs(path.current(places[owner], volts))
            except RramcircError:
                far: FloatArray = np.r_[np.full(len(data), 10.0), tether]
                return far
            with np.errstate(divide="ignore", invalid="ignore"):
                off = np.clip(np.nan_to_num(np.log(model) - data, nan=10.0, posinf=10.0, neginf=-10.0), -10, 10)
            both: FloatArray = np.r_[weight * off, tether]
            return both

        begin = np.r_[base, [0.1 + 0.8 * np.flatnonzero(order == k)[0] / max(len(order) - 1, 1) for k in loose]]
        low = np.r_[base - 12.0, np.zeros(len(loose))]
        high = np.r_[base + 12.0, np.ones(len(loose))]
        if not len(begin):
            return float(np.mean(residuals(begin) ** 2)), self.card
        x = least_squares(residuals, begin, bounds=(low, high), x_scale=1.0, max_nfev=most, diff_step=1e-4).x
        off = residuals(x)[: len(data)]
        return float(np.sum(off**2)) / len(self.branches), card_of(x)

    @staticmethod
    def _place(f: FreeParameter) -> float:
        return math.log(abs(f.start)) if f.start and f.logarithmic else 0.0

    @staticmethod
    def _value(f: FreeParameter, x: float) -> float:
        return math.copysign(math.exp(x), f.start) if f.start and f.logarithmic else f.start + x * abs(f.start or 1.0)

    def _rates(self, card: ModelCard) -> tuple[float, ModelCard]:
        """Fit the parameters that move the state to the rates between readings."""
        from scipy.optimize import differential_evolution, least_squares

        steps, path = self.steps, PathOfStates(card, self.settings.temperature)
        if not len(steps) or not self.moving:
            return 0.0, card
        first = path.places(steps.first_voltage, steps.first_current)
        last = path.places(steps.last_voltage, steps.last_current)
        middle, rate = 0.5 * (first + last), (last - first) / steps.duration
        inside = (np.minimum(first, last) > _INSIDE) | (np.maximum(first, last) < 1 - _INSIDE)
        still = self._still(path, last)
        moved = (np.abs(last - first) > still) & inside
        if not moved.any():
            return 1e3, card
        slowest = still / steps.duration
        direction = np.sign(rate)

        def residuals(x: FloatArray) -> FloatArray:
            values = {f.name: self._value(f, v) for f, v in zip(self.moving, x, strict=True)}
            try:
                model = path.with_card(card.with_values(values), same=True).rate(middle, steps.voltage)
            except RramcircError:
                return np.full(len(steps), 20.0)
            along = np.maximum(np.where(moved, model * direction, 0.0), _NONE * np.abs(rate))
            with np.errstate(divide="ignore", invalid="ignore"):
                wanted = np.log(along / np.abs(rate))
                idle = _IDLE_WEIGHT * np.maximum(np.log(np.maximum(np.abs(model), 1e-300) / slowest), 0.0)
            off: FloatArray = np.nan_to_num(np.where(moved, wanted, idle), nan=20.0, posinf=20.0, neginf=-20.0)
            np.clip(off, -30.0, 30.0, out=off)
            return off

        def cost(x: FloatArray) -> float:
            return float(np.mean(np.log1p(residuals(x) ** 2)))

        base = self._paced(residuals, moved)
        low, high = self._reach(base)
        found = differential_evolution(
            cost, list(zip(low, high, strict=True)), x0=np.clip(base, low, high), seed=1, popsize=8, maxiter=40,
            polish=False, tol=1e-3,
        )  # fmt: skip
        x = least_squares(residuals, np.clip(found.x, low + 1e-9, high - 1e-9), bounds=(low, high), loss="soft_l1",
                          max_nfev=60, diff_step=1e-4).x  # fmt: skip
        x = x if cost(x) <= cost(found.x) else found.x
        values = {f.name: self._value(f, v) for f, v in zip(self.moving, x, strict=True)}
        return cost(x), card.with_values(values)

    def _still(self, path: PathOfStates, last: FloatArray) -> FloatArray:
        """Return by how much noise alone moves the states between readings."""
        steps = self.steps
        noisy = path.places(steps.last_voltage, steps.last_current * np.exp(-_SEEN * steps.noise))
        other = path.places(steps.last_voltage, steps.last_current * np.exp(_SEEN * steps.noise))
        return np.asarray(np.maximum(np.maximum(np.abs(noisy - last), np.abs(other - last)), _STILL))

    def _paced(self, residuals: object, moved: np.ndarray) -> FloatArray:
        """Return the places of the card with its speeds moved to those of the data."""
        assert callable(residuals)
        base = np.array([self._place(f) for f in self.moving])
        for k, f in enumerate(self.moving):
            if not _SPEED.search(f.unit):
                continue
            here = residuals(base)
            up = residuals(base + np.eye(len(base))[k])
            depends = moved & (np.abs(up - here) > 0.1)
            if depends.any():
                base[k] -= float(np.median(here[depends]))
        return base

    def _reach(self, base: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return bounds of the places: speeds anywhere near those of the data, voltages up to those applied."""
        low, high = np.empty(len(base)), np.empty(len(base))
        largest = float(np.abs(self.steps.voltage).max())
        declared = {f.name: sorted((self._limit(f, f.low), self._limit(f, f.high))) for f in self.moving}
        for k, f in enumerate(self.moving):
            if not f.logarithmic:
                low[k], high[k] = base[k] - 1.0, base[k] + 1.0
            elif _SPEED.search(f.unit):
                low[k], high[k] = base[k] - _RANGE, base[k] + _RANGE
            elif f.unit == "V":
                low[k], high[k] = math.log(0.03 * largest), math.log(1.5 * largest)
            else:
                low[k], high[k] = declared[f.name]
        return np.minimum(low, high - 1e-3), high

    @staticmethod
    def _limit(f: FreeParameter, bound: float) -> float:
        return math.log(abs(bound)) if f.logarithmic else bound


def _alike(one: ModelCard, other: ModelCard, free: Sequence[FreeParameter]) -> bool:
    """Return whether two cards have about the same values."""
    return all(abs(one.number(f.name) - other.number(f.name)) < 0.02 * abs(one.number(f.name)) for f in free)


__all__ = ["Start", "Steps", "quiet_branches", "steps_of"]
