"""What PySpice's own simulator returns, as waveforms with names and units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rramcirc.basics.arrays import AnyArray
from rramcirc.basics.errors import ParameterError, a_kind
from rramcirc.engines.pyspice.blocks import is_pyspice
from rramcirc.engines.pyspice.netlist import known_vectors
from rramcirc.waveforms.raw import normalise_vector
from rramcirc.waveforms.waveforms import Waveforms

if TYPE_CHECKING:
    from PySpice.Probe.WaveForm import Analysis

# class of PySpice -> attribute that holds the axis
_AXES = {"TransientAnalysis": "time", "AcAnalysis": "frequency", "DcAnalysis": "sweep", "OperatingPoint": ""}
_UNITS = {"time": "s", "frequency": "Hz", "v-sweep": "V", "i-sweep": "A", "temp-sweep": "degC"}


def from_pyspice(analysis: Analysis) -> Waveforms:
    """Return the result of PySpice's own simulator as waveforms.

    Nodes become ``v(name)`` [V], sources ``i(name)`` [A] with SPICE's sign, into the plus terminal. Variables of blocks
    that rramcirc made, saved by ``simulator.save(["v(bl)", "@n.x1.nrram[gap]"])``, have their names and units,
    ``x1.gap`` [nm]; those of other devices, and inner nodes of models, keep the vector's name and have no unit.
    Variables have no small-signal value and are left out of an AC analysis.

    Parameters
    ----------
    analysis
        What ``simulator.transient()``, ``ac()``, ``dc()`` or ``operating_point()`` returned.

    Returns
    -------
    Waveforms
        Against time [s], frequency [Hz] or the swept source [V, A or degC]; an operating point is one point.

    Raises
    ------
    ParameterError
        If it is none of these results.
    """
    kind = type(analysis).__name__
    if not is_pyspice(analysis) or kind not in _AXES:
        raise ParameterError(
            f"from_pyspice: {a_kind(analysis)} is none of {', '.join(_AXES)}; give what simulator.transient(), ac(), "
            "dc() or operating_point() returned."
        )
    name, axis = "point", np.zeros(1)
    if _AXES[kind]:
        found = getattr(analysis, _AXES[kind])
        name, axis = str(found.name) if kind == "DcAnalysis" else _AXES[kind], _plain(found).real
    circuit = getattr(getattr(analysis, "simulation", None), "circuit", None)
    known = known_vectors(circuit) if is_pyspice(circuit) else {}
    signals: dict[str, AnyArray] = {}
    units: dict[str, str] = {}
    for vector, unit, values in _vectors(analysis):
        if vector == f"v({name})" or (kind == "AcAnalysis" and vector.startswith("@")):
            continue  # PySpice counts the swept value among the nodes, too
        signal = known.get(normalise_vector(vector))
        label = signal.name if signal and vector.startswith("@") else vector
        signals[label], units[label] = values, signal.unit if signal else unit
    return Waveforms(name, _UNITS.get(name, ""), axis, signals, units, provenance={"engine": "PySpice"})


def _vectors(analysis: Any) -> Iterator[tuple[str, str, AnyArray]]:
    """Yield name as a vector of ngspice, unit if it is known, and values."""
    groups: tuple[tuple[Mapping[str, Any], str, str], ...] = (
        (analysis.nodes, "v({})", "V"),
        (analysis.branches, "i({})", "A"),
        (analysis.internal_parameters, "{}", ""),
    )
    for waves, spelling, unit in groups:
        for name, wave in waves.items():
            # inner nodes of compiled models, n.x1.nrram#gap_s, hold states and no voltage
            yield spelling.format(name), "" if "#" in name else unit, _plain(wave)


def _plain(wave: Any) -> AnyArray:
    """Return the numbers of a PySpice waveform, without its unit."""
    return np.array(wave.as_ndarray() if hasattr(wave, "as_ndarray") else wave)
