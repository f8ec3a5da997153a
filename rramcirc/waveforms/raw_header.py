"""Headers of raw files: the text before the values, as ngspice, Xyce, LTspice and QSPICE write it."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import IO, Any

import numpy as np

from rramcirc.basics.arrays import AnyArray
from rramcirc.basics.errors import WaveformError

#: Word of a file's header -> the simulator that wrote it; `rramcirc.waveforms.foreign` reads those files.
FOREIGN = {"qspice": "qspice", "xyce": "xyce", "ltspice": "ltspice", "linear technology": "ltspice"}
#: Beginnings of the first line of a plot.
FIRST_WORDS = (b"title:", b"date: ", b"plotna")
_HEADER_LINE = re.compile(r"^([A-Za-z][\w. ]*):(.*)$", re.DOTALL)
_LONGEST = 1 << 16  # bytes of a line
_SANE = (1e-100, 1e100)  # numbers outside are seldom in a file, and everywhere in one of the other byte order


class RawHeader:
    """Text part of one plot.

    Attributes
    ----------
    values
        ``key: value`` lines, keys in small letters.
    parameters, aliases
        ``.param`` and ``.alias`` lines of QSPICE, by name.
    names, kinds
        Name and kind of every column.
    lengths
        Number of points that a column really has (``dims=1``), 0 if as many as the plot.
    form
        ``'binary'``, ``'values'`` or, if the file ends before the data, ``''``.
    wide
        The text is UTF-16, two bytes a character, as LTspice writes it.
    """

    def __init__(self, file: IO[bytes], path: Path, first: bool, dialect: str = "ngspice") -> None:
        self.values: dict[str, str] = {}
        self.parameters: dict[str, str] = {}
        self.aliases: dict[str, str] = {}
        self.names: tuple[str, ...] = ()
        self.kinds: tuple[str, ...] = ()
        self.flags: tuple[str, ...] = ()
        self.lengths: tuple[int, ...] = ()
        self.form, self.n_points = "", 0
        self._path, self._dialect, start = path, dialect, file.tell()
        mark = file.read(4)
        self.wide = dialect in ("ltspice", "qspice") and mark[1:2] == b"\0"
        file.seek(start)
        while not self.form:
            line = self._line(file)
            if not line.endswith(b"\n") and (self.values or any(w.startswith(line[:6].lower()) for w in FIRST_WORDS)):
                if first:
                    raise WaveformError(f"{path}: the file ends inside the header, without values. See the log.")
                return
            if not self._dot_line(line):
                self._header_line(file, line, start)
        self._check()

    def text(self, key: str) -> str:
        """Return the value of a header line, '' if it is not there."""
        return self.values.get(key, "")

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of every value in a file of ngspice or Xyce."""
        return np.dtype(np.complex128 if "complex" in self.flags else np.float64)

    def _line(self, file: IO[bytes]) -> bytes:
        """Return the next line in UTF-8; in UTF-16 a line ends with two bytes, of which the first is a newline."""
        line = file.readline(_LONGEST)
        if not self.wide:
            return line
        while line.endswith(b"\n"):
            line += file.read(1) if len(line) % 2 else b""
            more = b"" if line.endswith(b"\n\0") else file.readline(_LONGEST)
            if not more:
                break
            line += more
        return line.decode("utf-16-le", "replace").lstrip("\ufeff").encode()

    def _decoded(self, line: bytes) -> str:
        """Return a line as text; LTspice and QSPICE of old wrote Latin-1."""
        try:
            return line.decode()
        except UnicodeDecodeError:
            foreign = self._dialect in ("ltspice", "qspice")
            return line.decode("latin-1") if foreign else line.decode("utf-8", "surrogateescape")

    def _dot_line(self, line: bytes) -> bool:
        """Take a ``.param name=value`` or ``.alias name formula`` line of QSPICE; return whether it is one."""
        if self._dialect != "qspice" or not line.startswith(b"."):
            return False
        head, _, rest = self._decoded(line).strip().partition(" ")
        separator = "=" if head.lower() == ".param" else None
        parts = rest.split(separator, 1)
        if len(parts) == 2 and head.lower() in (".param", ".alias"):
            (self.parameters if separator else self.aliases)[parts[0].strip()] = parts[1].strip()
        return True

    def _header_line(self, file: IO[bytes], line: bytes, start: int) -> None:
        match = _HEADER_LINE.match(self._decoded(line).rstrip("\r\n"))
        if match is None or not (self.values or match[1].lower() in ("title", "date", "plotname")):
            where = "" if start == 0 else f"{start} bytes into the file, where the next plot should start: "
            raise WaveformError(f"{self._path}: {where}{_not_raw(line)}")
        key, value = match[1].strip().lower(), match[2].strip()
        if key == "variables":
            self._read_variables(file, value)
        elif key in ("binary", "values"):
            self.form = key
        else:
            self.values[key] = value

    def _count(self, key: str) -> int:
        if not self.text(key).isdigit():
            raise WaveformError(f"{self._path}: the header has {key.capitalize()}: {self.text(key)!r}, no number.")
        return int(self.text(key))

    def _read_variables(self, file: IO[bytes], rest: str) -> None:
        rows = [_variable(rest)] if rest else []
        n_names = self._count("no. variables")
        while len(rows) < n_names:
            line = self._line(file)
            if not line.endswith(b"\n"):
                return
            rows.append(_variable(self._decoded(line)))
            if len(rows[-1]) < 3 or rows[-1][0] != str(len(rows) - 1):
                raise WaveformError(f"{self._path}: variable {len(rows) - 1} of {n_names} reads {line.strip()!r}.")
        self.names, self.kinds = tuple(r[1] for r in rows), tuple(r[2] for r in rows)
        self.lengths = tuple(_length(r[3:]) for r in rows)

    def _check(self) -> None:
        self.flags = tuple(self.text("flags").lower().split())
        # Xyce leaves the number blank until the analysis has ended
        blank = self._dialect == "xyce" and not self.text("no. points")
        self.n_points = 0 if blank else self._count("no. points")
        n_names = self._count("no. variables")
        if len(self.names) != n_names or not n_names:
            raise WaveformError(f"{self._path}: the header promises {n_names} variables and lists {len(self.names)}.")
        if self._dialect == "ngspice":
            command = self.text("command").lower()
            default = "ltspice" if "forward" in self.flags else ""
            if foreign := next((d for word, d in FOREIGN.items() if word in command), default):
                raise WaveformError(
                    f"{self._path} was written by {foreign}. Read it with rramcirc.waveforms.foreign.read_any."
                )
        if self._dialect in ("ngspice", "xyce") and (
            not {"real", "complex"} & set(self.flags) or "unpadded" in self.flags
        ):
            raise WaveformError(f"{self._path}: Flags: {self.text('flags')!r}; known are 'real' and 'complex', padded.")


def _variable(line: str) -> list[str]:
    """Return number, name, kind and attributes of a variable; a name may hold blanks where tabs part the fields."""
    fields = [field.strip() for field in line.strip().split("\t")]
    if len(fields) >= 3 and fields[1] and fields[2]:
        return [fields[0], fields[1], *" ".join(fields[2:]).split()]
    return line.split()


def _length(attributes: list[str]) -> int:
    """Return the number of points that ``dims=`` gives to a vector, 0 if it gives none."""
    for word in attributes:
        if re.fullmatch(r"dims=\d+(,\d+)*", word):
            return math.prod(int(n) for n in word[5:].split(","))
    return 0


def _not_raw(line: bytes) -> str:
    hint = (
        " It looks like an LTspice file: read it with rramcirc.waveforms.foreign.read_any."
        if line[:4] == b"T\0i\0"
        else ""
    )
    return f"not a raw file of ngspice; found {line[:40]!r} where a line such as 'Title: ...' is expected.{hint}"


def check_byte_order(numbers: AnyArray, path: Path) -> None:
    """Refuse 8-byte numbers that make sense only if their bytes are read from the other end.

    Raises
    ------
    WaveformError
        If most of the numbers are absurdly large or small, and none is with the bytes turned round.
    """
    sample = np.ascontiguousarray(numbers.reshape(-1)[:4096]).view(np.float64)
    sample = sample[sample != 0]
    absurd = np.unique(sample[_absurd(sample)])
    turned = sample.byteswap()
    if len(absurd) >= 2 and 2 * np.count_nonzero(_absurd(sample)) > len(sample) and not _absurd(turned).any():
        raise WaveformError(
            f"{path}: its numbers are big-endian (the first one reads {sample[0]:.3g}, and {turned[0]:.6g} from the "
            "other end). Such files are not read: write it on a little-endian machine, or as text (set filetype=ascii)."
        )


def _absurd(values: AnyArray) -> AnyArray:
    size = np.abs(values)
    absurd: AnyArray = ~((size >= _SANE[0]) & (size <= _SANE[1]))
    return absurd
