"""Operating conditions against the cards: which devices left the range that their card holds for, how far and how long.

A model answers at any voltage; a card says where its numbers mean something. Leaving that range is a remark. A current
that no device survives is a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rramcirc.basics.arrays import BoolArray, FloatArray
from rramcirc.basics.units import format_number
from rramcirc.bench.stimuli import Floating, Pulse, PulseTrain
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.elements import GROUND, Circuit, Devices, Instances, PerElement
from rramcirc.devices.cards.model_card import ModelCard, Validity
from rramcirc.engines.drift import NO_VOLTAGE, ReadDose
from rramcirc.waveforms.raw import RawPlot

# condition of a card -> terminals between which it is a voltage
VOLTAGES: dict[str, tuple[str, str]] = {
    "cell_voltage": ("te", "be"),
    "device_voltage": ("te", "be"),
    "voltage": ("te", "be"),
    "gate_voltage": ("g", "b"),
    "gate_source_voltage": ("g", "s"),
    "drain_source_voltage": ("d", "s"),
}
TRANSISTOR = ("d", "g", "s", "b")
ELECTRODES = ("te", "be")
SURVIVED = Validity(-0.1, 0.1, "A")  # current of one device; a card may say `survived_current` in its [validity]
SLACK = 1e-3  # of the range: what coupling and rounding do
_POINTS_OF_A_BLOCK = 256


@dataclass(frozen=True)
class WatchedDevices:
    """Like devices of one card, and the vectors of their terminals.

    Attributes
    ----------
    card
        Their card.
    places
        Name of every device, as the netlist has it.
    terminals
        Terminal -> vector of every device; an empty one is ground.
    currents
        Op-variable that is the current of every device; none if the model has none.
    """

    card: ModelCard
    places: tuple[str, ...]
    terminals: Mapping[str, tuple[str, ...]]
    currents: tuple[str, ...] = ()


def watched_devices(circuit: Circuit) -> tuple[WatchedDevices, ...]:
    """Return the devices of a circuit, those of single cells and of arrays, whose cards say where they hold."""
    blocks = {block.name: block for block in circuit.subcircuits}
    found: list[WatchedDevices] = []
    for group in circuit.block:
        if isinstance(group, Devices):
            nodes = [[_of(column, k) for k in range(len(group.names))] for column in group.nodes]
            found += _watched(group, tuple(f"n{name}" for name in group.names), nodes)
        elif isinstance(group, Instances) and group.subcircuit in blocks:
            block = blocks[group.subcircuit]
            outer = dict(zip(block.ports, group.nodes, strict=True))
            for inner in block.body:
                if isinstance(inner, Devices) and len(inner.names) == 1:
                    paths = tuple(f"n.x{name}.n{inner.names[0]}" for name in group.names)
                    nodes = [_global_nodes(_of(column, 0), outer, group.names) for column in inner.nodes]
                    found += _watched(inner, paths, nodes)
    return tuple(found)


def _of(column: PerElement, k: int) -> str:
    return column if isinstance(column, str) else column[k]


def _global_nodes(node: str, outer: Mapping[str, PerElement], instances: Sequence[str]) -> list[str]:
    """Return what a node of a block is called outside, in every instance."""
    if node in outer:
        given = outer[node]
        return [given] * len(instances) if isinstance(given, str) else list(given)
    return [GROUND] * len(instances) if node == GROUND else [f"x{name}.{node}" for name in instances]


def _watched(group: Devices, paths: tuple[str, ...], nodes: list[list[str]]) -> Iterator[WatchedDevices]:
    card = group.card
    if not card.validity and not card.states:
        return
    ports = card.declaration.ports if card.declaration is not None else TRANSISTOR
    terminals = {
        port: tuple("" if node == GROUND else f"v({node})" for node in column)
        for port, column in zip(ports, nodes, strict=False)
    }
    known = card.declaration is not None and "current" in card.declaration.op_variables and bool(card.states)
    currents = tuple(f"@{path}[current]" for path in paths) if known else ()
    yield WatchedDevices(card, tuple(path.removeprefix("n.") for path in paths), terminals, currents)


def vectors_of(watched: Sequence[WatchedDevices]) -> tuple[str, ...]:
    """Return all vectors that the devices are watched by, each once."""
    found: dict[str, None] = {}
    for devices in watched:
        wanted = dict.fromkeys(terminal for name in devices.card.validity for terminal in VOLTAGES.get(name, ()))
        for terminal in (name for name in wanted if name in devices.terminals):
            found |= dict.fromkeys(vector for vector in devices.terminals[terminal] if vector)
        found |= dict.fromkeys(devices.currents)
        if devices.card.read_advice:
            found |= dict.fromkeys(v for end in ELECTRODES for v in devices.terminals.get(end, ()) if v)
    return tuple(found)


def outside_validity(bench: Testbench, watched: Sequence[WatchedDevices], plot: RawPlot) -> tuple[list[str], list[str]]:
    """Return (problems, remarks): currents that nothing survives, and conditions outside the cards.

    One remark per condition of a card: the worst device, its value, for how long, how many more.
    """
    problems: list[str] = []
    remarks = list(of_the_bench(bench, [devices.card for devices in watched]))
    columns = _Columns(plot)
    for devices in watched:
        for name, limits in devices.card.validity.items():
            ends = VOLTAGES.get(name)
            if ends is not None and set(ends) <= set(devices.terminals):
                plus, minus = (devices.terminals[end] for end in ends)
                values = columns.difference(plus, minus)
            elif name == "current" and devices.currents:
                values = columns.single(devices.currents)
            else:
                continue
            found = columns.worst(values, limits, devices.places)
            if found:
                remarks.append(f"{devices.card.name}: {name} of {found}; the card does not hold there")
        if devices.card.read_advice:
            remarks += columns.read_too_long(devices, bench.temperature)
        survived = devices.card.validity.get("survived_current", SURVIVED)
        if devices.currents:
            found = columns.worst(columns.single(devices.currents), survived, devices.places)
            if found:
                problems.append(f"current of {found}; no device carries that")
    unseen = [w for w in watched if w.card.states and (not w.currents or columns.single(w.currents) is None)]
    if unseen and not problems:  # else their own tell more
        most = [w.card.validity.get("survived_current", SURVIVED).maximum * len(w.places) for w in watched]
        problems += columns.drivers(max(sum(most), SURVIVED.maximum))
        limit = min(w.card.validity.get("survived_current", SURVIVED).maximum for w in unseen)
        remarks += [] if problems or bench.matrices else columns.beyond(bench, limit)
    return problems, remarks


def of_the_bench(bench: Testbench, cards: Sequence[ModelCard]) -> Iterator[str]:
    """Yield a sentence for the temperature and the pulse widths of a testbench that a card does not hold for."""
    for card in dict.fromkeys(cards):
        limits = card.validity.get("temperature")
        if limits and not limits.minimum <= bench.temperature <= limits.maximum:
            yield (
                f"{card.name}: temperature is {bench.temperature:g} K, outside {limits.minimum:g} ... "
                f"{limits.maximum:g} K; the card does not hold there"
            )
        limits = card.validity.get("pulse_width")
        if limits and card.states:
            widths = [s.width for s in bench.stimuli.values() if isinstance(s, (Pulse, PulseTrain)) and s.unit == "V"]
            bad = [width for width in widths if not limits.minimum <= width <= limits.maximum]
            if bad:
                yield (
                    f"{card.name}: a pulse is {format_number(bad[0], 's')} wide, outside "
                    f"{format_number(limits.minimum, 's')} ... {format_number(limits.maximum, 's')}; the card does not "
                    "hold there"
                )


Values = Callable[[slice], FloatArray]


class Farthest:
    """How far many devices went outside a range, and for how long; points are added as they come."""

    def __init__(self, limits: Validity, devices: int) -> None:
        self.limits = limits
        self.slack = SLACK * (limits.maximum - limits.minimum)
        self.away, self.value, self.lasting = (np.zeros(devices) for _ in range(3))
        self.timed = False

    def add(self, block: FloatArray, weight: FloatArray | None = None) -> None:
        """Add (points, devices) values; `weight` (points,) is the time [s] that each point stands for."""
        self.timed |= weight is not None
        least, most = self.limits.minimum - self.slack, self.limits.maximum + self.slack
        if block.size == 0 or (block.min() >= least and block.max() <= most):
            return
        beyond = np.maximum(self.limits.minimum - self.slack - block, block - self.limits.maximum - self.slack)
        column, k = np.arange(block.shape[1]), beyond.argmax(axis=0)
        top = beyond[k, column]
        self.value = np.where(top > self.away, block[k, column], self.value)
        self.away = np.maximum(self.away, top)
        if weight is not None:
            outside: BoolArray = beyond > 0
            self.lasting += weight @ outside

    def text(self, places: Sequence[str]) -> str:
        """Say which device is farthest outside, its value, for how long, and how many are outside; empty if none is."""
        bad = np.flatnonzero(self.away > 0)
        if not bad.size:
            return ""
        d, limits = int(bad[np.argmax(self.away[bad])]), self.limits
        text = f"{places[d]} is {format_number(float(self.value[d]), limits.unit)}, outside "
        text += f"{format_number(limits.minimum, limits.unit)} ... {format_number(limits.maximum, limits.unit)}"
        if self.timed:
            text += f", for {format_number(float(self.lasting[d]), 's')}"
        return text + (f" (and {bad.size - 1} devices more)" if bad.size > 1 else "")


class _Columns:
    """Columns of a plot, read block by block of points."""

    def __init__(self, plot: RawPlot) -> None:
        self.plot = plot
        self.place = {name: k for k, name in enumerate(plot.names)}
        time = np.asarray(plot.data[:, 0].real, float) if plot.kinds[:1] == ("time",) and plot.n_points > 1 else None
        self.time = time
        halves = (np.diff(time, prepend=time[0]), np.diff(time, append=time[-1])) if time is not None else ()
        self.weight = 0.5 * sum(halves, np.zeros(self.plot.n_points)) if halves else None

    def _of(self, vectors: Sequence[str]) -> FloatArray | None:
        found = [self.place.get(v, self.place.get(f"v({v})", -1)) if v else -2 for v in vectors]
        return None if -1 in found else np.array(found)

    def single(self, vectors: Sequence[str]) -> Values | None:
        """Return a function of a slice of points: (points, devices) values; None if a vector is not there."""
        columns = self._of(vectors)
        return None if columns is None else lambda part: self._block(part, columns)

    def difference(self, plus: Sequence[str], minus: Sequence[str]) -> Values | None:
        """Return the same of the difference of two vectors of every device."""
        first, second = self._of(plus), self._of(minus)
        if first is None or second is None:
            return None
        return lambda part: self._block(part, first) - self._block(part, second)

    def _block(self, part: slice, columns: FloatArray) -> FloatArray:
        data = np.asarray(self.plot.data[part])
        values: FloatArray = np.where(columns >= 0, data[:, np.maximum(columns, 0)].real, 0.0)
        return values

    def worst(self, values: Values | None, limits: Validity, places: Sequence[str]) -> str:
        """Say which device is farthest outside, its value, for how long, and how many are outside; empty if none is."""
        if values is None or not places:
            return ""
        seen = Farthest(limits, len(places))
        for start in range(0, self.plot.n_points, _POINTS_OF_A_BLOCK):
            part = slice(start, start + _POINTS_OF_A_BLOCK)
            seen.add(values(part), None if self.weight is None else self.weight[part])
        return seen.text(places)

    def read_too_long(self, devices: WatchedDevices, temperature: float) -> list[str]:
        """Return a sentence if devices were read for longer than the read advice of their card allows."""
        volts = self.difference(*(devices.terminals.get(end, ()) for end in ELECTRODES))
        amperes = self.single(devices.currents)
        if volts is None or amperes is None or self.weight is None or not devices.places:
            return []
        dose = ReadDose(devices.card, temperature, self._first_resistance(volts, amperes, len(devices.places)))
        parts = [slice(k, k + _POINTS_OF_A_BLOCK) for k in range(0, self.plot.n_points, _POINTS_OF_A_BLOCK)]
        whole = sum((self.weight[part] @ dose.rate(volts(part)) for part in parts), np.zeros(len(devices.places)))
        if whole.max() <= 1.0:
            return []  # not even without counting anew after writes
        for part in parts:
            dose.add(volts(part), self.weight[part])
        return [text] if (text := dose.text(devices.places)) else []

    def _first_resistance(self, volts: Values, amperes: Values, count: int) -> FloatArray:
        """Return the resistance of every device where its voltage first tells one [ohm]; infinite if none does."""
        found = np.full(count, np.inf)
        for start in range(0, self.plot.n_points, _POINTS_OF_A_BLOCK):
            part = slice(start, start + _POINTS_OF_A_BLOCK)
            v, i = volts(part), amperes(part)
            told = (np.abs(v) > NO_VOLTAGE) & (i != 0.0)
            first, column = told.argmax(axis=0), np.arange(count)
            new = told.any(axis=0) & np.isinf(found)
            found[new] = np.abs(v[first, column] / np.where(i[first, column] == 0.0, 1.0, i[first, column]))[new]
            if not np.isinf(found).any():
                break
        return found

    def drivers(self, most: float) -> list[str]:
        """Return a sentence per driver whose current all devices together could not carry."""
        problems = []
        for name, k in self.place.items():
            if name.startswith("i(v") and self.plot.n_points:
                largest = float(np.max(np.abs(self.plot.data[:, k])))
                if largest > most:
                    line = name[3:-1]
                    problems.append(
                        f"the driver of {line} gives {format_number(largest, 'A')}, more than all devices carry"
                    )
        return problems

    def beyond(self, bench: Testbench, limit: float) -> list[str]:
        """Return a sentence if one cell may carry more than `limit` [A], as far as the drivers tell.

        What flows through a cell flows through drivers, too, so none carries more than they give together.
        """
        given = self._given(bench)
        if given is not None and given <= limit:
            return []
        told = "what the drivers give was not recorded" if given is None else f"all drivers give {given:.3g} A together"
        return [
            f"currents of single cells were not compared with the {limit:g} A that a device survives: {told}, and so "
            "many cells are not recorded one by one; record some by probes, or use the engine numpy, which follows all"
        ]

    def _given(self, bench: Testbench) -> float | None:
        """Return the largest current [A] that all drivers give together; None if one is not recorded."""
        flow = np.zeros(self.plot.n_points)
        for line in bench.design.lines:
            stimulus = bench.stimulus(line)
            if isinstance(stimulus, Floating):
                continue
            if stimulus.unit == "A":
                flow += 0.5 * float(np.abs(stimulus.corners()[1]).max())  # once in, once out
            elif f"i(v{line})" in self.place:
                flow += 0.5 * np.abs(self.plot.data[:, self.place[f"i(v{line})"]])
            elif line != "nz":
                return None
        return float(flow.max(initial=0.0))
