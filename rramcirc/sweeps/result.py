"""The table of a sweep: a row a run, made from the record of what is finished, at any time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rramcirc.basics.arguments import file_name
from rramcirc.basics.errors import ParameterError, cannot_write
from rramcirc.sweeps.record import read_pieces
from rramcirc.sweeps.targets import DIGEST, MACHINE, OK, STATUSES, TAIL

if TYPE_CHECKING:
    import pandas as pd

RECORD, TABLE = "runs.jsonl", "table"


@dataclass(frozen=True, eq=False, repr=False)
class SweepResult:
    """What a sweep found so far.

    Attributes
    ----------
    table
        A row a finished run: ``run`` (its number), ``corner``, the swept fields, ``seed``, ``status``, ``reason``, the
        measurements, ``digest`` (hash of what was simulated), ``seconds``, ``cached`` (whether it was found in the
        run cache) and ``machine`` (all other columns do not depend on who ran it). ``table.attrs["units"]`` maps
        columns to units.
    planned
        Number of runs of the whole sweep.
    measured
        Columns of the measurements.
    folder
        Where record and table are; None if they are not kept.
    about
        What the sweep is: its plan and what its results depend on.
    """

    table: pd.DataFrame
    planned: int
    measured: tuple[str, ...]
    folder: Path | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<SweepResult: {self.summary()}>"

    @property
    def counts(self) -> dict[str, int]:
        """Number of finished runs by status."""
        found = Counter(self.table["status"])
        return {status: found[status] for status in STATUSES if found[status]}

    @property
    def units(self) -> dict[str, str]:
        """Column -> unit, where it has one."""
        return dict(self.table.attrs["units"])

    @property
    def axes(self) -> tuple[str, ...]:
        """Paths of the grid and the rows: what is swept, not drawn."""
        return (*self.about["plan"]["grid"], *self.about["plan"]["rows"])

    @property
    def finished(self) -> bool:
        """Whether all runs of the sweep have ended, well or not."""
        return len(self.table) == self.planned

    def summary(self) -> str:
        """Return in words how many runs ended how."""
        told = ", ".join(f"{count} {status}" for status, count in self.counts.items())
        return f"{len(self.table)} of {self.planned} runs{f': {told}' if told else ''}"

    def save(self, folder: Path | str) -> list[Path]:
        """Write the table as CSV (``name [unit]`` on top), and as Parquet where pyarrow is installed.

        Returns
        -------
        list of Path
            The files.

        Raises
        ------
        ParameterError
            If they cannot be written.
        """
        folder = file_name(folder, "SweepResult.save")
        units = self.table.attrs["units"]
        titles = {name: f"{name} [{units[name]}]" if units.get(name) else name for name in self.table}
        files = [folder / f"{TABLE}.csv"]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.table.rename(columns=titles).to_csv(files[0], index=False)
            if has_parquet():
                files.append(folder / f"{TABLE}.parquet")
                _of_one_type(self.table).to_parquet(files[1], engine="pyarrow", index=False)
        except OSError as error:
            raise cannot_write(folder, error) from error
        return files


def _of_one_type(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose columns that hold numbers and texts hold texts: a Parquet column has one type."""
    from pandas.api.types import infer_dtype

    mixed = [name for name in table if infer_dtype(table[name], skipna=True).startswith("mixed")]
    texts = {name: [None if value is None else str(value) for value in table[name]] for name in mixed}
    return table.assign(**texts)


def has_parquet() -> bool:
    """Return whether tables can be written as Parquet."""
    from importlib.util import find_spec

    return find_spec("pyarrow") is not None


def load_sweep(folder: Path | str) -> SweepResult:
    """Read what a sweep has found so far, while it runs, after its end, or after an interruption.

    Parameters
    ----------
    folder
        Folder of the sweep.

    Raises
    ------
    ParameterError
        If it is none.
    """
    folder = file_name(folder, "load_sweep")
    if not (folder / RECORD).is_file():
        raise ParameterError(f"{folder} is no folder of a sweep: it has no {RECORD}. `rramcirc sweep -o` makes one.")
    about, pieces = read_pieces(folder / RECORD)
    return made_result(about, pieces, folder)


def made_result(about: Mapping[str, Any], pieces: Mapping[str, Mapping[str, Any]], folder: Path | None) -> SweepResult:
    """Return the result that finished runs make, by their number."""
    import pandas as pd

    runs = sorted(pieces.items(), key=lambda item: int(item[0]))
    paths = list(dict.fromkeys([*about["paths"], *(path for _, piece in runs for path in piece["parameters"])]))
    paths = [path for path in paths if not runs or any(path in piece["parameters"] for _, piece in runs)]
    measured = tuple(dict.fromkeys(label for _, piece in runs for label in piece["values"]))
    units = {label: unit for _, piece in runs for label, unit in piece["units"].items()}
    every = [piece for _, piece in runs]
    columns: dict[str, list[Any]] = {"run": [int(key) for key, _ in runs], "corner": [one["corner"] for one in every]}
    for path in paths:
        own = about["own"].get(path)
        columns[path] = [one["parameters"].get(path, own) for one in every]
    columns |= {name: [one[name] for one in every] for name in TAIL}
    columns |= {label: [one["values"].get(label, float("nan")) for one in every] for label in measured}
    columns |= {name: [one.get(name, False) for one in every] for name in (DIGEST, *MACHINE)}
    table = pd.DataFrame(columns)
    if not any(piece["corner"] for _, piece in runs):
        table = table.drop(columns="corner")
    table.attrs["units"] = about["units"] | units | {"seconds": "s"}
    return SweepResult(table, int(about["runs"]), measured, folder, about)


def failures(result: SweepResult, most: int = 3) -> list[str]:
    """Return in words how runs ended that are not ok, the first reasons with the number of runs that have them."""
    wrong = result.table[result.table["status"] != OK]
    told = [
        f"{_runs(list(rows['run']))}: {status}: {reason.rstrip('.')}"
        for (status, reason), rows in wrong.groupby(["status", "reason"], sort=False)
    ]
    return [*told[:most], f"and {len(told) - most} other reasons"] if len(told) > most else told


def _runs(numbers: list[int]) -> str:
    return f"run {numbers[0]}" if len(numbers) == 1 else f"{len(numbers)} runs"
