"""Writes docs/page.png: the page of ``inspect --html`` with a SET and a RESET of a 1T1R cell and two cursors.

``python docs/screenshot.py`` needs ngspice and Chromium (`make test` installs both).
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

import rramcirc as rc

TARGET = Path(__file__).with_name("page.png")
STIMULI = {
    "bl": rc.PiecewiseLinear([0, 1e-7, 1.1e-7, 1.1e-6, 1.11e-6], [0, 0, 1.3, 1.3, 0]),
    "sl": rc.PiecewiseLinear([0, 1.3e-6, 1.31e-6, 2.3e-6, 2.31e-6], [0, 0, 1.4, 1.4, 0]),
    "wl": rc.PiecewiseLinear([0, 1.2e-6, 1.21e-6], [1.1, 1.1, 2.0]),
}
SHOWN = ["v(bl)", "v(sl)", "v(wl)", "i(bl)", "gap", "diameter"]


def main() -> None:
    """Simulate, write the page, put the cursors, take the picture."""
    waves = rc.simulate(rc.Testbench(rc.Cell("hfo2_filament", "nmos_select"), rc.Transient(2.4e-6), STIMULI))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "page.html"
        rc.write_page(waves, SHOWN, file, ["final(gap)", "max(i(bl))"])
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 820})
        page.goto(file.as_uri())
        page.wait_for_function("() => document.body.dataset.drawn > 0")
        for cursor, place in (("a", 300), ("b", 520)):
            page.locator("canvas").first.hover(position={"x": place, "y": 60})
            page.keyboard.press(cursor)
        page.wait_for_timeout(500)
        page.screenshot(path=TARGET)
        browser.close()


if __name__ == "__main__":
    main()
