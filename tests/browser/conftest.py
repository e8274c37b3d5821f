"""The browser: the system's Chromium or Playwright's own. Without either, tests are skipped, unless one is required."""

import shutil
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def pytest_addoption(parser):
    parser.addoption("--browser-required", action="store_true", help="fail where there is no Chromium")


@pytest.fixture(scope="session")
def browser(request):
    """A headless Chromium."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with playwright.sync_playwright() as driver:
        executable = found or driver.chromium.executable_path
        if not Path(executable).exists():
            missing = "no Chromium was found; `make test-browser` installs one"
            (pytest.fail if request.config.getoption("--browser-required", default=False) else pytest.skip)(missing)
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
