"""Analyses: what each says of itself."""

from __future__ import annotations

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.bench.analyses import ANALYSES
from rramcirc.bench.analysis_record import AnalysisRecord

EXAMPLES = {
    "op": rc.OperatingPoint(),
    "sweep": rc.DcSweep("bl", 0.0, 1.0, 3),
    "transient": rc.Transient(1e-6),
    "ac": rc.Ac("bl", 1.0, 1e6),
    "noise": rc.Noise("sl", "bl", 1.0, 1e6),
    "vectors": rc.VectorSweep({"bl": [0.1, 0.2]}),
}
WORDS = [name for name in vars(AnalysisRecord) | AnalysisRecord.__annotations__ if not name.startswith("_")]


def said(name: str) -> dict[str, object]:
    """What an analysis says that is not the default."""
    found = {word: getattr(EXAMPLES[name], word) for word in WORDS}
    return {word: value for word, value in found.items() if value is not None and value is not False and len_of(value)}


def len_of(value: object) -> bool:
    return bool(len(value)) if hasattr(value, "__len__") else True


def test_every_analysis_has_its_example() -> None:
    assert {type(analysis) for analysis in EXAMPLES.values()} == set(ANALYSES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_analysis_says_all_that_is_asked(name: str) -> None:
    analysis = EXAMPLES[name]
    assert [word for word in WORDS if not hasattr(analysis, word)] == []
    assert analysis.kind in ("op", "dc", "tran", "ac", "noise")
    assert analysis.axis is not None or analysis.grid is not None
    assert set(analysis.line_levels) <= {line for _, line in analysis.line_fields}
    assert {analysis.swept_line, analysis.signal_line, analysis.voltage_line} <= {
        None,
        *(line for _, line in analysis.line_fields),
    }


def test_each_says_what_is_its_own() -> None:
    own = {name: set(said(name)) - {"kind", "plot_name", "axis"} for name in EXAMPLES}
    assert own == {
        "op": {"grid"},
        "sweep": {"grid", "line_fields", "swept_line", "voltage_line"},
        "transient": {"last_time", "largest_step"},
        "ac": {"small_signal", "line_fields", "signal_line", "voltage_line"},
        "noise": {"small_signal", "line_fields", "signal_line", "output_node"},
        "vectors": {"grid", "line_fields", "line_levels"},
    }


def test_grids_are_the_points_of_the_axis() -> None:
    np.testing.assert_array_equal(EXAMPLES["sweep"].grid, [0.0, 0.5, 1.0])
    np.testing.assert_array_equal(EXAMPLES["vectors"].grid, [0.0, 1.0])
    np.testing.assert_array_equal(EXAMPLES["op"].grid, [0.0])


def test_the_largest_step_is_a_fiftieth_of_the_time_unless_it_is_given() -> None:
    assert rc.Transient(1e-6).largest_step == 1e-6 / 50
    assert rc.Transient(1e-6, max_step=1e-9).largest_step == 1e-9


@pytest.mark.parametrize("name", ["op", "sweep", "transient", "ac", "noise"])
def test_waveforms_have_the_axis_that_the_analysis_says(name: str) -> None:
    analysis = EXAMPLES[name]
    waves = rc.simulate(rc.Testbench(rc.Cell("hfo2_filament", "nmos_select"), analysis))
    axis = analysis.axis
    assert waves.provenance["plots"][0]["name"].startswith(analysis.plot_name)
    if axis is not None:
        assert axis.name in (waves.axis_name, f"v({waves.axis_name})")
        assert waves.axis_unit == axis.unit
