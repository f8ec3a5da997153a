"""The result of evaluating many devices at once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rramcirc.basics.arrays import FloatArray

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

    resistive: FloatArray
    reactive: FloatArray | None = None
    resistive_jacobian: FloatArray | None = None
    reactive_jacobian: FloatArray | None = None
    op_variables: dict[str, FloatArray] = field(default_factory=dict)

    def rows(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return views with one row per device of the four arrays; empty for what is not there."""
        jacobians = (_flat(self.resistive_jacobian), _flat(self.reactive_jacobian))
        return _flat(self.resistive), _flat(self.reactive), *jacobians


def wanted(array: FloatArray | None) -> FloatArray:
    """Return an array of an evaluation in which it was asked for."""
    assert array is not None
    return array


def new_evaluation(count: int, n: int, jacobian: bool, reactive: bool, old: Evaluation | None) -> Evaluation:
    """Return an evaluation to be filled, with the arrays of an old one where they fit."""
    old = old or Evaluation(_NOTHING)
    return Evaluation(
        _array(old.resistive, (count, n)),
        _array(old.reactive, (count, n)) if reactive else None,
        _array(old.resistive_jacobian, (count, n, n)) if jacobian else None,
        _array(old.reactive_jacobian, (count, n, n)) if jacobian and reactive else None,
    )


def _flat(array: FloatArray | None) -> FloatArray:
    return _NOTHING if array is None else array.reshape(len(array), -1)


def _array(old: FloatArray | None, shape: tuple[int, ...]) -> FloatArray:
    """Return `old` if it can be written in place, else a new array."""
    if isinstance(old, np.ndarray) and old.shape == shape and old.dtype == np.float64 and old.flags.carray:
        return old
    return np.empty(shape)
