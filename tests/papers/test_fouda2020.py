"""Fouda 2020: runs, tuning, wires, and that naive pulses are ternary ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rramcirc.basics.errors import ParameterError
from rramcirc.bench.images import drawn_digits
from rramcirc.engines.array.passive import solve_passive
from rramcirc.engines.network.layer_devices import PulsedDevice
from rramcirc.engines.network.layer_rules import RULES
from rramcirc.engines.network.layer_training import Training, train_layers
from rramcirc.engines.network.layers import LayerNetwork
from rramcirc.papers.fouda2020.block import interleaved
from rramcirc.papers.fouda2020.mechanism import step_at_balance
from rramcirc.papers.fouda2020.runs import FoudaRun, key_of, layers_of, outer, result_of, train_run
from rramcirc.papers.fouda2020.tuning import DECAYS, RATES, centre_of, tune
from rramcirc.papers.fouda2020.wires import set_wires, tiles, wired_matrix
from rramcirc.papers.reproduction import reproduce
from rramcirc.sweeps.record import RunRecord

SMALL = FoudaRun("ternary", rate=0.04, decay1=0.9, epochs=1, sizes=(30, 20), batch=20, train=1000, held=200)


def test_naive_pulses_are_ternary_ones_at_a_higher_rate() -> None:
    """Below one pulse, N/(1 - K) times the wanted change is rounded: the ternary rule with that factor in the rate."""
    device, images = PulsedDevice(), drawn_digits(1000, 100, 100)
    network = LayerNetwork(196, (40, 20))
    factor = device.levels / device.window
    found = [
        train_layers(network, device, RULES[name], images, Training(2, rate=rate, batch=20, decay1=0.0)).history
        for name, rate in (("naive", 4e-4), ("ternary", 4e-4 * factor))
    ]
    naive, ternary = (np.array([(*epoch.up, *epoch.down) for epoch in history]) for history in found)
    assert naive.sum() > 5000
    assert naive == pytest.approx(ternary, rel=0.01)  # rounding of the product can turn single draws


def test_finished_runs_are_not_repeated_and_layers_come_back(tmp_path: Path) -> None:
    with RunRecord(tmp_path / "runs.pieces", {"name": "test"}) as record:
        first = result_of(SMALL, "drawn", record)
        layers = layers_of(SMALL, "drawn", record)
    with RunRecord(tmp_path / "runs.pieces", {"name": "test"}) as record:
        assert key_of(SMALL) in record
        assert result_of(SMALL, "drawn", record) == first
        again = layers_of(SMALL, "drawn", record)
    fresh = train_run(SMALL, "drawn").layers
    for a, b, c in zip(layers, again, fresh, strict=True):
        assert (a.weights == b.weights).all()
        assert (a.weights == c.weights).all()
        assert (a.classifier == c.classifier).all()


def test_every_rule_is_tuned_with_as_many_trials_and_the_best_is_taken() -> None:
    for run in (SMALL, replace(SMALL, gammas=(3, 1)), replace(SMALL, rule="linear"), replace(SMALL, rule="naive")):
        tuned = tune(run, "drawn", RunRecord(None, {}), epochs=1)
        assert len(tuned.tried) == RATES + 1
        assert {decay for _, decay, _ in tuned.tried} == set(DECAYS)
        best = max(tuned.tried, key=lambda trial: trial[2])
        assert (tuned.run.rate, tuned.run.decay1) == best[:2]
        assert tuned.tried[0][:2] == (centre_of(run), DECAYS[0])
        assert (tuned.run.seed, tuned.run.epochs) == (run.seed, run.epochs)


def test_seeds_change_the_run_and_the_same_seed_repeats_it() -> None:
    record = RunRecord(None, {})
    one, other = (result_of(replace(SMALL, seed=seed), "drawn", record) for seed in (1, 2))
    assert one.epochs != other.epochs
    assert result_of(SMALL, "drawn", RunRecord(None, {})).epochs == one.epochs
    assert outer(one) == 100 * one.epochs[-1]["test"][-1]


def test_wires_reach_the_weights_as_the_full_solution_of_each_array() -> None:
    layers = layers_of(SMALL, "drawn", RunRecord(None, {}))
    before = [interleaved(*layer.conductances()) * 674e-9 for layer in layers]
    set_wires(layers, 674e-9, 32, 200.0)
    layer, conductance = layers[0], before[0]
    inputs = np.zeros((1, 196))
    inputs[0, ::7] = 0.1
    currents = np.zeros((1, 60))
    for rows, columns in tiles(conductance.shape, 32):
        part = conductance[rows, columns]
        currents[:, columns] += solve_passive(
            part, inputs[:, rows], row_resistance=200.0, column_resistance=200.0, outputs=("column_currents",)
        ).column_currents
    wired = (inputs @ layer.weights) * 674e-9
    assert wired[0] == pytest.approx((currents[:, 0::2] - currents[:, 1::2])[0], abs=2e-5 * currents.max())
    assert np.abs(wired[0] - (inputs @ (conductance[:, 0::2] - conductance[:, 1::2]))[0]).max() > 1e-3 * currents.max()


def test_perfect_wires_change_nothing() -> None:
    conductance = np.random.default_rng(0).uniform(3e-8, 6e-7, (50, 70))
    assert wired_matrix(conductance, 32, 0.0) == pytest.approx(conductance, rel=1e-9)
    covered = np.zeros((50, 70), int)
    for rows, columns in tiles((50, 70), 32):
        covered[rows, columns] += 1
    assert (covered == 1).all()


def test_steps_up_and_down_are_equal_at_the_balance() -> None:
    device = PulsedDevice()
    for gamma_p, gamma_d in ((1, 1), (3, 1), (1, 5)):
        g = device.settled(gamma_p, gamma_d)
        down = (g - device.ratio) * -np.expm1(-device.alpha_d * gamma_d)
        assert step_at_balance(device, gamma_p, gamma_d) == pytest.approx(down, rel=1e-9)


def test_mnist_is_asked_for_by_name_where_it_is_needed(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="--mnist"):
        reproduce("fouda2020-baseline", mnist=tmp_path)
    with pytest.raises(ParameterError, match="learns no images"):
        reproduce("fouda2020-curves", mnist=tmp_path, quick=True)
