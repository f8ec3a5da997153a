"""Studies of the synapse: STDP, potentiation and depression, rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rramcirc.basics.errors import ParameterError, a_kind
from rramcirc.studies.doors.result import StudyResult

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from matplotlib.figure import Figure

    from rramcirc.bench.synapse_pulses import SynapsePulses
    from rramcirc.circuits.array.cell import Cell
    from rramcirc.devices.cards.model_card import ModelCard
    from rramcirc.devices.pulses.table import PulseTable

SELECTOR = "nmos_select"


def stdp(
    cell: Cell | ModelCard | str = "hfo2_filament",
    pulses: SynapsePulses | None = None,
    delays: Sequence[float] | None = None,
    *,
    repeats: int | None = None,
    seed: int = 1,
    engine: str = "ngspice",
    compare: bool = True,
    quick: bool = False,
) -> StudyResult:
    """Measure the change of conductance against the delay between PRE and POST spike, from HRS and from LRS.

    All synapses are independent cells of one transient. Devices and cycles differ by the card's spread.

    Parameters
    ----------
    cell
        1T1R cell; of a card, its name or its file, with the selector ``nmos_select``.
    pulses
        Pulses of the neurons; default `SynapsePulses`.
    delays
        POST minus PRE spike times [s]; default -20 ms to 20 ms in steps of 1 ms, with `quick` of 4 ms.
    repeats
        Devices at every delay [1]; default 20, with `quick` 4.
    seed
        Seed of devices and cycles [1].
    engine
        ``"ngspice"``, ``"vacask"`` or ``"numpy"``.
    compare
        Also ask the pulse table of the card, which is measured if there is none yet.
    quick
        Take fewer delays and devices.

    Returns
    -------
    StudyResult
        Table: start (HRS or LRS), repeat, delay [s], before [S], after [S], change [S], x [1] (state after, 0 is HRS).
        Quantities: rectangular and exponential window of both branches. ``details["compared"]``: circuit against pulse
        table, one row for each delay, or None; ``details["table"]``: the `PulseTable`.

    References
    ----------
    [Pedretti2018]_ Section II.

    Examples
    --------
    >>> import rramcirc as rc
    >>> answer = rc.study.stdp(delays=[-5e-3, 5e-3], repeats=1, compare=False)
    >>> answer.table.shape
    (4, 7)
    """
    from rramcirc.bench.synapse_pulses import SynapsePulses
    from rramcirc.studies.synapse import DELAYS, stdp, stdp_from_table

    chosen, shape = _cell("stdp", cell), pulses or SynapsePulses()
    times = (DELAYS[::4] if quick else DELAYS) if delays is None else delays
    count = (4 if quick else 20) if repeats is None else repeats
    measured = stdp(chosen, shape, times, repeats=count, seed=seed, engine=engine)
    details: dict[str, Any] = {"compared": None, "table": None}
    files = {"stdp.csv": measured}
    g_range = (4.7e-6, 1e-4)
    if compare:
        details |= _table(chosen, shape, quick)
        table = details["table"]
        details["compared"] = files["stdp_table.csv"] = stdp_from_table(table, shape, measured)
        g_range = (table.g_hrs, table.g_lrs)

    def draw(path: Path | None) -> Figure:
        from rramcirc.studies.synapse_figures import plot_stdp

        return plot_stdp(measured, details["compared"], path, g_range)

    return StudyResult("stdp", measured, draw, "stdp.png", files, _windows(measured), details)


def potentiation(
    cell: Cell | ModelCard | str = "hfo2_filament",
    pulses: SynapsePulses | None = None,
    count: int | None = None,
    *,
    seed: int = 1,
    engine: str = "ngspice",
    quick: bool = False,
) -> StudyResult:
    """Measure the conductance after 1 ... N potentiating and then N depressing spike pairs, from HRS.

    Parameters
    ----------
    cell
        1T1R cell; of a card, its name or its file, with the selector ``nmos_select``.
    pulses
        Pulses of the neurons; default gradual ones, which move the state a little.
    count
        Pairs of each sign [1]; default 30, with `quick` 5.
    seed
        Seed of devices and cycles [1].
    engine
        ``"ngspice"``, ``"vacask"`` or ``"numpy"``.
    quick
        Take fewer pulses and devices.

    Returns
    -------
    StudyResult
        Table: repeat, pulse (0 is before the first), conductance [S]. ``details["said"]``: what the pulse table of the
        card makes of the same pulses, (2 N + 1, samples) [S]; ``details["table"]``: the `PulseTable`.
    """
    from rramcirc.studies.milo_pulses import gradual_pulses
    from rramcirc.studies.synapse import potentiation, potentiation_from_table

    chosen, shape = _cell("potentiation", cell), pulses or gradual_pulses()
    pairs = (5 if quick else 30) if count is None else count
    measured = potentiation(chosen, shape, pairs, repeats=5 if quick else 20, seed=seed, engine=engine)
    details = _table(chosen, shape, quick)
    said = potentiation_from_table(details["table"], shape, pairs)

    def draw(path: Path | None) -> Figure:
        from rramcirc.studies.synapse_figures import plot_potentiation

        return plot_potentiation(measured, said, path)

    files = {"potentiation.csv": measured}
    return StudyResult("potentiation", measured, draw, "potentiation.png", files, details=details | {"said": said})


def srdp(
    cell: Cell | ModelCard | str = "hfo2_filament",
    pulses: SynapsePulses | None = None,
    rates: Sequence[float] | None = None,
    *,
    duration: float = 1.0,
    seed: int = 1,
    engine: str = "ngspice",
    quick: bool = False,
) -> StudyResult:
    """Measure the conductance after uncorrelated PRE and POST spikes against their rate.

    Parameters
    ----------
    cell
        1T1R cell; of a card, its name or its file, with the selector ``nmos_select``.
    pulses
        Pulses of the neurons; default gradual ones, which move the state a little.
    rates
        Mean rates of PRE and of POST [Hz]; default 5 to 80 Hz, with `quick` 10 and 60 Hz.
    duration
        How long the spikes go on [s]; with `quick` 0.3 times that.
    seed
        Seed of devices, cycles and spikes [1].
    engine
        ``"ngspice"``, ``"vacask"`` or ``"numpy"``.
    quick
        Take fewer rates and devices and a shorter time.

    Returns
    -------
    StudyResult
        Table: rate [Hz], start (HRS or LRS), device, train, before [S], after [S], change [S].

    Raises
    ------
    ParameterError
        If a rate is above one over the length of the pulses of a spike.
    """
    from rramcirc.basics.units import positive_number
    from rramcirc.studies.milo_pulses import gradual_pulses
    from rramcirc.studies.synapse_figures import plot_srdp
    from rramcirc.studies.synapse_rate import RATES, srdp

    chosen = _cell("srdp", cell)
    frequencies = ((10.0, 60.0) if quick else RATES) if rates is None else rates
    seconds = positive_number(duration, "srdp: duration", "s") * (0.3 if quick else 1.0)
    measured = srdp(
        chosen, pulses or gradual_pulses(), frequencies, duration=seconds, repeats=3 if quick else 10, seed=seed,
        engine=engine,
    )  # fmt: skip
    return StudyResult("srdp", measured, lambda path: plot_srdp(measured, path), "srdp.png", {"srdp.csv": measured})


def _cell(study: str, given: object) -> Cell:
    """Return a cell, or that of a card with the library's selector."""
    from rramcirc.circuits.array.cell import Cell
    from rramcirc.devices.cards.card import load_card
    from rramcirc.devices.cards.checks import as_card
    from rramcirc.devices.cards.model_card import ModelCard

    if isinstance(given, Cell):
        return given
    if isinstance(given, ModelCard | str):
        return Cell(as_card("Cell.rram", given), load_card(SELECTOR))
    raise ParameterError(f"{study}: give a Cell or a model card, not {a_kind(given)}.")


def _table(cell: Cell, pulses: SynapsePulses, quick: bool) -> dict[str, Any]:
    """Return the pulse table for the amplitudes and the gate voltage of the pulses, measured if there is none yet."""
    from rramcirc.studies.characterise import PulseGrid, stored_table

    amplitudes = tuple(v for v in (-pulses.reset_voltage, pulses.set_voltage) if v)
    grid = PulseGrid(
        amplitudes=amplitudes, gates=(pulses.gate_voltage,), common_mode=pulses.common_mode, devices=24 if quick else 64
    )
    table: PulseTable
    table, path, measured = stored_table(cell.rram, grid, selector=cell.selector)
    return {"table": table, "table file": path, "table measured now": measured}


def _windows(measured: pd.DataFrame) -> dict[str, tuple[float, str]]:
    """Return rectangle and exponential of both branches: potentiation from HRS, depression from LRS."""
    from rramcirc.analysis.spikes import fit_stdp_window

    found = {}
    for start, later in (("HRS", True), ("LRS", False)):
        part = measured[(measured["start"] == start) & ((measured["delay"] > 0) if later else (measured["delay"] < 0))]
        for shape, what in (("rectangular", "width"), ("exponential", "time constant")):
            if part.empty:
                continue
            fit = fit_stdp_window(part["delay"], part["change"], shape)
            head = f"from {start}, {shape}: "
            found[f"{head}change"] = (fit.potentiation if later else fit.depression, "S")
            found[f"{head}{what}"] = (fit.potentiation_time if later else fit.depression_time, "s")
            found[f"{head}residual"] = (fit.residual, "S")
    return found
