"""The site is true: every block of Python and of commands runs, page by page, and prints what the page says.

A block ``text`` right after such a block is its output. `python docs/blocks.py PAGE` writes the outputs anew.
"""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rramcirc.papers.reproduction import experiment_names, load_experiment

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *DOCS.glob("tutorials/*.md")])
BLOCKS = re.compile(r"^```(python|sh)\n", flags=re.MULTILINE)


@pytest.mark.parametrize("page", [p for p in PAGES if BLOCKS.search(p.read_text())], ids=lambda p: p.stem)
def test_blocks_of_a_page_run_and_print_what_it_says(page: Path, tmp_path: Path) -> None:
    """In a process of its own: PySpice takes ngspice into the process as a library."""
    command = [sys.executable, DOCS / "blocks.py", "--check", str(page)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def test_page_of_a_paper_has_picture_and_numbers_of_every_result_that_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says so where the rows were changed since."""
    monkeypatch.syspath_prepend(str(DOCS))
    paper_pages = importlib.import_module("paper_pages")
    paper_pages.paper_pages(tmp_path)
    for name in experiment_names():
        one, found = load_experiment(name), paper_pages.kept(name)
        page = (tmp_path / f"{one.paper.lower()}.md").read_text().split(f"\n## {name}\n")[1].split("\n## ")[0]
        if not found:
            assert "No result is kept" in page
            continue
        assert f"({name}.png)" in page
        assert (tmp_path / f"{name}.png").stat().st_size > 3_000
        for row in found["rows"]:
            assert f" | {paper_pages.cell(row['ours'])} | {row['verdict']} | " in page
        current = paper_pages.is_current(one, found)
        assert current != ("**Old**" in page)
        assert not paper_pages.is_current(one, found | {"rows": found["rows"][1:]})


def test_no_block_is_left_out() -> None:
    """What a page does not run is `console`, output or a file's content."""
    for page in PAGES:
        kinds = set(re.findall(r"^```([^\n]+)$", page.read_text(), flags=re.MULTILINE))
        known = {"python", "sh", "text", "console", "toml", "verilog", "{toctree}", "{image}"}
        assert kinds <= known, f"{page.name}: {kinds - known}"
