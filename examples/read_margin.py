"""Read margin of passive and 1T1R arrays against their size, with sneak paths and wires.

The cell farthest from all drivers is read, LRS against HRS, while all others are as bad as they can be. Where the
ratio falls below 1, no threshold tells the two apart.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt

import rramcirc as rc

QUICK = "--quick" in sys.argv
SIZES = (2, 4) if QUICK else (2, 4, 8, 16, 32)
plt.style.use(Path(__file__).with_name("paper.mplstyle"))
figure, ax = plt.subplots()
KINDS = (("none", "1R"), ("nmos_select", "1T1R"))
for selector, kind in KINDS[:1] if QUICK else KINDS:
    array = rc.study.ReadArray(rows=SIZES[-1], columns=SIZES[-1], wire_resistance=2.5, selector=selector)
    table = rc.study.read_margin(array, SIZES).table
    for scheme, part in table.groupby("scheme", sort=False):
        by_size = part.groupby("size")
        ratio = by_size["i_lrs"].min() / by_size["i_hrs"].max()
        ax.plot(ratio.index, ratio, "o-", label=f"{kind}, other lines {scheme}" if kind == "1R" else kind)
ax.set_xscale("log", base=2)
ax.set_yscale("log")
ax.set(xlabel="rows and columns", ylabel="least LRS / greatest HRS current")
ax.axhline(1, color="0.5", linewidth=0.8, linestyle=":")
ax.legend()
figure.savefig("read_margin.png")
