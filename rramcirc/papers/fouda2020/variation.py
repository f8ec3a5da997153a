"""Potentiation and depression of many TiOx devices that differ.   [Fouda2020, Fig. 4(b)]

Exponents and bounds are drawn from normal distributions; the paper's "tolerance (variance/mean)" is read as standard
deviation over mean. Draws of a device beyond four standard deviations are drawn again, and exponents stay positive.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.devices.pulses.exponential import PulseExponential
from rramcirc.papers.experiment import Expected, Experiment

if TYPE_CHECKING:
    import pandas as pd

LIMIT = 4.0  # [standard deviations]; keeps a 25 % exponent from changing sign but for 1 in 30,000 draws


@dataclass(frozen=True)
class VariationParameters:
    """Devices with spread, programmed up and down once."""

    devices: int = 1000
    pulses: int = field(default=94, metadata={"desc": "pulses per polarity, as in Fig. 4(a)"})
    sigma_alpha: float = field(default=0.25, metadata={"units": "1", "where": "Sec. IV"})
    sigma_g_max: float = field(default=0.01, metadata={"units": "1", "where": "Sec. IV"})
    sigma_g_min: float = field(default=0.05, metadata={"units": "1", "where": "Sec. IV"})
    seed: int = 1


def variation(parameters: VariationParameters, engine: str) -> pd.DataFrame:
    """Return conductance against pulse number for every device: device, pulse, conductance [S] (up, then down)."""
    import pandas as pd

    rng = np.random.default_rng(parameters.seed)
    nominal = PulseExponential()
    sigmas = {"alpha_p": parameters.sigma_alpha, "alpha_d": parameters.sigma_alpha}
    sigmas |= {"g_max": parameters.sigma_g_max, "g_min": parameters.sigma_g_min}
    parts = []
    for k in range(parameters.devices):
        device = replace(nominal, **{name: getattr(nominal, name) * _factor(rng, s) for name, s in sigmas.items()})
        low = device.g_min + (float(nominal.potentiated(0)) - nominal.g_min)
        numbers = np.arange(parameters.pulses + 1)
        up = low + device.potentiation_change(low, numbers)
        down = up[-1] + device.depression_change(up[-1], numbers[1:])
        conductance = np.concatenate([up, down])
        parts.append(pd.DataFrame({"device": k, "pulse": np.arange(conductance.size), "conductance": conductance}))
    table = pd.concat(parts, ignore_index=True)
    table.attrs["units"] = {"conductance": "S"}
    return table


def _factor(rng: np.random.Generator, sigma: float) -> float:
    """A normal draw around 1 within the limit and above zero."""
    while True:
        z = float(rng.standard_normal())
        if abs(z) <= LIMIT and 1 + sigma * z > 0.01:
            return 1 + sigma * z


def monotone_share(table: pd.DataFrame) -> float:
    """Return the share of devices whose conductance rises with every up pulse and falls with every down pulse."""
    half = (table["pulse"].max() + 1) // 2
    steps = table.pivot(index="device", columns="pulse", values="conductance").diff(axis=1).to_numpy()
    rounding = 1e-12 * table["conductance"].max()  # saturated devices stand still
    up, down = steps[:, 1 : half + 1] > -rounding, steps[:, half + 1 :] < rounding
    return float(np.mean(np.all(up, axis=1) & np.all(down, axis=1)))


def top_spread(table: pd.DataFrame) -> float:
    """Return standard deviation over mean of the conductance after the last up pulse."""
    top = table[table["pulse"] == (table["pulse"].max() + 1) // 2]["conductance"]
    return float(top.std() / top.mean())


def plot_variation(table: pd.DataFrame, path: Path) -> None:
    """Draw the first devices' conductance against the pulse number."""
    from rramcirc.figures.tables import plot_curves

    shown = {}
    for device, part in table[table["device"] < 8].groupby("device"):
        shown[f"device {device}"] = (part["pulse"].to_numpy(), part["conductance"].to_numpy() * 1e9)
    plot_curves(shown, path, x="pulse number (up, then down)", y="conductance [nS]")


PARAMETERS = VariationParameters()
EXPERIMENT = Experiment(
    name="fouda2020-variation",
    paper="Fouda2020",
    figure="Fig. 4(b)",
    claim="with 25 % spread of the exponents every device still moves monotonically",
    parameters=PARAMETERS,
    quick=replace(PARAMETERS, devices=100),
    run=variation,
    plot=plot_variation,
    expected=(
        Expected(
            "devices that move monotonically", monotone_share, "1", 1.0, None, "monotonic", "published", "Sec. IV"
        ),
        Expected("spread of the top conductance", top_spread, "1", 0.01, 0.06, "1 % of G_max", "assumed", "Fig. 4(b)"),
    ),
    engines=("closed form",),
)
