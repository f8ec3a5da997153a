"""Program and verify: bring the cells of a 1T1R array to target conductances with pulses; weights as pairs of cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rramcirc.basics.errors import ParameterError
from rramcirc.basics.fields import number, record, whole
from rramcirc.basics.units import positive_number
from rramcirc.bench.stimuli import Constant, Stimulus, pulse_sequence
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.studies.array.writing import EDGE_SHARE, conductances, write

Array = NDArray[np.float64]
Progress = Callable[[float], None]  # share that is done


@record
class ProgramScheme:
    """Incremental pulses: the gate limits the current of a SET, the source line's voltage drives a RESET.

    Numbers are `assumed`: they suit the card hfo2_filament with nmos_select.
    """

    width: float = number("of every pulse", "s", default=1e-6, above=0.0)
    set_voltage: float = number("on the bit line in SET", "V", default=2.0, above=0.0)
    gate_start: float = number("gate in the first SET pulse", "V", default=0.7, above=0.0)
    gate_step: float = number("by which the gate rises from one SET pulse to the next", "V", default=0.025, above=0.0)
    gate_stop: float = number("highest gate in SET", "V", default=2.0, above=0.0)
    reset_start: float = number("source line in the first RESET pulse", "V", default=0.5, above=0.0)
    reset_step: float = number("by which it rises from one RESET pulse to the next", "V", default=0.025, above=0.0)
    reset_stop: float = number("highest source line in RESET", "V", default=1.6, above=0.0)
    reset_gate: float = number("gate in RESET", "V", default=3.3, above=0.0)
    tolerance: float = number("of the conductance, relative", default=0.05, above=0.0, below=1.0)
    rounds: int = whole("how often SET and RESET ramps alternate before a cell is given up", default=4, low=1)

    def _check(self) -> None:
        for ramp in ("gate", "reset"):
            if getattr(self, f"{ramp}_stop") < getattr(self, f"{ramp}_start"):
                raise ParameterError(f"ProgramScheme.{ramp}_stop: lies below {ramp}_start.")

    def ramp(self, kind: str) -> Array:
        """Return the gate voltages of a SET ramp or the source-line voltages of a RESET ramp [V]."""
        name = "gate" if kind == "SET" else "reset"
        start, step, stop = (getattr(self, f"{name}_{part}") for part in ("start", "step", "stop"))
        return np.arange(start, stop + 0.5 * step, step)


@dataclass(frozen=True)
class Programmed:
    """What programming an array came to.

    Attributes
    ----------
    array
        The array with the states that it was left in.
    target, conductance : (rows, columns) arrays
        Wanted and reached, at 0.1 V [S].
    pulses : (rows, columns) array
        Pulses that every cell got.
    energy : (rows,) array
        What the drivers delivered while each row was written [J].
    failed : (rows, columns) array
        Cells outside the tolerance.
    """

    array: Crossbar
    target: Array
    conductance: Array
    pulses: NDArray[np.int64]
    energy: Array
    failed: NDArray[np.bool_]

    @property
    def error(self) -> Array:
        """Reached against wanted conductance, relative."""
        return self.conductance / self.target - 1.0


def program(
    array: Crossbar,
    target: ArrayLike,
    scheme: ProgramScheme | None = None,
    *,
    engine: str = "numpy",
    progress: Progress | None = None,
) -> Programmed:
    """Program target conductances into a 1T1R array, row by row, all cells of a row at once.

    After every pulse all cells of the row are verified (conductance at 0.1 V); a cell within the tolerance gets no
    more pulses: its bit line stays at 0 V in SET, its source line in RESET. Cells below their target are SET with a
    rising gate voltage, cells above it are RESET with a rising source-line voltage, in turn.

    Parameters
    ----------
    array
        1T1R crossbar with SL parallel to BL, so that columns are selected one by one.
    target : (rows, columns) array
        Conductances [S].
    scheme
        Pulses and tolerance.
    engine
        ``"numpy"``, or ``"ngspice"`` for small arrays.
    progress
        Called with the share of rows that is done.

    Raises
    ------
    ParameterError
        If the array has no selectors or SL along rows, or the target has another shape or is not positive.
    """
    scheme = scheme or ProgramScheme()
    wanted = _checked(array, target)
    pulses, energy = np.zeros(array.shape, np.int64), np.zeros(array.rows)
    for row in range(array.rows):
        for _ in range(scheme.rounds):
            before = array
            for kind in ("SET", "RESET"):
                array = _ramp(array, row, kind, wanted[row], scheme, engine, pulses, energy)
            if array is before:
                break
        if progress is not None:
            progress((row + 1) / array.rows)
    reached = conductances(array)
    failed = np.abs(reached / wanted - 1.0) > scheme.tolerance
    return Programmed(array, wanted, reached, pulses, energy, failed)


def _checked(array: Crossbar, target: ArrayLike) -> Array:
    if not isinstance(array, Crossbar) or array.cell.selector is None or array.source_line != "column":
        raise ParameterError("program: needs a 1T1R crossbar with SL parallel to BL (source_line = 'column').")
    wanted = np.asarray(target, dtype=float)
    if wanted.shape != array.shape:
        raise ParameterError(f"program: target has shape {wanted.shape}; the array has {array.shape}.")
    if not np.all(np.isfinite(wanted)) or np.any(wanted <= 0):
        raise ParameterError("program: target holds conductances that are not positive numbers [S].")
    return wanted


def _ramp(
    array: Crossbar, row: int, kind: str, wanted: Array, scheme: ProgramScheme, engine: str,
    pulses: NDArray[np.int64], energy: Array,
) -> Crossbar:  # fmt: skip
    """Give a row pulses of one polarity, rising, until no cell of it needs more."""
    for level in scheme.ramp(kind):
        ratio = conductances(array)[row] / wanted
        active = ratio < 1 - scheme.tolerance if kind == "SET" else ratio > 1 + scheme.tolerance
        if not active.any():
            break
        lines = [f"{line}{j}" for j in np.flatnonzero(active) for line in ("bl", "sl")]
        probes = tuple(f"{quantity}({line})" for line in lines for quantity in "vi")
        array, waves = write(array, _pulse(array, row, kind, active, level, scheme), engine=engine, probes=probes)
        pulses[row, active] += 1
        energy[row] += np.trapezoid(sum(waves[f"v({n})"] * waves[f"i({n})"] for n in lines), waves.time)
    return array


def _pulse(
    array: Crossbar, row: int, kind: str, active: NDArray[np.bool_], level: float, scheme: ProgramScheme
) -> dict[str, Stimulus]:
    edge = EDGE_SHARE * scheme.width
    amplitude = scheme.set_voltage if kind == "SET" else float(level)
    shape = pulse_sequence([2 * edge], scheme.width, amplitude, edge=edge)
    gate = float(level) if kind == "SET" else scheme.reset_gate
    line = "bl" if kind == "SET" else "sl"
    stimuli: dict[str, Stimulus] = {f"wl{row}": Constant(gate)}
    stimuli |= {f"{line}{j}": shape for j in np.flatnonzero(active)}
    return stimuli


def weights_to_pairs(weights: ArrayLike, lowest: float, highest: float) -> tuple[Array, Array, float]:
    """Return conductance pairs that carry signed weights as differences.

    Parameters
    ----------
    weights
        Any shape.
    lowest, highest
        Conductances that cells can hold [S].

    Returns
    -------
    plus, minus : arrays of the shape of `weights`
        Conductances [S]; one of each pair is `lowest`.
    scale
        Weight of 1 S: ``weights = scale * (plus - minus)``.

    Examples
    --------
    >>> plus, minus, scale = weights_to_pairs([1.0, -0.5, 0.0], 1e-5, 1e-4)
    >>> plus * 1e6, minus * 1e6
    (array([100.,  10.,  10.]), array([10., 55., 10.]))
    """
    values = np.asarray(weights, dtype=float)
    if values.size == 0 or not np.all(np.isfinite(values)):
        raise ParameterError("weights_to_pairs: weights are empty or not finite.")
    positive_number(lowest, "weights_to_pairs: lowest")
    if not positive_number(highest, "weights_to_pairs: highest") > lowest:
        raise ParameterError(f"weights_to_pairs: highest {highest:g} S is not above lowest {lowest:g} S.")
    largest = float(np.abs(values).max())
    scale = (largest or 1.0) / (highest - lowest)
    return lowest + np.maximum(values, 0) / scale, lowest + np.maximum(-values, 0) / scale, scale
