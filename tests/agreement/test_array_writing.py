"""Writing arrays: both engines agree, written cells switch, targets are reached, others are left alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rramcirc.basics.errors import ParameterError
from rramcirc.bench.stimuli import Constant, Floating, pulse_sequence
from rramcirc.studies.array.programming import ProgramScheme, program, weights_to_pairs
from rramcirc.studies.array.setup import ReadArray, states_of_bits
from rramcirc.studies.array.writing import (
    WritePulse,
    conductances,
    default_pulses,
    disturb,
    write,
    write_energy,
    write_stimuli,
)

SMALL = ReadArray(rows=3, columns=4, wire_resistance=5.0, driver_resistance=100.0)


@pytest.mark.parametrize("source_line", ["column", "row"])
def test_energy_and_currents_of_a_write_are_those_of_ngspice(source_line: str) -> None:
    setup = replace(SMALL, rows=2, columns=2, source_line=source_line)
    fine = {"reltol": 1e-6}
    ours, theirs = (write_energy(setup, engine=engine, options=fine) for engine in ("numpy", "ngspice"))
    for name in ("before", "after", "energy", "device_energy", "i_bl", "i_sl"):
        assert np.allclose(ours[name], theirs[name], rtol=1e-3, atol=0), name
    switched = ours.set_index("kind")
    assert np.all(switched.loc["SET", "after"] < 0.2 * switched.loc["SET", "before"])
    assert np.all(switched.loc["RESET", "after"] > 5 * switched.loc["RESET", "before"])
    assert np.all(ours["energy"] > ours["device_energy"])


def test_write_moves_only_the_selected_cell_of_an_array_with_transistors() -> None:
    bits = np.indices((SMALL.rows, SMALL.columns)).sum(axis=0) % 2 == 0
    for source_line in ("column", "row"):
        setup = replace(SMALL, source_line=source_line)
        for kind, pulse in default_pulses(setup).items():
            start = bits.copy()
            start[1, 2] = kind == "RESET"
            array = setup.array(states_of_bits(setup.card, start))
            after, _ = write(array, write_stimuli(array, 1, 2, pulse))
            change = np.abs(conductances(after) / conductances(array) - 1)
            assert change[1, 2] > 0.8
            change[1, 2] = 0
            assert change.max() < 1e-3, f"{kind}, SL along the {source_line}"


@pytest.mark.parametrize("scheme", ["V/2", "V/3"])
def test_disturb_of_half_selected_cells_is_that_of_ngspice(scheme: str) -> None:
    setup = replace(SMALL, selector="none")
    pulse = WritePulse("SET", 2.0, 1e-6, scheme=scheme)
    ours, theirs = (disturb(setup, pulse, pulses=3, engine=engine) for engine in ("numpy", "ngspice"))
    moved = theirs["change"] > 1e-4
    assert moved.any()
    assert np.allclose(ours["change"][moved], theirs["change"][moved], rtol=0.02, atol=0)
    assert ours["change"][~moved].max() < 1.1e-4


def test_third_voltage_scheme_disturbs_less_than_half() -> None:
    setup = replace(SMALL, selector="none")
    worst = [
        disturb(setup, WritePulse("SET", 2.0, 1e-6, scheme=scheme), pulses=1).set_index(["group", "state"])["change"]
        for scheme in ("V/2", "V/3")
    ]
    assert worst[1]["same row", "HRS"] < worst[0]["same row", "HRS"]
    assert worst[1]["neither", "LRS"] > worst[0]["neither", "LRS"], "V/3 puts a third on all others, V/2 nothing"


def test_lines_may_float_while_a_cell_is_written() -> None:
    setup = ReadArray("stanford_gap_v1", 2, 2, selector="none")
    array = setup.array(states_of_bits(setup.card, np.zeros((2, 2), bool)))
    pulse = pulse_sequence([1e-9], 10e-9, 0.1, edge=1e-9)
    written, waves = write(array, {"bl0": pulse, "bl1": Floating(), "wl": Constant(0.0)})
    assert waves.time[-1] == pulse.times[-1]
    assert written.shape == array.shape


def test_targets_are_reached_within_the_tolerance() -> None:
    setup = replace(SMALL, rows=1, columns=2)
    array = setup.array(states_of_bits(setup.card, np.zeros((1, 2), bool)))
    target = np.array([[40e-6, 100e-6]])
    found = program(array, target, ProgramScheme(tolerance=0.05))
    assert not found.failed.any()
    assert np.abs(found.error).max() <= 0.05
    assert np.allclose(conductances(found.array), found.conductance)
    assert np.all(found.pulses > 0)
    assert np.all(found.energy > 0)


def test_cells_that_cannot_reach_their_target_are_named_not_hidden() -> None:
    setup = replace(SMALL, rows=1, columns=2)
    array = setup.array(states_of_bits(setup.card, np.zeros((1, 2), bool)))
    coarse = ProgramScheme(gate_start=1.0, gate_step=0.5, gate_stop=1.5, reset_step=0.5, rounds=1)
    found = program(array, [[60e-6, 0.5]], coarse)
    assert found.failed[0, 1]
    assert found.conductance[0, 1] < 0.5


def test_pairs_carry_the_weights() -> None:
    weights = np.random.default_rng(0).normal(size=(5, 3))
    plus, minus, scale = weights_to_pairs(weights, 1e-5, 1e-4)
    assert np.allclose(scale * (plus - minus), weights, rtol=1e-12)
    assert min(plus.min(), minus.min()) == pytest.approx(1e-5, abs=0)
    assert max(plus.max(), minus.max()) == pytest.approx(1e-4, abs=0)


def test_nonsense_is_refused_by_name() -> None:
    array = SMALL.array(states_of_bits(SMALL.card, np.zeros((3, 4), bool)))
    with pytest.raises(ParameterError, match="shape"):
        program(array, [[1e-5]])
    with pytest.raises(ParameterError, match="not positive"):
        program(array, np.zeros((3, 4)))
    with pytest.raises(ParameterError, match="source_line"):
        program(replace(array, source_line="row"), np.full((3, 4), 1e-5))
    with pytest.raises(ParameterError, match="kind"):
        WritePulse("FORM")
    with pytest.raises(ParameterError, match="width"):
        WritePulse(width=-1.0)
    with pytest.raises(ParameterError, match="gate_stop"):
        ProgramScheme(gate_stop=0.1)
    with pytest.raises(ParameterError, match="highest"):
        weights_to_pairs([1.0], 1e-4, 1e-5)
