"""Captions: clean text with the config's own numbers in it, the same in this report and in Snakemake's."""

import re
from html import unescape
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from jinja2 import Environment
from made_up_run import make_config
from snakemake.common.configfile import load_configfile
from snakemake.report import FileRecord

from depthsounder.config import validate_files
from depthsounder.figures import FIGURES
from depthsounder.report.captions import caption_html, caption_text
from depthsounder.studies import STUDIES

ROOT = Path(__file__).resolve().parents[2]
CAPTIONS = ROOT / "workflow" / "report"
DEFAULT = ROOT / "config" / "config.yaml"
NAMES = [*FIGURES, *STUDIES]
CONFIG = make_config([2, 5], ["tanh"], ["critical"])
EVIL = "<script>alert(1)</script>"


class Names(list):
    """A job's files or values, none of which a caption here asks for."""

    def _plainstrings(self):
        return self

    def _get_names(self):
        return []


def words_of(html):
    """What a reader reads, whatever the markup around it."""
    return unescape(re.sub(r"<[^>]*>", "", html)).split()


def in_snakemakes_report(caption, config):
    """A caption as Snakemake's report renders it: its own code, with what it would have at hand for a figure's job."""
    sources = SimpleNamespace(open=lambda path: StringIO(path.read_text(encoding="utf-8")))
    rule = SimpleNamespace(module_globals={"config": config}, name="plot_figure")
    nothing = dict.fromkeys(("input", "output", "params", "resources", "log"), Names())
    job = SimpleNamespace(**nothing, threads=1, rule=rule)
    record = SimpleNamespace(
        raw_caption=caption, job=job, raw_wildcards=Names(), workflow=SimpleNamespace(sourcecache=sources)
    )
    # The environment of snakemake.report.auto_report, which does not hand it out.
    FileRecord.render(record, Environment(trim_blocks=True, lstrip_blocks=True), "", {}, {})
    return record.caption


@pytest.mark.parametrize("name", NAMES)
def test_captions_are_clean_paragraphs(name):
    html = str(caption_html(CAPTIONS / f"{name}.rst", CONFIG))

    assert html.startswith("<p>")
    assert "system-message" not in html
    assert not re.search(r"[{}]", html)


# Snakemake calls docutils in a way that docutils is about to give up.
@pytest.mark.filterwarnings("ignore:Argument .writer_name.:PendingDeprecationWarning")
@pytest.mark.parametrize("name", NAMES)
def test_snakemakes_own_report_reads_the_same_in_a_caption(name):
    caption = CAPTIONS / f"{name}.rst"

    theirs = in_snakemakes_report(caption, load_configfile(DEFAULT))
    ours = caption_html(caption, validate_files([DEFAULT]))

    assert words_of(theirs) == words_of(ours)
    assert "system-message" not in theirs


def test_a_caption_brings_no_markup_of_its_own(tmp_path):
    (tmp_path / "caption.rst").write_text(f"Text {EVIL}")

    assert EVIL not in caption_html(tmp_path / "caption.rst", CONFIG)


@pytest.mark.parametrize("directive", [".. raw:: html\n\n   <b>x</b>", ".. include:: /etc/hostname"])
def test_a_caption_reads_no_files_and_no_raw_markup(tmp_path, directive):
    (tmp_path / "caption.rst").write_text(directive)

    with pytest.raises(Exception, match="disabled"):
        caption_html(tmp_path / "caption.rst", CONFIG)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{{ snakemake.config["verdicts"]["trains_lost"] }} H', "trains_lost"),
        ("{{ config.width }}", "config"),
        ('{{ snakemake.config["width" }}', "expected ']'"),
    ],
)
def test_what_a_caption_asks_for_in_vain_is_an_error_that_names_it(tmp_path, text, complaint):
    caption = tmp_path / "caption.rst"
    caption.write_text(text)

    with pytest.raises(ValueError, match=rf"caption\.rst: .*{complaint}"):
        caption_text(caption, CONFIG)
