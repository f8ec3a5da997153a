"""Useful testbenches by default: what `rramcirc build-netlist CIRCUIT` writes when nothing else is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from rramcirc.basics.errors import ParameterError, unknown_name
from rramcirc.bench.analyses import Transient
from rramcirc.bench.stimuli import Constant, PiecewiseLinear, Pulse, triangle
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.array.line import Line
from rramcirc.circuits.network.benches import hopfield_bench, neuron_bench, perceptron_bench, recurrent_bench
from rramcirc.circuits.readout.benches import conductance_window, differential_array, read_pulse_bench
from rramcirc.circuits.readout.readout import Readout, ReadoutArray
from rramcirc.circuits.synapse.pulses import synapse_bench
from rramcirc.devices.cards.card import load_card
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.cards.variability import sample_devices

RRAM_CARD, SELECTOR_CARD, PLASTIC_CARD = "hfo2_filament", "nmos_select", "plastic_zoppo2019"


@dataclass(frozen=True)
class Request:
    """What the command line says about a circuit; None is the circuit's own default."""

    rram: str | None = None
    selector: str | None = None
    rows: int | None = None
    columns: int | None = None
    wire_resistance: float | None = None
    spread: tuple[tuple[str, float], ...] = ()
    card_spread: bool = False
    seed: int | None = None


def default_bench(circuit: str, request: Request) -> Testbench:
    """Return the default testbench of a circuit.

    Parameters
    ----------
    circuit
        ``"cell"``: SET and RESET butterfly at 1 V/s. ``"crossbar"``: a 100 ns read pulse on all lines. ``"readout"``:
        the read of an input vector on an array with transimpedance amplifiers. ``"synapse"``: a 1T1R cell that sees one
        PRE spike at its gate and one POST spike at its top electrode, with reads before and after. ``"lif"``: a neuron
        that gets a step of current. ``"hopfield"``, ``"perceptron"``, ``"recurrent"``: networks that learn.
    request
        Cards, size, wires, spread.

    Raises
    ------
    ParameterError
        If the circuit is unknown; names the nearest.
    """
    if circuit not in CIRCUITS:
        raise ParameterError(
            unknown_name("circuit", circuit, CIRCUITS, "`rramcirc build-netlist --help` describes them.")
        )
    return CIRCUITS[circuit](request)


def butterfly(
    cell: Cell,
    *,
    set_voltage: float | None = None,
    reset_voltage: float | None = None,
    gate_voltage: float = 1.1,
    reset_gate_voltage: float = 3.0,
    ramp_rate: float | None = None,
) -> Testbench:
    """Return the I-V loop of a cell: SET, then RESET.

    In a 1T1R cell SET is a ramp of the BL with the current limited by the gate, and RESET a ramp of the SL with the BL
    at 0 V, so that no junction conducts. In a 1R cell the BL does both.

    Parameters
    ----------
    set_voltage, reset_voltage
        Peaks of the ramps, both positive [V]; default the card's.
    gate_voltage, reset_gate_voltage
        WL level during SET and RESET [V].
    ramp_rate
        Slope of both ramps [V/s]; default the card's.
    """
    sweep = cell.rram.butterfly
    v_set = sweep.set_voltage if set_voltage is None else set_voltage
    v_reset = sweep.reset_voltage if reset_voltage is None else reset_voltage
    rate = sweep.ramp_rate if ramp_rate is None else ramp_rate
    t_set, t_reset = v_set / rate, v_reset / rate
    stop = 2 * (t_set + t_reset)
    if cell.selector is None:
        stimuli = {"bl": triangle(v_set, -v_reset, ramp_rate=rate)}
    else:
        turn = [0.0, 2 * t_set, 2 * t_set + 1e-3 * stop]
        stimuli = {
            "bl": triangle(v_set, ramp_rate=rate),
            "sl": PiecewiseLinear([0.0, 2 * t_set, 2 * t_set + t_reset, stop], [0.0, 0.0, v_reset, 0.0]),
            "wl": PiecewiseLinear(turn, [gate_voltage, gate_voltage, reset_gate_voltage]),
        }
    return Testbench(cell, Transient(stop, max_step=stop / 400), stimuli)


def array_read(array: Crossbar, *, read_voltage: float = 0.2, gate_voltage: float = 2.0) -> Testbench:
    """Return a 100 ns read of a whole array: all WL on, an 80 ns pulse on all BL.

    Parameters
    ----------
    read_voltage
        Amplitude on the bit lines [V].
    gate_voltage
        Level of the word lines of a 1T1R array [V].
    """
    stimuli: dict = {"bl": Pulse(read_voltage, 80e-9, delay=5e-9, rise=1e-9, fall=1e-9)}
    if array.cell.selector is not None:
        stimuli["wl"] = Constant(gate_voltage)
    return Testbench(array, Transient(100e-9, max_step=5e-9), stimuli)


def _cards(request: Request) -> tuple[ModelCard, ModelCard | None]:
    rram = load_card(request.rram or RRAM_CARD)
    name = rram.butterfly.selector if request.selector is None else request.selector
    return rram, None if name == "none" else load_card(name)


def _cell_bench(request: Request) -> Testbench:
    rram, selector = _cards(request)
    for name, value in (("--rows", request.rows), ("--columns", request.columns)):
        if value not in (None, 1):
            raise ParameterError(f"{name} {value}: a cell has one row and one column. For an array use crossbar.")
    if request.wire_resistance:
        raise ParameterError("--wire-resistance: a cell has no wires. For an array use crossbar.")
    spread = {name: float(values[0, 0]) for name, values in draw_spread(request, (1, 1)).items()}
    return _seeded(butterfly(Cell(rram, selector, rram_parameters=spread)), request)


def _crossbar_bench(request: Request) -> Testbench:
    rram, selector = _cards(request)
    rows = 4 if request.rows is None else request.rows
    columns = rows if request.columns is None else request.columns
    ohm = 2.5 if request.wire_resistance is None else request.wire_resistance
    array = Crossbar(
        Cell(rram, selector),
        rows,
        columns,
        bl=Line(ohm),
        wl=Line(ohm),
        sl=Line(ohm, end="last"),
        rram_parameters=draw_spread(request, (rows, columns)),
    )
    return _seeded(array_read(array), request)


def _readout_bench(request: Request) -> Testbench:
    rram, selector = _cards(request)
    rows = 4 if request.rows is None else request.rows
    columns = rows if request.columns is None else request.columns
    if columns % 2:
        raise ParameterError(f"--columns {columns}: pairs of columns G+ and G- need an even number.")
    weights = np.linspace(-1.0, 1.0, rows * columns // 2).reshape(rows, columns // 2)
    ohm = 2.5 if request.wire_resistance is None else request.wire_resistance
    low, high = conductance_window(rram)
    array, _ = differential_array(weights, Cell(rram, selector), low=low, high=high, wire_resistance=ohm)
    array = replace(array, rram_parameters=draw_spread(request, array.shape))
    fits = float(f"{1.0 / (0.1 * rows * high):.1e}")  # 1 V at the largest current of a line
    readout = Readout(feedback_resistance=fits, pairing="differential", hold_capacitance=1e-12, bits=6)
    vector = np.linspace(0.1, 0.05, rows)
    return _seeded(read_pulse_bench(ReadoutArray(array, readout), vector), request)


def _synapse_bench(request: Request) -> Testbench:
    if request.rows not in (None, 1) or request.columns not in (None, 1) or request.wire_resistance:
        raise ParameterError("synapse: one cell, without --rows, --columns and --wire-resistance.")
    rram, selector = _cards(request)
    spread = {name: float(values[0, 0]) for name, values in draw_spread(request, (1, 1)).items()}
    return _seeded(synapse_bench(Cell(rram, selector, rram_parameters=spread)), request)


def _neuron_bench(request: Request) -> Testbench:
    _refuse("lif", request, rows=request.rows, columns=request.columns, card=request.rram, selector=request.selector)
    return _seeded(neuron_bench(), request)


def _hopfield_bench(request: Request) -> Testbench:
    _refuse("hopfield", request)
    neurons = 4 if request.rows is None else request.rows
    if request.columns not in (None, neurons):
        raise ParameterError(f"--columns {request.columns}: a network of {neurons} neurons has as many columns.")
    if neurons < 2:
        raise ParameterError(f"--rows {neurons}: a Hopfield network has at least 2 neurons.")
    return hopfield_bench(_synapse(request), neurons, seed=1 if request.seed is None else request.seed)


def _perceptron_bench(request: Request) -> Testbench:
    _refuse("perceptron", request)
    inputs, outputs = (4 if request.rows is None else request.rows), (1 if request.columns is None else request.columns)
    return _seeded(perceptron_bench(_synapse(request), inputs, outputs), request)


def _recurrent_bench(request: Request) -> Testbench:
    _refuse("recurrent", request, selector=request.selector)
    neurons = 4 if request.rows is None else request.rows
    if request.columns not in (None, neurons):
        raise ParameterError(f"--columns {request.columns}: a network of {neurons} neurons has as many columns.")
    return recurrent_bench(request.rram or PLASTIC_CARD, neurons, seed=1 if request.seed is None else request.seed)


def _synapse(request: Request) -> Cell:
    rram, selector = _cards(request)
    return Cell(rram, load_card(SELECTOR_CARD) if selector is None and request.selector is None else selector)


def _refuse(circuit: str, request: Request, **given: object) -> None:
    """Raise ParameterError if the request says what a circuit without wires and spread does not have."""
    given |= {"wire-resistance": request.wire_resistance, "spread": request.spread or request.card_spread or None}
    extra = [f"--{name}" for name, value in given.items() if value]
    if extra:
        raise ParameterError(f"{', '.join(extra)}: there is no such thing in the circuit {circuit}.")


def draw_spread(request: Request, shape: tuple[int, int]) -> dict[str, np.ndarray]:
    """Return draws of instance parameters from the request's seed: the card's spread, then what was named."""
    if not request.spread and not request.card_spread:
        return {}
    if request.seed is None:
        raise ParameterError("--spread needs --seed, so that the same devices can be drawn again.")
    rng = np.random.default_rng(request.seed)
    card = load_card(request.rram or RRAM_CARD)
    if request.card_spread and not card.variability:
        raise ParameterError(f"--spread card: {card.name} has no [variability] table; write NAME=SIGMA.")
    drawn = sample_devices(card, shape, rng) if request.card_spread else {}
    return drawn | {name: rng.normal(float(card.value(name)), sigma, shape) for name, sigma in request.spread}


def _seeded(bench: Testbench, request: Request) -> Testbench:
    return replace(bench, seed=request.seed)


CIRCUITS: dict[str, Callable[[Request], Testbench]] = {
    "cell": _cell_bench,
    "crossbar": _crossbar_bench,
    "readout": _readout_bench,
    "synapse": _synapse_bench,
    "lif": _neuron_bench,
    "hopfield": _hopfield_bench,
    "perceptron": _perceptron_bench,
    "recurrent": _recurrent_bench,
}
