"""Networks at device level (engine numpy) against ngspice with fine steps, and what they cost.

What ngspice computed is kept in --folder, so that a run that was stopped goes on where it was. Times are CPU seconds of
one core. Options: --only NAME ... for some parts, --quick for small ones (under 60 s).
"""

# ruff: noqa: E402
from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import hashlib
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

import rramcirc as rc
from rramcirc.bench.analyses import Transient
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron, spike_currents
from rramcirc.engines.network.column_kernel import Noise
from rramcirc.engines.network.device_plan import Plan, device_plan
from rramcirc.engines.network.device_run import DeviceResult, DeviceRun
from rramcirc.engines.network.event_kernel import HELD_UNTIL, V, sum_columns
from rramcirc.engines.network.run import external_train
from rramcirc.engines.network_both import SpikeDifference, spike_difference
from rramcirc.papers.milo2018.bench import MATRICES, default_set, milo_bench, milo_design
from rramcirc.papers.milo2018.circuit_recall import recall_bench as level_bench
from rramcirc.papers.milo2018.learning import training_phase
from rramcirc.papers.milo2018.patterns import training_phases
from rramcirc.papers.milo2018.sets import NEURONS, PATTERN_X, PATTERNS, MiloSet
from rramcirc.waveforms.spikes import Spikes

REFEREE = {"reltol": 1e-5}
TRAINING_STEP, RECALL_STEP = 5e-6, 1e-6  # [s] of the referee
LOOKS = 400
SPREAD = {"ea_delta": 0.01, "rho_factor": 0.05, "gap_resistance_factor": 0.3}  # of the card, all assumed
SLOT = 10e-3  # [s] of a cycle


def show(*cells: str) -> None:
    """Print a row of the table."""
    print("| " + " | ".join(cells) + " |", flush=True)


def drawn(shape: tuple[int, ...], seed: int) -> dict[str, np.ndarray]:
    """Spread of the card's instance parameters."""
    rng = np.random.default_rng(seed)
    normal = {name: np.clip(rng.standard_normal(shape), -3, 3) for name in SPREAD}
    return {name: SPREAD[name] * z if name == "ea_delta" else np.exp(SPREAD[name] * z) for name, z in normal.items()}


def noise(shape: tuple[int, ...], seed: int) -> Noise:
    """Cycle deviates of all cells."""
    return Noise(np.random.default_rng(seed).integers(0, 2**63, int(np.prod(shape))).astype(np.uint64), SLOT)


def run(plan: Plan, learning: bool, spikes=None, grid=()) -> tuple[DeviceResult, float]:
    """A run at device level and its CPU time [s], reading of all cells included."""
    begun = time.process_time()
    device = DeviceRun(plan, np.asarray(grid, float), spikes=spikes)
    device.advance(plan.stop, learning)
    result = device.finish()
    return result, time.process_time() - begun


def referee(bench: Testbench, step: float, file: Path) -> dict[str, np.ndarray]:
    """Spikes, and states at `LOOKS` times, of ngspice with fine steps; from the file of this netlist if it is there."""
    names = [f"{state}_{matrix}" for matrix in MATRICES for state in bench.design.cell.states]
    fine = replace(
        bench, analysis=replace(bench.analysis, max_step=step), options={**bench.options, **REFEREE},
        probes=("v(mem*)", *(f"{name}[*,*]" for name in names)),
    )  # fmt: skip
    digest = hashlib.sha256(rc.build_netlist(fine).text.encode()).hexdigest()[:12]
    file = file.with_name(f"{file.stem}-{digest}.npz")
    if not file.exists():
        waves = rc.simulate(fine)
        looks = np.linspace(0.0, waves.time[-1], LOOKS + 1)
        found = {"times": waves.spikes.times, "neurons": waves.spikes.neurons, "looks": looks}
        for name in waves.names:
            if "[" in name or name.startswith("v(mem"):
                found[name] = np.interp(looks, waves.time, waves[name])
        found["cpu"] = np.array(waves.provenance["cpu_seconds"])
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(file.with_suffix(".part.npz"), **found)
        file.with_suffix(".part.npz").rename(file)
    with np.load(file) as kept:
        return {name: kept[name] for name in kept.files}


def told(bench: Testbench, parted: SpikeDifference, theirs: dict[str, np.ndarray]) -> str:
    """What free runs have in common, and how near the threshold the first spike that differs was."""
    text = f"the first {parted.same} spikes the same, within {1e6 * parted.largest:.1f} us"
    if parted.time is None:
        return text
    forced = (theirs["times"], theirs["neurons"]) if parted.run == 0 else None  # the run in which it did not fire
    device = DeviceRun(device_plan(bench), np.empty(0), spikes=forced)
    device.advance(parted.time, True)
    neuron, other = bench.design.neuron, device.neurons.clock[V, parted.neuron]
    below = (
        ""
        if device.neurons.clock[HELD_UNTIL, parted.neuron] < 1.0
        else (f", {1e3 * (neuron.threshold - other):.2f} mV below the threshold in the other")
    )
    return f"{text}; then neuron {parted.neuron} at {parted.time:.4f} s in one only{below}"


def replay_error(bench: Testbench, theirs: dict[str, np.ndarray]) -> tuple[float, float, int]:
    """Largest difference of the states of moved cells at all looks in replay, that of saturated ones, and how many."""
    looks = theirs["looks"]
    fine = replace(
        bench, analysis=Transient(float(looks[-1]), float(looks[1])), probes=("gap_*[*,*]", "diameter_*[*,*]")
    )
    waves = rc.simulate(fine, "numpy", spikes=(theirs["times"], theirs["neurons"]))
    bounds = bench.design.cell.rram.state_ranges()
    moved, still, count = 0.0, 0.0, 0
    for name in waves.names:
        low, high = bounds[name.split("_")[0]]
        off = np.abs(np.interp(looks, waves.time, waves[name]) - theirs[name]).max() / (high - low)
        if np.ptp(theirs[name]) > 0.02 * (high - low):
            moved, count = max(moved, off), count + 1
        else:
            still = max(still, off)
    return moved, still, count


def fig3(folder: Path, quick: bool) -> None:
    """Milo 2018, Fig. 3: 4 neurons learn for 2 s."""
    chosen, duration = default_set(), 0.1 if quick else 2.0
    for seed in (1,) if quick else range(1, 6):
        phase = training_phase(chosen, duration)
        external = external_train([phase], (seed, 0))
        bench = milo_bench(milo_design(chosen, 4), [(phase, external)])
        theirs = referee(bench, TRAINING_STEP, folder / f"fig3-{duration:g}s-seed-{seed}.npz")
        ours, seconds = run(device_plan(bench), True)
        parted = spike_difference(Spikes(ours.times, ours.neurons), Spikes(theirs["times"], theirs["neurons"]))
        moved, still, count = replay_error(bench, theirs)
        show(
            f"Milo Fig. 3, {duration:g} s of training, seed {seed}",
            f"{ours.times.size} spikes, {seconds:.3f} CPU s; free: "
            f"{told(bench, parted, theirs)}; replayed: states of {count} that moved within {moved:.1e} of the range "
            f"at all times, others {still:.1e}",
            f"ngspice, steps of {1e6 * TRAINING_STEP:g} us: {theirs['times'].size} spikes, {theirs['cpu']:.0f} CPU s",
        )  # fmt: skip


def recall_bench(cues: int, seed: int, duration: float) -> Testbench:
    """Recall of X by 64 neurons."""
    return level_bench(default_set(), np.arange(NEURONS), cues, seed, duration)[0]


def recall(folder: Path, quick: bool) -> None:
    """64 neurons, 8,064 1T1R, recall with 9 and 5 cues."""
    for cues in (9, 5):
        worst, slowest, right, same, off = 0.0, 0.0, 0, 0, []
        seeds = range(1, 3 if quick else 11)
        for seed in seeds:
            bench = recall_bench(cues, seed, 0.3)
            theirs = rc.simulate(bench, "network").spikes
            plan = device_plan(bench)
            run(plan, False)
            ours, seconds = run(plan, False)
            slowest = max(slowest, seconds)
            firsts = [
                [times[neurons == j][0] if np.any(neurons == j) else np.inf for j in PATTERN_X]
                for times, neurons in ((ours.times, ours.neurons), (theirs.times, theirs.neurons))
            ]
            fired = [np.isfinite(one) for one in firsts]
            same += bool(np.all(fired[0] == fired[1]) and set(ours.neurons) == set(theirs.neurons))
            right += bool(np.all(fired[0]) and set(ours.neurons.tolist()) == set(PATTERN_X))
            both = fired[0] & fired[1]
            off += (np.abs(np.array(firsts[0])[both] - np.array(firsts[1])[both])).tolist()
            worst = max(worst, seconds)
        show(
            f"64 neurons, 8,064 1T1R, recall of 0.3 s, {cues} cues, seeds 1-{len(seeds)}",
            f"at most {slowest:.3f} CPU s each; {right} of {len(seeds)} recalled by all 12 and no other",
            f"network level: the same neurons fired in {same} of {len(seeds)}, first spikes within "
            f"{1e3 * np.percentile(off, 95):.2f} ms (95 %), largest {1e3 * max(off):.2f} ms",
        )  # fmt: skip


def recall_in_ngspice(folder: Path, quick: bool) -> None:
    """One recall of the 64 neurons in ngspice."""
    if quick:
        return
    bench = recall_bench(9, 1, 0.3)
    digest = hashlib.sha256(rc.build_netlist(bench).text.encode()).hexdigest()[:12]
    file = folder / f"recall-9-cues-seed-1-{digest}.npz"
    if not file.exists():
        waves = rc.simulate(bench)
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            file, times=waves.spikes.times, neurons=waves.spikes.neurons, cpu=waves.provenance["cpu_seconds"]
        )
    theirs = dict(np.load(file))
    ours, seconds = run(device_plan(bench), False)
    firsts = [
        np.array([t[n == j][0] if np.any(n == j) else np.inf for j in range(NEURONS)])
        for t, n in ((ours.times, ours.neurons), (theirs["times"], theirs["neurons"]))
    ]
    fired = np.isfinite(firsts[0])
    off = np.abs(firsts[0][fired] - firsts[1][fired]).max()
    show(
        "64 neurons, recall of 0.3 s, 9 cues, seed 1",
        f"{ours.times.size} spikes, {seconds:.3f} CPU s",
        f"ngspice at its default steps: {theirs['times'].size} spikes, {float(theirs['cpu']):.0f} CPU s; "
        f"the same neurons: {bool(np.all(fired == np.isfinite(firsts[1])))}, first spikes within {1e3 * off:.3f} ms",
    )  # fmt: skip


def start_states(chosen: MiloSet) -> dict[str, dict[str, np.ndarray]]:
    """States before training, per matrix."""
    design = milo_design(chosen, NEURONS)
    return {"exc": dict(design.excitatory_state), "inh": dict(design.inhibitory_state)}


def with_states(design: HopfieldNetwork, states: dict[str, dict[str, np.ndarray]]) -> HopfieldNetwork:
    """The network in these states."""
    return replace(design, excitatory_state=states["exc"], inhibitory_state=states["inh"])


def trained(duration: float, spread: bool, folder: Path) -> tuple[dict[str, dict[str, np.ndarray]], list[str]]:
    """States of 64 neurons that learnt X, then C, and what it cost."""
    chosen, told = default_set(), []
    states = start_states(chosen)
    shape = (2, NEURONS, NEURONS)
    for k, phase in enumerate(training_phases(chosen, duration, reset=False)):
        external = external_train([phase], (1, 4, k))
        bench = milo_bench(with_states(milo_design(chosen, NEURONS), states), [(phase, external)], weights=False)
        plan = device_plan(bench)
        if spread:
            plan = replace(plan, spread=drawn(shape, 1), noise=noise(shape, 2))
        result, seconds = run(plan, True)
        figures = result.figures
        told.append(
            f"{'XC'[k]} {result.times.size} spikes, {int(figures['cells_switched']):,} pulses on cells, {seconds:.1f} "
            f"CPU s, reads neglected {figures['neglected_reads']:.0e} of the range"
        )
        found = result.bank.states()
        states = {m: {name: values[i] for name, values in found.items()} for i, m in enumerate(MATRICES)}
    return states, told


def training(folder: Path, quick: bool) -> None:
    """64 neurons learn X, then C; then recall from these weights."""
    duration = 0.2 if quick else 5.0
    trained(0.02, True, folder)
    for spread in (False, True):
        states, told = trained(duration, spread, folder)
        gaps = states["exc"]["gap"]
        inside = np.zeros((NEURONS, NEURONS), bool)
        for members in PATTERNS.values():
            inside[np.ix_(members, members)] = True
        np.fill_diagonal(inside, False)
        outside = ~inside & ~np.eye(NEURONS, dtype=bool)
        show(
            f"64 neurons, every synapse compiled, {2 * duration:g} s of training, "
            f"{'spread and cycle noise' if spread else 'nominal cells'}",
            "; ".join(told),
            f"gap of stored pairs {gaps[inside].mean():.3f} nm on average, most {gaps[inside].max():.3f}; others "
            f"{gaps[outside].mean():.3f}, least {gaps[outside].min():.3f}",
        )  # fmt: skip
        if not quick:
            np.savez_compressed(
                folder / f"trained-{'spread' if spread else 'nominal'}.npz",
                **{f"{m}_{name}": values for m, one in states.items() for name, values in one.items()},
            )


def own_weights(folder: Path, quick: bool) -> None:
    """Recall by the 64 neurons from what they learnt at device level, spread included."""
    for kind in ("nominal", "spread"):
        file = folder / f"trained-{kind}.npz"
        if not file.exists():
            show(f"recall from own weights, {kind}", f"needs the part training ({file.name})", "-")
            continue
        with np.load(file) as kept:
            states = {name: np.stack([kept[f"{m}_{name}"] for m in MATRICES]) for name in ("diameter", "gap")}
        line = []
        for cues in (9, 5):
            right, firsts = 0, []
            for seed in range(1, 3 if quick else 11):
                bench = recall_bench(cues, seed, 0.3)
                plan = device_plan(bench)
                plan = replace(plan, states=states, spread=drawn(plan.shape, 1) if kind == "spread" else {})
                found, _ = run(plan, False)
                right += set(found.neurons.tolist()) == set(PATTERN_X)
                last = [found.times[found.neurons == j][:1] for j in PATTERN_X]
                firsts += [max(float(t[0]) for t in last)] if all(t.size for t in last) else []
            line.append(f"{cues} cues {right} of {2 if quick else 10}, last member first at {np.mean(firsts):.3f} s")
        show(f"64 neurons, recall of X from their own weights, {kind}", "; ".join(line), "all 12 and no other")


def costs(folder: Path, quick: bool) -> None:
    """What a cached read, an evaluated one and a switching event cost."""
    plan = device_plan(recall_bench(9, 1, 0.01))
    device = DeviceRun(plan, np.empty(0))
    cells = np.flatnonzero(device.bank.kept.ravel())

    def per(call: Callable[[], object], count: int) -> float:
        call()
        begun = time.process_time()
        for _ in range(20):
            call()
        return (time.process_time() - begun) / 20 / count

    read = per(lambda: device.bank.read_cells(cells), cells.size)
    device.synapses.on[:12] = True
    cached = per(lambda: [sum_columns(device.synapses, plan.levels) for _ in range(100)], 100 * 2 * 12 * NEURONS)
    gates = device.gates
    gates.level[gates.first[:12]] = plan.neuron.pulses.gate_voltage
    pulses = np.array([[20, m, 1e-3, 2e-3, v, 1.0] for m, v in enumerate((0.93, -0.75))])
    switched = per(lambda: device.bank.integrate(pulses, gates, keep=False), 24)
    show(
        "costs, 64 neurons, 12 open rows",
        f"cached read {1e9 * cached:.2f} ns a cell, evaluated read {1e6 * read:.2f} us, pulse of 1 ms "
        f"that sets or resets a cell, the drop of the driver found in several sweeps, {1e6 * switched:.0f} us",
        "-",
    )  # fmt: skip


def large(folder: Path, quick: bool) -> None:
    """1,024 neurons learn one pattern of 64, for one second and for two, and recall it."""
    for duration in (0.1,) if quick else (1.0, 2.0):
        large_for(duration, *((128, 16) if quick else (1024, 64)))


def large_for(duration: float, neurons: int, size: int) -> None:
    """Print the row of one length of the training."""
    chosen = default_set()
    small = milo_design(chosen, NEURONS)
    members = np.sort(np.random.default_rng(1).permutation(neurons)[:size])
    neuron = replace(small.neuron, capacitance=small.neuron.capacitance * (size - 1) / 11)
    start = {m: {name: float(v[0, 1]) for name, v in one.items()} for m, one in start_states(chosen).items()}
    net = HopfieldNetwork(
        small.cell, neurons, neuron, True,
        excitatory_state={k: np.full((neurons, neurons), float(v)) for k, v in start["exc"].items()},
        inhibitory_state={k: np.full((neurons, neurons), float(v)) for k, v in start["inh"].items()},
    )  # fmt: skip
    rng = np.random.default_rng(2)

    def external(which: np.ndarray, rate: float, until: float) -> dict[str, object]:
        count = rng.poisson(rate * until * which.size)
        return spike_currents(
            np.sort(rng.uniform(0, until, count)),
            rng.choice(which, count),
            chosen.training_charge * neuron.capacitance * neuron.threshold,
        )

    begun = time.process_time()
    bench = Testbench(net, Transient(duration, duration), external(members, 200.0, duration), probes=("v(mem0)",))
    shape = (2, neurons, neurons)
    plan = replace(device_plan(bench), spread=drawn(shape, 1), noise=noise(shape, 2))
    made = time.process_time() - begun
    begun = time.process_time()
    device = DeviceRun(plan, np.empty(0))
    reading = time.process_time() - begun
    begun = time.process_time()
    device.advance(plan.stop, True)
    learning = time.process_time() - begun
    learnt = device.finish()
    gaps = learnt.bank.states()["gap"][0]
    inside = np.ix_(members, members)
    off = ~np.eye(size, dtype=bool)
    begun = time.process_time()
    cues = rng.choice(members, size // 2, replace=False)
    recalled = replace(
        device_plan(Testbench(replace(net, learning=False), Transient(0.3, 0.3), external(cues, 60.0, 0.3))),
        states=learnt.bank.states(), spread=plan.spread,
    )  # fmt: skip
    found, _ = run(recalled, False)
    recalling = time.process_time() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    show(
        f"{neurons} neurons, {2 * neurons * (neurons - 1):,} 1T1R with spread and cycle noise, one pattern of {size}, "
        f"{duration:g} s",
        f"reading of all cells {reading:.1f} CPU s ({1e6 * reading / (2 * neurons * (neurons - 1)):.2f} us a cell), "
        f"making {made:.1f}; learning {learning:.1f} CPU s, {learnt.times.size} spikes, "
        f"{int(learnt.figures['cells_switched']):,} pulses on cells ("
        f"{1e6 * learning / max(1, learnt.figures['cells_switched']):.0f} us each, all else included); "
        f"recall of 0.3 s {recalling:.1f} CPU s; peak of the process {memory:.0f} MB",
        f"gap of stored pairs {gaps[inside][off].mean():.3f} nm, most {gaps[inside][off].max():.3f} (start "
        f"{float(start['exc']['gap']):.3f}); recalled by "
        f"{np.unique(found.neurons[np.isin(found.neurons, members)]).size} of {size}, others that fired "
        f"{np.unique(found.neurons[~np.isin(found.neurons, members)]).size}",
    )  # fmt: skip


def perceptrons(folder: Path, quick: bool) -> None:
    """Presentations of 10 ms on 784 inputs."""
    chosen = default_set()
    small = milo_design(chosen, NEURONS)
    rows = 100 if quick else 784
    for columns in (10, 100):
        neuron = replace(small.neuron, capacitance=40 * small.neuron.capacitance)
        net = Perceptron(small.cell, rows, columns, neuron, learning=True, conductance=1e-5)
        rng, count, period = np.random.default_rng(3), 5 if quick else 20, 20e-3
        active = rng.random((count, rows)) < 0.19  # as many pixels as an MNIST image has
        starts = 1e-3 + period * np.arange(count)
        stimuli: dict[str, object] = {
            f"pre{i}": rc.SpikeTrain(starts[active[:, i]], neuron.pulses.gate_voltage, 10e-3, 10e-6, 10e-6)
            for i in range(rows) if active[:, i].any()
        }  # fmt: skip
        stimuli |= spike_currents(
            starts + 4e-3, rng.integers(0, columns, count), 1.5 * neuron.capacitance * neuron.threshold
        )
        bench = Testbench(net, Transient(count * period, 1.0), stimuli)
        plan = device_plan(bench)
        plan = replace(plan, spread=drawn(plan.shape, 1), noise=noise(plan.shape, 2))
        begun = time.process_time()
        device = DeviceRun(plan, np.empty(0))
        reading = time.process_time() - begun
        begun = time.process_time()
        device.advance(plan.stop, True)
        seconds = time.process_time() - begun
        found = device.finish()
        show(
            f"perceptron {rows} x {columns}, presentations of 10 ms, {active.sum(axis=1).mean():.0f} inputs active, "
            "spread and cycle noise, learning",
            f"{count / seconds:.1f} presentations per CPU s; {found.times.size} spikes, "
            f"{int(found.figures['cells_switched']):,} pulses on cells; reading once {reading:.2f} CPU s",
            "-",
        )  # fmt: skip


def stuck(folder: Path, quick: bool) -> None:
    """Recall with cells that are stuck in LRS or HRS."""
    states = start_states(default_set())
    low, high = ({k: float(states[m][k][0, 1]) for k in states[m]} for m in ("inh", "exc"))
    for share in (0.0, 0.01, 0.05, 0.1):
        line = []
        for cues in (9, 5):
            right = done = 0
            for seed in range(1, 3 if quick else 11):
                bench = recall_bench(cues, seed, 0.3)
                plan = device_plan(bench)
                rng = np.random.default_rng((7, seed))
                broken = rng.random(plan.shape) < share
                lrs = rng.random(plan.shape) < 0.5
                plan = replace(
                    plan,
                    states={
                        k: np.where(broken, np.where(lrs, low[k], high[k]), values) for k, values in plan.states.items()
                    },
                )
                found, _ = run(plan, False)
                right += set(found.neurons.tolist()) == set(PATTERN_X)
                done += 1
            line.append(f"{cues} cues {right} of {done}")
        show(
            f"64 neurons, {100 * share:g} % of the cells stuck, half of them in LRS",
            "recalled by all 12 and no other: " + ", ".join(line), "-",
        )  # fmt: skip


def middle(folder: Path, quick: bool) -> None:
    """A piece of 64 neurons' training from its middle, in ngspice from the states of the device level."""
    chosen, begun, piece = default_set(), 0.0, 0.02 if quick else 0.2
    design = milo_design(chosen, NEURONS)
    phase = training_phases(chosen, 5.0, reset=False)[0]
    external = external_train([phase], (1, 4, 0))
    bench = milo_bench(design, [(phase, external)], weights=False)
    plan = device_plan(bench)
    device = DeviceRun(plan, np.empty(0))
    inside = np.ix_(PATTERNS["X"], PATTERNS["X"])
    off = ~np.eye(len(PATTERNS["X"]), dtype=bool)
    gaps = device.bank.states()["gap"][0]
    high, low = gaps[inside][off].mean(), 0.0
    while begun < 4.0 and (high - device.bank.states()["gap"][0][inside][off].mean()) / (high - low) < 0.4:
        begun += 0.05
        device.advance(begun, True)
    found = device.finish().bank.states()
    at = {m: {name: np.maximum(0.0, values[i]) for name, values in found.items()} for i, m in enumerate(MATRICES)}
    times, who = external
    later = (times >= begun) & (times < begun + piece)
    part = milo_bench(with_states(design, at), [(replace(phase, duration=piece), (times[later] - begun, who[later]))])
    file = folder / f"middle-{piece:g}s.npz"
    if quick:
        show("64 neurons, from the middle of training", f"middle at {begun:.2f} s", "ngspice left out by --quick")
        return
    theirs = referee(part, 20e-6, file)
    ours, seconds = run(device_plan(part), True)
    moved, still, count = replay_error(part, theirs)
    parted = spike_difference(Spikes(ours.times, ours.neurons), Spikes(theirs["times"], theirs["neurons"]))
    show(
        f"64 neurons, {piece:g} s of training from its middle ({begun:.2f} s)",
        f"{ours.times.size} spikes, {seconds:.2f} CPU s; replayed: states of {count} that moved within {moved:.1e} of "
        f"the range, others {still:.1e}; free: {told(part, parted, theirs)}",
        f"ngspice, steps of 20 us: {theirs['times'].size} spikes, {float(theirs['cpu']):.0f} CPU s, "
        f"{float(theirs['cpu']) / seconds:.0f} times as much",
    )  # fmt: skip


PARTS: dict[str, Callable[[Path, bool], None]] = {
    "fig3": fig3, "recall": recall, "training": training, "own-weights": own_weights, "perceptrons": perceptrons,
    "stuck": stuck, "costs": costs, "large": large, "recall-ngspice": recall_in_ngspice, "middle": middle,
}  # fmt: skip


def main() -> None:
    """Print the rows of the chosen parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--quick", action="store_true", help="small forms, under 60 s")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "rramcirc-device-level")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    print("| case | device level | peer or check |\n| --- | --- | --- |")
    for name in options.only:
        PARTS[name](options.folder, options.quick)


if __name__ == "__main__":
    sys.exit(main())
