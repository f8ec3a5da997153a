"""Numbers and lines as ngspice reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

LINE_LENGTH = 100


def number(value: float | str) -> str:
    """Return a number with all its digits (ngspice reads decimals back to 1 or 2 units in the last place)."""
    if isinstance(value, str):
        return value
    value = float(value)
    if value.is_integer() and abs(value) < 1e5:
        return str(int(value))
    if abs(value) < 1e5:
        return repr(value)
    return np.format_float_scientific(value, trim="-", exp_digits=1).replace("+", "")


def wrap(words: Sequence[str]) -> Iterator[str]:
    """Join words into lines of readable length, continued with ``+``."""
    line = words[0]
    for word in words[1:]:
        if len(line) + 1 + len(word) > LINE_LENGTH:
            yield line
            line = f"+ {word}"
        else:
            line = f"{line} {word}"
    yield line
