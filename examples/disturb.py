"""Write disturb of a passive array: what V/2 and V/3 do to the neighbours, against the write voltage.

A checkerboard of LRS and HRS; two SET pulses of 1 us on the middle cell.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import rramcirc as rc

QUICK = "--quick" in sys.argv
AMPLITUDES, PULSES = ((1.2,), 1) if QUICK else (np.linspace(0.9, 2.0, 5), 2)
plt.style.use(Path(__file__).with_name("paper.mplstyle"))
array = rc.study.ReadArray(rows=3, columns=3, selector="none")
figure, axes = plt.subplots(1, 2, sharey=True)
for ax, scheme in zip(axes, ("V/2", "V/3")[: 1 if QUICK else 2], strict=False):
    worst = {}
    for volts in AMPLITUDES:
        pulse = rc.study.WritePulse("SET", volts, 1e-6, scheme=scheme)
        table = rc.study.disturb(array, pulse, pulses=PULSES).table
        for row in table[table["pulses"] == PULSES].itertuples():
            worst.setdefault((row.group, row.state), []).append(max(abs(row.change), 1e-7))
    for (group, state), values in worst.items():
        if group != "same column":  # as the row
            colour, style = "C0" if group == "same row" else "C1", "-" if state == "LRS" else "--"
            ax.semilogy(AMPLITUDES, values, style, color=colour, marker="o", label=f"{state}, {group}")
    ax.set(xlabel="write voltage [V]", title=scheme)
axes[0].set_ylabel("relative change of conductance")
ax.legend()
figure.savefig("disturb.png")
