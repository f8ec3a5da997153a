"""Compile the loops of the array engine ahead of its first run, and tell a user who has to wait for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from rramcirc.bench.analyses import OperatingPoint, Transient
from rramcirc.bench.stimuli import Constant, Pulse
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.array.line import Line

SIDE = 20  # rows and columns from which on lines are eliminated instead of factorised


def prepare() -> float:
    """Run small arrays of every kind, so that their loops and models are compiled and kept; return the CPU time [s].

    The machine code is kept beside the files of the package, or in the user's cache folder where those cannot be
    written.

    Examples
    --------
    >>> prepare() > 0.0
    True
    """
    from rramcirc.engines.array.engine import run_bench
    from rramcirc.engines.array.passive import solve_passive

    started = time.process_time()
    for bench in _benches():
        run_bench(bench)
    conductance, volts = np.full((SIDE, SIDE), 1e-5), np.full((2, SIDE), 0.1)
    for method in ("iterative", "merge"):
        solve_passive(conductance, volts, row_resistance=1.0, column_resistance=1.0, method=method)
    return time.process_time() - started


def _benches() -> Iterator[Testbench]:
    """Return one bench for every way in which cells and lines are solved."""
    wire = Line(2.5)
    states = {"gap": np.linspace(0.3, 1.0, SIDE * SIDE).reshape(SIDE, SIDE)}
    parallel = Crossbar(
        Cell("hfo2_filament", "nmos_select"), SIDE, SIDE, bl=wire, wl=wire, sl=Line(2.5, end="last"),
        initial_state=states,
    )  # fmt: skip
    passive = replace(parallel, cell=Cell("hfo2_filament", None), sl=Line())
    for array, selector in ((parallel, True), (replace(parallel, source_line="row"), True), (passive, False)):
        gates = {"wl": Constant(2.0)} if selector else {}
        yield Testbench(array, OperatingPoint(), {"bl": Constant(0.1), **gates}, probes=("i(*)",))
        pulse = Pulse(0.2, 5e-9, delay=1e-9, rise=1e-9, fall=1e-9)
        for charges in ("on", "off"):
            yield Testbench(array, Transient(1e-8), {"bl": pulse, **gates}, options={"charges": charges})


@contextmanager
def telling_of_compilation(say: Callable[[str], None]) -> Iterator[None]:
    """Call `say` once, with a sentence, if a loop of this package has to be compiled meanwhile."""
    from numba.core import event

    class Listener(event.Listener):  # type: ignore[misc] # numba has no types
        told = False

        def on_start(self, event: event.Event) -> None:
            function = getattr(event.data.get("dispatcher"), "py_func", None)
            if not self.told and str(getattr(function, "__module__", "")).startswith("rramcirc."):
                self.told = True
                say(
                    "compiling loops for this processor: once, about half a minute; it is kept. "
                    "`rramcirc doctor --prepare` does it ahead."
                )

        def on_end(self, event: event.Event) -> None:
            """Nothing to tell."""

    listener = Listener()
    event.register("numba:compile", listener)
    try:
        yield
    finally:
        event.unregister("numba:compile", listener)
