"""rramcirc's circuits inside PySpice, and PySpice's circuits in rramcirc: the same waveforms as our own netlists.

Both netlists run in the same ngspice at reltol 1e-6. Where only the order of nodes and parameters differs, time points
may differ by one step: currents are compared to 1e-3 of their largest value on a common time axis, which is what a SET
edge moves within that tolerance; final states to 1e-5 nm.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.engines.pyspice.blocks import _pyspice, required_osdi, subcircuit
from rramcirc.engines.pyspice.live import run_live
from rramcirc.engines.pyspice.netlist import netlist_of

Circuit = _pyspice().Circuit  # imported there, with its warnings silenced
CELL = rc.Cell("hfo2_filament", "nmos_select", initial_state={"gap": 0.7})
SET = rc.Pulse(2.0, 1e-6, delay=1e-7, rise=1e-8, fall=1e-8)
TRANSIENT = rc.Transient(2e-6)
TIGHT = {"reltol": 1e-6}
GATE = 1.5  # [V]


def cell_bench(analysis=TRANSIENT):
    return rc.Testbench(CELL, analysis, {"bl": SET, "wl": rc.Constant(GATE)}, options=TIGHT)


def cell_by_hand():
    """The bench of `cell_bench`, made by a user of PySpice."""
    circuit = Circuit("a circuit of my own")
    block = subcircuit(CELL)
    circuit.subcircuit(block)
    circuit.X("1", block.name, "bl", "wl", circuit.gnd, circuit.gnd)
    times, levels = SET.corners()
    circuit.PieceWiseLinearVoltageSource("set", "bl", circuit.gnd, values=list(zip(times, levels, strict=True)))
    circuit.V("gate", "wl", circuit.gnd, GATE)
    return circuit


def on_grid(waves, name, points=2001):
    return np.interp(np.linspace(0.0, waves.time[-1], points), waves.time, waves[name])


def test_cell_in_a_handmade_pyspice_circuit_equals_our_netlist():
    ours = rc.simulate(cell_bench())
    theirs = rc.simulate(netlist_of(cell_by_hand(), TRANSIENT, options=TIGHT))
    assert ours["gap"][-1] < 0.01 < ours["gap"][0], "the cell must be set, or the comparison says little"
    for state in ("gap", "diameter"):
        assert theirs[f"x1.{state}"][-1] == pytest.approx(ours[state][-1], abs=1e-5)
    current = on_grid(ours, "i(bl)")
    assert on_grid(theirs, "i(Vset)") == pytest.approx(-current, abs=1e-3 * current.max())
    assert theirs.unit("x1.gap") == "nm"
    assert theirs.unit("i(Vset)") == "A"


def test_crossbar_in_a_handmade_pyspice_circuit_equals_our_netlist():
    """An asymmetric array with wires and spread, so that swapped rows, columns or lines would show."""
    gap = np.array([[0.1, 0.3, 0.5], [0.7, 0.9, 1.1]])
    array = rc.Crossbar(
        rc.Cell("hfo2_filament", "nmos_select"), 2, 3,
        bl=rc.Line(resistance=50.0, capacitance=1e-15), wl=rc.Line(resistance=20.0), initial_state={"gap": gap},
    )  # fmt: skip
    levels = dict.fromkeys(array.lines, 0.0) | {"wl0": 1.5, "wl1": 1.2, "bl0": 0.1, "bl1": 0.15, "bl2": 0.2}
    bench = rc.Testbench(array, rc.OperatingPoint(), {k: rc.Constant(v) for k, v in levels.items()}, options=TIGHT)
    circuit = Circuit("array")
    block = subcircuit(array)
    assert block.external_nodes == array.lines
    circuit.subcircuit(block)
    circuit.X("a", block.name, *array.lines)
    for line, level in levels.items():
        circuit.V(line, line, circuit.gnd, level)
    theirs, ours = rc.simulate(netlist_of(circuit, rc.OperatingPoint(), options=TIGHT)), rc.simulate(bench)
    for line in ("bl0", "bl1", "bl2", "sl0", "sl2"):
        # the same equations in another order: differences are those of the last Newton step
        assert theirs[f"i(V{line})"] == pytest.approx(-ours[f"i({line})"], rel=1e-6)
    assert [theirs[f"xa.gap[{i},{j}]"][0] for i in range(2) for j in range(3)] == pytest.approx(gap.ravel())


def test_blocks_with_one_name_inside_do_not_mix():
    """Two arrays each bring a cell_1t1r and models of their own."""
    circuit = Circuit("two arrays")
    for k, rho in enumerate((1e-5, 2e-5)):
        card = rc.load_card("hfo2_filament").with_values({"rho": rho})
        lrs = {"gap": 0.0, "diameter": 3.0}
        array = rc.Crossbar(rc.Cell(card, initial_state=lrs), 1, 1)
        circuit.subcircuit(subcircuit(array, f"array{k}"))
        circuit.X(k, f"array{k}", "wl", "bl")
    circuit.V("bl", "bl", circuit.gnd, 0.1)
    circuit.V("wl", "wl", circuit.gnd, 0.0)
    waves = rc.simulate(circuit, analysis=rc.OperatingPoint(), probes=["x*.conductance[0,0]"])
    assert waves["x0.conductance[0,0]"][0] == pytest.approx(2 * waves["x1.conductance[0,0]"][0], rel=1e-3)


def test_instance_parameters_of_a_cell_block():
    circuit = Circuit("read")
    block = subcircuit(CELL)
    circuit.subcircuit(block)
    circuit.V("bl", "bl", circuit.gnd, 0.1)
    circuit.V("wl", "wl", circuit.gnd, GATE)
    circuit.X("lrs", block.name, "bl", "wl", 0, 0, gap_ini=0.0, rho_factor=1.5)
    circuit.X("own", block.name, "bl", "wl", 0, 0)
    waves = rc.simulate(circuit, analysis=rc.OperatingPoint(), probes=["x*.gap", "x*.conductance"])
    assert (waves["xlrs.gap"][0], waves["xown.gap"][0]) == (0.0, 0.7)
    lrs = rc.Cell("hfo2_filament", "nmos_select", initial_state={"gap": 0.0}, rram_parameters={"rho_factor": 1.5})
    stimuli = {"bl": rc.Constant(0.1), "wl": rc.Constant(GATE)}
    ours = rc.simulate(rc.Testbench(lrs, rc.OperatingPoint(), stimuli))
    # both at the default reltol of 1e-4; a chord conductance moves far less with the voltage
    assert waves["xlrs.conductance"][0] == pytest.approx(ours["conductance"][0], rel=1e-5)


def test_netlist_to_pyspice_simulates_equally():
    bench = cell_bench()
    ours = rc.simulate(bench)
    circuit = rc.to_pyspice(rc.build_netlist(bench))
    theirs = rc.simulate(circuit, analysis=bench.analysis)
    assert theirs.names == ours.names
    assert theirs.units == ours.units
    for name in ours.names:  # the same text in the same simulator
        assert np.array_equal(theirs[name], ours[name])


def test_elements_can_be_added_to_a_netlist_in_pyspice():
    bench = cell_bench(rc.OperatingPoint())
    circuit = rc.to_pyspice(rc.build_netlist(bench))
    circuit.R("load", "wl", circuit.gnd, 1e3)
    waves = rc.simulate(circuit, analysis=rc.OperatingPoint(), probes=["i(wl)", "wl"])
    assert waves["i(wl)"][0] == pytest.approx(GATE / 1e3, rel=1e-6)  # reltol; the gate itself takes less than 1 pA


def test_dc_sweep_of_a_pyspice_circuit():
    waves = rc.simulate(cell_by_hand(), analysis=rc.DcSweep("gate", 0.0, 1.5, 4), probes=["v(wl)", "v(x1.be)"])
    assert waves["v(wl)"] == pytest.approx([0.0, 0.5, 1.0, 1.5])


def test_small_signals_of_a_pyspice_circuit():
    circuit = cell_by_hand()
    circuit.V("ac", "in", circuit.gnd, "dc 0.2 ac 1")
    circuit.R("in", "in", circuit.gnd, 1e3)
    waves = rc.simulate(circuit, analysis=rc.Ac("ac", 1e3, 1e6))
    assert not [name for name in waves.names if name.startswith("x1.")], "states have no small-signal value"
    assert waves["i(Vac)"] == pytest.approx(-1e-3)
    with pytest.raises(rc.ParameterError, match="no small-signal value"):
        rc.simulate(circuit, analysis=rc.Ac("ac", 1e3, 1e6), probes=["x1.gap"])


def test_required_models_are_found_by_model_lines_too():
    circuit = Circuit("raw")
    circuit.raw_spice = ".model my rram_filament rho=2e-5\nN1 a 0 0 my gap_ini=0.2"
    circuit.V("a", "a", circuit.gnd, 0.1)
    assert len(required_osdi(circuit)) == 1
    assert len(required_osdi(cell_by_hand())) == 2
    waves = rc.simulate(circuit, analysis=rc.OperatingPoint(), probes=["@n1[gap]", "a"])
    assert (waves["@n1[gap]"][0], waves.unit("@n1[gap]"), waves.names[1]) == (0.2, "nm", "v(a)")


def test_pyspice_circuit_runs_live():
    netlist = netlist_of(cell_by_hand(), TRANSIENT)
    waves = run_live(netlist, watch=["x1.gap"], stop_when=lambda time, values: values["x1.gap"] < 0.5)
    assert not waves.complete
    assert waves["x1.gap"][-1] < 0.5 <= waves["x1.gap"][-2]


def test_pyspices_own_simulator_runs_a_block():
    """In a process of its own: ngspice as a library is not for ours."""
    script = """
        import rramcirc as rc
        from PySpice.Spice.Netlist import Circuit
        from rramcirc.engines.pyspice.blocks import required_osdi, subcircuit

        circuit = Circuit("mine")
        block = subcircuit(rc.Cell("hfo2_filament", "nmos_select", initial_state={"gap": 0.7}))
        circuit.subcircuit(block)
        circuit.X("1", block.name, "bl", "wl", circuit.gnd, circuit.gnd)
        circuit.V("bl", "bl", circuit.gnd, 0.2)
        circuit.V("gate", "wl", circuit.gnd, 1.5)
        simulator = circuit.simulator()
        for file in required_osdi(circuit):
            simulator.ngspice.exec_command(f"osdi {file}")
        print(float(simulator.operating_point().branches["vbl"][0]))
        print(rc.simulate(circuit, analysis=rc.OperatingPoint())["i(Vbl)"][0])
    """
    environment = {"NGSPICE_LIBRARY_PATH": "libngspice.so.0"} | os.environ
    command = [sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=environment)
    theirs, ours = map(float, done.stdout.split()[-2:])
    assert theirs == pytest.approx(ours, rel=1e-3)  # PySpice leaves reltol at ngspice's 1e-3


def test_results_of_pyspices_own_simulator_become_waveforms():
    """PySpice finds the library by itself once rramcirc made a block."""
    script = """
        import json
        import rramcirc as rc
        from PySpice.Spice.Netlist import Circuit
        from rramcirc.engines.pyspice.blocks import required_osdi, subcircuit

        circuit = Circuit("mine")
        block = subcircuit(rc.Cell("hfo2_filament", "nmos_select", initial_state={"gap": 0.7}))
        circuit.subcircuit(block)
        circuit.X("1", block.name, "bl", "wl", circuit.gnd, circuit.gnd)
        circuit.V("bl", "bl", circuit.gnd, "dc 0.2 ac 1")
        circuit.V("gate", "wl", circuit.gnd, 1.5)
        simulator = circuit.simulator()
        simulator.save(["v(bl)", "i(vbl)", "@n.x1.nrram[gap]"])
        for file in required_osdi(circuit):
            simulator.ngspice.exec_command(f"osdi {file}")
        found = {
            "point": simulator.operating_point(),
            "time": simulator.transient(step_time=1e-8, end_time=1e-7),
            "v-sweep": simulator.dc(Vbl=slice(0, 0.2, 0.05)),
            "frequency": simulator.ac(start_frequency=1e3, stop_frequency=1e6, number_of_points=2, variation="dec"),
        }
        waves = {name: rc.from_pyspice(analysis) for name, analysis in found.items()}
        told = {
            name: [w.axis_name, w.axis_unit, w.n_points, {s: [w.unit(s), abs(w[s][-1])] for s in w.names}]
            for name, w in waves.items()
        }
        print(json.dumps(told))
    """
    environment = {k: v for k, v in os.environ.items() if k != "NGSPICE_LIBRARY_PATH"}
    command = [sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=environment)
    told = json.loads(done.stdout.splitlines()[-1])
    assert [told[name][:2] for name in ("point", "time", "v-sweep", "frequency")] == [
        ["point", ""], ["time", "s"], ["v-sweep", "V"], ["frequency", "Hz"],
    ]  # fmt: skip
    assert (told["point"][2], told["v-sweep"][2], told["frequency"][2]) == (1, 5, 7)
    for name, (*_, signals) in told.items():
        assert signals["v(bl)"] == ["V", pytest.approx(1.0 if name == "frequency" else 0.2)]
        assert signals["i(vbl)"][0] == "A"
        assert signals["i(vbl)"][1] > 1e-7
    assert set(told["v-sweep"][3]) == {"v(bl)", "i(vbl)", "x1.gap"}
    assert set(told["frequency"][3]) == {"v(bl)", "i(vbl)"}
    assert told["time"][3]["x1.gap"] == ["nm", pytest.approx(0.7, abs=1e-3)]


def test_from_pyspice_says_what_it_takes():
    with pytest.raises(rc.ParameterError, match="TransientAnalysis"):
        rc.from_pyspice(cell_by_hand())


def test_refuses_what_would_run_twice():
    circuit = cell_by_hand()
    circuit.raw_spice = ".tran 1n 1u"
    with pytest.raises(rc.NetlistError, match=r"\.tran 1n 1u"):
        rc.simulate(circuit, analysis=TRANSIENT)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({}, "analysis"),
        ({"analysis": "tran"}, "analysis"),
        ({"analysis": TRANSIENT, "probes": ["x1.gup"]}, "x1.gap"),
        ({"analysis": TRANSIENT, "probes": "gap"}, "probes"),
        ({"analysis": TRANSIENT, "engine": "vacask"}, "vacask"),
    ],
)
def test_simulate_of_a_pyspice_circuit_names_what_is_wrong(arguments, named):
    with pytest.raises(rc.ParameterError, match=named):
        rc.simulate(cell_by_hand(), **arguments)


def test_simulate_rejects_what_is_no_circuit():
    with pytest.raises(rc.ParameterError, match="no testbench, netlist or PySpice circuit"):
        rc.simulate(object())
    with pytest.raises(rc.ParameterError, match="analysis and probes"):
        rc.simulate(cell_bench(), probes=["gap"])
    with pytest.raises(rc.ParameterError, match="subcircuit"):
        subcircuit(object())
