"""Questions about a device or a circuit, each one call that returns table and picture.

Every function returns a `StudyResult`: ``.table`` (a DataFrame, units in ``.attrs["units"]``), ``.figure`` (drawn when
it is first asked for), ``.quantities`` and ``.save(folder)``. ``rramcirc study`` calls the same functions.
"""

from __future__ import annotations

from rramcirc.studies.array.programming import ProgramScheme
from rramcirc.studies.array.setup import ReadArray
from rramcirc.studies.array.writing import WritePulse
from rramcirc.studies.doors.device import iv, pulse
from rramcirc.studies.doors.neuron import f_i
from rramcirc.studies.doors.reading import ir_drop, max_size, mvm_error, read_margin, yield_
from rramcirc.studies.doors.readout import readout
from rramcirc.studies.doors.result import StudyResult
from rramcirc.studies.doors.synapse import potentiation, srdp, stdp
from rramcirc.studies.doors.writing import disturb, program, write_energy

__all__ = [
    "ProgramScheme",
    "ReadArray",
    "StudyResult",
    "WritePulse",
    "disturb",
    "f_i",
    "ir_drop",
    "iv",
    "max_size",
    "mvm_error",
    "potentiation",
    "program",
    "pulse",
    "read_margin",
    "readout",
    "srdp",
    "stdp",
    "write_energy",
    "yield_",
]
