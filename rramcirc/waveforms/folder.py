"""Run folders: what a simulation leaves behind, so that it can be read, repeated and trusted."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rramcirc.basics.arguments import file_name
from rramcirc.basics.errors import ParameterError, WaveformError, cannot_write
from rramcirc.basics.version import __version__
from rramcirc.waveforms.raw import RawPlot, read_raw
from rramcirc.waveforms.signals import read_signals
from rramcirc.waveforms.waveforms import Waveforms

RECORD = "run.json"
NETLIST = "netlist.cir"
RAW = "waves.raw"
RUNNING = "running"  # status of a run that has not ended, or was killed together with rramcirc


def prepare_folder(folder: Path) -> Path:
    """Make an empty run folder; an existing one is replaced only if rramcirc made it.

    Raises
    ------
    ParameterError
        If the folder exists and holds no run.json of ours, or cannot be made.
    """
    try:
        if folder.exists():
            if not folder.is_dir() or (any(folder.iterdir()) and not _is_ours(folder)):
                raise ParameterError(
                    f"{folder} exists and is no run folder of rramcirc, so it is left alone. Choose another with -o."
                )
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        (folder / RECORD).write_text(json.dumps({"rramcirc": __version__, "status": RUNNING}))
    except OSError as error:
        raise cannot_write(f"run folder {folder}", error) from error
    return folder


def _is_ours(folder: Path) -> bool:
    try:
        return "rramcirc" in json.loads((folder / RECORD).read_text())
    except (OSError, ValueError):
        return False


def write_record(folder: Path, record: Mapping[str, object]) -> None:
    """Write run.json: status, versions, hashes, seed, timings."""
    head = {"rramcirc": __version__, "written": datetime.now(UTC).isoformat(timespec="seconds")}
    head |= {"python": platform.python_version(), "machine": platform.machine()}
    try:
        (folder / RECORD).write_text(json.dumps(head | dict(record), indent=1) + "\n")
    except OSError as error:
        raise cannot_write(folder / RECORD, error) from error


def read_record(folder: Path) -> dict[str, Any]:
    """Read run.json.

    Raises
    ------
    WaveformError
        If the folder is no run folder.
    """
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text())
    except FileNotFoundError:
        raise WaveformError(
            f"{folder} is no run folder: it has no {RECORD}. `rramcirc simulate -o {folder}` makes one."
        ) from None
    except (OSError, ValueError) as error:
        raise WaveformError(f"{folder / RECORD} cannot be read: {error}.") from error
    return record


def load_run(folder: Path | str) -> Waveforms:
    """Read the waveforms of a run folder, with the units and signs of its own signal table."""
    folder = file_name(folder, "load_run")
    record = read_record(folder)
    netlist, raw = folder / NETLIST, folder / RAW
    if not raw.exists():
        raise WaveformError(f"{folder} has no {RAW}; status of the run: {record.get('status')}.")
    plot = main_plot(read_raw(raw))
    if plot is None:
        raise WaveformError(f"{raw} holds no waveforms; status of the run: {record.get('status')}.")
    signals = read_signals(netlist) if netlist.exists() else []
    return Waveforms.from_raw(plot, signals or None, record)


def main_plot(plots: Sequence[RawPlot]) -> RawPlot | None:
    """Return the plot that a run is about, where a netlist has several analyses; None if there is none.

    It is the last transient with points, else the last AC analysis, DC sweep, noise spectrum or S-parameter analysis,
    in this order, else the first plot with points.
    """
    filled = [plot for plot in plots if plot.n_points]
    for kind in ("transient", "ac analysis", "dc transfer", "noise spectral", "sp analysis"):
        found = [plot for plot in filled if plot.plotname.lower().startswith(kind)]
        if found:
            return found[-1]
    return next(iter(filled or plots), None)
