"""Does every driven line carry the voltage of its source? A solver that returns nonsense without a word does not."""

from __future__ import annotations

import numpy as np

from rramcirc.bench.analyses import OperatingPoint, Transient, VectorSweep
from rramcirc.bench.stimuli import Floating, sample
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.waveforms.waveforms import Waveforms

LINES_CHECKED = 16
TOLERANCE = 1e-3  # of the level; a right solution is off by far less, since nothing is between source and line


def undriven_lines(bench: Testbench, waves: Waveforms) -> list[str]:
    """Return one sentence per recorded line whose voltage is not the one that its source forces.

    Lines behind a driver resistance are not looked at, nor DC sweeps of one line and small-signal analyses, and at most
    `LINES_CHECKED` lines, because such a failure of the solver (KLU of ngspice 46, empty column) takes all.
    """
    if not isinstance(bench.analysis, (OperatingPoint, Transient, VectorSweep)):
        return []
    problems = []
    for line in _stiff_lines(bench, waves)[:LINES_CHECKED]:
        stimulus = bench.stimulus(line)
        time = waves.time if isinstance(bench.analysis, Transient) else np.zeros(1)
        forced = sample(stimulus, time) if bench.swept(line) is None else bench.swept(line)
        k = int(np.argmax(np.abs(forced)))
        found = float(np.real(waves[f"v({line})"][k]))
        if abs(found - forced[k]) > TOLERANCE * abs(forced[k]) + 1e-9:
            problems.append(f"line {line} is at {found:.6g} V although its source forces {forced[k]:.6g} V")
    return problems


def _stiff_lines(bench: Testbench, waves: Waveforms) -> list[str]:
    """Lines that a voltage source holds without resistance at a level other than 0 V, and that are recorded."""
    array, found = getattr(bench.design, "array", bench.design), []
    for line in bench.design.lines:
        stimulus = bench.stimulus(line)
        if isinstance(stimulus, Floating) or stimulus.unit != "V":
            continue
        levels = stimulus.corners()[1] if bench.swept(line) is None else bench.swept(line)
        if not np.any(levels) or line in _behind_resistance(bench):  # inputs of a Readout are behind one
            continue
        family = getattr(array, line.rstrip("0123456789"), None) if isinstance(array, Crossbar) else None
        if (family is None or family.driver_resistance == 0) and f"v({line})" in waves:
            found.append(line)
    return found


def _behind_resistance(bench: Testbench) -> tuple[str, ...]:
    inputs = getattr(bench.design, "inputs", ())  # of a Readout; those of a Perceptron are a number
    return inputs if isinstance(inputs, tuple) else ()
