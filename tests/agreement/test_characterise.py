"""Pulse tables against the engines that they come from."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from rramcirc.basics.errors import ParameterError
from rramcirc.basics.paths import models_folder
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.compiled.conductance import path_points
from rramcirc.devices.veriloga.library import find_module
from rramcirc.studies.characterise import PulseGrid, characterise, load_grid, provenance, stored_table
from rramcirc.studies.milo_pulses import (
    CARD,
    GATE,
    SELECTOR,
    TE_WIDTH,
    V_EXC,
    V_INH,
    gradual_pulses,
    half_way,
    measure_table,
    milo_grid,
    milo_pulses,
    pulse_count,
)
from rramcirc.studies.pulse_pool import draw_pool, held_ngspice, held_numpy, nominal_ends, states_at, trajectory

SMALL = PulseGrid(
    amplitudes=(-0.8, 1.0), gates=(3.1,), widths=tuple(np.logspace(-5, -2, 13)),
    states=(0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.3), devices=10, cycles=3,
)  # fmt: skip


def pool_of(grid: PulseGrid):
    return draw_pool(load_card(CARD), load_card(SELECTOR), grid.common_mode, grid.devices, grid.cycles, grid.seed)


@pytest.fixture(scope="module")
def table():
    return characterise(CARD, SMALL)


@pytest.fixture(scope="module")
def paths():
    pool = pool_of(SMALL)
    return {amplitude: trajectory(pool, amplitude, 3.1) for amplitude in SMALL.amplitudes}


def test_the_table_is_the_engine_at_its_points(table, paths):
    pool = pool_of(SMALL)
    for k, amplitude in enumerate(SMALL.amplitudes):
        after = held_numpy(pool, states_at(pool, paths[amplitude], SMALL.states), amplitude, 3.1, SMALL.widths)
        mean = after.mean(axis=1)
        assert np.array_equal(table.mean[:, k, :, 0], mean)
        found = table.apply(np.array(SMALL.states)[:, None], amplitude, np.array(SMALL.widths), 3.1)
        assert np.array_equal(found, mean)
        by_device = after.reshape(len(SMALL.states), SMALL.devices, SMALL.cycles, -1)
        assert table.device_spread[:, k, :, 0] == pytest.approx(
            by_device.mean(axis=2).std(axis=1), rel=1e-12, abs=1e-15
        )


def test_at_other_points_the_table_keeps_its_stated_error(table, paths):
    pool, rng = pool_of(SMALL), np.random.default_rng(11)
    for amplitude in SMALL.amplitudes:
        states = np.sort(rng.uniform(0, 1.1, 12) ** 2)  # many near HRS, where the SET edge is
        widths = np.sort(10 ** rng.uniform(-5, -2, 8))
        after = held_numpy(pool, states_at(pool, paths[amplitude], states), amplitude, 3.1, widths.tolist()).mean(
            axis=1
        )
        missed = np.abs(table.apply(states[:, None], amplitude, widths, 3.1) - after)
        assert missed.max() <= table.error["mean"]
        assert missed.max() > 0
    assert table.error["mean"] < 0.08  # of the whole range, on this coarse grid; worst is the SET edge from HRS


def test_between_amplitudes_the_table_keeps_its_stated_error():
    grid = replace(SMALL, amplitudes=(-0.8, -0.75, 0.95, 1.0), devices=6, cycles=2)
    table, pool, rng = characterise(CARD, grid), pool_of(grid), np.random.default_rng(5)
    for low, high in ((-0.8, -0.75), (0.95, 1.0)):
        path = trajectory(pool, (low, high)[low > 0], 3.1)
        for amplitude in rng.uniform(low, high, 3):
            starts = states_at(pool, path, grid.states)
            after = held_numpy(pool, starts, amplitude, 3.1, grid.widths).mean(axis=1)
            found = table.apply(np.array(grid.states)[:, None], amplitude, np.array(grid.widths), 3.1)
            assert np.abs(found - after).max() <= table.error["between_amplitudes"] + table.error["mean"]
    assert table.error["between_amplitudes"] < 0.12  # a step of 0.05 V makes a SET three times faster


def test_ngspice_gives_the_same_states_as_the_compiled_model_in_bulk(paths):
    pool = pool_of(replace(SMALL, devices=4, cycles=2))
    for amplitude in SMALL.amplitudes:
        starts = states_at(pool, paths[amplitude], [0.0, 0.02, 0.3, 1.0])
        arguments = (pool, starts, amplitude, 3.1, [1e-5, 1e-4, 1e-3, 1e-2])
        # ngspice at reltol 1e-5: a SET edge may be off by its own time-step error
        assert held_ngspice(*arguments) == pytest.approx(held_numpy(*arguments), abs=2e-3)


def test_ngspice_can_measure_the_table():
    grid = PulseGrid(amplitudes=(1.0,), gates=(3.1,), widths=(1e-4, 1e-3), states=(0.0, 0.5, 1.0), devices=3, cycles=1)
    tables = [characterise(CARD, grid, engine=engine) for engine in ("ngspice", "numpy")]
    assert tables[0].mean == pytest.approx(tables[1].mean, abs=2e-3)
    assert tables[0].provenance["key"] != tables[1].provenance["key"]


def test_a_pool_begins_where_it_is_told(paths):
    pool, x = pool_of(SMALL), np.array([0.0, 0.01, 0.3, 1.0, 1.2])
    for path in paths.values():
        assert pool.x_of(states_at(pool, path, x)) == pytest.approx(np.repeat(x[:, None], pool.samples, 1), abs=2e-4)


def test_pulses_of_one_sign_add_up_as_in_the_engine(table, paths):
    pool = pool_of(SMALL)
    for amplitude, begin in ((1.0, 0.0), (-0.8, 1.0)):
        starts = states_at(pool, paths[amplitude], [begin])
        wanted = held_numpy(pool, starts, amplitude, 3.1, [1e-3 * n for n in range(1, 11)]).mean(axis=1)[0]
        rng, x = np.random.default_rng(2), np.full(3000, begin)
        device = rng.standard_normal(x.size) / np.sqrt(table.device_share)
        for n in range(10):
            x = table.apply(x, amplitude, 1e-3, 3.1, device=device)
            assert x.mean() == pytest.approx(wanted[n], abs=table.error["sequence"] + 4 * x.std() / np.sqrt(x.size))


def test_states_stay_between_the_bounds_and_potentiation_never_depresses(table):
    assert np.all(table.mean[:, 1] >= np.array(SMALL.states)[:, None, None] - 1e-3)
    assert np.all(table.mean[:, 0] <= np.array(SMALL.states)[:, None, None] + 1e-3)
    assert np.all(np.diff(table.mean[:, 1], axis=1) >= -1e-9)  # longer pulses do more
    assert np.all(np.diff(table.mean[:, 0], axis=1) <= 1e-9)


FEW = PulseGrid(amplitudes=(1.0,), gates=(3.1,), widths=(1e-4, 1e-3), states=(0.0, 0.5, 1.0), devices=2, cycles=1)


def test_a_table_is_measured_again_only_when_card_model_or_pulses_change(tmp_path, monkeypatch):
    monkeypatch.setenv("RRAMCIRC_CACHE", str(tmp_path / "cache"))
    _, path, measured = stored_table(CARD, FEW)
    assert measured
    assert path.is_relative_to(tmp_path / "cache")
    assert stored_table(CARD, FEW)[1:] == (path, False)
    assert stored_table(CARD, replace(FEW, devices=3))[2]
    own = tmp_path / "own.toml"
    shutil.copy(models_folder() / f"{CARD}.toml", own)
    text = own.read_text().replace('name = "hfo2_filament"', 'name = "own"')
    own.write_text(text)
    table, beside, measured = stored_table(str(own), FEW)
    assert (beside, measured) == (tmp_path / "own.pulses.npz", True)
    assert not stored_table(str(own), FEW)[2]
    own.write_text(text.replace("ea = {value = 1.2,", "ea = {value = 1.19,"))
    changed, _, measured = stored_table(str(own), FEW)
    assert measured
    assert np.any(changed.mean != table.mean)


def test_a_table_is_measured_again_when_its_model_changes(tmp_path):
    source = tmp_path / "rram_filament.va"
    shutil.copy(models_folder().parent / "verilog-a" / source.name, source)
    keys = []
    for words in ("// rram_filament:", "// a filament:"):
        source.write_text(source.read_text().replace("// rram_filament:", words))
        card = replace(load_card(CARD), declaration=find_module(source))
        keys.append(provenance(card, load_card(SELECTOR), FEW, "numpy"))
    assert keys[0]["models_sha256"] != keys[1]["models_sha256"]
    assert keys[0]["key"] != keys[1]["key"]


def test_a_broken_file_is_measured_again(tmp_path):
    path = tmp_path / "table.npz"
    path.write_bytes(b"half a file")
    assert stored_table(CARD, FEW, path=path)[2]
    assert not stored_table(CARD, FEW, path=path)[2]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"amplitudes": ()}, "amplitudes"),
        ({"amplitudes": (0.0, 1.0)}, "0 V is no pulse"),
        ({"amplitudes": (-1.7,)}, "under the bulk"),
        ({"amplitudes": ("high",)}, "no list of numbers"),
        ({"widths": (0.0, 1.0)}, "widths"),
        ({"gates": (float("nan"),)}, "gates"),
        ({"states": (0.5,)}, "states"),
        ({"devices": 0}, "devices"),
        ({"common_mode": -1.0}, "common_mode"),
    ],
)
def test_a_grid_that_makes_no_sense_is_refused_by_name(change, words):
    with pytest.raises(ParameterError, match=words):
        replace(PulseGrid(), **change)


def test_a_grid_is_read_from_a_file(tmp_path):
    path = tmp_path / "pulses.toml"
    path.write_text('amplitudes = [1.0, -0.7]\nwidths = ["20u", "2m"]\ngates = ["3.1 V"]\ndevices = 5\n')
    grid = load_grid(path)
    assert (grid.amplitudes, grid.widths, grid.gates, grid.devices) == ((-0.7, 1.0), (2e-5, 2e-3), (3.1,), 5)
    path.write_text("amplitude = [1.0]\n")
    with pytest.raises(ParameterError, match="amplitudes"):
        load_grid(path)
    with pytest.raises(ParameterError, match="cannot be read"):
        load_grid(tmp_path / "missing.toml")


def test_engines_and_cards_that_cannot_give_a_table_are_refused():
    with pytest.raises(ParameterError, match="numpy"):
        characterise(CARD, FEW, engine="nmpy")
    with pytest.raises(ParameterError, match="conductance_path"):
        path_points(load_card("nmos_select"))


def test_the_ends_of_the_range_are_the_lrs_of_the_card_and_its_reset():
    hrs, lrs = nominal_ends(load_card(CARD))
    assert hrs == {"diameter": 1.8, "gap": 1.2}
    assert lrs == {"diameter": 3.0, "gap": 0.0}


def test_the_library_s_table_for_milo_belongs_to_the_card_and_models_of_the_library():
    kept = milo_pulses().table.provenance
    now = provenance(load_card(CARD), load_card(SELECTOR), milo_grid(), "numpy")
    for name in ("cards_sha256", "models_sha256", "grid"):
        assert _plain(kept[name]) == _plain(now[name]), f"{name} changed: measure models/pulse_tables again"


def _plain(value):
    """Return tuples as lists, as a file keeps them."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in value.items()}


def test_the_library_s_table_for_milo_is_what_the_engine_says():
    grid, table = milo_grid(), milo_pulses().table
    pool = pool_of(grid)
    for k, amplitude in enumerate(grid.amplitudes):
        path = trajectory(pool, amplitude, GATE)
        after = held_numpy(pool, states_at(pool, path, [0.0, 1.0]), amplitude, GATE, grid.widths).mean(axis=1)
        rows = [grid.states.index(0.0), grid.states.index(1.0)]
        assert table.mean[rows, k, :, 0] == pytest.approx(after, abs=1e-6)  # another compiler may round otherwise


def test_at_least_five_overlaps_reach_half_the_range_on_average_over_a_pool():
    pulses, pool = milo_pulses(), draw_pool(load_card(CARD), load_card(SELECTOR), 1.6, 150, 1, 99)
    for amplitude, begin, stated in (
        (V_EXC, 0.0, pulses.potentiation_half),
        (-V_INH, 1.0, pulses.depression_half),
    ):
        counted = half_way(pulse_count(pool, amplitude, GATE, TE_WIDTH, 25).mean(axis=1), begin)
        assert 5 <= counted <= 15
        assert counted == pytest.approx(stated, rel=0.15)  # another pool of 150 devices


def test_the_pulses_for_milo_are_one_sided_use_one_gate_voltage_and_have_a_fine_table():
    pulses = milo_pulses()
    assert (pulses.excitatory.set_voltage, pulses.excitatory.reset_voltage) == (V_EXC, 0.0)
    assert (pulses.inhibitory.set_voltage, pulses.inhibitory.reset_voltage) == (0.0, V_INH)
    assert pulses.excitatory.gate_voltage == pulses.inhibitory.gate_voltage == gradual_pulses().gate_voltage
    assert pulses.table.error["mean"] < 0.02  # of the whole range
    assert pulses.table.error["mean_rms"] < 0.004
    size = (models_folder() / "pulse_tables" / "hfo2_filament_milo.npz").stat().st_size
    assert size < 200_000


@pytest.mark.long
def test_measuring_the_library_s_table_again_gives_the_same_numbers():
    again, kept = measure_table(), milo_pulses().table
    assert again.new_state == pytest.approx(kept.new_state, abs=1e-6)
    assert again.error["mean"] == pytest.approx(kept.error["mean"], rel=1e-3)
