"""IR drop: how much voltage is left at every cell, and how it grows with the wires.

All rows of a 1T1R array are read at once, the worst case for the wires.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt

import rramcirc as rc

QUICK = "--quick" in sys.argv
SIZE = 16 if QUICK else 64
plt.style.use(Path(__file__).with_name("paper.mplstyle"))
figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.6), sharey=True)
for ax, ohm in zip(axes, (2.0,) if QUICK else (0.5, 2.0, 8.0), strict=False):
    answer = rc.study.ir_drop(rc.study.ReadArray(rows=SIZE, columns=SIZE, wire_resistance=ohm))
    table = answer.table.pivot(index="row", columns="column", values="cell_voltage")
    image = ax.imshow(1e3 * table, vmin=0, vmax=200, cmap="viridis", interpolation="nearest")
    ax.set_title(f"{ohm:g} ohm a segment\nworst loss {100 * answer.quantities['worst loss'][0]:.0f} %")
    ax.set_xlabel("column")
axes[0].set_ylabel("row")
figure.colorbar(image, ax=axes, label="voltage left at the cell [mV]")
figure.savefig("ir_drop.png")
