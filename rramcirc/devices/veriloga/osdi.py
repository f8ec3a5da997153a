"""What a compiled model (.osdi) says about itself: modules, nodes, parameters, op-variables.

The structures below are those of OSDI 0.4 (the fields that 0.5 adds stand at the end of the descriptor and are reached
only if the file says that its descriptors are long enough). Function pointers are plain addresses: the bulk evaluator
hands them to compiled code.
"""

from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, Structure, c_bool, c_char_p, c_double, c_uint32, c_void_p
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from rramcirc.basics.errors import ModelCompileError

KIND_MASK, KIND_INSTANCE, KIND_OPVAR = 3 << 30, 1 << 30, 2 << 30
TYPE_MASK, TYPE_NAMES = 3, ("real", "integer", "string")
NO_OFFSET = 2**32 - 1  # an offset or node that does not exist (as a node: the global ground)


class OsdiNodePair(Structure):
    """Two node indices; ``NO_OFFSET`` is ground."""

    _fields_ = [("node_1", c_uint32), ("node_2", c_uint32)]


class OsdiJacobianEntry(Structure):
    """One non-zero of the Jacobian; flags: 1, 2 constant, 4 resistive, 8 reactive."""

    _fields_ = [("nodes", OsdiNodePair), ("react_ptr_off", c_uint32), ("flags", c_uint32)]


class OsdiNode(Structure):
    """One unknown: a terminal, an internal node or a branch current."""

    _fields_ = [
        ("name", c_char_p), ("units", c_char_p), ("residual_units", c_char_p),
        ("resist_residual_off", c_uint32), ("react_residual_off", c_uint32),
        ("resist_limit_rhs_off", c_uint32), ("react_limit_rhs_off", c_uint32),
        ("is_flow", c_bool),
    ]  # fmt: skip


class OsdiParamOpvar(Structure):
    """A parameter or op-variable; its kind and type are in `flags`."""

    _fields_ = [
        ("name", POINTER(c_char_p)), ("num_alias", c_uint32), ("description", c_char_p), ("units", c_char_p),
        ("flags", c_uint32), ("len", c_uint32),
    ]  # fmt: skip


class OsdiNoiseSource(Structure):
    """A noise source between two nodes."""

    _fields_ = [("name", c_char_p), ("nodes", OsdiNodePair)]


class OsdiNatureRef(Structure):
    """Reference to the nature of an unknown or residual."""

    _fields_ = [("ref_type", c_uint32), ("index", c_uint32)]


class OsdiSimParas(Structure):
    """The simulator's ``$simparam`` values: null-terminated lists of names, and their values."""

    _fields_ = [
        ("names", POINTER(c_char_p)), ("vals", POINTER(c_double)),
        ("names_str", POINTER(c_char_p)), ("vals_str", POINTER(c_char_p)),
    ]  # fmt: skip


class OsdiSimInfo(Structure):
    """What `eval` gets: simulator parameters, time [s], last solution, limiting states, flags."""

    _fields_ = [
        ("paras", OsdiSimParas), ("abstime", c_double), ("prev_solve", c_void_p),
        ("prev_state", c_void_p), ("next_state", c_void_p), ("flags", c_uint32),
    ]  # fmt: skip


class OsdiInitError(Structure):
    """A mistake found in set-up; code 1: the parameter of that index is out of its range."""

    _fields_ = [("code", c_uint32), ("parameter_id", c_uint32)]


class OsdiInitInfo(Structure):
    """What the set-up functions give back; `errors` was allocated by the model and is ours to free."""

    _fields_ = [("flags", c_uint32), ("num_errors", c_uint32), ("errors", POINTER(OsdiInitError))]


_FUNCTIONS_03 = (
    "access", "setup_model", "setup_instance", "eval", "load_noise", "load_residual_resist", "load_residual_react",
    "load_limit_rhs_resist", "load_limit_rhs_react", "load_spice_rhs_dc", "load_spice_rhs_tran",
    "load_jacobian_resist", "load_jacobian_react", "load_jacobian_tran",
)  # fmt: skip


class OsdiDescriptor(Structure):
    """One compiled module, OSDI 0.4; functions are addresses (``None`` if absent)."""

    _fields_ = [
        ("name", c_char_p),
        ("num_nodes", c_uint32), ("num_terminals", c_uint32), ("nodes", POINTER(OsdiNode)),
        ("num_jacobian_entries", c_uint32), ("jacobian_entries", POINTER(OsdiJacobianEntry)),
        ("num_collapsible", c_uint32), ("collapsible", POINTER(OsdiNodePair)), ("collapsed_offset", c_uint32),
        ("noise_sources", POINTER(OsdiNoiseSource)), ("num_noise_src", c_uint32),
        ("num_params", c_uint32), ("num_instance_params", c_uint32), ("num_opvars", c_uint32),
        ("param_opvar", POINTER(OsdiParamOpvar)),
        ("node_mapping_offset", c_uint32), ("jacobian_ptr_resist_offset", c_uint32),
        ("num_states", c_uint32), ("state_idx_off", c_uint32), ("bound_step_offset", c_uint32),
        ("instance_size", c_uint32), ("model_size", c_uint32),
        *((name, c_void_p) for name in _FUNCTIONS_03),
        ("given_flag_model", c_void_p), ("given_flag_instance", c_void_p),
        ("num_resistive_jacobian_entries", c_uint32), ("num_reactive_jacobian_entries", c_uint32),
        ("write_jacobian_array_resist", c_void_p), ("write_jacobian_array_react", c_void_p),
        ("num_inputs", c_uint32), ("inputs", POINTER(OsdiNodePair)),
        ("load_jacobian_with_offset_resist", c_void_p), ("load_jacobian_with_offset_react", c_void_p),
        ("unknown_nature", POINTER(OsdiNatureRef)), ("residual_nature", POINTER(OsdiNatureRef)),
    ]  # fmt: skip


@dataclass(frozen=True)
class OsdiName:
    """A parameter or op-variable of a compiled module.

    `kind` is ``model``, ``instance`` or ``opvar``; `type` is ``real``, ``integer`` or ``string``; `index` is its
    number in the descriptor, the `id` of the `access` function.
    """

    name: str
    kind: str
    type: str
    unit: str
    description: str
    index: int
    length: int
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class OsdiModule:
    """One compiled module: its unknowns, parameters, noise sources and the sizes of its data blocks [bytes]."""

    name: str
    terminals: tuple[str, ...]
    internal_nodes: tuple[str, ...]
    names: tuple[OsdiName, ...]
    noise_sources: tuple[str, ...]
    instance_size: int
    model_size: int

    @property
    def nodes(self) -> tuple[str, ...]:
        """Terminals, then internal nodes, in the order of the descriptor."""
        return self.terminals + self.internal_nodes

    @cached_property
    def parameters(self) -> dict[str, OsdiName]:
        """Declared model and instance parameters by name, without the built-in ``$`` ones."""
        return {n.name: n for n in self.names if n.kind != "opvar" and not n.name.startswith("$")}

    @cached_property
    def op_variables(self) -> dict[str, OsdiName]:
        """Op-variables by name."""
        return {n.name: n for n in self.names if n.kind == "opvar"}


@dataclass(frozen=True)
class OsdiFile:
    """A compiled file: its path, OSDI version and modules."""

    path: Path
    version: tuple[int, int]
    modules: tuple[OsdiModule, ...]


def _stamp(path: Path) -> tuple[str, int, int]:
    """Return what changes when a file is replaced: absolute path, time [ns], size [bytes]."""
    try:
        info = os.stat(path)
    except OSError as error:
        raise ModelCompileError(f"cannot read the compiled model {path} ({error.strerror}).") from error
    return os.path.abspath(path), info.st_mtime_ns, info.st_size


def load_library(path: Path | str) -> ctypes.CDLL:
    """Load a compiled model into this process, once per file, and check its OSDI version.

    Parameters
    ----------
    path
        The .osdi file. Loading executes code of the file: load only what you compiled or trust.

    Raises
    ------
    ModelCompileError
        If the file is missing, no compiled model, made for another processor, or older than OSDI 0.4.
    """
    return _load(*_stamp(Path(path)))


@cache
def _load(path: str, mtime_ns: int, size: int) -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(path)
        version = tuple(_uint(library, f"OSDI_VERSION_{part}") for part in ("MAJOR", "MINOR"))
    except (OSError, ValueError) as error:
        raise ModelCompileError(f"{path} is not a compiled Verilog-A model for this machine ({error}).") from error
    if version[0] != 0 or version[1] < 4:
        raise ModelCompileError(
            f"{path} has OSDI version {version[0]}.{version[1]}; 0.4 or later is needed. "
            "Recompile its Verilog-A file with openvaf-r (compilers named openvaf write 0.3)."
        )
    return library


def _uint(library: ctypes.CDLL, symbol: str) -> int:
    return c_uint32.in_dll(library, symbol).value


def raw_descriptors(path: Path | str) -> tuple[OsdiDescriptor, ...]:
    """Return the descriptors of a compiled file as they stand in its memory.

    They stay valid as long as the process lives; `read_osdi` gives the same as copied text.
    """
    library = load_library(path)
    try:
        count, size = _uint(library, "OSDI_NUM_DESCRIPTORS"), _uint(library, "OSDI_DESCRIPTOR_SIZE")
        first = ctypes.addressof(ctypes.c_char.in_dll(library, "OSDI_DESCRIPTORS")) if count else 0
    except ValueError as error:
        raise ModelCompileError(f"{path} lacks a symbol of OSDI 0.4 ({error}). Recompile it.") from error
    if count and size < ctypes.sizeof(OsdiDescriptor):
        raise ModelCompileError(
            f"{path} has descriptors of {size} bytes; OSDI 0.4 has {ctypes.sizeof(OsdiDescriptor)}. Recompile it."
        )
    return tuple(OsdiDescriptor.from_address(first + k * size) for k in range(count))


def read_osdi(path: Path | str) -> OsdiFile:
    """Read the modules of a compiled model; all text is copied.

    Parameters
    ----------
    path
        The .osdi file; it is loaded into the process (see `load_library`).

    Raises
    ------
    ModelCompileError
        If the file is missing, no compiled model, or older than OSDI 0.4.
    """
    return _read(*_stamp(Path(path)))


@cache
def _read(path: str, mtime_ns: int, size: int) -> OsdiFile:
    library = _load(path, mtime_ns, size)
    version = (_uint(library, "OSDI_VERSION_MAJOR"), _uint(library, "OSDI_VERSION_MINOR"))
    return OsdiFile(Path(path), version, tuple(_module(raw) for raw in raw_descriptors(path)))


def _module(raw: OsdiDescriptor) -> OsdiModule:
    nodes = [_text(raw.nodes[k].name) for k in range(raw.num_nodes)]
    names = tuple(_name(raw.param_opvar[k], k) for k in range(raw.num_params + raw.num_opvars))
    return OsdiModule(
        name=_text(raw.name),
        terminals=tuple(nodes[: raw.num_terminals]),
        internal_nodes=tuple(nodes[raw.num_terminals :]),
        names=names,
        noise_sources=tuple(_text(raw.noise_sources[k].name) for k in range(raw.num_noise_src)),
        instance_size=raw.instance_size,
        model_size=raw.model_size,
    )


def _name(raw: OsdiParamOpvar, index: int) -> OsdiName:
    kind = {KIND_INSTANCE: "instance", KIND_OPVAR: "opvar"}.get(raw.flags & KIND_MASK, "model")
    spellings = [_text(raw.name[k]) for k in range(1 + raw.num_alias)]
    return OsdiName(
        name=spellings[0],
        kind=kind,
        type=TYPE_NAMES[min(raw.flags & TYPE_MASK, 2)],
        unit=_text(raw.units),
        description=_text(raw.description),
        index=index,
        length=raw.len,
        aliases=tuple(spellings[1:]),
    )


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode("utf-8", errors="replace")
