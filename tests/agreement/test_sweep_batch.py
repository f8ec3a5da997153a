"""Cells of a sweep that are solved together, against the same cells one by one and in the engine numpy."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pytest

import rramcirc as rc

CARD = {"design.rram_parameters": "card"}
MEASURE = ("final(gap)", "final(diameter)", "at(i(bl), 1u)")
WRITE = rc.Testbench(
    rc.Cell("hfo2_filament", "nmos_select"),
    rc.Transient(1.1e-6),
    {"bl": rc.Pulse(1.3, 1e-6, 1e-8, 1e-8, 1e-8), "wl": rc.Constant(1.1)},
)
RESET = rc.Testbench(
    rc.Cell("hfo2_filament", "nmos_select", initial_conductance=1e-4),
    rc.Transient(3e-6),
    {
        "sl": rc.Pulse(1.0, 1e-6, 1e-8, 1e-8, 1e-8),
        "wl": rc.Constant(3.0),
        "bl": rc.Pulse(0.1, 1e-6, 1.5e-6, 1e-8, 1e-8),
    },
)
ONE_R = rc.Testbench(rc.Cell("hfox_gap_jiang2016"), rc.Transient(1.1e-6), {"bl": rc.Pulse(1.2, 1e-6, 1e-8, 1e-8, 1e-8)})


def batch(bench: rc.Testbench, measure: Sequence[str] = MEASURE, **arguments: object) -> rc.SweepResult:
    """Solve cells together."""
    return rc.sweep(bench, engine="numpy", batch=True, measure=measure, **arguments)


def one_by_one(bench: rc.Testbench, found: rc.SweepResult, run: int, paths: Sequence[str]) -> rc.SweepResult:
    """Solve one cell of a batch alone, from the values in its row."""
    row = found.table.iloc[run]
    return batch(bench, found.measured, rows={path: [float(row[path])] for path in paths})


def drawn(found: rc.SweepResult) -> list[str]:
    """Return the columns of drawn device parameters."""
    return [name for name in found.table if name.startswith("design.rram_parameters.")]


def test_a_batch_is_its_cells_one_by_one_to_the_last_bit() -> None:
    """100 of 500; chunks, neighbours and place in the batch do not count."""
    found = batch(WRITE, draws=CARD, count=500, seed=3)
    assert found.counts == {"ok": 500}
    assert len(drawn(found)) == 3
    for run in range(0, 500, 5):
        alone = one_by_one(WRITE, found, run, drawn(found)).table.iloc[0]
        assert [alone[name] for name in MEASURE] == [found.table[name].iloc[run] for name in MEASURE]
    assert found.units["final(gap)"] == "nm"
    assert found.units["at(i(bl), 1u)"] == "A"


@pytest.mark.parametrize(
    ("bench", "measure", "scales"),
    [
        (WRITE, MEASURE, (1.2, 6.0, 5e-5)),
        (RESET, ("final(gap)", "final(diameter)", "at(i(bl), 2u)"), (1.2, 6.0, 1e-5)),
    ],
    ids=["set", "reset"],
)
def test_a_batch_agrees_with_the_engine_numpy(
    bench: rc.Testbench, measure: Sequence[str], scales: Sequence[float]
) -> None:
    """2e-3 of the range of the state and of the current: the engine's own steps err by up to 1e-3 where a state runs
    away, and it has the capacitances of device and transistor (1 fF), which a batch leaves out.
    """
    found = batch(bench, measure, draws=CARD, count=8, seed=5)
    alone = rc.sweep(bench, engine="numpy", measure=measure, draws=CARD, count=8, seed=5, jobs=0)
    assert list(found.table["seed"]) == list(alone.table["seed"])
    for name, scale in zip(measure, scales, strict=True):
        difference = np.abs(found.table[name] - alone.table[name]).max()
        assert difference < 2e-3 * scale, name
    assert np.ptp(found.table[measure[0]]) > 1e-5  # devices that differ


def test_a_cell_without_transistor_and_its_states_in_a_batch() -> None:
    states = {"design.initial_state.gap": "uniform(0.8, 1.5)"}
    found = batch(ONE_R, ("final(gap)", "final(gap) - at(gap, 0)"), draws=states, count=6)
    alone = rc.sweep(ONE_R, engine="numpy", measure=["final(gap)"], draws=states, count=6, jobs=0)
    assert np.allclose(found.table["final(gap)"], alone.table["final(gap)"], atol=2e-3)
    moved = found.table["final(gap)"] - found.table["design.initial_state.gap"]
    assert np.allclose(found.table["final(gap) - at(gap, 0)"], moved, atol=1e-12)
    assert moved.min() < -0.01


def test_amplitudes_and_temperatures_make_groups_in_their_order() -> None:
    grid = {"stimuli.bl.amplitude": [1.0, 1.3, 1.6], "temperature": [300.15, 330.0]}
    found = batch(WRITE, grid=grid, draws=CARD, count=3)
    assert list(found.table["run"]) == list(range(18))
    other = rc.sweep(WRITE, engine="numpy", measure=MEASURE, grid=grid, draws=CARD, count=3, jobs=0)
    assert np.allclose(found.table["final(gap)"], other.table["final(gap)"], atol=2.4e-3)
    assert found.table["digest"].is_unique


def test_a_value_that_cannot_be_stops_no_other_in_its_batch() -> None:
    values = [0.0, 0.01, 5.0, -0.01, float(2**10)]
    found = batch(WRITE, rows={"design.rram_parameters.ea_delta": values})
    assert list(found.table["status"]) == ["ok", "ok", "bad input", "ok", "bad input"]
    assert "ea_delta" in found.table["reason"].iloc[2]
    assert found.table["final(gap)"].notna().tolist() == [True, True, False, True, False]


@pytest.mark.parametrize(
    ("bench", "arguments", "told"),
    [
        (WRITE, {"measure": ["max(i(bl))"]}, "max needs whole waveforms"),
        (WRITE, {"engine": "ngspice"}, "engine='numpy'"),
        (WRITE, {"jobs": 2}, "runs in this process"),
        (
            rc.Testbench(rc.Crossbar(rc.Cell("hfo2_filament", "nmos_select"), 2, 2), rc.Transient(1e-6)),
            {"measure": ["final(gap[0,0])"]}, "Crossbar",
        ),
        (rc.Testbench(rc.Cell("hfo2_filament", "nmos_select"), rc.OperatingPoint()), {}, "needed is a transient"),
        (rc.with_settings(WRITE, ["stimuli.bulk.type=constant", "stimuli.bulk.value=-1"]), {}, "bulk must be at 0 V"),
        (rc.with_settings(WRITE, ["stimuli.bl.unit=A"]), {}, "bl needs a voltage"),
        (
            rc.Testbench(
                rc.Cell("hfo2_filament", "nmos_select"), rc.Transient(1e-6),
                {"bl": rc.Pulse(1.0, 5e-7), "sl": rc.Pulse(1.0, 5e-7, 2e-7)},
            ),
            {}, "source line must stand still",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_solved_together_is_refused(
    bench: rc.Testbench, arguments: dict[str, object], told: str
) -> None:
    with pytest.raises(rc.ParameterError, match=told):
        rc.sweep(
            bench, **{"engine": "numpy", "batch": True, "measure": ["final(gap)"], **arguments}, draws=CARD, count=2
        )


@pytest.mark.long
def test_100_000_cells_are_solved_within_a_minute_of_one_core() -> None:
    """In processor time: the machine may have other things to do."""
    began = time.process_time()
    found = batch(WRITE, draws=CARD, count=100_000, seed=3)
    assert time.process_time() - began < 60.0
    assert found.counts == {"ok": 100_000}
    for run in range(0, 100_000, 1000):
        alone = one_by_one(WRITE, found, run, drawn(found)).table.iloc[0]
        assert [alone[name] for name in MEASURE] == [found.table[name].iloc[run] for name in MEASURE]
