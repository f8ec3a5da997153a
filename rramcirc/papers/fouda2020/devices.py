"""Ternary updates with devices that differ, stick, wear out and are read with noise.   [Fouda2020, Fig. 4(b), Sec. V]

The published spread is that of Fig. 4(b). Stuck devices, endurance and read noise are not in the paper. Rates are those
of the nominal device.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rramcirc.engines.network.layer_devices import PUBLISHED_SPREAD, DeviceSpread
from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.fouda2020.runs import FoudaRun, settings
from rramcirc.papers.fouda2020.tables import (
    QUICK,
    TrainingParameters,
    accuracy_lines,
    mean_final,
    runs_of,
    trained_table,
)

if TYPE_CHECKING:
    import pandas as pd

    from rramcirc.sweeps.record import RunRecord

NOMINAL = "nominal"
SPREADS = {
    NOMINAL: DeviceSpread(),
    "published spread": PUBLISHED_SPREAD,
    "1 % stuck": DeviceSpread(stuck=0.01),
    "5 % stuck": DeviceSpread(stuck=0.05),
    "endurance 100": DeviceSpread(endurance=100.0),
    "endurance 30": DeviceSpread(endurance=30.0),
    "endurance 10": DeviceSpread(endurance=10.0),
    "read noise 5 %": DeviceSpread(read=0.05),
}


def devices(parameters: TrainingParameters, engine: str, record: RunRecord) -> pd.DataFrame:
    """Return the table of the trainings, see `trained_table`."""
    nominal = runs_of(parameters, {NOMINAL: FoudaRun("ternary")}, record)[NOMINAL]
    return trained_table(parameters, {k: replace(nominal, spread=v) for k, v in SPREADS.items()}, record)


def plot_devices(table: pd.DataFrame, path: Path) -> None:
    """Draw the outer layer's test accuracy against epoch, and the share of devices that take no pulse any more."""
    from rramcirc.figures.style import drawn, line_style

    outer = table[table["layer"] == table["layer"].max()]
    with drawn(path, 3.6) as figure:
        left, right = figure.subplots(1, 2)
        for k, label in enumerate(SPREADS):
            mean = outer[outer["label"] == label].groupby("epoch")[["test", "stuck"]].mean()
            colour, dashes = line_style(k, len(SPREADS))
            left.plot(mean.index, mean["test"], color=colour, linestyle=dashes)
            right.plot(mean.index, 100 * mean["stuck"], color=colour, linestyle=dashes, label=label)
        left.set_ylabel("outer layer, test accuracy [%]")
        right.set_ylabel("devices that take no pulse [%]")
        right.legend(loc="upper left", bbox_to_anchor=(1.005, 1.02), borderaxespad=0)
        for ax in (left, right):
            ax.set_xlabel("epoch")
            ax.xaxis.get_major_locator().set_params(integer=True)
        low, high = left.get_ylim()
        left.set_ylim(bottom=max(low, high - 15))


def lost(table: pd.DataFrame, label: str) -> float:
    """Return what the outer layer loses to nominal devices [%]."""
    return mean_final(table, NOMINAL) - mean_final(table, label)


def remarks(table: pd.DataFrame) -> list[str]:
    """Return accuracies, losses and the share of devices without pulses left."""
    lines = accuracy_lines(table, tuple(SPREADS))
    end = table[table["epoch"] == table["epoch"].max()].groupby("label")["stuck"].mean()
    return lines + [f"{label}: lost {lost(table, label):.2f} %, {end[label]:.2%} of the devices stuck at the end"
                    for label in SPREADS if label != NOMINAL]  # fmt: skip


UNTUNED = "could have failed: rates are those of the nominal device"
EXPERIMENT = Experiment(
    name="fouda2020-devices",
    paper="Fouda2020",
    figure="Fig. 4(b), Sec. V",
    claim="training takes care of devices that differ",
    parameters=TrainingParameters(),
    quick=QUICK,
    run=devices,
    plot=plot_devices,
    expected=(
        Expected(
            "lost to the published spread", lambda t: lost(t, "published spread"),
            "%", None, 0.5, "training takes care", "published", "Sec. IV", "independent", UNTUNED,
            full_only=True,
        ),
        Expected(
            "accuracy with the published spread", lambda t: mean_final(t, "published spread"),
            "%", 80.0, None, "learns", "assumed", "Sec. IV", "independent", UNTUNED,
        ),
        Expected(
            "lost to 1 % stuck devices", lambda t: lost(t, "1 % stuck"),
            "%", None, 0.5, "-", "assumed", "-", "independent", UNTUNED, full_only=True,
        ),
        Expected(
            "lost to 5 % stuck devices", lambda t: lost(t, "5 % stuck"),
            "%", None, 1.0, "-", "assumed", "-", "independent", UNTUNED, full_only=True,
        ),
    ),
    engines=("network",),
    settings=settings,
    remarks=remarks,
    resumable=True,
)  # fmt: skip
