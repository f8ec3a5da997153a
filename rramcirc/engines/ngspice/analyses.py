"""How ngspice spells an analysis: one function each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from rramcirc.basics.errors import NetlistError
from rramcirc.bench.analyses import Ac, Analysis, DcSweep, Noise, OperatingPoint, Transient, VectorSweep
from rramcirc.engines.ngspice.words import number
from rramcirc.engines.spelling import spectra
from rramcirc.engines.start import first_step
from rramcirc.waveforms.waveforms import Signal

INDEX = Signal("index", "", "v(v-sweep)", 1, "number of the input vector")


class Given(NamedTuple):
    """What a spelling needs to know besides the analysis: see `spell`."""

    unit: str
    driven: bool


class Spelled(NamedTuple):
    """An analysis in SPICE.

    Attributes
    ----------
    command
        Its line.
    signals
        What it records instead of probes.
    by_index
        Whether it sweeps the number of the input vector, the voltage of the node ``index``.
    solver
        The option of the matrix solver.
    """

    command: str
    signals: tuple[Signal, ...] = ()
    by_index: bool = False
    solver: str = "klu"


def spell(analysis: Analysis, source_unit: str = "V", driven: bool = False) -> Spelled:
    """Return an analysis in SPICE.

    Parameters
    ----------
    analysis
        What to compute.
    source_unit
        Unit of the driver of its signal line, V or A.
    driven
        Whether states may move right after t = 0, so that the first step of a transient must be short.

    Raises
    ------
    NetlistError
        If there is no spelling of such an analysis.
    """
    kind = type(analysis)
    if kind not in _SPELLINGS:
        known = ", ".join(one.__name__ for one in _SPELLINGS)
        raise NetlistError(f"ngspice has no analysis {kind.__name__} here; it knows {known}.")
    return _SPELLINGS[kind](analysis, Given(source_unit, driven))


def _operating_point(analysis: OperatingPoint, given: Given) -> Spelled:
    return Spelled(".op")


def _dc_sweep(analysis: DcSweep, given: Given) -> Spelled:
    values = " ".join(map(number, (analysis.start, analysis.stop, analysis.step)))
    return Spelled(f".dc v{analysis.line} {values}")


def _transient(analysis: Transient, given: Given) -> Spelled:
    step = analysis.largest_step
    first = first_step(step) if given.driven else step
    return Spelled(f".tran {' '.join(map(number, (first, analysis.stop, analysis.record_from, step)))}")


def _ac(analysis: Ac, given: Given) -> Spelled:
    return Spelled(f".ac {_decades(analysis)}")


def _noise(analysis: Noise, given: Given) -> Spelled:
    command = f".noise v({analysis.output}) {'v' if given.unit == 'V' else 'i'}{analysis.source} {_decades(analysis)}"
    # ngspice 46: "Noise simulation is not (yet) supported with 'option KLU'"
    return Spelled(command, spectra(analysis, given.unit, "_spectrum"), solver="sparse")


def _vector_sweep(analysis: VectorSweep, given: Given) -> Spelled:
    return Spelled(f".dc vindex 0 {analysis.vectors - 1} 1", by_index=True)


def _decades(analysis: Ac | Noise) -> str:
    return f"dec {analysis.points_per_decade} {number(analysis.start)} {number(analysis.stop)}"


_SPELLINGS: dict[type, Callable[[Any, Given], Spelled]] = {
    OperatingPoint: _operating_point,
    DcSweep: _dc_sweep,
    Transient: _transient,
    Ac: _ac,
    Noise: _noise,
    VectorSweep: _vector_sweep,
}
