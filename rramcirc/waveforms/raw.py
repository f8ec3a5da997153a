"""Raw files of ngspice: read through a memory map, written in the same form.

A raw file holds one or more *plots* (analyses). A plot is a text header, then the values point by point, as 8-byte
doubles after ``Binary:`` or as text after ``Values:``. A killed run leaves ``No. Points: 0`` in the header of its
last plot; the number of points is then computed from the size of the file.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import numpy as np

from rramcirc.basics.arguments import file_name
from rramcirc.basics.arrays import AnyArray, FloatArray
from rramcirc.basics.errors import WaveformError, a_kind, cannot_write, unknown_name

#: Ending of the title of a plot that was incomplete when :func:`write_raw` wrote it.
PARTIAL_MARK = "[partial]"

#: Word of a file's header -> the simulator that wrote it; `rawformats` reads those files.
FOREIGN = {"qspice": "qspice", "xyce": "xyce", "ltspice": "ltspice", "linear technology": "ltspice"}
_FIRST_WORDS = (b"title:", b"date: ", b"plotna")
_HEADER_LINE = re.compile(r"^([A-Za-z][\w. ]*):(.*)$", re.DOTALL)


def restore_indices(name: str) -> str:
    """Return ``gap[2,3]`` for ``gap[2_3]``, as raw files have to spell it because ngspice splits names at commas."""
    return re.sub(r"\[(\d+)_(\d+)\]", r"[\1,\2]", name)


def normalise_vector(name: str) -> str:
    """Return one spelling for the several in which ngspice writes the same vector.

    Examples
    --------
    >>> [normalise_vector(n) for n in ("VBL3#branch", "v(@n.xcell_2_3.nrram[gap])", "n.x#s", "v(v-sweep)", "V(a, b)")]
    ['i(vbl3)', '@n.xcell_2_3.nrram[gap]', 'v(n.x#s)', 'v-sweep', 'v(a,b)']
    """
    name = restore_indices("".join(name.split()).lower())
    inner = name[2:-1] if name[:2] in ("v(", "i(") and name.endswith(")") else ""
    if inner.startswith("@") or inner.endswith("-sweep"):
        return inner
    if name.endswith("#branch"):
        return f"i({name[:-7]})"
    if "#" in name and "(" not in name and not name.startswith("@"):
        return f"v({name})"
    return name


@dataclass(frozen=True, eq=False)
class RawPlot:
    """One analysis of a raw file; values stay on disk until a column is asked for.

    Parameters
    ----------
    title, date, plotname
        Lines of the header; `plotname` is for example ``Transient Analysis``.
    flags
        ``('real',)`` or ``('complex',)``.
    names, kinds
        Name and kind (``voltage``, ``current``, ``time``...) of every column, as in the file.
    data : (n_points, n_names) array
        Values in SI units, usually a memory map.
    complete
        False if the file holds less than its header promises, or the run was killed.
    problem
        Where it stops, in words; empty if complete.
    """

    title: str
    date: str
    plotname: str
    flags: tuple[str, ...]
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    data: AnyArray = field(repr=False)
    complete: bool = True
    problem: str = ""

    @classmethod
    def from_columns(
        cls,
        names: Sequence[str],
        kinds: Sequence[str],
        columns: Sequence[AnyArray],
        *,
        title: str = "",
        plotname: str = "Transient Analysis",
        complete: bool = True,
        problem: str = "",
    ) -> RawPlot:
        """Return a plot made from arrays in memory.

        Parameters
        ----------
        names, kinds
            Name and kind of every column; the axis comes first.
        columns : sequence of (n_points,) arrays
            Values in SI units; one complex column makes the plot complex.
        title, plotname, complete, problem
            As in the class.

        Raises
        ------
        WaveformError
            If the lengths differ.
        """
        arrays = [np.atleast_1d(np.asarray(c)) for c in columns]
        if not len(names) == len(kinds) == len(arrays):
            raise WaveformError(f"{len(names)} names, {len(kinds)} kinds and {len(arrays)} columns: need one of each.")
        if wrong := [f"{n} {a.shape}" for n, a in zip(names, arrays, strict=True) if a.shape != arrays[0].shape]:
            raise WaveformError(f"columns differ: {names[0]} has shape {arrays[0].shape}, {', '.join(wrong[:3])}.")
        complex_plot = any(np.iscomplexobj(a) for a in arrays)
        data = np.empty((len(arrays[0]) if arrays else 0, len(arrays)), np.complex128 if complex_plot else np.float64)
        for i, values in enumerate(arrays):
            data[:, i] = values
        return cls(
            title,
            time.strftime("%a %b %d %H:%M:%S  %Y"),
            plotname,
            ("complex" if complex_plot else "real",),
            tuple(names),
            tuple(kinds),
            data,
            complete,
            problem,
        )

    @property
    def n_points(self) -> int:
        """Number of points that are there."""
        return len(self.data)

    @property
    def has_axis(self) -> bool:
        """Whether column 0 is an axis (an operating point has none)."""
        return bool(self.names) and (
            self.kinds[0] in ("time", "frequency")
            or "-sweep" in self.names[0]
            or self.plotname.lower().startswith("dc transfer")
        )

    @property
    def axis(self) -> FloatArray:
        """(n_points,) axis [s, Hz or unit of the swept source]; the point number if there is no axis."""
        if not self.has_axis:
            return np.arange(self.n_points, dtype=np.float64)
        return np.ascontiguousarray(self.column(0).real)

    @cached_property
    def _exact(self) -> dict[str, int]:
        return {name: i for i, name in reversed(list(enumerate(self.names)))}

    @cached_property
    def _index(self) -> dict[str, int]:
        table = {normalise_vector(name): i for i, name in reversed(list(enumerate(self.names)))}
        return table | self._exact

    def find(self, name: str) -> int | None:
        """Return the number of the column called `name` in any spelling of :func:`normalise_vector`, or None."""
        if name in self._exact:  # the other spellings of a hundred thousand names cost a second
            return self._exact[name]
        plain = normalise_vector(name)
        for spelling in (plain, f"v({plain})"):
            if spelling in self._index:
                return self._index[spelling]
        return None

    def column(self, which: int | str) -> AnyArray:
        """Return one column, copied; nothing else is read.

        Parameters
        ----------
        which
            Number of the column, or its name.

        Returns
        -------
        (n_points,) array
            float64, or complex128 in a complex plot [SI units].

        Raises
        ------
        WaveformError
            If there is no such column.
        """
        found = self.find(which) if isinstance(which, str) else which
        if found is None or isinstance(found, bool) or not isinstance(found, (int, np.integer)):
            raise WaveformError(unknown_name("vector", str(which), self.names))
        if not -len(self.names) <= found < len(self.names):
            raise WaveformError(f"no column {found}: plot {self.plotname!r} has {len(self.names)} columns.")
        return np.array(self.data[:, found])


def read_raw(path: str | os.PathLike[str]) -> list[RawPlot]:
    """Read a raw file of ngspice, binary or ASCII, real or complex, with any number of plots.

    Parameters
    ----------
    path
        The file. It is mapped, not loaded; do not overwrite it in place while the plots are used.

    Returns
    -------
    list of RawPlot
        In the order of the file. Only the last one can be incomplete.

    Raises
    ------
    WaveformError
        If the file is missing, empty, no raw file, or does not hold what its headers promise.
    """
    path = file_name(path, "read_raw")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            return list(_read_plots(file, path, size))
    except OSError as error:
        raise WaveformError(f"{path}: cannot be read as a raw file ({error.strerror}).") from error


def _read_plots(file: IO[bytes], path: Path, size: int) -> Iterator[RawPlot]:
    if size == 0:
        raise WaveformError(f"{path} is empty: the run ended before its first block was written. See the log.")
    position = 0
    while position < size:
        file.seek(position)
        header = _Header(file, path, first=position == 0)
        if not header.form:  # the run was killed while it wrote this header
            yield RawPlot(
                header.text("title"),
                "",
                header.text("plotname"),
                (),
                (),
                (),
                np.empty((0, 0)),
                False,
                "the file ends inside the header",
            )
            return
        read = _binary if header.form == "binary" else _ascii
        data, position = read(file, path, header, size)
        n_points, promised = data.shape[0], header.n_points
        complete = promised > 0 and n_points == promised and not header.text("title").endswith(PARTIAL_MARK)
        title = header.text("title").removesuffix(PARTIAL_MARK).rstrip()
        plot = RawPlot(
            title,
            header.text("date"),
            header.text("plotname"),
            header.flags,
            header.names,
            header.kinds,
            data,
            complete,
        )
        yield plot if complete else _with_problem(plot, promised)


def _with_problem(plot: RawPlot, promised: int) -> RawPlot:
    if plot.n_points == 0:
        where = "holds no points"
    elif plot.has_axis:
        name = plot.kinds[0] if plot.kinds[0] in ("time", "frequency") else normalise_vector(plot.names[0])
        last = complex(plot.data[-1, 0]).real
        where = f"stops after {name} = {last:.6g}{ {'time': ' s', 'frequency': ' Hz'}.get(name, '') }"
    else:
        where = f"stops after point {plot.n_points}"
    header = f"{promised} points promised" if promised > plot.n_points else "the run did not end by itself"
    object.__setattr__(plot, "problem", f"{where} ({plot.n_points} points; {header})")
    return plot


class _Header:
    """Text part of one plot; `form` is 'binary', 'values' or, if the file ends before the data, ''."""

    def __init__(self, file: IO[bytes], path: Path, first: bool) -> None:
        self.values: dict[str, str] = {}
        self.names: tuple[str, ...] = ()
        self.kinds: tuple[str, ...] = ()
        self.flags: tuple[str, ...] = ()
        self.form, self.n_points = "", 0
        start = file.tell()
        while not self.form:
            line = file.readline(1 << 16)
            if not line.endswith(b"\n") and (self.values or any(w.startswith(line[:6].lower()) for w in _FIRST_WORDS)):
                if first:
                    raise WaveformError(f"{path}: the file ends inside the header, without values. See the log.")
                return
            match = _HEADER_LINE.match(line.decode("utf-8", "surrogateescape").rstrip("\r\n"))
            if match is None or not (self.values or match[1].lower() in ("title", "date", "plotname")):
                where = "" if start == 0 else f"{start} bytes into the file, where the next plot should start: "
                raise WaveformError(f"{path}: {where}{_not_raw(line)}")
            key, value = match[1].strip().lower(), match[2].strip()
            if key == "variables":
                self._read_variables(file, path, value)
            elif key in ("binary", "values"):
                self.form = key
            else:
                self.values[key] = value
        self._check(path)

    def text(self, key: str) -> str:
        return self.values.get(key, "")

    def _count(self, path: Path, key: str) -> int:
        if not self.text(key).isdigit():
            raise WaveformError(f"{path}: the header has {key.capitalize()}: {self.text(key)!r}, no number.")
        return int(self.text(key))

    def _read_variables(self, file: IO[bytes], path: Path, rest: str) -> None:
        rows: list[list[str]] = [rest.split()] if rest else []
        n_names = self._count(path, "no. variables")
        while len(rows) < n_names:
            line = file.readline(1 << 16)
            if not line.endswith(b"\n"):
                return
            rows.append(line.decode("utf-8", "surrogateescape").split())
            if len(rows[-1]) < 3 or rows[-1][0] != str(len(rows) - 1):
                raise WaveformError(f"{path}: variable {len(rows) - 1} of {n_names} reads {line.strip()!r}.")
        self.names, self.kinds = tuple(r[1] for r in rows), tuple(r[2] for r in rows)

    def _check(self, path: Path) -> None:
        self.flags = tuple(self.text("flags").lower().split())
        self.n_points = self._count(path, "no. points")
        n_names = self._count(path, "no. variables")
        if len(self.names) != n_names or not n_names:
            raise WaveformError(f"{path}: the header promises {n_names} variables and lists {len(self.names)}.")
        command = self.text("command").lower()
        default = "ltspice" if "forward" in self.flags else ""
        if foreign := next((d for word, d in FOREIGN.items() if word in command), default):
            raise WaveformError(f"{path} was written by {foreign}. Read it with rramcirc.waveforms.foreign.read_any.")
        if not {"real", "complex"} & set(self.flags) or "unpadded" in self.flags:
            raise WaveformError(f"{path}: Flags: {self.text('flags')!r}; known are 'real' and 'complex', padded.")

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.complex128 if "complex" in self.flags else np.float64)


def _not_raw(line: bytes) -> str:
    hint = (
        " It looks like an LTspice file: read it with rramcirc.waveforms.foreign.read_any."
        if line[:4] == b"T\0i\0"
        else ""
    )
    return f"not a raw file of ngspice; found {line[:40]!r} where a line such as 'Title: ...' is expected.{hint}"


def _binary(file: IO[bytes], path: Path, header: _Header, size: int) -> tuple[AnyArray, int]:
    """Return the mapped (n_points, n_names) values and the position behind them."""
    start, n_names, promised = file.tell(), len(header.names), header.n_points
    record = n_names * header.dtype.itemsize
    if promised == 0 and file.read(6).lower() in _FIRST_WORDS:  # no points, and the next plot follows
        return np.empty((0, n_names), header.dtype), start
    available = (size - start) // record
    n_points = min(available, promised) if promised else available
    data = np.memmap(path, header.dtype, "r", start, (n_points, n_names)) if n_points else np.empty((0, n_names))
    return data, start + n_points * record if promised and n_points == promised else size


def _ascii(file: IO[bytes], path: Path, header: _Header, size: int) -> tuple[AnyArray, int]:
    """Return the (n_points, n_names) values read from text and the position behind them."""
    start, n_names, promised = file.tell(), len(header.names), header.n_points
    body = file.read()
    if following := re.search(rb"^(Title|Date|Plotname):", body, re.MULTILINE):
        body = body[: following.start()]
    tokens = body.replace(b",", b" ").split()
    if tokens and not body.endswith(b"\n"):  # the last number may be cut
        tokens.pop()
    width = 1 + n_names * (header.dtype.itemsize // 8)
    n_points = len(tokens) // width
    if promised and len(tokens) > promised * width:
        extra = len(tokens) - promised * width
        raise WaveformError(f"{path}: {extra} values more than the {promised} points promised.")
    try:
        table = np.array(tokens[: n_points * width], dtype="S").astype(np.float64).reshape(n_points, width)
    except ValueError as error:
        raise WaveformError(f"{path}: a value of plot {header.text('plotname')!r} is no number ({error}).") from None
    if not np.array_equal(table[:, 0], np.arange(n_points)):
        wrong = int(np.flatnonzero(table[:, 0] != np.arange(n_points))[0])
        name = header.text("plotname")
        raise WaveformError(f"{path}: point {wrong} of plot {name!r} is numbered {table[wrong, 0]:g}.")
    return np.ascontiguousarray(table[:, 1:]).view(header.dtype), start + len(body)


def write_raw(path: str | os.PathLike[str], plots: Sequence[RawPlot]) -> None:
    """Write plots as one binary raw file, as ngspice does; an incomplete plot is marked in its title.

    A comma in a name becomes ``_`` (:func:`restore_indices`).

    Parameters
    ----------
    path
        File to write; it is replaced only when the new one is whole, so plots mapped from it stay valid.
    plots
        At least one plot.

    Raises
    ------
    WaveformError
        If there is nothing to write or the file cannot be written.
    EnvironmentProblem
        If the disk is full.
    """
    path = file_name(path, "write_raw")
    if not isinstance(plots, list | tuple) or not all(isinstance(plot, RawPlot) for plot in plots):
        raise WaveformError(f"write_raw: a list of RawPlot is needed, not {a_kind(plots)}.")
    if not plots:
        raise WaveformError(f"{path}: no plot to write.")
    replace = path.is_file() or not path.exists()
    target = path.with_name(f".{path.name}.{os.getpid()}") if replace else path
    try:
        try:
            with target.open("wb") as file:
                for plot in plots:
                    _write_plot(file, plot)
            if replace:
                target.replace(path)
        finally:
            if replace:
                target.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def _write_plot(file: IO[bytes], plot: RawPlot) -> None:
    form = "complex" if np.iscomplexobj(plot.data) else "real"
    names = ["".join(name.split()).replace(",", "_") for name in plot.names]
    rows = [f"\t{i}\t{name}\t{kind}" for i, (name, kind) in enumerate(zip(names, plot.kinds, strict=True))]
    header = [
        f"Title: {plot.title}{'' if plot.complete else f' {PARTIAL_MARK}'}",
        f"Date: {plot.date}",
        f"Plotname: {plot.plotname}",
        f"Flags: {form}",
        f"No. Variables: {len(plot.names)}",
        f"No. Points: {plot.n_points}",
        "Variables:",
        *rows,
        "Binary:",
        "",
    ]
    file.write("\n".join(header).encode("utf-8", "surrogateescape"))
    block = max(1, 2**22 // max(1, len(plot.names)))
    for start in range(0, plot.n_points, block):
        part = plot.data[start : start + block]
        file.write(np.ascontiguousarray(part, np.complex128 if form == "complex" else np.float64).data)
