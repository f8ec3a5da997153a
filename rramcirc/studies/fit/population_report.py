"""What the fit of a population gives: table, card and picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rramcirc.basics.arguments import check_kind, file_name
from rramcirc.basics.errors import ParameterError, cannot_write
from rramcirc.figures.style import COLOURS, STYLE, new_figure, save
from rramcirc.studies.fit.card_text import toml_card
from rramcirc.studies.fit.comparison import POPULATIONS, Comparison
from rramcirc.studies.fit.population import Population, SpreadEstimate

_COLUMNS = 2  # panels beside one another


def population_report(found: Population) -> str:
    """Return spreads, correlations and Kolmogorov-Smirnov distances as text."""
    check_kind(found, Population, "population_report", "the result of fit_population")
    rows = [("spread", "start", "found", "one standard error", "unit", "middle")]
    rows += [_row(e, "device to device") for e in found.spreads] + [_row(e, "") for e in found.cycle_spreads]
    rows.append(("", "", "", "", "", ""))
    rows.append(("figure", "runs", "distance", "by chance", "", ""))
    for c in found.comparisons:
        said = "alike" if c.alike else "THE DISTRIBUTIONS DIFFER" if c.different else "perhaps different"
        rows.append((c.name, str(len(c.measured)), f"{c.distance:.3f}", f"below {c.chance:.3f}", "", said))
    widths = [max(len(row[k]) for row in rows) for k in range(6)]
    lines = ["  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines += ["", *_correlations(found), *_unexplained(found), *found.runs.remarks]
    lines.append(
        f"{found.runs.devices} devices, {len(found.runs)} runs; distance: Kolmogorov-Smirnov, data against "
        f"{POPULATIONS} populations drawn from the card; by chance: the largest of these against the others; "
        f"seed {found.seed}"
    )
    return "\n".join(lines)


def _row(e: SpreadEstimate, kind: str) -> tuple[str, str, str, str, str, str]:
    middle = "" if np.isnan(e.middle) else f"{e.middle:.4g}"
    name = e.parameter if kind else f"{e.parameter} (cycle to cycle)"
    return name, f"{e.before:.3g}", f"{e.sigma:.3g}", f"{e.error:.2g}", e.unit, middle


def _correlations(found: Population) -> list[str]:
    names = [e.parameter for e in found.spreads]
    kept: dict[frozenset[str], float] = {}
    for one in found.card.variability:
        kept |= {frozenset((one.parameter, other)): value for other, value in one.correlation.items()}
    pairs = [
        f"{names[i]} and {names[j]} {found.correlation[i, j]:+.2f} +- {found.correlation_error[i, j]:.2f}"
        + ("" if frozenset((names[i], names[j])) in kept else " (not sure: left out)")
        for i in range(len(names)) for j in range(i)
    ]  # fmt: skip
    return [f"correlations: {'; '.join(pairs)}"] if pairs else []


def _unexplained(found: Population) -> list[str]:
    names = zip(found.runs.names, found.unexplained, found.runs.units, strict=True)
    said = ", ".join(f"{name} {size:.2g} {unit}" for name, size, unit in names)
    return [f"explained neither by devices nor by cycles (standard deviation): {said}"]


def write_population(found: Population, path: Path | str) -> list[Path]:
    """Write the card and a picture of the distributions; return the files.

    Raises
    ------
    ParameterError
        If a file cannot be written.
    """
    check_kind(found, Population, "write_population", "the result of fit_population")
    path = file_name(path, "write_population")
    if path.suffix != ".toml":
        raise ParameterError(f"write_population: {path}: a model card ends in .toml.")
    files = [p.data for p in found.runs.protocols]
    text = [
        f"Spread of {found.runs.devices} devices and {len(found.runs)} runs, around {found.card.name}, "
        f"seed {found.seed}, from:",
        *(f"{m.path.name}, sha256 {m.sha256}" for m in files),
        "Kolmogorov-Smirnov distances, in brackets those of chance: "
        + ", ".join(f"{c.name} {c.distance:.3f} ({c.chance:.3f})" for c in found.comparisons) + ".",
        *_correlations(found), *_unexplained(found),
    ]  # fmt: skip
    title = "population of " + ", ".join(m.path.name for m in files[:3]) + (" ..." if len(files) > 3 else "")
    picture = path.with_suffix(".png")
    try:
        path.write_text(toml_card(found.card, path.stem, title, text, files), encoding="utf-8")
    except OSError as error:
        raise cannot_write(path, error) from error
    draw_population(found, picture)
    return [path, picture]


def draw_population(found: Population, path: Path | str) -> None:
    """Draw measured and simulated cumulative distributions, a panel for each figure; the format follows the suffix."""
    import matplotlib as mpl

    check_kind(found, Population, "draw_population", "the result of fit_population")
    path = file_name(path, "draw_population")
    rows = -(-len(found.comparisons) // _COLUMNS)
    with mpl.rc_context(STYLE):
        figure = new_figure(0.5 + 2.2 * max(rows, 1))
        axes = figure.subplots(max(rows, 1), _COLUMNS, squeeze=False).ravel()
        for ax, c in zip(axes, found.comparisons, strict=False):
            _draw_one(ax, c)
        for ax in axes[len(found.comparisons) :]:
            ax.axis("off")
        axes[0].legend(loc="upper left")
        figure.suptitle(
            f"{found.card.name} ({found.card.module}): {found.runs.devices} devices, {len(found.runs)} runs",
            fontsize=8.5,
        )
        save(figure, path)


def _draw_one(ax: object, c: Comparison) -> None:
    from matplotlib.axes import Axes

    assert isinstance(ax, Axes)
    for values, colour, label, width in (
        (c.simulated, COLOURS[1], f"card, {POPULATIONS} populations", 1.6), (c.measured, COLOURS[0], "measured", 0.9),
    ):  # fmt: skip
        ordered = np.sort(values)
        share = np.arange(1, len(ordered) + 1) / len(ordered)
        ax.step(ordered, 100 * share, where="post", color=colour, linewidth=width, label=label)
    logarithmic = c.name.startswith("ln ")
    quantity = c.name.removeprefix("ln ")
    unit = {"R": "ohm", "G": "S"}.get(quantity[:1], c.unit) if logarithmic else c.unit
    relative = quantity == "R after"
    ax.set_xlabel(f"ln({quantity} / that of the nominal card)" if relative else
                  f"ln({quantity} / {unit})" if logarithmic else f"{quantity} [{unit}]")  # fmt: skip
    ax.set_ylabel("share of runs below [%]")
    ax.set_title(f"distance {c.distance:.3f} (by chance below {c.chance:.3f})", fontsize=8)


__all__ = ["draw_population", "population_report", "write_population"]
