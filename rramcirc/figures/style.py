"""What all figures share: sizes, colours, labels, files. The only place that imports matplotlib."""

from __future__ import annotations

import math
import os
import re
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rramcirc.basics.arguments import file_name
from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, cannot_write, unknown_name
from rramcirc.basics.units import PREFIXES, positive_number

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.typing import RcKeyType

#: Okabe and Ito, distinct for every kind of colour vision; yellow is left out because it is weak on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES = ("-", "--")
NAMED_LINES = 9  # as many have a colour and dash pattern of their own and a line in the legend
QUANTITIES = {
    "V": "voltage",
    "A": "current",
    "ohm": "resistance",
    "S": "conductance",
    "W": "power",
    "J": "energy",
    "s": "time",
    "Hz": "frequency",
    "C": "charge",
    "F": "capacitance",
    "K": "temperature",
}
_PREFIX_OF = {power: prefix for prefix, power in PREFIXES.items()}
_SUFFIXES = (".png", ".pdf", ".svg")
_WIDTH = 7.16  # inches: two columns of an IEEE page
_NARROW = 110.0  # mm, below which a figure has smaller letters and no room beside its panels
_INCH = 25.4  # mm
_LETTER = 1.9  # mm of width, of a letter of a title on average
STYLE: dict[RcKeyType, object] = {
    "font.size": 9,
    "axes.labelsize": 9,
    "axes.titlesize": 9.5,
    "legend.fontsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "axes.linewidth": 0.7,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.minor.visible": True,
    "ytick.minor.visible": True,
    "axes.grid": True,
    "grid.color": "0.88",
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "lines.linewidth": 1.2,
    "savefig.dpi": 200,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "pdf.fonttype": 42,
    "svg.hashsalt": "rramcirc",
    "axes.formatter.useoffset": False,
    "axes.unicode_minus": True,
    "font.family": "DejaVu Sans",
}


_NARROW_STYLE: dict[RcKeyType, object] = {
    "font.size": 7,
    "axes.labelsize": 7,
    "axes.titlesize": 7.5,
    "legend.fontsize": 6.5,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "lines.linewidth": 1.0,
    "axes.linewidth": 0.6,
    "savefig.dpi": 400,
}


@dataclass(frozen=True)
class Print:
    """How figures are written.

    Attributes
    ----------
    width
        Of a figure [mm]; None is the common one.
    suffix
        ``.png``, ``.pdf`` or ``.svg`` in place of the suffix that a figure would have; None is its own.
    """

    width: float | None = None
    suffix: str | None = None

    @property
    def narrow(self) -> bool:
        """Whether there is no room beside the panels."""
        return self.width is not None and self.width < _NARROW


_COMMON = Print()
_print: ContextVar[Print] = ContextVar("print", default=_COMMON)


def print_style() -> Print:
    """Return how figures are written now."""
    return _print.get()


@contextmanager
def printed(width: float | None = None, suffix: str | None = None) -> Iterator[None]:
    """Write all figures of the block in a width and format of a journal.

    Parameters
    ----------
    width
        Of the figures [mm], as 85 (one column) or 170 (both); None leaves it.
    suffix
        ``.png``, ``.pdf`` or ``.svg``: replaces that of every figure's file; None leaves it.

    Raises
    ------
    ParameterError
        If the width is below 40 or above 400 mm, or the format unknown.
    """
    if width is not None:
        number = positive_number(width, "printed: width")
        if not 40 <= number <= 400:
            raise ParameterError(f"printed: width = {number:g} mm: 85 (one column) to 170 (both) is usual; 40 to 400.")
    if suffix is not None and suffix not in _SUFFIXES:
        raise ParameterError(f"printed: {unknown_name('format', str(suffix), _SUFFIXES)}")
    outer = print_style()
    before = _print.set(Print(outer.width if width is None else width, suffix or outer.suffix))
    try:
        yield
    finally:
        _print.reset(before)


def style_now() -> dict[RcKeyType, object]:
    """Return the settings of matplotlib for the figures that are written now."""
    return STYLE | _NARROW_STYLE if print_style().narrow else STYLE


def heading(figure: Figure, text: str) -> None:
    """Put a title above a figure, in as many lines as it needs."""
    across = (print_style().width or _WIDTH * _INCH) / (_LETTER * (0.8 if print_style().narrow else 1.0))
    lines = [part for line in text.splitlines() for part in textwrap.wrap(line, int(across)) or [""]]
    figure.suptitle(plain("\n".join(lines)), fontsize=style_now()["axes.titlesize"])


def engineering(axis: Axis, unit: str) -> None:
    """Write the ticks of a logarithmic axis as 10u, 1m, 100k, where its unit takes prefixes."""
    from matplotlib.ticker import EngFormatter

    class Ours(EngFormatter):
        ENG_PREFIXES = EngFormatter.ENG_PREFIXES | {-6: "u"}

    if unit in QUANTITIES:
        axis.set_major_formatter(Ours(sep=" "))


@contextmanager
def drawn(path: str | os.PathLike[str] | None, height: float) -> Iterator[Figure]:
    """Give an empty figure in the common style, and write it to `path` at the end.

    Parameters
    ----------
    path
        File; ``.png``, ``.pdf`` or ``.svg`` says the format. None writes nothing.
    height
        Of the figure [inch].

    Raises
    ------
    ParameterError
        If the suffix is unknown or the file cannot be written.
    """
    import matplotlib as mpl

    target = None if path is None else checked_path(path)
    with mpl.rc_context(style_now()):
        figure = new_figure(height)
        yield figure
        if target is not None:
            save(figure, target)


def si_scale(values: ArrayLike, unit: str) -> tuple[float, str]:
    """Return the factor and SI prefix that make the largest magnitude lie between 1 and 1000.

    Examples
    --------
    >>> si_scale([0.0, 2.5e-5], "A")
    (1e-06, 'u')
    """
    magnitudes = np.abs(np.asarray(values, np.float64))
    magnitudes = magnitudes[np.isfinite(magnitudes)]
    largest = float(magnitudes.max(initial=0.0))
    if unit not in QUANTITIES or largest == 0.0:
        return 1.0, ""
    power = min(12, max(-15, 3 * math.floor(math.log10(largest * (1 + 1e-9)) / 3)))
    return float(f"1e{power}"), _PREFIX_OF[power]


def decimate(axis: FloatArray, values: FloatArray, buckets: int = 2000) -> NDArray[np.intp]:
    """Return the points that draw the same line: first, last, lowest and highest of every bucket of the axis.

    Parameters
    ----------
    axis, values : (n_points,) arrays
        If the axis does not rise throughout, buckets have equal numbers of points.
    buckets
        About the number of pixels across.

    Returns
    -------
    (n_kept,) array of int
        Rising; all points if there are at most 4 in a bucket.
    """
    n = len(axis)
    if n <= 4 * buckets:
        return np.arange(n)
    if np.all(np.diff(axis) >= 0) and axis[-1] > axis[0]:
        edges = np.searchsorted(axis, np.linspace(axis[0], axis[-1], buckets + 1)[:-1])
    else:
        edges = np.linspace(0, n, buckets + 1).astype(np.intp)[:-1]
    edges = np.unique(np.append(edges, n))
    kept = [edges[:-1], edges[1:] - 1]
    for ordered in (values, -values):  # a NaN is never the extreme
        clean = np.where(np.isnan(ordered), np.inf, ordered)
        lowest = np.minimum.reduceat(clean, edges[:-1])
        hits = np.flatnonzero(clean == np.repeat(lowest, np.diff(edges)))
        kept.append(hits[np.searchsorted(hits, edges[:-1])])
    return np.unique(np.concatenate(kept))


def line_style(k: int, count: int) -> tuple[object, str]:
    """Return colour and dash pattern of line `k` of `count`: distinct colours, then dashes, then a gradient."""
    if count <= NAMED_LINES:
        return COLOURS[k % len(COLOURS)], _DASHES[k // len(COLOURS)]
    import matplotlib as mpl

    return mpl.colormaps["viridis"](0.95 * k / (count - 1)), "-"


def quantity_of(labels: list[str], unit: str) -> str:
    """Return what a panel shows: the quantity of its unit, or the common name of its signals."""
    if unit in QUANTITIES:
        return QUANTITIES[unit]
    stems = {re.split(r"[\[(]", label)[0] for label in labels}
    return stems.pop() if len(stems) == 1 else ("state" if unit == "nm" else "value")


def axis_label(quantity: str, unit: str) -> str:
    """Return an axis label, for example ``current [uA]``."""
    return f"{quantity} [{unit}]" if unit else quantity


def plain(text: str) -> str:
    """Return text that matplotlib shows as it is: no formulas, no hidden legend entries."""
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def checked_path(path: str | os.PathLike[str]) -> Path:
    """Return the path of a figure, in the format that is asked for; raise ParameterError if its suffix is none."""
    path = file_name(path, "figure")
    if path.suffix.lower() not in _SUFFIXES:
        raise ParameterError(f"{path}: the suffix {path.suffix!r} is no figure format. Use {' '.join(_SUFFIXES)}.")
    suffix = print_style().suffix
    return path if suffix is None else path.with_suffix(suffix)


def new_figure(height: float) -> Figure:
    """Return an empty figure of the common width; height [inch]."""
    from matplotlib.figure import Figure  # without pyplot: no window, no display, no global list of figures

    width = print_style().width
    return Figure(figsize=(_WIDTH if width is None else width / _INCH, height), layout="constrained")


def save(figure: Figure, path: Path) -> None:
    """Write a figure, the same bytes for the same figure."""
    metadata = {".png": None, ".pdf": {"CreationDate": None}, ".svg": {"Date": None}}[path.suffix.lower()]
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing")  # a title in another script
            figure.savefig(path, metadata=metadata)
    except OSError as error:
        raise cannot_write(path, error) from error
