"""The analog recurrent network of Zoppo 2019: neurons, side network, plastic synapses and their twins."""

from __future__ import annotations

from rramcirc.basics.errors import ParameterError
from rramcirc.bench.stimuli import Constant, Floating
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell_netlist import device_variables
from rramcirc.circuits.elements import (
    GROUND,
    Behavioural,
    Capacitors,
    CellProbes,
    Circuit,
    Controlled,
    Devices,
    Group,
    Instances,
    PerElement,
    Probe,
    Resistors,
    Source,
    Subcircuit,
    Switches,
)
from rramcirc.circuits.recurrent.recurrent import RecurrentNetwork

OPTIONAL = ("restart", "window")  # lines that take part if they are driven
HOLD = 0.01  # resistance of a switch that holds a neuron, over that of the neuron


def recurrent_circuit(bench: Testbench) -> Circuit:
    """Return the circuit of a recurrent network.

    Synapses hang between buffered voltages (vb, yb) and virtual grounds, whose currents are the sums of the equations.
    """
    network = bench.design
    assert isinstance(network, RecurrentNetwork)  # by the table of circuits
    count, pairs = network.neurons, network.pairs
    block = _synapse(network)
    lines = tuple(line for line in network.lines if line not in OPTIONAL or line in bench.stimuli)
    factors, products = _factors(network, "window" in lines)
    weights = {"w_ini": [float(network.weights[pair]) for pair in pairs]}
    forward = ([f"vb{j}" for _, j in pairs], [f"vsum{i}" for i, _ in pairs], *factors)
    backward = ([f"yb{i}" for i, _ in pairs], [f"ysum{j}" for _, j in pairs], *factors)
    synapses = [
        Instances([f"w_{i}_{j}" for i, j in pairs], forward, block.name, weights, "synapses [to, from]"),
        Instances([f"twin_{i}_{j}" for i, j in pairs], backward, block.name, weights, "their twins, side network"),
    ]
    return Circuit(
        title=network.description,
        subcircuits=(block,),
        block=(*synapses, *products, *_neurons(network), *(_restart(network) if "restart" in lines else ())),
        drivers=tuple(_drivers(bench, lines)),
        lines=lines,
        probes=tuple(
            Probe(f"v({name}{k})", "V", "voltage", f"{name}{k}", (), what)
            for name, what in (("v", "neuron"), ("y", "side network: error"))
            for k in range(count)
        ),
        cell_probes=tuple(
            CellProbes(name, unit, "variable", name, ("w_{i}_{j}", "synapse"), text, by_default=name == "w")
            for name, unit, text in device_variables(network.synapse)
        ),
        shape=network.shape,
        cards=network.cards,
        missing=frozenset((i, j) for i in range(count) for j in range(count)) - frozenset(pairs),
    )


def _factors(network: RecurrentNetwork, windowed: bool) -> tuple[tuple[PerElement, PerElement], list[Group]]:
    """Return the nodes on the terminals x and y of every synapse, and what makes their voltages.

    Plain: x = y_i, y = v_j. With a window x is multiplied by it. Symmetric: x is the mean of both products, y 1 V.
    """
    pairs, count = network.pairs, range(network.neurons)
    if not network.learning:
        return (GROUND, GROUND), []
    times = "*v(window)" if windowed else ""
    if network.symmetric:
        once = [(i, j) for i, j in pairs if i <= j]
        nodes = [f"x_{i}_{j}" for i, j in once]
        texts = [f"0.5*(v(y{i})*v(v{j})+v(y{j})*v(v{i})){times}" for i, j in once]
        products = Behavioural(nodes, nodes, GROUND, texts, "V", "products of the learning rule, mean of both")
        return ([f"x_{min(p)}_{max(p)}" for p in pairs], "one"), [products, Source("one", "one", Constant(1.0))]
    if windowed:
        nodes = [f"x{i}" for i in count]
        texts = [f"v(y{i}){times}" for i in count]
        gated = Behavioural(nodes, nodes, GROUND, texts, "V", "errors in the window")
        return ([f"x{i}" for i, _ in pairs], [f"v{j}" for _, j in pairs]), [gated]
    return ([f"y{i}" for i, _ in pairs], [f"v{j}" for _, j in pairs]), []


def _restart(network: RecurrentNetwork) -> list[Group]:
    """Return what holds v and y at their level while restart is at 1 V."""
    nodes = [f"{name}{k}" for name in "vy" for k in range(network.neurons)]
    hold = Switches(
        [f"hold{n}" for n in nodes], nodes, "level", "restart", "hold", 0.5, on=HOLD * network.resistance,
        off=1e12 * network.resistance, comment="restart",
    )  # fmt: skip
    return [hold, Source("level", "level", Constant(network.restart_level))]


def _synapse(network: RecurrentNetwork) -> Subcircuit:
    device = Devices(("synapse",), ("te", "be", "x", "y"), network.synapse, {"w_ini": "{w_ini}"})
    return Subcircuit("plastic", ("te", "be", "x", "y"), {"w_ini": 0.0}, (device,), "plastic synapse")


def _neurons(network: RecurrentNetwork) -> list[Group]:
    """Return neurons and side network: low-pass filters driven by what the sums ask for."""
    count = range(network.neurons)
    scale = float(network.synapse.number("conductance_scale"))
    groups: list[Group] = []
    for name, drive in (
        ("v", "tanh(v(a{k}))/{r}"),
        ("y", "(1-tanh(v(a{k}))**2)*(v(b{k})+v(target{k})-v(v{k}))/{r}"),
    ):
        nodes, sums = [f"{name}{k}" for k in count], [f"{name}sum{k}" for k in count]
        texts = [drive.format(k=k, r=repr(float(network.resistance))) for k in count]
        groups += [
            Capacitors(nodes, nodes, GROUND, network.capacitance, "neurons" if name == "v" else "side network"),
            Resistors(nodes, nodes, GROUND, network.resistance),
            Behavioural(nodes, GROUND, nodes, texts, "A"),
            Controlled([f"b{n}" for n in nodes], "vcvs", [f"{name}b{k}" for k in count], GROUND, nodes, 1.0),
            *(Source(s, s, Constant(0.0)) for s in sums),
        ]
    # i(v..) counts into the source, so the current that flows into the virtual ground counts positive
    groups.append(Controlled([f"a{k}" for k in count], "ccvs", [f"a{k}" for k in count], [f"in{k}" for k in count],
                             [f"vsum{k}" for k in count], 1.0 / scale, comment="sums"))  # fmt: skip
    groups.append(Controlled([f"b{k}" for k in count], "ccvs", [f"b{k}" for k in count], GROUND,
                             [f"ysum{k}" for k in count], 1.0 / scale))  # fmt: skip
    return groups


def _drivers(bench: Testbench, lines: tuple[str, ...]) -> list[Group]:
    groups: list[Group] = []
    for line in lines:
        stimulus = bench.stimulus(line)
        if isinstance(stimulus, Floating) or stimulus.unit != "V":
            raise ParameterError(f"stimuli[{line!r}]: this line takes a voltage (unit V), but it is {stimulus!r}.")
        groups.append(Source(line, line, stimulus))
    return groups
