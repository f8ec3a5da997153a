"""The page of `rramcirc inspect --html`, used with mouse and keyboard in Chromium."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browsing import settled, show, small_array
from playwright.sync_api import Locator, Page, expect

from rramcirc.analysis.measure import measure
from rramcirc.figures.page import pack
from rramcirc.figures.page.write import view as view_of
from rramcirc.figures.page.write import write_page
from rramcirc.waveforms.spikes import Spikes
from rramcirc.waveforms.waveforms import Waveforms


@pytest.fixture
def array(page: Page, tmp_path: Path) -> tuple[Page, Waveforms]:
    waves = small_array()
    write_page(waves, [], tmp_path / "a.html")
    show(page, tmp_path / "a.html")
    return page, waves


def view(page: Page) -> tuple[float, float]:
    start, stop = page.evaluate("rramcirc.view")
    return start, stop


def canvas(page: Page, number: int = 0) -> Locator:
    return page.locator("#panes canvas").nth(number)


def zoom_to(page: Page, start: float, stop: float) -> None:
    """Drag over the first pane from one place of the axis to another."""
    box = canvas(page).bounding_box()
    assert box
    left, right = page.evaluate("([a, b]) => [a, b].map((x) => rramcirc.panes[0].scales.x.pixel(x))", [start, stop])
    page.mouse.move(box["x"] + left, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + (left + right) / 2, box["y"] + 80, steps=3)
    page.mouse.move(box["x"] + right, box["y"] + 80)
    page.mouse.up()
    settled(page)


def put_cursor(page: Page, key: str, place: float) -> None:
    box = canvas(page).bounding_box()
    assert box
    page.mouse.move(box["x"] + page.evaluate("(x) => rramcirc.panes[0].scales.x.pixel(x)", place), box["y"] + 50)
    page.keyboard.press(key)
    settled(page)


def row(page: Page, place: str, label: str) -> list[str]:
    """Return the numbers of a row of a table, with every digit."""
    cells = page.locator(f"{place} tr", has=page.get_by_text(label, exact=True)).first.locator("td[data-value]")
    return [cell.get_attribute("data-value") or "" for cell in cells.all()]


def dark_pixels(page: Page, number: int = 0) -> int:
    """Return how many pixels of a pane are darker than its background by a lot, or brighter if that is dark."""
    script = """(canvas) => { const d = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
      let n = 0; for (let k = 0; k < d.length; k += 4) n += Math.abs(d[k] - d[0]) > 90; return n; }"""
    return int(canvas(page, number).evaluate(script))


def test_opens_with_a_pane_for_each_unit_and_draws(array):
    page, _ = array
    assert page.locator("#panes canvas").count() == 3
    assert all(dark_pixels(page, k) > 500 for k in range(3))
    assert page.title() == "array of a test"
    assert page.locator("h1").inner_text() == "array of a test"


def test_filter_by_pattern_and_by_regular_expression(array):
    page, _ = array
    page.get_by_label("Filter").fill("gap[2,*]")
    expect(page.locator("#count")).to_have_text("4 of 32 signals")
    assert page.locator("#tree input").count() == 4
    page.get_by_label("regular expression").check()
    page.get_by_label("Filter").fill(r"^i\(bl[12]\)$")
    expect(page.locator("#count")).to_have_text("2 of 32 signals")
    page.get_by_label("Filter").fill("(")
    expect(page.locator("#filter")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Filter").fill("")
    expect(page.locator("#tree summary").first).to_have_text("v(bl) (4)")
    expect(page.locator("#tree summary", has_text="gap row")).to_have_count(3)
    page.get_by_role("button", name="draw none").click()
    page.get_by_role("checkbox", name="gap[1,3]").check()
    settled(page)
    assert page.evaluate("rramcirc.panes.map((p) => p.traces.map((t) => t.label))") == [["gap[1,3]"]]


def test_wheel_drag_and_keys_zoom_and_move(array):
    page, waves = array
    start, stop = waves.axis[250], waves.axis[299]
    zoom_to(page, start, stop)
    pixel = 1e-6 / 900
    assert view(page) == pytest.approx((start, stop), abs=2 * pixel)
    assert 46 <= np.count_nonzero((waves.axis >= view(page)[0]) & (waves.axis <= view(page)[1])) <= 54
    width = view(page)[1] - view(page)[0]
    page.keyboard.press("ArrowRight")
    assert view(page)[0] == pytest.approx(start + 0.2 * width, abs=2 * pixel)
    page.keyboard.press("0")
    assert view(page) == (0.0, 1e-6)
    canvas(page).hover(position={"x": 500, "y": 60})
    page.mouse.wheel(0, -100)
    page.wait_for_function("() => rramcirc.view[1] - rramcirc.view[0] < 0.81e-6")
    canvas(page).dblclick(position={"x": 500, "y": 60})
    assert view(page) == (0.0, 1e-6)
    page.keyboard.press("+")
    page.keyboard.press("-")
    assert view(page) == pytest.approx((0.0, 1e-6))


def test_differences_of_cursors_are_those_of_measurements(array):
    page, waves = array
    put_cursor(page, "a", 3.1e-7)
    put_cursor(page, "b", 6.4e-7)
    a, b = page.evaluate("[rramcirc.cursors.A, rramcirc.cursors.B]")
    assert (a, b) == pytest.approx((3.1e-7, 6.4e-7), abs=3e-9)
    ((_, expected, _),) = measure(f"at(i(bl2), {b!r}) - at(i(bl2), {a!r})", waves)
    shown = row(page, ".values", "i(bl2)")
    assert float(shown[-1]) == pytest.approx(expected, rel=1e-9)
    assert float(shown[1]) == pytest.approx(measure(f"at(i(bl2), {a!r})", waves)[0][1], rel=1e-9)


def test_measurements_are_over_the_visible_range(array):
    page, waves = array
    zoom_to(page, 3e-7, 6e-7)
    part = waves.between(*view(page))
    page.get_by_label("Measure", exact=True).fill("max(i(bl*)) * 2")
    page.keyboard.press("Enter")
    settled(page)
    for label, value, _ in measure("max(i(bl*)) * 2", part):
        (shown,) = row(page, "#measured", label) or [""]
        assert float(shown) == pytest.approx(value, rel=1e-9)
    statistics = [measure(f"{one}(v(bl1))", part)[0][1] for one in ("min", "max", "mean", "rms")]
    assert [float(text) for text in row(page, "#measured", "v(bl1)")] == pytest.approx(statistics, rel=1e-9)
    page.get_by_label("Measure", exact=True).fill("nothing(v(bl1))")
    page.keyboard.press("Enter")
    expect(page.locator("#measure-error")).to_contain_text("is no measurement")


def test_expression_is_drawn_with_its_unit(array):
    page, _ = array
    page.get_by_label("Draw an expression").fill("v(bl1)*i(bl1)")
    page.keyboard.press("Enter")
    settled(page)
    assert page.evaluate("rramcirc.panes.map((p) => p.unit)") == ["V", "A", "nm", "W"]
    page.get_by_label("Draw an expression").fill("v(bl1)+i(bl1)")
    page.keyboard.press("Enter")
    expect(page.locator("#expression-error")).to_contain_text("adds or subtracts V and A")


def test_map_follows_its_slider_and_opens_a_cell(array):
    page, waves = array
    page.get_by_label("View", exact=True).select_option("map")
    page.get_by_label("Show").select_option("gap")
    cell = page.locator("#panes button[aria-label^='gap[2,3]']")
    assert float(cell.get_attribute("data-value") or "nan") == pytest.approx(waves["gap[2,3]"][-1])
    page.get_by_label("place on the axis time").fill("250")
    page.wait_for_function("() => document.querySelector('#map-place').textContent.startsWith('250 ns')")
    assert float(cell.get_attribute("data-value") or "nan") == pytest.approx(1.7 - 0.6 - 0.3 * 0.25, rel=1e-6)
    cell.click()
    settled(page)
    drawn = page.evaluate("rramcirc.panes.flatMap((p) => p.traces.map((t) => t.label)).sort()")
    assert drawn == ["gap[2,3]", "v(be[2,3])"]


def test_two_runs_lie_over_each_other_with_their_difference(page, tmp_path):
    one = small_array()
    signals = {name: (1.1 if name == "v(bl1)" else 1.0) * one[name] for name in one.names}
    write_page({"a.run": one, "b.run": replace(one, signals=signals)}, ["v(bl1)"], tmp_path / "t.html", ["max(v(bl1))"])
    show(page, tmp_path / "t.html")
    assert [float(v) for v in row(page, "#measured", "max(v(bl1))")] == pytest.approx([0.6, 0.66, 0.06])
    page.get_by_label("difference of runs").check()
    settled(page)
    assert page.evaluate("rramcirc.panes.map((p) => p.title)") == ["voltage", "difference"]
    assert page.evaluate("Math.max(...rramcirc.panes[1].traces[0].data.y)") == pytest.approx(0.06)


def test_other_views_draw(array, tmp_path):
    page, waves = array
    for mode, panes in [("xy", 3), ("fft", 3), ("raster", 1)]:
        page.get_by_label("View", exact=True).select_option(mode)
        settled(page)
        assert page.locator("#panes canvas").count() == panes, mode
        assert dark_pixels(page) > 300, mode
    spiking = replace(waves, spikes=Spikes([1e-7, 2e-7, 9e-7], [0, 3, 1]))
    write_page(spiking, [], tmp_path / "s.html")
    show(page, tmp_path / "s.html")
    page.get_by_label("View", exact=True).select_option("raster")
    assert page.evaluate("Array.from(rramcirc.panes[0].traces[0].data.y)") == [0, 3, 1]


def test_ac_run_shows_decibels_and_phase_over_a_logarithmic_axis(page, tmp_path):
    frequency = np.logspace(3, 9, 61)
    waves = Waveforms("frequency", "Hz", frequency, {"v(out)": 1 / (1 + 1j * frequency / 1e6)}, {"v(out)": "V"})
    write_page(waves, [], tmp_path / "ac.html")
    show(page, tmp_path / "ac.html")
    assert page.evaluate("rramcirc.panes.map((p) => [p.unit, p.logX])") == [["dB", True], ["deg", True]]
    decibel, phase = page.evaluate("rramcirc.panes.map((p) => p.traces[0].data.y[30])")
    assert (decibel, phase) == pytest.approx((-10 * np.log10(2), -45.0))


def test_theme_follows_the_system_and_the_key(array):
    page, _ = array
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.keyboard.press("d")
    settled(page)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 28)"
    assert dark_pixels(page) > 500
    page.emulate_media(color_scheme="dark")
    page.emulate_media(color_scheme="light")
    settled(page)
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


def test_print_leaves_controls_out(array):
    page, _ = array
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert not page.get_by_role("button", name="CSV").is_visible()
    assert canvas(page).is_visible()
    assert page.pdf().startswith(b"%PDF")


def test_downloads_hold_the_visible_range(array):
    page, waves = array
    zoom_to(page, 3e-7, 6e-7)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    table = list(csv.reader(io.StringIO(Path(download.value.path()).read_text())))
    assert table[0][:2] == ["time [s]", "v(bl0) [V]"]
    numbers = np.array(table[1:], float)
    part = waves.between(*view(page))
    np.testing.assert_array_equal(numbers[:, 0], part.axis)
    np.testing.assert_allclose(numbers[:, table[0].index("i(bl2) [A]")], part["i(bl2)"], rtol=1e-12)
    with page.expect_download() as download:
        page.get_by_role("button", name="SVG").click()
    drawing = Path(download.value.path()).read_text()
    assert drawing.count("<path") > 12
    assert "voltage [mV]" in drawing
    assert all(f">{name}</text>" in drawing for name in ("v(bl0)", "i(bl2)")), "curves are named in the file, too"
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG").click()
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")


def test_every_control_has_a_name(array):
    page, _ = array
    page.get_by_role("button", name="keys").click()
    script = """() => [...document.querySelectorAll('button, input, select, canvas')].filter((e) =>
      !(e.labels?.length || e.textContent.trim() || e.getAttribute('aria-label'))).map((e) => e.outerHTML)"""
    for mode in ("waves", "xy", "map"):
        page.get_by_label("View", exact=True).select_option(mode)
        settled(page)
        assert page.evaluate(script) == [], mode


@pytest.fixture
def thinned(monkeypatch: pytest.MonkeyPatch, page: Page, tmp_path: Path) -> Page:
    monkeypatch.setattr(pack, "MOST_VALUES", 1000)
    monkeypatch.setattr(pack, "_PIECES", (50, 100))
    write_page(small_array(points=3000), [], tmp_path / "t.html")
    show(page, tmp_path / "t.html")
    return page


def test_nothing_is_computed_from_thinned_data(thinned):
    page = thinned
    assert dark_pixels(page) > 500
    expect(page.locator("#remark")).to_contain_text("thinned here: use --serve")
    put_cursor(page, "a", 3e-7)
    assert page.locator(".values td.thinned").count() > 0
    assert page.locator("td[data-value]").count() == 0
    expect(page.locator("#measured")).to_have_text("thinned here: use --serve")
    page.get_by_label("Draw an expression").fill("v(bl1)*2")
    page.keyboard.press("Enter")
    expect(page.locator("#expression-error")).to_have_text("thinned here: use --serve")
    for mode in ("xy", "fft", "raster", "map"):
        page.get_by_label("View", exact=True).select_option(mode)
        expect(page.locator("#panes")).to_have_text("thinned here: use --serve")
    page.get_by_label("View", exact=True).select_option("waves")
    page.get_by_role("button", name="CSV").click()
    expect(page.locator("#remark")).to_contain_text("thinned here")


def test_one_point_in_ten_million_is_visible(page, tmp_path):
    values = np.zeros(10_000_000)
    values[6_543_210] = 1.0
    waves = Waveforms("time", "s", np.linspace(0, 1, len(values)), {"v(a)": values}, {"v(a)": "V"})
    write_page(waves, ["v(a)"], tmp_path / "s.html")
    show(page, tmp_path / "s.html")
    script = """(canvas) => { const ctx = canvas.getContext('2d'), { x, y } = rramcirc.panes[0].scales;
      const seen = (at) => {
        const d = ctx.getImageData(Math.round(x.pixel(at)) - 2, Math.round(y.pixel(0.7)), 5, 1).data;
        for (let k = 0; k < d.length; k += 4) if (d[k] < 60 && d[k + 2] > 120) return true; return false; };
      return [seen(0.654321), seen(0.4)]; }"""
    assert canvas(page).evaluate(script) == [True, False]


ATTACKS = [
    "</script><script>document.title='owned'</script>", "<img src=x onerror=\"document.title='owned'\">",
    "--><!--<script>", "\u2028document.title='owned'", "__proto__", "constructor", "'\"><svg onload=alert(1)>",
    "v(a)&lt;", "{{script}}", "]]>", "${document.title='owned'}",
]  # fmt: skip


def test_text_from_netlists_stays_text(page, tmp_path):
    time = np.linspace(0, 1, 20)
    signals = {name: time * (k + 1) for k, name in enumerate(ATTACKS)}
    waves = Waveforms("time", "s", time, signals, dict.fromkeys(ATTACKS, "<b>V"), title=ATTACKS[0])
    stopped = replace(waves, complete=False, stopped=ATTACKS[1])
    write_page({ATTACKS[1]: waves, ATTACKS[0]: stopped}, [], tmp_path / "x.html", ["max('</script>')"])
    show(page, tmp_path / "x.html")
    page.get_by_role("button", name="draw those shown").click()
    settled(page)
    assert page.title() == ATTACKS[0]
    assert page.evaluate("rramcirc.names") == ATTACKS
    assert page.locator("script:not([type])").count() == 1
    assert page.locator("img, svg").count() == 0
    for name in ATTACKS:
        assert re.sub(r"\s+", " ", name) in re.sub(r"\s+", " ", page.locator("#tree").inner_text()), name
    with page.expect_download() as download:
        page.get_by_role("button", name="SVG").click()
    assert "<script" not in Path(download.value.path()).read_text()


def test_shell_is_small_and_page_asks_for_nothing(tmp_path):
    waves = Waveforms("time", "s", [0.0, 1.0], {"v(a)": [0.0, 1.0]}, {"v(a)": "V"})
    write_page(waves, [], tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text()
    assert len(text) < 300_000
    assert not re.search(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//", text)


def test_notebook_cell_shows_the_page_cut_off_from_the_notebook(page, tmp_path):
    frame = view_of(small_array(), "v(bl1)")._repr_html_()
    (tmp_path / "cell.html").write_text(f"<!doctype html><meta charset='utf-8'><title>notebook</title>{frame}")
    page.goto((tmp_path / "cell.html").as_uri())
    inner = page.frame_locator("iframe")
    expect(inner.locator("canvas")).to_have_count(1)
    expect(inner.locator("#count")).to_have_text("1 of 1 signals")
    assert page.evaluate("document.querySelector('iframe').contentDocument") is None
