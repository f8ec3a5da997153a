"""Files as instruments write them: their encoding, and a small catalogue of their headings."""

from __future__ import annotations

import io
import re
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rramcirc.basics.errors import ParameterError

_MOST_COLUMNS = 4  # of a table that is one array
OVERFLOW = 9.8e36  # instruments write 9.91e37 or 9.9e37 for what is out of range


@dataclass(frozen=True)
class Format:
    """What one kind of file calls its columns.

    Attributes
    ----------
    name
        Of the instrument or program.
    headings
        Those that tell the file, all of them.
    means
        Heading of the file to a heading that is known.
    swapped
        Heading of a column of units, and its beginning that says that voltage and current are exchanged.
    tag
        Heading of a column that tells the read voltage in words, if no other does.
    """

    name: str
    headings: tuple[str, ...]
    means: Mapping[str, str] = field(default_factory=dict)
    swapped: tuple[str, str] = ("", "")
    tag: str = ""


CATALOGUE = (
    Format(
        "Keithley 2450", ("Reading", "Unit", "Source Value", "Source Unit"),
        {"Source Value": "V [V]", "Reading": "I [A]", "Relative Time": "t [s]", "Index": "reading index",
         "Date": "date", "Time": "time of day", "Unit": "reading unit", "Source Unit": "source unit"},
        ("Source Unit", "Amp"),
    ),
    Format(
        "Keithley 4200", ("AnodeV", "AnodeI"),
        {"AnodeV": "V [V]", "AnodeI": "I [A]", "GateV": "Vg [V]", "Time": "t [s]"},
    ),
    Format("Keithley 4200", ("AV", "AI"), {"AV": "V [V]", "AI": "I [A]", "GV": "Vg [V]", "Time": "t [s]"}),
    Format(
        "ArC ONE", ("Wordline", "Bitline", "Resistance", "Amplitude (V)"),
        {"Resistance": "R [ohm]", "Pulse width (s)": "width [s]", "ReadVoltage": "read voltage [V]",
         "Wordline": "device row", "Bitline": "device column"},
        tag="ReadTag",
    ),
    Format(
        "Keithley 2450", ("Reading", "Unit", "Origin", "Value"),
        {"Reading": "I [A]", "Value": "V [V]", "Relative Time": "t [s]", "Index": "reading index", "Date": "date",
         "Time": "time of day"},
    ),
    Format(
        "Keithley 2450", ("Reading", "Source Value"),
        {"Reading": "I [A]", "Source Value": "V [V]", "Relative Time": "t [s]", "Index": "reading index"},
    ),
    Format(
        "Keithley 2450", ("Reading", "Source"),
        {"Reading": "I [A]", "Source": "V [V]", "Relative": "t [s]", "Relative Time": "t [s]"},
    ),
)  # fmt: skip
_OTHERS = re.compile(r"(?i)gate|wl|cath|bot|be$|source|sub|bulk|body|gnd|sense")  # channels that are not the device's
_LINES = {"DataName": "DataValue"}  # word before headings to the word before rows: Keysight B1500


def known_headings(headings: Sequence[str], first: Sequence[str]) -> tuple[list[str], str]:
    """Return headings that are known instead of an instrument's own, and the name of the format if it is one.

    Parameters
    ----------
    first
        Cells of the first row.
    """
    given = {h.strip() for h in headings}
    for form in CATALOGUE:
        if not set(form.headings) <= given:
            continue
        means = dict(form.means)
        of_first = dict(zip((h.strip() for h in headings), first, strict=False))
        if form.tag and "ReadVoltage" not in given and "V=" in of_first.get(form.tag, ""):
            means[form.tag] = "read voltage [V]"
        column, begins = form.swapped
        if column in given and of_first.get(column, "").startswith(begins):
            means |= {"Source Value": "I [A]", "Reading": "V [V]"}
        return [means.get(h.strip(), h) for h in headings], form.name
    return list(headings), ""


def first_channel(headings: Sequence[str]) -> tuple[int, int] | None:
    """Return the places of voltage and current of the first channel that has both; None if there is none.

    Names are the user's own: the same word with V and with I, and perhaps a unit behind it.
    """
    names = [re.sub(r"\s*[\[(].*", "", h.strip()) for h in headings]
    for k, name in enumerate(names):
        for match in re.finditer("V", name):
            other = name[: match.start()] + "I" + name[match.end() :]
            rest = name[: match.start()] + name[match.end() :]
            if other in names and not _OTHERS.search(rest):
                return k, names.index(other)
    return None


def text_of(path: Path, raw: bytes) -> str:
    """Return the text of a file: UTF-8 or UTF-16, with or without a mark, else Latin-1; a .npz as a table.

    Raises
    ------
    ParameterError
        If a .npz does not hold columns.
    """
    if raw[:2] == b"PK" or raw[:6] == b"\x93NUMPY":
        return _archive(path, raw)
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace")
    for first, coding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(raw) > 3 and raw[first::2][:200].count(0) > 0.4 * len(raw[first::2][:200]):
            return raw.decode(coding, errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _archive(path: Path, raw: bytes) -> str:
    """Return the arrays of numbers of a .npz as text, a column each: of one length, or one shape (cycles, points).

    An array of its own with two to four columns, and a .npy, is a table without a header.
    """
    try:
        held = np.load(io.BytesIO(raw), allow_pickle=False)
        found = {name: held[name] for name in held.files} if hasattr(held, "files") else {"": held}
        arrays = {n: np.squeeze(np.asarray(a, float)) for n, a in found.items() if a.dtype.kind in "fiub"}
    except (ValueError, OSError, TypeError, KeyError, EOFError, NotImplementedError) as error:
        raise ParameterError(f"{path}: no .npz of numbers ({type(error).__name__}).") from None
    except Exception as error:  # zipfile and zlib have errors of their own for what is damaged
        raise ParameterError(f"{path}: a damaged archive ({type(error).__name__}).") from None
    shapes = {name: a.shape for name, a in arrays.items()}
    arrays = {name: a for name, a in arrays.items() if a.ndim}  # a single number belongs to no reading
    if len(arrays) == 1:
        (only,) = arrays.values()
        if only.ndim == 2 and only.shape[1] <= _MOST_COLUMNS:
            return "\n".join("\t".join(f"{v:.17g}" for v in row) for row in only) + "\n"
    shape = next((a.shape for a in arrays.values() if a.ndim == 2), ())
    if shape and all(a.shape in (shape, shape[1:]) for a in arrays.values()):  # a row for each cycle, or one for all
        arrays = {name: np.broadcast_to(a, shape).ravel() for name, a in arrays.items()}
        arrays["cycle"] = np.repeat(np.arange(float(shape[0])), shape[1])
    if not arrays or any(a.ndim != 1 or a.shape != next(iter(arrays.values())).shape for a in arrays.values()):
        said = ", ".join(f"{name} {shape}" for name, shape in shapes.items()) or "none"
        raise ParameterError(f"{path}: columns of one length are needed, the arrays are: {said}.")
    rows = ("\t".join(f"{v:.17g}" for v in row) for row in zip(*arrays.values(), strict=True))
    return "\t".join(arrays) + "\n" + "\n".join(rows) + "\n"


def own_lines(numbered: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return only headings and rows, without the words before them, of a file that marks its lines so."""
    for name, value in _LINES.items():
        heads = [(k, line) for k, line in numbered if line.startswith(name)]
        if heads:
            kept = [(k, line) for k, line in numbered if line.startswith(value)]
            starts = [k for k, _ in heads]
            many = len(heads) > 1  # each heading begins a cycle
            separator = heads[0][1][len(name) :].lstrip(" ")[:1]
            rows = [(heads[0][0], heads[0][1].partition(separator or ",")[2] + f"{separator} cycle" * many)]
            for k, line in kept:
                cycle = f"{separator} {bisect(starts, k)}" if many else ""
                rows.append((k, line.partition(separator or ",")[2] + cycle))
            return rows
    return numbered


__all__ = ["CATALOGUE", "OVERFLOW", "Format", "first_channel", "known_headings", "own_lines", "text_of"]
