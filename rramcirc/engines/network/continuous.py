"""Equations (18) to (20) of recurrent back-propagation as one system in time, shown patterns as a circuit shows them.

Every presentation sets v and y back, lets both relax at once, and lets the weights move in a window. The window may be
open all the time: then the weights move while the network relaxes, too.

References
----------
[Zoppo2019]_ Equations (18) to (20).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.bench.presentations import Presentation
from rramcirc.engines.network.backprop import compiled, learn, symmetry_code

STEP = 0.05  # of the integration, in time constants: the error of a presentation is below 1e-7


@dataclass(frozen=True)
class Shown:
    """What a network did in M presentations.

    Attributes
    ----------
    v, y : (M, N) arrays
        Neurons and side network when their time to relax is over.
    weights : (M, N, N) array
        After each presentation [to, from].
    """

    v: FloatArray
    y: FloatArray
    weights: FloatArray


def show(
    weights: ArrayLike, inputs: ArrayLike, targets: ArrayLike, presentation: Presentation, *, learning_rate: float,
    learns: ArrayLike = True, symmetric: bool = False, self_connections: bool = False, step: float = STEP,
) -> Shown:  # fmt: skip
    """Show patterns to a network, one after another, by the Runge-Kutta method of fourth order.

    Parameters
    ----------
    weights : (N, N) array
        At the start [to, from].
    inputs, targets : (M, N) arrays
        I and T of every presentation.
    presentation
        Its parts in time.
    learning_rate
        eta
    learns : (M,) array or bool
        Whether the window opens.
    symmetric
        Whether both weights of a pair move by the mean of their two products.
    self_connections
        Whether a neuron has a synapse to itself.
    step
        Largest step, in time constants.
    """
    given, wanted = np.array(inputs, np.float64), np.array(targets, np.float64)
    start = np.array(weights, np.float64)
    if given.ndim != 2 or given.shape != wanted.shape or start.shape != (given.shape[1],) * 2:
        raise ParameterError(
            f"show: weights of shape {start.shape}, inputs of {given.shape} and targets of {wanted.shape} do not fit."
        )
    mask = np.ones_like(start) if self_connections else 1.0 - np.eye(len(start))
    opens = np.broadcast_to(np.asarray(learns, bool), len(given)).copy()
    spans = np.array([presentation.relax, presentation.window, presentation.guard])
    counts = np.array([max(1, int(np.ceil(span / step))) if span > 0 else 0 for span in spans])
    v, y = np.empty_like(given), np.empty_like(given)
    kept = np.empty((len(given), *start.shape))
    code = symmetry_code("mean" if symmetric else "free")
    _show(
        start * mask, mask, given, wanted, opens, spans, counts, presentation.always, presentation.level,
        learning_rate, code, v, y, kept,
    )  # fmt: skip
    return Shown(v, y, kept)


@compiled
def _slopes(
    weights: FloatArray, v: FloatArray, y: FloatArray, given: FloatArray, wanted: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return dv/dt and dy/dt of (18) and (19)."""
    level = np.tanh(np.dot(weights, v) + given)
    return level - v, (1.0 - level * level) * (np.dot(y, weights) + wanted - v) - y


@compiled
def _show(
    weights: FloatArray, mask: FloatArray, inputs: FloatArray, targets: FloatArray, opens: np.ndarray,
    spans: FloatArray, counts: np.ndarray, always: bool, level: float, rate: float, symmetry: int, v_out: FloatArray,
    y_out: FloatArray, kept: FloatArray,
) -> None:  # fmt: skip
    """Show all patterns; parts of a presentation: relaxation, window, guard."""
    count = weights.shape[0]
    v, y = np.empty(count), np.empty(count)
    for p in range(inputs.shape[0]):
        v[:], y[:] = level, level
        for part in range(3):
            moving = opens[p] and (part == 1 or (always and part == 0))
            h = spans[part] / max(1, counts[part])
            for _ in range(counts[part]):
                _step(weights, mask, v, y, inputs[p], targets[p], h, rate if moving else 0.0, symmetry)
            if part == 0:
                v_out[p], y_out[p] = v, y
        kept[p] = weights


@compiled
def _step(
    weights: FloatArray, mask: FloatArray, v: FloatArray, y: FloatArray, given: FloatArray, wanted: FloatArray,
    h: float, rate: float, symmetry: int,
) -> None:  # fmt: skip
    """Take one Runge-Kutta step in place; without rate the weights rest."""
    v1, y1 = _slopes(weights, v, y, given, wanted)
    va, ya = v + 0.5 * h * v1, y + 0.5 * h * y1
    w2 = weights
    if rate:
        w2 = weights.copy()
        learn(w2, mask, v, y, 0.5 * h * rate, symmetry)
    v2, y2 = _slopes(w2, va, ya, given, wanted)
    vb, yb = v + 0.5 * h * v2, y + 0.5 * h * y2
    w3 = weights
    if rate:
        w3 = weights.copy()
        learn(w3, mask, va, ya, 0.5 * h * rate, symmetry)
    v3, y3 = _slopes(w3, vb, yb, given, wanted)
    vc, yc = v + h * v3, y + h * y3
    w4 = weights
    if rate:
        w4 = weights.copy()
        learn(w4, mask, vb, yb, h * rate, symmetry)
    v4, y4 = _slopes(w4, vc, yc, given, wanted)
    if rate:
        learn(weights, mask, v, y, h / 6.0 * rate, symmetry)
        learn(weights, mask, va, ya, h / 3.0 * rate, symmetry)
        learn(weights, mask, vb, yb, h / 3.0 * rate, symmetry)
        learn(weights, mask, vc, yc, h / 6.0 * rate, symmetry)
    v += h / 6.0 * (v1 + 2.0 * v2 + 2.0 * v3 + v4)
    y += h / 6.0 * (y1 + 2.0 * y2 + 2.0 * y3 + y4)
