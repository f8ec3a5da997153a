"""Judge a random testbench: run it in every engine that can do it, compare, and find out who was wrong.

The engines run as a user runs them, with their defaults. Where they do not agree, and where one fails, the same
testbench is solved again with tight tolerances and small steps in all of them: what two of these referees agree upon is
the right answer.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path

import numpy as np
from random_benches import Draw
from signs import signs

import rramcirc as rc
from rramcirc.basics.errors import NetlistError, ParameterError, RramcircError
from rramcirc.basics.units import parse_number
from rramcirc.engines.agreement import agreement
from rramcirc.engines.differences import FLOORS, differences

STATIC = 1e-6  # of the largest of a kind: operating points, sweeps, vectors
GMIN = 1e-12  # [S]; what ngspice may leave at every node after gmin stepping
ENGINES = ("numpy", "ngspice", "vacask")
STATIC_REFEREES = {
    "numpy": ({},),
    "ngspice": (
        {"reltol": "1e-10", "vntol": "1e-14", "abstol": "1e-18"},
        {"reltol": "1e-8", "vntol": "1e-11", "abstol": "1e-15"},
    ),
    "vacask": ({"reltol": "1e-10", "vntol": "1e-14", "abstol": "1e-18"}, {"reltol": "1e-8", "vntol": "1e-11"}),
}
REFEREES = {  # the first that ends well is taken; SPICE fails where tolerances are below its rounding
    "numpy": ({"reltol": "1e-6"}, {"reltol": "1e-5"}),
    "ngspice": tuple(
        {"reltol": reltol, "chgtol": chgtol, "trtol": trtol}
        for reltol, chgtol, trtol in (("1e-6", "1e-18", "1"), ("1e-6", "1e-18", "7"))
    ),
    "vacask": ({"reltol": "1e-6"},),
}
REFEREE_STEPS = (1000, 3000)  # more where no two agree with fewer
LIMIT = 120.0  # [s] of a run; 60 ended some on a crowded machine
DOUBT = re.compile(r"a node is known to (\S+ \S+) only")  # the engine numpy's word for what rounding leaves open


@dataclass
class Verdict:
    """How a draw ended.

    Attributes
    ----------
    kind
        ``"agree"``, ``"outside"`` (a run is further from the right answer than it may be), ``"failed"`` (a run failed
        although there is an answer), ``"no answer"`` (nobody finds one), or ``"undecided"``.
    wrong, failed
        Engine -> what is wrong with its run, or what it says.
    apart
        How the engines differ.
    remarks
        Engine -> its remarks.
    signs
        Engine -> what its transient shows of its own error (`signs.py`).
    """

    kind: str = "agree"
    wrong: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    apart: str = ""
    remarks: dict[str, list[str]] = field(default_factory=dict)
    signs: dict[str, dict[str, float]] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)


Run = rc.Waveforms | str | None


def run(bench: rc.Testbench, engine: str) -> Run:
    """Return the waveforms of a run, what it says if it fails, or None if the engine refuses the testbench by name."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return rc.simulate(bench, engine, output=Path(folder) / "run", timeout=LIMIT)
        except (ParameterError, NetlistError):
            return None
        except RramcircError as error:
            return str(error).partition(" Netlist: ")[0]


def apart(first: rc.Waveforms, second: rc.Waveforms, bench: rc.Testbench) -> str:
    """Say how two runs differ by more than they may; empty if they agree."""
    if bench.analysis.kind == "tran":
        return agreement(first, second, bench).beyond()
    floors = FLOORS | {"A": _least_current(first, bench), "V": max(FLOORS["V"], _doubt(first), _doubt(second))}
    wrong = [d for d in differences(first, second) if d.relative > STATIC and d.largest > floors.get(d.unit, 0.0)]
    return f"{len(wrong)} signals differ by more than {STATIC:g}: {wrong[0]}" if wrong else ""


def _doubt(waves: rc.Waveforms) -> float:
    """Return what a run says that rounding moves its nodes by [V]; two runs may be apart by twice that."""
    said = [found[1] for text in waves.provenance["remarks"] if (found := DOUBT.match(text))]
    return max((2.0 * parse_number(text, "V", "doubt") for text in said), default=0.0)


def _least_current(waves: rc.Waveforms, bench: rc.Testbench) -> float:
    """Return below what a difference of currents is none [A]: rounding of voltages in wires, and gmin at the nodes."""
    design = bench.design
    volt = max((float(np.abs(waves[name]).max()) for name in waves.names if waves.units[name] == "V"), default=0.0)
    lines = [design.bl, design.wl, design.sl] if isinstance(design, rc.Crossbar) else []
    siemens = max((1.0 / line.resistance for line in lines if line.resistance), default=0.0)
    nodes = 4 * design.rows * design.columns if isinstance(design, rc.Crossbar) else 4
    return FLOORS["A"] + volt * (GMIN * nodes + 8.0 * np.finfo(float).eps * siemens)


def judge(draw: Draw) -> Verdict:
    """Run a draw in all engines, compare them, and judge what does not fit."""
    bench, verdict = draw.bench, Verdict()
    runs: dict[str, rc.Waveforms] = {}
    for engine in ENGINES:
        found = run(bench, engine)
        if isinstance(found, str):
            verdict.failed[engine] = found
        elif found is not None:
            runs[engine] = found
            verdict.remarks[engine] = list(found.provenance["remarks"])
            verdict.signs[engine] = signs(found, bench) if bench.analysis.kind == "tran" else {}
    verdict.ran = [*runs, *verdict.failed]
    said = {f"{a}-{b}": apart(runs[a], runs[b], bench) for a, b in combinations(runs, 2)}
    verdict.apart = "; ".join(f"{pair}: {text}" for pair, text in said.items() if text)
    if not verdict.apart and not verdict.failed and len(runs) > 1:
        return verdict
    right = referees(bench)
    for engine, waves in runs.items():
        texts = [apart(waves, truth, bench) for truth in right]
        if right and all(texts):
            verdict.wrong[engine] = min(texts, key=len)
    if right:
        verdict.kind = "failed" if verdict.failed else "outside" if verdict.wrong else "agree"
    else:
        verdict.kind = "no answer" if not runs else "undecided"
    return verdict


def referees(bench: rc.Testbench) -> list[rc.Waveforms]:
    """Return the tight runs that agree with another one; where only one engine can do it, that one alone."""
    if not isinstance(bench.analysis, rc.Transient):
        return _agreeing(bench, STATIC_REFEREES)
    stop = bench.analysis.stop
    for steps in REFEREE_STEPS:
        right = _agreeing(replace(bench, analysis=rc.Transient(stop, max_step=stop / steps)), REFEREES)
        if right:
            return right
    return []


def _agreeing(bench: rc.Testbench, options: Mapping[str, Sequence[Mapping[str, str]]]) -> list[rc.Waveforms]:
    found: dict[str, rc.Waveforms] = {}
    able = 0
    for engine in ENGINES:
        tight: Run = None
        for chosen in options[engine]:
            tight = run(replace(bench, options=chosen), engine)
            if not isinstance(tight, str):
                break
        able += tight is not None
        if isinstance(tight, rc.Waveforms):
            found[engine] = tight
        if len(found) == 2 and not apart(*found.values(), bench):
            return list(found.values())
    if able == 1:
        return list(found.values())
    agreeing = [pair for pair in combinations(found.values(), 2) if not apart(*pair, bench)]
    return list(agreeing[0]) if agreeing else []
