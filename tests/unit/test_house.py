"""The rules of the house: which module may import which, how light a job is, and how scripts and rules belong together.

What ruff, mypy, snakefmt and snakemake --lint can say is said by `make lint`, and not here.
"""

import ast
import io
import os
import re
import subprocess
import sys
import tokenize
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from rooms import ROOMS

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"
MODULES = sorted((SOURCE / "depthsounder").rglob("*.py"))
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))

# The stages whose jobs run by the thousand, and what each of those jobs would pay for at its start.
COMPUTE_STAGES = ("verify", "measure", "tune", "train")
STAGES = {*COMPUTE_STAGES, "prepare", "collect", "analyse", "report"}
HEAVY = {"docutils", "jinja2", "matplotlib", "pandas", "pydantic", "seaborn", "sklearn", "snakemake"}

LONGEST_MODULE = 300
LONGEST_FUNCTION = 60
LONGEST_SCRIPT = 40


def dotted_name(path):
    """The name under which a file of the library is imported."""
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


NAMES = {dotted_name(path) for path in MODULES}


def imports_of(path):
    """The modules that a file imports, wherever in the file it does."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield submodule if submodule in NAMES else node.module


def room_of(name):
    """The room to which a dotted name belongs; None for the library itself."""
    return name.split(".")[1] if "." in name else None


def rules_of(path):
    """The names of the rules in a file of the workflow."""
    return re.findall(r"^\s*(?:rule|checkpoint|use rule \w+ as)\s+(\w+)(?:\s*:| with:)", path.read_text(), re.MULTILINE)


def code_lines(text):
    """The numbers of the lines that hold code, and not only space, comments or docstrings."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines = {line for token in tokens if token.type not in silent for line in range(token.start[0], token.end[0] + 1)}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            lines -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return lines


def run_python(*arguments):
    """Run Python as a job does, with the library on its path."""
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        check=False,
    )


def stem(path):
    return path.stem


RULE_FILES = sorted((ROOT / "workflow" / "rules").glob("*.smk"))
RULES = [rule for path in RULE_FILES for rule in rules_of(path)]
COMPUTE_RULES = [rule for path in RULE_FILES if path.stem in COMPUTE_STAGES for rule in rules_of(path)]


def test_every_module_lies_in_a_room():
    assert {path.name for path in (SOURCE / "depthsounder").iterdir() if path.suffix == ".py"} == {"__init__.py"}
    assert {room_of(name) for name in NAMES} - {None} == set(ROOMS)


@pytest.mark.parametrize("path", MODULES, ids=dotted_name)
def test_a_module_imports_only_from_its_own_room_and_from_lower_rooms(path):
    lower = {*ROOMS[: ROOMS.index(room)], room} if (room := room_of(dotted_name(path))) else set()

    assert {room_of(name) for name in imports_of(path) if name in NAMES} - {None} <= lower


def test_no_modules_import_each_other_in_a_circle():
    graph = {dotted_name(path): set(imports_of(path)) & NAMES for path in MODULES}

    TopologicalSorter(graph).prepare()


def test_the_library_knows_nothing_of_snakemake():
    assert not [path for path in MODULES if {name.partition(".")[0] for name in imports_of(path)} & {"snakemake"}]


@pytest.mark.parametrize("module", ["checking.checks", "engine.jobs", "engine.rows", "engine.tuning"])
def test_the_engine_loads_nothing_heavy(module):
    done = run_python("-c", f"import depthsounder.{module}, sys; print(*sys.modules)")

    assert done.returncode == 0, done.stderr
    assert not HEAVY & set(done.stdout.split())


@pytest.mark.parametrize("rule", COMPUTE_RULES)
def test_a_compute_job_loads_nothing_heavy(rule):
    script = ROOT / "scripts" / f"{rule}.py"
    lines = [
        "import runpy, sys",
        f"sys.argv = [{str(script)!r}, '--help']",
        "try:",
        f"    runpy.run_path({str(script)!r}, run_name='__main__')",
        "except SystemExit:",
        "    print(*sys.modules)",
    ]
    done = run_python("-c", "\n".join(lines))

    assert done.returncode == 0, done.stderr
    assert not HEAVY & set(done.stdout.splitlines()[-1].split())


def test_the_workflow_has_its_stages():
    assert {path.stem for path in RULE_FILES} >= STAGES
    assert len(RULES) == len(set(RULES))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_has_a_script_of_its_name(rule):
    # A rule that makes the same in another form says so behind the name.
    assert (ROOT / "scripts" / f"{rule.partition('_as_')[0]}.py").is_file()


def test_the_map_names_the_rules_that_run_the_script_of_another_and_the_files_without_rules():
    page = (ROOT / "docs/architecture.md").read_text().split("## The rooms")[0]
    others = {rule for rule in RULES if not (ROOT / "scripts" / f"{rule}.py").is_file()}
    without = {path.name for path in RULE_FILES if path.stem not in STAGES}

    assert others == set(re.findall(r"`(\w+_as_\w+)`", page))
    assert without == set(re.findall(r"`(\w+\.smk)`", page))
    assert not [path for path in RULE_FILES if path.name in without and rules_of(path)]


@pytest.mark.parametrize("script", SCRIPTS, ids=stem)
def test_a_script_runs_by_hand_and_explains_itself(script):
    done = run_python(script, "--help")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage:")


@pytest.mark.parametrize("script", SCRIPTS, ids=stem)
def test_a_script_is_thin(script):
    assert len(code_lines(script.read_text())) <= LONGEST_SCRIPT


@pytest.mark.parametrize("path", [path for path in MODULES if "." in dotted_name(path)], ids=dotted_name)
def test_a_module_says_what_it_is_and_asks_no_question(path):
    first = ast.get_docstring(ast.parse(path.read_text())).partition("\n")[0]

    assert "?" not in first
    assert first.split()[0] not in {"Are", "Does", "Is", "Was", "Whether", "Why"}


@pytest.mark.parametrize("path", MODULES, ids=dotted_name)
def test_modules_and_functions_can_be_read_at_a_sitting(path):
    text = path.read_text()
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    long = {node.name for node in functions if node.end_lineno - node.lineno >= LONGEST_FUNCTION}

    assert len(text.splitlines()) <= LONGEST_MODULE
    assert not long


@pytest.mark.parametrize("reader", ["true", "head -1"])
def test_a_script_whose_reader_has_read_enough_ends_well_and_says_nothing(reader):
    script = ROOT / "scripts/advise.py"
    command = f"'{sys.executable}' '{script}' --activation tanh --depth 30 | {reader}; echo ${{PIPESTATUS[0]}}"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment, check=True)

    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "0"
