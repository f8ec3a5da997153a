"""Functions that sweeps of the tests run in worker processes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import rramcirc as rc


def square(values: Mapping[str, object], seed: int) -> dict[str, float]:
    """Return the square of x, and what a generator with the seed draws."""
    x = float(values["x"])
    return {"square": x * x, "drawn": float(seed)}


def trouble(values: Mapping[str, object], seed: int) -> dict[str, float]:
    """Do what the value `does` says."""
    does = values["does"]
    if does == "hang":
        time.sleep(1000)
    if does == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if does == "leave":
        os._exit(3)
    if does == "fail":
        raise rc.SimulationError("it did not converge")
    if does == "refuse":
        raise rc.ParameterError("x is too large")
    if does == "bug":
        raise ZeroDivisionError("division by zero")
    if does == "missing":
        raise rc.EnvironmentProblem("ngspice is not there")
    return {"one": 1.0}


def dies_once(values: Mapping[str, object], seed: int) -> dict[str, float]:
    """Kill the process at the first call with a value, as memory that ran out would."""
    mark = Path(str(values["folder"])) / f"{values['x']}"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"y": float(values["x"])}


def counted(values: Mapping[str, object], seed: int) -> dict[str, float]:
    """Leave a trace of every call."""
    with (Path(str(values["folder"])) / "calls").open("a") as file:
        file.write(f"{values['x']}\n")
    time.sleep(0.02)
    return {"y": float(values["x"])}
