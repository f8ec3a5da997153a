"""Sensitivity of sweeps against functions whose indices are known, and the page of a sweep."""

from __future__ import annotations

import math
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import rramcirc as rc

ANGLES = dict.fromkeys(("a", "b", "c"), f"uniform({-math.pi}, {math.pi})")
ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


def ishigami(values: dict[str, float], seed: int) -> dict[str, float]:
    """Return the function of Ishigami and Homma (1990), whose indices can be written down."""
    a, b, c = (values[name] for name in ("a", "b", "c"))
    return {"y": math.sin(a) + 7 * math.sin(b) ** 2 + 0.1 * c**4 * math.sin(a)}


def exact() -> dict[tuple[str, str], float]:
    """Return its indices (Saltelli et al., Global Sensitivity Analysis, 2008)."""
    parts = {
        "a": 0.5 * (1 + 0.1 * math.pi**4 / 5) ** 2,
        "b": 7**2 / 8,
        "ac": 0.1**2 * math.pi**8 * (1 / 18 - 1 / 50),
    }
    whole = sum(parts.values())
    first = {"a": parts["a"] / whole, "b": parts["b"] / whole, "c": 0.0}
    total = {"a": first["a"] + parts["ac"] / whole, "b": first["b"], "c": parts["ac"] / whole}
    every = (("first order", first), ("total", total))
    return {(index, name): value for index, of in every for name, value in of.items()}


def test_indices_of_sobol_are_those_that_can_be_written_down() -> None:
    """512 base points, 2,560 runs; the half width of the intervals is about 0.05 to 0.1."""
    result = rc.sweep(ishigami, draws=ANGLES, method="saltelli", count=512, seed=1, jobs=0)
    assert result.planned == 512 * 5
    found = rc.sensitivity_indices(result)
    assert set(found["method"]) == {"Sobol"}
    for which, row in zip(found["index"], found.itertuples(), strict=True):
        assert row.share == pytest.approx(exact()[which, row.value], abs=0.06), row
        assert row.low < row.share < row.high
        assert row.high - row.low < 0.4


def test_any_draws_give_first_order_indices() -> None:
    """Random draws of the same function: 1,000 runs; the half width of the intervals is about 0.1."""
    found = rc.sensitivity_indices(rc.sweep(ishigami, draws=ANGLES, count=1000, seed=2, jobs=0))
    assert set(found["method"]) == {"RBD-FAST"}
    first = found.set_index("value")["share"]
    for name in "abc":
        assert first[name] == pytest.approx(exact()["first order", name], abs=0.1)
    assert (found["low"] < found["share"]).all()
    assert len(rc.plot_indices(found).axes) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"draws": ANGLES, "method": "saltelli", "count": 48}, "no power of two"),
        ({"draws": {"a": "seed"}, "method": "saltelli", "count": 8}, "draws numbers"),
        ({"draws": ANGLES, "grid": {"d": [1, 2]}, "method": "saltelli", "count": 8}, "must be one point"),
    ],
)
def test_what_makes_no_design_is_refused(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(rc.ParameterError, match=told):
        rc.sweep(ishigami, jobs=0, **arguments)


def fails_once(values: dict[str, float], seed: int) -> dict[str, float]:
    """Fail where `a` is largest."""
    if values["a"] > 2.8:
        raise rc.SimulationError("it did not converge")
    return {"y": values["a"]}


def test_what_cannot_be_explained_is_told() -> None:
    few = rc.sweep(ishigami, draws=ANGLES, count=20, jobs=0)
    with pytest.raises(rc.ParameterError, match="20 runs have a value; at least 50"):
        rc.sensitivity_indices(few)
    swept = rc.sweep(ishigami, draws={"a": ANGLES["a"], "b": ANGLES["b"]}, grid={"c": [1, 2]}, count=50, jobs=0)
    with pytest.raises(rc.ParameterError, match="c is swept besides"):
        rc.sensitivity_indices(swept)
    with pytest.raises(rc.ParameterError, match="nothing was drawn"):
        rc.sensitivity_indices(rc.sweep(ishigami, grid={"a": [1], "b": [1], "c": [1, 2]}, jobs=0))
    gaps = rc.sweep(fails_once, draws={"a": ANGLES["a"]}, method="saltelli", count=64, jobs=0)
    assert gaps.counts["failed"] > 0
    with pytest.raises(rc.ParameterError, match=r"of 192 runs have a value, and the indices of Sobol need all"):
        rc.sensitivity_indices(gaps)
    with pytest.raises(rc.ParameterError, match="plot_indices"):
        rc.plot_indices(pd.DataFrame({"x": [1]}))


class Tags(HTMLParser):
    """Collects tags, attributes and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attributes

    def handle_data(self, data: str) -> None:
        self.text += data


def attacked(values: dict[str, object], seed: int) -> dict[str, float]:
    """Fail with a text that a browser must not run."""
    if values["x"] == 2:
        raise rc.SimulationError(ATTACK)
    return {f"y{ATTACK}": float(values["x"])}


def test_the_page_holds_table_pictures_and_no_script(tmp_path: Path) -> None:
    result = rc.sweep(attacked, grid={"x": [1, 2, 3]}, rows={"who": [ATTACK]}, jobs=0)
    path = rc.write_sweep_page(result, tmp_path / "page.html", [rc.Spec(f"y{ATTACK}", high=2.0)])
    text = path.read_text()
    page = Tags()
    page.feed(text)
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert not re.search(r'(?:src|href)="?(?:https?:)?//', text.replace('href="http://www.w3.org', ""))
    assert page.tags.count("svg") == 1
    assert page.text.count(ATTACK) >= 4  # reason, measurement, value, specification
    assert "3 of 3 runs: 2 ok, 1 failed" in page.text
    assert text.count('<tr class="bad">') == 2, "the failed run, and the specification that is not met"
    with pytest.raises(rc.ParameterError, match=r"page\.pdf: the page of a sweep is a \.html file"):
        rc.write_sweep_page(result, tmp_path / "page.pdf")


def test_the_page_shows_sensitivity(tmp_path: Path) -> None:
    result = rc.sweep(ishigami, draws=ANGLES, count=60, jobs=0)
    indices = rc.sensitivity_indices(result)
    page = Tags()
    page.feed(rc.write_sweep_page(result, tmp_path / "page.html", indices=indices).read_text())
    assert page.tags.count("svg") == 2
    assert "Sensitivity" in page.text
    assert np.isfinite(indices["share"]).all()
