"""Phases of a run of a network: training, rest, recall in one call, each with what drives it.

A phase changes what drives the network and whether it learns, nothing else: membranes, running pulses and refractory
times go on, unless the phase resets them. So two phases that say the same are one run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import ParameterError, shown
from rramcirc.basics.fields import flag, number, record, table
from rramcirc.bench.stimuli import Constant, Driven, Floating, PiecewiseLinear, Stimulus, sample

EDGE = 1e-9  # [s], in which a level changes that jumps where one phase follows another


@record
class RunPhase:
    """A part of a network's run, in the order of `Testbench.phases`.

    With `learning` a spike in this phase starts te and ti pulses; pulses that run when a phase begins go on to their
    end, also in a phase without learning. `reset` puts the network to rest at the beginning of the phase, as at the
    start of a run: membranes at 0 V, no refractory time, no pulse. States of synapses stay in any case.
    """

    duration: float = number("length", "s", above=0.0)
    stimuli: Mapping[str, Stimulus] = table(
        "line name -> stimulus, whose time begins with the phase; lines that are not named are at 0",
        default_factory=dict,
    )
    learning: bool | None = flag("whether spikes start te and ti pulses; none is as the design says", default=None)
    reset: bool = flag("whether the network is put to rest at the beginning", default=False)

    def _check(self) -> None:
        object.__setattr__(self, "stimuli", dict(self.stimuli))
        for line, stimulus in self.stimuli.items():
            if not isinstance(line, str) or not isinstance(stimulus, Stimulus):
                raise ParameterError(f"RunPhase.stimuli[{shown(line)}]: {shown(stimulus)} is not a stimulus.")


@dataclass(frozen=True)
class Span:
    """What holds from `start` to `stop` [s] of a run: whether the network learns, whether it is put to rest first."""

    start: float
    stop: float
    learning: bool
    reset: bool


def spans(phases: Sequence[RunPhase], stop: float, learning: bool) -> tuple[Span, ...]:
    """Return the phases on the clock of the run; without phases, the whole run.

    Parameters
    ----------
    phases
        Of a testbench; the last ends at `stop` [s].
    learning
        What the design says.

    Examples
    --------
    >>> [span.learning for span in spans([RunPhase(1.0, learning=True), RunPhase(0.5)], 1.5, False)]
    [True, False]
    """
    if not phases:
        return (Span(0.0, stop, learning, True),)
    ends = np.cumsum([phase.duration for phase in phases])
    ends[-1] = stop
    return tuple(
        Span(start, end, learning if phase.learning is None else phase.learning, phase.reset or not k)
        for k, (phase, start, end) in enumerate(zip(phases, [0.0, *ends[:-1].tolist()], ends.tolist(), strict=True))
    )


def joined_stimulus(phases: Sequence[RunPhase], line: str) -> Driven | None:
    """Return what drives a line over all phases; None if none of them drives it.

    A level that jumps where a phase begins takes `EDGE`.

    Raises
    ------
    ParameterError
        If the line has a voltage in one phase and a current in another.
    """
    kind = line.rstrip("0123456789")
    own = [phase.stimuli.get(line) or phase.stimuli.get(kind) for phase in phases]
    driven = [stimulus for stimulus in own if stimulus is not None and not isinstance(stimulus, Floating)]
    if not driven:
        return None
    units = {stimulus.unit for stimulus in driven}
    if len(units) > 1:
        raise ParameterError(f"Testbench.phases: {line!r} has a voltage in one phase and a current in another.")
    times: list[float] = []
    levels: list[float] = []
    start = 0.0
    for stimulus, phase in zip(own, phases, strict=True):
        here = Constant(0.0) if stimulus is None or isinstance(stimulus, Floating) else stimulus
        at, value = _corners(here, phase.duration, 0.0 if not levels else EDGE)
        times += (start + at).tolist()
        levels += value.tolist()
        start += phase.duration
    return _without_middles(np.array(times), np.array(levels), units.pop())


def _corners(stimulus: Driven, duration: float, after: float) -> tuple[FloatArray, FloatArray]:
    """Return the corners of a stimulus from `after` to `duration` [s], both ends among them."""
    inside = stimulus.corners()[0]
    inside = inside[(inside > 2 * after) & (inside < duration * (1 - 1e-12))]
    at = np.concatenate([[after], inside, [duration]])
    return at, sample(stimulus, at)


def _without_middles(times: FloatArray, levels: FloatArray, unit: str) -> Driven:
    """Return a piecewise-linear stimulus without corners between equal levels; a constant if it never changes."""
    if np.all(levels == levels[0]):
        return Constant(float(levels[0]), "A" if unit == "A" else "V")
    same = (levels[1:-1] == levels[:-2]) & (levels[1:-1] == levels[2:])
    kept = np.concatenate([[True], ~same, [True]])
    return PiecewiseLinear(times[kept], levels[kept], "A" if unit == "A" else "V")
