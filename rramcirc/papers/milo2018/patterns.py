"""64 neurons learn pattern X, then pattern C.   [Milo2018, Fig. 4]

Each pattern is presented for 5 s at 200 Hz. The attractor of X outlives its stimulus (Fig. 3(b)), so that at 5 s it
competes with C; the paper does not say how that ends. Here the membranes are cleared at the switch (a named option of
the parameter set); the same run without it is shown beside.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.engines.network.network import Phase, draw_synapses
from rramcirc.engines.network.run import Engine, NetworkRun, run_network
from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.milo2018.sets import NEURONS, PATTERNS, MiloSet, load_set, milo_network, rates, settings

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PatternParameters:
    """Training of the 64-neuron network on two patterns."""

    parameter_sets: tuple[str, ...] = ("D", "D-step", "A", "B", "C")
    seeds: int = field(default=6, metadata={"desc": "number of chips and spike trains"})
    seed: int = field(default=1, metadata={"desc": "the first"})
    presentation: float = field(default=5.0, metadata={"units": "s", "status": "published", "where": "Sec. IV A"})
    snapshot: float = field(default=0.1, metadata={"units": "s", "desc": "between looks at the weights"})


def training_phases(chosen: MiloSet, presentation: float, reset: bool) -> list[Phase]:
    """Return presentation of X, then of C [s]."""
    charge = chosen.training_charge * milo_network(chosen, NEURONS).threshold_charge
    return [
        Phase(presentation, rates(NEURONS, members, chosen.training_rate), charge, True, reset and k > 0)
        for k, members in enumerate(PATTERNS.values())
    ]


def train_patterns(
    chosen: MiloSet,
    seed: int,
    *,
    reset: bool,
    presentation: float = 5.0,
    snapshot: float = 0.1,
    engine: Engine = "fixed",
) -> NetworkRun:
    """Return the training of one chip on X and C."""
    network = milo_network(chosen, NEURONS)
    times = np.arange(round(2 * presentation / snapshot) + 1) * snapshot
    return run_network(
        network, training_phases(chosen, presentation, reset), seed=(seed, 2), synapses=draw_synapses(network, seed),
        snapshots=np.minimum(times, 2 * presentation), engine=engine,
    )  # fmt: skip


def pattern_learning(parameters: PatternParameters, engine: str) -> pd.DataFrame:
    """Return one row per set, seed and treatment of the switch: states within X, within C, and of all other pairs."""
    import pandas as pd

    rows, examples = [], {}
    for name in parameters.parameter_sets:
        chosen = load_set(name)
        for seed in range(parameters.seed, parameters.seed + parameters.seeds):
            for reset in (True, False):
                run = train_patterns(
                    chosen, seed, reset=reset, presentation=parameters.presentation, snapshot=parameters.snapshot,
                    engine="events" if engine == "events" else "fixed",
                )  # fmt: skip
                rows.append({"set": name, "seed": seed, "reset": reset, **_figures(run)})
                if name == parameters.parameter_sets[0] and seed == parameters.seed:
                    examples[reset] = run
    table = pd.DataFrame(rows)
    table.attrs["units"] = {"half_time": "s"}
    table.attrs["examples"] = examples
    return table


def _figures(run: NetworkRun) -> dict[str, float]:
    off = ~np.eye(NEURONS, dtype=bool)
    blocks = {}
    for name, members in PATTERNS.items():
        blocks[name] = np.zeros((NEURONS, NEURONS), bool)
        blocks[name][np.ix_(members, members)] = True
    stored = (blocks["X"] | blocks["C"]) & off
    middle = int(np.argmin(abs(run.snapshot_times - run.duration / 2)))
    x_mean = run.excitatory[:, blocks["X"] & off].mean(axis=1)
    cross = np.zeros_like(stored)
    cross[np.ix_(PATTERNS["X"], PATTERNS["C"])] = True
    return {
        "half_time": float(run.snapshot_times[np.argmax(x_mean > 0.5)]),
        "x_after_5s": x_mean[middle],
        "x_least": run.excitatory[-1][blocks["X"] & off].min(),
        "c_after_10s": run.excitatory[-1][blocks["C"] & off].mean(),
        "c_least": run.excitatory[-1][blocks["C"] & off].min(),
        "inhibitory": run.inhibitory[-1][stored].mean(),
        "others_most": run.excitatory[-1][off & ~stored].max(),
        "cross_mean": run.excitatory[-1][cross].mean(),
    }


def with_reset(table: pd.DataFrame, reset: bool = True) -> pd.DataFrame:
    """Return the rows of the first set, with or without reset at the switch."""
    return table[(table["set"] == table["set"].iloc[0]) & (table["reset"] == reset)]


def draw_patterns(table: pd.DataFrame, path: Path) -> None:
    """Draw patterns, weight maps and weights against time of the first chip of the first set."""
    from rramcirc.papers.milo2018.figures import draw_evolution

    examples = table.attrs["examples"]
    runs = {"membranes cleared at 5 s": examples[True], "no reset: X still fires at 5 s": examples[False]}
    title = f"64 neurons, parameter set {table['set'].iloc[0]}, seed {table['seed'].iloc[0]}; maps with reset"
    draw_evolution(runs, PATTERNS, path, title=title)


PARAMETERS = PatternParameters()
EXPERIMENT = Experiment(
    name="milo2018-patterns",
    paper="Milo2018",
    figure="Fig. 4",
    claim="64 neurons learn X in 5 s, then C in 5 s, without changing other weights",
    parameters=PARAMETERS,
    quick=replace(PARAMETERS, parameter_sets=("D",), seeds=3),
    run=pattern_learning,
    plot=draw_patterns,
    expected=(
        Expected(
            "least X synapse after 5 s + 5 s", lambda t: with_reset(t)["x_least"].min(),
            "1", 0.9, None, "X stored", "published", "Fig. 4(d,e)",
        ),
        Expected(
            "least C synapse after 10 s", lambda t: with_reset(t)["c_least"].min(),
            "1", 0.9, None, "C stored", "published", "Fig. 4(e)",
        ),
        Expected(
            "half of X learnt after", lambda t: with_reset(t)["half_time"].mean(),
            "s", 0.2, 5.0, "within 5 s", "published", "Fig. 4(f)",
        ),
        Expected(
            "mean inhibitory state in the patterns", lambda t: with_reset(t)["inhibitory"].mean(),
            "1", None, 0.05, "depressed", "published", "Fig. 4(e,f)",
        ),
        Expected(
            "largest other excitatory state", lambda t: with_reset(t)["others_most"].max(),
            "1", None, 0.02, "unchanged", "published", "Fig. 4(c-e)",
        ),
    ),
    engines=("network", "events"),
    settings=settings,
)  # fmt: skip
