"""No thread but the reader's own gives objects back to Python: one that does so while Python ends aborts the job."""

import os
import threading
import weakref
from pathlib import Path

import pytest

from depthsounder.data.sources import Wanted, read_source
from depthsounder.data.sources.formats import text

READS = 1_000


@pytest.fixture
def one_processor():
    """All threads of this process share one processor, so that a thread that has done its work may wait for it."""
    before = os.sched_getaffinity(0)
    use({min(before)})
    yield
    use(before)


def use(processors):
    for thread in Path("/proc/self/task").iterdir():
        os.sched_setaffinity(int(thread.name), processors)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no thread to a processor")
def test_the_thread_that_reads_a_text_gives_back_what_the_parser_held(tmp_path, monkeypatch, one_processor):
    path, threads = tmp_path / "data.csv", []
    path.write_text("length,width,kind\n" + "1.5,2,a\n2.5,3,b\n" * 50)
    options = text.pa_csv.ParseOptions

    def watched(**named):
        weakref.finalize(named["invalid_row_handler"], lambda: threads.append(threading.get_ident()))
        return options(**named)

    monkeypatch.setattr(text.pa_csv, "ParseOptions", watched)
    for _ in range(READS):
        read_source(Wanted(str(path), "kind"))

    assert len(threads) == READS
    assert set(threads) == {threading.get_ident()}
