"""What an edit reruns: all that depends on it, and nothing else. Every edit here is made to a copy of the library.

Edits are made to syntax trees, by module and definition: the digest sees no more of a file than its tree.
"""

import ast
import shutil
from pathlib import Path

import pytest

from depthsounder.elements.axes import Design
from depthsounder.process.definitions import WHOLE, Library, NotFollowed, whole_package
from depthsounder.process.fingerprint import code_fingerprint
from depthsounder.process.unseen import require_followed

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "depthsounder"
TRAINING = {"tune_rate", "train_networks"}
MEASURING = {"measure_signal", *TRAINING}
ABOVE = ("judge_cells", "judge_claims", "render_report")
COMPUTE = ("check_gradients", "measure_signal", "tune_rate", "train_networks")
OPTIMIZER = "momentum"
CELLS = [("tanh", "he_normal"), ("sigmoid", "critical"), ("silu", "orthogonal"), ("relu", "gaussian_w1.5_b0.05")]


class Copy:
    """A copy of the library and the scripts, to be edited; what is edited is put back afterwards."""

    def __init__(self, folder):
        self.folder = folder
        self.originals = {}
        for source, target in ((SOURCE, "depthsounder"), (ROOT / "scripts", "scripts")):
            shutil.copytree(source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
        self.unedited = self.digests(above=True)

    def write(self, path, text):
        """Replace a file's text."""
        file = self.folder / path
        self.originals.setdefault(file, file.read_text())
        file.write_text(text)

    def change(self, path, edit):
        """Change a file's syntax tree."""
        tree = ast.parse((self.folder / path).read_text())
        edit(tree)
        self.write(path, f"{ast.unparse(ast.fix_missing_locations(tree))}\n")

    def edit(self, module, definition, edit=None):
        """Change one definition of a module, by `edit` or in whatever way its kind allows."""

        def change(tree):
            (edit or changed)(found(tree, definition))

        self.change(f"depthsounder/{module}.py", change)

    def restore(self):
        """Undo every edit."""
        for file, text in self.originals.items():
            file.write_text(text)
        self.originals.clear()

    def digests(self, above=False):
        """Every compute script's digest for every cell and, if wanted, those of what is made of their numbers."""
        library = Library(self.folder / "depthsounder")

        def digest(script, *cell):
            optimizer = OPTIMIZER if script in TRAINING else None
            path = self.folder / "scripts" / f"{script}.py"
            design = Design("plain", *cell) if cell else None
            return code_fingerprint(path, design, library=library, optimizer=optimizer)

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


def defined(statement):
    """The names that a statement defines."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    targets = getattr(statement, "targets", [getattr(statement, "target", None)])
    return [node.id for target in targets if target for node in ast.walk(target) if isinstance(node, ast.Name)]


def found(tree, definition):
    """The statement of a module that defines a name, or of a class of it: ``"Momentum.update"``."""
    *outer, name = definition.split(".")
    body = found(tree, ".".join(outer)).body if outer else tree.body
    (statement,) = [statement for statement in body if name in defined(statement)]
    return statement


def changed(statement):
    """Change what a statement computes: a function by one statement, anything else by one of its constants."""
    if isinstance(statement, ast.FunctionDef):
        statement.body.insert(-1, ast.parse("added = 1").body[0])
        return
    numbers = [node for node in ast.walk(statement) if isinstance(node, ast.Constant) and is_number(node.value)]
    if numbers:
        numbers[-1].value += 1
    else:
        statement.value = ast.parse(f"(lambda: {ast.unparse(statement.value)})()", mode="eval").body


def is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def the_number(old, new):
    """The edit that replaces a number, which stands there once."""

    def change(statement):
        (constant,) = [node for node in ast.walk(statement) if isinstance(node, ast.Constant) and node.value == old]
        constant.value = new

    return change


def the_name(old, new):
    """The edit that replaces a name or an attribute, which stands there once."""

    def change(statement):
        uses = [node for node in ast.walk(statement) if old in (getattr(node, "id", None), getattr(node, "attr", None))]
        (use,) = uses
        setattr(use, "id" if isinstance(use, ast.Name) else "attr", new)

    return change


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


ENGINE = [
    ("engine/network", "NetworkStack.backward"),
    ("engine/spec", "NetworkSpec.views"),
    ("engine/loss", "cross_entropy"),
    ("elements/streams", "stream"),
    ("engine/drawing", "draw_network"),
    ("elements/initializers", "LECUN_NORMAL"),
]


@pytest.mark.parametrize(("module", "definition"), ENGINE)
def test_an_edit_of_the_engine_reruns_every_cell(library, module, definition):
    assert compute_jobs(library.changed_by((module, definition))) == every_job()


STAGES = [
    ("engine/optimizers", "Momentum.DECAY", TRAINING),
    ("engine/optimizers", "Adam.update", set()),
    ("engine/training", "batches", TRAINING),
    ("engine/drawing", "draw_stack", MEASURING),
    ("engine/probes", "SATURATED_BELOW", MEASURING),
    ("engine/jacobian", "SWEEPS", {"measure_signal"}),
    ("engine/tuning", "choose_rate", {"train_networks"}),
    ("checking/checked_network", "COMPLEX_STEP", {"check_gradients"}),
    ("checking/checked_network", "N_CLASSES", {"check_gradients"}),
    ("engine/gate", "refused", MEASURING),
]


@pytest.mark.parametrize(("module", "definition", "scripts"), STAGES)
def test_an_edit_reruns_the_stages_that_use_it_and_no_other(library, module, definition, scripts):
    changed = library.changed_by((module, definition))
    assert compute_jobs(changed) == every_job(scripts)


def test_an_optimizer_of_the_registry_is_followed_in_whatever_form(library):
    def inline(statement):
        statement.value.values[1] = ast.parse("type('Mine', (GradientDescent,), {'FACTOR': 2})", mode="eval").body

    library.edit("engine/optimizers", "OPTIMIZERS", inline)
    before = library.digests()
    library.edit("engine/optimizers", "OPTIMIZERS", the_number(2, 3))
    after = library.digests()
    assert {job for job in after if after[job] != before[job]} == every_job(TRAINING)


def test_an_activation_reruns_its_own_cells_only(library):
    changed = library.changed_by(("elements/activations", "_tanh"))
    assert compute_jobs(changed) == every_job(cells=[("tanh", "he_normal")])


def test_a_helper_of_activations_reruns_all_that_use_it(library):
    changed = library.changed_by(("elements/activations", "_sigmoid"))
    assert compute_jobs(changed) == every_job(cells=[("sigmoid", "critical"), ("silu", "orthogonal")])


def test_a_record_of_an_activation_reruns_its_own_cells_only(library):
    changed = library.changed_by(("elements/activations", "RELU"))
    assert compute_jobs(changed) == every_job(cells=[("relu", "gaussian_w1.5_b0.05")])


def test_an_init_reruns_its_own_cells_only(library):
    changed = library.changed_by(("elements/initializers", "HE_NORMAL"))
    assert compute_jobs(changed) == every_job(cells=[("tanh", "he_normal")])


def test_the_quadrature_reruns_critical_cells_only(library):
    for edit in (("REACH",), ("_TINY", the_number(1e-150, 1e-140)), ("_TINY", the_number(1e150, 1e140))):
        changed = library.changed_by(("elements/gaussian", *edit))
        assert compute_jobs(changed) == every_job(cells=[("sigmoid", "critical")])


def test_the_gaussian_family_reruns_with_its_rule(library):
    changed = library.changed_by(("elements/initializers", "initializer"))
    # The rule stands where names are looked up, which every cell passes through.
    assert ("train_networks", "relu", "gaussian_w1.5_b0.05") in changed


NEW_ACTIVATION = """
def _cube(z, out):
    np.power(z, 3, out=out)

CUBE = Activation("cube", _cube, _linear_slope, kinks=(), rectifier=False, source="a test")
"""

NEW_INIT = 'OF_A_TEST = Initializer("of_a_test", lambda fan_in, fan_out, activation: 0.5 / fan_in, "a test")'


def before_registry(registry, source):
    """The edit that puts statements in front of a registry."""

    def edit(tree):
        position = tree.body.index(found(tree, registry))
        tree.body[position:position] = ast.parse(source).body

    return edit


def with_entry(source):
    """The edit of a registry's statement that adds an entry at the end of its tuple."""

    def edit(statement):
        statement.value.generators[0].iter.elts.append(ast.parse(source, mode="eval").body)

    return edit


def test_a_new_activation_and_a_new_init_rerun_no_old_cell(library):
    for module, registry, source, entry in (
        ("elements/activations", "ACTIVATIONS", NEW_ACTIVATION, "CUBE"),
        ("elements/initializers", "INITIALIZERS", NEW_INIT, "OF_A_TEST"),
    ):
        library.change(f"depthsounder/{module}.py", before_registry(registry, source))
        library.edit(module, registry, with_entry(entry))
    assert not compute_jobs(library.changed())


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


# `prediction` is omitted too, and the studies, which every figure's job imports, name it.
OMITTED = ("figures.failure_map", "figures.prediction")


@pytest.mark.parametrize(
    ("module", "reruns"),
    [
        ("figures/failure_map", False),
        ("figures/loss_traces", True),
        ("figures/layers", True),
        ("figures/prediction", True),
    ],
    ids=["an omitted figure", "its own figure", "what figures share", "an omitted one that an import names"],
)
def test_other_figures_are_left_out_of_the_code_of_a_figure(library, module, reruns):
    def digest():
        script = library.folder / "scripts" / "plot_figure.py"
        return code_fingerprint(script, library=Library(library.folder / "depthsounder"), omitted=OMITTED)

    before = digest()
    path = library.folder / "depthsounder" / f"{module}.py"
    library.write(path, f"{path.read_text()}\n\nADDED = 1\n")
    assert (digest() != before) == reruns


def test_what_stands_above_the_engine_reruns_no_cell(library):
    modules = ("theory/*", "judging/[!t_]*", "sweep/cells", "sweep/runs", "storage/collect", "data/prepare")
    for path in (path for pattern in modules for path in (library.folder / "depthsounder").glob(f"{pattern}.py")):
        # A statement more in every function.
        def edit(tree):
            for function in tree.body:
                if isinstance(function, ast.FunctionDef):
                    changed(function)

        library.change(path.relative_to(library.folder), edit)
    reran = library.changed(above=True)
    assert not compute_jobs(reran)
    assert reran == {(script,) for script in ABOVE}


def test_a_format_that_no_name_leads_to_reruns_what_reads_data_and_no_cell(library):
    library.edit("data/sources/formats/parquet", "read_parquet_table")
    assert not compute_jobs(library.changed())
    script = library.folder / "scripts" / "prepare_data.py"
    edited = code_fingerprint(script, library=Library(library.folder / "depthsounder"))
    library.restore()
    assert edited != code_fingerprint(script, library=Library(library.folder / "depthsounder"))


def test_a_script_reruns_its_own_jobs_only(library):
    library.change("scripts/tune_rate.py", lambda tree: changed(found(tree, "main")))
    assert library.changed() == every_job(["tune_rate"])


def test_a_function_that_is_taken_from_elsewhere_is_part_of_the_code_that_calls_it(library):
    library.edit("elements/special", "erf", the_name("erf", "erfc"))
    assert not compute_jobs(library.changed())

    def with_jax(tree):
        (statement,) = [node for node in tree.body if isinstance(node, ast.Import) and node.names[0].name == "numpy"]
        statement.names[0].name = "jax.numpy"

    library.change("depthsounder/engine/loss.py", with_jax)
    assert compute_jobs(library.changed()) == every_job()


def test_the_library_itself_can_be_followed_everywhere():
    library = Library(SOURCE)
    names = [".".join(path.relative_to(SOURCE).with_suffix("").parts) for path in SOURCE.rglob("*.py")]
    cut_up = [name.removesuffix("__init__") for name in names if not whole_package(name)]
    assert len(cut_up) > 40
    for name in cut_up:
        require_followed(library, name)


def test_every_package_that_is_taken_whole_is_there():
    assert all(SOURCE.joinpath(*package.split("."), "__init__.py").is_file() for package in WHOLE)


# Two versions of a module `part`, of which the script `from depthsounder.user import result` must see the change.
USER = "from depthsounder.part import thing\n\n\ndef result():\n    return thing\n"
SEEN = {
    "a module by its name": ("from depthsounder import part\n\ndef result():\n    return part.thing", "thing = {}"),
    "a module under another name": (
        "import depthsounder.part as other\n\ndef result():\n    return other.thing",
        "thing = {}",
    ),
    "a module by its full name": (
        "import depthsounder.part\n\ndef result():\n    return depthsounder.part.thing",
        "thing = {}",
    ),
    "a module as a value": ("from depthsounder import part\n\ndef result():\n    return vars(part)", "thing = {}"),
    "a relative import": ("from .part import thing\n\ndef result():\n    return thing", "thing = {}"),
    "a relative module": ("from . import part\n\ndef result():\n    return part.thing", "thing = {}"),
    "an import in a function": (
        "def result():\n    from depthsounder.part import thing\n    return thing",
        "thing = {}",
    ),
    "two imports of one name": (
        (
            "def other():\n    from depthsounder.empty import thing\n\n"
            "def result():\n    from depthsounder.part import thing\n    return thing\n\n"
            "def third():\n    from depthsounder.empty import thing"
        ),
        "thing = {}",
    ),
    "a name that is handed on": (
        "from depthsounder.handing import thing\n\ndef result():\n    return thing",
        "thing = {}",
    ),
    "a definition that hides an import": (USER, "from math import tau as thing\nthing = {}"),
    "a second assignment": (USER, "thing = {}\nthing = thing"),
    "an addition": (USER, "thing = 0\nthing += {}"),
    "one of several names": (USER, "first, *thing = 1, {}"),
    "a name within an expression": (USER, "other = (thing := {})"),
    "a default argument": (USER, "number = {}\n\ndef thing(by=number):\n    return by"),
    "a decorator": (USER, "def by(f):\n    return {}\n\n@by\ndef thing():\n    return 0"),
    "a decorator's argument": (USER, "import functools\n\n@functools.lru_cache({})\ndef thing():\n    return 0"),
    "a class attribute": (USER, "class thing:\n    number = {}"),
    "a base class": (USER, "class Base:\n    number = {}\n\nclass thing(Base):\n    other = 0"),
    "what a lambda captures": (USER, "number = {}\nthing = lambda: number"),
    "a global of a function": (USER, "thing = 0\n\ndef start():\n    global thing\n    thing = {}"),
}


def small_library(folder, **modules):
    """A library of a few small modules, and the script that takes `result` from `user`."""
    (folder / "depthsounder").mkdir(exist_ok=True)
    (folder / "script.py").write_text("from depthsounder.user import result\n")
    handing = "from depthsounder.part import thing"
    for name, text in {"__init__": "", "empty": "thing = 0", "handing": handing, **modules}.items():
        (folder / "depthsounder" / f"{name}.py").write_text(f"{text}\n")
    return folder / "script.py", Library(folder / "depthsounder")


@pytest.mark.parametrize("kind", SEEN)
def test_an_edit_is_seen_through_whatever_leads_to_it(tmp_path, kind):
    user, part = SEEN[kind]
    digests = set()
    for number in (1, 2):
        script, library = small_library(tmp_path, user=user, part=part.format(number))
        digests.add(code_fingerprint(script, library=library))
    assert len(digests) == 2


HIDDEN = {
    "a loop": "for thing in (1, 2):\n    pass",
    "a condition": "if True:\n    thing = 1",
    "an attempt": "try:\n    thing = 1\nfinally:\n    pass",
    "a context": "with open('x') as thing:\n    pass",
    "a call": "thing = []\nthing.append(1)",
    "a call of another library": "import numpy as np\nnp.seterr(all='ignore')\nthing = 1",
    "an item": "thing = {}\nthing['x'] = 1",
    "an attribute": "def thing():\n    return 1\nthing.x = 1",
    "a deletion": "thing, x = 1, 2\ndel x",
    "a star import": "from math import *\nthing = 1",
    "a star import of the library": "from depthsounder.empty import *",
    "a registering decorator": (
        "thing = {}\n\ndef by(f):\n    thing['x'] = f\n    return f\n\n@by\ndef g():\n    return 1"
    ),
    "a registering base class": (
        "thing = {}\n\nclass Base:\n    def __init_subclass__(cls):\n        thing[cls.__name__] = cls\n\n"
        "class One(Base):\n    x = 1"
    ),
    "a call of a function that registers": (
        "thing = []\n\ndef put(x):\n    thing.append(x)\n\ndef make(x):\n    put(x)\n\nmade = make(1)"
    ),
    "names that are looked up": "thing = globals()['x']",
    "modules that are looked up": "import importlib\nthing = importlib.import_module('x')",
    "code in a text": "thing = eval('1')",
    "what is not there": "other = 1",
    "what is no Python": "thing = = 1",
}


@pytest.mark.parametrize("kind", HIDDEN)
def test_what_would_hide_an_edit_is_refused_with_its_file(tmp_path, kind):
    script, library = small_library(tmp_path, user=USER, part=HIDDEN[kind])
    with pytest.raises(NotFollowed, match=r"part\.py"):
        code_fingerprint(script, library=library)


def test_what_is_imported_along_the_way_is_looked_at_too(tmp_path):
    script, library = small_library(
        tmp_path, user="from depthsounder.part import other\nresult = 1", part="print(1)\nother = 1"
    )
    with pytest.raises(NotFollowed, match=r"part\.py, line 1"):
        code_fingerprint(script, library=library)


def test_what_a_function_remembers_while_it_runs_hides_nothing(tmp_path):
    part = "known = {}\n\n\ndef thing(x):\n    known[x] = x\n    return known[x]"
    script, library = small_library(tmp_path, user=USER, part=part)
    assert code_fingerprint(script, library=library)
