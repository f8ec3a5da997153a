"""Write the netlists of this folder: what `rramcirc build-netlist` makes of each circuit by default."""

from __future__ import annotations

import sys
from pathlib import Path

from rramcirc.circuits import build_netlist
from rramcirc.circuits.benches import CIRCUITS, Request, default_bench

HERE = Path(__file__).resolve().parent


def texts() -> dict[str, str]:
    """Return file name -> netlist text for every circuit."""
    return {f"{name}.cir": build_netlist(default_bench(name, Request())).text for name in CIRCUITS}


if __name__ == "__main__":
    for name in CIRCUITS:
        files = build_netlist(default_bench(name, Request())).write(HERE / f"{name}.cir")
        print("wrote", ", ".join(file.name for file in files), file=sys.stderr)
