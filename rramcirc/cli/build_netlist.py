"""rramcirc build-netlist."""

from __future__ import annotations

import sys
from pathlib import Path

import click

EXAMPLE = """\b
Circuits:
  cell      one 1T1R (or 1R) cell: SET and RESET butterfly at 1 V/s
  crossbar  an array with wires: 100 ns read pulse on all lines
  synapse   a 1T1R cell between two neurons: PRE gate pulse, bipolar POST pulse on the TE
  readout   an array with amplifiers, sample and hold and ADC: one product
  lif       a leaky integrate-and-fire neuron that gets a step of current
  hopfield  neurons, excitatory and inhibitory 1T1R synapses that learn; --rows is the number of neurons
  perceptron  PRE lines (--rows), POST neurons (--columns), 1T1R synapses that learn
  recurrent  analog neurons and plastic synapses that learn by backpropagation; --rows is the number of neurons

\b
Example:
  rramcirc build-netlist crossbar --rows 8 --columns 8 --wire-resistance 2.5 -o array.cir
  rramcirc build-netlist readout --rows 8 --columns 8 -o readout.cir
  rramcirc build-netlist cell --set analysis.stop=10 -o cell.toml
"""


@click.command("build-netlist", epilog=EXAMPLE)
@click.argument("circuit", metavar="CIRCUIT|BENCH.toml")
@click.option("--rows", type=int, help="Word lines of an array (default 4).")
@click.option("--columns", type=int, help="Bit lines of an array (default: as many as rows).")
@click.option("--card", "rram", metavar="NAME", help="RRAM card, a name or a file (default hfo2_filament).")
@click.option("--selector", metavar="NAME", help="Selector card, or none for 1R (default: the RRAM card's).")
@click.option("--wire-resistance", metavar="OHM", help="Resistance of one wire segment, BL, WL and SL (default 2.5).")
@click.option(
    "--spread",
    multiple=True,
    metavar="NAME=SIGMA|card",
    help="Normal spread of an RRAM instance parameter, or all the card has.",
)
@click.option("--seed", type=click.IntRange(min=0), help="Seed of the spread.")
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Any value of the testbench record.")
@click.option("--engine", type=click.Choice(["ngspice", "vacask"]), default="ngspice", help="Whose netlist to write.")
@click.option(
    "-o", "--output", metavar="FILE", default="-",
    help="netlist FILE.cir, testbench record FILE.toml, bare block FILE.subckt, or - for the netlist on stdout.",
)  # fmt: skip
def build_netlist(
    circuit: str, rows: int | None, columns: int | None, rram: str | None, selector: str | None,
    wire_resistance: str | None, spread: tuple[str, ...], seed: int | None, settings: tuple[str, ...], engine: str,
    output: str,
) -> None:  # fmt: skip
    """Write the netlist of a circuit, with a useful testbench by default, or of a testbench file."""
    from rramcirc.basics.errors import ParameterError
    from rramcirc.basics.units import parse_number
    from rramcirc.bench.file.read import load_bench
    from rramcirc.circuits.benches import Request, default_bench

    if circuit.endswith(".toml"):
        given = {"--rows": rows, "--columns": columns, "--card": rram, "--selector": selector, "--spread": spread}
        given |= {"--wire-resistance": wire_resistance, "--seed": seed}
        extra = [name for name, value in given.items() if value not in (None, ())]
        if extra:
            raise ParameterError(f"{', '.join(extra)}: {circuit} says this itself; use --set path=value to change it.")
        bench = load_bench(Path(circuit), settings)
    else:
        request = Request(
            rram=rram, selector=selector, rows=rows, columns=columns,
            wire_resistance=_number(wire_resistance, "ohm", "--wire-resistance", parse_number),
            spread=tuple(_assignment(text, parse_number) for text in spread if text != "card"),
            card_spread="card" in spread, seed=seed,
        )  # fmt: skip
        bench = _with_settings(default_bench(circuit, request), settings)
    _write(bench, output, engine)


def _number(text: str | None, unit: str, name: str, parse) -> float | None:
    return None if text is None else parse(text, unit, name)


def _assignment(text: str, parse) -> tuple[str, float]:
    from rramcirc.basics.errors import ParameterError

    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ParameterError(f"--spread {text!r}: write NAME=SIGMA, for example --spread ea_delta=0.02.")
    return name, parse(value, "", f"--spread {name}")


def _with_settings(bench, settings: tuple[str, ...]):
    """Apply --set path=value to the record of a bench."""
    from rramcirc.bench.file.read import bench_from_mapping, bench_to_mapping, set_values

    if not settings:
        return bench
    arrays: dict = {}
    mapping = set_values(bench_to_mapping(bench, arrays), list(settings))
    return bench_from_mapping(_inline(mapping, arrays))


def _inline(value, arrays: dict):
    """Put arrays that would go to files back into the mapping."""
    if isinstance(value, dict):
        if set(value) == {"file"} and value["file"] in arrays:
            return arrays[value["file"]].tolist()
        return {k: _inline(v, arrays) for k, v in value.items()}
    return value


def _write(bench, output: str, engine: str) -> None:
    from rramcirc.basics.errors import ParameterError
    from rramcirc.bench.file.read import save_bench
    from rramcirc.circuits.table import build_circuit
    from rramcirc.circuits.table import build_netlist as build
    from rramcirc.engines.ngspice.spelling import subcircuit_files

    if output.endswith(".toml"):
        save_bench(bench, Path(output))
        print(f"wrote {output}", file=sys.stderr)
        return
    if output.endswith(".subckt"):
        written = subcircuit_files(build_circuit(bench), Path(output))
    elif output == "-":
        sys.stdout.write(build(bench, engine).text)
        return
    elif output.endswith((".cir", ".sp", ".spice", ".net", ".sim")):
        written = build(bench, engine).write(Path(output))
    else:
        raise ParameterError(f"-o {output}: the name must end in .cir, .toml or .subckt, or be - for stdout.")
    print(f"wrote {', '.join(str(path) for path in written)}", file=sys.stderr)
