"""Writes the screenshots of the documents: the page of ``inspect --html`` with a cell, and in dark with an array.

``make screenshots`` needs ngspice and Chromium (`make test` installs both). A picture that lacks a curve is not
kept.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

import rramcirc as rc

HERE = Path(__file__).parent
STIMULI = {
    "bl": rc.PiecewiseLinear([0, 1e-7, 1.1e-7, 1.1e-6, 1.11e-6], [0, 0, 1.3, 1.3, 0]),
    "sl": rc.PiecewiseLinear([0, 1.3e-6, 1.31e-6, 2.3e-6, 2.31e-6], [0, 0, 1.4, 1.4, 0]),
    "wl": rc.PiecewiseLinear([0, 1.2e-6, 1.21e-6], [1.1, 1.1, 2.0]),
}
FEWEST, NEAR = 150, 60  # pixels in the colour of a curve; how far each channel may be from it, of 255
SIZE = (1280, 860)


def cell(browser: Browser, file: Path) -> bytes:
    """Return the picture of a SET and a RESET of a 1T1R cell with two cursors."""
    bench = rc.Testbench(rc.Cell("hfo2_filament", "nmos_select"), rc.Transient(2.4e-6), STIMULI)
    shown = ["v(bl)", "v(sl)", "v(wl)", "i(bl)", "gap", "diameter"]
    rc.write_page(rc.simulate(bench), shown, file, ["final(gap)", "max(i(bl))"], bench)
    page = opened(browser, file, "light")
    for cursor, place in (("a", 200), ("b", 430)):
        page.locator("canvas").first.hover(position={"x": place, "y": 60})
        page.keyboard.press(cursor)
    return taken(page)


def array(browser: Browser, file: Path) -> bytes:
    """Return the picture of the read of an array in dark, a cell and two nets chosen in its schematic."""
    bench = rc.default_bench("crossbar")
    rc.write_page(rc.simulate(bench), [], file, ["max(i(bl*))"], bench)
    page = opened(browser, file, "dark")
    for part in ("cell [1,2]", "bl2", "wl1"):
        page.locator(f".part[aria-label^='{part}:']").focus()
        page.keyboard.press("Enter")
    page.mouse.move(5, 5)
    return taken(page)


PICTURES: dict[str, Callable[[Browser, Path], bytes]] = {"page.png": cell, "page-array.png": array}


def opened(browser: Browser, file: Path, theme: str) -> Page:
    """Return a written page, opened and drawn."""
    page = browser.new_page(viewport=dict(zip(("width", "height"), SIZE, strict=True)), color_scheme=theme)
    page.goto(file.as_uri())
    page.wait_for_function("() => document.body.dataset.drawn > 0")
    return page


def taken(page: Page) -> bytes:
    """Return a picture of a page; raise RuntimeError if a curve that is drawn in the window cannot be seen in it."""
    page.wait_for_timeout(400)
    picture: bytes = page.screenshot()
    missing = [label for label, colour, box in curves_of(page) if pixels(picture, colour, box) < FEWEST]
    page.close()
    if missing:
        raise RuntimeError(f"curves that cannot be seen: {', '.join(missing)}")
    return picture


def curves_of(page: Page) -> list[tuple[str, str, tuple[int, int, int, int]]]:
    """Return name, colour and pane (left, top, right, bottom) of every curve whose pane is wholly in the window."""
    script = """() => rramcirc.panes.flatMap((pane, k) => {
      const box = document.querySelectorAll("#panes canvas")[k].getBoundingClientRect(), { inner } = pane.scales;
      const pane_box = [box.left + inner.left, box.top + inner.top, box.left + inner.right, box.top + inner.bottom];
      return box.bottom <= innerHeight ? pane.traces.map((trace) => [trace.label, trace.colour, pane_box]) : []; })"""
    return [(label, colour, tuple(map(round, box))) for label, colour, box in page.evaluate(script)]


def pixels(picture: bytes, colour: str, box: tuple[int, int, int, int]) -> int:
    """Return how many pixels in a box of a picture have a colour, ``#RRGGBB``, or nearly, as edges of lines do."""
    wanted = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    found = np.asarray(Image.open(BytesIO(picture)).convert("RGB").crop(box)).astype(int)
    return int(np.count_nonzero(np.abs(found - wanted).max(axis=2) <= NEAR))


def main() -> None:
    """Take all pictures and keep them."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=sandbox)
        for name, take in PICTURES.items():
            picture = Image.open(BytesIO(take(browser, Path(folder) / "page.html"))).convert("RGB")
            picture.quantize(256, dither=Image.Dither.NONE).save(HERE / name, optimize=True)
            print(f"wrote {HERE / name}")
        browser.close()


if __name__ == "__main__":
    main()
