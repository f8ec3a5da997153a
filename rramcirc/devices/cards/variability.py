"""Devices that differ: device-to-device spread, cycle-to-cycle spread, read noise, random telegraph noise.

Every draw comes from one `numpy.random.Generator`, and enters a simulation as numbers: the same seed gives the same
devices in every engine.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arguments import check_kind, real_array
from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, shown
from rramcirc.devices.cards.model_card import ModelCard, Spread

MOST_REDRAWS = 1000


def sample_devices(
    card: ModelCard, shape: int | tuple[int, ...], rng: np.random.Generator, spread: Sequence[Spread] | None = None
) -> dict[str, FloatArray]:
    """Draw the instance parameters of devices that differ from one another.

    Parameters
    ----------
    card
        Card whose ``[variability]`` table says what varies and by how much.
    shape
        Shape of the arrays, for example ``(rows, columns)``.
    rng
        Source of randomness.
    spread
        Spreads to use instead of the card's.

    Returns
    -------
    dict of arrays of `shape`
        Instance parameter -> values in its unit; fits `Crossbar.rram_parameters`. Empty if the card has no spread.

    Notes
    -----
    With z standard normal: ``normal`` draws ``nominal + sigma_d2d * reference * z``, where the reference is the nominal
    value of the parameter `of` (default the parameter itself); ``lognormal`` draws ``nominal * exp(sigma_d2d * z)``.
    Both are truncated at `truncate` standard deviations by drawing again. Correlations hold between the z before that.
    """
    check_kind(card, ModelCard, "sample_devices", "a model card")
    check_kind(rng, np.random.Generator, "sample_devices: rng", "a numpy Generator")
    check_kind(shape, int | tuple | list, "sample_devices: shape", "a whole number or a tuple of them")
    spread = card.variability if spread is None else tuple(spread)
    if not spread:
        return {}
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    deviates = _deviates(spread, int(np.prod(shape)), rng)
    drawn = {}
    for k, one in enumerate(spread):
        nominal = card.number(one.parameter)
        if one.distribution == "lognormal":
            values = nominal * np.exp(one.sigma_d2d * deviates[k])
        else:
            values = nominal + one.sigma_d2d * abs(card.number(one.of)) * deviates[k]
        drawn[one.parameter] = values.reshape(shape)
    return drawn


def _deviates(spread: Sequence[Spread], count: int, rng: np.random.Generator) -> FloatArray:
    """Return (parameters, devices) correlated standard normal deviates within their truncations."""
    factor = np.linalg.cholesky(correlation_matrix(spread))
    limits = np.array([one.truncate for one in spread])[:, None]
    found = factor @ rng.standard_normal((len(spread), count))
    for _ in range(MOST_REDRAWS):
        outside = np.any(np.abs(found) > limits, axis=0)
        if not np.any(outside):
            return found
        found[:, outside] = factor @ rng.standard_normal((len(spread), int(outside.sum())))
    raise ParameterError(
        f"variability: no draw within the truncations {[one.truncate for one in spread]} (standard deviations) "
        f"was found in {MOST_REDRAWS} tries; widen them."
    )


def correlation_matrix(spread: Sequence[Spread]) -> FloatArray:
    """Return the correlation matrix of several spreads.

    Raises
    ------
    ParameterError
        If a correlation names an unknown parameter, two disagree, or the matrix is not positive definite.
    """
    names = [one.parameter for one in spread]
    matrix = np.eye(len(names))
    for k, one in enumerate(spread):
        for other, value in one.correlation.items():
            if other not in names or other == one.parameter:
                raise ParameterError(
                    f"variability of {one.parameter}: correlation with {other!r}, which has no spread. Known: {names}."
                )
            j = names.index(other)
            if matrix[k, j] not in (0.0, value):
                raise ParameterError(f"variability: {one.parameter} and {other} name two different correlations.")
            matrix[k, j] = matrix[j, k] = value
    if np.min(np.linalg.eigvalsh(matrix)) <= 1e-12:
        raise ParameterError(f"variability: the correlations of {', '.join(names)} contradict one another.")
    return matrix


def read_noise(current: ArrayLike, sigma: float, rng: np.random.Generator) -> FloatArray:
    """Return currents as a noisy read sees them: each times ``1 + sigma * z``.

    Parameters
    ----------
    current
        Ideal currents [A], any shape.
    sigma
        Relative standard deviation of one read [1].
    rng
        Source of randomness.
    """
    current = real_array(current, "read_noise: current")
    check_kind(rng, np.random.Generator, "read_noise: rng", "a numpy Generator")
    if not isinstance(sigma, int | float) or not np.isfinite(sigma) or sigma < 0:
        raise ParameterError(f"read_noise: sigma = {shown(sigma)} is not a fraction of at least 0.")
    return current * (1.0 + sigma * rng.standard_normal(current.shape))


def random_telegraph(
    time: ArrayLike, *, amplitude: float, tau_high: float, tau_low: float, rng: np.random.Generator
) -> FloatArray:
    """Return a two-level random telegraph signal, 0 (low) or `amplitude` (high), at the given times.

    The dwell times are exponential, the first level is drawn from the stationary distribution; the fraction of time in
    the high level tends to ``tau_high / (tau_high + tau_low)``.

    Parameters
    ----------
    time
        Ascending times [s].
    amplitude
        Height of the signal [any unit], for example a relative change of conductance.
    tau_high, tau_low
        Mean dwell times [s].
    rng
        Source of randomness.
    """
    time = real_array(time, "random_telegraph: time")
    check_kind(rng, np.random.Generator, "random_telegraph: rng", "a numpy Generator")
    for name, value in (("tau_high", tau_high), ("tau_low", tau_low)):
        if not isinstance(value, int | float) or not np.isfinite(value) or value <= 0:
            raise ParameterError(f"random_telegraph: {name} = {shown(value)} s is not positive.")
    if time.ndim != 1 or time.size == 0 or np.any(np.diff(time) < 0):
        raise ParameterError("random_telegraph: time must be a non-empty ascending list [s].")
    high = bool(rng.random() < tau_high / (tau_high + tau_low))
    edges, now, first = [], time[0], high
    while now <= time[-1]:
        now += rng.exponential(tau_high if high else tau_low)
        edges.append(now)
        high = not high
    flips = np.searchsorted(np.array(edges), time, side="right")
    signal: FloatArray = amplitude * ((flips % 2 == 0) == first)
    return signal
