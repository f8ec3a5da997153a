"""Files that a user hands in: read without a way to hang, to run out of memory or to end in a traceback."""

from __future__ import annotations

import tokenize
import tomllib
from pathlib import Path
from typing import Any

from rramcirc.basics.arrays import AnyArray


def parse_toml(text: str) -> dict[str, Any]:
    """Return the tables of a TOML text.

    Raises
    ------
    tomllib.TOMLDecodeError
        If it is none, nests too deeply, or holds a number of more digits than Python reads.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise tomllib.TOMLDecodeError("tables or lists are nested too deeply") from None
    except ValueError:
        raise tomllib.TOMLDecodeError("a number or date is out of range") from None


def load_array(path: Path | str) -> AnyArray:
    """Return the real numbers of a ``.npy`` file; a header that promises more than the file holds takes no memory.

    Raises
    ------
    OSError
        If it cannot be opened.
    ValueError
        If it is no such file; the text says why.
    """
    import numpy as np

    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OverflowError, MemoryError, RecursionError, SyntaxError, TypeError, EOFError, tokenize.TokenError) as error:
        raise ValueError(f"its header cannot be right: {error}") from None
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        raise ValueError("it holds no array of real numbers")
    return np.array(array)
