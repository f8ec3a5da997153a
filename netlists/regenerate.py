"""Write this folder: what `rramcirc build-netlist` makes of each circuit, the schematics, and README.md."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell_netlist import fits_cell
from rramcirc.circuits.bench_file import with_settings
from rramcirc.circuits.neuron.neuron import PORTS, LifNeuron
from rramcirc.circuits.request import Request
from rramcirc.circuits.table import KINDS, Kind, default_bench, draw
from rramcirc.devices.cards.card import card_names, load_card
from rramcirc.engines.build import build_netlist

HERE = Path(__file__).resolve().parent


class Entry(NamedTuple):
    """One netlist of the page: its testbench, the command that makes it if there is one, what it shows."""

    kind: Kind
    bench: Testbench
    command: str
    shows: str


def entries() -> dict[str, Entry]:
    """Return name -> netlist of every circuit, in the order of the table."""
    found: dict[str, Entry] = {}
    for name, kind in KINDS.items():
        command = f"build-netlist {name}"
        if kind.bench is not None:
            found[name] = Entry(kind, default_bench(name), command, kind.page)
        for variant, made in kind.variants.items():
            if made.bench is not None:
                found[variant] = Entry(kind, made.bench(), "", made.page)
                continue
            settings = [f"{path}={value}" for path, value in made.settings.items()]
            words = " ".join([command, *(f"--set {setting}" for setting in settings)])
            found[variant] = Entry(kind, with_settings(default_bench(name), settings), words, made.page)
    return found


def butterflies() -> dict[str, Testbench]:
    """Return name -> testbench: the I-V loop of every RRAM card."""
    cards = [name for name in card_names() if fits_cell(load_card(name))]
    return {f"butterfly_{name}": default_bench("cell", Request(rram=name)) for name in cards}


def texts() -> dict[str, str]:
    """Return file name -> text: every netlist, and README.md."""
    benches = {name: entry.bench for name, entry in entries().items()} | butterflies()
    return {f"{name}.cir": build_netlist(bench).text for name, bench in benches.items()} | {"README.md": readme()}


def pictures() -> list[str]:
    """Return the file names of the schematics."""
    return [f"{name}.svg" for name in entries()]


def readme() -> str:
    """Return the text of README.md."""
    lines = [
        "# Netlists",
        "",
        "Every circuit of the library as `rramcirc build-netlist` writes it; `make netlists` writes this folder. Run",
        "one with `ngspice -n -b lif.cir` in this folder, or with `rramcirc simulate lif.cir`. The head of each file",
        "lists its signals with unit and sign. A port in [V] takes or gives a voltage, one in [A] a current; `nz` is",
        "the terminal of cycle-to-cycle variability, 1 V is one standard deviation.",
        "",
        "| circuit | netlist | what it shows | ports | schematic |",
        "| --- | --- | --- | --- | --- |",
    ]
    found = entries()
    for name, entry in found.items():
        files = f"[{name}.cir]({name}.cir) | {entry.shows} | {_names(_ports(entry.bench))} | [{name}.svg]({name}.svg)"
        lines.append(f"| [{name}](#{name}) | {files} |")
    command = "`rramcirc build-netlist cell --card CARD`"
    lines += ["", f"`butterfly_CARD.cir` is the I-V loop of `cell` with every RRAM card: {command}."]
    for name, entry in found.items():
        recorded = [(signal.name, signal.unit) for signal in build_netlist(entry.bench).signals]
        made = [f"Made by `rramcirc {entry.command}`.", ""] if entry.command else []
        lines += ["", f"## {name}", "", *made, f"Records {_names(recorded)}.", "", f"![{name}]({name}.svg)"]
    return "\n".join(lines) + "\n"


def _ports(bench: Testbench) -> list[tuple[str, str]]:
    """Return (name, unit) of the lines that a testbench may drive; of a neuron, all ports."""
    if isinstance(bench.design, LifNeuron):
        return [(port, "A" if port in bench.design.lines else "V") for port in PORTS]
    units = {re.sub(r"\d+", "", line): stimulus.unit for line, stimulus in bench.stimuli.items()}
    return [(line, units.get(re.sub(r"\d+", "", line), "V")) for line in bench.design.lines]


def _names(listed: list[tuple[str, str]]) -> str:
    """Return names with units, those that differ by their number as first ... last."""
    groups: dict[tuple[str, str], list[str]] = {}
    for name, unit in listed:
        groups.setdefault((re.sub(r"\d+", "#", name), unit), []).append(name)
    parts = []
    for (pattern, unit), names in groups.items():
        if "[#,#]" in pattern:
            text = f"`{pattern.replace('[#,#]', '[row,column]')}`"
        else:
            text = f"`{names[0]}`" + (f" ... `{names[-1]}`" if len(names) > 1 else "")
        parts.append(f"{text} [{unit or 1}]")
    return ", ".join(parts)


if __name__ == "__main__":
    written = []
    page = entries()
    for name, bench in ({name: entry.bench for name, entry in page.items()} | butterflies()).items():
        written += build_netlist(bench).write(HERE / f"{name}.cir")
    for name, entry in page.items():
        draw(entry.bench.design, HERE / f"{name}.svg", circuit=entry.kind.name)
    (HERE / "README.md").write_text(readme())
    print("wrote", ", ".join(sorted({file.name for file in written} | {"README.md", *pictures()})), file=sys.stderr)
