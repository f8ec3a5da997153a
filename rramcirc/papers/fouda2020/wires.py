"""What the resistance of wires costs a trained network, by size of its arrays.   [Fouda2020, Sec. V: future work]

A layer is cut into square arrays of pairs in neighbouring columns; inputs drive the rows, the currents of arrays in one
column add up. Cells are linear, so an array is one matrix. For one size and wire that matrix comes from the array
engine with the compiled 1T1R cells, and is held against its full solution. Training that knows the wires gets their
matrix anew before every epoch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.bench.images import ImageSet
from rramcirc.engines.array.passive import effective_matrix
from rramcirc.engines.array.products import linear_matrix, multiply
from rramcirc.engines.network.layer_training import train_layers
from rramcirc.engines.network.layers import Layer, layer_accuracy
from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.fouda2020.block import interleaved, trained_array
from rramcirc.papers.fouda2020.runs import FoudaRun, images_of, layers_of, network_of, settings, training_of
from rramcirc.papers.fouda2020.tables import TrainingParameters, ternary_run

if TYPE_CHECKING:
    import pandas as pd

    from rramcirc.sweeps.record import RunRecord

READ = 0.1  # [V]


@dataclass(frozen=True)
class WiresParameters(TrainingParameters):
    """The training, and the wires that its network is read through."""

    resistances: tuple[float, ...] = field(
        default=(2.5, 10.0, 30.0, 100.0, 300.0, 1000.0),
        metadata={"units": "ohm", "desc": "of a segment", "status": "assumed"},
    )
    arrays: tuple[int, ...] = field(default=(64, 128, 256), metadata={"desc": "rows and columns of an array"})
    solved_size: int = field(default=128, metadata={"desc": "array that the engine solves with compiled cells"})
    solved_wire: float = field(default=2.5, metadata={"units": "ohm"})
    shown: int = field(default=100, metadata={"desc": "test images of the compiled arrays"})
    referee: int = field(default=20, metadata={"desc": "of them, solved in full"})
    aware_epochs: int = field(default=5, metadata={"desc": "of the training that knows the wires"})


def tiles(shape: tuple[int, int], size: int) -> Iterator[tuple[slice, slice]]:
    """Return the rows and columns of the arrays that a matrix is cut into."""
    for first in range(0, shape[0], size):
        for left in range(0, shape[1], size):
            yield slice(first, min(first + size, shape[0])), slice(left, min(left + size, shape[1]))


def wired_matrix(conductance: FloatArray, size: int, ohm: float) -> FloatArray:
    """Return what passive arrays multiply by [S]: drivers at the first column, outputs at the last row."""
    found = np.empty_like(conductance)
    for rows, columns in tiles(conductance.shape, size):
        found[rows, columns] = effective_matrix(
            conductance[rows, columns], row_resistance=ohm, column_resistance=ohm
        )  # fmt: skip
    return found


def set_wires(layers: Sequence[Layer], g_max: float, size: int, ohm: float) -> None:
    """Set the gain of every device of the layers to what the wires leave of its current."""
    for layer in layers:
        conductance = interleaved(*layer.conductances()) * g_max
        gain = (wired_matrix(conductance, size, ohm) / conductance).astype(np.float32)
        layer.pairs.gain_plus = np.ascontiguousarray(gain[:, 0::2]).ravel()
        layer.pairs.gain_minus = np.ascontiguousarray(gain[:, 1::2]).ravel()
        layer.pairs.refresh()


def wires(parameters: WiresParameters, engine: str, record: RunRecord) -> pd.DataFrame:
    """Return the test accuracy [%] of every layer, by training, size of the arrays and wire resistance [ohm].

    Returns
    -------
    DataFrame
        training (``"without wires"`` or ``"with wires"``), size, resistance, layer, test; size 0 is without wires.
        ``attrs["solved"]``: what the compiled arrays gave.
    """
    import pandas as pd

    run = ternary_run(parameters, record)
    images, g_max = images_of(parameters.mnist), run.device().g_max
    held = images.part(1, 1, parameters.held or len(images.test))
    layers = layers_of(run, parameters.mnist, record)
    rows = [("without wires", 0, 0.0, k + 1, x) for k, x in enumerate(_accuracy(layers, held))]
    solved = record.piece("compiled arrays", lambda: _solved(parameters, layers, images, g_max))
    for size in parameters.arrays:
        for ohm in parameters.resistances:
            set_wires(layers, g_max, size, ohm)
            rows += [("without wires", size, ohm, k + 1, x) for k, x in enumerate(_accuracy(layers, held))]
    size, ohm = parameters.arrays[-1], parameters.resistances[-1]
    aware = record.piece("aware", lambda: {"test": _aware(run, parameters, images, held, size, ohm)})
    rows += [("with wires", size, ohm, k + 1, x) for k, x in enumerate(aware["test"])]
    table = pd.DataFrame(rows, columns=["training", "size", "resistance", "layer", "test"])
    table.attrs["units"] = {"resistance": "ohm", "test": "%"}
    table.attrs["solved"] = solved
    return table


def _accuracy(layers: list[Layer], images: ImageSet) -> list[float]:
    return [100 * float(x) for x in layer_accuracy(layers, images.test, images.test_labels)]


def _aware(
    run: FoudaRun, parameters: WiresParameters, images: ImageSet, held: ImageSet, size: int, ohm: float
) -> list[float]:
    """Train with the wires in the forward pass, and return the accuracies through the wires of the end."""
    g_max = run.device().g_max
    short = replace(run, epochs=min(run.epochs, parameters.aware_epochs))
    part = images.part(run.train or len(images.train), run.held or len(images.test), 1)
    trained = train_layers(
        network_of(short, images), short.device(), short.update_rule(), part, training_of(short),
        wires=lambda layers: set_wires(layers, g_max, size, ohm),
    )  # fmt: skip
    set_wires(trained.layers, g_max, size, ohm)
    return _accuracy(trained.layers, held)


def _solved(parameters: WiresParameters, layers: list[Layer], images: ImageSet, g_max: float) -> dict[str, float]:
    """Send images through the compiled arrays and return spikes that differ, errors and accuracies."""
    spikes = images.test[: parameters.shown].astype(float)
    labels = images.test_labels[: parameters.shown]
    found = {"differ": 0.0, "potentials": 0.0, "error": 0.0, "images": float(len(spikes)), "arrays": 0.0}
    for layer in layers:
        conductance = interleaved(*layer.conductances()).astype(np.float64) * g_max
        currents, error, count = _products(conductance, spikes * READ, parameters)
        ideal = spikes @ (conductance[:, 0::2] - conductance[:, 1::2])
        fired = currents[:, 0::2] > currents[:, 1::2]
        found["differ"] += float(np.count_nonzero(fired != (ideal > 0)))
        found["potentials"] += float(fired.size)
        found["error"] = max(found["error"], error)
        found["arrays"] += count
        spikes = fired.astype(float)
    right = (spikes @ layers[-1].classifier).argmax(axis=1) == labels
    return {**found, "right": float(right.sum())}


def _products(
    conductance: FloatArray, inputs: FloatArray, parameters: WiresParameters
) -> tuple[FloatArray, float, int]:
    """Return the currents [A] of a layer in compiled arrays, and the error of their matrices against full solutions.

    The error is of the array with the largest currents of each layer, relative to its largest current.
    """
    currents = np.zeros((len(inputs), conductance.shape[1]))
    worst, largest, count = 0.0, 0.0, 0
    for rows, columns in tiles(conductance.shape, parameters.solved_size):
        array = trained_array(conductance[rows, columns], parameters.solved_wire)
        part = inputs[:, rows] @ linear_matrix(array, drive="rows", voltage=READ)
        currents[:, columns] += part
        count += 1
        if part.max() > largest:
            largest = float(part.max())
            order = np.flatnonzero(inputs[:, rows].any(axis=1))[: parameters.referee]
            exact = multiply(array, inputs[order][:, rows], drive="rows").currents
            worst = float(np.abs(exact - part[order]).max() / np.abs(exact).max())
    return currents, worst, count


def outer_at(table: pd.DataFrame, training: str, size: int, ohm: float) -> float:
    """Return the outer layer's test accuracy [%]."""
    rows = table[(table["training"] == training) & (table["size"] == size) & (table["resistance"] == ohm)]
    return float(rows.sort_values("layer")["test"].iloc[-1])


def _lost(table: pd.DataFrame, training: str = "without wires") -> float:
    """Return what the outer layer loses to the largest arrays with the thinnest wires."""
    size, ohm = int(table["size"].max()), float(table["resistance"].max())
    return outer_at(table, "without wires", 0, 0.0) - outer_at(table, training, size, ohm)


def plot_wires(table: pd.DataFrame, path: Path) -> None:
    """Draw the outer layer's accuracy against the wire resistance, a curve per size."""
    from rramcirc.figures.style import COLOURS, drawn

    outer = table[table["layer"] == table["layer"].max()]
    with drawn(path, 3.4) as figure:
        ax = figure.subplots()
        none = outer[outer["size"] == 0]["test"].iloc[0]
        ax.axhline(none, color="0.4", linestyle=":", label="no wires")
        for k, (size, rows) in enumerate(outer[(outer["size"] > 0)].groupby("size")):
            plain = rows[rows["training"] == "without wires"]
            ax.plot(plain["resistance"], plain["test"], color=COLOURS[k], marker="o", markersize=3.5,
                    label=f"arrays of {size} x {size}")  # fmt: skip
            aware = rows[rows["training"] == "with wires"]
            if len(aware):
                ax.plot(aware["resistance"], aware["test"], color=COLOURS[k], marker="s", fillstyle="none",
                        linestyle="none", label="the same, trained with them")  # fmt: skip
        ax.set_xscale("log")
        ax.set_xlabel("resistance of a segment [ohm]")
        ax.set_ylabel("test accuracy of the outer layer [%]")
        ax.legend(loc="upper left", bbox_to_anchor=(1.005, 1.02), borderaxespad=0)


def remarks(table: pd.DataFrame) -> list[str]:
    """Return what the compiled arrays gave, and the losses."""
    solved = table.attrs["solved"]
    size, ohm = int(table["size"].max()), float(table["resistance"].max())
    return [
        f"compiled 1T1R arrays ({solved['arrays']:.0f}): {solved['differ']:.0f} of {solved['potentials']:.0f} spikes "
        f"differ from those without wires over {solved['images']:.0f} images; {solved['right']:.0f} recognised",
        f"{size} x {size}, {ohm:g} ohm: lost {_lost(table):.2f} %, "
        f"trained with the wires {_lost(table, 'with wires'):.2f} %",
    ]


EXPERIMENT = Experiment(
    name="fouda2020-wires",
    paper="Fouda2020",
    figure="Sec. V",
    claim="IR drop costs a trained network accuracy; training that knows the wires gives it back",
    parameters=WiresParameters(),
    quick=WiresParameters(
        epochs=2, tuning=0, train=10_000, held=2_000, resistances=(2.5, 300.0), arrays=(32, 128), solved_size=64,
        shown=10, referee=2, aware_epochs=2,
    ),
    run=wires,
    plot=plot_wires,
    expected=(
        Expected(
            "error of an array's matrix against its full solution", lambda t: t.attrs["solved"]["error"],
            "1", None, 1e-4, "-", "assumed", "-",
            "own levels", "one matrix against Newton's method for every image",
        ),
        Expected(
            "share of spikes that the wires change",
            lambda t: t.attrs["solved"]["differ"] / t.attrs["solved"]["potentials"],
            "1", None, 0.02, "-", "assumed", "-",
            "independent", "could have failed: the wires were not chosen for it",
        ),
        Expected(
            "lost to the thinnest wires", _lost, "%", 1.0, None, "to be investigated", "assumed", "Sec. V",
            "searched", "the largest array and wire were chosen so that they cost something", full_only=True,
        ),
        Expected(
            "given back by training with the wires", lambda t: _lost(t) - _lost(t, "with wires"),
            "%", 0.0, None, "-", "assumed", "Sec. V",
            "independent", "could have failed: the matrix is that of the beginning of each epoch", full_only=True,
        ),
    ),
    engines=("numpy",),
    settings=settings,
    remarks=remarks,
    resumable=True,
)  # fmt: skip
