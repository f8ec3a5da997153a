"""Stochastic learning epoch by epoch, with conductances that are drawn.   [Pedretti2018, Sec. III A]

In an epoch all pixels of the pattern spike, or each pixel with probability N; one that spiked in the epoch before is
silent. The POST adds up the charge of the synapses that spike and keeps it until it fires. When it fires, these
synapses are SET (LRS is drawn); those that spike in the next epoch are RESET (HRS is drawn), before they bring charge.

Conductances are log-normal. Without the refractory epoch, or with an integrator that forgets between epochs, nothing is
learnt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba
import numpy as np

from rramcirc.analysis.counts import Count
from rramcirc.basics.arrays import BoolArray, FloatArray, IntArray, LoopCompiler
from rramcirc.papers.pedretti2018.rate_equations import LEARNT

if TYPE_CHECKING:
    from rramcirc.papers.pedretti2018.setup import Learning

compiled: LoopCompiler = numba.njit(cache=True, nogil=True)


@compiled
def draw_epoch(
    pattern: IntArray, inputs: int, noise: float, is_pattern: bool, epoch: int, last: IntArray, found: IntArray,
    rng: np.random.Generator,
) -> int:  # fmt: skip
    """Write the pixels that spike in an epoch to `found`, note it in `last` (epoch of the last spike), return how many.

    Gaps between noise spikes are drawn, not pixels one by one.
    """
    count = 0
    if is_pattern:
        for i in pattern:
            if last[i] != epoch - 1:
                found[count] = i
                count += 1
    elif noise > 0.0:
        i = -1
        while True:
            i += 1 + int(np.log(1.0 - rng.random()) / np.log(1.0 - noise)) if noise < 1.0 else 1
            if i >= inputs:
                break
            if last[i] != epoch - 1:
                found[count] = i
                count += 1
    for k in range(count):
        last[found[k]] = epoch
    return count


@compiled
def run_trial(
    pattern: IntArray, numbers: FloatArray, rng: np.random.Generator, epochs: int, strict: bool, g: FloatArray,
    kinds: IntArray, fired: BoolArray, means: FloatArray,
) -> None:  # fmt: skip
    """Learn once.

    Parameters
    ----------
    pattern
        Pixels of the pattern.
    numbers, rng
        N, R_P, charge of a synapse per siemens [C/S], threshold [C], LRS, deviation, HRS, deviation [S, 1]; draws.
    g : (inputs,) array
        Conductances [S]; changed.
    kinds, fired, means
        Of every epoch: 1 pattern, 0 noise, -1 a pattern all of whose pixels were silent; whether it fired; mean
        conductance of pattern and background at its end [S], unless `means` is empty.
    """
    noise, shown, charge, threshold, lrs, lrs_spread, hrs, hrs_spread = numbers
    inputs, q, pending = g.size, 0.0, False
    last, found = np.full(inputs, -9), np.empty(inputs, np.int64)
    inside = np.zeros(inputs, np.bool_)
    inside[pattern] = True
    for e in range(epochs):
        is_pattern = e % 2 == 0 if strict else rng.random() < shown
        count = draw_epoch(pattern, inputs, noise, is_pattern, e, last, found, rng)
        kinds[e] = (1 if count else -1) if is_pattern else 0
        for k in range(count):
            if pending:
                g[found[k]] = hrs * np.exp(hrs_spread * rng.standard_normal())
            q += g[found[k]] * charge
        pending = count > 0 and q >= threshold
        fired[e] = pending
        if pending:
            q = 0.0
            for k in range(count):
                g[found[k]] = lrs * np.exp(lrs_spread * rng.standard_normal())
        if means.size:
            sums = np.zeros(2)
            for i in range(inputs):
                sums[0 if inside[i] else 1] += g[i]
            means[e, 0] = sums[0] / pattern.size
            means[e, 1] = sums[1] / max(1, inputs - pattern.size)


@dataclass(frozen=True)
class Trials:
    """What many trials of one setting did.

    Attributes
    ----------
    kinds, fired : (trials, epochs) arrays
        See `run_trial`.
    pattern, background : (trials, epochs) arrays
        Mean conductances [S].
    epoch, counted
        Duration of an epoch [s]; number of last epochs in which fires are counted.
    below
        Mean background below which learning has ended [S].
    """

    kinds: IntArray
    fired: BoolArray
    pattern: FloatArray
    background: FloatArray
    epoch: float
    counted: int
    below: float = LEARNT

    @property
    def true_fires(self) -> Count:
        """P_learn: fires in epochs in which a pixel of the pattern spiked; one that follows a pattern is silent."""
        return self._count(1)

    @property
    def false_fires(self) -> Count:
        """P_err: fires in noise epochs."""
        return self._count(0)

    def spread(self, kind: int) -> float:
        """Return the standard error of the rate of a kind, over the trials [1]; epochs of a trial hang together."""
        kinds, fired = self.kinds[:, -self.counted :], self.fired[:, -self.counted :]
        total = (kinds == kind).sum(axis=1)
        shares = ((kinds == kind) & fired).sum(axis=1)[total > 0] / total[total > 0]
        return float(shares.std(ddof=1) / np.sqrt(shares.size)) if shares.size > 1 else float("nan")

    @property
    def learnt(self) -> FloatArray:
        """Times [s] at which the mean background fell below `below`; not a number where it never did."""
        below = self.background < self.below
        return np.where(below.any(axis=1), self.epoch * (1 + below.argmax(axis=1)), np.nan)

    def _count(self, kind: int) -> Count:
        at = self.kinds[:, -self.counted :] == kind
        return Count(int((at & self.fired[:, -self.counted :]).sum()), int(at.sum()))


def run_trials(setting: Learning, trials: int, seed: int) -> Trials:
    """Learn many times from half LRS, half HRS.

    Parameters
    ----------
    setting
        What is learnt, and how.
    trials
        Number of them.
    seed
        Of all draws; a trial does not depend on how many there are.
    """
    pattern = np.flatnonzero(setting.pattern)
    numbers = rule_numbers(setting, pattern.size)
    kinds, fired = np.empty((trials, setting.epochs), np.int64), np.empty((trials, setting.epochs), bool)
    means = np.empty((trials, setting.epochs, 2))
    for k in range(trials):
        rng = np.random.default_rng([seed, k])
        g = starting_conductances(setting, rng, setting.inputs)
        run_trial(pattern, numbers, rng, setting.epochs, setting.strict, g, kinds[k], fired[k], means[k])
    return Trials(kinds, fired, means[..., 0], means[..., 1], setting.epoch, min(setting.counted, setting.epochs))


def rule_numbers(setting: Learning, active: int) -> FloatArray:
    """Return the numbers of `run_trial` for a pattern of so many pixels."""
    return np.array([
        setting.noise, setting.shown, setting.voltage * setting.epoch, setting.threshold * active, setting.lrs,
        setting.lrs_spread, setting.hrs, setting.hrs_spread,
    ])  # fmt: skip


def starting_conductances(setting: Learning, rng: np.random.Generator, count: int) -> FloatArray:
    """Return conductances drawn from LRS and HRS, each with probability one half [S]."""
    high = rng.random(count) < 0.5
    deviates = rng.standard_normal(count)
    return np.where(
        high, setting.lrs * np.exp(setting.lrs_spread * deviates), setting.hrs * np.exp(setting.hrs_spread * deviates)
    )
