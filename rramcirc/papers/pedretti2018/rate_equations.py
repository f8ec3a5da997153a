r"""Mean weights of pattern and background by two rate equations.   [Pedretti2018, Eqs. 1 and 2, Fig. 4]

.. math::

    \dot G_P &= A N R_N (G_{max} + G_{min} - 2 G_P)
                + C (G_{max} - G_P)(G_P - \alpha N G_{min})(P - N) R_P, \\
    \dot G_B &= A^* N R_N (G_{max} + G_{min} - 2 G_B)
                + D (\beta G_{max} - G_B)(G_B - G_{min})(N - P) R_N R_P N (1 - P)

with C = 30e5 R_P and D = 35e6 R_P ohm/s: read literally, every factor multiplied. Outside the window both run away
(G_P below alpha N G_min, G_B above beta G_max); weights are therefore held within G_min and G_max, and the result says
where that was needed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import BoolArray, FloatArray

LEARNT = 1.5e-5  # [S], mean background below which learning has ended [Pedretti2018, Sec. IV C]


@dataclass(frozen=True)
class RateConstants:
    """Constants of the equations, and the weights between which they move."""

    a: float = field(default=10.0, metadata={"units": "1/s", "status": "published", "where": "Fig. 4(c)"})
    a_star: float = field(default=0.5, metadata={"units": "1/s", "status": "published", "where": "Fig. 4(c)"})
    c: float = field(
        default=30e5, metadata={"units": "ohm/s", "status": "published", "where": "Fig. 4(c)", "desc": "times R_P"}
    )
    d: float = field(
        default=35e6, metadata={"units": "ohm/s", "status": "published", "where": "Fig. 4(c)", "desc": "times R_P"}
    )
    alpha: float = field(default=60.0, metadata={"units": "1", "status": "published", "where": "Fig. 4(c)"})
    beta: float = field(default=0.69, metadata={"units": "1", "status": "published", "where": "Fig. 4(c)"})
    g_max: float = field(default=1e-4, metadata={"units": "S", "status": "assumed", "desc": "not in the text"})
    g_min: float = field(
        default=1e-5, metadata={"units": "S", "status": "assumed", "desc": "window of about 10x [Fig. 2(b)]"}
    )

    @property
    def start(self) -> float:
        """Mean weight of half LRS, half HRS [S], from which both begin (assumed)."""
        return 0.5 * (self.g_max + self.g_min)


@dataclass(frozen=True)
class RateRun:
    """What the equations say of one or many settings.

    Attributes
    ----------
    pattern, background : array
        Mean weights at the end [S].
    learnt : array
        When the background fell below 15 uS [s]; not a number if it never did.
    clipped : array of bool
        Whether a weight would have left the window and was held.
    times, pattern_history, background_history
        Times [s], and the weights at them [S], (n_times, ...); empty unless asked for.
    """

    pattern: FloatArray
    background: FloatArray
    learnt: FloatArray
    clipped: BoolArray
    times: FloatArray
    pattern_history: FloatArray
    background_history: FloatArray


def slopes(
    constants: RateConstants, density: FloatArray, noise: FloatArray, shown: FloatArray, pattern: FloatArray,
    background: FloatArray,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Return the slopes of both weights [S/s], not held within the window."""
    k, silent = constants, 1.0 - shown
    middle = k.g_max + k.g_min
    up = k.c * shown * (k.g_max - pattern) * (pattern - k.alpha * noise * k.g_min) * (density - noise) * shown
    down = k.d * shown * (k.beta * k.g_max - background) * (background - k.g_min) * (noise - density)
    down = down * silent * shown * noise * (1.0 - density)
    return (
        k.a * noise * silent * (middle - 2.0 * pattern) + up,
        k.a_star * noise * silent * (middle - 2.0 * background) + down,
    )


def evolve(
    density: ArrayLike,
    noise: ArrayLike,
    shown: ArrayLike = 0.5,
    *,
    constants: RateConstants | None = None,
    stop: float = 10.0,
    step: float = 5e-3,
    history: bool = False,
) -> RateRun:
    """Integrate the equations with Heun's rule.

    Parameters
    ----------
    density, noise, shown : arrays that broadcast
        P, N and R_P [1]; R_N is 1 - R_P.
    constants
        Default as published.
    stop, step
        Duration and time step [s].
    history
        Whether the weights at every step are kept.

    Examples
    --------
    >>> round(float(evolve(0.25, 0.03).learnt), 2)
    2.86
    """
    k = constants or RateConstants()
    p, n, r = (np.asarray(v, np.float64) for v in np.broadcast_arrays(density, noise, shown))
    up, down = np.full(p.shape, k.start), np.full(p.shape, k.start)
    learnt, clipped = np.full(p.shape, np.nan), np.zeros(p.shape, bool)
    kept = [(up, down)]
    count = round(stop / step)
    for m in range(count):
        first = slopes(k, p, n, r, up, down)
        there = [np.clip(v + step * s, k.g_min, k.g_max) for v, s in zip((up, down), first, strict=True)]
        second = slopes(k, p, n, r, *there)
        free = [v + 0.5 * step * (a + b) for v, a, b in zip((up, down), first, second, strict=True)]
        before = down
        up, down = (np.clip(v, k.g_min, k.g_max) for v in free)
        clipped |= (up != free[0]) | (down != free[1])
        now = np.isnan(learnt) & (down < LEARNT)
        if now.any():
            crossing = m + (before - LEARNT) / np.where(now, before - down, 1.0)
            learnt = np.where(now, step * crossing, learnt)
        if history:
            kept.append((up, down))
    times = step * np.arange(count + 1 if history else 0, dtype=np.float64)
    histories = np.array(kept) if history else np.empty((0, 2, *p.shape))
    return RateRun(up, down, learnt, clipped, times, histories[:, 0], histories[:, 1])
