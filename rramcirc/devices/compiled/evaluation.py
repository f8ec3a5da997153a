"""The result of evaluating many devices at once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_NOTHING = np.empty((0, 0))


@dataclass
class Evaluation:
    """What one evaluation of N devices gave; n is the number of nodes, and what was not asked for is ``None``.

    Attributes
    ----------
    resistive : (N, n) array
        Current into the device at each node [A]; at a state node minus the rate of the state [its unit per second].
    reactive : (N, n) array
        Charge at each node [C], of which the time derivative adds to the current.
    resistive_jacobian : (N, n, n) array
        Derivative of `resistive` [row] by the node voltages [column] [S].
    reactive_jacobian : (N, n, n) array
        Derivative of `reactive` [row] by the node voltages [column] [F].
    op_variables : dict of (N,) arrays
        The op-variables that were asked for, in their units.
    """

    resistive: NDArray[np.float64]
    reactive: NDArray[np.float64] | None = None
    resistive_jacobian: NDArray[np.float64] | None = None
    reactive_jacobian: NDArray[np.float64] | None = None
    op_variables: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def rows(self) -> tuple[NDArray[np.float64], ...]:
        """Return views with one row per device of the four arrays; empty for what is not there."""
        arrays = (self.resistive, self.reactive, self.resistive_jacobian, self.reactive_jacobian)
        return tuple(_NOTHING if array is None else array.reshape(len(array), -1) for array in arrays)


def new_evaluation(count: int, n: int, jacobian: bool, reactive: bool, old: Evaluation | None) -> Evaluation:
    """Return an evaluation to be filled, with the arrays of an old one where they fit."""
    old = old or Evaluation(_NOTHING)
    return Evaluation(
        _array(old.resistive, (count, n)),
        _array(old.reactive, (count, n)) if reactive else None,
        _array(old.resistive_jacobian, (count, n, n)) if jacobian else None,
        _array(old.reactive_jacobian, (count, n, n)) if jacobian and reactive else None,
    )


def _array(old: NDArray[np.float64] | None, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return `old` if it can be written in place, else a new array."""
    if isinstance(old, np.ndarray) and old.shape == shape and old.dtype == np.float64 and old.flags.carray:
        return old
    return np.empty(shape)
