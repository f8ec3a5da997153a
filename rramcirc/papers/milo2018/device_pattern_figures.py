"""The picture of Figs. 4 to 6 of Milo 2018 with weights of the device level beside those of the pulse table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.figures.style import COLOURS, drawn
from rramcirc.papers.milo2018.completion import CASES
from rramcirc.papers.milo2018.sets import PATTERNS
from rramcirc.papers.stated import stated_line

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from rramcirc.engines.network.run import Recall


def draw_device_patterns(table: pd.DataFrame, path: Path) -> None:
    """Draw weights after training, times of recall and probabilities, for both kinds of weights."""
    chips, cases, maps = (table.attrs[name] for name in ("chips", "cases", "maps"))
    with drawn(path, 5.4) as figure:
        axes = figure.subplots(2, 3)
        top = 1e6 * max(float(found[0]["after"][0].max()) for found in chips.values())
        for k, (ax, (name, found)) in enumerate(zip(axes[0], chips.items(), strict=False)):
            weights = 1e6 * np.where(np.eye(len(found[0]["after"][0]), dtype=bool), np.nan, found[0]["after"][0])
            image = ax.imshow(weights, vmin=0.0, vmax=top, cmap="viridis", interpolation="nearest")
            _titled(ax, f"({'ab'[k]}) {name}", "POST neuron", "PRE neuron")
        bar = figure.colorbar(image, ax=axes[0, :2].tolist(), shrink=0.8, location="left")
        bar.set_label("excitatory G after X and C [µS]")
        _draw_times(axes[0, 2], cases)
        for k, (ax, (name, share)) in enumerate(zip(axes[1], maps.items(), strict=False)):
            image = ax.imshow(share, vmin=0.0, vmax=1.0, cmap="viridis", origin="lower", interpolation="nearest")
            _titled(ax, f"({'de'[k]}) P(X), {name}", "C cues", "X cues")
        bar = figure.colorbar(image, ax=axes[1, :2].tolist(), shrink=0.8, location="left")
        bar.set_label("P(X recalled)")
        first, second = maps.values()
        image = axes[1, 2].imshow(
            first - second, vmin=-0.1, vmax=0.1, cmap="RdBu", origin="lower", interpolation="nearest"
        )
        _titled(axes[1, 2], "(f) difference of P", "C cues", "X cues")
        figure.colorbar(image, ax=axes[1, 2], shrink=0.8)


def _titled(ax: Axes, title: str, across: str, down: str) -> None:
    ax.set(title=title, xlabel=across, ylabel=down)
    ax.grid(False)
    ax.minorticks_off()
    ax.locator_params(integer=True)


def _draw_times(ax: Axes, cases: dict[str, list[Recall]]) -> None:
    """Draw which share of the runs has recalled by a time: lines the device level, dashes the pulse table."""
    for found, style in zip(cases.values(), ("-", "--"), strict=True):
        for k, ((pattern, cues, _), one) in enumerate(zip(CASES, found, strict=True)):
            times = np.sort(one.time[one.winner == list(PATTERNS).index(pattern)])
            share = np.arange(1, times.size + 1) / one.winner.size
            label = f"{pattern}, {cues} cues" if style == "-" else None
            ax.plot(1e3 * times, share, style, color=COLOURS[k], lw=1.2, label=label)
    for k, (_, _, time) in enumerate(CASES):
        stated_line(ax, 1e3 * time, "Fig. 5(c, f)" if k == 0 else None, along="x", color=COLOURS[k])
    ax.set(title="(c) lines: (a), dashes: (b)", xlabel="time [ms]", ylabel="share of runs recalled")
    ax.set(xlim=(0, 1000), ylim=(0, 1.02))
    ax.set_box_aspect(1)
    ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1.02), fontsize="small", handlelength=1.2, borderaxespad=0)
