"""How VACASK spells a circuit: the sibling of `spice`, with the same element letters, signals, units and signs.

The head of a netlist is one block comment whose lines begin with ``*``, so that the same readers find the signal table
in the netlists of both simulators.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from rramcirc.basics.errors import NetlistError
from rramcirc.bench.analyses import Ac, DcSweep, Noise, OperatingPoint, Transient
from rramcirc.bench.analysis_record import AnalysisRecord
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.elements import (
    Capacitors,
    Circuit,
    Devices,
    Group,
    Instances,
    Names,
    PerElement,
    Probe,
    Resistors,
    Source,
    Subcircuit,
    Values,
    chosen_probes,
)
from rramcirc.devices.cards.card import card_names, load_card
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.engines.netlist import Netlist, osdi_name
from rramcirc.engines.spelling import each, header, model_sources, signal_unit, spectra
from rramcirc.engines.start import first_step, second_corners
from rramcirc.engines.states import watched_states
from rramcirc.engines.vacask.options import chosen_options
from rramcirc.engines.vacask.watching import own_name, watched_vectors
from rramcirc.engines.validity import watched_devices
from rramcirc.waveforms.signals import signal_table
from rramcirc.waveforms.waveforms import Signal

ANALYSIS = "vacask"  # name of the analysis; VACASK writes its raw file under it
SWEEP_AXIS = "v_sweep"
LINE_LENGTH = 100
FIRST_SHARE = 0.1  # of the print step that ngspice is given; ngspice takes a tenth of it by itself
MOS_TYPE = {"nmos": 1, "pmos": -1}
PORTABLE_MODULE = {"nmos": "nmos_ekv", "pmos": "pmos_ekv"}  # what can stand in for a built-in transistor
# Names of models that are not cards. The wheel's spice/ folder keeps a user's own resistor.osdi out of the way.
RESISTOR, CAPACITOR, VOLTAGE_SOURCE, CURRENT_SOURCE = "r", "c", "v", "i"


def vacask_netlist(circuit: Circuit, bench: Testbench) -> Netlist:
    """Return the VACASK netlist of a testbench's circuit.

    Parameters
    ----------
    circuit
        From `build_circuit`.
    bench
        The same testbench.

    Returns
    -------
    Netlist
        Same signal names, units and signs as that of ngspice.

    Raises
    ------
    NetlistError
        If it has an option, a card, a probe or an analysis that VACASK has not; names it.
    """
    analysis, command = bench.analysis, _command(bench)
    signals = _signals(circuit, bench)
    sources = model_sources(circuit.cards)
    states = watched_states(circuit) if analysis.kind == "tran" else ()
    devices = () if analysis.small_signal else watched_devices(circuit)
    recorded = dict.fromkeys(signal.vector for signal in signals)
    extra = [name for name in map(own_name, watched_vectors(states, devices)) if name not in recorded]
    lines = [
        _one_line(bench.title),
        "/*",
        *map(_one_line, header(circuit, bench, f"vacask on this file, in its folder; writes {ANALYSIS}.raw")),
        *map(_one_line, signal_table(signals, "VACASK")),
        "*/",
        "",
        "ground 0",
        *(f'load "{osdi_name(source)}"' for source in sources),
        *_built_in_models(circuit),
        *(line for card in circuit.cards for line in _model(card)),
        "",
        *(line for block in circuit.subcircuits for line in _subcircuit(block)),
        *_bodies(circuit.groups, analysis.last_time is not None),
        *(_second_corners(circuit, analysis.last_time) if analysis.last_time is not None else ()),
        "",
        "control",
        "abort always",
        _options(circuit, bench),
        *_saves([] if type(analysis) in OWN_SIGNALS else [*recorded, *extra], analysis.small_signal),
        *command,
        "endc",
        "",
    ]
    return Netlist(
        "\n".join(lines), sources, signals, circuit.title, analysis.kind, analysis.last_time, "vacask", states=states,
        devices=devices,
    )  # fmt: skip


def vector(probe: Probe) -> str:
    """Return the VACASK vector that carries a probe."""
    instance = f"x{probe.path[0]}:" if probe.path else ""
    if probe.kind == "current":
        return f"v{probe.item}:flow(br)"
    if probe.kind == "voltage":
        return f"{instance}{probe.item}"
    return f"{instance}n{probe.path[1]}.{probe.item}"


def number(value: float) -> str:
    """Return a number as VACASK reads it back to the same double; always a real, lists must not mix kinds."""
    return repr(float(value))


def _signals(circuit: Circuit, bench: Testbench) -> tuple[Signal, ...]:
    if type(bench.analysis) in OWN_SIGNALS:
        return OWN_SIGNALS[type(bench.analysis)](bench.analysis, signal_unit(bench))
    probes = chosen_probes(circuit, bench.probes, bench.analysis.small_signal)
    return tuple(Signal(p.name, p.unit, vector(p), -1 if p.kind == "current" else 1, p.description) for p in probes)


def _one_line(text: str) -> str:
    """Return text without line breaks and without what would end the comment it stands in."""
    return re.sub(r"[\r\n]+", " ", text).replace("*/", "* /").strip() or "rramcirc"


def _options(circuit: Circuit, bench: Testbench) -> str:
    """Return the options line."""
    temperature = f"{bench.temperature - 273.15:.12g}"
    own = f"temp={temperature} strictsave=2 strictoutput=0 tran_minpts=0"
    chosen = chosen_options(circuit, bench)
    return f"options {own} " + " ".join(f"{name}={_option_value(value)}" for name, value in chosen.items())


def _option_value(value: float | str) -> str:
    try:
        real = float(value)
    except (TypeError, ValueError):
        return f'"{value}"'
    return str(int(real)) if real.is_integer() else number(real)


def _command(bench: Testbench) -> Iterator[str]:
    """Return the analysis; its steps and points are those of ngspice."""
    kind = type(bench.analysis)
    if kind not in SPELLINGS:
        raise NetlistError(f"VACASK has no analysis {kind.__name__} here; it knows op, dc, tran, ac and noise.")
    return SPELLINGS[kind](bench.analysis, signal_unit(bench))


def _operating_point(analysis: OperatingPoint, unit: str) -> Iterator[str]:
    yield f"analysis {ANALYSIS} op"


def _dc_sweep(analysis: DcSweep, unit: str) -> Iterator[str]:
    yield (
        f'sweep {SWEEP_AXIS} instance="v{analysis.line}" parameter="dc" from={number(analysis.start)} '
        f'to={number(analysis.stop)} mode="lin" points={analysis.points - 1}'
    )
    yield f"  analysis {ANALYSIS} op"


def _transient(analysis: Transient, unit: str) -> Iterator[str]:
    if analysis.record_from:
        raise NetlistError("VACASK records from the start: leave out Transient.record_from.")
    step = analysis.largest_step
    first = FIRST_SHARE * first_step(step)
    yield f"analysis {ANALYSIS} tran step={number(first)} stop={number(analysis.stop)} maxstep={number(step)}"


def _ac(analysis: Ac, unit: str) -> Iterator[str]:
    frequencies = [f"{number(f)}," for f in _frequencies(analysis)]
    yield from _wrapped(f"analysis {ANALYSIS} ac values=[", frequencies, "]")


def _noise(analysis: Noise, unit: str) -> Iterator[str]:
    frequencies = [f"{number(f)}," for f in _frequencies(analysis)]
    source = f"{'v' if unit == 'V' else 'i'}{analysis.source}"
    head = f'analysis {ANALYSIS} noise out="{analysis.output}" in="{source}" values=['
    yield from _wrapped(head, frequencies, "]")


# of an analysis and the unit of its signal line's driver
SPELLINGS: dict[type[AnalysisRecord], Callable[[Any, str], Iterator[str]]] = {
    OperatingPoint: _operating_point,
    DcSweep: _dc_sweep,
    Transient: _transient,
    Ac: _ac,
    Noise: _noise,
}
# what an analysis records by itself, instead of probes
OWN_SIGNALS: dict[type[AnalysisRecord], Callable[[Any, str], tuple[Signal, ...]]] = {Noise: spectra}


def _frequencies(analysis: Ac | Noise) -> list[float]:
    """Return the frequencies [Hz] of ngspice: stretched to end at `stop`, but not within less than a decade."""
    decades = math.log10(analysis.stop / analysis.start)
    steps = math.floor(decades * analysis.points_per_decade + 1e-9)
    if decades < 1.0:
        return [analysis.start * 10.0 ** (k / analysis.points_per_decade) for k in range(steps + 1)]
    frequencies: list[float] = np.geomspace(analysis.start, analysis.stop, steps + 1).tolist()
    return frequencies


def _saves(vectors: Sequence[str], small_signal: bool) -> Iterator[str]:
    letter = "d" if small_signal else ""
    words = []
    for name in vectors:
        if name.endswith(":flow(br)"):
            words.append(f'{letter}i("{name.removesuffix(":flow(br)")}")')
        elif "." in name:
            device, variable = name.rsplit(".", 1)
            words.append(f'p("{device}",{variable})')
        else:
            words.append(f'{letter}v("{name}")')
    if words:
        yield from _wrapped("save (", words, ")")


def _wrapped(head: str, words: Sequence[str], tail: str) -> Iterator[str]:
    """Join words into lines of readable length between an open and a closing bracket."""
    if words and words[-1].endswith(","):
        words = [*words[:-1], words[-1][:-1]]
    if len(head) + sum(len(word) + 1 for word in words) <= LINE_LENGTH:
        yield f"{head}{' '.join(words)}{tail}"
        return
    yield head
    line = " "
    for word in words:
        if len(line) + 1 + len(word) > LINE_LENGTH:
            yield line
            line = " "
        line = f"{line} {word}"
    yield line
    yield tail


def _built_in_models(circuit: Circuit) -> Iterator[str]:
    """Return load and model lines of resistors, capacitors and sources, and of the built-in transistors."""
    yield 'load "spice/resistor.osdi"'
    if any(isinstance(group, Capacitors) for group in circuit.groups):
        yield 'load "spice/capacitor.osdi"'
        yield f"model {CAPACITOR} sp_capacitor"
    if any(card.spice for card in circuit.cards):
        yield 'load "spice/mos1.osdi"'
    yield f"model {RESISTOR} sp_resistor"
    yield f"model {VOLTAGE_SOURCE} vsource"
    yield f"model {CURRENT_SOURCE} isource"


def _model(card: ModelCard) -> Iterator[str]:
    """Return the model lines of a card.

    Raises
    ------
    NetlistError
        If VACASK has no such model; names a card that it can simulate.
    """
    own = {k: v.value for k, v in card.parameters.items() if not v.instance}
    if card.module:
        kind = card.module
    else:
        _check_built_in(card)
        kind = "sp_mos1"
        own = {"type": MOS_TYPE[str(card.spice)]} | {k.lower(): v for k, v in own.items() if k.lower() != "level"}
    yield f"// card {card.name}: {_one_line(card.title)}"
    if own:
        yield from _wrapped(f"model {_model_name(card)} {kind} (", [f"{k}={_value(v)}" for k, v in own.items()], ")")
    else:
        yield f"model {_model_name(card)} {kind}"  # () is a syntax error


def _check_built_in(card: ModelCard) -> None:
    """Raise unless a card without Verilog-A module is a level 1 MOSFET, the built-in model checked against ngspice."""
    level = next((v.value for k, v in card.parameters.items() if k.lower() == "level"), 1)
    if card.library is not None:
        problem = f"VACASK cannot read the design kit file {card.library.path}"
    elif card.spice not in MOS_TYPE or str(level) not in ("1", "1.0"):
        problem = f"of the built-in models of ngspice VACASK has MOSFET level 1 only, not {card.spice} level {level}"
    else:
        return
    module = PORTABLE_MODULE.get(str(card.spice), "nmos_ekv")
    portable = ", ".join(name for name in card_names() if load_card(name).module == module)
    raise NetlistError(
        f"card {card.name}: {problem}. Use the engine ngspice, or a card with a Verilog-A module: {portable}."
    )


def _model_name(card: ModelCard) -> str:
    return re.sub(r"\W", "_", card.name, flags=re.ASCII)


def _value(value: float | str) -> str:
    """Return a parameter's value: a number, a text in quotes, or the name of a subcircuit's parameter."""
    if not isinstance(value, str):
        return str(value) if isinstance(value, int) else number(value)
    return value[1:-1] if value.startswith("{") else f'"{value}"'


def _subcircuit(block: Subcircuit) -> Iterator[str]:
    if block.comment:
        yield f"// {_one_line(block.comment)}"
    yield f"subckt {block.name} ({' '.join(block.ports)})"
    if block.parameters:
        yield f"parameters {' '.join(f'{k}={_value(v)}' for k, v in block.parameters.items())}"
    yield from _bodies(block.body, transient=True)
    yield "ends"
    yield ""


def _bodies(groups: Iterable[Group], transient: bool) -> Iterator[str]:
    for group in groups:
        comment = getattr(group, "comment", "")
        if comment:
            yield ""
            yield f"// {_one_line(comment)}"
        yield from _group(group, transient)


def _second_corners(circuit: Circuit, stop: float) -> Iterator[str]:
    """Return the source whose corners make VACASK take short steps behind those of the stimuli."""
    source = second_corners(circuit, stop)
    if source is not None:
        yield from ("", "// drives nothing; its corners make the first step behind each corner of a stimulus short")
        yield from _source(source, transient=True)
        yield f"r{source.name} ({source.node} 0) {RESISTOR} r={number(1000.0)}"


def _group(group: Group, transient: bool) -> Iterable[str]:
    match group:
        case Resistors():
            return _elements("r", group.names, (group.a, group.b), RESISTOR, {"r": group.ohm})
        case Capacitors():
            return _elements("c", group.names, (group.a, group.b), CAPACITOR, {"c": group.farad})
        case Source():
            return _source(group, transient)
        case Instances():
            return _elements("x", group.names, group.nodes, group.subcircuit, group.parameters)
        case Devices():
            letter = "n" if group.card.module else "m"
            return _elements(letter, group.names, group.nodes, _model_name(group.card), group.parameters)
    raise NetlistError(
        f"VACASK has no spelling for {type(group).__name__} elements, of which neurons and readouts are made; the "
        "engine ngspice runs this circuit, and networks of ideal neurons run in the engines numpy and network, too."
    )


def _elements(
    letter: str, names: Names, nodes: Sequence[PerElement], model: str, parameters: Mapping[str, Values | str]
) -> list[str]:
    """Return one line per element; columns hold one entry for all or one for each."""
    count = len(names)
    fixed = "".join(f" {k}={_value(v)}" for k, v in parameters.items() if isinstance(v, (str, float, int)))
    varying = {k: v for k, v in parameters.items() if not isinstance(v, (str, float, int))}
    columns = zip(*(each(column, count) for column in nodes), strict=True)
    heads = [f"{letter}{name} ({' '.join(ports)}) {model}{fixed}" for name, ports in zip(names, columns, strict=True)]
    if not varying:
        return heads
    form = "".join(f" {k}=%r" for k in varying)
    rows = zip(*(map(float, column) for column in varying.values()), strict=True)
    return [head + form % row for head, row in zip(heads, rows, strict=True)]


def _source(source: Source, transient: bool) -> Iterator[str]:
    """Return a source; outside of transients it has its level at t = 0, which a sweep can change."""
    if source.stimulus.unit == "V":
        head = f"v{source.name} ({source.node} 0) {VOLTAGE_SOURCE}"
    else:  # a current source drives its current from its first to its second node, through itself
        head = f"i{source.name} (0 {source.node}) {CURRENT_SOURCE}"
    times, levels = source.stimulus.corners()
    if transient and len(times) > 1:
        pairs = [f"{number(t)}, {number(v)}," for t, v in zip(times.tolist(), levels.tolist(), strict=True)]
        yield from _wrapped(f'{head} type="pwl" break="all" wave=[', pairs, "]")
        return
    small_signal = f" mag={number(source.ac)}" if source.ac else ""
    yield f"{head} dc={number(levels[0])}{small_signal}"
