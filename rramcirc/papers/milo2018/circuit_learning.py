"""Four neurons learn an attractor and recall it, entirely in ngspice, beside the network level.   [Milo2018, Fig. 3]

Both levels get the same external spikes and the nominal device. Spiking networks amplify differences: a membrane that
passes its threshold by a thousandth at one level and misses it at the other changes what follows. So the weights are
also compared with the learning rule of the network level applied to the spikes of the circuit, where only the rule can
differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.analysis.counts import counted
from rramcirc.engines.network.network import Synapses, draw_synapses
from rramcirc.engines.network.run import external_train, run_network
from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.milo2018.circuit import (
    SETTINGS,
    CircuitSettings,
    fresh_states,
    matched,
    run_circuit,
)
from rramcirc.papers.milo2018.circuit_figures import draw_levels
from rramcirc.papers.milo2018.circuit_levels import Both, circuit_states, nominal_network, rule_on_spikes
from rramcirc.papers.milo2018.learning import SEARCHED, pool_pairs, recall_phases, training_phase
from rramcirc.papers.milo2018.sets import POOL, Factors, MiloSet, load_set, pulses_of, settings

if TYPE_CHECKING:
    import pandas as pd

WATCHED = 0.2  # [s] at the end of the recall in which neurons must still fire
BEGUN = 0.05  # of the range: the mean excitatory state of the pool from which learning counts as begun
SYNAPSES = 24


@dataclass(frozen=True)
class CircuitLearning:
    """Training and recall of the 4-neuron circuit."""

    seeds: int = field(default=3, metadata={"desc": "number of external spike trains"})
    seed: int = field(default=1, metadata={"desc": "the first"})
    training: float = field(default=2.0, metadata={"units": "s", "status": "published", "where": "Fig. 3(a)"})
    recall: float = field(default=2.0, metadata={"units": "s", "status": "published", "where": "Fig. 3(b)"})
    silence: float = field(default=1.0, metadata={"units": "s", "desc": "after the stimulus"})
    shown: tuple[float, ...] = field(default=(0.5, 1.0, 2.0), metadata={"units": "s", "desc": "weights are compared"})
    settings: CircuitSettings = SETTINGS
    parameter_sets: tuple[str, ...] = ("D",)
    factors: Factors = field(default=(), metadata={"desc": "what is multiplied in the set"})


def train_both(parameters: CircuitLearning, chosen: MiloSet, seed: int) -> Both:
    """Train the 4-neuron network at both levels with the same external spikes."""
    phase = training_phase(chosen, parameters.training)
    external = external_train([phase], (seed, 0))
    circuit = run_circuit(
        chosen, 4, fresh_states(pulses_of(chosen)), external, phase.charge, parameters.training, learning=True,
        protocol=pulses_of(chosen), settings=parameters.settings,
    )  # fmt: skip
    network = nominal_network(chosen, 4)
    run = run_network(
        network, [phase], seed=seed, train=external, synapses=draw_synapses(network, seed), engine="events",
        snapshots=[s for s in parameters.shown if s <= parameters.training],
    )  # fmt: skip
    return Both(circuit, run, external)


def recall_both(parameters: CircuitLearning, chosen: MiloSet, seed: int, learnt: Both) -> Both:
    """Recall what was learnt, each level with its own weights, with the same external spikes."""
    phases = recall_phases(chosen, parameters.recall, parameters.silence)
    external = external_train(phases, (seed, 1))
    circuit = run_circuit(
        chosen, 4, learnt.circuit.final, external, phases[0].charge, parameters.recall + parameters.silence,
        record_weights=False, protocol=pulses_of(chosen), settings=parameters.settings,
    )  # fmt: skip
    synapses: Synapses = learnt.network.synapses
    run = run_network(nominal_network(chosen, 4), phases, seed=seed, train=external, synapses=synapses, engine="events")
    return Both(circuit, run, external)


def learning(parameters: CircuitLearning, engine: str) -> pd.DataFrame:
    """Return one row per seed: what the circuit learnt and recalled, and how far the network level agrees."""
    import pandas as pd

    chosen, rows = load_set("D", parameters.factors), []
    example: tuple[Both, Both] | None = None
    for seed in range(parameters.seed, parameters.seed + parameters.seeds):
        learnt = train_both(parameters, chosen, seed)
        recalled = recall_both(parameters, chosen, seed, learnt)
        rows.append({"seed": seed, **_learnt(parameters, chosen, learnt), **_recalled(parameters, recalled)})
        example = example or (learnt, recalled)
    table = pd.DataFrame(rows)
    table.attrs["units"] = {"rate_end": "Hz", "rate_end_network": "Hz", "event_cost": "s"}
    assert example is not None
    table.attrs["example"] = (chosen, *example)
    return table


def _learnt(parameters: CircuitLearning, chosen: MiloSet, both: Both) -> dict[str, float]:
    run, end = both.circuit, parameters.training
    pairs, others = pool_pairs(4, POOL)
    up, down = circuit_states(chosen, run)
    begun = run.weight_times[np.argmax(up[:, pairs].mean(axis=1) > BEGUN)]
    early = [(r.times[r.times < begun], r.neurons[r.times < begun]) for r in (run, both.network)]
    events = both.external[0].size + run.times.size
    found = {
        "excitatory": up[-1][pairs].mean(),
        "inhibitory": down[-1][pairs].mean(),
        "others_moved": max(abs(up[-1] - up[0])[others].max(), abs(down[-1] - down[0])[others].max()),
        "begun": begun,
        "matched": matched(early[0], early[1], 1e-3),
        "rate_end": run.rate(POOL, end - 0.5, end),
        "rate_end_network": both.network.rate(POOL, end - 0.5, end),
        "cpu_per_second": run.cpu_seconds / end,
        "rate": run.times.size / len(POOL) / end,
        "event_cost": run.cpu_seconds / (events * SYNAPSES),
        "cpu_at_40_hz": run.cpu_seconds / events * (both.external[0].size / end + 4 * 40.0),
        "points_per_event": run.points / events,
    }
    other = both.network
    for k, look in enumerate(other.snapshot_times):
        at = int(np.argmin(abs(run.weight_times - look)))
        differs = [(a[at] - b[k])[pairs].mean() for a, b in ((up, other.excitatory), (down, other.inhibitory))]
        found[f"weights_off_network_{look:g}"] = float(np.max(np.abs(differs)))
    for look in both.network.snapshot_times:
        at = int(np.argmin(abs(run.weight_times - look)))
        rule = rule_on_spikes(chosen, run.times, run.neurons, run.weight_times[at])
        differs = [abs(a[at] - b)[pairs].max() for a, b in zip((up, down), rule, strict=True)]
        found[f"weights_off_rule_{look:g}"] = float(np.max(differs))
    return found


def _recalled(parameters: CircuitLearning, both: Both) -> dict[str, float]:
    run, end = both.circuit, parameters.recall + parameters.silence
    first = POOL[2]
    theirs = both.network.times[both.network.neurons == first]
    return {
        "reactivated": bool(run.first(first) < parameters.recall),
        "sustained": all(run.rate(j, end - WATCHED, end) > 0 for j in POOL),
        "first_off": abs(run.first(first) - theirs[0]) if theirs.size else float("nan"),
        "rate_silence": run.rate(POOL, end - 0.5, end),
        "rate_silence_network": both.network.rate(POOL, end - 0.5, end),
        "recall_cpu_per_second": run.cpu_seconds / end,
    }


def worst(table: pd.DataFrame, start: str) -> float:
    """Return the largest value of the columns whose name begins so."""
    return float(table[[name for name in table.columns if name.startswith(start)]].to_numpy().max())


def rates_off(table: pd.DataFrame) -> float:
    """Return the largest relative difference of the rates after learning and after recall."""
    pairs = (("rate_end", "rate_end_network"), ("rate_silence", "rate_silence_network"))
    return float(max((table[a] / table[b] - 1.0).abs().max() for a, b in pairs))


def remarks(table: pd.DataFrame) -> list[str]:
    """Return what single spikes that differ do to the weights while they are learnt, and the processor time."""
    lines = [f"spikes before learning, same within 1 ms: {_percents(table['matched'])}"]
    return [
        *lines,
        f"processor time: at most {table['cpu_at_40_hz'].max():.2g} s per biological second at 40 Hz per neuron, "
        f"{table['event_cost'].max():.2g} s per event and synapse (this machine)",
    ]


def _percents(shares: pd.Series) -> str:
    return ", ".join(f"{100 * share:.0f} %" for share in shares)


def draw(table: pd.DataFrame, path: Path) -> None:
    """Draw rasters of both levels on one axis, training and recall, and the weights with time."""
    chosen, learnt, recalled = table.attrs["example"]
    draw_levels(chosen, learnt, recalled, path)


def _weights(look: float) -> Expected:
    return Expected(
        f"mean weights at {look:g} s, off by", lambda t: worst(t, f"weights_off_network_{look:g}"),
        "1", None, 0.05, "-", "assumed", "network level", "own levels", AGREE,
    )  # fmt: skip


AGREE = "fails where single spikes near the threshold differ between the levels while the weights move"
EXPERIMENT = Experiment(
    name="milo2018-circuit-learning",
    paper="Milo2018",
    figure="Fig. 3",
    claim="the 4-neuron network learns and recalls in ngspice, as the network level with the same external spikes",
    parameters=CircuitLearning(),
    quick=CircuitLearning(seeds=1),
    run=learning,
    plot=draw,
    expected=(
        Expected(
            "pool's excitatory state at 2 s, least seed", lambda t: t["excitatory"].min(),
            "1", 0.95, None, "learnt by 2 s", "published", "Fig. 3(a)", "searched", SEARCHED,
        ),
        Expected(
            "other weights moved, worst", lambda t: t["others_moved"].max(),
            "1", None, 0.02, "unchanged", "published", "Fig. 3(a)", "independent",
            "fails if pulses without overlap disturb a cell, or N4 fires",
        ),
        Expected(
            "seeds that recalled", lambda t: counted(t["reactivated"] & t["sustained"]),
            "1", 0.95, None, "N3 reactivated, sustained", "published", "Fig. 3(b)", "independent",
            "fails where 2 k is too small to sustain the attractor; k follows from the 64-neuron network",
        ),
        Expected(
            "spikes before learning, same within 1 ms", lambda t: t["matched"].min(),
            "1", 0.9, None, "-", "assumed", "network level", "own levels", AGREE,
        ),
        Expected(
            "rates after learning, off by", rates_off,
            "1", None, 0.05, "-", "assumed", "network level", "own levels", AGREE, full_only=True,
            deviation="5.4 % at one of three seeds, 4.5 % or less at the others, with spikes of 0.55 C V_th; the cause "
            "was not separated.",
        ),
        *(_weights(look) for look in CircuitLearning().shown),
        Expected(
            "weights at all times, same spikes, off by", lambda t: worst(t, "weights_off_rule"),
            "1", None, 0.05, "-", "assumed", "network level", "own levels",
            "fails if the learning rule differs from the cell's; the spikes are the circuit's at both levels",
        ),
    ),
    engines=("ngspice",),
    settings=settings,
    remarks=remarks,
    fitted=("training_charge", "gain_small", "time_constant", "set_voltage", "inhibitory_voltage", "gate_voltage"),
)  # fmt: skip
