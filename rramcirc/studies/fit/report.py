"""What a fit gives: table, card and residuals as text, and the files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rramcirc.basics.arguments import check_kind, file_name
from rramcirc.basics.errors import ParameterError, cannot_write
from rramcirc.studies.fit.card_text import toml_card
from rramcirc.studies.fit.data import KINDS
from rramcirc.studies.fit.fit import FitResult, FittedParameter, stands_on_rate
from rramcirc.studies.fit.picture import draw
from rramcirc.studies.fit.problem import log_ratio

KEEP = "keep=True (--keep) writes it all the same."


def report(result: FitResult) -> str:
    """Return the table of values and residuals as text."""
    rows = [("parameter", "start", "fitted", "one sigma", "unit", "")]
    for f in result.fitted:
        remarks = filter(None, ("at the bound of the search" if f.at_bound else "", _conditional(f), _rated(f)))
        rows.append(
            (f.name, f"{f.start:.5g}", f"{f.value:.5g}", _with_share(f.sigma, f.value), f.unit, "; ".join(remarks))
        )
    rows += [
        (u.name, f"{result.card.value(u.name):.5g}", "-", "not determined", "", str(u)) for u in result.undetermined
    ]
    widths = [max(len(row[k]) for row in rows) for k in range(5)]
    lines = ["  ".join(f"{cell:<{w}}" for cell, w in zip(row, [*widths, 0], strict=True)).rstrip() for row in rows]
    lines.append("")
    lines += [f"{p.data.path}: {said}" for p, said in zip(result.protocols, file_lines(result), strict=True)]
    lines.append(f"skill {result.skill}" + ("" if result.skill.describes else ": THE CARD DOES NOT DESCRIBE THE DATA"))
    lines[:0] = [*result.remarks, ""] if result.remarks else []
    lines += [_correlated(result), f"seed {result.seed}, {result.evaluations} parameter sets tried"]
    return "\n".join(line for k, line in enumerate(lines) if line or k < len(lines) - 3)


def file_lines(result: FitResult) -> list[str]:
    """Return for every file how many readings there are, their residuals, and where these are large."""
    return [
        f"{KINDS[p.data.kind]}, {len(p)} readings, rms of ln(model/data) {100 * m.rms:.3g} %, {int(m.beyond.sum())} "
        f"readings beyond 5 sigma (sigma {100 * m.sigma:.2g} %)" + (f": {m.where}" if m.where else "")
        for p, m in zip(result.protocols, result.misfits, strict=True)
    ]


def _conditional(f: FittedParameter) -> str:
    """Return the standard deviation of a value that holds only with other parameters as they are; else nothing."""
    if not f.given:
        return ""
    return f"{_with_share(f.sigma_given, f.value)} if {' and '.join(f.given)} as given"


def _rated(f: FittedParameter) -> str:
    """Return by how much a value moves with the ramp rate that was taken for files without times; else nothing."""
    if not stands_on_rate(f):
        return ""
    share = f" ({100 * f.with_rate / abs(f.value):+.2g} %)" if f.value else ""
    return f"stands on the ramp rate, which no file says: {f.with_rate:+.2g}{share} with twice of it, not in one sigma"


def _with_share(sigma: float, value: float) -> str:
    if not value:
        return f"{sigma:.2g}"
    percent = 100 * sigma / abs(value)
    return f"{sigma:.2g} ({percent:.2g} %)" if percent < 99.5 else f"{sigma:.2g} ({percent:.0f} %)"


def _correlated(result: FitResult) -> str:
    names = [f.name for f in result.fitted]
    pairs = [
        f"{names[i]} and {names[j]} ({result.correlation[i, j]:+.3f})"
        for i in range(len(names)) for j in range(i) if abs(result.correlation[i, j]) > 0.95
    ]  # fmt: skip
    return f"strongly correlated: {', '.join(pairs)}" if pairs else ""


def write_fit(result: FitResult, path: Path, *, keep: bool = False) -> list[Path]:
    """Write card, picture and residuals; return the files.

    Parameters
    ----------
    keep
        Write a card that does not describe the data as well.

    Raises
    ------
    ParameterError
        If the skill of the card is below 0.5 and `keep` is not set, or a file cannot be written.
    """
    check_kind(result, FitResult, "write_fit", "the result of fit")
    path = file_name(path, "write_fit")
    if not result.skill.describes and not keep:
        raise ParameterError(f"{path}: not written: the card does not describe the data, skill {result.skill}. {KEEP}")
    picture, table = path.with_suffix(".png"), path.with_name(f"{path.stem}_residuals.csv")
    try:
        path.write_text(card_text(result, path.stem), encoding="utf-8")
        table.write_text(residual_table(result), encoding="utf-8")
    except OSError as error:
        raise cannot_write(path, error) from error
    draw(result, picture)
    return [path, picture, table]


def residual_table(result: FitResult) -> str:
    """Return all readings as CSV: file, line, measured and modelled current [A], ln(model/data), weight."""
    lines = ["file,line,measured [A],model [A],ln(model/data),weight,beyond 5 sigma"]
    for p, found, weight, m in zip(result.protocols, result.predictions, result.weights, result.misfits, strict=True):
        logs, model = log_ratio(found.current, p.current), np.abs(found.current)
        for k, row in enumerate(p.row):
            cells = (p.current[k], model[k], logs[k], weight[k], m.beyond[k])
            lines.append(f"{p.data.path.name},{p.data.lines[row]}," + ",".join(f"{v:.6g}" for v in cells))
    return "\n".join(lines) + "\n"


def card_text(result: FitResult, name: str) -> str:
    """Return the fitted card as a TOML document."""
    card = result.card
    files = [
        f"{p.data.path.name}, sha256 {p.data.sha256}, {said}"
        for p, said in zip(result.protocols, file_lines(result), strict=True)
    ]
    left = [f"{u.name} ({u})" for u in result.undetermined]
    text = [
        f"Fit of {len(result.fitted)} parameters, started from {card.name}, seed {result.seed}, to:", *files,
        f"Skill {result.skill}" + ("." if result.skill.describes else ": this card does not describe the data."),
        *([f"Not determined, values of {card.name}: {'; '.join(left)}."] if left else []),
    ]  # fmt: skip
    title = "fit to " + ", ".join(p.data.path.name for p in result.protocols)
    return toml_card(card, name, title, text, [p.data for p in result.protocols])
