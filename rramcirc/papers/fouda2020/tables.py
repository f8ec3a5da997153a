"""Tables of trainings, a row for each run, epoch and layer, and what is read off them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rramcirc.engines.network.layer_devices import DeviceSpread
from rramcirc.papers.fouda2020.runs import (
    LINEAR_RULES,
    FoudaRun,
    RunResult,
    images_of,
    mean_and_spread,
    result_of,
    with_seeds,
)  # fmt: skip
from rramcirc.papers.fouda2020.tuning import tune

if TYPE_CHECKING:
    import pandas as pd

    from rramcirc.sweeps.record import RunRecord

GAMMAS = ((1, 1), (2, 2), (3, 1), (1, 3), (3, 3), (5, 1), (1, 5))
#: learning rates of short forms; those of drawn digits are larger, because these have fewer batches
QUICK_RATES = {"MNIST": (5e-4, 1.8e-2), "drawn digits": (1e-3, 4e-2)}
QUICK_DECAY = 0.9


@dataclass(frozen=True)
class TrainingParameters:
    """How many trainings, how long, on what."""

    seeds: int = field(default=3, metadata={"desc": "trainings of each rule"})
    seed: int = field(default=11, metadata={"desc": "the first; tuning uses 1"})
    epochs: int = field(default=25, metadata={"status": "published", "where": "Fig. 5"})
    tuning: int = field(default=4, metadata={"desc": "epochs of a trial of the search of the rate; 0: fixed rates"})
    train: int = field(default=0, metadata={"desc": "training images; 0 is all 50,000"})
    held: int = field(default=0, metadata={"desc": "validation and test images each; 0 is all 10,000"})
    sizes: tuple[int, ...] = field(default=(500, 500, 250), metadata={"status": "published", "where": "Sec. II C"})
    mnist: str = field(default="", metadata={"desc": "folder of MNIST; empty: the cache folder"})


QUICK = TrainingParameters(seeds=1, epochs=3, tuning=0, train=10_000, held=2_000)


def runs_of(parameters: TrainingParameters, runs: Mapping[str, FoudaRun], record: RunRecord) -> dict[str, FoudaRun]:
    """Return runs with the sizes and rates of the parameters: tuned each, or fixed ones for short forms."""
    found = {}
    name = images_of(parameters.mnist, needed=parameters.tuning > 0).name
    small = name != "MNIST"
    for label, run in runs.items():
        sized = replace(
            run, epochs=parameters.epochs, train=parameters.train, held=parameters.held,
            sizes=(100, 100, 60) if small else parameters.sizes, batch=20 if small else run.batch,
        )  # fmt: skip
        if parameters.tuning:
            tuned = tune(replace(sized, spread=DeviceSpread()), parameters.mnist, record, epochs=parameters.tuning)
            sized = replace(sized, rate=tuned.run.rate, decay1=tuned.run.decay1)
        else:
            plain, ternary = QUICK_RATES[name]
            rate = ternary * 2 / sum(run.gammas) if run.rule == "ternary" else plain
            sized = replace(sized, rate=rate, decay1=QUICK_DECAY)
        found[label] = sized
    return found


def ternary_run(parameters: TrainingParameters, record: RunRecord) -> FoudaRun:
    """Return the run of ternary (1,1) updates with the first seed."""
    run = runs_of(parameters, {"ternary (1,1)": FoudaRun("ternary")}, record)["ternary (1,1)"]
    return replace(run, seed=parameters.seed)


def trained_table(parameters: TrainingParameters, runs: Mapping[str, FoudaRun], record: RunRecord) -> pd.DataFrame:
    """Train every run with every seed and return all epochs and layers.

    Returns
    -------
    DataFrame
        label, seed, rate, decay1, epoch, layer, validation, test [%], up, down (pulses of the layer), energy [J] of the
        pulses of all layers in the epoch, reads (of the epoch), mean (conductance over the largest), stuck.
    """
    import pandas as pd

    rows = []
    for label, run in runs.items():
        for one in with_seeds(run, parameters.seeds, parameters.seed):
            rows += _rows(label, result_of(one, parameters.mnist, record))
    table = pd.DataFrame(rows)
    table.attrs["units"] = {"validation": "%", "test": "%", "energy": "J"}
    return table


def _rows(label: str, result: RunResult) -> list[dict[str, object]]:
    rows = []
    for epoch in result.epochs:
        for k in range(len(epoch["validation"])):
            rows.append({
                "label": label, "seed": result.run.seed, "rate": result.run.rate, "decay1": result.run.decay1,
                "epoch": epoch["epoch"], "layer": k + 1, "validation": 100 * epoch["validation"][k],
                "test": 100 * epoch["test"][k], "up": epoch["up"][k], "down": epoch["down"][k],
                "energy": result.energy_of(epoch), "reads": epoch["reads"], "mean": epoch["mean"][k],
                "stuck": epoch["stuck"], "images": result.images,
            })  # fmt: skip
    return rows


def final(table: pd.DataFrame, label: str, layer: int = 0) -> list[float]:
    """Return the test accuracies of the last epoch of a label [%], one a seed; layer 0 is the outer one."""
    rows = table[table["label"] == label]
    rows = rows[rows["epoch"] == rows["epoch"].max()]
    chosen = rows["layer"].max() if layer == 0 else layer
    return [float(x) for x in rows[rows["layer"] == chosen].sort_values("seed")["test"]]


def mean_final(table: pd.DataFrame, label: str) -> float:
    """Return the mean test accuracy of the outer layer after the last epoch [%]."""
    return mean_and_spread(final(table, label))[0]


def pulses(table: pd.DataFrame, label: str) -> pd.Series:
    """Return the pulses of an epoch, all layers, up and down, mean over the seeds; the index is the epoch."""
    rows = table[table["label"] == label]
    summed = rows.groupby(["epoch", "seed"])[["up", "down"]].sum().sum(axis=1)
    return summed.groupby("epoch").mean()


def accuracy_lines(table: pd.DataFrame, labels: Sequence[str]) -> list[str]:
    """Return a line a label: images, seeds, mean and standard deviation of each layer's test accuracy, rate, pulses."""
    lines = []
    for label in labels:
        rows = table[table["label"] == label]
        parts = []
        for layer in sorted(rows["layer"].unique()):
            mean, spread = mean_and_spread(final(table, label, layer))
            parts.append(f"{mean:.2f} +- {spread:.2f}" if spread == spread else f"{mean:.2f}")
        first = rows.iloc[0]
        total = rows.groupby("seed")[["up", "down"]].sum().sum(axis=1).mean()
        energy = rows[rows["layer"] == 1].groupby("seed")["energy"].sum().mean()
        lines.append(
            f"{label}: {' / '.join(parts)} % (layers from the first; {rows['seed'].nunique()} seeds, "
            f"{int(rows['epoch'].max())} epochs, {first['images']}), rate {first['rate']:.3g}, "
            f"decay {first['decay1']:g}, {total:.3g} pulses"
            + ("" if label in LINEAR_RULES else f", {energy:.2g} J (1 us pulses assumed)")
        )
    return lines
