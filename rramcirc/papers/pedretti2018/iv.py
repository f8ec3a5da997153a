"""The HfOx 1T1R synapse switches below 50 uA with a window of about 10x.   [Pedretti2018, Fig. 2(a)]

The text states the current and the average window; gate and stop voltage, which set both, are fitted to them here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.iv import IvParameters, iv_loop, plot_loop, resistance_at
from rramcirc.papers.stated import added_to, stated_line

if TYPE_CHECKING:
    import pandas as pd

PARAMETERS = IvParameters(gate_voltage=1.05, reset_voltage=0.75)


def largest(table: pd.DataFrame) -> float:
    """Return the largest SET current [A]."""
    return float(table["current"].max())


def lowest(table: pd.DataFrame) -> float:
    """Return the largest RESET current [A], counted positive."""
    return -float(table["current"].min())


def draw(table: pd.DataFrame, path: Path) -> None:
    """Draw the loop, and the current below which the paper's stays."""
    figure = plot_loop(table, None)
    with added_to(figure, path):
        logarithmic, linear = figure.axes
        stated_line(logarithmic, STATED, EXPERIMENT.stated("largest SET current"))
        for sign in (-1, 1):
            stated_line(linear, sign * STATED * 1e6, None)
        low, high = linear.get_ylim()
        linear.set_ylim(min(low, -56), max(high, 56))
        logarithmic.legend(loc="lower right", fontsize="x-small")


STATED = 50e-6  # A
EXPERIMENT = Experiment(
    name="pedretti2018-iv",
    paper="Pedretti2018",
    figure="Fig. 2(a)",
    claim="SET and RESET currents below 50 uA, resistance window around 10x",
    parameters=PARAMETERS,
    quick=PARAMETERS,
    run=iv_loop,
    plot=draw,
    expected=(
        Expected(
            "largest SET current", largest, "A", None, STATED, "< 50 uA", "published", "Fig. 2(a)", "searched",
            "the gate voltage was searched on it",
        ),
        Expected(
            "largest RESET current", lowest, "A", None, STATED, "< 50 uA", "published", "Fig. 2(a)", "independent",
            "fails if RESET takes more current than SET left, as in devices that overshoot",
        ),
        Expected(
            "HRS / LRS at 0.1 V",
            lambda table: resistance_at(table, 0.1, "up") / resistance_at(table, 0.1, "down"),
            "1", 5.0, 20.0, "around 10x", "published", "Fig. 2(b)", "searched", "the stop voltage was searched on it",
        ),
    ),
    fitted=("gate_voltage", "reset_voltage"),
)  # fmt: skip
