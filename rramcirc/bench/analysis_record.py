"""What an analysis says of itself, for the testbench, the dialects and the engines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple, Protocol

from rramcirc.basics.arrays import FloatArray


class Axis(NamedTuple):
    """The axis of an analysis as raw files write it: name, kind, and the unit of its values."""

    name: str
    kind: str
    unit: str


class AnalysisRecord(Protocol):
    """What the package asks of an analysis; a record that inherits from this class says what differs from the defaults.

    Attributes
    ----------
    kind
        Its word in netlists: ``"op"``, ``"dc"``, ``"tran"``, ``"ac"`` or ``"noise"``.
    plot_name
        What raw files call its result.
    axis
        What its result is plotted against; None for a single point.
    small_signal
        Whether it computes amplitudes around the operating point: variables of devices have none.
    """

    kind: ClassVar[str]
    plot_name: ClassVar[str]
    axis: ClassVar[Axis | None] = None
    small_signal: ClassVar[bool] = False

    @property
    def last_time(self) -> float | None:
        """Time [s] at which it ends; None if nothing moves in it."""
        return None

    @property
    def largest_step(self) -> float | None:
        """Bound of its time steps [s]; None if nothing moves in it."""
        return None

    @property
    def grid(self) -> FloatArray | None:
        """Points of its axis in their unit, one 0 for a single point; None where the simulator chooses them."""
        return None

    @property
    def line_fields(self) -> tuple[tuple[str, str], ...]:
        """Lines that it names, as (field, line)."""
        return ()

    @property
    def swept_line(self) -> str | None:
        """Line whose driver goes through `grid`."""
        return None

    @property
    def signal_line(self) -> str | None:
        """Line whose driver carries the small signal."""
        return None

    @property
    def voltage_line(self) -> str | None:
        """Line that must be driven by a voltage for it."""
        return None

    @property
    def line_levels(self) -> Mapping[str, FloatArray]:
        """Levels [V] over `grid` of the lines that it drives itself, in place of a stimulus."""
        return {}

    @property
    def output_node(self) -> str | None:
        """Line or output of the design at which it looks instead of at probes."""
        return None
