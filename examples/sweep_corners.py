"""Corners of a write pulse: temperature, supply, device and transistor together, held against a specification.

How long must the pulse be so that the gap closes in every corner? What a corner is, is an example. In a file:
`rramcirc sweep docs/corners.toml`.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt

import rramcirc as rc

QUICK = "--quick" in sys.argv
CORNERS = {
    "nominal": {"temperature": 300.15},
    "slow": {
        "temperature": 273.15, "stimuli.bl.amplitude": 1.44, "stimuli.wl.value": 0.99,
        "design.rram_parameters.ea_delta": "sigma(3)", "design.selector_parameters.vto_delta": 0.03,
    },
    "fast": {
        "temperature": 358.15, "stimuli.bl.amplitude": 1.76, "stimuli.wl.value": 1.21,
        "design.rram_parameters.ea_delta": "sigma(-3)", "design.selector_parameters.vto_delta": -0.03,
    },
}  # fmt: skip

plt.style.use(Path(__file__).with_name("paper.mplstyle"))
WIDTHS = (1e-7,) if QUICK else (1e-8, 3e-8, 1e-7, 3e-7, 1e-6)
pulse = rc.Pulse(1.6, 1e-6, delay=1e-7, rise=1e-8, fall=1e-8)
bench = rc.Testbench(
    rc.Cell("hfo2_filament", "nmos_select", initial_conductance=4e-6), rc.Transient(2e-6),
    {"bl": pulse, "wl": rc.Constant(1.1)},
)  # fmt: skip
result = rc.sweep(
    bench, measure=["final(gap)", "max(i(bl))"], corners=CORNERS, grid={"stimuli.bl.width": list(WIDTHS)}, jobs=0
)
print(rc.spec_table(result, [rc.Spec("final(gap)", high=0.05), rc.Spec("max(i(bl))", high=100e-6)]).to_string())

figure, ax = plt.subplots()
for corner, part in result.table.groupby("corner", sort=False):
    ax.semilogx(1e9 * part["stimuli.bl.width"], part["final(gap)"], "o-", label=corner)
ax.axhline(0.05, color="0.5", linestyle=":", label="limit")
ax.set(xlabel="width of the pulse [ns]", ylabel="gap that is left [nm]")
ax.legend(title="corner")
figure.savefig("sweep_corners.png")
