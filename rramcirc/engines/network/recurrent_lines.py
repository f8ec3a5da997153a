"""What drives a recurrent network: levels of all lines between two corners, and whether it is held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError
from rramcirc.bench.stimuli import Floating, sample
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.recurrent.recurrent import RecurrentNetwork

HELD_ABOVE = 0.5  # [V] of the line restart, as in the netlist
SAME = 1e-13  # of the stop time: corners that are closer are one


@dataclass(frozen=True)
class Levels:
    """What the lines give at one time.

    Attributes
    ----------
    inputs, targets : (N,) arrays
        I and T [V].
    window
        Factor of the learning rule; 0 without learning.
    held
        Whether v and y are held at the restart level.
    """

    inputs: FloatArray
    targets: FloatArray
    window: float
    held: bool


class RecurrentLines:
    """The stimuli of the testbench of a `RecurrentNetwork`, until a time `stop` [s].

    Attributes
    ----------
    corners : (n,) array
        0, the times at which a level begins to change or stops changing or the restart begins or ends, and `stop` [s].

    Raises
    ------
    ParameterError
        If a line floats or is driven by a current.
    """

    def __init__(self, bench: Testbench, stop: float) -> None:
        network = bench.design
        assert isinstance(network, RecurrentNetwork)  # see recurrent_engine
        self._count = network.neurons
        self._restarts = "restart" in bench.stimuli
        always_open = "window" not in bench.stimuli
        waves = []
        for line in network.lines:
            wave = bench.stimulus(line)
            if isinstance(wave, Floating) or wave.unit != "V":
                raise ParameterError(f"stimuli[{line!r}]: this line takes a voltage (unit V), but it is {wave!r}.")
            waves.append(wave)
        times = np.unique(np.concatenate([[0.0, stop], *(wave.corners()[0] for wave in waves)]))
        times = times[(times >= 0.0) & (times <= stop)]
        if self._restarts:
            times = np.unique(np.append(times, _crossings(times, sample(waves[-2], times))))
        self.corners: FloatArray = times[np.append(True, np.diff(times) > SAME * stop)]
        self._levels = np.array([sample(wave, self.corners) for wave in waves]).T
        if always_open:
            self._levels[:, -1] = 1.0
        if not network.learning:
            self._levels[:, -1] = 0.0

    def between(self, k: int) -> tuple[float, float, bool]:
        """Return start and end [s] of the stretch from corner k to the next, and whether the network is held in it."""
        middle = 0.5 * (self._levels[k, -2] + self._levels[k + 1, -2])
        held = self._restarts and bool(middle > HELD_ABOVE)
        return float(self.corners[k]), float(self.corners[k + 1]), held

    def at(self, k: int, time: float) -> Levels:
        """Return the levels at a time [s] in the stretch from corner k to the next."""
        start, end, held = self.between(k)
        share = (time - start) / (end - start)
        found = self._levels[k] + share * (self._levels[k + 1] - self._levels[k])
        n = self._count
        return Levels(found[:n], found[n : 2 * n], float(found[-1]), held)


def _crossings(times: FloatArray, levels: FloatArray) -> FloatArray:
    """Return the times [s] at which the restart line passes the level above which it holds."""
    away = levels - HELD_ABOVE
    k = np.flatnonzero(away[:-1] * away[1:] < 0)
    share = away[k] / (away[k] - away[k + 1])
    return np.asarray(times[k] + share * (times[k + 1] - times[k]))
