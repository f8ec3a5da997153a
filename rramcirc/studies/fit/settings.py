"""What files with measured data do not say."""

from __future__ import annotations

from dataclasses import dataclass

from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.compiled.conductance import READ_VOLTAGE


@dataclass(frozen=True)
class Settings:
    """What the files do not say.

    Attributes
    ----------
    ramp_rate
        Of sweeps without times [V/s].
    read_voltage
        At which resistances were read [V].
    set_pulse, reset_pulse
        Amplitude [V] and width [s] of trains without these columns.
    noise_floor
        Currents of sweeps below it are left out [A]; None is 1e-6 of the largest one, at least 1 pA.
    selector
        Card of the select transistor; needed for data with gate voltages.
    temperature
        [K].
    gate
        Gate voltage of files without such a column [V].
    compliance
        Of the source meter [A]; None: recognised from a plateau of the current.
    series_resistance
        Of leads and switch matrix [ohm], in a cell without a transistor.
    voltage_measured
        Whether voltages of sweeps were measured at the device; compliance and series resistance do not count then.
    negative_line
        Which line of a 1T1R cell carries a negative voltage: ``"sl"`` is raised, ``"bl"`` is lowered with SL at 0 V,
        ``"auto"`` takes the one that fits better.
    """

    ramp_rate: float = 1.0
    read_voltage: float = READ_VOLTAGE
    set_pulse: tuple[float, float] | None = None
    reset_pulse: tuple[float, float] | None = None
    noise_floor: float | None = None
    selector: ModelCard | None = None
    temperature: float = 300.15
    gate: float | None = None
    compliance: float | None = None
    series_resistance: float = 0.0
    voltage_measured: bool = False
    negative_line: str = "auto"
