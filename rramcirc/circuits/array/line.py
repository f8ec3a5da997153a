"""Wires of an array."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.checks import check_choice
from rramcirc.basics.errors import ParameterError
from rramcirc.basics.units import number_from_zero


@dataclass(frozen=True)
class Line:
    """Wires of one kind (BL, WL or SL): what one segment between two cells has, and where the driver sits."""

    resistance: float = field(
        default=0.0, metadata={"desc": "resistance of one segment; 0 is a perfect wire", "units": "ohm"}
    )
    capacitance: float = field(default=0.0, metadata={"desc": "capacitance of one segment to ground", "units": "F"})
    driver_resistance: float = field(
        default=0.0, metadata={"desc": "resistance between source and line", "units": "ohm"}
    )
    end: Literal["first", "last", "both"] = field(
        default="first", metadata={"desc": "end at which the driver sits: at row/column 0, at the last one, or both"}
    )
    segments: NDArray | None = field(
        default=None,
        metadata={
            "desc": "resistance of every single segment instead of `resistance`, [row, column]: the one on the driver's"
            " side of each cell; driven at both ends, one more along the line",
            "units": "ohm",
        },
    )

    def __post_init__(self) -> None:
        for name in ("resistance", "capacitance", "driver_resistance"):
            number_from_zero(getattr(self, name), f"Line.{name}")
        check_choice("Line.end", self.end, ("first", "last", "both"))
        if self.segments is not None:
            self._check_segments()

    def _check_segments(self) -> None:
        try:
            array = np.array(self.segments)
        except (TypeError, ValueError):
            array = np.array(None)
        if array.dtype.kind not in "iuf" or array.ndim != 2:
            raise ParameterError(f"Line.segments: {self.segments!r:.60} is no [row, column] array of numbers.")
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
        same = self._plain == other._plain and (self.segments is None) == (other.segments is None)
        return same and (self.segments is None or np.array_equal(self.segments, other.segments))

    def __hash__(self) -> int:
        return hash(self._plain)

    @property
    def _plain(self) -> tuple[float | str, ...]:
        return (self.resistance, self.capacitance, self.driver_resistance, self.end)
