"""Users who lack a name, or a home folder that can be written."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

from depthsounder.process.home import stand_ins

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("LOGNAME", "USER", "LNAME", "USERNAME")


def nobody(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")


@pytest.fixture
def plain(monkeypatch, tmp_path):
    """A user with a name and an empty home."""
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("USER", "ada")
    monkeypatch.setenv("HOME", str(tmp_path))


def test_who_has_a_name_and_a_home_gets_nothing(plain, tmp_path):
    assert stand_ins(os.environ, tmp_path) == {}


@pytest.mark.parametrize("home", ["/dev/null", "/dev/null/home", None])
def test_matplotlib_keeps_its_fonts_beside_the_results_where_there_is_no_home(home, plain, tmp_path, monkeypatch):
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.delenv("HOME") if home is None else monkeypatch.setenv("HOME", home)
    assert stand_ins(os.environ, tmp_path) == {"MPLCONFIGDIR": str(tmp_path / ".matplotlib")}
    monkeypatch.setenv("MPLCONFIGDIR", "mine")
    assert stand_ins(os.environ, tmp_path) == {}


def test_a_home_that_cannot_be_written_is_none(plain, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda place, how: Path(place) != tmp_path)
    assert list(stand_ins(os.environ, tmp_path)) == ["MPLCONFIGDIR"]


def test_a_user_without_a_name_is_called_by_the_number(plain, tmp_path, monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert stand_ins(os.environ, tmp_path) == {"USER": f"user-{os.getuid()}"}


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
@pytest.mark.parametrize("home", ["/dev/null", None])
def test_make_gives_a_home_beside_the_results_to_who_has_none(home, tmp_path):
    def home_of(**environment):
        kept = {name: value for name, value in os.environ.items() if name != "HOME"} | environment
        called = ["make", "--silent", "--eval", 'show: ; @echo "$$HOME"', "show"]
        return subprocess.run(called, cwd=ROOT, env=kept, capture_output=True, text=True, check=True).stdout.strip()

    assert home_of(**({"HOME": home} if home else {})) == f"{ROOT}/results/.home"
    assert home_of(HOME=str(tmp_path)) == str(tmp_path)
