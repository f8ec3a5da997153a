"""Verdicts as a picture: rows against conditions, coloured by yes, no and open, with a value in every cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rramcirc.figures.style import drawn

FILL = {"yes": "#9ad0b8", "open": "#e4e4e4", "no": "#f0a58f"}
ROW = 0.19  # [inch]


def draw_verdicts(
    rows: Sequence[str], columns: Sequence[str], cells: Mapping[tuple[int, int], tuple[str, str]], path: Path, *,
    title: str,
) -> None:  # fmt: skip
    """Draw a table of verdicts.

    Parameters
    ----------
    rows, columns
        Labels.
    cells
        (row, column) -> (verdict, text); places that are missing stay white.
    path
        Of the picture.
    title
        Above it.
    """
    from matplotlib.patches import Patch, Rectangle

    with drawn(path, ROW * len(rows) + 2.0) as figure:
        figure.set_figwidth(5.0 + 0.5 * len(columns))
        ax = figure.add_subplot()
        for (i, j), (verdict, text) in cells.items():
            ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=FILL[verdict], edgecolor="w", linewidth=0.8))
            ax.text(j, i, text, ha="center", va="center", fontsize=5.5)
        ax.set_xlim(-0.5, len(columns) - 0.5)
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.set_xticks(range(len(columns)), columns, rotation=60, ha="left", fontsize=7)
        ax.xaxis.tick_top()
        ax.set_yticks(range(len(rows)), rows, fontsize=6.5)
        ax.tick_params(which="both", length=0)
        ax.minorticks_off()
        ax.grid(False)
        for side in ax.spines.values():
            side.set_visible(False)
        marks = [Patch(facecolor=FILL[name], label=name) for name in FILL]
        figure.legend(handles=marks, loc="outside lower right", ncols=3, fontsize=7)
        figure.suptitle(title, fontsize=9)
