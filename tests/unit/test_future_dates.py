"""Files that a clock left in the future: the run's own come back in their order, and others are named."""

import os
import time

import pytest

from depthsounder.process.future_dates import DatedInTheFuture, bring_back, require_past

HOUR = 3_600 * 10**9


def dated(path, shift):
    """Write a file that is dated some nanoseconds from now."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(path.name)
    moment = time.time_ns() + shift
    os.utime(path, ns=(moment, moment))
    return path


def times(paths):
    return [path.stat().st_mtime_ns for path in paths]


def test_files_in_the_future_come_back_to_now_in_their_order(tmp_path):
    shifts = [-HOUR, HOUR, 2 * HOUR, 9_000 * HOUR]
    paths = [dated(tmp_path / f"{index % 2}/{index}.parquet", shift) for index, shift in enumerate(shifts)]
    before = times(paths)

    bring_back([tmp_path])

    assert times(paths)[0] == before[0]
    assert times(paths) == sorted(set(times(paths)))
    assert max(times(paths)) <= time.time_ns()
    assert times(paths)[1] > time.time_ns() - HOUR


def test_files_of_one_date_keep_one_date(tmp_path):
    paths = [dated(tmp_path / name, HOUR) for name in ("a", "b")]
    for path in paths:
        os.utime(path, ns=(0, time.time_ns() + HOUR) if path == paths[0] else (0, paths[0].stat().st_mtime_ns))

    bring_back([tmp_path])

    assert len(set(times(paths))) == 1


def test_nothing_changes_where_no_file_is_ahead(tmp_path):
    paths = [dated(tmp_path / "a", -HOUR), dated(tmp_path / "b", -1)]
    before = times(paths)
    bring_back([tmp_path, tmp_path / "none"])
    assert times(paths) == before


def test_files_of_others_are_named_with_their_dates(tmp_path):
    now = time.strftime("%Y-%m-%d", time.localtime())
    paths = [dated(tmp_path / "mine.csv", 9_000 * HOUR), dated(tmp_path / "old.csv", -HOUR), tmp_path / "none.csv"]
    with pytest.raises(DatedInTheFuture, match=rf"it is now {now}.*\n    {paths[0]}: ") as refusal:
        require_past([*paths, paths[0]])
    assert str(refusal.value).count(".csv") == 1


def test_of_many_files_a_few_are_named_and_the_others_counted(tmp_path):
    with pytest.raises(DatedInTheFuture, match="and 3 more"):
        require_past(dated(tmp_path / f"{index}.csv", HOUR) for index in range(8))


def test_files_of_the_past_are_welcome(tmp_path):
    require_past([dated(tmp_path / "mine.csv", -1), tmp_path / "none.csv"])
