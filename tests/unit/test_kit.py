"""Transistors of files of models: sections, devices, bins, and what is said when one is not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.basics.errors import NetlistError, ParameterError
from rramcirc.devices.cards.card import card_of_kit, load_card
from rramcirc.devices.cards.kit import needed_lines, read_kit, sections_of

PLAIN = "* own\n.model mysel nmos level=1 vto=0.48 kp=170u gamma=0.5 phi=0.85\n"
CORNERS = """* two corners
.lib tt
.include "bins.inc"
.endl tt
.LIB ss
.model nch nmos level=1 vto=0.6
.subckt nsub d g s b w=2u l=0.2u
m1 d g s b nch w={w} l={l}
.ends
.endl
"""
BINS = """
.model nch.0 nmos
* a remark
+ lmin = 1e-7 lmax = 2e-7 wmin = 5e-7 wmax = 1e-5
+ level = 1 vto = 0.5
.model nch.1 nmos lmin=2e-7 lmax=1e-5 wmin=5e-7
+ wmax=1e-5 level=1 vto=0.45
.model pch.0 pmos lmin=1e-7 lmax=2e-7 wmin=5e-7 wmax=1e-5 level=1
"""
README = """name = "mysel"
title = "own transistor"
library = {path = "kit.lib", section = "tt", device = "nch"}
[parameters]
w = {value = 1e-6, unit = "m", status = "assumed", source = "mine", instance = true}
l = {value = 0.18e-6, unit = "m", status = "assumed", source = "mine", instance = true}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own.mod").write_text(PLAIN)
    (tmp_path / "kit.lib").write_text(CORNERS)
    (tmp_path / "bins.inc").write_text(BINS)
    (tmp_path / "mysel.toml").write_text(README)
    return tmp_path


def netlist(card: rc.ModelCard | str) -> str:
    bench = rc.Testbench(rc.Cell("hfo2_filament", card), rc.OperatingPoint(), {})
    return rc.build_netlist(bench, "ngspice").text


def test_a_model_file_is_a_selector(folder: Path) -> None:
    card = load_card(f"{folder}/own.mod")
    assert card.library is not None
    assert (card.library.device, card.library.prefix, card.library.section) == ("mysel", "M", "")
    text = netlist(card)
    assert ".model mysel nmos level=1 vto=0.48" in text
    assert "msel be wl sl bulk mysel w=1e-06 l=1.8e-07" in text
    assert str(folder) not in text, "no path of a kit in a netlist that needs none"


def test_the_form_of_the_readme_loads_without_a_prefix(folder: Path) -> None:
    text = netlist(load_card(folder / "mysel.toml"))
    assert ".model nch.0 nmos" in text
    assert "nch.1" not in text
    assert "a remark" not in text


def test_a_subcircuit_keeps_its_section(folder: Path) -> None:
    card = load_card(f"{folder}/kit.lib:ss:nsub")
    assert {n: v.value for n, v in card.parameters.items()} == {"w": 2e-6, "l": 2e-7}
    text = netlist(card)
    assert f'.lib "{folder}/kit.lib" ss' in text
    assert "xsel be wl sl bulk nsub w=2e-06 l=2e-07" in text


def test_sections_and_bins_are_read(folder: Path) -> None:
    assert sections_of(folder / "kit.lib") == ["tt", "ss"]
    kit = read_kit(folder / "kit.lib", "TT")
    assert kit.transistors == ["nch"]
    assert [m.sizes for m in kit.models["nch"]] == [(1e-7, 2e-7, 5e-7, 1e-5), (2e-7, 1e-5, 5e-7, 1e-5)]
    assert len(needed_lines(folder / "kit.lib", "tt", "nch", 1e-6, 2e-7)) == 5, "both bins at their border"
    assert needed_lines(folder / "kit.lib", "ss", "nsub", 1e-6, 2e-7) == []


def test_a_model_made_of_parameters_needs_the_whole_section(folder: Path) -> None:
    (folder / "own.mod").write_text(".param v = 0.4\n.model mysel nmos level=1 vto={v}\n")
    assert f'.include "{folder}/own.mod"' in netlist(load_card(f"{folder}/own.mod"))


def test_a_file_that_sets_options_of_the_circuit_is_needed_whole(folder: Path) -> None:
    (folder / "scaled.mod").write_text(".option scale=1u\n.model mysel nmos level=1 vto=0.4\n")
    assert needed_lines(folder / "scaled.mod", "", "mysel", 1.0, 0.2) == []


def test_an_included_file_that_changes_is_read_again(folder: Path) -> None:
    assert "vto = 0.5" in " ".join(needed_lines(folder / "kit.lib", "tt", "nch", 1e-6, 1.5e-7))
    (folder / "bins.inc").write_text(BINS.replace("vto = 0.5", "vto = 0.55"))
    assert "vto = 0.55" in " ".join(needed_lines(folder / "kit.lib", "tt", "nch", 1e-6, 1.5e-7))


def test_a_size_without_a_bin_is_refused_with_the_sizes_that_are_there(folder: Path) -> None:
    card = load_card(f"{folder}/kit.lib:tt:nch").with_values({"l": 5e-8})
    with pytest.raises(NetlistError, match=r"no bin for w = 1e-06 m, l = 5e-08 m: w from 5e-07 to 1e-05 m"):
        netlist(card)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("kit.lib", "section is missing; kit.lib has tt, ss"),
        ("kit.lib:tx:nch", "unknown section 'tx'. Nearest: tt"),
        ("kit.lib:tt:nchh", "unknown device 'nchh'. Nearest: nch"),
        ("kit.lib:ss", "device is missing; kit.lib has nch, nsub"),
        ("own.mod:tt", "own.mod has no sections"),
        ("none.mod", "there is no such file"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(folder: Path, name: str, words: str) -> None:
    with pytest.raises(ParameterError) as caught:
        load_card(f"{folder}/{name}")
    assert words in str(caught.value)


def test_of_many_transistors_eight_are_named_and_the_others_counted(folder: Path) -> None:
    (folder / "many.mod").write_text("".join(f".model n{k:02d} nmos level=1\n" for k in range(11)))
    with pytest.raises(ParameterError, match=r"many\.mod has n00, .*n06, n07 and 3 more"):
        load_card(f"{folder}/many.mod")


def test_a_card_with_a_wrong_prefix_is_told(folder: Path) -> None:
    (folder / "mysel.toml").write_text(README.replace('device = "nch"', 'device = "nch", prefix = "X"'))
    with pytest.raises(ParameterError, match=r"nch is a model in kit\.lib: prefix M, not X"):
        load_card(folder / "mysel.toml")


def test_a_testbench_file_names_the_transistor_as_it_was_named(folder: Path) -> None:
    card = card_of_kit(folder / "kit.lib", "tt", "nch")
    bench = rc.Testbench(rc.Cell("hfo2_filament", card), rc.OperatingPoint(), {})
    rc.save_bench(bench, folder / "bench.toml")
    assert 'selector = "kit.lib:tt:nch"' in (folder / "bench.toml").read_text()
    assert netlist(rc.load_bench(folder / "bench.toml").design.selector) == netlist(bench.design.selector)


COMPILED = """.lib tt
.model own_tt own_nmos type=1 vto=0.5
.subckt nsub d g s b w=2u l=0.2u
nx d g s b own_tt w={w} l={l}
.ends
.endl
"""
SQUARE = """`include "disciplines.vams"
module own_nmos(d, g, s, b);
  inout d, g, s, b; electrical d, g, s, b;
  parameter real vto = 0.4; parameter integer type = 1;
  (* type="instance" *) parameter real w = 1e-6 from (0:inf);
  (* type="instance" *) parameter real l = 1e-7 from (0:inf);
  real over;
  analog begin
    over = 0.5*(V(g,s) - vto + sqrt((V(g,s) - vto)*(V(g,s) - vto) + 1e-4));
    I(d,s) <+ type*2e-4*w/l*over*over*tanh(V(d,s)/(0.5*over));
    I(s,b) <+ 1e-15*V(s,b);
  end
endmodule
"""
NAMED = """name = "own"
title = "a kit of compiled models"
library = {path = "kit.lib", section = "tt", device = "nsub", verilog_a = "own.va"}
[parameters]
w = {value = 1e-6, unit = "m", status = "assumed", source = "mine", instance = true}
l = {value = 0.2e-6, unit = "m", status = "assumed", source = "mine", instance = true}
"""


def test_a_kit_of_compiled_models_names_their_file(tmp_path: Path) -> None:
    (tmp_path / "kit.lib").write_text(COMPILED)
    (tmp_path / "own.toml").write_text(NAMED)
    with pytest.raises(ParameterError, match=r"there is no file .*own\.va"):
        load_card(tmp_path / "own.toml")
    (tmp_path / "own.va").write_text(SQUARE)
    card = load_card(tmp_path / "own.toml")
    levels = {"bl": rc.Constant(0.1), "wl": rc.Constant(1.5)}
    bench = rc.Testbench(rc.Cell("hfo2_filament", card), rc.OperatingPoint(), levels)
    assert "pre_osdi own.osdi" in rc.build_netlist(bench, "ngspice").text
    waves = rc.simulate(bench, "ngspice")
    drop = 0.1 - waves["i(bl)"][0] / waves["conductance"][0]  # across the channel
    over = 0.5 * (1.0 + np.sqrt(1.0 + 1e-4))
    assert waves["i(bl)"][0] == pytest.approx(2e-4 * 5 * over**2 * np.tanh(drop / (0.5 * over)), rel=1e-5)
    assert "own.va" in waves.provenance["models"]


def test_a_kit_of_compiled_models_without_their_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "kit.lib").write_text(COMPILED)
    with pytest.raises(NetlistError, match=r"of the type own_nmos, which ngspice does not have itself"):
        netlist(f"{tmp_path}/kit.lib:tt:nsub")
