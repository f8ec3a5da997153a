"""Measured data of devices: I-V sweeps, single pulses and trains of pulses, from tables as instruments write them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.arguments import file_name
from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.basics.mistakes import some_of
from rramcirc.studies.fit.cells import NAMED_LINES, Table, is_number, raise_lines
from rramcirc.studies.fit.formats import OVERFLOW, known_headings, text_of
from rramcirc.studies.fit.headings import NAMES, named_channel, other_channels, places_of

KINDS = {"sweep": "I-V sweep", "pulses": "single pulses", "train": "train of pulses"}
_WITHOUT_HEADER = {2: ("voltage", "current"), 4: ("amplitude", "width", "before", "after")}
_HINT = " --columns 'V [V],I [A]' names the columns of a file, in their order."
_SMALLER, _LARGEST = 0.05, 0.1  # of the second column, and [A]: below both the first column is the current
_MOST_OVER = 0.1  # of the rows may be out of range


@dataclass(frozen=True)
class Measurement:
    """One file of measured data, in SI units, rows in the order of the file.

    Attributes
    ----------
    path, sha256
        The file and the hash of its bytes.
    kind
        ``"sweep"`` (voltage, current), ``"pulses"`` (amplitude, width, before, after) or ``"train"`` (pulse, value).
    columns : dict of (n_rows,) arrays
        voltage, gate, amplitude [V], current [A], time, width [s], ramp [V/s], before, after [ohm], conductance [S],
        cycle, pulse, device.
    lines : (n_rows,) array
        Line of the file on which each row stands.
    remarks
        What was assumed or left out.
    """

    path: Path
    sha256: str
    kind: str
    columns: dict[str, NDArray[np.float64]]
    lines: NDArray[np.int64]
    remarks: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.lines)


def read_measurement(path: Path | str, columns: Sequence[str] | None = None) -> Measurement:
    """Read measured data; the kind is recognised from the columns.

    Parameters
    ----------
    path
        Text with tab, comma, semicolon or blanks between the values; lines that start with # % ! or // are remarks.
    columns
        Headings of the columns, for a file without a header: ``["V [mV]", "I [uA]"]``.

    Raises
    ------
    ParameterError
        If the file cannot be read or understood; names the lines.
    """
    path = file_name(path, "read_measurement")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ParameterError(f"cannot read {path} ({error.strerror}).") from error
    try:
        return _read(path, raw, columns)
    except ParameterError as error:
        known = "--columns" in str(error)
        raise ParameterError(f"{error}{'' if known else _HINT}") from None


def _read(path: Path, raw: bytes, columns: Sequence[str] | None) -> Measurement:
    table = Table(path, text_of(path, raw))
    headings = list(columns) if columns else table.headings
    remark = table.remarks
    if headings is None:
        headings = _default_headings(path, table.rows, table.lines)
        remark.append(f"no header: the columns are taken as {', '.join(headings)}")
    elif not columns:
        headings, form = known_headings(headings, table.rows[0])
        remark += [f"read as a file of {form}"] if form else []
    places, unknown = places_of(path, named_channel(headings), table.units)
    if {"voltage", "current"} <= set(places):  # a resistance of the meter beside them is no measurement of its own
        unknown += [headings[places.pop(n)[0]] for n in ("resistance", "conductance") if n in places]
    if unknown := [name for name in unknown if name.strip()]:
        remark.append(f"columns not used: {', '.join(unknown)}")
        if not columns and "current" in places and other_channels(unknown):
            remark.append(
                "the first of several channels or cycles side by side is taken (--columns names the columns in their "
                "order: 'other V,other I,V [V],I [A]' takes the second)"
            )
    values = table.columns(places, len(headings))
    values, lines = _in_range(path, values, table.lines, remark)
    values, lines = _one_train(values, lines, remark)
    values, lines = _steps(path, values, lines, remark)
    values, lines = _by_device(values, lines, remark)
    kind, chosen = _kind(path, values)
    _check(path, lines, chosen)
    return Measurement(path, hashlib.sha256(raw).hexdigest(), kind, chosen, np.array(lines), tuple(remark))


def _default_headings(path: Path, rows: list[list[str]], lines: list[int]) -> list[str]:
    if len(rows[0]) not in _WITHOUT_HEADER:
        raise ParameterError(
            f"{path}: line {lines[0]}: {len(rows[0])} columns without a header. Write one, for example "
            "'V [V], I [A], t [s]', or name the columns with --columns."
        )
    names = list(_WITHOUT_HEADER[len(rows[0])])
    if len(names) == 2:  # a current in ampere is far smaller than a voltage
        first, second = (
            max((abs(float(r[k])) for r in rows if len(r) == 2 and is_number(r[k])), default=0.0) for k in (0, 1)
        )
        if first < min(_SMALLER * second, _LARGEST):
            names.reverse()
    return names


def _one_train(
    values: dict[str, NDArray[np.float64]], lines: list[int], remark: list[str]
) -> tuple[dict[str, NDArray[np.float64]], list[int]]:
    """Return potentiation and depression that stand side by side as one train, the depression behind."""
    if not {"up", "down"} <= set(values):
        return values, lines
    up, down = values.pop("up"), values.pop("down")
    first = int("pulse" in values and values["pulse"][0] == 0.0)  # pulse 0 of the depression is the state before it
    remark.append("potentiation and depression stand side by side: taken as one train, one after the other")
    both = {n: np.r_[v, v[first:]] for n, v in values.items() if n != "pulse"}
    both |= {"conductance": np.r_[up, down[first:]], "pulse": np.arange(2.0 * len(up) - first)}
    return both | {"direction": np.r_[np.ones(len(up)), -np.ones(len(down) - first)]}, lines + lines[first:]


def _steps(
    path: Path, values: dict[str, FloatArray], lines: list[int], remark: list[str]
) -> tuple[dict[str, FloatArray], list[int]]:
    """Return a table of steps against the conductance as single pulses up and down; their height is given apart."""
    steps = [n for n in ("step_up", "step_down") if n in values]
    if not steps or "conductance" not in values:
        return values, lines
    conductance = values.pop("conductance")
    moved = [(conductance, conductance + sign * np.abs(values.pop(n)), sign)
             for n, sign in (("step_up", 1.0), ("step_down", -1.0)) if n in values]  # fmt: skip
    before, after = (np.concatenate([m[k] for m in moved]) for k in (0, 1))
    directions = np.concatenate([np.full(len(m[0]), m[2]) for m in moved])
    if np.any(after <= 0.0) or np.any(before <= 0.0):
        raise ParameterError(f"{path}: a step down is larger than the conductance it starts from.")
    remark.append("steps against the conductance: each is taken as a single pulse (--set-pulse, --reset-pulse)")
    return {"before": 1.0 / before, "after": 1.0 / after, "direction": directions}, lines * len(moved)


def _in_range(
    path: Path, values: dict[str, NDArray[np.float64]], lines: list[int], remark: list[str]
) -> tuple[dict[str, NDArray[np.float64]], list[int]]:
    """Return the rows without those that an instrument marks as out of range, if these are few."""
    marked = {n: ~(np.abs(v) < OVERFLOW) for n, v in values.items()}  # NaN as well
    over = np.any(list(marked.values()), axis=0) if values else np.zeros(len(lines), bool)
    if not over.any():
        return values, lines
    bad = [
        f"line {lines[k]}: {n} is {v[k]:g}".replace("e+", "e")
        for k in np.flatnonzero(over) for n, v in values.items() if marked[n][k]
    ]  # fmt: skip
    if np.mean(over) > _MOST_OVER:
        raise_lines(path, bad)
    remark.append(f"{len(bad)} readings out of range are left out ({some_of(bad, NAMED_LINES)})")
    return {n: v[~over] for n, v in values.items()}, [k for k, o in zip(lines, over, strict=True) if not o]


def _by_device(
    values: dict[str, NDArray[np.float64]], lines: list[int], remark: list[str]
) -> tuple[dict[str, NDArray[np.float64]], list[int]]:
    """Return rows in the order of the devices, each cycle of each device with a number of its own."""
    address = [values.pop(n) for n in ("device", "row", "column") if n in values]
    if not address:
        return values, lines
    device = _numbered(address)
    cycle = _numbered([device, values["cycle"]] if "cycle" in values else [device])
    order = np.argsort(cycle, kind="stable")
    several = f", {cycle.max() + 1:g} cycles" if cycle.max() > device.max() else ""
    remark.append(f"{device.max() + 1:g} devices{several}, by their address")
    values = {n: v[order] for n, v in values.items()} | {"cycle": cycle[order], "device": device[order]}
    return values, [lines[k] for k in order]


def _numbered(columns: Sequence[FloatArray]) -> FloatArray:
    """Return the number of the distinct row to which each row is equal."""
    number = np.unique(np.stack(columns, 1), axis=0, return_inverse=True)[1]
    return number.ravel().astype(float)


def _kind(path: Path, values: dict[str, FloatArray]) -> tuple[str, dict[str, FloatArray]]:
    """Return the kind of data and its columns."""
    values = dict(values)
    if "bl" in values or "sl" in values:
        lines = [values.get(n) for n in ("bl", "sl")]
        up, down = (np.zeros(1) if v is None else v for v in lines)
        values["voltage"] = (up if lines[0] is not None else values.get("voltage", up)) - down
    if "after" in values or "before" in values:
        if "amplitude" not in values and "voltage" in values:
            values["amplitude"] = values.pop("voltage")
        if "width" not in values and "time" in values:
            values["width"] = values.pop("time")
        pulse = [] if "direction" in values else ["amplitude", "width"]  # only up or down: the settings say which pulse
        return "pulses", _needed(path, "pulses", values, [*pulse, "before", "after"])
    if "voltage" in values and "current" in values and "pulse" not in values:
        return "sweep", values
    if "resistance" in values and "conductance" not in values:
        values["conductance"] = 1.0 / np.where(values["resistance"] > 0, values.pop("resistance"), np.nan)
    if "conductance" in values:
        if "amplitude" not in values and "voltage" in values:
            values["amplitude"] = values.pop("voltage")
        if "pulse" not in values:
            values["pulse"] = np.arange(len(values["conductance"]), dtype=float)
        return "train", values
    return "sweep", _needed(path, "sweep", values, ["voltage", "current"])


def _needed(path: Path, kind: str, values: dict[str, FloatArray], names: list[str]) -> dict[str, FloatArray]:
    missing = [name for name in names if name not in values]
    if missing:
        known = ", ".join(f"{name} ({' '.join(NAMES[name].split()[:4])} ...)" for name in missing)
        found = ", ".join(values) or "none that is known"
        raise ParameterError(f"{path}: {KINDS[kind]} without {known}. Columns found: {found}.")
    return values


def _check(path: Path, lines: list[int], values: dict[str, FloatArray]) -> None:
    """Raise if a value that must be positive is not."""
    bad = []
    for column in ("width", "before", "after", "conductance", "ramp"):
        least = np.nextafter(0.0, -1.0) if column == "width" and "conductance" in values else 0.0
        wrong = np.flatnonzero(~(values[column] > least)) if column in values else np.empty(0, np.intp)
        bad += [(lines[k], f"line {lines[k]}: {column} = {values[column][k]:g} is not positive") for k in wrong]
    raise_lines(path, [text for _, text in sorted(bad)])


__all__ = ["KINDS", "Measurement", "read_measurement"]
