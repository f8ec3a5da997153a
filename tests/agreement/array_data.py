"""Arrays whose cells and lines all differ, and the comparison of engines on them."""

from __future__ import annotations

import numpy as np

import rramcirc as rc

REFEREE = {"reltol": "1e-10", "vntol": "1e-14", "abstol": "1e-18"}
TOLERANCE = 1e-9
CELL_1T1R, CELL_1R = rc.Cell("hfo2_filament", "nmos_select"), rc.Cell("hfo2_filament")
ALL_1R = ("v(*)", "i(*)", "gap[*,*]", "current[*,*]", "conductance[*,*]", "v(bl[*,*])", "v(wl[*,*])")
ALL_1T1R = (*ALL_1R, "v(be[*,*])", "v(sl[*,*])")
GATE_FLOOR = 1e-13  # [A]; rounding of ngspice in a gate line that carries no current: 1e-16 of its volts over 8 ohm


def crossbar(cell: rc.Cell, rows: int, columns: int, wires: bool = True, **changes) -> rc.Crossbar:
    """Cells that all differ, and lines of three kinds with different ends and drivers."""
    rng = np.random.default_rng(7)
    shape = (rows, columns)
    fields = {
        "initial_state": {"gap": rng.uniform(0, 1, shape), "diameter": rng.uniform(1, 4, shape)},
        "rram_parameters": {"ea_delta": rng.normal(0, 0.02, shape)},
    }
    if wires:
        fields["bl"] = rc.Line(5.0, driver_resistance=200.0)
        fields["wl"] = rc.Line(8.0, driver_resistance=100.0, end="both")
        fields["sl"] = rc.Line(3.0, end="last")
    return rc.Crossbar(cell, rows, columns, **(fields | changes))


def read_stimuli(array: rc.Crossbar) -> dict[str, rc.Stimulus]:
    """Different voltages on all lines."""
    bl = {f"bl{j}": rc.Constant(0.1 + 0.3 * j / array.columns) for j in range(array.columns)}
    low, high = (0.9, 1.8) if array.cell.selector else (-0.1, 0.2)
    wl = {f"wl{i}": rc.Constant(low + (high - low) * i / array.rows) for i in range(array.rows)}
    return bl | wl


def assert_agree(bench: rc.Testbench, tolerance: float = TOLERANCE) -> None:
    """Compare all signals, relative to the largest of their kind."""
    ours = rc.simulate(bench, "numpy")
    theirs = rc.simulate(bench, "ngspice", timeout=100.0)
    assert ours.names == theirs.names
    assert ours.units == theirs.units
    assert ours.axis_name == theirs.axis_name
    np.testing.assert_allclose(ours.axis, theirs.axis, rtol=1e-12, atol=1e-15)
    gates = getattr(bench.design, "cell", bench.design).selector is not None
    kinds: dict[str, list[str]] = {}
    for name in ours.names:
        kinds.setdefault(name.partition("[")[0].rstrip("0123456789)"), []).append(name)
    for kind, names in kinds.items():
        a, b = (np.array([waves[name] for name in names]) for waves in (ours, theirs))
        floor = GATE_FLOOR if kind == "i(wl" and gates else 0.0
        assert np.max(np.abs(a - b)) <= tolerance * np.max(np.abs(b)) + floor, kind
