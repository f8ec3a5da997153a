"""``rramcirc inspect``: list, measure, plot and export the waveforms of a run or raw file."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rramcirc.basics.arrays import FloatArray
    from rramcirc.waveforms.raw import RawPlot
    from rramcirc.waveforms.waveforms import Signal, Waveforms

    Row = tuple[str, FloatArray, str]

_MOST_PLOTTED = 64
_EXAMPLE = """\b
Example:
  rramcirc inspect cell.run
  rramcirc inspect cell.run 'i(*)' 'v(bl)*i(bl)' --from 1 --to 3 --plot power.png
  rramcirc inspect cell.run --measure 'crossing(i(bl), 40u)' --measure 'max(v(bl))'
"""


@click.command(epilog=_EXAMPLE, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("source", metavar="RUN|FILE.raw", type=click.Path(path_type=Path))
@click.argument("signals", metavar="[SIGNAL]...", nargs=-1)
@click.option("--from", "start", metavar="VALUE", help="Begin of the window on the axis, as 1u.")
@click.option("--to", "stop", metavar="VALUE", help="End of the window on the axis, as 3u.")
@click.option("--csv", "csv_file", metavar="FILE", help="Write the signals as CSV; - is stdout.")
@click.option("--plot", "plot_file", metavar="FILE", type=click.Path(path_type=Path), help="Draw: .png, .pdf or .svg.")
@click.option("--html", "html_file", metavar="FILE", type=click.Path(path_type=Path), help="Draw to a page to zoom in.")
@click.option("--measure", "measurements", metavar="TEXT", multiple=True, help="Measure, as 'max(i(bl0))'. Repeatable.")
@click.option("--partial", is_flag=True, help="Measure although the run is partial or failed.")
@click.option("--analysis", metavar="N", type=click.IntRange(1), help="Which analysis of the file; default the last.")
@click.option(
    "--dialect", metavar="NAME", help="Who wrote the file: ngspice, ltspice, qspice, xyce; default its header."
)
@click.option("--json", "as_json", is_flag=True, help="Print the table and the measurements as JSON.")
def inspect(
    source: Path,
    signals: tuple[str, ...],
    start: str | None,
    stop: str | None,
    csv_file: str | None,
    plot_file: Path | None,
    html_file: Path | None,
    measurements: tuple[str, ...],
    partial: bool,
    analysis: int | None,
    dialect: str | None,
    as_json: bool,
) -> None:
    """List, measure, plot and export the waveforms of a run folder or raw file.

    SIGNAL is a name, a glob pattern ('i(bl*)', 'gap[2,*]') or an expression ('v(bl0)*i(bl0)'); all signals by
    default. Without --csv, --plot, --html and --measure a table of the signals is printed.

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
    from rramcirc.analysis.expressions import resolve
    from rramcirc.analysis.measure import measure

    waveforms, status = load(source, analysis, dialect)
    whole = waveforms.complete and _only_measurements_failed(status)
    if remark := describe_partial(waveforms, status):
        click.echo(remark, err=True)
        waveforms = replace(waveforms, complete=False, stopped=remark)
    waveforms = _window(waveforms, start, stop)
    wanted = list(signals) or list(waveforms.names)
    measured = [row for text in measurements for row in measure(text, waveforms, partial or whole)]
    exports = csv_file or plot_file or html_file
    if csv_file:
        _write_csv(csv_file, waveforms, resolve(wanted, waveforms))
    if plot_file or html_file:
        drawn = wanted if signals else wanted[:_MOST_PLOTTED]
        if len(drawn) < len(wanted):
            click.echo(f"The first {len(drawn)} of {len(wanted)} signals are drawn; name others to see them.", err=True)
        _draw(plot_file, html_file, waveforms, drawn)
    if as_json:
        table = summary(resolve(wanted, waveforms))
        click.echo(json.dumps(_record(source, waveforms, status, table, measured), indent=1, allow_nan=False))
        return
    if not exports and not measured:
        _print_table(waveforms, summary(resolve(wanted, waveforms)))
        _print_results(status)
    _print_measurements(measured)


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
    from rramcirc.basics.errors import WaveformError
    from rramcirc.waveforms.foreign import read_any
    from rramcirc.waveforms.raw import read_raw
    from rramcirc.waveforms.waveforms import Waveforms

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
    plot = plots[-1 if analysis is None else analysis - 1]
    if len(plots) > 1 and analysis is None:
        names = "; ".join(f"{k} {p.plotname}" for k, p in enumerate(plots, 1))
        click.echo(f"{file} holds {len(plots)} analyses ({names}); this is the last. Choose with --analysis.", err=True)
    present = _present(plot, table)
    return Waveforms.from_raw(plot, present or None, record), record


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


def summary(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return name, unit, min, max, first and last of every signal; of complex ones for the magnitude."""
    import numpy as np

    table = []
    for label, values, unit in rows:
        if np.iscomplexobj(values):
            label, values = f"|{label}|", np.abs(values)
        numbers = values[~np.isnan(values)]
        lowest, highest = (float(numbers.min()), float(numbers.max())) if numbers.size else (float("nan"),) * 2
        ends = (float(values[0]), float(values[-1])) if values.size else (float("nan"),) * 2
        table.append({"signal": label, "unit": unit, "min": lowest, "max": highest, "first": ends[0], "last": ends[1]})
    return table


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


def _present(plot: RawPlot, table: Sequence[Signal]) -> list[Signal]:
    """Return the signals of the table that are in the plot; say which are not."""
    present = [signal for signal in table if signal.vector and plot.find(signal.vector) is not None]
    if missing := [signal.name for signal in table if signal.vector and signal not in present]:
        click.echo(f"{len(missing)} signal(s) of the netlist are not in the file: {', '.join(missing[:5])}.", err=True)
    return present


def _window(waveforms: Waveforms, start: str | None, stop: str | None) -> Waveforms:
    from rramcirc.basics.units import parse_number

    begin = None if start is None else parse_number(start, waveforms.axis_unit, "--from")
    end = None if stop is None else parse_number(stop, waveforms.axis_unit, "--to")
    return waveforms.between(begin, end)


def _shown(value: float, unit: str, digits: int = 4) -> str:
    """Return a number with its unit; a unit that has a prefix of its own (nm) or a power gets no other."""
    from rramcirc.basics.units import UNIT_SPELLINGS, format_number

    plain = unit.partition(" ")[0] in UNIT_SPELLINGS.values()
    if plain:
        return format_number(float(value), unit, digits)
    return f"{value:.{digits}g} {'' if unit == '1' else unit}".rstrip()


def _print_table(waveforms: Waveforms, table: Sequence[dict[str, Any]]) -> None:
    rows: list[tuple[str, ...]] = [("signal", "unit", "min", "max", "first", "last")]
    for entry in table:
        unit = str(entry["unit"])
        numbers = [_shown(entry[key], unit) for key in ("min", "max", "first", "last")]
        rows.append((str(entry["signal"]), unit or "-", *numbers))
    widths = [max(len(row[k]) for row in rows) for k in range(6)]
    points = f"{waveforms.n_points} point{'' if waveforms.n_points == 1 else 's'}"
    if waveforms.n_points and waveforms.axis_name != "point":
        ends = [_shown(x, waveforms.axis_unit) for x in (waveforms.axis.min(), waveforms.axis.max())]
        points += f", {waveforms.axis_name} {ends[0]} to {ends[1]}"
    kind = waveforms.stopped.partition(":")[0].lower()
    click.echo(points if waveforms.complete else f"{points} ({kind})")
    for row in rows:
        cells = [row[0].ljust(widths[0]), row[1].ljust(widths[1]), *(row[k].rjust(widths[k]) for k in range(2, 6))]
        click.echo("  ".join(cells).rstrip())


def _print_results(run: dict[str, object]) -> None:
    """Print what the netlist itself measured with .meas."""
    if results := run.get("measurements"):
        click.echo("measured by the netlist (.meas)")
        _print_measurements([(name, value, "") for name, value in dict(results).items()])  # type: ignore[call-overload]


def _print_measurements(measured: Sequence[tuple[str, float, str]]) -> None:
    width = max((len(label) for label, _, _ in measured), default=0)
    for label, value, unit in measured:
        shown = f"{abs(value):.6g} {unit} (magnitude)" if isinstance(value, complex) else _shown(value, unit, 6)
        click.echo(f"{label.ljust(width)}  {'none' if value != value else shown}")


def _record(
    source: Path,
    waveforms: Waveforms,
    run: dict[str, object],
    table: Sequence[dict[str, object]],
    measured: Sequence[tuple[str, float, str]],
) -> dict[str, object]:
    """Return what --json prints; a number that is not finite becomes null."""
    import math

    def plain(value: object) -> object:
        if isinstance(value, complex):
            value = abs(value)
        return None if isinstance(value, float) and not math.isfinite(value) else value

    ends = [float(waveforms.axis.min()), float(waveforms.axis.max())] if waveforms.n_points else [None, None]
    axis = {"name": waveforms.axis_name, "unit": waveforms.axis_unit, "min": ends[0], "max": ends[1]}
    return {
        "source": str(source),
        "status": run.get("status", ""),
        "complete": waveforms.complete,
        "stopped": waveforms.stopped,
        "points": waveforms.n_points,
        "axis": axis,
        "signals": [{key: plain(value) for key, value in entry.items()} for entry in table],
        "meas": run.get("measurements", {}),
        "measurements": [{"label": text, "value": plain(value), "unit": unit} for text, value, unit in measured],
    }


def _write_csv(target: str, waveforms: Waveforms, rows: Sequence[Row]) -> None:
    """Write the axis and the signals, one column each (two for complex values), with 'name [unit]' on top."""
    import numpy as np

    from rramcirc.basics.errors import cannot_write

    columns: list[Row] = [(waveforms.axis_name, waveforms.axis, waveforms.axis_unit)]
    for label, values, unit in rows:
        parts = [(f"re({label})", values.real, unit), (f"im({label})", values.imag, unit)]
        columns += parts if np.iscomplexobj(values) else [(label, values, unit)]
    try:
        with nullcontext(sys.stdout) if target == "-" else open(target, "w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([f"{label} [{unit}]" if unit else label for label, _, unit in columns])
            writer.writerows(zip(*(values.tolist() for _, values, _ in columns), strict=True))
    except BrokenPipeError:
        raise
    except OSError as error:
        raise cannot_write(f"--csv {target}", error) from error
    if target != "-":
        click.echo(f"Wrote {target}: {len(columns)} columns, {waveforms.n_points} rows.", err=True)


def _draw(plot_file: Path | None, html_file: Path | None, waveforms: Waveforms, names: Sequence[str]) -> None:
    if plot_file:
        from rramcirc.figures.waveforms import plot_waveforms

        plot_waveforms(waveforms, names, plot_file)
        click.echo(f"Wrote {plot_file}.", err=True)
    if html_file:
        from rramcirc.figures.page import write_page

        write_page(waveforms, names, html_file)
        click.echo(f"Wrote {html_file}.", err=True)
