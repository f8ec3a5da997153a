"""Measured data of devices: I-V sweeps, single pulses and trains of pulses, from tables as instruments write them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.arguments import file_name
from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.basics.mistakes import some_of
from rramcirc.basics.units import PREFIXES
from rramcirc.studies.fit.formats import OVERFLOW, first_channel, known_headings, own_lines, text_of

KINDS = {"sweep": "I-V sweep", "pulses": "single pulses", "train": "train of pulses"}
_NAMES = {
    "voltage": "v voltage vte vbl vcell vd vdevice bias vapplied vforce v1 vmeas vmeasured measurev measuredvoltage "
    "sourcevoltage vsource u spannung",
    "current": "i current ite ibl icell id idevice abscurrent absi i1 imeas imeasured measurei measuredcurrent strom",
    "time": "t time timestamp relativetime zeit",
    "gate": "vg gate vgate gatevoltage vwl wl vgs",
    "cycle": "cycle cycles cyclenumber loop sweep run repeat",
    "ramp": "ramp ramprate sweeprate scanrate",
    "amplitude": "amplitude amp vpulse pulseamplitude pulsevoltage vp height vamp",
    "width": "width pulsewidth tpulse tp tw pw pulselength duration pulseduration tpw pulsetime",
    "before": "rbefore gbefore before r0 g0 rini gini rinitial ginitial rinit ginit rpre gpre rstart gstart ri gi",
    "after": "rafter gafter after rfinal gfinal rpost gpost rend gend rf gf",
    "resistance": "r resistance rread res",
    "conductance": "g conductance gread cond",
    "read": "readvoltage vread",
    "compliance": "compliance icc ilimit",
    "device": "device deviceid devicenumber dut sample die address addr cell cellid celladdress",
    "row": "devicerow row rownumber",
    "column": "devicecolumn column col columnnumber",
    "bl": "bl bitlinevoltage",
    "sl": "sl vsl sourceline sourcelinevoltage",
    "pulse": "pulse pulses pulsenumber pulseno n number npulse index count pulseindex step",
    "direction": "direction pulsesign pulsedirection sign polarity",
    "up": "ltp gltp ltpconductance conductanceltp potentiation gpotentiation potentiationconductance",
    "down": "ltd gltd ltdconductance conductanceltd depression gdepression depressionconductance",
}
_COLUMN = {name: column for column, names in _NAMES.items() for name in names.split()}
_UNITS = {
    "voltage": "V", "current": "A", "time": "s", "gate": "V", "cycle": "1", "ramp": "V/s", "amplitude": "V",
    "width": "s", "before": "ohm", "after": "ohm", "resistance": "ohm", "conductance": "S", "pulse": "1", "read": "V",
    "compliance": "A", "device": "1", "row": "1", "column": "1", "bl": "V", "sl": "V",
    "direction": "1", "up": "S", "down": "S",
}  # fmt: skip
_SCALES = {prefix: float(f"1e{power}") for prefix, power in (PREFIXES | {"K": PREFIXES["k"]}).items()}
_BASES = {
    "V": "V", "volt": "V", "volts": "V", "A": "A", "amp": "A", "amps": "A", "ampere": "A", "s": "s", "sec": "s",
    "second": "s", "seconds": "s", "ohm": "ohm", "Ohm": "ohm", "ohms": "ohm", "Ohms": "ohm", "Ω": "ohm", "S": "S",
    "siemens": "S", "V/s": "V/s", "1": "1", "#": "1",
}  # fmt: skip
_HEADING = re.compile(r"^\s*(.*?)\s*(?:\[\s*(.*?)\s*\]|\(\s*(.*?)\s*\)|(?:\s+|_|/|\s+in\s+)([^\s_/]+(?:/s)?))?\s*$")
_LONGEST_HEADING = 200  # characters; none that is known is longer
_WITHOUT_HEADER = {2: ("voltage", "current"), 4: ("amplitude", "width", "before", "after")}
_HINT = " --columns 'V [V],I [A]' names the columns of a file, in their order."
_MOST_OVER = 0.1  # of the rows may be out of range
_TITLES = 300  # lines of an instrument above its table
_NAMED = 1e9  # numbers of devices that have a name, in the order in which they appear
_NO_READING = {"overflow", "ovf", "ovld", "ovl", "ol", "overrange", "over", "overload", "-overflow"}
_WITH_UNIT = re.compile(r"([-+]?[\d.]++(?:[eE][-+]?\d++)?) ?([a-zA-Zµμ/]{1,8})")
_MOST_NAMED = 3  # bad lines that an error names


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
    headings, units, rows, lines = _split(path, text_of(path, raw))
    headings = list(columns) if columns else headings
    named: list[str] = []
    if headings is not None and not columns:
        headings, form = known_headings(headings, rows[0])
        named = [f"read as a file of {form}"] if form else []
    if headings is None:
        headings, remark = _default_headings(path, rows, lines), ["no header: columns taken by their number"]
    else:
        remark = named
    places, unknown = _places(path, _with_channel(headings), units)
    if unknown:
        remark.append(f"columns not used: {', '.join(unknown)}")
    values = _numbers(path, rows, lines, len(headings), places)
    values, lines = _in_range(path, values, lines, remark)
    values, lines = _one_train(values, lines, remark)
    values, lines = _by_device(values, lines, remark)
    kind, chosen = _kind(path, values)
    _check(path, lines, chosen)
    return Measurement(path, hashlib.sha256(raw).hexdigest(), kind, chosen, np.array(lines), tuple(remark))


def _with_channel(headings: list[str]) -> list[str]:
    """Return headings in which the first channel has names that are known, if no others say voltage and current."""
    known = {_COLUMN.get(_plain(_heading(h)[0])) for h in headings}
    if {"voltage", "current"} & known or {"before", "after", "resistance", "conductance", "bl", "sl"} & known:
        return headings
    found = first_channel(headings)
    named = list(headings)
    for place, name in zip(found or (), ("V", "I"), strict=False):
        unit = re.search(r"[\[(]\s*([^\d\s\])]+)\s*[\])]", headings[place])
        named[place] = f"{name} [{unit[1]}]" if unit else name
    return named


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
        _raise(path, bad)
    remark.append(f"{len(bad)} readings out of range are left out ({some_of(bad, _MOST_NAMED)})")
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


def _split(path: Path, text: str) -> tuple[list[str] | None, list[str] | None, list[list[str]], list[int]]:
    """Return headings and units if there are, and the cells of all rows with their lines."""
    numbered = [(k, line.strip()) for k, line in enumerate(text.splitlines(), start=1) if line.strip()]
    data = [(k, line) for k, line in own_lines(numbered) if not re.match(r"#|%|!|//", line)]
    if not data:
        raise ParameterError(
            f"{path}: no data, only {len(numbered)} lines of remarks." if numbered else f"{path}: empty."
        )
    separator = next((s for s in ("\t", ";", ",") if 2 * sum(s in line for _, line in data) >= len(data)), None)
    if separator is None:  # a blank before a unit separates nothing
        data = [(k, re.sub(r"(?<!\s)\s++(?=[\[(])", "", line)) for k, line in data]
    cells = [(k, [c.strip().strip('"') for c in line.split(separator)]) for k, line in data]
    comma = separator in ("\t", ";")
    if comma:
        cells = [(k, [c.replace(",", ".") if re.fullmatch(r"[-+\d,eE]+", c) else c for c in row]) for k, row in cells]
    first = _first_row([row for _, row in cells])
    above = [row for _, row in cells[:first]]
    if not above:  # perhaps the last remark above the data names the columns
        remarks = [line.lstrip("#%!/ ") for k, line in numbered if k < data[0][0]]
        said = re.sub(r"(?<!\s)\s++(?=[\[(])", "", remarks[-1]) if remarks and not separator else (remarks or [""])[-1]
        last = [c.strip() for c in said.split(separator)]
        above = (
            [last] if len(last) == len(cells[0][1]) and any(_COLUMN.get(_plain(_heading(c)[0])) for c in last) else []
        )
    if first == len(cells):
        raise ParameterError(f"{path}: line {cells[0][0]}: {cells[0][1][0]!r} ...: there are no numbers in this file.")
    has_units = len(above) > 1 and all(_unit(c.strip("[]()")) is not None or not c for c in above[-1])
    headings = None if not above else above[-2] if has_units else above[-1]
    units = [c.strip("[]()") for c in above[-1]] if has_units else None
    return headings, units, [row for _, row in cells[first:]], [k for k, _ in cells[first:]]


def _first_row(cells: list[list[str]]) -> int:
    """Return the place of the first row of numbers: what stands above may hold numbers too, in other widths."""
    widths = [len(row) for row in cells]
    usual = max(set(widths), key=widths.count)
    begins = [k for k, row in enumerate(cells) if _is_number(row[0]) or _is_number(row[-1])]
    whole = [k for k in begins if widths[k] == usual]
    if whole and whole[0] - begins[0] <= _TITLES and all(not _is_number(cells[k][0]) for k in begins if k < whole[0]):
        return whole[0]
    return begins[0] if begins else len(cells)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _heading(text: str) -> tuple[str, str | None]:
    """Split a heading into name and unit.

    Examples
    --------
    >>> _heading("I [uA]"), _heading("R_kohm"), _heading("R before (ohm)"), _heading("pulse number")
    (('I', 'uA'), ('R', 'kohm'), ('R before', 'ohm'), ('pulse number', None))
    """
    text = " ".join(text.split())
    match = _HEADING.match(text) if len(text) <= _LONGEST_HEADING else None
    if match is None:
        return text, None
    unit = match[2] or match[3] or match[4]
    if (match[2] or match[3] or "").isdigit():  # V(1) is the voltage of channel 1
        return match[1] + (match[2] or match[3]), None
    if match[4] and (_unit(unit) is None or _plain(text) in _COLUMN):
        return text, None
    return match[1], unit


def _unit(text: str) -> tuple[float, str] | None:
    """Return factor and SI unit of a unit with prefix; None if it is none.

    Examples
    --------
    >>> _unit("kohm"), _unit("µS"), _unit("mV/s"), _unit("apples")
    ((1000.0, 'ohm'), (1e-06, 'S'), (0.001, 'V/s'), None)
    """
    text = text.replace("µ", "u").replace("μ", "u").replace("Ω", "ohm").replace("Ω", "ohm")
    if text in _BASES:
        return 1.0, _BASES[text]
    if text[:1] in _SCALES and text[1:] in _BASES and _BASES[text[1:]] != "1":
        return _SCALES[text[:1]], _BASES[text[1:]]
    return None


def _default_headings(path: Path, rows: list[list[str]], lines: list[int]) -> list[str]:
    if len(rows[0]) not in _WITHOUT_HEADER:
        raise ParameterError(
            f"{path}: line {lines[0]}: {len(rows[0])} columns without a header. Write one, for example "
            "'V [V], I [A], t [s]', or name the columns with --columns."
        )
    return list(_WITHOUT_HEADER[len(rows[0])])


def _places(
    path: Path, headings: list[str], units: list[str] | None
) -> tuple[dict[str, tuple[int, float, str]], list[str]]:
    """Return (place, factor, unit) of every known column, and the headings that are not known."""
    places: dict[str, tuple[int, float, str]] = {}
    unknown = []
    for k, heading in enumerate(headings):
        name, unit = _heading(heading)
        column = _COLUMN.get(_plain(name)) or (heading.strip() if heading.strip() in _UNITS else None)
        if column is None or column in places:
            unknown.append(heading)
            continue
        unit = unit or (units[k] if units and k < len(units) else None)
        natural = "S" if column in ("before", "after") and _plain(name).startswith("g") else _UNITS[column]
        factor, found = (1.0, natural) if not unit else (_unit(unit) or (0.0, unit))
        swapped = {found, _UNITS[column]} == {"S", "ohm"}
        if found != _UNITS[column] and not swapped:
            raise ParameterError(f"{path}: column {heading!r}: {found!r} is no unit of {column} ({_UNITS[column]}).")
        places[column] = (k, factor, found)
    return places, unknown


def _numbers(
    path: Path, rows: list[list[str]], lines: list[int], width: int, places: dict[str, tuple[int, float, str]]
) -> dict[str, NDArray[np.float64]]:
    """Return the known columns in SI units; resistances in ohm, trains in S."""
    bad: list[str] = []
    table = np.full((len(rows), len(places)), np.nan)
    named: dict[str, float] = {}  # devices that have a name and no number
    for r, row in enumerate(rows):
        if len(row) != width and not (len(row) == width + 1 and not row[-1]):
            bad.append(f"line {lines[r]}: {len(row)} values where the header has {width}")
            continue
        for c, (column, (place, _, _)) in enumerate(places.items()):
            try:
                table[r, c] = _value(row[place])
            except ValueError:
                if column == "device" and row[place]:
                    table[r, c] = named.setdefault(row[place], _NAMED + len(named))
                    continue
                if column in ("amplitude", "width") and not row[place]:  # a reading without a pulse
                    table[r, c] = 0.0
                    continue
                bad.append(f"line {lines[r]}: {row[place]!r} ({column}) is no number")
    _raise(path, bad)
    found = {}
    for c, (column, (_, factor, unit)) in enumerate(places.items()):
        values = table[:, c] * factor
        if unit != _UNITS[column]:
            _raise(path, [f"line {lines[k]}: {column} is zero" for k in np.flatnonzero(values == 0.0)])
            values = 1.0 / values
        found[column] = values
    return found


def _value(text: str) -> float:
    """Return the number of a cell, its unit left out; infinite for the words that instruments write for no number."""
    try:
        return float(text)
    except ValueError:
        if text.lower() in _NO_READING:
            return np.inf
        match = _WITH_UNIT.fullmatch(text)
        scale = _unit(match[2]) if match else None
        if match is None or scale is None:
            raise
        return float(match[1]) * scale[0]


def _raise(path: Path, bad: list[str]) -> None:
    if bad:
        raise ParameterError(f"{path}: {some_of(bad, _MOST_NAMED)}.")


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
        return "pulses", _needed(path, "pulses", values, ["amplitude", "width", "before", "after"])
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
        known = ", ".join(f"{name} ({' '.join(_NAMES[name].split()[:4])} ...)" for name in missing)
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
    _raise(path, [text for _, text in sorted(bad)])


__all__ = ["KINDS", "Measurement", "read_measurement"]
