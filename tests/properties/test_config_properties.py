"""Whatever stands in a config: it is accepted, or refused by the one error that says what to change."""

import tempfile
from copy import deepcopy
from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from depthsounder.activations import ACTIVATIONS
from depthsounder.config import Config, ConfigError, load_resolved, save_resolved, stage_arguments, validate_config
from depthsounder.initializers import INITIALIZERS
from depthsounder.sweep import PART_KINDS, cells, part_paths

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "config" / "smoke.yaml").read_text()
SMOKE = yaml.safe_load(TEXT)

names = st.sampled_from(
    [*ACTIVATIONS, *INITIALIZERS, "gaussian_w1.5_b0.05", "gaussian_w1_b", "last", "digits", "a.csv", "adam"]
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
def mutated(draw):
    """The smoke sweep, changed in one to three places: a value nudged, replaced, removed, doubled, or a key added."""
    tree = deepcopy(SMOKE)
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


def accepted(merged, files, command_line):
    """Validate; a refusal has to be one that a person can act on, and an accepted config has to serve."""
    try:
        config = validate_config(merged, files, command_line)
    except ConfigError as error:
        message = str(error)
        assert message.startswith("The config cannot be used")
        assert str(files[0]) in message or "command line" in message
        assert len(message) < 20_000
        return False
    save_resolved(files[0].with_suffix(".json"), config)
    assert load_resolved(files[0].with_suffix(".json")) == config
    assert all("\n" not in word and "\0" not in word for word in stage_arguments(config, "prepare"))
    if len(list(cells(config))) < 200 and max(config.seeds.model_dump().values()) < 100:
        for kind in PART_KINDS:
            assert all(".." not in path.parts and path.parts[0] == "results" for path in part_paths(config, kind))
    return True


@settings(max_examples=2000, suppress_health_check=[HealthCheck.too_slow])
@given(tree=mutated(), on_the_command_line=st.booleans())
def test_a_mutated_config_is_accepted_or_refused_clearly(tree, on_the_command_line):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.yaml"
        if on_the_command_line:
            file.write_text(TEXT)
            accepted(tree, [file], {key: tree[key] for key in tree if key not in SMOKE or tree[key] != SMOKE[key]})
        else:
            file.write_text(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True))
            accepted(tree, [file], {})


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_file_with_typing_errors_is_accepted_or_refused_clearly(data):
    start = data.draw(st.integers(0, len(TEXT) - 1))
    length = data.draw(st.integers(0, 12))
    typed = data.draw(st.text(alphabet=" \t\n:-[]{}&*!|>'\"%@,#?019.eaß\0", max_size=4))
    text = TEXT[:start] + typed + TEXT[start + length :]
    try:
        merged = yaml.load(text, Loader=yaml.FullLoader)
    except (yaml.YAMLError, ValueError):
        merged = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.yaml"
        file.write_text(text)
        accepted(merged, [file], {})


@settings(max_examples=50)
@given(
    changes=st.fixed_dictionaries(
        {},
        optional={
            "root_seed": st.integers(0, 2**63 - 1),
            "depths": st.lists(st.integers(1, 10_000), min_size=1, unique=True),
            "activations": st.lists(
                st.sampled_from(["linear", "tanh", "relu", "erf", "selu"]), min_size=1, unique=True
            ),
            "inits": st.lists(st.sampled_from(list(INITIALIZERS)), min_size=1, unique=True),
            "width": st.integers(1, 65_536),
            "run": st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True),
        },
    )
)
def test_what_the_reference_page_allows_is_accepted(changes):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.yaml"
        file.write_text(yaml.safe_dump(SMOKE | {"comparisons": []} | changes))
        assert accepted(SMOKE | {"comparisons": []} | changes, [file], {})
