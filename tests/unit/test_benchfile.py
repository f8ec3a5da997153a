"""Testbenches in TOML files: what is read, what is refused and how, and that writing loses nothing."""

from __future__ import annotations

import shutil
import tomllib
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest

from rramcirc.basics import paths
from rramcirc.basics.errors import ParameterError
from rramcirc.bench.analyses import Ac, DcSweep, Noise, OperatingPoint, Transient, VectorSweep
from rramcirc.bench.file.write import bench_to_mapping, save_bench
from rramcirc.bench.stimuli import Constant, Floating, PiecewiseLinear, Pulse, PulseTrain, SpikeTrain
from rramcirc.bench.synapse_pulses import SynapsePulses
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.array.line import Line
from rramcirc.circuits.bench_file import bench_from_mapping, load_bench, set_values
from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron
from rramcirc.circuits.neuron.neuron import LifNeuron
from rramcirc.circuits.readout.readout import Readout, ReadoutArray
from rramcirc.circuits.recurrent.recurrent import RecurrentNetwork
from rramcirc.devices.cards.card import load_card

EXAMPLE = """\
name = "write one cell"
temperature = "310K"
seed = 1
probes = ["i(bl*)", "gap[2,*]"]
[options]
reltol = 1e-5
[design]
type = "crossbar"
rows = 3
columns = 2
source_line = "row"
[design.cell]
rram = "hfo2_filament"
selector = "nmos_select"
[design.cell.selector_parameters]
w = "2u"
[design.bl]
resistance = "2.5ohm"
[design.initial_state]
gap = 0.4
[stimuli.wl]
type = "pulse"
amplitude = "2V"
width = "100n"
[analysis]
type = "transient"
stop = "1u"
"""


def write(folder: Path, text: str = EXAMPLE) -> Path:
    path = folder / "bench.toml"
    path.write_text(text, encoding="utf-8")
    return path


def mistakes(folder: Path, text: str) -> list[str]:
    """Return the lines of the refusal of a file: the head line and one line a mistake."""
    with pytest.raises(ParameterError) as caught:
        load_bench(write(folder, text))
    return [line.strip() for line in str(caught.value).splitlines()]


def mistake(folder: Path, text: str) -> str:
    head, *rest = mistakes(folder, text)
    assert head == "bench.toml has 1 mistake:"
    assert len(rest) == 1
    return rest[0]


def same(one: object, other: object) -> bool:
    """Return whether two records are equal, arrays included."""
    if is_dataclass(one) and not isinstance(one, type):
        return type(one) is type(other) and all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and one.shape == other.shape and bool(np.all(one == other))
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    return bool(one == other)


def cell(**changes: object) -> Cell:
    return Cell("hfo2_filament", "nmos_select", **changes)


# what is read


def test_reads_every_part_of_a_testbench(tmp_path):
    bench = load_bench(write(tmp_path))
    design = Crossbar(
        cell(selector_parameters={"w": 2e-6}), 3, 2, "row", bl=Line(resistance=2.5), initial_state={"gap": 0.4}
    )
    expected = Testbench(
        design, Transient(1e-6), {"wl": Pulse(2.0, 100e-9)}, 310.0, {"reltol": 1e-5}, ("i(bl*)", "gap[2,*]"), 1,
        "write one cell",
    )  # fmt: skip
    assert same(bench, expected)


@pytest.mark.parametrize(("given", "gap"), [('"0.5 nm"', 0.5), ('"500 pm"', 0.5), ("0.5", 0.5), ('"0.5"', 0.5)])
def test_states_take_the_unit_of_the_verilog_a_file(tmp_path, given, gap):
    bench = load_bench(write(tmp_path, EXAMPLE.replace("gap = 0.4", f"gap = {given}")))
    assert np.all(bench.design.initial_state["gap"] == gap)


def test_nested_lists_are_rows_of_columns_and_may_have_units(tmp_path):
    text = EXAMPLE.replace("gap = 0.4", 'gap = [[0.1, "0.2 nm"], [0.3, 0.4], ["500 pm", 0.6]]')
    gap = load_bench(write(tmp_path, text)).design.initial_state["gap"]
    assert gap.tolist() == [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]


def test_arrays_are_read_from_npy_files_beside_the_testbench(tmp_path):
    gap = np.linspace(0.1, 0.6, 6).reshape(3, 2)
    np.save(tmp_path / "gap.npy", gap)
    path = write(tmp_path, EXAMPLE.replace("gap = 0.4", 'gap = {file = "gap.npy"}'))
    assert same(load_bench(path).design.initial_state["gap"], gap)


@pytest.mark.parametrize(
    ("draw", "median", "low", "high"),
    [
        ('{normal = {mean = "0.5 nm", sigma = 0.01}, seed = 3}', 0.5, 0.45, 0.55),
        ("{lognormal = {median = 0.5, sigma = 0.02}, seed = 3}", 0.5, 0.44, 0.56),
        ("{uniform = {low = 0.4, high = 0.6}}", 0.5, 0.4, 0.6),
    ],
)
def test_draws_are_seeded_and_follow_their_distribution(tmp_path, draw, median, low, high):
    text = EXAMPLE.replace("gap = 0.4", f"gap = {draw}").replace("= 3\ncolumns = 2", "= 40\ncolumns = 25")
    gap = load_bench(write(tmp_path, text)).design.initial_state["gap"]
    assert gap.shape == (40, 25)
    assert low <= gap.min() < gap.max() <= high
    assert np.median(gap) == pytest.approx(median, abs=0.01)  # 1000 draws of sigma 0.06 at most: error 0.0024
    assert same(load_bench(write(tmp_path, text)).design.initial_state["gap"], gap)


def test_two_quantities_with_one_seed_are_independent(tmp_path):
    text = EXAMPLE.replace(
        "gap = 0.4",
        "gap = {uniform = {low = 0.4, high = 0.6}, seed = 3}\ndiameter = {uniform = {low = 1, high = 2}, seed = 3}",
    ).replace("rows = 3", "rows = 100")
    state = load_bench(write(tmp_path, text)).design.initial_state
    correlation = np.corrcoef(state["gap"].ravel(), state["diameter"].ravel())[0, 1]
    assert abs(correlation) < 0.3  # 200 draws: standard error 0.07


def test_a_seed_draws_what_the_documentation_says(tmp_path):
    text = EXAMPLE.replace("gap = 0.4", "gap = {normal = {mean = 0.5, sigma = 0.01}, seed = 3}")
    expected = np.random.default_rng([3, *b"gap"]).normal(0.5, 0.01, (3, 2))
    assert same(load_bench(write(tmp_path, text)).design.initial_state["gap"], expected)


def test_a_card_may_be_a_file_beside_the_testbench(tmp_path):
    shutil.copy(paths.models_folder() / "hfo2_filament.toml", tmp_path / "mine.toml")
    bench = load_bench(write(tmp_path, EXAMPLE.replace('"hfo2_filament"', '"mine.toml"')))
    assert bench.design.cell.rram.path == tmp_path / "mine.toml"


def test_a_card_may_have_other_values(tmp_path):
    text = EXAMPLE.replace('"hfo2_filament"', '{card = "hfo2_filament", values = {ea = "1100 meV"}}')
    assert load_bench(write(tmp_path, text)).design.cell.rram.value("ea") == 1.1


def test_the_unit_of_a_stimulus_decides_about_its_levels(tmp_path):
    stimulus = 'type = "constant"\nunit = "A"\nvalue = "20uA"'
    text = EXAMPLE.replace('type = "pulse"\namplitude = "2V"\nwidth = "100n"', stimulus)
    assert load_bench(write(tmp_path, text)).stimuli["wl"] == Constant(20e-6, "A")


# what is refused


def test_a_wrong_unit_is_named_with_line_and_place(tmp_path):
    said = mistake(tmp_path, EXAMPLE.replace("2.5ohm", "2.5V"))
    assert said == 'line 18, design.bl.resistance: "2.5V" is in V, but a number in ohm is expected.'


MISTAKES = [
    ("seed = 1", "sed = 1", "line 3, sed: unknown key 'sed'. Nearest: seed."),
    ("resistance =", "resistence =", "line 18, design.bl.resistence: unknown key 'resistence'. Nearest: resistance"),
    ('"pulse"', '"puls"', "line 22, stimuli.wl.type: unknown type 'puls'. Nearest: pulse"),
    ('type = "pulse"\n', "", 'line 21, stimuli.wl: type is missing; write type = "constant" or "pulse"'),
    ('stop = "1u"', "", "line 25, analysis.stop: is missing; needed is last time [s]."),
    ("[stimuli.wl]", "[stimuli.vl]", "line 21, stimuli.vl: 'vl' is no single line of this circuit"),
    ("[stimuli.wl]", "[stimuli.wl7]", "line 21, stimuli.wl7: 'wl7' is no single line"),
    ("hfo2_filament", "hfo2_filamant", "13, design.cell.rram: unknown card 'hfo2_filamant'. Nearest: hfo2_filament"),
    ("gap = 0.4", 'gap = {file = "no.npy"}', "line 20, design.initial_state.gap: cannot read"),
    ("gap = 0.4", 'gap = {file = "bench.toml"}', "is no .npy file of numbers."),
    ("gap = 0.4", "gap = [[1, 2]]", "gap: has shape (1, 2); the crossbar is 3 word lines x 2 bit lines."),
    ("gap = 0.4", "gap = [[1, 2], [3]]", "gap: the rows of the array are not equally long."),
    ("gap = 0.4", 'gap = [[1, "2V"]]', 'gap: [0,1]: "2V" is in V'),
    ("gap = 0.4", "gap = -1", "20, design.initial_state.gap: card hfo2_filament: gap_ini[0,0] = -1 nm is outside"),
    ("gap = 0.4", "gap = true", "gap: true is no number in nm."),
    ("gap = 0.4", "gapp = 1", "20, design.initial_state.gapp: card hfo2_filament: unknown state 'gapp'. Nearest: gap."),
    ("gap = 0.4", "gap = {normal = {mean = 1}, seed = 1}", "gap: write normal = {mean = ..., sigma = ...}."),
    ("gap = 0.4", "gap = {norml = {mean = 1}}", "unknown key 'norml'. Nearest: normal"),
    ("gap = 0.4", "gap = {uniform = {low = 2, high = 1}}", "uniform with low = 2 and high = 1 is no distribution."),
    ("gap = 0.4", "gap = {uniform = {low = 1, high = 2}, seed = -1}", "a draw needs a seed"),
    ("rows = 3", "rows = 2.5", "line 9, design.rows: 2.5 is no whole number."),
    ("rows = 3", "rows = 0", "line 9, design.rows: 0 is not a whole number of at least 1."),
    ('"row"', '"diagonal"', 'line 11, design.source_line: "diagonal" is not one of column, row.'),
    ('w = "2u"', 'w = "2uA"', 'selector_parameters.w: "2uA" is in A, but a number in m is expected.'),
    ('w = "2u"', "ww = 1", "line 16, design.cell.selector_parameters.ww: card nmos_select: unknown instance parameter"),
    ('"2V"', '"2uA"', 'amplitude: "2uA" is in A, but a number in V is expected. The unit of the table is V'),
    ('"2V"', '"2A"', 'amplitude: "2A" is in A, but a number in V is expected.'),
    ('"100n"', "inf", "width: inf is no finite number."),
    ('"100n"', "-1.0", "line 24, stimuli.wl.width: -1.0 s is not positive."),
    ('"310K"', "-3", "line 2, temperature: -3 is not a positive number."),
    ("reltol = 1e-5", '"rel tol" = 1', "line 6, options.rel tol: rel tol=1 is not a simulator option"),
    ('["i(bl*)", "gap[2,*]"]', '"i(bl*)"', 'line 4, probes: "i(bl*)" is no list; write it in [ ].'),
    ('"write one cell"', "3", "line 1, name: 3 is no text."),
]


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES)
def test_one_mistake_is_told_once_with_its_place(tmp_path, old, new, said):
    assert old in EXAMPLE
    assert said in mistake(tmp_path, EXAMPLE.replace(old, new, 1))


def test_a_testbench_without_design_is_told_what_it_may_be(tmp_path):
    head, design, analysis = mistakes(tmp_path, 'name = "x"\n')
    assert head == "bench.toml has 2 mistakes:"
    start = 'line 1, design: is missing; needed is the circuit, a table with type = "cell" or "crossbar"'
    assert design.startswith(start)
    assert design.endswith(".")
    assert '"operating_point" or "dc_sweep" or "transient" or "ac"' in analysis


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path):
    text = EXAMPLE.replace("seed = 1", "sed = 1").replace('"2.5ohm"', '"2V"\ncapacitance = -1\ndriver_resistance = -2')
    text = text.replace("gap = 0.4", "gap = 99\ndiameter = [[1]]").replace("[stimuli.wl]", "[stimuli.vl]")
    text = text.replace('"hfo2_filament"', '{card = "hfo2_filament", values = {ea = "1 V", eaa = 1}}')
    head, *told = mistakes(tmp_path, text.replace('stop = "1u"', 'stop = "1 V"\nmaxstep = 1'))
    assert head == "bench.toml has 11 mistakes:"
    places = [line.split(": ")[0].split(", ")[1] for line in told]
    assert places == [
        "sed", "design.cell.rram.values.ea", "design.cell.rram.values.eaa", "design.bl.resistance",
        "design.bl.capacitance", "design.bl.driver_resistance", "design.initial_state.gap",
        "design.initial_state.diameter", "stimuli.vl", "analysis.stop", "analysis.maxstep",
    ]  # fmt: skip
    numbers = [int(line.split(",")[0].removeprefix("line ")) for line in told]
    assert numbers == sorted(numbers)


def test_a_toml_syntax_error_has_line_and_column(tmp_path):
    assert mistake(tmp_path, "seed = 1\nname = = 3\n").startswith("line 2, column 8: no TOML: Invalid value")


def test_a_mapping_without_lines_is_told_places_only():
    with pytest.raises(ParameterError, match=r"^the testbench has 1 mistake:\n  analysis\.stop: -1 is not a positive"):
        bench_from_mapping(
            {"design": {"type": "cell", "rram": "hfo2_filament"}, "analysis": {"type": "transient", "stop": -1}}
        )


def test_missing_file_and_binary_file_are_refused(tmp_path):
    with pytest.raises(ParameterError, match=r"cannot read the testbench .*none\.toml"):
        load_bench(tmp_path / "none.toml")
    (tmp_path / "raw.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ParameterError, match="no UTF-8 text at byte 0"):
        load_bench(tmp_path / "raw.toml")


NONSENSE = [None, -3, float("nan"), object(), [[]], {"type": []}, {1: 2}, "x y", True, [object()]]
PLACES = [
    "design", "design.cell", "design.cell.rram", "design.rows", "design.bl", "design.initial_state", "stimuli",
    "design.initial_state.gap", "design.initial_conductance", "stimuli.wl", "analysis", "analysis.stop", "probes",
    "options", "temperature",
]  # fmt: skip


@pytest.mark.parametrize("nonsense", NONSENSE, ids=lambda v: type(v).__name__)
@pytest.mark.parametrize("place", PLACES)
def test_nonsense_anywhere_is_refused_by_place(place, nonsense):
    mapping = tomllib.loads(EXAMPLE)
    *folder, last = place.split(".")
    table = mapping
    for key in folder:
        table = table[key]
    table[last] = nonsense
    with pytest.raises(ParameterError, match=last):
        bench_from_mapping(mapping)


@pytest.mark.parametrize("nonsense", [None, 3, object(), []])
def test_nonsense_arguments_are_refused(nonsense, tmp_path):
    for call in (load_bench, bench_from_mapping):
        with pytest.raises(ParameterError):
            call(nonsense)
    with pytest.raises(ParameterError):
        save_bench(nonsense, tmp_path / "x.toml")
    with pytest.raises(ParameterError):
        bench_to_mapping(nonsense, {})


# what is written


SWITCHED = {"gap": [[0, 0.2, 0.4]] * 3, "diameter": 3.0}
DESIGNS = [
    Cell("hfo2_filament"),
    LifNeuron(clamp=-0.5, pulses=SynapsePulses(1.4, 3.0, 1.0, 1.0, reset_delay=1e-3, reset_width=2e-3)),
    HopfieldNetwork(
        cell(), 3, LifNeuron(capacitance=1e-12), True, excitatory_state=SWITCHED, inhibitory_conductance=2e-5
    ),
    RecurrentNetwork("plastic_zoppo2019", 2, [[0.0, 0.1], [-0.1, 0.2]], self_connections=True),
    Perceptron(cell(), 2, 3, conductance=[[1e-5, 2e-5, 3e-5], [3e-5, 2e-5, 1e-5]]),
    cell(initial_state={"gap": 0.4}, selector_parameters={"w": 2e-6}, rram_parameters={"rho_factor": np.float64(1.1)}),
    cell(initial_conductance=20e-6),
    Crossbar(cell(), 2, 3),
    Crossbar(
        Cell("hfo2_filament"), 2, 3, bl=Line(2.5, 1e-15, 50.0, "both"),
        initial_conductance=np.arange(1.0, 7).reshape(2, 3) * 1e-5,
    ),
    Crossbar(
        cell(), np.int64(2), 3, "row", sl=Line(), wl=Line(end="last"),
        initial_state={"gap": 0.4, "diameter": [[1, 2, 3], [3, 2, 1]]},
        rram_parameters={"rho_factor": [[1, 1, 1], [1, 1, 0.9]]},
    ),
    Readout("mirror", pairing="differential", bits=4),
    ReadoutArray(Crossbar(cell(), 2, 3), Readout(offset=1e-3, sense_threshold=1e-6), "sl", offsets=[0.0, 1e-3, 2e-3]),
]  # fmt: skip
STIMULI = [
    Constant(1.5), Constant(1e-6, "A"), Pulse(2.0, 1e-7, 1e-8, 2e-9, 3e-9, 0.1), PulseTrain(-1.0, 1e-7, 1e-6, 5),
    SpikeTrain([0.0, 1e-6, 3e-6], 1.2, 1e-7), PiecewiseLinear([0, 1e-6], [0.0, 2.0], "A"), Floating(),
]  # fmt: skip
ANALYSES = [
    OperatingPoint(), DcSweep("bl", 0.0, 1.0, 11), Transient(1e-6), Transient(1e-6, 1e-9), Ac("bl", 1.0, 1e6),
    Noise("bl", "wl", 1.0, 1e6), VectorSweep({"bl": [0.1, 0.2, 0.1], "wl": [0.0, 0.05, 0.1]}),
]  # fmt: skip


@pytest.mark.parametrize("design", DESIGNS, ids=lambda d: type(d).__name__)
def test_designs_survive_a_file(tmp_path, design):
    bench = Testbench(design, OperatingPoint(), {}, 300.15, {"method": "gear"}, ("i(bl*)",), 3, 'with "quotes"')
    save_bench(bench, tmp_path / "b.toml")
    assert same(load_bench(tmp_path / "b.toml"), bench)


@pytest.mark.parametrize("stimulus", STIMULI, ids=lambda s: type(s).__name__)
def test_stimuli_survive_a_file(tmp_path, stimulus):
    bench = Testbench(DESIGNS[0], Transient(1e-6), {"bl": stimulus}, temperature=350)
    save_bench(bench, tmp_path / "b.toml")
    assert same(load_bench(tmp_path / "b.toml"), bench)


@pytest.mark.parametrize("analysis", ANALYSES, ids=lambda a: type(a).__name__)
def test_analyses_survive_a_file(tmp_path, analysis):
    save_bench(Testbench(DESIGNS[0], analysis), tmp_path / "b.toml")
    assert same(load_bench(tmp_path / "b.toml").analysis, analysis)


def test_large_arrays_and_long_spike_trains_go_to_files_of_their_own(tmp_path):
    gap = np.random.default_rng(1).uniform(0.1, 1.0, (20, 10))
    bench = Testbench(
        Crossbar(cell(), 20, 10, initial_state={"gap": gap}), Transient(1e-3),
        {"bl3": SpikeTrain(np.arange(500) * 1e-6, 1.2, 1e-7)},
    )  # fmt: skip
    save_bench(bench, tmp_path / "b.toml")
    assert (tmp_path / "b.toml").stat().st_size < 1000
    assert sorted(f.name for f in tmp_path.glob("*.npy")) == ["b-initial_state-gap.npy", "b-stimuli-bl3-times.npy"]
    assert same(load_bench(tmp_path / "b.toml"), bench)


def test_small_arrays_are_written_row_by_row(tmp_path):
    save_bench(Testbench(DESIGNS[8], OperatingPoint()), tmp_path / "b.toml")
    assert "    [1e-05, 2e-05, 3.0000000000000004e-05],\n" in (tmp_path / "b.toml").read_text()


def test_cards_with_other_values_and_in_files_survive_a_file(tmp_path):
    shutil.copy(paths.models_folder() / "hfo2_filament.toml", tmp_path / "mine.toml")
    mine = load_card(tmp_path / "mine.toml").with_values({"ea": "1.1 eV"})
    bench = Testbench(Cell(mine, "nmos_select"), OperatingPoint())
    save_bench(bench, tmp_path / "b.toml")
    table = tomllib.loads((tmp_path / "b.toml").read_text())
    assert table["design"]["rram"] == {"card": "mine.toml", "values": {"ea": 1.1}}
    assert same(load_bench(tmp_path / "b.toml"), bench)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ParameterError, match="cannot be written"):
        save_bench(Testbench(DESIGNS[0], OperatingPoint()), tmp_path / "none" / "b.toml")


# single values


@pytest.mark.parametrize(
    ("setting", "read"),
    [
        ("design.bl.resistance=5", lambda b: b.design.bl.resistance == 5.0),
        ("design.wl.resistance = 5 ohm", lambda b: b.design.wl.resistance == 5.0),
        ("design.cell.rram.values.ea=1.1 eV", lambda b: b.design.cell.rram.value("ea") == 1.1),
        ("design.rram_parameters.rho_factor=1.1", lambda b: b.design.rram_parameters["rho_factor"][2, 1] == 1.1),
        ("design.initial_state.gap.uniform={low = 0, high = 1}", lambda b: np.ptp(b.design.initial_state["gap"]) > 0),
        ("analysis.type=operating_point", lambda b: b.analysis == OperatingPoint()),
        ("stimuli.bl1={type = 'constant', value = '20mV'}", lambda b: b.stimuli["bl1"] == Constant(0.02)),
        ('probes=["v(bl0)"]', lambda b: b.probes == ("v(bl0)",)),
        ("name=3", lambda b: b.name == "3"),
        ("options.gmin=1e-15", lambda b: b.options["gmin"] == 1e-15),
    ],
)
def test_a_value_can_be_set_by_its_path(tmp_path, setting, read):
    assert read(load_bench(write(tmp_path), [setting]))


def test_a_type_is_set_before_its_values_and_the_tables_given_stay_as_they_are():
    mapping = tomllib.loads(EXAMPLE)
    settings = ["analysis.start=0", "analysis.line=bl0", "analysis.stop=1", "analysis.type=dc_sweep"]
    changed = set_values(mapping, settings)
    assert changed["analysis"] == {"type": "dc_sweep", "start": 0, "line": "bl0", "stop": 1}
    assert mapping == tomllib.loads(EXAMPLE)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("design.bl.resistence=1", r"--set design\.bl\.resistence: unknown key 'resistence'\. Nearest: resistance"),
        ("desing.rows=1", "unknown key 'desing'. Nearest: design"),
        ("analysis.stp=1", "unknown key 'stp'. Nearest: stop"),
        ("stimuli.bl.amplitud=1", "unknown key 'amplitud'. Nearest: amplitude"),
        ("design.rows.x=1", "'rows' is a single value"),
        ("design.rows", "write path=value"),
        ("design..rows=1", "write path=value"),
    ],
)
def test_an_unknown_path_is_answered_with_the_nearest(setting, said):
    with pytest.raises(ParameterError, match=said):
        set_values(tomllib.loads(EXAMPLE), [setting])


def test_a_mistake_in_a_set_value_is_not_blamed_on_a_line_of_the_file(tmp_path):
    said = r'bench\.toml has 1 mistake:\n  --set, design\.bl\.resistance: "5V" is in V, but a number in ohm'
    with pytest.raises(ParameterError, match=said):
        load_bench(write(tmp_path), ["design.bl.resistance=5V"])


def test_every_record_of_the_unions_is_covered_above():
    from typing import get_args

    from rramcirc.bench.analyses import Analysis
    from rramcirc.bench.stimuli import Stimulus
    from rramcirc.circuits.table import RECORDS

    for known, examples in ((RECORDS, DESIGNS), (get_args(Stimulus), STIMULI), (get_args(Analysis), ANALYSES)):
        assert set(known) == {type(example) for example in examples}
