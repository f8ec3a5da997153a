"""The types of arrays that the whole package speaks of, and the type of the compiler of the loops over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]  # what numba's loops count with
IndexArray: TypeAlias = NDArray[np.intp]  # what numpy's searches and sorts return
BoolArray: TypeAlias = NDArray[np.bool_]
ComplexArray: TypeAlias = NDArray[np.complex128]
AnyArray: TypeAlias = NDArray[Any]  # real or complex, or numbers that are still to be checked

_Function = TypeVar("_Function", bound=Callable[..., Any])


class LoopCompiler(Protocol):
    """What ``numba.njit(...)`` returns: a decorator whose functions are called as they are written."""

    def __call__(self, function: _Function, /) -> _Function:
        """Return the compiled function."""
        ...
