"""What an edit reruns: all that depends on it, and nothing else. Every edit here is made to a copy of the library."""

import ast
import importlib.util
import itertools
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TRAINING = {"tune_rate", "train_networks"}
MEASURING = {"measure_signal", *TRAINING}
ABOVE = ("judge_cells", "judge_claims", "render_report")
COMPUTE = ("check_gradients", "measure_signal", "tune_rate", "train_networks")
CELLS = [("tanh", "he_normal"), ("sigmoid", "critical"), ("silu", "orthogonal"), ("relu", "gaussian_w1.5_b0.05")]
_numbers = itertools.count()


class Copy:
    """A copy of the library and the scripts, to be edited; what is edited is put back afterwards."""

    def __init__(self, folder):
        self.folder = folder
        self.originals = {}
        for source, target in ((ROOT / "src" / "depthsounder", "depthsounder"), (ROOT / "scripts", "scripts")):
            shutil.copytree(source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
        self.unedited = self.digests(above=True)

    def write(self, path, text):
        """Replace a file's text."""
        file = self.folder / path
        self.originals.setdefault(file, file.read_text())
        file.write_text(text)

    def edit(self, path, old, new):
        """Replace a text that is there exactly once."""
        text = (self.folder / path).read_text()
        assert text.count(old) == 1, f"{path} has {text.count(old)} times: {old}"
        self.write(path, text.replace(old, new))

    def restore(self):
        """Undo every edit."""
        for file, text in self.originals.items():
            file.write_text(text)
        self.originals.clear()

    def digests(self, above=False):
        """Every compute script's digest for every cell and, if wanted, those of what is made of their numbers."""
        # A module of its own each time: the digest remembers the files that it has read.
        specification = importlib.util.spec_from_file_location(
            f"fingerprint_{next(_numbers)}", self.folder / "depthsounder" / "fingerprint.py"
        )
        fingerprint = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(fingerprint)

        def digest(script, *cell):
            return fingerprint.code_fingerprint(self.folder / "scripts" / f"{script}.py", *cell)

        compute = {(script, *cell): digest(script, *cell) for script in COMPUTE for cell in CELLS}
        return compute | {(script,): digest(script) for script in ABOVE if above}

    def changed(self, above=False):
        """What the edits so far rerun."""
        digests = self.digests(above)
        return {job for job, digest in digests.items() if digest != self.unedited[job]}

    def changed_by(self, *edits):
        """Make edits and return what they rerun."""
        for edit in edits:
            self.edit(*edit)
        return self.changed()


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    return Copy(tmp_path_factory.mktemp("copy"))


@pytest.fixture
def library(copied):
    yield copied
    copied.restore()


def compute_jobs(jobs, scripts=COMPUTE, cells=CELLS):
    return {job for job in jobs if job[0] in scripts and job[1:] in cells}


def every_job(scripts=COMPUTE, cells=CELLS):
    return {(script, *cell) for script in scripts for cell in cells}


def test_the_digest_is_sixteen_hexadecimal_digits_and_a_jobs_own(library):
    digests = library.unedited
    assert all(len(digest) == 16 and int(digest, 16) >= 0 for digest in digests.values())
    assert len(set(digests.values())) == len(digests)
    assert library.digests(above=True) == digests


def test_comments_docstrings_and_layout_rerun_nothing(library):
    for path in (library.folder / "depthsounder").rglob("*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            # Docstrings of modules, classes, functions and attributes are one kind of statement.
            if (
                isinstance(node, ast.Expr)
                and isinstance(node.value, ast.Constant)
                and isinstance(node.value.value, str)
            ):
                node.value.value = "Something else."
        # Without comments, and laid out as Python would.
        library.write(path, f"# A comment.\n{ast.unparse(tree)}\n")
    assert not library.changed(above=True)


ENGINE_EDITS = [
    ("network.py", "np.multiply(errors, slopes, out=z)", "np.multiply(slopes, errors, out=z)"),
    ("loss.py", "logits[of_label] -= 1.0", "logits[of_label] += -1.0"),
    ("streams.py", 'digest[:16], "big"', 'digest[:16], "little"'),
    ("initializers.py", 'stream(root_seed, "weights", seed', 'stream(root_seed, "weight", seed'),
]


@pytest.mark.parametrize("edit", ENGINE_EDITS, ids=lambda edit: edit[0])
def test_an_edit_of_the_engine_reruns_every_cell(library, edit):
    module, old, new = edit
    assert compute_jobs(library.changed_by((f"depthsounder/{module}", old, new))) == every_job()


STAGE_EDITS = [
    ("optimizers.py", "DECAY = 0.9\n", "DECAY = 0.8\n", TRAINING),
    ("training.py", "generator.permutation(n_examples)", "generator.permutation(n_examples + 0)", TRAINING),
    ("training.py", "np.stack(networks).astype(np.float32)", "np.stack(networks).astype(np.float64)", MEASURING),
    ("probes.py", "SATURATED_BELOW = 0.1", "SATURATED_BELOW = 0.2", MEASURING),
    ("jacobian.py", "SWEEPS = 6\n", "SWEEPS = 7\n", {"measure_signal"}),
    ("tuning.py", "return min(sorted(tails)", "return max(sorted(tails)", {"train_networks"}),
    ("gradcheck.py", "COMPLEX_STEP = 1e-60", "COMPLEX_STEP = 1e-61", {"check_gradients"}),
    ("gradcheck.py", "N_INPUTS, N_CLASSES = 6, 4", "N_INPUTS, N_CLASSES = 6, 5", {"check_gradients"}),
    ("gate.py", 'row["verdict"] == "failed"', 'row["verdict"] != "passed"', MEASURING),
]


@pytest.mark.parametrize(
    ("module", "old", "new", "scripts"), STAGE_EDITS, ids=[f"{module}-{new}" for module, _, new, _ in STAGE_EDITS]
)
def test_an_edit_reruns_the_stages_that_use_it_and_no_other(library, module, old, new, scripts):
    changed = library.changed_by((f"depthsounder/{module}", old, new))
    assert compute_jobs(changed) == every_job(scripts)


def test_an_activation_reruns_its_own_cells_only(library):
    changed = library.changed_by(("depthsounder/activations.py", "np.tanh(z, out=out)", "np.tanh(+z, out=out)"))
    assert compute_jobs(changed) == every_job(cells=[("tanh", "he_normal")])


def test_a_helper_of_activations_reruns_all_that_use_it(library):
    old, new = "np.reciprocal(out, out=out)", "np.divide(1.0, out, out=out)"
    after = "\n\n\ndef _sigmoid_slope"
    changed = library.changed_by(("depthsounder/activations.py", old + after, new + after))
    assert compute_jobs(changed) == every_job(cells=[("sigmoid", "critical"), ("silu", "orthogonal")])


def test_a_record_of_an_activation_reruns_its_own_cells_only(library):
    old, new = (f'Activation("relu", _relu, _relu_slope, kinks=({kink},)' for kink in (0.0, 0.5))
    changed = library.changed_by(("depthsounder/activations.py", old, new))
    assert compute_jobs(changed) == every_job(cells=[("relu", "gaussian_w1.5_b0.05")])


def test_an_init_reruns_its_own_cells_only(library):
    old, new = (
        f'HE_NORMAL = Initializer("he_normal", lambda fan_in, fan_out, activation: {gain}' for gain in (2.0, 2.1)
    )
    changed = library.changed_by(("depthsounder/initializers.py", old, new))
    assert compute_jobs(changed) == every_job(cells=[("tanh", "he_normal")])


def test_the_quadrature_reruns_critical_cells_only(library):
    for edit in (("REACH = 12.0", "REACH = 13.0"), ("_TINY, _HUGE = 1e-150, 1e150", "_TINY, _HUGE = 1e-140, 1e150")):
        changed = library.changed_by(("depthsounder/gaussian.py", *edit))
        assert compute_jobs(changed) == every_job(cells=[("sigmoid", "critical")])


def test_the_gaussian_family_reruns_with_its_rule(library):
    changed = library.changed_by(("depthsounder/initializers.py", "weight_gain / fan_in", "weight_gain / (fan_in + 0)"))
    # The rule stands where names are looked up, which every cell passes through.
    assert ("train_networks", "relu", "gaussian_w1.5_b0.05") in changed


NEW_ACTIVATION = """
def _cube(z, out):
    np.power(z, 3, out=out)


CUBE = Activation("cube", _cube, _linear_slope, kinks=(), rectifier=False, source="a test")
ACTIVATIONS = {"""

NEW_INIT = """
HALF = Initializer("half", lambda fan_in, fan_out, activation: 0.5 / fan_in, "a test")
INITIALIZERS = {"""


def test_a_new_activation_and_a_new_init_rerun_no_old_cell(library):
    changed = library.changed_by(
        ("depthsounder/activations.py", "\nACTIVATIONS = {", NEW_ACTIVATION),
        ("depthsounder/activations.py", "        ERF,\n", "        ERF,\n        CUBE,\n"),
        ("depthsounder/initializers.py", "\nINITIALIZERS = {", NEW_INIT),
        ("depthsounder/initializers.py", "        ZEROS,\n", "        ZEROS,\n        HALF,\n"),
    )
    assert not compute_jobs(changed)


@pytest.mark.parametrize(
    ("package", "script"),
    [("figures", "render_report"), ("report", "render_report"), ("claims", "judge_claims"), ("config", "judge_cells")],
)
def test_what_is_made_of_the_numbers_reruns_no_cell(library, package, script):
    for module in (library.folder / "depthsounder" / package).glob("*.py"):
        library.write(module, f"{module.read_text()}\n\nADDED = 1\n")
    changed = library.changed(above=True)
    assert not compute_jobs(changed)
    assert (script,) in changed


def test_what_stands_above_the_engine_reruns_no_cell(library):
    for name in ("meanfield", "overlaps", "spectra", "verdicts", "judging", "sweep", "collect", "prepare", "runs"):
        path = library.folder / "depthsounder" / f"{name}.py"
        source = path.read_text()
        lines = source.splitlines(keepends=True)
        # A statement more at the end of every function, from the last one up.
        for function in reversed([node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]):
            lines.insert(function.body[-1].lineno - 1, " " * function.body[-1].col_offset + "added = 1\n")
        library.write(path, "".join(lines))
    changed = library.changed(above=True)
    assert not compute_jobs(changed)
    assert changed == {(script,) for script in ABOVE}


def test_a_script_reruns_its_own_jobs_only(library):
    changed = library.changed_by(
        ("scripts/tune_rate.py", 'trace_columns(traces, "tune")', 'trace_columns(list(traces), "tune")')
    )
    assert changed == every_job(["tune_rate"])


def test_a_function_that_is_taken_from_elsewhere_is_part_of_the_code_that_calls_it(library):
    changed = library.changed_by(("depthsounder/special.py", "special.erf(z, out=out)", "special.erfc(z, out=out)"))
    assert not compute_jobs(changed)
    changed = library.changed_by(("depthsounder/loss.py", "import numpy as np", "import jax.numpy as np"))
    assert compute_jobs(changed) == every_job()


def test_only_statements_that_the_digest_sees_stand_in_modules_that_it_cuts_up():
    # A loop or a condition at the top of a module would run unseen; packages are taken whole.
    seen = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign
    for path in sorted((ROOT / "src" / "depthsounder").glob("*.py")):
        for node in ast.parse(path.read_text()).body:
            text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            assert text or isinstance(node, seen), f"{path.name}:{node.lineno}"


def test_the_library_is_imported_in_the_one_way_that_the_digest_follows():
    for path in sorted((ROOT / "src" / "depthsounder").rglob("*.py")) + sorted((ROOT / "scripts").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert not any(alias.name.startswith("depthsounder") for alias in node.names), f"{path}:{node.lineno}"
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("depthsounder."):
                assert "*" not in {alias.name for alias in node.names}, f"{path}:{node.lineno}"
