"""How well a card describes data: residuals over all readings, where they are large, and skill against no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rramcirc.basics.arrays import BoolArray, FloatArray, IndexArray
from rramcirc.studies.fit.model import Prediction, Protocol
from rramcirc.studies.fit.problem import OUTLYING, Problem, log_ratio, typical
from rramcirc.studies.fit.search import search_locally

DESCRIBES = 0.5  # skill from which a card is said to describe data
_SMALLEST_SIGMA = 1e-3  # no reading is better than 0.1 %
_FEW_DEVICES, _FEW_PULSES = 3, 20  # from which cycles, or single pulses, some are held out
_EVERY_PULSE, _EVERY_CYCLE = 5, 3  # this one is held out
_REFIT_STEPS = 8  # of the fit without the readings held out; it starts at the fit to all
_BINS, _PER_BIN = 60, 8  # of the best static curve: at most this many voltages, with that many readings
_NAMED = 3  # places of large residuals that are named


@dataclass(frozen=True)
class Misfit:
    """Residuals of one file, over all of its readings.

    Attributes
    ----------
    rms
        Root mean square of ln(model / data) [1].
    sigma
        Standard deviation of the bulk of residuals [1], at least 0.1 %.
    beyond : (n,) array
        Which readings are more than 5 sigma off.
    where
        On which branch, or at which pulses, those are.
    """

    rms: float
    sigma: float
    beyond: BoolArray
    where: str


@dataclass(frozen=True)
class Skill:
    """One minus the error of the card over that of the null model; 1 is perfect, 0 no better than no model.

    Attributes
    ----------
    value
        [1].
    error, null
        Root mean squares of ln(model / data) of the card and of the null model [1].
    readings, held_out
        How many readings these are, and whether a fit without them predicted them.
    """

    value: float
    error: float
    null: float
    readings: int
    held_out: bool

    @property
    def describes(self) -> bool:
        """Whether the card describes the data."""
        return self.value >= DESCRIBES

    def __str__(self) -> str:
        over = f"on {self.readings} held-out readings" if self.held_out else f"over all {self.readings} readings"
        return f"{self.value:.3g} {over} (rms {100 * self.error:.3g} %, without a model {100 * self.null:.3g} %)"


def misfit(protocol: Protocol, found: Prediction) -> Misfit:
    """Return the residuals of one file."""
    residuals = log_ratio(found.current, protocol.current)
    sigma = max(typical(residuals), _SMALLEST_SIGMA)
    beyond = np.abs(residuals) > OUTLYING * sigma
    return Misfit(rms(residuals), sigma, beyond, _where(protocol, beyond))


def rms(residuals: FloatArray) -> float:
    """Return the root mean square [unit of the residuals]."""
    return float(np.sqrt(np.mean(residuals**2)))


def _where(protocol: Protocol, beyond: BoolArray) -> str:
    """Return at which places readings stand out, the most frequent first."""
    if not beyond.any():
        return ""
    labels = {"sweep": branches, "pulses": _polarities, "train": _directions}[protocol.data.kind](protocol)
    across = protocol.voltages[protocol.device, np.maximum(protocol.corner - 1, 0)]
    unit = "V"
    if protocol.data.kind == "sweep":
        across = protocol.voltages[protocol.device, protocol.corner]
    if protocol.data.kind == "train":
        across, unit = protocol.data.columns["pulse"][protocol.row], ""
    names, counts = np.unique(labels[beyond], return_counts=True)
    found = []
    for k in np.argsort(-counts, kind="stable")[:_NAMED]:
        own = beyond & (labels == names[k])
        rows = protocol.data.lines[protocol.row[own]]
        span = f"{across[own].min():.4g} to {across[own].max():.4g} {unit}".strip()
        found.append(f"{counts[k]} on {names[k]} ({span}, lines {rows.min()} to {rows.max()})")
    return "; ".join(found) + (f"; and on {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def branches(protocol: Protocol) -> np.ndarray:
    """Return for every reading of a sweep on which branch it lies."""
    volts = protocol.voltages
    outward = np.zeros(volts.shape, bool)
    for k, row in enumerate(volts):
        last = False
        for c in range(1, len(row)):
            change = abs(row[c]) - abs(row[c - 1])
            last = change > 0 if change else last
            outward[k, c] = last
    v, out = volts[protocol.device, protocol.corner], outward[protocol.device, protocol.corner]
    sign = np.where(v > 0, "+", "-")
    return np.where(out, np.char.add("the branch 0 to ", sign), np.char.add(np.char.add("the branch ", sign), " to 0"))


def _polarities(protocol: Protocol) -> np.ndarray:
    return np.where(protocol.data.columns["amplitude"][protocol.row] > 0, "positive pulses", "negative pulses")


def _directions(protocol: Protocol) -> np.ndarray:
    pulse = protocol.voltages[protocol.device, np.maximum(protocol.corner - 1, 0)]
    return np.where(protocol.corner == 0, "the start", np.where(pulse > 0, "positive pulses", "negative pulses"))


def null_residuals(protocol: Protocol) -> FloatArray:
    """Return ln(null model / data) of every reading.

    The null model of a pulse leaves the resistance as it was; that of a train has one constant conductance a device;
    that of a sweep is the best curve of the current against the voltage, without a memory.
    """
    voltage = np.abs(protocol.voltages[protocol.device, protocol.corner])
    measured = np.log(protocol.current / voltage)
    if protocol.data.kind == "pulses":
        before: FloatArray = np.log(1.0 / protocol.data.columns["before"][protocol.row]) - measured
        return before
    groups = protocol.device
    if protocol.data.kind == "sweep":
        signed = protocol.voltages[protocol.device, protocol.corner]
        bins = max(min(_BINS, len(protocol) // _PER_BIN), 1)
        low, width = signed.min(), max(float(np.ptp(signed)), 1e-12) / bins
        groups = np.minimum(((signed - low) / width).astype(np.int64), bins - 1)
    counts = np.bincount(groups)
    means = np.bincount(groups, measured) / np.maximum(counts, 1)
    found: FloatArray = means[groups] - measured
    return found


def held_devices(protocol: Protocol) -> IndexArray:
    """Return the devices of a file (cycles, or single pulses) that are held out; none of a few."""
    count = len(protocol.start)
    single = protocol.data.kind == "pulses"
    if count < (_FEW_PULSES if single else _FEW_DEVICES):
        return np.empty(0, np.intp)
    every = _EVERY_PULSE if single else _EVERY_CYCLE
    return np.arange(every // 2, count, every)


def skill(problem: Problem, x: FloatArray, found: Sequence[Prediction]) -> Skill:
    """Return the skill of the card at `x`, on held-out readings where cycles or pulses can be spared.

    The fit is done again without every fifth pulse and every third cycle, from `x`, and predicts those; the unknown
    start of a cycle that is held out stays as it was.

    Parameters
    ----------
    found
        Predictions at `x`.
    """
    held = [held_devices(p) for p in problem.protocols]
    if not any(len(h) for h in held):
        residuals = [log_ratio(f.current, p.current) for f, p in zip(found, problem.protocols, strict=True)]
        return _skill(residuals, [null_residuals(p) for p in problem.protocols], held_out=False)
    rest, place = _without(problem, x, held)
    refitted = search_locally(rest, place, steps=_REFIT_STEPS)
    whole = np.r_[refitted[: len(problem.free)], x[len(problem.free) :]]
    kept = [np.isin(p.device, h) for p, h in zip(problem.protocols, held, strict=True)]
    again = problem.predictions(whole)
    residuals = [
        log_ratio(f.current, p.current)[k] for f, p, k in zip(again, problem.protocols, kept, strict=True) if k.any()
    ]
    null = [null_residuals(p)[k] for p, k in zip(problem.protocols, kept, strict=True) if k.any()]
    return _skill(residuals, null, held_out=True)


def _skill(residuals: Sequence[FloatArray], null: Sequence[FloatArray], *, held_out: bool) -> Skill:
    card, none = rms(np.concatenate(residuals)), rms(np.concatenate(null))
    value = 1.0 - card / none if none > 0.0 else 0.0
    return Skill(value, card, none, sum(map(len, residuals)), held_out)


def _without(problem: Problem, x: FloatArray, held: Sequence[IndexArray]) -> tuple[Problem, FloatArray]:
    """Return the problem without some devices, and its place at `x`."""
    protocols, starts, weights = [], [], []
    pieces = np.split(x, problem.first_start)[1:]
    for p, h, piece, w in zip(problem.protocols, held, pieces, problem.weights, strict=False):
        keep = np.setdiff1d(np.arange(len(p.start)), h)
        protocols.append(p.subset(keep))
        weights.append(w[np.isin(p.device, keep)])
        starts.append(piece if p.start_known else piece[keep])
    rest = Problem(problem.card, problem.free, protocols, problem.settings, problem.watch)
    rest.weights, rest.tolerance = weights, problem.tolerance
    return rest, np.r_[x[: len(problem.free)], np.concatenate(starts)]


__all__ = ["DESCRIBES", "Misfit", "Skill", "held_devices", "misfit", "null_residuals", "rms", "skill"]
