"""Digits learnt and answered by arrays of 1T1R cells at device level, with all controls.   [beyond Pedretti2018]

10 POSTs, one for each digit, learn 1,000 images of 10 x 10 boxes by forced lessons, then by corrections in further
passes; all test images are answered by the POST that fires first. The paper learns MNIST with ideal synapses only.
Inputs with complements (200 PREs) were worse on validation images: 74 % after forced lessons and 66 % after corrections
of 500 images, where 100 PREs had 77 and 79 %.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rramcirc.analysis.counts import Count
from rramcirc.bench.images import ImageSet
from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.pedretti2018.digit_images import Tally, small_images
from rramcirc.papers.pedretti2018.digits_circuit import Circuit
from rramcirc.papers.pedretti2018.digits_learning import (
    Array,
    fitted_bias,
    ideal_templates,
    level_bias,
    nearest,
    teach_corrections,
    teach_forced,
)

if TYPE_CHECKING:
    import pandas as pd

    from rramcirc.sweeps.record import RunRecord

POSTS = 10
READOUTS = ("first spike", "spike count", "level currents", "fitted currents")
STAGES = ("before learning", "forced", "corrected")


@dataclass(frozen=True)
class DigitParameters:
    """Arrays, images and passes."""

    circuit: Circuit = field(default_factory=Circuit)
    complementary: tuple[bool, ...] = field(
        default=(False,), metadata={"desc": "whether every input has one more that spikes where it does not"}
    )
    seeds: int = field(default=3, metadata={"status": "assumed", "desc": "draws of the devices"})
    seed: int = field(default=11, metadata={"status": "assumed", "desc": "the first; tuning used 1"})
    train: int = field(default=1000, metadata={"status": "assumed"})
    test: int = field(default=10_000, metadata={"status": "published", "where": "MNIST"})
    together: int = field(default=20, metadata={"status": "assumed", "desc": "lessons in a run"})
    passes: int = field(default=3, metadata={"status": "fitted", "desc": "of corrections; validation images, of five"})
    lead: float = field(
        default=0.0, metadata={"status": "fitted", "desc": "of the label's current over all others, else corrected"}
    )
    cycle_noise: bool = field(default=False, metadata={"status": "assumed", "desc": "a deviate a cell and lesson"})
    mnist: str = ""


def digits_table(parameters: DigitParameters, engine: str, record: RunRecord) -> pd.DataFrame:
    """Return counts of right answers by array, seed, stage and readout; controls in the attributes."""
    rows: list[dict[str, Any]] = []
    images: ImageSet | None = None
    for both in parameters.complementary:
        images = small_images(parameters.mnist, Tally(parameters.train, 0, parameters.test), both)
        for seed in range(parameters.seed, parameters.seed + parameters.seeds):
            name = f"{images.pixels} PREs, seed {seed}"
            found = record.piece(name, partial(_learn, parameters, images, seed))
            rows += [{"inputs": images.pixels, "seed": seed} | row for row in found["rows"]]
    assert images is not None
    return with_controls(rows, small_images(parameters.mnist, Tally(parameters.train, 0, parameters.test), False))


def with_controls(rows: list[dict[str, Any]], images: ImageSet) -> pd.DataFrame:
    """Return the table of rows, with the controls of software on the same images among its attributes."""
    import pandas as pd

    table = pd.DataFrame(rows)
    table.attrs["units"] = {}
    table.attrs["images"] = images.name
    table.attrs["controls"] = controls(images)
    return table


def controls(images: ImageSet) -> dict[str, Count]:
    """Return right answers of ideal templates with the fitted readout, and of the nearest training image."""
    weights = ideal_templates(images.train, images.train_labels, POSTS)
    bias = fitted_bias(images.train @ weights, images.train_labels)
    found = {"ideal templates": (images.test @ weights + bias).argmax(axis=1)}
    found["nearest image"] = nearest(images.train, images.train_labels, images.test)
    return {k: Count(int((v == images.test_labels).sum()), len(v)) for k, v in found.items()}


def _learn(parameters: DigitParameters, images: ImageSet, seed: int) -> dict[str, list[dict[str, Any]]]:
    """Learn with one draw of the devices; return the rows of all stages."""
    from rramcirc.sweeps.record import RunRecord

    array = Array.drawn(parameters.circuit, (images.pixels, POSTS), seed, parameters.cycle_noise)
    rows = judged(array, images, STAGES[0])
    train, labels = images.train, images.train_labels
    teach_forced(array, train, labels, parameters.together, "numpy", RunRecord(None, {}), "forced")
    rows += judged(array, images, STAGES[1])
    corrected = [
        teach_corrections(array, train, labels, parameters.together, parameters.lead) for _ in range(parameters.passes)
    ]
    if corrected:
        rows += [row | {"lessons": 2 * sum(corrected)} for row in judged(array, images, STAGES[2])]
    return {"rows": rows}


def judged(array: Array, images: ImageSet, stage: str) -> list[dict[str, Any]]:
    """Return right answers to the test images by all readouts; currents are fitted on training images only."""
    currents = array.currents(images.train)
    none, labels = np.zeros(array.shape[1]), images.test_labels
    level, fitted = level_bias(array), fitted_bias(currents, images.train_labels)
    plain = array.ask(images.test, none)
    counts = [plain.correct(labels), plain.most(labels)]
    counts += [array.ask(images.test, bias).correct(labels) for bias in (level, fitted)]
    return [
        {"stage": stage, "readout": readout, "hits": count.hits, "trials": count.trials, "lessons": len(images.train)}
        for readout, count in zip(READOUTS, counts, strict=True)
    ]


def total(table: pd.DataFrame, inputs: str, stage: str, readout: str) -> Count:
    """Return the right answers of all seeds; `inputs` is ``"least"`` or ``"most"``."""
    number = table["inputs"].min() if inputs == "least" else table["inputs"].max()
    rows = table[(table["inputs"] == number) & (table["stage"] == stage) & (table["readout"] == readout)]
    return Count(int(rows["hits"].sum()), int(rows["trials"].sum()))


def best(table: pd.DataFrame, inputs: str, stage: str) -> Count:
    """Return the right answers with the fitted currents."""
    return total(table, inputs, stage, READOUTS[3])


def gained(quantity: str = "gained by learning", full_only: bool = False) -> Expected:
    """Return the row of what learning added to the array before it."""
    return Expected(
        quantity, lambda t: best(t, "least", STAGES[1]).share - best(t, "least", STAGES[0]).share,
        "1", 0.15, None, "at least 15 points", "assumed", "-", "independent",
        "the same readout, fitted anew, on the array before learning", full_only=full_only,
    )  # fmt: skip


def remarks(table: pd.DataFrame) -> list[str]:
    """Return one line for each array, stage and readout, with the spread over the seeds, and the controls."""
    lines = [f"images: {table.attrs['images']}"]
    for (inputs, stage, readout), rows in table.groupby(["inputs", "stage", "readout"], sort=False):
        count = Count(int(rows["hits"].sum()), int(rows["trials"].sum()))
        shares = rows["hits"] / rows["trials"]
        spread = f", over {len(rows)} seeds +- {100 * shares.std(ddof=1):.2g} %" if len(rows) > 1 else ""
        lines.append(f"{inputs} PREs, {stage}, {readout}: {count}{spread}")
    return lines + [f"control, {name}: {count}" for name, count in table.attrs["controls"].items()]


def draw_digits(table: pd.DataFrame, path: Path) -> None:
    """Draw the share of right answers of all arrays, stages and readouts, and the controls as lines."""
    from rramcirc.figures.style import COLOURS, drawn

    numbers = sorted(set(table["inputs"]))
    with drawn(path, 3.4) as figure:
        panels = np.atleast_1d(figure.subplots(1, len(numbers), sharey=True))
        for ax, inputs in zip(panels, numbers, strict=True):
            of = table[table["inputs"] == inputs]
            stages = [s for s in STAGES if s in set(of["stage"])]
            for k, readout in enumerate(READOUTS):
                for j, stage in enumerate(stages):
                    rows = of[(of["stage"] == stage) & (of["readout"] == readout)]
                    if rows.empty:
                        continue
                    share = 100 * rows["hits"] / rows["trials"]
                    label = readout if j == 0 else None
                    ax.bar(j + 0.2 * k, share.mean(), 0.18, color=COLOURS[k], label=label)
                    ax.plot(np.full(len(share), j + 0.2 * k), share, "k.", markersize=2)
            ax.set_xticks(np.arange(len(stages)) + 0.3, stages)
            ax.minorticks_off()
            for (name, count), style in zip(table.attrs["controls"].items(), ("--", ":"), strict=True):
                ax.axhline(100 * count.share, color="0.3", linestyle=style, linewidth=0.9, label=name)
            ax.set_title(f"{inputs} PREs, {table.attrs.get('posts', POSTS)} POSTs")
        panels[0].set_ylabel("right answers, test images [%]")
        panels[0].legend(fontsize=6.5, ncols=6, loc="lower left", bbox_to_anchor=(0, 1.07))


def settings(parameters: Any) -> pd.DataFrame:
    """Return all values with their status: name, value, unit, status, what."""
    import pandas as pd

    about = type(parameters.circuit).__dataclass_fields__
    rows = [
        (name, value, about[name].metadata.get("units", ""), about[name].metadata.get("status", "assumed"),
         about[name].metadata.get("desc", "")) for name, value in asdict(parameters.circuit).items()
    ]  # fmt: skip
    rows += [("box", "2 x 2 pixels, 2 of them", "", "assumed", "a box spikes"),
             ("readout", "first spike", "", "assumed", "currents into POSTs from software, by training images"),
             ("teacher", "label", "", "assumed", "given by software; who is corrected as well")]  # fmt: skip
    return pd.DataFrame(rows, columns=["name", "value", "unit", "status", "what"])


TUNED = "amplitudes, widths and passes were chosen on validation images, with another draw of the devices"
EXPERIMENT = Experiment(
    name="pedretti2018-digits",
    paper="Pedretti2018",
    figure="Figs. 11 to 13, on compiled cells",
    claim="arrays of simulated 1T1R cells learn and answer handwritten digits",
    parameters=DigitParameters(),
    quick=DigitParameters(seeds=1, train=100, test=300, passes=1, mnist="drawn"),
    quick_note="drawn digits of 7 x 7 boxes in place of MNIST",
    run=digits_table,
    plot=draw_digits,
    expected=(
        Expected(
            "P(right), after corrections", lambda t: best(t, "least", STAGES[2]),
            "1", 0.8, None, "aim 80 %", "assumed", "-", "independent", TUNED, full_only=True,
        ),
        Expected(
            "P(right), one forced pass", lambda t: best(t, "least", STAGES[1]),
            "1", 0.75, None, "aim 75 %", "assumed", "-", "independent", TUNED, full_only=True,
        ),
        gained("gained by learning, least array and stage"),
    ),
    engines=("numpy",),
    settings=settings,
    remarks=remarks,
    resumable=True,
)  # fmt: skip
