"""The browser, and pages that are opened in it. Without a browser, tests fail."""

import pytest
from chromium import ARGUMENTS, chromium_of
from playwright.sync_api import sync_playwright


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium."""
    with sync_playwright() as driver:
        executable = chromium_of(driver)
        if executable is None:
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
