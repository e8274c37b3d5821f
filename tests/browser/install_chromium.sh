#!/bin/sh
# Make sure that there is a Chromium for the browser tests: the system's, Debian's package, or Playwright's own download.
set -eu

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" > /dev/null; then
        echo "The browser tests use $(command -v "$name")."
        exit
    fi
done
if command -v apt-get > /dev/null && [ "$(id -u)" = 0 ]; then
    echo "There is no Chromium on the PATH. Installing Debian's package."
    apt-get update --quiet
    DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends chromium fonts-dejavu-core
else
    echo "There is no Chromium on the PATH, and no right to install a package. Downloading Playwright's."
    python -m playwright install chromium
fi
