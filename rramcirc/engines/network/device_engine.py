"""Testbenches of networks in the engine ``numpy``: run at device level, written as every engine does."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import SimulationError
from rramcirc.basics.version import __version__
from rramcirc.bench.spike_trains import check_train
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.elements import Probe
from rramcirc.engines.ending import Ending, limited, noted
from rramcirc.engines.network.device_plan import Plan, device_plan
from rramcirc.engines.network.device_record import NetworkReader, network_probes
from rramcirc.engines.network.device_run import DeviceResult, DeviceRun
from rramcirc.engines.network.device_validity import device_validity
from rramcirc.engines.outcome import Outcome
from rramcirc.engines.states import TOLERANCE, left_bounds
from rramcirc.waveforms.raw import RawPlot, read_raw, write_raw
from rramcirc.waveforms.spikes import Spikes
from rramcirc.waveforms.waveforms import Signal

RAW_FILE = "waves.raw"
MOST_AT_EDGES = 2000  # signals with which every edge is recorded besides the points of `max_step`
_KINDS = {"V": "voltage", "A": "current"}


def run_bench(
    bench: Testbench,
    folder: Path,
    progress: Callable[[float], None] | None = None,
    timeout: float | None = None,
    *,
    spikes: Spikes | None = None,
    threads: int = 1,
) -> Outcome:
    """Run a network testbench and write waves.raw; after a failure, what was computed until then.

    Recorded are points every ``max_step`` and, with up to `MOST_AT_EDGES` signals, both sides of every edge.

    Parameters
    ----------
    bench
        A `HopfieldNetwork` or `Perceptron` of ideal neurons, with a transient.
    folder
        The run folder.
    progress, timeout
        Called with the time [s]; wall-clock limit [s].
    spikes
        Output spikes to replay.
    threads
        Over which the cells are divided; the result is the same to the last bit.

    Raises
    ------
    ParameterError
        If the device level cannot do the testbench; names what.
    """
    plan = device_plan(bench)
    forced = None if spikes is None else check_train(spikes.times, spikes.neurons, plan.shape[2])
    probes = network_probes(bench, plan)
    reader = NetworkReader(probes, plan, bench)
    wall, cpu, ending = time.perf_counter(), time.process_time(), Ending()
    listen = limited(progress, timeout)
    run: DeviceRun | None = None
    used: dict[str, float] = {}
    with noted(ending):
        run = DeviceRun(
            plan, _grid(bench, plan), edges=len(probes) <= MOST_AT_EDGES, watched=reader.watched, spikes=forced,
            threads=threads, temperature=bench.temperature,
        )  # fmt: skip
        for k, span in enumerate(bench.spans):
            if span.reset and span.start > 0.0:
                run.reset()
            run.advance(span.stop, span.learning, listen)
            used |= {f"phase {k}: {name}": value for name, value in run.energy().items()}
    if run is None:
        return Outcome("numpy", ending.status, ending.problems, signal=ending.signal, version=_version())
    result = run.finish(whole=ending.status == "done")
    axis, values = reader.values(result)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    plots: tuple[RawPlot, ...] = ()
    if len(axis):
        write_raw(folder / RAW_FILE, [_plot(bench, probes, axis, values, ending.status == "done")])
        plots = tuple(read_raw(folder / RAW_FILE))
    status, problems = ending.status, ending.problems
    if status == "done" and (outside := _outside(result)):
        status, problems = "failed", outside
    remarks: list[str] = []
    if status == "done":
        carried, remarks = device_validity(bench, plan, result.bank)
        status, problems = ("failed", tuple(carried)) if carried else (status, problems)
    return Outcome(
        engine="numpy",
        status=status,
        problems=problems,
        plots=plots,
        signals=tuple(Signal(p.name, p.unit, p.name, 1, p.description) for p in probes),
        wall_seconds=wall,
        cpu_seconds=cpu,
        signal=ending.signal,
        version=_version(),
        remarks=tuple(remarks),
        notes=(asleep_text(result.figures),),
        figures=_figures(result) | used | {"common_mode": plan.neuron.pulses.common_mode},
        spikes=Spikes(result.times, result.neurons),
        cause=None if isinstance(ending.cause, (SimulationError, TimeoutError)) else ending.cause,
    )


def asleep_text(figures: Mapping[str, float]) -> str:
    """Return the sentence that tells what was neglected while cells slept."""
    return (
        f"cells asleep: all reads together moved no state by more than {figures['neglected_reads']:.1e} of its range, "
        f"pulses with a closed gate by {figures['neglected_half_selected']:.1e}; one edge of a gate displaces "
        f"{figures['gate_charge']:.1e} of the threshold charge"
    )


def _outside(result: DeviceResult) -> tuple[str, ...]:
    """Return one sentence per state that left its bounds, as the other engines tell it."""
    bank, found = result.bank, []
    for name, bounds in bank.cell.rram.state_bounds().items():
        if bounds is None:
            continue
        low, high = float(np.min(bounds[0])), float(np.max(bounds[1]))
        values, start = bank.states()[name], bank.start[name]
        margin = TOLERANCE * (high - low)
        away = np.maximum(np.minimum(low, start) - margin - values, values - np.maximum(high, start) - margin)
        if (bad := away > 0.0).any():
            m, i, j = (int(k) for k in np.unravel_index(int(away.argmax()), away.shape))
            place = f"{('exc', 'inh')[m]}_{i}_{j}"
            time = float(result.points[-1, 0]) if len(result.points) else 0.0
            found.append(left_bounds(name, "", place, (low, high), float(values[m, i, j]), time, int(bad.sum())))
    return tuple(found)


def _version() -> str:
    return f"rramcirc {__version__} numpy"


def _grid(bench: Testbench, plan: Plan) -> FloatArray:
    """Return the times at which signals are recorded in any case [s]."""
    step, start = bench.analysis.largest_step or plan.stop, getattr(bench.analysis, "record_from", 0.0)
    count = int(np.ceil((plan.stop - start) / step * (1 - 1e-12)))
    return np.append(start + step * np.arange(count), plan.stop)


def _figures(result: DeviceResult) -> dict[str, float | str]:
    return {**result.figures, "numba": version("numba")}


def _plot(bench: Testbench, probes: tuple[Probe, ...], axis: FloatArray, values: FloatArray, complete: bool) -> RawPlot:
    return RawPlot.from_columns(
        ["time", *(p.name for p in probes)], ["time", *(_KINDS.get(p.unit, p.unit) or "notype" for p in probes)],
        [axis, *values.T], title=bench.title, plotname=bench.analysis.plot_name, complete=complete,
    )  # fmt: skip
