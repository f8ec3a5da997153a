"""1T1R cell under a train of pulses: gradual SET, then gradual RESET.

One transient in ngspice. Pulses of 1 ms come on the bit line (SET) and on the source line (RESET). The gap closes ever
faster, until the gate voltage of the transistor limits the current; the first RESET pulse takes most of it back.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import rramcirc as rc

COUNT, PERIOD, WIDTH = 20, 2e-3, 1e-3  # pulses of each sign, s, s
plt.style.use(Path(__file__).with_name("paper.mplstyle"))

starts = PERIOD * (0.25 + np.arange(2 * COUNT))
up = np.arange(2 * COUNT) < COUNT
bench = rc.Testbench(
    rc.Cell("hfo2_filament", "nmos_select", initial_conductance=4e-6),
    rc.Transient(2 * COUNT * PERIOD, max_step=1e-4),
    {
        "bl": rc.pulse_sequence(starts[up], WIDTH, 0.96, edge=1e-6),
        "sl": rc.pulse_sequence(starts[~up], WIDTH, 0.85, edge=1e-6),
        "wl": rc.PiecewiseLinear([0.0, COUNT * PERIOD, COUNT * PERIOD + 1e-6], [1.2, 1.2, 3.05]),
    },
    probes=("gap", "diameter", "v(bl)", "v(sl)"),
)
waves = rc.simulate(bench)
between = starts + 0.6 * PERIOD  # reads between the pulses, from the states
states = {name: np.interp(between, waves.time, waves[name]) for name in ("gap", "diameter")}
conductance = rc.read_current(rc.load_card("hfo2_filament"), states, 0.1) / 0.1

figure, (top, bottom) = plt.subplots(2, 1, sharex=True)
top.plot(1e3 * waves.time, waves["v(bl)"] - waves["v(sl)"], linewidth=0.8)
top.set_ylabel("BL - SL [V]")
bottom.semilogy(1e3 * between, 1e6 * conductance, "o-")
bottom.set(xlabel="time [ms]", ylabel="conductance [µS]")
figure.savefig("pulse_train.png")
