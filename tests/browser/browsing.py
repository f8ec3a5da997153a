"""Open a written page, wait for it, and waveforms to show on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from rramcirc.waveforms.waveforms import Waveforms


def show(page: Page, file: Path) -> None:
    """Open a written page and wait until it is drawn."""
    page.goto(file.as_uri())
    settled(page)


def settled(page: Page) -> None:
    """Wait until the tables are filled, which is 60 ms after the last drawing."""
    page.wait_for_function("() => document.body.dataset.drawn > 0")
    page.wait_for_timeout(150)


def small_array(rows: int = 3, columns: int = 4, points: int = 500, seed: int = 1) -> Waveforms:
    """Pulses on the bit lines of an array with a state and a current in each cell."""
    rng = np.random.default_rng(seed)
    time = np.sort(np.concatenate([[0.0, 1e-6], rng.uniform(0, 1e-6, points - 2)]))
    pulse = np.clip((time - 2e-7) / 5e-8, 0, 1) - np.clip((time - 7e-7) / 5e-8, 0, 1)
    signals, units = {}, {}
    for c in range(columns):
        signals[f"v(bl{c})"], units[f"v(bl{c})"] = (0.5 + 0.1 * c) * pulse, "V"
        signals[f"i(bl{c})"], units[f"i(bl{c})"] = 1e-5 * (1 + c) * pulse * (1 + 0.3 * np.exp(-time / 2e-7)), "A"
    for r in range(rows):
        for c in range(columns):
            signals[f"gap[{r},{c}]"], units[f"gap[{r},{c}]"] = 1.7 - 0.3 * r - 0.1 * c * time * 1e6, "nm"
            signals[f"v(be[{r},{c}])"], units[f"v(be[{r},{c}])"] = 0.1 * (r + 1) * pulse, "V"
    return Waveforms("time", "s", time, signals, units, title="array of a test")
