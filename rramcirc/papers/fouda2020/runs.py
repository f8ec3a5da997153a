"""One training of the network of [Fouda2020] and what came out of it; finished ones are kept and not repeated.

What the paper says is published: layers, Adam, cross-entropy, K = 1/20 and N = 100 of the baseline, the device. Batch,
learning rate, box, scale of the classifiers, threshold of the pixels and start are assumed; rates are tuned on
validation images (`tuning`).
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rramcirc.basics.errors import ParameterError, unknown_name
from rramcirc.basics.paths import cache_folder
from rramcirc.bench.images import ImageSet, drawn_digits, has_mnist, load_mnist
from rramcirc.devices.pulses.exponential import PulseExponential
from rramcirc.engines.network.layer_devices import DeviceSpread, Float32Array, PulsedDevice
from rramcirc.engines.network.layer_rules import RULES, UpdateRule, scaled
from rramcirc.engines.network.layer_training import Trained, Training, train_layers
from rramcirc.engines.network.layers import Layer, LayerNetwork, draw_layers

if TYPE_CHECKING:
    from collections.abc import Callable

    from rramcirc.engines.network.layer_training import Epoch

FORMAT = 1  # of kept results: raised when the same record gives other numbers
BASELINE = PulsedDevice("linear", ratio=1 / 20, levels=100)  # Fig. 3
START = 0.136  # mean conductance: where equally many single pulses up and down balance in this device
LINEAR_RULES = ("float", "linear", "nearest")  # of the linear device; all others write the exponential one
PULSE_VOLTAGE, PULSE_WIDTH = 3.0, 1e-6  # [V] published, [s] assumed


@dataclass(frozen=True)
class FoudaRun:
    """One training: everything that its result depends on.

    `train` and `held` are numbers of training images and of validation and test images each; 0 is all.
    """

    rule: str = "linear"
    gammas: tuple[int, int] = (1, 1)
    rate: float = 1e-3
    decay1: float = 0.97
    schedule: str = "cosine"
    epochs: int = 25
    seed: int = 1
    start: float = START
    loss: str = "cross-entropy"
    sizes: tuple[int, ...] = (500, 500, 250)
    spread: DeviceSpread = field(default_factory=DeviceSpread)
    train: int = 0
    held: int = 0
    test: bool = True

    @property
    def label(self) -> str:
        """Name in tables and pictures."""
        return f"ternary ({self.gammas[0]},{self.gammas[1]})" if self.rule == "ternary" else self.rule

    def device(self) -> PulsedDevice:
        """Return the device that is written."""
        return BASELINE if self.rule in LINEAR_RULES else PulsedDevice.of_rule(PulseExponential())

    def update_rule(self) -> UpdateRule | None:
        """Return the rule; None is without devices."""
        if self.rule == "float":
            return None
        if self.rule not in RULES:
            raise ParameterError(unknown_name("rule", self.rule, RULES))
        return scaled(*self.gammas) if self.rule == "ternary" else RULES[self.rule]


@dataclass(frozen=True)
class RunResult:
    """A run and its epochs as plain rows, see `Epoch`."""

    run: FoudaRun
    images: str
    epochs: tuple[dict[str, Any], ...]

    def last(self, what: str) -> Any:
        """Return a figure of the last epoch."""
        return self.epochs[-1][what]

    def energy_of(self, epoch: dict[str, Any]) -> float:
        """Return the energy of the write pulses of an epoch [J], V^2 G width of each."""
        return float(epoch["charge"] * self.run.device().g_max * PULSE_VOLTAGE**2 * PULSE_WIDTH)


@cache
def images_of(folder: str, needed: bool = False) -> ImageSet:
    """Return MNIST of a folder or the cache folder; drawn digits for ``"drawn"``, or if it is not there nor needed."""
    if folder == "drawn" or (not folder and not needed and not has_mnist()):
        return drawn_digits()
    return load_mnist(folder or None)


def result_of(
    run: FoudaRun, folder: str = "", *, progress: Callable[[str], None] | None = None, layers: bool = False
) -> RunResult:
    """Return the result of a run: the kept one, or train and keep it.

    Parameters
    ----------
    folder
        Of MNIST, see `images_of`.
    progress
        Called with a line per epoch of a training.
    layers
        Whether the trained layers must be kept, too, for `layers_of`.
    keep
        Whether results are kept and looked for.
    """
    images = images_of(folder)
    if not keep:
        return RunResult(run, images.name, tuple(train_run(run, folder, progress=progress).rows()))
    path = kept_file(run, images.name)
    if path.is_file() and (not layers or path.with_suffix(".npz").is_file()):
        try:
            return RunResult(run, images.name, tuple(json.loads(path.read_text())["epochs"]))
        except (ValueError, KeyError, TypeError):
            path.unlink()  # damaged: it is made again
    trained = train_run(run, folder, progress=progress)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}")
    if layers:
        with part.open("wb") as file:
            np.savez(file, **_arrays_of(trained.layers))  # type: ignore[arg-type]
        part.replace(path.with_suffix(".npz"))
    part.write_text(json.dumps({"run": asdict(run), "images": images.name, "epochs": trained.rows()}, indent=1))
    part.replace(path)
    return RunResult(run, images.name, tuple(json.loads(path.read_text())["epochs"]))


def _arrays_of(layers: list[Layer]) -> dict[str, Float32Array]:
    found = {}
    for k, layer in enumerate(layers):
        found[f"plus{k}"], found[f"minus{k}"] = layer.conductances()
    return found


def layers_of(run: FoudaRun, folder: str = "", *, progress: Callable[[str], None] | None = None) -> list[Layer]:
    """Return the trained layers of a run, kept or trained now."""
    images = images_of(folder)
    result_of(run, folder, progress=progress, layers=True)
    network = LayerNetwork(images.pixels, run.sizes, loss=run.loss, start=run.start)  # type: ignore[arg-type]
    layers = draw_layers(network, run.device(), run.spread, run.seed)
    with np.load(kept_file(run, images.name).with_suffix(".npz"), allow_pickle=False) as kept:
        for k, layer in enumerate(layers):
            layer.pairs.plus.conductance[:] = kept[f"plus{k}"].ravel()
            layer.pairs.minus.conductance[:] = kept[f"minus{k}"].ravel()
            layer.pairs.refresh()
    return layers


def train_run(run: FoudaRun, folder: str = "", *, progress: Callable[[str], None] | None = None) -> Trained:
    """Train, whether the result is kept or not, and return the layers."""
    images = images_of(folder)
    part = images.part(run.train or len(images.train), *(run.held or len(images.test),) * 2)
    network = LayerNetwork(images.pixels, run.sizes, loss=run.loss, start=run.start)  # type: ignore[arg-type]
    training = Training(
        run.epochs, rate=run.rate, schedule=run.schedule, decay1=run.decay1, seed=run.seed  # type: ignore[arg-type]
    )  # fmt: skip

    def told(epoch: Epoch) -> None:
        if progress is not None:
            rates = " ".join(f"{100 * x:.2f}" for x in epoch.validation)
            progress(f"{run.label} rate {run.rate:g} seed {run.seed} epoch {epoch.epoch}: validation {rates} %")

    return train_layers(
        network, run.device(), run.update_rule(), part, training, spread=run.spread, look_at_test=run.test,
        progress=told,
    )  # fmt: skip


def kept_file(run: FoudaRun, images: str) -> Path:
    """Return where the result of a run is kept."""
    text = json.dumps([FORMAT, images, asdict(run)], sort_keys=True)
    return cache_folder() / "fouda2020" / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.json"


def outer(result: RunResult, what: str = "test") -> float:
    """Return the accuracy of the outer layer after the last epoch [%]."""
    return 100.0 * float(result.last(what)[-1])


def with_seeds(run: FoudaRun, seeds: int, first: int = 11) -> list[FoudaRun]:
    """Return a run with seeds that tuning did not use."""
    return [replace(run, seed=first + k) for k in range(seeds)]


def mean_and_spread(values: list[float]) -> tuple[float, float]:
    """Return mean and standard deviation (of a sample); the latter is not a number for one value."""
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
