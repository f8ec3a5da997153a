"""How long a card's device may be read at which voltage and temperature before its state has moved."""

from __future__ import annotations

from dataclasses import dataclass

from rramcirc.basics.errors import ParameterError, shown
from rramcirc.basics.units import format_number

_NUMBERS = ("voltage", "temperature", "resistance", "time", "change")


@dataclass(frozen=True)
class ReadAdvice:
    """One line of a card's read advice.

    Attributes
    ----------
    voltage
        Largest magnitude of the voltage across the device [V]; 0 is storage.
    temperature
        Highest ambient temperature [K].
    resistance
        Lowest resistance of the states that it holds for [ohm].
    time
        How long in all, without a write in between [s].
    change
        Change of the resistance after that time at most, as a fraction.
    status, source
        As for every number of a card.
    """

    voltage: float
    temperature: float
    resistance: float
    time: float
    change: float
    status: str = "assumed"
    source: str = ""

    def __post_init__(self) -> None:
        for name in _NUMBERS:
            value = getattr(self, name)
            low = 0.0 if name in ("voltage", "resistance") else 1e-12
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value < 1e15:
                raise ParameterError(f"{name} = {shown(value)} is not a number from {low:g} to 1e15.")

    def __str__(self) -> str:
        at = f"up to {format_number(self.voltage, 'V')}" if self.voltage else "storage"
        of = f", {format_number(self.resistance, 'ohm')} and more" if self.resistance else ""
        return f"{at}, {self.temperature:g} K{of}: {duration(self.time)}, R within {100 * self.change:g} %"


def duration(seconds: float) -> str:
    """Return a time in the unit that one would say it in."""
    for name, length in (("years", 3.15576e7), ("days", 86400.0), ("h", 3600.0)):
        if seconds >= 0.999 * length:
            return f"{seconds / length:.3g} {name}"
    return format_number(seconds, "s")
