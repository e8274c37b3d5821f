"""The browser: the system's Chromium or Playwright's own. Without either, tests fail."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as driver:
        executable = found or driver.chromium.executable_path
        if not Path(executable).exists():
            pytest.fail("no Chromium was found; `make test-browser` installs one")
        chromium = driver.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, address):
    """Opens a report in a window of its own, and says what went wrong and what was asked for."""
    contexts = []

    def open_page(width=1280, fragment="", address=address, script=None, **options):
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.problems, page.asked = [], []
        page.on("console", lambda message: page.problems.append(message.text))
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        if script:
            page.add_init_script(script)
        page.goto(address + fragment)
        return page

    yield open_page
    for context in contexts:
        context.close()
