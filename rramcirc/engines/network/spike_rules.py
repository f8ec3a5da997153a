"""Learning rules of spikes: functions that a user writes, and published windows.

A rule sees a synapse's weight, which neuron fires, the times since the spikes of both sides, and a noise deviate, and
returns the new weight. The network level calls it for every synapse at each PRE and POST spike; spikes of one time step
do not see one another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arguments import check_kind, real_array
from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, shown
from rramcirc.basics.fields import Kept, number, other, record, whole
from rramcirc.basics.units import positive_number, real_number, whole_number
from rramcirc.bench.stimuli import number_list
from rramcirc.engines.network.level_kernel import POST, PRE, Seen

__all__ = [
    "POST", "PRE", "Seen", "SpikeRule", "bi_poo", "pair_rule", "pfister", "rate_rule", "song", "tanh_rule",
    "triplet_rule", "window_of",
]  # fmt: skip
RuleFunction = Callable[[float, int, Seen, float, FloatArray], float]


@record
class SpikeRule:
    """A rule that moves the excitatory weights of a network at its spikes, between two conductances.

    `update(weight, spike, seen, noise, parameters)` returns the new weight: `weight` 0 is `low`, 1 is `high`; `spike`
    is `PRE` or `POST`; `seen` has the times `pre`, `pre_before`, `post`, `post_before` [s] since the last and the last
    but one spike of each side before this one, inf if there was none; `noise` is a standard normal deviate. It is
    compiled by numba, so that it may use numbers, ``math`` and NumPy functions of numbers.
    """

    update: RuleFunction = other("function of (weight, spike, seen, noise, parameters)")
    parameters: Kept[FloatArray, Sequence[float]] = other("numbers that the function gets", default=())
    low: float = number("conductance of weight 0", "S", default=5e-6, above=0.0)
    high: float = number("conductance of weight 1", "S", default=60e-6, above=0.0)
    seed: int = whole("seed of the noise", default=0)

    def _check(self) -> None:
        if not callable(self.update):
            raise ParameterError(f"SpikeRule.update: {shown(self.update)} is no function.")
        if self.high <= self.low:
            raise ParameterError(f"SpikeRule.high: {self.high:g} S is not above low = {self.low:g} S.")
        object.__setattr__(self, "parameters", number_list("SpikeRule.parameters", self.parameters))


def compiled_rule(rule: SpikeRule) -> RuleFunction:
    """Return the function of a rule, compiled once."""
    return _compiled(rule.update)


@lru_cache(maxsize=64)
def _compiled(update: RuleFunction) -> RuleFunction:
    import numba

    ready = isinstance(update, numba.core.dispatcher.Dispatcher)
    made: RuleFunction = update if ready else numba.njit(update)
    return made


def pair_update(weight: float, spike: int, seen: Seen, noise: float, parameters: FloatArray) -> float:
    """Pair a spike with the last one of the other side: exponential windows, within 0 and 1.

    Parameters are (up, time constant of up [s], down, time constant of down [s]).
    """
    if spike == POST:
        change = parameters[0] * np.exp(-seen.pre / parameters[1])
    else:
        change = -parameters[2] * np.exp(-seen.post / parameters[3])
    return float(min(1.0, max(0.0, weight + change)))


def pair_rule(
    up: float, tau_up: float, down: float, tau_down: float, low: float = 5e-6, high: float = 60e-6
) -> SpikeRule:
    """Return the rule of exponential windows: PRE before POST adds `up`, POST before PRE takes `down` off.

    Parameters
    ----------
    up, down
        Change of the weight at no delay [1].
    tau_up, tau_down
        Time constants [s].
    low, high
        Conductances of weight 0 and 1 [S].
    """
    positive_number(tau_up, "pair_rule: tau_up", "s")
    positive_number(tau_down, "pair_rule: tau_down", "s")
    return SpikeRule(pair_update, (up, tau_up, down, tau_down), low, high)


def song(low: float = 5e-6, high: float = 60e-6) -> SpikeRule:
    """Return the window of Song, Miller and Abbott: up 0.005, down 1.05 times as much, both of 20 ms.

    Parameters
    ----------
    low, high
        Conductances of weight 0 and 1 [S].

    References
    ----------
    S. Song, K. D. Miller, L. F. Abbott, Nature Neuroscience 3, 919 (2000).
    """
    return pair_rule(0.005, 20e-3, 0.005 * 1.05, 20e-3, low, high)


def bi_poo(pairings: int = 60, low: float = 5e-6, high: float = 60e-6) -> SpikeRule:
    """Return the window fitted to cultured hippocampal neurons: up 0.777 of 16.8 ms, down 0.273 of 33.7 ms.

    The fit is of relative changes after 60 pairings; here it is a change of the weight, a 60th at each. The four
    numbers are those that later papers quote, not read off the source.

    Parameters
    ----------
    pairings
        In how many pairings the change of the fit is reached [1].
    low, high
        Conductances of weight 0 and 1 [S].

    References
    ----------
    G. Bi, M. Poo, J. Neurosci. 18, 10464 (1998); fit: G. Bi, H. Wang, Physiology & Behavior 77, 551 (2002).
    """
    whole_number(pairings, "bi_poo: pairings", 1)
    return pair_rule(0.777 / pairings, 16.8e-3, 0.273 / pairings, 33.7e-3, low, high)


def triplet_update(weight: float, spike: int, seen: Seen, noise: float, parameters: FloatArray) -> float:
    """Pair a spike with the last one of the other side and the last one of its own, within 0 and 1.

    Parameters are those of `triplet_rule`, in its order.
    """
    if spike == POST:
        again = parameters[4] * np.exp(-seen.post / parameters[5])
        change = np.exp(-seen.pre / parameters[1]) * (parameters[0] + again)
    else:
        again = parameters[6] * np.exp(-seen.pre / parameters[7])
        change = -np.exp(-seen.post / parameters[3]) * (parameters[2] + again)
    return float(min(1.0, max(0.0, weight + change)))


def triplet_rule(
    up: float, tau_up: float, down: float, tau_down: float, up_again: float, tau_post: float, down_again: float = 0.0,
    tau_pre: float = 1.0, low: float = 5e-6, high: float = 60e-6,
) -> SpikeRule:  # fmt: skip
    """Return the triplet rule of nearest spikes: a change grows if its own side has fired shortly before.

    Parameters
    ----------
    up, tau_up, down, tau_down
        As for `pair_rule`: change [1] and time constant [s].
    up_again, tau_post
        What the last POST spike before this one adds to `up` [1], and how long it is remembered [s].
    down_again, tau_pre
        What the last PRE spike before this one adds to `down` [1], and how long it is remembered [s].
    low, high
        Conductances of weight 0 and 1 [S].

    References
    ----------
    J.-P. Pfister, W. Gerstner, J. Neurosci. 26, 9673 (2006), nearest-spike form.
    """
    given = {"tau_up": tau_up, "tau_down": tau_down, "tau_post": tau_post, "tau_pre": tau_pre}
    for name, value in given.items():
        positive_number(value, f"triplet_rule: {name}", "s")
    values = (up, tau_up, down, tau_down, up_again, tau_post, down_again, tau_pre)
    return SpikeRule(triplet_update, values, low, high)


def pfister(low: float = 5e-6, high: float = 60e-6) -> SpikeRule:
    """Return the least triplet rule fitted to visual cortex: up 0.05 by triplets (40 ms), down 0.008 by pairs.

    Potentiation needs a POST spike before (16.8 ms to PRE, 40 ms to POST), depression a pair (33.7 ms). The numbers
    are those that later papers quote, not read off the source.

    Parameters
    ----------
    low, high
        Conductances of weight 0 and 1 [S].

    References
    ----------
    J.-P. Pfister, W. Gerstner, J. Neurosci. 26, 9673 (2006), nearest-spike form.
    """
    return triplet_rule(0.0, 16.8e-3, 8e-3, 33.7e-3, 5e-2, 40e-3, low=low, high=high)


def tanh_update(weight: float, spike: int, seen: Seen, noise: float, parameters: FloatArray) -> float:
    """Pair a spike with the last one of the other side, through a window without a jump, within 0 and 1.

    Parameters are (up, down, rise [s], decay [s]).
    """
    delay = seen.pre if spike == POST else seen.post
    size = parameters[0] if spike == POST else -parameters[1]
    change = size * np.tanh(delay / parameters[2]) * np.exp(-delay / parameters[3])
    return float(min(1.0, max(0.0, weight + change)))


def tanh_rule(
    up: float, down: float, rise: float, decay: float, low: float = 5e-6, high: float = 60e-6
) -> SpikeRule:  # fmt: skip
    """Return the rule of a window that goes through zero as tanh and decays: no jump where both spikes coincide.

    A pair with POST `t` after PRE adds ``up tanh(t/rise) exp(-t/decay)``, before it takes the same with `down` off.
    The form is a convenience, not a published fit.

    Parameters
    ----------
    up, down
        Scale of the changes [1].
    rise, decay
        Time constants [s].
    low, high
        Conductances of weight 0 and 1 [S].
    """
    positive_number(rise, "tanh_rule: rise", "s")
    positive_number(decay, "tanh_rule: decay", "s")
    return SpikeRule(tanh_update, (up, down, rise, decay), low, high)


def rate_update(weight: float, spike: int, seen: Seen, noise: float, parameters: FloatArray) -> float:
    """Move at PRE spikes by how far the rate of POST is above or below a threshold, within 0 and 1.

    Parameters are (step, threshold [Hz], largest rate over the threshold).
    """
    if spike != PRE or not seen.post_before < np.inf:
        return weight
    ratio = min(1.0 / ((seen.post_before - seen.post) * parameters[1]), parameters[2])
    change = parameters[0] * ratio * (ratio - 1.0)
    return float(min(1.0, max(0.0, weight + change)))


def rate_rule(
    step: float, threshold: float, most: float = 3.0, low: float = 5e-6, high: float = 60e-6
) -> SpikeRule:  # fmt: skip
    """Return a rule of rates (SRDP): PRE spikes raise the weight while POST fires above a rate, and lower it below.

    With r the POST rate, of its last interval, over the threshold, each PRE spike adds ``step r (r - 1)``.

    Parameters
    ----------
    step
        Scale of a change [1].
    threshold
        Rate of POST at which nothing changes [Hz].
    most
        Largest r that counts [1].
    low, high
        Conductances of weight 0 and 1 [S].

    References
    ----------
    E. L. Bienenstock, L. N. Cooper, P. W. Munro, J. Neurosci. 2, 32 (1982): the form r (r - 1), here with a fixed
    threshold and the rate of one interval.
    """
    positive_number(threshold, "rate_rule: threshold", "Hz")
    positive_number(most, "rate_rule: most")
    return SpikeRule(rate_update, (step, threshold, most), low, high)


def window_of(rule: SpikeRule, delays: ArrayLike, weight: float = 0.5) -> FloatArray:
    """Return what a rule makes of one pair of spikes without noise.

    Parameters
    ----------
    rule
        Whose window it is.
    delays
        POST minus PRE time [s].
    weight
        Before the pair [1].

    Returns
    -------
    (n_delays,) array
        Change of the weight.

    Examples
    --------
    >>> window_of(song(), [-20e-3, 20e-3]).round(5)
    array([-0.00193,  0.00184])
    """
    check_kind(rule, SpikeRule, "window_of", "a SpikeRule")
    real_number(weight, "window_of: weight")
    update = compiled_rule(rule)
    found = []
    for delay in real_array(delays, "window_of: delays").ravel():
        first = Seen(np.inf, np.inf, np.inf, np.inf)
        # the earlier spike sees nothing, the later one sees it
        begin = update(weight, PRE if delay >= 0 else POST, first, 0.0, rule.parameters)
        seen = Seen(delay, np.inf, np.inf, np.inf) if delay >= 0 else Seen(np.inf, np.inf, -delay, np.inf)
        found.append(update(begin, POST if delay >= 0 else PRE, seen, 0.0, rule.parameters) - weight)
    return np.array(found)
