"""How fast large runs come on the screen: page, server, listing, export. Needs chromium.

Usage: python benchmarks/page.py [--large FILE.raw]
FILE.raw, of 10 GB, is written if it is not there, and is left for you to remove.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from rramcirc.waveforms.export import write_table

RRAMCIRC = [sys.executable, "-m", "rramcirc"]
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
DRAWN = "() => document.body.dataset.drawn > 0 && rramcirc.first.tile !== null"


def write_raw(path: Path, points: int, signals: int) -> None:
    """Write sines of many periods, in blocks."""
    names = ["time", *(f"v(bl{k})" for k in range(signals))]
    rows = [f"\t{k}\t{name}\t{'voltage' if k else 'time'}" for k, name in enumerate(names)]
    head = ["Title: * large", "Date: -", "Plotname: Transient Analysis", "Flags: real", f"No. Variables: {len(names)}"]
    block = np.empty((20_000, signals + 1))
    block[:, 1:] = np.sin(2 * np.pi * np.arange(20_000)[:, None] * (1 + np.arange(signals)) / 20_000)
    with path.open("wb") as file:
        file.write("\n".join([*head, f"No. Points: {points}", "Variables:", *rows, "Binary:", ""]).encode())
        for start in range(0, points, 20_000):
            block[:, 0] = 1e-9 * np.arange(start, start + 20_000)
            file.write(block[: points - start].tobytes())


def timed(*words: object) -> float:
    """Return the seconds of a command."""
    started = time.perf_counter()
    subprocess.run([*RRAMCIRC, *map(str, words)], check=True, capture_output=True)
    return time.perf_counter() - started


def look(browser: Browser, address: str, label: str) -> None:
    """Print first paint, first curves and the latency of zooms of a page."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    started = time.perf_counter()
    page.goto(address)
    page.wait_for_function(DRAWN)
    print(f"{label}: curves {time.perf_counter() - started:.2f} s after the address, ", end="")
    print(f"first paint {page.evaluate(PAINT) / 1e3:.2f} s")
    low, high = page.evaluate("rramcirc.whole()")
    script = """async (ends) => { const t = performance.now(); rramcirc.show(ends);
      while (!rramcirc.first.tile || (rramcirc.remote && !rramcirc.remote.fits(rramcirc.first, [], rramcirc.view)))
        await new Promise((r) => setTimeout(r, 1));
      await new Promise((r) => requestAnimationFrame(r)); return performance.now() - t; }"""
    for part in (0.5, 0.1, 0.01, 1e-3, 1e-4):
        times = []
        for place in (0.37, 0.11, 0.23, 0.47, 0.3):
            page.evaluate("rramcirc.show(rramcirc.whole())")
            page.wait_for_timeout(700)  # its tables are filled
            start = low + place * (high - low)
            times.append(page.evaluate(script, [start, start + part * (high - low)]))
        print(f"{label}: zoom to {part:g} of the axis: {min(times):.0f} to {max(times):.0f} ms, 5 places")
    page.close()


def serve(browser: Browser, raw: Path, label: str) -> None:
    """Print what `--serve` takes and how much memory it has of its own."""
    started = time.perf_counter()
    words = [*RRAMCIRC, "inspect", str(raw), "--serve"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout
        address = server.stdout.readline().strip()
        print(f"{label}: serves after {time.perf_counter() - started:.2f} s")
        look(browser, address, label)
        status = Path(f"/proc/{server.pid}/status").read_text()
        own, peak = (re.search(rf"{name}:\s+(\d+)", status) for name in ("RssAnon", "VmHWM"))
        assert own
        assert peak
        print(f"{label}: {int(own[1]) / 1e3:.0f} MB of memory of its own ({int(peak[1]) / 1e3:.0f} MB with file pages)")
        server.terminate()


def main() -> None:
    """Run all."""
    large = Path(sys.argv[sys.argv.index("--large") + 1]) if "--large" in sys.argv else None
    program = shutil.which("chromium")
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place)
        root = [] if os.geteuid() else ["--no-sandbox"]
        browser = playwright.chromium.launch(executable_path=program, args=[*root, "--disable-gpu"])
        write_raw(folder / "m.raw", 100_000, 200)
        print(
            f"page of 160 MB: written in {timed('inspect', folder / 'm.raw', '--html', folder / 'm.html'):.2f} s, ",
            end="",
        )
        print(f"{(folder / 'm.html').stat().st_size / 1e6:.1f} MB")
        look(browser, (folder / "m.html").as_uri(), "page of 160 MB")
        columns = [(name, np.random.default_rng(k).random(2_500_000), "V") for k, name in enumerate("abc")]
        for suffix in (".csv", ".parquet", ".npz", ".h5"):
            started = time.perf_counter()
            write_table(columns, folder / f"t{suffix}")
            print(f"3 columns x 2.5 million rows to {suffix}: {time.perf_counter() - started:.2f} s")
        write_raw(folder / "g.raw", 625_000, 199)
        print(f"listing of 1 GB: {timed('inspect', folder / 'g.raw'):.2f} s, ", end="")
        print(f"again {timed('inspect', folder / 'g.raw'):.2f} s")
        if large:
            if not large.exists():
                write_raw(large, 6_250_000, 199)
            kept = large.with_name(f"{large.name}.pyramid")
            kept.unlink(missing_ok=True)
            serve(browser, large, f"{large.stat().st_size / 1e9:.1f} GB, no pyramid")
            print(f"pyramid: {kept.stat().st_size / 1e6:.0f} MB")
            serve(browser, large, "the same with its pyramid")
        browser.close()


if __name__ == "__main__":
    main()
