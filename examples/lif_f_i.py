"""Rate of a leaky integrate-and-fire neuron against its current, at three levels of detail, in ngspice.

Ideal switches, behavioural blocks with an op-amp, and a transistor neuron (Indiveri 2003) beside the closed form.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import rramcirc as rc

QUICK = "--quick" in sys.argv
DRIVES = (1.5, 5.0) if QUICK else (1.05, 1.5, 2.5, 4.0, 7.0, 12.0)
plt.style.use(Path(__file__).with_name("paper.mplstyle"))
figure, ax = plt.subplots()
neuron = rc.LifNeuron()
drive = np.concatenate(([1.000001], np.geomspace(1.001, DRIVES[-1], 200)))
leak, dead, rheobase = neuron.leak_time, neuron.refractory, neuron.threshold * neuron.capacitance / neuron.leak_time
ax.plot(1e9 * rheobase * drive, 1.0 / (dead - leak * np.log1p(-1.0 / drive)), color="0.5", label="closed form")
DETAILS = (("ideal", "o"), ("mixed", "s"), ("transistor", "^"))
for detail, marker in DETAILS[:1] if QUICK else DETAILS:
    table = rc.study.f_i(rc.LifNeuron(detail=detail), DRIVES).table
    ax.plot(1e9 * table["current"], table["rate"], marker, fillstyle="none", label=detail)
ax.set(xlabel="membrane current [nA]", ylabel="rate [Hz]", xlim=(0, None), ylim=(0, None))
ax.legend()
figure.savefig("lif_f_i.png")
