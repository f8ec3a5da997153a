"""One training of the network of [Fouda2020] and what came out of it; finished ones stay in the experiment's record.

What the paper says is published: layers, Adam, cross-entropy, K = 1/20 and N = 100 of the baseline, the device. Batch,
learning rate, box, scale of the classifiers, threshold of the pixels and start are assumed; rates are tuned on
validation images (`tuning`).
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rramcirc.basics.errors import ParameterError, unknown_name
from rramcirc.bench.images import ImageSet, drawn_digits, has_mnist, load_mnist
from rramcirc.devices.pulses.exponential import PulseExponential
from rramcirc.engines.network.layer_devices import DeviceSpread, Float32Array, PulsedDevice
from rramcirc.engines.network.layer_rules import RULES, UpdateRule, scaled
from rramcirc.engines.network.layer_training import Trained, Training, train_layers
from rramcirc.engines.network.layers import Layer, LayerNetwork, draw_layers

if TYPE_CHECKING:
    import pandas as pd
    from _typeshed import DataclassInstance

    from rramcirc.engines.network.layer_training import Epoch
    from rramcirc.sweeps.record import RunRecord

BASELINE = PulsedDevice("linear", ratio=1 / 20, levels=100)  # Fig. 3
START = 0.136  # mean conductance: where equally many single pulses up and down balance in this device
MEAN_SQUARE_CLASSIFIER = 0.3  # 4, 1, 0.3 had 36, 88, 92 % of 2,000 validation images after 3 epochs of 10,000 images
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
    schedule: Literal["constant", "cosine"] = "cosine"
    epochs: int = 25
    seed: int = 1
    start: float = START
    loss: Literal["cross-entropy", "mean-square"] = "cross-entropy"
    classifier: float = 4.0
    sizes: tuple[int, ...] = (500, 500, 250)
    spread: DeviceSpread = field(default_factory=DeviceSpread)
    batch: int = 100
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


def result_of(run: FoudaRun, folder: str, record: RunRecord) -> RunResult:
    """Return the result of a run: the one in the record, or train and store it.

    Parameters
    ----------
    folder
        Of MNIST, see `images_of`.
    record
        Of the experiment.
    """
    images = images_of(folder)
    stored = record.piece(key_of(run), lambda: {"epochs": train_run(run, folder).rows()})
    return RunResult(run, images.name, tuple(stored["epochs"]))


def layers_of(run: FoudaRun, folder: str, record: RunRecord) -> list[Layer]:
    """Return the trained layers of a run, in the record or trained now."""
    images = images_of(folder)

    def conductances() -> dict[str, Float32Array]:
        pairs = [layer.pairs for layer in train_run(run, folder).layers]
        plus = {f"plus{k}": pair.plus.conductance for k, pair in enumerate(pairs)}
        return plus | {f"minus{k}": pair.minus.conductance for k, pair in enumerate(pairs)}

    stored = record.piece(f"layers {key_of(run)}", conductances)
    layers = draw_layers(network_of(run, images), run.device(), run.spread, run.seed)
    for k, layer in enumerate(layers):
        layer.pairs.plus.conductance[:] = stored[f"plus{k}"]
        layer.pairs.minus.conductance[:] = stored[f"minus{k}"]
        layer.pairs.refresh()
    return layers


def key_of(run: FoudaRun) -> str:
    """Return the key of a run in records: all that it depends on."""
    return json.dumps(asdict(run), sort_keys=True)


def network_of(run: FoudaRun, images: ImageSet) -> LayerNetwork:
    """Return the network of a run for images."""
    return LayerNetwork(images.pixels, run.sizes, loss=run.loss, classifier=run.classifier, start=run.start)


def training_of(run: FoudaRun) -> Training:
    """Return how a run is trained."""
    return Training(run.epochs, run.batch, run.rate, run.schedule, run.decay1, seed=run.seed)


def train_run(run: FoudaRun, folder: str = "") -> Trained:
    """Train and return the layers."""
    images = images_of(folder)
    part = images.part(run.train or len(images.train), *(run.held or len(images.test),) * 2)

    def told(epoch: Epoch) -> None:
        if sys.stderr.isatty():
            rates = " ".join(f"{100 * x:.2f}" for x in epoch.validation)
            name = f"{run.label}, rate {run.rate:.3g}, seed {run.seed}"
            print(f"{name}: epoch {epoch.epoch} of {run.epochs}, validation {rates} %", file=sys.stderr)

    return train_layers(
        network_of(run, images), run.device(), run.update_rule(), part, training_of(run),
        spread=run.spread, look_at_test=run.test, progress=told,
    )  # fmt: skip


def outer(result: RunResult, what: str = "test") -> float:
    """Return the accuracy of the outer layer after the last epoch [%]."""
    return 100.0 * float(result.last(what)[-1])


def with_seeds(run: FoudaRun, seeds: int, first: int = 11) -> list[FoudaRun]:
    """Return a run with seeds that tuning did not use."""
    return [replace(run, seed=first + k) for k in range(seeds)]


def mean_and_spread(values: list[float]) -> tuple[float, float]:
    """Return mean and standard deviation (of a sample); the latter is not a number for one value."""
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def settings(parameters: DataclassInstance) -> pd.DataFrame:
    """Return what trainings use that is not in their table: name, value, unit, status, where."""
    import pandas as pd

    device, linear = PulsedDevice.of_rule(PulseExponential()), BASELINE
    run, network = FoudaRun(), LayerNetwork(784)
    rows = [
        ("G_max", device.g_max, "S", "published", "Sec. IV"), ("K of the device", device.ratio, "1", "published",
         "Sec. IV"), ("alpha_P", device.alpha_p, "1", "published", "Sec. IV"),
        ("alpha_D", device.alpha_d, "1", "published", "Sec. IV"),
        ("K of the baseline", linear.ratio, "1", "published", "Fig. 3"),
        ("N of the baseline and of naive pulses", linear.levels, "1", "published", "Fig. 3"),
        ("layers", str(run.sizes), "1", "published", "Sec. II C"), ("optimizer", "Adam", "", "published", "Sec. II C"),
        ("loss", run.loss, "", "published", "Sec. II C"), ("batch", run.batch, "1", "assumed", "not given"),
        ("half width of the box", network.box, "RMS potential", "assumed", "not given"),
        ("scale of the classifiers", run.classifier, "1/sqrt(neurons)", "assumed", "not given"),
        ("scale of the classifiers, mean-square", MEAN_SQUARE_CLASSIFIER, "1/sqrt(neurons)", "fitted",
         "validation images"),
        ("mean conductance at the start", run.start, "G_max", "assumed", "balance of single pulses"),
        ("weights at the start", "uniform to 1/sqrt(inputs)", "G_max", "assumed", "not given"),
        ("spike", "pixel above 127 of 255", "", "assumed", "not given"),
        ("learning rate, decay of Adam's mean", "in the table", "", "fitted", "validation images"),
        ("voltage of a pulse", PULSE_VOLTAGE, "V", "published", "Sec. IV"),
        ("width of a pulse", PULSE_WIDTH, "s", "assumed", "not given"),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["name", "value", "unit", "status", "where"])
