"""What a run itself shows of its own error: candidates for a remark, measured on random testbenches.

Every number is relative to the largest of its kind (signals) or to the range (states): what the steps of a run leave
open, by how straight lines and curves through its own points differ.
"""

from __future__ import annotations

import numpy as np

import rramcirc as rc
from rramcirc.engines.differences import FLOORS, corners_of, scales_of

SEEN = 100.0  # floors; kinds that carry less carry nothing


def signs(waves: rc.Waveforms, bench: rc.Testbench) -> dict[str, float]:
    """Return the candidates of a transient, by name."""
    names = list(waves.names)
    values = np.array([np.real(waves[name]) for name in names]).T
    time = np.asarray(waves.axis)
    rising = np.append(True, np.diff(time) > 0)
    time, values = time[rising], values[rising]
    if len(time) < 4:
        return {}
    scales = scales_of(names, waves.units, np.abs(values).max(axis=0))
    floors = np.array([FLOORS.get(waves.units[name], 0.0) for name in names])
    scaled = values / np.where(scales > SEEN * floors, scales, np.inf)
    corners = corners_of(bench)
    near = np.searchsorted(time, corners - 1e-12 * time[-1])
    inner = np.ones(len(time), bool)
    inner[near[near < len(time)]] = False
    step = np.diff(time)
    slope = np.diff(scaled, axis=0) / step[:, None]
    turn = np.abs(np.diff(slope, axis=0)) * inner[1:-1, None]  # of slope at every point between two others
    bend = np.zeros_like(slope)
    bend[1:] = turn * step[1:, None] / 8.0
    bend[:-1] = np.maximum(bend[:-1], turn * step[:-1, None] / 8.0)
    current = np.array([name.startswith("i(") for name in names])
    state = np.array(["(" not in name and name.partition("[")[0] not in ("current", "conductance") for name in names])
    open_charge = (bend * step[:, None]).sum(axis=0)[current]
    whole = np.trapezoid(np.abs(scaled), time, axis=0)[current].max(initial=0.0)
    first = np.zeros(len(step), bool)
    first[near[near < len(step)]] = True
    # a current may jump at a corner, and a run shows that in its first step behind it: what bends there says nothing
    settled = turn * ~(first[:-1] | first[1:])[:, None]
    inside = np.maximum(settled * step[1:, None], settled * step[:-1, None]) / 8.0
    late = settled * np.minimum(step[1:], step[:-1])[:, None] / 8.0
    jump = np.abs(slope) * step[:, None]
    return {
        "bend": float(bend.max(initial=0.0)),
        "bend of currents": float(bend[:, current].max(initial=0.0)),
        "bend of states": float(bend[:, state].max(initial=0.0)),
        "bend behind corners": float(bend[first].max(initial=0.0)),
        "bend elsewhere": float(bend[~first].max(initial=0.0)),
        "bend inside": float(inside.max(initial=0.0)),
        "bend inside, both": float(late.max(initial=0.0)),
        "bend inside of currents, both": float(late[:, current].max(initial=0.0)),
        "bends inside": float((inside > 0.01).sum(axis=0).max(initial=0)),
        "bend inside of currents": float(inside[:, current].max(initial=0.0)),
        "sum of states": float(bend[:, state].sum(axis=0).max(initial=0.0)),
        "charge": float(open_charge.max(initial=0.0) / whole) if whole else 0.0,
        "jump of currents": float(jump[:, current][~first].max(initial=0.0)),
        "jump of states": float(jump[:, state].max(initial=0.0)),
    }
