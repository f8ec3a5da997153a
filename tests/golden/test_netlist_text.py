"""The text of netlists: the same bytes for the same record, a true signal table, blocks for anybody's deck."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.engines.ngspice.spelling import NAMES_PER_SAVE, spice_subcircuit
from rramcirc.engines.validity import vectors_of
from rramcirc.waveforms.signals import read_signals

GAPS = np.array([[0.0, 0.1, 0.2], [0.3, 0.4, 0.5]])
WIRES = {
    "bl": rc.Line(resistance=2.0, capacitance=1e-15, driver_resistance=100.0, end="both"),
    "wl": rc.Line(resistance=3.0),
    "sl": rc.Line(resistance=4.0, driver_resistance=50.0, end="last"),
}
SMALL = """\
* cells [row, column], 1 x 2
xcell_0_0 bl0 wl_0_0 cell_1r gap_ini=0.25
xcell_0_1 bl1 wl_0_1 cell_1r gap_ini=0.5

* BL wires, capacitance to ground
cbl0 bl0 0 1e-15
cbl1 bl1 0 1e-15

* WL wires, one resistor per segment
rwl0_first wl0 wl_0_0 2.5
rwl_0_1 wl_0_0 wl_0_1 2.5
vwl0 wl0 0 0
vbl0 drv_bl0 0 dc 0 pwl(0 0 1e-07 0 1.01e-07 1.5 2e-07 1.5 2.01e-07 0)
rdrv_bl0 drv_bl0 bl0 100
ropen_bl1 bl1 0 1e12

* drives nothing; its corners make the first step behind each corner of a stimulus short
vcorners corners 0 dc 0 pwl(0 0 1e-10 0 1.00001e-07 0 1.0109900000000001e-07 0 2.00001e-07 0
+ 2.0109900000000002e-07 0)
rcorners corners 0 1000.0

.tran 1e-08 3e-07 0 1e-08
"""


def bench(rows=2, columns=3, probes=(), **fields):
    rng = np.random.default_rng(7)
    cell = rc.Cell("hfo2_filament", "nmos_select")
    gaps = rng.uniform(0.0, 1.2, size=(rows, columns))
    spread = {"ea_delta": rng.normal(0.0, 0.02, size=(rows, columns))}
    array = rc.Crossbar(cell, rows, columns, initial_state={"gap": gaps}, rram_parameters=spread, **WIRES)
    stimuli = {"bl1": rc.Pulse(2.0, 1e-7), "wl0": rc.Constant(1.2), "bl0": rc.Floating()}
    return rc.Testbench(array, rc.Transient(1e-6), stimuli, probes=probes, seed=7, **fields)


def saved(text):
    """The names of every .save line, one list per line."""
    lines = text.replace("\n+", "").splitlines()
    return [line.split()[1:] for line in lines if line.startswith(".save")]


# the same record, the same bytes --------------------------------------------------------------------------------------


def test_the_same_record_and_seed_give_the_same_bytes():
    first, second = rc.build_netlist(bench()), rc.build_netlist(bench())
    assert first.text == second.text
    assert first.content_hash == second.content_hash


def test_cycle_noise_of_the_same_seed_gives_the_same_bytes():
    def text(seed):
        return rc.build_netlist(bench(cycle_noise=rc.CycleNoise([0.0, 5e-7], seed=seed))).text

    assert text(1) == text(1)
    assert text(1) != text(2)


def test_another_process_writes_the_same_bytes(tmp_path):
    # sets and dictionaries are in another order there
    code = f"""
import sys
sys.path.insert(0, {os.path.dirname(__file__)!r})
from test_netlist_text import bench
import rramcirc as rc
sys.stdout.write(rc.build_netlist(bench()).text)
"""
    environment = os.environ | {"PYTHONHASHSEED": "12345"}
    other = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert other.stdout == rc.build_netlist(bench()).text


def test_a_small_array_is_written_like_this():
    cell = rc.Cell("hfo2_filament")
    array = rc.Crossbar(
        cell,
        1,
        2,
        bl=rc.Line(capacitance=1e-15, driver_resistance=100.0),
        wl=rc.Line(resistance=2.5),
        initial_state={"gap": [[0.25, 0.5]]},
    )
    corners = rc.PiecewiseLinear([0.0, 1e-7, 1.01e-7, 2e-7, 2.01e-7], [0.0, 0.0, 1.5, 1.5, 0.0])
    stimuli = {"bl0": corners, "bl1": rc.Floating()}
    text = rc.build_netlist(rc.Testbench(array, rc.Transient(3e-7, max_step=1e-8), stimuli)).text
    assert SMALL in text


def test_a_title_stays_on_its_line():
    text = rc.build_netlist(bench(name="two\nlines\n.include x")).text
    assert text.splitlines()[0] == "two lines .include x"


@pytest.mark.parametrize("value", [0.1, 1 / 3, 2.0**-30, 1e-7, 123456.789, 1e12, -0.0625, 1.2345678901234567e-9])
def test_numbers_are_written_to_the_last_bit(value):
    cell = rc.Cell("hfo2_filament")
    text = rc.build_netlist(rc.Testbench(cell, rc.OperatingPoint(), {"bl": rc.Constant(value)})).text
    word = next(line.split()[-1] for line in text.splitlines() if line.startswith("vbl "))
    assert float(word) == value


# the signal table -----------------------------------------------------------------------------------------------------

BENCHES = {
    "array": bench(),
    "chosen": bench(probes=("i(bl*)", "gap[1,*]", "v(be[*,2])", "conductance[0,0]")),
    "many": bench(15, 15, probes=("gap[*,*]", "diameter[*,*]", "i(*)")),
    "cell": rc.Testbench(rc.Cell("hfo2_filament", "nmos_select"), rc.Transient(1e-6)),
    "noise": rc.Testbench(rc.Cell("hfo2_filament"), rc.Transient(1e-6), {"nz": rc.Constant(1.0)}),
    "ac": rc.Testbench(rc.Cell("hfo2_filament", "nmos_select"), rc.Ac("wl", 1.0, 1e9)),
    "dc": rc.Testbench(rc.Cell("hfo2_filament"), rc.DcSweep("bl", 0.0, 1.0)),
}


@pytest.mark.parametrize("name", BENCHES)
def test_the_signal_table_lists_every_saved_vector(name, tmp_path):
    netlist = rc.build_netlist(BENCHES[name])
    everything = [vector for line in saved(netlist.text) for vector in line]
    wanted = [s.vector for s in netlist.signals]
    vectors, besides = everything[: len(wanted)], everything[len(wanted) :]
    assert vectors == wanted
    # saved besides: states for their bounds, devices for their cards' validity
    watched = {vector for state in netlist.states for vector in state.vectors} | set(vectors_of(netlist.devices))
    assert set(besides) <= watched | {"all"}
    assert len(set(vectors)) == len(vectors)
    assert len({s.name for s in netlist.signals}) == len(vectors)
    path = tmp_path / "netlist.cir"
    path.write_text(netlist.text)
    assert tuple(read_signals(path)) == netlist.signals


@pytest.mark.parametrize("name", [name for name in BENCHES if name != "many"])
def test_every_signal_of_the_table_is_in_the_waveforms(name):
    netlist, waves = rc.build_netlist(BENCHES[name]), rc.simulate(BENCHES[name])
    assert waves.names == tuple(s.name for s in netlist.signals)
    assert {s.name: s.unit for s in netlist.signals} == dict(waves.units)


def test_no_save_line_is_longer_than_ngspice_takes():
    lines = saved(rc.build_netlist(BENCHES["many"]).text)
    # states and current of each cell, wl, bl (bl0 floats), sl, bulk; everything besides, for bounds and validity
    assert sum(map(len, lines)) == 3 * 225 + 15 + 14 + 15 + 1 + 1
    assert max(map(len, lines)) <= NAMES_PER_SAVE


# blocks for anybody's deck --------------------------------------------------------------------------------------------


def own_deck(folder, circuit, lines):
    """Write a subcircuit export and a deck that includes it; return its waveforms."""
    (folder / "block.subckt").write_text(spice_subcircuit(circuit, "block"))
    netlist = rc.build_netlist(rc.Testbench(rc.Cell("hfo2_filament", "nmos_select"), rc.OperatingPoint()))
    netlist.write(folder / "compiled.cir")  # puts the compiled models there
    control = [".control", "pre_osdi rram_filament.osdi", "pre_osdi nmos_ekv.osdi", "set num_threads=1", ".endc"]
    deck = folder / "own.cir"
    deck.write_text("\n".join(["my deck", ".include block.subckt", *lines, ".save all", *control, ".end", ""]))
    return rc.simulate_netlist(deck)


def test_an_exported_cell_works_in_a_deck_written_by_hand(tmp_path):
    cell = rc.Cell("hfo2_filament", "nmos_select", {"diameter": 3.0, "gap": 0.2})
    levels = {"bl": 0.2, "wl": 1.5, "sl": 0.05, "bulk": 0.0}
    bench = rc.Testbench(cell, rc.OperatingPoint(), {line: rc.Constant(v) for line, v in levels.items()})
    ours = rc.simulate(bench)
    lines = [f"v{line} {line} 0 {value}" for line, value in levels.items()]
    lines += ["x1 bl wl sl bulk block", "x2 bl wl sl bulk block gap_ini=1.0", ".options klu reltol=1e-4", ".op"]
    # two instances: one as exported, one with its own initial state, that of a second run of ours
    second = rc.simulate(
        rc.Testbench(rc.with_state(cell, {"diameter": 3.0, "gap": 1.0}), bench.analysis, bench.stimuli)
    )
    theirs = own_deck(tmp_path, rc.build_circuit(bench), lines)
    assert -theirs["i(vbl)"][0] == pytest.approx(
        ours["i(bl)"][0] + second["i(bl)"][0], rel=1e-3, abs=0
    )  # reltol 1e-4 each


def test_an_exported_array_works_in_a_deck_written_by_hand(tmp_path):
    cell = rc.Cell("hfo2_filament", "nmos_select")
    array = rc.Crossbar(
        cell, 2, 3, initial_state={"gap": GAPS}, bl=rc.Line(resistance=20.0), sl=rc.Line(resistance=30.0)
    )
    levels = {
        "wl0": 1.5,
        "wl1": 2.0,
        "bl0": 0.1,
        "bl1": 0.2,
        "bl2": 0.15,
        "sl0": 0.0,
        "sl1": 0.01,
        "sl2": 0.02,
        "bulk": 0.0,
    }
    assert tuple(levels) == array.lines
    bench = rc.Testbench(array, rc.OperatingPoint(), {line: rc.Constant(v) for line, v in levels.items()})
    ours = rc.simulate(bench).final()
    lines = [f"v{line} {line} 0 {value}" for line, value in levels.items()]
    lines += [f"x1 {' '.join(levels)} block", ".options klu reltol=1e-4", ".op"]
    theirs = own_deck(tmp_path, rc.build_circuit(bench), lines).final()
    for line in array.lines[:-1]:
        assert -theirs[f"i(v{line})"] == pytest.approx(ours[f"i({line})"], rel=1e-3, abs=1e-12)
