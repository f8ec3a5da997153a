"""How ngspice spells a circuit: the only file that writes SPICE."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from rramcirc.basics.arguments import check_kind, file_name
from rramcirc.basics.errors import NetlistError, ParameterError
from rramcirc.bench.stimuli import Constant
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.elements import (
    Behavioural,
    Capacitors,
    Circuit,
    Controlled,
    Devices,
    Group,
    Instances,
    Names,
    PerElement,
    Probe,
    Resistors,
    Source,
    Subcircuit,
    Switches,
    Values,
    chosen_probes,
)
from rramcirc.circuits.ports import check_ports
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.engines.netlist import Netlist, osdi_name
from rramcirc.engines.ngspice.analyses import INDEX, Spelled, spell
from rramcirc.engines.ngspice.long_sources import parts
from rramcirc.engines.ngspice.models import model_lines
from rramcirc.engines.ngspice.words import number, wrap
from rramcirc.engines.spelling import each, header, model_sources, signal_unit
from rramcirc.engines.spike_marks import SpikeMarks, spike_marks
from rramcirc.engines.start import is_driven_at_start, second_corners
from rramcirc.engines.states import WatchedState, vectors_to_save, watched_states
from rramcirc.engines.tolerances import default_tolerances
from rramcirc.engines.validity import WatchedDevices, vectors_of, watched_devices
from rramcirc.waveforms.signals import signal_table
from rramcirc.waveforms.waveforms import Signal

NAMES_PER_SAVE = 200  # ngspice drops a whole .save line of more than about 1000 names
DEFAULT_OPTIONS = {"klu": "", "noinit": "", "method": "gear"}
MODEL_LETTER = {"nmos": "m", "pmos": "m", "npn": "q", "pnp": "q", "njf": "j", "pjf": "j", "d": "d"}
CURRENT_LETTER = {"current": "v", "swept current": "b"}
RAW_FILE = "waves.raw"


def spice_netlist(circuit: Circuit, bench: Testbench) -> Netlist:
    """Return the ngspice netlist of a testbench's circuit."""
    check_ports(circuit)
    spelled = spell(bench.analysis, signal_unit(bench), is_driven_at_start(circuit))
    signals = _signals(circuit, bench, spelled)
    sources = model_sources(circuit.cards)
    _check_switches(circuit, bench)
    states = watched_states(circuit) if bench.analysis.kind == "tran" else ()
    devices = () if bench.analysis.small_signal else watched_devices(circuit)
    spikes = spike_marks(circuit, vector) if bench.analysis.kind == "tran" else SpikeMarks()
    lines = [
        f"{_one_line(bench.title)}",
        *map(_one_line, header(circuit, bench, "ngspice -n -b on this file, in its folder")),
        *signal_table(signals),
        "",
        _options(bench, spelled.solver),
        f".temp {bench.temperature - 273.15:.12g}",
        "",
        *(line for card in circuit.cards for line in model_lines(card)),
        "",
        *(line for block in circuit.subcircuits for line in subcircuit_text(block)),
        *_bodies(circuit.groups),
        *(_index_source() if spelled.by_index else ()),
        *(_second_corners(circuit, bench.analysis.last_time) if bench.analysis.last_time is not None else ()),
        "",
        spelled.command,
        *saves(signals),
        *_watching_saves(states, devices, signals, circuit, bench),
        *_spike_saves(spikes, signals),
        "",
        ".control",
        "set num_threads=1",
        *(f"pre_osdi {osdi_name(source)}" for source in sources),
        f"run {RAW_FILE}",
        "quit $sim_status",
        ".endc",
        ".end",
        "",
    ]
    analysis = bench.analysis
    text = "\n".join(lines)
    return Netlist(
        text, sources, signals, circuit.title, analysis.kind, analysis.last_time, states=states, devices=devices,
        spikes=spikes,
    )  # fmt: skip


def spice_subcircuit(circuit: Circuit, name: str) -> str:
    """Return a circuit without drivers and analysis as one ``.subckt`` between its lines, for use in any deck.

    Models and inner blocks are local to it, so that several exports can stand in one deck.

    Parameters
    ----------
    circuit
        Circuit of a cell or an array.
    name
        Name of the subcircuit.
    """
    sources = model_sources(circuit.cards)
    parameters: Mapping[str, float]
    if circuit.ports or circuit.cell_probes:
        ports, parameters, body = circuit.ports or circuit.lines, {}, circuit.block
        inner = [line for block in circuit.subcircuits for line in subcircuit_text(block)]
    else:
        (cell,) = circuit.subcircuits
        ports, parameters, body, inner = cell.ports, cell.parameters, cell.body, []
    head = [f"{k}={number(v)}" for k, v in parameters.items()]
    loads = [f"*   pre_osdi {osdi_name(source)}" for source in sources]
    how = ["* Load the compiled models in the deck that includes this file:", "*   .control", *loads, "*   .endc"]
    lines = [
        f"* {circuit.title}",
        *(how if loads else []),
        "",
        *wrap([".subckt", name, *ports, *head]),
        *(line for card in circuit.cards for line in model_lines(card)),
        *inner,
        *_bodies(body),
        f".ends {name}",
        "",
    ]
    return "\n".join(lines)


def subcircuit_files(circuit: Circuit, path: Path) -> list[Path]:
    """Write the bare block of a circuit, named as the file, and the compiled models beside it; return all files."""
    check_kind(circuit, Circuit, "subcircuit_files", "the Circuit of build_circuit")
    path = file_name(path, "subcircuit_files")
    name = re.sub(r"\W", "_", path.stem).lower()
    block = Netlist(spice_subcircuit(circuit, name), model_sources(circuit.cards), (), circuit.title, "none")
    return block.write(path)


def vector(probe: Probe) -> str:
    """Return the ngspice vector that carries a probe."""
    if probe.kind in CURRENT_LETTER:
        return f"i({CURRENT_LETTER[probe.kind]}{probe.item})"
    instance = f"x{probe.path[0]}" if probe.path else ""
    if probe.kind == "voltage":
        return f"v({instance}.{probe.item})" if instance else f"v({probe.item})"
    return f"@n.{instance}.n{probe.path[1]}[{probe.item}]"


def sign(probe: Probe) -> int:
    """Return -1 for currents: SPICE counts the current of a source into its plus node, a probe out of it."""
    return -1 if probe.kind in CURRENT_LETTER else 1


def _signals(circuit: Circuit, bench: Testbench, spelled: Spelled) -> tuple[Signal, ...]:
    """Return what a run of the testbench records; the number of the input vector comes first."""
    if spelled.signals:
        if bench.probes:
            names = " and ".join(signal.name for signal in spelled.signals)
            raise ParameterError(
                f"probes: a {type(bench.analysis).__name__} analysis has the signals {names}; leave the probes empty."
            )
        return spelled.signals
    probes = chosen_probes(circuit, bench.probes, bench.analysis.small_signal)
    signals = tuple(Signal(p.name, p.unit, vector(p), sign(p), p.description) for p in probes)
    return (INDEX, *signals) if spelled.by_index else signals


def _index_source() -> Iterator[str]:
    """Return the source whose voltage is the number of the input vector."""
    yield from ("", "* number of the input vector", *_source(Source("index", "index", Constant(0.0))))


def _second_corners(circuit: Circuit, stop: float) -> Iterator[str]:
    """Return the source whose corners make ngspice take short steps behind those of the stimuli."""
    source = second_corners(circuit, stop)
    if source is not None:
        yield from ("", "* drives nothing; its corners make the first step behind each corner of a stimulus short")
        yield from _source(source)
        yield f"r{source.name} {source.node} 0 1000.0"


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip() or "rramcirc"


def _options(bench: Testbench, solver: str) -> str:
    defaults = {solver if name == "klu" else name: value for name, value in DEFAULT_OPTIONS.items()}
    defaults |= default_tolerances(bench.analysis)
    options = defaults | {str(k): number(v) for k, v in bench.options.items()}
    return ".options " + " ".join(f"{name}={value}" if value else name for name, value in options.items())


def _check_switches(circuit: Circuit, bench: Testbench) -> None:
    """Raise NetlistError for small signals with switches: ngspice 46 takes all of them as open, without a word."""
    groups = [*circuit.block, *circuit.drivers, *(group for block in circuit.subcircuits for group in block.body)]
    if bench.analysis.small_signal and any(isinstance(group, Switches) for group in groups):
        raise NetlistError(
            f"{type(bench.analysis).__name__}: this circuit has switches, which ngspice takes as open in small-signal "
            "analyses whatever their control says. Use Transient, or a design without them."
        )


def saves(signals: Sequence[Signal]) -> Iterator[str]:
    """Return the lines that name the vectors to record."""
    vectors = [s.vector for s in signals if s is not INDEX]
    if "onoise_spectrum" in vectors:  # else "no data saved for Noise analysis" for the second of its plots
        vectors += ["onoise_total", "inoise_total"]
    for first in range(0, len(vectors), NAMES_PER_SAVE):
        yield from wrap([".save", *vectors[first : first + NAMES_PER_SAVE]])


def _watching_saves(
    states: Sequence[WatchedState], devices: Sequence[WatchedDevices], signals: Sequence[Signal], circuit: Circuit,
    bench: Testbench,
) -> Iterator[str]:  # fmt: skip
    """Yield what is saved to compare states with bounds, conditions with cards; it leaves the raw file afterwards."""
    if not states and not devices:
        return
    stop, step = bench.analysis.last_time or 0.0, bench.analysis.largest_step or 1.0
    corners = max((len(g.stimulus.corners()[0]) for g in circuit.drivers if isinstance(g, Source)), default=0)
    extra = vectors_to_save(
        states, vectors_of(devices), [s.vector for s in signals], 3.0 * stop / step + 20.0 * corners
    )
    if extra:
        yield "* for the checks of state bounds and cards; rramcirc takes them out of the raw file afterwards"
    for first in range(0, len(extra), NAMES_PER_SAVE):
        yield from wrap([".save", *extra[first : first + NAMES_PER_SAVE]])


def _spike_saves(spikes: SpikeMarks, signals: Sequence[Signal]) -> Iterator[str]:
    """Yield what is saved to tell when neurons fire, unless it is recorded anyway."""
    known = {signal.vector for signal in signals}
    extra = [vector for vector in spikes.vectors if vector not in known]
    if extra:
        yield "* for the spikes of the neurons; rramcirc takes them out of the raw file afterwards"
    for first in range(0, len(extra), NAMES_PER_SAVE):
        yield from wrap([".save", *extra[first : first + NAMES_PER_SAVE]])


def subcircuit_text(block: Subcircuit) -> list[str]:
    """Return the lines of a subcircuit."""
    lines = [f"* {block.comment}"] if block.comment else []
    parameters = [f"{k}={number(v)}" for k, v in block.parameters.items()]
    lines += wrap([".subckt", block.name, *block.ports, *parameters])
    lines += _bodies(block.body)
    return [*lines, f".ends {block.name}", ""]


def _bodies(groups: Iterable[Group]) -> list[str]:
    lines: list[str] = []
    for group in groups:
        comment = getattr(group, "comment", "")
        if comment:
            lines += ["", f"* {comment}"]
        lines += _group(group)
    return lines


def _group(group: Group) -> list[str]:
    match group:
        case Resistors():
            return _two_terminal("r", group.names, group.a, group.b, group.ohm)
        case Capacitors():
            return _two_terminal("c", group.names, group.a, group.b, group.farad)
        case Source():
            return list(_source(group))
        case Switches():
            return _switches(group)
        case Controlled():
            return _controlled(group)
        case Behavioural():
            return _behavioural(group)
        case Instances():
            return _instances("x", group.names, group.nodes, group.subcircuit, group.parameters)
        case Devices():
            letter, model = device_letter(group.card)
            return _instances(letter, group.names, group.nodes, model, group.parameters)
    raise NetlistError(f"ngspice has no spelling for {type(group).__name__}.")


def device_letter(card: ModelCard) -> tuple[str, str]:
    """Return the element letter and model name of a card's devices."""
    if card.module:
        return "n", card.name
    if card.library is not None:
        return card.library.prefix.lower(), card.library.device
    if card.spice not in MODEL_LETTER:
        raise NetlistError(f"card {card.name}: spice = {card.spice!r} is none of {', '.join(MODEL_LETTER)}.")
    return MODEL_LETTER[card.spice], card.name


def _two_terminal(letter: str, names: Names, a: PerElement, b: PerElement, values: Values) -> list[str]:
    count = len(names)
    columns = zip(names, each(a, count), each(b, count), map(number, each(values, count)), strict=True)
    return [f"{letter}{name} {p} {q} {value}" for name, p, q, value in columns]


def _switches(group: Switches) -> list[str]:
    count = len(group.names)
    values = {"vt": group.threshold, "vh": group.hysteresis, "ron": group.on, "roff": group.off}
    model = f".model {group.model} sw " + " ".join(f"{name}={number(value)}" for name, value in values.items())
    columns = [each(column, count) for column in (group.a, group.b, group.control, group.control_minus)]
    return [f"s{words[0]} {' '.join(words[1:])} {group.model}" for words in zip(group.names, *columns, strict=True)] + [
        model
    ]


CONTROLLED_LETTER = {"vcvs": "e", "vccs": "g", "cccs": "f", "ccvs": "h"}


def _controlled(group: Controlled) -> list[str]:
    letter, count = CONTROLLED_LETTER[group.kind], len(group.names)
    by_current = group.kind in ("cccs", "ccvs")
    control = [f"v{name}" if by_current else name for name in each(group.control, count)]
    columns = [each(group.a, count), each(group.b, count), control]
    if not by_current:
        columns.append(each(group.control_minus, count))
    gains = map(number, each(group.gain, count))
    return [f"{letter}{' '.join(words)}" for words in zip(group.names, *columns, gains, strict=True)]


def _behavioural(group: Behavioural) -> list[str]:
    letter, count = {"V": "v", "A": "i"}[group.unit], len(group.names)
    columns = zip(group.names, *(each(c, count) for c in (group.a, group.b, group.expressions)), strict=True)
    return [line for name, a, b, text in columns for line in wrap([f"b{name}", a, b, f"{letter}={text}"])]


def _instances(
    letter: str, names: Names, nodes: Sequence[PerElement], model: str, parameters: Mapping[str, Values | str]
) -> list[str]:
    count = len(names)
    fixed = "".join(f" {k}={number(v)}" for k, v in parameters.items() if isinstance(v, (str, float, int)))
    varying = {k: v for k, v in parameters.items() if not isinstance(v, (str, float, int))}
    heads = [f"{letter}{name}" for name in names]
    columns = [each(column, count) for column in nodes]
    tail = f" {model}{fixed}"
    if not varying:
        return [f"{' '.join(words)}{tail}" for words in zip(heads, *columns, strict=True)]
    form = " ".join(f"{k}=%r" for k in varying)
    values = [form % row for row in zip(*varying.values(), strict=True)]
    return [f"{' '.join(words[:-1])}{tail} {words[-1]}" for words in zip(heads, *columns, values, strict=True)]


def _source(source: Source) -> Iterator[str]:
    letter = "v" if source.stimulus.unit == "V" else "i"
    # an i source drives its current from its first to its second node, through itself
    nodes = [source.node, source.minus] if letter == "v" else [source.minus, source.node]
    lists = parts(*source.stimulus.corners())
    for k, (times, levels) in enumerate(lists):
        ends = list(nodes)
        if letter == "v":  # voltages in series, currents side by side; the first is the ammeter
            ends = [nodes[0] if k == 0 else f"{source.name}_p{k}", f"{source.name}_p{k + 1}"]
            ends[1] = nodes[1] if k == len(lists) - 1 else ends[1]
        words = [f"{letter}{source.name}{f'_p{k}' if k else ''}", *ends, number(float(levels[0]))]
        if source.ac and k == 0:
            words.append(f"ac {number(source.ac)}")
        if len(times) > 1:
            words[3] = f"dc {words[3]}"
            pairs = [f"{number(t)} {number(v)}" for t, v in zip(times.tolist(), levels.tolist(), strict=True)]
            pairs[0], pairs[-1] = f"pwl({pairs[0]}", f"{pairs[-1]})"
            words += pairs
        yield from wrap(words)
