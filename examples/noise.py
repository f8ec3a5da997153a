"""Noise of a read: spectra of a transimpedance amplifier from ngspice, and a trap that makes random telegraph noise.

`rc.Noise` is ngspice's small-signal noise analysis; the area under a spectrum is what a reading scatters by.
`random_telegraph` draws one trap in time; its numbers are an example.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import rramcirc as rc

plt.style.use(Path(__file__).with_name("paper.mplstyle"))
figure, (left, right) = plt.subplots(1, 2, figsize=(6.4, 2.9))
for ohm in (10e3, 100e3, 1e6):
    readout = rc.Readout(kind="tia", feedback_resistance=ohm)
    waves = rc.simulate(rc.Testbench(readout, rc.Noise("out", "in", 1e3, 1e9), {"in": rc.Constant(1.2)}))
    total = rc.integrated_noise(waves.axis, waves["onoise"])
    left.loglog(waves.axis, 1e9 * waves["onoise"], label=f"{ohm / 1e3:g} kohm: {1e6 * total:.3g} µV")
left.set(xlabel="frequency [Hz]", ylabel="noise at the output [nV/√Hz]")
left.legend(title="feedback, whole band")

time = np.linspace(0.0, 1.0, 4001)
traps = rc.random_telegraph(time, amplitude=0.12e-6, tau_high=40e-3, tau_low=70e-3, rng=np.random.default_rng(2))
white = np.random.default_rng(3).normal(scale=0.012e-6, size=time.size)
right.plot(time, 1e6 * (1.9e-6 + traps + white), linewidth=0.5)
right.set(xlabel="time [s]", ylabel="read current [µA]")
figure.savefig("noise.png")
