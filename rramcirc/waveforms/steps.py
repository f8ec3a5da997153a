"""Steps of a stepped analysis: where one begins, and which values it has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from rramcirc.basics.arrays import AnyArray, FloatArray

Step = Mapping[str, str]
_STEP_LINE = re.compile(r"^(?:\d+ of \d+ steps:\s*)?\.step\s+(.*)$", re.IGNORECASE | re.MULTILINE)
_ASSIGNMENT = re.compile(r"(?<![^\s=])([^\s=]++)\s*+=\s*+([^\s=]++)")
_OF_XYCE = re.compile(r"(?:Step Analysis|DC Sweep): Step (\d+) of \d+ params:((?:\s*name = \S+ value = \S+)*)\s*")
_VALUE_OF_XYCE = re.compile(r"name = (\S+) value = (\S+)")


def step_starts(axis: FloatArray) -> list[int]:
    """Return the points at which a stepped analysis starts again.

    It does so where the axis comes back to its first value, or turns back: time and frequency only rise, and a swept
    source goes on in the direction of its first step.

    Examples
    --------
    >>> step_starts(np.array([0.0, 1.0, 2.0, 0.0, 0.5, 2.0]))
    [0, 3]
    """
    if not len(axis):
        return []
    again = axis[1:] == axis[0]
    if len(axis) > 1 and not again.any():
        up, down = axis[1:] > axis[:-1], axis[1:] < axis[:-1]  # no differences: any numbers may stand in a file
        first = np.flatnonzero(up | down)[:1]
        again = (down if up[first].all() else up) if first.size else again
    return [0, *(np.flatnonzero(again) + 1).tolist()]


def time_starts(time: FloatArray) -> list[int]:
    """Return the points at which the time goes back."""
    return [0, *(np.flatnonzero(time[1:] < time[:-1]) + 1).tolist()] if len(time) else []


def without_doubled_starts(data: AnyArray, steps: int) -> AnyArray:
    """Return the points of a stepped analysis, each step's first one once: LTspice IV writes it twice.

    Parameters
    ----------
    data : (n_points, n_names) array
        Values, the axis first.
    steps
        Number of steps by the log, 0 if there is none; if the axis starts as often, nothing is taken away.
    """
    if len(data) < 2 or len(step_starts(data[:, 0].real)) == steps:
        return data
    doubled = np.all(data[1:] == data[:-1], axis=1) & (data[1:, 0] == data[0, 0])
    return data[np.r_[~doubled, True]] if doubled.any() else data


def log_steps(raw: Path) -> list[dict[str, str]]:
    """Return name and value, as they are written, of what is stepped, for each step in the log beside a raw file.

    The log of ``a.raw`` or ``a.op.raw`` is ``a.log``, in UTF-8, UTF-16 or Latin-1; empty if there is none.
    """
    for log in dict.fromkeys((raw.with_suffix(".log"), raw.with_name(f"{raw.name.partition('.op.')[0]}.log"))):
        try:
            text = _decoded(log.read_bytes())
        except OSError:
            continue
        return [dict(_ASSIGNMENT.findall(line)) for line in _STEP_LINE.findall(text)]
    return []


def _decoded(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    zeros = content[:200].count(b"\0")
    if zeros > len(content[:200]) // 4:
        return content.decode("utf-16-be" if content[:1] == b"\0" else "utf-16-le", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def step_name(number: int, values: Step) -> str:
    """Return ``(step 2: r1=1k, temp=27)`` for the end of a plot's name."""
    told = ", ".join(f"{name}={value}" for name, value in values.items())
    return f"(step {number}: {told})" if told else f"(step {number})"


def split_xyce_name(plotname: str) -> tuple[str, str, Sequence[str]]:
    """Return the kind of analysis, the step, and what a DC sweep sweeps, from a plot's name as Xyce writes it.

    Examples
    --------
    >>> split_xyce_name("Step Analysis: Step 1 of 2 params:  name = TEMP value = 25  Transient Analysis")
    ('Transient Analysis', '(step 1: TEMP=25)', [])
    >>> split_xyce_name("DC Sweep: Step 2 of 6 params:  name = V1 value = 0  DC transfer characteristic")
    ('DC transfer characteristic', '', ['V1'])
    """
    step, swept, rest = "", [], plotname
    while match := _OF_XYCE.match(rest):
        values = dict(_VALUE_OF_XYCE.findall(match[2]))
        if match[0].startswith("DC"):
            swept = list(values)
        else:
            step = step_name(int(match[1]), values)
        rest = rest[match.end() :]
    return rest.strip(), step, swept
