"""Readout circuits: one channel, or an array with channels at its lines; sample and hold, ADC, sense amplifiers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rramcirc.bench.analyses import OperatingPoint
from rramcirc.bench.stimuli import Constant, check_driven, sample
from rramcirc.bench.testbench import Testbench, describe
from rramcirc.circuits.array.cell_netlist import current_kind, drive, is_voltage_driven
from rramcirc.circuits.array.crossbar_netlist import crossbar_circuit
from rramcirc.circuits.elements import (
    GROUND,
    Behavioural,
    Capacitors,
    Circuit,
    Group,
    Instances,
    Probe,
    Resistors,
    Source,
    Switches,
)
from rramcirc.circuits.readout.readout import Readout, ReadoutArray
from rramcirc.circuits.readout.stages import stage_subcircuits

SWITCH_OFF = 1e12  # [ohm], of an open sampling switch


@dataclass(frozen=True)
class Channel:
    """One output: its suffix, the stage of its line, and the stages that are subtracted."""

    suffix: str
    plus: int
    minus: tuple[int, ...] = ()


def readout_circuit(bench: Testbench) -> Circuit:
    """Return the circuit of one channel of readout, each input behind the source resistance."""
    readout = bench.design
    assert isinstance(readout, Readout)  # by the table of circuits
    inputs = readout.inputs
    minus = tuple(range(1, len(inputs)))
    channels = [Channel("", 0, minus)]
    offsets = np.full(len(inputs), readout.offset)
    block = _stages(readout, inputs, channels, offsets) + _behind(readout, channels, bench)
    drivers = [group for line in inputs for group in drive(bench, line, readout.source_resistance)]
    drivers += [group for line in readout.required_lines for group in drive(bench, line)]
    known = _known_outputs(readout, channels)
    return Circuit(
        title=describe(readout),
        subcircuits=stage_subcircuits(readout, bench.temperature),
        block=tuple(block),
        drivers=(*drivers, *_supplies(readout)),
        lines=readout.lines,
        probes=(*_line_probes(bench, inputs, ()), *known),
        cards=readout.cards,
        ports=(*readout.lines, *(p.item for p in known if p.kind == "voltage" and p.item != "ref"), "ref", "vdd"),
    )


def readout_array_circuit(bench: Testbench) -> Circuit:
    """Return the circuit of an array with a readout at every line of one kind."""
    design = bench.design
    assert isinstance(design, ReadoutArray)  # by the table of circuits
    readout, array = design.readout, design.array
    inner = crossbar_circuit(replace(bench, design=array, analysis=OperatingPoint(), stimuli={}, probes=()))
    inputs, mux = _read_nodes(design)
    channels = _channels(design)
    offsets = np.full(len(inputs), readout.offset) if design.offsets is None else design.offsets
    own = _stages(readout, inputs, channels, offsets) + _behind(readout, channels, bench)
    drivers: list[Group] = [g for g in inner.drivers if isinstance(g, Source) and g.name.startswith("nz_")]
    for line in design.lines:
        family = getattr(array, line.rstrip("0123456789"), None)
        drivers += drive(bench, line, family.driver_resistance if family is not None else 0.0)
    known = _known_outputs(readout, channels)
    return Circuit(
        title=describe(design),
        subcircuits=(*inner.subcircuits, *stage_subcircuits(readout, bench.temperature)),
        block=(*inner.block, *mux, *own),
        drivers=(*drivers, *_supplies(readout)),
        lines=design.lines,
        probes=(*_line_probes(bench, design.lines, design.read_lines), *known),
        cell_probes=inner.cell_probes,
        shape=inner.shape,
        cards=design.cards,
        missing=inner.missing,
        ports=(*design.lines, *(p.item for p in known if p.kind == "voltage" and p.item != "ref"), "ref", "vdd"),
        electrodes=inner.electrodes,
    )


def _stages(readout: Readout, inputs: Sequence[str], channels: Sequence[Channel], offsets: np.ndarray) -> list[Group]:
    """Return one stage per line, and what makes outputs of them."""
    outputs = [f"out{c.suffix}" for c in channels]
    mirror = readout.kind == "mirror"
    if readout.pairing == "single" or mirror:
        stages = {k: f"out{c.suffix}" for c in channels for k in (c.plus, *c.minus)}
    else:
        stages = {k: f"stage_{line}" for k, line in enumerate(inputs)}
    second = {k for c in channels for k in c.minus} if mirror else set()
    groups: list[Group] = []
    blocks = {f"readout_{readout.kind}": set(stages) - second, "readout_mirror_minus": second}
    for name, members in blocks.items():
        if members:
            lines = sorted(members)
            nodes = ([inputs[k] for k in lines], [stages[k] for k in lines], "ref", "vdd")
            differ = {} if np.all(offsets == readout.offset) else {"offset": [float(offsets[k]) for k in lines]}
            groups.append(Instances([f"read_{inputs[k]}" for k in lines], nodes, name, differ, "readout of lines"))
    if mirror:
        farad = readout.feedback_capacitance
        groups.append(Resistors(outputs, outputs, "ref", readout.feedback_resistance, "current to voltage"))
        groups += [Capacitors(outputs, outputs, "ref", farad)] if farad else []
    elif readout.pairing != "single":
        sign = "-" if readout.kind == "tia" else "+"
        texts = [_difference(stages, channel, sign) for channel in channels]
        groups.append(Behavioural(outputs, outputs, GROUND, texts, comment="differences, within the supply"))
    return groups


def _difference(stages: Mapping[int, str], channel: Channel, sign: str) -> str:
    subtracted = " + ".join(f"v({stages[k]})" for k in channel.minus)
    mean = subtracted if len(channel.minus) == 1 else f"({subtracted}) / {len(channel.minus)}"
    return f"min(max(v(ref) {sign} (v({stages[channel.plus]}) - {mean}), 0), v(vdd))"


def _sampler(readout: Readout, outputs: list[str], held: list[str], bench: Testbench) -> Group:
    """Return the switches of the sample and holds; for small signals the resistors that they are at that level.

    ngspice 46 takes every switch as open in ``.ac`` and ``.noise``, whatever its control says at the operating point.
    """
    if bench.analysis.small_signal:
        closed = float(sample(check_driven(bench.stimulus("sample"), "sample"), 0.0)) > readout.supply / 2
        ohm = readout.switch_resistance if closed else SWITCH_OFF
        return Resistors([f"sampler_{h}" for h in held], outputs, held, ohm, "sample and hold: the switch")
    return Switches(
        held, outputs, held, "sample", "sampler", readout.supply / 2, on=readout.switch_resistance, off=SWITCH_OFF,
        comment="sample and hold",
    )  # fmt: skip


def _behind(readout: Readout, channels: Sequence[Channel], bench: Testbench) -> list[Group]:
    """Return sample and hold, ADC and sense amplifier of every output."""
    suffixes = [c.suffix for c in channels]
    groups: list[Group] = []
    outputs = [f"out{s}" for s in suffixes]
    if readout.sample_hold:
        held = [f"held{s}" for s in suffixes]
        groups += [
            _sampler(readout, outputs, held, bench),
            Capacitors(held, held, GROUND, readout.hold_capacitance),
        ]
        outputs = held
    if readout.bits:
        codes, most = [f"code{s}" for s in suffixes], 2**readout.bits
        texts = [f"min(max(floor(v({node}) * {most} / {readout.supply!r}), 0), {most - 1})" for node in outputs]
        groups.append(Behavioural(codes, codes, GROUND, texts, comment=f"ADC, {readout.bits} bit"))
    if readout.sense_threshold is not None:
        bits = [f"bit{s}" for s in suffixes]
        volts = readout.common_mode + readout.sign * readout.feedback_resistance * readout.sense_threshold
        gain = readout.sign * readout.sense_gain
        texts = [
            f"min(max({readout.supply / 2!r} + {gain!r} * (v({node}) - {volts!r}), 0), v(vdd))" for node in outputs
        ]
        groups.append(Behavioural(bits, bits, GROUND, texts, comment="sense amplifiers"))
    return groups


def _channels(design: ReadoutArray) -> list[Channel]:
    readout = design.readout
    if readout.pairing == "differential":
        return [Channel(str(k), 2 * k, (2 * k + 1,)) for k in design.output_numbers]
    return [Channel(str(k), k, readout.reference_columns) for k in design.output_numbers]


def _read_nodes(design: ReadoutArray) -> tuple[list[str], list[Group]]:
    """Return the inputs of the readouts, and what is between them and the lines: the lines' driver resistance."""
    lines = list(design.read_lines)
    ohm = getattr(design.array, design.line).driver_resistance
    if ohm == 0.0:
        return lines, []
    inputs = [f"mux_{line}" for line in lines]
    return inputs, [Resistors(inputs, lines, inputs, ohm, "between line and readout: the line's driver resistance")]


def _supplies(readout: Readout) -> list[Group]:
    return [Source("vdd", "vdd", Constant(readout.supply)), Source("ref", "ref", Constant(readout.common_mode))]


def _line_probes(bench: Testbench, driven: Sequence[str], read: Sequence[str]) -> Iterator[Probe]:
    for line in driven:
        if line != "bulk":
            yield Probe(f"v({line})", "V", "voltage", line, (), f"voltage of {line} behind its driver")
    for line in read:
        yield Probe(f"v({line})", "V", "voltage", line, (), f"voltage of {line} at its readout")
    for line in driven:
        if is_voltage_driven(bench, line):
            yield Probe(f"i({line})", "A", current_kind(bench, line), line, (), f"current from the driver into {line}")


def _known_outputs(readout: Readout, channels: Sequence[Channel]) -> tuple[Probe, ...]:
    """Return the probes of everything behind the lines; `item` of a voltage is its node."""
    found = []
    for s in (c.suffix for c in channels):
        found.append(Probe(f"v(out{s})", "V", "voltage", f"out{s}", (), "output of the readout"))
        if readout.sample_hold:
            found.append(Probe(f"v(held{s})", "V", "voltage", f"held{s}", (), "output, held"))
        if readout.bits:
            found.append(Probe(f"code{s}", "1", "voltage", f"code{s}", (), "code of the ADC"))
        if readout.sense_threshold is not None:
            found.append(Probe(f"v(bit{s})", "V", "voltage", f"bit{s}", (), "output of the sense amplifier"))
    return (
        *found,
        Probe("v(ref)", "V", "voltage", "ref", (), "common mode"),
        Probe("i(ref)", "A", "current", "ref", (), "current from the common-mode source"),
        Probe("i(vdd)", "A", "current", "vdd", (), "current from the supply"),
    )
