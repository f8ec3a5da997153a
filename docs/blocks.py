"""Run the blocks of pages: `python docs/blocks.py PAGE...` writes their outputs anew, `--check PAGE` compares them.

Needs the package only, so that an environment with nothing but the wheel can run the tutorials (`make try-wheel`).
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from pathlib import Path

from click.testing import CliRunner

from rramcirc.cli.main import rramcirc

BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", flags=re.DOTALL | re.MULTILINE)
ROUNDING = re.compile(r"\b\d(?:\.\d+)?e-1[0-9]\b")  # what rounding leaves differs from one processor to the next


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
        same = said is None or ROUNDING.sub("0", said) == ROUNDING.sub("0", printed)
        assert same, f"{page.name} says\n{said}and its block prints\n{printed}"


if __name__ == "__main__":
    if sys.argv[1] == "--check":
        check(Path(sys.argv[2]))
    else:
        for chosen in [Path(name).resolve() for name in sys.argv[1:]]:
            with tempfile.TemporaryDirectory() as folder:
                os.chdir(folder)
                rewrite(chosen)
