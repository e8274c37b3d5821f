"""Where Chromium is, and how it is started: for the report's tests, and for those of Snakemake's own report."""

import shutil
from pathlib import Path

ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def chromium_of(driver):
    """The system's Chromium or Playwright's own; None without either."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    executable = Path(found or driver.chromium.executable_path)
    return executable if executable.exists() else None
