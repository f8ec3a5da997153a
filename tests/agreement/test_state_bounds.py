"""States and their bounds: declared once in the Verilog-A file, returned to from far outside in every engine."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.devices.cards.card import card_names
from rramcirc.devices.veriloga.library import find_module, library

BOUNDED = sorted(name for name in card_names() if rc.load_card(name).states and name != "plastic_zoppo2019")
AWAY = 10.0  # ranges
RETURN_TIME = 1e-6  # [s]; the headers of the models state it


def far_card(name: str, folder: Path) -> rc.ModelCard:
    """Return a card whose model takes any initial state."""
    card = rc.load_card(name)
    assert card.declaration is not None
    text, changed = re.subn(
        r"(parameter real \w+_ini = [^;]*?) from [\[(][^;]*;", r"\1;", card.declaration.path.read_text()
    )
    assert changed == len(card.states)
    source = folder / card.declaration.path.name
    source.write_text(text)
    module = find_module(source)
    return replace(card, declaration=module, module=module.name)


@pytest.mark.parametrize("module", [n for n in library() if n.startswith("rram_")])
def test_every_state_of_the_library_declares_its_bounds(module):
    declared = find_module(module)
    for state in declared.states:
        bounds = declared.bounds(state, declared.defaults)
        assert bounds is not None, f"{module}: {state} says no lower and upper bound"
        assert bounds[0] < bounds[1]


@pytest.mark.parametrize("name", BOUNDED)
def test_card_puts_its_states_inside_their_bounds(name):
    card = rc.load_card(name)
    for state, bounds in card.state_bounds().items():
        assert bounds is not None
        low, high = bounds
        start = float(card.value(f"{state}_ini"))
        assert low - 1e-12 <= start <= high + 1e-12, f"{state}_ini = {start} is outside {low} ... {high}"


def test_bounds_of_every_device_follow_its_own_parameters():
    card = rc.load_card("tiox_fouda2020")
    (bounds,) = card.state_bounds({"g_max_factor": np.array([[1.0, 2.0]])}).values()
    assert bounds is not None
    np.testing.assert_allclose(bounds[1], float(card.value("g_max")) * np.array([[1.0, 2.0]]))
    assert np.ndim(bounds[0]) == 0


def test_a_file_that_says_no_bounds_has_unknown_ones(tmp_path):
    source = tmp_path / "plain.va"
    text = find_module("rram_gap").path.read_text().replace(', lower="gap_min", upper="gap_max"', "")
    source.write_text(text.replace("rram_gap(", "rram_plain("))
    module = find_module(source)
    assert module.bounds("gap", module.defaults) is None


@pytest.mark.parametrize("engine", ["ngspice", "numpy", "vacask"])
@pytest.mark.parametrize("side", [-1, 1], ids=["below", "above"])
@pytest.mark.parametrize("name", BOUNDED)
def test_state_returns_from_far_outside_within_a_microsecond(name, side, engine, tmp_path):
    """Whether nothing drives it, or a voltage pushes it outwards."""
    card = far_card(name, tmp_path)
    start = {}
    for state, bounds in card.state_bounds().items():
        assert bounds is not None
        low, high = bounds
        start[state] = low - AWAY * (high - low) if side < 0 else high + AWAY * (high - low)
    cell = rc.Cell(card, initial_state=start)
    for volt in (0.0, 0.5, -0.5):
        bench = rc.Testbench(cell, rc.Transient(RETURN_TIME, max_step=RETURN_TIME / 50), {"bl": rc.Constant(volt)})
        waves = rc.simulate(bench, engine)
        for state, bounds in card.state_bounds().items():
            low, high = bounds
            margin = 0.01 * (high - low)
            assert waves[state][0] == pytest.approx(start[state], rel=1e-6)
            assert low - margin <= waves[state][-1] <= high + margin, f"{state} at {volt} V"


@pytest.mark.parametrize("name", BOUNDED)
def test_inside_its_bounds_and_on_them_nothing_returns(name):
    """A state that nothing drives rests exactly where it is."""
    card = rc.load_card(name)
    for place in (0.0, 0.5, 1.0):
        start = {}
        for state, bounds in card.state_bounds().items():
            assert bounds is not None
            low, high = bounds
            start[state] = low + place * (high - low)
        bench = rc.Testbench(rc.Cell(card, initial_state=start), rc.Transient(1e-3), {"bl": rc.Constant(0.0)})
        waves = rc.simulate(bench)
        for state, value in start.items():
            np.testing.assert_allclose(waves[state], value, rtol=1e-12, atol=1e-13)
