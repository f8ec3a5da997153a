"""The record of a long run: finished pieces in one file that is only appended to, so that no end loses any.

A line holds the checksum of what follows, the key of the piece and its values as JSON; arrays are stored in full. The
first line says what run the pieces belong to. What was cut off in the middle of a line is dropped at the next start.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import numpy as np

from rramcirc.basics.errors import ParameterError

HEADER = "run"
_DIGITS = 16  # of the checksum, hexadecimal


class RunRecord:
    """Finished pieces of one long run, by key.

    Parameters
    ----------
    path
        The file; it is made if it is not there. None keeps the pieces in memory only.
    run
        What the pieces belong to: a name, and every value that they depend on.

    Attributes
    ----------
    damaged
        Number of lines that were found changed, and whose pieces are to be computed again.

    Raises
    ------
    ParameterError
        If the file belongs to another run, or another process writes it now.

    Examples
    --------
    >>> with RunRecord(None, {"name": "table", "seed": 1}) as record:
    ...     record.piece("first", lambda: {"sum": 3.0})
    {'sum': 3.0}
    """

    def __init__(self, path: Path | str | None, run: Mapping[str, object]) -> None:
        self.path = None if path is None else Path(path)
        self.damaged = 0
        self._pieces: dict[str, dict[str, Any]] = {}
        self._file = -1
        if self.path is not None:
            try:
                self._open(self.path, json.loads(json.dumps(dict(run), default=_as_json)))
            except BaseException:
                self.close()
                raise

    def __enter__(self) -> RunRecord:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __contains__(self, key: object) -> bool:
        return key in self._pieces

    def __len__(self) -> int:
        return len(self._pieces)

    @property
    def pieces(self) -> Mapping[str, dict[str, Any]]:
        """The values of all finished pieces by key."""
        return MappingProxyType(self._pieces)

    def close(self) -> None:
        """Let others write the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the values of a piece; None if it is not finished."""
        return self._pieces.get(key)

    def add(self, key: str, values: Mapping[str, object]) -> None:
        """Store a finished piece: numbers, texts, lists and arrays by name."""
        self.add_all({key: values})

    def add_all(self, pieces: Mapping[str, Mapping[str, object]]) -> None:
        """Store several finished pieces, as `add`, with one wait for the disk."""
        texts = {key: json.dumps([key, dict(values)], default=_as_json) for key, values in pieces.items()}
        for key, text in texts.items():
            self._pieces[key] = json.loads(text, object_hook=_from_json)[1]
        if self._file >= 0:
            self._write(b"".join(map(_spelled, texts.values())))

    def piece(self, key: str, compute: Callable[[], Mapping[str, object]]) -> dict[str, Any]:
        """Return the values of a piece, computed and stored if it is not finished."""
        if key not in self._pieces:
            self.add(key, compute())
        return self._pieces[key]

    def _open(self, path: Path, run: dict[str, Any]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ParameterError(
                f"{path}: another process writes this record now; wait, or choose another folder."
            ) from None
        content, header = path.read_bytes(), _spelled(json.dumps([HEADER, run]))
        whole = content.rfind(b"\n") + 1
        if not whole and not header.startswith(content):
            raise _foreign(path)
        lines = content[:whole].splitlines()
        first = _line(lines[0]) if lines else (HEADER, run)
        if first is None or first[0] != HEADER:
            raise _foreign(path)
        if first[1] != run:
            changed = ", ".join(sorted(k for k in {*first[1], *run} if first[1].get(k) != run.get(k)))
            raise ParameterError(
                f"{path}: holds pieces of another run (not the same: {changed}). Choose another folder, or delete it."
            )
        if whole < len(content):
            os.ftruncate(self._file, whole)
        if not lines:
            self._write(header)
        for line in lines[1:]:
            found = _line(line)
            if found is None:
                self.damaged += 1
            else:
                self._pieces[found[0]] = found[1]

    def _write(self, line: bytes) -> None:
        while line:
            line = line[os.write(self._file, line) :]
        os.fsync(self._file)


def read_pieces(path: Path) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return what run a record is of, and its finished pieces by key, even while another process writes it.

    Raises
    ------
    ParameterError
        If it is no record, or its first line is damaged.
    """
    content = path.read_bytes()
    lines = content[: content.rfind(b"\n") + 1].splitlines()
    first = _line(lines[0]) if lines else None
    if first is None or first[0] != HEADER:
        raise _foreign(path)
    return first[1], dict(found for found in map(_line, lines[1:]) if found is not None)


def _foreign(path: Path) -> ParameterError:
    return ParameterError(
        f"{path}: is no record of a run of rramcirc, or its first line is damaged. Choose another folder, or delete it."
    )


def _spelled(text: str) -> bytes:
    """Return the line that holds a text of JSON."""
    line = text.encode()
    return _checksum(line) + b" " + line + b"\n"


def _checksum(line: bytes) -> bytes:
    return hashlib.sha256(line).hexdigest()[:_DIGITS].encode()


def _line(line: bytes) -> tuple[str, dict[str, Any]] | None:
    """Return (key, values) of a line; None if it was changed."""
    if line[_DIGITS : _DIGITS + 1] != b" " or _checksum(line[_DIGITS + 1 :]) != line[:_DIGITS]:
        return None
    key, values = json.loads(line[_DIGITS + 1 :], object_hook=_from_json)
    return key, values


def _as_json(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
        return {"array": data, "dtype": value.dtype.str, "shape": list(value.shape)}
    raise ParameterError(f"a record holds numbers, texts, lists and arrays of numbers, not a {type(value).__name__}.")


def _from_json(found: dict[str, Any]) -> Any:
    if found.keys() == {"array", "dtype", "shape"}:
        return np.frombuffer(base64.b64decode(found["array"]), found["dtype"]).reshape(found["shape"]).copy()
    return found
