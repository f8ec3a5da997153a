"""Cells, crossbars and netlists as circuits of PySpice; `pyspice_netlist` is the way back.

A block brings its ``.model`` lines along. What it cannot bring are the compiled models, which ngspice loads before it
reads a circuit: `rramcirc.simulate` does that by itself, PySpice's own simulator needs a command per file::

    simulator = circuit.simulator()
    for file in required_osdi(circuit):
        simulator.ngspice.exec_command(f"osdi {file}")
    analysis = simulator.transient(step_time=1e-8, end_time=1e-6)
"""

from __future__ import annotations

import ctypes.util
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from rramcirc.basics.arguments import check_kind
from rramcirc.basics.errors import EnvironmentProblem, NetlistError, ParameterError, a_kind, shown
from rramcirc.bench.analyses import OperatingPoint
from rramcirc.bench.design import Design
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.cell_netlist import cell_subcircuit, device_variables, initial_states
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.array.crossbar_netlist import crossbar_circuit
from rramcirc.circuits.elements import (
    MOST_CELLS_RECORDED,
    Capacitors,
    Devices,
    Group,
    Instances,
    PerElement,
    Resistors,
    Values,
)
from rramcirc.circuits.elements import Subcircuit as Block
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.veriloga.compile import compile_module
from rramcirc.devices.veriloga.library import library
from rramcirc.engines.netlist import Netlist
from rramcirc.engines.ngspice.spelling import device_letter
from rramcirc.engines.ngspice.words import number
from rramcirc.engines.spelling import each, model_sources
from rramcirc.waveforms.waveforms import Signal

if TYPE_CHECKING:
    from PySpice.Spice.Netlist import Circuit, SubCircuit

ANALYSES = (".op", ".dc", ".ac", ".tran", ".noise", ".disto", ".pz", ".sens", ".tf", ".sp", ".pss")
_MODEL_LINE = re.compile(r"^\s*\.model\s+\S+\s+(\w+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Origin:
    """What rramcirc knows of a PySpice circuit it made: Verilog-A files, and signals by the instance ``{x}``."""

    sources: tuple[Path, ...]
    signals: tuple[Signal, ...]
    by_default: frozenset[str] = frozenset()


def subcircuit(design: Design, name: str = "") -> SubCircuit:
    """Return a cell or a crossbar as a PySpice sub-circuit, without drivers.

    Parameters
    ----------
    design
        A cell: the ports are ``bl wl sl bulk`` (``bl wl`` of a 1R cell), and every instance parameter of the RRAM is a
        parameter of the sub-circuit. A crossbar: the ports are its lines, ``wl0 ... bl0 ... sl0 ... bulk``; wires
        are inside, the drivers and their resistance are not.
    name
        Name of the sub-circuit; default ``cell_1t1r``, ``crossbar_8x8``. PySpice keeps one sub-circuit per name, so
        two different cells in one circuit need a name each.

    Examples
    --------
    >>> block = subcircuit(Cell("hfo2_filament", "nmos_select"))
    >>> block.name, block.external_nodes, [element.name for element in block.elements]
    ('cell_1t1r', ('bl', 'wl', 'sl', 'bulk'), ['Nrram', 'Nsel'])
    """
    if isinstance(design, Cell):
        card = design.rram
        varying = {k: v.value for k, v in card.parameters.items() if v.instance and not isinstance(v.value, str)}
        varying |= design.rram_parameters
        states = initial_states(design)
        varying = {k: v for k, v in varying.items() if k.removesuffix("_ini") not in states}
        return _cell_block(cell_subcircuit(design, varying, states), design, name)
    if isinstance(design, Crossbar):
        return _crossbar_block(design, name)
    raise ParameterError(f"subcircuit: {shown(design)} is neither a Cell nor a Crossbar.")


def to_pyspice(netlist: Netlist) -> Circuit:
    """Return the circuit of an ngspice netlist for PySpice, without its analysis and its list of signals to save."""
    check_kind(netlist, Netlist, "to_pyspice", "a Netlist")
    if netlist.simulator != "ngspice":
        raise NetlistError(f"to_pyspice: the netlist is one for {netlist.simulator}; build it for ngspice.")
    title, _, text = netlist.text.partition("\n")
    circuit = _pyspice().Circuit(title)
    circuit.raw_spice = re.sub(r"\A(\*.*\n)+", "", "\n".join(circuit_lines(text, (".save", *ANALYSES))))
    circuit.rramcirc_origin = Origin(netlist.sources, netlist.signals)
    return circuit


def required_osdi(circuit: Circuit | SubCircuit) -> list[Path]:
    """Return the compiled models that a PySpice circuit needs, compiled if they are not in the cache.

    They are found by the blocks that rramcirc made and by ``.model`` lines that name a Verilog-A module of the library.
    """
    if not is_pyspice(circuit):
        raise ParameterError(f"required_osdi: a PySpice circuit is needed, not {a_kind(circuit)}.")
    return [compile_module(source).path for source in model_files(circuit)]


def model_files(circuit: Circuit | SubCircuit, text: str | None = None) -> tuple[Path, ...]:
    """Return the Verilog-A files whose compiled models a circuit needs, each once; `text` is str(circuit), if known."""
    found = [path for origin in _origins(circuit) for path in origin.sources]
    known = library()
    types = {name.lower() for name in _MODEL_LINE.findall(str(circuit) if text is None else text)}
    found += [known[name] for name in sorted(types & set(known))]
    return tuple({path.resolve(): path for path in found}.values())


def origin_of(circuit: Circuit | SubCircuit) -> Origin | None:
    """Return what rramcirc knows of a circuit that it made; None for others."""
    return getattr(circuit, "rramcirc_origin", None)


def is_pyspice(thing: object) -> bool:
    """Whether `thing` is an object of PySpice; says it without importing PySpice."""
    return any(cls.__module__.split(".")[0] == "PySpice" for cls in type(thing).__mro__)


def circuit_lines(text: str, commands: Sequence[str] = ()) -> list[str]:
    """Return the lines of a netlist without ``.control`` blocks, ``.end`` and the given dot commands."""
    kept, inside, left_out = [], False, False
    for line in text.splitlines():
        word = first_word(line)
        inside = inside or word == ".control"
        if not word.startswith("+"):
            left_out = word == ".end" or word in commands
        if not inside and not left_out:
            kept.append(line)
        inside = inside and word != ".endc"
    return kept


def first_word(line: str) -> str:
    """Return the first word of a line, lower-case; empty if there is none."""
    return line.split(None, 1)[0].lower() if line.strip() else ""


@lru_cache(maxsize=1)
def _pyspice() -> SimpleNamespace:
    """Import PySpice: its classes that are used here."""
    with warnings.catch_warnings():
        # '\s' in two docstrings of PySpice 1.5, reported when Python compiles the file for the first time
        for category in (DeprecationWarning, SyntaxWarning):
            warnings.filterwarnings("ignore", message=".*invalid escape sequence", category=category)
        try:
            from PySpice.Spice.BasicElement import SubCircuitElement
            from PySpice.Spice.ElementParameter import ElementNamePositionalParameter
            from PySpice.Spice.Netlist import Circuit, SubCircuit
            from PySpice.Spice.NgSpice.Shared import NgSpiceShared
        except ImportError as error:
            raise EnvironmentProblem(
                f"PySpice cannot be imported ({error}). Install it: pip install PySpice."
            ) from None
    _find_library(NgSpiceShared)
    return SimpleNamespace(
        Circuit=Circuit,
        SubCircuit=SubCircuit,
        SubCircuitElement=SubCircuitElement,
        ElementName=ElementNamePositionalParameter,
    )


def _find_library(shared: Any) -> None:
    """Tell PySpice's own simulator the name under which the system knows libngspice.

    PySpice looks for libngspice.so, which Debian has in its development package only; the library is libngspice.so.0.
    """
    if "{}" in str(shared.LIBRARY_PATH) and (found := ctypes.util.find_library("ngspice")):
        shared.LIBRARY_PATH = found


@lru_cache(maxsize=8)
def _device_class(letter: str) -> type:
    """Return the PySpice element of devices ``<letter>name nodes model parameter=value ...``.

    PySpice's own element of the letter N is a GSS device, and its transistors know few parameters.
    """
    pyspice = _pyspice()

    class Letter:  # a base of its own: PREFIX in an element class would enter the table of PySpice's parser
        PREFIX = letter.upper()

    class Device(Letter, pyspice.SubCircuitElement):  # type: ignore[misc, name-defined]  # PySpice has no types
        """A device with a model; `subcircuit_name` is the name of the model."""

        subcircuit_name = pyspice.ElementName(position=0, key_parameter=False)

    return Device


def _cell_block(block: Block, cell: Cell, name: str) -> SubCircuit:
    made = _converted(block, name)
    cards = [card for card in (cell.rram, cell.selector) if card]
    _add_models(made, cards)
    signals = tuple(
        Signal("{x}." + variable, unit, f"@n.{{x}}.nrram[{variable}]", 1, text)
        for variable, unit, text in device_variables(cell.rram)
    )
    made.rramcirc_origin = Origin(model_sources(cards), signals, _state_names(cell, signals))
    return made


def _crossbar_block(array: Crossbar, name: str) -> SubCircuit:
    """Return the array; the cell's sub-circuit is inside, so that its name and the models are the array's own."""
    circuit = crossbar_circuit(Testbench(array, OperatingPoint()))
    made = _pyspice().SubCircuit(name or f"crossbar_{array.rows}x{array.columns}", *circuit.lines)
    for block in circuit.subcircuits:
        made.subcircuit(_converted(block))
    _add_groups(made, circuit.block)
    _add_models(made, circuit.cards)
    signals = tuple(
        Signal(f"{{x}}.{variable}[{i},{j}]", unit, f"@n.{{x}}.n.xcell_{i}_{j}.nrram[{variable}]", 1, text)
        for variable, unit, text in device_variables(array.cell.rram)
        for i in range(array.rows)
        for j in range(array.columns)
    )
    by_default = _state_names(array.cell, signals) if array.rows * array.columns <= MOST_CELLS_RECORDED else frozenset()
    made.rramcirc_origin = Origin(model_sources(circuit.cards), signals, by_default)
    return made


def _state_names(cell: Cell, signals: Iterable[Signal]) -> frozenset[str]:
    states = {f"{{x}}.{state}" for state in cell.states}
    return frozenset(s.name for s in signals if s.name.split("[")[0] in states)


def _converted(block: Block, name: str = "") -> SubCircuit:
    parameters = {k: number(v) for k, v in block.parameters.items()}
    made = _pyspice().SubCircuit(name or block.name, *block.ports, **parameters)
    _add_groups(made, block.body)
    return made


def _add_groups(target: SubCircuit, groups: Iterable[Group]) -> None:
    for group in groups:
        match group:
            case Resistors():
                _add_dipoles(target.R, group.names, group.a, group.b, group.ohm)
            case Capacitors():
                _add_dipoles(target.C, group.names, group.a, group.b, group.farad)
            case Instances():
                for name, nodes, parameters in _rows(group):
                    target.X(name, group.subcircuit, *nodes, **parameters)
            case Devices():
                letter, model = device_letter(group.card)
                for name, nodes, parameters in _rows(group):
                    _device_class(letter)(target, name, model, *nodes, **parameters)


def _add_dipoles(
    add: Callable[..., object], names: Sequence[str], a: PerElement, b: PerElement, values: Values
) -> None:
    count = len(names)
    for row in zip(names, each(a, count), each(b, count), each(values, count), strict=True):
        add(*row)


def _rows(group: Instances | Devices) -> Iterable[tuple[str, tuple[str, ...], dict[str, str]]]:
    """Return (name, nodes, parameters) of every element of a group."""
    count = len(group.names)
    nodes = zip(*(each(column, count) for column in group.nodes), strict=True)
    columns = {k: each(v, count) for k, v in group.parameters.items()}
    for k, (name, row) in enumerate(zip(group.names, nodes, strict=True)):
        yield name, row, {parameter: number(values[k]) for parameter, values in columns.items()}


def _add_models(target: SubCircuit, cards: Iterable[ModelCard]) -> None:
    for card in cards:
        if card.library is not None:
            target.raw_spice += f'.lib "{card.library.path}" {card.library.section}\n'
            continue
        # PySpice drops one trailing underscore of a parameter name
        values = {f"{k}_" if k.endswith("_") else k: number(v) for k, v in card.model_values.items()}
        target.model(card.name, card.module or card.spice, **values)


def _origins(circuit: Any) -> list[Origin]:
    own = origin_of(circuit)
    return [*([own] if own else []), *(o for block in circuit.subcircuits for o in _origins(block))]
