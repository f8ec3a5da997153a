"""A block of a trained layer in the circuit simulator: 1T1R pairs, amplifiers, threshold neurons.   [Fouda2020, Fig. 1]

The inputs that spike most often and the first neurons of the first layer, trained with ternary updates, are an array
with wires: spikes are read voltages on SL, each pair of BL ends in two transimpedance amplifiers, whose difference a
sense amplifier compares with zero. All images are one sweep. The reference is the array engine with the same models.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rramcirc.basics.arrays import AnyArray, FloatArray
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.array.line import Line
from rramcirc.circuits.readout.bench import array_bench, vector_bench
from rramcirc.circuits.readout.readout import Readout, ReadoutArray
from rramcirc.devices.cards.card import load_card
from rramcirc.engines.simulation import simulate
from rramcirc.papers.experiment import Expected, Experiment
from rramcirc.papers.fouda2020.runs import images_of, layers_of, settings
from rramcirc.papers.fouda2020.tables import TrainingParameters, ternary_run

if TYPE_CHECKING:
    import pandas as pd

    from rramcirc.sweeps.record import RunRecord

CARD, SELECTOR = "tiox_fouda2020", "nmos_select"
WIDTH = {"w": 1e-6}  # of the selectors [m]
FINE = {"reltol": "1e-6"}


@dataclass(frozen=True)
class BlockParameters(TrainingParameters):
    """The training, and the block that is cut out of its first layer."""

    rows: int = field(default=64, metadata={"desc": "the inputs that spike most often"})
    neurons: int = field(default=32, metadata={"desc": "the first; twice as many columns"})
    shown: int = field(default=20, metadata={"desc": "test images"})
    read_voltage: float = field(default=0.1, metadata={"units": "V", "status": "assumed"})
    wire_resistance: float = field(default=2.5, metadata={"units": "ohm", "desc": "of a segment", "status": "assumed"})


def interleaved(plus: AnyArray, minus: AnyArray) -> FloatArray:
    """Return (rows, 2 neurons) conductances with G+ and G- of each neuron in neighbouring columns."""
    both = np.empty((plus.shape[0], 2 * plus.shape[1]))
    both[:, 0::2], both[:, 1::2] = plus, minus
    return both


def trained_array(conductance: FloatArray, wire_resistance: float) -> Crossbar:
    """Return conductances [S] as a 1T1R array of the paper's device, SL along the rows."""
    cell = Cell(load_card(CARD), load_card(SELECTOR), selector_parameters=WIDTH)
    line = Line(wire_resistance)
    rows, columns = conductance.shape
    return Crossbar(
        cell, rows, columns, source_line="row", bl=line, wl=line, sl=line, initial_conductance=conductance
    )  # fmt: skip


def block(parameters: BlockParameters, engine: str, record: RunRecord) -> pd.DataFrame:
    """Return one row per image and neuron.

    Returns
    -------
    DataFrame
        image, neuron, ngspice, engine, ideal (difference of the currents of the pair [A]), spike_circuit, spike_engine;
        ``attrs`` hold the largest current of a line [A] and the largest error of one [A].
    """
    import pandas as pd

    images = images_of(parameters.mnist)
    run = ternary_run(parameters, record)
    plus, minus = layers_of(run, parameters.mnist, record)[0].conductances()
    rows = np.sort(np.argsort(-images.train.mean(axis=0), kind="stable")[: parameters.rows])
    chosen = np.ix_(rows, np.arange(parameters.neurons))
    conductance = interleaved(plus[chosen], minus[chosen]) * run.device().g_max
    array = trained_array(conductance, parameters.wire_resistance)
    inputs = images.test[: parameters.shown][:, rows] * parameters.read_voltage
    largest = float((inputs @ conductance).max())
    ohm = float(f"{1.0 / largest:.1e}")  # at most 1 V from the common mode
    readout = Readout(pairing="differential", feedback_resistance=ohm, sense_threshold=0.0, gain=1e6)
    design = ReadoutArray(array, readout)
    bench = replace(vector_bench(design, inputs), options=FINE)
    alone = array_bench(bench)
    bits = tuple(f"v(bit{k})" for k in design.output_numbers)
    neurons = simulate(replace(bench, probes=bits), engine)
    lines = [f"i({line})" for line in design.read_lines]
    circuit, reference = simulate(alone, engine), simulate(replace(alone, options={}), "numpy")
    found, wanted = (-np.array([waves[name] for name in lines]).T for waves in (circuit, reference))
    fired = readout.supply / 2 < np.array([neurons[name] for name in bits]).T
    number, neuron = (np.asarray(index) for index in np.indices(fired.shape))
    columns: dict[str, AnyArray] = {
        "image": number, "neuron": neuron, "ngspice": _pairs(found), "engine": _pairs(wanted),
        "ideal": _pairs(inputs @ conductance), "spike_circuit": fired,
        "spike_engine": _pairs(wanted) > 0,
    }  # fmt: skip
    table = pd.DataFrame({name: np.ravel(values) for name, values in columns.items()})
    table.attrs["units"] = {"ngspice": "A", "engine": "A", "ideal": "A"}
    table.attrs["largest"] = float(np.abs(wanted).max())
    table.attrs["error"] = float(np.abs(found - wanted).max())
    table.attrs["cpu"] = [float(waves.provenance["cpu_seconds"]) for waves in (circuit, neurons)]
    return table


def _pairs(currents: FloatArray) -> FloatArray:
    return currents[:, 0::2] - currents[:, 1::2]


def wrong_spikes(table: pd.DataFrame) -> float:
    """Return the spikes that differ although the current is further from zero than the error of the currents."""
    clear = table["engine"].abs() > 2 * table.attrs["error"]
    return float(((table["spike_circuit"] != table["spike_engine"]) & clear).sum())


def plot_block(table: pd.DataFrame, path: Path) -> None:
    """Draw the differences of the circuit against those of the product without wires."""
    from rramcirc.figures.style import COLOURS, drawn

    with drawn(path, 3.4) as figure:
        left, right = figure.subplots(1, 2)
        for fired, colour, label in ((True, COLOURS[1], "spike"), (False, COLOURS[0], "none")):
            rows = table[table["spike_circuit"] == fired]
            left.plot(rows["ideal"] * 1e9, rows["ngspice"] * 1e9, ".", color=colour, markersize=3, label=label)
        left.set_xlabel("product without wires [nA]")
        left.set_ylabel("I+ - I- in the circuit [nA]")
        left.legend(title="sense amplifier", loc="upper left")
        spikes = table.pivot(index="image", columns="neuron", values="spike_circuit").to_numpy(float)
        right.imshow(spikes, cmap="Greys", aspect="auto", interpolation="nearest")
        right.grid(False)
        right.set_xlabel("neuron")
        right.set_ylabel("test image")
        right.set_title("spikes")


def remarks(table: pd.DataFrame) -> list[str]:
    """Return sizes, errors and times."""
    unclear = int((table["engine"].abs() <= 2 * table.attrs["error"]).sum())
    changed = int(((table["ideal"] > 0) != table["spike_circuit"]).sum())
    return [
        f"{len(table)} potentials of {table['image'].nunique()} images: {int(table['spike_circuit'].sum())} spikes, "
        f"{changed} not as without wires; {unclear} potentials within the error of the threshold",
        f"largest current of a line {table.attrs['largest']:.3g} A, largest error {table.attrs['error']:.1e} A",
        f"processor time of ngspice {table.attrs['cpu'][0]:.2f} s, with amplifiers {table.attrs['cpu'][1]:.2f} s",
    ]


SAME_MODELS = "circuit simulator and array engine read the same models"
EXPERIMENT = Experiment(
    name="fouda2020-block",
    paper="Fouda2020",
    figure="Fig. 1",
    claim="a layer of pairs of RRAMs, amplifiers and thresholds computes the spikes of the network",
    parameters=BlockParameters(),
    quick=BlockParameters(epochs=2, tuning=0, train=10_000, held=2_000, rows=16, neurons=8, shown=10),
    run=block,
    plot=plot_block,
    expected=(
        Expected(
            "error of the currents against the array engine", lambda t: t.attrs["error"] / t.attrs["largest"],
            "1", None, 1e-4, "-", "assumed", "Fig. 1", "own levels", SAME_MODELS,
        ),
        Expected(
            "spikes that differ", wrong_spikes,
            "1", None, 0.0, "binary spikes", "assumed", "Eq. 2", "own levels", SAME_MODELS,
        ),
        Expected(
            "share of potentials with a spike", lambda t: float(t["spike_circuit"].mean()),
            "1", 0.05, 0.95, "-", "assumed", "Eq. 1b",
            "independent", "an array whose neurons all spike, or none, would hide errors",
        ),
    ),
    engines=("ngspice",),
    settings=settings,
    remarks=remarks,
    resumable=True,
)  # fmt: skip
