"""SET at positive and RESET at negative voltage switch the 1T1R synapse between LRS and HRS.   [Milo2018, Fig. 1(b)]

The paper shows measured and calculated I-V curves; its text gives no number for them, so every bound below is assumed
for the class of device, and so are the gate and stop voltages.
"""

from __future__ import annotations

from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.iv import IvParameters, iv_loop, plot_loop, reset_voltage, resistance_at, set_voltage

EXPERIMENT = Experiment(
    name="milo2018-iv",
    paper="Milo2018",
    figure="Fig. 1(b)",
    claim="the 1T1R synapse has two states, reached by SET at positive and RESET at negative voltage",
    parameters=IvParameters(),
    quick=IvParameters(cycles=1),
    run=iv_loop,
    plot=plot_loop,
    expected=(
        Expected("SET voltage", set_voltage, "V", 0.3, 2.0, "V_set > 0", "assumed", "Sec. II, Fig. 1(b)"),
        Expected("RESET voltage", reset_voltage, "V", -2.0, -0.2, "V_reset < 0", "assumed", "Sec. II, Fig. 1(b)"),
        Expected(
            "HRS / LRS at 0.1 V",
            lambda table: resistance_at(table, 0.1, "up") / resistance_at(table, 0.1, "down"),
            "1", 5.0, None, "two states", "assumed", "Fig. 1(b)",
        ),
    ),
)  # fmt: skip
