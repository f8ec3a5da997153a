"""Measurements as users write them: ``max(i(bl*)) / 2``, ``rise_time(v(out), 0.2, 0.8)``."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping

from rramcirc.analysis import measurements as m
from rramcirc.analysis import timing
from rramcirc.analysis.columns import column
from rramcirc.analysis.expressions import FUNCTIONS, MAX_LENGTH, evaluate, split_arguments
from rramcirc.basics.arguments import check_kind
from rramcirc.basics.arrays import AnyArray
from rramcirc.basics.errors import NoSuchValue, ParameterError, UnknownSignal, WaveformError, shown, unknown_name
from rramcirc.basics.units import parse_number
from rramcirc.waveforms.waveforms import Waveforms

Row = tuple[str, float, str]
Rows = list[tuple[float, str]]
Measurement = Callable[[list[str], Waveforms], Rows]

_INTEGRAL_UNITS = {("W", "s"): "J", ("A", "s"): "C", ("A", "V"): "W", ("V", "A"): "W"}
_CALL = re.compile(r"(?<![\w.#@])([A-Za-z_]\w*)\s*\(")
# a name with * or ? inside its brackets, or without brackets
_PATTERN = re.compile(
    r"@?[A-Za-z_][\w.#:]*+(?:\([^()*?]*+[*?][^()]*+\)|\[[^\[\]()*?]*+[*?][^\[\]()]*+\])|[A-Za-z_][\w.#:]*+[*?][\w.#:*?]*"
)
_INDEX = re.compile(r"\s*\[\s*(\d+)\s*\]")


def measure(text: str, waveforms: Waveforms, partial: bool = False) -> list[Row]:
    """Return the rows of one measurement written as text.

    Parameters
    ----------
    text
        ``NAME(EXPRESSION, ...)`` with a NAME of :data:`MEASUREMENTS`; arithmetic of several (``max(v(a)) - min(v(b))``,
        ``crossing(v(a), 1)[1] - crossing(v(a), 1)[0]``), which may also stand for a level or place; with glob patterns
        (``max(i(bl*))``), one row for every signal that fits, several patterns going together.
    waveforms
        Where the signals are.
    partial
        Measure although the waveforms are incomplete.

    Returns
    -------
    list of (label, value, unit)
        One row; one for each crossing (NaN if there is none) and each signal of a pattern.

    Raises
    ------
    ParameterError
        If the text cannot be read.
    WaveformError
        If a signal is unknown, or the waveforms are incomplete and that is not allowed.

    Examples
    --------
    >>> wf = Waveforms("time", "s", [0.0, 1.0], {"v(a)": [0.0, 2.0], "i(a)": [0.0, 1.0]}, {"v(a)": "V", "i(a)": "A"})
    >>> measure("crossing(v(a), 500m, rise)", wf)
    [('crossing(v(a), 500m, rise)', 0.25, 's')]
    >>> measure("max(v(a)) * max(i(a)) / 4", wf)
    [('max(v(a)) * max(i(a)) / 4', 0.5, 'W')]
    """
    text = text.strip() if isinstance(text, str) else str(text)
    if len(text) > MAX_LENGTH:
        raise ParameterError(f"a measurement of {len(text)} characters; must be at most {MAX_LENGTH}: {shown(text)}.")
    check_kind(waveforms, Waveforms, "measure", "a Waveforms")
    if not (waveforms.complete or partial):
        why = waveforms.stopped.rstrip(".") or "they are incomplete"
        raise WaveformError(
            f"{text!r} is not measured on partial waveforms ({why}). Ask for it with --partial (partial=True)."
        )
    try:
        rows = _rows(text, waveforms)
    except (ParameterError, WaveformError):
        texts = [each for each in dict.fromkeys(_expanded(text, waveforms)) if each != text]
        if not texts:
            raise
        return [row for each in texts for row in measure(each, waveforms, partial)]
    labels = [text] if len(rows) == 1 else [f"{text}[{k}]" for k in range(len(rows))]
    return [(label, value, unit) for label, (value, unit) in zip(labels, rows, strict=True)]


def check_measurement(text: str, units: Mapping[str, str], axis: str, axis_unit: str) -> None:
    """Refuse a measurement that no run with these signals has, before there is one.

    Parameters
    ----------
    text
        As `measure` reads it.
    units
        Signal -> its unit.
    axis, axis_unit
        Name and unit of the axis.

    Raises
    ------
    ParameterError
        If the text cannot be read, or names a signal or measurement that is none.

    Examples
    --------
    >>> check_measurement("max(i(bl))", {"i(bl)": "A"}, "time", "s")
    """
    anywhere = column([-1e30, 0.0, 1e30])  # wherever a run's axis is: what depends on values is not judged here
    rising = column([0.0, 0.5, 1.0])
    waveforms = Waveforms(axis, axis_unit, anywhere, dict.fromkeys(units, rising), units)
    try:
        measure(text, waveforms)
    except NoSuchValue:
        return
    except UnknownSignal as error:
        raise ParameterError(str(error)) from None
    except WaveformError:
        return


def _rows(text: str, waveforms: Waveforms) -> Rows:
    """Return values and units of one measurement, or of arithmetic of measurements."""
    calls = list(_calls(text))
    if len(calls) == 1 and (calls[0][0], calls[0][1]) == (0, len(text)):
        return _call(text, waveforms)
    if not calls:
        word = re.match(r"\w+(?=\s*\()", text)
        known = unknown_name("measurement", word[0] if word else text, MEASUREMENTS)
        raise ParameterError(f"{known} Write for example 'crossing(i(bl3), 50u)'. Known: {', '.join(MEASUREMENTS)}.")
    return [_arithmetic(text, calls, waveforms)]


def _calls(text: str) -> Iterator[tuple[int, int]]:
    """Yield begin and end of every measurement in a text that stands in no other one."""
    position = 0
    while call := _CALL.search(text, position):
        position = call.end()
        if call[1].lower() in MEASUREMENTS:
            position = _closing(text, call.end() - 1) + 1
            yield call.start(), position
        elif call[1].lower() not in FUNCTIONS:
            position = _closing(text, call.end() - 1) + 1


def _closing(text: str, opening: int) -> int:
    """Return the place of the bracket that closes the one at `opening`."""
    depth = 0
    for place in range(opening, len(text)):
        depth += (text[place] in "([") - (text[place] in ")]")
        if depth == 0:
            return place
    raise ParameterError(f"{text!r}: {text[opening:]!r} has no closing bracket.")


def _call(text: str, waveforms: Waveforms) -> Rows:
    name, _, inner = text.partition("(")
    usage, fewest, function = MEASUREMENTS[name.strip().lower()]
    arguments = split_arguments(inner[:-1])
    if not fewest <= len(arguments) <= usage.count(",") + 1 or not all(arguments):
        raise ParameterError(f"{shown(text)}: write {usage}.")
    return function(arguments, waveforms)


def _arithmetic(text: str, calls: list[tuple[int, int]], waveforms: Waveforms) -> tuple[float, str]:
    """Return the value of arithmetic over measurements, which become signals of one point for it."""
    values: dict[str, list[float]] = {}
    units: dict[str, str] = {}
    pieces, position = [], 0
    for begin, end in calls:
        rows = _call(text[begin:end], waveforms)
        index = _INDEX.match(text, end)
        if len(rows) > 1 and index is None:
            raise ParameterError(
                f"{text[begin:end]!r} gives {len(rows)} values; choose one, as in {text[begin:end]}[0]."
            )
        k = int(index[1]) if index else 0
        if k >= len(rows):
            raise NoSuchValue(f"{text[begin:end]!r} gives {len(rows)} value(s), numbered from 0; there is no [{k}].")
        name = f"measured#{len(values)}"
        values[name], units[name] = [rows[k][0]], rows[k][1]
        pieces += [text[position:begin], name]
        position = index.end() if index else end
    scalars = Waveforms("point", "", column([0.0]), {k: column(v) for k, v in values.items()}, units)
    try:
        found, unit = evaluate("".join([*pieces, text[position:]]), scalars)
    except (ParameterError, WaveformError) as error:
        raise ParameterError(
            f"{text!r}: around measurements only numbers, + - * / **, brackets and {', '.join(FUNCTIONS)} are allowed "
            f"({str(error).rstrip('.')})."
        ) from None
    return found[0].item(), unit


def _expanded(text: str, waveforms: Waveforms) -> Iterator[str]:
    """Yield a text for every signal that fits its first glob pattern; what * stands for is the same in all patterns."""
    patterns: dict[str, None] = {}
    position = 0
    while found := _PATTERN.search(text, position):
        if _fitting(found[0], waveforms):
            patterns[found[0]] = None
            position = found.end()
        else:  # perhaps a function, and the pattern stands in its brackets
            position = found.start() + len(re.split(r"[(\[*?]", found[0])[0])
    if not patterns:
        return
    first, *others = patterns
    groups = re.compile(_regex(first), re.IGNORECASE)
    for name in _fitting(first, waveforms):
        stands_for = groups.fullmatch("".join(name.split()))
        one = text.replace(first, name)
        for other in others:
            one = one.replace(other, _filled(other, stands_for.groups() if stands_for else ()))
        yield one


def _filled(pattern: str, parts: tuple[str, ...]) -> str:
    """Return a pattern with what its * and ? stand for."""
    remaining = iter(parts)
    return "".join(next(remaining, c) if c in "*?" else c for c in pattern)


def _fitting(pattern: str, waveforms: Waveforms) -> list[str]:
    try:
        return waveforms.select(pattern)
    except WaveformError:
        return []


def _regex(pattern: str) -> str:
    """Return the regular expression of a pattern, a group for each * and ?; of several * the first takes all."""
    signs = {"*": "(.*)", "?": "(.)"}
    bare = "".join(pattern.split())
    return "".join("()" if bare[k : k + 1] == c == "*" else signs.get(c, re.escape(c)) for k, c in enumerate(bare, -1))


def _level(text: str, unit: str, name: str, waveforms: Waveforms) -> float:
    """Return a level or place: a number, or arithmetic of measurements."""
    if not any(True for _ in _calls(text)):
        return parse_number(text, unit, name)
    ((value, found),) = _rows(text, waveforms)
    if unit and found and found != unit:
        raise ParameterError(f"{name} {text!r} is in {found}, not in {unit}.")
    return value


def _of_values(function: Callable[[AnyArray], float]) -> Measurement:
    def rows(arguments: list[str], waveforms: Waveforms) -> Rows:
        values, unit = evaluate(arguments[0], waveforms)
        return [(function(values), unit)]

    return rows


def _of_waveform(function: Callable[..., float], result: str = "value", levels: tuple[str, ...] = ()) -> Measurement:
    """Return the measurement of one expression.

    `result` says what it gives: ``value`` (unit of the expression), ``axis``, ``rate`` (1 / axis), ``slope`` (value per
    axis), or a unit. `levels` are the units of the further arguments: ``value`` or none.
    """

    def rows(arguments: list[str], waveforms: Waveforms) -> Rows:
        values, unit = evaluate(arguments[0], waveforms)
        further = zip(arguments[1:], levels, strict=False)
        numbers = [_level(a, unit if kind == "value" else "", arguments[0], waveforms) for a, kind in further]
        axis = waveforms.axis_unit
        per_axis = {"s": "Hz", "Hz": "s"}.get(axis, f"1/{axis}" if axis else "")
        units = {"value": unit, "axis": axis, "rate": per_axis, "slope": f"{unit}/{axis}" if unit and axis else ""}
        return [(function(values, waveforms.axis, *numbers), units.get(result, result))]

    return rows


def _crossing(arguments: list[str], waveforms: Waveforms) -> Rows:
    values, unit = evaluate(arguments[0], waveforms)
    level = _level(arguments[1], unit, "level", waveforms)
    found = m.crossings(values, waveforms.axis, level, *arguments[2:])
    return [(float(x), waveforms.axis_unit) for x in found] or [(math.nan, waveforms.axis_unit)]


def _at(arguments: list[str], waveforms: Waveforms) -> Rows:
    values, unit = evaluate(arguments[0], waveforms)
    return [(m.value_at(values, waveforms.axis, _level(arguments[1], waveforms.axis_unit, "at", waveforms)), unit)]


def _integral(arguments: list[str], waveforms: Waveforms) -> Rows:
    values, unit = evaluate(arguments[0], waveforms)
    axis_unit = waveforms.axis_unit
    product = _INTEGRAL_UNITS.get((unit, axis_unit), f"{unit} {axis_unit}" if unit and axis_unit else "")
    return [(m.integral(values, waveforms.axis), product)]


def _energy(arguments: list[str], waveforms: Waveforms) -> Rows:
    voltage, current = (evaluate(a, waveforms)[0] for a in arguments)
    return [(m.energy(voltage, current, waveforms.time), "J")]


def _resistance(arguments: list[str], waveforms: Waveforms) -> Rows:
    voltage, current = (evaluate(a, waveforms)[0] for a in arguments[:2])
    start, stop = (_level(a, waveforms.axis_unit, "window", waveforms) for a in arguments[2:])
    return [(m.resistance(voltage, current, waveforms.axis, start, stop), "ohm")]


def _delay(arguments: list[str], waveforms: Waveforms) -> Rows:
    values, other = (evaluate(a, waveforms)[0] for a in arguments[:2])
    return [(timing.delay(values, other, waveforms.axis, *arguments[2:]), waveforms.axis_unit)]


_EDGE = ("", "", "value", "value")
_LEVELS = ("value", "value")

#: How each measurement is written, the fewest arguments, and the function that makes its rows.
MEASUREMENTS: dict[str, tuple[str, int, Measurement]] = {
    "crossing": ("crossing(EXPRESSION, LEVEL, rise|fall|both)", 2, _crossing),
    "min": ("min(EXPRESSION)", 1, _of_values(m.minimum)),
    "max": ("max(EXPRESSION)", 1, _of_values(m.maximum)),
    "mean": ("mean(EXPRESSION)", 1, _of_waveform(m.mean)),
    "rms": ("rms(EXPRESSION)", 1, _of_waveform(m.rms)),
    "integral": ("integral(EXPRESSION)", 1, _integral),
    "final": ("final(EXPRESSION)", 1, _of_values(m.final)),
    "at": ("at(EXPRESSION, PLACE)", 2, _at),
    "low_level": ("low_level(EXPRESSION)", 1, _of_waveform(timing.low_level)),
    "high_level": ("high_level(EXPRESSION)", 1, _of_waveform(timing.high_level)),
    "rise_time": ("rise_time(EXPRESSION, LOW, HIGH, BASE, TOP)", 1, _of_waveform(timing.rise_time, "axis", _EDGE)),
    "fall_time": ("fall_time(EXPRESSION, LOW, HIGH, BASE, TOP)", 1, _of_waveform(timing.fall_time, "axis", _EDGE)),
    "slew_rate": ("slew_rate(EXPRESSION, LOW, HIGH, BASE, TOP)", 1, _of_waveform(timing.slew_rate, "slope", _EDGE)),
    "overshoot": ("overshoot(EXPRESSION, BASE, TOP)", 1, _of_waveform(timing.overshoot, "%", _LEVELS)),
    "settling_time": (
        "settling_time(EXPRESSION, TOLERANCE, BASE, TOP)",
        1,
        _of_waveform(timing.settling_time, "axis", ("", *_LEVELS)),
    ),
    "time_to_final": ("time_to_final(EXPRESSION, TOLERANCE)", 1, _of_waveform(m.time_to_final, "axis", ("",))),
    "pulse_width": ("pulse_width(EXPRESSION, LEVEL)", 1, _of_waveform(timing.pulse_width, "axis", ("value",))),
    "delay": ("delay(EXPRESSION, EXPRESSION, rise|fall|both, rise|fall|both)", 2, _delay),
    "period": ("period(EXPRESSION)", 1, _of_waveform(timing.period, "axis")),
    "frequency": ("frequency(EXPRESSION)", 1, _of_waveform(timing.frequency, "rate")),
    "duty_cycle": ("duty_cycle(EXPRESSION)", 1, _of_waveform(timing.duty_cycle, "%")),
    "spike_count": ("spike_count(EXPRESSION, LEVEL)", 1, _of_waveform(timing.spike_count, "", ("value",))),
    "inter_spike_interval": (
        "inter_spike_interval(EXPRESSION, LEVEL)",
        1,
        _of_waveform(timing.inter_spike_interval, "axis", ("value",)),
    ),
    "energy": ("energy(VOLTAGE, CURRENT)", 2, _energy),
    "resistance": ("resistance(VOLTAGE, CURRENT, START, STOP)", 4, _resistance),
}
