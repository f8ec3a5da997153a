"""Patterns shown to an analog network, one after another: the stimuli of its lines.

References
----------
[Zoppo2019]_ Section IV: every presentation sets the states back, lets them relax, then moves the weights.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rramcirc.basics.arguments import check_kind
from rramcirc.basics.arrays import BoolArray, FloatArray
from rramcirc.basics.errors import ParameterError, shown
from rramcirc.basics.fields import flag, number, record
from rramcirc.basics.units import positive_number
from rramcirc.bench.stimuli import Constant, PiecewiseLinear


@record
class Presentation:
    """The parts of one presentation, one after another, in units of the time constant of a neuron.

    ::

        restart  __|‾‾‾|_________________________________|‾‾
        window   ________________________|‾‾‾‾‾‾‾|__________
                    restart     relax      window   guard
    """

    restart: float = number("v and y are held at the level", default=1.0, above=0.0)
    relax: float = number("v and y relax", default=50.0, above=0.0)
    window: float = number("the weights move", default=3.0, low=0.0)
    guard: float = number("rest before the next restart, so that the window is over", default=0.5, low=0.0)
    always: bool = flag("the window is open while v and y relax, too", default=False)
    level: float = number("of v and y at the restart", "V", default=0.5)
    edge: float = number("rise and fall time of the lines", default=1e-2, above=0.0)

    def _check(self) -> None:
        if 4 * self.edge > min(self.restart, self.relax):
            raise ParameterError(
                f"Presentation.edge: {self.edge:g} does not fit four times into restart = {self.restart:g} and relax = "
                f"{self.relax:g}."
            )

    @property
    def duration(self) -> float:
        """Of all parts, in time constants."""
        return self.restart + self.relax + self.window + self.guard

    @property
    def read(self) -> float:
        """When v and y are at rest and the window has not opened, in time constants from the beginning."""
        return self.restart + self.relax - self.edge


def presentation_stimuli(
    presentation: Presentation, inputs: ArrayLike, targets: ArrayLike, learns: ArrayLike = True, *, tau: float = 1.0
) -> dict[str, PiecewiseLinear | Constant]:
    """Return the stimuli of a `RecurrentNetwork` that is shown patterns: lines in, target, restart and window.

    Parameters
    ----------
    presentation
        Its parts in time.
    inputs, targets : (M, N) arrays
        I and T of every presentation [V].
    learns : (M,) array or bool
        Whether the window opens [1].
    tau
        Time constant of a neuron [s].

    Examples
    --------
    >>> lines = presentation_stimuli(Presentation(), [[1.0, -1.0], [-1.0, 1.0]], [[1.0, -1.0], [-1.0, 1.0]])
    >>> sorted(lines)
    ['in0', 'in1', 'restart', 'target0', 'target1', 'window']
    >>> float(lines["in0"].times[-1])
    54.51
    """
    check_kind(presentation, Presentation, "presentation_stimuli", "a Presentation")
    given, wanted = _shown("inputs", inputs), _shown("targets", targets)
    if given.shape != wanted.shape:
        raise ParameterError(f"presentation_stimuli: inputs of shape {given.shape}, targets of {wanted.shape}.")
    positive_number(tau, "presentation_stimuli: tau", "s")
    opens = _openings(learns, len(given))
    edge, starts = presentation.edge, presentation.duration * np.arange(len(given), dtype=np.float64)
    lines: dict[str, PiecewiseLinear | Constant] = {}
    for kind, values in (("in", given), ("target", wanted)):
        for k, column in enumerate(values.T):
            lines[f"{kind}{k}"] = _levels(starts, column, edge, tau)
    lines["restart"] = _pulses(starts, np.full(len(starts), presentation.restart), edge, tau)
    if presentation.always:
        begins, lengths = starts + presentation.restart, presentation.relax + presentation.window
    else:
        begins, lengths = starts + presentation.restart + presentation.relax, presentation.window
    begins = begins[opens]
    lines["window"] = _pulses(begins, np.full(len(begins), lengths), edge, tau)
    return lines


def _openings(learns: ArrayLike, count: int) -> BoolArray:
    given = np.asarray(learns)
    if given.dtype.kind != "b" or given.shape not in ((), (count,)):
        raise ParameterError(
            f"presentation_stimuli: learns: {shown(learns)} is neither True or False nor a list of {count} of them."
        )
    return np.broadcast_to(given, count)


def _shown(name: str, values: ArrayLike) -> FloatArray:
    try:
        found = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.ndim != 2 or not found.size or not np.isfinite(found).all():
        raise ParameterError(f"presentation_stimuli: {name}: {shown(values)} is no (presentations, neurons) array [V].")
    return found


def _levels(starts: FloatArray, levels: FloatArray, edge: float, tau: float) -> PiecewiseLinear | Constant:
    """Return a line that goes to the next level at each start."""
    new = np.flatnonzero(np.diff(levels)) + 1
    if not new.size:
        return Constant(float(levels[0]))
    times = np.stack([starts[new], starts[new] + edge], axis=1).ravel()
    values = np.stack([levels[new - 1], levels[new]], axis=1).ravel()
    return PiecewiseLinear(np.append(0.0, times * tau), np.append(levels[0], values))


def _pulses(starts: FloatArray, lengths: FloatArray, edge: float, tau: float) -> PiecewiseLinear | Constant:
    """Return a line that goes to 1 V for a length from each start, from half an edge to half an edge.

    The first may begin at 0 s without edge.
    """
    if not starts.size or not lengths.all():
        return Constant(0.0)
    ends = starts + lengths
    times = np.stack([starts - 0.5 * edge, starts + 0.5 * edge, ends - 0.5 * edge, ends + 0.5 * edge], axis=1).ravel()
    levels = np.tile([0.0, 1.0, 1.0, 0.0], starts.size)
    if times[0] < 0:
        times[:2] = 0.0
        times, levels = times[1:], levels[1:]
    else:
        times, levels = np.append(0.0, times), np.append(0.0, levels)
    return PiecewiseLinear(times * tau, levels)
