"""The 4-neuron network of Milo 2018 at one level: training, recall and silence in one run, and the states over time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.engines.network.run import external_train
from rramcirc.engines.simulation import simulate
from rramcirc.papers.milo2018.bench import (
    SETTINGS,
    CircuitSettings,
    Train,
    for_engine,
    milo_bench,
    milo_design,
    spikes_of,
    states_of,
)
from rramcirc.papers.milo2018.learning import pool_pairs, recall_phases, training_phase
from rramcirc.papers.milo2018.sets import POOL, Factors, MiloSet
from rramcirc.waveforms.spikes import Spikes
from rramcirc.waveforms.waveforms import Waveforms

if TYPE_CHECKING:
    from rramcirc.bench.testbench import Testbench

ENGINES = {"circuit": "ngspice", "device": "numpy", "network": "network"}  # of the levels, from below


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

    @property
    def stop(self) -> float:
        """Length of the run [s]."""
        return self.training + self.recall + self.silence

    @property
    def looks(self) -> tuple[float, ...]:
        """Times within the training at which weights are compared [s]."""
        return tuple(look for look in self.shown if look <= self.training) or (self.training,)


@dataclass(frozen=True)
class LevelRun:
    """Training and recall at one level.

    Attributes
    ----------
    waves
        The run.
    looks : (K,) array
        [s]
    up, down : (K, 4, 4) arrays
        States of excitatory and inhibitory synapses, HRS 0 to LRS 1.
    """

    waves: Waveforms
    looks: FloatArray
    up: FloatArray
    down: FloatArray

    @property
    def spikes(self) -> Spikes:
        """Output spikes of the whole run."""
        return spikes_of(self.waves)

    @property
    def seconds(self) -> float:
        """Processor time [s]."""
        return float(self.waves.provenance["cpu_seconds"])

    def at(self, time: float) -> tuple[FloatArray, FloatArray]:
        """Return both kinds of states at the look nearest to a time [s]."""
        k = int(np.argmin(np.abs(self.looks - time)))
        return self.up[k], self.down[k]

    def pool_off(self, other: LevelRun, time: float) -> float:
        """Return how far the pool's mean states are apart at a time, the larger of both kinds [1]."""
        inside = pool_pairs(4, POOL)[0]
        pairs = zip(self.at(time), other.at(time), strict=True)
        return float(max(abs((a - b)[inside].mean()) for a, b in pairs))

    def any_off(self, other: LevelRun, until: float, since: float = 0.0) -> float:
        """Return how far any state of the pool's synapses is apart between the looks nearest to two times [1]."""
        inside = pool_pairs(4, POOL)[0]
        first, last = (int(np.argmin(np.abs(self.looks - time))) for time in (since, until))
        chosen = slice(first, last + 1)
        pairs = ((self.up, other.up), (self.down, other.down))
        return float(max(np.abs((a - b)[chosen][:, inside]).max() for a, b in pairs))


@dataclass(frozen=True)
class RecallPair:
    """One recall at both levels; `points`, `seconds` of the circuit."""

    cues: tuple[int, ...]
    seed: int
    members: tuple[int, ...]
    neurons: int
    runs: dict[str, Spikes]
    external: Train
    stop: float
    points: int
    seconds: float


def learning_bench(parameters: CircuitLearning, chosen: MiloSet, seed: int) -> tuple[Testbench, Train]:
    """Return the testbench of training, recall and silence, and its external spikes on the clock of the run."""
    training = training_phase(chosen, parameters.training)
    cued, silent = recall_phases(chosen, parameters.recall, parameters.silence)
    taught, cues = external_train([training], (seed, 0)), external_train([cued, silent], (seed, 1))
    none = (np.empty(0), np.empty(0, np.int64))
    design = milo_design(chosen, 4, settings=parameters.settings)
    bench = milo_bench(design, [(training, taught), (cued, cues), (silent, none)], parameters.settings)
    whole = (np.append(taught[0], cues[0] + parameters.training), np.append(taught[1], cues[1]))
    return bench, whole


def run_level(
    parameters: CircuitLearning, chosen: MiloSet, bench: Testbench, engine: str, spikes: Spikes | None = None
) -> LevelRun:
    """Run a testbench in an engine; with `spikes` the neurons fire then, and only then."""
    waves = simulate(for_engine(bench, engine), engine, spikes=spikes)
    looks = np.linspace(0.0, parameters.stop, parameters.settings.read_points + 1)
    return LevelRun(waves, looks, *states_of(chosen, waves, looks))
