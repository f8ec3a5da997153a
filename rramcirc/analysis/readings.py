"""What a run says about lines and devices: conductance from a read pulse, energy by line and by device."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from rramcirc.analysis.measurements import clip, energy, mean
from rramcirc.basics.arguments import check_kind
from rramcirc.basics.arrays import AnyArray
from rramcirc.basics.errors import WaveformError
from rramcirc.waveforms.waveforms import Waveforms

if TYPE_CHECKING:
    import pandas as pd


def read_conductance(
    voltage: ArrayLike,
    current: ArrayLike,
    time: ArrayLike,
    start: float,
    stop: float,
    *,
    base: tuple[float, float] | None = None,
) -> float:
    r"""Return the conductance that a read pulse shows [S].

    :math:`G = (\bar i - \bar i_0) / (\bar v - \bar v_0)`, means over the read window; those with index 0 over a window
    before the pulse, which takes offsets of amplifiers and common modes out.

    Parameters
    ----------
    voltage, current : (n_points,) arrays
        Across and through the device [V] and [A].
    time : (n_points,) array
        [s].
    start, stop
        Read window [s], inside the flat top of the pulse.
    base
        Start and stop of the window before it [s]; None takes 0 V and 0 A.

    Returns
    -------
    float
        [S].

    Raises
    ------
    WaveformError
        If the voltage does not change between the windows.

    Examples
    --------
    >>> voltage, current = [0.0, 0.0, 0.1, 0.1], [1e-6, 1e-6, 3e-6, 3e-6]
    >>> read_conductance(voltage, current, [0.0, 1.0, 2.0, 3.0], 2.0, 3.0, base=(0.0, 1.0))
    2e-05
    """
    v, i = (mean(*clip(values, time, start, stop)) for values in (voltage, current))
    if base is not None:
        v -= mean(*clip(voltage, time, *base))
        i -= mean(*clip(current, time, *base))
    if v == 0.0:
        raise WaveformError(
            f"read_conductance: the voltage in the read window {start:g} to {stop:g} s is that of the base."
        )
    return float(i / v)


def line_energies(waveforms: Waveforms) -> dict[str, float]:
    r"""Return the energy that every driver delivered, :math:`\int v\,i\,dt`; the sum is what the circuit took up.

    Parameters
    ----------
    waveforms
        A transient with ``v(name)`` and ``i(name)`` of the lines.

    Returns
    -------
    dict
        Line -> energy [J]; negative if the driver took energy up.

    Raises
    ------
    WaveformError
        If no line has both among the signals.

    Examples
    --------
    >>> ones = [1.0, 1.0, 1.0]
    >>> units = {"v(bl)": "V", "i(bl)": "A"}
    >>> line_energies(Waveforms("time", "s", [0.0, 1.0, 2.0], dict.fromkeys(units, ones), units))
    {'bl': 2.0}
    """
    check_kind(waveforms, Waveforms, "line_energies", "the waveforms of a run")
    lines = [name[2:-1] for name in waveforms.signals if re.fullmatch(r"i\([^\[\]]+\)", name)]
    found = [line for line in lines if f"v({line})" in waveforms.signals]
    if not found:
        raise WaveformError("line_energies: no line has both voltage and current among the signals of this run.")
    time = waveforms.time
    return {line: energy(waveforms[f"v({line})"], waveforms[f"i({line})"], time) for line in found}


def cell_energies(waveforms: Waveforms, cell: str = "") -> dict[str, float]:
    r"""Return the energy that RRAM and selector of one cell turned into heat [J].

    :math:`\int (v_{BL} - v_{BE})\,i\,dt` for the RRAM and :math:`\int (v_{BE} - v_{SL})\,i\,dt` for the selector.

    Parameters
    ----------
    waveforms
        With ``current``, ``v(be)`` and the voltages of the lines at the cell; probes of an array: ``current[i,j]``,
        ``v(be[i,j])``, ``v(bl[i,j])``, ``v(sl[i,j])``.
    cell
        ``"2,3"`` for row 2, column 3; empty for a single cell.

    Returns
    -------
    dict
        ``rram`` and, in a 1T1R cell, ``selector``, each [J].

    Raises
    ------
    WaveformError
        If a signal that is needed was not recorded; names it.
    """
    check_kind(waveforms, Waveforms, "cell_energies", "the waveforms of a run")
    index = f"[{cell}]" if cell else ""
    current, time = _signal(waveforms, f"current{index}"), waveforms.time
    top = _signal(waveforms, f"v(bl{index})")
    if f"v(be{index})" not in waveforms.signals:
        return {"rram": energy(top - _signal(waveforms, f"v(wl{index})"), current, time)}
    bottom, source = _signal(waveforms, f"v(be{index})"), _signal(waveforms, f"v(sl{index})")
    return {"rram": energy(top - bottom, current, time), "selector": energy(bottom - source, current, time)}


def _signal(waveforms: Waveforms, name: str) -> AnyArray:
    if name not in waveforms.signals:
        raise WaveformError(f"cell_energies: {name} was not recorded; add it to the probes of the testbench.")
    return waveforms[name]


def network_energies(waveforms: Waveforms) -> pd.DataFrame:
    r"""Return what reading, SET and RESET of a network's synapses took, by phase and matrix.

    The cells turn :math:`\int v\,i\,dt` into heat. It comes from the drivers of their top electrodes and from the
    virtual grounds of the neurons, which are both above 0 V, at the common mode: the one that current leaves delivers
    energy, the other takes most of it up again.

    Parameters
    ----------
    waveforms
        A run of a `HopfieldNetwork` or `Perceptron` in the engine numpy, which counts them.

    Returns
    -------
    pandas.DataFrame
        phase (from 0), matrix (exc, inh), kind (read, set, reset), charge [C], cells, drivers, grounds [J]; the last
        two are what they deliver, negative if they take energy up. Drops in the drivers' resistance are left out.

    Raises
    ------
    WaveformError
        If the run does not tell them.
    """
    import pandas as pd

    check_kind(waveforms, Waveforms, "network_energies", "the waveforms of a run")
    told = {name: value for name, value in waveforms.provenance.items() if name.startswith("phase ")}
    if not told:
        raise WaveformError(
            "network_energies: this run does not tell them; the engine numpy does, for a HopfieldNetwork or Perceptron."
        )
    level, rows, before = float(waveforms.provenance["common_mode"]), [], dict[str, float]()
    for phase in range(1 + max(int(name.split(":")[0][6:]) for name in told)):
        now = {name.split(": ")[1]: float(v) for name, v in told.items() if name.startswith(f"phase {phase}: ")}
        for name, total in now.items():
            quantity, kind, matrix = name.split("_")
            if quantity == "energy":
                other = f"charge_{kind}_{matrix}"
                charge = now[other] - before.get(other, 0.0)
                heat = total - before.get(name, 0.0)
                rows.append((phase, matrix, kind, charge, heat, heat + level * charge, -level * charge))
        before = now
    table = pd.DataFrame(rows, columns=["phase", "matrix", "kind", "charge", "cells", "drivers", "grounds"])
    table.attrs["units"] = {"charge": "C", "cells": "J", "drivers": "J", "grounds": "J"}
    return table
