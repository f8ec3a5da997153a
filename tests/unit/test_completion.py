"""The shell completes commands, cards, circuits, models and experiments."""

from __future__ import annotations

import pytest
from click.shell_completion import ShellComplete

from rramcirc.cli.main import rramcirc


def offered(*words: str) -> list[str]:
    *before, incomplete = words
    found = ShellComplete(rramcirc, {}, "rramcirc", "_RRAMCIRC_COMPLETE").get_completions(before, incomplete)
    return [item.value for item in found]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("bui",), ["build-netlist"]),
        (("build-netlist", "hop"), ["hopfield"]),
        (("build-netlist", "cell", "--card", "stan"), ["stanford_gap_v1"]),
        (("build-netlist", "cell", "--selector", "no"), ["none"]),
        (("cards", "hfo2_j"), ["hfo2_jart_v1b"]),
        (("study", "iv", "--card", "yak"), ["yakopcic_oblea"]),
        (("study", "stdp", "--selector", "nmos_b"), ["nmos_bsim4"]),
        (("models", "show", "rram_g"), ["rram_gap"]),
        (("reproduce", "zoppo2019-r"), ["zoppo2019-rules"]),
        (("new", "dev"), ["device"]),
    ],
)
def test_shell_completes(words: tuple[str, ...], wanted: list[str]) -> None:
    assert offered(*words) == wanted
