"""The spike generators of transistors that `LifNeuron.core` can name, and the neurons of netlists/README.md."""

from __future__ import annotations

from rramcirc.circuits.neuron.axon_hillock import AXON_HILLOCK
from rramcirc.circuits.neuron.indiveri import INDIVERI
from rramcirc.circuits.neuron.transistors import Core

CORES: dict[str, Core] = {core.name: core for core in (INDIVERI, AXON_HILLOCK)}

# netlists/README.md shows them beside the ideal neuron: name -> what is set, what is said
NEURONS: dict[str, tuple[dict[str, str], str]] = {
    "lif_mixed": (
        {"design.detail": "mixed"},
        "the same of op-amp integrator, comparator and one-shots, limited by the supply",
    )
} | {
    f"lif_{core.name.replace('-', '_')}": (
        {"design.detail": "transistor"} | ({} if core is INDIVERI else {"design.core": core.name}),
        core.page,
    )
    for core in CORES.values()
}
