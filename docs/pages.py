"""Write the pages of the site that come from the code: commands, records, circuits, cards, papers, gallery."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import click
from library_pages import circuit_pages, model_pages
from paper_pages import paper_pages

import rramcirc
from rramcirc.basics.field_texts import bounds_text
from rramcirc.circuits.table import RECORDS
from rramcirc.cli.lazy import LazyGroup
from rramcirc.cli.main import rramcirc as command_line

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
MADE = HERE / "made"
NO_FOLDER = re.compile(r"\]\((?:docs|models|netlists)/[^)]*\)")


def commands() -> str:
    """Return the page of the command line: the help of every command."""
    lines = [
        "# Commands",
        "",
        "What `rramcirc COMMAND --help` says. Exit status: see [troubleshooting](../troubleshooting.md).",
    ]
    for path, command in _commands((), command_line):
        title = " ".join(("rramcirc", *path))
        context = click.Context(command, info_name=title, max_content_width=110, terminal_width=110)
        lines += ["", f"{'##' if len(path) < 2 else '###'} {title}", "", "```text", command.get_help(context), "```"]
    return "\n".join(lines) + "\n"


def _commands(path: tuple[str, ...], command: click.Command) -> list[tuple[tuple[str, ...], click.Command]]:
    found = [(path, command)]
    if isinstance(command, LazyGroup):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            found += _commands((*path, name), inner)
    return found


def records() -> str:
    """Return the page of the testbench files: a table for each record, from its fields."""
    lines = [
        "# Testbench files",
        "",
        "A testbench is a record of records; a TOML file holds the same. `rramcirc build-netlist cell -o cell.toml`",
        "writes one, `rramcirc simulate cell.toml` runs it, `--set stimuli.bl.amplitude=1.2` changes a value. In",
        'a file the `type` of a record is its name in small letters with underscores: `type = "piecewise_linear"`. ',
        "A field without default must be given.",
        "",
        "```toml",
        _example_bench().strip(),
        "```",
    ]
    groups = {
        "The testbench": ["Testbench", "CycleNoise", "RunPhase"],
        "Designs": [record.__name__ for record in RECORDS],
        "Parts of designs": ["Line", "Defects"],
        "Analyses": ["OperatingPoint", "DcSweep", "Transient", "Ac", "Noise", "VectorSweep"],
        "Stimuli": ["Constant", "Pulse", "PulseTrain", "SpikeTrain", "PiecewiseLinear", "Floating"],
        "Pulses of synapses": ["SynapsePulses", "GatePulse", "BipolarPulse", "SpikePair"],
    }
    for title, names in groups.items():
        lines += ["", f"## {title}"]
        for name in names:
            lines += _record_table(getattr(rramcirc, name))
    return "\n".join(lines) + "\n"


def _example_bench() -> str:
    from rramcirc.circuits.table import default_bench

    path = MADE / "cell.toml"
    MADE.mkdir(exist_ok=True)
    rramcirc.save_bench(default_bench("cell"), path)
    return path.read_text()


def _record_table(record: Any) -> list[str]:
    assert is_dataclass(record)
    first = (record.__doc__ or "").strip().split("\n")[0].replace("``", "`")
    lines = ["", f"### {record.__name__}", "", re.sub(r":\w+:`([^`]*)`", r"`\1`", first), ""]
    lines += ["| field | meaning | unit | allowed | default |", "| --- | --- | --- | --- | --- |"]
    for of in fields(record):
        if of.name.startswith("_") or not of.init:
            continue
        about = of.metadata
        cells = (f"`{of.name}`", about.get("desc", ""), about.get("units", ""), bounds_text(about), _default(of))
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return lines


def _default(of: Field[Any]) -> str:
    if of.default is not MISSING:
        return f"`{of.default!r}`"
    if of.default_factory is not MISSING:
        return f"`{of.default_factory()!r}`"
    return ""


def gallery() -> dict[str, str]:
    """Return file name -> page: the list of the examples, and each with its code and picture."""
    there = _script(ROOT / "examples" / "regenerate.py")
    times = there.read_times()
    total = sum(float(quick) for quick, _ in times.values())
    lines = [
        "# Gallery",
        "",
        "Scripts of one screen with the public names only; each leaves its picture in the current folder. Times are",
        "processor seconds on an AMD EPYC of the short form (`--quick`), as in the tests, and of the full one, whose",
        f"picture is shown. All short forms together: {total:.0f} s.",
    ]
    pages = {}
    for subject, names in there.SUBJECTS.items():
        lines += ["", f"## {subject}", "", "| example | picture | short | full |", "| --- | --- | --- | --- |"]
        for name in names:
            title, text = there.about(name)
            quick, full = times[name]
            lines.append(f"| [{title}]({name}.md) | [![{name}]({name}.png)]({name}.md) | {quick} s | {full} s |")
            pages[f"{name}.md"] = (
                f"# {title.rstrip('.')}\n\n{text}\n\n![{title}]({name}.png)\n\n"
                f"`python examples/{name}.py`, {full} s of processor time; with `--quick` {quick} s.\n\n"
                f"```{{literalinclude}} {name}.py\n:language: python\n```\n"
            )
    lines += ["", "## Notebooks", "", "For JupyterLab, without outputs; the tests run them.", ""]
    for file in sorted((ROOT / "examples" / "notebooks").glob("*.ipynb")):
        name, text = f"notebook_{file.stem}", notebook(file)
        pages[f"{name}.md"] = f"{text}\nThe notebook: [{file.name}]({file.name}).\n"
        lines.append(f"* [{text.splitlines()[0].removeprefix('# ')}]({name}.md)")
    hidden = ["", "```{toctree}", ":hidden:", "", *(file.removesuffix(".md") for file in pages), "```"]
    return {"index.md": "\n".join([*lines, *hidden]) + "\n"} | pages


def notebook(file: Path) -> str:
    """Return the cells of a notebook as a page."""
    parts = []
    for cell in json.loads(file.read_text())["cells"]:
        text = "".join(cell["source"])
        parts.append(text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```")
    return "\n\n".join(parts) + "\n"


def _script(file: Path) -> ModuleType:
    """Return a script of the repository as a module."""
    spec = importlib.util.spec_from_file_location(f"{file.parent.name}_pages", file)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def library() -> None:
    """Write the pages of models and circuits, and name them on the pages that list them."""
    netlists = _script(ROOT / "netlists" / "regenerate.py")
    for file in (ROOT / "verilog-a").glob("*.va"):
        shutil.copy(file, MADE / "models" / file.name)
    circuits = circuit_pages(_record_table, netlists.entries(), netlists._names)
    for folder, pages in (("models", model_pages()), ("circuits", circuits)):
        for name, text in pages.items():
            (MADE / folder / name).write_text(text)
        index = MADE / folder / "index.md"
        each = [
            "",
            "## A page for each",
            "",
            "```{toctree}",
            ":maxdepth: 1",
            "",
            *(n.removesuffix(".md") for n in pages),
        ]
        index.write_text(index.read_text() + "\n".join([*each, "```"]) + "\n")


def copied() -> None:
    """Copy the pages of circuits and cards with their pictures, and the measured tables."""
    for name, folder in (("circuits", "netlists"), ("models", "models"), ("gallery", "examples")):
        there = MADE / name
        there.mkdir(exist_ok=True)
        for file in (ROOT / folder).iterdir():
            if file.suffix in (".svg", ".png", ".cir", ".toml", ".bib") or (name == "gallery" and file.suffix == ".py"):
                shutil.copy(file, there / file.name)
        if name != "gallery":
            (there / "index.md").write_text((ROOT / folder / "README.md").read_text())
    library()
    for file in (ROOT / "examples" / "notebooks").glob("*.ipynb"):
        shutil.copy(file, MADE / "gallery" / file.name)
    for name, text in gallery().items():
        (MADE / "gallery" / name).write_text(text)
    sources = {
        "measured": "benchmarks/RESULTS.md", "MUTANTS": "benchmarks/MUTANTS.md", "changes": "CHANGELOG.md",
        "rooms": "CONTRIBUTING.md",
    }  # fmt: skip
    for name, source in sources.items():
        text = (ROOT / source).read_text()
        (MADE / f"{name}.md").write_text(NO_FOLDER.sub("](../index.md)", text))


def main() -> None:
    """Write all pages into docs/made, which is not committed."""
    shutil.rmtree(MADE, ignore_errors=True)
    MADE.mkdir()
    copied()
    paper_pages(MADE / "papers")
    for name, text in (("commands", commands()), ("records", records())):
        (MADE / f"{name}.md").write_text(text)


if __name__ == "__main__":
    main()
