"""Pages to look at waveforms in a browser: one HTML file that needs no network."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from rramcirc.analysis.expressions import resolve
from rramcirc.basics.arguments import check_kind, file_name
from rramcirc.basics.errors import ParameterError, WaveformError, cannot_write
from rramcirc.basics.units import whole_number
from rramcirc.bench.design import Design
from rramcirc.bench.testbench import Testbench
from rramcirc.figures.page.pack import Block, Row, pack_run, tables
from rramcirc.figures.page.schematic import page_schematic
from rramcirc.figures.waveforms import title_of
from rramcirc.waveforms.waveforms import Waveforms

MOST_DRAWN = 64  # lines when the page opens
_FIRST = (3, 4)  # units and signals of each
_HERE = Path(__file__).parent
_SCRIPTS = (
    "numbers",
    "expressions",
    "measurements",
    "measure",
    "model",
    "plot",
    "schematic",
    "app",
    "modes",
    "remote",
    "start",
)


def write_page(
    waveforms: Waveforms | Mapping[str, Waveforms],
    names: str | Sequence[str],
    path: str | os.PathLike[str],
    measurements: Sequence[str] = (),
    circuit: Design | Testbench | str | os.PathLike[str] | None = None,
) -> None:
    """Write a page on which signals are looked at, measured and compared in a browser, without a network.

    Runs of up to 500,000 numbers are on it whole. Of larger ones it holds the least and the greatest value of many
    short parts, draws them, and gives no number computed from them.

    Parameters
    ----------
    waveforms
        What to show [units as they are]; several runs by name are laid over each other.
    names
        Signals, patterns or expressions; none are all signals.
    path
        File to write, ``.html``.
    measurements
        Shown from the start, over the visible range, as ``max(i(bl0))``.
    circuit
        What was simulated, design, testbench or run folder: its schematic stands beside the curves, and a click on
        a net or cell draws its signals.

    Raises
    ------
    ParameterError
        If the file cannot be written, or the runs have different axes.
    WaveformError
        If a run has no points or no such signal.
    """
    target = file_name(path, "write_page")
    if target.suffix.lower() not in (".html", ".htm"):
        raise ParameterError(f"{target}: a page is an .html file; the suffix is {target.suffix!r}.")
    text = page_text(waveforms, names, measurements, circuit)
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise cannot_write(f"--html {path}", error) from error


class PageView:
    """A page inside a notebook: its cell shows it, cut off from the notebook around it.

    Parameters
    ----------
    text
        The page.
    height
        Of the cell [pixel].
    """

    def __init__(self, text: str, height: int) -> None:
        self.text, self.height = text, height

    def __repr__(self) -> str:
        return f"<PageView of {len(self.text) / 1e6:.1f} MB; a notebook shows it, write_page writes it into a file>"

    def _repr_html_(self) -> str:
        return (
            f'<iframe sandbox="allow-scripts allow-downloads" title="waveforms" srcdoc="{escape(self.text)}" '
            f'style="width: 100%; height: {self.height}px; border: 0"></iframe>'
        )


def view(
    waveforms: Waveforms | Mapping[str, Waveforms],
    names: str | Sequence[str] = (),
    measurements: Sequence[str] = (),
    height: int = 800,
    circuit: Design | Testbench | str | os.PathLike[str] | None = None,
) -> PageView:
    """Return the page of :func:`write_page` for a cell of a notebook.

    Parameters
    ----------
    waveforms
        What to show [units as they are]; several runs by name are laid over each other.
    names
        Signals, patterns or expressions; none are all signals.
    measurements
        Shown from the start, over the visible range, as ``max(i(bl0))``.
    height
        Of the cell [pixel].
    circuit
        What was simulated, design, testbench or run folder: its schematic stands beside the curves, and a click on
        a net or cell draws its signals.

    Raises
    ------
    ParameterError
        If the runs have different axes, or the height is no number of pixels.
    WaveformError
        If a run has no points or no such signal.

    Examples
    --------
    >>> wf = Waveforms("time", "s", [0.0, 1.0], {"v(a)": [0.0, 2.0]}, {"v(a)": "V"})
    >>> view(wf)
    <PageView of 0.1 MB; a notebook shows it, write_page writes it into a file>
    """
    return PageView(page_text(waveforms, names, measurements, circuit), whole_number(height, "view: height", 100))


def page_text(
    waveforms: Waveforms | Mapping[str, Waveforms],
    names: str | Sequence[str] = (),
    measurements: Sequence[str] = (),
    circuit: Design | Testbench | str | os.PathLike[str] | None = None,
) -> str:
    """Return the text of a page; see :func:`write_page`."""
    check_kind(
        circuit,
        Design | Testbench | str | os.PathLike | None,
        "write_page: circuit",
        "a design, a testbench or a run folder",
    )
    runs = {"run": waveforms} if isinstance(waveforms, Waveforms) else waveforms
    listed = [names] if isinstance(names, str) else list(names)
    check_kind(runs, Mapping, "write_page", "the waveforms of a run")
    check_runs(runs)
    block = Block()
    described, drawn = [], {}
    for label, one in runs.items():
        rows = resolve(listed or one.names, one)
        described.append(pack_run(label, one, rows, block))
        drawn.update(dict.fromkeys([name for name, _, _ in rows] if listed else first_drawn(rows)))
    title = " / ".join(dict.fromkeys(title_of(one) or label for label, one in runs.items()))
    page = {"runs": described, "drawn": list(drawn)[:MOST_DRAWN], "measures": list(measurements), "tables": tables()}
    known = [name for one in described for name in one["names"]]
    page["schematic"] = page_schematic(Path(circuit) if isinstance(circuit, str | os.PathLike) else circuit, known)
    return fill(title, page, block.content)


def first_drawn(rows: Sequence[Row]) -> list[str]:
    """Return what is drawn where nobody said: of the first three units the four signals that change most."""
    change: dict[str, float] = {}
    units: dict[str, list[str]] = {}
    for name, values, unit in rows:
        shown = np.abs(values) if np.iscomplexobj(values) else values
        change[name] = float(np.fmax.reduce(shown) - np.fmin.reduce(shown))
        units.setdefault(unit, []).append(name)
    most = [
        name
        for same in list(units.values())[: _FIRST[0]]
        for name in sorted(same, key=lambda n: -change[n])[: _FIRST[1]]
    ]
    return [name for name, _, _ in rows if name in most and change[name] > 0] or most[: _FIRST[1]]


def check_runs(runs: Mapping[str, Waveforms]) -> None:
    """Raise unless there are runs with points, all over the same kind of axis."""
    if not runs:
        raise ParameterError("write_page: no runs are given.")
    for label, one in runs.items():
        check_kind(one, Waveforms, "write_page", "the waveforms of a run")
        if not one.n_points:
            raise WaveformError(f"{label}: there are no points to show.")
    axes = {(one.axis_name, one.axis_unit): label for label, one in runs.items()}
    if len(axes) > 1:
        told = "; ".join(f"{label} runs over {name}" for (name, _), label in axes.items())
        raise ParameterError(f"runs on one page need the same axis: {told}. Choose with --analysis.")


def fill(title: str, described: Mapping[str, Any], content: bytes, connect: str = "'none'") -> str:
    """Return the page around a description and its numbers; no text in them can become markup or script."""
    script = '"use strict";\n' + "\n".join((_HERE / f"{name}.js").read_text("utf-8") for name in _SCRIPTS)
    style = (_HERE / "page.css").read_text("utf-8")
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; img-src data: blob:; "
        f"connect-src {connect}; base-uri 'none'; form-action 'none'"
    )
    told = json.dumps(described, allow_nan=False).replace("<", "\\u003c").replace("&", "\\u0026")
    parts = {
        "policy": policy,
        "title": escape(title or "waveforms"),
        "style": style,
        "described": told,
        "data": base64.b64encode(content).decode(),
        "script": script,
    }
    pieces = (_HERE / "page.html").read_text("utf-8").replace("}}", "{{").split("{{")
    return "".join(parts[piece] if k % 2 else piece for k, piece in enumerate(pieces))


def _digest(text: str) -> str:
    """Return what a browser must find before it runs or applies a text that stands in the page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
