"""Gradual learning pulses for the recurrent network of Milo 2018, and the pulse table that goes with them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from rramcirc.basics.paths import models_folder
from rramcirc.bench.synapse_pulses import SynapsePulses
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.pulses.response import pulse_response
from rramcirc.devices.pulses.table import PulseTable, load_table
from rramcirc.studies.characterise import PulseGrid, characterise
from rramcirc.studies.pulse_pool import Pool, draw_pool

CARD, SELECTOR = "hfo2_filament", "nmos_select"
GATE, V_EXC, V_INH, TE_WIDTH = 3.05, 0.93, 0.70, 1e-3  # [V], [s]; fitted, see MiloPulses
TABLE_FILE = "hfo2_filament_milo.npz"  # in models/pulse_tables
_WIDTHS = tuple(float(f"{w:.4g}") for w in np.logspace(-5, -1.9, 26))


@dataclass(frozen=True)
class MiloPulses:
    """Pulses with which the synapses learn gradually; [Milo2018]_ gives none of the numbers.

    The three voltages are fitted: chosen by a scan so that the mean over a pool of devices that differ needs 5 to 10
    overlaps of 1 ms to go half the way, and full potentiation ends near the LRS of 10 kohm, which the gate voltage
    sets.
    A single device moves through most of its SET within a few overlaps; it is the pool that is gradual. RESET is
    gradual in every device.
    """

    excitatory: SynapsePulses = field(metadata={"desc": "only positive TE pulses: potentiation, start from HRS"})
    inhibitory: SynapsePulses = field(metadata={"desc": "only negative TE pulses: depression, start from LRS"})
    table: PulseTable = field(metadata={"desc": "new states for the two amplitudes, all overlap durations"})
    potentiation_half: float = field(metadata={"desc": "overlaps to half the range, pool mean", "units": "1"})
    depression_half: float = field(metadata={"desc": "overlaps to half the range, pool mean", "units": "1"})


def gradual_pulses() -> SynapsePulses:
    """Return the pulses of both signs together, for benches with one synapse."""
    return SynapsePulses(gate_voltage=GATE, set_voltage=V_EXC, reset_voltage=V_INH, te_width=TE_WIDTH)


def milo_pulses() -> MiloPulses:
    """Return the pulses and their table, from the library's file.

    Examples
    --------
    >>> pulses = milo_pulses()
    >>> pulses.excitatory.set_voltage, pulses.inhibitory.reset_voltage, pulses.excitatory.gate_voltage
    (0.93, 0.7, 3.05)
    >>> float(pulses.table.apply(1.0, -pulses.inhibitory.reset_voltage, 1e-3, 3.05).round(2))  # one overlap from LRS
    0.87
    """
    table = load_table(models_folder() / "pulse_tables" / TABLE_FILE)
    half = table.provenance["overlaps_to_half"]
    both = gradual_pulses()
    return MiloPulses(
        replace(both, reset_voltage=0.0),
        replace(both, set_voltage=0.0),
        table,
        half["potentiation"],
        half["depression"],
    )


def milo_grid() -> PulseGrid:
    """Return what the library's table is measured at."""
    states = tuple(x for x in PulseGrid().states if x <= 1.5)
    return PulseGrid((-V_INH, V_EXC), _WIDTHS, (GATE,), states, devices=64, cycles=8, seed=2018)


def measure_table() -> PulseTable:
    """Measure the library's table again (some ten seconds of one core); `make models` writes it."""
    table = characterise(CARD, milo_grid(), selector=SELECTOR)
    pool = draw_pool(load_card(CARD), load_card(SELECTOR), milo_grid().common_mode, 400, 1, 2018)
    halves = {
        name: half_way(pulse_count(pool, amplitude, GATE, TE_WIDTH, 40).mean(axis=1), end)
        for name, amplitude, end in (("potentiation", V_EXC, 0.0), ("depression", -V_INH, 1.0))
    }
    return replace(table, provenance=dict(table.provenance) | {"overlaps_to_half": halves})


def pulse_count(pool: Pool, amplitude: float, gate: float, width: float, count: int, seed: int = 1) -> np.ndarray:
    """Return the states x after 1 ... count equal overlaps, (count, samples), each with new cycle deviates.

    Parameters
    ----------
    pool
        Devices; potentiation begins at x = 0, depression at x = 1.
    amplitude, gate
        TE against SL, gate against bulk [V].
    width
        Duration of an overlap [s].
    """
    rng = np.random.default_rng(seed)
    states = {k: np.full(pool.samples, v) for k, v in (pool.hrs if amplitude > 0 else pool.lrs).items()}
    times = np.tile([0.0, width], (pool.samples, 1))
    volts, after = np.full(times.shape, float(amplitude)), []
    for _ in range(count):
        found = pulse_response(
            pool.card, times, volts, states, selector=pool.selector, gate_voltages=gate, source_line=pool.common_mode,
            parameters=pool.parameters, noise=rng.standard_normal(pool.samples),
        ).states  # fmt: skip
        states = {name: values[:, 1] for name, values in found.items()}
        after.append(pool.x_of(states))
    return np.array(after)


def half_way(mean: np.ndarray, begin: float) -> float:
    """Return after how many pulses, interpolated, a mean has gone half the way from `begin` to the other end.

    NaN if it never does.
    """
    path = np.abs(np.concatenate([[begin], mean]) - begin)
    if path.max() < 0.5:
        return float("nan")
    k = int(np.argmax(path >= 0.5))
    return float(k - 1 + (0.5 - path[k - 1]) / (path[k] - path[k - 1]))
