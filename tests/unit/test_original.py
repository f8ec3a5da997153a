"""What a file remembers, and its equations as they are written, step by step, against closed forms of the currents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rramcirc.devices.veriloga.cure.memory import memory_of
from rramcirc.devices.veriloga.cure.original import Original
from rramcirc.devices.veriloga.cure.places import Places
from rramcirc.devices.veriloga.lint.lint import lint
from rramcirc.devices.veriloga.lint.modules import read_lint_modules
from rramcirc.devices.veriloga.preprocessor import read_source

TIMES = np.linspace(0.0, 1.0, 401)
VOLTS = np.sin(2.0 * np.pi * TIMES)


def latched(event: str, start: float = 1e-3, later: float = 2e-3) -> str:
    return f"@(initial_step) g = {start}; @({event}) g = {later}; I(te, be) <+ g * V(te, be);"


def cube(v: np.ndarray) -> np.ndarray:
    """Return the voltage u of an inner net with (v - u) = u^3."""
    found = [np.roots([1.0, 0.0, 1.0, -x]) for x in v]
    return np.array([float(r[np.abs(r.imag) < 1e-9].real[0]) for r in found])


CASES: dict[str, tuple[str, Callable[[np.ndarray, np.ndarray], np.ndarray], float]] = {
    "the end is not among the steps": (latched("final_step", 3e-3, 9.0), lambda t, v: 3e-3 * v, 1e-12),
    "upwards": (latched("cross(V(te, be) - 0.5, +1)"), lambda t, v: np.where(t > 1 / 12, 2e-3, 1e-3) * v, 1e-12),
    "downwards": (latched("cross(V(te, be) - 0.5, -1)"), lambda t, v: np.where(t > 5 / 12, 2e-3, 1e-3) * v, 1e-12),
    "above": (latched("above(V(te, be) - 0.5)"), lambda t, v: np.where(t > 1 / 12, 2e-3, 1e-3) * v, 1e-12),
    "in series": ("I(te, m) <+ 1m * V(te, m); I(m, be) <+ 3m * V(m, be);", lambda t, v: 0.75e-3 * v, 1e-12),
    "in series, curved": (
        "I(te, m) <+ 1m * V(te, m); I(m, be) <+ 1m * pow(V(m, be), 3);", lambda t, v: 1e-3 * (v - cube(v)), 1e-9,
    ),
    "an array": ("a[0] = 1m; a[1] = 2m; I(te, be) <+ (a[0] + a[1]) * V(te, be);", lambda t, v: 3e-3 * v, 1e-12),
    "an integral": (
        "q = idt(V(te, be), 1.0); I(te, be) <+ 1m * q;",
        lambda t, v: 1e-3 * (1.0 + (1.0 - np.cos(2.0 * np.pi * t)) / (2.0 * np.pi)), 5e-6,  # explicit steps
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_currents_are_those_of_the_closed_form(tmp_path: Path, name: str) -> None:
    body, expected, tolerance = CASES[name]
    inner = "electrical m;" if "m)" in body else ""
    (tmp_path / "model.va").write_text(
        '`include "disciplines.vams"\nmodule rram_test(te, be); inout te, be; electrical te, be;\n'
        f"{inner} real g, q, a[0:1];\nanalog begin\n{body}\nend\nendmodule\n"
    )
    (module,) = read_lint_modules(read_source(tmp_path / "model.va"))
    current = Original(module, "te", "be", {}).run(TIMES, VOLTS)
    assert current == pytest.approx(expected(TIMES, VOLTS), rel=0.0, abs=tolerance)


@pytest.mark.parametrize(
    ("body", "states", "clocks", "steps"),
    [
        ("g = g + dt * V(te, be); I(te, be) <+ g;", ("g",), (), ("dt",)),
        (
            "g = g + ($abstime - q) * V(te, be); q = $abstime; I(te, be) <+ g * dt;",
            ("g",),
            ("q",),
            (),
        ),  # it has a clock
        ("I(te, be) <+ V(te, be) / (1k + dt);", (), (), ()),  # nothing is remembered: dt is what it likes
    ],
)
def test_a_parameter_is_the_time_step_where_something_is_remembered_without_a_clock(
    tmp_path: Path, body: str, states: tuple[str, ...], clocks: tuple[str, ...], steps: tuple[str, ...]
) -> None:
    file = tmp_path / "model.va"
    file.write_text(
        '`include "disciplines.vams"\nmodule rram_test(te, be); inout te, be; electrical te, be;\n'
        f"parameter real dt = 1n; real g, q;\nanalog begin {body} end\nendmodule\n"
    )
    found = lint(file)
    (module,) = read_lint_modules(found.source)
    memory = memory_of(module, Places(found))
    assert (memory.states, memory.clocks, memory.steps) == (states, clocks, steps)
