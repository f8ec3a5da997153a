"""The pictures of the page in the documents: made by a script, and checked by what is in them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from browsing import settled
from playwright.sync_api import Browser

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def script():
    """The script that `make screenshots` runs."""
    spec = importlib.util.spec_from_file_location("screenshot", DOCS / "screenshot.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["page.png", "page-array.png"])
def test_every_curve_is_in_the_picture_and_in_the_kept_one(script, browser: Browser, tmp_path, monkeypatch, name):
    curves = []
    ask = script.curves_of
    monkeypatch.setattr(script, "curves_of", lambda page: curves.extend(ask(page)) or curves)
    picture = script.PICTURES[name](browser, tmp_path / "a.html")
    assert len(curves) >= 4
    for label, colour, box in curves:
        kept = script.pixels((DOCS / name).read_bytes(), colour, box)
        assert script.pixels(picture, colour, box) == pytest.approx(kept, rel=0.3, abs=60), label
    assert {word for word, _, _ in curves} >= {"page.png": {"v(bl)", "i(bl)"}, "page-array.png": {"v(bl2)"}}[name]


def test_a_curve_that_is_not_drawn_is_missed(script, browser: Browser, tmp_path):
    waves = script.rc.Waveforms("time", "s", [0.0, 1.0], {"v(a)": [0.0, 1.0], "v(b)": [1.0, 0.0]}, {"v(a)": "V"})
    script.rc.write_page(waves, [], tmp_path / "a.html")
    page = script.opened(browser, tmp_path / "a.html", "light")
    page.evaluate("rramcirc.panes[0].traces[0].colour = '#ff00ff'")
    settled(page)
    with pytest.raises(RuntimeError, match="cannot be seen: v"):
        script.taken(page)
    page.close()
