"""run.json says the same of a circuit whatever ran it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

import rramcirc as rc
from rramcirc.basics import paths
from rramcirc.circuits.table import CIRCUITS, KINDS, build_circuit, default_bench
from rramcirc.cli.build_netlist import build_netlist
from rramcirc.cli.simulate import simulate
from rramcirc.engines.provenance import bench_origin, netlist_origin, provenance
from rramcirc.waveforms.folder import read_record

SAME = ("circuit", "cards", "models", "seed", "temperature_K", "options", "rramcirc", "python", "numpy")
MACHINE = ("machine", "platform", "cpus")


def cell_bench() -> rc.Testbench:
    """A cell with all that can be said of a testbench: seed, temperature, options, a name."""
    cell = rc.Cell("hfo2_filament", "nmos_select")
    stimuli = {"bl": rc.Pulse(0.2, 1e-8), "wl": rc.Constant(1.5)}
    fields = {"temperature": 320.0, "options": {"reltol": 1e-5, "abstol": "1e-13"}, "seed": 3, "name": "a read"}
    return rc.Testbench(cell, rc.Transient(2e-8), stimuli, **fields)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """run.json of one testbench in every engine, and of its netlist file."""
    folder, bench = tmp_path_factory.mktemp("runs"), cell_bench()
    for engine in ("ngspice", "vacask", "numpy"):
        rc.simulate(bench, engine, output=folder / engine)
    rc.build_netlist(bench).write(folder / "cell.cir")
    rc.simulate_netlist(folder / "cell.cir", output=folder / "file")
    return {path.name: read_record(path) for path in folder.iterdir() if path.is_dir()}


@pytest.mark.parametrize("other", ["vacask", "numpy", "file"])
def test_what_ran_a_circuit_does_not_change_what_it_came_from(records: dict, other: str) -> None:
    for key in (*SAME, *MACHINE):
        assert records[other][key] == records["ngspice"][key], key


def test_models_are_told_by_the_hashes_of_source_and_compiled_file(records: dict) -> None:
    for record in records.values():
        assert list(record["models"]) == ["rram_filament.va", "nmos_ekv.va"]
        for name, model in record["models"].items():
            source = paths.verilog_a_folder() / name
            assert model["sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
            assert set(model) == {"sha256", "osdi_sha256", "compiler"}
            assert all(model.values())


def test_the_testbench_is_told(records: dict) -> None:
    for record in records.values():
        assert record["cards"] == ["hfo2_filament", "nmos_select"]
        assert (record["seed"], record["temperature_K"]) == (3, 320.0)
        assert record["options"] == {"reltol": "1e-05", "abstol": "1e-13"}


def test_only_netlists_have_a_hash_of_their_text(records: dict) -> None:
    assert "netlist_sha256" not in records["numpy"]
    assert records["file"]["netlist_sha256"] == records["ngspice"]["netlist_sha256"]


def test_every_outcome_is_told_by_the_same_keys(records: dict) -> None:
    own = {"newton_steps", "kcl_residual", "numba", "netlist", "netlist_sha256"}
    assert len({frozenset(set(record) - own) for record in records.values()}) == 1


@pytest.mark.parametrize("name", KINDS)
def test_the_header_of_a_netlist_says_what_its_testbench_says(name: str) -> None:
    variants = [made.bench for made in KINDS[name].variants.values() if made.bench]
    bench = default_bench(name) if name in CIRCUITS else variants[0]()
    assert {card.name for card in bench.design.cards} == {card.name for card in build_circuit(bench).cards}
    netlist = rc.build_netlist(bench)
    assert provenance(netlist_origin(netlist)) == provenance(bench_origin(bench, netlist))


def test_a_recurrent_network_names_its_card() -> None:
    bench = default_bench("recurrent")
    assert provenance(bench_origin(bench))["cards"] == ["plastic_zoppo2019"]


def test_what_was_set_for_a_run_wins_over_the_header(tmp_path: Path) -> None:
    rc.build_netlist(cell_bench()).write(tmp_path / "a.cir")
    waves = rc.simulate_netlist(tmp_path / "a.cir", options={"reltol": "1e-6"}, temperature=290.0)
    assert waves.provenance["options"] == {"reltol": "1e-6", "abstol": "1e-13"}
    assert waves.provenance["temperature_K"] == 290.0


def test_the_temperature_is_that_at_which_ngspice_ran(tmp_path: Path) -> None:
    netlist = rc.build_netlist(replace(cell_bench(), temperature=300.0))
    netlist.write(tmp_path / "a.cir")
    text = netlist.text.replace(".temp 26.85", ".temp 50")
    assert text != netlist.text
    (tmp_path / "a.cir").write_text(text)
    assert rc.simulate_netlist(tmp_path / "a.cir").provenance["temperature_K"] == pytest.approx(323.15, abs=1e-6)


def test_the_source_of_a_model_outside_the_library_is_told_for_its_netlist(tmp_path: Path) -> None:
    own = tmp_path / "rram_own.va"
    text = (paths.verilog_a_folder() / "rram_filament.va").read_text().replace("rram_filament", "rram_own")
    own.write_text(text + "// an own model\n")
    card = (paths.models_folder() / "hfo2_filament.toml").read_text().replace("rram_filament", "rram_own")
    (tmp_path / "own.toml").write_text(card)
    bench = replace(cell_bench(), design=rc.Cell(rc.load_card(tmp_path / "own.toml")), stimuli={})
    rc.build_netlist(bench).write(tmp_path / "a.cir")
    model = rc.simulate_netlist(tmp_path / "a.cir").provenance["models"]["rram_own.va"]
    assert model["sha256"] == hashlib.sha256(own.read_bytes()).hexdigest()
    assert model["compiler"]


def test_comments_of_a_foreign_netlist_are_no_cards(tmp_path: Path) -> None:
    (tmp_path / "a.cir").write_text("t\n* cards: two jokers\n* temperature: hot\nv1 1 0 1\nr1 1 0 1k\n.op\n.end\n")
    record = rc.simulate_netlist(tmp_path / "a.cir").provenance
    assert "cards" not in record
    assert (record["models"], record["temperature_K"]) == ({}, 300.15)


def test_the_command_line_writes_them(tmp_path: Path) -> None:
    file, folder = str(tmp_path / "a.cir"), str(tmp_path / "a.run")
    for command, words in ((build_netlist, ["cell", "-o", file]), (simulate, [file, "-o", folder])):
        done = CliRunner().invoke(command, words)
        assert done.exit_code == 0, done.output
    record = json.loads((tmp_path / "a.run" / "run.json").read_text())
    assert record["cards"] == ["hfo2_filament", "nmos_select"]


def test_a_failed_run_says_as_much(tmp_path: Path) -> None:
    with pytest.raises(rc.SimulationError):
        rc.simulate(cell_bench(), output=tmp_path / "a.run", timeout=1e-6)
    record = read_record(tmp_path / "a.run")
    assert record["status"] == "timeout"
    assert record["cards"] == ["hfo2_filament", "nmos_select"]
