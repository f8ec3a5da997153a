"""Compare the engines on random testbenches; `python fuzz_engines.py --help`.

Every draw is judged (`judging.py`) and appended to a file, one line of JSON each; a run that was broken off goes on
where it ended. The table at the end counts what was outside, failed, and who was wrong.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from judging import ENGINES, judge
from random_benches import draw_bench
from scipy.stats import beta

KINDS = ("agree", "outside", "failed", "no answer", "undecided")


def main() -> None:
    """Draw, judge, append, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--results", type=Path, default=Path("fuzz-engines.jsonl"))
    given = parser.parse_args()
    rows = [json.loads(line) for line in given.results.read_text().splitlines()] if given.results.exists() else []
    done = {row["number"] for row in rows if row["seed"] == given.seed}
    for number in range(given.count):
        if number in done:
            continue
        started = time.process_time()
        draw = draw_bench(given.seed, number)
        verdict = judge(draw)
        row = {"seed": given.seed, "number": number, "traits": draw.traits, **asdict(verdict)}
        row["seconds"] = round(time.process_time() - started, 3)
        with given.results.open("a") as file:
            file.write(json.dumps(row) + "\n")
        if verdict.kind != "agree":
            print(number, *draw.traits, "|", verdict.kind, verdict.wrong, verdict.failed, flush=True)
        rows.append(json.loads(json.dumps(row)))
    rows = [row for row in rows if row["seed"] == given.seed and row["number"] < given.count]
    print(table(rows))


def table(rows: list[dict]) -> str:
    """Return counts and rates of the verdicts, with 95 % intervals of Clopper and Pearson."""
    lines = [f"{len(rows)} draws"]
    for moving in (False, True):
        some = [row for row in rows if (row["traits"][0] == "tran") == moving]
        lines.append(f"{'transients' if moving else 'static'}: {len(some)}")
        counts = Counter(row["kind"] for row in some)
        lines += [f"  {kind}: {rate(counts[kind], len(some))}" for kind in KINDS if counts[kind]]
        for engine in ENGINES:
            ran = sum(engine in row["ran"] for row in some)
            wrong, failed = (sum(engine in row[name] for row in some) for name in ("wrong", "failed"))
            lines.append(f"  {engine}: ran {ran}, outside {rate(wrong, ran)}, failed {rate(failed, ran)}")
    return "\n".join(lines)


def rate(count: int, of: int) -> str:
    """Return a share with its 95 % interval."""
    if not of:
        return "0 of 0"
    low, high = interval(count, of)
    return f"{count} of {of} ({100 * count / of:.1f} %, {100 * low:.1f} to {100 * high:.1f} %)"


def interval(count: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of Clopper and Pearson of a share."""
    low = beta.ppf(0.025, count, of - count + 1) if count else 0.0
    high = beta.ppf(0.975, count + 1, of - count) if count < of else 1.0
    return float(low), float(high)


if __name__ == "__main__":
    main()
