"""What the device level neglects while cells sleep, as bounds on the sums over a run."""

from __future__ import annotations

import numpy as np

from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.devices.compiled.devices import CompiledDevices
from rramcirc.devices.compiled.evaluation import wanted
from rramcirc.engines.network.device_cells import CellBank
from rramcirc.engines.network.device_plan import GATE_OFF, Plan

SLEEP = 1e-5  # of its range that all reads of a run may move a state without being followed
FOLLOWED = 1e-3  # of its range that a state moves at most between two looks at a column that is followed
SAMPLE = 2000  # cells of which the rates with a closed gate are looked at


def read_rates(bank: CellBank) -> FloatArray:
    """Return how fast reads have moved each cell at most, (matrices, rows, columns), of its range per second."""
    found: FloatArray = (np.abs(bank.rates) / bank.ranges).max(axis=1, initial=0.0).reshape(bank.shape)
    return found


def open_times(plan: Plan, times: FloatArray, neurons: IntArray, stop: float) -> FloatArray:
    """Return how long the gate of each row was open [s]."""
    found = np.zeros(plan.shape[1])
    for row in range(plan.shape[1]):
        if plan.corners:
            at, levels = plan.corners[row]
            at = np.append(np.minimum(at, stop), stop)
            open_ = np.maximum(levels, np.append(levels[1:], levels[-1])) > GATE_OFF
            found[row] = float(np.diff(at)[open_].sum())
        else:
            own = np.append(times[neurons == row], stop)
            found[row] = np.minimum(np.diff(own), plan.neuron.pulses.gate_width).sum()
    return found


def te_times(plan: Plan, neurons: IntArray) -> FloatArray:
    """Return how long the te pulses of each column lasted at most [s]."""
    counts = np.bincount(neurons, minlength=plan.shape[2]).astype(np.float64)
    return counts * plan.neuron.pulses.writing_time


def neglected(plan: Plan, bank: CellBank, times: FloatArray, neurons: IntArray, stop: float) -> dict[str, float]:
    """Return bounds of what was neglected in a run.

    Returns
    -------
    dict
        ``neglected_reads``: largest sum of the motion of a state by reads, of its range, columns that were followed
        apart. ``neglected_half_selected``: the same by pulses while the gate is closed, over a sample of cells.
        ``gate_charge``: what one edge of one gate displaces into a membrane, of its threshold.
    """
    rates = read_rates(bank)
    rates[:, :, bank.followed] = 0.0
    reads = float((rates * open_times(plan, times, neurons, stop)[None, :, None]).max(initial=0.0))
    return {
        "neglected_reads": reads,
        "neglected_half_selected": _half_selected(plan, bank, te_times(plan, neurons), stop),
        "gate_charge": _gate_charge(plan, bank),
    }


def _half_selected(plan: Plan, bank: CellBank, te: FloatArray, stop: float) -> float:
    """Return the largest sum of the motion of a state while its gate is closed, of its range."""
    order = np.argsort(bank.kept, axis=None)
    order = order[bank.kept.ravel()[order] != 0.0]
    cells = np.unique(order[np.linspace(0, len(order) - 1, min(SAMPLE, len(order))).astype(int)])
    rows, columns = plan.shape[1:]
    matrix, span = cells // (rows * columns), bank.ranges
    off, total = np.zeros(len(cells)), np.zeros(len(cells))
    read = np.where(matrix == 0, bank.read, -bank.read)
    for volts, during in ((read, np.full(len(cells), stop)), (np.array(plan.amplitudes)[matrix], te[cells % columns])):
        rates = bank.read_cells(cells, volts, off)[1]
        total += (np.abs(rates) / span).max(axis=1) * during
    return float(total.max(initial=0.0))


def _gate_charge(plan: Plan, bank: CellBank) -> float:
    """Return the charge at source and drain of an edge of the gate, through the mirror, of the threshold charge."""
    card, level = bank.cell.selector, bank.level
    assert card is not None  # by the record of the network
    selector = CompiledDevices(card, 1, dict(bank.cell.selector_parameters), temperature=bank.temperature)
    points = np.array([[level, gate, level, 0.0] for gate in (0.0, float(bank.on_level.max()))])
    which = np.zeros(2, np.int64)
    charge = wanted(selector.evaluate(points, 1.0, jacobian=False, which=which).reactive)
    moved = float(np.abs(charge[1, [0, 2]] - charge[0, [0, 2]]).sum())
    return moved * plan.neuron.input_gain / (plan.neuron.capacitance * plan.neuron.threshold)
