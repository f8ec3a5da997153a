"""The options of VACASK for a testbench."""

from __future__ import annotations

import numpy as np

from rramcirc.basics.errors import NetlistError, unknown_name
from rramcirc.bench.stimuli import Floating
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.elements import Circuit, Resistors
from rramcirc.engines.tolerances import default_tolerances

METHODS = {"gear": "gear2", "trap": "trap", "trapezoidal": "trap"}  # ngspice's `method` -> `tran_method`
LEAST_CURRENT = 1e-12  # [A]; VACASK's own abstol

# What a testbench may set: options that mean the same in ngspice, then VACASK's own for its solver.
OPTIONS = (
    *("reltol", "abstol", "vntol", "chgtol", "gmin", "gshunt", "tnom"),
    *("relref", "nr_bypass", "nr_damping", "nr_residualcheck", "op_itl", "op_itlcont"),
    *("tran_method", "tran_maxord", "tran_itl", "tran_fs", "tran_fbr", "tran_lteratio", "tran_predictor", "tran_xmu"),
)


def chosen_options(circuit: Circuit, bench: Testbench) -> dict[str, float | str]:
    """Return option -> value: the defaults, and over them what the testbench says.

    Raises
    ------
    NetlistError
        If an option or method is not one of VACASK's.
    """
    options: dict[str, float | str] = {"tran_method": "gear2"}
    options |= {name: float(value) for name, value in default_tolerances(bench.analysis, "vacask").items()}
    options["abstol"] = max(LEAST_CURRENT, _rounding(circuit, bench))
    for name, value in bench.options.items():
        if name == "method":
            if str(value) not in METHODS:
                raise NetlistError(f"VACASK: {unknown_name('method', str(value), METHODS)}")
            name, value = "tran_method", METHODS[str(value)]
        if name not in OPTIONS:
            how = "Taken are those that mean the same in ngspice, and solver options of VACASK."
            raise NetlistError(f"VACASK: {unknown_name('option', str(name), OPTIONS, how)}")
        options[name] = value
    return options


def _rounding(circuit: Circuit, bench: Testbench) -> float:
    """Return the current [A] that rounding leaves in the stiffest resistor; asked for less, VACASK never ends."""
    wires = [group for group in circuit.groups if isinstance(group, Resistors) and len(group.names)]
    least = min((float(np.min(group.ohm)) for group in wires), default=1.0)
    stimuli = [s for s in map(bench.stimulus, bench.design.lines) if not isinstance(s, Floating) and s.unit == "V"]
    volt = max((float(np.abs(s.corners()[1]).max()) for s in stimuli), default=0.0)
    levels = [float(np.abs(values).max()) for values in bench.analysis.line_levels.values()]
    grid = bench.analysis.grid if bench.analysis.swept_line else None
    swept = 0.0 if grid is None else float(np.abs(grid).max())
    return 16.0 * float(np.finfo(float).eps) * max(volt, swept, *levels, 0.0) / least
