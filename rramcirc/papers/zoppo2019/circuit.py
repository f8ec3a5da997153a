"""A network of 16 neurons learns three patterns in one transient of the circuit simulator.   [Zoppo2019, Fig. 1]

Neurons, side network and plastic synapses are one circuit. Each presentation sets v and y back, lets them relax, and
opens the window in which the state equation of the synapses does Eq. (20). Recall of every pattern from every single
flipped pixel follows in the same transient, the window closed. The equations, integrated on their own, are the referee.

Patterns, size and number are assumed: the paper simulates its equations, not a circuit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.bench.analyses import Transient
from rramcirc.bench.presentations import Presentation, presentation_stimuli
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.recurrent.recurrent import RecurrentNetwork
from rramcirc.devices.cards.card import load_card
from rramcirc.engines.network.continuous import show
from rramcirc.engines.simulation import simulate
from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.zoppo2019.glyphs import glyph_patterns
from rramcirc.papers.zoppo2019.reconstruction import exact

if TYPE_CHECKING:
    import pandas as pd

    from rramcirc.waveforms.waveforms import Waveforms

OPTIONS: dict[str, float | str] = {"method": "trap", "reltol": 1e-4, "abstol": 1e-6}
SCALES = {"I": 1.0, "I/2": 0.5}


@dataclass(frozen=True)
class CircuitParameters:
    """What is learnt, and how it is shown."""

    card: str = "plastic_zoppo2019"
    glyphs: str = field(default="TLO", metadata={"status": "assumed"})
    size: int = field(default=4, metadata={"status": "assumed", "desc": "rows and columns"})
    learning_rate: float = field(default=0.01, metadata={"status": "published", "where": "Sec. IV"})
    epochs: int = field(default=300, metadata={"status": "published", "where": "Sec. IV"})
    relax: float = field(default=50.0, metadata={"status": "published", "where": "Sec. IV"})
    window: float = field(default=3.0, metadata={"status": "published", "where": "Sec. IV"})
    restart: float = field(default=1.0, metadata={"status": "assumed"})
    guard: float = field(default=0.5, metadata={"status": "assumed"})
    always: bool = field(default=False, metadata={"status": "assumed", "desc": "window open while relaxing, too"})
    bound: float = field(default=0.1, metadata={"status": "published", "where": "Sec. IV", "desc": "of random weights"})
    starts: tuple[str, ...] = field(
        default=("symmetric", "free"),
        metadata={"status": "assumed", "desc": "symmetric start and updates; or neither symmetric"},
    )
    every: int = field(default=10, metadata={"status": "assumed", "desc": "epochs between two looks at the weights"})
    flips: int = field(default=0, metadata={"status": "assumed", "desc": "pixels flipped in each pattern; 0: all"})
    seed: int = field(default=1, metadata={"status": "assumed", "desc": "of the weights"})

    @property
    def patterns(self) -> FloatArray:
        """(P, N) patterns of -1 and 1."""
        return glyph_patterns(self.glyphs, self.size)

    @property
    def presentation(self) -> Presentation:
        """The parts of a presentation."""
        return Presentation(self.restart, self.relax, self.window, self.guard, self.always)

    @property
    def one_flipped(self) -> FloatArray:
        """(flips, N) factors of a pattern, -1 at one pixel; evenly spaced pixels where not all are flipped."""
        count = self.size**2
        pixels = np.arange(self.flips or count) * count // (self.flips or count)
        return 1.0 - 2.0 * np.eye(count)[pixels]

    def weights(self, start: str) -> FloatArray:
        """Return the random (N, N) weights of a start."""
        count = self.size**2
        drawn = np.random.default_rng([self.seed, 13]).uniform(-self.bound, self.bound, (count, count))
        return np.tril(drawn) + np.tril(drawn, -1).T if start == "symmetric" else drawn

    def shown(self) -> tuple[FloatArray, FloatArray, np.ndarray]:
        """Return (inputs, targets, learns) of all presentations: learning, then single flips at I and at I/2."""
        patterns = self.patterns
        learning = np.tile(patterns, (self.epochs, 1))
        flips = np.concatenate([p * self.one_flipped for p in patterns])
        wanted = np.repeat(patterns, len(self.one_flipped), axis=0)
        inputs = np.concatenate([learning, *(scale * flips for scale in SCALES.values())])
        targets = np.concatenate([learning, *([wanted] * len(SCALES))])
        return inputs, targets, np.arange(len(inputs)) < len(learning)


def circuit_bench(parameters: CircuitParameters, start: str) -> Testbench:
    """Return the testbench of one run."""
    inputs, targets, learns = parameters.shown()
    card = load_card(parameters.card).with_values({"learning_rate": parameters.learning_rate})
    network = RecurrentNetwork(card, parameters.size**2, parameters.weights(start), symmetric=start == "symmetric")
    presentation = parameters.presentation
    looks = parameters.every * len(parameters.patterns) * presentation.duration
    return Testbench(
        network, Transient(presentation.duration * len(inputs), max_step=min(5.0, looks)),
        presentation_stimuli(presentation, inputs, targets, learns), probes=("v(v*)", "w[*,*]"), options=OPTIONS,
        seed=parameters.seed, name=f"Zoppo 2019, {start} weights",
    )  # fmt: skip


def circuit_table(parameters: CircuitParameters, engine: str) -> pd.DataFrame:
    """Return one row per start and look: epoch, error of the weights, largest weight; counts of recall in attrs."""
    import pandas as pd

    rows: list[dict[str, object]] = []
    counts: dict[str, dict[str, dict[str, int]]] = {}
    curves, cost = {}, {}
    for start in parameters.starts:
        bench = circuit_bench(parameters, start)
        waves, pairs = simulate(bench, engine), synapses(bench)
        inputs, targets, learns = parameters.shown()
        exact_run = show(
            parameters.weights(start), inputs, targets, parameters.presentation, learns=learns,
            learning_rate=parameters.learning_rate, symmetric=start == "symmetric",
        )  # fmt: skip
        found, v = _weights(bench, waves, parameters), _neurons(parameters, waves, len(inputs))
        count = len(parameters.patterns)
        for epoch, weights in found.items():
            wanted = exact_run.weights[count * epoch - 1]
            error = max(abs(weights[p] - wanted[p]) for p in pairs)
            largest = float(np.abs(wanted).max())
            rows.append({"start": start, "epoch": epoch, "error": error / largest, "largest": largest})
        counts[start] = {"circuit": _recalled(parameters, v), "equations": _recalled(parameters, exact_run.v)}
        curves[start] = (list(found), [[w[p] for p in pairs[:12]] for w in found.values()])
        cost[start] = float(waves.provenance.get("cpu_seconds", float("nan"))) / len(inputs)
    table = pd.DataFrame(rows)
    table.attrs["counts"], table.attrs["curves"], table.attrs["cost"] = counts, curves, cost
    table.attrs["units"] = {}
    table.attrs["flips"] = len(parameters.patterns) * len(parameters.one_flipped)
    return table


def synapses(bench: Testbench) -> list[tuple[int, int]]:
    """Return (to, from) of every synapse."""
    assert isinstance(bench.design, RecurrentNetwork)  # made by circuit_bench
    return bench.design.pairs


def _neurons(parameters: CircuitParameters, waves: Waveforms, shown: int) -> FloatArray:
    """Return v at rest in every presentation, (M, N)."""
    presentation = parameters.presentation
    reads = presentation.duration * np.arange(shown) + presentation.read
    return np.array([np.interp(reads, waves.time, waves[f"v(v{k})"]) for k in range(parameters.size**2)]).T


def _weights(
    bench: Testbench, waves: Waveforms, parameters: CircuitParameters
) -> dict[int, dict[tuple[int, int], float]]:
    """Return the weights of all synapses at the end of every look's epoch."""
    presentation, count = parameters.presentation, len(parameters.patterns)
    epochs = np.arange(parameters.every, parameters.epochs + 1, parameters.every)
    ends = presentation.duration * count * epochs - 0.5 * presentation.guard
    columns = {(i, j): np.interp(ends, waves.time, waves[f"w[{i},{j}]"]) for i, j in synapses(bench)}
    return {int(e): {p: float(values[k]) for p, values in columns.items()} for k, e in enumerate(epochs)}


def _recalled(parameters: CircuitParameters, v: FloatArray) -> dict[str, int]:
    """Return how many flipped patterns are restored: by mean square error and by sign, at each input."""
    patterns = parameters.patterns
    wanted = np.repeat(patterns, len(parameters.one_flipped), axis=0)
    first, found = len(patterns) * parameters.epochs, {}
    for k, name in enumerate(SCALES):
        part = v[first + k * len(wanted) : first + (k + 1) * len(wanted)]
        found[f"error, {name}"] = int((np.mean((part - wanted) ** 2, axis=1) < 0.1).sum())
        found[f"sign, {name}"] = int(exact(part, wanted).sum())
    return found


def _differences(table: pd.DataFrame) -> float:
    return float(sum(
        abs(c["circuit"][k] - c["equations"][k]) for c in table.attrs["counts"].values() for k in c["circuit"]
    ))  # fmt: skip


def _least(criterion: str) -> Callable[[pd.DataFrame], float]:
    def measure(table: pd.DataFrame) -> float:
        least = min(c["circuit"][criterion] for c in table.attrs["counts"].values())
        return float(least / table.attrs["flips"])

    return measure


def remarks(table: pd.DataFrame) -> list[str]:
    """Return the counts of every run, in the circuit and by the equations."""
    lines = []
    for start, found in table.attrs["counts"].items():
        texts = ", ".join(f"{k} {n} ({found['equations'][k]})" for k, n in found["circuit"].items())
        lines.append(
            f"{start}: of {table.attrs['flips']} single flips restored in the circuit (by the equations): {texts}; "
            f"{table.attrs['cost'][start]:.3f} CPU s a presentation"
        )
    return lines


def draw_circuit(table: pd.DataFrame, path: Path) -> None:
    """Draw some weights against the epoch, and the error against the equations."""
    from rramcirc.figures.style import COLOURS, drawn

    with drawn(path, 3.0) as figure:
        left, right = figure.subplots(1, 2)
        for k, (start, (epochs, weights)) in enumerate(table.attrs["curves"].items()):
            left.plot(epochs, np.array(weights), color=COLOURS[k], linewidth=0.8)
            left.plot([], [], color=COLOURS[k], label=f"{start} weights")
            rows = table[table["start"] == start]
            right.plot(
                rows["epoch"], rows["error"], color=COLOURS[k], marker="o", markersize=3, label=f"{start} weights"
            )
        left.set_xlabel("epoch")
        left.set_ylabel("12 of the weights, in the circuit")
        right.axhline(1e-3, color="0.5", linestyle=":", linewidth=1, label="0.1 %")
        right.set_yscale("log")
        right.set_xlabel("epoch")
        right.set_ylabel("error / largest weight")
        left.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
        right.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, columnspacing=1.0)


EXPERIMENT = Experiment(
    name="zoppo2019-circuit",
    paper="Zoppo2019",
    figure="Fig. 1 and Eqs. (18)-(20)",
    claim="a circuit of memristive synapses and an analog side network learns by itself in continuous time",
    parameters=CircuitParameters(),
    quick=CircuitParameters(learning_rate=0.1, epochs=30, starts=("symmetric",), flips=4),
    quick_note="eta 0.1 and 30 epochs in place of 0.01 and 300; one start, 4 flips of a pattern in place of 16",
    run=circuit_table,
    plot=draw_circuit,
    expected=(
        Expected("largest error of the weights over the largest weight", lambda t: float(t["error"].max()), "1", None,
                 1e-3, "Eqs. (18)-(20)", "assumed", "Sec. III", "own levels", "the circuit against the equations"),
        Expected("recalls that differ from the equations", _differences, "1", None, 0, "the same system", "assumed",
                 "Sec. III", "own levels", "the circuit against the equations"),
        Expected("single flips restored, input I, by error", _least("error, I"), "1", 1.0, None,
                 "converges to the target", "assumed", "Sec. III", "searched",
                 "size and patterns were chosen by trials: nine neurons fail"),
        Expected("single flips restored, input I/2, every sign", _least("sign, I/2"), "1", 1.0, None,
                 "converges to the target", "assumed", "Sec. III", "searched",
                 "size and patterns were chosen by trials: nine neurons fail"),
    ),
    engines=("ngspice", "numpy"),
    remarks=remarks,
)  # fmt: skip
