"""The site is true: every block of Python and of commands runs, page by page, and prints what the page says.

A block ``text`` right after such a block is its output. `python docs/blocks.py PAGE` writes the outputs anew.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rramcirc.papers.reproduction import load_experiment

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *DOCS.glob("tutorials/*.md")])
BLOCKS = re.compile(r"^```(python|sh)\n", flags=re.MULTILINE)


@pytest.mark.parametrize("page", [p for p in PAGES if BLOCKS.search(p.read_text())], ids=lambda p: p.stem)
def test_blocks_of_a_page_run_and_print_what_it_says(page: Path, tmp_path: Path) -> None:
    """In a process of its own: PySpice takes ngspice into the process as a library."""
    command = [sys.executable, DOCS / "blocks.py", "--check", str(page)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def test_what_is_kept_of_the_papers_is_what_their_rows_say_now() -> None:
    """A row that was changed or added is run again: `python docs/paper_results.py NAME`."""
    for path in (DOCS / "papers").glob("*.json"):
        found = json.loads(path.read_text())
        now = [
            (e.quantity, e.said, e.allowed, e.bound, e.where, e.evidence, e.deviation)
            for e in load_experiment(path.stem).expected
        ]
        names = ("quantity", "paper", "allowed", "bound", "where", "evidence", "deviation")
        assert [tuple(row[name] for name in names) for row in found["rows"]] == now, f"{path.stem} is old"
        assert path.with_suffix(".png").stat().st_size > 3_000


def test_no_block_is_left_out() -> None:
    """What a page does not run is `console`, output or a file's content."""
    for page in PAGES:
        kinds = set(re.findall(r"^```([^\n]+)$", page.read_text(), flags=re.MULTILINE))
        known = {"python", "sh", "text", "console", "toml", "verilog", "{toctree}", "{image}"}
        assert kinds <= known, f"{page.name}: {kinds - known}"
