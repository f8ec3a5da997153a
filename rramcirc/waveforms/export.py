"""Tables of waveforms as files of other programs: CSV, Parquet, NumPy, HDF5."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from rramcirc.basics.arrays import AnyArray
from rramcirc.basics.errors import EnvironmentProblem, ParameterError, cannot_write

Column = tuple[str, AnyArray, str]
_ROWS = 50_000  # of a CSV file that are texts at once
_LONG = 100_000  # rows from which pyarrow writes a CSV file, five times faster; loading it takes 0.2 s


def write_table(columns: Sequence[Column], path: Path | str, suffix: str = "") -> int:
    """Write columns of equal length in the format that the suffix of the file says; return how many it has.

    Parameters
    ----------
    columns
        Name, values [unit] and unit. Of complex values real and imaginary part are columns of their own, but for
        ``.npz`` and HDF5, which hold complex numbers.
    path
        ``.csv``, ``.parquet``, ``.npz``, ``.h5`` or ``.hdf5``; ``-`` is CSV on the standard output.
    suffix
        If the format is known otherwise: the suffix that the file must have.

    Raises
    ------
    ParameterError
        If the suffix is another one, or the file cannot be written.
    EnvironmentProblem
        If the library of the format is not installed.
    """
    writer = _writer(path, suffix)
    try:
        return writer(columns, path)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise cannot_write(path, error) from error


def check_table_path(path: Path | str, suffix: str = "") -> None:
    """Raise ParameterError unless :func:`write_table` knows what to write there."""
    _writer(path, suffix)


def _writer(path: Path | str, suffix: str) -> Callable[[Sequence[Column], Path | str], int]:
    """Return the function that writes a file, by its suffix; a device has none."""
    given = Path(path).suffix.lower()
    device = str(path) == "-" or (not given and Path(path).exists() and not Path(path).is_file())
    if device and suffix in ("", ".csv"):
        return _write_csv
    known = ", ".join(_WRITERS)
    if suffix and given != suffix:
        raise ParameterError(
            f"{path}: the suffix is {given or 'missing'!r}, and --{suffix[1:]} writes {suffix} files. Name it so, or "
            f"use --export, which goes by the suffix ({known})."
        )
    if given not in _WRITERS:
        raise ParameterError(f"{path}: the suffix {given!r} is no format of tables. Known are {known}.")
    return _WRITERS[given]


def _real(columns: Sequence[Column]) -> Iterator[Column]:
    for label, values, unit in columns:
        if np.iscomplexobj(values):
            yield f"re({label})", values.real, unit
            yield f"im({label})", values.imag, unit
        else:
            yield label, values, unit


def _write_csv(columns: Sequence[Column], path: Path | str) -> int:
    """Write 'name [unit]' on top and every digit below."""
    table = list(_real(columns))
    heads = ",".join(_quoted(f"{label} [{unit}]" if unit else label) for label, _, unit in table) + "\n"
    if str(path) != "-" and _long_csv(table, heads, path):
        return len(table)
    rows = len(table[0][1])
    with nullcontext(sys.stdout) if str(path) == "-" else open(path, "w", encoding="utf-8", newline="") as file:
        file.write(heads)
        for start in range(0, rows, _ROWS):
            texts = [map(repr, values[start : start + _ROWS].tolist()) for _, values, _ in table]
            file.write("\n".join(map(",".join, zip(*texts, strict=True))) + "\n")
    return len(table)


def _long_csv(table: Sequence[Column], heads: str, path: Path | str) -> bool:
    """Write a long table of numbers with pyarrow, if it is there; texts differ (1e-9, 1e-09), numbers do not."""
    arrays = [np.asarray(values) for _, values, _ in table]
    if len(arrays[0]) < _LONG or any(one.dtype != np.float64 or not np.isfinite(one).all() for one in arrays):
        return False
    try:
        import pyarrow as pa
        from pyarrow import csv
    except ImportError:
        return False
    names = [str(k) for k in range(len(arrays))]
    numbers = pa.table([pa.array(np.ascontiguousarray(one)) for one in arrays], names=names)
    with open(path, "wb") as file:
        file.write(heads.encode())
        csv.write_csv(numbers, file, csv.WriteOptions(include_header=False))
    return True


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\r\n') else text


def _write_npz(columns: Sequence[Column], path: Path | str) -> int:
    """Write an array for each column, and ``units``: a text of JSON, name -> unit."""
    units = np.array(json.dumps({label: unit for label, _, unit in columns}))
    with zipfile.ZipFile(path, "w") as archive:
        for name, values in [*((label, values) for label, values, _ in columns), ("units", units)]:
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asarray(values, order="C"), allow_pickle=False)
    return len(columns)


def _write_parquet(columns: Sequence[Column], path: Path | str) -> int:
    """Write a column each, named without unit; the units are in the metadata of the fields."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise EnvironmentProblem(f"{path}: Parquet needs pyarrow: pip install 'rramcirc[export]'.") from error
    table = list(_real(columns))
    fields = [pa.field(label, pa.float64(), metadata={"unit": unit}) for label, _, unit in table]
    arrays = [pa.array(np.ascontiguousarray(values)) for _, values, _ in table]
    parquet.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), path)
    return len(table)


def _write_hdf5(columns: Sequence[Column], path: Path | str) -> int:
    """Write a data set each, with attributes ``name`` and ``unit``; a / in the name is a division slash there."""
    try:
        import h5py
    except ImportError as error:
        raise EnvironmentProblem(f"{path}: HDF5 needs h5py: pip install 'rramcirc[export]'.") from error
    with h5py.File(path, "w") as file:
        for label, values, unit in columns:
            data = file.create_dataset(label.replace("/", "\u2215"), data=np.ascontiguousarray(values))
            data.attrs["name"], data.attrs["unit"] = label, unit
    return len(columns)


_WRITERS: dict[str, Callable[[Sequence[Column], Path | str], int]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".npz": _write_npz,
    ".h5": _write_hdf5,
    ".hdf5": _write_hdf5,
}
