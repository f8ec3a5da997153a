"""What papers state stands in the pictures of their experiments, with its place; what is assumed never does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from rramcirc.basics.errors import ParameterError
from rramcirc.figures import style
from rramcirc.papers.fouda2020.variation import VariationParameters, plot_variation, variation
from rramcirc.papers.milo2018 import circuit_recall, completion
from rramcirc.papers.milo2018.maps import draw_recall_times
from rramcirc.papers.pedretti2018.iv import draw
from rramcirc.papers.reproduction import load_experiment
from rramcirc.papers.table import EXPERIMENTS
from rramcirc.studies.doors.device import iv


@pytest.fixture
def figures(monkeypatch):
    """The figures that are written, in order."""
    written = []
    monkeypatch.setattr(style, "save", lambda figure, path: written.append(figure))
    return written


def test_only_what_the_text_gives_is_stated():
    experiment = load_experiment("milo2018-completion")
    assert experiment.stated("recall of X from 9 cues, mean") == "Milo2018, Sec. IV B, Fig. 5: about 0.1 s"
    with pytest.raises(ParameterError, match="unknown quantity of"):
        experiment.stated("recall of X from 8 cues, mean")
    refused = 0
    for one in EXPERIMENTS.values():
        for row in one.expected:
            if row.bound == "assumed":
                with pytest.raises(ParameterError, match="assumed"):
                    one.stated(row.quantity)
                refused += 1
    assert refused > 30


def test_numbers_in_pictures_are_those_of_the_rows():
    rows = {row.quantity: row for row in load_experiment("milo2018-circuit-recall").expected}
    for cues, time in circuit_recall.STATED.items():
        row = rows[f"recall with {cues} cues, mean"]
        assert row.said == f"about {time:g} s"
        assert (row.low + row.high) / 2 == pytest.approx(time)
        assert ("X", cues, time) in completion.CASES


def test_a_loop_shows_the_current_of_the_paper(figures, tmp_path):
    v = np.concatenate([np.linspace(0, 2, 50), np.linspace(2, -1, 80), np.linspace(-1, 0, 30)])
    draw(pd.DataFrame({"voltage": v, "current": 2e-5 * v}), tmp_path / "a.png")
    ((logarithmic, linear),) = [figure.axes for figure in figures]
    stated = [line for line in logarithmic.lines if line.get_linestyle() == ":"]
    assert [(line.get_label(), line.get_ydata()[0]) for line in stated] == [("Pedretti2018, Fig. 2(a): < 50 uA", 50e-6)]
    assert sorted(line.get_ydata()[0] for line in linear.lines if line.get_linestyle() == ":") == [-50, 50]
    assert linear.get_ylim()[0] < -50 < 50 < linear.get_ylim()[1]


def test_bands_of_spread_are_around_the_bounds(figures, tmp_path):
    plot_variation(variation(VariationParameters(devices=8), ""), tmp_path / "a.png")
    (ax,) = figures[0].axes
    bands = {p.get_label(): p.get_extents().transformed(ax.transData.inverted()) for p in ax.patches}
    assert [label.split(":")[0] for label in bands] == ["Fouda2020, Sec. IV"] * 2
    (top, low) = [(band.y0, band.y1) for band in bands.values()]
    assert (top[1] - top[0]) / sum(top) == pytest.approx(0.01)
    assert (low[1] - low[0]) / sum(low) == pytest.approx(0.05)
    assert sum(top) / 2 > 10 * sum(low) / 2
    assert all(to_rgb(p.get_facecolor()) == to_rgb("0.82") for p in ax.patches)


def test_recall_times_show_the_stated_points(figures, tmp_path):
    rows = [("D", tau, cues, 1.0, 2.0 * tau / cues) for tau in (0.08, 0.12) for cues in range(4, 13)]
    table = pd.DataFrame(rows, columns=["set", "time_constant", "cues", "recalled", "mean_time"])
    draw_recall_times(table, tmp_path / "a.png", {9: 0.1, 5: 0.2})
    left = figures[0].axes[0]
    (points,) = [line for line in left.lines if line.get_label() == "Milo2018, Fig. 5"]
    assert list(zip(points.get_xdata(), points.get_ydata(), strict=True)) == [(9, 0.1), (5, 0.2)]


def test_a_study_s_loop_says_cell_gate_and_engine():
    made = iv("hfo2_filament", quick=True).table.attrs["made"]
    assert made == "1T1R cell, hfo2_filament + nmos_select, gate 1.1 to 3 V, ngspice"
