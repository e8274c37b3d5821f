"""Advise on one network, from theory alone: which inits suit its depth, where the others fail, and what cures that."""

import argparse
from pathlib import Path

from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.architectures import ARCHITECTURES
from depthsounder.elements.initializers import INITIALIZERS, initializer
from depthsounder.engine.extensions import extension_parser
from depthsounder.judging.advice import advise, critical_with_biases, laws_of, network_of
from depthsounder.judging.advice_text import advice_lines, confidence_lines
from depthsounder.judging.foretelling import read_record
from depthsounder.process.commands import run
from depthsounder.process.options import count, deep, told, trained, wide
from depthsounder.theory.error_growth import Fans

CHECKOUT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Print the inits by the D that theory predicts, the rule, and how often it was right."""
    parser = argparse.ArgumentParser(description=__doc__, parents=[extension_parser()])
    parser.add_argument("--activation", choices=list(ACTIVATIONS), required=True)
    parser.add_argument("--depth", type=deep, required=True, help="hidden layers, from 2 to 200")
    parser.add_argument("--architecture", choices=list(ARCHITECTURES), default="plain")
    parser.add_argument("--width", type=wide, default=64, help="units of a hidden layer, from 2")
    parser.add_argument("--fan-in", type=count, help="features of the input; as many as units where it is left out")
    parser.add_argument(
        "--steps", type=trained, default=300, help="of gradient descent, from 4; 300 where it is left out"
    )
    named = "one more to rank, such as gaussian_w2_b0.05 (σw² 2, σb² 0.05); may be given again"
    parser.add_argument("--init", type=told(initializer), action="append", default=[], help=named)
    arguments = parser.parse_args()
    architecture, activation = ARCHITECTURES[arguments.architecture], ACTIVATIONS[arguments.activation]
    fans = Fans(arguments.fan_in or arguments.width, arguments.width)
    network = network_of(architecture, activation, fans, arguments.depth, arguments.steps)
    more = [*arguments.init, *filter(None, [critical_with_biases(activation)])]
    laws, refused = laws_of(network, INITIALIZERS | {init.name: init for init in more})
    advice = advise(network, laws, ARCHITECTURES)
    print(*advice_lines(network, advice, refused), "", sep="\n")
    record = read_record(CHECKOUT / "docs/advice.tsv")
    print(*confidence_lines(record, network), sep="\n")


if __name__ == "__main__":
    run(main)
