"""Runs of a sweep in an executor of somebody else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from rramcirc.basics.errors import EnvironmentProblem
from rramcirc.basics.signals import raise_if_asked
from rramcirc.sweeps.plan import Point
from rramcirc.sweeps.targets import Finished, Target

AHEAD = 64  # runs that are handed over at a time


def run_in(executor: Executor, target: Target, points: Sequence[Point], work: Path) -> Iterator[tuple[Point, Finished]]:
    """Yield how each point ended.

    Parameters
    ----------
    executor
        What runs them. It is not shut down.
    target
        What a run is.
    points
        The runs.
    work
        Unused: the executor may be on another machine; a run has a temporary folder there.

    Raises
    ------
    EnvironmentProblem
        If the executor gives up.
    """
    waiting = iter(points)
    running: dict[Future[Finished], Point] = {}
    try:
        while True:
            for point in islice(waiting, AHEAD - len(running)):
                running[executor.submit(run_somewhere, target, point)] = point
            if not running:
                return
            done, _ = wait(running, timeout=1.0, return_when=FIRST_COMPLETED)
            raise_if_asked()
            for future in done:
                yield running.pop(future), future.result()
    except (BrokenExecutor, CancelledError) as error:
        raise EnvironmentProblem(
            f"sweep: the executor gave up ({error or type(error).__name__}); it cannot be rebuilt here. What had ended "
            "is kept; go on with --resume (resume=True)."
        ) from error
    finally:
        for future in running:
            future.cancel()


def run_somewhere(target: Target, point: Point) -> Finished:
    """Run one point in a temporary folder of this machine."""
    with TemporaryDirectory(prefix="rramcirc-sweep-") as folder:
        return target.run(point, Path(folder) / "run")
