"""Own values in studies: fields of a record by FIELD=VALUE; cell, pulses, neuron or array of a testbench file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rramcirc.basics.errors import ParameterError, a_kind, unknown_name
from rramcirc.basics.units import parse_number

if TYPE_CHECKING:
    from rramcirc.bench.synapse_pulses import SynapsePulses
    from rramcirc.circuits.array.cell import Cell
    from rramcirc.circuits.array.crossbar import Crossbar
    from rramcirc.circuits.neuron.neuron import LifNeuron
    from rramcirc.circuits.readout.readout import Readout
    from rramcirc.studies.array.setup import ReadArray

Record = TypeVar("Record")
bench_argument = click.argument("bench", required=False, metavar="[BENCH.toml]")


def with_fields(record: Record, settings: Sequence[str], option: str = "--set") -> Record:
    """Return a record with some fields set.

    Parameters
    ----------
    settings
        ``path=value`` each, a number with prefix and unit as in ``capacitance=10pF``, or a word.

    Raises
    ------
    ParameterError
        If there is no such field, with the nearest names, or it cannot have the value.

    Examples
    --------
    >>> from rramcirc.bench.synapse_pulses import SynapsePulses
    >>> with_fields(SynapsePulses(), ["gate_width=5ms"]).gate_width
    0.005
    """
    for setting in settings:
        path, equals, text = setting.partition("=")
        if not equals:
            raise ParameterError(f"{option} {setting}: write FIELD=VALUE, as in {option} capacitance=10p.")
        record = _with_field(record, path.strip().split("."), text.strip(), f"{option} {path.strip()}")
    return record


def _with_field(record: Any, path: Sequence[str], text: str, where: str) -> Any:
    known = {of.name: of for of in fields(record) if of.init and not of.name.startswith("_")}
    name, *rest = path
    if name not in known:
        raise ParameterError(f"{where}: {unknown_name('field', name, known)}")
    old = getattr(record, name)
    if is_dataclass(old):
        if not rest:
            raise ParameterError(
                f"{where}: is a record; set one of its fields, {', '.join(f.name for f in fields(old))}."
            )
        return replace(record, **{name: _with_field(old, rest, text, where)})
    if rest:
        raise ParameterError(f"{where}: {name!r} is a single value, it has no {rest[0]!r}.")
    if isinstance(old, str):
        return replace(record, **{name: text})
    if isinstance(old, int | float) and not isinstance(old, bool):
        unit = known[name].metadata.get("units", "1")
        return replace(record, **{name: parse_number(text, "" if unit == "1" else unit, where)})
    raise ParameterError(f"{where}: holds no number or word; write it into a BENCH.toml.")


def neuron_of(path: str) -> LifNeuron:
    """Return the neuron of a testbench file: its design, or that of its network."""
    from rramcirc.circuits.bench_file import load_bench
    from rramcirc.circuits.neuron.neuron import LifNeuron

    design = load_bench(path).design
    found = design if isinstance(design, LifNeuron) else getattr(design, "neuron", None)
    if not isinstance(found, LifNeuron):
        raise ParameterError(f"{path}: {a_kind(design)} has no LIF neuron; give the testbench of a lif or a network.")
    return found


def synapse_of(path: str) -> tuple[Cell, SynapsePulses | None]:
    """Return the cell of a testbench file, and the pulses of its neurons; None if it has none."""
    from rramcirc.circuits.bench_file import load_bench

    design = load_bench(path).design
    return cell_of(path), getattr(getattr(design, "neuron", None), "pulses", None)


def cell_of(path: str) -> Cell:
    """Return the cell of a testbench file, or that of its array."""
    from rramcirc.circuits.array.cell import Cell
    from rramcirc.circuits.bench_file import load_bench

    design = load_bench(path).design
    design = getattr(design, "array", design)
    cell = design if isinstance(design, Cell) else getattr(design, "cell", None)
    if not isinstance(cell, Cell):
        raise ParameterError(f"{path}: {a_kind(design)} has no cell; give the testbench of a cell, array or network.")
    return cell


def readout_of(path: str) -> tuple[Crossbar, Readout]:
    """Return the array of a testbench file of a readout, and its channels.

    Raises
    ------
    ParameterError
        If it is no readout.
    """
    from rramcirc.circuits.bench_file import load_bench
    from rramcirc.circuits.readout.readout import ReadoutArray

    design = load_bench(path).design
    if not isinstance(design, ReadoutArray):
        raise ParameterError(f"{path}: {a_kind(design)} has no readout; give the testbench of a readout.")
    return design.array, design.readout


def array_of_bench(path: str, levels: Mapping[str, float]) -> ReadArray:
    """Return the crossbar of a testbench file as a study takes it; its states are the study's own.

    Raises
    ------
    ParameterError
        If it is no crossbar, or has what the study's array cannot have: wires that differ, capacitance, defects.
    """
    from rramcirc.circuits.array.crossbar import Crossbar
    from rramcirc.circuits.array.defects import Defects
    from rramcirc.circuits.bench_file import load_bench
    from rramcirc.studies.array.setup import ReadArray

    design = load_bench(path).design
    array = design if isinstance(design, Crossbar) else getattr(design, "array", None)
    if not isinstance(array, Crossbar):
        raise ParameterError(f"{path}: {a_kind(design)} has no crossbar; give the testbench of a crossbar.")
    used = [array.bl, array.wl] + ([array.sl] if array.cell.selector is not None else [])
    if len({(line.resistance, line.driver_resistance) for line in used}) > 1 or array.defects not in (None, Defects()):
        raise ParameterError(
            f"{path}: the arrays of this study have equal wires and drivers on all lines and no defects. Make "
            "them equal, or give them as --wire-resistance and --driver-resistance without a file."
        )
    selector = array.cell.selector
    return ReadArray(
        array.cell.rram, array.rows, array.columns, wire_resistance=array.bl.resistance,
        driver_resistance=array.bl.driver_resistance, selector="none" if selector is None else str(selector.path),
        source_line=array.source_line, **levels,
    )  # fmt: skip
