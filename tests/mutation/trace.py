"""A pytest plugin that writes which lines of rramcirc each test executes, and how long it takes.

`python -m pytest -p trace` with TRACE_FOLDER set and this folder on PYTHONPATH. Compiled (numba) functions and child
processes are not seen. A test is ended after 6 s of processor time (TRACE_SECONDS): a mutant is given little more for
all of its tests. Such a test fails here, and what fails without a fault is not used.
"""

from __future__ import annotations

import json
import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

FOLDER = Path(os.environ["TRACE_FOLDER"])
SECONDS = float(os.environ.get("TRACE_SECONDS", "6"))
DATA = str(FOLDER / f"lines.{os.getpid()}")
COVERAGE = coverage.Coverage(data_file=DATA, source_pkgs=["rramcirc"], config_file=False)
COVERAGE.start()
tests: dict[str, dict[str, object]] = {}


def cpu() -> float:
    """Return the processor time of this process and its ended children [s]."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def _too_long(*_: object) -> None:
    pytest.fail(f"more than {SECONDS:g} s of processor time")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    COVERAGE.switch_context(item.nodeid)
    start = cpu()
    signal.signal(signal.SIGPROF, _too_long)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    yield
    signal.setitimer(signal.ITIMER_PROF, 0.0)
    tests.setdefault(item.nodeid, {})["cpu"] = round(cpu() - start, 3)
    COVERAGE.switch_context("")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        tests.setdefault(report.nodeid, {})["outcome"] = report.outcome


def pytest_sessionfinish() -> None:
    COVERAGE.stop()
    COVERAGE.save()
    (FOLDER / f"tests.{os.getpid()}.json").write_text(json.dumps(tests))
