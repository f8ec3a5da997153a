"""The 16 patterns to be learnt are correlated.   [Zoppo2019, Fig. 2]"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.analysis.counts import counted
from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.zoppo2019.associative import hebbian_weights, recalled
from rramcirc.papers.zoppo2019.glyphs import CHARACTERS, correlations
from rramcirc.papers.zoppo2019.reconstruction import Setup

if TYPE_CHECKING:
    import pandas as pd


def pattern_table(parameters: Setup, engine: str) -> pd.DataFrame:
    """Return one row per pattern: its correlation with each pattern, and whether Hebb's rule keeps it."""
    import pandas as pd

    patterns = parameters.patterns
    names = CHARACTERS if len(patterns) == len(CHARACTERS) else [str(k) for k in range(len(patterns))]
    matrix = correlations(patterns)
    table = pd.DataFrame(matrix, columns=[f"r_{name}" for name in names])
    table.insert(0, "pattern", list(names))
    table["pixels"] = (patterns > 0).sum(axis=1)
    others = matrix - np.eye(len(matrix))
    table["largest"], table["mean"] = others.max(axis=1), np.abs(others).sum(axis=1) / (len(matrix) - 1)
    table["kept_by_hebb"] = (recalled(hebbian_weights(patterns), patterns) == patterns).all(axis=1)
    table.attrs["units"] = {}
    table.attrs["images"] = patterns.reshape(len(patterns), parameters.size, parameters.size)
    return table


def draw_patterns(table: pd.DataFrame, path: Path) -> None:
    """Draw the patterns above their correlation matrix, as the paper does."""
    from rramcirc.figures.style import drawn

    images = table.attrs["images"]
    names = list(table["pattern"])
    with drawn(path, 6.2) as figure:
        above, below = np.ravel(np.asarray(figure.subfigures(2, 1, height_ratios=(1, 2.2)), object))
        grid = above.add_gridspec(2, 8)
        for k, image in enumerate(images[:16]):
            ax = above.add_subplot(grid[k // 8, k % 8])
            ax.imshow(-image, cmap="gray", interpolation="nearest")
            ax.set_axis_off()
        ax = below.subplots()
        matrix = table[[f"r_{name}" for name in names]].to_numpy()
        shown = ax.imshow(matrix, vmin=-1, vmax=1, cmap="RdBu_r", interpolation="nearest")
        ax.set_xticks(range(len(names)), names)
        ax.set_yticks(range(len(names)), names)
        ax.tick_params(length=0, which="both", top=False, right=False)
        ax.grid(visible=False)
        below.colorbar(shown, ax=ax, label="Pearson correlation coefficient")


EXPERIMENT = Experiment(
    name="zoppo2019-patterns",
    paper="Zoppo2019",
    figure="Fig. 2",
    claim="the 16 patterns are correlated, so that Hebb's rule does not hold them although they are fewer than 0.14 N",
    parameters=Setup(),
    quick=Setup(),
    run=pattern_table,
    plot=draw_patterns,
    expected=(
        Expected("load, patterns over N", lambda t: len(t) / t.attrs["images"][0].size, "1", None, 0.14,
                 "capacity of about 0.14 N", "published", "Sec. IV", "cannot fail",
                 "16 patterns and the size were given"),
        Expected("mean |r| of two patterns", lambda t: float(t["mean"].mean()), "1", 0.2, None,
                 "correlated; matrix as a picture", "assumed", "Fig. 2", "independent",
                 "the glyphs were drawn without looking at their correlation"),
        Expected("share of the patterns that Hebb's rule keeps", lambda t: counted(t["kept_by_hebb"]), "1", None, 0.5,
                 "capacity falls if patterns are correlated", "assumed", "Sec. IV", "independent",
                 "glyphs far apart would be kept"),
    ),
    engines=("network",),
)  # fmt: skip
