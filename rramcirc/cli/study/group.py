"""rramcirc study: one command for each question about a device or a circuit.

A study's computation stands in `rramcirc.studies`; its command, which prints and writes, in a module of this package.
"""

from __future__ import annotations

import click

from rramcirc.cli.lazy import LazyGroup

# name -> (module of this package, one line)
STUDIES = {
    "iv": ("device", "I-V loop of a card's cell: SET and RESET voltage, LRS, HRS, currents."),
    "pulse": ("device", "Resistance after single SET and RESET pulses against amplitude and width."),
    "readout": ("readout", "Linearity, bandwidth, noise, energy of readouts, and an array's errors with them."),
    "ir-drop": ("array", "Voltage that is left at every cell of an array that is read."),
    "read-margin": ("array", "LRS against HRS current of the farthest cell, with sneak paths, against the size."),
    "mvm-error": ("array", "Matrix-vector products of an array with wires against those without."),
    "max-size": ("array", "Largest array whose products keep within an error."),
    "yield": ("array", "Bits that arrays of different devices read wrong."),
    "write-energy": ("array_write", "Energy and line currents of writing single cells of an array."),
    "disturb": ("array_write", "What write pulses on one cell do to the others."),
    "program": ("array_write", "Program and verify target conductances with incremental pulses."),
    "stdp": ("synapse", "Change of a synapse's conductance against the delay between PRE and POST spike."),
    "srdp": ("synapse", "Conductance of a synapse after uncorrelated spikes against their rate."),
    "potentiation": ("synapse", "Conductance of a synapse against the number of pulses."),
    "f-i": ("neuron", "Rate of a neuron against current; threshold, refractory time, leak, energy of a spike."),
}
EXAMPLE = """\b
Example:
  rramcirc study
  rramcirc study iv --card stanford_gap_v1 -o study
  rramcirc study pulse --card hfo2_filament --quick -o study
"""


class _Studies(LazyGroup):
    table = STUDIES
    package = "rramcirc.cli.study"
    kind = "study"
    hint = "`rramcirc study` lists all."


@click.group(cls=_Studies, epilog=EXAMPLE, invoke_without_command=True)
@click.pass_context
def study(context: click.Context) -> None:
    """Answer a question about a device or circuit with a table and a picture; without NAME list the questions."""
    if context.invoked_subcommand is None:
        width = max(map(len, STUDIES))
        for name, (_, text) in STUDIES.items():
            click.echo(f"{name:<{width}}  {text}")
