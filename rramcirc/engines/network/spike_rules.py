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

__all__ = ["POST", "PRE", "Seen", "SpikeRule", "bi_poo", "pair_rule", "song", "window_of"]
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
