"""rramcirc build-netlist."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rramcirc.cli import completion
from rramcirc.cli.circuits import CircuitCommand

if TYPE_CHECKING:
    from rramcirc.bench.testbench import Testbench

EXAMPLE = """\b
Example:
  rramcirc build-netlist crossbar --rows 8 --columns 8 --wire-resistance 2.5 -o array.cir
  rramcirc build-netlist readout --rows 8 --columns 8 -o readout.cir
  rramcirc build-netlist cell --set analysis.stop=10 -o cell.toml
"""


@click.command("build-netlist", cls=CircuitCommand, epilog=EXAMPLE)
@click.argument("circuit", metavar="CIRCUIT|BENCH.toml", shell_complete=completion.circuits)
@click.option("--rows", type=int, help="Word lines of an array (default 4).")
@click.option("--columns", type=int, help="Bit lines of an array (default: as many as rows).")
@click.option(
    "--card",
    "rram",
    metavar="NAME",
    help="RRAM card, a name or a file (default hfo2_filament).",
    shell_complete=completion.cards,
)
@click.option(
    "--selector",
    metavar="NAME",
    help="Selector card, none for 1R, or FILE:SECTION:DEVICE of a kit (default: the RRAM card's).",
    shell_complete=completion.selectors,
)
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
    from rramcirc.circuits.bench_file import load_bench, with_settings
    from rramcirc.circuits.request import Request
    from rramcirc.circuits.table import default_bench

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
            wire_resistance=_number(wire_resistance, "ohm", "--wire-resistance"),
            spread=tuple(_assignment(text) for text in spread if text != "card"),
            card_spread="card" in spread, seed=seed,
        )  # fmt: skip
        bench = with_settings(default_bench(circuit, request), settings)
    _write(bench, output, engine)


def _number(text: str | None, unit: str, name: str) -> float | None:
    from rramcirc.basics.units import parse_number

    return None if text is None else parse_number(text, unit, name)


def _assignment(text: str) -> tuple[str, float]:
    from rramcirc.basics.errors import ParameterError
    from rramcirc.basics.units import parse_number

    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ParameterError(f"--spread {text!r}: write NAME=SIGMA, for example --spread ea_delta=0.02.")
    return name, parse_number(value, "", f"--spread {name}")


def _write(bench: Testbench, output: str, engine: str) -> None:
    from rramcirc.basics.errors import ParameterError
    from rramcirc.bench.file.write import save_bench
    from rramcirc.circuits.table import build_circuit
    from rramcirc.engines.build import build_netlist as build
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
