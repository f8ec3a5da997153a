"""Closed-form update rules of synapses: the conductance after programming pulses, without simulating them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rramcirc.basics.errors import ParameterError, shown
from rramcirc.basics.fields import number, record
from rramcirc.basics.units import whole_number

if TYPE_CHECKING:
    from rramcirc.devices.cards.model_card import ModelCard

CARD_MODULE = "rram_tiox"  # the Verilog-A module whose full pulses obey `PulseExponential`


class Nonlinearity(NamedTuple):
    """Asymmetric nonlinearity of potentiation and of depression, and their sum; 0 is a straight line."""

    panl: NDArray[np.float64] | float
    danl: NDArray[np.float64] | float
    anl: NDArray[np.float64] | float


@record
class PulseExponential:
    r"""A synapse whose conductance nears its bounds exponentially with the number of equal pulses.

    After n pulses from the start of the curve (Eq. 8), and by n more pulses from the conductance G (Eq. 10),

    .. math::

        G_{LTP}(n) &= G_{max} - \beta_P e^{-\alpha_P n}, &\quad G_{LTD}(n) &= G_{min} + \beta_D e^{-\alpha_D n} \\
        \Delta G_{LTP} &= (G_{max} - G)(1 - e^{-\alpha_P n}), &
        \Delta G_{LTD} &= (G - G_{min})(e^{-\alpha_D n} - 1)

    The defaults are the numbers of the Mo/TiOx/TiN device at +-3 V. Eq. 10 alone is what a device does; `beta_p` and
    `beta_d` only say where the measured curves begin. That of depression begins above `g_max`, see `depression_start`.

    References
    ----------
    [Fouda2020]_ Sections III and IV; the symbols are its.

    Examples
    --------
    >>> device = PulseExponential()
    >>> (device.potentiated([0, 50, 100]) * 1e9).round(1)  # [nS]
    array([ 47.2, 538.1, 644.6])
    >>> float((device.depression_change(674e-9) * 1e9).round(2))  # the first pulse from the top [nS]
    -190.84
    """

    g_max: float = number("largest conductance", "S", default=674e-9, above=0.0)
    g_min: float = number("smallest conductance", "S", default=32.95e-9, low=0.0)
    alpha_p: float = number("exponent per potentiating pulse", default=0.03058, above=0.0)
    alpha_d: float = number("exponent per depressing pulse", default=0.3534, above=0.0)
    beta_p: float = number("g_max minus the start of potentiation", "S", default=626.8e-9, above=0.0)
    beta_d: float = number("start of depression minus g_min", "S", default=921.9e-9, above=0.0)

    def _check(self) -> None:
        if self.g_max <= self.g_min:
            raise ParameterError(f"PulseExponential: g_max = {self.g_max:g} S is not above g_min = {self.g_min:g} S.")

    @classmethod
    def of_card(cls, card: ModelCard) -> PulseExponential:
        """Return the rule that the full pulses of a card's device obey; its curves begin at the bounds.

        Parameters
        ----------
        card
            A card of the module rram_tiox.

        Examples
        --------
        >>> from rramcirc.devices.cards.card import load_card
        >>> PulseExponential.of_card(load_card("tiox_fouda2020")).alpha_d
        0.3534
        """
        if getattr(card, "module", None) != CARD_MODULE:
            raise ParameterError(f"PulseExponential.of_card: {shown(card)} is no card of the module {CARD_MODULE}.")
        g_max, g_min = (float(f"{card.value(name)!r}e-9") for name in ("g_max", "g_min"))  # nS in the card
        return cls(g_max, g_min, card.number("alpha_p"), card.number("alpha_d"), g_max - g_min, g_max - g_min)

    @property
    def window(self) -> float:
        """g_max - g_min [S]."""
        return self.g_max - self.g_min

    @property
    def depression_start(self) -> float:
        """Number of pulses after which the curve of depression passes g_max; below it the curve is no state."""
        return float(np.log(self.beta_d / self.window) / self.alpha_d)

    def potentiated(self, pulses: ArrayLike) -> NDArray[np.float64]:
        """Return the conductance [S] after potentiating pulses from the start of the curve, Eq. 8.

        Parameters
        ----------
        pulses
            Number of pulses, any shape; fractions are allowed.
        """
        return self.g_max - self.beta_p * np.exp(-self.alpha_p * _from_zero("pulses", pulses))

    def depressed(self, pulses: ArrayLike) -> NDArray[np.float64]:
        """Return the conductance [S] after depressing pulses from the start of the curve, Eq. 8."""
        return self.g_min + self.beta_d * np.exp(-self.alpha_d * _from_zero("pulses", pulses))

    def potentiation_change(self, conductance: ArrayLike, pulses: ArrayLike = 1) -> NDArray[np.float64]:
        """Return by how much potentiating pulses change the conductance, Eq. 10.

        Parameters
        ----------
        conductance
            Conductance before the pulses [S], any shape; below `g_max` the change is positive.
        pulses
            Number of pulses; any shape that fits.

        Returns
        -------
        array
            Change [S].
        """
        before, count = _finite("conductance", conductance), _from_zero("pulses", pulses)
        return (before - self.g_max) * np.expm1(-self.alpha_p * count)

    def depression_change(self, conductance: ArrayLike, pulses: ArrayLike = 1) -> NDArray[np.float64]:
        """Return by how much depressing pulses change the conductance [S], Eq. 10; negative above `g_min`."""
        before, count = _finite("conductance", conductance), _from_zero("pulses", pulses)
        return (before - self.g_min) * np.expm1(-self.alpha_d * count)

    def nonlinearity(self, pulses: ArrayLike) -> Nonlinearity:
        r"""Return how far the curves are from a straight line, for N pulses that potentiate fully.

        .. math::

            PANL = G_{LTP}(N/2) / \Delta G - 1/2, \quad DANL = 1/2 - G_{LTD}(N/2) / \Delta G, \quad ANL = PANL + DANL

        with the conductances themselves and :math:`\Delta G = G_{max} - G_{min}`. The sum is Eq. 9.

        Parameters
        ----------
        pulses
            N, any shape. [Fouda2020]_ does not say which; its figures 0.32, 0.45, 0.77 belong to 94 and 95.

        Examples
        --------
        >>> [round(float(figure), 3) for figure in PulseExponential().nonlinearity(94)]
        [0.319, 0.449, 0.768]
        """
        half = _from_zero("pulses", pulses) / 2
        panl = self.potentiated(half) / self.window - 0.5
        danl = 0.5 - self.depressed(half) / self.window
        return Nonlinearity(panl, danl, panl + danl)

    def pulses_with_nonlinearity(
        self, panl: float, danl: float, anl: float, *, digits: int = 2, largest: int = 1000
    ) -> list[int]:
        """Return all whole N up to `largest` whose three figures round to the given ones.

        Examples
        --------
        >>> PulseExponential().pulses_with_nonlinearity(0.32, 0.45, 0.77)
        [94, 95]
        """
        whole_number(digits, "PulseExponential.pulses_with_nonlinearity: digits", 0)
        whole_number(largest, "PulseExponential.pulses_with_nonlinearity: largest", 1)
        wanted = [_finite(name, value) for name, value in {"panl": panl, "danl": danl, "anl": anl}.items()]
        counts = np.arange(1, largest + 1)
        close = [abs(f - w) <= 0.5 * 10.0**-digits for f, w in zip(self.nonlinearity(counts), wanted, strict=True)]
        return [int(count) for count in counts[np.logical_and.reduce(close)]]


def _finite(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return finite numbers as an array; texts and truth values are none."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):
        array = np.array(None)
    if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise ParameterError(
            f"PulseExponential: {name}: {shown(values)} is no finite number or array of finite numbers."
        )
    return array.astype(np.float64)


def _from_zero(name: str, values: ArrayLike) -> NDArray[np.float64]:
    array = _finite(name, values)
    if (array < 0).any():
        raise ParameterError(f"PulseExponential: {name}: {shown(values)} holds negative numbers.")
    return array
