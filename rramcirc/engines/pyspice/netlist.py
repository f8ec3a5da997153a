"""Any PySpice circuit as a netlist that rramcirc runs, with names and units for its signals."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rramcirc.basics.errors import NetlistError, ParameterError, a_kind, shown, unknown_name
from rramcirc.bench.analyses import Ac, Analysis, DcSweep, OperatingPoint, Transient
from rramcirc.devices.veriloga.declaration_reader import read_modules
from rramcirc.engines.netlist import Netlist, osdi_name
from rramcirc.engines.ngspice.analyses import spell
from rramcirc.engines.ngspice.spelling import DEFAULT_OPTIONS, RAW_FILE, saves
from rramcirc.engines.ngspice.words import number
from rramcirc.engines.pyspice.blocks import ANALYSES, circuit_lines, first_word, is_pyspice, model_files, origin_of
from rramcirc.engines.tolerances import default_tolerances
from rramcirc.waveforms.raw import normalise_vector
from rramcirc.waveforms.signals import signal_table
from rramcirc.waveforms.waveforms import Signal

if TYPE_CHECKING:
    from PySpice.Spice.Netlist import Circuit

_KNOWN = (OperatingPoint, DcSweep, Transient, Ac)  # the others drive lines of a testbench


def netlist_of(
    circuit: Circuit,
    analysis: Analysis | None,
    probes: Sequence[str] = (),
    *,
    options: Mapping[str, float | str] | None = None,
    temperature: float | None = None,
) -> Netlist:
    """Return the netlist of a PySpice circuit.

    Parameters
    ----------
    circuit
        Any PySpice circuit; `analysis` is the one it gets.
    analysis
        ``DcSweep.line`` is the name of a voltage source without its V; ``Ac`` needs a source with an AC value.
    probes
        Signals to record: node names, ngspice vectors (``v(x1.be)``, ``i(vin)``, ``@n.x1.nrram[gap]``), variables of
        blocks that rramcirc made (``x1.gap``, ``x2.gap[0,*]``). Currents have SPICE's sign, into the plus terminal.
        Empty: nodes and voltage sources of the top level, and the states of blocks.
    options, temperature
        Simulator options and ambient temperature [K]; they win over those in the circuit.

    Raises
    ------
    NetlistError
        If the circuit has a ``.control`` block or an analysis of its own.
    ParameterError
        If a probe is no signal of the circuit.
    """
    if not is_pyspice(circuit) or not hasattr(circuit, "title"):
        raise ParameterError(f"netlist_of: {a_kind(circuit)} is no PySpice circuit.")
    if analysis is None or type(analysis) not in _KNOWN:
        known = ", ".join(kind.__name__ for kind in _KNOWN)
        raise ParameterError(f"analysis: {shown(analysis)} is none of {known}.")
    title = " ".join(str(circuit.title).split()) or "PySpice circuit"
    text = str(circuit)
    _refuse_commands(text)
    sources = model_files(circuit, text)
    signals = _choose(circuit, probes, sources)
    if analysis.small_signal:
        signals = _without_variables(signals, probes)
    kind, stop = analysis.kind, analysis.last_time
    chosen = {str(k): number(v) for k, v in (options or {}).items()}
    lines = [
        title,
        f"* circuit: PySpice circuit {title}",
        f"* models: {' '.join(source.name for source in sources) or 'none'}",
        f"* analysis: {kind}",
        *([f"* temperature: {float(temperature)!r} K"] if temperature is not None else []),
        *(["* options: " + " ".join(f"{name}={value}" for name, value in chosen.items())] if chosen else []),
        "* rerun: ngspice -n -b on this file, in its folder",
        "*",
        *signal_table(signals),
        _options(DEFAULT_OPTIONS | default_tolerances(analysis)),
        *circuit_lines(text, (".title",)),
        *([_options(chosen)] if chosen else []),
        *([f".temp {temperature - 273.15:.12g}"] if temperature is not None else []),
        spell(analysis).command,
        *saves(signals),
        ".control",
        "set num_threads=1",
        *(f"pre_osdi {osdi_name(source)}" for source in sources),
        f"run {RAW_FILE}",
        "quit $sim_status",
        ".endc",
        ".end",
        "",
    ]
    return Netlist("\n".join(lines), sources, signals, f"PySpice circuit {title}", kind, stop)


def known_vectors(circuit: Circuit) -> dict[str, Signal]:
    """Return the signals that have a name in a PySpice circuit, by their ngspice vector."""
    return {normalise_vector(signal.vector): signal for signal in _known_signals(circuit)[0]}


def _choose(circuit: Circuit, probes: Sequence[str], sources: Sequence[Path]) -> tuple[Signal, ...]:
    """Return the signals that the probes name, or without probes the useful ones."""
    if isinstance(probes, str):
        raise ParameterError(f"probes: {shown(probes)} is one string; give a list of signal names.")
    known, by_default = _known_signals(circuit)
    chosen: dict[str, Signal] = {}
    for probe in probes:
        plain = "".join(str(probe).split()).lower()
        glob = re.compile(fnmatch.translate("".join(f"[{c}]" if c == "[" else c for c in plain)))
        hits = [s for s in known if glob.match(s.name.lower()) or s.name.lower() == f"v({plain})"]
        if not hits:
            named = _vector_signal(plain, sources)
            if named is None:
                raise ParameterError(f"probes: {unknown_name('signal', str(probe), [s.name for s in known])}")
            hits = [named]
        chosen.update((s.name, s) for s in hits)
    return tuple(chosen.values() if probes else by_default)


def _without_variables(signals: tuple[Signal, ...], probes: Sequence[str]) -> tuple[Signal, ...]:
    """Leave out variables of devices, which have no small-signal value; refuse them if they were named."""
    variables = [s.name for s in signals if s.vector.startswith("@")]
    if variables and probes:
        raise ParameterError(f"probes: {', '.join(variables[:5])} has no small-signal value; name voltages, currents.")
    return tuple(s for s in signals if s.name not in variables)


def _known_signals(circuit: Circuit) -> tuple[list[Signal], list[Signal]]:
    """Return the signals that have a name, and those of them that are recorded when no probe is named."""
    origin = origin_of(circuit)
    found = list(origin.signals) if origin else []
    elements = [element for element in circuit.elements if element.enabled]
    found += [Signal(f"v({n})", "V", f"v({n.lower()})") for n in circuit.node_names if n not in ("0", "gnd")]
    found += [Signal(f"i({e.name})", "A", f"i({e.name.lower()})") for e in elements if e.PREFIX == "V"]
    known = list({normalise_vector(s.vector): s for s in reversed(found)}.values())[::-1]
    by_default = list(known)
    blocks = {str(block.name): origin_of(block) for block in circuit.subcircuits}
    for element in elements:
        if element.PREFIX == "X" and (block := blocks.get(element.subcircuit_name)):
            own = {s.name: _of_instance(s, element.name.lower()) for s in block.signals}
            known += own.values()
            by_default += [signal for name, signal in own.items() if name in block.by_default]
    return known, by_default


def _of_instance(signal: Signal, instance: str) -> Signal:
    return replace(signal, name=signal.name.replace("{x}", instance), vector=signal.vector.replace("{x}", instance))


def _vector_signal(vector: str, sources: Sequence[Path]) -> Signal | None:
    """Return the signal of an ngspice vector, its unit by its name."""
    if re.fullmatch(r"[vi]\([^(),]+\)", vector):
        return Signal(vector, {"v": "V", "i": "A"}[vector[0]], vector)
    variable = re.fullmatch(r"@[^\[\]]+\[(\w+)\]", vector)
    if variable is None:
        return None
    modules = [module for source in sources for module in read_modules(source)]
    units = [m.op_variables[variable[1]].unit for m in modules if variable[1] in m.op_variables]
    return Signal(vector, units[0] if units else "", vector)


def _refuse_commands(text: str) -> None:
    for line in text.splitlines():
        if first_word(line) in (".control", *ANALYSES):
            raise NetlistError(
                f"the PySpice circuit has the line {line.strip()!r}; take it out and give the analysis to simulate()."
            )


def _options(options: Mapping[str, str]) -> str:
    return ".options " + " ".join(f"{k}={v}" if v else k for k, v in options.items())
