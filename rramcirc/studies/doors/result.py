"""What a study answers: a table, a picture, the quantities in words, and the files that hold them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rramcirc.basics.errors import cannot_write
from rramcirc.basics.html import MOST_ROWS, html_table, quantity_table
from rramcirc.basics.units import format_number
from rramcirc.figures.style import checked_path

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, repr=False)
class StudyResult:
    """The answer of a study.

    Attributes
    ----------
    name
        Of the study, as the command line writes it.
    table
        The answer, row by row; ``table.attrs["units"]`` maps columns to units.
    quantities
        What the table says in numbers: quantity -> (value, unit).
    details
        Records that the table was made from, by name; each study says which.
    draw
        Function that draws the picture and, given a path, writes it.
    files
        File name -> table or array, what `save` writes besides the picture.
    picture
        File name of the picture.
    """

    name: str
    table: pd.DataFrame
    draw: Callable[[Path | None], Figure]
    picture: str
    files: Mapping[str, pd.DataFrame | NDArray[np.float64]]
    quantities: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def figure(self) -> Figure:
        """The picture, drawn when it is first asked for (matplotlib Figure)."""
        return self.draw(None)

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write tables as CSV (``name [unit]`` on top), arrays as .npy, and the picture.

        Parameters
        ----------
        folder
            Made if it is not there; files of the same names are replaced.

        Returns
        -------
        list of Path
            The files.

        Raises
        ------
        ParameterError
            If they cannot be written.
        """
        place = Path(folder)
        try:
            place.mkdir(parents=True, exist_ok=True)
            for name, content in self.files.items():
                _write(content, place / name)
        except OSError as error:
            raise cannot_write(place, error) from error
        picture = checked_path(place / self.picture)
        self.draw(picture)
        return [*(place / name for name in self.files), picture]

    def __repr__(self) -> str:
        head = f"<study {self.name}: {len(self.table)} rows ({', '.join(map(str, self.table.columns))})"
        said = "; ".join(f"{name} {_quantity(*value)}" for name, value in list(self.quantities.items())[:4])
        return f"{head}{'; ' if said else ''}{said}>"

    def _repr_html_(self) -> str:
        units = self.table.attrs.get("units", {})
        heads = [f"{name} [{units[name]}]" if units.get(name) else str(name) for name in self.table.columns]
        shown = self.table.head(MOST_ROWS)
        rows = [
            [f"{value:.4g}" if isinstance(value, float) else str(value) for value in row]
            for row in shown.itertuples(index=False)
        ]
        more = len(self.table) - len(shown)
        caption = f"study {self.name}" + (f", first {len(shown)} of {len(self.table)} rows" if more else "")
        return (quantity_table(self.quantities) if self.quantities else "") + html_table(heads, rows, caption)


def _quantity(value: float, unit: str) -> str:
    return format_number(value, "" if unit == "1" else unit)


def _write(content: pd.DataFrame | NDArray[np.float64], path: Path) -> None:
    """Write a table as CSV or an array as .npy."""
    import numpy as np

    if isinstance(content, np.ndarray):
        np.save(path, content)
        return
    units = content.attrs["units"]
    titled = content.rename(columns={c: f"{c} [{units[c]}]" for c in content.columns if units.get(c)})
    titled.to_csv(path, index=False)
