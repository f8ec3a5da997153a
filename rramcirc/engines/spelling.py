"""What every dialect needs to spell a circuit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import overload

from rramcirc.basics.units import format_number
from rramcirc.bench.analyses import Noise
from rramcirc.bench.stimuli import Constant, Floating
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.elements import Circuit, PerElement, Values
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.waveforms.waveforms import Signal


def model_sources(cards: Iterable[ModelCard]) -> tuple[Path, ...]:
    """Return the Verilog-A files of the cards, each once."""
    paths = [Path(card.declaration.path) for card in cards if card.declaration is not None]
    paths += [card.library.verilog_a for card in cards if card.library is not None and card.library.verilog_a]
    return tuple(dict.fromkeys(paths))


@overload
def each(column: PerElement, count: int) -> Sequence[str]: ...
@overload
def each(column: Values | str, count: int) -> Sequence[float | str]: ...
def each(column: PerElement | Values, count: int) -> Sequence[float | str]:
    """Return one entry per element of a column that may hold one for all."""
    return [column] * count if isinstance(column, (str, float, int)) else column


def header(circuit: Circuit, bench: Testbench, rerun: str) -> list[str]:
    """Return the comment lines that say what a netlist is; `rramcirc.engines.provenance` reads them.

    Parameters
    ----------
    circuit, bench
        What is spelled, and the testbench that it was made from.
    rerun
        How to run the netlist by hand.
    """
    kind, stop = bench.analysis.kind, bench.analysis.last_time
    return [
        f"* circuit: {circuit.title}",
        f"* cards: {_listed(card.name for card in bench.design.cards)}",
        f"* models: {_listed(source.name for source in model_sources(circuit.cards))}",
        f"* analysis: {kind}" + (f" to {format_number(stop, 's')}" if stop else ""),
        f"* temperature: {float(bench.temperature)!r} K",
        f"* options: {_listed(f'{name}={value}' for name, value in bench.options.items())}",
        f"* seed: {'none' if bench.seed is None else bench.seed}",
        f"* rerun: {rerun}",
        "*",
    ]


def _listed(words: Iterable[str]) -> str:
    return " ".join(words) or "none"


def signal_unit(bench: Testbench) -> str:
    """Return the unit of the driver of the small signal, V or A; V if there is none."""
    line = bench.analysis.signal_line
    stimulus = Constant(0.0) if line is None else bench.stimulus(line)
    assert not isinstance(stimulus, Floating)  # the testbench refuses a floating source
    return stimulus.unit


def spectra(analysis: Noise, unit: str, ending: str = "") -> tuple[Signal, Signal]:
    """Return the two signals of a noise analysis.

    Parameters
    ----------
    analysis
        The analysis.
    unit
        Unit of the driver of its source, V or A.
    ending
        What follows ``onoise`` and ``inoise`` in the simulator's names of the vectors.
    """
    return (
        Signal("onoise", "V/sqrt(Hz)", f"onoise{ending}", 1, f"noise at {analysis.output}"),
        Signal(
            "inoise", f"{unit}/sqrt(Hz)", f"inoise{ending}", 1, f"noise referred to the source of {analysis.source}"
        ),
    )
