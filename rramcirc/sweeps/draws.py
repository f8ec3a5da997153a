"""Values as a sweep writes them: ``0.6:1.4:5``, lists, and draws such as ``normal(1.1, 0.05)``."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, shown, unknown_name
from rramcirc.basics.units import parse_number

Value = float | int | str | bool
SALTELLI = "saltelli"  # draws for the indices of Sobol
METHODS = ("random", "sobol", "halton", "latin", SALTELLI)
CARD, SEED = "card", "seed"  # draws that need no number: the card's spread, the seed of the run
MOST_POINTS = 1_000_000  # of one axis

_CALL = re.compile(r"\s*+([a-z]++)\s*+\(([^()]*+)\)\s*+")
_SIGMA = re.compile(r"\s*+sigma\s*+\(([^()]*+)\)\s*+")


def _normal(u: float, mean: float, sigma: float) -> float:
    from scipy.special import ndtri

    return mean + sigma * float(ndtri(u))


def _lognormal(u: float, median: float, sigma: float) -> float:
    return median * math.exp(_normal(u, 0.0, sigma))


def _uniform(u: float, low: float, high: float) -> float:
    return low + u * (high - low)


DISTRIBUTIONS: dict[str, tuple[str, Callable[[float, float, float], float]]] = {
    "normal": ("normal(MEAN, SIGMA)", _normal),
    "lognormal": ("lognormal(MEDIAN, SIGMA of the logarithm)", _lognormal),
    "uniform": ("uniform(LOW, HIGH)", _uniform),
}


@dataclass(frozen=True)
class Draw:
    """What is drawn for each run: a number of a distribution, the card's spread, or the seed of the run.

    Attributes
    ----------
    kind
        A name of `DISTRIBUTIONS`, ``"card"`` or ``"seed"``.
    numbers
        The two numbers of a distribution [unit of the field].
    """

    kind: str
    numbers: tuple[float, float] = (0.0, 0.0)

    def value(self, u: float) -> float:
        """Return the number that a uniform deviate between 0 and 1 stands for [unit of the field]."""
        return DISTRIBUTIONS[self.kind][1](u, *self.numbers)


def parse_draw(text: object, name: str) -> Draw:
    """Read a draw.

    Parameters
    ----------
    text
        ``normal(MEAN, SIGMA)``, ``lognormal(MEDIAN, SIGMA)``, ``uniform(LOW, HIGH)``, ``card`` or ``seed``.
    name
        Path of the field, for messages.

    Raises
    ------
    ParameterError
        If it is none of them.

    Examples
    --------
    >>> parse_draw("normal(1.1, 50m)", "temperature")
    Draw(kind='normal', numbers=(1.1, 0.05))
    """
    if text in (CARD, SEED):
        return Draw(str(text))
    found = _CALL.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ParameterError(f"draw of {name}: {shown(text)} is none of {', '.join(_forms())}.")
    if found[1] not in DISTRIBUTIONS:
        raise ParameterError(f"draw of {name}: {unknown_name('distribution', found[1], DISTRIBUTIONS)}")
    given = found[2].split(",")
    if len(given) != 2:
        raise ParameterError(f"draw of {name}: {shown(text)}: write {DISTRIBUTIONS[found[1]][0]}.")
    first, second = (parse_number(part, "", f"draw of {name}") for part in given)
    if found[1] == "uniform" and not first < second:
        raise ParameterError(f"draw of {name}: {shown(text)}: LOW must be below HIGH.")
    if found[1] != "uniform" and second < 0:
        raise ParameterError(f"draw of {name}: {shown(text)}: SIGMA must be at least 0.")
    if found[1] == "lognormal" and first <= 0:
        raise ParameterError(f"draw of {name}: {shown(text)}: MEDIAN must be above 0.")
    return Draw(found[1], (first, second))


def _forms() -> list[str]:
    return [*(form for form, _ in DISTRIBUTIONS.values()), CARD, SEED]


def sigmas(value: object) -> float | None:
    """Return how many standard deviations of the card ``sigma(K)`` asks for [1]; None if it is something else.

    Examples
    --------
    >>> sigmas("sigma(-3)"), sigmas("3")
    (-3.0, None)
    """
    found = _SIGMA.fullmatch(value) if isinstance(value, str) else None
    return None if found is None else parse_number(found[1], "", "sigma")


def parse_values(given: object, name: str) -> list[Value]:
    """Return the values of an axis.

    Parameters
    ----------
    given
        ``FROM:TO:N`` (both ends and N values at equal steps), ``FROM:TO:N:log`` (equal ratios), ``A,B,C``, or a list.
        A text that begins with a bracket or quote is one value.
    name
        Path of the field, for messages.

    Raises
    ------
    ParameterError
        If it cannot be read or holds no value.

    Examples
    --------
    >>> parse_values("0.6:1.4:5", "stimuli.bl.amplitude")
    [0.6, 0.8, 1.0, 1.2, 1.4]
    >>> parse_values("1n,10n,1u", "stimuli.bl.width")
    [1e-09, 1e-08, 1e-06]
    >>> parse_values("hfo2_filament,hfo2_jart_v1b", "design.rram")
    ['hfo2_filament', 'hfo2_jart_v1b']
    """
    if isinstance(given, str) and given.strip()[:1] in ("[", "{", '"'):
        return [given.strip()]  # one value that is a list, a table or a quoted text
    if isinstance(given, str):
        parts = given.split(":")
        if len(parts) in (3, 4):
            return _range(parts, name)
        if len(parts) > 1 and all(isinstance(plain_value(part), (int, float)) for part in parts):
            raise ParameterError(f"{name}: {given!r}: write FROM:TO:N or FROM:TO:N:log.")
        values: list[Value] = [plain_value(part) for part in given.split(",")] if given.strip() else []
    elif isinstance(given, (list, tuple, np.ndarray)):
        values = [_one(value, name) for value in given]
    else:
        values = [_one(given, name)]
    if not values or any(value == "" for value in values):
        raise ParameterError(f"{name}: {shown(given)} holds no value. Write FROM:TO:N, or values with commas.")
    return values


def plain_value(text: str) -> Value:
    """Return a number if a text is one (SI suffixes count), else the text."""
    try:
        number = parse_number(text, "")
    except ParameterError:
        return text.strip()
    return int(text) if re.fullmatch(r"\s*[-+]?\d{1,15}\s*", text) else number


def _one(value: object, name: str) -> Value:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, str):
        return plain_value(value)
    raise ParameterError(f"{name}: {shown(value)} is neither a number nor a text.")


def _range(parts: Sequence[str], name: str) -> list[Value]:
    start, stop = (parse_number(part, "", name) for part in parts[:2])
    count = parse_number(parts[2], "", f"{name}: number of values")
    if count != int(count) or not 1 <= count <= MOST_POINTS:
        raise ParameterError(f"{name}: {parts[2]!r} is no number of values from 1 to {MOST_POINTS}.")
    if len(parts) == 4:
        if parts[3].strip() != "log":
            raise ParameterError(f"{name}: {':'.join(parts)!r}: write FROM:TO:N or FROM:TO:N:log.")
        if start * stop <= 0:
            raise ParameterError(f"{name}: {':'.join(parts)!r}: equal ratios need two numbers of one sign, not 0.")
        values = np.geomspace(start, stop, int(count))
    else:
        values = np.linspace(start, stop, int(count))
    clean = [float(f"{value:.12g}") for value in values]  # 0.8, not 0.8000000000000002
    if all(value == int(value) and abs(value) < 1e15 for value in clean):
        return [int(value) for value in clean]
    return list(clean)


def spread_points(method: str, runs: int, dimensions: int, seed: int) -> FloatArray:
    """Return (runs, dimensions) numbers between 0 and 1 that fill the cube evenly [1].

    Parameters
    ----------
    method
        ``"sobol"`` (scrambled), ``"halton"`` (scrambled), ``"latin"`` (Latin hypercube) or ``"saltelli"``: of two
        halves A and B of a Sobol sequence, row by row A, A with one column of B for each column, B.
    runs, dimensions
        How many points of how many numbers.
    seed
        Of the scrambling.
    """
    from scipy.stats import qmc

    rng = np.random.default_rng([seed, *method.encode()])
    if method == SALTELLI:
        base = runs // (dimensions + 2)
        both = qmc.Sobol(2 * dimensions, seed=rng).random(base)
        rows = np.repeat(both[:, None, :dimensions], dimensions + 2, axis=1)
        for k in range(dimensions):
            rows[:, k + 1, k] = both[:, dimensions + k]
        rows[:, -1] = both[:, dimensions:]
        return np.asarray(rows.reshape(runs, dimensions), dtype=float)
    if method == "sobol":  # in powers of two, as its balance needs; the first of them are kept
        points = qmc.Sobol(dimensions, seed=rng).random_base2(max(runs - 1, 0).bit_length())
    elif method == "halton":
        points = qmc.Halton(dimensions, seed=rng).random(runs)
    else:
        points = qmc.LatinHypercube(dimensions, seed=rng).random(runs)
    return np.asarray(points[:runs], dtype=float)
