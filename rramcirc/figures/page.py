"""Pages to zoom in: waveforms as one HTML file that needs no network."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from rramcirc.analysis.expressions import resolve
from rramcirc.basics.arguments import check_kind, file_name
from rramcirc.basics.arrays import AnyArray
from rramcirc.basics.errors import EnvironmentProblem, cannot_write
from rramcirc.figures.style import COLOURS, axis_label, decimate, quantity_of
from rramcirc.figures.waveforms import title_of
from rramcirc.waveforms.waveforms import Waveforms

MOST_POINTS = 5000  # of one line; peaks are kept
_DASHES = ("solid", "dash", "dot")


def write_page(waveforms: Waveforms, names: Sequence[str], path: str | os.PathLike[str]) -> None:
    """Draw signals against the axis on a page with zoom and values under the pointer, a panel for each unit.

    Parameters
    ----------
    waveforms
        What to draw.
    names
        Signals, patterns or expressions.
    path
        File to write, ``.html``.

    Raises
    ------
    EnvironmentProblem
        If plotly is not installed.
    ParameterError
        If the file cannot be written.
    """
    check_kind(waveforms, Waveforms, "write_page", "the waveforms of a run")
    target = file_name(path, "write_page")
    listed = [names] if isinstance(names, str) else names
    try:
        import plotly.graph_objects as go
        from plotly.subplots import make_subplots
    except ImportError as error:
        raise EnvironmentProblem("--html needs plotly: pip install 'rramcirc[report]'") from error
    rows = [(f"|{n}|", np.abs(v), u) if np.iscomplexobj(v) else (n, v, u) for n, v, u in resolve(listed, waveforms)]
    panels: dict[str, list[tuple[str, AnyArray, str]]] = {}
    for row in rows:
        panels.setdefault(row[2], []).append(row)
    figure = make_subplots(len(panels), 1, shared_xaxes=True, vertical_spacing=0.05)
    for k, (unit, lines) in enumerate(panels.items(), 1):
        for n, (label, values, _) in enumerate(lines):
            keep = decimate(waveforms.axis, values, MOST_POINTS)
            style = {"color": COLOURS[n % len(COLOURS)], "dash": _DASHES[n // len(COLOURS) % len(_DASHES)]}
            line = go.Scattergl(x=waveforms.axis[keep], y=values[keep], name=label, mode="lines", line=style)
            line.update(legend="legend" if k == 1 else f"legend{k}", line_width=1.5)
            figure.add_trace(line, row=k, col=1)
        quantity = quantity_of([label for label, _, _ in lines], unit)
        figure.update_yaxes(title_text=axis_label(quantity, unit), exponentformat="SI", row=k, col=1)
        top = figure.layout["yaxis" if k == 1 else f"yaxis{k}"].domain[1]
        figure.update_layout({"legend" if k == 1 else f"legend{k}": {"y": top, "yanchor": "top"}})
    figure.update_xaxes(exponentformat="SI", showticklabels=True, hoverformat=".6~s")
    figure.update_xaxes(title_text=axis_label(waveforms.axis_name, waveforms.axis_unit), row=len(panels), col=1)
    figure.update_layout(
        title={"text": title_of(waveforms), "font": {"size": 16}},
        template="simple_white",
        hovermode="x unified",
        height=120 + 260 * len(panels),
    )
    try:
        figure.write_html(target, include_plotlyjs=True)
    except OSError as error:
        raise cannot_write(f"--html {path}", error) from error
