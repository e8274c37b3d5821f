"""The rules as text: what Snakemake does not document is taken from it in one file, which lists it."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LIFECYCLE = ROOT / "workflow/rules/lifecycle.smk"
RULES = [ROOT / "Snakefile", *sorted((ROOT / "workflow/rules").glob("*.smk"))]

NEEDED_BEFORE = {"workflow.included_stack"}
"""What the Snakefile needs before it can include the file."""


def taken(text):
    """The names that a file takes from Snakemake's workflow, without its comments, and the modules that it imports."""
    code = re.sub(r"^\s*#.*$|\s#\s.*$", "", text, flags=re.MULTILINE)
    names = re.findall(r"\bworkflow(?:\.[a-z]\w*)+", re.sub(r'"[^"\n]*"', '""', code))
    return set(names) | set(re.findall(r"^from (snakemake(?!\.exceptions)\S*)", code, re.MULTILINE))


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_only_the_lifecycle_touches_snakemakes_insides(path):
    assert path == LIFECYCLE or taken(path.read_text()) <= (NEEDED_BEFORE if path.name == "Snakefile" else set())


def test_each_name_of_the_insides_is_listed_with_the_release_it_was_seen_in():
    text = LIFECYCLE.read_text()
    header = re.match(r"(?:#.*\n)+", text)[0]
    listed = set(re.findall(r"\bworkflow(?:\.[a-z]\w*)+", header))
    names = {name for name in taken(text) if name.startswith("workflow")}
    assert len(names) >= 9
    assert names <= listed
    assert re.search(r"release 9\.\d+\.\d+", header)


def test_the_catalog_is_promised_what_the_rules_have():
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    rules = "".join(path.read_text() for path in RULES)
    assert usage["software-stack-deployment"]["conda"] == ("conda:" in rules)
    assert usage["software-stack-deployment"]["apptainer"] == ("container:" in rules)
    assert usage["report"] == ("report(" in rules)
    assert (ROOT / "config/config.yaml").is_file()
    assert usage["mandatory-flags"]["flags"] == ""
