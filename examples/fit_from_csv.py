"""Measured pulses in a CSV file to a card: fit, one sigma, and what the card makes of the data.

The data are made up: single pulses on the library's card with 2 % noise. So it is known what the fit should find.
Two parameters are free here; without `free` the fit finds out which ones the data determine.
"""

import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt

import rramcirc as rc

QUICK = "--quick" in sys.argv
plt.style.use(Path(__file__).with_name("paper.mplstyle"))
rramcirc = [sys.executable, "-m", "rramcirc"]  # the command `rramcirc`
subprocess.run([*rramcirc, "fit", "--example", "pulses.csv", "--model", "rram_filament"], check=True)
if QUICK:  # the first pulses only
    lines = Path("pulses.csv").read_text().splitlines()
    Path("pulses.csv").write_text("\n".join(lines[:13]))
data = rc.read_measurement("pulses.csv")
result = rc.fit([data], "hfo2_filament", free=["rho"] if QUICK else ["rho", "gap_resistance"])
for found in result.fitted:
    print(f"{found.name} = {found.value:.4g} +- {found.sigma:.2g} {found.unit} (card {found.start:.4g})")

measured, predicted = (1e-3 * 0.1 / abs(run.current) for run in (result.protocols[0], result.predictions[0]))
figure, (left, right) = plt.subplots(1, 2)
left.loglog(measured, predicted, "o", fillstyle="none")
left.axline((10, 10), (100, 100), color="0.5", linewidth=0.7)
left.set(xlabel="measured [kohm]", ylabel="fitted card [kohm]")
right.hist(100 * (predicted / measured - 1), bins=25)
right.set(xlabel="deviation [%]", ylabel="pulses")
figure.savefig("fit_from_csv.png")
