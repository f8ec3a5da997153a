"""The two learning rules that the paper compares with: Hebb's and Storkey's, and recall of a Hopfield network.

References
----------
[Storkey1997]_; [Zoppo2019]_ Table I.
"""

from __future__ import annotations

import numpy as np

from rramcirc.basics.arrays import FloatArray


def hebbian_weights(patterns: FloatArray) -> FloatArray:
    """Return (N, N) weights of the Hebbian rule: mean over (P, N) patterns of -1 and 1, over N, without diagonal."""
    weights: FloatArray = patterns.T @ patterns / patterns.shape[1]
    np.fill_diagonal(weights, 0.0)
    return weights


def storkey_weights(patterns: FloatArray) -> FloatArray:
    """Return (N, N) weights of Storkey's incremental rule, pattern after pattern, without diagonal.

    w_ij += (x_i x_j - x_i h_ji - h_ij x_j) / N with h_ij = sum over k other than i, j of w_ik x_k.
    """
    count = patterns.shape[1]
    weights = np.zeros((count, count))
    for x in patterns:
        field = weights @ x
        local = field[:, None] - np.diag(weights)[:, None] * x[:, None] - weights * x[None, :]
        weights = weights + (np.outer(x, x) - x[:, None] * local.T - local * x[None, :]) / count
        np.fill_diagonal(weights, 0.0)
    return weights


def recalled(weights: FloatArray, states: FloatArray, most: int = 50) -> FloatArray:
    """Return where a Hopfield network of signs ends from (M, N) states, all neurons at once, at most `most` steps.

    A sum of 0 keeps its neuron.
    """
    now = states.copy()
    for _ in range(most):
        field = now @ weights.T
        after = np.where(field == 0, now, np.sign(field))
        if np.array_equal(after, now):
            break
        now = after
    return now
