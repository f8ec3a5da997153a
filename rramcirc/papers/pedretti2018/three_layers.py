"""The network that learns MNIST: three layers, two ways of learning.   [Pedretti2018, Fig. 11]"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rramcirc.papers.experiment import Expected, Experiment

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class LayerParameters:
    """Neurons of the three layers."""

    side: int = field(default=28, metadata={"status": "published", "where": "Sec. V", "desc": "pixels, 28 x 28 PREs"})
    posts: int = field(default=50_000, metadata={"status": "published", "where": "Sec. V"})
    classes: int = field(default=10, metadata={"status": "published", "where": "Sec. V"})


def layer_table(parameters: LayerParameters, engine: str) -> pd.DataFrame:
    """Return one row per layer: neurons, synapses before it, how these learn."""
    import pandas as pd

    counts = (parameters.side**2, parameters.posts, parameters.classes)
    names, learning = ("PREs", "POSTs", "classification"), ("-", "unsupervised, STDP", "supervised")
    before = (0, counts[0] * counts[1], counts[1] * counts[2])
    table = pd.DataFrame({"layer": names, "neurons": counts, "synapses": before, "learning": learning})
    table.attrs["units"] = {}
    return table


def draw_layers(table: pd.DataFrame, path: Path) -> None:
    """Draw first, second and last neuron of every layer, all synapses between these, and how each layer learns."""
    from rramcirc.figures.style import COLOURS, drawn

    counts = [int(n) for n in table["neurons"]]
    heights, titles = (1.0, 0.0, -1.9), ("1st layer: PREs", "2nd layer: POSTs", "3rd layer: classification")
    with drawn(path, 3.2) as figure:
        ax = figure.subplots()
        ax.set_axis_off()
        for k in range(2):
            for a in heights:
                for b in heights:
                    ax.plot([k, k + 1], [a, b], color=COLOURS[k], linewidth=0.8, zorder=1)
        for k, count in enumerate(counts):
            for y, number in zip(heights, ("1", "2", f"{count:,}"), strict=True):
                ax.text(k, y, number, ha="center", va="center", bbox={
                    "boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": "black", "linewidth": 0.8,
                })  # fmt: skip
            ax.text(k, -0.95, "\u22ee", ha="center", va="center", fontsize=14)
            ax.text(k, 1.75, titles[k], ha="center")
        for k in (1, 2):
            row = table.iloc[k]
            text = f"{int(row['synapses']):,} synapses\n{row['learning']}"
            ax.text(k - 0.5, -2.75, text, ha="center", va="center", color=COLOURS[k - 1])
        ax.text(0, -2.75, f"one PRE for each\nof {counts[0]} pixels", ha="center", va="center")
        ax.set_xlim(-0.35, 2.35)
        ax.set_ylim(-3.2, 2.1)


EXPERIMENT = Experiment(
    name="pedretti2018-layers",
    paper="Pedretti2018",
    figure="Fig. 11",
    claim="a perceptron of three layers: 28 x 28 PREs, 50,000 POSTs, 10 classification neurons",
    parameters=LayerParameters(),
    quick=LayerParameters(),
    run=layer_table,
    plot=draw_layers,
    expected=(
        Expected(
            "synapses of the unsupervised layer, millions", lambda t: t["synapses"].iloc[1] / 1e6,
            "1", 39.2, 39.2, "28 x 28 PREs, 50,000 POSTs", "published", "Sec. V", "cannot fail",
            "a product of two published numbers; the picture is what this is for",
        ),
    ),
    engines=("closed form",),
)  # fmt: skip
