"""The claims that a run decides, on made-up tables and in both directions."""

from dataclasses import replace

import numpy as np
import pytest
from support import AS_A_PROGRAM, DEFAULT_THRESHOLDS, balanced_dataset

from depthsounder.claims import Settings, ledger, load_evidence
from depthsounder.elements.activations import SIGMOID
from depthsounder.elements.architectures import PLAIN
from depthsounder.elements.initializers import initializer
from depthsounder.elements.streams import stream
from depthsounder.judging.reference import References
from depthsounder.storage.schemas import SCHEMAS
from depthsounder.storage.tables import write_rows
from depthsounder.theory.columns import theory_columns

H = float(np.log(10))
STEPS = 100
SETTINGS = Settings(
    root_seed=1,
    depths=(2, 20),
    activations=("sigmoid", "tanh", "relu"),
    inits=("naive_small", "naive_large", "glorot_normal", "xavier_note", "he_normal"),
    width=64,
    optimizer="sgd",
    steps=STEPS,
    clip_norm=None,
    references=References(1, np.arange(200) % 10, batch_size=20, steps=STEPS),
    thresholds=DEFAULT_THRESHOLDS,
)
DATASET = balanced_dataset(n_inputs=64, n_classes=10)
LEDGER = {claim.name: claim for claim in ledger()}
SEEDS = range(10)


@pytest.fixture
def judged(tmp_path):
    """Judges a claim on made-up tables, of which it sees the columns only that it says it reads."""

    def judge(claim, settings=SETTINGS, **rows):
        for name in ("signal", "traces", "gradient_check", "theory", "verdicts", "comparisons"):
            plain = dict.fromkeys(SCHEMAS[name].names) | {"architecture": "plain"}
            complete = [plain | row for row in rows.get(name, [])]
            write_rows(tmp_path / f"{name}.parquet", complete, SCHEMAS[name])
        judgement = LEDGER[claim].test(load_evidence(tmp_path, settings, DATASET, LEDGER[claim].reads))
        assert not AS_A_PROGRAM.search(" ".join((judgement.observed, judgement.expected, judgement.evidence)))
        return judgement

    return judge


def cell(depth, activation, init, signal="healthy", training="trains", **others):
    values = {"delta_ratio": 1.0, "tail_loss": 0.01, "successes": 10, "learning": 0, "seeds": 10, **others}
    return {
        "depth": depth,
        "activation": activation,
        "init": init,
        "signal_verdict": signal,
        "training_verdict": training,
        **values,
    }


def losses(depth, activation, init, start, end, phase="evaluate", seeds=SEEDS, rate=0.1):
    """Traces that go from one loss to another along a straight line."""
    return [
        {
            "depth": depth,
            "activation": activation,
            "init": init,
            "phase": phase,
            "seed": seed,
            "learning_rate": rate,
            "step": step,
            "train_loss": loss,
        }
        for seed in seeds
        for step, loss in enumerate(np.linspace(start, end, STEPS + 1))
    ]


def layers(depth, activation, init, step=0, seeds=SEEDS, **profiles):
    """Rows of the signal table, from profiles over layers 1 to L + 1."""
    return [
        {
            "depth": depth,
            "activation": activation,
            "init": init,
            "seed": seed,
            "step": step,
            "layer": layer + 1,
            **{name: profile[layer] for name, profile in profiles.items()},
        }
        for seed in seeds
        for layer in range(depth + 1)
    ]


def fading(first, last, depth):
    """A geometric profile over layers 1 to L, and the last value once more for the readout."""
    return [*np.geomspace(first, last, depth), last]


HE, GLOROT = "he_normal", "glorot_normal"


def test_he_is_confirmed_where_it_is_never_worse_and_somewhere_better(judged):
    verdicts = [
        cell(2, "relu", HE),
        cell(2, "relu", GLOROT),
        cell(20, "relu", HE),
        cell(20, "relu", GLOROT, training="stalled"),
    ]

    judgement = judged("he_for_relu", verdicts=verdicts)
    assert judgement.verdict == "confirmed"
    assert judgement.observed == "He better at depth 20; no difference at depth 2"


def compared(depth, init, against, finding, in_family=True):
    return {
        "depth": depth, "activation": "relu", "init": init, "against": against, "in_family": in_family, "seeds": 10,
        "lower": 10, "higher": 0, "tail_ratio": 0.3, "finding": finding,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("comparison", "verdict"),
    [
        (compared(20, HE, GLOROT, "lower"), "confirmed"),
        (compared(20, GLOROT, HE, "higher"), "confirmed"),
        (compared(20, HE, GLOROT, "higher"), "refuted"),
        (compared(20, HE, GLOROT, "not told apart"), "inconclusive"),
        (compared(20, HE, GLOROT, None, in_family=False), "inconclusive"),
    ],
)
def test_where_the_words_are_the_same_he_is_judged_by_the_one_family_of_tests(judged, comparison, verdict):
    words = {"training": "partial"}
    verdicts = [cell(20, "relu", HE, tail_loss=0.5, **words), cell(20, "relu", GLOROT, tail_loss=1.5, **words)]

    assert judged("he_for_relu", verdicts=verdicts, comparisons=[comparison]).verdict == verdict


def test_he_is_refuted_where_it_is_worse_and_conditional_where_its_signal_is_not_healthy(judged):
    worse = [cell(20, "relu", HE, training="stalled"), cell(20, "relu", GLOROT)]
    unhealthy = [cell(20, "relu", HE, signal="vanishing"), cell(20, "relu", GLOROT, training="stalled")]

    assert judged("he_for_relu", verdicts=worse).verdict == "refuted"
    assert judged("he_for_relu", verdicts=unhealthy).verdict == "conditional"


@pytest.mark.parametrize(
    ("shallow", "deep", "verdict"),
    [("trains", "trains", "confirmed"), ("trains", "stalled", "conditional"), ("partial", "stalled", "refuted")],
)
def test_the_notes_xavier_is_judged_by_how_often_it_does_what_glorots_does(judged, shallow, deep, verdict):
    verdicts = [cell(2, "tanh", GLOROT), cell(20, "tanh", GLOROT)]
    verdicts += [cell(2, "tanh", "xavier_note", training=shallow), cell(20, "tanh", "xavier_note", training=deep)]

    assert judged("xavier_note_tanh", verdicts=verdicts).verdict == verdict


def test_mixed_is_better_than_stalled_and_worse_than_partial(judged):
    for he, glorot, verdict in (("mixed", "stalled", "confirmed"), ("mixed", "partial", "refuted")):
        verdicts = [cell(20, "relu", HE, training=he), cell(20, "relu", GLOROT, training=glorot)]
        assert judged("he_for_relu", verdicts=verdicts).verdict == verdict


def test_two_inits_that_fail_alike_are_not_praised_for_it(judged):
    verdicts = [cell(20, "sigmoid", init, "vanishing", "stalled") for init in (GLOROT, "xavier_note")]

    judgement = judged("xavier_note_sigmoid", verdicts=verdicts)
    assert judgement.verdict == "confirmed"
    assert "no merit" in judgement.evidence


@pytest.mark.parametrize(
    ("fates", "verdict"),
    [
        ([("healthy", "trains"), ("healthy", "partial")], "confirmed"),
        ([("healthy", "trains"), ("vanishing", "stalled")], "conditional"),
        ([("vanishing", "trains"), ("healthy", "stalled")], "refuted"),
    ],
)
def test_xavier_suits_sigmoid_where_signal_and_training_do_well(judged, fates, verdict):
    verdicts = [cell(depth, "sigmoid", GLOROT, *fate) for depth, fate in zip((2, 20), fates, strict=True)]

    judgement = judged("xavier_for_sigmoid", verdicts=verdicts)
    assert judgement.verdict == verdict
    assert "4 times that range for sigmoid, which is attributed to Glorot, makes σw² 16" in judgement.evidence
    assert "χ1 = 0.399 against 0.056, and still below 1." in judgement.evidence


@pytest.mark.parametrize(
    ("signals", "verdict"),
    [
        (("exploding", "exploding"), "confirmed"),
        (("exploding", "vanishing"), "conditional"),
        (("healthy", "vanishing"), "refuted"),
    ],
)
def test_a_naive_scale_is_judged_by_how_many_cells_share_its_fate(judged, signals, verdict):
    relu, sigmoid = signals
    verdicts = [
        cell(20, "relu", "naive_large", relu, "diverged"),
        cell(20, "sigmoid", "naive_large", sigmoid, "stalled"),
    ]

    judgement = judged("naive_large", verdicts=verdicts)
    assert judgement.verdict == verdict
    assert "n·Var(W) is 16 at width 64" in judgement.evidence


@pytest.mark.parametrize(
    ("rates", "verdict"), [((0.1, 0.2), "confirmed"), ((0.2, 0.9), "conditional"), ((0.6, 0.9), "refuted")]
)
def test_sigmoids_rate_is_judged_against_a_quarter_for_each_init(judged, rates, verdict):
    inits = ("naive_small", GLOROT)
    verdicts = [cell(20, "sigmoid", init, delta_ratio=rate**19) for init, rate in zip(inits, rates, strict=True)]
    theory = [{"depth": 20, "activation": "sigmoid", "init": init, "layer": 1, "chi_1": 0.04} for init in inits]

    judgement = judged("sigmoid_gradient_rate", verdicts=verdicts, theory=theory)
    assert judgement.verdict == verdict
    assert f"{GLOROT} {rates[1]}" in judgement.observed
    assert f"{GLOROT} 0.200" in judgement.evidence


def sigmoid_theory(init, width, depth):
    """The theory table's rows of sigmoid cells, from the theory itself."""
    inputs = stream(1, "inputs").standard_normal((4, 64))
    inputs *= np.sqrt(64) / np.linalg.norm(inputs, axis=1, keepdims=True)
    columns = theory_columns([depth], PLAIN, SIGMOID, initializer(init), inputs, np.arange(4), width)[depth]
    cell_of = {"depth": depth, "activation": "sigmoid", "init": init}
    return [
        {
            **cell_of,
            "layer": layer + 1,
            **{name: columns[name][layer] for name in ("chi_1", "delta_second_moment_ratio")},
        }
        for layer in range(depth)
    ]


@pytest.mark.parametrize(("width", "settled", "over_its_layers"), [(64, "0.892", "0.888"), (32, "0.753", "0.747")])
def test_sigmoids_rate_with_plain_randn_is_predicted_for_the_runs_own_width(judged, width, settled, over_its_layers):
    ends = {"delta_ratio": 0.871**49, "delta_ratio_low": 0.861**49, "delta_ratio_high": 0.879**49}
    glorot = {"delta_ratio": 0.2346**49, "delta_ratio_low": 0.234**49, "delta_ratio_high": 0.2363**49}
    inits = ("naive_unit", GLOROT)
    verdicts = [cell(50, "sigmoid", init, **these) for init, these in zip(inits, (ends, glorot), strict=True)]
    theory = [row for init in inits for row in sigmoid_theory(init, width, 50)]
    settings = replace(SETTINGS, depths=(50,), inits=inits, width=width)

    judgement = judged("sigmoid_gradient_rate", settings, verdicts=verdicts, theory=theory)

    assert judgement.verdict == "conditional"
    assert judgement.observed == f"{GLOROT} 0.235 (0.234 to 0.236); naive_unit 0.871 (0.861 to 0.879)"
    assert f"width {width}, the median" in judgement.evidence
    # Glorot's σw² is 1 at equal fans, whatever the width; that of plain randn is the width.
    assert f"{GLOROT} 0.236; naive_unit {settled}." in judgement.evidence
    assert (
        f"outside the interval for naive_unit, {over_its_layers}: theory is that of infinitely wide layers, and these "
        f"have {width} units." in judgement.evidence
    )


def test_sigmoids_rate_needs_no_interval_and_no_theory(judged):
    judgement = judged("sigmoid_gradient_rate", verdicts=[cell(20, "sigmoid", GLOROT, delta_ratio=0.2**19)])

    assert judgement.observed == f"{GLOROT} 0.200"
    assert "outside" not in judgement.evidence
    assert "nan" not in judgement.evidence
    assert "Theory has no rate for them." in judgement.evidence


def test_sigmoids_rate_leaves_out_a_theory_that_is_withheld(judged):
    verdicts = [cell(20, "sigmoid", init, delta_ratio=0.2**19) for init in ("naive_small", GLOROT)]
    first = {"depth": 20, "activation": "sigmoid", "layer": 1}
    theory = [
        {**first, "init": GLOROT, "chi_1": 0.04, "delta_second_moment_ratio": 0.04**19},
        {**first, "init": "naive_small", "chi_1": None, "delta_second_moment_ratio": None},
    ]

    judgement = judged("sigmoid_gradient_rate", verdicts=verdicts, theory=theory)

    assert f"settled: {GLOROT} 0.200. " in judgement.evidence
    assert "naive_small" in judgement.observed
    assert "nan" not in judgement.evidence


@pytest.mark.parametrize(("ratio", "verdict"), [(1.0, "refuted"), (1e-20, "confirmed")])
def test_the_weight_gradients_ratio_is_judged_where_errors_vanish(judged, ratio, verdict):
    verdicts = [cell(20, "relu", "naive_small", "vanishing", delta_ratio=1e-21), cell(20, "relu", HE)]
    signal = layers(20, "relu", "naive_small", weight_grad_rms=fading(ratio * 1e-9, 1e-9, 20))
    signal += layers(20, "relu", HE, weight_grad_rms=fading(1.0, 1.0, 20))

    assert judged("weight_gradient_ratio", verdicts=verdicts, signal=signal).verdict == verdict


@pytest.mark.parametrize(("q_last", "verdict"), [(0.2, "refuted"), (1e-9, "confirmed")])
def test_sigmoids_second_moment_is_judged_where_its_batch_variance_dies(judged, q_last, verdict):
    signal = layers(
        20, "sigmoid", GLOROT, z_second_moment=fading(1.0, q_last, 20), z_batch_variance=fading(1.0, 1e-12, 20)
    )

    judgement = judged("sigmoid_activations", signal=signal)
    assert judgement.verdict == verdict
    assert "10⁻¹²" in judgement.evidence


@pytest.mark.parametrize(
    ("first", "readout", "verdict"), [(1e-9, 1e-6, "confirmed"), (1e-9, 1e-2, "conditional"), (1e-2, 1e-2, "refuted")]
)
def test_weights_barely_change_if_no_layer_moves_by_a_hundredth_over_the_run(judged, first, readout, verdict):
    verdicts = [cell(20, "sigmoid", GLOROT, "vanishing", "stalled")]
    signal = layers(20, "sigmoid", GLOROT, step=1, update_ratio=[*np.geomspace(first, readout, 20), readout])

    judgement = judged("vanishing_weights", verdicts=verdicts, signal=signal)
    assert judgement.verdict == verdict
    assert "of 1 cells, barely changing: layer 1 in " in judgement.observed


@pytest.mark.parametrize(
    ("start", "end", "verdict", "observed"),
    [
        (H, H, "confirmed", "1 stay where they start"),
        (H + 0.3, H, "conditional", "1 fall to H and stop"),
        (H, 0.1, "refuted", "1 fall below it"),
    ],
)
def test_a_loss_that_only_falls_to_the_class_entropy_is_told_from_one_that_stays(judged, start, end, verdict, observed):
    counts = {"successes": 3, "learning": 4} if end < H else {"learning": 2, "successes": 0, "on_plateau": 8}
    verdicts = [cell(20, "sigmoid", GLOROT, "vanishing", "stalled", tail_loss=end, **counts)]

    judgement = judged("vanishing_loss", verdicts=verdicts, traces=losses(20, "sigmoid", GLOROT, start, end))
    assert judgement.verdict == verdict
    assert observed in judgement.observed


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [((np.inf, 1e6), "confirmed"), ((np.nan, 1.0), "conditional"), ((1.0, 2.0), "refuted")],
)
def test_an_explosion_shows_in_the_loss_at_every_rate_at_some_or_at_none(judged, ends, verdict):
    verdicts = [cell(20, "tanh", "naive_large", "exploding", "partial"), cell(20, "tanh", GLOROT)]
    traces = losses(20, "tanh", GLOROT, H, 0.1, phase="tune", seeds=(10_000,))
    for rate, end in zip((0.1, 1.0), ends, strict=True):
        falling = losses(20, "tanh", "naive_large", H, 1.0, phase="tune", seeds=(10_000,), rate=rate)
        traces += [*falling[:-1], {**falling[-1], "train_loss": end}]
    signal = layers(20, "tanh", "naive_large", step=1, update_ratio=fading(400.0, 1e-4, 20))

    judgement = judged("exploding_symptoms", verdicts=verdicts, traces=traces, signal=signal)
    assert judgement.verdict == verdict
    assert "Of 1 cell with a healthy signal 0 show it at some rate." in judgement.evidence
    assert "as much as of the signal" not in judgement.evidence
    assert ("changes layer 1 by 400 times its norm" in judgement.evidence) == (verdict == "refuted")


def test_a_symptom_that_most_healthy_cells_show_too_is_said_to_tell_of_the_rate(judged):
    inits = ("naive_large", GLOROT)
    verdicts = [cell(20, "tanh", inits[0], "exploding", "partial"), cell(20, "tanh", inits[1])]
    traces = [row for init in inits for row in losses(20, "tanh", init, H, 1e6, phase="tune", seeds=(10_000,))]

    judgement = judged("exploding_symptoms", verdicts=verdicts, traces=traces)
    assert "Of 1 cell with a healthy signal 1 show it at some rate: it tells of the rate as much" in judgement.evidence


@pytest.mark.parametrize(("successes", "said"), [(8, True), (0, False)])
def test_a_vanishing_signal_is_said_to_recover_only_where_one_did(judged, successes, said):
    counts = {"successes": successes, "learning": 0, "on_plateau": 8 - successes}
    verdicts = [cell(20, "sigmoid", GLOROT, "vanishing", tail_loss=H, **counts)]

    judgement = judged("vanishing_loss", verdicts=verdicts, traces=losses(20, "sigmoid", GLOROT, H, H))
    assert ("need not stay so" in judgement.evidence) == said


@pytest.mark.parametrize(
    ("tail", "on_plateau", "observed"),
    [(H, 8, "1 fall to H and stop"), (4 * H, 0, "0 fall to H and stop, 0 fall below it, 1 fall and end elsewhere")],
)
def test_a_loss_that_falls_and_ends_far_above_h_has_not_fallen_to_h(judged, tail, on_plateau, observed):
    counts = {"successes": 0, "learning": 0, "on_plateau": on_plateau}
    verdicts = [cell(20, "sigmoid", GLOROT, "vanishing", "stalled", tail_loss=tail, **counts)]

    judgement = judged("vanishing_loss", verdicts=verdicts, traces=losses(20, "sigmoid", GLOROT, 9 * H, tail))
    assert observed in judgement.observed
    assert ("what they learn is at most how frequent" in judgement.evidence) == (on_plateau > 0)


@pytest.mark.parametrize(
    ("first", "last", "readout", "words"),
    [
        (1e-9, 1e-3, 1e-2, "updates fade towards the input, while the readout learns on."),
        (1e-9, 1e-8, 1e-7, "updates fade towards the input."),
        (1e-3, 1e-3, 1e-2, "in the readout."),
        (1e-2, 1e-3, 1e-9, "in the readout."),
        (1e-5, 1e-6, 1e-2, "in the readout: the readout learns on."),
    ],
)
def test_updates_are_said_to_fade_and_the_readout_to_learn_only_where_they_do(judged, first, last, readout, words):
    ratios = np.append(np.geomspace(first, last, 20), readout)
    signal = layers(20, "sigmoid", GLOROT, step=1, update_ratio=ratios)

    judgement = judged("vanishing_weights", verdicts=[cell(20, "sigmoid", GLOROT, "vanishing")], signal=signal)
    assert judgement.evidence.endswith(words)


@pytest.mark.parametrize(
    ("delta", "grads", "words"),
    [
        (1e-6, 1.0, "a first layer with small errors has large activations"),
        (1e6, 1.0, "a first layer with large errors has small activations"),
        (1e-6, 1e-6, "a ratio of 10⁻⁶."),
    ],
)
def test_the_weight_gradients_are_said_to_cancel_only_where_they_do_and_by_what(judged, delta, grads, words):
    signal = layers(20, "relu", GLOROT, weight_grad_rms=[*np.geomspace(grads, 1.0, 20), 1.0])

    judgement = judged("weight_gradient_ratio", verdicts=[cell(20, "relu", GLOROT, delta_ratio=delta)], signal=signal)
    assert words in judgement.evidence
    assert ("show it" in judgement.evidence) == (judgement.verdict == "refuted")


@pytest.mark.parametrize("last", [0.9, 1e-4])
def test_a_second_moment_is_said_to_be_fed_only_where_it_stays(judged, last):
    moments = {"z_second_moment": np.geomspace(1.0, last, 21), "z_batch_variance": np.geomspace(1.0, 1e-9, 21)}

    judgement = judged("sigmoid_activations", signal=layers(20, "sigmoid", GLOROT, **moments))
    assert judgement.verdict == ("refuted" if last > 0.01 else "confirmed")
    assert ("φ(0) = 0.5 feeds every layer" in judgement.evidence) == (last > 0.01)


def test_only_an_optimizer_that_divides_its_steps_is_said_to(judged):
    verdicts = [cell(20, "tanh", GLOROT, "vanishing", "stalled")]
    evidence = {
        name: judged("vanishing_and_optimizers", replace(SETTINGS, optimizer=name), verdicts=verdicts).evidence
        for name in ("momentum", "adam")
    }
    assert "Each step is divided by the gradient's own size" in evidence["adam"]
    assert "divided" not in evidence["momentum"]
    assert "Steps are as small as the gradients" in evidence["momentum"]


def test_where_a_difference_rests_on_the_words_and_where_on_a_test_is_said(judged):
    partial = {"training": "partial"}
    verdicts = [cell(10, "relu", HE, tail_loss=0.2, **partial), cell(10, "relu", GLOROT, tail_loss=0.9, **partial)]
    verdicts += [cell(20, "relu", HE), cell(20, "relu", GLOROT, training="stalled")]
    numbers = {"tail_ratio": 0.4, "tail_ratio_low": 0.22, "tail_ratio_high": 0.87, "p_holm": 0.016}
    turned = {"tail_ratio": 2.5, "tail_ratio_low": 1 / 0.87, "tail_ratio_high": 1 / 0.22, "p_holm": 0.016}
    expected = (
        "At depth 20 the training verdicts differ. At depth 10 both are partial, and the difference rests on the "
        "signed-rank test of ln(He's tail loss / Glorot's): lower, 0.40 times by Hodges and Lehmann (95 %: 0.22 to "
        "0.87), Holm's p = 0.016 from 10 seeds."
    )
    for row in ({**compared(10, HE, GLOROT, "lower"), **numbers}, {**compared(10, GLOROT, HE, "higher"), **turned}):
        judgement = judged("he_for_relu", verdicts=verdicts, comparisons=[row])
        assert expected in judgement.evidence
    cut_off = {**compared(10, HE, GLOROT, "lower"), **numbers, "tail_ratio_low": 0.0}
    unbounded = judged("he_for_relu", verdicts=verdicts, comparisons=[cut_off]).evidence
    assert "(95 %: 0 to 0.87, open where a network diverged)" in unbounded
    only_words = judged("he_for_relu", verdicts=verdicts[2:]).evidence
    assert "the training verdicts differ." in only_words
    assert "test" not in only_words
    alike = judged("he_for_relu", verdicts=verdicts[:2]).evidence
    assert "No verdict differs, and no test was named." in alike


def test_the_first_logged_update_is_not_called_the_first(judged):
    verdicts = [cell(20, "tanh", "naive_large", "exploding", "partial")]
    traces = losses(20, "tanh", "naive_large", H, 1.0, phase="tune", seeds=(10_000,))
    signal = layers(20, "tanh", "naive_large", step=10, update_ratio=fading(400.0, 1e-4, 20))

    evidence = judged("exploding_symptoms", verdicts=verdicts, traces=traces, signal=signal).evidence
    assert "its first logged update, at step 10, changes layer 1 by 400 times its norm" in evidence


def test_a_batch_full_of_a_rare_class_is_no_jump_of_the_loss(judged):
    # What guessing costs on each batch, from a network that knows no more: a batch with three rare ones costs 1.9 nats.
    labels = (np.arange(20_000) < 40).astype(int)
    rare = replace(SETTINGS, references=References(1, labels, batch_size=32, steps=STEPS))
    costs = rare.references.guessing(10_000, 1).by_frequency
    traces = losses(20, "tanh", "naive_large", costs[0], costs[0], phase="tune", seeds=(10_000,))
    for row, cost in zip(traces, costs, strict=True):
        row["train_loss"] = cost
    assert costs.max() > 10 * max(costs[0], rare.references.entropy)

    verdicts = [cell(20, "tanh", "naive_large", "exploding", "stalled")]
    assert judged("exploding_symptoms", rare, verdicts=verdicts, traces=traces, signal=[]).verdict == "refuted"


@pytest.mark.parametrize(("learning", "verdict"), [(0, "conditional"), (5, "conditional"), (6, "refuted")])
def test_a_tail_is_said_to_fall_below_guessing_by_the_networks_that_do_and_not_by_h(judged, learning, verdict):
    # The median tail is far below H: among rare classes that is noise.
    vanished = cell(20, "tanh", GLOROT, "vanishing", "stalled", tail_loss=0.6 * H, successes=0, learning=learning)

    judgement = judged("vanishing_loss", verdicts=[vanished], traces=losses(20, "tanh", GLOROT, H, 0.6 * H))
    assert judgement.verdict == verdict


@pytest.mark.parametrize(
    ("error", "floor", "verdict"), [(1e-9, 1e-8, "confirmed"), (3e-4, 1e-3, "conditional"), (3e-4, 1e-9, "refuted")]
)
def test_right_gradients_may_be_doubted_only_where_rounding_hides_them(judged, error, floor, verdict):
    tensor = {"depth": 3, "activation": "sigmoid", "init": "naive_small", "parameter": "W1"}
    checks = [
        {**tensor, "method": "complex_step", "relative_error": 1e-15, "noise_floor": 1e-16, "verdict": "passed"},
        {**tensor, "method": "central_difference", "relative_error": error, "noise_floor": floor, "verdict": "passed"},
    ]

    assert judged("check_bands", gradient_check=checks).verdict == verdict


def test_the_bands_are_told_from_those_of_ngs_course_and_how_many_gradients_they_part(judged):
    # Only what lies between the two bounds of a pair, 1e-5 and 1e-4 or 1e-3 and 1e-2, has another band by Ng's.
    errors = {1e-9: "same", 1e-6: "same", 3e-5: "moved", 3e-4: "same", 5e-3: "moved", 5e-2: "same"}
    tensor = {"depth": 3, "activation": "sigmoid", "init": "naive_small"}
    checks = [
        {**tensor, "parameter": f"W{number}", "method": method, "relative_error": of_method, "noise_floor": 1.0,
         "verdict": "passed"}
        for number, error in enumerate(errors)
        for method, of_method in (("complex_step", 1e-15), ("central_difference", error))
    ]  # fmt: skip

    judgement = judged("check_bands", gradient_check=checks)

    assert "right gradients 1 lie below 10⁻⁷, 2 below 10⁻⁴, 2 below 10⁻² and 1 above" in judgement.observed
    moved = list(errors.values()).count("moved")
    assert judgement.evidence.endswith(
        "The bands are the note's own; Ng's course has 10⁻⁷, 10⁻⁵ and 10⁻³, which would move "
        f"{moved} of these gradients to another."
    )


def test_gradients_that_the_complex_step_refutes_say_nothing_of_the_bands(judged):
    tensor = {"depth": 3, "activation": "sigmoid", "init": "naive_small", "parameter": "W1", "noise_floor": 1e-9}
    checks = [
        {**tensor, "method": "complex_step", "relative_error": 0.3, "verdict": "failed"},
        {**tensor, "method": "central_difference", "relative_error": 0.3, "verdict": "failed"},
    ]

    assert judged("check_bands", gradient_check=checks).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("of_vanishing_cells", "verdict"),
    [(["stalled", "stalled"], "confirmed"), (["trains", "stalled"], "conditional"), (["mixed", "partial"], "refuted")],
)
def test_adam_tells_whether_a_vanishing_signal_dooms_training(judged, of_vanishing_cells, verdict):
    cells = [cell(20, "tanh", "glorot_normal", training="stalled")]
    for depth, training in zip((2, 20), of_vanishing_cells, strict=True):
        cells.append(cell(depth, "sigmoid", "naive_small", signal="vanishing", training=training))
    judgement = judged("vanishing_and_optimizers", replace(SETTINGS, optimizer="adam"), verdicts=cells)
    assert judgement.verdict == verdict
    learning = sum(word != "stalled" for word in of_vanishing_cells)
    assert f"networks of {learning} learn with adam" in judgement.observed
    assert judged("vanishing_and_optimizers", verdicts=cells).verdict == "inconclusive"


def diverged(architecture="plain", depth=20, activation="relu", init="naive_large"):
    return {**cell(depth, activation, init, training="diverged"), "architecture": architecture}


def test_clipping_is_tried_on_what_diverges_in_any_architecture(judged):
    verdicts = [
        cell(20, "tanh", GLOROT),
        diverged(depth=2),
        diverged(),
        diverged("residual", init=HE),
        diverged("residual"),
        diverged("residual", activation="tanh"),
    ]

    judgement = judged("gradient_clipping", verdicts=verdicts)

    assert judgement.observed.startswith("of 4 diverging cells, ")
    # The deepest, and each with its share of updates.
    assert "relu with naive_large at depth 20 is " in judgement.evidence
    assert "relu with he_normal and residual at depth 20 is " in judgement.evidence
    assert "depth 2 " not in judgement.evidence
    assert judgement.evidence.count("% of updates clipped") == 4


@pytest.mark.parametrize(
    ("settings", "verdicts", "reason"),
    [
        (SETTINGS, [cell(20, "tanh", GLOROT)], "no cell that diverges"),
        (replace(SETTINGS, clip_norm=1.0), [diverged()], "clips all gradients"),
    ],
)
def test_clipping_is_not_tested_where_nothing_diverges_or_all_is_clipped(judged, settings, verdicts, reason):
    judgement = judged("gradient_clipping", settings, verdicts=verdicts)

    assert (judgement.verdict, judgement.observed) == ("inconclusive", "not tested")
    assert reason in judgement.evidence
