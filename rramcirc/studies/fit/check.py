"""The referee of a fit: the fitted card in ngspice, under the voltages of the measurement."""

from __future__ import annotations

import numpy as np

from rramcirc.basics.arrays import FloatArray
from rramcirc.basics.errors import SimulationError
from rramcirc.bench.analyses import Transient
from rramcirc.bench.stimuli import PiecewiseLinear
from rramcirc.bench.testbench import Testbench
from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.veriloga.declarations import Parameter
from rramcirc.engines.simulation import simulate
from rramcirc.studies.fit.fit import FitResult
from rramcirc.studies.fit.model import Protocol
from rramcirc.studies.fit.problem import log_ratio
from rramcirc.studies.fit.settings import Settings
from rramcirc.studies.fit.verdict import rms

_REFEREED, _REFEREED_CELLS = 48, 6  # devices of a file that ngspice simulates; with a transistor each is a run
_EDGE = 1e-3  # of the shortest pulse: rise and fall time in ngspice
_DISAGREE = 0.02  # difference of ln(current) between compiled model and ngspice worth a warning


def check_with_ngspice(result: FitResult) -> list[str]:
    """Simulate the fitted card in ngspice, one run for every file, and return one line for each.

    Devices of a file stand side by side in one circuit; of many, some are taken evenly.
    """
    lines = []
    for protocol, found in zip(result.protocols, result.predictions, strict=True):
        most = _REFEREED if protocol.series is None else _REFEREED_CELLS
        devices = np.unique(np.linspace(0, len(protocol.start) - 1, most).round().astype(int))
        part = protocol.subset(devices)
        kept = np.isin(protocol.device, devices)
        try:
            current = ngspice_currents(
                result.card, part, {n: v[devices] for n, v in found.states.items()}, result.settings
            )
        except SimulationError as error:
            lines.append(f"ngspice: {protocol.data.path}: {error}")
            continue
        apart = rms(log_ratio(current, np.abs(found.current[kept])))
        rest = rms(log_ratio(current, part.current))
        warning = "; ngspice and the fit differ, trust ngspice" if apart > _DISAGREE else ""
        lines.append(
            f"ngspice: {protocol.data.path}: {len(devices)} of {len(protocol.start)} devices, rms of ln(ngspice/data) "
            f"{100 * rest:.3g} %, of ln(ngspice/fit) {100 * apart:.2g} %{warning}"
        )
    return lines


def ngspice_currents(
    card: ModelCard, protocol: Protocol, states: dict[str, FloatArray], settings: Settings
) -> FloatArray:
    """Return what ngspice reads, for every reading of a protocol [A].

    Parameters
    ----------
    states : dict of (N,) arrays
        States at the first corner [their units].
    """
    count, module = len(protocol.start), card.declaration
    assert module is not None
    parameter = {name: module.parameters[f"{name}_ini"] for name in states}
    states = {n: np.array([_inside(parameter[n], v) for v in values]) for n, values in states.items()}
    wholes = [_edges(protocol, k) for k in range(count)]
    stop = max(times[-1] for times, *_ in wholes)
    options = {"reltol": 1e-5}
    if protocol.series is None:
        stimuli = {f"bl{k}": PiecewiseLinear(times, volts) for k, (times, volts, _, _) in enumerate(wholes)}
        design = Crossbar(Cell(card), 1, count, initial_state={n: v[None, :] for n, v in states.items()})
        bench = Testbench(design, Transient(stop, stop / 200), stimuli, settings.temperature, options, ("i(bl*)",))
        waves = simulate(bench)
        read = [(waves.time, waves[f"i(bl{k})"]) for k in range(count)]
    else:
        read, raised = [], protocol.source_line is None
        for k, (times, volts, gates, _) in enumerate(wholes):
            cell = Cell(card, protocol.series, initial_state={n: v[k] for n, v in states.items()})
            stimuli = {
                "bl": PiecewiseLinear(times, np.maximum(volts, 0.0) if raised else volts),
                "sl": PiecewiseLinear(times, np.maximum(-volts, 0.0) if raised else 0.0 * volts),
                "wl": PiecewiseLinear(times, gates),
            }  # fmt: skip
            end = Transient(float(times[-1]), float(times[-1]) / 200)
            waves = simulate(Testbench(cell, end, stimuli, settings.temperature, options))
            read.append((waves.time, waves["current"]))
    return np.array([
        np.interp(wholes[d][3][c], *read[d]) for d, c in zip(protocol.device, protocol.corner, strict=True)
    ])  # fmt: skip


def _inside(parameter: Parameter, value: float) -> float:
    """Return a state inside its declared range: the search may end some 1e-12 outside."""
    if parameter.allows(value):
        return float(value)
    return next((v for v in (value * (1 - 1e-9), value * (1 + 1e-9), 0.0) if parameter.allows(v)), float(value))


def _edges(protocol: Protocol, k: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return times, voltages and gates of a device with jumps as short edges, and when its corners are read [s]."""
    good = np.isfinite(protocol.times[k])
    times, volts = protocol.times[k][good], protocol.voltages[k][good]
    gates = np.zeros_like(volts) if protocol.gates is None else protocol.gates[k][good]
    steps = np.diff(times)
    edge = _EDGE * float(steps[steps > 0].min(initial=np.inf))
    hold = 0.0 if protocol.data.kind == "sweep" else 20 * edge  # a read takes time
    new, at, place = [0.0], [0.0], 0.0
    for step, change in zip(steps, np.diff(volts), strict=True):
        place += step if step > 0 else edge
        new.append(place)
        at.append(place)
        if step <= 0 and change and hold:
            at[-1] = place + 0.5 * hold
    times = np.array(new)
    if hold:  # after each jump to the read voltage, wait
        read = np.isin(np.arange(len(volts)), protocol.corner[protocol.device == k]) & np.r_[False, steps <= 0]
        shift = hold * np.r_[0, np.cumsum(read)[:-1]]
        order = np.argsort(np.r_[np.arange(len(times)), np.flatnonzero(read) + 0.5], kind="stable")
        waits = (times + shift)[read] + hold
        at = np.array(at) + shift
        times = np.r_[times + shift, waits][order]
        volts, gates = (np.r_[a, a[read]][order] for a in (volts, gates))
    return times, volts, gates, np.array(at)
