"""A circuit that the package does not know: its record lives here, and it builds, simulates, draws and inspects."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from command import call

import rramcirc as rc
from rramcirc.bench.design import Design
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell_netlist import drive
from rramcirc.circuits.elements import GROUND, Circuit, Devices, Probe, Resistors, Subcircuit
from rramcirc.circuits.sheet import Sheet
from rramcirc.devices.cards.model_card import ModelCard


@dataclass(frozen=True)
class Divider(Design):
    """An RRAM from line ``top`` to node ``mid``, and a resistor from there to ground."""

    rram: ModelCard = field(metadata={"desc": "card of the RRAM"})
    resistance: float = field(default=10e3, metadata={"desc": "from mid to ground", "units": "ohm"})

    @property
    def lines(self) -> tuple[str, ...]:
        return ("top",)

    @property
    def description(self) -> str:
        return f"divider of {self.rram.name} and a resistor"

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        return (self.rram,)

    def circuit(self, bench: Testbench) -> Circuit:
        """Return the elements."""
        probes = (
            Probe("v(top)", "V", "voltage", "top", (), "driven line"),
            Probe("v(mid)", "V", "voltage", "mid", (), "output"),
            Probe("i(top)", "A", "current", "top", (), "current from the driver"),
        )
        block: tuple[Subcircuit, ...] = ()
        return Circuit(
            self.description, block,
            (
                Devices(("rram",), ("top", "mid", GROUND), self.rram, {}),
                Resistors(("load",), "mid", GROUND, self.resistance),
            ),
            tuple(drive(bench, "top")), self.lines, probes, cards=self.cards,
        )  # fmt: skip

    def draw(self, sheet: Sheet) -> None:
        """Draw it."""
        sheet.port((0.0, 2.0), "top", "V")
        sheet.two_terminal("Memristor", (0.0, 2.0), (0.0, 0.0), self.rram.name)
        sheet.two_terminal("Resistor", (0.0, 0.0), (0.0, -2.0), "load")
        sheet.ground((0.0, -2.0))


@pytest.fixture
def bench() -> rc.Testbench:
    ramp = rc.PiecewiseLinear([0.0, 1e-3], [0.0, 0.2])
    return rc.Testbench(Divider(rc.load_card("hfo2_filament")), rc.Transient(1e-3), {"top": ramp})


@pytest.mark.parametrize("engine", ["ngspice", "vacask"])
def test_own_circuit_simulates_and_obeys_kirchhoff(bench, engine):
    waves = rc.simulate(bench, engine)
    assert waves["v(top)"][-1] == pytest.approx(0.2)
    assert waves["v(mid)"][-1] == pytest.approx(waves["i(top)"][-1] * bench.design.resistance, rel=1e-4)
    assert 0 < waves["v(mid)"][-1] < 0.2


def test_own_circuit_runs_from_a_kept_folder_and_is_inspected(bench, tmp_path):
    waves = rc.simulate(bench, output=tmp_path / "run")
    assert waves.provenance["circuit"] == bench.design.description
    done = call("inspect", tmp_path / "run", "--measure", "final(v(mid))")
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[-2]) > 0
    again = rc.load_run(tmp_path / "run")
    np.testing.assert_array_equal(again["v(mid)"], waves["v(mid)"])


def test_own_circuit_is_drawn(bench, tmp_path):
    rc.draw(bench.design, tmp_path / "divider.svg")
    assert "hfo2_filament" in (tmp_path / "divider.svg").read_text()


def test_own_circuit_is_a_testbench_file(bench, tmp_path):
    rc.save_bench(bench, tmp_path / "bench.toml")
    assert 'type = "divider"' in (tmp_path / "bench.toml").read_text()
    again = rc.load_bench(tmp_path / "bench.toml", records=(Divider,))
    assert rc.build_netlist(again).text == rc.build_netlist(bench).text
    with pytest.raises(rc.ParameterError, match="unknown type 'divider'"):
        rc.load_bench(tmp_path / "bench.toml")


def test_engine_that_knows_no_such_circuit_says_so(bench):
    with pytest.raises(rc.ParameterError, match=r"Divider"):
        rc.simulate(bench, "numpy")


def test_record_without_elements_is_refused_by_name():
    @dataclass(frozen=True)
    class Bare(Design):
        @property
        def lines(self) -> tuple[str, ...]:
            return ("a",)

        @property
        def description(self) -> str:
            return "nothing"

    with pytest.raises(rc.ParameterError, match=r"a Bare has no method circuit"):
        rc.build_netlist(rc.Testbench(Bare(), rc.OperatingPoint()))
    with pytest.raises(rc.ParameterError, match=r"int is no circuit"):
        rc.Testbench(3, rc.OperatingPoint())
