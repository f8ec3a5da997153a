"""The default testbench of a synapse: one PRE and one POST spike."""

from __future__ import annotations

from rramcirc.basics.errors import ParameterError
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.bench import one_cell
from rramcirc.circuits.request import Request
from rramcirc.circuits.synapse.pulses import synapse_bench


def default_synapse(request: Request) -> Testbench:
    """Return one synapse between two neurons that fire once each."""
    if request.rows not in (None, 1) or request.columns not in (None, 1) or request.wire_resistance:
        raise ParameterError("synapse: one cell, without --rows, --columns and --wire-resistance.")
    return request.seeded(synapse_bench(one_cell(request)))
