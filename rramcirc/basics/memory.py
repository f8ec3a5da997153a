"""How much memory a circuit takes, told before it is taken."""

from __future__ import annotations

import os

from rramcirc.basics.errors import ParameterError

USABLE = 0.9  # of the memory; the rest is the system's


def machine_memory() -> float:
    """Return the memory of this machine [bytes]; infinite where it does not say."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (ValueError, OSError, AttributeError):
        return float("inf")


def check_memory(what: str, cells: float, bytes_per_cell: float, seconds_per_cell: float = 0.0) -> None:
    """Raise ParameterError if a circuit does not fit into the memory of this machine.

    Parameters
    ----------
    what
        What is about to be made, with its size.
    cells
        Number of cells or synapses.
    bytes_per_cell
        Measured at 128 x 128 and 256 x 256 [bytes].
    seconds_per_cell
        About [s]; 0 says nothing of time.

    Raises
    ------
    ParameterError
        With the estimate.
    """
    needed, there = cells * bytes_per_cell, machine_memory()
    if needed <= USABLE * there:
        return
    seconds = cells * seconds_per_cell
    time = f" and {_time(seconds)}" if seconds else ""
    raise ParameterError(
        f"{what}: about {_size(needed)} of memory{time}; this machine has {_size(there)}, of which a tenth is the "
        "system's. Choose fewer rows and columns."
    )


def _size(number: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number / 1e6:.3g} MB"


def _time(seconds: float) -> str:
    for unit, size in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds:.2g} s"
