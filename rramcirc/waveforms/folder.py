"""Run folders: what a simulation leaves behind, so that it can be read, repeated and trusted."""

from __future__ import annotations

import fcntl
import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rramcirc.basics.arguments import file_name
from rramcirc.basics.errors import ParameterError, WaveformError, cannot_write
from rramcirc.basics.version import __version__
from rramcirc.waveforms.raw import RawPlot, read_raw
from rramcirc.waveforms.signals import read_signals
from rramcirc.waveforms.spikes import FILE as SPIKES
from rramcirc.waveforms.spikes import load_spikes
from rramcirc.waveforms.waveforms import Waveforms

RECORD = "run.json"
NETLIST = "netlist.cir"
RAW = "waves.raw"
# what any run may leave, for one that was killed before it could say so
OWN_FILES = (NETLIST, "netlist.sim", RAW, "ngspice.log", "vacask.log", "bench.toml", SPIKES)
RUNNING = "running"  # status of a run that has not ended, or was killed together with rramcirc
_NEW = f"{RECORD}.rramcirc"  # what becomes run.json, in one move: nobody ever sees half of one
_OURS = (RECORD, _NEW)


def prepare_folder(folder: Path) -> Path:
    """Make a run folder ready for a run; of an earlier run only the files that its run.json lists go.

    Whenever it is cut off, the folder has a run.json that says what is ours.

    Raises
    ------
    ParameterError
        If the folder holds files but no run.json of ours, the run would write over a file that none wrote, another run
        is writing into it, or it cannot be made. Nothing is touched then.
    """
    try:
        if folder.exists() and not (folder.is_dir() and (_is_ours(folder) or _is_empty(folder))):
            raise ParameterError(
                f"{folder} exists and is no run folder of rramcirc, so it is left alone. Choose another with -o."
            )
        folder.mkdir(parents=True, exist_ok=True)
        old = _listed(folder)
        kept = [name for name in _content(folder) if name not in old]
        if over := [name for name in OWN_FILES if name in kept]:
            raise ParameterError(
                f"{folder} holds {', '.join(over)}, which no run wrote, and which a run would write over. Move it, or "
                "choose another folder with -o."
            )
        files = [*OWN_FILES, *(name for name in old if name not in OWN_FILES)]
        _replace(folder, {"rramcirc": __version__, "status": RUNNING, "files": files, "kept": kept})
        _remove(folder, old)
    except OSError as error:
        raise cannot_write(f"run folder {folder}", error) from error
    return folder


@contextmanager
def run_folder(folder: Path) -> Iterator[Path]:
    """Prepare a run folder and hold it: a second run into it is refused until this one has ended.

    Raises
    ------
    ParameterError
        As `prepare_folder`, or if another run holds it.
    """
    if not folder.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(f"run folder {folder}", error) from error
    with _hold(folder) if folder.is_dir() else nullcontext():
        prepare_folder(folder)
        try:
            yield folder
        except BaseException as error:
            _note_end(folder, error)
            raise


def _note_end(folder: Path, error: BaseException) -> None:
    """Say in run.json how a run ended that was cut off before it could say so itself."""
    if _is_ours(folder) and read_record(folder).get("status") == RUNNING:
        status = "failed" if isinstance(error, Exception) else "interrupted"
        text = str(error) or ("interrupted by the user" if isinstance(error, KeyboardInterrupt) else repr(error))
        write_record(folder, {"status": status, "problems": [text]})


@contextmanager
def _hold(folder: Path) -> Iterator[None]:
    """Lock a folder for as long as the process lives, or until the end of the block."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise cannot_write(f"run folder {folder}", error) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ParameterError(
                f"{folder}: another run is writing into this folder. Wait for it, or choose another with -o."
            ) from None
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(handle)


def _is_ours(folder: Path) -> bool:
    try:
        record = json.loads((folder / RECORD).read_text())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(record, dict) and isinstance(record.get("rramcirc"), str) and "status" in record


def _is_empty(folder: Path) -> bool:
    return all(path.name == _NEW for path in folder.iterdir())  # that of a run that was killed as it began


def _content(folder: Path) -> list[str]:
    """Return the names in a folder but for its record."""
    return sorted(path.name for path in folder.iterdir() if path.name not in _OURS)


def _listed(folder: Path) -> list[str]:
    """Return the names of the files and folders there that an earlier run wrote."""
    if not _is_ours(folder):
        return []
    record = json.loads((folder / RECORD).read_text())
    listed, kept = record.get("files", OWN_FILES), _kept(folder)
    names = [name for name in listed if isinstance(name, str)] if isinstance(listed, (list, tuple)) else []
    return [name for name in _content(folder) if name in names and name not in kept]


def _remove(folder: Path, names: Sequence[str]) -> None:
    """Remove what an earlier run wrote into its folder, and nothing else; of folders, those of its own runs."""
    for name in names:
        path = folder / name
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.is_dir() and _is_ours(path):
            _remove(path, _listed(path))
            if not _content(path):
                for own in _OURS:
                    (path / own).unlink(missing_ok=True)
                path.rmdir()


def _replace(folder: Path, record: Mapping[str, object]) -> None:
    """Write run.json at once: whoever reads it finds the old one or the new one, even if we are killed."""
    (folder / _NEW).unlink(missing_ok=True)
    (folder / _NEW).write_text(json.dumps(record, indent=1) + "\n")
    os.replace(folder / _NEW, folder / RECORD)


def write_record(folder: Path, record: Mapping[str, object], planned: Sequence[str] = ()) -> None:
    """Write run.json: status, versions, hashes, seed, timings, and the files that the run wrote or is about to."""
    head: dict[str, object] = {"rramcirc": __version__, "written": datetime.now(UTC).isoformat(timespec="seconds")}
    head |= {"python": platform.python_version(), "machine": platform.machine()}
    kept = _kept(folder)
    try:
        names = sorted({*_content(folder), *planned} - set(kept))
        tail = {"files": names, "kept": kept}
        _replace(folder, head | dict(record) | tail)
    except OSError as error:
        raise cannot_write(folder / RECORD, error) from error


@contextmanager
def adding_files(folder: Path, *names: str) -> Iterator[None]:
    """Let the body write files into a run's folder after its end, such as its testbench, and list them in run.json."""
    with _hold(folder):
        record = {name: value for name, value in read_record(folder).items() if name not in ("files", "kept")}
        write_record(folder, record, names)  # should we be killed before the end
        yield
        write_record(folder, record)


def _kept(folder: Path) -> list[str]:
    """Return the names that were in the folder before the run: they are not its own."""
    if not _is_ours(folder):
        return _content(folder) if folder.is_dir() else []
    kept = json.loads((folder / RECORD).read_text()).get("kept", [])
    return [name for name in kept if isinstance(name, str)] if isinstance(kept, list) else []


def read_record(folder: Path) -> dict[str, Any]:
    """Read run.json.

    Raises
    ------
    WaveformError
        If the folder is no run folder.
    """
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text())
        if not isinstance(record, dict):
            raise ValueError("it holds no table of names and values")
    except FileNotFoundError:
        raise WaveformError(
            f"{folder} is no run folder: it has no {RECORD}. `rramcirc simulate -o {folder}` makes one."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise WaveformError(f"{folder / RECORD} cannot be read: {error}.") from error
    return record


def load_run(folder: Path | str) -> Waveforms:
    """Read the waveforms of a run folder, with the units and signs of its own signal table."""
    folder = file_name(folder, "load_run")
    record = read_record(folder)
    netlist, raw = folder / NETLIST, folder / RAW
    if not raw.exists():
        if record.get("engine") == "both":
            raise WaveformError(f"{folder} compares two runs; read {folder / 'ngspice'} or {folder / 'numpy'}.")
        raise WaveformError(f"{folder} has no {RAW}; status of the run: {record.get('status')}.")
    plot = main_plot(read_raw(raw))
    if plot is None:
        raise WaveformError(f"{raw} holds no waveforms; status of the run: {record.get('status')}.")
    signals = read_signals(netlist) if netlist.exists() else []
    return replace(Waveforms.from_raw(plot, signals or None, record), spikes=load_spikes(folder))


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
