"""Every POST learns one image by stochastic STDP; a readout of all of them classifies.   [Pedretti2018, Sec. V]

The paper does not say which POST learns which image, nor how the third layer is trained. Here (assumed): POST k learns
the k-th training image alone, by the rule of `monte_carlo`. A POST's score for an image is the conductance of the
synapses that spike minus half of its total conductance (without that, the sparsest POST wins always). The `TOP` POSTs
of highest score fire. Weights of the third layer are the shares of each digit among the validation images for which a
POST fired; a classification neuron fires if the mean weight of the POSTs that fire is above a threshold, which is
chosen on other validation images.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.arrays import BoolArray, FloatArray, IntArray
from rramcirc.papers.pedretti2018.monte_carlo import rule_numbers, run_trial, starting_conductances
from rramcirc.papers.pedretti2018.setup import Learning

TOP = 10  # POSTs that fire for an image
AT_ONCE = 500  # images that are scored at once
CLASSES = 10
THRESHOLDS = np.linspace(0.05, 0.95, 91)
Float32Array = NDArray[np.float32]


@dataclass(frozen=True)
class Classified:
    """What classification neurons did with the test images.

    Attributes
    ----------
    fires : (CLASSES, CLASSES) array
        Test images of digit d for which neuron c fired.
    images : (CLASSES,) array
        Test images of each digit.
    right
        Test images for which the neuron of the digit had the largest input.
    threshold
        Of the neurons [1].
    """

    fires: IntArray
    images: IntArray
    right: int
    threshold: float


def learnt_weights(
    setting: Learning, images: BoolArray, noise: FloatArray, seed: int, threads: int = 2, epochs: int | None = None
) -> Float32Array:
    """Return the conductances of POSTs that have learnt one image each, (images, pixels) [S].

    Parameters
    ----------
    noise : (images,) array
        Density of noise while each is learnt [1].
    epochs
        Of the learning; 0 gives the conductances before it.
    """
    found = np.empty(images.shape, np.float32)
    count = setting.epochs if epochs is None else epochs

    def learn(k: int) -> None:
        rng = np.random.default_rng([seed, k])
        g = starting_conductances(setting, rng, images.shape[1])
        pattern = np.flatnonzero(images[k])
        own = replace(setting, noise=float(noise[k]))
        kinds, fired = np.empty(count, np.int64), np.empty(count, bool)
        numbers = rule_numbers(own, pattern.size)
        run_trial(pattern, numbers, rng, count, setting.strict, g, kinds, fired, np.empty((0, 2)))
        found[k] = g

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(learn, range(len(images))))
    return found


def template_weights(setting: Learning, images: BoolArray) -> Float32Array:
    """Return the conductances of perfect copies of the images [S]."""
    return np.where(images, np.float32(setting.lrs), np.float32(setting.hrs))


def efficiency(setting: Learning, weights: Float32Array, images: BoolArray) -> tuple[int, int]:
    """Return how many synapses are on their side of the geometric mean of LRS and HRS, of how many."""
    high = weights > np.sqrt(setting.lrs * setting.hrs)
    return int((high == images).sum()), images.size


def winners(weights: Float32Array, images: BoolArray) -> IntArray:
    """Return the POSTs that fire for each image, (images, TOP)."""
    half = 0.5 * weights.sum(axis=1)
    count = min(TOP, len(weights))
    found = np.empty((len(images), count), np.int64)
    for k in range(0, len(images), AT_ONCE):
        scores = images[k : k + AT_ONCE].astype(np.float32) @ weights.T - half
        found[k : k + AT_ONCE] = np.argpartition(scores, -count, axis=1)[:, -count:]
    return found


def third_layer(fired: IntArray, labels: IntArray, posts: int, own: IntArray | None = None) -> FloatArray:
    """Return the weights of the third layer, (posts, CLASSES): shares of digits among images for which a POST fired.

    The label of the image that a POST has learnt (`own`) counts as one image more.
    """
    counts = np.zeros((posts, CLASSES))
    np.add.at(counts, (fired, labels[:, None]), 1.0)
    if own is not None:
        counts[np.arange(posts), own] += 1.0
    found: FloatArray = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    return found


def classify(
    layer: FloatArray, chosen: tuple[IntArray, IntArray], tested: tuple[IntArray, IntArray]
) -> Classified:  # fmt: skip
    """Return what the neurons do with test images.

    Parameters
    ----------
    layer
        Weights, see `third_layer`.
    chosen, tested
        (POSTs that fire, labels) of the images that choose the threshold, and of the test images.
    """
    inputs = layer[chosen[0]].mean(axis=1)
    return thresholded(inputs, chosen[1], layer[tested[0]].mean(axis=1), tested[1])


def thresholded(
    chosen: FloatArray, chosen_labels: IntArray, tested: FloatArray, tested_labels: IntArray
) -> Classified:  # fmt: skip
    """Return what neurons with inputs (images, CLASSES) do, with the threshold of most true minus false fires."""
    own = np.eye(CLASSES, dtype=bool)[chosen_labels]
    gains = [(chosen[own] > t).mean() - (chosen[~own] > t).mean() for t in THRESHOLDS]
    threshold = float(THRESHOLDS[int(np.argmax(gains))])
    fires = np.zeros((CLASSES, CLASSES), np.int64)
    np.add.at(fires, tested_labels, (tested > threshold).astype(np.int64))
    right = int((tested.argmax(axis=1) == tested_labels).sum())
    return Classified(fires, np.bincount(tested_labels, minlength=CLASSES), right, threshold)
