"""Model cards: reading, checking, changing values."""

from __future__ import annotations

import os
import pickle
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rramcirc.basics import paths
from rramcirc.basics.errors import ParameterError
from rramcirc.basics.mistakes import key_lines
from rramcirc.devices.cards.card import card_names, load_card
from rramcirc.devices.cards.model_card import STATUSES, Butterfly, ModelCard, Spread, check_instance
from rramcirc.devices.cards.read_advice import ReadAdvice, duration
from rramcirc.devices.cards.values import read_quantity, same_unit, with_unit
from rramcirc.devices.cards.variability import sample_devices

MODULE = """
module rram_toy(te, be);
    inout te, be;
    (* desc="gap at the start", units="nm", type="instance" *) parameter real gap_ini = 1.0 from [0.2:1.7];
    (* desc="barrier", units="eV" *) parameter real ea = 1.0 from (0:5];
    (* desc="smallest gap", units="nm" *) parameter real gap_min = 0.2 from [0:gap_max];
    (* desc="largest gap", units="nm" *) parameter real gap_max = 1.7 from (0:10];
    (* desc="levels", units="1" *) parameter integer levels = 4 from [2:64];
    (* desc="gap", units="nm" *) real gap;
endmodule
"""
CARD = """name = "toy"
module = "rram_toy"
title = "a toy"
description = \"\"\"
[parameters] in a text is no table
ea = neither\"\"\"
not_modelled = ["forming"]

[validity]
cell_voltage = {min = -1.6, max = 2.5, unit = "V"}

[parameters]
gap_ini = {value = 1.5, unit = "nm", status = "assumed", source = "chosen"}
ea = {value = 1.2, unit = "eV", status = "fitted", source = "SET at 1 V"}
levels = {value = 8, unit = "1", status = "published", source = "Somebody2018, Fig. 3"}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rram_toy.va").write_text(MODULE)
    (tmp_path / "toy.toml").write_text(CARD)
    return tmp_path


@pytest.fixture
def toy(folder: Path) -> ModelCard:
    return load_card(folder / "toy.toml")


def refused(folder: Path, text: str) -> str:
    """Load a card that must be refused; return the message."""
    file = folder / "bad.toml"
    file.write_text(text)
    with pytest.raises(ParameterError) as caught:
        load_card(file)
    return str(caught.value)


# reading


def test_reads_values_with_unit_status_and_source(toy: ModelCard) -> None:
    assert (toy.name, toy.module, toy.spice, toy.library) == ("toy", "rram_toy", None, None)
    assert toy.parameters["ea"].value == 1.2
    assert toy.parameters["ea"].source == "SET at 1 V"
    assert toy.parameters["gap_ini"].instance, "the declaration decides"
    assert toy.parameters["levels"].value == 8
    assert toy.validity["cell_voltage"].minimum == -1.6
    assert toy.states == ("gap",)
    assert toy.model_values == {"ea": 1.2, "levels": 8}
    assert toy.instance_values == {"gap_ini": 1.5}


def test_value_falls_back_on_the_default_of_the_module(toy: ModelCard) -> None:
    assert toy.value("ea") == 1.2
    assert toy.value("gap_max") == 1.7
    with pytest.raises(ParameterError, match=r"unknown parameter 'gap_mx'\. Nearest: gap_max"):
        toy.value("gap_mx")


def test_the_table_marks_what_every_device_may_have_of_its_own_and_says_so(toy: ModelCard) -> None:
    lines = toy.table().splitlines()
    marked = [line.split()[0] for line in lines if " * " in line]
    assert marked == [name for name, value in toy.parameters.items() if value.instance] == ["gap_ini"]
    said = "* every device may have its own value"
    assert said in lines
    without = replace(toy, parameters={"ea": toy.parameters["ea"]})
    assert said not in without.table()


def test_number_says_why_a_value_is_none(folder: Path) -> None:
    module = MODULE.replace("gap_max = 1.7", "gap_max = $temperature / 200")
    texts = 'parameter string note = "x";\n    (* desc="gap", units="nm" *) real gap;'
    (folder / "rram_toy.va").write_text(module.replace('(* desc="gap", units="nm" *) real gap;', texts))
    toy = load_card(folder / "toy.toml")
    assert (toy.number("ea"), toy.number("gap_min"), toy.number("levels")) == (1.2, 0.2, 8)
    with pytest.raises(
        ParameterError, match=r"card toy: gap_max is no constant; a number is needed\. Set it in the card"
    ):
        toy.number("gap_max")
    with pytest.raises(ParameterError, match="card toy: note is the text 'x'; a number is needed"):
        toy.number("note")


def test_spread_relative_to_a_parameter_without_a_number_is_refused(folder: Path) -> None:
    (folder / "rram_toy.va").write_text(MODULE.replace("gap_max = 1.7", "gap_max = $temperature / 200"))
    spread = [Spread("gap_ini", 0.05, "gap_max")]
    with pytest.raises(ParameterError, match="card toy: gap_max is no constant"):
        sample_devices(load_card(folder / "toy.toml"), 3, np.random.default_rng(1), spread)


def test_card_survives_pickling(toy: ModelCard) -> None:
    assert pickle.loads(pickle.dumps(toy)) == toy


def test_edited_card_and_edited_module_are_read_again(folder: Path) -> None:
    file = folder / "toy.toml"
    load_card(file)
    file.write_text(CARD.replace("value = 1.2", "value = 1.3"))
    os.utime(file, ns=(1, 1))
    assert load_card(file).parameters["ea"].value == 1.3
    (folder / "rram_toy.va").write_text(MODULE.replace("from (0:5]", "from (0:1]"))
    with pytest.raises(ParameterError, match=r"ea = 1.3 eV is outside \(0:1\] eV"):
        load_card(file)


def test_changing_a_loaded_card_does_not_change_the_next(folder: Path) -> None:
    load_card(folder / "toy.toml").parameters.clear()
    assert load_card(folder / "toy.toml").parameters


def test_a_range_of_validity_may_be_a_single_value(folder: Path) -> None:
    (folder / "one.toml").write_text(CARD.replace("{min = -1.6, max = 2.5", "{min = 2.5, max = 2.5"))
    assert load_card(folder / "one.toml").validity["cell_voltage"].maximum == 2.5


def test_unknown_card_answers_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"unknown card 'hfo2_filamnt'\. Nearest: hfo2_filament"):
        load_card("hfo2_filamnt")
    with pytest.raises(ParameterError, match="No such file"):
        load_card(tmp_path / "gone.toml")
    with pytest.raises(ParameterError, match="no card name"):
        load_card(3)


def test_all_mistakes_of_a_file_are_told_at_once_with_their_lines(folder: Path) -> None:
    message = refused(
        folder,
        """name = "bad"
modul = "x"
module = "rram_toy"
[validity]
cell_voltage = {min = 2, max = 1, unit = "V"}
[parameters]
gap_ini = {value = 1.9, unit = "nm", status = "fitted", source = "s"}
ea = {value = 1.2, unit = "V", status = "guessed", source = ""}
gap_mx = {value = 1, unit = "nm", status = "fitted", source = "s"}
levels = {value = 2.5, unit = "1", status = "fitted", source = "s", instance = true}
""",
    )
    va = folder / "rram_toy.va"
    for expected in (
        "card bad: 10 mistakes in ",
        "line 1, title: title is missing",
        "line 2, modul: unknown key 'modul'. Nearest: module",
        "line 5, validity.cell_voltage: min = 2 is above max = 1",
        f"line 7, parameters.gap_ini: gap_ini = 1.9 nm is outside [0.2:1.7] nm ({va})",
        "line 8, parameters.ea: status 'guessed' is unknown; allowed are published, fitted, assumed",
        "line 8, parameters.ea: source is missing",
        "line 8, parameters.ea: unit 'V' is not that of the parameter, 'eV'",
        "line 9, parameters.gap_mx: unknown parameter 'gap_mx'. Nearest: gap_max",
        "line 10, parameters.levels: instance = true, but it is no instance parameter",
        "line 10, parameters.levels: levels = 2.5 is no integer",
    ):
        assert expected in message


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('module = "rram_toy"', 'module = "rram_ty"', "unknown Verilog-A module 'rram_ty'. Nearest: rram_toy"),
        ('module = "rram_toy"', "", "give one of module, spice, library; found none"),
        ('module = "rram_toy"', 'module = "rram_toy"\nspice = "nmos"', "found module and spice"),
        ('module = "rram_toy"', 'spice = "nmoss"', "unknown built-in model type 'nmoss'. Nearest: nmos"),
        ('module = "rram_toy"', 'library = {section = "tt"}', "path is missing"),
        (
            'module = "rram_toy"', 'library = {path = "x.lib", section = "tt", device = "n", prefix = "Q"}',
            "prefix 'Q' is neither X",
        ),
        ('name = "toy"', 'name = "my toy"', "may have letters, digits"),
        ('name = "toy"', "name = 3", "3 is no text"),
        ("value = 1.2", "value = true", "True is no number in eV"),
        ("value = 1.2", 'value = "1.2 V"', "'1.2 V' is in V, but a number in eV"),
        ("value = 1.2", "value = nan", "ea is not a number"),
        ("value = 1.2, ", "", "value is missing"),
        ('["forming"]', '"forming"', "no list of texts"),
        ('{min = -1.6, max = 2.5, unit = "V"}', "3", "write {min"),
        ('status = "fitted"', "status = 1", "status 1 is no text"),
        ("[parameters]\n", "parameters = 3\n[other]\n", "unknown key 'other'"),
        ("[parameters]\n", "[parameters\n", "is no TOML file"),
        ('source = "chosen"', 'origin = "chosen"', "unknown key 'origin'"),
        ('levels = {value = 8', 'levels = {value = 65', "levels = 65 is outside [2:64] ("),
    ],
)  # fmt: skip
def test_mistake_is_named(folder: Path, old: str, new: str, words: str) -> None:
    assert old in CARD
    assert words in refused(folder, CARD.replace(old, new))


def test_range_that_names_another_parameter_uses_the_value_of_the_card(folder: Path) -> None:
    extra = 'gap_min = {value = 1.8, unit = "nm", status = "fitted", source = "s"}\n'
    assert "gap_min = 1.8 nm is outside [0:gap_max] nm" in refused(folder, CARD + extra)
    (folder / "good.toml").write_text(CARD + extra + extra.replace("gap_min", "gap_max").replace("1.8", "2.0"))
    assert load_card(folder / "good.toml").parameters["gap_min"].value == 1.8


def test_built_in_transistor_needs_no_verilog_a(folder: Path) -> None:
    file = folder / "n.toml"
    file.write_text(CARD.replace('module = "rram_toy"', 'spice = "NMOS"').replace("value = 8", 'value = "4.8.2"'))
    card = load_card(file)
    assert (card.spice, card.module, card.states) == ("nmos", None, ())
    assert card.parameters["levels"].value == "4.8.2"
    assert card.with_values({"ea": "800 meV", "kp": 2e-4}).model_values["kp"] == 2e-4


def test_transistor_of_a_design_kit_is_found_beside_the_card(folder: Path) -> None:
    library = 'library = {path = "kit.lib", section = "tt", device = "nfet", prefix = "x"}'
    text = CARD.replace('module = "rram_toy"', library)
    assert "there is no file" in refused(folder, text)
    (folder / "kit.lib").write_text(".lib tt\n.subckt nfet d g s b\n.ends\n.endl\n")
    file = folder / "kit.toml"
    file.write_text(text)
    card = load_card(file)
    assert card.library is not None
    assert (card.library.path, card.library.prefix) == (folder / "kit.lib", "X")


# values set by the user


def test_with_values_gives_a_new_card(toy: ModelCard) -> None:
    changed = toy.with_values({"ea": "900 meV", "gap_ini": "0.5n", "gap_max": 1.6, "levels": 16.0})
    assert changed.value("ea") == 0.9
    assert changed.value("gap_ini") == 0.5
    assert changed.value("levels") == 16
    new = changed.parameters["gap_max"]
    assert (new.unit, new.status, new.source) == ("nm", "assumed", "set by the user")
    assert toy.value("ea") == 1.2


def test_value_outside_its_range_is_refused_with_the_file(toy: ModelCard, folder: Path) -> None:
    with pytest.raises(ParameterError) as caught:
        toy.with_values({"gap_ini": 1.9})
    assert str(caught.value) == f"card toy: gap_ini = 1.9 nm is outside [0.2:1.7] nm ({folder / 'rram_toy.va'})."


def test_library_files_are_named_short() -> None:
    with pytest.raises(ParameterError, match=r"ea = 9 eV is outside .* \(verilog-a/rram_filament.va\)"):
        load_card("hfo2_filament").with_values({"ea": 9})


def test_with_values_tells_all_mistakes(toy: ModelCard) -> None:
    with pytest.raises(ParameterError) as caught:
        toy.with_values({"gapini": 1, "ea": -1, "gap_max": "3 V"})
    for words in ("3 mistakes", "unknown parameter 'gapini'. Nearest: gap_ini", "ea = -1 eV is outside", "is in V"):
        assert words in str(caught.value)


@pytest.mark.parametrize("value", [object(), None, [1.0], np.array([1.0]), True, "", "much", float("nan"), b"1"])
def test_nonsense_is_refused_by_name(toy: ModelCard, value: object) -> None:
    with pytest.raises(ParameterError, match="ea"):
        toy.with_values({"ea": value})
    with pytest.raises(ParameterError, match="values must be a dict"):
        toy.with_values(value)


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("1.2 eV", "eV", 1.2), ("800meV", "eV", 0.8), ("1200 pm", "nm", 1.2), ("1.9", "nm", 1.9), ("2u", "nm", 2000.0),
        ("1.9 nm", "nm", 1.9), ("40k", "ohm", 4e4), ("40 kohm", "ohm", 4e4), ("2e6 K/W", "K/W", 2e6),
        ("2meg", "K/W", 2e6), ("3", "1", 3.0), ("1e9", "nm/s", 1e9), (np.float64(2.5), "nm", 2.5), (3, "", 3.0),
    ],
)  # fmt: skip
def test_reads_quantities_in_the_unit_of_the_parameter(text: object, unit: str, number: float) -> None:
    assert read_quantity(text, unit, "x") == number


@pytest.mark.parametrize(("text", "unit"), [("1 V", "eV"), ("1 nm", "eV"), ("1 V", "K/W"), ("1 eV", ""), ("x", "1")])
def test_other_units_are_refused(text: str, unit: str) -> None:
    with pytest.raises(ParameterError, match="x: "):
        read_quantity(text, unit, "x")


# values of single devices


def test_instance_values_come_back_as_arrays(toy: ModelCard) -> None:
    values = check_instance(toy, {"gap_ini": [[0.2, 1.7], [1, 1]]})
    np.testing.assert_array_equal(values["gap_ini"], [[0.2, 1.7], [1.0, 1.0]])
    assert check_instance(toy, {"gap_ini": "300 pm"})["gap_ini"] == 0.3


def test_first_bad_instance_is_named_with_its_place(toy: ModelCard, folder: Path) -> None:
    gap = np.full((4, 3), 1.0)
    gap[2, 1] = 1.9
    gap[3, 2] = 0.0
    with pytest.raises(ParameterError) as caught:
        check_instance(toy, {"gap_ini": gap})
    place = f"({folder / 'rram_toy.va'})"
    expected = f"card toy: gap_ini[2,1] = 1.9 nm is outside [0.2:1.7] nm {place}; 2 of 12 values are."
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"ea": 1.0}, "the same for all devices"),
        ({"gapini": 1.0}, "unknown parameter 'gapini'. Nearest: gap_ini"),
        ({"gap_ini": [1.0, np.nan]}, "no finite numbers"),
        ({"gap_ini": object()}, "no number or array"),
        ({"gap_ini": ["a"]}, "no number or array"),
        ({"gap_ini": [[1.0], [1.0, 1.2]]}, "gap_ini|inhomogeneous"),
        ({"gap_ini": True}, "no number or array"),
        ({3: 1.0}, "unknown parameter '3'"),
        ([1.0], "must be a dict"),
    ],
)
def test_bad_instance_values_are_refused(toy: ModelCard, values: object, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        check_instance(toy, values)


def test_shapes_must_fit() -> None:
    with pytest.raises(ParameterError, match=r"gap_ini \(2,\), diameter_ini \(3,\)"):
        check_instance(load_card("hfo2_filament"), {"gap_ini": [1, 1], "diameter_ini": [2, 2, 2]})


def test_a_large_array_is_checked_quickly(toy: ModelCard) -> None:
    gap = np.linspace(0.2, 1.7, 1_000_000)
    np.testing.assert_array_equal(check_instance(toy, {"gap_ini": gap})["gap_ini"], gap)


# text


def test_table_shows_value_unit_status_and_source(toy: ModelCard) -> None:
    text = str(toy)
    assert re.search(r"^ea +1\.2 +eV +fitted +SET at 1 V$", text, re.MULTILINE)
    assert re.search(r"^gap_ini \* +1\.5 +nm +assumed +chosen$", text, re.MULTILINE)
    assert "gap_min = 0.2 nm, gap_max = 1.7 nm" in text
    assert "Not modelled: forming" in text
    assert "cell_voltage: -1.6 to 2.5 V" in text


def test_line_numbers_skip_texts_and_follow_tables() -> None:
    lines = key_lines("a = 1\n[t]\nb = '''\nc = 1\n'''\nd.e = 2\n[u.v]\n\"w x\" = 3\n")
    assert lines[("t", "b")] == 3
    assert ("t", "c") not in lines
    assert lines[("t", "d", "e")] == 6
    assert lines[("u", "v", "w x")] == 8


# the library


@pytest.mark.parametrize("name", card_names())
def test_library_card_is_complete(name: str) -> None:
    card = load_card(name)
    assert card.name == name
    assert card.title
    assert card.description.strip()
    assert card.not_modelled
    assert card.validity
    assert {v.status for v in card.parameters.values()} <= set(STATUSES)
    if card.declaration:
        assert set(card.parameters) == set(card.declaration.parameters), "every parameter has a source"


@pytest.mark.parametrize("name", card_names())
def test_citations_of_library_card_exist(name: str) -> None:
    card = load_card(name)
    known = set(re.findall(r"^@\w+\{(\w+),", (paths.models_folder() / "CITATIONS.bib").read_text(), re.MULTILINE))
    texts = [card.description, *(v.source for v in card.parameters.values())]
    cited = set(re.findall(r"\b[A-Z][A-Za-z]+(?:19|20)\d\d[a-z]?\b", " ".join(texts)))
    assert cited <= known
    for parameter, value in card.parameters.items():
        if value.status == "published":
            assert any(key in value.source for key in known), f"{parameter} is published, but where?"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3.15576e7, "1 years"), (10 * 3.15576e7, "10 years"), (3.1530e7, "0.999 years"), (3.15e7, "365 days"),
        (86400.0, "1 days"), (86320.0, "0.999 days"), (86300.0, "24 h"), (3600.0, "1 h"), (3597.0, "0.999 h"),
        (3596.0, "3.596 ks"), (10.0, "10 s"), (1e-7, "100 ns"),
    ],
)  # fmt: skip
def test_times_are_told_in_the_unit_one_would_say(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_read_advice_says_voltage_temperature_resistance_time_and_change() -> None:
    row = ReadAdvice(0.2, 400.0, 1e5, 86400.0, 0.05)
    assert str(row) == "up to 200 mV, 400 K, 100 kohm and more: 1 days, R within 5 %"
    assert str(replace(row, voltage=0.0, resistance=0.0)) == "storage, 400 K: 1 days, R within 5 %"


@pytest.mark.parametrize("name", ["voltage", "temperature", "resistance", "time", "change"])
def test_numbers_of_a_read_advice_have_bounds(name: str) -> None:
    row = ReadAdvice(0.2, 400.0, 1e5, 86400.0, 0.05)
    least = 0.0 if name in ("voltage", "resistance") else 1e-12
    for allowed in (least, 1, 9.99e14):
        assert getattr(replace(row, **{name: allowed}), name) == allowed
    for wrong in (0.5 * least if least else -1e-15, 1e15, float("nan"), True, "1", None):
        with pytest.raises(ParameterError, match=rf"^{name} = .* is not a number from {least:g} to 1e15"):
            replace(row, **{name: wrong})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("Ohm", "ohm", True), ("", "1", True), (" nm ", "nm", True), ("nm", "m", False), ("", "V", False),
     ("V  s", "V s", True), ("1", "11", False)],
)  # fmt: skip
def test_spellings_of_units_are_compared(one: str, other: str, same: bool) -> None:
    assert same_unit(one, other) is same
    assert same_unit(other, one) is same


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(1.9, "nm", "1.9 nm"), (1.9, "1", "1.9"), (1.9, "", "1.9"), (1e9, "Hz", "1e+09 Hz"), (1 / 3, "", repr(1 / 3)),
     ("a", "V", "'a' V"), (2, "V", "2 V"), (1234567.0, "", "1234567.0")],
)  # fmt: skip
def test_values_are_written_with_their_unit(value: object, unit: str, text: str) -> None:
    assert with_unit(value, unit) == text


@pytest.mark.parametrize("name", ["set_voltage", "reset_voltage", "ramp_rate"])
def test_numbers_of_a_butterfly_have_bounds(name: str) -> None:
    for allowed in (1e-9, 1, 9.99e14):
        assert getattr(replace(Butterfly(), **{name: allowed}), name) == allowed
    for wrong in (0, 0.0, -1.0, 1e15, float("nan"), True, "1", None):
        with pytest.raises(ParameterError, match=rf"^butterfly: {name} = .* is not a positive number"):
            replace(Butterfly(), **{name: wrong})
    with pytest.raises(ParameterError, match="selector = 1 is no card name"):
        Butterfly(selector=1)


def test_numbers_of_a_spread_have_bounds() -> None:
    spread = Spread("ea_delta", 0.02, "ea")
    assert (spread.distribution, spread.truncate, spread.correlation) == ("normal", 4.0, {})
    for name, least in (("sigma_d2d", 0.0), ("truncate", 0.5)):
        for allowed in (least, 1, 99.9):
            assert getattr(replace(spread, **{name: allowed}), name) == allowed
        for wrong in (least - 1e-9, 100, float("nan"), True, "1", None):
            with pytest.raises(ParameterError, match=rf"^variability of ea_delta: {name} = .* from {least:g} to 100"):
                replace(spread, **{name: wrong})
    assert replace(spread, correlation={"rho": -0.999}).correlation == {"rho": -0.999}
    for wrong in (1.0, -1, float("nan"), "0.5"):
        with pytest.raises(ParameterError, match=r"correlation with rho = .* is not between -1 and 1"):
            replace(spread, correlation={"rho": wrong})
    with pytest.raises(ParameterError, match="'gauss' is not normal or lognormal"):
        replace(spread, distribution="gauss")
