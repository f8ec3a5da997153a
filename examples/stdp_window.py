"""STDP window of a 1T1R synapse: change of conductance against the delay between PRE and POST spike.

PRE opens the gate, POST drives the top electrode with a pulse of both signs. All devices and delays are one transient.
Grey: what the learning rule of Bi and Poo, fitted to neurons, looks like on the same axes.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import rramcirc as rc

QUICK = "--quick" in sys.argv
plt.style.use(Path(__file__).with_name("paper.mplstyle"))
delays = np.arange(-18e-3, 19e-3, 12e-3 if QUICK else 2e-3)
table = rc.study.stdp(delays=delays, repeats=1 if QUICK else 8, engine="numpy", compare=False).table
figure, ax = plt.subplots()
for start, colour in (("HRS", "C0"), ("LRS", "C1")):
    part = table[table["start"] == start]
    mean = part.groupby("delay")["change"].mean()
    ax.plot(1e3 * part["delay"], 1e6 * part["change"], ".", color=colour, alpha=0.4)
    ax.plot(1e3 * mean.index, 1e6 * mean, "-", color=colour, label=f"from {start}")
fine = np.linspace(-20e-3, 20e-3, 400)
biological = np.where(fine > 0, 0.777 * np.exp(-fine / 16.8e-3), -0.273 * np.exp(fine / 33.7e-3))
ax.plot(1e3 * fine, 1e6 * table["change"].max() * biological, color="0.6", linestyle="--", label="Bi and Poo, scaled")
ax.axhline(0, color="0.6", linewidth=0.6)
ax.set(xlabel="POST minus PRE [ms]", ylabel="change of conductance [µS]")
ax.legend()
figure.savefig("stdp_window.png")
