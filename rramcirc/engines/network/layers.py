r"""Layers of spiking neurons without memory that learn locally, with pairs of devices as weights.

In one time step layer l takes the spikes S of the layer before and gives its own,

.. math:: U = (G^+ - G^-) S, \qquad S' = \Theta(U)

A fixed random matrix J reads the class from the spikes of each layer. The gradient of its loss passes through a box in
place of the derivative of the step, and stays in the layer.

References
----------
[Fouda2020]_ Section II, Eqs. 1 to 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rramcirc.basics.arrays import BoolArray, FloatArray, IntArray
from rramcirc.basics.errors import ParameterError, shown
from rramcirc.basics.fields import choice, number, other, record, whole
from rramcirc.engines.network.layer_devices import DeviceSpread, Float32Array, PulsedDevice, draw_pool
from rramcirc.engines.network.layer_writing import Pairs

SLOW = 0.95  # how much of the running mean square of the potential stays per batch


@record
class LayerNetwork:
    """Fully connected layers with local classifiers; the numbers without a source are chosen."""

    inputs: int = whole("input lines", low=1)
    sizes: tuple[int, ...] = other("neurons of each layer", default=(500, 500, 250))
    classes: int = whole("classes", default=10, low=2)
    loss: Literal["cross-entropy", "mean-square"] = choice("of the local classifiers", default="cross-entropy")
    box: float = number("half width of the box, over the RMS potential of the layer", default=0.5, above=0.0)
    classifier: float = number("entries of J are uniform up to this over sqrt(neurons)", default=4.0, above=0.0)
    start: float = number("mean conductance at the start, over the largest", default=0.136, above=0.0, high=1.0)

    def _check(self) -> None:
        sizes = self.sizes
        good = isinstance(sizes, (tuple, list)) and sizes and all(isinstance(n, int) and n > 0 for n in sizes)
        if not good:
            raise ParameterError(f"LayerNetwork.sizes: {shown(sizes)} is no list of numbers of neurons.")
        object.__setattr__(self, "sizes", tuple(sizes))


@dataclass
class Layer:
    """One layer: pairs of devices, the classifier and the running RMS potential."""

    pairs: Pairs
    shape: tuple[int, int]
    classifier: Float32Array
    square: float = 0.0

    @property
    def weights(self) -> Float32Array:
        """(inputs, neurons) view of the weights."""
        return self.pairs.weights.reshape(self.shape)

    def conductances(self) -> tuple[Float32Array, Float32Array]:
        """Return (inputs, neurons) views of G+ and G- in units of the largest conductance."""
        return self.pairs.plus.conductance.reshape(self.shape), self.pairs.minus.conductance.reshape(self.shape)

    def potentials(self, spikes: Float32Array, rng: np.random.Generator | None = None) -> Float32Array:
        """Return U of (count, inputs) spikes; with `rng` and read noise every device is read with its own error."""
        potentials = spikes @ self.weights
        noise = self.pairs.spread.read
        if rng is not None and noise > 0:
            plus, minus = self.conductances()
            variance = spikes @ (plus * plus + minus * minus)
            potentials += noise * np.sqrt(variance) * rng.standard_normal(potentials.shape, np.float32)
        return np.asarray(potentials)


def draw_layers(network: LayerNetwork, device: PulsedDevice, spread: DeviceSpread, seed: int) -> list[Layer]:
    """Return the layers at the start: weights uniform up to 1/sqrt(inputs), shared by both devices of a pair.

    Weights and classifiers depend on the seed only, so that rules and devices can be compared from the same start.
    """
    layers, inputs = [], network.inputs
    for k, neurons in enumerate(network.sizes):
        common, devices = np.random.default_rng([seed, 1, k]), np.random.default_rng([seed, 2, k])
        weights = common.uniform(-1.0, 1.0, inputs * neurons) / np.sqrt(inputs)
        reading = common.uniform(-1.0, 1.0, (neurons, network.classes)) * network.classifier / np.sqrt(neurons)
        plus, minus = (draw_pool(device, spread, network.start + sign * weights / 2, devices) for sign in (1, -1))
        pairs = Pairs.of_pools(device, spread, plus, minus)
        layers.append(Layer(pairs, (inputs, neurons), reading.astype(np.float32)))
        inputs = neurons
    return layers


def local_gradient(
    network: LayerNetwork, layer: Layer, spikes: Float32Array, labels: IntArray, rng: np.random.Generator | None = None
) -> tuple[Float32Array, Float32Array, float]:
    """Return the gradient of the mean local loss, the layer's own spikes, and the share of potentials in the box.

    Parameters
    ----------
    spikes : (count, inputs) array
        0 or 1.
    labels : (count,) array

    Returns
    -------
    gradient : (inputs, neurons) array
        By the weights, in units of the largest conductance.
    spikes : (count, neurons) array
    inside : float
    """
    potentials = layer.potentials(spikes, rng)
    fired = (potentials > 0).astype(np.float32)
    error = class_error(network, fired @ layer.classifier, labels)
    mean = float(np.dot(potentials.ravel(), potentials.ravel())) / potentials.size
    layer.square = mean if layer.square == 0 else SLOW * layer.square + (1 - SLOW) * mean
    inside: BoolArray = np.abs(potentials) < np.float32(network.box * np.sqrt(layer.square))
    local = (error @ layer.classifier.T) * inside
    local *= np.float32(1.0 / len(spikes))
    return np.asarray(spikes.T @ local), fired, float(inside.mean())


def class_error(network: LayerNetwork, scores: Float32Array, labels: IntArray) -> Float32Array:
    """Return the derivative of the loss by the scores J S: softmax or the scores themselves, less the label."""
    if network.loss == "cross-entropy":
        error = np.exp(scores - scores.max(axis=1, keepdims=True))
        error /= error.sum(axis=1, keepdims=True)
    else:
        error = scores.copy()
    error[np.arange(len(labels)), labels] -= 1.0
    return np.asarray(error)


def layer_accuracy(
    layers: list[Layer], spikes: BoolArray, labels: IntArray, *, rng: np.random.Generator | None = None,
    block: int = 2500,
) -> FloatArray:  # fmt: skip
    """Return the share of images that the classifier of each layer gets right."""
    right = np.zeros(len(layers))
    for first in range(0, len(spikes), block):
        active = spikes[first : first + block].astype(np.float32)
        wanted = labels[first : first + block]
        for k, layer in enumerate(layers):
            active = (layer.potentials(active, rng) > 0).astype(np.float32)
            right[k] += np.count_nonzero((active @ layer.classifier).argmax(axis=1) == wanted)
    return right / len(spikes)
