"""Recording may begin late: the run is the same, only its beginning is not kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rramcirc import Cell, Pulse, Testbench, Transient, build_netlist, simulate
from rramcirc.basics.errors import NetlistError, ParameterError

BENCH = Testbench(
    Cell("stanford_gap_v1"), Transient(2e-6, max_step=2e-8), {"bl": Pulse(1.2, 1e-6, delay=2e-7, rise=1e-7, fall=1e-7)}
)
LATE = replace(BENCH, analysis=replace(BENCH.analysis, record_from=1.5e-6))


@pytest.mark.parametrize("engine", ["ngspice", "numpy"])
def test_late_recording_keeps_the_end_of_the_same_run(engine: str) -> None:
    whole, late = simulate(BENCH, engine), simulate(LATE, engine)
    assert late.time[0] >= 1.5e-6 - 1e-12
    assert late.time[-1] == pytest.approx(2e-6, rel=1e-9, abs=0)
    assert len(late.time) < len(whole.time)
    for name in ("gap", "i(bl)", "v(bl)"):
        assert np.interp(late.time, whole.time, whole[name]) == pytest.approx(late[name], rel=1e-6, abs=1e-12)


def test_begin_of_recording_lies_before_the_stop_and_vacask_refuses_it() -> None:
    for wrong in (-1e-9, 2e-6, float("nan")):
        with pytest.raises(ParameterError, match="record_from"):
            Transient(2e-6, record_from=wrong)
    with pytest.raises(NetlistError, match="record_from"):
        build_netlist(LATE, "vacask")
