"""I-V loop of a card: SET and RESET voltage, resistances.

The 1T1R cell of a card is swept in ngspice through the loop that the card names. The transistor's gate limits the
current of the SET.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt

import rramcirc as rc

plt.style.use(Path(__file__).with_name("paper.mplstyle"))
answer = rc.study.iv("hfo2_filament", quick="--quick" in sys.argv)  # one loop instead of two
loop = answer.table
for name, (value, unit) in answer.quantities.items():
    print(f"{name:<22} {value:.4g} {unit}")

figure, (log, gap) = plt.subplots(1, 2)
log.semilogy(loop["voltage"], 1e6 * loop["current"].abs())
for name, colour in (("SET voltage", "C1"), ("RESET voltage", "C2")):
    volts = answer.quantities[name][0]
    log.axvline(volts, color=colour, linestyle="--", label=f"{name.split()[0]} {volts:.2f} V")
log.set(xlabel="voltage across the cell [V]", ylabel="|current| [µA]", ylim=(1e-3, 1e3))
log.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, columnspacing=1)
gap.plot(loop["voltage"], loop["gap"])
gap.set(xlabel="voltage across the cell [V]", ylabel="gap in the filament [nm]")
figure.savefig("iv_loop.png")
