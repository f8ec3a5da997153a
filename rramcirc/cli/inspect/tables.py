"""What `rramcirc inspect` prints: the table of signals, measurements, their comparison, JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rramcirc.basics.arrays import FloatArray
    from rramcirc.waveforms.waveforms import Waveforms

    Row = tuple[str, FloatArray, str]


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


def _shown(value: float, unit: str, digits: int = 4) -> str:
    """Return a number with its unit; a unit that has a prefix of its own (nm) or a power gets no other."""
    from rramcirc.basics.units import UNIT_SPELLINGS, format_number

    plain = unit.partition(" ")[0] in UNIT_SPELLINGS.values()
    if plain:
        return format_number(float(value), unit, digits)
    return f"{value:.{digits}g} {'' if unit == '1' else unit}".rstrip()


def print_table(waveforms: Waveforms, table: Sequence[dict[str, Any]]) -> None:
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


def print_results(run: dict[str, object]) -> None:
    """Print what the netlist itself measured with .meas."""
    if results := run.get("measurements"):
        click.echo("measured by the netlist (.meas)")
        print_measurements([(name, value, "") for name, value in dict(results).items()])  # type: ignore[call-overload]  # JSON


def print_measurements(measured: Sequence[tuple[str, float, str]]) -> None:
    width = max((len(label) for label, _, _ in measured), default=0)
    for label, value, unit in measured:
        shown = f"{abs(value):.6g} {unit} (magnitude)" if isinstance(value, complex) else _shown(value, unit, 6)
        click.echo(f"{label.ljust(width)}  {'none' if value != value else shown}")


def print_comparison(labels: Sequence[str], found: Sequence[Sequence[tuple[str, float, str]]]) -> None:
    """Print measurements of several runs, a column for each, and by how much the last differs from the first."""
    rows = [("measurement", *labels, "last - first", "")]
    tables = [{label: abs(v) if isinstance(v, complex) else v for label, v, _ in one} for one in found]
    for label, unit in dict.fromkeys((label, unit) for one in found for label, _, unit in one):
        values = [table.get(label) for table in tables]
        texts = ["-" if v is None else "none" if v != v else _shown(v, unit, 6) for v in values]
        first, last = values[0], values[-1]
        change = ("", "")
        if first is not None and last is not None and first == first and last == last:
            change = (_shown(last - first, unit), f"{100 * (last - first) / abs(first):+.3g} %" if first else "")
        rows.append((label, *texts, *change))
    _print_columns(rows)


def print_differences(runs: Mapping[str, Waveforms], signals: Sequence[str]) -> None:
    """Print the largest difference of every common signal of each run from the first one, and where it is."""
    from rramcirc.analysis.expressions import resolve

    (base_label, base), *others = runs.items()
    rows = [("signal", "run", f"largest difference from {base_label}", "of its range", f"at {base.axis_name}")]
    for label, other in others:
        _check_comparable(base_label, base, label, other)
        common = [name for name in base.names if name in other]
        if missing := len(base.names) - len(common):
            click.echo(f"{missing} signal(s) of {base_label} are not in {label}.", err=True)
        wanted = list(signals) or common
        for one, another in zip(resolve(wanted, base), resolve(wanted, other), strict=True):
            rows.append((one[0], label, *_difference(base, one, other, another)))
    _print_columns(rows)


def _check_comparable(base_label: str, base: Waveforms, label: str, other: Waveforms) -> None:
    import numpy as np

    from rramcirc.basics.errors import WaveformError

    if (other.axis_name, other.axis_unit) != (base.axis_name, base.axis_unit):
        raise WaveformError(f"{base_label} runs over {base.axis_name}, {label} over {other.axis_name}.")
    if any(np.any(np.diff(one.axis) < 0) for one in (base, other)):
        raise WaveformError("a sweep goes forth and back; compare such runs by --measure, --plot or --html.")


def _difference(base: Waveforms, one: Row, other: Waveforms, another: Row) -> tuple[str, str, str]:
    """Return the largest difference of a signal on the points of the first run, its part of the range, its place."""
    import numpy as np

    _, values, unit = one
    inside = (base.axis >= other.axis.min()) & (base.axis <= other.axis.max())
    place = base.axis[inside]
    difference = np.interp(place, other.axis, another[1]) - values[inside]
    if not place.size or not np.isfinite(np.abs(difference)).any():
        return "none", "", ""
    k = int(np.nanargmax(np.abs(difference)))
    largest = float(np.abs(difference[k]) if np.iscomplexobj(difference) else difference[k])
    span = float(np.ptp(np.abs(values) if np.iscomplexobj(values) else values))
    part = f"{100 * abs(largest) / span:.3g} %" if span > 0 else ""
    return _shown(largest, unit), part, _shown(float(place[k]), base.axis_unit)


def _print_columns(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        click.echo("  ".join(cells).rstrip())


def record_of(
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
