"""Small drawings of waveforms as SVG text, for tables in notebooks; no library draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from rramcirc.basics.arrays import AnyArray, FloatArray

WIDTH, HEIGHT = 160, 24  # pixels
MARGIN = 1.5


def signals_table(
    axis: FloatArray, signals: Mapping[str, tuple[str, AnyArray]], caption: str, others: Sequence[str]
) -> str:
    """Return an HTML table of signals: name, unit, lowest, highest and a line against the axis.

    Parameters
    ----------
    axis : (n_points,) array
        [its own unit].
    signals
        Name -> unit and (n_points,) values.
    caption
        Line above the table.
    others
        Names that are only mentioned.
    """
    rows = []
    for name, (unit, values) in signals.items():
        size = np.abs(values) if np.iscomplexobj(values) else values
        good = size[np.isfinite(size)]
        ends = [f"{end:.4g}" for end in (good.min(), good.max())] if good.size else ["", ""]
        cells = "".join(f"<td>{escape(text)}</td>" for text in (name, unit, *ends))
        rows.append(f"<tr>{cells}<td>{sparkline(axis, values)}</td></tr>")
    head = "".join(f"<th>{text}</th>" for text in ("signal", "unit", "lowest", "highest", "against the axis"))
    more = f"<p>and {len(others)} more: {escape(', '.join(others[:6]))} ...</p>" if others else ""
    top = f"<caption>{escape(caption)}</caption>"
    return f"<table>{top}<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>{more}"


def sparkline(axis: FloatArray, values: AnyArray, width: int = WIDTH, height: int = HEIGHT) -> str:
    """Return one line as SVG: first, lowest, highest and last value of every second pixel of the axis.

    Parameters
    ----------
    axis : (n_points,) array
        Where it does not rise throughout (sweeps forth and back) points are drawn one after the other.
    values : (n_points,) array
        [any unit]; of complex values the magnitude, values that are not finite are left out.
    width, height
        Size [pixels].

    Examples
    --------
    >>> sparkline(np.array([0.0, 1.0]), np.array([0.0, 2.0])).count(",")
    2
    """
    shown = np.abs(values) if np.iscomplexobj(values) else np.asarray(values, dtype=float)
    rising = axis.size > 1 and bool(np.all(axis[1:] >= axis[:-1])) and axis[-1] > axis[0]
    across = (axis - axis[0]) / (axis[-1] - axis[0]) if rising else np.linspace(0.0, 1.0, shown.size)
    good = np.isfinite(shown)
    across, shown = across[good], shown[good]
    keep = _extremes(across, shown, width // 2)
    across, shown = across[keep], shown[keep]
    low, high = (float(shown.min()), float(shown.max())) if shown.size else (0.0, 0.0)
    up = (shown - low) / (high - low) if high > low else np.full(shown.size, 0.5)
    x = MARGIN + across * (width - 2 * MARGIN)
    y = height - MARGIN - up * (height - 2 * MARGIN)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<polyline points="{points}" fill="none" stroke="#0072B2" stroke-width="1.2"/></svg>'
    )


def _extremes(across: FloatArray, values: FloatArray, buckets: int) -> AnyArray:
    """Return first, last, lowest and highest point of every bucket, rising; all points if they are few."""
    if values.size <= 4 * buckets:
        return np.arange(values.size)
    starts = np.unique(np.minimum(np.searchsorted(across, np.linspace(0.0, 1.0, buckets + 1)[:-1]), values.size - 1))
    kept: list[int] = []
    for start, stop in zip(starts, [*starts[1:], values.size], strict=True):
        part = values[start:stop]
        kept += [start, start + int(part.argmin()), start + int(part.argmax()), stop - 1]
    return np.unique(kept)
