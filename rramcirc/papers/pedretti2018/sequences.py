"""Which synapses two inputs in succession move, each once, in ngspice and at device level.   [Pedretti2018, Tab. I]"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from rramcirc.basics.arrays import BoolArray, FloatArray
from rramcirc.engines.simulation import simulate
from rramcirc.papers.pedretti2018.circuit import SynapseCircuit, conductances, synapse_bench
from rramcirc.papers.pedretti2018.setup import Learning

START = 30e-6  # [S] of all synapses: six of them fire the POST in an epoch, the four of the pattern in two
MOVED = 0.1  # relative change of a conductance that counts
NOISE = (0, 1, 2, 4, 5, 7)  # background pixels of the first noise
OTHER = (8, 10, 11)  # and of the second
# what is potentiated, what is depressed
TABLE = {
    "pattern/pattern": ("pattern", ""),
    "pattern/noise": ("pattern", "other"),
    "noise/pattern": ("noise", "pattern"),
    "noise/noise": ("noise", "other"),
}


def sequence_epochs(setting: Learning, name: str) -> BoolArray:
    """Return which PREs spike in the epochs of a sequence; a pattern comes twice before it fires, with a pause."""
    rows = {"pattern": setting.pattern, "none": np.zeros(setting.inputs, bool)}
    rows |= {key: np.isin(np.arange(setting.inputs), where) for key, where in (("noise", NOISE), ("other", OTHER))}
    begun = ["pattern", "none", "pattern"] if name.startswith("pattern") else ["noise"]
    # a PRE that has spiked is silent in the next epoch, so a pattern behind a pattern is none
    then = {"pattern/pattern": "none", "noise/pattern": "pattern"}.get(name, "other")
    return np.array([rows[key] for key in (*begun, then, "none")])


def run_sequences(setting: Learning, circuit: SynapseCircuit) -> list[dict[str, Any]]:
    """Return one row per sequence and engine: relative change of the conductance by group, as in Tab. I or not."""
    found = []
    for name in TABLE:
        active = sequence_epochs(setting, name)
        short = replace(setting, epochs=len(active))
        start = np.full((setting.inputs, 1), START)
        bench = synapse_bench(short, circuit, active, {}, start)
        for engine in ("ngspice", "numpy"):
            waves = simulate(bench, engine)
            moved = conductances(circuit, short, waves, {})[-1]
            never = next(k for k in range(setting.inputs) if not active[:, k].any())  # keeps its conductance
            found.append({"sequence": name, "engine": engine} | _changes(setting, name, moved / moved[never]))
    return found


def _changes(setting: Learning, name: str, ratio: FloatArray) -> dict[str, Any]:
    """Return the mean change of each group [1], and whether it is that of the table."""
    groups = {"pattern": np.flatnonzero(setting.pattern), "noise": np.array(NOISE), "other": np.array(OTHER)}
    changes = {key: float(np.mean(ratio[where])) - 1.0 for key, where in groups.items()}
    up, down = TABLE[name]
    as_said = all(
        change > MOVED if key == up else change < -MOVED if key == down else abs(change) < MOVED
        for key, change in changes.items()
    )
    return changes | {"as_said": as_said}
