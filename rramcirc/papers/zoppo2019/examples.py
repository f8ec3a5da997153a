"""Images before and after reconstruction, by each rule.   [Zoppo2019, Figs. 4 and 5]"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.zoppo2019.associative import hebbian_weights, recalled, storkey_weights
from rramcirc.papers.zoppo2019.glyphs import CHARACTERS
from rramcirc.papers.zoppo2019.reconstruction import Setup

if TYPE_CHECKING:
    import pandas as pd

ROWS = ("corrupted", "Hebb", "Storkey", "back-propagation", "target")


@dataclass(frozen=True)
class ExampleParameters(Setup):
    """Which images are shown: the first corrupted one of some patterns, whatever comes of it."""

    light: float = field(default=0.1, metadata={"status": "published", "where": "Fig. 5"})
    heavy: float = field(default=0.2, metadata={"status": "published", "where": "Fig. 4"})
    shown: tuple[int, ...] = field(default=(0, 3, 6, 9, 12, 15), metadata={"status": "assumed", "desc": "patterns"})


def example_table(parameters: ExampleParameters, engine: str) -> pd.DataFrame:
    """Return one row per image: probability, pattern, and whether each rule reconstructs it."""
    import pandas as pd

    patterns = parameters.patterns
    weights = parameters.trained(parameters.seed)
    rows, images = [], {}
    for probability in (parameters.light, parameters.heavy):
        given, targets = parameters.corrupted(probability)
        pick = np.array(parameters.shown) * parameters.count
        given, targets = given[pick], targets[pick]
        states = {
            "corrupted": given,
            "Hebb": recalled(hebbian_weights(patterns), given),
            "Storkey": recalled(storkey_weights(patterns), given),
            "back-propagation": parameters.settled(weights, given),
            "target": targets,
        }
        images[probability] = states
        for k, pattern in enumerate(parameters.shown):
            near = {name: bool(parameters.near(values, targets)[k]) for name, values in states.items()}
            rows.append({"probability": probability, "pattern": CHARACTERS[pattern], **near})
    table = pd.DataFrame(rows)
    table.attrs["units"] = {}
    table.attrs["images"], table.attrs["size"] = images, parameters.size
    return table


def draw_examples(table: pd.DataFrame, path: Path) -> None:
    """Draw the images, a column for each, Fig. 5 on the left and Fig. 4 on the right."""
    from rramcirc.figures.style import drawn

    size = table.attrs["size"]
    with drawn(path, 4.2) as figure:
        parts = figure.subfigures(1, len(table.attrs["images"]))
        for part, (probability, states) in zip(
            np.ravel(np.asarray(parts, object)), table.attrs["images"].items(), strict=True
        ):
            axes = part.subplots(len(ROWS), len(states["target"]))
            part.suptitle(f"p = {probability:g}", fontsize=9)
            for row, name in enumerate(ROWS):
                for k, image in enumerate(states[name]):
                    ax = axes[row, k]
                    ax.imshow(-image.reshape(size, size), cmap="gray", vmin=-1, vmax=1, interpolation="nearest")
                    ax.set_xticks([])
                    ax.set_yticks([])
                    if k == 0:
                        ax.set_ylabel(name.replace("-", "-\n"), fontsize=7, rotation=0, ha="right", va="center")


def _share(rule: str, heavy: bool) -> Callable[[pd.DataFrame], float]:
    def measure(table: pd.DataFrame) -> float:
        wanted = table["probability"].max() if heavy else table["probability"].min()
        return float(table.loc[table["probability"] == wanted, rule].mean())

    return measure


EXPERIMENT = Experiment(
    name="zoppo2019-examples",
    paper="Zoppo2019",
    figure="Figs. 4 and 5",
    claim="back-propagation removes the noise of images that the other rules do not restore",
    parameters=ExampleParameters(),
    quick=ExampleParameters(count=10),
    run=example_table,
    plot=draw_examples,
    expected=(
        Expected("share of six images, p = 0.1", _share("back-propagation", False), "1", 0.8, None,
                 "0.99, few exceptions", "assumed", "Fig. 5", "independent",
                 "the first image of each pattern, whatever came"),
        Expected("the same by Storkey's rule", _share("Storkey", False), "1", None, 0.7, "most are not", "assumed",
                 "Fig. 5", "independent", "nothing was tuned for this rule"),
        Expected("share of six images, p = 0.2", _share("back-propagation", True), "1", 0.5, None, "all of six",
                 "assumed", "Fig. 4", "independent", "the first image of each pattern, whatever came"),
    ),
    engines=("network",),
)  # fmt: skip
