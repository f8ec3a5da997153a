"""The runs of a population, device by device and cycle by cycle, and what a card makes of each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rramcirc.basics.arrays import FloatArray, IntArray
from rramcirc.basics.errors import ParameterError
from rramcirc.devices.cards.model_card import ModelCard
from rramcirc.devices.compiled.conductance import _Path, states_for_conductance
from rramcirc.devices.pulses.response import pulse_response
from rramcirc.studies.fit.data import Measurement
from rramcirc.studies.fit.features import features
from rramcirc.studies.fit.model import Protocol, make_protocol
from rramcirc.studies.fit.settings import Settings

_TOLERANCE = 1e-4  # error of a step of the integration [unit of the states]
_INSIDE = 1e-6  # a start is this far from the ends of what a device reaches [1]


@dataclass(frozen=True)
class Runs:
    """N runs of all files: a cycle of a sweep, a pulse, or a train each.

    Attributes
    ----------
    protocols
        One for each file, in whose order the runs are.
    device : (N,) array
        Number of the device of each run.
    names, units : tuples of F
        Figures that are counted.
    values, noise : (N, F) arrays
        Measured figures (NaN: not in this run), and the variance that the noise of readings makes.
    start : (N,) array
        Conductance at the start of each run [S].
    settings
        Circuit of the measurement.
    remarks
        How devices were told apart.
    """

    protocols: tuple[Protocol, ...]
    device: IntArray
    names: tuple[str, ...]
    units: tuple[str, ...]
    values: FloatArray
    noise: FloatArray
    start: FloatArray
    settings: Settings
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.device)

    @property
    def devices(self) -> int:
        """How many devices there are."""
        return int(self.device.max()) + 1

    def subset(self, chosen: IntArray) -> Runs:
        """Return some of the runs, in ascending order; devices keep their numbers."""
        first, protocols = 0, []
        for p in self.protocols:
            own = chosen[(chosen >= first) & (chosen < first + len(p.start))] - first
            first += len(p.start)
            if len(own):
                protocols.append(p.subset(own))
        cut = {name: getattr(self, name)[chosen] for name in ("device", "values", "noise", "start")}
        return replace(self, protocols=tuple(protocols), **cut)

    def predict(self, card: ModelCard, parameters: Mapping[str, FloatArray], deviates: FloatArray) -> FloatArray:
        """Return what a card makes of all runs.

        Parameters
        ----------
        card
            Values that all devices share.
        parameters : dict of (N,) arrays
            Instance parameters of each run [their units].
        deviates : (N,) array
            Of each run at the terminal nz [standard deviations].

        Returns
        -------
        (N, F) array
            Figures, NaN where a run does not have it.
        """
        found = np.full(self.values.shape, np.nan)
        first = 0
        for p in self.protocols:
            own = slice(first, first + len(p.start))
            first += len(p.start)
            some = {name: values[own] for name, values in parameters.items()}
            current = _currents(card, p, self.start[own], some, deviates[own], self.settings)
            counted = features(p, current)
            found[own, [self.names.index(name) for name in counted.names]] = counted.values
        return found


def _currents(
    card: ModelCard, p: Protocol, start: FloatArray, parameters: Mapping[str, FloatArray], deviates: FloatArray,
    settings: Settings,
) -> FloatArray:  # fmt: skip
    """Return the currents at all corners of a protocol [A]."""
    reach = _Path(card).table(parameters, len(start), settings.temperature)
    inside = np.clip(start, reach[-1] * (1.0 + _INSIDE), reach[0] * (1.0 - _INSIDE))
    states = states_for_conductance(card, inside, parameters, temperature=settings.temperature)
    return pulse_response(
        card, p.times, p.voltages, states, temperature=settings.temperature, tolerance=_TOLERANCE, selector=p.series,
        source_line=p.source_line, gate_voltages=0.0 if p.gates is None else p.gates, parameters=parameters,
        noise=deviates if card.declaration is not None and "nz" in card.declaration.ports else 0.0,
    ).current  # fmt: skip


def gather(measured: Sequence[Measurement], settings: Settings) -> Runs:
    """Return the runs of all files.

    Raises
    ------
    ParameterError
        If the files do not say which device is which.
    """
    protocols = tuple(make_protocol(m, settings) for m in measured)
    counted = [features(p) for p in protocols]
    device, remark = _devices(measured, protocols)
    names: dict[str, str] = {}
    for one in counted:
        names |= dict(zip(one.names, one.units, strict=True))
    order = list(names)
    total = sum(len(p.start) for p in protocols)
    values, noise = np.full((total, len(order)), np.nan), np.zeros((total, len(order)))
    first = 0
    for p, one in zip(protocols, counted, strict=True):
        place = (slice(first, first + len(p.start)), [order.index(name) for name in one.names])
        values[place], noise[place] = one.values, one.noise
        first += len(p.start)
    start = np.concatenate([one.start for one in counted])
    return Runs(protocols, device, tuple(order), tuple(names.values()), values, noise, start, settings, remark)


def _devices(measured: Sequence[Measurement], protocols: Sequence[Protocol]) -> tuple[IntArray, tuple[str, ...]]:
    """Return the device of every run, and how they are told apart."""
    named = ["device" in m.columns for m in measured]
    if not all(named) and any(named):
        bad = ", ".join(str(m.path) for m, has in zip(measured, named, strict=True) if not has)
        raise ParameterError(f"{bad}: no column device, which the other files have.")
    if not any(named):
        if len(measured) == 1:
            raise ParameterError(
                f"{measured[0].path}: one device. Of a population a column 'device' (or the address) tells devices "
                "apart, or give one file for each."
            )
        pieces = [np.full(len(p.start), k) for k, p in enumerate(protocols)]
        return np.concatenate(pieces), (f"{len(measured)} devices: one file each",)
    pieces = [m.columns["device"][_first_rows(p)].astype(np.int64) for m, p in zip(measured, protocols, strict=True)]
    counts = {len(np.unique(piece)) for piece in pieces}
    said: tuple[str, ...] = ()
    if len(pieces) > 1 and len(counts) == 1:
        said = (f"{counts.pop()} devices in each file: taken as the same ones, in the order of their names",)
    elif len(pieces) > 1:
        said = ("the files hold different numbers of devices: taken as others in each",)
        offsets = np.cumsum([0, *(int(piece.max()) + 1 for piece in pieces[:-1])])
        pieces = [piece + offset for piece, offset in zip(pieces, offsets, strict=True)]
    return np.concatenate(pieces), said


def _first_rows(p: Protocol) -> IntArray:
    """Return a row of the file that belongs to each run."""
    rows = np.zeros(len(p.start), np.int64)
    rows[p.device[::-1]] = p.row[::-1]
    return rows


__all__ = ["Runs", "gather"]
