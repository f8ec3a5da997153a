"""Counts of trials that succeeded: the share, and the interval in which the probability lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.errors import ParameterError, shown
from rramcirc.basics.units import whole_number

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Count:
    """So many of so many independent trials succeeded.

    Attributes
    ----------
    hits
        Trials that succeeded.
    trials
        All trials, at least one.

    Examples
    --------
    >>> print(Count(12, 12))
    12 of 12 (100 %; 95 %: 73.5 to 100 %)
    >>> Count(97, 100).share
    0.97
    """

    hits: int
    trials: int

    def __post_init__(self) -> None:
        """Refuse what no count can be."""
        whole_number(self.trials, "Count: trials", 1)
        whole_number(self.hits, "Count: hits", 0)
        if self.hits > self.trials:
            raise ParameterError(f"Count: hits = {self.hits} is more than trials = {self.trials}.")

    @property
    def share(self) -> float:
        """Hits over trials [1]."""
        return self.hits / self.trials

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Return the interval of Clopper and Pearson for the probability of a hit [1].

        It holds the true probability in at least the share `confidence` of all repetitions.

        Raises
        ------
        ParameterError
            If the confidence is not between 0 and 1.

        Examples
        --------
        >>> low, high = Count(97, 100).interval()
        >>> round(low, 4), round(high, 4)
        (0.9148, 0.9938)
        """
        from scipy.special import betaincinv

        if isinstance(confidence, bool) or not isinstance(confidence, (int, float)) or not 0 < confidence < 1:
            raise ParameterError(f"Count.interval: confidence {shown(confidence)} is not between 0 and 1.")
        tail, missed = 0.5 * (1.0 - confidence), self.trials - self.hits
        low = float(betaincinv(self.hits, missed + 1, tail)) if self.hits else 0.0
        high = float(betaincinv(self.hits + 1, missed, 1.0 - tail)) if missed else 1.0
        return low, high

    def __str__(self) -> str:
        low, high = self.interval()
        return (
            f"{self.hits} of {self.trials} ({_percent(self.share)} %; {100 * CONFIDENCE:g} %: "
            f"{_percent(low)} to {_percent(high)} %)"
        )


def _percent(share: float) -> str:
    """Return a share in percent with three digits, more where it is near 100 %; never rounded up to 100."""
    text = f"{100 * share:.1f}" if share >= 0.1 else f"{100 * share:.3g}"
    if share < 1.0 and float(text) >= 100.0:
        return f"{100 * share:.3f}" if share < 0.99999 else "99.999"
    return text.removesuffix(".0") if float(text) in (0.0, 100.0) else text


def counted(trials: ArrayLike) -> Count:
    """Return how many of some trials succeeded.

    Parameters
    ----------
    trials : (n,) array
        True or 1 for each trial that succeeded, False or 0 for the others [1].

    Raises
    ------
    ParameterError
        If there is no trial, or one is neither true nor false.

    Examples
    --------
    >>> print(counted([True, True, False, True]))
    3 of 4 (75.0 %; 95 %: 19.4 to 99.4 %)
    """
    values = np.asarray(trials)
    if values.ndim != 1 or not values.size or values.dtype.kind not in "biuf" or not np.isin(values, (0, 1)).all():
        raise ParameterError("counted: give a list of at least one trial, each True or False.")
    return Count(int(values.sum()), values.size)
