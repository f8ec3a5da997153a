"""Local test accuracy of each layer against the epoch, with linear devices.   [Fouda2020, Fig. 3]

K = 1/20, N = 100 and stochastic rounding; beside it the same network without devices (float), the same devices with
local mean-square losses (and smaller classifiers), and with the pulse number rounded to the nearest. The paper gives no
number for its figure.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.fouda2020.runs import MEAN_SQUARE_CLASSIFIER, FoudaRun, settings
from rramcirc.papers.fouda2020.tables import (
    QUICK,
    TrainingParameters,
    accuracy_lines,
    final,
    mean_final,
    pulses,
    runs_of,
    trained_table,
)  # fmt: skip

if TYPE_CHECKING:
    import pandas as pd

    from rramcirc.sweeps.record import RunRecord

MEAN_SQUARE = "linear, mean-square"
RULES = ("linear", "float", MEAN_SQUARE, "nearest")


def baseline(parameters: TrainingParameters, engine: str, record: RunRecord) -> pd.DataFrame:
    """Return the table of the trainings, see `trained_table`; rounding to the nearest gets the rate of the linear."""
    from dataclasses import replace

    asked = {name: FoudaRun(name) for name in RULES[:2]}
    asked[MEAN_SQUARE] = FoudaRun("linear", loss="mean-square", classifier=MEAN_SQUARE_CLASSIFIER)
    runs = runs_of(parameters, asked, record)
    runs["nearest"] = replace(runs["linear"], rule="nearest", epochs=1)
    return trained_table(parameters, runs, record)


def plot_baseline(table: pd.DataFrame, path: Path) -> None:
    """Draw test accuracy against epoch, every layer, with and without devices; mean over the seeds."""
    from rramcirc.figures.tables import plot_curves

    shown = {}
    for label in RULES[:2]:
        for layer, rows in table[table["label"] == label].groupby("layer"):
            mean = rows.groupby("epoch")["test"].mean()
            shown[f"{label}, layer {layer}"] = (mean.index.to_numpy(), mean.to_numpy())
    plot_curves(shown, path, x="epoch", y="test accuracy [%]")


def _nearest(table: pd.DataFrame) -> float:
    rows = table[(table["label"] == "nearest") & (table["layer"] == table["layer"].max())]
    return float(rows["test"].mean())


TUNED = "rates were searched on validation images, the same way for all rules; this difference was not"
EXPERIMENT = Experiment(
    name="fouda2020-baseline",
    paper="Fouda2020",
    figure="Fig. 3",
    claim="the network learns with a limited weight range and stochastic rounding, and not without it",
    parameters=TrainingParameters(),
    quick=QUICK,
    run=baseline,
    plot=plot_baseline,
    expected=(
        Expected(
            "accuracy of the outer layer", lambda t: mean_final(t, "linear"),
            "%", 97.3, None, "figure only", "assumed", "Fig. 3",
            "searched", "rates were searched for accuracy, on validation images", full_only=True,
        ),
        Expected(
            "lost to the network without devices", lambda t: mean_final(t, "float") - mean_final(t, "linear"),
            "%", None, 1.0, "ideal", "assumed", "Fig. 3",
            "independent", TUNED, full_only=True,
        ),
        Expected(
            "lost by mean-square losses", lambda t: mean_final(t, "linear") - mean_final(t, MEAN_SQUARE),
            "%", None, 1.0, "either loss", "assumed", "Eq. 5",
            "independent", TUNED, full_only=True,
        ),
        Expected(
            "accuracy of the worst layer", lambda t: min(min(final(t, "linear", k)) for k in t["layer"].unique()),
            "%", 80.0, None, "learns", "assumed", "Fig. 3",
            "searched", "rates were searched for accuracy, on validation images",
        ),
        Expected(
            "accuracy with rounding to the nearest", _nearest,
            "%", None, 20.0, "fails to learn", "published", "Sec. II C",
            "independent", "fails if wanted changes exceed half a pulse, as at large rates",
        ),
        Expected(
            "pulses with rounding to the nearest", lambda t: float(pulses(t, "nearest").sum()),
            "1", None, 0.0, "-", "assumed", "Sec. II C",
            "independent", "fails if wanted changes exceed half a pulse, as at large rates",
        ),
    ),
    engines=("network",),
    settings=settings,
    remarks=lambda t: accuracy_lines(t, RULES),
    resumable=True,
)  # fmt: skip
