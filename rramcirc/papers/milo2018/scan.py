"""Search for parameters of the 64-neuron network that meet Figs. 5 and 6 at once.   [Milo2018, Figs. 5, 6]

Set D was found with `scan_sets`: gain, leak, rate and charge of the cues drawn at random, recall times of Fig. 5 first,
then the probabilities of Fig. 6. Sets with strong synapses and short leaks (A) recall in the right times but their map
is soft; sets with weak synapses (C) are steep but slow at 4 cues. In between, with a leak of 80 to 130 ms and few,
strong external spikes per cue (15 to 20 Hz, 0.4 to 0.5 of the threshold), both are met.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.engines.network.network import draw_synapses, with_patterns
from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.milo2018.completion import CASES
from rramcirc.papers.milo2018.recall import recall_patterns
from rramcirc.papers.milo2018.sets import NEURONS, PATTERNS, SET_NAMES, MiloSet, load_set, milo_network

if TYPE_CHECKING:
    import pandas as pd

POINTS = ((6, 3), (12, 6), (9, 6))  # of Fig. 6
RANGES = {"p_6_3": (0.9, 1.0), "p_12_6": (0.55, 0.95), "p_9_6": (0.55, 0.95)}  # assumed readings of Fig. 6
DRAWN = "drawn"


@dataclass(frozen=True)
class ScanParameters:
    """Ranges that are drawn from, logarithmic except for the charge."""

    base: str = "D"
    gain: tuple[float, float] = field(default=(0.15, 0.9), metadata={"desc": "k", "units": "1"})
    time_constant: tuple[float, float] = field(default=(20e-3, 140e-3), metadata={"units": "s"})
    rate: tuple[float, float] = field(default=(12.0, 200.0), metadata={"units": "Hz"})
    drive: tuple[float, float] = field(default=(0.3, 1.1), metadata={"desc": "charge x rate x leak", "units": "1"})
    largest_charge: float = field(default=0.6, metadata={"desc": "of an external spike over C V_th", "units": "1"})
    draws: int = 500
    runs: int = field(default=300, metadata={"desc": "per case"})
    seed: int = 1


def drawn_set(parameters: ScanParameters, rng: np.random.Generator) -> MiloSet | None:
    """Return a set drawn at random; None if its external spikes are too large."""

    def between(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    gain, leak = between(*parameters.gain), between(*parameters.time_constant)
    rate = between(*parameters.rate)
    charge = between(*parameters.drive) / (rate * leak)
    if charge > parameters.largest_charge:
        return None
    base = load_set(parameters.base)
    return replace(base, gain=gain, time_constant=leak, recall_rate=rate, recall_charge=charge)


def scan_sets(parameters: ScanParameters, engine: str = "network") -> pd.DataFrame:
    """Return one row per drawn set, and per named one: parameters, recall times of Fig. 5 [s], P at points of Fig. 6.

    `error` is the largest relative deviation of a mean recall time from the paper's; NaN where fewer than 90 % of the
    runs recalled. Patterns are stored completely, on one chip.
    """
    import pandas as pd

    rng, rows = np.random.default_rng(parameters.seed), []
    for _ in range(parameters.draws):
        chosen = drawn_set(parameters, rng)
        if chosen is not None:
            rows.append({"set": DRAWN, **_figures(parameters, chosen)})
    rows += [{"set": name, **_figures(parameters, load_set(name))} for name in SET_NAMES]
    table = pd.DataFrame(rows)
    table.attrs["units"] = {"time_constant": "s", "rate": "Hz"} | {f"t_{p}{n}": "s" for p, n, _ in CASES}
    return table


def _figures(parameters: ScanParameters, chosen: MiloSet) -> dict[str, float]:
    network = milo_network(chosen, NEURONS)
    chip = with_patterns(draw_synapses(network, 1), PATTERNS.values())
    row = {"gain": chosen.gain, "time_constant": chosen.time_constant, "rate": chosen.recall_rate}
    row |= {"charge": chosen.recall_charge}
    errors = []
    for pattern, cues, paper in CASES:
        counts = tuple(cues if pattern == known else 0 for known in PATTERNS)
        found = recall_patterns(chosen, counts, runs=parameters.runs, seed=(parameters.seed, 9), chips=[chip])
        row[f"t_{pattern}{cues}"] = found.mean_time if found.fraction >= 0.9 else np.nan
        errors.append(abs(row[f"t_{pattern}{cues}"] / paper - 1))
    for x, c in POINTS:
        found = recall_patterns(chosen, (x, c), runs=parameters.runs, seed=(parameters.seed, 9), chips=[chip])
        known = found.winner >= 0
        row[f"p_{x}_{c}"] = float((found.winner[known] == 0).mean()) if known.any() else np.nan
    return {**row, "error": float(np.max(errors))}  # NaN stays NaN


def meets_map(table: pd.DataFrame) -> pd.Series:
    """Return which sets have the three probabilities within their ranges."""
    return np.logical_and.reduce([table[name].between(*bounds) for name, bounds in RANGES.items()])


def smallest_error(table: pd.DataFrame, drawn: bool) -> float:
    """Return the smallest deviation from Fig. 5 of a set that meets Fig. 6: among the drawn ones, or of set D."""
    rows = table[meets_map(table) & (table["set"] == (DRAWN if drawn else "D"))]
    return float(rows["error"].min())


def draw_trade_off(table: pd.DataFrame, path: Path) -> None:
    """Draw P(6, 3) and the deviation from Fig. 5 against T(4 cues) / T(9 cues)."""
    from rramcirc.papers.milo2018.maps import draw_scan

    draw_scan(table, meets_map(table), path)


PARAMETERS = ScanParameters()
EXPERIMENT = Experiment(
    name="milo2018-scan",
    paper="Milo2018",
    figure="Figs. 5, 6",
    claim="one parameter set has the recall times of Fig. 5 and the steep map of Fig. 6",
    parameters=PARAMETERS,
    quick=replace(PARAMETERS, gain=(0.25, 0.45), time_constant=(40e-3, 130e-3), rate=(12.0, 70.0), draws=80, runs=150),
    run=scan_sets,
    plot=draw_trade_off,
    expected=(
        Expected(
            "best drawn set that meets Fig. 6: largest deviation from Fig. 5", lambda t: smallest_error(t, True),
            "1", None, 0.3, "four times, one map", "assumed", "Figs. 5, 6", "searched",
            "this is the search itself: that a set exists",
        ),
        Expected(
            "set D: largest deviation from Fig. 5", lambda t: smallest_error(t, False),
            "1", None, 0.3, "four times, one map", "assumed", "Figs. 5, 6", "searched",
            "set D was found by this search",
        ),
    ),
    engines=("network",),
)  # fmt: skip
