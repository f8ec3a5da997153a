"""Errors of rramcirc: what was given, what is allowed, what to do."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable
from numbers import Number


class RramcircError(Exception):
    """Base of every error that rramcirc raises on purpose.

    ``exit_code`` is the exit status of the command line for this kind of error.
    """

    exit_code = 2


class ParameterError(RramcircError, ValueError):
    """A value, name or record that does not fit what is allowed."""


class NetlistError(RramcircError):
    """A circuit or netlist that cannot be built or must not be run."""


class ModelCompileError(RramcircError):
    """A Verilog-A file that cannot be read or compiled."""


class SimulationError(RramcircError):
    """A simulation that failed, timed out or was killed."""

    exit_code = 1


class WaveformError(RramcircError):
    """A waveform or raw file that cannot be read, or a signal that is not in it."""


class UnknownSignal(WaveformError):
    """A signal that waveforms do not have."""


class NoSuchValue(ParameterError):
    """A place or number of a value that these waveforms do not have; others may."""


class EnvironmentProblem(RramcircError):
    """A program, library or resource of the machine that is missing."""

    exit_code = 3


def cannot_write(what: object, error: OSError) -> RramcircError:
    """Return the error for a file that cannot be written: the machine's if the disk is full, else the user's choice."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EnvironmentProblem(f"{what}: the disk is full. Free some space or choose another folder.")
    return ParameterError(f"{what}: cannot be written ({error.strerror}). Choose another place.")


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return the known names closest to `name`, best first.

    Parameters
    ----------
    name
        The name that was not found.
    known
        All names that would have been accepted.
    count
        At most this many suggestions.

    Examples
    --------
    >>> nearest("gapini", ["gap_ini", "gap_min", "phi_ini"])[0]
    'gap_ini'
    """
    known = list(known)
    by_lower = {k.lower(): k for k in known}
    lowered = name.lower()
    starts = sorted(k for k in by_lower if len(lowered) > 2 and k.startswith(lowered))
    close = difflib.get_close_matches(lowered, by_lower, n=count, cutoff=0.5)
    hits = list(dict.fromkeys(starts + close))[:count]
    return [by_lower[h] for h in hits]


def unknown_name(kind: str, name: str, known: Iterable[str], how_to_list: str = "") -> str:
    """Return one sentence that says a name is unknown and offers the nearest ones.

    Examples
    --------
    >>> unknown_name("card", "hfo2_filamant", ["hfo2_filament", "nmos_select"])
    "unknown card 'hfo2_filamant'. Nearest: hfo2_filament."
    """
    known = sorted(known)
    close = nearest(name, known) if isinstance(name, str) else []
    if close:
        hint = f" Nearest: {', '.join(close)}."
    elif known and len(known) <= 12:
        hint = f" Known: {', '.join(known)}."
    else:
        hint = ""
    listing = f" {how_to_list}" if how_to_list else ""
    return f"unknown {kind} {shown(name)}.{hint}{listing}"


def a_kind(given: object) -> str:
    """Return what something is, with its article, for messages.

    Examples
    --------
    >>> a_kind(3), a_kind("x")
    ('an int', 'a str')
    """
    name = type(given).__name__
    if name == "ndarray":
        return f"an array of shape {getattr(given, 'shape', ())}"
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def shown(given: object, most: int = 60) -> str:
    """Return a value as a message shows it: plain values shortened, of anything else only what it is.

    Examples
    --------
    >>> shown(-2.5), shown("gapp"), shown([1, 2])
    ('-2.5', "'gapp'", '[1, 2]')
    >>> shown(object())
    'an object'
    """
    plain = (str, bytes, bool, Number, type(None))
    if isinstance(given, (*plain, list, tuple, dict, set, frozenset)):
        parts = given.values() if isinstance(given, dict) else given if isinstance(given, (list, tuple)) else ()
        if all(isinstance(part, plain) for part in parts):
            text = repr(given)
            return text if len(text) <= most else f"{text[: most - 3]}..."
    return a_kind(given)
