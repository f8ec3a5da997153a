"""A cell in a netlist of your own: rramcirc writes the block, you write the rest in SPICE.

A 1T1R cell behind a resistor and a capacitor, which delay the voltage that the cell sees. The netlist runs in any
ngspice with OSDI; `simulate_netlist` checks it, runs it and reads it back.
"""

from pathlib import Path

import matplotlib.pyplot as plt

import rramcirc as rc

NETLIST = """a write pulse through a long line
.control
pre_osdi rram_filament.osdi
pre_osdi nmos_ekv.osdi
.endc
.include cell.subckt
vdrive drive 0 pulse(0 1.6 100n 10n 10n 2u 10u)
rline drive bl 5k
cline bl 0 40p
vgate wl 0 1.2
xcell bl wl 0 0 cell gap_ini=1.0
.tran 10n 4u
.end
"""
plt.style.use(Path(__file__).with_name("paper.mplstyle"))
files = rc.subcircuit_files(rc.build_circuit(rc.default_bench("cell")), "cell.subckt")
print("written:", *files)  # the block, and the compiled models beside it
Path("line.cir").write_text(NETLIST)
waves = rc.simulate_netlist("line.cir")

figure, (top, bottom) = plt.subplots(2, 1, sharex=True)
for node, label in (("v(drive)", "driver"), ("v(bl)", "bit line of the cell")):
    top.plot(1e6 * waves.time, waves[node], label=label)
top.set_ylabel("voltage [V]")
top.legend()
bottom.plot(1e6 * waves.time, 1e6 * (waves["v(drive)"] - waves["v(bl)"]) / 5e3)
bottom.set(xlabel="time [µs]", ylabel="current of the line [µA]")
figure.savefig("foreign_netlist.png")
