"""Chromium without a window, driven with real input events through its own protocol (Playwright)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

INSTALL = "run `make test`, which installs it, or: apt-get install chromium"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.fail(f"the tests of the page need chromium: {INSTALL}")
    sandbox = [] if os.geteuid() else ["--no-sandbox"]  # root has no sandbox of Chromium
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=[*sandbox, "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page whose console must stay without errors, and that may not reach a network."""
    opened = browser.new_page(viewport={"width": 1100, "height": 900}, color_scheme="light", accept_downloads=True)
    opened.set_default_timeout(5000)
    problems: list[str] = []
    opened.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("requestfailed", lambda request: problems.append(f"failed: {request.url}"))
    yield opened
    opened.close()
    assert not problems
