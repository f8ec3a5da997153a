"""Recurrent back-propagation with devices that pulses program.   [Zoppo2019, Sec. V: "physical devices"]

Weights are pairs of devices of a card. Each presentation relaxes neurons and side network on the conductances as they
are, the side network by the transposed product of the same array, and then pulses the devices. The paper ends with the
wish for such devices and gives no numbers, so cells, pulses and rules are assumed here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rramcirc.analysis.counts import Count
from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.zoppo2019.glyphs import glyph_patterns
from rramcirc.papers.zoppo2019.pairs import CELLS, DevicePairs
from rramcirc.sweeps.record import RunRecord

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PulsedParameters:
    """What is learnt, by which devices and pulses."""

    cards: tuple[str, ...] = field(default=tuple(CELLS), metadata={"status": "assumed"})
    rules: tuple[str, ...] = field(
        default=("counted", "ternary", "SET only"),
        metadata={
            "status": "assumed",
            "desc": "as many pulses as the step asks for, on both devices; one pulse on both or none; only SET pulses",
        },
    )
    spreads: tuple[float, ...] = field(
        default=(0.0, 1.0, 3.0, 6.0), metadata={"status": "assumed", "desc": "factor on the card's spreads"}
    )
    glyphs: str = field(default="TLO", metadata={"status": "assumed"})
    size: int = field(default=4, metadata={"status": "assumed", "desc": "rows and columns"})
    learning_rate: float = field(default=0.1, metadata={"status": "assumed", "desc": "the paper's is 0.01"})
    span: float = field(default=3.0, metadata={"status": "published", "where": "Sec. IV"})
    epochs: int = field(default=60, metadata={"status": "assumed"})
    every: int = field(default=6, metadata={"status": "assumed", "desc": "epochs between two tests"})
    threshold: float = field(
        default=0.1, metadata={"status": "fitted", "desc": "ternary: step of the weight over that of a SET pulse"}
    )
    shuffled: bool = field(
        default=False, metadata={"status": "assumed", "desc": "whether each epoch shows the patterns in another order"}
    )
    most: int = field(default=4, metadata={"status": "assumed", "desc": "pulses a device gets in a presentation"})
    bound: float = field(default=0.1, metadata={"status": "published", "where": "Sec. IV", "desc": "of random weights"})
    volts: float = field(default=0.1, metadata={"status": "assumed", "desc": "read voltage of a state of 1 [V]"})
    limit: float = field(default=0.2, metadata={"status": "assumed", "desc": "largest read voltage [V]"})
    relax: float = field(default=50.0, metadata={"status": "published", "where": "Sec. IV"})
    relax_side: float = field(default=20.0, metadata={"status": "published", "where": "Sec. IV"})
    tau: float = field(default=1e-6, metadata={"status": "assumed", "desc": "time constant of a neuron [s]"})
    seeds: int = field(default=3, metadata={"status": "assumed", "desc": "number of starts and sets of devices"})
    seed: int = field(default=1, metadata={"status": "assumed"})


def relaxed(pairs: DevicePairs, inputs: FloatArray, relax: float, step: float = 0.5) -> FloatArray:
    """Return where (18) ends from v = 0.5 on the conductances as they are, (M, N)."""
    v = np.full(inputs.shape, 0.5)
    for _ in range(round(relax / step)):
        change = np.tanh(pairs.forward(v) + inputs) - v
        v += step * change
        if np.abs(change).max() < 1e-3:
            break
    return v


def relaxed_side(
    pairs: DevicePairs, v: FloatArray, inputs: FloatArray, targets: FloatArray, relax: float, step: float = 0.5
) -> FloatArray:
    """Return where (19) ends from y = 0.5, v at rest, by the transposed product of the same array, (M, N)."""
    slope = 1.0 - np.tanh(pairs.forward(v) + inputs) ** 2
    y = np.full(v.shape, 0.5)
    for _ in range(round(relax / step)):
        change = slope * (pairs.backward(y) + targets - v) - y
        y += step * change
        if np.abs(change).max() < 1e-3:
            break
    return y


def pulse_counts(
    parameters: PulsedParameters, rule: str, wanted: FloatArray, steps: tuple[float, float], rng: np.random.Generator
) -> IntArray:
    """Return how many pulses each device gets, for the wanted changes of its own part of the weight.

    Fractions of a pulse are rounded at random, so that the mean is right. Ternary: by threshold.
    """
    up = wanted > 0
    if rule == "ternary":
        counts = (np.abs(2.0 * wanted) > parameters.threshold * steps[0]).astype(np.int64)
    else:
        amount = np.where(up, 2.0 * wanted, 0.0) if rule == "SET only" else np.abs(wanted)
        exact = amount / np.where(up, *steps)
        counts = np.floor(exact + rng.random(wanted.size)).astype(np.int64)
    return np.where(up, 1, -1) * np.minimum(counts, parameters.most)


def run_one(parameters: PulsedParameters, card: str, rule: str, spread: float, seed: int) -> dict[str, Any]:
    """Return epochs, hits of recall, pulses per device and energies of one network of devices."""
    rng = np.random.default_rng([parameters.seed + seed, 17])
    patterns = glyph_patterns(parameters.glyphs, parameters.size)
    n = patterns.shape[1]
    start = rng.uniform(-parameters.bound, parameters.bound, (n, n))
    pairs = DevicePairs(CELLS[card], start, spread, parameters.volts, parameters.limit, rng)
    steps, gain = pairs.steps(), parameters.learning_rate * parameters.span
    rows: dict[str, list[float]] = {key: [] for key in ("epoch", "hits", "pulses", "energy", "read_energy")}
    for epoch in range(parameters.epochs + 1):
        if epoch % parameters.every == 0:
            found = (epoch, _hits(parameters, pairs, patterns), pairs.pulses.mean(), pairs.energy, pairs.read_energy)
            for key, value in zip(rows, found, strict=True):
                rows[key].append(float(value))
        if epoch == parameters.epochs:
            break
        order = rng.permutation(len(patterns)) if parameters.shuffled else np.arange(len(patterns))
        for pattern in patterns[order, None]:
            v = relaxed(pairs, pattern, parameters.relax)
            y = relaxed_side(pairs, v, pattern, pattern, parameters.relax_side)
            pairs.hold(v[0], y[0], parameters.relax * parameters.tau, parameters.relax_side * parameters.tau)
            wanted = 0.5 * gain * y[0, pairs.to] * v[0, pairs.start] * pairs.sign
            pairs.program(pulse_counts(parameters, rule, wanted, steps, rng))
    return {
        **rows,
        "drift": pairs.drift(1.0),
        "highest": pairs.highest,
        "trials": len(patterns) * n,
        "steps": list(steps),
    }


def _hits(parameters: PulsedParameters, pairs: DevicePairs, patterns: FloatArray) -> int:
    """Return how many patterns come back from a single flip, by the mean square error."""
    flips = np.concatenate([p * (1.0 - 2.0 * np.eye(p.size)) for p in patterns])
    wanted = np.repeat(patterns, patterns.shape[1], axis=0)
    states = relaxed(pairs, flips, parameters.relax)
    return int((np.mean((states - wanted) ** 2, axis=1) < 0.1).sum())


def pulsed_table(parameters: PulsedParameters, engine: str, record: RunRecord) -> pd.DataFrame:
    """Return a row per card, rule, spread and test: hits and trials of all seeds, pulses, energies [J], drift."""
    import pandas as pd

    rows = []
    for card in parameters.cards:
        for rule in parameters.rules:
            for spread in parameters.spreads:
                runs = [
                    record.piece(
                        f"{card}, {rule}, spread {spread:g}, seed {k}",
                        partial(run_one, parameters, card, rule, spread, k),
                    )
                    for k in range(parameters.seeds)
                ]
                rows += _rows(card, rule, spread, runs)
    table = pd.DataFrame(rows)
    table.attrs["units"] = {"energy": "J", "read_energy": "J", "highest": "V"}
    table.attrs["patterns"] = len(glyph_patterns(parameters.glyphs, parameters.size))
    return table


def _rows(card: str, rule: str, spread: float, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    hits = np.sum([run["hits"] for run in runs], axis=0)
    trials = sum(run["trials"] for run in runs)
    means = {key: np.mean([run[key] for run in runs], axis=0) for key in ("pulses", "energy", "read_energy")}
    return [
        {
            "card": card, "rule": rule, "spread": spread, "epoch": int(epoch), "hits": int(hits[k]), "trials": trials,
            "accuracy": hits[k] / trials, **{key: float(values[k]) for key, values in means.items()},
            "drift": max(run["drift"] for run in runs), "highest": max(run["highest"] for run in runs),
        }
        for k, epoch in enumerate(runs[0]["epoch"])
    ]  # fmt: skip


def _last(table: pd.DataFrame, card: str, rule: str) -> pd.DataFrame:
    """Return the rows at the end of the training, a row per spread."""
    rows = table[(table["card"] == card) & (table["rule"] == rule)]
    return rows[rows["epoch"] == rows["epoch"].max()].sort_values("spread")


def accuracy(card: str, spread: float, rule: str = "ternary") -> Callable[[pd.DataFrame], Count]:
    """Return a measure: how many single flips are restored at the end of the training."""

    def measure(table: pd.DataFrame) -> Count:
        rows = _last(table, card, rule)
        row = rows[rows["spread"] == spread].iloc[0]
        return Count(int(row["hits"]), int(row["trials"]))

    return measure


def most_spread(card: str, rule: str = "ternary", above: float = 0.9) -> Callable[[pd.DataFrame], float]:
    """Return a measure: the factor on the card's spreads at which accuracy falls below 0.9.

    Between two factors accuracy is taken as a straight line. 0: nominal devices are below; the largest factor: it
    never falls.
    """

    def measure(table: pd.DataFrame) -> float:
        rows = _last(table, card, rule)
        spreads, found = rows["spread"].to_numpy(), rows["accuracy"].to_numpy()
        below = np.flatnonzero(found < above)
        if not below.size:
            return float(spreads[-1])
        k = int(below[0])
        if k == 0:
            return 0.0
        return float(np.interp(above, [found[k], found[k - 1]], [spreads[k], spreads[k - 1]]))

    return measure


def remarks(table: pd.DataFrame) -> list[str]:
    """Return counts, pulses, energies and spreads of every card and rule."""
    lines, patterns = [], table.attrs["patterns"]
    for (card, rule), rows in table.groupby(["card", "rule"], sort=False):
        last = _last(table, card, rule)
        nominal = rows[rows["spread"] == last["spread"].iloc[0]].sort_values("epoch")
        reached = nominal[nominal["accuracy"] >= 0.9]
        row = reached.iloc[0] if len(reached) else nominal.iloc[-1]
        when = f"0.9 after epoch {row['epoch']}" if len(reached) else f"0.9 not reached in {row['epoch']} epochs"
        counts = "; ".join(
            f"spread x {r['spread']:g}: {Count(int(r['hits']), int(r['trials']))}" for _, r in last.iterrows()
        )
        level, most = most_spread(card, rule)(table), last["spread"].max()
        falls = f"below 0.9 from a spread of x {level:.2g}" if level < most else f"never below 0.9 up to x {most:g}"
        lines.append(f"{card}, {rule}: single flips restored at the end, {counts}; {falls}")
        lines.append(
            f"{card}, {rule}: {when}, {row['pulses']:.2g} pulses a device, per learnt pattern "
            f"{row['energy'] / patterns:.2g} J for pulses and {row['read_energy'] / patterns:.2g} J for reading; at "
            f"most {last['highest'].max():.3f} V while reading; 1 s at the limit changes a conductance by at most "
            f"{last['drift'].max():.1e}"
        )
    return lines


def draw_pulsed(table: pd.DataFrame, path: Path) -> None:
    """Draw accuracy against pulses of the cards' own devices, and against the spread at the end."""
    from rramcirc.figures.style import COLOURS, drawn

    cards, rules = list(dict.fromkeys(table["card"])), list(dict.fromkeys(table["rule"]))
    own = 1.0 if 1.0 in set(table["spread"]) else float(table["spread"].min())
    with drawn(path, 5.2) as figure:
        axes = np.asarray(figure.subplots(2, len(cards), sharey=True, squeeze=False), object)
        for m, card in enumerate(cards):
            for k, rule in enumerate(rules):
                rows = table[(table["card"] == card) & (table["rule"] == rule)]
                at_own = rows[rows["spread"] == own].sort_values("epoch")
                for ax, part, x in ((axes[0, m], at_own, "pulses"), (axes[1, m], _last(table, card, rule), "spread")):
                    low, high = np.array(
                        [Count(int(h), int(n)).interval() for h, n in part[["hits", "trials"]].to_numpy()]
                    ).T
                    ax.fill_between(part[x], low, high, color=COLOURS[k], alpha=0.2, linewidth=0)
                    ax.plot(part[x], part["accuracy"], color=COLOURS[k], marker="o", markersize=3, label=rule)
            axes[0, m].set_title(f"{card}, spread x {own:g}")
            axes[0, m].set_xlabel("pulses a device, mean")
            axes[1, m].set_xlabel("spread over the card's")
            for ax in axes[:, m]:
                ax.axhline(0.9, color="0.5", linewidth=0.8)
                ax.set_ylim(0, 1.02)
        for ax in axes[:, 0]:
            ax.set_ylabel("single flips restored")
        axes[1, 0].legend(loc="lower left")


EQUAL_DEVICES = (
    "without any spread 2 of the 3 starts (3 of 9 when more were tried) end in a cycle of one epoch: equal devices get "
    "the same pulses in the same order for ever, and only the pattern shown last comes back (88 of 144 flips; with "
    "spread 136). Another order in each epoch (shuffled) ends it in 9 of 9 starts"
)
SEARCHED = (
    "pulses, threshold, epochs and spreads were chosen in trials with the first of the three seeds, nominal "
    "devices and spread x 1"
)
EXPERIMENT = Experiment(
    name="zoppo2019-pulsed",
    paper="Zoppo2019",
    figure="Sec. V",
    claim="physical devices can take the place of the ideal synapses: weights are pairs of devices that pulses program",
    parameters=PulsedParameters(),
    quick=PulsedParameters(rules=("ternary",), spreads=(0.0, 1.0), seeds=1, epochs=24),
    quick_note="one rule of three, devices up to the card's own spread",
    run=pulsed_table,
    plot=draw_pulsed,
    expected=(
        *(
            Expected(f"single flips restored, {card}, spread of the card, ternary", accuracy(card, 1.0), "1", 0.9, None,
                     "further work is needed to find physical devices", "assumed", "Sec. V", "searched", SEARCHED)
            for card in CELLS
        ),
        *(
            Expected(f"factor on the spreads at which accuracy falls below 0.9, {card}, ternary", most_spread(card),
                     "1", 1.0, None, "-", "assumed", "Sec. V", "searched", SEARCHED,
                     deviation=EQUAL_DEVICES if card.startswith("tiox") else "", full_only=card.startswith("tiox"))
            for card in CELLS
        ),
        Expected("largest voltage of a device while reading", lambda t: float(t["highest"].max()), "V", None, 0.2, "-",
                 "assumed", "Sec. V", "cannot fail", "read drivers are clipped there; states below 2 are not clipped"),
        Expected("change of a conductance by 1 s at the limit", lambda t: float(t["drift"].max()), "1", None, 1e-3,
                 "-", "assumed", "Sec. V", "searched",
                 "retention of the filament card was fitted to published storage, not to reads; at its last states"),
    ),
    engines=("network",),
    remarks=remarks,
    resumable=True,
)  # fmt: skip
