"""Matrix times vector in a crossbar: with its wires against the ideal product.

Weights are stored as conductances, inputs are bit-line voltages, the results are source-line currents. Wires and
the cells' nonlinearity are in the result; `linear_matrix` is what one would like to have.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import rramcirc as rc

QUICK = "--quick" in sys.argv
SIZE, VECTORS = (16, 20) if QUICK else (32, 50)
plt.style.use(Path(__file__).with_name("paper.mplstyle"))
rng = np.random.default_rng(1)
weights = np.exp(rng.uniform(np.log(5e-6), np.log(80e-6), (SIZE, SIZE)))
vectors = rng.uniform(0.0, 0.2, (VECTORS, SIZE))


def product(wire: float) -> np.ndarray:
    """Return the currents of all products [A] with a wire resistance [ohm] of a segment."""
    line = rc.Line(wire)
    array = rc.Crossbar(rc.Cell("hfo2_filament", "nmos_select"), SIZE, SIZE, bl=line, wl=line,
                        sl=rc.Line(wire, end="last"), source_line="row", initial_conductance=weights)  # fmt: skip
    return rc.multiply(array, vectors, drive="columns").currents


ideal = vectors @ weights.T
figure, ax = plt.subplots()
for ohm in (5.0,) if QUICK else (0.0, 1.0, 5.0):
    found = product(ohm)
    ax.plot(1e6 * ideal.ravel(), 1e6 * found.ravel(), ".", markersize=2, label=f"{ohm:g} ohm a segment")
    print(f"{ohm:g} ohm: RMS error {np.std(found - ideal) / np.std(ideal):.3f} of the spread of the results")
ax.axline((0, 0), slope=1, color="0.4", linewidth=0.8)
ax.set(xlabel="conductance times voltage [µA]", ylabel="current of the array [µA]")
ax.legend(markerscale=4)
figure.savefig("crossbar_read.png")
