"""Monte Carlo with the circuit's times: when in an epoch the POST fires, and when its pulses meet open gates.

The plain rule (`monte_carlo`) knows epochs only. In the circuit a fire in mid-epoch leaves charge behind, the negative
pulse falls into the next epoch at its own time and takes away a part of its charge, and a fire before it cancels it.
Synapses follow their own devices: along the curve of conductance against time under negative pulses, from LRS, and
along that under positive pulses, from HRS, on which the first pulse brings LRS and the next ones a little more. Where a
device is on them, its conductance tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numba
import numpy as np

from rramcirc.basics.arrays import BoolArray, FloatArray, LoopCompiler
from rramcirc.devices.cards.variability import sample_devices
from rramcirc.devices.compiled.conductance import states_for_conductance
from rramcirc.papers.pedretti2018.circuit import OPEN, SynapseCircuit, draw_epochs, pulsed
from rramcirc.papers.pedretti2018.monte_carlo import Trials
from rramcirc.papers.pedretti2018.setup import Learning

compiled: LoopCompiler = numba.njit(cache=True, nogil=True)
DOSES = 1e-3 * np.array([0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0])  # [s] of RESET
PULSES = np.array([1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 55.0, 89.0, 144.0, 250.0, 500.0])  # SET pulses
LEAST_SET = 20e-6  # [s] of a positive pulse that still sets a cell fully, by simulation
NEVER = 1e30
CANCELLED, LATE, CUT, FIRES = range(4)  # of the counts


@dataclass(frozen=True)
class TimedRun:
    """What the rule with times says of given epochs.

    Attributes
    ----------
    fires : (n,) array
        Times [s].
    conductances : (epochs, inputs) array
        At the end of each epoch [S].
    cancelled, late, cut
        Negative pulses that a fire before them cancelled; that met gates of the epoch after the next; that met open
        gates for a part of their width only.
    """

    fires: FloatArray
    conductances: FloatArray
    cancelled: int
    late: int
    cut: int


def device_curves(
    circuit: SynapseCircuit, spread: Mapping[str, FloatArray], count: int
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Return ln of the conductance [S] of devices, (devices, doses) and (devices, pulses).

    After RESET for `DOSES`, from the LRS of one SET pulse; after `PULSES` SET pulses, from the HRS of one RESET pulse.
    """
    parameters = {name: values.ravel() for name, values in spread.items()}
    states = {name: np.full(count, value) for name, value in (("diameter", 3.0), ("gap", 0.0))}
    _, states = pulsed(circuit, states, circuit.reset_voltage, circuit.reset_width, parameters)
    found, states = pulsed(circuit, states, circuit.set_voltage, circuit.set_width, parameters)
    down, up, written = [found], [found], states
    for width in np.diff(DOSES):
        found, states = pulsed(circuit, states, circuit.reset_voltage, float(width), parameters)
        down.append(found)
    for pulses in np.diff(PULSES):
        found, written = pulsed(circuit, written, circuit.set_voltage, float(pulses) * circuit.set_width, parameters)
        up.append(found)
    return np.log(np.array(down).T), np.log(np.array(up).T)


@compiled
def after_reset(g: float, curve: FloatArray, doses: FloatArray, overlap: float) -> float:
    """Return the conductance after a negative pulse [S]; `curve` is ln G, falling with the dose [s]."""
    dose = np.interp(-np.log(g), -curve, doses)
    return min(g, float(np.exp(np.interp(dose + overlap, doses, curve))))


@compiled
def after_set(g: float, curve: FloatArray, pulses: FloatArray) -> float:
    """Return the conductance after a positive pulse [S]; `curve` is ln G, rising with the number of pulses."""
    if np.log(g) < curve[0]:
        return float(np.exp(curve[0]))
    return max(g, float(np.exp(np.interp(np.interp(np.log(g), curve, pulses) + 1.0, pulses, curve))))


@compiled
def run_timed(
    active: BoolArray, down: FloatArray, up: FloatArray, doses: FloatArray, pulses: FloatArray, g: FloatArray,
    numbers: FloatArray, fires: FloatArray, traces: FloatArray, counts: FloatArray,
) -> None:  # fmt: skip
    """Run given epochs.

    Parameters
    ----------
    active : (epochs, inputs) array
        PREs that spike.
    down, up, doses, pulses
        See `device_curves`.
    g : (inputs,) array
        Conductances before [S]; changed.
    numbers
        Epoch, opening of the gates, their closing, refractory time, width of the positive pulse, delay and width of the
        negative one [s], membrane charge per siemens and second [C/(S s)], threshold [C].
    fires, traces, counts
        Results: times of fires [s], conductances at the end of each epoch [S], counts.
    """
    period, opens, closes, refractory, set_width, delay, reset_width, slope, threshold = numbers
    epochs, inputs = active.shape
    q, held, reset_from, n, fired_in = 0.0, -1.0, NEVER, 0, -1
    for e in range(epochs):
        t, end = e * period + opens, e * period + closes
        while t < end:
            pulse_end = reset_from + reset_width
            negative = reset_from <= t < pulse_end
            current = 0.0
            for i in range(inputs):
                if active[e, i]:
                    current += g[i] * slope
            until = end
            for corner in (held, reset_from, pulse_end):
                if t < corner < until:
                    until = corner
            if not negative and t >= held and current > 0.0:
                crossing = t + (threshold - q) / current
                if crossing < until:
                    counts[CANCELLED] += 1.0 if reset_from < NEVER else 0.0
                    q, t, held = 0.0, crossing, crossing + refractory
                    reset_from, fired_in = crossing + delay, e
                    fires[n], n = crossing, n + 1
                    if min(set_width, end - crossing) >= LEAST_SET:
                        for i in range(inputs):
                            if active[e, i]:
                                g[i] = after_set(g[i], up[i], pulses)
                    continue
                q += current * (until - t)
            t = until
            if negative and (t >= pulse_end or t >= end):
                overlap = t - max(reset_from, e * period + opens)
                counts[CUT] += 1.0 if overlap < 0.999 * reset_width else 0.0
                counts[LATE] += 1.0 if e > fired_in + 1 else 0.0
                for i in range(inputs):
                    if active[e, i]:
                        g[i] = after_reset(g[i], down[i], doses, overlap)
            if t >= pulse_end:
                reset_from = NEVER
        if reset_from < NEVER and reset_from + reset_width <= (e + 1) * period + opens:
            reset_from = NEVER  # it ended while the gates were closed
        traces[e] = g
    counts[FIRES] = n


def rule_times(setting: Learning, circuit: SynapseCircuit) -> FloatArray:
    """Return the numbers of `run_timed` for a setting."""
    return np.array([
        setting.epoch, OPEN, OPEN + circuit.opened, circuit.refractory, circuit.set_width, circuit.delay,
        circuit.reset_width, circuit.gain(setting) * circuit.read_voltage, setting.threshold * setting.active,
    ])  # fmt: skip


def room(circuit: SynapseCircuit, active: BoolArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return fires, traces and counts to be filled by `run_timed`: a POST fires at most once in a refractory time."""
    most = int(circuit.opened / circuit.refractory) + 2
    return np.empty(most * len(active)), np.empty(active.shape), np.zeros(4)


def timed_run(
    setting: Learning, circuit: SynapseCircuit, active: BoolArray, spread: Mapping[str, FloatArray], start: FloatArray
) -> TimedRun:
    """Run the epochs of a circuit by the rule with times; arguments as of `circuit.synapse_bench`."""
    down, up = device_curves(circuit, spread, setting.inputs)
    parameters = {name: values.ravel() for name, values in spread.items()}
    states = states_for_conductance(circuit.cell.rram, start.ravel(), parameters)
    g, _ = pulsed(circuit, states, circuit.read_voltage, 1e-6, parameters)
    fires, traces, counts = room(circuit, active)
    run_timed(active, down, up, DOSES, PULSES, g, rule_times(setting, circuit), fires, traces, counts)
    return TimedRun(fires[: int(counts[FIRES])], traces, int(counts[CANCELLED]), int(counts[LATE]), int(counts[CUT]))


@dataclass(frozen=True)
class DevicePulses:
    """What pulses make of drawn devices, by simulation of their compiled model: curves of many, to draw from.

    Attributes
    ----------
    down, up : (devices, doses), (devices, pulses) arrays
        See `device_curves`.
    hrs : (devices,) array
        Conductance behind one full negative pulse [S].
    """

    down: FloatArray
    up: FloatArray
    hrs: FloatArray

    @classmethod
    def drawn(cls, circuit: SynapseCircuit, devices: int, seed: int) -> DevicePulses:
        """Return the curves of devices that differ as their card says."""
        card = circuit.cell.rram
        down, up = device_curves(circuit, sample_devices(card, (devices, 1), np.random.default_rng([seed, 5])), devices)
        after = np.array([np.interp(circuit.reset_width, DOSES, curve) for curve in down])
        return cls(down, up, np.exp(after))

    @property
    def lrs(self) -> FloatArray:
        """(devices,) conductances behind a positive pulse [S]."""
        return np.exp(self.up[:, 0])


def timed_trials(
    setting: Learning, circuit: SynapseCircuit, pulses: DevicePulses, trials: int, seed: int
) -> Trials:  # fmt: skip
    """Learn many times by the rule with times, from half LRS, half HRS; any number of inputs.

    Every synapse is one of the devices of `pulses`. Learning has ended when the mean background is below one and a half
    times the mean HRS, as 15 uS are of the paper's 10 uS.

    Parameters
    ----------
    setting
        What is learnt; its conductances and voltage are not used, but those of the circuit and its devices.
    trials, seed
        Number of them, and of all draws; a trial does not depend on how many there are.
    """
    pattern, numbers = setting.pattern, rule_times(setting, circuit)
    shape = (trials, setting.epochs)
    kinds, fired = np.empty(shape, np.int64), np.zeros(shape, bool)
    means = np.empty((2, *shape))
    for k in range(trials):
        rng = np.random.default_rng([seed, k, 7])
        kind, active = draw_epochs(setting, int(rng.integers(1 << 31)))
        chosen = rng.integers(pulses.hrs.size, size=setting.inputs)
        g = np.where(rng.random(setting.inputs) < 0.5, pulses.lrs[chosen], pulses.hrs[chosen])
        fires, traces, counts = room(circuit, active)
        run_timed(active, pulses.down[chosen], pulses.up[chosen], DOSES, PULSES, g, numbers, fires, traces, counts)
        kinds[k] = np.where(kind == 1, np.where(active[:, pattern].any(axis=1), 1, -1), 0)
        fired[k, (fires[: int(counts[FIRES])] / setting.epoch).astype(np.int64)] = True
        means[0, k], means[1, k] = traces[:, pattern].mean(axis=1), traces[:, ~pattern].mean(axis=1)
    counted, below = min(setting.counted, setting.epochs), 1.5 * float(pulses.hrs.mean())
    return Trials(kinds, fired, means[0], means[1], setting.epoch, counted, below)
