"""Trajectories of a pulse: the compiled model integrated in Python against ngspice, for every model of the library.

The Python integration is asked for 1e-8 of a unit of the state per step, so that what is left is the error of ngspice,
which must fall with its `reltol`. A pulse is a trapezoid; its corners are the same in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from test_compiled import ngspice

import rramcirc as rc
from rramcirc.bench.stimuli import PiecewiseLinear
from rramcirc.devices.cards.card import card_names
from rramcirc.devices.pulses.response import pulse_response

RELTOLS = (1e-3, 1e-4, 1e-5, 1e-6)
#: Largest error at reltol = 1e-6, and what straight lines between the points of ngspice leave at any reltol.
CLOSE, FLOOR = 2e-3, 4e-4
LEAST = 0.02  # way of a state [its unit] that is looked at


@dataclass(frozen=True)
class Move:
    """A pulse that takes a device a good part of its way: voltage [V], width [s], states at the start."""

    card: str
    voltage: float
    width: float
    start: dict[str, float]


MOVES = [
    Move("hfo2_filament", 0.9, 1e-3, {"diameter": 2.0, "gap": 1.0}),
    Move("hfo2_filament", -0.8, 1e-3, {"diameter": 3.0, "gap": 0.0}),
    Move("hfox_gap_jiang2016", 0.9, 1e-4, {"gap": 1.0}),
    Move("hfox_gap_jiang2016", -1.4, 1e-4, {"gap": 0.3}),
    Move("stanford_gap_v1", 1.4, 1e-6, {"gap": 1.2}),
    Move("stanford_gap_v1", -1.2, 1e-4, {"gap": 0.4}),
    Move("hfo2_jart_v1b", 0.75, 1e-6, {"log_n_disc": -1.0}),
    Move("hfo2_jart_v1b", -1.2, 1e-6, {"log_n_disc": 0.5}),
    Move("vteam_kvatinsky2015", 0.6, 3e-8, {"w": 8.0}),
    Move("vteam_kvatinsky2015", -0.9, 5e-2, {"w": 3.0}),
    Move("vteam_technion", 0.3, 1e-9, {"w": 2.5}),
    Move("vteam_technion", -0.3, 2e-7, {"w": 0.5}),
    Move("yakopcic_oblea", 0.4, 5e-4, {"x": 0.2}),
    Move("yakopcic_oblea", -0.4, 5e-4, {"x": 0.8}),
    Move("hp_tio2_drift", 1.0, 0.3, {"x": 0.3}),
    Move("hp_tio2_drift", -1.0, 0.01, {"x": 0.9}),
    Move("tiox_fouda2020", 3.0, 1e-5, {"g": 100.0}),
    Move("tiox_fouda2020", -3.0, 3e-6, {"g": 500.0}),
]


def corners(move: Move) -> tuple[np.ndarray, np.ndarray]:
    """Return times and voltages of the pulse."""
    times = np.array([0.0, 0.1, 0.2, 1.2, 1.3, 1.5]) * move.width
    return times, np.array([0.0, 0.0, 1.0, 1.0, 0.0, 0.0]) * move.voltage


def passed(times: np.ndarray, values: np.ndarray, levels: list[float]) -> np.ndarray:
    """Return when a state first passes given levels [s]."""
    found = []
    for level in levels:
        beyond = np.flatnonzero((values[1:] - level) * (values[0] - level) <= 0)
        k = int(beyond[0]) if len(beyond) else len(times) - 2
        change = values[k + 1] - values[k]
        found.append(times[k] + (times[k + 1] - times[k]) * ((level - values[k]) / change if change else 1.0))
    return np.array(found)


def errors(move: Move, reltols: tuple[float, ...]) -> list[float]:
    """Return the error of ngspice for each reltol.

    The largest of: times at which a state has gone 10, 50 and 90 % of its way, relative to the width of the pulse, and
    its end, relative to its way.
    """
    corner_times, volts = corners(move)
    stop, card, found = float(corner_times[-1]), rc.load_card(move.card), []
    for reltol in reltols:
        cell = rc.Cell(card, initial_state=move.start)
        stimuli = {"bl": PiecewiseLinear(corner_times, volts)}
        # steps are bounded loosely, so that reltol alone governs them
        waves = rc.simulate(rc.Testbench(cell, rc.Transient(stop, stop / 8), stimuli, options={"reltol": reltol}))
        times = np.unique(np.r_[corner_times, waves.time])
        exact = pulse_response(
            card, times[None], np.interp(times, corner_times, volts)[None], move.start, tolerance=1e-8
        ).states
        worst = 0.0
        for name, (values,) in exact.items():
            way = values[-1] - values[0]
            if abs(way) < LEAST:
                continue
            levels = [values[0] + part * way for part in (0.1, 0.5, 0.9)]
            apart = passed(times, values, levels) - passed(waves.time, waves[name], levels)
            worst = max(worst, float(np.max(np.abs(apart))) / move.width, abs(waves[name][-1] - values[-1]) / abs(way))
        found.append(worst)
    return found


@pytest.mark.parametrize("move", MOVES, ids=lambda m: f"{m.card}{m.voltage:+g}V")
def test_ngspice_approaches_the_integrated_model_as_reltol_is_tightened(move: Move) -> None:
    found = errors(move, RELTOLS)
    assert found[-1] < CLOSE, found
    assert found[-1] < max(0.5 * max(found[:2]), FLOOR), found


def test_every_model_with_a_state_is_here() -> None:
    with_states = {rc.load_card(name).module for name in card_names() if rc.load_card(name).states}
    assert {rc.load_card(move.card).module for move in MOVES} == with_states - {"rram_plastic"}  # which is below


@pytest.mark.parametrize("reltol", [1e-3, 1e-6])
def test_weight_of_the_plastic_synapse_is_the_integral_of_the_compiled_rate(tmp_path: Path, reltol: float) -> None:
    card = rc.load_card("plastic_zoppo2019")
    corner_times, volts = corners(Move(card.name, 2.0, 1.0, {}))
    wave = " ".join(f"{t:.6g} {v:.6g}" for t, v in zip(corner_times, volts, strict=True))
    lines = [
        "vt te 0 0.1", f"vx x 0 pwl({wave})", "vy y 0 1.5", "n1 te 0 x y dut w_ini=0.2",
        f".tran 0.01 {corner_times[-1]} 0 0.05",
    ]  # fmt: skip
    waves = ngspice(tmp_path, card, lines, 300.15, ["@n1[w]"], {"reltol": reltol})
    devices = rc.CompiledDevices(card, len(corner_times), {"w_ini": 0.2})
    points = np.zeros((len(corner_times), len(devices.nodes)))
    points[:, devices.nodes.index("x")], points[:, devices.nodes.index("y")] = volts, 1.5
    rate = -devices.evaluate(points, 1e-9).resistive[:, devices.state_nodes["w"]]
    # the rate is linear between the corners, so the trapezoidal rule is exact
    exact = 0.2 + np.r_[0.0, np.cumsum(0.5 * (rate[1:] + rate[:-1]) * np.diff(corner_times))]
    found = np.interp(corner_times, waves["axis"], waves["@n1[w]"])
    assert np.max(np.abs(found - exact)) < 1e-3 * (exact[-1] - 0.2) * (1.0 if reltol > 1e-4 else 0.5)
