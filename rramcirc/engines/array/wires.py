"""The wires of an array as the sweeps of `lines` want them: checked, and turned: node 0 is next to the driver."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rramcirc.basics.errors import ParameterError, shown

ENDS = ("first", "last", "both")
OPEN = 1e200  # [ohm]; stands for an infinite resistance
SHORT = 1e-25  # [ohm]; stands for zero at the far end of a line that is driven at both ends


def checked_array(
    name: str, values: ArrayLike, shapes: tuple[tuple[int, ...], ...], *, least: float, top: float
) -> NDArray[np.float64]:
    """Return an array of floats of one of the `shapes` with all values from `least` to `top`.

    Raises
    ------
    ParameterError
        Says which argument is wrong, and how.
    """
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):
        array = np.array(None)
    if array.dtype.kind not in "iuf":
        raise ParameterError(f"{name}: {values!r:.60} is no number or array of numbers.")
    if array.shape not in shapes:
        raise ParameterError(f"{name} has shape {array.shape}; allowed: {' or '.join(str(s) for s in shapes)}.")
    array = array.astype(np.float64, copy=False)
    bad = ~((array >= least) & (array <= top))
    if bad.any():
        where = tuple(int(k) for k in np.argwhere(bad)[0])
        place = f" at {list(where)}" if where else ""
        allowed = "a finite number" if least == -np.finfo(float).max else f"allowed is {least:g} to {top:g}"
        raise ParameterError(f"{name}{place} is {array[where]}; {allowed}.")
    return array


@dataclass(frozen=True)
class Wires:
    """All lines of one kind, in their own orientation: axis 0 counts lines, axis 1 nodes, node 0 next to the driver.

    Attributes
    ----------
    segment : (lines or 1, nodes) array
        Resistance between node k and node k - 1 or, for k = 0, the terminal [ohm]; with a driver at one end it
        includes the driver resistance.
    far : (lines,) array
        Resistance between the last node and the terminal [ohm]; `OPEN` unless both ends are driven.
    driver : (lines,) array
        Resistance between source and terminal [ohm], where both ends are driven; else 0.
    turned
        Whether node 0 is the last one of the array.
    both
        Whether both ends are driven.
    """

    segment: NDArray[np.float64]
    far: NDArray[np.float64]
    driver: NDArray[np.float64]
    turned: bool
    both: bool
    lines: int

    @property
    def ring(self) -> bool:
        """Whether terminals that join both ends have voltages of their own."""
        return self.both and bool(np.any(self.driver > 0))

    @property
    def distributed(self) -> bool:
        """Whether every node has a voltage of its own."""
        return bool(np.all(self.segment > 0)) and not (self.both and bool(np.any(self.far <= SHORT)))

    def with_lines_turned(self) -> Wires:
        """Return the same wires with the lines in reverse order."""
        segment = np.ascontiguousarray(self.segment[::-1])
        return replace(self, segment=segment, far=self.far[::-1].copy(), driver=self.driver[::-1].copy())


def make_wires(
    kind: str, lines: int, nodes: int, resistance: ArrayLike, end: str, driver_resistance: ArrayLike
) -> Wires:
    """Check and turn the wires of `lines` lines with `nodes` nodes each.

    Parameters
    ----------
    kind
        ``"row"`` or ``"column"``; how the arguments are called, and how their arrays are turned.
    resistance : () or (rows, columns) array
        Resistance of every segment [ohm], one more along the line if both ends are driven.
    end
        ``"first"``, ``"last"`` or ``"both"``.
    driver_resistance : () or (lines,) array
        Between source and line [ohm]; infinite leaves the line floating.
    """
    if not isinstance(end, str) or end not in ENDS:
        raise ParameterError(f"{kind}_end: {shown(end)} is not one of {', '.join(ENDS)}.")
    both = end == "both"
    shape = (lines, nodes + both)
    layout = shape if kind == "row" else shape[::-1]
    array = checked_array(f"{kind}_resistance", resistance, ((), layout), least=0.0, top=np.inf)
    driver = checked_array(f"{kind}_driver_resistance", driver_resistance, ((), (lines,)), least=0.0, top=np.inf)
    driver = np.minimum(np.broadcast_to(driver, (lines,)), OPEN)
    segment = np.full((1, nodes + both), float(array)) if array.ndim == 0 else array
    if array.ndim and kind == "column":
        segment = segment.T
    if end == "last":
        segment = segment[:, ::-1]
    segment = np.minimum(segment, OPEN)
    if both:
        far = np.maximum(np.broadcast_to(segment[:, -1], (lines,)), SHORT)
        return Wires(np.ascontiguousarray(segment[:, :-1]), far, driver, False, True, lines)
    if len(segment) == 1 and not np.all(driver == driver[0]):
        segment = np.repeat(segment, lines, axis=0)
    segment = np.ascontiguousarray(segment).copy()
    segment[:, 0] = np.minimum(segment[:, 0] + driver[: len(segment)], OPEN)
    return Wires(segment, np.full(lines, OPEN), np.zeros(lines), end == "last", False, lines)
