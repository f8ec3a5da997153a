"""Compare the engines numpy and ngspice on random Verilog-A modules with inner nodes; `python inner_nodes.py --help`.

ngspice is the reference, with tight tolerances and small steps. Every draw ends as one of: the engines agree; numpy
refuses the module by name; ngspice fails, so that there is nothing to compare with; numpy fails with a message; or the
engines differ, which must not be.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from random_modules import Module, random_module

import rramcirc as rc
from rramcirc.basics.errors import ParameterError, RramcircError, SimulationError
from rramcirc.engines.compare import STATIC_OPTIONS, corners_of, differences

STATIC, TRANSIENT = 1e-6, 1e-2  # tolerances, as those of `simulate --engine both`
REFEREES = tuple(  # the first that ngspice can do is taken
    {"reltol": "1e-6", "vntol": vntol, "abstol": abstol, "chgtol": chgtol}
    for vntol, abstol, chgtol in (("1e-15", "1e-18", "1e-24"), ("1e-12", "1e-15", "1e-20"), ("1e-9", "1e-12", "1e-18"))
)
LOOSE = {"reltol": "1e-8", "vntol": "1e-11", "abstol": "1e-15"}  # where ngspice fails with those of the referee
REFEREE_STEPS = 1000
OUR_STEPS = 400  # so that what is compared are values, not curves between points that are far apart
POINTS = 13  # of a DC sweep
LIMIT = 20.0  # [s] of a run
VERDICTS = ("agree", "refused by numpy", "failed in numpy", "failed in ngspice", "differ")


@dataclass(frozen=True)
class Verdict:
    """How a draw ended in one analysis."""

    number: int
    analysis: str
    kind: str
    text: str
    module: Module
    worst: float = 0.0


def draw_bench(seed: int, number: int, folder: Path) -> tuple[Module, rc.Testbench]:
    """Draw a module, write it into a folder, and a transient of a cell or an array of it."""
    rng = np.random.default_rng([seed, number])
    module = random_module(rng, f"draw{number}")
    (folder / f"{module.name}.va").write_text(module.text, encoding="utf-8")
    (folder / f"{module.name}.toml").write_text(
        f'name = "{module.name}"\ntitle = "random module"\nmodule = "{module.name}.va"\n', encoding="utf-8"
    )
    card = rc.load_card(folder / f"{module.name}.toml")
    corners = int(rng.integers(3, 7))
    places = np.sort(rng.choice(np.arange(1, 40), corners, replace=False)) + rng.uniform(-0.3, 0.3, corners)
    times = module.span * np.append(0.0, places / 40)
    levels = rng.uniform(-1.5, 1.5, corners + 1)
    levels[0] = 0.0 if rng.random() < 0.7 else levels[0]
    for k in np.flatnonzero(rng.random(corners) < 0.25):  # plateaus, on which cells may sleep
        levels[k + 1] = levels[k]
    drive = rc.PiecewiseLinear(times, levels)
    kind = str(rng.choice(["1R", "1T1R", "array"], p=[0.65, 0.2, 0.15]))
    module.traits.insert(0, kind)
    stop = float(times[-1]) + 0.1 * module.span
    analysis = rc.Transient(stop, max_step=stop / OUR_STEPS)
    if kind == "array":
        wire = rc.Line(2.0, driver_resistance=10.0)
        array = rc.Crossbar(rc.Cell(card, None), 2, 2, bl=wire, wl=wire)
        return module, rc.Testbench(array, analysis, {"bl0": drive, "bl1": rc.Constant(0.1)})
    cell = rc.Cell(card, "nmos_select" if kind == "1T1R" else None)
    return module, rc.Testbench(cell, analysis, {"bl": drive} | ({"wl": rc.Constant(2.0)} if cell.selector else {}))


def judge(seed: int, number: int, folder: Path) -> list[Verdict]:
    """Run a draw as a DC sweep and as a transient in both engines, and compare."""
    module, bench = draw_bench(seed, number, folder)
    line = next(iter(bench.stimuli))
    sweep = replace(bench, analysis=rc.DcSweep(line, -1.2, 1.2, POINTS), options=STATIC_OPTIONS)
    small = rc.Transient(bench.analysis.stop, max_step=bench.analysis.stop / REFEREE_STEPS)
    statics = [sweep, replace(sweep, options=LOOSE)]
    referees = [replace(bench, analysis=small, options=options) for options in REFEREES]
    found = [Verdict(number, "dc", *_compared(sweep, statics, STATIC, module))]
    return [*found, Verdict(number, "tran", *_compared(bench, referees, TRANSIENT, module))]


def _compared(ours: rc.Testbench, theirs: list[rc.Testbench], tolerance: float, module: Module) -> tuple:
    for k, bench in enumerate(theirs):
        try:
            expected = _run(bench, "ngspice")
            break
        except RramcircError as error:
            if k == len(theirs) - 1:
                return "failed in ngspice", str(error), module
    try:
        seen = _run(ours, "numpy")
    except ParameterError as error:
        return "refused by numpy", str(error), module
    except SimulationError as error:
        return "failed in numpy", str(error), module
    worst = differences(seen, expected, corners_of(ours))[0]
    text = f"{worst.signal} by {worst.relative:.1e} at {worst.at:.4g}"
    if worst.relative <= tolerance or worst.largest < 1e-12:
        return "agree", text, module, worst.relative
    return "differ", f"{text}; {_second_opinion(bench, seen, expected)}", module, worst.relative


def _second_opinion(bench: rc.Testbench, seen: rc.Waveforms, expected: rc.Waveforms) -> str:
    """Return how far both engines are from VACASK, with the options of the reference that it knows."""
    options = {name: value for name, value in bench.options.items() if name != "chgtol"}
    try:
        third = _run(replace(bench, options=options), "vacask")
    except RramcircError as error:
        return f"VACASK failed: {error}"
    gaps = [differences(run, third, corners_of(bench))[0].relative for run in (seen, expected)]
    return f"from VACASK numpy is {gaps[0]:.1e} away, ngspice {gaps[1]:.1e}"


def _run(bench: rc.Testbench, engine: str) -> rc.Waveforms:
    """Run a testbench in a folder that goes, whatever happens."""
    with tempfile.TemporaryDirectory() as folder:
        return rc.simulate(bench, engine, output=Path(folder) / "run", timeout=LIMIT)


def main() -> None:
    """Draw, compare, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--keep", type=Path, help="folder for the modules")
    given = parser.parse_args()
    kinds: Counter[tuple[str, str]] = Counter()
    worst = {"dc": 0.0, "tran": 0.0}
    started = time.process_time()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(given.first, given.first + given.count):
            for verdict in judge(given.seed, number, folder):
                kinds[verdict.analysis, verdict.kind] += 1
                if verdict.kind == "agree":
                    worst[verdict.analysis] = max(worst[verdict.analysis], verdict.worst)
                else:
                    traits = ", ".join(verdict.module.traits)
                    print(f"{number} {verdict.analysis}: {verdict.kind}: {verdict.text} [{traits}]", flush=True)
    print(f"{given.count} modules, seed {given.seed}, {time.process_time() - started:.0f} CPU s without ngspice")
    for name in ("dc", "tran"):
        print(name, {kind: kinds[name, kind] for kind in VERDICTS}, f"largest difference that agrees {worst[name]:.1e}")


if __name__ == "__main__":
    main()
