"""What the pages say of the project, beside the project."""

import re
from pathlib import Path

import pytest
import yaml
from rooms import ROOMS

import depthsounder
from depthsounder.data.sources import FORMATS
from depthsounder.storage.schemas import SCHEMAS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "config").glob("*.md")])
TEXTS = [*PAGES, *sorted((ROOT / "workflow/report").rglob("*.rst"))]
LONGEST_LINE = 120
LINK = re.compile(r"\[[^\]]*\]\((?!https?://)([^)#]*)(?:#([^)]*))?\)")


def anchors(page):
    """The anchors of a page's headings, as they are made of Markdown."""
    headings = re.findall(r"^#+ +(.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_to_a_file_and_to_a_heading_of_it(page):
    for path, anchor in LINK.findall(page.read_text()):
        target = page.parent / path if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), (path, anchor)


def test_the_map_shows_the_rooms_in_their_order():
    table = (ROOT / "docs/architecture.md").read_text().split("## The rooms")[1].split("\n## ")[0]

    assert tuple(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == ROOMS


def test_the_package_names_its_rooms_in_their_order():
    assert tuple(name for name in re.findall(r"`(\w+)`", depthsounder.__doc__)) == ROOMS


def test_the_map_says_where_to_add_what_contributing_has_recipes_for():
    recipes = re.findall(r"^\*\*(An? [^*]+)\.\*\*$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    table = (ROOT / "docs/architecture.md").read_text().split("## Where to add what")[1].split("\n## ")[0]
    rows = [row.split(" | ")[0].removeprefix("| ") for row in table.strip().splitlines()[2:]]

    assert [recipe.lower() for recipe in recipes] == rows


def test_contributing_says_for_each_table_which_module_makes_its_rows():
    recipe = (ROOT / "CONTRIBUTING.md").read_text().split("**A column of a table.**")[1]
    made = re.search(r"The rows of (.*?)\n3\.", recipe, re.DOTALL)[1]
    words = re.findall(r"`([\w/.]+)`", made)

    assert [word for word in words if not word.endswith(".py")] == list(SCHEMAS)
    assert all((ROOT / "src/depthsounder" / word).is_file() for word in words if word.endswith(".py"))


def test_the_tests_that_contributing_names_are_there():
    named = re.findall(r"\btests/\S+?\.py\b", (ROOT / "CONTRIBUTING.md").read_text())

    assert len(named) > 10
    assert not [path for path in named if not (ROOT / path).is_file()]


def test_the_readme_names_the_endings_of_every_format():
    bullet = (ROOT / "README.md").read_text().split("- **Your data.**")[1].split("\n- **")[0]
    named = {match.lower() for match in re.findall(r"`[\w]*(\.\w+)`", bullet.split("`data.drop`")[0])}
    known = {ending for known in FORMATS for ending in re.findall(r"\.\w+", known.endings.partition(" (")[0])}

    assert named - {".target", ".source"} == known


def test_each_config_is_described():
    page = (ROOT / "config/README.md").read_text()

    assert set(re.findall(r"^\| `(\S+\.yaml)` \|", page, re.MULTILINE)) == {
        path.name for path in (ROOT / "config").glob("*.yaml")
    }


def test_the_citation_is_of_this_release():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())

    assert citation["version"] == depthsounder.__version__
    assert citation["title"] == "Depthsounder"


def commands_of(target):
    """The commands of a target of the Makefile."""
    lines = re.search(rf"^{target}:[^\n]*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    return [line.strip().replace("$(BIN)", ".venv/bin") for line in lines.splitlines()]


def test_before_a_commit_runs_what_make_lint_runs():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    entries = [hook["entry"].replace(" --force-exclude", "") for repository in hooks for hook in repository["hooks"]]

    assert entries == commands_of("lint")


def test_the_hosts_workflow_runs_what_every_machine_runs():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    commands = [step["run"] for step in workflow["jobs"]["check"]["steps"] if "run" in step]

    assert commands == [".ci/run"]
    assert re.findall(r"^make (\S+)$", (ROOT / ".ci/run").read_text(), re.MULTILINE) == [
        "test", "test-browser", "test-recipes", "test-faults", "test-slurm",
    ]  # fmt: skip


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/release.md"])
def test_a_page_names_all_suites_that_every_machine_runs(page):
    beginning = (ROOT / page).read_text().split("\n\n")[1]
    suites = re.findall(r"^make (\S+)$", (ROOT / ".ci/run").read_text(), re.MULTILINE)

    assert set(re.findall(r"`make (test\S*)`", beginning)) == set(suites)


def test_the_release_page_names_what_is_installed_without_hashes():
    commands = re.findall(r"^\t.*\$\(INSTALL\) (\w+)==", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert commands == ["torch"]
    assert "The exception\nis PyTorch" in (ROOT / "docs/release.md").read_text()


def test_the_marked_suites_are_those_that_make_runs():
    markers = set(re.findall(r"pytest (?:-n 2 )?(?:--dist loadfile )?-m (\w+) tests", (ROOT / "Makefile").read_text()))

    assert markers == {"browser", "faults", "recipes", "slurm"}


def test_the_oldest_releases_pass_what_the_newest_pass():
    arguments = [commands_of(target)[0].partition(" -m pytest")[2] for target in ("test", "test-oldest")]

    assert arguments[0] == arguments[1] != ""


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_line_of_prose_fits(page):
    code = False
    for number, line in enumerate(page.read_text().splitlines(), start=1):
        code ^= line.startswith("```")
        # A row of a table is one line, and so is a picture or a command.
        assert code or len(line) <= LONGEST_LINE or line.startswith(("|", "![", "[![", "    ")), (number, line)
