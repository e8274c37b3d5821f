"""The dependencies: declared once in pyproject.toml, pinned with hashes, and the same for pip and conda."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from rattler import MatchSpec

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]

# Conda's name of a package, where it is not the registry's: its leaner builds have names of their own.
CONDA_NAMES = {"matplotlib": "matplotlib-base", "seaborn": "seaborn-base", "snakemake": "snakemake-minimal"}

# Parts of pydantic's and Jinja's interfaces that have names of their own; these two require the fitting releases.
PARTS_OF_OTHERS = {"annotated_types", "markupsafe", "pydantic_core"}

# What each file of pins installs. PyTorch is in none, because pip chooses its build.
PINNED = {
    "requirements.txt": PROJECT["dependencies"],
    "requirements-test.txt": PROJECT["dependencies"] + EXTRAS["test"],
    "requirements-bench.txt": PROJECT["dependencies"] + [text for text in EXTRAS["bench"] if "torch" not in text],
    "requirements-slurm.txt": PROJECT["dependencies"] + EXTRAS["slurm"],
    "requirements-oldest.txt": PROJECT["dependencies"] + EXTRAS["test"],
    "requirements-build.txt": ["setuptools"],
}


def bounds_by_name(requirements):
    """The version bounds of each package, by its canonical name."""
    return {canonicalize_name(parsed.name): parsed.specifier for parsed in map(Requirement, requirements)}


def pins_of(name):
    """The blocks of a requirements file: the version and the hashes of each package, by its canonical name."""
    blocks = re.findall(r"^([\w.-]+)==(\S+)(.*(?:\n[ \t].*)*)", (ROOT / name).read_text(), flags=re.MULTILINE)
    return {canonicalize_name(package): (version, rest.count("--hash=sha256:")) for package, version, rest in blocks}


def conda_specs():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    return [MatchSpec(text, strict=True) for text in environment["dependencies"]]


def test_conda_installs_the_same_packages_with_the_same_bounds():
    declared = {CONDA_NAMES.get(name, name): bounds for name, bounds in bounds_by_name(PROJECT["dependencies"]).items()}
    offered = {spec.name.normalized: SpecifierSet(str(spec.version)) for spec in conda_specs()}
    python = offered.pop("python")

    assert offered == declared
    assert set(SpecifierSet(PROJECT["requires-python"])) <= set(python)


@pytest.mark.parametrize("name", PINNED)
def test_every_dependency_is_pinned_within_its_bounds(name):
    pins = pins_of(name)
    outside = {
        package: bounds
        for package, bounds in bounds_by_name(PINNED[name]).items()
        if package not in pins or not bounds.contains(pins[package][0])
    }

    assert not outside


@pytest.mark.parametrize("name", PINNED)
def test_every_pin_has_a_hash_and_no_file_names_a_host_or_a_path(name):
    text = (ROOT / name).read_text()
    required = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]

    assert all(re.match(r"[\w.-]+==\S+( ;.*)? \\$", line) for line in required), "a line is no pin"
    assert all(hashes > 0 for _, hashes in pins_of(name).values())
    assert "/" not in text


def test_the_oldest_releases_that_are_tested_are_the_oldest_that_are_allowed():
    lines = (ROOT / "requirements-oldest.txt").read_text().splitlines()
    pins = [Requirement(line.partition(" ")[0]) for line in lines if "==" in line and not line.startswith(" ")]
    lowest = {
        (canonicalize_name(parsed.name), Version(bound.version))
        for parsed in map(Requirement, PROJECT["dependencies"])
        for bound in parsed.specifier
        if bound.operator == ">="
    }

    assert lowest <= {(canonicalize_name(pin.name), Version(bound.version)) for pin in pins for bound in pin.specifier}


@pytest.mark.parametrize("name", ["requirements-test.txt", "requirements-bench.txt", "requirements-slurm.txt"])
def test_tests_benchmarks_and_clusters_run_on_the_releases_that_users_run(name):
    pins = pins_of(name)

    assert {package: pins.get(package) for package in pins_of("requirements.txt")} == pins_of("requirements.txt")


def test_pytorch_is_a_peer_in_benchmarks_and_nothing_else():
    elsewhere = [*PROJECT["dependencies"], *EXTRAS["test"]]

    assert [text for text in EXTRAS["bench"] if text.startswith("torch")] == ["torch==2.13.0"]
    assert not [text for text in elsewhere if text.startswith("torch")]
    assert not [name for name in PINNED if "torch" in pins_of(name)]


@pytest.mark.parametrize("folder", ["src", "scripts"])
def test_what_the_code_imports_is_declared(folder):
    imported = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
    foreign = imported - sys.stdlib_module_names - PARTS_OF_OTHERS - {"depthsounder"}
    distributions = packages_distributions()
    undeclared = {
        module
        for module in foreign
        if not {canonicalize_name(name) for name in distributions.get(module, [module])}
        & set(bounds_by_name(PROJECT["dependencies"]))
    }

    assert not undeclared
