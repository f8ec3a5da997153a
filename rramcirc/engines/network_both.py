"""A network in ngspice and at device level: free runs up to the first spike that differs, states in replay.

Networks are chaotic: one spike near the threshold that differs makes another run of it, in ngspice as between engines.
So free runs are compared up to there, and how near the threshold it was is told; states are compared in a run at device
level in which the neurons fire when they did in ngspice. The referee, ngspice, is refined until it agrees with itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rramcirc.basics.arguments import file_name
from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import SimulationError
from rramcirc.basics.units import format_number
from rramcirc.bench.analyses import Transient
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron
from rramcirc.engines.provenance import bench_origin, provenance
from rramcirc.engines.simulation import simulate
from rramcirc.waveforms.folder import run_folder, write_record
from rramcirc.waveforms.spikes import Spikes
from rramcirc.waveforms.waveforms import Waveforms

FIRST_STEP = 20e-6  # [s] of the referee
REFINEMENTS = 4  # each halves the step
SETTLED_SPIKES, SETTLED_STATES = 5e-6, 5e-4  # [s], of the range: what the referee may still move by
SAME = 20e-6  # [s] within which spikes are the same
STATES_WITHIN = 2e-3  # of the range, default tolerance
MOVED = 0.02  # of the range; less is a state that stood still or is saturated
REFEREE = {"reltol": "1e-5"}
LOOKS = 400


@dataclass(frozen=True)
class SpikeDifference:
    """Two runs up to their first spike that differs.

    Attributes
    ----------
    same
        Spikes before it, of each run.
    largest
        How far these are apart at most [s].
    time, neuron, run
        The first that differs: when [s], who, and in which run it fired (0 or 1); None if all are the same.
    """

    same: int
    largest: float
    time: float | None = None
    neuron: int = 0
    run: int = 0


@dataclass(frozen=True)
class StateDifference:
    """How far the states of two runs are apart at most, of their ranges, at all looks.

    Attributes
    ----------
    moved, still
        Over states that moved by more than 2 % of the range, and over all others.
    count
        Number of states that moved.
    name, at
        The worst of those that moved, and when [s].
    """

    moved: float
    still: float
    count: int
    name: str = ""
    at: float = 0.0


@dataclass(frozen=True)
class NetworkComparison:
    """What `compare_network` found; `referee` and `referee_states` are ngspice against itself at half the step."""

    step: float
    referee: SpikeDifference
    referee_states: StateDifference
    free: SpikeDifference
    distance: float | None
    replayed: StateDifference
    spikes: dict[str, int]
    seconds: dict[str, float]

    def text(self) -> str:
        """Return the report that is printed."""
        lines = [
            f"ngspice at steps of {format_number(self.step, 's')}, its own error: spikes "
            f"{format_number(self.referee.largest, 's')}{_until(self.referee)}, states {self.referee_states.moved:.1e} "
            "of the range",
            f"free runs: {self.spikes['numpy']} spikes in numpy, {self.spikes['ngspice']} in ngspice; the first "
            f"{self.free.same} the same, within {format_number(self.free.largest, 's')}",
        ]
        if self.free.time is not None:
            who = ("numpy", "ngspice")[self.free.run]
            near = "" if self.distance is None else f", {1e3 * self.distance:.3g} mV below the threshold in the other"
            lines.append(
                f"first difference: neuron {self.free.neuron} fires at {self.free.time:.6g} s in {who} only{near}"
            )
        lines.append(
            f"replayed spikes of ngspice: {self.replayed.count} states that moved by more than {MOVED:g} of the range "
            f"within {self.replayed.moved:.1e} of it (worst {self.replayed.name or '-'} at {self.replayed.at:.4g} s), "
            f"all others within {self.replayed.still:.1e}"
        )
        lines.append(", ".join(f"{name} {seconds:.3g} s CPU" for name, seconds in self.seconds.items()))
        return "\n".join(lines)


def _title(found: SpikeDifference) -> str:
    return "all spikes the same" if found.time is None else f"the same up to {format_number(found.time, 's')}"


def _until(found: SpikeDifference) -> str:
    return "" if found.time is None else f" until {found.time:.4g} s, where two of its runs part"


def compare_network(
    bench: Testbench,
    output: Path | str,
    *,
    timeout: float | None = None,
    progress: Callable[[float], None] | None = None,
) -> NetworkComparison:
    """Run a network in ngspice, at device level, and at device level with the spikes of ngspice; compare them.

    The runs are kept in ``output/ngspice-0`` and finer, ``output/numpy``, ``output/replay``, both rasters in
    ``output/rasters.png``. Steps of ngspice are halved, from 20 us, until no spike moves by 5 us and no state by 5e-4
    of its range, at most four times; its own error is told.

    Parameters
    ----------
    bench
        A `HopfieldNetwork` or `Perceptron` that both can do.
    output
        Run folder.
    timeout
        Wall-clock limit of each run in ngspice [s].
    progress
        Called with the simulated time [s] of each run.
    """
    from rramcirc.figures.networks import plot_raster

    with run_folder(file_name(output, "compare_network: output")) as folder:
        watching = _watching(bench)
        free = simulate(watching, "numpy", output=folder / "numpy", progress=progress)
        step, circuit, own, own_states = _refined(watching, folder / "ngspice", timeout, progress)
        replayed = simulate(watching, "numpy", output=folder / "replay", spikes=circuit, progress=progress)
        spikes = {"numpy": spikes_of(free), "ngspice": spikes_of(circuit)}
        parted = spike_difference(spikes["numpy"], spikes["ngspice"])
        found = NetworkComparison(
            step, own, own_states, parted, _distance(bench, parted, (free, circuit)),
            state_difference(bench, replayed, circuit), {name: len(one) for name, one in spikes.items()},
            {name: float(waves.provenance["cpu_seconds"]) for name, waves in (("numpy", free), ("ngspice", circuit))},
        )  # fmt: skip
        plot_raster({"numpy": free, "ngspice": circuit}, folder / "rasters.png", title=_title(parted))
        record = {"status": "done", "engine": "both", "comparison": found.text().splitlines()}
        write_record(folder, provenance(bench_origin(bench)) | record)
        return found


def check_network(found: NetworkComparison, tolerance: float = STATES_WITHIN) -> None:
    """Raise SimulationError if states in replay are further apart than the tolerance, of their range."""
    worst = max(found.replayed.moved, found.replayed.still)
    if worst > tolerance:
        raise SimulationError(
            f"the engines differ: states in replay by {worst:.2e} of the range, more than {tolerance:g} "
            f"({found.replayed.name}); ngspice by itself is off by {found.referee_states.moved:.1e}. --tolerance sets "
            "the bound."
        )


def _watching(bench: Testbench) -> Testbench:
    """Return the testbench with what is compared among its probes: membranes and states."""
    design = bench.design
    assert isinstance(design, (HopfieldNetwork, Perceptron))  # by the door
    matrices = [f"_{name}" for name in design.synapse_matrices] if len(design.synapse_matrices) > 1 else [""]
    wanted = ["v(mem*)", *(f"{state}{matrix}[*,*]" for state in design.cell.states for matrix in matrices)]
    return replace(bench, probes=tuple(dict.fromkeys((*bench.probes, *wanted))))


def _refined(
    bench: Testbench, output: Path, timeout: float | None, progress: Callable[[float], None] | None
) -> tuple[float, Waveforms, SpikeDifference, StateDifference]:
    """Return step [s], run and own error of ngspice, refined until it agrees with itself or `REFINEMENTS` are done."""
    options = {**REFEREE, **bench.options} if "reltol" not in bench.options else dict(bench.options)
    step = min(FIRST_STEP, bench.analysis.largest_step or FIRST_STEP)
    stop, start = bench.analysis.last_time, getattr(bench.analysis, "record_from", 0.0)
    assert stop is not None  # a transient, or the first run had refused it
    before: Waveforms | None = None
    for k in range(REFINEMENTS + 1):
        fine = replace(bench, analysis=Transient(stop, step, start), options=options)
        waves = simulate(fine, output=output.with_name(f"{output.name}-{k}"), timeout=timeout, progress=progress)
        if before is not None:
            spikes = spike_difference(spikes_of(before), spikes_of(waves))
            states = state_difference(bench, before, waves, until=spikes.time)
            settled = spikes.largest < SETTLED_SPIKES and states.moved < SETTLED_STATES and spikes.time is None
            if settled or k == REFINEMENTS:
                return step, waves, spikes, states
        before, step = waves, step / 2
    raise AssertionError("the loop returns")


def spikes_of(waves: Waveforms) -> Spikes:
    """Return the spikes of a run of a network."""
    assert waves.spikes is not None  # every engine tells them
    return waves.spikes


def spike_difference(first: Spikes, second: Spikes, within: float = SAME) -> SpikeDifference:
    """Compare two runs spike by spike, neuron by neuron, up to the first that has no partner within `within` [s].

    Examples
    --------
    >>> spike_difference(Spikes([1.0, 2.0], [0, 1]), Spikes([1.0 + 1e-6, 2.5], [0, 1])).same
    1
    """
    parted: tuple[float, int, int] | None = None
    partners: list[tuple[float, float]] = []
    for neuron in np.union1d(first.neurons, second.neurons).tolist():
        a, b = first.of(neuron), second.of(neuron)
        for k in range(max(a.size, b.size)):
            one, other = a[k] if k < a.size else np.inf, b[k] if k < b.size else np.inf
            if abs(one - other) > within:
                at = (float(min(one, other)), neuron, int(other < one))
                parted = at if parted is None else min(parted, at)
                break
            partners.append((float(min(one, other)), float(abs(one - other))))
    before = [off for time, off in partners if parted is None or time < parted[0]]
    largest = max(before, default=0.0)
    return SpikeDifference(len(before), largest) if parted is None else SpikeDifference(len(before), largest, *parted)


def state_difference(
    bench: Testbench, first: Waveforms, second: Waveforms, until: float | None = None
) -> StateDifference:
    """Compare the states of two runs at `LOOKS` times, up to `until` [s]."""
    bounds = bench.design.cell.rram.state_ranges()  # type: ignore[attr-defined]  # a network
    stop = min(first.time[-1], second.time[-1])
    looks = np.linspace(max(first.time[0], second.time[0]), stop if until is None else min(stop, until), LOOKS)
    moved, still, count, worst = 0.0, 0.0, 0, ("", 0.0)
    for name in second.names:
        state = name.split("[")[0].removesuffix("_exc").removesuffix("_inh")
        span = bounds.get(state) if "[" in name else None
        if span is None:
            continue
        size = float(np.max(span[1]) - np.min(span[0]))
        ours, theirs = (np.interp(looks, waves.time, waves[name]) for waves in (first, second))
        off: FloatArray = np.abs(ours - theirs) / size
        if np.ptp(theirs) > MOVED * size:
            count += 1
            if off.max() > moved:
                moved, worst = float(off.max()), (name, float(looks[off.argmax()]))
        else:
            still = max(still, float(off.max()))
    return StateDifference(moved, still, count, *worst)


def _distance(bench: Testbench, parted: SpikeDifference, runs: tuple[Waveforms, Waveforms]) -> float | None:
    """Return how far below the threshold the membrane came that did not fire with the other [V]; None without."""
    if parted.time is None:
        return None
    other = runs[1 - parted.run]
    near = (other.time >= parted.time - 2 * SAME) & (other.time <= parted.time + 2 * SAME)
    membrane = other[f"v(mem{parted.neuron})"]
    top = max(float(np.interp(parted.time, other.time, membrane)), float(membrane[near].max(initial=-np.inf)))
    return float(bench.design.neuron.threshold) - top  # type: ignore[attr-defined]  # a network
