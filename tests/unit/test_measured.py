"""Results of .meas: which a netlist asks for, and what the log says they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from rramcirc.engines.ngspice.lines import Line
from rramcirc.engines.ngspice.log import excuse, read_log
from rramcirc.engines.ngspice.measured import is_consequence, later_measurements, read_measured, requested
from rramcirc.engines.ngspice.overlooked import overlooked, sources_that_go_back

LOG = """Circuit: * t
  Measurements for Transient Analysis

Error: measure  never  when(WHEN) : out of interval
 .meas tran never when v(2)=7 failed!

rise                =  2.19721e-06 targ=  2.30308e-06 trig=  1.05866e-07
top                 =  9.93259e-01 at=  5.00000e-06
area                =   4.00625e-06 from=  0.00000e+00 to=  5.00000e-06
outside             =  0.00000e+00 from=  9.00000e-06 to=  5.00000e-06
formula             =   failed
a_name_of_more_than_twenty_letters=  -1.5e+00
odd                 =  nan
top = 9.932590e-01
other               =  1.00000e+00
"""


def lines(text: str, kind: str = "card") -> list[Line]:
    return [Line(Path("deck.cir"), k, row, kind) for k, row in enumerate(text.splitlines(), 1)]


def test_values_and_failures_are_read_from_the_log():
    names = (
        "never",
        "rise",
        "top",
        "area",
        "outside",
        "formula",
        "a_name_of_more_than_twenty_letters",
        "odd",
        "absent",
    )
    found = read_measured(LOG, dict.fromkeys(names, True))
    assert found.values == {
        "rise": 2.19721e-06,
        "top": 0.993259,
        "area": 4.00625e-06,
        "a_name_of_more_than_twenty_letters": -1.5,
    }
    assert found.failed == (
        "measurement never failed: .meas tran never when v(2)=7 (when(WHEN) : out of interval)",
        "measurement outside failed (there is nothing between 9.00000e-06 and 5.00000e-06)",
        "measurement formula failed (it gives no number)",
        "measurement odd failed (it gives nan)",
        "measurement absent has no result: ngspice did not carry it out",
    )


def test_a_measurement_in_a_loop_keeps_every_value_and_a_command_need_not_be_reached():
    log = "".join(f"pk{'':18}=  {value}e-01 at=  1e-06\n" for value in (1, 2, 3)) + f"p_7{'':17}=  5e-01\n"
    found = read_measured(log, {"pk": False, "p_$k": False, "skipped": False, "x{y}": False})
    assert found.values == {"pk[0]": 0.1, "pk[1]": 0.2, "pk": 0.3, "p_7": 0.5}
    assert not found.failed


def test_requested_measurements_are_those_of_cards_and_commands():
    cards = lines(".MEAS tran Top max v(2)\n.measure ac fc when vdb(2)=-3\n.meas tran\n.tran 1n 1u")
    assert requested(cards) == {"top": True, "fc": True, ".meas tran": True}
    assert requested(lines("meas tran pk max v(2)\nprint pk", "command")) == {"pk": False}


def test_analyses_before_the_last_are_measured_by_commands():
    text = ".tran 1n 1u\n.ac dec 1 1 9\n.meas tran a max v(2)\n.meas ac b max v(2)\n.meas ac c param='b*2'"
    assert later_measurements(lines(text)) == ["setplot ac1", "meas ac b max v(2)"]
    assert later_measurements(lines(".tran 1n 1u\n.meas tran a max v(2)")) == []


def test_messages_that_only_explain_a_failed_measurement_are_told_once():
    failed = ("measurement a failed: .meas tran a find v(nonode) at=1u",)
    assert is_consequence("Error: no such vector as v(nonode).", failed)
    assert is_consequence("Error: measure  a  when(WHEN) : out of interval", failed)
    assert is_consequence("Error: meas ac ... | no such scale vector as frequency.", failed)
    assert not is_consequence("Error: no such vector as v(other).", failed)
    assert not is_consequence("Error: measure  a  when(WHEN) : out of interval", ())


@pytest.mark.parametrize(
    ("text", "backward"),
    [
        ("V1 a 0 pwl(0 0 1u 0 1u 1 3u 1)", []),
        ("i1 a 0 PWL 0 0 2u 1 1u 0", ["i1"]),
        ("v1 a 0 dc 1 pwl(0,0, 2u,1, 1u,0) ac 1", ["v1"]),
        ("v1 a 0 pwl(0 0 {t} 1 2u 0 1u 1)", ["v1"]),
        ("v1 a 0 pwl(0 0 {t} 1) r=0", []),
        ("v1 a 0 pulse(0 1 0 1n 1n 1 2)", []),
        ("r1 a 0 1k ; pwl(1 0 0 1)", []),
    ],
)
def test_sources_that_go_back_in_time_are_found(text, backward):
    assert sources_that_go_back(lines(text)) == backward


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("v1 a 0 pulse(0 1 1u 0 0 1u 4u)", "rise and fall 0"),
        ("i1 a 0 PULSE 0 1 1u 1n 0ns 1u 4u", "of i1 has fall 0"),
        ("v1 a 0 pulse(0 1 0 1n 1n 1 2)", ""),
        ("v1 a 0 pulse(0 1 0 {tr} 1n 1 2)", ""),
        ("v1 a 0 pulse(0 1)", ""),
    ],
)
def test_a_pulse_whose_edges_last_no_time_is_told(text, told):
    assert told in " ".join(overlooked([*lines(text), *lines(".tran 10n 3u")]))
    assert bool(overlooked([*lines(text), *lines(".tran 10n 3u")])) == bool(told)
    assert overlooked(lines(text)) == []


def test_somebody_elses_ignored_parameter_and_vertical_edge_are_remarks():
    log = (
        "Warning: Model issue on line 6 :\n  .model nm nmos level=1 foo=3 ...\nunrecognized parameter (foo) - ignored\n"
        "unrecognized parameter (bar) - ignored\n"
        "Warning : voltage source v.x1.v1 has non-increasing PWL time points.\n"
        "Warning : current source i2 has non-increasing PWL time points.\n"
        "n1 model1 ... incorrect model type! Expected OSDI device\n"
    )
    report = read_log(log)
    assert (len(report.problems), report.remarks) == (5, ())
    told = excuse(report, ["i2"])
    assert told.problems == (
        "Warning : current source i2 has non-increasing PWL time points.",
        "n1 model1 ... incorrect model type! Expected OSDI device",
    )
    assert [remark[:30] for remark in told.remarks] == [
        "Warning: Model issue on line 6",
        "unrecognized parameter (bar) -",
        "voltage source v.x1.v1 has poi",
    ]
