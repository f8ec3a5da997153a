"""Reconstruction with fewer and fewer long connections.   [Zoppo2019, Fig. 3]

Cutting the K outer diagonals leaves N^2 - K (K + 1) synapses, N fewer without self-connections. "Trained": the network
learns with the synapses that are left; "cut": it learns with all of them and loses the rest afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rramcirc.analysis.counts import Count
from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.zoppo2019.reconstruction import Setup

if TYPE_CHECKING:
    import pandas as pd

    from rramcirc.basics.arrays import FloatArray
    from rramcirc.sweeps.record import RunRecord


@dataclass(frozen=True)
class LocalityParameters(Setup):
    """Cuts and corruptions."""

    probabilities: tuple[float, ...] = field(
        default=(0.1, 0.15, 0.2, 0.25), metadata={"status": "published", "where": "Fig. 3"}
    )
    cuts: int = field(default=30, metadata={"status": "assumed", "desc": "number of values of K, from 0 to N - 2"})
    scale: float = field(
        default=0.5,
        metadata={
            "status": "fitted",
            "desc": "recall input over the corrupted pattern; with 1, p = 0.2 stays below 0.9",
        },
    )
    afterwards: bool = field(default=True, metadata={"status": "assumed", "desc": "also cut after learning"})

    @property
    def values(self) -> tuple[int, ...]:
        """K"""
        most = self.size**2 - 2
        return tuple(int(k) for k in np.unique(np.linspace(0, most, self.cuts).round()))


def locality_table(parameters: LocalityParameters, engine: str, record: RunRecord) -> pd.DataFrame:
    """Return accuracy by way of cutting, K and probability of corruption: synapses, share, hits, trials, accuracy."""
    import pandas as pd

    images = {p: parameters.corrupted(p) for p in parameters.probabilities}
    full: list[FloatArray] = []
    rows: list[dict[str, Any]] = []
    for way in ("trained", "cut") if parameters.afterwards else ("trained",):
        for cut in parameters.values:
            found = record.piece(f"{way}, K = {cut}", partial(_hits, parameters, way, cut, images, full))
            rows += [_row(parameters, way, cut, p, hits) for p, hits in zip(images, found["hits"], strict=True)]
    table = pd.DataFrame(rows)
    table.attrs["units"] = {}
    return table


def _hits(
    parameters: LocalityParameters, way: str, cut: int, images: dict[float, tuple[FloatArray, FloatArray]],
    full: list[FloatArray],
) -> dict[str, list[int]]:  # fmt: skip
    """Return how many corrupted images are reconstructed, for each probability."""
    if way == "trained":
        weights = parameters.trained(parameters.seed, cut)
    else:
        if not full:
            full.append(parameters.trained(parameters.seed))
        weights = full[0] * replace(parameters.training, cut=cut).mask(len(full[0]))
    found = (
        parameters.near(parameters.settled(weights, parameters.scale * x, threads=2), t) for x, t in images.values()
    )
    return {"hits": [int(near.sum()) for near in found]}


def _row(parameters: LocalityParameters, way: str, cut: int, probability: float, hits: int) -> dict[str, Any]:
    mask = replace(parameters.training, cut=cut).mask(parameters.size**2)
    whole = replace(parameters.training, cut=0).mask(parameters.size**2)
    trials = len(parameters.patterns) * parameters.count
    return {
        "way": way, "cut": cut, "synapses": int(mask.sum()), "share": float(mask.sum() / whole.sum()),
        "probability": probability, "hits": hits, "trials": trials, "accuracy": hits / trials,
    }  # fmt: skip


def least_share(probability: float, way: str = "trained", above: float = 0.9) -> Callable[[pd.DataFrame], float]:
    """Return a measure: the least share of the synapses down to which, without a gap, accuracy is above 90 %."""

    def measure(table: pd.DataFrame) -> float:
        rows = table[(table["way"] == way) & np.isclose(table["probability"], probability)].sort_values("cut")
        below = np.flatnonzero(rows["accuracy"].to_numpy() <= above)
        kept = rows["share"].to_numpy()[: below[0] if below.size else None]
        return float(kept[-1]) if kept.size else float("nan")

    return measure


def remarks(table: pd.DataFrame) -> list[str]:
    """Return the shares down to which accuracy is above 90 %, and the counts of the full network."""
    lines = []
    for p in dict.fromkeys(table["probability"]):
        full = table[(table["cut"] == 0) & (table["way"] == "trained") & (table["probability"] == p)].iloc[0]
        shares = ", ".join(f"{way} {least_share(p, way)(table):.2f}" for way in dict.fromkeys(table["way"]))
        count = Count(int(full["hits"]), int(full["trials"]))
        lines.append(f"p = {p:g}: all synapses {count}; above 0.9 down to this share of the synapses: {shares}")
    return lines


def draw_locality(table: pd.DataFrame, path: Path) -> None:
    """Draw accuracy against the share of the synapses, a curve for each probability, as the paper does."""
    from rramcirc.figures.style import COLOURS, drawn

    with drawn(path, 3.6) as figure:
        ax = figure.subplots()
        for k, p in enumerate(dict.fromkeys(table["probability"])):
            for way, style in (("trained", "-"), ("cut", ":")):
                rows = table[(table["way"] == way) & (table["probability"] == p)].sort_values("share")
                if rows.empty:
                    continue
                label = f"p = {p:g}" if way == "trained" else None
                low, high = np.array(
                    [Count(int(h), int(n)).interval() for h, n in rows[["hits", "trials"]].to_numpy()]
                ).T
                ax.fill_between(rows["share"], low, high, color=COLOURS[k], alpha=0.25, linewidth=0)
                ax.plot(rows["share"], rows["accuracy"], color=COLOURS[k], linestyle=style, label=label)
        ax.plot([], [], color="0.4", linestyle=":", label="cut after learning")
        ax.axhline(0.9, color="0.6", linewidth=0.8)
        ax.set_xlabel("synapses left over all synapses")
        ax.set_ylabel("share of corrupted images reconstructed")
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1.02)
        ax.legend(loc="lower right")


def _reaches(probability: float, most: float, said: str, deviation: str = "") -> Expected:
    """Return the row of one curve."""
    return Expected(
        f"share of synapses down to which accuracy > 0.9, p = {probability:g}", least_share(probability), "1", None,
        most, said, "assumed", "Fig. 3", "searched", "the recall input was chosen on these curves, of I and I/2",
        deviation,
    )  # fmt: skip


EXPERIMENT = Experiment(
    name="zoppo2019-locality",
    paper="Zoppo2019",
    figure="Fig. 3",
    claim="accuracy stays above 90 % even when many of the long connections are cut",
    parameters=LocalityParameters(),
    quick=LocalityParameters(count=20, cuts=10, afterwards=False),
    quick_note="10 values of K in place of 30, none cut after learning",
    run=locality_table,
    plot=draw_locality,
    expected=(
        _reaches(0.1, 0.5, "a large amount of global connections cut"),
        _reaches(0.15, 0.7, "a large amount"),
        _reaches(0.2, 0.9, "higher than 90 %", "with all synapses these glyphs reach 0.86 (0.82 with input I)"),
        _reaches(0.25, 1.0, "higher than 90 %", "with all synapses these glyphs reach 0.66 (0.52 with input I)"),
    ),
    engines=("network",),
    remarks=remarks,
    resumable=True,
)  # fmt: skip
