"""Run folders: made empty, never at the cost of somebody's files, and readable afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.basics.errors import ParameterError, SimulationError, WaveformError
from rramcirc.waveforms.folder import load_run, main_plot, prepare_folder, read_record, run_folder, write_record
from rramcirc.waveforms.raw import RawPlot, write_raw

DECK = "* test\nv1 1 0 1\nr1 1 0 1k\n.op\n.end\n"


def plot(name: str, points: int = 2, kind: str = "voltage") -> RawPlot:
    axis = {"Transient Analysis": ("time", "time"), "AC Analysis": ("frequency", "frequency")}
    first = axis.get(name, ("v(v-sweep)", "voltage"))
    return RawPlot.from_columns(
        [first[0], "v(1)"], [first[1], kind], [np.arange(points, dtype=float)] * 2, plotname=name
    )


def test_new_folder_is_made_with_its_parents(tmp_path):
    folder = prepare_folder(tmp_path / "a" / "b.run")
    assert read_record(folder)["status"] == "running"


def test_empty_folder_is_taken(tmp_path):
    assert list(prepare_folder(tmp_path / "").iterdir()) == [tmp_path / "run.json"]


def test_folder_of_an_earlier_run_is_replaced(tmp_path):
    folder = prepare_folder(tmp_path / "x.run")
    (folder / "waves.raw").write_text("old")
    prepare_folder(folder)
    assert [file.name for file in folder.iterdir()] == ["run.json"]


def test_files_of_the_user_in_a_run_folder_stay(tmp_path):
    (tmp_path / "deck.cir").write_text(DECK)
    run = tmp_path / "x.run"
    rc.simulate_netlist(tmp_path / "deck.cir", output=run)
    (run / "plot.png").write_text("mine")
    (run / "more").mkdir()
    (run / "more" / "waves.raw").write_text("mine")
    (run / "link.raw").symlink_to(tmp_path / "deck.cir")
    own = set(read_record(run)["files"])
    assert own == {"netlist.cir", "waves.raw", "ngspice.log"}
    rc.simulate_netlist(tmp_path / "deck.cir", output=run)
    rc.simulate_netlist(tmp_path / "deck.cir", output=run)
    assert (run / "plot.png").read_text() == (run / "more" / "waves.raw").read_text() == "mine"
    assert (run / "link.raw").is_symlink()
    assert set(read_record(run)["files"]) == own


def test_files_of_a_run_that_was_killed_are_replaced(tmp_path):
    run = prepare_folder(tmp_path / "x.run")
    (run / "waves.raw").write_text("half")
    (run / "mine.csv").write_text("mine")
    prepare_folder(run)
    assert {file.name for file in run.iterdir()} == {"run.json", "mine.csv"}


@pytest.mark.parametrize("name", ["netlist.cir", "waves.raw", "bench.toml", "ngspice.log"])
def test_a_file_of_the_user_that_a_run_would_write_over_is_left_alone(tmp_path, name):
    (tmp_path / "deck.cir").write_text(DECK)
    run = tmp_path / "x.run"
    write_record(prepare_folder(run), {"status": "done"})
    (run / name).write_text("mine")
    with pytest.raises(ParameterError, match=rf"holds {name}, which no run wrote"):
        rc.simulate_netlist(tmp_path / "deck.cir", output=run)
    assert (run / name).read_text() == "mine"
    assert read_record(run)["status"] == "done"


def test_a_file_of_the_user_is_not_taken_for_one_of_a_run_that_was_killed(tmp_path):
    run = prepare_folder(tmp_path / "x.run")
    write_record(run, {"status": "done"})
    (run / "mine.txt").write_text("mine")
    prepare_folder(run)  # begun and killed
    (run / "run.json").write_text((run / "run.json").read_text().replace('"files": [', '"files": ["mine.txt", '))
    prepare_folder(run)
    assert (run / "mine.txt").read_text() == "mine"


def test_a_run_that_is_killed_while_it_clears_leaves_a_record_and_the_rest_to_the_next(tmp_path, monkeypatch):
    run = prepare_folder(tmp_path / "x.run")
    for name in ("waves.raw", "out.txt"):
        (run / name).write_text("old")
    write_record(run, {"status": "done"})
    (run / "mine.csv").write_text("mine")

    def killed(*given: object) -> None:
        raise SystemExit

    with monkeypatch.context() as cut:
        cut.setattr("rramcirc.waveforms.folder._remove", killed)
        with pytest.raises(SystemExit):
            prepare_folder(run)
    assert read_record(run)["status"] == "running"
    prepare_folder(run)
    assert {path.name for path in run.iterdir()} == {"run.json", "mine.csv"}


def test_a_record_is_replaced_in_one_move(tmp_path, monkeypatch):
    run = prepare_folder(tmp_path / "x.run")

    def killed(*given: object) -> None:
        raise SystemExit

    with monkeypatch.context() as cut:
        cut.setattr("os.replace", killed)
        with pytest.raises(SystemExit):
            write_record(run, {"status": "done"})
    assert read_record(run)["status"] == "running"
    write_record(run, {"status": "done"})
    assert read_record(run)["files"] == []


def test_a_folder_whose_first_run_was_killed_as_it_began_is_taken(tmp_path):
    (tmp_path / "x.run").mkdir()
    (tmp_path / "x.run" / "run.json.rramcirc").write_text('{"rramc')
    assert read_record(prepare_folder(tmp_path / "x.run"))["status"] == "running"


def test_of_two_first_runs_at_once_the_second_leaves_the_record_of_the_first(tmp_path, monkeypatch):
    with run_folder(tmp_path / "x.run") as folder:
        record = (folder / "run.json").read_text()
        with monkeypatch.context() as late:  # as seen by one that looked before the first made it
            late.setattr(Path, "exists", lambda self: False)
            with pytest.raises(ParameterError, match="another run is writing"), run_folder(folder):
                pass
        assert (folder / "run.json").read_text() == record


def test_files_of_the_user_in_a_run_of_both_engines_stay(tmp_path):
    outer = prepare_folder(tmp_path / "x.run")
    write_record(prepare_folder(outer / "numpy"), {"status": "done"})
    write_record(outer, {"status": "done"})
    (outer / "numpy" / "mine.csv").write_text("mine")
    prepare_folder(outer)
    assert (outer / "numpy" / "mine.csv").read_text() == "mine"
    assert read_record(prepare_folder(outer / "numpy"))["status"] == "running"


def test_a_run_into_the_folder_that_one_stands_in_replaces_the_run(tmp_path, monkeypatch):
    (tmp_path / "deck.cir").write_text(DECK)
    rc.simulate_netlist(tmp_path / "deck.cir", output=tmp_path / "x.run")
    monkeypatch.chdir(tmp_path / "x.run")
    rc.simulate_netlist("../deck.cir", output=".")
    assert rc.load_run(tmp_path / "x.run").complete


def test_second_run_into_a_folder_is_refused_while_the_first_goes_on(tmp_path):
    (tmp_path / "deck.cir").write_text(DECK)
    with run_folder(tmp_path / "x.run") as folder:
        with pytest.raises(ParameterError, match="another run is writing into this folder"):
            rc.simulate_netlist(tmp_path / "deck.cir", output=folder)
        assert read_record(folder)["status"] == "running"
    assert rc.simulate_netlist(tmp_path / "deck.cir", output=folder).complete


@pytest.mark.parametrize(
    "record", ['["rramcirc"]', '"rramcirc"', '{"rramcirc": 3, "status": "done"}', '{"rramcirc": "0.1"}', "[" * 100_000],
    ids=["list", "text", "number", "no status", "deep"],
)  # fmt: skip
def test_a_record_that_is_not_ours_makes_no_folder_ours(tmp_path, record):
    (tmp_path / "run.json").write_text(record)
    (tmp_path / "waves.raw").write_text("mine")
    with pytest.raises(ParameterError, match="left alone"):
        prepare_folder(tmp_path)
    assert (tmp_path / "waves.raw").read_text() == "mine"


@pytest.mark.parametrize("name", ["../deck.cir", "/etc/hostname", "..", ".", "more/x", 3, None])
def test_a_record_cannot_name_files_outside_its_folder(tmp_path, name):
    (tmp_path / "deck.cir").write_text(DECK)
    run = prepare_folder(tmp_path / "x.run")
    (run / "run.json").write_text(json.dumps({"rramcirc": "0.1", "status": "done", "files": [name]}))
    prepare_folder(run)
    assert (tmp_path / "deck.cir").read_text() == DECK


@pytest.mark.parametrize("record", ["[1]", "[" * 100_000, "no json"], ids=["list", "deep", "text"])
def test_a_damaged_record_is_told(tmp_path, record):
    (tmp_path / "run.json").write_text(record)
    with pytest.raises(rc.WaveformError, match=r"run\.json cannot be read"):
        read_record(tmp_path)


@pytest.mark.parametrize("name", ["notes.txt", "run.json"])
def test_folder_of_somebody_else_is_left_alone(tmp_path, name):
    (tmp_path / name).write_text('{"other": 1}')
    with pytest.raises(ParameterError, match="no run folder of rramcirc, so it is left alone"):
        prepare_folder(tmp_path)
    assert (tmp_path / name).read_text() == '{"other": 1}'


def test_file_is_left_alone(tmp_path):
    (tmp_path / "x.run").write_text("mine")
    with pytest.raises(ParameterError, match="left alone"):
        prepare_folder(tmp_path / "x.run")
    assert (tmp_path / "x.run").read_text() == "mine"


def test_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ParameterError, match="cannot be written"):
        prepare_folder(tmp_path / "file" / "x.run")


def test_netlist_inside_the_run_folder_is_not_deleted(tmp_path):
    (tmp_path / "deck.cir").write_text(DECK)
    rc.simulate_netlist(tmp_path / "deck.cir", output=tmp_path / "x.run")
    inside = tmp_path / "x.run" / "netlist.cir"
    with pytest.raises(ParameterError, match="lies in the run folder"):
        rc.simulate_netlist(inside, output=tmp_path / "x.run")
    assert inside.exists()


def test_refused_netlist_leaves_the_earlier_run(tmp_path):
    (tmp_path / "deck.cir").write_text(DECK)
    rc.simulate_netlist(tmp_path / "deck.cir", output=tmp_path / "x.run")
    (tmp_path / "deck.cir").write_text(DECK.replace(".op", ".op\n.include nope.inc"))
    with pytest.raises(rc.NetlistError):
        rc.simulate_netlist(tmp_path / "deck.cir", output=tmp_path / "x.run")
    assert load_run(tmp_path / "x.run")["v(1)"][0] == 1.0


def test_run_that_could_not_start_is_recorded(tmp_path, monkeypatch):
    monkeypatch.setenv("RRAMCIRC_NGSPICE", "no-such-ngspice")
    (tmp_path / "deck.cir").write_text(DECK)
    with pytest.raises(rc.EnvironmentProblem):
        rc.simulate_netlist(tmp_path / "deck.cir", output=tmp_path / "x.run")
    record = read_record(tmp_path / "x.run")
    assert record["status"] == "failed"
    assert "no-such-ngspice" in record["problems"][0]


@pytest.mark.parametrize(
    "nonsense",
    [
        {"output": 3}, {"timeout": "x"}, {"timeout": 0}, {"timeout": float("nan")}, {"timeout": True},
        {"progress": 3}, {"options": 3}, {"options": {"reltol": [1]}}, {"temperature": "300"},
        {"temperature": float("nan")}, {"temperature": -1.0}, {"temperature": True},
    ],
    ids=str,
)  # fmt: skip
def test_nonsense_is_refused_by_name_and_leaves_nothing(tmp_path, nonsense):
    (tmp_path / "deck.cir").write_text(DECK)
    with pytest.raises(ParameterError, match="|".join([*nonsense, "--option"])):
        rc.simulate_netlist(tmp_path / "deck.cir", **{"output": tmp_path / "x.run"} | nonsense)
    assert not (tmp_path / "x.run").exists()


def test_nonsense_as_netlist_is_refused(tmp_path):
    with pytest.raises(ParameterError, match="path: 3 is not the name"):
        rc.simulate_netlist(3)
    with pytest.raises(rc.NetlistError, match="cannot read"):
        rc.simulate_netlist(tmp_path)


def test_record_tells_what_ran(tmp_path):
    (tmp_path / "deck.cir").write_text(DECK)
    rc.simulate_netlist(tmp_path / "deck.cir", output=tmp_path / "x.run")
    record = read_record(tmp_path / "x.run")
    assert (record["status"], record["engine"], record["points"], record["exit_code"]) == ("done", "ngspice", 1, 0)
    assert record["engine_version"].startswith("ngspice-")
    assert record["plots"] == [{"name": "Operating Point", "points": 1}]
    assert record["remarks"] == record["problems"] == []
    assert {"rramcirc", "python", "machine", "written", "netlist_sha256", "wall_seconds"} <= set(record)


def test_record_of_a_failure_tells_why(tmp_path):
    (tmp_path / "deck.cir").write_text(DECK.replace(".op", ".op\nr2 1 0"))
    with pytest.raises(SimulationError):
        rc.simulate_netlist(tmp_path / "deck.cir", output=tmp_path / "x.run")
    record = read_record(tmp_path / "x.run")
    assert record["status"] == "failed"
    assert "'r2 1 0' is not a valid resistor" in record["problems"][0]


def test_temporary_folder_goes_when_all_went_well_and_stays_otherwise(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "deck.cir").write_text(DECK)
    waves = rc.simulate_netlist(tmp_path / "deck.cir")
    assert [file.name for file in tmp_path.iterdir()] == ["deck.cir"]
    assert waves["v(1)"][0] == 1.0  # read after the folder is gone
    (tmp_path / "deck.cir").write_text(DECK.replace(".op", ".op\nr2 1 0"))
    with pytest.raises(SimulationError) as caught:
        rc.simulate_netlist(tmp_path / "deck.cir")
    (folder,) = (file for file in tmp_path.iterdir() if file.is_dir())
    assert str(folder) in str(caught.value)
    assert (folder / "netlist.cir").exists()


@pytest.mark.parametrize("content", [None, "no json", "[1"])
def test_folder_without_record_is_told(tmp_path, content):
    if content:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(WaveformError, match=r"run\.json"):
        load_run(tmp_path)


def test_run_without_waveforms_is_told_with_its_status(tmp_path):
    write_record(tmp_path, {"status": "failed"})
    with pytest.raises(WaveformError, match=r"no waves\.raw; status of the run: failed"):
        load_run(tmp_path)


def test_a_comparison_names_its_runs(tmp_path):
    write_record(tmp_path, {"status": "done", "engine": "both"})
    with pytest.raises(WaveformError, match=r"compares two runs; read .*ngspice or .*numpy"):
        load_run(tmp_path)


def test_record_keeps_every_value(tmp_path):
    write_record(tmp_path, {"status": "done", "value": 1.5})
    assert read_record(tmp_path)["value"] == 1.5
    assert json.loads((tmp_path / "run.json").read_text())["rramcirc"] == rc.__version__


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["Operating Point", "AC Analysis", "Transient Analysis", "Transfer Function"], 2),
        (["Operating Point", "DC transfer characteristic", "AC Analysis"], 2),
        (["Noise Spectral Density Curves", "Integrated Noise"], 0),
        (["Transient Analysis", "Transient Analysis", "Operating Point"], 1),
        (["Sensitivity Analysis", "Operating Point"], 0),
    ],
)
def test_main_plot_is_the_one_that_a_run_is_about(names, chosen):
    plots = [plot(name) for name in names]
    assert main_plot(plots) is plots[chosen]


def test_empty_plots_are_passed_over():
    plots = [plot("Transient Analysis"), plot("Transient Analysis", points=0)]
    assert main_plot(plots) is plots[0]
    assert main_plot(plots[1:]) is plots[1]
    assert main_plot([]) is None


def test_loaded_run_is_the_main_plot(tmp_path):
    write_record(tmp_path, {"status": "done"})
    write_raw(tmp_path / "waves.raw", [plot("Transient Analysis"), plot("Integrated Noise")])
    assert load_run(tmp_path).axis_name == "time"


def test_path_may_be_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("deck.cir").write_text(DECK)
    waves = rc.simulate_netlist("deck.cir", output="x.run")
    assert waves["v(1)"][0] == load_run(Path("x.run"))["v(1)"][0]
