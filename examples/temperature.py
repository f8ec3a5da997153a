"""Temperature: the I-V loop between -20 and 100 degrees, and how the SET voltage moves.

Ion migration is thermally activated, so a warm device switches at lower voltages.
"""

import sys
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import rramcirc as rc

QUICK = "--quick" in sys.argv
CELSIUS = (0, 80) if QUICK else (-20, 10, 40, 70, 100)
plt.style.use(Path(__file__).with_name("paper.mplstyle"))
bench = rc.default_bench("cell")
figure, (left, right) = plt.subplots(1, 2)
colours = plt.cm.plasma(np.linspace(0, 0.85, len(CELSIUS)))
for celsius, colour in zip(CELSIUS, colours, strict=True):
    waves = rc.simulate(replace(bench, temperature=celsius + 273.15))
    voltage, current = waves["v(bl)"] - waves["v(sl)"], waves["current"]
    left.semilogy(voltage, 1e6 * np.abs(current), color=colour, linewidth=1, label=f"{celsius} °C")
    right.plot(celsius, rc.set_voltage(voltage, current), "o", color=colour)
    right.plot(celsius, -rc.reset_voltage(voltage, current), "s", color=colour, fillstyle="none")
left.set(xlabel="voltage [V]", ylabel="|current| [µA]", ylim=(1e-2, 2e2))
left.legend(loc="lower right")
right.set(xlabel="temperature [°C]", ylabel="switching voltage [V]", ylim=(0, None))
right.annotate("SET", (0.5, 0.85), xycoords="axes fraction")
right.annotate("RESET (negative)", (0.4, 0.5), xycoords="axes fraction")
figure.savefig("temperature.png")
