"""Studies of writing arrays: energy of single writes, disturbed neighbours, programming to targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rramcirc.studies.doors.result import StudyResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike

    from rramcirc.studies.array.programming import Programmed, ProgramScheme
    from rramcirc.studies.array.setup import ReadArray
    from rramcirc.studies.array.writing import WritePulse


def write_energy(
    array: ReadArray | None = None,
    pulses: Mapping[str, WritePulse] | None = None,
    *,
    cells: Sequence[tuple[int, int]] | None = None,
    width: float = 1e-6,
    engine: str | None = None,
    seed: int = 0,
) -> StudyResult:
    """Measure energy and line currents of writing single cells, SET and RESET.

    Parameters
    ----------
    array
        Cells, size, wires. Default ``ReadArray(rows=16, columns=16)``.
    pulses
        ``"SET"`` and ``"RESET"`` -> `WritePulse`; default the amplitudes of the card's I-V loop, `width` long.
    cells
        (row, column) of each [1]; default the nearest, a middle and the farthest.
    width
        Time at full amplitude [s] of the default pulses.
    engine
        ``"numpy"``, or ``"ngspice"`` for small arrays; default numpy, and ngspice for a selector that is built into it.
    seed
        Seed of the stored bits [1].

    Returns
    -------
    StudyResult
        Table: kind, row, column, before [ohm], after [ohm], energy [J] (of all drivers), device_energy [J] (in the
        RRAM), i_bl, i_sl, i_wl [A] (largest magnitude in a line of the kind).
    """
    from dataclasses import replace

    from rramcirc.figures.tables import plot_curves
    from rramcirc.studies.array.points import engine_of
    from rramcirc.studies.array.setup import checked_array
    from rramcirc.studies.array.writing import default_pulses, write_energy

    setup = checked_array("write_energy", array, 16)
    chosen = pulses or {kind: replace(pulse, width=width) for kind, pulse in default_pulses(setup).items()}
    table = write_energy(setup, chosen, cells=cells, engine=engine or engine_of(setup.cell), seed=seed)
    curves = {kind: (part["row"], part["energy"] * 1e12) for kind, part in table.groupby("kind", sort=False)}
    return StudyResult(
        "write-energy",
        table,
        lambda path: plot_curves(curves, path, x="row (and column) of the cell", y="energy of all drivers [pJ]"),
        "write-energy.png",
        {"write-energy.csv": table},
    )


def disturb(
    array: ReadArray | None = None, pulse: WritePulse | None = None, *, pulses: int = 20,
    cell: tuple[int, int] | None = None, engine: str | None = None,
) -> StudyResult:  # fmt: skip
    """Measure what write pulses on one cell do to half-selected and unselected cells.

    The array holds a checkerboard of LRS and HRS.

    Parameters
    ----------
    array
        Cells, size, wires. Default ``ReadArray(rows=16, columns=16)``.
    pulse
        The write pulse; default a SET pulse of 1 us with the amplitude of the card's I-V loop.
    pulses
        How many of them [1].
    cell
        (row, column) of the cell that is written [1]; default the middle one.
    engine
        ``"numpy"``, or ``"ngspice"`` for small arrays; default numpy, and ngspice for a selector that is built into it.

    Returns
    -------
    StudyResult
        Table: pulses, group (``"same row"``, ``"same column"``, ``"neither"``), state, change [1] (largest relative
        change of conductance at 0.1 V in the group).
    """
    import numpy as np

    from rramcirc.figures.maps import plot_maps
    from rramcirc.studies.array.points import engine_of
    from rramcirc.studies.array.setup import checked_array
    from rramcirc.studies.array.writing import default_pulses, disturb

    setup = checked_array("disturb", array, 16)
    chosen = pulse or default_pulses(setup)["SET"]
    table = disturb(setup, chosen, pulses=pulses, cell=cell, engine=engine or engine_of(setup.cell))
    change = table.attrs["map"]
    most = float(np.nanmax(np.abs(change))) or 1.0
    return StudyResult(
        "disturb",
        table,
        lambda path: plot_maps(
            {f"after {pulses} pulses (white: the written cell)": change}, path,
            quantity="relative change of conductance", limits=(-most, most), colours="RdBu",
        ),
        "disturb.png",
        {"disturb.csv": table},
        details={"pulse": chosen},
    )  # fmt: skip


def program(
    array: ReadArray | None = None,
    target: ArrayLike | None = None,
    *,
    scheme: ProgramScheme | None = None,
    lowest: float = 30e-6,
    highest: float = 120e-6,
    tolerance: float = 0.05,
    engine: str | None = None,
    seed: int = 0,
    quick: bool = False,
    progress: Callable[[float], None] | None = None,
) -> StudyResult:
    """Program and verify conductances with incremental pulses, row by row.

    Parameters
    ----------
    array
        Cells, size, wires of a 1T1R array. Default ``ReadArray(rows=8, columns=8)``.
    target : (rows, columns) array
        Conductances [S]; default drawn log-uniformly between `lowest` and `highest`.
    scheme
        Pulses and rounds; default `ProgramScheme` with `tolerance`, with `quick` of coarse steps.
    lowest, highest
        Range of targets that are drawn [S].
    tolerance
        Of the conductance, relative [1].
    engine
        ``"numpy"``, or ``"ngspice"`` for small arrays; default numpy, and ngspice for a selector that is built into it.
    seed
        Seed of targets that are drawn [1].
    quick
        Take coarse steps and fewer rounds; most targets are then missed.
    progress
        Called with the share of rows that is done [1].

    Returns
    -------
    StudyResult
        Table: row, column, target [S], conductance [S], error [1], pulses, failed. ``details["programmed"]`` holds the
        array with the states that it was left in.

    Raises
    ------
    ParameterError
        If the array has no selectors or SL along rows, or the target has another shape or is not positive.
    """
    import numpy as np

    from rramcirc.basics.units import positive_number
    from rramcirc.studies.array.points import engine_of
    from rramcirc.studies.array.programming import ProgramScheme, program
    from rramcirc.studies.array.setup import checked_array, states_of_bits

    setup = checked_array("program", array, 8)
    blank = setup.array(states_of_bits(setup.card, np.zeros((setup.rows, setup.columns), bool)))
    if target is None:
        ends = np.log([positive_number(lowest, "program: lowest"), positive_number(highest, "program: highest")])
        target = np.exp(np.random.default_rng(seed).uniform(ends[0], ends[1], (setup.rows, setup.columns)))
    step = 0.1 if quick else 0.025
    chosen = scheme or ProgramScheme(gate_step=step, reset_step=step, tolerance=tolerance, rounds=2 if quick else 4)
    found = program(blank, target, chosen, engine=engine or engine_of(setup.cell), progress=progress)
    return _programmed(found)


def _programmed(found: Programmed) -> StudyResult:
    """Return the answer of a programmed array."""
    import numpy as np

    from rramcirc.figures.maps import plot_maps

    maps = {"target": found.target, "reached": found.conductance}
    return StudyResult(
        "program",
        _program_table(found),
        lambda path: plot_maps(maps, path, quantity="conductance", unit="S"),
        "program.png",
        {"program-conductance.npy": found.conductance},
        {
            "cells": (float(found.failed.size), "1"),
            "outside the tolerance": (float(found.failed.sum()), "1"),
            "RMS error": (float(np.sqrt(np.mean(found.error**2))), "1"),
            "worst error": (float(np.abs(found.error).max()), "1"),
            "pulses per cell, mean": (float(found.pulses.mean()), "1"),
            "pulses per cell, most": (float(found.pulses.max()), "1"),
            "energy per cell, mean": (float(found.energy.sum() / found.failed.size), "J"),
        },
        {"programmed": found},
    )


def _program_table(found: Programmed) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    i, j = np.indices(found.target.shape)
    columns = {
        "row": i, "column": j, "target": found.target, "conductance": found.conductance, "error": found.error,
        "pulses": found.pulses, "failed": found.failed,
    }  # fmt: skip
    table = pd.DataFrame({name: np.asarray(values).ravel() for name, values in columns.items()})
    table.attrs["units"] = {"target": "S", "conductance": "S", "error": "1"}
    return table
