"""Whatever stands in a config: it is accepted, or refused by the one error that says what to change."""

import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutated_configs import mutated

from depthsounder.config import ConfigError, load_resolved, save_resolved, stage_arguments, validate_config
from depthsounder.elements.architectures import ARCHITECTURES
from depthsounder.elements.initializers import INITIALIZERS
from depthsounder.sweep.cells import PART_KINDS, cells, part_paths

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "tests" / "presets" / "smoke.yaml").read_text()
SMOKE = yaml.safe_load(TEXT)


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


@pytest.mark.slow
@settings(max_examples=2000, suppress_health_check=[HealthCheck.too_slow])
@given(tree=mutated(SMOKE), on_the_command_line=st.booleans())
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
            "architectures": st.lists(st.sampled_from(list(ARCHITECTURES)), min_size=1, unique=True),
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
