"""Print the figures of the network level as a markdown table, each beside its peer where there is one.

CPU seconds of one process and one thread, set-up included; compiled loops were loaded before. The peer of the STDP
network is Brian2 in an environment of its own: `python -m venv .venv-bench; .venv-bench/bin/pip install brian2==2.9.0
'numpy<2.3' cython 'setuptools<80'`, or `--brian2 PYTHON`.
"""

# ruff: noqa: E402
from __future__ import annotations

import os

for _name in ("NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from stdp_network import PairStdpNetwork, run_pair_stdp

from rramcirc.engines.network.network import MembraneNeuron, Phase, SpikingNetwork, draw_synapses, states, with_patterns
from rramcirc.engines.network.run import recall, run_network
from rramcirc.papers.milo2018.patterns import train_patterns
from rramcirc.papers.milo2018.recall import recall_patterns
from rramcirc.papers.milo2018.sets import NEURONS, PATTERNS, load_set, milo_network

ROOT = Path(__file__).resolve().parent.parent
RECALLS, TRAINING = 4000.0, 300.0  # biological seconds per CPU second asked for


def cpu(work: Callable[[], object], runs: int = 3) -> tuple[float, object]:
    """Return the median of the CPU seconds of several runs, and what the last one returned."""
    times, found = [], None
    for _ in range(runs):
        started = time.process_time()
        found = work()
        times.append(time.process_time() - started)
    return statistics.median(times), found


def show(case: str, measured: str, peer: str = "-") -> None:
    """Print one row."""
    print(f"| {case} | {measured} | {peer} |", flush=True)


def recall_rows(name: str, chips: list) -> None:
    """Recall speed at few, many and all cues."""
    chosen = load_set(name)
    for counts in ((9, 0), (0, 4), (9, 6), (12, 12)):
        seconds, found = cpu(lambda: recall_patterns(chosen, counts, runs=1000, seed=(1, 1), chips=chips))  # noqa: B023
        biological = float(np.where(found.winner < 0, 2.0, found.time).sum())
        show(
            f"recall, 64 neurons, set {name}, {counts[0]} + {counts[1]} cues, 1000 runs",
            f"{biological / seconds:,.0f} biological s per CPU s", f"asked: {RECALLS:,.0f}",
        )  # fmt: skip
    network = milo_network(chosen, NEURONS)
    phase = Phase(20.0, np.zeros(NEURONS), 0.0)
    start = (np.arange(0.0, 0.02, 1e-3), np.resize(PATTERNS["X"], 20))
    start = (np.repeat(start[0], 2), np.repeat(start[1], 2))
    cue = Phase(20.0, phase.rates, 0.6 * network.threshold_charge)
    seconds, run = cpu(lambda: run_network(network, [cue], synapses=chips[0], train=start))
    show(
        f"sustained activity, set {name}, {run.times.size / 12 / 20:.0f} Hz in 12 neurons, spikes kept",
        f"{20 / seconds:,.0f} biological s per CPU s",
    )  # fmt: skip


def training_rows(name: str) -> None:
    """Training with plasticity."""
    chosen = load_set(name)
    for engine in ("fixed", "events"):
        seconds, _ = cpu(lambda: train_patterns(chosen, 1, reset=True, snapshot=5.0, engine=engine))  # noqa: B023
        show(
            f"training, 64 neurons, set {name}, 10 s, {'0.5 ms steps' if engine == 'fixed' else 'exact events'}",
            f"{10 / seconds:,.0f} biological s per CPU s", f"asked: {TRAINING:,.0f}" if engine == "fixed" else "-",
        )  # fmt: skip


def map_row(name: str, chips: list, runs: int) -> None:
    """The whole map of Fig. 6."""
    chosen, points = load_set(name), [(x, c) for x in range(13) for c in range(13) if x + c]

    def whole() -> float:
        found = [recall_patterns(chosen, counts, runs=runs, seed=(1, 6), chips=chips) for counts in points]
        return sum(float(np.where(one.winner < 0, 2.0, one.time).sum()) for one in found)

    seconds, biological = cpu(whole, 1)
    show(
        f"map of Fig. 6, set {name}, {len(points)} points x {runs} runs, {biological:,.0f} biological s",
        f"{seconds:.2f} CPU s", "asked: 10 CPU s for 1000 runs",
    )  # fmt: skip


def large_row(neurons: int = 1024, patterns: int = 8, size: int = 64, presentation: float = 5.0) -> None:
    """1,024 neurons learn and recall 8 patterns."""
    small = milo_network(load_set("D"), NEURONS)
    gain = 3.3 / (size - 1)  # fan-in scaling of set D
    synapse = small.synapse
    capacitance = small.pulses.read_voltage * synapse.lrs * small.pulses.gate_width / gain
    neuron = MembraneNeuron(capacitance, small.neuron.time_constant, 1.0, small.neuron.refractory)
    network = SpikingNetwork(neurons, neuron, synapse)
    members = np.random.default_rng(1).permutation(neurons)[: patterns * size].reshape(patterns, size)
    charge, phases = 0.45 * network.threshold_charge, []
    for group in members:
        rates = np.zeros(neurons)
        rates[group] = 200.0
        phases.append(Phase(presentation, rates, charge, learning=True, reset=True))
    drawing, chip = cpu(lambda: draw_synapses(network, 1), 1)
    learning, run = cpu(lambda: run_network(network, phases, seed=1, synapses=chip), 1)
    up, _ = states(network, run.synapses)
    inside = np.zeros((neurons, neurons), bool)
    for group in members:
        inside[np.ix_(group, group)] = True
    np.fill_diagonal(inside, False)
    least, other = up[inside].min(), up[~inside].max()
    right, recalling = 0, 0.0
    for k in range(patterns):
        counts = [size // 2 if k == m else 0 for m in range(patterns)]
        seconds, found = cpu(
            lambda: recall(
                network, [run.synapses], members, counts, rate=16.0, charge=charge, runs=10, seed=(1, k)  # noqa: B023
            ), 1,
        )  # fmt: skip
        recalling, right = recalling + seconds, right + int((found.winner == k).sum())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    show(
        f"{neurons} neurons, {2 * neurons * (neurons - 1):,} synapses, {patterns} patterns of {size}, "
        f"{presentation:g} s each",
        f"learning {learning:.2f} CPU s (drawing the chip {drawing:.2f}), least state {least:.3f}, others at most "
        f"{other:.3f}; {right} of {10 * patterns} recalls from half of a pattern right, "
        f"{recalling / patterns / 10:.4f} CPU s each; peak of the process {memory:.0f} MB",
    )  # fmt: skip


def stdp_rows(python: Path, targets: list[str], duration: float = 10.0) -> None:
    """The STDP network beside Brian2 at the same time step."""
    run_pair_stdp(PairStdpNetwork(), 0.01)
    seconds, (times, _, weights) = cpu(lambda: run_pair_stdp(PairStdpNetwork(), duration))
    ours = f"{seconds:.4f} CPU s, set-up included ({times.size / 64 / duration:.1f} Hz, mean weight "
    ours += f"{weights.sum() / 64 / 63:.3f})"
    case = f"64 LIF neurons, 4032 STDP synapses, {duration:g} s at 0.1 ms, `benchmarks/stdp_network.py`"
    if not python.exists():
        show(case, ours, f"Brian2 not measured: no {python}")
        return
    for target in targets:
        words = [str(python), str(ROOT / "benchmarks" / "brian2_peer.py"), target, str(duration)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            show(case, ours, f"Brian2 {target} failed: {done.stderr.strip().splitlines()[-1:]}")
            continue
        peer = json.loads(done.stdout.strip().splitlines()[-1])
        text = f"Brian2 {peer['version']} {target}: {peer['run']:.2f} CPU s + {peer['set_up']:.2f} set-up"
        show(case, ours, f"{text} ({peer['rate']:.1f} Hz, mean weight {peer['weight']:.3f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brian2", type=Path, default=ROOT / ".venv-bench" / "bin" / "python", metavar="PYTHON")
    parser.add_argument("--targets", nargs="*", default=["numpy", "cython", "cpp_standalone"])
    parser.add_argument("--sets", nargs="*", default=["D", "B"])
    parser.add_argument("--runs", type=int, default=1000, help="runs per point of the map")
    parser.add_argument("--no-large", action="store_true", help="without the 1,024 neurons")
    options = parser.parse_args()
    print("| case | measured | peer or aim |\n| --- | --- | --- |")
    for name in options.sets:
        chips = [
            with_patterns(draw_synapses(milo_network(load_set(name), NEURONS), s), PATTERNS.values()) for s in (1, 2)
        ]
        recall_patterns(load_set(name), (3, 3), runs=2, seed=(1,), chips=chips)  # loads the compiled loops
        for engine in ("fixed", "events"):
            train_patterns(load_set(name), 1, reset=True, presentation=0.1, engine=engine)
        recall_rows(name, chips)
        training_rows(name)
        map_row(name, chips, options.runs)
    if not options.no_large:
        large_row()
    stdp_rows(options.brian2, options.targets)


if __name__ == "__main__":
    sys.exit(main())
