"""A perceptron of 1T1R synapses learns which inputs belong together, by spike timing alone.

The first half of the eight inputs fires every 25 ms and a teacher fires the output 3 ms later: their synapses close
the gap. In ngspice, every synapse a transistor and a compiled model.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt

import rramcirc as rc

QUICK = "--quick" in sys.argv
plt.style.use(Path(__file__).with_name("paper.mplstyle"))
bench = rc.default_bench("perceptron", rc.Request(rows=4 if QUICK else 8))
inputs = bench.design.inputs
waves = rc.simulate(bench)
figure, (top, bottom) = plt.subplots(2, 1, sharex=True)
top.plot(1e3 * waves.time, waves["v(mem0)"])
top.set_ylabel("membrane [V]")
for k in range(inputs):
    fires = k < (inputs + 1) // 2
    bottom.plot(1e3 * waves.time, waves[f"gap[{k},0]"], color="C0" if fires else "C1", linestyle="-" if fires else "--")
bottom.set(xlabel="time [ms]", ylabel="gap of the synapse [nm]")
bottom.plot([], [], "C0-", label="inputs that fire")
bottom.plot([], [], "C1--", label="silent inputs")
bottom.legend()
figure.savefig("perceptron.png")
