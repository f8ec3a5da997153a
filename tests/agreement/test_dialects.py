"""Netlists in the dialects of other simulators: read as they are meant, recognised, and in a closed list."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import call

import rramcirc as rc
from rramcirc.basics.errors import NetlistError, ParameterError
from rramcirc.engines.ngspice.dialects import DIALECTS, recognised
from rramcirc.engines.simulation import simulate_netlist

LTSPICE = "divider\nV1 a 0 1\nR1 a b 1k\nR2 b 0 1k\nB1 c 0 V=2*V(b)\nR3 c 0 1k\n.op\n.backanno\n.end\n"
HSPICE = "divider\n.param r='2*1k'\nV1 a 0 1\nR1 a b 'r'\nR2 b 0 'r/2'\n.option post\n.op\n.end\n"
PSPICE = "divider\nV1 a 0 1\nR1 a b 1k\nR2 b 0 1k\n.op\n*$\n.end\n"


@pytest.mark.parametrize(("dialect", "text", "node", "volts"), [
    ("ltspice", LTSPICE, "v(c)", 1.0), ("hspice", HSPICE, "v(b)", 1 / 3), ("pspice", PSPICE, "v(b)", 0.5),
])  # fmt: skip
def test_a_netlist_is_read_in_its_dialect(tmp_path: Path, dialect: str, text: str, node: str, volts: float) -> None:
    deck = tmp_path / "deck.cir"
    deck.write_text(text)
    waves = simulate_netlist(deck, output=tmp_path / "deck.run", dialect=dialect)
    assert float(waves[node][-1]) == pytest.approx(volts, rel=1e-6)
    log = (tmp_path / "deck.run" / "ngspice.log").read_text()
    assert f"Compatibility modes selected: {DIALECTS[dialect][:2]}" in log
    assert DIALECTS[dialect] in (tmp_path / "deck.run" / "run.json").read_text()


@pytest.mark.parametrize(("text", "found"), [
    (LTSPICE, ("ltspice", 8)), (HSPICE, ("hspice", 6)), ("a\nV1 a 0 1\n.op\n.end\n", ("", 0)),
])  # fmt: skip
def test_a_dialect_is_recognised_by_its_own_words(text: str, found: tuple[str, int]) -> None:
    assert recognised(text) == found


def test_a_recognised_dialect_is_said(tmp_path: Path) -> None:
    (tmp_path / "deck.cir").write_text(LTSPICE)
    plain = call("simulate", "deck.cir", cwd=tmp_path)
    assert "looks like ltspice (line 8)" in plain.stderr
    named = call("simulate", "deck.cir", "--dialect", "ltspice", cwd=tmp_path)
    assert "looks like" not in named.stderr
    assert named.returncode == 0, named.stderr


def test_other_dialects_are_refused(tmp_path: Path) -> None:
    deck = tmp_path / "deck.cir"
    deck.write_text(LTSPICE)
    with pytest.raises(ParameterError, match=r"unknown dialect 'ltspicee'\. Nearest: ltspice"):
        simulate_netlist(deck, output=tmp_path / "run", dialect="ltspicee")
    with pytest.raises(ParameterError, match="unknown dialect"):
        simulate_netlist(deck, dialect=3)  # type: ignore[arg-type]


def test_a_library_that_the_scan_does_not_see_is_refused(tmp_path: Path) -> None:
    deck = tmp_path / "deck.cir"
    (tmp_path / "own.lib").write_text(".control\nshell touch made\n.endc\n")
    deck.write_text(LTSPICE.replace(".backanno", ".lib own.lib\n.endl"))
    with pytest.raises((NetlistError, rc.RramcircError)):
        simulate_netlist(deck, output=tmp_path / "run", dialect="ltspice")
    assert not list(tmp_path.rglob("made"))
