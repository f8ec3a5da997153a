"""HRS rises with the stop voltage, LRS falls with the compliance; both spread log-normally.   [Pedretti2018, Fig. 2(b)]

Every cycle is a SET pulse, a read, a RESET pulse and a read of one 1T1R cell; activation energy and largest gap are
drawn anew for every half cycle, with the numbers of the card. The text gives the window (around 10x) and the form
(log-normal). The stop voltage is fitted to that window; the spread of the largest gap is fitted to the trend of other
papers, the spread of the activation energy is assumed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.bench.analyses import Transient
from rramcirc.bench.stimuli import pulse_sequence
from rramcirc.bench.testbench import CycleNoise, Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.devices.cards.card import load_card
from rramcirc.engines.simulation import simulate
from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.stated import added_to, stated_line

if TYPE_CHECKING:
    import pandas as pd

READ_VOLTAGE = 0.1  # [V]
SLOT = 1.5e-3  # [s] for each of SET, read, RESET, read
EDGE = 1e-5  # [s]


@dataclass(frozen=True)
class DistributionParameters:
    """SET and RESET cycles at several stop voltages and gate voltages."""

    card: str = "hfo2_filament"
    selector: str = "nmos_select"
    stop_voltages: tuple[float, ...] = field(default=(0.85, 0.9, 0.95, 1.0), metadata={"units": "V"})
    gate_voltages: tuple[float, ...] = field(default=(1.05, 1.15, 1.25), metadata={"units": "V"})
    set_voltage: float = field(default=2.0, metadata={"units": "V"})
    width: float = field(default=1e-3, metadata={"units": "s"})
    cycles: int = 1000
    seed: int = 1


def distributions(parameters: DistributionParameters, engine: str) -> pd.DataFrame:
    """Return one row per cycle: stop_voltage [V], gate_voltage [V], lrs [ohm], hrs [ohm].

    The stop voltage varies at the first gate voltage, the gate voltage at the middle stop voltage.
    """
    import pandas as pd

    middle = parameters.stop_voltages[len(parameters.stop_voltages) // 2]
    corners = [(stop, parameters.gate_voltages[0]) for stop in parameters.stop_voltages]
    corners += [(middle, gate) for gate in parameters.gate_voltages[1:]]
    parts = []
    for k, (stop, gate) in enumerate(corners):
        lrs, hrs = _cycles(parameters, stop, gate, [parameters.seed, k], engine)
        part = pd.DataFrame({"stop_voltage": stop, "gate_voltage": gate, "lrs": lrs, "hrs": hrs})
        parts.append(part.iloc[1:])  # the first cycle starts from the card's state
    table = pd.concat(parts, ignore_index=True)
    table.attrs["units"] = {"stop_voltage": "V", "gate_voltage": "V", "lrs": "ohm", "hrs": "ohm"}
    return table


def _cycles(
    parameters: DistributionParameters, stop: float, gate: float, seed: list[int], engine: str
) -> tuple[FloatArray, FloatArray]:
    """Return (LRS, HRS) [ohm] after every SET and RESET."""
    count, period = parameters.cycles, 4 * SLOT
    starts = np.arange(count) * period + 1e-4
    card = load_card(parameters.card)
    # SET, read, RESET, read
    order = np.sort(np.concatenate([starts, starts + SLOT, starts + 3 * SLOT]))
    bl = pulse_sequence(
        order, parameters.width, np.tile([parameters.set_voltage, READ_VOLTAGE, READ_VOLTAGE], count), edge=EDGE
    )
    sl = pulse_sequence(starts + 2 * SLOT, parameters.width, stop, edge=EDGE)
    wl = pulse_sequence(starts - 5e-5, parameters.width + 1e-4, gate, edge=EDGE, base=3.0)
    halves = np.sort(np.concatenate([[0.0], starts[1:] - 8e-5, starts + 2 * SLOT - 8e-5]))
    bench = Testbench(
        Cell(card, load_card(parameters.selector)),
        Transient(count * period, max_step=SLOT),
        {"bl": bl, "sl": sl, "wl": wl},
        cycle_noise=CycleNoise(halves, int(np.random.default_rng(seed).integers(1 << 31)), edge=1e-6),
        probes=("conductance",),
    )
    waves = simulate(bench, engine)
    middle = 0.6 * parameters.width
    return tuple(1 / np.interp(starts + k * SLOT + middle, waves.time, waves["conductance"]) for k in (1, 3))


def median_ratio(table: pd.DataFrame) -> float:
    """Return the median window HRS / LRS at the middle stop voltage and the first gate voltage."""
    part = _corner(table)
    return float(part["hrs"].median() / part["lrs"].median())


def _corner(table: pd.DataFrame) -> pd.DataFrame:
    gate = table["gate_voltage"].min()
    stops = np.unique(table["stop_voltage"])
    return table[(table["stop_voltage"] == stops[len(stops) // 2]) & (table["gate_voltage"] == gate)]


def hrs_slope(table: pd.DataFrame) -> float:
    """Return the smallest step of log10 of the median HRS from one stop voltage to the next."""
    part = table[table["gate_voltage"] == table["gate_voltage"].min()]
    return float(np.diff(np.log10(part.groupby("stop_voltage")["hrs"].median())).min())


def lrs_slope(table: pd.DataFrame) -> float:
    """Return the largest step of log10 of the median LRS from one gate voltage to the next."""
    stops = np.unique(table["stop_voltage"])
    part = table[table["stop_voltage"] == stops[len(stops) // 2]]
    return float(np.diff(np.log10(part.groupby("gate_voltage")["lrs"].median())).max())


def lognormal_gain(table: pd.DataFrame) -> float:
    r"""Return the mean log-likelihood per cycle of HRS for a log-normal distribution over that for a normal one [1].

    Both with mean and deviation of the cycles: :math:`\ln(s_R / s_{\ln R}) - \overline{\ln R}`. LRS spreads by 2 %, too
    little to tell the two apart.
    """
    part = _corner(table)["hrs"].to_numpy()
    logs = np.log(part)
    return float(np.log(part.std() / logs.std()) - logs.mean())


def lognormal_distance(table: pd.DataFrame) -> float:
    """Return the largest distance of the distributions of ln R from normal ones [1], over LRS and HRS.

    The distance of Kolmogorov: of the cumulative shares, between a sample and the normal distribution of its mean and
    deviation. That of 1000 draws from a log-normal distribution is below 0.03 in 95 % of the cases, of 200 below 0.065.
    """
    from scipy.special import ndtr

    part = np.sort(np.log(_corner(table)[["lrs", "hrs"]].to_numpy()), axis=0)
    shares = ndtr((part - part.mean(axis=0)) / part.std(axis=0))
    steps = np.arange(len(part) + 1)[:, None] / len(part)
    return float(max((steps[1:] - shares).max(), (shares - steps[:-1]).max()))


def hrs_spreads(table: pd.DataFrame) -> FloatArray:
    """Return the standard deviation of ln HRS at every stop voltage, lowest first."""
    part = table[table["gate_voltage"] == table["gate_voltage"].min()]
    spreads = part.assign(hrs=np.log(part["hrs"])).groupby("stop_voltage")["hrs"].std()
    return np.asarray(spreads, float)


def spread_growth(table: pd.DataFrame) -> float:
    """Return the spread of ln HRS at the highest stop voltage over that at the lowest."""
    spreads = hrs_spreads(table)
    return float(spreads[-1] / spreads[0])


def plot_distributions(table: pd.DataFrame, path: Path) -> None:
    """Draw cumulative distributions of LRS and HRS on a normal-probability axis."""
    from rramcirc.figures.tables import plot_probability

    gate = table["gate_voltage"].min()
    curves = {}
    for stop, part in table[table["gate_voltage"] == gate].groupby("stop_voltage"):
        curves[f"HRS, V_stop {stop:g} V"] = part["hrs"].to_numpy()
    stops = np.unique(table["stop_voltage"])
    middle = table[table["stop_voltage"] == stops[len(stops) // 2]]
    for level, part in middle.groupby("gate_voltage"):
        curves[f"LRS, V_gate {level:g} V"] = part["lrs"].to_numpy()
    title = "Cycle-to-cycle distributions, 1T1R"
    figure = plot_probability(curves, None, quantity="resistance", unit="ohm", title=title)
    with added_to(figure, path):
        ax = figure.axes[0]
        label = EXPERIMENT.stated("median HRS / LRS") + f"\nof LRS, V_gate {gate:g} V"
        stated_line(ax, 10.0 * float(_corner(table)["lrs"].median()), label, along="x")
        ax.legend(loc="upper left", bbox_to_anchor=(1.005, 1.02), borderaxespad=0)


PARAMETERS = DistributionParameters()
EXPERIMENT = Experiment(
    name="pedretti2018-distributions",
    paper="Pedretti2018",
    figure="Fig. 2(b)",
    claim="log-normal LRS and HRS, window around 10x, HRS rises with the stop voltage",
    parameters=PARAMETERS,
    quick=replace(PARAMETERS, cycles=100),
    run=distributions,
    plot=plot_distributions,
    expected=(
        Expected(
            "median HRS / LRS", median_ratio, "1", 5.0, 20.0, "around 10x", "published", "Fig. 2(b)", "searched",
            "the stop voltage was searched on it",
        ),
        Expected(
            "smallest rise of HRS per 50 mV", hrs_slope,
            "decade", 0.0, None, "at increasing stop voltage", "assumed", "Fig. 2(b)", "independent",
            "fails where the RESET has come to its end, as it does beyond 1 V",
        ),
        Expected(
            "largest step of LRS with the gate", lrs_slope,
            "decade", None, 0.0, "falls", "assumed", "Fig. 2(b)", "independent",
            "fails where the gate no longer limits the SET",
        ),
        Expected(
            "log-likelihood per cycle of HRS, log-normal over normal", lognormal_gain,
            "1", 0.0, None, "log-normal", "published", "Sec. III, Fig. 2(b)", "independent",
            "the spread is drawn in the activation energy; that R is log-normal follows from the model, or does not",
            deviation="the gap of strong RESETs nears its end, which cuts the upper tail off: ln R is skewed",
        ),
        Expected(
            "distance of ln R from a normal distribution", lognormal_distance,
            "1", None, 0.1, "log-normal", "assumed", "Sec. III, Fig. 2(b)", "independent",
            "the bound was chosen before it was measured; fails for skewed or bounded distributions",
        ),
        Expected(
            "spread of ln HRS, 1.0 V over 0.85 V", spread_growth,
            "1", 1.0, None, "grows with HRS", "assumed", "other papers", "searched",
            "the card's spread of the largest gap was fitted to this trend; the first form of this row, that it grow "
            "at every 50 mV, said no (0.94) with 60 cycles",
        ),
    ),
    fitted=("stop_voltages", "gate_voltages"),
)  # fmt: skip
