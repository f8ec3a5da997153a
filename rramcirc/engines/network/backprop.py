"""Recurrent networks that learn by recurrent back-propagation: the equations, without a circuit.

The states v of the neurons and y of the side network, with input I and target T, in units of the time constant::

    dv_i/dt = -v_i + tanh(sum_j w_ij v_j + I_i)                                     (18)
    dy_k/dt = -y_k + (1 - tanh^2(...)) (sum_i w_ik y_i + T_k - v_k)                 (19)
    dw_ij/dt = eta y_i v_j                                                          (20)

Staged, as the paper trains: v relaxes to its fixed point, then y, then the weights take one step of eta x span. All at
once, as a circuit does it: one system, in which the weights move in a window after the relaxation.

References
----------
[Zoppo2019]_ Equations (18) to (20), Section IV.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Literal, TypeAlias, get_args

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from rramcirc.basics.arrays import FloatArray, LoopCompiler
from rramcirc.basics.errors import ParameterError, shown, unknown_name
from rramcirc.basics.fields import choice, flag, number, record, whole

compiled: LoopCompiler = numba.njit(cache=True, nogil=True)
Singles: TypeAlias = NDArray[np.float32]
Symmetry = Literal["mean", "sum", "free"]
SYMMETRIES: tuple[str, ...] = get_args(Symmetry)
_ROWS = 500  # patterns that relax together: their states fit into the cache


@record
class RecurrentTraining:
    """How a recurrent network is trained; times in units of the time constant of a neuron."""

    learning_rate: float = number("eta", default=0.01, above=0.0)
    epochs: int = whole("number of times that all patterns are shown, in order", default=300, low=0)
    start: float = number("v and y when a pattern is shown", default=0.5)
    relax: float = number("time that v has to relax", default=50.0, above=0.0)
    relax_side: float = number("time that y has to relax", default=20.0, above=0.0)
    span: float = number("time for which the weights move", default=3.0, above=0.0)
    step: float = number("time step of the relaxation", default=0.5, above=0.0, high=1.0)
    tolerance: float = number("largest change of a state per unit of time at rest", default=1e-4, above=0.0)
    symmetry: Symmetry = choice("both updates of a pair get their mean or sum, or each its own (free)", default="mean")
    self_connections: bool = flag("whether a neuron has a synapse to itself", default=False)
    cut: int = whole("number K of outer diagonals of the weights, on either side, that are not there", default=0, low=0)

    def mask(self, neurons: int) -> FloatArray:
        """Return (N, N) ones where a synapse is, zeros where none is."""
        distance = np.abs(np.subtract.outer(np.arange(neurons), np.arange(neurons)))
        there = (distance < neurons - self.cut) & ((distance > 0) | self.self_connections)
        return there.astype(np.float64)


def random_weights(neurons: int, seed: int, bound: float = 0.1) -> FloatArray:
    """Return symmetric (N, N) weights, uniform between -bound and bound.   [Zoppo2019, Section IV]"""
    drawn = np.random.default_rng([seed, 11]).uniform(-bound, bound, (neurons, neurons))
    lower = np.tril(drawn)
    weights: FloatArray = lower + np.tril(drawn, -1).T
    return weights


def train(
    patterns: ArrayLike, training: RecurrentTraining, weights: ArrayLike, *, inputs: ArrayLike | None = None
) -> FloatArray:
    """Return the weights that a network learns, stage by stage.

    Parameters
    ----------
    patterns : (P, N) array
        Targets T, values of -1 and 1.
    training
        How.
    weights : (N, N) array
        At the start [to, from]; where no synapse is they count as 0.
    inputs : (P, N) array
        Inputs I; default the patterns.

    Raises
    ------
    ParameterError
        If shapes do not fit, or the weights grow without bound.

    Examples
    --------
    >>> patterns = [[1, -1, 1, -1], [1, 1, -1, -1]]
    >>> learnt = train(patterns, RecurrentTraining(epochs=50), random_weights(4, seed=1))
    >>> np.sign(fixed_points(learnt, patterns)).astype(int).tolist()
    [[1, -1, 1, -1], [1, 1, -1, -1]]
    """
    targets, start = _patterns("train: patterns", patterns), np.array(weights, np.float64)
    given = targets if inputs is None else _patterns("train: inputs", inputs)
    neurons = targets.shape[1]
    if start.shape != (neurons, neurons) or given.shape != targets.shape:
        raise ParameterError(
            f"train: weights of shape {start.shape} and inputs of {given.shape} do not fit patterns of {targets.shape}."
        )
    if training.cut >= neurons:
        raise ParameterError(
            f"RecurrentTraining.cut: {training.cut} diagonals cannot be cut from {neurons}; cut fewer."
        )
    mask = training.mask(neurons)
    start *= mask
    steps = (round(training.relax / training.step), round(training.relax_side / training.step))
    _train(
        start, mask, given, targets, training.learning_rate * training.span, training.epochs, training.start, steps,
        training.step, training.tolerance, SYMMETRIES.index(training.symmetry),
    )  # fmt: skip
    if not np.isfinite(start).all() or np.abs(start).max() > 1e3:
        raise ParameterError(
            f"train: the weights grow without bound at eta x span = {training.learning_rate * training.span:g} with "
            f"{neurons} neurons. Choose a smaller learning_rate."
        )
    return start


def fixed_points(
    weights: ArrayLike, inputs: ArrayLike, *, start: float = 0.5, relax: float = 50.0, step: float = 0.5,
    tolerance: float = 1e-4, threads: int = 1,
) -> FloatArray:  # fmt: skip
    """Return the states v to which a network relaxes, one row per input.

    Computed in single precision: a state is good to about 1e-6. The result does not depend on `threads`.

    Parameters
    ----------
    weights : (N, N) array
        [to, from]
    inputs : (M, N) array
        I of every run.
    start
        v at the start.
    relax, step
        Time and time step, in time constants.
    tolerance
        A row is at rest when no state changes faster.
    threads
        How many work at once.
    """
    given = np.ascontiguousarray(inputs, np.float32)
    turned = np.ascontiguousarray(np.asarray(weights).T, np.float32)
    states = np.full(given.shape, start, np.float32)
    parts = [slice(k, k + _ROWS) for k in range(0, len(given), _ROWS)]

    def settle(part: slice) -> None:
        states[part] = _settled_rows(turned, given[part], states[part], round(relax / step), step, tolerance)

    if threads == 1:
        for part in parts:
            settle(part)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(settle, parts))
    return states.astype(np.float64)


def gradient(weights: ArrayLike, inputs: ArrayLike, targets: ArrayLike, *, relax: float = 400.0) -> FloatArray:
    """Return -dE/dw = y v^T of E = 1/2 sum (T - v)^2, from the fixed points of (18) and (19), (N, N).

    Parameters
    ----------
    weights : (N, N) array
        [to, from]
    inputs, targets : (N,) arrays
        I and T.
    relax
        Time that each network has to relax, in time constants.
    """
    v, y = resting(weights, inputs, targets, relax=relax)
    return np.outer(y, v)


def resting(
    weights: ArrayLike, inputs: ArrayLike, targets: ArrayLike, *, relax: float = 400.0
) -> tuple[FloatArray, FloatArray]:
    """Return the fixed points (v, y) of (18) and (19), in double precision, (N,) each; see `gradient`."""
    matrix = np.array(weights, np.float64)
    given, wanted = np.array(inputs, np.float64), np.array(targets, np.float64)
    v, y = np.full(given.size, 0.5), np.full(given.size, 0.5)
    _settle(matrix, given, v, round(4 * relax), 0.25, 1e-14)
    slope = 1.0 - np.tanh(matrix @ v + given) ** 2
    _settle_side(matrix, slope, wanted - v, y, round(4 * relax), 0.25, 1e-14)
    return v, y


def _patterns(name: str, patterns: ArrayLike) -> FloatArray:
    found = np.asarray(patterns, np.float64)
    if found.ndim != 2 or not found.size or not np.isfinite(found).all():
        raise ParameterError(f"{name}: {shown(patterns)} is no (patterns, neurons) array of finite numbers.")
    return np.ascontiguousarray(found)


def symmetry_code(name: str) -> int:
    """Return the number of a kind of symmetry, for compiled loops."""
    if name not in SYMMETRIES:
        raise ParameterError(unknown_name("symmetry", name, SYMMETRIES))
    return SYMMETRIES.index(name)


def _settled_rows(
    turned: Singles, inputs: Singles, states: Singles, steps: int, step: float, tolerance: float
) -> Singles:
    """Return the states of all rows at rest; rows that are there leave the computation."""
    found, moving = states.copy(), np.arange(len(states))
    v, given = states.copy(), inputs
    for _ in range(steps):
        change = np.tanh(v @ turned + given) - v
        v += np.float32(step) * change
        busy = np.abs(change).max(axis=1) >= tolerance
        if not busy.all():
            found[moving[~busy]] = v[~busy]
            moving, v, given = moving[busy], v[busy], given[busy]
            if not moving.size:
                return found
    found[moving] = v
    return found


# Compiled loops ------------------------------------------------------------------------------------------------------


@compiled
def _settle(weights: FloatArray, inputs: FloatArray, v: FloatArray, steps: int, step: float, tolerance: float) -> None:
    """Relax (18) in place."""
    for _ in range(steps):
        change = np.tanh(np.dot(weights, v) + inputs) - v
        v += step * change
        if np.abs(change).max() < tolerance:
            return


@compiled
def _settle_side(
    weights: FloatArray, slope: FloatArray, error: FloatArray, y: FloatArray, steps: int, step: float, tolerance: float
) -> None:
    """Relax (19) in place, v at rest: `slope` is 1 - tanh^2, `error` T - v."""
    for _ in range(steps):
        change = slope * (np.dot(y, weights) + error) - y
        y += step * change
        if np.abs(change).max() < tolerance:
            return


@compiled
def _train(
    weights: FloatArray, mask: FloatArray, inputs: FloatArray, targets: FloatArray, rate: float, epochs: int,
    start: float, steps: tuple[int, int], step: float, tolerance: float, symmetry: int,
) -> None:  # fmt: skip
    """Train in place, pattern after pattern."""
    count = weights.shape[0]
    for _ in range(epochs):
        for p in range(targets.shape[0]):
            v, y = np.full(count, start), np.full(count, start)
            _settle(weights, inputs[p], v, steps[0], step, tolerance)
            slope = 1.0 - np.tanh(np.dot(weights, v) + inputs[p]) ** 2
            _settle_side(weights, slope, targets[p] - v, y, steps[1], step, tolerance)
            if not np.isfinite(y).all():
                weights[:] = np.nan
                return
            learn(weights, mask, v, y, rate, symmetry)


@compiled
def learn(weights: FloatArray, mask: FloatArray, v: FloatArray, y: FloatArray, rate: float, symmetry: int) -> None:
    """Move the weights by (20) for a time: `rate` is eta times that time; symmetry: 0 mean, 1 sum, 2 free."""
    for i in range(v.size):
        for j in range(v.size):
            change = y[i] * v[j]
            if symmetry < 2:
                change += y[j] * v[i]
                if symmetry == 0:
                    change *= 0.5
            weights[i, j] += rate * change * mask[i, j]
