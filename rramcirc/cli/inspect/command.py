"""``rramcirc inspect``: list, measure, plot, compare and export the waveforms of runs or raw files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rramcirc.cli.figure_options import width_option
from rramcirc.cli.inspect.runs import is_run, labels_of, open_source
from rramcirc.cli.inspect.serving import pyramid_summary, serve_runs
from rramcirc.cli.inspect.tables import (
    print_comparison,
    print_differences,
    print_measurements,
    print_results,
    print_table,
    record_of,
    summary,
)

if TYPE_CHECKING:
    from rramcirc.waveforms.waveforms import Waveforms

_MOST_PLOTTED = 64
_EXAMPLE = """\b
Example:
  rramcirc inspect cell.run
  rramcirc inspect cell.run --html cell.html
  rramcirc inspect cell.run 'i(*)' 'v(bl)*i(bl)' --from 1 --to 3 --plot power.png
  rramcirc inspect cell.run --measure 'crossing(i(bl), 40u)' --measure 'max(v(bl))'
"""


@click.command(epilog=_EXAMPLE, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("source", metavar="RUN|FILE.raw", type=click.Path(path_type=Path))
@click.argument("others", metavar="[RUN2]... [SIGNAL]...", nargs=-1)
@click.option("--from", "start", metavar="VALUE", help="Begin of the window on the axis, as 1u.")
@click.option("--to", "stop", metavar="VALUE", help="End of the window on the axis, as 3u.")
@click.option("--csv", "csv_file", metavar="FILE", help="Write the signals as CSV; - is stdout.")
@click.option("--parquet", "parquet_file", metavar="FILE", help="Write the signals as Parquet.")
@click.option(
    "--export", "export_file", metavar="FILE",
    help="Write the signals in the format of the suffix: .csv, .parquet, .npz, .h5, .hdf5.",
)  # fmt: skip
@click.option("--plot", "plot_file", metavar="FILE", type=click.Path(path_type=Path), help="Draw: .png, .pdf or .svg.")
@width_option
@click.option(
    "--html", "html_file", metavar="FILE", type=click.Path(path_type=Path), help="Write a page to look at it."
)
@click.option("--serve", is_flag=True, help="Serve the page on this machine, for runs of any size; Ctrl-C ends it.")
@click.option("--measure", "measurements", metavar="TEXT", multiple=True, help="Measure, as 'max(i(bl0))'. Repeatable.")
@click.option("--partial", is_flag=True, help="Measure although the run is partial or failed.")
@click.option("--analysis", metavar="N", type=click.IntRange(1), help="Which analysis of the file; default the last.")
@click.option(
    "--dialect", metavar="NAME", help="Who wrote the file: ngspice, ltspice, qspice, xyce; default its header."
)
@click.option("--json", "as_json", is_flag=True, help="Print the table and the measurements as JSON.")
def inspect(
    source: Path, others: tuple[str, ...], start: str | None, stop: str | None, csv_file: str | None,
    parquet_file: str | None, export_file: str | None, plot_file: Path | None, html_file: Path | None,
    serve: bool, measurements: tuple[str, ...], partial: bool, analysis: int | None, dialect: str | None, as_json: bool,
) -> None:  # fmt: skip
    """List, measure, plot and export the waveforms of a run folder or raw file.

    SIGNAL is a name, a glob pattern ('i(bl*)', 'gap[2,*]') or an expression ('v(bl0)*i(bl0)'); all signals by
    default. Without --plot, --html, --measure and a file to export to, a table of the signals is printed.

    Several runs (RUN RUN2 ...) are compared: laid over each other in --plot and --html, their measurements side by
    side, and without --measure the largest difference of every signal.

    --html writes a page that opens in any browser without a network: zoom, cursors, expressions, measurements over
    the visible range, X against Y, spectrum, spikes, map of an array, and for a small circuit in a run folder its
    schematic with nets and cells to click. Runs of up to 500,000 numbers are on it whole; of larger ones it draws
    least and greatest values and gives no numbers. --serve shows the same page from the
    files: any size, every number from every point, and a run that is still going on grows on the screen.

    A measurement is one of those below, arithmetic of several ('max(v(a))-min(v(b))'), or with a glob pattern
    ('max(i(bl*))') one for every signal that fits. Between the points a waveform is a straight line.

    \b
    min(X) max(X) final(X)              least, greatest, last value
    mean(X) rms(X)                      weighted by time (by the axis)
    integral(X) energy(V, I)            over the axis; of V*I over the time
    at(X, PLACE)                        value at a place of the axis
    crossing(X, LEVEL, rise|fall|both)  every place where X passes LEVEL
    resistance(V, I, START, STOP)       mean V over mean I in a window
    spike_count(X, LEVEL)               rises through LEVEL (mid-range)
    inter_spike_interval(X, LEVEL)      mean time between these rises
    time_to_final(X, TOL)               first point until X stays within TOL
                                        of the step to its last value
    \b
    By IEEE Std 181: the levels are where X rests longest in the lower and
    the upper half of its range (histogram weighted by time), the amplitude
    is their difference, a transition passes its middle. BASE and TOP give
    the levels by hand. LOW, HIGH and TOL are parts of the amplitude.
    low_level(X) high_level(X)          the levels
    rise_time(X, LOW, HIGH, BASE, TOP)  first rising edge, 0.1 to 0.9
    fall_time(X, LOW, HIGH, BASE, TOP)  first falling edge, 0.9 to 0.1
    slew_rate(X, LOW, HIGH, BASE, TOP)  slope of the first edge
    overshoot(X, BASE, TOP)             beyond the level that the first
                                        transition goes to [% of amplitude]
    settling_time(X, TOL, BASE, TOP)    first transition until X stays
                                        within TOL (0.01) of its level
    pulse_width(X, LEVEL)               first rise to next fall (middle)
    delay(X, Y, EDGE, EDGE)             first transition of X to the next
                                        of Y (rise, fall or both)
    period(X) frequency(X)              mean distance of rising transitions
    duty_cycle(X)                       time above the middle over whole
                                        periods [%]
    """
    from rramcirc.basics.errors import ParameterError
    from rramcirc.waveforms.export import check_table_path

    sources = [source, *(Path(text) for text in others if is_run(text))]
    signals = [text for text in others if not is_run(text)]
    tables = [(csv_file, ".csv"), (parquet_file, ".parquet"), (export_file, "")]
    exports = [(file, suffix) for file, suffix in tables if file is not None]
    for file, suffix in exports:
        check_table_path(file, suffix)
    if len(sources) > 1 and (exports or as_json):
        raise ParameterError(f"{len(sources)} runs are compared; --csv, --parquet, --export and --json take one run.")
    if serve:
        if start or stop or exports or as_json or plot_file or html_file:
            raise ParameterError("--serve shows whole runs: leave out --from, --to, --json and files to write.")
        serve_runs(sources, signals, measurements, analysis, dialect)
        return
    drawn = bool(plot_file or html_file)
    opened = [open_source(one, analysis, dialect, start, stop) for one in sources]
    runs = {label: waves for label, (waves, _, _) in zip(labels_of(sources), opened, strict=True)}
    if len(runs) > 1:
        _compare(runs, signals, measurements, [partial or whole for _, _, whole in opened], drawn)
    else:
        ((waveforms, status, whole),) = opened
        listed = not (signals or start or stop or measurements or exports or as_json or drawn)
        known = pyramid_summary(source, analysis, dialect) if listed else None
        _tell_one(source, waveforms, status, signals, measurements, partial or whole, as_json, exports, drawn, known)
    _draw(plot_file, html_file, runs, signals, measurements, source if source.is_dir() else None)


def _tell_one(
    source: Path, waveforms: Waveforms, status: dict[str, object], signals: Sequence[str], measurements: Sequence[str],
    measurable: bool, as_json: bool, exports: Sequence[tuple[str, str]], drawn: bool,
    known: list[dict[str, Any]] | None,
) -> None:  # fmt: skip
    """Measure one run, export it and print what was asked for."""
    from rramcirc.analysis.expressions import resolve
    from rramcirc.analysis.measure import measure

    wanted = signals or list(waveforms.names)
    measured = [row for text in measurements for row in measure(text, waveforms, measurable)]
    for file, suffix in exports:
        _export(file, suffix, waveforms, wanted)
    if as_json:
        table = summary(resolve(wanted, waveforms))
        click.echo(json.dumps(record_of(source, waveforms, status, table, measured), indent=1, allow_nan=False))
        return
    if not exports and not measured and not drawn:
        print_table(waveforms, known or summary(resolve(wanted, waveforms)))
        print_results(status)
    print_measurements(measured)


def _compare(
    runs: Mapping[str, Waveforms], signals: Sequence[str], measurements: Sequence[str], measurable: Sequence[bool],
    drawn: bool,
) -> None:  # fmt: skip
    """Print the measurements of several runs side by side, or by how much their signals differ."""
    from rramcirc.analysis.measure import measure

    if measurements:
        found = [
            [row for text in measurements for row in measure(text, waves, may)]
            for waves, may in zip(runs.values(), measurable, strict=True)
        ]
        print_comparison(list(runs), found)
    elif not drawn:
        print_differences(runs, signals)


def _export(file: str, suffix: str, waveforms: Waveforms, wanted: Sequence[str]) -> None:
    from rramcirc.analysis.expressions import resolve
    from rramcirc.waveforms.export import write_table

    columns = [(waveforms.axis_name, waveforms.axis, waveforms.axis_unit), *resolve(wanted, waveforms)]
    count = write_table(columns, file, suffix)
    if file != "-":
        click.echo(f"Wrote {file}: {count} columns, {waveforms.n_points} rows.", err=True)


def _draw(
    plot_file: Path | None, html_file: Path | None, runs: Mapping[str, Waveforms], signals: Sequence[str],
    measurements: Sequence[str], folder: Path | None,
) -> None:  # fmt: skip
    if plot_file:
        from rramcirc.figures.waveforms import plot_waveforms

        every = list(dict.fromkeys(name for waves in runs.values() for name in waves.names))
        drawn = list(signals) or every[:_MOST_PLOTTED]
        if not signals and len(drawn) < len(every):
            click.echo(f"The first {len(drawn)} of {len(every)} signals are drawn; name others to see them.", err=True)
        plot_waveforms(runs if len(runs) > 1 else next(iter(runs.values())), drawn, plot_file)
        click.echo(f"Wrote {plot_file}.", err=True)
    if html_file:
        from rramcirc.figures.page.write import write_page

        write_page(runs, signals, html_file, measurements, folder)
        click.echo(f"Wrote {html_file}.", err=True)
