"""Pages of the library: one for each Verilog-A model with its cards, one for each circuit, from their own records."""

from __future__ import annotations

import inspect
import re
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

from rramcirc.circuits.table import KINDS
from rramcirc.devices.cards.card import card_names, load_card
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.veriloga.declarations import Module
from rramcirc.devices.veriloga.library import find_module, library

ROOT = Path(__file__).resolve().parent.parent


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Return a Markdown table."""
    head = ["", "| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    return head + ["| " + " | ".join(cell(text) for text in row) + " |" for row in rows]


def cell(text: str) -> str:
    """Return a text that Markdown takes as it is; what stands in backticks stays."""
    parts = re.split(r"(`[^`]*`)", text.replace("\n", " "))
    return "".join(p.replace("|", "\\|") if p.startswith("`") else re.sub(r"([|*_\[\]<>$])", r"\\\1", p) for p in parts)


def model_pages() -> dict[str, str]:
    """Return file name -> page of every module of the library."""
    cards = {name: load_card(name) for name in card_names()}
    pages = {}
    for name in library():
        module = find_module(name)
        of_module = [card for card in cards.values() if card.module == name]
        pages[f"model_{name}.md"] = "\n".join(_model(module, of_module)) + "\n"
    return pages


def _model(module: Module, cards: list[ModelCard]) -> list[str]:
    whole = module.path.read_text().split("`include")[0]
    comment = "\n".join(line.removeprefix("//").removeprefix(" ") for line in whole.splitlines()).strip()
    lines = [f"# {module.name}", "", cell(module.description) + "."]
    lines += ["", f"`rramcirc models {module.name}`; the file: [{module.path.name}]({module.path.name})."]
    lines += ["", "## Equations and source", "", "As the head of the file says them.", "", "```text", comment, "```"]
    lines += ["", "## States and other signals"]
    rows = []
    for v in module.op_variables.values():
        state = " (state)" if v.name in module.states else ""
        rows.append((f"`{v.name}`{state}", v.description, v.unit or "1"))
    lines += table(("name", "meaning", "unit"), rows)
    lines += ["", "## Parameters", "", "Default of the file; a card says the numbers of a device."]
    said = []
    for p in module.parameters.values():
        own = ", of each device" if p.instance else ""
        said.append((f"`{p.name}`", p.description + own, p.unit or "1", f"`{p.default}`"))
    lines += table(("name", "meaning", "unit", "default"), said)
    for card in cards:
        lines += _card(card)
    return lines


def _card(card: ModelCard) -> list[str]:
    lines = ["", f"## Card {card.name}", "", card.title + ".", "", cell(" ".join(card.description.split()))]
    if (ROOT / "docs" / "loops" / f"{card.name}.png").exists():
        lines += ["", f"![I-V loop of {card.name}](../../loops/{card.name}.png)"]
    limits = [f"{name.replace('_', ' ')} {v.minimum:g} to {v.maximum:g} {v.unit}" for name, v in card.validity.items()]
    lines += ["", f"Valid for: {', '.join(limits) or 'not said'}. Not modelled: {', '.join(card.not_modelled) or '-'}."]
    rows = []
    for name, value in card.parameters.items():
        number = value.value if isinstance(value.value, str) else f"{value.value:g}"
        rows.append((f"`{name}`", number, value.unit, value.status, value.source))
    return lines + table(("parameter", "value", "unit", "status", "source"), rows)


def circuit_pages(record_table: Any, entries: dict[str, Any], names: Any) -> dict[str, str]:
    """Return file name -> page of every circuit.

    Parameters
    ----------
    record_table
        Function of a record that returns the table of its fields.
    entries
        Name -> entry of netlists/README.md.
    names
        Function of (name, unit) pairs that returns them as text.
    """
    from rramcirc.engines.build import build_netlist

    pages = {}
    for name, kind in KINDS.items():
        shown = {variant: entry for variant, entry in entries.items() if entry.kind is kind}
        lines = [f"# {name}", "", cell(kind.summary) + "."]
        if name in shown:
            lines += ["", f"`rramcirc build-netlist {name} -o {name}.cir`, `rramcirc draw {name}`."]
        lines += ["", "## What it is", "", "```text", inspect.getdoc(kind.record) or "", "```"]
        for variant, entry in shown.items():
            recorded = [(signal.name, signal.unit) for signal in build_netlist(entry.bench).signals]
            lines += ["", f"## Netlist {variant}", "", cell(entry.shows) + ".", "", f"![{variant}]({variant}.svg)"]
            if (ROOT / "netlists" / f"{variant}.png").exists():
                lines += ["", f"![waveforms of {variant}]({variant}.png)"]
            lines += ["", f"Records {names(recorded)}. The netlist: [{variant}.cir]({variant}.cir)."]
        assert is_dataclass(kind.record)
        lines += ["", "## Fields", *record_table(kind.record)[3:]]
        pages[f"circuit_{name}.md"] = "\n".join(lines) + "\n"
    return pages
