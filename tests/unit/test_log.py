"""Lines of ngspice: which make a run fail, which are passed on, which mean nothing."""

from __future__ import annotations

import pytest

from rramcirc.engines.ngspice.log import read_log, reference_value

PROBLEMS = [
    "Error: no data saved for Transient analysis; analysis not run",
    "ERROR: AC startfreq <= 0",
    "Internal error: No tree to evaluate.",
    'Fatal error: DC Transfer Function: Voltage source, current source, or resistor named "vx" is not in the circuit',
    "Fatal: Tox = 0 is not positive.",
    "Error during 'write': no writable vector found.",
    'doAnalyses: TRAN:  Timestep too small; time = 1.58793e-06, timestep = 6.25e-20: trouble with node "be"',
    "doAnalyses: 1 errors occurred during initialization",
    "PPerror: syntax error in line segment",
    "Illegal value for level.",
    "OSDI(err) n1: gap is negative",
    "OSDI(fatal) n1: gap is negative",
    'Too few parameters for subcircuit type "s" (instance: xx1)',
    'Too many parameters for subcircuit type "s" (instance: xx1)',
    "warning, can't find model 'nope' from line",
    "Warning: Model issue on line 4 :",
    "Warning : voltage source v1 has non-increasing PWL time points.",
    "Warning : current source i1 has non-increasing PWL time points.",
    "Warning: Could not set temperature to {x}",
    "Warning: Unusual leading characters like '?' or others out of",
    "Warning: rawfile write error !!",
    "Warning:  can't set option foo",
    "Warning: Cannot convert 'option seed=x' to seed value, skipped!",
    "Warning: Cannot read 2 nodes in line x",
    "Warning: clearing control structures",
    "Warning: 'r1 1 0' is not a valid resistor instance line, ignored!",
    "Warning : IC on non-existent node - nope, ignored",
    "Warning: bad csparam definition, x skipped!",
    "Warning: Strange parameter in line x, ingnored",
    "run simulation(s) aborted",
    "run simulation not started",
    "frobnicate: no such command available in ngspice",
    "write: too few args.",
    "alter: too many args.",
    "aspice: command is not implemented",
    "n1 model1 ... incorrect model type! Expected OSDI device",
    "unrecognized parameter (foo) - ignored",
    "Warning: redefinition of .subckt inv, ignored",
    "Warning: unrecognized variable - @r1[nope]",
]
REMARKS = [
    "Warning: command 'plot' is not available during batch simulation, ignored!",
    "Warning: nsub is ignored because k1 or k2 is given.",
    "Warning: Dot command .biaschk is not supported, ingnored",
    "Warning: Value of resistor r1 is too small, set to 1.000000e-03",
    "Warning: Interpolated raw file data!",
    "Warning from checkvalid: vector nope is not available or has zero length.",
    "Warning: memory required (3 GB), made of",
    "Error: measure  bad  when(WHEN) : out of interval",
    ".meas tran bad when v(2)=1.9 failed!",
    "OSDI(warn) n1: gap is small",
    "Error: -224.844 out of range for ln",
    "Warning: singular matrix:  check node 2",
    "Warning: ignored extra junk after label.",
]
NOTHING = [
    "Note: No compatibility mode selected!",
    "Note: v1: dc value used for op instead of transient time=0 value.",
    "Note: Starting dynamic gmin stepping",
    "Warning: Dynamic gmin stepping failed",
    "Note: Starting true gmin stepping",
    "Note: True gmin stepping completed",
    "Warning: source stepping failed",
    "Circuit: * run simulation(s) aborted",
    "fatal                                   1.5",
    "aborted                                 1e-12",
    "error#branch                            -3.0e-3",
    "Doing analysis at TEMP = 27.000000 and TNOM = 27.000000",
    "Using KLU as Direct Linear Solver",
    "Operating point simulation skipped by 'uic',",
    "No. of Data Rows : 123",
    "the value is ignored here, says an echo of the user",
    " Reference value :  9.64e-05",
    "DC solution failed -",
    "ngspice-46 done",
]


@pytest.mark.parametrize("line", PROBLEMS)
def test_line_makes_the_run_fail(line):
    report = read_log(f"Circuit: * t\n\n{line}\nngspice-46 done\n")
    assert report.problems == (line.strip(),)
    assert report.remarks == ()


@pytest.mark.parametrize("line", REMARKS)
def test_line_is_passed_on(line):
    report = read_log(f"Circuit: * t\n\n{line}\nngspice-46 done\n")
    assert report.problems == ()
    assert len(report.remarks) == 1
    assert report.remarks[0] in line


@pytest.mark.parametrize("line", NOTHING)
def test_line_means_nothing(line):
    report = read_log(f"{line}\n")
    assert (report.problems, report.remarks) == ((), ())


GMIN = """Warning: singular matrix:  check node 2
Note: Starting dynamic gmin stepping
"""


def test_singular_matrix_that_stepping_recovers_from_is_a_remark():
    report = read_log(f"{GMIN}Note: Dynamic gmin stepping completed\n")
    assert report.problems == ()
    assert report.remarks == ("singular matrix:  check node 2; Dynamic gmin stepping completed",)


def test_pseudo_transient_search_is_a_problem_unless_the_netlist_asks_for_it():
    log = f"{GMIN}Warning: Dynamic gmin stepping failed\nNote: Transient op started\n"
    log += "Note: Transient op finished successfully\n"
    cause = "no operating point was found (gmin and source stepping failed): singular matrix:  check node 2"
    assert read_log(log).problems == (cause,)
    asked = read_log(log, own_stepping=True)
    assert (asked.problems, asked.remarks) == ((), (cause,))


def test_trial_steps_are_named_beside_the_failure_that_they_led_to():
    cause = 'doAnalyses: TRAN:  Timestep too small; time = 1e-06, timestep = 1e-20: trouble with node "2"'
    report = read_log(f"Error: -3 out of range for sqrt\n{cause}\nrun simulation(s) aborted\n")
    assert report.problems == (cause, "Error: -3 out of range for sqrt")


@pytest.mark.parametrize(
    "consequence",
    [
        "Error: incomplete or empty netlist",
        "ERROR: fatal error in ngspice, exit(1)",
        "Error: The operating point could not be simulated successfully.",
        "Error: Finding the operating point for transient simulation failed",
        "Error: sim_status: no such variable.",
        "Error: Transient op failed, timestep too small",
        "doAnalyses: not found",
        "run simulation(s) aborted",
    ],
)
def test_what_follows_from_a_cause_is_left_out_beside_it(consequence):
    cause = "Error: no such function 'foo' at line 3"
    assert read_log(f"{cause}\n{consequence}\n").problems == (cause,)


def test_message_of_several_lines_is_told_whole_and_once():
    log = "Error on line 4 or its substitute:\n  r1 1 0 foo=2\n  unknown parameter (foo)\nNote: x\n"
    assert read_log(log * 2).problems == (
        "Error on line 4 or its substitute: | r1 1 0 foo=2 | unknown parameter (foo)",
    )


def test_version_and_temperatures_are_read():
    log = "Doing analysis at TEMP = 27.000000 and TNOM = 27.000000\n" * 2 + "ngspice-46 done\n"
    assert read_log(log).version == "ngspice-46"
    assert read_log(log).celsius == (27.0, 27.0)


@pytest.mark.parametrize(
    ("chunk", "value"),
    [(b" Reference value :  9.64e-05\r Reference value :  1.2e-04\r", 1.2e-4), (b"hello", None), (b"value : .e", None)],
)
def test_progress_is_read_from_a_piece_of_output(chunk, value):
    assert reference_value(chunk) == value
