"""A VTEAM device under a voltage sweep, by its own small integration that shares no code with the package.

Equations: S. Kvatinsky et al., IEEE Trans. Circuits Syst. II 62, 786 (2015), with SET at positive voltage.
"""

from __future__ import annotations

import numpy as np

TRUTH = {"r_on": 2e3, "r_off": 2e5, "v_on": -0.70, "v_off": 0.50, "alpha_on": 3.0, "alpha_off": 3.0}
_WIDTH, _SPEED, _FINE = 3.0, 9.0, 200  # nm; nm/s; steps between two readings


def sweep(step: float = 0.02, limit: float = np.inf, sign: int = 1) -> np.ndarray:
    """Return voltage [V], current [A] and time [s] of a loop 0, 1.5, -1.5, 0 V at 1 V/s, (n, 3).

    Parameters
    ----------
    step
        Of the readings [s].
    limit
        Compliance at positive voltage [A]; the voltage is the one that was asked for.
    sign
        -1 if the electrodes are exchanged.
    """
    times = np.arange(0.0, 6.0 + step / 2, step)
    corners = ([0.0, 1.5, 4.5, 6.0], [0.0, 1.5, -1.5, 0.0])
    w, rows = _WIDTH, []
    fine = step / _FINE
    for k, t in enumerate(times):
        rows.append((sign * np.interp(t, *corners), sign * _current(w, float(np.interp(t, *corners)), limit), t))
        for j in range(_FINE if k + 1 < len(times) else 0):
            v = float(np.interp(t + (j + 0.5) * fine, *corners))
            across = _current(w, v, limit) * _resistance(w)
            w = float(np.clip(w + fine * _rate(across), 0.0, _WIDTH))
    return np.array(rows)


def _resistance(w: float) -> float:
    return TRUTH["r_on"] + (TRUTH["r_off"] - TRUTH["r_on"]) * w / _WIDTH


def _current(w: float, voltage: float, limit: float) -> float:
    return min(voltage / _resistance(w), limit)


def _rate(voltage: float) -> float:
    if voltage > -TRUTH["v_on"]:
        return -_SPEED * (-voltage / TRUTH["v_on"] - 1.0) ** TRUTH["alpha_on"]
    if voltage < -TRUTH["v_off"]:
        return _SPEED * (-voltage / TRUTH["v_off"] - 1.0) ** TRUTH["alpha_off"]
    return 0.0
