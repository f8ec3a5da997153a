"""The learning rule of the 1T1R cell of the Milo 2018 network, simulated pulse by pulse with the compiled model.

While a gate pulse and a top-electrode pulse overlap, the cell sees one SET or RESET pulse at the common-mode level of
the bottom electrodes. The curves are conductance at the read voltage against number of pulses; every synapse sees one
polarity only, so these curves are all that the network level needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.bench.synapse_pulses import SynapsePulses
from rramcirc.circuits.network.bench import NETWORK_PULSES
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.pulses.response import pulse_response
from rramcirc.engines.network.network import PulseCurve

EDGE = 1e-6  # [s]


@dataclass(frozen=True)
class PulseProtocol:
    """Pulses that the network gives to its cells, and how the cells are prepared. The paper gives none of the numbers.

    The pulses are those of the default networks, `NETWORK_PULSES`: V_exc is `set_voltage`, V_inh `inhibitory_voltage`
    below V_cm. Both were searched so that the cell switches gradually, in 5 to 15 overlaps to the half of its range;
    the gate sets the LRS.
    """

    card: str = "hfo2_filament"
    selector: str = "nmos_select"
    pulses: SynapsePulses = NETWORK_PULSES
    erase_voltage: float = field(
        default=-0.8, metadata={"desc": "RESET that prepares the HRS before training", "units": "V"}
    )
    count: int = field(default=150, metadata={"desc": "pulses of each curve; the end of the range", "units": "1"})

    @property
    def excitatory_level(self) -> float:
        """V_exc against the bottom electrode [V]."""
        return self.pulses.set_voltage

    @property
    def inhibitory_level(self) -> float:
        """V_inh against the bottom electrode [V]."""
        return -self.pulses.inhibitory_voltage


#: what the numbers of the pulses rest on in this paper: field -> (status, source)
SOURCES = {
    "common_mode": ("assumed", "above |V_inh|"),
    "gate_voltage": ("fitted", "LRS, gradual SET"),
    "set_voltage": ("fitted", "V_exc: gradual SET, Fig. 3(a)"),
    "inhibitory_voltage": ("fitted", "V_inh: gradual RESET, Fig. 3(a)"),
    "erase_voltage": ("assumed", "window about 10x"),
    "gate_width": ("assumed", "10 ms epoch of Pedretti2018"),
    "te_width": ("assumed", ""),
    "read_voltage": ("assumed", ""),
}


@dataclass(frozen=True)
class CellRule:
    """What the network level takes over from the cell."""

    lrs: float = field(metadata={"desc": "after the SET pulses; inhibitory cells start here", "units": "S"})
    hrs: float = field(metadata={"desc": "after the erase pulses; excitatory cells start here", "units": "S"})
    depressed: float = field(metadata={"desc": "after the RESET pulses of training", "units": "S"})
    potentiation: PulseCurve = field(metadata={"desc": "SET pulses on an erased cell"})
    depression: PulseCurve = field(metadata={"desc": "RESET pulses on a set cell"})
    inhibition: float = field(metadata={"desc": "current of an LRS cell at -V_read over that at +V_read", "units": "1"})


def pulse_train(
    protocol: PulseProtocol,
    state: dict[str, FloatArray],
    voltage: float,
    parameters: dict[str, FloatArray] | None = None,
    read: float | None = None,
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """Return conductances [S] before and after each of `protocol.count` pulses, (N, count + 1), and the last states.

    Parameters
    ----------
    protocol
        Levels and widths.
    state
        State name -> (N,) values before the first pulse.
    voltage
        Top electrode against bottom electrode level in the pulses [V].
    parameters
        Instance parameters of N devices that differ.
    read
        Top electrode between the pulses [V]; the read voltage by default.
    """
    pulses, count = protocol.pulses, protocol.count
    read = pulses.read_voltage if read is None else read
    rows = next(iter(state.values())).size
    starts = np.arange(count) * (pulses.te_width + 4 * EDGE)
    corners = EDGE * np.array([1, 1, 2, 3]) + pulses.te_width * np.array([0, 1, 1, 1])
    times = np.concatenate([[0.0, 0.0], (starts[:, None] + corners).ravel()])
    levels = np.concatenate([[read, read], np.tile([voltage, voltage, read, read], count)])
    found = pulse_response(
        load_card(protocol.card), np.tile(times, (rows, 1)), np.tile(levels, (rows, 1)), state,
        selector=load_card(protocol.selector), gate_voltages=np.full((rows, times.size), pulses.gate_voltage),
        source_line=pulses.common_mode, parameters=parameters,
    )  # fmt: skip
    conductance = np.concatenate([found.current[:, 1:2], found.current[:, 5::4]], axis=1) / read
    return conductance, {name: values[:, -1] for name, values in found.states.items()}


def cell_weights(
    states: Mapping[str, FloatArray], protocol: PulseProtocol, parameters: Mapping[str, FloatArray] | None = None
) -> NDArray[np.float64]:
    """Return the conductance at the read voltage, transistor included [S], of cells in given states; any shape.

    `parameters` are instance parameters of devices that differ, in the same shape.
    """
    shape = np.broadcast_shapes(*(np.shape(v) for v in states.values()))
    flat = {k: np.maximum(0.0, np.broadcast_to(v, shape).astype(float).ravel()) for k, v in states.items()}
    once = replace(protocol, count=1)
    own = {k: np.broadcast_to(v, shape).ravel() for k, v in parameters.items()} if parameters else None
    return pulse_train(once, flat, protocol.pulses.read_voltage, own)[0][:, 0].reshape(shape)


@cache
def prepared_states(protocol: PulseProtocol) -> tuple[dict[str, float], dict[str, float]]:
    """Return (erased, set) states of the nominal cell: where erase and SET trains lead again and again."""
    card = load_card(protocol.card)
    state = {name: np.array([card.value(f"{name}_ini")]) for name in card.states}
    written = state
    for _ in range(3):
        _, written = pulse_train(protocol, state, protocol.excitatory_level)
        _, state = pulse_train(protocol, written, protocol.erase_voltage)
    return ({name: float(v[0]) for name, v in state.items()}, {name: float(v[0]) for name, v in written.items()})


@cache
def cell_rule(protocol: PulseProtocol) -> CellRule:
    """Return the learning rule of the nominal cell."""
    erased, written = (
        {name: np.array([value]) for name, value in state.items()} for state in prepared_states(protocol)
    )
    up, _ = pulse_train(protocol, erased, protocol.excitatory_level)
    down, _ = pulse_train(protocol, written, protocol.inhibitory_level)
    # the source of the select transistor is its lower end: it passes more at -V_read
    below = -protocol.pulses.read_voltage
    read, _ = pulse_train(replace(protocol, count=1), written, below, read=below)
    return CellRule(
        float(up[0, -1]), float(up[0, 0]), float(down[0, -1]), _curve(up[0]), _curve(down[0]),
        inhibition=float(read[0, 0] / down[0, 0]),
    )  # fmt: skip


def _curve(conductance: NDArray[np.float64]) -> PulseCurve:
    if conductance[-1] == conductance[0]:
        raise ParameterError("cell_rule: these pulses do not move the cell at all; take larger ones or open the gate.")
    covered = (conductance - conductance[0]) / (conductance[-1] - conductance[0])
    return PulseCurve(np.arange(covered.size), np.maximum.accumulate(np.clip(covered, 0.0, 1.0)))


def pool(protocol: PulseProtocol, devices: int, seed: int = 1) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return potentiation and depression of devices that differ as the card says, (devices, pulses + 1) [S]."""
    from rramcirc.devices.cards.variability import sample_devices

    drawn = sample_devices(load_card(protocol.card), devices, np.random.default_rng(seed))
    erased, written = (
        {name: np.full(devices, value) for name, value in state.items()} for state in prepared_states(protocol)
    )
    up, _ = pulse_train(protocol, erased, protocol.excitatory_level, drawn)
    down, _ = pulse_train(protocol, written, protocol.inhibitory_level, drawn)
    return up, down
