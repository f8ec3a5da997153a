"""A pool of 1T1R cells that differ, and what a voltage held for a while makes of their states: two engines for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import SimulationError
from rramcirc.basics.fields import other, record
from rramcirc.bench.analyses import Transient
from rramcirc.bench.stimuli import Constant, PiecewiseLinear, Stimulus
from rramcirc.bench.testbench import CycleNoise, Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.cards.variability import sample_devices
from rramcirc.devices.compiled.conductance import READ_VOLTAGE, path_points, states_for_conductance
from rramcirc.devices.compiled.devices import CompiledDevices
from rramcirc.devices.compiled.reading import held_current, read_current
from rramcirc.devices.pulses.response import pulse_response
from rramcirc.engines.simulation import simulate

_PATH_POINTS = 400  # of a trajectory, at equal steps of the conductance's logarithm
_TRAJECTORY = np.concatenate([[0.0], np.logspace(-9, 2, 600)])  # [s]
_EDGE = 1e-9  # [s], of the voltage step in ngspice
States = dict[str, FloatArray]


@dataclass(frozen=True)
class Pool:
    """Devices x cycles samples of a card's device.

    Attributes
    ----------
    hrs, lrs
        States at x = 0 and x = 1, the same for all devices.
    parameters : dict of (samples,) arrays
        Instance parameters; samples of one device follow one another.
    noise : (samples,) array
        Deviate of the cycle.
    g_hrs, g_lrs : (samples,) arrays
        Conductance of each sample at x = 0 and x = 1 [S].
    """

    card: ModelCard
    selector: ModelCard | None
    common_mode: float
    devices: int
    cycles: int
    hrs: dict[str, float]
    lrs: dict[str, float]
    parameters: States
    noise: FloatArray
    g_hrs: FloatArray
    g_lrs: FloatArray

    @property
    def samples(self) -> int:
        """Number of samples."""
        return self.devices * self.cycles

    def conductance(self, states: States) -> FloatArray:
        """Return the conductance at 0.1 V [S] of (..., samples) states."""
        shape = next(iter(states.values())).shape
        if not self.parameters:
            return read_current(self.card, states, READ_VOLTAGE) / READ_VOLTAGE
        flat = {name: np.ascontiguousarray(values).reshape(-1, self.samples) for name, values in states.items()}
        devices = CompiledDevices(self.card, self.samples, self.parameters)
        rows = len(next(iter(flat.values())))
        found = [held_current(devices, {n: v[k] for n, v in flat.items()}, READ_VOLTAGE) for k in range(rows)]
        return np.reshape(found, shape) / READ_VOLTAGE

    def x_of(self, states: States) -> FloatArray:
        """Return the normalised conductance x of (..., samples) states."""
        return (self.conductance(states) - self.g_hrs) / (self.g_lrs - self.g_hrs)


def nominal_ends(card: ModelCard) -> tuple[dict[str, float], dict[str, float]]:
    """Return the states of HRS and LRS: the ends of the card's path; of one with four points or more the inner ones.

    The outermost pieces of such a path are the filament beyond what pulses of a synapse reach.
    """
    points = path_points(card)
    last = len(next(iter(points.values()))) - 1
    inner = 1 if last >= 3 else 0
    return ({n: float(v[last - inner]) for n, v in points.items()}, {n: float(v[inner]) for n, v in points.items()})


def draw_pool(
    card: ModelCard,
    selector: ModelCard | None,
    common_mode: float,
    devices: int,
    cycles: int,
    seed: int,
    conductance: tuple[float, ...] = (),
) -> Pool:
    """Draw a pool: the card's device-to-device spread, and standard normal deviates of the cycles.

    `conductance` is that of the nominal device in HRS and LRS [S]; without it they are `nominal_ends`.
    """
    rng = np.random.default_rng(seed)
    drawn = {name: np.repeat(values, cycles) for name, values in sample_devices(card, devices, rng).items()}
    noise = rng.standard_normal(devices * cycles)
    if card.declaration is None or "nz" not in card.declaration.ports:
        noise = np.zeros_like(noise)
    hrs, lrs = nominal_ends(card)
    if conductance:
        found = states_for_conductance(card, conductance)
        hrs, lrs = ({name: float(values[k]) for name, values in found.items()} for k in (0, 1))
    g = [
        np.broadcast_to(read_current(card, end, READ_VOLTAGE, drawn) / READ_VOLTAGE, noise.shape) for end in (hrs, lrs)
    ]
    return Pool(card, selector, common_mode, devices, cycles, hrs, lrs, drawn, noise, *g)


def trajectory(pool: Pool, amplitude: float, gate: float) -> States:
    """Return the states that the nominal device passes under one voltage, from HRS (SET) or LRS (RESET).

    Beyond what the voltage reaches they go on along the card's path of states. Ordered by conductance, ascending.
    """
    start = pool.hrs if amplitude > 0 else pool.lrs
    volts = np.full((1, _TRAJECTORY.size), amplitude)
    found = pulse_response(
        pool.card, _TRAJECTORY[None], volts, start, selector=pool.selector, gate_voltages=gate,
        source_line=pool.common_mode,
    ).states  # fmt: skip
    passed = {name: values[0] for name, values in found.items()}
    g = read_current(pool.card, passed, READ_VOLTAGE) / READ_VOLTAGE
    if not np.isfinite(g).all():
        raise SimulationError(f"card {pool.card.name}: no trajectory at {amplitude:g} V with the gate at {gate:g} V.")
    order = np.argsort(g, kind="stable")
    order = order[np.concatenate([[True], np.diff(g[order]) > 1e-9 * g[order][1:]])]
    g, passed = g[order], {name: values[order] for name, values in passed.items()}
    ends = path_points(pool.card)
    wide = read_current(pool.card, ends, READ_VOLTAGE) / READ_VOLTAGE
    below = np.geomspace(wide.min(), g[0], 60)[:-1] if wide.min() < g[0] * (1 - 1e-6) else np.empty(0)
    above = np.geomspace(g[-1], wide.max(), 60)[1:] if wide.max() > g[-1] * (1 + 1e-6) else np.empty(0)
    inside = np.geomspace(g[0], g[-1], _PATH_POINTS)
    whole = {name: np.interp(inside, g, values) for name, values in passed.items()}
    for piece, at_front in ((below, True), (above, False)):
        if piece.size:
            more = states_for_conductance(pool.card, np.clip(piece, wide.min(), wide.max()))
            whole = {
                name: np.concatenate((more[name], values) if at_front else (values, more[name]))
                for name, values in whole.items()
            }
    return whole


def states_at(pool: Pool, path: States, x: ArrayLike) -> States:
    """Return the (x, samples) states on a trajectory at which each sample has the normalised conductance x."""
    x = np.atleast_1d(np.asarray(x, dtype=float))
    count = len(next(iter(path.values())))
    grid = {name: np.repeat(values[:, None], pool.samples, axis=1) for name, values in path.items()}
    reached = np.maximum.accumulate(pool.x_of(grid), axis=0)
    places = np.array([np.interp(x, reached[:, k], np.arange(count)) for k in range(pool.samples)]).T
    return {name: np.interp(places, np.arange(count), values) for name, values in path.items()}


def held_numpy(pool: Pool, starts: States, amplitude: float, gate: float, widths: Sequence[float]) -> FloatArray:
    """Return x after a voltage was held, (x, samples, widths), from the compiled model in bulk."""
    n_x = len(next(iter(starts.values())))
    n = n_x * pool.samples
    times = np.tile(np.concatenate([[0.0], widths]), (n, 1))
    found = pulse_response(
        pool.card, times, np.full(times.shape, float(amplitude)), {k: v.ravel() for k, v in starts.items()},
        selector=pool.selector, gate_voltages=gate, source_line=pool.common_mode,
        parameters={k: np.tile(v, n_x) for k, v in pool.parameters.items()}, noise=np.tile(pool.noise, n_x),
    ).states  # fmt: skip
    shaped = {k: np.moveaxis(v[:, 1:].reshape(n_x, pool.samples, -1), 1, 2) for k, v in found.items()}
    if any(not np.isfinite(v).all() for v in shaped.values()):
        raise SimulationError(f"card {pool.card.name}: no result at {amplitude:g} V with the gate at {gate:g} V.")
    return np.moveaxis(pool.x_of(shaped), 2, 1)


@record
class _SameCycle(CycleNoise):
    """Given deviates, one for each row, the same in all columns."""

    given: tuple[float, ...] = other("deviate of every row", default=())

    def deviates(self, shape: tuple[int, int]) -> FloatArray:
        return np.broadcast_to(np.array(self.given)[None, :, None], (1, *shape))


def held_ngspice(pool: Pool, starts: States, amplitude: float, gate: float, widths: Sequence[float]) -> FloatArray:
    """Return the same from ngspice: x times samples independent cells in one transient."""
    columns = len(next(iter(starts.values())))
    shape = (pool.samples, columns)
    array = Crossbar(
        Cell(pool.card, pool.selector), *shape, initial_state={k: v.T for k, v in starts.items()},
        rram_parameters={k: np.repeat(v[:, None], columns, axis=1) for k, v in pool.parameters.items()},
    )  # fmt: skip
    rest = pool.common_mode if pool.selector else 0.0
    corners = _EDGE * np.array([0.0, 1.0, 2.0])
    corners = np.concatenate([corners, 2 * _EDGE + np.asarray(widths, float)])
    levels = np.full(corners.size, rest + amplitude)
    levels[:2] = rest
    stimuli: dict[str, Stimulus] = {"bl": PiecewiseLinear(corners, levels)}
    if pool.selector:
        stimuli |= {"wl": Constant(gate), "sl": Constant(rest)}
    noise = None
    if pool.card.declaration is not None and "nz" in pool.card.declaration.ports:
        noise = _SameCycle(np.array([0.0]), 0, given=tuple(pool.noise.tolist()))
    probes = tuple(f"{state}[*,*]" for state in pool.card.states)
    stop = float(corners[-1])
    bench = Testbench(
        array, Transient(stop, max_step=stop / 50), stimuli, probes=probes, cycle_noise=noise,
        options={"reltol": 1e-5},
    )  # fmt: skip
    waves = simulate(bench, "ngspice")
    found = {}
    for state in pool.card.states:
        values = [np.interp(corners[3:], waves.time, waves[f"{state}[{i},{j}]"]) for j in range(columns)
                  for i in range(pool.samples)]  # fmt: skip
        found[state] = np.moveaxis(np.reshape(values, (columns, pool.samples, -1)), 1, 2)
    return np.moveaxis(pool.x_of(found), 2, 1)


ENGINES = {"numpy": held_numpy, "ngspice": held_ngspice}
QUANTILES = np.array([-3.0, -2.33, -1.64, -1.0, -0.5, 0.0, 0.5, 1.0, 1.64, 2.33, 3.0])  # standard deviations


def quantiles(after: FloatArray, amplitudes: FloatArray) -> FloatArray:
    """Return (x, a, w, g, z) quantiles of (x, a, w, g, sample) states, the fastest synapses last."""
    from scipy.special import ndtr

    rising = np.moveaxis(np.quantile(after, ndtr(QUANTILES), axis=-1), 0, -1)
    falling = np.moveaxis(np.quantile(after, ndtr(-QUANTILES), axis=-1), 0, -1)
    found: FloatArray = np.where((amplitudes > 0)[None, :, None, None, None], rising, falling)
    return found
