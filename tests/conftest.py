"""What all tests share: the root of the project, and how hypothesis looks for counterexamples."""

from pathlib import Path

import pytest
from hypothesis import settings

# The same examples on every machine, however slow: a failure is one that everybody sees.
settings.register_profile("depthsounder", deadline=None, derandomize=True)
settings.load_profile("depthsounder")


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the Snakefile."""
    return Path(__file__).resolve().parents[1]
