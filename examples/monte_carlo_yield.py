"""Monte Carlo: how many bits do arrays of different devices read wrong?

Every array is drawn from the card's device-to-device spread, with good and with bad wires. The interval of a
count is of 95 % (Clopper-Pearson).
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import rramcirc as rc

QUICK = "--quick" in sys.argv
SIZE, ARRAYS = (8, 2) if QUICK else (32, 20)
plt.style.use(Path(__file__).with_name("paper.mplstyle"))
figure, ax = plt.subplots()
for ohm in (1.0,) if QUICK else (1.0, 10.0):
    answer = rc.study.yield_(rc.study.ReadArray(rows=SIZE, columns=SIZE, wire_resistance=ohm), arrays=ARRAYS, seed=3)
    count = rc.Count(int(answer.table["wrong"].sum()), int(answer.table["bits"].sum()))
    print(f"{ohm:g} ohm a segment: bits read wrong {count}")
    for (name, current), style in zip(answer.table.attrs["currents"].items(), ("-", "--"), strict=True):
        ordered = np.sort(current)
        share = (np.arange(ordered.size) + 0.5) / ordered.size
        ax.plot(1e6 * ordered, 100 * share, style, color="C0" if ohm == 1 else "C1", label=f"{name}, {ohm:g} ohm")
ax.set(xlabel="bit-line current [µA]", ylabel="cells below [%]", xscale="log", ylim=(0, 100))
ax.legend(title="resistance of a wire segment")
figure.savefig("monte_carlo_yield.png")
