"""What becomes of a run: run.json, and its waveforms or the paragraph that says why there are none."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rramcirc.basics.errors import EnvironmentProblem, SimulationError, WaveformError
from rramcirc.engines.outcome import Outcome
from rramcirc.engines.provenance import Origin, provenance
from rramcirc.waveforms.folder import NETLIST, RAW, main_plot, write_record
from rramcirc.waveforms.waveforms import Waveforms

_NETLISTS = {"ngspice": NETLIST, "vacask": "netlist.sim"}
SAME_TEMPERATURE = 2e-6  # [K]; ngspice prints six decimals


def finish(outcome: Outcome, folder: Path, origin: Origin) -> Waveforms:
    """Write run.json and return the waveforms, or raise with what is known about the failure.

    Raises
    ------
    SimulationError
        If the run failed or its result cannot be trusted.
    EnvironmentProblem
        If the machine is to blame.
    KeyboardInterrupt, SystemExit
        If it was interrupted by the user, or ended by another signal.
    """
    ran_at, told = outcome.temperature, origin.temperature
    if ran_at is not None and (told is None or abs(ran_at - told) > SAME_TEMPERATURE):
        origin = replace(origin, temperature=ran_at)
    plot = main_plot(outcome.plots)
    record = provenance(origin) | {
        "status": outcome.status,
        "engine": outcome.engine,
        "engine_version": outcome.version,
        "problems": list(outcome.problems),
        "exit_code": outcome.exit_code,
        "wall_seconds": round(outcome.wall_seconds, 6),
        "cpu_seconds": round(outcome.cpu_seconds, 6),
        "points": plot.n_points if plot else 0,
        "plots": [{"name": p.plotname, "points": p.n_points} for p in outcome.plots],
        "remarks": list(outcome.remarks),
        **({"notes": list(outcome.notes)} if outcome.notes else {}),
        **outcome.figures,
        **({"measurements": dict(outcome.measurements)} if outcome.measurements else {}),
    }
    if outcome.spikes is not None:
        outcome.spikes.save(folder)
        record["spikes"] = len(outcome.spikes)
    write_record(folder, record)
    if outcome.status == "interrupted":
        if outcome.signal not in (0, signal.SIGINT):
            raise SystemExit(128 + outcome.signal)
        raise KeyboardInterrupt(f"interrupted; what was computed is in {folder}")
    if outcome.cause is not None:
        raise outcome.cause
    partial = plot is not None and plot.n_points > 0
    if outcome.status != "done":
        blame = EnvironmentProblem if outcome.machine else SimulationError
        raise blame(failure_text(outcome.engine, outcome.problems, folder, partial))
    try:
        if plot is None:
            raise WaveformError("the raw file holds no points")
        return replace(Waveforms.from_raw(plot, outcome.signals or None, record), spikes=outcome.spikes)
    except WaveformError as error:
        raise SimulationError(failure_text(outcome.engine, (str(error),), folder, True)) from error


def failure_text(engine: str, problems: Sequence[str], folder: Path, partial: bool) -> str:
    """Return the one paragraph that a failed run prints."""
    shown = "; ".join(dict.fromkeys(problems[:4])) + (f"; and {len(problems) - 4} more" if len(problems) > 4 else "")
    kept = f" What was computed until then is in {folder / RAW} (`rramcirc inspect {folder}`)." if partial else ""
    if engine in ("numpy", "network"):
        return f"{engine} failed: {shown.removesuffix('.')}.{kept}"
    return f"{engine} failed: {shown}.{kept} Netlist: {folder / _NETLISTS[engine]}, log: {folder / f'{engine}.log'}."
