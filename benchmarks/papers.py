"""The comparisons of the papers as one Markdown table, for RESULTS.md.

    python benchmarks/papers.py DIR NAME ...

runs the experiments in full, one after the other, into DIR, and prints their rows. One whose comparison is in DIR is
not run again. Without NAME: all of Milo 2018 at network level.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from rramcirc.analysis.counts import Count
from rramcirc.basics.units import format_number
from rramcirc.papers.reproduction import reproduce

NAMES = (
    "milo2018-iv", "milo2018-learning", "milo2018-patterns", "milo2018-completion", "milo2018-recall-time",
    "milo2018-probability", "milo2018-robustness",
)  # fmt: skip


def row_of(name: str, row: pd.Series) -> str:
    """Return one row of the Markdown table."""
    if pd.isna(row["trials"]):
        ours = format_number(row["ours"], row["unit"], 3)
    else:
        ours = str(Count(int(row["hits"]), int(row["trials"])))
    cells = (name, row["quantity"], row["paper"], row["allowed"], ours, row["evidence"], row["verdict"])
    return "| " + " | ".join(cells).replace("|P - 0.5|", "abs(P - 0.5)") + " |"


def main() -> None:
    """Run what is missing and print the table."""
    folder, names = Path(sys.argv[1]), sys.argv[2:] or NAMES
    print(
        "| result | quantity | paper | allowed | ours | evidence | holds |\n| --- | --- | --- | --- | --- | --- | --- |"
    )
    for name in names:
        kept = folder / f"{name}-against-paper.csv"
        if not kept.exists():
            reproduce(name, output=folder)
        for _, row in pd.read_csv(
            kept, dtype={"unit": str}, keep_default_na=False, na_values={"trials": "", "hits": ""}
        ).iterrows():
            print(row_of(name, row), flush=True)


if __name__ == "__main__":
    main()
