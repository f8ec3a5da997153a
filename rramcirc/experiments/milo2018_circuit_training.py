"""Training of the 64-neuron network on X and C entirely in ngspice: hours, for who wants it.   [Milo2018, Fig. 4]

Each pattern is a run of its own that starts at rest, with the states of the devices that the one before left; that is
the reset at the switch of patterns. Say first what it will cost::

    from rramcirc.experiments.milo2018_circuit_training import predicted_seconds, train_in_circuit
    print(predicted_seconds(5.0))
    runs = train_in_circuit(5.0, folder="training.runs")
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rramcirc.behavioural.network_run import external_train
from rramcirc.experiments.milo2018_circuit import CircuitRun, default_set, fresh_states, run_circuit
from rramcirc.experiments.milo2018_patterns import train_patterns, training_phases
from rramcirc.experiments.milo2018_sets import NEURONS, PATTERNS

EVENT_COST = 5.5e-5  # [s] of CPU per event and synapse, measured with 24, 480 and 8,064 synapses (2.7e-5 to 5.6e-5)
SYNAPSES = 2 * NEURONS * (NEURONS - 1)


def predicted_seconds(presentation: float, seed: int = 1) -> float:
    """Return the CPU time that `train_in_circuit` will take, from the events of the network level [s].

    Parameters
    ----------
    presentation
        Time that each pattern is shown [s].
    """
    run = train_patterns(default_set(), seed, reset=True, presentation=presentation, snapshot=presentation)
    return EVENT_COST * SYNAPSES * (run.times.size + run.input_times.size)


def train_in_circuit(
    presentation: float,
    *,
    folder: Path | str,
    seed: int = 1,
    progress: Callable[[float], None] | None = None,
) -> dict[str, CircuitRun]:
    """Show X, then C, to the 64-neuron circuit, and return both runs; `final` of the last holds the trained states.

    Parameters
    ----------
    presentation
        Time that each pattern is shown [s]; 5 in the paper.
    folder
        Run folders are kept there, ``X`` and ``C``; also the part that a stopped run computed.
    progress
        Called with the simulated time [s] of the present pattern.
    """
    chosen, states, runs = default_set(), fresh_states(), {}
    for k, (name, phase) in enumerate(zip(PATTERNS, training_phases(chosen, presentation, True), strict=True)):
        runs[name] = run_circuit(
            chosen, NEURONS, states, external_train([phase], (seed, 2, k)), phase.charge, presentation, learning=True,
            output=Path(folder) / name, progress=progress,
        )  # fmt: skip
        states = runs[name].final
    return runs
