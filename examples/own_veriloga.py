"""A device of your own: Verilog-A file, card, I-V loop.

Linear ion drift (Strukov 2008) with a window that stops the state at its bounds: 30 lines of Verilog-A, a card with
unit, status and source for each number, and the cell runs in ngspice. `rramcirc models check drift.va` tells what a
simulator would get wrong in such a file.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import rramcirc as rc

MODEL = """`include "disciplines.vams"
module drift(te, be, nz);
    inout te, be, nz;
    electrical te, be, nz, state;
    (* desc="low resistance", units="ohm" *) parameter real r_on = 1e3 from (0:inf);
    (* desc="high resistance", units="ohm" *) parameter real r_off = 16e3 from (0:inf);
    (* desc="state per charge", units="1/C" *) parameter real mobility = 2e4 from (0:inf);
    (* type="instance", desc="state at the start", units="1" *) parameter real w_ini = 0.1 from [0:1];
    (* desc="doped share of the film", units="1", lower="0", upper="1" *) real w;
    real i, window;
    analog begin
        w = w_ini + V(state);              // the state is 0 at the start, so op and ac see the device as it is
        i = V(te, be) / (r_on * w + r_off * (1.0 - w));
        window = (i > 0.0) ? 1.0 - pow(w, 8) : 1.0 - pow(1.0 - w, 8);
        I(te, be) <+ i;
        I(state) <+ ddt(V(state)) - (analysis("tran") ? mobility * i * window : 0.0);
        I(state) <+ 1e-12 * V(state);
    end
endmodule
"""
CARD = """name = "drift"
title = "linear ion drift, an example"
module = "drift.va"
[parameters]
r_on = {value = 1e3, unit = "ohm", status = "assumed", source = "example"}
r_off = {value = 16e3, unit = "ohm", status = "assumed", source = "example"}
"""
Path("drift.va").write_text(MODEL)
Path("drift.toml").write_text(CARD)

plt.style.use(Path(__file__).with_name("paper.mplstyle"))
figure, ax = plt.subplots()
time = np.linspace(0.0, 1.0, 201)
for hertz in (1.0, 3.0, 10.0):
    sine = rc.PiecewiseLinear(time / hertz, np.sin(2 * np.pi * time))
    bench = rc.Testbench(rc.Cell("drift.toml"), rc.Transient(1.0 / hertz), {"bl": sine, "wl": rc.Constant(0.0)})
    waves = rc.simulate(bench)
    ax.plot(waves["v(bl)"], 1e3 * waves["i(bl)"], label=f"{hertz:g} Hz")
ax.set(xlabel="voltage [V]", ylabel="current [mA]")
ax.legend(title="pinched, and narrower the faster")
figure.savefig("own_veriloga.png")
