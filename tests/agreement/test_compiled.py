"""The compiled model in bulk against ngspice, finite differences and itself.

Tolerance 1e-9: with referee options ngspice's currents carry the rounding of its linear solve (J v cancels against the
stored right-hand side), some 1e-12 of the current for these biases; below 1 pA that rounding is no longer small.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import rramcirc as rc
from rramcirc.basics.errors import ModelCompileError, ParameterError, RramcircError, SimulationError
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.compiled.conductance import states_for_conductance
from rramcirc.devices.compiled.devices import CompiledDevices
from rramcirc.devices.compiled.reading import read_current
from rramcirc.devices.veriloga.compile import compile_module
from rramcirc.waveforms.raw import normalise_vector, read_raw

FILAMENT, NMOS, PMOS = (rc.load_card(name) for name in ("hfo2_filament", "nmos_select", "pmos_select"))
REFEREE = {"reltol": 1e-10, "vntol": 1e-14, "abstol": 1e-18}
RELATIVE, SMALLEST = 1e-9, 1e-12  # [A]
STATES = [(6.0, 0.0), (3.0, 0.0), (2.0, 0.3), (2.0, 1.0), (1.2, 0.8), (0.8, 1.2)]  # diameter, gap [nm]
SPREAD = {
    "ea_delta": np.array([0.0, 0.02, 0.0, -0.02, 0.0, 0.01]),
    "rho_factor": np.array([1.0, 1.1, 0.9, 1.0, 1.0, 1.2]),
    "gap_resistance_factor": np.array([1.0, 1.0, 1.3, 1.0, 0.8, 1.0]),
}


def ngspice(
    folder: Path, card: ModelCard, lines: list[str], temperature: float, vectors: list[str], options: dict = REFEREE
) -> dict:
    """Run a deck with instances of one card; return its vectors, the axis under ``axis``."""
    compiled = compile_module(card.declaration.path)
    shutil.copyfile(compiled.path, folder / "model.osdi")
    values = card.model_values.items()
    model = [f'+ {name}="{value}"' if isinstance(value, str) else f"+ {name}={value!r}" for name, value in values]
    chosen = " ".join(f"{name}={value}" for name, value in options.items())
    deck = [
        "compiled model against ngspice", f".options {chosen}", f".temp {temperature - 273.15:.6f}",
        f".model dut {card.module}", *model, *lines, f".save {' '.join(vectors)}",
        ".control", "set num_threads=1", "pre_osdi model.osdi", "run waves.raw", "quit $sim_status", ".endc", ".end",
    ]  # fmt: skip
    (folder / "netlist.cir").write_text("\n".join(deck) + "\n")
    command = [os.environ.get("RRAMCIRC_NGSPICE", "ngspice"), "-n", "-b", "netlist.cir"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed" not in done.stderr, done.stderr
    plot = read_raw(folder / "waves.raw")[-1]
    columns = {normalise_vector(name): plot.column(k) for k, name in enumerate(plot.names)}
    return {"axis": plot.column(0)} | {name: columns[name] for name in vectors}


def instance(k: int, nodes: str, values: dict[str, float]) -> str:
    return f"n{k} {nodes} dut " + " ".join(f"{name}={float(value)!r}" for name, value in values.items())


def assert_equal_currents(found: np.ndarray, expected: np.ndarray, at_least: int) -> None:
    large = np.abs(expected) > SMALLEST
    assert large.sum() >= at_least
    np.testing.assert_allclose(found[large], expected[large], rtol=RELATIVE, atol=0)
    np.testing.assert_allclose(found[~large], expected[~large], rtol=0, atol=10 * RELATIVE * SMALLEST + 1e-18)


# ngspice --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [300.15, 350.0])
def test_filament_currents_are_those_of_ngspice(tmp_path: Path, temperature: float) -> None:
    lines = ["vx x 0 0", ".dc vx -1.5 1.5 0.05"]
    for k, (diameter, gap) in enumerate(STATES):
        values = {"diameter_ini": diameter, "gap_ini": gap} | {name: array[k] for name, array in SPREAD.items()}
        lines += [f"vm{k} x a{k} 0", instance(k, f"a{k} 0 0", values)]
    waves = ngspice(tmp_path, FILAMENT, lines, temperature, [f"i(vm{k})" for k in range(len(STATES))])
    diameter, gap = np.array(STATES).T
    found = read_current(
        FILAMENT, {"diameter": diameter, "gap": gap}, waves["axis"][:, None], SPREAD, temperature=temperature
    )
    expected = np.stack([waves[f"i(vm{k})"] for k in range(len(STATES))], axis=1)
    assert_equal_currents(found, expected, at_least=6 * 60)


@pytest.mark.parametrize(("card", "sign"), [(NMOS, 1.0), (PMOS, -1.0)], ids=["nmos_ekv", "pmos_ekv"])
@pytest.mark.parametrize("temperature", [300.15, 350.0])
def test_transistor_currents_are_those_of_ngspice(
    tmp_path: Path, card: ModelCard, sign: float, temperature: float
) -> None:
    biases = [(0.0, 0.0, {}), (0.5, 0.0, {"vto_delta": 0.05}), (0.2, -0.5, {}), (1.0, -1.0, {"w": 2e-6, "l": 1e-6})]
    lines = ["vd d 0 0", "vg g 0 0", f".dc vd {-0.3 * sign} {3.3 * sign} {0.3 * sign} vg 0 {3.3 * sign} {0.3 * sign}"]
    vectors = ["v(d)", "v(g)"]
    for k, (source, bulk, values) in enumerate(biases):
        lines += [f"vd{k} d d{k} 0", f"vs{k} s{k} 0 {sign * source}", f"vb{k} b{k} 0 {sign * bulk}"]
        lines += [instance(k, f"d{k} g s{k} b{k}", values)]
        vectors += [f"i(vd{k})", f"i(vs{k})"]
    waves = ngspice(tmp_path, card, lines, temperature, vectors)
    points = np.zeros((len(waves["axis"]), 4))
    points[:, 0], points[:, 1] = waves["v(d)"], waves["v(g)"]
    for k, (source, bulk, values) in enumerate(biases):
        points[:, 2], points[:, 3] = sign * source, sign * bulk
        devices = CompiledDevices(card, len(points), values, temperature=temperature)
        found = devices.evaluate(points, jacobian=False, reactive=False).resistive
        assert_equal_currents(found[:, 0], waves[f"i(vd{k})"], at_least=40)
        assert_equal_currents(-found[:, 2], waves[f"i(vs{k})"], at_least=40)  # a source counts into its plus node


@pytest.mark.parametrize(("card", "sign"), [(NMOS, 1.0), (PMOS, -1.0)], ids=["nmos_ekv", "pmos_ekv"])
def test_transistor_capacitances_are_those_of_ngspice(tmp_path: Path, card: ModelCard, sign: float) -> None:
    bias, omega = np.array([1.5, 1.2, 0.3, 0.0]) * sign, 2 * np.pi * 1e6
    lines = [".ac lin 1 1e6 1e6"]
    for k in range(4):  # instance k has the signal on its terminal k
        lines += [f"v{k}{node} {node}{k} 0 dc {float(bias[m])!r} ac {int(m == k)}" for m, node in enumerate("dgsb")]
        lines += [instance(k, " ".join(f"{node}{k}" for node in "dgsb"), {})]
    vectors = [f"i(v{k}{node})" for k in range(4) for node in "dgsb"]
    waves = ngspice(tmp_path, card, lines, 300.15, vectors)
    expected = np.array([[-waves[f"i(v{k}{node})"][0] for k in range(4)] for node in "dgsb"])
    found = CompiledDevices(card, 1).evaluate(bias[None, :])
    scale = np.abs(found.reactive_jacobian).max()
    np.testing.assert_allclose(found.reactive_jacobian[0], expected.imag / omega, rtol=RELATIVE, atol=1e-12 * scale)
    scale = np.abs(found.resistive_jacobian).max()
    np.testing.assert_allclose(found.resistive_jacobian[0], expected.real, rtol=RELATIVE, atol=1e-12 * scale)


def test_cell_of_a_conductance_is_read_with_it_in_ngspice() -> None:
    cell = rc.Cell(FILAMENT, initial_conductance=37e-6, rram_parameters={"rho_factor": 1.1})
    bench = rc.Testbench(cell, rc.OperatingPoint(), {"bl": rc.Constant(0.1)}, options=REFEREE)
    assert rc.simulate(bench)["i(bl)"][0] / 0.1 == pytest.approx(37e-6, rel=RELATIVE)


def test_array_of_conductances_is_read_with_them_in_ngspice() -> None:
    wanted = np.array([[4e-6, 10e-6, 50e-6], [100e-6, 200e-6, 380e-6]])
    spread = {"rho_factor": np.array([[1.0, 1.1, 0.9], [1.05, 0.95, 1.0]])}
    array = rc.Crossbar(rc.Cell(FILAMENT), 2, 3, initial_conductance=wanted, rram_parameters=spread)
    probes = ("conductance[*,*]",)
    bench = rc.Testbench(array, rc.OperatingPoint(), {"bl": rc.Constant(0.1)}, options=REFEREE, probes=probes)
    waves = rc.simulate(bench)
    found = np.array([[waves[f"conductance[{i},{j}]"][0] for j in range(3)] for i in range(2)])
    np.testing.assert_allclose(found, wanted, rtol=RELATIVE)


# derivatives and charges ----------------------------------------------------------------------------------------------


def filament_points(rng: np.random.Generator) -> np.ndarray:
    points = rng.uniform(-1.0, 1.0, (40, 5))
    points[:, 3] = rng.uniform(-0.8, 3.5, 40)  # the states stay inside their bounds
    points[:, 4] = rng.uniform(-0.8, 0.1, 40)
    return points


def transistor_points(rng: np.random.Generator) -> np.ndarray:
    points = rng.uniform(0.0, 3.0, (40, 4))
    points[:, 3] = rng.uniform(-1.0, 0.0, 40)
    return points


@pytest.mark.parametrize("abstime", [0.0, 1e-9])
@pytest.mark.parametrize(
    ("card", "points"),
    [(FILAMENT, filament_points), (NMOS, transistor_points), (PMOS, lambda rng: -transistor_points(rng))],
    ids=["rram_filament", "nmos_ekv", "pmos_ekv"],
)
def test_jacobians_are_the_derivatives(card: ModelCard, points, abstime: float) -> None:
    points = points(np.random.default_rng(1))
    devices, step = CompiledDevices(card, len(points)), 1e-5
    found = devices.evaluate(points, abstime)
    for column in range(points.shape[1]):
        shift = np.zeros(points.shape[1])
        shift[column] = step
        above, below = (devices.evaluate(points + s, abstime, jacobian=False) for s in (shift, -shift))
        for kind in ("resistive", "reactive"):
            slope = (getattr(above, kind) - getattr(below, kind)) / (2 * step)
            jacobian = getattr(found, f"{kind}_jacobian")
            # central differences: step^2 times the third derivative, at most (1 / 13 mV)^2, and rounding
            scale = np.abs(jacobian).max(axis=2) + 1e-9 * np.abs(jacobian).max()
            assert (np.abs(slope - jacobian[:, :, column]) <= 2e-6 * scale).all(), (kind, devices.nodes[column])


def test_charges_are_those_of_known_capacitances() -> None:
    result = CompiledDevices(FILAMENT, 1).evaluate([[0.7, 0.2, 0.0, 0.5, -0.25]], 1e-9)
    capacitance = FILAMENT.value("capacitance")
    expected = np.zeros((5, 5))
    expected[:2, :2] = capacitance * np.array([[1, -1], [-1, 1]])
    expected[3, 3] = expected[4, 4] = 1.0
    np.testing.assert_allclose(result.reactive_jacobian[0], expected, rtol=1e-15)
    np.testing.assert_allclose(result.reactive[0], [0.5 * capacitance, -0.5 * capacitance, 0, 0.5, -0.25], rtol=1e-15)
    overlap = NMOS.with_values({"cox": 0.0, "cj": 0.0})
    drain, gate, source = 1.0, 0.4, -0.2
    result = CompiledDevices(overlap, 1).evaluate([[drain, gate, source, -0.2]])
    c_gd, c_gs = (overlap.value("w") * overlap.value(name) for name in ("cgdo", "cgso"))
    q_gd, q_gs = c_gd * (gate - drain), c_gs * (gate - source)
    np.testing.assert_allclose(result.reactive[0], [-q_gd, q_gd + q_gs, -q_gs, 0.0], rtol=1e-14, atol=1e-30)


def test_states_are_frozen_at_time_zero_and_move_after_it() -> None:
    devices = CompiledDevices(FILAMENT, 1)
    points = [[1.2, 0.0, 0.0, 0.1, -0.2]]
    assert devices.evaluate(points, 0.0).resistive[0, 3:] == pytest.approx([0.1, -0.2])
    assert devices.evaluate(points, 1e-12).resistive[0, 4] > 1e3  # SET: the gap closes, minus its rate is positive


# one block or many, one process or many -------------------------------------------------------------------------------


def test_equal_devices_share_one_block_and_others_have_their_own() -> None:
    points = filament_points(np.random.default_rng(2))
    delta = np.linspace(-0.05, 0.05, len(points))
    shared = CompiledDevices(FILAMENT, len(points), {"ea_delta": np.full(len(points), 0.03)})
    own = CompiledDevices(FILAMENT, len(points), {"ea_delta": delta})
    assert own.memory == len(points) * shared.memory
    together = own.evaluate(points, 1e-9, op_variables=["gap", "t_filament"])
    for k in (0, 7, 39):
        alone = CompiledDevices(FILAMENT, 1, {"ea_delta": delta[k]})
        single = alone.evaluate(points[k : k + 1], 1e-9, op_variables=["gap", "t_filament"])
        for kind in ("resistive", "reactive", "resistive_jacobian", "reactive_jacobian"):
            np.testing.assert_array_equal(getattr(single, kind)[0], getattr(together, kind)[k])
        for name, values in single.op_variables.items():
            assert values[0] == together.op_variables[name][k]


def test_result_of_an_earlier_call_is_written_again() -> None:
    devices = CompiledDevices(NMOS, 3)
    first = devices.evaluate(np.zeros((3, 4)))
    points = np.full((3, 4), [1.0, 1.0, 0.0, 0.0])
    second = devices.evaluate(points, out=first)
    assert second.resistive is first.resistive
    assert second.reactive_jacobian is first.reactive_jacobian
    np.testing.assert_array_equal(second.resistive, devices.evaluate(points).resistive)
    without = devices.evaluate(points, jacobian=False, reactive=False, out=second)
    assert without.resistive_jacobian is without.reactive is without.reactive_jacobian is None


def test_objects_can_be_evaluated_in_threads() -> None:
    points = filament_points(np.random.default_rng(3))
    many = [CompiledDevices(FILAMENT, len(points), {"ea_delta": 0.01 * k}) for k in range(4)]
    expected = [devices.evaluate(points, 1e-9).resistive for devices in many]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            found = list(pool.map(lambda devices: devices.evaluate(points, 1e-9).resistive, many))
            np.testing.assert_array_equal(found, expected)


PROGRAM = """
import sys, numpy as np
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.compiled.devices import CompiledDevices
card = load_card(sys.argv[1])
devices = CompiledDevices(card, 1)
result = devices.evaluate(np.full((1, len(devices.nodes)), 0.2) * np.arange(len(devices.nodes))[::-1], 1e-9)
from rramcirc.devices.compiled import kernels as osdi_kernels
print(sum(f.stats.cache_hits.total() for f in (osdi_kernels.evaluate, osdi_kernels.set_up)))
print(*(float(v).hex() for v in (*result.resistive.ravel(), *result.reactive_jacobian.ravel())))
"""


def test_processes_fill_and_share_a_fresh_cache(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"} | {"RRAMCIRC_CACHE": str(tmp_path)}

    def start(card: str) -> subprocess.Popen:
        command = [sys.executable, "-c", PROGRAM, card]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def answers(cards: tuple[str, ...]) -> list[tuple[int, str]]:
        texts = [(child.communicate(timeout=60), child.returncode) for child in [start(card) for card in cards]]
        assert all(code == 0 for _, code in texts), texts
        return [(int(out.splitlines()[0]), out.splitlines()[1]) for (out, _), _ in texts]

    cards = ("hfo2_filament", "nmos_select")
    first, second = answers(cards), answers(cards)
    assert [hits for hits, _ in second] == [2, 2]  # both loops, although each process has another model
    assert [line for _, line in first] == [line for _, line in second]
    for card, (_, line) in zip(cards, first, strict=True):
        devices = CompiledDevices(rc.load_card(card), 1)
        n = len(devices.nodes)
        result = devices.evaluate(np.full((1, n), 0.2) * np.arange(n)[::-1], 1e-9)
        here = (float(v).hex() for v in (*result.resistive.ravel(), *result.reactive_jacobian.ravel()))
        assert line == " ".join(here)


# a module with what ours do not have: inner node, collapse, $limit, text, integers, messages --------------------------

PROBE = """
`include "constants.vams"
`include "disciplines.vams"
module rram_probe(te, be);
  inout te, be; electrical te, be, inner;
  (* desc="slope", units="1" *) parameter real steep = 1 from (0:inf);
  (* type="instance", desc="series resistance", units="ohm" *) parameter real rs = 10 from [0:1e5*atan(steep)];
  (* type="instance", desc="diodes in parallel", units="1" *) parameter integer diodes = 3 from [1:9];
  (* desc="two junctions in series", units="1" *) parameter string kind = "single";
  (* desc="saturation current", units="A" *) parameter real is = 1e-14 from (0:1);
  (* desc="twice the diodes", units="1" *) integer doubled; (* desc="seven", units="1" *) real seven;
  (* desc="gmin", units="S" *) real gmin; (* desc="nominal temperature", units="1" *) real tnom;
  real n, v;
  analog begin
    doubled = 2 * diodes; seven = 7.0;
    gmin = $simparam("gmin", -1); tnom = $simparam("tnom", -1);
    n = 1; if (kind == "double") n = 2;
    v = $limit(V(inner, be), "pnjlim", $vt, 0.6);
    I(inner, be) <+ diodes * is * (limexp(v / (n * $vt)) - 1) + gmin * v;
    I(inner, be) <+ ddt(1e-15 * V(inner, be));
    if (rs > 0) I(te, inner) <+ V(te, inner) / rs; else V(te, inner) <+ 0;
    if (V(te, be) > 5) $strobe("high voltage %g", V(te, be));
    if (V(te, be) > 10) $fatal(1, "too high");
  end
endmodule
"""
PROBE_CARD = """name = "probe"
module = "rram_probe.va"
title = "a module with everything"
[parameters]
is = {value = 1e-13, unit = "A", status = "assumed", source = "chosen"}
kind = {value = "double", unit = "1", status = "assumed", source = "chosen"}
"""


@pytest.fixture
def probe(tmp_path: Path) -> ModelCard:
    (tmp_path / "rram_probe.va").write_text(PROBE)
    (tmp_path / "probe.toml").write_text(PROBE_CARD)
    return rc.load_card(tmp_path / "probe.toml")


def test_inner_nodes_are_settled_as_in_ngspice(tmp_path: Path, probe: ModelCard) -> None:
    lines = ["vx x 0 0", ".dc vx -0.5 2 0.1", "vm0 x a 0", "n0 a 0 dut rs=2e4 diodes=4", "vm1 x b 0", "n1 b 0 dut rs=0"]
    names = ("seven", "gmin", "tnom")
    vectors = ["i(vm0)", "i(vm1)", *(f"@n0[{name}]" for name in names)]
    # the limit of the junction voltage counts as not converged below abstol = 1e-15
    waves = ngspice(tmp_path, probe, lines, 300.15, vectors, REFEREE | {"abstol": 1e-15})
    for parameters, vector in (({"rs": 2e4, "diodes": 4}, "i(vm0)"), ({"rs": 0.0}, "i(vm1)")):
        found = read_current(probe, {}, waves["axis"], parameters)
        # ngspice knows the inner node to reltol * 2 V, so the current to 1e-14 A
        np.testing.assert_allclose(found, waves[vector], rtol=RELATIVE, atol=1e-14)
        assert waves[vector][-1] > 1e-5
    found = CompiledDevices(probe, 1, {"diodes": 4}).evaluate([[1.0, 0.0, 0.5]], op_variables=names)
    for name in names:
        assert found.op_variables[name][0] == waves[f"@n0[{name}]"][0], name
    found = CompiledDevices(probe, 2, {"diodes": [4, 9]}).evaluate(np.zeros((2, 3)), op_variables=["seven", "doubled"])
    assert found.op_variables["doubled"].tolist() == [8, 18]  # ngspice 46 saves a wrong number for an integer
    assert found.op_variables["seven"].tolist() == [7, 7]


def test_merged_nodes_have_no_equation_of_their_own(probe: ModelCard) -> None:
    devices = CompiledDevices(probe, 1, {"rs": 0.0})
    assert devices.node_of.tolist() == [0, 1, 0]
    result = devices.evaluate([[0.7, 0.1, 99.0]])  # the voltage of a merged node is not looked at
    assert result.resistive[0, 0] == -result.resistive[0, 1] > 0
    assert result.resistive[0, 2] == 0
    assert not result.resistive_jacobian[0, 2].any()
    assert not result.resistive_jacobian[0, :, 2].any()
    with pytest.raises(ModelCompileError, match=r"merges node .* some devices only \(instances 0 and 1 differ\)"):
        CompiledDevices(probe, 3, {"rs": [1.0, 0.0, 2.0]})


def test_messages_name_the_instance_and_fatal_ends_the_evaluation(probe: ModelCard) -> None:
    devices = CompiledDevices(probe, 3)
    devices.evaluate([[1.0, 0.0, 0.5], [6.0, 0.0, 0.5], [1.0, 0.0, 0.5]])
    assert devices.messages == ["instance 1: display: high voltage 6"]
    with pytest.raises(SimulationError, match="card probe: module rram_probe gave up: instance 2: fatal: too high"):
        devices.evaluate([[1.0, 0.0, 0.5], [1.0, 0.0, 0.5], [11.0, 0.0, 0.5]])
    other = CompiledDevices(probe, 1)
    other.evaluate([[1.0, 0.0, 0.5]])
    assert other.messages == []


def test_parameter_that_the_model_refuses_is_named(probe: ModelCard) -> None:
    # the bound has a function that only the compiler can compute: 1e5 atan(1) = 78.5k
    with pytest.raises(
        ParameterError, match=r"card probe, instance 1: rs = 80000.0 is outside \[0:1e5\*atan\(steep\)\]"
    ):
        CompiledDevices(probe, 3, {"rs": [50.0, 8e4, 9e4]})
    with pytest.raises(ParameterError, match=r"rs\[1\] = -1 ohm is outside"):
        CompiledDevices(probe, 2, {"rs": [1.0, -1.0]})


# nonsense -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda: CompiledDevices(object(), 1), "is no model card"),
        (lambda: CompiledDevices(rc.load_card("nmos_level1"), 1), "built-in model nmos; only a Verilog-A module"),
        (lambda: CompiledDevices(FILAMENT, 0), "count = 0"),
        (lambda: CompiledDevices(FILAMENT, "2"), "count = '2'"),
        (lambda: CompiledDevices(FILAMENT, 2, object()), "must be a dict"),
        (lambda: CompiledDevices(FILAMENT, 2, {"gapini": 1.0}), "Nearest: gap_ini"),
        (lambda: CompiledDevices(FILAMENT, 2, {"ea": 1.0}), "ea is the same for all devices"),
        (lambda: CompiledDevices(FILAMENT, 2, {"gap_ini": [1.0, 30.0]}), r"gap_ini\[1\] = 30 nm is outside"),
        (lambda: CompiledDevices(FILAMENT, 2, {"gap_ini": [1.0, 1.0, 1.0]}), r"gap_ini has shape \(3,\)"),
        (lambda: CompiledDevices(FILAMENT, 2, temperature=-1.0), "temperature = -1.0"),
        (lambda: CompiledDevices(FILAMENT, 2, gmin=np.nan), "gmin = nan"),
        (lambda: read_current(object(), {}, 0.1), "is no model card"),
        (lambda: read_current(FILAMENT, object(), 0.1), "states = .* is no dict"),
        (lambda: read_current(FILAMENT, {"gaps": 1.0}, 0.1), "unknown state 'gaps'"),
        (lambda: read_current(FILAMENT, {"gap": [1.0, 2.0]}, [0.1, 0.2, 0.3]), "shapes of voltage .* do not fit"),
        (lambda: read_current(FILAMENT, {"gap": "wide"}, 0.1), "gap: 'wide' is no number"),
        (lambda: read_current(FILAMENT, {"gap": np.nan}, 0.1), "instance 0: the voltage of gap_s is nan"),
    ],
)
def test_nonsense_is_refused_by_name(build, told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        build()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"voltages": np.zeros((2, 4))}, r"shape \(2, 4\); needed is \(2, 5\).*te, be, nz, diameter_s, gap_s"),
        ({"voltages": object()}, "are no numbers"),
        ({"voltages": [[0, 0, 0, 0, 0], [0, np.inf, 0, 0, 0]]}, "instance 1: the voltage of be is inf"),
        ({"voltages": [[0, -np.inf, 0, 0, 0], [0, np.inf, 0, 0, 0]]}, "instance 0: the voltage of be is -inf"),
        ({"abstime": "now"}, "abstime = 'now'"),
        ({"op_variables": "gap"}, "op_variables = 'gap' is no list"),
        ({"op_variables": ["gaps"]}, "unknown op-variable 'gaps'. Nearest: gap"),
        ({"out": object()}, "no result of an earlier evaluation"),
    ],
)
def test_nonsense_in_an_evaluation_is_refused_by_name(arguments: dict, told: str) -> None:
    devices = CompiledDevices(FILAMENT, 2)
    with pytest.raises(RramcircError, match=told):
        devices.evaluate(**({"voltages": np.zeros((2, 5))} | arguments))


def test_states_for_conductance_shares_its_path_with_read_current() -> None:
    wanted = np.geomspace(3.2e-6, 4e-4, 60).reshape(3, 4, 5)
    states = states_for_conductance(FILAMENT, wanted)
    np.testing.assert_allclose(read_current(FILAMENT, states, 0.1) / 0.1, wanted, rtol=RELATIVE)
