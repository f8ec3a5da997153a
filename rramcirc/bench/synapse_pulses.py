"""The pulses of the neurons at a synapse: one record for netlists, the device level and the network level.

A PRE spike opens the gates of a row, a POST spike drives the top electrodes of a column::

    gate   0 V ___|‾‾‾‾‾‾‾‾‾‾ gate_voltage ‾‾‾‾‾‾‾‾‾‾|___   gate_width; a spike during it prolongs it
    te    rest ___|‾ set_voltage ‾|___        ____________   te_width
                  |                   |______|               reset_delay after the spike, -reset_voltage
    ti    rest ‾‾‾|_ -inhibitory _|‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾   te_width, at the inhibitory synapses of a network

All top-electrode levels are relative to the common mode V_cm, so that a negative pulse stays above the bulk: a top
electrode below it would open the junction of the transistor and reset cells whose gate is off.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arguments import check_kind, real_array
from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.basics.fields import number, record
from rramcirc.basics.units import format_number
from rramcirc.bench.spike_pulses import BipolarPulse, GatePulse, prolonged
from rramcirc.bench.stimuli import Constant, PiecewiseLinear, pulse_sequence

__all__ = ["RESET", "SET", "SynapsePulses", "gate_stimulus", "overlaps", "te_stimulus"]


#: what the two pulses of a POST spike do to the top electrode
SET, RESET = "SET", "RESET"


@record
class SynapsePulses:
    """Pulses of the neurons on both sides of a synapse; the status of every number stands in its field.

    A PRE spike at t opens the gate from t to t + `gate_width`. A POST spike at t puts +`set_voltage` on the top
    electrode from t to t + `te_width`, and -`reset_voltage` from t + `reset_delay` to t + `reset_delay` + `te_width`,
    both relative to `common_mode`. So PRE before POST within the gate pulse is SET (potentiation), POST before PRE
    within `reset_delay` is RESET (depression). In a network with inhibitory synapses, it also puts
    -`inhibitory_voltage` on their top electrodes from t to t + `te_width`. A voltage of 0 leaves a pulse out.

    In a network the top electrodes of excitatory synapses rest at +`read_voltage`, those of inhibitory ones at
    -`read_voltage`; in the bench of one synapse at V_cm, and at `read_voltage` only while the weight is read.

    References
    ----------
    [Pedretti2018]_ Section II: gate to PRE, top electrode to POST, SET at positive, RESET at negative delay; epochs of
    10 ms. It gives no amplitudes and no widths of the top-electrode pulses.
    """

    common_mode: float = number(
        "level of BE virtual ground and resting TE against the bulk", "V", default=1.6, low=0.0, status="assumed"
    )
    gate_voltage: float = number(
        "PRE pulse on the gate, against the bulk; limits the SET current", "V", default=3.1, above=0.0, status="fitted"
    )
    set_voltage: float = number(
        "positive POST pulse on the TE, against V_cm", "V", default=1.1, low=0.0, status="fitted"
    )
    reset_voltage: float = number(
        "depth of the negative POST pulse on the TE, against V_cm", "V", default=0.9, low=0.0, status="fitted"
    )
    gate_width: float = number(
        "length of the PRE pulse: one epoch of Pedretti 2018", "s", default=10e-3, above=0.0, status="published"
    )
    te_width: float = number("length of each TE pulse", "s", default=1e-3, above=0.0, status="assumed")
    reset_delay: float = number(
        "from the positive to the negative TE pulse", "s", default=10e-3, above=0.0, status="assumed"
    )
    edge: float = number("rise and fall time of all pulses", "s", default=10e-6, above=0.0, status="assumed")
    read_voltage: float = number(
        "TE against V_cm when the weight is read", "V", default=0.1, above=0.0, status="assumed"
    )
    reset_width: float | None = number(
        "length of the negative TE pulse; that of the positive one by default", "s", default=None, above=0.0,
        status="assumed",
    )  # fmt: skip
    inhibitory_voltage: float = number(
        "depth of the pulse on the TE of inhibitory synapses, against V_cm", "V", default=0.0, low=0.0, status="assumed"
    )

    def _check(self) -> None:
        for name in ("reset_voltage", "inhibitory_voltage"):
            depth = getattr(self, name)
            if depth > self.common_mode:
                raise ParameterError(
                    f"SynapsePulses.{name}: {depth:g} V below a common mode of {self.common_mode:g} V pulls the top "
                    "electrode below the bulk and resets unselected cells; raise common_mode."
                )
        shortest = min(self.te_width, self.gate_width, self.second_width if self.reset_voltage else self.te_width)
        if 2 * self.edge >= shortest:
            raise ParameterError(
                f"SynapsePulses.edge: two edges of {format_number(self.edge, 's')} are too long for a pulse of "
                f"{format_number(shortest, 's')}."
            )
        if self.reset_voltage and self.set_voltage and self.reset_delay < self.te_width * (1 - 1e-12):
            raise ParameterError(
                f"SynapsePulses.reset_delay: the negative pulse comes {self.reset_delay:g} s after the positive one, "
                f"which takes {self.te_width:g} s; they overlap."
            )

    @property
    def second_width(self) -> float:
        """Length of the negative TE pulse [s]."""
        return self.te_width if self.reset_width is None else self.reset_width

    @property
    def te_windows(self) -> tuple[tuple[str, float, float, float], ...]:
        """What a POST spike does to the TE: (SET or RESET, level against V_cm [V], start, end after the spike [s])."""
        end = self.reset_delay + self.second_width
        windows = ((SET, self.set_voltage, 0.0, self.te_width), (RESET, -self.reset_voltage, self.reset_delay, end))
        return tuple(window for window in windows if window[1])

    @property
    def writing_time(self) -> float:
        """From a spike to the end of the last of its pulses on top electrodes [s]; 0 without any."""
        ends = [end for *_, end in self.te_windows]
        return max([*ends, self.te_width if self.inhibitory_voltage else 0.0])

    @property
    def reading(self) -> SynapsePulses:
        """The same without the pulses that write: only the gate pulse is left."""
        return replace(self, set_voltage=0.0, reset_voltage=0.0, inhibitory_voltage=0.0)

    @property
    def gate_pulse(self) -> GatePulse:
        """What a PRE spike does to its gate line."""
        return GatePulse(self.gate_voltage, self.gate_width, self.edge)

    @property
    def te_pulse(self) -> BipolarPulse:
        """What a POST spike does to its top electrode."""
        return BipolarPulse(
            self.set_voltage, self.te_width, -self.reset_voltage, self.second_width,
            max(self.reset_delay - self.te_width, self.edge), self.common_mode, edge=self.edge,
        )  # fmt: skip

    @property
    def te_length(self) -> float:
        """From the start of a POST spike to the end of its last pulse [s]."""
        return (self.reset_delay + self.second_width if self.reset_voltage else self.te_width) + self.edge


def overlaps(pulses: SynapsePulses, delay: ArrayLike) -> dict[str, FloatArray]:
    """Return how long the gate pulse overlaps the two pulses of the top electrode.

    Parameters
    ----------
    delay
        POST minus PRE spike time [s], any shape.

    Returns
    -------
    dict of arrays
        ``"SET"`` and ``"RESET"`` [s], the shape of `delay`; zero for a pulse that is left out.

    Examples
    --------
    >>> found = overlaps(SynapsePulses(), [-15e-3, -5e-3, 5e-3, 9.5e-3, 15e-3])
    >>> (found["SET"] * 1e3).round(3), (found["RESET"] * 1e3).round(3)
    (array([0. , 0. , 1. , 0.5, 0. ]), array([0., 1., 0., 0., 0.]))
    """
    check_kind(pulses, SynapsePulses, "overlaps", "a SynapsePulses")
    delay = real_array(delay, "overlaps: delay")
    found = {SET: np.zeros_like(delay), RESET: np.zeros_like(delay)}
    for name, _, start, end in pulses.te_windows:
        both = np.minimum(delay + end, pulses.gate_width) - np.maximum(delay + start, 0.0)
        found[name] = np.clip(np.round(both, 12), 0.0, None)
    return found


def gate_stimulus(pulses: SynapsePulses, spikes: ArrayLike, reads: ArrayLike = ()) -> PiecewiseLinear | Constant:
    """Return the gate voltage of a PRE neuron; a spike during a pulse, edges included, prolongs it.

    Parameters
    ----------
    spikes
        Spike times [s], ascending.
    reads
        Times at which the weight is read [s]; each opens the gate for `te_width`.
    """
    check_kind(pulses, SynapsePulses, "gate_stimulus", "a SynapsePulses")
    spikes, reads = (real_array(times, "gate_stimulus").ravel() for times in (spikes, reads))
    if spikes.size + reads.size == 0:
        return Constant(0.0)
    begins = np.concatenate([spikes, reads])
    lengths = np.repeat([pulses.gate_width, pulses.te_width], [spikes.size, reads.size]) + pulses.edge
    order = np.argsort(begins, kind="stable")
    starts, ends = prolonged(begins[order], lengths[order])
    return _tidy(pulse_sequence(starts, ends - starts - 2 * pulses.edge, pulses.gate_voltage, edge=pulses.edge))


def te_stimulus(pulses: SynapsePulses, spikes: ArrayLike, reads: ArrayLike = ()) -> PiecewiseLinear | Constant:
    """Return the top-electrode voltage of a POST neuron against the bulk.

    Parameters
    ----------
    spikes
        Spike times [s], ascending.
    reads
        Times at which the weight is read [s]; each puts `read_voltage` on the electrode for `te_width`.

    Raises
    ------
    ParameterError
        If the pulses of two spikes overlap.
    """
    check_kind(pulses, SynapsePulses, "te_stimulus", "a SynapsePulses")
    spikes, reads = (real_array(times, "te_stimulus").ravel() for times in (spikes, reads))
    parts = [(reads, pulses.read_voltage, pulses.te_width)]
    parts += [(spikes + start, volts, end - start) for _, volts, start, end in pulses.te_windows]
    starts = np.concatenate([start for start, *_ in parts])
    if starts.size == 0:
        return Constant(pulses.common_mode)
    levels = np.concatenate([np.full(start.size, pulses.common_mode + volts) for start, volts, _ in parts])
    widths = np.concatenate([np.full(start.size, width) for start, _, width in parts])
    order = np.argsort(starts, kind="stable")
    gaps, takes = np.diff(starts[order]), (widths[order] + pulses.edge * (1 - 1e-9))[:-1]
    if np.any(gaps < takes):
        k = int(np.argmin(gaps - takes))
        raise ParameterError(
            f"te_stimulus: two pulses start at {starts[order][k]:g} s and {starts[order][k + 1]:g} s, but each takes "
            f"{widths[order][k] + pulses.edge:g} s; leave {pulses.te_length:g} s between the spikes of a POST neuron."
        )
    return _tidy(
        pulse_sequence(
            starts[order], widths[order] - pulses.edge, levels[order], edge=pulses.edge, base=pulses.common_mode
        )
    )


def _tidy(stimulus: PiecewiseLinear) -> PiecewiseLinear:
    """Return the same without the last digits that sums leave: times to 1 fs, levels to 1 pV."""
    return PiecewiseLinear(np.round(stimulus.times, 15), np.round(stimulus.values, 12))
