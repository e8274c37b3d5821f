"""Every entry of a registry is found in whatever form it is written, and an edit of it reruns its own cells only."""

import ast
import shutil
from pathlib import Path

import pytest

from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.axes import Design
from depthsounder.elements.initializers import INITIALIZERS
from depthsounder.process.definitions import Library, NotFollowed
from depthsounder.process.fingerprint import code_fingerprint, require_digests

SOURCE = Path(__file__).resolve().parents[2] / "src" / "depthsounder"

# Modules that a registry's entries are made of, and all that a job does with them here.
MODULES = (
    "__init__",
    *(
        f"elements/{name}"
        for name in (
            *("__init__", "activation", "activations", "architectures"),
            *("gaussian", "initializers", "special", "streams"),
        )
    ),
)
LOOK_UP = """from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.initializers import initializer
"""

REGISTRIES = {
    "activations": ("ACTIVATIONS", list(ACTIVATIONS), "Activation"),
    "initializers": ("INITIALIZERS", list(INITIALIZERS), "Initializer"),
}
FIELDS = {
    "Activation": ["name", "function", "derivative", "kinks", "rectifier", "source"],
    "Initializer": ["name", "weight_variance", "source", "shape", "bias_variance"],
}

COMPANIONS = {"activations": "zeros", "initializers": "linear"}
"""The one name of the other registry with which all names of a registry are combined."""


class Looked:
    """A copy of the two registries and what they are made of, with a script that looks names up."""

    def __init__(self, folder):
        self.library = folder / "depthsounder"
        self.scripts = folder / "scripts"
        self.script = self.scripts / "look_up.py"
        (self.library / "elements").mkdir(parents=True)
        self.scripts.mkdir()
        self.script.write_text(LOOK_UP)
        for module in MODULES:
            shutil.copy(SOURCE / f"{module}.py", self.library / f"{module}.py")

    def tree(self, module):
        return ast.parse((self.library / "elements" / f"{module}.py").read_text())

    def write(self, module, tree):
        (self.library / "elements" / f"{module}.py").write_text(ast.unparse(ast.fix_missing_locations(tree)))

    def digests(self):
        """The digest of every name of both registries, each with one of the other."""
        library = Library(self.library)
        cells = {("activations", name): (name, COMPANIONS["activations"]) for name in ACTIVATIONS}
        cells |= {("initializers", name): (COMPANIONS["initializers"], name) for name in INITIALIZERS}
        return {key: code_fingerprint(self.script, Design("plain", *cell), library) for key, cell in cells.items()}


@pytest.fixture
def looked(tmp_path):
    return Looked(tmp_path)


def is_call_of(node, name):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def records(tree, record):
    """The statements that assign a record, by its name."""
    return {
        statement.value.args[0].value: statement
        for statement in tree.body
        if isinstance(statement, ast.Assign) and is_call_of(statement.value, record) and statement.value.args
    }


def expression(source):
    return ast.parse(source, mode="eval").body


def statement(source):
    (parsed,) = ast.parse(source).body
    return parsed


def by_keywords(call, record):
    """The arguments of a record, each with its name."""
    given = dict(zip(FIELDS[record], call.args, strict=False))
    return [ast.keyword(name, value) for name, value in given.items()] + call.keywords


def named(call, record):
    return ast.Call(call.func, [], by_keywords(call, record))


def tuple_of(tree, registry):
    (assigned,) = [
        node for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == registry
    ]
    return assigned


# Each form rewrites the module: every record stands in the new form, at the place of the old one.


def as_keywords(tree, registry, record):
    for assigned in records(tree, record).values():
        assigned.value = named(assigned.value, record)


def as_annotated(tree, registry, record):
    for assigned in records(tree, record).values():
        tree.body[tree.body.index(assigned)] = ast.AnnAssign(
            assigned.targets[0], ast.Name(record), assigned.value, simple=1
        )


def as_inline(tree, registry, record):
    calls = [assigned.value for assigned in records(tree, record).values()]
    listed = tuple_of(tree, registry).value.generators[0].iter
    # LeCun's record stays for the readout beside its entry.
    listed.elts = [ast.parse(ast.unparse(call), mode="eval").body for call in calls]


def as_replaced(tree, registry, record):
    tree.body.insert(0, statement("from dataclasses import replace"))
    everything = list(records(tree, record).values())
    first = tree.body.index(everything[0])
    tree.body.insert(first, statement(f"BASE = {ast.unparse(everything[0].value)}"))
    for assigned in everything:
        assigned.value = ast.Call(ast.Name("replace"), [ast.Name("BASE")], by_keywords(assigned.value, record))


def as_replaced_by_attribute(tree, registry, record):
    as_replaced(tree, registry, record)
    tree.body[0] = statement("import dataclasses")
    for node in ast.walk(tree):
        if is_call_of(node, "replace"):
            node.func = expression("dataclasses.replace")


def as_helped(tree, registry, record):
    for position, assigned in enumerate(records(tree, record).values()):
        name, call = assigned.value.args[0], named(assigned.value, record)
        call.keywords[0].value = ast.Name("called")
        helper = statement(f"def _make_{position}(other, called='default'):\n    return {ast.unparse(call)}")
        tree.body.insert(tree.body.index(assigned), helper)
        assigned.value = expression(f"_make_{position}(1, {name.value!r})")


def as_constant(tree, registry, record):
    for position, assigned in enumerate(records(tree, record).values()):
        tree.body.insert(tree.body.index(assigned), statement(f"NAME_{position} = {assigned.value.args[0].value!r}"))
        assigned.value.args[0] = ast.Name(f"NAME_{position}")


def as_pairs(tree, registry, record):
    for assigned in records(tree, record).values():
        target = assigned.targets[0].id
        assigned.targets = [ast.Tuple([ast.Name(target), ast.Name(f"{target}_NUMBER")])]
        assigned.value = ast.Tuple([assigned.value, ast.Constant(1)])


def as_aliases(tree, registry, record):
    assigned = tuple_of(tree, registry)
    for position, entry in enumerate(list(assigned.value.generators[0].iter.elts)):
        tree.body.insert(tree.body.index(assigned), statement(f"ALIAS_{position} = {entry.id}"))
        assigned.value.generators[0].iter.elts[position] = ast.Name(f"ALIAS_{position}")


def in_a_list(tree, registry, record):
    comprehension = tuple_of(tree, registry).value
    comprehension.generators[0].iter = ast.List(comprehension.generators[0].iter.elts)


def in_a_named_tuple(tree, registry, record):
    assigned = tuple_of(tree, registry)
    tree.body.insert(
        tree.body.index(assigned), ast.Assign([ast.Name("LISTED")], assigned.value.generators[0].iter, lineno=1)
    )
    assigned.value.generators[0].iter = ast.Name("LISTED")


def in_a_dictionary(tree, registry, record):
    assigned = tuple_of(tree, registry)
    entries = assigned.value.generators[0].iter.elts
    names = {made.targets[0].id: name for name, made in records(tree, record).items()}
    assigned.value = ast.Dict([ast.Constant(names[entry.id]) for entry in entries], entries)


def under_their_own_names(tree, registry, record):
    assigned = tuple_of(tree, registry)
    entries = assigned.value.generators[0].iter.elts
    assigned.value = ast.Dict([expression(f"{entry.id}.name") for entry in entries], entries)


def mark(tree, record):
    """Put each record's name into its source, so that it is known in every form."""
    for name, assigned in records(tree, record).items():
        keywords = {keyword.arg: keyword for keyword in assigned.value.keywords}
        if "source" in keywords:
            keywords["source"].value = ast.Constant(f"mark of {name}")
        else:
            assigned.value.args[FIELDS[record].index("source")] = ast.Constant(f"mark of {name}")


def marked(tree, name):
    """The mark of an entry: the last one, before which may stand a record that others are made of."""
    text = f"mark of {name}"
    return [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value == text][-1]


def as_it_is(tree, registry, record):
    """The form of the library's own records."""


FORMS = [
    as_it_is, as_keywords, as_annotated, as_inline, as_replaced, as_replaced_by_attribute, as_helped, as_constant,
    as_pairs, as_aliases, in_a_list, in_a_named_tuple, in_a_dictionary, under_their_own_names,
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("module", REGISTRIES)
def test_an_edit_of_an_entry_in_any_form_reruns_its_own_cells_and_no_other(looked, module, form):
    registry, names, record = REGISTRIES[module]
    tree = looked.tree(module)
    mark(tree, record)
    form(tree, registry, record)
    looked.write(module, tree)
    before = looked.digests()
    for name in names:
        edited = looked.tree(module)
        marked(edited, name).value = "edited"
        looked.write(module, edited)
        after = looked.digests()
        looked.write(module, tree)
        # What the names of the other registry are combined with is part of their cells.
        with_other = {key for key in before if key[0] != module and COMPANIONS[key[0]] == name}
        assert {key for key in after if after[key] != before[key]} == {(module, name)} | with_other, name


def test_the_record_from_which_another_is_made_reruns_both(looked):
    tree = looked.tree("activations")
    tree.body.insert(0, statement("from dataclasses import replace"))
    records(tree, "Activation")["erf"].value = expression("replace(TANH, name='erf')")
    looked.write("activations", tree)
    before = looked.digests()
    records(tree, "Activation")["tanh"].value.keywords[-1].value = ast.Constant("edited")
    looked.write("activations", tree)
    after = looked.digests()
    changed = {key for key in after if after[key] != before[key]}
    assert changed == {("activations", "tanh"), ("activations", "erf")}


def with_registry(source):
    def edit(tree):
        tuple_of(tree, "ACTIVATIONS").value = expression(source)

    return edit


def with_tanh(source):
    def edit(tree):
        records(tree, "Activation")["tanh"].value = expression(source)

    return edit


def followed_by(source):
    def edit(tree):
        tree.body += ast.parse(source).body

    return edit


WITHOUT_ENTRY = "{a.name: a for a in (RELU, ERF)}"
REFUSED = [
    (with_registry(WITHOUT_ENTRY), ["ACTIVATIONS has no entry 'tanh'", "dataclasses.replace"]),
    (with_registry("{a.name: a for a in (TANH, LINEAR) if a.kinks == ()}"), ["entries of ACTIVATIONS cannot be read"]),
    (with_registry("{a.name: wrapped(a) for a in (TANH, LINEAR)}"), ["entries of ACTIVATIONS cannot be read"]),
    (with_registry("{a.name: a for a in collected()}"), ["entries of ACTIVATIONS cannot be read"]),
    (with_registry("{a.name: a for a in (TANH, *MORE)}"), ["the entry *MORE of ACTIVATIONS", "cannot be read"]),
    (with_registry("{'tanh': TANH, **MORE}"), ["the entry MORE of ACTIVATIONS", "cannot be read"]),
    (with_registry("{'tanh': TANH, 'tanh': ERF}"), ["two entries 'tanh'"]),
    (with_registry("dict(tanh=TANH)"), ["entries of ACTIVATIONS cannot be read"]),
    (with_tanh("Activation('ta' + 'nh', _tanh, _tanh_slope, (), False, '')"), ["the entry TANH of ACTIVATIONS"]),
    (with_tanh("Activation(*ARGUMENTS)"), ["the entry TANH of ACTIVATIONS"]),
    (with_tanh("Activation(**ARGUMENTS)"), ["the entry TANH of ACTIVATIONS"]),
    (with_tanh("ERF if LEAKY_SLOPE else RELU"), ["the entry TANH of ACTIVATIONS"]),
    (followed_by("TANH = ERF"), ["the entry TANH of ACTIVATIONS"]),
    (followed_by("ACTIVATIONS['cube'] = TANH"), ["belongs to no name"]),
    (followed_by("ACTIVATIONS.update(cube=TANH)"), ["belongs to no name"]),
    (followed_by("ACTIVATIONS |= {'cube': TANH}"), ["entries of ACTIVATIONS cannot be read"]),
    (followed_by("for a in (TANH,):\n    ACTIVATIONS[a.name] = a"), ["belongs to no name"]),
    (
        followed_by("def _add(a):\n    ACTIVATIONS[a.name] = a\n    return a\nCUBE = _add(TANH)"),
        ["_add changes ACTIVATIONS while modules are imported"],
    ),
]


@pytest.mark.parametrize(("edit", "expected"), REFUSED)
def test_what_cannot_be_followed_is_refused_by_file_and_name(looked, edit, expected):
    tree = looked.tree("activations")
    edit(tree)
    looked.write("activations", tree)
    with pytest.raises(NotFollowed) as refused:
        require_digests(looked.scripts, [Design("plain", "tanh", "zeros")], Library(looked.library))
    message = str(refused.value)
    assert str(looked.library / "elements" / "activations.py") in message
    assert "allowed" in message
    for words in expected:
        assert words in message


def test_a_name_of_the_gaussian_family_belongs_to_no_entry_and_no_other_name_is_excused(looked):
    library = Library(looked.library)
    one, other = (
        code_fingerprint(looked.script, Design("plain", "tanh", f"gaussian_w{gain}_b0"), library)
        for gain in ("1", "2.5")
    )
    assert one == other
    with pytest.raises(NotFollowed, match="INITIALIZERS has no entry 'gaussian_w1'"):
        code_fingerprint(looked.script, Design("plain", "tanh", "gaussian_w1"), library)
