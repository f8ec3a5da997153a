"""Maps: quantities of all cells of an array as colours over rows and columns."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.errors import ParameterError
from rramcirc.figures.style import axis_label, drawn, plain, si_scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_IN_A_ROW = 4


def plot_maps(
    maps: Mapping[str, ArrayLike],
    path: str | os.PathLike[str] | None = None,
    *,
    quantity: str,
    unit: str = "",
    limits: tuple[float, float] | None = None,
    colours: str = "viridis",
    row_label: str = "row (WL)",
    column_label: str = "column (BL)",
) -> Figure:
    """Draw arrays side by side with one common colour scale.

    Parameters
    ----------
    maps
        Title -> (rows, columns) array [unit]; row 0 is at the top. Not-a-number stays white.
    path
        Figure to write: .png, .pdf or .svg; None writes nothing.
    quantity, unit
        What the colours mean.
    limits
        Values at the ends of the colour scale [unit]; default those of the data.
    colours
        Name of a matplotlib colour map; a diverging one for signed quantities.

    Returns
    -------
    Figure
        The drawing.

    Raises
    ------
    ParameterError
        If there is no map, or one has not two dimensions.
    """
    arrays = {title: np.asarray(values, dtype=float) for title, values in maps.items()}
    if not arrays or any(a.ndim != 2 or a.size == 0 for a in arrays.values()):
        raise ParameterError("plot_maps: give one or more arrays of rows and columns.")
    values = np.concatenate([a[np.isfinite(a)].ravel() for a in arrays.values()])
    scale, prefix = si_scale(values, unit)
    low, high = limits or ((values.min(), values.max()) if values.size else (0.0, 1.0))
    across = min(MOST_IN_A_ROW, len(arrays))
    down = -(-len(arrays) // across)
    width = min(3.4, 6.0 / across)
    tallest = max(a.shape[0] / a.shape[1] for a in arrays.values())
    with drawn(path, 0.7 + down * (0.3 + width * min(1.2, max(tallest, 0.25)))) as figure:
        figure.set_layout_engine("compressed")  # squares leave no gap between them and the scale
        axes = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True).ravel()
        for ax, (title, array) in zip(axes, arrays.items(), strict=False):
            shown = ax.imshow(
                array / scale, cmap=colours, vmin=low / scale, vmax=high / scale, interpolation="nearest",
                aspect="equal" if 0.2 < array.shape[0] / array.shape[1] < 5 else "auto",
            )  # fmt: skip
            ax.set_title(plain(title))
            ax.grid(False)
            ax.minorticks_off()
            ax.xaxis.get_major_locator().set_params(integer=True)
            ax.yaxis.get_major_locator().set_params(integer=True)
            ax.tick_params(direction="out", top=False, right=False)
        for ax in axes[len(arrays) :]:
            ax.set_visible(False)
        for ax in axes[: len(arrays) : across]:
            ax.set_ylabel(row_label)
        for ax in axes[max(0, len(arrays) - across) : len(arrays)]:
            ax.set_xlabel(column_label)
        figure.colorbar(shown, ax=list(axes[: len(arrays)]), label=axis_label(quantity, f"{prefix}{unit}"), pad=0.02)
    return figure
