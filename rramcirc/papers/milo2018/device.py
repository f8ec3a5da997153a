"""The learning rule of the 1T1R cell of the Milo 2018 network, simulated pulse by pulse with the compiled model.

While a gate pulse and a top-electrode pulse overlap, the cell sees one SET or RESET pulse at the common-mode level of
the bottom electrodes. The curves are conductance at the read voltage against number of pulses; every synapse sees one
polarity only, so these curves are all that the network level needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.pulses.response import pulse_response
from rramcirc.engines.network.network import PulseCurve

EDGE = 1e-6  # [s]


def _level(default: float, desc: str, status: str, where: str, units: str = "V") -> Any:
    return field(default=default, metadata={"desc": desc, "units": units, "status": status, "where": where})


@dataclass(frozen=True)
class PulseProtocol:
    """Pulses that the network gives to its cells. The paper gives none of the numbers.

    V_exc and V_inh were searched so that the cell switches gradually, in 5 to 15 overlaps to the half of its range; the
    gate sets the LRS.
    """

    card: str = "hfo2_filament"
    selector: str = "nmos_select"
    common_mode: float = _level(1.6, "V_cm, bottom electrodes against bulk", "assumed", "above |V_inh|")
    gate: float = _level(3.0, "gate pulse against bulk", "fitted", "LRS, gradual SET")
    set_voltage: float = _level(0.93, "V_exc against the bottom electrode", "fitted", "gradual SET, Fig. 3(a)")
    reset_voltage: float = _level(-0.75, "V_inh against the bottom electrode", "fitted", "gradual RESET, Fig. 3(a)")
    erase_voltage: float = _level(-0.8, "RESET that prepares the HRS before training", "assumed", "window about 10x")
    read_voltage: float = _level(0.1, "V_read against the bottom electrode", "assumed", "")
    width: float = _level(1e-3, "top-electrode pulse", "assumed", "", "s")
    pulses: int = field(default=150, metadata={"desc": "pulses of each curve; the end of the range", "units": "1"})


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
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """Return conductances [S] before and after each of `protocol.pulses` pulses, (N, pulses + 1), and the last states.

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
    """
    rows = next(iter(state.values())).size
    starts = np.arange(protocol.pulses) * (protocol.width + 4 * EDGE)
    corners = EDGE * np.array([1, 1, 2, 3]) + protocol.width * np.array([0, 1, 1, 1])
    times = np.concatenate([[0.0, 0.0], (starts[:, None] + corners).ravel()])
    read = protocol.read_voltage
    levels = np.concatenate([[read, read], np.tile([voltage, voltage, read, read], protocol.pulses)])
    found = pulse_response(
        load_card(protocol.card), np.tile(times, (rows, 1)), np.tile(levels, (rows, 1)), state,
        selector=load_card(protocol.selector), gate_voltages=np.full((rows, times.size), protocol.gate),
        source_line=protocol.common_mode, parameters=parameters,
    )  # fmt: skip
    conductance = np.concatenate([found.current[:, 1:2], found.current[:, 5::4]], axis=1) / read
    return conductance, {name: values[:, -1] for name, values in found.states.items()}


@cache
def prepared_states(protocol: PulseProtocol) -> tuple[dict[str, float], dict[str, float]]:
    """Return (erased, set) states of the nominal cell: where erase and SET trains lead again and again."""
    card = load_card(protocol.card)
    state = {name: np.array([card.value(f"{name}_ini")]) for name in card.states}
    written = state
    for _ in range(3):
        _, written = pulse_train(protocol, state, protocol.set_voltage)
        _, state = pulse_train(protocol, written, protocol.erase_voltage)
    return ({name: float(v[0]) for name, v in state.items()}, {name: float(v[0]) for name, v in written.items()})


@cache
def cell_rule(protocol: PulseProtocol) -> CellRule:
    """Return the learning rule of the nominal cell."""
    erased, written = (
        {name: np.array([value]) for name, value in state.items()} for state in prepared_states(protocol)
    )
    up, _ = pulse_train(protocol, erased, protocol.set_voltage)
    down, _ = pulse_train(protocol, written, protocol.reset_voltage)
    # the source of the select transistor is its lower end: it passes more at -V_read
    below = replace(protocol, read_voltage=-protocol.read_voltage, pulses=1)
    read, _ = pulse_train(below, written, -protocol.read_voltage)
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
    up, _ = pulse_train(protocol, erased, protocol.set_voltage, drawn)
    down, _ = pulse_train(protocol, written, protocol.reset_voltage, drawn)
    return up, down
