"""The 1T1R synapse between two neurons, measured on the circuit: STDP, and pulse counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.units import whole_number
from rramcirc.bench.synapse_pulses import RESET, SET, SynapsePulses, overlaps
from rramcirc.bench.testbench import CycleNoise, Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.synapse.pulses import SpikePair, synapse_array
from rramcirc.devices.cards.variability import sample_devices
from rramcirc.devices.pulses.table import PulseTable
from rramcirc.engines.simulation import simulate
from rramcirc.studies.pulse_pool import nominal_ends
from rramcirc.waveforms.waveforms import Waveforms

if TYPE_CHECKING:
    import pandas as pd

DELAYS = tuple(float(f"{k}e-3") for k in range(-20, 21))  # [s]
_READ_AT = 0.7  # of a read pulse
STARTS = ("HRS", "LRS")


def stdp_bench(
    cell: Cell, pulses: SynapsePulses, delays: ArrayLike = DELAYS, *, repeats: int = 20, seed: int = 1
) -> Testbench:
    """Return one transient with 2 x repeats x delays independent synapses.

    Rows 0 ... repeats - 1 begin in HRS, the others in LRS; rows k and k + repeats are the same device. Columns are
    delays. Every synapse has a cycle of its own.

    Parameters
    ----------
    delays
        POST minus PRE spike times [s].
    repeats
        Devices, drawn with the card's spread.
    """
    whole_number(repeats, "stdp: repeats", 1)
    times = np.atleast_1d(np.asarray(delays, dtype=float))
    plan = SpikePair(pulses, tuple(times.tolist()))
    states, spread = both_starts(cell, repeats, times.size, seed)
    return synapse_array(
        cell, pulses, [plan.pre], [np.array([plan.pre + delay]) for delay in times], plan.reads, rows=2 * repeats,
        stop=plan.stop, states=states, spread=spread, noise=cycle_noise(cell, [0.0], seed), seed=seed,
        name=f"STDP, {times.size} delays x {repeats} devices x 2 starts",
    )  # fmt: skip


def stdp(
    cell: Cell,
    pulses: SynapsePulses | None = None,
    delays: ArrayLike = DELAYS,
    *,
    repeats: int = 20,
    seed: int = 1,
    engine: str = "ngspice",
) -> pd.DataFrame:
    """Measure the change of conductance against the delay between PRE and POST spike.

    Returns
    -------
    DataFrame
        start (HRS or LRS), repeat, delay [s], before [S], after [S], change [S], and x [1]: the state after, 0 at the
        device's HRS and 1 at its LRS.
    """
    import pandas as pd

    pulses = pulses or SynapsePulses()
    times = np.atleast_1d(np.asarray(delays, dtype=float))
    waves = simulate(stdp_bench(cell, pulses, times, repeats=repeats, seed=seed), engine)
    before, after = weights(waves, SpikePair(pulses, tuple(times.tolist())).reads, pulses, (2 * repeats, times.size))
    low, high = np.tile(before[:repeats], (2, 1)), np.tile(before[repeats:], (2, 1))
    row, column = np.indices(before.shape)
    table = pd.DataFrame(
        {
            "start": np.array(STARTS)[(row // repeats).ravel()],
            "repeat": (row % repeats).ravel(),
            "delay": times[column.ravel()],
            "before": before.ravel(),
            "after": after.ravel(),
            "change": (after - before).ravel(),
            "x": ((after - low) / (high - low)).ravel(),
        }
    )
    table.attrs["units"] = {"delay": "s", "before": "S", "after": "S", "change": "S"}
    table.attrs["cpu_seconds"] = waves.provenance.get("cpu_seconds", float("nan"))
    return table


def stdp_from_table(table: PulseTable, pulses: SynapsePulses, measured: pd.DataFrame) -> pd.DataFrame:
    """Return what a pulse table says of the same measurement, and whether both agree.

    Parameters
    ----------
    table
        Measured with the amplitudes and the gate voltage of `pulses`.
    measured
        What `stdp` returned.

    Returns
    -------
    DataFrame
        start, delay [s], circuit [1] (mean state after), table [1], difference [1] and allowed [1]: the table's stated
        error plus three standard errors of the mean over the repeats and over the pool of the table.
    """
    import pandas as pd

    found = measured.groupby(["start", "delay"], sort=True).agg(circuit=("x", "mean"), n=("x", "size")).reset_index()
    grid = table.provenance["grid"]
    rows, pool = [], (grid["devices"], grid["cycles"])
    for row in found.itertuples():
        mean, device, cycle = table_after(table, pulses, row.delay, float(row.start == "LRS"))
        variance = (device**2 + cycle**2) / row.n + device**2 / pool[0] + cycle**2 / (pool[0] * pool[1])
        allowed = table.error["mean"] + 3 * np.sqrt(variance)
        rows.append((row.start, row.delay, row.circuit, mean, row.circuit - mean, allowed))
    answer = pd.DataFrame(rows, columns=["start", "delay", "circuit", "table", "difference", "allowed"])
    answer.attrs["units"] = {"delay": "s"}
    return answer


def table_after(table: PulseTable, pulses: SynapsePulses, delay: float, x: float) -> tuple[float, float, float]:
    """Return the state after one PRE and one POST spike, by the table: mean, spread of devices, spread of cycles."""
    found = overlaps(pulses, delay)
    acts = [
        (volts, float(found[name]))
        for name, volts in ((SET, pulses.set_voltage), (RESET, -pulses.reset_voltage))
        if found[name] > 0
    ]
    if not acts:
        return x, 0.0, 0.0
    if len(acts) == 1:
        ((volts, width),) = acts
        arguments = (x, volts, width, pulses.gate_voltage)
        device, cycle = table.spread(*arguments)
        return float(table.apply(*arguments)), float(device), float(cycle)
    from scipy.special import ndtri

    device = ndtri((np.arange(400) + 0.5) / 400)
    states = np.full(device.size, x)
    for volts, width in acts:
        states = table.apply(states, volts, width, pulses.gate_voltage, device=device / np.sqrt(table.device_share))
    share = np.sqrt([table.device_share, 1.0 - table.device_share])
    device_spread, cycle_spread = (float(states.std() * part) for part in share)
    return float(states.mean()), device_spread, cycle_spread


def potentiation_bench(
    cell: Cell, pulses: SynapsePulses, count: int = 30, *, repeats: int = 20, seed: int = 1
) -> tuple[Testbench, NDArray[np.float64]]:
    """Return a transient of `count` potentiating and then `count` depressing spike pairs, and the times of its reads.

    Each pair stands in the middle of the overlap (delay half a gate pulse); a read follows each.
    """
    whole_number(count, "potentiation: count", 1)
    half = 0.5 * pulses.gate_width
    period = np.ceil((2 * half + pulses.te_length + 6 * pulses.te_width) / pulses.te_width) * pulses.te_width
    begins = 3 * pulses.te_width + period * np.arange(2 * count)
    signs = np.repeat([0.0, half], count)
    pre = begins + signs  # depression: PRE after POST
    post = begins + np.repeat([half, 0.0], count)
    reads = np.concatenate([[pulses.te_width], begins + period - 3 * pulses.te_width])
    state, spread = both_starts(cell, repeats, 1, seed)
    begin = {name: values[:repeats] for name, values in state.items()}
    device = {name: values[:repeats] for name, values in spread.items()}
    bench = synapse_array(
        cell, pulses, pre, [post], tuple(reads.tolist()), rows=repeats, stop=float(reads[-1] + 2 * pulses.te_width),
        states=begin, spread=device, noise=cycle_noise(cell, begins - pulses.te_width, seed), seed=seed,
        name=f"{count} potentiating and {count} depressing pulses, {repeats} devices",
    )  # fmt: skip
    return bench, reads


def potentiation(
    cell: Cell,
    pulses: SynapsePulses,
    count: int = 30,
    *,
    repeats: int = 20,
    seed: int = 1,
    engine: str = "ngspice",
) -> pd.DataFrame:
    """Measure the conductance after 1 ... count potentiating and then as many depressing spike pairs, from HRS.

    Returns
    -------
    DataFrame
        repeat, pulse (0 is before the first), conductance [S].
    """
    import pandas as pd

    bench, reads = potentiation_bench(cell, pulses, count, repeats=repeats, seed=seed)
    waves = simulate(bench, engine)
    found = weights(waves, reads, pulses, (repeats, 1))[:, :, 0]
    pulse, repeat = np.indices(found.shape)
    table = pd.DataFrame({"repeat": repeat.ravel(), "pulse": pulse.ravel(), "conductance": found.ravel()})
    table.attrs["units"] = {"conductance": "S"}
    return table


def potentiation_from_table(
    table: PulseTable, pulses: SynapsePulses, count: int = 30, *, samples: int = 2000, seed: int = 1
) -> NDArray[np.float64]:
    """Return the conductances (2 count + 1, samples) [S] that a pulse table makes of the same pulses."""
    rng = np.random.default_rng(seed)
    device, x = rng.standard_normal(samples), np.zeros(samples)
    found = [x]
    for volts in np.repeat([pulses.set_voltage, -pulses.reset_voltage], count):
        x = table.apply(x, volts, pulses.te_width, pulses.gate_voltage, rng, device=device)
        found.append(x)
    return table.conductance(np.array(found))


def weights(waves: Waveforms, reads: ArrayLike, pulses: SynapsePulses, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return the conductances (reads, rows, columns) [S] of the devices during the read pulses."""
    at = np.asarray(reads, dtype=float) + _READ_AT * pulses.te_width
    found = [
        np.interp(at, waves.time, waves[f"conductance[{i},{j}]"]) for i in range(shape[0]) for j in range(shape[1])
    ]
    return np.moveaxis(np.reshape(found, (*shape, at.size)), -1, 0)


def both_starts(
    cell: Cell, repeats: int, columns: int, seed: int
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Return states and instance parameters, (2 x repeats, columns): HRS, then LRS, of the same devices."""
    hrs, lrs = nominal_ends(cell.rram)
    rng = np.random.default_rng([seed, 0])
    ones = np.ones((1, columns))
    states = {name: np.repeat([hrs[name], lrs[name]], repeats)[:, None] * ones for name in hrs}
    drawn = sample_devices(cell.rram, repeats, rng)
    return states, {name: np.tile(values, 2)[:, None] * ones for name, values in drawn.items()}


def cycle_noise(cell: Cell, times: ArrayLike, seed: int) -> CycleNoise | None:
    """Return new deviates at the given times [s], if the model has a terminal for them."""
    if cell.rram.declaration is None or "nz" not in cell.rram.declaration.ports:
        return None
    times = np.asarray(times, dtype=float)
    return CycleNoise(np.where(np.arange(times.size) == 0, 0.0, times), seed)
