"""Random Verilog-A modules of an RRAM device: states, rates and series elements that stand on inner nodes.

A device is a chain of branches from te to be, one of which is a memristor: its conductance follows a state x through a
bounded function, and dx/dt follows the voltage or current of that branch. What is drawn is how each piece is written:
as a current or a voltage contribution, with ddt or idt, directly or through inner nodes that carry a rate, in units in
which a node holds 1e-9 to 1e7.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

SCALES = (1.0, 1.0, 1.0, 1.0, 1e-3, 1e3, 1e-9, 1e6)


@dataclass
class Module:
    """A Verilog-A module that is being written.

    Attributes
    ----------
    span
        Time in which the state moves by about 1 [s].
    nodes, values, parameters, lines
        Inner nodes, real variables, declarations of parameters, and what stands in the analog block.
    traits
        What was drawn, in words.
    """

    name: str
    span: float
    nodes: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    traits: list[str] = field(default_factory=list)

    def node(self, name: str) -> str:
        """Declare an inner node."""
        self.nodes.append(name)
        return name

    def value(self, name: str) -> str:
        """Declare a real variable."""
        self.values.append(name)
        return name

    @property
    def text(self) -> str:
        """The file."""
        inner = ", ".join(["te", "be", *self.nodes])
        body = "\n        ".join(self.lines)
        shown = "".join(f'    (* desc="{name}", units="1" *) real {name};\n' for name in self.outputs)
        own = "".join(f"    {line}\n" for line in self.parameters)
        values = f"    real {', '.join(self.values)};\n" if self.values else ""
        return (
            f'`include "disciplines.vams"\nmodule {self.name}(te, be);\n    inout te, be;\n    electrical {inner};\n'
            f"{own}{shown}{values}    analog begin\n        {body}\n    end\nendmodule\n"
        )


def random_module(rng: np.random.Generator, name: str) -> Module:
    """Draw a module with one to four inner nodes."""
    while True:
        module = Module(name, float(10 ** rng.uniform(-6, 1)))
        chain, place = _chain(rng, module)
        way = str(rng.choice(["current", "voltage", "sinh"], p=[0.5, 0.3, 0.2]))
        _states(rng, module, chain[place], way == "voltage")
        for k, branch in enumerate(chain):
            if k == place:
                _memristor(module, branch, way)
            else:
                _series_element(rng, module, branch)
        _beside(rng, module, chain)
        if 1 <= len(module.nodes) <= 4:
            return module


def _chain(rng: np.random.Generator, module: Module) -> tuple[list[str], int]:
    """Return the branches from te to be, and which one is the memristor."""
    count = int(rng.choice([1, 2, 3], p=[0.4, 0.4, 0.2]))
    nodes = ["te", *(module.node(f"m{k}") for k in range(1, count)), "be"]
    return [f"{a}, {b}" for a, b in pairwise(nodes)], int(rng.integers(count))


def _states(rng: np.random.Generator, module: Module, branch: str, has_current: bool) -> None:
    """Write one or two states and g, the conductance of the memristor [S]."""
    count = 1 if rng.random() < 0.7 else 2
    in_chain = count == 2 and rng.random() < 0.4
    for k in range(count, 0, -1):
        _state(rng, module, branch, k, has_current, " * (1.0 + 0.5 * tanh(x2))" if in_chain and k == 1 else "")
    shares = [f"tanh(x{k})" for k in range(1, 2 if in_chain else count + 1)]
    module.traits += ["x2 moves x1"] if in_chain else []
    low, high = sorted(10 ** rng.uniform(-6, -3, 2))
    module.value("g")
    module.lines.append(f"g = {low:.4g} + {high:.4g} * (1.0 + 0.5 * ({' + '.join(shares)}));")


def _state(rng: np.random.Generator, module: Module, branch: str, k: int, has_current: bool, factor: str) -> None:
    x, scale = f"x{k}", float(rng.choice(SCALES))
    form = str(rng.choice(["ddt", "idt", "vidt"], p=[0.5, 0.25, 0.25]))
    relaxes = rng.random() < 0.3
    named = rng.random() < 0.5 and scale == 1.0
    start = float(rng.uniform(-1.0, 1.0))
    speed = float(rng.uniform(0.5, 3.0)) / module.span
    drive = str(rng.choice([
        f"V({branch})", f"sinh(2.0 * V({branch})) / 3.0", f"V({branch}) * abs(V({branch}))", f"pow(V({branch}), 3)",
        f"tanh(V({branch}))", *([f"tanh(I({branch}) / 2e-5)"] * 3 if has_current else []),
    ])) + factor  # fmt: skip
    if named:
        module.outputs.append(x)
        module.parameters.append(
            f'(* type="instance", desc="start", units="1" *) parameter real {x}_ini = {start:.4g};'
        )
    else:
        module.value(x)
    begin = f"{x}_ini" if named else f"{start:.4g}"
    rate = f"{speed:.6g} * ({drive}{f' - 0.3 * {x}' if relaxes else ''})"
    module.traits += [form, f"scale {scale:g}", *(["named"] if named else []), *(["relaxing"] if relaxes else [])]
    if form == "idt":  # x is not known before
        f = _rate(rng, module, f"{speed:.6g} * ({drive})", k, scale)
        module.lines.append(f"{x} = {begin} + idt({f}, 0.0) / {scale:.6g};")
        return
    s = module.node(f"s{k}")
    module.lines.append(f"{x} = {begin} + V({s}) / {scale:.6g};")
    f = _rate(rng, module, rate, k, scale)
    if form == "vidt":
        module.lines.append(f"V({s}) <+ idt({f}, 0.0);")
        return
    module.value(f"f{k}")
    module.lines.append(f"f{k} = {f};")
    if not (relaxes and rng.random() < 0.3):
        module.lines.append(f"if ($abstime <= 0.0) f{k} = -V({s});")
    else:
        module.traits.append("free at rest")
    module.lines += [f"I({s}) <+ ddt(V({s}));", f"I({s}) <+ -f{k};"]


def _rate(rng: np.random.Generator, module: Module, rate: str, k: int, scale: float) -> str:
    """Return the rate of a state as an expression, which may stand on nodes of its own."""
    way = str(rng.choice(["direct", "voltage", "current", "filter", "two"], p=[0.25, 0.3, 0.15, 0.15, 0.15]))
    module.traits.append(f"rate {way}")
    if way == "direct":
        return f"{scale:.6g} * {rate}"
    unit = float(rng.choice([1.0, module.span, 1e-3 * module.span, 1e3 * module.span]))  # of what the node holds
    r = module.node(f"r{k}")
    back = f"{scale / unit:.6g} * V({r})"
    if way == "voltage":
        module.lines.append(f"V({r}) <+ {unit:.6g} * {rate};")
    elif way == "current":
        slope = float(10 ** rng.uniform(-6, 3))
        module.lines.append(f"I({r}) <+ {slope:.6g} * (V({r}) - {unit:.6g} * {rate});")
    elif way == "filter":
        slope, delay = float(10 ** rng.uniform(-6, 3)), float(10 ** rng.uniform(-3, -1)) * module.span
        module.lines += [
            f"I({r}) <+ {slope:.6g} * (V({r}) - {unit:.6g} * {rate});",
            f"I({r}) <+ ddt({slope * delay:.6g} * V({r}));",
        ]
    else:
        q = module.node(f"q{k}")
        module.lines += [f"V({q}) <+ {unit:.6g} * {rate};", f"V({r}, {q}) <+ 0.1 * V({q});"]
        back = f"{scale / unit / 1.1:.6g} * V({r})"
    return back


def _memristor(module: Module, branch: str, way: str) -> None:
    module.traits.append(f"memristor {way}")
    module.lines.append({
        "current": f"I({branch}) <+ g * V({branch});",
        "voltage": f"V({branch}) <+ I({branch}) / g;",
        "sinh": f"I({branch}) <+ g * 0.5 * sinh(V({branch}) / 0.5);",
    }[way])  # fmt: skip


def _series_element(rng: np.random.Generator, module: Module, branch: str) -> None:
    ways = ["resistor", "voltage resistor", "nonlinear", "inductor", "capacitor", "source", "diode"]
    way, ohm = str(rng.choice(ways)), float(10 ** rng.uniform(2, 5))
    module.traits.append(way)
    share = float(10 ** rng.uniform(-4, -1.5))  # of the span: a time constant
    module.lines += {
        "resistor": [f"I({branch}) <+ V({branch}) / {ohm:.6g};"],
        "voltage resistor": [f"V({branch}) <+ {ohm:.6g} * I({branch});"],
        "nonlinear": [f"V({branch}) <+ {ohm:.6g} * I({branch}) + 0.1 * tanh(I({branch}) * {ohm / 0.1:.6g});"],
        "inductor": [f"V({branch}) <+ {ohm:.6g} * I({branch}) + ddt({ohm * share * module.span:.6g} * I({branch}));"],
        "capacitor": [
            f"I({branch}) <+ V({branch}) / {ohm:.6g};",
            f"I({branch}) <+ ddt({share * module.span / ohm:.6g} * V({branch}));",
        ],
        "source": [f"V({branch}) <+ {float(rng.uniform(-0.2, 0.2)):.4g};"],
        "diode": [f"I({branch}) <+ {0.5 / ohm:.6g} * sinh(V({branch}) / 0.5);"],
    }[way]


def _beside(rng: np.random.Generator, module: Module, chain: list[str]) -> None:
    """Write what stands beside the memristor, if anything."""
    way, share = rng.random(), float(10 ** rng.uniform(-3, -1))
    if way < 0.1:  # a resistor and a capacitor in series
        module.traits.append("RC branch")
        p, ohm = module.node("p"), float(10 ** rng.uniform(3, 6))
        module.lines += [f"I(te, {p}) <+ V(te, {p}) / {ohm:.6g};"]
        module.lines += [f"I({p}, be) <+ ddt({share * module.span / ohm:.6g} * V({p}, be));"]
    elif way < 0.2:  # heat, which raises the current
        module.traits.append("heat")
        t = module.node("t")
        module.lines += [
            f"I({t}) <+ V({t}) - 30.0 * V(te, be) * V(te, be);",
            f"I({t}) <+ ddt({share * module.span:.6g} * V({t}));",
            f"I(te, be) <+ 1e-8 * V({t}) * V(te, be);",
        ]
    elif way < 0.25:
        module.traits.append("leak")
        module.lines.append("I(te, be) <+ 1e-7 * V(te, be);")
    elif way < 0.28:
        module.traits.append("voltage between the terminals")
        module.lines.append("V(te, be) <+ 0.3 * tanh(x1);")
    elif way < 0.36 and len(chain) > 1:
        module.traits.append("shunt")
        a, b = chain[0].split(", ")[1], "be" if len(chain) == 2 else "te"
        module.lines.append(f"I({a}, {b}) <+ V({a}, {b}) / {float(10 ** rng.uniform(3, 6)):.6g};")
