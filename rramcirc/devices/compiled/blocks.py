"""The memory that a compiled model works in: model block, instance blocks, simulator parameters.

Layout and call sequence are those of OSDI 0.4; what ngspice passes, is passed here with the same values.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from ctypes import c_char_p, c_double, c_int32, c_uint32, c_void_p
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.basics.errors import ModelCompileError, ParameterError
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.compiled.messages import MODEL_INDEX, messages_of
from rramcirc.devices.veriloga.osdi import (
    NO_OFFSET,
    OsdiDescriptor,
    OsdiInitInfo,
    OsdiModule,
    OsdiName,
    OsdiSimInfo,
    OsdiSimParas,
)

SET, INSTANCE = 1, 4  # flags of the access function
OUT_OF_BOUNDS = 1  # the one error code of OSDI
_RESISTIVE, _REACTIVE = 4, 8  # flags of Jacobian entries
_Access = ctypes.CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_uint32, c_uint32)
_SetupModel = ctypes.CFUNCTYPE(None, c_void_p, c_void_p, c_void_p, c_void_p)
_free = ctypes.CFUNCTYPE(None, c_void_p)(("free", ctypes.CDLL(None)))


def simulator_parameters(gmin: float) -> tuple[OsdiSimParas, list[Any]]:
    """Return what ``$simparam`` answers, the names and values of ngspice 46, and the memory it stands in.

    Parameters
    ----------
    gmin
        Smallest conductance of a junction [S].
    """
    values = {
        "iniLim": 0.0, "gmin": gmin, "gdev": gmin, "tnom": 27.0, "simulatorVersion": 46.0, "sourceScaleFactor": 1.0,
        "epsmin": 1e-28, "reltol": 1e-3, "vntol": 1e-6, "abstol": 1e-12,
    }  # fmt: skip
    names = (c_char_p * (len(values) + 1))(*(name.encode() for name in values), None)
    numbers = (c_double * len(values))(*values.values())
    # as long as the list of numbers: a model that asks for an unknown text walks over it by their count
    texts = (c_char_p * (len(values) + 1))(*([b""] * len(values)), None)
    return OsdiSimParas(names, numbers, texts, texts), [names, numbers, texts]


@dataclass
class Blocks:
    """Model block and instance blocks of one card, set up, and what they refer to.

    Attributes
    ----------
    model : (words,) array
        The model block.
    instances : (n_blocks, words) array
        The instance blocks; one if all instances are equal.
    node_of : (n_nodes,) int64 array
        The node that a node is collapsed into, else itself; n_nodes is ground.
    simulator
        What the model's eval gets.
    kept
        Memory that the blocks point to.
    template : (words,) array
        An instance block before its set-up.
    places : dict of int
        Offset of every parameter that was given in an instance block [bytes].
    """

    model: FloatArray
    instances: FloatArray
    node_of: IntArray
    simulator: OsdiSimInfo
    kept: list[Any] = field(default_factory=list)
    template: FloatArray = field(default_factory=lambda: np.empty(0))
    places: Mapping[str, int] = field(default_factory=dict)

    def find_op_variables(self, raw: OsdiDescriptor, module: OsdiModule) -> dict[str, int]:
        """Return where op-variables stand: an 8-byte word of the instance block, or -1 - (4-byte word) for an integer.

        Texts, and what does not belong to an instance, are left out.
        """
        writer, places = _Writer(raw, self.model, []), {}
        for name in module.op_variables.values():
            offset = writer.place(self.instances[0], name.index, INSTANCE) - self.instances.ctypes.data
            if name.type != "string" and 0 <= offset < self.instances.shape[1] * 8:
                places[name.name] = -1 - offset // 4 if name.type == "integer" else offset // 8
        return places

    def find_parameters(self, raw: OsdiDescriptor, module: OsdiModule, names: Sequence[str]) -> list[int]:
        """Return the 8-byte words of the instance block in which real parameters stand.

        Raises
        ------
        ParameterError
            If a parameter is none of an instance or no real number.
        """
        writer, places = _Writer(raw, self.model, []), []
        for name in names:
            place = writer.place(self.instances[0], module.parameters[name].index, INSTANCE)
            offset = place - self.instances[0].ctypes.data
            if module.parameters[name].type != "real" or not 0 <= offset < self.instances.shape[1] * 8:
                raise ParameterError(f"module {module.name}: {name} is no real parameter of an instance.")
            places.append(offset // 8)
        return places


def build_blocks(
    card: ModelCard, raw: OsdiDescriptor, module: OsdiModule, count: int, overrides: Mapping[str, FloatArray],
    temperature: float, gmin: float, handle: int, functions: IntArray,
) -> Blocks:  # fmt: skip
    """Write the parameters of a card into new blocks and let the model set them up.

    Parameters
    ----------
    card
        The card; its values are given, all others are left at their defaults.
    raw, module
        The descriptor of its module and the same as text.
    count
        Number of instance blocks.
    overrides : dict of () or (count,) arrays
        Instance parameters of the devices, checked.
    temperature
        Device temperature [K].
    gmin
        Smallest conductance of a junction [S].
    handle
        Handle of the first instance.
    functions : (6,) int64 array
        Addresses of the model's functions.
    """
    parameters, kept = simulator_parameters(gmin)
    model = np.zeros(_words(raw.model_size))
    writer = _Writer(raw, model, kept)
    for name, value in card.model_values.items():
        writer.write(None, module.parameters[name], value)
    outcome = OsdiInitInfo()
    _SetupModel(raw.setup_model)(
        handle + MODEL_INDEX, model.ctypes.data, ctypes.addressof(parameters), ctypes.addressof(outcome)
    )
    _raise_if_refused(card, module, outcome, None, handle)
    template, places = _template(card, raw, module, overrides, writer)
    simulator, kept = OsdiSimInfo(parameters), [*kept, parameters]
    blocks = Blocks(
        model, np.empty((count, len(template))), np.arange(raw.num_nodes), simulator, kept, template, places
    )
    blocks.node_of = _fill(blocks, card, raw, module, overrides, temperature, handle, functions)
    return blocks


def refill_blocks(
    blocks: Blocks, card: ModelCard, raw: OsdiDescriptor, module: OsdiModule, overrides: Mapping[str, FloatArray],
    temperature: float, handle: int, functions: IntArray,
) -> None:  # fmt: skip
    """Give instance blocks other parameters, of the same names, and let the model set them up again.

    Parameters are those of `build_blocks`.

    Raises
    ------
    ModelCompileError
        If nodes are merged that were not before.
    """
    node_of = _fill(blocks, card, raw, module, overrides, temperature, handle, functions)
    if not np.array_equal(node_of, blocks.node_of):
        raise ModelCompileError(
            f"card {card.name}: module {module.name} merges nodes in some devices only. Evaluate the two kinds "
            "separately."
        )


def _fill(
    blocks: Blocks, card: ModelCard, raw: OsdiDescriptor, module: OsdiModule, overrides: Mapping[str, FloatArray],
    temperature: float, handle: int, functions: IntArray,
) -> IntArray:  # fmt: skip
    """Write all instance blocks and set them up; return the node that each node is collapsed into."""
    from rramcirc.devices.compiled import kernels as osdi_kernels

    instances = blocks.instances
    instances[:] = blocks.template
    for name, array in overrides.items():
        integer = module.parameters[name].type == "integer"
        words = instances.view(np.int32) if integer else instances
        words[:, blocks.places[name] // (4 if integer else 8)] = array
    info = np.zeros(4, np.uint32)
    parameters = ctypes.addressof(blocks.simulator.paras)
    addresses = (blocks.model.ctypes.data, instances, temperature, raw.num_terminals, parameters, info)
    wrong = osdi_kernels.set_up(functions, handle, *addresses)
    if wrong >= 0:
        _raise_if_refused(card, module, OsdiInitInfo.from_buffer(info.data), (wrong, overrides), handle)
    node_of = _collapse(card, raw, module, instances)
    _write_words(instances, raw.node_mapping_offset, node_of)
    return node_of


def _words(size: int) -> int:
    """Return how many 8-byte words hold `size` bytes."""
    return -(-size // 8)


def _write_words(blocks: FloatArray, offset: int, values: IntArray) -> None:
    """Write 32-bit integers at a byte offset of every block."""
    blocks.view(np.uint32)[..., offset // 4 : offset // 4 + len(values)] = values


@dataclass
class _Writer:
    """Writes single parameters through the model's access function, which marks them as given."""

    raw: OsdiDescriptor
    model: FloatArray
    kept: list[Any]

    def place(self, instance: FloatArray | None, index: int, flags: int) -> int:
        """Return the address of a parameter or op-variable."""
        block = None if instance is None else instance.ctypes.data
        return _Access(self.raw.access)(block, self.model.ctypes.data, index, flags) or 0

    def write(self, instance: FloatArray | None, name: OsdiName, value: Any) -> int:
        """Write a value and return its address; without an instance it goes into the model block."""
        place = self.place(instance, name.index, SET if instance is None else SET | INSTANCE)
        if name.type == "string":
            text = ctypes.create_string_buffer(str(value).encode())
            self.kept.append(text)
            c_void_p.from_address(place).value = ctypes.addressof(text)
        elif name.type == "integer":
            c_int32.from_address(place).value = int(value)
        else:
            c_double.from_address(place).value = float(value)
        return place


def _template(
    card: ModelCard, raw: OsdiDescriptor, module: OsdiModule, overrides: Mapping[str, FloatArray], writer: _Writer
) -> tuple[FloatArray, dict[str, int]]:
    """Return an instance block with its parameters, not yet set up, and the offsets of all that are given."""
    template = np.zeros(_words(raw.instance_size))
    values = card.instance_values | {name: array.flat[0] for name, array in overrides.items()}
    places = {name: writer.write(template, module.parameters[name], value) for name, value in values.items()}
    for op_variable in module.op_variables.values():
        writer.place(template, op_variable.index, INSTANCE)  # writes those that are constant
    _write_words(template, raw.state_idx_off, np.arange(raw.num_states))
    _write_words(template, raw.node_mapping_offset, np.arange(raw.num_nodes))
    return template, {name: place - template.ctypes.data for name, place in places.items()}


def _raise_if_refused(
    card: ModelCard, module: OsdiModule, outcome: OsdiInitInfo, instance: tuple[int, Mapping[str, FloatArray]] | None,
    handle: int,
) -> None:  # fmt: skip
    """Raise what a set-up function found wrong, and free its list."""
    from rramcirc.devices.compiled.kernels import REFUSED

    errors = [(outcome.errors[k].code, outcome.errors[k].parameter_id) for k in range(outcome.num_errors)]
    if outcome.errors:
        _free(ctypes.cast(outcome.errors, c_void_p).value)
    start = f"card {card.name}" + (f", instance {instance[0]}" if instance else "")
    for code, index in errors:
        if code != OUT_OF_BOUNDS:
            raise ModelCompileError(f"{start}: module {module.name} reports error {code}, which OSDI does not define.")
        name = module.names[index].name
        value = card.value(name)
        if instance and name in instance[1]:
            array = instance[1][name]
            value = array.flat[instance[0] if array.ndim else 0]
        allowed = card.declaration.parameters[name].range_text if card.declaration else ""
        raise ParameterError(f"{start}: {name} = {value} is outside {allowed} (module {module.name}).")
    if outcome.flags & REFUSED:
        said = "; ".join(messages_of(handle)) or "it said nothing"
        raise ParameterError(f"{start}: module {module.name} refuses its parameters: {said}.")


def _collapse(card: ModelCard, raw: OsdiDescriptor, module: OsdiModule, instances: FloatArray) -> IntArray:
    """Return the node that each node is collapsed into, by the rules of ngspice: terminals stay apart."""
    ground = raw.num_nodes
    node_of = np.arange(raw.num_nodes)
    flags = instances.view(np.uint8)[:, raw.collapsed_offset : raw.collapsed_offset + raw.num_collapsible]
    for k in range(raw.num_collapsible):
        pair = raw.collapsible[k]
        if (flags[:, k] != flags[0, k]).any():
            other = int(np.argmax(flags[:, k] != flags[0, k]))
            raise ModelCompileError(
                f"card {card.name}: module {module.name} merges node {module.nodes[pair.node_1]} with another one in "
                f"some devices only (instances 0 and {other} differ). Evaluate the two kinds separately."
            )
        if not flags[0, k]:
            continue
        one = node_of[pair.node_1]
        other = ground if pair.node_2 == NO_OFFSET else node_of[pair.node_2]
        keep, drop = (ground, min(one, other)) if ground in (one, other) else (min(one, other), max(one, other))
        if drop != keep and drop >= raw.num_terminals:
            node_of[node_of == drop] = keep
    return node_of


def jacobian_places(raw: OsdiDescriptor, node_of: IntArray, reactive: bool) -> IntArray:
    """Return the place of each non-zero in a flat (n, n) Jacobian; -1 if it belongs to ground."""
    n = raw.num_nodes
    places = []
    for k in range(raw.num_jacobian_entries):
        entry = raw.jacobian_entries[k]
        if entry.flags & (_REACTIVE if reactive else _RESISTIVE):
            row, column = node_of[entry.nodes.node_1], node_of[entry.nodes.node_2]
            places.append(row * n + column if row < n and column < n else -1)
    return np.array(places, np.int64)
