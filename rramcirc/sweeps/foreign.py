"""Runs of a sweep in an executor of somebody else, such as that of a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rramcirc.basics.errors import EnvironmentProblem, RramcircError
from rramcirc.basics.signals import raise_if_asked
from rramcirc.sweeps.plan import Point
from rramcirc.sweeps.pool import MOST_DEATHS, killed, usable_cores
from rramcirc.sweeps.targets import FAILED, KILLED, Finished, Target

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
    deaths: dict[int, int] = {}
    try:
        while True:
            for point in islice(waiting, AHEAD - len(running)):
                running[executor.submit(run_somewhere, target, point)] = point
            if not running:
                return
            done, _ = wait(running, timeout=1.0, return_when=FIRST_COMPLETED)
            raise_if_asked()
            for future in done:
                point, found = running.pop(future), _ending(future)
                if found.status == KILLED and future.exception() is None:  # as in worker processes of ours
                    deaths[point.index] = deaths.get(point.index, 0) + 1
                    if deaths[point.index] < MOST_DEATHS:
                        running[executor.submit(run_somewhere, target, point)] = point
                        continue
                    found = killed(found)
                yield point, found
    except (BrokenExecutor, CancelledError) as error:
        raise EnvironmentProblem(
            f"sweep: the executor gave up ({error or type(error).__name__}); it cannot be rebuilt here. What had ended "
            "is kept; go on with --resume (resume=True)."
        ) from error
    finally:
        for future in running:
            future.cancel()


def _ending(future: Future[Finished]) -> Finished:
    """Return how a run ended; what the executor itself says of it is a failure of this run.

    Raises
    ------
    RramcircError, BrokenExecutor, CancelledError
        What stops the whole sweep.
    """
    try:
        return future.result()
    except (RramcircError, BrokenExecutor, CancelledError):
        raise
    except Exception as error:
        name = type(error).__name__  # Dask says KilledWorker of a run at which several workers died
        text = str(error).partition("\n")[0]
        return Finished(KILLED, text) if name == "KilledWorker" else Finished(FAILED, f"{name}: {text}")


@contextmanager
def dask_executor(address: str, jobs: int | None = None) -> Iterator[Executor]:
    """Yield an executor whose runs are done by a Dask cluster.

    Parameters
    ----------
    address
        That of the scheduler, as ``tcp://HOST:8786``; ``"local"`` starts workers on this machine for the time being.
    jobs
        Number of local workers; default as many as cores.

    Raises
    ------
    EnvironmentProblem
        If Dask is not installed, or the scheduler does not answer.
    """
    try:
        import distributed
    except ImportError as error:
        raise EnvironmentProblem("Dask is not installed: pip install 'rramcirc[dask]'.") from error
    with ExitStack() as stack:
        dask: Any = distributed  # it has no types
        try:
            cluster: Any = address
            if address == "local":
                cluster = stack.enter_context(
                    dask.LocalCluster(n_workers=jobs or usable_cores(), threads_per_worker=1, dashboard_address=None)
                )
            client = stack.enter_context(dask.Client(cluster, timeout="10s"))
        except (OSError, ValueError) as error:
            raise EnvironmentProblem(f"no Dask scheduler answers at {address} ({error}).") from error
        yield stack.enter_context(client.get_executor())


def run_somewhere(target: Target, point: Point) -> Finished:
    """Run one point in a temporary folder of this machine."""
    with TemporaryDirectory(prefix="rramcirc-sweep-") as folder:
        return target.run(point, Path(folder) / "run")
