"""Devices of networks of layers: what programming pulses make of a conductance, and how devices differ and fail.

Conductances are in units of the largest one of the nominal device, so that they lie between K and 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.basics.fields import Kept, choice, number, other, record, whole
from rramcirc.bench.stimuli import number_list
from rramcirc.devices.pulses.exponential import PulseExponential
from rramcirc.engines.network.rules import curve_of_table

if TYPE_CHECKING:
    from rramcirc.devices.cards.model_card import ModelCard
    from rramcirc.devices.pulses.table import PulseTable

TOP, BOTTOM, ALPHA_P_OWN, ALPHA_D_OWN = range(4)  # columns of `DevicePool.own`
LAWS = ("linear", "exponential", "curve")
MOST_PULSES = np.iinfo(np.int32).max
LEAST_FACTOR = 0.05  # of a drawn exponent: 3.8 standard deviations of 25 %
Float32Array = NDArray[np.float32]


@record
class PulsedDevice:
    r"""A device that equal pulses potentiate and depress.

    ``linear``: every pulse moves by (1 - K)/N, [Fouda2020]_ Eq. 6; ``exponential``: by what is left of the range,
    Eq. 10; ``curve``: along curves of conductance against pulse number, for example of a pulse table. The device stops
    at its bounds.
    """

    law: Literal["linear", "exponential", "curve"] = choice("how pulses move it", default="exponential")
    g_max: float = number("largest conductance", "S", default=674e-9, above=0.0)
    ratio: float = number("smallest over largest conductance, K", default=32.95 / 674, low=0.0, below=1.0)
    levels: int = whole("pulses from one bound to the other, N: all of a linear device, what rules assume of others",
                        default=100, low=1)  # fmt: skip
    alpha_p: float = number("exponent per potentiating pulse", default=0.03058, above=0.0)
    alpha_d: float = number("exponent per depressing pulse", default=0.3534, above=0.0)
    up: Kept[FloatArray, ArrayLike] = other("curve: conductance after 0, 1, 2, ... potentiating pulses", default=())
    down: Kept[FloatArray, ArrayLike] = other("curve: conductance after 0, 1, 2, ... depressing pulses", default=())

    def _check(self) -> None:
        for name, sign in (("up", 1.0), ("down", -1.0)):
            values = number_list(f"PulsedDevice.{name}", getattr(self, name))
            if self.law == "curve":
                if values.size < 2 or not (np.diff(sign * values) > 0).all():
                    raise ParameterError(f"PulsedDevice.{name}: a curve has two or more conductances, each beyond.")
                if values.min() < self.ratio - 1e-9 or values.max() > 1 + 1e-9:
                    raise ParameterError(f"PulsedDevice.{name}: is not between K = {self.ratio:g} and 1.")
            object.__setattr__(self, name, values)

    @property
    def window(self) -> float:
        """1 - K."""
        return 1.0 - self.ratio

    @classmethod
    def of_rule(cls, rule: PulseExponential, *, law: Literal["linear", "exponential"] = "exponential",
                levels: int = 100) -> PulsedDevice:  # fmt: skip
        """Return the device of a closed form, or the linear device of the same bounds."""
        return cls(law, rule.g_max, rule.g_min / rule.g_max, levels, rule.alpha_p, rule.alpha_d)

    @classmethod
    def of_card(cls, card: ModelCard, *, levels: int = 100) -> PulsedDevice:
        """Return the device of a card of the module rram_tiox."""
        return cls.of_rule(PulseExponential.of_card(card), levels=levels)

    @classmethod
    def of_table(
        cls, table: PulseTable, *, potentiation: float, depression: float, width: float, gate: float, pulses: int = 100
    ) -> PulsedDevice:
        """Return the mean device of a pulse table under pulses of two amplitudes.

        Parameters
        ----------
        table
            Of any card, see ``rramcirc characterise``.
        potentiation, depression
            Amplitudes [V], positive and negative.
        width
            Of both [s].
        gate
            Gate voltage [V].
        pulses
            Most pulses of a curve; it ends earlier where a pulse moves less than 1e-5 of the range.
        """
        curves = []
        for amplitude in (potentiation, depression):
            conductance = curve_of_table(table, amplitude, width, gate, pulses=pulses)[1]
            moves = np.abs(np.diff(conductance)) > 1e-5 * abs(table.g_lrs - table.g_hrs)
            curves.append(conductance[: (int(np.argmin(moves)) if not moves.all() else pulses) + 1])
        top, bottom = max(c.max() for c in curves), min(c.min() for c in curves)
        if min(c.size for c in curves) < 2 or bottom <= 0:
            raise ParameterError("PulsedDevice.of_table: pulses of these amplitudes do not move the device.")
        levels = max(c.size - 1 for c in curves)
        return cls("curve", float(top), float(bottom / top), levels, up=curves[0] / top, down=curves[1] / top)

    def settled(self, gamma_p: int = 1, gamma_d: int = 1) -> float:
        """Return the conductance at which equally many updates up and down do not move an exponential device."""
        up, down = -np.expm1(-self.alpha_p * gamma_p), -np.expm1(-self.alpha_d * gamma_d)
        return float((up + down * self.ratio) / (up + down))


@record
class DeviceSpread:
    """How devices differ, vary and fail; the defaults are nominal devices that never do."""

    alpha: float = number("standard deviation over mean of both exponents between devices", default=0.0, low=0.0)
    top: float = number("standard deviation over mean of the largest conductance", default=0.0, low=0.0)
    bottom: float = number("standard deviation over mean of the smallest conductance", default=0.0, low=0.0)
    cycle: float = number("standard deviation over mean of the exponent from write to write", default=0.0, low=0.0)
    read: float = number("standard deviation of a read, relative to the conductance", default=0.0, low=0.0)
    stuck: float = number("share of devices that never move", default=0.0, low=0.0, high=1.0)
    stuck_at: Literal["low", "high", "either"] = choice("where they are", default="either")
    endurance: float = number("median of the pulses before a device sticks; 0 is no limit", default=0.0, low=0.0)
    endurance_spread: float = number("standard deviation of ln of it", default=0.5, low=0.0)


#: of [Fouda2020]_ section IV, "tolerance (variance/mean)" read as standard deviation over mean
PUBLISHED_SPREAD = DeviceSpread(alpha=0.25, top=0.01, bottom=0.05)


@dataclass
class DevicePool:
    """Devices of one polarity of a layer.

    Attributes
    ----------
    conductance : (count,) array
        Over the largest of the nominal device; writing changes it.
    own : (count, 4) array
        What each device is: largest and smallest conductance, exponents of potentiation and depression. Equal devices
        share one row, which keeps it in the cache of the processor.
    left : (count,) array
        Pulses that the device still takes before it sticks; writing changes it. Empty: no device ever does.
    """

    conductance: Float32Array
    own: Float32Array
    left: NDArray[np.int32]


def draw_pool(device: PulsedDevice, spread: DeviceSpread, start: FloatArray, rng: np.random.Generator) -> DevicePool:
    """Return devices that start at a conductance, or at their own bound if it lies beyond.

    Parameters
    ----------
    start : (count,) array
        Conductance in units of the nominal largest [1].
    """
    count = start.size
    nominal = np.array([1.0, device.ratio, device.alpha_p, device.alpha_d])
    sigmas = np.array([spread.top, spread.bottom, spread.alpha, spread.alpha])
    if sigmas.any():
        factors = np.maximum(1 + sigmas * rng.standard_normal((count, 4)), LEAST_FACTOR)
        own = (nominal * factors).astype(np.float32)
    else:
        own = np.broadcast_to(nominal.astype(np.float32), (count, 4))
    conductance = np.clip(start.astype(np.float32), own[:, BOTTOM], own[:, TOP])
    left = np.zeros(0, np.int32)
    if spread.endurance > 0 or spread.stuck > 0:
        left = np.full(count, MOST_PULSES, np.int32)
    if spread.endurance > 0:
        limits = spread.endurance * np.exp(spread.endurance_spread * rng.standard_normal(count))
        left[:] = np.minimum(np.round(limits), MOST_PULSES)
    if spread.stuck > 0:
        stuck = rng.random(count) < spread.stuck
        high = rng.random(count) < {"low": 0.0, "high": 1.0, "either": 0.5}[spread.stuck_at]
        conductance[stuck] = np.where(high, own[:, TOP], own[:, BOTTOM])[stuck]
        left[stuck] = 0
    return DevicePool(conductance, own, left)
