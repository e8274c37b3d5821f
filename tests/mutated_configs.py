"""Configs that a person or a program got wrong in a few places: what the config's tests are fed with."""

from copy import deepcopy

from hypothesis import strategies as st

from depthsounder.config import Config
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.architectures import ARCHITECTURES
from depthsounder.elements.initializers import INITIALIZERS

names = st.sampled_from(
    [
        *ARCHITECTURES,
        *ACTIVATIONS,
        *INITIALIZERS,
        "gaussian_w1.5_b0.05",
        "gaussian_w1_b",
        "last",
        "digits",
        "a.csv",
        "adam",
    ]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=0, max_value=100)
    | st.floats()
    | st.floats(min_value=0.0, max_value=2.0)
    | st.text(max_size=20)
    | names
    | st.sampled_from([10**30, 10**400, -0.0, 5e-324, "1e-2", "../x", "$(reboot)", "'; --", "a\nb", "naïve"])
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(scalars, inner, max_size=3), max_leaves=6
)
nudges = {int: st.integers(0, 70), float: st.floats(0.0, 2.0), str: names}
keys = st.sampled_from(list(Config.model_fields)) | st.text(max_size=8) | scalars


def somewhere(draw, tree):
    """A section or list of a config, and a key or position in it."""
    place = tree
    while True:
        key = draw(st.sampled_from(list(place) if isinstance(place, dict) else list(range(len(place)))))
        if not isinstance(place[key], dict | list) or not place[key] or draw(st.booleans()):
            return place, key
        place = place[key]


@st.composite
def mutated(draw, original):
    """A config, changed in one to three places: a value nudged, replaced, removed, doubled, or a key added."""
    tree = deepcopy(original)
    for _ in range(draw(st.integers(1, 3))):
        place, key = somewhere(draw, tree)
        match draw(st.sampled_from(["nudge", "nudge", "nudge", "nudge", "replace", "remove", "double", "add"])):
            case "nudge" if type(place[key]) in nudges:
                place[key] = draw(nudges[type(place[key])])
            case "nudge" if isinstance(place[key], list):
                place[key] = draw(st.permutations(place[key]))[: draw(st.integers(1, 3))]
            case "replace":
                place[key] = draw(values)
            case "remove":
                del place[key]
            case "double" if isinstance(place, list):
                place.append(place[key])
            case _ if isinstance(place, dict):
                place[draw(keys)] = draw(values)
            case _:
                place.insert(0, draw(values))
        if not tree:
            break
    return tree
