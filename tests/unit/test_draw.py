"""Schematics: every circuit, its ports with units, well-formed SVG, refusals by name."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from click.testing import CliRunner

from rramcirc.basics.errors import ParameterError
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.array.line import Line
from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron
from rramcirc.circuits.neuron.netlist import PORTS
from rramcirc.circuits.neuron.neuron import LifNeuron
from rramcirc.circuits.readout.readout import Readout, ReadoutArray
from rramcirc.circuits.recurrent.recurrent import RecurrentNetwork
from rramcirc.circuits.table import CIRCUITS
from rramcirc.circuits.table import draw as draw_design
from rramcirc.cli.draw import draw

CELL = Cell("hfo2_filament", "nmos_select")
ONE_R = Cell("hfo2_filament")


def words(path) -> list[str]:
    """All texts of an SVG, in order."""
    root = ET.parse(path).getroot()
    assert root.tag.endswith("svg")
    return [t.strip() for node in root.iter() for t in (node.text,) if node.tag.endswith(("text", "tspan")) and t]


@pytest.mark.parametrize("circuit", CIRCUITS)
def test_every_circuit_is_drawn_by_the_command(circuit, tmp_path):
    target = tmp_path / "c.svg"
    result = CliRunner().invoke(draw, [circuit, "-o", str(target)])
    assert result.exit_code == 0, result.output
    assert any("[V]" in text for text in words(target))


@pytest.mark.parametrize(
    ("design", "ports"),
    [
        (CELL, ("bl [V]", "wl [V]", "sl [V]", "bulk [V]")),
        (ONE_R, ("bl [V]", "wl [V]")),
        (Crossbar(CELL, 4, 4, bl=Line(2.5)), ("bl0 [V]", "bl1 [V]", "wl0 [V]", "wl1 [V]", "sl0 [V]", "sl1 [V]")),
        (Crossbar(CELL, 4, 4, source_line="row"), ("sl0 [V]", "sl1 [V]")),
        (Crossbar(ONE_R, 1, 1), ("bl0 [V]", "wl0 [V]")),
        (Readout(), ("line [A]", "ref [V]", "out [V]")),
        (Readout(kind="mirror", bits=6), ("line [A]", "code [1]")),
        (Readout(kind="virtual_ground"), ("line [A]", "ref [V]")),
        (ReadoutArray(Crossbar(CELL, 8, 8)), ("wl0 [V]", "out0 [V]", "bl0")),
        (
            ReadoutArray(
                Crossbar(CELL, 4, 4, source_line="row"),
                Readout(pairing="differential", bits=6, hold_capacitance=1e-12, sense_threshold=0.0),
            ),
            ("wl0 [V]", "sl1 [V]", "bl0", "bl1", "bl0 \u2212 bl1", "out0 [V]", "held0 [V]", "code0 [1]", "bit0 [V]"),
        ),
        (Perceptron(CELL, 4, 2), ("pre0 [V]", "te0 [V]", "in1 [A]", "ext1 [A]")),
        (RecurrentNetwork("plastic_zoppo2019", 4), ("in[i] [V]", "target[j] [V]", "v[i] [V]", "y[j] [V]")),
        (HopfieldNetwork(CELL, 4), ("te0 [V]", "ti1 [V]", "in0 [A]", "ext0 [A]")),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, tuple) else "",
)
def test_ports_stand_with_names_and_units(design, ports, tmp_path):
    draw_design(design, tmp_path / "c.svg")
    found = words(tmp_path / "c.svg")
    assert not [port for port in ports if port not in found]


@pytest.mark.parametrize(
    "neuron",
    [
        LifNeuron(),
        LifNeuron(detail="mixed"),
        LifNeuron(detail="transistor"),
        LifNeuron(detail="transistor", core="axon-hillock"),
    ],
    ids=lambda n: f"{n.detail} {n.core}",
)
def test_a_neuron_shows_every_port_of_its_subcircuit(neuron, tmp_path):
    draw_design(neuron, tmp_path / "n.svg")
    found = " ".join(words(tmp_path / "n.svg"))
    assert not [port for port in PORTS if f"{port} [" not in found]


def test_values_of_the_record_stand_in_the_drawing(tmp_path):
    draw_design(LifNeuron(capacitance=47e-12), tmp_path / "n.svg")
    found = words(tmp_path / "n.svg")
    assert "47 pF" in found
    assert "0.001" in found  # the gain: numbers in texts are not rounded as coordinates are


def test_the_same_design_gives_the_same_bytes(tmp_path):
    for name in ("a.svg", "b.svg"):
        draw_design(Crossbar(CELL, 4, 4), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_other_formats_and_unknown_designs_are_refused(tmp_path):
    with pytest.raises(ParameterError, match=r"written as \.svg"):
        draw_design(CELL, tmp_path / "c.gif")
    with pytest.raises(ParameterError, match="no schematic of an int"):
        draw_design(3, tmp_path / "c.svg")
    with pytest.raises(ParameterError, match="cannot"):
        draw_design(CELL, tmp_path / "nowhere" / "c.svg")


def test_an_unknown_circuit_is_answered_with_the_nearest(tmp_path):
    result = CliRunner().invoke(draw, ["crosbar", "-o", str(tmp_path / "c.svg")])
    assert isinstance(result.exception, ParameterError)
    assert "crossbar" in str(result.exception)
