"""Wires of an array."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rramcirc.design.checks import check_choice
from rramcirc.units import number_from_zero


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

    def __post_init__(self) -> None:
        for name in ("resistance", "capacitance", "driver_resistance"):
            number_from_zero(getattr(self, name), f"Line.{name}")
        check_choice("Line.end", self.end, ("first", "last", "both"))
