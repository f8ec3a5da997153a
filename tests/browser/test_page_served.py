"""The page of `rramcirc inspect --serve`: thinned on the screen, numbers from every point of the file."""

from __future__ import annotations

import numpy as np
from browsing import settled
from playwright.sync_api import Page, expect

from rramcirc.cli.inspect.serving import page_server
from rramcirc.waveforms.folder import write_record
from rramcirc.waveforms.raw import RawPlot, write_raw
from rramcirc.waveforms.spikes import Spikes


def test_served_run_zooms_measures_and_grows(page: Page, tmp_path):
    rng = np.random.default_rng(4)
    time = np.cumsum(rng.exponential(1e-9, 600_000))
    values = np.sin(time * 1e5) + 0.01 * rng.normal(size=len(time))
    columns = ["time", "v(a)", "gap[0,1]"], ["time", "voltage", "nm"]
    write_raw(tmp_path / "a.raw", [RawPlot.from_columns(*columns, [time, values, 2 * values])])
    server = page_server([tmp_path / "a.raw"], ["v(a)"], ["max(v(a))"], None, None, wait=False)
    server.start()
    page.goto(server.address)
    page.wait_for_function("() => rramcirc.first.tile !== null")
    expect(page.locator("#remark")).to_contain_text("numbers come from the file")
    cell = page.locator("#measured tr", has_text="max(v(a))").locator("td[data-value]")
    expect(cell).to_have_attribute("data-value", str(float(values.max())))
    page.locator("canvas").first.hover(position={"x": 400, "y": 60})
    page.keyboard.press("a")
    place = page.evaluate("rramcirc.cursors.A")
    expected = float(np.interp(place, time, values))
    shown = page.locator(".values td[data-value]").nth(1)
    page.wait_for_function(
        "() => !document.querySelectorAll('.values td[data-value]')[1].dataset.value.includes('NaN')"
    )
    assert abs(float(shown.get_attribute("data-value")) - expected) < 1e-12
    for _ in range(14):
        page.keyboard.press("+")
    page.wait_for_function("() => rramcirc.first.tile.whole")
    settled(page)
    low, high = page.evaluate("rramcirc.view")
    inside = (time > low) & (time < high)
    assert page.evaluate("rramcirc.first.window(...rramcirc.view).axis.length") == np.count_nonzero(inside) + 2
    page.get_by_label("View", exact=True).select_option("map")
    expect(page.locator("#panes button")).to_have_attribute("data-value", str(float(2 * values[-1])))
    page.get_by_label("View", exact=True).select_option("waves")
    page.keyboard.press("0")
    write_raw(
        tmp_path / "a.raw",
        [
            RawPlot.from_columns(
                *columns,
                [np.append(2 * time, 2.1 * time[-1]), np.append(values, 0), np.append(values, 0)],
                complete=False,
            )
        ],
    )
    page.evaluate("rramcirc.first.complete = false")
    page.wait_for_function(f"() => rramcirc.first.to > {time[-1] * 1.9}")
    settled(page)
    assert page.evaluate("rramcirc.view[1]") == 2.1 * time[-1]
    server.stop()


def test_spikes_of_a_served_network_are_its_own(page: Page, tmp_path):
    """Those of spikes.npy, not rises of what is drawn; spikes that come later are shown, too."""
    time = np.linspace(0, 1, 101)
    columns = ["time", "v(mem0)"], ["time", "voltage"]
    write_raw(tmp_path / "waves.raw", [RawPlot.from_columns(*columns, [time, np.sin(60 * time)])])
    Spikes([0.1, 0.2, 0.2, 0.7], [3, 5, 4, 0]).save(tmp_path)
    write_record(tmp_path, {"status": "running", "circuit": "network of a test"})
    server = page_server([tmp_path], ["v(mem0)"], [], None, None, wait=False)
    server.start()
    page.goto(server.address)
    page.wait_for_function("() => rramcirc.first.tile !== null")
    page.get_by_label("View", exact=True).select_option("raster")
    dots = "() => rramcirc.panes.length ? [...rramcirc.panes[0].traces[0].data.y] : []"
    page.wait_for_function(f"() => ({dots})().length === 4")
    assert page.evaluate(dots) == [3, 4, 5, 0]
    assert page.evaluate("[...rramcirc.panes[0].traces[0].data.x]") == [0.1, 0.2, 0.2, 0.7]
    Spikes([0.1, 0.2, 0.2, 0.7, 0.9], [3, 5, 4, 0, 1]).save(tmp_path)
    write_record(tmp_path, {"status": "done", "circuit": "network of a test"})
    page.wait_for_function(f"() => ({dots})().length === 5")
    assert page.evaluate("rramcirc.first.complete")
    server.stop()
