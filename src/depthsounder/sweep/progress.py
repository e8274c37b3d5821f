"""How far a run has come: networks done of all, their rate, and the time that is left; then what is made of them.

The time of networks goes by work, not by jobs: a network of fifty layers takes twenty times as long as one of two. This
module counts and words; whoever runs the jobs tells it which are done.
"""

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from depthsounder.config import Config
from depthsounder.engine.gate import read_refusals
from depthsounder.process.blocks import parse_block
from depthsounder.process.text import in_words
from depthsounder.storage.tables import read_table
from depthsounder.sweep.cells import PartKind, RunPaths

MEASURING = 10
"""The work of measuring a network's layers, in training steps."""

TOLD_FROM = 0.02
"""The share of the work from which on the time that is left is told: data and checks come first, and slow it down."""

BESIDE_LAYERS = 2
"""The work of a step that does not depend on the depth (readout, loss, batch), in layers."""


@dataclass(frozen=True)
class Portion:
    """What a job contributes.

    Attributes
    ----------
    networks
        Networks that it measures or trains.
    work
        Steps × layers, over its networks.
    """

    networks: int = 0
    work: float = 0.0

    def __add__(self, other: "Portion") -> "Portion":
        return Portion(self.networks + other.networks, self.work + other.work)


def portion(config: Config, kind: PartKind, depth: int, seeds: str) -> Portion:
    """Return what the job of one block contributes."""
    networks = len(parse_block(seeds)) * (len(config.training.learning_rates) if kind == "tuning" else 1)
    steps = MEASURING if kind == "initial" else config.training.steps
    return Portion(networks, float(networks * steps * (depth + BESIDE_LAYERS)))


@dataclass(frozen=True)
class Closing:
    """What follows the networks: tables, verdicts, figures and the report, which wait for one another in no one order.

    Attributes
    ----------
    done, total
        Its jobs.
    """

    done: int
    total: int


def progress_line(done: Portion, total: Portion, seconds: float) -> str:
    """Return the progress after so many seconds in a line."""
    share = done.work / total.work if total.work else 1.0
    line = f"{done.networks:,} of {total.networks:,} networks ({share:.0%} of the work)"
    if seconds <= 0 or share < TOLD_FROM or done.networks >= total.networks:
        return line
    left = max(seconds * (1 - share) / share, 1.0)
    return f"{line}, {done.networks / seconds:.1f} a second, {duration(left)} left, then the report"


def closing_line(total: Portion, closing: Closing, done_before: int, seconds: float) -> str:
    """Return in a line what is done after the networks.

    Parameters
    ----------
    done_before
        How many of its jobs were done when the networks were.
    seconds
        What those since then took, up to the last of them: while one is under way, the time that is left does not rise.
    """
    line = (
        f"{total.networks:,} networks done; tables, verdicts, figures and report: {closing.done:,} of {closing.total:,}"
    )
    fresh, left = closing.done - done_before, closing.total - closing.done
    if fresh <= 0 or left <= 0 or seconds <= 0:
        return line
    return f"{line}, about {duration(max(seconds * left / fresh, 1.0))} left"


def duration(seconds: float) -> str:
    """Return a time as people say it: ``"42 s"``, ``"5 min 7 s"`` or ``"3 h 2 min"``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def closing_words(paths: RunPaths, seconds: float) -> str:
    """Return what a run ends with: what became of its cells, where the report lies, and the time it took."""
    verdicts = Counter(read_table(paths.table("verdicts"), ["training_verdict"]).column(0).to_pylist())
    words = ", ".join(f"{verdicts[word]} {word}" for word in ("trains", "partial", "mixed", "stalled", "diverged"))
    cells = sum(verdicts.values())
    noun = "cell" if cells == 1 else "cells"
    refused = "".join(
        f"\n{in_words(refusal.design)} was refused and is not among them. {refusal.reason}"
        for refusal in read_refusals(paths.table("gradient_check"))
    )
    return f"{cells:,} {noun}: {words}{refused}\nThe report is {paths.report.resolve()} ({duration(seconds)})"


class ProgressReporter:
    """A thread that says how far a run has come: in one line that changes on a terminal, rarely in a log.

    Parameters
    ----------
    done
        Returns what is done so far; it is called from the thread.
    total
        What there is to do.
    closing
        Returns what is under way once all networks are done; None when nothing is left.
    stream
        Where to write.
    """

    ON_TERMINAL, IN_LOG = 1.0, 20.0
    """Seconds from one line to the next."""

    def __init__(
        self,
        done: Callable[[], Portion],
        total: Portion,
        closing: Callable[[], Closing | None],
        stream: TextIO = sys.stderr,
    ) -> None:
        self._done, self._total, self._closing, self._stream = done, total, closing, stream
        self._first: tuple[Closing, float] | None = None
        self._newest: tuple[Closing, float] | None = None
        self._terminal = stream.isatty()
        self._start = time.monotonic()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def seconds(self) -> float:
        """The time since the reporter was made."""
        return time.monotonic() - self._start

    def start(self) -> None:
        """Begin, if there is anything to wait for."""
        if self._total.networks:
            self._thread.start()

    def stop(self) -> None:
        """End, with a last line."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self.ON_TERMINAL if self._terminal else self.IN_LOG):
            self._say()
        self._say()
        if self._terminal:
            print(file=self._stream)

    def _say(self) -> None:
        done = self._done()
        closing = self._closing() if done.networks >= self._total.networks else None
        line = self._closing_line(closing) if closing else progress_line(done, self._total, self.seconds)
        before, after = ("\r\033[K", "") if self._terminal else ("", "\n")
        print(f"{before}{line}", end=after, file=self._stream, flush=True)

    def _closing_line(self, closing: Closing) -> str:
        """Return the line of the jobs after the networks, whose time goes from where they were first seen."""
        now = closing, self.seconds
        self._first = self._first or now
        if self._newest is None or self._newest[0] != closing:
            self._newest = now
        return closing_line(self._total, closing, self._first[0].done, self._newest[1] - self._first[1])
