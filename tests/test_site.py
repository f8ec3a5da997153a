"""The site is true: every block of Python and of commands runs, page by page, and prints what the page says.

A block ``text`` right after such a block is its output. `python tests/test_site.py` writes the outputs anew.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from rramcirc.cli.main import rramcirc

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *DOCS.glob("tutorials/*.md")])
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", flags=re.DOTALL | re.MULTILINE)


def commands(block: str) -> str:
    """Run the commands of a block and return what they print; `python FILE` runs a file of the folder."""
    printed = ""
    for line in block.replace("\\\n", " ").strip().splitlines():
        words = shlex.split(line, comments=True)
        if words:
            assert words[0] == "rramcirc", f"not a command of rramcirc: {line}"
            done = CliRunner().invoke(rramcirc, words[1:], prog_name="rramcirc")
            assert done.exit_code == 0, f"{line}\n{done.output}{done.exception!r}"
            printed += done.stdout
    return printed


def outputs(page: Path) -> list[tuple[str | None, str]]:
    """Run a page in the current folder; return what it says that its blocks print, and what they print."""
    found = []
    names: dict[str, object] = {"__name__": "page"}
    for kind, block, said in BLOCK.findall(page.read_text()):
        if kind == "sh":
            printed = commands(block)
        else:
            with contextlib.redirect_stdout(io.StringIO()) as stream:
                exec(compile(block, page.name, "exec"), names)
            printed = stream.getvalue()
        found.append((said or None, "\n".join(line.rstrip() for line in printed.splitlines()) + "\n"))
    return found


@pytest.mark.parametrize("page", [p for p in PAGES if BLOCK.search(p.read_text())], ids=lambda p: p.stem)
def test_blocks_of_a_page_run_and_print_what_it_says(page: Path, tmp_path: Path) -> None:
    """In a process of its own: PySpice takes ngspice into the process as a library."""
    command = [sys.executable, __file__, "--check", str(page)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def test_no_block_is_left_out() -> None:
    """What a page does not run is `console`, output or a file's content."""
    for page in PAGES:
        kinds = set(re.findall(r"^```([^\n]+)$", page.read_text(), flags=re.MULTILINE))
        known = {"python", "sh", "text", "console", "toml", "verilog", "{toctree}", "{image}"}
        assert kinds <= known, f"{page.name}: {kinds - known}"


def rewrite(page: Path) -> None:
    """Put the present outputs into a page."""
    text = page.read_text()
    found = iter(outputs(page))

    def block(match: re.Match[str]) -> str:
        said, printed = next(found)
        return match[0] if said is None else match[0].replace(f"```text\n{said}```", f"```text\n{printed}```")

    page.write_text(BLOCK.sub(block, text))


def check(page: Path) -> None:
    """Run a page in the current folder and compare."""
    for said, printed in outputs(page):
        assert said in (None, printed), f"{page.name} says\n{said}and its block prints\n{printed}"


if __name__ == "__main__":
    if sys.argv[1] == "--check":
        check(Path(sys.argv[2]))
    else:
        for chosen in [Path(name).resolve() for name in sys.argv[1:]]:
            with tempfile.TemporaryDirectory() as folder:
                os.chdir(folder)
                rewrite(chosen)
