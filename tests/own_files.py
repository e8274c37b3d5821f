"""Files of Python as users write their own: one with a record of each kind, and wrong ones with what is said."""

MINE = """\
import numpy as np

from depthsounder.elements.activation import Activation
from depthsounder.elements.initializers import Initializer


def sine(z, out):
    np.sin(z, out=out)


def sine_slope(z, h, out):
    np.cos(z, out=out)


def cube(z, out):
    np.power(z, 3, out=out)


def cube_slope(z, h, out):
    np.copyto(out, 3 * z * z)


def third(fan_in, fan_out, activation):
    return 3 / fan_in


class Signs:
    def __init__(self, parameters, learning_rates):
        self.rates = learning_rates.astype(parameters.dtype)

    def update(self, parameters, gradients):
        parameters -= self.rates[:, None] * np.sign(gradients)

    def keep(self, kept):
        self.rates = self.rates[kept]


SINE = Activation("sine", sine, sine_slope, kinks=(), rectifier=False, source="an example")
CUBE = Activation("cube", cube, cube_slope, kinks=(), rectifier=False, source="an example")
ACTIVATIONS = {"sine": SINE, "cube": CUBE}
INITIALIZERS = {"third": Initializer("third", third, "an example")}
OPTIMIZERS = {"signs": Signs}
"""

_HEAD = """\
from dataclasses import replace
from depthsounder.elements.activation import Activation
from depthsounder.elements.activations import TANH
from depthsounder.elements.initializers import Initializer, HE_NORMAL
from depthsounder.engine.optimizers import GradientDescent, Momentum
"""

_RETURNS = f"""{_HEAD}class Mine(GradientDescent):
    def update(self, parameters, gradients):
        return parameters - gradients


OPTIMIZERS = {{"mine": Mine}}
"""

_ONE_RATE = f"""{_HEAD}class Mine(GradientDescent):
    def update(self, parameters, gradients):
        parameters -= self.learning_rates[0] * gradients


OPTIMIZERS = {{"mine": Mine}}
"""

_ROOTS = f"""{_HEAD}import numpy as np


class Mine(GradientDescent):
    def update(self, parameters, gradients):
        parameters -= self.learning_rates[:, None] * np.sqrt(gradients)


OPTIMIZERS = {{"mine": Mine}}
"""

_KEEPS_WRONG = f"""{_HEAD}class Mine(Momentum):
    def keep(self, kept):
        self.velocities = self.velocities[: kept.sum()]
        self.learning_rates = self.learning_rates[kept]


OPTIMIZERS = {{"mine": Mine}}
"""

_IN_A_LOOP = f"""{_HEAD}ACTIVATIONS = {{}}
for a in (1.0, 2.0):
    ACTIVATIONS[f"line_{{a:.0f}}"] = Activation(
        f"line_{{a:.0f}}", lambda z, out: a * z, lambda z, h, out: out.fill(a), kinks=(), rectifier=False, source="mine"
    )
"""

OWN_VALUES = f"""{_HEAD}import numpy as np


def line(a):
    return lambda z, out: np.multiply(a, z, out=out), lambda z, h, out: out.fill(a)


ACTIVATIONS = {{"again": replace(TANH, name="again")}}
for a in (1.0, 2.0):
    ours = Activation(f"line_{{a:.0f}}", *line(a), kinks=(), rectifier=False, source="mine")
    bound = replace(ours, name=f"bound_{{a:.0f}}", function=lambda z, out, a=a: np.multiply(a, z, out=out))
    ACTIVATIONS |= {{ours.name: ours, bound.name: bound}}
"""
"""Records whose functions a loop makes rightly: in a call of its own, or with its value as a default."""

_FUNCTIONS = f"""{_HEAD}def phi(z):
    return z


def slope(z, out):
    return z


"""


def _activation(**fields):
    """A file with an activation of which some fields are not ours."""
    changes = "".join(f", {name}={value}" for name, value in fields.items())
    return f'{_FUNCTIONS}ACTIVATIONS = {{"mine": replace(TANH, name="mine"{changes})}}\n'


def _init(**fields):
    """A file with an init of which some fields are not ours."""
    changes = "".join(f", {name}={value}" for name, value in fields.items())
    return f'{_FUNCTIONS}INITIALIZERS = {{"mine": replace(HE_NORMAL, name="mine"{changes})}}\n'


WRONG = {
    "fails": ("import numpy as np\n\nX = npp.sin(1)\n", 3, "fails with NameError: name 'npp' is not defined"),
    "fails in a function": ("def f():\n    return 1 / 0\n\n\nf()\n", 2, "fails with ZeroDivisionError"),
    "ends the process": ("import sys\nsys.exit(3)\n", 2, "fails with SystemExit: 3"),
    "says much when it fails": ('raise ValueError("one\\n\\n  two")\n', 1, "fails with ValueError: one two"),
    "imports what is not installed": (
        "import nowhere_to_be_found\n",
        1,
        "fails with ModuleNotFoundError: No module named 'nowhere_to_be_found'; allowed: imports of what is installed",
    ),
    "imports what is not in the library": (
        "from depthsounder.elements.activations import TAN\n",
        1,
        "fails with ImportError: cannot import name 'TAN' from 'depthsounder.elements.activations'",
    ),
    "leaves out a field": (
        f'{_HEAD}ACTIVATIONS = {{"mine": Activation("mine", None, None)}}\n',
        6,
        "fails with TypeError: Activation.__init__() missing 3 required positional arguments: 'kinks'",
    ),
    "has a function of one argument": (
        _activation(function="phi"),
        14,
        "`function` of mine is a function in line 6 of (z); allowed: a function of (z, out)",
    ),
    "has a derivative without h": (
        _activation(derivative="slope"),
        14,
        "`derivative` of mine is a function in line 10 of (z, out); allowed: a function of (z, h, out)",
    ),
    "has a number for a derivative": (
        _activation(derivative="1.0"),
        14,
        "`derivative` of mine is 1.0; allowed: a function of (z, h, out)",
    ),
    "has a number for its kinks": (_activation(kinks="(0.0)"), 14, "`kinks` of mine is 0.0; allowed: a tuple of"),
    "has a list of kinks": (_activation(kinks="[0.0]"), 14, "`kinks` of mine is a list; allowed: a tuple of numbers"),
    "has a text for a truth value": (
        _activation(rectifier='"no"'),
        14,
        "`rectifier` of mine is 'no'; allowed: True or False",
    ),
    "has a variance of two arguments": (
        _init(weight_variance="lambda fan_in, fan_out: 2 / fan_in"),
        14,
        "`weight_variance` of mine is a function in line 14 of (fan_in, fan_out); allowed: a function of (fan_in, fan",
    ),
    "has a number for a variance of weights": (
        _init(weight_variance="2.0"),
        14,
        "`weight_variance` of mine is 2.0; allowed: a function of (fan_in, fan_out, activation)",
    ),
    "has a shape of one argument": (
        _init(shape="phi"),
        14,
        "`shape` of mine is a function in line 6 of (z); allowed: a function of (normals, variance)",
    ),
    "has a text for a variance of biases": (
        _init(bias_variance='"0.1"'),
        14,
        "`bias_variance` of mine is '0.1'; allowed: a number",
    ),
    "has a mean of biases that is none": (_init(bias_mean='float("nan")'), 14, "`bias_mean` of mine is nan; allowed"),
    "has a source that is no text": (_init(source="2015"), 14, "`source` of mine is 2015; allowed: a text"),
    "has functions of a loop's last value": (_IN_A_LOOP, 9, "line_2 is that of line_1 once more: a loop's variable"),
    "is no Python": ("x = 1\ndef f(:\n", 2, "SyntaxError: invalid syntax"),
    "has no records": (
        "SINE = 1\n",
        1,
        "there are no records; allowed: dictionaries of the names ARCHITECTURES, ACTIVATIONS",
    ),
    "has an empty dictionary": ("ACTIVATIONS = {}\n", 1, "there are no records"),
    "has a list": (f"{_HEAD}ACTIVATIONS = [TANH]\n", 6, "ACTIVATIONS is of the type list; allowed: a dictionary"),
    "has an init for an activation": (
        f'{_HEAD}ACTIVATIONS = {{\n    "mine": HE_NORMAL,\n}}\n',
        7,
        "mine is of the type Initializer; allowed in ACTIVATIONS: records of the type Activation",
    ),
    "has an activation for an init": (
        f'{_HEAD}INITIALIZERS = {{"mine": TANH}}\n',
        6,
        "mine is of the type Activation; allowed in INITIALIZERS: records of the type Initializer",
    ),
    "has a function for an activation": (
        f'{_HEAD}def mine(z):\n    return z\n\n\nACTIVATIONS = {{"mine": mine}}\n',
        10,
        "mine is of the type function; allowed in ACTIVATIONS: records of the type Activation",
    ),
    "takes an activation's name": (f'{_HEAD}ACTIVATIONS = {{"tanh": TANH}}\n', 6, "the name tanh is taken"),
    "takes an init's name": (f'{_HEAD}INITIALIZERS = {{"he_normal": HE_NORMAL}}\n', 6, "the name he_normal is taken"),
    "takes an optimizer's name": (f'{_HEAD}OPTIMIZERS = {{"sgd": Momentum}}\n', 6, "the name sgd is taken"),
    "takes a name of the family": (
        f'{_HEAD}INITIALIZERS = {{"gaussian_w2_b0": replace(HE_NORMAL, name="gaussian_w2_b0")}}\n',
        6,
        "the name gaussian_w2_b0 is taken by the family",
    ),
    "has two names for one record": (f'{_HEAD}ACTIVATIONS = {{"mine": TANH}}\n', 6, "calls itself 'tanh'"),
    "has a name with a point": (f'{_HEAD}OPTIMIZERS = {{"my.own": Momentum}}\n', 6, "found the name 'my.own'"),
    "has a name with capitals": (f'{_HEAD}OPTIMIZERS = {{"Mine": Momentum}}\n', 6, "found the name 'Mine'"),
    "has a number for a name": (f"{_HEAD}OPTIMIZERS = {{7: Momentum}}\n", 6, "found the name 7"),
    "changes ours": (
        f'{_HEAD}from depthsounder.elements.activations import ACTIVATIONS\nACTIVATIONS["mine"] = TANH\n',
        7,
        "changes the library's own ACTIVATIONS; allowed: ACTIVATIONS = {…}",
    ),
    "has a text for an optimizer": (f'{_HEAD}OPTIMIZERS = {{"mine": "sgd"}}\n', 6, "mine is of the type str"),
    "has an optimizer without methods": (
        f'{_HEAD}OPTIMIZERS = {{"mine": lambda parameters, rates: None}}\n',
        6,
        "mine cannot take a step: AttributeError",
    ),
    "has an optimizer that returns what is new": (_RETURNS, 11, "mine leaves the parameters as they are"),
    "has an optimizer with one rate": (_ONE_RATE, 11, "mine moves a network otherwise beside another one than alone"),
    "has an optimizer that takes roots of what is negative": (
        _ROOTS,
        14,
        "mine makes nan of finite parameters and gradients; allowed: numbers",
    ),
    "has an optimizer that keeps the wrong networks": (
        _KEEPS_WRONG,
        12,
        "mine moves a network otherwise beside another one than alone",
    ),
}
"""By what is wrong with a file: its text, the line that is to blame, and what is said of it."""
