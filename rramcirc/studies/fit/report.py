"""What a fit gives: table, card, residuals, picture, and the check of the fitted card in ngspice."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.basics.arguments import check_kind, file_name
from rramcirc.basics.errors import ParameterError, cannot_write
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.cards.values import shortest
from rramcirc.devices.compiled.conductance import READ_VOLTAGE
from rramcirc.devices.veriloga.library import library
from rramcirc.figures.style import COLOURS, STYLE, new_figure, save
from rramcirc.studies.fit.data import KINDS, Measurement
from rramcirc.studies.fit.fit import FitResult, FittedParameter
from rramcirc.studies.fit.model import Prediction, Protocol, Settings, make_protocol, path_ends, predict
from rramcirc.studies.fit.problem import log_ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DRAWN = 4  # cycles of a file that are drawn
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
        (u.name, f"{result.card.value(u.name):.5g}", "-", "not determined", "", u.reason) for u in result.undetermined
    ]
    widths = [max(len(row[k]) for row in rows) for k in range(5)]
    lines = ["  ".join(f"{cell:<{w}}" for cell, w in zip(row, [*widths, 0], strict=True)).rstrip() for row in rows]
    lines.append("")
    for p, rms in zip(result.protocols, result.rms, strict=True):
        lines.append(f"{p.data.path}: {KINDS[p.data.kind]}, {len(p)} readings, rms of ln(model/data) {100 * rms:.3g} %")
    lines += [_correlated(result), f"seed {result.seed}, {result.evaluations} parameter sets tried"]
    return "\n".join(line for k, line in enumerate(lines) if line or k < len(lines) - 3)


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


def write_fit(result: FitResult, path: Path) -> list[Path]:
    """Write card, picture and residuals; return the files."""
    check_kind(result, FitResult, "write_fit", "the result of fit")
    path = file_name(path, "write_fit")
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
    lines = ["file,line,measured [A],model [A],ln(model/data),weight"]
    for p, found, weight in zip(result.protocols, result.predictions, result.weights, strict=True):
        logs, model = log_ratio(found.current, p.current), np.abs(found.current)
        for k, row in enumerate(p.row):
            cells = (p.current[k], model[k], logs[k], weight[k])
            lines.append(f"{p.data.path.name},{p.data.lines[row]}," + ",".join(f"{v:.6g}" for v in cells))
    return "\n".join(lines) + "\n"


def card_text(result: FitResult, name: str) -> str:
    """Return the fitted card as a TOML document."""
    card = result.card
    assert card.declaration is not None
    module = card.module if card.module in library() else str(card.declaration.path.resolve())
    files = [f"{p.data.path.name}, {KINDS[p.data.kind]}, sha256 {p.data.sha256}" for p in result.protocols]
    left = [f"{u.name} ({u.reason})" for u in result.undetermined]
    text = [
        f"Fit of {len(result.fitted)} parameters, started from {card.name}, seed {result.seed}, to:", *files,
        *([f"Not determined, values of {card.name}: {'; '.join(left)}."] if left else []),
    ]  # fmt: skip
    lines = [
        f"name = {_quoted(re.sub(r'[^A-Za-z0-9_]', '_', name))}", f"module = {_quoted(module)}",
        f"title = {_quoted('fit to ' + ', '.join(p.data.path.name for p in result.protocols))}",
        'description = """', *(line.replace("\\", "/").replace('"', "'") for line in text), '"""',
        f"not_modelled = [{', '.join(map(_quoted, card.not_modelled))}]",
    ]  # fmt: skip
    if card.conductance_path:
        points = [
            ", ".join(f"{k} = {_quoted(v) if isinstance(v, str) else v}" for k, v in p.items())
            for p in card.conductance_path
        ]
        lines += ["conductance_path = [", *(f"    {{{point}}}," for point in points), "]"]
    volts = [
        p.data.columns["amplitude" if "amplitude" in p.data.columns else "voltage"]
        for p in result.protocols
        if {"amplitude", "voltage"} & {*p.data.columns}
    ]
    if volts:
        low, high = min(v.min() for v in volts), max(v.max() for v in volts)
        lines += ["", "[validity]", f'cell_voltage = {{min = {low:.6g}, max = {high:.6g}, unit = "V"}}']
    lines += ["", "[parameters]"]
    for key, v in card.parameters.items():
        value = _quoted(v.value) if isinstance(v.value, str) else shortest(v.value)
        instance = ", instance = true" if v.instance else ""
        unit, source = _quoted(v.unit), _quoted(v.source)
        lines.append(
            f"{key} = {{value = {value}, unit = {unit}, status = {_quoted(v.status)}{instance}, source = {source}}}"
        )
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def draw(result: FitResult, path: Path) -> None:
    """Draw data and model, a row of two panels for each file; the format follows the suffix."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        figure = new_figure(0.4 + 2.7 * len(result.protocols))
        axes = figure.subplots(len(result.protocols), 2, squeeze=False)
        for row, p, found in zip(axes, result.protocols, result.predictions, strict=True):
            {"sweep": _draw_sweep, "pulses": _draw_pulses, "train": _draw_train}[p.data.kind](row[0], p, found)
            _draw_residuals(row[1], p, found)
        figure.suptitle(f"{result.card.module}: data and fit", fontsize=9.5)
        save(figure, path)


def _draw_sweep(ax: Axes, p: Protocol, found: Prediction) -> None:
    voltage = p.data.columns["voltage"]
    for k in range(min(len(p.start), _DRAWN)):
        own = p.device == k
        v, names = voltage[p.row[own]], ("data", "model") if k == 0 else (None, None)
        ax.semilogy(v, p.current[own], ".", color=COLOURS[0], markersize=3, alpha=0.6, label=names[0])
        ax.semilogy(v, np.abs(found.current[own]), color=COLOURS[1], label=names[1])
    ax.set_xlabel("voltage [V]")
    ax.set_ylabel("|current| [A]")
    ax.legend()


def _draw_pulses(ax: Axes, p: Protocol, found: Prediction) -> None:
    amplitude = p.data.columns["amplitude"][p.row]
    before = p.data.columns["before"][p.row]
    ax.semilogy(amplitude, p.data.columns["after"][p.row] / before, ".", color=COLOURS[0], markersize=4, label="data")
    model = p.voltages[p.device, p.corner] / np.abs(found.current)
    ax.semilogy(
        amplitude, model / before, "o", color=COLOURS[1], markersize=4, fillstyle="none", mew=0.6, label="model"
    )
    ax.set_xlabel("amplitude [V]")
    ax.set_ylabel("R after / R before")
    ax.legend()


def _draw_train(ax: Axes, p: Protocol, found: Prediction) -> None:
    for k in range(min(len(p.start), _DRAWN)):
        own, names = p.device == k, ("data", "model") if k == 0 else (None, None)
        number, read = np.arange(own.sum()), p.voltages[p.device[own], p.corner[own]]
        ax.plot(number, p.current[own] / read * 1e6, ".", color=COLOURS[0], markersize=4, label=names[0])
        ax.plot(number, np.abs(found.current[own]) / read * 1e6, color=COLOURS[1], label=names[1])
    ax.set_xlabel("reading")
    ax.set_ylabel("conductance [uS]")
    ax.legend()


def _draw_residuals(ax: Axes, p: Protocol, found: Prediction) -> None:
    column = "amplitude" if p.data.kind == "pulses" else "voltage" if p.data.kind == "sweep" else None
    across = p.data.columns[column][p.row] if column else np.arange(len(p))
    residuals = 100 * log_ratio(found.current, p.current)
    ax.plot(across, residuals, ".", color=COLOURS[2], markersize=3)
    limit = 1.3 * float(np.percentile(np.abs(residuals), 98)) + 1e-3
    ax.set_ylim(-limit, limit)
    ax.axhline(0.0, color="0.4", linewidth=0.7)
    outside = int(np.sum(np.abs(residuals) > limit))
    ax.set_xlabel({"amplitude": "amplitude [V]", "voltage": "voltage [V]", None: "reading"}[column])
    ax.set_ylabel("ln(model/data) [%]" + (f"; {outside} outside" if outside else ""))


def write_example(card: ModelCard, path: Path, seed: int) -> Path:
    """Write made-up pulse data of a card: 200 pulses, 2 % noise on every resistance.

    Amplitudes lie within the card's valid cell voltages, half of them negative; widths between 10 ns and 1 ms.
    """
    rng, count = np.random.default_rng(seed), _EXAMPLE_PULSES
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
