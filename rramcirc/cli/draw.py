"""rramcirc draw."""

from __future__ import annotations

from dataclasses import replace

import click

EXAMPLE = """\b
Example:
  rramcirc draw crossbar -o crossbar.svg
  rramcirc draw lif --detail mixed -o neuron.svg
"""
CIRCUITS = ("cell", "crossbar", "lif", "synapse", "readout", "perceptron", "hopfield", "recurrent")


@click.command(epilog=EXAMPLE)
@click.argument("circuit", metavar="CIRCUIT|BENCH.toml")
@click.option("--card", "rram", metavar="NAME", help="RRAM card (default hfo2_filament).")
@click.option("--detail", default="ideal", show_default=True, help="Neuron: ideal, mixed or transistor.")
@click.option("--core", default="indiveri", show_default=True, help="Neuron of transistors: indiveri, axon-hillock.")
@click.option("--kind", default="tia", show_default=True, help="Readout: tia, virtual_ground or mirror.")
@click.option("-o", "--output", metavar="FILE.svg", required=True, help="Schematic to write.")
def draw(circuit: str, rram: str | None, detail: str, core: str, kind: str, output: str) -> None:
    """Draw the schematic of a circuit (cell, crossbar, lif, synapse, readout, a network) or of a testbench.

    The networks are perceptron, hopfield and recurrent. The circuits are those of build-netlist, but readout is one
    channel: draw a testbench of it to see the array.
    """
    from rramcirc.circuits.schematics import draw as draw_design

    if circuit.endswith(".toml"):
        from rramcirc.bench.file.read import load_bench

        draw_design(load_bench(circuit).design, output)
    else:
        draw_design(_design(circuit, rram, detail, core, kind), output, circuit=circuit)
    click.echo(f"wrote {output}", err=True)


def _design(circuit: str, rram: str | None, detail: str, core: str, kind: str) -> object:
    """Return the record that a circuit's name stands for."""
    from rramcirc.basics.errors import ParameterError, unknown_name
    from rramcirc.circuits.benches import Request, default_bench
    from rramcirc.circuits.network.networks import HopfieldNetwork, Perceptron
    from rramcirc.circuits.neuron.neuron import LifNeuron
    from rramcirc.circuits.readout.readout import Readout

    if circuit not in CIRCUITS:
        raise ParameterError(unknown_name("circuit", circuit, CIRCUITS, "`rramcirc draw --help` lists them."))
    if circuit == "lif":
        return replace(LifNeuron(), detail=detail, core=core)
    if circuit == "readout":
        return replace(Readout(), kind=kind)
    request = Request(rram=rram)
    if circuit in ("crossbar", "recurrent"):
        return default_bench(circuit, request).design
    cell = default_bench("cell", request).design
    if circuit == "perceptron":
        return Perceptron(cell, 4, 2)
    if circuit == "hopfield":
        return HopfieldNetwork(cell, 4)
    return cell
