"""Conductance against pulse number, and what rules make of a wanted change.   [Fouda2020, Fig. 2, Eqs. 6, 7, 11 to 14]

Many pairs of equal devices are written once by every rule with stochastic rounding; compared is the mean change of G+
with the wanted one, whatever the size of a pulse. Pulses are whole: where the rules of Eqs. 11 and 12 want part of one,
stochastic rounding gives the right number in the mean, but not the right change: 1 - (1 - e^-alpha)/alpha is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.engines.network.layer_devices import DeviceSpread, PulsedDevice, draw_pool
from rramcirc.engines.network.layer_rules import RULES, moved
from rramcirc.engines.network.layer_writing import Pairs
from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.fouda2020.runs import BASELINE, settings

if TYPE_CHECKING:
    import pandas as pd

NAMES = ("linear", "nearest", "naive", "cancelled", "linearised")


@dataclass(frozen=True)
class UpdatesParameters:
    """Wanted changes, written into many devices that start in the middle of the range."""

    devices: int = 100_000
    wanted: tuple[float, ...] = field(
        default=(-0.02, -0.01, -0.004, -0.001, 0.001, 0.004, 0.01, 0.02),
        metadata={"desc": "change of G+ over the largest conductance"},
    )
    seed: int = 1


def updates(parameters: UpdatesParameters, engine: str) -> pd.DataFrame:
    """Return rule, wanted and mean change, and its standard error, over the largest conductance."""
    import pandas as pd

    rows = []
    for name in NAMES:
        device = BASELINE if name in ("linear", "nearest") else PulsedDevice()
        for k, wanted in enumerate(parameters.wanted):
            rng = np.random.default_rng([parameters.seed, k])
            middle = np.full(parameters.devices, (1 + device.ratio) / 2)
            pools = [draw_pool(device, DeviceSpread(), middle, rng) for _ in range(2)]
            pairs = Pairs.of_pools(device, DeviceSpread(), *pools)
            before = pairs.plus.conductance.copy()
            pairs.write(np.full(middle.size, wanted, np.float32), RULES[name], parameters.seed * 1000 + k)
            change = (pairs.plus.conductance - before).astype(np.float64)
            rows.append((name, wanted, change.mean(), change.std() / np.sqrt(change.size)))
    table = pd.DataFrame(rows, columns=["rule", "wanted", "change", "standard_error"])
    table.attrs["units"] = {}
    return table


def bias(table: pd.DataFrame, name: str) -> float:
    """Return the largest error of the mean change of a rule, relative to the wanted one."""
    rows = table[table["rule"] == name]
    return float(((rows["change"] - rows["wanted"]) / rows["wanted"]).abs().max())


def full_scale(law_pulses: int) -> float:
    """Return how far a linear device gets by its N pulses from the bottom, over its range."""
    pool = draw_pool(BASELINE, DeviceSpread(), np.array([BASELINE.ratio]), np.random.default_rng(0))
    return float((moved(BASELINE, pool, np.array([law_pulses]))[0] - BASELINE.ratio) / BASELINE.window)


def plot_updates(table: pd.DataFrame, path: Path) -> None:
    """Draw (left) conductance against pulses, linear and real, and (right) mean against wanted change."""
    from rramcirc.figures.style import COLOURS, drawn

    pulses = np.arange(101)
    with drawn(path, 3.4) as figure:
        left, right = figure.subplots(1, 2)
        for k, (device, label) in enumerate(((BASELINE, "linear, K = 1/20, N = 100"), (PulsedDevice(), "Mo/TiOx/TiN"))):
            for start, sign, dashes in ((device.ratio, 1, "-"), (1.0, -1, "--")):
                pool = draw_pool(device, DeviceSpread(), np.full(101, start), np.random.default_rng(0))
                left.plot(pulses, moved(device, pool, sign * pulses), color=COLOURS[k], linestyle=dashes,
                          label=label if sign > 0 else None)  # fmt: skip
        left.set_xlabel("pulses, up (line) and down (dashed)")
        left.set_ylabel("conductance / largest")
        left.legend(loc="lower right", bbox_to_anchor=(1.0, 0.06))
        for k, name in enumerate(NAMES):
            rows = table[table["rule"] == name]
            right.plot(1e3 * rows["wanted"], 1e3 * rows["change"], "os^vD"[k], color=COLOURS[k], fillstyle="none",
                       label=name)  # fmt: skip
        ends = [1e3 * table["wanted"].min(), 1e3 * table["wanted"].max()]
        right.plot(ends, ends, color="0.4", linestyle=":", linewidth=1)
        right.set_ylim(-100, 60)
        right.set_xlabel("wanted change [1e-3 of the largest]")
        right.set_ylabel("mean change [1e-3 of the largest]")
        right.legend(loc="lower right")


EXPERIMENT = Experiment(
    name="fouda2020-updates",
    paper="Fouda2020",
    figure="Fig. 2",
    claim="pulses in proportion to the wanted change are right for a linear device only",
    parameters=UpdatesParameters(),
    quick=UpdatesParameters(devices=40_000),
    run=updates,
    plot=plot_updates,
    expected=(
        Expected(
            "range of a linear device after N pulses", lambda t: full_scale(BASELINE.levels),
            "1", 1 - 1e-6, 1 + 1e-6, "N fully potentiates", "published", "Eq. 6",
            "cannot fail", "the linear device is defined by it",
        ),
        Expected(
            "bias of stochastic rounding, linear device", lambda t: bias(t, "linear"),
            "1", None, 0.1, "unbiased", "published", "Sec. II C",
            "cannot fail", "stochastic rounding is unbiased by definition; what is left is the number of devices",
        ),
        Expected(
            "bias of rounding to the nearest, linear device", lambda t: bias(t, "nearest"),
            "1", 0.9, None, "fails to learn", "published", "Sec. II C",
            "independent", "fails if the wanted changes exceed half a pulse",
        ),
        Expected(
            "bias of naive pulses", lambda t: bias(t, "naive"),
            "1", 1.0, None, "asymmetric", "assumed", "Sec. IV A",
            "independent", "fails for a device whose pulses move it as a linear one",
        ),
        Expected(
            "bias of cancelled over that of naive pulses", lambda t: bias(t, "cancelled") / bias(t, "naive"),
            "1", None, 0.1, "cancelled", "assumed", "Sec. IV A",
            "independent", "whole pulses are too coarse for an exact change; it could have been as bad",
        ),
        Expected(
            "bias of cancelled pulses", lambda t: bias(t, "cancelled"),
            "1", None, 0.01, "exactly like the rule", "published", "Sec. IV A",
            "independent", "fails if part of a pulse is wanted and drawn",
            "stochastic rounding of part of a pulse: 1 - (1 - e^-alpha)/alpha is missing, 16 % in depression", True,
        ),
    ),
    engines=("closed form",),
    settings=settings,
    remarks=lambda t: [f"{name}: bias {bias(t, name):.3g} of the wanted change" for name in NAMES],
)  # fmt: skip
