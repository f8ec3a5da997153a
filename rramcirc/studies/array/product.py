"""Matrix-vector products of arrays with wires against those without."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rramcirc.basics.units import positive_number, whole_number
from rramcirc.studies.array.setup import ReadArray, products, random_bits, states_of_bits, window_states

if TYPE_CHECKING:
    import pandas as pd


def mvm_error(
    setup: ReadArray, *, patterns: int = 16, seed: int = 0, bits: NDArray[np.bool_] | None = None
) -> pd.DataFrame:
    """Return the error of matrix-vector products of a binary array against those of the same cells without wires.

    Binary patterns gate the rows of a 1T1R array, or drive the rows of a 1R array (BL at 0 V there): the product is
    the current of every bit line.

    Parameters
    ----------
    setup
        Array.
    patterns, seed
        Random input patterns, half of the rows on; seed of patterns and stored bits.
    bits : (rows, columns) array
        Stored bits, 1 for LRS; random by default.

    Returns
    -------
    DataFrame
        pattern, column, current [A], ideal [A], error [1] (difference, relative to the largest ideal current).
    """
    import pandas as pd

    whole_number(patterns, "mvm_error: patterns", 1)
    whole_number(seed, "mvm_error: seed", 0)
    stored = random_bits(setup, seed) if bits is None else np.asarray(bits, bool)
    inputs = np.random.default_rng([seed, 2]).random((patterns, setup.rows)) < 0.5
    states = states_of_bits(setup.card, stored)
    real = products(setup, states, inputs)
    ideal = products(replace(setup, wire_resistance=0.0, driver_resistance=0.0), states, inputs)
    p, j = np.indices(real.shape)
    scale = float(np.abs(ideal).max())
    table = pd.DataFrame({
        "pattern": p.ravel(), "column": j.ravel(), "current": real.ravel(), "ideal": ideal.ravel(),
        "error": ((real - ideal) / scale).ravel(),
    })  # fmt: skip
    table.attrs["units"] = {"current": "A", "ideal": "A", "error": "1"}
    return table


def error_figures(table: pd.DataFrame) -> dict[str, tuple[float, str]]:
    """Return RMS, mean and worst error of `mvm_error`."""
    error = table["error"].to_numpy()
    worst = table.loc[int(np.abs(error).argmax())]
    return {
        "RMS error": (float(np.sqrt(np.mean(error**2))), "1"),
        "mean error": (float(error.mean()), "1"),
        "worst error": (float(worst["error"]), "1"),
        "column of the worst": (float(worst["column"]), "1"),
    }


def max_size(setup: ReadArray, error: float, *, largest: int = 512) -> pd.DataFrame:
    """Return the worst product error against the size of a square array, up to the first size that exceeds a limit.

    The worst case: all cells LRS, all rows on. Sizes are doubled, then bisected.

    Parameters
    ----------
    setup
        Array; its rows and columns do not count.
    error
        Limit of the worst column's error, relative to the ideal current [1].
    largest
        No larger array is tried.

    Returns
    -------
    DataFrame
        size, error [1], ascending; ``attrs["max_size"]`` is the largest size within the limit, 0 if there is none.
    """
    import pandas as pd

    positive_number(error, "max_size: error")
    whole_number(largest, "max_size: largest", 1)
    window = window_states(setup.card)["LRS"]
    found: dict[int, float] = {}

    def worst(size: int) -> float:
        here = replace(setup, rows=size, columns=size)
        states = {name: np.full((size, size), value) for name, value in window.items()}
        on = np.ones((1, size), bool)
        ideal = products(replace(here, wire_resistance=0.0, driver_resistance=0.0), states, on)
        found[size] = float(np.max(np.abs(products(here, states, on) / ideal - 1.0)))
        return found[size]

    good, size = 0, 1
    while size <= largest and worst(size) <= error:
        good, size = size, 2 * size
    low, high = good, min(size, largest + 1)
    while high - low > 1 and low > 0:
        middle = (low + high) // 2
        low, high = (middle, high) if worst(middle) <= error else (low, middle)
    table = pd.DataFrame(sorted(found.items()), columns=["size", "error"])
    table.attrs["units"] = {"error": "1"}
    table.attrs["max_size"] = low
    return table
