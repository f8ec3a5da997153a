"""Pages of the papers: what each says, our picture, and our numbers beside theirs, as `make papers` kept them."""

from __future__ import annotations

import re
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

from library_pages import cell, table
from paper_results import KEPT, kept

from rramcirc.papers.experiment import EVIDENCE, Experiment
from rramcirc.papers.reproduction import experiment_names, load_experiment

CITATIONS = Path(__file__).resolve().parent.parent / "models" / "CITATIONS.bib"
RULES = (
    "A bound is *published* if the paper's text gives it, *assumed* if it was read off a figure or chosen here. A rate",
    "stands with its trials and the interval of 95 % (Clopper and Pearson); the row holds if the whole interval does,",
    "and is open if the trials are too few to tell. What a \"yes\" is worth:",
    "",
    *(f"* *{name}*: {text}." for name, text in EVIDENCE.items()),
)  # fmt: skip


def paper_pages(made: Path) -> None:
    """Write the list of the papers and a page for each into a folder."""
    made.mkdir(exist_ok=True)
    by_paper: dict[str, list[Experiment]] = {}
    for name in experiment_names():
        experiment = load_experiment(name)
        by_paper.setdefault(experiment.paper, []).append(experiment)
    for file in KEPT.glob("*.png"):
        shutil.copy(file, made / file.name)
    for paper, experiments in by_paper.items():
        (made / f"{paper.lower()}.md").write_text("\n".join(_page(paper, experiments)) + "\n")
    (made / "index.md").write_text("\n".join(_index(by_paper)) + "\n")


def citation(paper: str) -> dict[str, str]:
    """Return author, title, year and the rest of a key of CITATIONS.bib."""
    entry = re.search(rf"@\w+\{{{paper},\n(.*?)\n\}}", CITATIONS.read_text(), flags=re.DOTALL)
    assert entry is not None, f"{paper} is not in CITATIONS.bib"
    found = re.findall(r"^\s*(\w+)\s*=\s*\{(.*)\},?$", entry[1], flags=re.MULTILINE)
    return {key: re.sub(r"[{}]", "", text) for key, text in found}


def _index(by_paper: dict[str, list[Experiment]]) -> list[str]:
    lines = [
        "# Papers",
        "",
        "A page for each paper: every result that is reproduced, our picture, our numbers beside the paper's, and what",
        "does not hold. `rramcirc reproduce` lists all, `rramcirc reproduce NAME -o DIR` runs one.",
        "",
        *RULES,
    ]
    rows, wrong = [], []
    for paper, experiments in by_paper.items():
        said = [row["verdict"] for one in experiments for row in kept(one.name).get("rows", [])]
        title = citation(paper)["title"]
        counts = [str(said.count(verdict)) for verdict in ("yes", "no", "open")]
        rows.append((f"[{paper}]({paper.lower()}.md)", title, str(len(experiments)), *counts))
        for one in experiments:
            wrong += [f"{one.name}, {row.quantity}: {row.deviation}" for row in one.expected if row.deviation]
    lines += _linked(("paper", "title", "results", "rows that hold", "do not hold", "open"), rows)
    lines += ["", "## What does not hold", "", *(f"* {cell(text)}" for text in wrong)]
    names = [paper.lower() for paper in by_paper]
    return [*lines, "", "```{toctree}", ":hidden:", "", *names, "```"]


def _linked(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Return a table whose first column is a link."""
    head = ["", "| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    return head + ["| " + " | ".join((row[0], *map(cell, row[1:]))) + " |" for row in rows]


def _page(paper: str, experiments: list[Experiment]) -> list[str]:
    about = citation(paper)
    where = about.get("booktitle") or about.get("journal") or ""
    link = f" [doi:{about['doi']}](https://doi.org/{about['doi']})" if "doi" in about else ""
    cited = ". ".join(cell(text) for text in (about["author"], about["title"], where, about["year"]) if text)
    lines = [f"# {paper}", "", f"{cited}.{link}", "", *RULES]
    rows = []
    for one in experiments:
        said = [row["verdict"] for row in kept(one.name).get("rows", [])]
        counts = ", ".join(f"{said.count(v)} {v}" for v in ("yes", "no", "open") if v in said)
        rows.append((f"[{one.figure}](#{one.name})", one.claim, one.level, counts or "not kept"))
    lines += _linked(("figure", "result", "level", "rows"), rows)
    for one in experiments:
        lines += _experiment(one)
    return lines


def _experiment(one: Experiment) -> list[str]:
    found = kept(one.name)
    lines = ["", f"## {one.name}", "", f"{one.figure}: {cell(one.claim)}."]
    if not found:
        return [*lines, "", f"No result is kept: `rramcirc reproduce {one.name} -o DIR` runs it.", *_expected(one)]
    lines += ["", f"![{one.figure}, ours]({one.name}.png)"]
    option = " --quick" if found["form"] == "short" else ""
    note = f"Short form; in full it has {cell(_in_full(one))}." if option else "Full form."
    run = f"`rramcirc reproduce {one.name}{option} -o DIR`"
    lines += ["", f"{run}: {found['processor seconds']:g} s of processor time, Python {found['python']},"]
    lines += [f"{found['date']}. {note}"]
    rows = []
    for row in found["rows"]:
        rows.append((row["quantity"], f"{row['paper']} ({row['where']})", f"{row['allowed']} ({row['bound']})",
                     row["ours"], row["verdict"], row["evidence"]))  # fmt: skip
    lines += table(("quantity", "paper", "allowed (bound)", "ours", "holds", "evidence"), rows)
    reasons = dict.fromkeys((row["evidence"], row["because"]) for row in found["rows"])
    lines += ["", *(f"* *{cell(evidence)}*: {cell(because)}." for evidence, because in reasons)]
    told = [row for row in found["rows"] if row["deviation"]]
    if told:
        lines += ["", "**Does not hold:**", ""]
        lines += [f"* {cell(row['quantity'])}: {cell(row['deviation'])}" for row in told]
    if not is_current(one, found):
        lines += ["", "**Old**: kept before its rows were changed; they are now:", *_expected(one)]
    if found["remarks"]:
        lines += ["", "Measured besides, without a bound:", "", *(f"* {cell(text)}" for text in found["remarks"])]
    return [*lines, *_values(one, found["values"])]


def is_current(one: Experiment, found: dict[str, Any]) -> bool:
    """Return whether what was kept has the rows that the experiment has now."""
    now = [(row.quantity, row.said, row.allowed, row.bound, row.where, row.evidence) for row in one.expected]
    names = ("quantity", "paper", "allowed", "bound", "where", "evidence")
    return [tuple(row[name] for name in names) for row in found["rows"]] == now


def _expected(one: Experiment) -> list[str]:
    """Return what is held against the paper."""
    rows = [
        (row.quantity, f"{row.said} ({row.where})", f"{row.allowed} ({row.bound})", row.evidence)
        for row in one.expected
    ]
    return table(("quantity", "paper", "allowed (bound)", "evidence"), rows)


def _in_full(one: Experiment) -> str:
    """Return the values of the full form that the short form changes."""
    full = {f.name: getattr(one.parameters, f.name) for f in fields(one.parameters)}
    changed = {name: value for name, value in full.items() if getattr(one.quick, name) != value}
    said = ", ".join(f"{name.replace('_', ' ')} {_short(value)}" for name, value in changed.items())
    return (said or "the same values") + (f"; {one.quick_note}" if one.quick_note else "")


def _short(value: object) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) < 60 else f"{text[:50]} ..."


def _values(one: Experiment, kept_values: list[dict[str, Any]]) -> list[str]:
    """Return the values that were used, with their status; of the record's fields if there is no table of them."""
    if kept_values:
        heads = tuple(kept_values[0])
        rows = [tuple(_number(row[head]) for head in heads) for row in kept_values]
    else:
        heads = ("value", "full form", "status", "source")
        rows = [
            (f.name, _short(getattr(one.parameters, f.name)), f.metadata["status"], f.metadata.get("where", ""))
            for f in fields(one.parameters)
            if "status" in f.metadata
        ]
    if not rows:
        return []
    return ["", "Values and their status:", *table(heads, rows)]


def _number(value: object) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
