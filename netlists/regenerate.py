"""Write this folder: what `rramcirc build-netlist` makes of each circuit, the schematics, and README.md."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell_netlist import fits_cell
from rramcirc.circuits.benches import CIRCUITS, Request, default_bench
from rramcirc.circuits.neuron.neuron import PORTS, LifNeuron
from rramcirc.circuits.readout.benches import channel_bench
from rramcirc.circuits.readout.readout import Readout
from rramcirc.circuits.schematics import draw
from rramcirc.circuits.table import build_netlist
from rramcirc.devices.cards.card import card_names, load_card

HERE = Path(__file__).resolve().parent
SHOWN = {
    "cell": "I-V loop of one 1T1R cell: SET, then RESET, at 1 V/s",
    "crossbar": "read of a 4 x 4 array with wires: 100 ns pulse on all bit lines, all gates on",
    "readout": "product of a vector and a 4 x 4 array: pulses on the rows, pairs of TIAs, sample and hold, 6 bit ADC",
    "readout_tia": "transfer of one transimpedance amplifier: input current swept",
    "readout_virtual_ground": "the same of a virtual ground with a copy of its current",
    "readout_mirror": "the same of a current mirror of transistors",
    "synapse": "1T1R synapse between two neurons: read, PRE gate pulse, POST pulses on the TE 5 ms later, read",
    "lif": "ideal neuron of switches and sources under a step of current: spikes, gate, te and ti pulses",
    "lif_mixed": "the same of op-amp integrator, comparator and one-shots, limited by the supply",
    "lif_indiveri": "the same of transistors, Indiveri's integrate-and-fire core [Indiveri2003]",
    "lif_axon_hillock": "the same of transistors, Axon-Hillock core [Mead1989]",
    "perceptron": "4 PRE lines, 1 POST neuron, 1T1R synapses: two of the lines fire before POST and are potentiated",
    "hopfield": "4 neurons, excitatory and inhibitory 1T1R synapses: three neurons get Poisson spikes and learn "
    "[Milo2018, Fig. 2]",
    "recurrent": "4 analog neurons and their side network: weights follow recurrent backpropagation [Zoppo2019]",
}
COMMANDS = {name: f"build-netlist {name}" for name in CIRCUITS} | {
    "lif_mixed": "build-netlist lif --set design.detail=mixed",
    "lif_indiveri": "build-netlist lif --set design.detail=transistor",
    "lif_axon_hillock": "build-netlist lif --set design.detail=transistor --set design.core=axon-hillock",
}


def circuits() -> dict[str, Testbench]:
    """Return name -> testbench of every circuit, in the order of the page."""
    found = {name: default_bench(name, Request()) for name in CIRCUITS}
    for kind in ("tia", "virtual_ground", "mirror"):
        found[f"readout_{kind}"] = channel_bench(Readout(kind), np.linspace(0.0, 100e-6, 11))
    neuron = found["lif"]
    for name, changes in (
        ("lif_mixed", {"detail": "mixed"}),
        ("lif_indiveri", {"detail": "transistor"}),
        ("lif_axon_hillock", {"detail": "transistor", "core": "axon-hillock"}),
    ):
        found[name] = replace(neuron, design=replace(neuron.design, **changes))
    assert set(found) == set(SHOWN), "a circuit has no description, or a description no circuit"
    return {name: found[name] for name in SHOWN}


def butterflies() -> dict[str, Testbench]:
    """Return name -> testbench: the I-V loop of every RRAM card."""
    cards = [name for name in card_names() if fits_cell(load_card(name))]
    return {f"butterfly_{name}": default_bench("cell", Request(rram=name)) for name in cards}


def texts() -> dict[str, str]:
    """Return file name -> text: every netlist, and README.md."""
    benches = circuits() | butterflies()
    return {f"{name}.cir": build_netlist(bench).text for name, bench in benches.items()} | {"README.md": readme()}


def pictures() -> list[str]:
    """Return the file names of the schematics."""
    return [f"{name}.svg" for name in SHOWN]


def readme() -> str:
    """Return the text of README.md."""
    lines = [
        "# Netlists",
        "",
        "Every circuit of the library as `rramcirc build-netlist` writes it; `make netlists` writes this folder. Run",
        "one with `ngspice -b lif.cir` in this folder, or with `rramcirc simulate lif.cir`. The head of each file",
        "lists its signals with unit and sign. A port in [V] takes or gives a voltage, one in [A] a current; `nz` is",
        "the terminal of cycle-to-cycle variability, 1 V is one standard deviation.",
        "",
        "| circuit | netlist | what it shows | ports | schematic |",
        "| --- | --- | --- | --- | --- |",
    ]
    benches = circuits()
    for name, bench in benches.items():
        files = f"[{name}.cir]({name}.cir) | {SHOWN[name]} | {_names(_ports(bench))} | [{name}.svg]({name}.svg)"
        lines.append(f"| [{name}](#{name}) | {files} |")
    command = "`rramcirc build-netlist cell --card CARD`"
    lines += ["", f"`butterfly_CARD.cir` is the I-V loop of `cell` with every RRAM card: {command}."]
    for name, bench in benches.items():
        recorded = [(signal.name, signal.unit) for signal in build_netlist(bench).signals]
        made = [f"Made by `rramcirc {COMMANDS[name]}`.", ""] if name in COMMANDS else []
        lines += ["", f"## {name}", "", *made, f"Records {_names(recorded)}.", "", f"![{name}]({name}.svg)"]
    return "\n".join(lines) + "\n"


def _ports(bench: Testbench) -> list[tuple[str, str]]:
    """Return (name, unit) of the lines that a testbench may drive; of a neuron, all ports."""
    if isinstance(bench.design, LifNeuron):
        return [(port, "A" if port in bench.design.lines else "V") for port in PORTS]
    units = {re.sub(r"\d+", "", line): stimulus.unit for line, stimulus in bench.stimuli.items()}
    return [(line, units.get(re.sub(r"\d+", "", line), "V")) for line in bench.design.lines]


def _names(listed: list[tuple[str, str]]) -> str:
    """Return names with units, those that differ by their number as first ... last."""
    groups: dict[tuple[str, str], list[str]] = {}
    for name, unit in listed:
        groups.setdefault((re.sub(r"\d+", "#", name), unit), []).append(name)
    parts = []
    for (pattern, unit), names in groups.items():
        if "[#,#]" in pattern:
            text = f"`{pattern.replace('[#,#]', '[row,column]')}`"
        else:
            text = f"`{names[0]}`" + (f" ... `{names[-1]}`" if len(names) > 1 else "")
        parts.append(f"{text} [{unit or 1}]")
    return ", ".join(parts)


if __name__ == "__main__":
    written = []
    for name, bench in (circuits() | butterflies()).items():
        written += build_netlist(bench).write(HERE / f"{name}.cir")
    for name, bench in circuits().items():
        draw(bench.design, HERE / f"{name}.svg", circuit=name)
    (HERE / "README.md").write_text(readme())
    print("wrote", ", ".join(sorted({file.name for file in written} | {"README.md", *pictures()})), file=sys.stderr)
