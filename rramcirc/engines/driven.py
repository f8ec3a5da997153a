"""Does every driven line carry the voltage of its source? A solver that returns nonsense without a word does not."""

from __future__ import annotations

import numpy as np

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
    if bench.analysis.small_signal or bench.analysis.swept_line:
        return []
    problems = []
    for line in _stiff_lines(bench, waves)[:LINES_CHECKED]:
        levels, stimulus = bench.swept(line), bench.stimulus(line)
        if levels is None and not isinstance(stimulus, Floating):
            levels = sample(stimulus, np.zeros(1) if bench.analysis.last_time is None else waves.time)
        if levels is None:
            continue
        k = int(np.argmax(np.abs(levels)))
        found = float(np.real(waves[f"v({line})"][k]))
        if abs(found - levels[k]) > TOLERANCE * abs(levels[k]) + 1e-9:
            problems.append(f"line {line} is at {found:.6g} V although its source forces {levels[k]:.6g} V")
    return problems


def _stiff_lines(bench: Testbench, waves: Waveforms) -> list[str]:
    """Lines that a voltage source holds without resistance at a level other than 0 V, and that are recorded."""
    array, found = getattr(bench.design, "array", bench.design), []
    for line in bench.design.lines:
        stimulus = bench.stimulus(line)
        if isinstance(stimulus, Floating) or stimulus.unit != "V":
            continue
        swept = bench.swept(line)
        levels = stimulus.corners()[1] if swept is None else swept
        if not np.any(levels) or line in _behind_resistance(bench):  # inputs of a Readout are behind one
            continue
        family = getattr(array, line.rstrip("0123456789"), None) if isinstance(array, Crossbar) else None
        if (family is None or family.driver_resistance == 0) and f"v({line})" in waves:
            found.append(line)
    return found


def _behind_resistance(bench: Testbench) -> tuple[str, ...]:
    inputs = getattr(bench.design, "inputs", ())  # of a Readout; those of a Perceptron are a number
    return inputs if isinstance(inputs, tuple) else ()
