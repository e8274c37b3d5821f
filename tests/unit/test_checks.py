"""What is checked before a cell is computed: right records get through, every wrong one is stopped with its reason."""

import re
from dataclasses import replace

import numpy as np
import pytest
from own_records import NOT_ANALYTIC, RIGHT, WRONG, valued
from support import EVERY_ACTIVATION, name_of

from depthsounder.checking.checks import CheckPlan, check_records
from depthsounder.elements.activations import RELU, TANH
from depthsounder.elements.architectures import PLAIN
from depthsounder.elements.gaussian import critical_gain
from depthsounder.elements.initializers import HE_NORMAL, INITIALIZERS, initializer
from depthsounder.engine.gate import refusal_reason

PLAN = CheckPlan(
    root_seed=1, depths=(1, 2, 10), width=6, examples=4, sweep_width=64, complex_step_threshold=1e-12,
    not_analytic="refuse",
)  # fmt: skip
BY_DIFFERENCES = replace(PLAN, not_analytic="central_difference")
CELLS = [
    (activation, init)
    for activation in EVERY_ACTIVATION
    for init in (*INITIALIZERS, "gaussian_w2_b25", "gaussian_w100_b1")
    if init != "critical" or critical_gain(activation).status != "none"
]


def reason(activation, init="he_normal", plan=PLAN):
    return refusal_reason(check_records(PLAIN, activation, initializer(init) if isinstance(init, str) else init, plan))


@pytest.mark.parametrize(("activation", "init"), CELLS, ids=name_of)
def test_nothing_of_the_registries_is_refused_at_the_gains_of_wide_networks(activation, init):
    for sweep_width in (64, 512):
        assert reason(activation, init, replace(PLAN, sweep_width=sweep_width)) is None


@pytest.mark.parametrize("init", ["he_normal", "naive_small", "naive_unit"])
@pytest.mark.parametrize("name", RIGHT)
def test_right_activations_of_ones_own_get_through(name, init):
    if name == "constant":
        assert "weights of the hidden layers" in reason(RIGHT[name], init)
    else:
        assert reason(RIGHT[name], init) is None


@pytest.mark.parametrize("name", WRONG)
def test_wrong_activations_are_stopped(name):
    record, promise = WRONG[name]
    rows = check_records(PLAIN, record, HE_NORMAL, PLAN)
    assert [row["parameter"] for row in rows if row["verdict"] == "failed"] == [f"activation.{promise}"]
    assert refusal_reason(rows)


@pytest.mark.parametrize("name", NOT_ANALYTIC)
def test_right_slopes_without_complex_numbers_get_through_where_the_config_lets_them(name):
    record, _ = WRONG[name]
    assert reason(record, plan=PLAN) is not None
    rows = check_records(PLAIN, record, HE_NORMAL, BY_DIFFERENCES)
    assert refusal_reason(rows) is None
    assert {row["method"] for row in rows} == {"contract", "central_difference"}


@pytest.mark.parametrize("name", [name for name in WRONG if name not in NOT_ANALYTIC])
def test_the_config_lets_no_other_breach_through(name):
    assert reason(WRONG[name][0], plan=BY_DIFFERENCES) is not None


@pytest.mark.parametrize("sweep_width", [64, 2048])
def test_networks_are_checked_at_the_gain_of_the_sweep(sweep_width, monkeypatch):
    gains = []

    def look(network, threshold):
        weights = network.spec.views(network.parameters[None]).weights
        gains.append(float(np.mean([6 * layer.var() for layer in weights[1:-1]])))
        return []

    monkeypatch.setattr("depthsounder.checking.checks.check_gradients", look)
    check_records(PLAIN, TANH, initializer("naive_large"), replace(PLAN, depths=(50,), sweep_width=sweep_width))
    assert gains == [pytest.approx(sweep_width / 4, rel=0.1)]


def test_a_wrong_init_is_stopped_before_a_network_is_drawn():
    rows = check_records(PLAIN, TANH, replace(HE_NORMAL, shape=lambda normals, variance: normals[:1]), PLAN)
    assert [row["parameter"] for row in rows if row["verdict"] == "failed"] == ["init.computes"]
    assert "complex_step" not in {row["method"] for row in rows}


@pytest.mark.parametrize(
    ("variance", "found"),
    [
        (lambda fan_in, fan_out, activation: 2 / fan_in if fan_in == fan_out else None, "TypeError"),
        (lambda fan_in, fan_out, activation: 2 / fan_in if fan_in == fan_out else np.nan, "is nan"),
        (lambda fan_in, fan_out, activation: {PLAN.sweep_width: 0.1}[fan_in], "KeyError"),
    ],
    ids=["no number", "NaN", "one width only"],
)
def test_a_variance_for_square_layers_alone_is_refused(variance, found):
    assert re.search(f"weight_variance .* {found}", reason(TANH, replace(HE_NORMAL, weight_variance=variance)))


def test_a_signal_that_no_checked_network_lets_through_is_no_pass():
    # 100 deviations of a ReLU that begins at 1e3: every unit of every network is off.
    far = valued(lambda z: np.where(z.real > 1e3, z - 1e3, 0), lambda z, h: (z > 1e3) * 1.0, (1e3,))
    assert "could see anything at depth 1, 2, 10" in reason(far)


def test_promises_stand_in_the_table_at_depth_0():
    rows = check_records(PLAIN, RELU, HE_NORMAL, PLAN)
    promises = [row for row in rows if row["method"] == "contract"]
    assert {row["depth"] for row in promises} == {0}
    assert {row["verdict"] for row in promises} == {"passed"}
    assert {row["parameter"].partition(".")[0] for row in promises} == {"activation", "init"}
    assert {row["depth"] for row in rows if row["method"] != "contract"} == {1, 2, 10}


@pytest.mark.parametrize("init", ["naive_unit", "naive_large", "he_normal"])
def test_a_slope_from_z_is_as_good_as_one_from_h(init):
    record = valued(np.tanh, lambda z, h: 1 - np.tanh(z) ** 2)
    plan = replace(PLAN, depths=(1, 2, 3, 10, 20), width=8, examples=5, sweep_width=512)
    assert reason(record, init, plan) is None
