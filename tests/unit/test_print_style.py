"""Figures as journals print them: column widths, formats, embedded fonts, what was simulated above them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import rramcirc as rc
from rramcirc.cli.main import rramcirc as command
from rramcirc.figures.style import print_style
from rramcirc.studies.study import StudyResult

TIME = np.linspace(0, 1e-6, 50)
WAVES = rc.Waveforms(
    "time", "s", TIME,
    {"v(bl)": TIME * 1e6, "v(wl)": np.full(50, 1.1), "i(bl)": TIME * 50, "resistance": 10 ** (3 + 3e6 * TIME)},
    {"v(bl)": "V", "v(wl)": "V", "i(bl)": "A", "resistance": "ohm"},
    provenance={"circuit": "1T1R cell, hfo2_filament", "cards": ["hfo2_filament", "nmos_select"], "engine": "ngspice",
                "engine_version": "ngspice-46", "temperature_K": 300.15},
)  # fmt: skip


@pytest.mark.parametrize("width", [85, 170])
def test_columns_of_a_journal_have_their_width_and_letters_that_can_be_read(width: int, tmp_path: Path) -> None:
    with rc.printed(width=width):
        figure = rc.plot(WAVES, path=tmp_path / "f.pdf")
    assert figure.get_figwidth() * 25.4 == pytest.approx(width)
    texts = [text for ax in figure.axes for text in (*ax.get_xticklabels(), *ax.get_yticklabels(), ax.yaxis.label)]
    assert all(6 <= text.get_fontsize() <= 10 for text in texts)
    assert b"/FontFile2" in (tmp_path / "f.pdf").read_bytes(), "fonts are in the file"
    assert b"/Type3" not in (tmp_path / "f.pdf").read_bytes(), "journals refuse Type 3"


@pytest.mark.parametrize("width", [85, 170, None])
def test_legends_and_titles_cover_nothing_and_lie_on_the_figure(width: int | None) -> None:
    with rc.printed(width=width):
        figure = rc.plot(WAVES)
        figure.draw_without_rendering()
        whole = figure.bbox
        for ax in figure.axes:
            inside, legend = ax.get_window_extent(), ax.get_legend().get_window_extent()
            assert not inside.shrunk(0.98, 0.98).overlaps(legend)
            assert whole.x0 <= legend.x0
            assert legend.x1 <= whole.x1 + 1
        title = figure._suptitle.get_window_extent()
        assert whole.x0 <= title.x0 < title.x1 <= whole.x1
        assert not any(ax.get_window_extent().overlaps(title) for ax in figure.axes)


def test_the_title_tells_circuit_card_gate_and_engine() -> None:
    assert rc.plot(WAVES).get_suptitle() == "1T1R cell, hfo2_filament\nnmos_select, gate 1.1 V, ngspice-46, 300.15 K"
    assert rc.plot(WAVES, title="mine").get_suptitle() == "mine"


def test_a_logarithmic_axis_has_prefixes() -> None:
    figure = rc.plot(WAVES, ["resistance"])
    figure.draw_without_rendering()
    assert {"1 k", "10 k", "100 k", "1 M"} <= {text.get_text() for text in figure.axes[0].get_yticklabels()}


@pytest.mark.parametrize("suffix", [".pdf", ".svg", ".png"])
def test_a_format_holds_for_all_figures_of_a_block(suffix: str, tmp_path: Path) -> None:
    study = StudyResult(
        "own", pd.DataFrame({"x": [1.0]}), lambda path: rc.plot(WAVES, path=path), "own.png", {},
    )  # fmt: skip
    with rc.printed(suffix=suffix), rc.printed(width=85):
        assert study.save(tmp_path) == [tmp_path / f"own{suffix}"]
    assert [path.name for path in tmp_path.iterdir()] == [f"own{suffix}"]
    assert print_style().width is None
    assert print_style().suffix is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [({"width": 8.5}, "85 .one column. to 170"), ({"width": "x"}, "width"), ({"suffix": "pdf"}, r"Nearest: \.pdf")],
)
def test_what_no_journal_has_is_refused(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(rc.ParameterError, match=told), rc.printed(**arguments):
        pass


def test_commands_take_width_and_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`inspect --plot`, `study`, `sweep`; what one command is told does not hold for the next."""
    monkeypatch.chdir(tmp_path)
    WAVES.save("w.raw")
    run = CliRunner().invoke
    assert run(command, ["inspect", "w.raw", "--plot", "w.svg", "--width", "85"]).exit_code == 0
    width = float(Path("w.svg").read_text().split('width="')[1].split("pt")[0])
    assert width / 72 * 25.4 == pytest.approx(85, abs=0.1)
    done = run(command, ["study", "ir-drop", "--rows", "4", "--figures", "pdf", "--width", "170", "-o", "drop"])
    assert done.exit_code == 0, done.output
    assert Path("drop/ir-drop.pdf").read_bytes().startswith(b"%PDF")
    assert not Path("drop/ir-drop.png").exists()
    assert print_style().suffix is None
    wrong = run(command, ["inspect", "w.raw", "--plot", "w.svg", "--width", "8 cm"])
    assert wrong.exit_code
