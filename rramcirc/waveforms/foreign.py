"""Raw files of other simulators: LTspice, QSPICE and Xyce."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from rramcirc.basics.arguments import file_name
from rramcirc.basics.arrays import AnyArray, FloatArray
from rramcirc.basics.errors import WaveformError, unknown_name
from rramcirc.waveforms.aliases import alias_values
from rramcirc.waveforms.raw import RawPlot, ascii_table, read_plots
from rramcirc.waveforms.raw_header import FIRST_WORDS, FOREIGN, RawHeader, check_byte_order
from rramcirc.waveforms.steps import (
    log_steps,
    split_xyce_name,
    step_name,
    step_starts,
    time_starts,
    without_doubled_starts,
)

DIALECTS = ("ngspice", "ltspice", "qspice", "xyce")
# words for kinds of vectors -> ngspice's word, or the unit where it has none
_KINDS = {
    **dict.fromkeys(("time", "frequency", "voltage", "current"), ""),
    **dict.fromkeys(("device_current", "subckt_current"), "current"),
    "power": "W",
    "energy": "J",
    "charge": "C",
    "resistance": "ohm",
    "conductance": "S",
    "capacitance": "F",
    "inductance": "H",
    "flux": "V s",
}
_WITHOUT_AXIS = ("operating point", "transfer function", "integrated noise")
_UNIT_OF_SOURCE = {"V": "V", "I": "A", "T": "C"}


def read_any(path: str | os.PathLike[str], dialect: str | None = None) -> list[RawPlot]:
    """Read a raw file of ngspice, LTspice, QSPICE or Xyce.

    Parameters
    ----------
    path
        The file.
    dialect
        ``ngspice``, ``ltspice``, ``qspice`` or ``xyce``; None looks into the header.

    Returns
    -------
    list of RawPlot
        One for each analysis; a stepped analysis gives one for each step, whose values stand in its name if the file
        or the log beside it has them. Operating points of a stepped analysis are one plot over what is stepped. What
        Xyce and QSPICE say beside the plots (table of sensitivities; aliases that are no formula) is left out.

    Raises
    ------
    WaveformError
        If the file cannot be read.
    """
    path = file_name(path, "read_any")
    if dialect is not None and dialect not in DIALECTS:
        raise WaveformError(unknown_name("raw file dialect", str(dialect), DIALECTS))
    found, signed = _sniff(path)
    if signed and dialect not in (None, found):
        raise WaveformError(f"{path}: its header says that {found} wrote it, so it is not read as one of {dialect}.")
    dialect = dialect or found
    if dialect == "ngspice":
        return read_plots(path)
    if dialect == "xyce":
        return [part for plot in read_plots(path, "xyce") for part in _of_xyce(plot)]
    try:
        with path.open("rb") as file:
            return list(_read_plots(file, path, dialect))
    except OSError as error:
        raise WaveformError(f"{path}: cannot be read as a raw file ({error.strerror}).") from error


def _sniff(path: Path) -> tuple[str, bool]:
    """Return the simulator that wrote a file, and whether its first header says so or only looks like it."""
    try:
        with path.open("rb") as file:
            start = file.read(1 << 16)
    except OSError as error:
        raise WaveformError(f"{path}: cannot be read as a raw file ({error.strerror}).") from error
    if start[:4] in (b"\0T\0i", b"\xfe\xff\0T"):
        raise WaveformError(f"{path}: its text is UTF-16, big-endian. Such files are not read: write it as UTF-8.")
    wide = start[1:2] == b"\0"
    text = (start.replace(b"\0", b"") if wide else start).decode("latin-1")
    header = re.split(r"^(?:Binary|Values):", text, maxsplit=1, flags=re.MULTILINE)[0]
    head, _, variables = header.partition("\nVariables:")
    said = re.findall(r"^(?:command|program|version):(.*)", head.lower(), re.MULTILINE)
    if named := next((d for line in said for word, d in FOREIGN.items() if word in line), ""):
        return named, True
    if re.search(r"^flags:.*forward", head, re.MULTILINE | re.IGNORECASE) or wide:
        return "ltspice", wide
    # Xyce signs by nothing; but it has steps in the plot's name, its own word for a DC axis, and capital letters
    signs = r"^Plotname: *(Step Analysis|DC Sweep): Step \d|^Version:.*Xyce"
    names = r"^\t0\tsweep\tvoltage|^\t\d+\t[^a-z\t]*[A-Z][^a-z\t]*#branch\t"
    found = re.search(signs, head, re.MULTILINE) or re.search(names, variables, re.MULTILINE)
    return ("ngspice", True) if "ngspice" in " ".join(said) else ("xyce" if found and not said else "ngspice", False)


def _of_xyce(plot: RawPlot) -> Iterator[RawPlot]:
    """Yield a plot of Xyce with its step at the end of its name, and V(...) and I(...) around the names."""
    analysis, step, swept = split_xyce_name(plot.plotname)
    kinds = [_kind(kind) for kind in plot.kinds]
    names = [_name_of_xyce(name, kind) for name, kind in zip(plot.names, kinds, strict=True)]
    if plot.has_axis and plot.names[0].lower() == "sweep":  # called a voltage whatever it is
        names[0], kinds[0] = plot.names[0], _UNIT_OF_SOURCE.get(swept[0][0].upper() if swept else "", "notype")
    named = replace(plot, plotname=f"{analysis} {step}".rstrip(), names=tuple(names), kinds=tuple(kinds))
    starts = step_starts(plot.axis) if len(swept) > 1 else [0]
    if len(starts) == 1:
        yield named
        return
    for number, (start, stop) in enumerate(zip(starts, [*starts[1:], plot.n_points], strict=True), 1):
        name = f"{named.plotname} (sweep {number})"
        yield replace(named, plotname=name, data=plot.data[start:stop], complete=plot.complete or stop < plot.n_points)


def _name_of_xyce(name: str, kind: str) -> str:
    """Return a name as others write it: ``OUT`` is V(OUT), ``V1#branch`` is I(V1)."""
    if name.lower().endswith("#branch"):
        return f"I({name[:-7]})"
    return f"V({name})" if kind == "voltage" and re.fullmatch(r"[\w:.!#+-]+", name) else name


def _read_plots(file: IO[bytes], path: Path, dialect: str) -> Iterator[RawPlot]:
    """Yield the plots of a file of LTspice or QSPICE."""
    size = path.stat().st_size
    if size == 0:
        raise WaveformError(f"{path} is empty: the run ended before its first block was written. See the log.")
    position = 0
    while position < size:
        file.seek(position)
        if position and not _starts_plot(file.read(12)):
            return  # LTspice may write one record more than it announces
        file.seek(position)
        header = RawHeader(file, path, position == 0, dialect)
        if not header.form:
            return
        read = _binary if header.form == "binary" else _text
        columns, position = read(file, path, header, size, dialect)
        yield from _plots_of(header, columns, path)


def _starts_plot(start: bytes) -> bool:
    return start.replace(b"\0", b"")[:6].lower() in FIRST_WORDS


def _layouts(header: RawHeader, dialect: str) -> list[np.dtype[Any]]:
    """Return the types that a record may have, the likely one first.

    LTspice stores the axis in 8 bytes and the rest in 4, or, if asked for digits (not every version says so), all in
    8; complex plots in 16. QSPICE stores all in 8; complex plots in 16, but for the frequency.
    """
    complex_plot = "complex" in header.flags or header.text("plotname").lower() == "ac analysis"
    if dialect == "qspice":
        kinds = [["f8", "c16"], ["c16", "c16"]] if complex_plot else [["f8", "f8"]]
    elif complex_plot:
        kinds = [["c16", "c16"]]
    else:
        kinds = [["f8", "f8"]] if "double" in header.flags else [["f8", "f4"], ["f8", "f8"], ["f4", "f4"]]
    rest = len(header.names) - 1
    return [np.dtype([(f"c{k}", f"<{t}") for k, t in enumerate([first, *[other] * rest])]) for first, other in kinds]


def _binary(file: IO[bytes], path: Path, header: RawHeader, size: int, dialect: str) -> tuple[list[AnyArray], int]:
    """Return the columns and the position behind them."""
    start, promised = file.tell(), header.n_points
    layouts = _layouts(header, dialect)
    fitting = [t for t in layouts if start + promised * t.itemsize == size or _followed(file, start, promised, t)]
    record = (fitting or layouts)[0]
    n_points = min((size - start) // record.itemsize, promised or size)
    end = start + n_points * record.itemsize
    if promised and n_points < promised and "fastaccess" in header.flags:
        raise WaveformError(f"{path}: the file ends before its {promised} points, and is ordered by vectors.")
    types = [record[k] for k in range(len(header.names))]
    if "fastaccess" in header.flags and n_points:
        columns = _contiguous(path, start, types, n_points)
        if columns[0].dtype.kind != "c" or not columns[0].imag.any():
            return columns, end
        # some writers announce this order in complex plots, and do not follow it: their frequency is then complex
    table = np.memmap(path, record, "r", start, (n_points,)) if n_points else np.empty(0, record)
    columns = [np.ascontiguousarray(table[f"c{k}"]) for k in range(len(types))]
    if wide := [c[:64].view(np.float64) for c in columns if c.dtype.itemsize >= 8]:
        check_byte_order(np.concatenate(wide), path)
    return columns, end


def _followed(file: IO[bytes], start: int, n_points: int, record: np.dtype[Any]) -> bool:
    """Return whether another plot starts behind so many records."""
    file.seek(start + n_points * record.itemsize)
    return n_points > 0 and _starts_plot(file.read(12))


def _contiguous(path: Path, start: int, types: list[np.dtype[Any]], n_points: int) -> list[AnyArray]:
    """Return columns that are stored one behind the other."""
    columns: list[AnyArray] = []
    for kind in types:
        columns.append(np.fromfile(path, kind, n_points, offset=start))
        start += n_points * kind.itemsize
    return columns


def _text(file: IO[bytes], path: Path, header: RawHeader, size: int, dialect: str) -> tuple[list[AnyArray], int]:
    """Return the columns read from text and the position behind them."""
    start, n_names, promised = file.tell(), len(header.names), header.n_points
    body = file.read()
    if header.wide:
        body = body.decode("utf-16-le", "replace").encode()
    elif following := re.search(rb"^(Title|Date|Plotname):", body, re.MULTILINE):
        body = body[: following.start()]
    complex_plot = "complex" in header.flags
    words = body.replace(b",", b" ").split()
    if words and not body.endswith(b"\n"):  # the last number may be cut
        words.pop()
    real_axis = complex_plot and b"," not in body.partition(b"\n")[0]
    width = 1 + n_names * (2 if complex_plot else 1) - real_axis
    n_points = min(len(words) // width, promised or size)
    table = ascii_table(words[: n_points * width], width, path, header.text("plotname"))[:, 1:]
    end = size if header.wide else start + len(body)
    if not complex_plot:
        return list(np.ascontiguousarray(table.T)), end
    if real_axis:
        table = np.insert(table, 1, 0.0, axis=1)
    return list(np.ascontiguousarray(np.ascontiguousarray(table).view(np.complex128).T)), end


def _plots_of(header: RawHeader, columns: list[AnyArray], path: Path) -> Iterator[RawPlot]:
    """Yield one plot, or one for each of its steps."""
    plotname, kinds, names = header.text("plotname"), [_kind(kind) for kind in header.kinds], list(header.names)
    if "noise spectral" in plotname.lower():  # densities, which these files call voltages
        kinds = ["V/sqrt(Hz)" if kind == "voltage" else kind for kind in kinds]
    stepped = "stepped" in header.flags
    swept = _has_axis(header, stepped)
    if kinds[0] == "time":
        columns[0] = np.abs(columns[0])  # LTspice marks compressed points by a negative time
    for name, values, kind in _aliases(header, columns):
        names, columns, kinds = [*names, name], [*columns, values], [*kinds, kind]
    complete = 0 < header.n_points == len(columns[0])
    problem = f"{len(columns[0])} of {header.n_points or '?'} points are there"
    whole = RawPlot.from_columns(names, kinds, columns, title=header.text("title"), plotname=plotname)
    whole = replace(whole, date=header.text("date"), swept=swept)
    if stepped and swept and whole.n_points:
        told = log_steps(path)
        whole = replace(whole, data=without_doubled_starts(whole.data, len(told)))
        starts, steps = _steps(whole.axis, kinds[0], told)
    else:
        starts, steps = [0], []
    stops = [*starts[1:], whole.n_points]
    for number, (start, stop) in enumerate(zip(starts, stops, strict=True), 1):
        cut = not complete and stop == whole.n_points
        values_of_step = steps[number - 1] if steps else _constants(header, whole.data[start:stop])
        more = len(starts) > 1 or (stepped and values_of_step)
        name = f"{plotname} {step_name(number, values_of_step)}" if more else plotname
        data = whole.data[start:stop]
        yield replace(whole, plotname=name, data=data, complete=not cut, problem=problem if cut else "")


def _has_axis(header: RawHeader, stepped: bool) -> bool:
    """Return whether column 0 is an axis; stepped operating points have what is stepped there."""
    if not header.text("plotname").lower().startswith(_WITHOUT_AXIS):
        return True
    return header.kinds[0].lower() in ("param", "parameter") or (stepped and "(" not in header.names[0])


def _steps(axis: FloatArray, kind: str, told: list[dict[str, str]]) -> tuple[list[int], list[dict[str, str]]]:
    """Return where the steps start and, if the log lists (`told`) as many, their values.

    A step starts where the axis does again. Where two rules disagree (a transient may have its first time twice), the
    number of steps in the log decides.
    """
    rules = [time_starts(axis), step_starts(axis)] if kind == "time" else [step_starts(axis)]
    starts = next((rule for rule in rules if len(rule) == len(told)), rules[0])
    if len(starts) == len(told):
        return starts, told
    if len(told) == len(axis) > 0:  # operating points over two parameters: one line of the log for each point
        parts = [told[a:b] for a, b in zip(starts, [*starts[1:], len(axis)], strict=True)]
        return starts, [{k: v for k, v in part[0].items() if all(p.get(k) == v for p in part)} for part in parts]
    return starts, []


def _constants(header: RawHeader, data: AnyArray) -> dict[str, str]:
    """Return the stepped parameters that QSPICE stores as vectors, which do not change within a step."""
    found = {}
    for k, (name, kind) in enumerate(zip(header.names[1:], header.kinds[1:], strict=True), 1):
        part = data[:, k].real
        if kind.lower() == "parameter" and part.size and np.all(part == part[0]):
            found[name] = f"{part[0]:.9g}"
    return found


def _aliases(header: RawHeader, columns: list[AnyArray]) -> Iterator[tuple[str, AnyArray, str]]:
    """Yield name, values and kind of the vectors that QSPICE describes by formulas."""
    vectors: Mapping[str, AnyArray] = dict(zip(header.names, columns, strict=True))
    for name, formula in header.aliases.items():
        kind = {"I(": "current", "V(": "voltage", "P(": "W"}.get(name[:2].upper(), "")
        values = alias_values(formula, vectors, header.parameters) if kind else None
        if values is not None:
            yield name, values, kind


def _kind(word: str) -> str:
    """Return ngspice's word for a kind of vector, its unit if it has none, or ``notype`` for an unknown word."""
    return _KINDS.get(word.lower(), "notype") or word.lower()
