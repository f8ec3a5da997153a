"""What a fit gives: table, card and residuals as text, and the files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rramcirc.basics.arguments import check_kind, file_name
from rramcirc.basics.errors import ParameterError, cannot_write
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.compiled.conductance import READ_VOLTAGE
from rramcirc.studies.fit.card_text import toml_card
from rramcirc.studies.fit.data import KINDS, Measurement
from rramcirc.studies.fit.fit import FitResult, FittedParameter
from rramcirc.studies.fit.model import make_protocol, path_ends, predict
from rramcirc.studies.fit.path import within_bounds
from rramcirc.studies.fit.picture import draw
from rramcirc.studies.fit.problem import log_ratio
from rramcirc.studies.fit.settings import Settings

KEEP = "keep=True (--keep) writes it all the same."
_EXAMPLE_PULSES, _EXAMPLE_NOISE = 200, 0.02


def report(result: FitResult) -> str:
    """Return the table of values and residuals as text."""
    rows = [("parameter", "start", "fitted", "one sigma", "unit", "")]
    for f in result.fitted:
        remarks = filter(None, ("at the bound of the search" if f.at_bound else "", _conditional(f)))
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


def write_example(card: ModelCard, path: Path, seed: int) -> Path:
    """Write made-up pulse data of a card: 200 pulses, 2 % noise on every resistance.

    Amplitudes lie within the card's valid cell voltages, half of them negative; widths between 10 ns and 1 ms.
    """
    rng, count = np.random.default_rng(seed), _EXAMPLE_PULSES
    card = within_bounds(card)
    valid = card.validity.get("cell_voltage")
    low, high = (valid.minimum, valid.maximum) if valid else (-1.5, 1.5)
    amplitude = np.where(
        rng.random(count) < 0.5, rng.uniform(0.4, 0.8, count) * low, rng.uniform(0.3, 0.6, count) * high
    )
    most, least = path_ends(card, 300.15)
    before = np.exp(rng.uniform(np.log(1.2 / most), np.log(0.8 / least), count))
    width = 10 ** rng.uniform(-8, -3, count)
    columns = {"amplitude": amplitude, "width": width, "before": before, "after": before}
    data = Measurement(path, "", "pulses", columns, np.arange(count) + 2)
    protocol = make_protocol(data, Settings())
    current = np.abs(predict(card, protocol, protocol.start, Settings()).current)
    if not np.isfinite(current).all():
        raise ParameterError(f"card {card.name}: the example pulses cannot be computed.")
    noisy = [r * np.exp(_EXAMPLE_NOISE * rng.normal(size=count)) for r in (before, READ_VOLTAGE / current)]
    rows = zip(amplitude, width * 1e9, noisy[0] / 1e3, noisy[1] / 1e3, strict=True)
    text = "amplitude [V],width [ns],R before [kohm],R after [kohm]\n" + "".join(
        ",".join(f"{value:.6g}" for value in row) + "\n" for row in rows
    )
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise cannot_write(path, error) from error
    return path
