"""Studies of arrays: against ngspice, against closed forms, and what must hold in any array."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rramcirc import simulate
from rramcirc.basics.errors import ParameterError
from rramcirc.studies.array.product import error_figures, max_size, mvm_error
from rramcirc.studies.array.reading import ir_drop, read_margin, read_stimuli, read_yield
from rramcirc.studies.array.setup import ReadArray, random_bits, states_of_bits, window_states

REFEREE = {"reltol": 1e-10, "vntol": 1e-14, "abstol": 1e-18}
SMALL = ReadArray(rows=6, columns=5, wire_resistance=20.0, driver_resistance=50.0)


@pytest.mark.parametrize("source_line", ["column", "row"])
def test_ir_drop_is_that_of_ngspice(source_line: str) -> None:
    setup = replace(SMALL, source_line=source_line)
    bench = setup.bench(setup.array(states_of_bits(setup.card, random_bits(setup, 3))))
    table = ir_drop(bench)
    probes = ("v(bl[*,*])", "v(sl[*,*])", "current[*,*]")
    waves = simulate(replace(bench, options=REFEREE, probes=probes))
    for row in table.itertuples():
        place = f"[{row.row},{row.column}]"
        volts = float(waves[f"v(bl{place})"][0] - waves[f"v(sl{place})"][0])
        assert row.cell_voltage == pytest.approx(volts, rel=1e-6, abs=0)
        assert row.current == pytest.approx(float(waves[f"current{place}"][0]), rel=1e-6, abs=0)
    assert np.all(table["loss"] > 0)


@pytest.mark.parametrize("scheme", ["floating", "grounded", "V/2"])
def test_read_of_a_cell_without_selector_is_that_of_ngspice(scheme: str) -> None:
    setup = replace(SMALL, selector="none", rows=5)
    table = read_margin(setup, [5], [scheme])
    window = window_states(setup.card)
    states = {name: np.full((5, 5), value) for name, value in window["LRS"].items()}
    bench = setup.bench(setup.array(states), read_stimuli(setup, 4, 4, scheme))
    sensed = -float(simulate(replace(bench, options=REFEREE, probes=("i(wl4)",)))["i(wl4)"][0])
    row = table[table["pattern"] == "LRS"].iloc[0]
    assert row["i_lrs"] == pytest.approx(sensed, rel=1e-6, abs=0)


def test_grounded_lines_end_sneak_paths_and_floating_ones_do_not() -> None:
    table = read_margin(replace(SMALL, selector="none", wire_resistance=0.0, driver_resistance=0.0), [8])
    sneak = table.groupby("scheme")["sneak"].max()
    assert abs(sneak["grounded"]) < 1e-9
    assert sneak["floating"] > 0.5
    margin = table.groupby("scheme")["margin"].first()
    assert margin["grounded"] > 0.9 > margin["floating"]


def test_products_without_wires_have_no_error_and_with_more_wire_more() -> None:
    errors = []
    for ohm in (0.0, 1.0, 10.0):
        setup = replace(SMALL, rows=12, columns=4, driver_resistance=0.0, wire_resistance=ohm)
        errors.append(error_figures(mvm_error(setup, patterns=4))["RMS error"][0])
    assert errors[0] == 0.0
    assert 0 < errors[1] < errors[2] < 1


def test_largest_array_is_the_last_within_the_limit() -> None:
    setup = replace(SMALL, wire_resistance=5.0, driver_resistance=0.0)
    table = max_size(setup, 0.05, largest=64)
    inside = table[table["error"] <= 0.05]
    assert table.attrs["max_size"] == inside["size"].max()
    assert np.all(np.diff(table["error"]) > 0)
    assert table.attrs["max_size"] + 1 in set(table["size"])


def test_yield_falls_when_wires_eat_the_current() -> None:
    good = read_yield(replace(SMALL, rows=8, columns=8), arrays=2)
    bad = read_yield(replace(SMALL, rows=8, columns=8, driver_resistance=1e6), arrays=2)
    assert good["wrong"].sum() == 0
    assert bad["wrong"].sum() > 0
    assert np.array_equal(good, read_yield(replace(SMALL, rows=8, columns=8), arrays=2)), "same seed, same arrays"


@pytest.mark.parametrize(
    ("field", "value"),
    [("rows", 0), ("columns", 2.5), ("wire_resistance", -1.0), ("read_voltage", 0.0), ("read_voltage", 9.0),
     ("gate_voltage", float("nan")), ("card", "no_such_card"), ("selector", "nmos_selec")],
)  # fmt: skip
def test_nonsense_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ParameterError, match=field if field not in ("card", "selector") else str(value)):
        _ = replace(SMALL, **{field: value}).cell
