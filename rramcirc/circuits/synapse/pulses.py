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

from rramcirc.basics.arguments import check_kind
from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.bench.analyses import Transient
from rramcirc.bench.stimuli import Constant, Stimulus
from rramcirc.bench.synapse_pulses import SynapsePulses, gate_stimulus, te_stimulus
from rramcirc.bench.testbench import CycleNoise, Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar


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
