"""Studies of reading arrays: voltage along the wires, read margin, products, largest size, yield."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rramcirc.analysis.counts import Count, counted
from rramcirc.studies.doors.result import StudyResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from rramcirc.bench.testbench import Testbench
    from rramcirc.studies.array.setup import ReadArray


def ir_drop(array: ReadArray | Testbench | None = None, *, seed: int = 0) -> StudyResult:
    """Tell the voltage that is left at every cell when a whole array is read.

    Parameters
    ----------
    array
        `ReadArray`, read at its levels with random bits stored; or the testbench of a crossbar, at the levels that its
        stimuli have at time 0. Default ``ReadArray()``.
    seed
        Seed of the stored bits [1]; not used for a testbench.

    Returns
    -------
    StudyResult
        Table: row, column, ideal [V], cell_voltage [V], loss [1] (missing share of `ideal`), device_voltage [V],
        current [A].

    Raises
    ------
    ParameterError
        If what is given is neither, or the testbench is not one of a crossbar.

    Examples
    --------
    >>> import rramcirc as rc
    >>> answer = rc.study.ir_drop(rc.study.ReadArray(rows=4, columns=4, wire_resistance=10.0))
    >>> len(answer.table), bool(answer.table["loss"].max() > 0)
    (16, True)
    """
    from rramcirc.bench.testbench import Testbench
    from rramcirc.figures.maps import plot_maps
    from rramcirc.studies.array.reading import ir_drop
    from rramcirc.studies.array.setup import random_bits, states_of_bits

    if isinstance(array, Testbench):
        bench = array
    else:
        setup = _setup("ir_drop", array)
        bench = setup.bench(setup.array(states_of_bits(setup.card, random_bits(setup, seed))))
    table = ir_drop(bench)
    worst = table.loc[table["loss"].abs().idxmax()]
    shape = table.attrs["shape"]
    maps = {"cell, BL to SL": table["cell_voltage"], "RRAM, TE to BE": table["device_voltage"]}
    pictures = {title: values.to_numpy().reshape(shape) for title, values in maps.items()}
    return StudyResult(
        "ir-drop",
        table,
        lambda path: plot_maps(pictures, path, quantity="voltage", unit="V"),
        "ir-drop.png",
        {"ir-drop.csv": table},
        {
            "ideal cell voltage": (float(table["ideal"].iloc[0]), "V"),
            "mean cell voltage": (float(table["cell_voltage"].mean()), "V"),
            "worst cell voltage": (float(worst["cell_voltage"]), "V"),
            "mean loss": (float(table["loss"].mean()), "1"),
            "worst loss": (float(worst["loss"]), "1"),
            "KCL residual": (float(table.attrs["kcl_residual"]), "1"),
        },
        {"worst cell": (int(worst["row"]), int(worst["column"]))},
    )


def read_margin(
    array: ReadArray | None = None, sizes: Sequence[int] | None = None, schemes: Sequence[str] | None = None
) -> StudyResult:
    """Compare LRS and HRS current of the cell farthest from all drivers, with sneak paths, against the array's size.

    Parameters
    ----------
    array
        Cells, wires and levels; its rows are the largest size. Default ``ReadArray()``.
    sizes
        Numbers of rows and columns [1]; default a sixteenth, an eighth, ... of the rows, up to all.
    schemes
        What unselected lines do. 1R: ``"floating"``, ``"grounded"``, ``"V/2"``; 1T1R: ``"selected"``. Default all.

    Returns
    -------
    StudyResult
        Table: size, scheme, pattern of the other cells, i_lrs [A], i_hrs [A], sneak [1] (share of the HRS current that
        does not flow through the cell), margin [1].

    Raises
    ------
    ParameterError
        If a scheme is unknown; names the nearest.
    """
    from rramcirc.figures.tables import plot_curves
    from rramcirc.studies.array.reading import read_margin

    setup = _setup("read_margin", array)
    chosen = sorted({max(1, setup.rows // k) for k in (16, 8, 4, 2, 1)}) if sizes is None else sizes
    table = read_margin(setup, chosen, schemes)
    curves = {s: (part["size"], part["margin"]) for s, part in table.groupby("scheme", sort=False)}
    return StudyResult(
        "read-margin",
        table,
        lambda path: plot_curves(curves, path, x="rows and columns", y="read margin (LRS - HRS) / LRS"),
        "read-margin.png",
        {"read-margin.csv": table},
    )


def mvm_error(
    array: ReadArray | None = None, *, patterns: int = 16, seed: int = 0, bits: NDArray[np.bool_] | None = None
) -> StudyResult:
    """Compare matrix-vector products of an array with those of the same cells without wires.

    Parameters
    ----------
    array
        Cells, size, wires and levels. Default ``ReadArray()``.
    patterns
        Random input patterns [1], half of the rows on.
    seed
        Seed of patterns and stored bits [1].
    bits : (rows, columns) array
        Stored bits [1], 1 for LRS; random by default.

    Returns
    -------
    StudyResult
        Table: pattern, column, current [A], ideal [A], error [1] (difference over the largest ideal current).
    """
    from rramcirc.figures.maps import plot_maps
    from rramcirc.studies.array.product import error_figures, mvm_error

    table = mvm_error(_setup("mvm_error", array), patterns=patterns, seed=seed, bits=bits)
    error = table["error"].to_numpy().reshape(patterns, -1)
    most = float(abs(error).max()) or 1.0
    return StudyResult(
        "mvm-error",
        table,
        lambda path: plot_maps(
            {"error relative to the largest current": error}, path, quantity="error", limits=(-most, most),
            colours="RdBu", row_label="input pattern",
        ),
        "mvm-error.png",
        {"mvm-error.csv": table},
        error_figures(table),
    )  # fmt: skip


def max_size(array: ReadArray | None = None, error: float = 0.05, *, largest: int = 256) -> StudyResult:
    """Find the largest square array whose worst product (all cells LRS, all rows on) keeps within an error.

    Parameters
    ----------
    array
        Cells, wires and levels; its rows and columns do not count. Default ``ReadArray()``.
    error
        Largest error of the worst column [1], relative to the ideal current.
    largest
        No larger array is tried [1].

    Returns
    -------
    StudyResult
        Table: size, error [1], ascending; the quantity ``largest array`` is 0 if there is none.
    """
    from rramcirc.figures.tables import plot_curves
    from rramcirc.studies.array.product import max_size

    table = max_size(_setup("max_size", array), error, largest=largest)
    return StudyResult(
        "max-size",
        table,
        lambda path: plot_curves(
            {"worst column": (table["size"], table["error"])}, path, x="rows and columns",
            y="error of the worst column", log=True,
        ),
        "max-size.png",
        {"max-size.csv": table},
        {"largest array": (float(table.attrs["max_size"]), "1")},
    )  # fmt: skip


def yield_(
    array: ReadArray | None = None, *, arrays: int = 20, seed: int = 0, quick: bool = False
) -> StudyResult:  # fmt: skip
    """Count the bits that arrays with the card's device-to-device spread read wrong, row by row.

    Parameters
    ----------
    array
        Cells, size, wires and levels. Default ``ReadArray(rows=32, columns=32)``.
    arrays
        How many arrays are drawn [1]; with `quick` at most 4.
    seed
        Seed of devices and stored bits [1].
    quick
        Draw fewer arrays.

    Returns
    -------
    StudyResult
        Table: array, wrong (bits), bits, least_lrs [A], greatest_hrs [A].

    Raises
    ------
    ParameterError
        If the card says no spread.
    """
    from rramcirc.figures.tables import plot_probability
    from rramcirc.studies.array.reading import read_yield

    table = read_yield(_setup("yield_", array, 32), arrays=min(arrays, 4) if quick else arrays, seed=seed)
    return StudyResult(
        "yield",
        table,
        lambda path: plot_probability(table.attrs["currents"], path, quantity="bit-line current", unit="A"),
        "yield.png",
        {"yield.csv": table},
        {
            **_rate("arrays without an error", counted(table["wrong"] == 0)),
            **_rate("bits read wrong", Count(int(table["wrong"].sum()), int(table["bits"].sum()))),
            "threshold": (float(table.attrs["threshold"]), "A"),
            "least LRS current": (float(table["least_lrs"].min()), "A"),
            "greatest HRS current": (float(table["greatest_hrs"].max()), "A"),
        },
    )


def _setup(study: str, array: object, size: int = 64) -> ReadArray:
    from rramcirc.studies.array.setup import checked_array

    return checked_array(study, array, size)


def _rate(name: str, count: Count) -> dict[str, tuple[float, str]]:
    """Return a share with its trials and its interval as quantities."""
    low, high = count.interval()
    return {
        f"{name}, of {count.trials}": (count.share, "1"),
        f"{name}, 95 % from": (low, "1"),
        f"{name}, 95 % to": (high, "1"),
    }
