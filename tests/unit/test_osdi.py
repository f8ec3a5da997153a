"""The descriptor of compiled models."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from rramcirc.basics.errors import ModelCompileError
from rramcirc.devices.veriloga import osdi
from rramcirc.devices.veriloga.compile import compile_module
from rramcirc.devices.veriloga.library import find_module
from rramcirc.devices.veriloga.osdi import load_library, raw_descriptors, read_osdi


@pytest.fixture(scope="module")
def filament() -> Path:
    return compile_module(find_module("rram_filament").path).path


def test_layout_has_the_size_of_osdi_0_4() -> None:
    assert ctypes.sizeof(osdi.OsdiDescriptor) == 328
    assert ctypes.sizeof(osdi.OsdiNode) == 48
    assert ctypes.sizeof(osdi.OsdiParamOpvar) == 40
    assert ctypes.sizeof(osdi.OsdiJacobianEntry) == 16
    assert ctypes.sizeof(osdi.OsdiSimInfo) == 72


def test_reads_nodes_parameters_and_op_variables(filament: Path) -> None:
    (module,) = read_osdi(filament).modules
    assert module.name == "rram_filament"
    assert module.terminals == ("te", "be", "nz")
    assert module.parameters["gap_ini"].kind == "instance"
    assert module.parameters["ea"].kind == "model"
    assert module.parameters["ea"].unit == "eV"
    assert module.op_variables["current"].unit == "A"
    assert module.instance_size > 0
    assert module.model_size > 0


def test_version_is_at_least_0_4(filament: Path) -> None:
    assert read_osdi(filament).version >= (0, 4)


def test_raw_descriptor_gives_addresses_of_the_functions(filament: Path) -> None:
    (raw,) = raw_descriptors(filament)
    for name in ("access", "setup_model", "setup_instance", "eval", "write_jacobian_array_resist"):
        assert getattr(raw, name), name
    assert raw.num_resistive_jacobian_entries <= raw.num_jacobian_entries
    entries = [raw.jacobian_entries[k] for k in range(raw.num_jacobian_entries)]
    assert all(e.nodes.node_1 < raw.num_nodes and e.nodes.node_2 < raw.num_nodes for e in entries)
    assert sum(bool(e.flags & 4) for e in entries) == raw.num_resistive_jacobian_entries
    assert sum(bool(e.flags & 8) for e in entries) == raw.num_reactive_jacobian_entries


def test_every_unknown_reports_volts_or_amperes(filament: Path) -> None:
    (raw,) = raw_descriptors(filament)
    assert {raw.nodes[k].units for k in range(raw.num_nodes)} <= {b"V", b"A"}


def test_access_function_reaches_a_parameter(filament: Path) -> None:
    (raw,) = raw_descriptors(filament)
    index = read_osdi(filament).modules[0].parameters["ea"].index
    access = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32)
    model = ctypes.create_string_buffer(raw.model_size)
    place = access(raw.access)(None, ctypes.addressof(model), index, 1)
    assert ctypes.addressof(model) <= place < ctypes.addressof(model) + raw.model_size


def test_functions_of_the_layout_compute_the_current_of_a_resistor(tmp_path: Path) -> None:
    source = tmp_path / "rram_r.va"
    source.write_text(
        '`include "disciplines.vams"\nmodule rram_r(a, b); inout a, b; electrical a, b;\n'
        "parameter real r = 50 from (0:inf); parameter real c = 2 from [0:inf);\n"
        "analog begin I(a, b) <+ V(a, b)/r; I(a, b) <+ ddt(c*V(a, b)); end endmodule\n"
    )
    path = compile_module(source).path
    (raw,) = raw_descriptors(path)
    pointer, uint, real = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_double
    model = ctypes.create_string_buffer(raw.model_size)
    instance = ctypes.create_string_buffer(raw.instance_size)
    none, zero = (ctypes.c_char_p * 1)(None), (real * 1)(0.0)
    simulator = osdi.OsdiSimParas(none, zero, none, none)
    result, voltages = osdi.OsdiInitInfo(), (real * 2)(3.0, 1.0)
    mapping = (uint * 2).from_buffer(instance, raw.node_mapping_offset)
    mapping[:] = [0, 1]
    setup_model = ctypes.CFUNCTYPE(None, pointer, pointer, pointer, pointer)(raw.setup_model)
    setup_model(None, ctypes.addressof(model), ctypes.addressof(simulator), ctypes.addressof(result))
    setup_instance = ctypes.CFUNCTYPE(None, pointer, pointer, pointer, real, uint, pointer, pointer)(raw.setup_instance)
    setup_instance(None, instance, model, 300.15, 2, ctypes.addressof(simulator), ctypes.addressof(result))
    assert (result.flags, result.num_errors) == (0, 0)
    information = osdi.OsdiSimInfo(simulator, 1.0, ctypes.addressof(voltages), None, None, 1 | 2 | 4 | 8 | 8192)
    evaluate = ctypes.CFUNCTYPE(uint, pointer, pointer, pointer, pointer)(raw.eval)
    assert evaluate(None, ctypes.addressof(instance), ctypes.addressof(model), ctypes.addressof(information)) == 0
    currents, charges = (real * 2)(), (real * 2)()
    load = ctypes.CFUNCTYPE(None, pointer, pointer, pointer)
    load(raw.load_residual_resist)(instance, model, currents)
    load(raw.load_residual_react)(instance, model, charges)
    assert list(currents) == pytest.approx([0.04, -0.04], rel=1e-15)
    assert list(charges) == pytest.approx([4.0, -4.0], rel=1e-15)
    jacobian = (real * raw.num_resistive_jacobian_entries)()
    load(raw.write_jacobian_array_resist)(instance, model, jacobian)
    assert sorted(jacobian) == pytest.approx([-0.02, -0.02, 0.02, 0.02], rel=1e-15)


def test_file_is_loaded_once(filament: Path) -> None:
    assert load_library(filament) is load_library(str(filament))


def test_what_is_no_compiled_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelCompileError, match="No such file"):
        read_osdi(tmp_path / "gone.osdi")
    (tmp_path / "text.osdi").write_text("no library")
    with pytest.raises(ModelCompileError, match="not a compiled Verilog-A model"):
        read_osdi(tmp_path / "text.osdi")


def test_library_that_is_no_osdi_is_refused() -> None:
    import _ctypes

    with pytest.raises(ModelCompileError, match="not a compiled Verilog-A model"):
        read_osdi(_ctypes.__file__)


def test_osdi_0_3_must_be_recompiled(filament: Path, tmp_path: Path) -> None:
    content = bytearray(filament.read_bytes())
    library = load_library(filament)
    symbol = ctypes.addressof(ctypes.c_uint32.in_dll(library, "OSDI_VERSION_MINOR"))
    near = ctypes.string_at(symbol - 8, 16)  # number of descriptors, major, minor, size of a descriptor
    place = bytes(content).find(near)
    assert place > 0
    content[place + 8 : place + 12] = (3).to_bytes(4, "little")
    old = tmp_path / "old.osdi"
    old.write_bytes(content)
    with pytest.raises(ModelCompileError, match=r"OSDI version 0\.3; .*Recompile"):
        read_osdi(old)
