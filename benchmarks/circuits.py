"""Print what circuits cost in ngspice as a markdown table: processor time per biological second, event or corner.

CPU seconds of ngspice (of everything for studies), one run each. `--quick` leaves out what takes more than a minute.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import rramcirc as rc
from rramcirc.bench.spike_pulses import BipolarPulse
from rramcirc.bench.spike_sources import seeded_train
from rramcirc.papers.milo2018.circuit_learning import learning
from rramcirc.papers.milo2018.circuit_levels import CircuitLearning
from rramcirc.papers.milo2018.circuit_recall import RecallParameters, recall
from rramcirc.studies.synapse import stdp
from rramcirc.sweeps.record import RunRecord


def show(case: str, measured: str, aim: str = "-") -> None:
    """Print one row."""
    print(f"| {case} | {measured} | {aim} |", flush=True)


def used() -> float:
    """Return the CPU seconds of this process and of the children that ended."""
    return time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def learning_rows() -> None:
    """Four neurons that learn and recall."""
    table = learning(CircuitLearning(seeds=1), "ngspice")
    name = "Milo 2018 Fig. 3, 4 neurons, 24 synapses"
    show(
        f"{name}, learning and recall, {table['rate'][0]:.0f} Hz per neuron",
        f"{table['cpu_per_second'][0]:.2f} CPU s per biological second",
    )
    show(
        f"{name}, by the cost law at 40 Hz per neuron",
        f"{table['cpu_at_40_hz'][0]:.2f} CPU s per biological second", "1.5",
    )  # fmt: skip
    show("cost law", f"{table['event_cost'][0]:.2g} CPU s per event and synapse", "1e-4")


def recall_row(others: int) -> None:
    """A pattern recalled from 9 and from 5 cues."""
    parameters = RecallParameters(seeds=1, others=others)
    with RunRecord(None, {}) as record:
        table = recall(parameters, "ngspice", record)
    count = 12 + others
    most = table["cpu"].max()
    show(
        f"{count} neurons, {2 * count * (count - 1):,} 1T1R synapses, {parameters.duration:g} s, 9 and 5 cues",
        f"at most {most:.0f} CPU s, {most / parameters.duration:.0f} per biological second, "
        f"{table['event_cost'].max():.2g} per event and synapse; {table['recalled'].min()} of 12 neurons",
        "300 CPU s" if count == 64 else "-",
    )


def window_row() -> None:
    """The whole STDP window."""
    before = used()
    found = stdp(rc.Cell("hfo2_filament", "nmos_select"))
    show(f"`study stdp`, 41 delays, 2 starts, 20 synapses: {len(found)} rows", f"{used() - before:.0f} CPU s", "120")


def source_rows(counts: tuple[int, ...]) -> None:
    """Long trains into one device: cost against the number of corners."""
    pulse = BipolarPulse(0.02, 1e-3, 0.01, 1e-3, gap=2e-3, edge=1e-5)
    cell, seconds = rc.Cell("hfo2_filament", initial_state={"diameter": 1.0, "gap": 2.0}), []
    for corners in counts:
        times, _ = seeded_train([100.0], corners / 8 / 100.0 * 1.5, seed=1, dead_time=pulse.duration)
        stimulus = pulse.stimulus(times)
        bench = rc.Testbench(cell, rc.Transient(float(stimulus.times[-1]), max_step=5e-3), {"bl": stimulus})
        seconds.append(rc.simulate(bench).provenance["cpu_seconds"])
    cost = ", ".join(f"{s:.1f}" for s in seconds)
    ratio, square = seconds[-1] / seconds[0], (counts[-1] / counts[0]) ** 2
    show(
        f"spike train of {', '.join(f'{c:,}' for c in counts)} corners into one cell, whole run",
        f"{cost} CPU s; ratio {ratio:.1f}", f"square of the corners: {square:.0f}",
    )  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="16 neurons instead of 64, shorter trains")
    quick = parser.parse_args().quick
    print("| case | measured | aim or peer |\n| --- | --- | --- |")
    learning_rows()
    recall_row(4 if quick else 52)
    if not quick:
        window_row()
    source_rows((2_500, 10_000) if quick else (10_000, 40_000))


if __name__ == "__main__":
    sys.exit(main())
