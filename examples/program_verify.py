"""Program and verify: bring the cells of an array to target conductances with incremental pulses.

The gate of the transistor limits the current of a SET and so says the conductance; RESET pulses take back what went
too far.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import rramcirc as rc

QUICK = "--quick" in sys.argv
ROWS, COLUMNS = (1, 1) if QUICK else (1, 4)
plt.style.use(Path(__file__).with_name("paper.mplstyle"))
target = np.geomspace(30e-6, 120e-6, ROWS * COLUMNS).reshape(ROWS, COLUMNS)
coarse = rc.study.ProgramScheme(gate_step=0.2, reset_step=0.2, rounds=1) if QUICK else None  # None: 25 mV
answer = rc.study.program(rc.study.ReadArray(rows=ROWS, columns=COLUMNS), target, scheme=coarse, tolerance=0.05)
print(answer)
table = answer.table
figure, (left, right) = plt.subplots(1, 2)
left.plot(1e6 * table["target"], 1e6 * table["conductance"], "o", fillstyle="none")
left.axline((30, 30), slope=1, color="0.5", linewidth=0.7)
left.set(xlabel="target [µS]", ylabel="reached [µS]", title="tolerance 5 %")
right.plot(1e6 * table["target"], table["pulses"], "o", fillstyle="none", color="C1")
right.set(xlabel="target [µS]", ylabel="pulses", ylim=(0, None))
figure.savefig("program_verify.png")
