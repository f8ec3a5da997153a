"""The 1T1R synapse under spikes of two rates: what uncorrelated PRE and POST spikes do to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rramcirc.basics.errors import ParameterError
from rramcirc.basics.units import positive_number, whole_number
from rramcirc.bench.synapse_pulses import SynapsePulses
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.synapse.pulses import synapse_array
from rramcirc.engines.simulation import simulate
from rramcirc.studies.synapse import STARTS, both_starts, cycle_noise, weights

if TYPE_CHECKING:
    import pandas as pd

RATES = (5.0, 10.0, 20.0, 40.0, 60.0, 80.0)  # [Hz]


def srdp(
    cell: Cell,
    pulses: SynapsePulses,
    rates: ArrayLike = RATES,
    *,
    duration: float = 1.0,
    repeats: int = 5,
    trains: int = 4,
    seed: int = 1,
    engine: str = "ngspice",
) -> pd.DataFrame:
    """Measure what uncorrelated PRE and POST spikes of one mean rate do in a given time, against the rate.

    Both are Poisson trains with a dead time as long as the pulses of a POST spike; spike times are rounded to the
    length of a TE pulse, so that edges of many synapses fall together.

    Parameters
    ----------
    rates
        Mean rates [Hz], below one over the dead time.
    duration
        How long the spikes go on [s].
    repeats, trains
        Devices (each with a PRE train of its own), and POST trains that all of them see.

    Returns
    -------
    DataFrame
        rate [Hz], start (HRS or LRS), device, train, before [S], after [S], change [S].
    """
    import pandas as pd

    positive_number(duration, "srdp: duration")
    whole_number(repeats, "srdp: repeats", 1)
    whole_number(trains, "srdp: trains", 1)
    parts = []
    for k, rate in enumerate(np.atleast_1d(np.asarray(rates, dtype=float))):
        bench, reads = srdp_bench(cell, pulses, rate, duration, repeats, trains, (seed, k))
        before, after = weights(simulate(bench, engine), reads, pulses, (2 * repeats, trains))
        row, column = (index.ravel() for index in np.indices(before.shape))
        columns = {"rate": rate, "start": np.array(STARTS)[row // repeats], "device": row % repeats, "train": column}
        found = {"before": before.ravel(), "after": after.ravel(), "change": (after - before).ravel()}
        parts.append(pd.DataFrame(columns | found))
    table = pd.concat(parts, ignore_index=True)
    table.attrs["units"] = {"rate": "Hz", "before": "S", "after": "S", "change": "S"}
    return table


def srdp_bench(
    cell: Cell, pulses: SynapsePulses, rate: float, duration: float, repeats: int, trains: int, seed: tuple[int, int]
) -> tuple[Testbench, tuple[float, float]]:
    """Return the transient for one rate [Hz], and the times of its reads [s]; `seed`: of devices, and of spikes."""
    width = pulses.te_width
    dead = float(np.ceil(pulses.te_length / width)) * width
    if not 0 < rate < 1 / dead:
        raise ParameterError(f"srdp: a rate of {rate:g} Hz is outside 0 ... {1 / dead:.4g} Hz, one over the dead time.")
    rng = np.random.default_rng([seed[0], 1 + seed[1]])
    begin = 4 * width
    pre = [begin + _poisson(rate, duration, dead, width, rng) for _ in range(repeats)] * 2
    post = [begin + _poisson(rate, duration, dead, width, rng) for _ in range(trains)]
    reads = (width, begin + duration + 4 * dead)
    states, spread = both_starts(cell, repeats, trains, seed[0])
    noise = cycle_noise(cell, begin - width + np.arange(0.0, duration, 2 * dead), seed[0] + seed[1])
    bench = synapse_array(
        cell, pulses, pre, post, reads, rows=2 * repeats, stop=reads[1] + 2 * width, states=states, spread=spread,
        noise=noise, seed=seed[0], max_step=2 * width, name=f"uncorrelated spikes of {rate:g} Hz",
    )  # fmt: skip
    return bench, reads


def _poisson(rate: float, duration: float, dead: float, grid: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return spike times [s] of a mean rate with a dead time, on a grid."""
    gaps = dead + rng.exponential(1 / rate - dead, size=int(4 * rate * duration) + 20)
    times = np.round(np.cumsum(gaps) / grid) * grid
    times = times[times < duration]
    return times[np.diff(times, prepend=-dead) >= dead - 0.5 * grid]
