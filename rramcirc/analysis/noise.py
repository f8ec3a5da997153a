"""Noise spectra: their integral over a band."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arguments import real_array
from rramcirc.basics.errors import ParameterError


def integrated_noise(frequency: ArrayLike, density: ArrayLike) -> float:
    """Return the root mean square that a noise spectrum has over the band it is given for.

    Between two points the density is a power of the frequency, so white and 1/f spectra are integrated exactly.

    Parameters
    ----------
    frequency : (n_points,) array
        Rising and positive [Hz].
    density : (n_points,) array
        Spectral density [V/sqrt(Hz) or A/sqrt(Hz)].

    Returns
    -------
    float
        ``sqrt(integral of density^2 df)`` [V or A].

    Raises
    ------
    ParameterError
        If the frequencies do not rise, or a density is negative or not finite.

    Examples
    --------
    >>> round(integrated_noise([1.0, 10.0, 101.0], [2e-9, 2e-9, 2e-9]) * 1e9, 6)  # 2 nV/sqrt(Hz) over 100 Hz
    20.0
    """
    f, d = (real_array(values, "integrated_noise") for values in (frequency, density))
    if f.ndim != 1 or f.shape != d.shape or f.size < 2:
        raise ParameterError("integrated_noise: give two lists of at least two numbers, equally long.")
    if not np.all(np.isfinite(f)) or f[0] <= 0 or np.any(np.diff(f) <= 0):
        raise ParameterError("integrated_noise: frequency must be positive and rising [Hz].")
    if not np.all(np.isfinite(d)) or np.any(d < 0):
        raise ParameterError("integrated_noise: density must be finite and not negative.")
    low, high = d[:-1] ** 2, d[1:] ** 2
    log_step = np.log(f[1:] / f[:-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        exponent = np.log(high / low) / log_step + 1.0  # of the integral of f^(exponent - 1)
        powers = low * f[:-1] * np.expm1(exponent * log_step) / exponent
    powers = np.where(np.abs(exponent) < 1e-9, low * f[:-1] * log_step, powers)
    straight = 0.5 * (low + high) * np.diff(f)  # where a density is 0 there is no power law
    return float(np.sqrt(np.sum(np.where((low > 0) & (high > 0), powers, straight))))
