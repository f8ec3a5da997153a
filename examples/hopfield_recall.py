"""A Hopfield network in two engines: compiled devices, and pulse curves measured with them.

Neurons 0 to 2 get Poisson spikes and learn to excite one another. ngspice has every synapse as a circuit, `network`
moves it along a curve. The last neuron gets nothing, and inhibition keeps it quiet.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import rramcirc as rc

QUICK = "--quick" in sys.argv
plt.style.use(Path(__file__).with_name("paper.mplstyle"))
bench = rc.default_bench("hopfield")
engines = ("network",) if QUICK else ("ngspice", "network")
runs = {name: rc.simulate(bench, name) for name in engines}
figure, axes = plt.subplots(2, len(runs), sharex=True, sharey="row", squeeze=False, figsize=(6.4, 3.6))
for (top, bottom), (name, waves) in zip(axes.T, runs.items(), strict=True):
    top.eventplot([1e3 * waves.spikes.times[waves.spikes.neurons == k] for k in range(4)], linelengths=0.7)
    top.set_title(f"engine {name}: {waves.spikes.times.size} spikes")
    for pre, post in ((0, 1), (1, 2), (2, 0), (0, 3)):
        bottom.plot(1e3 * waves.time, waves[f"gap_exc[{pre},{post}]"], label=f"{pre} to {post}")
    bottom.set_xlabel("time [ms]")
axes[0, 0].set(ylabel="neuron", yticks=range(4))
axes[1, 0].set_ylabel("gap of the synapse [nm]")
axes[1, 0].legend(ncols=2)
print({name: np.round(waves["gap_exc[0,1]"][-1], 3) for name, waves in runs.items()})
figure.savefig("hopfield_recall.png")
