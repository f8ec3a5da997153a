"""Initial states from conductances."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rramcirc.basics.errors import ParameterError
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.compiled.conductance import READ_VOLTAGE, states_for_conductance
from rramcirc.devices.compiled.reading import read_current

FILAMENT = load_card("hfo2_filament")
MOST, LEAST = 4.0238e-4, 3.0987e-6  # [S], of the nominal device, from (1)-(3) of rram_filament at 0.1 V

GAP = """
`include "disciplines.vams"
module rram_toy_gap(te, be);
  inout te, be; electrical te, be, gap_s;
  (* type="instance", desc="gap at the start", units="nm" *) parameter real gap_ini = 1.0 from [0.2:1.7);
  (* type="instance", desc="sign of the slope", units="1" *) parameter real slope = 1.0 from [-1:1];
  BOUNDS
  (* desc="gap", units="nm" *) real gap;
  analog begin
    gap = gap_ini + V(gap_s);
    I(te, be) <+ 1e-3 * exp(-slope * gap / 0.25) * V(te, be);
    I(gap_s) <+ ddt(V(gap_s));
    I(gap_s) <+ V(gap_s);
  end
endmodule
"""
BOUNDS = """
  (* desc="smallest gap", units="nm" *) parameter real gap_min = 0.4 from [0:20];
  (* desc="largest gap", units="nm" *) parameter real gap_max = 1.2 from [0:20];
"""
CARD = 'name = "toy"\nmodule = "rram_toy_gap.va"\ntitle = "a toy"\n'


def toy(folder: Path, bounds: str = "", lines: str = "", module: str = GAP) -> ModelCard:
    (folder / "rram_toy_gap.va").write_text(module.replace("BOUNDS", bounds))
    (folder / "toy.toml").write_text(CARD + lines)
    return load_card(folder / "toy.toml")


def read(card: ModelCard, states: dict, parameters: dict | None = None) -> np.ndarray:
    return read_current(card, states, READ_VOLTAGE, parameters) / READ_VOLTAGE


# round trip -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5), (2, 3, 4)])
def test_states_have_the_conductance_asked_for_and_its_shape(shape: tuple[int, ...]) -> None:
    wanted = np.exp(np.random.default_rng(1).uniform(np.log(LEAST * 1.01), np.log(MOST * 0.99), shape))
    states = states_for_conductance(FILAMENT, wanted)
    assert set(states) == {"diameter", "gap"}
    assert all(value.shape == shape for value in states.values())
    np.testing.assert_allclose(read(FILAMENT, states), wanted, rtol=1e-9)


def test_each_device_is_solved_with_its_own_parameters() -> None:
    rng = np.random.default_rng(2)
    wanted = np.exp(rng.uniform(np.log(5e-6), np.log(3e-4), (8, 6)))
    spread = {"rho_factor": rng.uniform(0.8, 1.2, (8, 6)), "gap_resistance_factor": 0.9}
    states = states_for_conductance(FILAMENT, wanted, spread)
    np.testing.assert_allclose(read(FILAMENT, states, spread), wanted, rtol=1e-9)
    one = {"rho_factor": spread["rho_factor"][3, 2], "gap_resistance_factor": 0.9}
    alone = states_for_conductance(FILAMENT, wanted[3, 2], one)
    assert alone["gap"] == pytest.approx(states["gap"][3, 2], abs=1e-12)


def test_one_conductance_for_devices_with_spread_has_their_shape() -> None:
    spread = {"rho_factor": np.array([[0.9, 1.0, 1.1]])}
    states = states_for_conductance(FILAMENT, 1e-4, spread)
    assert states["diameter"].shape == (1, 3)
    np.testing.assert_allclose(read(FILAMENT, states, spread), 1e-4, rtol=1e-9)


def test_ends_of_the_path_are_the_corners_of_the_states() -> None:
    nominal = read(FILAMENT, {"diameter": [6.0, 0.8], "gap": [0.0, 1.2]})
    assert nominal == pytest.approx([MOST, LEAST], rel=1e-4)
    states = states_for_conductance(FILAMENT, nominal)
    assert states["diameter"].tolist() == [6.0, 0.8]
    assert states["gap"].tolist() == [0.0, 1.2]


def test_path_of_the_filament_goes_through_the_initial_state_of_the_card() -> None:
    states = states_for_conductance(FILAMENT, read(FILAMENT, {}))
    assert float(states["diameter"]) == pytest.approx(FILAMENT.value("diameter_ini"), abs=1e-9)
    assert float(states["gap"]) == pytest.approx(FILAMENT.value("gap_ini"), abs=1e-9)


def test_lrs_has_no_gap_and_less_conductance_never_a_thicker_filament() -> None:
    states = states_for_conductance(FILAMENT, np.geomspace(MOST * 0.999, LEAST * 1.001, 200))
    assert (states["gap"][:55] == 0).all()
    assert (np.diff(states["gap"]) >= 0).all()
    assert (np.diff(states["diameter"]) <= 0).all()


def test_bound_named_in_the_path_follows_the_card() -> None:
    wider = FILAMENT.with_values({"diameter_max": 8.0})
    states = states_for_conductance(wider, 6e-4)  # out of reach of 6 nm
    assert 6.0 < float(states["diameter"]) < 8.0


def test_temperature_of_the_read_is_used() -> None:
    card = load_card("hfo2_filament")
    hot = states_for_conductance(card, 1e-5, temperature=350.0)
    np.testing.assert_allclose(read_current(card, hot, READ_VOLTAGE, temperature=350.0) / READ_VOLTAGE, 1e-5, rtol=1e-9)


# models with one state ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slope", [1.0, -1.0])
def test_one_state_without_a_path_runs_over_its_declared_range(tmp_path: Path, slope: float) -> None:
    card = toy(tmp_path)
    gap = np.array([0.2, 0.9, 1.699])
    states = states_for_conductance(card, 1e-3 * np.exp(-slope * gap / 0.25), {"slope": slope})
    np.testing.assert_allclose(states["gap"], gap, rtol=1e-12)


def test_bounds_of_the_state_go_before_the_range_of_its_initial_value(tmp_path: Path) -> None:
    card = toy(tmp_path, BOUNDS)
    states = states_for_conductance(card, 1e-3 * np.exp(-0.8 / 0.25))
    assert float(states["gap"]) == pytest.approx(0.8, rel=1e-12)
    with pytest.raises(ParameterError, match="out of reach"):
        states_for_conductance(card, 1e-3 * np.exp(-0.3 / 0.25))


def test_path_of_the_card_goes_before_both(tmp_path: Path) -> None:
    card = toy(tmp_path, BOUNDS, "conductance_path = [{gap = 0.2}, {gap = 'gap_max'}]\n")
    states = states_for_conductance(card, 1e-3 * np.exp(-0.3 / 0.25))
    assert float(states["gap"]) == pytest.approx(0.3, rel=1e-12)


def test_range_without_end_needs_a_path(tmp_path: Path) -> None:
    card = toy(tmp_path, module=GAP.replace("from [0.2:1.7)", "from [0.2:inf)"))
    with pytest.raises(ParameterError, match=r"range of gap_ini has no end.*conductance_path"):
        states_for_conductance(card, 1e-5)


def test_two_states_need_a_path() -> None:
    from dataclasses import replace

    with pytest.raises(ParameterError, match=r"has 2 states.*Write a conductance_path"):
        states_for_conductance(replace(FILAMENT, conductance_path=()), 1e-5)


@pytest.mark.parametrize(
    "path", ["[{gap = 1.2}, {gap = 0.4}]", "[{gap = 0.4}, {gap = 1.2}, {gap = 0.8}]", "[{gap = 0.4}, {gap = 0.4}]"]
)
def test_path_along_which_the_conductance_does_not_fall_is_refused(tmp_path: Path, path: str) -> None:
    card = toy(tmp_path, BOUNDS, f"conductance_path = {path}\n")
    with pytest.raises(ParameterError, match=r"card toy: the conductance does not fall.*after gap = "):
        states_for_conductance(card, 1e-5)


def test_path_with_a_jump_of_the_conductance_is_refused(tmp_path: Path) -> None:
    card = toy(tmp_path, BOUNDS, module=GAP.replace("-slope * gap / 0.25", "-slope * (gap + 5 * (gap > 0.9)) / 0.25"))
    states = states_for_conductance(card, 1e-3 * np.exp(-0.8 / 0.25))
    assert float(states["gap"]) == pytest.approx(0.8, rel=1e-12)
    with pytest.raises(ParameterError, match=r"no state on the path has a conductance of 1.\d+e-09 S"):
        states_for_conductance(card, 1e-3 * np.exp(-3.4 / 0.25))


def test_path_outside_the_declared_range_is_refused(tmp_path: Path) -> None:
    card = toy(tmp_path, BOUNDS, "conductance_path = [{gap = 0.4}, {gap = 3.0}]\n")
    with pytest.raises(ParameterError, match=r"gap_ini\[1\] = 3 nm is outside \[0.2:1.7\)"):
        states_for_conductance(card, 1e-5)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("7", r"write two or more points \[\{gap = 1.0\}, ...\]"),
        ("[{gap = 0.4}]", "write two or more points"),
        ("[{gap = 0.4}, {gaps = 1.0}]", "write two or more points"),
        ("[{gap = 0.4}, {gap = 'gap_maximum'}]", "unknown parameter 'gap_maximum'. Nearest: gap_max"),
        ("[{gap = 0.4}, {gap = nan}]", "nan is no finite number"),
    ],
)
def test_mistake_in_the_path_of_a_card_is_told_with_its_line(tmp_path: Path, path: str, told: str) -> None:
    with pytest.raises(ParameterError, match=f"line 4, conductance_path: .*{told}"):
        toy(tmp_path, BOUNDS, f"conductance_path = {path}\n")


def test_transistor_has_no_path(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="card nmos_select has no state"):
        states_for_conductance(load_card("nmos_select"), 1e-5)
    (tmp_path / "t.toml").write_text('name = "t"\nspice = "nmos"\ntitle = "t"\nconductance_path = [{a = 1}, {a = 2}]\n')
    with pytest.raises(ParameterError, match="needs a Verilog-A module with states"):
        load_card(tmp_path / "t.toml")


# out of reach, nonsense -----------------------------------------------------------------------------------------------


def test_conductance_out_of_reach_names_range_and_first_device() -> None:
    with pytest.raises(
        ParameterError, match=r"conductance = 0.001 S is out of reach of card hfo2_filament: allowed is"
    ):
        states_for_conductance(FILAMENT, 1e-3)
    wanted = [[1e-5, 1e-5, 1e-9], [1e-5, 1.0, 1e-5]]
    with pytest.raises(ParameterError, match=r"conductance\[0,2\] = 1e-09 S .* 2 of 6 conductances"):
        states_for_conductance(FILAMENT, wanted)
    with pytest.raises(ParameterError, match=r"conductance\[1\] = 0.0004 S .* to 0.0003"):  # of that device
        states_for_conductance(FILAMENT, [4e-4, 4e-4], {"rho_factor": [1.0, 1.1]})


@pytest.mark.parametrize(
    ("conductance", "parameters", "told"),
    [
        ("high", {}, "conductance: 'high' is no number"),
        (object(), {}, "is no number"),
        (np.nan, {}, "not finite"),
        ([], {}, "empty"),
        (0.0, {}, "out of reach"),
        (-1e-5, {}, "out of reach"),
        (1e-5, {"rho": 1e-5}, "rho is the same for all devices"),
        (1e-5, {"rhofactor": 1.0}, "Nearest: rho_factor"),
        (1e-5, {"rho_factor": -1.0}, "rho_factor = -1 .*is outside"),
        (1e-5, {"gap_ini": 0.5}, "fixes the states, so do not give gap_ini"),
        ([1e-5, 2e-5], {"rho_factor": [1.0, 1.0, 1.1]}, r"shape \(2,\), which does not fit rho_factor \(3,\)"),
        (1e-5, object(), "must be a dict"),
    ],
)
def test_nonsense_is_refused_by_name(conductance: object, parameters: dict, told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        states_for_conductance(FILAMENT, conductance, parameters)


def test_only_cards_are_taken() -> None:
    with pytest.raises(ParameterError, match="is no model card"):
        states_for_conductance("hfo2_filament", 1e-5)
