"""Studies of one device: I-V loop, single pulses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rramcirc.studies.doors.result import StudyResult

if TYPE_CHECKING:
    from rramcirc.circuits.array.cell import Cell
    from rramcirc.devices.cards.model_card import ModelCard


def iv(
    card: ModelCard | str | Cell = "hfo2_filament", *, cycles: int | None = None, engine: str = "ngspice",
    quick: bool = False,
) -> StudyResult:  # fmt: skip
    """Sweep a card's cell through its I-V loop: SET and RESET voltage, LRS, HRS, currents.

    Parameters
    ----------
    card
        RRAM card, its name or its file; the cell is the one the card is meant for, 1R or 1T1R. Or a cell of one's own,
        which begins in its own state; the voltages are those of its RRAM's card.
    cycles
        Loops [1]; the last one is returned. Default 2, with `quick` 1.
    engine
        ``"ngspice"``, ``"vacask"`` or ``"numpy"``.
    quick
        Take fewer loops.

    Returns
    -------
    StudyResult
        Table: time [s], voltage across the cell [V], current TE to BE [A], and the states [unit of the state].

    Raises
    ------
    ParameterError
        If card or engine is unknown; names the nearest.

    Examples
    --------
    >>> import rramcirc as rc
    >>> answer = rc.study.iv("stanford_gap_v1", quick=True)
    >>> sorted(answer.table.attrs["units"].items())
    [('current', 'A'), ('gap', 'nm'), ('time', 's'), ('voltage', 'V')]
    """
    from rramcirc.basics.units import whole_number
    from rramcirc.figures.waveforms import plot_butterfly
    from rramcirc.studies.device import iv, iv_figures

    loops = (1 if quick else 2) if cycles is None else whole_number(cycles, "iv: cycles", 1)
    table = iv(card, cycles=loops, engine=engine)
    title = table.attrs["made"]
    return StudyResult(
        "iv",
        table,
        lambda path: plot_butterfly(table["voltage"].to_numpy(), table["current"].to_numpy(), path, title=title),
        "iv.png",
        {"iv.csv": table},
        iv_figures(table),
    )


def pulse(
    card: ModelCard | str | Cell = "hfo2_filament",
    *,
    widths: tuple[float, ...] = (1e-3, 1e-6, 1e-8),
    points: int | None = None,
    engine: str = "ngspice",
    quick: bool = False,
) -> StudyResult:
    """Give a card's cell single SET and RESET pulses of rising amplitude, and read its resistance after each.

    Parameters
    ----------
    card
        RRAM card, its name or its file, or a cell, as in `iv`.
    widths
        Pulse widths [s].
    points
        Amplitudes of each polarity [1], from 30 % to 150 % of the card's sweep. Default 8, with `quick` 4.
    engine
        ``"ngspice"``, ``"vacask"`` or ``"numpy"``.
    quick
        Take fewer points.

    Returns
    -------
    StudyResult
        Table: polarity, width [s], amplitude [V, positive], before [ohm] and after [ohm], both at 0.1 V.

    Raises
    ------
    ParameterError
        If card or engine is unknown; names the nearest.
    """
    from rramcirc.basics.units import whole_number
    from rramcirc.studies.device import plot_pulse, pulse

    count = (4 if quick else 8) if points is None else whole_number(points, "pulse: points", 1)
    table = pulse(card, widths=widths, points=count, engine=engine)
    return StudyResult("pulse", table, lambda path: plot_pulse(table, path), "pulse.png", {"pulse.csv": table})
