"""The commands `cards` and `models`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from rramcirc.basics.errors import ParameterError
from rramcirc.cli.cards import cards
from rramcirc.cli.models import models
from rramcirc.devices.cards.card import card_names
from rramcirc.devices.veriloga.library import library


def output(command, *words: str) -> str:
    """Run a command that must succeed; return what it printed."""
    return CliRunner().invoke(command, list(words), catch_exceptions=False).output


def test_cards_lists_every_card() -> None:
    lines = output(cards).splitlines()
    assert [line.split()[0] for line in lines] == card_names()


def test_cards_shows_the_numbers_of_one() -> None:
    text = output(cards, "hfo2_filament")
    assert "Verilog-A module rram_filament" in text
    assert "parameter" in text
    assert "gap_ini *" in text


def test_cards_speaks_json() -> None:
    assert [c["name"] for c in json.loads(output(cards, "--json"))] == card_names()
    card = json.loads(output(cards, "hfo2_filament", "--json"))
    assert card["parameters"]["ea"]["unit"] == "eV"
    assert card["validity"]["cell_voltage"]["unit"] == "V"


@pytest.mark.parametrize("name", card_names())
def test_every_card_can_be_shown(name: str) -> None:
    assert output(cards, name).startswith(f"{name}: ")
    assert json.loads(output(cards, name, "--json"))["name"] == name


def test_models_lists_every_module() -> None:
    lines = output(models).splitlines()
    assert [line.split()[0] for line in lines] == list(library())


def test_models_shows_ports_parameters_and_states() -> None:
    text = output(models, "rram_filament")
    assert "te, be" in text
    assert "states          diameter, gap" in text
    assert ".osdi" in text
    assert "op-variable" in text


def test_models_speaks_json() -> None:
    module = json.loads(output(models, "rram_filament", "--json"))
    assert module["states"] == ["diameter", "gap"]
    assert module["parameters"]["gap_ini"]["instance"] is True
    assert Path(module["compiled"]["path"]).is_file()
    assert {m["name"] for m in json.loads(output(models, "--json"))} == set(library())


def test_unknown_names_are_errors_with_the_nearest() -> None:
    with pytest.raises(ParameterError, match="Nearest: hfo2_filament"):
        output(cards, "hfo2_filamnt")
    with pytest.raises(ParameterError, match="Nearest: rram_filament"):
        output(models, "rram_filamnt")


@pytest.mark.parametrize("command", [cards, models])
def test_help_ends_with_an_example(command) -> None:
    text = output(command, "--help")
    assert "Example:" in text
    assert f"rramcirc {command.name} " in text
