"""Potentiation and depression of the TiOx synapse are exponential and asymmetric.   [Fouda2020, Fig. 4(a)]

The device is simulated pulse by pulse in the circuit simulator and held against the paper's closed form. N, the number
of pulses to full potentiation, is not given in the text; the published nonlinearities come out together for N = 94, 95.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.basics.arrays import AnyArray, FloatArray
from rramcirc.bench.analyses import Transient
from rramcirc.bench.stimuli import PulseTrain
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.pulses.exponential import PulseExponential
from rramcirc.engines.simulation import simulate
from rramcirc.papers.experiment import Expected, Experiment

if TYPE_CHECKING:
    import pandas as pd

EDGE_SHARE = 1e-3  # rise and fall time as a share of the pulse width


@dataclass(frozen=True)
class CurveParameters:
    """Pulse trains of one polarity each, from the ends of the published curves."""

    card: str = "tiox_fouda2020"
    amplitude: float = field(default=3.0, metadata={"units": "V", "where": "Sec. IV"})
    width: float = field(default=1e-6, metadata={"units": "s", "desc": "assumed; only the number of pulses matters"})
    pulses: int = field(default=94, metadata={"desc": "N, fitted to the published nonlinearities"})


def curves(parameters: CurveParameters, engine: str) -> pd.DataFrame:
    """Return conductance after each pulse, simulated and by Eq. (10): pulse, ltp, ltp_rule, ltd, ltd_rule [S]."""
    import pandas as pd

    card = load_card(parameters.card)
    rule = PulseExponential.of_card(card)
    numbers = np.arange(parameters.pulses + 1)
    starts = {"ltp": float(rule.potentiated(0)), "ltd": rule.g_max}
    columns: dict[str, AnyArray] = {"pulse": numbers}
    for name, sign in (("ltp", 1.0), ("ltd", -1.0)):
        change = rule.potentiation_change if sign > 0 else rule.depression_change
        columns[name] = _after_pulses(parameters, card, starts[name], sign, engine)
        columns[f"{name}_rule"] = starts[name] + change(starts[name], numbers)
    table = pd.DataFrame(columns)
    table.attrs["units"] = {"ltp": "S", "ltp_rule": "S", "ltd": "S", "ltd_rule": "S"}
    return table


def _after_pulses(parameters: CurveParameters, card: ModelCard, start: float, sign: float, engine: str) -> FloatArray:
    """Conductance [S] before the first and after every pulse."""
    edge, period = EDGE_SHARE * parameters.width, 2 * parameters.width
    train = PulseTrain(
        sign * parameters.amplitude, parameters.width - edge, period, parameters.pulses, delay=0.5 * period, rise=edge,
        fall=edge,
    )  # fmt: skip
    stop = (parameters.pulses + 1) * period
    cell = Cell(card, initial_conductance=start)
    bench = Testbench(cell, Transient(stop, max_step=parameters.width), {"bl": train}, probes=("conductance",))
    waves = simulate(bench, engine)
    middles = (np.arange(parameters.pulses + 1) + 0.4) * period
    conductance: FloatArray = np.interp(middles, waves.time, waves["conductance"])
    return conductance


def worst_error(table: pd.DataFrame) -> float:
    """Return the largest distance of the simulated conductance from Eq. (10), relative to the window."""
    window = table["ltd_rule"].max() - table["ltp_rule"].min()
    return float(max((table[n] - table[f"{n}_rule"]).abs().max() for n in ("ltp", "ltd")) / window)


def _nonlinearity(kind: str) -> Callable[[pd.DataFrame], float]:
    def measure(table: pd.DataFrame) -> float:
        return float(getattr(PulseExponential().nonlinearity(len(table) - 1), kind))

    return measure


def plot_curves(table: pd.DataFrame, path: Path) -> None:
    """Draw both curves against the pulse number."""
    from rramcirc.figures.tables import plot_curves as draw

    pulses = table["pulse"].to_numpy()
    shown = {
        "Fouda2020, Eq. (10): potentiation": (pulses, table["ltp_rule"] * 1e9),
        "Fouda2020, Eq. (10): depression": (pulses, table["ltd_rule"] * 1e9),
        "potentiation, simulated": (pulses[::3], table["ltp"][::3] * 1e9),
        "depression, simulated": (pulses[::3], table["ltd"][::3] * 1e9),
    }
    simulated = ("potentiation, simulated", "depression, simulated")
    draw(shown, path, x="pulse number", y="conductance [nS]", markers_only=simulated)


SEARCHED = "N was searched on it, and no other number"
EXPERIMENT = Experiment(
    name="fouda2020-curves",
    paper="Fouda2020",
    figure="Fig. 4(a)",
    claim="conductance nears its bounds exponentially with the pulse number, faster in depression",
    parameters=CurveParameters(),
    quick=CurveParameters(),
    run=curves,
    plot=plot_curves,
    expected=(
        Expected(
            "error of the simulated device", worst_error,
            "1", None, 1e-3, "Eq. (10)", "published", "Sec. IV", "own levels",
            "the device was written for Eq. (10); fails if model, compiler or simulator gets it wrong",
        ),
        Expected(
            "PANL", _nonlinearity("panl"), "1", 0.315, 0.325, "0.32", "published", "Sec. IV", "searched", SEARCHED
        ),
        Expected(
            "DANL", _nonlinearity("danl"), "1", 0.445, 0.455, "0.45", "published", "Sec. IV", "independent",
            "N was searched on PANL and hardly enters DANL, which the other published numbers must give",
        ),
        Expected(
            "ANL", _nonlinearity("anl"), "1", 0.765, 0.775, "0.77", "published", "Sec. IV", "cannot fail",
            "the sum of PANL and DANL",
        ),
    ),
    fitted=("pulses",),
)  # fmt: skip
