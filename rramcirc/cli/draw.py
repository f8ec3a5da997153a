"""rramcirc draw."""

from __future__ import annotations

import click

from rramcirc.cli import completion

EXAMPLE = """\b
Example:
  rramcirc draw crossbar -o crossbar.svg
  rramcirc draw lif --detail mixed -o neuron.svg
"""


@click.command(epilog=EXAMPLE)
@click.argument("circuit", metavar="CIRCUIT|BENCH.toml", shell_complete=completion.circuits)
@click.option(
    "--card", "rram", metavar="NAME", help="RRAM card (default hfo2_filament).", shell_complete=completion.cards
)
@click.option("--detail", default="ideal", show_default=True, help="Neuron: ideal, mixed or transistor.")
@click.option("--core", default="indiveri", show_default=True, help="Neuron of transistors: indiveri, axon-hillock.")
@click.option("--kind", default="tia", show_default=True, help="Readout: tia, virtual_ground or mirror.")
@click.option("-o", "--output", metavar="FILE.svg", required=True, help="Schematic to write.")
def draw(circuit: str, rram: str | None, detail: str, core: str, kind: str, output: str) -> None:
    """Draw the schematic of a circuit (cell, crossbar, lif, synapse, readout, a network) or of a testbench.

    The networks are perceptron, hopfield and recurrent. The circuits are those of build-netlist, but readout is one
    channel: draw a testbench of it to see the array.
    """
    from rramcirc.circuits.bench_file import load_bench
    from rramcirc.circuits.request import Request
    from rramcirc.circuits.table import draw as draw_design
    from rramcirc.circuits.table import drawn_design

    if circuit.endswith(".toml"):
        draw_design(load_bench(circuit).design, output)
    else:
        choices = {"detail": detail, "core": core, "kind": kind}
        draw_design(drawn_design(circuit, Request(rram=rram), choices), output, circuit=circuit)
    click.echo(f"wrote {output}", err=True)
