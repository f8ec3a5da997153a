"""Which option of ngspice makes a run work that failed: tried after the failure, in folders of their own."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rramcirc.basics.errors import RramcircError

#: What is tried, one after the other; the first that works is named. `models check` does the same.
OTHERS: tuple[dict[str, str], ...] = ({"reltol": "1e-5"}, {"sparse": ""}, {"sparse": "", "reltol": "1e-5"})
LONGEST = 20.0  # [s] of a failed run that is worth others
_HELPED = re.compile(
    r"Timestep too small|singular matrix|no operating point|[Nn]o convergence|[Ii]teration limit|not finite|"
    r"reaches |not \(yet\) supported with 'option KLU'"
)


def can_be_helped(problems: Sequence[str]) -> bool:
    """Return whether a failed run failed in its numbers, so that a tolerance or the other solver may help."""
    return any(_HELPED.search(problem) for problem in problems)


def helping_options(again: Callable[[Mapping[str, str], Path], object], given: Mapping[str, str]) -> dict[str, str]:
    """Return the options with which a run works that failed without them; nothing if none does.

    Parameters
    ----------
    again
        Called with the options and a run folder; raises `RramcircError` if that fails, too.
    given
        Options that the failed run had; those that were chosen stay.

    Examples
    --------
    >>> helping_options(lambda options, folder: None, {"reltol": "1e-6"})
    {'sparse': '', 'reltol': '1e-6'}
    """
    tried = [dict(given)]
    for chosen in OTHERS:
        options = {**chosen, **given}
        if options in tried:
            continue
        tried.append(options)
        with tempfile.TemporaryDirectory(prefix="rramcirc-") as folder:
            try:
                again(options, Path(folder) / "run")
            except RramcircError:
                continue
        return options
    return {}


def option_words(option: str) -> str:
    """Return options of ngspice as words of the command line.

    Examples
    --------
    >>> option_words("sparse reltol=1e-5")
    '--option sparse --option reltol=1e-5'
    """
    return " ".join(f"--option {word}" for word in option.split())
