"""What is added to a netlist so that it leaves waves.raw, and what must come out of it."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

import rramcirc as rc
from rramcirc.basics.errors import EnvironmentProblem, NetlistError, ParameterError
from rramcirc.basics.units import spice_number
from rramcirc.engines.ngspice.deck import read_foreign, transient_stop
from rramcirc.engines.ngspice.lines import read_all, strip_comment

HEAD = "* test\nv1 1 0 1\nr1 1 0 1k\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "deck.cir"
    path.write_text(text)
    return path


def added(folder: Path, text: str, **settings: object) -> list[str]:
    """Return the lines that a netlist gets."""
    before = text.splitlines()
    after = read_foreign(write(folder, text), **settings).content.decode().splitlines()
    for line in before:
        after.remove(line)
    return [line for line in after if not line.startswith("*")]


WRITE_ALL = [
    "unset appendwrite",
    "set filetype=binary",
    "foreach rramcirc_plot $plots",
    "  strcmp rramcirc_order $rramcirc_plot const",
    "  if $rramcirc_order <> 0",
    "    setplot $rramcirc_plot",
    "    write waves.raw",
    "    set appendwrite",
    "  end",
    "end",
]
ENDING = ["pre_set num_threads=1"]
RUN = [".control", *ENDING, "run waves.raw", "quit $sim_status", ".endc"]


def test_netlist_without_script_runs_straight_into_the_file(tmp_path):
    assert added(tmp_path, HEAD + ".op\n.end\n") == RUN


def test_lines_are_added_before_the_end_and_none_before_is_moved(tmp_path):
    text = HEAD + ".op\n.END\nnotes\n"
    after = read_foreign(write(tmp_path, text)).content.decode()
    assert after.startswith(HEAD + ".op\n* added")
    assert after.endswith("quit $sim_status\n.endc\n.END\nnotes\n")


def test_missing_end_is_added(tmp_path):
    assert added(tmp_path, HEAD + ".op") == [*RUN, ".end"]


def test_lines_are_added_where_ngspice_still_reads(tmp_path):
    after = read_foreign(write(tmp_path, HEAD + ".op\n@\n.end\n")).content.decode()
    assert after.index("run waves.raw") < after.index("\n@\n")


def test_settings_without_analysis_in_a_script_are_kept_before_the_run(tmp_path):
    text = HEAD + ".op\n.control\nset num_threads=4\n.endc\n.end\n"
    assert added(tmp_path, text) == [line for line in RUN if line not in ENDING]


def test_measurements_keep_the_vectors_in_memory(tmp_path):
    text = HEAD + ".tran 1u 9u\n.four 1meg v(1)\n.meas tran m max v(1)\n.end\n"
    expected = ["run", "fourier 1meg v(1)", *WRITE_ALL, "quit $sim_status"]
    assert added(tmp_path, text) == [".control", *ENDING, *expected, ".endc"]


def test_printed_device_parameters_are_saved(tmp_path):
    text = HEAD + ".op\n.print op v(1) @r1[i] @r1[p]\n.plot op @r1[i]\n.end\n"
    assert added(tmp_path, text)[0] == ".save all @r1[i] @r1[p]"
    assert added(tmp_path, text.replace(".op\n", ".op\n.save v(1)\n"))[0] == ".control"


def test_script_that_runs_gets_its_plots_written(tmp_path):
    text = HEAD + ".control\ntran 1u 9u\n.endc\n.end\n"
    assert added(tmp_path, text) == [".control", *ENDING, *WRITE_ALL, "quit $sim_status", ".endc"]


def test_plots_are_written_before_every_quit(tmp_path):
    text = HEAD + ".control\nop\nif v(1) > 1\n  quit 1\nend\nquit ; done\n.endc\n.end\n"
    lines = read_foreign(write(tmp_path, text)).content.decode().splitlines()
    for k in (lines.index("  quit 1"), lines.index("quit ; done")):
        assert lines[k - len(WRITE_ALL) : k] == WRITE_ALL


def test_script_that_writes_the_file_itself_is_left_alone(tmp_path):
    text = HEAD + ".op\n.control\nset num_threads=1\nrun waves.raw\nquit $sim_status\n.endc\n.end\n"
    path = write(tmp_path, text)
    deck = read_foreign(path)
    assert deck.content == path.read_bytes()
    assert deck.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert added(tmp_path, text.replace("quit $sim_status\n", "")) == [".control", "quit $sim_status", ".endc"]


def test_bytes_of_a_netlist_are_kept(tmp_path):
    path = tmp_path / "deck.cir"
    path.write_bytes(b"* Gr\xf6\xdfe \xc2\xb5\r\nv1 1 0 1\r\n.op\r\n.end\r\n")
    assert read_foreign(path).content.startswith(b"* Gr\xf6\xdfe \xc2\xb5\r\nv1 1 0 1\r\n.op\r\n")


def test_options_and_temperature_are_the_last_ones(tmp_path):
    text = HEAD + ".op\n.temp 50\n.options reltol=1e-2\n.end\n"
    lines = added(tmp_path, text, options={"RelTol": "1e-5", "klu": ""}, temperature=300.15)
    assert lines[:3] == [".options reltol=1e-5", ".options klu", ".temp 27"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"retol": "1"}, "Nearest: reltol"),
        ({"temp": "1"}, "Set the temperature"),
        ({"reltol": "1 ; shell"}, "NAME=VALUE"),
        ({"": "1"}, "unknown option of ngspice"),
        ({object(): "1"}, "unknown option of ngspice"),
    ],
)
def test_nonsense_as_option_is_refused(tmp_path, options, said):
    with pytest.raises(ParameterError, match=said):
        read_foreign(write(tmp_path, HEAD + ".op\n"), options=options)


def test_netlist_without_analysis_is_refused(tmp_path):
    for text in ("", "* only a title\n", HEAD + ".end\n", HEAD + ".control\necho x\n.endc\n"):
        with pytest.raises(NetlistError, match="has no analysis"):
            read_foreign(write(tmp_path, text))


def test_analysis_in_an_included_file_counts(tmp_path):
    (tmp_path / "analysis.inc").write_text(".tran 1u 9u\n")
    deck = read_foreign(write(tmp_path, HEAD + ".include analysis.inc\n"))
    assert (deck.expected.analyses, deck.expected.stop) == (("tran",), pytest.approx(9e-6))


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (".include x.inc", '.include "{0}/x.inc"'),
        ("  .INC 'x.inc' ; models", '  .INC "{0}/x.inc" ; models'),
        ('.include "sub dir/y.inc"', '.include "{0}/sub dir/y.inc"'),
        (".lib x.inc tt", '.lib "{0}/x.inc" tt'),
        (".inc inc", '.inc "{0}/inc"'),
        (".lib tt", ".lib tt"),
        ("* .include x.inc", "* .include x.inc"),
    ],
)
def test_included_files_get_their_full_path(tmp_path, line, kept):
    (tmp_path / "sub dir").mkdir()
    for name in ("x.inc", "inc", "sub dir/y.inc"):
        (tmp_path / name).write_text("* nothing\n")
    after = read_foreign(write(tmp_path, HEAD + f"{line}\n.op\n.end\n")).content.decode()
    assert after.splitlines()[3] == kept.format(tmp_path.resolve())


def test_files_read_when_it_runs_go_with_the_netlist(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.txt").write_text("0 0\n")
    text = (
        HEAD
        + '.model m filesource(\n+ file="data/x.txt" amplscale=[1])\n.model n d_source(input_file="nope.txt")\n.op\n'
    )
    deck = read_foreign(write(tmp_path, text))
    assert deck.files == ((tmp_path / "data" / "x.txt", "data/x.txt"),)
    (tmp_path / "run").mkdir()
    deck.write(tmp_path / "run" / "netlist.cir")
    assert (tmp_path / "run" / "data" / "x.txt").read_text() == "0 0\n"


def test_missing_compiled_model_is_told(tmp_path):
    text = HEAD + ".op\n.control\npre_osdi nope.osdi\n.endc\n"
    with pytest.raises(NetlistError, match=r"deck\.cir line 6 loads nope\.osdi, which is not in"):
        read_foreign(write(tmp_path, text))


def test_folder_that_cannot_be_written_is_told(tmp_path):
    deck = read_foreign(write(tmp_path, HEAD + ".op\n"))
    with pytest.raises((ParameterError, EnvironmentProblem), match="cannot be written"):
        deck.write(tmp_path / "missing" / "netlist.cir")


EXPECTED = {
    "cards": (".op\n.tran 1u 9u\n.tran 1u 5u uic", ("op", "tran"), 5e-6, ()),
    "stop that is an expression": (".tran 1u {t}", ("tran",), None, ()),
    "stop that may come early": (".options autostop\n.tran 1u 9u", ("tran",), None, ()),
    "script": (".control\ntran 1u 9u\n.endc", (), 9e-6, ()),
    "script that runs the cards": (".ac dec 1 1 10\n.control\nrun\n.endc", ("ac",), None, ()),
    "script that ignores the cards": (".ac dec 1 1 10\n.control\nop\n.endc", (), None, ()),
    "script that stops": (".tran 1u 9u\n.control\nstop when v(1) > 1\nrun\n.endc", ("tran",), None, ()),
    "saved": (".op\n.save V(1) all i( v1 )\n+ @r1[i], out", ("op",), None, ("v(1)", "i(v1)", "@r1[i]", "out")),
    "saved by the script": (".op\n.control\nsave v(1)\nrun\n.endc", ("op",), None, ("v(1)",)),
    "saved inside a subcircuit": (".op\n.subckt s a\n.save v(a)\n.ends", ("op",), None, ()),
    "saved by a variable": (".control\nset n = 1\nsave v($n)\nop\n.endc", (), None, ()),
}


@pytest.mark.parametrize(("cards", "analyses", "stop", "vectors"), EXPECTED.values(), ids=EXPECTED)
def test_what_must_come_out_is_read_from_the_netlist(tmp_path, cards, analyses, stop, vectors):
    expected = read_foreign(write(tmp_path, HEAD + f"{cards}\n.end\n")).expected
    assert (expected.analyses, expected.vectors) == (analyses, vectors)
    assert expected.stop == (None if stop is None else pytest.approx(stop))


def test_stop_of_a_netlist_is_read(tmp_path):
    assert transient_stop(write(tmp_path, HEAD + ".TRAN 1n 2Us ; comment\n")) == pytest.approx(2e-6)
    assert transient_stop(write(tmp_path, HEAD + ".op\n")) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("1.5e-3", 1.5e-3), ("2meg", 2e6), ("2M", 2e-3), ("10us", 1e-5), ("1mil", 25.4e-6), ("3F", 3e-15),
     ("4s", 4.0), (".5n", 5e-10), ("-1k", -1e3), ("x", None), ("{a}", None), ("", None), ("1k5", None)],
)  # fmt: skip
def test_numbers_are_read_as_spice_spells_them(text, value):
    assert spice_number(text) == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize(
    ("text", "inside", "kept"),
    [
        ("r1 1 0 1k ; comment", False, "r1 1 0 1k"),
        ("r1 1 0 1k;comment", False, "r1 1 0 1k"),
        ("r1 1 0 1k $ comment", False, "r1 1 0 1k"),
        ("r1 1 0 1k $comment", False, "r1 1 0 1k"),
        ("r1 1 0 a$b", False, "r1 1 0 a$b"),
        ("r1 1 0 1k // comment", False, "r1 1 0 1k"),
        ("echo $x ; comment", True, "echo $x"),
        ("echo $x $ comment", True, "echo $x"),
        ('echo "a ; b" ; comment', True, 'echo "a ; b"'),
        ('echo "a"; shell ls', True, 'echo "a"; shell ls'),
        ("; shell ls", True, "; shell ls"),
        ("* comment", False, ""),
        ("# comment", True, ""),
        (" $comment", False, ""),
        (",$comment", False, ","),
    ],
)
def test_comments_end_lines_where_ngspice_says(text, inside, kept):
    assert strip_comment(text, inside) == kept


def test_lines_are_read_as_ngspice_reads_them(tmp_path):
    (tmp_path / "a.inc").write_text("r2 1 0\n+ 1k\n")
    text = (
        "a title\n  r1 1 0\n* between\n\n+ 1k ; one kilo\n.include a.inc\n*# echo hello\n.CONTROL\nset a = 1\n+ b = 2\n"
        "pre_osdi x\n$c x\n.ENDC\nr3 1 \\\\\n0 1k\nr4 \r1 0 1k\r\n@ nothing more\nr5 1 0 1k\n"
    )
    lines = {(line.number, line.kind, line.head, line.text) for line in read_all(write(tmp_path, text))}
    assert lines == {
        (1, "title", "a", "a title"),
        (6, "include", ".include", ".include a.inc"),
        (1, "card", "r2", "r2 1 0  1k"),
        (7, "command", "echo", "echo hello"),
        (2, "card", "r1", "r1 1 0  1k"),
        (12, "command", "$c", "$c x"),
        (9, "command", "set", "set a = 1  b = 2"),
        (11, "command", "osdi", "pre_osdi x"),
        (14, "card", "r3", "r3 1 0 1k"),
        (16, "card", "r4", "r4 1 0 1k"),
    }


def test_lines_are_those_that_ngspice_lists(tmp_path):
    """The joined lines of our reader are those of ngspice's own listing."""
    cards = "r1 1 0\n* between\n+ 1k ; one kilo\nr3 1 \\\\\n0 1k $ end\nR4\t1 0 1K // x\n  r5 1 0 1k\n"
    path = write(tmp_path, f"* t\nv1 1 0 1\n{cards}.op\n.control\nlisting logical\n.endc\n.end\n")
    done = subprocess.run(["ngspice", "-n", "-b", path.name], cwd=tmp_path, capture_output=True, text=True, timeout=30)
    listed = [line.partition(" : ")[2].split() for line in done.stdout.splitlines() if " : r" in line.lower()]
    ours = [line.text.lower().split() for line in read_all(path) if line.head.startswith("r")]
    assert [[word.lower() for word in line] for line in listed] == ours
    assert len(ours) == 4


def test_generated_netlist_goes_unchanged(tmp_path):
    cell = rc.Cell(rram=rc.load_card("hfo2_filament"))
    path = tmp_path / "cell.cir"
    rc.build_netlist(rc.Testbench(cell, rc.Transient(1e-6), {"bl": rc.Constant(0.1)})).write(path)
    deck = read_foreign(path)
    assert deck.content == path.read_bytes()
    assert [name for _, name in deck.files] == ["rram_filament.osdi"]
    assert deck.expected.stop == pytest.approx(1e-6)
    assert deck.expected.analyses == ("tran",)
