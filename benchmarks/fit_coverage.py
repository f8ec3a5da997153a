"""How often a sigma of `fit` covers the truth, and its skill on held-out readings: Markdown tables, a card a row.

    python benchmarks/fit_coverage.py RECORD [--seeds 1000 1020] [--cards CARD ...] [--print]

fits the whole set of data of every card (tests/agreement/device_data.py) once for every noise seed, round robin over
the cards, and appends each fit to RECORD; a run that was stopped goes on from there. Every card and seed draws noise of
its own, from the generator of (seed, checksum of the card's name). `--print` only prints what RECORD has.

The values of one fit are not independent: intervals are those of Korn and Graubard, with the fits as clusters. Skill:
median and range over the seeds.
"""

from __future__ import annotations

import argparse
import sys
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "agreement"))

from device_data import CASES, NOISE, Case, measured

import rramcirc as rc
from rramcirc.studies.fit.fit import fit
from rramcirc.sweeps.record import RunRecord, read_pieces

COVERAGE = (
    "card",
    "fits",
    "within one sigma",
    "within two",
    "largest deviation [sigma]",
    "left undetermined",
    "CPU s per fit",
)
SKILL = ("card", "fits", "skill on held-out readings", "their number", "rms there [%]", "without a model [%]")


def heading(columns: Sequence[str]) -> str:
    """Return the head of a Markdown table."""
    return "| " + " | ".join(columns) + " |\n" + "| --- " * len(columns) + "|"


def one_fit(case: Case, seed: int) -> dict[str, Any]:
    """Fit one set of data; return the deviations from the truth in sigma and the skill."""
    begun = time.process_time()
    data = measured(case, [seed, zlib.crc32(case.card.encode())])
    found = fit(data, rc.load_card(case.card), free=case.factors, settings=case.settings)
    return {
        "seconds": time.process_time() - begun,
        "z": {f.name: (f.value - case.truth.value(f.name)) / f.sigma for f in found.fitted},
        "relative": {f.name: f.value / case.truth.value(f.name) - 1 for f in found.fitted},
        "at_bound": [f.name for f in found.fitted if f.at_bound],
        "undetermined": [u.name for u in found.undetermined],
        "error": found.skill.error, "null": found.skill.null, "skill": found.skill.value,
        "readings": found.skill.readings, "held_out": found.skill.held_out,
    }  # fmt: skip


def share(hits: Sequence[int], trials: Sequence[int]) -> str:
    """Return the share of hits with its interval (95 %), clusters taken as they are."""
    from scipy.special import betaincinv
    from scipy.stats import t

    h, n = np.asarray(hits, float), np.asarray(trials, float)
    clusters, total = len(n), n.sum()
    p = h.sum() / total
    effective = float(clusters)  # if all fits agree, or there is only one
    if clusters > 1 and (spread := np.sum((h - p * n) ** 2)) > 0 and 0 < p < 1:
        variance = clusters / (clusters - 1) * spread / total**2
        effective = min(p * (1 - p) / variance * (t.ppf(0.975, total - 1) / t.ppf(0.975, clusters - 1)) ** 2, total)
    a, b = p * effective, (1 - p) * effective
    low = betaincinv(a, b + 1, 0.025) if p > 0 else 0.0
    high = betaincinv(a + 1, b, 0.975) if p < 1 else 1.0
    return f"{h.sum():.0f} of {total:.0f}, {100 * p:.1f} % ({100 * low:.0f} to {100 * high:.0f})"


def spread(values: Sequence[float], scale: float = 1.0, digits: int = 3) -> str:
    """Return median and range."""
    v = scale * np.asarray(values)
    return f"{np.median(v):.{digits}g} ({v.min():.{digits}g} to {v.max():.{digits}g})"


def coverage_row(name: str, fits: Sequence[dict[str, Any]]) -> str:
    """Return one row of the table of coverage."""
    z = [np.abs(list(f["z"].values())) for f in fits]
    shares = [share([int((v < k).sum()) for v in z], [len(v) for v in z]) for k in (1, 2)]
    left = sum(len(f["undetermined"]) for f in fits)
    seconds = "" if name == "all" else spread([f["seconds"] for f in fits], digits=2)
    return f"| {name} | {len(fits)} | {' | '.join(shares)} | {max(v.max() for v in z):.1f} | {left} | {seconds} |"


def skill_row(name: str, fits: Sequence[dict[str, Any]]) -> str:
    """Return one row of the table of skill."""
    value, error, null = (spread([f[k] for f in fits], s) for k, s in (("skill", 1), ("error", 100), ("null", 100)))
    return f"| {name} | {len(fits)} | {value} | {fits[0]['readings']} | {error} | {null} |"


def print_table(path: Path) -> None:
    """Print the tables of what the record has: coverage, skill, and coverage by parameter."""
    _, pieces = read_pieces(path)
    by_card = {case.card: [f for key, f in pieces.items() if key.split()[0] == case.card] for case in CASES}
    by_card = {name: fits for name, fits in by_card.items() if fits}
    every = [f for fits in by_card.values() for f in fits]
    print(heading(COVERAGE))
    for name, fits in [*by_card.items(), ("all", every)]:
        print(coverage_row(name, fits))
    print("\n" + heading(SKILL))
    for name, fits in by_card.items():
        print(skill_row(name, fits))
    print("\n" + heading(("card", "parameter", "within one, two sigma", "deviation [sigma]: mean, root mean square")))
    for name, fits in by_card.items():
        for parameter in dict.fromkeys(p for f in fits for p in f["z"]):
            z = np.array([f["z"][parameter] for f in fits if parameter in f["z"]])
            one, two = (int((np.abs(z) < k).sum()) for k in (1, 2))
            moments = f"{z.mean():+.2f}, {np.sqrt(np.mean(z**2)):.2f}"
            print(f"| {name} | {parameter} | {one}, {two} of {len(z)} | {moments} |")


def main() -> None:
    """Fit what is missing and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("record", type=Path)
    parser.add_argument("--seeds", type=int, nargs=2, default=(1000, 1020), metavar=("FIRST", "BEHIND"))
    parser.add_argument("--cards", nargs="+", choices=[c.card for c in CASES], default=[c.card for c in CASES])
    parser.add_argument("--print", action="store_true", dest="only_print")
    asked = parser.parse_args()
    if not asked.only_print:
        with RunRecord(asked.record, {"name": "fit coverage", "noise": NOISE}) as record:
            for seed in range(*asked.seeds):
                for case in (c for c in CASES if c.card in asked.cards):
                    found = record.piece(f"{case.card} {seed}", lambda: one_fit(case, seed))  # noqa: B023
                    print(f"{case.card} {seed}: {found['seconds']:.1f} CPU s", file=sys.stderr, flush=True)
    print_table(asked.record)


if __name__ == "__main__":
    main()
