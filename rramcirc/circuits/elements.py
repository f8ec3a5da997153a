"""A circuit as groups of like elements, before any simulator's syntax.

The generators of `rramcirc.circuits` make a `Circuit` from a testbench; a dialect (ngspice, VACASK, PySpice) spells it.
Elements come in groups with one list per column, because arrays have many like elements and text is made fastest so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from rramcirc.basics.errors import ParameterError, unknown_name
from rramcirc.bench.stimuli import Driven
from rramcirc.devices.cards.model_card import ModelCard

GROUND = "0"

# One name or value for all elements of a group, or one per element.
Names = Sequence[str]
PerElement = str | Sequence[str]
Values = float | Sequence[float]


@dataclass(frozen=True)
class Resistors:
    """Resistors `names` between nodes `a` and `b` [ohm]."""

    names: Names
    a: PerElement
    b: PerElement
    ohm: Values
    comment: str = ""


@dataclass(frozen=True)
class Capacitors:
    """Capacitors `names` between nodes `a` and `b` [F]."""

    names: Names
    a: PerElement
    b: PerElement
    farad: Values
    comment: str = ""


@dataclass(frozen=True)
class Source:
    """An independent source from `minus` (ground) to `node`; `ac` is the magnitude of its small signal [V or A]."""

    name: str
    node: str
    stimulus: Driven
    ac: float = 0.0
    minus: str = GROUND


@dataclass(frozen=True)
class Switches:
    """Voltage-controlled switches between nodes `a` and `b`, all of one kind.

    Closed (`on` [ohm]) when v(`control`) - v(`control_minus`) rises above `threshold` + `hysteresis`, open (`off`
    [ohm]) when it falls below `threshold` - `hysteresis` [V]. `model` names the kind; it must be unique in its block.
    """

    names: Names
    a: PerElement
    b: PerElement
    control: PerElement
    model: str
    threshold: float | str
    hysteresis: float | str = 0.0
    on: float | str = 1.0
    off: float | str = 1e12
    control_minus: PerElement = GROUND
    comment: str = ""


@dataclass(frozen=True)
class Controlled:
    """Linear controlled sources of one kind.

    `kind` is ``"vcvs"`` (gain [V/V]), ``"vccs"`` ([A/V], current flows from `a` through the source to `b`), ``"cccs"``
    ([A/A]) or ``"ccvs"`` ([V/A]). `control` and `control_minus` are nodes; for ``cccs`` and ``ccvs`` `control` is the
    name of the `Source` whose current (into its `node` terminal, through itself) counts.
    """

    names: Names
    kind: str
    a: PerElement
    b: PerElement
    control: PerElement
    gain: Values | str
    control_minus: PerElement = GROUND
    comment: str = ""


@dataclass(frozen=True)
class Behavioural:
    """Sources whose voltage or current is an expression of node voltages, in SPICE's words: ``v(a)``, ``max(x, y)``.

    `unit` is ``"V"`` (voltage of `a` against `b`) or ``"A"`` (current from `a` through the source to `b`). Not for
    devices: those are Verilog-A.
    """

    names: Names
    a: PerElement
    b: PerElement
    expressions: PerElement
    unit: str = "V"
    comment: str = ""


@dataclass(frozen=True)
class Devices:
    """Compiled or built-in devices of one card; `nodes` has one entry per terminal."""

    names: Names
    nodes: tuple[PerElement, ...]
    card: ModelCard
    parameters: Mapping[str, Values | str]
    comment: str = ""


@dataclass(frozen=True)
class Instances:
    """Instances of one subcircuit; `nodes` has one entry per port."""

    names: Names
    nodes: tuple[PerElement, ...]
    subcircuit: str
    parameters: Mapping[str, Values]
    comment: str = ""


Group = Resistors | Capacitors | Source | Switches | Controlled | Behavioural | Devices | Instances


@dataclass(frozen=True)
class Subcircuit:
    """A named block: ports, parameters with defaults, and what is inside."""

    name: str
    ports: tuple[str, ...]
    parameters: Mapping[str, float]
    body: tuple[Group, ...]
    comment: str = ""


@dataclass(frozen=True)
class Probe:
    """One signal and where a simulator finds it.

    `kind` is ``"voltage"`` (of node `item`), ``"current"`` (that source `item` drives out of its node),
    ``"swept current"`` (the same of a `Behavioural` source, which drives a line of a `VectorSweep`) or ``"variable"``
    (op-variable `item` of the device at `path`, a subcircuit instance and a device).
    """

    name: str
    unit: str
    kind: str
    item: str
    path: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class CellProbes:
    """The same signal in every cell of an array: ``base[row,column]``.

    `item` and `path` hold ``{i}`` and ``{j}`` for row and column.
    """

    base: str
    unit: str
    kind: str
    item: str
    path: tuple[str, ...] = ()
    description: str = ""
    by_default: bool = False

    def at(self, i: int, j: int) -> Probe:
        """Return the probe of cell [i, j]."""
        fill = {"i": i, "j": j}
        path = tuple(p.format_map(fill) for p in self.path)
        name = f"{self.base[:-1]}[{i},{j}])" if self.base.endswith(")") else f"{self.base}[{i},{j}]"
        return Probe(name, self.unit, self.kind, self.item.format_map(fill), path, self.description)


@dataclass(frozen=True)
class SpikeSignals:
    """Voltages that tell when neurons fire: `probes`, one for each, cross `level` [V], downwards if `falling`."""

    probes: tuple[Probe, ...]
    level: float
    falling: bool


@dataclass(frozen=True)
class Circuit:
    """What a dialect needs to spell a testbench's circuit: the block between its lines, and their drivers.

    `missing` holds (row, column) of the cells of an array that are not there; `ports` are the nodes by which an
    exported block is connected if they are more than its lines. `electrodes` are the lines whose voltages reach the
    electrodes of devices with states, not only gates; None is all of them, and ground. `spikes` tells when its neurons
    fire.
    """

    title: str
    subcircuits: tuple[Subcircuit, ...]
    block: tuple[Group, ...]
    drivers: tuple[Group, ...]
    lines: tuple[str, ...]
    probes: tuple[Probe, ...]
    cell_probes: tuple[CellProbes, ...] = ()
    shape: tuple[int, int] = (1, 1)
    cards: tuple[ModelCard, ...] = ()
    missing: frozenset[tuple[int, int]] = frozenset()
    ports: tuple[str, ...] = ()
    electrodes: tuple[str, ...] | None = None
    spikes: SpikeSignals | None = None

    def cells_of(self, family: CellProbes) -> list[tuple[int, int]]:
        """Return (row, column) of the cells that have a signal: all for those of lines, else those that are there."""
        rows, columns = self.shape
        absent = self.missing if family.path else frozenset()
        return [(i, j) for i in range(rows) for j in range(columns) if (i, j) not in absent]

    @property
    def groups(self) -> tuple[Group, ...]:
        """The block and its drivers."""
        return self.block + self.drivers


_INDEXED = re.compile(r"^(?P<base>[^\[\]]*)\[(?P<row>[^,\]]*),(?P<column>[^,\]]*)\](?P<close>\)?)$")


def select_probes(circuit: Circuit, patterns: Iterable[str]) -> list[Probe]:
    """Return the probes that match the patterns, each once, in order.

    ``i(bl*)`` matches names, ``gap[2,*]``, ``gap[0:4,1]`` and ``v(be[*,3])`` match cells.

    Raises
    ------
    ParameterError
        If a pattern matches nothing; names the nearest signals.
    """
    found: dict[str, Probe] = {}
    for pattern in patterns:
        hits = _matches(circuit, str(pattern).replace(" ", ""))
        if not hits:
            raise ParameterError(f"probes: {_no_such_probe(circuit, pattern)}")
        found.update((p.name, p) for p in hits)
    return list(found.values())


def chosen_probes(circuit: Circuit, patterns: Sequence[str], small_signal: bool = False) -> list[Probe]:
    """Return the probes of a testbench: those that match its patterns, or else a useful default.

    The default is all lines, and the states of arrays up to `MOST_CELLS_RECORDED` cells.

    Parameters
    ----------
    patterns
        Names and patterns as `select_probes` takes them; empty is the default.
    small_signal
        Whether the analysis is one of small signals. Op-variables have no small-signal value (ngspice packs two of them
        into one complex number), so they are left out by default and refused by name.
    """
    probes = select_probes(circuit, patterns) if patterns else _default_probes(circuit)
    if not small_signal:
        return probes
    variables = [p.name for p in probes if p.kind == "variable"]
    if variables and patterns:
        raise ParameterError(
            f"probes: {', '.join(variables[:5])} has no small-signal value; "
            "an AC analysis records voltages and currents."
        )
    return [p for p in probes if p.kind != "variable"]


MOST_CELLS_RECORDED = 256


def _default_probes(circuit: Circuit) -> list[Probe]:
    rows, columns = circuit.shape
    chosen = list(circuit.probes)
    if rows * columns <= MOST_CELLS_RECORDED:
        chosen += [f.at(i, j) for f in circuit.cell_probes if f.by_default for i, j in circuit.cells_of(f)]
    return chosen


def _matches(circuit: Circuit, pattern: str) -> list[Probe]:
    indexed = _INDEXED.match(pattern)
    if indexed is None:
        return [p for p in circuit.probes if fnmatchcase(p.name, pattern)]
    base = indexed["base"] + indexed["close"]
    families = [f for f in circuit.cell_probes if fnmatchcase(f.base, base)]
    rows = _indices(indexed["row"], circuit.shape[0], pattern)
    columns = _indices(indexed["column"], circuit.shape[1], pattern)
    return [f.at(i, j) for f in families for i in rows for j in columns if not f.path or (i, j) not in circuit.missing]


def _indices(text: str, count: int, pattern: str) -> Sequence[int]:
    if text == "*":
        return range(count)
    try:
        if ":" in text:
            first, last = text.split(":")
            return range(count)[slice(int(first or 0), int(last or count))]
        index = int(text)
    except ValueError:
        raise ParameterError(f"probes: {pattern!r} has the index {text!r}; write a number, first:last or *.") from None
    if not 0 <= index < count:
        raise ParameterError(f"probes: {pattern!r} has the index {index}, outside 0 ... {count - 1}.")
    return (index,)


def _no_such_probe(circuit: Circuit, pattern: str) -> str:
    known = [p.name for p in circuit.probes]
    known += [f.at(*place).name for f in circuit.cell_probes for place in circuit.cells_of(f)[:1]]
    return unknown_name("signal", str(pattern), known)
