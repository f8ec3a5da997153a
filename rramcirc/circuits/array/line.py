"""Wires of an array."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, shown
from rramcirc.basics.fields import Kept, choice, number, other, record


@record
class Line:
    """Wires of one kind (BL, WL or SL): what one segment between two cells has, and where the driver sits."""

    resistance: float = number("resistance of one segment; 0 is a perfect wire", "ohm", default=0.0, low=0.0)
    capacitance: float = number("capacitance of one segment to ground", "F", default=0.0, low=0.0)
    driver_resistance: float = number("resistance between source and line", "ohm", default=0.0, low=0.0)
    end: Literal["first", "last", "both"] = choice(
        "end at which the driver sits: at row/column 0, at the last one, or both", default="first"
    )
    segments: Kept[FloatArray | None, ArrayLike | None] = other(
        "resistance of every single segment instead of `resistance`, [row, column]: the one on the driver's"
        " side of each cell; driven at both ends, one more along the line",
        "ohm",
        default=None,
    )

    def _check(self) -> None:
        if self.segments is None:
            return
        try:
            array = np.array(self.segments)
        except (TypeError, ValueError):
            array = np.array(None)
        if array.dtype.kind not in "iuf" or array.ndim != 2:
            raise ParameterError(f"Line.segments: {shown(self.segments)} is no [row, column] array of numbers.")
        array = array.astype(float)
        if not np.all(np.isfinite(array) & (array > 0)):
            raise ParameterError(
                "Line.segments: holds values that are not positive numbers; a broken segment is told by "
                "Defects.open_segments, a perfect wire by resistance = 0."
            )
        if self.resistance:
            raise ParameterError("Line: give resistance (all segments alike) or segments, not both.")
        array.setflags(write=False)
        object.__setattr__(self, "segments", array)

    @property
    def has_resistance(self) -> bool:
        """Whether the wires have a resistance, so that every cell has a node of its own on the line."""
        return self.segments is not None or self.resistance > 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Line):
            return NotImplemented
        mine, theirs = self.segments, other.segments
        if mine is None or theirs is None:
            return self._plain == other._plain and mine is theirs
        return self._plain == other._plain and np.array_equal(mine, theirs)

    def __hash__(self) -> int:
        return hash(self._plain)

    @property
    def _plain(self) -> tuple[float | str, ...]:
        return (self.resistance, self.capacitance, self.driver_resistance, self.end)
