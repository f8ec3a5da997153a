"""A sweep as one page that opens in any browser without a network: what it is, picture, specifications, table."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.basics.arguments import check_kind, file_name
from rramcirc.basics.errors import ParameterError, cannot_write
from rramcirc.basics.html import html_table
from rramcirc.basics.units import format_number
from rramcirc.basics.version import __version__
from rramcirc.sweeps.figure import plot_sweep
from rramcirc.sweeps.indices import plot_indices
from rramcirc.sweeps.result import SweepResult
from rramcirc.sweeps.specs import Spec, spec_table
from rramcirc.sweeps.targets import DIGEST, OK

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MOST_ROWS = 2000  # of the table of runs
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --bad: #c33; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem auto; max-width: 75rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; }
th { position: sticky; top: 0; background: Canvas; } caption { text-align: left; padding-bottom: .4rem; }
.wide { overflow: auto; max-height: 40rem; } figure { margin: 0; background: #fff; padding: .5rem; }
figure svg { width: 100%; height: auto; max-width: 60rem; display: block; } tr.bad td { color: var(--bad); }
@media print { .wide { max-height: none; } }
"""


def write_sweep_page(
    result: SweepResult,
    path: str | os.PathLike[str],
    specs: Sequence[Spec] = (),
    indices: pd.DataFrame | None = None,
) -> Path:
    """Write what a sweep found as one page; no script is in it, and nothing is loaded.

    Parameters
    ----------
    result
        A sweep, finished or not.
    path
        The .html file.
    specs
        What each run is held to.
    indices
        Table of `sensitivity_indices` to show besides.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ParameterError
        If it is no sweep, or the file cannot be written.
    """
    check_kind(result, SweepResult, "write_sweep_page", "the result of a sweep")
    check_kind(specs, tuple | list, "write_sweep_page", "a list of specifications")
    path = file_name(path, "write_sweep_page")
    if path.suffix.lower() not in (".html", ".htm"):
        raise ParameterError(f"{path}: the page of a sweep is a .html file.")
    name = "Sweep" if result.folder is None else f"Sweep {result.folder.name}"
    parts = [f"<h1>{escape(name)}</h1>", f"<p>{escape(result.summary())}. {escape(_made_of(result))}</p>"]
    if any(result.table[measured].notna().any() for measured in result.measured):
        parts += ["<h2>Measurements</h2>", _picture(plot_sweep(result, None, specs), "measurements of the sweep")]
    if specs:
        held = _table(spec_table(result, list(specs)), "pass")
        parts += ["<h2>Specifications</h2>", f'<div class="wide">{held}</div>']
    if indices is not None:
        parts += ["<h2>Sensitivity</h2>", _picture(plot_indices(indices), "sensitivity indices"), _table(indices)]
    parts += ["<h2>Runs</h2>", f'<div class="wide">{_runs(result)}</div>']
    head = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{escape(name)}</title><style>{_STYLE}</style></head><body>"
    )
    try:
        path.write_text(head + "\n".join(parts) + "</body></html>\n", encoding="utf-8")
    except OSError as error:
        raise cannot_write(path, error) from error
    return path


def _made_of(result: SweepResult) -> str:
    """Return what was run, in words: method, seed, engine, version."""
    plan, target = result.about["plan"], result.about["target"]
    drawn = f"{plan['method']} draws, seed {plan['seed']}. " if plan["draws"] else ""
    what = target.get("study") or target.get("experiment") or target.get("function") or "testbench"
    return f"Of {what}{', engine ' + target['engine'] if target.get('engine') else ''}. {drawn}rramcirc {__version__}."


def _picture(figure: Figure, what: str) -> str:
    """Return a figure as SVG inside the page, with a name for those who do not see it."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    return f'<figure role="img" aria-label="{escape(what)}">{svg}</figure>'


def _table(table: pd.DataFrame, good: str = "") -> str:
    """Return a table; rows whose column `good` is false stand out."""
    return _marked(table, [False] * len(table) if not good else [not fine for fine in table[good]])


def _runs(result: SweepResult) -> str:
    """Return the table of the runs, the first of them if they are many."""
    table = result.table.drop(columns=[DIGEST]).head(MOST_ROWS)
    titles = {name: f"{name} [{result.units[name]}]" for name in table if result.units.get(name)}
    more = len(result.table) - len(table)
    caption = f"the first {len(table)} of {len(result.table)} runs; all are in table.csv" if more else ""
    return _marked(table.rename(columns=titles), [status != OK for status in table["status"]], caption)


def _marked(table: pd.DataFrame, bad: Sequence[bool], caption: str = "") -> str:
    rows = [[_text(value) for value in row] for row in table.itertuples(index=False)]
    whole = html_table([str(name) for name in table], rows, caption)
    head, *body = whole.split("<tr><td>")
    marked = ['<tr class="bad"><td>' if wrong else "<tr><td>" for wrong in bad]
    return head + "".join(mark + row for mark, row in zip(marked, body, strict=True))


def _text(value: object) -> str:
    if isinstance(value, (float, np.floating)):
        return "" if np.isnan(value) else format_number(float(value), "", 6)
    return str(value)
