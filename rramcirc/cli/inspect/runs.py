"""Runs as the command line names them: a folder, a raw file, a part of the axis, and what is to be said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rramcirc.waveforms.raw import RawPlot
    from rramcirc.waveforms.waveforms import Signal, Waveforms


def is_run(text: str) -> bool:
    """Return whether an argument is a run folder or raw file rather than a signal."""
    path = Path(text)
    return path.is_dir() or (path.suffix.lower() == ".raw" and path.is_file())


def labels_of(sources: Sequence[Path]) -> list[str]:
    """Return a short name for each run: its own, or as much of its path as tells them apart.

    Examples
    --------
    >>> labels_of([Path("a/cell.run"), Path("b/cell.run")])
    ['a/cell.run', 'b/cell.run']
    """
    for parts in range(1, 20):
        labels = ["/".join(source.parts[-parts:]) for source in sources]
        if len(set(labels)) == len(labels):
            return labels
    return [f"{k}: {source}" for k, source in enumerate(sources)]


def open_source(
    source: Path, analysis: int | None, dialect: str | None, start: str | None, stop: str | None
) -> tuple[Waveforms, dict[str, object], bool]:
    """Return the wanted part of a run, its record, and whether it may be measured; say if it is partial."""
    waveforms, status = load(source, analysis, dialect)
    whole = waveforms.complete and _only_measurements_failed(status)
    if remark := describe_partial(waveforms, status):
        click.echo(remark, err=True)
        waveforms = replace(waveforms, complete=False, stopped=remark)
    return _window(waveforms, start, stop), status, whole


def load(source: Path, analysis: int | None = None, dialect: str | None = None) -> tuple[Waveforms, dict[str, object]]:
    """Return the waveforms of a run folder or raw file and the record of the run ({} for a file).

    Parameters
    ----------
    source
        Folder with waves.raw, netlist.cir and run.json, or a raw file.
    analysis
        Number of the analysis in the file, from 1; None takes the last.
    dialect
        Simulator that wrote a raw file; None looks into its header.

    Raises
    ------
    WaveformError
        If there are no waveforms, or `analysis` is too large.
    """
    from rramcirc.waveforms.spikes import load_spikes
    from rramcirc.waveforms.waveforms import Waveforms

    plot, present, record, _, _ = open_plot(source, analysis, dialect)
    spikes = load_spikes(source) if source.is_dir() else None
    return replace(Waveforms.from_raw(plot, present, record), spikes=spikes), record


def open_plot(
    source: Path, analysis: int | None, dialect: str | None, quiet: bool = False
) -> tuple[RawPlot, Sequence[Signal] | None, dict[str, object], Path, int]:
    """Return a plot of a run, its signals (None: as in the file), the record, the file, the number of the plot."""
    from rramcirc.basics.errors import WaveformError
    from rramcirc.waveforms.foreign import read_any
    from rramcirc.waveforms.raw import read_raw

    record: dict[str, object] = {}
    table: list[Signal] = []
    file = source
    if source.is_dir():
        if dialect not in (None, "ngspice"):
            raise WaveformError(
                f"--dialect {dialect}: {source} is a run folder, whose files are of rramcirc. Leave it out."
            )
        file, record, table = _open_run(source)
    plots = read_raw(file) if source.is_dir() else read_any(file, dialect)
    if analysis is not None and analysis > len(plots):
        raise WaveformError(f"{file} holds {len(plots)} analyses; --analysis {analysis} is too large.")
    number = len(plots) if analysis is None else analysis
    plot = plots[number - 1]
    if len(plots) > 1 and analysis is None and not quiet:
        names = "; ".join(f"{k} {p.plotname}" for k, p in enumerate(plots, 1))
        click.echo(f"{file} holds {len(plots)} analyses ({names}); this is the last. Choose with --analysis.", err=True)
    return plot, _present(plot, table, quiet) or None, record, file, number


def describe_partial(waveforms: Waveforms, record: dict[str, object]) -> str:
    """Return one sentence that says that and why a run is partial or failed; empty if it is whole."""
    status = str(record.get("status", ""))
    failed = status not in ("", "done")
    if waveforms.complete and not failed:
        return ""
    problems = record.get("problems")
    because = [str(problem) for problem in problems[:4]] if isinstance(problems, list) else []
    parts = [waveforms.stopped, f"status {status}" if failed else "", *because]
    kind = "Failed" if waveforms.complete else "Partial"
    return f"{kind} run: {'; '.join(filter(None, parts)) or 'the file is incomplete'}."


def _only_measurements_failed(record: dict[str, object]) -> bool:
    """Return whether a run was whole but for a .meas that failed, which leaves the waveforms as good as they are."""
    problems = record.get("problems")
    known = isinstance(problems, list) and all(str(problem).startswith("measurement ") for problem in problems)
    return record.get("status", "done") == "done" or (known and bool(problems))


def _open_run(folder: Path) -> tuple[Path, dict[str, object], list[Signal]]:
    """Return raw file, record and signal table of a run folder."""
    from rramcirc.basics.errors import WaveformError
    from rramcirc.waveforms.folder import read_record
    from rramcirc.waveforms.signals import read_signals

    raw, netlist, record = folder / "waves.raw", folder / "netlist.cir", {}
    if (folder / "run.json").is_file():
        record = read_record(folder)
    if not raw.is_file():
        inner = sorted(str(found.parent) for found in folder.glob("*/waves.raw"))
        hint = f" Inspect {' or '.join(inner)}." if inner else ""
        status = f" (status of the run: {record['status']})" if "status" in record else ""
        raise WaveformError(f"{folder} holds no waves.raw{status}.{hint}")
    return raw, record, read_signals(netlist) if netlist.is_file() else []


def _present(plot: RawPlot, table: Sequence[Signal], quiet: bool) -> list[Signal]:
    """Return the signals of the table that are in the plot; say which are not."""
    present = [signal for signal in table if signal.vector and plot.find(signal.vector) is not None]
    missing = [signal.name for signal in table if signal.vector and signal not in present]
    if missing and not quiet:
        click.echo(f"{len(missing)} signal(s) of the netlist are not in the file: {', '.join(missing[:5])}.", err=True)
    return present


def _window(waveforms: Waveforms, start: str | None, stop: str | None) -> Waveforms:
    from rramcirc.basics.units import parse_number

    begin = None if start is None else parse_number(start, waveforms.axis_unit, "--from")
    end = None if stop is None else parse_number(stop, waveforms.axis_unit, "--to")
    return waveforms.between(begin, end)
