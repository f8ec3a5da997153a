"""Testbenches and analyses: what drives which line, what is recorded, and nonsense in every argument."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.circuits.elements import chosen_probes, select_probes

CELL = rc.Cell("hfo2_filament", "nmos_select")
ARRAY = rc.Crossbar(CELL, 2, 3)
ARRAY_1R = rc.Crossbar(rc.Cell("hfo2_filament"), 2, 3)
OP = rc.OperatingPoint()
AMPERE = rc.Constant(1e-6, "A")

MAKERS = {
    "DcSweep": (rc.DcSweep, {"line": "bl", "start": 0.0, "stop": 1.0, "points": 11}),
    "Transient": (rc.Transient, {"stop": 1e-6, "max_step": None}),
    "Ac": (rc.Ac, {"line": "bl", "start": 1.0, "stop": 1e6, "points_per_decade": 10}),
    "CycleNoise": (rc.CycleNoise, {"times": [0.0, 1e-3], "seed": 1, "edge": 1e-9}),
    "Testbench": (
        rc.Testbench,
        {
            "design": CELL,
            "analysis": OP,
            "stimuli": {},
            "temperature": 300.15,
            "options": {},
            "probes": (),
            "cycle_noise": None,
            "seed": None,
            "name": "",
        },
    ),
    "half_select": (
        rc.half_select,
        {"crossbar": ARRAY_1R, "row": 0, "column": 1, "stimulus": rc.Constant(1.0), "scheme": "V/2"},
    ),
    "cycle_starts": (rc.cycle_starts, {"stimulus": rc.Constant(1.0)}),
}
NONSENSE = {
    "object": object(),
    "NaN": math.nan,
    "infinity": math.inf,
    "negative": -1.5,
    "bool": True,
    "NumPy bool": np.True_,
    "text": "nonsense",
    "bytes": b"bl",
    "None": None,
    "complex": 1j,
    "unknown name": {"nonsense": 1.0},
    "list": [object(), 1.0],
    "array": np.full((3, 3), -1.0),
    "huge": 10**400,
}
ALLOWED = {
    ("None", "max_step"), ("None", "cycle_noise"), ("None", "Testbench.seed"), ("text", "name"), ("text", "line"),
    ("negative", "DcSweep.start"), ("negative", "DcSweep.stop"),
    ("huge", "points"), ("huge", "points_per_decade"), ("huge", "seed"), ("unknown name", "options"),
}  # fmt: skip
ARGUMENTS = [(maker, argument) for maker, (_, good) in MAKERS.items() for argument in good]


def refusal(make, arguments):
    """Return what the error says, or that there was none."""
    try:
        make(**arguments)
    except rc.ParameterError as error:
        return str(error)
    return "accepted"


@pytest.mark.parametrize(("maker", "argument"), ARGUMENTS)
def test_nonsense_is_refused_by_name(maker, argument):
    make, good = MAKERS[maker]
    allowed = {name for name, owner in ALLOWED if owner in (argument, f"{maker}.{argument}")}
    said = {name: refusal(make, good | {argument: v}) for name, v in NONSENSE.items() if name not in allowed}
    assert not {name: text for name, text in said.items() if maker not in text or argument not in text}


CONSTANT = rc.Constant(1.0)


@pytest.mark.parametrize(
    ("maker", "change", "said"),
    [
        ("DcSweep", {"stop": 0.0}, "start and stop are both 0.0 V"),
        ("DcSweep", {"points": 1}, "points: 1 is not a whole number of at least 2"),
        ("Transient", {"stop": 0.0}, "stop: 0.0 is not a positive number"),
        ("Ac", {"stop": 0.5}, "stop 0.5 Hz is below start 1 Hz"),
        ("CycleNoise", {"times": [1.0, 0.0]}, "times: must be ascending"),
        ("CycleNoise", {"times": []}, "times"),
        ("CycleNoise", {"times": [-1.0]}, "times"),
        ("Testbench", {"stimuli": {"bl7": CONSTANT}}, "stimuli: 'bl7' is no single line of this circuit"),
        ("Testbench", {"stimuli": {1: CONSTANT}}, "stimuli: 1 is no single line"),
        ("Testbench", {"stimuli": {"bl": 1.0}}, "stimuli['bl']: 1.0 is not a stimulus"),
        ("Testbench", {"stimuli": {"bulk": rc.Floating()}}, "the bulk terminal cannot float"),
        ("Testbench", {"design": ARRAY_1R, "stimuli": {"sl": CONSTANT}}, "stimuli: 'sl' is no single line"),
        ("Testbench", {"design": ARRAY, "stimuli": {"bl3": CONSTANT}}, "Nearest: bl2, bl1, bl0"),
        ("Testbench", {"analysis": rc.DcSweep("wi", 0.0, 1.0)}, "analysis.line: 'wi' is no single line"),
        ("Testbench", {"design": ARRAY, "analysis": rc.DcSweep("bl", 0.0, 1.0)}, "'bl' is no single line"),
        (
            "Testbench",
            {"analysis": rc.DcSweep("bl", 0.0, 1.0), "stimuli": {"bl": rc.Floating()}},
            "analysis.line: 'bl' needs a voltage on it",
        ),
        (
            "Testbench",
            {"analysis": rc.Ac("bl", 1.0, 1e3), "stimuli": {"bl": rc.Constant(1e-6, unit="A")}},
            "analysis.line: 'bl' needs a voltage on it",
        ),
        (
            "Testbench",
            {"design": rc.Cell("hfo2_filament"), "stimuli": {"bl": AMPERE, "wl": rc.Floating()}},
            "['bl']: a current needs a way to a line that a voltage drives, and no cell and wire leads from bl to one; "
            "give wl a voltage, or let bl float",
        ),
        (
            "Testbench",
            {
                "design": replace(
                    ARRAY, bl=rc.Line(1.0), defects=rc.Defects(missing=[(0, 0)], open_segments={"bl0": 1})
                ),
                "stimuli": {"bl": AMPERE},
            },
            "['bl0']: a current needs a way to a line that a voltage drives, and no cell and wire leads from bl0 to "
            "one; mend what is missing or broken there, or let bl0 float",
        ),
        ("Testbench", {"design": ARRAY_1R, "stimuli": {"bl": AMPERE, "wl": rc.Floating()}}, "give wl0 or wl1 or bl1"),
        ("Testbench", {"temperature": 0.0}, "temperature: 0.0 is not a positive number"),
        ("Testbench", {"options": {"rel tol": 1e-3}}, "options: rel tol=0.001 is not a simulator option"),
        ("Testbench", {"options": {"reltol": "1e-3\n.include x"}}, "options: reltol="),
        ("Testbench", {"options": {"reltol": math.nan}}, "options: reltol: nan is no finite number"),
        ("Testbench", {"options": {"reltol": True}}, "options: reltol: True is no finite number"),
        ("Testbench", {"probes": "v(bl)"}, "probes: 'v(bl)' is not a list of signal names"),
        ("half_select", {"crossbar": ARRAY}, "has select transistors"),
        ("half_select", {"row": 2}, "row 2 is outside 0 ... 1"),
        ("half_select", {"column": 3}, "column 3 is outside 0 ... 2"),
        ("half_select", {"row": -1}, "row: -1 is not a whole number of at least 0"),
        ("half_select", {"stimulus": rc.Floating()}, "stimulus: Floating() leaves its line open"),
        ("half_select", {"stimulus": rc.Constant(1e-6, unit="A")}, "is a current"),
        ("half_select", {"scheme": "V/4"}, "unknown scheme 'V/4'. Nearest: V/"),
    ],
)
def test_what_makes_no_testbench_is_refused_with_its_reason(maker, change, said):
    make, good = MAKERS[maker]
    with pytest.raises(rc.ParameterError) as error:
        make(**(good | change))
    assert maker in str(error.value)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("design", "stimuli"),
    [
        (CELL, {"bl": AMPERE, "sl": rc.Floating()}),  # out through the bulk
        (ARRAY_1R, {"bl": AMPERE}),
        (ARRAY_1R, {"bl0": AMPERE, "wl0": rc.Floating()}),  # by other cells of its line
        (replace(ARRAY_1R, defects=rc.Defects(missing=[(0, 0)])), {"bl0": AMPERE}),
        # over the piece of wl0 that its driver does not reach, and its cell at bl1
        (replace(ARRAY_1R, wl=rc.Line(1.0), defects=rc.Defects(missing=[(1, 0)], open_segments={"wl0": 0})),
         {"bl0": AMPERE}),
    ],
)  # fmt: skip
def test_a_current_that_finds_a_way_to_a_voltage_is_taken(design, stimuli):
    assert rc.Testbench(design, OP, stimuli).stimuli["bl" if "bl" in stimuli else "bl0"] is AMPERE


def test_a_lines_own_stimulus_wins_over_that_of_its_kind_and_the_rest_is_at_zero_volts():
    own, kind = rc.Constant(1.0), rc.Constant(0.5)
    bench = rc.Testbench(ARRAY, OP, {"bl": kind, "bl1": own})
    assert [bench.stimulus(f"bl{j}") for j in range(3)] == [kind, own, kind]
    assert bench.stimulus("wl0") == rc.Constant(0.0)
    assert bench.stimulus("bulk") == rc.Constant(0.0)


def test_records_keep_a_copy_of_the_stimuli():
    stimuli = {"bl": rc.Constant(1.0)}
    bench = rc.Testbench(CELL, OP, stimuli)
    stimuli["bl"] = rc.Constant(2.0)
    assert bench.stimulus("bl") == rc.Constant(1.0)


def test_half_select_gives_every_line_its_share_of_a_pulse():
    pulse = rc.Pulse(1.2, 1e-6, delay=1e-7)
    for scheme, bl, wl in (("V/2", 0.5, 0.5), ("V/3", 1 / 3, 2 / 3)):
        bench = rc.Testbench(ARRAY_1R, OP, rc.half_select(ARRAY_1R, 1, 2, pulse, scheme))
        top = {line: rc.sample(bench.stimulus(line), 5e-7) for line in ARRAY_1R.lines}
        expected = {"wl0": wl * 1.2, "wl1": 0.0, "bl0": bl * 1.2, "bl1": bl * 1.2, "bl2": 1.2}
        assert top == pytest.approx(expected)
        assert all(rc.sample(bench.stimulus(line), 0.0) == 0.0 for line in ARRAY_1R.lines)


def test_half_select_of_a_constant_stays_constant():
    stimuli = rc.half_select(ARRAY_1R, 0, 0, rc.Constant(0.3), "V/3")
    assert all(isinstance(stimulus, rc.Constant) for stimulus in stimuli.values())


# probes ---------------------------------------------------------------------------------------------------------------


def names(design, *patterns):
    return [p.name for p in select_probes(rc.build_circuit(rc.Testbench(design, OP)), patterns)]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("i(bl*)", ["i(bl0)", "i(bl1)", "i(bl2)"]),
        ("v(wl1)", ["v(wl1)"]),
        ("gap[1,*]", ["gap[1,0]", "gap[1,1]", "gap[1,2]"]),
        ("gap[*,1]", ["gap[0,1]", "gap[1,1]"]),
        ("gap[0:1,1:3]", ["gap[0,1]", "gap[0,2]"]),
        ("gap[:,2]", ["gap[0,2]", "gap[1,2]"]),
        ("v(be[1, 2])", ["v(be[1,2])"]),
        ("c*[0,0]", ["current[0,0]", "conductance[0,0]"]),
    ],
)
def test_patterns_pick_lines_and_cells(pattern, found):
    assert names(ARRAY, pattern) == found


def test_a_signal_is_recorded_once():
    assert names(ARRAY, "i(bl1)", "i(bl*)", "i(bl1)") == ["i(bl1)", "i(bl0)", "i(bl2)"]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("i(bl3)", "unknown signal 'i(bl3)'. Nearest: i(bl"),
        ("gap[2,0]", "index 2, outside 0 ... 1"),
        ("gap[0,-1]", "index -1, outside 0 ... 2"),
        ("gap[a,0]", "index 'a'; write a number, first:last or *"),
        ("gpa[0,0]", "unknown signal 'gpa[0,0]'. Nearest: gap[0,0]"),
        ("gap", "unknown signal 'gap'"),
        ("", "unknown signal ''"),
    ],
)
def test_a_pattern_that_matches_nothing_is_refused_with_the_nearest(pattern, said):
    with pytest.raises(rc.ParameterError, match=r"^probes: ") as error:
        names(ARRAY, pattern)
    assert said in str(error.value)


def test_all_lines_and_the_states_of_small_arrays_are_recorded_by_default():
    def default(design):
        return [p.name for p in chosen_probes(rc.build_circuit(rc.Testbench(design, OP)), ())]

    lines = [f"{q}({line})" for q in "vi" for line in ("wl0", "wl1", "bl0", "bl1", "bl2")]
    states = [f"{s}[{i},{j}]" for s in ("diameter", "gap") for i in range(2) for j in range(3)]
    assert default(ARRAY_1R) == [*lines, *states]
    assert not [name for name in default(rc.Crossbar(rc.Cell("hfo2_filament"), 17, 16)) if "[" in name]


# cycles ---------------------------------------------------------------------------------------------------------------


def test_a_cycle_begins_halfway_through_each_rest():
    train = rc.PulseTrain(1.0, 1.0, 4.0, 3, delay=1.0, rise=0.5, fall=0.5)  # pulses of 2 s, rests of 2 s
    np.testing.assert_allclose(rc.cycle_starts(train), [0.0, 4.0, 8.0])


def test_a_sweep_begins_a_half_cycle_where_it_crosses_zero():
    np.testing.assert_allclose(rc.cycle_starts(rc.triangle(2.0, -1.0, ramp_rate=1.0)), [0.0, 4.0])


def test_cycle_noise_is_the_same_for_the_same_seed_and_new_in_every_cycle():
    noise = rc.CycleNoise([0.0, 1.0, 2.0], seed=5, edge=0.1)
    deviates = noise.deviates((2, 3))
    assert deviates.shape == (3, 2, 3)
    np.testing.assert_array_equal(deviates, rc.CycleNoise([0.0, 1.0, 2.0], seed=5).deviates((2, 3)))
    assert len(np.unique(deviates)) == deviates.size
    levels = rc.sample(noise.stimulus(deviates[:, 1, 2]), [0.5, 1.5, 2.5])
    np.testing.assert_allclose(levels, deviates[:, 1, 2])
