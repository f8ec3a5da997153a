"""Training of layers on images, epoch by epoch, with pulses and energy counted."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.basics.fields import choice, number, record, whole
from rramcirc.bench.images import ImageSet
from rramcirc.engines.network import layer_kernels as kernels
from rramcirc.engines.network.layer_devices import DeviceSpread, Float32Array, PulsedDevice
from rramcirc.engines.network.layer_rules import UpdateRule
from rramcirc.engines.network.layer_writing import Engine
from rramcirc.engines.network.layers import Layer, LayerNetwork, draw_layers, layer_accuracy, local_gradient


@record
class Training:
    """How a network is trained: Adam on batches."""

    epochs: int = whole("passes over the training images", default=25, low=1)
    batch: int = whole("images per update", default=100, low=1)
    rate: float = number("learning rate: largest wanted change of a conductance per update", default=1e-3, above=0.0)
    schedule: Literal["constant", "cosine"] = choice("of the learning rate over all updates", default="cosine")
    decay1: float = number("decay of Adam's mean", default=0.9, low=0.0, below=1.0)
    decay2: float = number("decay of Adam's mean square", default=0.999, low=0.0, below=1.0)
    seed: int = whole("of weights, classifiers, devices, order of images and rounding", default=1)

    def at(self, update: int, updates: int) -> float:
        """Return the learning rate at an update, counted from 0."""
        if self.schedule == "constant":
            return self.rate
        return self.rate * 0.5 * (1 + math.cos(math.pi * update / updates))


@dataclass(frozen=True)
class Epoch:
    """What is known after an epoch; one number a layer where it says so.

    Attributes
    ----------
    epoch
        From 1.
    validation, test
        Share of images that the classifier of each layer gets right; test is empty if it was not looked at.
    up, down
        Pulses of each layer in the epoch.
    charge
        Sum over pulses of the conductance, over the largest; times g_max V^2 width it is the energy of writing.
    reads
        Devices read for writing.
    inside
        Share of potentials in the box.
    mean
        Mean conductance of each layer.
    stuck
        Share of devices that take no pulse any more.
    """

    epoch: int
    validation: tuple[float, ...]
    test: tuple[float, ...]
    up: tuple[float, ...]
    down: tuple[float, ...]
    charge: float
    reads: float
    inside: tuple[float, ...]
    mean: tuple[float, ...]
    stuck: float


@dataclass(frozen=True)
class Trained:
    """Layers after training, and what happened in every epoch."""

    layers: list[Layer]
    history: tuple[Epoch, ...]

    def rows(self) -> list[dict[str, object]]:
        """Return the history as plain rows."""
        return [asdict(epoch) for epoch in self.history]


@dataclass
class _Moments:
    """Adam's memory and work space of a layer."""

    first: Float32Array
    second: Float32Array
    wanted: Float32Array


def train_layers(
    network: LayerNetwork,
    device: PulsedDevice,
    rule: UpdateRule | None,
    images: ImageSet,
    training: Training,
    *,
    spread: DeviceSpread | None = None,
    engine: Engine = "compiled",
    look_at_test: bool = False,
    wires: Callable[[Sequence[Layer]], None] | None = None,
    progress: Callable[[Epoch], None] | None = None,
) -> Trained:
    """Train a network and return it.

    Parameters
    ----------
    rule
        How wanted changes become pulses; None writes them exactly and without bounds, as numbers ("float").
    spread
        How devices differ and fail; default not at all.
    engine
        ``"compiled"`` or ``"numpy"``, the reference: the same draws, so the same pulses.
    look_at_test
        Whether the accuracy on test images is noted after every epoch. Nothing depends on it.
    wires
        Called before every epoch with the layers; may set the gains of their pairs, see `Pairs`.
    progress
        Called after every epoch.

    Raises
    ------
    ParameterError
        If images and network do not fit, or there are fewer images than a batch.
    """
    _check_fit(network, images, training)
    layers = draw_layers(network, device, spread or DeviceSpread(), training.seed)
    moments = [_Moments(*(np.zeros(a.pairs.weights.size, np.float32) for _ in range(3))) for a in layers]
    rng = np.random.default_rng([training.seed, 3])
    batches = len(images.train) // training.batch
    history: list[Epoch] = []
    for epoch in range(training.epochs):
        if wires is not None:
            wires(layers)
        order = rng.permutation(len(images.train))
        inside = np.zeros(len(layers))
        for layer in layers:
            layer.pairs.tally[:] = 0.0
        for k in range(batches):
            chosen = order[k * training.batch : (k + 1) * training.batch]
            spikes = images.train[chosen].astype(np.float32)
            update = epoch * batches + k
            for j, layer in enumerate(layers):
                gradient, spikes, share = local_gradient(network, layer, spikes, images.train_labels[chosen], rng)
                inside[j] += share / batches
                _step(layer, moments[j], gradient, rule, training, update, batches, int(rng.integers(1 << 32)), engine)
        history.append(_epoch(epoch + 1, layers, images, inside, look_at_test))
        if progress is not None:
            progress(history[-1])
    return Trained(layers, tuple(history))


def _step(
    layer: Layer, moments: _Moments, gradient: Float32Array, rule: UpdateRule | None, training: Training, update: int,
    batches: int, key: int, engine: Engine,
) -> None:  # fmt: skip
    """Make a step of Adam and write it."""
    b1, b2 = training.decay1, training.decay2
    rate = training.at(update, training.epochs * batches) / (1 - b1 ** (update + 1))
    correction = 1 / (1 - b2 ** (update + 1))
    step = kernels.adam if engine == "compiled" else adam_numpy
    step(gradient.ravel(), moments.first, moments.second, b1, b2, rate, correction, moments.wanted)
    layer.pairs.write(moments.wanted, rule, key, engine)


def adam_numpy(
    gradient: Float32Array, first: Float32Array, second: Float32Array, decay1: float, decay2: float, rate: float,
    correction: float, wanted: Float32Array,
) -> None:  # fmt: skip
    """Set the wanted change as `layer_kernels.adam`."""
    b1, b2 = np.float32(decay1), np.float32(decay2)
    one, small = np.float32(1.0), np.float32(1e-20)
    m = b1 * first + (one - b1) * gradient
    v = b2 * second + (one - b2) * (gradient * gradient)
    first[:] = np.where(np.abs(m) > small, m, np.float32(0.0))
    second[:] = np.where(v > small, v, np.float32(0.0))
    wanted[:] = -np.float32(rate) * first / (np.sqrt(second * np.float32(correction)) + np.float32(1e-8))


def _check_fit(network: LayerNetwork, images: ImageSet, training: Training) -> None:
    if images.pixels != network.inputs:
        raise ParameterError(f"train_layers: {images.name} has {images.pixels} pixels, the network {network.inputs}.")
    if images.classes > network.classes:
        raise ParameterError(f"train_layers: {images.classes} classes, but the network has {network.classes}.")
    if len(images.train) < training.batch:
        raise ParameterError(f"train_layers: {len(images.train)} images are fewer than a batch of {training.batch}.")


def _epoch(number: int, layers: list[Layer], images: ImageSet, inside: FloatArray, look_at_test: bool) -> Epoch:
    def rate(spikes: np.ndarray, labels: np.ndarray) -> tuple[float, ...]:
        rng = np.random.default_rng([number, 4])
        return tuple(float(x) for x in layer_accuracy(layers, spikes, labels, rng=rng))

    tallies = np.array([layer.pairs.tally for layer in layers])
    pools = [pool for layer in layers for pool in (layer.pairs.plus, layer.pairs.minus)]
    stuck = sum(np.count_nonzero(pool.left == 0) for pool in pools) / sum(pool.conductance.size for pool in pools)
    means = [float((a.pairs.plus.conductance.mean() + a.pairs.minus.conductance.mean()) / 2) for a in layers]
    return Epoch(
        number, rate(images.validation, images.validation_labels),
        rate(images.test, images.test_labels) if look_at_test else (),
        tuple(tallies[:, kernels.UP].tolist()), tuple(tallies[:, kernels.DOWN].tolist()),
        float(tallies[:, kernels.CHARGE].sum()), float(tallies[:, kernels.READS].sum()), tuple(inside.tolist()),
        tuple(means), stuck,
    )  # fmt: skip
