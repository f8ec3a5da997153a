"""A card with the spread of a population: what differs from device to device, and from cycle to cycle.

Every device has instance parameters of its own, drawn from one normal distribution with correlations (the card's
``[variability]``); every cycle adds one deviate at the terminal nz. Figures of each run (V_SET, R_LRS ...) are counted
the same way on the data and on what the card predicts; :mod:`rramcirc.studies.fit.mixed` finds the spreads. The card so
found is drawn from, and its distributions are compared with the measured ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from rramcirc.basics.arguments import check_kind
from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, unknown_name
from rramcirc.devices.cards.checks import as_card
from rramcirc.devices.cards.model_card import ModelCard, Spread
from rramcirc.studies.fit.comparison import Comparison, compare
from rramcirc.studies.fit.data import Measurement
from rramcirc.studies.fit.features import features
from rramcirc.studies.fit.fit import measured_data
from rramcirc.studies.fit.model import make_protocol
from rramcirc.studies.fit.path import within_bounds
from rramcirc.studies.fit.places import Places, errors_of
from rramcirc.studies.fit.runs import Runs, gather
from rramcirc.studies.fit.settings import Settings

LEAST_DEVICES = 8  # from which a spread is told
_SURE = 2.0  # standard errors from which a correlation is written
_TRUNCATE = 4.0


@dataclass(frozen=True)
class SpreadEstimate:
    """One spread, with its standard error.

    Attributes
    ----------
    parameter
        Instance parameter (device to device), or parameter ``..._sigma_c2c`` (cycle to cycle).
    before, sigma, error
        Of the start card, found, and one standard error [`unit`].
    unit
        Of these; 1 for fractions and logarithms.
    middle
        Nominal value of the parameter, found [its unit]; NaN of cycles.
    """

    parameter: str
    before: float
    sigma: float
    error: float
    unit: str
    middle: float = np.nan


@dataclass(frozen=True)
class Population:
    """What `fit_population` found.

    Attributes
    ----------
    card
        The card with the spreads.
    spreads, cycle_spreads
        Device to device, cycle to cycle.
    correlation, correlation_error : (P, P) arrays
        Between the spreads, as found [1]; those within two standard errors of zero are left out of the card.
    values : (devices, P) array
        Parameters of every device [their units].
    unexplained : (F,) array
        Standard deviation of every figure that neither devices nor cycles explain [units of the figures].
    comparisons
        Measured and simulated distribution of every figure.
    runs
        What was measured.
    seed
        Of all draws.
    """

    card: ModelCard
    spreads: tuple[SpreadEstimate, ...]
    cycle_spreads: tuple[SpreadEstimate, ...]
    correlation: FloatArray = field(repr=False)
    correlation_error: FloatArray = field(repr=False)
    values: FloatArray = field(repr=False)
    unexplained: FloatArray
    comparisons: tuple[Comparison, ...]
    runs: Runs = field(repr=False)
    seed: int


def fit_population(
    data: Measurement | str | Path | Sequence[Measurement | str | Path],
    card: ModelCard | str,
    *,
    spread: Iterable[str] = (),
    settings: Settings | None = None,
    seed: int = 1,
    say: Callable[[str], None] | None = None,
) -> Population:
    """Return a card whose devices and cycles are spread as the measured ones.

    Parameters
    ----------
    data
        Files with many devices: a column device (or addresses), or one file for each device; cycles as in `fit`.
    card
        Describes the median device: what `fit` found, or a name or file.
    spread
        Instance parameters that differ from device to device; none means those of the card's ``[variability]``, or all
        factors and shifts of the model.
    settings
        Circuit and read voltage, as in `fit`.
    seed
        Of the draws of the comparison and of the errors.
    say
        Called with a line of text as the work goes on.

    Raises
    ------
    ParameterError
        If there are fewer than 8 devices, the card misses a figure in most runs, or a name is unknown.

    Examples
    --------
    >>> from rramcirc.studies.fit.population import spread_parameters
    >>> [one.parameter for one in spread_parameters("hfo2_filament")]
    ['ea_delta', 'rho_factor', 'gap_resistance_factor']
    """
    check_kind(card, ModelCard | str, "fit_population: card", "a model card or its name")
    check_kind(spread, list | tuple, "fit_population: spread", "a list of instance parameters")
    check_kind(settings, Settings | None, "fit_population: settings", "a FitSettings")
    original = as_card("fit_population", card)
    check_kind(seed, int, "fit_population: seed", "a whole number")
    say = say or _silent
    settings = settings or Settings()
    spreads, measured = spread_parameters(original, spread), measured_data(data)
    settings, said = _line_said(settings, measured)
    runs = gather(measured, settings)
    runs = replace(runs, remarks=(*runs.remarks, *said))
    if runs.devices < LEAST_DEVICES:
        raise ParameterError(
            f"fit_population: {runs.devices} devices; a spread from device to device needs at least {LEAST_DEVICES}."
        )
    say(f"{runs.devices} devices, {len(runs)} runs; figures: {', '.join(runs.names)}")
    work = Places(within_bounds(original), spreads, runs)
    found, linear, extra, cycles = work.spreads(say)
    rng = np.random.default_rng(seed)
    say("errors: devices drawn again")
    errors, correlation, correlation_errors = errors_of(linear, found, extra, cycles[0], rng)
    estimates = tuple(
        SpreadEstimate(one.parameter, one.sigma_d2d, float(np.sqrt(found.covariance[k, k])), float(errors[k]), "1",
                       float(work.value(k, found.mean[k])))
        for k, one in enumerate(spreads)
    )  # fmt: skip
    result = _with_spreads(original, spreads, estimates, correlation, correlation_errors, runs)
    assert original.declaration is not None
    declared = original.declaration.parameters
    c2c = tuple(
        SpreadEstimate(name, original.number(name), float(s), float(e), declared[name].unit)
        for name, s, e in zip(work.cycle_names, *cycles, strict=True)
    )
    result = _with_cycles(result, c2c, runs)
    say("comparison")
    comparisons = compare(within_bounds(result), runs, rng, say)
    values = np.stack([work.value(k, found.places[:, k]) for k in range(len(spreads))], 1)
    return Population(
        result, estimates, c2c, correlation, correlation_errors, values, np.sqrt(extra), comparisons, runs, seed
    )


def _silent(text: str) -> None:
    """Say nothing."""


def _line_said(settings: Settings, measured: Sequence[Measurement]) -> tuple[Settings, tuple[str, ...]]:
    """Return settings with a line that carries negative voltages, and a remark if that had to be assumed."""
    if settings.negative_line != "auto":
        return settings, ()
    columns = [m.columns.get("amplitude", m.columns.get("voltage", np.zeros(1))) for m in measured]
    assumed = settings.selector is not None and min(float(c.min()) for c in columns) < 0.0
    said = "1T1R: the SL is taken to be raised where the voltage is negative (--negative-on bl: the BL is lowered)"
    return replace(settings, negative_line="sl"), (said,) if assumed else ()


def typical_runs(measured: Sequence[Measurement], settings: Settings, count: int = 6) -> list[Measurement]:
    """Return the data of those cycles whose figures are nearest to the medians; all data of single pulses.

    Parameters
    ----------
    count
        Cycles of each file.
    """
    found = []
    for m in measured:
        if m.kind == "pulses" or "cycle" not in m.columns:
            found.append(m)
            continue
        counted = features(make_protocol(m, settings))
        with np.errstate(invalid="ignore"):
            off = np.abs(counted.values - np.nanmedian(counted.values, 0))
        off /= np.nanmedian(off, 0) + 1e-12
        far = np.where(np.isfinite(off), off, np.inf).max(1)
        cycles = m.columns["cycle"][np.r_[True, np.diff(m.columns["cycle"]) != 0]]
        rows = np.isin(m.columns["cycle"], cycles[np.argsort(far, kind="stable")[:count]])
        columns = {n: v[rows] for n, v in m.columns.items()}
        said = f"the median device: {min(count, len(cycles))} of {len(cycles)} cycles, those nearest to the medians"
        found.append(replace(m, columns=columns, lines=m.lines[rows], remarks=(*m.remarks, said)))
    return found


def spread_parameters(card: ModelCard | str, names: Iterable[str] = ()) -> tuple[Spread, ...]:
    """Return what may differ from device to device: the card's own spreads, or factors and shifts of its model.

    Parameters
    ----------
    names
        Instance parameters; none means all of them.

    Raises
    ------
    ParameterError
        If a name is no instance parameter, or there is none.
    """
    card, names = as_card("spread_parameters", card), list(names)
    assert card.declaration is not None
    own = {one.parameter: replace(one, correlation={}) for one in card.variability}
    declared = [n for n, p in card.declaration.parameters.items() if p.instance and p.kind == "real"]
    usable = [n for n in declared if n.removesuffix("_ini") not in card.states]
    for name in names:
        if name not in usable:
            raise ParameterError(f"--spread {name}: {unknown_name('instance parameter', name, usable)}")
    chosen = names or list(own) or [n for n in usable if n.endswith(("_factor", "_delta"))]
    if not chosen:
        raise ParameterError(f"card {card.name}: no instance parameter of {card.module} can differ among devices.")
    return tuple(own.get(name) or _new_spread(card, name) for name in chosen)


def _new_spread(card: ModelCard, name: str) -> Spread:
    base = name.removesuffix("_delta")
    if card.number(name) > 0.0:
        return Spread(name, 0.0, name, "lognormal", _TRUNCATE)
    if base == name or not card.number(base):
        raise ParameterError(f"--spread {name}: its nominal value is zero, so that a spread relative to it is none.")
    return Spread(name, 0.0, base, "normal", _TRUNCATE)


def _with_spreads(
    card: ModelCard, spreads: Sequence[Spread], estimates: Sequence[SpreadEstimate], correlation: FloatArray,
    errors: FloatArray, runs: Runs,
) -> ModelCard:  # fmt: skip
    """Return the card with nominal values, spreads and those correlations that are sure."""
    said = f"{runs.devices} devices, {len(runs)} runs of {', '.join(p.data.path.name for p in runs.protocols[:3])}"
    moved = card.with_values({e.parameter: e.middle for e in estimates})
    parameters = dict(moved.parameters)
    for e in estimates:
        parameters[e.parameter] = replace(parameters[e.parameter], status="fitted", source=f"middle of {said}")
    kept = np.where(np.abs(correlation) > _SURE * errors, correlation, 0.0)
    np.fill_diagonal(kept, 1.0)
    while np.linalg.eigvalsh(kept).min() < 1e-3:  # those left out may make the others contradict
        kept = 0.98 * kept + 0.02 * np.eye(len(kept))
    new = []
    for k, (one, e) in enumerate(zip(spreads, estimates, strict=True)):
        pairs = {spreads[j].parameter: round(float(kept[k, j]), 3) for j in range(k) if kept[k, j]}
        source = f"{said}; one standard error {e.error:.2g}"
        new.append(replace(
            one, sigma_d2d=float(f"{e.sigma:.4g}"), truncate=_TRUNCATE, correlation=pairs, status="fitted",
            source=source,
        ))  # fmt: skip
    return replace(moved, parameters=parameters, variability=tuple(new))


def _with_cycles(card: ModelCard, estimates: Sequence[SpreadEstimate], runs: Runs) -> ModelCard:
    """Return the card with the spreads from cycle to cycle."""
    if not estimates:
        return card
    parameters = dict(card.with_values({e.parameter: float(f"{e.sigma:.4g}") for e in estimates}).parameters)
    for e in estimates:
        said = f"scatter of {len(runs)} runs within {runs.devices} devices; one standard error {e.error:.2g} {e.unit}"
        parameters[e.parameter] = replace(parameters[e.parameter], status="fitted", source=said)
    return replace(card, parameters=parameters)


__all__ = ["LEAST_DEVICES", "Population", "SpreadEstimate", "fit_population", "spread_parameters", "typical_runs"]
