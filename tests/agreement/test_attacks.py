"""Attacks in the real ngspice: the scan alone stops them, and so does the kernel alone; without both many succeed."""

from __future__ import annotations

from pathlib import Path

import pytest
from attack_decks import attacks
from attack_place import SECRET, Place
from click.testing import CliRunner
from fuzz_decks import fuzz

import rramcirc.engines.ngspice.run as run
from rramcirc.basics.errors import NetlistError
from rramcirc.cli.examination import _confinement
from rramcirc.cli.simulate import simulate
from rramcirc.engines.ngspice.confinement import landlock_version, why_not
from rramcirc.engines.ngspice.deck import read_foreign
from rramcirc.engines.ngspice.run import find_ngspice, run_deck

ATTACKS = attacks()
# kinds of attack that this ngspice falls for, so that the rest of this file proves something
WORKING = (
    "let", "echo, absolute", "let in single quotes", "redirection in a variable", "write, absolute", "wrdata", "run",
    "hardcopy", "snsave", "mdump", "fopen", "shell", "backticks", "cd", "unixcom", "shell behind a variable",
    "card .include, absolute", "card .lib", "card *#", "deck that is a script", "card CIDER output, shorter",
    "deck whose title is a semicolon", "card .include from the environment",
)  # fmt: skip


@pytest.fixture
def place(tmp_path, monkeypatch) -> Place:
    found = Place(tmp_path)
    monkeypatch.setenv("HOME", str(found.victim))
    monkeypatch.setenv("RRAMCIRC_VICTIM", str(found.victim))
    monkeypatch.setenv("RRAMCIRC_SECRET", SECRET)
    return found


def run_unscanned(place: Place, text: str, reads: tuple[Path, ...] | None) -> None:
    (place.folder / "netlist.cir").write_bytes(place.deck(text).read_bytes())
    run_deck(place.folder, reads=reads, timeout=10)


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS)
def test_the_scan_alone_stops_it(place, text):
    try:
        deck = read_foreign(place.deck(text))
    except NetlistError:
        return
    deck.write(place.folder / "netlist.cir")
    assert place.traced([str(find_ngspice()), "-n", "-b", "netlist.cir"], find_ngspice()) == []
    assert place.harm() == []


@pytest.mark.skipif(landlock_version() == 0, reason="this kernel has no Landlock")
@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS)
def test_the_kernel_alone_stops_it(place, text):
    assert why_not(find_ngspice()) == ""
    run_unscanned(place, text, (place.home,))
    assert place.harm() == []


@pytest.mark.parametrize("name", WORKING)
def test_it_works_where_nothing_stops_it(place, name):
    run_unscanned(place, ATTACKS[name], None)
    assert place.harm()


def test_where_the_kernel_cannot_confine_a_remark_says_so(place, monkeypatch):
    monkeypatch.setattr(run, "why_not", lambda program: "this kernel has no Landlock")
    deck = read_foreign(place.deck("* divider\nv1 1 0 1\nr1 1 0 1k\n.op\n.end\n"))
    deck.write(place.folder / "netlist.cir")
    outcome = run_deck(place.folder, expected=deck.expected, reads=deck.reads)
    assert outcome.status == "done"
    assert [remark for remark in outcome.notes if "not the kernel: this kernel has no Landlock" in remark]


@pytest.mark.skipif(landlock_version() == 0, reason="this kernel has no Landlock")
def test_a_confined_run_reads_its_folders_and_writes_its_own(place, tmp_path_factory):
    (place.home / "sub").mkdir()
    (place.home / "sub" / "more.inc").write_text("r2 1 2 1k\n.include deep.inc\n")
    (place.home / "sub" / "deep.inc").write_text("r3 2 0 1k\n")
    kit = tmp_path_factory.mktemp("kit")
    (kit / "models.lib").write_text(".lib tt\nr4 2 0 1k\n.endl\n")
    text = (
        f"* reads\nv1 1 0 1\n.include sub/more.inc\n.lib {kit}/models.lib tt\n.op\n.control\nop\nprint v(2) > out.txt\n"
    )
    path = place.deck(text + "hardcopy x.ps v(2)\nwrite y.raw\n.endc\n.end\n")
    with pytest.raises(NetlistError, match="--allow-read"):
        read_foreign(path)
    deck = read_foreign(path, allow_read=[kit])
    deck.write(place.folder / "netlist.cir")
    outcome = run_deck(place.folder, expected=deck.expected, reads=deck.reads)
    assert outcome.status == "done"
    assert not [remark for remark in outcome.remarks if "kernel" in remark]
    assert "3.333333e-01" in (place.folder / "out.txt").read_text()
    assert {"out.txt", "x.ps", "y.raw", "waves.raw"} <= {file.name for file in place.folder.iterdir()}
    assert place.harm() == []


def test_mutated_netlists_touch_nothing():
    """A twentieth of `make fuzz-decks`."""
    counts, broken = fuzz(250, seed=2, kernel_every=10)
    assert not broken, "\n".join(broken)
    assert counts["scan"] > 40


def test_the_command_line_passes_folders_on(place, tmp_path_factory):
    kit = tmp_path_factory.mktemp("design kit, '2024' {a}")
    (kit / "models.inc").write_text("r2 1 0 1k\n")
    (place.root / "kit").symlink_to(kit)
    path = place.deck("* kit\nv1 1 0 1\nr1 1 0 1k\n.include ../kit/models.inc\n.op\n.end\n")
    words = [str(path), "-o", str(place.folder.parent / "y.run")]
    refused = CliRunner().invoke(simulate, words)
    assert isinstance(refused.exception, NetlistError)
    assert "--allow-read" in str(refused.exception)
    done = CliRunner().invoke(simulate, [*words, "--allow-read", str(kit)])
    assert done.exit_code == 0, done.output
    missing = CliRunner().invoke(simulate, [*words, "--allow-read", str(kit / "nowhere")])
    assert "is no folder" in str(missing.exception)


def test_doctor_says_whether_the_kernel_confines(monkeypatch):
    expected = "ok" if landlock_version() else "limited"
    assert _confinement().status == expected
    monkeypatch.setattr("rramcirc.engines.ngspice.confinement.landlock_version", lambda: 0)
    found = _confinement()
    assert (found.status, "scan" in found.detail) == ("limited", True)


def test_a_dotfile_beside_the_netlist_is_not_copied(place):
    (place.home / ".spiceinit").write_text("shell touch here\n")
    for line in ('file=".spiceinit"', "file=./.spiceinit", 'file=".SpiceInit"'):
        path = place.deck(f"* source\na1 %v[1] m\nr1 1 0 1k\n.model m filesource({line})\n.tran 1m 10m\n.end\n")
        with pytest.raises(NetlistError, match="begins with a dot"):
            read_foreign(path)
        read_foreign(path, trust=True).write(place.folder / "netlist.cir")
    assert not list(place.folder.rglob(".*"))


def test_a_dotfile_that_a_confined_run_wrote_is_removed(place):
    run_unscanned(place, "* script\nr1 1 0 1k\n.control\necho shell ls > .spiceinit\n.endc\n.end\n", (place.home,))
    assert not list(place.folder.rglob(".*"))


def test_data_files_land_in_the_run_folder_only(place):
    (place.home / "sub").mkdir()
    for name in ("data.txt", "sub/data.txt"):
        (place.home / name).write_text("0 0\n1 1\n")
        model = f'a1 %v[1] m\nr1 1 0 1k\n.model m filesource(file="{name}" amploffset=[0] amplscale=[1])\n'
        deck = read_foreign(place.deck(f"* source\n{model}.tran 1m 10m\n.end\n"))
        deck.write(place.folder / "netlist.cir")
        assert (place.folder / name).read_text() == "0 0\n1 1\n"
    above = model.replace("sub/data.txt", "../home/data.txt")
    deck = read_foreign(place.deck(f"* source\n{above}.tran 1m 10m\n.end\n"))
    assert f'file="{place.home}/data.txt"'.encode() in deck.content
    assert deck.files == ()
    assert place.harm() == []
