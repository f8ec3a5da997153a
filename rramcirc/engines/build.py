"""The netlist of a testbench, in a simulator's syntax."""

from __future__ import annotations

from rramcirc.basics.errors import ParameterError, unknown_name
from rramcirc.basics.memory import check_memory
from rramcirc.bench.design import Design
from rramcirc.bench.testbench import Testbench, describe
from rramcirc.circuits.table import build_circuit, needs_bench
from rramcirc.engines.netlist import Netlist
from rramcirc.engines.ngspice.spelling import spice_netlist
from rramcirc.engines.vacask.spelling import vacask_netlist

NETLIST_BYTES = 2700.0  # of Python objects per cell with wires
_SPELLINGS = {"ngspice": spice_netlist, "vacask": vacask_netlist}


def build_netlist(bench: Testbench, simulator: str = "ngspice") -> Netlist:
    """Return the netlist of a testbench.

    Parameters
    ----------
    bench
        Design, stimuli and analysis.
    simulator
        ``"ngspice"`` or ``"vacask"``.

    Raises
    ------
    ParameterError
        If it is no testbench, the simulator is unknown or cannot do it.
    """
    if not isinstance(bench, Testbench):
        raise ParameterError(f"build_netlist: {needs_bench(bench)}")
    if simulator not in _SPELLINGS:
        raise ParameterError(unknown_name("simulator", str(simulator), _SPELLINGS))
    check_memory(f"netlist of a {describe(bench.design)}", cells_of(bench.design), NETLIST_BYTES, 3e-6)
    return _SPELLINGS[simulator](build_circuit(bench), bench)


def cells_of(design: Design) -> int:
    """Return the number of cells or synapses of a design: 1 for one that says no shape."""
    rows, columns = getattr(design, "shape", (1, 1))
    return int(rows) * int(columns)
