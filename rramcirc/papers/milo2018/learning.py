"""Four neurons learn an attractor and recall it from two cues.   [Milo2018, Fig. 3]

Neurons N1 to N3 get external spikes at 200 Hz for 2 s and learn; then N1 and N2 get 150 Hz for 2 s, and nothing for one
second more. All is repeated with other chips and other spikes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rramcirc.engines.network.network import Phase, draw_synapses
from rramcirc.engines.network.run import Engine, NetworkRun, run_network
from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.milo2018.sets import POOL, MiloSet, load_set, milo_network, rates, settings

if TYPE_CHECKING:
    import pandas as pd


WATCHED = 0.2  # [s] at the end of the recall in which neurons must still fire


@dataclass(frozen=True)
class LearningParameters:
    """Training and recall of the 4-neuron network."""

    parameter_sets: tuple[str, ...] = ("D", "D-step", "A", "B", "C")
    seeds: int = field(default=100, metadata={"desc": "number of chips and spike trains"})
    seed: int = field(default=1, metadata={"desc": "the first"})
    training: float = field(default=2.0, metadata={"units": "s", "status": "published", "where": "Fig. 3(a)"})
    recall: float = field(default=2.0, metadata={"units": "s", "status": "published", "where": "Fig. 3(b)"})
    silence: float = field(default=1.0, metadata={"units": "s", "desc": "after the stimulus"})
    shown: tuple[float, ...] = field(default=(0.0, 0.5, 1.0, 2.0), metadata={"units": "s", "desc": "weights are kept"})


def training_phase(chosen: MiloSet, duration: float) -> Phase:
    """Return the phase in which the pool learns."""
    network = milo_network(chosen, 4)
    charge = chosen.training_charge * network.threshold_charge
    return Phase(duration, rates(4, POOL, chosen.training_rate), charge, learning=True)


def recall_phases(chosen: MiloSet, duration: float, silence: float) -> tuple[Phase, Phase]:
    """Return stimulation of N1 and N2, and silence."""
    network = milo_network(chosen, 4)
    charge = chosen.training_charge * network.threshold_charge
    cued = Phase(duration, rates(4, POOL[:2], chosen.small_recall_rate), charge, reset=True)
    return cued, Phase(silence, np.zeros(4), charge)


def train_and_recall(
    parameters: LearningParameters, chosen: MiloSet, seed: int, engine: str
) -> tuple[NetworkRun, NetworkRun]:
    """Return training, then recall with the trained synapses, of one chip."""
    network = milo_network(chosen, 4)
    kernel: Engine = "events" if engine == "events" else "fixed"
    learnt = run_network(
        network, [training_phase(chosen, parameters.training)], seed=(seed, 0), synapses=draw_synapses(network, seed),
        snapshots=parameters.shown, engine=kernel,
    )  # fmt: skip
    recalled = run_network(
        network, recall_phases(chosen, parameters.recall, parameters.silence), seed=(seed, 1),
        synapses=learnt.synapses, engine=kernel,
    )  # fmt: skip
    return learnt, recalled


def learning(parameters: LearningParameters, engine: str) -> pd.DataFrame:
    """Return one row per set and seed: states of the synapses, rates [Hz], and whether the recall worked."""
    import pandas as pd

    rows = []
    examples: dict[str, tuple[NetworkRun, NetworkRun]] = {}
    for name in parameters.parameter_sets:
        chosen = load_set(name)
        for seed in range(parameters.seed, parameters.seed + parameters.seeds):
            learnt, recalled = train_and_recall(parameters, chosen, seed, engine)
            rows.append({"set": name, "seed": seed, **_figures(parameters, learnt, recalled)})
            examples.setdefault(name, (learnt, recalled))
    table = pd.DataFrame(rows)
    table.attrs["units"] = {"rate_start": "Hz", "rate_end": "Hz", "rate_silence": "Hz"}
    table.attrs["examples"] = examples
    return table


def _figures(parameters: LearningParameters, learnt: NetworkRun, recalled: NetworkRun) -> dict[str, float]:
    pairs, others = pool_pairs(4, POOL)
    up, down = learnt.excitatory, learnt.inhibitory
    at = {t: k for k, t in enumerate(parameters.shown)}
    end = parameters.recall + parameters.silence
    last = [recalled.rate(j, end - WATCHED, end) > 0 for j in POOL]
    cued = recalled.times < parameters.recall
    return {
        "excitatory_half": up[at[1.0]][pairs].mean() if 1.0 in at else np.nan,
        "excitatory": up[-1][pairs].mean(),
        "excitatory_least": up[-1][pairs].min(),
        "inhibitory": down[-1][pairs].mean(),
        "others_moved": max(abs(up[-1] - up[0])[others].max(), abs(down[-1] - down[0])[others].max()),
        "rate_start": learnt.rate(POOL, 0.0, 0.3),
        "rate_end": learnt.rate(POOL, parameters.training - 0.3, parameters.training),
        "reactivated": bool(np.any(recalled.neurons[cued] == POOL[2])),
        "sustained": all(last),
        "rate_silence": recalled.rate(POOL, end - WATCHED, end),
    }


def pool_pairs(neurons: int, members: tuple[int, ...]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return masks of the pairs within a pool, and of all other pairs; the diagonal belongs to neither."""
    inside = np.zeros((neurons, neurons), bool)
    inside[np.ix_(members, members)] = True
    off = ~np.eye(neurons, dtype=bool)
    return inside & off, ~inside & off


def first_set(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the set that the expectations are about: the first."""
    return table[table["set"] == table["set"].iloc[0]]


def share_learnt(table: pd.DataFrame) -> float:
    """Return the share of chips whose pool is learnt (mean state above 0.95) and all else within 2 % of the range."""
    rows = first_set(table)
    return float(((rows["excitatory"] > 0.95) & (rows["others_moved"] < 0.02)).mean())


def share_recalled(table: pd.DataFrame) -> float:
    """Return the share of chips in which N3 was reactivated and N1 to N3 fire 1 s after the stimulus ended."""
    rows = first_set(table)
    return float((rows["reactivated"] & rows["sustained"]).mean())


def draw_learning(table: pd.DataFrame, path: Path) -> None:
    """Draw weight maps, and rasters of training and recall, of the first chip of the first set."""
    from rramcirc.papers.milo2018.figures import draw_four_neurons

    name, (learnt, recalled) = next(iter(table.attrs["examples"].items()))
    draw_four_neurons(learnt, recalled, path, title=f"4 neurons, parameter set {name}, seed {table['seed'].iloc[0]}")


PARAMETERS = LearningParameters()
EXPERIMENT = Experiment(
    name="milo2018-learning",
    paper="Milo2018",
    figure="Fig. 3",
    claim="four neurons learn an attractor by STDP within 2 s and recall it from two cues; it outlives the stimulus",
    parameters=PARAMETERS,
    quick=replace(PARAMETERS, parameter_sets=("D",), seeds=20),
    run=learning,
    plot=draw_learning,
    expected=(
        Expected(
            "chips that learnt the pool only", share_learnt, "1", 0.95, None, "pool only", "published", "Fig. 3(a)"
        ),
        Expected(
            "pool's excitatory state at 2 s, mean", lambda t: first_set(t)["excitatory"].mean(),
            "1", 0.95, None, "learnt by 2 s", "published", "Fig. 3(a)",
        ),
        Expected(
            "pool's excitatory state at 1 s, mean", lambda t: first_set(t)["excitatory_half"].mean(),
            "1", 0.2, 0.95, "gradual", "assumed", "Fig. 3(a)",
        ),
        Expected(
            "rate of the pool, end over start",
            lambda t: (first_set(t)["rate_end"] / first_set(t)["rate_start"]).mean(),
            "1", 1.0, None, "increases until stable", "published", "Fig. 3(a)",
        ),
        Expected(
            "chips that recalled", share_recalled,
            "1", 0.95, None, "N3 reactivated, sustained", "published", "Fig. 3(b)",
        ),
    ),
    engines=("network", "events"),
    settings=settings,
)  # fmt: skip
