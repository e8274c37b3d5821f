"""The user's own files: their records are looked up as ours are, and what is wrong with one is said in a sentence."""

import json
import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from jsonschema import Draft202012Validator
from own_files import MINE, OWN_VALUES, WRONG
from scipy.stats import truncnorm
from tiny_sweep import TINY_SWEEP

from depthsounder.checking.checked_network import draw_checked_network
from depthsounder.checking.checks import CheckPlan, check_records
from depthsounder.checking.contract import breaches
from depthsounder.checking.drawn_moments import misdrawn
from depthsounder.config import (
    Config,
    ConfigError,
    extension_arguments,
    load_resolved,
    own_records,
    save_resolved,
    validate_config,
    validate_files,
    validate_imported,
)
from depthsounder.config.reference import schema_text
from depthsounder.elements.activations import ACTIVATIONS, TANH
from depthsounder.elements.architectures import ARCHITECTURES, PLAIN
from depthsounder.elements.axes import Design
from depthsounder.elements.initializers import INITIALIZERS, Initializer
from depthsounder.engine import extensions
from depthsounder.engine.drawing import draw_network
from depthsounder.engine.extensions import ExtensionError, extension_parser, file_of, load_extension
from depthsounder.engine.optimizer_contract import optimizer_breach
from depthsounder.engine.optimizers import OPTIMIZERS
from depthsounder.engine.spec import NetworkSpec
from depthsounder.figures.style import activation_marker, init_style
from depthsounder.judging.equal_inits import draw_of
from depthsounder.process.definitions import Library, NotFollowed
from depthsounder.process.fingerprint import code_fingerprint, require_digests
from depthsounder.report.provenance import extension_files
from depthsounder.theory.predicting import predict_cells

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = ROOT / "config/config.yaml"
OWN = {
    "extensions": ["mine.py"],
    "activations": ["sine", "tanh"],
    "inits": ["third", "he_normal"],
    "comparisons": [],
    "training": TINY_SWEEP["training"] | {"optimizer": "signs"},
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with a user's file; what was loaded is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    for records in (ARCHITECTURES, ACTIVATIONS, INITIALIZERS, OPTIMIZERS):
        for name, record in list(records.items()):
            monkeypatch.setitem(records, name, record)
    before = [dict(records) for records in (ARCHITECTURES, ACTIVATIONS, INITIALIZERS, OPTIMIZERS)]
    (tmp_path / "mine.py").write_text(MINE)
    yield tmp_path
    forget()
    assert [dict(records) for records in (ARCHITECTURES, ACTIVATIONS, INITIALIZERS, OPTIMIZERS)] == before


def forget():
    """Take what was loaded out of the registries, as if the process had just begun."""
    for registry, name in extensions._places:
        extensions._RECORDS[registry].pop(name)
    extensions._places.clear()
    extensions._loaded.clear()


def own(**changes):
    """The tiny sweep with the user's own names in it."""
    return deepcopy(TINY_SWEEP) | OWN | changes


def configured(folder, **changes):
    """The path of a config file of the user's."""
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(own(**changes), sort_keys=False))
    return path


def test_records_of_a_file_are_looked_up_beside_ours(folder):
    load_extension(Path("mine.py"))
    assert list(ACTIVATIONS)[-2:] == ["sine", "cube"]
    assert INITIALIZERS["third"].weight_variance(12, 5, ACTIVATIONS["sine"]) == 0.25
    assert not breaches(ACTIVATIONS["sine"])
    assert file_of(extensions.ACTIVATION, "sine") == Path("mine.py")
    assert file_of(extensions.ACTIVATION, "tanh") is None
    assert file_of(extensions.INIT, "sine") is None


def test_a_file_runs_once_in_a_process_however_its_path_is_written(folder):
    (folder / "mine.py").write_text(f'{MINE}\nwith open("runs", "a") as file:\n    file.write("x")\n')
    (folder / "link.py").symlink_to("mine.py")
    for path in ("mine.py", "./mine.py", str(folder / "mine.py"), "link.py"):
        load_extension(Path(path))
    assert (folder / "runs").read_text() == "x"


def test_what_a_file_does_as_a_program_it_does_not_do_here(folder):
    (folder / "mine.py").write_text(f'{MINE}\nif __name__ == "__main__":\n    raise SystemExit("a program")\n')
    load_extension(Path("mine.py"))


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_file_is_refused_with_its_line(folder, wrong):
    text, line, words = WRONG[wrong]
    (folder / "mine.py").write_text(text)
    with pytest.raises(ExtensionError) as caught:
        load_extension(Path("mine.py"))
    assert str(caught.value).startswith(f"mine.py, line {line}: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_functions_that_a_loop_makes_with_values_of_their_own_are_taken_and_so_is_one_of_two_records(folder):
    (folder / "mine.py").write_text(OWN_VALUES)
    load_extension(Path("mine.py"))
    z = np.array([1.0])
    names = ("line_1", "line_2", "bound_1", "bound_2", "again")
    assert [float(ACTIVATIONS[name](z)[0]) for name in names] == [1.0, 2.0, 1.0, 2.0, np.tanh(1.0)]


def test_a_missing_file_is_refused_with_the_folder_where_it_was_looked_for(folder):
    for path in ("there.py", "."):
        with pytest.raises(
            ExtensionError, match=re.escape(f"there is no such file; its path starts at {'the working'}")
        ):
            load_extension(Path(path))


def test_a_file_that_is_no_text_is_refused(folder):
    (folder / "mine.py").write_bytes(b"x = 1\n# \xe9\n")
    with pytest.raises(ExtensionError, match=r"^mine.py, line 2: the file cannot be read: .*; allowed: text in UTF-8"):
        load_extension(Path("mine.py"))


@pytest.mark.parametrize(
    ("first_line", "encoding"),
    [("", "utf-8-sig"), ("# -*- coding: latin-1 -*-\n", "latin-1")],
    ids=["mark", "declared"],
)
def test_a_file_is_read_in_the_encoding_in_which_python_reads_it(folder, first_line, encoding):
    (folder / "mine.py").write_bytes(f"{first_line}{MINE}\n# caf\xe9\n".encode(encoding))
    load_extension(Path("mine.py"))
    own = {("elements.activations", "ACTIVATIONS"): {"sine": Path("mine.py")}}
    require_digests(ROOT / "scripts", [Design("plain", "sine", "he_normal")], Library(ROOT / "src/depthsounder", own))


def test_a_file_with_a_null_byte_is_refused_without_a_line(folder):
    (folder / "mine.py").write_text("x = 1\0\n")
    with pytest.raises(ExtensionError, match=r"^mine.py: SyntaxError: .*; allowed: Python$"):
        load_extension(Path("mine.py"))


@pytest.mark.parametrize("imported", ["import beside", "from below.deeper import number"])
def test_code_that_lies_beside_a_file_is_refused(folder, monkeypatch, imported):
    (folder / "below").mkdir()
    for path in ("beside.py", "below/deeper.py"):
        (folder / path).write_text("number = 3\n")
    (folder / "mine.py").write_text(f"import numpy\n{imported}\n{MINE}")
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)
    with pytest.raises(
        ExtensionError, match=r"^mine.py, line 2: imports .*\.py, where an edit would be overlooked; all"
    ):
        load_extension(Path("mine.py"))
    for name in sys.modules.keys() - before:
        del sys.modules[name]


def test_what_is_installed_below_the_folder_of_a_file_may_be_imported(folder, monkeypatch):
    installed = folder / ".venv/lib/python3/site-packages"
    installed.mkdir(parents=True)
    (installed / "an_installed_module.py").write_text("number = 3\n")
    (folder / "mine.py").write_text(f"import an_installed_module\n{MINE}")
    monkeypatch.syspath_prepend(installed)
    load_extension(Path("mine.py"))
    del sys.modules["an_installed_module"]
    assert "sine" in ACTIVATIONS


def test_a_function_of_numpys_is_an_activations_function(folder):
    text = 'ACTIVATIONS = {"plus": Activation("plus", np.cosh, lambda z, h, out: np.sinh(z, out), (), False, "")}\n'
    (folder / "mine.py").write_text(MINE.split("def sine")[0] + text)
    load_extension(Path("mine.py"))
    assert ACTIVATIONS["plus"].slope(np.zeros(2)).tolist() == [0.0, 0.0]


def test_a_name_that_another_file_has_is_taken(folder):
    (folder / "other.py").write_text(MINE)
    load_extension(Path("mine.py"))
    with pytest.raises(ExtensionError, match=r"other.py, line 40: the name sine is taken: mine.py has a record of it"):
        load_extension(Path("other.py"))


@pytest.mark.parametrize("name", ["sgd", "momentum", "adam"])
def test_the_librarys_own_optimizers_keep_their_contract(name):
    assert optimizer_breach(name, OPTIMIZERS[name]) is None


def test_a_config_names_what_its_extensions_have(folder):
    config = validate_files([DEFAULT, configured(folder)])
    assert config.activations == ("sine", "tanh")
    assert config.training.optimizer == "signs"
    assert own_records(config) == {
        extensions.ACTIVATION: {"sine": Path("mine.py")},
        extensions.INIT: {"third": Path("mine.py")},
        extensions.OPTIMIZER: {"signs": Path("mine.py")},
    }
    assert validate_imported(own(), DEFAULT).inits == ("third", "he_normal")


def test_extensions_on_the_command_line_are_taken_as_in_a_file(folder):
    values = {"extensions": ["mine.py"], "activations": ["sine"], "comparisons": []}
    assert validate_config(own(), [DEFAULT], values).activations == ("sine",)


def test_without_extensions_a_config_stays_as_it_was(folder):
    assert Config.model_validate(TINY_SWEEP).extensions == ()
    assert own_records(Config.model_validate(TINY_SWEEP)) == {}


@pytest.mark.parametrize(
    ("changes", "line", "words"),
    [
        ({"activations": ["sin"]}, "activations[0]", "did you mean sine?"),
        ({"inits": ["thirds"]}, "inits[0]", "did you mean third?"),
        ({"training": OWN["training"] | {"optimizer": "sign"}}, "training.optimizer", "did you mean signs?"),
        ({"extensions": ["mine.txt"]}, "extensions[0]", "which is no file of Python; allowed: the path of a file"),
        ({"extensions": ["gone.py"]}, "extensions[0]", "    gone.py: there is no such file; its path starts at"),
        (
            {"extensions": ["~nobody_at_all/mine.py"]},
            "extensions[0]",
            "which begins with ~, and the home folder is not",
        ),
        ({"extensions": ["mine.py", "mine.py"]}, "extensions[1]", "which stands in the list twice"),
        ({"extensions": "mine.py"}, "extensions", "found 'mine.py'; allowed: a list; each: the path of a file"),
    ],
)
def test_a_wrong_name_or_path_is_refused_with_its_line_in_the_config(folder, changes, line, words):
    path = configured(folder, **changes)
    with pytest.raises(ConfigError) as caught:
        validate_files([DEFAULT, path])
    assert re.search(rf"mine\.yaml, line \d+: {re.escape(line)}\n", str(caught.value))
    assert words in str(caught.value)
    assert "1 problem." in str(caught.value)


def test_a_wrong_file_is_refused_with_its_line_and_that_of_the_config_and_nothing_else(folder):
    (folder / "mine.py").write_text("import numpy\nX = nump.pi\n")
    with pytest.raises(ConfigError) as caught:
        validate_files([DEFAULT, configured(folder)])
    assert "1 problem." in str(caught.value)
    assert "mine.yaml, line" in str(caught.value)
    assert "mine.py, line 2: fails with NameError: name 'nump' is not defined" in str(caught.value)
    assert str(caught.value).count("allowed") == 1


def test_a_path_that_starts_at_the_configs_folder_is_told_where_the_file_lies(folder):
    (folder / "below").mkdir()
    (folder / "mine.py").rename(folder / "below/mine.py")
    path = configured(folder)
    path.rename(folder / "below/mine.yaml")
    with pytest.raises(ConfigError, match=r"did you mean below/mine.py, which lies beside the config\?"):
        validate_files([DEFAULT, Path("below/mine.yaml")])
    (folder / "elsewhere").mkdir()
    with pytest.MonkeyPatch.context() as moved:
        moved.chdir(folder / "elsewhere")
        with pytest.raises(ConfigError, match=re.escape(f"did you mean {folder / 'below/mine.py'}, which lies")):
            validate_files([DEFAULT, folder / "below/mine.yaml"])
    assert validate_files([DEFAULT, configured(folder, extensions=["below/mine.py"])]).inits == ("third", "he_normal")


def test_a_path_may_start_at_the_home_folder(folder, monkeypatch):
    (folder / "home").mkdir()
    (folder / "mine.py").rename(folder / "home/mine.py")
    monkeypatch.setenv("HOME", str(folder / "home"))
    config = validate_files([DEFAULT, configured(folder, extensions=["~/mine.py"])])
    assert config.extensions == (str(folder / "home/mine.py"),)


def test_the_config_of_a_run_brings_its_extensions(folder):
    save_resolved(folder / "config.json", validate_files([DEFAULT, configured(folder)]))
    forget()
    assert load_resolved(folder / "config.json").activations == ("sine", "tanh")
    assert "sine" in ACTIVATIONS


def test_a_run_whose_extension_is_gone_says_so_in_a_sentence(folder):
    save_resolved(folder / "config.json", validate_files([DEFAULT, configured(folder)]))
    forget()
    (folder / "mine.py").unlink()
    with pytest.raises(ConfigError) as caught:
        load_resolved(folder / "config.json")
    assert "\n" not in str(caught.value)
    assert "made with an extension that cannot be used: mine.py: there is no such file" in str(caught.value)
    assert (folder / "config.json").exists()


def test_a_run_whose_extension_has_lost_a_record_says_so_in_a_sentence(folder):
    save_resolved(folder / "config.json", validate_files([DEFAULT, configured(folder)]))
    forget()
    (folder / "mine.py").write_text(MINE.replace('"sine"', '"sinus"'))
    with pytest.raises(ConfigError) as caught:
        load_resolved(folder / "config.json")
    assert "the run was made with sine from mine.py, where it is no more. Bring it back" in str(caught.value)
    assert "\n" not in str(caught.value)


def schema_takes(values):
    return Draft202012Validator(json.loads(schema_text())).is_valid(values)


def test_editors_take_own_names_where_there_are_extensions_and_mark_them_elsewhere():
    assert schema_takes(own())
    assert schema_takes(own(inits=["gaussian_w1.5_b0.05"]))
    assert not schema_takes(own(extensions=[]))
    assert schema_takes(TINY_SWEEP)
    for changes in ({"activations": ["tanhh"]}, {"inits": ["he"]}, {"training": {"optimizer": "adamm"}}):
        assert not schema_takes(TINY_SWEEP | changes)
        assert schema_takes(TINY_SWEEP | changes | {"extensions": ["mine.py"]})
    compared = {"comparisons": [{"activation": "sine", "depth": 1, "init": "third", "against": "he_normal"}]}
    assert schema_takes(own(**compared))
    assert not schema_takes(TINY_SWEEP | compared)


def test_a_job_is_told_the_files_of_its_own_records_alone(folder):
    config = validate_files([DEFAULT, configured(folder)])
    words = ["--extension=mine.py"]
    assert extension_arguments(config, "measure", Design("plain", "tanh", "he_normal")) == []
    assert extension_arguments(config, "measure", Design("plain", "sine", "he_normal")) == words
    assert extension_arguments(config, "verify", Design("plain", "tanh", "third")) == words
    assert extension_arguments(config, "train", Design("plain", "tanh", "he_normal")) == words


def test_a_script_has_the_records_before_it_reads_its_other_words(folder):
    parser = extension_parser(["--activation=sine", "--extension=mine.py"])
    assert "sine" in ACTIVATIONS
    assert parser.parse_args(["--extension=mine.py"]).extension == [Path("mine.py")]


def test_a_script_by_hand_checks_an_own_activation_and_refuses_a_wrong_file(folder):
    command = [
        sys.executable, ROOT / "scripts/check_gradients.py", "--architecture=plain",
        "--activation=sine", "--init=third", "--depths", "1",
        "--width=3", "--examples=2", "--sweep-width=8", "--complex-step-threshold=1e-12", "--not-analytic=refuse",
        "--root-seed=1", "--output=check.parquet",
    ]  # fmt: skip

    def called(*words):
        environment = {"PYTHONPATH": str(ROOT / "src")}
        return subprocess.run([*command, *words], capture_output=True, text=True, check=False, env=environment)

    done = called("--extension=mine.py")
    assert done.returncode == 0, done.stderr
    assert (folder / "check.parquet").exists()
    for done in (called("--extension=gone.py"), called()):
        assert done.returncode
        assert "Traceback" not in done.stderr
    assert called("--extension=gone.py").stderr.startswith("gone.py: there is no such file")


def test_a_check_that_refuses_a_record_says_where_it_stands(folder):
    (folder / "mine.py").write_text(MINE.replace("np.cos(z, out=out)", "np.cos(1.01 * z, out=out)"))
    (folder / "more.py").write_text(
        MINE.replace('"third"', '"fourth"').split("SINE")[0] + MINE.splitlines()[-2].replace('third"', 'fourth"')
    )
    command = [
        sys.executable, ROOT / "scripts/check_gradients.py", "--architecture=plain",
        "--activation=sine", "--init=fourth", "--depths", "1",
        "--width=3", "--examples=2", "--sweep-width=8", "--complex-step-threshold=1e-12", "--not-analytic=refuse",
        "--root-seed=1", "--output=check.parquet", "--extension=mine.py", "--extension=more.py",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT / "src")})
    assert done.stderr.startswith("sine with fourth is refused. φ' is not the derivative of φ")
    assert done.stderr.endswith(". sine stands in mine.py, line 40. fourth stands in more.py, line 38.\n")


class Own:
    """The digests of the user's sweep, with an edit of the file."""

    SCRIPTS = ("check_gradients", "measure_signal", "tune_rate", "train_networks")
    CELLS = (("sine", "he_normal"), ("tanh", "third"), ("tanh", "he_normal"))

    def __init__(self, config):
        self.config = config
        self.unedited = self.digests()

    def digests(self):
        library = Library(ROOT / "src/depthsounder", own_records(self.config))

        def digest(script, *cell):
            optimizer = "signs" if script in ("tune_rate", "train_networks") else None
            design = Design("plain", *cell) if cell else None
            return code_fingerprint(ROOT / f"scripts/{script}.py", design, library, optimizer)

        of_cells = {(script, *cell): digest(script, *cell) for script in self.SCRIPTS for cell in self.CELLS}
        return of_cells | {(script,): digest(script) for script in ("predict_signal", "prepare_data")}

    def changed_by(self, old, new):
        assert old in MINE
        Path("mine.py").write_text(MINE.replace(old, new))
        digests = self.digests()
        return {job for job, digest in digests.items() if digest != self.unedited[job]}


@pytest.fixture
def sweep(folder):
    return Own(validate_files([DEFAULT, configured(folder)]))


def jobs(*cells, scripts=Own.SCRIPTS):
    return {(script, *cell) for script in scripts for cell in cells}


def test_an_edit_reruns_the_cells_that_use_it_and_no_others(sweep):
    sine, third, ours = Own.CELLS
    made_of_them = {("predict_signal",)}
    assert sweep.changed_by("np.cos(z, out=out)", "np.cos(1.0 * z, out=out)") == jobs(sine) | made_of_them
    assert sweep.changed_by("3 / fan_in", "3.1 / fan_in") == jobs(third) | made_of_them
    trained = jobs(sine, third, ours, scripts=("tune_rate", "train_networks"))
    assert sweep.changed_by("* np.sign(gradients)", "* 2 * np.sign(gradients)") == trained | made_of_them
    assert sweep.changed_by("np.power(z, 3, out=out)", "np.power(z, 5, out=out)") == set()


def test_a_comment_a_docstring_and_the_layout_rerun_nothing(sweep):
    assert sweep.changed_by("class Signs:\n", 'class Signs:\n    """By signs."""\n\n    # A comment.\n') == set()
    assert sweep.changed_by("import numpy as np\n", "# A comment.\n\nimport numpy as np\n") == set()


def test_where_no_name_leads_to_a_statement_the_whole_file_is_in_the_digest(sweep):
    sine, third, ours = Own.CELLS
    loop = "import numpy as np\n\nfor _ in range(3):\n    pass\n"
    with_loop = sweep.changed_by("import numpy as np\n", loop)
    users = jobs(sine, third) | jobs(ours, scripts=("tune_rate", "train_networks")) | {("predict_signal",)}
    assert with_loop == users
    before = sweep.digests()
    Path("mine.py").write_text(MINE.replace("import numpy as np\n", loop.replace("3", "4")))
    after = sweep.digests()
    assert {job for job in after if after[job] != before[job]} == users


@pytest.mark.parametrize(
    ("line", "words"),
    [("from numpy import *\n", "a star import hides"), ("import importlib\n", "importlib finds names")],
)
def test_code_in_which_an_edit_could_be_overlooked_is_refused_with_its_line(sweep, line, words):
    Path("mine.py").write_text(MINE.replace("import numpy as np\n", f"import numpy as np\n{line}"))
    library = Library(ROOT / "src/depthsounder", own_records(sweep.config))
    with pytest.raises(NotFollowed, match=f"mine.py, line 2: {words}"):
        require_digests(ROOT / "scripts", [Design("plain", "sine", "third")], library)


def test_a_cell_of_two_files_is_told_both_and_follows_an_edit_of_either(folder):
    (folder / "more.py").write_text(
        MINE.replace('"third"', '"fourth"')
        .replace('{"sine"', '{"more"')
        .replace('Activation("sine"', 'Activation("more"')
        .replace('"cube"', '"most"')
        .replace('"signs"', '"sign"')
    )
    config = validate_files([DEFAULT, configured(folder, extensions=["mine.py", "more.py"], inits=["third", "fourth"])])
    both, one = ["--extension=mine.py", "--extension=more.py"], ["--extension=mine.py"]
    assert extension_arguments(config, "measure", Design("plain", "sine", "fourth")) == both
    assert extension_arguments(config, "measure", Design("plain", "sine", "third")) == one
    assert [file.names for file in extension_files(SimpleNamespace(config=config))] == [
        ("sine", "third", "signs"),
        ("fourth",),
    ]
    cell = (ROOT / "scripts/measure_signal.py", Design("plain", "sine", "fourth"))
    digests = [code_fingerprint(*cell, Library(ROOT / "src/depthsounder", own_records(config)))]
    for path, old in (("mine.py", "np.cos(z"), ("more.py", "3 / fan_in"), ("more.py", "np.cos(z")):
        (folder / path).write_text(
            (folder / path).read_text().replace(old, old.replace("z", "1.0 * z").replace("3", "4"))
        )
        digests.append(code_fingerprint(*cell, Library(ROOT / "src/depthsounder", own_records(config))))
    assert len(set(digests[:3])) == 3
    assert digests[3] == digests[2]


def test_two_files_of_one_name_are_told_apart(folder):
    (folder / "a").mkdir()
    (folder / "a/mine.py").write_text(
        MINE.replace("sine", "sinus").split("INITIALIZERS")[0].replace('"cube"', '"kubus"')
    )
    config = validate_files([DEFAULT, configured(folder, extensions=["mine.py", "a/mine.py"], activations=["sinus"])])
    cell = (ROOT / "scripts/measure_signal.py", Design("plain", "sinus", "third"))
    before = code_fingerprint(*cell, Library(ROOT / "src/depthsounder", own_records(config)))
    for path in ("mine.py", "a/mine.py"):
        text = (folder / path).read_text()
        (folder / path).write_text(text.replace("3 / fan_in", "3.1 / fan_in").replace("np.cos(z", "np.cos(1.0 * z"))
        assert code_fingerprint(*cell, Library(ROOT / "src/depthsounder", own_records(config))) != before
        (folder / path).write_text(text)


def test_the_report_names_the_files_their_digests_and_what_was_taken_from_them(folder):
    config = validate_files([DEFAULT, configured(folder)])
    (file,) = extension_files(SimpleNamespace(config=config))
    digest = subprocess.run(["sha256sum", "mine.py"], capture_output=True, text=True, check=True).stdout.split()[0]
    assert (file.path, file.digest, file.names) == ("mine.py", digest, ("sine", "third", "signs"))


def test_own_names_have_looks_of_their_own(folder):
    load_extension(Path("mine.py"))
    assert len({activation_marker(name) for name in ACTIVATIONS}) == len(ACTIVATIONS)
    assert len({str(init_style(name)) for name in INITIALIZERS}) == len(INITIALIZERS)


def blocks(page, language):
    """The code that a page shows, by its language."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)
    return ["".join(line.removeprefix(indent) for line in code.splitlines(True)) for indent, code in found]


@pytest.fixture
def shown(folder):
    """The records that the page of own code shows."""
    (code,) = blocks("docs/own-code.md", "python")
    (folder / "shown.py").write_text(code)
    load_extension(Path("shown.py"))


def test_a_truncated_normal_has_the_stated_variance_and_no_weight_beyond_its_cut(shown):
    init = INITIALIZERS["he_truncated"]
    weights = init.shape(np.random.default_rng(0).standard_normal((400, 500)), 0.02)
    assert np.var(weights) == pytest.approx(0.02, rel=0.02)
    assert np.abs(weights).max() < 2.0 * np.sqrt(0.02 / truncnorm.var(-2.0, 2.0))
    assert np.abs(weights).max() == pytest.approx(2.0 * np.sqrt(0.02 / truncnorm.var(-2.0, 2.0)), rel=1e-3)
    assert misdrawn(init, TANH, [(64, 64)], 1) is None
    assert init.independent


def test_a_truncated_normal_that_forgets_what_the_cut_takes_costs_its_theory():
    init = Initializer("cut", lambda n, m, activation: 2.0 / n, "", shape=lambda z, v: np.clip(z, -2, 2) * np.sqrt(v))
    assert "have variance" in misdrawn(init, TANH, [(64, 64)], 1)


def test_a_mean_of_the_biases_is_a_constant_and_costs_the_theory(shown):
    _, biases = draw_network(1, 0, NetworkSpec((6, 5, 5, 3), TANH), INITIALIZERS["he_biased"])
    assert [set(layer) for layer in biases] == [{0.1}, {0.1}, {0.0}]
    ((_, columns),) = predict_cells([("plain", "tanh", "he_biased")], [2], np.ones((4, 6)), 5, 1, np.arange(4))
    assert columns["note"][0].startswith("theory is withheld: biases of 'he_biased' have mean 0.1")
    assert columns["z_second_moment"] == [None, None]
    ((_, columns),) = predict_cells([("plain", "tanh", "he_normal")], [2], np.ones((4, 6)), 5, 1, np.arange(4))
    assert columns["note"][0] is None


def test_the_records_that_the_page_shows_pass_every_check(shown):
    plan = CheckPlan(1, (1, 3), 4, 3, 8, 1e-12, "refuse")
    for name in ("he_truncated", "he_biased"):
        assert {row["verdict"] for row in check_records(PLAIN, TANH, INITIALIZERS[name], plan)} <= {"passed", "blind"}


def test_the_checked_networks_have_the_mean_of_the_biases(shown):
    drawn = (draw_checked_network(1, 2, 4, 3, TANH, INITIALIZERS[name]) for name in ("he_biased", "he_normal"))
    biased, plain = (network.spec.views(network.parameters[None, :]).biases for network in drawn)
    for one, other in zip(biased, plain, strict=True):
        np.testing.assert_allclose(one - other, 0.1, rtol=1e-12)


def test_networks_with_a_mean_of_the_biases_are_no_rescaled_networks_without(shown):
    assert draw_of(Design("plain", "relu", "he_normal")) == draw_of(Design("plain", "relu", "glorot_normal"))
    assert draw_of(Design("plain", "relu", "he_biased")) != draw_of(Design("plain", "relu", "he_normal"))


def test_the_file_and_the_config_that_the_readme_shows_are_right(folder):
    own_blocks = [code for code in blocks("README.md", "python") if "depthsounder.elements" in code]
    (folder / "mine.py").write_text(own_blocks[0])
    (folder / "mine.yaml").write_text(blocks("README.md", "yaml")[0])
    config = validate_files([DEFAULT, folder / "mine.yaml"])
    assert config.activations == ("sine", "tanh")
    assert not breaches(ACTIVATIONS["sine"])
    plan = CheckPlan(1, (1, 3), 4, 3, 8, 1e-12, "refuse")
    assert {row["verdict"] for row in check_records(PLAIN, ACTIVATIONS["sine"], INITIALIZERS["third"], plan)} == {
        "passed"
    }
    assert len(own_blocks[0].splitlines()) == 10


MY_ARCHITECTURE = """
from depthsounder.elements.architectures import EXAMPLES, Architecture, Normalization

ARCHITECTURES = {
    "calm": Architecture(
        "calm", Normalization(EXAMPLES, centered=False), shortcut=True, branch_decay=0.25, source="mine"
    )
}
"""


def test_an_own_architecture_is_configured_checked_and_in_the_digest_of_its_cells(folder):
    (folder / "mine.py").write_text(MY_ARCHITECTURE)
    sweep = {"architectures": ["calm", "plain"], "activations": ["tanh"], "inits": ["he_normal"]}
    config = validate_files([configured(folder, **sweep, training=TINY_SWEEP["training"])])

    assert config.architectures == ("calm", "plain")
    rows = check_records(
        ARCHITECTURES["calm"],
        TANH,
        INITIALIZERS["he_normal"],
        CheckPlan(1, (1, 5), 4, 3, 8, complex_step_threshold=1e-12, not_analytic="refuse"),
    )
    checked = [row for row in rows if row["method"] == "complex_step"]
    assert {row["verdict"] for row in checked} == {"passed"}
    assert {"gamma1", "gamma5"} < {row["parameter"] for row in checked}
    library = Library(ROOT / "src/depthsounder", own_records(config))
    train = ROOT / "scripts/train_networks.py"
    own, plain = (
        code_fingerprint(train, Design(name, "tanh", "he_normal"), library, "sgd") for name in ("calm", "plain")
    )
    (folder / "mine.py").write_text(MY_ARCHITECTURE.replace("0.25", "0.75"))
    edited = Library(ROOT / "src/depthsounder", own_records(config))
    assert code_fingerprint(train, Design("calm", "tanh", "he_normal"), edited, "sgd") != own
    assert code_fingerprint(train, Design("plain", "tanh", "he_normal"), edited, "sgd") == plain


def test_an_own_architecture_of_a_wrong_field_is_refused_with_its_line(folder):
    (folder / "mine.py").write_text(MY_ARCHITECTURE.replace("shortcut=True", 'shortcut="yes"'))

    with pytest.raises(ExtensionError, match=r"mine\.py, line 5: `shortcut` of calm is 'yes'; allowed: True or False"):
        load_extension(Path("mine.py"))


def test_theory_is_withheld_from_an_own_architecture_for_which_none_is_derived(folder):
    (folder / "mine.py").write_text(MY_ARCHITECTURE)
    load_extension(Path("mine.py"))
    inputs, labels = np.random.default_rng(0).standard_normal((8, 3)), np.arange(8) % 2

    ((_, columns),) = predict_cells([("calm", "tanh", "he_normal")], [2], inputs, 8, 1, labels)

    expected = (
        "theory is withheld: none is derived for 'calm', whose normalization over the examples stands beside a "
        "shortcut or is not centered"
    )
    assert set(columns["note"]) == {expected}
    assert columns["z_second_moment_probe"] == [None, None]
