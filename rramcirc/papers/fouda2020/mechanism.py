"""Why the gammas matter: where the steps of a device balance, and how large they are there.   [Fouda2020, Fig. 5]

A pair whose wanted changes have no preferred sign gets as many updates up as down. In the middle of the range a pulse
down moves this device ten times as far as one up, so conductances drift down until the steps balance. gamma_P > gamma_D
balances them higher up, but the step at balance, the noise of the trained weights, grows with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.engines.network.layer_devices import DeviceSpread, PulsedDevice, draw_pool
from rramcirc.engines.network.layer_rules import scaled
from rramcirc.engines.network.layer_writing import Pairs
from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.fouda2020.runs import settings
from rramcirc.papers.fouda2020.tables import GAMMAS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class MechanismParameters:
    """Random updates of many pairs from the middle of the range."""

    pairs: int = 4000
    updates: int = field(default=400, metadata={"desc": "of every device, up or down with equal chances"})
    seed: int = 1


def step_at_balance(device: PulsedDevice, gamma_p: int, gamma_d: int) -> float:
    """Return the step of one update at the conductance of balance, over the largest conductance."""
    return (1 - device.settled(gamma_p, gamma_d)) * float(-np.expm1(-device.alpha_p * gamma_p))


def mechanism(parameters: MechanismParameters, engine: str) -> pd.DataFrame:
    """Return one row per pair of gammas: steps, balance by the closed form, and mean and spread of random updates.

    Returns
    -------
    DataFrame
        gammas, up, down (steps in the middle of the range), balance, step (there), mean, spread (of the conductance
        after the updates), all over the largest conductance; ``attrs["walks"]``: mean after every update.
    """
    import pandas as pd

    device = PulsedDevice()
    middle = (1 + device.ratio) / 2
    rows, walks = [], {}
    for gamma_p, gamma_d in GAMMAS:
        rng = np.random.default_rng([parameters.seed, gamma_p, gamma_d])
        start = np.full(parameters.pairs, middle)
        pools = [draw_pool(device, DeviceSpread(), start, rng) for _ in range(2)]
        pairs = Pairs.of_pools(device, DeviceSpread(), *pools)
        walk = [middle]
        for update in range(parameters.updates):
            signs = np.where(rng.random(parameters.pairs) < 0.5, -1.0, 1.0).astype(np.float32)
            pairs.write(signs, scaled(gamma_p, gamma_d), update)
            walk.append(float((pairs.plus.conductance.mean() + pairs.minus.conductance.mean()) / 2))
        up, down = -np.expm1(-device.alpha_p * gamma_p), -np.expm1(-device.alpha_d * gamma_d)
        rows.append((
            f"({gamma_p},{gamma_d})", gamma_p + gamma_d, (1 - middle) * up, (middle - device.ratio) * down,
            device.settled(gamma_p, gamma_d), step_at_balance(device, gamma_p, gamma_d), walk[-1],
            float(np.std(pairs.plus.conductance)),
        ))  # fmt: skip
        walks[f"({gamma_p},{gamma_d})"] = np.array(walk)
    columns = ["gammas", "sum", "up", "down", "balance", "step", "mean", "spread"]
    table = pd.DataFrame(rows, columns=columns)
    table.attrs["units"] = {}
    table.attrs["walks"] = walks
    return table


def plot_mechanism(table: pd.DataFrame, path: Path) -> None:
    """Draw the steps against the conductance, the drift, and the step at balance."""
    from rramcirc.figures.style import COLOURS, drawn

    device = PulsedDevice()
    g = np.linspace(device.ratio, 1, 200)
    with drawn(path, 3.6) as figure:
        left, middle, right = figure.subplots(1, 3)
        for k, (gamma_p, gamma_d) in enumerate(((1, 1), (3, 1), (5, 1))):
            colour = COLOURS[k]
            left.plot(g, (1 - g) * -np.expm1(-device.alpha_p * gamma_p), color=colour, label=f"{gamma_p} up")
            balance = device.settled(gamma_p, gamma_d)
            left.plot([balance], [step_at_balance(device, gamma_p, gamma_d)], "o", color=colour, markersize=5)
        left.plot(g, (g - device.ratio) * -np.expm1(-device.alpha_d), color="0.3", linestyle="--", label="1 down")
        left.set_xlabel("conductance / largest")
        left.set_ylabel("size of a step")
        left.set_ylim(0, 0.2)
        left.set_title("steps, and where they balance")
        left.legend(loc="upper right")
        for k, (label, walk) in enumerate(table.attrs["walks"].items()):
            middle.plot(walk[:101], color=COLOURS[k], label=label)
            middle.axhline(float(table["balance"].iloc[k]), color=COLOURS[k], linewidth=0.6, linestyle=":")
        middle.set_xlabel("random updates")
        middle.set_ylabel("mean conductance / largest")
        middle.set_title("drift to the balance")
        middle.legend(ncols=2, loc="upper right")
        right.plot(table["balance"], table["step"], "o", color=COLOURS[0], markersize=4)
        for row in table.itertuples():
            place = {"(1,5)": (-10, 6), "(1,3)": (-4, -12), "(5,1)": (-14, 6)}.get(row.gammas, (4, 2))
            right.annotate(row.gammas, (row.balance, row.step), xytext=place, textcoords="offset points", fontsize=8)
        right.set_xlabel("conductance of balance")
        right.set_ylabel("step at balance")
        right.set_ylim(0, 0.1)
        right.set_xlim(0, 0.45)
        right.set_title("price of a higher balance")


def _row(table: pd.DataFrame, gammas: str) -> pd.Series:
    return table.set_index("gammas").loc[gammas]


EXPERIMENT = Experiment(
    name="fouda2020-mechanism",
    paper="Fouda2020",
    figure="Fig. 5",
    claim="unequal gammas balance the steps of an asymmetric device and lift the conductance where it rests",
    parameters=MechanismParameters(),
    quick=MechanismParameters(pairs=1000, updates=300),
    run=mechanism,
    plot=plot_mechanism,
    expected=(
        Expected(
            "step down over step up in the middle of the range", lambda t: float(t["down"].iloc[0] / t["up"].iloc[0]),
            "1", 2.0, None, "depression is steeper", "published", "Sec. III",
            "cannot fail", "follows from the published exponents",
        ),
        Expected(
            "largest distance of the drift's end from the balance",
            lambda t: float((t["mean"] - t["balance"]).abs().max()),
            "1", None, 0.02, "-", "assumed", "Eq. 10",
            "own levels", "drawn pulses against the closed form",
        ),
        Expected(
            "balance of (5,1) over that of (1,1)", lambda t: _row(t, "(5,1)")["balance"] / _row(t, "(1,1)")["balance"],
            "1", 1.5, None, "asymmetry needed", "assumed", "Sec. IV C",
            "cannot fail", "follows from the published exponents",
        ),
        Expected(
            "spread of (5,1) over that of (1,1) at rest",
            lambda t: _row(t, "(5,1)")["spread"] / _row(t, "(1,1)")["spread"],
            "1", None, 1.0, "better performance", "assumed", "Sec. IV C",
            "independent", "follows from the published exponents, and speaks against the paper",
            "the noise of (5,1) is three times that of (1,1): why it does not win once rates are tuned", True,
        ),
    ),
    engines=("closed form",),
    settings=settings,
    remarks=lambda t: [
        f"{r.gammas}: in the middle up {r.up:.4f}, down {r.down:.4f}; balance {r.balance:.3f}, step there "
        f"{r.step:.4f}; after random updates {r.mean:.3f} +- {r.spread:.3f}"
        for r in t.itertuples()
    ],
)  # fmt: skip
