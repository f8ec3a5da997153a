"""Fit the card of a Verilog-A model to measured data: global, then local search, and what the data cannot tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, a_kind
from rramcirc.devices.cards.card import card_names, card_of_defaults, load_card
from rramcirc.devices.cards.checks import as_card
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.veriloga.library import find_module
from rramcirc.studies.fit.assumed import moves_with_rate
from rramcirc.studies.fit.choose import COARSE, Say, begin
from rramcirc.studies.fit.data import Measurement, read_measurement
from rramcirc.studies.fit.drawn import Drawn, drawn_covariance
from rramcirc.studies.fit.model import Prediction, Protocol
from rramcirc.studies.fit.path import refuse_unmoved, within_bounds
from rramcirc.studies.fit.problem import FreeParameter, Problem, free_parameters
from rramcirc.studies.fit.profiled import profiled_covariance
from rramcirc.studies.fit.search import (
    LAST_STEPS,
    MANY,
    Undetermined,
    covariance,
    dependence,
    determine,
    freeze,
    moved_rms,
    search_locally,
)
from rramcirc.studies.fit.settings import Settings
from rramcirc.studies.fit.verdict import Misfit, Skill, misfit, skill

_JUDGED = 1000  # pulses of a file on which it is judged what is determined
_STANDS = 0.1  # of a standard deviation: less is no dependence
_ROUNDS = 2  # of weights and search


@dataclass(frozen=True)
class FittedParameter:
    """A value that the data determine.

    Attributes
    ----------
    start, value
        Of the start card, and fitted [`unit`].
    sigma
        Standard deviation [`unit`]. It counts that parameters which are not determined were left where they are in the
        card found: the start card is taken to know them to a factor e, and nobody those that a search moved, within
        its bounds.
    at_bound
        Whether the value hit a bound of the search.
    given
        Parameters that are not determined and that the value stands and falls with.
    sigma_given
        Standard deviation if those have their values [`unit`].
    with_rate
        By how much the value moves if sweeps without times were twice as fast as was taken [`unit`]; not in `sigma`.
    """

    name: str
    unit: str
    start: float
    value: float
    sigma: float
    at_bound: bool
    given: tuple[str, ...]
    sigma_given: float
    with_rate: float = 0.0


@dataclass(frozen=True)
class FitResult:
    """A fitted card and how good it is.

    Attributes
    ----------
    card
        The card; fitted values have the status ``fitted``.
    fitted
        What was determined, in the order of the card.
    undetermined
        What was not, with the reason. These values are those of the start card, unless the data are fitted worse with
        them: then they are where the search found them.
    protocols
        The data as they were used.
    predictions
        What the card predicts for every file.
    weights : tuple of (n,) arrays
        Reliability of every reading.
    misfits
        Of every file: residuals, and where they are large.
    skill
        One minus the error over that of the null model.
    correlation : (n, n) array
        Of the fitted parameters, with those that are not determined where they are.
    seed, evaluations
        Of the global search; number of parameter sets that were tried.
    settings
        What the files do not say.
    remarks
        What was decided about circuit and start, with the figures.
    """

    card: ModelCard
    fitted: tuple[FittedParameter, ...]
    undetermined: tuple[Undetermined, ...]
    protocols: tuple[Protocol, ...]
    predictions: tuple[Prediction, ...] = field(repr=False)
    weights: tuple[FloatArray, ...] = field(repr=False)
    misfits: tuple[Misfit, ...] = field(repr=False)
    skill: Skill
    correlation: FloatArray = field(repr=False)
    seed: int
    evaluations: int
    settings: Settings
    remarks: tuple[str, ...] = ()

    @property
    def rms(self) -> tuple[float, ...]:
        """Root mean square of ln(model / data) of every file, over all its readings [1]."""
        return tuple(m.rms for m in self.misfits)


def stands_on_rate(parameter: FittedParameter) -> bool:
    """Return whether a value moves with a ramp rate that no file says, by a tenth of its standard deviation or more."""
    return abs(parameter.with_rate) > _STANDS * parameter.sigma


def start_card(module: str, start: str | ModelCard | None = None) -> ModelCard:
    """Return the card that a fit starts from: the one given, else the library's first of the module, else defaults."""
    declared = find_module(module)
    if start is not None:
        card = start if isinstance(start, ModelCard) else load_card(start)
        if card.module != declared.name:
            raise ParameterError(f"card {card.name} is {card.origin}; --model asks for {declared.name}.")
        return card
    for card in map(load_card, card_names()):
        if card.module == declared.name and card.declaration == declared:
            return card
    return card_of_defaults(declared)


def measured_data(data: object) -> list[Measurement]:
    """Return measured data as a list; files are read."""
    found = []
    for one in data if isinstance(data, list | tuple) else [data]:
        if not isinstance(one, Measurement | str | Path):
            raise ParameterError(f"fit: give files with data or what read_measurement returns, not {a_kind(one)}.")
        found.append(one if isinstance(one, Measurement) else read_measurement(one))
    if not found:
        raise ParameterError("fit: there is no data.")
    return found


def fit(
    data: Measurement | str | Path | Sequence[Measurement | str | Path],
    card: ModelCard | str,
    *,
    free: Iterable[str] = (),
    fix: Iterable[str] = (),
    seed: int = 1,
    settings: Settings | None = None,
    say: Say | None = None,
) -> FitResult:
    """Fit a card to all data sets together.

    A Sobol sequence around the start card and local searches from the best places, on a part of the data; then least
    squares on all of it, files weighed by their scatter. Parameters that the data do not determine go back to the start
    card, one after the other, before the last fit, unless the data are fitted worse then; what they may be off counts
    in the uncertainties of the others.

    Parameters
    ----------
    data
        One or more files with measured data, or what `read_measurement` returns of them.
    card
        Where to start: a card, its name or its file.
    free, fix
        Names of the parameters that are fitted, or not; see :func:`free_parameters`.
    seed
        Of the global search and of the choice of pulses for it.
    settings
        What the files do not say: circuit and read voltage.
    say
        Called with a line of text as the fit goes on.

    Raises
    ------
    ParameterError
        If names are unknown, the data are too few, nothing switches in them, or the start card cannot describe them at
        all.
    """
    measured, original = measured_data(data), as_card("fit", card)
    refuse_unmoved(original)
    say = say or _silent
    begun = begin(
        measured, within_bounds(original), (list(free), list(fix)), settings or Settings(), seed, say
    )  # fmt: skip
    problem, x = begun.problem, begun.x
    middle = problem.reduced(np.random.default_rng(seed), _JUDGED)
    middle.tolerance = COARSE
    middle.weigh(x)
    say(f"local search: {middle.n_data} readings")
    x = search_locally(middle, x, careful=True)
    middle.weigh(x)
    share = middle.n_data / problem.n_data
    undetermined: list[Undetermined] = []
    while found := determine(middle, x, share):
        undetermined += found
        middle, x = freeze(middle, x, [u.name for u in found])
    full = problem.held({u.name: middle.card.number(u.name) for u in undetermined})
    many = full.n_data > MANY
    full.tolerance, full.one_sided = COARSE if many else full.tolerance, many
    say(f"last search: all {full.n_data} readings")
    for _ in range(1 if many else _ROUNDS):  # what is an edge depends on where the search ends
        full.weigh(x)
        x = search_locally(full, x, steps=LAST_STEPS if many else None)
    if not many:
        full.weigh(x)
    judged, part = (middle, share) if many else (full, 1.0)
    left = free_parameters(full.card, [u.name for u in undetermined]) if undetermined else ()
    say("what is not determined, moved by 20 %" if left else "uncertainties")
    undetermined = [replace(u, moved=moved_rms(judged, x, f)) for u, f in zip(undetermined, left, strict=True)]
    drawn = drawn_covariance(judged, x, covariance(judged, x))
    x, (matrix, curved) = drawn.place, _curved(judged, drawn, many)
    matrix = matrix * part
    searched = [f.name for f in left if f.start != original.number(f.name)]
    slopes, moments = dependence(judged, x, left, part, searched)
    say("skill")
    evaluations = begun.evaluations + middle.evaluations + full.evaluations
    fitted = _fitted(full, x, matrix, left, slopes, moments)
    moved = moves_with_rate(judged, x)
    fitted = tuple(replace(f, with_rate=float(m)) for f, m in zip(fitted, moved, strict=True))
    found_all = full.predictions(x)
    worth = skill(judged, x, judged.predictions(x) if many else found_all)
    result = _result(full, x, fitted, matrix, undetermined, seed, evaluations, found_all, worth)
    return replace(result, card=_named(result, original), remarks=(*begun.remarks, *drawn.remarks, *curved))


def _curved(problem: Problem, drawn: Drawn, many: bool) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the covariance, of curved valleys by a profile; many readings make a valley narrow and straight."""
    return (drawn.matrix, ()) if many else profiled_covariance(problem, drawn.place, drawn.matrix, drawn.names)


def _silent(text: str) -> None:
    """Say nothing."""


def _named(result: FitResult, original: ModelCard) -> ModelCard:
    """Return the card with the path of states of the original, and the origin of starts that stayed as they were."""
    parameters = dict(result.card.parameters)
    files = ", ".join(p.data.path.name for p in result.protocols)
    for u in result.undetermined:
        if u.name in parameters and parameters[u.name].value != original.value(u.name):
            said = f"where the search ended, from {files}, which does not determine it"
            parameters[u.name] = replace(parameters[u.name], status="assumed", source=said)
    return replace(result.card, parameters=parameters, conductance_path=original.conductance_path)


def _fitted(
    problem: Problem,
    x: FloatArray,
    matrix: FloatArray,
    left: Sequence[FreeParameter],
    slopes: FloatArray,
    moments: FloatArray,
) -> tuple[FittedParameter, ...]:
    """Return the fitted values with their uncertainties, alone and with those of the parameters left."""
    alone = np.sqrt(np.diag(matrix))
    sigma = np.sqrt(alone**2 + np.einsum("ij,jk,ik->i", slopes, moments, slopes))
    moved = np.abs(slopes) * np.sqrt(np.diag(moments))
    margin = 1e-3 * (problem.high - problem.low)
    at_bound = (x < problem.low + margin) | (x > problem.high - margin)
    found = []
    for k, f in enumerate(problem.free):
        value, given = f.value(x[k]), tuple(u.name for u, m in zip(left, moved[k], strict=True) if m > alone[k])
        found.append(FittedParameter(
            f.name, f.unit, f.start, value, f.sigma(value, sigma[k]), bool(at_bound[k]), given,
            f.sigma(value, alone[k]),
        ))  # fmt: skip
    return tuple(found)


def _result(
    problem: Problem, x: FloatArray, fitted: tuple[FittedParameter, ...], matrix: FloatArray,
    undetermined: list[Undetermined], seed: int, evaluations: int, found: Sequence[Prediction], worth: Skill,
) -> FitResult:  # fmt: skip
    """Return the fitted card with its uncertainties."""
    n = len(problem.free)
    sigma = np.sqrt(np.diag(matrix))
    misfits = tuple(misfit(p, f) for p, f in zip(problem.protocols, found, strict=True))
    return FitResult(
        _card(problem.candidate(x), problem.card, fitted, problem.protocols, misfits), fitted, tuple(undetermined),
        problem.protocols, tuple(found), tuple(problem.weights), misfits, worth,
        matrix[:n, :n] / np.maximum(np.outer(sigma[:n], sigma[:n]), 1e-300), seed, evaluations, problem.settings,
    )  # fmt: skip


def _card(
    found: ModelCard, start: ModelCard, fitted: Sequence[FittedParameter], protocols: Sequence[Protocol],
    misfits: Sequence[Misfit],
) -> ModelCard:  # fmt: skip
    """Return the fitted card: status, source and uncertainty of every fitted value."""
    files = ", ".join(
        f"{p.data.path.name} (sha256 {p.data.sha256[:16]}, rms {100 * m.rms:.2g} %)"
        for p, m in zip(protocols, misfits, strict=True)
    )
    parameters = dict(start.parameters)
    for f in fitted:
        said = ", at the bound of the search" if f.at_bound else f"; one sigma {f.sigma:.2g} {f.unit}"
        if f.given:
            said += f", {f.sigma_given:.2g} {f.unit} if {' and '.join(f.given)} (not determined) as in this card"
        if stands_on_rate(f):
            said += f"; {f.with_rate:+.2g} {f.unit} if sweeps without times were twice as fast"
        value = replace(found.parameters[f.name], value=float(f"{f.value:.8g}"), status="fitted")
        parameters[f.name] = replace(value, source=f"fit to {files}{said}")
    assert start.declaration is not None
    order = [name for name in start.declaration.parameters if name in parameters]
    return replace(start, parameters={name: parameters[name] for name in order})
