"""Digests that were kept are those that would be made, and any change of any source has them made again."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from depthsounder.elements.axes import Design
from depthsounder.process import kept_digests
from depthsounder.process.definitions import Library, NotFollowed
from depthsounder.process.fingerprint import code_fingerprint
from depthsounder.process.kept_digests import KeptDigests

ROOT = Path(__file__).resolve().parents[2]
CELL = Design("plain", "tanh", "he_normal")
SCRIPT = "measure_signal.py"
GUEST = (
    'CUBE = Activation("cube", lambda z: z**3, lambda z, h: 3 * z**2, (), False, "")\nACTIVATIONS = {"cube": CUBE}\n'
)


class Place:
    """A copy of the library and of one script, a file of the user's, and a file with digests."""

    def __init__(self, folder):
        for source, target in (("src/depthsounder", "depthsounder"), (f"scripts/{SCRIPT}", f"scripts/{SCRIPT}")):
            copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
            (folder / target).parent.mkdir(exist_ok=True)
            copy(ROOT / source, folder / target)
        self.file, self.scripts, self.modules = (
            folder / "kept/digests.json",
            folder / "scripts",
            folder / "depthsounder",
        )
        self.guest = folder / "own.py"
        self.guest.write_text(GUEST)

    def library(self):
        return Library(self.modules, {("elements.activations", "ACTIVATIONS"): {"cube": self.guest}})

    def digests(self):
        return KeptDigests(self.file, self.scripts, self.library())

    def fill(self):
        """Keep a digest of a cell; return it."""
        digests = self.digests()
        digest = digests.of(SCRIPT, CELL)
        digests.keep()
        return digest

    def forge(self):
        """Change all digests in the file, so that they are told from those that are made."""
        kept = json.loads(self.file.read_text())
        kept["digests"] = dict.fromkeys(kept["digests"], "kept")
        self.file.write_text(json.dumps(kept))

    def made(self):
        return code_fingerprint(self.scripts / SCRIPT, CELL, self.library())


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_a_digest_is_that_which_is_made_and_the_next_command_reads_it(place):
    assert place.fill() == place.made()
    place.forge()
    assert place.digests().of(SCRIPT, CELL) == "kept"
    # Of what was not asked for before nothing is kept.
    assert place.digests().of(SCRIPT, Design("plain", "tanh", "zeros")) != "kept"


def test_code_that_was_followed_once_is_not_followed_again(place, monkeypatch):
    digests = place.digests()
    digests.require([CELL])
    digests.keep()

    def refuse(*_):
        raise AssertionError("followed again")

    monkeypatch.setattr(kept_digests, "require_digests", refuse)
    place.digests().require([CELL])
    with pytest.raises(AssertionError, match="followed again"):
        place.digests().require([CELL, Design("plain", "tanh", "zeros")])


CHANGES = {
    "a module": lambda place: edit(place.modules / "engine/network.py"),
    "a comment in the script": lambda place: edit(place.scripts / SCRIPT),
    "a user's file": lambda place: edit(place.guest),
    "a new module": lambda place: (place.modules / "engine/new.py").write_text("NEW = 1\n"),
    "a new script": lambda place: (place.scripts / "new.py").write_text("NEW = 1\n"),
    "a module that is gone": lambda place: (place.modules / "advising.py").unlink(),
    "another name of a user's file": lambda place: setattr(
        place, "guest", place.guest.rename(place.guest.with_stem("o"))
    ),
}


def link_folder(place):
    """Have a folder of the library lie elsewhere, behind a link."""
    elsewhere = place.file.parents[1] / "elsewhere"
    (place.modules / "elements").rename(elsewhere)
    (place.modules / "elements").symlink_to(elsewhere)
    return elsewhere


def edit(file):
    file.write_text(f"{file.read_text()}\n# edited\n")


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_of_a_source_has_digests_made_again(place, change):
    (place.modules / "advising.py").write_text("")
    place.fill()
    place.forge()
    CHANGES[change](place)
    assert place.digests().of(SCRIPT, CELL) == place.made() != "kept"


def test_a_change_behind_a_link_is_seen(place):
    elsewhere = link_folder(place)
    place.fill()
    place.forge()
    edit(elsewhere / "activations.py")
    assert place.digests().of(SCRIPT, CELL) == place.made()


def test_a_change_while_digests_are_made_is_one_for_the_next_command(place):
    before = place.made()
    module = place.modules / "elements/activations.py"
    text = module.read_text()
    digests = place.digests()
    module.write_text(text.replace("np.tanh", "np.sinh"))
    assert place.made() != before
    assert digests.of(SCRIPT, CELL) == before
    digests.keep()
    module.write_text(text)
    assert place.digests().of(SCRIPT, CELL) == before


def test_what_an_editor_leaves_beside_a_module_and_what_is_no_file_are_no_sources(place):
    digest = place.fill()
    place.forge()
    # As Emacs marks a file that is being edited.
    (place.modules / "elements/.#activations.py").symlink_to("me@host.1")
    (place.modules / "figures/gone.py").symlink_to("nowhere")
    (place.modules / "elements/old.py").mkdir()
    assert place.digests().of(SCRIPT, CELL) == "kept"
    place.file.unlink()
    assert place.fill() == digest


def test_a_source_that_cannot_be_read_is_refused_by_what_needs_it_alone(place):
    digest = place.fill()
    library = place.library()
    unread = place.modules / "claims/new.py"
    unread.write_text("")

    def content(path, read=library.content):
        if path == unread:
            raise PermissionError(path)
        return read(path)

    library.content = content
    assert KeptDigests(place.file, place.scripts, library).of(SCRIPT, CELL) == digest


def test_another_python_makes_digests_again(place, monkeypatch):
    place.fill()
    place.forge()
    monkeypatch.setattr(sys, "version", "4.0")
    assert place.digests().of(SCRIPT, CELL) == place.made()


DAMAGES = [b"", b"{", b"\xff", b"[]", b'{"sources": 1}', b'{"sources": "", "digests": {"a": null}}']


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_replaced(place, damage):
    place.fill()
    whole = place.file.read_bytes()
    place.file.write_bytes(damage)
    assert place.fill() == place.made()
    assert place.file.read_bytes() == whole


def test_where_nothing_can_be_written_digests_are_made_all_the_same(place):
    place.file.parent.write_text("a file where the folder should be")
    assert place.fill() == place.made()


def test_code_that_cannot_be_followed_is_refused_each_time(place):
    module = place.modules / "elements/activations.py"
    module.write_text(f"{module.read_text()}\nACTIVATIONS.update()\n")
    for _ in range(2):
        digests = place.digests()
        with pytest.raises(NotFollowed, match="belongs to no name"):
            digests.require([CELL])
        digests.keep()
    assert not place.file.exists()
