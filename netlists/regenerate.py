"""Write the netlists of this folder: what `rramcirc build-netlist` makes of each circuit by default."""

from __future__ import annotations

import sys
from pathlib import Path

from rramcirc.circuits import build_netlist
from rramcirc.circuits.benches import CIRCUITS, Request, default_bench
from rramcirc.circuits.cell import fits_cell
from rramcirc.devices.card import card_names, load_card

HERE = Path(__file__).resolve().parent


def requests() -> dict[str, tuple[str, Request]]:
    """Return file name -> (circuit, request): every circuit, and a butterfly of every RRAM card."""
    listed = {f"{name}.cir": (name, Request()) for name in CIRCUITS}
    cards = [name for name in card_names() if fits_cell(load_card(name))]
    return listed | {f"butterfly_{name}.cir": ("cell", Request(rram=name)) for name in cards}


def texts() -> dict[str, str]:
    """Return file name -> netlist text."""
    return {name: build_netlist(default_bench(*wanted)).text for name, wanted in requests().items()}


if __name__ == "__main__":
    for name, wanted in requests().items():
        files = build_netlist(default_bench(*wanted)).write(HERE / name)
        print("wrote", ", ".join(file.name for file in files), file=sys.stderr)
