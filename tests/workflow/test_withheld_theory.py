"""Inits whose weights are not what they state: networks run and are judged, and no theory stands beside them."""

import re

import pytest

pytestmark = pytest.mark.workflow

OWN = """

def _with_mean(normals: np.ndarray, variance: float) -> np.ndarray:
    return normals * sqrt(variance) + sqrt(variance)


def _below(normals: np.ndarray, variance: float) -> np.ndarray:
    return normals * sqrt(variance) - 8.0 / len(normals)


def _forgetful(normals: np.ndarray, variance: float) -> np.ndarray:
    return normals


def _from_zero(normals: np.ndarray, variance: float) -> np.ndarray:
    return ndtr(normals) * sqrt(12.0 * variance)


def _own_variance(fan_in: int, fan_out: int, activation: Activation) -> float:
    return 1.0 / fan_in


WITH_MEAN = Initializer("with_mean", _own_variance, "an example", shape=_with_mean)
BELOW = Initializer("below", _own_variance, "an example", shape=_below)
FORGETFUL = Initializer("forgetful", _own_variance, "an example", shape=_forgetful)
FROM_ZERO = Initializer("from_zero", _own_variance, "an example", shape=_from_zero)
"""

WRONG = {"with_mean": "mean", "below": "mean", "forgetful": "variance", "from_zero": "mean"}

SWEEP = {"depths": [1, 3], "activations": ["tanh", "sigmoid"], "inits": [*WRONG, "he_normal"]}


@pytest.fixture(scope="module")
def withheld_run(sources, once):
    """A run of four inits whose weights have a mean or another variance, beside one that is right."""

    def make(folder):
        project = sources.copy(folder)
        module, registry = "src/depthsounder/elements/initializers.py", "\nINITIALIZERS = {"
        project.edit(module, registry, f"{OWN}\n{registry}")
        project.edit(module, "        ZEROS,\n", "        ZEROS,\n        WITH_MEAN, BELOW, FORGETFUL, FROM_ZERO,\n")
        project.configure(SWEEP)
        project.run()

    return once("a run with withheld theory", make)


@pytest.mark.parametrize("init", WRONG)
def test_an_init_that_is_not_as_stated_has_verdicts_and_a_reason_in_place_of_theory(withheld_run, init):
    rows = [row for row in withheld_run.table("theory") if row["init"] == init]
    assert len(rows) == 2 * (1 + 3)
    for row in rows:
        assert re.fullmatch(
            rf"theory is withheld: weights of '{init}' at fans 64 → 8 have {WRONG[init]} \S+, and theory takes it to "
            r"be \S+",
            row["note"],
        )
        assert {name for name, value in row.items() if value is not None} == {
            "depth", "architecture", "activation", "init", "layer", "note"
        }  # fmt: skip
    assert {row["depth"] for row in withheld_run.table("verdicts") if row["init"] == init} == {1, 3}


def test_an_init_that_is_as_stated_keeps_its_theory(withheld_run):
    rows = [row for row in withheld_run.table("theory") if row["init"] == "he_normal"]
    assert len(rows) == 2 * (1 + 3)
    assert all(row["z_second_moment"] > 0 and row["chi_1"] > 0 for row in rows)
    assert not any("withheld" in (row["note"] or "") for row in rows)


def test_the_page_says_whose_theory_is_withheld_and_counts_no_prediction_of_it(withheld_run):
    page = (withheld_run / "reports/default/index.html").read_text()
    section = page[page.index('<section id="theory"') :].partition("</section>")[0]
    told = re.findall(r'<p class="withheld">Theory is withheld: weights of &#39;(\w+)&#39; at', section)
    assert told == list(WRONG)
    # Of five inits and two activations at depth 3, one init is predicted.
    assert re.search(r"Theory predicted the measured signal verdict in \d of 2 cells", page)
    assert re.search(r"8\D{0,40}without prediction", section)


def test_claims_read_no_theory_that_is_withheld(withheld_run):
    texts = [row["evidence"] for row in withheld_run.table("claims")]
    assert not [text for text in texts if re.search(r"\bnan\b", text)]
