"""Fires, weights and learning times against one parameter: Monte Carlo beside the rate equations (Figs. 7 to 9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rramcirc.analysis.counts import Count
from rramcirc.basics.arrays import FloatArray
from rramcirc.papers.pedretti2018.monte_carlo import run_trials
from rramcirc.papers.pedretti2018.rate_equations import RateConstants, evolve
from rramcirc.papers.pedretti2018.setup import Learning

if TYPE_CHECKING:
    import pandas as pd
    from _typeshed import DataclassInstance


@dataclass(frozen=True)
class SweepParameters:
    """Trials per value; what is swept is the experiment's."""

    learning: Learning = field(default_factory=Learning)
    trials: int = field(default=1000, metadata={"status": "assumed"})
    seed: int = field(default=1, metadata={"status": "assumed"})


def sweep_table(parameters: SweepParameters, cases: dict[float, Learning]) -> pd.DataFrame:
    """Return one row per case.

    Columns: value (what was swept), fires and epochs of both kinds, mean weights at the end with their deviation over
    the trials [S], trials that learnt and their median time [s], the same of the rate equations, and whether their
    weights were held within the window.
    """
    import pandas as pd

    rows = [{"value": value} | _row(setting, parameters) for value, setting in cases.items()]
    table = pd.DataFrame(rows)
    weights = ("pattern", "background", "pattern_spread", "background_spread", "rate_pattern", "rate_background")
    table.attrs["units"] = dict.fromkeys(weights, "S") | dict.fromkeys(("time", "rate_time"), "s")
    return table


def _row(setting: Learning, parameters: SweepParameters) -> dict[str, Any]:
    trials = run_trials(setting, parameters.trials, parameters.seed)
    rates = evolve(setting.density, setting.noise, setting.shown, stop=setting.epochs * setting.epoch)
    true, false, times = trials.true_fires, trials.false_fires, trials.learnt
    up, down = trials.pattern[:, -1], trials.background[:, -1]
    known = np.isfinite(times)
    return {
        "true_fires": true.hits, "true_epochs": true.trials, "true_error": trials.spread(1),
        "false_fires": false.hits, "false_epochs": false.trials, "false_error": trials.spread(0),
        "pattern": up.mean(), "pattern_spread": up.std(), "background": down.mean(), "background_spread": down.std(),
        "learnt": int(known.sum()), "trials": parameters.trials,
        "time": float(np.median(times[known])) if known.any() else float("nan"),
        "rate_pattern": float(rates.pattern), "rate_background": float(rates.background),
        "rate_time": float(rates.learnt), "rate_clipped": bool(rates.clipped),
    }  # fmt: skip


def at(table: pd.DataFrame, value: float) -> pd.Series:
    """Return the row of a value."""
    return table[np.isclose(table["value"], value)].iloc[0]


def true_at(value: float) -> Callable[[pd.DataFrame], Count]:
    """Return a measure: P_learn at a value."""
    return lambda table: Count(*(int(at(table, value)[name]) for name in ("true_fires", "true_epochs")))


def false_at(value: float) -> Callable[[pd.DataFrame], Count]:
    """Return a measure: P_err at a value."""
    return lambda table: Count(*(int(at(table, value)[name]) for name in ("false_fires", "false_epochs")))


def learnt_at(value: float) -> Callable[[pd.DataFrame], Count]:
    """Return a measure: trials whose background fell below 15 uS, at a value."""
    return lambda table: Count(*(int(at(table, value)[name]) for name in ("learnt", "trials")))


def rates(table: pd.DataFrame, kind: str, low: float = -np.inf, high: float = np.inf) -> FloatArray:
    """Return P_learn (``"true"``) or P_err (``"false"``) of every value between two, in order [1]."""
    rows = table[(table["value"] >= low - 1e-9) & (table["value"] <= high + 1e-9)]
    return np.asarray(rows[f"{kind}_fires"] / rows[f"{kind}_epochs"], np.float64)


def remarks(name: str) -> Callable[[pd.DataFrame], list[str]]:
    """Return what prints one line per value: rates with intervals, learning times of both levels."""

    def lines(table: pd.DataFrame) -> list[str]:
        return [
            f"{name} = {100 * row.value:g} %: P_learn {Count(row.true_fires, row.true_epochs)}, over trials +- "
            f"{row.true_error:.2g}; P_err {Count(row.false_fires, row.false_epochs)}, +- {row.false_error:.2g}; learnt "
            f"{Count(row.learnt, row.trials)}, median {row.time:.3g} s, rate equations {row.rate_time:.3g} s"
            + (" (held within the window)" if row.rate_clipped else "")
            for row in table.itertuples()
        ]

    return lines


def draw_sweep(name: str) -> Callable[[pd.DataFrame, Path], None]:
    """Return what draws the three panels: fires, weights, learning time."""

    def draw(table: pd.DataFrame, path: Path) -> None:
        from rramcirc.figures.style import COLOURS, drawn

        x = 100 * table["value"]
        with drawn(path, 3.4) as figure:
            fires, weights, times = figure.subplots(1, 3)
            for kind, label, colour in (("true", "P_learn", COLOURS[0]), ("false", "P_err", COLOURS[1])):
                bounds = [Count(int(a), int(b)).interval() for a, b in
                          zip(table[f"{kind}_fires"], table[f"{kind}_epochs"], strict=True)]  # fmt: skip
                fires.plot(x, 100 * rates(table, kind), color=colour, marker="o", markersize=3, label=label)
                fires.fill_between(x, *(100 * np.array(bounds).T), color=colour, alpha=0.3, linewidth=0)
            for kind, colour in (("pattern", COLOURS[0]), ("background", COLOURS[1])):
                weights.errorbar(
                    x, 1e6 * table[kind], 1e6 * table[f"{kind}_spread"], color=colour, marker="o", markersize=3,
                    linestyle="none", capsize=2, label=f"{kind}, Monte Carlo",
                )  # fmt: skip
                weights.plot(x, 1e6 * table[f"rate_{kind}"], color=colour, label=f"{kind}, rate equation")
            weights.set_yscale("log")
            times.plot(x, table["time"], color=COLOURS[0], marker="o", markersize=3, linestyle="none",
                       label="Monte Carlo, median")  # fmt: skip
            times.plot(x, table["rate_time"], color=COLOURS[1], label="rate equations")
            for ax, label in ((fires, "fires per epoch [%]"), (weights, "conductance [uS]"), (times, "t_learn [s]")):
                ax.set_xlabel(f"{name} [%]")
                ax.set_ylabel(label)
                ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), fontsize=7)

    return draw


def settings(parameters: DataclassInstance) -> pd.DataFrame:
    """Return all values of a setting with their status: name, value, unit, status, where, what."""
    import pandas as pd

    rows = []
    for record in (getattr(parameters, "learning", Learning()), RateConstants()):
        for f in fields(record):
            about = f.metadata
            rows.append((f.name, getattr(record, f.name), about.get("units", ""), about.get("status", ""),
                         about.get("where", ""), about.get("desc", "")))  # fmt: skip
    return pd.DataFrame(rows, columns=["name", "value", "unit", "status", "where", "what"])


def quick_of(parameters: SweepParameters) -> SweepParameters:
    """Return the short form: fewer trials."""
    return replace(parameters, trials=200)
