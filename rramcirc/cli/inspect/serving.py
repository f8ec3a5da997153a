"""`rramcirc inspect --serve` and `simulate --watch`: runs as the server of the page opens and follows them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rramcirc.cli.inspect.runs import labels_of, open_plot

if TYPE_CHECKING:
    from rramcirc.figures.page.serve import PageServer
    from rramcirc.figures.page.served import Opened
    from rramcirc.waveforms.pyramid import Pyramid
    from rramcirc.waveforms.raw import RawPlot

_KEPT_FROM = 50_000_000  # bytes of a raw file whose pyramid is kept


def serve_runs(
    sources: Sequence[Path], signals: Sequence[str], measurements: Sequence[str], analysis: int | None,
    dialect: str | None,
) -> None:  # fmt: skip
    """Serve runs until Ctrl-C."""
    server = page_server(sources, signals, measurements, analysis, dialect, wait=False)
    server.start()
    click.echo(f"{server.address}\nOpen it in a browser on this machine; Ctrl-C ends.")
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)
    server.stop()


@contextmanager
def watching(folder: Path) -> Iterator[None]:
    """Serve a run folder while a simulation writes into it, and after its end until Ctrl-C."""
    server = page_server([folder], [], [], None, None, wait=True)
    server.start()
    click.echo(f"Watch it grow: {server.address}", err=True)
    try:
        yield
        click.echo("The run has ended; its page stays until Ctrl-C.", err=True)
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)
    finally:
        server.stop()


def page_server(
    sources: Sequence[Path], signals: Sequence[str], measurements: Sequence[str], analysis: int | None,
    dialect: str | None, wait: bool,
) -> PageServer:  # fmt: skip
    """Return a server of runs; with `wait` one that has no points yet is waited for, not refused."""
    from rramcirc.analysis.expressions import resolve
    from rramcirc.figures.page.serve import PageServer
    from rramcirc.figures.page.served import ServedRun

    labels = labels_of(sources)
    runs = [
        ServedRun(label, follower(source, analysis, dialect, wait))
        for label, source in zip(labels, sources, strict=True)
    ]
    drawn = [name for name, _, _ in resolve(signals, runs[0].head())] if runs[0].started else signals
    return PageServer(runs, drawn, measurements, sources[0] if sources[0].is_dir() or wait else None)


def follower(source: Path, analysis: int | None, dialect: str | None, wait: bool) -> Callable[[], Opened | None]:
    """Return a function that opens a run, and later again if its file has changed."""
    from rramcirc.basics.errors import RramcircError
    from rramcirc.figures.page.served import Opened
    from rramcirc.waveforms.spikes import load_spikes

    seen: list[tuple[int, int, str]] = []
    since = time.time_ns() - 50_000_000 if wait else 0  # what an earlier run left is not shown; clocks of files lag

    def reopen() -> Opened | None:
        file = source / "waves.raw" if source.is_dir() or source.suffix != ".raw" else source
        try:
            stat = file.stat()
            state = (stat.st_size, stat.st_mtime_ns, _status(source))
            if seen == [state] or stat.st_mtime_ns < since:
                return None
            plot, signals, record, file, number = open_plot(source, analysis, dialect, quiet=wait)
            pyramid = _pyramid_of(plot, source, file, number)
            spikes = load_spikes(source) if source.is_dir() else None
        except (RramcircError, OSError):
            if wait or seen:
                return None
            raise
        seen[:] = [state]
        return Opened(plot, signals, record, pyramid, spikes)

    return reopen


def _status(source: Path) -> str:
    """Return the time of the last change of run.json, whose status says whether a run goes on."""
    record = source / "run.json"
    return str(record.stat().st_mtime_ns) if record.is_file() else ""


def pyramid_summary(source: Path, analysis: int | None, dialect: str | None) -> list[dict[str, Any]] | None:
    """Return the table of the signals of a large file from its pyramid, in one pass or none; None for small files."""
    file = source / "waves.raw" if source.is_dir() else source
    if not file.is_file() or file.stat().st_size < _KEPT_FROM:
        return None
    from rramcirc.figures.page.served import Opened, ServedRun

    plot, signals, record, file, number = open_plot(source, analysis, dialect, quiet=True)
    if plot.data.dtype.kind == "c" or not plot.n_points or not plot.has_axis or plot.lengths:
        return None
    run = ServedRun("", lambda: Opened(plot, signals, record, _pyramid_of(plot, source, file, number)))
    return run.summary()


def _pyramid_of(plot: RawPlot, source: Path, file: Path, number: int) -> Pyramid:
    """Return the pyramid of a plot: the kept one, or a new one, which is kept if the file is large and whole."""
    import numpy as np

    from rramcirc.basics.errors import ParameterError, RramcircError, WaveformError
    from rramcirc.waveforms.folder import adding_files
    from rramcirc.waveforms.pyramid import build_pyramid, load_pyramid, pyramid_path, save_pyramid

    if not plot.n_points:
        raise WaveformError(f"{file}: there are no points to show.")
    if not plot.has_axis or plot.lengths:
        raise ParameterError(
            f"{file}: {plot.plotname} has no axis that all its vectors share. Use --html or the table."
        )
    kept = load_pyramid(file, number)
    if kept is not None and kept.n_points == plot.n_points:
        return kept
    pyramid = build_pyramid(np.abs(plot.data) if np.iscomplexobj(plot.data) else plot.data)
    if plot.complete and plot.data.nbytes >= _KEPT_FROM:
        own = source.is_dir() and (source / "run.json").is_file()
        name = pyramid_path(file).name
        with suppress(OSError, RramcircError), adding_files(source, name) if own else nullcontext():
            save_pyramid(pyramid, file, number)
            click.echo(f"Kept {pyramid_path(file)} for the next time.", err=True)
    return pyramid
