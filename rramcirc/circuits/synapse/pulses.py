"""The 1T1R synapse between two neurons: PRE pulses on the gate, bipolar POST pulses on the top electrode.

::

    POST: BL --- TE [RRAM] BE --- drain [selector] source --- SL: virtual ground of the POST neuron, V_cm
                                  gate --- WL: PRE, bulk 0 V

All top-electrode levels are relative to the common mode V_cm, so that a negative pulse stays above the bulk: a top
electrode below it would open the junction of the transistor and reset cells whose gate is off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arguments import check_kind, real_array
from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.basics.fields import number, record
from rramcirc.bench.analyses import Transient
from rramcirc.bench.spike_pulses import BipolarPulse, GatePulse, prolonged
from rramcirc.bench.stimuli import Constant, PiecewiseLinear, Stimulus, pulse_sequence
from rramcirc.bench.testbench import CycleNoise, Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar


@record
class SynapsePulses:
    """Pulses of the neurons on both sides of a synapse; the status of every number stands in its field.

    A PRE spike at t opens the gate from t to t + `gate_width`. A POST spike at t puts +`set_voltage` on the top
    electrode from t to t + `te_width`, and -`reset_voltage` from t + `reset_delay` to t + `reset_delay` + `te_width`,
    both relative to `common_mode`. So PRE before POST within the gate pulse is SET (potentiation), POST before PRE
    within `reset_delay` is RESET (depression). A voltage of 0 leaves a pulse out.

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

    def _check(self) -> None:
        if self.reset_voltage > self.common_mode:
            raise ParameterError(
                f"SynapsePulses: reset_voltage = {self.reset_voltage:g} V below a common mode of {self.common_mode:g} "
                "V pulls the top electrode under the bulk and resets unselected cells; raise common_mode."
            )
        if 2 * self.edge >= min(self.te_width, self.gate_width):
            raise ParameterError(f"SynapsePulses: an edge of {self.edge:g} s is too long for the pulses.")
        if self.reset_voltage and self.set_voltage and self.reset_delay < self.te_width + 2 * self.edge:
            raise ParameterError(
                f"SynapsePulses: the negative pulse comes {self.reset_delay:g} s after the positive one, which takes "
                f"{self.te_width:g} s; they overlap."
            )

    @property
    def gate_pulse(self) -> GatePulse:
        """What a PRE spike does to its gate line."""
        return GatePulse(self.gate_voltage, self.gate_width, self.edge)

    @property
    def te_pulse(self) -> BipolarPulse:
        """What a POST spike does to its top electrode."""
        return BipolarPulse(
            self.set_voltage, self.te_width, -self.reset_voltage, self.te_width,
            max(self.reset_delay - self.te_width, self.edge), self.common_mode, edge=self.edge,
        )  # fmt: skip

    @property
    def te_length(self) -> float:
        """From the start of a POST spike to the end of its last pulse [s]."""
        return (self.reset_delay if self.reset_voltage else 0.0) + self.te_width + self.edge


#: what the two pulses of a POST spike do to the top electrode
SET, RESET = "SET", "RESET"


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
    found = {}
    for name, start, volts in ((SET, 0.0, pulses.set_voltage), (RESET, pulses.reset_delay, pulses.reset_voltage)):
        first, last = delay + start, delay + start + pulses.te_width
        both = np.minimum(last, pulses.gate_width) - np.maximum(first, 0.0)
        found[name] = np.clip(np.round(both, 12), 0.0, None) * (volts > 0)
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
    parts = [(reads, pulses.read_voltage)]
    parts += [(spikes, pulses.set_voltage)] if pulses.set_voltage else []
    parts += [(spikes + pulses.reset_delay, -pulses.reset_voltage)] if pulses.reset_voltage else []
    starts = np.concatenate([start for start, _ in parts])
    if starts.size == 0:
        return Constant(pulses.common_mode)
    levels = np.concatenate([np.full(start.size, pulses.common_mode + volts) for start, volts in parts])
    order = np.argsort(starts, kind="stable")
    gaps = np.diff(starts[order])
    if np.any(gaps < pulses.te_width + pulses.edge * (1 - 1e-9)):
        k = int(np.argmin(gaps))
        raise ParameterError(
            f"te_stimulus: two pulses start at {starts[order][k]:g} s and {starts[order][k + 1]:g} s, but each takes "
            f"{pulses.te_width + pulses.edge:g} s; leave {pulses.te_length:g} s between the spikes of a POST neuron."
        )
    return _tidy(
        pulse_sequence(
            starts[order], pulses.te_width - pulses.edge, levels[order], edge=pulses.edge, base=pulses.common_mode
        )
    )


def _tidy(stimulus: PiecewiseLinear) -> PiecewiseLinear:
    """Return the same without the last digits that sums leave: times to 1 fs, levels to 1 pV."""
    return PiecewiseLinear(np.round(stimulus.times, 15), np.round(stimulus.values, 12))


def synapse_bench(cell: Cell, pulses: SynapsePulses | None = None, *, delay: float = 5e-3) -> Testbench:
    """Return one synapse that sees one PRE and one POST spike, with a read before and after.

    Parameters
    ----------
    cell
        A 1T1R cell.
    pulses
        Pulses of the neurons; default `SynapsePulses`.
    delay
        POST minus PRE spike time [s].
    """
    pulses = pulses or SynapsePulses()
    check_cell(cell)
    plan = SpikePair(pulses, (delay,))
    stimuli = {
        "wl": gate_stimulus(pulses, [plan.pre], plan.reads),
        "bl": te_stimulus(pulses, [plan.pre + delay], plan.reads),
        "sl": Constant(pulses.common_mode),
    }
    title = f"1T1R synapse, PRE on the gate, POST {delay * 1e3:g} ms later on the top electrode"
    return Testbench(cell, Transient(plan.stop, max_step=pulses.te_width), stimuli, name=title)


def check_cell(cell: Cell) -> None:
    """Raise ParameterError unless the cell has a select transistor, whose gate is the synapse's input."""
    if not isinstance(cell, Cell) or cell.selector is None:
        raise ParameterError("synapse: needs a 1T1R cell; the PRE neuron drives the gate of its select transistor.")


@dataclass(frozen=True)
class SpikePair:
    """Times of a measurement with one PRE spike, and one POST spike at each of several delays."""

    pulses: SynapsePulses
    delays: tuple[float, ...]

    @property
    def pre(self) -> float:
        """The PRE spike [s]: after the first read and after the earliest POST spike can have begun."""
        return 3 * self.pulses.te_width + max(0.0, -min(self.delays))

    @property
    def reads(self) -> tuple[float, float]:
        """Start of the reads before and after [s]."""
        width = self.pulses.te_width
        last = max(max(self.delays) + self.pulses.te_length, self.pulses.gate_width + self.pulses.edge)
        return width, float(np.ceil((self.pre + last) / width - 1e-9) + 1) * width

    @property
    def stop(self) -> float:
        """End of the run [s]."""
        return self.reads[1] + 2 * self.pulses.te_width


def synapse_array(
    cell: Cell,
    pulses: SynapsePulses,
    pre: FloatArray | Sequence[Any],
    post: Sequence[ArrayLike],
    reads: tuple[float, ...],
    *,
    rows: int,
    stop: float,
    states: Mapping[str, FloatArray] | None = None,
    spread: Mapping[str, FloatArray] | None = None,
    noise: CycleNoise | None = None,
    max_step: float | None = None,
    seed: int | None = None,
    name: str = "",
) -> Testbench:
    """Return rows x columns independent synapses in one transient: no wire has resistance, so none sees another.

    Parameters
    ----------
    pre
        Spike times [s] that all rows see, or a list of one array for each row.
    post
        List of one array of spike times [s] for each column.
    reads
        Times of reads [s].
    states, spread
        (rows, columns) arrays of initial states and of RRAM instance parameters [the unit of each].
    noise
        Cycle-to-cycle deviates.
    stop, max_step
        End and largest step of the transient [s].
    """
    check_cell(cell)
    check_kind(pulses, SynapsePulses, "synapse_array", "a SynapsePulses")
    array = Crossbar(cell, rows, len(post), initial_state=states or {}, rram_parameters=spread or {})
    stimuli: dict[str, Stimulus] = {"sl": Constant(pulses.common_mode)}
    each = list(pre)
    own = len(each) == rows and np.ndim(each[0]) > 0
    gates = [gate_stimulus(pulses, times, reads) for times in (each if own else [pre])]
    stimuli |= {f"wl{k}": gate for k, gate in enumerate(gates)} if own else {"wl": gates[0]}
    stimuli |= {f"bl{k}": te_stimulus(pulses, times, reads) for k, times in enumerate(post)}
    return Testbench(
        array, Transient(stop, max_step or pulses.te_width), stimuli, probes=("conductance[*,*]",), cycle_noise=noise,
        seed=seed, name=name,
    )  # fmt: skip
