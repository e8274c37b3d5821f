"""Progress: networks done of all, their rate, and the time left, by work and not by jobs."""

import io
import time

import pytest
from made_up_run import make_config, write_run

from depthsounder.sweep.cells import RunPaths
from depthsounder.sweep.progress import (
    Closing,
    Portion,
    ProgressReporter,
    closing_line,
    closing_words,
    duration,
    portion,
    progress_line,
)

CONFIG = make_config([2, 50], ["tanh"], ["glorot_normal"])


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("kind", "seeds", "networks"), [("initial", "0-9", 10), ("tuning", "10000-10001", 6), ("training", "0-2", 3)]
)
def test_a_job_counts_the_networks_that_it_measures_or_trains(kind, seeds, networks):
    assert portion(CONFIG, kind, 2, seeds).networks == networks


def test_deep_networks_are_more_work_than_shallow_ones_and_training_more_than_measuring():
    shallow, deep = (portion(CONFIG, "training", depth, "0-9").work for depth in (2, 50))
    assert deep == 13 * shallow
    assert portion(CONFIG, "initial", 50, "0-9").work < deep


def test_the_time_left_goes_by_work():
    line = progress_line(Portion(10, 25.0), Portion(4000, 100.0), 20.0)
    assert line == "10 of 4,000 networks (25% of the work), 0.5 a second, 1 min 0 s left, then the report"


@pytest.mark.parametrize("work", [0.0, 0.1])
def test_before_enough_is_done_no_time_is_promised(work):
    assert progress_line(Portion(0, work), Portion(7, 10.0), 5.0).startswith("0 of 7 networks (")
    assert "left" not in progress_line(Portion(0, work), Portion(7, 10.0), 5.0)


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (59, "59 s"), (307, "5 min 7 s"), (10921, "3 h 2 min")])
def test_times_are_said_as_people_say_them(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(("stream", "line_end"), [(io.StringIO(), "\n"), (Terminal(), "\r")])
def test_a_terminal_keeps_one_line_and_a_log_gets_few(stream, line_end, monkeypatch):
    monkeypatch.setattr(ProgressReporter, "ON_TERMINAL", 0.02)
    monkeypatch.setattr(ProgressReporter, "IN_LOG", 0.02)
    reporter = ProgressReporter(lambda: Portion(3, 3.0), Portion(3, 3.0), lambda: None, stream)
    reporter.start()
    time.sleep(0.15)
    reporter.stop()
    lines = stream.getvalue().split(line_end)
    assert len(lines) > 2
    assert all("3 of 3 networks (100% of the work)" in line for line in lines if line.strip("\n"))


def test_no_line_says_that_nothing_is_left_while_something_is():
    almost = progress_line(Portion(99, 99.9), Portion(100, 100.0), 60.0)
    assert almost.endswith(", 1 s left, then the report")
    assert "left" not in progress_line(Portion(100, 100.0), Portion(100, 100.0), 60.0)


def test_what_follows_the_networks_is_counted_as_one_with_its_own_estimate():
    total = Portion(1_200, 1.0)
    line = "1,200 networks done; tables, verdicts, figures and report: "
    assert closing_line(total, Closing(0, 19), 0, 0.0) == f"{line}0 of 19"
    # Five were there when it was first said; three more took 12 s, and eleven are left.
    assert closing_line(total, Closing(8, 19), 5, 12.0) == f"{line}8 of 19, about 44 s left"
    assert closing_line(total, Closing(18, 19), 5, 0.01) == f"{line}18 of 19, about 1 s left"


def test_the_time_that_is_left_does_not_rise_while_a_job_is_under_way(monkeypatch):
    stream = io.StringIO()
    told = iter([Closing(1, 7), Closing(4, 7), Closing(4, 7), Closing(4, 7), Closing(6, 7)])
    reporter = ProgressReporter(lambda: Portion(3, 3.0), Portion(3, 3.0), lambda: next(told, None), stream)
    clock = iter([100.0, 106.0, 126.0, 186.0, 200.0])
    monkeypatch.setattr(ProgressReporter, "seconds", property(lambda reporter: next(clock, 210.0)))
    for _ in range(6):
        reporter._say()
    line = "3 networks done; tables, verdicts, figures and report: "
    assert stream.getvalue().splitlines() == [
        f"{line}1 of 7",
        f"{line}4 of 7, about 6 s left",
        f"{line}4 of 7, about 6 s left",
        f"{line}4 of 7, about 6 s left",
        f"{line}6 of 7, about 20 s left",
        "3 of 3 networks (100% of the work)",
    ]


def test_a_run_that_computes_no_network_says_nothing():
    stream = io.StringIO()
    reporter = ProgressReporter(Portion, Portion(), lambda: None, stream)
    reporter.start()
    reporter.stop()
    assert stream.getvalue() == ""


def test_a_run_ends_with_its_verdicts_its_report_and_its_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "results/made-up", [2, 20], ["tanh"], ["naive_small", "glorot_normal"])
    words = closing_words(RunPaths("made-up"), 61.0)
    assert words.startswith("4 cells: 2 trains, 0 partial, 0 mixed, 2 stalled, 0 diverged\nThe report is ")
    assert words.endswith("reports/made-up/index.html (1 min 1 s)")
