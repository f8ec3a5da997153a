"""A cell in a PySpice circuit: a divider whose output tells the state of the cell.

The circuit is PySpice's, the cell is a sub-circuit of rramcirc with its state as a parameter; `rc.simulate` compiles
the models, runs ngspice and gives names and units.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import rramcirc as rc

plt.style.use(Path(__file__).with_name("paper.mplstyle"))
block = rc.subcircuit(rc.Cell("hfo2_filament", "nmos_select"))
from PySpice.Spice.Netlist import Circuit  # noqa: E402, after rramcirc, which tells PySpice where ngspice is

figure, ax = plt.subplots()
for gate in (1.0, 1.5, 3.0):
    output, gaps = [], np.linspace(0.0, 1.2, 5)
    for gap in gaps:
        circuit = Circuit("divider")
        circuit.subcircuit(block)
        circuit.X("1", block.name, "mid", "wl", circuit.gnd, circuit.gnd, gap_ini=gap)  # bl wl sl bulk
        circuit.R("load", "top", "mid", 20e3)
        circuit.V("top", "top", circuit.gnd, 0.3)
        circuit.V("gate", "wl", circuit.gnd, gate)
        waves = rc.simulate(circuit, analysis=rc.OperatingPoint(), probes=["mid"])
        output.append(1e3 * waves["v(mid)"][0])
    ax.plot(gaps, output, "o-", label=f"gate {gate:g} V")
ax.set(xlabel="gap of the filament [nm]", ylabel="output of the divider [mV]")
ax.legend()
figure.savefig("pyspice_circuit.png")
