"""Bad input and a bad machine: one paragraph that says what to do, and the documented exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command import call


def run(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run the command line as a user does; with another environment in a process of its own."""
    if not environment:
        return call(*words, cwd=cwd)
    return subprocess.run(
        [sys.executable, "-m", "rramcirc", *words], cwd=cwd, capture_output=True, text=True, timeout=60, check=False,
        env=os.environ | environment,
    )  # fmt: skip


def assert_refused(done: subprocess.CompletedProcess, status: int, *words: str) -> None:
    """The run ended with `status` and one paragraph on stderr that holds all words."""
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr, f"{word!r} is not in: {done.stderr}"
    assert "\n\n" not in done.stderr.strip()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["build-netlist", "crosbar"], ["unknown circuit 'crosbar'", "crossbar"]),
        (["build-netlist", "cell", "--card", "hfo2_filamnt"], ["hfo2_filamnt", "hfo2_filament"]),
        (["build-netlist", "cell", "--selector", "nmos_selekt"], ["nmos_selekt", "nmos_select"]),
        (["build-netlist", "crossbar", "--wire-resistance", "2V"], ["--wire-resistance", "2V", "ohm"]),
        (["build-netlist", "crossbar", "--rows", "0"], ["rows", "0", "at least 1"]),
        (["build-netlist", "crossbar", "--set", "design.bl.resistence=3"], ["resistence", "resistance"]),
        (["build-netlist", "cell", "--set", "design.rram_parameters.ea_dleta=0.1"], ["ea_dleta", "ea_delta"]),
        (["build-netlist", "cell", "--set", "design.initial_state.gap=99"], ["gap", "99", "[0:20]"]),
        (["build-netlist", "crossbar", "--spread", "ea_delta=0.02"], ["--spread", "--seed"]),
        (["build-netlist", "cell", "-o", "cell.xyz"], ["cell.xyz", ".cir"]),
        (["build-netlist", "cell", "-o", "no/such/folder/cell.cir"], ["no/such/folder"]),
        (["simulat"], ["simulat", "simulate"]),
        (["simulate", "absent.cir"], ["absent.cir"]),
        (["cards", "nmos_selct"], ["nmos_selct", "nmos_select"]),
        (["models", "rram_filamen"], ["rram_filamen", "rram_filament"]),
        (["inspect", "absent.run"], ["absent.run"]),
    ],
)
def test_wrong_input_is_named_with_what_is_allowed(words: list[str], expected: list[str], tmp_path: Path) -> None:
    assert_refused(run(*words, cwd=tmp_path), 2, *expected)


@pytest.fixture
def cell(tmp_path: Path) -> Path:
    """A folder with the netlist and the finished run of a cell."""
    assert run("build-netlist", "cell", "-o", "cell.cir", cwd=tmp_path).returncode == 0
    assert run("simulate", "cell.cir", cwd=tmp_path).returncode == 0
    return tmp_path


def test_unknown_signal_names_the_nearest(cell: Path) -> None:
    assert_refused(run("inspect", "cell.run", "i(bll)", cwd=cell), 2, "i(bll)", "i(bl)")


def test_wrong_option_and_temperature_are_refused(cell: Path) -> None:
    assert_refused(run("simulate", "cell.cir", "--option", "reltol", cwd=cell), 2, "--option", "NAME=VALUE")
    assert_refused(run("simulate", "cell.cir", "--temperature", "27V", cwd=cell), 2, "27V", "K")
    assert_refused(run("simulate", "cell.cir", "--engine", "spectre", cwd=cell), 2, "spectre", "ngspice")
    assert_refused(run("simulate", "cell.cir", "--engine", "vacask", cwd=cell), 2, "netlist", ".toml")


def test_a_folder_that_is_not_ours_is_left_alone(cell: Path) -> None:
    (cell / "mine").mkdir()
    (cell / "mine" / "thesis.txt").write_text("years of work")
    assert_refused(run("simulate", "cell.cir", "-o", "mine", cwd=cell), 2, "mine", "left alone")
    assert (cell / "mine" / "thesis.txt").read_text() == "years of work"


def test_unwritable_output_is_refused(cell: Path) -> None:
    assert_refused(run("simulate", "cell.cir", "-o", "/proc/run", cwd=cell), 2, "/proc/run")
    assert_refused(run("build-netlist", "cell", "-o", "/proc/cell.cir", cwd=cell), 2, "/proc/cell.cir")


def test_missing_ngspice_says_how_to_install_it(cell: Path) -> None:
    done = run("simulate", "cell.cir", cwd=cell, PATH="/nonexistent")
    assert_refused(done, 3, "ngspice", "make setup")


def test_missing_compiler_says_how_to_install_it(tmp_path: Path) -> None:
    done = run("build-netlist", "cell", "-o", "c.cir", cwd=tmp_path, RRAMCIRC_OPENVAF="/nonexistent/openvaf-r",
               RRAMCIRC_CACHE=str(tmp_path / "cache"))  # fmt: skip
    assert_refused(done, 3, "openvaf-r")


def test_missing_linker_names_the_package(tmp_path: Path) -> None:
    done = run("build-netlist", "cell", "-o", "c.cir", cwd=tmp_path, PATH="/nonexistent",
               RRAMCIRC_CACHE=str(tmp_path / "cache"))  # fmt: skip
    assert_refused(done, 3, "linker", "binutils")


def test_syntax_error_in_verilog_a_is_given_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "mine.va").write_text(
        '`include "disciplines.vams"\nmodule rram_mine(te, be);\ninout te, be; electrical te, be;\n'
        "analog begin\nI(te, be) <+ V(te, be) *;\nend\nendmodule\n"
    )
    (tmp_path / "mine.toml").write_text('name = "mine"\nmodule = "mine.va"\ntitle = "t"\n[parameters]\n')
    done = run("build-netlist", "cell", "--card", "mine.toml", "-o", "c.cir", cwd=tmp_path)
    assert_refused(done, 2, "mine.va", "5")


def test_full_disk_is_named(cell: Path) -> None:
    done = run("inspect", "cell.run", "--csv", "/dev/full", cwd=cell)
    assert_refused(done, 3, "full")


def test_own_bug_is_said_to_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    from rramcirc.cli import main as cli

    def broken(*words: object, **settings: object) -> None:
        raise ZeroDivisionError("x")

    monkeypatch.setattr(cli.rramcirc, "main", broken)
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 70
    assert "--debug" in capsys.readouterr().err


def test_allow_read_is_for_netlists(tmp_path):
    assert run("build-netlist", "cell", "-o", "cell.toml", cwd=tmp_path).returncode == 0
    done = run("simulate", "cell.toml", "--allow-read", ".", cwd=tmp_path)
    assert_refused(done, 2, "--allow-read", "is a testbench")
