"""The note's Xavier formula, 1/(n_in + n_out), against the condition that it is to meet."""

import numpy as np

from depthsounder.claims.evidence import Evidence
from depthsounder.claims.ledger import Claim, Judgement
from depthsounder.elements.activations import LINEAR
from depthsounder.elements.initializers import initializer
from depthsounder.engine.drawing import draw_network
from depthsounder.engine.spec import NetworkSpec
from depthsounder.process.text import number

DRAWN_WEIGHTS = 80_000
DEPTH = 20
TOLERANCE = 0.1


def drawn_gain(init: str, evidence: Evidence) -> float:
    """Return n·Var(W) of weights drawn by an init between two hidden layers of the run's width."""
    width, root_seed = evidence.settings.width, evidence.settings.root_seed
    rule, spec = initializer(init), NetworkSpec((width, width, 1), LINEAR)
    networks = range(max(1, DRAWN_WEIGHTS // width**2))
    squares = [np.mean(draw_network(root_seed, seed, spec, rule)[0][0] ** 2) for seed in networks]
    return width * float(np.mean(squares))


def _judge(evidence: Evidence) -> Judgement:
    width = evidence.settings.width
    note, glorot = drawn_gain("xavier_note", evidence), drawn_gain("glorot_normal", evidence)
    halves = initializer("xavier_note").gain(width, width, LINEAR) ** DEPTH
    return Judgement(
        "confirmed" if abs(note - 1.0) <= TOLERANCE else "refuted",
        f"n·Var(W) = {number(note, 3)} at width {width}; Glorot's 2/(n_in + n_out) gives {number(glorot, 3)}",
        "n·Var(W) = 1, by the note's own derivation Var(w) = 1/n",
        "The printed formula is half of Glorot & Bengio's (2010, equation 12), which keeps the variance. "
        f"Through {DEPTH} linear layers the printed one leaves {number(halves, 2)} of it.",
    )


CLAIMS = (
    Claim(
        name="xavier_formula",
        statement="Xavier initialization draws weights of variance 1/(n_in + n_out).",
        source="The note prints this formula for Xavier initialization, after deriving Var(w) = 1/n.",
        hypothesis="Between layers of equal width, drawn weights have n·Var(W) = 1 to 10 %, as the derivation asks.",
        test=_judge,
        reads={},
    ),
)
