"""Where a fit begins: the polarity of the data, the line with the negative voltage, and the start card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, RramcircError
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.studies.fit.data import Measurement
from rramcirc.studies.fit.model import Protocol, make_protocol, with_pulses
from rramcirc.studies.fit.observe import direction, exchanged, no_switching, refuse_few, switching
from rramcirc.studies.fit.problem import FreeParameter, Problem, free_parameters, log_ratio, typical
from rramcirc.studies.fit.search import COARSE, search_globally, search_locally
from rramcirc.studies.fit.settings import Settings
from rramcirc.studies.fit.starts import Start
from rramcirc.studies.fit.unloaded import without_transistor
from rramcirc.studies.fit.variances import alike
from rramcirc.studies.fit.verdict import rms
from rramcirc.studies.fit.watch import Watch

Say = Callable[[str], None]
SEARCHED = 300  # pulses of a file in the global search
_NEAR = 0.04  # rms of a search from the card as it is above which the whole reach is searched
_GOOD = 0.05  # rms of a search above which others are tried
_ALIKE, _NOISE = (
    0.5,
    2e-3,
)  # correlation of neighbours above which it is no noise; rms below which nothing is looked for
_TELLS = 1.05  # error of one line of a 1T1R cell over that of the other from which the data tell it
_SAME, _UNTOLD = 0.01, 4.0  # errors that differ by less are the same; change of their weighed squares that noise makes
_LIKE_BULK = 1.5  # of the scatter of the bulk: an error below it is that of noise
_FAR = 1.0  # rms of the card as it is from which the data are asked for a start first
_STARTS, _STEPS = 4, 15  # starts read off the data that are tried, and steps of each
_BETTER = 0.8  # of the rms: so much better another start must be


@dataclass(frozen=True)
class Beginning:
    """Where the fit to all data begins.

    Attributes
    ----------
    problem, x
        All data, and the place that the global search found.
    remarks
        What was decided, with the figures.
    evaluations
        Parameter sets that were tried.
    """

    problem: Problem
    x: FloatArray
    remarks: tuple[str, ...]
    evaluations: int


def begin(
    measured: Sequence[Measurement], card: ModelCard, names: tuple[Sequence[str], Sequence[str]], settings: Settings,
    seed: int, say: Say,
) -> Beginning:  # fmt: skip
    """Return where to begin, after searches on a part of the data.

    Parameters
    ----------
    names
        Parameters that are fitted, and that are not.
    say
        Called with a line whenever a search begins or ends.

    Raises
    ------
    ParameterError
        If the data cannot be used.
    """
    measured = [with_pulses(m, settings) for m in measured]
    measured = [exchanged(m) if direction(m) < 0 else m for m in measured]
    free = free_parameters(card, *names)
    found = []
    for line in _lines(measured, settings):
        here = replace(settings, negative_line=line)
        protocols = [make_protocol(m, here) for m in measured]
        _refuse_useless(protocols, free, card, here)
        found.append(
            _search(Problem(card, free, protocols, here, Watch(say)), seed, line if settings.selector else "", say)
        )
    best = min(found, key=lambda one: one[0] * (1.0 if one[1].settings.negative_line == "sl" else _TELLS))
    problem, x = best[1], best[2]
    remarks = list(best[3])
    if len(found) > 1:
        remarks.insert(0, _said_lines(found, problem.settings.negative_line))
    return Beginning(problem, x, tuple(remarks), sum(one[4] for one in found))


def _lines(measured: Sequence[Measurement], settings: Settings) -> list[str]:
    """Return the lines that may carry the negative voltage, and are to be tried."""
    if settings.negative_line != "auto":
        return [settings.negative_line]
    if any("sl" in m.columns and m.columns["sl"].max() > 0.0 for m in measured):  # the file says it
        return ["sl"]
    if any("bl" in m.columns and m.columns["bl"].min() < 0.0 for m in measured):
        return ["bl"]
    columns = [m.columns.get("amplitude", m.columns.get("voltage", np.zeros(1))) for m in measured]
    negative = settings.selector is not None and min(float(c.min()) for c in columns) < 0.0
    return ["sl", "bl"] if negative else ["sl"]


def _said_lines(found: Sequence[tuple[float, Problem, FloatArray, tuple[str, ...], int]], line: str) -> str:
    errors = ", ".join(
        f"{100 * error:.3g} % with the negative voltage on the {tried.settings.negative_line.upper()}"
        for error, tried, *_ in found
    )
    how = "the SL is raised" if line == "sl" else "the BL is swept both ways, SL at 0 V"
    both = sorted(error for error, *_ in found)
    if both[1] < _TELLS * both[0]:
        said = f"the data do not tell which line carries the negative voltage (rms {errors})"
        return f"1T1R: {said}: taken is that {how}; --negative-on says it"
    return f"1T1R: {how}, which fits better (rms {errors}; --negative-on {line} says it)"


def _refuse_useless(
    protocols: Sequence[Protocol], free: Sequence[FreeParameter], card: ModelCard, settings: Settings
) -> None:
    unknown = len(free) + sum(0 if p.start_known else len(p.start) for p in protocols)
    names = ", ".join(f.name for f in free) + ("" if all(p.start_known for p in protocols) else ", start of each cycle")
    refuse_few(sum(map(len, protocols)), unknown, names)
    if any(switching(p) for p in protocols):
        return
    said = "; ".join(no_switching(p) for p in protocols)
    moving = [f.name for f in Start(card, free, protocols, settings).moving]
    if moving or any(p.data.kind != "sweep" for p in protocols):
        raise ParameterError(
            f"{said}. They cannot tell how the device switches ({', '.join(moving) or 'any parameter'}). Measure "
            "beyond the thresholds; of a sweep without switching, fit what conducts, with --free."
        )


def _search(
    problem: Problem, seed: int, line: str, say: Say
) -> tuple[float, Problem, FloatArray, tuple[str, ...], int]:
    """Return error, problem, place and remarks of the best start: the card, or what is read off the data."""
    said = f", negative voltage on the {line.upper()}" if line else ""
    small = _reduced(problem, seed)
    as_it_is = _error(small, small.start)
    say(f"{problem.card.name} as it is{said}: rms {100 * as_it_is:.3g} %, {small.n_data} readings")
    tried: list[tuple[float, Problem, FloatArray]] = []
    evaluations = 0
    if as_it_is > _FAR:
        read, evaluations = _from_data(problem, seed, say)
        tried += read
    else:  # the card may be near enough
        x = search_locally(small, small.start, careful=True)
        tried.append((small.weighed_rms(x), problem, x))
        say(f"search from the card{said}: rms {100 * tried[-1][0]:.3g} %, readings as reliable as they are")
    if min((one[0] for one in tried), default=np.inf) > (_GOOD if as_it_is > _FAR else _NEAR):
        say(f"global search{said}: {len(problem.free)} parameters")
        x = search_globally(small, seed)
        tried.append((small.weighed_rms(x), problem, x))
        say(f"  rms {100 * tried[-1][0]:.3g} %, readings as reliable as they are")
        if as_it_is <= _FAR and min(one[0] for one in tried) > _GOOD and not _noise_is_left(small, tried):
            read, more = _from_data(problem, seed, say)
            tried, evaluations = tried + read, evaluations + more
    elif as_it_is <= _FAR and _systematic(small, tried[-1][2]):  # near, but at another place than the data's
        read, more = _from_data(problem, seed, say)
        tried, evaluations = tried + read, evaluations + more
    evaluations += small.evaluations
    error, best, place = min(tried, key=lambda one: one[0] * (1.0 if one[1] is problem else 1.0 / _BETTER))
    remarks = () if best is problem else (_said_start(problem, best, as_it_is, error),)
    return error, best, place, remarks, evaluations


def _noise_is_left(problem: Problem, tried: Sequence[tuple[float, Problem, FloatArray]]) -> bool:
    """Return whether what is left is in the data, not in the search.

    The best two searches ended at the same error, or at errors that noise of the same size cannot tell apart; and the
    bulk of the residuals is small, or about as large as all of them, without a pattern: a wrong place has some large.
    """
    (least, _, x), (second, *_) = sorted(tried, key=lambda one: one[0])[:2]
    told = max((1.0 + _SAME) ** 2 - 1.0, _UNTOLD / problem.n_data)
    if second**2 > (1.0 + told) * least**2:
        return False
    bulk = _bulk(problem, x)
    return bulk < _GOOD or (least < _LIKE_BULK * bulk and not _systematic(problem, x))


def _bulk(problem: Problem, x: FloatArray) -> float:
    """Return the standard deviation of the bulk of the residuals, without outliers [1]."""
    found = problem.predictions(x)
    logs = [log_ratio(f.current, p.current) for f, p in zip(found, problem.protocols, strict=True)]
    return max(typical(r) for r in logs)


def _systematic(problem: Problem, x: FloatArray) -> bool:
    """Return whether readings of a sweep or train are off as their neighbours are."""
    found = problem.predictions(x)
    logs = [log_ratio(f.current, p.current) for f, p in zip(found, problem.protocols, strict=True)]
    return any(rms(r) > _NOISE and alike(p, r) > _ALIKE for p, r in zip(problem.protocols, logs, strict=True))


def _from_data(problem: Problem, seed: int, say: Say) -> tuple[list[tuple[float, Problem, FloatArray]], int]:
    """Return error, problem and place of searches from starts read off the data; number of parameter sets tried."""
    say("starts read off the data")
    found: list[tuple[float, Problem, FloatArray]] = []
    evaluations = 0
    for card in _data_starts(problem):
        other = Problem(card, _moved(problem.free, card), problem.protocols, problem.settings, problem.watch)
        part = _reduced(other, seed)
        place = search_locally(part, part.start, steps=_STEPS, careful=True)
        part.weigh(place)
        place = search_locally(part, place, steps=_STEPS, careful=True)
        evaluations += part.evaluations
        found.append((part.weighed_rms(place), other, place))
        say(f"  rms {100 * found[-1][0]:.3g} %, readings as reliable as they are")
        if found[-1][0] < 0.1 * _GOOD:
            break
    return found, evaluations


def _reduced(problem: Problem, seed: int) -> Problem:
    small = problem.reduced(np.random.default_rng(seed), SEARCHED)
    small.tolerance = COARSE
    small.weigh(small.start)
    return small


def _error(problem: Problem, x: FloatArray) -> float:
    """Return the rms of ln(model / data) over all readings."""
    found = problem.predictions(x)
    return rms(np.concatenate([log_ratio(f.current, p.current) for f, p in zip(found, problem.protocols, strict=True)]))


def _data_starts(problem: Problem) -> list[ModelCard]:
    """Return cards read off the data whose prediction is nearest to them."""
    protocols = list(problem.protocols)
    if problem.settings.selector is not None:  # of a cell, sweeps tell the voltage of the device
        sweeps = [p for p in protocols if p.data.kind == "sweep"]
        protocols = [without_transistor(p, problem.settings.temperature) for p in sweeps]
    if not protocols:
        return []
    judged = []
    for card in Start(problem.card, problem.free, protocols, problem.settings).cards():
        try:
            other = Problem(card, _moved(problem.free, card), problem.protocols, problem.settings)
            other.tolerance = COARSE
            judged.append((_error(other, other.start), card))
        except RramcircError:
            continue
    return [card for _, card in sorted(judged, key=lambda pair: pair[0])[:_STARTS]]


def _moved(free: Sequence[FreeParameter], card: ModelCard) -> list[FreeParameter]:
    return list(free_parameters(card, [f.name for f in free]))


def _said_start(old: Problem, new: Problem, before: float, after: float) -> str:
    moved = [
        f"{f.name} {f.start:.4g} {f.unit} ({old.card.number(f.name):.4g})"
        for f in new.free if abs(f.start - old.card.number(f.name)) > 0.01 * abs(f.start)
    ]  # fmt: skip
    return (
        f"starts read off the data, in brackets those of {old.card.name} (rms {100 * before:.3g} % as it is, now "
        f"{100 * after:.3g} %): {', '.join(moved)}"
    )


__all__ = ["COARSE", "SEARCHED", "Beginning", "Say", "begin"]
