"""What a pulse table is wrong by: against the engine, at points that are not in it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.devices.pulses.table import PulseTable
from rramcirc.studies.pulse_pool import Pool, States, quantiles, states_at

SEQUENCE, SEQUENCE_WIDTH = 10, 1e-3  # pulses in a row, of about this width [s]
Held = Callable[[Pool, States, float, float, list[float]], FloatArray]


def table_errors(table: PulseTable, pool: Pool, paths: dict[bool, States], held: Held) -> dict[str, float]:
    """Return the errors that `rramcirc.studies.characterise.characterise` describes."""
    between_states = _halfway(table.state)
    between_widths = np.exp(_halfway(np.log(table.width)))
    few = table.width[:: max(1, table.width.size // 6)]
    between_amplitudes, between_gates = _halfway_same_sign(table.amplitude), _halfway(table.gate)
    found = {
        "mean": [(a, g, between_states, between_widths) for a in table.amplitude for g in table.gate],
        "between_amplitudes": [(a, g, table.state, few) for a in between_amplitudes for g in table.gate],
        "between_gates": [(a, g, table.state, few) for a in table.amplitude for g in between_gates],
    }
    missed = {
        axis: [_missed(table, pool, paths, held, float(a), float(g), x, w) for a, g, x, w in points]
        for axis, points in found.items()
    }
    largest = {
        axis: float(max((mean.max(initial=0.0) for mean, _ in each), default=0.0)) for axis, each in missed.items()
    }
    squares = [np.mean(np.square(mean)) for mean, _ in missed["mean"] if mean.size]
    pooled = np.sqrt(table.device_spread**2 / pool.devices + table.cycle_spread**2 / pool.samples)
    return largest | {
        "mean_rms": float(np.sqrt(np.mean(squares))) if squares else 0.0,
        "distribution": float(max((d.max(initial=0.0) for _, d in missed["mean"]), default=0.0)),
        "sampling": float(pooled.max()),
        "sequence": _sequence_error(table, pool, paths, held),
    }


def _halfway(axis: FloatArray) -> FloatArray:
    halfway: FloatArray = 0.5 * (axis[1:] + axis[:-1])
    return halfway


def _halfway_same_sign(axis: FloatArray) -> FloatArray:
    halfway: FloatArray = _halfway(axis)[axis[1:] * axis[:-1] > 0]
    return halfway


def _missed(
    table: PulseTable, pool: Pool, paths: dict[bool, States], held: Held, amplitude: float, gate: float,
    states: FloatArray, widths: FloatArray,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Return errors of mean, and mean errors of quantiles, (x, w), at one amplitude and gate voltage."""
    starts = states_at(pool, paths[amplitude > 0], states)
    after = np.moveaxis(held(pool, starts, amplitude, gate, list(widths)), 1, 2)
    x, w = states[:, None], widths[None, :]
    mean = np.abs(table.apply(x, amplitude, w, gate) - after.mean(axis=-1))
    wanted = quantiles(after[:, None, :, None], np.array([amplitude]))[:, 0, :, 0]
    axes = (x[..., None], amplitude, w[..., None], gate, table.deviate)
    state, volt, width, gates, deviate = (np.broadcast_to(v, wanted.shape).ravel() for v in axes)
    looked_up = table._looked_up(table.new_state, state, volt, width, gates, deviate)
    return mean, np.abs(looked_up.reshape(wanted.shape) - wanted).mean(axis=-1)


def _sequence_error(table: PulseTable, pool: Pool, paths: dict[bool, States], held: Held) -> float:
    """Return the largest error of the mean after up to `SEQUENCE` pulses, from HRS (SET) and from LRS (RESET).

    The engine holds the voltage for 1 ... n widths: equal pulses one after the other, with the same deviates. The table
    looks up one pulse after the other, for as many synapses that each keep their deviate.
    """
    from scipy.special import ndtri

    width = float(table.width[np.argmin(np.abs(np.log(table.width / SEQUENCE_WIDTH)))])
    deviates = ndtri((np.arange(200) + 0.5) / 200)
    worst = 0.0
    for amplitude in table.amplitude:
        for gate in table.gate:
            begin = 0.0 if amplitude > 0 else 1.0
            starts = states_at(pool, paths[amplitude > 0], [begin])
            wanted = held(pool, starts, float(amplitude), float(gate), [width * (n + 1) for n in range(SEQUENCE)])
            x = np.full(deviates.size, begin)
            for n in range(SEQUENCE):
                volt, widths, gates = (np.full(x.size, v) for v in (amplitude, width, gate))
                x = table._looked_up(table.new_state, x, volt, widths, gates, deviates)
                worst = max(worst, abs(float(x.mean() - wanted[0, :, n].mean())))
    return worst
