"""What a paper states, in the pictures of its experiments: lines, bands and points that look the same in all of them.

Their labels come from `Experiment.stated`, which refuses what is assumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.typing import ColorType

INK = "0.25"


def stated_line(
    ax: Axes, value: float, label: str | None, *, along: Literal["x", "y"] = "y", color: ColorType = INK
) -> None:
    """Draw a dotted line at a value of an axis, in the units of the picture."""
    draw = ax.axhline if along == "y" else ax.axvline
    draw(value, color=color, linestyle=":", linewidth=1.3, label=label, zorder=1.5)


def stated_band(ax: Axes, low: float, high: float, label: str | None) -> None:
    """Draw a grey band between two values of the y axis, in the units of the picture."""
    ax.axhspan(low, high, color="0.82", linewidth=0, label=label, zorder=0.5)


def stated_points(ax: Axes, x: Sequence[float], y: Sequence[float], label: str, *, color: ColorType = INK) -> None:
    """Draw open diamonds, in the units of the picture."""
    ax.plot(x, y, color=color, linestyle="none", marker="D", fillstyle="none", markersize=7, label=label, zorder=4)


@contextmanager
def added_to(figure: Figure, path: Path) -> Iterator[None]:
    """Let the body add to a figure that was drawn but not written, and write it."""
    import matplotlib as mpl

    from rramcirc.figures.style import checked_path, save, style_now

    with mpl.rc_context(style_now()):
        yield
        save(figure, checked_path(path))
