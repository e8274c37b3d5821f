"""The machine on which something is measured."""

import platform
from pathlib import Path


def processor() -> str:
    """Return the processor's name, or its kind where the system does not say more (it is Linux that does)."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.machine()
    names = [line.partition(": ")[2] for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()
