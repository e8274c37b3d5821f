"""Costs are kept for the next dry run, and measured again when they may be others."""

import platform
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from made_up_run import make_config

from depthsounder.sweep import kept_costs as keeping
from depthsounder.sweep.kept_costs import LIFETIME, kept_costs
from depthsounder.sweep.planning import Costs, Line

CONFIG = make_config([2, 10], ["tanh", "relu"], ["glorot_normal", "he_normal"])
FIRST = Costs(0.1, *[Line(1e-5, 1e-6)] * 5, rest=50.0, rest_of_a_cell=0.25)
SECOND = replace(FIRST, start=0.2)


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "kept/costs.json"
    assert kept_costs(file, CONFIG, "code", lambda: FIRST) == FIRST
    return file


def again(file, config=CONFIG, code="code"):
    """What a second dry run has, which would measure others."""
    return kept_costs(file, config, code, lambda: SECOND)


def test_costs_are_measured_once(file):
    assert again(file) == FIRST


def test_a_sweep_of_other_cells_has_the_same_costs(file):
    assert again(file, CONFIG.model_copy(update={"depths": (7,), "activations": ("tanh",)})) == FIRST


@pytest.mark.parametrize("setting", ["width", "probe_examples"])
def test_other_networks_have_other_costs(file, setting):
    assert again(file, CONFIG.model_copy(update={setting: 99})) == SECOND


def test_other_code_has_other_costs(file):
    assert again(file, code="another") == SECOND
    assert again(file, code="another") == SECOND


def test_another_machine_has_other_costs(file, monkeypatch):
    monkeypatch.setattr(platform, "node", lambda: "another")
    assert again(file) == SECOND


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (timedelta(0), FIRST),
        (LIFETIME - timedelta(minutes=1), FIRST),
        (LIFETIME, SECOND),
        (-timedelta(hours=1), SECOND),
    ],
    ids=["at once", "within an hour", "an hour later", "after the clock was set back"],
)
def test_costs_are_good_for_an_hour(file, monkeypatch, later, expected):
    clock = SimpleNamespace(now=lambda zone: datetime.now(zone) + later)
    monkeypatch.setattr(keeping, "datetime", clock)
    assert again(file) == expected


@pytest.mark.parametrize("content", ["", "{}", '{"about": "', "[]", "\N{SNOWMAN}"])
def test_a_damaged_file_is_measured_again(file, content):
    file.write_text(content, encoding="utf-8")
    assert again(file) == SECOND


def test_where_nothing_can_be_written_costs_are_measured_each_time(tmp_path):
    (tmp_path / "kept").write_text("a file where the folder would be")
    file = tmp_path / "kept/costs.json"
    assert kept_costs(file, CONFIG, "code", lambda: FIRST) == FIRST
    assert again(file) == SECOND
