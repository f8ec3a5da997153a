"""What the update rules make of the asymmetric device, each with a rate of its own.   [Fouda2020, Secs. III and IV A]

Every rule starts from the same conductances and gets the same number of trials of its rate. `naive` takes the device
for a linear one. As long as it wants less than a pulse, it is the ternary rule with the rate N/(1 - K) times as large.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.fouda2020.runs import FoudaRun, settings
from rramcirc.papers.fouda2020.tables import (
    QUICK,
    TrainingParameters,
    accuracy_lines,
    mean_final,
    runs_of,
    trained_table,
)  # fmt: skip

if TYPE_CHECKING:
    import pandas as pd

    from rramcirc.sweeps.record import RunRecord

RULES = ("linear", "naive", "naive, rate of linear", "cancelled", "linearised", "verify", "ternary (1,1)")


def rules(parameters: TrainingParameters, engine: str, record: RunRecord) -> pd.DataFrame:
    """Return the table of the trainings, see `trained_table`."""
    from dataclasses import replace

    asked = {name: FoudaRun(name) for name in ("linear", "naive", "cancelled", "linearised", "verify")}
    runs = runs_of(parameters, {**asked, "ternary (1,1)": FoudaRun("ternary")}, record)
    untuned = replace(runs["linear"], rule="naive")
    return trained_table(parameters, {**runs, "naive, rate of linear": untuned}, record)


def plot_rules(table: pd.DataFrame, path: Path) -> None:
    """Draw the outer layer's test accuracy against epoch; mean over the seeds."""
    from rramcirc.figures.tables import plot_curves

    outer = table[table["layer"] == table["layer"].max()]
    shown = {}
    for label in RULES:
        mean = outer[outer["label"] == label].groupby("epoch")["test"].mean()
        shown[label] = (mean.index.to_numpy(), mean.to_numpy())
    plot_curves(shown, path, x="epoch", y="test accuracy of the outer layer [%]")


TUNED = "rates were searched on validation images, the same way for all rules; this difference was not"
EXPERIMENT = Experiment(
    name="fouda2020-rules",
    paper="Fouda2020",
    figure="Secs. III, IV A",
    claim="pulses that do not know the nonlinearity cost accuracy; pulses that cancel it do not",
    parameters=TrainingParameters(),
    quick=QUICK,
    run=rules,
    plot=plot_rules,
    expected=(
        Expected(
            "lost by naive pulses at the rate of the linear device",
            lambda t: mean_final(t, "linear") - mean_final(t, "naive, rate of linear"),
            "%", 5.0, None, "degrades", "assumed", "Sec. I",
            "independent", TUNED, full_only=True,
        ),
        Expected(
            "accuracy of the worst rule",
            lambda t: min(mean_final(t, label) for label in RULES if "naive" not in label),
            "%", 70.0, None, "converges", "assumed", "Sec. IV A",
            "searched", "rates were searched for accuracy, on validation images",
        ),
        Expected(
            "lost by naive pulses at their own rate", lambda t: mean_final(t, "linear") - mean_final(t, "naive"),
            "%", 5.0, None, "degrades", "assumed", "Sec. I", "independent", TUNED,
            "below one pulse a naive rule is the ternary one with another rate, and as good when that is tuned", True,
        ),
        Expected(
            "lost by cancelled pulses", lambda t: mean_final(t, "linear") - mean_final(t, "cancelled"),
            "%", None, 1.0, "exactly like the rule", "assumed", "Sec. IV A",
            "independent", TUNED, full_only=True,
        ),
        Expected(
            "cancelled less linearised pulses",
            lambda t: abs(mean_final(t, "cancelled") - mean_final(t, "linearised")),
            "%", None, 0.5, "small rates suffice", "assumed", "Sec. IV A",
            "independent", TUNED, full_only=True,
        ),
    ),
    engines=("network",),
    settings=settings,
    remarks=lambda t: accuracy_lines(t, RULES),
    resumable=True,
)  # fmt: skip
