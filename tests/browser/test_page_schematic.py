"""The schematic beside the panes: nets and cells that are clicked, with mouse and keyboard, in Chromium."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from browsing import settled, show, small_array
from click.testing import CliRunner
from PIL import Image
from playwright.sync_api import Page, expect

from rramcirc.circuits.array.cell import Cell
from rramcirc.circuits.array.crossbar import Crossbar
from rramcirc.circuits.request import Request
from rramcirc.circuits.table import default_bench
from rramcirc.cli.inspect.command import inspect
from rramcirc.cli.inspect.serving import page_server
from rramcirc.engines.simulation import simulate
from rramcirc.figures.page.write import write_page
from rramcirc.waveforms.raw import RawPlot, write_raw

ATTACK, WORSE = "<script>window.hit</script>", "<img/src=x/onerror=window.hit=1>"


def chosen(page: Page) -> list[str]:
    names: list[str] = page.evaluate("[...rramcirc.chosen]")
    return names


def click_on(page: Page, part: str) -> None:
    """Click with the mouse in the middle of a cell, or on the first line of a net."""
    element = page.locator(f".part[aria-label^='{part}:']")
    x, y = element.evaluate(
        """(path) => { const m = path.getScreenCTM(), area = path.classList.contains("area"), b = path.getBBox();
          const p = area ? new DOMPoint(b.x + 0.6 * b.width, b.y + 0.35 * b.height) : path.getPointAtLength(8);
          const at = new DOMPoint(p.x, p.y).matrixTransform(m); return [at.x, at.y]; }"""
    )
    page.mouse.click(x, y)
    settled(page)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder of a 2 x 2 array, simulated by ngspice."""
    folder = tmp_path_factory.mktemp("array") / "a.run"
    simulate(default_bench("crossbar", Request(rows=2)), output=folder)
    return folder


@pytest.fixture
def array(run: Path, page: Page, tmp_path: Path) -> Page:
    result = CliRunner().invoke(inspect, [str(run), "--html", str(tmp_path / "a.html")], catch_exceptions=False)
    assert result.exit_code == 0
    show(page, tmp_path / "a.html")
    return page


def test_a_click_on_a_net_adds_its_curves_and_another_takes_them_away(array: Page):
    array.get_by_role("button", name="draw none").click()
    click_on(array, "bl1")
    assert chosen(array) == ["v(bl1)", "i(bl1)"]
    click_on(array, "wl0")
    assert chosen(array) == ["v(bl1)", "i(bl1)", "v(wl0)", "i(wl0)"]
    part = array.get_by_role("button", name="bl1: v(bl1), i(bl1)")
    expect(part).to_have_attribute("aria-pressed", "true")
    colour = array.evaluate("rramcirc.panes[0].traces.find((t) => t.label === 'v(bl1)').colour")
    assert (
        part.evaluate("(p) => p.style.color") == f"rgb({', '.join(str(int(colour[k : k + 2], 16)) for k in (1, 3, 5))})"
    )
    click_on(array, "bl1")
    assert chosen(array) == ["v(wl0)", "i(wl0)"]
    expect(part).to_have_attribute("aria-pressed", "false")


def test_a_click_on_a_cell_shows_its_waveforms_from_any_view(array: Page):
    click_on(array, "cell [1,0]")
    assert chosen(array) == ["diameter[1,0]", "gap[1,0]"]
    array.get_by_label("View", exact=True).select_option("map")
    click_on(array, "cell [0,1]")
    expect(array.get_by_label("View", exact=True)).to_have_value("waves")
    assert chosen(array) == ["diameter[0,1]", "gap[0,1]"]
    expect(array.locator("#part")).to_have_text("cell [0,1]: diameter[0,1], gap[0,1]")


def test_what_is_pointed_at_is_bold(array: Page):
    array.get_by_role("button", name="draw none").click()
    click_on(array, "bl0")
    bold = "rramcirc.panes.flatMap((p) => p.traces.filter((t) => t.bold).map((t) => t.label))"
    assert array.evaluate(bold) == ["v(bl0)", "i(bl0)"]
    array.mouse.move(5, 5)
    assert array.evaluate(bold) == []
    array.keyboard.press("Tab")
    array.keyboard.press("Shift+Tab")
    assert array.evaluate(bold) == ["v(bl0)", "i(bl0)"]


def test_the_keyboard_reaches_every_part_and_hides_the_schematic(array: Page):
    array.get_by_role("button", name="draw none").click()
    parts = array.locator(".part")
    assert parts.count() == 4 + 6
    parts.first.focus()
    for _ in range(9):
        array.keyboard.press("Tab")
    assert array.evaluate("document.activeElement === document.querySelectorAll('.part')[9]")
    array.keyboard.press("Enter")
    settled(array)
    assert chosen(array) == ["v(sl1)", "i(sl1)"]
    array.keyboard.press(" ")
    settled(array)
    assert chosen(array) == []
    width = array.evaluate("document.getElementById('panes').clientWidth")
    array.keyboard.press("s")
    expect(array.locator("#schematic")).to_be_hidden()
    assert array.evaluate("document.getElementById('panes').clientWidth") > width + 200
    array.get_by_label("schematic", exact=True).check()
    expect(array.locator("#schematic")).to_be_visible()


def shades(page: Page) -> tuple[float, int]:
    """Return the brightness of the ground of the drawing, 0 to 255, and how many pixels differ much from it."""
    picture = np.asarray(Image.open(BytesIO(page.locator("#drawing").screenshot())).convert("L")).astype(float)
    ground = float(np.median(picture))
    return ground, int(np.count_nonzero(abs(picture - ground) > 80))


def test_light_dark_and_print_show_lines_on_their_ground(array: Page):
    array.get_by_role("button", name="draw none").click()
    light, lines = shades(array)
    assert (light, lines > 1500) == (255, True)
    array.keyboard.press("d")
    dark, in_dark = shades(array)
    assert dark < 40
    assert in_dark == pytest.approx(lines, rel=0.3)
    array.keyboard.press("d")
    array.emulate_media(media="print")
    assert shades(array)[1] > 1500
    assert array.locator("#part").is_hidden()


def test_served_run_has_the_schematic_too(run: Path, page: Page):
    server = page_server([run], ["v(wl1)"], [], None, None, wait=False)
    server.start()
    page.goto(server.address)
    page.wait_for_function("() => rramcirc.first.tile !== null")
    click_on(page, "bl1")
    page.wait_for_function("() => rramcirc.first.tile.columns.has('i(bl1)')")
    settled(page)
    assert page.evaluate("rramcirc.panes.flatMap((p) => p.traces.map((t) => t.label))") == [
        "v(wl1)", "v(bl1)", "i(bl1)",
    ]  # fmt: skip
    server.stop()


def test_names_of_a_foreign_deck_become_no_markup(page: Page, tmp_path: Path):
    folder = tmp_path / "evil.run"
    folder.mkdir()
    deck = f"{ATTACK}\nv1 {ATTACK} 0 1\nr1 {ATTACK} out 1k</script>{WORSE}\nc1 out 0 1n\n.end\n"
    (folder / "netlist.cir").write_text(deck)
    columns = ["time", f"v({ATTACK})", "v(out)"], ["time", "voltage", "voltage"]
    write_raw(folder / "waves.raw", [RawPlot.from_columns(*columns, [[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])])
    result = CliRunner().invoke(inspect, [str(folder), "--html", str(tmp_path / "e.html")], catch_exceptions=False)
    assert result.exit_code == 0
    show(page, tmp_path / "e.html")
    page.get_by_role("button", name="draw none").click()
    click_on(page, "net out")
    assert chosen(page) == ["v(out)"]
    expect(page.get_by_role("button", name=f"net {ATTACK}: v({ATTACK})")).to_have_count(1)
    assert page.evaluate("window.hit === undefined && !document.querySelector('img, main script')")


def test_a_large_array_says_that_the_map_is_the_schematic(page: Page, tmp_path: Path):
    design = Crossbar(Cell("hfo2_filament", "nmos_select"), 64, 64)
    write_page(small_array(), [], tmp_path / "a.html", circuit=design)
    show(page, tmp_path / "a.html")
    expect(page.locator("#schematic")).to_be_hidden()
    expect(page.locator("#schematic-label")).to_be_hidden()
    expect(page.locator("#schematic-why")).to_contain_text("64 x 64 do not fit. The array map (View) is the schematic")
    write_page(small_array(), [], tmp_path / "b.html")
    show(page, tmp_path / "b.html")
    expect(page.locator("#schematic-why")).to_have_text("")
