"""Ways in which ngspice fails, many of them with exit status 0: each ends in an error that names the cause.

And netlists of every sort that must run without a false alarm.
"""

from __future__ import annotations

import json
import re
import stat
import subprocess
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from command import call

import rramcirc as rc
from rramcirc.basics.errors import EnvironmentProblem, NetlistError, ParameterError, SimulationError
from rramcirc.cli.simulate import simulate
from rramcirc.engines.compare import simulate_both
from rramcirc.waveforms.raw import read_raw

DIODE = ".model dd d(is=1e-14)"
# name: (cards, what the message must say)
FAILURES = {
    "truncated element line": ("r2 1 0\n.op", "'r2 1 0' is not a valid resistor instance line"),
    "unknown instance parameter": (f"d1 1 0 dd foo=3\n{DIODE}\n.op", r"unknown parameter \(foo\)"),
    "loop without a solution": ("b1 2 0 v=v(2)+1\nr2 2 0 1k\n.op", "no operating point.*singular matrix.*b1"),
    "loop without a solution, transient": ("b1 2 0 v=v(2)+1\nr2 2 0 1k\n.tran 1u 9u", "no operating point.*b1"),
    "node without a path to ground": ("c1 1 3 1n\nc2 3 0 1n\n.op", "no operating point.*node 3"),
    "floating gate": ("c1 1 g 1p\nm1 1 g 0 0 nn\n.model nn nmos(level=1)\n.tran 1n 9n", "no operating point.*node g"),
    "some saved vectors unknown": (".save v(1) v(nope)\n.tran 1u 9u", r"lacks v\(nope\)"),
    "all saved vectors unknown": (".save v(nope) i(nope)\n.tran 1u 9u", "no data saved for Transient"),
    "saved device parameter unknown": (".save v(1) @r1[nope]\n.op", r"@r1\[nope\]"),
    "transient that gets stuck": (
        "b1 3 0 v=v(2)>0.5 ? 0 : 2*time*1e6\nr3 3 2 1k\n.tran 10n 1u",
        r"Timestep too small; time = 2.5e-07.*node \"3\".*ended at 2.5e-07 s of 1e-06 s",
    ),
    "loop of voltage sources": ("v2 1 0 2\n.op", "no operating point.*v1#branch"),
    "loop of voltage sources, transient": ("v2 1 0 2\n.tran 1u 9u", "no operating point.*Timestep too small"),
    "voltage source across an inductor": ("l1 1 0 1u\n.op", "no operating point.*l1#branch"),
    "missing subcircuit": ("x1 1 0 nope\n.op", "unknown subckt: x1 1 0 nope"),
    "missing model": ("d1 1 0 nope\n.op", "can't find model 'nope'.*d1 1 0 nope"),
    "missing transistor model": ("m1 1 1 0 0 nope l=1u w=1u\n.op", "can't find model 'nope'"),
    "level that does not exist": ("m1 1 1 0 0 nn\n.model nn nmos(level=999)\n.op", "Illegal value for level"),
    "undefined parameter": ("r2 1 0 {rval}\n.op", r"Undefined parameter \[rval\]"),
    "undefined name in an expression": ("b1 2 0 v=v(1)*foo\nr2 2 0 1k\n.op", r"Undefined parameter \[foo\]"),
    "unknown function": ("b1 2 0 v=foo(v(1))\nr2 2 0 1k\n.op", "no such function 'foo'"),
    "value that is no number": ("r2 1 0 abc\n.op", "can't find model 'abc'.*r2 1 0 abc"),
    "line that is no element": ("hello world\n.op", "bad syntax of line.*hello world"),
    "line that begins strangely": ("?1 1 0 1k\n.op", r"Unusual leading characters.*\?1 1 0 1k"),
    "the same name twice": ("r1 1 0 2k\n.op", "r1 1 0 2k.*device already exists"),
    "too few nodes": (".subckt s a b c\nr1 a b 1k\nr2 b c 1k\n.ends\nx1 1 0 s\n.op", "Too few parameters"),
    "subcircuit without end": (".subckt s a b\nr1 a b 1k\nx1 1 0 s\n.op", "Mismatch of .subckt"),
    "step of zero": (".tran 0 9u", "TSTEP is invalid"),
    "stop at zero": (".tran 1u 0", "TSTOP is invalid"),
    "sweep of a source that is not there": (".dc vnope 0 1 0.1", '"vnope" is not in the circuit'),
    "sweep in the wrong direction": (".dc v1 0 1 -0.1", "no points|left points"),
    "frequency of zero": (".ac dec 10 0 1k", "AC startfreq <= 0"),
    "noise of a source that is not there": (".noise v(1) vnope dec 3 1 1k", "vnope not in circuit|not found"),
    "waveform that goes back in time": (
        "i1 0 1 pwl(0 0 2u 1m 1u 0)\n.tran 1u 9u",
        "i1 has non-increasing PWL|non-increasing PWL time points",
    ),
    "initial value of no node": ("c1 1 0 1n\n.ic v(nope)=1\n.tran 1n 9n", "non-existent node - nope"),
    "value beyond all circuits": ("b1 2 0 v=1e40\nr2 2 0 1k\n.op", r"v\(2\) reaches 1e\+40"),
}
SCRIPT = ".control\nrun\necho reached\nquit\n.endc\n"


DECKS = Path(__file__).parents[1] / "data" / "decks"


def deck(cards: str, control: str = "") -> str:
    return f"* test\nv1 1 0 dc 1 ac 1\nr1 1 0 1k\n{cards}\n{control}.end\n"


def run(folder: Path, text: str, **options: object) -> rc.Waveforms:
    folder.mkdir(exist_ok=True)
    (folder / "deck.cir").write_text(text)
    return rc.simulate_netlist(folder / "deck.cir", output=folder / "run", **options)


@pytest.mark.parametrize("control", ["", SCRIPT], ids=["cards", "script that goes on"])
@pytest.mark.parametrize(("cards", "cause"), FAILURES.values(), ids=FAILURES)
def test_failure_is_told_with_its_cause(tmp_path, cards, cause, control):
    with pytest.raises(SimulationError) as caught:
        run(tmp_path, deck(cards, control))
    assert re.search(cause, str(caught.value), re.DOTALL), str(caught.value)
    assert str(tmp_path / "run" / "netlist.cir") in str(caught.value)
    assert (tmp_path / "run" / "ngspice.log").exists()


@pytest.mark.parametrize(
    ("cards", "cause"),
    [
        ("", "no analysis"),
        (".control\necho hello\n.endc", "no analysis"),
        (".include nope.inc\n.op", "includes nope.inc, which is not in"),
        (".lib nope.lib tt\n.op", "includes nope.lib, which is not in"),
        (".control\npre_osdi nope.osdi\n.endc\n.op", "nope.osdi, which is not in"),
        (".opp\n.op", "line 4: the statement '.opp', which ngspice does not know"),
    ],
    ids=[
        "no analysis",
        "control block without run",
        "missing include",
        "missing library",
        "missing compiled model",
        "unknown dot command",
    ],
)
def test_what_is_missing_is_told_before_ngspice_starts(tmp_path, cards, cause):
    with pytest.raises(NetlistError, match=cause):
        run(tmp_path, deck(cards))


def test_missing_and_empty_netlists_are_refused(tmp_path):
    with pytest.raises(NetlistError, match=r"nope\.cir"):
        rc.simulate_netlist(tmp_path / "nope.cir", output=tmp_path / "run")
    with pytest.raises(NetlistError, match="no analysis"):
        run(tmp_path, "")


def own_cell(folder: Path, **changes: str) -> Path:
    """Write the netlist of one cell, with some texts replaced."""
    cell = rc.Cell(rram=rc.load_card("hfo2_filament"), selector=rc.load_card("nmos_select"))
    bench = rc.Testbench(cell, rc.OperatingPoint(), {"wl": rc.Constant(1.8), "bl": rc.Constant(0.2)})
    path = folder / "cell.cir"
    rc.build_netlist(bench).write(path)
    text = path.read_text()
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        ("filament_length=5", "filament_length=5 nope=1", r"unrecognized parameter \(nope\)"),
        ("gap_ini={gap_ini}", "gap_ini={gap_ini} nope=1", r"unknown parameter \(nope\)"),
        ("capacitance=1e-15", "capacitance=-1", "out of range|out of bounds|OSDI|doAnalyses"),
        ("rram_filament filament", "rram_filamant filament", "rram_filamant"),
        ("@n.xcell.nrram[gap]", "@n.xcell.nrram[gapp]", r"@n.xcell.nrram\[gapp\]"),
    ],
    ids=["model parameter", "instance parameter", "range", "module", "op-variable"],
)
def test_mistakes_with_compiled_models_are_told(tmp_path, old, new, cause):
    path = own_cell(tmp_path, change=(old, new))
    with pytest.raises(SimulationError, match=cause):
        rc.simulate_netlist(path, output=tmp_path / "run")


def test_failing_analysis_in_a_script_that_ends_well_is_told(tmp_path):
    script = ".control\ntran 1u 9u\nalter v2 dc = 1\nop\nquit 0\n.endc\n"
    with pytest.raises(SimulationError, match=r"no operating point|Timestep too small"):
        run(tmp_path, deck("v2 1 0 2", script))


@pytest.mark.parametrize("command", ["let y = 1+", "alter r9 = 5", "alter @r1[nope] = 3", "setplot nope"])
def test_command_that_fails_in_a_script_is_told(tmp_path, command):
    with pytest.raises(SimulationError, match="ngspice said: "):
        run(tmp_path, deck("", f".control\nop\n{command}\nop\nquit\n.endc\n"))


def test_exit_status_of_the_script_is_told(tmp_path):
    with pytest.raises(SimulationError, match="exit status 3"):
        run(tmp_path, deck("", ".control\nop\nquit 3\n.endc\n"))


def wrapper(folder: Path, lines: str) -> str:
    program = folder / "ngspice-wrapped"
    program.write_text(f"#!/bin/sh\n{lines}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


def test_raw_file_that_cannot_grow_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("RRAMCIRC_NGSPICE", wrapper(tmp_path, "ulimit -f 16; trap '' XFSZ; exec ngspice \"$@\""))
    with pytest.raises(SimulationError, match=r"truncated|stops after|ended at|write error"):
        run(tmp_path, deck("c1 1 0 1n\n.tran 1n 9u"))


def test_raw_file_to_a_device_without_room_is_told(tmp_path):
    with pytest.raises(SimulationError, match="no raw file"):
        run(tmp_path, deck("", ".tran 1n 9u\n.control\nrun /dev/full\nquit\n.endc\n"), trust=True)


def test_full_disk_is_blamed_on_the_machine(tmp_path, monkeypatch):
    monkeypatch.setattr("rramcirc.engines.ngspice.run.disk_is_full", lambda folder: True)
    with pytest.raises(EnvironmentProblem, match=r"the disk with .* is full"):
        run(tmp_path, deck("r2 1 0\n.op"))


def test_ngspice_without_compiled_models_is_blamed_on_the_machine(tmp_path, monkeypatch):
    words = "echo 'osdi: no such command available in ngspice' >&2; exit 1"
    monkeypatch.setenv("RRAMCIRC_NGSPICE", wrapper(tmp_path, words))
    with pytest.raises(EnvironmentProblem, match="needs 44 or newer, with OSDI"):
        run(tmp_path, deck(".op"))


def test_missing_ngspice_is_blamed_on_the_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("RRAMCIRC_NGSPICE", str(tmp_path / "nope"))
    with pytest.raises(EnvironmentProblem, match="was not found on PATH"):
        run(tmp_path, deck(".op"))


MOS = ".model nn nmos(level=14 version=4.8.2)\n.model pp pmos(level=14 version=4.8.2)"
INVERTER = f"{MOS}\n.subckt inv a y vdd\nm1 y a 0 0 nn l=.18u w=1u\nm2 y a vdd vdd pp l=.18u w=2u\nc1 y 0 5f\n.ends"
# name: (cards and control block, axis, number of plots, a signal, its value at the end [SI], relative tolerance)
GOOD = {
    "op": ("r2 1 2 1k\nr3 2 0 1k\n.op", "point", 1, "v(2)", 0.5, 1e-9),
    "dc": ("r2 1 2 1k\nr3 2 0 1k\n.dc v1 0 2 0.5", "v-sweep", 1, "v(2)", 1.0, 1e-9),
    "dc nested": ("v2 2 0 1\nr2 1 2 1k\n.dc v1 0 2 1 v2 0 1 1", "v-sweep", 1, "i(v2)", 1e-3, 1e-9),
    "dc of the temperature": ("r2 1 2 1k\nr3 2 0 1k tc1=0\n.dc temp 0 100 50", "temp-sweep", 1, "v(2)", 0.5, 1e-9),
    "ac": ("r2 1 2 1k\nc2 2 0 1n\n.ac dec 5 1 1", "frequency", 1, "v(2)", 1.0, 1e-4),
    "ac of an integrator": (
        "i1 0 2 ac 1\nc2 2 0 1f\nr3 2 0 1e18\n.ac dec 1 1m 1m", "frequency", 1, "v(2)", 1.5713e17, 1e-2
    ),
    "noise": ("r2 1 2 1k\nr3 2 0 1k\n.noise v(2) v1 dec 5 1 10", "frequency", 2, "onoise_spectrum", 2.88e-9, 1e-2),
    "tran": ("r2 1 2 1k\nc2 2 0 1n\n.tran 10n 20u", "time", 1, "v(2)", 1.0, 1e-6),
    "tran, late start": ("r2 1 2 1k\nc2 2 0 1n\n.tran 10n 20u 10u 50n", "time", 1, "v(2)", 1.0, 1e-6),
    "tran uic": ("l2 2 0 1u ic=1m\nr3 2 0 1k\nc3 2 0 1p\n.tran 1n 1u uic", "time", 1, "v(1)", 1.0, 1e-6),
    "stop with a suffix and a comment": ("r2 1 2 1k\nc2 2 0 1n\n.tran 10ns 20us $ stop", "time", 1, "v(2)", 1, 1e-6),
    "stop as an expression": (".param t=20u\nr2 1 2 1k\nc2 2 0 1n\n.tran 10n {t}", "time", 1, "v(2)", 1.0, 1e-6),
    "several analyses": (
        "r2 1 2 1k\nc2 2 0 1n\n.op\n.ac dec 3 1 1k\n.dc v1 0 1 1\n.tran 10n 20u\n.tf v(2) v1",
        "time", 5, "v(2)", 1.0, 1e-6,
    ),
    "pole-zero": ("r2 1 2 1k\nc2 2 0 1n\n.pz 1 0 2 0 vol pol", "point", 1, "v(pole(1))", None, 0),
    "sensitivity": ("r2 1 2 1k\nr3 2 0 1k\n.sens v(2)", "point", 1, "v(v1)", None, 0),
    "subcircuits, BSIM4": (
        f"{INVERTER}\nvd d 0 1.8\nx1 1 a d inv\nx2 a b d inv\n.tran 1p 1n", "time", 1, "v(b)", 1.8, 1e-2
    ),
    "latch": (f"{INVERTER}\nvd d 0 1.8\nx1 q p d inv\nx2 p q d inv\n.op", "point", 1, "v(d)", 1.8, 1e-9),
    "switch": (
        "vc c 0 pulse(0 1 1u 9n 9n 9u 20u)\ns1 1 2 c 0 sw\nr2 2 0 1k\n.model sw sw(vt=.5 ron=1m roff=1g)\n.tran 9n 5u",
        "time", 1, "v(2)", 1.0, 1e-4,
    ),
    "sources with expressions": ("b1 2 0 v=tanh(v(1)*3)+v(1)^2\nr2 2 0 1k\n.op", "point", 1, "v(2)", 1.99505, 1e-4),
    "derivative of zero at zero": ("i2 0 2 1m\nb2 2 0 i=v(2)^3\n.op", "point", 1, "v(2)", 0.1, 1e-3),
    "transmission line": ("r2 1 2 50\nt1 2 0 3 0 z0=50 td=2n\nr3 3 0 50\n.tran 0.1n 20n", "time", 1, "v(3)", 0.5, 1e-6),
    "saved vectors of all spellings": (
        "l2 1 2 1u\nr3 2 0 1k\n.save all @r3[i] l2#branch I(V1) V(2) 1\n.op", "point", 1, "@r3[i]", 1e-3, 1e-3
    ),
    "print, plot and fourier cards": (
        "b1 2 0 v=sin(6.283185307*1e5*time)\nr2 2 0 1k\n.tran 0.1u 20u\n.print tran v(2) @r2[i]\n.plot tran v(2)",
        "time", 1, "@r2[i]", 0.0, 1e-3,
    ),
    "names that sound like trouble": (
        "rfatal 1 error 1k\nraborted error 0 1k\n* Error: ignored, aborted\n.op", "point", 1, "v(error)", 0.5, 1e-9
    ),
    "run and quit": ("r2 1 2 1k\nc2 2 0 1n\n.tran 10n 20u\n.control\nrun\nquit\n.endc", "time", 1, "v(2)", 1, 1e-6),
    "run without quit": ("r2 1 2 1k\nc2 2 0 1n\n.tran 10n 20u\n.op\n.control\nrun\n.endc", "time", 2, "v(2)", 1, 1e-6),
    "analyses in a script": (
        "r2 1 2 1k\nc2 2 0 1n\n.control\nop\nac dec 3 1 1k\ntran 10n 20u\nprint v(2)[3]\nplot v(2)\n.endc",
        "time", 3, "v(2)", 1.0, 1e-6,
    ),
    "script that steps a value": (
        "r2 1 2 1k\nr3 2 0 1k\n.control\nforeach rv 1k 3k\n  alter r3 = $rv\n  op\nend\nquit\n.endc", "point", 2,
        "v(2)", 0.5, 1e-9,
    ),
    "script that writes a raw file": (
        "r2 1 2 1k\nc2 2 0 1n\n.control\ntran 10n 20u\nwrite own.raw v(2)\nquit\n.endc", "time", 1, "v(2)", 1.0, 1e-6
    ),
    "script that runs into a raw file": (
        "r2 1 2 1k\nc2 2 0 1n\n.tran 10n 20u\n.control\nrun own.raw\nquit\n.endc", "time", 1, "v(2)", 1.0, 1e-6
    ),
    "script that writes waves.raw as text": (
        "r2 1 2 1k\n.op\n.control\nset filetype=ascii\nrun\nwrite waves.raw v(2)\n.endc", "point", 1, "v(2)", 1.0, 1e-6
    ),
}  # fmt: skip
REMARKED = {"derivative of zero at zero": "singular matrix.*gmin stepping completed", "analyses in a script": "plot"}


@pytest.mark.parametrize(("name", "case"), GOOD.items(), ids=GOOD)
def test_valid_netlist_runs_without_false_alarm(tmp_path, name, case):
    cards, axis, plots, signal, value, tolerance = case
    waves = run(tmp_path, deck(cards))
    assert (waves.axis_name, len(waves.provenance["plots"])) == (axis, plots)
    assert len(read_raw(tmp_path / "run" / "waves.raw")) == plots
    if value is not None:
        assert abs(waves[signal][-1]) == pytest.approx(value, rel=tolerance, abs=1e-6 if value == 0 else 0)
    remarks = " ".join(waves.provenance["remarks"])
    assert re.search(REMARKED[name], remarks) if name in REMARKED else remarks == ""
    again = rc.load_run(tmp_path / "run")
    np.testing.assert_array_equal(again[signal], waves[signal])


def test_results_of_meas_are_stored(tmp_path):
    waves = rc.simulate_netlist(DECKS / "meas.cir", output=tmp_path / "run")
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["measurements"] == pytest.approx({"t63": 1.00017e-06, "vmax": 0.993259})
    assert waves.provenance["measurements"] == record["measurements"]
    assert record["remarks"] == []


@pytest.mark.parametrize(
    ("name", "failed", "values"),
    [("badmeas", "tx", None), ("bsrc", "tcross", {"smax": 0.332223, "imax": 1.34792e-05})],
)
def test_a_failed_meas_fails_the_run_unless_allowed(tmp_path, name, failed, values):
    with pytest.raises(SimulationError, match=rf"measurement {failed} failed: .*out of interval"):
        rc.simulate_netlist(DECKS / f"{name}.cir", output=tmp_path / "run")
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record.get("measurements") == (values and pytest.approx(values))
    waves = rc.simulate_netlist(DECKS / f"{name}.cir", output=tmp_path / "run", allow_failed_meas=True)
    assert len(waves.provenance["remarks"]) == 1
    assert waves.provenance["remarks"][0].startswith(f"measurement {failed} failed")


def test_simulate_prints_what_was_measured(tmp_path):
    def call(name: str, *options: str) -> Result:
        return CliRunner().invoke(simulate, [str(DECKS / f"{name}.cir"), "-o", str(tmp_path / name), *options])

    assert call("meas").stdout.split() == ["t63", "1.00017e-06", "vmax", "0.993259"]
    failed = call("bsrc")
    assert failed.stdout.split() == ["smax", "0.332223", "imax", "1.34792e-05"]
    assert isinstance(failed.exception, SimulationError)
    allowed = call("bsrc", "--allow-failed-meas")
    assert (allowed.exit_code, allowed.stdout) == (0, failed.stdout)
    assert "Remark: measurement tcross failed" in allowed.stderr


def test_meas_can_be_added_to_a_netlist_of_rramcirc(tmp_path):
    path = own_cell(tmp_path, change=("\n.op\n", "\n.tran 1u 10u\n.meas tran imax max i(vbl)\n"))
    waves = rc.simulate_netlist(path, output=tmp_path / "run")
    assert waves.provenance["measurements"]["imax"] == pytest.approx(max(-waves["i(bl)"]), rel=1e-4)


def test_measurements_of_several_analyses_are_all_carried_out(tmp_path):
    cards = "r2 1 2 1k\nc2 2 0 1n\n.tran 10n 5u\n.ac dec 10 1k 10meg\n.dc v1 0 1 0.1\n"
    cards += ".meas ac fc when vdb(2)=-3\n.meas dc half find v(2) at=0.5\n.meas tran top max v(2)"
    measured = run(tmp_path, deck(cards)).provenance["measurements"]
    assert measured == pytest.approx({"fc": 158.8e3, "half": 0.5, "top": 1.0}, rel=2e-3)


def test_scalars_in_a_plot_are_not_filled_up_with_zeros(tmp_path):
    waves = rc.simulate_netlist(DECKS / "wh.cir", output=tmp_path / "run")
    assert waves["pk"][-1] == pytest.approx(0.302843, rel=1e-5)
    assert waves.provenance["measurements"]["pk"] == pytest.approx(0.302843)
    assert waves.provenance["measurements"]["pk[2]"] == pytest.approx(0.538289)


def test_vertical_edges_are_a_remark(tmp_path):
    waves = rc.simulate_netlist(DECKS / "vertical_edge.cir", output=tmp_path / "run")
    assert np.interp(2e-6, waves.time, waves["v(b)"]) == pytest.approx(1 - np.exp(-1), abs=5e-6)
    assert "vertical edge" in waves.provenance["remarks"][0]


def test_model_parameter_that_ngspice_ignores_is_a_remark_in_a_netlist_of_somebody_else(tmp_path):
    waves = run(tmp_path, deck("d1 1 0 dd\n.model dd d(foo=3)\n.op"))
    assert "unrecognized parameter (foo) - ignored" in waves.provenance["remarks"][0]


def test_netlist_with_included_files_runs(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "Divider.inc").write_text(".include 'more/half.inc'\nxh 1 2 0 half\n")
    (tmp_path / "parts" / "more").mkdir()
    (tmp_path / "parts" / "more" / "half.inc").write_text(".subckt half a b c\nr1 a b 1k\nr2 b c 1k\n.ends\n")
    (tmp_path / "corners.lib").write_text(".lib tt\n.param rv=1k\n.endl\n.lib ff\n.param rv=3k\n.endl\n")
    cards = '.INCLUDE "parts/Divider.inc"\n.lib corners.lib ff\nr9 2 0 {rv}\n.op'
    assert run(tmp_path, deck(cards))["v(2)"][0] == pytest.approx(750 / 1750)


def test_data_file_beside_the_netlist_is_found(tmp_path):
    (tmp_path / "data.txt").write_text("0 0\n1e-6 1\n2e-6 1\n")
    cards = (
        'a1 %v([s]) src\n.model src filesource(file="data.txt" amploffset=[0] amplscale=[2])\nrs s 0 1k\n.tran 10n 2u'
    )
    assert run(tmp_path, deck(cards))["v(s)"][-1] == pytest.approx(2.0)


def test_generated_netlist_is_run_unchanged(tmp_path):
    path = own_cell(tmp_path)
    waves = rc.simulate_netlist(path, output=tmp_path / "run")
    assert (tmp_path / "run" / "netlist.cir").read_bytes() == path.read_bytes()
    assert waves["i(bl)"][0] > 0


@pytest.mark.parametrize("control", ["", ".control\nop\nrun\nquit\n.endc\n"], ids=["cards", "script"])
def test_run_folder_reruns_by_hand(tmp_path, control):
    waves = run(tmp_path, deck("r2 1 2 1k\nc2 2 0 1n\n.ic v(2)=0\n.tran 10n 20u", control))
    before = waves["v(2)"].copy()
    subprocess.run(["ngspice", "-b", "netlist.cir"], cwd=tmp_path / "run", check=True, capture_output=True, timeout=30)
    np.testing.assert_array_equal(rc.load_run(tmp_path / "run")["v(2)"], before)
    assert len(read_raw(tmp_path / "run" / "waves.raw")) == len(waves.provenance["plots"])


RC_SINE = "vs s 0 sin(0 1 1k)\nrs s d 1k\ncs d 0 1n\nds d 0 dd\n.model dd d\n.tran 10u 1m 0 1"


@pytest.mark.parametrize(
    "text",
    [
        deck(f".options reltol=1e-2\n{RC_SINE}"),
        deck(f"{RC_SINE}\n.options method=gear reltol=1e-2"),
        deck(f".param tol=1e-2\n.options reltol={{tol}}\n{RC_SINE}", SCRIPT),
    ],
    ids=["before", "after", "script"],
)
def test_option_wins_over_the_netlist(tmp_path, text):
    loose = run(tmp_path / "a", text)
    tight = run(tmp_path / "b", text, options={"RELTOL": "1e-6"})
    assert tight.n_points > 4 * loose.n_points


DIODE_LEAK = f"d1 0 1 dd\n{DIODE}"


@pytest.mark.parametrize(
    "text",
    [
        deck(f"{DIODE_LEAK}\n.temp 60\n.op"),
        deck(f"{DIODE_LEAK}\n.op\n.options temp=60"),
        deck(f"{DIODE_LEAK}\n.temp 60\n.options temp=50\n.op\n.temp 40", SCRIPT),
        deck(f"{DIODE_LEAK}\n.control\nop\n.endc\n"),
    ],
    ids=["temp", "option", "both", "script"],
)
def test_temperature_wins_over_the_netlist(tmp_path, text):
    hot = run(tmp_path / "a", text, temperature=373.15)
    reference = run(tmp_path / "b", deck(f"{DIODE_LEAK}\n.temp 100\n.op"))
    assert hot["i(v1)"][0] == pytest.approx(reference["i(v1)"][0], rel=1e-12)
    assert "TEMP = 100.0" in (tmp_path / "a" / "run" / "ngspice.log").read_text()


def test_option_and_temperature_win_in_generated_netlists(tmp_path):
    path = own_cell(tmp_path)
    cold = rc.simulate_netlist(path, output=tmp_path / "cold", temperature=250.0)
    card, select = rc.load_card("hfo2_filament"), rc.load_card("nmos_select")
    bench = rc.Testbench(
        rc.Cell(rram=card, selector=select),
        rc.OperatingPoint(),
        {"wl": rc.Constant(1.8), "bl": rc.Constant(0.2)},
        temperature=250.0,
    )
    assert cold["i(bl)"][0] == pytest.approx(rc.simulate(bench)["i(bl)"][0], rel=1e-12)
    assert cold["t_filament"][0] < 260.0
    klu = (tmp_path / "cold" / "ngspice.log").read_text()
    sparse = rc.simulate_netlist(path, output=tmp_path / "sparse", options={"sparse": ""})
    assert "KLU" in klu
    assert "SPARSE" in (tmp_path / "sparse" / "ngspice.log").read_text()
    assert sparse["i(bl)"][0] == pytest.approx(rc.simulate_netlist(path, output=tmp_path / "r")["i(bl)"][0], rel=1e-4)


@pytest.mark.parametrize("line", ["set temp=50", "option temp=50"])
def test_temperature_that_the_script_sets_is_not_overridden_in_vain(tmp_path, line):
    text = deck("", f".control\n{line}\nop\n.endc\n")
    assert run(tmp_path, text).n_points == 1
    with pytest.raises(NetlistError, match=r"line 6 sets temp itself"):
        run(tmp_path, text, temperature=300.0)


@pytest.mark.parametrize("line", ["set reltol=1e-2", "option reltol = 1e-2"])
def test_option_that_the_script_sets_is_not_overridden_in_vain(tmp_path, line):
    with pytest.raises(NetlistError, match=r"line 6 sets reltol itself"):
        run(tmp_path, deck("", f".control\n{line}\nop\n.endc\n"), options={"reltol": "1e-6"})


def test_option_that_ngspice_does_not_know_is_refused(tmp_path):
    with pytest.raises(ParameterError, match=r"'retol'.*Nearest: .*reltol"):
        run(tmp_path, deck(".op"), options={"retol": "1e-6"})
    with pytest.raises(ParameterError, match="Set the temperature"):
        run(tmp_path, deck(".op"), options={"temp": "50"})
    with pytest.raises(ParameterError, match="NAME=VALUE"):
        run(tmp_path, deck(".op"), options={"reltol": "1e-6\n.control"})


@pytest.mark.parametrize("engine", ["ngspice", "numpy"])
def test_option_of_a_testbench_that_the_engine_does_not_know_is_refused(engine):
    cell = rc.Cell(rram=rc.load_card("hfo2_filament"))
    for name, said in {"retol": r"Testbench\.options.*Nearest: reltol", "temp": "Set the temperature"}.items():
        with pytest.raises(ParameterError, match=said):
            rc.simulate(rc.Testbench(cell, rc.OperatingPoint(), options={name: 1e-6}), engine)


def test_options_of_the_engine_numpy_are_named_where_ngspice_is_asked_and_threads_are_no_obstacle_to_both(tmp_path):
    bench = rc.Testbench(rc.Cell("hfo2_filament"), rc.OperatingPoint(), options={"threads": 2, "gmin": 1e-12})
    with pytest.raises(ParameterError, match=r"threads \(1 to 64\) is an option of the engine numpy"):
        rc.simulate(bench)
    assert not simulate_both(bench, tmp_path / "both").problems(1e-6)


def test_remarks_are_printed_by_the_command(tmp_path):
    (tmp_path / "deck.cir").write_text(deck(".options retol=1e-6\ni2 0 2 1m\nb2 2 0 i=v(2)^3\n.op"))
    done = call("simulate", "deck.cir", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^Remark: .*no option 'retol'", done.stderr, re.M)
    assert re.search(r"^Remark: singular matrix.*gmin stepping completed", done.stderr, re.M)


def test_names_that_ngspice_overlooks_are_remarks(tmp_path):
    cards = ".options retol=1e-6\n.subckt s a b rv=1k\nr1 a b {rv}\n.ends\nx1 1 0 s rvv=2k\n.op"
    remarks = run(tmp_path, deck(cards)).provenance["remarks"]
    assert "no option 'retol'" in remarks[0]
    assert "reltol" in remarks[0]
    assert "no parameter 'rvv'" in remarks[1]
