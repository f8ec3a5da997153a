"""Sweeps: a testbench or function run at many points; what has ended is kept, however the sweep itself ends."""

from __future__ import annotations

import platform
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rramcirc.basics.arguments import check_kind, file_name
from rramcirc.basics.errors import ParameterError, a_kind, shown, unknown_name
from rramcirc.basics.signals import raise_if_asked
from rramcirc.basics.units import positive_number, whole_number
from rramcirc.bench.file.write import save_bench
from rramcirc.sweeps.batch import BatchTarget
from rramcirc.sweeps.cache import size_limit
from rramcirc.sweeps.foreign import run_in
from rramcirc.sweeps.function_target import Function, FunctionTarget, UnknownMeasurement
from rramcirc.sweeps.plan import Plan, Point, make_plan
from rramcirc.sweeps.pool import Pool, usable_cores, work_folder
from rramcirc.sweeps.record import RunRecord
from rramcirc.sweeps.result import RECORD, TABLE, SweepResult, load_sweep, made_result
from rramcirc.sweeps.targets import KEPT, BenchTarget, Finished, Target

if TYPE_CHECKING:
    from rramcirc.bench.testbench import Testbench

Progress = Callable[[int, int, Mapping[str, int]], None]
_RUNS, _BENCH = "runs", "bench.toml"


def sweep(
    what: Testbench | Function,
    *,
    measure: Sequence[str] = (),
    grid: Mapping[str, object] | None = None,
    rows: Mapping[str, object] | None = None,
    corners: Mapping[str, Mapping[str, object]] | None = None,
    draws: Mapping[str, object] | None = None,
    count: int = 1,
    method: str = "random",
    seed: int = 0,
    engine: str = "ngspice",
    batch: bool = False,
    jobs: int | None = None,
    executor: Executor | None = None,
    timeout: float | None = None,
    output: Path | str | None = None,
    resume: bool = False,
    keep: str = "none",
    again: bool = False,
    progress: Progress | None = None,
) -> SweepResult:
    """Run a testbench at many points and measure each; one run that fails, hangs or crashes stops no other.

    Parameters
    ----------
    what
        A testbench, whose fields are set by path as ``--set`` does (``"stimuli.bl.amplitude"``,
        ``"design.rram.values.ea"``); or a function of (values by name, seed) that returns numbers by name, or
        (number, unit).
    measure
        Measurements of each run of a testbench, as `rramcirc.measure` reads them.
    grid
        Path -> values: a list, ``"FROM:TO:N"`` or ``"FROM:TO:N:log"``; all combinations are run.
    rows
        Path -> values that go together, row by row.
    corners
        Name -> {path: value}; ``"sigma(K)"`` is K standard deviations of the card's spread from its nominal value.
    draws
        Path -> ``"normal(MEAN, SIGMA)"``, ``"lognormal(MEDIAN, SIGMA)"``, ``"uniform(LOW, HIGH)"``, ``"card"`` (the
        spread of the card, for a field `rram_parameters`), ``"seed"`` (the seed of the run).
    count
        Draws at each combination of the others.
    method
        ``"random"``, or ``"sobol"``, ``"halton"``, ``"latin"``: draws that fill their space evenly; ``"saltelli"``:
        count * (number of draws + 2) runs, from which `sensitivity_indices` has the indices of Sobol.
    seed
        Of all draws; that of a run follows from it and the run's number, whoever runs it, in whatever order.
    engine
        As of `simulate`.
    batch
        Solve many cells together, with engine ``"numpy"``: a cell in a transient, measured by ``final(...)`` and
        ``at(..., TIME)`` of states and ``i(bl)``, by `rramcirc.devices.pulses.response`: without the capacitances of
        device and transistor, each cell with steps of its own. Some thousand cells a second.
    jobs
        Worker processes, one thread each; default as many as cores. 0 runs in this process, which a hung run stops.
    executor
        A `concurrent.futures.Executor` to use instead. What it cannot do: end a run that hangs in compiled code, or go
        on after its processes died.
    timeout
        Limit of one run [s].
    output
        Folder of the sweep: record, table, kept runs. Without it nothing is kept.
    resume
        Go on with the sweep that `output` holds: only what is missing is run.
    keep
        Run folders with waveforms that are kept: ``"none"``, ``"failed"``, ``"all"``.
    again
        Simulate also what a sweep has simulated before. Otherwise runs that are identical (netlist, compiled models,
        options, versions) and ended well are taken from the run cache, a thousand MB in the cache folder; column
        ``cached`` of the table says which. A batch, a function and runs whose folders are all kept are always run.
    progress
        Called with (finished runs, all runs, finished runs by status).

    Returns
    -------
    SweepResult

    Raises
    ------
    ParameterError
        If the sweep cannot be meant, or the folder holds another one.
    EnvironmentProblem
        If the machine lacks what every run needs.
    """
    from rramcirc.bench.testbench import Testbench

    plan = make_plan(grid, rows, corners, draws, count, method, seed)
    _check_call(engine, jobs, executor, timeout, keep)
    check_kind(again, bool, "sweep: again", "True or False")
    size_limit()
    folder = None if output is None else file_name(output, "sweep: output")
    single = _target(what, measure, engine, timeout, keep, folder, again)
    target = _batch(single, jobs, executor) if batch else single
    points = list(plan.points())
    target.check(points[0], points[-1])
    _check_folder(folder, resume, plan)
    about = _about(plan, target)
    with RunRecord(None if folder is None else folder / RECORD, about) as record:
        if folder is not None and isinstance(what, Testbench):
            save_bench(what, folder / _BENCH)
        work = work_folder(folder)
        try:
            missing = [point for point in points if str(point.index) not in record]
            counts = Counter(piece["status"] for piece in record.pieces.values())
            for ended in _executed(target, missing, jobs, executor, work):
                record.add_all({str(point.index): _piece(target, point, found) for point, found in ended})
                counts.update(found.status for _, found in ended)
                if progress is not None:
                    progress(len(record), len(plan), counts)
        finally:
            shutil.rmtree(work, ignore_errors=True)
            result = made_result(about, record.pieces, folder)
            if folder is not None:
                result.save(folder)
                if isinstance(sys.exc_info()[1], UnknownMeasurement) and not record.pieces:
                    _leave_nothing(folder)
        return result


def _leave_nothing(folder: Path) -> None:
    """Remove what a sweep of nothing wrote, so that the mended command is not held for another one."""
    for name in (RECORD, _BENCH, f"{TABLE}.csv", f"{TABLE}.parquet"):
        (folder / name).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def _check_call(engine: object, jobs: object, executor: object, timeout: object, keep: object) -> None:
    from rramcirc.engines.simulation import ENGINES

    if engine not in ENGINES:
        raise ParameterError(f"sweep: {unknown_name('engine', str(engine), ENGINES)}")
    if jobs is not None:
        whole_number(jobs, "sweep: jobs", 0)
    if executor is not None and not isinstance(executor, Executor):
        raise ParameterError(f"sweep: executor: {a_kind(executor)} is no concurrent.futures.Executor.")
    if executor is not None and jobs is not None:
        raise ParameterError("sweep: give jobs or an executor, which has its own workers.")
    if timeout is not None:
        positive_number(timeout, "sweep: timeout")
    if keep not in KEPT:
        raise ParameterError(f"sweep: keep: {shown(keep)} is none of {', '.join(KEPT)}.")


def _target(
    what: object,
    measure: Sequence[str],
    engine: str,
    timeout: float | None,
    keep: str,
    folder: Path | None,
    again: bool,
) -> BenchTarget | FunctionTarget:
    """Return what is run at each point."""
    from rramcirc.bench.testbench import Testbench
    from rramcirc.circuits.bench_file import plain_tables

    if isinstance(measure, str) or not all(isinstance(text, str) for text in measure):
        raise ParameterError("sweep: measure: give a list of texts, as in ['final(gap)'].")
    if keep != "none" and folder is None:
        raise ParameterError(f"sweep: keep={keep!r} needs an output folder.")
    if isinstance(what, Testbench):
        if not measure:
            raise ParameterError("sweep: measure what? For example measure=['final(gap)', 'max(i(bl))'].")
        kept = None if folder is None else folder.resolve() / _RUNS
        return BenchTarget(plain_tables(what), engine, tuple(measure), timeout, keep, kept, again)
    if not callable(what):
        raise ParameterError(f"sweep: {a_kind(what)} is neither a Testbench nor a function.")
    if measure or keep != "none":
        raise ParameterError("sweep: a function returns its numbers itself; leave measure and keep out.")
    return FunctionTarget(what, timeout)


def _batch(target: BenchTarget | FunctionTarget, jobs: int | None, executor: Executor | None) -> BatchTarget:
    """Return the same runs, solved together."""
    if not isinstance(target, BenchTarget) or target.engine != "numpy":
        raise ParameterError("sweep: batch is for testbenches with engine='numpy' (--engine numpy).")
    if jobs or executor is not None or target.timeout is not None or target.keep != "none":
        raise ParameterError("sweep: a batch runs in this process; leave jobs, executor, timeout and keep out.")
    return BatchTarget(target)


def _check_folder(folder: Path | None, resume: bool, plan: Plan) -> None:
    """Refuse a folder of something else, and one with results unless the sweep is to go on there."""
    if folder is None:
        if resume:
            raise ParameterError("sweep: resume needs the output folder of the sweep that is to go on.")
        return
    record = folder / RECORD
    if record.is_file():
        if not resume:
            raise ParameterError(
                f"{folder} holds {load_sweep(folder).summary()}. Go on there with --resume (resume=True), or choose "
                "another folder with -o."
            )
    elif folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise ParameterError(f"{folder} exists and is no folder of a sweep, so it is left alone. Choose another.")
    elif resume:
        raise ParameterError(f"{folder} holds no sweep that could go on; leave --resume (resume=True) out.")


def _about(plan: Plan, target: Target | BatchTarget) -> dict[str, Any]:
    """Return what the record is of: what makes the numbers, not who computes them."""
    return {
        "name": "sweep", "runs": len(plan), "paths": list(plan.paths), "plan": plan.describe(),
        "own": target.own_values(path for corner in plan.corners.values() for path in corner),
        "units": target.units(plan.paths), "target": target.describe(),
    }  # fmt: skip


def _executed(
    target: Target | BatchTarget, points: Sequence[Point], jobs: int | None, executor: Executor | None, work: Path
) -> Iterator[list[tuple[Point, Finished]]]:
    """Yield how points ended, from whoever runs them."""
    if isinstance(target, BatchTarget):
        for together, found in target.run(points):
            raise_if_asked()
            yield list(zip(together, found, strict=True))
    elif executor is not None:
        yield from ([ended] for ended in run_in(executor, target, points, work))
    elif jobs == 0:
        target.prepare()
        for k, point in enumerate(points):
            raise_if_asked()
            yield [(point, target.run(point, work / f"run{k}"))]
    else:
        with Pool(target, usable_cores() if jobs is None else jobs, work) as pool:
            yield from ([ended] for ended in pool.run(points))


def _piece(target: Target | BatchTarget, point: Point, found: Finished) -> dict[str, object]:
    """Return a finished run as the record keeps it."""
    parameters = target.parameters(point) if found.parameters is None else dict(found.parameters)
    return {
        "corner": point.corner, "parameters": parameters, "seed": point.seed, "status": found.status,
        "reason": found.reason, "values": dict(found.values), "units": dict(found.units), "digest": found.digest,
        "seconds": round(found.seconds, 6), "cached": found.cached, "machine": platform.node(),
    }  # fmt: skip
