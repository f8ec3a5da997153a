"""What the cells of a network at device level saw against their cards: voltages, currents, pulse widths, temperature.

A cell's voltage in a pulse moves between that at its first and at its last state, so it is looked at there, in every
kind of pulse that its matrix gets. Its current is the largest of all pulses and reads.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.basics.units import format_number
from rramcirc.bench.testbench import Testbench
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.compiled.devices import CompiledDevices
from rramcirc.engines.network.device_cells import CellBank
from rramcirc.engines.network.device_plan import Plan
from rramcirc.engines.validity import SURVIVED, VOLTAGES, Farthest, of_the_bench


def device_validity(bench: Testbench, plan: Plan, bank: CellBank) -> tuple[list[str], list[str]]:
    """Return (problems, remarks): currents that no device survives, and conditions that the cards do not hold for."""
    rram, selector = bank.cell.rram, bank.cell.selector
    assert selector is not None  # by the record of the network
    remarks = [*of_the_bench(bench, (rram, selector)), *_width(plan, rram)]
    places = [
        f"{matrix}[{i},{j}]" for matrix in plan.matrices for i in range(plan.shape[1]) for j in range(plan.shape[2])
    ]
    current = np.where(bank.most >= np.abs(bank.kept.ravel()), bank.most, np.abs(bank.kept.ravel()))[None]
    survived = Farthest(rram.validity.get("survived_current", SURVIVED), len(places))
    survived.add(current)
    problems = [f"current of {text}; no device carries that"] if (text := survived.text(places)) else []
    if "current" in rram.validity:
        beyond = Farthest(rram.validity["current"], len(places))
        beyond.add(current)
        remarks += _told(rram, "current", beyond, places)
    pulsed = np.flatnonzero(bank.most > 0.0)
    if not pulsed.size or not {*rram.validity, *selector.validity} & set(VOLTAGES):
        return problems, remarks
    volts = [_voltages(plan, bank, pulsed, nodes) for nodes in (bank.begun[pulsed], bank.nodes[pulsed])]
    own = [places[cell] for cell in pulsed]
    for card, name, ends in _conditions(rram, selector):
        seen = Farthest(card.validity[name], pulsed.size)
        for across, over in volts:
            gate = bank.on_level[pulsed // plan.shape[2] % plan.shape[1]][None]
            value = {("te", "be"): across, ("d", "s"): over, ("g", "b"): gate, ("g", "s"): gate - bank.level}[ends]
            seen.add(value)
        remarks += _told(card, name, seen, own)
    return problems, remarks


def _conditions(rram: ModelCard, selector: ModelCard) -> Iterator[tuple[ModelCard, str, tuple[str, str]]]:
    for card, known in ((rram, {("te", "be")}), (selector, {("d", "s"), ("g", "b"), ("g", "s")})):
        for name in card.validity:
            if VOLTAGES.get(name) in known:
                yield card, name, VOLTAGES[name]


def _told(card: ModelCard, name: str, seen: Farthest, places: list[str]) -> list[str]:
    text = seen.text(places)
    return [f"{card.name}: {name} of {text}; the card does not hold there"] if text else []


def _width(plan: Plan, card: ModelCard) -> list[str]:
    """Return a sentence if te pulses are shorter or longer than the card holds for."""
    limits, pulses = card.validity.get("pulse_width"), plan.neuron.pulses
    if not limits or not pulses.writing_time or limits.minimum <= pulses.te_width <= limits.maximum:
        return []
    return [
        f"{card.name}: te pulses are {format_number(pulses.te_width, 's')} wide, outside "
        f"{format_number(limits.minimum, 's')} ... {format_number(limits.maximum, 's')}; the card does not hold there"
    ]


def _voltages(plan: Plan, bank: CellBank, cells: IntArray, nodes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the voltages of RRAM and selector in every kind of pulse, (kinds, cells) each [V]."""
    matrix, pulses = cells // (plan.shape[1] * plan.shape[2]), plan.neuron.pulses
    kinds = [np.array(plan.amplitudes)[matrix]]
    if pulses.reset_voltage:
        kinds.append(np.where(matrix == 0, -pulses.reset_voltage, 0.0))
    terminals = CompiledDevices(bank.cell.rram, 1, {}, temperature=bank.temperature).terminals
    te, be = terminals.index("te"), terminals.index("be")
    across = []
    for volts in kinds:
        whole = np.zeros((cells.size, bank.node_count))
        bank.read_cells(cells, volts, None, np.ascontiguousarray(nodes), whole)
        across.append(whole[:, te] - whole[:, be])
    found = np.array(across)
    return found, np.array(kinds) - found
